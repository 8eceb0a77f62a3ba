"""κ and D_μμ in fast-mode turbulence: rows of the paper's numbers, brute force, closed forms, properties."""

from itertools import pairwise

import brute_force_fast_modes as brute
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma as gamma_function

from solver import particles
from solver.constants import KPC, PC, C
from solver.physics import energetics, fast_mode_cascade, fast_mode_integrals, fast_modes
from solver.physics.plasma import Plasma
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import ValidityWarning

QUADRATURE = 1e-4  # demanded of κ
ASYMPTOTE = 1e-6
FITTED = 0.02  # of a fitted local slope, as paper-numbers allows for exponents
UNITS = 3e-6  # rounding moves the kinks of k_max, found to 1e-10, and so the panels
WARM = Plasma(6e-6, 0.1, 2e4)
HALO = Plasma(6e-6, 0.001, 2e6)
FIDUCIAL = Plasma(6e-6, 0.2, 1e4)
HOT = Plasma(1e-6, 0.003, 3e6)
BORON = particles.known("boron")
L = 100 * PC
LOGS = st.tuples(*[st.floats(-5, 5)] * 4)


def slopes(R, value):
    return np.gradient(np.log(value), np.log(R))


@pytest.fixture(scope="module")
def figure_3():
    """κ of the warm medium and of the halo of Fig. 3 on one grid of rigidities."""
    R = np.geomspace(0.1, 1e6, 141)
    return R, fast_modes.kappa(R, WARM, 1.0, L), fast_modes.kappa(R, HALO, 1.0, L)


# --- rows of the paper's numbers ---


def test_row_40_warm_medium_at_high_energy(figure_3):
    """Printed: κ ∝ p^0.5 above ~ 1e3 GeV, where viscous damping becomes important."""
    R, warm, _ = figure_3
    slope = slopes(R, warm)
    assert slope[(R > 5e3) & (R < 5e5)] == pytest.approx(0.5, abs=FITTED)
    assert slope[np.argmin(np.abs(R - 3e3))] == pytest.approx(0.45, abs=0.05)


def test_row_41_warm_medium_rises_slowly_towards_low_R_in_the_viscous_range(figure_3):
    R, warm, _ = figure_3
    viscous = (R > 100) & (R < 600)
    assert np.all(np.diff(warm[viscous]) < 0)
    assert np.all(slopes(R, warm)[viscous] > -0.35)


def test_row_42_weak_dependence_in_the_collisionless_range_of_the_warm_medium(figure_3):
    R, warm, _ = figure_3
    low = warm[(R > 3) & (R < 100)]
    assert low.max() / low.min() < 1.5  # over a factor of 33 in rigidity


def test_row_43_halo_is_nearly_independent_of_energy(figure_3):
    R, _, halo = figure_3
    low = (R > 8) & (R < 1e3)
    assert halo[low].max() / halo[low].min() < 1.06
    assert slopes(R, halo)[low] == pytest.approx(0, abs=0.03)


def test_row_44_kappa_falls_where_protons_become_transrelativistic(figure_3):
    R, *media = figure_3
    for kappa in media:
        assert np.all(np.diff(kappa[R < 2]) > 0)
        ratio = kappa / particles.beta(R)  # with the speed taken out nothing falls
        assert ratio[0] > 0.5 * ratio[np.argmin(np.abs(R - 3))]


def test_row_46_undamped_kappa_goes_as_the_root_of_R():
    """r_L/L = 1e-10: the outer scale, felt as √(r_L/L), and the end of the cascade at kL = 1e14 are out of reach."""
    R = np.array([100.0, 200.0])
    kappa = fast_modes.kappa(R, WARM, 1.0, 1e10 * gyroradius(R[0], 6e-6), damping="none")
    slope = np.diff(np.log(kappa / particles.beta(R)))[0] / np.log(2)
    assert slope == pytest.approx(0.5, abs=3e-5)


