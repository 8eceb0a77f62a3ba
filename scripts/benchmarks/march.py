"""Stage march: the steady state by time steps against the direct solve."""

import numpy as np

import solver

from .measure import timed
from .table import Table


def run():
    table = Table("two-phase Galaxy to its steady state", ("way", "CPU s", "steps", "Newton", "largest difference"))
    deck = solver.load("two_phase")
    seconds, direct = timed(solver.run, deck.replace({"time.method": "direct"}))
    f = direct.dataset.f.values
    table.add("direct", seconds, direct.counts["steps"], direct.counts["newton"], 0.0)
    for growth in (10.0, 3.0):
        seconds, stepped = timed(solver.run, deck.replace({"time.growth": growth}))
        difference = np.abs(stepped.dataset.f.values - f) / np.abs(f).max(1, keepdims=True)
        table.add(f"steps that grow {growth:g}-fold", seconds, stepped.counts["steps"], stepped.counts["newton"],
                  float(difference.max()))
    table.notes = ["differences relative to the largest f of a rigidity; they may be the steady_change of the deck, 1e-6"]
    yield table
