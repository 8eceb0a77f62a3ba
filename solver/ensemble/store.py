"""The folder of a sweep: what it is to do, what of it is done, the dataset once all is.

    sweep.json            the plan, written first; a sweep with another one is refused
    members/0003.nc       one member, written aside, synced and renamed when it is done; a member without one is not done
    members/0003/         all of its result, where results are kept
    sweep.nc              the dataset; with it the single members go, unless some have failed.  Beside another plan, that of
                          an earlier sweep, which the one that has begun will replace
"""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import xarray as xr

from solver import provenance, storage
from solver.errors import DeckError, Fault, ResultError
from solver.folder import Claim, folder_of, refuse_unwritable

from .dataset import COUNTS
from .members import Outcome
from .plan import Plan

PLAN, DATASET = storage.SWEEP
MEMBERS = "members"
PLAN_VERSION = 1  # raised when a reader of the older plan would misread it


@dataclass(frozen=True)
class Manner:
    """How a sweep solves its members: is all of their results kept, may steady ones begin near others, words for PETSc."""

    keep: bool = False
    warm: bool = True
    petsc: tuple[str, ...] = ()

    @classmethod
    def of(cls, stored):
        """From a plan's file; older ones know of `keep` only."""
        return cls(bool(stored["keep"]), bool(stored.get("warm", True)), tuple(map(str, stored.get("petsc", ()))))

    def differences(self, begun):
        """In words, what differs from how the sweep was begun."""
        out = [f"was begun {'with' if there else 'without'} {name}" for name, here, there in
               (("--keep", self.keep, begun.keep), ("--no-warm", not self.warm, not begun.warm)) if here != there]
        if self.petsc != begun.petsc:
            out.append(f"was begun with {' '.join(begun.petsc) or 'nothing'} for PETSc")
        return out


def finished(folder):
    """Is the sweep of a folder done, its dataset that of its plan?"""
    folder = Path(folder)
    if not (folder / DATASET).exists():
        return False
    if not (folder / PLAN).exists():
        return True
    made_for = storage.attribute(folder / DATASET, "plan")
    try:
        return made_for is None or made_for == read_plan(folder)[0].digest
    except (ResultError, DeckError):
        return True  # whoever opens it will say what is wrong


def agree(folder, plan, force, manner):
    """The plan that `folder` goes on with, the one begun there or else `plan`; makes nothing.

    DeckError where it cannot take this sweep: it holds something else, or cannot be written to.
    """
    folder = folder_of(folder)
    if any((folder / name).exists() for name in (storage.RESULT_NAME, storage.CHECKPOINT)):
        raise DeckError([Fault("--out", str(folder), "holds a run", "choose another folder")])
    if not force:
        if finished(folder):
            raise DeckError([Fault("--out", str(folder), "holds a finished sweep",
                                   "choose another folder, or --force to replace it")])
        if (folder / PLAN).exists():
            begun, before = read_plan(folder)
            if differences := plan.differences(begun):
                raise DeckError([Fault("--out", str(folder), f"holds another sweep: {'; '.join(differences)}",
                                       "choose another folder, or --force to start again")])
            if differences := manner.differences(before):
                raise DeckError([Fault("--out", str(folder), "; ".join(differences),
                                       "go on like that, or --force to start again")])
            refuse_changed(begun)
            plan = begun
    refuse_unwritable(folder)
    return plan


def refuse_changed(plan):
    """DeckError where files that members start from are not what they were: the rest would start from another state."""
    if changed := plan.changed_starts():
        raise DeckError([Fault("initial.path", path, "has changed since this sweep was begun, or is gone",
                               "put it back, or start again with --force") for path in changed])


def read_plan(folder):
    """(Plan, Manner) of a folder; ResultError where there is none or it cannot be understood."""
    path = Path(folder) / PLAN
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["crstream_file"] != "sweep plan":
            raise KeyError
        version = int(data["version"])
    except FileNotFoundError:
        raise ResultError(f"{folder}: holds no {PLAN}; `crstream sweep … --out {folder}` makes one") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ResultError(f"{path}: is not the plan of a sweep, or damaged") from None
    if version != PLAN_VERSION:
        raise ResultError(f"{path}: has layout {version} (crstream {data.get('crstream')}), this one reads {PLAN_VERSION}; "
                          "start the sweep again")
    try:
        plan = Plan.from_dict(data["plan"], _begun(folder, data.get("begun")))
        if not plan.keys or len(plan.keys) != len(plan.values) or not all(plan.values) or not plan.members:
            raise ValueError
        return plan, Manner.of(data)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ResultError(f"{path}: is not the plan of a sweep, or damaged") from None


def _begun(folder, stored):
    """What a plan was when its sweep was begun, by what its files say where it does not; None where there are none."""
    if stored is not None:
        if not (isinstance(stored["digest"], str) and isinstance(stored["starts"], dict)):
            raise TypeError
        return stored
    for path in [Path(folder) / DATASET, *sorted((Path(folder) / MEMBERS).glob("*.nc"))]:
        with suppress(ResultError, OSError):
            if digest := storage.attribute(path, "plan"):
                return {"digest": str(digest), "starts": {}}
    return None


