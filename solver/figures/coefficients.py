"""The figure of coefficients: sources and damping, X, extrinsic κ, losses, growth and damping of waves, against R and z.

Left the rigidity, one line per layer (where a layer varies with height: a band from its lowest face to its highest);
right the height at some rigidities.  Rows a deck has nothing for are left out.
"""

from typing import Any

import numpy as np

from solver.constants import KPC, MYR, C

from . import draw
from .legends import place_legends

GROWTH = "#333333"
LAYERS = (*draw.SERIES, *draw.SPARE)
LEGEND = {"fontsize": 9}


def coefficients(result, rigidities=None):
    """S and Q with p_c, X, extrinsic κ, losses, rates of growth and damping; for a result, or a file of coefficients.

    rigidities (GV) for the panels against z: the nearest nodes are taken, by default one per decade or two.
    """
    ds, micro = result.dataset, result.microphysics
    R = ds.rigidity.values
    nodes = draw.nodes(R, draw.round_rigidities(R) if rigidities is None else rigidities)
    rows = [row for row in (_sources, _nonlinear, _scattering, _losses, _rates) if row.there(ds, micro)] or [_sources]
    with draw.styled():
        fig = draw.figure(figsize=(9.2, 0.9 + 2.7 * len(rows)))
        panels = fig.subplots(len(rows), 2, squeeze=False)
        for (left, right), row in zip(panels, rows, strict=True):
            row(left, right, ds, micro, nodes)
        for upper, lower in zip(panels[:-1].flat, panels[1:].flat, strict=True):
            if upper.get_xlabel() == lower.get_xlabel():
                upper.set_xlabel("")
        _title(fig, panels[0, 0], result, micro)
        place_legends(fig, *panels.flat)
        return fig


def _row(there):
    """Marks a row of panels and says when a file has something to show in it."""

    def mark(draw_row):
        draw_row.there = there
        return draw_row

    return mark


# ---------------------------------------------------------------- rows


@_row(lambda ds, micro: any(np.any(x) for x in (ds.Q > 0, ds.S > 0, ds.v, np.isfinite(micro.alfven_speed))))
def _sources(left, right, ds, micro, nodes):
    """Left: Q, S, and X²/(v z_max) as what nonlinear damping amounts to (Sec. 4.1.1); right: speeds and p_c(z).

    Nonlinear damping of another power m matters where Q exceeds Y^(1+m) κ^(−m) at κ = v z_max/m.
    """
    R, source = ds.rigidity.values, ds.Q.values
    first = int(np.argmax((source > 0).any(axis=1)))
    positive = source[first] > 0
    slope = 4.3 if positive.sum() < 2 else -np.polyfit(np.log(R[positive]), np.log(source[first, positive]), 1)[0]
    slope = round(float(slope), 1)
    weight = R**slope
    if positive.any():
        left.plot(R, draw.positive(weight * source[first]), color="k", label=f"$Q$ ({ds.species.values[first]})")
    S = ds.S.values * ds.self_confined.values[:, None]
    cutoffs = micro.cutoff_rigidity.values if "cutoff_rigidity" in micro else np.full(len(S), np.nan)
    text = {}
    for j, colour in _lowest(ds, S):
        name, p_c = draw.plain(ds.layer.values[_layer_of(ds)[j]]), cutoffs[j]
        text[name] = f"$S$, {name}"
        if R[0] < p_c < R[-1]:
            Q_there = np.exp(np.interp(np.log(p_c), np.log(R[positive]), np.log((weight * source[first])[positive])))
            left.plot([p_c], [Q_there], marker="o", ms=6, mfc="w", mec=colour, ls="", zorder=5)
            text[name] += f" ($p_c$ = {draw.rigidity_text(p_c)})"
    _by_layer(left, ds, weight * S, text.get)
    X2, v = (ds.X.values * ds.self_confined.values[:, None]) ** 2, np.abs(ds.v.values)[:, None]
    escape = draw.quotient(X2, np.broadcast_to(v * (ds.z.values[-1] * KPC), X2.shape))
    _by_layer(left, ds, weight * escape, lambda name: rf"$X^2/(v\,z_{{\rm max}})$, {name}", ls="--")
    for m in ds.damping_power.values if "Y" in ds else ():
        Y = ds.Y.sel(damping_power=m).values * ds.self_confined.values[:, None]
        kappa = np.broadcast_to(v * (ds.z.values[-1] * KPC) / m, Y.shape)
        escape = Y * draw.quotient(Y, kappa) ** m
        label = rf"$Y^{{{1 + m:g}}}\,({m:g}/v\,z_{{\rm max}})^{{{m:g}}}$"
        _by_layer(left, ds, weight * escape, lambda name, label=label: f"{label}, {name}", ls="--")
    if left.lines:
        span = max([draw.DECADES, *_decades_down_to(left, (weight * source[first])[positive])])
        _finish(left, R, rf"$R^{{{slope:g}}}\,\times$ flux  [cm$^{{-2}}$ s$^{{-1}}$ GeV$^{{-3}}$]", span)
    else:
        _nothing(left, "no source, no damping of waves")
    _speeds(right, ds, micro)


