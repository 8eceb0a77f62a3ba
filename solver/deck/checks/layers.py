"""What must hold between the keys of layers: heights, names, plasma for what needs it, processes with all their keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from solver.constants import PROTON_MASS, C
from solver.deck.base import BROKEN, Process, broken
from solver.deck.deck import Deck
from solver.deck.layers import Layer, layer_in_words
from solver.deck.text import Found, Place, did_you_mean, show

LONGEST_NAME = 40
THINNEST = 1e-9  # layer, of z_max: what differs by less is the same height
_PLASMA_EXAMPLE = 'plasma = { B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }'


def heights(deck: Deck) -> Iterator[Found]:
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
            allowed = f'a layer must be thicker than {THINNEST:g} of grid.z_max = "{deck.grid.z_max}": leave it out'
            yield ("layer", i, "top"), f'found "{layer.top}"', allowed
        if isinstance(layer.name, str) and layer.name:
            if layer.name in names:
                allowed = f"layer {names[layer.name]} has that name already"
                yield ("layer", i, "name"), f'found "{layer.name}" again', allowed
            elif layer.name.isdecimal() or "." in layer.name or "/" in layer.name:
                allowed = "needs a name that is no number and has neither dots nor slashes"
                yield ("layer", i, "name"), f'found "{layer.name}"', allowed
            elif not layer.name.isprintable() or len(layer.name) > LONGEST_NAME:
                allowed = f"needs at most {LONGEST_NAME} printable characters"
                yield ("layer", i, "name"), f"found {show(layer.name)}", allowed
            names.setdefault(layer.name, i)
        below = layer
    if below is not None and abs(below.top - deck.grid.z_max) > THINNEST * deck.grid.z_max:
        allowed = f'the last layer must end at grid.z_max = "{deck.grid.z_max}"'
        yield ("layer", len(deck.layer) - 1, "top"), f'found "{below.top}"', allowed


def plasmas(deck: Deck) -> Iterator[Found]:
    for i, layer in enumerate(deck.layer):
        for place, process in _processes(layer):
            needed = _needed(layer, place[0], process)
            plasma = layer.plasma
            missing = [key for key in needed if plasma is None or getattr(plasma, key) is None]
            if missing:
                keys = ", ".join(f"plasma.{key}" for key in missing)
                yield ("layer", i, *place), f'"{process.type}" needs {keys}', f"e.g. {_PLASMA_EXAMPLE}"
        profile = layer.profile
        if profile is not None and not broken(profile):
            for key in ("B", "n", "T"):
                if getattr(profile, key) and (layer.plasma is None or getattr(layer.plasma, key) is None):
                    allowed = f"give plasma.{key}, or a power of v, S, X or kappa"
                    yield ("layer", i, "profile", key), f"acts on plasma.{key}, which is not given", allowed
        plasma = layer.plasma
        if plasma is not None and plasma.B is not None and plasma.n is not None:
            alfven = plasma.B / math.sqrt(4 * math.pi * plasma.n * PROTON_MASS)
            if alfven >= C:
                allowed = "must be below that of light: weaker B or more n"
                yield ("layer", i, "plasma"), f"the Alfvén speed is {alfven:.1e} cm/s", allowed


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


def waves(deck: Deck) -> Iterator[Found]:
    if "proton" in deck.species:
        return
    for i, layer in enumerate(deck.layer):
        if not broken(layer) and layer.has_waves is True and len(layer.damping):
            near = did_you_mean("proton", deck.species)
            allowed = near or "protons excite these waves: add [species.proton]"
            yield ("species",), f"no proton, but {layer_in_words(layer, i)} has self-excited waves", allowed
            return


def pairs(deck: Deck) -> Iterator[Found]:
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
