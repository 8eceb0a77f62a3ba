"""The Jacobian as blocks, its products and its exact solve by back-substitution, as PETSc matrix and preconditioner.

Rows couple to their own z neighbours (tridiagonal), to one or two rigidities on the side the momentum flux comes from, to
their parent at the disc and, where it is asked for, to the protons' waves.  While momentum only flows down (or only up)
and secondaries only follow primaries this is block triangular: one sweep of tridiagonal solves is the exact inverse.
Where it flows both ways a down and an up sweep make a preconditioner for GMRES; where rigidities exchange so much that it
would take dozens of those, the species' own sparse matrix is factorised.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg.lapack import dgtsv

from .stencils import Diagonal, add_difference, apply, apply_transposed, as_stencil, banded, row_of, shift
from .stiff import Stiff
from .strips import strips

STIFF = 1e5  # conductance times f over a row's flux above which that is better known than the difference of f
LEAST_FLUX = 1e-8  # scaled; what is far below order one, as rows are scaled, may be rounding


@dataclass
class Blocks:
    """Parts of the Jacobian, each a `Diagonal` or a stencil lower, diagonal, upper (3, rows, nodes) of own rows.

    tri[s]: stencil of species s, undefined but for those it was made for.  couplings[s, o]: list of what acts on its rigidity
    row k + o.  waves[s, o]: stencil that acts on the protons' row k + o, of exact Jacobians.
    """

    tri: np.ndarray
    rows: slice
    couplings: dict = field(default_factory=dict)
    waves: dict = field(default_factory=dict)
    secondaries: list = field(default_factory=list)
    wave_species: int | None = None
    factors: dict = field(default_factory=dict)
    stiff: dict = field(default_factory=dict)
    given: np.ndarray | None = None

    @classmethod
    def empty(cls, species, rows_own, nodes, rows, tri=None):
        """Blocks without entries; tri: an array of that shape to be used, whatever it holds."""
        tri = np.empty((species, 3, rows_own, nodes)) if tri is None else tri
        return cls(tri, rows, given=np.zeros((species, rows_own)))

    def diagonal(self, s):
        """The diagonal of species s, made zero: where its entries begin."""
        self.tri[s][1] = 0.0
        return self.tri[s][1]

    def couple(self, s, o):
        """A new stencil of species s acting on rigidity row k + o."""
        self.couplings.setdefault((s, o), []).append(np.zeros(self.tri.shape[1:]))
        return self.couplings[s, o][-1]

    def gain(self, s, o, columns, values):
        """A new diagonal of species s acting on rigidity row k + o: what some nodes, given as numbers or as a slice, gain."""
        if isinstance(columns, slice):
            part = Diagonal(columns, -values)
        else:  # few nodes: what lies between them is faster kept than skipped
            first = int(columns[0])
            part = Diagonal(slice(first, int(columns[-1]) + 1), np.zeros((len(values), int(columns[-1]) + 1 - first)))
            part.values[:, columns - first] -= values
        self.couplings.setdefault((s, o), []).append(part)

    def flow(self, s, K, P, N, offset, rhs, u, passes=1.0, top=None, careful=False):
        """Add species s's flux K (u_i − u_{i+1}) + P u_i + N u_{i+1} + offset (None: 0), the last of what its own rows hold.

        offset: goes to rhs (rows, nodes), or where faces conduct well stays with the flux.
        u: of its own rows, for their size.  passes: what passes through them, (rows,), for that of their fluxes.
        top (rows,): f given above the last node; what it lets in is kept in `given`.
        careful: reckon with rounding that adds up from node to node, as it always does below a top that lets little out.
        """
        passes = np.minimum(np.maximum(passes, LEAST_FLUX), 1.0)
        size = np.maximum(np.abs(u).max(-1) / passes, 1.0)
        most = STIFF / u.shape[1] if careful or top is None else STIFF
        index = np.flatnonzero(K.max(-1) * size > most)
        if len(index):
            own, known = self.tri[s][1][index], K[index] * size[index, None] > most
            self.stiff[s] = Stiff(index, K[index], P[index], N[index], own, known)
        if offset is not None:
            if len(index):
                self.stiff[s].offset = offset[index]
                offset = offset.copy()
                offset[index] = 0.0
            add_difference(rhs, -offset)
        if top is not None:
            self.given[s] = (K[:, -1] - N[:, -1]) * top
        nodes, faces = u.shape[1], K.shape[1]
        for own in strips(K.shape):
            lower, diagonal, upper = self.tri[s][:, own]
            out = K[own] + P[own]
            diagonal[:, :faces] += out
            np.negative(out[:, : nodes - 1], out=lower[:, 1:])
            np.subtract(N[own, : nodes - 1], K[own, : nodes - 1], out=upper[:, : nodes - 1])
            diagonal[:, 1:] -= upper[:, : nodes - 1]
            lower[:, 0], upper[:, -1] = 0.0, 0.0

    def wave(self, s, o=0):
        """The stencil of species s acting on the protons' rigidity row k + o, made on first use."""
        return self.waves.setdefault((s, o), np.zeros(self.tri.shape[1:]))

    def _of_waves(self, s, protons):
        """What the protons' node values, of all rows, do to own rows of species s."""
        return sum((apply(c, shift(protons, self.rows, o)) for (t, o), c in self.waves.items() if t == s), 0.0)

    def _to_waves(self, s, y):
        """The transposed of it; needs all rows here."""
        parts = ((o, c) for (t, o), c in self.waves.items() if t == s)
        return sum((shift(apply_transposed(c, y), slice(None), -o) for o, c in parts), 0.0)

    def _parts(self, s=None):
        """(species, offset, part) of all couplings, or of those of one species."""
        return [(t, o, c) for (t, o), parts in self.couplings.items() for c in parts if s in (None, t)]

    @property
    def triangular(self):
        """True when one sweep inverts the matrix: momentum flows one way for every species."""
        return all(len(self._directions(s)) < 2 for s in range(self.tri.shape[0]))

    def _directions(self, s):
        return {o > 0 for t, o in self.couplings if t == s}

    def product(self, u, forced=False):
        """J u for own rows from node values u of all rows, (species, R, nodes); forced: with the offsets of stiff fluxes."""
        own = u[:, self.rows]
        out = np.stack([apply(t, x) for t, x in zip(self.tri, own, strict=True)])
        for s, stiff in self.stiff.items():
            out[s, stiff.index] = stiff.product(own[s, stiff.index], forced)
        for s, o, c in self._parts():
            out[s] += apply(c, shift(u[s], self.rows, o))
        for parent, child, W in self.secondaries:
            out[child, :, 0] -= W @ u[parent, :, 0]
        if self.wave_species is not None:
            for s in {s for s, _ in self.waves}:
                out[s] += self._of_waves(s, u[self.wave_species])
        return out

    def differences(self, s, u, rhs, full, swept):
        """u_i − u_{i+1} on the faces of the stiff rows of species s, from the fluxes that balance every node below.

        u: node values of all rows that solve for rhs; full: those of own rows with the top, (rows, faces + 1).
        swept: is u what the last sweep gave?
        """
        stiff = self.stiff[s]
        own = full[stiff.index]
        if swept:  # above a strong sink a sum from below would be all rounding
            return stiff.difference(stiff.flux(), own)
        rest = rhs[s].copy()
        for _, o, c in self._parts(s):
            rest -= apply(c, shift(u[s], self.rows, o))
        for parent, child, W in self.secondaries:
            if child == s:
                rest[:, 0] += W @ u[parent, :, 0]
        rest = rest[stiff.index] - stiff.own * own[:, : rest.shape[1]]
        return stiff.difference(np.cumsum(rest, -1)[:, : stiff.K.shape[1]], own)

    def product_transposed(self, y):
        """Jᵀ y for y of all rows; needs all rows here (one rank)."""
        out = np.stack([apply_transposed(t, x) for t, x in zip(self.tri, y, strict=True)])
        for s, o, c in self._parts():
            out[s] += shift(apply_transposed(c, y[s]), slice(None), -o)
        for parent, child, W in self.secondaries:
            out[parent, :, 0] -= W.T @ y[child, :, 0]
        if self.wave_species is not None:
            for s in {s for s, _ in self.waves}:
                out[self.wave_species] += self._to_waves(s, y[s])
        return out

    def to_csr(self):
        """The whole Jacobian as a scipy matrix on (species, R, nodes) order; needs all rows here."""
        import scipy.sparse as sp

        species, n = self.tri.shape[0], self.tri.shape[-1]
        grid = [[None] * species for _ in range(species)]
        for s in range(species):
            grid[s][s] = self._species_csr(s)
        for parent, child, W in self.secondaries:
            at = sp.csr_matrix(([1.0], ([0], [0])), shape=(n, n))
            block = -sp.kron(W, at)
            grid[child][parent] = block if grid[child][parent] is None else grid[child][parent] + block
        if self.wave_species is not None:
            for (s, o), c in self.waves.items():
                block, w = banded(c, o), self.wave_species
                grid[s][w] = block if grid[s][w] is None else grid[s][w] + block
        return sp.bmat(grid, format="csr")

    def _species_csr(self, s, ranks=None, tri=None):
        """The block of species s acting on itself, of own rows or, through `ranks`, of all; tri: in place of its own."""
        whole = (lambda c: c) if ranks is None else lambda c: ranks.gather(np.ascontiguousarray(c))
        out = banded(whole(self.tri[s] if tri is None else tri), 0)
        for _, o, c in self._parts(s):
            out = out + banded(whole(as_stencil(c, self.tri.shape[-1])), o)
        return out

    def _with_fluxes(self, s, ranks):
        """(matrix of species s on all rows, nodes): as in `Stiff`, fluxes above those nodes of stiff rows are unknowns too.

        They come after the node values.  Equations are in the order in which none has a zero on the diagonal: the law of a flux
        in the place of its node's balance, and that in the flux's.
        """
        import scipy.sparse as sp

        tri, law = self.tri[s], np.zeros((3, *self.tri.shape[2:]))  # coefficients of F_i, u_i and u_{i+1} in the law of face i
        if s in self.stiff:
            stiff = self.stiff[s]
            rows, faces = stiff.index, slice(stiff.K.shape[1])
            tri, scale = tri.copy(), np.maximum(stiff.K, 1.0)
            tri[:, rows] = 0.0
            tri[1, rows] = stiff.own
            law[0, rows, faces], law[1, rows, faces] = 1.0 / scale, -(stiff.K + stiff.P) / scale
            law[2, rows, faces] = (stiff.K - stiff.N) / scale
        balance, law = self._species_csr(s, ranks, tri), ranks.gather(law)
        n, size = law.shape[-1], balance.shape[0]
        nodes = np.flatnonzero(law[0])
        if not len(nodes):
            return balance, nodes
        of_flux, of_node, of_next = law.reshape(3, -1)[:, nodes]
        flux, inner = np.arange(len(nodes)), nodes % n < n - 1  # a node beyond the last face is given
        out = sp.csr_matrix((np.repeat([1.0, -1.0], [len(nodes), inner.sum()]),
                             (np.append(nodes, nodes[inner] + 1), np.append(flux, flux[inner]))), (size, len(nodes)))
        laws = sp.csr_matrix((np.append(of_node, of_next[inner]),
                              (np.append(flux, flux[inner]), np.append(nodes, nodes[inner] + 1))), (len(nodes), size))
        order = np.arange(size + len(nodes))
        order[nodes], order[size:] = size + flux, nodes
        return sp.bmat([[balance, out], [laws, sp.diags(of_flux)]], "csr")[order], nodes

    # ---- exact solve by sweeps ----------------------------------------------------------------------------------

    def sweep(self, b, ranks, species=None, down=True, exact=False, forced=False, out=None):
        """Solve the block triangle that momentum flowing down (or up) leaves, for right-hand side b of own rows.

        A species whose momentum flows one way only is swept that way whatever `down` says; `exact`: the others are
        solved by a factorisation, so that this is the inverse of the whole.
        species: those to solve (default all), others are what b says.
        forced: with what a given f at the top lets in and the offsets of stiff fluxes.
        out: the array for the solution, of own rows, that is returned.
        """
        out = np.empty_like(b) if out is None else out
        given = self.given if forced else np.zeros_like(self.given)
        parents = {parent for parent, _, _ in self.secondaries}
        disc = {}
        for s in range(len(b)):
            x = out[s]
            x[:] = b[s]
            if species is not None and s not in species:
                if any(parent == s and child in species for parent, child, _ in self.secondaries):
                    disc[s] = ranks.gather_rows(x[:, 0])
                continue
            for parent, child, W in self.secondaries:
                if child == s and parent in disc:
                    x[:, 0] += W @ disc[parent]
            if self.wave_species is not None and any(t == s for t, _ in self.waves):
                x -= self._of_waves(s, ranks.gather_rows(out[self.wave_species]))
            ways = self._directions(s)
            if exact and len(ways) > 1:
                x[:, -1] += given[s]
                x[:] = self._factorised(s, x, ranks)
            else:
                self._sweep_species(s, x, given[s], ranks, down if len(ways) != 1 else ways == {True}, forced)
            if s in parents:
                disc[s] = ranks.gather_rows(out[s][:, 0])
        return out

    def _factorised(self, s, rhs, ranks):
        """The solve of species s by sparse LU, factorised once; every process does it for all rows.

        All NaN where the matrix is singular to rounding: the step is then given up, not the run.
        """
        if s not in self.factors:
            matrix, nodes = self._with_fluxes(s, ranks)
            self.factors[s] = _lu(matrix.tocsc()), matrix, nodes
        whole, (lu, matrix, nodes) = ranks.gather_rows(rhs), self.factors[s]
        if lu is None:
            return np.full_like(whole, np.nan)[self.rows]
        b = np.append(whole, np.zeros(len(nodes)))
        b[whole.size :], b[nodes] = b[nodes], 0.0
        x = lu.solve(b)
        x += lu.solve(b - matrix @ x)  # conductances of 1e18 stand beside rates of one
        return x[: whole.size].reshape(whole.shape)[self.rows]

    def _stiff_rows(self, s):
        """{own row: its number among the stiff ones}."""
        return {int(k): i for i, k in enumerate(self.stiff[s].index)} if s in self.stiff else {}

    def _sweep_species(self, s, x, given, ranks, down, forced):
        """Solve for species s in place: x is the right-hand side, then the node values of own rows."""
        parts = [(o, c) for _, o, c in self._parts(s) if (o > 0) == down]
        tri = self.tri[s]
        if not parts:  # no row waits for another: one long solve
            together = self.stiff.get(s)
            solved = together and together.solve(slice(None), x[together.index], given[together.index], forced)
            x[:, -1] += given
            lower, diagonal, upper = tri.reshape(3, -1)
            x[:] = dgtsv(lower[1:], diagonal, upper[:-1], x.ravel(), overwrite_b=1)[3].reshape(x.shape)
            if together:
                x[together.index] = solved
            return
        stiff = self._stiff_rows(s)
        gains = [(o, c) for o, c in parts if isinstance(c, Diagonal)]
        stencils = [(o, c) for o, c in parts if not isinstance(c, Diagonal)]
        rows, n = x.shape
        nothing = np.zeros((2, n))
        u = [*(nothing if down else ranks.receive_below(n)), *x, *(ranks.receive_above(n) if down else nothing)]
        lower, diagonal, upper = tri
        for k in range(rows - 1, -1, -1) if down else range(rows):
            r = x[k]
            for o, c in gains:
                r[c.span] -= c.values[k] * u[k + 2 + o][c.span]
            for o, c in stencils:
                r -= apply(c[:, k], u[k + 2 + o])
            if k in stiff:
                here = slice(stiff[k], stiff[k] + 1)
                r[:] = self.stiff[s].solve(here, r[None], given[k : k + 1], forced)[0]
            else:
                r[-1] += given[k]
                r[:] = dgtsv(lower[k, 1:], diagonal[k], upper[k, :-1], r, overwrite_b=1)[3]
        if down:
            ranks.send_below(np.stack(u[2:4]))
        else:
            ranks.send_above(np.stack(u[rows : rows + 2]))

    def solve_transposed(self, b):
        """Jᵀ x = b by sweeps in the reverse order (exact when `triangular`); needs all rows here."""
        out = np.zeros_like(b)
        rhs = b.copy()
        for s in range(len(b) - 1, -1, -1):
            out[s] = self._sweep_species_transposed(s, rhs[s])
            for parent, child, W in self.secondaries:
                if child == s:
                    rhs[parent, :, 0] += W.T @ out[s][:, 0]
            if self.wave_species is not None:
                rhs[self.wave_species] -= self._to_waves(s, out[s])
        return out

    def _sweep_species_transposed(self, s, rhs):
        parts = self._parts(s)
        lower, diagonal, upper = self.tri[s]
        rows, n = rhs.shape
        u = np.zeros((rows, n))
        down = not parts or parts[0][1] > 0
        for k in range(rows) if down else range(rows - 1, -1, -1):
            r = rhs[k].copy()
            for _, o, c in parts:
                if 0 <= k - o < rows:
                    r -= apply_transposed(row_of(c, k - o), u[k - o])
            u[k] = dgtsv(upper[k, :-1], diagonal[k], lower[k, 1:], r)[3]
        return u


def _lu(A):
    """Sparse LU (SuperLU), None where A is singular.

    Columns are ordered for any pivots (COLAMD): equations of stiff rows are not in the order of their unknowns, and orders that
    keep to the diagonal may fill in twenty times as much.
    """
    import scipy.sparse.linalg as spl

    if not np.isfinite(A.data).all():  # SuperLU would read and write beyond its arrays
        return None
    try:
        return spl.splu(A, permc_spec="COLAMD")
    except RuntimeError:                                                   # "Factor is exactly singular"
        return None
