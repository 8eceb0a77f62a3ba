"""Sweeps: every member is what it would be alone, what fails is told, what was cut off goes on, and nothing is mixed up."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

import solver
from solver import storage
from solver.ensemble import Sweep, loop, members, open_sweep, resume, sweep
from solver.ensemble.dataset import interpolated
from solver.ensemble.engines import Engine
from solver.ensemble.members import Outcome, Task
from solver.errors import DeckError, ResultError, SolverError
from solver.result import open_result

# a steady state by steps ends with a storage term below 1e-9 of the throughput, one by Newton with a mismatch below 1e-10;
# f follows either with a factor of order one
SAME = 1e-8
N, NUCLEI = "layer.halo.plasma.n", "species.proton.source.slope"


@pytest.fixture(scope="module")
def deck():
    """Two layers, protons, carbon and boron; a tenth of a second per member."""
    return solver.load("two_phase").replace(
        {"grid.z_cells": 8, "grid.rigidity_cells": 6, "grid.rigidity_min": "1 GV", "grid.rigidity_max": "1e3 GV",
         "layer.warm.scattering": [{"type": "given", "kappa": "2.6e28 cm2 s-1", "slope": 0.3}]})  # fmt: skip


VARY = {N: "logspace(0.001 cm-3, 0.01 cm-3, 3)", NUCLEI: [4.2, 4.4]}


@pytest.fixture(scope="module")
def swept(deck):
    return sweep(deck, VARY, workers=0)


def largest_difference(a, b):
    return float((np.abs(a - b) / np.abs(b)).max())


class Watcher:
    """Hears of every member, and may act."""

    def __init__(self, act=lambda count, outcome: None, started=lambda index: None):
        self.act, self.outcomes, self.started = act, [], started

    def begin(self, plan, done, pool):
        self.done_before, self.pool = dict(done), pool

    def finished(self, outcome):
        self.outcomes.append(outcome)
        self.act(len(self.outcomes), outcome)

    def note(self, text):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


# ---- the dataset -------------------------------------------------------------------------------------------------------


def test_every_member_is_what_it_would_be_alone(deck, swept):
    ds = swept.dataset
    assert ds.J.dims == (N, NUCLEI, "species", "rigidity")
    assert ds.boron_to_carbon.dims == (N, NUCLEI, "rigidity")
    assert (ds.status == "steady").all()
    assert (ds.reason == "").all()
    for i, n in enumerate(("0.001 cm-3", "0.00316227766017 cm-3", "0.01 cm-3")):
        for j, slope in enumerate((4.2, 4.4)):
            alone = solver.run(deck.replace({N: n, NUCLEI: slope}))
            member = ds.isel({N: i, NUCLEI: j})
            assert float(member[N]) == float(n.split()[0])
            assert largest_difference(member.J.values, alone.dataset.J.values) < SAME
            assert largest_difference(member.boron_to_carbon.values, alone.dataset.boron_to_carbon.values) < SAME
            for name in ("grammage", "residence_time", "effective_speed"):
                assert largest_difference(member[name].values, alone.observables[name].values) < SAME, name
            pressure = alone.observables.pressure.isel(z=0).values
            assert largest_difference(member.pressure_disc.values, pressure) < SAME


def test_the_dataset_says_what_it_holds(swept, deck):
    ds = swept.dataset
    assert ds[N].attrs["units"] == "cm-3"
    assert ds[NUCLEI].attrs["units"] == "1"
    for name, variable in ds.data_vars.items():
        assert name in ("status", "reason") or "units" in variable.attrs, name
        assert "long_name" in variable.attrs, name
    assert swept.keys == (N, NUCLEI)
    assert swept.status == "6 members"
    assert json.loads(ds.attrs["deck"]) == deck.to_dict()
    assert (ds.seconds > 0).all()
    assert "3 layer.halo.plasma.n × 2 species.proton.source.slope" in repr(swept)


def test_beginning_from_a_neighbour_saves_most_iterations(deck, swept):
    """Newton alone: 12 to 22 iterations, growing steps: 25 to 100, from a state nearby: 4 to 8."""
    cold = sweep(deck, VARY, workers=0, warm=False).dataset
    warm = swept.dataset.where(swept.dataset.warm == 1)
    assert int(swept.dataset.warm.sum()) == 5
    assert not cold.warm.any()
    assert float(warm.iterations.max()) <= 10
    assert float(cold.iterations.min()) >= 25
    assert largest_difference(swept.dataset.J.values, cold.J.values) < SAME


def test_a_cold_member_has_the_bits_of_a_run_alone(deck):
    cold = sweep(deck, {N: ["0.001 cm-3", "0.002 cm-3"]}, workers=0, warm=False).dataset
    alone = solver.run(deck.replace({N: "0.002 cm-3"}))
    np.testing.assert_array_equal(cold.J.values[1], alone.dataset.J.values)


def test_the_order_of_members_changes_nothing_beyond_the_tolerance(deck, swept):
    other = sweep(deck, {NUCLEI: [4.4, 4.2], N: ["0.01 cm-3", "0.00316227766017 cm-3", "0.001 cm-3"]}, workers=0).dataset
    there = other.transpose(*swept.dataset.J.dims, missing_dims="ignore").sortby([N, NUCLEI])
    assert largest_difference(there.J.values, swept.dataset.J.values) < SAME


def test_transients_begin_where_their_deck_says(deck):
    moving = deck.replace({"time.end": "1 Myr", "time.rtol": 1e-2})
    ds = sweep(moving, {N: ["0.001 cm-3", "0.002 cm-3"]}, workers=0).dataset
    assert not ds.warm.any()
    assert (ds.status == "end time").all()
    alone = solver.run(moving.replace({N: "0.002 cm-3"}))
    np.testing.assert_array_equal(ds.J.values[1], alone.dataset.J.values)


def test_a_latin_hypercube_has_members_as_dimension(deck):
    ds = sweep(deck, {N: "loguniform(0.001 cm-3, 0.01 cm-3)", NUCLEI: "4.1..4.5"}, latin=4, seed=1, workers=0).dataset
    assert ds.J.dims == ("member", "species", "rigidity")
    assert ds[N].dims == ds[NUCLEI].dims == ("member",)
    i = 2
    alone = solver.run(deck.replace({N: f"{float(ds[N][i])!r} cm-3", NUCLEI: float(ds[NUCLEI][i])}))
    assert largest_difference(ds.J.values[i], alone.dataset.J.values) < SAME


def test_members_on_other_rigidities_are_put_on_those_of_the_deck(deck):
    ds = sweep(deck, {"grid.rigidity_cells": [6, 12], "grid.rigidity_max": ["1e3 GV", "1e2 GV"]}, workers=0).dataset
    assert ds.sizes["rigidity"] == 7
    nodes = solver.run(deck.replace({"grid.rigidity_cells": 12})).dataset
    same_nodes = ds.J.isel({"grid.rigidity_cells": 1, "grid.rigidity_max": 0}).values
    assert largest_difference(same_nodes, nodes.J.values[:, ::2]) < SAME
    short = ds.J.isel({"grid.rigidity_cells": 0, "grid.rigidity_max": 1}).values
    assert np.isfinite(short[:, :5]).all()
    assert np.isnan(short[:, 5:]).all()


def test_interpolation_to_other_rigidities_is_exact_for_power_laws_and_knows_its_range():
    own, R = np.geomspace(1, 100, 7), np.geomspace(0.1, 1000, 9)
    variable = xr.DataArray([3 * own**-2.7, own**1.5], dims=("species", "rigidity"), coords={"rigidity": own})
    found = interpolated(variable, R).values
    inside = (R > 0.99) & (R < 101)
    assert found[:, inside] == pytest.approx(np.array([3 * R**-2.7, R**1.5])[:, inside], rel=1e-12)
    assert np.isnan(found[:, ~inside]).all()
    variable[0, 2] = np.nan
    assert np.isfinite(interpolated(variable, R).values[1, inside]).all()


def test_species_that_only_some_members_have(deck):
    none, some = {"type": "none"}, {"type": "power_law", "slope": 4.3, "amplitude": "1e-9 cm-2 s-1 GeV-3"}
    assert deck.replace({"species.helium4": {"source": none}}).species["helium4"]
    ds = sweep(deck, {"species.helium4": [{"source": none}, {"source": some}]}, workers=0).dataset
    assert list(ds.species.values) == ["proton", "carbon", "boron", "helium4"]
    assert (ds.J.sel(species="helium4").isel({"species.helium4": 0}) == 0).all()
    assert (ds.J.sel(species="helium4").isel({"species.helium4": 1}) > 0).all()


# ---- failures ------------------------------------------------------------------------------------------------------------


def test_a_member_that_fails_is_told_and_stops_no_other(deck):
    done = sweep(deck, {"time.max_steps": [2, 1000, 3]}, workers=0, warm=False)
    ds = done.dataset
    assert list(ds.status.values) == ["failed", "steady", "failed"]
    assert "2 steps were not enough" in str(ds.reason.values[0])
    assert "--set" not in str(ds.reason.values[0])  # no advice that does not fit a sweep
    assert np.isnan(ds.J.values[[0, 2]]).all()
    assert np.isfinite(ds.J.values[1]).all()
    assert done.failed == [({"time.max_steps": 2}, str(ds.reason.values[0])), ({"time.max_steps": 3}, str(ds.reason.values[2]))]
    assert done.status == "3 members, 2 failed"


def test_a_deck_that_only_the_model_refuses_is_a_failed_member(deck):
    """Bad decks that reading finds stop a sweep before it starts; what comes out later is that member's own affair."""
    ds = sweep(deck, {"initial.type": ["exact", "zero"]}, workers=0, warm=False).dataset
    assert list(ds.status.values) == ["failed", "steady"]
    assert "initial.type" in str(ds.reason.values[0])


