"""The exchanges between the processes of a run."""

import numpy as np


class Ranks:
    """The few exchanges between processes; every process owns a block of rigidities, the last one the highest."""

    def __init__(self, comm=None):
        self.comm = comm
        self.size = 1 if comm is None else comm.size
        self.rank = 0 if comm is None else comm.rank

    def gather_rows(self, own):
        """Own rows (first axis) of all processes one after the other."""
        return own if self.size == 1 else np.concatenate(self.comm.allgather(own), 0)

    def gather(self, u):
        """Node values (species, own rows, nodes) -> (species, R, nodes)."""
        return u if self.size == 1 else np.concatenate(self.comm.allgather(u), 1)

    def receive_above(self, n):
        """The two lowest rows of the next process, or zeros at the top."""
        return np.zeros((2, n)) if self.rank == self.size - 1 else self.comm.recv(source=self.rank + 1, tag=1)

    def send_below(self, two):
        if self.rank > 0:
            self.comm.send(two, dest=self.rank - 1, tag=1)

    def receive_below(self, n):
        return np.zeros((2, n)) if self.rank == 0 else self.comm.recv(source=self.rank - 1, tag=2)

    def send_above(self, two):
        if self.rank < self.size - 1:
            self.comm.send(two, dest=self.rank + 1, tag=2)

    def all(self, flag):
        return bool(flag) if self.size == 1 else all(self.comm.allgather(bool(flag)))

    def any(self, flag):
        return bool(flag) if self.size == 1 else any(self.comm.allgather(bool(flag)))

    def total(self, values):
        """Sum of an array over the processes, in rank order, so that every process gets the same bits."""
        return values if self.size == 1 else np.sum(self.comm.allgather(values), axis=0)

    def first(self, value):
        """The first process's value, on all."""
        return value if self.size == 1 else self.comm.bcast(value, root=0)

    def max(self, value):
        return value if self.size == 1 else max(self.comm.allgather(value))
