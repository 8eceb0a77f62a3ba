"""A curve against points: asymmetric errors, what is left out, means over bins, curves of a result on every axis."""

import sys
from pathlib import Path

import numpy as np
import pytest

from solver.measurements import Measurement, at_points, chi2, curve, fit, has, log_residuals, pulls, rms_log
from solver.measurements.modulation import modulated
from solver.particles import known, rigidity_from_kinetic_energy_per_nucleon

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from synthetic_result import make_result

RTOL = 1e-12


def points(value, stat, sys=0.0, x=None, quantity="H", axis="R", **more):
    value = np.asarray(value, float)
    n = len(value)
    x = np.arange(1.0, n + 1) if x is None else np.asarray(x, float)
    stat, sys = (np.broadcast_to(np.asarray(e, float).reshape(-1, 1) if np.ndim(e) == 1 and n != np.size(e) else e, (2, n))
                 for e in (stat, sys))  # fmt: skip
    bins = {"low": np.full(n, np.nan), "high": np.full(n, np.nan)} | more
    return Measurement(quantity, axis, x, bins.pop("low"), bins.pop("high"), value, stat, sys, **bins)


def test_the_error_on_the_side_of_the_model_counts():
    m = points([10, 10], np.array([[1, 1], [4, 4]]))
    assert np.allclose(pulls(m, np.array([8.0, 18.0])), [2 / 1, -8 / 4], rtol=RTOL)
    total, n = chi2(m, np.array([8.0, 18.0]))
    assert (total, n) == (4 + 4, 2)


def test_systematic_errors_in_quadrature_or_not_at_all():
    m = points([10, 10], 3.0, 4.0)
    model = np.array([5.0, 15.0])
    assert np.isclose(chi2(m, model)[0], 2, rtol=RTOL)
    assert np.isclose(chi2(m, model, systematic=False)[0], 2 * 25 / 9, rtol=RTOL)


def test_limits_points_without_error_and_points_without_model_are_left_out():
    limit = np.array([False, False, False, True, True])
    m = points([10, 10, 10, 10, 10], np.array([[1, 0, 1, 1, 1]] * 2), np.array([[0, 2, 0, 0, 0]] * 2), upper_limit=limit)
    model = np.array([11, 12, np.nan, 20, 5])
    result = fit(m, model)
    assert (result.points, result.points_statistical, result.exceeded) == (2, 1, 1)
    assert np.isclose(result.chi2, 1 + 1, rtol=RTOL)
    assert np.isclose(result.chi2_statistical, 1, rtol=RTOL)
    assert np.array_equal(np.isfinite(log_residuals(m, model)), [True, True, False, False, False])


def test_rms_of_the_logarithm():
    m = points([1, 2, 4], 0.1)
    assert np.isclose(rms_log(m, m.value * np.exp([0.1, -0.1, 0.2])), np.sqrt(0.06 / 3), rtol=RTOL)
    assert np.isnan(rms_log(m, np.zeros(3)))


def test_mean_over_wide_bins():
    """A power law over a bin of a factor of 2 against its integral; a point without a bin takes the value."""
    low, high = np.array([1.0, np.nan, 20.0]), np.array([2.0, np.nan, 40.0])
    m = points([1, 1, 1], 0.1, x=[1.4, 5, 30], low=low, high=high)
    expected = (low**-1.7 - high**-1.7) / 1.7 / (high - low)
    expected[1] = 5**-2.7
    assert np.allclose(at_points(lambda R: R**-2.7, m), expected, rtol=1e-10)  # Gauss with 8 nodes: 1e-13 here


@pytest.fixture(scope="module")
def dataset():
    return make_result().dataset


