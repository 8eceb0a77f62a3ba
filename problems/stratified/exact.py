"""Self-confinement in a stratified halo with linear damping (paper, Sec. 2.2, eqs. 17-21, Fig. 2): the paper's
approximation.

v_A rises and S falls with height. Particles with S > Q near the disc stream freely up to z_sc, where S = Q (eq. 20),
and their spectrum is steeper than the source's (eq. 21). Arguments broadcast over (z, p) as the functions say.
"""

import numpy as np
from scipy.special import ai_zeros

from problems.linear_damping.exact import loss_factor
from problems.tools import at_nodes, empty, loss_form, nowhere, refusals
from solver.exact import Exact

AIRY_ZERO = float(ai_zeros(1)[0][0])
JUDGED = False  # the paper's approximation: shown beside a run, no tolerance


def confinement_height(p, p_star, z0, lambda3):
    """z_sc = z₀ (p/p*)^λ₃, eq. 20; at least z₀. p* is where Q = S(z₀)."""
    return z0 * np.maximum(p / p_star, 1.0) ** lambda3


def lambda3(gamma, a, lambda2):
    """λ₃ = (γ − 3 − a)/λ₂ for Q ∝ p^−γ, Γ ∝ k^a, S ∝ z^−λ₂ (eq. 20)."""
    return (gamma - 3 - a) / lambda2


def eq17(Q, S, v):
    """f ≈ (Q − S(z))/v(z), eq. 17, above z_sc; negative below it."""
    return (Q - S) / v


def eq18(Q, S, v):
    """f(p) = max over z of (Q − S)/v, at least 0, and the index of that height; S (z, p), v (z,), Q (p,): eq. 18."""
    column = (Q[None, :] - S) / v[:, None]
    best = np.argmax(column, axis=0)
    return np.maximum(column.max(axis=0), 0.0), best


def causal_excess(curvature, S, v, nu):
    """How much f at a smooth maximum of (Q − S)/v exceeds eq. 18 where κ has the limit 1/ν: 2^⅓ |a₁| (S²ν/v)^⅔ c^(−⅓).

    Near the maximum f = (Q − S)/v + e with e = S²ν/(v |f'|), so e' = c ζ − S²ν/(v e), ζ the distance above it and
    c = `curvature` = −d²[(Q − S)/v]/dz² > 0.  Of its solutions the one that stays small above is flat below, at the value
    stated; a₁ is the first zero of Ai.  Leading order in ν; S, v at the maximum.
    """
    return 2 ** (1 / 3) * -AIRY_ZERO * (S**2 * nu / v) ** (2 / 3) * curvature ** (-1 / 3)


def eq19(Q, v_sc):
    """f = Q/v_A(z_sc), eq. 19."""
    return Q / v_sc


def eq21_slope(gamma, a, lambda1, lambda2):
    """−dln f/dln p = γ + λ₁ (γ − 3 − a)/λ₂ above p*, eq. 21."""
    return gamma + lambda1 * lambda3(gamma, a, lambda2)


def ratio_of_eq18_to_eq19(lambda1, lambda2):
    """(λ₂/(λ₁ + λ₂)) (1 + λ₂/λ₁)^(−λ₁/λ₂) for power laws: eq. 18's maximum lies at z = z_sc (1 + λ₂/λ₁)^(1/λ₂)."""
    return lambda2 / (lambda1 + lambda2) * (1 + lambda2 / lambda1) ** (-lambda1 / lambda2)


def solution(model, t=None):
    """Eqs. 17 and 18 with eq. 9's loss factor: f flat up to the height of the maximum, (Q − S)/v above. Shown, not
    judged.

    Steady; v, S vary in z, no nonlinear damping. Protons only. The full solution has the adiabatic losses of rising
    v, which eq. 17 leaves out, and the causal limit, which the paper leaves out where nothing is confined.
    """
    equation = "f = max_z (Q − S)/v below z_sc, (Q − S)/v above (eqs. 17, 18), with eq. 9's factor"
    why = refusals(model)
    if not why and (
        np.any(model.X > 0) or not np.all(model.S > 0) or not np.all(model.v > 0) or "proton" not in model.names
    ):
        why = "nowhere: needs protons, streaming and linear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, p, here = empty(model), model.names.index("proton"), at_nodes(model)
    Q, S, v = np.asarray(model.Q[p]), np.asarray(here.S), np.asarray(here.v)
    top, best = eq18(Q, S, v)
    flat = np.arange(len(v))[:, None] <= best[None, :]
    f[p] = np.where(flat, top, np.maximum(eq17(Q, S, v[:, None]), 0.0))
    sink = np.asarray(model.disc_speed[p]) * (loss_form(model) != "none")
    f[p] *= loss_factor(v[best], sink)
    f[p][:, top <= 0] = np.nan
    return Exact(
        f,
        equation,
        "protons below the cutoff set by z_max",
        None,
        "shown for comparison: eqs. 17 and 18 leave out adiabatic losses, of order one where v changes",
    )
