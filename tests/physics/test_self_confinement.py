"""Self-excited waves: coefficients, damping rates and the balance behind them (paper, Secs. 2.1, 2.2, 6.1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import particles
from solver.constants import GEV_PER_C, KPC, PC, PROTON_MASS, YEAR, C, E
from solver.physics import self_confinement as sc
from solver.physics import sources
from solver.physics.plasma import Plasma
from solver.physics.validity import ValidityWarning

EXPONENT = 1e-6
ROUNDING = 1e-14
ALGEBRA = 1e-12  # products of a dozen powers
FAR = 1e7  # GV: protons with v = c to 1e-14
HOT = Plasma(1e-6, 0.003, 3e6)
FIG_1 = Plasma(1e-6, 0.001, 1e6)
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)
RIGIDITIES = st.floats(1e-3, 1e6)
Q_1GV = sources.supernova_amplitude(0.01 / YEAR, 1e50, 4.3, 10 * KPC)


def local_slope(function, R, step=1e-3):
    """d ln f/d ln R by a central difference; exact for a power law."""
    return (np.log(function(R * np.exp(step))) - np.log(function(R * np.exp(-step)))) / (2 * step)


# --- coefficients ---


@pytest.mark.parametrize(
    ("a", "slope"),
    [
        pytest.param(0.2, -3.2, id="row_5_any_a"),
        pytest.param(0.5, -3.5, id="row_6_turbulence"),
        pytest.param(0.75, -3.75, id="row_7_dust"),
        pytest.param(0.0, -3.0, id="row_8_ion_neutral"),
    ],
)
def test_rows_5_to_8_slope_of_S_is_minus_three_minus_a(a, slope):
    assert local_slope(lambda R: sc.S_from_rate(sc.power_law_rate(1e-11, 1.0, a, R), HOT, R), 30.0) == pytest.approx(
        slope, abs=EXPONENT
    )


@pytest.mark.filterwarnings("ignore::solver.physics.validity.ValidityWarning")
@pytest.mark.parametrize(
    ("rate", "a"),
    [
        (lambda R: sc.turbulent_damping_rate(HOT, R, 100 * PC), 0.5),
        (lambda R: sc.dust_rate(1e-11, 3.0, R), 0.75),
        (lambda R: sc.ion_neutral_rate(HOT, R, 0.1), 0.0),
    ],
    ids=["row_6_turbulence", "row_7_dust", "row_8_ion_neutral"],
)
def test_rows_6_to_8_each_damping_process_has_its_power_of_k(rate, a):
    assert local_slope(lambda R: 1 / rate(R), 30.0) == pytest.approx(a, abs=EXPONENT)


def test_row_26_S_of_turbulence_is_eq_22():
    R, L = np.geomspace(0.1, 1e5, 5), 500 * PC
    p, mΩ = R * GEV_PER_C, E * HOT.B / C
    eq_22 = p**-3.5 * L**-0.5 * HOT.B**2 / (4 * np.pi**3 * mΩ**0.5) * GEV_PER_C**3  # per (g cm/s)³ into per GeV³
    S = sc.S_from_rate(sc.turbulent_damping_rate(HOT, R, L), HOT, R)
    np.testing.assert_allclose(S, eq_22, rtol=ALGEBRA)


def test_row_26_S_of_turbulence_scales_as_B_tot_to_one_half_B_z_and_L_to_minus_one_half():
    def S(B, B_z, L):
        plasma = HOT.replace(B=B)
        return sc.S_from_rate(sc.turbulent_damping_rate(plasma, 1.0, L), plasma, 1.0, B_z)

    one = S(4e-6, 1e-6, 100 * PC)
    assert S(8e-6, 1e-6, 100 * PC) == pytest.approx(2**0.5 * one, rel=ALGEBRA)
    assert S(4e-6, 2e-6, 100 * PC) == pytest.approx(2 * one, rel=ALGEBRA)
    assert S(4e-6, 1e-6, 400 * PC) == pytest.approx(0.5 * one, rel=ALGEBRA)
    with pytest.raises(ValueError, match="B_z"):
        S(1e-6, 2e-6, 100 * PC)


@given(RIGIDITIES, st.floats(1e-7, 1e-4), st.floats(1e-4, 10), st.floats(1e3, 1e8))
def test_row_20_X_is_eq_11_literally(R, B, n, T):
    plasma = Plasma(B, n, T)
    v, Ω, p = particles.speed(R), E * B / (PROTON_MASS * C), R * GEV_PER_C
    root = 8 * plasma.thermal_speed * Ω * B**2 / (PROTON_MASS * plasma.alfven_speed * v**3 * p**3)
    eq_11 = v**2 / (2 * np.pi**2 * Ω) * np.sqrt(root)
    assert sc.landau_X(plasma, R) == pytest.approx(eq_11 * GEV_PER_C**1.5, rel=ALGEBRA)


def test_row_20_X_squared_falls_as_p_cubed_for_fast_protons():
    assert local_slope(lambda R: sc.landau_X(HOT, R) ** 2, FAR) == pytest.approx(-3, abs=EXPONENT)


@given(RIGIDITIES)
def test_the_general_law_is_landau_damping_for_m_1_and_linear_for_m_0(R):
    assert sc.nonlinear_X(HOT, R, sc.landau_rate(HOT, R), 1.0) == pytest.approx(sc.landau_X(HOT, R), rel=ROUNDING)
    assert sc.nonlinear_X(HOT, R, 1e-11, 0.0) == sc.S_from_rate(1e-11, HOT, R)


def test_kappa_factor_one_third_lowers_X_by_the_square_root_of_three():
    R = np.geomspace(0.1, 1e4, 5)
    np.testing.assert_allclose(sc.landau_X(HOT, R, 1 / 3), sc.landau_X(HOT, R) / np.sqrt(3), rtol=ROUNDING)
    rate = sc.landau_rate(HOT, R)
    np.testing.assert_allclose(sc.nonlinear_X(HOT, R, rate, 1, 1 / 3), sc.landau_X(HOT, R, 1 / 3), rtol=ROUNDING)


@given(RIGIDITIES, st.floats(0, 3), st.floats(-1, 2), st.floats(-60, -20), st.sampled_from([1.0, 1 / 3]))
def test_with_kappa_of_the_general_law_growth_equals_damping(R, m, q, log_gradient, factor):
    gradient = np.exp(log_gradient)
    rate = sc.power_law_rate(1e-4, 1.0, q, R)
    κ = sc.nonlinear_X(HOT, R, rate, m, factor) * gradient ** (-1 / (1 + m))
    growth = sc.growth_rate(HOT, R, κ, -gradient)
    assert growth == pytest.approx(sc.nonlinear_damping_at(HOT, R, rate, κ, m, factor), rel=ALGEBRA)


@given(RIGIDITIES, st.floats(-60, -20), st.floats(-18, -8))
def test_with_linear_and_landau_damping_growth_equals_their_sum(R, log_gradient, log_rate):
    gradient, Γ = -np.exp(log_gradient), 10.0**log_rate
    κ = sc.kappa_sc(sc.S_from_rate(Γ, HOT, R), sc.landau_X(HOT, R), gradient)
    damping = Γ + sc.nonlinear_damping_at(HOT, R, sc.landau_rate(HOT, R), κ)
    assert sc.growth_rate(HOT, R, κ, gradient) == pytest.approx(damping, rel=1e-10)


def test_slope_in_gradient_of_the_general_law_is_that_of_the_known_cases():
    # m = 1: the same as κ_sc of X alone; m = 0: as κ_sc of S alone
    g = np.geomspace(1e-40, 1e-20, 5)
    X = sc.landau_X(HOT, 10.0)
    np.testing.assert_allclose(sc.kappa_sc(0.0, X, g), X * g**-0.5, rtol=ROUNDING)
    np.testing.assert_allclose(sc.kappa_sc(3e-9, 0.0, g), 3e-9 / g, rtol=ROUNDING)


@given(st.floats(1e-20, 1e5), st.floats(1e-20, 1e5), st.floats(1e-30, 1e10))
def test_kappa_sc_is_the_positive_root_and_falls_with_the_gradient(S, X, g):
    κ = sc.kappa_sc(S, X, -g)
    assert κ > 0
    assert g * κ**2 == pytest.approx(S * κ + X**2, rel=ALGEBRA)
    assert sc.kappa_sc(S, X, 1.1 * g) < κ
    assert κ >= max(S / g, X / np.sqrt(g)) * (1 - ROUNDING)


def test_kappa_sc_without_gradient_or_damping_has_its_limits_and_no_nan():
    got = sc.kappa_sc([0.0, 0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0, 0.0])
    np.testing.assert_array_equal(got, [0, np.inf, np.inf, 0, np.inf])


def test_wave_energy_scatters_at_pi_eighths_of_the_gyrofrequency():
    R = np.geomspace(0.01, 1e4, 5)
    κ = 1e28
    ν = np.pi / 8 * sc.gyrofrequency(HOT.B) / particles.gamma(R) * sc.wave_energy(HOT, R, κ)
    np.testing.assert_allclose(particles.speed(R) ** 2 / ν, κ, rtol=1e-5)  # proton mass in g and in GeV differ by 1e-7


# --- scales ---


def test_row_33_gyroradius_of_10_GV_in_6_microgauss():
    assert sc.gyroradius(10.0, 6e-6) == pytest.approx(5.56e12, rel=1e-3)
    assert sc.resonant_wavenumber(10.0, 6e-6) * sc.gyroradius(10.0, 6e-6) == pytest.approx(1, rel=ROUNDING)
    assert 0.1 < sc.gyroradius(10.0, 6e-6) / Plasma(6e-6, 0.1, 2e4).mean_free_path < 10  # "comparable"


# --- consequences (Sec. 2) ---


def test_row_9_linear_damping_is_a_sink_that_ends_at_p_c():
    a, S_1 = 0.5, sc.S_from_rate(1e-11, FIG_1, 1.0)
    R_c = sc.cutoff_rigidity(Q_1GV, 4.3, S_1, a)
    R = R_c * np.array([0.1, 0.5, 1, 2])
    f = (sources.power_law(R, Q_1GV, 4.3) - S_1 * R ** (-3 - a)) / FIG_1.alfven_speed
    assert np.all(f[:2] > 0)
    assert f[2] == pytest.approx(0, abs=1e-12 * f[1])
    assert f[3] < 0


def test_row_10_cutoff_of_fig_1_preset():
    S_1 = sc.S_from_rate(sc.power_law_rate(1e-11, 1.0, 0.5, 1.0), FIG_1, 1.0)
    assert sc.cutoff_rigidity(Q_1GV, 4.3, S_1, 0.5) == pytest.approx(328, abs=1)
    # had the rate been meant at a kinetic energy of 1 GeV (p = 1.696 GeV/c)
    at = particles.rigidity_from_kinetic_energy(1.0)
    S_1 = sc.S_from_rate(sc.power_law_rate(1e-11, at, 0.5, 1.0), FIG_1, 1.0)
    assert sc.cutoff_rigidity(Q_1GV, 4.3, S_1, 0.5) == pytest.approx(236, abs=1)


def test_row_11_effective_speed_is_alfvenic_then_light():
    a, S_1, v_A = 0.5, sc.S_from_rate(1e-11, FIG_1, 1.0), FIG_1.alfven_speed
    R_c = sc.cutoff_rigidity(Q_1GV, 4.3, S_1, a)

    def speed(R):
        return sc.effective_speed(sources.power_law(R, Q_1GV, 4.3), S_1 * R ** (-3 - a), v_A)

    assert speed(R_c * 1e-8) == pytest.approx(v_A, rel=1e-6)
    assert speed(R_c / 2 ** (1 / 0.8)) == pytest.approx(2 * v_A, rel=1e-10)  # f = 0.5 Q/v_A, 2.38 below the cutoff
    assert pytest.approx(2.38, abs=0.005) == 2 ** (1 / 0.8)
    assert speed(R_c * 1.0001) == C


@given(st.floats(1e-12, 1e3), st.floats(1e-12, 1e3), st.floats(1e5, 1e9))
def test_effective_speed_stays_between_alfven_and_light_and_rises_with_damping(Q, S, v_A):
    speed = sc.effective_speed(Q, S, v_A)
    assert v_A * (1 - ROUNDING) <= speed <= C
    assert sc.effective_speed(Q, 1.1 * S, v_A) >= speed
    assert sc.effective_speed(Q, 0.0, v_A) == v_A


def test_effective_speed_takes_arrays_and_another_cap():
    got = sc.effective_speed(1.0, np.array([0.0, 0.5, 1.0, 2.0]), 1e6, cap=[C, C, 0.5 * C, 0.1 * C])
    np.testing.assert_allclose(got, [1e6, 2e6, 0.5 * C, 0.1 * C], rtol=ROUNDING)


@pytest.mark.parametrize(("slope", "a"), [(4.3, 1.3), (3.5, 0.75)])
def test_without_upper_cutoff_there_is_an_error_and_not_a_number(slope, a):
    with pytest.raises(ValueError, match="no upper cutoff"):
        sc.cutoff_rigidity(1.0, slope, 1.0, a)


def eq_14_at_the_disc(R, gamma_inj, X_squared):
    r, v_A = 10 * KPC, HOT.alfven_speed
    Q = sources.power_law(R, Q_1GV, gamma_inj)
    return Q / v_A * r / (r + X_squared(R) / (Q * v_A))


def landau_squared(R):
    return sc.landau_X(HOT, R) ** 2


def test_row_14_low_momentum_has_the_injected_slope():
    def f(R):
        return eq_14_at_the_disc(R, 4.2, lambda R: 1e-30 * landau_squared(R))

    assert local_slope(f, 10.0) == pytest.approx(-4.2, abs=EXPONENT)


@pytest.mark.parametrize(("gamma_inj", "slope"), [(4.2, -5.4), (4.3, -5.6)], ids=["row_15", "row_76"])
def test_rows_15_and_76_high_momentum_slope_is_three_minus_two_gamma(gamma_inj, slope):
    got = local_slope(lambda R: eq_14_at_the_disc(R, gamma_inj, landau_squared), 1e12)
    assert got == pytest.approx(slope, abs=EXPONENT)


def test_row_16_escape_time_falls_as_p_to_the_three_minus_gamma():
    def escape_time(R):  # content over injection
        return eq_14_at_the_disc(R, 4.2, landau_squared) / sources.power_law(R, Q_1GV, 4.2)

    assert local_slope(escape_time, 1e12) == pytest.approx(-1.2, abs=EXPONENT)


@pytest.mark.parametrize(("alpha", "slope"), [(4.5, 0.75), (4.7, 0.85)])
def test_row_17_kappa_for_a_measured_spectrum_rises_as_alpha_minus_three_over_two(alpha, slope):
    def κ(R):  # note a: the exponents belong to κ, those of the escape time are negative
        return sc.kappa_sc(0.0, sc.landau_X(HOT, R), 1e-30 * R**-alpha)

    assert local_slope(κ, FAR) == pytest.approx(slope, abs=EXPONENT)


def test_row_18_eq_15_falls_as_R_to_minus_085():
    rate = local_slope(lambda R: sc.eq15_landau_rate(HOT, R, 1e-9, KPC, 4.7), 10.0)
    assert rate == pytest.approx(-0.85, abs=EXPONENT)


def test_row_18_eq_15_is_the_balance_of_growth_and_damping_up_to_a_number():
    # f ∝ p^(−α) with gradient f/L and n_CR counted above 1 GV: the balance is √(2(α − 3)) times eq. 15 (v = c)
    α, L, f_1 = 4.7, 3 * KPC, 1e-12
    gradient = f_1 * FAR**-α / L
    κ = sc.kappa_sc(0.0, sc.landau_X(HOT, FAR), gradient)
    balance = sc.nonlinear_damping_at(HOT, FAR, sc.landau_rate(HOT, FAR), κ)
    estimate = sc.eq15_landau_rate(HOT, FAR, 4 * np.pi * f_1 / (α - 3), L, α)
    assert balance / estimate == pytest.approx(np.sqrt(2 * (α - 3)), rel=ALGEBRA)


def test_row_19_above_the_rigidity_of_equality_linear_damping_wins():
    landau_1, turbulent_1 = 1e-10, 1e-11
    R = sc.equal_rigidity(landau_1, 0.85, turbulent_1, 0.5)
    assert pytest.approx(10 ** (1 / 0.35), rel=ALGEBRA) == R
    rates = {
        "nonlinear Landau": sc.power_law_rate(landau_1, 1.0, 0.85, np.array([0.5, 2]) * R),
        "turbulent": sc.power_law_rate(turbulent_1, 1.0, 0.5, np.array([0.5, 2]) * R),
    }
    assert list(sc.dominant_damping(rates)) == ["nonlinear Landau", "turbulent"]


def test_equal_slopes_never_cross_and_no_rates_have_no_winner():
    with pytest.raises(ValueError, match="must differ"):
        sc.equal_rigidity(1.0, 0.5, 2.0, 0.5)
    with pytest.raises(ValueError, match="at least one"):
        sc.dominant_damping({})


def stratified_slopes(n_slope, λ_2, a, gamma_inj=4.3):
    """(d ln z_sc/d ln p, d ln f/d ln p) of eqs. 19, 20 from the cutoff at two heights, n ∝ z^n_slope, S ∝ z^(−λ₂)."""
    z = np.array([10.0, 11.0])
    R = sc.cutoff_rigidity(1.0, gamma_inj, z**-λ_2, a)
    f = sources.power_law(R, 1.0, gamma_inj) / HOT.replace(n=0.003 * z**n_slope).alfven_speed
    return np.diff(np.log(z)) / np.diff(np.log(R)), np.diff(np.log(f)) / np.diff(np.log(R))


def test_row_23_confinement_height_rises_as_p_to_08():
    assert stratified_slopes(-1.0, 1.0, 0.5)[0] == pytest.approx(0.8, abs=EXPONENT)


def test_row_24_spectrum_above_p_star_has_slope_47():
    assert stratified_slopes(-1.0, 1.0, 0.5)[1] == pytest.approx(-4.7, abs=EXPONENT)  # n ∝ 1/z is λ₁ = 0.5


def test_row_25_steepening_needs_rising_v_A_falling_S_and_a_shallow_damping():
    assert stratified_slopes(1.0, 1.0, 0.5)[1] > -4.3
    assert stratified_slopes(-1.0, -1.0, 0.5)[1] > -4.3
    assert stratified_slopes(-1.0, 1.0, 0.75)[1] < -4.3
    with pytest.raises(ValueError, match="no upper cutoff"):
        stratified_slopes(-1.0, 1.0, 1.5)


def test_row_28_cutoff_of_fig_2_is_a_hundred_times_p_star():
    # S falls by z_max/z_0 = 40 between base and top
    ratio = sc.cutoff_rigidity(1.0, 4.3, 1.0 / 40, 0.5) / sc.cutoff_rigidity(1.0, 4.3, 1.0, 0.5)
    assert ratio == pytest.approx(100.6, abs=0.05)


@pytest.mark.parametrize(("gamma_inj", "slope"), [(4.3, -1.3), (4.2, -1.2)])
def test_row_60_boron_to_carbon_falls_as_Q_over_X_squared(gamma_inj, slope):
    ratio = local_slope(lambda R: sources.power_law(R, 1.0, gamma_inj) / landau_squared(R), FAR)
    assert ratio == pytest.approx(slope, abs=EXPONENT)


@pytest.mark.filterwarnings("ignore::solver.physics.validity.ValidityWarning")
def test_row_89_pressure_anisotropy_makes_escape_fall_as_p_to_the_four_minus_gamma():
    def X_squared(R):
        return sc.pressure_anisotropy_X(HOT, R) ** 2

    assert local_slope(X_squared, FAR) == pytest.approx(-4, abs=EXPONENT)
    depth = sc.resonant_wavenumber(FAR, HOT.B) * HOT.mean_free_path
    assert X_squared(FAR) == pytest.approx(depth * landau_squared(FAR), rel=ALGEBRA)

    def escape_time(R):  # eq. 14 far beyond the break, f ∝ Q²/X², over Q
        return sources.power_law(R, 1.0, 4.3) / X_squared(R)

    assert local_slope(escape_time, FAR) == pytest.approx(4 - 4.3, abs=EXPONENT)


def test_row_89_pressure_anisotropy_warns_below_the_mean_free_path_only():
    collisional = Plasma(1e-6, 0.003, 3e6, mean_free_path=1e12)
    with pytest.warns(ValidityWarning, match="mean free path"):
        sc.pressure_anisotropy_X(HOT, np.array([1.0, FAR]))
    assert sc.pressure_anisotropy_X(collisional, 1.0) > 0


# --- damping by turbulence and neutrals ---


@given(st.floats(0.05, 20), st.floats(1e-3, 1e2))
def test_turbulent_damping_scales_as_farmer_and_goldreich(Ma, R):
    L = 1e5 * PC  # far inside the strong range
    one, rate = sc.turbulent_damping_rate(HOT, R, L), sc.turbulent_damping_rate(HOT, R, L, Ma)
    assert one == pytest.approx(HOT.alfven_speed / np.sqrt(sc.gyroradius(R, HOT.B) * L), rel=ALGEBRA)
    assert rate == pytest.approx(one * (Ma**1.5 if Ma > 1 else Ma**2), rel=ALGEBRA)
    # (ε/(r_L v_A))^(1/2) with the energy flux of the strong cascade
    ε = HOT.alfven_speed**3 / L * (Ma**3 if Ma > 1 else Ma**4)
    assert rate == pytest.approx(np.sqrt(ε / (sc.gyroradius(R, HOT.B) * HOT.alfven_speed)), rel=ALGEBRA)


@pytest.mark.parametrize("Ma", [0.1, 0.5, 2.0, 5.0])
def test_turbulent_damping_continues_beyond_the_strong_range_without_a_step(Ma):
    L = 100 * PC
    end = L * (Ma**-3 if Ma > 1 else Ma**4)
    R = end / sc.gyroradius(1.0, HOT.B) * np.array([1 - 1e-9, 1 + 1e-9])
    below, above = sc.turbulent_damping_rate(HOT, R, L, Ma, all_ranges=True)
    assert above == pytest.approx(below, rel=1e-8)
    slope = local_slope(lambda R: sc.turbulent_damping_rate(HOT, R, L, Ma, all_ranges=True), 1.5 * R[1])
    assert slope == pytest.approx(-2 / 3, abs=EXPONENT)
    with pytest.warns(ValidityWarning, match="longer than the range"):
        sc.turbulent_damping_rate(HOT, R, L, Ma)
    with pytest.warns(ValidityWarning, match="longer than the range"):
        sc.turbulent_damping_rate(HOT, 2 * L / sc.gyroradius(1.0, HOT.B), L, Ma, all_ranges=True)


def test_turbulent_damping_takes_Mach_numbers_on_both_sides_at_once():
    got = sc.turbulent_damping_rate(HOT, 1.0, 100 * PC, np.array([0.5, 1.0, 2.0]))
    one = sc.turbulent_damping_rate(HOT, 1.0, 100 * PC)
    np.testing.assert_allclose(got / one, [0.25, 1, 2**1.5], rtol=ROUNDING)


def test_ion_neutral_rate_is_half_the_collision_rate_and_independent_of_rigidity():
    warm = Plasma(5e-6, 0.01, 1e4)
    rate = sc.ion_neutral_rate(warm, np.array([0.1, 10.0, 1e3]), 0.3)
    np.testing.assert_allclose(rate, 4.2e-9 * 0.3, rtol=ROUNDING)
    cooler = sc.ion_neutral_rate(warm, 1.0, 0.3, temperature=1e3)
    assert cooler == pytest.approx(4.2e-9 * 0.3 * 0.1**0.4, rel=ALGEBRA)
    assert sc.ion_neutral_rate(warm, 1.0, 0.0) == 0


def test_ion_neutral_rate_warns_for_slow_waves_and_cold_gas():
    warm = Plasma(5e-6, 0.01, 1e4)
    with pytest.warns(ValidityWarning, match="carry the neutrals"):
        sc.ion_neutral_rate(warm, 1e7, 0.3)
    with pytest.warns(ValidityWarning, match="100 K"):
        sc.ion_neutral_rate(warm, 1.0, 0.3, temperature=30)


@pytest.mark.parametrize("T", [1e2, 1e3, 1e4])
def test_ion_neutral_rate_is_within_40_per_cent_of_what_others_use(T):
    """5.77e-11 T^½ n_n of Hopkins et al. (2021); a quarter of ⟨σv⟩ = 0.649e-9 T^0.375 for H⁺ on H (Pinto & Galli 2008)."""
    got = sc.ion_neutral_rate(Plasma(6e-6, 0.1, T), 1.0, 0.3)
    for other in (5.77e-11 * T**0.5 * 0.3, 0.25 * 0.649e-9 * T**0.375 * 0.3):
        assert 0.6 < got / other < 1.4


def test_growth_rate_is_the_energy_that_streaming_gives_to_waves():
    """v_A |∂P_c/∂z| per ln p, P_c per ln p = (4π/3) p⁴ v f, over the waves' energy δB²/4π with ν = (π/4) Ω (δB/B)²."""
    plasma, R, kappa, gradient = Plasma(1e-6, 3e-3, 3e6), 50.0, 3e28, 1e-36
    v, momentum = particles.speed(R), R * GEV_PER_C
    power = plasma.alfven_speed * 4 * np.pi / 3 * momentum * R**3 * v * gradient
    amplitude = 4 / np.pi * v * sc.gyroradius(R, plasma.B) / (3 * kappa)
    energy = amplitude * plasma.B**2 / (4 * np.pi)
    assert sc.growth_rate(plasma, R, kappa, gradient) == pytest.approx(power / energy, rel=1e-12)


