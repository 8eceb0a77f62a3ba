"""Continuous energy losses of nuclei as momentum loss rates −ṗ/p [1/s]; the time is τ_loss = 1/rate.

R [GV], densities [cm⁻³], temperatures [K], fields [G]; arrays broadcast. Adiabatic losses belong to the transport.
"""

from solver import particles
from solver.physics.validity import non_negative


def ionisation_rate(R, nucleus, n):
    """Ionisation of neutral gas, eq. C2: −ṗ/p = 2e-16 s⁻¹ Z² n (v/c)⁻² (p/(GeV/c))⁻¹, p of the whole nucleus.

    Source: the paper's rounding of Schlickeiser (2002), whose energy loss of about 1.8e-16 Z² n/β GeV/s gives this when
    divided by the speed. ∝ p⁻³ below and p⁻¹ above p = mc. n: neutral hydrogen, >= 0 (ValueError otherwise).
    """
    n = non_negative("n", n)
    return 2e-16 * nucleus.Z**2 * n / (particles.beta(R, nucleus) ** 2 * particles.momentum(R, nucleus))
