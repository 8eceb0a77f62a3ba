"""Time: where steps end, what happens to a step that is refused, and that the error asked for is the error made."""

import numpy as np
import pytest
from slabs import march, slab, solve

import problems
from solver.constants import MYR
from solver.deck import load
from solver.model import Model
from solver.transport.steps import DEEP, FADING, LEAST_SHARE, SHARE

EPS = np.finfo(float).eps


def relaxing(**changes):
    """Turbulence only: linear, smooth, from the first mode of the slab down to nothing."""
    problem = slab(20, R=(1.0, 10.0, 2), v=0.0, waves=None, nu=1.0, Q=0.0, **changes)
    f0 = (problem.grid.R**-4.3)[None, :, None] * np.cos(np.pi / 2 * problem.grid.z)
    return problem, f0


def shipped(name, **changes):
    model = Model(load(name).replace(changes))
    module = problems.load_exact(name)
    f0 = module.initial(model) if hasattr(module, "initial") else module.solution(model, 0.0).f
    return model, model.transport_problem(), f0.transpose(0, 2, 1), module


def assert_time_is_the_sum_of_steps(run, end):
    assert run.status == "end time"
    assert run.state.t == end
    np.testing.assert_allclose(np.sum(run.state.history["dt"]), end, rtol=len(run.state.history["dt"]) * 4 * EPS)


# ---- where steps end -------------------------------------------------------------------------------------------------

def test_steps_add_up_and_end_at_the_end():
    problem, f0 = relaxing()
    run = march(problem, f0, end=1.0, rtol=1e-4)
    assert_time_is_the_sum_of_steps(run, 1.0)
    np.testing.assert_allclose(np.cumsum(run.state.history["dt"]), run.state.history["t"], rtol=1e-12)


def test_a_source_that_fades_long_before_the_end_needs_no_more_steps_for_that():
    """e^{−100} of it is left at the end: once f is nothing against what was put in, steps grow as if it were gone (thousands
    of them else, each following a row of 1e-40)."""
    problem = slab(20, R=(1.0, 10.0, 2), v=0.0, waves=None, nu=1.0, Q=lambda R, t: R**-4.3 * np.exp(-t / 0.01))
    run = march(problem, end=100.0, rtol=1e-2)
    assert_time_is_the_sum_of_steps(run, 100.0)
    assert len(run.state.history["dt"]) < 200


def test_steps_end_at_outputs_and_stops():
    """Prescribed times are met to the bit, and none is jumped over."""
    problem, f0 = relaxing()
    times = [0.05, 0.3, 0.30001, 0.7]
    seen = []
    march(problem, f0, [lambda m, row: seen.append(m.state.t)], end=1.0, rtol=1e-2, outputs=(0.05, 0.7), stops=(0.3, 0.30001))
    assert [t for t in seen if t in times] == times


@pytest.mark.parametrize("first", [0.5, 3.0, 100.0])
def test_first_step_that_is_far_too_long_is_cut_and_time_goes_on_from_there(first):
    """time.first_step near or beyond the end: the step is refused and cut; the rest of the time must still be marched."""
    problem, f0 = relaxing()
    run = march(problem, f0, end=3.0, rtol=1e-5, first_step=first)
    assert run.counts["rejected"] > 0
    assert_time_is_the_sum_of_steps(run, 3.0)


def test_cut_step_before_an_output_time_does_not_jump_to_it():
    problem, f0 = relaxing()
    run = march(problem, f0, end=3.0, rtol=1e-5, first_step=0.2, outputs=(0.2, 0.4, 3.0))
    assert run.counts["rejected"] > 0
    assert_time_is_the_sum_of_steps(run, 3.0)


