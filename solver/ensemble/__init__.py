"""Sweeps: one deck with some keys varied, every combination solved by itself, all of it in one dataset.

plan      keys and values -> members, all their decks checked before anything starts;   order   which member follows which
words     members and what differs between plans, as they are told
engines   where members are solved: processes, ranks of mpiexec, a dask cluster
members   one member, solved and reduced to what is kept
store     the folder: plan, members one by one, the dataset at the end;   dataset   how that comes from members
loop      the loop, and the Sweep that comes out of it
progress  what is seen of it on a terminal or in a log;   plots   its figures
"""

from .loop import Sweep, open_sweep, resume, sweep

__all__ = ["Sweep", "open_sweep", "resume", "sweep"]
