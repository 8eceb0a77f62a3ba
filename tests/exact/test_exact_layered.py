"""Two layers: eqs. 29-33 and the numbers the paper draws from them."""

import numpy as np
import pytest
import sympy as sp

import problems
from problems.layered import exact
from problems.nonlinear_landau.exact import landau_profile, landau_slope
from solver.constants import KPC, C
from solver.deck import load
from solver.model import Model
from solver.particles import KNOWN, beta
from solver.physics.spallation import spallation_time

R_H, Z_W = 10 * KPC, 0.5 * KPC


@pytest.fixture(scope="module")
def model():
    return Model(load("layered"))


@pytest.fixture(scope="module")
def solution(model):
    return problems.load_exact("layered").solution(model)


def halo(model):
    high = np.asarray(model.self_confined)
    return model.v[high][0], model.X[high][0]


def test_eq_30_solves_the_equation_of_a_nucleus_in_the_protons_waves():
    d, F, v, X, eta, Q = sp.symbols("d F v X eta Q", positive=True)  # d = r − z
    ell = X**2 / (F * v)
    f = Q / v * (1 - (ell / (d + ell)) ** (1 / eta))
    proton = F**2 * d / (F * v * d + X**2)
    kappa = eta * X / sp.sqrt(sp.factor(sp.diff(proton, d)))  # footnote 3
    assert sp.simplify(v * f + kappa * sp.diff(f, d) - Q) == 0
    assert sp.simplify(f.subs(d, 0)) == 0


def test_eq_30_as_printed():
    r, z, X2, Q, v, eta, source = 9.0, 2.0, 3.0, 1.5, 0.7, 0.9, 0.4
    ell = X2 / (Q * v)
    printed = source / v * ((r - z + ell) ** (1 / eta) - ell ** (1 / eta)) / (r - z + ell) ** (1 / eta)
    assert exact.nucleus_profile(source, Q, v, np.sqrt(X2), r - z, eta) == pytest.approx(printed, rel=1e-13)


def test_protons_are_a_nucleus_of_their_own_speed():
    depth = np.linspace(0, 5, 5)
    np.testing.assert_allclose(
        exact.nucleus_profile(2.0, 2.0, 3.0, 1.5, depth, 1.0), landau_profile(2.0, 3.0, 1.5, depth), atol=1e-15
    )


def test_row_56_flux_is_Q_on_both_sides_of_z_W():
    """Eq. 29, with the slopes of eqs. 14 and 31."""
    Q, v, X, kappa, depth = 2.0, 3.0, 1.5, 4.0, 5.0
    above = v * landau_profile(Q, v, X, depth) + X * np.sqrt(landau_slope(Q, v, X, depth))
    below = kappa * (exact.layer_profile(Q, kappa, 0.0, 1.0, 0.3) - exact.layer_profile(Q, kappa, 1.0, 1.0, 0.3))
    assert above == pytest.approx(Q, rel=1e-14)
    assert below == pytest.approx(Q, rel=1e-14)


def test_row_57_landau_damping_matters_where_X_squared_exceeds_Q_v_r():
    Q, v, r = 2.0, 3.0, 5.0
    f = landau_profile(Q, v, np.sqrt(Q * v * r * np.array([1e-4, 1.0, 1e4])), r) / (Q / v)
    np.testing.assert_allclose(f, [1, 0.5, 1e-4], rtol=2e-4)


def test_row_58_spallation_time_of_the_deck(model):
    (link,) = model.spallation
    top = link.weights.diagonal()[-1] * (5 / 6) ** 3  # per rigidity
    assert 1 / top == pytest.approx(4.37e14, rel=2e-3)


def test_row_59_low_energy_limit_of_boron_to_carbon(model):
    v_A, _ = halo(model)
    tau = spallation_time(1e5, KNOWN["carbon"], 1.25, 61e-27)
    assert 0.2 * KPC / (v_A * tau) == pytest.approx(0.354, abs=5e-4)
    ratio = exact.nucleus_profile(0.2 * KPC / tau, 1.0, v_A, 1e-3 * np.sqrt(v_A * R_H), R_H, 1.0)
    assert ratio == pytest.approx(0.354, abs=5e-4)


