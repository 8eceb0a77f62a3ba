"""What the figures share: how decks are solved for them, how formula, approximation and full equation are drawn."""

from __future__ import annotations

import numpy as np

from solver.figures import draw
from solver.reproduction.plate import Agreement

FORMULA = {"color": "k", "ls": (0, (5, 2.5)), "lw": 1.3, "zorder": 4}  # the paper's formula
SOLVED = {"color": "#D55E00", "mew": 1.0, "zorder": 5}  # the solver with eq. 2's approximation: open circles
FULL = {"color": "#0072B2", "ls": "-", "lw": 2.0, "zorder": 3}  # the full equation
LABELS = {"formula": "paper's formula", "solved": "eq. 2, solved", "full": "full equation"}


def steady(deck, changes=None):
    """A deck with changes, set to find its steady state without steps."""
    return deck.replace({"time.method": "direct"} | dict(changes or {}))


def circles(x, every=None):
    """Options of the open circles of a solved curve, about 25 along it."""
    return SOLVED | {"ls": "", "marker": "o", "ms": 4.5, "mfc": "none", "markevery": every or max(1, len(x) // 25)}


def formula_agrees(what, result):
    """The Agreement of a run with the exact solution of its problem, within the tolerance that comes with it."""
    exact = result.exact
    return Agreement(what, result.compare().max, exact.tolerance, exact.bounds)


def numerical_error(result):
    """Words for the numerical error of a result solved with estimate_error."""
    error = result.error.spectrum
    return f"median {float(error.median()):.1g}, largest {float(error.max()):.1g}"


def disc(result, species="proton"):
    """f at the disc of one species, (R,)."""
    return result.dataset.f.sel(species=species).values[0]


def clip(y, low):
    """y where it is above `low`, else nan: curves that end instead of running out of the panel."""
    return np.where(np.asarray(y) > low, y, np.nan)


def plain(ax):
    """Numbers instead of powers on a logarithmic y axis of two decades, at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter

    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: f"{y:g}" if draw.leading_digit(y) in (2, 5) else ""))


def letters(panels, x=0.98, y=0.9):
    """(a), (b), … in the upper right corners."""
    for letter, ax in zip("abcdefgh", panels, strict=False):
        ax.text(x, y, f"({letter})", transform=ax.transAxes, ha="right", va="top", fontsize=11)


# ---------------------------------------------------------------- measurements

MARKS = {
    "ams_protons": {"color": "#333333", "marker": "o", "mfc": "#333333"},
    "ams_b_to_c": {"color": "#333333", "marker": "o", "mfc": "#333333"},
    "voyager_protons": {"color": "#CC79A7", "marker": "s", "mfc": "#CC79A7"},
}


def measured(data):
    """The paper's sets by key, on rigidity; {} without data."""
    if data is None:
        return {}
    from solver.measurements import paper_sets

    return {key: each.measurement.to("R") for key, each in paper_sets(data).items()}


def points(ax, sets, keys, weight=0.0):
    """The points of some sets with their errors, times R^weight."""
    for key in keys:
        if key in sets:
            m = sets[key]
            style = MARKS[key] | {"ls": "", "ms": 2.6, "lw": 0.9, "capsize": 0, "zorder": 2, "mew": 0.8}
            ax.errorbar(m.x, m.x**weight * m.value, yerr=m.x**weight * m.error(), label=m.label, **style)


def deviation(sets, key, R, y):
    """rms of ln(model/data) of a curve (per GV, or a ratio) over a set, None without it."""
    if key not in sets:
        return None
    from solver.measurements import fit
    from solver.measurements.curves import Spectrum

    return fit(sets[key], Spectrum(R, y)).rms_log


def chi2(sets, key, R, y, systematic=True):
    """χ² over the number of points, all errors in quadrature or the statistical ones alone, None without the set."""
    if key not in sets:
        return None
    from solver.measurements import fit
    from solver.measurements.curves import Spectrum

    each = fit(sets[key], Spectrum(R, y))
    if not systematic:
        return each.chi2_statistical / each.points_statistical if each.points_statistical else None
    return each.chi2 / each.points if each.points else None


def without_data(data):
    """What a caption says where there are no measurements."""
    if data is not None:
        return ""
    from solver.measurements import HOW_TO_GET

    return f" Measurements are not shown: {HOW_TO_GET}."
