"""The figure of coefficients: what its lines are, which rows appear, that every shipped deck can be drawn."""

import matplotlib
import numpy as np
import pytest

import problems
from solver.constants import KPC, MYR, PC, C
from solver.deck import load
from solver.figures import results
from solver.figures.coefficients import _stepwise, coefficients
from solver.model import Model
from solver.result import build_coefficients

SMALL = {"grid.z_cells": 10, "grid.rigidity_cells": 12}
DRAWN = {"rtol": 1e-12}


@pytest.fixture(scope="module")
def made():
    """made(name, changes): coefficients of a shipped problem on a small grid."""
    kept = {}

    def make(name, changes=()):
        key = name, repr(changes)
        if key not in kept:
            kept[key] = build_coefficients(Model(load(name).replace({**SMALL, **dict(changes)})))
        return kept[key]

    return make


def lines(ax):
    """label -> y of the labelled lines."""
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.lines if not line.get_label().startswith("_")}


def test_rows_are_there_for_what_the_deck_has(made):
    def labels(name):
        return [ax.get_ylabel().split("[")[0].strip() for ax in coefficients(made(name)).axes[::2]]

    assert labels("two_phase")[1:] == [
        r"$R^{3/2} X$", r"extrinsic $\kappa$", r"$\tau_{\rm loss}$ in the disc", r"$\Gamma$"
    ]
    assert labels("barenblatt") == [r"$R^{3/2} X$"]  # neither source nor flow
    assert labels("turbulent_slab")[1:] == [r"extrinsic $\kappa$"]
    assert labels("nonlinear_landau")[1:] == [r"$R^{3/2} X$", r"$\Gamma$"]


def test_source_and_damping_cross_at_the_marked_cutoff(made):
    result = made("linear_damping")
    left = coefficients(result).axes[0]
    drawn, R = lines(left), result.dataset.rigidity.values
    assert left.get_ylabel().startswith("$R^{4.3}")
    np.testing.assert_allclose(drawn["$Q$ (proton)"], R**4.3 * result.dataset.Q[0], **DRAWN)
    np.testing.assert_allclose(drawn["$S$, halo ($p_c$ = 328 GV)"], R**4.3 * result.dataset.S[0], **DRAWN)
    (mark,) = [line for line in left.lines if line.get_marker() == "o"]
    assert mark.get_xdata()[0] == pytest.approx(328, abs=0.5)


def test_nonlinear_damping_is_shown_as_the_flux_it_amounts_to(made):
    result = made("nonlinear_landau")
    ds, R = result.dataset, result.dataset.rigidity.values
    (y,) = [y for label, y in lines(coefficients(result).axes[0]).items() if "X^2" in label]
    np.testing.assert_allclose(y, R**4.3 * ds.X[0] ** 2 / (ds.v[0] * 10 * KPC), **DRAWN)


def test_band_of_a_stratified_layer_goes_from_its_lowest_face_to_its_top(made):
    result = made("stratified")
    left, *_, twin = coefficients(result).axes
    assert len(left.collections) == 1  # the band
    assert twin.get_ylabel() == "$p_c$ [GV]"
    z, p_c = twin.lines[0].get_data()
    good = np.isfinite(p_c)
    assert np.nanmin(p_c) == pytest.approx(result.microphysics.cutoff_rigidity.values[0])
    assert z[good][-1] == pytest.approx(20)


def test_extrinsic_kappa_stays_below_the_causal_limit_that_is_drawn(made):
    result = made("two_phase")
    ds = result.dataset
    drawn = lines(coefficients(result).axes[4])
    np.testing.assert_allclose(drawn["warm"], ds.kappa_extrinsic[0], **DRAWN)
    np.testing.assert_allclose(drawn["causal limit"], ds.beta[0] * C * 10 * KPC, **DRAWN)
    assert (drawn["warm"] < drawn["causal limit"]).all()


