"""Keys and values → members: a grid (every combination) or a Latin hypercube, each with its own checked deck."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from numbers import Integral
from typing import Any

import numpy as np

from solver.deck.build import plain
from solver.deck.overrides import find_value, keyed
from solver.deck.quantities import Quantity
from solver.deck.series import HELP, RANGES, Range, read_series
from solver.deck.text import show
from solver.errors import DeckError, Fault
from solver.units import NUMBER

from .order import by_nearest, there_and_back
from .words import differing, meaning, member_text, written

LARGEST = 100_000  # members; each takes a file and some memory while the sweep goes on
SHOWN = 10  # faults printed of the many a wrong value makes
MANY = 10_000  # members from which on it is said that their decks are checked, which takes seconds
SEEDS = 2**63 - 1  # the largest: files store signed integers of 64 bits
AXES = ("species", "rigidity")  # of the spectra in the dataset, which has a dimension for every varied key too


@dataclass(frozen=True)
class Plan:
    """Which decks a sweep solves.

    deck: the one that is varied.  keys; values: for each key its values along the grid, or of every member of a Latin
    hypercube.  seed: of the hypercube, None for a grid.  Members are counted row by row, the last key fastest.
    begun: what `record` gave when the sweep was begun, None of a new one.
    """

    deck: Any
    keys: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    seed: int | None = None
    begun: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def latin(self):
        return self.seed is not None

    @property
    def shape(self):
        """Length of each dimension of the dataset."""
        return (len(self.values[0]),) if self.latin else tuple(len(each) for each in self.values)

    @property
    def dims(self):
        return ("member",) if self.latin else self.keys

    @cached_property
    def members(self):
        """Per member the values of all keys."""
        return list(zip(*self.values, strict=True)) if self.latin else list(product(*self.values))

    @cached_property
    def decks(self):
        """Per member its deck; DeckError with the faults of all of them, each named once and with the members that have it."""
        decks = []
        faults: dict[Fault, list[int]] = {}                                # with the members that have it
        for i, values in enumerate(self.members):
            try:
                decks.append(self.deck.replace(dict(zip(self.keys, values, strict=True)), "--vary"))
            except DeckError as error:
                for fault in error.faults:
                    faults.setdefault(fault, []).append(i)
        if faults:
            some = [self._placed(fault, members) for fault, members in list(faults.items())[:SHOWN]]
            if len(faults) > SHOWN:
                refused = f"{len(self.members) - len(decks)} of {len(self.members)} members are refused"
                some.append(Fault("--vary", "", f"and {len(faults) - SHOWN} faults more", refused))
            raise DeckError(some)
        return decks

    def _placed(self, fault, members):
        """The fault with the members that have it, where not all do."""
        first, number = f"{members[0]} ({self.label(members[0])})", len(members)
        if number == len(self.members):
            return fault
        where = f"in member {first}" if number == 1 else f"in {number} of {len(self.members)} members, the first is {first}"
        return replace(fault, allowed="; ".join(filter(None, (fault.allowed, where))))

    @cached_property
    def points(self):
        """Members as points of the unit cube: their place along each dimension, or among the values drawn."""
        if self.latin:
            ranks = np.array([np.argsort(np.argsort(_numbers(found)[0])) for found in self._found]).T
            return ranks / max(len(self.members) - 1, 1)
        axes = [np.arange(n) / max(n - 1, 1) for n in self.shape]
        return np.array(list(product(*axes)))

    def order(self):
        """Members in an order in which neighbours follow each other: a grid there and back, a hypercube by the nearest."""
        if not self.latin:
            numbers = np.arange(len(self.members)).reshape(self.shape)
            return [int(numbers[index]) for index in there_and_back(self.shape)]
        return by_nearest(self.points)

    def label(self, index):
        """The values of a member in words."""
        return member_text(dict(zip(self.keys, self.members[index], strict=True)))

    @cached_property
    def _found(self):
        """Per key the values along its dimension, as they stand in the decks of the members."""
        out = []
        for k, key in enumerate(self.keys):
            stride = 1 if self.latin else int(np.prod(self.shape[k + 1:]))
            out.append([find_value(self.decks[i * stride], key)[1] for i in range(len(self.values[k]))])
        return out

    def coordinates(self):
        """name -> (values, attributes) for the keys: numbers with their unit, text for what is not a number."""
        out = {}
        for key, found, values in zip(self.keys, self._found, self.values, strict=True):
            numbers, unit = _numbers(found)
            attrs = {"long_name": meaning(key)} | ({} if numbers is None else {"units": unit})
            out[key] = ([written(value) for value in values] if numbers is None else numbers, attrs)
        return out

    # ---- as stored ---------------------------------------------------------------------------------------------------

    def to_dict(self):
        return {"deck": self.deck.to_dict(), "keys": list(self.keys), "values": [list(each) for each in self.values],
                "seed": self.seed}

    @classmethod
    def from_dict(cls, data, begun=None):
        from solver.deck import Deck

        return cls(Deck.from_dict(data["deck"], "stored deck"), tuple(data["keys"]), tuple(map(tuple, data["values"])),
                   data["seed"], begun)

    @cached_property
    def record(self):
        """Of a sweep that begins: a name for exactly this plan, and digests of the files that members start from.

        It stays what it was whatever becomes of those files and of the deck's schema: members and dataset are known by it.
        """
        if self.begun is not None:
            return self.begun
        starts = self._starts()
        content = json.dumps([self.to_dict(), sorted(filter(None, starts.values()))], sort_keys=True)
        return {"digest": hashlib.sha256(content.encode()).hexdigest()[:16], "starts": starts}

    @property
    def digest(self):
        return self.record["digest"]

    def changed_starts(self):
        """Files that members start from and that are no longer what they were when the sweep was begun."""
        now = self._starts()
        return sorted(path for path, digest in self.record["starts"].items() if now.get(path) != digest)

    def _starts(self):
        """path -> digest of the files that members start from, None where there is none: that is the member's failure."""
        out = {}
        for path in sorted({deck.initial.path for deck in self.decks if deck.initial.type == "file"}):
            out[path] = None
            with suppress(OSError), open(path, "rb") as file:
                out[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return out

    def differences(self, other):
        """What differs from another plan, in words; empty if nothing."""
        mine, theirs = self.to_dict(), other.to_dict()
        out = [f"{key} was {show(theirs_)}, now {show(ours)}" for key, ours, theirs_ in
               differing(mine["deck"], theirs["deck"])]
        if mine["keys"] != theirs["keys"]:
            return [*out, f"varied were {', '.join(theirs['keys'])}, now {', '.join(mine['keys'])}"]
        if mine["seed"] != theirs["seed"]:
            kind = {True: "a grid"}
            words = [kind.get(x["seed"] is None, f"a Latin hypercube with seed {x['seed']}") for x in (theirs, mine)]
            return [*out, f"it was {words[0]}, now {words[1]}"]
        for key, now, before in zip(mine["keys"], mine["values"], theirs["values"], strict=True):
            if now != before:
                out.append(f"{key} took {len(before)} values from {written(before[0])} to {written(before[-1])}, "
                           f"now {len(now)} from {written(now[0])} to {written(now[-1])}")
        return out


def make_plan(deck, vary, latin=None, seed=0, note=None):
    """The Plan of a sweep; DeckError with all that is wrong with keys, values and the decks of all members.

    vary: key -> values, or text or a Range as solver.deck.series reads them; for a hypercube of `latin` members Ranges.
    note: is told, with a line of text, of work that takes seconds.
    """
    series, faults = {}, []
    for key, given in keyed(vary, "--vary").items():
        try:
            series[key] = read_series(given, "--vary", key)
        except DeckError as error:
            faults += error.faults
    for key, found in series.items():
        if latin is None and isinstance(found, Range):
            faults.append(Fault("--vary", key, "found a range", f"needs --latin N, or {HELP}"))
        if latin is not None and not isinstance(found, Range):
            faults.append(Fault("--vary", key, "found single values", f"with --latin needs {RANGES}"))
    if latin is not None and not (whole(latin) and 2 <= latin <= LARGEST):
        faults.append(Fault("--latin", "", f"found {latin}", f"needs a number of members from 2 to {LARGEST}"))
    if not vary:
        faults.append(Fault("--vary", "", "found no key", f"needs at least one {HELP}"))
    if not (whole(seed) and 0 <= seed <= SEEDS):
        faults.append(Fault("--seed", "", f"found {seed}", f"needs a whole number from 0 to {SEEDS}"))
    faults += [Fault("--vary", key, "found values for the whole table", f"vary keys inside it, {key}.NAME=…")
               for key in series if key in AXES]
    faults += _places(deck, series)
    if not faults and latin is None and np.prod([float(len(each)) for each in series.values()]) > LARGEST:
        faults.append(Fault("--vary", "", "makes more members than can be handled", f"at most {LARGEST}"))
    if faults:
        raise DeckError(faults)
    columns = [[_plain(value) for value in each] for each in series.values()] if latin is None else \
        _hypercube(deck, series, latin, seed)
    plan = Plan(deck, tuple(series), tuple(map(tuple, columns)), None if latin is None else int(seed))
    if note is not None and len(plan.members) >= MANY:
        note(f"checking {len(plan.members)} members")
    _ = plan.decks                                                         # all faults of all members, now
    same = [key for key, (numbers, _) in plan.coordinates().items() if not plan.latin and len(set(numbers)) < len(numbers)]
    if same:
        raise DeckError([Fault("--vary", key, "found a value twice, written in two ways", "each value may stand once")
                         for key in same])
    return plan


def whole(number):
    """Is this a whole number?"""
    return isinstance(number, Integral) and not isinstance(number, bool)


def _hypercube(deck, series, members, seed):
    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(series), seed=seed).random(members)
    out = []
    for k, (key, interval) in enumerate(series.items()):
        old = find_value(deck, key)[1]
        whole = interval.whole and isinstance(old, int) and not isinstance(old, bool)
        out.append([interval.at(float(share), whole) for share in shares[:, k]])
    return out


