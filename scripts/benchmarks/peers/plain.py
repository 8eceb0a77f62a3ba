"""What physicists write themselves, with numpy and scipy: splitting with Crank–Nicolson, and solve_ivp by lines.

One thing that is not a peer but a floor: the linear slab by one banded solve per momentum, no time at all.
"""

import numpy as np
import scipy.sparse as sp
from scipy.integrate import BDF
from scipy.linalg import lu_factor, lu_solve, solve_banded

from . import problems as p
from .cases import main


def bands(d):
    """Banded matrix of (v u − d u_z)_z on cells: central diffusion, upwind advection, no flux at 0, u(H) = 0."""
    n, h = p.CELLS, p.DZ
    ab = np.zeros((3, n))
    ab[0, 1:], ab[2, :-1] = -d / h**2, -(p.V / h + d / h**2)
    ab[1] = p.V / h + 2 * d / h**2
    ab[1, 0], ab[1, -1] = p.V / h + d / h**2, 3 * d / h**2 + 0 * p.V
    return ab


def product(ab, u):
    out = ab[1] * u
    out[1:] += ab[2, :-1] * u[:-1]
    out[:-1] += ab[0, 1:] * u[1:]
    return out


def slab_direct():
    rhs = np.zeros(p.CELLS)
    rhs[0] = 1.0 / p.DZ
    u = np.stack([solve_banded((1, 1), bands(d), rhs, check_finite=False) for d in p.diffusion(p.P_SLAB)])
    return p.slab_error(u), 1


def slab_crank_nicolson(dt):
    def run():
        steps, u = round(p.AGE / dt), np.zeros((len(p.P_SLAB), p.CELLS))
        for k, d in enumerate(p.diffusion(p.P_SLAB)):
            A = bands(d)
            left = 0.5 * dt * A
            left[1] += 1.0
            w = u[k]
            for _ in range(steps):
                r = w - 0.5 * dt * product(A, w)
                r[0] += dt / p.DZ
                w = solve_banded((1, 1), left, r, check_finite=False)
            u[k] = w
        return p.slab_error(u), steps

    return run


def by_lines(rhs, jacobian, size, end, rtol, atol, error, max_step=np.inf):
    """scipy's BDF from zero to `end`: (error, steps)."""
    solver = BDF(rhs, 0.0, np.zeros(size), end, rtol=rtol, atol=atol, max_step=max_step, **jacobian)
    steps = 0
    while solver.status == "running":
        message = solver.step()
        steps += 1
    if solver.status == "failed":
        raise RuntimeError(message)
    return error(solver.y), steps


def sparse(ab):
    return sp.diags([ab[2, :-1], ab[1], ab[0, 1:]], [-1, 0, 1])


TRIDIAGONAL = {"jac_sparsity": sp.diags([np.ones(p.CELLS - 1), np.ones(p.CELLS), np.ones(p.CELLS - 1)], [-1, 0, 1])}


def slab_lines():
    A = sp.block_diag([sparse(bands(d)) for d in p.diffusion(p.P_SLAB)], format="csc")
    s = np.zeros((len(p.P_SLAB), p.CELLS))
    s[:, 0] = 1.0 / p.DZ
    s = s.ravel()
    return by_lines(lambda t, y: s - A @ y, {"jac": -A}, s.size, p.AGE, 1e-3, 1e-4,
                    lambda y: p.slab_error(y.reshape(-1, p.CELLS)))


# ---- losses ----------------------------------------------------------------------------------------------------------------


def loss_matrix():
    """L with ∂_p(hb n) = L n at the centres: upwind of second order in ln p, nothing in from above."""
    n = len(p.P_LOSSES)
    w = np.zeros((n + 1, n))
    for f in range(n):
        w[f, f] = 1.5
        if f + 1 < n:
            w[f, f + 1] = -0.5
    w *= (p.disc_speed(p.P_FACES) * p.P_FACES)[:, None]
    return (w[1:] - w[:-1]) / np.diff(p.P_FACES)[:, None]


def mean_source():
    a = 1.0 - p.SLOPE
    return (p.P_FACES[1:] ** a - p.P_FACES[:-1] ** a) / a / np.diff(p.P_FACES)


def losses_lines():
    A = sp.block_diag([sparse(bands(d)) for d in p.diffusion(p.P_LOSSES)], format="csr")
    first = sp.csr_matrix(([1.0], ([0], [0])), shape=(p.CELLS, p.CELLS))
    A = (A - sp.kron(sp.csr_matrix(loss_matrix()), first) / p.DZ).tocsc()
    s = np.zeros((len(p.P_LOSSES), p.CELLS))
    s[:, 0] = mean_source() / p.DZ
    s = s.ravel()
    return by_lines(lambda t, y: s - A @ y, {"jac": -A}, s.size, p.AGE, 1e-3, 1e-8,
                    lambda y: p.losses_error(y.reshape(-1, p.CELLS)))


def losses_splitting(dt):
    """Strang: half a step in p in the first cell, Crank–Nicolson in z, half a step in p; as textbooks and codes do."""

    def run():
        L, eye = loss_matrix() / p.DZ, np.eye(len(p.P_LOSSES))
        half, forward = lu_factor(eye - 0.25 * dt * L), eye + 0.25 * dt * L
        operators = [bands(d) for d in p.diffusion(p.P_LOSSES)]
        left = [0.5 * dt * A + np.array([[0.0], [1.0], [0.0]]) for A in operators]
        s, u, steps = mean_source() / p.DZ, np.zeros((len(p.P_LOSSES), p.CELLS)), round(p.AGE / dt)
        for _ in range(steps):
            u[:, 0] = lu_solve(half, forward @ u[:, 0], check_finite=False)
            for k, A in enumerate(operators):
                r = u[k] - 0.5 * dt * product(A, u[k])
                r[0] += dt * s[k]
                u[k] = solve_banded((1, 1), left[k], r, check_finite=False)
            u[:, 0] = lu_solve(half, forward @ u[:, 0], check_finite=False)
        return p.losses_error(u), steps

    return run


