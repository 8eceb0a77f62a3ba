"""Stage heating: cost where the flow slows down with height, so that momentum flows up here and down there.

Then no order of rigidities makes the equations triangular, and every Newton step takes GMRES with a sweep down and one up
as preconditioner.  Compared with the same deck without the slowing down.
"""

import numpy as np

import solver

from .floor import steps_of
from .measure import median, prepare, timed
from .table import Table

SIZES = ((50, 33), (100, 67), (200, 134), (400, 267))
GOAL_GROWTH = 1.3


def galaxy(cells, rigidities, falling):
    """The two-phase Galaxy; `falling`: v_A ∝ z^falling above 1 kpc."""
    tables = solver.load("two_phase").to_dict()
    tables["layer"][1]["profile"] = {"z0": "1 kpc", "v": falling}
    tables["grid"] |= {"z_cells": cells, "rigidity_cells": rigidities}
    return solver.Deck.from_dict(tables)


def measured(deck, repeats=3):
    """(unknowns, Newton steps, Krylov iterations per step, ns per unknown and step)."""
    times = []
    for _ in range(repeats):
        system, newton, shape = prepare(deck)
        counted = steps_of(system)
        seconds, out = timed(newton.run, system, np.zeros(shape))
        if not out.converged:
            raise SystemExit(f"benchmark did not converge: {out.message}")
        times.append(seconds)
    each = median(times) / (np.prod(shape[1:]) * sum(counted)) * 1e9
    return int(np.prod(shape)), out.iterations, out.krylov / out.iterations, each


def run():
    table = Table("two-phase Galaxy with v_A ∝ z^−0.5 above 1 kpc: momentum flows both ways (v_A constant: downwards only)",
                  ("unknowns", "Newton", "Krylov per step", "ns per unknown and step", "growth", "downwards only", "ratio"))
    smallest = None
    for cells, rigidities in SIZES:
        unknowns, newton, krylov, each = measured(galaxy(cells, rigidities, -0.5))
        one_way = measured(galaxy(cells, rigidities, 0.0))[-1]
        smallest = smallest or each
        table.add(f"{unknowns:,}", newton, krylov, each, each / smallest, one_way, each / one_way)
    table.notes = [f"goal: linear in the unknowns, that is growth at most {GOAL_GROWTH:g}"]
    yield table
