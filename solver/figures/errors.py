"""Figures of errors: a comparison with an exact solution, and a convergence study."""

import numpy as np

from solver.compare import exact_intensity
from solver.exact import exact_name

from . import draw
from .legends import place_legends


def comparison(compared):
    """Spectra with the exact solution above, a map of the relative error over (R, z) per species below."""
    from matplotlib.colors import LogNorm

    result = compared.result
    ds, exact_J = result.dataset, exact_intensity(result.dataset, compared.exact)
    names = [row.species for row in compared.rows]
    R, weight = ds.rigidity.values, 2.7
    errors = compared.deviation.values
    shown = errors[np.isfinite(errors) & (errors > 0)]
    top = 10.0 ** np.ceil(np.log10(shown.max())) if len(shown) else 1.0
    edges = [np.append(bounds.values[:, 0], bounds.values[-1, 1]) for bounds in (ds.rigidity_bounds, ds.z_bounds)]
    colours = draw.colours(ds.species.values)
    with draw.styled():
        fig = draw.figure(figsize=(2.0 + 3.2 * len(names), 6.2))
        panels = fig.subplots(2, len(names), squeeze=False, sharex=True)
        for j, row in enumerate(compared.rows):
            s = list(ds.species.values).index(row.species)
            upper, lower = panels[0, j], panels[1, j]
            upper.plot(R, draw.positive(R**weight * exact_J[s]), color="k", lw=1.1,
                       label=exact_name(compared.exact))
            shown = draw.positive(R**weight * ds.J.values[s])
            upper.plot(R, shown, color=colours[str(row.species)], label=row.species, **draw.points(R))
            draw.logarithmic(upper, "R", R)
            draw.decades(upper)
            upper.set_xlabel("")
            upper.legend()
            lower.set_facecolor("0.85")
            mesh = lower.pcolormesh(*edges, np.clip(errors[s], top * 1e-8, top), norm=LogNorm(top * 1e-8, top),
                                    cmap="magma_r", rasterized=True)
            lower.plot(row.R, row.z, marker="o", ms=9, mfc="none", mec="#56B4E9", mew=1.8, clip_on=False)
            draw.logarithmic(lower, "R", R)
            lower.set_ylabel("$z$ [kpc]" if j == 0 else "")
            lower.set_title(f"max ${draw.scientific(row.max)}$, $L_1$ ${draw.scientific(row.L1)}$", fontsize=10)
        panels[0, 0].set_ylabel(draw.weighted_label(weight))
        fig.colorbar(mesh, ax=panels[1, :].tolist(), label="relative error")
        head = f"{draw.plain(result.attrs.get('title', ''))}: {compared.exact.equation}"
        fig.suptitle(head, x=0.02, ha="left", fontsize=10, wrap=True)
        place_legends(fig, *panels[0])
        return fig


def convergence(study):
    """Errors against step size per norm (worst species), with the slope of the scheme's order."""
    from solver.richardson import ORDER
    from solver.study import NORMS, ROUND_OFF

    ds = study.dataset
    h = ds.h.values
    usable = np.isfinite(h).all()
    x = h if usable else np.arange(1, len(h) + 1, dtype=float)
    with draw.styled():
        fig = draw.figure(figsize=(5.6, 4.4))
        ax = fig.subplots()
        ends = []
        for i, (name, text) in enumerate(NORMS.items()):
            errors = ds[name].max("species").values
            if not np.isfinite(errors).any():
                continue
            order = study.order[name]
            label = text + (f", order {order:.2f}" if np.isfinite(order) else "")
            ax.plot(x, draw.positive(errors), color=draw.SERIES[i], marker="osD^"[i], mfc="none", label=label)
            ends.append(errors[0])
        ends = [e for e in ends if e > 0]
        if usable and ends:
            guide = min(ends) / 3 * (h / h[0]) ** ORDER
            ax.plot(h, guide, color="0.5", ls="--", lw=1, label=f"slope {ORDER}")
        ax.set_yscale("log")
        if usable:
            ax.set_xscale("log")
            _value_ticks(ax, x, ds.value.values)
            ax.invert_xaxis()
        else:
            ax.set_xticks(x, ds.value.values)
        draw.decades(ax, span=14)
        if ax.get_ylim()[0] < ROUND_OFF:
            ax.axhspan(1e-99, ROUND_OFF, fc="0.92", ec="0.6", lw=0.6, zorder=0, label="tolerance of the nonlinear solver")
        ax.set(xlabel=study.key, ylabel="relative error")
        ax.set_title(draw.plain(ds.title), wrap=True)
        ax.legend()
        place_legends(fig, ax)
        return fig


def _value_ticks(ax, x, labels):
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    ax.xaxis.set_major_locator(FixedLocator(x))
    ax.xaxis.set_major_formatter(FixedFormatter([str(v) for v in labels]))
    ax.xaxis.set_minor_locator(NullLocator())