def test_no_steady_state_is_a_reason(deck):
    stuck = deck.replace({"layer.halo.streaming": "none", "disc.losses": "none", "layer.halo.damping": []})
    ds = sweep(stuck, {"layer.halo.self_confined": [True, False]}, workers=0).dataset
    assert list(ds.status.values) == ["failed", "steady"]
    assert "no steady state" in str(ds.reason.values[0])


def test_nothing_a_solver_raises_comes_through(deck, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("solver.session.run", broken)
    ds = sweep(deck, {N: ["0.001 cm-3"]}, workers=0).dataset
    assert "internal error, please report it: ZeroDivisionError: on purpose (test_sweep.py:" in str(ds.reason.values[0])


def test_bad_decks_are_found_before_anything_is_made(deck, tmp_path):
    with pytest.raises(DeckError) as caught:
        sweep(deck, {N: ["0.001 cm-3", "-1 cm-3"], "grid.z_cells": [8, -8]}, out=tmp_path / "new", workers=0)
    assert len(caught.value.faults) == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("options", "word"), [({"workers": -1}, "--workers"), ({"keep": True}, "--keep")])
def test_options_that_make_no_sense(options, word, deck):
    with pytest.raises(DeckError, match=word):
        sweep(deck, VARY, **options)


# ---- the folder ----------------------------------------------------------------------------------------------------------


