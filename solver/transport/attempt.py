"""One attempt of the nonlinear solve: the path from nearly linear diffusion to the physical law, or steps from near the end.

An iteration solves the linearised equation for node values, puts the pair (slope, flux) of every proton face back on the
graph of the law (`projection`), and measures the mismatch of both.  On the path every rigidity has rates ν = 1/κ of its own,
lowered as fast as it follows; nuclei and the flux correction come in at the physical ν.
"""

from dataclasses import dataclass, field

import numpy as np

from .jacobian import linearise, of_law
from .projection import project
from .strips import strips
from .system import Point

LOOSE = 0.05  # flux mismatch, relative to the throughput, at which a rigidity may take its next step in ν
LINE = 1e3  # A of the projection line, in scaled units: along constant flux but where κ is tiny or losses take much of it
FLUX_LINE = 1e9  # the same for rows that a disc takes nearly all from: what is left still passes face after face
EASY = 1e-2  # mismatch below which ν may fall by the power SWIFT of the step, once it is
NEGLIGIBLE = 0.1  # so small (scaled) that it hardly matters any more
VERY_EASY = 1e-8  # mismatch below which it may whatever it is
SWIFT = 8.0  # all the rest of the path at once, but where steps had to be halved
START = 10.0  # scaled ν where the path starts: diffusion ten times faster than the row's own escape
GENTLE = 1e-3  # the same against the flow: e-folds by which f may rise there at the start
POLISHED = 1e-3  # fraction of the tolerance below which no further step is taken for the budget's sake
SETTLED = 1e-9  # of a row's largest f: by no more may the last step have moved it, for where little passes fluxes do not tell
REST = 1e-13  # the same of what is still to come, as far as the last two steps tell
NEAR = 1e-4  # mismatch from which on steps are compared
HOPELESS = 0.6  # step in ν so near 1 that a rigidity had better begin its path anew
EMPTY = 8.0 * np.finfo(float).eps  # of a row's largest f: below zero by no more is rounding
ROUGH = 1e-6  # mismatch that rounding may be the reason of
STUCK = 3  # iterations without a better mismatch, at the physical ν: if it is large, spectra are to blame, if small rounding
EXTENDED = 3  # times its limit of iterations that an attempt may take as long as the mismatch falls
FALL = 0.1  # of its value: to what f may fall at once on the way to a steady state, where a step makes it negative
CYCLE = 6  # iterations without a better mismatch, at the physical ν, after which steps are halved
CONTENT = 2  # iterations without a better mismatch where it would do as it is
PATIENCE = 8  # iterations at one ν before the path goes back and takes a smaller step
SHAPED = 1e-3  # mismatch at which given slopes of spectra are those of the state, near enough for Newton


@dataclass
class Outcome:
    """What a solve did: node values and mixed point (scaled), counts, the mismatch reached and where it is largest."""

    point: Point
    converged: bool
    iterations: int
    krylov: int
    mismatch: float
    worst: dict = field(default_factory=dict)
    message: str = ""
    impossible: bool = False  # no solution exists, as `message` says
    grows: bool = False  # compression makes it grow faster than it escapes
    off: float = np.inf  # of a step in time: by what of a row's largest f nodes may be off
    complete: bool = True  # was it the whole equation that was met so well, at the physical ν?

    @property
    def settled(self):
        """Is there nothing left to try?"""
        return self.converged or self.impossible


@dataclass(frozen=True)
class Attempt:
    """One way to try: step in ν (None: at the physical ν from a warm point), iterations, form of the linearisation, …."""

    factor: float | None
    limit: int
    dual: bool = False
    together: bool = False
    patience: int = PATIENCE  # iterations without a better mismatch, from a warm point, after which it leads nowhere
    line: float = LINE  # A of the projection
    plain: bool = False  # the path with the slopes of the reference spectrum, where momentum flows both ways
    slowly: bool = False  # and from these to those of the state by and by, not at once


