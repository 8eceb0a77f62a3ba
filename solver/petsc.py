"""PETSc for a run: started with the words given after --, its refusals as faults, and options it never asked for."""

import ctypes
import sys
from contextlib import contextmanager

from .errors import DeckError, Fault
from .launcher import stand_alone

OUT_OF_MEMORY = 55                   # PETSC_ERR_MEM
REFUSED = {
    "snes_type": "the Newton path is crstream's own; -snes_monitor, -snes_atol, -snes_max_it and -ksp_... are heard",
    "fp_trap": "iterates may overflow on their way, and come back",
}
_given = set()                       # names of the options of the run before, in this process


def words(options):
    """The words of PETSc options as a tuple; DeckError for what is no list of words."""
    if isinstance(options, (list, tuple)) and all(isinstance(word, str) for word in options):
        return tuple(options)
    raise DeckError([Fault("petsc", "", f"found {options!r}", 'needs a list of words, e.g. ["-snes_monitor"]')])


def start_petsc(options=(), comm=None):
    """Import PETSc with `options` in its database, in place of those of an earlier run.  Returns the module.

    comm: what is to be PETSc's world (mpi4py), by default all processes; counts only before PETSc has started.
    """
    wrong = [name for name, value in _pairs(options) if name in REFUSED and value != "python"]
    if wrong:
        raise DeckError([Fault("PETSc", f"-{name}", "cannot be chosen", REFUSED[name]) for name in wrong])
    stand_alone()  # also where PETSc has started: processes that this one starts are told too
    PETSc = sys.modules.get("petsc4py.PETSc")
    if PETSc is None or not PETSc.Sys.isInitialized():
        PETSc = _started(options, comm)
    database = PETSc.Options()
    for name in _given:
        database.delValue(name)
    _given.clear()
    for name, value in _pairs(options):
        database.setValue(name, value)
        _given.add(name)
    return PETSc


def _started(options, comm):
    """The module PETSc, started with options."""
    import petsc4py

    # without PETSc's signal handler: it takes a closed pipe (| head) for a crash
    try:
        petsc4py.init(["crstream", "-no_signal_handler", *options], comm=comm)
        from petsc4py import PETSc
    except RuntimeError as error:  # PETSc.Error, which cannot be imported then
        raise DeckError([Fault("PETSc", " ".join(options), petsc_message(error), "")]) from None
    return PETSc


@contextmanager
def petsc_faults(options):
    """What PETSc refuses while it is set up is a fault of its options: DeckError."""
    from petsc4py import PETSc

    try:
        yield
    except PETSc.Error as error:
        if error.ierr == OUT_OF_MEMORY:
            raise MemoryError from None
        raise DeckError([Fault("PETSc", " ".join(options), petsc_message(error), "")]) from None


def petsc_message(error):
    return str(error).strip().splitlines()[-1].partition("] ")[2] or str(error)


def unused(options):
    """Options PETSc has not asked for, most likely mistyped; none where that cannot be found out."""
    if not options:
        return []
    from petsc4py import PETSc

    flag, names = ctypes.c_int(0), []
    try:
        used = ctypes.CDLL(PETSc.__file__).PetscOptionsUsed
        for name, _ in _pairs(options):
            flag.value = 0
            used(None, name.encode(), ctypes.byref(flag))
            names += [] if flag.value else [f"-{name}"]
    except (OSError, AttributeError):
        return []
    return names


def _pairs(options):
    """(name, value) of PETSc options given as words; value "" for a flag."""
    options = list(options)
    for i, word in enumerate(options):
        if word.startswith("-") and not _number(word):
            following = options[i + 1] if i + 1 < len(options) else "-x"
            yield word.lstrip("-"), ("" if following.startswith("-") and not _number(following) else following)


def _number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True
