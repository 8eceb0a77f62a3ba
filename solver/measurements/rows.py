"""What all readers share: faults with their lines, the numbers of a row, and the checks every table must pass."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from solver.errors import DataError, Fault

from .measurement import Measurement, mean_position

ROUNDING = 1e-4        # relative; edges and means are tabulated with four digits and more
OVERLAP = 1e-2         # of the narrower bin; more is a mistake where a file promises bins in order


class Faults:
    """All that is wrong with one file, collected so that one reading tells it all."""

    def __init__(self, file):
        self.file, self.found = str(file), []

    def add(self, line, key, found, allowed=""):
        self.found.append(Fault(self.file, key, found, allowed, line))

    def raise_if_any(self):
        if self.found:
            raise DataError(sorted(self.found, key=lambda fault: fault.line or 0))

    def number(self, text, line, key):
        """The number in `text`, nan with a fault where it is none."""
        try:
            value = float(text)
        except ValueError:
            self.add(line, key, f"found {_quote(text)}", "needs a number")
            return np.nan
        if not np.isfinite(value):
            self.add(line, key, f"found {_quote(text)}", "needs a finite number")
        return value


@dataclass
class Row:
    """One point as tabulated, errors as positive numbers; line says where it stands."""

    line: int
    x: float
    low: float
    high: float
    value: float
    stat: tuple = (0.0, 0.0)
    sys: tuple = (0.0, 0.0)
    limit: bool = False


@dataclass
class Head:
    """What a file says of all its points."""

    quantity: str
    axis: str
    phi: float | None = None
    experiment: str = ""
    reference: str = ""
    total_only: bool = False
    names: dict = field(default_factory=dict)     # what the file calls x, low, high, value, for messages


def measurement(rows, head, faults, ordered=True):
    """The Measurement of checked rows; faults are added, None is returned where the file has any.

    ordered: the file promises rising bins that do not overlap; else the rows are sorted by x.
    """
    for row in rows:
        _check(row, head, faults)
    if ordered:
        _check_order(rows, head, faults)
    if faults.found or not rows:
        return None
    rows = rows if ordered else sorted(rows, key=lambda row: row.x)
    low, high = (np.array([getattr(row, key) for row in rows], float) for key in ("low", "high"))
    bins = low != high
    return Measurement(
        head.quantity,
        head.axis,
        x=np.array([row.x for row in rows], float),
        low=np.where(bins, low, np.nan),
        high=np.where(bins, high, np.nan),
        value=np.array([row.value for row in rows], float),
        stat=np.array([row.stat for row in rows], float).T,
        sys=np.array([row.sys for row in rows], float).T,
        upper_limit=np.array([row.limit for row in rows], bool),
        phi=head.phi,
        experiment=head.experiment,
        reference=head.reference,
        source=faults.file,
        total_only=head.total_only,
    )


def _check(row, head, faults):
    """Faults of one row: positive x in its own bin, edges in order, no negative value or error."""
    name = {"x": "x", "low": "lower edge", "high": "upper edge", "value": "value"} | head.names

    def add(key, found, allowed):
        faults.add(row.line, key, found, allowed)

    if np.isnan(row.low) and np.isnan(row.high) and np.isfinite(row.x) and row.x <= 0:
        add(name["x"], f"found {row.x:g}", "must be positive")
    if np.isfinite(row.low) and np.isfinite(row.high):
        if row.low <= 0:
            add(name["low"], f"found {row.low:g}", "must be positive")
        elif row.low > row.high:
            add(name["high"], f"edges out of order: {row.low:g} to {row.high:g}", "the upper edge must be the larger")
        elif not row.low * (1 - ROUNDING) <= row.x <= row.high * (1 + ROUNDING) and np.isfinite(row.x):
            add(name["x"], f"found {row.x:g}, outside its bin", f"must be within {row.low:g} to {row.high:g}")
    if row.value < 0:
        add(name["value"], f"found {row.value:g}", "must not be negative")
    for key, errors in (("statistical error", row.stat), ("systematic error", row.sys)):
        for error in dict.fromkeys(errors):
            if error < 0:
                add(key, f"found {error:g}", "an error must not be negative")


def _check_order(rows, head, faults):
    """Faults of rows against the one before: x must rise and bins must not overlap."""
    name = {"x": "x", "low": "lower edge"} | head.names
    for before, row in pairwise(rows):
        widths = min(before.high - before.low, row.high - row.low)
        if row.x <= before.x:
            found = f"found {row.x:g} after {before.x:g}"
            faults.add(row.line, name["x"], f"out of order: {found}", "must rise from row to row")
        elif before.low < before.high and row.low < row.high and row.low < before.high - OVERLAP * widths:
            found = f"edges out of order: {row.low:g} after a bin that ends at {before.high:g}"
            faults.add(row.line, name["low"], found, "bins must not overlap")


def position(x, low, high, ratio):
    """x, or where it has none the point its bin stands for."""
    if np.isnan(x) and 0 < low < high:
        return float(mean_position(low, high, ratio))
    return x


def difference(total, part):
    """√(total² − part²), the other part of a quadrature; nan where the part is larger than the total by more than rounding."""
    if np.isnan(total) or np.isnan(part):
        return np.nan
    if part > total * (1 + 1e-3):
        return np.nan
    return float(np.sqrt(max(total**2 - part**2, 0.0)))


def lines_of(text):
    """(number, line) of every line that is not blank, in two lists: comments without their #, and the rest."""
    comments, data = [], []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comments.append((number, stripped.lstrip("#").strip()))
        elif stripped:
            data.append((number, line))
    return comments, data


def _quote(text):
    text = " ".join(str(text).split())
    return f'"{text}"' if len(text) <= 40 else f'"{text[:40]}…"'
