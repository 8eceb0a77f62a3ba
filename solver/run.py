"""From a deck to a result: the few calls that make a run, and the same again for going on where one stopped.

deck → model → problem → march → result; files are written by rank 0 only, everything else is done by every rank.
"""

import time
from pathlib import Path

import numpy as np

from .constants import KPC
from .errors import DeckError, Fault, SolverError

CHECKPOINT = "checkpoint.nc"
RESULT = "result.nc"


def start_petsc(options=()):
    """Import PETSc with `options` in its database; later calls add to them.  Returns the module."""
    import petsc4py

    petsc4py.init(["crstream", *options])
    from petsc4py import PETSc

    database = PETSc.Options()
    for name, value in _pairs(options):
        database.setValue(name, value)
    return PETSc


def _pairs(options):
    """(name, value) of PETSc options given as words; value "" for a flag."""
    options = list(options)
    for i, word in enumerate(options):
        if word.startswith("-") and not _number(word):
            following = options[i + 1] if i + 1 < len(options) else "-x"
            yield word.lstrip("-"), ("" if following.startswith("-") and not _number(following) else following)


def _number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def run(deck, out=None, *, force=False, petsc=(), observers=(), estimate_error=False, live=None):
    """Solve a deck and return its Result; with `out` also write it there, atomically.

    deck: a Deck, the name of a shipped problem or a path.  out: a folder; one that holds a result is refused unless
    `force`.  petsc: words for PETSc's options database.  observers: called as observer(march, row) after every step.
    estimate_error: a partner run on a grid half as fine gives every spectrum a numerical error (Richardson).
    live: an observer that shows progress; closed at the end.

    Raises DeckError (nothing was written) and SolverError (`restart` names the file to go on from).
    """
    if not hasattr(deck, "grid"):
        from .deck import load

        deck = load(deck)
    folder = _prepare(out, force)
    session = Session(deck, petsc, folder)
    return session.finish(session.march(observers, live), estimate_error)


def resume(folder, *, changes=None, petsc=(), observers=(), live=None):
    """Go on with the run stored in a folder; returns its Result and writes it back.

    changes: deck keys to change; only those of [time] and [output] leave the stored state meaningful.
    ResultError where there is nothing to go on from, DeckError for changes that do not fit.
    """
    from .result import open_result

    folder = Path(folder)
    path = next((folder / name for name in (CHECKPOINT, RESULT) if (folder / name).is_file()), folder / RESULT)
    stored = open_result(path)
    deck = stored.deck
    if changes:
        wrong = [key for key in changes if key.split(".")[0] not in ("time", "output")]
        if wrong:
            raise DeckError([Fault("resume", key, "cannot change while going on", "only keys of time and output") for key in wrong])
        deck = deck.replace(changes)
    session = Session(deck, petsc, folder)
    return session.finish(session.march(observers, live, stored), False)


def _prepare(out, force):
    """The output folder, made and tried for writing before anything is solved; None without `out`."""
    if out is None:
        return None
    folder = Path(out)
    if (folder / RESULT).exists() and not force:
        raise DeckError([Fault("--out", str(folder), "holds a result", "choose another folder, or --force to replace it")])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".crstream-writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DeckError([Fault("--out", str(folder), f"cannot be written ({error.strerror or error})", "a folder you may write to")]) from None
    return folder


