"""What the commands share: their options, the deck a command is given, how a table is printed."""

from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, Fault
from solver.launcher import launched

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": False}

Name = Annotated[str, typer.Argument(help="a shipped problem's name, or a deck file", metavar="NAME|DECK.toml")]
Folder = Annotated[Path, typer.Argument(help="folder of a run, or its result file", metavar="DIR")]
EstimateError = Annotated[bool | None, typer.Option(
    help="numerical error bars of the spectra from a coarser partner run (and a wider one); default: for steady states that no "
         "exact solution judges")]
Data = Annotated[Path | None,
                 typer.Option(metavar="DIR", help="folder or file of measurements; else CRSTREAM_DATA, or data.folder in "
                              "~/.config/crstream.toml")]
Set = Annotated[list[str] | None,
                typer.Option("--set", metavar="KEY=VALUE", help="override a deck key; may be repeated")]


def changes_of(overrides):
    """Deck key → value from the options --set; DeckError with all of them that say neither."""
    changes, faults = _read(overrides)
    if faults:
        raise DeckError(faults)
    return changes


def deck_of(name, overrides):
    """The deck NAME with the changes of --set; DeckError with all that is wrong with either."""
    from solver.deck import load

    changes, faults = _read(overrides)
    try:
        deck = load(name, changes)
    except DeckError as error:
        raise DeckError([*faults, *error.faults]) from None
    if faults:
        raise DeckError(faults)
    return deck


def _read(overrides):
    """Changes by key, and the faults of the options that say none."""
    from solver.deck import parse_override

    changes, faults = {}, []
    for text in overrides or []:
        try:
            key, value = parse_override(text)
            changes[key] = value
        except DeckError as error:
            faults += error.faults
    return changes, faults


def vary_options(texts):
    """key -> values or Range from the options `--vary KEY=…`; DeckError with all that is wrong with them."""
    from solver.deck.series import parse_vary

    out, faults = {}, []
    for text in texts:
        try:
            key, series = parse_vary(text)
        except DeckError as error:
            faults += error.faults
            continue
        if key in out:
            faults.append(Fault("--vary", key, "is given twice", "write all its values in one option"))
        out[key] = series
    if faults:
        raise DeckError(faults)
    return out


def petsc_words(words):
    """Refuse leftovers that are not PETSc options: a mistyped argument before --, most likely."""
    if words and not words[0].startswith("-"):
        raise typer.BadParameter(f"unexpected argument {words[0]!r}; options for PETSc come after -- and begin with -")


def label(deck, name):
    """What the output of a deck is called: the problem's name, the stem of its file or the name of its folder."""
    path = Path(name)
    if deck.problem and (not path.exists() or path.stem == "deck" or path.name == deck.problem):
        return deck.problem
    path = path.resolve()
    return path.name if path.is_dir() else path.stem


def place(text):
    """The path that --out names; refuses none at all (an unset shell variable), which would be the present folder."""
    if not str(text).strip():
        raise typer.BadParameter(f'found "{text}", which names nothing; "." is the present folder')
    return Path(text)


def wants_error(deck):
    """Are error bars from a coarser partner run in order, unless told otherwise?  For steady states that nothing exact judges."""
    from solver.exact import judged

    halves = deck.grid.z_cells >= 8 * len(deck.layer) and deck.grid.rigidity_cells >= 8
    return halves and deck.time.end == "steady" and not judged(deck.problem)


def folder_of(path):
    """The folder of a run or a sweep, given itself or by the file in it."""
    path = Path(path)
    return path if path.is_dir() else path.parent


def show_table(thing):
    """Print a table, or its plain text where the table's columns would be cut."""
    from rich.console import Console
    from rich.measure import Measurement

    console, bare = Console(highlight=False), thing.table
    bare.title = bare.caption = None
    needed = Measurement.get(console, console.options.update(max_width=1000), bare).maximum
    if console.is_terminal and not launched() and console.width >= needed:
        console.print(thing)
    else:
        print(thing)
