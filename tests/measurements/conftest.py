"""Files written for one test, and the folder of real tables where it is at hand."""

import os
from pathlib import Path

import pytest

from solver import measurements

BESIDE = [parent / "shared" / "data" for parent in Path(__file__).resolve().parents[2:5]]


@pytest.fixture
def written(tmp_path):
    """Return write(text, name="table"), the path of a file of that text."""

    def write(text, name="table"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def from_text(written):
    """Return read(text), the measurements in a file of that text."""
    return lambda text, **options: measurements.read(written(text), **options)


@pytest.fixture(scope="session")
def catalogue():
    """The published tables: CRSTREAM_DATA, else shared/data beside the checkout; skipped where neither is there."""
    named = os.environ.get("CRSTREAM_DATA")
    folder = next((path for path in ([Path(named)] if named else BESIDE) if path.is_dir()), None)
    if folder is None:
        pytest.skip("no folder of measurements (CRSTREAM_DATA, or shared/data beside the checkout)")
    return measurements.find(folder)