# --- any powers of nonlinear damping together ---

COEFFICIENTS = st.dictionaries(
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0.05, 8)),
    st.one_of(st.just(0.0), st.floats(-12, 12).map(lambda x: 10.0**x)),
    min_size=1,
    max_size=4,
)


@given(COEFFICIENTS, st.floats(-12, 12))
def test_kappa_of_several_dampings_balances_growth_against_their_sum(coefficients, log_gradient):
    """|∂f/∂z| κ = Σ Y^(1+m) κ^(−m): rounding of logarithms up to 300 times the largest power."""
    gradient = 10.0**log_gradient
    kappa = sc.kappa_of_damping(coefficients, -gradient)
    if not any(coefficients.values()):
        assert kappa == 0
        return
    damping = sum(Y * (Y / kappa) ** m for m, Y in coefficients.items())
    assert kappa * gradient == pytest.approx(damping, rel=1e-11)
    assert kappa * gradient >= max(Y * (Y / kappa) ** m for m, Y in coefficients.items()) * (1 - 1e-11)


@given(st.floats(-8, 8), st.floats(-8, 8), st.floats(-8, 8))
def test_kappa_of_linear_and_landau_damping_is_the_closed_form(log_S, log_X, log_gradient):
    S, X, gradient = 10.0**log_S, 10.0**log_X, 10.0**log_gradient
    assert sc.kappa_of_damping({0: S, 1: X}, gradient) == pytest.approx(sc.kappa_sc(S, X, gradient), rel=1e-12)


