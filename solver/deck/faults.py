"""From pydantic's errors to faults: the key as it stands in the deck, what was found, what is allowed."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from .schema_walk import fields_at, homes_of, tags_with
from .text import Found, Place, did_you_mean, name_or_list, one_of, show

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of sensible size",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "dict_type": "a table",
    "model_type": "a table",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
    "string_too_short": "text that is not empty",
    "tuple_not_list": "a list",
}
_LIMITS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def translate(error: ValidationError, raw: Any) -> list[Found]:
    """(place, found, allowed) of every error."""
    items = error.errors(include_url=False)
    places = [tuple(item["loc"]) for item in items]

    def holds_others(place: Place) -> bool:
        return any(other != place and other[: len(place)] == place for other in places)

    # a list whose entries are wrong counts as too short
    return [_one(item, raw) for item, place in zip(items, places, strict=True)
            if item["type"] != "too_short" or not holds_others(place)]


def _one(item: Any, raw: Any) -> Found:
    place, kind, value, ctx = tuple(item["loc"]), item["type"], item["input"], item.get("ctx", {})
    if kind == "fault":
        return place, ctx["found"], ctx["allowed"]
    if kind == "choice":
        return place, *_choice(place, ctx, value)
    if kind == "missing":
        return place, "missing", _what_it_is(place, raw)
    if kind == "extra_forbidden":
        return place, "unknown key", unknown_key(place, raw)
    if kind == "literal_error":
        words = _literals(ctx["expected"])
        return place, f"found {show(value)}", name_or_list(value, words) if isinstance(value, str) else one_of(words)
    if kind in _LIMITS:
        name, word = _LIMITS[kind]
        return place, f"found {show(value)}", f"needs a number {word} {ctx[name]:g}{_reason(place)}"
    if kind in ("too_short", "too_long"):
        if value is None or (place and place[-1] in ("species", "layer")):
            return place, "there is none", "a deck needs at least one"
        limit = ctx.get("min_length", ctx.get("max_length"))
        return place, f"found {ctx['actual_length']} values", f"needs at least {limit}"
    if kind in _KINDS:
        if place == ("layer",) and isinstance(value, dict):
            return place, "found a table [layer]", "layers are a list: write [[layer]]"
        return place, f"found {show(value)}", "needs " + _KINDS[kind]
    return place, f"found {show(value)}", item["msg"]


def _choice(place: Place, ctx: dict[str, Any], value: Any) -> tuple[str, str]:
    tags, kind = ctx["tags"], ctx["kind"]
    if kind == "table":
        return f"found {show(value)}", f'needs a table {{ type = "…" }} with type {one_of(tags)}'
    if kind == "no type":
        return "missing", f"type is {one_of(tags)}"
    return f"found {show(value)}", name_or_list(value, tags)


def _literals(expected: str) -> list[str]:
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",") if word.strip()]


def _reason(place: Place) -> str:
    if place[-2:] == ("source", "slope"):
        return ": the kinetic energy ∫₀^∞ 4πp² T p^-slope dp is finite for 4 < slope < 5 only"
    return ""


def _what_it_is(place: Place, raw: Any) -> str:
    """'a length, the top node, e.g. "4 kpc"' for a key that is not there."""
    field = fields_at(place[:-1], raw).get(str(place[-1]))
    if field is not None and len(place) == 1 and field.tables and not field.is_choice:
        header = f"[species.proton] or another {field.name}" if field.named else f"[{field.name}]"
        return f"needs {f'[{header}]' if field.many else header}: {field.meaning}"
    return field.needs if field is not None else ""


def unknown_key(place: Place, raw: Any) -> str:
    """What may have been meant by a key that the schema does not have at this place."""
    here, word = fields_at(place[:-1], raw), str(place[-1])
    hint = did_you_mean(word, here)
    if not hint and (tags := tags_with(place[:-1], raw, word)):
        return f"that key belongs to type {' or '.join(chr(34) + tag + chr(34) for tag in tags)}"
    if not hint and (homes := homes_of(word)):
        hint = "did you mean " + " or ".join(f'"{home}"' for home in homes[:3]) + "?"
    return hint or "keys here: " + ", ".join(here)
