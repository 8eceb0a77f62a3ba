"""Rows with faces of large conductance, solved for node values and fluxes together.

Where a face conducts so well that the sum of its conductance and the losses keeps no digit of the losses (a box at rest, a
layer of huge κ), nothing is then ever a difference of large numbers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dgtsv, dgttrf, dgttrs

from .stencils import add_difference

LARGE = 10.0  # offset over what enters the nodes, above which the sum of either sign costs digits


@dataclass
class Stiff:
    """Rows of a species with faces of large conductance: their flux K (u_i − u_{i+1}) + P u_i + N u_{i+1} + … in its parts.

    index: numbers of the rows among the own ones; K, P, N (rows, faces); own (rows, nodes): the diagonal but for the fluxes.
    known: faces whose flux says more than the difference of f.
    offset (rows, faces): what of the linearised flux does not depend on u.  In the right-hand sides of the nodes, where others
    have it, it would take the digits of sources: a wind towards the disc may carry 1e14 times as much.
    rhs, solution: what the rows were last solved for, and (u_0, F_0, u_1, F_1, …) that came out; NaN before any.
    """

    index: np.ndarray
    K: np.ndarray
    P: np.ndarray
    N: np.ndarray
    own: np.ndarray
    known: np.ndarray
    offset: np.ndarray = None
    rhs: np.ndarray = None
    solution: np.ndarray = None

    def __post_init__(self):
        rows, nodes = self.own.shape
        self.offset = np.zeros(self.K.shape) if self.offset is None else self.offset
        self.rhs, self.solution = np.full((rows, nodes), np.nan), np.full((rows, nodes + self.K.shape[1]), np.nan)

    @cached_property
    def most(self):
        """The largest offset of each row."""
        return np.abs(self.offset).max(-1)

    @cached_property
    def matrix(self):
        """Lower, diagonal, upper: balances and flux laws in turn."""
        lower, diagonal, upper = np.zeros((3, *self.solution.shape))
        diagonal[:, 0::2] = self.own
        diagonal[:, 1::2] = upper[:, 0::2] = 1.0  # + F_i
        lower[:, 2::2] = -1.0  # − F_{i−1}
        lower[:, 1::2] = -(self.K + self.P)
        upper[:, 1::2] = self.K - self.N
        upper[:, -1] = 0.0  # f above is given
        return lower, diagonal, upper

    def solve(self, rows, rhs, given, forced):
        """Node values of some of the stiff rows (a slice of them), by elimination in (u_0, F_0, u_1, F_1, …).

        With the flux laws as they stand, LAPACK's choice of pivots leaves only sums of positive terms where it matters.
        given (rows,): what f at the top lets in through the last face.  forced: with the `offset` of the fluxes.
        """
        lower, diagonal, upper = (x[rows].ravel() for x in self.matrix)  # rows one after the other, not coupled
        r = np.zeros(self.solution[rows].shape)
        r[:, 0::2] = self.rhs[rows] = rhs
        if self.K.shape[1] == rhs.shape[1]:
            r[:, -1] -= given
        refined = forced & (self.most[rows] > LARGE * np.abs(r).max(-1))
        if forced:
            r[:, 1::2] += self.offset[rows]
        if refined.any():  # offsets have either sign: once more for what each equation by itself is off
            *factors, _ = dgttrf(lower[1:], diagonal, upper[:-1])
            x = dgttrs(*factors, r.ravel())[0]
            rest = r.ravel() - diagonal * x
            rest[1:] -= lower[1:] * x[:-1]
            rest[:-1] -= upper[:-1] * x[1:]
            rest = np.where(refined[:, None], rest.reshape(r.shape), 0.0).ravel()
            x += dgttrs(*factors, rest)[0]
        else:
            x = dgtsv(lower[1:], diagonal, upper[:-1], r.ravel(), overwrite_b=1)[3]
        self.solution[rows] = x.reshape(r.shape)
        return self.solution[rows, 0::2]

    def flux(self):
        """Fluxes through the faces at the last solution."""
        faces, nodes = self.K.shape[1], self.own.shape[1]
        # the balance of all nodes below a face or of all above it, whichever is the smaller sum
        lost, top = self.own * self.solution[:, 0::2], self.solution[:, -1:] if faces == nodes else 0.0
        net, gross = self.rhs - lost, np.abs(self.rhs) + np.abs(lost)
        above, others = top - _sum_above(net), np.abs(top) + _sum_above(gross)
        return np.where(np.cumsum(gross, -1) <= others, np.cumsum(net, -1), above)[:, :faces]

    def product(self, u, forced=False):
        """The rows' own part of J u, differences first; zero above the top.  forced: with what the `offset` brings in."""
        full = u if u.shape[1] > self.K.shape[1] else np.concatenate([u, np.zeros((len(u), 1))], 1)
        below, above = full[:, :-1], full[:, 1:]
        out = self.own * u
        flux = self.K * (below - above)
        if forced:
            flux += self.offset
        add_difference(out, flux + self.P * below + self.N * above)
        return out

    def difference(self, flux, full):
        """u_i − u_{i+1} of the faces from their fluxes, where those say more; full (rows, faces + 1): node values and top."""
        simple = full[:, :-1] - full[:, 1:]
        exact = (flux - self.offset - self.P * full[:, :-1] - self.N * full[:, 1:]) / np.where(self.known, self.K, 1.0)
        return np.where(self.known, exact, simple)


def _sum_above(x):
    """Σ x_j over j > i along the last axis."""
    out = np.zeros_like(x)
    np.cumsum(x[:, :0:-1], -1, out=out[:, -2::-1])
    return out
