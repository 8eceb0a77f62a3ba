"""`crstream run` and `crstream resume`: solve a problem, or go on with one, and say what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault, ResultError
from solver.launcher import first_rank

from .common import (
    EstimateError,
    Folder,
    Name,
    Set,
    changes_of,
    deck_of,
    folder_of,
    label,
    petsc_words,
    place,
    show_table,
    wants_error,
)
from .sweep import Address, Workers, is_sweep, resume_sweep


def run(context: typer.Context, name: Name, overrides: Set = None,
        out: Annotated[Path | None, typer.Option(metavar="DIR", parser=place, help="output folder; default out/NAME")] = None,
        force: Annotated[bool, typer.Option(help="replace a result that is already there, and its figures")] = False,
        estimate_error: EstimateError = None,
        figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Solve a problem: live line, result.nc, figures, comparison.  What follows -- goes to PETSc."""
    from solver.session import run as solve

    deck = deck_of(name, overrides)
    folder = out or Path("out") / label(deck, name)
    petsc_words(context.args)
    _announce(deck, name)
    result = solve(deck, folder, force=force, petsc=context.args, estimate_error=_wanted(estimate_error), live=_live())
    _report(result, folder, figures and deck.output.figures)


def resume(context: typer.Context, folder: Folder, overrides: Set = None,
           again: Annotated[bool, typer.Option("--again", help="solve members of a sweep that failed once more")] = False,
           workers: Workers = None, address: Address = None,
           estimate_error: EstimateError = None,
           figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Go on with a run that was stopped, cut off or asked to end earlier (--set time.end=…), or with a sweep.

    Figures of the state before are removed.

    What follows -- goes to PETSc; a run forgets what it was given before, a sweep goes on as it was begun.
    """
    from solver.session import resume as go_on

    petsc_words(context.args)
    if is_sweep(folder):
        if estimate_error is not None:
            raise DeckError([Fault("--estimate-error", "", f"{folder} holds a sweep, whose members have none", "leave it out")])
        resume_sweep(folder, overrides, context.args, workers, address, again, figures)
        return
    if wrong := [name for name, given in (("--workers", workers), ("--address", address), ("--again", again or None))
                 if given is not None]:
        raise DeckError([Fault(name, "", f"{folder} holds a run, no sweep", "leave it out") for name in wrong])
    result = go_on(folder, changes=changes_of(overrides), petsc=context.args, estimate_error=_wanted(estimate_error),
                   live=_live())
    _report(result, folder_of(folder), figures and result.deck.output.figures)


def _wanted(estimate_error):
    """What an option left out stands for."""
    return wants_error if estimate_error is None else estimate_error


def _live():
    from solver.watch import LiveLine

    return LiveLine()


def _announce(deck, name):
    grid = deck.grid
    species = ", ".join(deck.species)
    print(f"{deck.title or name}: {species}; {grid.z_cells} × {grid.rigidity_cells} cells")


def _report(result, folder, figures):
    """What came of a run: status, counts, quality, files."""
    if not first_rank():
        return
    for text in filter(None, result.attrs.get("warnings", "").split("\n")):
        print(f"warning: {text}")
    for name in result.unused:
        print(f"warning: PETSc made no use of the option {name}")
    from solver.watch import describe_time

    counts, history = result.counts, result.history
    leapt = result.status == "steady" and history is not None and history.dt.size and history.dt.values[-1] == float("inf")
    way = ", by a direct solve from" if leapt else " at"
    when = "" if result.time in (None, 0.0) else f"{way} t = {describe_time(result.time)}"
    print(f"{result.status}{when}: {counts['steps']} steps ({counts['rejected']} rejected), "
          f"{counts['newton']} Newton iterations, {counts['krylov']} Krylov, {result.seconds:.1f} s")
    if history is not None and "budget" in history:
        print(f"quality: mismatch {float(history.residual[-1]):.1e}, particle budget closed to "
              f"{float(history.budget.max()):.1e} of the source at every step")
    if result.error is not None:
        error = result.error.spectrum
        print(f"numerical error of the spectra (two grids): median {float(error.median()):.1e}, "
              f"largest {float(error.max()):.1e}")
    try:
        if result.exact is not None:
            show_table(result.compare())
    except ResultError as error:                         # of a deck that its problem's solution is none of
        print(f"not compared: {error}")
    print(f"saved {result.path}")
    if figures:
        from solver.figures.results import save_figures

        paths = save_figures(result, folder)
        print("figures " + ", ".join(Path(p).name for p in paths if str(p).endswith(".png")))
