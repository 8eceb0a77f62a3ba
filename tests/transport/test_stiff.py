"""Faces that conduct so well that f is flat to rounding: boxes at rest, layers of huge κ, losses many decades slower than κ/Δz.

What is asked of a solution there is what is asked elsewhere, 1e-10 and better, at ratios a difference of node values has no
digits for.
"""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slabs import slab, solve

from solver.transport.existence import no_steady_state
from solver.transport.stiff import Stiff

EXACT = 1e-12  # closed forms below, against some dozen operations per node


@pytest.mark.parametrize("conductance", [1e2, 1e8, 1e14, 1e20])
def test_closed_box_holds_what_its_losses_take(conductance):
    """At rest, nothing out at the top, a sink of speed λ at the disc: f = Q/λ at every height."""
    problem = slab(40, v=0.0, nu=1.0 / conductance, sink=1e-3, top=None, waves=None, adiabatic=False, stretch=5.0)
    done = solve(problem)
    assert done.outcome.converged
    exact = problem.disc(0.0)[0][:, None] / 1e-3
    np.testing.assert_allclose(done.f[0], exact + 0 * done.f[0], rtol=EXACT + 1 / conductance / 1e3 + 40 / conductance)


@pytest.mark.parametrize("ratio", [1.0, 1e10, 1e20, 1e30])
def test_layers_at_rest_whose_damping_differs_by_decades(ratio):
    """q = X √|f'| = Q in either layer: f falls by Q² Δ/X² across each, by next to nothing where X is large."""
    X = lambda z, R, layer: np.where(layer == 0, np.sqrt(ratio), 1.0) + 0 * R * z  # noqa: E731
    problem = slab(12, tops=(0.8, 1.0), v=0.0, X=X, adiabatic=False)
    done = solve(problem)
    assert done.outcome.converged
    Q = problem.disc(0.0)[0]
    np.testing.assert_allclose(done.f[0][:, 0], Q**2 * (0.8 / ratio + 0.2), rtol=1e-10)
    inner = np.searchsorted(problem.grid.z, 0.8 - 1e-9)
    np.testing.assert_allclose(done.f[0][:, inner], Q**2 * 0.2, rtol=1e-10)


@pytest.mark.parametrize("conductance", [1e4, 1e12, 1e20])
def test_a_given_top_is_met_and_the_flux_goes_through(conductance):
    """f at the top given and far above what Q adds to it: f is that value, and the flux is still Q to ten digits."""
    problem = slab(20, v=0.0, nu=1.0 / conductance, top=3.0, waves=None, adiabatic=False)
    done = solve(problem)
    assert done.outcome.converged
    np.testing.assert_allclose(done.f[0], 3.0 + 0 * done.f[0], rtol=EXACT + 1 / conductance)


@pytest.mark.parametrize("sink", [1e-6, 1e-10, 1e-14])
def test_a_wind_that_carries_many_times_what_is_injected(sink):
    """With losses slow at the disc alone, f₀ = Q/λ there and q = |v| f above: 1/f − 1/f₀ = v² z/X², whatever v f₀/Q.

    Beside rounding of the steps, slopes are solved to the tolerance of the row's largest f, which is f₀.
    """
    problem = slab(15, v=-1.0, X=10.0, sink=sink, top=None, adiabatic=False, Q=lambda R, t: R**-4.3)
    done = solve(problem)
    assert done.outcome.converged
    f0 = problem.disc(0.0)[0][:, None] / sink
    exact = f0 / (1.0 + f0 * problem.grid.z / 100.0)
    np.testing.assert_allclose(done.f[0, :, 0], f0[:, 0], rtol=EXACT)
    assert np.all(np.abs(done.f[0] - exact) <= 1e-9 * exact + 1e-10 * f0)


exponents = st.floats(-25.0, 25.0)
sources = st.one_of(st.just(0.0), st.floats(-20.0, 0.0).map(lambda x: 10.0**x))


