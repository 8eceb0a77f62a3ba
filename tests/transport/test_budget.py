"""Particles are neither made nor lost: the march's own account, an independent one from the flux law, closed boxes; f >= 0."""

import numpy as np
import pytest
from slabs import march, random_slab, random_state, slab

import problems
from solver.constants import MYR
from solver.deck import load
from solver.model import Model

BUDGET = 1e-12           # closure relative to the source, every step and species
NEWTON = 1e-10           # tolerance of the solves: how well the flux law is met
EPS = np.finfo(float).eps
UNDERSHOOT = 1e-10       # of a row's largest value: what the march lets pass of a second-order step

SMALL = {"grid.z_cells": 24, "grid.rigidity_cells": 16}


def shipped(name, **changes):
    """(problem, f at the start or None, Control keywords) of a shipped deck on a small grid."""
    deck = load(name).replace({**SMALL, **changes})
    model = Model(deck)
    f0 = None
    if deck.initial.type == "exact":
        module = problems.load_exact(name)
        f0 = (module.initial(model) if hasattr(module, "initial") else module.solution(model, 0.0).f).transpose(0, 2, 1)
    end = None if deck.time.end == "steady" else float(deck.time.end)
    return model.transport_problem(), f0, {"end": end, "rtol": 1e-3, "growth": 4.0, "stops": tuple(model.switch_times)}


def lowest(f):
    return (f / np.maximum(np.abs(f).max(-1, keepdims=True), 1e-290)).min()


STEADY = ["streaming", "nonlinear_landau", "combined_damping", "layered", "boron_losses", "turbulent_slab", "two_phase",
          "linear_damping"]
TRANSIENT = ["manufactured", "slab_transient", "momentum_loss", "barenblatt", "extinction"]


@pytest.mark.parametrize("name", STEADY + TRANSIENT)
def test_budget_closes_at_every_step_for_every_species(name):
    """The march's own account: source + momentum through the ends − sinks − escape − storage, over the source."""
    problem, f0, control = shipped(name)
    heights = []
    run = march(problem, f0, observers=[lambda m, row: heights.append(lowest(m.f()))], **control)
    assert run.status == ("steady" if control["end"] is None else "end time")
    budget = np.array(run.state.history["budget"])
    assert budget.shape == (run.counts["steps"], problem.species)
    assert budget.max() <= BUDGET
    assert min(heights) >= -UNDERSHOOT


# ---- an account of our own -------------------------------------------------------------------------------------------

def number(problem, density):
    """∫ p³ … d ln p dz of a quantity per volume at nodes: cells weighed as the momentum flux weighs them; (species,)."""
    n = density.shape[-1]
    return (density * problem.grid.volume[:n]).sum(-1) @ problem.grid.R**3


def account(run):
    """(stored, gained, lost) per time and species: storage from ∂f/∂t; sources and momentum through the lower end;
    escape by the flux law at the top.  Written in physical units, without the march's bookkeeping.
    """
    p, system, u = run.problem, run.system, run.state.u
    R3, F = p.grid.R**3, run.F[:, :, None]
    stored = number(p, run.state.rate * F)
    a = None if p.waves is None else system.slope(u)[p.waves]
    law = system.law_flux(u, a, None if p.waves is None else system.nu[p.waves])
    escape = np.stack([law[s][0][:, -1] for s in range(p.species)]) if p.top is not None else \
        system.outflow * u[:, :, -1]
    escape = (escape * run.V * run.F) @ R3
    gained = p.disc(run.state.t) @ R3
    if p.bulk is not None:
        gained = gained + number(p, p.bulk(run.state.t)[:, :, :p.nodes])
    for link in p.secondaries:
        gained[link.child] += (link.weights @ (u[link.parent, :, 0] * run.F[link.parent])) @ R3
    sink = (p.sink[:, :, :p.nodes] * u * F).sum(-1) @ R3
    # momentum: at the lowest face log-linear in p³f of the two lowest rows relative to the reference, tangent below ¼
    low = np.zeros(p.species)
    B = p.momentum_rate()
    for s, slope in enumerate(p.slope):
        sigma, dx = slope - 3.0, p.grid.dx
        N = u[s] * F[s] * R3[:, None]
        assert np.all(B[s] >= 0)
        ratio = N[1] * np.exp(sigma * dx) / np.where(N[0] > 0, N[0], 1.0)
        r = np.maximum(ratio, 0.25)
        face = N[0] * np.exp(0.5 * sigma * dx) * (1 / np.sqrt(r) - 0.5 * r**-1.5 * (ratio - r))
        width = 2 * np.sinh(0.5 * sigma * dx) / sigma
        low[s] = (B[s][0] * face).sum() / width
        if p.open_end:
            low[s] -= (B[s][-1] * N[-1] * np.exp(-0.5 * sigma * dx)).sum() / width
    return stored, gained, escape + sink + low


