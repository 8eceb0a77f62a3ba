"""What must hold between keys. Every check yields (place, found, allowed); all run, also on decks with other faults.

Where a value could not be read broken(it) (NaN in comparisons, empty as a list), so a check never adds a fault that
only follows from another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from solver.constants import ATOMIC_MASS_UNIT_GEV, PROTON_MASS, C

from .base import BROKEN, Process, broken
from .deck import Deck
from .layers import Layer, layer_in_words
from .species import Constant, Exponential, SpeciesDeck, Switch, known_nuclei
from .text import Place, did_you_mean, one_of, show

Found = tuple[Place, str, str]
LONGEST_TITLE, LONGEST_NAME = 200, 40
MOST_UNKNOWNS = 100_000_000
MOST_STATES = 10_000
THINNEST = 1e-9  # layer, of z_max: what differs by less is the same height
_PLASMA_EXAMPLE = 'plasma = { B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }'


def check(deck: Deck) -> list[Found]:
    """All faults between keys of a deck."""
    checks = (
        _texts,
        _grid,
        _layers,
        _plasmas,
        _waves,
        _pairs,
        _nuclei,
        _families,
        _cross_sections,
        _sources,
        _disc,
        _boundary,
        _time,
        _initial,
    )
    return [found for one in checks for found in one(deck)]


def _texts(deck: Deck) -> Iterator[Found]:
    """Texts end up on terminals and in figures."""
    for key in ("title", "reference"):
        text = getattr(deck, key)
        if isinstance(text, str) and not (text.isprintable() and len(text) <= LONGEST_TITLE):
            yield (key,), f"found {show(text)}", f"needs one line of at most {LONGEST_TITLE} printable characters"


def _grid(deck: Deck) -> Iterator[Found]:
    grid = deck.grid
    if grid.rigidity_min >= grid.rigidity_max:
        yield (
            ("grid", "rigidity_max"),
            f'found "{grid.rigidity_max}"',
            f'must be above rigidity_min = "{grid.rigidity_min}"',
        )
    layers = len(deck.layer)
    if grid.z_cells < 2 * layers:
        yield ("grid", "z_cells"), f"found {grid.z_cells}", f"{layers} layers need at least {2 * layers} intervals"
    unknowns = grid.z_cells * grid.rigidity_cells * max(len(deck.species), 1)
    if unknowns > MOST_UNKNOWNS:
        allowed = f"at most {MOST_UNKNOWNS:.0e} (z_cells × rigidity_cells × species)"
        yield ("grid",), f"{unknowns:.1e} unknowns", allowed


def _layers(deck: Deck) -> Iterator[Found]:
    below: Any = None
    names: dict[str, int] = {}
    for i, layer in enumerate(deck.layer):
        if broken(layer):
            below = BROKEN
            continue
        if below is not None and layer.top <= below.top:
            yield (
                ("layer", i, "top"),
                f'found "{layer.top}"',
                (f'z_top below a lower layer: must be above "{below.top}", the top of {layer_in_words(below, i - 1)}'),
            )
        elif layer.top - getattr(below, "top", 0.0) <= THINNEST * deck.grid.z_max:
            yield (
                ("layer", i, "top"),
                f'found "{layer.top}"',
                f'a layer must be thicker than {THINNEST:g} of grid.z_max = "{deck.grid.z_max}": leave it out',
            )
        if isinstance(layer.name, str) and layer.name:
            if layer.name in names:
                yield (
                    ("layer", i, "name"),
                    f'found "{layer.name}" again',
                    f"layer {names[layer.name]} has that name already",
                )
            elif layer.name.isdecimal() or "." in layer.name or "/" in layer.name:
                allowed = "needs a name that is no number and has neither dots nor slashes"
                yield ("layer", i, "name"), f'found "{layer.name}"', allowed
            elif not layer.name.isprintable() or len(layer.name) > LONGEST_NAME:
                allowed = f"needs at most {LONGEST_NAME} printable characters"
                yield ("layer", i, "name"), f"found {show(layer.name)}", allowed
            names.setdefault(layer.name, i)
        below = layer
    if below is not None and abs(below.top - deck.grid.z_max) > THINNEST * deck.grid.z_max:
        yield (
            ("layer", len(deck.layer) - 1, "top"),
            f'found "{below.top}"',
            (f'the last layer must end at grid.z_max = "{deck.grid.z_max}"'),
        )


def _plasmas(deck: Deck) -> Iterator[Found]:
    for i, layer in enumerate(deck.layer):
        for place, process in _processes(layer):
            needed = _needed(layer, place[0], process)
            plasma = layer.plasma
            missing = [key for key in needed if plasma is None or getattr(plasma, key) is None]
            if missing:
                keys = ", ".join(f"plasma.{key}" for key in missing)
                yield (
                    ("layer", i, *place),
                    f'"{process.type}" needs {keys}',
                    f"e.g. {_PLASMA_EXAMPLE}",
                )
        profile = layer.profile
        if profile is not None and not broken(profile):
            for key in ("B", "n", "T"):
                if getattr(profile, key) and (layer.plasma is None or getattr(layer.plasma, key) is None):
                    yield (
                        ("layer", i, "profile", key),
                        f"acts on plasma.{key}, which is not given",
                        (f"give plasma.{key}, or a power of v, S, X or kappa"),
                    )
        plasma = layer.plasma
        if plasma is not None and plasma.B is not None and plasma.n is not None:
            alfven = plasma.B / math.sqrt(4 * math.pi * plasma.n * PROTON_MASS)
            if alfven >= C:
                yield (
                    ("layer", i, "plasma"),
                    f"the Alfvén speed is {alfven:.1e} cm/s",
                    ("must be below that of light: weaker B or more n"),
                )


def _processes(layer: Layer) -> Iterator[tuple[Place, Process]]:
    if broken(layer):
        return
    yield ("streaming",), layer.streaming
    for key in ("damping", "scattering", "losses"):
        for j, process in enumerate(getattr(layer, key)):
            if not broken(process):
                yield (key, j), process


def _needed(layer: Layer, key: str | int, process: Any) -> tuple[str, ...]:
    """Plasma keys a process cannot do without, given what it states itself."""
    if broken(process):
        return ()
    kind, needs = process.type, process.needs
    if key == "damping" and layer.has_waves is False:
        return ()
    if key == "damping" and kind == "ion_neutral" and process.rate is None and process.temperature is None:
        return (*needs, "T")
    if key == "scattering" and kind == "fast_modes" and layer.plasma is not None and process.damped is False:
        return ("B", "n")
    if key == "scattering" and kind == "weak_shocks":
        return ("B", "n", "T") if process.strength is not None else ("B",) if process.width is not None else ()
    if key == "losses":
        own = {"density": "n", "temperature": "T", "B": "B"}
        return tuple(plasma for key, plasma in own.items() if getattr(process, key, "") is None)
    return needs


def _waves(deck: Deck) -> Iterator[Found]:
    if "proton" in deck.species:
        return
    for i, layer in enumerate(deck.layer):
        if not broken(layer) and layer.has_waves is True and len(layer.damping):
            near = did_you_mean("proton", deck.species)
            yield (
                ("species",),
                f"no proton, but {layer_in_words(layer, i)} has self-excited waves",
                near or ("protons excite these waves: add [species.proton]"),
            )
            return


def _pairs(deck: Deck) -> Iterator[Found]:
    """Keys of which exactly one is needed, or at most one."""
    for i, layer in enumerate(deck.layer):
        for place, process in _processes(layer):
            shocks = not broken(process) and process.type == "weak_shocks"
            if shocks and process.width is not None and process.strength is not None:
                yield ("layer", i, *place), "width and strength: both given", "strength gives a width: leave out one"
            both = {
                "ion_neutral": ("rate", "neutral_density"),
                "kolmogorov": ("Ma", "delta_B"),
                "kraichnan": ("Ma", "delta_B"),
            }
            if broken(process) or process.type not in both:
                continue
            given = [key for key in both[process.type] if getattr(process, key) is not None]
            if len(given) != 1:
                found = "both given" if given else "neither given"
                one, other = both[process.type]
                yield ("layer", i, *place), f"{one} and {other}: {found}", f'"{process.type}" needs one of the two'


def _nuclei(deck: Deck) -> Iterator[Found]:
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
                yield (
                    place,
                    f'"{name}" is not a known nucleus and has no {", ".join(missing)}',
                    f"{hint} else give Z, A and mass",
                )
                continue
        else:
            for key in ("Z", "A"):
                value, own = getattr(species, key), getattr(known[name], key)
                if value is not None and not broken(value) and value != own:
                    yield (
                        (*place, key),
                        f"found {value}",
                        f"{name} has {key} = {own}; another nucleus needs another name",
                    )
        Z, A, mass = nucleus(name, species)
        if Z > A:
            yield (*place, "Z"), f"found {Z}", f"must not be above A = {A}"
        ratio = mass / (ATOMIC_MASS_UNIT_GEV * A)
        if ratio <= 0.5 or ratio >= 2:
            yield (
                (*place, "mass"),
                f'found "{species.mass}"',
                f"the whole nucleus, about {ATOMIC_MASS_UNIT_GEV * A:.3g} GeV for A = {A}",
            )


def _near_nuclei(name: str, known: dict[str, Any]) -> str:
    """The names that an isotope's symbol or a near spelling may mean, else all of them, with the isotopes they stand for."""
    from solver.particles import isotope, named_by_symbol

    if meant := named_by_symbol(name):
        return f"did you mean {' or '.join(show(each) for each in meant)}?"
    every = ", ".join(f"{each} ({isotope(nucleus)})" for each, nucleus in known.items())
    return did_you_mean(name, known) or f"known are {every};"


