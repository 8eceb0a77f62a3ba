"""docs/results.md lists what a run writes: names, dimensions, units and meanings, all of them and no others."""

import re
import tomllib
from pathlib import Path

import pytest
from command_line import GALAXY

import solver

PAGE = (Path(__file__).resolve().parents[2] / "docs/results.md").read_text(encoding="utf-8")
SOME = {"warnings", "git_revision", "mpi_library", *re.findall(r"`(\w+_version)`", PAGE)}  # need not be there
# with all that puts more into a file: boron, other nonlinear damping than Landau's, losses of a layer, stored states, errors
ALL = {
    "layer.halo.damping": [{"type": "landau"}, {"type": "nonlinear", "q": 1.0, "m": 2.0}],
    "layer.halo.losses": [{"type": "ionisation"}],
    "time.end": "2 kyr",
    "time.output_every": "1 kyr",
    "time.rtol": 0.1,
}


def listed(*headings):
    """name -> (dimensions, units, meaning) from the tables below these headings."""
    found = {}
    for heading in headings:
        section = re.split(r"\n##", PAGE.split(f"# {heading}\n")[1])[0]
        for row in re.findall(r"^\| `(.*) \|$", section, re.MULTILINE):
            name, _, dims, units, meaning = (cell.strip() for cell in re.split(r"(?<!\\)\|", row))
            found[name.strip("`")] = (tuple(dims.split(", ")) if dims else (), units, meaning.replace("\\|", "|"))
    return found


def written(dataset, without=()):
    """The same of a dataset; units and meaning where it tells them."""
    return {str(name): (tuple(map(str, x.dims)), x.attrs.get("units", ""), x.attrs.get("long_name"))
            for name, x in dataset.variables.items() if name not in without}


def assert_same(page, file):
    assert set(page) == set(file)
    for name, (dims, units, meaning) in file.items():
        assert page[name][:2] == (dims, units), name
        assert meaning in (page[name][2], None), name


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    solver.run(solver.Deck.from_dict(tomllib.loads(GALAXY)).replace(ALL), folder, estimate_error=True)
    return solver.open_result(folder)


def test_the_root(result):
    assert_same(listed("Coordinates", "Fields, spectra, coefficients"), written(result.dataset))
    assert_same(listed("Coordinates"), written(result.dataset.coords.to_dataset()))


@pytest.mark.parametrize("group", ["history", "snapshots", "error"])
def test_the_groups(group, result):
    assert_same(listed(f"`/{group}`"), written(result.tree[group].to_dataset(inherit=False)))
    for name in result.tree[group].attrs:
        assert f"`{name}`" in PAGE


def test_no_group_is_forgotten(result):
    assert set(result.tree.children) == set(re.findall(r"^## `/(\w+)`$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", ["budget", "microphysics", "observables"])
def test_what_is_made_when_asked_for(name, result):
    coordinates = result.dataset.coords
    assert_same(listed(f"`result.{name}`"), written(getattr(result, name), without=coordinates))


def test_the_attributes(result):
    section = PAGE.split("## Attributes of the root\n")[1].split("\n## ")[0]
    names = {name for row in re.findall(r"^\| (.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(result.tree.attrs) <= names
    assert names <= set(result.tree.attrs) | SOME
