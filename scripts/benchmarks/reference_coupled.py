"""A plain numpy program for the protons of the two-phase Galaxy: what scripts/bench measures the solver against.

All rigidities iterate together, path and acceptance per rigidity (row); the linear step is the block back-substitution from
high to low R.  Units per row: velocity v_A, height z_max, density Q/v_A.  Shares no code with the solver.
"""

import numpy as np
from scipy.linalg import solve_banded

KPC, MP, C, E, KB, GEVC = (
    3.0856775814913673e21,
    1.67262192e-24,
    2.99792458e10,
    4.80320471e-10,
    1.380649e-16,
    5.344286e-14,
)


class FittedLaw:
    """q(a) = a/h(a), exact two-point flux of the combined linear + nonlinear damping law."""

    def __init__(self, S, X, v, df):
        self.S, self.m, X2 = S, v * df, X**2
        x = self.m * S / np.maximum(X2, 1e-300)
        xs = np.clip(x, 1e-12, 700.0)
        self.C = np.where((X2 > 0) & (x < 700), X2 * np.where(x > 1e-8, xs / -np.expm1(-xs), 1 + x / 2), self.m * S)

    def fit(self, a):
        b = self.S - self.m * a
        r = np.sqrt(b * b + 4 * self.C * a)
        q = np.where(b >= 0, 0.5 * (b + r), 2 * self.C * a / np.maximum(r - b, 1e-300))
        return q, np.maximum(0.5 * (-self.m + (2 * self.C - self.m * b) / np.maximum(r, 1e-300)), 0)

    def h_dh(self, a, nu):
        mn = np.minimum(self.m * nu, 600.0)
        e = np.where(mn > 1e-12, np.expm1(mn) / np.maximum(self.m, 1e-300), nu)
        q, dq = self.fit(a)
        q = np.maximum(q, 1e-300)
        return np.where(a > 0, a / q, 0) * np.exp(mn) + e, np.exp(mn) * np.where(q > 1e-300, (q - a * dq) / q**2, 0)

    def q(self, g, nu):
        return g / self.h_dh(np.abs(g), nu)[0]

    def dq(self, g, nu):
        a = np.abs(g)
        h, dh = self.h_dh(a, nu)
        return np.maximum(h - a * dh, 0) / h**2

    def project(self, s, A, nu):
        """g with g + A q(g) = s (safeguarded Newton)."""
        t = np.abs(s)
        lo, hi = np.zeros_like(t), t.copy()
        g = t / (1 + A / self.h_dh(t, nu)[0])
        for _ in range(80):
            r = g + A * self.q(g, nu) - t
            hi, lo = np.where(r > 0, np.minimum(hi, g), hi), np.where(r <= 0, np.maximum(lo, g), lo)
            new = g - r / (1 + A * self.dq(g, nu))
            new = np.where((new < lo) | (new > hi), np.sqrt(np.maximum(lo, 1e-30 * hi) * hi), new)
            done = np.all(np.abs(new - g) <= 1e-14 * t + 1e-300)
            g = new
            if done:
                break
        return np.sign(s) * g


class RowLaw(FittedLaw):
    """FittedLaw on (row, face) arrays; no self-excited waves where `confined` is False."""

    def __init__(self, S, X, v, df, confined):
        super().__init__(S, X, v, df)
        self.confined = confined

    def h_dh(self, a, nu):
        h, dh = super().h_dh(a, nu)
        mn = np.minimum(self.m * nu, 600.0)
        e = np.where(mn > 1e-12, np.expm1(mn) / np.maximum(self.m, 1e-300), nu)
        return np.where(self.confined, h, e), np.where(self.confined, dh, 0.0)