def test_losses_are_shown_as_times_and_as_speeds_beside_the_flow(made):
    """Eq. 9: losses win where h/τ exceeds v; times beyond 1e5 Myr are left out."""
    result = made("boron_losses")
    ds = result.dataset
    left, right = coefficients(result).axes[2:4]
    time = ds.loss_time.sel(species="boron").values
    shown = time / MYR < 1e5
    np.testing.assert_allclose(lines(left)["boron"][shown], time[shown] / MYR, **DRAWN)
    speeds = lines(right)
    np.testing.assert_allclose(speeds[r"$h/\tau$, boron"][shown], 200 * PC / time[shown] / 1e5, **DRAWN)
    np.testing.assert_allclose(speeds["$|v|$, lowest"], ds.v[0] / 1e5, **DRAWN)


def test_losses_throughout_a_layer_are_in_the_file_and_in_the_figure(made):
    result = made("momentum_loss")
    model = result.model
    rate = model.medium.bulk_loss(0, model.grid.z_face, model.grid.R, model.species[0])
    np.testing.assert_allclose(result.microphysics.bulk_loss_rate[0], rate, **DRAWN)
    left = coefficients(result).axes[0]
    (y,) = lines(left).values()
    np.testing.assert_allclose(y, 1 / rate[0] / MYR, **DRAWN)


def test_source_stays_in_sight_below_steep_nonlinear_damping(made):
    left = coefficients(made("nonlinear_general")).axes[0]
    drawn = lines(left)
    assert left.get_ylim()[0] < drawn["$Q$ (proton)"].min()
    assert any("Y^{3}" in label for label in drawn)


def test_rates_are_growth_and_damping_by_name(made):
    result = made("combined_damping")
    left, right = coefficients(result).axes[-2:]
    legend = [text.get_text() for text in left.get_legend().get_texts()]
    assert legend == ["rate", "landau", "growth", "largest growth"]
    y = [line.get_ydata() for line in left.lines]
    micro = result.microphysics
    np.testing.assert_allclose(y[0], micro.largest_growth_rate[0], **DRAWN)
    np.testing.assert_allclose(y[1], micro.growth_rate[0], **DRAWN)
    np.testing.assert_allclose(y[2], micro.damping_rate[0, 0], **DRAWN)
    np.testing.assert_allclose(y[1], y[2] + y[3], rtol=1e-6)
    assert right.get_title("right") == "estimated as in eq. 15"


def test_heights_break_at_interfaces_and_reach_the_edges(made):
    ds = made("two_phase").dataset
    z, y = _stepwise(ds, np.where(ds.z_face.values < 0.5, 1.0, 2.0))
    np.testing.assert_allclose(z[np.isnan(y)], [0.5, 10])
    assert (y[z < 0.499] == 1).all()
    assert (y[z > 0.501][:-1] == 2).all()
    assert z[0] < ds.z_face.values[0]


@pytest.mark.parametrize("name", problems.list_problems())
def test_every_shipped_deck_can_be_drawn(name, made):
    coefficients(made(name)).draw_without_rendering()


AWKWARD = {
    "no source": {"species": {"proton": {"source": "none"}}},
    "no plasma, nothing at all": {"layer": [{"top": "10 kpc"}]},
    "damping given without a plasma": {
        "layer": [{"top": "10 kpc", "damping": [{"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3"}]}]
    },
    "outflow without advection": {"layer.0.streaming": "none"},
    "coarsest grid": {"grid.z_cells": 2, "grid.rigidity_cells": 1},
}


@pytest.mark.parametrize("what", AWKWARD)
def test_awkward_decks_can_be_drawn(what, made):
    before = dict(matplotlib.rcParams)
    coefficients(made("linear_damping", AWKWARD[what])).draw_without_rendering()
    assert dict(matplotlib.rcParams) == before


def test_figure_is_saved_under_its_name(made, tmp_path):
    paths = results.save_figures(made("turbulent_slab"), tmp_path, ["coefficients"])
    assert [path.name for path in paths] == ["coefficients.png", "coefficients.pdf"]


def test_rigidities_of_the_panels_against_height_can_be_chosen(made):
    right = coefficients(made("nonlinear_landau"), rigidities=[10, 1000]).axes[3]
    assert len(right.get_legend().get_texts()) == 2


def test_figures_that_need_a_solution_are_refused_by_name(made, tmp_path):
    with pytest.raises(
        ValueError, match="spectrum, budget: nothing was solved; coefficients alone give kappa, coefficients"
    ):
        results.save_figures(made("linear_damping"), tmp_path, ["kappa", "spectrum", "budget"])
    assert list(tmp_path.iterdir()) == []
