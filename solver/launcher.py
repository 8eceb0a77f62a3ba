"""What mpiexec and its like tell the processes they start; known without starting MPI."""

import os
import sys
import time
from array import array

RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
_asked: list[bool] = []  # once per process
SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


def launched():
    """Was this process started by a launcher, perhaps with others?"""
    return any(key in os.environ for key in RANKS)


def stand_alone():
    """Before MPI starts: unless a launcher started this process, keep Open MPI from starting a daemon beside it.

    The daemon would outlive a process that is killed, and has been seen to take all memory then.
    """
    if not launched():
        os.environ.setdefault("OMPI_MCA_ess_singleton_isolated", "1")


def company():
    """How many processes the launcher started, 1 where it does not say."""
    sizes = (os.environ.get(key, "") for key in SIZES)
    return next((int(size) for size in sizes if size.isdigit()), 1)


def first_rank():
    """Is this the process that prints and writes?"""
    ranks = (os.environ.get(key) for key in RANKS)
    return next((rank == "0" for rank in ranks if rank is not None), True)


def all_end(code=0, patience=None):
    """Wait until all processes of an mpiexec have come to their end; the exit code of the first, None where after `patience`
    (s) some have not come.

    A process that fails while the others wait for it in an exchange must not wait for them in turn.  The own `code` without
    MPI, and where it has been asked before.
    """
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or mpi.Is_finalized() or mpi.COMM_WORLD.size == 1 or _asked:
        return code
    _asked.append(True)
    own, all_of_them = array("i", [code]), array("i", [0] * mpi.COMM_WORLD.size)
    begun, request = time.monotonic(), mpi.COMM_WORLD.Iallgather(own, all_of_them)
    while not request.Test():
        if patience is not None and time.monotonic() - begun > patience:
            return None
        time.sleep(0.01)
    return all_of_them[0]


def abort(code):
    """End all processes of the mpiexec at once."""
    sys.modules["mpi4py.MPI"].COMM_WORLD.Abort(code)
