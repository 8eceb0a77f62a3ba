"""How far the weak cascade of fast modes reaches: k_max(θ), θ_c(k), θ_min(k) (Kempski & Quataert, Sec. 3, 5.2, App. A).

A mode of pitch angle θ cascades until damping, averaged over the pitch angles θ ± δθ that field-line wandering gives it
within one cascade time, is as fast as the cascade (averaged likewise). The average is uniform in θ, with |sin| and
|cos| continued beyond 0 and π/2; viscous or collisionless damping is decided at the central θ; k_max is the first such
k. Modes that are never damped keep k_max = `UNDAMPED`/L.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from solver.physics import anisotropic as an
from solver.physics.fast_mode_rates import collisionless_angle_factor
from solver.physics.validity import in_range, number, positive, warn

UNDAMPED = 1e14  # kL of modes that nothing damps: beyond the gyroradius of any cosmic ray in reach
DAMPING = ("full", "viscous", "none")
_SCAN = 96  # points in ln k that look for the first crossing


@dataclass(frozen=True)
class Cascade:
    """The cascade in dimensionless form; make it with `cascade`.

    beta, Ma: plasma beta and δV/v_A at the outer scale; viscosity = ν_B/(L v_A) = β^½ l_mfp/L; transition = k_∥L where
    collisionless damping takes over, β^½ L/l_mfp; anisotropic: eqs. 36–39 in place of A4, A7; damping "full", "viscous"
    (no collisionless damping: the plasma echo of Sec. 6.3) or "none"; wandering "alfvenic", "fast modes" or "both";
    Ma_alfven: Alfvénic Mach number of the turbulence that bends the field lines (`anisotropic.alfvenic_factor`).
    """

    beta: float
    Ma: float
    viscosity: float
    transition: float
    anisotropic: bool = False
    damping: str = "full"
    wandering: str = "alfvenic"
    Ma_alfven: float = 1.0

    def spread(self, x, theta):
        """δθ(kL, θ) [rad], at most π/2: eq. A7, 39 or 40."""
        if self.anisotropic:
            return an.wandering_angle(x, theta, self.Ma, 1.0, self.wandering, self.Ma_alfven)
        inverse = 1 / (self.Ma**2 * np.sqrt(x))
        bent = an.alfvenic_factor(self.Ma_alfven) * inverse
        alfvenic = np.sqrt(np.cos(theta) * bent + (np.sin(theta) * bent) ** (2 / 3))
        fast = np.sqrt(self.Ma) * x**-0.125
        return np.minimum(an.choose_wandering(self.wandering, alfvenic, fast), np.pi / 2)

    def damping_excess(self, x, theta, viscous):
        """ln(⟨Γ⟩/⟨1/τ_casc⟩) at kL = x for θ in [0, π/2], with viscous (else collisionless) damping."""
        delta = self.spread(x, theta)
        cascade = _mean_sine(theta, delta) if self.anisotropic else 1.0
        if viscous:
            rate = self.viscosity / (6 * self.Ma**2) * x**1.5 * _mean_sine_squared(theta, delta)
        else:
            factor = _CollisionlessTable.of(self.beta).mean(theta, delta)
            rate = np.sqrt(np.pi * self.beta) / (4 * self.Ma**2) * np.sqrt(x) * factor
        return np.log(np.maximum(rate / cascade, 1e-300))

    def x_max(self, theta):
        """k_max(θ) L, between 1 (damped at the outer scale) and `UNDAMPED`; theta in [0, π/2], any shape."""
        theta = np.asarray(theta, dtype=float)
        flat = np.minimum(theta.ravel(), np.pi / 2)
        result = np.full(flat.shape, UNDAMPED)
        if self.damping != "none":
            change = np.clip(self.transition / np.maximum(np.cos(flat), 1e-300), 1.0, UNDAMPED)
            collisionless = self._first_crossing(flat, change, np.full(flat.shape, UNDAMPED), viscous=False)
            if self.damping == "full":
                result = collisionless
            viscous = self._first_crossing(flat, np.ones(flat.shape), change, viscous=True)
            result = np.where(viscous < change, viscous, result)
        return result.reshape(theta.shape)

    def _first_crossing(self, theta, low, high, viscous):
        """First x in [low, high] where damping is as fast as the cascade (low if already there), high if nowhere."""
        result, open_ = high.copy(), np.flatnonzero(high > low)
        theta, a, b = theta[open_], np.log(low[open_]), np.log(high[open_])
        position = np.linspace(0, 1, _SCAN)
        scan = a[:, None] + (b - a)[:, None] * position
        excess = self.damping_excess(np.exp(scan), theta[:, None], viscous)
        first = np.argmax(excess >= 0, axis=1)
        found = excess[np.arange(first.size), first] >= 0
        result[open_[found]] = low[open_[found]]  # those with first > 0 follow
        inner = np.flatnonzero(found & (first > 0))
        right = scan[inner, first[inner]], excess[inner, first[inner]]
        left = scan[inner, first[inner] - 1], excess[inner, first[inner] - 1]
        root = _root(lambda u, i: self.damping_excess(np.exp(u), theta[inner[i]], viscous), *left, *right)
        result[open_[inner]] = np.exp(root)
        return result

    def kinks(self):
        """Angles in (0, π/2), ascending, where k_max(θ) jumps or bends: a quadrature over θ is split there."""
        return _kinks(self)

    def reach(self):
        """Largest k_∥L = k_max cosθ L of any mode: no mode resonates with r_L/L below its inverse."""
        theta = np.concatenate([[0.0], np.geomspace(1e-4, np.pi / 2, 200), _kinks(self) - 1e-9])
        return float(np.max(self.x_max(theta) * np.cos(theta)))

    def _kind(self, theta, log_x):
        """What ends the cascade: 0 nothing, 1 collisionless, 2 the change of regime, 3 viscous damping, 4 at x = 1."""
        change = np.log(self.transition / np.maximum(np.cos(theta), 1e-300))
        kind = np.where(log_x > change + 1e-9, 1, np.where(log_x > change - 1e-9, 2, 3))
        kind = np.where(log_x <= 1e-12, 4, np.where(log_x >= np.log(UNDAMPED) - 1e-9, 0, kind))
        return kind + 10 * (self.spread(np.exp(log_x), theta) >= np.pi / 2)  # the spread has reached its bound


@lru_cache(maxsize=64)
def _kinks(modes):
    theta = np.unique(np.concatenate([np.geomspace(1e-4, 1, 200), np.pi / 2 - np.geomspace(1e-5, 0.6, 80)]))
    value = np.log(modes.x_max(theta))
    kind = modes._kind(theta, value)
    steep = np.abs(np.diff(value)) > 0.5
    cell = np.flatnonzero((kind[1:] != kind[:-1]) | steep)
    left, right = theta[cell], theta[cell + 1]
    v_left, v_right, k_left, k_right = value[cell], value[cell + 1], kind[cell], kind[cell + 1]
    for _ in range(34):
        middle = (left + right) / 2
        v = np.log(modes.x_max(middle))
        k = modes._kind(middle, v)
        # keep the half where the kind changes, otherwise the half with the larger step
        go_left = np.where(k_left != k_right, k != k_left, np.abs(v - v_left) > np.abs(v_right - v))
        left, right = np.where(go_left, left, middle), np.where(go_left, middle, right)
        v_left, v_right = np.where(go_left, v_left, v), np.where(go_left, v, v_right)
        k_left, k_right = np.where(go_left, k_left, k), np.where(go_left, k, k_right)
    real = (k_left != k_right) | (np.abs(v_left - v_right) > 1e-3)
    return np.unique(right[real])


def cascade(plasma, Ma, L, *, anisotropic=False, damping="full", wandering="alfvenic", Ma_alfven=1.0):
    """The `Cascade` of one plasma (scalar B, n, T) with amplitude Ma = δV/v_A at the outer scale L [cm].

    ValueError for arrays, Ma or L not finite and > 0, unknown options. `ValidityWarning` for plasma beta > 1 (the
    damping rates are derived for β ≪ 1) where damping is on, and for Ma > 1 (the cascade is not weak).
    """
    Ma, L, Ma_alfven = (number(*pair) for pair in (("Ma", Ma), ("L", L), ("Ma_alfven", Ma_alfven)))
    values = plasma.beta, plasma.mean_free_path
    if any(np.ndim(value) for value in values):
        raise ValueError("a cascade belongs to one plasma: B, n, T and mean_free_path must be scalars")
    beta, free_path = map(float, values)
    if damping not in DAMPING:
        raise ValueError(f"damping must be one of {', '.join(DAMPING)}, got {damping!r}")
    an.choose_wandering(wandering, 0.0, 0.0)
    if Ma > 1:
        warn(f"weak fast-mode turbulence needs Ma <= 1, got {Ma:.3g}")
    if damping != "none" and beta > 1:
        warn(f"damping of fast modes is derived for plasma beta << 1, got {beta:.3g}")
    root = np.sqrt(beta)
    numbers = beta, Ma, root * free_path / L, root * L / free_path
    return Cascade(*numbers, bool(anisotropic), damping, wandering, Ma_alfven)


def k_max(theta, plasma, Ma, L, **options):
    """Largest wavenumber [cm⁻¹] that modes of pitch angle theta in [0, π/2] reach; shape of theta.

    First k >= 1/L where ⟨damping⟩ >= ⟨cascade⟩; `UNDAMPED`/L where that never happens. Options and errors: `cascade`.
    """
    return cascade(plasma, Ma, L, **options).x_max(_quarter(theta)) / L


def theta_c(k, plasma, Ma, L, **options):
    """Critical pitch angle [rad] at wavenumber k >= 1/L [cm⁻¹]: modes with a smaller one all reach k (Figs. 3 and 7).

    0 where not even parallel modes do, π/2 where all do; shape of k. Options and errors: `cascade`.
    """
    modes = cascade(plasma, Ma, L, **options)
    x = positive("k", k) * L
    flat = np.ravel(x)
    theta = np.unique(np.concatenate([[0.0], np.geomspace(1e-4, np.pi / 2, 400), modes.kinks()]))
    lowest = np.minimum.accumulate(modes.x_max(theta))
    first = np.searchsorted(-lowest, -flat, side="right")  # first angle that does not reach k
    left, right = theta[np.maximum(first - 1, 0)], theta[np.minimum(first, theta.size - 1)]
    for _ in range(46):
        middle = (left + right) / 2
        reached = modes.x_max(middle) >= flat
        left, right = np.where(reached, middle, left), np.where(reached, right, middle)
    result = np.where(first == 0, 0.0, np.where(first == theta.size, np.pi / 2, left))
    return result.reshape(np.shape(x))[()]


def theta_min(k, Ma, L, *, anisotropic=False, wandering="alfvenic", Ma_alfven=1.0):
    """Smallest pitch angle [rad] a mode keeps over one cascade time, at most π/2 (Fig. 7 bottom); shape of k.

    Isotropic cascade: the spread of parallel modes itself (eq. 27 or 40); anisotropic: δθ(k, θ_min) = θ_min.
    """
    if anisotropic:
        return an.theta_min(k, Ma, L, wandering, Ma_alfven)
    Ma, x = positive("Ma", Ma), positive("k", k) * positive("L", L)
    alfvenic = np.sqrt(an.alfvenic_factor(Ma_alfven) / (Ma**2 * np.sqrt(x)))
    return np.minimum(an.choose_wandering(wandering, alfvenic, np.sqrt(Ma) * x**-0.125), np.pi / 2)


def _root(function, a, f_a, b, f_b):
    """Zero of function(u, index) in each bracket f_a < 0 <= f_b, to rounding: regula falsi with Illinois weights."""
    a, f_a, b, f_b = (np.array(value) for value in (a, f_a, b, f_b))
    root = b.copy()
    left = np.flatnonzero(f_b > 0)
    for _ in range(80):
        if not left.size:
            break
        u = (a[left] * f_b[left] - b[left] * f_a[left]) / (f_b[left] - f_a[left])
        f = function(u, left)
        moved = np.abs(u - root[left])
        same = f >= 0  # b moves and a stays: halve f_a if b moved before as well
        again = same == (root[left] == b[left])
        f_a[left[same & again]] /= 2
        f_b[left[~same & again]] /= 2
        b[left[same]], f_b[left[same]] = u[same], f[same]
        a[left[~same]], f_a[left[~same]] = u[~same], f[~same]
        root[left] = u
        left = left[(moved > 1e-13 * (1 + np.abs(u))) & (f != 0)]
    return root


def _quarter(theta):
    return np.clip(in_range("theta", theta, -1e-12, np.pi / 2 + 1e-12), 0, np.pi / 2)


def _mean_sine(theta, delta):
    """Mean of |sin| over θ ± δ for θ, δ in [0, π/2]; inside (0, π) sinθ sinδ/δ, which does not cancel for small δ."""
    high, low = theta + delta, theta - delta
    folded = (np.sin(high / 2) ** 2 + np.sin(low / 2) ** 2) / np.maximum(delta, 1e-300)
    return np.where(low >= 0, np.sin(theta) * np.sinc(delta / np.pi), folded)


def _mean_sine_squared(theta, delta):
    """Mean of sin² over θ ± δ."""
    return np.sin(theta) ** 2 + (1 - np.sinc(2 * delta / np.pi)) / 2 * np.cos(2 * theta)


class _CollisionlessTable:
    """Mean over θ ± δ of eq. A6's angle factor g: from its integral G, tabulated for a β; by quadrature for small δ."""

    _CELLS, _SMALL = 4096, 0.02

    def __init__(self, beta):
        self.beta = beta
        self.step = np.pi / 2 / self._CELLS
        self.node, self.weight = np.polynomial.legendre.leggauss(8)
        edge = np.linspace(0, np.pi / 2, self._CELLS + 1)
        inside = edge[:-1, None] + self.step * (1 + self.node) / 2
        area = collisionless_angle_factor(inside, beta) @ self.weight * self.step / 2
        self.integral = np.concatenate([[0.0], np.cumsum(area)])
        self.value = collisionless_angle_factor(edge, beta)

    @staticmethod
    @lru_cache(maxsize=64)
    def of(beta):
        """The table of a β, made once."""
        return _CollisionlessTable(beta)

    def mean(self, theta, delta):
        theta, delta = np.broadcast_arrays(theta, delta)
        result = np.empty(theta.shape)
        small = delta < self._SMALL
        t, d = theta[small], delta[small]
        result[small] = collisionless_angle_factor(t[:, None] + d[:, None] * self.node, self.beta) @ self.weight / 2
        t, d = theta[~small], delta[~small]
        result[~small] = (self._primitive(t + d) - self._primitive(t - d)) / (2 * d)
        return result

    def _primitive(self, angle):
        """G for angles in [−π/2, π]: odd, and continued beyond π/2 by g(π − θ) = g(θ)."""
        angle, sign = np.abs(angle), np.sign(angle)
        beyond = angle > np.pi / 2
        position = np.where(beyond, np.pi - angle, angle) / self.step
        i = np.clip(position.astype(int), 0, self._CELLS - 1)
        t = position - i
        rise = self.integral[i + 1] - self.integral[i]
        # cubic Hermite, with g as the derivative
        a, b = self.step * self.value[i] - rise, rise - self.step * self.value[i + 1]
        G = self.integral[i] + t * rise + t * (1 - t) * (a * (1 - t) + b * t)
        return sign * np.where(beyond, 2 * self.integral[-1] - G, G)
