"""What comes in from beyond the rigidities in proportion to what is found there, and whether that lets anything be steady.

The one place where the equations feed on their own solution: a spectrum that is continued below the lowest rigidity and moved
upwards by heating, or above the highest and moved downwards by losses.  A `NewtonPath` solves without the former first; here it
is let in, and here a runaway is told from a failure.
"""

import numpy as np

from .existence import runaway
from .jacobian import linearise, of_law
from .system import Point

SMALLEST = 1e-3  # step in the share of the inflow at which that is given up
SHORT = 12  # iterations that a solve may take where a runaway is expected
NEGATIVE = 1e-8  # of a row's largest f: below that a root is no density
GROWS = "the step is longer than what compression feeds takes to grow"


def positive(u):
    """Is u, (…, nodes), a density?"""
    return bool((u.min(-1) >= -NEGATIVE * np.maximum(np.abs(u).max(-1), 1e-290)).all())


class Inflow:
    """The inflow from below the grid in the present system of a `NewtonPath`."""

    def __init__(self, newton):
        self.newton = newton

    @property
    def system(self):
        return self.newton.system

    @property
    def both_ways(self):
        """May what is moved beyond an open end of the rigidities come back from there?"""
        return self.system.mixes_momentum and self.system.problem.open_end

    def open(self, snes, out):
        """Let the inflow in, all at once or share by share, from the converged outcome `out` without it.

        A spectrum so steep that it is fed faster than it escapes has no steady state; then the outcome says so.
        """
        system, reached, stride, tried = self.system, 0.0, 1.0, False
        message = self.runaway(out.point)
        while reached < 1.0:
            stride = min(stride, 1.0 - reached)  # else what is left of it would be tried again and again
            system.opening = reached + stride
            attempts = self.newton.warm_attempts(SHORT) if message else self.newton.warm_attempts()
            trial = self.newton.first(snes, attempts, None, out.point)
            if trial.converged:
                out, reached, stride = trial, system.opening, 2.0 * stride
                message = self.runaway(out.point) if reached < 1.0 else None
                continue
            if trial.impossible:
                return trial
            if message is not None:
                self._deny(out, message)
                return out
            if not tried and (trial := self.from_reference(snes, out.point)) is not None and trial.converged:
                return trial
            tried, stride = True, 0.25 * stride
            if stride < SMALLEST:
                out.converged = False
                out.message = f"no convergence with more than {reached:.3g} of the inflow from below the grid"
                return out
        return out

    def denied(self, out):
        """Enter into an outcome that did not converge that nothing can be steady, where it is the inflow that forbids it."""
        message = self.runaway(out.point) if self.both_ways else None
        if message is not None:
            self._deny(out, message)
        return message is not None

    def _deny(self, out, message):
        out.converged, out.message, out.impossible, out.grows = False, message, self.system.steady, True

    def from_reference(self, snes, point):
        """All of the inflow at once, from what the waves at `point` would make of the source with the reference spectrum."""
        u = self.response(point, self.system.source, self.reference())
        if not (np.isfinite(u).all() and positive(u)):
            return None
        return self.newton.first(snes, self.newton.warm_attempts(), None, self.system.point(u))

    def runaway(self, point):
        """The sentence of `existence.runaway` where no steady state can lie above `point`, None where one may.

        At a stable steady state the Jacobian of the fluxes is an M-matrix: J x = b has x > 0 for b > 0, at all nodes that cosmic
        rays reach.  A spectrum fed too little is bent, which alone can make it fail: the reference spectrum must fail as well.
        And so must the limit of large f, where dq/da of self-excited waves vanishes: where that is an M-matrix, a multiple of
        x is a bound that f cannot pass.
        """
        system, reference = self.system, self.reference()
        caused = self.response(point, system.source)
        if not np.isfinite(caused).all():  # after a failure the point may be anything
            flat = None if system.w is None else np.zeros_like(system.v[system.w])
            point = Point(np.zeros_like(point.u), flat, flat)
            caused = self.response(point, system.source)
        ones = np.ones_like(system.source)
        if system.top is None and self.newton.layout.ranks.any(system.source.any()):
            ones[caused[:, system.rows] == 0.0] = 0.0
        worst = lowest(self.response(point, ones))
        if worst is None:
            return None
        for limit in (False, True):
            if lowest(self.response(point, ones, reference, limit)) is None:
                return None
        return runaway(system.problem, *worst, self.fed_from(point, reference)) if system.steady else GROWS

    def unstable(self, point):
        """The same sentence where what is added to a steady state would grow without end, None where it fades."""
        worst = lowest(self.response(point, np.ones_like(self.system.source), point.u))
        return None if worst is None else runaway(self.system.problem, *worst, self.fed_from(point, point.u))

    def fed_from(self, point, spectrum):
        """The end of the rigidities, "below" or "above", that what grows is fed from: would it grow with the lowest face shut?"""
        x = self.response(point, np.ones_like(self.system.source), spectrum, opening=0.0)
        return "below" if lowest(x) is None else "above"

    def reference(self):
        """Node values with the reference spectrum of each species at every height."""
        p = self.system.problem
        R = p.grid.R / p.grid.R[0]
        values = R ** -np.asarray(p.slope)[:, None] / self.system.F_all
        return np.repeat((values / values.max(1, keepdims=True))[:, :, None], p.nodes, 2)

    def response(self, point, source, spectrum=None, limit=False, opening=1.0):
        """Node values that a source would have with all the inflow, or that share of it, by the equation linearised at `point`.

        spectrum: node values whose slopes it has; limit: where self-excited waves pass nothing.  Without the flux correction,
        which spoils the M-matrix where gains are large.
        """
        system, tangent = self.system, None
        system.opening = opening
        if limit and system.w is not None:
            kappa, offset = of_law(system, point, system.nu_waves)
            tangent = np.where(system.problem.confined, 0.0, kappa), offset
        blocks, _ = linearise(system, point, system.nu_waves, False, spectrum=spectrum, tangent=tangent)
        system.opening = 1.0  # whatever share was asked for: results of a run that ends here are of the whole equation
        return self.newton.caused(blocks, source.copy())


def lowest(x):
    """(species, rigidity row, node) where x is lowest, if it is negative somewhere or beyond any number."""
    known = np.isfinite(x)
    if known.all() and positive(x):
        return None
    if not known.all():
        x = np.where(known, 0.0, -1.0)
    return tuple(int(i) for i in np.unravel_index(np.argmin(x), x.shape))
