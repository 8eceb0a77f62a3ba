"""All shipped problems: found without registration, decks load, solutions are whole on their grids, faults are
sentences.
"""

import numpy as np
import pytest

import problems
from solver.deck import load
from solver.exact import Exact
from solver.model import Model

NAMES = problems.list_problems()
ISSUED = [
    "streaming",
    "linear_damping",
    "nonlinear_landau",
    "combined_damping",
    "turbulent_slab",
    "layered",
    "boron_losses",
    "momentum_loss",
    "barenblatt",
    "extinction",
    "damping_front",
    "slab_transient",
    "manufactured",
    "two_phase",
]


def small(name):
    deck = load(name)
    return deck.replace(
        {"grid.z_cells": min(deck.grid.z_cells, 40), "grid.rigidity_cells": min(deck.grid.rigidity_cells, 20)}
    )


def end_of(deck):
    return None if deck.time.end == "steady" else float(deck.time.end)


def test_every_issued_problem_is_there():
    assert set(ISSUED) <= set(NAMES)
    for name in NAMES:
        assert problems.deck_path(name).is_file()
        assert problems.has_exact(name)


@pytest.mark.parametrize("name", NAMES)
def test_deck_loads_and_the_solution_covers_its_grid(name):
    deck = small(name)
    assert deck.problem == name
    model = Model(deck)
    found = problems.load_exact(name).solution(model, end_of(deck))
    assert isinstance(found, Exact)
    assert found.f.shape == (len(model.names), len(model.grid.z), len(model.grid.R))
    assert np.isfinite(found.f).any()
    assert np.nanmin(found.f) >= 0
    assert found.equation
    assert found.bounds
    assert not found.valid_where.startswith("nowhere")


@pytest.mark.parametrize("name", NAMES)
def test_deck_is_small_enough_to_try_at_once(name):
    deck = load(name)
    assert deck.grid.z_cells * deck.grid.rigidity_cells * len(deck.species) <= (
        40_000 if name != "two_phase" else 200_000
    )


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("two_phase", "stratified", "manufactured")])
def test_outside_its_domain_a_solution_says_so_and_gives_nothing(name):
    change = {
        "streaming": {"physics.adiabatic": False},
        "boron_losses": {"physics.adiabatic": True},
        "linear_damping": {"physics.adiabatic": True},
        "nonlinear_landau": {"disc.losses": "flux"},
        "nonlinear_general": {"physics.causal_limit": True},
        "combined_damping": {"physics.adiabatic": True},
        "layered": {"physics.causal_limit": True},
        "turbulent_slab": {"disc.losses": "flux"},
        "turbulent_galaxy": {"boundary.top": {"type": "outflow"}},
        "slab_transient": {"disc.losses": "catastrophic"},
        "momentum_loss": {"layer.0.losses": []},
        "barenblatt": {"physics.causal_limit": True},
        "extinction": {"boundary.top": {"type": "outflow"}},
        "damping_front": {"physics.adiabatic": True},
        "damping_ramp": {"layer.0.profile": None},
    }[name]
    found = problems.load_exact(name).solution(Model(small(name).replace(change)), end_of(small(name)))
    assert np.isnan(found.f).all()
    assert found.valid_where.startswith("nowhere: needs ")


def test_initial_states_of_decks_that_start_from_the_exact_solution_are_whole():
    for name in NAMES:
        deck = small(name)
        if deck.initial.type == "exact":
            f = problems.load_exact(name).solution(Model(deck), 0.0).f
            assert np.isfinite(f).all(), name


def test_unknown_problem_gets_a_hint():
    with pytest.raises(KeyError, match="did you mean streaming"):
        problems.load_exact("streamin")


def test_deviation_is_relative_to_the_largest_value_along_z():
    exact = Exact(np.array([[[1.0, 0.0], [4.0, 0.0], [np.nan, 0.0]]]), "", "", 1e-3, "")
    f = np.array([[[1.2, 0.0], [4.0, 3.0], [9.0, 0.0]]])
    found = exact.deviation(f)
    assert found[0, 0, 0] == pytest.approx(0.05)
    assert np.isnan(found[0, 2, 0])
    assert found[0, 1, 1] == 1.0
