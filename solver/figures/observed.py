"""What a solution means for observers: speed, age, grammage, κ and its slope, drift, pressure, power, limits of escape.

Drawn from results alone, like everything in `plots`.
"""

import numpy as np

from solver import observables
from solver.constants import MYR, C

from . import draw

TERMS = {"escaped": "#0072B2", "ionisation": "#D55E00", "adiabatic": "#009E73", "rest": "#999999"}


def transport(result):
    """Effective speed, mean age, grammage, κ and its slope δ, drift speed: six panels against rigidity, all species."""
    ds, seen, R = result.dataset, result.observables, result.dataset.rigidity.values
    names = list(ds.species.values)
    with draw.styled():
        fig = draw.figure(figsize=(11.0, 6.6))
        grid = fig.subplots(2, 3, sharex=True)
        (speed, age, grammage), (kappa, delta, drift) = grid
        for s, name in enumerate(names):
            colour = draw.colour(name, s)
            speed.plot(R, draw.positive(seen.effective_speed.values[s] / 1e5), color=colour, label=str(name))
            age.plot(R, draw.positive(seen.residence_time.values[s] / MYR), color=colour)
            grammage.plot(R, draw.positive(seen.grammage.values[s]), color=colour)
            drift.plot(R, draw.positive(seen.drift_speed.values[s, 0] / C), color=colour)
        lead = draw.colour(names[0], 0)
        kappa.plot(R, draw.positive(seen.kappa_disc.values[0]), color=lead, ls="--", label=f"at the disc ({names[0]})")
        kappa.plot(
            R, draw.positive(seen.kappa_equivalent.values[0]), color=lead, label="equivalent, $z_{\\rm max} Q/f(0)$"
        )
        delta.axhspan(0.3, 0.7, color="0.9", lw=0)
        delta.text(R[0] * 1.5, 0.66, "observed 0.3 to 0.7", va="top", fontsize=9.5, color="0.35")
        for name, ls in (("kappa_disc_slope", "--"), ("kappa_equivalent_slope", "-")):
            delta.plot(R, seen[name].values[0], color=lead, ls=ls)
        v = np.abs(ds.v.values)
        if v.any():
            speed.axhline(v.max() / 1e5, color="0.5", ls=":", lw=1.1, label="fastest advection")
            drift.axhline(v.max() / C, color="0.5", ls=":", lw=1.1)
        for ax, label in (
            (speed, "$Q/f(0)$  [km s$^{-1}$]"),
            (age, "mean time in the Galaxy  [Myr]"),
            (grammage, "grammage  [g cm$^{-2}$]"),
            (kappa, r"$\kappa$  [cm$^2$ s$^{-1}$]"),
            (drift, r"$v_D/c = \kappa\,|\partial_z f|/(f c)$ at the disc"),
        ):
            draw.decades(ax)
            ax.set_ylabel(label)
        delta.set(ylabel=r"$\delta = d\ln\kappa/d\ln R$", ylim=(-1.0, 1.6))
        for ax in grid.flat:
            draw.logarithmic(ax, "R", R)
        for ax in grid[0]:
            ax.set_xlabel("")
        speed.legend(loc="upper left", fontsize=9.5)
        kappa.legend(loc="upper left", fontsize=9.5)
        draw.figure_title(fig, speed, result)
        return fig


def escape(result):
    """What limits escape where (a map over R and z), which layer sets f at the disc (eq. 32), pressure, and the power budget."""
    ds, R = result.dataset, result.dataset.rigidity.values
    names = list(ds.species.values)
    with draw.styled():
        fig = draw.figure(figsize=(11.0, 7.6))
        ((limits, share), (pressure, power)) = fig.subplots(2, 2)
        limits.legend(
            handles=process_map(limits, ds),
            loc="lower right",
            fontsize=9,
            frameon=True,
            framealpha=0.9,
            edgecolor="none",
        )
        shares = observables.layer_share(ds)
        for i, layer in enumerate(ds.layer.values):
            for s, name in enumerate(names):
                share.plot(
                    R,
                    shares.values[i, s],
                    color=draw.colour(name, s),
                    ls=("-", "--", ":", "-.")[i % 4],
                    label=f"{layer}, {name}" if len(names) < 4 else None,
                )
        share.axhline(0.5, color="0.6", lw=0.8)
        draw.logarithmic(share, "R", R)
        share.set(ylabel="share of $f(0)$ built up in the layer", ylim=(-0.03, 1.03))
        share.legend(loc="best", fontsize=9)
        _pressure(pressure, result)
        _power(power, result)
        for letter, ax in zip("abcd", (limits, share, pressure, power), strict=True):
            ax.set_title(f"({letter})", loc="right")
        draw.figure_title(fig, share, result)
        return fig


def process_map(ax, ds, species=None):
    """Colour map of observables.limiting_process; returns the entries of a legend for what is there."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    colours = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#BBBBBB")
    kind = observables.limiting_process(ds, species).values
    steps = np.arange(len(observables.PROCESSES) + 1) - 0.5
    draw.colour_map(ax, ds, kind, cmap=ListedColormap(colours), norm=BoundaryNorm(steps, len(colours)))
    return [Patch(color=colours[i], label=name) for i, name in enumerate(observables.PROCESSES) if np.any(kind == i)]


def _pressure(ax, result):
    """Pressure of all species over height, and the force of its gradient."""
    ds, seen = result.dataset, result.observables
    P, force = seen.pressure.values.sum(axis=0), seen.pressure_force.values.sum(axis=0)
    ax.plot(ds.z, draw.positive(P), color="k", label="pressure [erg cm$^{-3}$]")
    ax.set(xlabel="$z$ [kpc]", xlim=(0, float(ds.z[-1])), ylabel="cosmic-ray pressure  [erg cm$^{-3}$]", yscale="log")
    other = ax.twinx()
    other.plot(ds.z_face, draw.positive(force), color="#D55E00")
    other.set_yscale("log")
    other.set_ylabel(r"$-\partial_z P$  [dyn cm$^{-3}$]", color="#D55E00")
    other.tick_params(axis="y", which="both", colors="#D55E00")
    ax.tick_params(axis="y", which="both", right=False)
    draw.layer_lines(ax, ds)


def _power(ax, result):
    """Where the power of every species goes, as bars: escaped, to the gas, to the waves, and what leaves the grid."""
    shares = observables.power_shares(result.dataset)
    names = [str(name) for name in shares.species.values]
    left = np.zeros(len(names))
    for term, colour in TERMS.items():
        values = 100 * shares.sel(term=term).values
        ax.barh(names, values, left=left, color=colour, label=LABELS[term], height=0.62)
        for y, (start, width) in enumerate(zip(left, values, strict=True)):
            if width > 4:
                ax.text(start + width / 2, y, f"{width:.0f} %", ha="center", va="center", color="w", fontsize=10)
        left = left + values
    ax.set(xlim=(0, 100), xlabel="share of the injected power [%]")
    ax.set_ylim(len(names) - 0.5, -1.3)
    ax.tick_params(axis="y", which="both", length=0)
    ax.legend(loc="upper center", ncols=2, fontsize=9, columnspacing=1.4)


LABELS = {
    "escaped": "escapes",
    "ionisation": "to the disc's gas",
    "adiabatic": "adiabatic, to waves",
    "rest": "below the grid",
}
