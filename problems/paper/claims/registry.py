"""The claims of the paper as functions that compute: what a claim is, how its numbers are judged, and the table of all.

A claim is a generator function under `claim(row, where, kind, text)`.  It takes a `Setting` (decks, solved runs, free
choices, data) and yields `Check`s, one per number, and perhaps sentences that say why the numbers differ.  Nothing is
judged by hand: every check has an interval that the paper's words and the kind of the claim allow, and the status follows.

Kinds: E exact exponent or algebra, N a number, R a range or order of magnitude, Q a statement with a number, I an input.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from solver.errors import SolverError
from solver.physics.validity import ValidityWarning
from solver.reproduction.claim_table import CORRECTED, DEPENDS, DIFFERS, HOLDS, INPUT, NEEDS_DATA, only_full_differs

from .checks import Check, show
from .setting import DataNeeded, Setting, alternatives


@dataclass(frozen=True)
class Claim:
    """One row of the table. `formula`, `full`, `range` and `why` are made from the numbers in `checks`."""

    row: int
    where: str
    text: str
    kind: str
    paper: str
    formula: str
    full: str
    status: str
    why: str
    range: str
    checks: tuple[Check, ...] = field(default=(), repr=False)
    choices: tuple[
        tuple[str, bool], ...
    ] = ()  # does it hold as chosen, and under every other choice it is computed over?

    @property
    def only_full_differs(self) -> bool:
        """Does the paper's formula give what it says, and only the full equation something else?"""
        return only_full_differs(self.record())

    def record(self) -> dict[str, Any]:
        """The claim as a dict that JSON holds, what `solver.reproduction.claim_table` shows."""
        texts = {name: getattr(self, name) for name in TEXTS}
        return texts | {"checks": [check.record() for check in self.checks], "choices": dict(self.choices)}


@dataclass(frozen=True)
class _Entry:
    row: int
    where: str
    kind: str
    text: str
    function: Callable[[Setting], Iterator[Check | str]]
    over: tuple[str, ...]
    note: str


TEXTS = ("row", "where", "text", "kind", "paper", "formula", "full", "status", "why", "range")
_REGISTRY: dict[int, _Entry] = {}


def claim(row: int, where: str, kind: str, text: str, *, over: Iterable[str] = (), note: str = ""):
    """Register a claim's function for one row.

    over: free choices (keys of `setting.CHOICES`) the statement is computed over; note: the letter of the correction of
    a text that cannot be taken literally.  ValueError for a row that is there already or an unknown kind.
    """

    def register(function):
        if row in _REGISTRY:
            raise ValueError(
                f"row {row} is claimed twice, by {_REGISTRY[row].function.__module__} and {function.__module__}"
            )
        if kind not in "ENRQI":
            raise ValueError(f"kind of row {row} must be one of E, N, R, Q, I, got {kind!r}")
        _REGISTRY[row] = _Entry(row, where, kind, text, function, tuple(over), note)
        return function

    return register


def all_rows() -> tuple[int, ...]:
    """All rows with a function, in order."""
    return tuple(sorted(_REGISTRY))


def evaluate(runs=None, rows: Iterable[int] | None = None, data=None, progress=None) -> list[Claim]:
    """Compute claims and decide their status, in the order of their rows.

    runs: anything with solve(deck) -> Result, by default solved here and kept in memory; rows: which, default all;
    data: measurements (solver.measurements); progress: called as progress(row, done, of) before each. KeyError for unknown rows.
    """
    chosen = all_rows() if rows is None else sorted(set(rows))
    unknown = [row for row in chosen if row not in _REGISTRY]
    if unknown:
        raise KeyError(f"no such rows: {', '.join(map(str, unknown))}; there are 1 to {all_rows()[-1]}")
    setting, out = Setting(runs, data), []
    for i, row in enumerate(chosen):
        if progress is not None:
            progress(row, i, len(chosen))
        out.append(_evaluate(_REGISTRY[row], setting))
    return out


