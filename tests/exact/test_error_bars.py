"""Do the error bars of a run know of what is assumed beyond the rigidities of its grid?  Against a grid that goes on there."""

import numpy as np
import pytest

import solver
from solver.model import Model
from solver.partner import reaches_beyond

DECK = {
    "grid": {"z_max": "5 kpc", "z_cells": 16, "rigidity_min": "1 GV", "rigidity_max": "1e4 GV", "rigidity_cells": 24},
    "species": {
        "proton": {"source": {"type": "power_law", "amplitude": "7e-5 cm-2 s-1 GeV-3", "slope": 4.3}},
        "carbon": {"source": {"type": "power_law", "amplitude": "1e-7 cm-2 s-1 GeV-3", "slope": 4.3}},
        "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "50 mbarn",
                             "conserves": "rigidity"}},
    },
    "layer": [{"top": "5 kpc", "scattering": [{"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.3}],
               "losses": [{"type": "given", "rate": "1e-16 s-1", "slope": 0.5}]}],
    "disc": {"losses": "none"},
    "time": {"method": "direct"},
}


def with_changes(**changes):
    return solver.Deck.from_dict(DECK).replace(changes)


def test_error_bars_hold_what_lies_beyond_the_grid():
    """Losses that rise with R bring in what is above the grid: 1.6 % of protons, 7 % of boron at the top, where two grids alone
    see tenths of that.  The wider run ends a decade further up, so it measures all but a tenth of it, on rows twice as long."""
    result = solver.run(with_changes(), estimate_error=True)
    beyond = with_changes(**{"grid.rigidity_max": "1e7 GV", "grid.rigidity_cells": 42})
    f, truth = result.dataset.f.isel(z=0), solver.run(beyond).dataset.f.isel(z=0, rigidity=slice(0, 25))
    np.testing.assert_allclose(truth.rigidity, f.rigidity, rtol=1e-12)
    off, bars, ends = np.abs(f.values / truth.values - 1.0), result.error.spectrum.values, result.error.ends.values
    assert (off[:, -1] > 0.01).all()
    assert (ends[:, -4:] > 0.9 * off[:, -4:]).all()
    assert (ends[:, -4:] < 3.0 * off[:, -4:]).all()
    assert (bars >= ends).all()
    assert (ends[:, 2:10] < 1e-3).all()


@pytest.mark.parametrize(("changes", "beyond"), [
    ({}, True),
    ({"boundary.momentum": "zero"}, False),
    ({"layer.0.losses": []}, False),
    ({"layer.0.losses": [], "species.boron.source.conserves": "energy_per_nucleon"}, True),
])
def test_the_wider_run_is_made_where_rigidities_feel_each_other(changes, beyond):
    assert reaches_beyond(Model(with_changes(**changes)).transport_problem()) is beyond
