"""Wrong decks: every fault at once, one line each, with file, line, key, what was found and what is allowed."""

import copy
import pickle
import tomllib

import pytest
from example_deck import EXAMPLE, swap, write

from solver.deck import Deck, load
from solver.errors import DeckError, Fault


def faults_of(text, tmp_path):
    with pytest.raises(DeckError) as error:
        load(write(tmp_path, text))
    for fault in error.value.faults:
        assert "\n" not in str(fault)
        assert len(str(fault)) < 600
        assert "pydantic" not in str(fault)
    assert str(error.value).count("\n") == len(error.value.faults) - 1
    return error.value.faults


# (passage of the example, what stands there instead, key of the one fault, what the message says)
ONE_FAULT = [
    ('name = "warm"', 'name = "warm/ionised"', "layer.0.name", "has neither dots nor slashes"),
    # dimensions and units
    ('z_max = "10 kpc"', "z_max = 10", "grid.z_max", 'found the bare number 10; give a unit, e.g. "10 kpc"'),
    ('z_max = "10 kpc"', 'z_max = "10"', "grid.z_max", 'give a unit, e.g. "10 kpc"'),
    ('z_max = "10 kpc"', 'z_max = "10 kps"', "grid.z_max", 'did you mean "kpc"?'),
    ('z_max = "10 kpc"', 'z_max = "10 uG"', "grid.z_max", 'a magnetic field; needs a length, e.g. "4 kpc"'),
    ('z_max = "10 kpc"', "z_max = nan", "grid.z_max", "needs a length"),
    ('z_max = "10 kpc"', "z_max = true", "grid.z_max", "found true; needs a length"),
    ('z_max = "10 kpc"', "z_max = 2020-01-01", "grid.z_max", "a date"),
    ('z_max = "10 kpc"', 'z_max = ["10 kpc"]', "grid.z_max", "found a list"),
    ('z_max = "10 kpc"', 'z_max = "1e999 kpc"', "grid.z_max", "too large"),
    ('z_max = "10 kpc"', 'z_max = "-10 kpc"', "grid.z_max", "needs a positive length"),
    ('z_max = "10 kpc"', 'z_max = "0 kpc"', "grid.z_max", "needs a positive length"),
    ('rigidity_min = "0.1 GV"', 'rigidity_min = "0.1 GeV"', "grid.rigidity_min", "an energy; needs a rigidity"),
    ('"6 uG"', '"0 uG"', "layer.0.plasma.B", "needs a positive magnetic field"),
    ('"0.2 cm-3"', '"-0.2 cm-3"', "layer.0.plasma.n", "needs a positive number density"),
    ('"3e6 K"', '"-3e6 K"', "layer.1.plasma.T", "needs a positive temperature"),
    ('"3e6 K"', '"nan K"', "layer.1.plasma.T", "finite"),
    ('"3e6 K"', '"inf K"', "layer.1.plasma.T", "finite"),
    ('density = "1.25 cm-3"', 'density = "0 cm-3"', "disc.density", "needs a positive number density"),
    ('"61 mbarn"', '"-61 mbarn"', "species.boron.source.cross_section", "zero or a positive"),
    ('"0.01 yr-1"', '"0.01 yr"', "species.proton.source.rate", "a time; needs a rate"),
    ('end = "steady"', 'end = "stedy"', "time.end", 'or "steady"'),
    ('end = "steady"', "end = 300", "time.end", '"300 Myr" or "steady"'),
    ('end = "steady"', 'end = "0 Myr"', "time.end", "positive time"),
    ('{ type = "alfven" }', '{ type = "given", v = "4e5 km/s" }', "layer.1.streaming.v", "below that of light"),
    # plain numbers, flags, words
    ("z_cells = 400", "z_cells = 400.0", "grid.z_cells", "needs a whole number"),
    ("z_cells = 400", 'z_cells = "400"', "grid.z_cells", "needs a whole number"),
    ("z_cells = 400", "z_cells = true", "grid.z_cells", "needs a whole number"),
    ("z_cells = 400", "z_cells = -4", "grid.z_cells", "needs a number at least 2"),
    ("z_cells = 400", "z_cells = 10000000000000000000000", "grid.z_cells", "huge number"),
    ("rigidity_cells = 140", "rigidity_cells = 0", "grid.rigidity_cells", "at least 1"),
    ("adiabatic = true", "adiabatic = 1", "physics.adiabatic", "needs true or false"),
    ("adiabatic = true", 'adiabatic = "yes"', "physics.adiabatic", "needs true or false"),
    ("Ma = 0.6", "Ma = inf", "layer.0.scattering.0.Ma", "finite"),
    ("Ma = 0.6", "Ma = 0", "layer.0.scattering.0.Ma", "above 0"),
    ("Ma = 0.6", 'Ma = "0.6"', "layer.0.scattering.0.Ma", "needs a number"),
    ('title = "two-phase Galaxy"', "title = 3", "title", "needs text in quotes"),
    ('losses = "flux"', 'losses = "fluks"', "disc.losses", 'did you mean "flux"?'),
    ('losses = "flux"', "losses = 3", "disc.losses", 'one of "flux", "catastrophic", "none"'),
    ('z_spacing = "uniform" ', 'z_spacing = "streched" ', "grid.z_spacing", 'did you mean "stretched"?'),
    ('conserves = "rigidity"', 'conserves = "energy"', "species.boron.source.conserves", '"energy_per_nucleon"'),
    # keys
    ("z_cells = 400", "z_cell = 400", "grid.z_cell", 'unknown key; did you mean "z_cells"?'),
    ("z_cells = 400", "Z_CELLS = 400", "grid.Z_CELLS", 'did you mean "z_cells"?'),
    ("z_cells = 400", "wibble = 400", "grid.wibble", "keys here: z_max, z_cells"),
    ("[physics]", "[phisics]", "phisics", 'did you mean "physics"?'),
    ('title = "two-phase Galaxy"', "z_max = 3", "z_max", 'did you mean "grid.z_max"?'),
    ('{ type = "none" }', '{ type = "none", v = "40 km/s" }', "layer.0.streaming.v", 'belongs to type "given"'),
    ('{ type = "landau" }', '{ type = "landau", Ma = 1.0 }', "layer.1.damping.0.Ma", 'belongs to type "turbulent"'),
    ('Ma = 0.6, L = "50 pc"', "Ma = 0.6", "layer.0.scattering.0.L", "needs a length"),
    ('[grid]\nz_max = "10 kpc"', "[grid]", "grid.z_max", "missing; needs a length"),
    # types
    ('{ type = "landau" }', '{ type = "landua" }', "layer.1.damping.0.type", 'did you mean "landau"?'),
    ('{ type = "landau" }', '"landua"', "layer.1.damping.0", 'did you mean "landau"?'),
    ('{ type = "landau" }', "{ type = 3 }", "layer.1.damping.0.type", 'one of "turbulent", "rate"'),
    ('{ type = "landau" }', "{ prefactor = 3 }", "layer.1.damping.0.type", 'type is one of "turbulent"'),
    ('{ type = "landau" }', "3", "layer.1.damping.0", "needs a table"),
    ('[ { type = "landau" } ]', '"landau"', "layer.1.damping", "needs a list"),
    ('"supernovae"', '"supernova"', "species.proton.source.type", 'did you mean "supernovae"?'),
    ('top = { type = "zero" }', "top = 0", "boundary.top", 'one of "zero", "value", "outflow"'),
    ('["ionisation"]', '["ionization"]', "disc.loss_processes.0", 'did you mean "ionisation"?'),
    # between keys
    ('rigidity_max = "1e6 GV"', 'rigidity_max = "0.1 GV"', "grid.rigidity_max", 'above rigidity_min = "0.1 GV"'),
    ("z_cells = 400", "z_cells = 3", "grid.z_cells", "2 layers need at least 4 intervals"),
    ("z_cells = 400", "z_cells = 1000000", "grid", "unknowns"),
    ('top = "500 pc"', 'top = "10 kpc"', "layer.1.top", "z_top below a lower layer"),
    ('z_max = "10 kpc"', 'z_max = "11 kpc"', "layer.1.top", 'must end at grid.z_max = "11 kpc"'),
    ('name = "halo"', 'name = "warm"', "layer.1.name", "layer 0 has that name already"),
    ("slope = 4.3, radius", "slope = 4.0, radius", "species.proton.source.slope", "finite for 4 < slope < 5"),
    ("slope = 4.3, radius", "slope = 5, radius", "species.proton.source.slope", "finite for 4 < slope < 5"),
    ("slope = 4.3, radius", "slope = 3.9, radius", "species.proton.source.slope", "above 4"),
    ('parent = "carbon"', 'parent = "carbn"', "species.boron.source.parent", 'not in this deck; did you mean "carbon"'),
    ('parent = "carbon"', 'parent = "oxygen"', "species.boron.source.parent", "add [species.oxygen]"),
    ('parent = "carbon"', 'parent = "boron"', "species.boron.source.parent", "its own parent"),
    ('parent = "carbon"', 'parent = "proton"', "species.boron.source.parent", "is not heavier than boron (A = 11)"),
    ("[species.boron]", "[species.boron]\nZ = 4", "species.boron.Z", "boron has Z = 5"),
    ("[species.boron]", '[species.boron]\nmass = "1.02 GeV"', "species.boron.mass", "about 10.2 GeV"),
    ("[species.boron]", '[species."bo ron"]\nZ = 5\nA = 11\nmass = "10 GeV"', "species.bo ron", "letters, digits"),
    ("[species.boron]", "[species.borron]", "species.borron", 'did you mean "boron"?'),
    ("[species.boron]", "[species.xenon]", "species.xenon", "has no Z, A, mass"),
    ("[species.boron]", "[species.xenon]\nZ = 7\nA = 11", "species.xenon", "has no mass"),
    ("[species.boron]", '[species.xenon]\nZ = 9\nA = 8\nmass = "7.5 GeV"', "species.xenon.Z", "not be above A = 8"),
    ("[species.proton]", "[species.deuteron]", "species", "add [species.proton]"),
    ('type = "alfven" }\ndamping', 'type = "none" }\nplasma.x = 1\ndamping', "", "not valid TOML"),
    (', T = "3e6 K" }', " }", "layer.1.damping.0", '"landau" needs plasma.T in layer "halo"'),
    ('plasma = { B = "6 uG", n = "0.2 cm-3", T = "1e4 K" }', "", "layer.0.scattering.0",
     '"fast_modes" needs plasma.B, plasma.n, plasma.T in layer "warm"'),
    ('n = "0.003 cm-3"', 'n = "3e-30 cm-3"', "layer.1.plasma", "Alfvén speed"),
    ('{ type = "landau" }', '{ type = "ion_neutral" }', "layer.1.damping.0", "neither given"),
    ('["ionisation"]', '["synchrotron"]', "disc.loss_processes.0", '"synchrotron" in the disc needs B'),
    ('type = "zero"\n', 'type = "exact"\n', "initial.type", "key `problem`"),
    ('end = "steady"', 'end = "3 Myr"\nmethod = "direct"', "time.method", "steady state only"),
    ('end = "steady"', 'first_step = "3 Myr"\nmax_step = "1 Myr"', "time.first_step", 'above max_step = "1 Myr"'),
    ('end = "steady"', 'end = "1 Myr"\noutput_every = "1e-30 Myr"', "time.output_every", "at most 10000 stored states"),
    ('n = "0.2 cm-3"', 'n = "1e-300 cm-3"', "layer.0.plasma.n", "a value with physics in it, 1e-100 to 1e+100 cm-3"),
    ('radius = "10 kpc"', 'schedule = { type = "exponential", time = "50 Myr" }', "species.proton.source.schedule",
     "no steady state"),
    ('title = "two-phase Galaxy"', 'problem = "two_phas"', "problem", 'did you mean "two_phase"?'),
    ('losses = "flux"', 'losses = "flux"\nhalf_thickness = "3 pc"', "", "each key may stand once"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "key", "says"), ONE_FAULT, ids=[f"{key}:{new[:30]}" for _, new, key, _ in ONE_FAULT]
)
def test_one_fault_is_one_line_that_says_what_and_where(old, new, key, says, tmp_path):
    text = swap(old, new)
    (fault,) = faults_of(text, tmp_path)
    assert fault.key == key
    assert says in str(fault)
    assert fault.where.endswith("deck.toml")
    assert fault.line is not None


