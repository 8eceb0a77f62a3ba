"""`crstream sweep`, and what resume and plot do with the folder of a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault
from solver.launcher import first_rank

from .common import Name, Set, deck_of, label, petsc_words, place, vary_options

FAILURES_SHOWN = 10  # with their reasons

Workers = Annotated[int | None, typer.Option(help="processes of a sweep; default one per core, 0: none but this one")]
Address = Annotated[str | None, typer.Option(help="of a dask scheduler for a sweep, e.g. tcp://host:8786")]


def sweep(context: typer.Context, name: Name,
          vary: Annotated[list[str], typer.Option(metavar="KEY=VALUES", help="a,b,c or linspace(low, high, n) or logspace("
                                                  "low, high, n); with --latin low..high or loguniform(low, high). Repeated: "
                                                  "every combination")],
          overrides: Set = None,
          latin: Annotated[int | None, typer.Option(metavar="N", help="draw N members from ranges, a Latin hypercube")] = None,
          seed: Annotated[int, typer.Option(help="of the Latin hypercube")] = 0,
          out: Annotated[Path | None, typer.Option(metavar="DIR", parser=place, help="output folder; default out/sweep-NAME. "
                                                   "What is there stays")] = None,
          workers: Workers = None, address: Address = None,
          keep: Annotated[bool, typer.Option("--keep", help="keep all of every member's result")] = False,
          warm: Annotated[bool, typer.Option(help="steady members may begin from the state of another one")] = True,
          force: Annotated[bool, typer.Option(help="start a sweep again that is already there")] = False,
          figures: Annotated[bool, typer.Option(help="draw spectra over the first key")] = True):
    """Solve a deck for many values of some keys: one dataset, with the keys as coordinates.  Exit code 3 if a member failed."""
    from solver.ensemble import sweep as solve
    from solver.ensemble.progress import progress

    deck = deck_of(name, overrides)
    petsc_words(context.args)
    folder = out or Path("out") / f"sweep-{label(deck, name)}"
    done = solve(deck, vary_options(vary), latin=latin, seed=seed, out=folder, force=force, keep=keep, warm=warm,
                 workers=workers, address=address, petsc=context.args, progress=progress())
    _report(done, folder, figures)


def is_sweep(path):
    """Is this the folder of a sweep?"""
    from solver.storage import SWEEP

    return any((path / name).is_file() for name in SWEEP)


def resume_sweep(folder, overrides, petsc, workers, address, again, figures):
    from solver.ensemble import resume as go_on
    from solver.ensemble.progress import progress

    if overrides:
        raise DeckError([Fault("--set", overrides[0], "a sweep goes on as it was begun", "leave --set out")])
    _report(go_on(folder, again=again, workers=workers, address=address, petsc=petsc, progress=progress()), folder, figures)


def _report(sweep, folder, figures):
    """What came of a sweep: members, failures with their reasons, files; exit code 3 where a member failed."""
    if sweep is None or not first_rank():
        return
    from solver.ensemble.plots import save_figures
    from solver.ensemble.words import member_text

    failed = sweep.failed
    for key in sweep.idle:
        print(f"warning: {key} changes no spectrum; is what it belongs to in use?")
    print(f"{sweep.status}; {int(sweep.dataset.iterations.sum())} Newton iterations, "
          f"{float(sweep.dataset.seconds.sum()):.1f} s of work")
    for values, reason in failed[:FAILURES_SHOWN]:
        print(f"failed: {member_text(values)}: {reason}")
    if len(failed) > FAILURES_SHOWN:
        print(f"and {len(failed) - FAILURES_SHOWN} more; see the variable reason")
    if failed:
        print(f"to try them again: crstream resume {folder} --again")
    print(f"saved {sweep.path}")
    if figures and sweep.solved:
        print("figures " + ", ".join(path.name for path in save_figures(sweep, folder) if path.suffix == ".png"))
    if failed:
        raise typer.Exit(3)
