"""The shipped problems. A problem is a folder with a deck.toml and, where an exact solution is known, an exact.py.

Nothing is registered anywhere: a new folder is a new problem.  exact.py holds formulas of plain numbers and arrays, and
    solution(model, t=None) -> solver.exact.Exact           the formulas on the nodes of a run; t in s for transients
    sources(model, t) -> (disc, bulk)                       optional: what species with source type "problem" receive,
                                                            (species, R) per side of the disc, (species, z, R) per
                                                            volume
    JUDGED = False                                          optional: the formula is shown, it does not judge a run
    initial(model) -> f (species, z, R)                     optional: the start; else solution(model, 0).f

figure.py has FIGURES = {name: function}: figures of the paper, each one function(runs, data) -> solver.reproduction.plate.Plate.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parent


def list_problems() -> tuple[str, ...]:
    """Names of the shipped problems, in alphabetical order."""
    return tuple(sorted(deck.parent.name for deck in FOLDER.glob("*/deck.toml")))


def problem_path(name: str) -> Path:
    """Folder of a shipped problem; KeyError with the nearest names if there is none."""
    names = list_problems()
    if name not in names:
        near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
        raise KeyError(
            f"no problem {name!r}; " + (f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names)}")
        )
    return FOLDER / name


def deck_path(name: str) -> Path:
    """The deck of a shipped problem; KeyError as `problem_path`."""
    return problem_path(name) / "deck.toml"


def has_exact(name: str) -> bool:
    """Does the problem come with an exact solution? KeyError as `problem_path`."""
    return (problem_path(name) / "exact.py").is_file()


def load_exact(name: str) -> ModuleType | None:
    """The problem's exact.py as a module, imported now, or None if it has none; KeyError as `problem_path`."""
    return importlib.import_module(f"problems.{name}.exact") if has_exact(name) else None


def load_figures() -> dict[str, Callable]:
    """Name -> function of every figure of every problem; ValueError where two problems have one of the same name."""
    found: dict[str, Callable] = {}
    for path in sorted(FOLDER.glob("*/figure.py")):
        for name, function in importlib.import_module(f"problems.{path.parent.name}.figure").FIGURES.items():
            if name in found:
                raise ValueError(f"two figures are called {name!r}, in {found[name].__module__} and {function.__module__}")
            found[name] = function
    return found


def load_claims() -> ModuleType | None:
    """The module with evaluate(runs, data=…, progress=…) -> claims of the paper, None where there is none."""
    there = (FOLDER / "paper" / "claims" / "__init__.py").is_file() or (FOLDER / "paper" / "claims.py").is_file()
    return importlib.import_module("problems.paper.claims") if there else None
