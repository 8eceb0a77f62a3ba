"""Plasma, damping by process, growth and cutoff on the faces of a model: against formulas, limits and solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from solver import microphysics as mp
from solver.constants import KPC
from solver.deck import load
from solver.model import Model
from solver.physics import self_confinement as sc
from solver.physics.plasma import Plasma
from solver.result import build_coefficients, open_coefficients

SAME = {"rtol": 1e-12}
SMALL = {"grid.z_cells": 10, "grid.rigidity_cells": 12}


@pytest.fixture(scope="module")
def model_of():
    """model_of(name, changes): the model of a shipped problem, made once."""
    made = {}

    def make(name, changes=()):
        key = name, repr(changes)
        if key not in made:
            made[key] = Model(load(name).replace({**SMALL, **dict(changes)}))
        return made[key]

    return make


def halo(model):
    layer = model.deck.layer[-1].plasma
    return Plasma(float(layer.B), float(layer.n), float(layer.T))


# ---------------------------------------------------------------- plasma


def test_plasma_parameters_are_those_of_the_layers(model_of):
    model = model_of("two_phase")
    details = mp.microphysics(model)
    assert details.z_face.size == model.grid.z_face.size
    for j, state in ((0, Plasma(6e-6, 0.2, 1e4)), (-1, Plasma(1e-6, 3e-3, 3e6))):
        for name, value in {
            "magnetic_field": state.B,
            "gas_density": state.n,
            "temperature": state.T,
            "alfven_speed": state.alfven_speed,
            "thermal_speed": state.thermal_speed,
            "plasma_beta": state.beta,
            "mean_free_path": state.mean_free_path,
        }.items():
            np.testing.assert_allclose(details[name].values[j], value, **SAME)


def test_what_the_deck_does_not_say_is_not_made_up(model_of):
    """A temperature nobody gave must not appear as 1e4 K, nor what would follow from it."""
    changes = {"layer.0.plasma": {"B": "1 uG", "n": "0.001 cm-3"}}
    details = mp.microphysics(model_of("linear_damping", changes))
    assert np.isfinite(details.alfven_speed).all()
    for name in ("temperature", "thermal_speed", "plasma_beta", "mean_free_path"):
        assert np.isnan(details[name]).all()


def test_without_waves_or_protons_only_the_plasma_is_there(model_of):
    assert "damping_rate" not in mp.microphysics(model_of("turbulent_slab"))
    assert "growth_rate" not in mp.microphysics(model_of("streaming"))  # waves, but nothing damps them


# ---------------------------------------------------------------- cutoff


def test_row_10_cutoff_of_the_model_is_that_of_eq_6(model_of):
    """328 GV in Fig. 1's halo; interpolating ln Q and ln S over ln R is exact for power laws."""
    model = model_of("linear_damping")
    details = mp.microphysics(model)
    expected = sc.cutoff_rigidity(
        model.Q[0, 0] * model.grid.R[0] ** 4.3, 4.3, model.S[0, 0] * model.grid.R[0] ** 3.5, 0.5
    )
    np.testing.assert_allclose(details.cutoff_rigidity, expected, rtol=1e-10)
    assert expected == pytest.approx(328, abs=0.5)


def test_row_23_cutoff_rises_with_height_as_S_falls(model_of):
    """p_c ∝ (z/z_0)^(λ2/(γ−3−a)) = (z/z_0)^1.25 above z_0 (eq. 20 read backwards), as far as the grid goes."""
    model = model_of("stratified", {"grid.rigidity_max": "1e4 GV"})
    p_c = mp.microphysics(model).cutoff_rigidity.values
    factor = np.maximum(model.grid.z_face / (0.5 * KPC), 1)
    np.testing.assert_allclose(p_c, p_c[0] * factor**1.25, rtol=1e-9)


@pytest.mark.parametrize(
    ("S", "expected"),
    [
        (1e-3, np.inf),  # below the source everywhere
        (1e3, 1.0),  # above it from the beginning
        (0.0, np.nan),
    ],
)
def test_cutoffs_that_are_not_on_the_grid(S, expected):
    R = np.geomspace(1, 1e4, 9)
    p_c = mp.cutoff_rigidity(R, R**-4.0, S * R[None] ** -4.0)
    np.testing.assert_equal(p_c, [expected])


