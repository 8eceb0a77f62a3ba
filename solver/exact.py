"""What a problem's `exact.py` hands over:
the exact solution on the grid, where it holds, and how close a run must come.
"""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass

import numpy as np

from .errors import DeckError, Fault


@dataclass(frozen=True)
class Exact:
    """An exact solution on the nodes of a run.

    f (species, z, rigidity) in cm⁻³ GeV⁻³, NaN where the solution is not given or not valid; `equation` names the
    formula, `valid_where` its domain.  `tolerance` bounds what `bounds` says in words (always a deviation divided by
    the largest |f| over z at that species and rigidity); None: a reference that is shown, not judged.
    """

    f: np.ndarray
    equation: str
    valid_where: str
    tolerance: float | None
    bounds: str

    def deviation(self, f: np.ndarray) -> np.ndarray:
        """|f − exact| over the largest |exact| along z of each species and rigidity; NaN where exact is. Shape of f.

        Where exact is zero at every z the deviation is measured against the largest |f| instead (0 if that is zero
        too).
        """
        given = np.isfinite(self.f)
        difference = np.abs(np.where(given, np.asarray(f) - self.f, 0.0))
        scale = np.max(np.where(given, np.abs(self.f), 0.0), axis=1, keepdims=True)
        scale = np.where(scale > 0, scale, np.max(np.where(given, np.abs(f), 0.0), axis=1, keepdims=True))
        return np.where(given, difference / np.where(scale > 0, scale, 1.0), np.nan)


def module_of(problem: str | None):
    """exact.py of a shipped problem as a module; None where it has none, or is not a problem of this installation.

    DeckError where it cannot be imported.
    """
    problems = importlib.import_module("problems")
    try:
        return problems.load_exact(problem) if problem else None
    except Exception as error:  # whoever adds a problem makes mistakes in it
        if isinstance(error, KeyError) and problem not in problems.list_problems():
            return None
        raise DeckError([Fault(f"problems/{problem}/exact.py", "", *told(error))]) from error


def judged(problem):
    """Does the problem have an exact solution with a tolerance, and not just a formula to be shown beside a run?"""
    return module_of(problem) is not None and not approximate(problem)


def approximate(problem):
    """Is what the problem is shown beside an approximation, no exact solution?"""
    return not getattr(module_of(problem), "JUDGED", True)


def exact_name(exact):
    """What legends and tables call it: a solution without tolerance is an approximation shown beside."""
    return "reference" if exact.tolerance is None else "exact"


def told(error):
    """What an error in a module of a problem says, and where it was."""
    line = getattr(error, "lineno", None) or traceback.extract_tb(error.__traceback__)[-1].lineno
    return f"{type(error).__name__}: {getattr(error, 'msg', error)}", f"see line {line}"
