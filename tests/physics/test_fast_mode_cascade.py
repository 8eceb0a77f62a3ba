"""How far fast modes cascade: k_max(θ) by closed forms and brute force, θ_c(k), θ_min(k) (Secs. 3, 5.2, App. A)."""

import brute_force_fast_modes as brute
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.constants import PC
from solver.physics import fast_mode_cascade as fc
from solver.physics.fast_mode_rates import collisionless_angle_factor, transition_wavenumber
from solver.physics.plasma import Plasma
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import ValidityWarning

ROOT = 1e-9  # of a root found to rounding
STRAIGHT = 1e-4  # Ma_alfven for which field lines hardly wander: δθ² = 1e-16/(Ma² x^½)
STRAIGHT_FIELD = 1e-5  # what the remaining wandering changes
SUMMED = 2e-3  # k_max of the brute-force average over 2001 angles, where the angular factor is steep near π/2
WARM = Plasma(6e-6, 0.1, 2e4)
HALO = Plasma(6e-6, 0.001, 2e6)
L = 100 * PC
ANGLES = np.array([0.0, 0.004, 0.03, 0.1, 0.3, 0.8, 1.2, 1.5, np.pi / 2])


# --- closed forms ---


def test_row_48_viscous_reach_without_wandering():
    modes = fc.cascade(WARM, 0.8, L, Ma_alfven=STRAIGHT)
    theta = np.array([0.3, 0.8, 1.3, np.pi / 2])
    # (k/L)^½ Ma² v_A = ν_B k² sin²θ/6
    expected = (6 * 0.8**2 / (modes.viscosity * np.sin(theta) ** 2)) ** (2 / 3)
    assert np.all(expected * np.cos(theta) < modes.transition)
    assert modes.x_max(theta) == pytest.approx(expected, rel=STRAIGHT_FIELD)


def test_row_47_collisionless_reach_without_wandering():
    modes = fc.cascade(HALO, 0.8, L, Ma_alfven=STRAIGHT)
    theta = np.array([0.03, 0.1, 0.5, 1.0])
    factor = np.sqrt(np.pi * HALO.beta) / 4 * collisionless_angle_factor(theta, HALO.beta)
    expected = (0.8**2 / factor) ** 2
    assert np.all(expected * np.cos(theta) > modes.transition)
    assert modes.x_max(theta) == pytest.approx(expected, rel=STRAIGHT_FIELD)


@pytest.mark.parametrize(("plasma", "start", "power"), [(HALO, 1e10, -0.5), (Plasma(6e-6, 0.1, 2e4, 1e7), 1e12, -1.5)])
def test_rows_47_and_48_surviving_cone_shrinks_as_a_power_of_k(plasma, start, power):
    """θ_c² ∝ k^(−1/2) collisionless, k^(−3/2) viscous (here with a mean free path too short for anything else)."""
    x = np.array([start, 10 * start])
    theta = fc.theta_c(x / L, plasma, 1.0, L, Ma_alfven=STRAIGHT)
    assert 2 * np.diff(np.log(theta))[0] / np.log(10) == pytest.approx(power, abs=2e-3)


def test_row_87_isotropic_cone_and_smallest_angle_both_go_as_k_to_minus_a_quarter():
    x = np.array([1e11, 1e12])
    cone = fc.theta_c(x / L, HALO, 1.0, L)
    smallest = fc.theta_min(x / L, 1.0, L)
    assert np.diff(np.log(cone))[0] / np.log(10) == pytest.approx(-0.25, abs=2e-3)
    assert np.diff(np.log(smallest))[0] / np.log(10) == pytest.approx(-0.25, abs=ROOT)
    assert np.all(cone > smallest)


def test_row_86_anisotropic_cone_falls_below_the_smallest_angle_near_kL_of_a_million():
    """Printed kL >~ 1e6, rigidities of a few hundred GV: read as within a factor of 3."""
    assert 1 / (gyroradius(1.0, 6e-6) / L) / 1e6 == pytest.approx(555, rel=2e-3)
    x = np.geomspace(1e4, 1e8, 49)
    smallest = fc.theta_min(x / L, 1.0, L, anisotropic=True)
    for plasma in (WARM, HALO):
        cone = fc.theta_c(x / L, plasma, 1.0, L, anisotropic=True)
        first = x[np.argmax(cone < smallest)]
        assert 1e6 / 3 < first < 3e6
        assert np.all(cone[x > 1e7] == 0)


