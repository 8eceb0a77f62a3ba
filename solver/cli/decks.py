"""`crstream list`, `show`, `explain`, `check`, `coefficients`: what problems and decks are; nothing is solved."""

from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault

from .common import Name, Set, deck_of, place


def list_():
    """The shipped problems, a line each."""
    import tomllib

    import problems

    rows = []
    for name in problems.list_problems():
        path = problems.deck_path(name)
        try:
            deck = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:                      # one that is being written must not hide the others
            deck = {"title": f"{path}: {error}"}
        rows.append((name, deck.get("title", ""), deck.get("reference", "")))
    width = max(len(row[0]) for row in rows)
    for name, title, reference in rows:
        print(f"{name:{width}}  {title}{'  [' + reference + ']' if reference else ''}")


def show(name: Name, overrides: Set = None,
         picture: Annotated[Path | None, typer.Option("--draw", metavar="FILE", help="also draw the layers: FILE.png and "
                                                      "FILE.pdf, or one of them if FILE ends so")] = None):
    """The equation in force, the layers, sources, scales and grid of a problem."""
    from solver.describe import describe

    deck = deck_of(name, overrides)
    if picture is not None:
        if picture.name in ("", ".."):
            raise DeckError([Fault("--draw", str(picture), "names no file", "e.g. --draw layers.png")])
        if picture.suffix and picture.suffix not in (".png", ".pdf"):
            raise DeckError([Fault("--draw", str(picture), f"found {picture.suffix}", "ends with .png, .pdf or neither")])
        from solver.folder import refuse_unwritable

        refuse_unwritable(picture.parent, "--draw")
    print(describe(deck))
    if picture is not None:
        from solver.figures.draw import save
        from solver.figures.layers import layers
        from solver.folder import FORMATS

        formats = (picture.suffix[1:],) if picture.suffix else FORMATS
        print()
        for path in save(layers(deck), picture.with_suffix(""), formats):
            print(f"saved {path}")


def explain(key: Annotated[str | None,
                           typer.Argument(help="a deck key, e.g. grid.z_cells or layer.damping.landau")] = None):
    """What a deck key means: unit, default, range."""
    from solver.deck import explain as rows_of

    for row in rows_of(key):
        print(row)


def check(name: Name, overrides: Set = None):
    """Read a deck and report all that is wrong with it; nothing is solved."""
    from solver.exact import module_of
    from solver.initial import initial_state
    from solver.model import Model
    from solver.transport.existence import no_steady_state

    model = Model(deck_of(name, overrides))
    problem = model.transport_problem()
    initial_state(model)
    module_of(model.deck.problem)
    reason = no_steady_state(problem) if model.deck.time.end == "steady" else None
    for text in filter(None, (*model.warnings, reason)):
        print(f"warning: {text}")
    unknowns = len(model.names) * len(model.grid.R) * (len(model.grid.z) - (model.top is not None))
    print(f"{name}: in order; {len(model.names)} species × {len(model.grid.R)} rigidities × {len(model.grid.z)} "
          f"heights, {unknowns} unknowns")


def coefficients(name: Name, out: Annotated[Path, typer.Option(metavar="FILE", parser=place, help="netCDF file to write")],
                 overrides: Set = None,
                 force: Annotated[bool, typer.Option(help="replace a file that is already there")] = False):
    """The coefficients of a deck only: S, X, v, κ, loss times, sources, plasma, damping by process; nothing is solved."""
    from solver.model import Model
    from solver.result import build_coefficients

    deck = deck_of(name, overrides)
    if out.exists() and not force:
        raise DeckError([Fault("--out", str(out), "exists", "choose another file, or --force to replace it")])
    model = Model(deck)
    build_coefficients(model).write(out)
    for text in model.warnings:
        print(f"warning: {text}")
    print(f"saved {out}")
