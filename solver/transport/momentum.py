"""Conservative flux in ln p: second order, positive, exact for power laws.

A control volume of rate B = −(ṗ/p) integrated over z (cm/s, downwards positive) moves N = p³f across the momentum face
x_{k−1/2} as G = B N_face.  The face value comes from the two cells upwind, extrapolated linearly in ln N,

    N_face = N_near √(N_near/N_far),

which is exact for any power law, second order for any smooth spectrum and never negative.  It is homogeneous of degree
one, so N_face = ψ₁ N_near + ψ₂ N_far with its own derivatives ψ₁, ψ₂: a Newton step is the linear step with these weights.
Where N_far is so small that the extrapolation would run away it continues along its tangent.

Cell contents are N_k w with w = 2 sinh(σ dx/2)/σ, the exact integral of the reference power law N ∝ e^{−σx}, σ = slope − 3,
so a source of that slope is integrated exactly and eq. 3 comes out to rounding.
"""

from dataclasses import dataclass

import numpy as np

STEEPEST = 0.25  # N_far/N_near (relative to the reference) below which the extrapolation is continued linearly


def cell_width(sigma, dx):
    """∫ e^{−σ(x − x_k)} dx over a cell of width dx."""
    return dx if abs(sigma * dx) < 1e-8 else 2.0 * np.sinh(0.5 * sigma * dx) / sigma


def face_weights(near, far):
    """ψ₁, ψ₂ of the log-linear extrapolation from `near` and `far` (relative to the reference spectrum)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        r = np.abs(far) / np.abs(near)
    r = np.where(np.isnan(r), 1.0, np.clip(r, STEEPEST, 1e200))
    root = 1.0 / np.sqrt(r)
    return 1.5 * root, -0.5 * root / r


def face_share(near, far):
    """N_face/N_near of the same extrapolation, as weights (share, 0): a linearisation that keeps every iterate positive."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        r = np.minimum(np.abs(far) / np.abs(near), 1e200)
    one, two = face_weights(near, far)
    return one + two * np.where(np.isnan(r), 1.0, r), 0.0


@dataclass(frozen=True)
class MomentumFlux:
    """Stencil of one species: `gain` of row k is the sum over offsets of coefficient[offset] f_{k+offset}.

    sigma: reference slope of N = p³f; dx: spacing in ln p; open_end: False stops the spectrum beyond the grid (no inflow),
    True continues it with the reference slope; at the upper end steeper by `steeper` and by `losing` times the slope of B,
    `losing` being the share of losses in what removes cosmic rays there: a source N ∝ e^{−σx} makes a spectrum steeper by the
    slope of the escape speed where all escape, but G = B N ∝ e^{−σx} where all are lost (see `scales.above_the_grid`).
    """

    sigma: float
    dx: float
    open_end: bool = True
    losing: float = 0.0
    steeper: float = 0.0

    @property
    def width(self):
        return cell_width(self.sigma, self.dx)

    def _steeper(self, down):
        """By how much more than the reference N falls over half of the highest cell, (nodes,)."""
        low, high = down[-2], down[-1]
        ratio = np.divide(high, low, out=np.ones_like(low), where=(low > 0) & (high > 0))
        return np.exp(0.5 * self.dx * self.steeper) * ratio ** (0.5 * self.losing)

    def coefficients(self, B, f=None, opening=1.0, weights=face_weights):
        """{offset: (R, nodes)} for rates B (R + 1 faces, nodes); f (R, nodes) supplies ψ (None: that of the reference).

        gain_k = (G_{k+1/2} − G_{k−1/2})/(w p_k³); only offsets that are used are returned.  `opening` is the share of what
        heating brings in through an open lowest face: it feeds on the row it feeds, so a solve may have to approach it.
        `weights`: face_weights, or face_share for the same flux by other coefficients.
        """
        n = B.shape[0] - 1
        e3, up = np.exp(3.0 * self.dx), np.exp(0.5 * self.sigma * self.dx)
        out = {}

        def add(offset, rows, value):
            if offset not in out:
                out[offset] = np.zeros((n, B.shape[1]))
            out[offset][rows] += value / self.width

        rising = np.exp(self.sigma * self.dx)  # reference N_k/N_{k+1}
        growth = None if f is None else np.exp((self.sigma + 3.0) * self.dx)
        down, heat = np.maximum(B, 0.0), np.minimum(B, 0.0)
        if down.any():
            steeper = self._steeper(down)
            a, b = np.full(down[1:].shape, 1.5 * up), np.full((n, 1), -0.5 * up * rising)
            if f is not None:
                w1, w2 = weights(f[:-1], f[1:] * growth)
                a, b = np.empty_like(f), np.empty_like(f)
                a[:-1], b[:-1] = w1 * up, w2 * up * rising
            a[-1], b[-1] = up * steeper, 0.0  # no neighbour above
            add(0, slice(None), -down[:-1] * a)
            add(1, slice(None), -down[:-1] * b * e3)
            add(1, slice(None, -1), down[1:-1] * a[1:] * e3)
            add(2, slice(None, -1), down[1:-1] * b[1:] * e3 * e3)
            if self.open_end:
                add(0, slice(-1, None), down[-1:] / (up * steeper))
        if heat.any():
            a, b = np.full((n, 1), 1.5 / up), np.full((n, 1), -0.5 / up / rising)
            if f is not None:
                w1, w2 = weights(f[1:], f[:-1] / growth)
                a, b = np.empty_like(f), np.empty_like(f)
                a[1:], b[1:] = w1 / up, w2 / up / rising
            a[0], b[0] = 1.0 / up, 0.0
            add(0, slice(None), heat[1:] * a)
            add(-1, slice(None), heat[1:] * b / e3)
            add(-1, slice(1, None), -heat[1:-1] * a[:-1] / e3)
            add(-2, slice(1, None), -heat[1:-1] * b[:-1] / e3 / e3)
            if self.open_end:
                add(0, slice(0, 1), -opening * heat[:1] * up)
        return {o: c for o, c in sorted(out.items()) if c.any()}

    def inflow(self, B, f):
        """What heating brings into the lowest cell from below the grid, f (nodes,) being that of the cell."""
        return -self.open_end * np.minimum(B[0], 0.0) * np.exp(0.5 * self.sigma * self.dx) * f / self.width

    def ends(self, B, f):
        """Downward flux through the lowest and the highest momentum face over p³ of the cell beside it, each (nodes,).

        With B and f as in `coefficients`; what the rows gain in all is the second less the first.
        """
        up, rising, e3 = np.exp(0.5 * self.sigma * self.dx), np.exp(self.sigma * self.dx), np.exp(3.0 * self.dx)
        growth = np.exp((self.sigma + 3.0) * self.dx)
        down, heat = np.maximum(B, 0.0), np.minimum(B, 0.0)
        low, high = np.zeros(f.shape[1]), np.zeros(f.shape[1])
        if len(f) > 1:
            w1, w2 = face_weights(f[0], f[1] * growth)
            low += down[0] * (w1 * up * f[0] + w2 * up * rising * e3 * f[1])
            w1, w2 = face_weights(f[-1], f[-2] / growth)
            high += heat[-1] * (w1 / up * f[-1] + w2 / up / rising / e3 * f[-2])
        else:
            low += down[0] * up * self._steeper(down) * f[0]
            high += heat[-1] / up * f[-1]
        if self.open_end:
            low += heat[0] * up * f[0]
            high += down[-1] / (up * self._steeper(down)) * f[-1]
        return low, high
