"""Spallation: rates, cross-sections constant or from a table, and how the product's momentum follows the parent's.

With the rate 1/τ = n σ v of a parent, its product is made with p' = ratio · p, and numbers are conserved:
    q'(p') p'² dp' = f(p)/τ(p) p² dp   ⇒   q'(p') = ratio⁻³ f(p)/τ(p),  p = p'/ratio
"""

import math
from pathlib import Path

import numpy as np

from solver import particles
from solver.constants import MBARN, C
from solver.physics.validity import in_range, non_negative, positive, warn


def rate(n, sigma, beta):
    """n σ β c [1/s] of a particle of speed βc among n targets [cm⁻³] of cross-section σ [cm²] (eq. C1); n, σ >= 0."""
    beta = in_range("beta", beta, 0, np.nextafter(1, 2))
    return non_negative("n", n) * non_negative("sigma", sigma) * beta * C


def spallation_time(R, nucleus, n, sigma):
    """τ_spall = 1/(n σ v) [s], v the parent's speed at rigidity R [GV]; inf where n σ = 0.

    nucleus: the parent; n [cm⁻³] >= 0; sigma: [cm²] or a `CrossSection`.
    """
    if isinstance(sigma, CrossSection):
        sigma = sigma(particles.kinetic_energy_per_nucleon(R, nucleus))
    inverse = rate(n, sigma, particles.beta(R, nucleus))
    return np.divide(1.0, inverse, out=np.full(np.shape(inverse), np.inf), where=np.asarray(inverse) > 0)[()]


def momentum_ratio(parent, child, conserves="energy_per_nucleon"):
    """p_child/p_parent of one reaction, from the two `Nucleus`.

    "energy_per_nucleon": A_child/A_parent, the physical one (fragments keep their velocity). "rigidity":
    Z_child/Z_parent, the paper's reading (eq. 30 compares f_B and f_C at equal R). ValueError for anything else.
    """
    if conserves == "energy_per_nucleon":
        return child.A / parent.A
    if conserves == "rigidity":
        return child.Z / parent.Z
    raise ValueError(f"conserves must be 'energy_per_nucleon' or 'rigidity', got {conserves!r}")


def parent_rigidity(R, parent, child, conserves="energy_per_nucleon"):
    """Rigidity [GV] of the parent whose product has rigidity R: R Z_child/(ratio Z_parent); R itself for "rigidity"."""
    return positive("R", R) * (child.Z / parent.Z / momentum_ratio(parent, child, conserves))


def number_factor(parent, child, conserves="energy_per_nucleon"):
    """(p_parent/p_child)³: what f of the parent, at its own momentum, is multiplied with as a source of the child's f.

    It is (Z_parent/Z_child)³ for "rigidity", where number is conserved per rigidity, and (A_parent/A_child)³ otherwise.
    """
    return momentum_ratio(parent, child, conserves) ** -3


class CrossSection:
    """Cross-section of one reaction [cm²] against kinetic energy per nucleon [GeV/n], interpolated log-log in a table.

    energy: increasing, > 0, [GeV/n]; sigma: > 0, [mbarn]; two rows or more. ValueError listing all faults otherwise.
    Beyond the table the end value is kept, with a ValidityWarning below it; above it only if the last segment is not
    flat to 10 % per decade, because cross-sections level off at a few GeV per nucleon.
    """

    def __init__(self, energy, sigma, where="cross-section table", lines=None):
        """where and lines name the rows in messages: `file`, and the line number of every row."""
        rows = list(zip(energy, sigma, strict=True))
        lines = list(range(1, len(rows) + 1)) if lines is None else lines
        faults = []
        for i, (x, s) in enumerate(rows):
            if not (math.isfinite(x) and x > 0):
                faults.append(f"{where}:{lines[i]}: energy per nucleon must be > 0, got {x:g}")
            elif i and x <= rows[i - 1][0]:
                faults.append(f"{where}:{lines[i]}: energies must increase, got {x:g} after {rows[i - 1][0]:g}")
            if not (math.isfinite(s) and s > 0):
                faults.append(f"{where}:{lines[i]}: cross-section must be > 0, got {s:g}")
        if len(rows) < 2:
            faults.append(f"{where}: needs two rows or more [GeV/n, mbarn], has {len(rows)}")
        if faults:
            raise ValueError("\n".join(faults))
        self.energy = np.array([x for x, _ in rows], dtype=float)
        self.sigma = np.array([s for _, s in rows], dtype=float) * MBARN
        self._levels_off = abs(np.diff(np.log(self.sigma[-2:])) / np.diff(np.log10(self.energy[-2:])))[0] <= 0.1

    def __call__(self, T):
        """σ [cm²] at kinetic energies per nucleon T [GeV/n], array-shaped like T."""
        x = positive("T", T)
        low, high = self.energy[[0, -1]]
        if np.any(x < low) or (np.any(x > high) and not self._levels_off):
            warn(
                f"cross-sections are known from {low:g} to {high:g} GeV/n and asked for from "
                f"{np.min(x):.3g} to {np.max(x):.3g}; the end values are kept"
            )
        return np.exp(np.interp(np.log(x), np.log(self.energy), np.log(self.sigma)))


def parse_table(text, where="cross-section table"):
    """`CrossSection` from text: rows of kinetic energy per nucleon [GeV/n] and cross-section [mbarn].

    Blanks or a comma separate the two; empty lines and what follows # are skipped. ValueError with file (`where`), line
    and fault, all faults at once.
    """
    energy, sigma, lines, faults = [], [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("#", 1)[0].replace(",", " ").split()
        if not fields:
            continue
        try:
            x, s = (float(field) for field in fields)
        except ValueError:
            faults.append(f"{where}:{number}: expected energy [GeV/n] and cross-section [mbarn], got {line.strip()!r}")
            continue
        energy.append(x)
        sigma.append(s)
        lines.append(number)
    try:
        table = CrossSection(energy, sigma, where, lines)
    except ValueError as error:
        raise ValueError("\n".join([*faults, str(error)])) from None
    if faults:
        raise ValueError("\n".join(faults))
    return table


def read_table(path):
    """`parse_table` of a file; OSError if it cannot be read."""
    return parse_table(Path(path).read_text(encoding="utf-8"), str(path))
