"""Observables against numbers worked out by hand, limits, and identities between them."""

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid
from synthetic_result import KAPPA_1, N_DISC, SIGMA, V_A, Z_MAX, FakeDeck, H, make_budget, make_model, make_result

from solver import observables as obs
from solver.constants import ERG_PER_GEV, KPC, PROTON_MASS, C
from solver.particles import beta, dT_dR, kinetic_energy, known, momentum

CARBON, BORON, PROTON = known("carbon"), known("boron"), known("proton")
R = np.geomspace(0.1, 1e4, 201)
ROUND_OFF = 1e-13


@pytest.fixture(scope="module")
def result():
    return make_result()


def test_intensity_of_one_particle_density_by_hand():
    """f = 1e-9 at 2 GV, protons at the speed of light: 1e4 × 2.998e10 × 2² × 1e-9 m^-2 s^-1 sr^-1 GV^-1."""
    assert obs.intensity(1e-9, 2.0, 1, 1.0) == pytest.approx(1.19917e6, rel=1e-5)


def test_intensity_per_rigidity_is_speed_times_density_over_four_pi():
    f, p, b = 1e-9 * R**-4.7, momentum(R, CARBON), beta(R, CARBON)
    n_p = 4 * np.pi * p**2 * f                                               # per cm³ and GeV/c
    by_rigidity = b * C / (4 * np.pi) * n_p * CARBON.Z * 1e4                 # dp = Z dR
    assert np.allclose(obs.intensity(f, p, CARBON.Z, b), by_rigidity, rtol=ROUND_OFF)


def test_intensities_per_rigidity_and_per_energy_count_the_same_particles():
    f, p = R**-4.7, momentum(R, CARBON)
    per_nucleon = obs.intensity_per_energy(f, p, CARBON.A) * dT_dR(R, CARBON) / CARBON.A
    assert np.allclose(obs.intensity(f, p, CARBON.Z, beta(R, CARBON)), per_nucleon, rtol=ROUND_OFF)


def test_boron_to_carbon_at_equal_rigidity_follows_charge_cubed_and_speed(result):
    ds = result.dataset
    f, Rs = ds.f.values[:, 0], ds.rigidity.values
    expected = (5 / 6) ** 3 * beta(Rs, BORON) / beta(Rs, CARBON) * f[2] / f[1]
    assert np.allclose(ds.boron_to_carbon, expected, rtol=ROUND_OFF)


def test_ratio_of_nothing_is_nan_without_complaint(result):
    ds = result.dataset.assign(f=0 * result.dataset.f)
    assert np.isnan(obs.ratio(ds, 5, 6)).all()


def test_local_slope_of_a_power_law_and_of_nothing():
    f = np.stack([R**-4.3, 0 * R])
    assert np.allclose(obs.slope(R, f)[0], -4.3, rtol=1e-12)
    assert np.isnan(obs.slope(R, f)[1]).all()
    assert np.allclose(obs.slope(R[:2], f[0, :2]), -4.3)                     # the smallest grid a deck can have


# ---------------------------------------------------------------- moments


def test_moments_of_power_laws_are_exact_on_few_nodes():
    p = np.geomspace(1.0, 100.0, 4)
    exact = quad(lambda x: 4 * np.pi * x**2 * x**-4.7, 1.0, 100.0)[0]
    assert obs.moment(p**-4.7, p) == pytest.approx(exact, rel=1e-10)
    assert obs.moment(p**-3.0, p) == pytest.approx(4 * np.pi * np.log(100.0), rel=ROUND_OFF)


def test_moments_accept_empty_parts_of_the_spectrum():
    p = np.geomspace(1.0, 100.0, 5)
    f = np.where(p < 20, p**-3.0, 0.0)
    assert obs.moment(f, p) == pytest.approx(4 * np.pi * np.log(p[1] / p[0]) * 2.5, rel=ROUND_OFF)