def test_row_85_no_anisotropic_wave_resonates_below_a_hundred_GV():
    for plasma in (WARM, HALO):
        reach = fc.cascade(plasma, 1.0, L, anisotropic=True).reach()
        assert gyroradius(100.0, 6e-6) / L * reach < 1 < gyroradius(400.0, 6e-6) / L * reach


def test_row_96_reach_is_clamped_where_collisionless_damping_sets_in():
    plasma = Plasma(6e-6, 0.1, 9.5e4)  # beta = 0.92: collisionless damping is the faster one at the change
    modes = fc.cascade(plasma, 1.0, L)
    theta = np.geomspace(0.01, 1.5, 200)
    x = modes.x_max(theta)
    clamped = np.abs(x * np.cos(theta) / modes.transition - 1) < ROOT
    assert clamped.sum() > 10
    assert transition_wavenumber(plasma) * L == pytest.approx(modes.transition, rel=ROOT)
    assert np.all(modes.damping_excess(x[clamped], theta[clamped], viscous=True) < 0)
    assert np.all(modes.damping_excess(x[clamped], theta[clamped], viscous=False) > 0)


# --- brute force ---


@pytest.mark.parametrize("anisotropic", [False, True])
@pytest.mark.parametrize(
    ("state", "Ma"), [((6e-6, 0.1, 2e4), 1.0), ((6e-6, 0.001, 2e6), 0.6), ((1e-6, 0.003, 3e6), 0.5)]
)
@pytest.mark.filterwarnings("ignore::solver.physics.validity.ValidityWarning")
def test_reach_agrees_with_plain_sums_over_angles(state, Ma, anisotropic):
    got = fc.cascade(Plasma(*state), Ma, L, anisotropic=anisotropic).x_max(ANGLES)
    expected = brute.Medium(*state, Ma, L, anisotropic=anisotropic).x_max(ANGLES)
    assert got == pytest.approx(expected, rel=SUMMED)


def test_mean_over_wandering_agrees_with_plain_sums():
    rng = np.random.default_rng(1)
    theta, delta = rng.uniform(0, np.pi / 2, 40), 10 ** rng.uniform(-3, np.log10(np.pi / 2), 40)
    t = (np.arange(40000) + 0.5) / 20000 - 1
    angle = theta[:, None] + delta[:, None] * t
    for beta in (0.05, 0.2, 3.0):
        plain = collisionless_angle_factor(angle, beta).mean(axis=1)
        assert fc._CollisionlessTable.of(beta).mean(theta, delta) == pytest.approx(plain, rel=1e-5, abs=1e-12)
    assert fc._mean_sine(theta, delta) == pytest.approx(np.abs(np.sin(angle)).mean(axis=1), rel=1e-6)
    assert fc._mean_sine_squared(theta, delta) == pytest.approx((np.sin(angle) ** 2).mean(axis=1), rel=1e-6)


# --- properties ---


@settings(max_examples=25, deadline=None)
@given(
    beta=st.floats(0.02, 0.9),
    Ma=st.floats(0.1, 1),
    free_path=st.floats(-9, 0),
    anisotropic=st.booleans(),
    theta=st.floats(0, np.pi / 2),
)
def test_reach_is_where_damping_first_overtakes_the_cascade(beta, Ma, free_path, anisotropic, theta):
    root = np.sqrt(beta)
    modes = fc.Cascade(beta, Ma, root * 10**free_path, root * 10**-free_path, anisotropic)
    x = modes.x_max(np.array(theta))
    assert 1 <= x <= fc.UNDAMPED
    change = modes.transition / max(np.cos(theta), 1e-300)
    for factor in (1 - 1e-6, 0.9, 0.5, 0.1, 1e-3):
        y = np.array([x * factor])
        if y >= 1:
            assert modes.damping_excess(y, np.array([theta]), viscous=bool(y < change)) < 0
    if x < fc.UNDAMPED:
        after = np.array([x * (1 + 1e-6)])
        assert modes.damping_excess(after, np.array([theta]), viscous=bool(after < change)) > 0


