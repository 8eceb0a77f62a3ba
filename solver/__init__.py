"""crstream: cosmic-ray transport in which diffusion is made by the cosmic rays themselves.

    import solver
    deck = solver.load("two_phase").replace({"grid.z_cells": 200})
    result = solver.run(deck)
    result.dataset; result.compare(); result.plot.spectrum()

Names are imported when first used, so that commands which only read a deck start at once.
"""

from importlib import import_module

_HOMES = {
    "load": "deck", "Deck": "deck", "explain": "deck", "Model": "model", "run": "session", "resume": "session",
    "Result": "result", "open_result": "result", "converge": "study",
    "sweep": "ensemble", "open_sweep": "ensemble",
    "DeckError": "errors", "SolverError": "errors", "ResultError": "errors", "DataError": "errors",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'solver' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
