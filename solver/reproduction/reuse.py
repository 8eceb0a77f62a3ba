"""Solved decks kept by their content: the second time the same deck is asked for, its file is read instead.

A file belongs to a deck as long as the resolved deck, the code that solves it and the versions of what it stands on are
the same; anything else in its place (older code, half a file, a damaged one) is solved again and replaced.
"""

import hashlib
import json
import re
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from solver.errors import ResultError
from solver.provenance import package_version

HERE = Path(__file__).resolve().parents[1]  # the package whose text a result depends on
# what only shows results: changes there leave solved decks as they are
SHOWS = ("cli", "compare", "describe", "ensemble", "figures", "measurements", "reproduction", "watch")
STANDS_ON = ("numpy", "scipy", "petsc4py")


class Runs:
    """Results and coefficients of decks, made once and kept in a folder.

    folder: where the files are, made when needed; None keeps everything in memory only.
    progress: called as progress(state, deck, seconds) with state "solving" before, "solved" or "read" after.
    halvings: how often every grid is made half as fine before it is solved, for a quick look and for tests.
    """

    def __init__(self, folder=None, progress=None, halvings=0):
        self.folder, self.progress = None if folder is None else Path(folder), progress or (lambda *_: None)
        self.halvings, self.counts = halvings, {"solved": 0, "read": 0}
        self._known = {}

    def solve(self, deck, *, estimate_error=False):
        """The Result of a deck; with `estimate_error` its spectra carry numerical errors from a grid half as fine.

        deck: a Deck, the name of a shipped problem or a path.  DeckError, SolverError as `solver.run`; a folder that
        cannot be written to is a ResultError.
        """
        from solver.result import open_result
        from solver.session import run

        deck = self.deck(deck)
        kind = "error" if estimate_error else "result"
        return self._get(kind, deck, open_result, lambda: run(deck, estimate_error=estimate_error))

    def coefficients(self, deck):
        """The coefficients of a deck, as `crstream coefficients` writes them; nothing is solved."""
        from solver.result import open_coefficients

        deck = self.deck(deck)
        return self._get("coefficients", deck, open_coefficients, lambda: _coefficients(deck))

    def deck(self, deck):
        """The deck as it is solved here: loaded if it is a name or a path, on a grid `halvings` times half as fine."""
        from solver.deck import load

        deck = load(deck)
        if self.halvings:
            from solver.richardson import coarser

            for _ in range(self.halvings):
                deck = coarser(deck)
        return deck

    def _get(self, kind, deck, read, make):
        content = digest(kind, deck)
        if content in self._known:
            return self._known[content]
        path = None if self.folder is None else self.folder / f"{_label(deck)}-{_short(kind, deck)}.nc"
        start, state = time.monotonic(), "read"
        found = None if path is None else _stored(path, content, read)
        if found is None:
            self.progress("solving", deck, 0.0)
            found, state = make(), "solved"
            if path is not None:
                found.attrs["crstream_content"] = content
                found.write(path)
        self.counts[state] += 1
        self.progress(state, deck, time.monotonic() - start)
        self._known[content] = found
        return found


def digest(kind, deck):
    """What the file of a deck depends on, as one number in hexadecimal."""
    parts = [kind, deck.to_json(), code_digest(SHOWS), *(f"{name} {package_version(name)}" for name in STANDS_ON)]
    if deck.initial.type == "file":
        parts.append(hashlib.sha256(Path(deck.initial.path).read_bytes()).hexdigest())
    if deck.problem:  # one problem's exact.py may use another's
        parts.append(folder_digest(_problem(deck.problem).parent))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def code_digest(without=()):
    """Digest of the text of this package, modules and folders whose names begin with one of `without` left out."""
    return folder_digest(HERE, without)


def folder_digest(folder, without=()):
    """Digest of names and contents of the Python files, decks and styles below a folder."""
    out, folder = hashlib.sha256(), Path(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix in (".py", ".toml", ".mplstyle") and not name.parts[0].startswith(tuple(without) or "\0"):
            out.update(str(name).encode() + b"\0" + path.read_bytes() + b"\0")
    return out.hexdigest()


def _problem(name):
    """Folder of a shipped problem: its exact.py may supply sources and the start."""
    from solver.deck.load import shipped

    return shipped().get(name, HERE / "none")


def _coefficients(deck):
    from solver.model import Model
    from solver.result import build_coefficients

    return build_coefficients(Model(deck))


def _stored(path, content, read):
    """What `read` finds in a file, None unless it is whole and of this content."""
    if not path.is_file():
        return None
    with suppress(ResultError):
        found = read(path)
        if found.attrs.get("crstream_content") == content:
            return found
    return None


def _label(deck):
    name = re.sub(r"[^A-Za-z0-9]+", "_", deck.problem or deck.title or "deck").strip("_").lower()
    return name[:40] or "deck"


def _short(kind, deck):
    """Part of the file's name: the deck alone, so that newer code replaces the file instead of leaving it behind."""
    return hashlib.sha256(f"{kind} {deck.to_json()}".encode()).hexdigest()[:16]
