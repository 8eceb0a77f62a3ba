"""Measurements in figures: points with errors and upper limits, and the model beside them with data over model below."""

from collections import defaultdict

import numpy as np

from solver import measurements
from solver.exact import exact_name
from solver.measurements import axes
from solver.measurements.curves import species_of

from . import draw
from .legends import place_legends

OUTSIDE = {"mfc": "none", "alpha": 0.45}       # points a cut leaves out
ACROSS = 3                    # quantities side by side
MARKERS = "osD^vP"
COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def points(ax, measurement, weight=0.0, colour="k", marker="o", faint=False, axis="R", nucleus=None, **options):
    """Draw a measurement as x^weight × value against R, with its bins and all its errors; upper limits as arrows.

    Fluxes are converted exactly; ratios, and elements whose nucleus is not given, must be on the axis already.
    faint: for points that a comparison leaves out.
    """
    m = measurement.to(axis, nucleus)
    scale = m.x**weight
    width = np.array([m.x - m.low, m.high - m.x])
    style = {"color": colour, "ms": 3.2, "lw": 0, "elinewidth": 0.8, "capsize": 0, "mew": 0.8, "zorder": 3}
    style |= OUTSIDE if faint else {}
    for limit in (False, True):
        part = m.upper_limit == limit
        if not part.any():
            continue
        error = (m.error() * scale)[:, part]
        if limit:
            error = np.array([0.4 * m.value[part] * scale[part], 0 * scale[part]])
        ax.errorbar(m.x[part], (m.value * scale)[part], xerr=np.nan_to_num(width[:, part]), yerr=error, uplims=limit,
                    marker="_" if limit else marker, **(style | options))
        options.pop("label", None)
    return m


def add_fluxes(ax, ds, data, weight):
    """The fluxes of a result's species among the Measurements, in the colour of the species, a marker per experiment."""
    labels = list(dict.fromkeys(m.label for m in data if not m.is_ratio))
    colours, seen = draw.colours(ds.species.values), set()
    for m in data:
        species = [] if m.is_ratio else species_of(ds, m.quantity)
        if species and _on_grid(ds, m.to("R", species[0])):
            label = None if (m.label, species[0].name) in seen else m.label
            seen.add((m.label, species[0].name))
            points(ax, m, weight, colours[species[0].name], MARKERS[labels.index(m.label) % len(MARKERS)], nucleus=species[0],
                   label=label, mfc="w")


def _on_grid(ds, m):
    """Is any point of a Measurement within the rigidities of a result?"""
    return bool(np.any((m.x >= ds.rigidity.values[0]) & (m.x <= ds.rigidity.values[-1])))


def add_ratios(ax, ds, data, quantity):
    """The Measurements of a ratio at equal rigidity."""
    chosen = [m for m in data if m.quantity == quantity and m.axis == "R" and _on_grid(ds, m)]
    for i, m in enumerate(chosen):
        points(ax, m, colour=COLOURS[i % len(COLOURS)], marker=MARKERS[i % len(MARKERS)], label=m.label)


