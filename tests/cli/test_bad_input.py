"""Bad input and trouble: one clear message on stderr, the exit code of the contract, nothing half written."""

import os
import re
import shutil

import numpy as np
import pytest
import xarray as xr
from command_line import PROTONS, process, tree

HALO = '{ B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }'
SUPERNOVAE = '{ type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.3, radius = "10 kpc" }'

# what is wrong: (passage of the deck, what stands there instead), words of the message
FAULTS = {
    "unknown key": (("z_cells = 8", "z_cell = 8"), ["galaxy.toml:4", "grid.z_cell", 'did you mean "z_cells"']),
    "unknown section": (("[disc]", "[disk]"), ["disk", 'did you mean "disc"']),
    "unknown process": (('type = "landau"', 'type = "landua"'), ["galaxy.toml:26", 'did you mean "landau"']),
    "missing key": (('z_max = "4 kpc"\n', ""), ["grid.z_max", "missing", "a length"]),
    "missing layer top": (('top = "4 kpc"\n', ""), ["top", "missing"]),
    "no unit": (('"200 pc"', "200"), ["disc.half_thickness", "bare number 200", "give a unit"]),
    "wrong dimension": (('"1.25 cm-3"', '"1.25 cm2"'), ["disc.density", "number density"]),
    "energy for rigidity": (('"1e3 GV"', '"1e3 GeV"'), ["grid.rigidity_max", "rigidity"]),
    "misspelt unit": (('z_max = "4 kpc"', 'z_max = "4 kcp"'), ["grid.z_max", "kpc"]),
    "negative density": (('n = "0.003 cm-3"', 'n = "-0.003 cm-3"'), ["layer.1.plasma.n", "positive number density"]),
    "negative field": (('B = "1 uG"', 'B = "-1 uG"'), ["layer.1.plasma.B", "positive"]),
    "negative cross-section": (('"61 mbarn"', '"-61 mbarn"'), ["species.boron.source.cross_section", "positive"]),
    "layer below the one under it": (('top = "1 kpc"', 'top = "5 kpc"'), ["layer", "top"]),
    "last layer below the top of the box": (('z_max = "4 kpc"', 'z_max = "6 kpc"'), ["z_max"]),
    "infinite energy at high momenta": (("slope = 4.3, radius", "slope = 4.0, radius"), ["slope", "4 < slope < 5"]),
    "infinite energy at low momenta": (("slope = 4.3, radius", "slope = 5.2, radius"), ["slope", "4 < slope < 5"]),
    "rigidity_min above rigidity_max": (('"1 GV"', '"1e4 GV"'), ["rigidity_min", "rigidity_max"]),
    "rigidity_min equal to rigidity_max": (('"1 GV"', '"1e3 GV"'), ["rigidity_min", "rigidity_max"]),
    "parent that is not there": (('parent = "carbon"', 'parent = "oxygen"'), ["boron", "parent", "oxygen"]),
    "its own parent": (('parent = "carbon"', 'parent = "boron"'), ["boron", "parent"]),
    "unknown nucleus": (("[species.carbon]", "[species.karbon]"), ["karbon"]),
    "damped waves without protons": (("[species.proton]", "[species.helium4]"), ["proton"]),
    "one cell": (("z_cells = 8", "z_cells = 1"), ["grid.z_cells", "at least 2"]),
    "fewer cells than layers": (("z_cells = 8", "z_cells = 2"), ["grid.z_cells", "2 layers need at least 4"]),
    "too many cells": (("z_cells = 8", "z_cells = 900000000"), ["grid.z_cells"]),
    "plasma that is needed": ((f"plasma = {HALO}\n", ""), ["plasma"]),
    "faster than light": (('{ type = "alfven" }', '{ type = "given", v = "4e5 km/s" }'), ["streaming.v", "light"]),
    "not TOML": (("[grid]", "[grid"), ["galaxy.toml:2", "not valid TOML"]),
    "two of a kind": (("[species.carbon]", "[species.proton]"), ["galaxy.toml:10", "once"]),
    "end that is no time": (("[disc]", '[time]\nend = "300 kpc"\n[disc]'), ["time.end"]),
    "end in the past": (("[disc]", '[time]\nend = "-3 Myr"\n[disc]'), ["time.end", "positive"]),
    "start without a file": (("[disc]", '[initial]\ntype = "file"\npath = "no.nc"\n[disc]'), ["initial.path", "no.nc"]),
    "exact start of no problem": (("[disc]", '[initial]\ntype = "exact"\n[disc]'), ["initial", "exact"]),
    "source of no problem": ((SUPERNOVAE, '{ type = "problem" }'), ["problem"]),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_wrong_deck_is_one_message_and_nothing_is_written(what, command, deck, inside):
    change, words = FAULTS[what]
    name = deck(change)
    for call in (("check",), ("run", "--out", "new"), ("coefficients", "--out", "new.nc")):
        if call[0] != "run" and what in ("exact start of no problem", "source of no problem"):
            continue  # coefficients need neither
        ended = command(call[0], name, *call[1:])
        ended.refused(*words)
        assert ended.err.count("\n") <= 3, ended.err
        assert not re.search(r"pydantic|Error\b|NoneType|site-packages", ended.err), ended.err
        assert tree(inside) == [name]


def test_check_finds_what_only_the_run_would_need(command, deck):
    for what in ("exact start of no problem", "source of no problem"):
        change, words = FAULTS[what]
        command("check", deck(change)).refused(*words)


def test_all_faults_come_at_once(command, deck):
    name = deck(("z_cells = 8", "z_cell = 8"), ('n = "0.003 cm-3"', 'n = "-1 cm-3"'), ('"61 mbarn"', '"61 m"'))
    ended = command("run", name, "--set", "time.end=never", "--set", "bogus=1")
    ended.refused("grid.z_cell", "layer.1.plasma.n", "cross_section", "time.end", "bogus")
    assert len(ended.err.splitlines()) == 5


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("grid.z_cells", ["write key.path=value"]),
        ("=4", ["write key.path=value"]),
        ("grid.bogus=4", ["grid.bogus", "unknown key"]),
        ("grid.z_cells=many", ["grid.z_cells", "whole number"]),
        ("layer.2.top=4 kpc", ["layer.2"]),
        ("layer.hallo.top=4 kpc", ["hallo", "halo"]),
        ("species.boron.source.parent=oxygen", ["oxygen"]),
        ("grid.z_cells.x=3", ["grid.z_cells"]),
    ],
)
def test_wrong_overrides(command, deck, inside, override, words):
    name = deck()
    for call in ("run", "check", "show", "coefficients"):
        more = ("--out", "new.nc") if call == "coefficients" else ()
        command(call, name, "--set", override, *more).refused("--set", *words)
    assert tree(inside) == [name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two_phas", ["no such problem", 'did you mean "two_phase"']),
        ("nowhere/deck.toml", ["no such file"]),
        ("gallaxy.toml", ["no such file", "galaxy.toml"]),
        (".", ["folder without deck.toml"]),
        ("", ["a problem's name or a path"]),
        ("/dev/null", ["not a regular file"]),
        ("binary.toml", ["UTF-8"]),
        ("empty.toml", ["empty"]),
    ],
)
def test_decks_that_are_not_there(command, deck, inside, name, words):
    deck()
    (inside / "binary.toml").write_bytes(b'title = "\xff\xfe"')
    (inside / "empty.toml").write_bytes(b"")
    before = tree(inside)
    for call in ("run", "check", "show"):
        command(call, name).refused(*words)
    assert tree(inside) == before


