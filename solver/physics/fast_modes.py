"""Scattering of cosmic rays by weak fast-mode turbulence: D_μμ and κ (Kempski & Quataert, App. A, eqs. A1–A3).

Gyroresonance (A1) and transit-time damping (A2) by the modes with k < k_max(θ) of `fast_mode_cascade`, with resonances
broadened by Δμ² = Ma (1 − μ²); the prefactor of A2 and A3 is the speed of the particle. With `anisotropic` the
integrands carry the spectrum's 1/sin(max(θ, θ_min(k))) (eq. 38) without renormalisation.

κ = ∞ at rigidities for which no wave is left, r_L max_θ(k_max cosθ) < 1: the gyroresonance then vanishes exponentially
as μ → 1 and A3 all but diverges (only the transit-time damping by modes with cosθ ≈ v_A/v would be left).
"""

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from solver import particles
from solver.constants import C
from solver.physics import anisotropic as an
from solver.physics.cache import code_tag, stored
from solver.physics.fast_mode_cascade import cascade, k_max, theta_c, theta_min
from solver.physics.fast_mode_integrals import GyroTable, TransitTable
from solver.physics.self_confinement import gyroradius
from solver.physics.validity import in_range, number, positive, warn

__all__ = ["k_max", "kappa", "pitch_angle_diffusion", "theta_c", "theta_min"]


@dataclass(frozen=True)
class _Level:
    """Fineness of the quadrature: panels of θ grow by `ratio`, of 1 − μ halve down to 2^−depth; points per panel."""

    ratio: float
    theta_points: int
    mu_points: int
    depth: int
    fineness: float
    tolerance: float  # of a polynomial through ln k_max on each panel


_SMALLEST_MA = 1e-4  # panels in μ grow in number as Ma^(−1/2)
_LEVELS = (
    _Level(1.5, 6, 4, 8, 1.5, 3e-3),
    _Level(1.4, 7, 5, 10, 1.2, 3e-4),
    _Level(1.3, 8, 7, 13, 0.9, 3e-5),
    _Level(1.2, 8, 9, 17, 0.7, 3e-6),
)


def _panels(edges, points):
    """Gauss–Legendre nodes and weights on consecutive panels."""
    node, weight = np.polynomial.legendre.leggauss(points)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


@lru_cache(maxsize=16)
def _angles(modes, smallest, level):
    """θ nodes, weights and k_max L: panels end at the kinks of k_max and are halved until a polynomial follows it."""
    probe = np.geomspace(1e-4, 1, 80)
    moved = np.abs(np.log(modes.x_max(probe) / modes.x_max(0.0))) > 0.05
    low = probe[np.argmax(moved)] if moved.any() else 0.1
    small = np.geomspace(low, 1.0, 2 + int(np.log(1 / low) / np.log(level.ratio)))
    # towards ξ = 0 only transit-time damping counts; finer where weakly damped modes make its resonance matter
    far = modes.x_max(np.arccos(np.geomspace(0.3, smallest, 60))).max() > 1e7
    cosine = np.geomspace(np.cos(1.0), smallest, 2 + int(np.log(0.54 / smallest) / np.log(level.ratio) / (2 - far)))
    ends = [0.0, low / 4, low / 2, np.pi / 2]
    edges = np.unique(np.concatenate([ends, small, np.arccos(cosine[1:]), modes.kinks()]))
    edges = edges[np.append(True, np.diff(edges) > 1e-9)]
    n = level.theta_points
    node = np.polynomial.legendre.leggauss(n)[0]
    # values at the nodes predict those half-way between them
    between = np.concatenate([[-1.0], (node[1:] + node[:-1]) / 2, [1.0]])[1:-1]
    predict = np.linalg.solve(np.vander(node).T, np.vander(between, n).T).T
    for _ in range(7):
        left, half = edges[:-1], np.diff(edges) / 2
        value = np.log(modes.x_max(left[:, None] + half[:, None] * (1 + node)))
        exact = np.log(modes.x_max(left[:, None] + half[:, None] * (1 + between)))
        bad = np.abs(value @ predict.T - exact).max(axis=1) > level.tolerance
        if not bad.any():
            break
        edges = np.sort(np.concatenate([edges, (left + half)[bad]]))
    theta, weight = _panels(edges, n)
    return theta, weight, modes.x_max(theta)


