"""The axes of measurements and the exact ways between them, for one nucleus.

Codes as in the cosmic-ray database: R rigidity [GV], EKN kinetic energy per nucleon [GeV/n], EK kinetic energy [GeV],
ETOT, ETOTN total energy (per nucleon), and P momentum [GeV/c].  A flux per axis unit transforms with dx/dR:
    dP/dR = Z      dEK/dR = dETOT/dR = Z β      per nucleon: Z β/A
"""

from dataclasses import dataclass

import numpy as np

from solver import particles


@dataclass(frozen=True)
class Axis:
    """An axis: its code in data bases, its name, its unit, its symbol in figures."""

    code: str
    name: str
    unit: str
    symbol: str

    @property
    def flux_unit(self):
        return f"m-2 s-1 sr-1 {'GV' if self.code == 'R' else 'GeV'}-1"


AXES = {
    axis.code: axis
    for axis in (
        Axis("R", "rigidity", "GV", "R"),
        Axis("EKN", "kinetic energy per nucleon", "GeV/n", "T/n"),
        Axis("EK", "kinetic energy", "GeV", "T"),
        Axis("ETOT", "total energy", "GeV", "E"),
        Axis("ETOTN", "total energy per nucleon", "GeV/n", "E/n"),
        Axis("P", "momentum", "GeV/c", "p"),
    )
}


def known(code):
    """The code in capitals; ValueError with the codes there are."""
    found = str(code).upper()
    if found not in AXES:
        raise ValueError(f"unknown axis {code!r}; there are {', '.join(AXES)}")
    return found


def rigidity(x, axis, nucleus):
    """R [GV] of x on an axis."""
    if axis == "R":
        return np.asarray(x, float)
    if axis == "P":
        return particles.rigidity_from_momentum(x, nucleus)
    x = np.asarray(x, float) * (nucleus.A if axis.endswith("N") else 1)
    if axis.startswith("EK"):
        return particles.rigidity_from_kinetic_energy(x, nucleus)
    return particles.rigidity_from_total_energy(x, nucleus)


def from_rigidity(R, axis, nucleus):
    """x on an axis at R [GV]."""
    if axis == "R":
        return np.asarray(R, float)
    if axis == "P":
        return particles.momentum(R, nucleus)
    energy = particles.kinetic_energy if axis.startswith("EK") else particles.total_energy
    return energy(R, nucleus) / (nucleus.A if axis.endswith("N") else 1)


def slope(R, axis, nucleus):
    """dx/dR at R [GV]."""
    if axis == "R":
        return np.ones_like(np.asarray(R, float))
    if axis == "P":
        return np.full_like(np.asarray(R, float), nucleus.Z)
    return particles.dT_dR(R, nucleus) / (nucleus.A if axis.endswith("N") else 1)


def same(axis, other, nuclei):
    """Do all these nuclei have one and the same map between two axes?  Then a ratio of them can be moved exactly."""
    if axis == other or len({(n.Z, n.A, n.mass) for n in nuclei}) == 1:
        return True
    pair = {axis, other}
    if pair == {"R", "P"}:
        return len({n.Z for n in nuclei}) == 1
    if pair in ({"EK", "EKN"}, {"ETOT", "ETOTN"}):
        return len({n.A for n in nuclei}) == 1
    return False
