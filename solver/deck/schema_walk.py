"""The schema as data: which keys exist at a place of a deck, of what kind, with which default and meaning.

Messages and `explain` both read the schema through this module; nothing about a key is written down twice.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from solver import units

from .base import Choice, Process, Table
from .quantities import Of

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass(frozen=True)
class Key:
    """One key of the schema. `tables` are the tables its value may be (several for a Choice); `many`: a list of them,
    `named`: a table of named ones."""

    name: str
    kind: str
    unit: str
    default: str
    allowed: str
    meaning: str
    example: str
    tables: tuple[type[Table], ...] = ()
    is_choice: bool = False
    many: bool = False
    named: bool = False

    @property
    def required(self) -> bool:
        return self.default == "required"

    @property
    def needs(self) -> str:
        """What to write where the key is missing."""
        if self.is_choice:
            return "needs { type = … } with type one of " + ", ".join(f'"{tag}"' for tag in self.tags())
        example = f", e.g. {self.example}" if self.example else ""
        return f"needs {_article(self.kind)}{self.kind} ({self.meaning}){example}"

    def tags(self) -> dict[str, type[Process]]:
        """type -> table, for a choice."""
        return {table.tag(): table for table in self.tables if issubclass(table, Process)} if self.is_choice else {}


def _article(kind: str) -> str:
    return "" if kind in ("text", "true or false") else "an " if kind[0] in "aeio" else "a "


@cache
def keys_of(table: type[Table]) -> dict[str, Key]:
    """All keys of a table, in the order of the schema."""
    hints = typing.get_type_hints(table, include_extras=True)
    return {name: _key(name, hints[name], info) for name, info in table.model_fields.items()}


def fields_at(place: typing.Sequence[str | int], raw: Any) -> dict[str, Key]:
    """The keys a table at this place of the deck may have; `raw` (the deck as read) tells which type was chosen."""
    key, table = _walk(place, raw)
    if table is not None:
        return keys_of(table)
    if key is not None and key.is_choice:
        return {"type": keys_of(key.tables[0])["type"]}
    return {}


def is_choice(place: typing.Sequence[str | int], raw: Any) -> bool:
    """Does the value at this place pick a table by its type?"""
    key, _ = _walk(place, raw)
    return key is not None and key.is_choice and not (key.many and place and place[-1] == key.name)


def tags_with(place: typing.Sequence[str | int], raw: Any, word: str) -> list[str]:
    """Other types of the same choice that do have this key."""
    key, table = _walk(place, raw)
    if key is None or not key.is_choice:
        return []
    return [tag for tag, other in key.tags().items() if other is not table and word in keys_of(other)]


@cache
def homes_of(word: str) -> list[str]:
    """Dotted places outside of lists and choices where a key of that name lives: z_max -> grid.z_max."""
    found = []
    for section, key in keys_of(_deck()).items():
        if len(key.tables) == 1 and not key.is_choice and not key.named:
            found += [f"{section}.{'0.' if key.many else ''}{name}" for name in keys_of(key.tables[0]) if name == word]
        if section == word:
            found.append(section)
    return found


def _walk(place: typing.Sequence[str | int], raw: Any) -> tuple[Key | None, type[Table] | None]:
    """(the key whose value is at this place, the table that value is); None where the schema does not say."""
    key: Key | None = None
    table: type[Table] | None = _deck()
    pending = False  # inside a list or a table of names, one step more leads to the table
    for step in place:
        raw = _step(raw, step)
        if pending:
            pending = False
        elif table is not None and str(step) in keys_of(table):
            key = keys_of(table)[str(step)]
            pending = key.many or key.named
        else:
            return None, None
        table = None if pending else _table_of(key, raw)
    return key, table


def _table_of(key: Key | None, raw: Any) -> type[Table] | None:
    if key is None or not key.tables:
        return None
    if not key.is_choice:
        return key.tables[0]
    tag = raw.get("type") if isinstance(raw, dict) else raw
    return key.tags().get(tag) if isinstance(tag, str) else None


def _step(raw: Any, step: str | int) -> Any:
    try:
        return raw[step]
    except (KeyError, IndexError, TypeError):
        return None


def _deck() -> type[Table]:
    from .deck import Deck

    return Deck


def _key(name: str, hint: Any, info: FieldInfo) -> Key:
    marks = list(info.metadata)
    many = named = False
    hint, more = _open(hint)
    marks += more
    if get_origin(hint) is tuple:
        many = True
        hint, more = _open(get_args(hint)[0])
        marks += more
    elif get_origin(hint) is dict:
        named = True
        hint, more = _open(get_args(hint)[1])
        marks += more
    of = next((mark for mark in marks if isinstance(mark, Of)), None)
    is_choice = any(isinstance(mark, Choice) for mark in marks)
    members = get_args(hint) if get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    tables = tuple(member for member in members if isinstance(member, type) and issubclass(member, Table))
    default = _default(info)
    example = "" if default == "required" else default
    if of is not None:
        dimension = units.DIMENSIONS[of.dimension]
        kind, unit, allowed, example = of.dimension, dimension.usual, of.allowed, f'"{dimension.example}"'
        if of.words:
            allowed = " | ".join(f'"{word}"' for word in of.words) + f" | {allowed}"
    elif get_origin(hint) is Literal:
        kind, unit, allowed = "text", "", " | ".join(f'"{word}"' for word in get_args(hint))
    elif tables:
        kind, unit = "table", ""
        allowed = " | ".join(table.tag() for table in tables if issubclass(table, Process)) if is_choice else ""
    else:
        kind, unit, allowed = _PLAIN.get(hint, "value"), "", _range(marks)
    if named:
        kind = "table of names"
    elif many:
        kind = "list of tables" if tables else f"list, each {_article(kind)}{kind}"
        least = next((mark.min_length for mark in marks if hasattr(mark, "min_length")), 0)
        allowed = ", ".join(filter(None, (allowed, f"at least {least} values" if least > 1 else "")))
        example = f"[{example}, …]" if default == "required" and example else example
    return Key(name, kind, unit, default, allowed, info.description or "", example, tables, is_choice, many, named)


def _open(hint: Any) -> tuple[Any, list[Any]]:
    """Strip Annotated and Optional; return what is inside and the marks found on the way."""
    marks: list[Any] = []
    while True:
        if get_origin(hint) is Annotated:
            marks += [
                m for mark in hint.__metadata__ for m in (mark.metadata if isinstance(mark, FieldInfo) else [mark])
            ]
            hint = get_args(hint)[0]
        elif (
            get_origin(hint) in (types.UnionType, typing.Union)
            and type(None) in get_args(hint)
            and len(get_args(hint)) == 2
        ):
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        else:
            return hint, marks


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "required"
    if info.default is None:
        return "not given"
    if info.default == {}:
        return ""
    return toml(info.default)


def toml(value: Any) -> str:
    """A value in the notation of a deck."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value)


def _range(marks: list[Any]) -> str:
    signs = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))
    parts = [f"{sign} {getattr(mark, name):g}" for mark in marks for name, sign in signs if hasattr(mark, name)]
    return ", ".join(dict.fromkeys(parts))
