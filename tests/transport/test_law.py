"""The fitted flux law of one face: exact two-point fluxes, monotony, derivatives, and the projection on its graph."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from solver.transport.law import FaceLaw, depth_excess
from solver.transport.projection import project

EPS = np.finfo(float).eps
FREE = 1e-14                    # a rate ν of other scatterers far too small to matter: the limit ν → 0
ROUNDING = 200 * EPS            # some tens of operations, amplified by dln(e^{mν})/dln(mν) = mν < 20 at most
QUADRATURE = 1e-10              # what quad and brentq are asked for

powers = st.floats(-4.0, 4.0)
wide = st.floats(-6.0, 6.0)


def face(S=0.0, X=0.0, m=0.0, confined=True):
    """The law of one face (or of arrays that broadcast)."""
    S, X, m = np.broadcast_arrays(*(np.asarray(x, float) for x in (S, X, m)))
    return FaceLaw(S, X, m, np.broadcast_to(confined, S.shape))


def exact_law(S, X, m, nu, a):
    """q(a) in mpmath: h = (a/q_fit) e^{mν} + (e^{mν} − 1)/m, and for S alone h = (e^{ma/S + mν} − 1)/m up to saturation."""
    S, X, m, nu, a = (mp.mpf(float(x)) if not isinstance(x, mp.mpf) else x for x in (S, X, m, nu, a))
    if S and not X:
        x, mu = m * a / S, m * nu
        s = -mp.lambertw(-mp.exp(-1 - mu)).real if mu else mp.mpf(1)
        return s * S if x >= 1 - s else m * a / mp.expm1(x + mu)
    C = m * S
    if X:
        y = m * S / X**2
        C = X**2 * (y / (1 - mp.exp(-y)) if y else 1)
    b = S - m * a
    fit = (b + mp.sqrt(b * b + 4 * C * a)) / 2
    return a / (a / fit * mp.exp(m * nu) + ((mp.exp(m * nu) - 1) / m if m else nu))


kinds = st.sampled_from(["SX", "S", "X"])
samples = st.tuples(powers, powers, st.floats(-4.0, 1.0), st.floats(-11.0, 0.0), wide, kinds)


def unpack(sample):
    s, x, m, nu, a, kind = sample
    return (10.0**s if "S" in kind else 0.0), (10.0**x if "X" in kind else 0.0), 10.0**m, 10.0**nu, 10.0**a


# ---- exact between two nodes ---------------------------------------------------------------------------------------

def two_point_flux(S, X, m, a):
    """Diffusive flux at the upwind node of the ODE q' = v|f'|, |f'| = (q² − S q)/X² with slope a across the face.

    Δz = ∫ X² dq/[v q (q − S)] from q₀ to q₀ + m a; written for u = ln(q/S − 1) or, S = 0, for 1/q.
    """
    if S == 0:
        return brentq(lambda q: m * q * (q + m * a) - X**2 * a * m, 0.0, X * np.sqrt(a), xtol=1e-300, rtol=4 * EPS)

    def short(u):
        width = np.log1p(m * a / S * np.exp(-u))           # of the interval in u that ends at q₀ + m a
        edges = [0.0, *(w - u for w in (-40.0, -5.0, 0.0, 5.0, 40.0) if 0 < w - u < width), width]
        # dq/[q (q − S)] = du/[S (1 + e^u)], a step of width 1 at u = 0
        area = sum(quad(lambda w: 1 / (1 + np.exp(u + w)), *pair)[0] for pair in pairwise(edges))
        return area / S - m / X**2

    return S * (1 + np.exp(brentq(short, -600.0, 600.0, xtol=1e-13, rtol=4 * EPS)))


@pytest.mark.parametrize("S", [0.0, 1e-3, 0.3, 1.0, 40.0])
@pytest.mark.parametrize("m", [1e-3, 0.2, 3.0])
@pytest.mark.parametrize("a", [1e-3, 1.0, 300.0])
def test_flux_is_that_of_the_two_point_problem(S, m, a):
    """Skilling's balance with both dampings and advection, integrated across the face: the closed form solves it."""
    X = 1.3
    q = float(face(S, X, m).q(np.array(a), 0.0))
    assert q == pytest.approx(two_point_flux(S, X, m, a), rel=QUADRATURE)


@given(powers, powers, wide)
@settings(deadline=None, max_examples=200)
def test_flux_of_linear_damping_alone_is_S_at_any_slope(s, m, a):
    """eq. 4: q = S while f falls; ν → 0. The scatterers left take a relative √(2mν) of it at most, and ν S/a where flat."""
    S, m, a = 10.0**s, 10.0**m, 10.0**a
    bound = ROUNDING + FREE * S / a + 2 * np.sqrt(2 * FREE * m)
    assert float(face(S, 0.0, m).q(np.array(a), FREE)) == pytest.approx(S, rel=bound)


