"""The fiducial Galaxy (Sec. 4.2): the preset, and the paper's formulas on it."""

import numpy as np
import pytest

import problems
from problems.layered.exact import layer_dominates, layers_of
from solver.constants import KPC
from solver.deck import load
from solver.model import Model

SMALL = {"grid.z_cells": 80, "grid.rigidity_cells": 70}


@pytest.fixture(scope="module")
def model():
    return Model(load("two_phase").replace(SMALL))


@pytest.fixture(scope="module")
def shown(model):
    return problems.load_exact("two_phase").solution(model)


def test_row_65_deck_is_the_fiducial_model(model):
    deck = load("two_phase")
    warm, halo = deck.layer
    assert (halo.plasma.n.text, halo.plasma.T.text, halo.plasma.B.text) == ("0.003 cm-3", "3e6 K", "1 uG")
    assert (warm.plasma.n.text, warm.plasma.T.text, warm.plasma.B.text) == ("0.2 cm-3", "1e4 K", "6 uG")
    assert (warm.top.text, halo.top.text, deck.disc.half_thickness.text) == ("500 pc", "10 kpc", "200 pc")
    assert (deck.grid.z_cells, deck.grid.rigidity_cells) == (400, 140)
    assert model.v[-1] == pytest.approx(39.8e5, abs=0.05e5)


def test_formulas_are_shown_not_judged(shown):
    assert shown.tolerance is None


def test_rows_67_and_68_halo_sets_boron_to_carbon_below_100_GV_and_the_layer_above_some_hundred(model, shown):
    z_W = layers_of(model)[0]
    at, b, c = int(np.argmin(abs(model.grid.z - z_W))), model.names.index("boron"), model.names.index("carbon")
    assert z_W == pytest.approx(0.5 * KPC)
    total, halo = shown.f[b, 0] / shown.f[c, 0], shown.f[b, at] / shown.f[c, 0]
    R = model.grid.R
    assert np.all((halo > total / 2)[(R > 5) & (R < 50)])
    assert np.all((halo < total / 2)[R > 1000])


def test_row_73_protons_change_from_halo_to_layer_between_100_and_1000_GV(model, shown):
    z_W, p = layers_of(model)[0], model.names.index("proton")
    at = int(np.argmin(abs(model.grid.z - z_W)))
    dominates = layer_dominates(model.Q[p], model.kappa_extrinsic[p, 0], z_W, shown.f[p, at])
    R = model.grid.R[model.grid.R > 3]  # below, κ ∝ β makes the layer thick again
    assert 50 < R[np.argmax(dominates[-len(R) :])] < 1000


def test_nuclei_are_given_above_1_GeV_per_nucleon_protons_everywhere(model, shown):
    R = model.grid.R
    c, p = model.names.index("carbon"), model.names.index("proton")
    given = np.isfinite(shown.f[c, 0])
    assert R[given].min() == pytest.approx(3.384, rel=model.grid.dx + 0.01)
    assert np.isfinite(shown.f[p]).all()


def test_row_99_proton_losses_flatten_the_spectrum_below_1_GV(model, shown):
    R, f = model.grid.R, shown.f[model.names.index("proton"), 0]
    slope = np.diff(np.log(f)) / np.diff(np.log(R))
    assert np.all(slope[R[:-1] < 0.12] > -1.6)
    assert np.all(slope[(R[:-1] > 5) & (R[:-1] < 20)] < -4)
