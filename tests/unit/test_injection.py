"""Sources of a deck: what tables, schedules and parents beyond the grid make of spectra, against closed formulas."""

import numpy as np
import pytest

import solver
from solver.constants import KPC

SLOPE, CUT = 4.3, 3e4
AT = np.concatenate([[0.05, 1e2, 1e4], np.geomspace(2e4, 1.5e6, 40)])  # GV
Q = 1e-6 * AT**-SLOPE * np.maximum(np.exp(-AT / CUT), 1e-60)


def table(values=Q):
    return {"type": "table", "rigidity": [f"{R!r} GV" for R in AT.tolist()],
            "Q": [f"{q!r} cm-2 s-1 GeV-3" for q in values.tolist()]}  # fmt: skip


def power_law(**more):
    return {"type": "power_law", "amplitude": "1e-6 cm-2 s-1 GeV-3", "slope": SLOPE, **more}


def deck(species, layer=None, **changes):
    scattering = {"scattering": [{"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.5}]}
    raw = {
        "grid": {"z_max": "4 kpc", "z_cells": 8, "rigidity_min": "1 GV", "rigidity_max": "1e6 GV", "rigidity_cells": 60},
        "physics": {"adiabatic": False},
        "species": species,
        "disc": {"losses": "none"},
        "layer": [{"top": "4 kpc", **(layer or scattering)}],
        "time": {"method": "direct"},
    }
    return solver.Deck.from_dict(raw | changes)


def test_secondaries_of_a_source_that_is_cut_off_do_not_know_it_far_below():
    """Far below the cut-off B/C is that of the power law.

    Interpolation errs by Δx²/8 (s − s₀)² for the slope s of f R^s₀, s up to 1.5 from s₀, which for the table is up to 0.1 off:
    Δx²/4 × 1.5 × 0.1 = 2e-3 apart.
    """
    boron = {"source": {"type": "spallation", "parent": "carbon", "cross_section": "60 mbarn"}}
    ratios = [solver.run(deck({"carbon": {"source": source}, "boron": boron})).dataset.boron_to_carbon
              for source in (table(), power_law())]  # fmt: skip
    np.testing.assert_allclose(*(ratio.sel(rigidity=slice(None, 80.0)) for ratio in ratios), rtol=2e-3)


def test_streaming_from_a_source_that_is_cut_off():
    """f = (3/v) ∫ Q d ln R (eq. 3), of power laws between the table's points; Δx²/24 of its curvature and Δx² 3/8 at a bend."""
    streaming = {"streaming": {"type": "given", "v": "50 km/s"}, "self_confined": True}
    made = deck({"proton": {"source": table()}}, streaming, physics={"causal_limit": False})
    data = solver.run(made).dataset.sel(rigidity=slice(None, 1e3))
    steep = -np.diff(np.log(Q)) / np.diff(np.log(AT))
    parts = -np.diff(Q) / steep
    above = np.append(np.cumsum(parts[::-1])[::-1], 0.0)
    R = data.rigidity.values
    k = np.searchsorted(AT, R, side="right") - 1
    wanted = 3.0 / 50e5 * ((np.exp(np.interp(np.log(R), np.log(AT), np.log(Q))) - Q[k + 1]) / steep[k] + above[k + 1])
    dx = np.log(10.0) / 10.0
    np.testing.assert_allclose(data.f.values[0, 0], wanted, rtol=0.375 * dx**2 * 0.1)  # a tenth at most enters above 1 TV


@pytest.mark.parametrize("method", ["direct", "march"])
def test_steady_state_of_a_source_that_is_switched_on_later(method):
    later = {"schedule": {"type": "switch", "on": "5 Myr"}}
    both = [{"proton": {"source": power_law()}, "helium4": {"source": power_law(**more)}} for more in ({}, later)]
    always, switched = (solver.run(deck(species, time={"method": method})).dataset for species in both)
    np.testing.assert_array_equal(always.f, switched.f)
    np.testing.assert_array_equal(always.source, switched.source)
    assert (switched.f.values[1, 0] > 0.0).all()


def test_parents_beyond_the_grid_have_their_own_slope_not_that_of_their_source():
    """A grid of two decades has the secondaries of one of four, up to what the slope of κ ∝ β R^δ changes within 0.5 of ln R.

    That is 1/(γ² − 1) = 0.035 of carbon at 10 GV; half of 0.5 × 0.3 of it is 3e-3, and as much again for 1/κ = 1/κ + 1/(β c z).
    """
    species = {"carbon": {"source": power_law()},
               "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "60 mbarn"}},
               "helium3": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "60 mbarn",
                                      "conserves": "rigidity"}}}  # fmt: skip
    grid = {"z_max": "4 kpc", "z_cells": 8, "rigidity_min": "10 GV", "rigidity_max": "1e3 GV", "rigidity_cells": 20}
    wider = grid | {"rigidity_min": "1 GV", "rigidity_max": "1e4 GV", "rigidity_cells": 40}
    near, far = (solver.run(deck(species, grid=g)).dataset for g in (grid, wider))
    np.testing.assert_allclose(near.f.values[:, 0], far.f.values[:, 0, 10:31], rtol=6e-3)


def test_start_from_a_file_goes_on_beyond_its_rigidities_as_the_power_law_it_has(tmp_path):
    grid = {"z_max": "4 kpc", "z_cells": 8, "rigidity_min": "10 GV", "rigidity_max": "1e3 GV", "rigidity_cells": 20}
    old = solver.run(deck({"proton": {"source": power_law()}}, grid=grid), out=tmp_path / "old")
    wider = grid | {"rigidity_min": "1 GV", "rigidity_max": "1e4 GV", "rigidity_cells": 37}
    start = {"type": "file", "path": str(tmp_path / "old" / "result.nc")}
    made = deck({"proton": {"source": power_law()}}, grid=wider, initial=start, time={"end": "1 yr"})
    f, R = solver.run(made).dataset.f.values[0, 0], made and solver.Model(made).grid.R
    wanted = float(old.dataset.f[0, 0, 0]) * (R / 10.0) ** -(SLOPE + 0.5)
    np.testing.assert_allclose(f, wanted, rtol=0.15)  # β < 1 below 10 GV: κ is less by up to 1.37 at 1 GV, where f grows on


def test_profile_of_the_speed_is_that_of_streaming_and_wind_alike():
    profile = {"profile": {"z0": "1 kpc", "v": 1.0}, "scattering": [{"type": "given", "kappa": "1e28 cm2 s-1"}]}
    layers = {"wind": "20 km/s", **profile}, {"streaming": {"type": "given", "v": "20 km/s"}, "self_confined": False, **profile}
    models = [solver.Model(deck({"proton": {"source": power_law()}}, layer)) for layer in layers]
    z = np.array([0.3, 1.0, 2.5]) * KPC
    for model in models:
        np.testing.assert_allclose(model.at(z).v, 20e5 * np.array([1.0, 1.0, 2.5]), rtol=1e-14)
