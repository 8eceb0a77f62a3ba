"""PETSc objects: a DMDA over (z, R, species), and the shell matrix and preconditioner on it."""

from petsc4py import PETSc

from .ranks import Ranks


class Layout:
    """Distributes rigidities over the processes of `comm`; heights stay whole, so every tridiagonal is local."""

    def __init__(self, species, rigidities, nodes, comm=None):
        self.comm = comm or PETSc.COMM_SELF
        size = self.comm.getSize()
        self.da = PETSc.DMDA().create(
            [nodes, rigidities, species], dof=1, stencil_width=0, proc_sizes=[1, size, 1], comm=self.comm
        )  # in this order a process's part of a vector is an array (species, rows, nodes) as it stands
        (_, k0, _), (_, rows, _) = self.da.getCorners()
        self.rows, self.shape = slice(k0, k0 + rows), (species, rows, nodes)
        self.ranks = Ranks(self.comm.tompi4py() if size > 1 else None)

    def close(self):
        """Give back what PETSc holds, on all processes together."""
        self.da.destroy()

    def vector(self):
        return self.da.createGlobalVec()

    def view(self, vec):
        """Own part of a PETSc vector as (species, rows, nodes), to be read."""
        return vec.getArray(readonly=True).reshape(self.shape)

    def to_array(self, vec):
        """Own part of a PETSc vector as (species, rows, nodes)."""
        return self.view(vec).copy()

    def to_vector(self, array, vec):
        vec.setArray(array.ravel())

    def matrix(self, context):
        """Shell matrix with the products of `context.blocks`."""
        A = PETSc.Mat().create(self.comm)
        like = self.vector()
        size = (like.getLocalSize(), like.getSize())
        like.destroy()
        A.setSizes([size, size])
        A.setType(PETSc.Mat.Type.PYTHON)
        A.setPythonContext(context)
        A.setUp()
        return A


class BlockMatrix:
    """Matrix context: J and Jᵀ of the current blocks."""

    def __init__(self, layout):
        self.layout, self.blocks, self.active = layout, None, None

    def mult(self, _mat, x, y):
        u = self.layout.to_array(x)
        out = self.blocks.product(self.layout.ranks.gather(u))
        for s in range(len(out)):
            if s not in self.active:
                out[s] = u[s]
        self.layout.to_vector(out, y)

    def multTranspose(self, _mat, x, y):
        self.layout.to_vector(self.blocks.product_transposed(self.layout.to_array(x)), y)


class Sweeps:
    """Preconditioner context: one exact sweep, or a down and an up sweep where momentum flows both ways.

    `exact`: species with momentum flowing both ways by a factorisation instead, where sweeps follow too slowly.
    `forced`: add what a given f at the top lets in and the offsets of stiff fluxes.
    """

    def __init__(self, matrix):
        self.matrix, self.exact, self.forced = matrix, False, False

    def setUp(self, _pc):
        pass

    def apply(self, _pc, b, x):
        m = self.matrix
        layout, blocks = m.layout, m.blocks
        rhs = layout.view(b)
        u = x.getArray().reshape(layout.shape)
        blocks.sweep(rhs, layout.ranks, m.active, down=True, exact=self.exact, forced=self.forced, out=u)
        if not (self.exact or blocks.triangular):
            rest = rhs - blocks.product(layout.ranks.gather(u))
            for s in range(len(rest)):
                if s not in m.active:
                    rest[s] = 0.0
            u += blocks.sweep(rest, layout.ranks, m.active, down=False)

    def applyTranspose(self, _pc, b, x):
        m = self.matrix
        m.layout.to_vector(m.blocks.solve_transposed(m.layout.to_array(b)), x)
