"""Stage floor: a Newton step of the solver against the least that any program for the same equations must do.

The floor assembles, from the coefficients and the last state, one tridiagonal system per species and rigidity (flux law of
the protons linearised at their slopes, conduction of the nuclei, losses and adiabatic gains from the rigidities above, the
parents' secondaries) and solves them with LAPACK, slice after slice from the highest rigidity down.  It does nothing
that makes a nonlinear solve converge or tells whether it has.  Its assembly is written here once more, whole arrays at a
time; that it stands for the same system is checked: from the solution it must return the solution.
"""

import json
import sys

import numpy as np
from scipy.linalg.lapack import dgtsv

import solver
from solver.transport import attempt, inflow, jacobian

from .measure import fresh, median, prepare, resident, timed
from .table import Table

SIZES = ((100, 133), (200, 266), (400, 534), (1000, 1333))        # cells in z and R: 4e4 to 4e6 unknowns
GOAL_FLOOR, GOAL_GROWTH, GOAL_MEMORY = 3.0, 1.3, 2000.0


def galaxy(cells, rigidities):
    return solver.load("two_phase").replace({"grid.z_cells": cells, "grid.rigidity_cells": rigidities})


class Floor:
    """The linearised two-phase Galaxy: flow upwards, f = 0 at the top, momentum going down only, nonlinear damping."""

    def __init__(self, system):
        self.s, p = system, system.problem
        fits = system.outwards and not (system.B < 0).any() and not system.law.S.any() and p.top is not None
        assert fits, "the floor is written for the two-phase Galaxy"
        self.inside = [np.flatnonzero(B.any(0)) for B in system.B]
        dx, self.weights = p.grid.dx, []
        for s, sigma in enumerate(p.slope - 3.0):
            width, F, V = 2 * np.sinh(sigma * dx / 2) / sigma, system.F_all[s], system.V_all[s]
            up = np.exp(sigma * dx / 2)
            B, above = system.B[s][:, self.inside[s]] * up / width, system.stencils[s]
            steeper = np.exp(above.steeper * dx / 2) * (B[-1] / B[-2]) ** (above.losing / 2)
            self.weights.append((B, F[:, None], V[:, None], np.exp(sigma * dx), np.exp(3 * dx), steeper))

    def gains(self, u, s):
        """Gains per own value and from the two rigidities above, at the nodes in question; N_face = N √(N/N_above)."""
        B, F, V, rising, e3, steeper = self.weights[s]
        f = u[s][:, self.inside[s]] * F
        r = np.maximum(f[1:] * rising * e3 / f[:-1], 0.25)
        near, far = np.ones_like(f), np.zeros_like(f)
        near[:-1], near[-1] = 1.5 / np.sqrt(r), steeper
        far[:-1] = -0.5 / np.sqrt(r) / r * rising * e3
        own = -B[:-1] * near
        one, two = -B[:-1] * far, np.zeros_like(own)
        own[-1] += B[-1] / rising / steeper
        one[:-1] += B[1:-1] * near[1:] * e3
        two[:-1] += B[1:-1] * far[1:] * e3
        one[:-1] *= F[1:] / F[:-1]
        two[:-2] *= F[2:] / F[:-2]
        return own / V, one / V, two / V

    def step(self, u, species=None):
        """Node values of the species (default all) from the equations linearised at u."""
        s_, out, disc = self.s, np.zeros_like(u), {}
        a = -np.diff(u[s_.w], axis=1, append=0.0) / s_.df
        m, law = s_.m[s_.w], s_.law
        ma, C = m * a, law.X**2
        r = np.sqrt(ma * ma + 4.0 * C * a)                                    # q_fit = 2 C a/(r + m a), κ_sc = q/a
        q = 2.0 * C * a / (r + ma)
        y = np.where(law.confined, a / q, 0.0)
        for s in range(len(u)) if species is None else species:
            mn = m * s_.nu[s] if s == s_.w else None
            if s == s_.w:
                E, e = np.exp(mn), np.where(m > 0, np.expm1(mn) / np.where(m > 0, m, 1.0), s_.nu[s])
                h = y * E + e
                kappa = (y * y * np.where(law.confined, C * q / ((q + ma) * r), 0.0) * E + e) / h / h
                offset = a / h - kappa * a
            else:
                depth = np.where(m > 0, np.log1p(m * y) / np.where(m > 0, m, 1.0), y)
                P = s_.m[s] * (s_.depth_scale[s] * depth + s_.nu[s])
                kappa = np.where(P > 0, s_.m[s] / np.expm1(P), 1.0 / s_.nu[s])
                offset = None
            k = kappa / s_.df
            diagonal = k + s_.v[s] + s_.sink[s]
            diagonal[:, 1:] += k[:, :-1]
            lower, upper = -(k + s_.v[s])[:, :-1], -k[:, :-1]
            rhs = s_.source[s].copy()
            if offset is not None:
                rhs -= offset
                rhs[:, 1:] += offset[:, :-1]
            for parent, child, W in s_.weights:
                if child == s:
                    rhs[:, 0] += W @ disc[parent]
            columns = self.inside[s]
            own, one, two = self.gains(u, s)
            diagonal[:, columns] -= own
            x = out[s]
            for j in range(len(x) - 1, -1, -1):
                b = rhs[j]
                if j < len(x) - 1:
                    b[columns] += one[j] * x[j + 1, columns]
                if j < len(x) - 2:
                    b[columns] += two[j] * x[j + 2, columns]
                x[j] = dgtsv(lower[j], diagonal[j], upper[j], b)[3]
            disc[s] = x[:, 0]
        return out


