"""The command line under test in this process, where many calls are made, in an empty folder."""

import sys
from pathlib import Path

import pytest
from command_line import GALAXY, Ended


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def no_measurements(monkeypatch):
    """The user's own folder of measurements changes nothing here."""
    monkeypatch.delenv("CRSTREAM_DATA", raising=False)
    monkeypatch.setattr("solver.measurements.catalogue.config_file", lambda: Path("no configuration"))


@pytest.fixture
def command(inside, monkeypatch, capsys):
    """Call the command line in this process, in an empty working folder."""
    from solver import cli

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["crstream", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return Ended(end.value.code or 0, captured.out, captured.err)

    return call


@pytest.fixture
def deck(inside):
    """deck(changes…) writes the small Galaxy, with passages replaced, and returns the path."""

    def write(*swaps, more="", name="galaxy.toml", text=GALAXY):
        for old, new in swaps:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (inside / name).write_text(text + more, encoding="utf-8")
        return name

    return write
