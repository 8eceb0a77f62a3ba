"""`crstream converge`: errors and observed orders on a series of grids or tolerances."""

from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault
from solver.launcher import first_rank

from .common import Name, Set, deck_of, label, petsc_words, place, show_table, vary_options


def converge(context: typer.Context, name: Name,
             vary: Annotated[list[str], typer.Option(help="KEY=VALUE,VALUE,…; repeated keys vary together")],
             overrides: Set = None,
             out: Annotated[Path | None, typer.Option(metavar="DIR", parser=place,
                                                      help="output folder; default out/converge-NAME")] = None):
    """Errors and observed orders on a series of grids or tolerances: table, figure, files."""
    from solver.folder import refuse_unwritable
    from solver.session import run as solve
    from solver.study import converge as study_of

    deck = deck_of(name, overrides)
    keys, series = _varied(vary)
    petsc_words(context.args)
    folder = out or Path("out") / f"converge-{label(deck, name)}"
    refuse_unwritable(folder)

    def done(value, result):
        print(f"{', '.join(keys)} = {value}: {result.status}, {result.seconds:.1f} s")

    study = study_of(deck, keys if len(keys) > 1 else keys[0], series,
                     run=lambda each: solve(each, petsc=context.args), done=done)
    if first_rank():
        show_table(study)
        for path in study.save(folder):
            print(f"saved {path}")


def _varied(texts):
    """Keys and the series of values from KEY=V1,V2,… options, which must all be of one length."""
    columns = vary_options(texts)
    wrong = [key for key, values in columns.items() if not isinstance(values, list) or len(values) < 2]
    if wrong:
        raise DeckError([Fault("--vary", key, "no series of values", "needs at least two values") for key in wrong])
    if len({len(v) for v in columns.values()}) > 1:
        allowed = "the same number of values for each key"
        raise DeckError([Fault("--vary", " ".join(texts), "series of different lengths", allowed)])
    rows = list(zip(*columns.values(), strict=True))
    return list(columns), rows if len(columns) > 1 else [row[0] for row in rows]