@pytest.mark.parametrize(("gamma", "slope"), [(4.3, -1.3), (4.2, -1.2)])
def test_row_60_high_energy_boron_to_carbon_in_the_halo(gamma, slope):
    p = np.array([1e9, 2e9])
    ratio = exact.nucleus_profile(1.0, p**-gamma, 4e6, 1e22 * p**-1.5, R_H, 1.0)
    assert np.log(ratio[1] / ratio[0]) / np.log(2) == pytest.approx(slope, abs=1e-6)


def test_row_61_boron_diffuses_at_the_protons_kappa_times_the_speed_ratio(model):
    R, b, p = model.grid.R, model.names.index("boron"), model.names.index("proton")
    ratio = beta(R, KNOWN["boron"]) / beta(R, KNOWN["proton"])
    np.testing.assert_allclose(model.speed_ratio[b], ratio, rtol=1e-14)
    np.testing.assert_allclose(model.kappa_extrinsic[b, 0] / model.kappa_extrinsic[p, 0], ratio, rtol=1e-13)


def test_halo_kappa_is_that_of_eq_14():
    Q, v, X, depth = 2.0, 3.0, 1.5, np.linspace(0, 5, 4)
    np.testing.assert_allclose(exact.halo_kappa(Q, v, X, depth), X / np.sqrt(landau_slope(Q, v, X, depth)), rtol=1e-13)


def test_row_62_values_at_the_disc_are_layer_plus_halo(model, solution):
    at = int(np.argmin(abs(model.grid.z - Z_W)))
    for s, name in enumerate(model.names):
        f = solution.f[s]
        source = model.Q[s]
        if name == "boron":
            carbon = solution.f[model.names.index("carbon"), 0]
            tau = spallation_time(model.grid.R, KNOWN["carbon"], 1.25, 61e-27)
            source = carbon * 0.2 * KPC / tau * (6 / 5) ** 3  # per d³p of boron
        np.testing.assert_allclose(f[0], source * Z_W / model.kappa_extrinsic[s, 0] + f[at], rtol=1e-10)


def test_row_63_warm_layer_dominates_at_high_rigidity_only(model, solution):
    at, p = int(np.argmin(abs(model.grid.z - Z_W))), model.names.index("proton")
    dominates = exact.layer_dominates(model.Q[p], model.kappa_extrinsic[p, 0], Z_W, solution.f[p, at])
    assert not dominates[0]
    assert dominates[-1]
    assert np.count_nonzero(np.diff(dominates)) == 1


def test_row_64_eq_33_with_z_W_against_the_exact_losses(model):
    """With z_W in its last term eq. 33 differs from the exact quadratic by less than 0.1 % of f(0)."""
    R = np.geomspace(0.1, 1e4, 120)
    v_A, X1 = halo(model)[0], halo(model)[1][-1] * (model.grid.R[-1] / R) ** 1.5 * np.sqrt(beta(R, KNOWN["proton"]))
    Q = model.Q[0, 0] * R**-4.3
    kappa = 2.6e28 * beta(R, KNOWN["proton"])
    sink = 0.2 * KPC * 2e-16 * 1.25 * (R**2 + 0.938272**2) / R**3
    F = exact.flux_with_sink(Q, v_A, X1, R_H, Z_W, kappa, sink)
    full = exact.two_layers(F, F, v_A, X1, 1.0, 0.0, Z_W, R_H, kappa)
    np.testing.assert_allclose(F + sink * full, Q, rtol=1e-9)
    paper = exact.two_layers(Q, Q, v_A, X1, 1.0, 0.0, Z_W, R_H, kappa) * exact.eq33_factor(v_A, sink, Z_W, kappa)
    assert np.abs(paper / full - 1).max() < 1e-3


def test_losses_of_the_deck_leave_the_flux_that_balances_each_species():
    model = Model(load("layered").replace({"disc.losses": "catastrophic", "grid.rigidity_min": "0.1 GV"}))
    f, z = problems.load_exact("layered").solution(model).f, model.grid.z
    sources = np.array(model.Q)
    (link,) = model.spallation
    sources[link.child] += model.half_thickness * (link.weights @ f[link.parent, 0])
    flux = (f[:, 0] - f[:, 1]) / z[1] * model.kappa_extrinsic[:, 0]
    np.testing.assert_allclose(flux + model.disc_speed * f[:, 0], sources, rtol=1e-7)


def test_wave_speed_cap_is_off_in_the_halo(model, solution):
    assert np.all(model.nu[:, np.asarray(model.self_confined)] == 0)
    assert np.isfinite(solution.f).all()
    assert C > halo(model)[0] > 0
