"""The loop over the members of a sweep, and the Sweep that comes out of it."""

import signal
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, wait
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np

from solver.errors import DeckError, Fault, ResultError, SolverError
from solver.launcher import first_rank
from solver.petsc import words
from solver.signals import handling
from solver.storage import path_of

from . import store as files
from .dataset import NOT_RUN, assemble
from .engines import engine
from .members import STOPPED, Outcome, Task, solve_member
from .plan import make_plan, whole

SAME = 1e-8  # relative difference of spectra that are solved to 1e-10
DIED = "its process ended without a word: killed, or out of memory"


def sweep(deck, vary, *, latin=None, seed=0, out=None, force=False, keep=False, warm=True, workers=None, address=None,
          petsc=(), progress=None):
    """Solve every combination of the values in `vary` and return a Sweep.

    deck: a Deck, the name of a shipped problem or a path.  vary: key -> list of values, or text such as
    "logspace(0.05 cm-3, 0.5 cm-3, 5)" (solver.deck.series); with `latin` = N ranges such as "0.05 cm-3..0.5 cm-3", from
    which N members are drawn as a Latin hypercube with `seed`.
    out: a folder for the dataset; with it a sweep that was cut off goes on where it was, and without it nothing is written.
    keep: all of every member's result as well, in out/members/NNNN.  warm: steady members may begin near others (members.py).
    workers: processes of this machine (0: this one); address: of a dask scheduler; under mpiexec its ranks are used.

    Raises DeckError with the faults of all members before anything starts, SolverError when stopped by Ctrl-C, ResultError
    where a file cannot be written.  A member that fails raises nothing: see Sweep.failed.  None on processes of mpiexec but
    the first.
    """
    from solver.deck import load

    deck = load(deck)
    _sensible(workers, address, out, keep)
    plan = make_plan(deck, vary, latin, seed, progress.note if progress is not None and first_rank() else None)
    manner = files.Manner(keep, warm, words(petsc))
    with engine(workers, address, len(plan.members)) as pool:
        if pool is None:
            return None
        if out is None:
            return _solve(plan, None, pool, manner, progress)
        plan = files.agree(out, plan, force, manner)
        with files.Store(out, plan, manner, force) as store:
            return _solve(plan, store, pool, manner, progress)


def resume(folder, *, again=False, workers=None, address=None, petsc=(), progress=None):
    """Go on with the sweep in a folder as it was begun; a finished one is returned as it is.

    again: solve members that failed once more, by other words for PETSc if there are any.  Raises as `sweep`.
    """
    folder = path_of(folder)
    _sensible(workers, address)
    if files.finished(folder) and not (again and open_sweep(folder).failed):
        return open_sweep(folder) if first_rank() else None
    plan, manner = files.read_plan(folder)
    if petsc:
        manner = replace(manner, petsc=words(petsc))
    with engine(workers, address, len(plan.members)) as pool:
        if pool is None:
            return None
        if again:
            files.refuse_changed(plan)
        else:
            files.agree(folder, plan, False, manner)
        with files.Store(folder, plan, manner, again=again) as store:
            return _solve(plan, store, pool, manner, progress)


def open_sweep(folder):
    """The Sweep in a folder or a sweep.nc; of one that is not finished, the members that are done."""
    folder = path_of(folder)
    if folder.is_dir() and not files.finished(folder):
        plan, _ = files.read_plan(folder)
        return Sweep(assemble(plan, files.read_members(folder, plan)), folder)
    path = folder / files.DATASET if folder.is_dir() else folder
    return Sweep(files.read_dataset(path), path)


class Sweep:
    """A finished sweep: `dataset` with the varied keys as coordinates, `failed` members, `plot` for figures."""

    def __init__(self, dataset, path=None):
        self.dataset, self.path = dataset, path

    @property
    def keys(self):
        """The varied keys."""
        import json

        return tuple(json.loads(self.dataset.attrs["keys"]))

    @property
    def status(self):
        return self.dataset.attrs["status"]

    @property
    def failed(self):
        """[({key: value}, reason)] of the members that failed."""
        ds = self.dataset
        out = []
        for index in np.ndindex(*ds.status.shape):
            if ds.status.values[index] == "failed":
                at = ds.status[index]
                out.append(({key: self._value(at[key]) for key in self.keys}, str(ds.reason.values[index])))
        return out

    @property
    def idle(self):
        """Varied keys that change no spectrum, to what a solution is known to."""
        ds, out = self.dataset, []
        for key in self.keys:
            if "J" not in ds or key not in ds.J.dims:
                continue
            first, others = ds.J.isel({key: 0}), ds.J.isel({key: slice(1, None)})
            apart = np.abs(others - first) / np.abs(first)  # nan where either has failed
            if np.isfinite(apart).any() and not (apart > SAME).any():
                out.append(key)
        return out

    @property
    def solved(self):
        """Number of members with a solution."""
        return int((~self.dataset.status.isin(["failed", NOT_RUN])).sum())

    @staticmethod
    def _value(coordinate):
        """A varied value as text, with its unit."""
        unit = coordinate.attrs.get("units", "1")
        return f"{coordinate.item()} {unit}" if unit != "1" else coordinate.item()

    @property
    def plot(self):
        """Figures: sweep.plot.spectrum(), .b_to_c(), .fan("grammage")."""
        from .plots import Plotter

        return Plotter(self)

    def __repr__(self):
        sizes = " × ".join(f"{n} {name}" for name, n in self.dataset.status.sizes.items())
        return f"<crstream sweep: {self.dataset.attrs['title']!r}, {sizes}; {self.status}>"


