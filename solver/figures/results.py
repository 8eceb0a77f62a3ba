"""Figures, drawn from results alone; every function returns a matplotlib Figure and touches no global state.

`FIGURES` are the figures of a result by the name `crstream plot --what` knows, `save_figures` writes PNG and PDF.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from solver.constants import MYR, C

from . import draw
from .coefficients import coefficients
from .legends import place_legends
from .observed import escape, process_map, transport

# ---------------------------------------------------------------- figures of a result

def spectrum(result, weight=2.7, exact="auto", references=(), data=()):
    """R^weight J(R) at the disc per species, with numerical error bars and the exact curves where there are any.

    The lower panel shows relative errors: measured against the exact solution, and estimated.  exact: "auto" takes the
    problem's, None none; references: further curves as (label, R [GV], J); data: Measurements, of which the fluxes of this
    result's species are drawn.
    """
    ds = result.dataset
    exact = result.exact if isinstance(exact, str) else exact
    J, R = ds.J.values, ds.rigidity.values
    has_exact = exact is not None and np.isfinite(exact.f[:, 0]).any()
    exact_J: Any = draw.exact_intensity(ds, exact) if has_exact else None
    approximate = has_exact and exact.tolerance is None
    ls = "--" if approximate else "-"
    error = ds.J_error.values if "J_error" in ds else None
    panels: list[Any] = []
    with draw.styled():
        two = has_exact or error is not None
        fig = draw.figure(figsize=(5.6, 5.6 if two else 4.4))
        panels += fig.subplots(2, 1, sharex=True, height_ratios=(3, 1)).tolist() if two else [fig.subplots()]
        top, errors, colours = panels[0], [], draw.colours(ds.species.values)
        for s, name in enumerate(ds.species.values):
            colour = colours[str(name)]
            compared = has_exact and np.isfinite(exact_J[s]).any()
            style = draw.points(R) if compared and not approximate else {}
            top.plot(R, draw.positive(R**weight * J[s]), color=colour, label=str(name), **style)
            if error is not None:
                draw.error_band(top, R, R**weight * J[s], R**weight * error[s], colour)
                errors.append((draw.quotient(error[s], np.abs(J[s])), colour, "estimated"))
            if compared:
                top.plot(R, draw.positive(R**weight * exact_J[s]), color=colour, lw=1.1, zorder=1, ls=ls)
                deviation = np.abs(draw.quotient(J[s] - exact_J[s], exact_J[s]))
                errors.append((deviation, colour, f"against {draw.exact_name(exact)}"))
        for label, x, y in references:
            top.plot(x, np.asarray(x) ** weight * np.asarray(y), color="0.35", ls="--", lw=1.2, label=label)
        if data:
            from .measured import add_fluxes

            add_fluxes(top, ds, data, weight)
        draw.logarithmic(top, "R", R)
        draw.decades(top)
        top.set_ylabel(draw.weighted_label(weight))
        draw.title(top, result)
        handles, labels = top.get_legend_handles_labels()
        if has_exact:
            handles.append(draw.legend_line(color="0.2", lw=1.1, ls=ls))
            labels.append(draw.exact_name(exact))
        top.legend(handles, labels, ncols=1 + (len(labels) > 6))
        if two:
            top.set_xlabel("")
            _error_panel(panels[1], R, errors)
        place_legends(fig, *panels)
        return fig


def _error_panel(ax, R, errors):
    """Relative errors, (values, colour, kind); estimates dotted, and the legend in grey because kinds cross species."""
    styles = {}
    for values, colour, kind in errors:
        styles[kind] = ":" if kind == "estimated" else "-"
        ax.plot(R, draw.positive(values), color=colour, ls=styles[kind], lw=1.6 if kind == "estimated" else 1.1)
    draw.logarithmic(ax, "R", R)
    ax.set_ylabel("relative difference" if "against reference" in styles else "relative error")
    draw.decades(ax, span=12, least=2.0)
    lines = [draw.legend_line(color="0.2", lw=1.1, ls=ls) for ls in styles.values()]
    ax.legend(lines, list(styles), fontsize=9, ncols=2)


def b_to_c(result, exact="auto", references=(), data=()):
    """Boron to carbon, the ratio of intensities at equal rigidity; kinetic energy per nucleon of (the first) carbon on top.

    references: further curves as (label, R [GV], ratio); data: Measurements, of which B/C at equal rigidity is drawn.
    ValueError without boron and carbon.
    """
    from solver import observables

    ds = result.dataset
    if "boron_to_carbon" not in ds:
        raise ValueError("boron to carbon needs the species boron and carbon")
    exact = result.exact if isinstance(exact, str) else exact
    R, ratio = ds.rigidity.values, ds.boron_to_carbon.values
    with draw.styled():
        fig = draw.figure(figsize=(5.6, 4.4))
        ax = fig.subplots()
        colour = draw.COLOURS["boron"]
        ax.plot(R, draw.positive(ratio), color=colour, label="this run")
        if "boron_to_carbon_error" in ds:
            draw.error_band(ax, R, ratio, ds.boron_to_carbon_error.values, colour)
        if exact is not None and np.isfinite(exact.f).any():
            curve = observables.ratio(ds.assign(f=ds.f.copy(data=exact.f)), 5, 6).values
            if np.isfinite(curve).any():
                ax.plot(R, draw.positive(curve), color="k", ls="--", lw=1.1, label=draw.exact_name(exact))
        for label, x, y in references:
            ax.plot(x, y, color="0.35", ls="-.", lw=1.2, label=label)
        if data:
            from .measured import add_ratios

            add_ratios(ax, ds, data, "B/C")
        draw.logarithmic(ax, "R", R)
        draw.decades(ax, span=4)
        ax.set_ylabel("B/C")
        draw.energy_axis(ax, ds, str(ds.species.values[ds.charge.values == 6][0]))
        draw.title(ax, result)
        ax.legend()
        place_legends(fig, ax)
        return fig


def profiles(result, rigidities=None, species=None, exact="auto"):
    """f(z)/f(0) at several rigidities, a panel per species; exact profiles dotted, over the f(0) of the run.

    rigidities in GV (the nearest nodes are taken), by default one per decade or two; species: names, by default all.
    Profiles without a tolerance are shown over their own f(0): their shape is compared, not their height.
    """
    ds = result.dataset
    exact = result.exact if isinstance(exact, str) else exact
    names = list(ds.species.values) if species is None else list(np.atleast_1d(species))
    R = ds.rigidity.values
    nodes = draw.nodes(R, draw.round_rigidities(R) if rigidities is None else rigidities)
    with draw.styled():
        fig, panels, left = draw.panels(len(names))
        colours = draw.sequence(len(nodes))
        for ax, name in zip(panels, names, strict=True):
            s = list(ds.species.values).index(name)
            for colour, k in zip(colours, nodes, strict=True):
                f = ds.f.values[s, :, k]
                ax.plot(ds.z, f / f[0] if f[0] else f * np.nan, color=colour, label=draw.rigidity_text(R[k]))
                if exact is not None and np.isfinite(exact.f[s, :, k]).any() and f[0]:
                    disc = f[0] if exact.tolerance is not None else exact.f[s, 0, k]
                    ax.plot(ds.z, exact.f[s, :, k] / disc, color="k", ls=":", lw=1.1)
            draw.layer_lines(ax, ds)
            ax.set(xlabel="$z$ [kpc]", xlim=(0, float(ds.z[-1])))
            ax.set_title(str(name), loc="right")
        for ax in left:
            ax.set_ylabel("$f(z)/f(0)$")
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(min(0.0, low), max(1.05, high))
        draw.figure_title(fig, panels[0], result)
        handles, labels = panels[0].get_legend_handles_labels()
        if exact is not None and np.isfinite(exact.f).any():
            handles.append(draw.legend_line(color="k", ls=":", lw=1.1))
            labels.append(draw.exact_name(exact))
        draw.outside_legend(fig, panels[0], handles, labels, title="$R$")
        return fig


def kappa(result, species=None):
    """Diffusion coefficient over (R, z) with a contour per decade; grey where nothing scatters."""
    ds = result.dataset
    name = ds.species.values[0] if species is None else species
    values = ds.kappa.sel(species=name).values if "kappa" in ds else ds.kappa_extrinsic.values
    finite = np.isfinite(values) & (values > 0)
    with draw.styled():
        from matplotlib.colors import LogNorm

        fig = draw.figure(figsize=(6.0, 4.4))
        ax = fig.subplots()
        ax.set_facecolor("0.8")
        if finite.any():
            low, high = np.floor(np.log10(values[finite].min())), np.ceil(np.log10(values[finite].max()))
            norm = LogNorm(10.0**low, 10.0 ** max(high, low + 1))
            mesh = draw.colour_map(ax, ds, np.where(finite, values, np.nan), norm=norm)
            colourbar = fig.colorbar(mesh, ax=ax, label=rf"$\kappa$ ({name}) [cm$^2$ s$^{{-1}}$]")
            levels = 10.0 ** np.arange(low, high + 1)
            levels = levels[(levels > values[finite].min()) & (levels < values[finite].max())]
            if len(levels):
                draw.contours(ax, ds, np.where(finite, values, np.nan), levels)
                colourbar.add_lines(levels, ["w"] * len(levels), [0.7] * len(levels))
        if not finite.all():
            draw.note(ax, 0.98, 0.04, "grey: nothing scatters", ha="right", fontsize=9)
        draw.title(ax, result)
        return fig


def limits(result, species=None):
    """Which process carries or holds the flux, over (R, z) (see observables.limiting_process)."""
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 4.6))
        ax = fig.subplots()
        fig.legend(handles=process_map(ax, result.dataset, species), loc="outside lower center", ncols=3)
        draw.title(ax, result)
        return fig


def speed(result):
    """Effective speed Q/f(0) per species (eq. 8), with the particles' own speed and the speed of advection."""
    ds = result.dataset
    R, U = ds.rigidity.values, result.observables.effective_speed.values / 1e5
    with draw.styled():
        fig = draw.figure(figsize=(5.6, 4.2))
        ax = fig.subplots()
        colours = draw.colours(ds.species.values)
        for s, name in enumerate(ds.species.values):
            if np.any(U[s] > 0):
                ax.plot(R, draw.positive(U[s]), color=colours[str(name)], label=str(name))
        ax.plot(R, ds.beta.values[0] * C / 1e5, color="0.5", ls="--", lw=1.1, label=f"{ds.species.values[0]} speed")
        v = np.abs(ds.v.values[ds.v.values != 0]) / 1e5
        if len(v):
            ax.axhspan(v.min(), v.max(), color="0.85", lw=0) if np.ptp(v) > 0.01 * v.max() else None
            ax.axhline(v.max(), color="0.5", ls=":", lw=1.1, label="advection")
        draw.logarithmic(ax, "R", R)
        draw.decades(ax)
        ax.set_ylabel("$Q/f(0)$ [km s$^{-1}$]")
        draw.title(ax, result)
        draw.sources_missing(ax, ds)
        ax.legend()
        place_legends(fig, ax)
        return fig