def confrontation(compared):
    """One column per quantity: the model with the points above (fluxes per rigidity, weighted), data over model below.

    Open points are outside the cut.  A model modulated for a set is drawn in that set's colour, for several in grey.
    """
    columns = defaultdict(list)
    for row in compared.rows:
        columns[row.whole.quantity, row.whole.axis if row.whole.is_ratio else "R"].append(row)
    across = min(len(columns), ACROSS)
    lines = -(-len(columns) // across)
    with draw.styled():
        fig = draw.figure(figsize=(1.2 + 4.4 * across, 0.3 + 5.3 * lines))
        boxes, tops = fig.add_gridspec(lines, across), []
        for i, ((quantity, axis), rows) in enumerate(columns.items()):
            top, bottom = boxes[divmod(i, across)].subgridspec(2, 1, height_ratios=(3, 1.3), hspace=0.04).subplots(sharex=True)
            _column(top, bottom, compared, quantity, axis, rows)
            tops.append(top)
        draw.figure_title(fig, fig.axes[0], compared.result)
        place_legends(fig, *tops)
        return fig


def _column(top, bottom, compared, quantity, axis, rows):
    """One quantity: curves and points above, ratios below, over the range of the points and a little more."""
    ds = compared.result.dataset
    ratio = measurements.names.is_ratio(quantity)
    weight = 0.0 if ratio else 2.7
    nucleus = None if ratio else species_of(ds, quantity)[0]
    drawn = [points(top, row.whole.select(~row.used), weight, COLOURS[i % 6], MARKERS[i % 6], True, axis, nucleus)
             for i, row in enumerate(rows) if not row.used.all()]
    for i, row in enumerate(rows):
        drawn.append(points(top, row.measurement, weight, COLOURS[i % 6], MARKERS[i % 6], False, axis, nucleus,
                            label=_label(row)))
    x = np.concatenate([m.x for m in drawn])
    R = np.geomspace(x.min() / 1.6, x.max() * 1.6, 400)
    top.plot(R, R**weight * measurements.curve(ds, quantity, axis)(R), color="#0072B2", zorder=2, label="this run")
    if compared.reference is not None:
        y = measurements.curve(compared.reference, quantity, axis)(R)
        if np.isfinite(y).any():
            name = exact_name(compared.result.exact)
            top.plot(R, R**weight * y, color="k", ls="--", lw=1.1, zorder=2, label=name)
    said, shades = set(), _shades(rows)
    for i, row in enumerate(rows):
        if row.phi:
            near = R[row.whole.to(axis, nucleus).x.min() / 1.2 < R]
            modulated = measurements.curve(ds, quantity, axis, row.phi)(near)
            text = f"modulated with {1e3 * row.phi:.0f} MV"
            top.plot(near, near**weight * modulated, color=shades[row.phi], ls="--", lw=1.1, zorder=2,
                     label=None if row.phi in said else text)
            said.add(row.phi)
        _residuals(bottom, row, COLOURS[i % 6], MARKERS[i % 6], axis, nucleus)
    draw.logarithmic(top, "R", R)
    draw.decades(top)
    top.set_xlabel("")
    top.set_ylabel(quantity if ratio else draw.weighted_label(weight))
    top.set_title(quantity, loc="right")
    top.legend(fontsize=9.5)
    draw.logarithmic(bottom, "R", R)
    bottom.axhline(1, color="#0072B2", lw=1.2, zorder=1)
    bottom.set_ylabel("data/model")
    _limits(bottom)
    if axis != "R":
        bottom.set_xlabel(f"${axes.AXES[axis].symbol}$ [{axes.AXES[axis].unit}]")


def _label(row):
    """What the legend calls a set: what tells it from others of its name, and its cut."""
    name = f"{row.whole.label}{row.apart}"
    return name if row.used.all() else f"{name}, {row.cut}"


def _shades(rows):
    """Colours of modulated models by potential: the set's own where only one set has it, else dark."""
    sets = defaultdict(list)
    for i, row in enumerate(rows):
        sets[row.phi].append(COLOURS[i % 6])
    dark = iter(("0.2", "0.45", "0.65") * len(sets))
    return {phi: colours[0] if len(colours) == 1 else next(dark) for phi, colours in sets.items()}


def _residuals(ax, row, colour, marker, axis, nucleus):
    """Data over model with the errors of the data, open where the cut leaves them out."""
    x = row.whole.to(axis, nucleus).x
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, error = row.whole.value / row.values, row.whole.error() / row.values
    for used in (False, True):
        part = (row.used == used) & ~row.whole.upper_limit & np.isfinite(ratio)
        style = {} if used else OUTSIDE
        if part.any():
            ax.errorbar(x[part], ratio[part], yerr=error[:, part], color=colour, marker=marker, ms=3.2, lw=0, mew=0.8,
                        elinewidth=0.8, capsize=0, zorder=2 + used, **style)


def _limits(ax):
    """A range around 1 that shows the points: linear while it is narrow, logarithmic beyond a factor of 3."""
    y = np.concatenate([np.asarray(line.get_ydata(), float) for line in ax.lines])
    y = y[np.isfinite(y) & (y > 0)]
    low, high = min(y.min(), 1.0), max(y.max(), 1.0)
    if high / low < 5:
        margin = 0.12 * (high - low) + 0.02
        ax.set_ylim(low - margin, high + margin)
        return
    draw.decades(ax, span=4)