CASES = {
    "both dampings": {"S": 0.2, "X": 0.6, "nu": 0.1},
    "varying": {"S": lambda z, R, layer: 0.2 + 0.1 * z, "X": 0.6, "nu": 0.1, "v": lambda z, layer: 1 + z},
    "losses": {"X": 0.6, "nu": 0.1, "disc_loss": lambda R: 0.3 / R, "bulk_loss": lambda z, R, layer: 0.2 / R + 0 * z,
               "sink": 0.1},
    "streaming to an open top": {"waves": None, "nu": 1e9, "v": lambda z, layer: 1 + z, "top": None},
    "two layers": {"tops": (0.5, 1.0), "confined": lambda layer: layer == 1, "v": lambda z, layer: 1.0 * (layer == 1),
                   "X": 0.6, "nu": lambda z, R, layer: np.where(layer == 1, 1e-3, 1.0)},
    "bulk source": {"X": 0.6, "nu": 0.1, "bulk": lambda z, R, t: R**-4.0 * (2 - np.exp(-t))},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("accurate", [True, False], ids=["TR-BDF2", "Euler"])
def test_independent_account_closes_at_every_step(case, accurate):
    """∂t of all particles = sources − escape by the flux law − what leaves the spectrum below, relative to what comes in
    or out of store.  With the law's flux instead of the conserved one it closes to the tolerance of the solve.
    """
    problem = slab(16, R=(1.0, 30.0, 8), **CASES[case])
    errors = []

    def observe(run, row):
        stored, gained, lost = account(run)
        rounding = 8 * EPS / row["dt"] * number(problem, run.f())          # of ∂f/∂t, a difference of f over a step
        errors.append(np.abs(stored - gained + lost) / (gained + np.abs(stored) + rounding / NEWTON))

    control = {"end": 0.3, "rtol": 1e-3} if accurate else {"first_step": 1e-3, "growth": 3.0}
    run = march(problem, observers=[observe], **control)
    assert run.status == ("end time" if accurate else "steady")
    assert np.max(errors) <= NEWTON


@pytest.mark.parametrize("seed", [1, 2, 3, 6])
def test_whole_discrete_equation_conserves(seed):
    """Three species, all terms, momentum up and down: the residual's sum over a species is sources minus what crosses the
    outer boundaries, whatever the state.  Interior fluxes cancel to rounding.
    """
    problem = random_slab(seed, heat=seed in (2, 3, 6), top="outflow")
    system, u = random_state(problem, seed)
    weights = problem.grid.R[:, None] ** 3 * (system.V * system.F)[..., 0][..., None]
    residual = system.residual(u) * weights
    expected = np.zeros(3)
    size = np.zeros(3)
    for s in range(3):
        w = weights[s][:, 0]
        own = system.source[s].sum(-1) + system.secondary(u, s) - (system.sink[s] * u[s]).sum(-1)
        own = own - (system.vol * system.inv_tau[s] * (u[s] - system.u_known[s])).sum(-1)
        gain = system.gains(u, s)[0].sum(-1)
        out = system.outflow[s] * u[s][:, -1]
        expected[s] = ((out - own - gain) * w).sum()
        size[s] = np.abs(residual[s]).sum() + ((np.abs(own) + np.abs(gain) + out) * w).sum()
    assert np.all(np.abs(residual.sum((1, 2)) - expected) <= 100 * EPS * size)


# ---- closed boxes ----------------------------------------------------------------------------------------------------

def total(run):
    return number(run.problem, run.f())


@pytest.mark.parametrize("closure", [{"waves": None, "nu": 0.7}, {"X": 0.8, "nu": 0.01}, {"S": 0.5, "X": 0.8, "nu": 0.01}],
                         ids=["turbulence", "nonlinear", "both"])
def test_closed_box_keeps_what_it_was_given(closure):
    """No flow, no losses, no way out: N = Q t for any number and length of steps, to the tolerance of the steps' solves."""
    problem = slab(12, R=(1.0, 10.0, 4), v=0.0, top=None, **closure)
    run = march(problem, end=2.0, rtol=1e-2)
    given = problem.disc(0.0) @ problem.grid.R**3 * 2.0
    np.testing.assert_allclose(total(run), given, rtol=run.counts["steps"] * BUDGET)


def test_momentum_moves_particles_without_losing_any():
    """Losses that vanish at both ends of the spectrum, in a closed box: the number stays to rounding while its mean
    momentum falls.
    """

    def pulse(z, R, layer):
        x = np.log(R) / np.log(100.0)
        return 3 * np.clip(x * (1 - x), 0, None) ** 2 + 0 * z

    problem = slab(6, R=(1.0, 100.0, 40), v=0.0, nu=1.0, waves=None, top=None, Q=0.0, bulk_loss=pulse, open_end=False)
    R = problem.grid.R
    f0 = (R**-3.0 * np.exp(-(np.log(R / 10) ** 2)))[None, :, None] * (1 + problem.grid.z)
    before = number(problem, f0)
    run = march(problem, f0, end=3.0, rtol=1e-3)
    np.testing.assert_allclose(total(run), before, rtol=run.counts["steps"] * BUDGET)
    mean = [(np.log(R) * R**3) @ f[0].sum(-1) / (R**3 @ f[0].sum(-1)) for f in (f0, run.f())]
    assert mean[1] < mean[0] - 0.1


@pytest.mark.parametrize(("on", "off"), [(0.0, 20.0), (7.0, None), (7.0, 20.0), (13.3, 31.7)])
def test_switched_source_gives_what_it_gave_while_it_was_on(on, off):
    """A closed box (outflow without flow): Q times the time it was on, no less for steps that end at a switch."""
    schedule = {"type": "switch", "on": f"{on} Myr", **({} if off is None else {"off": f"{off} Myr"})}
    changes = {"species.proton.source.schedule": schedule, "boundary.top": {"type": "outflow"}, "grid.rigidity_cells": 4}
    problem, _, control = shipped("slab_transient", **changes)
    run = march(problem, **{**control, "end": 40 * MYR})
    assert run.status == "end time"
    model = Model(load("slab_transient").replace({**SMALL, **changes}))
    given = model.Q @ problem.grid.R**3 * (min(off or 40.0, 40.0) - on) * MYR
    np.testing.assert_allclose(total(run), given, rtol=run.counts["steps"] * BUDGET)


# ---- positivity ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(6))
def test_f_stays_positive_where_an_empty_medium_is_filled(seed):
    """Random coefficients with layers, profiles and losses, sharp fronts: f >= 0 at every step, strictly for Euler."""
    rng = np.random.default_rng(seed)
    power, jump = rng.uniform(0, 1.5), rng.uniform(0.2, 3)
    keys = {"v": lambda z, layer: (0.2 + z**power) * np.where(layer == 1, jump, 1.0), "X": 10 ** rng.uniform(-2, 0.5),
            "S": 10 ** rng.uniform(-3, 0) if seed % 2 else 0.0, "nu": 10 ** rng.uniform(-3, 0),
            "bulk_loss": lambda z, R, layer: 2.0 * (layer == 0) / R, "tops": (0.4, 1.0),
            "top": None if seed in (0, 4) else 0.0}
    problem = slab(20, R=(1.0, 100.0, 8), **keys)
    for control in ({"end": 0.4, "rtol": 1e-2}, {"first_step": 1e-2, "growth": 3.0}):
        lows = []
        run = march(problem, observers=[lambda m, row, lows=lows: lows.append(lowest(m.f()))], **control)
        assert run.status in ("end time", "steady")
        assert min(lows) >= (-UNDERSHOOT if "end" in control else 0.0)