def _cosines(Ma, level):
    """μ nodes and weights on (0, 1): panels halve towards 1 and follow the exponentials in D_μμ, steep for small Ma."""
    first = np.linspace(0, 0.5, 1 + max(1, int(np.ceil(0.5 / (0.7 * np.sqrt(Ma))))))
    edges = np.concatenate([first, 1 - 0.5 ** np.arange(2, level.depth), [1.0]])
    transit = edges[:-1] ** 2 / (1 - edges[:-1] ** 2) / Ma  # exponent of transit-time damping
    steep = (edges[1:-1] < 0.95) & (transit[:-1] < 15)
    parts = np.append(np.where(steep, np.ceil(np.diff(transit) / 3.5), 1), 1).astype(int)
    pieces = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(edges[:-1], edges[1:], parts, strict=True)]
    return _panels(np.concatenate([*pieces, [1.0]]), level.mu_points)


def _gyroresonance(modes, r, mu, smallest, level):
    """∫dξ ∫dx x^(−5/2) ξ/Δμ J₁'² exp(…) of eq. A1 (times 1/sinθ if anisotropic) for r = r_L/L (nR,): (nR, nμ)."""
    theta, weight, x_max = _angles(modes, smallest, level)
    xi = np.cos(theta)
    scale = r[:, None] * xi
    measure = weight * np.sin(theta) * xi
    low = 1 / (scale * x_max)
    # pieces of the spectrum: bounds in q, powers, coefficients (nR, nθ)
    if modes.anisotropic:
        options = modes.Ma, modes.wandering, modes.Ma_alfven
        start = np.maximum(an.x_of_theta_min(theta, *options), 1.0)
        pieces: list[tuple] = [(low, 1 / (scale * start), (0.0,), (measure * scale**1.5 / np.sin(theta),))]
        for x_low, x_high, powers, factors in an.spectrum_segments(modes.Ma, x_max.max() * (1 + 1e-9), *options[1:]):
            upper = np.minimum(np.minimum(start, x_max), x_high)
            terms = zip(powers, factors, strict=True)
            coefficients = [measure * factor * scale ** (1.5 - power) for power, factor in terms]
            pieces.append((1 / (scale * upper), 1 / (scale * x_low), powers, coefficients))
    else:
        pieces = [(low, 1 / scale, (0.0,), (measure * scale**1.5,))]
    powers = tuple(sorted({power for piece in pieces for power in piece[2]}))
    result = np.zeros((r.size, mu.size))
    for j, cosine in enumerate(mu):
        B = GyroTable(theta, cosine, modes.Ma, powers, level.fineness)
        top = B.q[-1]
        for q_low, q_high, own, coefficients in pieces:
            rows = np.flatnonzero((q_low < np.minimum(q_high, top)).any(axis=1))
            if not rows.size:
                continue
            from_low = B(q_low[rows])
            cut = np.flatnonzero((q_high[rows] < top).any(axis=1))
            to_high = B(q_high[rows[cut]])
            used = q_low[rows] < q_high[rows]
            for power, coefficient in zip(own, coefficients, strict=True):
                k = powers.index(power)
                value = from_low[k]
                value[cut] -= to_high[k]
                result[rows, j] += np.sum(np.where(used, value * coefficient[rows], 0.0), axis=1)
    return result