def test_cutoff_is_the_last_crossing_and_zero_sources_do_not_count():
    R = np.geomspace(1, 1e4, 401)
    Q = np.where(R < 2e3, 1.0, 0.0)
    S = 1.0 + 0.5 * np.sin(np.log(R) * 2)  # crosses 1 at ln R = 0, π/2, π, …
    crossings = np.exp(np.pi * np.arange(1, 3))  # falls of Q/S below 1
    (p_c,) = mp.cutoff_rigidity(R, Q, S[None])
    assert p_c == pytest.approx(crossings[-1], rel=1e-3)


# ---------------------------------------------------------------- damping by process

TWO_RATES = [
    {"type": "rate", "rate": "1e-12 s-1", "exponent": 0.5},
    {"type": "rate", "rate": "1e-15 s-1", "exponent": -0.5},
    {"type": "landau"},
]


def test_rates_are_those_of_the_processes_by_name(model_of):
    model = model_of("nonlinear_landau", {"layer.0.damping": TWO_RATES})
    details = mp.microphysics(model)
    assert list(details.damping.values) == ["rate", "rate 2", "landau"]
    assert list(details.nonlinear.values) == [0, 0, 1]
    R = model.grid.R
    np.testing.assert_allclose(details.damping_rate[0, 3], 1e-12 * R**-0.5, **SAME)
    np.testing.assert_allclose(details.damping_rate[1, 3], 1e-15 * R**0.5, **SAME)


def test_nonlinear_rate_is_that_of_the_energy_of_the_waves(model_of):
    """Γ = k v_th (δB/B)², with the (δB/B)² stored beside it."""
    model = model_of("nonlinear_landau")
    details, R = mp.microphysics(model), model.grid.R
    expected = sc.landau_rate(halo(model), R) * details.wave_energy.values
    np.testing.assert_allclose(details.damping_rate.sel(damping="landau"), expected, rtol=1e-10)


def test_row_19_dominant_damping_changes_from_landau_to_linear(model_of):
    changes = {"layer.0.damping": [{"type": "rate", "rate": "1e-12 s-1", "exponent": 0.5}, {"type": "landau"}]}
    details = mp.microphysics(model_of("nonlinear_landau", changes))
    strongest = details.dominant_damping.values[0]
    rates = details.damping_rate.values[:, 0]
    assert np.array_equal(strongest, np.argmax(rates, axis=0))
    change = np.flatnonzero(np.diff(strongest))
    assert len(change) == 1
    assert details.damping.values[strongest[0]] == "landau"
    assert details.damping.values[strongest[-1]] == "rate"


def test_layers_without_waves_have_no_rates(model_of):
    model = model_of("two_phase")
    details = mp.microphysics(model)
    warm = model.grid.layer == 0
    assert np.isnan(details.damping_rate.values[:, warm]).all()
    assert np.isnan(details.growth_rate.values[warm]).all()
    assert (details.dominant_damping.values[warm] == -1).all()
    assert (details.dominant_damping.values[~warm] == 0).all()


# ---------------------------------------------------------------- the balance, estimated

positive = st.floats(-8, 8).map(lambda x: 10.0**x)


@settings(max_examples=200, deadline=None)
@example(S=0.93, X=1.0, v=0.0)
@given(S=st.one_of(st.just(0.0), positive), X=st.one_of(st.just(0.0), positive), v=st.one_of(st.just(0.0), positive))
def test_estimate_balances_growth_and_damping(S, X, v):
    """D = S + X²/κ_sc, Q = v f + D with f = L D/κ_sc, wherever Q > S; all in units of Q and of the height."""
    model = SimpleNamespace(
        S=np.array([[S]]), X=np.array([[X]]), v=np.array([v]), z_max=1.0, grid=SimpleNamespace(z_face=np.array([0.0])),
        others={},
    )
    Q = np.array([1.0])
    D, kappa = (x[0, 0] for x in mp._estimate(model, Q))
    if S >= 1:
        assert D == 1
        assert np.isinf(kappa)
        return
    assert S * (1 - 1e-12) <= D <= 1 + 1e-12
    if X > 0:
        assert pytest.approx(X**2 / kappa, rel=1e-6, abs=1e-9 * D) == D - S
    if v > 0 and (X > 0 or S > 0):
        f = D / kappa
        assert v * f + D == pytest.approx(1.0, rel=1e-6)


