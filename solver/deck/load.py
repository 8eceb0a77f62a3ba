"""Reading a deck: by the name of a shipped problem, or from a TOML file, or from a folder that holds deck.toml."""

from __future__ import annotations

import importlib.util
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solver.errors import DeckError, Fault

from .deck import Deck
from .lines import line_numbers
from .overrides import apply
from .text import Found, did_you_mean, show

LARGEST_DECK = 1_000_000  # bytes; a deck is a page or two
DECK = "deck.toml"


def load(name_or_path: str | os.PathLike[str] | Deck, changes: Mapping[str, Any] | None = None) -> Deck:
    """The deck of a shipped problem ("two_phase"), of a .toml file, or of a folder with deck.toml in it; or a Deck as it is.

    `changes` are made before it is checked, as by Deck.replace. DeckError with every fault, naming file, line and key.
    """
    if hasattr(name_or_path, "grid"):
        return name_or_path.replace(changes) if changes else name_or_path
    path = find(name_or_path)
    where = _shown(path)
    text = _read(path, where)
    raw = _parse(text, where)
    for name, folder in shipped().items():
        if path.name == DECK and path.resolve().parent == folder.resolve():
            raw.setdefault("problem", name)
    _resolve_initial(raw, path.parent)
    return apply(raw, changes or {}, "--set", name=where, lines=line_numbers(text), tests=(outside_faults,))


def shipped() -> dict[str, Path]:
    """Shipped problems: name -> folder, for every folder of the `problems` package that has a deck."""
    try:
        spec = importlib.util.find_spec("problems")
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = {deck.parent.name: deck.parent for place in places for deck in Path(place).glob(f"*/{DECK}")}
    return dict(sorted(found.items()))


def find(name_or_path: str | os.PathLike[str]) -> Path:
    """The file a name or path stands for; DeckError with the nearest names if there is none."""
    try:
        name = os.fspath(name_or_path)
    except TypeError:
        raise DeckError(
            [Fault("deck", "", f"found {show(name_or_path)}", "needs a problem's name or a path")]
        ) from None
    if isinstance(name, bytes) or not name.strip() or "\0" in name:
        raise DeckError([Fault("deck", "", f"found {show(name)}", "needs a problem's name or a path to a .toml file")])
    problems = shipped()
    if name in problems:
        return problems[name] / DECK
    path = Path(name)
    try:
        if path.is_dir():
            if (path / DECK).is_file():
                return path / DECK
            inside = sorted(item.name for item in path.glob("*.toml"))
            hint = did_you_mean(DECK, inside, 0) if inside else f"needs a .toml file, or a folder with {DECK} in it"
            raise DeckError([Fault(name, "", f"this is a folder without {DECK}", hint)])
        if path.is_file():
            return path
        exists = path.exists()
        near = sorted(item.name for item in path.parent.glob("*.toml")) if path.parent.is_dir() else []
    except OSError as error:
        raise DeckError(
            [Fault(show(name), "", error.strerror or str(error), "needs a file that can be read")]
        ) from None
    if exists:
        raise DeckError([Fault(name, "", "this is not a regular file", "needs a .toml file")])
    hint = did_you_mean(path.stem, problems) if path.suffix in ("", ".toml") else ""
    hint = hint or did_you_mean(path.name, near) or ("problems: " + ", ".join(problems) if problems else "")
    kind = "no such file" if path.suffix == ".toml" or os.sep in name else "no such problem, nor a file of that name"
    raise DeckError([Fault(name, "", kind, hint)])


def outside_faults(deck: Deck) -> list[Found]:
    """Faults that depend on what is on this machine: the problem and the file a deck refers to."""
    found: list[Found] = []
    problems = shipped()
    if isinstance(deck.problem, str) and problems and deck.problem not in problems:
        hint = did_you_mean(deck.problem, problems) or "problems: " + ", ".join(problems)
        found.append((("problem",), f"there is no problem {show(deck.problem)}", hint))
    if deck.initial.type == "file" and isinstance(deck.initial.path, str):
        try:
            missing = not Path(deck.initial.path).is_file()
        except (OSError, ValueError):
            missing = True
        if missing:
            found.append((("initial", "path"), f"no such file: {show(deck.initial.path)}", "needs a result file"))
    return found


def _shown(path: Path) -> str:
    """The path as messages show it: relative if it is below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _read(path: Path, where: str) -> str:
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_DECK else b""
    except OSError as error:
        raise DeckError([Fault(where, "", error.strerror or str(error), "needs a file that can be read")]) from None
    if size > LARGEST_DECK:
        raise DeckError(
            [Fault(where, "", f"{size / 1e6:.0f} MB is too large for a deck", "a deck is a short text file")]
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"byte {data[error.start]:#04x} is not UTF-8"
        raise DeckError([Fault(where, "", found, "a deck is a text file in UTF-8", line)]) from None
    if not text.strip():
        raise DeckError([Fault(where, "", "the file is empty", "a deck has [grid], [species.…] and [[layer]]")])
    return text


def _parse(text: str, where: str) -> dict[str, Any]:
    """TOML to data; a fault of the syntax names line and column and shows the line."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DeckError([Fault(where, "", "lists or tables nested too deep", "no deck needs that")]) from None
    except ValueError as error:
        message = str(error)
        match = re.search(r" \(at line (\d+), column (\d+)\)$", message)
        if match is None:
            message = message.removesuffix(" (at end of document)")
            raise DeckError([Fault(where, "", f"not valid TOML: {message}", "")]) from None
        line, column = map(int, match.groups())
        message = message[: match.start()]
        shown = text.splitlines()[line - 1].strip() if line <= len(text.splitlines()) else ""
        found = f"not valid TOML: {message}, column {column}: {show(shown)[1:-1]}"
        raise DeckError([Fault(where, "", found, _syntax_hint(message, shown), line)]) from None


def _syntax_hint(message: str, line: str) -> str:
    twice = re.search(r"Cannot (?:declare|mutate|overwrite)", message)
    if twice:
        return "each table and each key may stand once (two species of the same name?)"
    if re.search(r"=\s*[-+]?[0-9.][0-9.eE+-]*\s*[A-Za-z]", line):
        return 'quantities are text in quotes, e.g. z_max = "4 kpc"'
    if re.search(r"=\s*[A-Za-z]", line):
        return 'text stands in quotes, e.g. z_spacing = "uniform"; true and false do not'
    return ""


def _resolve_initial(raw: dict[str, Any], folder: Path) -> None:
    """A file named in the deck is looked for beside the deck, from wherever the deck is used later."""
    initial = raw.get("initial")
    if isinstance(initial, dict) and isinstance(initial.get("path"), str) and initial["path"]:
        initial["path"] = str(folder.absolute() / initial["path"])
