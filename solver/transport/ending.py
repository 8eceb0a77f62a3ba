"""How a march ends before its time: in a steady state, or with the reason why there is none.

A march to the steady state seems at its end when nothing moves any more.  Whether it is, or whether rounding hides what still
moves, a direct solve knows; so it does where f grows or a step fails, once.  Growth without end is told apart from filling.
"""

from dataclasses import dataclass

import numpy as np

from .existence import filling, fills_for_ever, growing

NOTHING = 1e-15  # of what passes through a row: storage that is rounding
ELSEWHERE = 1e-2  # of a row's largest f: by so much a state that seems steady moves where it is none
STILL = 1e-9  # of a row's largest f: what moves less may do so by rounding
RUNAWAY = 2.0  # times what enters a row: what it stores where it grows by itself
OUTGROWN = 1e30  # times what was there or what sources would fill: growth that no end time can have meant


@dataclass(frozen=True)
class Failure:
    """Why a march could not go on: message, species, rigidity and height index of the worst place; is there no way at all?"""

    message: str
    where: dict
    impossible: bool = False


class Ending:
    """Judges the present state of `march`, which it may take to the steady state at once or give its failure.

    asked: has a direct solve been tried?  It would not find more a second time.
    """

    def __init__(self, march):
        self.march, self.asked = march, False

    def reached(self):
        """Is the march at its end after a step?  True: steady; False: it has failed; None: it goes on."""
        m, s = self.march, self.march.state
        if self.seems_steady() and (lasts := self._lasts()) is not None:
            return lasts
        if m.control.end is None and (row := fills_for_ever(s.history, m.steps.crossing.max(), s.u, s.rate)):
            if (leapt := self.leap()) is not None:
                return leapt
            return self._none(filling(m.problem, *row, int(np.argmax(s.rate[row])), s.t))
        if place := self._outgrown():
            end = m.newton.inflow.fed_from(m.system.point(s.u), s.u)
            return self._none(growing(m.problem, *place, end, s.u, s.rate, s.t))
        return None

    def seems_steady(self):
        """Has nothing moved in the last step of a march to the steady state?"""
        m, c, h = self.march, self.march.control, self.march.state.history
        if c.end is not None or not h or h["residual"][-1] >= m.newton.tolerance or h["storage"][-1] >= c.steady_residual:
            return False
        # where nothing is stored any more, what still changes is what the fluxes leave open (f where it is all but flat)
        return h["change"][-1] < c.steady_change or h["storage"][-1] < NOTHING

    def leap(self):
        """Where a step to the steady state fails or f grows, perhaps without end: asks the direct solve, once, for its end.

        True where that found a state that lasts, False where there is none, None where it cannot tell.
        """
        if self.asked:
            return None
        m, self.asked = self.march, True
        out = m.steps.stage(None, np.inf, m.state.t, m.state.u, None)
        if out.converged and (message := m.newton.inflow.unstable(out.point)):
            out.impossible, out.message = True, message
        if out.impossible:
            m.fail(out, "the steady state")
            return False
        if out.converged:
            m.accept(out, np.inf, None, 0.0)
        return out.converged or None

    def runs_away(self):
        """Does all that is there grow by more than is put in, with no steady state above it?  Then that is the failure."""
        m, s = self.march, self.march.state
        if not m.newton.inflow.both_ways or s.rate is None or s.history["storage"][-1] < RUNAWAY:
            return False
        fell = -s.rate * s.history["dt"][-1] > STILL * np.abs(s.u).max(-1, keepdims=True)
        if m.layout.ranks.any(fell.any()):
            return False
        m.system.set_step(None, np.inf, s.t, False)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            message = m.newton.inflow.runaway(m.system.point(s.u))
        if message is not None:
            self._none(message)
        return message is not None

    def _none(self, message):
        """There is no steady state."""
        self.march.failure = Failure(message, {}, impossible=True)
        return False

    def _outgrown(self):
        """Where, (species, row, node), cosmic rays have become far more than were there or sources could supply; or None."""
        m, u = self.march, np.abs(self.march.state.u)
        particles = m.account.weights * u.max(-1)
        source = m.layout.ranks.gather(np.abs(m.system.source).sum(-1, keepdims=True))[..., 0]
        supplied = 1.0 + m.peak + source * m.state.t / m.steps.crossing
        allowed = OUTGROWN * (m.account.weights * supplied).sum(-1)
        s = int(np.argmax(particles.sum(-1) / allowed))
        if particles[s].sum() <= allowed[s]:
            return None
        k = int(np.argmax(particles[s]))
        return s, k, int(np.argmax(u[s, k]))

    def _lasts(self):
        """Is a state that seems steady the end?  True; False where there can be none, None where the march has to go on.

        Where rounding of what rows hold may hide a leak, or f still changes while nothing is stored (fluxes leave it open,
        and rounding moves it at will), a direct solve knows where it ends.  So it does where what is stored is next to nothing
        beside what the disc loses, but not for the heights that it fills: an endless step then leads elsewhere.
        """
        m, history = self.march, self.march.state.history
        if m.control.direct:
            # where nothing enters and nothing leaves, that finds a singular matrix at the end of a good march
            return m.solve_steady() or history["storage"][-1] < NOTHING or None
        open_ended = history["change"][-1] >= m.control.steady_change
        return not ((open_ended or m.account.may_leak(m.state.u) or self._moves()) and self.leap() is False)

    def _moves(self):
        """Does an endless step from the present state lead elsewhere?  Not asked where waves hold for ever what they found."""
        m, u, last = self.march, self.march.state.u, self.march.steps.last
        if m.layout.ranks.any(not m.account.free.all()):
            return False
        out = m.steps.stage(None, np.inf, m.state.t, u, m.steps.warm(), near=True)
        if last is not None:
            m.system.set_step(*last)  # results are those of the last step
        size = np.maximum(np.abs(u).max(-1), 1e-290)
        return out.converged and bool((np.abs(out.point.u - u).max(-1) > ELSEWHERE * size).any())