def test_estimate_has_the_limits_of_eqs_3_and_14(model_of):
    """Strong nonlinear damping: all of Q diffuses, κ_sc = X²/Q (row 15); weak: f = Q/v, D = X √(Q/(v L))."""
    model = model_of("nonlinear_landau")
    Q, R = model.Q[0], model.grid.R
    D, kappa = mp._estimate(model, Q)
    assert D[0, -1] == pytest.approx(Q[-1], rel=1e-2)
    assert kappa[0, -1] == pytest.approx(model.X[0, -1] ** 2 / Q[-1], rel=1e-2)
    strong = model.X[0] ** 2 / (model.v[0] * model.z_max * Q)
    assert strong[0] < 1e-2
    weak = model.X[0, 0] * np.sqrt(Q[0] / (model.v[0] * (model.z_max - model.grid.z_face[0])))
    assert D[0, 0] == pytest.approx(weak, rel=np.sqrt(strong[0]))
    assert R[0] < R[-1]


# ---------------------------------------------------------------- the balance, of a solution


def dataset_of(model, f):
    """As much of a result as the balance needs."""
    return xr.Dataset({"f": (("species", "z", "rigidity"), f[None])})


def test_growth_and_damping_of_eq_14(model_of):
    """D = Q − v f of the exact profile: slopes across faces make it second order in Δz."""
    errors = []
    for cells in (20, 40):
        model = model_of("nonlinear_landau", {"grid.z_cells": cells, "grid.rigidity_min": "10 GV"})
        Q, v, X, z = model.Q[0], model.v[0], model.X[0], model.grid.z[:, None]
        length = X**2 / (Q * v)
        depth = model.z_max - z
        details = mp.microphysics(model, dataset_of(model, Q / v * depth / (depth + length)))
        assert details.attrs["state"] == "solution"
        depth = model.z_max - model.grid.z_face[:, None]
        exact = Q * length / (depth + length) / sc.S_from_rate(1.0, halo(model), model.grid.R)
        inner = depth[:, 0] > 0.3 * model.z_max  # f falls steeply at the very top
        errors.append(np.abs(details.growth_rate.values / exact - 1)[inner].max())
        total = details.damping_rate.values.sum(axis=0)
        np.testing.assert_allclose(details.growth_rate, total, rtol=1e-10)  # no causal limit in this deck
    assert errors[0] < 0.05
    assert errors[1] < errors[0] / 3


def test_above_the_cutoff_growth_stays_below_damping(model_of):
    """Protons that leave at βc keep a gradient too small for their waves (eq. 5)."""
    model = model_of("linear_damping")
    Q, R = model.Q[0], model.grid.R
    z = model.grid.z[:, None]
    f = Q * (model.z_max - z) * model.nu[0, 0]  # causal limit alone
    details = mp.microphysics(model, dataset_of(model, f))
    growth, damping = details.growth_rate.values, details.damping_rate.values[0]
    above = np.exp(0.1) * 328 < R
    assert (growth[:, above] < damping[:, above]).all()
    assert (growth[:, above] < details.largest_growth_rate.values[:, above] * (1 + 1e-9)).all()
    far = R > 1e4
    np.testing.assert_allclose(growth[:, far], details.largest_growth_rate.values[:, far], rtol=0.1)


# ---------------------------------------------------------------- files


def test_file_of_coefficients_holds_it_all_with_units(model_of, tmp_path):
    model = model_of("nonlinear_landau", {"layer.0.damping": TWO_RATES, "layer.0.losses": [{"type": "ionisation"}]})
    path = build_coefficients(model).write(tmp_path / "c.nc")
    with xr.open_datatree(path) as tree:
        group = tree["/microphysics"]
        assert set(group.data_vars) == set(mp.VARIABLES)
        for name, (dims, units, _) in mp.VARIABLES.items():
            assert group[name].dims == dims
            assert group[name].attrs["units"] == units
    back, made = open_coefficients(path).microphysics, mp.microphysics(model)
    for name in mp.VARIABLES:
        np.testing.assert_array_equal(back[name].values, made[name].values)
    assert list(back.damping.values) == ["rate", "rate 2", "landau"]


def test_deck_without_damping_can_be_stored(model_of, tmp_path):
    path = build_coefficients(model_of("turbulent_slab")).write(tmp_path / "c.nc")
    assert set(open_coefficients(path).microphysics.data_vars) >= set(mp.PLASMA)