def steps_of(system):
    """Count, from now on and in this process, how many species every linear solve for a system's node values linearises."""
    counted, linearise = [], jacobian.linearise

    def counting(*arguments, species=None, **keywords):
        counted.append(len(system.every(species)))
        return linearise(*arguments, species=species, **keywords)

    for module in (attempt, inflow):
        module.linearise = counting
    return counted


def once(cells, rigidities):
    """(unknowns, Newton steps, Krylov per step, ns of a step and of the floor per unknown, error of the floor)."""
    with np.errstate(all="ignore"):
        system, newton, shape = prepare(galaxy(cells, rigidities))
        counted = steps_of(system)
        seconds, out = timed(newton.run, system, np.zeros(shape))
        newton.close()
        if not out.converged:
            raise SystemExit(f"benchmark did not converge: {out.message}")
        floor, u = Floor(system), out.point.u
        whole, again = timed(floor.step, u)
        first, _ = timed(floor.step, u, [system.w])
    error = float((np.abs(again - u) / np.abs(u).max(-1, keepdims=True)).max())
    final = sum(n == len(u) for n in counted)
    each = 1e9 / (u[0].size * sum(counted))
    return (int(np.prod(shape)), out.iterations, out.krylov / out.iterations, seconds * each,
            (final * whole + (len(counted) - final) * first) * each, error)


def measured(cells, rigidities, repeats):
    """What `once` gives, its times medians over fresh processes: that a run finds the memory of another costs the kernel more."""
    rows = [fresh("benchmarks.floor", "once", cells, rigidities) for _ in range(repeats)]
    unknowns, newton, krylov, *_, error = rows[-1]
    return unknowns, newton, krylov, *(median([row[i] for row in rows]) for i in (3, 4)), error


def run():
    table = Table("two-phase Galaxy, three species, from zero: nanoseconds per unknown and Newton step",
                  ("unknowns", "Newton", "Krylov per step", "solver", "floor", "solver/floor", "growth", "floor's error"))
    smallest = None
    for i, (cells, rigidities) in enumerate(SIZES):
        unknowns, newton, krylov, ours, floor, error = measured(cells, rigidities, 5 if i < 2 else 3)
        smallest = smallest or ours
        table.add(f"{unknowns:,}", newton, krylov, ours, floor, ours / floor, ours / smallest, error)
    table.notes = [
        "floor: assembling the same tridiagonal systems and solving them with LAPACK, for the species the step solved;",
        "       its error: how far one such step from the solution moves, relative to the largest f of a row",
        f"goals: solver/floor at most {GOAL_FLOOR:g}, growth at most {GOAL_GROWTH:g}, Krylov iterations that stay",
    ]
    yield table
    table = Table("largest memory of making the model and solving it directly", ("unknowns", "bytes per unknown"))
    for cells, rigidities in SIZES[1::2]:
        table.add(*(f"{x:,.0f}" for x in fresh("benchmarks.floor", "memory", cells, rigidities)))
    table.notes = [f"growth of the resident memory of a fresh process, {GOAL_MEMORY:g} at most"]
    yield table


def memory(cells, rigidities):
    """(unknowns, bytes per unknown by which this process grows)."""
    prepare(galaxy(20, 20))
    before = resident()
    system, newton, shape = prepare(galaxy(cells, rigidities))
    newton.run(system, np.zeros(shape))
    return int(np.prod(shape)), (resident() - before) / np.prod(shape)


if __name__ == "__main__":                                                     # a fresh process
    print(json.dumps({"once": once, "memory": memory}[sys.argv[1]](*map(int, sys.argv[2:]))))
