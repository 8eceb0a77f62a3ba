"""Figures over rigidity at the disc: spectra, boron to carbon, the effective speed."""

from typing import Any

import numpy as np

from solver.compare import exact_intensity
from solver.constants import C
from solver.exact import exact_name

from . import draw
from .legends import place_legends


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
    exact_J: Any = exact_intensity(ds, exact) if has_exact else None
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
                errors.append((deviation, colour, f"against {exact_name(exact)}"))
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
            labels.append(exact_name(exact))
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
                ax.plot(R, draw.positive(curve), color="k", ls="--", lw=1.1, label=exact_name(exact))
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
