"""What every peer's module shares: cases by name, timing, a line of JSON each."""

import json
import sys
import time


def report(problem, name, function):
    """Run function() -> (error, steps) and print its row; a failure is a row too."""
    wall, cpu, row = time.perf_counter(), time.process_time(), {"problem": problem, "code": name}
    try:
        error, steps = function()
        row |= {"error": error, "steps": steps}
    except Exception as failure:
        row |= {"error": None, "steps": 0, "failed": f"{type(failure).__name__}: {failure}".splitlines()[0][:100]}
    row |= {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(row), flush=True)


def main(cases):
    """cases: (problem, name, function).  Arguments: the problems wanted, default all."""
    wanted = sys.argv[1:]
    for problem, name, function in cases:
        if not wanted or problem in wanted:
            report(problem, name, function)
