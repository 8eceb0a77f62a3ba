"""A deck is data: read strictly, frozen, filled with defaults, the same after a trip through JSON, pickle or copy."""

import copy
import json
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from example_deck import EXAMPLE, swap, write

from solver.constants import KPC, MBARN, MYR, PC, YEAR
from solver.deck import Deck, Quantity, load, shipped
from solver.errors import DeckError

ROUNDOFF = 4e-16  # relative; one multiplication by a conversion factor


@pytest.fixture(scope="module")
def deck():
    return Deck.from_dict(tomllib.loads(EXAMPLE))


def test_example_is_read_in_internal_units(deck):
    close = lambda value: pytest.approx(value, rel=ROUNDOFF, abs=0)  # noqa: E731
    assert deck.grid.z_max == close(10 * KPC)
    assert (deck.grid.rigidity_min, deck.grid.rigidity_max) == (0.1, 1e6)
    assert deck.species["proton"].source.rate == close(0.01 / YEAR)
    assert deck.species["proton"].source.energy == close(1e50)
    assert deck.species["boron"].source.cross_section == close(61 * MBARN)
    assert deck.disc.half_thickness == close(200 * PC)
    warm, halo = deck.layer
    assert (warm.plasma.B, warm.plasma.n, warm.plasma.T) == (close(6e-6), 0.2, 1e4)
    assert warm.scattering[0].type == "fast_modes"
    assert close(50 * PC) == warm.scattering[0].L
    assert halo.streaming.type == "alfven"
    assert deck.time.end == "steady"


def test_defaults_are_the_documented_ones():
    deck = Deck.from_dict(
        {
            "grid": {"z_max": "4 kpc"},
            "species": {
                "proton": {},
                "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "61 mb"}},
                "carbon": {},
            },
            "layer": [{"top": "4 kpc", "scattering": ["weak_shocks"]}],
        }
    )
    assert deck.disc.half_thickness.text == "200 pc"
    assert deck.disc.density == 1.25
    assert deck.disc.losses == "flux"
    assert deck.physics.adiabatic is True
    assert deck.physics.causal_limit is True
    assert deck.species["boron"].source.conserves == "energy_per_nucleon"
    assert deck.species["proton"].source.type == "none"
    assert deck.boundary.top.type == "zero"
    assert deck.boundary.momentum == "power_law"
    assert deck.time.end == "steady"
    assert deck.time.method == "march"
    assert deck.initial.type == "zero"
    assert deck.layer[0].scattering[0].separation == pytest.approx(10 * PC, rel=ROUNDOFF)
    assert deck.layer[0].wind == 0
    assert deck.layer[0].streaming.type == "none"


def test_every_process_and_type_can_be_read():
    layer = {
        "name": "all",
        "top": "4 kpc",
        "plasma": {"B": "1 uG", "n": "0.003 cm-3", "T": "3e6 K", "mean_free_path": "1 pc"},
        "streaming": {"type": "given", "v": "40 km/s"},
        "wind": "-10 km/s",
        "damping": [
            {"type": "turbulent", "L": "100 pc", "Ma": 1.0},
            {"type": "rate", "rate": "1e-11 s-1", "at": "1 GV", "exponent": 0.5},
            {"type": "dust", "rate": "1e-11 s-1"},
            {"type": "ion_neutral", "rate": "1e-11 s-1"},
            {"type": "ion_neutral", "neutral_density": "0.1 cm-3", "temperature": "8e3 K"},
            {"type": "landau"},
            {"type": "pressure_anisotropy"},
            {"type": "nonlinear", "prefactor": 2, "q": 0.5, "m": 1},
            {"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3", "slope": -3.5},
            {"type": "given_X", "X": "12 GeV(-3/2) s-1", "slope": -1.5},
        ],
        "scattering": [
            {"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.5},
            {
                "type": "fast_modes",
                "Ma": 1,
                "L": "100 pc",
                "anisotropic": True,
                "field_line_wandering": "both",
                "damped": False,
            },
            "weak_shocks",
            {"type": "kolmogorov", "Ma": 0.5, "L": "100 pc"},
            {"type": "kraichnan", "delta_B": "0.5 uG", "L": "100 pc"},
        ],
        "profile": {"v": 0.5, "S": -1, "z0": "500 pc"},
        "losses": [{"type": "given", "rate": "1e-16 s-1"}, "ionisation", "coulomb", "synchrotron", "inverse_compton"],
    }
    deck = Deck.from_dict(
        {
            "problem": "two_phase",
            "grid": {"z_max": "4 kpc"},
            "species": {
                "proton": {
                    "source": {
                        "type": "table",
                        "rigidity": ["1 GV", "10 GV"],
                        "Q": ["1 cm-2 s-1 GeV-3", "1e-4 cm-2 s-1 GeV-3"],
                    }
                },
                "carbon": {"source": {"type": "problem"}, "destruction": {"cross_section": "250 mbarn"}},
                "strange": {"Z": 2, "A": 5, "mass": "4.7 GeV", "source": "none"},
            },
            "layer": [layer],
            "boundary": {
                "top": {"type": "value", "f": {"amplitude": "1e-9 cm-3 GeV-3", "slope": 4.5}},
                "momentum": "zero",
            },
            "time": {"end": "300 Myr", "first_step": "1 kyr", "max_step": "10 Myr", "output_every": "10 Myr"},
            "initial": {"type": "power_law", "amplitude": "1e-9 cm-3 GeV-3", "slope": 4.5},
        }
    )
    assert [p.type for p in deck.layer[0].damping] == [p["type"] for p in layer["damping"]]
    assert deck.time.end == pytest.approx(300 * MYR, rel=ROUNDOFF)
    assert deck.layer[0].damping[1].exponent == 0.5
    assert (deck.layer[0].damping[2].exponent, deck.layer[0].damping[3].exponent) == (0.75, 0.0)
    assert Deck.from_json(deck.to_json()) == deck


@pytest.mark.parametrize(
    ("streaming", "damping", "self_confined", "waves"),
    [
        ("alfven", [], None, True),
        ("none", ["landau"], None, True),
        ("none", [], None, False),
        ("alfven", ["landau"], False, False),
        ("none", [], True, True),
    ],
)
def test_waves_are_where_streaming_or_damping_says_unless_told_otherwise(streaming, damping, self_confined, waves):
    raw = tomllib.loads(EXAMPLE)
    raw["layer"][1] |= {"streaming": streaming, "damping": damping}
    if self_confined is not None:
        raw["layer"][1]["self_confined"] = self_confined
    assert Deck.from_dict(raw).layer[1].has_waves is waves


def test_json_round_trip_is_exact(deck):
    text = deck.to_json()
    again = Deck.from_json(text)
    assert again == deck
    assert again.to_json() == text
    assert hash(again) == hash(deck)
    stored = json.loads(text)
    assert stored["layer"][0]["plasma"]["B"] == "6 uG"  # as written
    assert stored["disc"]["half_thickness"] == "200 pc"
    assert stored["time"]["rtol"] == 1e-4  # default filled in


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000, '{"grid": NaN}'])
def test_json_that_is_no_deck_is_one_clear_fault(text):
    with pytest.raises(DeckError) as error:
        Deck.from_json(text)
    assert "stored deck" in str(error.value)


