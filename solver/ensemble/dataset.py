"""The members of a sweep as one dataset: the varied keys as coordinates, spectra on the rigidities of the deck itself."""

import json

import numpy as np
import xarray as xr

from solver import provenance, storage
from solver.labels import named
from solver.richardson import at_rigidities
from solver.transport.grid import rigidities

from .members import Outcome

NOT_RUN = "not run"
COUNTS = {"iterations": "Newton iterations", "krylov": "Krylov iterations", "steps": "accepted steps"}


def assemble(plan, outcomes):
    """One dataset of all members: parameters as coordinates, spectra on the rigidities of the deck itself.

    A member on another grid of rigidities is interpolated (ln in ln R), nan outside its range; what failed or was not run is
    nan, with its `status` and `reason`.
    """
    shape, dims, grid = plan.shape, plan.dims, plan.deck.grid
    R = rigidities(float(grid.rigidity_min), float(grid.rigidity_max), grid.rigidity_cells)
    solved = [outcome.spectra for outcome in outcomes.values() if outcome.solved]
    species = list(dict.fromkeys(str(name) for each in solved for name in each.species.values)) or list(plan.deck.species)
    root = xr.Dataset(coords=_coordinates(plan, species, R))
    template = {name: variable for each in reversed(solved) for name, variable in each.data_vars.items()}
    for name in sorted(template, key=list(solved[0].data_vars).index) if solved else ():
        inner = template[name].dims
        sizes = {"species": len(species), "rigidity": len(R)}
        values = np.full((len(plan.members), *(sizes[d] for d in inner)), np.nan)
        for index, outcome in outcomes.items():
            if outcome.solved and name in outcome.spectra:
                values[index] = _placed(outcome.spectra[name], species, R)
        root[name] = ((*dims, *inner), values.reshape(*shape, *values.shape[1:]), dict(template[name].attrs))
    members = [outcomes.get(i, Outcome(i, NOT_RUN)) for i in range(len(plan.members))]
    root["status"] = (dims, np.array([each.status for each in members], object).reshape(shape), {"long_name": "status"})
    root["reason"] = (dims, np.array([each.reason for each in members], object).reshape(shape),
                      {"long_name": "why the member failed, empty where it did not"})
    for name, text in COUNTS.items():
        root[name] = (dims, np.array([getattr(each, name) for each in members]).reshape(shape), named("1", text))
    root["seconds"] = (dims, np.array([each.seconds for each in members]).reshape(shape), named("s", "wall-clock time"))
    root["warm"] = (dims, np.array([each.warm for each in members], "i1").reshape(shape),
                    named("1", "1 where Newton began from the state of another member"))
    root.attrs = {"crstream_file": "sweep", "crstream_file_version": storage.FORMAT_VERSION,
                  "crstream_variables": " ".join(root.data_vars), "title": plan.deck.title or plan.deck.problem or "",
                  "status": _status(members), "plan": plan.digest, "deck": plan.deck.to_json(), "keys": json.dumps(plan.keys),
                  "values": json.dumps(plan.values)} | provenance.describe()
    if plan.latin:
        root.attrs["seed"] = plan.seed
    return root


def _status(members):
    failed = sum(each.status == "failed" for each in members)
    waiting = sum(each.status == NOT_RUN for each in members)
    parts = [f"{failed} failed"] * bool(failed) + [f"{waiting} not run"] * bool(waiting)
    return f"{len(members)} members" + (f", {', '.join(parts)}" if parts else "")


def _coordinates(plan, species, R):
    out = {"species": ("species", species, {"long_name": "nucleus"}),
           "rigidity": ("rigidity", R, named("GV", "rigidity"))}
    if plan.latin:
        out["member"] = ("member", np.arange(len(plan.members)), named("1", "member of the Latin hypercube"))
    for key, (values, attrs) in plan.coordinates().items():
        out[key] = ("member" if plan.latin else key, values, attrs)
    return out


def _placed(variable, species, R):
    """A variable (species, rigidity), or with one of these dimensions, on the species and rigidities of the dataset."""
    if "rigidity" in variable.dims and not np.array_equal(variable.rigidity.values, R):
        variable = interpolated(variable, R)
    if "species" in variable.dims:
        variable = variable.reindex(species=species)
    return variable.values


def interpolated(variable, R):
    """The variable at rigidities R, nan outside its own; linear instead of a spline where it has gaps."""
    own = variable.rigidity.values
    inside = (own[0] * (1 - 1e-9) <= R) & (own[-1] * (1 + 1e-9) >= R)
    values = np.full((*variable.shape[:-1], len(R)), np.nan)
    for index in np.ndindex(variable.shape[:-1]) if inside.any() else ():
        row = variable.values[index]
        values[(*index, inside)] = (at_rigidities(row, own, R[inside]) if np.isfinite(row).all() else
                                    np.interp(np.log(R[inside]), np.log(own), row))
    coords = {name: c for name, c in variable.coords.items() if name != "rigidity"}
    return xr.DataArray(values, dims=variable.dims, coords=coords | {"rigidity": R}, attrs=variable.attrs)