@settings(deadline=None, max_examples=100)
@given(K=st.lists(exponents, min_size=5, max_size=5), own=st.lists(exponents, min_size=6, max_size=6),
       v=st.floats(0.0, 3.0), rhs=st.lists(sources, min_size=6, max_size=6))
def test_values_and_fluxes_of_a_row_are_right_to_the_last_digits(K, own, v, rhs):
    """Against 200-digit arithmetic, conductances and losses over fifty decades, upwind flow: each node and flux by itself, and
    whatever other row is solved with it.
    """
    K, own, rhs = 10.0 ** np.array(K), 10.0 ** np.array(own), np.array(rhs)
    P, N, shape = np.full((2, 5), v), np.zeros((2, 5)), (2, 5)
    stiff = Stiff(np.arange(2), np.stack([K[::-1], K]), P, N, np.stack([own[::-1], own]), np.ones(shape, bool))
    u = stiff.solve(slice(None), np.stack([rhs[::-1], rhs]), np.zeros(2), False)[1].copy()
    np.testing.assert_array_equal(u, stiff.solve(slice(1, 2), rhs[None], np.zeros(1), False)[0])
    with mpmath.workdps(200):
        A, b = mpmath.zeros(11), mpmath.matrix(11, 1)
        for i in range(6):
            A[2 * i, 2 * i], b[2 * i] = mpmath.mpf(own[i]), mpmath.mpf(rhs[i])
            if i < 5:
                A[2 * i, 2 * i + 1] = 1
                A[2 * i + 1, 2 * i + 1] = 1
                A[2 * i + 1, 2 * i] = -(mpmath.mpf(K[i]) + v)
                A[2 * i + 1, 2 * i + 2] = mpmath.mpf(K[i])
            if i:
                A[2 * i, 2 * i - 1] = -1
        x = mpmath.lu_solve(A, b)
    np.testing.assert_allclose(u, [float(x[2 * i]) for i in range(6)], rtol=1e-13)
    flux = np.array([float(x[2 * i + 1]) for i in range(5)])
    passing = rhs + own * u
    terms = np.minimum(np.cumsum(passing)[:5], np.cumsum(passing[:0:-1])[::-1])
    assert np.all(np.abs(stiff.flux()[1] - flux) <= 1e-13 * (np.abs(flux) + terms))


# ---- what has no steady state ------------------------------------------------------------------------------------------


def test_barrier_against_the_wind_is_named():
    """P = |v| H/κ = 1e3: f would have to be e^1000 times what diffuses out; with a loss below it need not be."""
    keywords = {"v": -1.0, "nu": 1e3, "waves": None, "adiabatic": False}
    assert "numbers can hold" in no_steady_state(slab(10, **keywords))
    assert no_steady_state(slab(10, sink=1e-6, **keywords)) is None
    assert no_steady_state(slab(10, **keywords | {"nu": 1e2})) is None


@pytest.mark.parametrize(("S", "limit"), [(0.0, 1.0), (0.5, np.log(1.0 / 0.5) / 0.5)])
def test_waves_pass_no_more_than_the_wind_leaves(S, limit):
    """f' = −q (q − S)/X² with q = Q + |v| f reaches infinity within H once |v| H/X² > ln[Q/(Q − S)]/S, or 1/Q without S."""
    for factor, sentence in ((0.99, False), (1.01, True)):
        X = np.sqrt(1.0 / (factor * limit))
        problem = slab(50, v=-1.0, X=X, S=S, adiabatic=False, Q=lambda R, t: 1.0 + 0 * R)
        assert (no_steady_state(problem) is not None) == sentence
    problem = slab(50, v=-1.0, X=np.sqrt(1.0 / (0.9 * limit)), S=S, adiabatic=False, Q=lambda R, t: 1.0 + 0 * R)
    done = solve(problem)
    q = 1.0 / (1.0 - 0.9) if S == 0 else S / (1.0 - (1.0 - S) * np.exp(S * 0.9 * limit))
    assert done.outcome.converged
    np.testing.assert_allclose(done.f[0][:, 0], q - 1.0, rtol=1e-8)
