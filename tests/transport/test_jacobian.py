"""The exact Jacobian against finite differences, its products and solves against each other, and PETSc's view of it."""

import numpy as np
import pytest
import scipy.sparse as sp
from slabs import layout_of, linearised, random_slab, random_state, slab, solve

from solver.transport.layout import BlockMatrix, Sweeps
from solver.transport.linear import Blocks
from solver.transport.newton import NewtonPath
from solver.transport.problem import Secondary
from solver.transport.ranks import Ranks
from solver.transport.scales import row_scales
from solver.transport.system import System

STEPS = 1e-3, 1e-4, 2e-5  # of the differences, relative to node values of order one and slopes |Δu| of at least 0.1
# Five-point differences, of which the nearest counts: truncation (STEP/length)⁴ where a law bends over the length >= 0.002 (a
# correction near its bound or near −q), 1e-8; rounding 2e-16/STEP = 2e-12 of the row's terms, a thousand times that where a
# full face has lost three digits and tens of thousands where ∂t f there is limited by what ∂z S leaves (so the longest step);
# ∂z q|_a is itself differenced to 1e-10.
DIFFERENCES = 1e-8
ROUNDING = 1e-13         # of products: a few dozen terms of the size of the row's largest entry


def walk(shape, rng):
    """Random positive node values; steps in z go both ways but keep away from the laws' singular point, slope 0."""
    steps = rng.uniform(0.1, 0.5, shape) * rng.choice([-1.0, 1.0], shape)
    u = np.cumsum(steps, -1)
    return u - u.min(-1, keepdims=True) + rng.uniform(0.3, 1.0, (*shape[:2], 1))


def by_differences(system, u, step):
    """∂residual/∂u as a dense matrix, column by column."""
    out = np.empty((u.size, u.size))
    for i in range(u.size):
        d = np.zeros(u.size)
        d[i] = step
        d = d.reshape(u.shape)
        one = system.residual(u + d) - system.residual(u - d)
        two = system.residual(u + 2 * d) - system.residual(u - 2 * d)
        out[:, i] = ((8 * one - two) / (12 * step)).ravel()
    return out


def check(system, u):
    """Jacobian equal to the differences, relative to each row's largest entry, and J u − rhs equal to the residual."""
    blocks, rhs = linearised(system, u)
    J = blocks.to_csr().toarray()
    numeric = np.stack([by_differences(system, u, step) for step in STEPS])
    error = (np.abs(J - numeric) / np.abs(numeric).max(-1, keepdims=True)).min(0)
    worst = [np.unravel_index(i, u.shape) for i in np.unravel_index(error.argmax(), error.shape)]
    assert error.max() <= DIFFERENCES, f"∂row{worst[0]}/∂u{worst[1]} off by {error.max():.1e} of the row"
    size = np.abs(J) @ np.abs(u.ravel()) + np.abs(rhs.ravel())
    assert np.all(np.abs(J @ u.ravel() - rhs.ravel() - system.residual(u).ravel()) <= ROUNDING * size)


# ---- term by term --------------------------------------------------------------------------------------------------

