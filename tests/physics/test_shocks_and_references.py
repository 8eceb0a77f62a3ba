"""Weak shocks (Sec. 5.1) and the undamped Kolmogorov and Kraichnan references (Fig. 3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import particles
from solver.constants import PC
from solver.physics import fast_mode_rates, phenomenological, shocks
from solver.physics.plasma import Plasma
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import ValidityWarning

ALGEBRA = 1e-12
EXPONENT = 1e-9
WARM = Plasma(6e-6, 0.1, 2e4)
L = 100 * PC
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)


def slope(function, x, step=0.1):
    return (np.log(function(x * np.exp(step))) - np.log(function(x))) / step


# --- shocks ---


def test_row_77_steepening_outpaces_the_weak_cascade():
    k = 1e6 / L
    delta_v = WARM.alfven_speed * fast_mode_rates.fast_mode_amplitude(k, 1.0, L)
    ratio = shocks.steepening_rate(k, delta_v) / fast_mode_rates.cascade_rate(k, WARM, 1.0, L)
    assert ratio == pytest.approx(shocks.steepening_over_cascade(delta_v, WARM.alfven_speed), rel=ALGEBRA)
    assert ratio == pytest.approx(1e6**0.25, rel=1e-9)
    assert ratio > 10


def test_row_77_also_in_the_anisotropic_cascade():
    """Footnote 4: v_ph/(δv sinθ), larger still."""
    assert shocks.steepening_over_cascade(0.1, 1.0, theta=0.2) == pytest.approx(10 / np.sin(0.2), rel=ALGEBRA)
    assert shocks.steepening_rate(3.0, 2.0, theta=0.2) == pytest.approx(6 * np.sin(0.2), rel=ALGEBRA)


def test_row_78_steepened_spectrum():
    """Power per k is δv²/k."""
    assert slope(lambda k: shocks.amplitude(k, 1e6, L) ** 2 / k, 1e4 / L) == pytest.approx(
        -shocks.SPECTRUM, abs=EXPONENT
    )


def test_row_79_shocks_of_the_warm_medium_scatter_above_about_ten_GeV():
    width = shocks.shock_width(WARM, WARM.thermal_speed)
    assert width == pytest.approx(1e13, rel=1e-9)
    limit = shocks.smallest_rigidity(width, WARM.B)
    assert 10 / 3 < limit < 30
    kappa = shocks.kappa([0.9 * limit, 1.1 * limit], 10 * PC, width=width, B=WARM.B)
    assert np.isinf(kappa[0])
    assert np.isfinite(kappa[1])


def test_row_80_shock_scattering_does_not_depend_on_energy():
    kappa = shocks.kappa(np.array([1e3, 1e6]), 10 * PC)
    assert kappa == pytest.approx(3.1e29, rel=0.01)
    assert kappa[1] == pytest.approx(kappa[0], rel=1e-6)


def test_shocks_dissipate_as_fast_as_they_steepen():
    assert shocks.dissipation_rate(2.0, 3.0) == shocks.steepening_rate(2.0, 3.0) == 6.0


def test_shock_scattering_of_nuclei_goes_with_their_speed():
    boron = particles.known("boron")
    ratio = shocks.kappa(1.0, 10 * PC, boron) / shocks.kappa(1.0, 10 * PC)
    assert ratio == pytest.approx(particles.beta(1.0, boron) / particles.beta(1.0), rel=ALGEBRA)


# --- undamped references ---


@pytest.mark.parametrize(("name", "power"), [("kolmogorov", 1 / 3), ("kraichnan", 1 / 2)])
def test_row_45_reference_slopes(name, power):
    kappa = getattr(phenomenological, name)
    assert slope(lambda R: kappa(R, 6e-6, 1.0, L) / particles.beta(R), 10.0) == pytest.approx(power, abs=EXPONENT)


@given(R=st.floats(0.01, 1e6), Ma=st.floats(0.1, 1))
def test_references_are_particle_speed_squared_over_three_nu(R, Ma):
    power = phenomenological.magnetic_power(1 / gyroradius(R, 6e-6), Ma, L, 1.5)
    rate = particles.speed(R) / gyroradius(R, 6e-6) * power
    expected = particles.speed(R) ** 2 / (3 * rate)
    assert phenomenological.kraichnan(R, 6e-6, Ma, L) == pytest.approx(expected, rel=1e-9)


def test_references_meet_at_the_outer_scale():
    R = L / gyroradius(1.0, 6e-6) * (1 - 1e-12)
    expected = particles.speed(R) * L / 3
    for kappa in (phenomenological.kolmogorov, phenomenological.kraichnan):
        assert kappa(R, 6e-6, 1.0, L) == pytest.approx(expected, rel=1e-9)


@given(logs=LOGS)
def test_references_and_shocks_follow_a_change_of_units(other_units, logs):
    reference, wall = phenomenological.kolmogorov(3.0, 6e-6, 0.5, L), shocks.kappa(3.0, 10 * PC)
    with other_units(logs) as scale:
        there = phenomenological.kolmogorov(3.0, scale(6e-6, "field"), 0.5, scale(L, "length"))
        assert there == pytest.approx(scale(reference, "diffusion"), rel=1e-11)
        there = shocks.kappa(3.0, scale(10 * PC, "length"))
        assert there == pytest.approx(scale(wall, "diffusion"), rel=1e-11)


def test_gyroradius_beyond_the_outer_scale_warns():
    with pytest.warns(ValidityWarning, match="no wave of the cascade"):
        phenomenological.kolmogorov(1e10, 6e-6, 1.0, L)


@pytest.mark.parametrize(
    "call",
    [
        lambda: phenomenological.power_law(1.0, 1e-6, 1.0, L, spectrum=2.5),
        lambda: phenomenological.kolmogorov(-1.0, 1e-6, 1.0, L),
        lambda: phenomenological.kraichnan(1.0, 1e-6, 0.0, L),
        lambda: shocks.kappa(1.0, 0.0),
        lambda: shocks.kappa(1.0, L, width=1e13),
        lambda: shocks.shock_width(WARM, np.nan),
    ],
)
def test_nonsense_is_an_error(call):
    with pytest.raises(ValueError, match=r"must|together"):
        call()
