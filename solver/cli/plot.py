"""`crstream plot`: figures of a result, of a sweep, of a file of coefficients."""

from typing import Annotated

import typer

from solver.errors import DeckError, Fault

from .common import Data, Folder, folder_of
from .sweep import is_sweep


def plot(folder: Folder,
         what: Annotated[str | None,
                         typer.Option(help="spectrum,b_to_c,profiles,kappa,coefficients,…; default: all that apply")] = None,
         data: Data = None):
    """Draw figures of a result, of a sweep or of a file of coefficients, as PNG and PDF.

    Spectra and B/C of a result get the points the paper compares with where a folder of measurements is known, see compare.
    """
    from solver.result import open_coefficients

    if is_sweep(folder) or folder.name == "sweep.nc":
        from solver.ensemble import open_sweep
        from solver.ensemble.plots import save_figures

        result, points = open_sweep(folder), {}
    else:
        from solver import measurements
        from solver.exact import judged
        from solver.figures.results import save_figures

        result = open_coefficients(folder)
        catalogue = measurements.find(data) if data is not None or not judged(result.deck.problem) else None
        points = {"data": [s.whole for s in measurements.paper_sets(catalogue).values()]}
    if what is not None and not what.strip(" ,"):
        raise DeckError([Fault("--what", what, "names no figure", "e.g. --what spectrum,profiles")])
    names = ["all"] if what is None else [w.strip() for w in what.split(",") if w.strip()]
    try:
        for path in save_figures(result, folder_of(result.path), names, **points):
            print(f"saved {path}")
    except ValueError as error:
        raise DeckError([Fault("--what", what or "", str(error), "")]) from None
