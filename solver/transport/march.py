"""Implicit steps in time: second order with error control for transients, growing steps to the steady state.

Transients use TR-BDF2 with its error (`steps`).  The way to a steady state needs no accuracy, so it takes backward Euler
steps that grow, and ends when the storage term and the change per step have both fallen below their bounds.
A step whose solve fails, or that is too inaccurate, is cut and tried again.  The march knows nothing of files or figures:
observers are called after every accepted step.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from .account import Account
from .ending import Ending, Failure
from .newton import NewtonPath
from .scales import row_scales
from .steps import Steps
from .system import System

MAX_CUTS = 12
DETOUR = 50  # times the iterations of a solve: what a direct one that gave up may spend on going through time instead
UNDERSHOOT = 1e-11  # of a row's largest f, below zero: TR-BDF2 may come to that, backward Euler only where f grows by itself
SAFETY = 0.9
RUNGS = 32  # factors that steps may change by, for every factor of two


@dataclass(frozen=True)
class Control:
    """How to go: `end` (s) or None for steady; other keys as in the deck's [time]; times in s, None where free."""

    end: float | None = None
    direct: bool = False
    first_step: float | None = None
    max_step: float | None = None
    growth: float = 2.0
    rtol: float = 1e-4
    steady_residual: float = 1e-9
    steady_change: float = 1e-6
    max_steps: int = 100_000
    stops: tuple[float, ...] = ()  # times at which sources are switched; a step must end there
    outputs: tuple[float, ...] = ()  # times at which the state is wanted; a step must end there too


@dataclass
class State:
    """Where a march stands; everything a bit-identical continuation needs."""

    t: float
    u: np.ndarray  # scaled node values, (species, R, nodes)
    rate: np.ndarray | None = None  # ∂u/∂t (1/s) at t, once known
    a: np.ndarray | None = None  # mixed point of the protons' faces, all rows
    q: np.ndarray | None = None
    dt: float | None = None  # step to try next
    history: dict = field(default_factory=dict)


