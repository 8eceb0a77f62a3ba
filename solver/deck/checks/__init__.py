"""What must hold between keys. Every check yields (place, found, allowed); all run, also on decks with other faults.

Where a value could not be read broken(it) (NaN in comparisons, empty as a list), so a check never adds a fault that
only follows from another one.
"""

from __future__ import annotations

from solver.deck.deck import Deck
from solver.deck.text import Found

from . import layers, sections, species

CHECKS = (
    sections.texts,
    sections.grid,
    layers.heights,
    layers.plasmas,
    layers.waves,
    layers.pairs,
    species.nuclei,
    species.families,
    species.cross_sections,
    species.sources,
    sections.disc,
    sections.boundary,
    sections.time,
    sections.initial,
)


def check(deck: Deck) -> list[Found]:
    """All faults between keys of a deck."""
    return [found for one in CHECKS for found in one(deck)]
