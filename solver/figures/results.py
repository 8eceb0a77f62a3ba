"""The figures of a result by name, drawn from results alone, and how they become files.

Every figure is a function that returns a matplotlib Figure and touches no global state.  `FIGURES` has them by the name
`crstream plot --what` knows, `save_figures` writes PNG and PDF.
"""

import functools
from collections.abc import Callable
from typing import Any

from solver.storage import path_of

from . import draw
from .bookkeeping import budget, history
from .coefficients import coefficients
from .heights import kappa, limits, profiles
from .observed import escape, transport
from .spectra import b_to_c, spectrum, speed

FIGURES: dict[str, Callable[..., Any]] = {  # named in solver.folder too, which a run asks what to remove
    "spectrum": spectrum,
    "b_to_c": b_to_c,
    "profiles": profiles,
    "kappa": kappa,
    "limits": limits,
    "speed": speed,
    "budget": budget,
    "history": history,
    "coefficients": coefficients,
    "transport": transport,
    "escape": escape,
}
STANDARD = ("spectrum", "b_to_c", "profiles", "kappa", "history")      # what a run draws without being asked


def available(result):
    """Names of the figures this result has the data for."""
    ds, steps = result.dataset, result.history
    names = list(FIGURES) if "f" in ds else ["kappa", "coefficients"]
    if "boron_to_carbon" not in ds and "b_to_c" in names:
        names.remove("b_to_c")
    if "history" in names and (steps is None or steps.sizes.get("step", 0) < 2):
        names.remove("history")
    return names


def save_figures(result, folder, what=None, data=()):
    """Draw and save the figures named in `what`, by default the STANDARD ones there is data for; returns the paths.

    what: a name or several; "all" means every figure there is data for.  data: Measurements for spectrum and b_to_c.
    ValueError for an unknown name, with the known ones.
    """
    folder, there = path_of(folder), available(result)
    asked = what if isinstance(what, (list, tuple)) else [what]
    standard = [name for name in STANDARD if name in there]
    names = standard if what is None else there if list(asked) == ["all"] else asked
    unknown = [str(name) for name in names if not isinstance(name, str) or name not in FIGURES]
    if unknown:
        raise ValueError(f"unknown figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    if "f" not in result.dataset and (missing := [name for name in names if name not in there]):
        raise ValueError(f"{', '.join(missing)}: nothing was solved; coefficients alone give {', '.join(there)}")
    options: dict[str, dict[str, Any]] = {name: {"data": data} for name in ("spectrum", "b_to_c") if data}
    figures = ((name, FIGURES[name](result, **options.get(name, {}))) for name in names)
    return [path for name, fig in figures for path in draw.save(fig, folder / name)]


class Plotter:
    """The figures of one result as methods: result.plot.spectrum(weight=2.7)."""

    def __init__(self, result):
        self._result = result

    def __getattr__(self, name):
        if name not in FIGURES:
            raise AttributeError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
        return functools.update_wrapper(functools.partial(FIGURES[name], self._result), FIGURES[name])

    def __dir__(self):
        return [*FIGURES, "save"]

    def save(self, folder, what=None):
        return save_figures(self._result, folder, what)
