"""Runs that were stopped, killed or cut off go on where they were, to the same bits as if nothing had happened."""

import configparser
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from command_line import GALAXY, PROTONS, process, tree

SPREADING = (
    "nonlinear damping alone, a start that is given",
    "barenblatt",
    ("grid.z_cells=12", "grid.rigidity_cells=2"),
)
SWITCHED = (
    "sources switched off in between",
    "slab_transient",
    (
        "grid.z_cells=8",
        "grid.rigidity_cells=2",
        "time.end=8 Myr",
        "time.output_every=2 Myr",
        "time.rtol=1e-3",
        'species.proton.source.schedule={type="switch", on="0 Myr", off="3 Myr"}',
    ),
)
LOSING = ("momentum losses", "momentum_loss", ("grid.rigidity_cells=6", "time.end=4 Myr", "time.rtol=1e-3"))
STEADY = ("growing steps, two nuclei and boron", "galaxy.toml", ())
RISING = ("growing steps, linear damping", "linear_damping", ("grid.z_cells=6", "grid.rigidity_cells=3"))
DYING = (
    "a source that decays over many lifetimes",
    "slab_transient",
    (
        "grid.z_cells=6",
        "grid.rigidity_cells=1",
        "time.end=300 Myr",
        "time.rtol=1e-2",
        'species.proton.source.schedule={type="switch", on="0 Myr", off="1 Myr"}',
    ),
)
FILLING = ("boron that comes from carbon", "galaxy.toml", ("time.end=1 Myr", "time.rtol=1e-2"))
CASES = [
    pytest.param(name, changes, id=what)
    for what, name, changes in (SPREADING, SWITCHED, LOSING, STEADY, RISING, DYING, FILLING)
]


def options(changes):
    return [word for change in changes for word in ("--set", change)]


def result(folder):
    with xr.open_datatree(folder / "result.nc") as stored:
        return stored.load()


def same(a, b):
    """Bit by bit the same run, apart from what clocks say."""
    np.testing.assert_array_equal(a.f.values, b.f.values)
    np.testing.assert_array_equal(a.flux.values, b.flux.values)
    np.testing.assert_array_equal(a.kappa.values, b.kappa.values)
    assert a.attrs["status"] == b.attrs["status"]
    assert set(a["history"].data_vars) == set(b["history"].data_vars)
    for name in set(a["history"].data_vars) - {"wall"}:
        np.testing.assert_array_equal(a["history"][name].values, b["history"][name].values, err_msg=name)
    assert ("snapshots" in a.children) == ("snapshots" in b.children)
    if "snapshots" in a.children:
        np.testing.assert_array_equal(a["snapshots"].time.values, b["snapshots"].time.values)
        np.testing.assert_array_equal(a["snapshots"].f.values, b["snapshots"].f.values)


@pytest.fixture
def stopping(monkeypatch):
    """stopping(steps…): press Ctrl-C within each of these steps, counted from the start of the run."""
    from solver import watch

    def at(*steps):
        class Finger(watch.LiveLine):
            def __call__(self, march, row):
                if march.counts["steps"] in steps:
                    signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(watch, "LiveLine", Finger)

    return at


# ---- Ctrl-C --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_a_run_stopped_twice_and_resumed_ends_with_the_same_bits(name, changes, command, deck, inside, stopping):
    deck()
    words = ("run", name, "--no-figures", *options(changes))
    stopping()
    ended = command(*words, "--out", "whole")
    assert ended.code == 0, ended.err
    whole = result(inside / "whole")
    count = whole["history"].sizes["step"]
    assert count >= 6
    early, late = 2, count - 2
    stopping(early, late)
    ended = command(*words, "--out", "parts")
    assert ended.code == 3
    ended.explained("stopped on request", "state saved to parts/result.nc", "crstream resume parts")
    assert result(inside / "parts")["history"].sizes["step"] == early
    ended = command("resume", "parts", "--no-figures")
    assert ended.code == 3
    assert result(inside / "parts")["history"].sizes["step"] == late
    ended = command("resume", "parts/result.nc", "--no-figures")
    assert ended.code == 0, ended.err
    same(whole, result(inside / "parts"))
    assert tree(inside / "parts") == ["result.nc"]


def test_stopped_after_every_single_step(command, inside, stopping):
    words = ("run", "nonlinear_landau", "--no-figures", "--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=2")
    assert command(*words, "--out", "whole").code == 0
    stopping(*range(1, 1000))
    assert command(*words, "--out", "parts").code == 3
    for _ in range(100):
        if command("resume", "parts", "--no-figures").code == 0:
            break
    same(result(inside / "whole"), result(inside / "parts"))