def test_energy_density_is_that_of_the_intensity():
    """u = ∫ (4π/v) J_T T dT, with J_T as reported, on a fine grid."""
    f, p, T = 1e-9 * R**-4.7, momentum(R, PROTON), kinetic_energy(R, PROTON)
    J = obs.intensity_per_energy(f, p) / 1e4
    integrand = 4 * np.pi / (beta(R, PROTON) * C) * J * T
    assert obs.energy_density(f, p, T) == pytest.approx(ERG_PER_GEV * trapezoid(integrand, T), rel=2e-3)


@pytest.mark.parametrize(("low", "high", "share"), [(1e3, 1e5, 1 / 3), (1e-4, 1e-3, 2 / 3)])
def test_pressure_is_a_third_or_two_thirds_of_the_energy_density(low, high, share):
    Rs = np.geomspace(low, high, 50)
    f, p = Rs**-4.5, momentum(Rs, PROTON)
    P, u = obs.pressure(f, p, beta(Rs, PROTON)), obs.energy_density(f, p, kinetic_energy(Rs, PROTON))
    assert P / u == pytest.approx(share, rel=2e-3)                          # mc²/T corrections at the edge of the range


def test_pressure_force_adds_up_to_the_pressure_at_the_disc(result):
    o, z = result.observables, result.dataset.z.values * KPC
    total = np.sum(o.pressure_force.values * np.diff(z), axis=-1)
    assert np.allclose(total, o.pressure.values[:, 0] - o.pressure.values[:, -1], rtol=1e-12)


# ---------------------------------------------------------------- ages and speeds


def test_slab_of_uniform_diffusion():
    """Eq. 23: f = Q (H − z)/κ gives f(0) = QH/κ, ∫f dz/Q = H²/2κ, κ back, and v_D = κ/(H − z)."""
    z, kappa, height = np.linspace(0, 3 * KPC, 31), 2e28, 3 * KPC
    f = (1e-9 * (height - z) / kappa)[None, :, None] * np.ones(2)
    volume = np.gradient(z)
    volume[[0, -1]] /= 2
    Q = np.full((1, 2), 1e-9)
    assert np.allclose(obs.equivalent_kappa(Q, f[:, 0], height), kappa)
    assert np.allclose(obs.effective_speed(Q, f[:, 0]), kappa / height)
    assert np.allclose(obs.residence_time(f, volume, Q), height**2 / (2 * kappa))
    middle = 0.5 * (z[1:] + z[:-1])
    assert np.allclose(obs.drift_speed(np.full((1, 30, 2), kappa), f, z)[0, :, 0], kappa / (height - middle))


def test_effective_speed_of_streaming_is_the_streaming_speed(result):
    """Eq. 8 with S = 0 and low rigidity; the warm layer adds its own resistance z_W/κ."""
    U = result.observables.effective_speed.values[0, 0]
    assert pytest.approx(1 / V_A + 0.5 * KPC / KAPPA_1, rel=1e-3) == 1 / U


def test_grammage_gives_the_boron_that_is_made_of_it(result):
    """Boron is made at the rate h n σ v_C f_C(0) and leaves as U f_B(0): f_B/f_C = (σ/m_p) × its grammage × v_C/v_B."""
    o, ds = result.observables, result.dataset
    speeds = ds.beta.sel(species="carbon") / ds.beta.sel(species="boron")
    made = SIGMA / PROTON_MASS * o.grammage.sel(species="boron") * speeds
    assert np.allclose(made, ds.f.values[2, 0] / ds.f.values[1, 0], rtol=1e-12)
    fast = N_DISC * PROTON_MASS * C * H / o.effective_speed.values[0, -1]
    assert o.grammage.values[0, -1] == pytest.approx(fast, rel=1e-6)


def test_nothing_divided_by_nothing_is_nan_without_complaint():
    model = make_model()
    ds = make_result().dataset
    empty = ds.assign(f=0 * ds.f, source=0 * ds.source)
    o = obs.observe(empty)
    assert np.isnan(o.effective_speed).all()
    assert np.isnan(o.drift_speed).all()
    assert np.array_equal(o.J, np.zeros_like(model.Q))