def test_the_line_is_that_of_the_key_also_inside_lists_and_tables(tmp_path):
    text = swap(
        'damping = [ { type = "landau" } ]',
        """damping = [
    { type = "landau" },  # a comment with = and [
    { type = "turbulent", L = "100 pcs" } ]""",
    )
    text = text.replace('z_spacing = "uniform"', 'z_spacin = "uniform"').replace('losses = "flux"', 'losses = "flex"')
    where = {fault.key: fault.line for fault in faults_of(text, tmp_path)}
    lines = text.splitlines()
    assert where["grid.z_spacin"] == 1 + lines.index('z_spacin = "uniform"       # or "stretched"')
    assert where["disc.losses"] == 1 + lines.index('losses = "flex"')
    assert where["layer.1.damping.1.L"] == 1 + lines.index('    { type = "turbulent", L = "100 pcs" } ]')


MANY = """\
colour = "red"
[grid]
z_max = 10
z_cells = 400.5
z_spacin = "uniform"
rigidity_min = "10 GV"
rigidity_max = "1 GV"
[species.protn]
source = { type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.0, radus = "10 kpc" }
[species.boron]
source = { type = "spallation", parent = "carbon", cross_section = "61 mbarnn" }
[disc]
density = "-1.25 cm-3"
loss_processes = ["ionization"]
[[layer]]
name = "warm"
top = "500 pc"
plasma = { B = "0 uG", n = "nan cm-3" }
damping = [ { type = "landau", Ma = 1.0 }, { L = "3 pc" }, 3 ]
scattering = [ { type = "fast_modes", Ma = "0.6" } ]
[[layer]]
name = "halo"
top = "400 pc"
streaming = "alfven"
[time]
end = "stedy"
[initial]
type = "exact"
"""


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path):
    faults = faults_of(MANY, tmp_path)
    assert [fault.key for fault in faults] == [
        "colour",
        "grid.z_max",
        "grid.z_cells",
        "grid.z_spacin",
        "grid.rigidity_max",
        "species",
        "species.protn",
        "species.protn.source.slope",
        "species.protn.source.radus",
        "species.boron.source.cross_section",
        "species.boron.source.parent",
        "disc.density",
        "disc.loss_processes.0",
        "layer.0.plasma.B",
        "layer.0.plasma.n",
        "layer.0.damping.0.Ma",
        "layer.0.damping.1.type",
        "layer.0.damping.2",
        "layer.0.damping.0",
        "layer.0.scattering.0.Ma",
        "layer.0.scattering.0.L",
        "layer.0.scattering.0",
        "layer.1.top",
        "layer.1.streaming",
        "time.end",
        "initial.type",
    ]
    lines = [fault.line for fault in faults]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "section", ["grid", "species", "layer", "physics", "disc", "boundary", "time", "initial", "output"]
)
@pytest.mark.parametrize("value", [None, 3, "text", [], {}, [3], {"x": 3}, True, 1.5, [[]], [{}]])
def test_a_section_of_the_wrong_kind_does_not_hide_other_faults(section, value):
    raw = tomllib.loads(swap("z_cells = 400", "z_cells = 0.5").replace('losses = "flux"', "losses = 3"))
    raw[section] = value
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    keys = {fault.key for fault in error.value.faults}
    assert {"grid.z_cells", "disc.losses"} - {f"{section}.z_cells", f"{section}.losses"} <= keys