PARENT = Secondary(0, 1, sp.csr_matrix(np.triu(np.full((6, 6), 0.3))))
WAVY = {"v": lambda z, layer: 1 + 1.5 * np.sin(6 * z)}
TERMS = {
    "scattering": {"v": 0.0, "nu": lambda z, R, layer: (1 + z) * R**-0.3, "waves": None},
    "streaming": {"v": 1.0, "waves": None, "nu": 1e9},
    "inward flow": {"v": -1.0, "nu": 0.5, "waves": None},
    "advection and scattering": {"nu": 0.7, "waves": None},
    "linear damping": {"S": 0.4, "nu": 0.1},
    "linear damping that varies, hardly scattered": {"S": lambda z, R, layer: 0.4 + 0.3 * z, "nu": 1e-3,
                                                     "v": lambda z, layer: 1 + z},
    "linear damping that falls": {"S": lambda z, R, layer: 0.4 - 0.3 * z, "nu": 1e-3},
    "nonlinear damping": {"X": 0.8, "nu": 0.1},
    "both dampings": {"S": 0.4, "X": 0.8, "nu": 0.1},
    "damping of another power": {"others": {2.5: 0.8}, "nu": 0.1},
    "dampings of all powers": {"S": 0.4, "X": 0.5, "others": {0.6: 0.7, 3.0: 0.3}, "nu": 0.1},
    "dampings of all powers that vary": {"S": lambda z, R, layer: 0.4 + z, "X": lambda z, R, layer: 0.8 / (1 + z),
                                         "others": {2.0: lambda z, R, layer: 0.5 + z**2, 0.5: 0.3}, "nu": 0.3},
    "powers that differ from layer to layer": {
        "tops": (0.4, 1.0), "X": lambda z, R, layer: 0.8 * (layer == 0), "nu": 0.3,
        "others": {3.0: lambda z, R, layer: 0.6 * (layer == 1) * (1 + z)}},
    "dampings that vary": {"S": lambda z, R, layer: 0.4 + z, "X": lambda z, R, layer: 0.8 / (1 + z), "nu": 0.3},
    "dampings without flow": {"v": 0.0, "S": 0.2, "X": 0.8, "nu": 0.4},
    "speed that varies": {"v": lambda z, layer: 1 + z, "S": 0.4, "X": 0.8, "nu": 0.3},
    "heating": {**WAVY, "S": 0.4, "X": 0.8, "nu": 0.3},
    "heating without adiabatic term": {**WAVY, "X": 0.8, "nu": 0.3, "adiabatic": False},
    "disc losses": {"disc_loss": lambda R: 0.5 / R, "X": 0.8, "nu": 0.3},
    "catastrophic losses": {"sink": lambda R: 0.5 / R, "X": 0.8, "nu": 0.3},
    "bulk losses": {"bulk_loss": lambda z, R, layer: 0.3 / R + 0 * z, "X": 0.8, "nu": 0.3},
    "bulk source": {"bulk": lambda z, R, t: R**-4.3 * (1 - z), "X": 0.8, "nu": 0.3},
    "closed momentum ends": {"open_end": False, "disc_loss": lambda R: 0.5 / R, "v": lambda z, layer: 1 - 2 * z,
                             "nu": 1.0, "waves": None},
    "two layers": {"tops": (0.4, 1.0), "confined": lambda layer: layer == 1, "v": lambda z, layer: 1.0 * layer,
                   "X": 0.8, "nu": lambda z, R, layer: np.where(layer == 0, 1.0, 1e-3)},
    "nuclei in the protons' waves": {"species": 2, "ratio": [[1.0], [1.2]], "S": 0.4, "X": 0.8, "nu": 0.3},
    "secondaries": {"species": 2, "secondaries": (PARENT,), "waves": None, "nu": 0.6},
    "secondaries in the protons' waves": {"species": 2, "secondaries": (PARENT,), "X": 0.8, "nu": 0.2, **WAVY},
}


@pytest.mark.parametrize(("step", "top"), [(np.inf, 0.05), (np.inf, None), (0.3, 0.0)],
                         ids=["steady-value", "steady-outflow", "step-zero"])
@pytest.mark.parametrize("term", TERMS)
def test_jacobian_of_every_term(term, step, top):
    """Each term alone or with the damping it needs, under each boundary, steady and in a time step."""
    problem = slab(6, R=(1.0, 10.0, 5), **{"top": top, **TERMS[term]})
    rng = np.random.default_rng(7)
    V, F = row_scales(problem)
    system = System(problem, V, F)
    shape = (problem.species, 6, problem.nodes)
    known = F[:, :, None] * rng.uniform(0.5, 1.5, (problem.species, 6, 7))
    system.set_step(known, step if np.isinf(step) else step / V.max(), 0.0)
    check(system, walk(shape, rng))


@pytest.mark.parametrize("seed", range(12))
def test_jacobian_of_all_terms_together(seed):
    """Three species, all terms, heating in half of them, every boundary; random positive states."""
    problem = random_slab(seed, heat=seed % 4 > 1, top="outflow" if seed % 5 == 0 else "value", cells=6, rigidities=3)
    system, u = random_state(problem, seed)
    check(system, walk(u.shape, np.random.default_rng(seed)))


# ---- products and solves -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(8))
def test_products_are_those_of_the_matrix(seed):
    """J u, Jᵀ y and the sparse matrix are three forms of one operator, exact tangents included."""
    system, u = random_state(random_slab(seed, heat=seed % 4 > 1, top="outflow" if seed % 5 == 0 else "value"), seed)
    blocks, _ = linearised(system, u)
    J = blocks.to_csr()
    y = np.random.default_rng(seed).normal(size=u.shape)
    for got, matrix, x in ((blocks.product(u), J, u), (blocks.product_transposed(y), J.T, y)):
        assert np.all(np.abs(got.ravel() - matrix @ x.ravel()) <= ROUNDING * (np.abs(matrix) @ np.abs(x.ravel())))


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 8, 9])
def test_one_sweep_is_the_exact_inverse_where_momentum_only_falls(seed):
    """Forward and transposed, with and without the waves' tangent; residual relative to the terms of each row."""
    system, u = random_state(random_slab(seed, top="outflow" if seed % 5 == 0 else "value"), seed)
    for exact in (False, True):
        blocks, rhs = linearised(system, u, exact)
        assert blocks.triangular
        J = blocks.to_csr()
        for x, matrix, b in ((blocks.sweep(rhs, Ranks()), J, rhs), (blocks.solve_transposed(u), J.T, u)):
            terms = np.abs(matrix) @ np.abs(x.ravel()) + np.abs(b.ravel())
            assert np.all(np.abs(matrix @ x.ravel() - b.ravel()) <= ROUNDING * terms)


