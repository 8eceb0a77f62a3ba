"""Results: what the file holds, what comes back, and what is said about files that are not results."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from synthetic_result import NAMES, Z_MAX, make_history, make_model, make_result, solution

from solver import provenance, storage
from solver.constants import KPC
from solver.errors import ResultError
from solver.result import Result, build_coefficients, open_coefficients, open_result

CONTRACT = {
    "f": ("species", "z", "rigidity"),
    "flux": ("species", "z_face", "rigidity"),
    "kappa": ("species", "z_face", "rigidity"),
    "v": ("z_face",),
    "S": ("z_face", "rigidity"),
    "X": ("z_face", "rigidity"),
    "kappa_extrinsic": ("z_face", "rigidity"),
    "loss_time": ("species", "rigidity"),
    "Q": ("species", "rigidity"),
    "J": ("species", "rigidity"),
    "boron_to_carbon": ("rigidity",),
}


@pytest.fixture
def result():
    return make_result()


def test_file_follows_the_contract_for_a_reader_that_knows_only_xarray(result, tmp_path):
    path = result.save(tmp_path / "new" / "folder")
    with xr.open_datatree(path) as tree:
        for name, dims in CONTRACT.items():
            assert tree[name].dims == dims, name
            assert {"units", "long_name"} <= set(tree[name].attrs), name
        for name, unit in (("z", "kpc"), ("z_face", "kpc"), ("rigidity", "GV")):
            assert tree[name].attrs["units"] == unit
        assert list(tree.species.values) == list(NAMES)
        assert tree.z.values[-1] == pytest.approx(Z_MAX / KPC, rel=1e-15)
        assert tree.attrs["status"] == "steady"
        assert json.loads(tree.attrs["deck"]) == {"z_cells": 40, "rigidity_cells": 35}
        assert tree.attrs["Conventions"] == "CF-1.10"
        assert tree["/history/t"].dims == ("step",)
        assert tree["/history/budget"].dims == ("step", "species")


def test_every_variable_has_units_but_bounds_and_groups_only_hold_what_was_given(result):
    for name, variable in result.dataset.variables.items():
        assert name in ("z_bounds", "rigidity_bounds", "species", "layer") or "units" in variable.attrs, name
    assert set(result.tree.children) == {"history", "budget"}
    assert result.error is None
    assert result.snapshots is None


def test_fields_and_coefficients_come_back_bit_by_bit(result, tmp_path):
    back = open_result(result.save(tmp_path))
    assert back.dataset.identical(result.dataset)
    assert back.history.identical(result.history)
    assert np.isinf(back.dataset.kappa_extrinsic.values[-1]).all()


def test_restart_data_comes_back_bit_by_bit(tmp_path):
    awkward = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1 / 3, np.nextafter(1, 2)])
    given = {
        "u": np.random.default_rng(0).standard_normal((3, 4, 5)) * 1e-30,
        "awkward": awkward,
        "empty": np.zeros((0, 3)),
        "on": np.array([True, False]),
        "steps": np.arange(4),
        "dt": np.float64(0.1) * 3,
        "next": None,
        "limits": [1.5, float("inf")],
        "why": "cut",
    }
    result = make_result(restart=given)
    back = open_result(result.save(tmp_path)).restart
    assert set(back) == set(given)
    for name in ("u", "awkward", "empty", "on", "steps"):
        assert back[name].dtype == given[name].dtype
        assert back[name].tobytes() == given[name].tobytes(), name
    assert (back["dt"], back["next"], back["limits"], back["why"]) == (0.1 * 3, None, [1.5, float("inf")], "cut")


def test_result_without_restart_data_says_so(result):
    with pytest.raises(ResultError, match="no restart data"):
        result.restart  # noqa: B018


def test_unstorable_restart_data_is_refused_by_name():
    with pytest.raises(ValueError, match="'z'"):
        make_result(restart={"z": np.array([1j])})
    with pytest.raises(ValueError, match="restart data"):
        make_result(restart={"z": object()})


def test_arrays_of_the_wrong_shape_are_refused():
    model = make_model()
    f, flux, kappa = solution(model)
    with pytest.raises(ValueError, match=r"flux has shape \(3, 40, 35\)"):
        Result.build(model, f, flux[..., 1:], kappa)


def test_extrinsic_kappa_is_that_of_protons_even_without_protons():
    model = make_model()
    f, flux, kappa = solution(model)
    model.species, model.names, model.spallation = model.species[1:], model.names[1:], []
    model.Q, model.loss_time, model.kappa_extrinsic = model.Q[1:], model.loss_time[1:], model.kappa_extrinsic[1:] * 0.5
    model.speed_ratio = np.full(model.Q.shape, 0.5)
    model.schedule = lambda t: np.ones(2)
    result = Result.build(model, f[1:], flux[1:], kappa[1:])
    assert np.array_equal(result.dataset.kappa_extrinsic, make_model().kappa_extrinsic[0])


def test_total_source_adds_schedule_problem_sources_and_spallation(result):
    model = make_model()
    f, flux, kappa = solution(model)
    model.schedule = lambda t: np.array([0.5, 1.0, 1.0])
    model.external = lambda t: (np.full(model.Q.shape, t), None)
    source = Result.build(model, f, flux, kappa, {"t": [2.0]}).dataset.source
    assert np.allclose(source[0], 0.5 * model.Q[0] + 2.0)
    assert np.allclose(source[2] - 2.0, result.dataset.source[2], rtol=1e-6, atol=1e-12)


def test_bounds_are_the_control_volumes(result):
    ds = result.dataset
    assert np.diff(ds.z_bounds, axis=1).sum() == pytest.approx(10.0, rel=1e-14)
    assert np.array_equal(ds.z_bounds[1:, 0], ds.z_face)
    assert np.allclose(ds.rigidity_bounds[1:, 0], ds.rigidity_bounds[:-1, 1], rtol=1e-13)


def test_history_takes_empty_runs_missing_numbers_and_unknown_columns():
    assert make_result(history={}).history.sizes.get("step", 0) == 0
    history = make_result(history={"t": [1.0, 2.0], "error": [None, 0.1], "own": [[1, 2], [3, 4]]}).history
    assert np.isnan(history.error[0])
    assert history.own.dims == ("step", "own_1")


def test_warnings_of_the_model_are_stored():
    model = make_model()
    model.warnings = ("halo: nothing scatters", "warm: too cold")
    f, flux, kappa = solution(model)
    assert Result.build(model, f, flux, kappa).attrs["warnings"] == "halo: nothing scatters\nwarm: too cold"


def test_time_reached_is_the_last_step_unless_given():
    assert make_result().time == make_history()["t"][-1]
    assert make_result(time=3.0).time == 3.0
    assert make_result(history={}).time is None


def test_snapshots_are_kept_with_their_times(tmp_path):
    f = solution(make_model())[0]
    result = make_result(snapshots={"t": [0.0, 1e13], "f": np.stack([0 * f, f])})
    back = open_result(result.save(tmp_path)).snapshots
    assert back.f.dims == ("time", "species", "z", "rigidity")
    assert list(back.time.values) == [0.0, 1e13]


def test_deck_and_model_are_rebuilt_from_the_stored_text(tmp_path):
    from solver.deck import load
    from solver.model import Model

    deck = load("nonlinear_landau").replace({"grid.z_cells": 10, "grid.rigidity_cells": 8})
    model = Model(deck)
    zero = np.zeros((1, 11, 9))
    back = open_result(Result.build(model, zero, zero[:, 1:], zero[:, 1:]).save(tmp_path))
    assert back.deck == deck
    assert np.array_equal(back.model.X, model.X)
    assert back.exact.f.shape == zero.shape


# ---------------------------------------------------------------- files


def test_save_replaces_the_old_file_and_leaves_nothing_beside(result, tmp_path):
    result.save(tmp_path)
    make_result(status="end time").save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]
    assert open_result(tmp_path).status == "end time"


def test_failed_save_keeps_the_old_file(result, tmp_path, monkeypatch):
    result.save(tmp_path)
    monkeypatch.setattr(storage, "_sync", lambda path: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ResultError, match="No space left"):
        make_result(status="new").save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]
    assert open_result(tmp_path).status == "steady"


def test_an_interrupt_waits_until_the_file_is_whole(result, tmp_path, monkeypatch):
    """Ctrl-C in the midst of writing: the file is complete, then the interrupt comes."""
    sync = storage._sync

    def interrupted(path):
        signal.raise_signal(signal.SIGINT)
        sync(path)

    monkeypatch.setattr(storage, "_sync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        result.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]
    assert open_result(tmp_path).status == "steady"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_link_where_a_file_is_written_aside_is_not_followed(result, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.result.nc.part").symlink_to("../precious.txt")
    result.save(tmp_path / "out")
    assert (tmp_path / "precious.txt").read_text() == "mine"
    assert not (tmp_path / "out/result.nc").is_symlink()


def test_save_where_a_file_is_in_the_way_is_one_message(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot be written"):
        result.save(tmp_path / "file" / "out")


def one_message(path):
    with pytest.raises(ResultError) as caught:
        open_result(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_there(tmp_path):
    assert "holds no result.nc" in one_message(tmp_path)
    assert "no such file" in one_message(tmp_path / "none.nc")


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_truncated_file(result, tmp_path, share):
    path = result.save(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "truncated or damaged" in one_message(path)


def test_damaged_numbers_are_noticed(result, tmp_path):
    path = result.save(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.find(result.dataset.f.values[0].tobytes()[:64])
    content[at + 3] ^= 0xFF
    path.write_bytes(content)
    assert "truncated or damaged" in one_message(path)


def test_numbers_that_an_index_no_longer_finds_are_noticed(result, tmp_path):
    """HDF5 gives its fill value back for a chunk that a damaged index says was never written; no checksum tells."""
    import netCDF4

    path = result.save(tmp_path)
    with netCDF4.Dataset(path, "a") as file:
        file["J"][0, 3] = netCDF4.default_fillvals["f8"]
    assert "is damaged: parts of J are not found" in one_message(path)


def test_foreign_files(tmp_path):
    text = tmp_path / "notes.nc"
    text.write_text("not a netCDF file")
    assert "is not a netCDF-4 file" in one_message(text)
    other = tmp_path / "other.nc"
    xr.Dataset({"f": ("x", np.zeros(3))}).to_netcdf(other)
    assert "not written by crstream" in one_message(other)


def test_file_of_another_layout_names_the_version_that_wrote_it(result, tmp_path):
    result.attrs["crstream_file_version"] = 0
    assert "file layout 0 (crstream" in one_message(result.save(tmp_path))


def test_incomplete_file_names_what_it_lacks(result, tmp_path):
    del result.dataset["kappa"]
    assert "lacks kappa" in one_message(result.save(tmp_path))


def test_coefficients_alone_are_not_a_result(tmp_path):
    path = build_coefficients(make_model()).write(tmp_path / "c.nc")
    assert "coefficients file, expected result" in one_message(path)
    ds = open_coefficients(path).dataset
    assert {"v", "S", "X", "kappa_extrinsic", "loss_time", "Q"} <= set(ds)
    assert "f" not in ds


# ---------------------------------------------------------------- provenance


def test_provenance_names_versions_and_takes_what_the_run_adds():
    attributes = provenance.describe({"ranks": 2, "petsc_options": {"snes_type": "python"}, "nothing": None})
    assert attributes["numpy_version"] == np.__version__
    assert json.loads(attributes["petsc_options"]) == {"snes_type": "python"}
    assert attributes["ranks"] == 2
    assert "nothing" not in attributes
    assert all(isinstance(value, (str, int, float)) for value in attributes.values())


def test_revision_is_that_of_the_checkout_with_a_mark_for_changes(tmp_path, monkeypatch):
    def git(*arguments):
        command = ["git", "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x@y", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    (tmp_path / "solver").mkdir()
    module = tmp_path / "solver" / "provenance.py"
    module.write_text("one")
    monkeypatch.setattr(provenance, "__file__", str(module))
    provenance.git_revision.cache_clear()
    assert provenance.git_revision() is None                       # not a checkout
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    provenance.git_revision.cache_clear()
    clean = provenance.git_revision()
    assert len(clean) == 40
    module.write_text("two")
    provenance.git_revision.cache_clear()
    assert provenance.git_revision() == clean + "-dirty"
    provenance.git_revision.cache_clear()


def loaded_modules(code, name):
    """Modules whose name contains `name` after running `code` in a fresh Python."""
    code = f"import sys\n{code}\nprint([m for m in sys.modules if {name!r} in m])"
    top = Path(provenance.__file__).parent.parent
    out = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=True, timeout=60)
    return out.stdout.strip()


def test_describing_starts_neither_petsc_nor_mpi():
    assert loaded_modules("from solver import provenance; provenance.describe()", "petsc4py") == "[]"
    assert loaded_modules("from solver import provenance; provenance.describe()", "mpi4py") == "[]"


def test_importing_results_does_not_import_matplotlib():
    assert loaded_modules("import solver.result, solver.figures.results, solver.study, solver.compare", "matplotlib") == "[]"


def test_save_takes_no_file_for_a_folder(tmp_path):
    with pytest.raises(ResultError, match="wants the folder"):
        make_result().save(tmp_path / "x.nc")
    assert not (tmp_path / "x.nc").exists()
    assert make_result().write(tmp_path / "x.nc") == tmp_path / "x.nc"