def _places(deck, series):
    """Faults of keys that mean the same place of the deck, or one inside the other."""
    faults, places = [], {key: find_value(deck, key)[0] for key in series}
    for i, (key, place) in enumerate(places.items()):
        for other, there in list(places.items())[:i]:
            if there[: len(place)] == place[: len(there)]:
                faults.append(Fault("--vary", key, f"is the same as {other} or contains one of the two",
                                    "vary each part of a deck once"))
    return faults


def _plain(value):
    """A value as JSON can hold it, quantities as text with their units."""
    if hasattr(value, "unit") and hasattr(value, "value"):                 # astropy
        return f"{float(value.value)!r} {value.unit}"
    return plain(value)


def _numbers(found):
    """(numbers, unit) of values of one key as they stand in decks, or (None, "") where they are not all numbers."""
    if all(isinstance(value, Quantity) for value in found):
        parts = [NUMBER.fullmatch(value.text).groups() for value in found]
        unit = parts[0][1]
        scale = next((float(value) / float(number) for value, (number, u) in zip(found, parts, strict=True)
                      if u == unit and float(number)), 1.0)
        return [float(number) if u == unit else float(f"{float(value) / scale:.12g}")
                for value, (number, u) in zip(found, parts, strict=True)], unit
    if all(isinstance(value, (int, float)) and not isinstance(value, (bool, Quantity)) for value in found):
        return list(found), "1"
    return None, ""
