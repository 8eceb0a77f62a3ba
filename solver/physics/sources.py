"""Primary sources in the disc: power laws in rigidity and their normalisation by the supernova rate."""

import numpy as np
from scipy.special import gammaln

from solver.constants import ERG_PER_GEV
from solver.particles import PROTON
from solver.physics.validity import finite, in_range, non_negative, positive


def power_law(R, amplitude, slope):
    """Q(R) = amplitude (R/GV)^(−slope) in units of `amplitude`, one side's share: the paper's source is 2Q δ(z)."""
    return non_negative("amplitude", amplitude) * positive("R", R) ** -finite("slope", slope)


def energy_integral(slope, nucleus=PROTON):
    """∫₀^∞ 4πp² R^(−slope) T dp [GeV⁴, p = Z R in GeV/c], the kinetic energy in a power law of amplitude 1 at 1 GV.

    With p = m x:  4π Z^s m^(4−s) ∫ x^(2−s) (√(1+x²) − 1) dx, and by parts the integral is
    Γ((5−s)/2) Γ((s−4)/2) / (2√π (s−3)).  It converges for 4 < s < 5 only; ValueError otherwise.
    """
    s = in_range("slope", slope, 4, 5)
    log_integral = gammaln((5 - s) / 2) + gammaln((s - 4) / 2) - np.log(2 * np.sqrt(np.pi) * (s - 3))
    return 4 * np.pi * np.exp(s * np.log(nucleus.Z) + (4 - s) * np.log(nucleus.mass) + log_integral)


def supernova_amplitude(rate, energy, slope, radius, nucleus=PROTON):
    """Q(R = 1 GV) [cm⁻² s⁻¹ GeV⁻³] of a power law, from 2 Q π radius² ∫₀^∞ 4πp² T dp = rate × energy.

    rate [1/s] of supernovae and energy [erg] of each in this nucleus, radius [cm] of the disc, 4 < slope < 5; T is the
    kinetic energy of the nucleus. The area and the range of the integral are this project's reading, the paper names
    neither. ValueError for anything not > 0 or a slope without finite energy.
    """
    power = positive("rate", rate) * positive("energy", energy) / ERG_PER_GEV
    return power / (2 * np.pi * positive("radius", radius) ** 2 * energy_integral(slope, nucleus))


def of_table(R, rigidity, Q):
    """Q at rigidities R from a table: a power law between its rigidities (ascending), zero outside them; units as given."""
    at, Q = np.asarray(rigidity, float), np.asarray(Q, float)
    values = np.exp(np.interp(np.log(R), np.log(at), np.log(np.maximum(Q, 1e-300))))
    return np.where((at[0] <= R) & (at[-1] >= R), values, 0.0)


def slope_of_table(R, rigidity, Q):
    """−d ln Q/d ln R just below one rigidity R, by the table that `of_table` reads; inf where it ends below R or vanishes."""
    at, Q = np.asarray(rigidity, float), np.asarray(Q, float)
    k = int(np.searchsorted(at, R * (1 - 1e-12)))
    if k in (0, len(at)) or Q[k] <= 0.0 or Q[k - 1] <= 0.0:
        return np.inf
    return float(-np.log(Q[k] / Q[k - 1]) / np.log(at[k] / at[k - 1]))