def _transit_time(modes, r, ratio, mu, smallest, level):
    """∫dξ ∫dx x^(−5/2) ξ/Δμ J₁² exp(…) of eq. A2 (times 1/sinθ if anisotropic), ratio = v_A/v: (nR, nμ)."""
    theta, weight, x_max = _angles(modes, smallest, level)
    xi, log_sine, s = np.cos(theta), np.log(np.sin(theta)), np.sqrt((1 - mu) * (1 + mu))
    factor = None
    if modes.anisotropic:
        options = modes.Ma, 1.0, modes.wandering, modes.Ma_alfven
        grid = np.arange(0, np.log(x_max.max()) + 0.02, 0.01)
        smallest_angle = an.theta_min(np.exp(grid), *options)

        def factor(x, i):
            return 1 / np.sin(np.maximum(theta[i], np.interp(np.log(x), grid, smallest_angle)))

    K = TransitTable(x_max, r.min() * np.sin(theta.min()) * s.min(), r.max(), factor)
    measure = weight * np.sin(theta) * xi
    log_rho = np.log(r)[:, None] + log_sine
    resonance = ratio[:, None] / xi
    result = np.empty((r.size, mu.size))
    for j, cosine in enumerate(mu):
        width = np.sqrt(modes.Ma) * s[j]
        gauss = np.exp(-np.minimum(((cosine - resonance) / width) ** 2, 650)) / width
        result[:, j] = (K(log_rho + np.log(s[j])) * gauss) @ measure
    return result


def _kappa(modes, r, ratio, level):
    """κ/(v L) of eq. A3 for r = r_L/L and ratio = v_A/v, shapes (nR,)."""
    mu, weight = _cosines(modes.Ma, level)
    smallest = _smallest_cosine(ratio)
    total = _cached_gyroresonance(modes, r.tobytes(), smallest, level)
    total = total + _transit_time(modes, r, ratio, mu, smallest, level)
    s2 = (1 - mu) * (1 + mu)
    # D_μμ = (v/L) Ma² √π/2 s²/r² · total
    integrand = s2 / np.maximum(total, 1e-280)
    integrand[total < 1e-280] = np.inf
    return r**2 * (integrand @ weight) / (2 * np.sqrt(np.pi) * modes.Ma**2)


@lru_cache(maxsize=8)
def _cached_gyroresonance(modes, r, smallest, level):
    """Gyroresonance does not know the particle's speed: nuclei at equal rigidities share it."""
    return _gyroresonance(modes, np.frombuffer(r), _cosines(modes.Ma, level)[0], smallest, level)


def _smallest_cosine(ratio):
    """Where panels towards ξ = 0 stop: below the transit-time resonance v_A/v of the fastest particles, c."""
    return float(min(10 ** np.floor(np.log10(ratio.min() / 2)), 0.1))


def kappa(R, plasma, Ma, L, nucleus=particles.PROTON, *, rtol=1e-4, cache=False, **options):
    """Spatial diffusion coefficient κ = (v²/4) ∫₀¹ dμ (1 − μ²)²/(D^G + D^T) [cm²/s] (eq. A3); shape of R.

    R [GV]; plasma: one `Plasma` (scalars); Ma = δV/v_A at the outer scale L [cm]; nucleus: its speed at R enters v and
    v_A/v. options (`cascade`): anisotropic (Sec. 5.2), damping "full", "viscous" or "none" (Sec. 6.3), wandering,
    Ma_alfven. inf where no wave is left. The quadrature is refined until two levels agree to rtol (>= 1e-6);
    cache=True keeps the table on disk (`solver.physics.cache`).
    ValueError: values not finite or not > 0, v_A >= c, Ma < 1e-4. `ValidityWarning`: plasma beta > 1, Ma > 1, r_L > L,
    or rtol not reached, with the difference left.
    """
    modes, flat, r, v, ratio = _setting(R, plasma, Ma, L, nucleus, options)
    rtol = max(number("rtol", rtol), 1e-6)
    if not flat.size:
        return np.empty(np.shape(R))
    if cache:
        inputs = {**asdict(modes), "r": r, "ratio": ratio, "rtol": rtol}
        table = stored("fast_modes", _code_tag(), inputs, lambda: _settled(modes, r, ratio, rtol))
    else:
        table = _settled(modes, r, ratio, rtol)
    left = int(np.sum(table["difference"] > rtol))
    if left:
        worst = table["difference"].max()
        warn(f"fast-mode kappa: levels of the quadrature differ by {worst:.2g} at {left} of {flat.size} rigidities")
    return (table["kappa"] * v * L).reshape(np.shape(R))[()]


