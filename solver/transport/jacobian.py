"""The linearised discrete equation: the Newton step's blocks and right-hand side, and the exact Jacobian of the residual."""

import numpy as np

from .linear import Blocks
from .stencils import add_divergence


def of_law(system, point, nu):
    """(κ, offset) of the protons' flux law at a mixed point: q ≈ κ a + offset."""
    kappa = point.response(system.law).flux(nu)[1]
    return kappa, point.q - kappa * point.a


def linearise(system, point, nu, with_correction=True, exact=False, tangent=None, spectrum=None, species=None,
              careful=False, room=(None, None), passes=None):
    """(Blocks, right-hand side) of the Newton step for new node values at the mixed `point`; to the latter come
    `blocks.given` on the top nodes and what stiff rows keep as the offsets of their fluxes.

    tangent: (κ, offset) of the protons' faces instead of the tangent of the law at the point.
    spectrum: node values whose slopes the momentum flux takes as given, which keeps the new values positive; else the
    slopes are linearised too.
    species: those to linearise, default all; the others' blocks have no meaning.
    exact: add what the nuclei's κ and ω owe to the protons' slopes: Newton lags it, derivatives of solutions must not.
    careful, passes (species, rows): see `Blocks.flow`.
    room: arrays for the tridiagonals and the right-hand side, of steps that are done with.
    """
    p, u = system.problem, point.u
    response = None if system.w is None else point.response(system.law)
    if with_correction:
        conduction, corrections, delta = system.corrected(u, response, species, True, exact)
    else:
        conduction, corrections, delta = system.conduction(response, species), {}, None
    tri, rhs = room
    blocks = Blocks.empty(p.species, system.V.shape[1], system.n, system.rows, tri)
    rhs = np.empty_like(system.source) if rhs is None else rhs
    np.copyto(rhs, system.source)
    if np.isfinite(system.tau):
        rhs += system.vol * system.inv_tau * system.u_known
    for s in system.every(species):
        if s == system.w:
            kappa, offset = tangent or of_law(system, point, nu)
        else:
            kappa, offset = conduction[s].kappa, None
        K = kappa / system.df
        P, N = system.P[s], system.N[s]
        if s in corrections:
            P, N = P.copy(), N.copy()
            rest = system.correction.linearise(blocks, s, corrections[s], point, K, P, N)
            offset = rest if offset is None else offset + rest
        if exact and s != system.w and system.w is not None:
            rest = _of_waves(system, blocks, rhs, s, conduction[s], corrections.get(s), delta, point)
            offset = rest if offset is None else offset + rest
        own = blocks.diagonal(s)
        if np.isfinite(system.tau):
            own += system.vol * system.inv_tau[s]
        if system.leaking[s]:
            own += system.sink[s]
        if system.top is None:
            own[:, -1] += system.outflow[s]
        columns = system.inside[s]
        for o, c in system.kept_coefficients(u, s, spectrum).items():
            if o == 0:
                own[:, columns] -= c
            else:
                blocks.gain(s, o, columns, c)
        blocks.flow(s, K, P, N, offset, rhs[s], u[s, system.rows], 1.0 if passes is None else passes[s],
                    None if system.top is None else system.top[s], careful)
    blocks.secondaries = system.weights
    return blocks, rhs


def _of_waves(system, blocks, rhs, s, conducts, c, delta, point):
    """Add what the flux of nuclei s owes to the protons, through κ and ω; the rest of the flux is returned."""
    slope = system.slope(point.u, s)
    by_slope, rest = conducts.d_kappa * np.sign(point.a) * slope, 0.0
    if delta is not None:
        factor = conducts.d_kappa_by_delta * slope
        by_slope = by_slope + factor * delta.by_slope
        rest = system.correction.linearise_waves(blocks, s, delta, factor, point)
    if c is not None:
        by_slope = by_slope + c.by_slope
    K = by_slope / system.df
    add_divergence(blocks.wave(s), K, -K)
    if system.top is not None:
        rhs[s][:, -1] += K[:, -1] * system.top[system.w]
    return rest - by_slope * point.a
