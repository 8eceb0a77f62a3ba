"""Every command as a user types it: what it prints, what it writes, the exit code."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from command_line import GALAXY, SMALL, process, tree

import problems

PNG = b"\x89PNG\r\n\x1a\n"
HEAVY = ("astropy", "xarray", "matplotlib", "petsc4py", "mpi4py", "netCDF4", "scipy", "pandas", "numpy")

# name: (dimensions, units) as the contract of result.nc fixes them
CONTRACT = {
    "f": (("species", "z", "rigidity"), "cm-3 GeV-3"),
    "flux": (("species", "z_face", "rigidity"), "cm-2 s-1 GeV-3"),
    "kappa": (("species", "z_face", "rigidity"), "cm2 s-1"),
    "v": (("z_face",), "cm s-1"),
    "S": (("z_face", "rigidity"), None),
    "X": (("z_face", "rigidity"), None),
    "kappa_extrinsic": (("z_face", "rigidity"), "cm2 s-1"),
    "loss_time": (("species", "rigidity"), "s"),
    "Q": (("species", "rigidity"), "cm-2 s-1 GeV-3"),
    "J": (("species", "rigidity"), "m-2 s-1 sr-1 GV-1"),
    "boron_to_carbon": (("rigidity",), "1"),
}


@pytest.fixture(scope="module")
def galaxy(tmp_path_factory):
    """A folder in which the small Galaxy was run with figures, and how that ended."""
    folder = tmp_path_factory.mktemp("galaxy")
    (folder / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    return folder, process("run", "galaxy.toml", cwd=folder)


@pytest.fixture(scope="module")
def landau(tmp_path_factory):
    """A folder with a run of nonlinear_landau in the default place, and how that ended."""
    folder = tmp_path_factory.mktemp("landau")
    return folder, process("run", "nonlinear_landau", "--no-figures", *SMALL, cwd=folder)


def test_the_version_is_that_of_the_distribution(command):
    from importlib.metadata import version

    ended = command("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"crstream {version('crstream')}\n", "")


@pytest.mark.parametrize("streams", ["stdout", "both"])
def test_a_run_whose_reader_has_gone_is_saved(streams, tmp_path):
    """| head and 2>&1 | head: the rest is not shown, the run goes on; a closed pipe is no crash to PETSc."""
    command = [sys.executable, "-m", "solver", "run", "two_phase", "--no-figures", "--out=kept", *SMALL]
    stderr = subprocess.STDOUT if streams == "both" else subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=stderr, text=True) as run:
        assert run.stdout.readline().startswith("two-phase Galaxy")
        run.stdout.close()
        said = "" if run.stderr is None else run.stderr.read()
        assert run.wait(60) == 0, said
    assert "ERROR" not in said
    assert (tmp_path / "kept" / "result.nc").exists()


def test_work_and_verdict_do_not_depend_on_the_reader(tmp_path):
    """A study goes on to its end, and a comparison outside its tolerance ends with 1, when nobody reads what they print."""
    words = ("converge", "streaming", "--vary", "grid.z_cells=4,8,16", "--set", "grid.rigidity_cells=4", "--out=study")
    with subprocess.Popen([sys.executable, "-m", "solver", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline().startswith("grid.z_cells = 4")
        run.stdout.close()
        assert run.wait(60) == 0
    assert (tmp_path / "study" / "study.nc").exists()
    coarse = ("--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=4", "--set", "time.end=5 Myr", "--no-figures")
    assert process("run", "slab_transient", *coarse, "--out=far", cwd=tmp_path).code == 0
    words = f"'{sys.executable}' -m solver compare far --no-figure"
    assert subprocess.run(["sh", "-c", f"{words} > read"], cwd=tmp_path, check=False).returncode == 1
    unheard = f"({words}; echo $? >code) | true; cat code"
    said = subprocess.run(["sh", "-c", unheard], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.stdout == "1\n", said.stderr


@pytest.mark.parametrize("width", [80, 40])
def test_the_live_line_fits_the_terminal(width, tmp_path):
    """What a terminal has to wrap cannot be written over."""
    import pty
    import struct
    from fcntl import ioctl
    from termios import TIOCSWINSZ

    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    words = ("run", "two_phase", "--no-figures", "--out=kept", *SMALL)
    words = [sys.executable, "-m", "solver", *words]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs) as run:
        os.close(theirs)
        said = b""
        try:
            while some := os.read(ours, 4096):
                said += some
        except OSError:  # the other end has been closed
            pass
        assert run.wait(60) == 0
    os.close(ours)
    lines = said.decode().replace("\x1b[K", "").replace("\r\n", "\n").replace("\n", "\r").split("\r")
    assert len(lines) > 5
    assert max(map(len, lines)) < width


def test_a_problem_that_is_being_written_does_not_hide_the_others(command, tmp_path, monkeypatch):
    import problems

    for name, text in (("good", 'title = "fine"'), ("half", "title = ")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "deck.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(problems, "FOLDER", tmp_path)
    ended = command("list")
    assert ended.code == 0
    for part in ("good", "fine", "half/deck.toml: Invalid value"):
        assert part in ended.out


@pytest.mark.parametrize(("text", "said"), [
    ("def solution(model, t=None:", ("SyntaxError", "line 1")),
    ("import no_such_module", ("ModuleNotFoundError", "no_such_module", "line 1")),
])  # fmt: skip
def test_mistakes_in_the_formulas_of_a_problem_are_told(text, said, command, deck, tmp_path, monkeypatch):
    import importlib.util

    import problems

    module = tmp_path / "exact.py"
    module.write_text(text, encoding="utf-8")

    def load(_name):
        spec = importlib.util.spec_from_file_location("faulty", module)
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return made

    monkeypatch.setattr(problems, "load_exact", load)
    for words in (("check", "streaming"), ("run", "streaming", "--out", "here", *SMALL)):
        command(*words).refused("problems/streaming/exact.py", *said)
    assert not (tmp_path / "here").exists()


def test_a_solution_that_fails_is_told_and_the_run_is_kept(command, inside, monkeypatch):
    import problems

    monkeypatch.setattr(problems, "load_exact", lambda _: type("Module", (), {"solution": staticmethod(lambda model, t: 1 / 0)}))
    ended = command("run", "nonlinear_landau", "--out", "here", "--no-figures", *SMALL)
    assert ended.code == 0
    assert "not compared: problems/nonlinear_landau/exact.py: ZeroDivisionError: division by zero; see line" in ended.out
    assert (inside / "here" / "result.nc").exists()


def test_an_encoding_without_our_letters_shows_others(tmp_path):
    for words in (("show", "two_phase"), ("explain", "layer.damping"), ("run", "streaming", "--no-figures", "--out=o", *SMALL)):
        ended = process(*words, cwd=tmp_path, PYTHONIOENCODING="ascii")
        assert ended.code == 0, ended.err
        assert "?" in ended.out


@pytest.mark.skipif(os.name != "posix", reason="closes file descriptors")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_matter(closed, tmp_path):
    """The numbers of closed streams must not go to the files of the run: what is then printed would end up in those."""
    words = f"'{sys.executable}' -m solver run streaming --no-figures --out=o {' '.join(SMALL)} {closed}"
    assert subprocess.run(["sh", "-c", words], cwd=tmp_path, check=False).returncode == 0
    assert xr.open_datatree(tmp_path / "o" / "result.nc").attrs["status"] == "steady"


# ---- help, list, show, explain, check --------------------------------------------------------------------------------


def test_help_and_list_import_nothing_heavy():
    script = (
        "import sys\n"
        "from solver.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print('LOADED', code, *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    for words in (["--help"], ["list"], ["run", "--help"]):
        ended = process(*words, python=("-c", script))
        _, code, *loaded = ended.out.splitlines()[-1].split()
        assert code in ("0", "None"), ended.err
        assert not set(HEAVY) & set(loaded), words


def test_help_names_every_command():
    ended = process("--help")
    assert ended.code == 0
    for name in ("list", "show", "explain", "check", "run", "resume", "coefficients", "compare", "converge", "plot"):
        assert f" {name} " in ended.out


def test_list_has_a_line_for_every_shipped_problem():
    ended = process("list")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == list(problems.list_problems())
    assert all(len(line.split()) > 1 for line in ended.out.splitlines())


def test_installed_script_is_the_same_command():
    script = Path(sys.executable).parent / "crstream"
    if not script.exists():
        pytest.skip("not installed in this environment")
    done = subprocess.run([script, "list"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "two_phase" in done.stdout


def test_show_names_equation_layers_sources_and_grid(command):
    ended = command("show", "two_phase")
    assert ended.code == 0
    for text in ("∂(p³f)/∂t", "eq. 10", "warm", "halo", "proton", "from carbon, 61 mbarn", "169200 unknowns"):
        assert text in ended.out, text


def test_show_names_winds_profiles_and_schedules(command):
    """All that makes v, X and Q what they are; numbers that change across a layer from its bottom to its top."""
    changes = ("layer.halo.wind=30 km/s", "layer.halo.profile={ z0 = '2 kpc', n = -1 }",
               "species.carbon.source.schedule={ type = 'switch', on = '1 Myr', off = '3 Myr' }", "time.end=5 Myr")
    ended = command("show", "two_phase", *(word for change in changes for word in ("--set", change)))
    assert ended.code == 0, ended.err
    for text in ("wind 30 km/s", "times a power of z/2 kpc above that: n with -1", "on from 1 Myr to 3 Myr"):
        assert text in ended.out, text
    assert re.search(r"v = 69\.\d+…\d+(\.\d)? km/s; .* X = 3\.\d+e\+11…\d\.\d+e\+1[12] GeV\(-3/2\) s-1", ended.out), ended.out


def test_show_says_which_equation_is_in_force(command):
    ended = command("show", "linear_damping", "--set", "disc.losses=catastrophic")
    assert "without adiabatic losses (eq. 2's approximation)" in ended.out
    assert "eq. 4" in ended.out
    assert "eq. 1 as printed" in ended.out
    assert "v f − κ ∂f/∂z" in ended.out


@pytest.mark.parametrize("name", problems.list_problems())
def test_every_shipped_problem_is_in_order(command, name):
    small = () if "layered" in name else ("--set", "grid.z_cells=20", "--set", "grid.rigidity_cells=8")
    ended = command("check", name, *small)
    assert ended.code == 0, ended.err
    assert f"{name}: in order" in ended.out
    assert command("show", name, *small).code == 0


def test_check_counts_the_unknowns_and_writes_nothing(command, inside):
    ended = command("check", "two_phase")
    assert "3 species × 141 rigidities × 401 heights, 169200 unknowns" in ended.out
    assert tree(inside) == []


def test_explain_gives_unit_default_and_range(command):
    ended = command("explain", "grid.z_cells")
    assert ended.code == 0
    assert "grid.z_cells" in ended.out
    assert "200" in ended.out
    ended = command("explain", "layer.damping.turbulent")
    assert ended.code == 0
    assert "Ma" in ended.out
    everything = command("explain")
    assert everything.code == 0
    for key in ("title", "grid", "species", "layer", "boundary", "time", "initial", "output"):
        assert key in everything.out


# ---- run ------------------------------------------------------------------------------------------------------------


def test_run_writes_the_result_and_figures_where_the_name_says(galaxy):
    folder, ended = galaxy
    assert ended.code == 0, ended.err
    files = set(tree(folder / "out" / "galaxy"))
    assert {"result.nc", "spectrum.png", "spectrum.pdf", "b_to_c.png", "profiles.png", "kappa.png"} <= files
    assert "checkpoint.nc" not in files
    assert not [name for name in files if name.endswith(".part")]
    assert (folder / "out/galaxy/spectrum.png").read_bytes().startswith(PNG)
    assert "small Galaxy: proton, carbon, boron; 8 × 6 cells" in ended.out
    assert "steady at t =" in ended.out
    assert "particle budget closed to" in ended.out
    assert "saved out/galaxy/result.nc" in ended.out
    assert "step  t" in ended.err


def test_result_is_what_the_contract_says_for_a_reader_that_knows_only_xarray(galaxy):
    with xr.open_datatree(galaxy[0] / "out/galaxy/result.nc") as result:
        assert dict(result.sizes) | {"species": 3, "z": 9, "z_face": 8, "rigidity": 7} == dict(result.sizes)
        for name, (dims, units) in CONTRACT.items():
            variable = result[name]
            assert variable.dims == dims, name
            assert variable.attrs["long_name"], name
            assert variable.attrs["units"] == units if units else variable.attrs["units"], name
            assert variable.dtype == float, name
        for name, units in (("z", "kpc"), ("z_face", "kpc"), ("rigidity", "GV")):
            assert result[name].attrs["units"] == units
        assert list(result.species.values) == ["proton", "carbon", "boron"]
        assert float(result.z[0]) == 0.0
        assert float(result.z[-1]) == pytest.approx(4.0, rel=1e-14)
        assert result.rigidity.values[[0, -1]] == pytest.approx([1.0, 1e3], rel=1e-14)
        assert result.attrs["status"] == "steady"
        deck = json.loads(result.attrs["deck"])
        assert deck["layer"][1]["plasma"]["T"] == "3e6 K"
        assert deck["time"]["end"] == "steady"  # defaults are filled in
        for name in ("crstream_version", "petsc_version", "numpy_version"):
            assert result.attrs[name]
        assert np.isinf(result.kappa_extrinsic.values[4:]).all()  # nothing scatters in the halo
        assert np.isfinite(result.kappa_extrinsic.values[:2]).all()
        assert (result.f.values[:, :-1] > 0).all()
        assert (result.f.values[:, -1] == 0).all()
        history = result["/history"]
        steps = history.sizes["step"]
        for name in ("t", "dt", "newton", "residual", "change", "budget"):
            assert history[name].sizes["step"] == steps, name
        assert history.budget.dims == ("step", "species")
        assert (np.diff(history.t.values) > 0).all()


def test_stored_intensity_and_ratio_belong_to_the_stored_f(galaxy):
    with xr.open_datatree(galaxy[0] / "out/galaxy/result.nc") as result:
        Z = result.charge.values[:, None]
        p, v = Z * result.rigidity.values, result.beta.values * 2.99792458e10
        # J dR = v/(4π) · 4πp² f dp with p = Z R in GeV/c; 1e4 cm² in a m²
        expected = 1e4 * v * p**2 * result.f.values[:, 0] * Z
        np.testing.assert_allclose(result.J.values, expected, rtol=1e-12)
        ratio = result.J.sel(species="boron") / result.J.sel(species="carbon")
        np.testing.assert_allclose(result.boron_to_carbon.values, ratio.values, rtol=1e-12)


def test_flux_at_the_top_carries_away_what_the_source_gives_where_nothing_is_lost(landau):
    with xr.open_datatree(landau[0] / "out/nonlinear_landau/result.nc") as result:
        np.testing.assert_allclose(result.flux.values[0, -1], result.Q.values[0], rtol=1e-8)


def test_run_of_a_problem_compares_with_its_exact_solution(landau):
    folder, ended = landau
    assert ended.code == 0, ended.err
    assert "eq. 14" in ended.out
    assert "within the tolerance" in ended.out
    assert tree(folder / "out/nonlinear_landau") == ["result.nc"]  # --no-figures


def test_run_refuses_to_overwrite_a_result_without_force(landau, command, inside):
    folder, _ = landau
    before = (folder / "out/nonlinear_landau/result.nc").stat()
    again = ("run", "nonlinear_landau", "--no-figures", "--out", folder / "out/nonlinear_landau", *SMALL)
    command(*again).refused("holds a result", "--force")
    after = (folder / "out/nonlinear_landau/result.nc").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert tree(inside) == []


def test_force_replaces_a_result(command, deck, inside):
    first = command("run", deck(), "--no-figures", "--out", "here", "--set", "title=first")
    assert first.code == 0, first.err
    again = command("run", "galaxy.toml", "--no-figures", "--out", "here", "--force", "--set", "title=second")
    assert again.code == 0, again.err
    with xr.open_datatree(inside / "here/result.nc") as result:
        assert result.attrs["title"] == "second"


def test_a_checkpoint_of_a_run_cut_off_is_not_thrown_away_without_force(command, deck, inside):
    (inside / "here").mkdir()
    (inside / "here/checkpoint.nc").write_bytes(b"state of a long run")
    command("run", deck(), "--no-figures", "--out", "here").refused("checkpoint", "crstream resume here", "--force")
    assert (inside / "here/checkpoint.nc").read_bytes() == b"state of a long run"
    assert command("run", "galaxy.toml", "--no-figures", "--out", "here", "--force").code == 0
    assert tree(inside / "here") == ["result.nc"]


def test_out_is_named_after_the_deck(command, deck, inside):
    words = ("--no-figures", "--set", "grid.rigidity_cells=2", "--set", "time.method=direct")
    assert command("run", deck(name="my.case.toml"), *words).code == 0
    (inside / "v1.2").mkdir()
    (inside / deck()).rename(inside / "v1.2/deck.toml")
    assert command("run", "v1.2", *words).code == 0
    assert {"out/my.case/result.nc", "out/v1.2/result.nc"} <= set(tree(inside))


def test_deck_may_switch_the_figures_off(command, deck, inside):
    text = deck(more="[output]\nfigures = false\n")
    assert command("run", text, "--set", "time.method=direct").code == 0
    assert tree(inside / "out/galaxy") == ["result.nc"]


def test_a_result_that_is_replaced_takes_its_figures_with_it(command, deck, inside):
    words = ("run", deck(), "--out", "here")
    assert command(*words).code == 0
    (inside / "here/mine.png").write_bytes(b"mine")
    (inside / "here/compare.pdf").write_bytes(b"of an earlier comparison")
    assert {"spectrum.png", "kappa.pdf", "b_to_c.png"} <= set(tree(inside / "here"))
    assert command("resume", "here", "--no-figures").code == 0
    assert {"spectrum.png", "kappa.pdf", "compare.pdf"} <= set(tree(inside / "here"))  # still of this result
    assert command(*words, "--force", "--no-figures").code == 0
    assert tree(inside / "here") == ["mine.png", "result.nc"]
    assert command(*words, "--force").code == 0
    assert "spectrum.png" in tree(inside / "here")


def test_a_run_that_goes_on_takes_the_figures_of_the_state_before_with_it(command, deck, inside):
    words = ("run", deck(), "--out", "here", "--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=4")
    assert command(*words, "--set", "time.end=5 Myr").code == 0
    assert command("plot", "here", "--what", "speed").code == 0
    (inside / "here/mine.png").write_bytes(b"mine")
    assert command("resume", "here", "--no-figures", "--set", "time.end=6 Myr").code == 0
    assert tree(inside / "here") == ["mine.png", "result.nc"]
    assert command("resume", "here", "--set", "time.end=7 Myr").code == 0
    assert "spectrum.png" in tree(inside / "here")


def test_error_estimate_gives_every_spectrum_an_error(command, deck, inside):
    ended = command("run", deck(), "--no-figures", "--estimate-error")
    assert ended.code == 0, ended.err
    assert "numerical error of the spectra (two grids)" in ended.out
    with xr.open_datatree(inside / "out/galaxy/result.nc") as result:
        assert result.J_error.dims == ("species", "rigidity")
        assert result.J_error.attrs["units"] == result.J.attrs["units"]
        assert result.boron_to_carbon_error.dims == ("rigidity",)
        assert (result.J_error.values >= 0).all()
        assert "/restart" in result.groups


def test_a_grid_too_coarse_for_error_bars_is_said_to_be(command, deck, inside):
    ended = command("run", deck(), "--set", "grid.z_cells=6", "--estimate-error")
    ended.refused("--estimate-error: found 6 × 6 cells; needs at least 8 × 2")
    assert tree(inside) == ["galaxy.toml"]


def test_error_estimate_that_fails_does_not_lose_the_result(command, deck, inside, monkeypatch):
    from solver.session import Session
    from solver.transport.march import Failure

    march = Session.march

    def failing(self, *arguments, **options):
        done = march(self, *arguments, **options)
        if self.folder is None:  # the partner run
            done.status, done.failure = "failed: on purpose", Failure("on purpose", {})
        return done

    monkeypatch.setattr(Session, "march", failing)
    ended = command("run", deck(), "--no-figures", "--estimate-error")
    assert ended.code == 3
    ended.explained("steady", "partner run", "on purpose")
    with xr.open_datatree(inside / "out/galaxy/result.nc") as result:
        assert result.attrs["status"] == "steady"


def test_direct_method_and_march_find_the_same_state(command, deck, inside):
    deck()
    assert command("run", "galaxy.toml", "--no-figures", "--out", "march").code == 0
    ended = command("run", "galaxy.toml", "--no-figures", "--out", "direct", "--set", "time.method=direct")
    assert ended.code == 0
    assert "steady: 1 steps" in ended.out
    f = [xr.open_datatree(inside / name / "result.nc").load().f.values for name in ("march", "direct")]
    # a march counts as steady with a storage term of 1e-9 of the throughput; f follows with a factor of order one
    np.testing.assert_allclose(f[0], f[1], rtol=0, atol=1e-8 * f[0].max(axis=1, keepdims=True).max())
    relative = np.abs(f[0] - f[1]).max(axis=1) / f[1].max(axis=1)
    assert relative.max() < 1e-7


# ---- PETSc ----------------------------------------------------------------------------------------------------------


def test_words_after_the_dashes_reach_petsc(inside):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    words = (
        "run",
        "galaxy.toml",
        "--no-figures",
        "--set",
        "time.method=direct",
        "--",
        "-snes_monitor",
        "-snes_typo",
        "3",
    )
    ended = process(*words, cwd=inside)
    assert ended.code == 0, ended.err
    assert "SNES Function norm" in ended.out
    assert "PETSc made no use of the option -snes_typo" in ended.out
    assert "-snes_monitor" not in ended.out.replace("option -snes_typo", "")
    with xr.open_datatree(inside / "out/galaxy/result.nc") as result:
        assert result.attrs["petsc_options"] == "-snes_monitor -snes_typo 3"


def test_petsc_options_hold_for_one_run_only(command, deck):
    deck()
    words = ("run", "galaxy.toml", "--no-figures", "--force", "--set", "time.method=direct")
    assert command(*words, "--", "-snes_max_it", "1").code == 3
    assert command(*words).code == 0


@pytest.mark.parametrize("words", [("--", "-ksp_type", "no_such"), ("--", "-snes_atol", "abc")])
def test_petsc_options_that_petsc_refuses_are_bad_input(command, deck, inside, words):
    name = deck()
    command("run", name, "--no-figures", *words).refused("PETSc", words[1], words[2])
    assert tree(inside) == [name]


@pytest.mark.parametrize(
    "words",
    [
        ("--bogus",),
        ("-snes_monitor",),
        ("extra",),
        ("--", "extra"),
        ("--set",),
        ("--forc", "x"),
        ("--out",),
    ],
)
def test_mistyped_options_are_bad_input_and_nothing_is_written(command, deck, inside, words):
    name = deck()
    ended = command("run", name, *words)
    assert ended.code == 2
    assert "Usage: crstream run" in ended.err or "requires an argument" in ended.err
    assert "Traceback" not in ended.err
    assert tree(inside) == [name]


# ---- coefficients, compare, converge, plot -------------------------------------------------------------------------


def test_coefficients_are_those_of_a_result_and_nothing_is_solved(galaxy, inside):
    folder, _ = galaxy
    ended = process("coefficients", folder / "galaxy.toml", "--out", "new/c.nc", cwd=inside)
    assert ended.code == 0, ended.err
    assert "saved new/c.nc" in ended.out
    with xr.open_datatree(inside / "new/c.nc") as alone, xr.open_datatree(folder / "out/galaxy/result.nc") as result:
        for name in ("v", "S", "X", "kappa_extrinsic", "loss_time", "Q"):
            assert alone[name].dims == CONTRACT[name][0]
            np.testing.assert_array_equal(alone[name].values, result[name].values)
        assert "f" not in alone.variables
        assert json.loads(alone.attrs["deck"]) == json.loads(result.attrs["deck"])


def test_coefficients_hold_the_microphysics_and_are_drawn(galaxy, command, deck, inside):
    assert command("coefficients", deck(), "--out", "c.nc").code == 0
    with xr.open_datatree(inside / "c.nc") as alone:
        details = alone["/microphysics"]
        assert details["damping_rate"].dims == ("damping", "z_face", "rigidity")
        assert list(details["damping"].values) == ["landau"]
        for name in ("cutoff_rigidity", "alfven_speed", "plasma_beta", "mean_free_path"):
            assert details[name].dims == ("z_face",)
            assert {"units", "long_name"} <= set(details[name].attrs)
        assert details.attrs["state"] == "estimate"
    assert command("plot", "c.nc").code == 0
    assert {"coefficients.png", "coefficients.pdf", "kappa.png"} <= set(tree(inside))
    (inside / "run").mkdir()
    shutil.copy(galaxy[0] / "out/galaxy/result.nc", inside / "run")
    assert command("plot", "run", "--what", "coefficients").code == 0
    assert tree(inside / "run") == ["coefficients.pdf", "coefficients.png", "result.nc"]


def test_coefficients_refuse_to_overwrite_without_force(command, deck, inside):
    (inside / "c.nc").write_bytes(b"mine")
    command("coefficients", deck(), "--out", "c.nc").refused("c.nc", "exists", "--force")
    assert (inside / "c.nc").read_bytes() == b"mine"
    assert command("coefficients", "galaxy.toml", "--out", "c.nc", "--force").code == 0
    assert (inside / "c.nc").read_bytes() != b"mine"


def test_compare_within_the_tolerance_is_0_and_draws(landau):
    folder, _ = landau
    ended = process("compare", "out/nonlinear_landau", cwd=folder)
    assert ended.code == 0, ended.err
    assert "within the tolerance" in ended.out
    assert "proton" in ended.out
    assert (folder / "out/nonlinear_landau/compare.png").read_bytes().startswith(PNG)


def test_compare_outside_the_tolerance_is_1(command, inside):
    """4 cells cannot be within a tolerance meant for 100."""
    coarse = ("--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=4", "--set", "time.end=5 Myr", "--no-figures")
    assert command("run", "slab_transient", *coarse).code == 0  # a run is done even so
    ended = command("compare", "out/slab_transient", "--no-figure")
    assert ended.code == 1
    assert ended.err == ""
    assert "OUTSIDE the tolerance" in ended.out
    assert command("compare", "out/slab_transient/result.nc", "--no-figure").code == 1
    assert tree(inside / "out/slab_transient") == ["result.nc"]


def test_compare_needs_something_to_compare_with(galaxy, command):
    command("compare", galaxy[0] / "out/galaxy").refused("nothing to compare with")


def test_converge_gives_orders_a_figure_and_files(tmp_path):
    words = (
        "converge",
        "slab_transient",
        "--vary",
        "grid.z_cells=16,8,32",
        "--set",
        "grid.rigidity_cells=1",
        "--set",
        "time.end=20 Myr",
        "--set",
        "time.rtol=1e-5",
        "--out",
        "study",
    )
    ended = process(*words, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert tree(tmp_path / "study") == ["convergence.pdf", "convergence.png", "study.csv", "study.nc"]
    lines = [line.split() for line in ended.out.splitlines()]
    rows = [line for line in lines if line and line[0] in ("8", "16", "32")]
    assert [row[0] for row in rows] == ["8", "16", "32"]  # coarse to fine, whatever was asked for
    assert all(float(order) > 1.8 for row in rows[1:] for order in row[2::2])
    assert ended.out.count(": end time, ") == 3
    table = (tmp_path / "study/study.csv").read_text().splitlines()
    assert table[0].startswith("grid.z_cells,h,species,")
    assert len(table) == 1 + 3
    with xr.open_datatree(tmp_path / "study/study.nc") as study:
        assert study.sizes["run"] == 3


def test_converge_varies_two_keys_together(command, inside):
    words = (
        "converge",
        "slab_transient",
        "--vary",
        "grid.z_cells=4,8",
        "--vary",
        "time.rtol=1e-2,1e-3",
        "--set",
        "grid.rigidity_cells=1",
        "--set",
        "time.end=2 Myr",
        "--out",
        "study",
    )
    ended = command(*words)
    assert ended.code == 0, ended.err
    assert "grid.z_cells, time.rtol = (8, 0.001)" in ended.out


@pytest.mark.parametrize("vary", ["grid.z_cells=4", "grid.z_cells", "=4,8", "grid.bogus=4,8", "grid.z_cells=4,x"])
def test_converge_refuses_what_is_no_series(command, inside, vary):
    command("converge", "turbulent_slab", "--vary", vary).refused(vary.partition("=")[0] or "--vary")
    assert tree(inside) == []


def test_converge_names_what_it_was_given_and_all_faults_of_all_values(command, inside):
    ended = command("converge", "turbulent_slab", "--vary", "grid.z_cells=0,many,8", "--out", "study")
    ended.refused("--vary: grid.z_cells: found 0; ", '--vary: grid.z_cells: found "many"; ')
    assert "override" not in ended.err
    assert tree(inside) == []


def test_converge_refuses_series_of_different_lengths(command):
    command("converge", "turbulent_slab", "--vary", "grid.z_cells=4,8", "--vary", "grid.rigidity_cells=2,4,6").refused(
        "different lengths"
    )


def test_plot_draws_what_is_asked_for(galaxy, command, inside):
    import shutil

    (inside / "run").mkdir()
    shutil.copy(galaxy[0] / "out/galaxy/result.nc", inside / "run")
    ended = command("plot", "run", "--what", "b_to_c, kappa")
    assert ended.code == 0, ended.err
    assert tree(inside / "run") == ["b_to_c.pdf", "b_to_c.png", "kappa.pdf", "kappa.png", "result.nc"]
    command("plot", "run", "--what", "spectra").refused("spectra", "spectrum")
    command("plot", "run", "--what", ",").refused("--what")


def test_plot_of_a_file_draws_beside_it(galaxy):
    folder, _ = galaxy
    for path in (folder / "out/galaxy").glob("profiles.*"):
        path.unlink()
    ended = process("plot", "out/galaxy/result.nc", "--what", "profiles", cwd=folder)
    assert ended.code == 0, ended.err
    assert (folder / "out/galaxy/profiles.png").read_bytes().startswith(PNG)


# ---- pipes and screens ---------------------------------------------------------------------------------------------


def test_a_reader_that_stops_reading_is_no_error():
    command = [sys.executable, "-m", "solver", "explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        started.stdout.close()
        err = started.stderr.read()
        assert started.wait(60) == 0
    assert err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_one_message():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "solver", "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_numbers_in_tables_are_never_cut(command):
    words = ("--set", "grid.rigidity_cells=1", "--set", "time.method=direct", "--out", "study")
    ended = command("converge", "turbulent_slab", "--vary", "grid.z_cells=4,8", *words)
    assert "…" not in ended.out


def test_a_run_that_its_problems_solution_does_not_fit_is_saved_all_the_same(command, inside):
    changed = ("--set", "disc.losses=flux")
    ended = command("run", "linear_damping", "--no-figures", "--out", "here", *SMALL, *changed)
    assert ended.code == 0, ended.err
    assert "not compared: here/result.nc: " in ended.out
    assert "saved here/result.nc" in ended.out


def test_resuming_what_is_done_leaves_it_as_it_is(command, deck, inside):
    """Numerical errors included, which only a partner run can give."""
    assert command("run", deck(), "--no-figures", "--estimate-error", "--out", "here").code == 0
    before = (inside / "here/result.nc").read_bytes()
    ended = command("resume", "here", "--no-figures")
    assert ended.code == 0
    assert "numerical error of the spectra" in ended.out
    assert (inside / "here/result.nc").read_bytes() == before


@pytest.mark.parametrize(("i", "top"), [(0, "1e-110 kpc"), (1, "0.5000000001 kpc")])
def test_a_layer_too_thin_for_any_grid_is_refused(i, top, command, deck):
    """Nothing would be solved in it, and no figure could show it."""
    words = ("--set", "layer.0.top=0.5 kpc", "--set", f"layer.{i}.top={top}")
    command("check", "two_phase", *words).refused(f"layer.{i}.top", "must be thicker than")


def test_a_partner_run_nobody_asked_for_may_fail(command, deck, inside, monkeypatch):
    """Its failure takes the error bars, not the result; with --estimate-error it is one."""
    from solver.session import Session

    march = Session.march

    def failing(self, *arguments, **options):
        made = march(self, *arguments, **options)
        if self.folder is None:
            from solver.transport.march import Failure

            made.status, made.failure = "failed: too coarse", Failure("too coarse", {})
        return made

    monkeypatch.setattr(Session, "march", failing)
    words = ("run", deck(), "--no-figures", "--set", "grid.z_cells=16", "--set", "grid.rigidity_cells=8")
    ended = command(*words, "--out", "a")
    assert ended.code == 0
    assert "no numerical error is known" in ended.err
    assert "too coarse" in ended.err
    assert "saved a/result.nc" in ended.out
    assert command(*words, "--out", "b", "--estimate-error").code == 3
