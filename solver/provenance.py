"""Where a result comes from: versions of what shaped it, revision of a checkout, time, number of ranks."""

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "scipy", "xarray", "netCDF4", "petsc4py", "mpi4py")


def describe(extra=None):
    """Attributes (all strings or numbers) for a result file; `extra` adds to them or overrides.

    PETSc and MPI are named only when they are loaded: describing a result must not start them.
    """
    attributes = {
        "Conventions": "CF-1.10",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "crstream_version": package_version("crstream"),
        "git_revision": git_revision(),
        "python_version": platform.python_version(),
        "platform": platform.platform(),
    }
    for name in PACKAGES:
        if name in sys.modules:
            attributes[f"{name}_version"] = getattr(sys.modules[name], "__version__", "unknown")
    attributes |= _running_libraries()
    attributes |= extra or {}
    return {name: attribute(value) for name, value in attributes.items() if value is not None}


def attribute(value):
    """`value` as netCDF can hold it: text and numbers stay, the rest becomes JSON."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return json.dumps(value, default=str)
    return value


@cache
def package_version(name):
    """Version of an installed distribution, "unknown" where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


@lru_cache(maxsize=1)
def git_revision():
    """Revision of the checkout this code runs from, with "-dirty" when tracked files differ; None outside a checkout.

    The folder above the package must itself be the top of the checkout: an installed copy that happens to lie inside
    someone's repository has no revision.
    """
    top = Path(__file__).resolve().parent.parent
    if not (top / ".git").exists():
        return None

    def git(*arguments):
        command = ["git", "-C", str(top), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _running_libraries():
    """Versions of the PETSc and MPI libraries in this process, where they are loaded and started."""
    found = {}
    if (petsc := sys.modules.get("petsc4py.PETSc")) is not None:
        found["petsc_version"] = ".".join(map(str, petsc.Sys.getVersion()))
    if (mpi := sys.modules.get("mpi4py.MPI")) is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        found["mpi_library"] = mpi.Get_library_version().split(",")[0].split("\n")[0].strip()
        found["ranks"] = mpi.COMM_WORLD.Get_size()
    return found
