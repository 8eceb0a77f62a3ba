"""The grid for random stacks of layers: nodes on every interface and kink, as many intervals as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.transport.grid import make_grid

EPS = np.finfo(float).eps

stacks = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6).map(np.cumsum)
inner = st.lists(st.floats(0.0, 1.0), max_size=4)
sizes = st.integers(12, 200)
stretches = st.one_of(st.just(1.0), st.floats(0.02, 50.0))


def built(tops, where, cells, stretch, unit=3.1e21):
    tops = np.asarray(tops) * unit
    kinks = [w * tops[-1] for w in where]
    return tops, kinks, make_grid(tops, kinks, cells, stretch, 1.0, 100.0, 10)


@given(stacks, inner, sizes, stretches)
@settings(deadline=None, max_examples=300)
def test_nodes_on_every_interface_and_kink(tops, where, cells, stretch):
    """To the bit, but for breaks closer together than a part in 10¹² of the height, which are one."""
    tops, kinks, grid = built(tops, where, cells, stretch)
    assert grid.z[0] == 0.0
    assert grid.z[-1] == tops[-1]
    for height in (*tops, *kinks):
        assert np.abs(grid.z - height).min() <= 1e-12 * tops[-1]


@given(stacks, inner, sizes, stretches)
@settings(deadline=None, max_examples=300)
def test_exactly_the_asked_number_of_intervals_in_order(tops, where, cells, stretch):
    tops, _, grid = built(tops, where, cells, stretch)
    assert len(grid.dz) == len(grid.layer) == len(grid.segment) == cells
    assert np.all(grid.dz > 0)
    assert len(grid.R) == 11
    assert grid.R[0] == 1.0
    assert grid.R[-1] == pytest.approx(100.0, rel=4 * EPS)
    np.testing.assert_allclose(np.diff(np.log(grid.R)), grid.dx, rtol=40 * EPS)


@given(stacks, inner, sizes, stretches)
@settings(deadline=None, max_examples=300)
def test_faces_know_their_layer_and_never_straddle_one(tops, where, cells, stretch):
    tops, _, grid = built(tops, where, cells, stretch)
    bottoms = np.insert(tops[:-1], 0, 0.0)
    tolerance = 1e-12 * tops[-1]
    assert np.all(grid.z[:-1] >= bottoms[grid.layer] - tolerance)
    assert np.all(grid.z[1:] <= tops[grid.layer] + tolerance)
    assert np.all(np.diff(grid.segment) >= 0)
    assert set(np.diff(grid.segment)) <= {0, 1}
    assert np.all((np.diff(grid.layer) == 0) | (np.diff(grid.segment) == 1))


@given(stacks, inner, sizes, stretches)
@settings(deadline=None, max_examples=300)
def test_control_volumes_fill_the_height(tops, where, cells, stretch):
    """Half volumes on the disc and at the top; the sum is the height, to rounding of `cells` additions."""
    tops, _, grid = built(tops, where, cells, stretch)
    assert np.all(grid.volume > 0)
    assert grid.volume.sum() == pytest.approx(tops[-1], rel=cells * EPS)
    assert grid.volume[0] == grid.dz[0] / 2
    assert grid.volume[-1] == grid.dz[-1] / 2


@given(stacks, st.integers(0, 7))
@settings(deadline=None, max_examples=200)
def test_too_few_intervals_are_refused_and_just_enough_are_not(tops, number):
    tops = np.unique(tops)
    segments = len(tops)
    assert np.all(make_grid(tops, [], segments, 1.0, 1.0, 10.0, 4).dz > 0)
    if segments > 1:
        fewer = 1 + number % (segments - 1)
        with pytest.raises(ValueError, match=f"{fewer} intervals cannot resolve {segments} segments"):
            make_grid(tops, [], fewer, 1.0, 1.0, 10.0, 4)


@pytest.mark.parametrize("stretch", [0.05, 1.0, 30.0])
def test_one_layer_is_stretched_by_the_asked_ratio(stretch):
    """z = H (e^{βξ} − 1)/(e^β − 1): successive intervals grow by stretch^{1/cells}, the last to the first by
    stretch^{(cells−1)/cells}.
    """
    grid = make_grid([2.0], [], 50, stretch, 1.0, 10.0, 4)
    np.testing.assert_allclose(grid.dz[1:] / grid.dz[:-1], stretch ** (1 / 50), rtol=1e-11)


@pytest.mark.parametrize("stretch", [1.0, 8.0])
def test_doubling_the_intervals_halves_each_where_the_breaks_fall_on_nodes(stretch):
    """What convergence studies rest on: one layer, or breaks at simple fractions, give nested grids."""
    coarse, fine = (make_grid([1.0], [], n, stretch, 1.0, 10.0, 4) for n in (16, 32))
    np.testing.assert_allclose(fine.z[::2], coarse.z, rtol=1e-13)
    coarse, fine = (make_grid([0.25, 1.0], [0.5], n, 1.0, 1.0, 10.0, 4) for n in (16, 32))
    np.testing.assert_allclose(fine.z[::2], coarse.z, rtol=1e-13)


# ---- derivatives of face values --------------------------------------------------------------------------------------

@pytest.mark.parametrize("stretch", [1.0, 5.0])
def test_derivative_is_exact_for_parabolas_in_each_segment(stretch):
    """Second order, one-sided at the breaks: a jump or kink there leaves no trace on either side."""
    grid = make_grid([1.0, 2.0], [0.5], 24, stretch, 1.0, 10.0, 4)
    z = grid.z_face
    kinked = np.choose(grid.segment, [1 + z - 2 * z**2, 3.0 * z, -4 + 0.7 * z**2])
    slope = np.choose(grid.segment, [1 - 4 * z, 3.0 + 0 * z, 1.4 * z])
    np.testing.assert_allclose(grid.derivative(kinked), slope, atol=1e-12)
    np.testing.assert_allclose(grid.derivative(np.stack([kinked, 2 * kinked])), [slope, 2 * slope], atol=2e-12)


def test_derivative_of_a_constant_is_zero_to_the_bit():
    """Constant coefficients switch the correction off: rounding must not switch it on."""
    grid = make_grid([1.0, 2.0], [0.5], 30, 3.0, 1.0, 10.0, 4)
    value = np.choose(grid.segment, [0.1, 1 / 3, 4e7 / 3])
    assert not grid.derivative(value * (1 + 2 * EPS * (np.arange(30) % 2))).any()


def test_derivative_in_short_segments():
    """Two faces give their difference, one face can only know a constant."""
    grid = make_grid([1.0, 2.0, 3.0], [], 4, 1.0, 1.0, 10.0, 4)
    value = 2.0 * grid.z_face
    counts = np.bincount(grid.segment)
    expected = np.where(counts[grid.segment] > 1, 2.0, 0.0)
    np.testing.assert_allclose(grid.derivative(value), expected, rtol=1e-14)
