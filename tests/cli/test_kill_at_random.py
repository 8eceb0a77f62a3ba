"""kill -9 at random moments of a march, of writing and of a sweep: what is found afterwards is whole, and goes on.

Fifty kills of each kind are marked slow; a few are always done.  A run that was killed is gone on with and killed again,
until it comes to its end: that end must be the one of a run nobody disturbed.
"""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from command_line import GALAXY, process, tree

from solver import storage
from solver.ensemble import open_sweep
from solver.errors import ResultError

COMMAND = """
from solver import watch
from solver.cli import main
watch.Checkpoints.__init__.__defaults__ = (0.0,)            # a checkpoint after every step
main()
"""
WRITER = """
import os, signal, sys, time
import numpy as np, xarray as xr
from solver import storage
path, kills = sys.argv[1], int(sys.argv[2])

def tree(version):
    root = xr.Dataset({"f": (("z", "R"), np.full((300, 1000), float(version)))})
    root.attrs = {"crstream_file": "result", "crstream_file_version": storage.FORMAT_VERSION, "deck": "{}",
                  "status": f"version {version}", "crstream_variables": "f"}
    return xr.DataTree(root)

storage.write(tree(0), path)
random = np.random.default_rng(int(sys.argv[3]))
begun = time.monotonic()
storage.write(tree(0), path)
span, newest, interrupted = time.monotonic() - begun, 0, 0
for kill in range(kills):
    child = os.fork()
    if child == 0:
        version = newest
        while True:
            version += 1
            storage.write(tree(version), path)
    time.sleep(random.uniform(0, 3 * span))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    interrupted += os.path.exists(os.path.join(os.path.dirname(path), ".result.nc.part"))
    found = storage.read(path)
    version = int(found.attrs["status"].split()[1])
    assert (found.f.values == version).all(), (version, np.unique(found.f.values))
    assert version >= newest, (version, newest)
    newest = version
storage.write(tree(-1), path)
print(interrupted, *sorted(os.listdir(os.path.dirname(path))))
"""
LITTLE, FULL = 2, 50
COUNTS = [LITTLE, pytest.param(FULL, marks=pytest.mark.slow)]
TRIES = 6  # times as many starts as kills, at most: a run may also come to its end


class Victim:
    """Commands killed at a random moment after they have printed their first line of progress."""

    def __init__(self, folder, span, seed):
        self.folder, self.span, self.random = folder, span, random.Random(seed)

    def run(self, *words):
        """Start a command and kill it; the exit code where it was faster."""
        running = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)  # fmt: skip
        with running.stderr:
            running.stderr.readline()
            time.sleep(self.random.uniform(0, self.span))
            running.kill()
            return running.wait(timeout=60)


def unfinished(path):
    """Is there no whole file?  Half a one under its final name would be an error of its own."""
    if not path.exists():
        return True
    storage.read(path)
    return False


@pytest.mark.parametrize("kills", COUNTS)
def test_a_march_that_is_killed_again_and_again_ends_with_the_same_bits(kills, inside):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    words = ("run", "galaxy.toml", "--no-figures", "--no-estimate-error")
    assert process(*words, "--out", "whole", python=("-c", COMMAND), cwd=inside).code == 0
    with xr.open_datatree(inside / "whole/result.nc") as stored:
        whole = stored.load()
    victim = Victim(inside, 1.3 * float(whole["history"].wall[-1]), seed=kills)
    killed = ended = starts = 0
    while killed < kills or not ended:
        starts += 1
        assert starts < TRIES * kills, (killed, ended)
        here = inside / "here"
        if unfinished(here / "checkpoint.nc") and unfinished(here / "result.nc"):
            code = victim.run(*words, "--out", "here", "--force")
        else:
            code = victim.run("resume", "here", "--no-figures")
        killed += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL)
        if code == 0 or (not unfinished(here / "result.nc") and not (here / "checkpoint.nc").exists()):
            ended += 1
            assert {"result.nc"} <= set(tree(here)) <= {"result.nc", ".result.nc.part"}
            with xr.open_datatree(here / "result.nc") as stored:
                same(whole, stored)
            for path in here.iterdir():
                path.unlink()


def same(whole, here):
    """Bit by bit the same run; clocks apart."""
    np.testing.assert_array_equal(here.f.values, whole.f.values)
    np.testing.assert_array_equal(here.flux.values, whole.flux.values)
    assert here.attrs["status"] == whole.attrs["status"] == "steady"
    for name in set(whole["history"].data_vars) - {"wall"}:
        np.testing.assert_array_equal(here["history"][name].values, whole["history"][name].values, err_msg=name)


@pytest.mark.parametrize("kills", [10, pytest.param(FULL, marks=pytest.mark.slow)])
def test_a_file_is_the_old_one_or_the_new_one_whenever_its_writer_is_killed(kills, tmp_path):
    """Fifty kills within three times the span of one write: most of them in the middle of one."""
    ended = process(tmp_path / "result.nc", kills, 1, python=("-c", WRITER), timeout=300)
    assert ended.code == 0, ended.err
    interrupted, *left = ended.out.split()
    assert int(interrupted) >= kills / 4  # else the moments would prove little
    assert left == ["result.nc"]


@pytest.mark.parametrize(("kills", "workers"), [(LITTLE, 0), pytest.param(FULL, 0, marks=pytest.mark.slow),
                                                pytest.param(10, 2, marks=pytest.mark.slow)])  # fmt: skip
def test_a_sweep_that_is_killed_again_and_again_is_complete_in_the_end(kills, workers, inside):
    (inside / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    words = ("sweep", "galaxy.toml", "--no-figures", "--workers", str(workers),
             "--vary", "layer.halo.plasma.n=logspace(0.001 cm-3, 0.01 cm-3, 12)")  # fmt: skip
    begun = time.monotonic()
    assert process(*words, "--out", "whole", cwd=inside).code == 0
    whole = open_sweep(inside / "whole").dataset
    victim = Victim(inside, min(float(whole.seconds.sum()) + 0.5, time.monotonic() - begun), seed=kills)
    killed = ended = starts = 0
    while killed < kills or not ended:
        starts += 1
        assert starts < TRIES * kills, (killed, ended)
        code = victim.run(*words, "--out", "here")
        killed += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL), code
        here = inside / "here"
        if (here / "sweep.json").exists():
            found = open_sweep(here).dataset  # whatever is there can be read
            done = (found.status == "steady").values
            # steady states to a storage term of 1e-9 or a mismatch of 1e-10; J follows with a factor of order one
            if done.any():
                assert np.abs(found.J.values[done] / whole.J.values[done] - 1).max() < 1e-8
            assert set(found.status.values[~done]) <= {"not run"}
        if (here / "sweep.nc").exists():
            ended += 1
            assert done.all()
            for path in sorted(here.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()


def test_half_a_file_beside_its_place_is_never_looked_at(inside, command, deck):
    """What a killed writer leaves has another name, and the next write takes its place."""
    assert command("run", deck(), "--no-figures", "--out", "here").code == 0
    half = (inside / "here/result.nc").read_bytes()[:5000]
    (inside / "here/result.nc").unlink()
    (inside / "here/.result.nc.part").write_bytes(half)
    command("resume", "here").refused("holds no result.nc")
    assert command("run", "galaxy.toml", "--no-figures", "--out", "here").code == 0
    assert tree(inside / "here") == ["result.nc"]
    with pytest.raises(ResultError):
        storage.read(inside / "here/.result.nc.part")
