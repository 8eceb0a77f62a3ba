"""What every test needs from its surroundings: one thread per process, figures without a screen, and mpiexec."""

import os
import shutil
import subprocess
import sys

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # pytest-xdist already uses the cores
os.environ.setdefault("MPLBACKEND", "Agg")

# Starting MPI in this process adds variables with which a child mpiexec would take itself for a rank of it.
# os.environ was read before that, so a copy of it is clean.
_MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",  # Open MPI refuses root, the usual user in a container, without both
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # more processes than cores
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # the same in Open MPI 5
}


@pytest.fixture(scope="session")
def mpiexec():
    """Return run(n, *python_arguments, timeout=120) -> CompletedProcess: this Python on n processes, output as text.

    A test that uses it carries the marker `mpi`.
    """
    launcher = shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec on PATH: this PETSc came without a launcher")
    environment = {**os.environ, **_MPI_ENVIRONMENT}

    def run(n, *python_arguments, timeout=120):
        command = [launcher, "-n", str(n), sys.executable, *map(str, python_arguments)]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )

    return run
