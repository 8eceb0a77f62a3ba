"""What scripts/bench runs: the solver against a plain numpy program for the same problem, and against itself at other sizes.

Every figure is a ratio or a count from one run on one core; seconds are printed for orientation only.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))


def fresh(deck):
    """(system, newton, shape) of a deck, ready to be solved from zero."""
    from solver.model import Model
    from solver.session import start_petsc

    start_petsc()
    from solver.transport.layout import Layout
    from solver.transport.newton import NewtonPath
    from solver.transport.scales import row_scales
    from solver.transport.system import System

    problem = Model(deck).transport_problem()
    layout = Layout(problem.species, len(problem.grid.R), problem.nodes)
    return (
        System(problem, *row_scales(problem), layout.rows),
        NewtonPath(layout),
        (problem.species, len(problem.grid.R), problem.nodes),
    )


def solve(deck):
    """(seconds, iterations, unknowns, system, outcome) of one steady solve from zero, set-up of the model not counted."""
    system, newton, shape = fresh(deck)
    start = time.perf_counter()
    out = newton.run(system, np.zeros(shape))
    seconds = time.perf_counter() - start
    if not out.converged:
        raise SystemExit(f"benchmark did not converge: {out.message}")
    return seconds, out.iterations, int(np.prod(shape)), system, out


def median_of(function, repeats=3):
    runs = [function() for _ in range(repeats)]
    return sorted(runs, key=lambda r: r[0])[len(runs) // 2]


def each(run):
    """Cost per unknown and iteration of (seconds, iterations, unknowns, …) as text."""
    return f"{run[0] / run[1] / run[2] * 1e9:5.0f} ns per unknown and iteration"


def reference():
    """Protons of the two-phase Galaxy, 400 × 140, full equation: ours against the numpy reference, in turn."""
    import reference_coupled

    import solver

    deck = solver.load("two_phase")
    only = deck.to_dict()
    only["species"] = {"proton": only["species"]["proton"]}
    protons = solver.Deck.from_dict(only)
    ours, theirs = [], []
    for _ in range(3):
        ours.append(solve(protons)[:3])
        start = time.perf_counter()
        iterations, _ = reference_coupled.solve(reference_coupled.TwoPhase(nz=400, per_decade=20))
        theirs.append((time.perf_counter() - start, iterations))
    a, b = sorted(ours)[1], sorted(theirs)[1]
    three = median_of(lambda: solve(deck))
    print("reference: two-phase Galaxy from zero, 400 × 140")
    print(
        f"  crstream, protons            {a[0]:6.2f} s  {a[1]:3d} iterations  {each(a)}"
    )
    print(f"  numpy reference, protons     {b[0]:6.2f} s  {b[1]:3d} iterations")
    print(f"  ratio                        {a[0] / b[0]:6.2f}   (goal: at most 3)")
    print(
        f"  crstream, three species      {three[0]:6.2f} s  {three[1]:3d} iterations  {each(three)}"
    )
    print(
        f"  largest memory so far        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB (goal: below 1000)"
    )


def size():
    """Cost per unknown and iteration at growing sizes, and the share of the tridiagonal solves in it."""
    import solver

    print("size: two-phase Galaxy from zero, three species")
    first = None
    for cells, rigidities in ((100, 70), (200, 140), (400, 140), (400, 560)):
        deck = solver.load("two_phase").replace({"grid.z_cells": cells, "grid.rigidity_cells": rigidities})
        seconds, iterations, unknowns, system, out = solve(deck)
        each = seconds / iterations / unknowns * 1e9
        first = first or each
        blocks, rhs = system.linearise(out.point, system.nu[system.w])
        from solver.transport.linear import Ranks

        start = time.perf_counter()
        blocks.sweep(rhs, Ranks())
        sweep = (time.perf_counter() - start) / unknowns * 1e9
        print(
            f"  {unknowns:8d} unknowns  {iterations:3d} iterations  {each:5.0f} ns per unknown and iteration, "
            f"{each / first:4.2f} of the smallest; tridiagonal sweeps {sweep:4.0f} ns, ratio {each / sweep:4.1f}"
        )


def march():
    """Steady state by time steps against the direct solve."""
    import solver

    deck = solver.load("two_phase")
    direct = solver.run(deck.replace({"time.method": "direct"}))
    stepped = solver.run(deck)
    f, g = direct.dataset.f.values, stepped.dataset.f.values
    difference = np.max(np.abs(f - g) / np.maximum(np.abs(f).max(1, keepdims=True), 1e-300))
    print("march: two-phase Galaxy to steady state")
    print(
        f"  direct {direct.seconds:.2f} s, {direct.counts['newton']} iterations; march {stepped.seconds:.2f} s, "
        f"{stepped.counts['steps']} steps, {stepped.counts['newton']} iterations; largest difference {difference:.1e}"
    )


STAGES = {"reference": reference, "size": size, "march": march}

if __name__ == "__main__":
    names = sys.argv[1:] or list(STAGES)
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise SystemExit(f"bench: no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
    for name in names:
        STAGES[name]()
