"""Steady states: direct and marched agree, what cannot exist is named, and neither units nor labels matter."""

import numpy as np
import pytest
import scipy.sparse as sp
from slabs import march, slab, solve, zeros

from solver.deck import load
from solver.model import Model
from solver.transport.existence import no_steady_state
from solver.transport.problem import Secondary

SETTLED = 1e-7           # of a row's largest f: change per step asked of the march below, 1e-8, with steps that grow tenfold
ROUNDING = 1e-11         # of f in other units: hundreds of operations per solve, and where the iteration stops


def relative(a, b):
    return (np.abs(a - b) / np.maximum(np.abs(b).max(-1, keepdims=True), 1e-290)).max()


def S(z, R, layer):
    return 0.3 * (1 + 0.5 * z) * R**-4.0


def X(z, R, layer):
    return 0.6 * (1 + z) ** -0.3 * R**-2.0


def rising(z, layer):
    return 1 + z


W = sp.csr_matrix(np.triu(np.full((9, 9), 0.02)))
PROBLEMS = {
    "turbulence": {"waves": None, "nu": lambda z, R, layer: (1 + z) / R**0.3, "disc_loss": lambda R: 1 / R},
    "streaming": {"waves": None, "nu": 1e9, "v": rising, "top": None},
    "linear damping": {"S": lambda z, R, layer: 0.3 * R**-4.0 + 0 * z, "nu": 1e-3, "disc_loss": lambda R: 1 / R},
    "nonlinear damping": {"X": X, "nu": 1e-3, "v": rising},
    "both, with nuclei": {"S": S, "X": X, "nu": 0.1, "v": rising, "species": 3, "ratio": [[1.0], [1.1], [1.2]],
                          "secondaries": (Secondary(1, 2, W),), "disc_loss": lambda R: 0.5 / R},
    "two layers": {"tops": (0.5, 1.0), "confined": lambda layer: layer == 1, "v": lambda z, layer: (layer == 1) * (1 + z),
                   "X": X, "S": lambda z, R, layer: S(z, R, layer) * (layer == 1),
                   "nu": lambda z, R, layer: np.where(layer == 1, 1e-3, 1.0)},
    "heating": {"X": X, "nu": 0.5, "v": lambda z, layer: 1 - 0.6 * z},
    "inflow": {"X": X, "nu": 0.5, "v": lambda z, layer: -0.5 - 0.5 * z, "top": lambda R: R**-4.3, "sink": 3.0},
    "bulk losses and source": {"X": X, "nu": 0.2, "bulk_loss": lambda z, R, layer: 0.5 / R + 0 * z,
                               "bulk": lambda z, R, t: R**-4.0 * (1 - z)},
    "closed momentum ends": {"X": X, "nu": 0.2, "disc_loss": lambda R: 1 / R, "open_end": False},
}


def make(name, **changes):
    return slab(20, R=(1.0, 30.0, 8), **{**PROBLEMS[name], **changes})


@pytest.mark.parametrize("name", PROBLEMS)
def test_march_ends_in_the_direct_solution(name):
    """The steady state does not depend on how it was reached: from nothing through growing steps, or in one solve."""
    problem = make(name)
    direct = solve(problem)
    assert direct.outcome.converged
    marched = march(problem, first_step=1e-2, growth=10.0, steady_change=1e-8, steady_residual=1e-10)
    assert marched.status == "steady"
    assert relative(marched.f(), direct.f) <= SETTLED


@pytest.mark.parametrize("name", ["nonlinear_landau", "layered", "boron_losses", "two_phase"])
def test_shipped_decks_march_to_their_direct_solution(name):
    """Real units, with the deck's own steady criterion made ten times tighter."""
    problem = Model(load(name).replace({"grid.z_cells": 24, "grid.rigidity_cells": 24})).transport_problem()
    direct = solve(problem)
    marched = march(problem, growth=10.0, steady_change=1e-8, steady_residual=1e-10)
    assert marched.status == "steady"
    assert relative(marched.f(), direct.f) <= SETTLED


