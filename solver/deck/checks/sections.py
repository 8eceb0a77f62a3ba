"""What must hold within and between the sections of a deck other than its layers and species."""

from __future__ import annotations

from collections.abc import Iterator

from solver.deck.base import broken
from solver.deck.deck import Deck
from solver.deck.text import Found, did_you_mean, one_of, show

LONGEST_TITLE = 200
MOST_UNKNOWNS = 100_000_000
MOST_STATES = 10_000


def texts(deck: Deck) -> Iterator[Found]:
    """Texts end up on terminals and in figures."""
    for key in ("title", "reference"):
        text = getattr(deck, key)
        if isinstance(text, str) and not (text.isprintable() and len(text) <= LONGEST_TITLE):
            yield (key,), f"found {show(text)}", f"needs one line of at most {LONGEST_TITLE} printable characters"


def grid(deck: Deck) -> Iterator[Found]:
    grid = deck.grid
    if grid.rigidity_min >= grid.rigidity_max:
        allowed = f'must be above rigidity_min = "{grid.rigidity_min}"'
        yield ("grid", "rigidity_max"), f'found "{grid.rigidity_max}"', allowed
    layers = len(deck.layer)
    if grid.z_cells < 2 * layers:
        yield ("grid", "z_cells"), f"found {grid.z_cells}", f"{layers} layers need at least {2 * layers} intervals"
    unknowns = grid.z_cells * grid.rigidity_cells * max(len(deck.species), 1)
    if unknowns > MOST_UNKNOWNS:
        allowed = f"at most {MOST_UNKNOWNS:.0e} (z_cells × rigidity_cells × species)"
        yield ("grid",), f"{unknowns:.1e} unknowns", allowed


def disc(deck: Deck) -> Iterator[Found]:
    for j, process in enumerate(deck.disc.loss_processes):
        if broken(process):
            continue
        if getattr(process, "B", "") is None:
            yield ("disc", "loss_processes", j), f'"{process.type}" in the disc needs B', 'e.g. B = "6 uG"'
    if deck.layer and deck.disc.half_thickness > deck.grid.z_max:
        allowed = f'above grid.z_max = "{deck.grid.z_max}"'
        yield ("disc", "half_thickness"), f'found "{deck.disc.half_thickness}"', allowed


def boundary(deck: Deck) -> Iterator[Found]:
    top = deck.boundary.top
    if not broken(top) and top.type == "value":
        for j, name in enumerate(top.species):
            if not broken(name) and name not in deck.species:
                hint = did_you_mean(name, deck.species) or one_of(deck.species)
                yield ("boundary", "top", "species", j), f'there is no species "{name}"', hint


def time(deck: Deck) -> Iterator[Found]:
    time = deck.time
    if broken(time):
        return
    if time.method == "direct" and not isinstance(time.end, str) and not broken(time.end):
        yield ("time", "method"), 'found "direct"', 'finds the steady state only: end = "steady", or method = "march"'
    if time.first_step is not None and time.max_step is not None and time.first_step > time.max_step:
        yield ("time", "first_step"), f'found "{time.first_step}"', f'must not be above max_step = "{time.max_step}"'
    stored = time.output_every is not None and not isinstance(time.end, str)
    if stored and time.end > MOST_STATES * time.output_every:
        allowed = f'at most {MOST_STATES} stored states up to end = "{time.end}"'
        yield ("time", "output_every"), f'found "{time.output_every}"', allowed


def initial(deck: Deck) -> Iterator[Found]:
    if deck.initial.type == "exact" and deck.problem is None:
        allowed = "only in the deck of a problem with an exact solution (key `problem`)"
        yield ("initial", "type"), 'found "exact"', allowed
