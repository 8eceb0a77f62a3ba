"""The model at the points of a measurement: spectra and ratios from a result, on any axis, modulated or not.

Between the nodes of the result ln J is linear in ln R, a power law (the scheme's own picture of a spectrum).  A point with
a bin is compared with the mean of the model over the bin, a point without one with the model at x.
All species of a charge add up: B is every boron isotope of the deck.  Each is converted to the axis by its own mass, so
B/C at equal T/n is B at that T/n over C at that T/n.
"""

import numpy as np

from solver.particles import Nucleus

from . import axes, names
from .modulation import modulated

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)       # exact to rounding for power laws over bins of a factor of 2


class Spectrum:
    """A flux per rigidity as a function of R [GV]: a power law between the nodes, nan outside and where J ≤ 0."""

    def __init__(self, R, J):
        good = (np.asarray(J, float) > 0) & np.isfinite(J)
        self.R = np.asarray(R, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.log_R, self.log_J = np.log(self.R), np.where(good, np.log(np.where(good, J, 1.0)), np.nan)

    def __call__(self, R):
        R = np.asarray(R, float)
        inside = (self.R[0] * (1 - 1e-12) <= R) & (self.R[-1] * (1 + 1e-12) >= R)
        out = np.full(R.shape, np.nan)
        out[inside] = np.exp(np.interp(np.log(R[inside]), self.log_R, self.log_J))
        return out


def nucleus_of_species(dataset, name):
    """The Nucleus of a species of a result."""
    Z, A, mass = (dataset[key].sel(species=name).item() for key in ("charge", "mass_number", "mass"))
    return Nucleus(str(name), int(Z), int(A), float(mass))


def species_of(dataset, part):
    """The species behind "B" (all of that charge) or "10Be" (that isotope); empty where the result has none."""
    Z, wanted = names.charge(part), names.nucleus_of(part)
    nuclei = [nucleus_of_species(dataset, name) for name in dataset.species.values]
    isotope = part[0].isdigit() and part != "1H"
    return [n for n in nuclei if n.Z == Z and (not isotope or (wanted is not None and n.A == wanted.A))]


def has(dataset, quantity):
    """Does the result have the species of this quantity?"""
    return all(species_of(dataset, part) for part in quantity.split("/"))


def curve(dataset, quantity, axis="R", phi=0.0):
    """The model as a function of x on an axis: flux in m^-2 s^-1 sr^-1 per unit of the axis, or ratio.

    quantity: a nucleus or a ratio of two.  phi [GV] modulates every nucleus by itself.  ValueError where the result lacks a
    species.
    """
    if not isinstance(quantity, str):
        raise ValueError(f'found {quantity!r}, needs a nucleus or a ratio, e.g. "B/C"')
    axis = axes.known(axis)
    parts = []
    for part in quantity.split("/"):
        nuclei = species_of(dataset, part)
        if not nuclei:
            raise ValueError(f"the result has no species for {part}; it has {', '.join(map(str, dataset.species.values))}")
        parts.append([_on_axis(dataset, nucleus, axis, phi) for nucleus in nuclei])

    def value(x):
        fluxes = [sum(term(x) for term in terms) for terms in parts]
        return fluxes[0] if len(fluxes) == 1 else fluxes[0] / fluxes[1]

    return value


def _on_axis(dataset, nucleus, axis, phi):
    """J of one species per unit of the axis, x ↦ J_R(R(x)) dR/dx."""
    flux = Spectrum(dataset.rigidity.values, dataset.J.sel(species=nucleus.name).values)
    flux = modulated(flux, phi, nucleus) if phi else flux

    def on_axis(x):
        R = axes.rigidity(x, axis, nucleus)
        return flux(R) / axes.slope(R, axis, nucleus)

    return on_axis


def at_points(model, measurement):
    """A function of x as a measurement sees it: its mean over the bins, its value at x where there is no bin.

    Ratios are averaged as they are: over an AMS bin the quotient of the two means differs by less than 10⁻³.
    """
    out, bins = np.empty(len(measurement)), measurement.has_bins
    out[~bins] = model(measurement.x[~bins])
    if bins.any():
        low, high = np.log(measurement.low[bins]), np.log(measurement.high[bins])
        half = 0.5 * (high - low)
        x = np.exp(0.5 * (high + low) + half * NODES[:, None])
        widths = measurement.high[bins] - measurement.low[bins]
        out[bins] = np.sum(WEIGHTS[:, None] * half * x * model(x), axis=0) / widths
    return out
