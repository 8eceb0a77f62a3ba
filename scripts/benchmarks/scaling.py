"""Stage scaling: the direct solve of the two-phase Galaxy on one and two processes, strong and weak.

Wall time, for processes wait for each other: on a machine that others use the ratio of a pair says little.
"""

import json
import os
import shutil
import subprocess
import sys
import time

from .measure import SCRIPTS, resident
from .table import Table

CASES = (("strong", 1, 400, 560), ("strong", 2, 400, 560), ("weak", 1, 400, 280), ("weak", 2, 400, 560))
ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def one(cells, rigidities):
    """Seconds of the solve, Newton steps and memory of this process; prints them from the first."""
    from solver.session import Session

    from .floor import galaxy

    session = Session(galaxy(cells, rigidities).replace({"time.method": "direct"}), (), None)
    session.layout.comm.barrier()
    start = time.perf_counter()
    march = session.march((), None)
    seconds = time.perf_counter() - start
    if session.first:
        print(json.dumps({"seconds": seconds, "newton": march.counts["newton"], "memory": resident()}))


def run():
    launcher = shutil.which("mpiexec")
    table = Table("two-phase Galaxy, direct", ("scaling", "processes", "unknowns", "wall s", "Newton", "efficiency", "MB each"))
    first = {}
    for kind, processes, cells, rigidities in CASES if launcher else ():
        environment = {**os.environ, **ROOT, "PYTHONPATH": f"{SCRIPTS.parent}{os.pathsep}{SCRIPTS}", "OMP_NUM_THREADS": "1"}
        command = [launcher, "-n", str(processes), sys.executable, "-m", "benchmarks.scaling", str(cells), str(rigidities)]
        runs = []
        for _ in range(3):
            done = subprocess.run(command, env=environment, cwd=SCRIPTS.parent, capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
        best = min(runs, key=lambda r: r["seconds"])
        alone = first.setdefault(kind, best["seconds"])
        efficiency = alone / best["seconds"] / (processes if kind == "strong" else 1)
        table.add(kind, processes, f"{3 * cells * (rigidities + 1):,}", best["seconds"], best["newton"], efficiency,
                  best["memory"] / 1e6)
    table.notes = ["best of three; memory of the first process"] if launcher else ["no mpiexec here"]
    yield table


if __name__ == "__main__":
    one(*map(int, sys.argv[1:]))