# ---- accuracy --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dt", [1e-6, 1.0, 1e6])
def test_an_error_is_what_the_step_leaves_of_it(dt):
    """A mode that decays at a rate λ: its error over 1 + λ dt, to the tolerance of a linear solve."""
    problem, f0 = relaxing()
    run = march(problem, f0, end=0.1, rtol=1e-3)
    out, *_ = run.steps.backward_euler(dt)
    mode = np.cos(np.pi / 2 * problem.grid.z[: problem.nodes]) * np.array([1.0, -0.3, 0.1])[None, :, None]
    dz = problem.grid.dz[0]
    left = run.steps._damped(mode, out.point) * (1.0 + dt * (2 - 2 * np.cos(np.pi / 2 * dz)) / dz**2)
    np.testing.assert_allclose(left, mode, atol=1e-9)


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-5])
def test_error_of_a_transient_follows_the_tolerance(rtol):
    """exp(−κπ²t/4): every step adds an error of rtol of f at most, and all of f decays alike, so steps × rtol bounds it."""
    problem, f0 = relaxing()
    dz = problem.grid.dz[0]
    decay = (2 - 2 * np.cos(np.pi / 2 * dz)) / dz**2                       # of the discrete mode: no error of z is left
    run = march(problem, f0, end=1.0, rtol=rtol)
    exact = f0 * np.exp(-decay)
    assert (np.abs(run.f() - exact) / exact.max(-1, keepdims=True)).max() <= run.counts["steps"] * rtol
    assert run.counts["steps"] <= 20 * rtol ** (-1 / 3)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-4])
def test_what_fades_is_followed_at_a_price(rtol):
    """exp(−t) over thirteen decades: off by the sum of what its steps may be, in the steps that takes.

    TR-BDF2 errs by 0.0404 h³ in a step of h e-folds (Bank et al. 1985), and may by FADING rtol h at least, less SAFETY.
    """
    problem, f0 = relaxing()
    dz, folds = problem.grid.dz[0], 30.0
    decay = (2 - 2 * np.cos(np.pi / 2 * dz)) / dz**2
    run = march(problem, f0, end=folds / decay, rtol=rtol)
    exact = f0 * np.exp(-folds)
    t, h = decay * np.array(run.state.history["t"]), decay * np.array(run.state.history["dt"])
    allowed = rtol * np.maximum(np.maximum(SHARE * h / t, LEAST_SHARE), h * np.maximum(FADING, t / DEEP)).sum()
    assert (np.abs(run.f() / exact - 1.0)[..., :-1]).max() <= allowed
    assert run.counts["steps"] <= 40 + 1.2 * folds * np.sqrt(0.0404 / rtol / FADING)


@pytest.mark.parametrize("first", ["1 kyr", "1 Myr", "5 Myr"])
def test_source_switched_on_at_once_is_followed_from_any_first_step(first):
    """Diffusion from an empty slab: no first step, however long, may end in failure or in a wrong answer."""
    model, problem, f0, module = shipped("slab_transient", **{"grid.rigidity_cells": 4})
    end = 50 * MYR
    run = march(problem, f0, end=end, rtol=1e-4, first_step=float(load("slab_transient").replace(
        {"time.first_step": first}).time.first_step))
    assert_time_is_the_sum_of_steps(run, end)
    deviation = module.solution(model, end).deviation(run.f().transpose(0, 2, 1))
    assert np.nanmax(deviation) <= module.solution(model, end).tolerance


def test_refused_steps_leave_no_trace():
    """The state after a run with refusals is that of a run with the same accepted steps."""
    problem, f0 = relaxing()
    run = march(problem, f0, end=1.0, rtol=1e-4, first_step=0.2, growth=8.0, outputs=(0.9,))
    seen = []
    march(problem, f0, [lambda m, row: seen.append(m.f().copy())], end=1.0, rtol=1e-4)
    assert run.status == "end time"
    assert (np.abs(run.f() - seen[-1]) / seen[-1].max(-1, keepdims=True)).max() <= 30 * 1e-4


# ---- the way to the steady state -------------------------------------------------------------------------------------