class TwoPhase:
    """Coefficients on rows of descending R; losses and adiabatic term as second-order upwind flux in ln R."""

    def __init__(
        self,
        nz=200,
        per_decade=32,
        Rmin=0.1,
        Rmax=1e6,
        gamma=4.3,
        kappa0=2.6e28,
        delta=0.0,
        B=1e-6,
        n=0.003,
        T=3e6,
        z_max=10 * KPC,
        z_W=0.5 * KPC,
        h=0.2 * KPC,
        n_disc=1.25,
        Q1=7.51e-5,
        Gamma1=0.0,
        a=0.5,
        adiabatic=True,
    ):
        nW = max(4, round(0.3 * nz))
        z = np.append(np.linspace(0, z_W, nW + 1)[:-1], np.linspace(z_W, z_max, nz - nW + 1))
        self.df = np.diff(z) / z_max
        self.vol = np.append(self.df[0] / 2, 0.5 * (self.df[:-1] + self.df[1:]))  # half volume at the disc
        halo = 0.5 * (z[1:] + z[:-1]) > z_W
        vA = B / np.sqrt(4 * np.pi * n * MP)
        self.v = np.where(halo, 1.0, 0.0)
        nR = round(np.log10(Rmax / Rmin) * per_decade) + 1
        self.R = R = np.geomspace(Rmax, Rmin, nR)
        dx = np.log(R[0] / R[1])
        beta = R / np.hypot(R, 0.938272)
        self.scale = scale = Q1 * R**-gamma / vA
        X = (
            np.sqrt(
                2
                * beta
                * C
                * np.sqrt(2 * KB * T / MP)
                * B**2
                / (np.pi**4 * (E * B / C) * vA * (R * GEVC) ** 3)
                * GEVC**3
            )
            / vA
            / np.sqrt(scale * z_max)
        )
        S = Gamma1 * R**-a * B**2 / (4 * np.pi**3 * (E * B / C) * vA * (R * GEVC) ** 3) * GEVC**3 / vA / scale
        ones = np.ones((nR, len(self.df)))
        self.nu = np.where(halo, vA * z_max / 1e33, (vA * z_max / (kappa0 * beta * R**delta))[:, None])
        self.law = RowLaw(S[:, None] * ones, X[:, None] * ones, self.v * ones, self.df * ones, halo * ones > 0)
        dv = np.diff(np.insert(self.v, 0, 0.0)) / 3 * adiabatic  # includes the jump at disc or interface

        def rate(x):  # -(pdot/p) integrated over each volume
            b = x / np.hypot(x, 0.938272)
            r = np.tile(dv, (nR, 1))
            r[:, 0] += h * 2e-16 * n_disc / (b**2 * x) / vA
            return r

        lo, hi, s = rate(R * np.exp(-dx / 2)), rate(R * np.exp(dx / 2)), np.exp((3 - gamma) * dx)

        def w(k, j):
            return ((R[j] / R[k]) ** 3 * scale[j] / scale[k])[:, None]

        k = np.arange(nR)
        self.sink = 1.5 * lo / dx
        self.sink[0] = (lo[0] * (1.5 - 0.5 * s) - hi[0] * (1.5 * s - 0.5 * s**2)) / dx  # power law above the top
        self.c1, self.c2 = np.zeros_like(lo), np.zeros_like(lo)
        self.c1[1:] = (1.5 * hi[1:] + 0.5 * lo[1:]) / dx * w(k[1:], k[:-1])
        self.c1[1] = (hi[1] * (1.5 - 0.5 * s) + 0.5 * lo[1]) / dx * w(k[1:2], k[:1])
        self.c2[2:] = -0.5 * hi[2:] / dx * w(k[2:], k[:-2])

    def slope(self, u):
        return (u - np.pad(u[:, 1:], ((0, 0), (0, 1)))) / self.df

    def linear_step(self, kappa, offset, u0, dt):
        """Exact solve of the linearised coupled problem, q = kappa*slope + offset."""
        u, k, t = np.empty_like(kappa), kappa / self.df, self.vol / dt
        for j in range(len(self.R)):
            ab = np.zeros((3, len(self.df)))
            ab[1] = t + self.v + self.sink[j] + k[j]
            ab[1, 1:] += k[j, :-1]
            ab[2, :-1] = -(self.v[:-1] + k[j, :-1])
            ab[0, 1:] = -k[j, :-1]
            b = t * u0[j] - offset[j]
            b[1:] += offset[j, :-1]
            b[0] += 1.0
            if j > 0:
                b += self.c1[j] * u[j - 1]
            if j > 1:
                b += self.c2[j] * u[j - 2]
            u[j] = solve_banded((1, 1), ab, b, check_finite=False)
        return u

    def mismatch(self, u, nu, u0, dt):
        src = self.vol * (u0 - u) / dt - self.sink * u
        src[1:] += self.c1[1:] * u[:-1]
        src[2:] += self.c2[2:] * u[:-2]
        g = self.slope(u)
        err = np.abs(self.law.q(g, nu) - (1 + np.cumsum(src, 1) - self.v * u))
        return np.max(
            np.fmin(err, err / np.maximum(self.law.dq(g, nu), 1e-300) * self.df / np.abs(u).max(1)[:, None]), 1
        )


def solve(P, u0=None, dt=np.inf, tol=1e-10, loose=0.05, A=1e5, maxit=200):
    """(iterations, u); one backward Euler step, or the steady state for dt = inf."""
    u = np.zeros((len(P.R), len(P.df))) if u0 is None else u0
    u0, nu, g = u, np.maximum(P.nu, 10.0), P.slope(u)
    q = P.law.q(g, nu)
    factor, stall, kept, has = (
        np.full(len(P.R), 0.05),
        np.zeros(len(P.R), int),
        [q.copy(), g.copy(), nu.copy()],
        np.zeros(len(P.R), bool),
    )
    for it in range(1, maxit + 1):
        kappa = P.law.dq(g, nu)
        offset = q - kappa * g
        u = P.linear_step(kappa, offset, u0, dt)
        g = P.slope(u)
        g = P.law.project(g + A * (kappa * g + offset), A, nu)
        q = P.law.q(g, nu)
        e, there, stall = P.mismatch(u, nu, u0, dt), np.all(nu <= P.nu, 1), stall + 1
        if np.all(there & (e < tol)):
            return it, u
        good = e < loose
        on, back = good & ~there, ~good & (stall > 8) & has
        for old, new in zip(kept, (q, g, nu), strict=True):
            old[on] = new[on]
        has |= on
        nu[on] = np.maximum(P.nu[on], nu[on] * factor[on, None])
        factor[back] **= 0.5
        q[back], g[back], nu[back] = (
            kept[0][back],
            kept[1][back],
            np.maximum(P.nu[back], kept[2][back] * factor[back, None]),
        )
        stall[good | back] = 0
    return None, u
