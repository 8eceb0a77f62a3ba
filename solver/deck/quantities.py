"""Quantities: floats in internal units that remember how they were written.

`deck.layer[0].plasma.B` can be used as a float (gauss) and goes back to a deck or to JSON as "6 uG".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic_core import PydanticCustomError, core_schema

from solver import units
from solver.constants import C

from .base import BROKEN
from .text import show

BEYOND_NUMBERS = 1e-100, 1e100  # of any quantity in internal units: products of a few would leave the range of floats


class Quantity(float):
    """A float in the internal unit of its key; `text` is the quantity as written, with its unit."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: float, text: str):
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __reduce__(self):
        return type(self), (float(self), self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({float(self)!r}, {self.text!r})"

    def __format__(self, spec: str) -> str:
        return float.__format__(self, spec) if spec else self.text


@dataclass(frozen=True)
class Of:
    """Marks a field as a quantity: its dimension, the sign it may have, an upper limit, and words allowed instead."""

    dimension: str
    sign: str = "positive"  # "positive", "not negative", "any"
    below: float | None = None  # internal unit; with the reason in `why`
    why: str = ""
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The range in words, for messages and `explain`."""
        ranges = {"positive": "> 0", "not negative": ">= 0", "any": "finite"}[self.sign]
        return ranges + (f", {self.why}" if self.why else "")

    def read(self, value: Any) -> Any:
        """Quantity from text; raises the pydantic error that becomes a fault."""
        dimension = units.DIMENSIONS[self.dimension]
        if value is BROKEN or (isinstance(value, str) and value in self.words):
            return value
        text = _text(value)
        if text is None:
            raise self._no_text(value)
        try:
            number = units.parse(text, dimension)
        except units.UnitError as error:
            or_words = "".join(f', or "{word}"' for word in self.words)
            raise _fault(error.found, error.allowed + or_words) from None
        outside = number <= 0 if self.sign == "positive" else number < 0 if self.sign == "not negative" else False
        if outside:
            zero = "" if self.sign == "positive" else "zero or "
            raise _fault(f"found {units.quote(text)}", f"needs {zero}a positive {dimension.name}")
        if number and not BEYOND_NUMBERS[0] <= abs(number) <= BEYOND_NUMBERS[1]:
            limits = "{:g} to {:g} ".format(*BEYOND_NUMBERS) + dimension.unit
            raise _fault(f"found {units.quote(text)}", f"needs a value with physics in it, {limits}")
        if self.below is not None and abs(number) >= self.below:
            raise _fault(f"found {units.quote(text)}", self.why)
        return Quantity(number, text)

    def _no_text(self, value: Any) -> PydanticCustomError:
        """What is wrong with a value that is not text, most often a number without its unit."""
        dimension = units.DIMENSIONS[self.dimension]
        or_words = "".join(f' or "{word}"' for word in self.words)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value != value or abs(value) >= 1e300:
            return _fault(f"found {show(value)}", units.needs(dimension) + or_words)
        example = f'"{value:g} {dimension.usual}"{or_words}'
        return _fault(f"found the bare number {show(value)}", f"give a unit, e.g. {example}")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(as_text)
        )


def as_text(value: Any) -> Any:
    """A quantity as it was written; anything else unchanged."""
    return value.text if isinstance(value, Quantity) else value


def _text(value: Any) -> str | None:
    """The text of a quantity given as text, as a Quantity, or as an astropy quantity from Python; None for the rest."""
    if isinstance(value, Quantity):
        return value.text
    if isinstance(value, str):
        return value
    if hasattr(value, "unit") and hasattr(value, "to_string") and getattr(value, "isscalar", False):
        return f"{float(value.value)!r} {value.unit}"
    return None


def _fault(found: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("fault", "{found}; {allowed}", {"found": found, "allowed": allowed})


Length = Annotated[Quantity, Of("length")]
Time = Annotated[Quantity, Of("time")]
TimeFromZero = Annotated[Quantity, Of("time", sign="not negative")]
Speed = Annotated[Quantity, Of("speed", sign="not negative", below=C, why="needs a speed below that of light")]
SignedSpeed = Annotated[Quantity, Of("speed", sign="any", below=C, why="needs a speed below that of light")]
Density = Annotated[Quantity, Of("number density")]
Temperature = Annotated[Quantity, Of("temperature")]
FieldStrength = Annotated[Quantity, Of("magnetic field")]
Rigidity = Annotated[Quantity, Of("rigidity")]
Rate = Annotated[Quantity, Of("rate")]
RateFromZero = Annotated[Quantity, Of("rate", sign="not negative")]
Mass = Annotated[Quantity, Of("mass")]
Energy = Annotated[Quantity, Of("energy")]
EnergyDensity = Annotated[Quantity, Of("energy density", sign="not negative")]
CrossSection = Annotated[Quantity, Of("cross-section", sign="not negative")]
Kappa = Annotated[Quantity, Of("diffusion coefficient")]
PhaseSpaceDensity = Annotated[Quantity, Of("phase-space density", sign="not negative")]
SourceFlux = Annotated[Quantity, Of("source or damping flux", sign="not negative")]
NonlinearX = Annotated[Quantity, Of("nonlinear damping coefficient", sign="not negative")]
EndTime = Annotated[Quantity | str, Of("time", words=("steady",))]