def test_steady_march_reports_what_it_asked_for():
    """Ends when storage over throughput and the change per step are both below their bounds, and not a step before."""
    problem = slab(20, R=(1.0, 10.0, 2), X=0.5, nu=1e-2)
    run = march(problem, steady_residual=1e-7, steady_change=1e-5)
    history = run.state.history
    done = (np.array(history["storage"]) < 1e-7) & (np.array(history["change"]) < 1e-5)
    assert run.status == "steady"
    assert done[-1]
    assert not done[:-1].any()


@pytest.mark.parametrize("first_step", [1e-8, 1e-3])
def test_short_steps_are_not_taken_for_a_steady_state(first_step):
    """From a state twice as large as the steady one, with steps so short that f hardly changes in any of the first."""
    problem = slab(20, R=(1.0, 10.0, 2), X=0.5, nu=1e-2)
    settled = march(problem, direct=True).f()
    run = march(problem, 2.0 * settled, first_step=first_step, growth=4.0)
    assert run.status == "steady"
    assert (np.abs(run.f() - settled) / settled.max(-1, keepdims=True)).max() <= 1e-5


def test_too_few_steps_fail_with_a_sentence():
    problem = slab(20, R=(1.0, 10.0, 2), X=0.5, nu=1e-2)
    run = march(problem, max_steps=3)
    assert run.status == "failed: 3 steps were not enough (time.max_steps)"
    assert run.counts["steps"] == 3


def test_stop_request_ends_after_the_step():
    problem = slab(20, R=(1.0, 10.0, 2), X=0.5, nu=1e-2)

    def stop(run, _row):
        run.stop_requested = run.counts["steps"] == 4

    run = march(problem, observers=[stop])
    assert run.status == "stopped"
    assert run.counts["steps"] == 4


@pytest.mark.parametrize("control", [{"end": 0.5, "rtol": 1e-3}, {"growth": 3.0}], ids=["transient", "steady"])
def test_restart_goes_on_bit_by_bit(control):
    """What `restart` keeps is all that a continuation needs: same steps, same bits, whole history."""
    from slabs import layout_of

    from solver.transport.march import Control, March

    problem = slab(20, R=(1.0, 10.0, 4), X=0.5, S=0.1, nu=1e-2, v=lambda z, layer: 1 + z, disc_loss=lambda R: 0.3 / R)
    whole = march(problem, **control)

    def stop(run, _row):
        run.stop_requested = run.counts["steps"] == 5

    first = march(problem, observers=[stop], **control)
    assert first.status == "stopped"
    kept = {key: value.copy() if hasattr(value, "copy") else value for key, value in first.restart().items()}
    second = March(problem, layout_of(problem), Control(**control), scales=(kept["V"], kept["F"]))
    second.restore(kept)
    assert second.run() == whole.status
    np.testing.assert_array_equal(second.f(), whole.f())
    assert second.counts == whole.counts
    for key, values in whole.state.history.items():
        np.testing.assert_array_equal(second.state.history[key], values)


# ---- where the direct solve does not help ------------------------------------------------------------------------------

SHOCK = {"v": lambda z, layer: np.where(layer == 0, 5.0, 1.0), "tops": (0.5, 1.0), "waves": None, "nu": 20.0}


@pytest.mark.parametrize("direct", [True, False])
def test_endless_growth_ends_the_way_to_the_steady_state(direct):
    """A spectrum that compression feeds from below the grid: no steps without end, but the sentence of the direct solve."""
    run = march(slab(20, R=(1.0, 10.0, 6), **SHOCK), direct=direct, growth=10.0)
    assert run.status.startswith("failed: no steady state")
    assert run.failure.impossible
    assert run.counts["steps"] < 50


def test_endless_growth_may_be_followed_in_time():
    """The same for a given time is an honest initial-value problem."""
    run = march(slab(20, R=(1.0, 10.0, 6), **SHOCK), end=0.5, rtol=1e-3)
    assert run.status == "end time"
    assert run.f().min() >= 0


