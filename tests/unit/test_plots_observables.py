"""Figures of transport and escape for every kind of deck, and shares of power that make one."""

import numpy as np
import pytest

import solver
from solver import observables
from solver.figures import observed

DECKS = ("two_phase", "turbulent_galaxy", "linear_damping", "boron_losses", "combined_damping", "streaming")


@pytest.fixture(scope="module")
def solved():
    """name -> a quickly solved result of a shipped steady deck."""
    known = {}

    def get(name):
        if name not in known:
            deck = solver.load(name)
            changes = {
                "grid.z_cells": min(deck.grid.z_cells, 16),
                "grid.rigidity_cells": min(deck.grid.rigidity_cells, 24),
            }
            known[name] = solver.run(deck.replace(changes | {"time.method": "direct"}))
        return known[name]

    return get


@pytest.mark.parametrize("name", DECKS)
def test_figures_can_be_drawn(solved, name):
    result = solved(name)
    for draw in (observed.transport, observed.escape):
        figure = draw(result)
        figure.draw_without_rendering()


@pytest.mark.parametrize("name", DECKS)
def test_shares_of_power_add_up_and_none_is_negative(solved, name):
    shares = observables.power_shares(solved(name).dataset)
    given = np.isfinite(shares.values).all(axis=0)
    assert shares.values[:, given].sum(axis=0) == pytest.approx(1.0)
    if name != "streaming":  # f is given at the top, power enters there
        # second order in Δ ln p, which is up to 0.6 here: a tenth
        assert shares.values[:, given].min() > -0.1
