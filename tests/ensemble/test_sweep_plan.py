"""Which members a sweep has: their decks, their order, their coordinates, and what is said before anything starts."""

import re
from itertools import pairwise

import numpy as np
import pytest

import problems
import solver
from solver.cli.common import vary_options
from solver.deck import Quantity
from solver.ensemble.order import by_nearest
from solver.ensemble.plan import Plan, make_plan
from solver.ensemble.words import rounded, short_names
from solver.errors import DeckError


@pytest.fixture(scope="module")
def deck():
    return solver.load("two_phase").replace({"grid.z_cells": 8, "grid.rigidity_cells": 4})


def told(call, *arguments, **options):
    with pytest.raises(DeckError) as caught:
        call(*arguments, **options)
    return [str(fault) for fault in caught.value.faults]


def test_a_grid_is_every_combination_and_the_decks_say_so(deck):
    plan = make_plan(deck, {"layer.halo.plasma.n": ["0.001 cm-3", "0.002 cm-3"], "grid.z_cells": [8, 10, 12]})
    assert plan.shape == (2, 3)
    assert plan.dims == ("layer.halo.plasma.n", "grid.z_cells")
    assert [(float(d.layer[1].plasma.n), d.grid.z_cells) for d in plan.decks] == [
        (n, cells) for n in (0.001, 0.002) for cells in (8, 10, 12)
    ]
    assert plan.label(4) == "n = 0.002 cm-3, z_cells = 10"


def test_neighbours_follow_each_other(deck):
    plan = make_plan(deck, {"layer.halo.plasma.n": "linspace(0.001, 0.004 cm-3, 4)", "grid.z_cells": [8, 9, 10],
                            "disc.density": "linspace(1, 2 cm-3, 2)"})  # fmt: skip
    places = np.array(list(np.ndindex(*plan.shape)))[plan.order()]
    assert sorted(plan.order()) == list(range(24))
    assert (np.abs(np.diff(places, axis=0)).sum(1) == 1).all()


def test_a_latin_hypercube_has_one_member_in_every_slice_of_every_key(deck):
    vary = {"layer.halo.plasma.n": "loguniform(0.001 cm-3, 0.1 cm-3)", "layer.warm.plasma.B": "4..8uG"}
    plan = make_plan(deck, vary, latin=50, seed=3)
    assert plan.dims == ("member",)
    n = np.array([float(each.layer[1].plasma.n) for each in plan.decks])
    B = np.array([float(each.layer[0].plasma.B) for each in plan.decks])
    assert sorted(np.floor(50 * np.log(n / 1e-3) / np.log(100))) == list(range(50))
    assert sorted(np.floor(50 * (B - 4e-6) / 4e-6)) == list(range(50))
    assert abs(np.corrcoef(np.log(n), B)[0, 1]) < 0.5
    assert make_plan(deck, vary, latin=np.int64(50), seed=np.int64(3)).digest == plan.digest
    assert make_plan(deck, vary, latin=50, seed=4).digest != plan.digest
    order = plan.order()
    assert sorted(order) == list(range(50))
    steps = np.linalg.norm(np.diff(plan.points[order], axis=0), axis=1)
    assert np.median(steps) < 0.5 * np.median(np.linalg.norm(np.diff(plan.points, axis=0), axis=1))


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_a_hypercube_goes_on_with_the_nearest_of_the_members_left(dimensions):
    points = np.random.default_rng(dimensions).random((700, dimensions))
    order = by_nearest(points)
    assert sorted(order) == list(range(700))
    for done, (at, then) in enumerate(pairwise(order), start=1):
        apart = np.linalg.norm(points[order[done:]] - points[at], axis=1)
        assert np.linalg.norm(points[then] - points[at]) == pytest.approx(apart.min(), rel=1e-12)


def test_tables_that_are_not_varied_are_read_once_and_shared(deck):
    plan = make_plan(deck, {"layer.halo.plasma.n": ["0.001 cm-3", "0.002 cm-3"], "species.proton.source.slope": [4.2, 4.3]})
    for each in plan.decks:
        assert each.grid is deck.grid
        assert each.layer[0] is deck.layer[0]
        assert each.layer[1].damping[0] is deck.layer[1].damping[0]
        assert each.species["boron"] is deck.species["boron"]
        assert each == solver.Deck.from_dict(each.to_dict())


def test_that_many_decks_are_checked_is_said(deck, monkeypatch):
    said = []
    monkeypatch.setattr("solver.ensemble.plan.MANY", 4)
    make_plan(deck, {"grid.z_cells": [8, 9, 10]}, note=said.append)
    assert said == []
    make_plan(deck, {"grid.z_cells": [8, 9, 10], "disc.density": ["1 cm-3", "2 cm-3"]}, note=said.append)
    assert said == ["checking 6 members"]


