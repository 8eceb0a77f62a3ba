"""Has a deck a steady state at all?  An answer from linear algebra, independent of any iteration.

Where f is large, self-excited waves let next to nothing diffuse: q <= S + X √|a| grows less than f.  What is left is linear:
advection, losses, momentum gain, and diffusion where there are no such waves.  If −(that operator) is a nonsingular M-matrix,
a large enough multiple of its solution is a supersolution, and a steady state exists for every source.  If not, let φ >= 0
satisfy A^T φ <= 0: any steady f >= 0 then has

    <φ, Q> = <φ, A f> + Σ q Δφ <= Σ_faces S |Δφ| + [ Σ X √|a| |Δφ| − λ <φ, f> ],

so a source beyond the right-hand side has no steady state.  φ comes from a linear programme (S alone; exact then, by duality)
or is the eigenvector of the growth rate λ (X too).  Momentum fluxes have the reference spectrum's slope on their faces, which
is of first order in ln R: decks within a few per cent of the limit may be judged either way and are called undecided.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spl
from scipy.optimize import linprog

from solver.formulas import loss_rate
from solver.transport.scales import above_the_grid

SURE = 0.05  # share of the source by which it must exceed what can leave: rounding of the programme, order in ln R
LARGEST = 12_000  # unknowns up to which the linear programme is tried


@dataclass(frozen=True)
class Existence:
    """verdict: "exists", "none" or "undecided"; rate: growth rate (1/s) of the content where f is large, if positive."""

    verdict: str
    rate: float
    reason: str = ""


def existence(model, species=0):
    """The verdict on one species whose source and coefficients do not depend on another one (the protons, if there are any)."""
    with np.errstate(all="ignore"):
        return _Problem(model, species).verdict()


class _Problem:
    """Rows are (rigidity, node) in that order, scaled by the reference spectrum R^−slope."""

    def __init__(self, model, s):
        self.m, self.s = model, s
        grid, deck = model.grid, model.deck
        self.R, self.dz = grid.R, np.diff(grid.z)
        self.open_top = deck.boundary.top.type == "outflow"
        self.n = len(grid.z) - (not self.open_top)
        self.waves = (model.waves == s) & model.self_confined  # faces whose waves answer to this species
        self.v, self.nu = model.v, model.nu[s].T
        self.Q = model.Q[s] * self.R ** model.slope[s]
        volume = np.append(self.dz, 0) / 2 + np.insert(self.dz, 0, 0) / 2
        self.volume = np.tile(volume[: self.n], len(self.R))
        self.A = self.operator()

    def operator(self):
        """A f = (flux out) − (momentum gain) + (sink) per node, without what the waves of this species let diffuse."""
        m, n, rows = self.m, self.n, len(self.R)
        P = np.minimum(np.abs(self.v) * self.dz * self.nu, 300.0)
        c = np.where(P > 1e-9, np.abs(self.v) / np.expm1(np.maximum(P, 1e-9)), 1.0 / (self.nu * self.dz))
        c = np.where(self.waves, 0.0, c)  # conductance for the fall of f beside the upwind flux
        low, high = np.maximum(self.v, 0) + c, np.maximum(-self.v, 0) + c  # F_j = low f_j − high f_{j+1}
        faces = self.v.size if self.open_top else self.v.size - 1
        diagonal = np.zeros((rows, n))
        diagonal[:, : self.v.size] += low[:, :n]
        diagonal[:, 1:] += high[:, : n - 1]
        if self.open_top:
            diagonal[:, -1] += max(float(m.at([m.z_max]).v[0]), 0.0)
        diagonal[:, 0] += self._sink()
        upper, lower = np.zeros((rows, n)), np.zeros((rows, n))
        upper[:, :faces], lower[:, :faces] = -high[:, :faces], -low[:, :faces]
        A = sp.diags([diagonal.ravel(), upper.ravel()[:-1], lower.ravel()[:-1]], [0, 1, -1])
        return (A - self._gain()).tocsc()

    def _sink(self):
        m, deck = self.m, self.m.deck
        h, nucleus = float(deck.disc.half_thickness), m.species[self.s]
        sink = h * m.destruction[self.s]
        if deck.disc.losses == "catastrophic":
            sink = sink + h * loss_rate(deck.disc.loss_processes, self.R, nucleus, float(deck.disc.density))
        return sink

    def _gain(self):
        """Momentum gain with the reference spectrum on the faces: N_{k±½} = N_k e^{∓σ dx/2}."""
        from evaluator import momentum_rates, steeper_end

        m, n, rows = self.m, self.n, len(self.R)
        B, _ = momentum_rates(m, self.s)
        B = B[:, :n]
        sigma, dx = m.slope[self.s] - 3.0, m.grid.dx
        half = np.exp(0.5 * sigma * dx)
        width = dx if abs(sigma * dx) < 1e-8 else 2 * np.sinh(0.5 * sigma * dx) / sigma
        down, up = np.maximum(B, 0) / width, np.maximum(-B, 0) / width
        is_open = m.deck.boundary.momentum == "power_law"
        steeper = steeper_end(B, dx, *(each[self.s] for each in above_the_grid(m.transport_problem())))
        down[-2], down[-1] = down[-2] * steeper, down[-1] / steeper
        own = -down[:-1] * half - up[1:] / half
        own[-1] += down[-1] / half * is_open
        own[0] += up[0] * half * is_open
        # in rows scaled by R^−slope, N = R³ f ∝ R^−σ: N_{k+1} on its lower face over the scale of row k is half / half²
        above, below = down[1:-1] / half, up[1:-1] * half
        size = rows * n
        return sp.diags([own.ravel(), above.ravel(), below.ravel()], [0, n, -n], shape=(size, size))

    # ---- the verdict --------------------------------------------------------------------------------------------------

    def verdict(self):
        A = self.A
        # nodes that neither flow nor losses reach only share what the waves bring from their neighbours, never more than those
        dead = (np.asarray(abs(A).sum(0)).ravel() == 0) & (np.asarray(abs(A).sum(1)).ravel() == 0)
        dead[:: self.n] &= self.Q == 0
        A = A + sp.diags(dead.astype(float))
        if self._is_m_matrix(A, np.abs(A.diagonal()) + 1e-300):
            return Existence("exists", 0.0, "all that is injected is carried away or lost, however much it is")
        rate, phi = self._growth()
        if rate == 0.0 and not self.waves.any():
            return Existence("undecided", rate, "escape and losses are next to nothing beside what flows to and fro")
        if not self.waves.any():
            # linear: a positive f would make −A's growing left eigenvector decay
            reached = phi.reshape(len(self.R), self.n)[:, 0] @ self.Q > 0
            return Existence("none" if reached else "undecided", rate, "linear, and its content grows")
        if rate > 0 and self._exceeds(phi, rate):
            return Existence("none", rate, "growth and source exceed what the waves let through")
        if self.A.shape[0] <= LARGEST and self._programme():
            return Existence("none", rate, "the source exceeds what advection, losses and linear damping take")
        return Existence("undecided", rate)

    @staticmethod
    def _is_m_matrix(A, scale):
        """Is A x = scale solved by some x > 0?"""
        try:
            lu = spl.splu(A)
        except RuntimeError:
            return False
        x = lu.solve(scale)
        return bool(np.isfinite(x).all() and x.min() > 0 and x.max() < 1e14)

    def _growth(self):
        """(λ, φ): largest growth rate of the content and its left eigenvector φ >= 0.

        s − L is a nonsingular M-matrix exactly where s > λ, so λ is found by bisection, between 10⁻¹⁵ of the fastest rate of
        any node and Gershgorin's bound; just above it (s − L)^T φ = 1 has the eigenvector for its solution.
        """
        size = self.A.shape[0]
        L = (sp.diags(-1.0 / self.volume) @ self.A).tocsr()  # ∂t f = L f
        off = np.asarray(abs(L).sum(1)).ravel() - np.abs(L.diagonal())
        slowest = low = max(1e-15 * float(np.abs(L.diagonal()).max()), 1e-40)
        high = max(1.01 * float((L.diagonal() + off).max()), 10.0 * slowest)
        ones = np.ones(size)

        def solved(shift, trans="N"):
            try:
                return spl.splu((shift * sp.eye(size) - L).tocsc()).solve(ones, trans=trans)
            except RuntimeError:
                return -ones

        for _ in range(60):
            middle = np.sqrt(low * high)
            x = solved(middle)
            low, high = (low, middle) if x.min() > 0 and np.isfinite(x).all() else (middle, high)
            if high < low * (1 + 1e-9):
                break
        phi = np.maximum(solved(high, "T"), 0.0)
        if low < 2.0 * slowest:  # nothing grows that double precision could tell from nothing
            low = 0.0
        return low, phi / phi.max() / self.volume

    def _exceeds(self, phi, rate):
        """Does the source exceed all that S, X and the growth of f itself allow?"""
        phi = phi.reshape(len(self.R), self.n)
        full = phi if self.open_top else np.concatenate([phi, np.zeros((len(self.R), 1))], -1)
        jump = np.abs(np.diff(full, axis=-1)) * self.waves
        weight = self.R[:, None] ** self.m.slope[self.s]
        S, X = self.m.S.T * weight, self.m.X.T * np.sqrt(weight)
        c = X * jump / np.sqrt(self.dz)
        both = np.zeros_like(full)
        both[:, :-1] += c
        both[:, 1:] += c
        rest = (both[:, : self.n] ** 2 / (4 * rate * phi * self.volume.reshape(phi.shape) + 1e-300)).sum()
        return phi[:, 0] @ self.Q > (1 + SURE) * ((S * jump).sum() + rest)

    def _programme(self):
        """Is there φ >= 0 with A^T φ <= 0 and <φ, Q> above Σ S |Δφ|, and no Δφ where X acts?"""
        rows, n, faces = len(self.R), self.n, len(self.dz)
        size = rows * n
        weight = self.R[:, None] ** self.m.slope[self.s]
        S, X = (self.m.S.T * weight).ravel(), np.broadcast_to(self.m.X.T, (rows, faces)).ravel()
        used = np.flatnonzero(np.broadcast_to(self.waves, (rows, faces)).ravel())
        k, j = np.divmod(used, faces)
        at = np.arange(len(used))
        inside = j + 1 < n
        jump = sp.csr_matrix((np.ones(len(at)), (at, k * n + j)), shape=(len(at), size))
        jump = jump - sp.csr_matrix((np.ones(inside.sum()), (at[inside], (k * n + j + 1)[inside])), shape=jump.shape)
        free = X[used] == 0
        own = np.abs(self.A.diagonal())
        scale = 1.0 / np.where(own > 0, own, own.max() or 1.0)
        D = sp.diags(scale)
        J, T = jump[free] @ D, sp.eye(int(free.sum()))
        A = sp.bmat([[D @ self.A.T @ D, None], [J, -T], [-J, -T]]).tocsc()
        equal = sp.hstack([jump[~free] @ D, sp.csr_matrix((int((~free).sum()), int(free.sum())))]).tocsc()
        A_eq, b_eq = (equal, np.zeros(equal.shape[0])) if equal.shape[0] else (None, None)
        Q = np.zeros((rows, n))
        Q[:, 0] = self.Q
        Q = Q.ravel() * scale
        cost = np.concatenate([-Q, (1 + SURE) * S[used][free]])
        size_of = np.abs(Q).max()
        if size_of == 0:
            return False
        total = np.concatenate([np.ones(size), np.zeros(int(free.sum()))])
        A = sp.vstack([A, sp.csr_matrix(total)]).tocsc()
        b = np.zeros(A.shape[0])
        b[-1] = 1.0
        out = linprog(cost / size_of, A_ub=A, b_ub=b, A_eq=A_eq, b_eq=b_eq, method="highs",
                      options={"time_limit": 20.0})
        return bool(out.success and out.fun < -1e-7)
