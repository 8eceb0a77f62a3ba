"""Continuous losses: the paper's eq. C2 and its consequences (App. C), Coulomb and radiative losses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import particles
from solver.constants import ELECTRON_MASS, ERG_PER_GEV, KPC, MBARN, SIGMA_THOMSON, C
from solver.particles import KNOWN, PROTON, Nucleus
from solver.physics import losses, spallation
from solver.physics.plasma import Plasma
from solver.physics.validity import ValidityWarning

EXPONENT = 1e-6
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)
DISC, HALF_THICKNESS = 1.25, 0.2 * KPC  # density [cm⁻³] and half-thickness of the paper's disc
HALO = Plasma(1e-6, 0.003, 3e6)  # fiducial hot halo, Sec. 4.2
BORON, CARBON = KNOWN["boron"], KNOWN["carbon"]


def local_slope(function, R, step=1e-3):
    """d ln f/d ln R by a central difference, relative error of order step² × curvature: below 1e-6 on an asymptote."""
    return (np.log(function(R * np.exp(step))) - np.log(function(R * np.exp(-step)))) / (2 * step)


def test_row_1_loss_time_rises_as_p_cubed_below_and_as_p_above_the_rest_mass():
    def ionisation(R):
        return 1 / losses.ionisation_rate(R, PROTON, DISC)

    def coulomb(R):
        return 1 / losses.coulomb_rate(R, PROTON, DISC, 1e-9, logarithm=30)  # cold electrons, constant logarithm

    for time in (ionisation, coulomb):
        assert local_slope(time, 1e-5) == pytest.approx(3, abs=EXPONENT)
        assert local_slope(time, 1e5) == pytest.approx(1, abs=EXPONENT)


@pytest.mark.parametrize(("T", "time"), [(1.0, 5.2e15), (0.1, 3.3e14), (0.01, 1.15e13)])
def test_row_98_ionisation_times_of_protons_in_the_disc(T, time):
    R = particles.rigidity_from_kinetic_energy(T)
    assert 1 / losses.ionisation_rate(R, PROTON, DISC) == pytest.approx(time, rel=0.015)  # two or three printed digits


@pytest.mark.parametrize(("T", "ratio"), [(1.0, 0.030), (0.1, 0.48), (0.01, 13.4)])
def test_row_98_losses_against_alfvenic_escape_in_the_hot_halo(T, ratio):
    rate = losses.ionisation_rate(particles.rigidity_from_kinetic_energy(T), PROTON, DISC)
    assert HALF_THICKNESS * rate / HALO.alfven_speed == pytest.approx(ratio, rel=0.02)


def test_row_12_loss_factor_has_its_two_limits():
    def factor(R):
        return 1 / (1 + HALF_THICKNESS * losses.ionisation_rate(R, PROTON, DISC) / HALO.alfven_speed)

    assert factor(1e6) == pytest.approx(1, abs=1e-6)
    losses_dominate = HALO.alfven_speed / losses.ionisation_rate(1e-4, PROTON, DISC) / HALF_THICKNESS
    assert factor(1e-4) == pytest.approx(losses_dominate, rel=1e-6)


def test_row_70_boron_escapes_before_it_loses_energy_at_1_GeV_per_nucleon():
    R = particles.rigidity_from_kinetic_energy_per_nucleon(1.0, BORON)
    loss, escape = 1 / losses.ionisation_rate(R, BORON, DISC), HALF_THICKNESS / HALO.alfven_speed
    assert loss == pytest.approx(2.3e15, rel=0.02)
    assert escape == pytest.approx(1.55e14, rel=0.005)
    assert loss / escape == pytest.approx(15, rel=0.03)


def test_row_99_loss_dominated_primaries_have_slope_three_minus_gamma():
    for nucleus in (PROTON, CARBON):
        slope = local_slope(lambda R, nucleus=nucleus: R**-4.3 / losses.ionisation_rate(R, nucleus, DISC), 1e-5)
        assert slope == pytest.approx(3 - 4.3, abs=EXPONENT)


def boron_flux_balance(f_boron, R, step=1e-3):
    """Left-hand side of eq. C1, −p⁻² ∂_p(p³ f_B/τ_loss), which must equal n σ v f_C at the same momentum."""

    def inward(R):
        return particles.momentum(R, BORON) ** 3 * losses.ionisation_rate(R, BORON, DISC) * f_boron(R)

    p = particles.momentum(R, BORON)
    return -(inward(R * np.exp(step)) - inward(R * np.exp(-step))) / (2 * step) / p**3


GAMMA = 4.3


def carbon(R):
    return (R / 1e-3) ** (3 - GAMMA)


def spallation_rate(R):
    return spallation.rate(DISC, 61 * MBARN, particles.beta(R, BORON))


def test_row_100_naive_boron_spectrum_would_need_a_negative_source():
    def naive(R):
        return carbon(R) * spallation_rate(R) / losses.ionisation_rate(R, BORON, DISC)

    R = np.geomspace(1e-5, 1e-3, 5)
    assert local_slope(naive, 1e-4) == pytest.approx(7 - GAMMA, abs=EXPONENT)
    assert np.all(boron_flux_balance(naive, R) < 0)


def test_row_101_boron_with_losses_solves_eq_C1():
    m, Z = BORON.mass, BORON.Z
    L = 2e-16 * Z**2 * DISC / m  # the constant of eq. C2 with p₀ = m_B c
    R = np.geomspace(1e-5, 1e-4, 5)
    # asymptote of the loss rate, p ≪ mc: corrections (p/mc)² < 3e-9 here
    np.testing.assert_allclose(losses.ionisation_rate(R, BORON, DISC), L * (Z * R / m) ** -3, rtol=1e-8)

    def C3_without_A(R):
        return -((Z * R / m) ** 3) * carbon(R) * spallation_rate(R) / ((7 - GAMMA) * L)

    # the homogeneous part A carries the constant flux p³/τ_loss f = const, so only the second term meets the source;
    # central difference with step 1e-3: (step · 2.7)²/6 = 1e-6
    balance = boron_flux_balance(C3_without_A, R) / (carbon(R) * spallation_rate(R))
    np.testing.assert_allclose(balance, 1, rtol=3e-6)
    np.testing.assert_allclose(boron_flux_balance(np.ones_like, R), 0, atol=1e-6 * L * (Z * 1e-5 / m) ** -3)
    assert pytest.approx(0.370, abs=0.0005) == 1 / (7 - GAMMA)


def test_row_102_loss_dominated_boron_to_carbon_rises_as_gamma_minus_three():
    assert local_slope(lambda R: 1 / carbon(R), 1e-4) == pytest.approx(1.3, abs=EXPONENT)


@given(st.floats(1e-3, 1e5), st.floats(1e-4, 1e3), st.sampled_from(sorted(KNOWN)))
def test_ionisation_is_proportional_to_density_and_charge_and_falls_with_rigidity(R, n, name):
    nucleus = KNOWN[name]
    rate = losses.ionisation_rate(R, nucleus, n)
    assert losses.ionisation_rate(R, nucleus, 2 * n) == pytest.approx(2 * rate, rel=1e-14)
    assert losses.ionisation_rate(1.1 * R, nucleus, n) < rate
    β, p = particles.beta(R, nucleus), nucleus.Z * R
    assert rate == pytest.approx(2e-16 * nucleus.Z**2 * n / (β**2 * p), rel=1e-13)


def test_coulomb_logarithm_20_gives_the_rate_of_schlickeiser_2002():
    R = 1e4  # β = 1 and cold electrons: |dE/dt| = 3.1e-7 eV/s per electron
    rate = losses.coulomb_rate(R, PROTON, 1.0, 1e4, logarithm=20)
    assert rate * R * 1e9 == pytest.approx(3.1e-7, rel=0.015)


def test_coulomb_logarithm_is_that_of_the_plasma_frequency():
    # Gould (1972): ln(2 m_e c² γβ²/(ħω_p)), ħω_p = 3.713e-11 eV √n, while γ m_e ≪ M
    R, n = 1.0, 0.01
    γ, β = particles.gamma(R), particles.beta(R)
    want = np.log(2 * 0.51099895e6 * γ * β**2 / (3.713e-11 * n**0.5))
    assert losses.coulomb_logarithm(R, PROTON, n) == pytest.approx(want, abs=2e-3)  # ½ ln(1 + 2γ m_e/M) = 8e-4


def test_coulomb_losses_of_nuclei_slower_than_the_electrons_grow_with_speed_and_fall_with_temperature():
    # hot halo electrons: x_m = 0.03, a nucleus at β ≪ x_m loses energy ∝ β², i.e. −ṗ/p ∝ β/p = const
    def rate(R):
        return losses.coulomb_rate(R, PROTON, 0.003, 1e8, logarithm=30)

    with pytest.warns(ValidityWarning, match="thermal"):
        assert local_slope(rate, 1e-4) == pytest.approx(0, abs=1e-4)
    cold, hot = (losses.coulomb_rate(0.05, PROTON, 0.003, T) for T in (1e4, 1e7))
    assert hot < cold
    assert losses.coulomb_rate(0.05, PROTON, 0.0, 1e4) == 0


def test_coulomb_losses_of_thermal_particles_and_of_overdense_plasma_warn():
    with pytest.warns(ValidityWarning, match="thermal"):
        losses.coulomb_rate(1e-5, PROTON, 1.0, 1e7, logarithm=20)
    with pytest.warns(ValidityWarning, match="logarithm"):
        losses.coulomb_rate(1.0, PROTON, 1e33, 1e4)


def test_radiative_losses_of_an_electron_mass_are_the_textbook_ones():
    electron = Nucleus("electron-like", 1, 1, ELECTRON_MASS * C**2 / ERG_PER_GEV)
    R, B = 10.0, 3e-6
    γ, β = particles.gamma(R, electron), particles.beta(R, electron)
    power = 4 / 3 * SIGMA_THOMSON * C * B**2 / (8 * np.pi) * β**2 * γ**2  # Rybicki & Lightman eq. 6.7b, erg/s
    rate = power / (β * R * ERG_PER_GEV)
    assert losses.synchrotron_rate(R, electron, B) == pytest.approx(rate, rel=1e-8)
    U = B**2 / (8 * np.pi)
    assert losses.inverse_compton_rate(R, electron, U) == pytest.approx(rate, rel=1e-8)


def test_radiative_losses_scale_as_charge_to_the_fourth_over_mass_to_the_fourth():
    one, heavy = Nucleus("one", 1, 1, 1.0), Nucleus("heavy", 2, 4, 3.0)
    p = 1e6  # GeV/c, both relativistic: γ = p/M to 1e-12
    ratio = losses.synchrotron_rate(p / 2, heavy, 1e-6) / losses.synchrotron_rate(p, one, 1e-6)
    assert ratio == pytest.approx(2**4 / 3**4, rel=1e-10)


def test_inverse_compton_beyond_the_thomson_limit_warns():
    with pytest.warns(ValidityWarning, match="Thomson"):
        losses.inverse_compton_rate(1e9, PROTON, photon_energy=1e-9)
    assert losses.inverse_compton_rate(1e6, PROTON) > 0  # the microwave background is no problem


@given(LOGS)
def test_losses_follow_a_change_of_units(other_units, logs):
    R = np.geomspace(0.1, 1e4, 4)
    want = (
        losses.coulomb_rate(R, CARBON, 0.3, 1e5),
        losses.synchrotron_rate(R, CARBON, 2e-6),
        losses.inverse_compton_rate(R, CARBON, 4e-13),
    )
    with other_units(logs) as scale:
        got = (
            losses.coulomb_rate(R, CARBON, scale(0.3, "density"), scale(1e5, "temperature")),
            losses.synchrotron_rate(R, CARBON, scale(2e-6, "field")),
            losses.inverse_compton_rate(R, CARBON, scale(4e-13, "energy density")),
        )
        np.testing.assert_allclose(got, [scale(rate, "rate") for rate in want], rtol=1e-11)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("call", "culprit"),
    [
        (lambda x: losses.ionisation_rate(x, PROTON, 1.0), "R"),
        (lambda x: losses.ionisation_rate(1.0, PROTON, x), "n"),
        (lambda x: losses.coulomb_rate(x, PROTON, 1.0, 1e4), "R"),
        (lambda x: losses.coulomb_rate(1.0, PROTON, x, 1e4), "n_e"),
        (lambda x: losses.coulomb_rate(1.0, PROTON, 1.0, x), "T"),
        (lambda x: losses.coulomb_rate(1.0, PROTON, 1.0, 1e4, x), "logarithm"),
        (lambda x: losses.synchrotron_rate(1.0, PROTON, x), "B"),
        (lambda x: losses.inverse_compton_rate(1.0, PROTON, x), "energy_density"),
        (lambda x: losses.inverse_compton_rate(1.0, PROTON, 1.0, x), "photon_energy"),
    ],
)
def test_impossible_losses_are_refused_by_name(call, culprit, bad):
    with pytest.raises(ValueError, match=f"^{culprit} must"):
        call(bad)