def test_kappa_of_one_damping_is_its_power_law():
    gradient = np.array([0.0, 1e-3, -2.0])
    got = sc.kappa_of_damping({2.5: 3.0}, gradient)
    np.testing.assert_allclose(got, [np.inf, *(3.0 * np.abs(gradient[1:]) ** (-1 / 3.5))], rtol=1e-14)
    assert sc.kappa_of_damping({2.5: 3.0}, 1e-3).shape == ()
    np.testing.assert_array_equal(sc.kappa_of_damping({0: [0.0, 1.0]}, 2.0), [0.0, 0.5])


def test_kappa_of_damping_refuses_nonsense_by_name():
    with pytest.raises(ValueError, match=r"^coefficients must hold"):
        sc.kappa_of_damping({}, 1.0)
    with pytest.raises(ValueError, match=r"^m must"):
        sc.kappa_of_damping({-1: 1.0}, 1.0)
    with pytest.raises(ValueError, match=r"^Y of m = 2 must"):
        sc.kappa_of_damping({2: np.nan}, 1.0)
    with pytest.raises(ValueError, match=r"^gradient must"):
        sc.kappa_of_damping({2: 1.0}, np.inf)


@given(st.floats(0.1, 10), st.floats(1e-14, 1e-6), RIGIDITIES)
def test_nonlinear_X_of_large_powers_does_not_overflow(m, rate, R):
    """Y^(1+m) may exceed 1e308; Y itself is that of the balance at any (δB/B)²."""
    Y = sc.nonlinear_X(HOT, R, rate, m)
    kappa = 1e28
    flux = Y * (Y / kappa) ** m
    assert flux == pytest.approx(sc.S_from_rate(sc.nonlinear_damping_at(HOT, R, rate, kappa, m), HOT, R), rel=1e-11)


