"""Results: one labelled tree per run.

/            f, flux, kappa, coefficients and observables on (species, z | z_face, rigidity), provenance as attributes
/history     one row per accepted step
/budget      per species and rigidity: what is injected, escapes, is lost and stored (of a result it is made when asked for)
/snapshots   f at the times asked for (when given)
/error       estimated numerical errors (when made)
/microphysics  plasma, damping by process, growth, p_c (in files of coefficients; of a result it is made when asked for)
/restart     what the march needs to go on bit by bit (when given)
"""

import json
from functools import cached_property, partial

import numpy as np
import xarray as xr

from . import observables, storage
from .errors import ResultError
from .groups import budget_of, describe, history_of, restart_of, root_of, snapshots_of
from .labels import SR, SZR, check_labels, named

KNOWN = ("deck", "model", "exact")     # what a result rebuilds on demand and hands on to a copy


class Result:
    """A solution with its coefficients, observables, history and provenance.

    `dataset` is the root group, `status` "steady", "end time" or "failed: …", `history` one row per step; `deck` and
    `model` are rebuilt from the stored deck when asked for.  Results are not changed: `with_error` returns a new one.
    """

    def __init__(self, groups, path=None):
        """groups: Datasets by the name of their group, the root being "/", the others also as functions that make them, which
        takes xarray a while and is not always asked for; path: the file they are from."""
        self.groups, self.path = groups, path

    @classmethod
    def build(cls, model, f, flux, kappa, history=None, status="", restart=None, provenance=None, *,
              budget=None, snapshots=None, time=None):
        """Label arrays: f (species, z, R), flux and kappa (species, face, R) in the solver's units.

        history: name -> (steps,) or (steps, species); restart: name -> array, or anything JSON can hold;
        provenance: attributes that add to versions and revision; budget: name -> (species, R) in cm^-2 s^-1 GeV^-3 per
        side; snapshots: {"t": (times,) in s, "f": (times, species, z, R)}; time: the time reached in s, else the last
        of history["t"].  Raises ValueError for arrays of the wrong shape.
        """
        attrs = {"status": status}
        history = dict(history or {})
        if time is None and np.size(history.get("t", ())):
            time = float(np.asarray(history["t"])[-1])
        if time is not None:
            attrs["time_reached"] = float(time)                               # s
        root = root_of(model, {"f": f, "flux": flux, "kappa": kappa}, time or 0.0)
        if {5, 6} <= {nucleus.Z for nucleus in model.species}:
            root["boron_to_carbon"] = observables.ratio(root, 5, 6)
        groups = {"/": root, "history": partial(history_of, history, root.sizes["species"])}
        if budget:
            groups["budget"] = budget_of(budget, root)
        if snapshots:
            groups["snapshots"] = snapshots_of(snapshots)
        if restart is not None:
            groups["restart"] = restart_of(restart)
        describe(root, "result", model, attrs, provenance)
        return cls(groups)._knowing(deck=model.deck, model=model)

    # ---------------- what is inside

    @property
    def dataset(self):
        """The root group as an xarray Dataset."""
        return self.groups["/"]

    @property
    def attrs(self):
        """The attributes of the root: status, deck, warnings, versions, …"""
        return self.dataset.attrs

    @property
    def tree(self):
        """All groups as an xarray DataTree, as in the file."""
        return xr.DataTree.from_dict({name: self._made(name) for name in self.groups})

    @property
    def status(self):
        return self.attrs.get("status", "")

    @property
    def time(self):
        """Time reached in s, None for a state that was found without steps."""
        return self.attrs.get("time_reached")

    @cached_property
    def history(self):
        return self._group("history")

    @cached_property
    def budget(self):
        """Rates per species and rigidity at the time reached; made from the fields where the run did not give them."""
        return self._group("budget") or observables.budget(self.dataset, self._rate())

    def _rate(self):
        """∂f/∂t at the end of a transient, (species, z, rigidity); nan where it is not known, as right at a switch."""
        if self.status != "end time":
            return None
        shape, stored = self.dataset.f.shape, self._group("restart")
        if stored is None or not {"rate", "F"} <= set(stored.data_vars):
            return np.full(shape, np.nan)
        rate = (stored["rate"].values * stored["F"].values[:, :, None]).transpose(0, 2, 1)
        return np.pad(rate, [(0, 0), (0, shape[1] - rate.shape[1]), (0, 0)])  # what is given at the top does not change

    @cached_property
    def snapshots(self):
        return self._group("snapshots")

    @cached_property
    def error(self):
        """Estimated numerical errors, None where none were made."""
        return self._group("error")

    @cached_property
    def microphysics(self):
        """Plasma, damping by process, growth and cutoff on faces (solver.microphysics), with the waves of the solution."""
        from .microphysics import microphysics

        return self._group("microphysics") or microphysics(self.model, self.dataset)

    @cached_property
    def observables(self):
        """Everything solver.observables.observe makes of this result."""
        return observables.observe(self.dataset)

    @cached_property
    def restart(self):
        """The restart data as given to `build`: arrays bit by bit, the rest as JSON gives it back."""
        group = self._group("restart")
        if group is None:
            raise ResultError(f"{self.path or 'this result'}: holds no restart data")
        try:
            values = json.loads(group.attrs["values"])
            return {str(name): group[name].values for name in group.data_vars} | values
        except (KeyError, ValueError, TypeError, RecursionError):
            raise ResultError(f"{self.path or 'this result'}: its restart data is damaged") from None

    @cached_property
    def deck(self):
        from .deck import Deck

        where = "stored deck" if self.path is None else f"the deck stored in {self.path}"
        return Deck.from_json(self.attrs["deck"], where)

    @cached_property
    def model(self):
        from .model import Model

        return Model(self.deck)

    @cached_property
    def exact(self):
        """The problem's exact solution on this grid and at this time (solver.exact.Exact), None where there is none."""
        from .compare import exact_solution

        return exact_solution(self)

    @property
    def plot(self):
        """Figures: result.plot.spectrum(), .profiles(), .kappa(), .budget(), .history(), …"""
        from .figures.results import Plotter

        return Plotter(self)

    def compare(self):
        """Errors against the problem's exact solution (solver.compare.Comparison)."""
        from .compare import compare

        return compare(self)

    def confront(self, data=None, **options):
        """This result beside measurements (solver.confront.confront, which has the options)."""
        from .confront import confront

        return confront(self, data, **options)

    # ---------------- what can be done with it

    def with_error(self, error):
        """A new result that carries `error` (solver.richardson.richardson_error): group /error, and J_error,
        boron_to_carbon_error beside the spectra."""
        root = self.dataset.copy()
        J_error = error.spectrum.values * np.abs(root.J.values)
        root["J_error"] = (SR, J_error, named(root.J.units, "numerical error of J"))
        root.J.attrs["ancillary_variables"] = "J_error"
        if "boron_to_carbon" in error and "boron_to_carbon" in root:
            values = error.boron_to_carbon.values * np.abs(root.boron_to_carbon.values)
            root["boron_to_carbon_error"] = ("rigidity", values, named("1", "numerical error of boron_to_carbon"))
            root.boron_to_carbon.attrs["ancillary_variables"] = "boron_to_carbon_error"
        groups = self.groups | {"/": root, "error": error.drop_vars(list(error.coords))}
        known = {name: self.__dict__[name] for name in KNOWN if name in self.__dict__}
        return Result(groups, self.path)._knowing(**known)

    def save(self, folder, name=storage.RESULT_NAME):
        """Write folder/name atomically; returns the path.  ResultError where that cannot be done, or for the name of a file."""
        if storage.path_of(folder).suffix == ".nc":
            raise ResultError(f"{folder}: save wants the folder of a run; write(path) makes a file of any name")
        return self.write(f"{folder}/{name}")

    def write(self, path):
        """Write to `path` atomically; returns the path."""
        self.path = storage.write(self.tree, path)
        return self.path

    def __repr__(self):
        sizes = " × ".join(f"{n} {name}" for name, n in self.dataset.sizes.items() if name in SZR)
        return f"<crstream result: {self.attrs.get('title', '')!r}, {sizes}, {self.status or 'no status'}>"

    def _knowing(self, **values):
        """This result with some of its lazily made properties known from the start."""
        self.__dict__.update(values)
        return self

    def _group(self, name):
        """A group with the axes of the root, None where there is none."""
        if name not in self.groups:
            return None
        return self._made(name).assign_coords({axis: self.dataset[axis] for axis in self.dataset.indexes})

    def _made(self, name):
        """The Dataset of a group."""
        group = self.groups[name]
        if not isinstance(group, xr.Dataset):
            group = self.groups[name] = group()
        return group


def open_result(path):
    """The Result in a file, or in the result.nc of a folder; ResultError says what is wrong with it otherwise."""
    return _read(path)


def build_coefficients(model, provenance=None):
    """Coefficients, sources, loss times and microphysics, nothing solved; `write(path)` stores them.

    model: a Model, or anything that one is made from.
    """
    from .microphysics import microphysics
    from .model import Model

    model = model if hasattr(model, "medium") else Model(model)
    details = microphysics(model)
    root = root_of(model, {})
    describe(root, "coefficients", model, {"status": "not solved"}, provenance)
    return Result({"/": root, "microphysics": details.drop_vars(("z_face", "rigidity"))})._knowing(model=model)


def open_coefficients(path):
    """What build_coefficients wrote, or the coefficients of a result."""
    return _read(path, kinds=("coefficients", "result"))


def _read(path, **kinds):
    tree = storage.read(path, **kinds)
    check_labels(tree, path)
    groups = {name: node.to_dataset(inherit=False) for name, node in tree.children.items()}
    return Result({"/": tree.to_dataset(), **groups}, path)
