"""Rates and angles of the isotropic weak cascade of MHD fast modes (Kempski & Quataert, Sec. 3 and App. A).

k is the wavenumber [cm⁻¹], theta the angle between k and B [rad], Ma the fast-mode amplitude δV/v_A at the outer scale
L [cm]. The phase speed is v_A. Every argument is a float or an array; they broadcast together, plasma values included.
Rates are in s⁻¹, angles in rad. ValueError where k, Ma or L is not finite and > 0, or theta is not finite.
"""

import numpy as np

from solver.constants import ELECTRON_MASS, PROTON_MASS
from solver.physics.validity import finite, positive, warn

MASS_RATIO = ELECTRON_MASS / PROTON_MASS


def fast_mode_amplitude(k, Ma, L):
    """δv(k)/v_A = Ma (kL)^(−1/4): what eq. 24's cascade time and a k^(−3/2) spectrum imply."""
    return positive("Ma", Ma) * (positive("k", k) * positive("L", L)) ** -0.25


def cascade_rate(k, plasma, Ma, L):
    """1/τ_casc = (k/L)^½ δV²/v_ph = (k/L)^½ Ma² v_A (eqs. 24, A4)."""
    return np.sqrt(positive("k", k) / positive("L", L)) * positive("Ma", Ma) ** 2 * plasma.alfven_speed


def viscous_damping_rate(k, theta, plasma):
    """Γ = ν_B k² sin²θ/6 for k_∥ l_mfp v_A/v_th < 1 (eqs. 25, A5; Braginskii 1965)."""
    return plasma.viscosity * positive("k", k) ** 2 * np.sin(finite("theta", theta)) ** 2 / 6


def collisionless_angle_factor(theta, beta):
    """sin²θ/|cosθ| [(m_e/m_i)^½ exp(−m_e/(β m_i cos²θ)) + 5 exp(−1/(β cos²θ))] of eq. A6; 0 at θ = π/2."""
    theta = finite("theta", theta)
    cosine = np.maximum(np.abs(np.cos(theta)), 1e-100)  # the exponentials reach 0 long before
    inverse = 1 / (positive("beta", beta) * cosine**2)
    waves = np.sqrt(MASS_RATIO) * np.exp(-MASS_RATIO * inverse) + 5 * np.exp(-inverse)
    return np.sin(theta) ** 2 / cosine * waves


def collisionless_damping_rate(k, theta, plasma):
    """Γ = (πβ)^½/4 · k v_A · `collisionless_angle_factor` for k_∥ l_mfp v_A/v_th > 1 (eq. A6; Ginzburg 1961).

    Both terms, at every β: at β = 0.19 the ion term exceeds the electrons' even at θ → 0, so the small-angle form of
    eq. 26 is not used. Derived for β ≪ 1: `ValidityWarning` above 1.
    """
    beta = plasma.beta
    if np.any(beta > 1):
        warn(f"collisionless damping of fast modes (eq. A6) holds for plasma beta << 1, here up to {np.max(beta):.3g}")
    factor = collisionless_angle_factor(theta, beta)
    return np.sqrt(np.pi * beta) / 4 * positive("k", k) * plasma.alfven_speed * factor


def damping_rate(k, theta, plasma):
    """Viscous where k |cosθ| l_mfp v_A/v_th < 1, collisionless elsewhere: never both (end of App. A)."""
    viscous = positive("k", k) * np.abs(np.cos(finite("theta", theta))) < transition_wavenumber(plasma)
    return np.where(viscous, viscous_damping_rate(k, theta, plasma), collisionless_damping_rate(k, theta, plasma))[()]


def transition_wavenumber(plasma):
    """k_∥ = v_th/(v_A l_mfp) [cm⁻¹] where viscous damping gives way to collisionless damping (App. A)."""
    return plasma.thermal_speed / (plasma.alfven_speed * plasma.mean_free_path)


def wandering_angle(k, theta, Ma, L):
    """δθ = δB/B = [cosθ/(Ma² (kL)^½) + (sinθ/(Ma² (kL)^½))^(2/3)]^½, at most π/2 (eq. A7; Ma_Alf = 1).

    Spread of the wave's pitch angle while it cascades, by field lines that Alfvénic turbulence bends; eq. 27 at θ = 0.
    """
    inverse = 1 / (positive("Ma", Ma) ** 2 * np.sqrt(positive("k", k) * positive("L", L)))
    theta = finite("theta", theta)
    sine, cosine = np.abs(np.sin(theta)), np.abs(np.cos(theta))
    return np.minimum(np.sqrt(cosine * inverse + (sine * inverse) ** (2 / 3)), np.pi / 2)


def wandering_angle_fast_modes(k, Ma, L):
    """δθ = (Ma²/(kL)^½)^¼, at most π/2: field lines bent by the undamped isotropic fast modes themselves (eq. 40)."""
    return np.minimum(np.sqrt(positive("Ma", Ma)) * (positive("k", k) * positive("L", L)) ** -0.125, np.pi / 2)
