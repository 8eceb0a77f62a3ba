"""Eq. 23: diffusion with a uniform κ."""

import numpy as np
import pytest
import sympy as sp

import problems
from problems.turbulent_slab import exact
from solver.deck import load
from solver.model import Model


def test_row_31_eq_23_is_linear_carries_Q_and_meets_the_boundary():
    z, H, Q, kappa, top = sp.symbols("z H Q kappa top", positive=True)
    f = exact.profile(Q, kappa, z, H, top)
    assert sp.simplify(-kappa * sp.diff(f, z) - Q) == 0
    assert sp.diff(f, z, 2) == 0
    assert sp.simplify(f.subs(z, H) - top) == 0


def test_flux_with_losses_balances_the_disc():
    Q, kappa, H, sink, top = 2.0, 3.0, 5.0, 0.7, 0.1
    F = exact.flux_with_sink(Q, kappa, H, sink, top)
    assert F + sink * exact.profile(F, kappa, 0.0, H, top) == pytest.approx(Q, rel=1e-14)


def test_solution_holds_for_all_species_at_their_own_speed():
    model = Model(load("turbulent_slab"))
    f = problems.load_exact("turbulent_slab").solution(model).f
    drop = f[:, 0] - f[:, -1]
    np.testing.assert_allclose(drop, model.Q * model.z_max / model.kappa_extrinsic[:, 0], rtol=1e-12)
    np.testing.assert_allclose(f[:, -1], model.top, rtol=1e-14)


def test_causal_limit_adds_to_the_scattering_rate():
    model = Model(load("turbulent_slab").replace({"physics.causal_limit": True, "boundary.top": {"type": "zero"}}))
    f = problems.load_exact("turbulent_slab").solution(model).f
    rate = 1 / model.kappa_extrinsic[:, 0] + model.causal_rate
    np.testing.assert_allclose(f[:, 0], model.Q * model.z_max * rate, rtol=1e-12)
