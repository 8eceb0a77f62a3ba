"""The thermal plasma and the numbers the paper quotes for its media."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.constants import K_B, PROTON_MASS, C
from solver.physics.plasma import Plasma, collisional_mean_free_path
from solver.physics.validity import ValidityWarning

ROUNDING = 1e-14
UNITS = 1e-12  # scale factors of e^±20 are themselves rounded to some 1e-14
KM_S = 1e5
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)

WARM_3, HALO_3 = Plasma(6e-6, 0.1, 2e4), Plasma(6e-6, 0.001, 2e6)  # Fig. 3
WARM_5, HALO_5 = Plasma(6e-6, 0.2, 1e4), Plasma(1e-6, 0.003, 3e6)  # Sec. 4.2


def test_row_11_alfven_speed_of_fig_1():
    assert Plasma(1e-6, 0.001, 1e6).alfven_speed / KM_S == pytest.approx(69.0, abs=0.05)


def test_row_27_alfven_speeds_of_fig_2_at_the_base_and_the_top():
    base = Plasma(1e-6, 0.005, 1e6).alfven_speed / KM_S
    assert base == pytest.approx(30.8, abs=0.05)
    assert base * 40**0.5 == pytest.approx(195, abs=0.5)


def test_row_32_default_mean_free_path_of_the_warm_medium_is_the_papers_1e13_cm():
    assert WARM_3.mean_free_path == pytest.approx(1e13, rel=ROUNDING)
    assert 1e12 < WARM_5.mean_free_path < 1e13  # the other warm medium: the same number scaled by T²/n


def test_row_38_beta_and_alfven_speed_of_fig_3():
    for plasma, speed in ((WARM_3, 41.4), (HALO_3, 414)):
        assert plasma.beta == pytest.approx(0.193, abs=0.0005)
        assert plasma.alfven_speed / KM_S == pytest.approx(speed, rel=0.001)


def test_row_66_beta_and_alfven_speed_of_the_two_phase_model():
    assert WARM_5.beta == pytest.approx(0.193, abs=0.0005)
    assert HALO_5.beta == pytest.approx(31.2, abs=0.05)
    assert WARM_5.alfven_speed / KM_S == pytest.approx(29.3, abs=0.05)
    assert HALO_5.alfven_speed / KM_S == pytest.approx(39.8, abs=0.05)


@given(st.floats(1e-9, 1e-3), st.floats(1e-6, 1e6), st.floats(10, 1e9))
def test_beta_is_the_square_of_thermal_over_alfven_speed(B, n, T):
    plasma = Plasma(B, n, T)
    assert plasma.beta == pytest.approx((plasma.thermal_speed / plasma.alfven_speed) ** 2, rel=ROUNDING)
    assert plasma.thermal_speed == pytest.approx(np.sqrt(2 * K_B * T / PROTON_MASS), rel=ROUNDING)
    assert plasma.viscosity == pytest.approx(2500 * T**2 / n * plasma.thermal_speed, rel=ROUNDING)


@given(LOGS)
def test_plasma_follows_a_change_of_units(other_units, logs):
    inputs = {"B": (3e-6, "field"), "n": (0.02, "density"), "T": (4e5, "temperature")}
    inputs["mean_free_path"] = (2e14, "length")
    kinds = {"alfven_speed": "speed", "thermal_speed": "speed", "beta": "number", "viscosity": "diffusion"}
    one = Plasma(**{key: value for key, (value, _) in inputs.items()})
    want = {name: getattr(one, name) for name in kinds}
    with other_units(logs) as scale:
        other = Plasma(**{key: scale(value, kind) for key, (value, kind) in inputs.items()})
        for name, kind in kinds.items():
            assert getattr(other, name) == pytest.approx(scale(want[name], kind), rel=UNITS), name


def test_a_given_mean_free_path_overrides_the_default_and_survives_a_change():
    given_path = Plasma(1e-6, 0.1, 1e4, mean_free_path=3e13)
    assert given_path.mean_free_path == 3e13
    assert given_path.replace(T=2e4).mean_free_path == 3e13
    assert Plasma(1e-6, 0.1, 1e4).replace(T=2e4).mean_free_path == pytest.approx(1e13, rel=ROUNDING)


def test_a_column_of_heights_broadcasts_against_rigidities():
    column = Plasma(np.array([1e-6, 2e-6, 3e-6]), 0.1, 1e4).column()
    assert np.broadcast_shapes(np.shape(column.alfven_speed), (5,)) == (3, 5)
    assert column.alfven_speed[2, 0] == pytest.approx(Plasma(3e-6, 0.1, 1e4).alfven_speed, rel=ROUNDING)
    assert np.all(column.alfven_speed < C)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), "6 uG", [1.0, -1.0]])
@pytest.mark.parametrize("key", ["B", "n", "T", "mean_free_path"])
def test_an_impossible_plasma_is_refused_by_name(key, bad):
    with pytest.raises(ValueError, match=f"^{key} must"):
        Plasma(**{"B": 1e-6, "n": 0.1, "T": 1e4, key: bad})


def test_shapes_that_do_not_fit_are_refused_at_once():
    with pytest.raises(ValueError, match=r"B \(2,\).*n \(3,\)"):
        Plasma(np.ones(2), np.ones(3), 1e4)


@pytest.mark.parametrize(("plasma", "logarithm"), [(WARM_3, 24.6), (WARM_5, 23.2), (HALO_3, 33.8)])
def test_mean_free_path_by_collisions_is_that_of_the_formulary(plasma, logarithm):
    """NRL Plasma Formulary: τ_i = 2.09e7 s T^(3/2)/(n λ) for hydrogen, T in eV; λ read off its formula to 0.1."""
    eV = K_B * plasma.T / 1.602176634e-12
    expected = plasma.thermal_speed * 2.09e7 * eV**1.5 / (plasma.n * logarithm)
    assert collisional_mean_free_path(plasma) == pytest.approx(expected, rel=0.005)


def test_mean_free_path_by_collisions_broadcasts_and_warns_where_nothing_is_left_of_the_logarithm():
    assert np.shape(collisional_mean_free_path(Plasma(1e-6, np.array([0.1, 1.0]), 1e4))) == (2,)
    with pytest.warns(ValidityWarning, match="Coulomb logarithm"):
        collisional_mean_free_path(Plasma(1e-6, 1e20, 1e3))
