"""Linear damping at constant speed: eqs. 4-9, the causal limit as a rate, and the numbers of Fig. 1."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import problems
from problems.linear_damping import exact
from solver.constants import KPC, C
from solver.deck import load
from solver.model import Model
from solver.physics import self_confinement as sc
from solver.physics.plasma import Plasma

H, V, NU = 3e22, 6.9e6, 1 / (C * 3e22)


@pytest.fixture(scope="module")
def fig1():
    return Model(load("linear_damping"))


@pytest.mark.parametrize(
    ("row", "exponent", "slope"), [(6, 0.5, -3.5), (7, 0.75, -3.75), (8, 0.0, -3.0), (5, 0.2, -3.2)]
)
def test_rows_5_to_8_slope_of_S(row, exponent, slope):
    R, halo = np.array([1.0, 1e3]), Plasma(B=1e-6, n=1e-3, T=1e6)
    S = sc.S_from_rate(sc.power_law_rate(1e-11, 1.0, exponent, R), halo, R)
    assert np.log(S[1] / S[0]) / np.log(1e3) == pytest.approx(slope, abs=1e-6)


def test_the_law_and_its_first_integral_symbolically():
    """q = S a/(a + Sν) and v f + q = F give q' = v a, integrated by ln y − y."""
    S, nu, v, a, q = sp.symbols("S nu v a q", positive=True)
    slope = sp.solve(sp.Eq(q, S * a / (a + S * nu)), a)[0]
    y = q / S
    depth_rate = sp.diff(sp.log(y) - y, q) * v * slope  # d(ln y − y)/dz with q' = v a
    assert sp.simplify(depth_rate - v * nu) == 0


@pytest.mark.parametrize("ratio", [0.003, 0.7, 0.999, 1.0, 1.3, 50.0])
def test_profile_solves_eq_2_with_the_causal_limit(ratio):
    """v f + S a/(a + Sν) = F with a = −f', integrated numerically upwards from the disc (any Q/S)."""
    S, nu = 1.0, 2e-23 / 6.9e6
    F = ratio * S
    f0 = float(exact.profile(F, S, V, nu, H))

    def slope(_, f):
        q = F - V * f
        return -S * nu * q / (S - q)

    heights = np.linspace(0, 0.95 * H, 6)
    run = solve_ivp(slope, (0, heights[-1]), [f0], t_eval=heights, rtol=1e-11, atol=1e-13 * f0, method="LSODA")
    np.testing.assert_allclose(exact.profile(F, S, V, nu, H - heights), run.y[0], rtol=1e-7)


def test_profile_vanishes_at_the_top_and_falls_monotonically():
    F, depth = np.geomspace(1e-3, 1e3, 13), np.linspace(0, H, 50)[:, None]
    f = exact.profile(F, 1.0, V, NU, depth)
    assert np.all(f[0] == 0)
    assert np.all(np.diff(f, axis=0) >= 0)


def test_eq_5_is_the_limit_of_weak_scattering():
    S, F = 1.0, 3.0
    for nu in (1e-33, 1e-37):  # the approach is as √(2 v ν H)
        f = exact.profile(F, S, V, nu, H)
        bound = np.sqrt(2 * V * nu * H) * S / V
        assert 0 <= f - exact.confined_spectrum(F, S, V) <= 1.01 * bound


def test_unconfined_particles_leave_at_the_causal_limit():
    """S >> Q: f = Q ν depth, to relative order Q/S and v ν H."""
    S, F = 1.0, 1e-5
    f = exact.profile(F, S, V, NU, H)
    assert f == pytest.approx(F * NU * H, rel=3 * (F / S + V * NU * H))
    assert f * C == pytest.approx(F, rel=1e-3)  # effective speed c, eq. 8's cap