def test_long_transient_ends_in_the_direct_solution():
    """Error-controlled steps to a hundred crossing times meet the same state."""
    problem = make("nonlinear damping")
    assert relative(march(problem, end=100.0, rtol=1e-4).f(), solve(problem).f) <= SETTLED


def test_direct_method_of_the_march_is_the_solve():
    problem = make("both, with nuclei")
    run = march(problem, direct=True)
    assert run.status == "steady"
    assert run.counts["steps"] == 1
    np.testing.assert_allclose(run.f(), solve(problem).f, rtol=ROUNDING, atol=0)


# ---- what cannot be steady -------------------------------------------------------------------------------------------

def test_source_beyond_linear_damping_at_rest_is_refused():
    """v = 0, S < Q, no loss: S passes at most (eq. 4). The sentence has the rigidities, the place and ways out."""
    problem = slab(10, R=(1.0, 100.0, 8), v=0.0, S=lambda z, R, layer: 0.5 * R**-4.0 + 0 * z, nu=1e-3, names=("proton",))
    sentence = no_steady_state(problem)
    # S < Q where R^0.3 < 2, R < 10.08
    assert sentence.startswith("no steady state: proton at R = 1–10 GV is injected faster (Q) than linear damping lets it")
    assert "no losses below" in sentence


@pytest.mark.parametrize("relief", [
    {"v": 0.1}, {"X": 0.1}, {"sink": 0.1}, {"disc_loss": lambda R: 0.1 / R}, {"S": lambda z, R, layer: 2 * R**-4.0 + 0 * z},
    {"confined": False}, {"bulk_loss": 0.1}, {"Q": 0.0}], ids=lambda keys: next(iter(keys)))
def test_anything_that_gives_way_is_not_refused(relief):
    """And indeed has a steady state, which the solver finds."""
    problem = slab(10, R=(1.0, 100.0, 8), **{"v": 0.0, "S": lambda z, R, layer: 0.5 * R**-4.0 + 0 * z, "nu": 1e-3, **relief})
    assert no_steady_state(problem) is None
    assert solve(problem).outcome.converged


def test_undamped_waves_at_rest_are_refused():
    assert "linear damping lets it through" in no_steady_state(slab(10, v=0.0, nu=1e-3))


def test_losses_above_the_block_do_not_help():
    """A confined layer at rest under a lossy one still fills; losses below it are a way out."""
    keys = {"tops": (0.5, 1.0), "v": 0.0, "S": lambda z, R, layer: 0.1 * R**-4.3 + 0 * z, "nu": 1e-3}
    above = slab(10, confined=lambda layer: layer == 0, bulk_loss=lambda z, R, layer: 1.0 * (layer == 1) + 0 * R, **keys)
    below = slab(10, confined=lambda layer: layer == 1, bulk_loss=lambda z, R, layer: 1.0 * (layer == 0) + 0 * R, **keys)
    assert no_steady_state(above) is not None
    assert no_steady_state(below) is None


@pytest.mark.parametrize("closed", [True, False])
def test_closed_top_without_losses_is_refused(closed):
    """Outflow at the top where nothing flows: nothing ever leaves."""
    problem = slab(10, v=0.0, waves=None, nu=1.0, top=None, sink=0.0 if closed else 0.2, names=("carbon",))
    sentence = no_steady_state(problem)
    if closed:
        assert sentence.startswith("no steady state: carbon at R = 1–100 GV is injected but can neither leave")
    else:
        assert sentence is None


@pytest.mark.parametrize("keys", [
    {"v": lambda z, layer: np.where(layer == 0, 5.0, 1.0), "tops": (0.5, 1.0), "nu": 20.0, "waves": None},
    {"v": lambda z, layer: 1 + 3 * np.sin(6 * z), "nu": 0.2, "X": lambda z, R, layer: 0.8 * R**-2.15 + 0 * z},
    {"v": lambda z, layer: 1 + 3 * np.sin(6 * z), "nu": 0.2, "X": lambda z, R, layer: 0.8 * R**-2.15 + 0 * z,
     "disc_loss": lambda R: 0.3 / R}], ids=["shock", "smooth", "against losses"])