class Store:
    """The folder while a sweep goes on, locked against a second one.  Use as a context manager."""

    def __init__(self, folder, plan, manner, force=False, again=False):
        self.folder, self.plan, self.manner, self.force, self.again = Path(folder), plan, manner, force, again
        self.claim = None

    def __enter__(self):
        self.claim = Claim(self.folder)
        try:
            if self.force or not (self.folder / PLAN).exists():
                self._write_plan()                                         # first: what is there stays if that fails
            if self.force:
                self._clear()
            if self.again:
                self._forget_failures()
        except BaseException:
            self.claim.release()
            raise
        return self

    def __exit__(self, *_):
        self.claim.release()

    @property
    def plan_file(self):
        return self.folder / PLAN

    def result_folder(self, index):
        """Where all of a member's result goes, None where only its spectra are kept."""
        return str(self.folder / MEMBERS / f"{index:04d}") if self.manner.keep else None

    def _clear(self):
        """Members of an earlier sweep go, nothing else; its dataset stays until there is another, but for one of this plan."""
        if finished(self.folder):
            (self.folder / DATASET).unlink()
        for path in (self.folder / MEMBERS).glob("*"):
            if path.is_dir() and path.name.isdigit():
                shutil.rmtree(path)
            elif path.name.endswith((".nc", ".nc.part")):
                path.unlink()

    def _forget_failures(self):
        """Members that failed are not done, of a finished sweep either; ResultError where those done are no longer there."""
        done = self.recorded()
        if finished(self.folder):
            if len(done) < len(self.plan.members):
                raise ResultError(f"{self.folder}: its single members are gone, none can be solved again; start with --force")
            (self.folder / DATASET).unlink()
        for outcome in done.values():
            if not outcome.solved:
                self._file(outcome.index).unlink()

    def _write_plan(self):
        data = {"crstream_file": "sweep plan", "version": PLAN_VERSION, "crstream": provenance.package_version("crstream"),
                **asdict(self.manner), "plan": self.plan.to_dict(), "begun": self.plan.record}
        storage.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", self.plan_file)

    # ---- members -----------------------------------------------------------------------------------------------------

    def record(self, outcome):
        """Keep what came of a member, whole or not at all; ResultError where it cannot be written."""
        tree = xr.DataTree(xr.Dataset() if outcome.spectra is None else outcome.spectra)
        tree.attrs = {"crstream_file": "sweep member", "crstream_file_version": storage.FORMAT_VERSION,
                      "crstream_variables": " ".join(tree.data_vars), "plan": self.plan.digest, "member": outcome.index,
                      "status": outcome.status, "reason": outcome.reason, "seconds": outcome.seconds,
                      "warm": int(outcome.warm), **{name: getattr(outcome, name) for name in COUNTS}}
        storage.write(tree, self._file(outcome.index))

    def recorded(self):
        """index -> Outcome of the members that are done; what is damaged is not done.

        ResultError for a member of another sweep, or written by a version with another layout.
        """
        return read_members(self.folder, self.plan)

    def finish(self, dataset):
        """Write the dataset, then remove what it is made of, unless failed members are to be solved again (`again`)."""
        path = storage.write(xr.DataTree(dataset), self.folder / DATASET)
        if (dataset.status == "failed").any():
            return path
        folder = self.folder / MEMBERS
        for file in [*folder.glob("*.nc"), *folder.glob(".*.nc.part")]:
            file.unlink(missing_ok=True)
        with suppress(OSError):                                            # results may be kept in there
            folder.rmdir()
        return path

    def _file(self, index):
        return self.folder / MEMBERS / f"{index:04d}.nc"


def read_members(folder, plan):
    """index -> Outcome of the members recorded in a folder (see Store.recorded)."""
    out = {}
    for path in sorted((Path(folder) / MEMBERS).glob("*.nc")):
        if not path.is_file():
            continue
        try:
            tree = storage.read(path, kinds=("sweep member",))
        except ResultError as error:
            if "file layout" in str(error):
                raise
            continue
        try:
            outcome = _outcome(tree)
        except (KeyError, TypeError, ValueError):
            continue
        if tree.attrs.get("plan") != plan.digest or not 0 <= outcome.index < len(plan.members):
            raise ResultError(f"{path}: belongs to another sweep than {PLAN}; remove it, or start again with --force")
        out[outcome.index] = outcome
    return out


def _outcome(tree):
    """What the file of a member holds; KeyError, TypeError or ValueError where that makes no sense."""
    attrs, spectra = tree.attrs, tree.to_dataset() if tree.data_vars else None
    return Outcome(int(attrs["member"]), str(attrs["status"]), str(attrs["reason"]), seconds=float(attrs["seconds"]),
                   warm=bool(attrs["warm"]), spectra=spectra, **{name: int(attrs[name]) for name in COUNTS})


def read_dataset(path):
    """The dataset of a finished sweep; ResultError says what is wrong with it otherwise."""
    return storage.read(path, kinds=("sweep",)).to_dataset()
