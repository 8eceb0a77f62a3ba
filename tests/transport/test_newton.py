"""The nonlinear solve: convergence from any start, one solution, few iterations, and honest words where it gives up."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from slabs import march, slab, solve, zeros

import solver
from solver.deck import load
from solver.model import Model
from solver.transport.existence import no_steady_state

TOLERANCE = 1e-10          # asked of the flux mismatch relative to the throughput of the row
DECADES = np.log(100.0)


def random_problem(seed, kinds=None):
    """(problem, keywords of solve, kind) over eight and more decades of every coefficient, six rigidities at once.

    S/Q 1e-3…10, X 1e-4…1e4, κ of other scatterers 1e2…1e8, disc sink up to 1e6 times the height's escape, spacings
    stretched up to 30, v = 0 or z^0…z^1; steady or a time step from nothing; start from zero, noise, flat or linear.
    """
    rng = np.random.default_rng(seed)

    def between(low, high):
        """A power law of R between random ends."""
        a, b = rng.uniform(low, high, 2)
        return lambda R: 10 ** (a + (b - a) * np.log(R) / DECADES)

    stretch, cells = 10 ** rng.uniform(0, 1.5), int(rng.choice([20, 40, 80]))
    kind = str(rng.choice(["S", "X", "SX"])) if kinds is None else str(rng.choice(kinds))
    S, X, nu = between(-3, 1), between(-4, 4), between(-8, -2)
    m = float(10 ** rng.uniform(-0.6, 0.8)) if "Y" in kind else 1.0
    flows, power = rng.random() > 0.25, rng.uniform(0, 1)
    sink = between(-2, 6) if rng.random() < 0.4 else 0.0
    adiabatic = bool(flows and rng.random() < 0.5)
    problem = slab(
        cells, stretch=stretch, R=(1.0, 100.0, 5), v=(lambda z, layer: z**power) if flows else 0.0,
        S=(lambda z, R, layer: S(R) * R**-4.3 + 0 * z) if "S" in kind else 0.0,
        X=(lambda z, R, layer: X(R) * R**-2.15 + 0 * z) if "X" in kind else 0.0,
        others={m: lambda z, R, layer: (X(R) * R**-2.15) ** (2 / (1 + m)) + 0 * z} if "Y" in kind else {},
        nu=lambda z, R, layer: nu(R) + 0 * z, sink=sink, adiabatic=adiabatic)
    tau = float(rng.choice([np.inf, np.inf, 1.0, 0.1, 0.001]))
    start = rng.choice(["zero", "noise", "flat", "linear"])
    size = 10 ** rng.uniform(-3, 3)
    u = {"zero": 0.0, "noise": rng.uniform(0, 1, (1, 6, problem.nodes)), "flat": 1.0,
         "linear": 1 - problem.grid.z[:problem.nodes]}[start] * size + zeros(problem)
    known = None if np.isinf(tau) else np.zeros((1, 6, cells + 1))
    return problem, {"start": u, "tau": tau, "f_known": known}, (kind, bool(flows))


def outcomes(seeds, wanted, kinds=None):
    """{seed: (iterations, converged, lowest f relative to its row's largest)} of the random problems `wanted` takes."""
    out = {}
    for seed in seeds:
        problem, keywords, kind = random_problem(seed, kinds)
        if not wanted(*kind) or (np.isinf(keywords["tau"]) and no_steady_state(problem)):
            continue
        done = solve(problem, tolerance=TOLERANCE, **keywords)
        lowest = (done.f / np.maximum(np.abs(done.f).max(-1, keepdims=True), 1e-290)).min()
        out[seed] = done.outcome.iterations, done.outcome.converged, lowest
    return out


@pytest.mark.parametrize("batch", range(4))
def test_any_start_converges(batch, record_property):
    """All of 60-odd random problems, to the tolerance, with f >= 0; half of them within 20 iterations and nearly all
    within 60 (measured on 838: median 15, 95th percentile 45).
    """
    out = outcomes(range(20 * batch, 20 * batch + 20), lambda kind, flows: kind != "S" or flows)
    counts = np.array([iterations for iterations, _, _ in out.values()])
    record_property("iterations", counts.tolist())
    assert len(counts) >= 15
    assert [seed for seed, (_, converged, _) in out.items() if not converged] == []
    assert min(lowest for _, _, lowest in out.values()) >= -TOLERANCE
    assert np.median(counts) <= 20
    assert np.percentile(counts, 90) <= 60


def test_any_start_converges_whatever_the_power_of_nonlinear_damping():
    """As above with Γ ∝ (δB/B)^(2m), m from 1/4 to 6, alone, with linear and with Landau-type damping."""
    out = outcomes(range(24), lambda kind, flows: True, ["Y", "SY", "XY", "SXY"])
    counts = np.array([iterations for iterations, _, _ in out.values()])
    assert len(counts) >= 20
    assert [seed for seed, (_, converged, _) in out.items() if not converged] == []
    assert min(lowest for _, _, lowest in out.values()) >= -TOLERANCE
    assert np.median(counts) <= 20
    assert np.percentile(counts, 90) <= 60


@pytest.mark.slow
def test_any_start_converges_in_hundreds_of_problems(record_property):
    out = outcomes(range(80, 480), lambda kind, flows: kind != "S" or flows)
    counts = np.array([iterations for iterations, _, _ in out.values()])
    record_property("iterations", counts.tolist())
    assert [seed for seed, (_, converged, _) in out.items() if not converged] == []
    assert np.median(counts) <= 20
    assert np.percentile(counts, 95) <= 60


def test_any_start_converges_for_linear_damping_at_rest():
    """q = S wherever f falls, q free where it is flat (total variation): the hardest case, with v = 0."""
    out = outcomes([79, 177], lambda kind, flows: True)
    assert len(out) == 2
    assert [seed for seed, (_, converged, _) in out.items() if not converged] == []


def test_open_top_converges_where_waves_hold_nothing_back():
    """S far above Q at high rigidities: κ is all but 1/ν = 1e6, f flat to rounding; the flux cannot be met to 1e-10 there."""
    problem = slab(20, tops=(0.4, 1.0), R=(1.0, 100.0, 8), X=1.0, S=0.05, nu=3e-6, top=None, v=lambda z, layer: 0.2 + z,
                   bulk_loss=lambda z, R, layer: 2.0 * (layer == 0) / R)
    assert solve(problem).outcome.iterations <= 60


# ---- one solution --------------------------------------------------------------------------------------------------

CLOSURES = {
    "turbulence": {"nu": lambda z, R, layer: 3.0 * R**-0.3 + 0 * z, "waves": None},
    "linear damping": {"S": lambda z, R, layer: 0.4 * R**-4.0 + 0 * z, "nu": 1e-4},
    "nonlinear damping": {"X": lambda z, R, layer: 0.5 * R**-2.0 + 0 * z, "nu": 1e-4},
    "both": {"S": lambda z, R, layer: 0.4 * R**-4.0 + 0 * z, "X": lambda z, R, layer: 0.5 * R**-2.0 + 0 * z,
             "nu": 1e-4},
}


def case(closure, **changes):
    return slab(30, v=lambda z, layer: 1 + z, R=(1.0, 100.0, 12), disc_loss=lambda R: 0.3 / R,
                **CLOSURES[closure], **changes)


@pytest.mark.parametrize("closure", CLOSURES)
def test_every_start_leads_to_the_same_solution(closure, record_property):
    """From zero, noise of any size, a flat profile and the solution of quite another problem.

    Starts may differ by the tolerance on the flux over the row's weakest conductance; 1e-7 of the row's largest f.
    """
    problem = case(closure)
    first = solve(problem, tolerance=TOLERANCE)
    assert first.outcome.converged
    shape = zeros(problem).shape
    rng = np.random.default_rng(5)
    other = solve(slab(30, v=0.1, R=(1.0, 100.0, 12), nu=50.0, waves=None), tolerance=TOLERANCE).f[:, ::-1, :-1]
    counts = [first.outcome.iterations]
    starts = (1e-6 * rng.random(shape), 1e4 * rng.random(shape), 10.0 + 0 * zeros(problem), 1e3 * other / other.max(),
              rng.normal(size=shape))
    for start in starts:
        again = solve(problem, start=start, tolerance=TOLERANCE)
        counts.append(again.outcome.iterations)
        assert again.outcome.converged
        assert np.all(np.abs(again.f - first.f) <= 1e-7 * first.f.max(-1, keepdims=True))
    record_property("iterations", counts)
    assert max(counts) <= 40


@pytest.mark.parametrize("closure", CLOSURES)
def test_solution_is_a_root_of_the_residual(closure):
    """The mixed iteration ends where the plain residual vanishes, to the tolerance on the flux of each row."""
    done = solve(case(closure), tolerance=TOLERANCE)
    u = done.outcome.point.u
    residual = np.abs(done.system.residual(u)[0]).max(-1)
    # two fluxes per node; a face may be accepted by its slope instead, where it conducts little
    assert np.all(residual <= 2 * TOLERANCE * np.maximum(done.system.throughput(u, 0), np.abs(u[0]).max(-1)))


@pytest.mark.parametrize("closure", CLOSURES)
def test_warm_start_at_the_solution_costs_two_iterations(closure):
    """One to see that it is the solution, one more for the budgets' sake."""
    problem = case(closure)
    done = solve(problem, tolerance=TOLERANCE)
    again = done.newton.run(done.system, done.outcome.point.u, done.outcome.point)
    assert again.converged
    assert again.iterations <= 2


def test_one_rigidity_does_not_hold_up_another():
    """Path, damping and acceptance are per row: uncoupled rows (eq. 2) together take what the slowest takes alone."""
    S, X = np.array([1e-3, 3.0, 0.5, 1e-2]), np.array([1e-4, 1e2, 1.0, 3e-2])

    def problem(which):
        return slab(30, R=(1.0, 10.0, len(which) - 1 if len(which) > 1 else 1), adiabatic=False, slope=0.0, nu=1e-6,
                    S=lambda z, R, layer: np.resize(S[which], len(R))[:, None] + 0 * z,
                    X=lambda z, R, layer: np.resize(X[which], len(R))[:, None] + 0 * z)

    alone = [solve(problem([i]), tolerance=TOLERANCE).outcome.iterations for i in range(4)]
    together = solve(problem([0, 1, 2, 3]), tolerance=TOLERANCE).outcome
    assert together.converged
    # one more where the last row arrives an iteration after another has been waiting at its end
    assert together.iterations <= max(alone) + 2


def test_nuclei_cost_nothing():
    """They are linear rows below the protons and join when those are close: no more iterations than protons alone."""
    protons = solve(case("both"), tolerance=TOLERANCE).outcome
    three = solve(case("both", species=3, ratio=[[1.0], [1.05], [1.1]]), tolerance=TOLERANCE).outcome
    assert three.converged
    assert three.iterations <= protons.iterations + 2


# ---- the whole Galaxy ----------------------------------------------------------------------------------------------

def test_two_phase_galaxy_from_zero_in_fourteen_iterations(record_property):
    """200 heights × 141 rigidities × 3 species, nonlinear Landau damping, losses, spallation: one solve."""
    problem = Model(load("two_phase").replace({"grid.z_cells": 200})).transport_problem()
    done = solve(problem)
    record_property("iterations", done.outcome.iterations)
    assert done.outcome.converged
    assert done.outcome.iterations <= 14
    assert done.outcome.krylov == done.outcome.iterations                  # one exact sweep each: momentum only falls
    assert done.f.min() >= 0


@pytest.mark.parametrize("problem", ["nonlinear_landau", "combined_damping", "layered", "linear_damping", "streaming"])
def test_shipped_problems_from_zero(problem, record_property):
    """No more than 30 iterations from nothing (23 for linear damping with S below and above Q at once)."""
    deck = load(problem)
    deck = deck.replace({"grid.z_cells": min(deck.grid.z_cells, 50), "grid.rigidity_cells": 32})
    done = solve(Model(deck).transport_problem())
    record_property("iterations", done.outcome.iterations)
    assert done.outcome.converged
    assert done.outcome.iterations <= 30


# ---- time steps ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("closure", CLOSURES)
def test_growing_steps_converge_from_the_previous_state(closure):
    """Backward Euler steps from 1e-3 to 1e2 crossing times: none is rejected. Only the first, from nothing, is hard:
    44 iterations for linear damping alone, whose κ is then singular everywhere; the others take 13 at most.
    """
    run = march(case(closure), first_step=1e-3, growth=2.0, steady_change=1e-8, steady_residual=1e-8)
    assert run.status == "steady"
    assert run.counts["rejected"] == 0
    assert run.state.history["newton"][0] <= 50
    assert max(run.state.history["newton"][1:]) <= 15


# ---- giving up -----------------------------------------------------------------------------------------------------

def test_failure_says_what_and_where():
    """Too few iterations allowed: not converged, a message, and the place of the largest mismatch; SNES says so too."""
    problem = case("both")
    done = solve(problem)
    newton = done.newton
    newton.max_iterations = 2
    out = newton.run(done.system, zeros(problem))
    assert not out.converged
    assert "no convergence in" in out.message
    assert out.worst["mismatch"] > TOLERANCE
    assert 0 <= out.worst["row"] < 13
    assert 0 <= out.worst["face"] < 30
    assert newton.snes.getConvergedReason() < 0


def test_snes_reports_what_the_solve_did():
    """Iteration number, function norm and reason are PETSc's own, for monitors and for callers."""
    done = solve(case("both"), tolerance=TOLERANCE)
    snes = done.newton.snes
    assert snes.getConvergedReason() > 0
    assert snes.getIterationNumber() == done.outcome.iterations
    assert snes.getFunctionNorm() == pytest.approx(done.outcome.mismatch)
    assert done.outcome.mismatch <= TOLERANCE


@pytest.mark.parametrize("cells", [8, 12, 15, 30])
def test_linear_damping_alone_passes_S_and_the_flow_the_rest(cells):
    """No other scatterer at all: f = (Q − S)/v on every node, but for what the least ν of the solver lets q fall short of S."""
    done = solve(slab(cells, R=(1.0, 2.0, 1), adiabatic=False, slope=0.0, S=0.5))
    assert done.outcome.converged
    np.testing.assert_allclose(done.f[0, :, :-1], 0.5, rtol=2e-9)          # √(2 v H ν) with ν = 1e-18


def test_damping_beyond_the_source_holds_nothing(record_property):
    """S crosses Q and nothing else scatters: f = (Q − S)/v where waves hold, that of the top where they do not."""
    problem = slab(30, stretch=10.0, R=(1.0, 1e3, 12), adiabatic=False, S=lambda z, R, layer: 0.05 * R**-3.5 + 0 * z,
                   top=lambda R: 1e-6 * R**-4.3)
    done = solve(problem)
    record_property("iterations", done.outcome.iterations)
    assert done.outcome.converged
    R = problem.grid.R
    held = R**-4.3 - 0.05 * R**-3.5 > 1e-6 * R**-4.3
    expected = np.where(held, R**-4.3 - 0.05 * R**-3.5, 1e-6 * R**-4.3)
    np.testing.assert_allclose(done.f[0, :, 0], expected, rtol=1e-5)       # 1e-11 of scaled f per scaled flux, over f of the top


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory from /proc")
def test_runs_in_one_process_leave_nothing_behind():
    """Sweeps and fits solve thousands of decks in a process: neither Python's nor PETSc's memory may grow.

    A run holds some dozen vectors of a megabyte in PETSc alone; five more runs may not cost as much as one each.
    """
    deck = solver.load("two_phase").replace({"time.method": "direct", "grid.z_cells": 300, "grid.rigidity_cells": 140})
    pages = []
    for _ in range(7):
        solver.run(deck)
        gc.collect()
        pages.append(int(Path("/proc/self/statm").read_text().split()[1]))
    vector = 3 * 141 * 300 * 8
    assert (pages[-1] - pages[1]) * os.sysconf("SC_PAGE_SIZE") < 5 * vector
