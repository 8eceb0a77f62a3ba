"""What a solution means for observers: speed, age, grammage, κ and its slope, drift, pressure, power, limits of escape.

Drawn from results alone, like everything in `plots`.
"""

import numpy as np

from solver import observables
from solver.constants import MYR, C
from solver.shown import enumerated

from . import draw
from .legends import place_legends

TERMS = {"escaped": "#0072B2", "ionisation": "#D55E00", "adiabatic": "#009E73", "rest": "#999999"}


def transport(result):
    """Effective speed, mean age, grammage, κ and its slope δ, drift speed: six panels against rigidity, all species."""
    ds, seen, R = result.dataset, result.observables, result.dataset.rigidity.values
    names, colours = list(ds.species.values), draw.colours(ds.species.values)
    with draw.styled():
        fig = draw.figure(figsize=(11.0, 6.6))
        grid = fig.subplots(2, 3, sharex=True)
        (speed, age, grammage), (kappa, delta, drift) = grid
        for s, name in enumerate(names):
            colour = colours[str(name)]
            speed.plot(R, draw.positive(seen.effective_speed.values[s] / 1e5), color=colour, label=str(name))
            age.plot(R, draw.positive(seen.residence_time.values[s] / MYR), color=colour)
            grammage.plot(R, draw.positive(seen.grammage.values[s]), color=colour)
            drift.plot(R, draw.positive(seen.drift_speed.values[s, 0] / C), color=colour)
        lead = colours[str(names[0])]
        kappa.plot(R, draw.positive(seen.kappa_disc.values[0]), color=lead, ls="--", label=f"at the disc ({names[0]})")
        equivalent = draw.positive(seen.kappa_equivalent.values[0])
        if np.isfinite(equivalent).any():
            kappa.plot(R, equivalent, color=lead, label="equivalent, $z_{\\rm max} Q/f(0)$")
        delta.axhspan(0.3, 0.7, color="0.9", lw=0)
        delta.text(0.97, 0.68, "observed 0.3 to 0.7", transform=delta.get_yaxis_transform(), ha="right", va="top", fontsize=9.5,
                   color="0.35")
        for name, ls in (("kappa_disc_slope", "--"), ("kappa_equivalent_slope", "-")):
            delta.plot(R, seen[name].values[0], color=lead, ls=ls)
        v = np.abs(ds.v.values)
        if v.any():
            speed.axhline(v.max() / 1e5, color="0.5", ls=":", lw=1.1, label="fastest advection")
            drift.axhline(v.max() / C, color="0.5", ls=":", lw=1.1, label="fastest advection")
            drift.legend(fontsize=9.5)
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
        for ax in grid[0]:
            draw.sources_missing(ax, ds)
        speed.legend(fontsize=9.5)
        kappa.legend(fontsize=9.5)
        draw.figure_title(fig, speed, result)
        place_legends(fig, speed, kappa, drift)
        return fig


def escape(result):
    """What limits escape where (a map over R and z), which layer sets f at the disc (eq. 32), pressure, and the power budget."""
    ds = result.dataset
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
        _shares_of_layers(share, ds)
        _pressure(pressure, result)
        _power(power, result)
        for letter, ax in zip("abcd", (limits, share, pressure, power), strict=True):
            ax.set_title(f"({letter})", loc="right")
        draw.figure_title(fig, share, result)
        place_legends(fig, share)
        return fig


def _shares_of_layers(ax, ds):
    """Part of f(0) that each layer builds up: a colour per species, a line style per layer."""
    R, shares, colours = ds.rigidity.values, observables.layer_share(ds).values, draw.colours(ds.species.values)
    names, layers = [str(name) for name in ds.species.values], [draw.plain(name, 30) for name in ds.layer.values]
    for i in range(len(layers)):
        for s, name in enumerate(names):
            ax.plot(R, shares[i, s], color=colours[name], ls=draw.style(i))
    ax.axhline(0.5, color="0.6", lw=0.8)
    draw.logarithmic(ax, "R", R)
    ax.set(ylabel="share of $f(0)$ built up in the layer", ylim=(-0.03, 1.03), yticks=np.linspace(0, 1, 6))
    rows = max(len(names), len(layers))
    blank = draw.legend_line(ls="", marker="")
    species = [(draw.legend_line(color=colours[name]), name) for name in names]
    lines = [(draw.legend_line(color="0.2", ls=draw.style(i)), name) for i, name in enumerate(layers)]
    entries = [entry for column in (species, lines) for entry in [*column, *[(blank, "")] * (rows - len(column))]]
    ax.legend(*zip(*entries, strict=True), ncols=2, fontsize=9, handlelength=2.8)


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
    ax.set(xlabel="$z$ [kpc]", xlim=(0, float(ds.z[-1])), ylabel="cosmic-ray pressure  [erg cm$^{-3}$]")
    draw.decades(ax)
    other = ax.twinx()
    other.plot(ds.z_face, draw.positive(force), color="#D55E00")
    draw.decades(other)
    other.set_ylabel(r"$-\partial_z P$  [dyn cm$^{-3}$]", color="#D55E00")
    other.tick_params(axis="y", which="both", colors="#D55E00")
    ax.tick_params(axis="y", which="both", right=False)
    draw.layer_lines(ax, ds)


def _power(ax, result):
    """Where the power of every species goes, as bars: escaped, to the gas, adiabatic, and the rest."""
    shares, labels = observables.power_shares(result.dataset), power_labels(result.dataset)
    names = [str(name) for name in shares.species.values]
    left = np.zeros(len(names))
    for term, colour in TERMS.items():
        values = 100 * shares.sel(term=term).values
        ax.barh(names, values, left=left, color=colour, label=labels[term], height=0.62)
        for y, (start, width) in enumerate(zip(left, values, strict=True)):
            if width > 4:
                ax.text(start + width / 2, y, f"{width:.0f} %", ha="center", va="center", color="w", fontsize=10)
        left = left + values
    for y in np.flatnonzero(np.isnan(left)):
        ax.text(50, y, draw.no_source(result.dataset), ha="center", va="center", color="0.35", fontsize=10)
    ax.set(xlim=(0, 100), xlabel="share of the injected power [%]")
    ax.set_ylim(len(names) - 0.5, -0.5 - 0.27 * len(names))
    ax.tick_params(axis="y", which="both", length=0)
    if np.isfinite(left).any():
        ax.legend(loc="upper center", ncols=2, fontsize=9, columnspacing=1.4)


LABELS = {
    "escaped": "escapes",
    "ionisation": "to the disc's gas",
    "adiabatic": "adiabatic, to waves",
    "rest": "below the grid",
}


def power_labels(ds):
    """LABELS as they are true of this result, as far as its deck tells: who takes what, and what is in the rest."""
    deck = observables.deck_of(ds)
    wind = any(float(str(layer.get("wind") or 0).split()[0]) for layer in deck.get("layer", ()))
    waves = any(layer.get("streaming", {}).get("type", "none") != "none" for layer in deck.get("layer", ()))
    takers = " and ".join(name for name, there in (("waves", waves), ("wind", wind)) if there)
    destroyed = any(species.get("destruction") for species in deck.get("species", {}).values())
    stored = deck.get("time", {}).get("end", "steady") != "steady"
    rest = ["below the grid", *["destroyed"] * destroyed, *["stored"] * stored]
    return LABELS | {
        "adiabatic": f"adiabatic, to {takers}" if takers else "adiabatic",
        "rest": enumerated(rest, "or"),
    }
