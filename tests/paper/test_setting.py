"""What claims are computed from: choices act on decks and formulas alike; numbers from functions and solutions."""

import numpy as np
import pytest

from problems.paper.claims.setting import CHOICES, DEFAULTS, Setting, Spectrum, alternatives, slope_of
from problems.paper.claims.two_phase import Formulas
from solver.model import Model

ROUNDING = 1e-12
FOUND = [("as chosen", DEFAULTS), *alternatives(CHOICES)]


@pytest.mark.parametrize("choices", [c for _, c in FOUND], ids=[name for name, _ in FOUND])
def test_formulas_and_decks_stand_on_the_same_inputs(choices):
    """Q, X and κ of the warm layer under every free choice, once by formula and once in the solved deck's model."""
    setting = Setting(choices=choices)
    coarse = {"grid.z_cells": 8, "grid.rigidity_cells": 9, "physics.causal_limit": False}
    model = Model(setting.deck("two_phase", coarse))
    formulas = Formulas(setting, np.asarray(model.grid.R))
    proton, warm, halo = model.names.index("proton"), 0, -1
    assert model.Q[proton] == pytest.approx(formulas.Q, rel=ROUNDING)
    assert model.X[halo] == pytest.approx(formulas.X, rel=ROUNDING)
    assert model.v[halo] == pytest.approx(formulas.v, rel=ROUNDING)
    # two tables of κ, each to 1e-4
    assert model.kappa_extrinsic[proton, warm] == pytest.approx(formulas.kappa, rel=2e-4)


def test_choices_change_what_they_name_and_nothing_else():
    plain = Setting()
    half = plain.with_choices(CHOICES["source area"]["half the source area"])
    weaker = plain.with_choices(CHOICES["X"]["X/√3 (κ = v²/3ν)"])
    longer = plain.with_choices(CHOICES["mean free path"]["l_mfp = v_th τ_i"])
    hot = plain.plasma("two_phase", "halo")
    assert half.source("two_phase", 3.0) == pytest.approx(2 * plain.source("two_phase", 3.0), rel=ROUNDING)
    assert weaker.X(hot, 3.0) ** 2 == pytest.approx(plain.X(hot, 3.0) ** 2 / 3, rel=ROUNDING)
    warm = plain.plasma("two_phase", "warm")
    assert longer.plasma("two_phase", "warm").mean_free_path > 2 * warm.mean_free_path
    assert longer.plasma("two_phase", "warm").beta == warm.beta
    assert plain.deck("two_phase").to_json() != half.deck("two_phase").to_json()


def test_a_setting_under_other_choices_is_made_once():
    plain = Setting()
    other = CHOICES["X"]["X/√3 (κ = v²/3ν)"]
    assert plain.with_choices(other) is plain.with_choices(other)
    assert plain.once(Formulas) is plain.once(Formulas)


def test_a_deck_with_layers_of_its_own_gets_the_choices_too():
    weaker = Setting(choices=CHOICES["X"]["X/√3 (κ = v²/3ν)"])
    deck = weaker.deck("nonlinear_landau", {"layer.halo.damping": [{"type": "pressure_anisotropy", "prefactor": 2.0}]})
    assert deck.layer[0].damping[0].prefactor == pytest.approx(2 / 3)


def test_slopes_of_functions_and_of_tables():
    assert slope_of(lambda x: x**-3.5, 10.0) == pytest.approx(-3.5, abs=1e-9)
    R = np.geomspace(0.1, 1e4, 81)
    spectrum = Spectrum(R, R**-4.3 / (1 + R / 30))
    # cubic spline, 16 points a decade: (Δ ln R)^4 of the curvature of the bend
    assert spectrum.slope(30.0) == pytest.approx(-4.8, abs=1e-4)
    assert spectrum(3.3) == pytest.approx(3.3**-4.3 / 1.11, rel=1e-5)


def test_crossings_first_last_and_none():
    R = np.geomspace(1, 1e3, 200)
    hill = Spectrum(R, 4 * np.exp(-(np.log(R / 30) ** 2)))
    low, high = 30 * np.exp(-np.sqrt(np.log(4))), 30 * np.exp(np.sqrt(np.log(4)))
    # linear between logarithms of neighbours: their distance squared
    assert hill.crossing(1.0) == pytest.approx(low, rel=3e-3)
    assert hill.crossing(1.0, last=True) == pytest.approx(high, rel=3e-3)
    assert np.isnan(hill.crossing(5.0))


def test_values_that_are_not_positive_are_left_out():
    spectrum = Spectrum([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, np.nan, 0.0, 5.0])
    assert list(spectrum.R) == [1.0, 2.0, 5.0]
