"""What scripts/bench measures, held to: costs as ratios within one run, never seconds; counts; memory; errors in time.

The bounds leave room for a machine whose other users spoil the caches: half as much again as the goals.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from benchmarks import floor, heating, steps
from benchmarks.measure import fresh, prepare

import solver

ROOM = 1.5


def test_floor_stands_for_the_same_equations():
    """Assembled once more and solved slice after slice, from the solution: the solution, to the solver's tolerance."""
    with np.errstate(all="ignore"):
        system, newton, shape = prepare(floor.galaxy(40, 30))
        out = newton.run(system, np.zeros(shape))
        again = floor.Floor(system).step(out.point.u)
    assert out.converged
    assert np.all(np.abs(again - out.point.u) <= 1e-8 * np.abs(out.point.u).max(-1, keepdims=True))


def test_one_sweep_is_the_inverse_where_momentum_flows_down():
    with np.errstate(all="ignore"):
        system, newton, shape = prepare(floor.galaxy(40, 30))
        out = newton.run(system, np.zeros(shape))
    assert out.krylov == out.iterations


@pytest.mark.slow
def test_newton_step_against_the_floor():
    _, _, krylov, each, least, error = floor.measured(200, 266, 5)
    assert krylov == 1.0
    assert error <= 1e-8
    assert each <= ROOM * floor.GOAL_FLOOR * least


@pytest.mark.slow
def test_cost_per_unknown_stays():
    small, large = floor.measured(100, 133, 5), floor.measured(400, 534, 3)
    assert large[0] > 15 * small[0]
    assert large[3] <= ROOM * floor.GOAL_GROWTH * small[3]
    assert large[1] <= small[1] + 5                                      # Newton steps


@pytest.mark.slow
def test_memory_per_unknown():
    unknowns, each = fresh("benchmarks.floor", "memory", 200, 266)
    assert unknowns > 1e5
    assert each <= floor.GOAL_MEMORY


@pytest.mark.slow
def test_cost_where_momentum_flows_both_ways():
    small, large = (heating.measured(heating.galaxy(*cells, -0.5)) for cells in ((100, 67), (200, 134)))
    assert large[2] <= 30                                                # Krylov iterations of a Newton step
    assert large[3] <= ROOM * heating.GOAL_GROWTH * small[3]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slab_transient", "barenblatt"])
def test_time_error_follows_the_tolerance(name):
    """The largest error at the end is what time.rtol asks, within a factor of three either way but for a coarse tolerance."""
    deck = solver.load(name).replace(steps.DECKS[name])
    finest = solver.run(deck.replace({"time.rtol": 1e-5})).dataset.f.values
    size = np.abs(finest).max(1, keepdims=True)
    for rtol in (1e-3, 3e-4):
        f = solver.run(deck.replace({"time.rtol": rtol})).dataset.f.values
        assert rtol / steps.GOAL <= (np.abs(f - finest) / size).max() <= steps.GOAL * rtol
