"""Arrays → the labelled groups of a result file, and the attributes that say what it is and where it came from."""

import json
from functools import partial

import numpy as np
import xarray as xr

from . import observables, provenance, storage
from .constants import KPC
from .deck.layers import layer_name
from .labels import BUDGET, COEFFICIENTS, FIELDS, FR, HISTORY, SR, SZR, named
from .particles import beta, kinetic_energy, momentum


def _shaped(name, values, sizes, dims):
    values = np.asarray(values, float)
    shape = tuple(sizes[d] for d in dims)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, {dims} is {shape}")
    return values


def root_of(model, fields, time=0.0):
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


def history_of(history, species):
    """(steps,) or (steps, species) per variable; any other second axis gets a name of its own."""
    variables = {}
    for name, values in history.items():
        values = np.array([np.nan if v is None else v for v in values])
        per_species = values.shape[1:] == (species,)
        rest = ["species"] if per_species else [f"{name}_{i}" for i in range(1, values.ndim)]
        variables[name] = (("step", *rest), values, named(*HISTORY.get(name, ("1", name.replace("_", " ")))))
    return xr.Dataset(variables)


def budget_of(budget, root):
    """(species, rigidity) per term."""
    return xr.Dataset({name: (SR, _shaped(name, values, root.sizes, SR), named(FIELDS["flux"][1], BUDGET.get(name, name)))
                       for name, values in budget.items()})


def snapshots_of(snapshots):
    """f at some times."""
    return xr.Dataset({"f": (("time", *SZR), np.asarray(snapshots["f"], float), named(*FIELDS["f"][1:]))},
                      coords={"time": ("time", np.asarray(snapshots["t"], float), named("s", "time"))})


def restart_of(data):
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


def describe(root, kind, model, attrs, extra):
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
