"""What a figure of the paper hands over: the drawing, what it says in numbers, and the curves behind it.

A problem's figure.py has FIGURES = {name: function}, each called as function(runs, data): runs solves decks
(solver.reproduction.reuse.Runs), data are measurements (solver.measurements) or None where there are none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Gap:
    """One quantity three times: by the paper's formula, by the solver with eq. 2's approximation, by the full equation.

    None where one of the three does not exist; why: what makes them differ.
    """

    what: str
    formula: float | None
    approximate: float | None
    full: float | None
    unit: str = ""
    why: str = ""


@dataclass(frozen=True)
class Agreement:
    """How far the solver, made to solve what a formula stands for, is from it: `difference` must not exceed `bound`."""

    what: str
    difference: float
    bound: float
    bounds: str

    @property
    def holds(self):
        return bool(self.difference <= self.bound)


@dataclass(frozen=True)
class Plate:
    """A drawn figure with its title, caption, numbers, and curves: name -> (x, y)."""

    figure: Any
    title: str
    caption: str
    gaps: tuple[Gap, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    curves: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def record(self):
        """Everything but the drawing and the curves, as JSON can hold it."""
        return {
            "title": self.title,
            "caption": " ".join(self.caption.split()),
            "width": round(95 * float(self.figure.get_size_inches()[0])),  # on the page, px
            "gaps": [asdict(gap) for gap in self.gaps],
            "agreements": [asdict(each) | {"holds": each.holds} for each in self.agreements],
        }

    def table(self):
        """The curves in long form, rows (curve, x, y)."""
        for name, (x, y) in self.curves.items():
            for a, b in zip(np.ravel(x), np.ravel(y), strict=True):
                yield name, float(a), float(b)


def at(R, values, where):
    """Value of a curve at one rigidity, log-log between its two neighbours (linear where one is not positive)."""
    R, values = np.asarray(R, float), np.asarray(values, float)
    k = int(np.clip(np.searchsorted(R, where) - 1, 0, len(R) - 2))
    share = np.log(where / R[k]) / np.log(R[k + 1] / R[k])
    a, b = values[k], values[k + 1]
    return float(a * (b / a) ** share if a > 0 and b > 0 else a + (b - a) * share)


def steep(R, values, where, width=2.0):
    """Slope d ln y/d ln R of a curve about one rigidity, from half to `width`/1 times it: least squares on the nodes."""
    R, values = np.asarray(R, float), np.asarray(values, float)
    near = (where / width < R) & (where * width > R) & (values > 0)
    if near.sum() < 2:
        return float("nan")
    return float(np.polyfit(np.log(R[near]), np.log(values[near]), 1)[0])


def worst(a, b, where=None):
    """Largest |a/b - 1| where both are finite (and `where` holds), 0 where there is nothing to compare."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    good = np.isfinite(a) & np.isfinite(b) & (b != 0)
    if where is not None:
        good &= np.broadcast_to(where, a.shape)
    return float(np.max(np.abs(a[good] / b[good] - 1), initial=0.0))
