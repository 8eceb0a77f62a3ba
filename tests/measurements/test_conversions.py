"""Conversions between axes: exact for a nucleus, against relativity written out here; refused where there is none."""

import numpy as np
import pytest

from solver.measurements import Measurement
from solver.particles import known

RTOL = 1e-12  # rounding of a few operations
AXES = ("R", "EKN", "EK", "ETOT", "ETOTN", "P")


def measured(quantity="H", axis="R", n=4):
    x = np.geomspace(0.3, 300, n) + (1000 if axis.startswith("ETOT") else 0)
    low, high = 0.9 * x, 1.2 * x
    low[1] = high[1] = np.nan
    value = x**-2.7
    stat, sys = np.stack([0.01 * value, 0.02 * value]), np.stack([0.03 * value, 0.04 * value])
    return Measurement(quantity, axis, x, low, high, value, stat, sys, phi=0.5, experiment="TEST", reference="2031Test")


def by_hand(R, axis, nucleus):
    """x and dx/dR from E² = p² + m², p = Z R."""
    p, m = nucleus.Z * R, nucleus.mass
    E = np.sqrt(p**2 + m**2)
    x, slope = {"R": (R, R**0), "P": (p, nucleus.Z * R**0)}.get(axis, (E - m if "EK" in axis else E, nucleus.Z * p / E))
    share = nucleus.A if axis.endswith("N") else 1
    return x / share, slope / share


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(("quantity", "name"), [("H", None), ("C", "carbon"), ("10Be", None)])
def test_fluxes_are_converted_with_their_jacobian(axis, quantity, name):
    m = measured(quantity)
    nucleus = known(name or {"H": "proton", "10Be": "beryllium10"}[quantity])
    out = m.to(axis, name)
    x, slope = by_hand(m.x, axis, nucleus)
    # E - m loses digits to cancellation in the hand-written form at small R, by m/T: 1e-12 there, not in the package
    assert np.allclose(out.x, x, rtol=1e-10)
    assert np.allclose(out.value, m.value / slope, rtol=RTOL)
    assert np.allclose(out.stat, m.stat / slope, rtol=RTOL)
    assert np.allclose(out.sys, m.sys / slope, rtol=RTOL)
    assert np.allclose(out.high, by_hand(m.high, axis, nucleus)[0], rtol=1e-10, equal_nan=True)
    assert np.isnan(out.low[1])
    assert (out.axis, out.phi, out.experiment) == (axis, 0.5, "TEST")


@pytest.mark.parametrize("first", AXES)
@pytest.mark.parametrize("second", AXES)
def test_there_and_back(first, second):
    m = measured("C", first).to(second, "carbon").to(first, "carbon")
    assert np.allclose(m.x, measured("C", first).x, rtol=1e-11)  # E − m² of 1 TeV/n and back
    assert np.allclose(m.value, measured("C", first).value, rtol=1e-11)


def test_counts_in_a_narrow_bin_are_conserved():
    """J dx is the same on every axis: to second order in the width for the Jacobian at the middle."""
    R, width = np.array([0.5, 2.0, 50.0]), 1e-4
    m = Measurement("H", "R", R, R * (1 - width), R * (1 + width), R**-2.7, np.zeros((2, 3)), np.zeros((2, 3)))
    t = m.to("EKN")
    assert np.allclose(t.value * (t.high - t.low), m.value * (m.high - m.low), rtol=width**2)


def test_a_proton_at_1_gv_has_433_mev():
    """Not 1 GeV, what the limit of high energies gives."""
    m = Measurement("H", "R", [1.0], [np.nan], [np.nan], [1.0], [[0], [0]], [[0], [0]])
    assert np.isclose(m.to("EKN").x[0], 0.4330, atol=1e-4)
    assert np.isclose(m.to("EKN").value[0], np.hypot(1, 0.938272), rtol=RTOL)  # dR/dT = E/p


def test_ratios_keep_their_values_and_are_not_converted():
    m = measured("B/C")
    with pytest.raises(ValueError, match="no single nucleus"):
        m.to("EKN")
    placed = m.to("EKN", "carbon")
    assert np.array_equal(placed.value, m.value)
    assert np.allclose(placed.x, measured("C").to("EKN", "carbon").x, rtol=RTOL)
    with pytest.raises(ValueError, match=r"not in B/C"):
        m.to("EKN", "proton")


def test_ratios_of_isotopes_move_where_their_maps_agree():
    assert np.allclose(measured("10Be/9Be").to("P").x, 4 * measured().x, rtol=RTOL)  # equal Z
    assert np.allclose(measured("10B/10Be", "EK").to("EKN").x, measured().x / 10, rtol=RTOL)  # equal A
    assert np.array_equal(measured("10B/10Be", "EK").to("EKN").value, measured().value)
    with pytest.raises(ValueError, match="a ratio at equal R is not the ratio at equal EKN"):
        measured("10Be/9Be").to("EKN")
    with pytest.raises(ValueError, match="a ratio at equal R is not the ratio at equal P"):
        measured("10B/10Be").to("P")


def test_elements_are_mixtures():
    with pytest.raises(ValueError, match="C is no single nucleus"):
        measured("C").to("EKN")
    with pytest.raises(ValueError, match="proton"):
        measured("C").to("EKN", "proton")
    with pytest.raises(ValueError, match="unknown axis 'energy'"):
        measured("C").to("energy")
    with pytest.raises(ValueError, match="e- is no single nucleus"):
        measured("e-").to("EK")


def test_select_and_cut():
    m = measured(n=6)
    assert np.array_equal(m.select(m.x > 1).x, m.x[m.x > 1])
    assert m.select([0, 2]).stat.shape == (2, 2)
    assert np.array_equal(m.cut(low=1, high=100).x, m.x[(m.x >= 1) & (m.x <= 100)])
    T = m.to("EK").x
    assert np.array_equal(m.cut(low=10, axis="EK").x, m.x[T >= 10])
    assert len(measured("B/C").cut(low=1e9)) == 0


def test_measurements_cannot_be_changed():
    m = measured()
    with pytest.raises(ValueError, match="read-only"):
        m.value[0] = 1
    with pytest.raises(AttributeError):
        m.axis = "EKN"


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"stat of H has shape \(2, 1\)"):
        Measurement("H", "R", [1, 2], [0, 1], [1, 2], [1, 1], [[0], [0]], np.zeros((2, 2)))