# --- units, shapes, nonsense ---


@given(LOGS)
def test_self_confinement_follows_a_change_of_units(other_units, logs):
    R, m = np.geomspace(0.1, 1e3, 3), 1.5

    def everything(scale):
        plasma = Plasma(scale(2e-6, "field"), scale(0.01, "density"), scale(2e5, "temperature"), scale(1e12, "length"))
        rate, kappa, gradient = scale(1e-11, "rate"), scale(1e28, "diffusion"), scale(1e-32, "gradient")
        Y = (np.array([2 * m - 2, 0, -1 - m, 0]) / (1 + m)).tolist()
        return [
            (sc.gyrofrequency(plasma.B), "rate"),
            (sc.gyroradius(R, plasma.B), "length"),
            (sc.resonant_wavenumber(R, plasma.B), "wavenumber"),
            (sc.turbulent_damping_rate(plasma, R, scale(3e20, "length"), 0.7), "rate"),
            (sc.landau_rate(plasma, R), "rate"),
            (sc.eq15_landau_rate(plasma, R, scale(1e-9, "density"), scale(3e21, "length"), 4.7), "rate"),
            (sc.S_from_rate(rate, plasma, R), "flux"),
            (sc.landau_X(plasma, R), "X"),
            (sc.nonlinear_X(plasma, R, rate, m), Y),
            (sc.pressure_anisotropy_X(plasma, 1e3 * R), "X"),
            (sc.kappa_sc(scale(1e-9, "flux"), scale(12.0, "X"), gradient), "diffusion"),
            (sc.kappa_of_damping({0: scale(1e-9, "flux"), m: scale(1e12, Y)}, gradient), "diffusion"),
            (sc.wave_energy(plasma, R, kappa), "number"),
            (sc.growth_rate(plasma, R, kappa, gradient), "rate"),
            (sc.nonlinear_damping_at(plasma, R, rate, kappa, m), "rate"),
            (sc.effective_speed(scale(3.0, "flux"), scale(1.0, "flux"), plasma.alfven_speed), "speed"),
            (sc.cutoff_rigidity(scale(3e-5, "flux"), 4.3, scale(1e-7, "flux"), 0.5), "number"),
        ]

    want = everything(lambda value, kind: value)
    with other_units(logs) as scale:
        got = everything(scale)
        for (one, kind), (other, _) in zip(want, got, strict=True):
            np.testing.assert_allclose(other, scale(one, kind), rtol=1e-11, err_msg=str(kind))