@pytest.mark.parametrize("section", ["grid", "species", "layer"])
def test_a_missing_section_is_named(section):
    raw = tomllib.loads(EXAMPLE)
    del raw[section]
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    assert [fault.key for fault in error.value.faults] == [section]
    assert "missing; needs [" in str(error.value)


def test_a_missing_list_is_told_with_what_is_in_it():
    raw = tomllib.loads(EXAMPLE)
    raw["species"]["proton"]["source"] = {"type": "table", "Q": ["1e-9 cm-2 s-1 GeV-3", "1e-10 cm-2 s-1 GeV-3"]}
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    assert 'missing; needs a list, each a rigidity (rigidities, ascending), e.g. ["1 GV", …]' in str(error.value)


def test_species_that_descend_from_each_other_are_a_circle():
    raw = tomllib.loads(EXAMPLE)
    spallation = {"type": "spallation", "cross_section": "1 mbarn"}
    names = ["boron", "carbon", "oxygen"]
    for name, parent in zip(names, [*names[1:], names[0]], strict=True):
        raw["species"][name] = {"source": {**spallation, "parent": parent}}
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    assert "a circle: carbon from oxygen from boron from carbon" in str(error.value)
    assert str(error.value).count("a circle") == 1


@pytest.mark.parametrize(("change", "says"), [
    ({"top": "400 pc"}, 'layer.1.top: found "400 pc" in layer "halo"; '),
    ({"winds": 3}, 'layer.1.winds: unknown key in layer "halo"; '),
    ({"plasma": {"B": "1 uG"}}, 'layer.1.damping.0: "landau" needs plasma.n, plasma.T in layer "halo"; '),
    ({"streaming": "alven"}, 'layer.1.streaming: found "alven" in layer "halo"; '),
    ({"name": "a.b"}, 'layer.1.name: found "a.b"; '),
    ({"name": "", "winds": 3}, "layer.1.winds: unknown key; "),
])
def test_a_fault_in_a_layer_tells_the_name_of_the_layer(change, says):
    raw = tomllib.loads(EXAMPLE)
    raw["layer"][1] |= change
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    assert says in str(error.value)


