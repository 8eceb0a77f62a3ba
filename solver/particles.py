"""Nuclei and their kinematics: rigidity R [GV], momentum p = Z R [GeV/c], kinetic energy T [GeV], speed.

Special relativity in both directions, written so that nothing cancels at small R: T = p²/(E + m), not E − m.
R and nucleus arguments: R a float or array, any shape, > 0 and finite (else ValueError); results have R's shape.
"""

import difflib
import re
from dataclasses import dataclass

import numpy as np

from solver.constants import ATOMIC_MASS_UNIT_GEV, PROTON_MASS_GEV, C
from solver.physics.validity import in_range, positive


@dataclass(frozen=True)
class Nucleus:
    """A bare nucleus; mass in GeV, None takes A atomic mass units. ValueError unless 1 <= Z <= A and mass > 0."""

    name: str
    Z: int
    A: int
    mass: float | None = None

    def __post_init__(self):
        for key in ("Z", "A"):
            value = getattr(self, key)
            if isinstance(value, bool) or int(value) != value or value < 1:
                raise ValueError(f"{key} of {self.name} must be a positive integer, got {value!r}")
        if self.Z > self.A:
            raise ValueError(f"Z of {self.name} is {self.Z}, more than its A = {self.A}")
        mass = self.A * ATOMIC_MASS_UNIT_GEV if self.mass is None else self.mass
        object.__setattr__(self, "mass", float(positive(f"mass of {self.name}", mass)))


PROTON = Nucleus("proton", 1, 1, PROTON_MASS_GEV)
KNOWN = {
    nucleus.name: nucleus
    for nucleus in (
        PROTON,
        Nucleus("deuteron", 1, 2),
        Nucleus("helium3", 2, 3),
        Nucleus("helium4", 2, 4),
        Nucleus("lithium6", 3, 6),
        Nucleus("lithium7", 3, 7),
        Nucleus("beryllium7", 4, 7),
        Nucleus("beryllium9", 4, 9),
        Nucleus("beryllium10", 4, 10),
        Nucleus("boron10", 5, 10),
        Nucleus("boron", 5, 11),
        Nucleus("carbon", 6, 12),
        Nucleus("carbon13", 6, 13),
        Nucleus("nitrogen", 7, 14),
        Nucleus("nitrogen15", 7, 15),
        Nucleus("oxygen", 8, 16),
        Nucleus("neon", 10, 20),
        Nucleus("magnesium", 12, 24),
        Nucleus("silicon", 14, 28),
        Nucleus("iron", 26, 56),
    )
}


SYMBOLS = {1: "H", 2: "He", 3: "Li", 4: "Be", 5: "B", 6: "C", 7: "N", 8: "O", 10: "Ne", 12: "Mg", 14: "Si", 26: "Fe"}


def isotope(nucleus):
    """12C, 56Fe, …"""
    return f"{nucleus.A}{SYMBOLS[nucleus.Z]}"


def named_by_symbol(text):
    """Names in `KNOWN` that a symbol stands for, with its mass number or without: C12, 12C, C-12, Fe, B."""
    match = re.fullmatch(r"(?P<a>\d*)[-_]?(?P<symbol>[A-Za-z]{1,2})[-_]?(?P<b>\d*)", str(text))
    if match is None or (match["a"] and match["b"]):
        return []
    A, symbol = match["a"] or match["b"], match["symbol"].capitalize()
    return [name for name, nucleus in KNOWN.items() if SYMBOLS[nucleus.Z] == symbol and A in ("", str(nucleus.A))]


def known(name):
    """The nucleus of that name in `KNOWN` (boron = 11B, carbon = 12C); ValueError with the nearest names otherwise."""
    if name in KNOWN:
        return KNOWN[name]
    near = difflib.get_close_matches(str(name), KNOWN, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(KNOWN)}"
    raise ValueError(f"unknown nucleus {name!r}: {hint} Others need Z, A and mass")


def momentum(R, nucleus=PROTON):
    """p = Z R [GeV/c]."""
    return nucleus.Z * positive("R", R)


def rigidity_from_momentum(p, nucleus=PROTON):
    """R = p/Z [GV] from p [GeV/c]."""
    return positive("p", p) / nucleus.Z


def total_energy(R, nucleus=PROTON):
    """E = √(p² + m²) [GeV]."""
    return np.hypot(momentum(R, nucleus), nucleus.mass)


def beta(R, nucleus=PROTON):
    """v/c = p/E."""
    p = momentum(R, nucleus)
    return p / np.hypot(p, nucleus.mass)


def gamma(R, nucleus=PROTON):
    """Lorentz factor E/m."""
    return total_energy(R, nucleus) / nucleus.mass


def speed(R, nucleus=PROTON):
    """v = β c [cm/s]."""
    return C * beta(R, nucleus)


def kinetic_energy(R, nucleus=PROTON):
    """T = E − m = p²/(E + m) [GeV], of the whole nucleus; full relative accuracy at every R."""
    p = momentum(R, nucleus)
    return p * (p / (np.hypot(p, nucleus.mass) + nucleus.mass))


def kinetic_energy_per_nucleon(R, nucleus=PROTON):
    """T/A [GeV per nucleon]."""
    return kinetic_energy(R, nucleus) / nucleus.A


def rigidity_from_kinetic_energy(T, nucleus=PROTON):
    """R = √(T (T + 2m))/Z [GV] from T [GeV] of the whole nucleus."""
    T = positive("T", T)
    return np.sqrt(T) * np.sqrt(T + 2 * nucleus.mass) / nucleus.Z


def rigidity_from_kinetic_energy_per_nucleon(T, nucleus=PROTON):
    """R [GV] from T/A [GeV per nucleon]."""
    return rigidity_from_kinetic_energy(nucleus.A * positive("T", T), nucleus)


def rigidity_from_total_energy(E, nucleus=PROTON):
    """R = √((E − m)(E + m))/Z [GV] from E [GeV]; ValueError unless E > m."""
    E = in_range("E", E, nucleus.mass, np.inf)
    return np.sqrt(E - nucleus.mass) * np.sqrt(E + nucleus.mass) / nucleus.Z


def rigidity_from_beta(beta, nucleus=PROTON):
    """R = m β/(Z √((1 − β)(1 + β))) [GV]; ValueError unless 0 < β < 1."""
    beta = in_range("beta", beta, 0, 1)
    return nucleus.mass * beta / np.sqrt((1 - beta) * (1 + beta)) / nucleus.Z


def dT_dR(R, nucleus=PROTON):
    """dT/dR = Z β [GeV/GV], T of the whole nucleus (divide by A for the energy per nucleon)."""
    return nucleus.Z * beta(R, nucleus)
