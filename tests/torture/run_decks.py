"""Solve a case, judge the answer, and tell in one record what became of it."""

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import evaluator
import numpy as np
from growth import Existence, existence

import solver
from solver.errors import SolverError

GOOD = ("converged", "no steady state")


@dataclass
class Record:
    """What became of one case.

    outcome: "converged", "no steady state" (code 3, with that statement), "failed" (code 3 without it), "wrong" (the evaluator
    disagrees), "slow" (over the time limit) or "crash" (any other exception).  exists: the verdict of `growth` on a steady
    state, asked where the run did not find one.
    """

    case: object
    outcome: str
    message: str = ""
    exists: str = ""
    solves: list[int] = field(default_factory=list)  # nonlinear iterations of every solve, rejected ones included
    failed_solves: int = 0
    steps: int = 0
    unknowns: int = 0
    seconds: float = 0.0  # of processor time

    @property
    def good(self):
        return self.outcome in GOOD


class TooSlow(Exception):
    """A case took longer than it may."""


@contextmanager
def limited(seconds):
    """Raise TooSlow in the main thread after so many seconds of processor time."""

    def stop(_signal, _frame):
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def counted(record):
    """Within: every nonlinear solve is entered in the record."""
    from solver.transport.newton import NewtonPath

    run = NewtonPath.run

    def counting(self, *arguments, **keywords):
        out = run(self, *arguments, **keywords)
        record.solves.append(out.iterations)
        record.failed_solves += not out.converged
        return out

    NewtonPath.run = counting
    try:
        yield
    finally:
        NewtonPath.run = run


def run(case, folder, limit=120.0, judge=True):
    """The Record of a case; files for its start go to `folder`."""
    from solver.petsc import start_petsc

    start_petsc()
    record, begun = Record(case, "crash"), time.process_time()
    try:
        with counted(record), limited(limit):
            deck = deck_with_start(case, folder)
            record.unknowns = deck.grid.z_cells * deck.grid.rigidity_cells * len(deck.species)
            last = []
            result = solver.run(deck, observers=[lambda march, row: last.append(march.state)])
            record.steps = result.counts["steps"]
            found = evaluator.findings(result, final_rate(result)) if judge else []
            record.outcome = "wrong" if found else "converged"
            record.message = "; ".join(map(str, found[:3]))
    except SolverError as error:
        record.outcome = "no steady state" if "no steady state" in error.message else "failed"
        record.message = error.message.splitlines()[0]
    except TooSlow:
        record.outcome, record.message = "slow", f"not done after {limit:g} s"
    except Exception as error:  # whatever it is, it belongs in the table
        record.message = f"{type(error).__name__}: {error}"
    record.seconds = time.process_time() - begun
    if case.task != "transient" and record.outcome != "converged":
        verdict = steady_state(case)
        record.exists = verdict.verdict
        if record.outcome == "no steady state" and verdict.verdict == "exists":
            record.outcome = "wrong"
            record.message = f"there is one, as {verdict.reason}; said: {record.message}"
    return record


def steady_state(case):
    """Has a case's deck a steady state?  The first verdict against it of the protons, or of any species without waves."""
    from solver.model import Model

    model = Model(solver.Deck.from_dict(case.raw))
    verdicts = [existence(model, s) for s in range(1 if model.waves is not None else len(model.names))]
    if model.waves is not None and len(model.names) > 1:  # nuclei depend on the protons' waves; not looked at
        verdicts += [Existence("undecided", 0.0)] * (verdicts[0].verdict == "exists")
    order = ("none", "undecided", "exists")
    return min(verdicts, key=lambda v: order.index(v.verdict))


def final_rate(result):
    """∂f/∂t (species, R, nodes) at the end of a transient, as the last step has it; None for a steady state."""
    if result.status == "steady" or "rate" not in result.restart:
        return None
    rate = result.restart["rate"] * result.restart["F"][:, :, None]
    return np.concatenate([rate, np.zeros((*rate.shape[:2], len(result.dataset.z) - rate.shape[2]))], -1)


# ---- starts ------------------------------------------------------------------------------------------------------------


def deck_with_start(case, folder):
    """The deck of a case, its initial state being the file that its start asks for."""
    deck = solver.Deck.from_dict(case.raw)
    if case.start not in ("noise", "other"):
        return deck
    folder = Path(folder)
    path = other_result(folder) if case.start == "other" else noise(deck, folder, case.seed)
    return deck.replace({"initial": {"type": "file", "path": str(path)}})


@cache
def other_result(folder):
    """The result of quite another deck: ten cells, one rigidity per octave, turbulent diffusion in a small halo."""
    deck = solver.Deck.from_dict({
        "grid": {"z_max": "1 kpc", "z_cells": 10, "rigidity_min": "0.3 GV", "rigidity_max": "300 GV", "rigidity_cells": 10},
        "species": {"proton": {"source": {"type": "power_law", "amplitude": "1e-9 cm-2 s-1 GeV-3", "slope": 4.4}}},
        "layer": [{"top": "1 kpc", "scattering": [{"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.5}]}],
        "time": {"method": "direct"},
    })
    path = folder / "other.nc"
    solver.run(deck).write(path)
    return path


def noise(deck, folder, seed):
    """A result file whose f is positive noise over six decades, from node to node, of a size that has nothing to do with Q."""
    from solver.model import Model
    from solver.result import Result

    model = Model(deck)
    rng = np.random.default_rng([seed, 7])
    shape = len(model.names), len(model.grid.z), len(model.grid.R)
    f = 10 ** rng.uniform(-20, 0) * 10 ** rng.uniform(-6, 0, shape) * model.grid.R**-4.5
    faces = shape[0], shape[1] - 1, shape[2]
    path = folder / "noise.nc"
    Result.build(model, f, np.zeros(faces), np.ones(faces), {"t": []}, "steady").write(path)
    return path