def test_copies_are_equal_and_frozen(deck):
    for other in (pickle.loads(pickle.dumps(deck)), copy.copy(deck), copy.deepcopy(deck)):
        assert other == deck
        assert other.to_json() == deck.to_json()
        assert other.layer[0].plasma.B.text == "6 uG"
        with pytest.raises(ValueError, match="frozen"):
            other.title = "changed"
        with pytest.raises(ValueError, match="frozen"):
            other.grid.z_cells = 3
        with pytest.raises(TypeError, match="frozen"):
            other.species["helium4"] = other.species["carbon"]
        with pytest.raises(TypeError, match="frozen"):
            del other.species["boron"]


def test_a_quantity_is_a_float_that_remembers_its_text():
    B = Quantity(6e-6, "6 uG")
    assert B * 2 == 1.2e-5
    assert type(B * 2) is float
    assert np.sqrt(B) == np.sqrt(6e-6)
    assert np.asarray([B, B]).dtype == float
    assert (str(B), f"{B}", f"{B:.1e}") == ("6 uG", "6 uG", "6.0e-06")
    assert hash(B) == hash(6e-6)
    for other in (pickle.loads(pickle.dumps(B)), copy.copy(B), copy.deepcopy(B)):
        assert (other, other.text, type(other)) == (B, "6 uG", Quantity)


def test_quantities_of_astropy_and_numbers_of_numpy_come_in_from_python(deck):
    import astropy.units as u

    other = deck.replace(
        {"layer.0.plasma.B": 0.2 * u.nT, "grid.z_cells": np.int64(300), "layer.0.scattering.0.Ma": np.float64(0.5)}
    )
    assert pytest.approx(2e-6, rel=ROUNDOFF) == other.layer[0].plasma.B
    assert other.grid.z_cells == 300
    assert type(other.grid.z_cells) is int
    assert Deck.from_json(other.to_json()) == other
    assert deck.replace({"layer.0": deck.layer[0]}) == deck


def test_every_shipped_problem_has_a_valid_deck():
    assert "two_phase" in shipped()
    for name in shipped():
        assert load(name).problem == name


def test_a_shipped_deck_knows_its_problem_by_path_too(tmp_path):
    folder = shipped()["two_phase"]
    assert load(folder).problem == "two_phase"
    assert load(folder / "deck.toml") == load("two_phase")
    copied = write(tmp_path, (folder / "deck.toml").read_text(encoding="utf-8"))
    assert load(copied).problem is None


def test_a_deck_can_be_a_file_or_a_folder(tmp_path, monkeypatch):
    path = write(tmp_path, EXAMPLE)
    assert load(path) == load(Path(path)) == load(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert load("deck.toml") == load(".") == load(path)


def test_windows_line_ends_and_byte_order_marks_are_read(tmp_path):
    path = tmp_path / "deck.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert load(path) == Deck.from_dict(tomllib.loads(EXAMPLE))


def test_an_initial_file_is_looked_for_beside_the_deck(tmp_path):
    text = swap('[initial]\ntype = "zero"', '[initial]\ntype = "file"\npath = "state.nc"')
    path = write(tmp_path, text)
    with pytest.raises(DeckError, match=r"initial\.path: no such file"):
        load(path)
    (tmp_path / "state.nc").touch()
    assert load(path).initial.path == str(tmp_path / "state.nc")


def test_importing_the_deck_imports_nothing_heavy():
    """A list of problems must not wait for astropy (0.5 s), scipy or PETSc."""
    code = "import sys, solver.deck; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"astropy", "scipy", "petsc4py", "mpi4py", "xarray", "matplotlib", "netCDF4"}
    assert not heavy & set(done.stdout.split())
