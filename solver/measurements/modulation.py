"""Solar modulation in the force-field approximation (Gleeson & Axford 1968), both ways.

A nucleus loses Φ = Z φ of kinetic energy on its way in, φ the potential in GV, and J_T/p² (the phase-space density) is
conserved along it:
    J_T(T, Earth)/p²(T) = J_T(T + Z φ, interstellar)/p²(T + Z φ)
Exact for one nucleus; a ratio of two nuclei is modulated by modulating both.  Arrays of any shape; T in GeV of the whole
nucleus, R in GV, p in GeV/c.  ValueError for φ < 0 and for what is not positive.
"""

from dataclasses import replace

import numpy as np

from solver.particles import PROTON, beta, kinetic_energy, momentum, rigidity_from_kinetic_energy
from solver.physics.validity import non_negative

from . import axes


def interstellar_rigidity(R, phi, nucleus=PROTON):
    """Rigidity outside the heliosphere of a nucleus that arrives with R."""
    phi = non_negative("phi", phi)
    if np.ndim(phi) == 0 and phi == 0:
        return np.asarray(R, float)
    return rigidity_from_kinetic_energy(kinetic_energy(R, nucleus) + nucleus.Z * phi, nucleus)


def modulated(flux, phi, nucleus=PROTON):
    """The flux per rigidity at Earth as a function of R, from that outside; both are functions R [GV] → J_R.

    J_R = Z β p² × (phase-space density), so J_R(R) = flux(R') β p²/(β' p'²), R' = interstellar_rigidity(R).
    """

    def at_earth(R):
        outside = interstellar_rigidity(R, phi, nucleus)
        return flux(outside) * _weight(R, nucleus) / _weight(outside, nucleus)

    return at_earth


def _weight(R, nucleus):
    return beta(R, nucleus) * momentum(R, nucleus) ** 2


def modulate(T, J, phi, nucleus=PROTON):
    """(T, J_T) at Earth of points (T, J_T) outside: T − Z φ and J_T p²/p'²; nan where T ≤ Z φ does not arrive."""
    T, J = np.broadcast_arrays(np.asarray(T, float), np.asarray(J, float))
    arrives = nucleus.Z * non_negative("phi", phi) < T
    return _moved(T, J, -phi, nucleus, arrives)


def demodulate(T, J, phi, nucleus=PROTON):
    """(T, J_T) outside of points (T, J_T) at Earth: T + Z φ and J_T p'²/p²; the inverse of `modulate`."""
    T, J = np.broadcast_arrays(np.asarray(T, float), np.asarray(J, float))
    return _moved(T, J, non_negative("phi", phi), nucleus, np.ones(T.shape, bool))


def _moved(T, J, phi, nucleus, keep):
    """T + Z φ and J times the ratio of p² = T (T + 2m); nan where not kept."""
    out = np.where(keep, T + nucleus.Z * phi, np.nan)
    squared = T * (T + 2 * nucleus.mass)
    return out, np.where(keep, J * out * (out + 2 * nucleus.mass) / squared, np.nan)


def demodulated(measurement, phi=None, nucleus=None):
    """The Measurement as it would be outside the heliosphere, on its own axis, with phi = 0.

    phi (GV) by default the measurement's own; nucleus as for Measurement.to.  Every point moves to T + Z φ, with its bin.
    ValueError for a ratio, and where no potential is known.
    """
    phi = measurement.phi if phi is None else phi
    if phi is None:
        raise ValueError(f"{measurement.label} {measurement.quantity}: no potential in its file, give phi in GV")
    if measurement.is_ratio:
        raise ValueError(f"{measurement.quantity}: a ratio cannot be demodulated, its two nuclei lose different energies")
    nucleus = measurement.nucleus(nucleus)
    energy = measurement.to("EK", nucleus)
    T, value = demodulate(energy.x, energy.value, phi, nucleus)
    factor = np.divide(value, energy.value, out=np.ones_like(value), where=energy.value > 0)
    moved = replace(energy, x=T, low=energy.low + nucleus.Z * phi, high=energy.high + nucleus.Z * phi, value=value,
                    stat=energy.stat * factor, sys=energy.sys * factor, phi=0.0)
    return moved.to(axes.known(measurement.axis), nucleus)