def test_curve_of_a_result_is_its_flux(dataset):
    R = dataset.rigidity.values
    assert np.allclose(curve(dataset, "H")(R), dataset.J.sel(species="proton"), rtol=1e-10)
    assert np.allclose(curve(dataset, "B/C")(R), dataset.boron_to_carbon, rtol=1e-10)
    middle = np.sqrt(R[1:] * R[:-1])
    J = dataset.J.sel(species="carbon").values
    assert np.allclose(curve(dataset, "C")(middle), np.sqrt(J[1:] * J[:-1]), rtol=1e-10)  # power law between nodes


def test_curve_ends_with_the_grid(dataset):
    R = dataset.rigidity.values
    assert np.isnan(curve(dataset, "H")(np.array([0.9 * R[0], 1.1 * R[-1]]))).all()
    assert np.isfinite(curve(dataset, "H")(R[[0, -1]])).all()


def test_curve_per_energy_agrees_with_the_observables(dataset):
    from solver.observables import observe

    kinetic = observe(dataset).J_kinetic
    for name, quantity in (("proton", "H"), ("carbon", "C"), ("boron", "B")):
        T = (dataset.kinetic_energy / dataset.mass_number).sel(species=name).values[1:-1]
        assert np.allclose(curve(dataset, quantity, "EKN")(T), kinetic.sel(species=name).values[1:-1], rtol=1e-9)


def test_ratio_at_equal_energy_takes_each_nucleus_at_its_rigidity(dataset):
    T = np.array([0.5, 5.0, 50.0])
    B, C = (rigidity_from_kinetic_energy_per_nucleon(T, known(name)) for name in ("boron", "carbon"))
    flux = curve(dataset, "B"), curve(dataset, "C")
    Jacobians = (curve(dataset, "B", "EKN")(T) / flux[0](B)) / (curve(dataset, "C", "EKN")(T) / flux[1](C))
    assert np.allclose(curve(dataset, "B/C", "EKN")(T), flux[0](B) / flux[1](C) * Jacobians, rtol=1e-12)
    assert abs(curve(dataset, "B/C", "EKN")(0.5) / curve(dataset, "B/C", "R")(C[0]) - 1) > 0.01  # not the same thing


def test_isotopes_add_up(dataset):
    import xarray as xr

    light = dataset.sel(species=["boron"]).assign_coords(species=["boron10"], mass_number=("species", [10]),
                                                        mass=("species", [10 * 0.9314941]))
    both = xr.concat([dataset[["J", "rigidity"]], light[["J", "rigidity"]]], "species")
    assert np.allclose(curve(both, "B")(10.0), 2 * curve(dataset, "B")(10.0), rtol=1e-12)
    assert np.allclose(curve(both, "10B")(10.0), curve(dataset, "B")(10.0), rtol=1e-12)


def test_curve_modulates_every_nucleus(dataset):
    R = np.array([1.0, 5.0])
    parts = [modulated(curve(dataset, q), 0.6, known(name))(R) for q, name in (("B", "boron"), ("C", "carbon"))]
    assert np.allclose(curve(dataset, "B/C", phi=0.6)(R), parts[0] / parts[1], rtol=1e-12)


def test_species_that_are_not_there(dataset):
    assert has(dataset, "B/C")
    assert not has(dataset, "Fe")
    assert not has(dataset, "10B")
    with pytest.raises(ValueError, match="no species for Fe; it has proton, carbon, boron"):
        curve(dataset, "Fe")


def test_fit_of_a_curve_that_goes_through_the_points(dataset):
    model = curve(dataset, "H")
    low = np.geomspace(10, 1000, 20)
    m = points(np.ones(20), 0.1, x=1.05 * low, low=low, high=1.1 * low)
    m = points(at_points(model, m), 0.01 * at_points(model, m), x=m.x, low=m.low, high=m.high)
    assert fit(m, model).chi2 < 1e-20
    shifted = fit(m, lambda x: 1.02 * model(x))
    assert np.isclose(shifted.chi2, 20 * 4, rtol=1e-9)
    assert np.isclose(shifted.rms_log, np.log(1.02), rtol=1e-9)
