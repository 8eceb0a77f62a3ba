"""Waves under nonlinear damping of any power: the law at a point and between two nodes, derivatives, monotony, nuclei."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from slabs import orders, slab, solve

from solver.transport.existence import no_steady_state
from solver.transport.law import FaceLaw
from solver.transport.nonlinear import Mixture
from solver.transport.projection import project

EPS = np.finfo(float).eps
ROUNDING = 1e-12                # logarithms up to 50 in size: EPS of them is an absolute error of ln q
QUADRATURE = 1e-9               # twelve points a panel, 1e-13 of brentq in ln q amplified by n

powers = st.floats(0.2, 10.0)
decades = st.floats(-5.0, 5.0)


def mixture(parts, S=0.0, m=0.0, faces=1):
    """A Mixture of `faces` equal faces from {n: G}."""
    log_G = np.log([np.full(faces, float(G)) for G in parts.values()])
    return Mixture(np.full(faces, float(S)), np.full(faces, float(m)), np.array(list(parts), float), log_G)


samples = st.tuples(
    st.dictionaries(powers, decades.map(lambda x: 10.0**x), min_size=1, max_size=3),
    st.one_of(st.just(0.0), decades.map(lambda x: 10.0**x)), st.floats(-6.0, 1.0).map(lambda x: 10.0**x),
    st.floats(-8.0, 8.0).map(lambda x: 10.0**x))


# ---- at a point ----------------------------------------------------------------------------------------------------

@given(samples)
@settings(deadline=None, max_examples=300)
def test_law_at_a_point_balances_growth_and_damping(sample):
    """q = S + Σ G_j (a/q)^(n_j): rounding of logarithms times the largest power."""
    parts, S, _, a = sample
    q = float(mixture(parts, S).point(np.array([a]))[0][0])
    damped = S + sum(G * (a / q) ** n for n, G in parts.items())
    assert q == pytest.approx(damped, rel=10 * ROUNDING)


def differences(function, a, step=1e-5):
    """Central first difference of function(a) and its error, rounding of the values included."""
    high, low = function(a * (1 + step)), function(a * (1 - step))
    return (high - low) / (2 * step * a)


@given(samples)
@settings(deadline=None, max_examples=200)
def test_derivatives_at_a_point(sample):
    """dq/da and d²q/da² against differences, relative to q/a and q/a²: h² n³/6 and rounding over h, 1e-7 together."""
    parts, S, _, a = sample
    law = mixture(parts, S)
    q, dq, d2q = (float(x[0]) for x in law.point(np.array([a])))
    for got, k in ((dq, 0), (d2q, 1)):
        expected = float(differences(lambda x, k=k: law.point(np.array([x]))[k][0], a))
        assert got * a ** (k + 1) / q == pytest.approx(expected * a ** (k + 1) / q, abs=1e-7)


@given(samples, st.floats(-3, 3), st.floats(-3, 3))
@settings(deadline=None, max_examples=100)
def test_gradient_through_the_coefficients(sample, dS, d_log):
    parts, S, _, a = sample
    law, x = mixture(parts, S), np.array([a])
    slopes = np.full((len(parts), 1), d_log)

    def along(h):
        return float(mixture({n: G * np.exp(h * d_log) for n, G in parts.items()}, S * (1 + h * dS)).point(x)[0][0])

    q, gradient = (float(y[0]) for y in law.gradient(x, np.array([S * dS]), slopes))
    assert gradient / q == pytest.approx((along(1e-5) - along(-1e-5)) / (2e-5 * q), abs=1e-6)


# ---- between two nodes ---------------------------------------------------------------------------------------------

@given(powers, decades, st.floats(-4.0, 1.0), st.floats(-6.0, 6.0))
@settings(deadline=None, max_examples=200)
def test_one_process_alone_is_exact_between_two_nodes(n, G, m, a):
    """κ₀ − κ₁ = m/n with q_i = G κ_i^(−n) and q₁ = q₀ + m a: the solution of dq = v a dz, a = q (q/G)^(1/n).

    κ₀ is known to rounding, so κ₀ − κ₁ is as well as κ₀ exceeds it.
    """
    G, m, a = 10.0**G, 10.0**m, 10.0**a
    q0 = float(mixture({n: G}, m=m).fit(np.array([a]))[0][0])
    kappa0, kappa1 = ((G / q) ** (1 / n) for q in (q0, q0 + m * a))
    assert kappa0 - kappa1 == pytest.approx(m / n, rel=ROUNDING, abs=ROUNDING * kappa0 * (1 + 1 / n))


@pytest.mark.parametrize("n", [0.4, 1.0, 2.0, 6.0])
@pytest.mark.parametrize("m", [1e-3, 0.3, 3.0])
@pytest.mark.parametrize("a", [1e-2, 1.0, 50.0])
def test_one_process_alone_is_the_two_point_problem(n, m, a):
    """The same from ∫ dq/[q y(q)] = m over the flux, by quadrature in ln q and root finding: nothing shared."""
    G, (node, weight) = 1.7, np.polynomial.legendre.leggauss(12)

    def short(log_q0):
        edges = np.linspace(log_q0, np.logaddexp(log_q0, np.log(m * a)), 200)
        half = np.diff(edges)[:, None] / 2
        y = np.exp((edges[:-1, None] + half * (1 + node) - np.log(G)) / n)
        return np.log(np.sum(half * weight / y) / m)

    q0 = np.exp(brentq(short, -60.0, 20.0, xtol=1e-13))
    assert float(mixture({n: G}, m=m).fit(np.array([a]))[0][0]) == pytest.approx(q0, rel=QUADRATURE)


@given(decades, st.floats(-4.0, 1.0), st.floats(-6.0, 6.0))
@settings(deadline=None, max_examples=200)
def test_power_1_alone_is_the_closed_form(x, m, a):
    X, m, a = 10.0**x, 10.0**m, np.array([10.0**a])
    closed = FaceLaw(np.zeros(1), np.full(1, X), np.full(1, m), np.ones(1, bool))
    for got, expected in zip(mixture({1.0: X**2}, m=m).fit(a), closed.fit(a), strict=True):
        np.testing.assert_allclose(got, expected, rtol=ROUNDING)


@given(samples)
@settings(deadline=None, max_examples=200)
def test_without_flow_the_fit_is_the_law_at_a_point(sample):
    parts, S, _, a = sample
    law, a = mixture(parts, S), np.array([a])
    q, dq, _ = law.point(a)
    np.testing.assert_allclose(law.fit(a), (q, dq), rtol=10 * ROUNDING)


@given(samples, st.floats(0.0, 3.0))
@settings(deadline=None, max_examples=300)
def test_fit_rises_with_the_slope_and_knows_its_derivative(sample, step):
    """q_fit unique and increasing for any mixture, S < q <= q at a point; dq/da against differences, relative to q/a."""
    parts, S, m, a = sample
    law = mixture(parts, S, m, faces=2)
    q, dq = law.fit(np.array([a, a * 10.0**step]))
    assert np.all(np.isfinite([q, dq]))
    assert np.all(dq >= 0)
    assert np.all(q >= S)
    assert q[1] >= q[0] * (1 - ROUNDING)
    assert q[0] <= law.point(np.full(2, a))[0][0] * (1 + ROUNDING)
    expected = float(differences(lambda x: law.fit(np.full(2, x))[0][0], a))
    assert dq[0] * a / q[0] == pytest.approx(expected * a / q[0], abs=1e-7)


def test_linear_damping_is_the_limit_of_weak_nonlinear_damping():
    """G → 0: q_fit → S wherever f falls, for every power."""
    for n in (0.5, 2.0, 5.0):
        q = mixture({n: 1e-18**n}, S=0.7, m=0.3).fit(np.array([1e-3]))[0]
        assert q == pytest.approx(0.7, rel=1e-3)


# ---- the face law with them ----------------------------------------------------------------------------------------

def law_of(others, S=0.0, X=0.0, m=0.5, faces=5):
    full = np.ones(faces)
    return FaceLaw(S * full, X * full, m * full, full > 0, tuple((n, np.log(G) * full) for n, G in others.items()))


def test_faces_without_other_powers_keep_every_bit():
    rng = np.random.default_rng(3)
    S, X, m, a = (10 ** rng.uniform(-2, 2, 40) for _ in range(4))
    alone = FaceLaw(S, X, m, np.ones(40, bool))
    some = np.where(np.arange(40) % 2, -np.inf, 0.3)
    beside = FaceLaw(S, X, m, np.ones(40, bool), ((2.0, some),))
    for got, expected in zip(beside.h(a, 0.1), alone.h(a, 0.1), strict=True):
        np.testing.assert_array_equal(got[1::2], expected[1::2])
        assert not np.any(got[::2] == expected[::2])


def test_flux_is_odd_and_waves_alone_when_nothing_else_scatters():
    law, a = law_of({2.0: 0.8, 0.5: 0.3}, S=0.2, X=0.6), np.geomspace(1e-3, 1e3, 5)
    np.testing.assert_array_equal(law.q(-a, 0.1), -law.q(a, 0.1))
    np.testing.assert_allclose(law.q(a, 1e-18), law.mixture.fit(a)[0], rtol=ROUNDING)


@pytest.mark.parametrize("weight", [1e-3, 1.0, 1e5])
def test_projection_lands_on_the_graph(weight):
    law, s = law_of({2.5: 0.8}, S=0.2), np.array([-1e4, -0.3, 1e-6, 2.0, 1e6])
    nu = np.full(5, 0.05)
    a, _ = project(law, s, weight, nu)
    np.testing.assert_allclose(a + weight * law.q(a, nu), s, rtol=1e-10)


def test_nuclei_see_the_depth_of_the_waves():
    """Protons' κ falls as κ_top + d/n; nuclei with κ_A = κ/ratio: f_A ∝ 1 − (κ_top/κ)^(n ratio), eq. 30 for any n.

    v = Q = Y = 1, and every row has its own ratio; 1e-8 is what the nonlinear solver leaves (1e-10 of the flux).
    """
    n, ratio = 2.0, np.array([[1.0, 1.0], [0.8, 1.3]])
    problem = slab(20, R=(1.0, 2.0, 1), species=2, others={n: 1.0}, adiabatic=False, ratio=ratio, slope=0.0)
    f = solve(problem).f
    depth = 1.0 - problem.grid.z
    for row in range(2):
        for s in range(2):
            expected = 1 - (1 / (1 + depth / n)) ** (n * ratio[s, row])
            np.testing.assert_allclose(f[s, row], expected, atol=1e-8)


@pytest.mark.parametrize("n", [0.5, 2.0, 5.0])
def test_a_source_diffuses_out_where_nothing_flows(n):
    """v = 0: all of Q diffuses, a = (Q/Y)^((1+n)/n) everywhere and f is linear; linear damping S < Q alone could not."""
    problem = slab(10, R=(1.0, 2.0, 1), v=0.0, others={n: 0.7}, slope=0.0)
    assert no_steady_state(problem) is None
    found = solve(problem)
    assert found.outcome.converged
    expected = (1 / 0.7) ** ((1 + n) / n) * (1.0 - problem.grid.z)
    np.testing.assert_allclose(found.f[0, 0], expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("parts", [{"S": 0.3, "others": {2.0: 1.0}}, {"X": 0.5, "others": {3.0: 0.3}, "S": 0.2},
                                   {"others": {0.5: 0.4, 2.0: 0.4}}])
def test_mixtures_are_second_order(parts):
    """Where several processes act the fit is not exact; errors against a fine grid fall fourfold per halving."""
    def column(cells):
        return solve(slab(cells, R=(1.0, 2.0, 1), adiabatic=False, slope=0.0, **parts)).f[0, 0, :: cells // 10]

    fine = column(640)
    errors = [np.abs(column(cells) - fine).max() for cells in (20, 40, 80)]
    assert np.all(orders(errors) > 1.8)
    assert errors[0] < 2e-3


def test_powers_far_apart_stay_finite():
    """From all but linear damping to (δB/B)^40, G over 1e±300: nothing overflows, q rises."""
    log_G = np.array([[-600.0, 0.0, 600.0], [600.0, 0.0, -600.0]])
    law = Mixture(np.array([0.0, 1e-8, 1e8]), np.array([1e-3, 1.0, 10.0]), np.array([0.05, 20.0]), log_G)
    values = np.array([law.fit(np.full(3, a)) for a in (1e-60, 1e-20, 1.0, 1e20)])
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values[:, 0], axis=0) >= 0)