def cut_off(deck, folder, after, **options):
    """A sweep stopped by Ctrl-C within its `after`-th member."""

    def press(count, _outcome):
        if count == after:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(SolverError, match=f"stopped on request after {after} of 6 members") as caught:
        sweep(deck, VARY, out=folder, workers=0, progress=Watcher(press), **options)
    assert caught.value.restart == folder / "sweep.json"


def test_a_sweep_that_was_stopped_goes_on_where_it_was(deck, swept, tmp_path):
    cut_off(deck, tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["members", "sweep.json"]
    assert len(list((tmp_path / "members").iterdir())) == 2
    part = open_sweep(tmp_path)
    assert part.status == "6 members, 4 not run"
    assert part.solved == 2
    watcher = Watcher()
    done = sweep(deck, VARY, out=tmp_path, workers=0, progress=watcher)
    assert len(watcher.done_before) == 2
    assert len(watcher.outcomes) == 4
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.json", "sweep.nc"]
    again = open_sweep(tmp_path)
    assert again.dataset.identical(open_sweep(tmp_path / "sweep.nc").dataset)
    np.testing.assert_array_equal(again.dataset.J.values, done.dataset.J.values)
    assert resume(tmp_path).dataset.identical(again.dataset)


def test_resume_needs_nothing_but_the_folder(deck, swept, tmp_path):
    cut_off(deck, tmp_path, 4)
    done = resume(tmp_path, workers=0)
    assert done.dataset.status.values.tolist() == swept.dataset.status.values.tolist()
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME


def test_members_done_before_are_not_touched(deck, tmp_path):
    cut_off(deck, tmp_path, 3)
    before = {path.name: path.read_bytes() for path in (tmp_path / "members").iterdir()}
    parts = open_sweep(tmp_path).dataset
    done = resume(tmp_path, workers=0).dataset
    assert len(before) == 3
    there = ~np.isnan(parts.J.values)
    np.testing.assert_array_equal(done.J.values[there], parts.J.values[there])


def test_it_goes_on_in_the_manner_it_was_begun(deck, tmp_path):
    """Members begun cold and with words for PETSc are not mixed with others."""
    cut_off(deck, tmp_path, 2, warm=False, petsc=("-snes_max_it", "3"))
    with pytest.raises(DeckError, match="was begun with -snes_max_it 3 for PETSc"):
        resume(tmp_path, workers=0, petsc=("-snes_max_it", "200"))
    done = resume(tmp_path, workers=0)
    assert (done.dataset.status == "failed").all()  # three iterations are too few for any
    again = resume(tmp_path, workers=0, again=True, petsc=("-snes_max_it", "200"))
    assert (again.dataset.status == "steady").all()
    assert not again.dataset.warm.any()


@pytest.mark.parametrize(
    ("deck_changes", "vary", "options", "words"),
    [
        ({"grid.z_cells": 9}, VARY, {}, ("another sweep", "grid.z_cells was 8, now 9", "--force")),
        ({}, {N: VARY[N], NUCLEI: [4.2, 4.5]}, {}, ("species.proton.source.slope took", "4.4", "4.5")),
        ({}, {N: VARY[N]}, {}, ("varied were",)),
        ({}, VARY, {"keep": True}, ("without --keep",)),
        ({}, VARY, {"warm": False, "petsc": ("-snes_max_it", "50")}, ("without --no-warm", "with nothing for PETSc")),
    ],
)
def test_another_plan_is_refused_with_the_reason(deck_changes, vary, options, words, deck, tmp_path):
    cut_off(deck, tmp_path, 1)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DeckError) as caught:
        sweep(deck.replace(deck_changes), vary, out=tmp_path, workers=0, **options)
    for word in words:
        assert word in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_force_starts_again_and_removes_only_what_is_its_own(deck, tmp_path):
    cut_off(deck, tmp_path, 2, keep=True)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "members/notes.txt").write_text("mine too")
    done = sweep(deck, {NUCLEI: [4.3]}, out=tmp_path, force=True, workers=0)
    assert done.keys == (NUCLEI,)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "members", "members/notes.txt", "notes.txt", "sweep.json", "sweep.nc"]  # fmt: skip


