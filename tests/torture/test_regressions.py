"""Decks on which a solve once failed, each as small as it would go, solved directly from zero and noise and by march."""

import tomllib
from pathlib import Path

import evaluator
import pytest
from random_decks import Case, deck_of
from run_decks import run

import solver

DECKS = {path.stem: path for path in sorted((Path(__file__).parent / "regressions").glob("*.toml"))}
NO_STEADY_STATE = {
    "barrier_of_wind", "carried_back_against_waves", "compression_at_an_interface",
    "compression_under_nonlinear_damping", "fills_for_ever", "heated_at_the_disc", "wind_towards_the_disc",
    "wind_towards_the_disc_with_undamped_waves",
}
WAYS = (("direct", "zero"), ("direct", "noise"), ("march", "zero"))


@pytest.mark.parametrize("name", DECKS)
@pytest.mark.parametrize(("method", "start"), WAYS)
def test_deck_that_once_failed(name, method, start, tmp_path):
    raw = tomllib.loads(DECKS[name].read_text())
    raw["time"] = {"end": "steady", "method": method, "max_steps": 100}
    record = run(Case(name, "", "", method, start, raw, seed=1), tmp_path, limit=10)
    expected = "no steady state" if name in NO_STEADY_STATE else "converged"
    assert record.outcome == expected, f"{record.outcome}: {record.message}"


def test_an_answer_without_the_flux_correction_says_so(tmp_path):
    """Newton fails with it on the deck of seed 50762; the result is of first order in z, says so, and a restart knows it."""
    deck = solver.Deck.from_dict(deck_of(50762).raw)
    result = solver.run(deck, out=tmp_path)
    assert "first order in z" in result.tree.attrs["warnings"]
    assert result.restart["first_order"]
    assert evaluator.findings(result) == []
