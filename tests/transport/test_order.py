"""Observed orders of convergence in z, ln p and t, on smooth problems and across layer interfaces.

Orders are of differences between successive solutions on nested grids (or of errors where the exact solution is known),
relative to the largest value of each rigidity's row: in the largest norm and in the mean.  SECOND is what a method of
second order shows once the next term of its error is below a few per cent; the finest pair of each study must reach it.
"""

from itertools import pairwise

import numpy as np
import pytest
from slabs import march, orders, slab, solve

import problems
from solver.constants import MYR
from solver.deck import load
from solver.model import Model

SECOND = 1.9
FEW = (1.0, 10.0, 4)           # rigidities of studies in z
HALF = (0.5, 1.0)              # two layers


def norms(difference, f):
    """(largest, mean) of |difference| over the largest |f| along z, for arrays (R, z)."""
    relative = np.abs(difference) / np.abs(f).max(-1, keepdims=True)
    return relative.max(), relative.mean()


def successive(solutions):
    """Norms of the differences between successive solutions on common nodes: (pairs, 2)."""
    return [norms(a - b, b) for a, b in pairwise(solutions)]


def successive_of_both(solutions):
    """The same for two species: (pairs, 4)."""
    return [[x for s in (0, 1) for x in norms((a - b)[s], b[s])] for a, b in pairwise(solutions)]


def assert_second_order(errors, tested=slice(None)):
    """Order of the last pair in every column; the message has the whole table."""
    found = orders(np.array(errors))[-1][tested]
    table = "\n".join(" ".join(f"{x:.3e}" for x in row) for row in errors)
    assert np.all(found >= SECOND), f"orders {np.round(found, 2)} from\n{table}"


def in_z(make, cells=(20, 40, 80, 160), species=0):
    """Norms of the differences between successive steady solutions of make(cells)."""
    return successive(in_z_solutions(make, cells, species))


