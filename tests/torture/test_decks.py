"""Random decks from any start: an answer that the evaluator accepts, or the statement that there is none."""

import pytest
from random_decks import CLOSURES, FLOWS, STARTS, TASKS, deck_of
from run_decks import run

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