def _decades_down_to(ax, values):
    """Decades from the highest curve down to the lowest of `values`, with some air; nothing without values."""
    highest = max(np.nanmax(np.asarray(line.get_ydata(), float)) for line in ax.lines)
    return [np.log10(highest / values.min()) + 0.5] if len(values) else []


def _speeds(ax, ds, micro):
    """Speeds over height, and p_c on a second axis where linear damping makes one."""
    z = ds.z_face.values
    for name, label, style in (("alfven_speed", "$v_A$", "--"), ("thermal_speed", r"$v_{\rm th}$", ":")):
        if np.isfinite(micro[name].values).any():
            ax.plot(*_stepwise(ds, micro[name].values / 1e5), color="0.35", ls=style, lw=1.2, label=label)
    if ds.v.values.any():
        ax.plot(*_stepwise(ds, np.abs(ds.v.values) / 1e5), color="k", label="$|v|$")
    flows = bool(ax.lines)
    if flows:
        draw.decades(ax)
        ax.set_ylabel("speed [km s$^{-1}$]")
    p_c = micro.cutoff_rigidity.values if "cutoff_rigidity" in micro else np.array([np.nan])
    lines, labels = ax.get_legend_handles_labels()
    if np.isfinite(p_c).any():
        other = ax.twinx() if flows else ax
        other.plot(*_stepwise(ds, draw.positive(p_c)), color="#D55E00", label="$p_c$")
        draw.decades(other)
        other.set_ylabel("$p_c$ [GV]", color="#D55E00")
        other.tick_params(axis="y", which="both", colors="#D55E00")
        if flows:
            ax.tick_params(axis="y", which="both", right=False)
        lines, labels = lines + other.lines[:], [*labels, "$p_c$"]
    elif not flows:
        _nothing(ax, "no flow, no plasma given")
        return
    ax.legend(lines, labels, ncols=2, **LEGEND) if lines else None
    _heights(ax, ds, z)


@_row(lambda ds, micro: (ds.X.values > 0).any())
def _nonlinear(left, right, ds, micro, nodes):
    R = ds.rigidity.values
    X = R**1.5 * ds.X.values * ds.self_confined.values[:, None]
    _by_layer(left, ds, X, str)
    _finish(left, R, r"$R^{3/2} X$ [s$^{-1}$]")
    _at_rigidities(right, ds, X, nodes)
    right.set_ylabel(left.get_ylabel())


@_row(lambda ds, micro: np.isfinite(ds.kappa_extrinsic.values).any())
def _scattering(left, right, ds, micro, nodes):
    R, kappa = ds.rigidity.values, ds.kappa_extrinsic.values
    _by_layer(left, ds, np.where(np.isfinite(kappa), kappa, np.nan), str)
    if int(ds.attrs.get("causal_limit", 1)):
        proton = ds.beta.values[0] / ds.speed_ratio.values[0]
        left.plot(R, proton * C * ds.z.values[-1] * KPC, color="0.5", ls="--", lw=1, label="causal limit")
    _finish(left, R, r"extrinsic $\kappa$ [cm$^2$ s$^{-1}$]")
    _at_rigidities(right, ds, np.where(np.isfinite(kappa), kappa, np.nan), nodes)
    right.set_ylabel(left.get_ylabel())


