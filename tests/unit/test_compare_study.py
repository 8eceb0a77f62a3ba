"""Errors, verdicts, observed orders and error bars, on solutions that are wrong by a known amount."""

import csv
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from synthetic_result import FakeDeck, make_exact, make_model, make_result, solution

import solver
from solver import study
from solver.compare import compare, norms
from solver.errors import ResultError
from solver.exact import Exact
from solver.result import open_result
from solver.richardson import at_rigidities, coarser, richardson_error
from solver.study import converge, observed_order

BOTH = ("grid.z_cells", "grid.rigidity_cells")
SERIES = [(40, 36), (80, 72), (160, 144)]
ORDER_TOLERANCE = 0.05          # curvature of a smooth second-order error over a halving of the grid


def printed(renderable, width=140):
    console = Console(width=width, file=StringIO())
    console.print(renderable)
    return console.file.getvalue()


# ---------------------------------------------------------------- comparison


def test_uniform_relative_error_is_that_error_in_every_norm():
    result = make_result()
    result.exact = Exact(result.dataset.f.values / 1.01, "formula", "everywhere", 0.02, "one per cent")
    for row in compare(result).rows:
        assert pytest.approx(0.01, rel=1e-10) == row.L1
        assert pytest.approx(0.01, rel=1e-10) == row.L2
        assert row.max == pytest.approx(0.01, rel=1e-10)


def test_largest_error_is_found_where_it_sits():
    result = make_result()
    f = result.dataset.f.values.copy()
    f[1, 7, 20] *= 1 + 0.5
    result.exact = Exact(result.dataset.f.values, "formula", "everywhere", 0.1, "nothing")
    spoiled = make_result()
    spoiled.dataset.f.values[:] = f
    spoiled.exact = result.exact
    row = compare(spoiled).rows[1]
    ds = result.dataset
    assert (row.species, row.z, row.R) == ("carbon", ds.z[7], ds.rigidity[20])
    expected = 0.5 * ds.f.values[1, 7, 20] / ds.f.values[1, :, 20].max()
    assert compare(spoiled).max == pytest.approx(expected, rel=1e-12)


def test_norms_weigh_with_the_control_volumes():
    """f = 1 + error on one node of volume 1/4: L1 = 0.1/4, L2² = 0.01/4."""
    exact, volume = np.ones((4, 3)), np.array([1.0, 1.0, 1.0, 1.0])
    f = exact.copy()
    f[2] += 0.1
    assert norms(f, exact, volume) == pytest.approx((0.025, np.sqrt(0.0025)))
    volume = np.array([0.0, 0.0, 1.0, 0.0])
    assert norms(f, exact, volume) == pytest.approx((0.1, 0.1))


def test_norms_leave_out_what_the_exact_solution_does_not_give():
    exact = np.ones((2, 3))
    f = exact * 1.1
    exact[:, 1] = np.nan
    exact[0, 2] = np.nan
    assert norms(f, exact, np.ones(2)) == pytest.approx((0.1, 0.1))


def test_verdict_and_exit_code_follow_the_tolerance():
    result = make_result(error=0.1)
    compared = compare(result)
    assert compared.max > 1e-3
    assert (compared.passed, compared.exit_code) == (False, 1)
    assert "OUTSIDE the tolerance 1.00e-03 (the discretisation error)" in str(compared)
    result.exact = make_exact(result.model, tolerance=0.1)
    compared = compare(result)
    assert (compared.passed, compared.exit_code) == (True, 0)
    assert "within" in compared.verdict


def test_reference_without_tolerance_is_shown_not_judged():
    result = make_result(error=0.1)
    result.exact = make_exact(result.model, tolerance=None)
    compared = compare(result)
    assert (compared.passed, compared.exit_code) == (None, 0)
    assert "shown for reference" in printed(compared)


def test_table_shows_every_species_that_has_an_exact_solution():
    result = make_result(error=0.1)
    result.exact.f[1] = np.nan
    text = printed(compare(result).table)
    assert "proton" in text
    assert "boron" in text
    assert "carbon" not in text.replace("carbon,", "")


def test_tables_fit_a_terminal_and_keep_the_brackets_of_formulas(with_exact):
    result = make_result(error=0.1)
    object.__setattr__(result.exact, "equation", "f = A [1 + m cos u]")
    text = printed(compare(result), width=80)
    assert "[1 + m cos u]" in text
    assert "at z [kpc]" in text
    for table in (text, printed(with_exact, width=80)):
        assert "…" not in table
        assert max(map(len, table.splitlines())) <= 80


def test_solution_that_is_not_a_number_fails():
    result = make_result()
    result.dataset.f.values[0, 3, 3] = np.nan
    compared = compare(result)
    assert compared.max == np.inf
    assert compared.exit_code == 1