def test_wall_clock_of_a_resumed_run_goes_on(command, inside, stopping):
    words = ("run", "nonlinear_landau", "--no-figures", "--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=2")
    stopping(3)
    command(*words, "--out", "here")
    command("resume", "here", "--no-figures")
    assert (np.diff(result(inside / "here")["history"].wall.values) >= 0).all()


def started(*words, cwd, until):
    """A running command, once it has printed a line that starts with `until` on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "solver", *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.strip().startswith(until):
            return process
    raise AssertionError(f"ended with {process.wait()} before {until!r}")


LONG = ("run", "galaxy.toml", "--no-figures", "--out", "here", *options(("grid.rigidity_cells=60", "grid.z_cells=60")))


def test_ctrl_c_from_outside_stops_after_the_step_and_saves(inside):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    running = started(*LONG, cwd=inside, until="1 ")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 3, err
    assert "stopping after this step" in err
    assert "stopped on request" in err
    assert "Traceback" not in err
    stored = result(inside / "here")
    assert 1 <= stored["history"].sizes["step"] < 12
    assert np.isfinite(stored.f.values).all()


def test_a_second_ctrl_c_stops_at_once(command, deck, inside, monkeypatch):
    from solver import watch

    class Hammer(watch.LiveLine):
        def __call__(self, march, row):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(watch, "LiveLine", Hammer)
    ended = command("run", deck(), "--no-figures", "--out", "here")
    assert ended.code == 3
    ended.explained("interrupted")
    assert tree(inside / "here") == []
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_march_is_an_orderly_end_too(command, deck, inside, monkeypatch):
    from solver import model

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(model.Model, "transport_problem", interrupted)
    name = deck()
    ended = command("run", name, "--no-figures", "--out", "here")
    assert ended.code == 3
    ended.explained("interrupted")
    assert tree(inside) == [name]


# ---- other ends ------------------------------------------------------------------------------------------------------


def test_a_later_end_time(command, inside):
    changes = ("grid.z_cells=8", "grid.rigidity_cells=2", "time.output_every=2 Myr", "time.rtol=1e-3")
    words = ("run", "slab_transient", "--no-figures", *options(changes))
    assert command(*words, "--out", "whole", "--set", "time.end=8 Myr").code == 0
    assert command(*words, "--out", "parts", "--set", "time.end=4 Myr").code == 0
    first = result(inside / "parts")
    ended = command("resume", "parts", "--no-figures", "--set", "time.end=8 Myr")
    assert ended.code == 0, ended.err
    whole, parts = result(inside / "whole"), result(inside / "parts")
    assert parts.attrs["status"] == "end time"
    assert parts.attrs["time_reached"] == whole.attrs["time_reached"]
    assert '"end": "8 Myr"' in parts.attrs["deck"]
    # the snapshots of the first part survive, the second adds its own
    np.testing.assert_array_equal(parts["snapshots"].time.values, whole["snapshots"].time.values)
    np.testing.assert_array_equal(parts["snapshots"].f.values[:2], first["snapshots"].f.values)
    assert parts["history"].sizes["step"] > first["history"].sizes["step"]
    # steps differ after 4 Myr; each has an error of at most rtol of f, and none grows in a diffusive problem
    steps = whole["history"].sizes["step"] + parts["history"].sizes["step"]
    bound = 1e-3 * steps * np.abs(whole.f.values).max(axis=1, keepdims=True)
    assert (np.abs(parts.f.values - whole.f.values) <= bound).all()


def test_a_finished_transient_resumed_stays_as_it_is(command, inside):
    words = options(("grid.z_cells=8", "grid.rigidity_cells=2", "time.end=1 Myr"))
    assert command("run", "slab_transient", "--no-figures", "--out", "here", *words).code == 0
    before = result(inside / "here")
    ended = command("resume", "here", "--no-figures")
    assert ended.code == 0, ended.err
    same(before, result(inside / "here"))


def test_a_finished_steady_state_resumed_stays_steady(command, deck, inside):
    assert command("run", deck(), "--no-figures", "--out", "here").code == 0
    before = result(inside / "here").f.values
    assert command("resume", "here", "--no-figures").code == 0
    after = result(inside / "here").f.values
    # steady means a storage term below 1e-9 of the throughput; f follows it with a factor of order one
    assert (np.abs(after - before).max(axis=1) < 1e-8 * before.max(axis=1)).all()


def test_a_transient_goes_on_to_the_steady_state(command, deck, inside):
    name = deck(text=PROTONS)
    assert command("run", name, "--no-figures", "--out", "direct", "--set", "time.method=direct").code == 0
    assert command("run", name, "--no-figures", "--out", "here", "--set", "time.end=1 Myr").code == 0
    ended = command("resume", "here", "--no-figures", "--set", "time.end=steady")
    assert ended.code == 0, ended.err
    here, direct = result(inside / "here"), result(inside / "direct")
    assert here.attrs["status"] == "steady"
    assert (np.abs(here.f.values - direct.f.values).max(axis=1) < 1e-8 * direct.f.values.max(axis=1)).all()


def test_steps_used_up_and_more_allowed(command, deck, inside):
    deck()
    assert command("run", "galaxy.toml", "--no-figures", "--out", "whole").code == 0
    ended = command("run", "galaxy.toml", "--no-figures", "--out", "parts", "--set", "time.max_steps=4")
    assert ended.code == 3
    ended.explained("4 steps were not enough", "--set time.max_steps=8", "crstream resume parts")
    assert result(inside / "parts").attrs["status"].startswith("failed: 4 steps were not enough")
    again = command("resume", "parts", "--no-figures")
    assert again.code == 3
    assert result(inside / "parts")["history"].sizes["step"] == 4
    assert command("resume", "parts", "--no-figures", "--set", "time.max_steps=1000").code == 0
    same(result(inside / "whole"), result(inside / "parts"))


def test_a_result_goes_on_from_another_folder_and_without_its_deck(command, deck, inside, stopping):
    deck(text=PROTONS)
    assert command("run", "galaxy.toml", "--no-figures", "--out", "whole").code == 0
    stopping(3)
    assert command("run", "galaxy.toml", "--no-figures", "--out", "parts").code == 3
    (inside / "galaxy.toml").unlink()
    (inside / "parts").rename(inside / "moved")
    assert command("resume", "moved", "--no-figures").code == 0
    same(result(inside / "whole"), result(inside / "moved"))


# ---- kill -9 -------------------------------------------------------------------------------------------------------------

KILLER = """
import os, signal, sys
from solver import storage, watch
from solver.cli import main
step, where = int(sys.argv.pop(1)), sys.argv.pop(1)
watch.Checkpoints.__init__.__defaults__ = (0.0,)            # a checkpoint after every step
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
if where == "march":
    class LiveLine(watch.LiveLine):
        def __call__(self, march, row):
            if march.counts["steps"] == step:
                kill()
    watch.LiveLine = LiveLine
