"""Pure streaming: eq. 3 and the integral for any source, put into the equation."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from problems.streaming.exact import (
    bent_source,
    bent_source_integral,
    disc_spectrum,
    power_law_profile,
    profile,
)

z, x, alpha, Q0 = sp.symbols("z x alpha Q0", positive=True)  # x = ln p
v = sp.Function("v", positive=True)


def transport(f, speed):
    """Steady eq. 1 above the disc, κ = 0, in conservative form: ∂z(v f) − e^{-3x} ∂x[(v'/3) e^{3x} f]."""
    return sp.diff(speed * f, z) - sp.exp(-3 * x) * sp.diff(sp.diff(speed, z) / 3 * sp.exp(3 * x) * f, x)


def disc_balance(f, speed, Q):
    """v f − e^{-3x} ∂x[(v/3) e^{3x} f] − Q at z = 0."""
    row = speed * f - sp.exp(-3 * x) * sp.diff(speed / 3 * sp.exp(3 * x) * f, x)
    return sp.simplify(row - Q)


def test_row_4_eq_3_solves_the_equation_for_any_speed_profile():
    f = (v(0) / v(z)) ** (alpha / 3) * 3 * Q0 * sp.exp(-alpha * x) / (alpha * v(0))
    assert sp.simplify(transport(f, v(z))) == 0
    assert disc_balance(f.subs(z, 0), v(0), Q0 * sp.exp(-alpha * x)) == 0


def test_row_4_function_is_eq_3():
    Q, speeds = 3e-5, np.array([4e6, 5e6, 9e6])
    expected = (4e6 / speeds) ** (4.3 / 3) * 3 * Q / (4.3 * 4e6)
    np.testing.assert_allclose(power_law_profile(Q, speeds, 4e6, 4.3), expected, rtol=1e-14)


def test_row_2_constant_speed_gives_3_over_alpha_of_eq_2():
    Q, speed, slope = 2.0, 7.0, 4.7
    assert power_law_profile(Q, speed, speed, slope) / (Q / speed) == pytest.approx(3 / slope, rel=1e-14)


def test_row_3_the_factor_is_two_thirds_at_alpha_4_5():
    assert power_law_profile(1.0, 1.0, 1.0, 4.5) == pytest.approx(2 / 3, rel=1e-14)


def test_any_source_the_integral_solves_bulk_and_disc():
    g = sp.Function("g")  # f(0, x)
    f = g(x + sp.log(v(z) / v(0)) / 3)
    assert sp.simplify(transport(f, v(z)).doit()) == 0
    Q = sp.Function("Q")
    inner = sp.Symbol("s")
    disc = 3 / v(0) * sp.Integral(Q(inner), (inner, x, sp.oo))
    row = v(0) * disc - sp.exp(-3 * x) * sp.diff(v(0) / 3 * sp.exp(3 * x) * disc, x)
    assert sp.simplify(row.doit() - Q(x)) == 0


def test_power_law_is_a_case_of_the_integral():
    R, slope = np.geomspace(0.1, 1e3, 7), 4.3
    by_integral = profile(lambda r: r**-slope / slope, R, 9.0, 4.0)
    np.testing.assert_allclose(by_integral, power_law_profile(R**-slope, 9.0, 4.0, slope), rtol=1e-13)


@pytest.mark.parametrize("R", [0.1, 3.0, 30.0, 1e4])
def test_integral_of_the_bent_source_against_quadrature(R):
    with mpmath.workdps(30):
        expected = mpmath.quad(lambda s: bent_source(R * mpmath.exp(s)), [0, 1, 3, 8, 20, 60])
    assert bent_source_integral(R) == pytest.approx(float(expected), rel=1e-12)


def test_bent_source_spectrum_falls_as_its_source_asymptotically():
    low, high = disc_spectrum(bent_source_integral, np.array([1e-4, 1e7]), 5e6)
    assert low / (bent_source(1e-4) / 5e6) == pytest.approx(3 / 4.3, rel=1e-4)
    assert high / (bent_source(1e7) / 5e6) == pytest.approx(3 / 4.8, rel=1e-4)


def test_power_of_streaming_goes_to_escape_waves_and_lower_momenta_as_eq_3_says():
    """f = 3Q/(αv) at v_p = c: 3/α of the power escapes, P v does 1/α of it as work, the rest flows below the grid."""
    import solver
    from solver.observables import power_shares

    deck = solver.load("nonlinear_landau").replace({
        "layer.halo.damping": [], "physics.adiabatic": True, "boundary.top": {"type": "outflow"}, "time.method": "direct",
        "grid.rigidity_min": "100 GV", "grid.rigidity_cells": 80, "problem": None,
    })  # fmt: skip
    shares = power_shares(solver.run(deck).dataset).sel(species="proton")
    # T = p to m/p = 1e-2 at most, where most of the power is; face values in momentum are exact for power laws
    assert float(shares.sel(term="escaped")) == pytest.approx(3 / 4.3, rel=1e-2)
    assert float(shares.sel(term="adiabatic")) == pytest.approx(1 / 4.3, rel=1e-2)
    assert float(shares.sel(term="rest")) == pytest.approx(1 - 4 / 4.3, abs=1e-2)
    assert float(shares.sel(term="ionisation")) == 0
