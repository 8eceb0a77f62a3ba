"""Solutions in time: momentum loss, Barenblatt, extinction, damping front and ramp, slab — each put into its
equation.
"""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad, solve_ivp

import problems
from problems.barenblatt import exact as barenblatt
from problems.damping_front import exact as damping
from problems.extinction import exact as extinction
from problems.momentum_loss import exact as momentum
from problems.slab_transient import exact as slab
from solver.constants import MYR
from solver.deck import load
from solver.model import Model

z, t, X, w = sp.symbols("z t X w", positive=True)


def on_grid(name, time, **changes):
    model = Model(load(name).replace(changes) if changes else load(name))
    return model, problems.load_exact(name).solution(model, time)


# ---------------------------------------------------------------- momentum loss
def test_characteristics_solve_the_loss_equation():
    R, b, s = sp.symbols("R b s", positive=True)
    f0 = sp.Function("f0")
    for power in (s, -s):
        R0 = (R**-power - power * b * t) ** (-1 / power)
        f = f0(R0) * (R0 / R) ** (3 + power)
        gain = R * sp.diff(b * R**power * R**3 * f, R) / R**3
        residual = (sp.diff(f, t) - gain).doit()
        numbers = {R: sp.Rational(7, 5), b: sp.Rational(1, 3), t: sp.Rational(1, 4), s: sp.Rational(3, 2)}
        value = (
            residual.subs(f0, sp.Lambda(z, z ** sp.Rational(-43, 10) * (1 + sp.exp(-(sp.log(z) ** 2)))))
            .doit()
            .subs(numbers)
        )
        assert abs(sp.N(value, 40)) < sp.Float("1e-30")


@pytest.mark.parametrize("slope", [-3.0, -1.0, 0.0, 1.0])
def test_initial_rigidity_against_integration(slope):
    rate, time, R = 2e-16, 1e15, np.array([0.8, 2.0])
    R0 = momentum.initial_rigidity(R, rate, slope, time)
    for start, end in zip(R0, R, strict=True):
        run = solve_ivp(lambda _, r: -rate * r ** (1 + slope), (0, time), [start], rtol=1e-11, atol=1e-14)
        assert run.y[0, -1] == pytest.approx(end, rel=1e-8)


def test_nothing_is_left_where_losses_have_emptied_the_spectrum():
    f = momentum.spectrum(momentum.bump, np.array([0.9, 1.1]), 1e-15, 1.0, 1e15)
    assert f[0] > 0
    assert f[1] == 0  # R > 1/(rate t)


def test_number_of_particles_is_conserved_by_losses():
    """∫ 4πR² f dR over what is above the cooled lower end of the start."""
    rate, s, time = 2e-14, -1.0, 20 * MYR
    low = 5.0
    before, _ = quad(
        lambda x: momentum.bump(np.exp(x)) * np.exp(3 * x), np.log(low + rate * time), np.log(1e6), limit=200
    )
    after, _ = quad(
        lambda x: momentum.spectrum(momentum.bump, np.exp(x), rate, s, time) * np.exp(3 * x),
        np.log(low),
        np.log(1e6),
        limit=200,
    )
    assert after == pytest.approx(before, rel=1e-8)


def test_momentum_loss_starts_from_its_bump():
    model, start = on_grid("momentum_loss", 0.0)
    np.testing.assert_allclose(start.f[0, 2], momentum.bump(model.grid.R), rtol=1e-14)


# ---------------------------------------------------------------- p-Laplacian
def test_barenblatt_solves_the_equation_without_flux_at_the_disc():
    f = 3 * X**2 * t**2 / ((w * t) ** 3 + z**3)
    flux = f * z / t
    assert sp.simplify(flux**2 + X**2 * sp.diff(f, z)) == 0  # flux = X |∂f/∂z|^½
    assert sp.simplify(sp.diff(f, t) + sp.diff(flux, z)) == 0
    assert flux.subs(z, 0) == 0


def test_barenblatt_content_is_constant():
    for time in (0.3, 2.0):
        content, _ = quad(barenblatt.spreading, 0, np.inf, args=(time, 1.7, 0.6), epsrel=1e-10)
        assert barenblatt.content(1.7, 0.6) == pytest.approx(content, rel=1e-8)


