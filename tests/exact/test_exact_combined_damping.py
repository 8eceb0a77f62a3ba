"""Linear and nonlinear damping of the same waves, with and without other scatterers: the closed form proved."""

import mpmath
import numpy as np
import pytest
import sympy as sp

import problems
from problems.combined_damping import exact
from problems.linear_damping.exact import profile as linear_profile
from problems.nonlinear_landau.exact import landau_profile
from solver.deck import load
from solver.model import Model
from solver.physics.self_confinement import kappa_sc

CASES = [  # F, S, X, nu in units of v = height = 1
    (1.0, 0.3, 0.5, 0.0),
    (1.0, 0.999, 0.3, 0.0),
    (1.0, 1e-6, 3.0, 0.0),
    (1.0, 0.3, 0.5, 0.7),
    (1.0, 5.0, 0.5, 1e-2),
    (1.0, 1.0, 1.0, 1.0),  # S = D: the two logarithms merge
    (1.0, 0.0, 2.0, 0.3),
    (1.0, 30.0, 5.0, 1e-4),
    (1e-3, 0.2, 0.1, 2.0),
]


def test_depth_function_is_the_integral_of_the_law():
    """dG/dt = −(dq/dt)/(X^-2-scaled slope): with s = t + S, a = s t/X², q = s t/(t + D), q' = v a."""
    t, S, D, X = sp.symbols("t S D X", positive=True)
    G = sp.log(1 + D / t) / D + (sp.log(1 + (S - D) / (t + D)) / ((S - D) / (t + D)) - 1) / (t + D)
    q, a = (S + t) * t / (t + D), (S + t) * t / X**2
    assert sp.simplify(sp.diff(G, t) + sp.diff(q, t) / (a * X**2)) == 0


def test_law_without_and_with_other_scatterers():
    """s² − S s − X² a = 0 is |∂f/∂z| κ² − S κ − X² = 0 with s = κ a, and 1/κ = 1/κ_sc + ν gives q = s t/(t + νX²)."""
    s, S, X, nu = sp.symbols("s S X nu", positive=True)
    a = s * (s - S) / X**2
    kappa_waves = s / a
    assert sp.simplify(a * kappa_waves**2 - S * kappa_waves - X**2) == 0
    q = a / (1 / kappa_waves + nu)
    assert sp.simplify(q - s * (s - S) / (s - S + nu * X**2)) == 0


@pytest.mark.parametrize(("F", "S", "X", "nu"), CASES)
def test_profile_solves_the_equation(F, S, X, nu):
    """v f + κ a = F with a = −f' by differences of the closed form (their error, 1e-8, sets the tolerance)."""
    depth = np.array([0.05, 0.3, 1.0])
    f = exact.profile(F, S, X, 1.0, depth, nu)
    h = 1e-4 * depth
    outer, inner = (exact.profile(F, S, X, 1.0, depth + d, nu) for d in (h, -h))
    a = (outer - inner) / (2 * h)
    kappa = 1 / (1 / kappa_sc(S, X, -a) + nu)
    np.testing.assert_allclose(f + kappa * a, F, rtol=3e-6)
    assert exact.profile(F, S, X, 1.0, 0.0, nu) == 0


@pytest.mark.parametrize(("F", "S", "X", "nu"), CASES)
def test_flux_against_high_precision_inversion(F, S, X, nu):
    with mpmath.workdps(40):
        S_, D, X2 = mpmath.mpf(S), mpmath.mpf(nu) * X**2, mpmath.mpf(X) ** 2

        def integrand(t):
            return ((2 * t + S_) * (t + D) - (t + S_) * t) / ((t + D) ** 2 * (t + S_) * t)

        top = (F - S_) / 2 + mpmath.sqrt(((F - S_) / 2) ** 2 + F * D)
        t = mpmath.mpf(float(exact.excess_flux(F, S, X, 1.0, 0.4, nu)))
        points = [t * (top / t) ** (mpmath.mpf(i) / 40) for i in range(41)]
        assert float(X2 * mpmath.quad(integrand, points)) == pytest.approx(0.4, rel=1e-9)


def test_eq_14_is_the_limit_without_linear_damping():
    depth = np.linspace(0, 1, 5)
    np.testing.assert_allclose(
        exact.profile(1.0, 0.0, 0.7, 1.0, depth), landau_profile(1.0, 1.0, 0.7, depth), rtol=1e-12
    )
    np.testing.assert_allclose(
        exact.profile(1.0, 1e-9, 0.7, 1.0, depth), landau_profile(1.0, 1.0, 0.7, depth), rtol=1e-8
    )


def test_eq_5_is_the_limit_without_nonlinear_damping():
    assert exact.profile(1.0, 0.3, 1e-6, 1.0, 0.5) == pytest.approx(0.7, rel=1e-10)
    assert exact.profile(1.0, 3.0, 1e-6, 1.0, 0.5) == 0  # S > Q: nothing confines, nothing stays


@pytest.mark.parametrize("S", [0.3, 3.0])
def test_linear_damping_with_scattering_is_the_limit_of_small_X(S):
    found = exact.profile(1.0, S, 1e-5, 1.0, 0.5, 0.1)
    assert found == pytest.approx(float(linear_profile(1.0, S, 1.0, 0.1, 0.5)), rel=1e-7)


def test_strong_scattering_is_scharfetter_gummel():
    """ν >> all else: f = (F/v)(1 − e^{−vν depth})."""
    assert exact.profile(1.0, 0.3, 1e4, 1.0, 0.5, 3.0) == pytest.approx(1 - np.exp(-1.5), rel=1e-4)


def test_row_19_linear_damping_gains_on_landau_damping_with_rigidity():
    """Γ_NLLD ∝ R^-0.85 falls faster than turbulent damping ∝ R^-0.5, so S outgrows X |∂f/∂z|^½."""
    model = Model(load("combined_damping"))
    a = landau_profile(model.Q[0], model.v[0], model.X[0], model.grid.z[-1]) / model.grid.z[-1]
    share = model.S[0] / (model.X[0] * np.sqrt(a))
    assert np.all(np.diff(share[model.grid.R > 3]) > 0)


def test_solution_on_the_grid_lies_below_either_damping_alone():
    """More damping, less confinement."""
    model = Model(load("combined_damping"))
    f = problems.load_exact("combined_damping").solution(model).f[0]
    depth = model.grid.z[-1] - model.grid.z[:-1, None]
    assert np.all(f[:-1] < landau_profile(model.Q[0], model.v[0], model.X[0], depth))
    assert np.all(f[:-1] < (model.Q[0] - model.S[0]) / model.v[0])
    assert np.all(f[:-1] > 0)


def test_catastrophic_losses_leave_the_flux_that_balances_the_disc():
    model = Model(load("combined_damping").replace({"disc.losses": "catastrophic", "physics.causal_limit": True}))
    f = problems.load_exact("combined_damping").solution(model).f[0]
    F = model.Q[0] - model.disc_speed[0] * f[0]
    expected = exact.profile(F, model.S[0], model.X[0], model.v[0], model.grid.z[-1], model.nu[0, 0])
    np.testing.assert_allclose(f[0], expected, rtol=1e-9)
