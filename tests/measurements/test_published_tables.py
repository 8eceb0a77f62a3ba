"""The published tables: numbers of their papers, and the traps found when they were collected."""

import numpy as np
import pytest

from solver.measurements import paper_sets


@pytest.fixture(scope="module")
def protons(catalogue):
    return catalogue.one("H", "AMS-02", 2015, "R")


@pytest.fixture(scope="module")
def b_to_c(catalogue):
    return catalogue.one("B/C", "AMS-02", 2016, "R")


@pytest.fixture(scope="module")
def voyager(catalogue):
    return catalogue.one("H", "Voyager 1", 2016, "EKN")


def log_slope(m, low, high=np.inf):
    """Weighted least squares of ln value against ln x."""
    part = m.select((m.x >= low) & (m.x <= high))
    weight = part.value / part.error()[1]
    return np.polyfit(np.log(part.x), np.log(part.value), 1, w=weight)[0]


def interpolated(m, x):
    return np.exp(np.interp(np.log(x), np.log(m.x), np.log(m.value)))


def test_every_table_is_read(catalogue):
    assert len(catalogue) >= 12
    assert {(m.quantity, m.axis, m.published) for m in catalogue} >= {
        ("H", "R", 2015), ("H", "EKN", 2015), ("B/C", "R", 2016), ("B/C", "EKN", 2016), ("C", "R", 2017), ("B", "R", 2018),
        ("B/C", "R", 2018), ("H", "R", 2021), ("B/C", "R", 2021), ("H", "EKN", 2016), ("H", "EKN", 2013), ("C", "EKN", 2013),
    }  # fmt: skip
    assert [m.total_only for m in catalogue].count(True) == 2


@pytest.mark.parametrize(("R", "value"), [(10, 1.2535e4), (45, 1.2440e4), (100, 1.1411e4), (300, 1.0053e4), (1000, 9.667e3)])
def test_ams_protons(protons, R, value):
    assert len(protons) == 72
    assert np.isclose(R**2.7 * interpolated(protons, R), value, rtol=1e-4)  # quoted with five digits
    assert protons.phi == 0.56


@pytest.mark.parametrize(("low", "high", "slope"), [(10, 45, -2.717), (45, 336, -2.815), (336, np.inf, -2.710)])
def test_slopes_of_ams_protons(protons, low, high, slope):
    assert np.isclose(log_slope(protons, low, high), slope, atol=3e-3)  # quoted with three digits; ends of the ranges


def test_conversion_of_ams_protons_against_the_data_base(protons, catalogue):
    """Edges to 2e-4 (another proton mass there), fluxes to 1.5e-4 with the Jacobian at the mean."""
    theirs, ours = catalogue.one("H", "AMS-02", 2015, "EKN"), protons.to("EKN")
    assert np.allclose(ours.low, theirs.low, rtol=2.1e-4)
    assert np.allclose(ours.high, theirs.high, rtol=2.1e-4)
    assert np.allclose(ours.value, theirs.value, rtol=1.5e-4)
    assert np.allclose(ours.sys, theirs.sys, rtol=2e-4)


def test_b_to_c(b_to_c):
    assert len(b_to_c) == 67
    peak = int(np.argmax(b_to_c.value))
    assert (b_to_c.value[peak], b_to_c.low[peak], b_to_c.high[peak]) == (0.3251, 3.64, 4.02)
    assert np.isclose(interpolated(b_to_c, 9.7), 0.2880, atol=5e-4)
    assert np.isclose(log_slope(b_to_c, 65), -0.327, atol=2e-3)


def test_b_to_c_counts_parts_of_the_systematic_error_once(b_to_c):
    assert b_to_c.sys[0, 0] == 0.0129
    assert np.isclose(b_to_c.error()[0, 0], np.hypot(0.0018, 0.0129), rtol=1e-12)


def test_cuts_of_the_paper_rows_29_and_69(catalogue):
    """Protons from 10 GeV on, B/C above 1 GeV/n, R > 3.384 GV."""
    sets = paper_sets(catalogue)
    assert {key: len(s.measurement) for key, s in sets.items()} == {"ams_protons": 49, "ams_b_to_c": 62, "voyager_protons": 15}
    assert sets["ams_b_to_c"].measurement.x.min() > 3.384 > sets["ams_b_to_c"].whole.x[4]


def test_voyager(voyager):
    assert len(voyager) == 15
    assert voyager.phi == 0
    peak = int(np.argmax(voyager.value))
    assert (voyager.x[peak], voyager.value[peak], voyager.value[-1]) == (0.0154, 2.968e4, 1.042e4)
    assert np.allclose(voyager.sys, 0.05 * voyager.value, rtol=5e-4)  # rounded to four digits
    assert ((voyager.stat > 0.0035 * voyager.value) & (voyager.stat < 0.0135 * voyager.value)).all()  # 0.4 to 1.3 %
    total = np.array([957.2, 1061, 1188, 1345, 1496])
    assert np.allclose(voyager.error()[0, :5], total, rtol=1e-4)  # the total of the table, which holds the systematic part


def test_voyager_per_rigidity_is_exact(voyager):
    """At 308 MeV p = 0.820 GeV/c: dT/dR = p/E = 0.658."""
    last = voyager.to("R")
    p = np.sqrt(0.308 * (0.308 + 2 * 0.938272))
    assert np.isclose(last.x[-1], p, rtol=1e-12)
    assert np.isclose(last.value[-1], 1.042e4 * p / (0.308 + 0.938272), rtol=1e-12)


def test_quotient_of_the_fluxes_is_the_tabulated_ratio(catalogue):
    boron, carbon = catalogue.one("B", "AMS-02", 2018), catalogue.one("C", "AMS-02", 2017)
    ratio = catalogue.one("B/C", "AMS-02", 2018)
    R = np.array([3, 10, 30, 100, 300.0])
    quotient = interpolated(boron, R) / interpolated(carbon, R)
    assert np.allclose(quotient, [0.3139, 0.2825, 0.2070, 0.1303, 0.0906], atol=1.5e-4)
    assert np.allclose(interpolated(ratio, R), quotient, rtol=1e-3)


def test_the_ratio_at_equal_energy_is_another_one(b_to_c, catalogue):
    """The same first bin: 0.2994 at 2.03 GV and 0.3210 at 0.447 GeV/n."""
    assert b_to_c.value[0] == 0.2994
    assert catalogue.one("B/C", "AMS-02", 2016, "EKN").value[0] == 0.321
