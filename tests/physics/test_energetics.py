"""Orders of magnitude of Secs. 3 and 6.2 and App. B."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.constants import KPC, PC, YEAR, C
from solver.physics import energetics
from solver.physics.plasma import Plasma

ALGEBRA = 1e-12
QUOTED = 5e-3  # derived numbers are quoted to three digits
WARM = Plasma(6e-6, 0.1, 2e4)
HALO = Plasma(6e-6, 0.001, 2e6)
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)


def test_row_50_meaning_of_a_scattering_rate():
    assert energetics.mean_free_path(1e-8) == pytest.approx(0.972 * PC, rel=QUOTED)
    assert C * energetics.mean_free_path(1e-8) == pytest.approx(9.0e28, rel=QUOTED)
    assert energetics.scattering_rate(C * energetics.mean_free_path(1e-8)) == pytest.approx(1e-8, rel=ALGEBRA)


def test_row_51_drift_anisotropy():
    assert energetics.drift_anisotropy(1e-8, 10 * KPC) == pytest.approx(9.72e-5, rel=QUOTED)


def test_row_52_drift_speed_against_the_alfven_speeds():
    drift = energetics.drift_speed(1e-8, 10 * KPC)
    assert drift == pytest.approx(2.9e6, rel=0.02)
    assert 0.3 < drift / WARM.alfven_speed < 3  # comparable in the warm medium
    assert drift < HALO.alfven_speed / 10
    assert energetics.streaming_suppressed(1e-8, 10 * KPC, HALO.alfven_speed)
    assert not energetics.streaming_suppressed(1e-10, 10 * KPC, WARM.alfven_speed)


def test_row_53_bound_on_kappa_is_where_streaming_sets_in():
    bound = energetics.kappa_bound(10 * KPC, WARM.alfven_speed)
    assert 1e29 / 3 < bound < 3e29
    rate = energetics.scattering_rate(bound)
    assert energetics.drift_speed(rate, 10 * KPC) == pytest.approx(WARM.alfven_speed, rel=ALGEBRA)


def test_row_90_power_of_scattering_waves():
    volume = energetics.cylinder_volume(10 * KPC, KPC)
    power = energetics.wave_power(1e-3, 1e-6, 1e-11, volume)
    assert power == pytest.approx(3.67e36, rel=QUOTED)
    assert energetics.wave_power(1e-3, 1e-6, 1e-11, volume, kinetic=True) == pytest.approx(2 * power, rel=ALGEBRA)


def test_row_91_power_of_supernovae():
    assert energetics.supernova_power(0.01 / YEAR, 1e51) == pytest.approx(3.17e41, rel=QUOTED)
    assert energetics.supernova_power(0.01 / YEAR, 1e50) == pytest.approx(3.17e40, rel=QUOTED)


@given(Ma=st.floats(0.01, 1), Ma_alfven=st.floats(0.01, 10))
def test_row_97_cascade_against_shear(Ma, Ma_alfven):
    ratio = energetics.cascade_over_shear(Ma, Ma_alfven)
    if Ma_alfven <= 1:
        assert ratio == pytest.approx((Ma / Ma_alfven) ** 2, rel=ALGEBRA)
    else:
        assert ratio == pytest.approx((Ma / Ma_alfven) ** 1.5 * Ma**0.5, rel=ALGEBRA)
    if Ma < Ma_alfven * (1 - 1e-9):
        assert ratio < 1


def test_row_97_both_forms_meet_at_equal_driving():
    below, above = energetics.cascade_over_shear(0.5, np.array([1.0, 1.0 + 1e-13]))
    assert below == pytest.approx(above, rel=1e-12)


@given(logs=LOGS)
def test_energetics_follow_a_change_of_units(other_units, logs):
    here = energetics.wave_power(1e-3, 1e-6, 1e-11, energetics.cylinder_volume(10 * KPC, KPC))
    drift, bound = energetics.drift_speed(1e-8, 10 * KPC), energetics.kappa_bound(KPC, 1e6)
    with other_units(logs) as scale:
        volume = energetics.cylinder_volume(scale(10 * KPC, "length"), scale(KPC, "length"))
        there = energetics.wave_power(1e-3, scale(1e-6, "field"), scale(1e-11, "rate"), volume)
        assert there == pytest.approx(scale(here, (2, 1, -3, 0)), rel=1e-11)
        speed = energetics.drift_speed(scale(1e-8, "rate"), scale(10 * KPC, "length"))
        assert speed == pytest.approx(scale(drift, "speed"), rel=1e-11)
        kappa = energetics.kappa_bound(scale(KPC, "length"), scale(1e6, "speed"))
        assert kappa == pytest.approx(scale(bound, "diffusion"), rel=1e-11)


def test_anisotropy_is_at_most_one():
    assert energetics.drift_anisotropy(1e-15, 10 * KPC) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: energetics.scattering_rate(0.0),
        lambda: energetics.drift_anisotropy(1e-8, -1.0),
        lambda: energetics.wave_power(-1e-3, 1e-6, 1e-11, 1.0),
        lambda: energetics.cascade_over_shear(np.nan, 1.0),
    ],
)
def test_nonsense_is_an_error(call):
    with pytest.raises(ValueError, match="must be"):
        call()
