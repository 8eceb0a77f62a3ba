"""The budget of a transient: what is injected escapes, is lost to other rigidities, or is still there."""

import numpy as np
import pytest

import solver
from solver.constants import KPC


def slab(**changes):
    return solver.run(solver.load("slab_transient").replace({"grid.z_cells": 20, "grid.rigidity_cells": 6} | changes))


def content(f, z):
    """∫ f dz per rigidity, f straight between the nodes but for half a cell at the disc and at the top, as the cells have it."""
    volume = np.diff(np.concatenate([z[:1], 0.5 * (z[1:] + z[:-1])]))
    return np.einsum("z,zr->r", volume, f[:-1]) * KPC


def test_nothing_is_lost_where_no_rigidity_feels_another():
    """The balance of every node is met to time.tolerance, 1e-10 of what passes."""
    budget = slab(**{"time.end": "5 Myr"}).budget
    np.testing.assert_allclose(budget.injected, budget.escaped + budget.stored, rtol=1e-9)
    assert (budget.stored > 0).all()
    assert (budget.lost.long_name, budget.lost.units) == ("net momentum flux out of this rigidity", "cm-2 s-1 GeV-3")


def test_what_is_stored_is_how_the_content_changes():
    """Against the difference of two snapshots: the rate of the content changes by a tenth of itself within a fiftieth of the
    time, and the mean of both ends is of second order."""
    done = slab(**{"time.end": "5 Myr", "time.output_every": "0.1 Myr", "time.rtol": 1e-6})
    shots = done.snapshots
    before, after = (content(shots.f.values[k, 0], done.dataset.z.values) for k in (-2, -1))
    rate = (after - before) / float(shots.time[-1] - shots.time[-2])
    earlier = slab(**{"time.end": "4.9 Myr", "time.rtol": 1e-6}).budget.stored.values[0]
    np.testing.assert_allclose(0.5 * (earlier + done.budget.stored.values[0]), rate, rtol=1e-3)


@pytest.mark.parametrize(("end", "known"), [("3 Myr", False), ("3.1 Myr", True)])
def test_right_at_a_switch_the_rate_is_not_known(end, known):
    source = {"type": "supernovae", "rate": "0.01 yr-1", "energy": "1e50 erg", "slope": 4.3, "radius": "10 kpc",
              "schedule": {"type": "switch", "off": "3 Myr"}}  # fmt: skip
    done = slab(**{"problem": None, "species.proton.source": source, "time.end": end})
    budget, passes = done.budget, np.abs(done.dataset.flux).max("z_face")
    assert bool(np.isfinite(budget.lost).all()) is known
    if known:
        assert (np.abs(budget.escaped + budget.stored) < 1e-9 * passes).all()


def test_a_steady_state_stores_nothing():
    assert not slab(**{"time.end": "steady", "time.method": "direct"}).budget.stored.any()