TERMS = ("escaped", "lost", "stored", "destroyed")


def budget(result):
    """Where the particles of each rigidity go, as shares of what is injected; the share of the power that escapes.

    Of a species without a source the shares are those of what leaves.
    """
    from solver import observables

    ds, rates = result.dataset, result.budget
    totals = observables.budget_totals(ds, rates)
    R, names = ds.rigidity.values, list(ds.species.values)
    injected = rates.injected.values
    fed = injected.any(axis=1)
    shares = {term: _share(rates, term, fed) for term in sorted({*totals.term.values} - {"injected"}, key=_place)}
    if "stored" in shares and not (np.abs(shares["stored"]) > 1e-3).any():
        del shares["stored"]
    with draw.styled():
        fig, panels, left = draw.panels(len(names))
        for s, (ax, name) in enumerate(zip(panels, names, strict=True)):
            ax.axhline(0, color="0.6", lw=0.8)
            ax.axhline(1, color="0.6", lw=0.8)
            for term, share in shares.items():
                ax.plot(R, share[s], color=draw.SERIES[_place(term) % len(draw.SERIES)], label=term)
            draw.logarithmic(ax, "R", R)
            ax.set_title(draw.power_text(name, totals.power.sel(species=name)), fontsize=10)
            if not fed[s]:
                known = any(np.isfinite(share[s]).any() for share in shares.values())
                text = "shares of what leaves" if known else "what leaves is not known"
                draw.note(ax, 0.5, 0.5, f"{draw.no_source(ds)}:\n{text}", ha="center", color="0.35", fontsize=10)
        panels[0].set_ylim(*draw.share_limits(np.array(list(shares.values()))))
        for ax in left:
            ax.set_ylabel("share of the source" if fed.any() else "share of what leaves")
        draw.outside_legend(fig, panels[0])
        draw.figure_title(fig, panels[0], result)
        return fig


