"""Changes to a deck by dotted path, from Python (`replace`) and from the command line (`--set key=value`)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from solver.errors import DeckError, Fault

from .base import Table
from .build import build, plain
from .deck import Deck
from .faults import unknown_key
from .quantities import as_text
from .schema_walk import fields_at, is_choice
from .text import Place, called, did_you_mean, dotted, one_of, show


def parse_override(text: str) -> tuple[str, Any]:
    """("grid.z_cells", 400) from "grid.z_cells=400". The value is read as TOML, and as plain text where it is not TOML
    (`--set grid.z_max=4 kpc`). DeckError if there is no key or no "="."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key:
        raise DeckError([Fault("--set", key, f'found "{text}"', 'write key.path=value, e.g. "grid.z_cells=400"')])
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        return key, value
    return key, parsed["value"] if set(parsed) == {"value"} else value


def keyed(changes: Any, where: str) -> Mapping[str, Any]:
    """The changes as they are; DeckError for what does not give keys their values."""
    if not isinstance(changes, Mapping):
        example = 'needs keys with their values, e.g. {"grid.z_cells": 400}'
        raise DeckError([Fault(where, "", f"found {show(changes)}", example)])
    if wrong := [key for key in changes if not isinstance(key, str)]:
        raise DeckError([Fault(where, "", f"found the key {show(key)}", 'needs text, e.g. "grid.z_cells"') for key in wrong])
    return changes


def find_value(deck: Deck, path: str) -> tuple[Place, Any]:
    """(place, value) of a path in a deck; the place has indices instead of names, so that it is the same for every way of
    writing a path. The value is None where an optional key is not given or a table on the way there is missing."""
    here: Any = deck
    place: Place = ()
    for step in path.split("."):
        if isinstance(here, list | tuple):
            try:
                index = _index(here, step, place)
            except _NoSuchKey:
                return (*place, step), None
            place, here = (*place, index), here[index]
        else:
            place = (*place, step)
            here = here.get(step) if isinstance(here, dict) else getattr(here, step, None)
    return place, here


def apply(raw: dict[str, Any] | Deck, changes: Mapping[str, Any], where: str = "override", **context: Any) -> Deck:
    """The deck that results when every change is made to `raw`; DeckError with all faults.

    Whole tables are set before keys inside them; a change of a `type` comes before its other keys and drops those of
    the old type. Of a Deck the tables that no change is in are not read again: the decks of a sweep share them. `context`
    goes to `build`.
    """
    data = _opened(raw)
    faults: list[Fault] = []
    sources: dict[Place, str] = dict(context.pop("sources", {}))
    for path, value in sorted(keyed(changes, where).items(), key=_order):
        try:
            place = _set(data, path, plain(value))
        except _NoSuchKey as error:
            faults.append(Fault(where, path, error.found, error.allowed))
        else:
            sources[place] = where
            if place == ("initial", "path") or place == ("initial",):
                _from_here(data.get("initial"))
    return build(data, context.pop("name", where), sources=sources, more=faults, **context)


def _from_here(initial: Any) -> None:
    """A file named in a change is looked for in the present folder, also when the deck is used elsewhere."""
    if isinstance(initial, dict) and isinstance(initial.get("path"), str) and initial["path"]:
        initial["path"] = os.path.abspath(initial["path"])


def _order(change: tuple[str, Any]) -> tuple[int, bool]:
    path = change[0]
    return path.count("."), not path.endswith(".type")


def _opened(value: Any) -> Any:
    """A copy of a table or a list that can be changed; what it holds is shared with it."""
    if isinstance(value, Table):
        return {name: as_text(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return dict(value)
    return list(value) if isinstance(value, list | tuple) else value


class _NoSuchKey(Exception):
    def __init__(self, found: str, allowed: str):
        self.found, self.allowed = found, allowed


def _set(data: dict[str, Any], path: str, value: Any) -> Place:
    """Set one value in place and return where it went."""
    steps = path.split(".")
    if not all(steps):
        raise _NoSuchKey("not a key path", 'write names joined by dots, e.g. "grid.z_cells"')
    here: Any = data
    place: Place = ()
    step: str | int
    for step in steps[:-1]:
        if isinstance(here, list):
            step = _index(here, str(step), place)
        elif isinstance(here, dict):
            _known(here, str(step), place, data, last=False)
            if here.get(step) is None:
                here[step] = {}
        else:
            raise _NoSuchKey("no such key", f"{dotted(place)} is a single value")
        place = (*place, step)
        bare = isinstance(here[step], str) and is_choice(place, data)
        here[step] = {"type": here[step]} if bare else _opened(here[step])
        here = here[step]
    last: Any = steps[-1]
    if isinstance(here, list):
        last = _index(here, last, place)
    elif isinstance(here, dict):
        _known(here, last, place, data, last=True)
        if last == "type" and here.get("type") != value:
            here.clear()
    else:
        raise _NoSuchKey("no such key", f"{dotted(place)} is a single value")
    if value is None and isinstance(here, dict):
        here.pop(last, None)
    else:
        here[last] = value
    return (*place, last)


def _index(items: Sequence[Any], step: str, place: Place) -> int:
    """A list item by index, by name (layers) or by type (processes)."""
    if step.isdecimal() and step.isascii():
        if int(step) < len(items):
            return int(step)
        raise _NoSuchKey(f"there is no {dotted(place)}.{step}", f"there are {len(items)}, counted from 0")
    labels = [called(item) for item in items]
    if labels.count(step) == 1:
        return labels.index(step)
    if step in labels:
        raise _NoSuchKey(f'several are called "{step}"', f"use an index, 0 to {len(items) - 1}")
    names = [label for label in labels if label]
    hint = did_you_mean(step, names) or (one_of(names) if names else "")
    raise _NoSuchKey(f'there is no {dotted(place)} called "{step}"', hint or f"there are {len(items)}, counted from 0")


def _known(here: dict[str, Any], step: str, place: Place, data: Any, last: bool) -> None:
    """Refuse a step that leads nowhere; the schema itself judges the last one where a new key may be meant."""
    if step in here or (place == ("species",) and last):
        return
    if place == ("species",):
        raise _NoSuchKey(f'there is no species "{step}"', did_you_mean(step, here) or one_of(here))
    keys = fields_at(place, data)
    if keys and step not in keys:
        raise _NoSuchKey("unknown key" if last else f'unknown key "{step}"', unknown_key((*place, step), data))