@given(powers, powers, wide)
@settings(deadline=None, max_examples=200)
def test_flux_of_nonlinear_damping_alone(x, m, a):
    """eq. 14 between two nodes: 1/q₀ − 1/(q₀ + m a) = m/X², that is q₀ (q₀ + m a) = X² a.

    The larger part of the sum may cancel in q₀ from S − m a < 0; written without cancellation, so rounding only.
    """
    X, m, a = 10.0**x, 10.0**m, 10.0**a
    q = float(face(0.0, X, m).q(np.array(a), FREE))
    assert q * (q + m * a) == pytest.approx(X * X * a, rel=ROUNDING + 2 * FREE * (q / a + m))


@given(st.floats(-8.0, 2.0), st.floats(-8.0, 2.0), wide)
@settings(deadline=None, max_examples=200)
def test_flux_without_waves_is_Scharfetter_Gummel(m, nu, a):
    """q = a m/(e^{mν} − 1), the exponential fit of constant κ = 1/ν."""
    m, nu, a = 10.0**m, 10.0**nu, 10.0**a
    assume(m * nu < 200)
    expected = float(a * m / mp.expm1(mp.mpf(m) * mp.mpf(nu)))
    # relative condition of e^{mν} is mν; below 1e-12 its first term stands for expm1, in error by mν/2
    tolerance = (4 + m * nu) * 4 * EPS + min(m * nu, 1e-12) / 2
    assert float(face(m=m, confined=False).q(np.array(a), nu)) == pytest.approx(expected, rel=tolerance)


def test_without_flow_the_flux_is_the_law_at_a_point():
    """m → 0: q² − S q − X² a = 0 with 1/κ = a/q + ν, for both dampings (the positive root, eqs. 4 and 10)."""
    a, nu, S, X = np.geomspace(1e-5, 1e5, 41), 0.7, 0.4, 1.7
    q = 0.5 * (S + np.sqrt(S * S + 4 * X * X * a))
    expected = a / (a / q + nu)
    np.testing.assert_allclose(face(S, X, 0.0).q(a, nu), expected, rtol=ROUNDING)
    # and continuously so: the first change is of relative order m a/q, m S/X², m ν
    small = 1e-9
    change = small * (a / q + S / X**2 + nu + a / q * S / X**2)
    assert np.all(np.abs(face(S, X, small).q(a, nu) / expected - 1) <= 2 * change + ROUNDING)


@pytest.mark.parametrize("X", [0.0, 0.9])
def test_flux_is_odd_in_the_slope(X):
    """An inward gradient carries the same flux inwards (the upwind node is the same), value and derivatives alike."""
    law, a = face(0.3, X, 0.5), np.geomspace(1e-8, 1e8, 33)
    np.testing.assert_array_equal(law.q(-a, 0.1), -law.q(a, 0.1))
    np.testing.assert_array_equal(law.dq(-a, 0.1), law.dq(a, 0.1))
    assert law.q(np.zeros(1), 0.1)[0] == 0.0


def test_undamped_waves_let_nothing_diffuse():
    """κ_sc = 0 where nothing damps the waves: pure streaming, whatever the slope; no warning, no NaN."""
    a = np.array([-1e6, 0.0, 1e-3, 1e6])
    law = face(0.0, 0.0, 0.3)
    assert np.all(np.abs(law.q(a, 1e-11)) <= 1e-90)
    assert np.all(np.isfinite(law.dq(a, 1e-11)))


# ---- monotony ------------------------------------------------------------------------------------------------------

@given(samples, st.floats(0.0, 3.0))
@settings(deadline=None, max_examples=500)
def test_flux_never_falls_with_the_slope(sample, step):
    """dq/da >= 0 everywhere, and so do the values themselves but for rounding: Newton's roots are unique."""
    S, X, m, nu, a = unpack(sample)
    law, a = face(S, X, m), np.array([a, a * 10.0**step])
    q, dq = law.q(a, nu), law.dq(a, nu)
    assert np.all(dq >= 0)
    assert np.all(np.isfinite([q, dq]))
    assert q[1] >= q[0] * (1 - ROUNDING)


