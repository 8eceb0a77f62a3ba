"""What a Python script gives wrongly is refused in the project's own words, not by a TypeError from deep inside."""

import pytest

import solver
from solver import measurements
from solver.compare import compare
from solver.confront import confront
from solver.describe import describe
from solver.errors import DataError, DeckError, ResultError
from solver.figures.layers import layers
from solver.result import build_coefficients

SMALL = {"grid.z_cells": 4, "grid.rigidity_cells": 3}
CELLS = {"grid.z_cells": [4, 5]}


@pytest.fixture(scope="module")
def deck():
    return solver.load("streaming").replace(SMALL)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"workers": "a"}, "--workers: found 'a'; needs a number of processes"),
        ({"workers": 1.5}, "--workers: found 1.5"),
        ({"workers": True}, "--workers: found True"),
        ({"address": 3}, "--address: found 3"),
        ({"latin": "a"}, "--latin: found a"),
        ({"latin": 2.5}, "--latin: found 2.5"),
        ({"seed": "a"}, "--seed: found a"),
        ({"petsc": "-snes_monitor"}, "petsc: found '-snes_monitor'; needs a list of words"),
        ({"petsc": [3]}, "petsc: found [3]"),
        ({"out": 3}, "--out: found 3, which is no path"),
    ],
    ids=str,
)
def test_options_of_a_sweep(options, says, deck):
    with pytest.raises(DeckError) as error:
        solver.sweep(deck, CELLS, **({"workers": 0} | options))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({3: 4}, 'found the key 3; needs text, e.g. "grid.z_cells"'),
        ({None: 4, ("grid", "z_cells"): 5}, "found the key nothing; needs text"),
        (["grid.z_cells"], 'found a list; needs keys with their values, e.g. {"grid.z_cells": 400}'),
        ("grid.z_cells=3", 'found "grid.z_cells=3"; needs keys'),
        (3, "found 3; needs keys"),
    ],
    ids=str,
)
def test_keys_and_values(changes, says, deck, tmp_path):
    solver.run(deck, tmp_path / "run")
    for call in (deck.replace, lambda it: solver.load("streaming", it), lambda it: solver.sweep(deck, it, workers=0),
                 lambda it: solver.resume(tmp_path / "run", changes=it)):  # fmt: skip
        with pytest.raises(DeckError) as error:
            call(changes)
        assert says in str(error.value)


@pytest.mark.parametrize("path", [3, None, b"x", "a\0b"], ids=str)
def test_paths(path, deck, tmp_path):
    result = solver.run(deck)
    for call in (solver.open_result, solver.open_sweep, solver.resume, result.save, result.write):
        with pytest.raises(ResultError, match="which is no path"):
            call(path)
    if path is not None:
        with pytest.raises(DeckError, match=r"--out: .*which is no path; a folder you may write to"):
            solver.run(deck, path)


@pytest.mark.parametrize(
    ("key", "values", "says"),
    [
        (3, [1, 2], "--vary: found 3; needs a key, or a list of them"),
        (["grid.z_cells", None], [(4, 5), (6, 7)], "needs a key, or a list of them"),
        ("grid.z_cells", 4, "--vary: grid.z_cells: found 4; needs at least two values"),
        ("grid.z_cells", [4], "grid.z_cells: found [4]; needs at least two values"),
        (["grid.z_cells", "grid.rigidity_cells"], [(4, 5), (6,)], "needs at least two times 2 values"),
    ],
    ids=str,
)
def test_series_of_a_study(key, values, says, deck):
    with pytest.raises(DeckError) as error:
        solver.converge(deck, key, values)
    assert says in str(error.value)


@pytest.mark.parametrize("given", [3, None, [], {"grid": 1}], ids=str)
def test_decks(given):
    calls = [solver.load, solver.Model, solver.run, describe, layers, build_coefficients]
    calls += [lambda it: solver.converge(it, "grid.z_cells", [4, 5]), lambda it: solver.sweep(it, CELLS, workers=0)]
    for call in calls:
        with pytest.raises(DeckError, match=r"deck: found .*; needs a problem's name or a path"):
            call(given)


def test_a_model_takes_what_a_run_takes(deck):
    assert solver.Model("streaming").names == solver.Model(deck).names
    assert build_coefficients(deck).dataset.identical(build_coefficients(solver.Model(deck)).dataset)


@pytest.mark.parametrize("given", [3, [], {"a": 1}], ids=str)
def test_results_and_what_is_beside_them(given, deck, tmp_path):
    result = solver.run(deck)
    for call in (lambda: confront(given, tmp_path), lambda: compare(given)):
        with pytest.raises(ResultError, match="which is no result"):
            call()
    with pytest.raises(ResultError, match="to compare with, which is no"):
        compare(result, given)
    for call in (lambda: result.confront(given), lambda: measurements.find(given)):
        with pytest.raises(DataError, match=r"found .*; a folder of measurements"):
            call()
    with pytest.raises(ValueError, match=r'found .*, needs a nucleus or a ratio, e.g. "B/C"'):
        measurements.curve(result.dataset, given)
    with pytest.raises(DeckError, match=r"observers: found .*; needs a list of functions"):
        solver.run(deck, observers=given or [given])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"which": "papers"}, "--sets: found 'papers'; paper or all"),
        ({"potentials": {"AMS-02": "560 MV"}}, "--phi: AMS-02: found '560 MV'; needs a number of GV, not negative"),
        ({"potentials": {"AMS-02": -0.5}}, "--phi: AMS-02: found -0.5"),
        ({"potentials": 0.5}, "--phi: found 0.5; needs potentials by experiment"),
    ],
    ids=str,
)
def test_options_of_a_confrontation(options, says, deck, tmp_path):
    with pytest.raises(DataError) as error:
        solver.run(deck).confront(tmp_path, **options)
    assert says in str(error.value)


def test_figures(deck, tmp_path):
    plot = solver.run(deck).plot
    for given in (3, "iron", [], ["proton", 3]):
        for call in (plot.profiles, plot.kappa, plot.limits):
            with pytest.raises(ValueError, match=r"found .*; there are the species proton, helium4"):
                call(species=given)
    for given in (3, ["speeds"], [[]]):
        with pytest.raises(ValueError, match=r"unknown figure .*; there are spectrum, b_to_c"):
            plot.save(tmp_path, given)
    with pytest.raises(ResultError, match="found 3, which is no path"):
        plot.save(3)
    assert [path.name for path in plot.save(tmp_path, "speed")] == ["speed.png", "speed.pdf"]


def test_petsc_and_explain(deck):
    with pytest.raises(DeckError, match="needs a list of words"):
        solver.run(deck, petsc="-snes_monitor")
    with pytest.raises(DeckError, match=r'found 3; needs text, e.g. "grid.z_cells"'):
        solver.explain(3)