def test_direct_solve_that_gives_up_goes_through_time(monkeypatch):
    """Where the direct solve from nothing fails the march takes over, and the direct solve finishes from there."""
    from solver.transport.newton import NewtonPath, Outcome

    problem = slab(20, R=(1.0, 10.0, 4), X=0.5, S=0.1, nu=1e-2)
    honest, expected = NewtonPath.run, march(problem, direct=True).f()

    def stubborn(self, system, u, warm=None, *arguments):
        if system.steady and warm is None:
            from solver.transport.system import Point
            return Outcome(Point(u, None, None), False, 1, 0, 1.0, message="no convergence in 1 iterations")
        return honest(self, system, u, warm, *arguments)

    monkeypatch.setattr(NewtonPath, "run", stubborn)
    run = march(problem, direct=True, growth=10.0)
    assert run.status == "steady"
    assert run.counts["steps"] > 3
    np.testing.assert_allclose(run.f(), expected, rtol=1e-9, atol=0)


# ---- when is it steady? --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first_step", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("waves", [None, 0])
def test_content_that_only_shifts_is_not_steady(waves, first_step):
    """A wind sweeps to the disc what was there, next to nothing enters or leaves: no row's content changes, yet f does."""
    problem = slab(4, v=-1.0, nu=0.3, X=1.0, waves=waves, sink=1e-20, Q=lambda R, t: 1e-20 * R**-4.3, top=None, adiabatic=False)
    start = 0.1 * problem.grid.R[:, None] ** -4.3 * np.ones(problem.nodes)
    marched, direct = march(problem, start[None], max_steps=300, first_step=first_step), solve(problem)
    assert marched.status == "steady"
    assert direct.outcome.converged
    np.testing.assert_allclose(marched.f(), direct.f, rtol=1e-6)


@pytest.mark.parametrize(("depth", "start"), [(92.0, 0.0), (200.0, 1e5), (200.0, 1e80)])
def test_a_leak_that_no_step_shows(depth, start):
    """What the wind holds back leaks out in e^92 or e^200 crossing times: rounding hides that, and it fills as if for ever."""
    problem = slab(12, v=-1.0, nu=depth, waves=None, Q=lambda R, t: 1e-20 * R**-4.3, adiabatic=False)
    known = start * problem.grid.R[:, None] ** -4.3 * np.ones(len(problem.grid.z))
    marched, direct = march(problem, known[None], max_steps=600, first_step=1e3), solve(problem)
    assert marched.status == "steady"
    assert direct.outcome.converged
    np.testing.assert_allclose(marched.f()[..., 0], direct.f[..., 0], rtol=1e-6)


LAYER_THAT_HOLDS = {"tops": (0.4, 0.8, 1.0), "v": lambda z, layer: 1.0 * (layer == 0), "nu": 1.0, "adiabatic": False}


def test_what_undamped_waves_hold_at_rest_stays():
    """A layer at rest whose waves nothing damps keeps what was there at the start, however much; below all is as without it."""
    problem = slab(15, confined=lambda layer: layer > 0, sink=0.5, **LAYER_THAT_HOLDS)
    inside = np.flatnonzero((problem.grid.z > 0.4 + 1e-9) & (problem.grid.z < 1.0 - 1e-9))
    known = np.zeros((1, len(problem.grid.R), len(problem.grid.z)))
    known[..., inside] = 1e20
    marched, without = march(problem, known, max_steps=300), march(problem, max_steps=300)
    assert marched.status == without.status == "steady"
    np.testing.assert_allclose(marched.f()[..., inside], 1e20, rtol=1e-12)
    np.testing.assert_allclose(marched.f()[..., : inside[0]], without.f()[..., : inside[0]], rtol=1e-6)


def test_what_piles_up_below_such_waves_is_never_steady():
    """Where S lets back to the disc less than the wind brings there; with κ next to nothing f would be 1e100 times too large."""
    problem = slab(15, S=lambda z, R, layer: 1.0 * (layer == 0), sink=0.5, **LAYER_THAT_HOLDS)
    for message in (solve(problem).outcome.message, march(problem, max_steps=300).status):
        assert "no steady state: species 0 at R = 1 GV piles up below z = 0.433 z_max, where nothing flows" in message
