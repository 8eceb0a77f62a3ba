"""Steepening of fast modes into weak shocks and scattering by them (Kempski & Quataert, Sec. 5.1, eqs. 34, 35).

k [cm⁻¹], delta_v and phase_speed [cm/s], lengths [cm]; all arguments broadcast. ValueError where a value is not finite
or not > 0.
"""

import numpy as np

from solver import particles
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import positive

SPECTRUM = 2.0  # power per k of steepened waves ∝ k^(−2) (Kadomtsev & Petviashvili 1973)


def steepening_rate(k, delta_v, theta=None):
    """1/τ_steepen = k δv [1/s]; at low β, where theta is given, k δv sinθ (footnote 4)."""
    rate = positive("k", k) * positive("delta_v", delta_v)
    return rate if theta is None else rate * np.abs(np.sin(theta))


def steepening_over_cascade(delta_v, phase_speed, theta=None):
    """Ratio of the two rates, v_ph/δv (eq. 34); v_ph/(δv sinθ) for the anisotropic cascade (footnote 4). Dimensionless.

    Above 1 waves steepen before they cascade weakly.
    """
    ratio = positive("phase_speed", phase_speed) / positive("delta_v", delta_v)
    return ratio if theta is None else ratio / np.abs(np.sin(theta))


def dissipation_rate(k, delta_v):
    """1/τ_diss = k δv [1/s] of weak shocks (eq. 35; Landau & Lifshitz 1959): as fast as they form."""
    return positive("k", k) * positive("delta_v", delta_v)


def amplitude(k, delta_V, L):
    """δv(k) = δV (kL)^(−1/2) [cm/s] of a k^(−2) spectrum with amplitude delta_V at the outer scale L."""
    return positive("delta_V", delta_V) / np.sqrt(positive("k", k) * positive("L", L))


def shock_width(plasma, delta_V):
    """w = l_mfp v_th/δV [cm] of a collisional shock of strength delta_V (Sec. 5.1); ~ l_mfp for δV ~ v_th."""
    return plasma.mean_free_path * plasma.thermal_speed / positive("delta_V", delta_V)


def smallest_rigidity(width, B):
    """R [GV] whose gyroradius is the width of the shocks: particles of larger R meet them as discontinuities."""
    return positive("width", width) / gyroradius(1.0, B)


def kappa(R, separation, nucleus=particles.PROTON, *, width=None, B=None):
    """κ = v l/3 [cm²/s], mean free path l = separation of the shocks: independent of energy for v = c (Fig. 7).

    R [GV]. Where width [cm] and B [G] are given, inf for r_L < width: such particles follow the shock smoothly.
    """
    result = particles.speed(R, nucleus) * positive("separation", separation) / 3
    if (width is None) != (B is None):
        raise ValueError("width and B of the shocks go together")
    return result if width is None else np.where(gyroradius(R, B) < positive("width", width), np.inf, result)[()]
