"""What a result says of itself where its state can be trusted less than its numbers show."""

import pytest

import solver

HALO = {
    "grid": {"z_max": "5 kpc", "z_cells": 12, "rigidity_min": "1 GV", "rigidity_max": "100 GV", "rigidity_cells": 12},
    "species": {"proton": {"source": {"type": "power_law", "slope": 4.3, "amplitude": "3e-8 cm-2 s-1 GeV-3"}}},
    "time": {"method": "direct"},
}
DIFFUSION = {"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.5}


def warnings(**changes):
    return solver.run(solver.Deck.from_dict(HALO | changes)).attrs.get("warnings", "")


def layers(below, above):
    winds = (("1 kpc", below), ("5 kpc", above))
    return [{"top": top, "wind": f"{v} km/s", "scattering": [DIFFUSION]} for top, v in winds]


def test_spectra_fed_from_below_the_grid_are_named_with_the_remedy():
    said = warnings(layer=layers(60, 20))
    for part in ("proton", "below the grid", "R^-4.3", "grid.rigidity_min"):
        assert part in said


@pytest.mark.parametrize("changes", [
    {"layer": layers(20, 60)},
    {"layer": layers(60, 20), "boundary": {"momentum": "zero"}},
    {"layer": layers(60, 20), "physics": {"adiabatic": False}},
])  # fmt: skip
def test_nothing_is_said_where_nothing_comes_from_there(changes):
    assert warnings(**changes) == ""


def test_streaming_against_the_gradient_is_named_where_it_is():
    """f given at the top only and lost in the disc: it rises with height everywhere, and v = v_A sgn z does not turn round."""
    streams = [{"name": "halo", "top": "5 kpc", "streaming": {"type": "given", "v": "20 km/s"}, "scattering": [DIFFUSION],
                "damping": [{"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3", "slope": -3.0}]}]  # fmt: skip
    top = {"top": {"type": "value", "f": {"amplitude": "1e-15 cm-3 GeV-3", "slope": 4.5}}}
    said = warnings(layer=streams, boundary=top, species={"proton": {}})
    for part in ('layer "halo"', "rises with height within R = 1-100 GV"):
        assert part in said
    assert warnings(layer=streams) == ""


SATURATED = {"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3", "slope": -4.5}


@pytest.mark.parametrize(("changes", "open_"), [
    ({}, True),
    ({"time": {"method": "march"}}, True),
    ({"time": {"end": "1 Myr"}}, False),  # what a start leaves is determined
    ({"layer": [{"top": "5 kpc", "self_confined": True, "streaming": {"type": "given", "v": "1 km/s"},
                 "damping": [SATURATED]}]}, False),
    ({"layer": [{"top": "5 kpc", "self_confined": True, "streaming": {"type": "none"},
                 "damping": [SATURATED], "scattering": [DIFFUSION]}]}, False),
    ({"layer": [{"top": "5 kpc", "self_confined": True, "streaming": {"type": "none"},
                 "damping": [SATURATED, {"type": "given_X", "X": "1e-3 GeV(-3/2) s-1", "slope": -2.0}]}]}, False),
])
def test_a_profile_that_the_flux_leaves_open_is_named(changes, open_):
    """Lost in the disc, fed from the top: S is what flows, and every profile between f there and at the disc carries it."""
    deck = {
        "species": {"proton": {}}, "physics": {"causal_limit": False},
        "disc": {"losses": "flux", "half_thickness": "100 pc",
                 "loss_processes": [{"type": "given", "rate": "1e-14 s-1", "slope": 0.0}]},
        "layer": [{"top": "5 kpc", "streaming": {"type": "none"}, "self_confined": True, "damping": [SATURATED]}],
        "boundary": {"top": {"type": "value", "f": {"amplitude": "1e-13 cm-3 GeV-3", "slope": 4.5}}},
    }
    said = warnings(**deck | changes)
    assert ("layer 0: linear damping at rest" in said) is open_
    assert ("one of many profiles" in said) is open_
