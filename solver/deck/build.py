"""From raw data to a Deck, or to all of its faults at once: those of the schema and those between keys."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from solver.errors import DeckError, Fault

from .base import BROKEN
from .checks import check
from .deck import Deck
from .faults import translate
from .quantities import Quantity
from .text import Found, Place, called, dotted, show

LARGEST_DEPTH = 20


def build(
    raw: Any,
    where: str,
    lines: Mapping[Place, int] | None = None,
    sources: Mapping[Place, str] | None = None,
    more: Iterable[Fault] = (),
    tests: Iterable[Callable[[Deck], list[Found]]] = (),
) -> Deck:
    """The deck, or DeckError with every fault.

    `lines`: line of each key in the file `where`; `sources`: keys that came from elsewhere (an override) and what to
    call that; `more`: faults found before; `tests`: further tests of the deck.
    """
    lines, sources = lines or {}, sources or {}
    early = list(more)
    if not isinstance(raw, Mapping):
        raise DeckError([*early, Fault(where, "", "this is not a table of keys", "a deck has sections such as [grid]")])
    if deep := _too_deep(raw):
        found_deep = (deep, "tables or lists nested too deep", "no deck needs that")
        raise DeckError([*early, _fault(where, *found_deep, raw, lines, sources)])
    data = plain(raw)
    found, deck = _validate(data)
    if deck is not None:
        known = {place for place, _, _ in found}
        among_keys = [item for test in (check, *tests) for item in test(deck)]
        found += [item for item in among_keys if not _inside(item[0], known)]
    if found or early:
        found.sort(key=lambda item: _line(item[0], lines) or 10**9)
        raise DeckError([*early, *(_fault(where, *item, data, lines, sources) for item in dict.fromkeys(found))])
    assert deck is not None
    return deck


def _validate(data: dict[str, Any]) -> tuple[list[Found], Deck | None]:
    """Faults of the schema and the deck; what is wrong is BROKEN in it, so that the rest can be checked."""
    try:
        return [], Deck.model_validate(_tuples(data))
    except ValidationError as error:
        found = translate(error, data)
    mended = copy.deepcopy(data)
    for place, what, _ in found:
        _mend(mended, place, drop=what == "unknown key")
    try:
        return found, Deck.model_validate(_tuples(mended))
    except ValidationError:
        return found, None


def _mend(data: Any, place: Place, drop: bool) -> None:
    path, last = place[:-1], place[-1]
    for step in path:
        if not isinstance(data[step], dict | list):  # the bare word of a choice
            data[step] = BROKEN
            return
        data = data[step]
    if isinstance(data, dict):
        data[last] = BROKEN
        if drop:
            del data[last]
    elif isinstance(last, int) and last < len(data):
        data[last] = BROKEN


def plain(value: Any) -> Any:
    """A copy in plain Python types: numpy scalars and Quantity become what a TOML file would give."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Quantity):
        return value.text
    if hasattr(value, "to_dict") and hasattr(type(value), "model_fields"):
        return value.to_dict()
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value


def _tuples(value: Any) -> Any:
    """The same with tuples for lists, which is what a frozen schema holds."""
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _too_deep(value: Any, place: Place = ()) -> Place | None:
    if len(place) > LARGEST_DEPTH:
        return place
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    return next((deep for name, item in items if (deep := _too_deep(item, (*place, name)))), None)


def _inside(place: Place, faulty: set[Place]) -> bool:
    return any(place[: len(other)] == other for other in faulty)


def _line(place: Place, lines: Mapping[Place, int]) -> int | None:
    """Line of the key, or of the nearest table around it."""
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return None


def _fault(where: str, place: Place, found: str, allowed: str, data: Any, lines: Mapping[Place, int],
           sources: Mapping[Place, str]) -> Fault:
    found += _in_layer(place, data)
    for length in range(len(place), 0, -1):
        if place[:length] in sources:
            return Fault(sources[place[:length]], dotted(place), found, allowed)
    return Fault(where, dotted(place), found, allowed, _line(place, lines))


def _in_layer(place: Place, data: Any) -> str:
    """' in layer "halo"' where the key is one of a layer with a name, of which the key tells the number only."""
    try:
        name = called(data["layer"][place[1]]) if place[0] == "layer" and place[2] != "name" else ""
    except (LookupError, TypeError):
        name = ""
    return f" in layer {show(name)}" if name else ""