def test_compression_beyond_escape_is_no_steady_state(keys):
    """Heating of a steep spectrum that goes on below the grid, faster than anything escapes, grows without end; its only
    root has f < 0.  With nothing below the grid, numbers are conserved and there is a steady state.
    """
    keys = {"R": (1.0, 1e3, 24), **keys}
    outcome = solve(slab(30, **keys)).outcome
    assert not outcome.converged
    assert outcome.impossible
    assert "no steady state" in outcome.message
    assert 'boundary.momentum = "zero"' in outcome.message
    closed = solve(slab(30, open_end=False, **keys))
    assert closed.outcome.converged
    assert closed.f.min() >= 0


@pytest.mark.parametrize("ratio", [2.0, 4.0, 10.0])
def test_shock_accelerates_to_its_power_law(ratio):
    """v falls by r at an interface that diffusion cannot leave: f ∝ p^(−3r/(r−1)) above the injection, whatever that was.

    Off by what the cell weights of the reference slope make of another one: a rate (σ² − σ₀²) Δx²/24 too large, σ = s − 3.
    """
    problem = slab(40, tops=(0.5, 1.0), R=(1.0, 1e3, 60), v=lambda z, layer: np.where(layer == 0, ratio, 1.0), waves=None,
                   nu=40.0, open_end=False, Q=lambda R, t: 1.0 * (R < 1.01))
    f, slope = solve(problem).f[0][:, problem.grid.z == 0.5][:, 0], 3 * ratio / (ratio - 1)
    found = -np.diff(np.log(f))[20:] / problem.grid.dx
    bound = (slope - 3) * abs((slope - 3) ** 2 - 1.3**2) * problem.grid.dx**2 / 24
    np.testing.assert_allclose(found, slope, rtol=0, atol=1.2 * bound)     # and a fifth for the next order


def test_mild_compression_has_its_power_law():
    """v falls to 0.9 of itself without diffusion: f rises as v^(−α/3) (eq. 3), exact below the grid's lowest rigidity too."""
    problem = slab(200, R=(1.0, 10.0, 12), waves=None, nu=1e9, top=None, v=lambda z, layer: 1 - 0.1 * z)
    done = solve(problem)
    assert done.outcome.converged
    profile = done.f[0, :, -2] / done.f[0, :, 0]
    expected = (1 - 0.1 * problem.grid.z[-2]) ** (-4.3 / 3)
    np.testing.assert_allclose(profile, expected, rtol=(1.43 * 0.1 / 200) ** 2 * 200)  # second order, over 200 faces


# ---- symmetries ------------------------------------------------------------------------------------------------------

def scaled(name, length, speed, number):
    """The same problem in other units: heights × length, speeds × speed, f × number."""
    keys = PROBLEMS[name]

    def times(c, factor, z_at=0):
        """Coefficient c in the new units; its first argument, where it is a height, comes in them."""
        if not callable(c):
            return c * factor
        return lambda z, *rest: factor * c(z / length, *rest)

    flux = speed * number
    changes = {
        "tops": tuple(t * length for t in keys.get("tops", (1.0,))),
        "v": times(keys.get("v", 1.0), speed), "S": times(keys.get("S", 0.0), flux),
        "X": times(keys.get("X", 0.0), speed * np.sqrt(number * length)),
        "nu": times(keys.get("nu", 0.0), 1 / (speed * length)), "sink": keys.get("sink", 0.0) * speed,
        "bulk_loss": times(keys.get("bulk_loss", 0.0), speed / length), "Q": flux,
        "disc_loss": (lambda R: speed * keys["disc_loss"](R)) if "disc_loss" in keys else 0.0,
        "bulk": times(keys["bulk"], flux / length) if "bulk" in keys else None,
        "secondaries": tuple(Secondary(k.parent, k.child, k.weights * speed) for k in keys.get("secondaries", ())),
    }
    top = keys.get("top", 0.0)
    changes["top"] = (lambda R: number * top(R)) if callable(top) else top
    return make(name, **changes)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("factors", [(2.0**70, 2.0**20, 2.0**-80), (3.1e21, 1.3e6, 7.7e-24)], ids=["binary", "cgs"])