def test_folders_that_hold_something_else_are_refused(deck, tmp_path):
    done = sweep(deck, {NUCLEI: [4.3]}, out=tmp_path / "sweep", workers=0)
    with pytest.raises(DeckError, match="finished sweep"):
        sweep(deck, {NUCLEI: [4.3]}, out=tmp_path / "sweep", workers=0)
    with pytest.raises(DeckError, match="holds a sweep"):
        solver.run(deck, tmp_path / "sweep", force=True)
    solver.run(deck, tmp_path / "run")
    for force in (False, True):
        with pytest.raises(DeckError, match="holds a run"):
            sweep(deck, {NUCLEI: [4.3]}, out=tmp_path / "run", workers=0, force=force)
    assert open_sweep(tmp_path / "sweep").dataset.identical(open_sweep(done.path).dataset)
    with pytest.raises(ResultError, match=r"holds no sweep.json"):
        resume(tmp_path / "run")


def test_kept_results_are_those_of_a_run(deck, tmp_path):
    done = sweep(deck, {NUCLEI: [4.2, 4.3]}, out=tmp_path, keep=True, workers=0)
    kept = open_result(tmp_path / "members/0001")
    np.testing.assert_array_equal(kept.dataset.J.values, done.dataset.J.values[1])
    assert kept.deck.species["proton"].source.slope == 4.3
    assert sorted(path.name for path in (tmp_path / "members").iterdir()) == ["0000", "0001"]


