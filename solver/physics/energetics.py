"""Power, anisotropy and competing rates: orders of magnitude of Kempski & Quataert, Secs. 3, 6.2 and App. B.

CGS throughout; all arguments broadcast. ValueError where a value is not finite or not > 0 (amplitudes: not >= 0).
"""

import numpy as np

from solver.constants import C
from solver.physics.validity import non_negative, positive


def scattering_rate(kappa):
    """ν = c²/κ [1/s] from κ [cm²/s], the convention of eq. 28 (not c²/(3κ))."""
    return C**2 / positive("kappa", kappa)


def mean_free_path(rate):
    """c/ν [cm] from ν [1/s]."""
    return C / positive("rate", rate)


def drift_anisotropy(rate, scale_height):
    """v_D/c ~ (c/L_CR)/ν (eq. 28; Skilling 1975), at most 1: ν [1/s], L_CR [cm]."""
    return np.minimum(mean_free_path(rate) / positive("scale_height", scale_height), 1.0)


def drift_speed(rate, scale_height):
    """v_D = c · `drift_anisotropy` [cm/s]."""
    return C * drift_anisotropy(rate, scale_height)


def streaming_suppressed(rate, scale_height, alfven_speed):
    """True where v_D < v_A: extrinsic scattering keeps cosmic rays too isotropic to excite waves (after eq. 28)."""
    return drift_speed(rate, scale_height) < positive("alfven_speed", alfven_speed)


def kappa_bound(scale_height, alfven_speed):
    """κ = v_A L_CR [cm²/s]; above it streaming excites waves, so extrinsic scattering is not the only one (Sec. 3)."""
    return positive("scale_height", scale_height) * positive("alfven_speed", alfven_speed)


def cylinder_volume(radius, height):
    """π radius² height [cm³]; height is the full height of the cylinder."""
    return np.pi * positive("radius", radius) ** 2 * positive("height", height)


def wave_power(amplitude, B, damping_rate, volume, kinetic=False):
    """Power [erg/s] that keeps waves of amplitude δB/B against damping at Γ: (δB²/8π) Γ volume (Sec. 6.2).

    kinetic=True counts the equal kinetic energy of Alfvén waves too (twice as much). Γ is used as the decay rate of the
    energy, the paper's 4e36 erg/s for δB/B = 1e-3.
    """
    energy = (non_negative("amplitude", amplitude) * positive("B", B)) ** 2 / (8 * np.pi)
    return (2 if kinetic else 1) * energy * non_negative("damping_rate", damping_rate) * positive("volume", volume)


def supernova_power(rate, energy):
    """rate [1/s] × energy [erg] in erg/s."""
    return positive("rate", rate) * positive("energy", energy)


def cascade_over_shear(Ma, Ma_alfven):
    """Cascade rate of self-excited Alfvén waves by fast modes over their shearing by Alfvénic turbulence (eqs. B1, B2).

    (Ma/Ma_Alf)² for Ma_Alf <= 1 and (Ma/Ma_Alf)^(3/2) Ma^(1/2) above; both are Ma² at Ma_Alf = 1. Below 1 the waves are
    sheared away before fast modes can spread them in k.
    """
    Ma, Ma_alfven = positive("Ma", Ma), positive("Ma_alfven", Ma_alfven)
    ratio = Ma / Ma_alfven
    return np.where(Ma_alfven <= 1, ratio**2, ratio**1.5 * np.sqrt(Ma))[()]