def test_upward_flux_alone_is_solved_by_one_sweep_too():
    """Compression everywhere: the matrix is triangular the other way round."""
    problem = slab(10, v=lambda z, layer: -z, R=(1.0, 10.0, 6), X=0.7, nu=0.5, top=0.1)
    system, u = random_state(problem, 1)
    blocks, rhs = linearised(system, u)
    assert blocks.triangular
    assert min(o for _, o in blocks.couplings) == -2
    assert max(o for _, o in blocks.couplings) == -1
    J = blocks.to_csr()
    for x, matrix, b in ((blocks.sweep(rhs, Ranks()), J, rhs), (blocks.solve_transposed(u), J.T, u)):
        terms = np.abs(matrix) @ np.abs(x.ravel()) + np.abs(b.ravel())
        assert np.all(np.abs(matrix @ x.ravel() - b.ravel()) <= ROUNDING * terms)


# ---- PETSc ---------------------------------------------------------------------------------------------------------

def petsc(problem, blocks):
    """(matrix, context, vector, vector) of the shell with the blocks in it."""
    layout = layout_of(problem)
    context = BlockMatrix(layout)
    context.blocks, context.active = blocks, range(problem.species)
    A = layout.matrix(context)
    A.assemble()
    return layout, A, context, layout.vector(), layout.vector()


@pytest.mark.parametrize("seed", [2, 5])
def test_shell_matrix_is_the_jacobian(seed):
    """MatMult and MatMultTranspose, in PETSc's order of unknowns (z fastest, then R, then species)."""
    problem = random_slab(seed, heat=seed == 2)
    system, u = random_state(problem, seed)
    blocks, _ = linearised(system, u)
    J = blocks.to_csr()
    layout, A, _, x, y = petsc(problem, blocks)
    layout.to_vector(u, x)
    np.testing.assert_array_equal(x.getArray(), u.ravel())
    np.testing.assert_array_equal(layout.to_array(x), u)
    for apply, matrix in ((A.mult, J), (A.multTranspose, J.T)):
        apply(x, y)
        got = layout.to_array(y).ravel()
        assert np.all(np.abs(got - matrix @ u.ravel()) <= ROUNDING * (np.abs(matrix) @ np.abs(u.ravel())))


CLOSURES = {
    "turbulence": {"waves": None, "nu": 1.0},
    "nonlinear damping": {"X": lambda z, R, layer: 0.8 * R**-2.15 + 0 * z, "nu": 0.2},
    "both dampings": {"S": lambda z, R, layer: 0.3 * R**-4.3 + 0 * z, "X": lambda z, R, layer: 0.8 * R**-2.15 + 0 * z,
                      "nu": 0.2},
}
def krylov_counts(problem, monkeypatch):
    """GMRES iterations of every linear step of a solve from zero, and the outcome."""
    counts, step = [], NewtonPath.linear_step

    def counted(self, *arguments):
        out = step(self, *arguments)
        counts.append(out[1])
        return out

    monkeypatch.setattr(NewtonPath, "linear_step", counted)
    return counts, solve(problem).outcome


@pytest.mark.parametrize("wave", [0.5, 1.0])
@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize("grid", [(30, 24), (80, 64)], ids=["coarse", "fine"])
def test_few_krylov_iterations_where_momentum_flows_both_ways(wave, grid, closure, monkeypatch):
    """v = 1 + wave sin 6z heats and cools in turn: the down and up sweeps precondition GMRES so that every linear step
    of the nonlinear solve takes at most 12 iterations to 1e-10 (α = 3: compression alone makes nothing grow).
    """
    problem = slab(grid[0], v=lambda z, layer: 1 + wave * np.sin(6 * z), R=(1.0, 1e3, grid[1]), slope=3.0,
                   **CLOSURES[closure])
    counts, outcome = krylov_counts(problem, monkeypatch)
    assert outcome.converged
    assert 1 < max(counts) <= 12