def test_influence_of_the_edge_falls_as_the_sixth_power():
    """In the tail f = 3X²t²/z³ a change δ obeys ∂t δ = ∂z(z²/(6t) ∂z δ); t² z³ does, and equals −f at z = H."""
    delta = t**2 * z**3
    tail = 3 * X**2 * t**2 / z**3
    conductivity = X / (2 * sp.sqrt(sp.factor(-sp.diff(tail, z))))
    assert sp.simplify(conductivity - z**2 / (6 * t)) == 0
    assert sp.simplify(sp.diff(delta, t) - sp.diff(conductivity * sp.diff(delta, z), z)) == 0
    assert barenblatt.boundary_influence(0.25, 1.0) == pytest.approx(2.44e-4, rel=1e-2)


def test_barenblatt_on_the_grid_is_judged_far_from_the_edge():
    model, found = on_grid("barenblatt", 60 * MYR)
    given = np.isfinite(found.f[0, :, 0])
    assert model.grid.z[given].max() <= model.z_max / 4
    _, start = on_grid("barenblatt", 0.0)
    assert np.isfinite(start.f).all()
    assert np.all(start.f[0, -1] == 0)


def test_extinction_separates():
    """With w' = 2g/X and g' = −w², energy conservation makes z an elliptic integral of w; put back symbolically."""
    T, b, H, sigma = sp.symbols("T b H sigma", positive=True)
    wave = sp.Rational(3, 4) * X * (b / H) ** 2 * sigma
    g = sp.Rational(3, 8) * X**2 * (b / H) ** 3 * sp.sqrt(1 - sigma**3)
    sigma_z = b / H * sp.sqrt(1 - sigma**3)  # from z/H = (1/b) ∫ ds/√(1 − s³)
    assert sp.simplify(sp.diff(g, sigma) * sigma_z + wave**2) == 0
    assert sp.simplify(sp.diff(wave, sigma) * sigma_z * X - 2 * g) == 0
    f, flux = (T - t) ** 2 * g, X * (T - t) * wave
    assert sp.simplify(sp.diff(f, t) + sp.diff(flux, sigma) * sigma_z) == 0


def test_extinction_profile_against_its_integral():
    sigma = np.array([0.05, 0.5, 0.9, 0.999])
    heights = np.array([quad(lambda s: (1 - s**3) ** -0.5, 0, s, epsrel=1e-12)[0] for s in sigma]) / extinction.B
    whole, _ = quad(lambda u: 2 * (3 - 3 * u**2 + u**4) ** -0.5, 0, 1)  # s = 1 − u² removes the root at the end
    assert pytest.approx(whole, rel=1e-12) == extinction.B
    f = extinction.profile(heights, 0.5, 2.0, 1.0, 3.0)
    expected = 3 / 8 * 4 * 2.5**2 * extinction.B**3 * np.sqrt(1 - sigma**3)
    np.testing.assert_allclose(f, expected, rtol=1e-9)
    np.testing.assert_allclose(
        extinction.flux(heights, 0.5, 2.0, 1.0, 3.0), 0.75 * 4 * 2.5 * extinction.B**2 * sigma, rtol=1e-9
    )


def test_extinction_loses_what_leaves_at_the_edge():
    content = [quad(extinction.profile, 0, 1, args=(time, 2.0, 1.0, 3.0), epsrel=1e-10)[0] for time in (1.0, 1.001)]
    assert -(content[1] - content[0]) / 0.001 == pytest.approx(extinction.flux(1.0, 1.0005, 2.0, 1.0, 3.0), rel=1e-6)
    assert extinction.profile(0.3, 3.5, 2.0, 1.0, 3.0) == 0


def test_extinction_time_follows_from_the_density_at_the_disc():
    f = extinction.profile(0.0, 1.0, 2.0, 5.0, 3.0)
    assert extinction.extinction_time(f, 2.0, 5.0) == pytest.approx(2.0, rel=1e-12)


# ---------------------------------------------------------------- linear damping in time
def test_front_moves_with_the_flow_and_balances_the_source():
    S, v = 2.0, 3.0
    source = lambda time, S: damping.growing_source(time, S, rise=0.6, ratio=4.0)  # noqa: E731
    heights, time, h = np.linspace(0.01, 1.2, 50), 0.5, 1e-5
    f_t = (damping.front(heights, time + h, S, v, source) - damping.front(heights, time - h, S, v, source)) / (2 * h)
    f_z = (damping.front(heights + h, time, S, v, source) - damping.front(heights - h, time, S, v, source)) / (2 * h)
    np.testing.assert_allclose(f_t + v * f_z, 0, atol=1e-6)
    assert np.all(f_z <= 0)  # so that the waves' flux is S all the way, also ahead where f = 0
    assert v * damping.front(0.0, time, S, v, source) + S == pytest.approx(source(time, S), rel=1e-14)
    assert np.all(damping.front(heights[heights > v * time], time, S, v, source) == 0)


