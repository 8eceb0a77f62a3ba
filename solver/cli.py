"""The command line: parse, call, print.  Heavy imports happen inside the commands, so help and lists come at once.

Exit codes: 0 done · 1 a comparison is outside its tolerance · 2 bad input, nothing written · 3 the solver could not go on.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import DeckError, ResultError, SolverError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Cosmic-ray transport in which diffusion is made by the cosmic rays themselves.")
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": False}

Name = Annotated[str, typer.Argument(help="a shipped problem's name, or a deck file", metavar="NAME|DECK.toml")]
Folder = Annotated[Path, typer.Argument(help="folder of a run, or its result file", metavar="DIR")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override a deck key; may be repeated")]


def _deck(name, overrides):
    from .deck import load, parse_override

    changes, faults = {}, []
    for text in overrides or []:
        try:
            key, value = parse_override(text)
            changes[key] = value
        except DeckError as error:
            faults.extend(error.faults)
    if faults:
        raise DeckError(faults)
    return load(name, changes)


def _first_rank():
    """Is this the process that prints?  Known from the launcher's environment, without starting MPI."""
    for key in ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"):
        if key in os.environ and key != "SLURM_PROCID":
            return os.environ[key] == "0"
    return True


def _console():
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def _say(text=""):
    if _first_rank():
        print(text)


@app.command("list")
def list_():
    """The shipped problems, a line each."""
    import tomllib

    import problems

    rows = []
    for name in problems.list_problems():
        deck = tomllib.loads(problems.deck_path(name).read_text(encoding="utf-8"))
        rows.append((name, deck.get("title", ""), deck.get("reference", "")))
    width = max(len(row[0]) for row in rows)
    for name, title, reference in rows:
        print(f"{name:{width}}  {title}{'  [' + reference + ']' if reference else ''}")


@app.command()
def show(name: Name, overrides: Set = None):
    """The equation in force, the layers, sources, scales and grid of a problem."""
    from .describe import describe

    print(describe(_deck(name, overrides)))


@app.command()
def explain(key: Annotated[str | None, typer.Argument(help="a deck key, e.g. grid.z_cells or layer.damping.landau")] = None):
    """What a deck key means: unit, default, range."""
    from .deck import explain as rows_of

    for row in rows_of(key):
        print(row)


@app.command()
def check(name: Name, overrides: Set = None):
    """Read a deck and report all that is wrong with it; nothing is solved."""
    from .model import Model

    model = Model(_deck(name, overrides))
    for text in model.warnings:
        print(f"warning: {text}")
    unknowns = len(model.names) * len(model.grid.R) * (len(model.grid.z) - (model.top is not None))
    print(f"{name}: in order; {len(model.names)} species × {len(model.grid.R)} rigidities × {len(model.grid.z)} heights, "
          f"{unknowns} unknowns")


