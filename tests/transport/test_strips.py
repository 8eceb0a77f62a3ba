"""Long calculations are made on strips of rows that fit the cache; how many there are changes no answer."""

import numpy as np
import pytest

import solver
from solver.transport import strips

SMALL = {"grid.z_cells": 12, "grid.rigidity_cells": 16}
WAYS = {
    "direct": ("two_phase", {"time.method": "direct"}),
    "in time": ("two_phase", {"time.end": "3 Myr", "time.rtol": 1e-2}),
    "heated": ("two_phase", {"layer.halo.profile": {"v": -0.5, "z0": "1 kpc"}, "time.method": "direct"}),
    "turbulent and Landau": ("combined_damping", {"time.method": "direct"}),
    "wind": ("stratified", {"layer.0.profile": {"n": -1.0, "z0": "1 kpc"}, "time.method": "direct"}),
    "any power": ("nonlinear_general", {"time.method": "direct"}),
}


@pytest.mark.parametrize("size", [1, 60])
@pytest.mark.parametrize("way", WAYS)
def test_strips_of_rows_change_nothing(way, size, monkeypatch):
    """Sums over rows are taken in another order, and the last Newton step may end elsewhere within rounding of a row."""
    name, changes = WAYS[way]
    deck = solver.load(name).replace(SMALL | {"problem": None} | changes)
    whole = solver.run(deck).dataset
    monkeypatch.setattr(strips.strips, "__defaults__", (size,))
    assert len(strips.strips((17, 12))) > 3
    parts = solver.run(deck).dataset
    for field in ("f", "flux"):
        largest = np.abs(whole[field].values).max(axis=1, keepdims=True)
        assert (np.abs(parts[field].values - whole[field].values) <= 1e-11 * largest).all(), field