def test_a_damaged_member_is_solved_again_and_a_foreign_one_refused(deck, swept, tmp_path):
    cut_off(deck, tmp_path, 3)
    files = sorted((tmp_path / "members").iterdir())
    files[0].write_bytes(files[0].read_bytes()[:3000])
    files[1].write_bytes(b"")
    watcher = Watcher()
    done = sweep(deck, VARY, out=tmp_path, workers=0, progress=watcher)
    assert len(watcher.outcomes) == 5
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME

    cut_off(deck, tmp_path / "a", 1)
    with pytest.raises(SolverError):
        sweep(deck.replace({"disc.density": "3 cm-3"}), VARY, out=tmp_path / "b", workers=0,
              progress=Watcher(lambda *_: signal.raise_signal(signal.SIGINT)))  # fmt: skip
    stray = next((tmp_path / "b/members").iterdir())
    stray.rename(tmp_path / "a/members/0005.nc")
    with pytest.raises(ResultError, match="belongs to another sweep"):
        resume(tmp_path / "a", workers=0)


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"crstream_file": "sweep plan", "version": 1, "keep": false, "plan": {}}',
                                  '{"crstream_file": "sweep plan", "version": "x"}', "[" * 10_000])  # fmt: skip
def test_a_plan_that_cannot_be_understood_is_one_message(text, tmp_path):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ResultError, match=r"sweep.json: is not the plan of a sweep") as caught:
        resume(tmp_path, workers=0)
    assert "\n" not in str(caught.value)


def test_a_plan_of_another_version_names_it(deck, tmp_path):
    cut_off(deck, tmp_path, 1)
    path = tmp_path / "sweep.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 7'))
    with pytest.raises(ResultError, match="layout 7"):
        resume(tmp_path, workers=0)


def test_a_disc_that_fills_up_keeps_what_is_there(deck, swept, tmp_path, monkeypatch):
    write, calls = storage.write, []

    def full(tree, path):
        calls.append(path)
        if len(calls) == 3:
            raise ResultError(f"{path}: cannot be written (No space left on device)")
        return write(tree, path)

    monkeypatch.setattr(storage, "write", full)
    with pytest.raises(ResultError, match="No space left on device") as caught:
        sweep(deck, VARY, out=tmp_path, workers=0)
    assert "2 of 6 members are stored; go on with: crstream resume" in str(caught.value)
    done = resume(tmp_path, workers=0)
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME


def test_two_sweeps_into_one_folder_at_once_are_refused(deck, tmp_path):
    def second(_count, _outcome):
        with pytest.raises(DeckError, match="in use"):
            sweep(deck, {NUCLEI: [4.2, 4.3]}, out=tmp_path, workers=0)

    sweep(deck, {NUCLEI: [4.2, 4.3]}, out=tmp_path, workers=0, progress=Watcher(second))


# ---- processes -------------------------------------------------------------------------------------------------------------


def test_processes_give_the_same_and_one_that_is_killed_takes_nobody_with_it(deck, swept):
    """Which member killed a process is not known, so those at work are tried again, one by one."""
    killed = []

    def kill(_count, _outcome):
        if not killed:
            killed.extend(child.pid for child in multiprocessing.active_children()[:1])
            os.kill(killed[0], signal.SIGKILL)

    watcher = Watcher(kill)
    done = sweep(deck, VARY, workers=2, progress=watcher)
    assert killed
    assert done.status == "6 members"
    assert len(watcher.outcomes) == 6
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME
    assert multiprocessing.active_children() == []