@app.command(context_settings=PASS_ON)
def run(context: typer.Context, name: Name, overrides: Set = None,
        out: Annotated[Path | None, typer.Option(help="output folder; default out/NAME")] = None,
        force: Annotated[bool, typer.Option(help="replace a result that is already there")] = False,
        estimate_error: Annotated[bool, typer.Option(help="give the spectra numerical error bars from a coarser partner run")] = False,
        figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Solve a problem: live line, result.nc, figures, comparison.  What follows -- goes to PETSc."""
    from .run import run as solve

    deck = _deck(name, overrides)
    folder = out or Path("out") / (deck.problem or Path(name).stem)
    _petsc_words(context.args)
    _announce(deck, name)
    result = solve(deck, folder, force=force, petsc=context.args, estimate_error=estimate_error, live=_live())
    _report(result, folder, figures and deck.output.figures)


@app.command(context_settings=PASS_ON)
def resume(context: typer.Context, folder: Folder, overrides: Set = None,
           figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Go on with a run that was stopped, cut off or asked to end earlier (--set time.end=…)."""
    from .deck import parse_override
    from .run import resume as go_on

    folder = folder.parent if folder.is_file() else folder
    _petsc_words(context.args)
    result = go_on(folder, changes=dict(map(parse_override, overrides or [])), petsc=context.args, live=_live())
    _report(result, folder, figures and result.deck.output.figures)


@app.command()
def coefficients(name: Name, out: Annotated[Path, typer.Option(help="netCDF file to write")], overrides: Set = None,
                 force: Annotated[bool, typer.Option(help="replace a file that is already there")] = False):
    """The coefficients of a deck only: S, X, v, κ, loss times, sources; nothing is solved."""
    from .errors import Fault
    from .model import Model
    from .result import build_coefficients

    deck = _deck(name, overrides)
    if out.exists() and not force:
        raise DeckError([Fault("--out", str(out), "exists", "choose another file, or --force to replace it")])
    model = Model(deck)
    build_coefficients(model).write(out)
    for text in model.warnings:
        print(f"warning: {text}")
    print(f"saved {out}")


@app.command()
def compare(folder: Folder, figure: Annotated[bool, typer.Option(help="draw compare.png beside the result")] = True):
    """Errors of a result against its problem's exact solution; exit code 1 outside the tolerance."""
    from .result import open_result

    result = open_result(folder)
    comparison = result.compare()
    _console().print(comparison)
    if figure:
        from .draw import save

        save(comparison.figure(), _folder(result) / "compare")
    raise typer.Exit(comparison.exit_code)


@app.command(context_settings=PASS_ON)
def converge(context: typer.Context, name: Name,
             vary: Annotated[list[str], typer.Option(help="KEY=VALUE,VALUE,…; repeated keys vary together")],
             overrides: Set = None,
             out: Annotated[Path | None, typer.Option(help="output folder; default out/converge-NAME")] = None):
    """Errors and observed orders on a series of grids or tolerances: table, figure, files."""
    from .run import run as solve
    from .study import converge as study_of

    deck = _deck(name, overrides)
    keys, series = _varied(vary)
    _petsc_words(context.args)
    done = lambda value, result: _say(f"{', '.join(keys)} = {value}: {result.status}, {result.seconds:.1f} s")  # noqa: E731
    study = study_of(deck, keys if len(keys) > 1 else keys[0], series, run=lambda d: solve(d, petsc=context.args), done=done)
    if _first_rank():
        _console().print(study)
        folder = out or Path("out") / f"converge-{deck.problem or Path(name).stem}"
        for path in study.save(folder):
            print(f"saved {path}")


@app.command()
def plot(folder: Folder,
         what: Annotated[str | None, typer.Option(help="spectrum,b_to_c,profiles,kappa,…; default: all that apply")] = None):
    """Draw figures of a result as PNG and PDF."""
    from .plots import save_figures
    from .result import open_result

    result = open_result(folder)
    names = None if what is None else [w.strip() for w in what.split(",") if w.strip()]
    try:
        for path in save_figures(result, _folder(result), names):
            print(f"saved {path}")
    except ValueError as error:
        from .errors import Fault

        raise DeckError([Fault("--what", what or "", str(error), "")]) from None


# ---- helpers ----------------------------------------------------------------------------------------------------------


def _varied(texts):
    """Keys and the series of values from KEY=V1,V2,… options, which must all be of one length."""
    from .deck import parse_override
    from .errors import Fault

    columns = {}
    for text in texts:
        key, _, values = text.partition("=")
        values = [v.strip() for v in values.split(",") if v.strip()]
        if not key.strip() or len(values) < 2:
            raise DeckError([Fault("--vary", text, "no series of values", "KEY=VALUE,VALUE,… with at least two values")])
        columns[key.strip()] = [parse_override(f"{key}={v}")[1] for v in values]
    if len({len(v) for v in columns.values()}) > 1:
        raise DeckError([Fault("--vary", " ".join(texts), "series of different lengths", "the same number of values for each key")])
    rows = list(zip(*columns.values(), strict=True))
    return list(columns), rows if len(columns) > 1 else [row[0] for row in rows]


def _petsc_words(words):
    """Refuse leftovers that are not PETSc options: a mistyped argument before --, most likely."""
    if words and not words[0].startswith("-"):
        raise typer.BadParameter(f"unexpected argument {words[0]!r}; options for PETSc come after -- and begin with -")


def _folder(result):
    path = Path(result.path)
    return path if path.is_dir() else path.parent


def _live():
    from .watch import LiveLine

    return LiveLine()


def _announce(deck, name):
    grid = deck.grid
    species = ", ".join(deck.species)
    _say(f"{deck.title or name}: {species}; {grid.z_cells} × {grid.rigidity_cells} cells")


def _report(result, folder, figures):
    """What came of a run: status, counts, quality, files."""
    if not _first_rank():
        return
    for text in filter(None, result.tree.attrs.get("warnings", "").split("\n")):
        print(f"warning: {text}")
    from .watch import describe_time

    counts, history = result.counts, result.history
    when = "" if result.time in (None, 0.0) else f" at t = {describe_time(result.time)}"
    print(f"{result.status}{when}: {counts['steps']} steps ({counts['rejected']} rejected), {counts['newton']} Newton iterations, "
          f"{counts['krylov']} Krylov, {result.seconds:.1f} s")
    if history is not None and "budget" in history:
        print(f"quality: mismatch {float(history.residual[-1]):.1e}, particle budget closed to "
              f"{float(history.budget.max()):.1e} of the source at every step")
    if result.error is not None:
        error = result.error.spectrum
        print(f"numerical error of the spectra (two grids): median {float(error.median()):.1e}, largest {float(error.max()):.1e}")
    if result.exact is not None:
        _console().print(result.compare())
    print(f"saved {result.path}")
    if figures:
        from .plots import save_figures

        paths = save_figures(result, folder)
        print("figures " + ", ".join(Path(p).name for p in paths if str(p).endswith(".png")))


def main():
    """Entry point of `crstream`: runs a command and turns every expected error into one message and an exit code."""
    try:
        app()
    except (DeckError, ResultError) as error:
        _quit(str(error), 2)
    except SolverError as error:
        _quit(str(error) + ("\ngo on with: crstream resume " + str(Path(error.restart).parent) if error.restart else ""), 3)
    except KeyboardInterrupt:
        _quit("interrupted", 3)
    except BrokenPipeError:
        sys.stdout = None
        raise SystemExit(0) from None


def _quit(message, code):
    if _first_rank():
        print(f"crstream: {message}", file=sys.stderr)
    raise SystemExit(code)
