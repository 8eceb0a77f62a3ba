"""Stage steps: work and precision of transients, the error against the tolerance asked for.

The error is that of the time steps alone: against a run on the same grid with a tolerance 20 times below the smallest.
"""

import numpy as np

import solver

from .measure import timed
from .table import Table

DECKS = {
    "slab_transient": {"grid.z_cells": 40, "grid.rigidity_cells": 8},
    "barenblatt": {"grid.z_cells": 80, "grid.rigidity_cells": 4},
    "momentum_loss": {"grid.rigidity_cells": 48},
    "two_phase": {"grid.z_cells": 20, "grid.rigidity_cells": 14, "time.end": "100 Myr"},
    "damping_front": {"grid.z_cells": 20},
}
TOLERANCES = (1e-2, 1e-3, 1e-4)
GOAL = 3.0


def run():
    table = Table("time error of transients, largest at the end, relative to the largest f of a rigidity",
                  ("problem", "time.rtol", "steps", "rejected", "Newton", "CPU s", "error", "error/rtol"))
    for name, changes in DECKS.items():
        deck = solver.load(name).replace(changes)
        finest = solver.run(deck.replace({"time.rtol": TOLERANCES[-1] / 20})).dataset.f.values
        size = np.abs(finest).max(1, keepdims=True)
        for rtol in TOLERANCES:
            seconds, result = timed(solver.run, deck.replace({"time.rtol": rtol}))
            error = float((np.abs(result.dataset.f.values - finest) / size).max())
            counts = result.counts
            table.add(name, f"{rtol:g}", counts["steps"], counts["rejected"], counts["newton"], seconds, error, error / rtol)
    table.notes = [f"goal: error/rtol between 1/{GOAL:g} and {GOAL:g}"]
    yield table