class Walk:
    """One run of an attempt: node values u of all rows; slope a, flux q and rates ν on the protons' faces (own rows)."""

    def __init__(self, newton, attempt, warm=None):
        self.newton, self.attempt = newton, attempt
        self.system, self.ranks, self.measured = newton.system, newton.layout.ranks, newton.mismatch
        system, w = self.system, self.system.w
        self.everyone, rows = list(range(system.problem.species)), system.V.shape[1]
        # a path begins from nothing: its first problem is nearly linear, and a far start would only saturate the law
        self.u = np.zeros_like(newton.u0) if warm is None else warm.u.copy()
        path = newton.has_waves and warm is None
        self.final = not (path or attempt.plain)  # at the physical ν, with all species and the flux correction?
        least = len(self.everyone) == 1 and not attempt.plain and (system.correction.left_out or not system.correction.some)
        self.alike = self.ranks.all(least)  # is the last problem of the path the whole equation?
        self.a = self.q = self.nu = self.nu_true = None
        if w is not None:
            self.nu_true = system.nu_waves
            self.begin = self.nu = np.maximum(self.nu_true, _begin(system)) if path else self.nu_true
            if warm is not None:
                self.a, self.q = warm.a, warm.q
            else:
                self.a = system.slope(self.u, w)
                self.q = system.law.q(self.a, self.nu)
            self.kept = [self.q.copy(), self.a.copy(), self.nu.copy()]  # where rows stood before their last step in ν
        self.has = np.zeros(rows, bool)  # which of them have taken one
        self.step, self.stall = np.full(rows, attempt.factor or 1.0), np.zeros(rows, int)
        self.least = np.maximum(system.faded[..., 0], 1e-290)  # largest f of a row below which it counts for nothing
        self.spectrum = self.u  # node values whose slopes the momentum flux takes as given while far from the solution
        self.e, self.krylov = np.inf, 0
        self.move = np.zeros(self.u.shape[:2])  # of rows in the last step, if it was compared, over their largest f
        self.alone = False  # are protons solved, as well as they will be, and left as they are?
        self._forget_the_lowest(0)

    def run(self, snes, counted):
        """The Outcome; `snes` is told of every iteration, the first being number counted + 1."""
        system, attempt = self.system, self.attempt
        system.shape = self.newton.inflow.reference() if attempt.plain else None
        found = nearest = None
        polished, last = 0, np.inf
        for it in range(1, EXTENDED * attempt.limit + 1):
            active = self._active()
            before = self.u
            if not self._iterate(it, active):
                return self._outcome(it, np.inf, "the linear system became singular")
            errors, e_rows, e_all = self._measure(self.everyone if self.final else active)
            e = self.e = float(e_all.max())
            self.off = self.measured.off
            snes.setIterationNumber(counted + it)
            snes.setFunctionNorm(e)
            snes.monitor(counted + it, e)
            if self.alike and not self.final and self._arrived(e_rows):
                self._arrive(it)
            whole = self.final and system.shape is None
            if whole and (e < NEAR or found is not None):
                moved, to_come = self._moved(before)
            if whole and (e < self.newton.tolerance or found is not None):
                if e < self.newton.tolerance and (found is None or e < found.mismatch or moved > SETTLED):
                    found = self._outcome(it, e, errors=errors)
                polished += 1
                fine = e < POLISHED * self.newton.tolerance or (polished > 1 and e > 0.5 * last)
                last = e
                done = self._will_do(e, to_come) or (fine and (moved < SETTLED or to_come < REST))
                if done or polished > PATIENCE or it >= attempt.limit:
                    found.converged, found.iterations, found.krylov = True, it, self.krylov
                    return found
                continue
            if whole and (nearest is None or e < nearest.mismatch):
                nearest = self._outcome(it, e, errors=errors)
            self._keep_the_lowest(it, e_all)
            if whole and not self.alone and it - self.lowest_at > STUCK and self._protons_done(e_all):
                self._leave_protons(it)
            patience = CONTENT if self.newton.will_do(self.lowest, self.lowest_off) else attempt.patience
            if attempt.factor is None and it - self.lowest_at > patience:
                break
            if it >= attempt.limit and not (whole and it - self.lowest_at <= STUCK):
                break
            self.stall += 1
            if not self.final:
                self._go_on(it, e_rows)
            elif not whole and e < LOOSE and self._reshape(it):
                system.shape, self.spectrum = None, self.u
        if nearest is None:
            nearest = self._outcome(it, e, errors=errors)
            nearest.complete = False
        nearest.iterations, nearest.krylov = it, self.krylov
        nearest.message = f"no convergence in {it} iterations" + ("" if self.final else ", still on the path in ν")
        return nearest

    def _outcome(self, it, mismatch, message="", errors=None):
        """Where the walk stands, not converged."""
        worst, off = ({}, np.inf) if errors is None else (self.measured.where(errors, self.system.rows.start), self.off)
        return Outcome(Point(self.u, self.a, self.q), False, it, self.krylov, mismatch, worst, message, off=off)

    def _active(self):
        """The species to solve for: on the path the protons; at the end all, or nuclei alone."""
        w = self.system.w
        if w is None or (self.final and not self.alone):
            return self.everyone
        return [s for s in self.everyone if (s == w) != self.final]

    # ---- an iteration -------------------------------------------------------------------------------------------

    def _iterate(self, it, active):
        """One linear solve and the way back to the graph; False where the linear system is singular."""
        system, w, dual = self.system, self.system.w, self.attempt.dual
        point = Point(self.u, self.a, self.q)
        tangent = None
        if w is not None:
            tangent = system.law.dual_tangent(self.a, self.q, self.nu) if dual else of_law(system, point, self.nu)
        given = None
        # faces take f^{3/2} of the cell beside them, of which Newton divides by three what is too large by decades
        far = system.mixes_momentum and (self.e > LOOSE or (self.u < -system.faded).any())
        far |= self.final and self.e > LOOSE and it - self.lowest_at > STUCK
        if far and system.shape is None:
            self.spectrum = given = _between(self.spectrum, self.u)
        careful = self.final and self.e < ROUGH and it - self.lowest_at > STUCK
        blocks, rhs = linearise(system, point, self.nu, with_correction=self.final, tangent=tangent, spectrum=given,
                                species=active, careful=careful, room=self.newton.room, passes=self.measured.passes)
        u, krylov = self.newton.linear_step(blocks, rhs, self.u, active)
        self.krylov += krylov
        if not self.ranks.all(np.isfinite(u).all() and np.isfinite(rhs).all()):
            return False
        halved = it - self.since > CYCLE  # limited corrections can make rows swing between two states
        halving = self.final and halved.any()
        if halving:
            u[halved] = 0.5 * (self.u[halved] + u[halved])
        if u.min() < 0.0:
            u[(u < 0.0) & (u > -EMPTY * np.abs(u).max(-1, keepdims=True))] = 0.0
        if self.final and system.steady and u.min() < 0.0:
            self._stay_positive(u, active)
        if w in active:
            self.a = self._slopes(blocks, rhs, u, self.newton.sweeps.forced and not halving)
            self.q = tangent[0] * self.a + tangent[1]
            if dual:
                cap = system.law.dual_cap(self.a, self.nu)
                self.q = np.clip(self.q, -cap, cap)
            else:
                line = self.attempt.line
                self.a, self.q = project(system.law, self.a + line * self.q, line, self.nu)
        self.u = u
        return True

    def _stay_positive(self, u, active):
        """Let f fall no further than it may, where a tangent that leads below zero tells nothing: slopes of spectra and the flux
        correction are those of a density."""
        for s in active:
            low = (u[s] < 0.0) & (self.u[s] > 0.0) & self.system.bends(s)
            u[s][low] = FALL * self.u[s][low]

    def _slopes(self, blocks, rhs, u, swept):
        """The protons' slopes after a linear step, from the fluxes where faces conduct so well that u has no digits left."""
        system, w = self.system, self.system.w
        a = system.slope(u, w)
        self.measured.stiff = blocks.stiff[w].index if w in blocks.stiff else ()
        if len(self.measured.stiff):
            a[blocks.stiff[w].index] = blocks.differences(w, u, rhs, system.upper(u, w), swept) / system.df
        return a

    def _measure(self, active):
        """Mismatches by species and face, of the protons' own rows, and of all rows, (species, R)."""
        errors, w = self.measured.of(self.u, self.a, self.nu, self.final, active), self.system.w
        e_all = np.zeros((len(self.everyone), len(self.step)))
        for s, values in errors.items():
            e_all[s] = values.max(-1)
        return errors, np.zeros(len(self.step)) if w is None else e_all[w], self.ranks.gather(e_all)

    def _will_do(self, e, to_come):
        """Is the state known as well as was asked for, and every balance to the tolerance?"""
        measured, tolerance = self.measured, self.newton.tolerance
        return e < tolerance and to_come < measured.rest and self.ranks.all(measured.unbalanced < tolerance)

    def _moved(self, before):
        """By how much of its largest f any row has moved from `before`, and will move if steps go on to shrink quadratically."""
        move = _largest(self.u, before) / np.maximum(_largest(self.u), self.least)
        shrinks = np.minimum(move / np.maximum(self.move, 1e-290), 1.0)
        self.move = move
        return float(move.max()), float((move * shrinks**2).max())

    def _protons_done(self, e_all):
        """Are nuclei all that is not solved?  Then protons may move within rounding for ever, and take the nuclei along."""
        w = self.system.w
        return w is not None and float(e_all[w].max()) < self.newton.tolerance <= self.e

    def _leave_protons(self, it):
        """From now on they stay as they are, with the slopes that nuclei are measured by."""
        system, w = self.system, self.system.w
        self.alone = True
        self.a = self.measured.waves_slopes(system.slope(self.u, w), system.upper(self.u, w), self.a, system.df)
        self.q = system.law.q(self.a, self.nu)
        self._forget_the_lowest(it)

    def _forget_the_lowest(self, it):
        """From now on: the lowest mismatch, that of every row, and when they were reached."""
        self.lowest, self.lowest_at, self.lowest_off = np.inf, it, np.inf
        self.low_all, self.since = np.full(self.u.shape[:2], np.inf), np.full(self.u.shape[:2], it)

    def _keep_the_lowest(self, it, e_all):
        if self.e < 0.5 * self.lowest:
            self.lowest, self.lowest_at, self.lowest_off = self.e, it, self.off
        better = e_all < 0.5 * self.low_all
        self.low_all[better], self.since[better] = e_all[better], it

    # ---- the path -----------------------------------------------------------------------------------------------

    def _there(self):
        """Which rows are at the physical ν."""
        return np.ones(len(self.step), bool) if self.nu is None else (self.nu <= self.nu_true).all(1)

    def _arrived(self, e_rows):
        """Are all rows at the physical ν, and have followed?"""
        return self.ranks.all((self._there() & (e_rows < LOOSE)).all())

    def _arrive(self, it):
        """The end of the path: from here on the whole equation."""
        self.final, self.nu, self.spectrum = True, self.nu_true, self.u
        if not self.attempt.slowly:  # else nuclei are still to come to theirs
            self.system.shape = None
        self._forget_the_lowest(it)

    def _go_on(self, it, e_rows):
        """The next ν of every row: lower where the row has followed, half the way back where it does not."""
        if self._arrived(e_rows):
            if not self.attempt.slowly or self._reshape(it):
                self._arrive(it)
            return
        there, good, nu_true = self._there(), e_rows < LOOSE, self.nu_true
        if self.attempt.together:  # rows that feed each other step as one
            good &= self.ranks.all(good.all())
        on, back = good & ~there, ~good & (self.stall > self.attempt.patience) & self.has
        for old, now in zip(self.kept, (self.q, self.a, self.nu), strict=True):
            np.copyto(old, now, where=on[:, None])
        self.has |= on
        nu = self.nu = self.nu.copy()
        added = np.where(nu > nu_true, nu, 0.0).max(-1)
        easy = (e_rows < EASY) & (added < NEGLIGIBLE) | (e_rows < VERY_EASY)
        stride = self.step ** np.where(easy, SWIFT, 1.0)
        np.copyto(nu, np.maximum(nu_true, nu * stride[:, None]), where=on[:, None])
        self.stall[good] = 0
        if back.any():
            self._go_back(back)

    def _go_back(self, back):
        """Half a step instead of the last one, from where rows stood before it, for those that did not follow."""
        system, w, nu, nu_true = self.system, self.system.w, self.nu, self.nu_true
        self.step[back] **= 0.5
        self.q[back], self.a[back] = self.kept[0][back], self.kept[1][back]
        nu[back] = np.maximum(nu_true[back], self.kept[2][back] * self.step[back, None])
        lost = back & (self.step > HOPELESS)  # its state belongs to rows above that have moved on
        if lost.any():
            nu[lost] = self.begin[lost]
            self.a[lost] = system.slope(self.u, w)[lost]
            self.q[lost] = system.law.q(self.a, nu)[lost]
            self.step[lost], self.has[lost] = 0.5, False
        self.stall[back] = 0

    def _reshape(self, it):
        """Bring the given slopes of spectra half the way to those of the state, in the logarithm; are they the same by now?"""
        system, active = self.system, self._active()
        shape = system.shape.copy()
        shape[active] = _between(shape[active], self.u[active])
        system.shape = shape
        errors = self.measured.of(self.u, self.a, self.nu, self.final, active)
        self.e = self.ranks.max(float(max(x.max() for x in errors.values())))
        self._forget_the_lowest(it)
        return self.e < SHAPED


def _largest(u, other=None):
    """Largest |u|, or |u − other|, of every row."""
    out = np.empty(u.shape[:2])
    for s in range(len(u)):
        for own in strips(u[s].shape):
            out[s, own] = np.abs(u[s, own] if other is None else u[s, own] - other[s, own]).max(-1)
    return out


def _begin(system):
    """ν on the protons' faces where a path begins; small where the flow is towards the disc, for f rises there by e^{mν}."""
    v, m = system.v[system.w], system.m[system.w]
    against = np.where(v < 0, m, 0.0).sum(-1, keepdims=True)
    return np.where(v < 0, np.minimum(START, GENTLE / np.maximum(against, 1e-290)), START)


def _between(old, new):
    """Node values half way between two states in the logarithm, `new` where either is not positive."""
    both = (old > 0.0) & (new > 0.0)
    return np.where(both, np.sqrt(np.where(both, old, 1.0)) * np.sqrt(np.where(both, new, 1.0)), new)
