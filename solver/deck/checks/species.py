"""What must hold between the keys of species: known nuclei, parents before children, cross-sections, sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from solver.constants import ATOMIC_MASS_UNIT_GEV
from solver.deck.base import BROKEN, broken
from solver.deck.deck import Deck
from solver.deck.species import Constant, Exponential, SpeciesDeck, Switch, known_nuclei
from solver.deck.text import Found, Place, did_you_mean, one_of, show


def nuclei(deck: Deck) -> Iterator[Found]:
    known = known_nuclei()
    seen: dict[str, str] = {}
    for name, species in deck.species.items():
        place: Place = ("species", name)
        if not name.isidentifier() or not name.isascii():
            yield place, f'found the name "{name}"', "needs a name of letters, digits and _, starting with a letter"
        if name.casefold() in seen:
            yield place, f'"{name}" differs from "{seen[name.casefold()]}" only in case', "needs names that differ"
        seen.setdefault(name.casefold(), name)
        if broken(species):
            continue
        missing = [key for key in ("Z", "A", "mass") if getattr(species, key) is None]
        if name not in known:
            if missing:
                hint = _near_nuclei(name, known)
                allowed = f"{hint} else give Z, A and mass"
                yield place, f'"{name}" is not a known nucleus and has no {", ".join(missing)}', allowed
                continue
        else:
            for key in ("Z", "A"):
                value, own = getattr(species, key), getattr(known[name], key)
                if value is not None and not broken(value) and value != own:
                    allowed = f"{name} has {key} = {own}; another nucleus needs another name"
                    yield (*place, key), f"found {value}", allowed
        Z, A, mass = _nucleus(name, species)
        if Z > A:
            yield (*place, "Z"), f"found {Z}", f"must not be above A = {A}"
        ratio = mass / (ATOMIC_MASS_UNIT_GEV * A)
        if ratio <= 0.5 or ratio >= 2:
            allowed = f"the whole nucleus, about {ATOMIC_MASS_UNIT_GEV * A:.3g} GeV for A = {A}"
            yield (*place, "mass"), f'found "{species.mass}"', allowed


def _near_nuclei(name: str, known: dict[str, Any]) -> str:
    """The names that an isotope's symbol or a near spelling may mean, else all of them, with the isotopes they stand for."""
    from solver.particles import isotope, named_by_symbol

    if meant := named_by_symbol(name):
        return f"did you mean {' or '.join(show(each) for each in meant)}?"
    every = ", ".join(f"{each} ({isotope(nucleus)})" for each, nucleus in known.items())
    return did_you_mean(name, known) or f"known are {every};"


def _nucleus(name: str, species: SpeciesDeck) -> tuple[float, float, float]:
    """(Z, A, mass in GeV) of a species, from the deck or the table of nuclei; NaN where neither says."""
    known = known_nuclei().get(name)
    pairs = ((getattr(species, key), getattr(known, key, BROKEN)) for key in ("Z", "A", "mass"))
    Z, A, mass = (table if own is None else own for own, table in pairs)
    return Z, A, mass


def families(deck: Deck) -> Iterator[Found]:
    """Spallation: parents exist, are heavier, and no species descends from itself."""
    parents: dict[str, str] = {}
    for name, species in deck.species.items():
        if broken(species) or broken(species.source) or species.source.type != "spallation":
            continue
        parent, place = species.source.parent, ("species", name, "source", "parent")
        if broken(parent):
            continue
        if parent == name:
            yield place, f'found "{parent}"', "a species cannot be its own parent"
            continue
        if parent not in deck.species:
            allowed = did_you_mean(parent, deck.species) or (f"add [species.{parent}], or use " + one_of(deck.species))
            yield place, f'"{parent}" is not in this deck', allowed
            continue
        parents[name] = parent
        own, of_parent = _nucleus(name, species), _nucleus(parent, deck.species[parent])
        if of_parent[1] <= own[1]:
            allowed = "spallation makes lighter nuclei of heavier ones"
            yield place, f"{parent} (A = {of_parent[1]}) is not heavier than {name} (A = {own[1]})", allowed
    told: set[str] = set()
    for name in parents:
        chain = [name]
        while chain[-1] in parents and parents[chain[-1]] not in chain:
            chain.append(parents[chain[-1]])
        if chain[-1] in parents and parents[chain[-1]] == name and not told & set(chain):
            told |= set(chain)
            circle = " from ".join([*chain, name])
            yield ("species", name, "source", "parent"), f"a circle: {circle}", "no species may descend from itself"


def cross_sections(deck: Deck) -> Iterator[Found]:
    """One number or one table, where there is a reaction."""
    for name, species in deck.species.items():
        if broken(species):
            continue
        places: list[tuple[Place, Any]] = [(("species", name, "destruction"), species.destruction)]
        if not broken(species.source) and species.source.type == "spallation":
            places.append((("species", name, "source"), species.source))
        for place, reaction in places:
            if reaction is None or broken(reaction):
                continue
            constant, table = reaction.cross_section, reaction.table
            if (constant is None) == (table is None):
                found = "missing" if table is None else "given beside a table"
                yield (*place, "cross_section"), found, 'needs a cross-section, e.g. "61 mbarn", or a table'
            if table is None or broken(table) or broken(table.energy) or broken(table.sigma):
                continue
            if len(table.energy) != len(table.sigma):
                found = f"found {len(table.sigma)} values"
                yield (*place, "table", "sigma"), found, f"needs one per energy, {len(table.energy)}"
            for j in range(1, len(table.energy)):
                if table.energy[j] <= table.energy[j - 1]:
                    yield (*place, "table", "energy", j), f'found "{table.energy[j]}"', "energies must ascend"


def sources(deck: Deck) -> Iterator[Found]:
    for name, species in deck.species.items():
        if broken(species) or broken(species.source):
            continue
        source, place = species.source, ("species", name, "source")
        if source.type == "problem" and deck.problem is None:
            yield place, 'found type "problem"', "only in the deck of a problem that computes sources (key `problem`)"
        if source.type == "table" and not broken(source.rigidity) and not broken(source.Q):
            if len(source.rigidity) != len(source.Q):
                yield (*place, "Q"), f"found {len(source.Q)} values", f"needs one per rigidity, {len(source.rigidity)}"
            for j in range(1, len(source.rigidity)):
                if source.rigidity[j] <= source.rigidity[j - 1]:
                    yield (*place, "rigidity", j), f'found "{source.rigidity[j]}"', "rigidities must ascend"
        schedule = getattr(source, "schedule", None)
        if schedule is not None and deck.time.end == "steady" and _ends(schedule):
            yield (*place, "schedule"), "the source ends, so there is no steady state", 'give time.end, e.g. "300 Myr"'
        if (
            schedule is not None
            and schedule.type == "switch"
            and schedule.off is not None
            and schedule.off <= schedule.on
        ):
            yield (*place, "schedule", "off"), f'found "{schedule.off}"', f'must be after on = "{schedule.on}"'


def _ends(schedule: Constant | Switch | Exponential) -> bool:
    return schedule.type == "exponential" or (schedule.type == "switch" and schedule.off is not None)