class Fragile(Engine):
    """A pool of processes in which whoever is at work with a member of `deadly` dies with it.

    Members wait until `slots` of them are at work or nobody comes any more, so that company is as large as it can be.
    """

    def __init__(self, slots, deadly, last):
        super().__init__(None, slots, "fragile")
        self.deadly, self.last, self.at_work, self.company, self.broken, self.renewed = deadly, last, {}, [], False, False

    def submit(self, _function, task):
        if self.broken:
            raise BrokenExecutor
        future = self.at_work[task.index] = Future()
        if len(self.at_work) == self.slots or task.index == self.last or self.renewed:
            self.company.append(sorted(self.at_work))
            self.broken = not self.deadly.isdisjoint(self.at_work)
            for index, each in self.at_work.items():
                if self.broken:
                    each.set_exception(BrokenExecutor())
                else:
                    each.set_result(Outcome(index, "steady", spectra=1))
            self.at_work = {}
        return future

    def renew(self):
        self.broken, self.renewed = False, True


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("deadly", [{0}, {3}, {7}, {0, 1}, {2, 5, 6}, set(range(8)), set()])
def test_only_a_member_whose_process_dies_with_it_alone_has_failed(slots, deadly):
    pool, done = Fragile(slots, deadly, last=7), []
    loop.drive(pool, [Task(i, None, (), "x") for i in range(8)], done.append, lambda: False)
    assert sorted(outcome.index for outcome in done) == list(range(8))
    assert {outcome.index for outcome in done if outcome.status == "failed"} == deadly
    assert all([index] in pool.company for index in deadly)
    assert all("ended without a word" in outcome.reason for outcome in done if outcome.index in deadly)


