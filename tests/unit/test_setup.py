"""The environment: this checkout is what gets imported, MPI is shared, and scripts/setup keeps its promises."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import problems
import solver

ROOT = Path(__file__).resolve().parents[2]
NOTHING_TO_DO = 2.0  # s; takes 0.05 s on an idle machine, the rest is for busy ones


def setup(checkout, *options, **environment):
    """Run the checkout's set-up script; return the completed process."""
    clean = {k: v for k, v in os.environ.items() if k != "CRSTREAM_PYTHON"}
    return subprocess.run(
        [shutil.which("bash"), str(checkout / "scripts" / "setup"), *options],
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def finished(tmp_path):
    """Return a copy of the set-up files beside an environment whose stamp says: done, for the tests, from here."""
    for name in ("setup.cfg", "pyproject.toml", "scripts/setup"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    (commands / "python").symlink_to(sys.executable)
    (commands / "crstream").write_text("#!/bin/sh\n")
    (commands / "crstream").chmod(0o755)
    recipe = subprocess.run(
        "cat setup.cfg pyproject.toml scripts/setup | sha256sum | cut -c1-16",
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    write_stamp(tmp_path, recipe=recipe.stdout.strip())
    return tmp_path


def write_stamp(checkout, **changes):
    version = ".".join(map(str, sys.version_info[:3]))
    entries = {"state": "done", "lane": "fast", "python": version, "checkout": checkout.resolve(), "level": 1}
    entries |= {"petsc": "", "asked": ""} | changes
    (checkout / ".venv" / "crstream-setup").write_text("".join(f"{k}={v}\n" for k, v in entries.items()))


def edit_stamp(checkout, old, new):
    stamp = checkout / ".venv" / "crstream-setup"
    text = stamp.read_text()
    assert old in text
    stamp.write_text(text.replace(old, new))


@pytest.mark.parametrize("package", [solver, problems])
def test_imports_come_from_this_checkout(package):
    # the package index has other projects of these names
    assert Path(package.__file__).resolve().is_relative_to(ROOT)


def test_petsc_is_new_enough_and_real():
    import numpy as np
    from petsc4py import PETSc

    assert PETSc.Sys.getVersion()[:2] >= (3, 18)
    assert PETSc.ScalarType is np.float64


@pytest.mark.mpi
@pytest.mark.parametrize("first", ["petsc4py", "mpi4py"])
def test_petsc_and_mpi4py_share_one_mpi_in_either_import_order(mpiexec, first):
    imports = ["from petsc4py import PETSc", "from mpi4py import MPI"]
    if first == "mpi4py":
        imports.reverse()
    code = "\n".join(
        [
            *imports,
            "world = PETSc.COMM_WORLD.tompi4py()",
            "assert world.size == MPI.COMM_WORLD.size == 2",
            "assert world.allreduce(world.rank + 1) == 3",
        ]
    )
    done = mpiexec(2, "-W", "error", "-c", code)
    assert done.returncode == 0, done.stderr


def test_finished_setup_is_silent_and_instant(finished):
    stamp = finished / ".venv" / "crstream-setup"
    before = stamp.read_bytes(), stamp.stat().st_mtime_ns
    begun = time.perf_counter()
    done = setup(finished)
    assert time.perf_counter() - begun < NOTHING_TO_DO
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (stamp.read_bytes(), stamp.stat().st_mtime_ns) == before
    assert setup(finished, "--test", "--check").returncode == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("state=done", "state=installing"),
        ("level=1", "level=0"),
        ("checkout=", "checkout=/elsewhere"),
        ("petsc=", "petsc=/gone"),
        ("python=3", "python=2"),
    ],
    ids=["interrupted", "without the tests' packages", "checkout moved", "PETSc removed", "another Python"],
)
def test_check_notices(finished, old, new):
    edit_stamp(finished, old, new)
    assert setup(finished, "--test", "--check").returncode == 1


def test_check_notices_a_changed_setup_cfg(finished):
    with open(finished / "setup.cfg", "a") as file:
        file.write("# changed\n")
    assert setup(finished, "--check").returncode == 1


def test_check_notices_another_python_asked_for(finished):
    assert setup(finished, "--check", CRSTREAM_PYTHON="/another/python").returncode == 1


def test_unknown_option_is_bad_input(finished):
    done = setup(finished, "--petsc=oldest")
    assert done.returncode == 2
    assert "--petsc=oldest" in done.stderr


def test_without_compiler_or_packages_it_says_what_to_do(tmp_path, finished):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "cat", "cut", "dirname", "flock", "sha256sum", "sort", "tail"):
        (tools / name).symlink_to(shutil.which(name))
    done = setup(finished, "--petsc=newest", PATH=str(tools), CRSTREAM_PYTHON=sys.executable)
    assert done.returncode == 2, done.stderr
    assert "mpicc" in done.stderr
    assert "apt-get install python3-petsc4py" in done.stderr
    assert not (finished / ".venv-newest").exists()
