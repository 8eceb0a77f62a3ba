"""Slow reference for κ in fast-mode turbulence: eqs. A1–A7 summed as printed, one rigidity at a time.

Written from the equations alone, by other methods than `solver.physics.fast_modes`: averages over field-line wandering
by a plain sum over angles, k_max by scan and bisection, D_μμ by a double sum over wave angle and ln k with scipy's
Bessel functions, κ by a sum over μ. No tables and no shared helpers.
"""

import numpy as np
from scipy.special import j0, j1

C, M_P, M_E, K_B, E = 2.99792458e10, 1.67262192369e-24, 9.1093837015e-28, 1.380649e-16, 4.803204712570263e-10
STATVOLT_PER_GV = 1.602176634e-3 / E
NEVER = 1e14


class Medium:
    """Plain numbers of one plasma and its turbulence; B [G], n [cm⁻³], T [K], lengths [cm]."""

    def __init__(self, B, n, T, Ma, L, anisotropic=False, damped=True):
        self.B, self.Ma, self.L, self.anisotropic, self.damped = B, Ma, L, anisotropic, damped
        self.v_A, self.v_th = B / np.sqrt(4 * np.pi * n * M_P), np.sqrt(2 * K_B * T / M_P)
        self.beta, self.free_path = 8 * np.pi * n * K_B * T / B**2, 2500 * T**2 / n
        self.ln_x = np.linspace(0, np.log(NEVER), 6001)
        self.theta_min_table = self.theta_min(np.exp(self.ln_x))

    def spread(self, x, theta):
        if not self.anisotropic:
            q = 1 / (self.Ma**2 * np.sqrt(x))
            return np.minimum(np.sqrt(np.cos(theta) * q + (np.sin(theta) * q) ** (2 / 3)), np.pi / 2)
        floored = np.maximum(theta, self.theta_min(x))
        return np.minimum((self.Ma**2 * np.sqrt(x) * np.sin(floored)) ** -0.5, np.pi / 2)

    def theta_min(self, x):
        low, high = np.full(np.shape(x), 1e-9), np.full(np.shape(x), np.pi / 2)
        for _ in range(60):
            middle = (low + high) / 2
            above = (self.Ma**2 * np.sqrt(x) * np.sin(middle)) ** -0.5 < middle
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return high

    def damped_at(self, x, theta):
        """⟨Γ⟩ >= ⟨1/τ_casc⟩, by 2001 angles across θ ± δθ; x and theta of one shape."""
        delta = self.spread(x, theta)
        t = (np.arange(2001) + 0.5) / 2001 * 2 - 1
        angle = theta[..., None] + delta[..., None] * t
        sine, cosine = np.abs(np.sin(angle)), np.abs(np.cos(angle))
        k = x / self.L
        viscous = self.free_path * self.v_th * k**2 / 6 * np.mean(sine**2, axis=-1)
        with np.errstate(under="ignore"):
            bracket = np.sqrt(M_E / M_P) * np.exp(-M_E / M_P / (self.beta * cosine**2))
            bracket = bracket + 5 * np.exp(-1 / (self.beta * cosine**2))
        collisionless = np.sqrt(np.pi * self.beta) / 4 * k * self.v_A * np.mean(sine**2 / cosine * bracket, axis=-1)
        rate = np.where(k * np.cos(theta) * self.free_path * self.v_A / self.v_th < 1, viscous, collisionless)
        cascade = np.sqrt(k / self.L) * self.Ma**2 * self.v_A
        return rate >= cascade * (np.mean(sine, axis=-1) if self.anisotropic else 1.0)

    def x_max(self, theta):
        if not self.damped:
            return np.full(theta.shape, NEVER)
        change = np.clip(self.L * self.v_th / (self.v_A * self.free_path) / np.maximum(np.cos(theta), 1e-300), 1, NEVER)
        result = np.empty(theta.shape)
        for i, (angle, middle) in enumerate(zip(theta, change, strict=True)):
            scan = np.unique(np.concatenate([np.geomspace(1, NEVER, 281), [middle * (1 - 1e-12), middle]]))
            scan = scan[(scan >= 1) & (scan <= NEVER)]
            bad = self.damped_at(scan, np.full(scan.shape, angle))
            if not bad.any():
                result[i] = NEVER
                continue
            first = np.argmax(bad)
            low, high = np.log(scan[max(first - 1, 0)]), np.log(scan[first])
            for _ in range(36):
                half = (low + high) / 2
                if self.damped_at(np.exp([half]), np.array([angle]))[0]:
                    high = half
                else:
                    low = half
            result[i] = np.exp(high)
        return result


