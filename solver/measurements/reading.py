"""`read`: a file of measurements in any format of the field, told apart by what is in it."""

from pathlib import Path

from solver.errors import DataError, Fault

from . import axes, crdb_tables, kiss, names, plain, ssdc
from .rows import Faults, lines_of

FORMATS = "plain CSV with a header (# quantity, # units), USINE, CRDB csv or csv-asimport, KISS table, SSDC XML"


def read(path, quantity=None, axis=None, experiment=None):
    """All measurements in a file, a list; a USINE or CRDB file may hold many, the others hold one.

    quantity ("B/C"), axis ("R", "EKN", …) and experiment are for files that do not say it; from files of many sets they
    select (experiment by the beginning of its name).  DataError with all that is wrong, each fault with its line.
    """
    found = _read(path, {"quantity": _canonical(quantity), "axis": axis and axes.known(axis), "experiment": experiment})
    if found is None:
        text = _text(path)
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        shown = f'begins with "{first[:60]}"' if first else "is empty"
        raise DataError([Fault(str(path), "", f"format not recognised, the file {shown}", FORMATS, 1)])
    return found


def try_read(path):
    """As `read`, but None for a file that is no table of measurements, a picture for example."""
    try:
        Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return _read(path, {})


def _read(path, wanted):
    """Measurements of a file, None where no format recognises it."""
    text, faults = _text(path), Faults(path)
    if ssdc.recognises(text):
        if "<HEADER" not in text and "<XML" not in text:
            return None
        found = ssdc.parse(text, faults, wanted)
        faults.raise_if_any()
        return found
    comments, data = lines_of(text)
    reader = _format(comments, data)
    if reader is None:
        return None
    found = reader.parse(comments, data, faults, wanted)
    faults.raise_if_any()
    return found


def _format(comments, data):
    if crdb_tables.recognises_csv(comments, data) or crdb_tables.recognises_usine(comments, data):
        return crdb_tables
    return next((reader for reader in (kiss, plain) if reader.recognises(comments, data)), None)


def _canonical(quantity):
    return quantity and (names.canonical(quantity) or quantity)


def _text(path):
    path = Path(path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError([Fault(str(path), "", f"not a text file (byte {error.start})", FORMATS)]) from None
    except OSError as error:
        raise DataError([Fault(str(path), "", error.strerror or str(error), "a file of measurements")]) from None