def _place(term):
    """Where a term of the budget stands in the legend and among the colours."""
    return TERMS.index(term) if term in TERMS else len(TERMS)


def _share(rates, term, fed):
    """A term over the source; where nothing feeds a species over all that leaves, and then nan for what is stored."""
    leaving = [rates[t].values for t in rates.data_vars if t not in ("injected", "stored")]
    whole = np.where(fed[:, None], rates.injected.values, sum(leaving))
    told = np.abs(whole) > 1e-9 * np.max(np.abs(leaving), axis=0)
    share = draw.quotient(rates[term].values, np.where(told, whole, 0.0))
    return np.where(fed[:, None], share, np.nan) if term == "stored" else share


def history(result):
    """The march step by step: time and step length, Newton iterations, mismatch and change, budget."""
    rows = result.history
    if rows is None or not rows.sizes.get("step"):
        raise ValueError("this result has no history of steps")
    step = np.arange(1, rows.sizes["step"] + 1)
    rows_of_panels: list[tuple[tuple[str, ...], str, float, bool]] = [
        (("t", "dt"), "time [Myr]", 1 / MYR, True),
        (("newton", "krylov"), "iterations", 1, False),
        (("residual", "change", "storage", "error"), "relative size", 1, True),
        (("budget",), "budget error", 1, True),
    ]
    there = [(tuple(n for n in names if n in rows), *rest) for names, *rest in rows_of_panels]
    groups: list[Any] = [group for group in there if group[0]]
    labels = {"newton": "Newton", "krylov": "Krylov", "t": "$t$", "dt": r"$\Delta t$", "residual": "mismatch"}
    with draw.styled():
        fig = draw.figure(figsize=(5.6, 1.0 + 1.5 * len(groups)))
        panels = fig.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (names, label, scale, logarithmic) in zip(panels, groups, strict=True):
            for i, name in enumerate(names):
                values = np.asarray(rows[name].values, float)
                values = np.abs(values).reshape(len(step), -1).max(axis=1)
                shown = draw.positive(values * scale) if logarithmic else values * scale
                if not np.isfinite(shown).any():
                    continue
                ax.plot(step, shown, color=draw.SERIES[i], marker="o", ms=2.5, lw=1.1, label=labels.get(name, name))
            if logarithmic:
                ax.set_yscale("log")
                draw.decades(ax, span=18)
            else:
                ax.set_ylim(bottom=0)
                ax.yaxis.get_major_locator().set_params(integer=True)
            ax.set_ylabel(label)
            ax.legend(ncols=len(names), fontsize=9) if len(names) > 1 else None
        panels[-1].set_xlabel("step")
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
        panels[-1].set_xlim(0.5, max(len(step), 2) + 0.5)
        draw.title(panels[0], result)
        place_legends(fig, *panels)
        return fig


