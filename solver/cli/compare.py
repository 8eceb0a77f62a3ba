"""`crstream compare`: a result beside its problem's exact solution, and beside measurements."""

import sys
from typing import Annotated

import typer

from solver.errors import DeckError, Fault, ResultError

from .common import Data, Folder, folder_of, show_table


def compare(folder: Folder,
            figure: Annotated[bool, typer.Option(help="draw compare.png and data.png beside the result")] = True,
            data: Data = None,
            sets: Annotated[str, typer.Option(help="paper: the sets the paper compares with; all: whatever fits")] = "paper",
            cuts: Annotated[bool, typer.Option(help="leave out what the paper leaves out")] = True,
            phi: Annotated[list[str] | None,
                           typer.Option(metavar="EXPERIMENT=VALUE", help="modulate the model for the sets of an experiment, "
                                        'e.g. "AMS-02=560 MV"; may be repeated')] = None,
            modulate: Annotated[bool,
                                typer.Option(help="modulate the model for every set by the potential in its file")] = False):
    """Errors of a result against its problem's exact solution, exit code 1 outside the tolerance; and against measurements.

    Measurements are reported, not judged.  They are taken from --data, or for problems that no exact solution judges from
    the folder that CRSTREAM_DATA or the user's configuration names.
    """
    from solver import measurements
    from solver.exact import judged
    from solver.folder import COMPARED
    from solver.result import open_result

    if sets not in ("paper", "all"):
        raise DeckError([Fault("--sets", sets, "unknown", "paper or all")])
    potentials, result = _potentials(phi), open_result(folder)
    wanted = data is not None or potentials or modulate or not judged(result.deck.problem)
    catalogue = measurements.find(data) if wanted else None
    if catalogue is None and (potentials or modulate):
        raise DeckError([Fault("--phi" if potentials else "--modulate", "", measurements.HOW_TO_GET, "")])
    confronted = comparison = None
    if catalogue is not None:
        from solver.confront import confront, fits

        if data is not None or fits(result, catalogue):
            confronted = confront(result, catalogue, sets, cuts, potentials, modulate)
    if confronted is None or result.exact is not None:
        comparison = _against_exact(result)
    for name, shown in zip(COMPARED, (comparison, confronted), strict=True):
        if shown is not None:
            show_table(shown)
            if figure:
                from solver.figures.draw import save

                try:
                    save(shown.figure(), folder_of(result.path) / name)
                except ResultError as error:                               # the verdict stands without it
                    print(f"warning: {error}", file=sys.stderr)
    if wanted and catalogue is None:
        print(measurements.HOW_TO_GET)
    raise typer.Exit(0 if comparison is None else comparison.exit_code)


def _against_exact(result):
    """The comparison with the exact solution; its refusal says how else a result can be compared."""
    from solver.measurements import HOW_TO_GET

    try:
        return result.compare()
    except ResultError as error:
        raise ResultError(f"{error}\n{HOW_TO_GET}" if result.exact is None else str(error)) from None


def _potentials(texts):
    """Experiment → potential in GV from EXPERIMENT=VALUE options."""
    from solver.units import DIMENSIONS, UnitError, parse

    found: dict[str, float] = {}
    faults = []
    for text in texts or ():
        experiment, equals, value = (part.strip() for part in text.partition("="))
        wrong = "" if experiment and equals else "no experiment or no value"
        try:
            found[experiment] = 0.0 if wrong else parse(value, DIMENSIONS["rigidity"])
        except UnitError as error:
            wrong = error.found
        if not wrong and found[experiment] < 0:
            wrong = "a negative potential"
        if wrong:
            faults.append(Fault("--phi", text, wrong, 'EXPERIMENT=VALUE, e.g. "AMS-02=560 MV"'))
    if faults:
        raise DeckError(faults)
    return found