# ---- a steady state that cannot exist --------------------------------------------------------------------------------

STUCK = (
    (
        'streaming = { type = "alfven" }\ndamping = [ { type = "landau" } ]',
        'damping = [ { type = "given_S", S = "1e-20 cm-2 s-1 GeV-3", slope = -3.5 } ]',
    ),
    ("[disc]", '[disc]\nlosses = "none"'),
)


def test_a_steady_state_that_cannot_exist_is_said_before_anything_is_solved(command, deck, inside):
    """v = 0, S < Q, no losses: linear damping passes at most S, so the disc fills up for ever."""
    name = deck(*STUCK, text=PROTONS)
    ended = command("run", name, "--no-figures", "--out", "here")
    assert ended.code == 3
    ended.explained("no steady state", "proton", "S < Q", "time.end", "crstream resume here")
    with xr.open_datatree(inside / "here/result.nc") as result:
        assert result.attrs["status"].startswith("failed: no steady state")
    warned = command("check", name)
    assert warned.code == 0
    assert "warning: no steady state" in warned.out


def test_what_cannot_be_steady_can_go_on_as_a_transient(command, deck, inside):
    assert command("run", deck(*STUCK, text=PROTONS), "--no-figures", "--out", "here").code == 3
    ended = command("resume", "here", "--no-figures", "--set", "time.end=0.1 Myr")
    assert ended.code == 0, ended.err
    with xr.open_datatree(inside / "here/result.nc") as result:
        assert result.attrs["status"] == "end time"
        assert result.attrs["time_reached"] == pytest.approx(0.1 * 3.15576e13, rel=1e-12)


