"""Figures of sweeps: which curves are drawn, in which colours, and what is said of what cannot be drawn."""

import numpy as np
import pytest
import xarray as xr

from solver.ensemble.loop import Sweep

R = np.geomspace(1, 1000, 7)
N, MA, LOSSES = "layer.halo.plasma.n", "layer.warm.scattering.0.Ma", "disc.losses"


def made(latin=False, losses=False, failed=False):
    """A sweep made of formulas: J = species × n × Ma^2 × R^-2.7, its B/C n/R."""
    n, Ma = np.array([0.001, 0.002, 0.004, 0.01]), np.array([0.4, 0.6, 0.8])
    J = np.arange(1, 4)[None, None, :, None] * n[:, None, None, None] * Ma[:, None, None] ** 2 * R**-2.7
    ratio = np.broadcast_to(n[:, None, None] / R, (4, 3, 7)).copy()
    status = np.full((4, 3), "steady", object)
    if failed:
        J[1], ratio[1], status[1] = np.nan, np.nan, "failed"
    dims, keys = (N, MA), [N, MA]
    coords = {N: (N, n, {"units": "cm-3"}), MA: (MA, Ma, {"units": "1"})}
    if latin:
        dims, J, ratio, status = ("member",), J.reshape(12, 3, 7), ratio.reshape(12, 7), status.reshape(12)
        coords = {N: ("member", np.repeat(n, 3), {"units": "cm-3"}), MA: ("member", np.tile(Ma, 4), {"units": "1"})}
    if losses:
        dims, keys = (LOSSES, *dims), [LOSSES, *keys]
        J, ratio, status = (np.stack([x, x]) for x in (J, ratio, status))
        coords[LOSSES] = (LOSSES, ["flux", "none"], {})
    ds = xr.Dataset(
        {"J": ((*dims, "species", "rigidity"), J, {"units": "m-2 s-1 sr-1 GV-1"}), "status": (dims, status),
         "boron_to_carbon": ((*dims, "rigidity"), ratio, {"units": "1"}), "iterations": (dims, np.ones(status.shape))},
        coords=coords | {"species": ["proton", "carbon", "boron"], "rigidity": R},
        attrs={"title": "made up", "keys": str(keys).replace("'", '"')})  # fmt: skip
    return Sweep(ds)


def drawn(fig):
    """The curves of all panels that show something."""
    return [[np.asarray(line.get_ydata(), float) for line in ax.lines] for ax in fig.axes if ax.lines]


def test_a_grid_of_two_keys_has_colours_for_the_first_and_panels_for_the_second():
    sweep = made()
    fig = sweep.plot.spectrum(weight=2.7)
    panels = drawn(fig)
    assert [len(curves) for curves in panels] == [4, 4, 4]
    for j, curves in enumerate(panels):
        for i, curve in enumerate(curves):
            assert curve == pytest.approx(sweep.dataset.J.values[i, j, 0] * R**2.7, rel=1e-12)
    titles = [ax.get_title(loc="right") for ax in fig.axes[:3]]
    assert titles == ["warm.scattering.0.Ma = 0.4", "warm.scattering.0.Ma = 0.6", "warm.scattering.0.Ma = 0.8"]
    assert fig.get_suptitle() == "made up, proton"
    assert len({ax.get_ylim() for ax in fig.axes[:3]}) == 1
    assert fig.axes[3].get_ylabel() == "halo.plasma.n [cm$^{-3}$]"


def test_a_layer_by_its_number_is_called_a_layer():
    sweep = made()
    sweep.dataset = sweep.dataset.rename({N: "layer.1.plasma.n"})
    sweep.dataset.attrs["keys"] = sweep.dataset.attrs["keys"].replace(N, "layer.1.plasma.n")
    assert sweep.plot.spectrum().axes[3].get_ylabel() == "layer.1.plasma.n [cm$^{-3}$]"


