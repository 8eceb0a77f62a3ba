"""Files that are whole but not what they say: edited by hand, from another deck, or with a bit turned over on the way."""

import json
import shutil
from contextlib import suppress

import netCDF4
import numpy as np
import pytest
import xarray as xr
from command_line import process, tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver import result, storage
from solver.errors import DeckError, ResultError

WORDS = ("run", "nonlinear_landau", "--no-figures", "--out", "run", "--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=3")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A finished run, to be copied and tampered with."""
    folder = tmp_path_factory.mktemp("stored")
    ended = process(*WORDS, cwd=folder)
    assert ended.code == 0, ended.err
    return folder / "run/result.nc"


def deck_with(**changes):
    """A tampering that changes keys of the stored deck: section__key = value."""

    def tamper(file):
        deck = json.loads(file.deck)
        for path, value in changes.items():
            *sections, key = path.split("__")
            table = deck
            for section in sections:
                table = table[int(section) if section.isdigit() else section]
            table[key] = value
        file.deck = json.dumps(deck)

    return tamper


def attribute(name, value):
    return lambda file: file.setncattr(name, value)


def without(name):
    return lambda file: file.delncattr(name)


def restart(name, value):
    def tamper(file):
        values = json.loads(file["restart"].getncattr("values"))
        if value is None:
            del values[name]
        else:
            values[name] = value
        file["restart"].setncattr("values", json.dumps(values))

    return tamper


def array(path, index, value):
    def tamper(file):
        file[path][index] = value

    return tamper


def renamed(group, old, new):
    def tamper(file):
        (file if group == "/" else file[group]).renameVariable(old, new)

    return tamper


# what was done to the file, and words of what is said by the commands that use the part concerned
TAMPERED = {
    "deck on another grid": (deck_with(grid__z_cells=5), ("resume",), "does not fit its deck"),
    "deck on other rigidities": (deck_with(grid__rigidity_max="2e4 GV"), ("resume",), "does not fit its deck"),
    "deck with another species": (deck_with(species={"helium4": {"source": {"type": "none"}}}), ("resume",), ""),
    "deck with another field": (deck_with(layer__0__plasma__B="3 uG"), ("resume",), "was changed since"),
    "deck with a nearer end": (deck_with(time__max_steps=9_000), (), ""),
    "deck of another height": (deck_with(grid__z_max="5 kpc", layer__0__top="5 kpc"), ("resume",), "does not fit its deck"),
    "deck with an unknown key": (deck_with(grid__bogus=1), ("resume", "compare"), "grid.bogus"),
    "deck with a wrong value": (deck_with(grid__z_cells=-1), ("resume", "compare"), "grid.z_cells"),
    "deck that is not JSON": (attribute("deck", "[1"), ("resume", "compare"), "not JSON"),
    "deck that is a number": (attribute("deck", 3), ("resume", "compare"), "deck"),
    "deck nested without end": (attribute("deck", "[" * 20_000), ("resume", "compare"), "deck"),
    "no deck": (without("deck"), ("resume", "compare"), "deck"),
    "restart data of another deck": (restart("deck", "0123456789abcdef"), ("resume",), "was changed since"),
    "problem outside of the problems": (deck_with(problem="../../etc"), ("compare",), "nothing to compare with"),
    "problem that is a module": (deck_with(problem="os"), ("compare",), "nothing to compare with"),
    "version that is no number": (attribute("crstream_file_version", "x"), ("resume", "compare", "plot"), "layout x"),
    "kind that is unknown": (attribute("crstream_file", "sweep"), ("resume", "compare", "plot"), "sweep file"),
    "status that is a number": (attribute("status", 7), ("resume", "compare", "plot"), "lacks the text status"),
    "restart data that is not JSON": (lambda f: f["restart"].setncattr("values", "{"), ("resume",), "restart"),
    "restart data without a time": (restart("t", None), ("resume",), "restart"),
    "restart data without counts": (restart("counts", None), ("resume",), "restart"),
    "restart data with words": (restart("t", "soon"), ("resume",), "restart"),
    "restart data without the state": (renamed("restart", "u", "w"), ("resume",), "restart"),
    "restart data without a history": (renamed("restart", "history_t", "history_x"), ("resume",), "history of t"),
    "not a number in the state": (array("restart/u", (0, 0, 0), np.nan), ("resume",), "damaged (u)"),
    "observable under another name": (renamed("/", "J", "K"), ("resume", "compare", "plot"), "lacks J"),
    "coordinate under another name": (renamed("/", "rigidity", "radius"), ("resume", "compare", "plot"), "lacks rigidity"),
    "no list of variables": (without("crstream_variables"), ("resume", "compare", "plot"), "the list of its variables"),
    "kind that is a list": (attribute("crstream_file", [5, 6]), ("resume", "compare", "plot"), "[5 6] file"),
    "dimension under another name": (lambda f: f.renameDimension("species", "s"), ("resume", "compare", "plot"), "species"),
    "rigidity that is no number": (array("rigidity", 1, np.nan), ("resume", "compare", "plot"), "rigidity that does not"),
    "heights upside down": (array("z", slice(None), [4, 3, 2, 1, 0]), ("resume", "compare", "plot"), "z that does"),
    "not a number in f": (array("f", (0, 1, 1), np.nan), ("resume", "compare", "plot"), "f that is no number"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_ends_in_one_message(what, stored, command, inside):
    """The commands named must refuse; the others may go on if what they need is whole.  None may fall over."""
    tamper, refusing, said = TAMPERED[what]
    for call, *options in (("resume", "--no-figures"), ("compare", "--no-figure"), ("plot", "--what", "spectrum")):
        shutil.rmtree(inside / "run", ignore_errors=True)
        (inside / "run").mkdir()
        path = inside / "run/result.nc"
        shutil.copy(stored, path)
        with netCDF4.Dataset(path, "a") as file:
            tamper(file)
        before = path.read_bytes()
        ended = command(call, "run", *options)
        assert "Traceback" not in ended.err, (call, ended.err)
        assert "internal error" not in ended.err, (call, ended.err)
        assert ended.code in (0, 1, 2, 3), (call, ended.err)
        if call in refusing:
            ended.refused(said)
            assert path.read_bytes() == before
            assert tree(inside / "run") == ["result.nc"]


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_a_bit_turned_over_is_noticed_or_leaves_every_number_as_it_was(data, stored, tmp_path):
    content = bytearray(stored.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "result.nc"
    path.write_bytes(content)
    with suppress(ResultError):
        same_numbers(storage.read(path), stored)


def same_numbers(found, stored):
    with xr.open_datatree(stored) as whole:
        for node in whole.load().subtree:
            for name, variable in node.variables.items():
                np.testing.assert_array_equal(found[node.path].variables[name].values, variable.values)


def test_a_stored_deck_that_is_wrong_is_a_deck_error(stored, tmp_path):
    shutil.copy(stored, tmp_path)
    with netCDF4.Dataset(tmp_path / "result.nc", "a") as file:
        deck_with(grid__z_cells="many")(file)
    with pytest.raises(DeckError, match=r"grid.z_cells"):
        result.open_result(tmp_path).deck  # noqa: B018
