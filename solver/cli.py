"""The command line: parse, call, print.  Heavy imports happen inside the commands, so help and lists come at once.

Exit codes: 0 done · 1 comparison outside its tolerance · 2 bad input, nothing written, or a file that cannot be
written · 3 the solver could not go on.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from .cli_common import (
    PASS_ON,
    Data,
    EstimateError,
    Folder,
    Name,
    Set,
    deck_of,
    folder_of,
    label,
    petsc_words,
    place,
    show_table,
    wants_error,
)
from .cli_compare import compare
from .cli_reproduce import reproduce
from .cli_sweep import Address, Workers, is_sweep, resume_sweep, sweep
from .errors import DeckError, Fault, ResultError, SolverError
from .launcher import abort, all_end, company, first_rank
from .streams import drop_output, open_streams

FIRST_SPEAKS = 1.0                                       # s before others end, for mpiexec ends all when one does
PATIENCE = 5.0                                           # s, for the other processes to come to their end too
UsageError = typer.BadParameter.__base__                 # of click, or of what typer has in its place
TOGETHER = ("run", "resume", "converge", "sweep")                 # commands in which all processes of an mpiexec take part


class Commands(typer.core.TyperGroup):
    """The commands, with an orderly end where typer has other ideas of exit codes than the table above."""

    def invoke(self, ctx):
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            _quit("interrupted", 3)
        except UsageError:
            if first_rank():
                raise
            time.sleep(FIRST_SPEAKS)
            raise SystemExit(2) from None


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Cosmic-ray transport in which diffusion is made by the cosmic rays themselves.")


def _tell_version(wanted):
    if wanted:
        from .provenance import package_version

        print(f"crstream {package_version('crstream')}")
        raise typer.Exit


@app.callback()
def crstream(version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True,
                                                   help="Show the version and exit.")] = False):
    pass


@app.command("list")
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


@app.command()
def show(name: Name, overrides: Set = None,
         picture: Annotated[Path | None, typer.Option("--draw", metavar="FILE", help="also draw the layers: FILE.png and "
                                                      "FILE.pdf, or one of them if FILE ends so")] = None):
    """The equation in force, the layers, sources, scales and grid of a problem."""
    from .describe import describe

    deck = deck_of(name, overrides)
    if picture is not None:
        if picture.name in ("", ".."):
            raise DeckError([Fault("--draw", str(picture), "names no file", "e.g. --draw layers.png")])
        if picture.suffix and picture.suffix not in (".png", ".pdf"):
            raise DeckError([Fault("--draw", str(picture), f"found {picture.suffix}", "ends with .png, .pdf or neither")])
        from .folder import refuse_unwritable

        refuse_unwritable(picture.parent, "--draw")
    print(describe(deck))
    if picture is not None:
        from .figures.draw import save
        from .figures.layers import layers
        from .folder import FORMATS

        formats = (picture.suffix[1:],) if picture.suffix else FORMATS
        print()
        for path in save(layers(deck), picture.with_suffix(""), formats):
            print(f"saved {path}")


@app.command()
def explain(key: Annotated[str | None,
                           typer.Argument(help="a deck key, e.g. grid.z_cells or layer.damping.landau")] = None):
    """What a deck key means: unit, default, range."""
    from .deck import explain as rows_of

    for row in rows_of(key):
        print(row)


@app.command()
def check(name: Name, overrides: Set = None):
    """Read a deck and report all that is wrong with it; nothing is solved."""
    from .exact import module_of
    from .initial import initial_state
    from .model import Model
    from .transport.existence import no_steady_state

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


@app.command(context_settings=PASS_ON)
def run(context: typer.Context, name: Name, overrides: Set = None,
        out: Annotated[Path | None, typer.Option(metavar="DIR", parser=place, help="output folder; default out/NAME")] = None,
        force: Annotated[bool, typer.Option(help="replace a result that is already there, and its figures")] = False,
        estimate_error: EstimateError = None,
        figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Solve a problem: live line, result.nc, figures, comparison.  What follows -- goes to PETSc."""
    from .session import run as solve

    deck = deck_of(name, overrides)
    folder = out or Path("out") / label(deck, name)
    petsc_words(context.args)
    _announce(deck, name)
    result = solve(deck, folder, force=force, petsc=context.args, estimate_error=_wanted(estimate_error), live=_live())
    _report(result, folder, figures and deck.output.figures)


@app.command(context_settings=PASS_ON)
def resume(context: typer.Context, folder: Folder, overrides: Set = None,
           again: Annotated[bool, typer.Option("--again", help="solve members of a sweep that failed once more")] = False,
           workers: Workers = None, address: Address = None,
           estimate_error: EstimateError = None,
           figures: Annotated[bool, typer.Option(help="draw the standard figures beside the result")] = True):
    """Go on with a run that was stopped, cut off or asked to end earlier (--set time.end=…), or with a sweep.

    Figures of the state before go.  What follows -- goes to PETSc; a run forgets what it was given before, a sweep goes on as
    it was begun.
    """
    from .deck import parse_override
    from .session import resume as go_on

    petsc_words(context.args)
    if is_sweep(folder):
        if estimate_error is not None:
            raise DeckError([Fault("--estimate-error", "", f"{folder} holds a sweep, whose members have none", "leave it out")])
        resume_sweep(folder, overrides, context.args, workers, address, again, figures)
        return
    if wrong := [name for name, given in (("--workers", workers), ("--address", address), ("--again", again or None))
                 if given is not None]:
        raise DeckError([Fault(name, "", f"{folder} holds a run, no sweep", "leave it out") for name in wrong])
    result = go_on(folder, changes=dict(map(parse_override, overrides or [])), petsc=context.args,
                   estimate_error=_wanted(estimate_error), live=_live())
    _report(result, folder_of(folder), figures and result.deck.output.figures)