@given(samples)
@settings(deadline=None, max_examples=300)
def test_more_scattering_never_carries_more(sample):
    """q falls with ν, and lies below the flux of either scatterer alone (rates add)."""
    S, X, m, nu, a = unpack(sample)
    law, a = face(S, X, m), np.array(a)
    q = law.q(a, nu)
    assert law.q(a, 2 * nu) <= q * (1 + ROUNDING)
    assert q <= min(law.q(a, 0.0), face(m=m, confined=False).q(a, nu)) * (1 + ROUNDING)


# ---- derivatives ---------------------------------------------------------------------------------------------------

@given(samples)
@settings(deadline=None, max_examples=150)
@example((4.0, 0.0, -3.5, -9.0, -5.0, "SX"))                # mν = 3e-13, of which e^{mν} − 1 is not quite all
def test_derivative_of_the_flux(sample):
    """Against mpmath with 60 digits, to a part in 10⁸ even where q is all but flat (dln q/dln a down to 1e-13):
    Newton and the tangents live on it.
    """
    S, X, m, nu, a = unpack(sample)
    law = face(S, X, m)
    with mp.workdps(60):
        x = mp.mpf(a)
        h = x * mp.mpf(10) ** -15                          # truncation h², rounding 1e-60/h
        low, mid, high = (exact_law(S, X, m, nu, x + k * h) for k in (-1, 0, 1))
        dq = (high - low) / (2 * h)
        flat = float(dq * x / mid)
    # s of the saturated flux is close to a double root for small mν: rounding is amplified by 1/√(2mν)
    amplified = 8 * EPS / np.sqrt(2 * m * nu) if S and not X else 0.0
    assert float(law.q(np.array(a), nu)) == pytest.approx(float(mid), rel=ROUNDING + amplified)
    if flat > (1e-7 if S and not X else 1e-13):             # S alone: q' → 0 at saturation is a difference of x and e^x
        assert float(law.dq(np.array(a), nu)) == pytest.approx(float(dq), rel=1e-8)


@given(samples)
@settings(deadline=None, max_examples=150)
def test_depth_and_its_derivative(sample):
    """ℓ = ln(1 + m a/q_fit)/m, a/S for linear damping alone up to saturation and (ln(1 + m a/sS) − mν)/m beyond it, and
    dℓ/d|a| against mpmath; even in a.
    """
    S, X, m, nu, a = unpack(sample)
    value, slope = face(S, X, m).depth(np.array([a, -a]), nu=nu)
    with mp.workdps(60):

        def depth(x):
            if S and not X:
                mu = mp.mpf(m) * mp.mpf(nu)
                s = -mp.lambertw(-mp.exp(-1 - mu)).real
                if m * x / S < 1 - s:
                    return x / mp.mpf(S)
                return (mp.log(1 + m * x / (s * S)) - mu) / mp.mpf(m)
            return mp.log(1 + mp.mpf(m) * x / exact_law(S, X, m, 0, x)) / mp.mpf(m)

        x = mp.mpf(a)
        h = x * mp.mpf(10) ** -15
        expected = float(depth(x))
        derivative = float((depth(x + h) - depth(x - h)) / (2 * h))
    # where m a/q is small ln(1 + y) ≈ y − y²/2 is used: relative error (m a/q)²/3 < 1e-16
    # s comes from a Lambert W near its branch point: EPS/√(2mν), and mν >= 1e-6 where it is not a series
    np.testing.assert_allclose(value, expected, rtol=ROUNDING + (EPS / 1e-3 if S and not X else 0.0))
    np.testing.assert_allclose(slope, derivative, rtol=1e-8, atol=1e-12 * expected / a)


@given(powers, powers, powers, st.floats(-9.0, 0.0))
@settings(deadline=None, max_examples=150)
def test_gradient_through_the_coefficients(s, x, a, nu):
    """∂q/∂z at fixed slope through S(z), X²(z) and at a point (m = 0), against mpmath; odd in a."""
    S, X, a, nu = 10.0**s, 10.0**x, 10.0**a, 10.0**nu
    law, dS, dX2 = face(S, X, 0.0), 0.3 * S, -0.8 * X**2
    with mp.workdps(60):
        h = mp.mpf(10) ** -15

        def along(k):
            return exact_law(mp.mpf(S) + k * h * mp.mpf(dS), mp.sqrt(mp.mpf(X) ** 2 + k * h * mp.mpf(dX2)), 0, nu, a)

        expected = float((along(1) - along(-1)) / (2 * h))
        size = float(along(0))
    got = law.coefficient_gradient(np.array([a, -a]), nu, dS, dX2)
    np.testing.assert_allclose(got, [expected, -expected], atol=1e-12 * size)