class Session:
    """One run of one deck: model, layout and how results come out of a march."""

    def __init__(self, deck, petsc, folder):
        from .model import Model

        self.deck, self.folder = deck, folder
        self.model = Model(deck)
        self.problem = self.model.transport_problem()
        self.options = tuple(petsc)
        PETSc = start_petsc(petsc)
        from .transport.layout import Layout

        world = PETSc.COMM_WORLD
        comm = world if world.getSize() > 1 else PETSc.COMM_SELF
        if comm.getSize() > len(self.model.grid.R):
            raise DeckError([Fault("mpiexec", "-n", f"{comm.getSize()} processes", f"at most one per rigidity, {len(self.model.grid.R)}")])
        self.layout = Layout(self.problem.species, len(self.model.grid.R), self.problem.nodes, comm)
        self.first = comm.getRank() == 0

    # ---- marching ---------------------------------------------------------------------------------------------------

    def control(self):
        """The march's control from the deck's [time]."""
        from .transport.march import Control

        t = self.deck.time
        end = None if t.end == "steady" else float(t.end)
        optional = lambda x: None if x is None else float(x)  # noqa: E731
        stops = set(self.model.switch_times)
        return Control(end=end, direct=t.method == "direct" and end is None, first_step=optional(t.first_step),
                       max_step=optional(t.max_step), growth=t.growth, rtol=t.rtol, steady_residual=t.steady.residual,
                       steady_change=t.steady.change, max_steps=t.max_steps, stops=tuple(sorted(stops)),
                       outputs=tuple(self._outputs(end)))

    def _outputs(self, end):
        every = self.deck.time.output_every
        if every is None or end is None:
            return []
        count = int(np.floor(end / float(every) * (1 + 1e-12)))
        return [i * float(every) for i in range(1, count + 1)]

    def initial(self):
        """f at the start, (species, R, nodes incl. top)."""
        kind = self.deck.initial
        shape = (self.problem.species, len(self.model.grid.R), len(self.model.grid.z))
        if kind.type == "zero":
            return np.zeros(shape)
        if kind.type == "power_law":
            profile = 1.0 - self.model.grid.z / self.model.z_max if kind.profile == "linear" else np.ones(shape[2])
            spectrum = float(kind.amplitude) * self.model.grid.R**-kind.slope
            return np.broadcast_to(spectrum[:, None] * profile, shape).copy()
        if kind.type == "file":
            return _from_file(self.model, kind.path)
        import problems

        module = problems.load_exact(self.deck.problem) if self.deck.problem else None
        if module is None:
            raise DeckError([Fault("deck", "initial.type", '"exact"', "only for decks of a problem with an exact solution")])
        f = module.initial(self.model) if hasattr(module, "initial") else module.solution(self.model, 0.0).f
        if not np.isfinite(f).all():
            raise DeckError([Fault("deck", "initial.type", '"exact"', f"the exact solution of {self.deck.problem} does not cover the grid at t = 0")])
        return np.ascontiguousarray(f.transpose(0, 2, 1))

    def march(self, observers, live, stored=None):
        """A march run to its end, from the deck's initial state or from a stored result."""
        from .transport.existence import no_steady_state
        from .transport.march import Failure, March
        from .watch import Checkpoints, Snapshots, WallClock, interruptible

        control = self.control()
        restart = None if stored is None else stored.restart
        f0 = self.initial() if restart is None else None
        scales = None if restart is None else (restart["V"], restart["F"])
        march = March(self.problem, self.layout, control, f0, self.deck.time.tolerance, scales=scales)
        kept = None
        if restart is not None:
            march.restore(restart)
            if stored.snapshots is not None:
                kept = {"t": stored.snapshots.time.values, "f": stored.snapshots.f.values}
        self.snapshots = Snapshots(control.outputs, kept)
        march.observers = [WallClock(), self.snapshots, *observers]
        if live is not None and self.first:
            march.observers.append(live)
        if self.folder is not None:
            march.observers.append(Checkpoints(self._checkpoint))
        self.started = time.monotonic()
        reason = no_steady_state(self.problem) if control.end is None else None
        if reason is not None:
            march.failure, march.status = Failure(reason, {}), f"failed: {reason}"
            return march
        with interruptible(march):
            try:
                march.status = march.run()
            finally:
                if live is not None and self.first:
                    live.close()
        return march

    # ---- results ----------------------------------------------------------------------------------------------------

    def result(self, march, status):
        """The labelled result of a march, on every rank."""
        from .result import Result

        flux, kappa = march.fluxes()
        history = {key: np.array(values) for key, values in march.state.history.items()}
        snapshots = {"t": self.snapshots.t, "f": self.snapshots.f} if self.snapshots.t else None
        provenance = {"ranks": self.layout.comm.getSize(), "petsc_options": " ".join(self.options),
                      "warnings": "\n".join(self.model.warnings)}
        return Result.build(self.model, march.f().transpose(0, 2, 1), flux.transpose(0, 2, 1), kappa.transpose(0, 2, 1),
                            history, status, march.restart(), provenance, snapshots=snapshots, time=march.state.t)

    def _checkpoint(self, march):
        result = self.result(march, "running")
        if self.first:
            result.save(self.folder, CHECKPOINT)

    def finish(self, march, estimate_error):
        """Build, complete and write the result; SolverError where the march failed."""
        result = self.result(march, march.status)
        failed = march.status.startswith(("failed", "stopped"))
        if estimate_error and not failed:
            result = result.with_error(self.partner(result))
        path = None
        if self.folder is not None and self.first:
            path = result.save(self.folder)
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
        self.layout.comm.barrier()
        result.counts, result.seconds = dict(march.counts), time.monotonic() - self.started
        if failed:
            raise SolverError(self._advice(march), path)
        return result

    def partner(self, result):
        """The numerical error of the spectra from a run on a grid half as fine."""
        from .study import coarser, richardson_error

        partner = Session(coarser(self.deck), self.options, None)
        coarse = partner.march((), None)
        if coarse.status.startswith("failed"):
            raise SolverError(f"the coarse partner run for the error estimate failed: {coarse.failure.message}")
        return richardson_error(result, partner.result(coarse, coarse.status))

    def _advice(self, march):
        if march.status == "stopped":
            return f"stopped on request after {march.counts['steps']} steps"
        message = march.failure.message
        if "no steady state" in message:
            return message
        hint = ("try a shorter time.first_step, time.method = \"march\" if it was direct, or a finer grid.z_cells where the mismatch is"
                if "did not converge" in message else "raise time.max_steps, or go on with crstream resume")
        return f"{message}\n{hint}"


def _from_file(model, path):
    """f of a stored result on the grid of `model`, (species, R, nodes): linear in z, ln f linear in ln R, zero outside."""
    from .result import open_result

    stored = open_result(path).dataset
    R, z = stored.rigidity.values, stored.z.values * KPC
    out = np.zeros((len(model.names), len(model.grid.R), len(model.grid.z)))
    for s, name in enumerate(model.names):
        if name not in stored.species.values:
            continue
        f = stored.f.sel(species=name).values.T                            # (R, z)
        if f.shape == out.shape[1:] and np.array_equal(R, model.grid.R) and np.allclose(z, model.grid.z, rtol=1e-12):
            out[s] = f
            continue
        f = np.stack([np.interp(model.grid.z, z, row, right=0.0) for row in f])
        logs = np.log(np.maximum(f, 1e-290))
        x = np.log(model.grid.R)
        out[s] = np.stack([np.exp(np.interp(x, np.log(R), logs[:, i])) for i in range(len(model.grid.z))], 1)
        out[s][out[s] < 1e-280] = 0.0
    return out
