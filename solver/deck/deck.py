"""The deck as a whole: a frozen, fully resolved description of one run, made from data and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from solver.errors import DeckError, Fault

from .base import FrozenDict, Table, field
from .layers import Layer
from .quantities import as_text
from .sections import Boundary, Disc, Grid, Initial, Output, Physics, TimeControl
from .species import SpeciesDeck


class Deck(Table):
    """One run: title, grid, physics, species, disc, layers, boundary, time, initial state, output.

    Frozen; `replace` makes another one. Quantities are floats in internal units that remember their text.
    """

    title: str = field("", description="one line for tables and figures")
    reference: str = field("", description="where it comes from: figure, section, equations")
    problem: str | None = field(
        None, description="shipped problem whose exact solution belongs to this deck; set for shipped decks"
    )
    grid: Grid = field(description="heights and rigidities")
    physics: Physics = field({}, description="switches of the transport equation")
    species: Annotated[dict[str, SpeciesDeck], Field(min_length=1), AfterValidator(FrozenDict)] = field(
        description="the nuclei: proton, carbon (12C), boron (11B), …, or any with Z, A and mass"
    )
    disc: Disc = field({}, description="the sheet at z = 0")
    layer: Annotated[tuple[Layer, ...], Field(min_length=1)] = field(description="the layers, from the disc upwards")
    boundary: Boundary = field({}, description="top of the box, ends of the rigidities")
    time: TimeControl = field({}, description="how far and how to go")
    initial: Initial = field({"type": "zero"}, description="state at the start")
    output: Output = field({}, description="what a run leaves behind")

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and text, defaults filled in, quantities as written."""
        return _plain(self)

    def to_json(self) -> str:
        """The resolved deck as JSON; `from_json` gives an equal deck."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], where: str = "deck") -> Deck:
        """Check data as from a TOML file; DeckError with all faults, each naming `where`."""
        from .build import build

        return build(raw, where)

    @classmethod
    def from_json(cls, text: str, where: str = "stored deck") -> Deck:
        """A deck from `to_json`; DeckError if the text is not one."""
        try:
            raw = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise DeckError([Fault(where, "", "not JSON", str(error))]) from None
        return cls.from_dict(raw, where)

    def replace(self, changes: Mapping[str, Any] | None = None, where: str = "override") -> Deck:
        """Another deck with some keys changed: {"grid.z_cells": 400, "layer.warm.plasma.B": "2 uG"}.

        Layers go by index or name, list items by index or type, species by name; a key set to None takes its default.
        The result is checked as a whole. DeckError names every path that does not exist and every fault of the result.
        """
        from .load import outside_faults
        from .overrides import apply, keyed

        changes = keyed({} if changes is None else changes, where)
        tests = (outside_faults,) if "problem" in changes else ()
        return apply(self, changes, where, name="deck", tests=tests)


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return as_text(value)
