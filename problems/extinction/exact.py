"""The same equation as `barenblatt` between absorbing edges, f = 0 at ±H: everything is gone after a finite time T.

f = (T − t)² g(z) separates: X ((−g')^(1/2))' = 2 g.  With w = (−g')^(1/2), w(0) = 0, w'(H) = 0:
    f = (3/8) X² (T − t)² (b/H)³ √(1 − σ³),   z/H = (1/b) ∫₀^σ ds/√(1 − s³) = I_{σ³}(1/3, 1/2),   b = B(1/3, 1/2)/3,
I the regularised incomplete beta function, and flux κ|∂f/∂z| = X (T − t) w, w = (3X/4) (b/H)² σ. Arguments broadcast.
"""

import numpy as np
from scipy.special import beta, betaincinv

from problems.tools import bottom, empty, nowhere, refusals, time_error, widest
from solver.constants import MYR
from solver.exact import Exact

END = 200 * MYR  # extinction time T
B = beta(1 / 3, 1 / 2) / 3  # ∫₀¹ ds/√(1 − s³)


def profile(z, t, X, H, T):
    """f(z, t) for 0 <= z <= H; zero after T."""
    shape = np.sqrt(betaincinv(1 / 2, 1 / 3, np.clip(1 - z / H, 0, 1)))
    return 3 / 8 * X**2 * np.maximum(T - t, 0) ** 2 * (B / H) ** 3 * shape


def flux(z, t, X, H, T):
    """κ|∂f/∂z| = (3/4) X² (T − t) (b/H)² σ(z)."""
    sigma = np.cbrt(betaincinv(1 / 3, 1 / 2, np.clip(z / H, 0, 1)))
    return 3 / 4 * X**2 * np.maximum(T - t, 0) * (B / H) ** 2 * sigma


def extinction_time(f_disc, X, H):
    """T − t from f at z = 0: √(8 f(0) H³/(3 X² b³)). Any start is squeezed between two such solutions."""
    return np.sqrt(8 * f_disc * H**3 / (3 * X**2 * B**3))


def solution(model, t=None):
    """The separable solution with T = END; v = 0, X uniform, no linear damping, no source, ν = 0, f(z_max) = 0.

    t in s; None (steady): zero. Protons only.
    """
    equation = "f = (3/8) X² (T − t)² (b/H)³ √(1 − σ³), z/H = I_{σ³}(1/3, 1/2)"
    why = refusals(model, causal_limit=False, losses=("none",), top=("zero",), uniform=("v", "S", "X"))
    if not why and (
        np.any(model.v != 0) or np.any(model.S > 0) or not np.all(model.X > 0) or "proton" not in model.names
    ):
        why = "nowhere: needs protons, v = 0 and nonlinear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, z, p = empty(model), model.grid.z[:, None], model.names.index("proton")
    f[p] = 0.0 if t is None else profile(z, t, bottom(model.X), z[-1], END)
    return Exact(
        f,
        equation,
        "protons, v = 0, f(z_max) = 0",
        (widest(model) / z[-1, 0]) ** 2 * END / (END - min(t or 0.0, 0.99 * END)) + time_error(model, t),
        "(Δz/z_max)² and ten steps' errors of time.rtol; the former grows as the extinction nears, as T/(T − t)",
    )
