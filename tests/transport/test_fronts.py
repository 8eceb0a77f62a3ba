"""Fronts in time: what is carried along makes no new maxima, whatever holds the waves back; bounds of the limiter itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slabs import march, slab

from solver.transport.limiter import believed, smooth

RTOL = 1e-3
CARRIED = {"linear damping": {"S": 1e-3, "nu": 1e-6}, "nonlinear damping": {"X": 0.02, "nu": 1e-3},
           "both dampings": {"S": 0.01, "X": 0.02, "nu": 1.0}, "external scattering": {"nu": 1e3}}


@pytest.mark.parametrize("cells", [40, 160])
@pytest.mark.parametrize("damping", CARRIED)
def test_a_box_that_is_carried_along_gets_no_higher_and_no_rougher(damping, cells):
    """∂t f + v ∂z f = −∂z q with q rising with −∂z f: neither the maximum nor the total variation can grow, but by the time
    error, RTOL of the maximum on either side of each of the two fronts.  Without the limiter 23 and 100 %.
    """
    problem = slab(cells, R=(1.0, 10.0, 1), Q=1e-12, **CARRIED[damping])
    z, R = problem.grid.z, problem.grid.R[:, None]
    box = np.where((z > 0.15) & (z < 0.4), 1.0, 1e-3)
    f = march(problem, (R**-4.3 * box)[None], end=0.3, rtol=RTOL).f()[0] * R**4.3
    assert np.all(f.max(-1) <= 1.0 + RTOL)
    assert np.all(np.abs(np.diff(f)).sum(-1) <= 2.0 + 4 * RTOL)


def test_a_smooth_maximum_that_is_carried_along_stays_of_second_order():
    """A pulse of 24 cells and of 48, where nothing diffuses: the limiter must not clip it.

    Errors of Δz²; limited there as elsewhere they fall to 0.4 of what they were only.
    """
    worst = []
    for cells in (40, 80):
        problem = slab(cells, R=(1.0, 10.0, 1), Q=1e-12, nu=1e4, adiabatic=False)
        z, R = problem.grid.z, problem.grid.R[:, None]

        def pulse(z):
            return 1e-3 + np.where(np.abs(z) < 0.3, np.cos(np.pi * z / 0.6) ** 4, 0.0)

        f = march(problem, (R**-4.3 * pulse(z - 0.3))[None], end=0.35, rtol=1e-4).f()[0] * R**4.3
        worst.append(np.abs(f - pulse(z - 0.65))[:, (z > 0.4) & (z < 0.95)].max())
    assert worst[1] <= 0.25 * worst[0]


@pytest.mark.parametrize("cells", [10, 20])
def test_plateaus_that_differ_where_layers_meet(cells):
    """Under linear damping S = 1 each layer is flat while fluxes of waves within stay below S; where they meet f drops and the
    face is full, so that H₁ ∂t f₁ = −(v₁ f₁ + S) and H₂ ∂t f₂ = v₁ f₁ + S − v₂ f₂.  There the slope says nothing of ∂t f.

    Second order, with rates of order one; limited there as elsewhere f is off by 0.2 Δz.
    """
    H, v = (0.8, 0.2), (0.2, 2.0)
    problem = slab(cells, tops=(0.8, 1.0), R=(1.0, 10.0, 1), Q=1e-12, S=lambda z, R, layer: R**-4.3, nu=1e-8, top=None,
                   v=lambda z, layer: np.where(layer == 0, *v), adiabatic=False)
    R = problem.grid.R[:, None]
    f = march(problem, np.tile(R**-4.3, (1, 1, cells + 1)), end=0.2, rtol=1e-4).f()[0] * R**4.3
    k, b = v[0] / H[0], v[1] / H[1]
    rest = 1.0 / v[0]                                                      # f₁ + S/v₁ fades at the rate k, which feeds f₂
    lower = (1.0 + rest) * np.exp(-0.2 * k) - rest
    fed = v[0] / H[1] * (1.0 + rest) / (b - k)
    upper = fed * np.exp(-0.2 * k) + (1.0 - fed) * np.exp(-0.2 * b)
    below = np.arange(cells + 1) < cells * 4 // 5
    assert np.abs(f - np.where(below, lower, upper)).max() <= 1.0 / cells**2


SIZES, RATIOS, SIGNS = st.floats(1e-3, 1e3), st.floats(1e-3, 3.0), st.sampled_from([-1.0, 1.0])


@given(SIZES, RATIOS, SIGNS, SIGNS)
def test_the_limiter_keeps_to_the_bounds_of_schemes_that_make_no_new_maxima(size, ratio, sign, same):
    x, y = np.array([sign * size]), np.array([sign * same * size * ratio])
    psi = believed(x, y)[0][0]
    if same < 0:
        assert psi == 0.0
    else:
        assert 0.0 < psi <= min(1.0, 2.0 * ratio * (1 + 1e-15))
        assert psi == 1.0 or ratio < 0.75                                  # smooth: as if there were none


def test_the_limiter_where_nothing_changes_or_f_is_flat():
    psi, by_x, by_y = believed(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    assert (np.array([0.0, 1.0, 0.0]) * psi == 0.0).all()
    assert (by_x[[0, 2]] == 1.0).all()
    assert (by_y == 0.0).all()


@given(SIZES, RATIOS, SIGNS, SIGNS)
def test_derivatives_of_the_limiter(size, ratio, sign, same):
    """Central differences of steps h = 1e-5: h²/6 times third derivatives, those of ψ being 48 at most, those of x ψ(y/x) by x
    r³ as much; rounding 1e-16/h.  The corner at y = 0 is 1e-3 away."""
    x, y, h = np.array([sign]), np.array([sign * same * ratio]), 1e-5
    _, by_x, by_y = believed(x * size, y * size)

    def value(x, y):
        return x * believed(x, y)[0]

    bound = 48 * h**2 + 1e-15 / h
    assert abs((value(x + h, y) - value(x - h, y)) / (2 * h) - by_x) <= bound
    assert abs((value(x, y + h) - value(x, y - h)) / (2 * h) - by_y) <= bound


@pytest.mark.parametrize("stretched", [False, True])
def test_where_f_is_smooth(stretched):
    """Around their maxima and minima parabolas on any grid are; far from them, where slopes are alike, these tell by themselves;
    waves two cells long, corners and straight lines are not; nor are faces beside the ends of z."""
    rng = np.random.default_rng(5)
    dz = rng.uniform(0.5, 2.0, 20) if stretched else np.ones(20)
    z = np.append(0.0, np.cumsum(dz))
    tops = np.array([0.5 * (z[8] + z[9]), 0.0])                            # within a face; at the end
    share = smooth(np.array([*(sign * (z - top) ** 2 for sign in (-1, 1) for top in tops),
                             (-1.0) ** np.arange(21), np.abs(z - z[10]), 0.0 * z]), dz)
    np.testing.assert_allclose(share[[0, 2], 8], 1.0, atol=1e-12)
    far = np.abs(0.5 * (z[1:] + z[:-1]) - tops[:, None]) >= 9.0 * dz.max()  # there slopes differ by less than SLOPING allows
    assert far.any()
    assert (share[:2][far] == 0.0).all()
    assert (share[2:4][far] == 0.0).all()
    assert (share[:4, [0, 1, -2, -1]] == 0.0).all()
    share = share[2:]
    assert (share[2:] == 0.0).all()
    assert (smooth(np.array([0.0, 1.0, 0.0]), np.ones(2)) == 0.0).all()   # too few to tell
