"""Rates and angles of the fast-mode cascade, isotropic (Sec. 3, App. A) and anisotropic (Sec. 5.2)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from solver.constants import ELECTRON_MASS, PC, PROTON_MASS
from solver.physics import anisotropic as an
from solver.physics import fast_mode_rates as rates
from solver.physics.plasma import Plasma
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import ValidityWarning

EXPONENT = 1e-9  # a difference of logarithms of exact powers
ALGEBRA = 1e-12
SMALL_ANGLE = 1e-3  # rad: sin and cos differ from their limits by 1e-6
LIMIT = 3e-6
FIT = 5e-5  # stated accuracy of the power-law segments
WARM = Plasma(6e-6, 0.1, 2e4)
HALO = Plasma(6e-6, 0.001, 2e6)
L = 100 * PC
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)
ANGLES = st.floats(1e-3, np.pi / 2 - 1e-3)
WAVENUMBERS = st.floats(0, 9).map(lambda u: 10**u / L)


def slope(function, x, step=0.1):
    return (np.log(function(x * np.exp(step))) - np.log(function(x))) / step


# --- rows of the paper's numbers ---


def test_row_32_mean_free_path_of_the_warm_medium_is_about_1e13_cm():
    assert WARM.mean_free_path == pytest.approx(1e13, rel=ALGEBRA)


def test_row_33_mean_free_path_is_comparable_to_the_gyroradius_at_ten_GV():
    assert gyroradius(10.0, 6e-6) == pytest.approx(5.56e12, rel=1e-3)
    assert 0.3 < gyroradius(10.0, 6e-6) / WARM.mean_free_path < 3


def test_row_34_cascade_rate_goes_as_the_root_of_k():
    assert slope(lambda k: rates.cascade_rate(k, WARM, 0.6, L), 1e5 / L) == pytest.approx(0.5, abs=EXPONENT)
    assert rates.cascade_rate(1 / L, WARM, 1.0, L) == pytest.approx(WARM.alfven_speed / L, rel=ALGEBRA)


def test_row_34_cascade_rate_is_k_dv_squared_over_the_phase_speed():
    k = 1e4 / L
    speed = WARM.alfven_speed * rates.fast_mode_amplitude(k, 0.6, L)
    assert rates.cascade_rate(k, WARM, 0.6, L) == pytest.approx(k * speed**2 / WARM.alfven_speed, rel=ALGEBRA)


def test_row_35_viscous_damping_goes_as_k_squared_theta_squared():
    rate = rates.viscous_damping_rate(1e5 / L, SMALL_ANGLE, WARM)
    assert rate == pytest.approx(WARM.viscosity * (1e5 / L) ** 2 * SMALL_ANGLE**2 / 6, rel=LIMIT)
    assert slope(lambda k: rates.viscous_damping_rate(k, 0.3, WARM), 1e5 / L) == pytest.approx(2, abs=EXPONENT)


def test_row_36_collisionless_damping_goes_as_k_theta_squared_with_both_terms_of_A6():
    beta, root = HALO.beta, np.sqrt(ELECTRON_MASS / PROTON_MASS)
    # note b: sqrt(pi beta), not sqrt(pi) beta; the ion term stays, and the electrons' exponential is not quite 1
    bracket = root * np.exp(-(root**2) / beta) + 5 * np.exp(-1 / beta)
    expected = np.sqrt(np.pi * beta) / 4 * SMALL_ANGLE**2 * bracket * (1e9 / L) * HALO.alfven_speed
    assert rates.collisionless_damping_rate(1e9 / L, SMALL_ANGLE, HALO) == pytest.approx(expected, rel=20 * LIMIT)
    assert slope(lambda k: rates.collisionless_damping_rate(k, 0.3, HALO), 1e9 / L) == pytest.approx(1, abs=EXPONENT)


def test_row_36_equation_26_is_the_limit_where_the_ion_term_vanishes():
    cold = Plasma(6e-6, 0.001, 2e5)  # beta = 0.02: 5 exp(-1/beta) = 1e-21
    expected = np.sqrt(np.pi * cold.beta * ELECTRON_MASS / PROTON_MASS) / 4 * SMALL_ANGLE**2 * cold.alfven_speed
    electrons = np.exp(-ELECTRON_MASS / PROTON_MASS / cold.beta)
    got = rates.collisionless_damping_rate(1.0, SMALL_ANGLE, cold)
    assert got == pytest.approx(expected * electrons, rel=1e-4)  # 1/cos and cos² in the exponential


def test_row_37_wandering_of_parallel_modes_goes_as_k_to_minus_a_quarter():
    k = 1e6 / L
    assert rates.wandering_angle(k, 0.0, 0.7, L) == pytest.approx((0.7**2 * 1e3) ** -0.5, rel=ALGEBRA)
    assert slope(lambda k: rates.wandering_angle(k, 0.0, 0.7, L), k) == pytest.approx(-0.25, abs=EXPONENT)


def test_row_38_derived_numbers_of_the_figure_3_presets():
    assert WARM.beta == pytest.approx(0.193, abs=5e-4)
    assert HALO.beta == pytest.approx(0.193, abs=5e-4)
    assert WARM.alfven_speed == pytest.approx(41.4e5, rel=2e-3)
    assert HALO.alfven_speed == pytest.approx(414e5, rel=2e-3)


def test_row_81_compressive_part_of_low_beta_modes():
    assert an.compressive_fraction(0.3, 0.2) == pytest.approx(0.2 * np.sin(0.3) * np.cos(0.3), rel=ALGEBRA)


def test_row_82_anisotropic_amplitude_cascade_and_spectrum():
    k, theta = 1e7 / L, 0.4
    assert slope(lambda k: an.amplitude(k, theta, 0.8, L), k) == pytest.approx(-0.25, abs=EXPONENT)
    assert slope(lambda a: an.amplitude(k, np.arcsin(a), 0.8, L), 0.3) == pytest.approx(-0.5, abs=EXPONENT)
    speed = WARM.alfven_speed * an.amplitude(k, theta, 0.8, L)
    eq_36 = k * speed**2 / WARM.alfven_speed * np.sin(theta) ** 2
    assert an.cascade_rate(k, theta, WARM, 0.8, L) == pytest.approx(eq_36, rel=ALGEBRA)
    assert an.spectrum_factor(k, theta, 0.8, L) == pytest.approx(1 / np.sin(theta), rel=ALGEBRA)


def test_row_82_spectrum_stays_finite_for_parallel_modes():
    k = 1e7 / L
    parallel = an.spectrum_factor(k, np.array([1e-6, 1e-3]), 1.0, L)
    assert parallel == pytest.approx(1 / np.sin(an.theta_min(k, 1.0, L)), rel=ALGEBRA)


def test_row_83_anisotropic_wandering():
    k, theta = 1e7 / L, 0.4
    assert an.wandering_angle(k, theta, 0.8, L) == pytest.approx(
        (0.8**2 * np.sqrt(1e7) * np.sin(theta)) ** -0.5, rel=ALGEBRA
    )


@pytest.mark.parametrize(("wandering", "power"), [("alfvenic", -1 / 6), ("fast modes", -1 / 14)])
def test_row_84_smallest_angle_is_its_own_spread(wandering, power):
    for x in (3.0, 1e3, 1e9):
        theta = an.theta_min(x, 1.0, 1.0, wandering)
        assert an.wandering_angle(x, theta, 1.0, 1.0, wandering) == pytest.approx(theta, rel=ALGEBRA)
    assert slope(lambda x: an.theta_min(x, 1.0, 1.0, wandering), 1e60) == pytest.approx(power, abs=1e-6)


def test_row_84_small_angle_form():
    assert an.theta_min(1e24, 0.7, 1.0) == pytest.approx((0.7**2 * 1e12) ** (-1 / 3), rel=1e-7)


def test_row_88_wandering_by_fast_modes_themselves():
    k = 1e6 / L
    assert slope(lambda k: rates.wandering_angle_fast_modes(k, 0.5, L), k) == pytest.approx(-0.125, abs=EXPONENT)
    assert rates.wandering_angle_fast_modes(k, 0.5, L) == pytest.approx((0.5**2 / 1e3) ** 0.25, rel=ALGEBRA)
    expected = (0.5**2 / (1e3 * np.sin(0.6) ** 3)) ** 0.25
    assert an.wandering_angle(k, 0.6, 0.5, L, "fast modes") == pytest.approx(expected, rel=ALGEBRA)


def test_row_88_fast_modes_wander_field_lines_more_at_high_k():
    x = np.array([1e2, 1e8])
    ratio = rates.wandering_angle_fast_modes(x, 1.0, 1.0) / rates.wandering_angle(x, 0.0, 1.0, 1.0)
    assert np.all(ratio > 1)
    assert ratio[1] > ratio[0]


@given(theta=ANGLES, k=WAVENUMBERS, Ma=st.floats(0.1, 1))
def test_row_95_general_wandering_exceeds_no_bound_and_tends_to_equation_27(theta, k, Ma):
    q = 1 / (Ma**2 * np.sqrt(k * L))
    expected = np.sqrt(np.cos(theta) * q + (np.sin(theta) * q) ** (2 / 3))
    assert rates.wandering_angle(k, theta, Ma, L) == pytest.approx(min(expected, np.pi / 2), rel=ALGEBRA)
    assert rates.wandering_angle(k, 0.0, Ma, L) == pytest.approx(min(np.sqrt(q), np.pi / 2), rel=ALGEBRA)


def test_row_96_one_damping_at_a_time():
    k_parallel = rates.transition_wavenumber(WARM)
    assert k_parallel * WARM.mean_free_path * WARM.alfven_speed / WARM.thermal_speed == pytest.approx(1, rel=ALGEBRA)
    theta = 0.7
    for factor, rate in ((0.99, rates.viscous_damping_rate), (1.01, rates.collisionless_damping_rate)):
        k = factor * k_parallel / np.cos(theta)
        assert rates.damping_rate(k, theta, WARM) == rate(k, theta, WARM)


# --- angular factor, segments ---


def test_angle_factor_is_even_periodic_and_vanishes_at_right_angles():
    theta = np.array([0.1, 0.7, 1.4])
    factor = rates.collisionless_angle_factor(theta, 0.2)
    assert rates.collisionless_angle_factor(-theta, 0.2) == pytest.approx(factor, rel=ALGEBRA)
    assert rates.collisionless_angle_factor(np.pi - theta, 0.2) == pytest.approx(factor, rel=1e-11)
    assert rates.collisionless_angle_factor(np.pi / 2, 0.2) == 0
    assert np.isfinite(quad(rates.collisionless_angle_factor, 0, np.pi / 2, args=(0.2,), limit=200)[0])


@pytest.mark.parametrize("wandering", ["alfvenic", "fast modes", "both"])
@pytest.mark.parametrize("Ma", [1.0, 0.6, 0.25])
def test_power_law_segments_reproduce_the_spectrum_of_unresolved_angles(wandering, Ma):
    segments = an.spectrum_segments(Ma, 1e12, wandering)
    assert segments[0][0] == 1
    assert segments[-1][1] == 1e12
    for (low, high, powers, factors), following in zip(segments, [*segments[1:], None], strict=True):
        x = np.geomspace(low * (1 + 1e-9), high * (1 - 1e-9), 97)
        fit = sum(factor * x**power for power, factor in zip(powers, factors, strict=True))
        assert fit * np.sin(an.theta_min(x, Ma, 1.0, wandering)) == pytest.approx(1, abs=FIT)
        assert following is None or following[0] == high


@given(theta=ANGLES, Ma=st.floats(0.1, 1), Ma_alfven=st.floats(0.1, 3))
def test_wavenumber_where_an_angle_becomes_well_defined_inverts_theta_min(theta, Ma, Ma_alfven):
    for wandering in ("alfvenic", "fast modes", "both"):
        x = an.x_of_theta_min(theta, Ma, wandering, Ma_alfven)
        assert an.theta_min(x, Ma, 1.0, wandering, Ma_alfven) == pytest.approx(theta, rel=1e-10)


def test_stronger_alfvenic_turbulence_bends_field_lines_more():
    factor = an.alfvenic_factor(np.array([0.1, 0.5, 1.0, 2.0, 10.0]))
    assert np.all(np.diff(factor) > 0)
    assert factor[2] == 1
    angle = [an.wandering_angle(1e6, 0.5, 0.5, 1.0, Ma_alfven=Ma) for Ma in (0.5, 1.0, 2.0)]
    assert angle[0] < angle[1] < angle[2]


# --- units, broadcasting, faults ---


@given(logs=LOGS, theta=ANGLES)
def test_rates_follow_a_change_of_units(other_units, logs, theta):
    plasma, k = Plasma(6e-6, 0.1, 2e4, 1e13), 1e6 / L
    functions = {
        "cascade": lambda p, k, L: rates.cascade_rate(k, p, 0.5, L),
        "viscous": lambda p, k, L: rates.viscous_damping_rate(k, theta, p),
        "collisionless": lambda p, k, L: rates.collisionless_damping_rate(k, theta, p),
        "anisotropic": lambda p, k, L: an.cascade_rate(k, theta, p, 0.5, L),
    }
    here = {name: function(plasma, k, L) for name, function in functions.items()}
    wavenumber = rates.transition_wavenumber(plasma)
    with other_units(logs) as scale:
        scaled = Plasma(
            scale(plasma.B, "field"), scale(plasma.n, "density"), scale(plasma.T, "temperature"), scale(1e13, "length")
        )
        for name, function in functions.items():
            there = function(scaled, scale(k, "wavenumber"), scale(L, "length"))
            assert there == pytest.approx(scale(here[name], "rate"), rel=1e-11)
        assert rates.transition_wavenumber(scaled) == pytest.approx(scale(wavenumber, "wavenumber"), rel=1e-11)
        angle = rates.wandering_angle(scale(k, "wavenumber"), theta, 0.5, scale(L, "length"))
    assert angle == pytest.approx(rates.wandering_angle(k, theta, 0.5, L), rel=1e-11)


def test_arguments_broadcast():
    k, theta = np.geomspace(1, 1e6, 5)[:, None] / L, np.linspace(0.1, 1.5, 4)
    profile = Plasma(6e-6, np.array([[0.1], [0.2], [0.3], [0.4], [0.5]]), 2e4)
    assert rates.damping_rate(k, theta, profile).shape == (5, 4)
    assert rates.wandering_angle(k, theta, 1.0, L).shape == (5, 4)
    assert an.wandering_angle(k, theta, 1.0, L).shape == (5, 4)
    assert an.theta_min(k, 1.0, L).shape == (5, 1)


def test_collisionless_damping_warns_beyond_low_beta():
    with pytest.warns(ValidityWarning, match="beta << 1"):
        rates.collisionless_damping_rate(1e9 / L, 0.3, Plasma(1e-6, 0.003, 3e6))


@pytest.mark.parametrize(
    "call",
    [
        lambda: rates.cascade_rate(-1.0, WARM, 1.0, L),
        lambda: rates.cascade_rate(1.0, WARM, np.nan, L),
        lambda: rates.viscous_damping_rate(np.inf, 0.1, WARM),
        lambda: rates.collisionless_damping_rate(1.0, np.nan, WARM),
        lambda: rates.wandering_angle(1.0, 0.1, 1.0, 0.0),
        lambda: an.cascade_rate(1.0, 0.0, WARM, 1.0, L),
        lambda: an.theta_min(1.0, 0.0, L),
        lambda: an.wandering_angle(1.0, 0.1, 1.0, L, "alfven waves"),
        lambda: an.alfvenic_factor(-1.0),
    ],
)
def test_nonsense_is_an_error(call):
    with pytest.raises(ValueError, match="must"):
        call()
