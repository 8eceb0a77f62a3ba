"""The integrals over wavenumber in D_μμ (eqs. A1, A2), tabulated once and looked up for every rigidity.

With x = kL, r = r_L/L, y = xr the integrands do not know the rigidity, only their bounds y = r … r k_max(ξ)L do. For
gyroresonance use q = 1/(yξ), the cosine that resonates with k; with s² = 1 − μ², Δμ² = Ma s² and w = (s tanθ)/q

    ∫ dx x^(−5/2+p) J₁'²(w) exp(−(μ − 1/(xξr))²/Δμ²)/Δμ = (rξ)^(3/2−p) [B_p(q_min) − B_p(q_max)],
    B_p(q) = ∫_q^∞ dq' q'^(½−p) J₁'²(s tanθ/q') exp(−(q' − μ)²/Δμ²)/Δμ,   q_min = 1/(r k_max L ξ),  q_max = 1/(rξ).

p = 0 but for the spectrum of the anisotropic cascade (`anisotropic.spectrum_segments`). Transit-time damping needs
K_θ(ρ) = ∫_1^(k_max L) dx x^(−5/2) φ_θ(x) J₁²(xρ) at ρ = r s sinθ, with φ_θ the angular factor of the spectrum (1 if
isotropic). Tables hold logarithms and their slopes (cubic Hermite), so that tails have relative accuracy. Where w > 15
the squares of the Bessel functions are replaced by their means over a period, which changes κ by less than 1e-5.
"""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import j0, j1

_PER_UNIT = 1000
_LARGE = 15.0  # argument beyond which the squares of Bessel functions are averaged over their oscillation


@lru_cache(maxsize=1)
def _slope_squared_table():
    """J₁'² at steps of 1/_PER_UNIT up to _LARGE, and differences: linear interpolation is good to 1e-7 of J₁'(0)²."""
    w = np.arange(int(_LARGE * _PER_UNIT) + 2) / _PER_UNIT
    value = np.append(0.5, j0(w[1:]) - j1(w[1:]) / w[1:]) ** 2
    return value, np.append(np.diff(value), 0.0)


def slope_squared(w):
    """J₁'(w)², its mean over a period for w > 15; w >= 0, any shape."""
    value, rise = _slope_squared_table()
    position = np.minimum(w, _LARGE) * _PER_UNIT
    i = position.astype(np.int32)
    result = value[i] + (position - i) * rise[i]
    large = w > _LARGE
    u = 1 / w[large]
    result[large] = (1 - 0.125 * u * u) * u / np.pi
    return result


def square(w):
    """J₁(w)², its mean over a period for w > 15; w >= 0, any shape."""
    result = j1(np.minimum(w, _LARGE)) ** 2
    large = w > _LARGE
    u = 1 / w[large]
    result[large] = (1 + 0.375 * u * u) * u / np.pi
    return result


def _hermite(t, left, right, slope_left, slope_right):
    """Cubic on [0, 1] through two values with two slopes per cell."""
    rise = right - left
    return left + t * (rise + (1 - t) * ((slope_left - rise) * (1 - t) + (rise - slope_right) * t))


