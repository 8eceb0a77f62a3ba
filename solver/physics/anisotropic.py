"""Rates and angles of the anisotropic weak cascade of fast modes at low β (Kempski & Quataert, Sec. 5.2, eqs. 36–40).

Quasi-parallel modes are hardly compressive: they cascade slowly, carry more power and meet more field-line wandering.
Arguments as in `fast_mode_rates`: k [cm⁻¹], theta [rad], Ma = δV/v_A at the outer scale L [cm] for modes with sinθ ~ 1,
floats or arrays that broadcast; ValueError where k, Ma or L is not finite and > 0, or theta is not in (0, π).
"""

from itertools import pairwise

import numpy as np

from solver.physics.validity import finite, in_range, number, positive


def _sine(theta):
    return np.sin(in_range("theta", theta, 0, np.pi))


def compressive_fraction(theta, beta):
    """δv_∥/δv_⊥ ~ β sinθ cosθ of a fast mode at low β (text before eq. 36). Dimensionless."""
    theta = finite("theta", theta)
    return positive("beta", beta) * np.sin(theta) * np.cos(theta)


def amplitude(k, theta, Ma, L):
    """δv/v_ph = Ma (kL)^(−1/4) (sinθ)^(−1/2) for an energy transfer rate that does not depend on angle (eq. 37)."""
    return positive("Ma", Ma) * (positive("k", k) * positive("L", L)) ** -0.25 / np.sqrt(_sine(theta))


def cascade_rate(k, theta, plasma, Ma, L):
    """1/τ_casc = k δv²/v_ph sin²θ (eq. 36) = (k/L)^½ Ma² v_A sinθ with eq. 37 [s⁻¹]."""
    return np.sqrt(positive("k", k) / positive("L", L)) * positive("Ma", Ma) ** 2 * plasma.alfven_speed * _sine(theta)


def spectrum_factor(k, theta, Ma, L, wandering="alfvenic", Ma_alfven=1.0):
    """1/sin(max(θ, θ_min(k))): of P ∝ k^(−3/2)/sinθ (eq. 38), kept finite by field-line wandering."""
    smallest, theta = theta_min(k, Ma, L, wandering, Ma_alfven), finite("theta", theta)
    return 1 / np.sin(np.maximum(np.minimum(theta, np.pi - theta), smallest))


def wandering_angle(k, theta, Ma, L, wandering="alfvenic", Ma_alfven=1.0):
    """Spread of pitch angle in one cascade time [rad], with θ floored at θ_min(k) and the result at most π/2.

    wandering = "alfvenic": δθ = (Ma² (kL)^½ sinθ/ε)^(−1/2) (eq. 39; ε = `alfvenic_factor`, 1 in the paper);
    "fast modes": (Ma²/((kL)^½ sin³θ))^¼ (eq. 40); "both": the larger of the two.
    """
    Ma, x, theta = positive("Ma", Ma), positive("k", k) * positive("L", L), finite("theta", theta)
    smallest = theta_min(k, Ma, L, wandering, Ma_alfven)
    sine = np.sin(np.maximum(np.minimum(theta, np.pi - theta), smallest))
    alfvenic = np.sqrt(alfvenic_factor(Ma_alfven) / (Ma**2 * np.sqrt(x) * sine))
    fast = np.sqrt(Ma) * (x * sine**6) ** -0.125
    return np.minimum(choose_wandering(wandering, alfvenic, fast), np.pi / 2)


def alfvenic_factor(Ma_alfven):
    """Energy flux of the Alfvénic cascade over v_A³/L: Ma_Alf⁴ for weak (Ma_Alf <= 1), Ma_Alf³ for strong driving.

    Field lines bend by (ε l_∥/L)^½ over a distance l_∥ and (ε l_⊥/L)^⅓ over l_⊥, which gives eqs. 27, 39 and A7 for
    ε = 1 and l = v_A τ_casc; the paper has Ma_Alf ~ 1 only.
    """
    return np.exp(_log_alfvenic_factor(Ma_alfven))


def _log_alfvenic_factor(Ma_alfven):
    log = np.log(positive("Ma_alfven", Ma_alfven))
    return np.where(log <= 0, 4 * log, 3 * log)[()]


def choose_wandering(wandering, alfvenic, fast_modes):
    """The value that belongs to the kind of field-line wandering; ValueError for an unknown kind."""
    if wandering == "alfvenic":
        return alfvenic
    if wandering == "fast modes":
        return fast_modes
    if wandering == "both":
        return np.maximum(alfvenic, fast_modes)
    raise ValueError(f"wandering must be 'alfvenic', 'fast modes' or 'both', got {wandering!r}")


