"""Points in figures: where they stand, what the residual panel shows, which points are open, upper limits."""

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from synthetic_result import make_result

from solver.confront import confront
from solver.errors import DataError
from solver.figures import draw, results
from solver.figures.measured import points
from solver.measurements import Measurement, at_points, curve

RTOL = 1e-12


def measured(quantity, x, value, axis="R", **more):
    x, value = np.asarray(x, float), np.asarray(value, float)
    nothing = np.full(len(x), np.nan)
    return Measurement(quantity, axis, x, nothing, nothing, value, 0.1 * np.stack([value, value]), 0 * np.stack([value, value]),
                       **{"experiment": "TEST", "reference": "2031Test", **more})  # fmt: skip


class Folder(list):
    """As much of a catalogue as a comparison needs."""

    folder = "tables"

    def select(self, quantity=None, experiment=None, year=None, axis=None):
        return [m for m in self if (m.quantity, m.axis, m.published) == (quantity, axis, year)
                and m.experiment.replace("-", "").startswith(experiment.replace("-", ""))]  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return make_result()


@pytest.fixture(scope="module")
def compared(result):
    """Protons of "AMS-02 2015" 10 % above the model, with a point below the cut; Voyager's per energy; B/C."""
    R = np.array([2.0, 20.0, 200.0])
    T = np.array([0.01, 0.1])
    data = Folder([
        measured("H", R, 1.1 * curve(result.dataset, "H")(R), experiment="AMS-02", reference="(2015)"),
        measured("H", T, 0.9 * curve(result.dataset, "H", "EKN")(T), "EKN", experiment="Voyager 1", reference="(2016)", phi=0.0),
        measured("B/C", R[1:], curve(result.dataset, "B/C")(R[1:]), experiment="AMS-02", reference="(2016)"),
    ])  # fmt: skip
    return confront(result, data)


def drawn(ax):
    """Bars of an axes: (x, y, is it open) per errorbar call."""
    bars = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    return [(*np.asarray(bar[0].get_xydata()).T, bar[0].get_markerfacecolor() == "none") for bar in bars]


def test_rows_of_the_comparison(compared):
    protons, b_to_c, voyager = compared.rows
    assert [row.cut for row in compared.rows] == ["T ≥ 10 GeV", "T > 1 GeV/n", "none"]
    assert protons.fit.points == 2
    assert np.isclose(protons.fit.rms_log, np.log(1.1), rtol=1e-9)
    assert np.isclose(protons.fit.chi2, 2 * (0.1 / 0.11) ** 2, rtol=1e-9)
    assert b_to_c.fit.chi2 < 1e-18
    assert np.isclose(voyager.fit.rms_log, -np.log(0.9), rtol=1e-9)
    assert list(protons.used) == [False, True, True]


def test_exact_solution_has_its_own_row(compared):
    assert np.isclose(compared.rows[0].reference.rms_log, np.log(1.1), rtol=1e-6)  # the synthetic result is exact
    assert "its exact" in str(compared)


def test_residual_panel(compared):
    """Data over model: 1.1 for AMS and 0.9 for Voyager at its rigidities, the point below the cut open."""
    fig = compared.figure()
    spectra, residuals = fig.axes[0], fig.axes[1]
    shown = [(x, y, hollow) for xs, ys, hollow in drawn(residuals) for x, y in zip(xs, ys, strict=True)]
    by_x = {round(float(x), 6): (round(float(y), 9), hollow) for x, y, hollow in shown}
    voyager = np.sqrt(np.array([0.01, 0.1]) * (np.array([0.01, 0.1]) + 2 * 0.938272))
    expected = {2.0: (1.1, True), 20.0: (1.1, False), 200.0: (1.1, False)} | {round(x, 6): (0.9, False) for x in voyager}
    assert by_x == expected
    assert residuals.get_ylabel() == "data/model"
    xs = np.concatenate([x for x, *_ in drawn(spectra)])
    assert sorted(np.round(xs, 6)) == sorted(expected)


def test_modulated_model_is_drawn_for_its_set(result, compared):
    data = Folder(row.whole for row in compared.rows)
    own = confront(result, data, potentials={"AMS-02": 0.5}, modulate=True)
    assert [row.phi for row in own.rows] == [0.5, 0.5, 0.0]
    assert any("500 MV" in str(line.get_label()) for line in own.figure().axes[0].lines)
    unknown = confront(result, data, modulate=True)
    assert [row.phi for row in unknown.rows] == [0, 0, 0]
    assert "not modulated, no potential in the file" in unknown.notes


