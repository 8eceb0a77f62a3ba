"""Quantities are read in the units people write, into the one internal system, and nothing else gets through."""

import math

import pytest

from solver import constants, units

ROUNDOFF = 4e-16  # relative; one multiplication by a conversion factor, itself rounded


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1 kpc", "length", constants.KPC),
        ("1pc", "length", constants.PC),
        ("2.5e-1 AU", "length", 0.25 * 1.495978707e13),
        ("300 Myr", "time", 300 * constants.MYR),
        ("1 yr", "time", constants.YEAR),
        ("40 km/s", "speed", 4e6),
        ("-40 km s-1", "speed", -4e6),
        ("0.2 cm-3", "number density", 0.2),
        ("0.2 cm^-3", "number density", 0.2),
        ("1/cm3", "number density", 1.0),
        ("6 uG", "magnetic field", 6e-6),
        ("6 µG", "magnetic field", 6e-6),
        ("0.6 nT", "magnetic field", 6e-6),
        ("3e6 K", "temperature", 3e6),
        ("1 GV", "rigidity", 1.0),
        ("1e6 GV", "rigidity", 1e6),
        ("500 MV", "rigidity", 0.5),
        ("1 TV", "rigidity", 1000.0),
        ("0.01 yr-1", "rate", 0.01 / constants.YEAR),
        ("1e-16 s-1", "rate", 1e-16),
        ("1 Hz", "rate", 1.0),
        ("0.938272 GeV", "mass", 0.938272),
        ("938.272 MeV/c2", "mass", 0.938272),
        ("1e50 erg", "energy", 1e50),
        ("1e44 J", "energy", 1e51),
        ("0.26 eV cm-3", "energy density", 0.26e-9 * constants.ERG_PER_GEV),
        ("61 mbarn", "cross-section", 61 * constants.MBARN),
        ("61 mb", "cross-section", 61 * constants.MBARN),
        ("1e28 cm2 s-1", "diffusion coefficient", 1e28),
        ("1e28 cm2/s", "diffusion coefficient", 1e28),
        ("1e24 m²/s", "diffusion coefficient", 1e28),
        ("1e-9 cm-3 GeV-3", "phase-space density", 1e-9),
        ("1e-9 cm-3 (GeV/c)-3", "phase-space density", 1e-9),
        ("1e-9 cm-2 s-1 GeV-3", "source or damping flux", 1e-9),
        ("1e-9 cm-2 s-1 (GeV)-3", "source or damping flux", 1e-9),
        ("1e-9 GeV^-3/(cm2 s)", "source or damping flux", 1e-9),
        ("12 GeV(-3/2) s-1", "nonlinear damping coefficient", 12.0),
        ("12 GeV^(-3/2) s^-1", "nonlinear damping coefficient", 12.0),
        ("12 GeV-1.5 s-1", "nonlinear damping coefficient", 12.0),
    ],
)
def test_units_as_people_write_them(text, dimension, value):
    assert units.parse(text, units.DIMENSIONS[dimension]) == pytest.approx(value, rel=ROUNDOFF, abs=0)


@pytest.mark.parametrize("dimension", units.DIMENSIONS.values(), ids=lambda d: d.name)
def test_examples_and_internal_units_are_of_their_dimension(dimension):
    assert units.parse(dimension.example, dimension) > 0
    assert units.parse(f"3 {dimension.unit}", dimension) == 3.0
    assert units.parse(f"1 {dimension.usual}", dimension) > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("4", 'a number without a unit; give a unit, e.g. "4 kpc"'),
        ("", "needs a length"),
        ("kpc", "needs a length"),
        ("four kpc", "needs a length"),
        ("4,5 kpc", "unknown unit"),
        ("4 kpcs", 'did you mean "kpc"?'),
        ("4 kp", 'did you mean "kpc"?'),
        ("30 uG", "a magnetic field; needs a length"),
        ("30 GeV", "an energy; needs a length"),
        ("30 s-1", "a rate; needs a length"),
        ("3 GeV7", "needs a length"),
        ("3 %", "dimensionless"),
        ("3 3 kpc", "needs a length"),
        ("3 mag(kpc)", "needs a length"),
        ("3 kpc**99999", "needs a length"),
        ("3 kpc.__class__", "needs a length"),
        ("3 " + "kpc " * 500, "needs a length"),
        ("3 ((((((((((kpc", "needs a length"),
        ("nan kpc", "finite number"),
        ("-inf kpc", "finite number"),
        ("1e999 kpc", "too large"),
        ("1e300 kpc", "too large"),
        ("1e-400 kpc", "too small"),
        ("0x10 kpc", "needs a length"),
        ("1_0 kpc", "needs a length"),
        ("٣ kpc", "needs a length"),
    ],
)
def test_what_is_no_length_is_refused_with_an_example(text, says):
    with pytest.raises(units.UnitError) as error:
        units.parse(text, units.DIMENSIONS["length"])
    assert says in str(error.value)
    assert len(str(error.value)) < 300


def test_a_milliyear_is_a_mistake():
    with pytest.raises(units.UnitError, match='did you mean "Myr"'):
        units.parse("300 myr", units.DIMENSIONS["time"])


def test_a_value_lost_to_underflow_is_refused():
    with pytest.raises(units.UnitError, match="too small"):
        units.parse("1e-320 nT", units.DIMENSIONS["magnetic field"])


def test_zero_is_a_number():
    assert units.parse("0 km/s", units.DIMENSIONS["speed"]) == 0.0
    assert math.copysign(1, units.parse("0 km/s", units.DIMENSIONS["speed"])) == 1


@pytest.mark.parametrize("text", ["4 10^99999999 cm", "1 10**99999999 kpc", "1 cm^(-100000000)", "1 99999 cm"])
def test_powers_without_end_are_refused_at_once(text):
    """Worked out digit by digit they would take for ever."""
    with pytest.raises(units.UnitError, match="found the unit"):
        units.parse(text, units.DIMENSIONS["length"])
