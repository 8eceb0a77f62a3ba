"""What a stored state must be so that a march can go on from it: whole, of the grid its deck makes, and of that deck."""

import hashlib
import json

import numpy as np

from .constants import KPC
from .errors import ResultError
from .labels import HISTORY

COUNTS = ("steps", "rejected", "newton", "krylov")
FREE = ("time", "output")  # sections of a deck that may change while going on


def deck_digest(deck):
    """A name for all of a deck (as plain data) that its stored state depends on."""
    fixed = {name: value for name, value in deck.items() if name not in FREE}
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:16]


def checked_restart(result, model):
    """The restart data of a stored result, once it is known to be complete and to fit the model made from its deck.

    Raises ResultError with the reason otherwise: numbers missing, of the wrong shape or not finite, another grid, a deck
    that was changed after the state had been stored.
    """
    data = result.restart
    where, ds, grid = result.path or "this result", result.dataset, model.grid
    if data.get("deck") != deck_digest(json.loads(result.attrs["deck"])):
        raise ResultError(f"{where}: its state does not fit its deck, which was changed since; run the deck again")
    same = (list(ds.species.values) == list(model.names) and _equal(ds.rigidity.values, grid.R)
            and _equal(ds.z.values * KPC, grid.z))
    if not same:
        raise ResultError(f"{where}: its state does not fit its deck: other species, heights or rigidities")
    rows = (len(model.names), len(grid.R))
    nodes = len(grid.z) - (model.top is not None)
    shapes = {"V": rows, "F": rows, "u": (*rows, nodes), "rate": (*rows, nodes), "a": (rows[1], None), "q": (rows[1], None)}
    for name, shape in shapes.items():
        if name in ("V", "F", "u") or name in data:
            _array(where, name, data.get(name), shape)
    counts = data.get("counts")
    if not isinstance(counts, dict) or not all(isinstance(counts.get(name), int) for name in COUNTS):
        raise _incomplete(where, "counts")
    for name in ("t", "dt", "peak"):
        value = data.get(name)
        free = name == "dt" and value is None
        if not free and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0):
            raise _incomplete(where, name)
    for name in HISTORY if counts["steps"] else ():
        if np.shape(data.get(f"history_{name}"))[:1] != (counts["steps"],):
            raise _incomplete(where, f"history of {name}")
    return data


def _equal(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=0)


def _array(where, name, value, shape):
    fits = (isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == len(shape)
            and all(want is None or have == want for have, want in zip(value.shape, shape, strict=True)))
    if not fits or not np.isfinite(value).all():
        raise _incomplete(where, name)


def _incomplete(where, name):
    return ResultError(f"{where}: its restart data is damaged ({name})")
