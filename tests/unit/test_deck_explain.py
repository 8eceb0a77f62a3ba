"""`explain`: every key of a deck has a meaning, a range and a default, and is found by the path decks use."""

import pytest

from solver.deck import explain, reference
from solver.errors import DeckError

PROCESSES = {
    "layer.streaming": ["alfven", "none", "given"],
    "layer.damping": [
        "turbulent",
        "rate",
        "dust",
        "ion_neutral",
        "landau",
        "pressure_anisotropy",
        "nonlinear",
        "given_S",
        "given_X",
    ],
    "layer.scattering": ["given", "fast_modes", "weak_shocks", "kolmogorov", "kraichnan"],
    "layer.losses": ["given", "ionisation", "coulomb", "synchrotron", "inverse_compton"],
    "species.source": ["supernovae", "power_law", "spallation", "table", "none", "problem"],
    "boundary.top": ["zero", "value", "outflow"],
    "initial": ["zero", "exact", "file", "power_law"],
}


def everything(key=None):
    """All rows, by explaining what each explanation names."""
    for row in explain(key):
        yield row
        path = row.key.strip("[]").removesuffix(".…")
        if path != key and (row.kind in ("table", "list of tables", "table of names", "type")):
            yield from everything(path)


def test_every_key_has_a_meaning():
    rows = list(everything())
    assert len(rows) > 100
    for row in rows:
        assert row.meaning, row.key
        assert len(str(row)) < 300
        assert row.kind == "type" or row.default or row.kind == "table", row.key


def test_every_quantity_names_its_unit_and_sign():
    quantities = [row for row in everything() if row.unit]
    assert len(quantities) > 30
    for row in quantities:
        assert "> 0" in row.allowed or ">= 0" in row.allowed or "finite" in row.allowed


@pytest.mark.parametrize(("key", "expected"), [
    ("species.boron.destruction.table.energy",
     '["0.1 GeV", "1 GeV", …] [list, each an energy (erg); > 0, at least 2 values; required]'),
    ("species.proton.source.table.rigidity", "[list, each a rigidity (GV); > 0, at least 2 values; required]"),
    ("boundary.top.value.species", "[list, each text; default []]"),
    ("layer", "[list of tables; "),
])  # fmt: skip
def test_a_list_tells_what_is_in_it(key, expected):
    rows = explain(key) if "." in key else [row for row in explain() if row.key == f"[[{key}]]"]
    assert expected in str(rows[0])


@pytest.mark.parametrize(("key", "types"), PROCESSES.items())
def test_process_types_are_listed_one_line_each(key, types):
    rows = explain(key)
    assert [row.key for row in rows] == [f"{key}.{name}" for name in types]


@pytest.mark.parametrize("key", ["layer.damping", "layer.scattering"])
def test_processes_name_their_equation_or_section(key):
    for row in explain(key):
        assert "eq" in row.meaning or "Sec." in row.meaning or row.key == "layer.scattering.given"


def test_one_key_is_one_row():
    (row,) = explain("grid.z_cells")
    assert (row.key, row.kind, row.default, row.allowed) == ("grid.z_cells", "whole number", "200", ">= 2, <= 1e+06")
    (row,) = explain("layer.0.plasma.B")
    assert (row.key, row.unit, row.allowed) == ("layer.plasma.B", "uG", "> 0")
    (row,) = explain("disc.half_thickness")
    assert row.default == '"200 pc"'


@pytest.mark.parametrize(
    ("with_label", "without"),
    [
        ("layer.0.damping", "layer.damping"),
        ("layer.warm.damping", "layer.damping"),
        ("layer.warm.damping.0.landau", "layer.damping.landau"),
        ("species.proton.source", "species.source"),
        ("species.proton", "species"),
        ("layer.0", "layer"),
    ],
)
def test_indices_and_names_may_stand_in_the_path(with_label, without):
    assert explain(with_label) == explain(without)


def test_a_key_of_several_types_is_explained_for_each():
    assert [row.key for row in explain("layer.damping.prefactor")] == [
        "layer.damping.landau.prefactor",
        "layer.damping.pressure_anisotropy.prefactor",
        "layer.damping.nonlinear.prefactor",
    ]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("grd", 'did you mean "grid"?'),
        ("grid.z_cels", 'there is no "z_cels" in grid; did you mean "z_cells"?'),
        ("layer.dampin", 'did you mean "damping"?'),
        ("layer.damping.landua", 'did you mean "landau"?'),
        ("layer.damping.landau.prefacto", 'did you mean "prefactor"?'),
        ("grid.z_max.x", "grid.z_max has no keys"),
        ("xyzzy", 'one of "title"'),
        ("...", "there is no"),
    ],
)
def test_unknown_keys_are_answered_with_the_nearest(key, says):
    with pytest.raises(DeckError) as error:
        explain(key)
    assert says in str(error.value)


def test_the_reference_page_has_every_key_and_type():
    page = reference()
    for row in everything():
        last = row.key.strip("[]").removesuffix(".…").split(".")[-1]
        assert f"`{last}`" in page or f'type "{last}"' in page, row.key
    columns = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("|")}
    assert columns == {7}


@pytest.mark.parametrize(("path", "says"), [
    ("layer.streaming.none", "No streaming"), ("boundary.top.outflow", "carried out by the flow"),
])  # fmt: skip
def test_a_type_without_keys_says_what_it_is(path, says):
    (row,) = explain(path)
    assert says in row.meaning
    assert str(row).endswith("[type]")
