"""The folder of data: who names it, what is in it, what to do without; the paper's sets and cuts."""

import pytest
from data_files import EVERY, PLAIN

from solver.errors import DataError
from solver.measurements import HOW_TO_GET, find, paper_sets
from solver.measurements import catalogue as module


@pytest.fixture
def folder(tmp_path):
    """A folder of one file per format, and one that is no table."""
    path = tmp_path / "data"
    path.mkdir()
    for i, text in enumerate(EVERY.values()):
        (path / f"{i}.dat").write_text(text, encoding="utf-8")
    (path / "notes.txt").write_text("where these tables come from\n")
    (path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    (path / ".hidden.csv").write_text(PLAIN)
    return path


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No folder is named by anybody; returns the place of the configuration."""
    monkeypatch.delenv("CRSTREAM_DATA", raising=False)
    place = tmp_path / "crstream.toml"
    monkeypatch.setattr(module, "config_file", lambda: place)
    return place


def test_who_names_the_folder(nowhere, monkeypatch, folder, tmp_path):
    assert find() is None
    nowhere.write_text(f'[data]\nfolder = "{folder}"\n')
    assert find().folder == folder
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("CRSTREAM_DATA", str(other))
    assert find().folder == other
    assert find(folder).folder == folder


def test_the_configuration_is_where_the_user_keeps_such_files(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert module.config_file() == tmp_path / "crstream.toml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert module.config_file() == tmp_path / ".config" / "crstream.toml"


def test_without_a_folder_one_sentence_says_how_to_get_the_data():
    for word in ("Aguilar", "Cummings", "CRDB", "crstream[crdb]", "--data", "CRSTREAM_DATA"):
        assert word in HOW_TO_GET


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[data\n", "not valid TOML"),
        ("[data]\nfolder = 3\n", "data.folder: found 3"),
        ('[data]\nfolder = "/no/such"\n', "does not exist"),
    ],
)
def test_bad_configurations(nowhere, text, words):
    nowhere.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        find()
    assert str(nowhere) in str(caught.value)


def test_a_folder_that_is_not_there(nowhere, monkeypatch, tmp_path):
    with pytest.raises(DataError, match=r"--data: .*does not exist"):
        find(tmp_path / "no")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="not recognised"):
        find(tmp_path / "file")
    monkeypatch.setenv("CRSTREAM_DATA", str(tmp_path / "no"))
    with pytest.raises(DataError, match=r"CRSTREAM_DATA: .*does not exist"):
        find()


def test_questions(folder):
    found = find(folder)
    assert len(found) == 10
    assert [path.name for path in found.other_files] == ["notes.txt", "picture.png"]
    assert {m.quantity for m in found.select(quantity="B/C")} == {"B/C"}
    assert len(found.select("proton")) == len(found.select("H")) == 7
    assert len(found.select(experiment="test 1")) == 4
    assert [m.axis for m in found.select(year=2030)] == ["EKN"]
    assert found.one(quantity="B/C", axis="EKN").phi is None
    with pytest.raises(DataError, match="nothing fits; there are"):
        found.one("Fe")
    with pytest.raises(DataError, match="several fit; there are"):
        found.one("H")


def test_a_single_file_is_a_catalogue_too(folder):
    assert [m.quantity for m in find(folder / "0.dat")] == ["H"]


def test_faults_of_all_files_at_once(folder):
    (folder / "a.csv").write_text(PLAIN.replace("600", "x"))
    (folder / "b.csv").write_text(PLAIN.replace("200", "y"))
    with pytest.raises(DataError) as caught:
        find(folder).select()
    assert [row.rpartition("/")[2].split(":")[:2] for row in str(caught.value).splitlines()] == [["a.csv", "7"], ["b.csv", "8"]]


AMS = PLAIN.replace("TEST-1", "AMS-02").replace("2031", "2015").replace("4,8,5.6", "40,80,56")
VOYAGER = (
    PLAIN.replace("TEST-1", "Voyager 1 CRS").replace("2031", "2016").replace("phi ~ 450 MV", "unmodulated")
    .replace("versus rigidity", "versus kinetic energy per nucleon").replace("R_", "T_").replace("R in GV", "T in GeV")
    .replace("sr^-1 GV^-1", "sr^-1 GeV^-1")
)  # fmt: skip


def test_sets_of_the_paper_with_its_cuts(tmp_path):
    (tmp_path / "a.csv").write_text(AMS)
    (tmp_path / "v.csv").write_text(VOYAGER)
    sets = paper_sets(find(tmp_path))
    assert list(sets) == ["ams_protons", "voyager_protons"]
    assert list(sets["ams_protons"].measurement.x) == [56]
    assert len(sets["ams_protons"].whole) == 3
    assert sets["ams_protons"].cut_text == "T ≥ 10 GeV"
    assert len(sets["voyager_protons"].measurement) == 3
    assert sets["voyager_protons"].measurement.phi == 0
    assert paper_sets(None) == {}
