"""Nonlinear damping of any power at constant speed, Γ ∝ k^q (δB/B)^(2m): eq. 14 for κ_sc = Y |∂f/∂z|^(−1/(1+m)) (Sec. 6.1).

v f + q = F with q = κ|∂f/∂z| = Y^(1+m) κ^(−m), so that dq = v |∂f/∂z| dz becomes m dκ = −v dz: κ falls linearly with height,

    κ = κ_top + v d/m,   κ_top = Y (Y/F)^(1/m),   f = (F/v) [1 − (κ_top/κ)^m],   d the distance below the top, where f = 0.

m = 1 is eq. 14.  All arguments broadcast; v > 0, Y > 0, m > 0, F > 0.
"""

import numpy as np

from problems.tools import bottom, disc_sink, empty, flux_left, nowhere, refusals
from solver.exact import Exact


def top_kappa(F, Y, m):
    """κ at the top, where all of the flux F diffuses: F = Y^(1+m) κ^(−m)."""
    return Y * (Y / F) ** (1 / m)


def kappa(F, v, Y, m, depth):
    """κ = κ_top + v d/m [cm²/s]."""
    return top_kappa(F, Y, m) + v * depth / m


def profile(F, v, Y, m, depth):
    """f = (F/v) [1 − (1 + v d/(m κ_top))^(−m)]; (F/v) d/(d + X²/(F v)) for m = 1, eq. 14."""
    return F / v * -np.expm1(-m * np.log1p(v * depth / (m * top_kappa(F, Y, m))))


def slope(F, v, Y, m, depth):
    """−∂f/∂z = (Y/κ)^(1+m)."""
    return (Y / kappa(F, v, Y, m, depth)) ** (1 + m)


def escape_exponent(gamma, m, q):
    """b in τ_esc ∝ p^b where nonlinear damping carries all of the flux: (4 + q − m − γ)/m, for v_p = c and Q ∝ p^(−γ).

    There τ_esc ∝ f/Q ∝ 1/κ_top = Q^(1/m) Y^(−(1+m)/m) and Y^(1+m) ∝ p^(m−4−q). Landau: 3 − γ (row 16); times k l_mfp: 4 − γ
    (row 89).
    """
    return (4 + q - m - gamma) / m


def solution(model, t=None):
    """The profile; with catastrophic losses in the disc F = Q − f(0) h/τ_loss.

    Steady, v and Y uniform, one kind of nonlinear damping and no other, adiabatic and causal limit off, f(top) = 0; protons.
    """
    equation = "f = (F/v) [1 − (1 + v d/(m κ_top))^(−m)], κ_top = Y (Y/F)^(1/m), d = z_max − z (eq. 14 for any m)"
    why = refusals(
        model, adiabatic=False, causal_limit=False, losses=("none", "catastrophic"), top=("zero",), uniform=("v", "nu")
    )
    parts = {1.0: model.X, **model.others}
    parts = {m: bottom(Y) for m, Y in parts.items() if np.any(Y > 0) and np.allclose(Y, bottom(Y), rtol=1e-12, atol=0)}
    alone = len(parts) == 1 and len(model.others) + bool(np.any(model.X > 0)) == 1 and not np.any(model.S > 0)
    if not why and (not alone or not np.all(model.v > 0) or np.any(model.nu > 0) or "proton" not in model.names):
        why = "nowhere: needs protons, v > 0 and one kind of nonlinear damping, the same everywhere, alone"
    if why:
        return nowhere(model, equation, why)
    [(m, Y)] = parts.items()
    f, z, p = empty(model), model.grid.z, model.names.index("proton")
    v = bottom(model.v)
    F = flux_left(model.Q[p], disc_sink(model)[p], lambda F: profile(np.maximum(F, 1e-290), v, Y, m, z[-1]))
    f[p] = profile(F, v, Y, m, z[-1] - z[:, None])
    return Exact(
        f, equation, "protons, steady, uniform halo", 1e-8, "the nonlinear solver: the flux is exact at the nodes"
    )