def test_whole_numbers_are_drawn_where_the_deck_has_them_and_only_there(deck):
    plan = make_plan(deck, {"grid.z_cells": "8..20", "species.proton.source.slope": "4..5"}, latin=30)
    assert {type(each.grid.z_cells) for each in plan.decks} == {int}
    slopes = [each.species["proton"].source.slope for each in plan.decks]
    assert len(set(slopes)) == 30


def test_all_faults_of_all_members_at_once_and_each_once(deck):
    faults = told(make_plan, deck, {"layer.halo.plasma.n": ["-1 cm-3", "0.1 cm-3", "0.1 cm"], "grid.z_cells": [8, "many", 0]})
    assert len(faults) == 4
    for word in ('"-1 cm-3"', 'the unit "cm"', '"many"', "found 0"):
        assert sum(word in fault for fault in faults) == 1, word
    assert all(fault.startswith("--vary: ") for fault in faults)


def test_very_many_faults_are_counted(deck):
    faults = told(make_plan, deck, {"layer.halo.plasma.n": [f"-{i} cm-3" for i in range(1, 101)]})
    assert len(faults) == 11
    assert "90 faults more; 100 of 100 members are refused" in faults[-1]


def test_a_fault_tells_the_members_that_have_it(deck):
    vary = {"layer.halo.plasma.n": ["0.003 cm-3", "1e-10 cm-3"], "layer.halo.plasma.B": ["1 uG", "10 uG", "100 uG"]}
    fast = told(make_plan, deck, vary)
    assert len(fast) == 2
    assert "layer.1.plasma: the Alfvén speed is 2.2e+11 cm/s in layer" in fast[0]
    assert fast[0].endswith("in member 4 (n = 1e-10 cm-3, B = 10 uG)")
    assert fast[1].endswith("in member 5 (n = 1e-10 cm-3, B = 100 uG)")
    (fault,) = told(make_plan, deck, {"layer.halo.plasma.n": ["-1 cm-3", "1 cm-3"], "grid.z_cells": [8, 9, 10]})
    assert fault.endswith("in 3 of 6 members, the first is 0 (n = -1 cm-3, z_cells = 8)")


def test_a_fault_of_all_members_is_said_plainly(deck):
    assert told(make_plan, deck, {"grid.z_cels": [8, 9]}) == ['--vary: grid.z_cels: unknown key; did you mean "z_cells"?']


def test_a_member_of_a_hypercube_is_told_by_its_number(deck):
    vary = {"layer.halo.plasma.n": "loguniform(1e-12 cm-3, 1e-2 cm-3)", "grid.z_cells": "8..20"}
    faults = told(make_plan, deck, vary, 20)
    plan = make_plan(deck, vary | {"layer.halo.plasma.n": "loguniform(1e-4 cm-3, 1e-2 cm-3)"}, 20)
    assert all(re.search(r"; in member \d+ \(n = [\de.-]+ cm-3, z_cells = \d+\)$", fault) for fault in faults)
    index, cells = map(int, re.search(r"member (\d+) .*z_cells = (\d+)\)", faults[0]).groups())
    assert plan.members[index][1] == cells


@pytest.mark.parametrize(
    ("vary", "latin", "words"),
    [
        ({}, None, ("needs at least one",)),
        ({"grid.z_cels": [1, 2]}, None, ("z_cels", 'did you mean "z_cells"')),
        ({"layer.halo.plasma.n": "0.1..0.2 cm-3"}, None, ("found a range", "--latin")),
        ({"layer.halo.plasma.n": ["0.1 cm-3"]}, 5, ("single values", "low..high")),
        ({"layer.halo.plasma.n": "0.1..0.2 cm-3"}, 1, ("found 1", "from 2 to")),
        ({"layer.halo.top": ["9 kpc"], "layer.1.top": ["10 kpc"]}, None, ("same as layer.halo.top",)),
        ({"species": [{"proton": {}}]}, None, ("species.NAME=",)),
        ({"layer.halo.plasma.B": ["1 uG", "1e-6 G"]}, None, ("twice",)),
        ({"layer.halo.plasma": [{}], "layer.halo.plasma.n": ["1 cm-3"]}, None, ("contains one of the two",)),
        ({"grid.z_cells": "linspace(8,1007,1000)", "disc.density": "linspace(1,1000 cm-3,1000)"}, None, ("more members",)),
    ],
)
def test_what_makes_no_plan_is_said(vary, latin, words, deck):
    faults = "\n".join(told(make_plan, deck, vary, latin))
    for word in words:
        assert word in faults


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_fits_the_file_that_is_to_hold_it(seed, deck):
    faults = told(make_plan, deck, {"grid.z_cells": "8..20"}, 3, seed)
    assert len(faults) == 1
    assert faults[0].startswith(f"--seed: found {seed}")


def test_options_that_cannot_be_read_are_all_named():
    faults = told(vary_options, ["a", "grid.z_cells=1,1", "b=1,2", "b=3"])
    assert len(faults) == 3
    assert "b: is given twice" in faults[2]