@pytest.mark.parametrize(
    "way_out",
    [
        ("[disc]", '[time]\nend = "1 kyr"\n[disc]'),
        ("damping = [ {", 'streaming = { type = "given", v = "10 km/s" }\ndamping = [ {'),
        ("damping = [ {", 'damping = [ { type = "given_X", X = "1e11 GeV(-3/2) s-1", slope = -1.5 }, {'),
        ('losses = "none"', 'losses = "flux"'),
    ],
)
def test_any_way_out_is_enough(command, deck, way_out):
    ended = command("check", deck(*STUCK, way_out, text=PROTONS))
    assert ended.code == 0
    assert "no steady state" not in ended.out


def test_a_solve_that_fails_says_where_and_what_to_try(command, deck, inside):
    ended = command("run", deck(), "--no-figures", "--out", "here", "--", "-snes_max_it", "1")
    assert ended.code == 3
    ended.explained("did not converge", "GV", "z_max", "try", "state saved to here/result.nc", "crstream resume here")
    with xr.open_datatree(inside / "here/result.nc") as result:
        assert result.attrs["status"].startswith("failed: ")
        assert result.attrs["petsc_options"] == "-snes_max_it 1"
    assert command("resume", "here", "--no-figures").code == 0             # options that made it fail are not taken up again
    with xr.open_datatree(inside / "here/result.nc") as result:
        assert result.attrs["petsc_options"] == ""


# ---- output folders --------------------------------------------------------------------------------------------------


