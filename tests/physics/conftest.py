"""A change of units as a test: every constant and input rescaled, the outputs must follow their dimensions."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

from solver import constants

# Powers of (length, mass, time, temperature) in Gaussian units; GeV, GV and GeV/c stay what they are.
DIMENSIONS = {
    "C": (1, 0, -1, 0),
    "E": (1.5, 0.5, -1, 0),
    "K_B": (2, 1, -2, -1),
    "HBAR": (2, 1, -1, 0),
    "PROTON_MASS": (0, 1, 0, 0),
    "ELECTRON_MASS": (0, 1, 0, 0),
    "ERG_PER_GEV": (2, 1, -2, 0),
    "GEV_PER_C": (1, 1, -1, 0),
    "STATVOLT_PER_GV": (0.5, 0.5, -1, 0),
    "MBARN": (2, 0, 0, 0),
    "PC": (1, 0, 0, 0),
    "KPC": (1, 0, 0, 0),
    "YEAR": (0, 0, 1, 0),
    "MYR": (0, 0, 1, 0),
    "ELECTRON_RADIUS": (1, 0, 0, 0),
    "SIGMA_THOMSON": (2, 0, 0, 0),
    # quantities
    "number": (0, 0, 0, 0),
    "length": (1, 0, 0, 0),
    "density": (-3, 0, 0, 0),
    "temperature": (0, 0, 0, 1),
    "field": (-0.5, 0.5, -1, 0),
    "speed": (1, 0, -1, 0),
    "rate": (0, 0, -1, 0),
    "time": (0, 0, 1, 0),
    "wavenumber": (-1, 0, 0, 0),
    "area": (2, 0, 0, 0),
    "energy": (2, 1, -2, 0),
    "energy density": (-1, 1, -2, 0),
    "diffusion": (2, 0, -1, 0),
    "flux": (-2, 0, -1, 0),  # per GeV³, as S and Q
    "X": (0, 0, -1, 0),
    "gradient": (-4, 0, 0, 0),
}


class Scale:
    def __init__(self, logs):
        self.logs = np.asarray(logs, dtype=float)

    def __call__(self, value, kind):
        """`value` of a named quantity, or of explicit dimensions, in the other units."""
        powers = DIMENSIONS[kind] if isinstance(kind, str) else kind
        return value * np.exp(np.dot(powers, self.logs))


@contextmanager
def _other_units(logs):
    """Constants of every loaded solver module in units whose logarithmic ratios are `logs`; yields the `Scale`."""
    scale, saved = Scale(logs), []
    names = [name for name in vars(constants) if name in DIMENSIONS]
    originals = {name: getattr(constants, name) for name in names}
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == "solver"]
    try:
        for module in modules:
            for name in names:
                if vars(module).get(name) == originals[name]:
                    saved.append((module, name))
                    setattr(module, name, scale(originals[name], name))
        yield scale
    finally:
        for module, name in saved:
            setattr(module, name, originals[name])


@pytest.fixture(scope="session")
def other_units():
    """`with other_units((ln length, ln mass, ln time, ln temperature)) as scale:` scale(value, "field") and so on."""
    return _other_units
