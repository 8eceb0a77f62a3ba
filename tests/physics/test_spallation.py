"""Spallation: the paper's constant cross-section, tables, and where the products go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import particles
from solver.constants import KPC, MBARN, MYR, C
from solver.particles import KNOWN
from solver.physics import spallation
from solver.physics.plasma import Plasma
from solver.physics.validity import ValidityWarning

BORON, CARBON = KNOWN["boron"], KNOWN["carbon"]
CONVENTIONS = ["rigidity", "energy_per_nucleon"]
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)
TABLE = """# made up
0.1, 40   # GeV/n, mbarn

1.0  60
10   58
"""


def test_row_58_spallation_time_of_carbon_into_boron():
    time = 1 / spallation.rate(1.25, 61 * MBARN, 1.0)
    assert time == pytest.approx(4.37e14, rel=0.002)
    assert time / MYR == pytest.approx(13.9, abs=0.05)
    # ambiguities: at 1 GV the speed is carbon's at that rigidity
    slow = spallation.spallation_time(1.0, CARBON, 1.25, 61 * MBARN)
    assert slow == pytest.approx(time / particles.beta(1.0, CARBON), rel=1e-13)


def test_row_59_boron_to_carbon_at_low_energy_in_the_hot_halo():
    v_A = Plasma(1e-6, 0.003, 3e6).alfven_speed
    assert 0.2 * KPC / v_A * spallation.rate(1.25, 61 * MBARN, 1.0) == pytest.approx(0.354, abs=0.001)


def test_rigidity_convention_keeps_rigidity_and_number_per_rigidity():
    assert spallation.parent_rigidity(3.0, CARBON, BORON, "rigidity") == 3.0
    assert spallation.number_factor(CARBON, BORON, "rigidity") == pytest.approx((6 / 5) ** 3, rel=1e-14)


def test_energy_per_nucleon_convention_keeps_the_speed():
    R = np.geomspace(0.1, 1e4, 6)
    parent = spallation.parent_rigidity(R, CARBON, BORON)
    np.testing.assert_allclose(particles.beta(parent, CARBON), particles.beta(R, BORON), rtol=1e-13)
    np.testing.assert_allclose(
        particles.kinetic_energy_per_nucleon(parent, CARBON), particles.kinetic_energy_per_nucleon(R, BORON), rtol=1e-13
    )
    np.testing.assert_allclose(parent, R * (5 / 6) * (12 / 11), rtol=1e-14)


@pytest.mark.parametrize("conserves", CONVENTIONS)
@pytest.mark.parametrize("names", [("carbon", "boron"), ("oxygen", "lithium6"), ("helium4", "helium3")])
def test_every_reaction_makes_one_child_whatever_the_spectrum(names, conserves):
    parent, child = (KNOWN[name] for name in names)
    R = np.geomspace(1e-2, 1e4, 4001)  # of the child

    def f(R):  # a smooth bump that vanishes at both ends of the grid
        return np.exp(-2 * np.log(R) ** 2)

    Rp = spallation.parent_rigidity(R, parent, child, conserves)
    # ∫ 4πp² … dp as a sum over uniform ln p, exact to rounding on such a bump
    children = np.sum((child.Z * R) ** 3 * spallation.number_factor(parent, child, conserves) * f(Rp))
    parents = np.sum((parent.Z * R) ** 3 * f(R))
    assert children == pytest.approx(parents, rel=1e-9)


def test_momentum_ratio_and_its_mistakes():
    assert spallation.momentum_ratio(CARBON, BORON) == 11 / 12
    assert spallation.momentum_ratio(CARBON, BORON, "rigidity") == 5 / 6
    with pytest.raises(ValueError, match="conserves must be"):
        spallation.momentum_ratio(CARBON, BORON, "speed")


def test_a_table_is_met_at_its_nodes_and_is_a_power_law_between():
    table = spallation.parse_table(TABLE)
    np.testing.assert_allclose(table([0.1, 1.0, 10.0]), np.array([40, 60, 58]) * MBARN, rtol=1e-14)
    assert table(10**-0.5) == pytest.approx(np.sqrt(40 * 60) * MBARN, rel=1e-14)


@given(st.floats(0.1, 10))
def test_a_table_stays_between_its_neighbours(T):
    table = spallation.parse_table(TABLE)
    assert 40 * MBARN * (1 - 1e-14) <= table(T) <= 60 * MBARN * (1 + 1e-14)


def test_below_its_energies_a_table_warns_and_above_them_only_if_it_still_changes():
    flat, steep = spallation.parse_table(TABLE), spallation.parse_table("0.1 40\n1 60\n10 80")
    with pytest.warns(ValidityWarning, match=r"from 0\.1 to 10"):
        assert flat(0.01) == pytest.approx(40 * MBARN, rel=1e-14)
    assert flat(1e5) == pytest.approx(58 * MBARN, rel=1e-14)
    with pytest.warns(ValidityWarning, match="end values are kept"):
        assert steep(1e3) == pytest.approx(80 * MBARN, rel=1e-14)


def test_spallation_time_takes_a_table_at_the_parents_energy_per_nucleon():
    table = spallation.parse_table(TABLE)
    R = particles.rigidity_from_kinetic_energy_per_nucleon(1.0, CARBON)
    want = 1 / (1.25 * 60 * MBARN * C * particles.beta(R, CARBON))
    assert spallation.spallation_time(R, CARBON, 1.25, table) == pytest.approx(want, rel=1e-12)
    assert spallation.spallation_time(R, CARBON, 0.0, table) == np.inf


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["t.txt: needs two rows"]),
        ("1 60\n", ["t.txt: needs two rows"]),
        ("1 60\n\n2 x\n3 61\n4 62", ["t.txt:3: expected energy"]),
        ("1 60 5\n2 61\n3 61", ["t.txt:1: expected energy"]),
        ("1 60\n1 61", ["t.txt:2: energies must increase, got 1 after 1"]),
        ("# c\n1 60\n2 -1\n-3 61", ["t.txt:3: cross-section must be > 0", "t.txt:4: energy per nucleon must be > 0"]),
        ("1 nan\n2 inf", ["t.txt:1: cross-section", "t.txt:2: cross-section"]),
        ("0.1 1\nfoo\n0.01 2", ["t.txt:2: expected", "t.txt:3: energies must increase"]),
    ],
)
def test_a_faulty_table_names_file_line_and_every_fault(text, messages):
    with pytest.raises(ValueError) as caught:
        spallation.parse_table(text, "t.txt")
    lines = str(caught.value).splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(message)


def test_a_table_is_read_from_a_file(tmp_path):
    path = tmp_path / "σ.txt"
    path.write_text(TABLE, encoding="utf-8")
    assert spallation.read_table(path)(1.0) == pytest.approx(60 * MBARN, rel=1e-14)
    path.write_text("1 2\n1 2", encoding="utf-8")
    with pytest.raises(ValueError, match=r"σ\.txt:2: "):
        spallation.read_table(path)


@given(LOGS)
def test_rate_follows_a_change_of_units(other_units, logs):
    want = spallation.rate(1.25, 6e-26, 0.7)
    with other_units(logs) as scale:
        got = spallation.rate(scale(1.25, "density"), scale(6e-26, "area"), 0.7)
        assert got == pytest.approx(scale(want, "rate"), rel=1e-12)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["n", "sigma", "beta"])
def test_an_impossible_rate_is_refused_by_name(key, bad):
    with pytest.raises(ValueError, match=f"^{key} must"):
        spallation.rate(**{"n": 1.0, "sigma": 6e-26, "beta": 0.9, key: bad})