def test_an_output_folder_in_use_is_refused(command, deck, inside):
    """Another process runs in the folder: it holds the lock, and nothing of it may be touched."""
    import fcntl

    (inside / "here").mkdir()
    handle = os.open(inside / "here", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        command("run", deck(), "--no-figures", "--out", "here").refused("here", "in use")
        assert tree(inside / "here") == []
    finally:
        os.close(handle)
    assert command("run", "galaxy.toml", "--no-figures", "--out", "here").code == 0


def test_a_run_leaves_no_lock_behind_however_it_ends(command, deck, inside):
    words = ("run", deck(), "--no-figures", "--out", "here", "--force")
    for more, code in ((("--", "-snes_max_it", "1"), 3), ((), 0), ((), 0)):
        assert command(*words, *more).code == code


@pytest.mark.parametrize("out", ["file/new", "file", "/dev/null/new"])
def test_an_output_folder_that_cannot_be_is_refused_before_anything_is_solved(command, deck, inside, out):
    """Permission bits do not bind root, a folder below a regular file nobody can make."""
    name = deck()
    (inside / "file").write_bytes(b"mine")
    for call in (("run",), ("converge", "--vary", "grid.z_cells=8,16")):
        command(call[0], name, *call[1:], "--out", out).refused("--out", out, "cannot be written", "not a folder")
    command("coefficients", name, "--out", f"{out}/c.nc").refused("c.nc", "cannot be written")
    assert (inside / "file").read_bytes() == b"mine"
    assert tree(inside) == sorted([name, "file"])


def test_a_file_name_that_netcdf_cannot_have_is_refused_before_anything_is_solved(command, deck, inside):
    name, out = deck(), os.fsdecode(b"r\xff")
    command("run", name, "--out", out).refused("--out", "UTF-8")
    command("sweep", name, "--vary", "grid.z_cells=8,9", "--out", out).refused("--out", "UTF-8")
    command("coefficients", name, "--out", out).refused("UTF-8")
    assert tree(inside) == [name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_refused(command, deck, inside):
    (inside / "locked").mkdir(mode=0o500)
    command("run", deck(), "--out", "locked/new").refused("cannot be written", "permission")
    command("run", deck(), "--out", "locked").refused("cannot be written")


def test_a_disc_that_fills_up_at_a_checkpoint_does_not_end_the_run(command, deck, inside, monkeypatch):
    from solver import storage, watch

    write = storage.write

    def full(tree, path):
        if path.endswith("checkpoint.nc"):
            raise storage.ResultError(f"{path}: cannot be written (No space left on device)")
        return write(tree, path)

    monkeypatch.setattr(storage, "write", full)
    monkeypatch.setattr(watch.Checkpoints.__init__, "__defaults__", (0.0,))
    ended = command("run", deck(), "--no-figures", "--out", "here")
    assert ended.code == 0
    assert "warning: no checkpoint" in ended.err
    assert tree(inside / "here") == ["result.nc"]


def test_a_disc_that_is_full_at_the_end_keeps_the_checkpoint(command, deck, inside, monkeypatch):
    from solver import storage, watch

    write = storage.write

    def full(tree, path):
        if path.endswith("result.nc"):
            raise storage.ResultError(f"{path}: cannot be written (No space left on device)")
        return write(tree, path)

    monkeypatch.setattr(watch.Checkpoints.__init__, "__defaults__", (0.0,))
    with monkeypatch.context() as patch:
        patch.setattr(storage, "write", full)
        command("run", deck(), "--no-figures", "--out", "here").refused("result.nc", "No space left")
    assert tree(inside / "here") == ["checkpoint.nc"]
    ended = command("resume", "here", "--no-figures")
    assert ended.code == 0, ended.err
    assert tree(inside / "here") == ["result.nc"]


# ---- result and restart files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with one finished run, to be copied and damaged."""
    folder = tmp_path_factory.mktemp("stored")
    words = (
        "run",
        "nonlinear_landau",
        "--no-figures",
        "--out",
        "run",
        "--set",
        "grid.z_cells=4",
        "--set",
        "grid.rigidity_cells=3",
    )
    ended = process(*words, cwd=folder)
    assert ended.code == 0, ended.err
    return folder / "run/result.nc"


def truncated(path, source):
    path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])


def stub(path, source):
    path.write_bytes(source.read_bytes()[:100])


def empty(path, _source):
    path.write_bytes(b"")


def text(path, _source):
    path.write_text("not a result")


def flipped(path, source):
    """One stored number damaged: the checksum of its array tells."""
    data = bytearray(source.read_bytes())
    with xr.open_datatree(source) as result:
        number = result.f.values[0, 0].tobytes()
    at = bytes(data).find(number)
    assert at > 0
    data[at + 3] ^= 0x40
    path.write_bytes(data)


def foreign(path, _source):
    xr.Dataset({"f": ("z", np.ones(3))}).to_netcdf(path, engine="netcdf4")


def classic(path, _source):
    path.write_bytes(b"CDF\x01" + bytes(100))


def newer(path, source):
    shutil.copy(source, path)
    import netCDF4

    with netCDF4.Dataset(path, "a") as file:
        file.crstream_file_version = 99


def incomplete(path, source):
    with xr.open_datatree(source) as result:
        kept = result.load()
    root = kept.to_dataset().drop_vars("f")
    xr.DataTree.from_dict(
        {"/": root} | {f"/{name}": kept[name].to_dataset(inherit=False) for name in kept.children}
    ).to_netcdf(path, engine="netcdf4")


