"""Random decks from any start: an answer that the evaluator accepts, or the statement that there is none."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from random_decks import CLOSURES, FLOWS, STARTS, TASKS, deck_of, decks
from run_decks import run

import solver
from solver.deck import Deck
from solver.model import Model

EASY = (0, 2, 4, 5, 6, 10, 11, 12, 13, 16, 22)  # a second or less each; every closure, flow, task and start is among them


def test_seeds_are_legal_decks_of_every_class():
    """1,260 seeds in a row would hold every combination once; 140 hold all of closure, flow and task."""
    cases = [deck_of(seed) for seed in range(140)]
    assert {(c.closure, c.flow, c.task) for c in cases} == {(a, b, c) for a in CLOSURES for b in FLOWS for c in TASKS}
    assert {c.start for c in cases} == set(STARTS)
    for case in cases:
        Model(Deck.from_dict(case.raw))


def test_a_seed_gives_the_same_deck_every_time():
    assert deck_of(17) == deck_of(17)
    assert deck_of(17).raw != deck_of(18).raw


@pytest.mark.parametrize("seed", EASY)
def test_random_deck_ends_in_a_verified_answer(seed, tmp_path):
    record = run(deck_of(seed), tmp_path)
    assert record.good, f"{record.outcome}: {record.message}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 2000, 50))
def test_two_thousand_random_decks(first, tmp_path, record_property):
    """All of them end in a verified answer or in the proven statement that there is none; in fifties, to run in parallel."""
    records = [run(deck_of(seed), tmp_path, limit=300) for seed in range(first, first + 50)]
    record_property("solves", [n for record in records for n in record.solves])
    assert [(r.case.name, r.case.label, r.outcome, r.message) for r in records if not r.good] == []


@pytest.mark.slow
@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(case=decks(tasks=("direct",)))
def test_small_decks_of_any_kind(case, tmp_path_factory):
    """The same from hypothesis, which makes a failing deck small by itself."""
    record = run(case, tmp_path_factory.getbasetemp())
    assert record.good, f"{case.label}: {record.outcome}: {record.message}"


# ---- what must not matter --------------------------------------------------------------------------------------------


def f_of(case, **changes):
    return solver.run(solver.Deck.from_dict(case.raw).replace(changes)).dataset.f.values


@pytest.mark.parametrize("seed", [10, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 4, 6, 12, 22))])
def test_march_ends_where_the_direct_solve_does(seed):
    """Stopped where f changes by less than time.steady.change per step while steps grow tenfold: then what is left is less."""
    case = deck_of(seed)
    direct = f_of(case)
    marched = f_of(case, **{"time.method": "march", "time.steady.change": 1e-7})
    assert np.max(np.abs(marched - direct) / np.abs(direct).max(1, keepdims=True).clip(1e-290)) <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 4, 8, 10, 12, 16, 22])
def test_refining_never_makes_it_fail(seed, tmp_path):
    """Twice and four times the heights, twice the rigidities; and no more than half as many iterations again."""
    case = deck_of(seed)
    counts = []
    for heights, rigidities in ((1, 1), (2, 1), (4, 1), (1, 2)):
        raw = copy.deepcopy(case.raw)
        raw["grid"]["z_cells"] *= heights
        raw["grid"]["rigidity_cells"] *= rigidities
        record = run(dataclasses.replace(case, raw=raw), tmp_path)
        assert record.outcome == "converged", f"{heights} × {rigidities}: {record.outcome}: {record.message}"
        counts.append(record.solves[-1])
    assert max(counts) <= 1.5 * counts[0] + 5
