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

from . import observables, provenance, storage
from .constants import KPC
from .deck.layers import layer_name
from .errors import DataError, Fault, ResultError
from .labels import BUDGET, COEFFICIENTS, FIELDS, FR, HISTORY, SR, SZR, check_labels, named
from .particles import beta, kinetic_energy, momentum

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
        root = _root(model, {"f": f, "flux": flux, "kappa": kappa}, time or 0.0)
        if {5, 6} <= {nucleus.Z for nucleus in model.species}:
            root["boron_to_carbon"] = observables.ratio(root, 5, 6)
        groups = {"/": root, "history": partial(_history, history, root.sizes["species"])}
        if budget:
            groups["budget"] = xr.Dataset({
                name: (SR, _shaped(name, values, root.sizes, SR), named(FIELDS["flux"][1], BUDGET.get(name, name)))
                for name, values in budget.items()
            })
        if snapshots:
            groups["snapshots"] = xr.Dataset(
                {"f": (("time", *SZR), np.asarray(snapshots["f"], float), named(*FIELDS["f"][1:]))},
                coords={"time": ("time", np.asarray(snapshots["t"], float), named("s", "time"))})
        if restart is not None:
            groups["restart"] = _restart(restart)
        _describe(root, "result", model, attrs, provenance)
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
        """This result beside measurements (solver.confront.Confrontation, which has the options).

        data: a folder or file of tables, by default the one that is configured.  DataError where there is none.
        """
        from .confront import confront
        from .measurements import HOW_TO_GET, find

        catalogue = find(data)
        if catalogue is None:
            raise DataError([Fault("data", "", HOW_TO_GET, "")])
        return confront(self, catalogue, **options)

    # ---------------- what can be done with it

    def with_error(self, error):
        """A new result that carries `error` (solver.study.richardson_error): group /error, and J_error,
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
    """Coefficients, sources, loss times and microphysics of a model, nothing solved; `write(path)` stores them."""
    from .microphysics import microphysics

    details = microphysics(model)
    root = _root(model, {})
    _describe(root, "coefficients", model, {"status": "not solved"}, provenance)
    return Result({"/": root, "microphysics": details.drop_vars(("z_face", "rigidity"))})._knowing(model=model)


def open_coefficients(path):
    """What build_coefficients wrote, or the coefficients of a result."""
    return _read(path, kinds=("coefficients", "result"))


def _read(path, **kinds):
    tree = storage.read(path, **kinds)
    check_labels(tree, path)
    groups = {name: node.to_dataset(inherit=False) for name, node in tree.children.items()}
    return Result({"/": tree.to_dataset(), **groups}, path)


# ---------------- building

def _shaped(name, values, sizes, dims):
    values = np.asarray(values, float)
    shape = tuple(sizes[d] for d in dims)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, {dims} is {shape}")
    return values


def _root(model, fields, time=0.0):
    """Coordinates, coefficients and the given fields, with f what it is at the disc at a time (s).

    Made at once: to add one by one takes xarray longer than a small problem takes to be solved.
    """
    grid, names, nuclei = model.grid, list(model.names), model.species
    z, R = np.asarray(grid.z) / KPC, np.asarray(grid.R)
    z_face = np.asarray(grid.z_face) / KPC
    sizes = {"species": len(names), "z": len(z), "z_face": len(z_face), "rigidity": len(R)}
    edge = np.exp(0.5 * np.log(R[-1] / R[0]) / (len(R) - 1))
    up, nuclear_energy = {"axis": "Z", "positive": "up"}, [kinetic_energy(R, n) for n in nuclei]
    coordinates = {
        "species": ("species", names, {"long_name": "nucleus"}),
        "z": ("z", z, named("kpc", "height above the disc, nodes") | up | {"bounds": "z_bounds"}),
        "z_face": ("z_face", z_face, named("kpc", "height above the disc, faces between nodes")),
        "rigidity": ("rigidity", R, named("GV", "rigidity") | {"bounds": "rigidity_bounds"}),
        "charge": ("species", [n.Z for n in nuclei], named("1", "charge number Z")),
        "mass_number": ("species", [n.A for n in nuclei], named("1", "mass number A")),
        "mass": ("species", [float(n.mass) for n in nuclei], named("GeV", "rest mass")),
        "momentum": (SR, np.array([momentum(R, n) for n in nuclei]), named("GeV", "momentum p c = Z R")),
        "kinetic_energy": (SR, np.array(nuclear_energy), named("GeV", "kinetic energy of the nucleus")),
        "beta": (SR, np.array([beta(R, n) for n in nuclei]), named("1", "particle speed over that of light")),
    }
    variables = {
        "z_bounds": (("z", "bnds"), np.stack([np.append(z[0], z_face), np.append(z_face, z[-1])], axis=1)),
        "rigidity_bounds": (("rigidity", "bnds"), np.stack([R / edge, R * edge], axis=1)),
    }
    for name, (dims, units, long_name) in FIELDS.items():
        if name in fields:
            variables[name] = (dims, _shaped(name, fields[name], sizes, dims), named(units, long_name))
    if "f" in fields:
        variables |= _at_the_disc(model, variables["f"][1], time, coordinates)
    for name, (dims, units, long_name) in COEFFICIENTS.items():
        values = _shaped(name, _coefficient(model, name), sizes, dims)
        variables[name] = (dims, values.astype("i1") if name == "self_confined" else values, named(units, long_name))
    if model.others:
        powers = sorted(model.others)
        meaning = named("1", "m of nonlinear damping ∝ (dB/B)^(2m) other than m = 1")
        coordinates["damping_power"] = ("damping_power", powers, meaning)
        Y = np.stack([_shaped("Y", model.others[m], sizes, FR) for m in powers])
        variables["Y"] = (("damping_power", *FR), Y, named(
            "cm((2m-2)/(1+m)) GeV(-3/(1+m)) s-1", "nonlinear damping, kappa = Y |df/dz|^(-1/(1+m)) (Sec. 6.1)"))
    disc, layers = model.deck.disc, model.deck.layer
    names = [layer_name(layer, i) for i, layer in enumerate(layers)]
    tops = [float(layer.top) / KPC for layer in layers]
    variables |= {
        "disc_half_thickness": ((), float(disc.half_thickness), named("cm", "half-thickness of the disc")),
        "disc_density": ((), float(disc.density), named("cm-3", "gas density of the disc")),
        "layer": ("layer", names),
        "layer_top": ("layer", tops, named("kpc", "upper edge of the layer")),
    }
    return xr.Dataset(variables, coordinates)


def _coefficient(model, name):
    """One coefficient as an array; kappa_extrinsic is that of protons, whichever species the deck has."""
    if name == "kappa_extrinsic":
        return model.kappa_extrinsic[0] / model.speed_ratio[0]
    return getattr(model, name)


def _at_the_disc(model, f, time, coordinates):
    """Total source at the time reached and intensities, variables by name; f (species, z, R)."""
    f0 = f[:, 0]
    time = np.nextafter(time, -np.inf) if time > 0.0 else time  # a step that ends at a switch belongs to the time before it
    source = np.asarray(model.Q) * np.asarray(model.schedule(time))[:, None]
    if model.external is not None:
        source = source + model.external(time)[0]
    for link in model.spallation:
        source[link.child] += float(model.deck.disc.half_thickness) * (link.weights @ f0[link.parent])
    p, Z, speed = (np.asarray(coordinates[name][1]) for name in ("momentum", "charge", "beta"))
    J = observables.intensity(f0, p, Z[:, None], speed)
    return {
        "source": (SR, source, named("cm-2 s-1 GeV-3", "source per side of the disc, primary and by spallation")),
        "J": (SR, J, named(*observables.OBSERVABLES["J"])),
    }


def _history(history, species):
    """(steps,) or (steps, species) per variable; any other second axis gets a name of its own."""
    variables = {}
    for name, values in history.items():
        values = np.array([np.nan if v is None else v for v in values])
        per_species = values.shape[1:] == (species,)
        rest = ["species"] if per_species else [f"{name}_{i}" for i in range(1, values.ndim)]
        variables[name] = (("step", *rest), values, named(*HISTORY.get(name, ("1", name.replace("_", " ")))))
    return xr.Dataset(variables)


def _restart(data):
    """What makes a group with arrays as variables that have axes of their own, everything else as JSON in one attribute."""
    variables, values = {}, {}
    for name, value in data.items():
        if isinstance(value, np.ndarray) and value.ndim:
            if value.dtype.kind not in "fiub" or "/" in name:
                raise ValueError(f"restart data {name!r}: arrays of {value.dtype} under this name cannot be stored")
            variables[name] = ([f"{name}_{i}" for i in range(value.ndim)], value)
        else:
            values[name] = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    try:
        return partial(xr.Dataset, variables, attrs={"values": json.dumps(values)})
    except TypeError as error:
        raise ValueError(f"restart data: {error}") from error


def _describe(root, kind, model, attrs, extra):
    """Give the root its attributes; files of coefficients differ only in their kind."""
    deck = model.deck
    root.attrs = {
        "crstream_file": kind,
        "crstream_file_version": storage.FORMAT_VERSION,
        "crstream_variables": " ".join(map(str, root.variables)),
        "title": deck.title or deck.problem or "",
        **attrs,
        "deck": deck.to_json(),
        "problem": deck.problem or "",
        "source": f"crstream {provenance.package_version('crstream')}",
        "adiabatic": int(deck.physics.adiabatic),
        "causal_limit": int(deck.physics.causal_limit),
        **({"warnings": "\n".join(model.warnings)} if model.warnings else {}),
    } | provenance.describe(extra)
