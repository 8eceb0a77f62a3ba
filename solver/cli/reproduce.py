"""`crstream reproduce`: the paper's figures and claims, as files, as a page, as tables on the terminal."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault
from solver.launcher import company

from .common import Data, place


def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(help="fig1, fig2, … and claims; default: everything", metavar="[FIGURE]…")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", parser=place, help="output folder")] = Path("out/paper"),
    data: Data = None,
    quick: Annotated[bool, typer.Option("--quick", help="grids half as fine: a look, no result to quote")] = False,
):
    """The paper's figures and claims: PNG and PDF, curves, numbers, and a page, index.html.

    Each figure shows the paper's formula, this solver with eq. 2's approximation and the full equation.  Solved decks are
    kept in OUT/runs and figures stay as they are until code, decks or data change.  Exit code 1 where the solver and a formula
    it must agree with do not.
    """
    from solver import measurements
    from solver.reproduction import progress
    from solver.reproduction.claim_table import summary
    from solver.reproduction.make import reproduce as make
    from solver.reproduction.make import select

    if company() > 1:
        raise DeckError([Fault("reproduce", "", f"started {company()} times by mpiexec", "runs alone: its decks are small")])
    select(names or ())
    catalogue = measurements.find(data)
    if catalogue is None:
        print(measurements.HOW_TO_GET, file=sys.stderr)
    elif not measurements.paper_sets(catalogue):                           # reads every file: faults are found before the work
        print(f"{catalogue.folder} holds none of the paper's sets; {measurements.HOW_TO_GET}", file=sys.stderr)
    with progress.Progress() as watch:
        done = make(names or (), out, data=catalogue, halvings=int(quick), watch=watch)
    if done.figures:
        progress.show(progress.table(done))
    if done.claims is not None:
        if names:
            progress.show_claims(done.claims)
        else:
            print(summary(done.claims))
    counts = done.counts
    print(f"{counts['solved']} decks solved, {counts['read']} read, {done.seconds:.1f} s; page {done.page}")
    raise typer.Exit(done.exit_code)
