"""The output folder of a run: refused early, claimed late, locked while the run goes on; the names of its figures.

Nothing is made on disc before everything that can be wrong with a deck has been found; a lock on the folder itself (no
file) keeps a second run out and goes with the process, however it ends.
"""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from .errors import DeckError, Fault, ResultError
from .storage import CHECKPOINT, NOT_UTF8, RESULT_NAME, SWEEP, path_of

ALLOWED = "a folder you may write to"
# the figures of a result (solver.figures.results draws them), those of `crstream compare`, and the formats of each
FIGURES = ("spectrum", "b_to_c", "profiles", "kappa", "limits", "speed", "budget", "history", "coefficients", "transport",
           "escape")
COMPARED = ("compare", "data")
FORMATS = ("png", "pdf")


def refuse(folder, force, where="--out"):
    """DeckError where `folder` holds a sweep, or a run and `force` is not given, or cannot be written to; makes nothing."""
    folder = folder_of(folder, where)
    if any((folder / name).exists() for name in SWEEP):
        raise _fault(where, folder, "holds a sweep", "choose another folder")
    if not force:
        if (folder / RESULT_NAME).exists():
            raise _fault(where, folder, "holds a result", "choose another folder, or --force to replace it")
        if (folder / CHECKPOINT).exists():
            raise _fault(where, folder, "holds the checkpoint of a run that was cut off",
                         f"go on with crstream resume {folder}, choose another folder, or --force to start again")
    refuse_unwritable(folder, where)


def folder_of(given, where="--out"):
    """The Path of a folder to write to; DeckError for what is no path."""
    try:
        return path_of(given)
    except ResultError as error:
        raise DeckError([Fault(where, "", str(error), ALLOWED)]) from None


def refuse_unwritable(folder, where="--out"):
    """DeckError where `folder` is no folder, or neither exists nor could be made; makes nothing."""
    there = Path(folder).absolute()
    try:
        os.fspath(there).encode()
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise _fault(where, folder, f"cannot be written ({there} is not a folder)", ALLOWED)
        if not os.access(there, os.W_OK | os.X_OK):
            raise _fault(where, folder, f"cannot be written (no permission in {there})", ALLOWED)
    except UnicodeEncodeError:
        raise _fault(where, folder, f"cannot be written ({NOT_UTF8})", ALLOWED) from None
    except OSError as error:
        raise _fault(where, folder, f"cannot be written ({error.strerror or error})", ALLOWED) from None


def remove_figures(folder):
    """Remove all figures that bear names of ours: they are of a result that is no longer there."""
    for name in (*FIGURES, *COMPARED):
        for form in FORMATS:
            with suppress(OSError):
                (Path(folder) / f"{name}.{form}").unlink()


class Claim:
    """The folder, made, tried for writing and locked; DeckError where that is not possible.  `release` unlocks it."""

    def __init__(self, folder, where="--out"):
        folder, self.handle = Path(folder), None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            self.handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise _fault(where, folder, f"cannot be written ({error.strerror or error})", ALLOWED) from None
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise _fault(where, folder, "is in use by another run", "wait for it, or choose another folder") from None
        except OSError:                                                    # a file system without locks
            pass

    def release(self):
        with suppress(OSError, TypeError):
            os.close(self.handle)
        self.handle = None


def _fault(where, folder, found, allowed):
    return DeckError([Fault(where, str(folder), found, allowed)])