def pitch_angle_diffusion(mu, R, plasma, Ma, L, nucleus=particles.PROTON, **options):
    """(D^G, D^T): D_μμ [1/s] by gyroresonance (eq. A1) and transit-time damping (eq. A2); shape of R, then that of mu.

    mu: cosines of the pitch angle, 0 < mu < 1; the rest, errors and warnings as `kappa` (without rtol and cache).
    """
    modes, _, r, v, ratio = _setting(R, plasma, Ma, L, nucleus, options)
    mu = in_range("mu", mu, 0, 1)
    cosines, level = np.ravel(mu), _LEVELS[2]
    if not r.size or not cosines.size:
        return (np.empty(np.shape(R) + np.shape(mu)),) * 2
    smallest = _smallest_cosine(ratio)
    factor = (v / L / r**2)[:, None] * modes.Ma**2 * np.sqrt(np.pi) / 2 * (1 - cosines) * (1 + cosines)
    gyro = factor * _gyroresonance(modes, r, cosines, smallest, level)
    transit = factor * _transit_time(modes, r, ratio, cosines, smallest, level)
    shape = np.shape(R) + np.shape(mu)
    return gyro.reshape(shape)[()], transit.reshape(shape)[()]


def _setting(R, plasma, Ma, L, nucleus, options):
    """The checked arguments of `kappa`: cascade, R flattened, r_L/L, v and v_A/v of the particles."""
    flat = np.ravel(positive("R", R))
    modes = cascade(plasma, Ma, L, **options)
    if modes.Ma < _SMALLEST_MA:
        raise ValueError(f"Ma must not be below {_SMALLEST_MA:g}, where resonances are too narrow to resolve, got {Ma:g}")
    v_A = float(plasma.alfven_speed)
    if v_A >= C:
        raise ValueError(f"the Alfvén speed must be below that of light, got {v_A:.3g} cm/s")
    r = np.asarray(gyroradius(flat, plasma.B) / L)
    if r.size and r.max() > 1:
        warn(f"gyroradii up to {r.max():.3g} outer scales: no wave of the cascade is in resonance")
    v = particles.speed(flat, nucleus)
    return modes, flat, r, v, v_A / v


def _settled(modes, r, ratio, rtol):
    """κ/(v L) and how much the last two levels of the quadrature differ, for r = r_L/L and ratio = v_A/v."""
    result, difference = np.full(r.shape, np.inf), np.zeros(r.shape)
    left = np.flatnonzero(r * modes.reach() >= 1)  # elsewhere no wave is left
    previous = None
    for level in _LEVELS:
        if not left.size:
            break
        new = _kappa(modes, r[left], ratio[left], level)
        result[left] = new
        if previous is not None:
            with np.errstate(invalid="ignore"):
                change = np.where(np.isinf(new) & np.isinf(previous), 0.0, np.abs(new / previous - 1))
            difference[left] = change
            left, new = left[change > rtol], new[change > rtol]
        previous = new
    return {"kappa": result, "difference": difference}


@lru_cache(maxsize=1)
def _code_tag():
    names = "fast_modes", "fast_mode_integrals", "fast_mode_cascade", "fast_mode_rates", "anisotropic"
    return code_tag("solver.constants", *(f"solver.physics.{name}" for name in names))