class GyroTable:
    """B_p(q) of one μ for many wave angles theta (nθ,), each p of `powers`."""

    def __init__(self, theta, mu, Ma, powers=(0.0,), fineness=1.0):
        s = np.sqrt((1 - mu) * (1 + mu))
        width = np.sqrt(Ma) * s
        self.q = q = _q_grid(mu, width, fineness)
        cells = np.diff(q)
        inner = (5**0.5 - 1) / (2 * 5**0.5)  # Gauss–Lobatto with four points: the edges are needed anyway
        points = np.concatenate([q[:-1] + inner * cells, q[1:] - inner * cells, q])
        gauss = np.exp(-np.minimum(((points - mu) / width) ** 2, 650)) / width
        common = slope_squared((np.tan(theta) * s)[:, None] / np.maximum(points, 1e-12)) * gauss
        self.row = np.arange(theta.size)
        self.tables = []
        for power in powers:
            b = common * points ** (0.5 - power)
            first, second, edge = b[:, : cells.size], b[:, cells.size : -q.size], b[:, -q.size :]
            area = (5 * (first + second) + edge[:, :-1] + edge[:, 1:]) * (cells / 12)
            rest = edge[:, -1:] * width**2 / (2 * (q[-1] - mu))  # tail of a Gaussian
            B = np.concatenate([area, rest], axis=1)[:, ::-1].cumsum(axis=1)[:, ::-1]
            slope = -edge / B
            self.tables.append((np.log(B).ravel(), (slope[:, :-1] * cells).ravel(), (slope[:, 1:] * cells).ravel()))

    def __call__(self, q):
        """B_p at q of shape (nR, nθ), a list over p."""
        q = np.minimum(q, self.q[-1])
        i = np.clip(np.searchsorted(self.q, q, side="right") - 1, 0, self.q.size - 2)
        t = (q - self.q[i]) / np.diff(self.q)[i]
        at = self.row * self.q.size + i
        cell = at - self.row
        return [np.exp(_hermite(t, log[at], log[at + 1], left[cell], right[cell])) for log, left, right in self.tables]


def _q_grid(mu, width, fineness):
    """Edges of cells in q that follow the Gaussian around μ and the oscillation of J₁' near q = 0."""
    low = 0.01 * min(1.0, mu + width)
    end = mu + width * np.sqrt(((1 - mu) / width) ** 2 + 20)  # the tail beyond is 1e-8 of that beyond q = 1
    edges = [0.0, low]
    while edges[-1] < end:
        q = edges[-1]
        edges.append(q + fineness * min(0.12 * q, 0.25 * (width + abs(q - mu) / 4)))
    return np.array(edges)


class TransitTable:
    """K_θ(ρ) for wave angles with reach x_max (nθ,), between two values of ρ.

    factor(x, i): angular factor of the spectrum at x (…, n) for the angles of index i; None for an isotropic spectrum.
    """

    _X_STEP, _STEP = 0.2, 0.1  # of ln x and ln ρ

    def __init__(self, x_max, rho_low, rho_high, factor=None):
        node, weight = np.polynomial.legendre.leggauss(4)
        reach = np.log(x_max)
        edge = np.arange(0, reach.max() + self._X_STEP, self._X_STEP)
        last = np.clip((reach / self._X_STEP).astype(int), 0, edge.size - 2)  # the cell in which k_max lies
        self.low = np.log(rho_low) - 2 * self._STEP
        log_rho = np.arange(self.low, np.log(rho_high) + 3 * self._STEP, self._STEP)
        rho = np.exp(log_rho)
        # whole cells: a matrix product
        u = (edge[:-1, None] + self._X_STEP * (1 + node) / 2).ravel()
        area = np.exp(-1.5 * u) * np.tile(weight, edge.size - 1) * self._X_STEP / 2
        whole = np.arange(u.size) // 4 < last[:, None]
        spectrum = np.where(whole, area if factor is None else area * factor(np.exp(u)[None, :], np.s_[:, None]), 0.0)
        K = spectrum @ square(np.exp(u)[:, None] * rho)
        # and the cell that k_max cuts
        part = reach - edge[last]
        u = edge[last][:, None] + part[:, None] * (1 + node) / 2
        area = np.exp(-1.5 * u) * weight * part[:, None] / 2
        area = area if factor is None else area * factor(np.exp(u), np.s_[:, None])
        K += np.einsum("tk,tkr->tr", area, square(np.exp(u)[:, :, None] * rho))
        log = np.log(np.maximum(K, 1e-290))
        slope = CubicSpline(log_rho, log, axis=1)(log_rho, 1) * self._STEP
        self.log, self.slope, self.offset = log.ravel(), slope.ravel(), log_rho.size * np.arange(reach.size)

    def __call__(self, log_rho):
        """K_θ at ln ρ of shape (nR, nθ)."""
        position = (log_rho - self.low) / self._STEP
        i = position.astype(np.int64)
        t = position - i
        i += self.offset
        return np.exp(_hermite(t, self.log[i], self.log[i + 1], self.slope[i], self.slope[i + 1]))