@pytest.mark.parametrize("anisotropic", [False, True])
def test_less_damping_never_shortens_the_cascade(anisotropic):
    reach = [
        fc.cascade(WARM, 0.7, L, anisotropic=anisotropic, damping=damping).x_max(ANGLES)
        for damping in ("full", "viscous", "none")
    ]
    assert np.all(reach[0] <= reach[1])
    assert np.all(reach[1] <= reach[2])
    assert np.all(reach[2] == fc.UNDAMPED)


def test_stronger_turbulence_cascades_further():
    reach = [fc.cascade(HALO, Ma, L).x_max(ANGLES) for Ma in (0.4, 0.6, 0.8, 1.0)]
    assert np.all(np.diff(reach, axis=0) >= 0)


def test_critical_angle_and_reach_are_inverse_to_each_other():
    k = np.geomspace(1, 1e9, 19) / L
    theta = fc.theta_c(k, WARM, 1.0, L)
    assert np.all(np.diff(theta) <= 0)
    inside = theta < np.pi / 2
    assert np.all(fc.k_max(theta[inside] * (1 - 1e-6), WARM, 1.0, L) >= k[inside])
    assert np.all(fc.k_max(np.minimum(theta[inside] * (1 + 1e-6), np.pi / 2), WARM, 1.0, L) < k[inside])


def test_kinks_catch_every_jump_of_the_reach():
    for modes in (fc.cascade(WARM, 1.0, L), fc.cascade(HALO, 0.3, L), fc.cascade(HALO, 1.0, L, anisotropic=True)):
        theta = np.linspace(1e-3, np.pi / 2, 4001)
        log_x = np.log(modes.x_max(theta))
        jump = np.flatnonzero(np.abs(np.diff(log_x)) > 0.3)
        jump = jump[theta[jump] > 0.02]  # below, the power law θ^(−4) is steep on this grid
        for i in jump:
            assert np.any((modes.kinks() > theta[i] - 1e-9) & (modes.kinks() < theta[i + 1] + 1e-9))


def test_scales_only_through_dimensionless_numbers():
    short = fc.k_max(ANGLES, Plasma(6e-6, 0.1, 2e4, 1e13), 0.7, L)
    long = fc.k_max(ANGLES, Plasma(6e-6, 0.1, 2e4, 1e15), 0.7, 100 * L)
    assert long * 100 == pytest.approx(short, rel=ROOT)


def test_shapes_follow_the_arguments():
    assert np.shape(fc.k_max(0.3, WARM, 1.0, L)) == ()
    assert fc.k_max(np.full((2, 3), 0.3), WARM, 1.0, L).shape == (2, 3)
    assert np.shape(fc.theta_c(1e5 / L, WARM, 1.0, L)) == ()
    assert fc.theta_c(np.full((2, 3), 1e5 / L), WARM, 1.0, L).shape == (2, 3)


# --- faults and warnings ---


@pytest.mark.parametrize(
    "options",
    [
        {"Ma": 0.0},
        {"Ma": np.nan},
        {"L": -1.0},
        {"damping": "some"},
        {"wandering": "much"},
        {"Ma_alfven": 0.0},
        {"plasma": Plasma(6e-6, np.array([0.1, 0.2]), 2e4)},
    ],
)
def test_nonsense_is_an_error(options):
    arguments = {"plasma": WARM, "Ma": 1.0, "L": L, **options}
    with pytest.raises(ValueError, match="must be"):
        fc.cascade(**arguments)


@pytest.mark.parametrize("theta", [-0.1, 1.6, np.nan])
def test_angles_outside_the_first_quadrant_are_an_error(theta):
    with pytest.raises(ValueError, match="theta must be"):
        fc.k_max(theta, WARM, 1.0, L)


def test_use_beyond_validity_warns():
    with pytest.warns(ValidityWarning, match="Ma <= 1"):
        fc.cascade(WARM, 1.2, L)
    with pytest.warns(ValidityWarning, match="beta << 1"):
        fc.cascade(Plasma(1e-6, 0.003, 3e6), 0.5, L)
    fc.cascade(Plasma(1e-6, 0.003, 3e6), 0.5, L, damping="none")  # no damping rate is used: nothing to warn of
