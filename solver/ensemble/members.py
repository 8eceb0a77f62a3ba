"""One member of a sweep: solved by itself on its own communicator, and what is kept of it.

A steady member begins Newton from the nearest state that the same process has solved before, if there is one: 4 to 7
iterations instead of 12 to 22 for the direct way and 25 to 100 for growing steps (two_phase, nonlinear_landau,
linear_damping, combined_damping; parameters 10 % to a factor of 3 apart).  Where that fails the deck's own way is taken.
The steady state is where the residual vanishes, whatever Newton began from: which member came first, and in which process,
changes a result by no more than the solver's tolerance.  Transients always begin from the deck's initial state.
"""

import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from solver.errors import DeckError, ResultError, SolverError

REMEMBERED = 8  # states a process keeps to begin from; neighbours come soon after each other
STOPPED = "stopped"

_states: deque = deque(maxlen=REMEMBERED)  # (sweep, point, dataset with f)
_alone = threading.Lock()  # PETSc serves one solve at a time in a process, also where the workers are threads


@dataclass(frozen=True)
class Task:
    """What a process needs to solve one member: deck, place among the members, where to keep all of its result."""

    index: int
    deck: Any
    point: tuple[float, ...]  # parameters, each from 0 to 1 over the sweep: what "near" means
    sweep: str  # whose states may be begun from
    petsc: tuple[str, ...] = ()
    folder: str | None = None
    warm: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of a member: status, reason where it failed, counts, seconds; spectra (species, rigidity) if solved."""

    index: int
    status: str
    reason: str = ""
    iterations: int = 0
    krylov: int = 0
    steps: int = 0
    seconds: float = 0.0
    warm: bool = False
    spectra: Any = None

    @property
    def solved(self):
        return self.spectra is not None


def solve_member(task):
    """The Outcome of a Task; nothing a deck can do raises an error here."""
    with _alone:
        started = time.monotonic()
        try:
            result, warm = _solve(task)
        except SolverError as error:
            stopped = error.message.startswith("stopped on request")
            status, reason = (STOPPED, "") if stopped else ("failed", error.message.partition("\n")[0])
        except (DeckError, ResultError) as error:
            status, reason = "failed", str(error)
        except MemoryError:
            status, reason = "failed", "not enough memory"
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            status, reason = "failed", f"internal error, please report it: {type(error).__name__}: {error} ({where})"
        else:
            counts = result.counts
            return Outcome(task.index, result.status, "", counts["newton"], counts["krylov"], counts["steps"],
                           time.monotonic() - started, warm, spectra(result))
        return Outcome(task.index, status, " ".join(reason.split()), seconds=time.monotonic() - started)


def _solve(task):
    from solver.folder import CHECKPOINT
    from solver.session import resume, run

    own_world()
    steady = task.warm and task.deck.time.end == "steady"
    near = nearest(task) if steady else None
    if task.folder is not None and (Path(task.folder) / CHECKPOINT).exists():
        result, near = resume(task.folder, petsc=task.petsc), None
    else:
        result = run(task.deck, task.folder, force=True, petsc=task.petsc, near=near)
    if steady:
        _states.append((task.sweep, task.point, result.dataset[["f"]]))
    return result, near is not None


def own_world():
    """Make PETSc's world this process alone, should it be one of several that mpiexec started."""
    from .engines import world_of_ranks

    if world_of_ranks() is not None:
        from mpi4py import MPI

        from solver.petsc import start_petsc

        start_petsc((), MPI.COMM_SELF)


def nearest(task):
    """The state solved here whose parameters are nearest to those of the task, None without any."""
    known = [(sum((a - b) ** 2 for a, b in zip(point, task.point, strict=True)), state)
             for sweep, point, state in _states if sweep == task.sweep]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def spectra(result):
    """Spectra at the disc and densities there: all observables on (species, rigidity), boron_to_carbon, source."""
    ds, seen = result.dataset, result.observables
    kept = {name: seen[name] for name in seen.data_vars if set(seen[name].dims) <= {"species", "rigidity"}}
    kept |= {f"{name}_disc": seen[name].isel(z=0).assign_attrs(long_name=f"{seen[name].long_name}, at the disc")
             for name in seen.data_vars if seen[name].dims == ("species", "z")}
    kept |= {name: ds[name] for name in ("source", "boron_to_carbon") if name in ds}
    return xr.Dataset(kept).reset_coords(drop=True).load()
