"""From a deck to a result: the few calls that make a run, and the same again for going on where one stopped.

deck → model → problem → march → result; files are written by rank 0 only, everything else is done by every rank.
"""

import sys
import time
from pathlib import Path

import numpy as np

from . import cautions
from .errors import DeckError, Fault, ResultError, SolverError
from .folder import CHECKPOINT, Claim, refuse, remove_figures
from .initial import initial_state, on_grid
from .petsc import petsc_faults, petsc_message, start_petsc, unused, words
from .restart import FREE, checked_restart, deck_digest
from .shown import enumerated
from .storage import RESULT_NAME as RESULT
from .storage import path_of

SAME = 1e-12  # relative difference of two times that are one


def run(deck, out=None, *, force=False, petsc=(), observers=(), estimate_error=False, live=None, near=None):
    """Solve a deck and return its Result; with `out` also write it there, atomically.

    deck: a Deck, the name of a shipped problem or a path.  out: a folder; one that holds a result is refused unless
    `force`, which removes its figures too.  petsc: words for PETSc's options database.  observers: called as
    observer(march, row) after every step.
    estimate_error: a partner run on a grid half as fine gives every spectrum a numerical error (Richardson).  Or a function
    that says so of the deck; where such a partner fails, which nobody has asked for, that is only said.
    live: an observer that shows progress; closed at the end.  near: the dataset of a result near the steady state, from
    which Newton begins; where it gets nowhere the deck's own way is taken.  No use to runs with an end time.

    Raises DeckError (nothing was written) and SolverError (`restart` names the file to go on from).
    """
    from .deck import load
    from .partner import complete, refuse_coarse

    deck, observers = load(deck), _functions(observers)
    if out is not None:
        refuse(out, force)
    session = Session(deck, petsc, out, force)
    with session:
        if estimate_error and not callable(estimate_error):
            refuse_coarse(session)
        return complete(session, session.finish(session.march(observers, live, near=near)), estimate_error)


def resume(folder, *, changes=None, petsc=(), observers=(), estimate_error=False, live=None):
    """Go on with the run stored in a folder; returns its Result and writes it back, and removes figures of the state before.

    changes: deck keys to change; only those of [time] and [output] leave the stored state meaningful.  Others as in `run`.
    ResultError where there is nothing to go on from, DeckError for changes that do not fit.
    """
    from .partner import complete, refuse_coarse
    from .result import open_result

    folder, observers = path_of(folder), _functions(observers)
    if folder.is_file():
        if folder.name not in (CHECKPOINT, RESULT):
            open_result(folder)                                            # says so if it is no result at all
            raise DeckError([Fault("resume", str(folder), "is a result outside the folder of its run",
                                   f"give a folder that holds {RESULT}")])
        folder = folder.parent
    path = next((folder / name for name in (CHECKPOINT, RESULT) if (folder / name).is_file()), folder)
    stored = open_result(path)
    deck = stored.deck
    if changes:
        from .deck.overrides import keyed

        wrong = [key for key in keyed(changes, "--set") if key.split(".")[0] not in FREE]
        if wrong:
            raise DeckError([Fault("--set", key, "cannot change while going on", f"only keys of {enumerated(FREE)}")
                             for key in wrong])
        deck = deck.replace(changes, "--set")
    session = Session(deck, petsc, folder)
    restart = checked_restart(stored, session.model)
    reached = restart["t"]
    if stored.deck.time.end == "steady" != deck.time.end and restart["counts"]["steps"]:
        raise DeckError([Fault("--set", "time.end", f'found "{deck.time.end}"',
                               f"{path} is a steady state, or on the way to one in steps that do not follow time; a transient "
                               'from there is a new run with [initial] type = "file"')])
    if deck.time.end != "steady" and reached > float(deck.time.end) * (1 + 1e-12):
        from .watch import describe_time

        raise DeckError([Fault("--set", "time.end", f'found "{deck.time.end}"',
                               f"{path} has reached {describe_time(reached)} already; give a later time")])
    with session:
        if estimate_error and not callable(estimate_error):
            refuse_coarse(session)
        return complete(session, session.finish(session.march(observers, live, stored)), estimate_error)


def _functions(observers):
    """The observers as a tuple; DeckError for what cannot be called after a step."""
    if isinstance(observers, (list, tuple)) and all(map(callable, observers)):
        return tuple(observers)
    raise DeckError([Fault("observers", "", f"found {observers!r}", "needs a list of functions of (march, row)")])


