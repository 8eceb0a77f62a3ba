"""Trees on disk: written aside, synced and renamed, so that a reader never meets half a file; opened with checks."""

import os
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .errors import ResultError
from .shown import printable
from .signals import handling

RESULT_NAME, CHECKPOINT = "result.nc", "checkpoint.nc"
SWEEP = ("sweep.json", "sweep.nc")             # plan and dataset of a sweep (solver.ensemble.store)
FORMAT_VERSION = 1                 # raised when a reader of the older layout would misread a file
TRIED = 4                          # MB written to find out why a file cannot be
TEXTS = ("deck", "status")         # attributes that every file with results of its own has
NOT_UTF8 = "its name is not UTF-8, which netCDF needs"
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def path_of(given):
    """The Path of what a caller gives for a file or a folder; ResultError for what names none."""
    try:
        path = Path(given)
    except TypeError:
        raise ResultError(f"found {given!r}, which is no path") from None
    if "\0" in str(path):
        raise ResultError(f"found {given!r}, which is no path")
    return path


def write(tree, path):
    """Write the DataTree to `path` atomically; returns the path.

    The file is written beside its final place, synced to the disc, renamed over `path`, and the folder is synced:
    after a crash `path` is either the old file or the new one.  Every array carries a checksum.
    Raises ResultError where the folder cannot be made or the file not be written.
    """
    return _atomically(path, lambda aside: tree.to_netcdf(aside, engine="netcdf4", encoding=_encoding(tree)))


def write_text(text, path):
    """Write text to `path` in the same way."""
    return _atomically(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_figure(figure, path, **options):
    """Write a matplotlib figure to `path` in the same way, in the format of its ending."""
    return _atomically(path, lambda aside: figure.savefig(aside, format=path.suffix[1:], **options))


def _atomically(path, write_aside):
    path = path_of(path)
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)                # what a crash has left; a link would be followed
        with _uninterrupted():
            write_aside(aside)
            _sync(aside)
            os.replace(aside, path)
            _sync(path.parent)
    except UnicodeEncodeError:
        raise ResultError(f"{path}: cannot be written ({NOT_UTF8})") from None
    except (OSError, RuntimeError) as error:         # netCDF4 reports a full disc as RuntimeError
        raise ResultError(f"{path}: cannot be written ({_why(aside, error)})") from error
    finally:
        with suppress(OSError):
            aside.unlink()
    return path


@contextmanager
def _uninterrupted():
    """Within: Ctrl-C waits.  Raised inside the netCDF library it would leave a lock behind that closing the file waits for."""
    waiting = []
    try:
        with handling(lambda number, _frame: waiting.append(number), signal.SIGINT):
            yield
    finally:
        if waiting:
            signal.raise_signal(waiting[0])


def _why(path, error):
    """The reason a file could not be written in the system's words: HDF5 has only vague ones, so that writing is tried."""
    try:
        with path.open("ab", buffering=0) as file:
            for _ in range(TRIED):
                if file.write(bytes(2**20)) < 2**20:                       # the rest of the disc
                    file.write(bytes(2**20))
    except OSError as plain:
        return plain.strerror or plain
    return getattr(error, "strerror", None) or error


def read(path, kinds=("result",)):
    """The DataTree stored in `path` (a file, or a folder that holds result.nc), all in memory, the file closed.

    Raises ResultError with one message for: nothing there, not netCDF, truncated or damaged, not written by crstream,
    written in another layout, of another kind than `kinds`.
    """
    path = path_of(path)
    if path.is_dir():
        path = path / RESULT_NAME
        if not path.exists():
            raise ResultError(f"{path.parent}: {_without_result(path.parent)}")
    if path.exists() and not path.is_file():                               # a pipe would be waited for
        raise ResultError(f"{path}: is not a regular file")
    try:
        with path.open("rb") as file:
            start = file.read(len(HDF5_SIGNATURE))
    except FileNotFoundError:
        raise ResultError(f"{path}: no such file") from None
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror})") from error
    if start != HDF5_SIGNATURE:
        raise ResultError(f"{path}: is not a netCDF-4 file")
    try:
        with xr.open_datatree(path, engine="netcdf4", decode_times=False) as tree:
            tree = tree.load()
    except UnicodeEncodeError:
        raise ResultError(f"{path}: cannot be read ({NOT_UTF8})") from None
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise ResultError(f"{path}: is truncated or damaged and cannot be read") from error
    for attrs in (tree.attrs, *(variable.attrs for variable in tree.variables.values())):
        attrs.update({name: printable(value, "\n\t") for name, value in attrs.items() if isinstance(value, str)})
    _check(tree, path, kinds)
    return tree


def _without_result(folder):
    """What is to be said of a folder that holds no result, and what to do."""
    if any((folder / name).exists() for name in SWEEP):
        kept = min(folder.glob(f"members/*/{RESULT_NAME}"), default=None)
        members = "with --keep it keeps results of its members" if kept is None else f"a result of a member is in {kept.parent}"
        return f"holds a sweep; {members}; `crstream plot {folder}` shows all of it"
    begun = (folder / CHECKPOINT).exists()
    how = f"`crstream resume {folder}` goes on to" if begun else f"`crstream run … --out {folder}` makes"
    return f"holds no {RESULT_NAME}; {how} one"


def attribute(path, name):
    """One attribute of a file, without reading the rest; None where there is none or the file cannot be read."""
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            return getattr(file, name, None)
    except OSError:
        return None


def _check(tree, path, kinds):
    kind, version = tree.attrs.get("crstream_file"), tree.attrs.get("crstream_file_version")
    if kind is None or version is None:
        raise ResultError(f"{path}: was not written by crstream (no attribute crstream_file)")
    if str(version) != str(FORMAT_VERSION):
        writer = tree.attrs.get("crstream_version", "(unknown)")
        raise ResultError(f"{path}: has file layout {version} (crstream {writer}), this one reads {FORMAT_VERSION}; "
                          "run the deck again")
    if not isinstance(kind, str) or kind not in kinds:
        raise ResultError(f"{path}: is a crstream {kind} file, expected {' or '.join(kinds)}")
    missing = [name for name in str(tree.attrs.get("crstream_variables", "")).split() if name not in tree.variables]
    missing += ["the list of its variables"] * ("crstream_variables" not in tree.attrs)
    missing += [f"the text {name}" for name in TEXTS if kind != "sweep member" and not isinstance(tree.attrs.get(name), str)]
    if missing:
        raise ResultError(f"{path}: lacks {', '.join(missing)}; it is not complete")
    # what a damaged index no longer finds HDF5 gives back as its fill value, and no checksum tells
    lost = [name for node in tree.subtree for name, x in node.variables.items() if _lost(x)]
    if lost:
        raise ResultError(f"{path}: is damaged: parts of {', '.join(lost)} are not found")


def _lost(variable):
    import netCDF4

    kind = variable.dtype.str[1:]
    return kind in ("f8", "f4", "i8", "i4") and bool(np.any(variable.values == netCDF4.default_fillvals[kind]))


def _encoding(tree):
    """No fill value (every bit of a float comes back) and a checksum per array."""
    return {node.path: {name: _variable_encoding(variable) for name, variable in node.variables.items()
                        if name in node.data_vars or (name in node.coords and node.path == "/")}
            for node in tree.subtree}


def _variable_encoding(variable):
    encoding: dict[str, Any] = {}
    if np.issubdtype(variable.dtype, np.number):
        encoding["_FillValue"] = None
        if variable.ndim and variable.size:
            encoding["fletcher32"] = True
    return encoding


def _sync(path):
    """Flush a file or a folder to the disc."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
