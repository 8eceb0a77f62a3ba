"""The (z, ln R) grid: nodes in z with one on the disc, one on every layer interface and one at the top; nodes in ln R."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Nodes `z` (cm, increasing, z[0] = 0) and rigidities `R` (GV, uniform in ln R).

    `segment` names, for every face (interval between two nodes), the stretch of z in which coefficients are smooth;
    `layer` the layer of the medium it lies in.  A face never straddles an interface.
    """

    z: np.ndarray
    R: np.ndarray
    layer: np.ndarray
    segment: np.ndarray

    @cached_property
    def dz(self):
        """Length of the intervals, shape (faces,)."""
        return np.diff(self.z)

    @cached_property
    def z_face(self):
        """Middle of the intervals, shape (faces,)."""
        return 0.5 * (self.z[1:] + self.z[:-1])

    @cached_property
    def volume(self):
        """Control volumes of the nodes, shape (nodes,); the disc and the top node have half ones."""
        half = 0.5 * self.dz
        return np.append(half, 0.0) + np.insert(half, 0, 0.0)

    @property
    def dx(self):
        """Spacing in ln R."""
        return float(np.log(self.R[-1] / self.R[0]) / (len(self.R) - 1))

    def derivative(self, values):
        """d/dz of face values, second order inside each segment; shape (..., faces) -> (..., faces).

        One-sided at the ends of a segment; zero in a segment of one face, which can only know a constant.
        """
        values = np.asarray(values, float)
        out = np.zeros_like(values)
        if not (values[..., 1:] != values[..., :-1]).any():
            return out
        for s in np.unique(self.segment):
            faces = np.flatnonzero(self.segment == s)
            if len(faces) > 1:
                order = 2 if len(faces) > 2 else 1
                part = values[..., faces]
                slope = np.gradient(part, self.z_face[faces], axis=-1, edge_order=order)
                flat = 1e-12 * np.abs(part).max(-1, keepdims=True) / self.dz[faces]  # rounding of a constant
                out[..., faces] = np.where(np.abs(slope) > flat, slope, 0.0)
        return out


def rigidities(R_min, R_max, cells):
    """Nodes in R, uniform in ln R, ends included."""
    return np.geomspace(R_min, R_max, cells + 1)


def make_grid(tops, kinks, cells, stretch, R_min, R_max, R_cells):
    """Grid with nodes on all layer `tops` and profile `kinks` (cm) and exactly `cells` intervals.

    `stretch` is the ratio of the last to the first spacing (1: uniform): z = H (e^{βξ} − 1)/(e^β − 1), β = ln stretch,
    with ξ uniform but for the small shifts that put the breaks on nodes.

    Raises ValueError when there are fewer intervals than segments.
    """
    tops = np.asarray(tops, float)
    height = tops[-1]
    breaks = np.unique(np.concatenate([[0.0], tops, [k for k in kinks if 0.0 < k < height]]))
    keep = np.insert(np.diff(breaks) > 1e-12 * height, 0, True)
    breaks = breaks[keep]
    breaks[-1] = height
    beta = np.log(stretch)
    xi = breaks / height if abs(beta) < 1e-9 else np.log1p(breaks / height * np.expm1(beta)) / beta
    at = np.rint(xi * cells).astype(int)
    for i in range(1, len(at)):  # every segment keeps at least one interval
        at[i] = max(at[i], at[i - 1] + 1)
    at[-1] = cells
    for i in range(len(at) - 2, 0, -1):
        at[i] = min(at[i], at[i + 1] - 1)
    if np.any(np.diff(at) < 1):
        raise ValueError(f"{cells} intervals cannot resolve {len(breaks) - 1} segments in z")
    xi = np.interp(np.arange(cells + 1), at, xi)
    z = height * (xi if abs(beta) < 1e-9 else np.expm1(beta * xi) / np.expm1(beta))
    z[at] = breaks
    segment = np.searchsorted(at, np.arange(cells), side="right") - 1
    middle = 0.5 * (z[1:] + z[:-1])
    layer = np.searchsorted(tops, middle)
    return Grid(z=z, R=rigidities(R_min, R_max, R_cells), layer=layer, segment=segment)
