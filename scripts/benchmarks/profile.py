"""Stage profile: where a cold `crstream run two_phase` spends its time, stage by stage, and what of it comes only once."""

import json
import os
import sys
import tempfile
import time

from .measure import fresh
from .table import Table

REPEATS = 3


class Clock:
    """Processor seconds between the calls, by name."""

    def __init__(self):
        self.last, self.spent = time.process_time(), {}

    def __call__(self, name):
        now = time.process_time()
        self.spent[name] = self.spent.get(name, 0.0) + now - self.last
        self.last = now


def stages(folder):
    """What the command does, in its order, each stage timed; run in a process of its own."""
    clock = Clock()
    clock.last = 0.0                                                 # since the process began
    clock("Python")
    from solver import cli  # noqa: F401

    clock("import the command line")
    from solver.deck import load

    deck = load("two_phase")
    clock("read and check the deck (pydantic, astropy.units)")
    from solver.partner import numerical_error
    from solver.session import Session

    clock("import numerics")
    from solver.model import Model

    model = Model(deck)
    clock("coefficients, tables of fast modes included")
    Model(deck)
    clock("coefficients once more, tables from the cache")
    model.transport_problem()
    clock("arrays of the discrete problem")
    with Session(deck, (), folder) as session:
        clock("start MPI and PETSc, and the two stages above")
        march = session.march((), None)
        clock("solve: march to the steady state")
        result = session.result(march, march.status)
        clock("build the result (xarray, observables)")
        session.save(result)
        clock("write netCDF")
        numerical_error(session, result)
        clock("numerical error: solve the two partners")
    import solver.figures.results as plots
    from solver.figures import draw

    clock("import matplotlib")
    for name in plots.STANDARD:
        draw.save(plots.FIGURES[name](result), os.path.join(folder, name))
        clock("figures, five as PNG and PDF")
    return clock.spent


def run():
    runs = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CRSTREAM_CACHE"] = os.path.join(folder, "cache")
            runs.append(fresh("benchmarks.profile", os.path.join(folder, "out")))
    table = Table("crstream run two_phase, cold: processor seconds by stage", ("stage", "CPU s"))
    total = 0.0
    for name in runs[0]:
        seconds = sorted(one[name] for one in runs)[REPEATS // 2]
        total += seconds
        table.add(name, f"{seconds:.2f}")
    table.add("all", f"{total:.2f}")
    table.notes = [f"medians of {REPEATS} runs, each with an empty cache of tables"]
    yield table


if __name__ == "__main__":
    print(json.dumps(stages(sys.argv[1])))
