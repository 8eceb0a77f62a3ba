"""`crstream sweep` as it is typed: what it prints and writes, how it ends, and how it is gone on with."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from command_line import GALAXY, process, tree

N = "layer.halo.plasma.n"
VARY = ("--vary", f"{N}=logspace(0.001 cm-3, 0.004 cm-3, 3)", "--vary", "species.proton.source.slope=4.2,4.4")


def test_a_sweep_from_end_to_end(command, deck, inside):
    ended = command("sweep", deck(), *VARY, "--out", "here", "--workers", 0)
    assert ended.code == 0, ended.err
    assert "6 members; " in ended.out
    assert "saved here/sweep.nc" in ended.out
    assert "figures spectrum.png, b_to_c.png" in ended.out
    assert ended.err.count("steady, ") == 6
    assert "6/6  n = 0.004 cm-3, slope = 4.4: steady" in ended.err
    assert tree(inside / "here") == ["b_to_c.pdf", "b_to_c.png", "spectrum.pdf", "spectrum.png", "sweep.json", "sweep.nc"]
    with xr.open_dataset(inside / "here/sweep.nc") as ds:
        assert ds.J.dims == (N, "species.proton.source.slope", "species", "rigidity")
        assert float(ds[N][1]) == pytest.approx(0.002, rel=1e-11)
    command("sweep", "galaxy.toml", *VARY, "--out", "here", "--workers", 0).refused("finished sweep", "--force")
    again = command("sweep", "galaxy.toml", *VARY, "--out", "here", "--workers", 0, "--force", "--no-figures")
    assert again.code == 0, again.err


def test_the_folder_is_called_after_the_deck(command, deck, inside):
    assert command("sweep", deck(), "--vary", "grid.z_cells=8,9", "--workers", 0, "--no-figures").code == 0
    assert tree(inside / "out") == ["sweep-galaxy", "sweep-galaxy/sweep.json", "sweep-galaxy/sweep.nc"]


def test_set_comes_before_vary(command, deck, inside):
    words = ("--set", "species.proton.source.slope=4.25", "--vary", f"{N}=0.002 cm-3", "--workers", 0, "--no-figures")
    assert command("sweep", deck(), *words, "--out", "a").code == 0
    assert command("run", "galaxy.toml", "--set", f"{N}=0.002 cm-3", *words[:2], "--no-figures", "--out", "b").code == 0
    with xr.open_dataset(inside / "a/sweep.nc") as a, xr.open_datatree(inside / "b/result.nc") as b:
        np.testing.assert_array_equal(a.J.values[0], b.J.values)


def test_members_that_fail_are_told_and_the_exit_code_is_3(command, deck, inside):
    ended = command("sweep", deck(), "--vary", "time.max_steps=2,100", "--out", "here", "--workers", 0, "--no-warm")
    assert ended.code == 3
    assert "2 members, 1 failed" in ended.out
    assert "failed: max_steps = 2: 2 steps were not enough" in ended.out
    assert "saved here/sweep.nc" in ended.out
    assert "Traceback" not in ended.err
    with xr.open_dataset(inside / "here/sweep.nc") as ds:
        assert ds.status.values.tolist() == ["failed", "steady"]
    ended = command("sweep", "galaxy.toml", "--vary", "time.max_steps=2,3", "--out", "none", "--workers", 0, "--no-warm")
    assert ended.code == 3
    assert "2 members, 2 failed" in ended.out
    made = [name for name in tree(inside / "none") if not name.startswith("members")]
    assert made == ["sweep.json", "sweep.nc"]  # nothing to draw


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("--vary",)),
        (("--vary", "grid.z_cells"), ("crstream: --vary: ", "KEY=a,b,c")),
        (("--vary", "grid.z_cels=1,2"), ('did you mean "z_cells"',)),
        (("--vary", f"{N}=-1 cm-3,1 cm,2 cm-3", "--vary", "grid.z_cells=8,x"), ("-1 cm-3", '"cm"', '"x"')),
        (("--vary", f"{N}=0.1..1 cm-3"), ("--latin",)),
        (("--vary", "grid.z_cells=8,9", "--latin", 3), ("low..high",)),
        (("--vary", "grid.z_cells=8,9", "--workers", -1), ("--workers",)),
        (("--vary", "grid.z_cells=8,9", "--address", "nonsense://x"), ("--address",)),
        (("--vary", "grid.z_cells=8,9", "--out", "/dev/null/x"), ("not a folder",)),
        (("--vary", "grid.z_cells=8,9", "stray"), ("stray",)),
    ],
)
def test_bad_input_makes_nothing(words, said, command, deck, inside):
    ended = command("sweep", deck(), *words)
    assert ended.code == 2, (ended.out, ended.err)
    for word in said:
        assert word in ended.err, (word, ended.err)
    assert "Traceback" not in ended.err
    assert tree(inside) == ["galaxy.toml"]


def test_plot_and_resume_know_the_folder_of_a_sweep(command, deck, inside):
    assert command("sweep", deck(), *VARY, "--out", "here", "--workers", 0, "--no-figures").code == 0
    ended = command("plot", "here", "--what", "grammage,spectrum")
    assert ended.code == 0, ended.err
    assert {"grammage.png", "spectrum.pdf"} <= set(tree(inside / "here"))
    command("plot", "here", "--what", "nothing").refused("no spectrum 'nothing'", "grammage")
    assert command("plot", "here/sweep.nc").code == 0
    ended = command("resume", "here", "--no-figures")
    assert ended.code == 0
    assert "saved here/sweep.nc" in ended.out
    command("resume", "here", "--set", "grid.z_cells=9").refused("as it was begun")
    command("compare", "here").refused("here: holds a sweep; with --keep it keeps results", "`crstream plot here`")
    command("run", "galaxy.toml", "--out", "here", "--force").refused("holds a sweep")


def test_compare_finds_the_results_of_members_that_are_kept(command, inside):
    words = ("--vary", "grid.z_cells=8,9", "--set", "grid.rigidity_cells=4", "--out", "here", "--workers", 0, "--no-figures")
    assert command("sweep", "streaming", *words, "--keep").code == 0
    command("compare", "here").refused("here: holds a sweep; a result of a member is in here/members/0000; ")
    ended = command("compare", "here/members/0000", "--no-figure")
    assert "max error" in ended.out, ended.err


def at_work(inside, members):
    """A sweep of so many members on two processes, in a process group of its own, once three of them are done."""
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    words = ("sweep", "galaxy.toml", "--out", "here", "--no-figures", "--workers", "2", "--set", "grid.z_cells=30",
             "--vary", f"{N}=linspace(0.001, 0.004 cm-3, {members})")  # fmt: skip
    running = subprocess.Popen([sys.executable, "-m", "solver", *words], cwd=inside, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)  # fmt: skip
    for line in running.stderr:
        if line.startswith(f" 3/{members}"):
            return running
    raise AssertionError(f"ended with {running.wait()}")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signals_from_outside_finish_the_members_at_work_and_say_how_to_go_on(name, inside, command):
    """A terminal sends Ctrl-C to all processes at once, of which those that solve leave it to the first; kill asks that alone."""
    running = at_work(inside, 40)
    if name == "SIGINT":
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.terminate()
    _, err = running.communicate(timeout=60)
    assert running.returncode == 3, err
    assert "stopping after the members at work" in err
    assert "crstream resume here" in err
    assert "Traceback" not in err
    done = len(list((inside / "here/members").glob("*.nc")))
    assert 3 <= done < 40
    assert f"stopped on request after {done} of 40 members" in err
    assert not (inside / "here/sweep.nc").exists()
    ended = process("resume", "here", "--no-figures", cwd=inside)
    assert ended.code == 0, ended.err
    assert f"{done} of them done before" in ended.err
    assert "40 members; " in ended.out


def test_processes_do_not_outlive_a_sweep_that_is_killed(inside):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    words = ("sweep", "galaxy.toml", "--out", "here", "--workers", "2", "--vary", f"{N}=linspace(0.001, 0.004 cm-3, 400)")
    running = subprocess.Popen([sys.executable, "-m", "solver", *words], cwd=inside, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0)  # fmt: skip
    for line in running.stderr:
        if line.startswith("  2/400"):
            break
    running.kill()
    running.wait(timeout=60)
    deadline = time.monotonic() + 20
    while members_of_group(running.pid):
        assert time.monotonic() < deadline, members_of_group(running.pid)
        time.sleep(0.1)
    running.stderr.close()


def members_of_group(group):
    """Processes of a process group, by what the kernel says of each (Linux); zombies do not count."""
    from pathlib import Path

    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def test_a_batch_system_that_ends_all_processes_of_a_sweep_loses_no_member(inside):
    """SIGTERM to every process: the members at work are lost, none of them is recorded as failed, and resume solves them."""
    running = at_work(inside, 20)
    os.killpg(running.pid, signal.SIGTERM)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 3, err
    assert "Traceback" not in err
    ended = process("resume", "here", "--no-figures", "--workers", "1", cwd=inside)
    assert ended.code == 0, ended.err
    assert "20 members; " in ended.out
    assert "1 process" in ended.err


def test_ctrl_c_in_a_member_that_is_solved_here_ends_the_sweep(command, deck, inside, monkeypatch):
    """--workers 0: the second of six members, begun near the first, hears it and passes it on."""
    from solver.transport.march import March

    begin, calls = March.begin_near, []

    def interrupted(self, f):
        calls.append(1)
        if len(calls) == 1:
            signal.raise_signal(signal.SIGINT)
        return begin(self, f)

    monkeypatch.setattr(March, "begin_near", interrupted)
    vary = ("--vary", f"{N}=linspace(0.001, 0.004 cm-3, 6)")
    ended = command("sweep", deck(), "--out", "here", "--workers", "0", "--no-figures", *vary)
    assert ended.code == 3
    ended.explained("stopped on request after 1 of 6 members", "crstream resume here")
    assert command("resume", "here", "--workers", "0", "--no-figures").code == 0


def test_a_run_has_no_workers(command, deck):
    assert command("run", deck(), "--out", "here", "--no-figures").code == 0
    command("resume", "here", "--workers", "2").refused("--workers", "holds a run")


def test_members_that_failed_are_solved_again_and_no_others(command, deck, inside, monkeypatch):
    """The second of three members runs out of memory once; the sweep is finished, and asked to try that again."""
    from solver import session

    run, calls = session.run, []

    def short_of_memory(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return run(*arguments, **options)

    monkeypatch.setattr(session, "run", short_of_memory)
    words = ("--out", "here", "--workers", "0", "--no-figures", "--vary", f"{N}=0.001 cm-3,0.002 cm-3,0.004 cm-3")
    ended = command("sweep", deck(), *words)
    assert ended.code == 3
    assert "not enough memory" in ended.out
    assert "crstream resume here --again" in ended.out
    assert command("resume", "here", "--no-figures").code == 3  # as it is
    assert len(calls) == 3
    ended = command("resume", "here", "--again", "--workers", "0", "--no-figures")
    assert ended.code == 0, ended.err
    assert len(calls) == 4
    with xr.open_dataset(inside / "here/sweep.nc") as ds:
        assert ds.status.values.tolist() == ["steady"] * 3
        assert np.isfinite(ds.J.values).all()
    assert tree(inside / "here") == ["sweep.json", "sweep.nc"]
    assert command("resume", "here", "--again", "--no-figures").code == 0  # nothing left to do
    assert len(calls) == 4


def test_a_key_that_nothing_uses_is_told(command, deck):
    name = deck(("streaming = { type = \"alfven\" }", "streaming = { type = \"given\", v = \"20 km/s\" }"),
                ("damping = [ { type = \"landau\" } ]", "damping = [ { type = \"given_S\", S = \"1e-6 cm-2 s-1 GeV-3\" } ]"))
    ended = command("sweep", name, "--out", "here", "--workers", "0", "--no-figures", "--vary", "layer.halo.plasma.B=1uG,2uG",
                    "--vary", "layer.halo.streaming.v=10 km/s,20 km/s")  # fmt: skip
    assert ended.code == 0, ended.err
    assert "warning: layer.halo.plasma.B changes no spectrum" in ended.out
    assert "layer.halo.streaming.v changes" not in ended.out