def test_row_47_gyroresonance_in_the_collisionless_cone_does_not_depend_on_R():
    R = np.geomspace(100, 400, 3)
    gyro, _ = fast_modes.pitch_angle_diffusion([0.2, 0.5, 0.8], R, HALO, 1.0, 10 * KPC, Ma_alfven=1e-4)
    assert np.diff(np.log(gyro / particles.beta(R)[:, None]), axis=0) / np.log(2) == pytest.approx(0, abs=FITTED)


def test_row_48_gyroresonance_in_the_viscous_cone_goes_as_R():
    plasma = Plasma(6e-6, 0.1, 2e4, 1e7)  # viscous from kL = 1e10 to 1e13
    R = np.geomspace(6e-4, 2.4e-3, 3)
    gyro, _ = fast_modes.pitch_angle_diffusion([0.2, 0.5, 0.8], R, plasma, 1.0, L, Ma_alfven=1e-4)
    slope = np.diff(np.log(gyro / particles.beta(R)[:, None]), axis=0) / np.log(2)
    assert slope == pytest.approx(1, abs=2 * FITTED)


def test_row_49_low_energy_scattering_rate(figure_3):
    R, *media = figure_3
    for kappa in media:
        assert np.all(energetics.scattering_rate(kappa[R < 100]) > 1e-8)


def test_row_53_turbulence_alone_stays_within_the_bound_for_the_bulk_of_cosmic_rays(figure_3):
    R, *media = figure_3
    for kappa, plasma in zip(media, (WARM, HALO), strict=True):
        assert np.all(kappa[R < 1e3] < energetics.kappa_bound(10 * KPC, plasma.alfven_speed))
        assert np.all(kappa[R < 1e3] < 1e29)


def test_row_61_boron_at_equal_rigidity_differs_by_the_speed():
    R = np.array([0.5, 2.0, 20.0, 200.0])
    ratio = fast_modes.kappa(R, WARM, 1.0, L, BORON) / fast_modes.kappa(R, WARM, 1.0, L)
    speeds = particles.beta(R, BORON) / particles.beta(R)
    assert ratio == pytest.approx(speeds, rel=1e-3)  # v_A/v in eq. A2 is what remains


def test_row_85_anisotropic_cascade_does_not_scatter_below_about_a_hundred_GV():
    for plasma in (WARM, HALO):
        kappa = fast_modes.kappa([1.0, 30.0, 100.0, 400.0, 1e4], plasma, 1.0, L, anisotropic=True)
        assert np.all(np.isposinf(kappa[:3]))
        assert np.all(np.isfinite(kappa[3:]))


def test_row_92_undamped_cascade_of_the_echo_scatters_too_much_at_one_GeV():
    R = particles.rigidity_from_kinetic_energy(1.0)
    assert 1e27 / 3 < fast_modes.kappa(R, HOT, 1.0, L, damping="none") < 3e27
    with pytest.warns(ValidityWarning, match="beta << 1"):
        damped = fast_modes.kappa(R, HOT, 1.0, L)
    assert damped > 10 * fast_modes.kappa(R, HOT, 1.0, L, damping="none")


def test_row_93_quadrature_of_A3_gives_the_closed_form():
    """D = ν(1 − μ²)/2 must give v²/(3ν)."""
    for level in fast_modes._LEVELS:
        mu, weight = fast_modes._cosines(0.6, level)
        assert np.sum(weight * (1 - mu**2) ** 2 / ((1 - mu**2) / 2)) / 4 == pytest.approx(1 / 3, rel=1e-13)


@pytest.mark.parametrize("plasma", [WARM, HALO])
def test_row_94_transit_time_damping_does_not_depend_on_energy(plasma):
    R = np.array([10.0, 30.0, 100.0])
    _, transit = fast_modes.pitch_angle_diffusion([0.1, 0.5, 0.8], R, plasma, 1.0, L)
    assert transit / transit[0] == pytest.approx(1, abs=FITTED)