@_row(lambda ds, micro: np.isfinite(ds.loss_time.values).any() or "bulk_loss_rate" in micro)
def _losses(left, right, ds, micro, nodes):
    """Left: loss times in the disc by species, and in layers, of the first species. Right: h/τ against |v| (eq. 9), or
    the loss time in the layers over height. Times beyond 1e5 Myr do not matter and are not drawn.
    """
    R, times = ds.rigidity.values, ds.loss_time.values / MYR
    height = float(ds.disc_half_thickness)
    times = np.where(times < max(1e5, 10 * times.min()), times, np.nan)
    colours = draw.colours(ds.species.values)
    for name, time in zip(map(str, ds.species.values), times, strict=True):
        if np.isfinite(time).any():
            left.plot(R, draw.positive(time), label=name, color=colours[name])
            right.plot(R, height / draw.positive(time * MYR) / 1e5, label=rf"$h/\tau$, {name}", color=colours[name])
    if "bulk_loss_rate" in micro:
        right.clear()
        bulk = draw.quotient(1.0 / MYR, micro.bulk_loss_rate.values[0])
        _by_layer(left, ds, bulk, lambda name: f"{micro.species.values[0]}, {name}", ls="--")
        _finish(left, R, r"$\tau_{\rm loss}$ [Myr]")
        _at_rigidities(right, ds, bulk, nodes)
        right.set_ylabel(left.get_ylabel())
        return
    _finish(left, R, r"$\tau_{\rm loss}$ in the disc [Myr]")
    flowing = np.abs(ds.v.values[ds.v.values != 0])
    if len(flowing):
        right.axhline(flowing[0] / 1e5, color="0.4", ls="--", lw=1.2, label="$|v|$, lowest")
    _finish(right, R, "speed [km s$^{-1}$]")