def in_z_solutions(make, cells=(20, 40, 80, 160), species=0):
    """Steady solutions of make(cells) on the nodes of the coarsest grid."""
    out = []
    for n in cells:
        done = solve(make(n))
        assert done.outcome.converged, done.outcome.message
        out.append(done.f[species][:, ::n // cells[0]])
    return out


# ---- manufactured solution -------------------------------------------------------------------------------------------

def manufactured(steady, **changes):
    steady = {"time.end": "steady", "initial": {"type": "zero"}} if steady else {}
    model = Model(load("manufactured").replace({**steady, **changes}))
    return model, model.transport_problem()


LATE = 1e4 * 50 * MYR          # the time at which the manufactured sources have reached their steady limit, e^{−10⁴}


def manufactured_steady(cells, rigidities):
    model, problem = manufactured(True, **{"grid.z_cells": cells, "grid.rigidity_cells": rigidities})
    done = solve(problem, t=LATE)
    assert done.outcome.converged
    return model, done.f


def manufactured_march(cells, rigidities, steps, end=50 * MYR):
    """f at `end` after equally long steps: no error control, so that the order in t can be seen."""
    model, problem = manufactured(False, **{"grid.z_cells": cells, "grid.rigidity_cells": rigidities})
    f0 = problems.load_exact("manufactured").solution(model, 0.0).f.transpose(0, 2, 1)
    run = march(problem, f0, end=end, first_step=end / steps, max_step=end / steps, growth=1.0, rtol=1e9)
    assert run.status == "end time"
    assert run.counts["steps"] == steps
    return model, run.f()


@pytest.fixture(scope="module")
def steady_in_z():
    return [manufactured_steady(n, 24)[1][..., ::n // 20] for n in (20, 40, 80)]


@pytest.fixture(scope="module")
def steady_in_p():
    return [manufactured_steady(20, n)[1][:, ::n // 24] for n in (24, 48, 96)]


@pytest.mark.parametrize("species", [0, 1], ids=["proton", "helium"])
def test_manufactured_steady_in_z(species, steady_in_z):
    """Streaming, S(z), X(z), κ(z), bulk and disc losses, all at once."""
    assert_second_order(successive([f[species] for f in steady_in_z]))


@pytest.mark.parametrize("species", [0, 1], ids=["proton", "helium"])
def test_manufactured_steady_in_ln_p(species, steady_in_p):
    assert_second_order(successive([f[species] for f in steady_in_p]))


def test_manufactured_steady_meets_the_exact_solution():
    """z and ln p refined together: the error itself is of second order."""
    errors = []
    for k in (1, 2, 4):
        model, f = manufactured_steady(16 * k, 20 * k)
        exact = problems.load_exact("manufactured").solution(model).f.transpose(0, 2, 1)
        errors.append([x for s in (0, 1) for x in norms(f[s] - exact[s], exact[s])])
    assert_second_order(errors)


def test_manufactured_transient_in_t():
    """TR-BDF2 with the rate of one short Euler step to start from; both species."""
    solutions = [manufactured_march(12, 12, steps)[1] for steps in (5, 10, 20)]
    assert_second_order(successive_of_both(solutions))


def test_manufactured_transient_in_z():
    """With ∂t f in the flux correction; the kink of the profile is on a node of each of these grids."""
    solutions = [manufactured_march(n, 12, 5, 25 * MYR)[1][..., ::n // 12] for n in (12, 24, 48)]
    assert_second_order(successive_of_both(solutions))


def test_manufactured_transient_in_ln_p():
    solutions = [manufactured_march(12, n, 5, 25 * MYR)[1][:, ::n // 24] for n in (24, 48, 96)]
    assert_second_order(successive_of_both(solutions))


@pytest.mark.slow
def test_manufactured_transient_meets_the_exact_solution():
    """z, ln p and t refined together."""
    errors = []
    for k in (1, 2, 4):
        model, f = manufactured_march(12 * k, 16 * k, 5 * k)
        exact = problems.load_exact("manufactured").solution(model, 50 * MYR).f.transpose(0, 2, 1)
        errors.append([x for s in (0, 1) for x in norms(f[s] - exact[s], exact[s])])
    assert_second_order(errors)


# ---- streaming -------------------------------------------------------------------------------------------------------

def streaming(cells, rigidities, **changes):
    """(f, exact) (species, R, z) of the shipped problem; exact is NaN where it is not given."""
    model = Model(load("streaming").replace({"grid.z_cells": cells, "grid.rigidity_cells": rigidities, **changes}))
    done = solve(model.transport_problem())
    assert done.outcome.converged
    return done.f, problems.load_exact("streaming").solution(model).f.transpose(0, 2, 1)


def test_streaming_with_rising_speed_in_z():
    """eq. 3 with v_A(z): nothing diffuses, and the corrected upwind flux is of second order down to fine grids."""
    errors = []
    for n in (50, 100, 200, 400):
        f, exact = streaming(n, 12)
        errors.append(norms((f - exact)[0], exact[0]))
    assert_second_order(errors)
    assert np.all(orders(np.array(errors)) >= SECOND)


def test_streaming_of_a_bent_spectrum_in_ln_p():
    """f(0) = (3/v) ∫ Q dp/p for a source that is no power law, at constant speed."""
    errors = []
    for n in (24, 48, 96, 192):
        f, exact = streaming(8, n, **{"layer.0.profile": None})
        given = np.isfinite(exact[1]).all(-1)
        errors.append(norms((f - exact)[1][given], exact[1][given]))
    assert_second_order(errors)


def test_streaming_of_a_power_law_at_constant_speed_is_exact():
    """eq. 3 to rounding: as many roundings as there are steps down in p, each a few ulp."""
    f, exact = streaming(8, 96, **{"layer.0.profile": None})
    np.testing.assert_allclose(f[0], exact[0], rtol=96 * 8 * np.finfo(float).eps)


BUMPS = {
    "constant speed": {"v": 1.0, "waves": None, "nu": 1e9},
    "rising speed": {"waves": None, "nu": 1e9},
    "no adiabatic term": {"waves": None, "nu": 1e9, "adiabatic": False},
    "undamped waves": {"nu": 1e-9},
    "nonlinear damping": {"X": 0.7, "nu": 1e-2},
}


def bump(kind, cells, steps, end=0.2):
    """A smooth bump on the steady streaming profile, carried by v = 1 + z (or 1) for a fifth of a crossing."""
    keys = {"v": lambda z, layer: 1 + z, **BUMPS[kind]}
    adiabatic = keys.get("adiabatic", True)
    problem = slab(cells, R=(1.0, 10.0, 1), top=None, Q=4.3 / 3 if adiabatic else 1.0, **keys)
    z, R = problem.grid.z, problem.grid.R[:, None]
    speed = 1 + z * callable(keys["v"])
    f0 = R**-4.3 * speed ** (-4.3 / 3 if adiabatic else -1.0) * (1 + np.exp(-(((z - 0.4) / 0.12) ** 2)))
    run = march(problem, f0[None], end=end, first_step=end / steps, max_step=end / steps, growth=1.0, rtol=1e9)
    assert run.counts["steps"] == steps
    return run.f()[0]


@pytest.mark.parametrize("kind", BUMPS)
def test_moving_bump_in_z(kind):
    """Steps are the same on all grids, so their error drops out of the differences."""
    grids = (80, 160, 320) if kind == "nonlinear damping" else (40, 80, 160)
    assert_second_order(successive([bump(kind, n, 20)[:, ::n // grids[0]] for n in (*grids, 2 * grids[-1])]))


def test_moving_bump_in_t():
    assert_second_order(successive([bump("rising speed", 40, steps) for steps in (20, 40, 80)]))


DAMPED = {"linear damping": {"S": 0.3, "nu": 1.0}, "nonlinear damping": {"X": 0.7, "nu": 0.1},
          "both dampings": {"S": 0.3, "X": 0.7, "nu": 0.1}}


@pytest.mark.parametrize("kind", DAMPED)
def test_damped_waves_in_t(kind):
    """From a state that has forgotten its start: a start the equation does not fit has a layer in t that no method with
    equal steps resolves.
    """
    problem = slab(30, R=(1.0, 10.0, 1), Q=2.0, v=lambda z, layer: 1 + z, **DAMPED[kind])
    f0 = (problem.grid.R**-4.3)[None, :, None] * (1 - problem.grid.z**2)
    f0 = march(problem, f0, end=0.05, rtol=1e-4).f()
    solutions = []
    for steps in (10, 20, 40):
        run = march(problem, f0, end=0.2, first_step=0.2 / steps, max_step=0.2 / steps, growth=1.0, rtol=1e9)
        assert run.counts["steps"] == steps
        solutions.append(run.f()[0])
    assert_second_order(successive(solutions))


# ---- coefficients that vary with height ------------------------------------------------------------------------------

def S(z, R, layer):
    return 0.3 * (1 + 0.8 * np.sin(3 * z)) * R**-4.3


def X(z, R, layer):
    return 0.7 * (1 + 0.5 * np.cos(2 * z)) * R**-2.15


def rising(z, layer):
    return 1 + z


def faint(R):
    return R**-4.3


VARYING = {
    "X": {"X": X, "nu": 1e-3},
    "S and X": {"S": S, "X": X, "nu": 1e-3},
    "S, X and v": {"S": S, "X": X, "nu": 1e-3, "v": rising},
    "S, X and v to an open top": {"S": S, "X": X, "nu": 1e-3, "v": rising, "top": None},
    "S, X and v on a stretched grid": {"S": S, "X": X, "nu": 1e-3, "v": rising, "stretch": 5.0},
    "S and X at rest": {"S": S, "X": X, "nu": 1e-3, "v": 0.0},
    "falling v, which heats": {"X": X, "nu": 0.5, "v": lambda z, layer: 1 - 0.5 * z},
    "v of both signs": {"waves": None, "nu": 2.0, "v": lambda z, layer: np.sin(6 * z), "slope": 3.0},
    "bulk losses": {"S": S, "X": X, "nu": 0.5, "bulk_loss": lambda z, R, layer: 1 + z + 0 * R},
    "bulk losses while streaming": {"waves": None, "nu": 1e9, "top": None,
                                    "bulk_loss": lambda z, R, layer: 1 + z + 0 * R},
    "inflow from the top": {"waves": None, "nu": 1e9, "v": lambda z, layer: -1 - z, "Q": 0.0, "top": faint, "sink": 5.0,
                            "adiabatic": False},
    "inflow against waves": {"S": S, "X": X, "nu": 1e-3, "v": lambda z, layer: -1 - z, "Q": 0.0, "top": faint,
                             "sink": 5.0},
    "f that rises with height": {"S": S, "X": X, "nu": 0.2, "Q": 0.1, "top": faint, "sink": 1.0, "adiabatic": False},
}


@pytest.mark.parametrize("case", VARYING)
def test_varying_coefficients_in_z(case):
    assert_second_order(in_z(lambda n: slab(n, R=FEW, **VARYING[case])))


LINEAR = {
    "rising v": {"S": lambda z, R, layer: 0.3 * R**-4.3 + 0 * z, "v": rising},
    "bulk losses": {"S": lambda z, R, layer: 0.3 * R**-4.3 + 0 * z, "bulk_loss": 1.0},
    "rising v and S": {"S": lambda z, R, layer: 0.3 * (1 + 0.8 * z**2) * R**-4.3, "v": rising},
}


@pytest.mark.parametrize("nu", [1e-3, 1e-6])
@pytest.mark.parametrize("case", LINEAR)
def test_linear_damping_with_varying_coefficients_in_z(case, nu):
    """q = S wherever f falls; with little other scattering f follows S(z), v(z) and the losses."""
    assert_second_order(in_z(lambda n: slab(n, R=FEW, nu=nu, **LINEAR[case])))


@pytest.mark.parametrize("nu", [1e-3, 1e-6])
@pytest.mark.parametrize("S", [lambda z, R, layer: 0.3 * (1 + 0.8 * z) * R**-4.3,
                               lambda z, R, layer: 0.3 * (1 - 0.5 * z) * R**-4.3], ids=["rising", "falling"])
def test_linear_damping_that_varies_linearly_in_z(S, nu):
    """f = (Q − S)/v where S rises, flat where it falls (eq. 18): exact but for the layer below the top in which q rises to
    S, of a width and with an effect of order ν S²/S′.
    """
    errors = in_z(lambda n: slab(n, R=FEW, nu=nu, S=S))
    assert np.all(np.array(errors)[-1] <= nu)


def test_nuclei_in_varying_waves_in_z():
    assert_second_order(in_z(lambda n: slab(n, R=FEW, species=2, ratio=[[1.0], [1.2]], S=S, X=X, v=rising, nu=0.5),
                             species=1))


def test_turbulence_that_varies_is_exact():
    """Scharfetter–Gummel in the optical depth: linear ν(z) has the exact depth at the middle of a face; v constant."""
    errors = in_z(lambda n: slab(n, R=FEW, waves=None, nu=lambda z, R, layer: 2 * (1 + z)), (20, 40))
    assert errors[0][0] <= 1e-12


@pytest.mark.parametrize("case", [{"v": lambda z, layer: -1 - z},
                                  {"v": -1.0, "adiabatic": False, "bulk_loss": lambda z, R, layer: 1 + z + 0 * R}],
                         ids=["compression", "bulk losses"])
def test_inflow_that_changes_its_momentum_in_z(case):
    """Cosmic rays carried in from a given top without diffusion: s̃ of the uppermost face is taken at the top node.

    Above the disc: on it f jumps from that of the inflow to that of the sheet, which half a cell of the former feeds.
    """
    solutions = in_z_solutions(lambda n: slab(n, R=FEW, waves=None, nu=1e9, Q=0.0, top=faint, sink=5.0, **case))
    assert_second_order(successive([f[:, 1:] for f in solutions]))


# ---- interfaces ------------------------------------------------------------------------------------------------------

LAYERS = {
    "warm at rest below a streaming halo": {
        "confined": lambda layer: layer == 1, "v": lambda z, layer: (layer == 1) * (1 + z),
        "S": lambda z, R, layer: (layer == 1) * S(z, R, layer), "X": lambda z, R, layer: (layer == 1) * X(z, R, layer),
        "nu": lambda z, R, layer: np.where(layer == 1, 1e-3, 1 + z)},
    "jumps of X": {"X": lambda z, R, layer: 0.7 * np.where(layer == 1, 1 + z, 0.3) * R**-2.15, "nu": 1e-3},
    "jumps of S, X and v": {"S": 0.3, "v": lambda z, layer: np.where(layer == 1, 1 + z, 0.5 + z), "nu": 0.5,
                            "X": lambda z, R, layer: 0.7 * np.where(layer == 1, 1 + z, 0.3) * R**-2.15},
    "bulk losses above": {"waves": None, "nu": 5.0, "bulk_loss": lambda z, R, layer: 1.0 * (layer == 1) + 0 * R},
    "bulk losses above in waves": {"X": 0.7, "nu": 1e-3, "bulk_loss": lambda z, R, layer: 1.0 * (layer == 1) + 0 * R},
}


@pytest.mark.parametrize("case", LAYERS)
def test_interface_in_z(case):
    """A jump of coefficients, speed included, does not spoil the order where anything diffuses."""
    grids = (40, 80, 160, 320)
    assert_second_order(in_z(lambda n: slab(n, R=FEW, tops=HALF, **LAYERS[case]), grids))


def test_interface_of_bulk_losses_while_streaming_in_z():
    """Without diffusion the correction of a face needs the losses of its own layer, not of the node on the interface."""
    assert_second_order(in_z(lambda n: slab(n, R=FEW, tops=HALF, waves=None, nu=1e9, top=None,
                                            bulk_loss=lambda z, R, layer: 1.0 * (layer == 1) + 0 * R)))


@pytest.mark.xfail(strict=True, reason="a jump of v without diffusion makes f jump, which a node on it cannot show")
def test_interface_of_speed_while_streaming_in_z():
    assert_second_order(in_z(lambda n: slab(n, R=FEW, tops=HALF, waves=None, nu=1e9, top=None,
                                            v=lambda z, layer: np.where(layer == 1, 1 + z, 0.5 + z))))


# ---- losses ----------------------------------------------------------------------------------------------------------

def test_spectrum_that_losses_dominate_in_ln_p():
    """Disc losses 30 times the escape at low rigidity, a thousandth at high: the bend and both ends in second order."""
    solutions = []
    for n in (32, 64, 128, 256):
        problem = slab(8, R=(0.1, 1e3, n), waves=None, nu=lambda z, R, layer: R**-0.5 + 0 * z, v=0.0,
                       disc_loss=lambda R: 30 / R**1.5)
        solutions.append(solve(problem).f[0][::n // 32])
    assert_second_order(successive(solutions))
