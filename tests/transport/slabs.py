"""Transport problems without decks for the tests of `solver.transport`: coefficients by formula, any units, any sign.

`slab` puts formulas on a grid; `solve` and `march` run it and give physical f with the top node; `random_slab` has
every term the discrete equation knows, with coefficients of order one.
"""

from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp

from solver.transport.grid import make_grid
from solver.transport.jacobian import linearise
from solver.transport.layout import Layout
from solver.transport.march import Control, March
from solver.transport.newton import NewtonPath
from solver.transport.problem import Secondary, TransportProblem
from solver.transport.scales import row_scales
from solver.transport.system import Point, System


def slab(cells, tops=(1.0,), kinks=(), stretch=1.0, R=(1.0, 100.0, 12), species=1, waves=0, v=1.0, S=0.0, X=0.0,
         confined=True, nu=0.0, ratio=1.0, Q=1.0, slope=4.3, bulk_loss=0.0, disc_loss=0.0, sink=0.0, bulk=None, top=0.0,
         v_top=None, adiabatic=True, open_end=True, secondaries=(), names=(), others=()):
    """A TransportProblem on `cells` intervals up to tops[-1] and R[2] intervals of rigidity between R[0] and R[1].

    Coefficients are numbers or functions: v(z, layer), S and X(z, R, layer), nu(z, R, layer), others {m: Y(z, R, layer)},
    bulk_loss(z, R, layer) on
    broadcast (R, z) [per volume, −ṗ/p], confined(layer), disc_loss(R) = h/τ and sink(R) at the disc [speeds], Q(R, t)
    per side [default R^−slope], bulk(z, R, t) per volume at nodes, top (number, function of R, or None for outflow).
    """
    grid = make_grid(tops, kinks, cells, stretch, R[0], R[1], R[2])
    z, Rk, layer = grid.z_face, grid.R[:, None], grid.layer
    R_faces = np.append(grid.R * np.exp(-grid.dx / 2), grid.R[-1] * np.exp(grid.dx / 2))
    nR, nf, nz = len(grid.R), len(z), len(grid.z)

    def on(c, *arguments, shape):
        return np.array(np.broadcast_to(c(*arguments) if callable(c) else c, shape), float)

    slope = np.broadcast_to(np.asarray(slope, float), (species,)).copy()
    speed = on(v, z, layer, shape=(nf,))
    rate = on(bulk_loss, z, R_faces[:, None], layer, shape=(nR + 1, nf))
    integrated = np.zeros((nR + 1, nz))
    integrated[:, :-1] += rate * grid.dz / 2
    integrated[:, 1:] += rate * grid.dz / 2
    loss = np.tile(integrated, (species, 1, 1))
    loss[:, :, 0] += on(disc_loss, R_faces, shape=(nR + 1,))
    sinks = np.zeros((species, nR, nz))
    sinks[:, :, 0] = on(sink, grid.R, shape=(nR,))

    def disc(t):
        if callable(Q):
            return np.array(np.broadcast_to(Q(grid.R, t), (species, nR)), float)
        return Q * grid.R**-slope[:, None]

    def source(t):
        return np.array(np.broadcast_to(bulk(grid.z, Rk, t), (species, nR, nz)), float)

    height_top = grid.z[-1]
    if v_top is None:
        v_top = float(on(v, np.array([height_top]), layer[-1:], shape=(1,))[0])
    return TransportProblem(
        grid=grid, v=speed, S=on(S, z, Rk, layer, shape=(nR, nf)), X=on(X, z, Rk, layer, shape=(nR, nf)),
        confined=on(confined, layer, shape=(nf,)).astype(bool),
        nu=np.tile(on(nu, z, Rk, layer, shape=(nR, nf)), (species, 1, 1)),
        depth_ratio=np.broadcast_to(np.asarray(ratio, float), (species, nR)).copy(), waves=waves, loss=loss,
        bulk_loss=np.tile(rate, (species, 1, 1)), sink=sinks, disc=disc,
        bulk=None if bulk is None else source, secondaries=tuple(secondaries),
        top=None if top is None else on(top, grid.R, shape=(species, nR)), slope=slope,
        v_top=v_top if top is None else 0.0, adiabatic=adiabatic, open_end=open_end, names=names,
        others=tuple((m, on(Y, z, Rk, layer, shape=(nR, nf))) for m, Y in dict(others).items()))


def layout_of(problem):
    return Layout(problem.species, len(problem.grid.R), problem.nodes)


def zeros(problem):
    return np.zeros((problem.species, len(problem.grid.R), problem.nodes))


