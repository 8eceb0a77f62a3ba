"""Coefficients interpolated over height: as exact as promised, from few evaluations, also where scattering ends."""

import numpy as np
import pytest

from solver import by_height
from solver.by_height import Ladder
from solver.constants import PC
from solver.deck import load
from solver.formulas import SCATTERING
from solver.model import Model
from solver.physics.plasma import Plasma
from solver.physics.validity import ValidityWarning

R = np.geomspace(1, 1e4, 9)
# With the rung that was held out the step halves: the error falls to 1/8 or better where κ is smooth, to 1/2 at a kink.
PROMISED, AT_KINKS = by_height.TOLERANCE / 8, by_height.TOLERANCE / 2


class Counted:
    """A table κ(s) (species, R) that counts its evaluations and refuses to be asked twice for one height."""

    def __init__(self, function):
        self.function, self.asked = function, []

    def __call__(self, s):
        assert s not in self.asked
        self.asked.append(s)
        return np.stack([self.function(s), 0.5 * self.function(s)])


def smooth(s):
    """A dip that moves through the rigidities with height, like the one viscous damping makes."""
    return 1e28 * R**0.4 * np.exp(0.3 * s - 1.5 * np.exp(-((np.log(R) - 3 - s) ** 2)))


def kinked(s):
    return smooth(s) * np.exp(0.4 * np.abs(s - 1.234))


@pytest.mark.parametrize(("function", "most", "promised"), [(smooth, 40, PROMISED), (kinked, 70, AT_KINKS)])
def test_interpolation_keeps_its_promise_at_heights_it_has_not_seen(function, most, promised):
    table = Counted(function)
    ladder = Ladder(table, 3.0)
    s = np.random.default_rng(1).uniform(0, 3, 400)
    exact = np.stack([function(x) for x in s])
    error = np.abs(np.log(ladder(s) / np.stack([exact, 0.5 * exact])))
    assert error.max() < promised
    assert ladder.error <= by_height.TOLERANCE
    assert len(ladder.rungs) == len(table.asked) <= most


def test_rungs_come_back_as_computed():
    ladder = Ladder(Counted(smooth), 3.0)
    expected = np.stack([smooth(x) for x in ladder.rungs])
    np.testing.assert_allclose(ladder(ladder.rungs)[0], expected, rtol=1e-13)


def test_power_laws_of_height_are_exact_and_cost_the_least():
    table = Counted(lambda s: 1e28 * R**0.5 * np.exp(1.7 * s))
    ladder = Ladder(table, 3.0)
    assert len(table.asked) == 2 * by_height.FIRST - 1  # each of the first intervals is tried once
    s = np.linspace(0, 3, 50)
    np.testing.assert_allclose(ladder(s)[0], 1e28 * R**0.5 * np.exp(1.7 * s)[:, None], rtol=1e-12)


def last_wave(s):
    """No wave left below a rigidity that falls with height."""
    return np.where(np.exp(5 - 2 * s) < R, smooth(s), np.inf)


def test_where_scattering_ends_is_placed_to_one_rigidity_and_does_not_spoil_the_rest():
    ladder = Ladder(Counted(last_wave), 3.0)
    s = np.random.default_rng(2).uniform(0, 3, 300)
    made, exact = ladder(s)[0], np.stack([last_wave(x) for x in s])
    gap = np.diff(ladder.rungs).max()
    away = np.abs(np.log(R)[None] - (5 - 2 * s)[:, None]) / 2  # from the height at which scattering at R ends
    assert (np.isfinite(made) != np.isfinite(exact)).sum(axis=1).max() == 1
    assert (np.isfinite(made) == np.isfinite(exact))[away > gap].all()
    safe = np.isfinite(exact) & (away > 3 * gap)
    assert np.abs(np.log(made[safe] / exact[safe])).max() < PROMISED
    assert not np.isnan(made).any()
    assert (made > 0).all()


def test_all_waves_that_end_at_one_height_do_not_cost_all_rungs():
    ladder = Ladder(Counted(lambda s: smooth(s) if s < 1.7 else np.full(R.shape, np.inf)), 3.0)
    assert len(ladder.rungs) < by_height.LIMIT / 2
    made = ladder(np.array([1.6, 1.7 + 3 * by_height.NARROW]))[0]
    np.testing.assert_allclose(made[0], smooth(1.6), rtol=PROMISED)
    assert np.isinf(made[1]).all()


def test_nothing_that_scatters_stays_nothing():
    ladder = Ladder(Counted(lambda s: np.full(R.shape, np.inf)), 3.0)
    assert np.isinf(ladder(np.linspace(0, 3, 7))).all()


def test_profile_that_sets_in_above_the_layer_needs_one_evaluation():
    table = Counted(smooth)
    ladder = Ladder(table, 0.0)
    assert table.asked == [0.0]
    np.testing.assert_allclose(ladder(np.zeros(4))[0], np.tile(smooth(0.0), (4, 1)), rtol=1e-14)


def test_what_cannot_be_interpolated_is_said():
    random = np.random.default_rng(3)
    with pytest.warns(ValidityWarning, match=f"{by_height.LIMIT} heights are not enough"):
        Ladder(lambda s: random.uniform(1, 2, (1, 3)), 1.0)


DECK = """\
[grid]
z_max = "10 kpc"
z_cells = 200
rigidity_min = "1 GV"
rigidity_max = "1e4 GV"
rigidity_cells = 8
[species.proton]
source = { type = "power_law", amplitude = "1e-4 cm-2 s-1 GeV-3", slope = 4.3 }
[disc]
half_thickness = "200 pc"
density = "1.25 cm-3"
[[layer]]
name = "halo"
top = "10 kpc"
plasma = { B = "6 uG", n = "0.1 cm-3", T = "2e4 K" }
scattering = [ { type = "fast_modes", Ma = 1.0, L = "100 pc" } ]
profile = { z0 = "4 kpc", B = -0.4, n = -1.0, T = 0.3 }
"""


def test_fast_modes_in_a_varying_plasma_are_as_exact_as_promised_from_few_tables(tmp_path, monkeypatch):
    monkeypatch.setenv("CRSTREAM_CACHE", str(tmp_path / "tables"))
    path = tmp_path / "deck.toml"
    path.write_text(DECK, encoding="utf-8")
    model = Model(load(str(path)))
    tables = len(list((tmp_path / "tables").glob("*.table")))
    assert len(model.grid.z_face) == 200
    assert tables < 40
    process = model.deck.layer[0].scattering[0]
    for z in (1.0, 4.4, 6.1, 9.9):
        factor = max(z / 4, 1)
        plasma = Plasma(6e-6 * factor**-0.4, 0.1 / factor, 2e4 * factor**0.3)
        exact = SCATTERING["fast_modes"](process, plasma, model.grid.R, model.species[0])
        made = model.at([z * 1000 * PC]).kappa_extrinsic[0, 0]
        assert np.abs(np.log(made / exact)).max() < PROMISED, z
    assert model.warnings == ()
