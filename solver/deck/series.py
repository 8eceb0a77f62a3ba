"""Series of values for one key, as `--vary` and Python give them: lists, linspace, logspace, and ranges for sampling.

    key = a, b, c                      commas inside brackets and quotes do not count
    key = linspace(low, high, n)       n values at equal distances, ends included
    key = logspace(low, high, n)       n values at equal ratios, ends included; the ends themselves, not their exponents
    key = low..high                    a range to sample evenly, for Latin hypercubes
    key = loguniform(low, high)        the same in the logarithm

Ends carry units ("0.05 cm-3"); a unit at one end holds for both, and two of them are converted to the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver import units
from solver.errors import DeckError, Fault

from .overrides import parse_override
from .text import show

CALL = re.compile(r"(linspace|logspace|loguniform)\s*\((.*)\)", re.DOTALL)
LARGEST = 100_000  # values of one series; a slip of the finger asks for more
DIGITS = 12  # of values in between: enough for any purpose, short enough for a table
HELP = "KEY=a,b,c or linspace(low, high, n) or logspace(low, high, n)"
RANGES = "KEY=low..high or loguniform(low, high)"


@dataclass(frozen=True)
class Range:
    """An interval to draw values from, evenly or evenly in the logarithm; numbers in `unit` ("" for plain numbers)."""

    low: float
    high: float
    unit: str
    logarithmic: bool

    def at(self, share: float, whole: bool = False) -> Any:
        """The value at `share` (0 to 1) of the way, as a deck takes it; `whole`: whole numbers, each end included."""
        low, high = sorted((self.low, self.high)) if whole else (self.low, self.high)
        beyond = high + 1 if whole else high
        value = low * (beyond / low) ** share if self.logarithmic else low + share * (beyond - low)
        return min(math.floor(value), int(high)) if whole else _written(value, self.unit)

    @property
    def whole(self) -> bool:
        return not self.unit and float(self.low).is_integer() and float(self.high).is_integer()


def parse_vary(text: str, where: str = "--vary") -> tuple[str, list[Any] | Range]:
    """(key, values) or (key, Range) from "key=…"; DeckError says what is wrong with the text."""
    key, equals, given = text.partition("=")
    if not equals or not key.strip() or not given.strip():
        raise DeckError([Fault(where, key.strip(), f"found {show(text)}", f"write {HELP}")])
    return key.strip(), read_series(given, where, key.strip())


def read_series(given: Any, where: str, key: str) -> list[Any] | Range:
    """Values or a Range from text as above, or from anything that can be listed (Python); DeckError otherwise."""
    if isinstance(given, Range):
        return given
    if not isinstance(given, str):
        if not isinstance(given, Iterable) or isinstance(given, dict):
            raise DeckError([Fault(where, key, f"found {show(given)}", "needs a list of values")])
        return _distinct([value.item() if isinstance(value, np.generic) else value for value in given], where, key)
    text = given.strip()
    call, ends = CALL.fullmatch(text), text.split("..")
    try:
        if call is not None:
            return _called(call[1], split(call[2]))
        if len(ends) == 2 and all(units.NUMBER.fullmatch(end) for end in ends):
            return _range(*ends, logarithmic=False)
    except (ValueError, OverflowError) as error:
        raise DeckError([Fault(where, key, f"found {show(text)}", str(error))]) from None
    parts = split(text)
    if not all(part.strip() for part in parts):
        raise DeckError([Fault(where, key, f"found {show(text)}", "a value is missing between two commas")])
    return _distinct([parse_override(f"{key}={part}")[1] for part in parts], where, key)


def split(text: str) -> list[str]:
    """The parts between commas that stand outside of brackets and quotes, trimmed."""
    parts, depth, quote, begin = [], 0, "", 0
    for i, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[i - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append(text[begin:i])
            begin = i + 1
    return [part.strip() for part in [*parts, text[begin:]]]


def _called(name: str, words: list[str]) -> list[Any] | Range:
    if name == "loguniform":
        if len(words) != 2:
            raise ValueError("needs two ends, e.g. loguniform(0.05 cm-3, 0.5 cm-3)")
        return _range(*words, logarithmic=True)
    example = f"{name}(0.05 cm-3, 0.5 cm-3, 5)"
    if len(words) != 3:
        raise ValueError(f"needs two ends and a number of values, e.g. {example}")
    if not words[2].isascii() or not words[2].isdigit() or not 2 <= int(words[2]) <= LARGEST:
        raise ValueError(f"needs a number of values from 2 to {LARGEST}, e.g. {example}")
    ends = _range(*words[:2], logarithmic=name == "logspace")
    spaced = (np.geomspace if ends.logarithmic else np.linspace)(ends.low, ends.high, int(words[2]))
    numbers = [float(f"{x:.{DIGITS}g}") for x in spaced]
    if ends.whole and all(x.is_integer() for x in numbers):
        return [int(x) for x in numbers]
    return [_written(x, ends.unit) for x in numbers]


def _range(low: str, high: str, logarithmic: bool) -> Range:
    """Both ends in the unit of the first that has one; ValueError says what is wrong."""
    numbers, given = [], []
    for end in (low, high):
        match = units.NUMBER.fullmatch(end.strip().strip("\"'"))
        if match is None:
            raise ValueError(f'{show(end.strip())} is not a number with a unit, e.g. "0.2 cm-3"')
        numbers.append(float(match[1]))
        given.append(match[2])
    if all(given) and given[0] != given[1]:
        numbers[1] *= units.ratio(given[1], given[0])
    a, b = numbers
    if not np.isfinite(b - a) or a == b:
        raise ValueError("needs two ends that differ")
    if logarithmic and not (a > 0 and b > 0):
        raise ValueError("needs two positive ends")
    return Range(a, b, given[0] or given[1], logarithmic)


def _written(x: float, unit: str) -> Any:
    x = float(f"{x:.{DIGITS}g}")
    return f"{x:.{DIGITS}g} {unit}" if unit else x


def _distinct(values: list[Any], where: str, key: str) -> list[Any]:
    if not values:
        raise DeckError([Fault(where, key, "found no value", "needs at least one")])
    seen: list[Any] = []
    for value in values:
        if any(type(value) is type(other) and value == other for other in seen):
            raise DeckError([Fault(where, key, f"found {show(value)} twice", "each value may stand once")])
        seen.append(value)
    return seen