def _sensible(workers, address, out=None, keep=False):
    faults = []
    if keep and out is None:
        faults.append(Fault("--keep", "", "needs a folder", "--out"))
    if workers is not None and not (whole(workers) and workers >= 0):
        faults.append(Fault("--workers", "", f"found {workers!r}", "needs a number of processes, or 0 for this one"))
    if address is not None and not isinstance(address, str):
        faults.append(Fault("--address", "", f"found {address!r}", "needs text, e.g. tcp://host:8786"))
    if faults:
        raise DeckError(faults)


def _solve(plan, store, pool, manner, progress):
    """Solve what is not done yet, keep each member as it comes, and put all together."""
    outcomes = store.recorded() if store is not None else {}
    tasks = [Task(i, plan.decks[i], tuple(plan.points[i]), plan.digest, manner.petsc,
                  store.result_folder(i) if store is not None else None, manner.warm)
             for i in plan.order() if i not in outcomes]

    def done(outcome):
        if outcome.status == STOPPED:                                      # by a Ctrl-C that reached the member itself
            stop.asked = True
            return
        if store is not None:
            store.record(outcome)
        outcomes[outcome.index] = outcome
        if progress is not None:
            progress.finished(outcome)

    total = len(plan.members)
    if progress is not None:
        progress.begin(plan, outcomes, pool)
    try:
        with _stopping(progress) as stop, progress or nullcontext():
            drive(pool, tasks, done, lambda: stop.asked, progress.started if progress is not None else None)
    except KeyboardInterrupt:
        pool.abandon()
        raise SolverError(f"interrupted after {len(outcomes)} of {total} members", store and store.plan_file) from None
    except ResultError as error:
        pool.abandon()
        raise ResultError(f"{error}\n{len(outcomes)} of {total} members are stored; go on with: crstream resume "
                          f"{store.folder}") from error
    if len(outcomes) < total:
        raise SolverError(f"stopped on request after {len(outcomes)} of {total} members", store and store.plan_file)
    dataset = assemble(plan, outcomes)
    return Sweep(dataset, store.finish(dataset) if store is not None else None)


def drive(pool, tasks, done, stopping, started=None):
    """Hand `tasks` to the pool, at most as many as it has slots, and call done(outcome) for each, until stopping().

    When a process dies the pool is lost, and which member killed it is not known, or whether any: all that were at work are
    tried again one by one.  One that dies then has failed.
    """
    waiting, suspects, running, alone = deque(tasks), deque(), {}, False
    while waiting or suspects or running:
        if not running:
            alone = bool(suspects)
        source, slots = (suspects, 1) if alone else (waiting, pool.slots)
        lost = False
        while source and len(running) < slots and not stopping():
            task = source.popleft()
            try:
                running[pool.submit(solve_member, task)] = task
            except BrokenExecutor:                                         # died idle, or those at work know it too
                source.appendleft(task)
                lost = True
                break
            if started is not None:
                started(task.index)
        if not running and not lost:
            return                                                         # asked to stop
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        died = []
        for future in finished:
            task = running.pop(future)
            try:
                outcome = future.result()
            except BrokenExecutor:
                died.append(task)
            except CancelledError:
                raise SolverError("the cluster has dropped its members: is its scheduler still there?") from None
            except Exception as error:                                     # dask: a worker killed again and again
                done(Outcome(task.index, "failed", f"{type(error).__name__}: {error}"))
            else:
                done(outcome)
        if died or lost:
            died += running.values()
            running.clear()
            pool.renew()
            if stopping():                                                  # a batch system ends processes all at once
                return
            if alone and died:
                done(Outcome(died[0].index, "failed", DIED))
            else:
                suspects.extend(died)


@contextmanager
def _stopping(progress):
    """Within: the first Ctrl-C or SIGTERM lets the members at work finish and no others begin, the second interrupts at once."""

    class Wish:
        asked = False

    def stop(_signal, _frame):
        if Wish.asked:
            raise KeyboardInterrupt
        Wish.asked = True
        if progress is not None:
            progress.note("stopping after the members at work (Ctrl-C again: at once)")

    with handling(stop, signal.SIGINT, signal.SIGTERM):
        yield Wish
