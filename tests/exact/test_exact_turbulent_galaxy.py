"""Two layers of turbulence: eq. 23 twice, and the flux of losses by quadrature against an ODE solver."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from problems.turbulent_galaxy import exact


def test_resistance_adds_up_layer_by_layer():
    z = np.array([0.0, 0.25, 0.5, 2.0, 5.0])
    r = exact.resistance(z, [0.5, 5.0], np.array([[2.0, 4.0], [10.0, 5.0]]))
    assert r[:, 0] == pytest.approx([0.25 + 0.45, 0.125 + 0.45, 0.45, 0.3, 0.0])
    assert r[:, 1] == pytest.approx([0.125 + 0.9, 0.0625 + 0.9, 0.9, 0.6, 0.0])


def test_flux_of_losses_solves_its_equation():
    """f/r − p^−3 d/dx[w p³ f] = Q against a stiff ODE solver from the top down, power laws throughout."""
    R = np.geomspace(0.1, 1e3, 81)
    x = np.log(R)

    def Q(x):
        return np.exp(-4.3 * x)

    def r(x):
        return 3.0 * np.exp(-0.3 * x)

    def w(x):
        return 0.4 * np.exp(-2.2 * x)

    found = exact.with_flux_losses(R, Q(x), r(x), w(x))
    start = np.exp(3 * x[-1]) * Q(x[-1]) * r(x[-1]) * w(x[-1])
    done = solve_ivp(lambda x, G: G / (w(x) * r(x)) - np.exp(3 * x) * Q(x), (x[-1], x[0]), [start], method="Radau",
                     t_eval=x[::-1], rtol=1e-10, atol=1e-300)  # fmt: skip
    f = done.y[0][::-1] / (np.exp(3 * x) * w(x))
    # second order in the step: (Δx/64)² ~ 3e-6, times derivatives of order ten
    assert found == pytest.approx(f, rel=5e-5)


def test_without_losses_it_is_eq_23():
    R = np.geomspace(1, 1e3, 21)
    f = exact.with_flux_losses(R, R**-4.3, 2.0 * R**-0.5, 1e-12 * R**-2.0)
    assert f == pytest.approx(2.0 * R**-4.8, rel=1e-6)
