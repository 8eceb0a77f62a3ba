"""Physical constants and unit sizes in CGS (cm, g, s, erg, esu, gauss, K); particle energies in GeV.

CODATA 2018 (Tiesinga et al. 2021, Rev. Mod. Phys. 93, 025010) unless a line says otherwise.
"""

from math import pi

# Nature
C = 2.99792458e10  # speed of light, cm/s (exact)
E = 4.803204712570263e-10  # elementary charge, esu (1.602176634e-19 C, exact)
K_B = 1.380649e-16  # Boltzmann constant, erg/K (exact)
HBAR = 1.054571817646156e-27  # reduced Planck constant, erg s (exact h = 6.62607015e-27)
PROTON_MASS = 1.67262192369e-24  # g
ELECTRON_MASS = 9.1093837015e-28  # g

# Masses as energies
PROTON_MASS_GEV = 0.938272  # GeV, rounded as in the project's conventions (CODATA 0.93827208816)
ELECTRON_MASS_GEV = 0.51099895e-3  # GeV
ATOMIC_MASS_UNIT_GEV = 0.93149410  # GeV; a nucleus weighs A times this

# Units
ERG_PER_GEV = 1.602176634e-3  # erg (exact)
GEV_PER_C = ERG_PER_GEV / C  # momentum of 1 GeV/c, g cm/s
STATVOLT_PER_GV = ERG_PER_GEV / E  # so that r_L [cm] = R [statvolt] / B [gauss]
MBARN = 1e-27  # cm2
PC = 3.0856775814913673e18  # parsec, cm (IAU 2015 B2)
KPC = 1e3 * PC
YEAR = 3.15576e7  # Julian year, s
MYR = 1e6 * YEAR

# Derived
ELECTRON_RADIUS = E**2 / (ELECTRON_MASS * C**2)  # classical, cm
SIGMA_THOMSON = 8 * pi / 3 * ELECTRON_RADIUS**2  # cm2