class March:
    """One run of a problem on a layout.  `run` goes on until the end, a failure or an observer's request to stop."""

    def __init__(
        self, problem, layout, control, f0=None, tolerance=1e-10, max_iterations=200, scales=None, observers=()
    ):
        self.problem, self.layout, self.control, self.observers = problem, layout, control, list(observers)
        f0 = np.zeros((problem.species, len(problem.grid.R), len(problem.grid.z))) if f0 is None else f0
        # a steady state forgets where it came from
        known = None if control.direct else f0
        self.V, self.F = row_scales(problem, known, span=control.end) if scales is None else scales
        ranks = layout.ranks
        self.system = System(problem, self.V, self.F, layout.rows, ranks.gather)
        self.account = Account(self.system, layout.ranks)
        self.newton = NewtonPath(layout, tolerance, max_iterations)
        self.state = State(0.0, f0[:, :, : problem.nodes] / self.F[:, :, None])
        self.failure, self.status = None, "not run"
        self.peak = float(np.abs(self.state.u).max())                      # of the first state
        self.steps = Steps(self)
        self._landing = self._landing_step = None                          # prescribed time a step is to end on
        self.ending = Ending(self)
        self.stop_requested = False
        self.counts = {"steps": 0, "rejected": 0, "newton": 0, "krylov": 0}

    # ---- restarting ------------------------------------------------------------------------------------------------------

    def restart(self):
        """Arrays and numbers from which `restore` makes a march that goes on bit by bit."""
        s = self.state
        out = {"V": self.V, "F": self.F, "u": s.u, "t": s.t, "dt": s.dt, "counts": self.counts, "peak": self.peak}
        out |= {"dual": int(self.newton.dual), "asked": int(self.ending.asked), "first_order": int(self.first_order)}
        out |= {key: value for key, value in (("rate", s.rate), ("a", s.a), ("q", s.q)) if value is not None}
        return out | {f"history_{key}": np.array(values) for key, values in s.history.items()}

    def restore(self, data):
        """Take up the state that `restart` gave; the march must have been made with its V and F."""
        s = self.state = State(data["t"], data["u"], data.get("rate"), data.get("a"), data.get("q"), data["dt"])
        s.history = {key[8:]: list(value) for key, value in data.items() if key.startswith("history_")}
        self.counts, self.peak = dict(data["counts"]), float(data["peak"])
        self.newton.dual, self.ending.asked = bool(data.get("dual", False)), bool(data.get("asked", False))
        self.system.correction.left_out = bool(data.get("first_order", False))

    # ---- physical quantities of the present state --------------------------------------------------------------------

    def f(self, u=None):
        """f on all nodes including the top, (species, R, nodes + top), physical units."""
        f = (self.state.u if u is None else u) * self.F[:, :, None]
        return f if self.problem.top is None else np.concatenate([f, self.problem.top[..., None]], -1)

    def fluxes(self):
        """(flux, κ) on the faces of all rows, physical units (see `Account.fluxes`)."""
        return tuple(self.layout.ranks.gather(x) for x in self.account.fluxes(self.state.u))

    def _keep(self, point):
        """The mixed point with the faces of all rows."""
        if point.a is None:
            return None, None
        gather = self.layout.ranks.gather_rows
        return gather(point.a), gather(point.q)

    # ---- steps ------------------------------------------------------------------------------------------------------------

    def solve_steady(self):
        """The steady state without time steps; True when it converged."""
        out = self.steps.stage(None, np.inf, self.state.t, self.state.u, self.steps.warm())
        if out.converged:
            self.accept(out, np.inf, None, 0.0)
        else:
            self.fail(out, "the steady state")
        return out.converged

    @property
    def first_order(self):
        """Has the flux correction been left out?"""
        return self.system.correction.left_out

    def end_of(self, dt):
        """When a step of dt ends; prescribed times without rounding."""
        landing = self._landing is not None and dt == self._landing_step
        return self._landing if landing else self.state.t + dt

    def begin_near(self, f):
        """The steady state by Newton from a state f (species, R, nodes + top) near it; True when it converged.

        Where it did not, the march stands where it stood and goes its own way, only its counts have grown.
        """
        s, system = self.state, self.system
        kept, s.u = s.u, f[:, :, : self.problem.nodes] / self.F[:, :, None]
        system.set_step(None, np.inf, s.t, False)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            s.a, s.q = self._keep(system.point(s.u))
        out = self.steps.stage(None, np.inf, s.t, s.u, self.steps.warm())
        if out.converged:
            self.accept(out, np.inf, None, 0.0)
        else:
            s.u, s.a, s.q = kept, None, None
        return out.converged

    def run(self):
        """March to the end; returns the status: "steady", "end time", "stopped" or "failed: …"."""
        c, s = self.control, self.state
        if c.direct:
            if self.solve_steady():
                return "steady"
            if self.failure.impossible:
                return f"failed: {self.failure.message}"  # else perhaps by way of time steps
            self.ending.asked = True  # it would fail again
        gave_up = self.failure
        if self.ending.seems_steady():                                     # restored from what the last step left
            return "steady"
        if s.dt is None:
            s.dt = self.steps.first()
        if self._ended():
            return "end time"
        while self.counts["steps"] < c.max_steps:
            if c.direct and self.counts["newton"] > DETOUR * self.newton.max_iterations:
                self.failure = gave_up
                return f"failed: {gave_up.message}"
            dt, self._landing = self._limited(s.dt)
            self._landing_step = dt
            if not self._step(dt):
                return f"failed: {self.failure.message}"
            if self._ended():
                return "end time"
            if (steady := self.ending.reached()) is not None:
                return "steady" if steady else f"failed: {self.failure.message}"
            if self.layout.ranks.any(self.stop_requested):                 # Ctrl-C need not reach all at the same step
                return "stopped"
        self.failure = Failure(f"{c.max_steps} steps were not enough (time.max_steps)", {})
        return f"failed: {self.failure.message}"

    def _ended(self):
        return self.control.end is not None and self.state.t >= self.control.end * (1 - 1e-14)

    def _limited(self, dt):
        """The step cut to the next prescribed time, and that time if it is reached."""
        c, t = self.control, self.state.t
        dt = min(dt, c.max_step or np.inf)
        targets = []
        for times in (c.stops, c.outputs, () if c.end is None else (c.end,)):  # each in ascending order
            targets += times[(i := bisect_right(times, t * (1 + 1e-14))) : i + 1]
        if not targets:
            return dt, None
        gap = min(targets) - t
        if dt >= gap * (1 - 1e-9):
            return gap, min(targets)
        return (min(dt, gap / 2) if dt > gap / 2 else dt), None

    def _step(self, dt):
        """One accepted step of at most dt; False when no step length works."""
        c, s = self.control, self.state
        steady, positive_only, starting, unsolved = c.end is None, False, s.rate is None, 0
        for cut in range(MAX_CUTS):
            self.steps.cautious = unsolved >= 3  # then without ∂t f in the flux correction
            # on the way to a steady state a direct solve is asked first, which may spare it
            self.steps.patient = unsolved >= 3 or (steady and (self.ending.asked or c.direct))
            if not steady and s.rate is None and not positive_only:
                s.rate = self.steps.first_rate(1e-3 * dt)
            euler = steady or positive_only or s.rate is None
            out, rate, error = self.steps.backward_euler(dt) if euler else self.steps.tr_bdf2(dt)
            if out.converged and (error <= 1.0 or dt <= self.steps.instant):
                sound = self._sound(out, euler)
                if not sound and not euler:
                    out, rate, error, sound = self._without_undershoot(out, rate, error, dt)
                if sound:
                    s.dt = dt * (c.growth if steady else self._factor(error))
                    if positive_only or (cut and not steady):              # what limited it is still near
                        s.dt = min(s.dt, dt)
                    s.dt = max(s.dt, min(dt, self.steps.instant))
                    self.accept(out, dt, rate, error)                     # last: observers see the state as it will go on
                    return True
                out.grows, error = True, 8.0
                positive_only = cut >= 3
            if steady and (out.grows or not out.converged):
                if (leapt := self.ending.leap()) is not None:
                    return leapt
                if self.ending.runs_away():
                    return False
            positive_only |= (
                out.converged and starting and cut >= 4
            )  # a jump at the start: one tiny step of first order
            self.counts["rejected"] += 1
            unsolved += not out.converged
            if out.converged:
                out.message = f"its time error stays {error:.1g} times what time.rtol allows"
            shorter = dt * (0.25 if not out.converged else min(self._factor(error), 0.5 if cut else 1.0))
            dt = self.steps.instant if out.converged and shorter < self.steps.instant < dt else shorter
        self.fail(out, f"the step from t = {s.t:.4g} s")
        return False

    def _sound(self, out, euler):
        """Is the end of a step positive, as well as its method promises?"""
        steady = self.control.end is None
        size = np.maximum(np.abs(out.point.u).max(-1, keepdims=True), 1e-290 if steady else self.steps.filled + 1e-290)
        # what is negative stays so where nothing moves: no lower than it was will do
        allowed = np.minimum(-UNDERSHOOT * size, (1.0 + 1e-6) * self.state.u)
        return (out.point.u >= allowed).all() or (euler and not (steady and self._nothing_negative()))

    def _without_undershoot(self, out, rate, error, dt):
        """A step by backward Euler, which keeps f positive, in place of one by TR-BDF2 if they are as near as errors may be."""
        other, new_rate, _ = self.steps.backward_euler(dt)
        apart = self.steps.error(other.point.u - out.point.u, other.point.u, dt) if other.converged else np.inf
        if apart > 1.0:
            return out, rate, error, False
        other.iterations, other.krylov = other.iterations + out.iterations, other.krylov + out.krylov
        return other, new_rate, max(error, apart), True

    def _nothing_negative(self):
        """Are all sources and the known state such that f must be positive?  A problem's own sources need not be."""
        system, top = self.system, self.problem.top
        known = system.u_known.min() >= -UNDERSHOOT * np.abs(system.u_known).max()
        good = known and system.source.min() >= 0.0 and (top is None or top.min() >= 0.0)
        return self.layout.ranks.all(good)

    def _factor(self, error):
        """By what the next step may differ from one of this error.

        One of few numbers: rounding of errors, which is another on other processes and machines, would grow from step to step.
        """
        rung = np.round(RUNGS * np.log2(SAFETY * max(error, 1e-10) ** (-1 / 2)))
        return float(np.clip(2.0 ** (rung / RUNGS), 0.2, self.control.growth))

    def accept(self, out, dt, rate, error):
        """Go on from the end of a step of dt, an `Outcome`; observers are told."""
        s = self.state
        before = s.u
        s.u = out.point.u
        s.a, s.q = self._keep(out.point)
        s.rate = rate
        s.t = self.end_of(dt) if np.isfinite(dt) else s.t
        if s.t in self.control.stops:
            s.rate = None                                                  # sources may jump there
        self.counts["steps"] += 1
        row = self.account.measure(before, s.u, out.mismatch)
        row |= {
            "t": s.t,
            "dt": dt,
            "newton": out.iterations,
            "krylov": out.krylov,
            "residual": out.mismatch,
            "error": error,
        }
        for key, value in row.items():
            s.history.setdefault(key, []).append(value)
        for observer in self.observers:
            observer(self, row)

    def fail(self, out, what):
        """Say why `what`, a step or the steady state, came to nothing."""
        p, where = self.problem, dict(out.worst)
        place = ""
        if where:
            place = (
                f"; largest mismatch {where['mismatch']:.1e}: {p.name(where['species'])}, R = {p.grid.R[where['row']]:.3g} GV, "
                f"z = {p.grid.z_face[where['face']] / p.grid.z[-1]:.3g} z_max"
            )
        if out.impossible:
            self.failure = Failure(out.message, where, impossible=True)
            return
        said = f"failed: {out.message}" if out.converged else f"did not converge ({out.message or 'no reason given'})"
        self.failure = Failure(f"{what} {said}{'' if out.converged else place}", where)
