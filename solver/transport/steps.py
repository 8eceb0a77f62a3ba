"""A step in time: backward Euler, or TR-BDF2 with its error.

TR-BDF2 (Bank et al. 1985; Hosea & Shampine 1996) has two implicit stages of the same form, is L-stable and stiffly
accurate, and estimates its error by an embedded formula of third order.
"""

from functools import cached_property

import numpy as np

from .attempt import Outcome
from .jacobian import linearise
from .system import Point

D = 1.0 - np.sqrt(0.5)  # implicit weight of both TR-BDF2 stages
W = np.sqrt(0.125)  # weight of the old and the middle derivative
ENOUGH = 1e-3  # of time.rtol: a mismatch that does not matter to a step whose solve comes no nearer
REST = 1e-5  # of time.rtol: by how much of a row's largest f a solve within its tolerance may still be off
ENOUGH_ON_THE_WAY = 1e-4  # of what the last step stored: the same for steps to a steady state
KNOWN = 1e-2  # of a row's largest f: to that f must be known all the same, for in long steps next to nothing moves it far
SHARE = 4.0  # of time.rtol, spent while the time since the last switch grows by e: the sum measured is then 0.3 to 1 of it
LEAST_SHARE = 0.02
FADING = 0.4  # of time.rtol, spent while a row fades by e, or more the deeper it has faded: e-folds over DEEP
DEEP = 10.0
TRACE = 1e-12  # of what was there at the start: time errors far below do not limit steps
FADED = 1e-20  # of what a row once held: below that it is not solved any better
HALVINGS = 60  # of the time to the end, at which sources are looked at
INSTANT = 1e-2  # of time.rtol and of the time since the last switch: events can be shorter (where the slope of f turns)