def test_heights_broadcast_against_rigidities():
    column = Plasma(np.linspace(1e-6, 5e-6, 4), 0.01, 1e5).column()
    R = np.geomspace(0.1, 1e3, 3)
    Γ = sc.turbulent_damping_rate(column, R, 100 * PC)
    for array in (Γ, sc.S_from_rate(Γ, column, R), sc.landau_X(column, R), sc.ion_neutral_rate(column, R, 1e-4)):
        assert array.shape == (4, 3)
        assert np.all(np.isfinite(array))


@given(RIGIDITIES, st.floats(1e-14, 1e-6))
def test_S_and_X_fall_with_rigidity_and_S_rises_with_the_rate(R, rate):
    assert sc.S_from_rate(rate, HOT, 1.1 * R) < sc.S_from_rate(rate, HOT, R) < sc.S_from_rate(1.1 * rate, HOT, R)
    assert sc.landau_X(HOT, 1.1 * R) < sc.landau_X(HOT, R)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("call", "culprit"),
    [
        (lambda x: sc.gyrofrequency(x), "B"),
        (lambda x: sc.gyroradius(x, 1e-6), "R"),
        (lambda x: sc.resonant_wavenumber(1.0, x), "B"),
        (lambda x: sc.power_law_rate(x, 1.0, 0.5, 1.0), "rate"),
        (lambda x: sc.power_law_rate(1e-11, x, 0.5, 1.0), "at"),
        (lambda x: sc.dust_rate(1e-11, 1.0, x), "R"),
        (lambda x: sc.turbulent_damping_rate(HOT, 1.0, x), "L"),
        (lambda x: sc.turbulent_damping_rate(HOT, 1.0, 1e20, x), "Ma"),
        (lambda x: sc.ion_neutral_rate(HOT, 1.0, x), "neutral_density"),
        (lambda x: sc.ion_neutral_rate(HOT, 1.0, 0.1, x), "temperature"),
        (lambda x: sc.eq15_landau_rate(HOT, 1.0, x, 1e21, 4.7), "density"),
        (lambda x: sc.eq15_landau_rate(HOT, 1.0, 1e-9, x, 4.7), "length"),
        (lambda x: sc.equal_rigidity(x, 0.85, 1.0, 0.5), "rate_1"),
        (lambda x: sc.dominant_damping({"dust": x}), "dust"),
        (lambda x: sc.S_from_rate(x, HOT, 1.0), "rate"),
        (lambda x: sc.S_from_rate(1e-11, HOT, 1.0, x), "B_z"),
        (lambda x: sc.nonlinear_X(HOT, 1.0, 1e-11, x), "m"),
        (lambda x: sc.nonlinear_X(HOT, 1.0, 1e-11, 1.0, x), "kappa_factor"),
        (lambda x: sc.landau_X(HOT, x), "R"),
        (lambda x: sc.kappa_sc(x, 1.0, 1.0), "S"),
        (lambda x: sc.kappa_sc(1.0, x, 1.0), "X"),
        (lambda x: sc.wave_energy(HOT, 1.0, x), "kappa"),
        (lambda x: sc.growth_rate(HOT, 1.0, x, 1.0), "kappa"),
        (lambda x: sc.nonlinear_damping_at(HOT, 1.0, x, 1e28), "rate"),
        (lambda x: sc.cutoff_rigidity(x, 4.3, 1.0, 0.5), "Q"),
        (lambda x: sc.cutoff_rigidity(1.0, 4.3, x, 0.5), "S"),
        (lambda x: sc.effective_speed(x, 0.0, 1e6), "Q"),
        (lambda x: sc.effective_speed(1.0, x, 1e6), "S"),
        (lambda x: sc.effective_speed(1.0, 0.0, x), "alfven_speed"),
    ],
)
def test_impossible_input_is_refused_by_name(call, culprit, bad):
    with pytest.raises(ValueError, match=f"^{culprit} must"):
        call(bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_gradient_may_have_any_sign_but_must_be_finite(bad):
    with pytest.raises(ValueError, match=r"^gradient must"):
        sc.kappa_sc(1.0, 1.0, bad)
