"""Whatever a deck contains, reading it gives a Deck or a DeckError, never another exception or a broken deck."""

import copy
import json
import tomllib

from example_deck import EXAMPLE
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.deck import Deck, explain, load, parse_override
from solver.errors import DeckError

RAW = tomllib.loads(EXAMPLE)
NAMES = (
    "grid species layer plasma damping scattering source type slope L Ma B n T top name parent profile z0 S "
    "losses time end schedule streaming f amplitude boundary initial path rigidity Q problem mass Z A self_confined"
)
WORDS = (
    "landau alfven none zero table problem value spallation supernovae proton carbon boron steady exact "
    "switch two_phase 3 1kpc -1kpc 1e999kpc nankpc 1uG 1GV 1yr-1"
)
KEYS = st.sampled_from(NAMES.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**310),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.sampled_from(WORDS.split()),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def places(value, place=()):
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*place, name))


PLACES = [place for place in places(RAW) if place]


@st.composite
def mutated(draw):
    """The example with a few values replaced, keys removed or keys added."""
    raw = copy.deepcopy(RAW)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4)):
        inside = raw
        try:
            for step in place[:-1]:
                inside = inside[step]
            action = draw(st.sampled_from(["replace", "remove", "add"]))
            if action == "remove":
                del inside[place[-1]]
            elif action == "add" and isinstance(inside, dict):
                inside[draw(KEYS)] = draw(VALUES)
            else:
                inside[place[-1]] = draw(VALUES)
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            pass
    return raw


def attempt(action):
    """(what comes out, None) or (None, the faults); any other exception fails the test."""
    try:
        return action(), None
    except DeckError as error:
        return None, error


def check(deck, error):
    """Either a deck that survives JSON, or faults, one line each."""
    if error is None:
        assert Deck.from_json(deck.to_json()) == deck
    else:
        assert error.faults
        assert str(error).count("\n") == len(error.faults) - 1


@settings(deadline=None, max_examples=300)
@given(mutated())
def test_any_change_of_the_data_gives_a_deck_or_faults(raw):
    check(*attempt(lambda: Deck.from_dict(raw)))


FILLING = st.binary(max_size=6) | st.sampled_from(list("[]{}\"'=\n.# ")).map(str.encode)


@settings(deadline=None, max_examples=100)
@given(start=st.integers(0, len(EXAMPLE)), length=st.integers(0, 30), filling=FILLING)
def test_any_damage_to_the_text_gives_a_deck_or_faults(tmp_path_factory, start, length, filling):
    path = tmp_path_factory.getbasetemp() / "damaged.toml"
    path.write_bytes(EXAMPLE[:start].encode() + filling + EXAMPLE[start + length :].encode())
    check(*attempt(lambda: load(path)))


STEPS = KEYS | st.sampled_from(["0", "1", "warm", "halo", "landau", "proton", "z_max", "z_cells", "disc"])
PATHS = st.one_of(
    st.text(max_size=10),
    st.lists(STEPS, max_size=5).map(".".join),
    st.sampled_from([".".join(map(str, place)) for place in PLACES]),
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(PATHS, VALUES, max_size=3))
def test_any_override_gives_a_deck_or_faults(changes):
    deck = Deck.from_dict(RAW)
    check(*attempt(lambda: deck.replace(changes)))
    assert deck == Deck.from_dict(RAW)


@given(PATHS)
def test_any_path_is_explained_or_refused(path):
    rows, error = attempt(lambda: explain(path))
    assert rows or error.faults


@given(st.text(max_size=20))
def test_any_command_line_value_is_read_or_refused(text):
    key, equals, _ = text.partition("=")
    found, error = attempt(lambda: parse_override(text))
    assert (error is None) == bool(equals and key.strip())
    assert error is not None or found[0] == key.strip()


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")) | VALUES.map(lambda v: json.dumps(v, default=str)))
def test_any_stored_text_gives_a_deck_or_faults(text):
    check(*attempt(lambda: Deck.from_json(text)))
