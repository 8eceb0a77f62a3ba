"""The state a run starts from, taken from a result on another grid."""

import numpy as np
import pytest

import solver
from solver.initial import on_grid
from solver.model import Model


@pytest.mark.parametrize("z_max", ["5 kpc", "5850 pc", "9900 pc"])
def test_a_state_reaches_its_top_whatever_rounding(z_max):
    """Heights are stored in kpc: those of 5850 and 9900 pc come back smaller by a bit."""
    deck = solver.load("streaming").replace({"grid.z_max": z_max, "layer.0.top": z_max, "grid.rigidity_cells": 4})
    stored = solver.run(deck.replace({"grid.z_cells": 8})).dataset
    stored["f"] = stored.f * 0.0 + 1.0
    for cells in (12, 16):
        np.testing.assert_allclose(on_grid(Model(deck.replace({"grid.z_cells": cells})), stored), 1.0, rtol=1e-12)
