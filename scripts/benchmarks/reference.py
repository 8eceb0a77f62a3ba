"""Stage reference: protons of the two-phase Galaxy, the full equation, against the numpy program of reference_coupled."""

import solver

from . import reference_coupled
from .measure import in_turn, protons_only, resident, solve
from .table import Table


def run():
    galaxy = solver.load("two_phase")
    protons = protons_only(galaxy)
    plain = reference_coupled.TwoPhase(nz=400, per_decade=20)
    (_, ours), (theirs, (iterations, _)), (_, three) = in_turn(
        lambda: solve(protons), lambda: reference_coupled.solve(plain), lambda: solve(galaxy))
    table = Table("two-phase Galaxy from zero, 400 × 140 cells",
                  ("program", "CPU s", "Newton", "ns per unknown and step", "over numpy"))
    unknowns = ours.unknowns
    table.add("numpy program, protons", theirs, iterations, theirs / iterations / unknowns * 1e9, 1.0)
    table.add("crstream, protons", ours.seconds, ours.iterations, ours.each, ours.seconds / theirs)
    table.add("crstream, three species", three.seconds, three.iterations, three.each, three.seconds / theirs)
    table.notes = [f"medians of three runs in turn; largest memory of all this {resident() / 1e6:.0f} MB",
                   "goal: protons within 3 times the numpy program"]
    yield table
