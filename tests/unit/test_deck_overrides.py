"""Changes by dotted path: what they reach, what they refuse, and how the command line writes them."""

import tomllib

import pytest
from example_deck import EXAMPLE, swap, write

from solver.deck import Deck, load, parse_override
from solver.errors import DeckError


@pytest.fixture(scope="module")
def deck():
    return Deck.from_dict(tomllib.loads(EXAMPLE))


def test_layers_go_by_index_or_name_and_processes_by_index_or_type(deck):
    by_index = deck.replace({"layer.0.plasma.B": "2 uG", "layer.1.damping.0.prefactor": 2.0})
    by_name = deck.replace({"layer.warm.plasma.B": "2 uG", "layer.halo.damping.landau.prefactor": 2})
    assert by_index == by_name
    assert by_name.layer[0].plasma.B.text == "2 uG"
    assert by_name.layer[1].damping[0].prefactor == 2.0
    assert deck.layer[0].plasma.B.text == "6 uG"


def test_nothing_changed_is_the_same_deck(deck):
    assert deck.replace() == deck.replace({}) == deck


def test_tables_lists_and_words_can_be_set_whole(deck):
    other = deck.replace(
        {
            "boundary.top": "outflow",
            "layer.halo.damping": ["landau", {"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3"}],
            "species.helium4": {"source": {"type": "power_law", "slope": 4.3, "amplitude": "1e-9 cm-2 s-1 GeV-3"}},
            "layer.halo.profile": {"z0": "1 kpc", "S": -1},
            "time.end": "30 Myr",
        }
    )
    assert other.boundary.top.type == "outflow"
    assert [process.type for process in other.layer[1].damping] == ["landau", "given_S"]
    assert "helium4" in other.species
    assert other.layer[1].profile.S == -1
    assert deck.replace({"layer.halo.profile.z0": "1 kpc"}).layer[1].profile.z0.text == "1 kpc"


def test_none_takes_the_default(deck):
    assert deck.replace({"grid.z_cells": None}).grid.z_cells == 200
    assert deck.replace({"layer.warm.scattering": None, "layer.warm.plasma": None}).layer[0].plasma is None


def test_a_change_of_type_drops_the_keys_of_the_old_one(deck):
    other = deck.replace(
        {
            "species.proton.source.slope": 4.4,
            "species.proton.source.amplitude": "1 cm-2 s-1 GeV-3",
            "species.proton.source.type": "power_law",
        }
    )
    assert other.species["proton"].source.type == "power_law"
    assert other.species["proton"].source.slope == 4.4
    assert deck.replace({"species.proton.source.type": "supernovae"}) == deck


def test_whole_tables_come_before_keys_inside_them(deck):
    changes = {"layer.halo.plasma.B": "3 uG", "layer.halo.plasma": {"B": "1 uG", "n": "0.003 cm-3", "T": "3e6 K"}}
    assert deck.replace(changes).layer[1].plasma.B.text == "3 uG"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("grid.z_cels", 'unknown key; did you mean "z_cells"?'),
        ("gird.z_cells", 'did you mean "grid"?'),
        ("z_cells", 'did you mean "grid.z_cells"?'),
        ("layer.hallo.top", 'there is no layer called "hallo"; did you mean "halo"?'),
        ("layer.2.top", "there is no layer.2; there are 2, counted from 0"),
        ("layer.-1.top", "there is no layer called"),
        ("layer.halo.damping.landua.prefactor", 'did you mean "landau"?'),
        ("layer.halo.damping.landau.Ma", "unknown key"),
        ("layer.halo.scattering.0.Ma", "there is no layer.1.scattering.0; there are 0"),
        ("layer.halo.plasma.Bz", "unknown key"),
        ("species.protn.source.slope", 'there is no species "protn"; did you mean "proton"?'),
        ("species.proton.sorce.slope", 'did you mean "source"?'),
        ("grid.z_max.x", "grid.z_max is a single value"),
        ("grid", "needs a table"),
        ("", "not a key path"),
        ("grid..z_max", "not a key path"),
        (".", "not a key path"),
    ],
)
def test_paths_that_lead_nowhere_are_named(deck, path, says):
    with pytest.raises(DeckError) as error:
        deck.replace({path: 3})
    assert says in str(error.value)
    assert str(error.value).startswith(f"override: {path}" if path else "override: ")