else:
    sync, calls = storage._sync, []
    def dying(path):
        calls.append(path)
        if len(calls) == 2 * step - (where == "written"):   # one sync of the file, one of its folder per checkpoint
            kill()
        sync(path)
    storage._sync = dying
main()
"""


@pytest.mark.parametrize(
    ("step", "where", "left"),
    [
        (5, "march", 4),  # within step 5: checkpoint of step 4
        (5, "written", 4),  # checkpoint 5 lies beside, not yet renamed
        (5, "renamed", 5),  # renamed, the folder not yet synced
    ],
)
def test_a_killed_run_goes_on_from_its_checkpoint_with_the_same_bits(step, where, left, inside, command, deck):
    name = deck()
    assert command("run", name, "--no-figures", "--out", "whole").code == 0
    killed = process(step, where, "run", name, "--no-figures", "--out", "parts", python=("-c", KILLER), cwd=inside)
    assert killed.code == -signal.SIGKILL, killed.err
    assert "checkpoint.nc" in tree(inside / "parts")
    assert "result.nc" not in tree(inside / "parts")
    with xr.open_datatree(inside / "parts/checkpoint.nc") as stored:
        assert stored.attrs["status"] == "running"
        assert stored["history"].sizes["step"] == left
    ended = command("resume", "parts", "--no-figures")
    assert ended.code == 0, ended.err
    same(result(inside / "whole"), result(inside / "parts"))
    assert "checkpoint.nc" not in tree(inside / "parts")


def test_a_resumed_run_that_is_killed_keeps_what_it_had(inside, command, deck, stopping):
    """The checkpoint of a resumed run is newer than the result it started from, and is taken up before it."""
    name = deck()
    assert command("run", name, "--no-figures", "--out", "whole").code == 0
    stopping(3)
    assert command("run", name, "--no-figures", "--out", "parts").code == 3
    killed = process(6, "march", "resume", "parts", "--no-figures", python=("-c", KILLER), cwd=inside)
    assert killed.code == -signal.SIGKILL, killed.err
    assert tree(inside / "parts") == ["checkpoint.nc", "result.nc"]
    stopping()
    assert command("resume", "parts", "--no-figures").code == 0
    same(result(inside / "whole"), result(inside / "parts"))
    assert tree(inside / "parts") == ["result.nc"]


def test_checkpoints_hold_the_snapshots_so_far(inside, command):
    changes = ("grid.z_cells=8", "grid.rigidity_cells=2", "time.end=4 Myr", "time.output_every=1 Myr", "time.rtol=1e-3")
    words = ("run", "slab_transient", "--no-figures", *options(changes))
    assert command(*words, "--out", "whole").code == 0
    whole = result(inside / "whole")
    times = whole["history"].t.values
    late = int(np.searchsorted(times, 0.8 * times[-1]))
    assert process(late, "march", *words, "--out", "parts", python=("-c", KILLER), cwd=inside).code == -signal.SIGKILL
    assert command("resume", "parts", "--no-figures").code == 0
    same(whole, result(inside / "parts"))
    assert whole["snapshots"].sizes["time"] == 4


# ---- two at once -----------------------------------------------------------------------------------------------------


def test_a_second_run_into_the_folder_of_a_running_one_is_refused(inside, command):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    running = started(*LONG, cwd=inside, until="1 ")
    try:
        for force in ((), ("--force",)):
            command("run", "galaxy.toml", "--no-figures", "--out", "here", *force).refused("here", "in use")
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
    deadline = time.monotonic() + 10  # the lock goes with the process
    while command("run", "galaxy.toml", "--no-figures", "--out", "here", "--force").code != 0:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("where", ["march", "written", "renamed"])
def test_a_run_killed_after_its_last_step_takes_no_further_one(where, inside, command, deck):
    """The checkpoint of the last step is a steady state already, though nobody had looked."""
    name = deck()
    assert command("run", name, "--no-figures", "--out", "whole").code == 0
    last = result(inside / "whole")["history"].sizes["step"]
    # beyond the checkpoints come the syncs of result.nc and its folder
    moment = (last, "march") if where == "march" else (last + 1, where)
    words = ("run", name, "--no-figures", "--no-estimate-error", "--out", "parts")
    killed = process(*moment, *words, python=("-c", KILLER), cwd=inside)
    assert killed.code == -signal.SIGKILL, killed.err
    assert ("result.nc" in tree(inside / "parts")) == (where == "renamed")
    assert command("resume", "parts", "--no-figures").code == 0
    same(result(inside / "whole"), result(inside / "parts"))
    assert tree(inside / "parts") == ["result.nc"]


def test_a_run_starts_no_other_process_that_could_outlive_it(inside):
    words = ("run", "slab_transient", "--no-figures", "--out", "here", "--set", "time.max_step=10 yr")
    running = subprocess.Popen([sys.executable, "-m", "solver", *words], cwd=inside, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    try:
        assert any(line.split()[:1] == ["1"] for line in running.stdout), "no step was taken"
        with open(f"/proc/{running.pid}/task/{running.pid}/children", encoding="ascii") as children:
            assert children.read() == ""
    finally:
        running.kill()
        running.wait(timeout=60)
        running.stdout.close()


def test_a_batch_system_that_ends_a_run_gets_its_state_saved(inside, command):
    """SIGTERM is a Ctrl-C: the step is finished, the result written, exit code 3."""
    words = ("run", "slab_transient", "--no-figures", "--out", "here", "--set", "time.max_step=10 yr")
    running = subprocess.Popen([sys.executable, "-m", "solver", *words], cwd=inside, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    assert any(line.split()[:1] == ["1"] for line in running.stdout), "no step was taken"
    running.terminate()
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 3, said
    assert "go on with: crstream resume here" in said
    assert result(inside / "here").attrs["status"] == "stopped"


def test_sigterm_before_the_first_step_is_said_too(inside):
    """Outside the solve it ends the command like a Ctrl-C, not without a word."""
    words = ("run", "two_phase", "--no-figures", "--out", "here")
    code = (
        "import os, signal, solver.session as session, solver.cli as cli\n"
        "session.Session.__init__ = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)\n"
        "cli.main()"
    )
    ended = subprocess.run([sys.executable, "-c", code, *words], cwd=inside, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (3, "crstream: interrupted\n")


@pytest.mark.parametrize("module", ["solver.cli", "typer", "solver.streams"])
def test_ctrl_c_while_the_command_line_is_imported(module):
    code = (
        "import signal, sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from solver.__main__ import main\n"
        "main()\n"
    )
    ended = process("list", python=("-c", code))
    assert (ended.code, ended.out, ended.err) == (3, "", "crstream: interrupted\n")


def test_the_installed_command_begins_where_ctrl_c_is_answered():
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).resolve().parents[2] / "setup.cfg")
    assert setup["options.entry_points"]["console_scripts"].strip() == "crstream = solver.__main__:main"


@pytest.mark.parametrize("when", ["result", "partner"])
def test_ctrl_c_in_a_direct_solve_ends_the_command_with_the_result_kept(when, command, deck, inside, monkeypatch):
    """It cannot stop between steps, so it comes to its end; what would follow, partner run and figures, does not."""
    from solver.transport.march import March

    solve, calls = March.solve_steady, []

    def interrupted(self):
        calls.append(1)
        if len(calls) == {"result": 1, "partner": 2}[when]:
            signal.raise_signal(signal.SIGINT)
        return solve(self)

    monkeypatch.setattr(March, "solve_steady", interrupted)
    ended = command("run", deck(), "--out", "here", "--set", "time.method=direct", "--estimate-error")
    assert ended.code == 3
    ended.explained("stopped on request", "steady and complete", "crstream resume here")
    assert result(inside / "here").attrs["status"] == "steady"
    assert tree(inside / "here") == ["result.nc"]
    assert command("resume", "here", "--no-figures").code == 0


def test_a_resumed_steady_run_gets_the_error_bars_of_one_that_was_not_stopped(command, deck, inside, stopping):
    words = ("run", deck(), "--no-figures", *options(("grid.z_cells=16", "grid.rigidity_cells=8")))
    stopping()
    assert command(*words, "--out", "whole").code == 0
    stopping(2)
    assert command(*words, "--out", "parts").code == 3
    stopping()
    ended = command("resume", "parts", "--no-figures")
    assert ended.code == 0, ended.err
    assert "numerical error of the spectra" in ended.out
    np.testing.assert_array_equal(result(inside / "parts").J_error, result(inside / "whole").J_error)


def test_a_finished_run_gets_the_error_bars_it_lacks(command, deck, inside):
    """So does one whose partner run was stopped."""
    words = ("run", deck(), "--no-figures", *options(("grid.z_cells=16", "grid.rigidity_cells=8")))
    assert command(*words, "--out", "whole").code == 0
    assert command(*words, "--out", "here", "--no-estimate-error").code == 0
    assert "J_error" not in result(inside / "here")
    assert command("resume", "here", "--no-figures").code == 0
    np.testing.assert_array_equal(result(inside / "here").J_error, result(inside / "whole").J_error)
    before = (inside / "here" / "result.nc").stat().st_mtime_ns
    assert command("resume", "here", "--no-figures").code == 0
    assert (inside / "here" / "result.nc").stat().st_mtime_ns == before


def test_a_result_that_another_run_leaves_in_the_meantime_is_not_replaced(command, deck, inside, monkeypatch):
    """The folder was empty when it was asked for; it is looked at again once it is locked."""
    from solver import session

    name, claim = deck(), session.Claim

    def late(folder, where):
        (inside / "here").mkdir()
        (inside / "here" / "result.nc").write_bytes(b"of another run")
        return claim(folder, where)

    monkeypatch.setattr(session, "Claim", late)
    command("run", name, "--out", "here", "--no-figures").refused("--out: here", "holds a result", "--force")
    assert (inside / "here" / "result.nc").read_bytes() == b"of another run"


def test_a_later_end_than_what_has_been_reached_is_asked_for(command, inside):
    words = ("run", "slab_transient", "--no-figures", "--out", "here", *options(("grid.z_cells=6", "grid.rigidity_cells=4")))
    assert command(*words, "--set", "time.end=2 Myr").code == 0
    command("resume", "here", "--set", "time.end=1 Myr").refused("time.end", "has reached 2 Myr", "later time")


@pytest.mark.parametrize("method", ["direct", "march"])
def test_a_steady_state_is_no_start_of_a_clock(method, command, inside):
    """A direct solve stays at t = 0, growing steps follow no time: what came of either would pass for a transient."""
    words = ("run", "slab_transient", "--no-figures", "--out", "here", *options(("grid.z_cells=6", "grid.rigidity_cells=4")))
    assert command(*words, "--set", "time.end=steady", "--set", f"time.method={method}").code == 0
    ended = command("resume", "here", "--set", "time.end=1 Gyr", "--set", "time.method=march")
    ended.refused("time.end", "is a steady state", "initial")


def test_a_forced_run_that_is_killed_is_not_resumed_as_the_one_before(command, deck, inside, stopping, monkeypatch):
    """The checkpoint of the run before goes when the new one has the folder; else resume would go on with the other deck."""
    from solver import folder
    from solver.transport.march import March

    name = deck()
    (inside / "here").mkdir()
    (inside / "here" / folder.CHECKPOINT).write_bytes(b"of the run before")

    def killed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(March, "run", killed)
    assert command("run", name, "--out", "here", "--force").code == 3
    assert tree(inside / "here") == []


def test_a_transient_may_take_all_the_steps_allowed(command, inside):
    words = ("run", "slab_transient", "--no-figures", *options(("grid.z_cells=6", "grid.rigidity_cells=4", "time.end=1 Myr")))
    assert command(*words, "--out", "here").code == 0
    steps = result(inside / "here")["history"].sizes["step"]
    assert command(*words, "--out", "there", "--set", f"time.max_steps={steps}").code == 0
    assert command(*words, "--out", "nowhere", "--set", f"time.max_steps={steps - 1}").code == 3


@pytest.mark.parametrize("off", ["4.1 Myr", "1.1 Myr"])
def test_a_switch_and_a_snapshot_at_the_same_time_but_for_rounding(off, command, deck, inside):
    """41 × 0.1 Myr is above 4.1 Myr by rounding, 11 × 0.1 Myr below 1.1 Myr; neither is missed."""
    schedule = f"species.proton.source.schedule={{ type = 'switch', off = '{off}' }}"
    changes = (schedule, "time.end=4.3 Myr", "time.output_every=0.1 Myr", "grid.z_cells=6", "grid.rigidity_cells=4")
    ended = command("run", deck(text=PROTONS), "--no-figures", "--out", "here", *options(changes))
    assert ended.code == 0, ended.err
    times = result(inside / "here")["snapshots"].time.values
    np.testing.assert_allclose(times / times[-1], np.arange(1, 44) / 43, rtol=1e-12)
    from solver.units import DIMENSIONS, parse

    assert parse(off, DIMENSIONS["time"]) in times


def test_a_forced_run_that_is_killed_at_once_is_the_one_that_goes_on(command, deck, inside, monkeypatch):
    """The result of the run before stays until there is another; resume must not take it for the new run's."""
    from solver.transport.march import March

    name = deck(text=PROTONS)
    assert command("run", name, "--no-figures", "--out", "here").code == 0

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(March, "run", killed)
        words = ("--no-figures", "--force", "--set", "grid.z_cells=9")
        assert command("run", name, "--out", "here", *words).code == 3
    assert command("resume", "here", "--no-figures").code == 0
    assert result(inside / "here").sizes["z_face"] == 9
    assert tree(inside / "here") == ["result.nc"]