# --- brute force ---


CASES = [
    pytest.param((6e-6, 0.1, 2e4), 1.0, False, (30.0,), id="warm"),
    pytest.param((6e-6, 0.001, 2e6), 0.6, False, (0.3, 1e5), id="halo", marks=pytest.mark.slow),
    pytest.param((6e-6, 0.2, 1e4), 0.3, False, (30.0, 1e3), id="weak", marks=pytest.mark.slow),
    pytest.param((6e-6, 0.1, 2e4), 1.0, True, (500.0,), id="anisotropic"),
]


@pytest.mark.parametrize(("state", "Ma", "anisotropic", "rigidities"), CASES)
def test_kappa_agrees_with_a_triple_sum(state, Ma, anisotropic, rigidities):
    medium = brute.Medium(*state, Ma, L, anisotropic=anisotropic)
    modes = fast_mode_cascade.cascade(Plasma(*state), Ma, L, anisotropic=anisotropic)
    grid = brute.angles(medium, x_max=modes.x_max)
    got = fast_modes.kappa(np.array(rigidities), Plasma(*state), Ma, L, anisotropic=anisotropic)
    expected = [brute.kappa(medium, R, particles.speed(R), grid) for R in rigidities]
    assert got == pytest.approx(expected, rel=QUADRATURE)


