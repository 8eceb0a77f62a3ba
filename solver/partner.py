"""The numerical error of a result, from partner runs of its deck: on half the cells, and beyond the ends of the rigidities."""

import sys
from contextlib import suppress

import numpy as np

from .errors import DeckError, Fault, SolverError
from .richardson import coarser, richardson_error, wider
from .session import Session


def refuse_coarse(session):
    """DeckError where no partner run of a session on a coarser grid is possible."""
    grid, processes = session.deck.grid, session.layout.ranks.size
    try:
        halved = coarser(session.deck, processes).grid != grid
    except DeckError:                                                      # fewer cells than its layers need
        halved = False
    if not halved:
        needed = f"needs at least {4 * len(session.deck.layer)} × 2"
        raise DeckError([Fault("--estimate-error", "", f"found {grid.z_cells} × {grid.rigidity_cells} cells",
                               f"{needed}: the partner run has half as many, and a rigidity for each process")])


def complete(session, result, wanted):
    """A session's result with the error bars that are wanted and not there, stored with them.

    wanted: yes or no, or a function that says so of the deck; where the partner then fails, which nobody has asked for, that
    is only said.
    """
    if result.error is not None or not (wanted(session.deck) if callable(wanted) else wanted):
        return result
    try:
        out = result.with_error(numerical_error(session, result))
    except SolverError as error:
        if not callable(wanted) or error.message.startswith("stopped"):
            raise
        if session.first:
            sys.stderr.write(f"warning: no numerical error is known: {error.message}\n")
        return result
    session.save(out)
    return session.counted(out)


def numerical_error(session, result):
    """The error of the spectra of a session's result (`richardson_error`).

    SolverError where the coarse run fails or is stopped; the wider one may fail, and then says nothing.
    """
    deck = coarser(session.deck, session.layout.ranks.size)
    if deck.time.end == "steady":
        deck = deck.replace({"time.method": "direct"})                     # the same state as by steps, for less
    found, failure = _partner(session, deck, result)
    if failure is not None:
        raise SolverError(f"{result.status}, but the coarse partner run for it failed: {failure}", result.path)
    wide = None
    if reaches_beyond(session.problem):
        with suppress(DeckError):  # the deck may say nothing of such rigidities
            further = wider(deck)
            if deck.time.end == "steady":  # what does not come directly is not worth the wait
                further = further.replace({"time.max_steps": 1})
            wide, _ = _partner(session, further, result)
    return richardson_error(result, found, wide=wide)


def _partner(session, deck, result):
    """(Result, None) of a partner run, or (None, why it failed)."""
    with Session(deck, session.options, None) as partner:
        run = partner.march((), None)
        found = partner.result(run, run.status)
    if session.layout.ranks.any(run.stop_requested):
        message = f"stopped on request before the numerical error was known; {result.status} and complete"
        raise SolverError(message, result.path)
    return (None, run.failure.message) if run.status.startswith("failed") else (found, None)


def reaches_beyond(problem):
    """Does f depend on what is assumed beyond the ends of the rigidity grid?"""
    moved = problem.open_end and bool(problem.momentum_rate().any())
    return moved or any(bool(np.not_equal(*link.weights.nonzero()).any()) for link in problem.secondaries)
