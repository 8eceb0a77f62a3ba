"""A numerical error bar for every reported spectrum, from partner runs on a coarser grid and on wider rigidities."""

import numpy as np
import xarray as xr

from .labels import named

ORDER = 2                 # of the scheme, in z, in ln p and in t


def at_rigidities(f, R, targets):
    """f (..., R) at other rigidities: the node itself where there is one, else a cubic spline of ln f in ln R."""
    nearest = np.abs(np.log(R)[:, None] - np.log(targets)).argmin(axis=0)
    if np.allclose(R[nearest], targets, rtol=1e-9, atol=0):
        return f[..., nearest]
    from scipy.interpolate import CubicSpline

    f = np.asarray(f, float)
    positive = (f > 0).all(axis=-1)
    safe = np.where(positive[..., None], f, 1.0)
    smooth = np.exp(CubicSpline(np.log(R), np.log(safe), axis=-1)(np.log(targets)))
    plain = CubicSpline(np.log(R), f, axis=-1)(np.log(targets))
    return np.where(positive[..., None], smooth, plain)


def coarser(deck, processes=1):
    """The partner of `deck` for richardson_error: half the cells in z and R, but a rigidity for each process, and in time an
    error 4 times as large."""
    cells = deck.grid
    changes = {"grid.z_cells": max(cells.z_cells // 2, 2),
               "grid.rigidity_cells": max(cells.rigidity_cells // 2, 1, processes - 1)}
    if deck.time.end != "steady":
        changes["time.rtol"] = min(2.0**ORDER * deck.time.rtol, 0.5)
    return deck.replace(changes)


def wider(deck):
    """`deck` on rigidities that go on by a decade beyond both ends, the nodes of the narrower grid among its own."""
    grid = deck.grid
    low, high = float(grid.rigidity_min), float(grid.rigidity_max)
    step = np.log(high / low) / grid.rigidity_cells
    more = max(round(np.log(10.0) / step), 1)
    factor = float(np.exp(more * step))
    return deck.replace({"grid.rigidity_min": f"{low / factor!r} GV", "grid.rigidity_max": f"{high * factor!r} GV",
                         "grid.rigidity_cells": grid.rigidity_cells + 2 * more})


def richardson_error(fine, coarse, order=ORDER, wide=None):
    """Estimated relative error of the spectra of `fine` from a partner run on a coarser grid.

    |f_fine - f_coarse|/(r^order - 1) at the disc, r the ratio of step sizes; `order` is assumed, not measured.
    Between the rigidities of the coarse run the error is interpolated, and each estimate is the largest of three
    neighbours, so that a change of sign does not pass for a small error.  wide: the coarse run on rigidities that go on beyond
    both ends (`wider`): what that changes is the error of what is assumed there, and is added.
    Returns a Dataset: spectrum (species, rigidity), its part `ends`, the rest signed as `correction` (exact - fine)/fine, and
    boron_to_carbon (rigidity) where there is one.  Raises ValueError if `coarse` is not coarser.
    """
    a, b = fine.dataset, coarse.dataset
    ratios = [(len(a[d]) - 1) / (len(b[d]) - 1) for d in ("z", "rigidity")]
    if max(ratios) <= 1 or min(ratios) < 1:
        raise ValueError("the partner run must be coarser; its cells in z and R are longer by "
                         f"{ratios[0]:.3g} and {ratios[1]:.3g}")
    ratio = min(r for r in ratios if r > 1)
    R, R_coarse, gain = a.rigidity.values, b.rigidity.values, ratio**order - 1

    def change(x, y):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x != 0, (x - y) / x, np.where(y == 0, 0.0, np.nan))

    def estimate(name, at=()):
        """Size and sign of the grid's error, and the size of that of the ends."""
        x, y = at_rigidities(a[name].values[at], R, R_coarse), b[name].values[at]
        signed, ends = change(x, y) / gain, np.zeros_like(y)
        if wide is not None:
            ends = np.abs(change(y, at_rigidities(wide.dataset[name].values[at], wide.dataset.rigidity.values, R_coarse)))
        estimates = _largest_neighbour(np.abs(signed)), signed, ends
        return [np.apply_along_axis(lambda e: np.interp(np.log(R), np.log(R_coarse), e), -1, e) for e in estimates]

    disc = slice(None), 0
    size, signed, ends = estimate("f", disc)
    spectra = ("species", "rigidity")
    out = xr.Dataset({"spectrum": (spectra, size + ends, named("1", "estimated relative error of f and J at the disc")),
                      "ends": (spectra, ends, named("1", "its part from what is assumed beyond the ends of the rigidity grid")),
                      "correction": (spectra, signed, named("1", "estimated (exact - f)/f at the disc"))},
                     coords={"species": a.species.values, "rigidity": R})
    if "boron_to_carbon" in a and "boron_to_carbon" in b:
        size, _, ends = estimate("boron_to_carbon")
        values = size + ends
        out["boron_to_carbon"] = ("rigidity", values, named("1", "estimated relative error of boron_to_carbon"))
    method = f"two grids, Richardson, order {order} assumed" + ("" if wide is None else "; a wider one for its ends")
    return out.assign_attrs(method=method, order_assumed=order, refinement_ratio=ratio)


def _largest_neighbour(values):
    """The largest of each value and its two neighbours along the last axis; nan only where all are."""
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(1, 1)], constant_values=np.nan)
    return np.fmax(np.fmax(padded[..., :-2], padded[..., 1:-1]), padded[..., 2:])