def nucleus(name: str, species: SpeciesDeck) -> tuple[float, float, float]:
    """(Z, A, mass in GeV) of a species, from the deck or the table of nuclei; NaN where neither says."""
    known = known_nuclei().get(name)
    pairs = ((getattr(species, key), getattr(known, key, BROKEN)) for key in ("Z", "A", "mass"))
    Z, A, mass = (table if own is None else own for own, table in pairs)
    return Z, A, mass


def _families(deck: Deck) -> Iterator[Found]:
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
            yield (
                place,
                f'"{parent}" is not in this deck',
                did_you_mean(parent, deck.species) or (f"add [species.{parent}], or use " + one_of(deck.species)),
            )
            continue
        parents[name] = parent
        own, of_parent = nucleus(name, species), nucleus(parent, deck.species[parent])
        if of_parent[1] <= own[1]:
            yield (
                place,
                f"{parent} (A = {of_parent[1]}) is not heavier than {name} (A = {own[1]})",
                ("spallation makes lighter nuclei of heavier ones"),
            )
    told: set[str] = set()
    for name in parents:
        chain = [name]
        while chain[-1] in parents and parents[chain[-1]] not in chain:
            chain.append(parents[chain[-1]])
        if chain[-1] in parents and parents[chain[-1]] == name and not told & set(chain):
            told |= set(chain)
            circle = " from ".join([*chain, name])
            yield ("species", name, "source", "parent"), f"a circle: {circle}", "no species may descend from itself"


