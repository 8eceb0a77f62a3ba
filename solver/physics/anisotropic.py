"""Rates and angles of the anisotropic weak cascade of fast modes at low β (Kempski & Quataert, Sec. 5.2, eqs. 36–40).

Quasi-parallel modes are hardly compressive, so they cascade slowly, carry more power and meet more field-line wandering.
Arguments as in `fast_mode_rates`: k [cm⁻¹], theta [rad], Ma = δV/v_A at the outer scale L [cm] for modes with sinθ ~ 1,
floats or arrays that broadcast; ValueError where k, Ma or L is not finite and > 0, or theta is not in (0, π).
"""

import numpy as np

from solver.physics.validity import in_range, positive


def _sine(theta):
    return np.sin(in_range("theta", theta, 0, np.pi))


def compressive_fraction(theta, beta):
    """δv_∥/δv_⊥ ~ β sinθ cosθ of a fast mode at low β (text before eq. 36). Dimensionless."""
    return positive("beta", beta) * np.sin(theta) * np.cos(theta)


def amplitude(k, theta, Ma, L):
    """δv/v_ph = Ma (kL)^(−1/4) (sinθ)^(−1/2) for an energy transfer rate that does not depend on angle (eq. 37)."""
    return positive("Ma", Ma) * (positive("k", k) * positive("L", L)) ** -0.25 / np.sqrt(_sine(theta))


def cascade_rate(k, theta, plasma, Ma, L):
    """1/τ_casc = k δv²/v_ph sin²θ (eq. 36) = (k/L)^½ Ma² v_A sinθ with eq. 37 [s⁻¹]."""
    return np.sqrt(positive("k", k) / positive("L", L)) * positive("Ma", Ma) ** 2 * plasma.alfven_speed * _sine(theta)


def spectrum_factor(k, theta, Ma, L, wandering="alfvenic"):
    """1/sin(max(θ, θ_min(k))): the angular factor of P ∝ k^(−3/2)/sinθ (eq. 38), finite as θ → 0 by field-line wandering."""
    return 1 / np.sin(np.maximum(np.minimum(theta, np.pi - theta), theta_min(k, Ma, L, wandering)))


def wandering_angle(k, theta, Ma, L, wandering="alfvenic"):
    """Spread of pitch angle in one cascade time [rad], with θ floored at θ_min(k) and the result at most π/2.

    wandering = "alfvenic": δθ = (Ma² (kL)^½ sinθ)^(−1/2) (eq. 39, Ma_Alf = 1); "fast_modes": (Ma²/((kL)^½ sin³θ))^¼
    (eq. 40); "both": the larger of the two.
    """
    Ma, x = positive("Ma", Ma), positive("k", k) * positive("L", L)
    smallest = theta_min(k, Ma, L, wandering)
    sine = np.sin(np.maximum(np.minimum(theta, np.pi - theta), smallest))
    # below θ_min the spread is θ_min itself; the maximum only removes rounding
    return np.clip(_spread(x, sine, Ma, wandering), 0, np.pi / 2)


def _spread(x, sine, Ma, wandering):
    alfvenic = (Ma**2 * np.sqrt(x) * sine) ** -0.5
    fast = np.sqrt(Ma) * (x * sine**6) ** -0.125
    return choose_wandering(wandering, alfvenic, fast)


def choose_wandering(wandering, alfvenic, fast_modes):
    """The value that belongs to the kind of field-line wandering; ValueError for an unknown kind."""
    if wandering == "alfvenic":
        return alfvenic
    if wandering == "fast_modes":
        return fast_modes
    if wandering == "both":
        return np.maximum(alfvenic, fast_modes)
    raise ValueError(f"wandering must be 'alfvenic', 'fast_modes' or 'both', got {wandering!r}")


def theta_min(k, Ma, L, wandering="alfvenic"):
    """Smallest well-defined pitch angle: δθ(k, θ_min) = θ_min, at most π/2 [rad] (after eq. 39).

    At small angles (Ma² (kL)^½)^(−1/3) ∝ k^(−1/6) for Alfvénic wandering. Shape of k, Ma, L broadcast together.
    """
    Ma, x = positive("Ma", Ma), positive("k", k) * positive("L", L)
    # δθ = θ is  θ² sinθ = 1/(Ma² x^½)  (eq. 39)  and  θ sin^(3/4)θ = Ma^½ x^(−1/8)  (eq. 40)
    alfvenic = _solve(2, 1, -2 * np.log(Ma) - np.log(x) / 2)
    fast = _solve(1, 0.75, np.log(Ma) / 2 - np.log(x) / 8)
    return choose_wandering(wandering, alfvenic, fast)


def _solve(a, b, right):
    """θ in (0, π/2] with a ln θ + b ln sinθ = right (the left side rises with θ); π/2 where there is none."""
    top = np.log(np.pi / 2)
    u = np.minimum(right / (a + b), top)  # small angles: exact; u = ln θ, where the left side is concave
    for _ in range(8):
        theta = np.exp(u)
        slope = a + b * theta / np.tan(np.minimum(theta, np.pi / 2))
        u = np.minimum(u - (a * u + b * np.log(np.sin(theta)) - right) / slope, top)
    return np.exp(u)
