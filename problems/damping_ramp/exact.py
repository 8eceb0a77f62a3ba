"""Linear damping that weakens with height, at rest (v = 0): particles pile up where the flux S falls, f = −t ∂S/∂z.

The formulas are in `problems.damping_front.exact`.
"""

import numpy as np

from problems.damping_front.exact import plateau_edge, ramp
from problems.tools import at_nodes, empty, nowhere, refusals, time_error, widest
from solver.exact import Exact


def solution(model, t=None):
    """f = t S₀ z₀/max(z, z_p)², from f = 0; v = 0, S = S₀ min(1, z₀/z), Q <= S₀ constant, no other damping, no losses.

    t in s; a steady state does not exist. Protons only, f(top) = 0. Scatterers must be far weaker than the waves: the
    solution is that for ν = 0.
    """
    equation = "f = t S₀ z₀/max(z, 2 z₀ S₀/Q)²"
    why = refusals(model, losses=("none",), top=("zero",), uniform=("v",))
    z, coefficients = model.grid.z[:, None], at_nodes(model)
    profile = model.deck.layer[-1].profile
    if not why and (
        np.any(model.v != 0) or np.any(model.X > 0) or not np.all(model.S > 0) or "proton" not in model.names
    ):
        why = "nowhere: needs protons, v = 0 and linear damping alone"
    if not why and (t is None or profile is None):
        why = "nowhere: needs a time and a layer with profile.S = -1"
    if not why:
        S0, z0, p = coefficients.S[0], float(profile.z0), model.names.index("proton")
        expected = S0 * np.minimum(1, z0 / np.maximum(z, 1.0))
        if not np.allclose(coefficients.S, expected, rtol=1e-9, atol=0) or np.any(model.Q[p] > S0):
            why = "nowhere: needs S = S0 min(1, z0/z) and Q <= S0"
    if why:
        return nowhere(model, equation, why)
    f = empty(model)
    f[p] = ramp(z, t, model.Q[p], S0, z0)
    f[p][-1] = 0.0
    edge = float(np.max(plateau_edge(model.Q[p], S0, z0)))
    rounding = 8 * np.sqrt(float(model.nu[p].max()) * edge**2 / (2 * t)) if t > 0 else 0.0
    return Exact(
        f,
        equation,
        "protons, v = 0, scattering much weaker than the waves",
        rounding + (widest(model) / edge) ** 2 + time_error(model, t),
        "8 √(ν z_p²/(2t)), by which scattering rounds off the edge of the plateau, (Δz/z_p)², and ten steps' errors "
        "of time.rtol",
    )
