"""Sources of a deck in its disc: how strong, with which slope, when, and whether they go on above the grid.

Species are in the order of `names`, parents before their children.
"""

import numpy as np
import scipy.sparse as sp

from .errors import DeckError, Fault
from .physics import sources

DEFAULT_SLOPE = 4.3  # of a spectrum nothing in the deck gives a slope for
LEAST_SLOPE = 3.01  # of a spectrum that can go on for ever: p³f must fall


def reference_slopes(deck, names, R):
    """Reference slope of each species: that of its source or of its parent's, else of the given f; the median of a table.

    R (GV): the rigidities.  All rows are measured against it, so a cut-off at the top of a table must not set it.
    """
    given = [getattr(getattr(deck.boundary.top, "f", None), "slope", None), getattr(deck.initial, "slope", None)]
    other = next((slope for slope in given if slope is not None), DEFAULT_SLOPE)
    out = {}
    for name in names:
        source = deck.species[name].source
        if source.type == "spallation":
            out[name] = out[source.parent]
        elif source.type == "table":  # what a table does not say, the start of a run must not say for it
            slopes = np.array([sources.slope_of_table(at, source.rigidity, source.Q) for at in R])
            slopes = slopes[np.isfinite(slopes)]
            out[name] = max(np.median(slopes), LEAST_SLOPE) if len(slopes) else DEFAULT_SLOPE
        else:
            out[name] = getattr(source, "slope", other)
    return np.array([out[name] for name in names])


def strengths(deck, names, nuclei, R):
    """Primary sources per side at full strength, (species, R) in cm⁻² s⁻¹ GeV⁻³; DeckError for numbers beyond all physics."""
    out = np.zeros((len(names), len(R)))
    for s, (name, nucleus) in enumerate(zip(names, nuclei, strict=True)):
        try:
            out[s] = _strength(deck.species[name].source, nucleus, R)
        except ValueError as error:
            raise DeckError([Fault("deck", f"species.{name}.source", str(error), "a value with physics in it")]) from None
    return out


def _strength(source, nucleus, R):
    if source.type == "supernovae":
        power = float(source.rate), float(source.energy), source.slope, float(source.radius)
        return sources.power_law(R, sources.supernova_amplitude(*power, nucleus), source.slope)
    if source.type == "power_law":
        return sources.power_law(R, float(source.amplitude), source.slope)
    return sources.of_table(R, source.rigidity, source.Q) if source.type == "table" else 0.0


def slopes_above(deck, names, Q, R):
    """Slope with which what feeds each species goes on above the grid, its source in the disc, Q (species, R), or its parent's.

    inf where that ends there; (species,).
    """
    out, reference = {}, reference_slopes(deck, names, R)
    for name, strength, slope in zip(names, Q, reference, strict=True):
        source = deck.species[name].source
        if source.type == "spallation":
            out[name] = out[source.parent]
        elif not strength[-1] > 0.0:
            out[name] = np.inf
        else:
            local = sources.slope_of_table(R[-1], source.rigidity, source.Q) if source.type == "table" else slope
            out[name] = local if LEAST_SLOPE < local < np.inf else slope
    return np.array(list(out.values()))


def from_parent(R, at, slope, ends):
    """Sparse weights (R, R) by which f of a parent at R gives that at rigidities `at`.

    f R^slope is linear in ln R between the nodes beside `at`; below and above all of them f is a power law of slopes `ends`.
    Two points only, second order like the momentum flux: weights of a wider stencil have both signs, and would make a source
    of antiparticles where the parent's spectrum falls by decades from one rigidity to the next (S below, then above Q).
    """
    n, dx = len(R), np.log(R[-1] / R[0]) / (len(R) - 1)
    x = np.log(at / R[0]) / dx
    slope = np.select([x < 0.0, x > n - 1.0], ends, slope)
    x = np.clip(x, 0.0, n - 1.0)
    nearest = np.rint(x)
    x = np.where(np.abs(x - nearest) < 1e-9, nearest, x)
    first = np.minimum(np.floor(x).astype(int), n - 2)
    rows = np.arange(n)
    weights = sp.csr_matrix((n, n))
    for column, weight in ((first, first + 1 - x), (first + 1, x - first)):
        weights = weights + sp.csr_matrix((weight * (R[column] / at) ** slope, (rows, column)), shape=(n, n))
    weights.eliminate_zeros()
    return weights


def schedule(deck, names, t):
    """Strength of each primary source at time t (s), (species,).

    A steady state is that of the sources that stay on, whenever they were switched on (a deck may not have others then).
    """
    out = np.ones(len(names))
    if deck.time.end == "steady":
        return out
    for s, name in enumerate(names):
        plan = getattr(deck.species[name].source, "schedule", None)
        if plan is None or plan.type == "constant":
            continue
        if plan.type == "switch":
            out[s] = float(t >= plan.on and (plan.off is None or t <= plan.off))
        else:
            out[s] = np.exp(-t / float(plan.time))
    return out


def switch_times(deck):
    """Times (s) at which a source is switched, ascending; none on the way to a steady state."""
    if deck.time.end == "steady":
        return []
    plans = (getattr(spec.source, "schedule", None) for spec in deck.species.values())
    times = [float(t) for p in plans if p is not None and p.type == "switch" for t in (p.on, p.off) if t is not None]
    return sorted({t for t in times if t > 0})
