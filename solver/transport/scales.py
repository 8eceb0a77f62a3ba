"""Units of the rows: a velocity V and a density F for every species and rigidity, so that throughputs are of order one."""

import numpy as np


def row_scales(problem, f_known=None, t=0.0):
    """(V, F), each (species, R), in cm/s and cm⁻³ GeV⁻³.

    V is the escape speed the coefficients suggest: advection, nonlinear damping at the row's own throughput (X²/ΦH with
    Φ = Q, or X/√(FH) where there is no source), else diffusion over the height.  F = Φ/V.  Only orders of magnitude
    matter; rows without any cosmic rays get the scale of an average row.
    """
    p, H = problem, problem.grid.z[-1]
    disc = np.abs(p.disc(t))
    through = disc.copy()
    if p.bulk is not None:
        through = through + np.abs(p.bulk(t)[:, :, : p.nodes] * p.grid.volume[: p.nodes]).sum(-1)
    density = np.zeros_like(through)
    if f_known is not None:
        density = np.maximum(density, np.abs(f_known).max(-1))
    if p.top is not None:
        density = np.maximum(density, np.abs(p.top))
    advection = float(np.abs(p.v).max())
    V = np.empty_like(through)
    for s in range(p.species):
        diffusion = 1.0 / (np.maximum((p.nu[s] * p.grid.dz).sum(-1), 1e-300))
        diffusion = np.minimum(diffusion, 1e11)  # nothing outruns light by much
        waves = np.zeros_like(diffusion)
        if p.waves is not None and p.confined.any():
            X = p.X[:, p.confined].max(-1)
            Q = through[p.waves]
            with np.errstate(divide="ignore", invalid="ignore"):
                by_source = np.where(Q > 0, X**2 / (Q * H), 0.0)
                by_density = np.where(density[p.waves] > 0, X / np.sqrt(density[p.waves] * H), 0.0)
            waves = np.minimum(np.where(Q > 0, by_source, by_density), 1e11)
        V[s] = np.maximum(advection, waves)
        V[s] = np.where(V[s] > 0, V[s], diffusion)
    F = np.maximum(through / V, density)
    for link in p.secondaries:  # parents come before their children
        F[link.child] = np.maximum(F[link.child], link.weights @ F[link.parent] / V[link.child])
    for s in range(p.species):
        alive = F[s] > 0
        if not alive.any():
            F[s] = 1.0
        elif not alive.all():
            F[s] = np.exp(np.interp(np.arange(len(F[s])), np.flatnonzero(alive), np.log(F[s][alive])))
    return V, F