def test_smooth_step_is_smooth():
    x = sp.Symbol("x")
    step = x**3 * (10 - 15 * x + 6 * x**2)
    for order in (1, 2):
        assert sp.diff(step, x, order).subs(x, 0) == 0
        assert sp.diff(step, x, order).subs(x, 1) == 0
    assert damping.smooth_step(np.array([-1, 0, 0.5, 1, 9])) == pytest.approx([0, 0, 0.5, 1, 1])


def test_ramp_balances_everywhere_and_its_plateau_is_the_highest_possible():
    Q, S0, z0, time = 0.8, 1.0, 1.0, 2.0
    edge = damping.plateau_edge(Q, S0, z0)
    S = lambda x: S0 * np.minimum(1, z0 / x)  # noqa: E731
    heights = np.linspace(edge * 1.01, 8, 40)
    f = damping.ramp(heights, time, Q, S0, z0)
    h = 1e-6
    np.testing.assert_allclose(f / time, -(S(heights + h) - S(heights - h)) / (2 * h), rtol=1e-7)  # ∂t f = −∂z S
    plateau = damping.ramp(0.0, time, Q, S0, z0)
    assert plateau * edge == pytest.approx(time * (Q - S(edge)), rel=1e-12)  # what comes in minus what passes
    trial = np.linspace(0.1, 9, 2000)
    assert plateau / time == pytest.approx(np.max((Q - S(trial)) / trial), rel=1e-4)
    inside = np.linspace(0, edge, 50)[1:]
    flux = Q - plateau / time * inside  # on the plateau the flux may be anything up to S
    assert np.all(np.abs(flux) <= S(inside) * (1 + 1e-12))


def test_front_on_the_grid_starts_empty_and_ends_flat():
    model, start = on_grid("damping_front", 0.0)
    assert np.all(start.f[0] == 0)
    _, end = on_grid("damping_front", 1e5 * MYR)
    np.testing.assert_allclose(end.f[0, :-1] / (3 * model.S[0] / model.v[0]), 1, rtol=1e-12)


def test_source_of_the_front_grows_from_the_damping():
    model, _ = on_grid("damping_front", 0.0)
    for time, factor in ((0.0, 1.0), (60 * MYR, 4.0), (None, 4.0)):
        disc, bulk = damping.sources(model, time)
        np.testing.assert_allclose(disc[0], factor * model.S[0], rtol=1e-14)
        assert not bulk.any()


# ---------------------------------------------------------------- slab
def test_slab_modes_solve_the_heat_equation_and_both_boundaries():
    H, kappa, _Q = sp.symbols("H kappa Q", positive=True)
    n = sp.Symbol("n", integer=True, nonnegative=True)
    k = (n + sp.Rational(1, 2)) * sp.pi / H
    mode = sp.cos(k * z) * sp.exp(-kappa * k**2 * t)
    assert sp.simplify(sp.diff(mode, t) - kappa * sp.diff(mode, z, 2)) == 0
    assert sp.diff(mode, z).subs(z, 0) == 0
    assert sp.simplify(mode.subs(z, H)) == 0
    projection = sp.integrate((H - z) * sp.cos(k * z), (z, 0, H)) * 2 / H
    assert sp.simplify(projection - 2 / (H * k**2)) == 0


@pytest.mark.parametrize("time", [0.03, 0.05, 0.08, 0.15])
def test_series_and_images_agree(time):
    heights = np.linspace(0, 1, 11)
    np.testing.assert_allclose(
        slab.by_series(heights, time, 2.0, 1.0, 1.0), slab.by_images(heights, time, 2.0, 1.0, 1.0), atol=1e-13
    )


def test_slab_fills_as_the_source_gives_until_particles_reach_the_edge():
    content, _ = quad(slab.profile, 0, 1, args=(0.01, 2.0, 1.0, 1.0), epsrel=1e-10)
    assert content == pytest.approx(0.02, rel=1e-8)


def test_slab_tends_to_eq_23():
    model, late = on_grid("slab_transient", 1e6 * MYR)
    _, steady = on_grid("slab_transient", None)
    np.testing.assert_allclose(late.f[0, :-1], steady.f[0, :-1], rtol=1e-12)
    assert np.all(late.f[:, -1] == 0)
    _, start = on_grid("slab_transient", 0.0)
    assert np.all(start.f == 0)
    assert model.top is not None
