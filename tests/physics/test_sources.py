"""Normalisation of the primary sources."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

import solver
from solver.constants import ERG_PER_GEV, KPC, YEAR
from solver.particles import KNOWN, PROTON
from solver.physics import sources

LOGS = st.tuples(*[st.floats(-5, 5)] * 4)
SLOPES = st.floats(4.05, 4.95)


def energy_by_quadrature(slope, nucleus):
    """∫ 4πp² R^(−slope) T dp in ln R, in two pieces that each decay; the tails beyond are smaller than 1e-13."""

    def integrand(x):
        p = nucleus.Z * np.exp(x)
        return 4 * np.pi * nucleus.Z**5 * np.exp((5 - slope) * x) / (np.hypot(p, nucleus.mass) + nucleus.mass)

    low, high = -35 / (5 - slope), 35 / (slope - 4)
    return sum(quad(integrand, *ends, epsabs=0, epsrel=1e-12, limit=400)[0] for ends in ((low, 0), (0, high)))


@given(SLOPES, st.sampled_from(sorted(KNOWN)))
def test_energy_integral_in_closed_form_equals_quadrature(slope, name):
    nucleus = KNOWN[name]
    assert sources.energy_integral(slope, nucleus) == pytest.approx(energy_by_quadrature(slope, nucleus), rel=1e-9)


def test_amplitude_of_one_supernova_of_1e50_erg_per_century():
    amplitude = sources.supernova_amplitude(0.01 / YEAR, 1e50, 4.3, 10 * KPC)
    assert amplitude == pytest.approx(7.51e-5, rel=1e-3)  # printed with three digits in the reference prototype


def test_the_power_of_both_sides_is_rate_times_energy():
    rate, energy, slope, radius = 0.02 / YEAR, 3e49, 4.4, 12 * KPC
    for nucleus in (PROTON, KNOWN["carbon"]):
        Q = sources.supernova_amplitude(rate, energy, slope, radius, nucleus)
        power = 2 * Q * np.pi * radius**2 * energy_by_quadrature(slope, nucleus) * ERG_PER_GEV
        assert power == pytest.approx(rate * energy, rel=1e-9)


@given(LOGS)
def test_amplitude_follows_a_change_of_units(other_units, logs):
    want = sources.supernova_amplitude(3e-10, 1e50, 4.3, 3e22)
    with other_units(logs) as scale:
        got = sources.supernova_amplitude(scale(3e-10, "rate"), scale(1e50, "energy"), 4.3, scale(3e22, "length"))
        assert got == pytest.approx(scale(want, "flux"), rel=1e-12)


def test_a_power_law_has_its_slope_and_its_amplitude_at_1_GV():
    R = np.geomspace(0.1, 1e6, 8)
    Q = sources.power_law(R, 7.5e-5, 4.3)
    np.testing.assert_allclose(np.diff(np.log(Q)) / np.diff(np.log(R)), -4.3, rtol=1e-12)
    assert sources.power_law(1.0, 7.5e-5, 4.3) == 7.5e-5


@pytest.mark.parametrize("slope", [4.0, 5.0, 3.9, 5.1, float("nan")])
def test_a_slope_with_infinite_energy_is_refused(slope):
    with pytest.raises(ValueError, match="slope must be between 4 and 5"):
        sources.supernova_amplitude(3e-10, 1e50, slope, 3e22)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["rate", "energy", "radius"])
def test_an_impossible_supernova_is_refused_by_name(key, bad):
    with pytest.raises(ValueError, match=f"^{key} must"):
        sources.supernova_amplitude(**{"rate": 3e-10, "energy": 1e50, "slope": 4.3, "radius": 3e22, key: bad})


def test_a_table_may_reach_beyond_all_physics():
    """Its rigidities come from a deck that has checked them; a child of such a source has its slope."""
    deck = solver.load("two_phase").replace({
        "grid.z_cells": 8, "grid.rigidity_cells": 4,
        "species.carbon.source": {"type": "table", "rigidity": ["0.1 GV", "1e90 GV"],
                                  "Q": ["1e-9 cm-2 s-1 GeV-3", "1e-13 cm-2 s-1 GeV-3"]}})  # fmt: skip
    assert np.isfinite(solver.Model(deck).transport_problem().slope).all()
