"""Undamped isotropic cascades, the phenomenological references of Fig. 3 (Kempski & Quataert, Sec. 3).

Magnetic power (δB/B)²(k) = Ma² (kL)^(1−s) of a spectrum ∝ k^(−s), scattering at ν = Ω (δB/B)² at k = 1/r_L
and κ = v²/(3ν), Ω = v/r_L. The paper has κ ~ v²/ν; the 3 is that of A3 for D_μμ = ν(1 − μ²)/2.
"""

import numpy as np

from solver import particles
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import in_range, positive, warn

KOLMOGOROV, KRAICHNAN = 5 / 3, 3 / 2


def magnetic_power(k, Ma, L, spectrum):
    """(δB/B)² = Ma² (kL)^(1−s) per e-fold of k [cm⁻¹]; Ma = δB/B at the outer scale L [cm], s = spectrum."""
    return positive("Ma", Ma) ** 2 * (positive("k", k) * positive("L", L)) ** (1 - _between_1_and_2(spectrum))


def _between_1_and_2(spectrum):
    return in_range("spectrum", spectrum, 1, 2)


def power_law(R, B, Ma, L, nucleus=particles.PROTON, *, spectrum):
    """κ = (v r_L/3) (L/r_L)^(s−1)/Ma² ∝ v R^(2−s) [cm²/s] for a spectrum k^(−s), 1 < s < 2.

    R [GV], B [G], Ma = δB/B at the outer scale L [cm]; all broadcast. ValueError for values not finite or not > 0 and
    for s outside (1, 2); `ValidityWarning` where r_L > L, beyond which no wave is in resonance.
    """
    spectrum = _between_1_and_2(spectrum)
    r_L = gyroradius(R, B)
    if np.any(r_L > positive("L", L)):
        warn(f"gyroradii up to {np.max(r_L / L):.3g} outer scales: no wave of the cascade is in resonance")
    return particles.speed(R, nucleus) * r_L / (3 * magnetic_power(1 / r_L, Ma, L, spectrum))


def kolmogorov(R, B, Ma, L, nucleus=particles.PROTON):
    """κ = v L/3 (r_L/L)^(1/3)/Ma² [cm²/s], P ∝ k^(−5/3); arguments as `power_law`."""
    return power_law(R, B, Ma, L, nucleus, spectrum=KOLMOGOROV)


def kraichnan(R, B, Ma, L, nucleus=particles.PROTON):
    """κ = v L/3 (r_L/L)^(1/2)/Ma² [cm²/s], P ∝ k^(−3/2) (Iroshnikov–Kraichnan); arguments as `power_law`."""
    return power_law(R, B, Ma, L, nucleus, spectrum=KRAICHNAN)