# ---------------------------------------------------------------- by name, saving

FIGURES: dict[str, Callable[..., Any]] = {  # named in solver.folder too, which a run asks what to remove
    "spectrum": spectrum,
    "b_to_c": b_to_c,
    "profiles": profiles,
    "kappa": kappa,
    "limits": limits,
    "speed": speed,
    "budget": budget,
    "history": history,
    "coefficients": coefficients,
    "transport": transport,
    "escape": escape,
}
STANDARD = ("spectrum", "b_to_c", "profiles", "kappa", "history")      # what a run draws without being asked


def available(result):
    """Names of the figures this result has the data for."""
    ds, steps = result.dataset, result.history
    names = list(FIGURES) if "f" in ds else ["kappa", "coefficients"]
    if "boron_to_carbon" not in ds and "b_to_c" in names:
        names.remove("b_to_c")
    if "history" in names and (steps is None or steps.sizes.get("step", 0) < 2):
        names.remove("history")
    return names


def save_figures(result, folder, what=None, data=()):
    """Draw and save the figures named in `what`, by default the STANDARD ones there is data for; returns the paths.

    what = ["all"] means every figure there is data for; data: Measurements for spectrum and b_to_c.  ValueError for an
    unknown name, with the known ones.
    """
    there = available(result)
    names = [name for name in STANDARD if name in there] if what is None else list(what)
    names = there if names == ["all"] else names
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        raise ValueError(f"unknown figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    if "f" not in result.dataset and (missing := [name for name in names if name not in there]):
        raise ValueError(f"{', '.join(missing)}: nothing was solved; coefficients alone give {', '.join(there)}")
    options: dict[str, dict[str, Any]] = {name: {"data": data} for name in ("spectrum", "b_to_c") if data}
    figures = ((name, FIGURES[name](result, **options.get(name, {}))) for name in names)
    return [path for name, fig in figures for path in draw.save(fig, Path(folder) / name)]


class Plotter:
    """The figures of one result as methods: result.plot.spectrum(weight=2.7)."""

    def __init__(self, result):
        self._result = result

    def __getattr__(self, name):
        if name not in FIGURES:
            raise AttributeError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
        return functools.update_wrapper(functools.partial(FIGURES[name], self._result), FIGURES[name])

    def __dir__(self):
        return [*FIGURES, "save"]

    def save(self, folder, what=None):
        return save_figures(self._result, folder, what)
