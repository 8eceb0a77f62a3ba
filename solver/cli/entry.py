"""Which commands there are, and how every one of them ends: in order, or with one message and an exit code."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from solver.errors import DeckError, ResultError, SolverError
from solver.launcher import all_end, company, first_rank
from solver.leave import FIRST_SPEAKS, interrupted, leave
from solver.streams import drop_output, open_streams

from .common import PASS_ON
from .compare import compare
from .converge import converge
from .decks import check, coefficients, explain, list_, show
from .plot import plot
from .reproduce import reproduce
from .runs import resume, run
from .sweep import sweep

UsageError = typer.BadParameter.__base__                 # of click, or of what typer has in its place
TOGETHER = ("run", "resume", "converge", "sweep")        # commands in which all processes of an mpiexec take part


class Commands(typer.core.TyperGroup):
    """The commands, with an orderly end where typer has other ideas of exit codes than the table of this package."""

    def invoke(self, ctx):
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            interrupted()
        except UsageError:
            if first_rank():
                raise
            time.sleep(FIRST_SPEAKS)
            raise SystemExit(2) from None


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Cosmic-ray transport in which diffusion is made by the cosmic rays themselves.")


def _tell_version(wanted):
    if wanted:
        from solver.provenance import package_version

        print(f"crstream {package_version('crstream')}")
        raise typer.Exit


@app.callback()
def crstream(version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True,
                                                   help="Show the version and exit.")] = False):
    pass


app.command("list")(list_)                               # in the order of the help
app.command()(show)
app.command()(explain)
app.command()(check)
app.command(context_settings=PASS_ON)(run)
app.command(context_settings=PASS_ON)(resume)
app.command()(coefficients)
app.command(context_settings=PASS_ON)(converge)
app.command()(compare)
app.command(context_settings=PASS_ON)(sweep)
app.command()(reproduce)
app.command()(plot)


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
            interrupted()
        all_end(end.code if isinstance(end.code, int) else 1)
        raise
    except KeyboardInterrupt:                            # on the way to or from the command
        interrupted()
    except (DeckError, ResultError) as error:
        leave(str(error), 2)
    except SolverError as error:
        hint = f"\ngo on with: crstream resume {error.restart.parent}" if error.restart else ""
        leave(f"{error}{hint}", 3)
    except MemoryError:
        leave("not enough memory; fewer grid.z_cells, grid.rigidity_cells or species need less", 2)
    except OSError as error:
        drop_output(sys.stdout)
        leave(f"{error.filename or 'output'}: {error.strerror or error}", 2)
    except Exception:
        import traceback

        leave("internal error, please report it with the lines above", 3, traceback.format_exc())


def _have_home():
    """A user without HOME and without an account, as in some containers, gets the root for one: astropy insists."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.sep
