"""Decks on which a solve once failed, each as small as it would go, solved directly from zero and noise and by march."""

import tomllib
from pathlib import Path

import evaluator
import numpy as np
import pytest
from random_decks import Case, deck_of
from run_decks import run

import solver
from solver.errors import SolverError

DECKS = {path.stem: path for path in sorted((Path(__file__).parent / "regressions").glob("*.toml"))}
NO_STEADY_STATE = {
    "barrier_of_wind", "carried_back_against_waves", "compression_above_undamped_waves", "compression_at_an_interface",
    "compression_under_nonlinear_damping", "fills_for_ever", "heated_at_the_disc", "root_that_hides_below_the_tolerance",
    "wind_towards_the_disc", "wind_towards_the_disc_with_undamped_waves",
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


@pytest.mark.parametrize("seed", [98, 1040258])
def test_the_flux_correction_is_felt_by_and_by_where_it_does_not_come_at_once(seed):
    """From the answer without it in as small steps as need be, or on other paths, to the answer of second order."""
    result = solver.run(solver.Deck.from_dict(deck_of(seed).raw))
    assert not result.restart["first_order"]
    assert evaluator.findings(result) == []


def test_f_stays_positive_where_losses_take_decades_of_it_within_a_cell(tmp_path):
    """Newton steps to f < 0, of which slopes of spectra and the flux correction mean nothing, led away; the first path is enough
    (40 iterations at most, 13 taken), where the second was needed (67).
    """
    record = run(deck_of(2000052), tmp_path)
    assert record.outcome == "converged"
    assert sum(record.solves) < 40


def test_inflow_that_is_let_in_to_first_order_only(tmp_path):
    """On 13 × 5 cells the flux correction leaves no root with more than 0.988 of it, and what is marched grows by itself; without
    the correction, as on finer grids with it, there is a steady state.  The result says so, and a restart knows it.
    """
    result = solver.run(solver.Deck.from_dict(deck_of(1620388).raw), out=tmp_path)
    assert "first order in z" in result.attrs["warnings"]
    assert solver.open_result(tmp_path).restart["first_order"]
    assert evaluator.findings(result) == []


def test_fluxes_of_small_cells_in_time():
    """f falls with height and goes on to; small cells whose fluxes had the wrong sign, 1e-8 of what the row stores, let it rise
    and swing for thousands of steps. It may rise by what a solve may leave undone, a thousandth of the time tolerance.
    """
    deck = solver.Deck.from_dict(deck_of(287).raw).replace({"grid.z_cells": 300, "time.end": "0.5 Myr"})
    f = solver.run(deck).dataset.f.isel(species=0)
    assert (f.diff("z") <= 1e-3 * deck.time.rtol * f.max("z")).all()


@pytest.mark.parametrize("name", ["heated_at_the_disc", "compression_at_an_interface"])
def test_growth_that_no_end_time_can_have_meant(name):
    """In time f grows e-fold after e-fold; that is said long before no number could hold it."""
    raw = tomllib.loads(DECKS[name].read_text())
    raw["time"] = {"end": "1e9 Myr", "rtol": 1e-2}
    with pytest.raises(SolverError, match=r"no steady state, nor an end in sight: .* e-fold every .* s and is \de\+3\d times"):
        solver.run(solver.Deck.from_dict(raw))


@pytest.mark.parametrize("cells", [12, 24, 48])
def test_long_steps_in_which_next_to_nothing_moves_f(cells, tmp_path):
    """Undamped waves at rest hold a start from which nothing enters or leaves; in steps of 1e9 crossing times a mismatch of 1e-7
    of the throughput is a hundred times what is there, and was accepted: f < 0, and no steady state was found.
    """
    case = deck_of(1110581)
    case.raw["grid"]["rigidity_cells"] = cells
    del case.raw["species"]["iron"]
    record = run(case, tmp_path)
    assert record.outcome == "converged", record.message


@pytest.mark.slow
def test_growth_that_only_time_steps_show(tmp_path):
    """Linear damping saturates face after face; Newton on the way to the steady state stops at 0.65 of the inflow, and only
    after 53 steps in time, each hard, does the state tell that it will grow for ever.
    """
    assert run(deck_of(1504538), tmp_path, limit=600).outcome == "no steady state"


@pytest.mark.parametrize(("seed", "outcome"), [(80697, "converged"), (40909, "no steady state")])
def test_what_leaves_and_what_fills_for_decades_of_time(seed, outcome, tmp_path):
    """What began thirty decades too high takes that long to leave; a store of 1e-8 of what passes may fill for ever."""
    assert run(deck_of(seed), tmp_path).outcome == outcome


def test_nuclei_where_protons_are_thirteen_decades_below_their_disc(tmp_path):
    """A wind towards the disc leaves so few protons above that the tolerance does not see them, but nuclei need their slope."""
    assert run(deck_of(6904), tmp_path).outcome == "converged"


def test_a_plateau_whose_flux_no_tangent_excuses(tmp_path):
    """Just flat enough for the tangent of the law to say that the slope is right, where the flux is off by its own size."""
    assert run(deck_of(300254), tmp_path).outcome == "converged"


def test_losses_far_slower_than_the_flow(tmp_path):
    """1e17 crossings until all is lost: the rate that keeps κ finite was felt by the flow, and f fell by a fifth for nothing."""
    assert run(deck_of(300744), tmp_path).outcome == "converged"


def test_an_undershoot_that_deepens_slowly(tmp_path):
    """TR-BDF2 leaves a trace below zero that drifts: 160,000 solves, until backward Euler took over where both agree."""
    record = run(deck_of(200735), tmp_path)
    assert record.outcome == "converged"
    assert len(record.solves) < 2000


def test_an_event_shorter_than_any_step(tmp_path):
    """Where the protons' slope turns under linear damping without flow, iron of two cells mixes in no time at all.

    Followed to its end the event takes some 10,000 iterations and steps fourteen decades below the time.
    """
    case = deck_of(80551)
    case.raw["time"]["end"] = "2e-5 Myr"
    record = run(case, tmp_path)
    assert record.outcome == "converged", record.message
    assert sum(record.solves) < 1000


def test_rows_that_fade_to_nothing_cost_nothing(tmp_path):
    """Protons 39 decades below what they were, after their source was switched off: solving them to that size took minutes."""
    record = run(deck_of(90383), tmp_path)
    assert record.outcome == "converged", record.message
    assert sum(record.solves) < 4000


def test_heights_that_fill_long_after_the_disc_is_steady():
    """Catastrophic losses in the disc take all that is injected, waves at rest let next to nothing pass, and nothing leaves at
    the top: a march ends where a direct solve does, not where storage is small beside what the disc loses."""
    deck = solver.Deck.from_dict(tomllib.loads(DECKS["closed_box_that_fills"].read_text()))
    direct, marched = (solver.run(deck.replace({"time.method": how})).dataset.f.values for how in ("direct", "march"))
    assert (np.abs(marched - direct) <= 1e-6 * direct.max(1, keepdims=True)).all()


@pytest.mark.parametrize("seed", [1508108, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (40908, 960218))])
def test_waves_that_let_go_of_a_rigidity_after_the_other(seed, tmp_path):
    """Heating under linear damping: Newton confines one rigidity more per iteration, and what is flat within it is one face more;
    their fluxes, where κ is 1e18, have to be known to a factorisation."""
    assert run(deck_of(seed), tmp_path).outcome == "converged"