class Session:
    """One run of one deck: model, layout and how results come out of a march."""

    def __init__(self, deck, petsc, folder, force=False):
        from .model import Model

        self.deck, self.folder, self.force = deck, None if folder is None else Path(folder), force
        self.claim = self.newton = self.stored = None
        self.begun = 0
        self.model = Model(deck)
        self.problem = self.model.transport_problem()
        self.options = words(petsc)
        PETSc = start_petsc(self.options)
        from .transport.layout import Layout

        world = PETSc.COMM_WORLD
        comm = world if world.getSize() > 1 else PETSc.COMM_SELF
        if comm.getSize() > len(self.model.grid.R):
            raise DeckError([Fault("mpiexec", "-n", f"{comm.getSize()} processes",
                                   f"at most one per rigidity, {len(self.model.grid.R)}")])
        with petsc_faults(self.options):
            self.layout = Layout(self.problem.species, len(self.model.grid.R), self.problem.nodes, comm)
        self.first = comm.getRank() == 0

    def __enter__(self):
        return self

    def __exit__(self, fault, *_):
        if self.claim is not None:
            self.claim.release()
        # PETSc gives memory back only when told to, by all processes: not where perhaps one of them has failed
        if fault is None or self.layout.ranks.size == 1:
            if self.newton is not None:
                self.newton.close()
            self.layout.close()

    def _on_first(self, action):
        """What `action()` returns on the first process; an error there is raised on all, so that none waits in vain."""
        value = error = None
        if self.first:
            try:
                value = action()
            except (DeckError, ResultError) as caught:
                error = caught
        comm = self.layout.ranks.comm
        error = error if comm is None else comm.bcast(error)
        if error is not None:
            raise error
        return value

    # ---- marching ---------------------------------------------------------------------------------------------------

    def control(self):
        """The march's control from the deck's [time]."""
        from .transport.march import Control

        t = self.deck.time
        end = None if t.end == "steady" else float(t.end)
        optional = lambda x: None if x is None else float(x)  # noqa: E731
        stops = sorted(set(self.model.switch_times))
        return Control(end=end, direct=t.method == "direct" and end is None, first_step=optional(t.first_step),
                       max_step=optional(t.max_step), growth=t.growth or (10.0 if end is None else 2.0),
                       rtol=t.rtol, steady_residual=t.steady.residual, steady_change=t.steady.change,
                       max_steps=t.max_steps, stops=tuple(stops),
                       outputs=tuple(self._outputs(end, stops)))

    def _outputs(self, end, stops):
        """Times to be stored; one that differs from a switch or the end by rounding is that: the march knows only one."""
        every = self.deck.time.output_every
        if every is None or end is None:
            return []
        count = int(np.floor(end / float(every) * (1 + 1e-12)))
        times = [min(i * float(every), end) for i in range(1, count + 1)]
        return [next((mark for mark in (*stops, end) if abs(t - mark) <= SAME * mark), t) for t in times]

    def march(self, observers, live, stored=None, near=None):
        """A march run to its end, from the deck's initial state or from a stored result, or from near the steady state."""
        from .transport.ending import Failure
        from .transport.existence import no_steady_state
        from .transport.march import March
        from .watch import Checkpoints, Snapshots, WallClock, interruptible

        control = self.control()
        restart = None if stored is None else stored.restart
        f0 = initial_state(self.model) if restart is None else None
        scales = None if restart is None else (restart["V"], restart["F"])
        with petsc_faults(self.options):
            march = March(self.problem, self.layout, control, f0, self.deck.time.tolerance, scales=scales)
        self.newton = march.newton
        if self.folder is not None:
            replaces = self.layout.ranks.first(self.force and (self.folder / RESULT).exists())
            self.claim = self._on_first(lambda: self._claimed(stored is None))
        kept = None
        if restart is not None:
            march.restore(restart)
            self.stored, self.begun = stored, march.counts["steps"]
            if stored.snapshots is not None:
                kept = {"t": stored.snapshots.time.values, "f": stored.snapshots.f.values}
        self.snapshots = Snapshots(control.outputs, kept)
        march.observers = [WallClock(march.state.history), self.snapshots, *observers]
        if live is not None and self.first:
            march.observers.append(live)
        if self.folder is not None:
            march.observers.append(Checkpoints(self._checkpoint))
            if replaces:  # if this run is killed at once it is still this one that is resumed
                self._checkpoint(march)
        self.started = time.monotonic()
        reason = no_steady_state(self.problem) if control.end is None else None
        if reason is not None:
            march.failure, march.status = Failure(reason, {}), f"failed: {reason}"
            return march
        near = None if near is None or control.end is not None else on_grid(self.model, near)
        with interruptible(march):
            try:
                march.status = self._run(march, near)
            finally:
                if live is not None and self.first:
                    live.close()
        return march

    def _claimed(self, new):
        """The folder, ours alone from now on; of a new run it must still hold what it held when that was asked for."""
        claim = Claim(self.folder, "--out" if new else "resume")
        try:
            if new:
                refuse(self.folder, self.force)
                # with --force: from now on it is not the state of the run before that resume goes on with
                (self.folder / CHECKPOINT).unlink(missing_ok=True)
        except DeckError:
            claim.release()
            raise
        return claim

    def _run(self, march, near):
        from petsc4py import PETSc

        from .transport.ending import Failure

        try:
            with np.errstate(all="ignore"):                                # what overflows is found out, and said
                status = "steady" if near is not None and march.begin_near(near) else march.run()
                if not status.startswith("failed") and not np.isfinite(march.f()).all():
                    march.failure = Failure("f is larger than numbers can be; is some value of the deck far beyond physics?", {})
                    status = f"failed: {march.failure.message}"
                return status
        except PETSc.Error as error:
            march.failure = Failure(f"PETSc gave up: {petsc_message(error)}", {})
            return f"failed: {march.failure.message}"

    # ---- results ----------------------------------------------------------------------------------------------------

    def result(self, march, status):
        """The labelled result of a march, on every rank."""
        from .result import Result

        if self.stored is not None and march.counts["steps"] == self.begun:      # no step since: none to take them from
            old = self.stored.dataset
            flux, kappa = old.flux.values.transpose(0, 2, 1), old.kappa.values.transpose(0, 2, 1)
        else:
            flux, kappa = march.fluxes()
        history = {key: np.array(values) for key, values in march.state.history.items()}
        snapshots = {"t": self.snapshots.t, "f": self.snapshots.f} if self.snapshots.t else None
        restart = march.restart() | {"deck": deck_digest(self.deck.to_dict())}
        warnings = [*self.model.warnings, *cautions.of_state(self.model, march)]
        provenance = {"ranks": self.layout.comm.getSize(), "petsc_options": " ".join(self.options),
                      "warnings": "\n".join(warnings)}
        return Result.build(self.model, march.f().transpose(0, 2, 1), flux.transpose(0, 2, 1), kappa.transpose(0, 2, 1),
                            history, status, restart, provenance, snapshots=snapshots, time=march.state.t)

    def _checkpoint(self, march):
        result = self.result(march, "running")
        if self.first:
            try:
                result.save(self.folder, CHECKPOINT)
            except ResultError as error:                                   # no reason to throw the run away
                sys.stderr.write(f"\nwarning: no checkpoint: {error}\n")

    def finish(self, march):
        """Build and write the result; SolverError where the march failed.

        One that was resumed and had nothing left to do stays as it is, and so does one that could do nothing.
        """
        failed, stopped = march.status.startswith("failed"), self.layout.ranks.any(march.stop_requested)
        idle = self.stored is not None and march.counts["steps"] == self.begun
        if idle and failed:
            raise SolverError(self._advice(march), self.stored.path)
        done = idle and not stopped and march.status == self.stored.status and Path(self.stored.path).name == RESULT
        result = self.stored if done else self.result(march, march.status)
        path = self.stored.path if done else self.save(result)
        if failed or stopped:
            raise SolverError(self._advice(march), path)
        self.counts = dict(march.counts)
        return self.counted(result)

    def counted(self, result):
        """The result, with what it has taken."""
        result.counts, result.seconds = self.counts, time.monotonic() - self.started
        result.unused = unused(self.options)
        return result

    def save(self, result):
        """Write the result, after which no checkpoint is needed; the path, None where nothing is to be written."""
        if self.folder is None:
            return None

        def write():
            path = result.save(self.folder)
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
            if self.force or self.stored is not None:
                remove_figures(self.folder)                                # of the state before
            return path

        return self._on_first(write)

    def _advice(self, march):
        if march.status == "stopped":
            return f"stopped on request after {march.counts['steps']} steps"
        if not march.status.startswith("failed"):  # a direct solve, or the last step, came to its end all the same
            return f"stopped on request; {march.status} and complete"
        message = march.failure.message
        if "no steady state" in message:
            return message
        if "did not converge" in message or "time error" in message:
            return (f'{message}\ntry a shorter time.first_step, time.method = "march" if it was direct, or a finer '
                    "grid.z_cells where the mismatch is")
        if "time.max_steps" in message:
            return f"{message}\nto go on, allow more of them: --set time.max_steps={2 * self.deck.time.max_steps}"
        return message
