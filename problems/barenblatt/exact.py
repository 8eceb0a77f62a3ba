"""Source-free spreading by nonlinear Landau damping at v = 0: ∂t f = ∂z(X |∂z f|^(1/2) sgn ∂z f), p-Laplacian with p
= 3/2.

Barenblatt's self-similar solution, f = U(z/t)/t: (ξU)' = −(flux)' gives ξ U = X (−U')^(1/2), so 1/U = C + ξ³/(3X²) and
    f = 3 X² t²/((w t)³ + z³),   w = (3 X² C)^(1/3), a width that grows as w t with a tail ∝ z^−3 reached at once.
Symmetric about z = 0 with no flux there. All arguments broadcast.
"""

import numpy as np

from problems.tools import bottom, empty, nowhere, refusals, time_error, widest
from solver.constants import KPC, MYR
from solver.exact import Exact

START = 20 * MYR  # age of the solution at t = 0
WIDTH, WIDENING = 0.4 * KPC, 0.1  # width at that age at 10 GV, and its power of R
REACH = 0.25  # judged below this fraction of z_max


def spreading(z, t, X, w):
    """f = 3 X² t²/((w t)³ + z³), z >= 0, t > 0 the age, w the speed of spreading."""
    return 3 * X**2 * t**2 / ((w * t) ** 3 + z**3)


def content(X, w):
    """∫₀^∞ f dz = 2π X²/(√3 w²), constant in time."""
    return 2 * np.pi * X**2 / (np.sqrt(3) * w**2)


def boundary_influence(z, H):
    """Relative error of using the solution where f(H) = 0 is imposed instead, 1 GV or any: ≈ (z/H)⁶ in the tail.

    A small change δ of the tail obeys ∂δ/∂ln t = (1/6) ∂z(z² ∂z δ), so one that grows as t² at H falls as z³ inwards.
    """
    return (z / H) ** 6


def solution(model, t=None):
    """Barenblatt's solution of age START + t; v = 0, X uniform, no linear damping, no source, ν = 0, z below z_max/4.

    t in s; None (steady) has no solution but zero. Protons only.
    """
    equation = "f = 3 X² t²/((w t)³ + z³) (Barenblatt, p = 3/2)"
    why = refusals(model, causal_limit=False, losses=("none",), uniform=("v", "S", "X"))
    if not why and (
        np.any(model.v != 0) or np.any(model.S > 0) or not np.all(model.X > 0) or "proton" not in model.names
    ):
        why = "nowhere: needs protons, v = 0 and nonlinear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, z, p = empty(model), model.grid.z[:, None], model.names.index("proton")
    w = WIDTH / START * (np.asarray(model.grid.R) / 10) ** WIDENING
    f[p] = 0.0 if t is None else spreading(z, START + t, bottom(model.X), w)
    if t != 0:  # the start is wanted everywhere, but for f = 0 at the top
        f[p][z[:, 0] > REACH * z[-1]] = np.nan
    elif model.deck.boundary.top.type == "zero":
        f[p][-1] = 0.0
    narrowest = np.min(w) * START
    return Exact(
        f,
        equation,
        "protons, v = 0, below z_max/4",
        0.1 * (widest(model) / narrowest) ** 2 + boundary_influence(REACH, 1.0) + time_error(model, t),
        "0.1 (Δz/width at the start)², the edge's influence (1/4)⁶, and ten steps' errors of time.rtol",
    )