DAMAGE = {
    truncated: "truncated or damaged",
    stub: "truncated or damaged",
    empty: "not a netCDF-4 file",
    text: "not a netCDF-4 file",
    flipped: "truncated or damaged",
    foreign: "not written by crstream",
    classic: "not a netCDF-4 file",
    newer: "layout 99",
    incomplete: "lacks f",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_files_that_are_no_results_are_refused_and_left_alone(damage, stored, command, inside):
    (inside / "run").mkdir()
    path = inside / "run/result.nc"
    damage(path, stored)
    before = path.read_bytes()
    for call in (("resume",), ("compare",), ("plot",)):
        for where in ("run", "run/result.nc"):
            command(*call, where).refused("result.nc", DAMAGE[damage])
    command("run", "nonlinear_landau", "--out", "new", "--set", 'initial={type="file", path="run/result.nc"}').refused(
        "result.nc", DAMAGE[damage]
    )
    assert path.read_bytes() == before
    assert tree(inside) == ["run", "run/result.nc"]


def test_a_damaged_checkpoint_is_named(stored, command, inside):
    (inside / "run").mkdir()
    shutil.copy(stored, inside / "run")
    truncated(inside / "run/checkpoint.nc", stored)
    command("resume", "run").refused("checkpoint.nc", "truncated or damaged")
    assert sorted(tree(inside / "run")) == ["checkpoint.nc", "result.nc"]


def test_a_result_without_restart_data_cannot_go_on(stored, command, inside):
    (inside / "run").mkdir()
    with xr.open_datatree(stored) as result:
        kept = result.load()
    groups = {"/": kept.to_dataset(), "/history": kept["history"].to_dataset(inherit=False)}
    xr.DataTree.from_dict(groups).to_netcdf(inside / "run/result.nc", engine="netcdf4")
    command("resume", "run").refused("no restart data")


def test_coefficients_are_no_result(command, deck, inside):
    assert command("coefficients", deck(), "--out", "c.nc").code == 0
    for call in ("resume", "compare"):
        command(call, "c.nc").refused("c.nc", "coefficients file", "expected result")
    command("plot", "c.nc", "--what", "coefficients,spectrum").refused("spectrum", "nothing was solved", "kappa")
    command("run", "galaxy.toml", "--out", "new", "--set", 'initial={type="file", path="c.nc"}').refused(
        "c.nc", "coefficients file"
    )
    assert tree(inside) == ["c.nc", "galaxy.toml"]


def test_a_result_beside_others_is_not_mistaken_for_the_run_of_its_folder(stored, command, inside):
    """resume OTHER.nc must not go on with the result.nc that happens to lie in the same folder."""
    shutil.copy(stored, inside / "result.nc")
    shutil.copy(stored, inside / "kept.nc")
    before = (inside / "result.nc").read_bytes()
    command("resume", "kept.nc").refused("kept.nc", "result.nc")
    assert (inside / "result.nc").read_bytes() == before


@pytest.mark.parametrize("call", ["resume", "compare", "plot"])
def test_folders_without_a_result(call, command, inside):
    command(call, "nowhere").refused("nowhere")
    (inside / "hollow").mkdir()
    command(call, "hollow").refused("hollow", "holds no result.nc")
    assert tree(inside) == ["hollow"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("grid.z_cells=8", ["grid.z_cells", "cannot change while going on"]),
        ("layer.0.plasma.B=2 uG", ["layer.0.plasma.B", "cannot change"]),
        ("time.end=1 kyr", ["time.end", "is a steady state", '[initial] type = "file"']),
        ("time.bogus=1", ["time.bogus", "unknown key"]),
        ("time.max_steps=0", ["time.max_steps", "at least 1"]),
        ("nonsense", ["write key.path=value"]),
    ],
)
def test_changes_that_do_not_fit_a_resumed_run(stored, command, inside, override, words):
    (inside / "run").mkdir()
    shutil.copy(stored, inside / "run")
    command("resume", "run", "--set", override).refused("--set", *words)
    assert (inside / "run/result.nc").read_bytes() == stored.read_bytes()
    assert tree(inside) == ["run", "run/result.nc"]


def test_options_that_are_no_changes_hide_no_faults_of_the_others(command):
    command("check", "two_phase", "--set", "foo", "--set", "grid.z_cells=x").refused('found "foo"', "grid.z_cells: found")


def test_all_changes_of_a_resumed_run_that_are_none_are_told(command, inside):
    command("resume", "run", "--set", "nonsense", "--set", "=3").refused('found "nonsense"', 'found "=3"')


def test_more_memory_than_there_is_is_said(command, deck, inside, monkeypatch):
    from solver import model

    def hungry(*_):
        raise MemoryError

    monkeypatch.setattr(model.Model, "transport_problem", hungry)
    name = deck()
    command("run", name, "--out", "new").refused("not enough memory", "grid.z_cells")
    assert tree(inside) == [name]