# ---- nonlinear: flux q of the slope a >= 0 or < 0 ------------------------------------------------------------------------------


def nlld_flux(a):
    return a * (a * a + p.SMALL**2) ** -0.25


def front_flux(a):
    return a / np.sqrt(a * a + p.FREE**2)


def slopes(u):
    """On the upper faces of the cells, (…, cells); the last cell is half a cell from u = 0."""
    return np.concatenate([u[..., :-1] - u[..., 1:], 2.0 * u[..., -1:]], -1) / p.DX


def rate(flux, source, u, t):
    F = flux(slopes(u))
    F[..., :-1] += u[..., :-1]
    return np.diff(F, prepend=np.full((*F.shape[:-1], 1), source(t))) / -p.DX


def lagged(flux, source, dt, end, error):
    """The usual shortcut: κ from the last step, Crank–Nicolson for the rest; u_t + (u + κ a)_x = 0."""

    def run():
        steps, u = round(end / dt), np.zeros(p.CELLS)
        for i in range(steps):
            a = slopes(u)
            a = np.where(np.abs(a) < 1e-12, 1e-12, a)
            k = flux(a) / a / p.DX
            k[-1] *= 2.0
            ab = np.zeros((3, p.CELLS))
            ab[1] = k
            ab[1, :-1] += 1.0
            ab[1, 1:] += k[:-1]
            ab[0, 1:], ab[2, :-1] = -k[:-1], -(1.0 + k[:-1])
            ab /= p.DX
            r = u - 0.5 * dt * product(ab, u)
            r[0] += dt * source((i + 0.5) * dt) / p.DX
            ab *= 0.5 * dt
            ab[1] += 1.0
            u = solve_banded((1, 1), ab, r, check_finite=False)
        return error(u), steps

    return run


def lines(flux, source, end, rtol, error, max_step=np.inf):
    return lambda: by_lines(lambda t, u: rate(flux, source, u, t), TRIDIAGONAL, p.CELLS, end, rtol, 1e-3 * rtol, error, max_step)


def one_by_one(runs, error):
    """One momentum after the other; runs: those of the momenta, with the solution in place of an error."""

    def run():
        rows = [run() for run in runs]
        return error(np.stack([u for u, _ in rows])), rows[0][1]

    return run


def itself(u):
    return u


def damped_lagged(dt, end):
    runs = [lagged(lambda a, X=X: X * nlld_flux(a), constant, dt, end, itself) for X in p.DAMPING]
    return one_by_one(runs, p.damped_error)


def damped_lines():
    shape = len(p.DAMPING), p.CELLS
    pattern = sp.block_diag([TRIDIAGONAL["jac_sparsity"]] * shape[0], format="csc")

    def flux(a):
        return p.DAMPING[:, None] * nlld_flux(a)

    return by_lines(lambda t, y: rate(flux, constant, y.reshape(shape), t).ravel(), {"jac_sparsity": pattern},
                    shape[0] * shape[1], 20.0, 1e-4, 1e-7, lambda y: p.damped_error(y.reshape(shape)))


def front_lagged(step, error=p.front_error):
    return lagged(front_flux, p.front_source, step * p.FRONT_END, p.FRONT_END, error)


def fronts_lagged(step):
    return one_by_one([front_lagged(step, itself) for _ in p.P_SLAB], p.front_error)


def constant(t):
    return 1.0


CASES = [
    ("slab", "numpy, banded solve per p, no time (floor)", slab_direct),
    ("slab", "Crank–Nicolson, 3 Myr", slab_crank_nicolson(3.0)),
    ("slab", "Crank–Nicolson, 0.3 Myr", slab_crank_nicolson(0.3)),
    ("slab", "scipy BDF, exact Jacobian", slab_lines),
    ("nlld", "Crank–Nicolson, κ of the last step, 0.02", lagged(nlld_flux, constant, 0.02, 20.0, p.nlld_error)),
    ("nlld", "scipy BDF, sparse Jacobian", lines(nlld_flux, constant, 20.0, 1e-4, p.nlld_error)),
    ("damped", "Crank–Nicolson, κ of the last step, 0.02", damped_lagged(0.02, 20.0)),
    ("damped", "scipy BDF, sparse Jacobian", damped_lines),
    ("losses", "Crank–Nicolson, Strang splitting, 3 Myr", losses_splitting(3.0)),
    ("losses", "Crank–Nicolson, Strang splitting, 0.2 Myr", losses_splitting(0.2)),
    ("losses", "scipy BDF, exact Jacobian", losses_lines),
    ("front", "Crank–Nicolson, κ of the last step, 1e-3", front_lagged(1e-3)),
    ("front", "Crank–Nicolson, κ of the last step, 1e-4", front_lagged(1e-4)),
    ("front", "scipy BDF, sparse Jacobian", lines(front_flux, p.front_source, p.FRONT_END, 1e-4, p.front_error)),
    ("fronts", "Crank–Nicolson, κ of the last step, 1e-3", fronts_lagged(1e-3)),
    ("fronts", "Crank–Nicolson, κ of the last step, 1e-4", fronts_lagged(1e-4)),
]

if __name__ == "__main__":
    main(CASES)