def test_nothing_to_compare_with_is_one_message():
    result = make_result()
    result.exact = None
    with pytest.raises(ResultError, match="nothing to compare with"):
        compare(result)
    result.exact = Exact(np.full(result.dataset.f.shape, np.nan), "eq. 14", "nowhere: needs a halo", 1e-3, "nothing")
    with pytest.raises(ResultError, match=r"eq\. 14 gives nothing on this grid \(valid: nowhere: needs a halo"):
        compare(result)


@pytest.mark.parametrize(("status", "expected"), [("steady", None), ("end time", 5.0), ("failed: step", 5.0)])
def test_problem_is_asked_for_the_steady_solution_or_the_time_reached(monkeypatch, status, expected):
    import problems

    asked = []

    def solve(model, t=None):
        asked.append(t)
        return make_exact(model)

    monkeypatch.setattr(problems, "load_exact", lambda name: SimpleNamespace(solution=solve))
    result = make_result(FakeDeck.make(problem="synthetic"), status=status, time=5.0)
    del result.exact
    assert result.compare().rows
    assert asked == [expected]


def test_problem_unknown_here_has_no_exact_solution():
    result = make_result(FakeDeck.make(problem="of another installation"))
    del result.exact
    assert result.exact is None


# ---------------------------------------------------------------- convergence


@pytest.fixture(scope="module")
def with_exact():
    return converge(FakeDeck.make(), BOTH, SERIES, run=lambda deck: make_result(deck, error=0.5))


def without_exact(deck):
    result = make_result(deck, error=0.5)
    result.exact = None
    return result


def test_second_order_is_seen_against_the_exact_solution(with_exact):
    assert set(with_exact.order) == {"L1", "L2", "max", "disc"}
    for order in with_exact.order.values():
        assert order == pytest.approx(2.0, abs=ORDER_TOLERANCE)


def test_second_order_and_the_errors_are_found_without_an_exact_solution(with_exact):
    richardson = converge(FakeDeck.make(), BOTH, SERIES, run=without_exact)
    for order in richardson.order.values():
        assert order == pytest.approx(2.0, abs=ORDER_TOLERANCE)
    estimate, truth = richardson.dataset.disc, with_exact.dataset.disc
    assert np.allclose(estimate, truth, rtol=0.1)
    assert "Richardson" in str(richardson)


def test_first_order_is_not_taken_for_second():
    def run(deck):
        exact, wrong = make_result(deck), make_result(deck)
        wrong.dataset.f.values[:] = exact.dataset.f.values * (1 + 1.0 / deck.grid.z_cells)
        return wrong

    found = converge(FakeDeck.make(), "grid.z_cells", [20, 40, 80], run=run)
    assert found.order["max"] == pytest.approx(1.0, abs=ORDER_TOLERANCE)


def test_errors_at_round_off_have_no_order():
    found = converge(FakeDeck.make(), "grid.z_cells", [20, 40], run=make_result)
    assert np.isnan(found.order["L1"])
    assert "—" in str(found)


def test_series_is_run_from_coarse_to_fine_whatever_its_order():
    seen = []
    done = lambda value, _: seen.append(value)  # noqa: E731
    found = converge(FakeDeck.make(), "grid.z_cells", [40, 20], run=make_result, done=done)
    assert seen == [20, 40]
    assert list(found.sizes) == [1 / 20, 1 / 40]


def test_one_value_is_no_series():
    with pytest.raises(ValueError, match="two values"):
        converge(FakeDeck.make(), "grid.z_cells", [40], run=make_result)


def test_step_size_of_cells_tolerances_layers_and_words():
    from solver.deck import load

    deck = load("nonlinear_landau")
    assert study.step_size(deck, "grid.z_cells") == 1 / deck.grid.z_cells
    assert study.step_size(deck, "time.rtol") == deck.time.rtol
    assert study.step_size(deck, "layer.0.top") == float(deck.layer[0].top)
    assert study.step_size(deck, "species.proton.source.slope") == deck.species["proton"].source.slope
    assert np.isnan(study.step_size(deck, "disc.losses"))


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_order_from_three_unevenly_refined_runs(order):
    h = np.array([1.0, 0.6, 0.25])
    values = h**order
    assert observed_order(-np.diff(values), h) == pytest.approx(order, rel=1e-6)


def test_order_of_runs_that_do_not_converge_is_not_a_number():
    assert np.isnan(observed_order(np.array([1.0, 2.0]), np.array([1.0, 0.5, 0.25])))
    assert np.isnan(observed_order(np.array([1e-12, 1e-13]), np.array([1.0, 0.5, 0.25])))


