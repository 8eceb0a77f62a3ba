"""Implicit steps in time: second order with error control for transients, growing steps to the steady state.

Transients use TR-BDF2 (Bank et al. 1985; Hosea & Shampine 1996): two implicit stages of the same form, L-stable, stiffly
accurate, with an embedded third-order error estimate.  The way to a steady state needs no accuracy, so it takes backward
Euler steps that grow, and ends when the storage term and the change per step have both fallen below their bounds.
A step whose solve fails, or that is too inaccurate, is cut and tried again.  The march knows nothing of files or figures:
observers are called after every accepted step.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .account import Account
from .existence import filling, fills_for_ever, growing
from .newton import NewtonPath, Outcome
from .scales import row_scales
from .system import Point, System

D = 1.0 - np.sqrt(0.5)  # implicit weight of both TR-BDF2 stages
W = np.sqrt(0.125)  # weight of the old and the middle derivative
MAX_CUTS = 12
DETOUR = 20  # times the iterations of a solve: what a direct one that gave up may spend on going through time instead
ENOUGH = 1e-3  # of time.rtol: a mismatch that does not matter to a step whose solve comes no nearer
ENOUGH_ON_THE_WAY = 1e-4  # of what the last step stored: the same for steps to a steady state
UNDERSHOOT = 1e-10  # of a row's largest f, below zero: TR-BDF2 may come to that, backward Euler only where f grows by itself
NOTHING = 1e-15  # of what passes through a row: storage that is rounding
SAFETY = 0.9
SHARE = 4.0  # of time.rtol, spent while the time since the last switch grows by e: the sum measured is then 0.3 to 1 of it
LEAST_SHARE = 0.02
INSTANT = 1e-2  # of time.rtol and of the time since the last switch: events can be shorter (where the slope of f turns)
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
    max_steps: int = 10_000
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
        self._landing = self._landing_step = None                          # prescribed time a step is to end on
        self.stop_requested = self._cautious = self._asked = False
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

    # ---- one implicit stage --------------------------------------------------------------------------------------------

    def _stage(self, u_known, tau, t, guess, warm) -> Outcome:
        if t in self.control.stops:  # a step that ends at a switch belongs to the time before it
            t = np.nextafter(t, -np.inf)
        accurate = self.control.end is not None and not self._cautious
        if self.control.end is not None:
            enough = ENOUGH * self.control.rtol
        else:  # a step to the steady state stores what is left of the way
            left = self.state.history["storage"][-1] if self.state.history else 1.0
            enough = ENOUGH_ON_THE_WAY * min(left, 1.0) if np.isfinite(tau) else 0.0
        self.system.set_step(None if u_known is None else u_known * self.F[:, :, None], tau, t, accurate)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            out = self.newton.run(self.system, guess, warm, enough)
        self.counts["newton"] += out.iterations
        self.counts["krylov"] += out.krylov
        return out

    def _warm(self):
        s = self.state
        if self.problem.waves is None:
            return Point(s.u, None, None)
        if s.a is None:
            return None
        rows = self.layout.rows
        return Point(s.u, s.a[rows], s.q[rows])

    def _ahead(self, point, rate, dt):
        """The mixed point that a time dt along ∂u/∂t = rate leads to from `point`, f falling to a fifth at most."""
        if point is None:
            return None
        u = point.u + dt * rate
        u = np.where(point.u > 0, np.maximum(u, 0.2 * point.u), point.u)
        if point.a is None:
            return Point(u, None, None)
        system, w = self.system, self.problem.waves
        a = point.a + system.slope(u, w) - system.slope(point.u, w)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            return Point(u, a, system.law.q(a, system.nu_waves))

    def _keep(self, point):
        """The mixed point with the faces of all rows."""
        if point.a is None:
            return None, None
        gather = self.layout.ranks.gather_rows
        return gather(point.a), gather(point.q)

    # ---- steps ------------------------------------------------------------------------------------------------------------

    def solve_steady(self):
        """The steady state without time steps; True when it converged."""
        out = self._stage(None, np.inf, self.state.t, self.state.u, self._warm())
        if out.converged:
            self._accept(out, np.inf, None, 0.0)
        else:
            self._fail(out, "the steady state")
        return out.converged

    @property
    def first_order(self):
        """Has the flux correction been left out?"""
        return self.system.correction.left_out

    def _end_of(self, dt):
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
        out = self._stage(None, np.inf, s.t, s.u, self._warm())
        if out.converged:
            self._accept(out, np.inf, None, 0.0)
        else:
            s.u, s.a, s.q = kept, None, None
        return out.converged

    def _backward_euler(self, dt):
        s = self.state
        out = self._stage(s.u, dt, self._end_of(dt), s.u, self._warm())
        return out, (out.point.u - s.u) / dt, 0.0

    def _tr_bdf2(self, dt):
        s = self.state
        guess = self._ahead(self._warm(), s.rate, 2 * D * dt)
        middle = self._stage(s.u + D * dt * s.rate, D * dt, s.t + 2 * D * dt, guess.u if guess else s.u, guess)
        if not middle.converged:
            return middle, None, np.inf
        known = s.u + D * dt * s.rate
        rate1 = (middle.point.u - known) / (D * dt)
        known = s.u + W * dt * (s.rate + rate1)
        guess = self._ahead(middle.point, rate1, (1 - 2 * D) * dt)
        out = self._stage(known, D * dt, self._end_of(dt), middle.point.u, guess)
        if not out.converged:
            return out, None, np.inf
        rate2 = (out.point.u - known) / (D * dt)
        # b̂ = ((1 − W)/3, (3W + 1)/3, D/3) is of third order; b = (W, W, D)
        error = dt * ((1 - 4 * W) / 3 * s.rate + rate1 / 3 - 2 * D / 3 * rate2)
        size = np.maximum(np.abs(out.point.u).max(-1), np.abs(s.u).max(-1))[..., None]
        size = np.maximum(size, self._expected)
        return out, rate2, float((np.abs(error) / (self.control.rtol * size + 1e-290)).max()) / self._share(dt)

    def _share(self, dt):
        """The part of time.rtol that a step's error may be: that of the step in the time since the last switch.

        So the errors of the steps, however many they are, add up to about the tolerance; f forgets older ones.  Events (a front
        that arrives) make an error that shrinks no faster than the step; they may always take LEAST_SHARE.
        """
        return max(SHARE * dt / (self.state.t - self._begun + dt), LEAST_SHARE)

    @property
    def _instant(self):
        """A step so short that what happens in it, resolved or not, does so at the right time for all that matters."""
        return INSTANT * self.control.rtol * (self.state.t - self._begun)

    @property
    def _begun(self):
        """When sources were last switched."""
        return max((t for t in self.control.stops if t <= self.state.t), default=0.0)

    @cached_property
    def _filled(self):
        """A hundredth of what the sources can fill a row with by the end, (species, R, 1)."""
        p, end, stops = self.problem, self.control.end, self.control.stops
        at = [0.5 * end, *(np.nextafter(t, -np.inf) for t in stops if 0 < t < end)]  # before a switch
        source = np.max([np.abs(p.disc(t)) for t in at], 0)
        filled = np.zeros_like(self.F)
        for s in range(p.species):  # parents come before their children
            for link in p.secondaries:
                if link.child == s:
                    source[s] += np.abs(link.weights @ (filled[link.parent] * self.F[link.parent]))
            filled[s] = np.minimum(source[s] * end / (self.F[s] * self.system.H), 1.0)
        return 1e-2 * filled[..., None]

    @cached_property
    def _expected(self):
        """The same, or a trace of what a row once held: errors far below do not limit the first steps."""
        return np.maximum(self._filled, 1e-12 * self.peak)

    def _first_rate(self, dt):
        """∂u/∂t at the start, from one short backward Euler step that is then thrown away."""
        s = self.state
        out = self._stage(s.u, dt, s.t + dt, s.u, self._warm())
        return (out.point.u - s.u) / dt if out.converged else None

    def first_step(self):
        """A step short against every row's escape and against the crossing of a cell by the flow."""
        c = self.control
        if c.first_step is not None:
            return c.first_step
        times = self._crossing
        return float(1e-2 * np.median(times)) if c.end is None else float(min(1e-3 * times.min(), 1e-3 * c.end))

    @cached_property
    def _crossing(self):
        """The time (s) that each row takes to cross the height at its speed, (species, R)."""
        return self.system.H / self.V

    def run(self):
        """March to the end; returns the status: "steady", "end time", "stopped" or "failed: …"."""
        c, s = self.control, self.state
        if c.direct:
            if self.solve_steady():
                return "steady"
            if self.failure.impossible:
                return f"failed: {self.failure.message}"  # else perhaps by way of time steps
        gave_up = self.failure
        if c.end is None and s.history and self._steady():                 # restored from what the last step left
            return "steady"
        if s.dt is None:
            s.dt = self.first_step()
        while self.counts["steps"] < c.max_steps:
            if c.direct and self.counts["newton"] > DETOUR * self.newton.max_iterations:
                self.failure = gave_up
                return f"failed: {gave_up.message}"
            if c.end is not None and s.t >= c.end * (1 - 1e-14):
                return "end time"
            dt, self._landing = self._limited(s.dt)
            self._landing_step = dt
            if not self._step(dt):
                return f"failed: {self.failure.message}"
            # where nothing enters and nothing leaves, a direct solve finds a singular matrix at the end of a good march
            if c.end is None and self._steady() and (
                not c.direct or self.solve_steady() or s.history["storage"][-1] < NOTHING
            ):
                return "steady"
            if c.end is None and (row := fills_for_ever(s.history, self._crossing.max(), s.u, s.rate)):
                place = *row, int(np.argmax(s.rate[row]))
                self.failure = Failure(filling(self.problem, *place, s.t), {}, impossible=True)
                return f"failed: {self.failure.message}"
            if place := self._outgrown():
                self.failure = Failure(growing(self.problem, *place, s.u, s.rate, s.t), {}, impossible=True)
                return f"failed: {self.failure.message}"
            if self.layout.ranks.any(self.stop_requested):                 # Ctrl-C need not reach all at the same step
                return "stopped"
        self.failure = Failure(f"{c.max_steps} steps were not enough (time.max_steps)", {})
        return f"failed: {self.failure.message}"

    def _outgrown(self):
        """Where, (species, row, node), cosmic rays have become far more than were there or sources could supply; or None."""
        particles = self.account.weights * np.abs(self.state.u).max(-1)
        source = self.layout.ranks.gather(np.abs(self.system.source).sum(-1, keepdims=True))[..., 0]
        supplied = 1.0 + self.peak + source * self.state.t / self._crossing
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
        targets = [x for x in (*c.stops, *c.outputs, c.end) if x is not None and x > t * (1 + 1e-14)]
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
            self._cautious = unsolved >= 3  # then without ∂t f in the flux correction
            if not steady and s.rate is None and not positive_only:
                s.rate = self._first_rate(1e-3 * dt)
            euler = steady or positive_only or s.rate is None
            out, rate, error = self._backward_euler(dt) if euler else self._tr_bdf2(dt)
            if out.converged and (error <= 1.0 or dt <= self._instant):
                size = np.maximum(np.abs(out.point.u).max(-1, keepdims=True), 1e-290 if steady else self._filled + 1e-290)
                lowest = float((out.point.u / size).min())
                if lowest >= -UNDERSHOOT or (euler and not (steady and self._nothing_negative())):
                    s.dt = dt * (c.growth if steady else self._factor(error))
                    if positive_only or (cut and not steady):              # what limited it is still near
                        s.dt = min(s.dt, dt)
                    self._accept(out, dt, rate, error)                     # last: observers see the state as it will go on
                    return True
                out.grows, error = True, 8.0
                positive_only = cut >= 3
            if steady and (out.grows or not out.converged) and (leapt := self._leap()) is not None:
                return leapt
            positive_only |= (
                out.converged and starting and cut >= 4
            )  # a jump at the start: one tiny step of first order
            self.counts["rejected"] += 1
            unsolved += not out.converged
            if out.converged:
                out.message = f"its time error stays {error:.1g} times what time.rtol allows"
            dt *= 0.25 if not out.converged else min(self._factor(error), 0.5 if cut else 1.0)
        self._fail(out, f"the step from t = {s.t:.4g} s")
        return False

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
        out = self._stage(None, np.inf, self.state.t, self.state.u, None)
        if out.converged and (message := self.newton.inflow.unstable(out.point)):
            out.impossible, out.message = True, message
        if out.impossible:
            self._fail(out, "the steady state")
            return False
        if out.converged:
            self._accept(out, np.inf, None, 0.0)
        return out.converged or None

    def _factor(self, error):
        return float(np.clip(SAFETY * max(error, 1e-10) ** (-1 / 2), 0.2, self.control.growth))

    def _accept(self, out, dt, rate, error):
        s = self.state
        before = s.u
        s.u = out.point.u
        s.a, s.q = self._keep(out.point)
        s.rate = rate
        s.t = self._end_of(dt) if np.isfinite(dt) else s.t
        if s.t in self.control.stops:
            s.rate = None                                                  # sources may jump there
        self.counts["steps"] += 1
        row = self.account.measure(before, s.u)
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

    def _fail(self, out, what):
        p, where = self.problem, dict(out.worst)
        place = ""
        if where:
            name = p.names[where["species"]] if p.names else f"species {where['species']}"
            place = (
                f"; largest mismatch {where['mismatch']:.1e}: {name}, R = {p.grid.R[where['row']]:.3g} GV, "
                f"z = {p.grid.z_face[where['face']] / p.grid.z[-1]:.3g} z_max"
            )
        if out.impossible:
            self.failure = Failure(out.message, where, impossible=True)
            return
        said = f"failed: {out.message}" if out.converged else f"did not converge ({out.message or 'no reason given'})"
        self.failure = Failure(f"{what} {said}{'' if out.converged else place}", where)
