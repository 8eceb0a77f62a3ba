"""Discs that are full, files that may not grow, folders that can only be read: one message, earlier results untouched.

The discs are real ones where this process may mount (root with the right to), else these tests are skipped with the
reason; the limit on the size of files works for everybody.
"""

import shutil
import subprocess

import pytest
from command_line import GALAXY, process, tree

from solver import storage

SMALL = "4m"  # of the disc; a result of the small Galaxy takes about 200 kB
EAGER = """
from solver import watch
from solver.cli import main
watch.Checkpoints.__init__.__defaults__ = (0.0,)            # a checkpoint after every step
main()
"""
# PETSc and MPI keep files of their own, so the limit comes when they have started
LIMITED = """
import resource, sys
from solver.petsc import start_petsc
start_petsc()
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from solver.cli import main
main()
"""


@pytest.fixture
def mounted(tmp_path):
    """A disc of its own with little room."""
    disc = tmp_path / "disc"
    disc.mkdir()

    def mount(*words):
        done = subprocess.run(["mount", *words], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount a disc here: {done.stderr.strip()}")

    if shutil.which("mount") is None:
        pytest.skip("cannot mount a disc here: no mount")
    mount("-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(disc))
    yield Disc(disc, mount)
    subprocess.run(["umount", str(disc)], check=True)


class Disc:
    """The folder where a disc is mounted."""

    def __init__(self, path, mount):
        self.path, self.mount = path, mount

    def only_read(self):
        self.mount("-o", "remount,ro", str(self.path))

    def fill(self, leave):
        """Leave `leave` bytes free."""
        free = shutil.disk_usage(self.path).free
        (self.path / "filler").write_bytes(bytes(free - leave))

    def empty(self):
        (self.path / "filler").unlink()


@pytest.fixture
def galaxy(tmp_path):
    path = tmp_path / "galaxy.toml"
    path.write_text(GALAXY, encoding="utf-8")
    return path


def ends_with_one_message(ended, *words):
    assert ended.code == 2, (ended.code, ended.out, ended.err)
    ended.explained(*words)
    assert "Exception ignored" not in ended.err, ended.err


def test_a_full_disc_keeps_the_earlier_result(mounted, galaxy):
    here = mounted.path / "here"
    words = ("run", galaxy, "--no-figures", "--out", here)
    assert process(*words).code == 0
    before = (here / "result.nc").read_bytes()
    mounted.fill(leave=40_000)
    ended = process(*words, "--force", "--set", "disc.density=2 cm-3")
    ends_with_one_message(ended, "result.nc: cannot be written", "No space left on device")
    assert (here / "result.nc").read_bytes() == before
    assert tree(here) == ["result.nc"]
    mounted.empty()
    assert process(*words, "--force", "--set", "disc.density=2 cm-3").code == 0
    storage.read(here)


def test_a_disc_that_is_full_from_the_start_holds_no_half_file(mounted, galaxy):
    mounted.fill(leave=0)
    ended = process("run", galaxy, "--no-figures", "--out", mounted.path / "here", python=("-c", EAGER))
    ends_with_one_message(ended, "No space left on device")
    assert not list(mounted.path.rglob("*.nc*"))


def test_a_sweep_keeps_the_members_there_was_room_for(mounted, galaxy):
    here = mounted.path / "here"
    mounted.fill(leave=250_000)
    words = ("--workers", "0", "--no-figures", "--vary", "layer.halo.plasma.n=linspace(0.001, 0.01 cm-3, 20)")
    ended = process("sweep", galaxy, "--out", here, *words)
    ends_with_one_message(ended, "No space left on device", "of 20 members are stored", "crstream resume")
    stored = len(list((here / "members").glob("*.nc")))
    assert 1 <= stored < 20
    assert f"{stored} of 20 members" in ended.err
    mounted.empty()
    ended = process("resume", here, "--no-figures")
    assert ended.code == 0, ended.err
    assert f"{stored} of them done before" in ended.err
    assert tree(here) == ["sweep.json", "sweep.nc"]


def test_a_disc_that_can_only_be_read_is_refused_before_anything_is_solved(mounted, galaxy):
    """Not even root may write there."""
    here = mounted.path / "here"
    assert process("run", galaxy, "--no-figures", "--out", here).code == 0
    vary = ("--vary", "grid.z_cells=8,10")
    assert process("sweep", galaxy, *vary, "--workers", "0", "--no-figures", "--out", mounted.path / "sweep").code == 0
    before = (here / "result.nc").read_bytes()
    mounted.only_read()
    new = mounted.path / "new"
    swept = mounted.path / "sweep"
    for command in (
        ("run", galaxy, "--out", new),
        ("run", galaxy, "--force", "--out", here),
        ("converge", galaxy, *vary, "--out", new),
        ("sweep", galaxy, *vary, "--out", new),
        ("sweep", galaxy, *vary, "--force", "--out", swept),
        ("resume", here),
        ("coefficients", galaxy, "--out", mounted.path / "c.nc"),
    ):
        ended = process(*command)
        ends_with_one_message(ended, "cannot be written")
        assert not ended.err.startswith("step"), command  # no step was taken
    assert (here / "result.nc").read_bytes() == before
    assert process("plot", here, "--what", "spectrum").code == 2
    assert process("compare", here).code == 2  # belongs to no problem
    assert process("resume", swept, "--no-figures").code == 0  # finished: nothing to write


def test_files_that_may_not_grow_are_one_message(galaxy, tmp_path):
    ended = process("run", galaxy, "--no-figures", "--out", tmp_path / "here", python=("-c", LIMITED, "30000"))
    ends_with_one_message(ended, "result.nc: cannot be written", "File too large")
    assert tree(tmp_path / "here") == []


def test_figures_on_a_full_disc_do_not_take_the_result_with_them(mounted, galaxy):
    here = mounted.path / "here"
    assert process("run", galaxy, "--no-figures", "--out", here).code == 0
    mounted.fill(leave=5_000)
    ended = process("plot", here, "--what", "spectrum")
    ends_with_one_message(ended, "No space left on device")
    storage.read(here)
