"""Pure streaming, κ = 0 (paper, footnote 2, eq. 3): constant or varying speed, power-law or any source.

∂z(v f) − p⁻³ ∂x[(v'/3) p³ f] = 0 above the disc and −(v(0)/3) ∂x f = Q on it, x = ln p.
"""

import numpy as np
from scipy.special import hyp2f1

from problems.tools import at_nodes, empty, momentum_error, nowhere, refusals, widest
from solver.exact import Exact

BREAK, STEEPENING = 30.0, 0.5  # GV; of the bent source of the second species
AMPLITUDE, SLOPE = 1e-8, 4.3  # cm-2 s-1 GeV-3 at 1 GV


def power_law_profile(Q, v, v_disc, slope):
    """f(z) = [v(0)/v(z)]^(slope/3) 3Q/(slope v(0)), eq. 3; Q ∝ p^−slope with slope > 0, no losses.
    Arguments broadcast.
    """
    return (v_disc / v) ** (slope / 3) * 3 * Q / (slope * v_disc)


def disc_spectrum(integral, R, v_disc):
    """f(0, R) = (3/v(0)) ∫_R^∞ Q dR'/R' for any source; integral(R) is ∫_R^∞ Q dR'/R'."""
    return 3 / v_disc * integral(R)


def profile(integral, R, v, v_disc):
    """f(z, R) = f(0, R (v(z)/v(0))^(1/3)): without diffusion f is carried along p³ v = const."""
    return disc_spectrum(integral, R * (v / v_disc) ** (1 / 3), v_disc)


def bent_source(R, amplitude=AMPLITUDE, slope=SLOPE, at=BREAK, steepening=STEEPENING):
    """Q = amplitude R^−slope (1 + R/at)^−steepening, a spectrum that is no power law."""
    return amplitude * R**-slope * (1 + R / at) ** -steepening


def bent_source_integral(R, amplitude=AMPLITUDE, slope=SLOPE, at=BREAK, steepening=STEEPENING):
    """∫_R^∞ Q dR'/R' of `bent_source`: amplitude at^d R^−(s+d) ₂F₁(d, s+d; s+d+1; −at/R)/(s+d)."""
    total = slope + steepening
    return amplitude * at**steepening * R**-total / total * hyp2f1(steepening, total, total + 1, -at / R)


def solution(model, t=None):
    """Eq. 3 for power-law sources, the integral for the bent one ("problem"); steady, κ = 0, no losses, any v(z) > 0.

    The bent source is given only a decade below rigidity_max: what comes in above is a continued power law, and
    its influence falls as (R/rigidity_max)^slope.
    """
    equation = "f = (v(0)/v)^(α/3) 3Q/(α v(0)) (eq. 3); f(0, p) = (3/v) ∫ Q dp/p"
    why = refusals(model, adiabatic=True, causal_limit=False, losses=("none",), top=("outflow",))
    waves = np.any(model.S > 0) or np.any(model.X > 0) or not np.all(model.self_confined)
    if not why and (waves or not np.all(model.v > 0)):
        why = "nowhere: needs v > 0 and layers that are self-confined without damping"
    if why:
        return nowhere(model, equation, why)
    f, R = empty(model), model.grid.R
    v = np.asarray(at_nodes(model).v, float)
    v_disc = v[0]
    for s, name in enumerate(model.names):
        source = model.deck.species[name].source
        if source.type in ("power_law", "supernovae"):
            f[s] = power_law_profile(model.Q[s], v[:, None], v_disc, source.slope)
        elif source.type == "problem":
            f[s] = profile(bent_source_integral, R[None, :], v[:, None], v_disc)
            f[s][:, np.log(R[-1] / R) < np.log(10)] = np.nan
    slope = max(model.slope)
    steepest = float(np.max(np.abs(np.diff(v) / np.diff(model.grid.z)) / v[1:]))
    tolerance = slope / 12 * (widest(model) * steepest) ** 2 + momentum_error(model, STEEPENING / 4) + 1e-9
    return Exact(
        f,
        equation,
        "steady, no diffusion, no losses; bent source below rigidity_max/10",
        tolerance,
        "(α/12)(Δz v'/v)² + (3/8) Δx² |∂²x ln p³f|, the latter for the bent source alone",
    )


def sources(model, t):
    """The bent source for every species of source type "problem"; nothing in the bulk."""
    disc = np.zeros((len(model.names), len(model.grid.R)))
    for s, name in enumerate(model.names):
        if model.deck.species[name].source.type == "problem":
            disc[s] = bent_source(model.grid.R)
    return disc, np.zeros((len(model.names), len(model.grid.z), len(model.grid.R)))
