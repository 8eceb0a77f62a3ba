"""The internal unit system, in one table, and the reading of quantities such as "6 uG".

Lengths, times, fields and the energies of supernovae are CGS (cm, s, gauss, K, erg); rigidities are in GV, masses of
particles in GeV; f is per cm³ and GeV³ with p = Z R in GeV/c, so Q and S are in cm⁻² s⁻¹ GeV⁻³, X in s⁻¹ GeV^(-3/2).
Units are read by astropy, which is imported when the first quantity is read and not before.
"""

from __future__ import annotations

import difflib
import math
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

from .shown import printable

NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9.])\s*(.*?)\s*", re.DOTALL)
NOT_A_NUMBER = re.compile(r"\s*[+-]?(inf|infinity|nan)\b", re.IGNORECASE)
LONGEST_TEXT = 80


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: its name, the internal unit, the unit people write, and an example for messages."""

    name: str
    unit: str
    usual: str
    example: str


# name -> internal unit, usual unit, example. Everything that leaves the deck is a float in the internal unit.
DIMENSIONS = {
    d.name: d
    for d in (
        Dimension("length", "cm", "kpc", "4 kpc"),
        Dimension("time", "s", "Myr", "300 Myr"),
        Dimension("speed", "cm s-1", "km/s", "40 km/s"),
        Dimension("number density", "cm-3", "cm-3", "0.2 cm-3"),
        Dimension("temperature", "K", "K", "1e4 K"),
        Dimension("magnetic field", "G", "uG", "6 uG"),
        Dimension("rigidity", "GV", "GV", "1 GV"),
        Dimension("rate", "s-1", "s-1", "1e-11 s-1"),
        Dimension("mass", "GeV", "GeV", "0.938272 GeV"),
        Dimension("energy", "erg", "erg", "1e50 erg"),
        Dimension("energy density", "erg cm-3", "eV cm-3", "0.26 eV cm-3"),
        Dimension("cross-section", "cm2", "mbarn", "61 mbarn"),
        Dimension("diffusion coefficient", "cm2 s-1", "cm2 s-1", "1e28 cm2 s-1"),
        Dimension("phase-space density", "cm-3 GeV-3", "cm-3 GeV-3", "1e-9 cm-3 GeV-3"),
        Dimension("source or damping flux", "cm-2 s-1 GeV-3", "cm-2 s-1 GeV-3", "1e-9 cm-2 s-1 GeV-3"),
        Dimension("nonlinear damping coefficient", "GeV(-3/2) s-1", "GeV(-3/2) s-1", "12 GeV(-3/2) s-1"),
    )
}

ENDLESS = re.compile(r"\d{4,}|(?:\^|\*\*)[\s(+-]*\d{3,}")  # powers that would be worked out digit by digit

# Written by people, unknown to astropy or read by it as something else.
_RESPELL = (
    (re.compile(r"\(?([kMGTP]?eV)/c(?:(?:\^|\*\*)?2)?\)?(?![A-Za-z])"), r"\1"),  # momentum and mass: c = 1
    (re.compile(r"\(([A-Za-z]+)\)(?=\(?[-+0-9])"), r"\1"),  # (GeV)-3
    (re.compile(r"\bmb\b"), "mbarn"),
    (re.compile(r"(?<=[A-Za-z])(?:\^|\*\*)?([-+]?)1\.5\b"), r"(\g<1>3/2)"),
)
_MISTAKEN = {"myr": "Myr", "mpc": "kpc or Mpc", "mAU": "AU", "Gs": "G"}
_COMMON = (
    *(d.usual for d in DIMENSIONS.values()),
    "pc",
    "Mpc",
    "AU",
    "cm",
    "km",
    "s",
    "yr",
    "Gyr",
    "nT",
    "cm/s",
    "yr-1",
    "TeV",
)


class UnitError(ValueError):
    """A quantity cannot be read: `found` says what stands there, `allowed` what should."""

    def __init__(self, found: str, allowed: str):
        self.found, self.allowed = found, allowed
        super().__init__(f"{found}; {allowed}")


def quote(text: str) -> str:
    """The text in quotes, cut to a length that fits a message."""
    flat = printable(" ".join(text.split()))
    return f'"{flat}"' if len(flat) <= LONGEST_TEXT else f'"{flat[:LONGEST_TEXT]}…"'


def needs(dimension: Dimension) -> str:
    """The sentence that says what a quantity of this dimension looks like."""
    article = "an" if dimension.name[0] in "aeio" else "a"
    return f'needs {article} {dimension.name}, e.g. "{dimension.example}"'


def parse(text: str, dimension: Dimension) -> float:
    """Read "6 uG" as a float in the dimension's internal unit; UnitError says what is wrong and shows an example."""
    match = NUMBER.fullmatch(text)
    if match is None:
        if NOT_A_NUMBER.match(text):
            raise UnitError(f"found {quote(text)}", "needs a finite number and a unit")
        raise UnitError(f"found {quote(text)}", needs(dimension) + " (a number, a space, a unit)")
    number, unit = match.groups()
    if not unit:
        example = f"{number} {dimension.usual}"
        raise UnitError(f"found {quote(text)}, a number without a unit", f'give a unit, e.g. "{example}"')
    value = float(number) * factor(unit, dimension.name)
    if not math.isfinite(value):
        raise UnitError(f"found {quote(text)}, too large a number", "needs a finite number")
    if value == 0 and re.search("[1-9]", re.split("[eE]", number)[0]):
        raise UnitError(f"found {quote(text)}, too small a number", "needs a number that differs from zero")
    return value


