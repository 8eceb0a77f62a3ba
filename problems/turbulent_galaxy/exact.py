"""Two layers of turbulence and nothing else (paper, Secs. 3 and 4.2, eq. 23; the green curve of Fig. 6).

Without streaming the flux through both layers is what leaves the disc, F, and f falls linearly in each: eq. 23 twice.
f(0) = F r with r = z_W/κ_1 + (z_max − z_W)/κ_2, a resistance; losses in the disc make F smaller. There is no adiabatic term.
Rigidities R in GV stand for p = Z R of each species.
"""

import numpy as np

from problems.tools import disc_sink, empty, loss_form, momentum_error, nowhere, refusals
from solver.exact import Exact

FINE = 64  # steps per interval of the grid for the losses' flux


def resistance(z, kappa_edges, kappa):
    """∫_z^top dz/κ (…, z, R) for layers with upper edges `kappa_edges` (cm) and κ (layer, R), z (z,)."""
    bottom, total = 0.0, 0.0
    for top, k in zip(kappa_edges, kappa, strict=True):
        total = total + np.clip(top - np.maximum(z, bottom), 0.0, None)[:, None] / k
        bottom = top
    return total


def layers_kappa(model):
    """κ of every layer for every species, causal limit included, (layer, species, R)."""
    layer = np.asarray(model.grid.layer)
    return np.stack([1 / model.nu[:, np.argmax(layer == i)] for i in range(len(model.deck.layer))])


def with_flux_losses(R, Q, r, disc_speed):
    """f(0) of f/r − p^−3 d/dx[w p³ f] = Q, w = h/τ_loss, integrated downwards from the highest R; all (R,).

    In G = w p³ f: dG/dx = ρ (G − E), ρ = 1/(w r), E = p³ Q w r, with Q, w and r power laws between the nodes.  On each of
    FINE steps per interval ρ is its value in the middle and E linear, which is solved exactly: second order in the step
    however fast or slow losses are.  At the top f = Q r, far above all losses.
    """
    x = np.log(R)
    fine = np.interp(np.arange((len(R) - 1) * FINE + 1) / FINE, np.arange(len(R)), x)
    log_w = np.interp(fine, x, np.log(disc_speed))
    log_wr = log_w + np.interp(fine, x, np.log(r))
    E = np.exp(3 * fine + log_wr + np.interp(fine, x, np.log(np.maximum(Q, 1e-300))))
    step, rate = np.diff(fine), np.exp(-0.5 * (log_wr[1:] + log_wr[:-1]))
    decay = np.exp(-np.minimum(rate * step, 700.0))
    gain = np.diff(E) / step * (1 - decay) / rate
    above = np.zeros(len(fine))  # G − E
    for k in range(len(fine) - 2, -1, -1):
        above[k] = above[k + 1] * decay[k] + gain[k]
    return ((E + above) / np.exp(3 * fine + log_w))[::FINE]


def solution(model, t=None):
    """Eq. 23 in each layer, all species, children after their parents; steady, no waves, f(top) = 0.

    Disc losses none, catastrophic as in eq. 1, or as a flux in momentum.
    """
    equation = "f = F ∫ dz/κ (eq. 23 in each layer), F = Q less the losses in the disc"
    why = refusals(model, top=("zero",))
    layer = np.asarray(model.grid.layer)
    uniform = all(
        np.allclose(model.nu[:, layer == i], model.nu[:, [np.argmax(layer == i)]], rtol=1e-12) for i in np.unique(layer)
    )
    if not why and (np.any(model.v != 0) or np.any(model.self_confined) or not uniform):
        why = "nowhere: needs uniform layers that neither stream nor have waves of their own"
    if not why and any(spec.losses for spec in model.deck.layer):
        why = "nowhere: needs losses in the disc alone"
    if why:
        return nowhere(model, equation, why)
    f, R, losses = empty(model), np.asarray(model.grid.R), loss_form(model)
    edges, kappa, sink = [float(spec.top) for spec in model.deck.layer], layers_kappa(model), disc_sink(model)
    sources = np.array(model.Q, float)
    for s in _parents_first(model):
        for link in model.spallation:
            if link.child == s:
                sources[s] += model.deck.disc.half_thickness * (link.weights @ f[link.parent][0])
        r = resistance(np.asarray(model.grid.z), edges, kappa[:, s])
        if losses == "flux":
            f0 = with_flux_losses(R, sources[s], r[0], np.asarray(model.disc_speed[s]))
        else:
            f0 = sources[s] * r[0] / (1 + sink[s] * r[0])
        f[s] = f0 * r / r[0]
    bound = momentum_error(model, 4) if losses == "flux" else 1e-8
    return Exact(
        f,
        equation,
        "steady, uniform layers",
        bound,
        "(3/8) Δx² |∂²x ln p³f| of the face values in momentum, curvature at most 4"
        if losses == "flux"
        else "the nonlinear solver: the flux is exact at the nodes",
    )


def _parents_first(model):
    order, parents = [], {link.child: link.parent for link in model.spallation}
    while len(order) < len(model.names):
        order += [s for s in range(len(model.names)) if s not in order and parents.get(s, -1) in (-1, *order)]
    return order