def _cross_sections(deck: Deck) -> Iterator[Found]:
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


def _sources(deck: Deck) -> Iterator[Found]:
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


def _disc(deck: Deck) -> Iterator[Found]:
    for j, process in enumerate(deck.disc.loss_processes):
        if broken(process):
            continue
        if getattr(process, "B", "") is None:
            yield ("disc", "loss_processes", j), f'"{process.type}" in the disc needs B', 'e.g. B = "6 uG"'
    if deck.layer and deck.disc.half_thickness > deck.grid.z_max:
        yield (
            ("disc", "half_thickness"),
            f'found "{deck.disc.half_thickness}"',
            f'above grid.z_max = "{deck.grid.z_max}"',
        )


def _boundary(deck: Deck) -> Iterator[Found]:
    top = deck.boundary.top
    if not broken(top) and top.type == "value":
        for j, name in enumerate(top.species):
            if not broken(name) and name not in deck.species:
                hint = did_you_mean(name, deck.species) or one_of(deck.species)
                yield ("boundary", "top", "species", j), f'there is no species "{name}"', hint


def _time(deck: Deck) -> Iterator[Found]:
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


def _initial(deck: Deck) -> Iterator[Found]:
    if deck.initial.type == "exact" and deck.problem is None:
        yield (
            ("initial", "type"),
            'found "exact"',
            "only in the deck of a problem with an exact solution (key `problem`)",
        )