def test_coordinates_are_numbers_in_the_unit_of_the_first_value(deck):
    plan = make_plan(deck, {"layer.warm.top": ["500 pc", "1 kpc"], "disc.losses": ["flux", "none"], "grid.z_cells": [8, 9],
                            "layer.halo.damping": [[{"type": "landau"}], []]})  # fmt: skip
    found = plan.coordinates()
    assert found["layer.warm.top"][0] == pytest.approx([500.0, 1000.0], rel=1e-12)
    assert found["layer.warm.top"][1]["units"] == "pc"
    assert "long_name" in found["layer.warm.top"][1]
    assert found["disc.losses"] == (["flux", "none"], {"long_name": found["disc.losses"][1]["long_name"]})
    assert found["grid.z_cells"][0] == [8, 9]
    assert found["layer.halo.damping"][0] == ['[{ type = "landau" }]', "[]"]


def test_values_of_python_types_are_what_they_would_be_in_a_deck(deck):
    import astropy.units as u

    densities = [0.002 * u.cm**-3, Quantity(0.003, "0.003 cm-3")]
    plan = make_plan(deck, {"layer.halo.plasma.n": densities, "grid.z_cells": np.array([8, 9])})
    assert [float(d.layer[1].plasma.n) for d in plan.decks[::2]] == [0.002, 0.003]
    assert Plan.from_dict(plan.to_dict()).digest == plan.digest


def test_a_stored_plan_is_the_same_plan(deck):
    plan = make_plan(deck, {"layer.halo.plasma.n": "0.001..0.01 cm-3", "grid.z_cells": "8..20"}, latin=5)
    again = Plan.from_dict(plan.to_dict())
    assert again.digest == plan.digest
    assert again.decks == plan.decks
    assert again.differences(plan) == []


def test_a_plan_is_another_where_the_file_it_starts_from_is(deck, tmp_path, monkeypatch):
    """Named beside the deck, found from any folder, and known by what it holds: else members would start from two states."""
    (tmp_path / "deck.toml").write_text((problems.FOLDER / "two_phase" / "deck.toml").read_text()
                                        + '\n[initial]\ntype = "file"\npath = "start.nc"\n')
    (tmp_path / "start.nc").write_bytes(b"one state")
    monkeypatch.chdir(tmp_path)
    plan = make_plan(solver.load("deck.toml"), {"grid.z_cells": "8,10"})
    monkeypatch.chdir("/")
    stored = Plan.from_dict(plan.to_dict())
    assert stored.digest == plan.digest
    assert stored.decks[0].initial.path == str(tmp_path / "start.nc")
    (tmp_path / "start.nc").write_bytes(b"another")
    assert Plan.from_dict(plan.to_dict()).digest != plan.digest
    begun = Plan.from_dict(plan.to_dict(), plan.record)
    assert begun.digest == plan.digest
    assert begun.changed_starts() == [str(tmp_path / "start.nc")]


def test_differences_are_told_in_words(deck):
    plan = make_plan(deck, {"layer.halo.plasma.n": ["0.001 cm-3", "0.002 cm-3"]})
    other = deck.replace({"grid.z_cells": 9, "layer.warm.plasma.B": "5 uG"})
    said = make_plan(other, {"layer.halo.plasma.n": ["0.001 cm-3", "0.003 cm-3"]}).differences(plan)
    assert said == [
        "grid.z_cells was 8, now 9",
        'layer.warm.plasma.B was "6 uG", now "5 uG"',
        "layer.halo.plasma.n took 2 values from 0.001 cm-3 to 0.002 cm-3, now 2 from 0.001 cm-3 to 0.003 cm-3",
    ]
    said = make_plan(deck, {"disc.density": ["1 cm-3"]}).differences(plan)
    assert said == ["varied were layer.halo.plasma.n, now disc.density"]
    said = make_plan(deck, {"layer.halo.plasma.n": "0.001..0.01 cm-3"}, latin=2).differences(plan)
    assert said == ["it was a grid, now a Latin hypercube with seed 0"]


def test_short_names_tell_keys_apart():
    assert short_names(("layer.halo.plasma.n", "layer.warm.plasma.B")) == ["n", "B"]
    assert short_names(("layer.halo.plasma.n", "layer.warm.plasma.n")) == ["halo.plasma.n", "warm.plasma.n"]
    assert short_names(("n", "a.n")) == ["n", "a.n"]
    assert short_names(("layer.0.plasma.n", "layer.1.plasma.n")) == ["layer.0.plasma.n", "layer.1.plasma.n"]
    assert short_names(("layer.0.wind", "layer.1.wind")) == ["layer.0.wind", "layer.1.wind"]
    assert short_names(("layer.1.wind", "grid.z_cells")) == ["wind", "z_cells"]


def test_whole_numbers_are_told_apart_in_words():
    assert [rounded(n) for n in (12345, 12346, 0.123456)] == ["12345", "12346", "0.1235"]