def test_units_do_not_matter(name, factors):
    """kpc for unit lengths, km/s for unit speeds: f in units of f is the same, to the bit where factors are powers of two."""
    length, _, number = factors
    one, other = solve(make(name)), solve(scaled(name, *factors))
    assert other.outcome.converged
    if length == 2.0**70:
        np.testing.assert_array_equal(other.f / number, one.f)
        assert other.outcome.iterations == one.outcome.iterations
    else:
        assert relative(other.f / number, one.f) <= ROUNDING


def test_units_of_time_do_not_matter_either():
    """A transient with error control in other units takes the same steps to the same bits."""
    factors = (2.0**70, 2.0**20, 2.0**-80)
    unit = factors[0] / factors[1]
    one = march(make("nonlinear damping"), end=0.5, rtol=1e-3)
    other = march(scaled("nonlinear damping", *factors), end=0.5 * unit, rtol=1e-3)
    assert other.counts == one.counts
    np.testing.assert_array_equal(other.f() / factors[2], one.f())


def test_nuclei_that_are_protons_behave_as_protons():
    """Same speed, same source: they are scattered by the protons' waves and end where the protons do (constant v, S, X)."""
    keys = {"S": 0.3, "X": lambda z, R, layer: 0.6 * R**-2.0 + 0 * z, "nu": 0.1, "disc_loss": lambda R: 0.5 / R}
    f = solve(slab(20, R=(1.0, 30.0, 8), species=2, **keys)).f
    assert relative(f[1], f[0]) <= 1e-9                                    # tolerance of the solve over conductance


def test_order_of_primaries_does_not_matter():
    """Two primaries and their common secondary, in either order."""
    def problem(swap):
        slopes, ratio = np.array([4.3, 4.1, 4.0, 4.3]), np.array([[1.0], [1.1], [1.3], [1.2]])
        if swap:
            slopes, ratio = slopes[[0, 2, 1, 3]], ratio[[0, 2, 1, 3]]
        links = (Secondary(1 + swap, 3, W), Secondary(2 - swap, 3, 0.5 * W))
        return slab(20, R=(1.0, 30.0, 8), species=4, slope=slopes, ratio=ratio, secondaries=links, X=X, nu=0.1, v=rising)

    one, other = solve(problem(0)).f, solve(problem(1)).f
    np.testing.assert_allclose(other[[0, 2, 1, 3]], one, rtol=1e-12)


def test_more_source_never_means_fewer_particles():
    """The equation is monotone: f rises everywhere with Q, with a top value, and falls with losses at the disc."""
    base = solve(make("nonlinear damping", Q=1.0)).f
    for change in ({"Q": 1.2}, {"Q": 1.0, "top": lambda R: 0.01 * R**-4.3}):
        assert np.all(solve(make("nonlinear damping", **change)).f >= base * (1 - 1e-9))
    assert np.all(solve(make("nonlinear damping", Q=1.0, sink=0.1)).f <= base * (1 + 1e-9))


def test_steady_state_does_not_care_about_the_scales_of_the_rows():
    """V and F only set the units of the rows: a hundred times off changes nothing but the path."""
    problem = make("both, with nuclei")
    one = solve(problem)
    for factor in (1e-2, 1e2):
        other = solve(problem, scales=(one.V * factor, one.F / factor))
        assert other.outcome.converged
        assert relative(other.f, one.f) <= 1e-9
    assert zeros(problem).shape == one.outcome.point.u.shape