def test_study_leaves_a_table_a_dataset_and_a_figure(with_exact, tmp_path):
    paths = with_exact.save(tmp_path)
    assert {p.name for p in paths} == {"study.nc", "study.csv", "convergence.png", "convergence.pdf"}
    rows = list(csv.DictReader((tmp_path / "study.csv").read_text().splitlines()))
    assert len(rows) == 9
    assert rows[-1]["species"] == "boron"
    assert float(rows[-1]["order_max"]) == pytest.approx(2.0, abs=ORDER_TOLERANCE)
    assert "160, 144" in printed(with_exact)


# ---------------------------------------------------------------- error bars


def test_error_bars_bound_the_true_error_closely():
    fine, coarse = (make_result(FakeDeck.make(*cells), error=0.5) for cells in ((80, 72), (40, 36)))
    error = richardson_error(fine, coarse)
    truth = np.abs(fine.dataset.f.values[:, 0] / solution(make_model(fine.deck))[0][:, 0] - 1)
    assert np.all(error.spectrum > 0.95 * truth)
    assert np.all(error.spectrum < 2.0 * truth)
    assert np.all(error.correction < 0)                       # the synthetic error is an excess
    assert "order 2 assumed" in error.method
    assert error.refinement_ratio == 2.0


def test_grids_that_do_not_nest_still_give_error_bars():
    fine, coarse = (make_result(FakeDeck.make(*cells), error=0.5) for cells in ((80, 70), (40, 41)))
    error = richardson_error(fine, coarse)
    truth = np.abs(fine.dataset.f.values[:, 0] / solution(make_model(fine.deck))[0][:, 0] - 1)
    assert np.all(error.spectrum > 0.9 * truth)               # the smaller of the two ratios is taken: never too small


def test_error_bars_come_with_the_spectra_and_survive_the_file(tmp_path):
    fine, coarse = (make_result(FakeDeck.make(*cells), error=e) for cells, e in (((40, 36), 0.5), ((20, 18), 0.7)))
    with_bars = fine.with_error(richardson_error(fine, coarse))
    back = open_result(with_bars.save(tmp_path))
    assert np.allclose(back.dataset.J_error, back.error.spectrum.values * back.dataset.J.values)
    assert back.dataset.J.attrs["ancillary_variables"] == "J_error"
    assert back.dataset.boron_to_carbon_error.dims == ("rigidity",)
    assert back.history.identical(fine.history)
    assert fine.error is None


def test_partner_must_be_coarser():
    result = make_result()
    with pytest.raises(ValueError, match="coarser"):
        richardson_error(result, result)
    with pytest.raises(ValueError, match="coarser"):
        richardson_error(make_result(FakeDeck.make(40, 36)), make_result(FakeDeck.make(20, 72)))


def test_partner_deck_has_half_the_cells_and_four_times_the_time_error():
    from solver.deck import load

    deck = load("slab_transient")
    assert coarser(deck.replace({"grid.rigidity_cells": 8}), processes=6).grid.rigidity_cells == 5  # one rigidity each
    partner = coarser(deck)
    assert partner.grid.z_cells == deck.grid.z_cells // 2
    assert partner.time.rtol == 4 * deck.time.rtol
    assert coarser(load("nonlinear_landau")).time.rtol == load("nonlinear_landau").time.rtol


def test_spectra_between_nodes_are_splines_in_logarithms():
    R = np.geomspace(1.0, 1e3, 31)
    f = np.stack([R**-4.3, 0 * R])
    targets = np.geomspace(1.0, 1e3, 22)
    assert np.allclose(at_rigidities(f, R, targets)[0], targets**-4.3, rtol=1e-9)
    assert np.array_equal(at_rigidities(f, R, targets)[1], 0 * targets)
    assert np.array_equal(at_rigidities(f, R, R[::3]), f[:, ::3])


def test_an_approximation_is_no_reference_of_a_study():
    """two_phase is shown beside the paper's approximate formula, from which no grid comes any nearer."""
    deck = solver.load("two_phase").replace({"time.method": "direct", "grid.rigidity_cells": 8})
    study = converge(deck, "grid.z_cells", [8, 16, 32])
    assert study.exact is None
    assert "Richardson" in study.dataset.reference


def test_a_study_takes_the_name_of_a_problem():
    study = solver.converge("streaming", "grid.z_cells", [8, 16])
    assert study.exact is not None


def test_the_partner_of_an_error_estimate_is_closed(monkeypatch):
    """Its solver and PETSc hold each other: what is not closed stays for ever."""
    from solver.transport.newton import NewtonPath

    close, closed = NewtonPath.close, []

    def counted(self):
        closed.append(self)
        close(self)

    monkeypatch.setattr(NewtonPath, "close", counted)
    deck = solver.load("streaming").replace({"grid.z_cells": 8, "grid.rigidity_cells": 8})
    assert solver.run(deck, estimate_error=True).error is not None
    assert len(closed) == 3  # its own, the coarse one's and the wide one's