def solve(problem, start=None, tau=np.inf, t=0.0, f_known=None, tolerance=1e-10, scales=None):
    """One nonlinear solve: f (species, R, z incl. top), outcome, system, newton, V, F; `start`: scaled node values."""
    V, F = row_scales(problem, f_known) if scales is None else scales
    layout = layout_of(problem)
    system, newton = System(problem, V, F, layout.rows), NewtonPath(layout, tolerance)
    system.set_step(f_known, tau, t)
    outcome = newton.run(system, zeros(problem) if start is None else start)
    f = outcome.point.u * F[:, :, None]
    if problem.top is not None:
        f = np.concatenate([f, problem.top[..., None]], -1)
    return SimpleNamespace(f=f, outcome=outcome, system=system, newton=newton, V=V, F=F)


def march(problem, f0=None, observers=(), tolerance=1e-10, **control):
    """March a problem; the March, with its status set."""
    run = March(problem, layout_of(problem), Control(**control), f0, tolerance, observers=observers)
    run.status = run.run()
    return run


def random_slab(seed, heat=False, top="value", cells=12, rigidities=7):
    """Three species, two layers, all terms, coefficients of order one.

    By seed X = 0, S = 0 or neither, and the lower layer with or without waves; `heat`: v of both signs, momentum
    flowing both ways.
    """
    rng = np.random.default_rng(seed)
    grid = make_grid([1.0, 2.5], [0.7], cells, 3.0, 1.0, 10.0, rigidities)
    nR, nf, nz = rigidities + 1, cells, cells + 1
    if heat:
        v = np.where(grid.layer == 0, -0.7 + 0.4 * grid.z_face, 0.8 - 0.5 * grid.z_face)
    else:
        v = np.where(grid.layer == 0, 0.3 + 0.4 * grid.z_face, 1.5 + 0.5 * grid.z_face)
    confined = grid.layer == 1 if seed % 2 else np.ones(nf, bool)
    S = (10 ** rng.uniform(-2, 1) * grid.R**-0.5)[:, None] * (1 + 0.3 * grid.z_face)
    X = (10 ** rng.uniform(-1, 1) * grid.R**-0.3)[:, None] * (1 + 0.1 * grid.z_face**2)
    S, X = S * (seed % 3 != 0), X * (seed % 3 != 1)
    loss = rng.uniform(0, 1, (3, nR + 1, nz))
    W = sp.csr_matrix(rng.uniform(0, 1, (nR, nR)) * (rng.random((nR, nR)) < 0.3))
    bulk = rng.uniform(0.2, 0.4, (3, nR, nz))
    return TransportProblem(
        grid=grid, v=v, S=S, X=X, confined=confined, nu=rng.uniform(0.1, 2, (3, 1, 1)) * np.ones((3, nR, nf)),
        depth_ratio=rng.uniform(0.8, 1.2, (3, nR)), waves=0, loss=loss, bulk_loss=0.3 * loss[..., :-1],
        sink=rng.uniform(0, 0.3, (3, nR, nz)), disc=lambda t: np.tile(grid.R**-0.5, (3, 1)), bulk=lambda t: bulk,
        secondaries=(Secondary(0, 2, W), Secondary(1, 2, 0.5 * W)),
        top=None if top == "outflow" else rng.uniform(0, 0.1, (3, nR)), slope=np.array([2.5, 3.0, 2.0]),
        v_top=float(v[-1]))


def random_state(problem, seed):
    """A system at random positive scaled node values: (system, u); odd seeds have a time step."""
    rng = np.random.default_rng(1000 + seed)
    V, F = row_scales(problem)
    system = System(problem, V, F)
    known = F[:, :, None] * rng.uniform(0.5, 1.5, (problem.species, len(problem.grid.R), len(problem.grid.z)))
    system.set_step(known, 0.3 if seed % 2 else np.inf, 0.0)
    return system, rng.uniform(0.3, 2.0, (problem.species, len(problem.grid.R), problem.nodes))


def linearised(system, u, exact=True):
    """(Blocks, right-hand side) of the residual's own Jacobian at u, waves of the nuclei included."""
    a = system.slope(u)[system.w] if system.w is not None else None
    nu = system.nu[system.w] if system.w is not None else None
    point = Point(u, a, None if a is None else system.law.q(a, nu))
    blocks, rhs = linearise(system, point, nu, exact=exact)
    blocks.wave_species = system.w
    rhs -= blocks.product(np.zeros_like(u), forced=True)
    rhs[..., -1] += blocks.given
    return blocks, rhs


def orders(errors, ratio=2.0):
    """Observed orders between successive grids refined by `ratio`."""
    errors = np.asarray(errors, float)
    return np.log(errors[:-1] / errors[1:]) / np.log(ratio)
