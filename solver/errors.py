"""What can go wrong: the deck, the solver, a result file, a file of measurements.

`DeckError` carries every fault found in one reading, `SolverError` the file to restart from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class CrstreamError(Exception):
    """Base of all errors this package raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One fault of a deck: `where` (file or option), `key` (dotted path, may be empty), `found`, `allowed`, `line`."""

    where: str
    key: str
    found: str
    allowed: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        message = "; ".join(part for part in (self.found, self.allowed) if part)
        return ": ".join(part for part in (place, self.key, message) if part).replace("\n", " ")


class DeckError(CrstreamError, ValueError):
    """A deck, an override or a deck's name is wrong; `faults` lists all that is wrong, one line each in str()."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self):
        return type(self), (self.faults,)


class SolverError(CrstreamError, RuntimeError):
    """The solver could not go on; `restart` is the restartable file that was written, or None."""

    def __init__(self, message: str, restart: str | Path | None = None):
        self.message = message
        self.restart = Path(restart) if restart is not None else None
        super().__init__(message if restart is None else f"{message}\nstate saved to {restart}")

    def __reduce__(self):
        return type(self), (self.message, self.restart)


class ResultError(CrstreamError, RuntimeError):
    """A result file is missing, unreadable, incomplete or does not belong to the deck at hand."""


class DataError(ResultError):
    """A file of measurements is wrong; `faults` lists all that is wrong with it, one line each in str()."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self):
        return type(self), (self.faults,)
