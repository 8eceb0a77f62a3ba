"""Nonlinear Landau damping at constant speed (paper, Sec. 2.1.2, eqs. 10-16), with and without losses in the disc.

κ_sc = X |∂f/∂z|^(−1/2) and eq. 2 give eq. 14. All arguments broadcast; v > 0, X > 0, `depth` is the distance below
the top, where f = 0 (r − z in the paper), and `sink` = h/τ_loss [cm/s].
"""

import numpy as np

from problems.combined_damping.exact import profile as combined_profile
from problems.tools import bottom, disc_sink, empty, flux_left, nowhere, refusals
from solver.exact import Exact


def landau_profile(F, v, X, depth):
    """f = (F/v) d/(d + X²/(F v)), d = depth: eq. 14 rearranged so that nothing cancels.
    F is the flux v f + κ|∂f/∂z|.
    """
    return F**2 * depth / (F * v * depth + X**2)


def landau_slope(F, v, X, depth):
    """−∂f/∂z of eq. 14: F² X²/(F v d + X²)²."""
    return (F * X / (F * v * depth + X**2)) ** 2


def eq14_as_printed(Q, v, X, z, r):
    """f = Q/v + X²/(v² (z − r − X²/(Q v))), eq. 14 as it stands."""
    return Q / v + X**2 / (v**2 * (z - r - X**2 / (Q * v)))


def eq16(Q, v, X, r, sink):
    """Eq. 16: f(0) of eq. 14 times (1 + h/(v τ_loss))^−1 — the paper's approximation of `disc_value_with_sink`."""
    return landau_profile(Q, v, X, r) / (1 + sink / v)


def disc_value_with_sink(Q, v, X, r, sink):
    """f(0) with losses sink f(0) in the disc, exactly: eq. 14 with Q → Q − sink f(0).

    r s (s + v) f² − [r Q (2 s + v) + X²] f + r Q² = 0 with s = sink, of which the smaller root is the solution.
    """
    b = r * Q * (2 * sink + v) + X**2
    return 2 * r * Q**2 / (b + np.sqrt(b**2 - 4 * r**2 * sink * (sink + v) * Q**2))


def escape_time(Q, v, X, r):
    """Mean residence time ∫₀^r f dz/Q of eq. 14; ∝ p^(3−γ) where X² >> Q v r (paper, after eq. 14).

    With ℓ = X²/(Q v): ∫₀^r f dz = (Q/v) [r − ℓ ln(1 + r/ℓ)].
    """
    ell = X**2 / (Q * v)
    x = r / ell
    return ell / v * np.where(x > 1e-4, x - np.log1p(x), x**2 / 2 - x**3 / 3 + x**4 / 4)


def solution(model, t=None):
    """Eq. 14; with catastrophic disc losses its exact quadratic (eq. 16 approximates it); with ν > 0 the closed form
    with ν.

    Steady, v and X uniform, no linear damping, adiabatic off, f(top) = 0; protons only.
    """
    equation = "f = (F/v) d/(d + X²/(F v)), d = z_max − z (eq. 14), F = Q − f(0) h/τ_loss"
    why = refusals(model, adiabatic=False, losses=("none", "catastrophic"), top=("zero",), uniform=("v", "X", "nu"))
    if not why and (np.any(model.S > 0) or not np.all(model.X > 0) or "proton" not in model.names):
        why = "nowhere: needs protons and nonlinear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, z = empty(model), model.grid.z
    p = model.names.index("proton")
    Q, sink = model.Q[p], disc_sink(model)[p]
    X, v, nu = bottom(model.X), bottom(model.v), bottom(model.nu)[p]
    depth = z[-1] - z[:, None]
    if np.any(nu > 0):
        equation += " and 1/κ = 1/κ_sc + ν"
        F = flux_left(Q, sink, lambda F: combined_profile(F, 0.0, X, v, z[-1], nu))
        f[p] = combined_profile(F, 0.0, X, v, depth, nu)
    else:
        F = Q - sink * disc_value_with_sink(Q, v, X, z[-1], sink)
        f[p] = landau_profile(F, v, X, depth)
    return Exact(
        f, equation, "protons, steady, uniform halo", 1e-8, "the nonlinear solver: the flux is exact at the nodes"
    )