# ---- nuclei --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.31])
@pytest.mark.parametrize("cells", [1, 7])
def test_depth_gives_the_nuclei_of_eq_30(ratio, cells):
    """Protons with a constant flux scatter nuclei with κ v_A/v_p, whose exact profile is g = F_g/v + c exp(v ∫dz/κ_A):
    eq. 30, from the protons' depth, whatever the number of cells.
    """
    X, v, q_top = 0.8, 1.0, 3.0
    # eq. 14: protons above z obey q' = v|f'|, |f'| = q²/X²  =>  1/q = 1/q_top + v (1 − z)/X²
    z = np.linspace(0, 1, cells + 1)
    q = 1 / (1 / q_top + v * (1 - z) / X**2)
    f = (q[-1] - q) / v                                     # zero at the top
    dz = np.diff(z)
    a = -np.diff(f) / dz
    m = v * dz
    law = face(0.0, np.full(cells, X), m)
    np.testing.assert_allclose(law.q(a, 0.0), q[:-1], rtol=ROUNDING)
    depth = m * law.depth(a)[0]
    # ∫ v dz/κ = ∫ v|f'|/q dz = ∫ dq/q
    np.testing.assert_allclose(depth, np.diff(np.log(q)), rtol=ROUNDING)
    resistance = ratio * depth.sum()
    # and with g = 0 at the top and 1 at the disc F_g = v/(1 − e^{−depth}), cell by cell: v g_i + κ_i (g_i − g_{i+1})/Δz
    exact = 1 - (np.exp(ratio * np.append(0, np.cumsum(depth))) - 1) / np.expm1(resistance)
    kappa = 1 / depth_excess(m, ratio * depth / m)
    flux = v * exact[:-1] + kappa * -np.diff(exact) / dz
    np.testing.assert_allclose(flux, v / (1 - np.exp(-resistance)), rtol=ROUNDING)


@given(powers, st.floats(-4.0, 1.0), powers, st.floats(-6.0, -1.0))
@settings(deadline=None, max_examples=100)
def test_depth_of_linear_damping_is_the_limit_of_little_nonlinear_damping(s, m, a, nu):
    """X = 0 and X → 0 hold nuclei back alike, also where f jumps: to √(2 mν), what the closed form with X makes of a small ν,
    and to 1e-6, what a small X makes of the flux.
    """
    S, m, a = 10.0**s, 10.0**m, 10.0**a
    nu = 10.0**nu / m
    X = np.sqrt(1e-6 * m * S * min(1.0, S / (m * a)))
    alone, both = (float(face(S, x, m).depth(np.array(a), nu=nu)[0]) for x in (0.0, X))
    assert both == pytest.approx(alone, rel=2 * np.sqrt(2 * m * nu) + 1e-5)


# ---- projection ----------------------------------------------------------------------------------------------------

@given(samples, st.floats(-3.0, 7.0), st.floats(-8.0, 8.0), st.booleans())
@settings(deadline=None, max_examples=400)
def test_projection_lands_on_the_graph_and_on_the_line(sample, weight, s, negative):
    """a + A q(a) = s to rounding of the three terms; the sign of s is that of a."""
    S, X, m, nu, _ = unpack(sample)
    weight, s = 10.0**weight, 10.0**s * (-1 if negative else 1)
    law = face([S], [X], [m])
    a, q = project(law, np.array([s]), weight, np.array([nu]))
    np.testing.assert_allclose(q, law.q(a, nu), rtol=ROUNDING)
    residual = a + weight * law.q(a, nu) - s
    # the solver stops when the square of a relative Newton step is below 1e-16, or the step 2e-15 s in the sum
    assert abs(residual[0]) <= 1e-14 * abs(s)
    assert np.sign(a[0]) == np.sign(s)


def test_projection_of_many_faces_is_that_of_each():
    """Faces finish at different times and are dropped from the iteration: nothing leaks from one to another."""
    rng = np.random.default_rng(3)
    shape = (6, 40)
    S, X, m, nu = (10 ** rng.uniform(-3, 3, shape) for _ in range(4))
    confined = rng.random(shape) < 0.8
    law = FaceLaw(S * (rng.random(shape) < 0.6), X * (rng.random(shape) < 0.6), m, confined)
    s = 10 ** rng.uniform(-6, 6, shape) * rng.choice([-1, 1], shape)
    together, _ = project(law, s, 1e5, nu)
    for i, j in np.ndindex(*shape):
        one = FaceLaw(*(x[i:i + 1, j:j + 1] for x in (law.S, law.X, law.m, law.confined)))
        alone = project(one, s[i:i + 1, j:j + 1], 1e5, nu[i:i + 1, j:j + 1])[0][0, 0]
        assert alone == pytest.approx(together[i, j], rel=1e-12)
