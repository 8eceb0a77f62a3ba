"""`explain`: what a key of the deck means, from the schema."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from solver.errors import DeckError, Fault

from .base import Process, Table
from .deck import Deck
from .schema_walk import Key, keys_of
from .text import did_you_mean, one_of, show


@dataclass(frozen=True)
class Row:
    """One line of an explanation."""

    key: str
    kind: str
    unit: str
    default: str
    allowed: str
    meaning: str

    def __str__(self) -> str:
        default = self.default if self.default in ("", "required") else f"default {self.default}"
        facts = [self.kind + (f" ({self.unit})" if self.unit else ""), self.allowed, default]
        return f"{self.key}: {self.meaning} [{'; '.join(fact for fact in facts if fact)}]"


def explain(key: str | None = None) -> list[Row]:
    """Rows for a key path: the sections (None), the keys of a table ("grid"), the types of a choice ("layer.damping"),
    the keys of one type ("layer.damping.landau"), one key ("grid.z_cells"). Indices and names may stand in the path
    ("layer.0.damping", "species.proton.source"). DeckError with the nearest key if there is none."""
    if key is not None and not isinstance(key, str):
        raise DeckError([Fault("explain", "", f"found {show(key)}", 'needs text, e.g. "grid.z_cells"')])
    if not key:
        return [_section(name, entry) for name, entry in keys_of(Deck).items()]
    table: type[Table] | None = Deck
    entry: Key | None = None
    path: list[str] = []
    label_may_follow = False  # an index, or the name of a layer or species
    for step in key.split("."):
        keys = keys_of(table) if table is not None else {}
        tags = entry.tags() if entry is not None else {}
        if step in keys:
            entry = keys[step]
            table = entry.tables[0] if entry.tables and not entry.is_choice else None
            label_may_follow = entry.many or entry.named
        elif step in tags:
            table, entry, label_may_follow = tags[step], None, False
        elif label_may_follow and _is_label(step, entry, keys):
            label_may_follow = False
            continue
        elif shared := {tag: member for tag, member in tags.items() if step in keys_of(member)}:
            return [_row(".".join([*path, tag, step]), keys_of(member)[step]) for tag, member in shared.items()]
        else:
            raise _unknown(key, step, [*keys, *tags], path)
        path.append(step)
    name = ".".join(path)
    if entry is not None and entry.is_choice:
        return [Row(f"{name}.{tag}", "type", "", "", "", meaning(member)) for tag, member in entry.tags().items()]
    if table is not None:
        rows = [_row(f"{name}.{inner}", item) for inner, item in keys_of(table).items() if inner != "type"]
        return rows or [Row(name, "type", "", "", "", meaning(table))]
    assert entry is not None
    return [_row(name, entry)]


def reference() -> str:
    """The whole schema as Markdown, one table of keys per section and per type: the reference page of decks."""
    return "# Keys of a deck\n\n" + "\n".join(_chapter("", Deck, 1))


def _chapter(name: str, table: type[Table], depth: int) -> list[str]:
    """A heading, what the table is, its keys, and then the tables its keys may hold."""
    lines = [f"{'#' * min(depth + 1, 4)} {name}\n\n{meaning(table)}\n"] if name else []
    keys = {key: entry for key, entry in keys_of(table).items() if key != "type"}
    if keys:
        lines += ["| key | what | unit | default | allowed | meaning |", "|---|---|---|---|---|---|"]
        for key, entry in keys.items():
            cells = (f"`{key}`", entry.kind, entry.unit, entry.default, entry.allowed, entry.meaning)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    for key, entry in keys.items():
        path = f"{name}.{key}" if name else key
        for inner in entry.tables:
            title = f'{path}, type "{inner.tag()}"' if issubclass(inner, Process) else path
            lines += _chapter(title, inner, depth + 1)
    return lines


def _is_label(step: str, entry: Key | None, keys: dict[str, Key]) -> bool:
    if step.isdecimal() or (entry is not None and entry.named):
        return True
    return bool(keys) and not did_you_mean(step, keys)


def meaning(table: type[Table]) -> str:
    """The first paragraph of a table's docstring, on one line."""
    return " ".join((inspect.getdoc(table) or "").split("\n\n")[0].split())


def _row(name: str, entry: Key) -> Row:
    return Row(name, entry.kind, entry.unit, entry.default, entry.allowed, entry.meaning)


def _section(name: str, entry: Key) -> Row:
    says = meaning(entry.tables[0]) if entry.tables and not entry.is_choice else entry.meaning
    shown = f"[[{name}]]" if entry.many else f"[{name}]" if entry.tables and not entry.named else name
    shown = f"[{name}.…]" if entry.named else shown
    return Row(shown, entry.kind, entry.unit, entry.default, entry.allowed, says)


def _unknown(key: str, step: str, among: list[str], path: list[str]) -> DeckError:
    inside = f" in {'.'.join(path)}" if path else ""
    hint = did_you_mean(step, among) or (one_of(among) if among else f"{'.'.join(path)} has no keys")
    return DeckError([Fault("explain", key, f'there is no "{step}"{inside}', hint)])