class Steps:
    """Solves for the state at the end of a step of `march`, of which only the counts change.

    cautious: leave ∂t f out of the flux correction.  patient: solve at any cost, for shorter steps have not been easier.
    """

    def __init__(self, march):
        self.march, self.system, self.control = march, march.system, march.control
        self.cautious = self.patient = False
        self.short = None  # mixed point at the end of the short step that gave the first rate, for while no other is known
        self.last = None  # how the system's present step was set

    # ---- one implicit stage -------------------------------------------------------------------------------------

    def stage(self, u_known, tau, t, guess, warm, near=False, expected=None) -> Outcome:
        """Solves u − τ ∂u/∂t(u, t) = u_known; the steady state for None and τ = ∞.  guess: node values; warm: a `Point`; near:
        see `NewtonPath.run`; expected: see `System.set_step`, None for where the solve starts."""
        m, control = self.march, self.control
        if t in control.stops:  # a step that ends at a switch belongs to the time before it
            t = np.nextafter(t, -np.inf)
        accurate = control.end is not None and not self.cautious
        if control.end is not None:
            enough, rest, self.system.faded = (np.inf, ENOUGH * control.rtol), REST * control.rtol, self.faded
        else:  # a step to the steady state stores what is left of the way
            left = m.state.history["storage"][-1] if m.state.history else 1.0
            enough, rest = (ENOUGH_ON_THE_WAY * min(left, 1.0), KNOWN) if np.isfinite(tau) else (0.0, 0.0), 0.0
        if expected is None:
            expected = guess if warm is None else warm.u
        self.last = None if u_known is None else u_known * m.F[:, :, None], tau, t, accurate, expected
        self.system.set_step(*self.last)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            patient = self.patient or not np.isfinite(tau)
            near |= control.end is not None and not patient  # else a shorter step is cheaper
            out = m.newton.run(self.system, guess, warm, enough, patient, near, rest)
        m.counts["newton"] += out.iterations
        m.counts["krylov"] += out.krylov
        return out

    def warm(self):
        """The mixed point of the present state, None where it is not known."""
        m, s = self.march, self.march.state
        if m.problem.waves is None:
            return Point(s.u, None, None)
        if s.a is None:
            return self.short
        rows = m.layout.rows
        return Point(s.u, s.a[rows], s.q[rows])

    def ahead(self, point, rate, dt):
        """The mixed point that a time dt along ∂u/∂t = rate leads to from `point`."""
        if point is None:
            return None
        u = _along(point.u, rate, dt)
        if point.a is None:
            return Point(u, None, None)
        system, w = self.system, self.system.w
        a = point.a + system.slope(u, w) - system.slope(point.u, w)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            q = system.law.q(a, system.nu_waves)
        if self.march.newton.dual:  # takes pairs off the graph; where f is flat noise of a would turn q = ±S round
            q = np.where(system.law.linear, point.q, q)
        return Point(u, a, q)

    # ---- steps: (Outcome, ∂u/∂t at the end, error over what is allowed) -------------------------------------------

    def backward_euler(self, dt):
        s = self.march.state
        out = self.stage(s.u, dt, self.march.end_of(dt), s.u, self.warm())
        return out, (out.point.u - s.u) / dt, 0.0

    def tr_bdf2(self, dt):
        s = self.march.state
        guess, end = self.ahead(self.warm(), s.rate, 2 * D * dt), _along(s.u, s.rate, dt)  # f is as smooth in both stages
        known = s.u + D * dt * s.rate
        middle = self.stage(known, D * dt, s.t + 2 * D * dt, guess.u if guess else s.u, guess, expected=end)
        if not middle.converged:
            return middle, None, np.inf
        rate1 = (middle.point.u - known) / (D * dt)
        known = s.u + W * dt * (s.rate + rate1)
        guess = self.ahead(middle.point, rate1, (1 - 2 * D) * dt)
        out = self.stage(known, D * dt, self.march.end_of(dt), middle.point.u, guess, expected=end)
        out.iterations, out.krylov = out.iterations + middle.iterations, out.krylov + middle.krylov
        if not out.converged:
            return out, None, np.inf
        rate2 = (out.point.u - known) / (D * dt)
        # b̂ = ((1 − W)/3, (3W + 1)/3, D/3) is of third order; b = (W, W, D)
        error = dt * ((1 - 4 * W) / 3 * s.rate + rate1 / 3 - 2 * D / 3 * rate2)
        size = self.error(error, out.point.u, dt)
        return out, rate2, size if size <= 1.0 else self.error(self._damped(error, out.point), out.point.u, dt)

    def _damped(self, error, point):
        """(1 − D dt J)⁻¹ of an error: what the fast modes, which the step damps, make of it (Hosea & Shampine 1996)."""
        system, newton = self.system, self.march.newton
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            blocks, _ = linearise(system, point, system.nu_waves, with_correction=False)
            return newton.caused(blocks, system.vol * system.inv_tau * error[:, system.rows])

    def error(self, error, u, dt):
        """The error of a step of dt that led to u over what it may be, the largest of all."""
        known = self.march.state.u
        before, after = np.abs(known).max(-1), np.abs(u).max(-1)
        size = np.maximum(np.maximum(before, after)[..., None], self._expected)
        allowed = self.control.rtol * size * self._share(dt, before, after)[..., None]
        return float((np.abs(error) / (allowed + 1e-290)).max())

    def first_rate(self, dt):
        """∂u/∂t at the start, from one short backward Euler step that is then thrown away."""
        s = self.march.state
        out = self.stage(s.u, dt, s.t + dt, s.u, self.warm())
        self.short = out.point if out.converged else None
        return (out.point.u - s.u) / dt if out.converged else None

    # ---- how long -------------------------------------------------------------------------------------------------

    def first(self):
        """The length of the first step: short against every row's escape and against the crossing of a cell by the flow."""
        c = self.control
        if c.first_step is not None:
            return c.first_step
        times = self.crossing
        return float(1e-2 * np.median(times)) if c.end is None else float(min(1e-3 * times.min(), 1e-3 * c.end))

    @cached_property
    def crossing(self):
        """The time (s) that each row takes to cross the height at its speed, (species, R)."""
        return self.system.H / self.march.V

    @property
    def instant(self):
        """A step so short that what happens in it, resolved or not, does so at the right time for all that matters."""
        return INSTANT * self.control.rtol * (self.march.state.t - self._begun)

    @property
    def _begun(self):
        """When sources were last switched."""
        return max((t for t in self.control.stops if t <= self.march.state.t), default=0.0)

    def _share(self, dt, before, after):
        """The part of time.rtol that a step's error may be, (species, R): that of the step in the time since the last switch.

        So the errors of the steps, however many they are, add up to about the tolerance; f forgets older ones.  Events (a front
        that arrives) make an error that shrinks no faster than the step; they may always take LEAST_SHARE.  A row that fades,
        largest f before and after the step, may take its share of FADING.
        """
        share = max(SHARE * dt / (self.march.state.t - self._begun + dt), LEAST_SHARE)
        folds = np.log(np.maximum(before, 1e-290) / np.maximum(after, 1e-290))
        deep = np.log(np.maximum(self._held[..., 0] / np.maximum(after, 1e-290), 1.0))
        return np.maximum(share, folds * np.maximum(FADING, deep / DEEP))

    @cached_property
    def _full(self):
        """What the sources can fill a row with by the end, (species, R, 1); at most the unit of f."""
        p, source, F = self.system.problem, self._injected(), self.march.F
        full = np.zeros_like(F)
        for s in range(p.species):  # parents come before their children
            for link in p.secondaries:
                if link.child == s:
                    source[s] += np.abs(link.weights @ (full[link.parent] * F[link.parent])) * self.control.end
            full[s] = np.minimum(source[s] / (F[s] * self.system.H), 1.0)
        return full[..., None]

    def _injected(self):
        """What the disc's sources give by the end, (species, R), in intervals of time that shrink towards t = 0, for a source
        may have faded long before; the larger of its two ends counts for all of an interval."""
        end, stops = self.control.end, self.control.stops
        edges = np.unique([0.0, *(end * 0.5 ** np.arange(HALVINGS)), *(t for t in stops if 0 < t < end)])
        begins, ends = np.nextafter(edges[:-1], np.inf), np.nextafter(edges[1:], -np.inf)
        rates = np.abs([[self.system.problem.disc(t) for t in (a, b)] for a, b in zip(begins, ends, strict=True)])
        return (rates.max(1) * np.diff(edges)[:, None, None]).sum(0)

    @cached_property
    def filled(self):
        """A hundredth of that."""
        return 1e-2 * self._full

    @cached_property
    def _expected(self):
        """The same, or a trace of what was there at the start: errors far below do not limit the first steps."""
        return np.maximum(self.filled, TRACE * self.march.peak)

    @cached_property
    def _held(self):
        """What a row once held or can hold, (species, R, 1)."""
        return np.maximum(self._full, self.march.peak)

    @cached_property
    def faded(self):
        """What is next to nothing against that."""
        return FADED * self._held


def _along(u, rate, dt):
    """Node values that a time dt along ∂u/∂t = rate leads to from u, falling to a fifth at most."""
    ahead = u + dt * rate
    return np.where(u > 0, np.maximum(ahead, 0.2 * u), u)
