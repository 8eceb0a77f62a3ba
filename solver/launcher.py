"""What mpiexec and its like tell the processes they start; known without starting MPI."""

import os

RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


def launched():
    """Was this process started by a launcher, perhaps with others?"""
    return any(key in os.environ for key in RANKS)


def company():
    """How many processes the launcher started, 1 where it does not say."""
    sizes = (os.environ.get(key, "") for key in SIZES)
    return next((int(size) for size in sizes if size.isdigit()), 1)


def first_rank():
    """Is this the process that prints and writes?"""
    ranks = (os.environ.get(key) for key in RANKS)
    return next((rank == "0" for rank in ranks if rank is not None), True)