def test_anisotropy_is_three_drifts_over_the_particle_speed(result):
    o = result.observables
    assert np.allclose(o.anisotropy * o.beta * C, 3 * o.drift_speed)


# ---------------------------------------------------------------- what limits escape


def test_map_of_limits_knows_the_layers_and_the_rigidities(result):
    kind = obs.limiting_process(result.dataset)
    names = kind.attrs["processes"].split(", ")
    assert {names[i] for i in np.unique(kind.sel(z_face=slice(0, 0.5)))} == {"extrinsic scattering"}
    halo = kind.sel(z_face=5.0, method="nearest")
    assert names[int(halo.sel(rigidity=1.0, method="nearest"))] == "advection"
    assert names[int(halo.sel(rigidity=1e3, method="nearest"))] == "nonlinear damping"


def test_map_of_limits_tells_linear_damping_and_free_escape_apart(result):
    ds = result.dataset.copy()
    ds["X"], ds["v"] = 0 * ds.X, 0 * ds.v
    ds["S"] = 0 * ds.S + 1e-9
    ds["kappa"] = 0 * ds.kappa + 1e29
    kind = obs.limiting_process(ds)
    assert np.all(kind.sel(z_face=slice(0.6, None)) == obs.PROCESSES.index("linear damping"))
    ds["kappa"] = 0 * ds.kappa + ds.beta * C * Z_MAX
    assert np.all(obs.limiting_process(ds).sel(z_face=slice(0.6, None)) == obs.PROCESSES.index("causal limit"))


def test_shares_of_the_layers_add_up_and_follow_eq_32(result):
    share = obs.layer_share(result.dataset)
    assert np.allclose(share.sum("layer"), 1.0)
    assert share.sel(layer="halo", species="proton")[0] > 0.5                # low rigidity: the halo sets f(0)
    assert share.sel(layer="warm", species="proton")[-1] > 0.5               # high rigidity: the warm layer does


# ---------------------------------------------------------------- budgets


def test_number_and_power_balance_in_total_where_they_balance_at_each_rigidity(result):
    totals = obs.budget_totals(result.dataset, result.budget)
    for quantity in (totals.number, totals.power):
        rest = quantity.sel(term="injected") - quantity.sel(term="escaped") - quantity.sel(term="lost")
        assert np.all(np.abs(rest) < 1e-12 * quantity.sel(term="injected"))


def test_power_of_the_source_is_its_energy_moment():
    """Σ 4πp³ Q T Δln p over many nodes tends to ∫ 4πp² Q T dp."""
    result = make_result(FakeDeck.make(rigidity_cells=700))
    ds = result.dataset
    power = obs.budget_totals(ds, result.budget).power.sel(term="injected", species="proton")
    moment = ERG_PER_GEV * obs.moment(ds.Q.values[0], ds.momentum.values[0], ds.kinetic_energy.values[0])
    assert float(power) == pytest.approx(moment, rel=0.01)                 # half a cell more at each end


def test_budget_without_a_budget_group_comes_from_the_fields():
    result = make_result(budget=None)
    given = make_budget(make_model(), result.dataset.flux.values)
    assert np.allclose(result.budget.injected, given["injected"], rtol=1e-12)
    assert np.allclose(result.budget.lost, 0, atol=1e-12 * given["injected"].max())


def test_isotopes_of_an_element_add_up_in_the_ratio(result):
    """Carbon taken for a second isotope of boron: B/C becomes (B + C)/C."""
    data = result.dataset
    nuclei = list(data.species.values)
    twice = data.isel(species=[*range(len(nuclei)), nuclei.index("carbon")])
    twice["charge"] = ("species", [*data.charge.values, 5])
    J = obs.intensity(twice.f.isel(z=0), twice.momentum, twice.charge, twice.beta)
    wanted = (J.isel(species=nuclei.index("boron")) + J[-1]) / J.isel(species=nuclei.index("carbon"))
    np.testing.assert_allclose(obs.ratio(twice, 5, 6), wanted, rtol=1e-14)