def test_a_script_needs_no_guard(deck, tmp_path):
    """Processes import the module they need, not the script that asked for them."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "import solver\n"
        "changes = {'grid.z_cells': 6, 'grid.rigidity_cells': 4}\n"
        "deck = solver.load('nonlinear_landau').replace(changes)\n"
        "done = solver.sweep(deck, {'layer.0.plasma.B': ['1 uG', '2 uG']}, workers=2)\n"
        "print(done.status)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(solver.__file__).parents[1])}
    ended = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (0, "once\n2 members\n"), ended.stderr


def test_states_of_another_sweep_are_not_begun_from(deck):
    members._states.clear()
    members._states.append(("other", (0.0,), None))
    assert members.nearest(Task(0, deck, (0.0,), "mine")) is None
    members._states.clear()


def test_near_states_are_the_nearest():
    members._states.clear()
    members._states.extend([("x", (0.0, 0.0), "a"), ("x", (0.5, 0.5), "b"), ("x", (1.0, 1.0), "c")])
    assert members.nearest(Task(0, None, (0.6, 0.6), "x")) == "b"
    members._states.clear()


def test_dask_gives_the_same(deck, swept):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        done = sweep(deck, VARY, address=cluster.scheduler_address)
    assert done.status == "6 members"
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME


def test_no_scheduler_is_one_message(deck):
    pytest.importorskip("distributed")
    with pytest.raises(DeckError, match="--address"):
        sweep(deck, VARY, address="tcp://127.0.0.1:1")


def test_a_sweep_can_be_read_back_by_anyone(swept, tmp_path):
    path = storage.write(xr.DataTree(swept.dataset), tmp_path / "sweep.nc")
    with xr.open_dataset(path) as ds:
        np.testing.assert_array_equal(ds.J.sel({N: 0.01, NUCLEI: 4.4}), swept.dataset.J.values[2, 1])
        assert ds.status.values.tolist() == swept.dataset.status.values.tolist()
    assert isinstance(open_sweep(path), Sweep)


def test_force_keeps_what_is_done_until_there_is_something_else(deck, tmp_path, monkeypatch):
    """A disc that is full from the start, and a stop on the way: the dataset of the earlier sweep is still there."""
    earlier = sweep(deck, {NUCLEI: [4.3]}, out=tmp_path, workers=0).dataset
    with monkeypatch.context() as patch:
        patch.setattr(storage, "_sync", lambda path: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(ResultError, match="No space left"):
            sweep(deck, VARY, out=tmp_path, force=True, workers=0)
    assert open_sweep(tmp_path).dataset.identical(earlier)
    with pytest.raises(SolverError):
        sweep(deck, VARY, out=tmp_path, force=True, workers=0, progress=Watcher(lambda *_: signal.raise_signal(signal.SIGINT)))
    assert open_sweep(tmp_path / "sweep.nc").dataset.identical(earlier)
    assert "not run" in open_sweep(tmp_path).status
    done = resume(tmp_path, workers=0)
    assert done.keys == tuple(VARY)
    assert open_sweep(tmp_path).dataset.identical(done.dataset)


@pytest.mark.parametrize("damage", ["status", "member"])
def test_a_member_that_makes_no_sense_is_solved_again(damage, deck, swept, tmp_path):
    cut_off(deck, tmp_path, 3)
    with netCDF4.Dataset(tmp_path / "members/0001.nc", "a") as file:
        if damage == "status":
            file.delncattr("status")
        else:
            file.setncattr("member", "x")
    done = resume(tmp_path, workers=0)
    assert largest_difference(done.dataset.J.values, swept.dataset.J.values) < SAME


@pytest.mark.parametrize("values", [[[]], [[], []], []])
def test_a_plan_without_values_is_damaged(values, deck, tmp_path):
    cut_off(deck, tmp_path, 1)
    plan = json.loads((tmp_path / "sweep.json").read_text())
    plan["plan"]["values"] = values
    (tmp_path / "sweep.json").write_text(json.dumps(plan))
    with pytest.raises(ResultError, match="not the plan of a sweep, or damaged"):
        resume(tmp_path)


def test_plans_that_do_not_say_what_they_were_are_those_of_their_files(deck, tmp_path):
    """As they were written at first."""
    done = sweep(deck, {NUCLEI: [4.2, 4.3]}, out=tmp_path / "whole", workers=0)
    cut_off(deck, tmp_path / "part", 1)
    for folder in (tmp_path / "whole", tmp_path / "part"):
        plan = json.loads((folder / "sweep.json").read_text())
        del plan["begun"]
        plan["plan"]["deck"]["title"] = "another name for it"
        (folder / "sweep.json").write_text(json.dumps(plan))
    whole = done.path.read_bytes()
    assert resume(tmp_path / "whole").status == "2 members"
    assert done.path.read_bytes() == whole
    assert resume(tmp_path / "part", workers=0).status == "6 members"


@pytest.mark.parametrize("begun", [{}, {"digest": "a"}, {"digest": 1, "starts": {}}, {"digest": "a", "starts": []}, "a"])
def test_damaged_records_of_a_plan_are_said(begun, deck, tmp_path):
    cut_off(deck, tmp_path, 1)
    plan = json.loads((tmp_path / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps(plan | {"begun": begun}))
    with pytest.raises(ResultError, match=r"is not the plan of a sweep, or damaged"):
        resume(tmp_path, workers=0)


def test_a_start_that_changes_or_goes_leaves_a_finished_sweep_alone_and_refuses_the_rest_of_another(deck, tmp_path):
    """Half of the members from one state and half from another would be no sweep; a dataset is no less for a lost start."""
    start = solver.run(deck, tmp_path / "start").path
    begun = deck.replace({"initial": {"type": "file", "path": str(start)}})
    done = sweep(begun, {NUCLEI: [4.2, 4.3]}, out=tmp_path / "whole", workers=0)
    cut_off(begun, tmp_path / "part", 1)
    whole = done.path.read_bytes()
    for change in (lambda: start.write_bytes(b"another state"), start.unlink):
        change()
        assert open_sweep(tmp_path / "whole").status == "2 members"
        assert resume(tmp_path / "whole").status == "2 members"
        assert done.path.read_bytes() == whole
        for go_on in (lambda: resume(tmp_path / "part", workers=0), lambda: cut_off(begun, tmp_path / "part", 1)):
            with pytest.raises(DeckError, match=r"has changed since this sweep was begun, or is gone"):
                go_on()


def test_a_process_that_is_killed_while_idle_takes_nobody_with_it():
    """The pool is lost all the same, and with it the one member that was at work: it is tried again, and solved."""

    class Idle(Engine):
        killed = False

        def submit(self, _function, task):
            future = Future()
            if task.index == 1 and not Idle.killed:
                Idle.killed = True
                future.set_exception(BrokenExecutor())
            else:
                future.set_result(Outcome(task.index, "steady", spectra=1))
            return future

        def renew(self):
            pass

    done = []
    loop.drive(Idle(None, 1, "idle"), [Task(i, None, (), "x") for i in range(3)], done.append, lambda: False)
    assert {outcome.index: outcome.status for outcome in done} == dict.fromkeys(range(3), "steady")