def _gauss(edges, points):
    node, weight = np.polynomial.legendre.leggauss(points)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


def angles(medium, ratio=1.35, points=6, x_max=None):
    """θ, weights and k_max L on panels that end where k_max jumps or bends, found by bisection of a coarse scan.

    x_max: function of θ to use instead of the medium's own, which takes half a minute.
    """
    x_max = x_max or medium.x_max
    scan = np.concatenate([np.geomspace(3e-4, 1, 90), np.linspace(1.02, np.pi / 2, 30)])
    value = np.log(x_max(scan))
    undamped = value >= np.log(NEVER) - 1e-9
    breaks = []
    for i in np.flatnonzero((np.abs(np.diff(value)) > 1.0) | (undamped[1:] != undamped[:-1])):
        low, high = scan[i], scan[i + 1]
        for _ in range(30):
            middle = (low + high) / 2
            v_low, v, v_high = np.log(x_max(np.array([low, middle, high])))
            if undamped[i] != undamped[i + 1]:
                left = v < np.log(NEVER) - 1e-9
            else:
                left = abs(v - v_low) > abs(v_high - v)
            low, high = (low, middle) if left else (middle, high)
        breaks.append(high)
    small = np.geomspace(3e-3, 1, int(np.log(300) / np.log(ratio)))
    edges = np.unique(np.concatenate([[0.0], small, np.linspace(1, np.pi / 2, 16), breaks]))
    theta, weight = _gauss(edges, points)
    return theta, weight, x_max(theta)


def diffusion(medium, R, mu, v, grid):
    """D^G and D^T [1/s] at one rigidity [GV] and one μ, particle speed v [cm/s]; 20 points per e-fold of k."""
    theta, weight, x_max = grid
    r = R * STATVOLT_PER_GV / medium.B / medium.L
    total = np.zeros(2)
    width = np.sqrt(medium.Ma * (1 - mu**2))
    s = np.sqrt(1 - mu**2)
    for angle, w, top in zip(theta, weight, x_max, strict=True):
        xi = np.cos(angle)
        if top <= 1:
            continue
        # nothing resonates below y = 0.02/ξ (Gaussian) but transit-time damping, and both are negligible beyond 1e4/r
        end = np.log(min(top, 3e4 / (r * xi)))
        u, du = _gauss(np.linspace(0, end, 2 + int(end / 0.15)), 3)
        x = np.exp(u)
        wave = x * np.sin(angle) * r * s
        spectrum = x**-1.5 * xi
        if medium.anisotropic:
            smallest = np.interp(u, medium.ln_x, medium.theta_min_table)
            spectrum = spectrum / np.sin(np.maximum(angle, smallest))
        bessel = j1(wave)
        slope = np.where(wave < 1e-4, 0.5, j0(wave) - bessel / np.maximum(wave, 1e-4))
        gyro = slope**2 * np.exp(-(((mu - 1 / (x * xi * r)) / width) ** 2))
        transit = bessel**2 * np.exp(-(((mu - medium.v_A / (v * xi)) / width) ** 2))
        total += w * np.sin(angle) / width * np.array([np.sum(du * spectrum * part) for part in (gyro, transit)])
    return medium.Ma**2 * v * np.sqrt(np.pi) * (1 - mu**2) / (2 * medium.L * r**2) * total


def kappa(medium, R, v, grid, mu_points=5):
    """κ [cm²/s] of eq. A3 at one rigidity."""
    mu, weight = _gauss(np.array([0, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0]), mu_points)
    D = np.array([sum(diffusion(medium, R, m, v, grid)) for m in mu])
    return v**2 / 4 * np.sum(weight * (1 - mu**2) ** 2 / D)