def test_a_transient_without_a_steady_state_stays_what_it_is(command, inside):
    """Asked to go on to one, a run that can do nothing leaves the stored one alone."""
    words = ("run", "slab_transient", "--no-figures", "--out", "here", *options(("grid.z_cells=6", "grid.rigidity_cells=4")))
    closed = ("boundary.top={ type = 'outflow' }", "layer.0.streaming={ type = 'none' }", "initial={ type = 'zero' }")
    assert command(*words, "--set", "time.end=1 Myr", *options(closed)).code == 0
    before = (inside / "here" / "result.nc").read_bytes()
    ended = command("resume", "here", "--no-figures", "--set", "time.end=steady")
    assert ended.code == 3
    ended.explained("no steady state")
    assert (inside / "here" / "result.nc").read_bytes() == before
    assert command("resume", "here", "--no-figures", "--set", "time.end=2 Myr").code == 0


def test_every_snapshot_asked_for_is_there_whatever_rounding(command, inside):
    """41 × 0.1 Myr is above 4.1 Myr by rounding."""
    words = ("run", "slab_transient", "--no-figures", "--out", "here", *options(("grid.z_cells=6", "grid.rigidity_cells=4")))
    assert command(*words, "--set", "time.end=4.1 Myr", "--set", "time.output_every=0.1 Myr").code == 0
    assert result(inside / "here")["snapshots"].sizes["time"] == 41