def theta_min(k, Ma, L, wandering="alfvenic", Ma_alfven=1.0):
    """Smallest well-defined pitch angle: δθ(k, θ_min) = θ_min, at most π/2 [rad] (after eq. 39).

    At small angles (Ma² (kL)^½)^(−1/3) ∝ k^(−1/6) for Alfvénic wandering. Shape of k, Ma, L broadcast together.
    """
    Ma, log_x = positive("Ma", Ma), np.log(positive("k", k)) + np.log(positive("L", L))
    alfvenic = _solve(2, 1, _log_alfvenic_factor(Ma_alfven) - 2 * np.log(Ma) - log_x / 2)  # θ² sinθ = ε/(Ma² x^½)
    fast = _solve(1, 0.75, np.log(Ma) / 2 - log_x / 8)  # θ sin^(3/4)θ = Ma^½ x^(−1/8)
    return choose_wandering(wandering, alfvenic, fast)


def x_of_theta_min(theta, Ma, wandering="alfvenic", Ma_alfven=1.0):
    """kL at which θ_min(k) = theta in (0, π/2]: modes of that pitch angle are well defined beyond it."""
    theta, Ma = in_range("theta", theta, 0, np.nextafter(np.pi / 2, 2)), positive("Ma", Ma)
    alfvenic = (alfvenic_factor(Ma_alfven) / (Ma**2 * np.sin(theta) * theta**2)) ** 2
    fast = (Ma**2 / (theta**4 * np.sin(theta) ** 3)) ** 2
    return choose_wandering(wandering, alfvenic, fast)


def spectrum_segments(Ma, x_end, wandering="alfvenic", Ma_alfven=1.0):
    """1/sin θ_min as sums of powers of x = kL on 1 <= x <= x_end: tuple of (x_low, x_high, powers, coefficients).

    θ² sinθ ∝ x^(−1/2) makes 1/sinθ a power series in x^(−1/3) times x^(1/6) (eq. 40: x^(−1/7), x^(1/14)). Segments end
    where θ_min leaves π/2 and where its cause changes, and are cut until three terms fit to 3e-5.
    """
    Ma, x_end, Ma_alfven = number("Ma", Ma), number("x_end", x_end), number("Ma_alfven", Ma_alfven)
    kinds = [wandering] if wandering in _SERIES else list(_SERIES)
    edges = {float(x_of_theta_min(np.pi / 2, Ma, kind, Ma_alfven)) for kind in kinds}
    if len(kinds) == 2:
        same = _solve(1, 1, 2 * np.log(Ma) - _log_alfvenic_factor(Ma_alfven) / 2)  # eqs. 39 and 40: θ sinθ = Ma²/ε^½
        edges.add(float(x_of_theta_min(same, Ma, kinds[0], Ma_alfven)))
    waiting = list(pairwise(sorted({1.0, float(x_end)} | {edge for edge in edges if 1 < edge < x_end})))[::-1]
    segments = []
    while waiting:
        low, high = waiting.pop()
        x = np.geomspace(low * (1 + 1e-12), high, 200)
        middle = x[100]
        angle = {kind: theta_min(middle, Ma, 1.0, kind, Ma_alfven) for kind in kinds}
        kind = max(kinds, key=lambda name: angle[name])
        if angle[kind] >= np.pi / 2:
            segments.append((low, high, (0.0,), (1.0,)))
            continue
        first, step = _SERIES[kind]
        powers = first - step * np.arange(3)
        terms = (x[:, None] / middle) ** powers * np.sin(theta_min(x, Ma, 1.0, kind, Ma_alfven))[:, None]
        fit = np.linalg.lstsq(terms, np.ones(x.size), rcond=None)[0]
        if np.abs(terms @ fit - 1).max() > 3e-5:
            cut = low * (high / low) ** 0.3
            waiting += [(cut, high), (low, cut)]
        else:
            segments.append((low, high, tuple(powers), tuple(fit * middle**-powers)))
    return tuple(segments)


_SERIES = {"alfvenic": (1 / 6, 1 / 3), "fast modes": (1 / 14, 1 / 7)}  # first power of x in 1/sin θ_min, and step


def _solve(a, b, right):
    """θ in (0, π/2] with a ln θ + b ln sinθ = right (the left side rises with θ); π/2 where there is none."""
    top = np.log(np.pi / 2)
    u = np.minimum(right / (a + b), top)  # small angles; from there Newton ascends, the left side is concave
    for _ in range(8):
        theta = np.exp(u)
        slope = a + b * theta / np.tan(theta)
        u = np.minimum(u - (a * u + b * np.log(np.sin(theta)) - right) / slope, top)
    return np.where(u >= top, np.pi / 2, np.exp(u))[()]
