"""Continuous energy losses of nuclei as momentum loss rates −ṗ/p [1/s]; the time is τ_loss = 1/rate.

A power |dE/dt| is a rate |dE/dt|/(v p). R [GV], densities [cm⁻³], temperatures [K], fields [G]; arrays broadcast.
Adiabatic losses belong to the transport equation; pion production is left out, as in the paper (Sec. 2).
"""

import numpy as np

from solver import particles
from solver.constants import (
    ELECTRON_MASS,
    ELECTRON_MASS_GEV,
    ELECTRON_RADIUS,
    ERG_PER_GEV,
    HBAR,
    K_B,
    SIGMA_THOMSON,
    C,
)
from solver.physics.validity import non_negative, positive, warn

CMB_ENERGY_DENSITY = 4.17e-13  # erg/cm³, black body of 2.7255 K
CMB_PHOTON_ENERGY = 6.34e-13  # GeV, mean of that black body, 2.70 kT


def ionisation_rate(R, nucleus, n):
    """Ionisation of neutral gas, eq. C2: −ṗ/p = 2e-16 s⁻¹ Z² n (v/c)⁻² (p/(GeV/c))⁻¹, p of the whole nucleus.

    Source: the paper's rounding of Schlickeiser (2002), whose energy loss of about 1.8e-16 Z² n/β GeV/s gives this when
    divided by the speed. ∝ p⁻³ below and p⁻¹ above p = mc. n: neutral hydrogen, >= 0 (ValueError otherwise).
    """
    n = non_negative("n", n)
    return 2e-16 * nucleus.Z**2 * n / (particles.beta(R, nucleus) ** 2 * particles.momentum(R, nucleus))


def coulomb_logarithm(R, nucleus, n_e):
    """ln Λ = ½ ln[m_e²c⁴/(π r_e ħ²c² n_e) · M γ²β⁴/(M + 2γ m_e)]; n_e [cm⁻³] > 0, M the nucleus' mass.

    Mannheim & Schlickeiser (1994), as in Strong & Moskalenko (1998), app. C.
    """
    n_e = positive("n_e", n_e)
    beta, gamma, M = particles.beta(R, nucleus), particles.gamma(R, nucleus), nucleus.mass
    plasma = ELECTRON_MASS**2 * C**2 / (np.pi * ELECTRON_RADIUS * HBAR**2 * n_e)
    return 0.5 * np.log(plasma * gamma**2 * beta**4 / (1 + 2 * gamma * ELECTRON_MASS_GEV / M))


def coulomb_rate(R, nucleus, n_e, T, logarithm=None):
    """Coulomb collisions with thermal electrons, −ṗ/p from |dE/dt| = 4π r_e² c m_e c² Z² n_e ln Λ β²/(x_m³ + β³).

    x_m = (3√π/4)^(1/3) √(2kT/(m_e c²)): nuclei slower than the thermal electrons lose ∝ β². Mannheim & Schlickeiser
    (1994), as in Strong & Moskalenko (1998), app. C. Free electrons: n_e [cm⁻³] >= 0, T [K]. logarithm: ln Λ, default
    `coulomb_logarithm` (38 at 1 GV and 1 cm⁻³); 20 gives the 3.1e-7 eV/s of Schlickeiser (2002). ValidityWarning for
    nuclei no more energetic than thermal ones (T_kin < 3/2 kT) and where ln Λ < 1 (then taken as 1).
    """
    n_e, T = non_negative("n_e", n_e), positive("T", T)
    if logarithm is None:
        logarithm = coulomb_logarithm(R, nucleus, np.maximum(n_e, 1e-100))
        if np.any(logarithm < 1):
            warn("Coulomb losses: plasma too dense or nucleus too slow for the Coulomb logarithm, taken as 1")
            logarithm = np.maximum(logarithm, 1.0)
    if np.any(particles.kinetic_energy(R, nucleus) < 1.5 * K_B * T / ERG_PER_GEV):
        warn("Coulomb losses: the lowest rigidities are thermal particles, which gain as much as they lose")
    beta = particles.beta(R, nucleus)
    x_m = (0.75 * np.sqrt(np.pi)) ** (1 / 3) * np.sqrt(2 * K_B * T / (ELECTRON_MASS * C**2))
    strength = 4 * np.pi * ELECTRON_RADIUS**2 * C * ELECTRON_MASS_GEV * nucleus.Z**2 * n_e
    return strength * positive("logarithm", logarithm) * beta / ((x_m**3 + beta**3) * particles.momentum(R, nucleus))


def _thomson_rate(R, nucleus, energy_density):
    """−ṗ/p from the power (4/3) σ c U β²γ² with the nucleus' Thomson cross-section σ = σ_T Z⁴ (m_e/M)²."""
    sigma = SIGMA_THOMSON * nucleus.Z**4 * (ELECTRON_MASS_GEV / nucleus.mass) ** 2
    return 4 / 3 * sigma * C * energy_density * particles.gamma(R, nucleus) / (nucleus.mass * ERG_PER_GEV)


def synchrotron_rate(R, nucleus, B):
    """Synchrotron losses of a nucleus, isotropic pitch angles: −ṗ/p = (4/3) σ_T Z⁴ (m_e/M)² U_B γ/(M c) [1/s].

    U_B = B²/(8π), B [G] > 0. Rybicki & Lightman (1979), eq. 6.7b, with the charge and mass of the nucleus: ∝ Z⁴ p/M⁴,
    1e-13 of an electron's at equal momentum, here so that every continuous loss has its place.
    """
    return _thomson_rate(R, nucleus, positive("B", B) ** 2 / (8 * np.pi))


def inverse_compton_rate(R, nucleus, energy_density=CMB_ENERGY_DENSITY, photon_energy=CMB_PHOTON_ENERGY):
    """Inverse Compton losses of a nucleus in the Thomson limit: as synchrotron with U of the photons [erg/cm³] for U_B.

    Rybicki & Lightman (1979), eq. 7.16a. photon_energy ε [GeV] is only for the limit: ValidityWarning where 4γε > M c².
    Defaults: the microwave background.
    """
    if np.any(4 * particles.gamma(R, nucleus) * positive("photon_energy", photon_energy) > nucleus.mass):
        warn("inverse Compton losses: beyond the Thomson limit, true losses are smaller")
    return _thomson_rate(R, nucleus, non_negative("energy_density", energy_density))
