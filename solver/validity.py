"""What formulas refuse, as faults of a deck, and what they warn of, as sentences to show and store."""

import re
import warnings
from contextlib import contextmanager

import numpy as np

from .errors import DeckError, Fault
from .physics.validity import ValidityWarning, warn


@contextmanager
def naming(key):
    """A formula that refuses its arguments becomes a fault of the deck at `key`; its warnings begin with `key`."""
    try:
        with recording() as said, np.errstate(over="ignore", under="ignore", invalid="ignore"):
            yield
    except DeckError:
        raise
    except (ValueError, OverflowError) as error:
        raise DeckError([Fault("deck", key, str(error), "")]) from None
    for text in said:
        warn(text if text.startswith("layer.") else f"{key}: {text}")


@contextmanager
def recording():
    """Collect the texts of the validity warnings the physics issues, instead of printing them; none twice.

    Texts that differ in their numbers only count as one, the first.
    """
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ValidityWarning)
        yield texts
    kinds: dict[tuple[str, str], str] = {}
    for w in caught:
        if issubclass(w.category, ValidityWarning):
            where, _, what = str(w.message).partition(": ")
            kinds.setdefault((where, re.sub(r"[-+.\d]+(e[-+]?\d+)?", "#", what)), str(w.message))
    texts.extend(kinds.values())
    for w in caught:
        if not issubclass(w.category, ValidityWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