def _evaluate(entry: _Entry, setting: Setting) -> Claim:
    try:
        checks, why = _collect(entry, setting)
        others = {name: _collect(entry, setting.with_choices(c))[0] for name, c in alternatives(entry.over)}
    except DataNeeded as needed:
        return _claim(entry, (), NEEDS_DATA, str(needed), "")
    except SolverError as error:
        return _claim(entry, (), DIFFERS, f"no solution: {error}", "")
    tables = {"as chosen": checks, **others} if others else {}
    status = _status(entry, checks, others)
    if status == DIFFERS:
        unexpected = [c for c in checks if not c.printed and (c.formula_holds is False or (not why and not c.holds))]
        why = " ".join(filter(None, [why, "; ".join(map(_complaint, unexpected))]))
    why = "" if status in (HOLDS, INPUT) else why
    choices = tuple((name, _good(each)) for name, each in tables.items())
    return replace(_claim(entry, checks, status, why, _range_text(checks, tables)), choices=choices)


def _collect(entry: _Entry, setting: Setting) -> tuple[tuple[Check, ...], str]:
    """Checks and sentences of one claim; formulas used beyond their range of derivation do not speak up here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidityWarning)
        found = list(entry.function(setting))
    checks = tuple(item for item in found if isinstance(item, Check))
    return checks, " ".join(item for item in found if isinstance(item, str))


def _good(checks) -> bool:
    """Do all checks hold, literal readings aside?"""
    return bool(checks) and all(c.holds for c in checks if not c.printed)


def _status(entry, checks, others) -> str:
    verdicts = [_good(checks), *map(_good, others.values())]
    if not any(verdicts):
        return DIFFERS
    if not all(verdicts):
        return DEPENDS
    if entry.kind == "I":
        return INPUT
    literal = all(c.holds for c in checks if c.printed)
    return HOLDS if literal else f"{CORRECTED} (note {entry.note})"


def _claim(entry, checks, status, why, over) -> Claim:
    return Claim(
        row=entry.row,
        where=entry.where,
        text=entry.text,
        kind=entry.kind,
        paper=_lines(checks, lambda c: c.paper, units=True),
        formula=_lines(checks, lambda c: _number(c.formula, c.formula_holds), units=False),
        full=_lines(checks, lambda c: _number(c.full, c.full_holds), units=False),
        status=status,
        why=why,
        range=over,
        checks=tuple(checks),
    )


# ---- text ----------------------------------------------------------------------------------------------------------


def _number(value, holds) -> str:
    return "" if value is None else show(value) + ("" if holds else " ✗")


def _lines(checks, of, units) -> str:
    """One line per check that has something to say, named where there are several checks."""
    texts = [(c, of(c)) for c in checks]
    lines = [
        (f"{c.what}: " if len(checks) > 1 else "") + text + (f" {c.unit}" if units and c.unit else "")
        for c, text in texts
        if text
    ]
    return "\n".join(lines)


def _complaint(check: Check) -> str:
    """What is wrong with a number, for claims whose function did not expect it."""
    parts = []
    for name, value, holds, allowed in (
        ("formula", check.formula, check.formula_holds, check.allowed),
        ("full equation", check.full, check.full_holds, check.allowed_full or check.allowed),
    ):
        if holds is False:
            parts.append(f"{name} {show(value)}, allowed {show(allowed[0])} to {show(allowed[1])}")
    return f"{check.what}: " + (", ".join(parts) or "nothing computed")


def _range_text(checks, tables) -> str:
    """Smallest and largest value of every check over the choices, and under which choices the claim holds."""
    if not tables:
        return ""
    lines = []
    for i, check in enumerate(checks):
        parts = []
        for column, label in _COLUMN.items():
            values = [getattr(t[i], column) for t in tables.values() if i < len(t)]
            values = [value for value in values if value is not None]
            if len(values) > 1 and max(values) - min(values) > 1e-3 * abs(max(values)):
                parts.append(f"{label} {show(min(values))} to {show(max(values))}")
        if parts:
            lines.append(f"{check.what}: {', '.join(parts)}")
    verdicts = [name + (" ✓" if _good(each) else " ✗") for name, each in tables.items()]
    return "\n".join([*lines, " · ".join(verdicts)])


_COLUMN = {"formula": "formula", "full": "full"}
