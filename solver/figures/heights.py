"""Figures over height: profiles, the diffusion coefficient, what limits escape where."""

import numpy as np

from solver.exact import exact_name

from . import draw
from .observed import process_map


def profiles(result, rigidities=None, species=None, exact="auto"):
    """f(z)/f(0) at several rigidities, a panel per species; exact profiles dotted, over the f(0) of the run.

    rigidities in GV (the nearest nodes are taken), by default one per decade or two; species: names, by default all.
    Profiles without a tolerance are shown over their own f(0): their shape is compared, not their height.
    """
    ds = result.dataset
    exact = result.exact if isinstance(exact, str) else exact
    asked = draw.chosen(ds, species)
    R = ds.rigidity.values
    nodes = draw.nodes(R, draw.round_rigidities(R) if rigidities is None else rigidities)
    with draw.styled():
        fig, panels, left = draw.panels(len(asked))
        colours = draw.sequence(len(nodes))
        for ax, (s, name) in zip(panels, asked, strict=True):
            for colour, k in zip(colours, nodes, strict=True):
                f = ds.f.values[s, :, k]
                ax.plot(ds.z, f / f[0] if f[0] else f * np.nan, color=colour, label=draw.rigidity_text(R[k]))
                if exact is not None and np.isfinite(exact.f[s, :, k]).any() and f[0]:
                    disc = f[0] if exact.tolerance is not None else exact.f[s, 0, k]
                    ax.plot(ds.z, exact.f[s, :, k] / disc, color="k", ls=":", lw=1.1)
            draw.layer_lines(ax, ds)
            ax.set(xlabel="$z$ [kpc]", xlim=(0, float(ds.z[-1])))
            ax.set_title(name, loc="right")
        for ax in left:
            ax.set_ylabel("$f(z)/f(0)$")
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(min(0.0, low), max(1.05, high))
        draw.figure_title(fig, panels[0], result)
        handles, labels = panels[0].get_legend_handles_labels()
        if exact is not None and np.isfinite(exact.f).any():
            handles.append(draw.legend_line(color="k", ls=":", lw=1.1))
            labels.append(exact_name(exact))
        draw.outside_legend(fig, panels[0], handles, labels, title="$R$")
        return fig


def kappa(result, species=None):
    """Diffusion coefficient over (R, z) with a contour per decade; grey where nothing scatters."""
    ds = result.dataset
    s, name = draw.chosen(ds, species)[0]
    values = ds.kappa.values[s] if "kappa" in ds else ds.kappa_extrinsic.values
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
                _contours(ax, ds, np.where(finite, values, np.nan), levels)
                colourbar.add_lines(levels, ["w"] * len(levels), [0.7] * len(levels))
        if not finite.all():
            draw.note(ax, 0.98, 0.04, "grey: nothing scatters", ha="right", fontsize=9)
        draw.title(ax, result)
        return fig


def limits(result, species=None):
    """Which process carries or holds the flux, over (R, z) (see observables.limiting_process)."""
    _, name = draw.chosen(result.dataset, species)[0]
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 4.6))
        ax = fig.subplots()
        fig.legend(handles=process_map(ax, result.dataset, name), loc="outside lower center", ncols=3)
        draw.title(ax, result)
        return fig


def _contours(ax, ds, values, levels):
    """White contours of face values, layer by layer, so that none runs along an interface."""
    bottom = 0.0
    for top in ds.layer_top.values:
        inside = (ds.z_face.values > bottom) & (ds.z_face.values < top)
        part, bottom = values[inside], top
        seen = levels[(levels > np.nanmin(part)) & (levels < np.nanmax(part))] if np.isfinite(part).any() else []
        if part.shape[0] > 1 and len(seen):
            ax.contour(ds.rigidity.values, ds.z_face.values[inside], part, seen, colors="w", linewidths=0.7)
