"""The nonlinear solve: a PETSc SNES that converges from any start.

Plain Newton on κ(∂f)∂f fails where f is flat.  Here node values and face fluxes are independent unknowns; each step is one
linear solve, after which the pair (slope, flux) of every face is put back on the graph of the law along a line of constant
a + A q (parametrised Newton).  The path starts from nearly linear diffusion, ν = 1/κ large, and lowers ν rigidity by
rigidity as fast as each one follows.  Nuclei are linear given the protons and join when the protons are close.
"""

from dataclasses import replace

import numpy as np
from petsc4py import PETSc

from .attempt import EXTENDED, FLUX_LINE, Attempt, Outcome, Walk
from .existence import piles_up
from .inflow import Inflow, positive
from .layout import BlockMatrix, Layout, Sweeps
from .mismatch import Mismatch

SWEEPS = 15  # Krylov iterations after which a factorisation is the cheaper way
STUBBORN = 30  # iterations without a better mismatch, at shares of the flux correction that rows may swing with
LEAST_SHARE = 1.0 / 16.0  # of the flux correction: smaller steps towards it are not tried
HARD = 4  # linear solves of the same nonlinear one that then begin with it


class NewtonPath:
    """Solver for one layout; keeps its PETSc objects between steps.

    PETSc and this object hold each other, unseen by Python's collector, until `close`.
    """

    def __init__(self, layout: Layout, tolerance=1e-10, max_iterations=200):
        self.layout, self.tolerance, self.max_iterations = layout, tolerance, max_iterations
        self.matrix = BlockMatrix(layout)
        self.A = layout.matrix(self.matrix)
        self.x, self.b, self.r = layout.vector(), layout.vector(), layout.vector()
        species, rows, nodes = layout.shape
        # every step's tridiagonals and right-hand side: fresh pages of memory are as dear as what is done with them
        self.room = np.empty((species, 3, rows, nodes)), np.empty(layout.shape)
        self.snes = PETSc.SNES().create(layout.comm)
        self.snes.setType(PETSc.SNES.Type.PYTHON)
        self.snes.setPythonContext(self)
        self.snes.setFunction(self.function, self.r)
        self.snes.setTolerances(rtol=0.0, atol=tolerance, stol=0.0, max_it=max_iterations)
        ksp = self.snes.getKSP()
        ksp.setType(PETSc.KSP.Type.GMRES)
        ksp.setTolerances(rtol=1e-7, atol=1e-300, max_it=SWEEPS)
        pc = ksp.getPC()
        pc.setType(PETSc.PC.Type.PYTHON)
        self.sweeps = Sweeps(self.matrix)
        pc.setPythonContext(self.sweeps)
        self.snes.setFromOptions()
        self.tolerance, self.max_iterations = self.snes.getTolerances()[1], max(self.snes.getTolerances()[3], 1)
        self.ksp_type = ksp.getType()
        self.outcome, self.inflow, self.patient, self.near = None, Inflow(self), True, False
        self.dual = False  # did the dual form serve last?
        self.corrected = False  # has any attempt come as far as the flux correction?
        self.hard = 0  # linear solves to come of this nonlinear one that sweeps are not tried for
        self.mismatch = Mismatch(layout.ranks, self.tolerance, (species, rows))

    def close(self):
        """Give back what PETSc holds, on all processes together, and forget the last system and its Jacobian."""
        self.matrix.blocks = self.system = self.mismatch.system = self.outcome = self.u0 = self.warm = self.room = None
        for held in (self.snes, self.A, self.x, self.b, self.r):
            held.destroy()

    # ---- SNES context -------------------------------------------------------------------------------------------

    def function(self, _snes, x, y):
        """Residual of the discrete equation, for PETSc's monitors and finite-difference checks."""
        u = self.layout.ranks.gather(self.layout.to_array(x))
        self.layout.to_vector(self.system.residual(u), y)

    def solve(self, snes, _b, x):
        """SNES entry point: the chain of attempts of `run` on the current system."""
        self.outcome = self._chain(snes)
        self.layout.to_vector(self.outcome.point.u[:, self.layout.rows], x)
        snes.setConvergedReason(2 if self.outcome.converged else -5)  # atol reached / too many iterations

    def run(self, system, u, warm=None, enough=(0.0, 0.0), patient=True, near=False, rest=0.0) -> Outcome:
        """Solve `system` from node values u (all rows, scaled); `warm` is a mixed point near the solution.

        `enough`: mismatch and `Outcome.off` that will do where an attempt comes no nearer, because other errors are larger.
        `patient`: take the long paths too; a step that could be shorter instead need not.
        `near`: from the warm point only, or not at all.
        `rest`: of a row's largest f, to which a state within the tolerance need only be known.
        """
        self.system, self.u0, self.warm, self.enough, self.patient, self.near = system, u, warm, enough, patient, near
        self.hard = 0
        self.mismatch.begin(system, rest)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            self.snes.solve(None, self.x)
        return self.outcome

    def will_do(self, mismatch, off):
        """Is a state that comes no nearer near enough?"""
        return mismatch < self.enough[0] and off < self.enough[1]

    # ---- attempts -----------------------------------------------------------------------------------------------

    def _chain(self, snes):
        """All attempts in turn; where heating feeds the spectrum from below the grid, first without that, then with it."""
        system, self.done = self.system, [0, 0]
        system.opening, out = 1.0, None
        if self.warm is not None:
            out = self.first(snes, self.warm_attempts(), None, self.warm)
        if out is None or not (out.settled or self.near):
            correction, shut = system.correction, system.heated_from_below
            begun, self.corrected = correction.left_out, False
            system.opening = 0.0 if shut else 1.0
            out = self.first(snes, self._quick(), out)
            if not out.settled and not self.inflow.denied(out):
                system.opening = 0.0 if shut else 1.0
                if system.steady and correction.some and not begun and self.corrected:
                    out = self._rough(snes, out)
                if not out.settled and self.has_waves and self.patient:
                    out = self._by_given_slopes(snes, out) if system.mixes_momentum else out
                    out = out if out.settled else self.first(snes, self._long(), out)
            if out.converged and shut:
                out = self._opened(snes, out)
                if out.converged and system.steady:
                    self.inflow.denied(out)  # a root below which what is fed would grow has f < 0, if little enough to pass
            if not out.converged:
                correction.left_out = begun
        out.iterations, out.krylov = self.done
        return out

    def _opened(self, snes, shut):
        """With the inflow from below the grid, from the outcome without it; if need be without the flux correction."""
        correction, out = self.system.correction, self.inflow.open(snes, shut)
        if out.settled or not (self.system.steady and correction.some) or correction.left_out:
            return out
        correction.left_out, self.system.opening = True, 0.0
        rough = self.first(snes, self.warm_attempts(), None, shut.point)
        if rough.converged:
            rough = self.inflow.open(snes, rough)
        correction.left_out = rough.converged
        return rough if rough.converged else out

    def _rough(self, snes, best):
        """Without the flux correction, and from there with it; where that does not help the correction stays left out.

        Where sources of f are strong against what flows it can make the equations all but singular.
        """
        return self._first_without_correction(snes, self._quick(), best)

    def _by_given_slopes(self, snes, best):
        """With much patience along given slopes of spectra: waves let go of a rigidity after the other, and within each of a face
        after the other."""
        attempts = [Attempt(0.2, EXTENDED * self.max_iterations, dual=True, plain=True, slowly=True, patience=STUBBORN)]
        if self.system.steady and self.system.correction.some:
            return self._first_without_correction(snes, attempts, best)
        return self.first(snes, attempts, best)

    def _first_without_correction(self, snes, attempts, best):
        """The first of the attempts to converge without the flux correction, and from there with it if that goes; or `best`."""
        correction = self.system.correction
        begun, correction.left_out = correction.left_out, True
        rough = self.first(snes, attempts)
        correction.left_out = begun
        if not rough.converged or begun:
            return rough if rough.converged else best
        out = self._corrected(snes, rough.point)
        correction.left_out = not out.converged
        return out if out.converged else rough

    def _corrected(self, snes, point):
        """With the whole flux correction from a point without any, by as large steps as will go; then with much patience."""
        correction, felt, step = self.system.correction, 0.0, 1.0
        while felt < 1.0 and step >= LEAST_SHARE:
            correction.share = min(felt + step, 1.0)
            out = self.first(snes, self.warm_attempts(), None, point)
            if out.converged:
                felt, point = correction.share, out.point
            else:
                step *= 0.5
        correction.share = 1.0
        if felt < 1.0:
            stubborn = [replace(attempt, patience=STUBBORN) for attempt in self.warm_attempts(120)]
            out = self.first(snes, stubborn, None, point)
        return out

    @property
    def has_waves(self):
        """Is the problem nonlinear but for the slopes of spectra?"""
        return self.system.w is not None and bool(self.system.problem.confined.any())

    def _quick(self):
        """Paths of few iterations: either form of the linearisation, the last successful one first; then along constant fluxes;
        then with given slopes."""
        limit = max(self.max_iterations // 5, 1)
        forms, along = [Attempt(2.5e-3, limit)], []
        if self.has_waves:
            forms, along = [*forms, Attempt(0.04, limit, dual=True)], [replace(forms[0], line=FLUX_LINE)]
        if self.dual:
            forms.reverse()
        return forms + along + [replace(form, plain=True) for form in forms[::-1] if self.system.mixes_momentum]

    def _long(self):
        """Paths of small steps that may take all iterations."""
        limit = self.max_iterations
        return [Attempt(0.3, limit, together=True), Attempt(0.6, limit), Attempt(0.5, limit, dual=True)]

    def warm_attempts(self, limit=60):
        """From a point near the solution, in the form that served last, then in the other one."""
        attempts = [Attempt(None, limit), Attempt(None, limit, dual=True)]
        return attempts[::-1] if self.dual else attempts if self.has_waves else attempts[:1]

    def _counted(self, snes, attempt, warm=None):
        walk = Walk(self, attempt, warm)
        out = walk.run(snes, self.done[0])
        self.corrected |= walk.final
        self.system.shape = None
        self.done[0] += out.iterations
        self.done[1] += out.krylov
        if not out.converged and out.complete and self.will_do(out.mismatch, out.off):
            out.converged = True
        if out.converged and self.system.steady:
            if not positive(out.point.u):
                out.converged, out.message = False, "the root found is negative somewhere"
            elif (place := self._pierced(out.point.u)) is not None:
                out.converged, out.impossible, out.message = False, True, piles_up(self.system.problem, *place)
            elif out.point.u.min() < 0.0:
                self._clear(out)
        return out

    def _pierced(self, u):
        """The first (species, rigidity row, face) at rest where f is so large that it passes even undamped waves; or None.

        κ is not quite zero there, so that matrices are regular, and a root with next to infinite f takes the place of none.
        """
        system = self.system
        if system.w is None or not self.layout.ranks.any((shut := system.law.undamped & (system.m[system.w] == 0)).any()):
            return None
        q = self.layout.ranks.gather(np.stack([
            np.where(shut, np.abs(q), 0.0) / (system.throughput(u, s)[:, None] + 1e-290)
            for s, (_, q, _, _) in system.law_flux(u, system.slope(u, system.w), system.nu_waves, False).items()
        ]))
        through = np.argwhere(q > self.tolerance)
        return tuple(int(i) for i in through[0]) if len(through) else None

    def _clear(self, out):
        """Set f below zero, which can only be rounding of a row, to zero where the tolerance allows."""
        u = np.maximum(out.point.u, 0.0)
        errors = self.mismatch.of(u, out.point.a, None)
        e = self.layout.ranks.max(float(max(x.max() for x in errors.values())))
        if e < self.tolerance:
            out.point, out.mismatch, out.worst = replace(out.point, u=u), e, self.mismatch.where(errors, self.layout.rows.start)

    def first(self, snes, attempts, best=None, warm=None):
        """The first attempt that converges, or the one that came nearest."""
        for attempt in attempts:
            out = self._counted(snes, attempt, warm)
            if best is None or out.settled or out.mismatch < best.mismatch:
                best = out
            if out.settled:
                self.dual = attempt.dual
                break
        return best

    def linear_step(self, blocks, rhs, guess, active):
        """Node values of all rows from the linearised equation; species not active keep the guess."""
        m, layout = self.matrix, self.layout
        m.blocks, m.active = blocks, active
        ksp = self.snes.getKSP()
        simple = blocks.triangular
        once = simple and self.ksp_type == PETSc.KSP.Type.GMRES  # one sweep is the solve, f at the top included
        ksp.setType(PETSc.KSP.Type.PREONLY if once else self.ksp_type)
        if not once:  # Krylov solves for the change, so its tolerance is relative to that
            rhs = rhs - blocks.product(np.zeros_like(guess) if simple else guess, forced=True)
            rhs[..., -1] += blocks.given
        for s in range(len(rhs)):
            if s not in active:
                rhs[s] = guess[s, layout.rows] if simple else 0.0
        layout.to_vector(rhs, self.b)
        self.A.assemble()
        ksp.setOperators(self.A, self.A)
        self.sweeps.exact, self.sweeps.forced = not simple and self.hard > 0, once
        self.hard = max(self.hard - 1, 0)
        ksp.solve(self.b, self.x)
        iterations = ksp.getIterationNumber()
        lost, reason = PETSc.KSP.ConvergedReason.DIVERGED_NANORINF, ksp.getConvergedReason()
        if not simple and not self.sweeps.exact and reason < 0 and reason != lost:
            self.sweeps.exact, self.hard = True, HARD  # rigidities exchange more than sweeps can follow
            ksp.solve(self.b, self.x)
            iterations += ksp.getIterationNumber()
        u = layout.ranks.gather(layout.to_array(self.x))
        if not simple and ksp.getConvergedReason() == lost:
            u[:] = np.nan
        return u if simple else guess + u, iterations

    def caused(self, blocks, source):
        """Node values of all rows that a source alone has, of own rows: without f at the top and offsets of fluxes."""
        blocks.given[:] = 0.0
        for stiff in blocks.stiff.values():
            stiff.offset[:] = 0.0
        species = range(self.system.problem.species)
        return self.linear_step(blocks, source, np.zeros((*self.system.V_all.shape, self.system.n)), species)[0]