@_row(lambda ds, micro: "damping_rate" in micro and np.isfinite(micro.damping_rate.values).any())
def _rates(left, right, ds, micro, nodes):
    """Growth and damping: left at the lowest face of each layer with waves, right at two rigidities.

    The largest growth is what all of the source as diffusive flux would give: no waves where it is below linear damping.
    """
    R, names = ds.rigidity.values, [str(name) for name in micro.damping.values]
    growth, largest, damping = (micro[n].values for n in ("growth_rate", "largest_growth_rate", "damping_rate"))
    faces = [j for j, _ in _lowest(ds, growth)]
    for k, j in enumerate(faces):
        style = draw.style(k)
        left.plot(R, draw.positive(largest[j]), color="0.6", ls=style, lw=1.0)
        left.plot(R, draw.positive(growth[j]), color=GROWTH, ls=style, lw=3.2, alpha=0.45)
        for i in range(len(names)):
            left.plot(R, draw.positive(damping[i, j]), color=draw.SERIES[i % len(draw.SERIES)], ls=style)
    _finish(left, R, r"$\Gamma$ [s$^{-1}$]")
    shown = sorted({nodes[len(nodes) // 3], nodes[(2 * len(nodes)) // 3]})
    for style, k in zip(draw.STYLES, shown, strict=False):
        right.plot(*_stepwise(ds, draw.positive(growth[:, k])), color=GROWTH, ls=style, lw=3.2, alpha=0.45)
        for i in range(len(names)):
            values = draw.positive(damping[i, :, k])
            right.plot(*_stepwise(ds, values), color=draw.SERIES[i % len(draw.SERIES)], ls=style)
    draw.decades(right)
    right.set_ylabel(r"$\Gamma$ [s$^{-1}$]")
    _heights(right, ds, ds.z_face.values)
    entries: list[tuple[str, dict[str, Any]]] = [
        (name.replace("_", " "), {"color": draw.SERIES[i % len(draw.SERIES)]}) for i, name in enumerate(names)
    ]
    entries.append(("growth", {"color": GROWTH, "lw": 3.2, "alpha": 0.45}))
    entries.append(("largest growth", {"color": "0.6", "lw": 1.0}))
    if len(faces) > 1:
        layers = [draw.plain(ds.layer.values[_layer_of(ds)[j]]) for j in faces]
        entries += [(name, {"color": "k", "ls": draw.style(k), "lw": 1}) for k, name in enumerate(layers)]
    left.legend(
        [draw.legend_line(**o) for _, o in entries],
        [label for label, _ in entries],
        ncols=1 + (len(entries) > 5),
        handlelength=2.8,
        **LEGEND,
    )
    lines = [draw.legend_line(color="k", ls=style, lw=1) for style in draw.STYLES[: len(shown)]]
    right.legend(lines, [draw.rigidity_text(R[k]) for k in shown], **LEGEND)
    if micro.attrs.get("state") == "estimate" and micro.nonlinear.values.any():
        right.set_title("estimated as in eq. 15", loc="right", fontsize=9)


# ---------------------------------------------------------------- what the rows share


def _layer_of(ds):
    """Index of the layer of every face."""
    return np.searchsorted(ds.layer_top.values, ds.z_face.values)


def _lowest(ds, values):
    """(face, colour) of the lowest face of every layer that has positive values of (z_face, R)."""
    layer, good = _layer_of(ds), (np.nan_to_num(values) > 0).any(axis=1)
    for i in range(ds.sizes["layer"]):
        faces = np.flatnonzero((layer == i) & good)
        if len(faces):
            yield int(faces[0]), LAYERS[i % len(LAYERS)]


def _by_layer(ax, ds, values, label, **options):
    """One line per layer over R, and a band up to its top face where the values differ."""
    layer, R = _layer_of(ds), ds.rigidity.values
    for j, colour in _lowest(ds, values):
        name = draw.plain(ds.layer.values[layer[j]])
        last = int(np.flatnonzero(layer == layer[j])[-1])
        low, high = draw.positive(values[j]), draw.positive(values[last])
        ax.plot(R, low, color=colour, label=label(name), **options)
        if not np.allclose(low, high, rtol=1e-6, equal_nan=True):
            ax.plot(R, high, color=colour, lw=0.9, **options)
            ax.fill_between(R, low, high, color=colour, alpha=0.15, lw=0)


def _at_rigidities(ax, ds, values, nodes):
    """Lines over height at some rigidities."""
    for colour, k in zip(draw.sequence(len(nodes)), nodes, strict=True):
        y = draw.positive(values[:, k])
        if np.isfinite(y).any():
            ax.plot(*_stepwise(ds, y), color=colour, label=draw.rigidity_text(ds.rigidity.values[k]))
    draw.decades(ax)
    _heights(ax, ds, ds.z_face.values)
    ax.legend(**LEGEND)


def _stepwise(ds, y):
    """Heights and values with a gap at every interface, each layer drawn to its edges."""
    z, layer = ds.z_face.values, _layer_of(ds)
    tops = ds.layer_top.values
    x_out, y_out, bottom = [], [], 0.0
    for i, top in enumerate(tops):
        faces = np.flatnonzero(layer == i)
        if len(faces):
            x_out += [max(bottom, 0.5 * z[0]), *z[faces], top, top]
            y_out += [y[faces[0]], *y[faces], y[faces[-1]], np.nan]
        bottom = top
    return np.array(x_out), np.array(y_out, float)


def _heights(ax, ds, z):
    ax.set_xscale("log")
    ax.set(xlim=(0.5 * z[0], ds.z.values[-1]), xlabel="$z$ [kpc]")
    draw.layer_lines(ax, ds)


def _nothing(ax, text):
    """An empty panel that says why."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color="0.5", fontsize=10)


def _finish(ax, R, label, span=draw.DECADES):
    draw.decades(ax, span)
    draw.logarithmic(ax, "R", R)
    ax.set_ylabel(label)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**LEGEND)


def _title(fig, ax, result, micro):
    """The title, and under it the plasma of every layer in a few numbers."""
    ds, lines = result.dataset, []
    for i, name in enumerate(ds.layer.values):
        faces = np.flatnonzero(_layer_of(ds) == i)
        j = faces[0]
        parts = [
            ("$v_A$ = {:.3g} km/s", micro.alfven_speed.values[j] / 1e5),
            (r"$\beta$ = {:.3g}", micro.plasma_beta.values[j]),
        ]
        said = [text.format(value) for text, value in parts if np.isfinite(value)]
        if np.isfinite(path := micro.mean_free_path.values[j]):
            said.append(rf"mean free path ${draw.scientific(path)}$ cm")
        if said:
            lines.append(f"{draw.plain(name, 30)}: " + ", ".join(said))
    head = draw.plain(result.attrs.get("title", ""))
    fig.suptitle("\n".join([head, *lines]), x=0.02, ha="left", fontsize=10)
    draw.failure_note(ax, result)