def test_a_chain_that_leads_into_a_circle_is_not_itself_one():
    raw = tomllib.loads(EXAMPLE)
    spallation = {"type": "spallation", "cross_section": "1 mbarn"}
    raw["species"] |= {
        "lithium7": {"source": {**spallation, "parent": "boron"}},
        "boron": {"source": {**spallation, "parent": "carbon"}},
        "carbon": {"source": {**spallation, "parent": "boron"}},
    }
    with pytest.raises(DeckError) as error:
        Deck.from_dict(raw)
    assert str(error.value).count("a circle") == 1


def test_damping_without_waves_needs_no_plasma():
    raw = tomllib.loads(EXAMPLE)
    raw["layer"][1] |= {"self_confined": False, "streaming": "none", "plasma": {"B": "1 uG"}}
    assert not Deck.from_dict(raw).layer[1].has_waves


def test_the_error_can_be_copied_and_pickled():
    error = DeckError([Fault("deck.toml", "grid.z_max", "missing", "needs a length", 3), Fault("a", "", "b", "")])
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert other.faults == error.faults
        assert str(other) == "deck.toml:3: grid.z_max: missing; needs a length\na: b"


@pytest.mark.parametrize(("name", "meant"), [
    ("C12", '"carbon"'), ("B11", '"boron"'), ("B10", '"boron10"'), ("Fe", '"iron"'), ("He", '"helium3" or "helium4"'),
    ("O18", "oxygen (16O)"), ("xyz", "iron (56Fe)"),
])  # fmt: skip
def test_isotopes_by_their_symbols_are_told_their_names(name, meant):
    raw = tomllib.loads(EXAMPLE)
    raw["species"][name] = {}
    with pytest.raises(DeckError) as caught:
        Deck.from_dict(raw)
    assert meant in str(caught.value)
