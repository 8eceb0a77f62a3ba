"""The command line: parse, call, print.  Heavy imports happen inside the commands, so help and lists come at once.

entry    which commands there are; every expected error becomes one message and an exit code
common   the options and words that commands share
decks    list, show, explain, check, coefficients: nothing is solved
runs     run, resume;   converge, sweep: many runs
plot     figures of what is there;   compare: beside an exact solution and measurements;   reproduce: the paper

Exit codes: 0 done · 1 comparison outside its tolerance · 2 bad input, nothing written, or a file that cannot be
written · 3 the solver could not go on.
"""

from .entry import app, main

__all__ = ["app", "main"]