def test_row_9_cutoff_where_source_equals_damping():
    Q1, S1, gamma, a = 7.5e-5, 7.3e-7, 4.3, 0.5
    p_c = sc.cutoff_rigidity(Q1, gamma, S1, a)
    assert Q1 * p_c**-gamma == pytest.approx(S1 * p_c ** -(3 + a), rel=1e-12)
    below, above = exact.confined_spectrum(
        Q1 * (p_c * np.array([0.9, 1.1])) ** -gamma, S1 * (p_c * np.array([0.9, 1.1])) ** -3.5, V
    )
    assert below > 0 > above


def test_row_10_deck_is_the_preset_of_fig_1(fig1):
    source, layer = fig1.deck.species["proton"].source, fig1.deck.layer[0]
    assert (source.rate.text, source.energy.text, source.slope) == ("0.01 yr-1", "1e50 erg", 4.3)
    assert (layer.plasma.B.text, layer.plasma.n.text) == ("1 uG", "0.001 cm-3")
    (damping,) = layer.damping
    assert (damping.rate.text, damping.at.text, damping.exponent) == ("1e-11 s-1", "1 GV", 0.5)


def test_row_11_speed_rises_sharply_to_c_at_the_cutoff(fig1):
    R, Q, S, v = fig1.grid.R, fig1.Q[0], fig1.S[0], fig1.v[0]
    assert v == pytest.approx(69.0e5, abs=0.05e5)
    p_c = sc.cutoff_rigidity(Q[0] * R[0] ** 4.3, 4.3, S[0] * R[0] ** 3.5, 0.5)
    assert p_c == pytest.approx(328, abs=0.5)
    half = p_c / 2 ** (1 / 0.8)  # f = ½ Q/v
    assert p_c / half == pytest.approx(2.38, abs=0.005)
    kept = exact.confined_spectrum(half**-4.3, p_c**-0.8 * half**-3.5, 1.0) / half**-4.3
    assert kept == pytest.approx(0.5, rel=1e-12)
    f = problems.load_exact("linear_damping").solution(fig1).f[0, 0]
    speed = Q / f
    assert np.all(np.abs(speed[0.05 * p_c > R] / v - 1) < 0.12)
    np.testing.assert_allclose(
        speed[30 * p_c < R] * 10 * KPC / (fig1.beta[0, 30 * p_c < R] * C * 10 * KPC), 1, atol=0.09
    )


def test_row_12_loss_factor_and_its_limits():
    assert exact.loss_factor(5e6, 0.0) == 1
    assert exact.loss_factor(5e6, 5e12) == pytest.approx(1e-6, rel=1e-5)


def test_row_12_eq_9_follows_from_the_flux_with_losses():
    """Q → Q − f(0) h/τ in eq. 5, solved exactly, is eq. 9."""
    Q, S, sink = 3.0, 1.0, np.array([0.0, 1e5, 7e6, 1e9])
    F = exact.flux_with_sink(Q, S, V, 1e-45, H, sink)
    f = exact.profile(F, S, V, 1e-45, H)
    np.testing.assert_allclose(f, exact.confined_spectrum(Q, S, V) * exact.loss_factor(V, sink), rtol=1e-7)


def test_flux_with_losses_balances_the_disc_on_both_sides_of_the_cutoff():
    Q, sink = np.geomspace(0.01, 100, 9), 3e6
    F = exact.flux_with_sink(Q, 1.0, V, NU, H, sink)
    np.testing.assert_allclose(F + sink * exact.profile(F, 1.0, V, NU, H), Q, rtol=1e-12)


def test_solution_on_the_grid_is_the_formula(fig1):
    found = problems.load_exact("linear_damping").solution(fig1)
    depth = fig1.grid.z[-1] - fig1.grid.z[:, None]
    expected = exact.profile(fig1.Q[0], fig1.S[0], fig1.v[0], 1 / (fig1.beta[0] * C * 10 * KPC), depth)
    np.testing.assert_allclose(found.f[0], expected, rtol=1e-12)
