"""Sources of a deck in its disc: how strong, with which slope, when, and whether they go on above the grid.

Species are in the order of `names`, parents before their children.
"""

import numpy as np

from .errors import DeckError, Fault
from .physics import sources

DEFAULT_SLOPE = 4.3  # of a spectrum nothing in the deck gives a slope for


def reference_slopes(deck, names, R):
    """Reference slope of each species: that of its source, at the top of the grid, or of its parent; else of the given f."""
    given = [getattr(getattr(deck.boundary.top, "f", None), "slope", None), getattr(deck.initial, "slope", None)]
    other = next((slope for slope in given if slope is not None), DEFAULT_SLOPE)
    out = {}
    for name in names:
        source = deck.species[name].source
        if source.type == "spallation":
            out[name] = out[source.parent]
        elif source.type == "table":  # what a table does not say, the start of a run must not say for it
            steep = sources.slope_of_table(R[-1], source.rigidity, source.Q)
            out[name] = steep if 3.0 < steep < np.inf else DEFAULT_SLOPE
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


def continued(deck, names, Q):
    """Which species have a source that goes on above the grid: their own in the disc, Q (species, R), or that of a parent."""
    out = {}
    for name, strength in zip(names, Q, strict=True):
        source = deck.species[name].source
        out[name] = out[source.parent] if source.type == "spallation" else bool(strength[-1] > 0.0)
    return tuple(out.values())


def schedule(deck, names, t):
    """Strength of each primary source at time t (s), (species,)."""
    out = np.ones(len(names))
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
    """Times (s) at which a source is switched, ascending."""
    plans = (getattr(spec.source, "schedule", None) for spec in deck.species.values())
    times = [float(t) for p in plans if p is not None and p.type == "switch" for t in (p.on, p.off) if t is not None]
    return sorted({t for t in times if t > 0})
