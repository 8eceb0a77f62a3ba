"""Words for messages: values as a reader of the deck would write them, key paths, and the nearest of some names."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from solver.units import LONGEST_TEXT, quote

Place = tuple[str | int, ...]
Found = tuple[Place, str, str]  # a fault: where, what was found, what is allowed


def show(value: Any) -> str:
    """A value as a reader of the deck would write it, short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, datetime.date | datetime.time):
        return "a date or time"
    if value is None:
        return "nothing"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a huge number"
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def did_you_mean(word: Any, among: Iterable[str], sure: float = 0.6) -> str:
    """'did you mean "z_cells"?' if one of the words is near, else empty. Case does not count."""
    folded = {str(other).casefold(): str(other) for other in among}
    close = difflib.get_close_matches(str(word)[:LONGEST_TEXT].casefold(), folded, 1, sure)
    return f'did you mean "{folded[close[0]]}"?' if close else ""


def one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(f'"{word}"' for word in words)


def name_or_list(word: Any, among: Iterable[str]) -> str:
    """'did you mean' if near, followed by all that is allowed."""
    among = list(among)
    return "; ".join(part for part in (did_you_mean(word, among), one_of(among) if among else "") if part)


def called(item: Any) -> str:
    """What an item of a list goes by: a layer's name, a process's type; empty where it has neither."""
    if isinstance(item, str):
        return item
    name, kind = (item.get(key) if isinstance(item, dict) else getattr(item, key, None) for key in ("name", "type"))
    return str(name or kind or "")


def dotted(place: Sequence[str | int]) -> str:
    """layer.0.plasma.B, the way overrides write it."""
    return ".".join(map(str, place))