def test_all_wrong_changes_are_reported_together(deck):
    with pytest.raises(DeckError) as error:
        deck.replace({"grid.z_cels": 3, "layer.hallo.top": "3 kpc", "grid.z_max": 4, "disc.losses": "flex"})
    assert {fault.key for fault in error.value.faults} == {
        "grid.z_cels",
        "layer.hallo.top",
        "grid.z_max",
        "disc.losses",
    }


def test_a_change_that_contradicts_the_rest_names_the_rest(deck):
    with pytest.raises(DeckError, match=r'deck: layer.1.top: found "10 kpc" in layer "halo"; .* grid.z_max = "20 kpc"'):
        deck.replace({"grid.z_max": "20 kpc"})
    assert deck.replace({"grid.z_max": "20 kpc", "layer.halo.top": "20 kpc"}).grid.z_max.text == "20 kpc"


def test_changes_while_loading_may_mend_a_deck_and_are_told_from_the_file(tmp_path):
    path = write(tmp_path, swap("z_cells = 400", "z_cells = 0.5").replace('losses = "flux"', 'losses = "flex"'))
    with pytest.raises(DeckError) as error:
        load(path, {"grid.z_cells": 40, "grid.z_max": 3})
    first, second = sorted(map(str, error.value.faults))
    assert first.startswith("--set: grid.z_max: found the bare number 3")
    assert ":20: disc.losses" in second
    assert load(path, {"grid.z_cells": 40, "disc.losses": "none"}).grid.z_cells == 40


def test_a_word_in_the_file_can_be_given_keys(tmp_path):
    path = write(tmp_path, swap('{ type = "landau" }', '"landau"'))
    assert load(path, {"layer.halo.damping.landau.prefactor": 2}).layer[1].damping[0].prefactor == 2


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("grid.z_cells=400", "grid.z_cells", 400),
        ("grid.z_max=4 kpc", "grid.z_max", "4 kpc"),
        ('grid.z_max="4 kpc"', "grid.z_max", "4 kpc"),
        (" grid.z_max = 4 kpc ", "grid.z_max", "4 kpc"),
        ("physics.adiabatic=false", "physics.adiabatic", False),
        ("layer.halo.damping=[]", "layer.halo.damping", []),
        ('boundary.top={ type = "outflow" }', "boundary.top", {"type": "outflow"}),
        ("time.end=steady", "time.end", "steady"),
        ("title=a = b", "title", "a = b"),
        ("title=1\nother = 2", "title", "1\nother = 2"),
        ("title=", "title", ""),
    ],
)
def test_the_command_line_writes_toml_or_plain_text(text, key, value):
    assert parse_override(text) == (key, value)


@pytest.mark.parametrize("text", ["grid.z_cells", "", "=3", " = 3"])
def test_an_override_needs_a_key_and_a_value(text):
    with pytest.raises(DeckError, match=r"--set: .*write key.path=value"):
        parse_override(text)


def test_a_deck_can_be_given_to_a_problem_that_exists(deck):
    assert deck.replace({"problem": "two_phase"}).problem == "two_phase"
    with pytest.raises(DeckError, match='override: problem: there is no problem "two_phas"; did you mean "two_phase"'):
        deck.replace({"problem": "two_phas"})


def test_a_start_file_given_in_a_change_is_the_one_of_the_present_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "start.nc").write_bytes(b"a state")
    for changes in ({"initial.type": "file", "initial.path": "start.nc"}, {"initial": {"type": "file", "path": "start.nc"}}):
        made = load("streaming", changes)
        assert made.initial.path == str(tmp_path / "start.nc")
        monkeypatch.chdir("/")
        assert made.replace({"grid.z_cells": 8}).initial.path == str(tmp_path / "start.nc")
        monkeypatch.chdir(tmp_path)
