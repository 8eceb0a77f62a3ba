"""The manufactured solution: its sources are the integrals of the equation's residual, derived with sympy."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import fixed_quad

import problems
from problems.manufactured import exact
from solver.constants import KPC, MYR
from solver.deck import load
from solver.model import Model

SMALL = {"grid.z_cells": 12, "grid.rigidity_cells": 6}
Z0, H = 1 * KPC, 4 * KPC


@pytest.fixture(scope="module")
def model():
    return Model(load("manufactured").replace(SMALL))


def symbols_of(s, R_min=0.5, R_max=100.0):
    """The manufactured f of species s as a sympy expression in z, x = ln R and t, steady if t is infinite."""
    z, x, t = sp.symbols("z x t", positive=True)
    zeta = z / H
    wave = sp.cos(sp.pi * (x - sp.log(R_min)) / sp.log(R_max / R_min))
    T = 1 - sp.exp(-t / exact.GROWTH) / 2
    c = exact.CURVE[s] * (1 + wave / 2) * T
    f = (
        exact.AMPLITUDE
        / (1 + s)
        * sp.exp(-exact.SLOPE * x)
        * T
        * (1 + exact.BEND * wave)
        * (1 - zeta)
        * sp.exp(-c * zeta)
    )
    return z, x, t, f


@pytest.mark.parametrize("s", [0, 1])
def test_shape_and_its_derivatives_against_sympy(s):
    z, x, t, f = symbols_of(s)
    R, heights, time = np.array([0.6, 7.0, 90.0]), np.array([0.0, 0.3, 0.9])[:, None] * H, 20 * MYR
    found = exact.shape(heights, R, time, s, H, 0.5, 100.0)
    for value, expression in zip(found, (f, f.diff(z), f.diff(x), f.diff(t), f.diff(z, x)), strict=True):
        expected = sp.lambdify((z, x, t), expression, "numpy")(heights, np.log(R), time)
        np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_f_falls_with_height_everywhere_and_has_the_reference_slope_at_both_ends():
    R, heights = np.geomspace(0.5, 100, 40), np.linspace(0, 1, 40)[:, None] * H
    for s in (0, 1):
        for time in (0.0, 30 * MYR, None):
            f, f_z, f_x, _, _ = exact.shape(heights, R, time, s, H, 0.5, 100.0)
            assert np.all(f_z < 0)
            assert np.all(f[:-1] > 0)
            np.testing.assert_allclose(f_x[:-1, [0, -1]] / f[:-1, [0, -1]], -4.3, rtol=1e-12)


def test_long_after_the_start_it_is_steady(model):
    late, steady = (problems.load_exact("manufactured").solution(model, time).f for time in (1e4 * MYR, None))
    np.testing.assert_allclose(late, steady, rtol=1e-12)


def residual_source(model, s, layer, time):
    """The source per volume inside one stretch of smooth coefficients, as a function of (z, R), all derived by sympy.

    Below 1 kpc the coefficients are constant, above they are the deck's powers of z.
    """
    z, x, t, f = symbols_of(s)
    _, _, _, proton = symbols_of(0)
    height = 1 if layer == "low" else z / Z0
    deck = model.deck.layer[0]
    R = sp.exp(x)
    v = float(deck.streaming.v) * height ** sp.Rational(1, 2)
    S = float(deck.damping[0].S) * R**-4.1 * height ** sp.Rational(-1, 2)
    X = float(deck.damping[1].X) * R**-2.0 * height ** sp.Rational(-3, 10)
    nucleus = model.species[s]
    Z, m, mp = nucleus.Z, nucleus.mass, model.species[0].mass
    beta, beta_p = Z * R / sp.sqrt((Z * R) ** 2 + m**2), R / sp.sqrt(R**2 + mp**2)
    kappa_given = float(deck.scattering[0].kappa) * beta * R**0.3 * height ** sp.Rational(2, 5)
    causal = 1 / (beta * 2.99792458e10 * H)
    a = -proton.diff(z)
    kappa_waves = (S + sp.sqrt(S**2 + 4 * X**2 * a)) / (2 * a) * beta / beta_p
    kappa = 1 / (1 / kappa_waves + 1 / kappa_given + causal)
    b = float(deck.losses[0].rate) * R**-0.5
    flux = v * f - kappa * f.diff(z)
    momentum = sp.exp(-3 * x) * sp.diff((v.diff(z) / 3 if layer == "high" else 0) * sp.exp(3 * x) * f, x)
    losses = sp.exp(-3 * x) * sp.diff(b * sp.exp(3 * x) * f, x)
    source = f.diff(t) + flux.diff(z) - momentum - losses
    return sp.lambdify((z, x), source.subs(t, time), "numpy"), sp.lambdify((z, x), flux.subs(t, time), "numpy")


@pytest.mark.parametrize("s", [0, 1])
def test_bulk_sources_are_integrals_of_the_residual(model, s):
    time = 20 * MYR
    _, bulk = exact.sources(model, time)
    low, _ = residual_source(model, s, "low", time)
    high, _ = residual_source(model, s, "high", time)
    edges = np.concatenate([[0.0], model.grid.z_face])
    x = np.log(model.grid.R)
    for i in range(len(edges) - 1):
        mean = np.zeros_like(x)
        for source, a, b in ((low, edges[i], min(edges[i + 1], Z0)), (high, max(edges[i], Z0), edges[i + 1])):
            if b > a:
                mean += fixed_quad(lambda h, source=source: source(h, x[:, None]), a, b, n=12)[0]
        scale = np.abs(bulk[s]).max(axis=0)
        np.testing.assert_allclose(bulk[s, i] / scale, mean / (edges[i + 1] - edges[i]) / scale, atol=1e-7)


@pytest.mark.parametrize("s", [0, 1])
@pytest.mark.parametrize("losses", ["flux", "catastrophic", "none"])
def test_disc_source_is_flux_plus_adiabatic_and_other_losses(model, s, losses):
    here = Model(model.deck.replace({"disc.losses": losses}))
    disc, _ = exact.sources(here, 20 * MYR)
    z, x, t, f = symbols_of(s)
    _, flux = residual_source(here, s, "low", 20 * MYR)
    nucleus = here.species[s]
    p = nucleus.Z * sp.exp(x)
    w = 0.2 * KPC * 2e-16 * nucleus.Z**2 * 1.25 * (p**2 + nucleus.mass**2) / p**3
    v = float(here.deck.layer[0].streaming.v)
    carried = v / 3 + (w if losses == "flux" else 0)
    expected = -sp.exp(-3 * x) * sp.diff(carried * sp.exp(3 * x) * f, x) + (w * f if losses == "catastrophic" else 0)
    values = sp.lambdify((z, x, t), expected, "numpy")(0.0, np.log(here.grid.R), 20 * MYR)
    np.testing.assert_allclose(disc[s], values + flux(1e-30, np.log(here.grid.R)), rtol=1e-9)


def test_every_term_matters(model):
    """Switching any one term off changes the sources by more than 1 % somewhere: nothing is idle in this problem."""
    disc, bulk = exact.sources(model, 20 * MYR)
    layer = model.deck.layer[0]
    changes = [
        {"physics.adiabatic": False},
        {"disc.losses": "none"},
        {"layer.0.losses": []},
        {"layer.0.scattering": []},
        {"layer.0.damping": [layer.damping[0].model_dump()]},
        {"layer.0.damping": [layer.damping[1].model_dump()]},
        {"layer.0.streaming.v": "0 km/s"},
    ]
    for change in changes:
        other_disc, other_bulk = exact.sources(Model(model.deck.replace(change)), 20 * MYR)
        shift = max(
            np.abs(other_disc / disc - 1).max(),
            (np.abs(other_bulk - bulk) / np.abs(bulk).max(axis=1, keepdims=True)).max(),
        )
        assert shift > 0.01, change