def test_an_internal_error_is_neither_0_nor_1_nor_2(command, deck, monkeypatch):
    """1 would mean a comparison outside its tolerance; the traceback is shown so that it can be reported."""
    from solver import describe

    monkeypatch.setattr(describe, "describe", lambda deck: 1 / 0)
    ended = command("show", deck())
    assert ended.code == 3
    assert "ZeroDivisionError" in ended.err
    assert "internal error, please report" in ended.err


@pytest.mark.parametrize("words", [("-options_file", "nofile"), ("-",)])
def test_words_that_petsc_refuses_as_it_starts(words, inside):
    ended = process("run", "nonlinear_landau", "--no-figures", "--out", "here", "--", *words, cwd=inside)
    assert ended.code == 2, ended.err
    assert "crstream: PETSc: " in ended.err
    assert "Traceback" not in ended.err
    assert tree(inside) == []


def test_no_iteration_at_all_is_not_enough(command, inside):
    ended = command("run", "nonlinear_landau", "--no-figures", "--out", "here", "--", "-snes_max_it", "0")
    assert ended.code == 3
    assert "did not converge" in ended.err
    assert "Traceback" not in ended.err


def test_tables_without_end_are_one_fault(command, inside):
    (inside / "deep.toml").write_text("a" + ".a" * 5000 + " = 1\n", encoding="utf-8")
    command("check", "deep.toml").refused("nested too deep")


@pytest.mark.parametrize("key", ["plasma.B=-1 uG", "top=0 pc", "streaming.type=no", "damping=3"])
def test_what_is_wrong_inside_a_layer_is_the_only_fault(key, command):
    ended = command("check", "nonlinear_landau", "--set", f"layer.0.{key}")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1, ended.err
    assert "there is none" not in ended.err


def test_a_deck_without_layers_says_so(command):
    command("check", "nonlinear_landau", "--set", "layer=[]").refused("layer: there is none")


@pytest.mark.parametrize("key", ["energy=1e150 erg", "rate=1e-150 yr-1", "radius=1e150 kpc"])
def test_a_source_beyond_all_physics_is_named(key, command):
    command("check", "nonlinear_landau", "--set", f"species.proton.source.{key}").refused("species.proton.source", "1e")


def test_memory_that_petsc_cannot_get_is_memory(command, inside, monkeypatch):
    from petsc4py import PETSc

    from solver.transport import layout

    def full(*_):
        raise PETSc.Error(55)

    monkeypatch.setattr(layout.Layout, "__init__", full)
    command("run", "nonlinear_landau", "--no-figures", "--out", "here").refused("not enough memory")


@pytest.mark.parametrize("name", [".", ".."])
def test_a_picture_needs_a_name(name, command):
    command("show", "two_phase", "--draw", name).refused("--draw", "names no file")


def test_a_verdict_stands_where_no_figure_can_be_written(stored, command, inside, monkeypatch):
    from solver import storage

    shutil.copytree(stored.parent, inside / "run")
    monkeypatch.setattr(storage, "_sync", lambda path: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    ended = command("compare", "run")
    assert ended.code == 0, ended.err
    assert "within the tolerance" in ended.out
    assert "Read-only file system" in ended.err


@pytest.mark.parametrize("command_line", [
    ("run", "streaming"), ("converge", "streaming", "--vary", "grid.z_cells=4,8"), ("reproduce",),
    ("sweep", "streaming", "--vary", "grid.z_cells=4,8"), ("coefficients", "streaming"),
])  # fmt: skip
def test_an_unset_shell_variable_is_no_folder(command_line, command, inside):
    ended = command(*command_line, "--out", "")
    assert ended.code == 2
    assert "--out" in ended.err
    assert tree(inside) == []


@pytest.mark.parametrize(("option", "value"), [("-snes_type", "newtonls"), ("-snes_type", "ksponly"), ("-fp_trap", "on")])
def test_options_that_would_take_the_solver_apart_are_refused(option, value, command, deck, inside):
    command("run", deck(), "--out", "here", "--", option, value).refused(f"PETSc: {option}", "cannot be chosen")
    assert tree(inside) == ["galaxy.toml"]