@lru_cache(maxsize=1024)
def factor(unit_text: str, dimension_name: str) -> float:
    """Internal units of the dimension per `unit_text`; UnitError if that is unknown or of another dimension."""
    dimension = DIMENSIONS[dimension_name]
    unit = _unit(unit_text, dimension)
    import astropy.units as u

    equivalent = u.mass_energy() if dimension.name == "mass" else []
    try:
        return float(unit.to(_unit(dimension.unit, dimension), equivalencies=equivalent))
    except u.UnitConversionError:
        kind = _kind(unit)
        is_a = f", {'an' if kind[0] in 'aeio' else 'a'} {kind}" if kind else ""
        raise UnitError(f"found the unit {quote(unit_text)}{is_a}", needs(dimension)) from None
    except (OverflowError, ValueError, ZeroDivisionError):
        raise UnitError(f"found the unit {quote(unit_text)}", needs(dimension)) from None


def ratio(unit_text: str, other: str) -> float:
    """How many of the unit `other` make one `unit_text`; UnitError if one is unknown or they measure different things."""
    known = []
    for name in DIMENSIONS:
        try:
            known.append(factor(unit_text, name))
        except UnitError:
            continue
        try:
            return known[-1] / factor(other, name)
        except UnitError:
            continue
    if not known:
        factor(unit_text, next(iter(DIMENSIONS)))                          # says what is wrong with it
    raise UnitError(f"found the units {quote(unit_text)} and {quote(other)}", "needs units of one kind")


def _unit(text: str, dimension: Dimension):
    """The astropy unit, or UnitError."""
    import astropy.units as u

    if len(text) > LONGEST_TEXT:
        raise UnitError(f"found {quote(text)}", needs(dimension))
    if text in _MISTAKEN:
        raise UnitError(f'found the unit "{text}"', f'did you mean "{_MISTAKEN[text]}"?')
    if ENDLESS.search(text):
        raise UnitError(f"found the unit {quote(text)}", needs(dimension))
    spelled = text
    for pattern, replacement in _RESPELL:
        spelled = pattern.sub(replacement, spelled)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "multiple slashes": discouraged by a file standard, but clear
            unit = u.Unit(spelled)
    except (ValueError, TypeError, OverflowError, ArithmeticError, RecursionError):
        close = difflib.get_close_matches(text, _COMMON, 1, 0.6)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise UnitError(f"found the unknown unit {quote(text)}{hint}", needs(dimension)) from None
    if not isinstance(unit, u.UnitBase) or unit.scale != 1:
        raise UnitError(f"found the unit {quote(text)}", needs(dimension))
    return unit


def _kind(unit) -> str:
    """What a unit measures, in words, if it is one of ours or has a name; else empty."""
    import astropy.units as u

    for other in DIMENSIONS.values():
        if unit.is_equivalent(u.Unit(other.unit)):
            return "energy" if other.name == "mass" else other.name
    name = str(unit.physical_type).split("/")[0]
    return "" if name == "unknown" else "dimensionless number" if name == "dimensionless" else name