def test_a_potential_is_named_once_and_sets_of_one_name_are_told_apart(result):
    R, T = np.array([2.0, 20.0]), np.array([1.0, 10.0])
    data = Folder([
        measured("H", R, curve(result.dataset, "H")(R), experiment="AMS-02", reference="(2015)", phi=0.5),
        measured("H", T, curve(result.dataset, "H", "EKN")(T), "EKN", experiment="AMS-02", reference="(2015)", phi=0.5),
        measured("H", R, curve(result.dataset, "H")(R), experiment="AMS-02", reference="(2021)", phi=0.4),
    ])  # fmt: skip
    top = confront(result, data, "all", cuts=False, modulate=True).figure().axes[0]
    texts = [text.get_text() for text in top.get_legend().get_texts()]
    assert texts.count("modulated with 500 MV") == texts.count("modulated with 400 MV") == 1
    assert {"AMS-02 2015 over R", "AMS-02 2015 over T/n", "AMS-02 2021"} <= set(texts)


def test_sets_beyond_the_grid_have_no_entry(result):
    beyond = measured("H", [1e8], [1.0], experiment="FAR")
    assert not any("FAR" in text.get_text() for text in results.spectrum(result, data=[beyond]).axes[0].get_legend().get_texts())


def test_everything_that_fits_where_the_paper_s_sets_are_not(result):
    other = measured("C", [5, 50], [1, 2])
    assert [row.whole for row in confront(result, Folder([other, measured("Fe", [5], [1])])).rows] == [other]
    with pytest.raises(DataError, match="nothing fits a result of proton, carbon, boron; there are Fe"):
        confront(result, Folder([measured("Fe", [5], [1])]))
    with pytest.raises(DataError, match=r"no file in there is a table of measurements: plain CSV with a header"):
        confront(result, Folder([]))


def test_many_quantities_are_wrapped_and_limits_counted(result):
    R = np.array([20.0, 200.0])
    J = curve(result.dataset, "C")(R)
    limits = measured("C", R, J * [0.5, 2], upper_limit=[True, True])
    data = Folder([limits, *(measured(q, R, curve(result.dataset, q)(R)) for q in ("H", "B", "B/C"))])
    both = confront(result, data, "all")
    assert both.rows[0].fit.exceeded == 1
    assert "exceeded by the model: C, TEST 2031: 1 of 2" in both.notes
    assert len(both.figure().axes) == 8


def test_points_are_weighted_and_converted(result):
    fig = draw.figure()
    ax = fig.subplots()
    m = measured("H", [0.01, 1.0], [3.0, 2.0], "EKN")
    out = points(ax, m, weight=2.7)
    ((x, y, _),) = drawn(ax)
    assert np.allclose(x, m.to("R").x, rtol=RTOL)
    assert np.allclose(y, m.to("R").x ** 2.7 * m.to("R").value, rtol=RTOL)
    assert out.axis == "R"


def test_figures_of_a_result_take_data(result):
    data = [measured("H", [10, 100], [1e2, 1e-1]), measured("B/C", [10, 100], [0.3, 0.1]), measured("Fe", [10], [1])]
    (bars,) = drawn(results.spectrum(result, data=data).axes[0])
    assert list(bars[0]) == [10, 100]
    (bars,) = drawn(results.b_to_c(result, data=data).axes[0])
    assert np.allclose(bars[1], [0.3, 0.1], rtol=RTOL)


def test_figure_of_a_comparison_beyond_the_grid(result):
    """Points outside the rigidity grid have no model: they are drawn, not used, and said to be so."""
    R = np.array([0.01, 20.0])
    m = measured("H", R, [1.0, *curve(result.dataset, "H")(R[1:])])
    both = confront(result, Folder([m]))
    assert both.rows[0].fit.points == 1
    assert "outside the rigidity grid, not used: H, TEST 2031: 1" in both.notes
    assert np.isnan(at_points(both.rows[0].curve, m)[0])
    both.figure()


def test_a_result_is_confronted_in_one_line(result, tmp_path, monkeypatch):
    (tmp_path / "c.csv").write_text(
        "# source: Nobody (2031)\n# quantity: carbon flux versus rigidity\n# units: R in GV; flux in m^-2 s^-1 sr^-1 GV^-1\n"
        "R_mean,flux,err_stat\n5,1,0.1\n"
    )
    assert [row.whole.quantity for row in result.confront(tmp_path).rows] == ["C"]
    monkeypatch.delenv("CRSTREAM_DATA", raising=False)
    monkeypatch.setattr("solver.measurements.catalogue.config_file", lambda: tmp_path / "no.toml")
    with pytest.raises(DataError, match="Aguilar"):
        result.confront()
