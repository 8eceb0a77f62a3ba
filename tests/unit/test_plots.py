"""Figures: what is plotted, in which units, and that awkward results can be drawn at all. No pixels are compared."""

import matplotlib
import numpy as np
import pytest
import xarray as xr
from synthetic_result import FakeDeck, make_exact, make_model, make_result

from solver import folder
from solver.compare import compare
from solver.constants import MYR
from solver.figures import draw, results
from solver.figures.legends import place_legends
from solver.result import Result, build_coefficients
from solver.richardson import richardson_error
from solver.study import converge

DRAWN_RTOL = 1e-12


@pytest.fixture(scope="module")
def result():
    return make_result(FakeDeck.make(40, 36), error=0.5)


@pytest.fixture(scope="module")
def with_bars(result):
    out = result.with_error(richardson_error(result, make_result(FakeDeck.make(20, 18), error=0.5)))
    out.exact = None
    return out


def curve(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("weight", [0, 2.7])
def test_spectrum_shows_the_weighted_intensity_of_every_species(result, weight):
    top = results.spectrum(result, weight=weight).axes[0]
    ds = result.dataset
    for name in ds.species.values:
        x, y = curve(top, name)
        assert np.array_equal(x, ds.rigidity)
        assert np.allclose(y, ds.rigidity**weight * ds.J.sel(species=name), rtol=DRAWN_RTOL)
    assert top.get_xscale() == top.get_yscale() == "log"
    assert legend(top) == ["proton", "carbon", "boron", "exact"]


def test_spectrum_label_carries_the_units_of_the_weight():
    assert draw.weighted_label(2.7) == "$R^{2.7}$ $J$ [m$^{-2}$ s$^{-1}$ sr$^{-1}$ GV$^{1.7}$]"
    assert draw.weighted_label(0) == "$J$ [m$^{-2}$ s$^{-1}$ sr$^{-1}$ GV$^{-1}$]"


def test_residual_panel_shows_the_error_against_the_exact_solution(result):
    low = results.spectrum(result).axes[1]
    exact = result.exact.f[:, 0]
    expected = np.abs(result.dataset.f.values[:, 0] / exact - 1)
    for line, values in zip(low.lines, expected, strict=True):
        assert np.allclose(line.get_ydata(), values, rtol=1e-9, equal_nan=True)


def test_error_bars_have_the_size_of_the_estimate(with_bars):
    top = results.spectrum(with_bars).axes[0]
    bars = top.containers[0]
    segments = bars.lines[2][0].get_segments()
    R = np.array([s[0, 0] for s in segments])
    half = np.array([(s[1, 1] - s[0, 1]) / 2 for s in segments])
    ds = with_bars.dataset.sel(species="proton", rigidity=R, method=None)
    assert np.allclose(half, R**2.7 * ds.J_error, rtol=1e-9)


def test_reference_curves_are_weighted_like_the_result(result):
    top = results.spectrum(result, references=[("data", np.array([1.0, 10.0]), np.array([5.0, 0.1]))]).axes[0]
    assert np.allclose(curve(top, "data")[1], [5.0, 0.1 * 10**2.7])


def test_limits_cut_at_some_decades_below_the_highest_curve():
    result = make_result()
    result.dataset.J.values[0, -5:] *= 1e-30
    result.exact = None
    low, high = results.spectrum(result).axes[0].get_ylim()
    assert np.log10(high / low) < draw.DECADES + 2


def test_b_to_c_is_the_ratio_with_an_energy_axis(result):
    fig = results.b_to_c(result)
    assert np.array_equal(curve(fig.axes[0], "this run")[1], result.dataset.boron_to_carbon)
    (energy,) = fig.axes[0].child_axes
    fig.draw_without_rendering()
    assert energy.get_xlim()[1] == pytest.approx(0.5e6, rel=1e-3)            # T/n = R Z/A at high energy


def test_energy_of_b_to_c_is_that_of_carbon_whatever_it_is_called(result):
    names = {"boron": "b11", "carbon": "c12"}
    renamed = [names.get(str(name), str(name)) for name in result.dataset.species.values]
    other = result.with_error(richardson_error(result, make_result(FakeDeck.make(20, 18), error=0.5)))
    other = Result(other.groups | {"/": other.dataset.assign_coords(species=renamed)})
    other.exact = None
    fig = results.b_to_c(other)
    fig.draw_without_rendering()
    (energy,) = fig.axes[0].child_axes
    assert "c12" in energy.get_xlabel()


def test_b_to_c_needs_boron_and_carbon():
    result = make_result()
    del result.dataset["boron_to_carbon"]
    with pytest.raises(ValueError, match="boron and carbon"):
        results.b_to_c(result)
    assert "b_to_c" not in results.available(result)


def test_profiles_are_relative_to_the_disc_at_the_nearest_rigidities(result):
    fig = results.profiles(result, rigidities=[1.0, 1000.0], species="carbon")
    (ax,) = [ax for ax in fig.axes if ax.get_visible()]
    ds = result.dataset.sel(species="carbon").sel(rigidity=1.0, method="nearest")
    solid = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert len(solid) == 2
    assert np.allclose(solid[0].get_ydata(), ds.f / ds.f[0], rtol=DRAWN_RTOL)
    assert np.array_equal(solid[0].get_xdata(), ds.z)


def test_profiles_of_many_species_go_in_rows_of_three():
    fig, panels, left = draw.panels(5)
    assert len(panels) == 5
    assert len(left) == 2
    assert sum(ax.get_visible() for ax in fig.axes) == 5


@pytest.mark.parametrize(("number", "labelled"), [(3, 3), (4, 2), (5, 5), (6, 3)])
def test_rows_above_an_empty_place_have_labels_all_or_none(number, labelled):
    fig, panels, _ = draw.panels(number)
    for ax in panels:
        ax.set_xlabel("x")
    fig.draw_without_rendering()
    assert sum(ax.xaxis.label.get_visible() for ax in panels) == labelled
    assert sum(any(tick.label1.get_visible() for tick in ax.xaxis.get_major_ticks()) for ax in panels) == labelled


def test_legend_of_all_panels_takes_an_empty_place_of_the_grid():
    fig, panels, _ = draw.panels(5)
    panels[0].plot([0, 1], [0, 1], label="a")
    draw.outside_legend(fig, panels[0])
    assert not fig.legends
    assert [text.get_text() for text in fig.axes[5].get_legend().get_texts()] == ["a"]


def test_species_of_one_result_have_colours_of_their_own():
    names = ["proton", "helium4", "carbon", "boron", "boron10", "beryllium10", "iron56", "x", "y", "z"]
    colours = draw.colours(names)
    assert len({colours[name] for name in names}) == len(names)
    assert all(colours[name] == draw.COLOURS[name] for name in draw.COLOURS)
    assert draw.colours(names) == colours


@pytest.mark.parametrize("curves", [
    [[1, 1]], [[0, 1], [1, 0]], [[0.01 * i] * 2 for i in range(101)], [[np.nan, np.nan]], []
])  # fmt: skip
def test_no_curve_runs_through_a_legend(curves):
    with draw.styled():
        fig = draw.figure(figsize=(4, 3))
        ax = fig.subplots()
        for i, y in enumerate(curves):
            ax.plot([0, 1], y, label="a curve" if i < 4 else None)
        ax.legend([draw.legend_line()] * 3, ["one", "two", "three"])
        ax.set(xlim=(0, 1), ylim=(0, 1))
        place_legends(fig, ax)
        fig.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    x = np.linspace(0, 1, 200)
    for y in curves:
        points = ax.transData.transform(np.column_stack([x, np.interp(x, [0, 1], y)]))
        assert not any(box.contains(*point) for point in points)


def test_kappa_map_shows_kappa_on_faces_between_nodes(result):
    ax = results.kappa(result, species="carbon").axes[0]
    mesh = ax.collections[0]
    assert np.allclose(mesh.get_array().reshape(40, 37), result.dataset.kappa.sel(species="carbon"), rtol=DRAWN_RTOL)
    assert np.allclose(mesh.get_coordinates()[1:, 0, 1], result.dataset.z[1:])
    assert {"warm", "halo"} <= {text.get_text() for text in ax.texts}


def test_kappa_map_of_coefficients_greys_what_nothing_scatters():
    coefficients = build_coefficients(make_model())
    assert results.available(coefficients) == ["kappa", "coefficients"]
    ax = results.kappa(coefficients).axes[0]
    assert ax.collections[0].get_array().mask.any()
    assert "grey: nothing scatters" in {text.get_text() for text in ax.texts}


def test_map_of_limits_names_only_what_occurs(result):
    fig = results.limits(result)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == [
        "advection", "extrinsic scattering", "nonlinear damping", "causal limit"]


def test_effective_speed_is_in_kilometres_per_second(result):
    y = curve(results.speed(result).axes[0], "carbon")[1]
    assert np.allclose(y, result.observables.effective_speed.sel(species="carbon") / 1e5, rtol=DRAWN_RTOL)


def test_budget_shares_add_up_to_one(result):
    ax = results.budget(result).axes[0]
    assert np.allclose(curve(ax, "escaped")[1] + curve(ax, "lost")[1], 1.0)
    assert "of the power escapes" in ax.get_title("left")


def test_budget_without_a_source_shows_shares_of_what_leaves():
    result = make_result(FakeDeck.make(8, 8))
    escaped = np.ones(result.dataset.source.shape)
    result.dataset["source"] = 0 * result.dataset.source
    terms = {"injected": 0 * escaped, "escaped": 3 * escaped, "lost": escaped, "stored": -4 * escaped}
    result.budget = xr.Dataset({name: (("species", "rigidity"), values) for name, values in terms.items()})
    fig = results.budget(result)
    assert np.allclose(curve(fig.axes[0], "escaped")[1], 0.75)
    assert np.allclose(curve(fig.axes[0], "lost")[1], 0.25)
    assert fig.axes[0].get_ylabel() == "share of what leaves"
    assert "no source" in fig.axes[0].texts[0].get_text()
    result.budget = result.budget.drop_vars("stored").assign(lost=-result.budget.escaped)
    assert "not known" in results.budget(result).axes[0].texts[0].get_text()
    speed = results.speed(result).axes[0]
    assert "no source" in speed.texts[0].get_text()
    assert "proton" not in legend(speed)


def test_what_is_stored_has_a_curve_in_a_transient_only():
    result = make_result(FakeDeck.make(8, 8))
    result.budget = result.budget.assign(stored=0.5 * result.budget.injected)
    assert np.allclose(curve(results.budget(result).axes[0], "stored")[1], 0.5)
    result.budget = result.budget.assign(stored=1e-9 * result.budget.injected)
    assert "stored" not in [line.get_label() for line in results.budget(result).axes[0].lines]


def test_history_calls_the_mismatch_what_the_table_calls_it(result):
    assert "mismatch" in legend(results.history(result).axes[2])


def test_history_shows_time_in_megayears_and_the_largest_budget_error(result):
    fig = results.history(result)
    assert np.allclose(curve(fig.axes[0], "$t$")[1], result.history.t / MYR)
    (line,) = fig.axes[-1].lines
    assert np.allclose(line.get_ydata(), np.abs(result.history.budget).max("species"))


def test_history_without_steps_is_refused():
    with pytest.raises(ValueError, match="no history"):
        results.history(make_result(history={}))


def test_comparison_marks_the_largest_error(result):
    compared = compare(result)
    fig = compared.figure()
    row = compared.rows[0]
    lower = fig.axes[3]
    (mark,) = lower.lines
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (row.R, row.z)
    assert np.isnan(lower.collections[0].get_array()).sum() == 0


def test_convergence_figure_shows_the_worst_species_and_names_the_order():
    study = converge(FakeDeck.make(), "grid.z_cells", [20, 40, 80], run=lambda deck: make_result(deck, error=0.5))
    ax = study.figure().axes[0]
    line = ax.lines[0]
    assert np.allclose(line.get_ydata(), study.dataset.L1.max("species"))
    assert "order" in line.get_label()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["20", "40", "80"]
    assert ax.xaxis_inverted()


def test_series_of_words_is_drawn_one_after_the_other():
    study = converge(FakeDeck.make(), "title", ["a", "b"], run=lambda deck: make_result(error=0.5))
    assert np.isnan(study.sizes).all()
    assert [tick.get_text() for tick in study.figure().axes[0].get_xticklabels()] == ["a", "b"]


# ---------------------------------------------------------------- awkward results, saving, no traces


def test_smallest_grid_failed_run_and_empty_solution_can_all_be_drawn(tmp_path):
    smallest = make_result(FakeDeck.make(2, 1), status="failed: line search")
    empty = make_result(FakeDeck.make(4, 4))
    for name in ("f", "J", "flux", "boron_to_carbon"):
        empty.dataset[name].values[:] = 0
    for name in results.available(smallest):
        results.FIGURES[name](smallest).draw_without_rendering()
    for name in results.available(empty):
        results.FIGURES[name](empty).draw_without_rendering()
    assert "not a solution" in results.spectrum(smallest).axes[0].texts[0].get_text()


def test_save_writes_png_and_equal_pdfs(result, tmp_path):
    first = results.save_figures(result, tmp_path / "a", ["speed"])
    second = results.save_figures(result, tmp_path / "b", ["speed"])
    assert [p.name for p in first] == ["speed.png", "speed.pdf"]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_unknown_figure_is_refused_with_the_known_ones(result, tmp_path):
    with pytest.raises(ValueError, match=r"unknown figure spectra; there are spectrum, b_to_c"):
        results.save_figures(result, tmp_path, ["spectra"])
    assert list(tmp_path.iterdir()) == []


def test_a_run_knows_the_names_of_its_figures():
    assert tuple(results.FIGURES) == folder.FIGURES


def test_result_offers_its_figures_as_methods(result):
    assert set(results.FIGURES) < set(dir(result.plot))
    assert "weight" in result.plot.spectrum.__doc__
    assert len(result.plot.spectrum(weight=2).axes) == 2
    with pytest.raises(AttributeError, match="no figure 'spectra'"):
        result.plot.spectra  # noqa: B018


def test_figures_leave_the_users_settings_alone_and_show_themselves_in_notebooks(result):
    import sys

    before = dict(matplotlib.rcParams)
    fig = results.speed(result)
    assert fig._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        assert pyplot.get_fignums() == []


def test_letters_of_formulas_are_in_the_fonts(result):
    """A missing glyph is a warning, and warnings are errors here."""
    exact = make_exact(result.model)
    object.__setattr__(exact, "equation", "f = f₀(R₀)^(3+s) e^{−κ k² t}, ∂f/∂z, √(S² + 4X²|∂f|), Σ ∫ ν τ_loss ≤ → ∞")
    compare(result, exact).figure().draw_without_rendering()
