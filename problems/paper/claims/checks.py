"""Checks of one number: what the paper's words and the kind of a claim allow it to be.

exponent   E   a power law: to 1e-6 by formula, to 0.02 as a slope fitted to a solution
algebra    E   an identity or a factor: to 1e-6 by formula, to 2 % in a solution
number     N   to the rounding shown: half a unit of the last digit printed
about      R   "~": an order of magnitude, half a decade either way
between    R Q a range as quoted
given      I   an input: the deck must hold it
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

ALGEBRA = 1e-6  # of exact exponents and algebra
FITTED = 0.02  # of slopes and values taken from solutions
HALF_DECADE = math.sqrt(10)  # either way: an order of magnitude


@dataclass(frozen=True)
class Check:
    """One number: as printed, by the paper's formula, by the full equation, and the intervals that the words allow.

    `printed` marks the literal reading of a text that a note corrects; where only such checks fail, the claim holds as
    corrected.
    """

    what: str
    paper: str
    allowed: tuple[float, float]
    formula: float | None = None
    full: float | None = None
    allowed_full: tuple[float, float] | None = None
    unit: str = ""
    printed: bool = False

    @property
    def formula_holds(self) -> bool | None:
        """Is the formula's number in its interval? None without one."""
        return _within(self.formula, self.allowed)

    @property
    def full_holds(self) -> bool | None:
        """Is the full equation's number in its interval? None without one."""
        return _within(self.full, self.allowed_full or self.allowed)

    @property
    def holds(self) -> bool:
        """One number at least, and none outside its interval."""
        verdicts = {self.formula_holds, self.full_holds}
        return True in verdicts and False not in verdicts

    def record(self):
        """The check as a dict that JSON holds: numbers as texts, and as values where they are finite."""
        out = {"what": self.what, "unit": self.unit, "paper": self.paper, "printed": self.printed}
        for column, value, holds in (
            ("formula", self.formula, self.formula_holds),
            ("full", self.full, self.full_holds),
        ):
            finite = value is not None and math.isfinite(value)
            out |= {column: "" if value is None else show(value), f"{column}_holds": holds}
            out[f"{column}_value"] = float(value) if finite else None
        return out


def exponent(what, paper, formula=None, full=None, *, at_asymptote=ALGEBRA, fitted=FITTED, printed=False):
    """A power of p, k, … (a number): `paper` itself is the value it must have."""
    return Check(
        what, show(paper), _around(paper, at_asymptote), formula, full, _around(paper, fitted), printed=printed
    )


def algebra(what, paper, formula=None, full=None, *, text=None, rel=ALGEBRA, fitted=FITTED, unit="", printed=False):
    """A factor or an identity; tolerances relative to `paper`, absolute where that is 0. `text` is shown for it."""
    scale = abs(paper) or 1.0
    allowed, wide = _around(paper, rel * scale), _around(paper, fitted * scale)
    return Check(what, show(paper) if text is None else text, allowed, formula, full, wide, unit, printed)


def number(what, shown, formula=None, full=None, *, unit="", derived=False, printed=False):
    """A number as printed, e.g. "0.354" or "4e36": to half a unit of its last digit. derived: follows from the inputs."""
    value = Decimal(shown)
    half = 0.5 * 10.0 ** value.as_tuple().exponent * (1 + 1e-9)
    text = show(float(value)) if value.as_tuple().exponent > 0 and abs(value) < 1000 else shown.replace("-", "−")
    text += " (derived)" if derived else ""
    return Check(what, text, _around(float(value), half), formula, full, unit=unit, printed=printed)


def about(what, value, formula=None, full=None, *, factor=HALF_DECADE, unit="", text=None):
    """An order of magnitude: within `factor` of value either way."""
    shown = f"~ {show(value)}" if text is None else text
    return Check(what, shown, (value / factor, value * factor), formula, full, unit=unit)


def between(what, low, high, formula=None, full=None, *, text=None, unit=""):
    """A range; None leaves an end open."""
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    shown = text or (f"< {show(high)}" if low == -math.inf else f"> {show(low)}" if high == math.inf else "")
    return Check(what, shown or f"{show(low)} to {show(high)}", (low, high), formula, full, unit=unit)


def given(what, value, found, *, unit=""):
    """An input: the deck's value is the paper's, to rounding."""
    return Check(what, show(value), _around(value, 1e-9 * abs(value)), float(found), unit=unit)


def show(value: float) -> str:
    """A number as people write it: four digits at most, powers of ten where they help, a true minus sign."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "none")
    text = f"{value:.4g}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.3g}"
    mantissa, _, power = text.partition("e")
    return (mantissa + (f"e{int(power)}" if power else "")).replace("-", "−")


def _around(value, half):
    return value - half, value + half


def _within(value, allowed) -> bool | None:
    return None if value is None else bool(allowed[0] <= value <= allowed[1])
