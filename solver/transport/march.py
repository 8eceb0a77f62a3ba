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
from .existence import filling, fills_for_ever, growing
from .newton import NewtonPath
from .scales import row_scales
from .steps import Steps
from .system import System

MAX_CUTS = 12
DETOUR = 20  # times the iterations of a solve: what a direct one that gave up may spend on going through time instead
UNDERSHOOT = 1e-11  # of a row's largest f, below zero: TR-BDF2 may come to that, backward Euler only where f grows by itself
NOTHING = 1e-15  # of what passes through a row: storage that is rounding
SAFETY = 0.9
ELSEWHERE = 1e-2  # of a row's largest f: by so much a state that seems steady moves where it is none
STILL = 1e-9  # of a row's largest f: what moves less may do so by rounding
RUNAWAY = 2.0  # times what enters a row: what it stores where it grows by itself
RUNGS = 32  # factors that steps may change by, for every factor of two
OUTGROWN = 1e30  # times what was there or what sources would fill: growth that no end time can have meant


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


@dataclass(frozen=True)
class Failure:
    """Why a march could not go on: message, species, rigidity and height index of the worst place; is there no way at all?"""

    message: str
    where: dict
    impossible: bool = False


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
        self.stop_requested = self._asked = False
        self.counts = {"steps": 0, "rejected": 0, "newton": 0, "krylov": 0}

    # ---- restarting ------------------------------------------------------------------------------------------------------

    def restart(self):
        """Arrays and numbers from which `restore` makes a march that goes on bit by bit."""
        s = self.state
        out = {"V": self.V, "F": self.F, "u": s.u, "t": s.t, "dt": s.dt, "counts": self.counts, "peak": self.peak}
        out |= {"dual": int(self.newton.dual), "asked": int(self._asked), "first_order": int(self.first_order)}
        out |= {key: value for key, value in (("rate", s.rate), ("a", s.a), ("q", s.q)) if value is not None}
        return out | {f"history_{key}": np.array(values) for key, values in s.history.items()}

    def restore(self, data):
        """Take up the state that `restart` gave; the march must have been made with its V and F."""
        s = self.state = State(data["t"], data["u"], data.get("rate"), data.get("a"), data.get("q"), data["dt"])
        s.history = {key[8:]: list(value) for key, value in data.items() if key.startswith("history_")}
        self.counts, self.peak = dict(data["counts"]), float(data["peak"])
        self.newton.dual, self._asked = bool(data.get("dual", False)), bool(data.get("asked", False))
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
            self._accept(out, np.inf, None, 0.0)
        else:
            self._fail(out, "the steady state")
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
            self._accept(out, np.inf, None, 0.0)
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
            self._asked = True  # it would fail again
        gave_up = self.failure
        if c.end is None and s.history and self._steady():                 # restored from what the last step left
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
            if c.end is None and self._steady() and (lasts := self._lasts()) is not None:
                return "steady" if lasts else f"failed: {self.failure.message}"
            if c.end is None and (row := fills_for_ever(s.history, self.steps.crossing.max(), s.u, s.rate)):
                if (leapt := self._leap()) is not None:
                    return "steady" if leapt else f"failed: {self.failure.message}"
                place = *row, int(np.argmax(s.rate[row]))
                self.failure = Failure(filling(self.problem, *place, s.t), {}, impossible=True)
                return f"failed: {self.failure.message}"
            if place := self._outgrown():
                end = self.newton.inflow.fed_from(self.system.point(s.u), s.u)
                self.failure = Failure(growing(self.problem, *place, end, s.u, s.rate, s.t), {}, impossible=True)
                return f"failed: {self.failure.message}"
            if self.layout.ranks.any(self.stop_requested):                 # Ctrl-C need not reach all at the same step
                return "stopped"
        self.failure = Failure(f"{c.max_steps} steps were not enough (time.max_steps)", {})
        return f"failed: {self.failure.message}"

    def _ended(self):
        return self.control.end is not None and self.state.t >= self.control.end * (1 - 1e-14)

    def _outgrown(self):
        """Where, (species, row, node), cosmic rays have become far more than were there or sources could supply; or None."""
        particles = self.account.weights * np.abs(self.state.u).max(-1)
        source = self.layout.ranks.gather(np.abs(self.system.source).sum(-1, keepdims=True))[..., 0]
        supplied = 1.0 + self.peak + source * self.state.t / self.steps.crossing
        allowed = OUTGROWN * (self.account.weights * supplied).sum(-1)
        s = int(np.argmax(particles.sum(-1) / allowed))
        if particles[s].sum() <= allowed[s]:
            return None
        k = int(np.argmax(particles[s]))
        return s, k, int(np.argmax(np.abs(self.state.u[s, k])))

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
            self.steps.patient = unsolved >= 3 or (steady and (self._asked or c.direct))
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
                    self._accept(out, dt, rate, error)                     # last: observers see the state as it will go on
                    return True
                out.grows, error = True, 8.0
                positive_only = cut >= 3
            if steady and (out.grows or not out.converged):
                if (leapt := self._leap()) is not None:
                    return leapt
                if self._runs_away():
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
        self._fail(out, f"the step from t = {s.t:.4g} s")
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

    def _leap(self):
        """Where a step to the steady state fails or f grows, perhaps without end: asks the direct solve, once, for its end.

        True where that found a state that lasts, False where there is none, None where it cannot tell.
        """
        if self._asked:
            return None
        self._asked = True
        out = self.steps.stage(None, np.inf, self.state.t, self.state.u, None)
        if out.converged and (message := self.newton.inflow.unstable(out.point)):
            out.impossible, out.message = True, message
        if out.impossible:
            self._fail(out, "the steady state")
            return False
        if out.converged:
            self._accept(out, np.inf, None, 0.0)
        return out.converged or None

    def _runs_away(self):
        """Does all that is there grow by more than is put in, with no steady state above it?  Then that is the failure."""
        s, inflow = self.state, self.newton.inflow
        if not inflow.both_ways or s.rate is None or s.history["storage"][-1] < RUNAWAY:
            return False
        fell = -s.rate * s.history["dt"][-1] > STILL * np.abs(s.u).max(-1, keepdims=True)
        if self.layout.ranks.any(fell.any()):
            return False
        self.system.set_step(None, np.inf, s.t, False)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            message = inflow.runaway(self.system.point(s.u))
        if message is not None:
            self.failure = Failure(message, {}, impossible=True)
        return message is not None

    def _factor(self, error):
        """By what the next step may differ from one of this error.

        One of few numbers: rounding of errors, which is another on other processes and machines, would grow from step to step.
        """
        rung = np.round(RUNGS * np.log2(SAFETY * max(error, 1e-10) ** (-1 / 2)))
        return float(np.clip(2.0 ** (rung / RUNGS), 0.2, self.control.growth))

    def _accept(self, out, dt, rate, error):
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

    def _steady(self):
        c, h = self.control, self.state.history
        if h["residual"][-1] >= self.newton.tolerance or h["storage"][-1] >= c.steady_residual:
            return False
        # where nothing is stored any more, what still changes is what the fluxes leave open (f where it is all but flat)
        return h["change"][-1] < c.steady_change or h["storage"][-1] < NOTHING

    def _lasts(self):
        """Is a state that seems steady the end?  True; False where there can be none, None where the march has to go on.

        Where rounding of what rows hold may hide a leak, or f still changes while nothing is stored (fluxes leave it open,
        and rounding moves it at will), a direct solve knows where it ends.  So it does where what is stored is next to nothing
        beside what the disc loses, but not for the heights that it fills: an endless step then leads elsewhere.
        """
        if self.control.direct:
            # where nothing enters and nothing leaves, that finds a singular matrix at the end of a good march
            return self.solve_steady() or self.state.history["storage"][-1] < NOTHING or None
        open_ended = self.state.history["change"][-1] >= self.control.steady_change
        return not ((open_ended or self.account.may_leak(self.state.u) or self._moves()) and self._leap() is False)

    def _moves(self):
        """Does an endless step from the present state lead elsewhere?  Not asked where waves hold for ever what they found."""
        if self.layout.ranks.any(not self.account.free.all()):
            return False
        u, last = self.state.u, self.steps.last
        out = self.steps.stage(None, np.inf, self.state.t, u, self.steps.warm(), near=True)
        if last is not None:
            self.system.set_step(*last)  # results are those of the last step
        size = np.maximum(np.abs(u).max(-1), 1e-290)
        return out.converged and bool((np.abs(out.point.u - u).max(-1) > ELSEWHERE * size).any())

    def _fail(self, out, what):
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
