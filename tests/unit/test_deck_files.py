"""Files and names that are no decks: each is one clear fault that names the file, and the line where there is one."""

import os

import pytest
from example_deck import EXAMPLE, write

from solver.deck import load
from solver.errors import DeckError


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"# only a comment\n", "grid: missing"),
        (b"title = 'a'\n\n[grid\nz_max = 3", "deck.toml:3: not valid TOML"),
        (
            b"[grid]\nz_max = 4 kpc\n",
            "deck.toml:2: not valid TOML: Expected newline or end of document after a statement, column 11",
        ),
        (b"[grid]\nz_max = 4 kpc\n", "quantities are text in quotes"),
        (b"[grid]\nz_spacing = uniform\n", "text stands in quotes"),
        (b"[species.proton]\n[species.proton]\n", "two species of the same name"),
        (b"[grid]\nz_cells = " + b"9" * 5000, "not valid TOML"),
        (b'title = "\xff"', "deck.toml:1: byte 0xff is not UTF-8"),
        (b"\n\n\x89HDF\r\n\x1a\n", "deck.toml:3: byte 0x89 is not UTF-8"),
        (b"a = \x00", "not valid TOML"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = " + b"{a=" * 50_000, "nested too deep"),
        (b"a = " + b"[" * 30 + b"]" * 30, "nested too deep"),
        (b"#" * 2_000_000, "too large for a deck"),
        (b"{}", "not valid TOML"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_files_that_are_no_decks(content, says, tmp_path):
    path = tmp_path / "deck.toml"
    path.write_bytes(content)
    with pytest.raises(DeckError) as error:
        load(path)
    assert says in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("two_fase", 'no such problem, nor a file of that name; did you mean "two_phase"?'),
        ("two_phase.toml", 'no such file; did you mean "two_phase"?'),
        ("nothing_like_it", "problems: "),
        ("", "needs a problem's name or a path"),
        ("  ", "needs a problem's name or a path"),
        ("a\0b", "needs a problem's name or a path"),
        ("x" * 10_000, "name too long"),
        (None, "needs a problem's name or a path"),
        (3, "needs a problem's name or a path"),
        (b"two_phase", "needs a problem's name or a path"),
        ("/dev/null", "not a regular file"),
        ("..", "a folder without deck.toml"),
        ("no/such/folder/deck.toml", "no such file"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_names_that_stand_for_nothing(name, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeckError) as error:
        load(name)
    assert says.lower() in str(error.value).lower()


def test_a_misspelled_file_is_found_among_its_neighbours(tmp_path):
    write(tmp_path, EXAMPLE, "galaxy.toml")
    with pytest.raises(DeckError, match=r'did you mean "galaxy\.toml"'):
        load(tmp_path / "galaxi.toml")
    with pytest.raises(DeckError, match=r'a folder without deck\.toml; did you mean "galaxy\.toml"'):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = write(tmp_path, EXAMPLE)
    os.chmod(path, 0)
    with pytest.raises(DeckError, match="Permission denied"):
        load(path)


def test_files_below_the_current_folder_are_named_shortly(tmp_path, monkeypatch):
    write(tmp_path, "colour = 3")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeckError) as error:
        load(tmp_path / "deck.toml")
    assert str(error.value).startswith("deck.toml:1: colour: unknown key")