def test_colours_follow_the_value():
    fig = made().plot.spectrum()
    colours = [line.get_color() for line in fig.axes[0].lines]
    brightness = [sum(colour[:3]) for colour in colours]
    assert (np.diff(brightness) > 0).all()
    # logarithmic: the middle value of a ratio of ten is sqrt(10) times the lowest, between the second and the third
    scale = fig.axes[3].get_yscale()
    assert scale == "log"


def test_the_other_key_may_have_the_colours_and_one_may_be_held():
    sweep = made()
    assert [len(curves) for curves in drawn(sweep.plot.b_to_c(over=MA))] == [3] * 4
    fig = sweep.plot.spectrum(at={MA: 0.61}, species="boron")
    (curves,) = drawn(fig)
    assert curves[3] == pytest.approx(sweep.dataset.J.values[3, 1, 2] * R**2.7, rel=1e-12)
    assert "warm.scattering.0.Ma = 0.6" in fig.get_suptitle()
    assert [ax.get_title(loc="right") for ax in fig.axes[:1]] == ["boron"]


def test_a_hypercube_shows_all_members_and_all_species():
    fig = made(latin=True).plot.spectrum(over=MA)
    assert [len(curves) for curves in drawn(fig)] == [12, 12, 12]
    assert [ax.get_title(loc="right") for ax in fig.axes[:3]] == ["proton", "carbon", "boron"]


def test_words_get_a_legend_and_third_keys_stay_in_the_middle():
    fig = made(losses=True).plot.b_to_c()
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["flux", "none"]
    assert fig.legends[0].get_title().get_text() == "losses"
    assert [len(curves) for curves in drawn(fig)] == [2] * 4
    assert "warm.scattering.0.Ma = 0.6" in fig.get_suptitle()


def test_members_without_a_solution_are_counted_in_the_title():
    fig = made(failed=True).plot.b_to_c()
    assert fig.get_suptitle() == "made up, 3 of 12 members without a solution"


def test_colour_bar_spans_what_has_a_solution():
    sweep = made(latin=True)
    sweep.dataset.status.values[-3:] = "failed"                       # all of n = 0.01
    bar = sweep.plot.b_to_c().axes[-1]
    assert bar.get_ylim() == pytest.approx((0.001, 0.004))


def test_a_hypercube_says_what_else_varies_and_a_grid_does_not():
    assert made(latin=True).plot.b_to_c().get_suptitle() == "made up, warm.scattering.0.Ma varies too"
    assert made().plot.b_to_c().get_suptitle() == "made up"


def test_long_titles_stay_on_the_page():
    sweep = made(latin=True)
    sweep.dataset.attrs["title"] = "ion-neutral base under a Landau halo with a wind"
    fig = sweep.plot.b_to_c()
    fig.draw_without_rendering()
    assert fig._suptitle.get_window_extent().x1 <= fig.bbox.x1


def test_what_cannot_be_drawn_is_said(tmp_path):
    sweep = made()
    with pytest.raises(ValueError, match="no spectrum 'iterations'"):
        sweep.plot.fan("iterations")
    with pytest.raises(ValueError, match="'bogus' is not varied"):
        sweep.plot.spectrum(over="bogus")
    with pytest.raises(ValueError, match="not varied"):
        sweep.plot.spectrum(at={"bogus": 1})
    with pytest.raises(AttributeError, match="no figure 'bogus'"):
        sweep.plot.bogus  # noqa: B018
    sweep.dataset.status.values[:] = "failed"
    with pytest.raises(ValueError, match="no member"):
        sweep.plot.save(tmp_path)
    without = Sweep(made().dataset.drop_vars("boron_to_carbon"))
    with pytest.raises(ValueError, match="needs the species boron and carbon"):
        without.plot.b_to_c()


def test_figures_are_saved_by_name(tmp_path):
    sweep = made()
    assert [path.name for path in sweep.plot.save(tmp_path)] == ["spectrum.png", "spectrum.pdf", "b_to_c.png", "b_to_c.pdf"]
    assert [path.name for path in sweep.plot.save(tmp_path, ["J"])] == ["J.png", "J.pdf"]
