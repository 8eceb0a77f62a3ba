"""Commands start at once: what is heavy is imported where it is used.  Modules are counted, not seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMERICS = {"numpy", "scipy", "pandas", "xarray", "netCDF4", "matplotlib", "astropy", "petsc4py", "mpi4py", "sympy"}
SCHEMA = {"pydantic", "pydantic_core"}
TELL = """
import sys
from solver.cli import main
sys.argv = ["crstream", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), sep="\\n", file=sys.stderr)
"""


def imported(*words):
    """Top-level modules a command has imported when it ends, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", TELL, *words], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "the command said nothing"
    return set(done.stderr.split())


@pytest.mark.parametrize(("words", "spared"), [
    (("--help",), NUMERICS | SCHEMA),
    (("--version",), NUMERICS | SCHEMA),
    (("list",), NUMERICS),
    (("run", "--help"), NUMERICS),
    (("explain", "grid.z_cells"), NUMERICS),
    (("show", "two_phase"), {"xarray", "netCDF4", "pandas", "matplotlib", "petsc4py", "mpi4py", "sympy"}),
    (("check", "two_phase"), {"matplotlib", "petsc4py", "mpi4py", "sympy"}),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_command_imports_no_more_than_it_uses(words, spared):
    assert imported(*words) & spared == set()


def test_the_list_above_names_modules_there_are():
    """A misspelt name would be spared by every command."""
    from importlib.util import find_spec

    assert [name for name in NUMERICS | SCHEMA if find_spec(name) is None] == []
