"""Force-field modulation: J/p² conserved, both ways, limits, ratios, and the flux per rigidity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.measurements import Measurement, demodulated, modulated
from solver.measurements.modulation import demodulate, modulate
from solver.particles import PROTON, beta, kinetic_energy, known, momentum, rigidity_from_kinetic_energy

CARBON = known("carbon")
RTOL = 1e-12


def local(T):
    """An interstellar proton spectrum per kinetic energy, steep and then flat, in any units."""
    return (T + 0.67) ** -3.9 * T**1.12


@pytest.mark.parametrize("nucleus", [PROTON, CARBON])
@given(T=st.floats(1e-3, 1e4), phi=st.floats(0, 1.5))
def test_phase_space_density_is_conserved(nucleus, T, phi):
    T0, J0 = T + nucleus.Z * phi, 1.0
    T1, J1 = modulate(T0, J0, phi, nucleus)
    assert np.isclose(T1, T0 - nucleus.Z * phi, rtol=1e-9)
    p0, p1 = (momentum(rigidity_from_kinetic_energy(t, nucleus), nucleus) for t in (T0, T1))
    assert np.isclose(J1 / p1**2, J0 / p0**2, rtol=1e-9)


@pytest.mark.parametrize("nucleus", [PROTON, CARBON])
def test_one_way_is_the_inverse_of_the_other(nucleus):
    T = np.geomspace(1e-2, 1e4, 30)
    back = modulate(*demodulate(T, local(T), 0.6, nucleus), 0.6, nucleus)
    assert np.allclose(back, (T, local(T)), rtol=1e-10)  # T + Φ − Φ at T = Φ/400: three digits lost


def test_what_does_not_arrive_is_nan():
    T, J = modulate([0.3, 0.5, 0.7], 1.0, 0.5)
    assert np.array_equal(np.isnan(T), [True, True, False])
    assert np.array_equal(np.isnan(J), [True, True, False])


def test_limits():
    """Nothing at φ = 0, little at high energy, J ∝ T (J/p² constant) at low energy."""
    R = np.geomspace(0.1, 1e5, 40)

    def flux(R):
        return R**-2.7

    assert np.allclose(modulated(flux, 0.0)(R), flux(R), rtol=1e-15)
    high = modulated(flux, 0.5)(1e5) / flux(1e5) - 1
    assert -5e-5 < high < 0  # φ/R (2 + 2.7) = 2.4e-5
    T = np.array([1e-5, 2e-5])
    low = modulated(lambda r: local(kinetic_energy(r)) * beta(r), 0.5)(rigidity_from_kinetic_energy(T))
    J_T = low / beta(rigidity_from_kinetic_energy(T))
    assert np.isclose(J_T[1] / J_T[0], 2, rtol=1e-4)  # T/φ


@pytest.mark.parametrize("nucleus", [PROTON, CARBON])
def test_flux_per_rigidity_against_points_per_energy(nucleus):
    """The function of R and the moved points (T, J_T) are one and the same modulation: J_R = J_T Z β."""
    phi, T = 0.55, np.geomspace(0.02, 500, 25) * nucleus.A
    T1, J1 = modulate(T + nucleus.Z * phi, local(T + nucleus.Z * phi), phi, nucleus)
    R1 = rigidity_from_kinetic_energy(T1, nucleus)

    def J_R(R):
        return local(kinetic_energy(R, nucleus)) * nucleus.Z * beta(R, nucleus)

    assert np.allclose(modulated(J_R, phi, nucleus)(R1), J1 * nucleus.Z * beta(R1, nucleus), rtol=1e-9)


def test_ratio_of_equal_spectra_is_changed_by_the_masses_only():
    """One flux per rigidity for all: nuclei of one A/Z stay together to rounding, 11B with A/Z = 2.2 leaves 12C."""

    def flux(R):
        return R**-2.7

    R = np.array([1.0, 3.0, 1e4])
    helium, boron, carbon = (modulated(flux, 0.6, known(name))(R) for name in ("helium4", "boron", "carbon"))
    assert np.allclose(helium, carbon, rtol=1e-12)
    assert np.all(np.diff(np.abs(boron / carbon - 1)) < 0)
    assert abs(boron / carbon - 1)[0] > 0.1
    assert abs(boron / carbon - 1)[-1] < 1e-8  # (m/R)² φ/R = 6e-13 times the slope


def points(quantity="H", phi=0.45):
    x = np.array([1.0, 2.0, 20.0])
    return Measurement(quantity, "R", x, 0.9 * x, 1.1 * x, x**-2.7, 0.01 * np.stack([x**-2.7] * 2), np.zeros((2, 3)), phi=phi)


def test_a_measurement_is_demodulated_with_its_potential():
    m = points()
    out = demodulated(m)
    energy = kinetic_energy(m.x) + 0.45
    assert np.allclose(kinetic_energy(out.x), energy, rtol=RTOL)
    assert np.allclose(kinetic_energy(out.low), kinetic_energy(m.low) + 0.45, rtol=RTOL)
    assert out.phi == 0
    assert np.allclose(out.stat / out.value, m.stat / m.value, rtol=RTOL)
    f, f_out = (s.value / (beta(s.x) * s.x**2) for s in (m, out))
    assert np.allclose(f_out, f, rtol=RTOL)
    back = modulated(lambda R: np.interp(R, out.x, out.value), 0.45)(m.x)
    assert np.allclose(back, m.value, rtol=RTOL)
    assert np.allclose(demodulated(m, phi=0.0).x, m.x, rtol=RTOL)


def test_what_cannot_be_demodulated():
    with pytest.raises(ValueError, match="no potential"):
        demodulated(points(phi=None))
    with pytest.raises(ValueError, match="ratio"):
        demodulated(points("B/C"))
    with pytest.raises(ValueError, match="no single nucleus"):
        demodulated(points("C"))
    assert demodulated(points("C"), nucleus="carbon").phi == 0
    with pytest.raises(ValueError, match="phi must be"):
        demodulated(points(), phi=-0.1)