@app.command()
def coefficients(name: Name, out: Annotated[Path, typer.Option(metavar="FILE", parser=place, help="netCDF file to write")],
                 overrides: Set = None,
                 force: Annotated[bool, typer.Option(help="replace a file that is already there")] = False):
    """The coefficients of a deck only: S, X, v, κ, loss times, sources, plasma, damping by process; nothing is solved."""
    from .model import Model
    from .result import build_coefficients

    deck = deck_of(name, overrides)
    if out.exists() and not force:
        raise DeckError([Fault("--out", str(out), "exists", "choose another file, or --force to replace it")])
    model = Model(deck)
    build_coefficients(model).write(out)
    for text in model.warnings:
        print(f"warning: {text}")
    print(f"saved {out}")


@app.command(context_settings=PASS_ON)
def converge(context: typer.Context, name: Name,
             vary: Annotated[list[str], typer.Option(help="KEY=VALUE,VALUE,…; repeated keys vary together")],
             overrides: Set = None,
             out: Annotated[Path | None, typer.Option(metavar="DIR", parser=place,
                                                      help="output folder; default out/converge-NAME")] = None):
    """Errors and observed orders on a series of grids or tolerances: table, figure, files."""
    from .folder import refuse_unwritable
    from .session import run as solve
    from .study import converge as study_of

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


app.command()(compare)
app.command(context_settings=PASS_ON)(sweep)
app.command()(reproduce)


@app.command()
def plot(folder: Folder,
         what: Annotated[str | None,
                         typer.Option(help="spectrum,b_to_c,profiles,kappa,coefficients,…; default: all that apply")] = None,
         data: Data = None):
    """Draw figures of a result, of a sweep or of a file of coefficients, as PNG and PDF.

    Spectra and B/C of a result get the points the paper compares with where a folder of measurements is known, see compare.
    """
    from .result import open_coefficients

    if is_sweep(folder) or folder.name == "sweep.nc":
        from .ensemble import open_sweep
        from .ensemble.plots import save_figures

        result, points = open_sweep(folder), {}
    else:
        from . import measurements
        from .exact import judged
        from .figures.results import save_figures

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


# ---- helpers -----------------------------------------------------------------------------------------------------


def _wanted(estimate_error):
    """What an option left out stands for."""
    return wants_error if estimate_error is None else estimate_error


def _varied(texts):
    """Keys and the series of values from KEY=V1,V2,… options, which must all be of one length."""
    from .ensemble.plan import vary_options

    columns = vary_options(texts)
    wrong = [key for key, values in columns.items() if not isinstance(values, list) or len(values) < 2]
    if wrong:
        raise DeckError([Fault("--vary", key, "no series of values", "needs at least two values") for key in wrong])
    if len({len(v) for v in columns.values()}) > 1:
        allowed = "the same number of values for each key"
        raise DeckError([Fault("--vary", " ".join(texts), "series of different lengths", allowed)])
    rows = list(zip(*columns.values(), strict=True))
    return list(columns), rows if len(columns) > 1 else [row[0] for row in rows]


def _live():
    from .watch import LiveLine

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
    from .watch import describe_time

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
        from .figures.results import save_figures

        paths = save_figures(result, folder)
        print("figures " + ", ".join(Path(p).name for p in paths if str(p).endswith(".png")))


def main():
    """Entry point of `crstream`: runs a command and turns every expected error into one message and an exit code."""
    open_streams()
    # numpy is not there yet: for arrays that live as short as ours huge pages cost the kernel more than they save
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    _have_home()
    if company() == 1:                                   # mpiexec ends its processes by it, where one has said why
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not first_rank():
        if sys.argv[1:2] and sys.argv[1] not in TOGETHER:
            return
        sys.stdout = open(os.devnull, "w")               # noqa: SIM115
    try:
        app(prog_name="crstream")
    except SystemExit as end:
        if end.code == 130:                              # interrupted while typer itself was at work
            _quit("interrupted", 3)
        all_end(end.code if isinstance(end.code, int) else 1)
        raise
    except KeyboardInterrupt:                            # on the way to or from the command
        _quit("interrupted", 3)
    except (DeckError, ResultError) as error:
        _quit(str(error), 2)
    except SolverError as error:
        hint = f"\ngo on with: crstream resume {error.restart.parent}" if error.restart else ""
        _quit(f"{error}{hint}", 3)
    except MemoryError:
        _quit("not enough memory; fewer grid.z_cells, grid.rigidity_cells or species need less", 2)
    except OSError as error:
        drop_output(sys.stdout)
        _quit(f"{error.filename or 'output'}: {error.strerror or error}", 2)
    except Exception:
        import traceback

        _quit("internal error, please report it with the lines above", 3, traceback.format_exc())


def _have_home():
    """A user without HOME and without an account, as in some containers, gets the root for one: astropy insists."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.sep


def _quit(message, code, before=""):
    """Say why and end; of several processes that fail alike the first one speaks, one that fails alone ends all others."""

    def say():
        with suppress(OSError):                          # a log on a disk that is full
            print(f"{before}crstream: {message}", file=sys.stderr, flush=True)

    if first_rank():
        say()
    else:
        time.sleep(FIRST_SPEAKS)
    first = all_end(code, PATIENCE)
    if first != code and not first_rank():               # the first one has gone on, or ended well
        say()
    if first is None:
        abort(code)
    raise SystemExit(code)
