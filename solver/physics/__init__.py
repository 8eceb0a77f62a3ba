"""Microphysics as pure functions: arrays in, arrays out, in CGS with rigidity in GV and momentum in GeV/c.

Nothing here knows of decks, grids or files. All arguments of a function broadcast against each other by numpy's rules:
a plasma with heights along axis 0, `plasma.column()` (shape (nz, 1)), and rigidities of shape (nR,) give (nz, nR).
Input that makes no physical sense raises ValueError naming the argument; use beyond the range of a formula warns with
`solver.physics.ValidityWarning`.
"""

from solver.physics.validity import ValidityWarning

__all__ = ["ValidityWarning"]