@pytest.mark.slow
def test_kappa_agrees_with_a_triple_sum_that_finds_its_own_reach():
    medium = brute.Medium(6e-6, 0.1, 2e4, 1.0, L)
    expected = brute.kappa(medium, 10.0, particles.speed(10.0), brute.angles(medium))
    assert fast_modes.kappa(10.0, WARM, 1.0, L) == pytest.approx(expected, rel=QUADRATURE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_kappa_agrees_with_a_triple_sum_in_any_plasma(seed):
    """Random B, n, T, Ma, L and R, two of three isotropic.

    R well above where the last waves go: there the plain sum is the one that is not fine enough, by up to half a per cent.
    """
    rng = np.random.default_rng(seed)
    beta = np.inf
    while beta > 1:
        state = 10 ** rng.uniform(-6.3, -5), 10 ** rng.uniform(-3, 0.5), 10 ** rng.uniform(3.7, 6.5)
        plasma = Plasma(*state)
        beta = plasma.beta
    Ma, length, anisotropic = 10 ** rng.uniform(-0.5, 0), 10 ** rng.uniform(1, 2.5) * PC, seed % 3 == 2
    modes = fast_mode_cascade.cascade(plasma, Ma, length, anisotropic=anisotropic)
    R = rng.uniform(20, 200) * plasma.B * length / modes.reach() / gyroradius(1.0, 1.0)
    medium = brute.Medium(*state, Ma, length, anisotropic=anisotropic)
    grid = brute.angles(medium, x_max=modes.x_max)
    expected = brute.kappa(medium, R, particles.speed(R), grid, mu_points=10)
    got = fast_modes.kappa(R, plasma, Ma, length, anisotropic=anisotropic)
    assert got == pytest.approx(expected, rel=QUADRATURE)


@pytest.mark.parametrize("anisotropic", [False, True])
def test_diffusion_of_each_kind_agrees_with_a_double_sum(anisotropic):
    medium = brute.Medium(6e-6, 0.1, 2e4, 0.7, L, anisotropic=anisotropic)
    modes = fast_mode_cascade.cascade(WARM, 0.7, L, anisotropic=anisotropic)
    grid = brute.angles(medium, x_max=modes.x_max)
    mu, R = np.array([0.05, 0.4, 0.9]), np.array([500.0, 1e4])
    got = fast_modes.pitch_angle_diffusion(mu, R, WARM, 0.7, L, anisotropic=anisotropic)
    expected = np.array([[brute.diffusion(medium, r, m, particles.speed(r), grid) for m in mu] for r in R])
    # at μ = 0.9 transit-time damping is down by e^(−6) and rests on few angles
    assert got[0] == pytest.approx(expected[..., 0], rel=QUADRATURE)
    assert got[1] == pytest.approx(expected[..., 1], rel=10 * QUADRATURE)


def test_kappa_is_the_integral_of_its_own_diffusion():
    mu, weight = np.polynomial.legendre.leggauss(80)
    mu, weight = (1 + mu) / 2, weight / 2
    R = np.array([3.0, 1e4])
    diffusion = sum(fast_modes.pitch_angle_diffusion(mu, R, WARM, 1.0, L))
    expected = particles.speed(R) ** 2 / 4 * ((1 - mu**2) ** 2 / diffusion @ weight)
    assert fast_modes.kappa(R, WARM, 1.0, L) == pytest.approx(expected, rel=QUADRATURE)


# --- the self-check ---


@pytest.mark.parametrize(
    ("plasma", "Ma", "options"),
    [
        (WARM, 1.0, {}),
        (HALO, 0.6, {}),
        (FIDUCIAL, 0.3, {}),
        pytest.param(HALO, 1.0, {"anisotropic": True}, marks=pytest.mark.slow),
        pytest.param(WARM, 0.8, {"anisotropic": True, "wandering": "both"}, marks=pytest.mark.slow),
        (FIDUCIAL, 0.6, {"damping": "viscous", "wandering": "fast modes"}),
    ],
)
def test_refining_the_quadrature_changes_less_than_promised(plasma, Ma, options):
    R = np.geomspace(0.1, 1e6, 17)
    usual = fast_modes.kappa(R, plasma, Ma, L, **options)
    modes = fast_mode_cascade.cascade(plasma, Ma, L, **options)
    r, v = gyroradius(R, plasma.B) / L, particles.speed(R)
    left = np.isfinite(usual)
    finest = fast_modes._kappa(modes, r[left], plasma.alfven_speed / v[left], fast_modes._LEVELS[-1]) * v[left] * L
    assert usual[left] == pytest.approx(finest, rel=QUADRATURE)


def test_a_quadrature_that_does_not_settle_says_so(monkeypatch):
    monkeypatch.setattr(fast_modes, "_LEVELS", fast_modes._LEVELS[:2])
    with pytest.warns(ValidityWarning, match=r"levels of the quadrature differ by .* at \d+ of 8 rigidities"):
        fast_modes.kappa(np.geomspace(1, 100, 8), HALO, 0.3, L, rtol=1e-6)


# --- integrals against closed forms ---


def test_transit_integral_tends_to_the_closed_form():
    """∫_0^∞ w^(−5/2) J₁² dw by Weber and Schafheitlin; the part below x = 1 is ½ (xρ)^½."""
    total = gamma_function(2.5) * gamma_function(0.25)
    total /= 2**2.5 * gamma_function(1.75) ** 2 * gamma_function(2.75)
    rho = np.array([1e-9, 1e-7, 1e-6])
    table = fast_mode_integrals.TransitTable(np.array([1e14]), rho.min() / 2, rho.max() * 2)
    expected = rho**1.5 * (total - np.sqrt(rho) / 2)
    assert table(np.log(rho)[:, None])[:, 0] == pytest.approx(expected, rel=1e-5)


def test_transit_integral_of_small_arguments_is_a_power_law():
    table = fast_mode_integrals.TransitTable(np.array([7.0, 1234.5]), 1e-12, 1e-8)
    rho = 1e-10
    expected = rho**2 / 2 * (np.sqrt([7.0, 1234.5]) - 1)
    assert table(np.full((1, 2), np.log(rho)))[0] == pytest.approx(expected, rel=ASYMPTOTE)


@pytest.mark.parametrize("mu", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("power", [0.0, 1 / 6])
def test_gyroresonance_integral_of_parallel_waves(mu, power):
    """J₁'(0)² = 1/4 leaves a Gaussian integral."""
    Ma = 0.5
    width = np.sqrt(Ma * (1 - mu**2))
    table = fast_mode_integrals.GyroTable(np.array([1e-9]), mu, Ma, (power,))

    def expected(q):
        ends = np.unique([q, *(mu + width * np.linspace(-6, 8, 29))])
        ends = ends[ends >= q]
        return sum(
            quad(lambda u: u ** (0.5 - power) / 4 * np.exp(-(((u - mu) / width) ** 2)) / width, a, b, epsabs=0)[0]
            for a, b in pairwise(ends)
        )

    q = np.array([0.05, 0.3, 0.77, 1.0])
    assert table(q[:, None])[0][:, 0] == pytest.approx([expected(value) for value in q], rel=2e-5)


# --- properties ---


def test_less_damping_scatters_more():
    R = np.geomspace(1, 1e5, 9)
    full, viscous, none = (fast_modes.kappa(R, WARM, 0.8, L, damping=d) for d in ("full", "viscous", "none"))
    assert np.all(none <= viscous * (1 + QUADRATURE))
    assert np.all(viscous <= full * (1 + QUADRATURE))
    assert full[-1] == pytest.approx(none[-1], rel=0.05)  # at 1e5 GV damping hardly matters


def test_stronger_turbulence_scatters_more():
    R = np.geomspace(1, 1e5, 6)
    kappa = np.array([fast_modes.kappa(R, WARM, Ma, L) for Ma in (0.4, 0.6, 0.8, 1.0)])
    assert np.all(kappa[1:] < kappa[:-1])


@settings(max_examples=6, deadline=None)
@given(stretch=st.floats(0.1, 10))
def test_kappa_scales_with_the_outer_scale_at_equal_dimensionless_numbers(stretch):
    R = np.array([2e3, 1e4])
    one = fast_modes.kappa(R, Plasma(6e-6, 0.1, 2e4, 1e13), 0.8, L) / particles.speed(R)
    other = fast_modes.kappa(R * stretch, Plasma(6e-6, 0.1, 2e4, stretch * 1e13), 0.8, stretch * L)
    assert other / particles.speed(R * stretch) == pytest.approx(stretch * one, rel=UNITS)


@settings(max_examples=4, deadline=None)
@given(logs=LOGS)
def test_kappa_follows_a_change_of_units(other_units, logs):
    R = np.array([1.0, 1e3])
    here = fast_modes.kappa(R, Plasma(6e-6, 0.1, 2e4, 1e13), 0.7, L)
    gyro, _ = fast_modes.pitch_angle_diffusion(0.5, R, Plasma(6e-6, 0.1, 2e4, 1e13), 0.7, L)
    with other_units(logs) as scale:
        plasma = Plasma(scale(6e-6, "field"), scale(0.1, "density"), scale(2e4, "temperature"), scale(1e13, "length"))
        there = fast_modes.kappa(R, plasma, 0.7, scale(L, "length"))
        gyro_there, _ = fast_modes.pitch_angle_diffusion(0.5, R, plasma, 0.7, scale(L, "length"))
        assert there == pytest.approx(scale(here, "diffusion"), rel=UNITS)
        assert gyro_there == pytest.approx(scale(gyro, "rate"), rel=UNITS)


def test_kappa_depends_smoothly_on_rigidity():
    R = np.geomspace(50, 60, 21)
    value = np.log(fast_modes.kappa(R, WARM, 1.0, L))
    assert np.abs(np.diff(value, 2)).max() < 4 * QUADRATURE


def test_wandering_by_fast_modes_damps_parallel_modes_more():
    R = np.array([300.0, 1e3, 1e4])
    usual = fast_modes.kappa(R, WARM, 1.0, L, anisotropic=True)
    both = fast_modes.kappa(R, WARM, 1.0, L, anisotropic=True, wandering="both")
    assert np.all(both >= usual)


def test_slow_particles_and_large_gyroradii_give_finite_numbers():
    R = np.array([1e-4, 1e-3, 1e-2])  # slower than, as fast as and faster than the waves
    assert np.all(np.isfinite(fast_modes.kappa(R, WARM, 1.0, L)))
    with pytest.warns(ValidityWarning, match="no wave of the cascade is in resonance"):
        assert np.isfinite(fast_modes.kappa(1e9, WARM, 1.0, L))


def test_shapes_follow_the_rigidity_and_the_cosine():
    assert np.shape(fast_modes.kappa(10.0, WARM, 1.0, L)) == ()
    assert fast_modes.kappa(np.full((2, 3), 10.0), WARM, 1.0, L).shape == (2, 3)
    assert fast_modes.kappa(np.empty(0), WARM, 1.0, L).shape == (0,)
    gyro, transit = fast_modes.pitch_angle_diffusion(np.full(4, 0.5), np.full((2, 3), 10.0), WARM, 1.0, L)
    assert gyro.shape == transit.shape == (2, 3, 4)


# --- cost ---


def test_inner_integrals_are_tabulated_once_for_all_rigidities(monkeypatch):
    """Bessel functions are evaluated as often for 140 rigidities as for two at one level of the quadrature."""
    modes = fast_mode_cascade.cascade(WARM, 0.93, L)
    counted = []
    original = fast_mode_integrals.slope_squared
    monkeypatch.setattr(fast_mode_integrals, "slope_squared", lambda w: counted.append(w.size) or original(w))

    def count(R):
        counted.clear()
        fast_modes._kappa(modes, gyroradius(R, 6e-6) / L, np.full(R.size, 1e-4), fast_modes._LEVELS[0])
        return sum(counted)

    few = count(np.array([1.0, 1e5]))
    assert count(np.geomspace(0.1, 1e6, 140)) == few
    assert few < 5e6


def test_nuclei_at_equal_rigidities_share_the_gyroresonance(monkeypatch):
    R = np.geomspace(1, 1e3, 12)
    fast_modes.kappa(R, FIDUCIAL, 0.77, L)
    monkeypatch.setattr(fast_modes, "GyroTable", None)  # a second table would fail
    fast_modes.kappa(R, FIDUCIAL, 0.77, L, BORON, rtol=1.0)


# --- faults and warnings ---


@pytest.mark.parametrize(
    "arguments",
    [
        {"R": -1.0},
        {"R": [1.0, np.nan]},
        {"Ma": 0.0},
        {"L": np.inf},
        {"rtol": 0.0},
        {"damping": "never"},
        {"plasma": Plasma(6e-6, np.array([0.1, 0.2]), 2e4)},
        {"plasma": Plasma(1e-3, 1e-6, 1e4)},  # v_A > c
    ],
)
def test_nonsense_is_an_error(arguments):
    with pytest.raises(ValueError, match="must be"):
        fast_modes.kappa(**{"R": 1.0, "plasma": WARM, "Ma": 1.0, "L": L, **arguments})


@pytest.mark.parametrize("mu", [0.0, 1.0, np.nan, -0.2])
def test_cosines_outside_the_open_interval_are_an_error(mu):
    with pytest.raises(ValueError, match="mu must be"):
        fast_modes.pitch_angle_diffusion(mu, 1.0, WARM, 1.0, L)


def test_use_beyond_validity_warns_and_still_answers():
    with pytest.warns(ValidityWarning, match="Ma <= 1"):
        assert fast_modes.kappa(1e3, WARM, 1.3, L) > 0
    with pytest.warns(ValidityWarning, match="beta << 1"):
        assert fast_modes.kappa(1e6, HOT, 1.0, L) > 0


def test_speed_in_the_prefactor_is_that_of_the_particle():
    slow = fast_modes.kappa(0.05, HALO, 1.0, L) / particles.speed(0.05)
    assert slow < fast_modes.kappa(50.0, HALO, 1.0, L) / C * 1.2
