"""Solving decks and timing functions.

Times are processor times of this process on one thread: others who use the machine lengthen the wall clock, hardly these.
What is compared is timed in turn, so that a change of the machine's mood meets all alike, and medians are taken.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SCRIPTS = Path(__file__).resolve().parent.parent


@dataclass
class Solved:
    """One steady solve from zero: processor seconds, Newton and Krylov iterations, unknowns, and what was solved."""

    seconds: float
    iterations: int
    krylov: int
    unknowns: int
    system: object
    outcome: object

    @property
    def each(self):
        """Nanoseconds per unknown and Newton step."""
        return self.seconds / self.iterations / self.unknowns * 1e9


def prepare(deck):
    """(system, newton, shape) of a deck, ready to be solved."""
    from solver.model import Model
    from solver.petsc import start_petsc

    start_petsc()
    from solver.transport.layout import Layout
    from solver.transport.newton import NewtonPath
    from solver.transport.scales import row_scales
    from solver.transport.system import System

    problem = Model(deck).transport_problem()
    layout = Layout(problem.species, len(problem.grid.R), problem.nodes)
    shape = (problem.species, len(problem.grid.R), problem.nodes)
    return System(problem, *row_scales(problem), layout.rows), NewtonPath(layout), shape


def solve(deck):
    """A deck's steady state from zero without time steps; making the model is not timed."""
    system, newton, shape = prepare(deck)
    start = time.process_time()
    out = newton.run(system, np.zeros(shape))
    seconds = time.process_time() - start
    newton.close()
    if not out.converged:
        raise SystemExit(f"benchmark did not converge: {out.message}")
    return Solved(seconds, out.iterations, out.krylov, int(np.prod(shape)), system, out)


def timed(function, *arguments):
    """(processor seconds, what the function returned)."""
    start = time.process_time()
    value = function(*arguments)
    return time.process_time() - start, value


def in_turn(*functions, repeats=3):
    """Run every function `repeats` times, one after the other; per function the (seconds, value) of its median run."""
    runs = [[timed(f) for f in functions] for _ in range(repeats)]
    return [sorted((run[i] for run in runs), key=lambda r: r[0])[repeats // 2] for i in range(len(functions))]


def median(values):
    return statistics.median(values)


def protons_only(deck):
    """The deck without its other species."""
    import solver

    tables = deck.to_dict()
    tables["species"] = {"proton": tables["species"]["proton"]}
    return solver.Deck.from_dict(tables)


def fresh(module, *arguments):
    """What a fresh process that runs `python -m module arguments` prints as its last line, as JSON."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1", "NUMPY_MADVISE_HUGEPAGE": "0"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=SCRIPTS.parent, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def resident():
    """Largest memory of this process so far, bytes; of getrusage's answer the parent's memory may be part."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def versions():
    """One line that says with what a table was measured."""
    import scipy
    from petsc4py import PETSc

    petsc = ".".join(map(str, PETSc.Sys.getVersion()))
    return (f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"numpy {np.__version__}, scipy {scipy.__version__}, PETSc {petsc}")
