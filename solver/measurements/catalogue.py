"""The folder of measurements: where it is, and what is in it.

`find` takes the folder it is given, else the environment variable CRSTREAM_DATA, else the entry

    [data]
    folder = "~/cosmic-ray-data"

of the user's file `crstream.toml` in $XDG_CONFIG_HOME or ~/.config.  Data are not part of this program.
"""

import os
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from solver.errors import DataError, Fault

from . import axes
from .measurement import Measurement
from .names import matches
from .reading import FORMATS, read, try_read

VARIABLE = "CRSTREAM_DATA"
HOW_TO_GET = (
    "no folder of measurements: give --data DIR (or CRSTREAM_DATA, or data.folder in ~/.config/crstream.toml) with the tables of "
    "Aguilar et al. 2015 (protons, PRL 114, 171103), Aguilar et al. 2016 (B/C, PRL 117, 231102) and Cummings et al. 2016 "
    "(Voyager 1, ApJ 831, 18), exported from the cosmic-ray database CRDB (lpsc.in2p3.fr/crdb) or fetched with the extra "
    "crstream[crdb]: solver.measurements.fetch"
)


def find(folder=None):
    """The Catalogue of the folder (or single file) given, set or configured; None where there is none: HOW_TO_GET says
    what to do.

    DataError where what is named does not exist, or is a file that is no table of measurements.
    """
    where, named = _named(folder)
    if named is None:
        return None
    try:
        path = Path(named).expanduser()
    except TypeError:
        raise DataError([Fault(where, "", f"found {named!r}", "a folder of measurements")]) from None
    if not path.exists():
        raise DataError([Fault(where, str(named), "does not exist", "a folder of measurements")])
    if path.is_file():
        read(path)
    return Catalogue(path)


def config_file():
    """The user's configuration, whether or not it exists."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "crstream.toml"


def _named(folder):
    """(who names it, folder), (…, None) where nobody does."""
    if folder is not None:
        return "--data", folder
    if os.environ.get(VARIABLE):
        return VARIABLE, os.environ[VARIABLE]
    path = config_file()
    if not path.is_file():
        return "", None
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault(str(path), "", f"not valid TOML ({error})", '[data] and folder = "DIR"')]) from None
    entry = config.get("data", {})
    named = entry.get("folder") if isinstance(entry, dict) else entry
    if named is not None and not isinstance(named, str):
        raise DataError([Fault(str(path), "data.folder", f"found {named!r}", "a folder in quotes")])
    return str(path), named


@dataclass(frozen=True)
class Catalogue:
    """The measurements of one folder, read when first asked for: a sequence, and `select`."""

    folder: Path

    @cached_property
    def measurements(self):
        """All measurements of all files, sorted by name of the file.

        DataError with the faults of all files.  Files that are no tables of measurements are in `other_files`.
        """
        found: list[Measurement] = []
        faults: list[Fault] = []
        for path in self.files:
            try:
                found += try_read(path) or []
            except DataError as error:
                faults += error.faults
        if faults:
            raise DataError(faults)
        return found

    @cached_property
    def other_files(self):
        """Files in the folder that were not read: no format recognises them."""
        tables = {m.source for m in self.measurements}
        return [path for path in self.files if str(path) not in tables]

    @property
    def files(self):
        """The files looked at, sorted by name."""
        if self.folder.is_file():
            return [self.folder]
        return sorted(path for path in self.folder.iterdir() if path.is_file() and path.name[0] != ".")

    def __iter__(self):
        return iter(self.measurements)

    def __len__(self):
        return len(self.measurements)

    def select(self, quantity=None, experiment=None, year=None, axis=None):
        """Measurements of a quantity ("H", "proton", "B/C"), by an experiment ("AMS-02", "Voyager 1"), of a year of
        publication, on an axis."""
        axis = axis and axes.known(axis)
        return [m for m in self if matches(m, quantity, axis, experiment) and year in (None, m.published)]

    def one(self, quantity=None, experiment=None, year=None, axis=None):
        """The one measurement that fits; DataError with what there is where it is none or several."""
        found = self.select(quantity, experiment, year, axis)
        if len(found) == 1:
            return found[0]
        asked = " ".join(str(key) for key in (quantity, axis, experiment, year) if key)
        listed = "; ".join(describe(m) for m in (found or self))
        found_text = "several fit" if found else "nothing fits"
        raise DataError([Fault(str(self.folder), asked, found_text, f"there are {listed}" if listed else FORMATS)])


def describe(m):
    return f"{m.quantity} {m.axis} {m.label} ({Path(m.source).name})"
