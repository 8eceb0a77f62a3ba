"""Pure momentum loss, −ṗ/p = b(R) = rate R^slope everywhere, nothing moves in z: characteristics.

∂t(p³ f) = ∂x(b p³ f): along dx/dt = −b the product b p³ f is carried unchanged, so with R₀ the rigidity at t = 0
    f(t, R) = f₀(R₀) (R₀/R)^(3 + slope),   R₀^(−slope) = R^(−slope) − slope rate t.
"""

import numpy as np

from problems.tools import empty, momentum_error, nowhere, refusals, time_error
from solver.exact import Exact

AMPLITUDE, SLOPE, BUMP, AT, WIDTH = 1e-11, 4.3, 2.0, 30.0, 0.6  # cm-3 GeV-3 at 1 GV; a bump in ln R on a power law


def initial_rigidity(R, rate, slope, t):
    """R₀ from which a particle has come down to R in the time t;
    inf where even an infinite R₀ would be below R by now.
    """
    if slope == 0:
        return R * np.exp(rate * t)
    left = 1 - slope * rate * t * np.asarray(R, float) ** slope
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 0, R * np.maximum(left, 0.0) ** (-1 / slope), np.inf)


def spectrum(initial, R, rate, slope, t):
    """f(t, R) for the start `initial(R)`; zero where no particle can be any more (slope > 0, high R)."""
    R0 = initial_rigidity(R, rate, slope, t)
    reached = np.isfinite(R0)
    safe = np.where(reached, R0, R)
    return np.where(reached, initial(safe) * (safe / R) ** (3 + slope), 0.0)


def bump(R):
    """The start of this problem: a power law with a bump, smooth in ln R."""
    return AMPLITUDE * R**-SLOPE * (1 + BUMP * np.exp(-0.5 * (np.log(R / AT) / WIDTH) ** 2))


def solution(model, t=None):
    """Characteristics from the bump at t = 0; one "given" loss in all layers, v = 0, κ = 0, no sources.

    t in s; None (steady) has no solution but zero.
    """
    equation = "f(t, R) = f₀(R₀) (R₀/R)^(3+s), R₀^(−s) = R^(−s) − s rate t"
    losses = {
        tuple((p.type, float(p.rate), p.slope) for p in layer.losses if p.type == "given") for layer in model.deck.layer
    }
    why = refusals(model, losses=("none",), causal_limit=False)
    if not why and (len(losses) != 1 or any(len(layer.losses) != 1 for layer in model.deck.layer) or losses == {()}):
        why = 'nowhere: needs one loss of type "given", the same in all layers'
    if not why and (
        np.any(model.v != 0) or np.any(model.S > 0) or np.any(model.X > 0) or not np.all(model.self_confined)
    ):
        why = "nowhere: needs layers at rest that are self-confined without damping"
    if why:
        return nowhere(model, equation, why)
    ((_, rate, slope),) = losses.pop()
    f = empty(model)
    f[:] = 0.0 if t is None else spectrum(bump, np.asarray(model.grid.R, float), rate, slope, t)
    return Exact(
        f,
        equation,
        "no transport in z, one loss ∝ R^slope",
        momentum_error(model, 2) + time_error(model, t),
        "(3/8) Δx² |∂²x ln p³f| (the bump's curvature, at most 2), and ten steps' errors of time.rtol",
    )
