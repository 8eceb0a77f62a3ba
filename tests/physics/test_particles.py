"""Kinematics of nuclei: exact in both directions, at every rigidity."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import particles
from solver.constants import C
from solver.particles import KNOWN, PROTON, Nucleus

ROUNDING = 1e-14  # a dozen operations in double precision
RIGIDITIES = st.floats(1e-6, 1e9)
NUCLEI = st.sampled_from(sorted(KNOWN))


@given(RIGIDITIES, NUCLEI)
def test_energies_momentum_and_speed_return_to_the_rigidity(R, name):
    nucleus = KNOWN[name]
    assert particles.rigidity_from_momentum(particles.momentum(R, nucleus), nucleus) == pytest.approx(R, rel=ROUNDING)
    T = particles.kinetic_energy(R, nucleus)
    assert particles.rigidity_from_kinetic_energy(T, nucleus) == pytest.approx(R, rel=ROUNDING)
    T = particles.kinetic_energy_per_nucleon(R, nucleus)
    assert particles.rigidity_from_kinetic_energy_per_nucleon(T, nucleus) == pytest.approx(R, rel=ROUNDING)


@given(st.floats(1e-3, 1e3), NUCLEI)
def test_total_energy_and_speed_return_to_the_rigidity_as_far_as_they_determine_it(R, name):
    nucleus = KNOWN[name]
    E, β = particles.total_energy(R, nucleus), particles.beta(R, nucleus)
    # dR/R = (E/p)² dE/E = γ² dβ/β, with an ulp of error in E and β
    lost = np.finfo(float).eps * (1 + 1 / β**2 + particles.gamma(R, nucleus) ** 2)
    if nucleus.mass < E:
        assert particles.rigidity_from_total_energy(E, nucleus) == pytest.approx(R, rel=4 * lost)
    assert particles.rigidity_from_beta(β, nucleus) == pytest.approx(R, rel=4 * lost)


@pytest.mark.parametrize("R", [1e-8, 1e-4, 0.1, 3.0, 1e6])
def test_kinetic_energy_and_gamma_hold_to_rounding_at_small_rigidity(R):
    with mpmath.workdps(50):
        p, m = mpmath.mpf(R), mpmath.mpf(PROTON.mass)
        T = float(mpmath.sqrt(p**2 + m**2) - m)
        β = float(p / mpmath.sqrt(p**2 + m**2))
    assert particles.kinetic_energy(R) == pytest.approx(T, rel=ROUNDING, abs=0)
    assert particles.beta(R) == pytest.approx(β, rel=ROUNDING, abs=0)


@given(RIGIDITIES, NUCLEI)
def test_speed_stays_below_light_and_gamma_above_one(R, name):
    nucleus = KNOWN[name]
    assert 0 < particles.beta(R, nucleus) <= 1
    assert particles.gamma(R, nucleus) >= 1
    assert particles.speed(R, nucleus) == C * particles.beta(R, nucleus)


def test_heavier_nuclei_of_equal_charge_to_mass_ratio_have_equal_speed_at_equal_rigidity():
    R = np.geomspace(0.01, 100, 7)
    carbon, oxygen = KNOWN["carbon"], KNOWN["oxygen"]
    np.testing.assert_allclose(particles.beta(R, carbon), particles.beta(R, oxygen), rtol=ROUNDING)


def test_dT_dR_is_the_derivative_of_the_kinetic_energy():
    R, step = np.geomspace(0.01, 1e4, 13), 1e-4
    for nucleus in (PROTON, KNOWN["boron"]):
        up, down = (particles.kinetic_energy(R * (1 + s), nucleus) for s in (step, -step))
        # central difference: relative error of order step²
        np.testing.assert_allclose((up - down) / (2 * step * R), particles.dT_dR(R, nucleus), rtol=10 * step**2)


def test_row_69_one_GeV_per_nucleon_is_3384_MV_for_A_twice_Z():
    R = particles.rigidity_from_kinetic_energy_per_nucleon(1.0, KNOWN["carbon"])
    assert pytest.approx(3.384, abs=0.0005) == R


def test_masses_are_A_atomic_mass_units_and_the_proton_its_own():
    assert KNOWN["boron"].mass == pytest.approx(11 * 0.93149410, rel=ROUNDING)
    assert KNOWN["carbon"].mass == pytest.approx(12 * 0.93149410, rel=ROUNDING)
    assert PROTON.mass == 0.938272
    assert Nucleus("beryllium10", 4, 10, 9.3275).mass == 9.3275


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("x", 0, 1), "Z"),
        (("x", 1, 0), "A"),
        (("x", 3, 2), "Z"),
        (("x", 1.5, 2), "Z"),
        (("x", 1, 1, -1.0), "mass"),
        (("x", 1, 1, float("nan")), "mass"),
    ],
)
def test_impossible_nuclei_are_refused_by_name(arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        Nucleus(*arguments)


def test_a_misspelt_nucleus_gets_a_suggestion():
    with pytest.raises(ValueError, match="did you mean carbon"):
        particles.known("carbn")
    assert particles.known("carbon") is KNOWN["carbon"]


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), [1.0, float("nan")], "1 GV"])
@pytest.mark.parametrize(
    ("function", "culprit"),
    [
        (particles.momentum, "R"),
        (particles.beta, "R"),
        (particles.gamma, "R"),
        (particles.total_energy, "R"),
        (particles.kinetic_energy, "R"),
        (particles.dT_dR, "R"),
        (particles.rigidity_from_momentum, "p"),
        (particles.rigidity_from_kinetic_energy, "T"),
        (particles.rigidity_from_kinetic_energy_per_nucleon, "T"),
        (particles.rigidity_from_total_energy, "E"),
        (particles.rigidity_from_beta, "beta"),
    ],
)
def test_impossible_kinematics_are_refused_by_name(function, culprit, bad):
    with pytest.raises(ValueError, match=f"^{culprit} must"):
        function(bad)
