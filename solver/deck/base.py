"""What all tables of a deck share: strict, frozen, unknown keys refused; a `type` key that picks the table.

Faults of a `Choice` carry no union tag in their place, so a message names the key as it stands in the deck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema


class Broken(float):
    """Stands for a value that could not be read while the rest of the deck is checked: as a float it is NaN (every
    comparison is false), it has every attribute, and it holds nothing. No deck that is handed out contains it."""

    def __new__(cls):
        return super().__new__(cls, "nan")

    def __getattr__(self, name: str) -> Broken:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Broken:
        return self

    def __iter__(self):
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


BROKEN = Broken()


def broken(value: object) -> bool:
    """Is this a value that could not be read?"""
    return value is BROKEN


# A key of a table. Defaults are written as in a deck ("1 GV") and checked like one, hence the loose type.
field: Callable[..., Any] = Field


class Table(BaseModel):
    """Base of every table: frozen, strict types, defaults checked, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, defer_build=True
    )

    @field_validator("*", mode="wrap")
    @classmethod
    def _skip_broken_value(cls, value: Any, handler: Any) -> Any:
        return value if value is BROKEN else handler(value)

    @model_validator(mode="wrap")
    @classmethod
    def _skip_broken_table(cls, value: Any, handler: Any) -> Any:
        return value if value is BROKEN else handler(value)


class Process(Table):
    """A table chosen by its `type`. `needs` names the plasma keys without which it cannot be computed."""

    needs: ClassVar[tuple[str, ...]] = ()
    type: str = ""

    @classmethod
    def tag(cls) -> str:
        """The word that picks this table."""
        return cls.model_fields["type"].default


class Choice:
    """Marks a union of Process tables: `{ type = "landau" }` picks one; the bare word "landau" is short for it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        by_tag = {member.tag(): member for member in members(source)}

        def read(value: Any) -> Any:
            if value is BROKEN or isinstance(value, tuple(by_tag.values())):
                return value
            short = isinstance(value, str)
            if short:
                value = {"type": value}
            if not isinstance(value, dict):
                raise _refuse("table", (), value, by_tag)
            if "type" not in value:
                raise _refuse("no type", ("type",), value, by_tag)
            tag = value["type"]
            if tag is BROKEN:
                return BROKEN
            if not isinstance(tag, str) or tag not in by_tag:
                raise _refuse("type", () if short else ("type",), tag, by_tag)
            return by_tag[tag].model_validate(value)

        return core_schema.no_info_plain_validator_function(read)


def members(union: Any) -> tuple[type[Process], ...]:
    """The tables a union is made of, also where it has one member only."""
    return get_args(union) or (union,)


def _refuse(kind: str, loc: tuple[str, ...], value: Any, by_tag: dict[str, type[Process]]) -> ValidationError:
    error = PydanticCustomError("choice", "wrong {kind}", {"kind": kind, "tags": tuple(by_tag)})
    return ValidationError.from_exception_data("choice", [InitErrorDetails(type=error, loc=loc, input=value)])


class FrozenDict(dict):
    """A dict that cannot be changed, so that a deck cannot be either; hashable, copied and pickled like a dict."""

    def _refuse_change(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a deck is frozen; make another one with deck.replace({...})")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse_change  # type: ignore[assignment,unused-ignore]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self):
        return type(self), (dict(self),)
