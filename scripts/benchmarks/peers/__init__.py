"""Stage peers: other people's codes on problems with exact solutions, see `problems`.

Modules `plain`, `fipy_code`, `pypde_code` and `saetass_code` know nothing of the solver and print a line of JSON per case.
They run with the Python of .venv-peers where there is one (the codes may want another numpy than PETSc does), else with this
one; a code that is not installed is skipped with a word.
"""

import json
import os
import subprocess
import sys

from benchmarks.measure import SCRIPTS
from benchmarks.table import Table

CODES = {"ours": "solver", "plain": "scipy", "fipy_code": "fipy", "pypde_code": "pde", "saetass_code": "saetass"}
PROBLEMS = {
    "slab": "linear slab to its steady state, 400 cells × 101 momenta (error of the grid for the others 1.6e-3)",
    "nlld": "nonlinear Landau damping to its steady state, one momentum, 400 cells (wanted: 1e-3)",
    "damped": "nonlinear Landau damping to its steady state, 400 cells × 101 momenta (wanted: 1e-3)",
    "losses": "disc losses with a steep source to the steady state, 400 cells × 200 momenta (wanted: 1e-2)",
    "front": "front under linear damping in time, one momentum, 400 cells",
    "fronts": "front under linear damping in time, 400 cells × 101 momenta",
}
LIMIT = 900                                                          # seconds for all cases of one code


def rows_of(module, python, problems):
    """The cases of one code as dictionaries, or a sentence why there are none."""
    environment = {**os.environ, "PYTHONPATH": f"{SCRIPTS.parent}{os.pathsep}{SCRIPTS}", "OMP_NUM_THREADS": "1",
                   "NUMBA_NUM_THREADS": "1"}
    probe = subprocess.run([python, "-c", f"import {CODES[module]}"], env=environment, cwd=SCRIPTS.parent, capture_output=True)
    if probe.returncode:
        return f"{CODES[module]} is not installed: pip install crstream[bench], or into .venv-peers"
    command = [python, "-m", f"benchmarks.peers.{module}", *problems]
    try:
        out = subprocess.run(command, env=environment, cwd=SCRIPTS.parent, capture_output=True, text=True, timeout=LIMIT).stdout
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or ""
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def run():
    own = SCRIPTS.parent / ".venv-peers" / "bin" / "python"
    found, skipped = [], []
    for module in CODES:
        python = str(own) if own.exists() and module not in ("ours", "plain") else sys.executable
        rows = rows_of(module, python, PROBLEMS)
        if isinstance(rows, str):
            skipped.append(rows)
        else:
            found += rows
    for problem, title in PROBLEMS.items():
        table = Table(title, ("code", "steps", "CPU s", "wall s", "error", "CPU over crstream's"))
        rows = [row for row in found if row["problem"] == problem]
        ours = next((row["cpu"] for row in rows if row["code"] == "crstream"), None)
        for row in rows:
            if row["error"] is None:
                table.add(row["code"], "-", "-", "-", "fails", row["failed"])
            else:
                ratio = "-" if ours is None else f"{row['cpu'] / ours:.2g}"
                table.add(row["code"], str(row["steps"]), f"{row['cpu']:.2g}", f"{row['wall']:.2g}", f"{row['error']:.1e}", ratio)
        table.notes = ["largest error, relative to the largest value of a momentum (losses: to that at the disc, below 1 TeV);",
                       "imports are not counted, compilation is; steps: sweeps in FiPy's nonlinear rows, Newton steps in",
                       "crstream's steady ones"]
        yield table
    if skipped:
        table = Table("not run", ("why",))
        for text in skipped:
            table.add(text)
        yield table