def test_krylov_reaches_its_tolerance():
    """GMRES bounds the preconditioned residual by 1e-10; the true one is larger by the sweeps' condition at most."""
    problem = slab(40, v=lambda z, layer: 1 + np.sin(6 * z), R=(1.0, 1e3, 32), waves=None, nu=1.0)
    system, u = random_state(problem, 0)
    blocks, rhs = linearised(system, np.ones_like(u) * (1 - 0.5 * problem.grid.z[:-1]))
    assert not blocks.triangular
    newton = NewtonPath(layout_of(problem))
    out, _ = newton.linear_step(blocks, rhs.copy(), np.zeros_like(u), [0])
    assert newton.snes.getKSP().getConvergedReason() > 0
    assert np.linalg.norm(blocks.product(out) - rhs) <= 1e-8 * np.linalg.norm(rhs)


def test_preconditioner_is_the_inverse_of_a_triangular_shell():
    """PREONLY with the sweep solves J x = b; the transposed application solves Jᵀ x = b."""
    problem = random_slab(5)
    system, u = random_state(problem, 5)
    blocks, rhs = linearised(system, u)
    layout, _, context, b, x = petsc(problem, blocks)
    layout.to_vector(rhs, b)
    pc, J = Sweeps(context), blocks.to_csr()
    for apply, matrix in ((pc.apply, J), (pc.applyTranspose, J.T)):
        apply(None, b, x)
        got = layout.to_array(x).ravel()
        terms = np.abs(matrix) @ np.abs(got) + np.abs(rhs.ravel())
        assert np.all(np.abs(matrix @ got - rhs.ravel()) <= ROUNDING * terms)


def test_species_that_wait_are_left_alone():
    """While the path is followed only the protons are solved for: rows of the others are the identity."""
    problem = random_slab(1)
    system, u = random_state(problem, 1)
    blocks, rhs = linearised(system, u, exact=False)
    newton = NewtonPath(layout_of(problem))
    out, _ = newton.linear_step(blocks, rhs.copy(), u, [0])
    np.testing.assert_array_equal(out[1:], u[1:])
    assert not np.allclose(out[0], u[0])


@pytest.mark.parametrize("heat", [False, True])
def test_nuclei_alone_are_solved_for_given_protons(heat):
    """Where protons are solved and left as they are, their rows are the identity and what nuclei owe them a given source.

    GMRES bounds the preconditioned residual by 1e-10 of what it begins with; a random state makes that a hundred times the terms
    and sweeps ten times worse, so 1e-7 of the terms.
    """
    problem = random_slab(1, heat=heat)
    system, u = random_state(problem, 1)
    blocks, rhs = linearised(system, u, exact=False)
    blocks.given[:] = 0.0  # `linearised` has it in rhs
    newton = NewtonPath(layout_of(problem))
    out, _ = newton.linear_step(blocks, rhs.copy(), u, [1, 2])
    np.testing.assert_array_equal(out[0], u[0])
    rest, terms = blocks.product(out) - rhs, np.abs(blocks.to_csr()) @ np.abs(out.ravel()) + np.abs(rhs.ravel())
    assert np.abs(rest[1:]).max() <= (1e-7 if heat else ROUNDING) * terms.max()


def test_a_factorisation_keeps_what_flat_rows_lose():
    """κ that makes f flat to rounding: the sum of a conductance of 1e18 and losses of order one has no digit of the losses."""
    rows, nodes = 5, 7
    rng = np.random.default_rng(3)
    blocks = Blocks.empty(1, rows, nodes, slice(0, rows))
    losses, gains = rng.uniform(3.0, 4.0, (rows, nodes)), rng.uniform(0.0, 1.0, (2, rows, nodes))
    blocks.diagonal(0)[:] = losses
    for o, gain in zip((1, -1), gains, strict=True):
        blocks.gain(0, o, slice(None), gain)
    rhs, ones = np.zeros((1, rows, nodes)), np.ones((rows, nodes - 1))
    rhs[..., 0] = 1.0
    blocks.flow(0, 1e18 * ones, 0.3 * ones, 0.0 * ones, None, rhs[0], np.ones((rows, nodes)))
    # every row is one box: what it loses less what it gains is what is injected
    box = np.diag(losses.sum(-1)) - np.diag(gains[0].sum(-1)[:-1], 1) - np.diag(gains[1].sum(-1)[1:], -1)
    flat = np.linalg.solve(box, rhs.sum((0, 2)))
    got = blocks.sweep(rhs, Ranks(), exact=True)[0]
    np.testing.assert_allclose(got, np.repeat(flat[:, None], nodes, 1), rtol=1e-13)
