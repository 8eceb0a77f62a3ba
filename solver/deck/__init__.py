"""Decks: what a run is, read from TOML, checked as a whole, frozen. Decks are data; nothing in them can run code."""

from .deck import Deck
from .explain import explain, reference
from .load import load, shipped
from .overrides import parse_override
from .quantities import Quantity

__all__ = ["Deck", "Quantity", "explain", "load", "parse_override", "reference", "shipped"]
