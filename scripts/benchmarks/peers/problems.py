"""The problems and their exact solutions, in numpy alone.  Units kpc, Myr, GeV; or scaled, H = Q = 1 and so on.

slab    u_t + (v u − D(p) u_z)_z = 0 on 0 < z < H, flux Q in at z = 0, u(H) = 0; 101 momenta, D ∝ β p^½.
nlld    u_t + (v u + X |u_z|^½)_z = 0, v = X = Q = H = 1: one momentum of eq. 14.
damped  the same for the 101 momenta of slab, X = p^0.35, from confinement to next to none.
losses  n(z, p), flux in at the disc q(p) + ∂_p(hb n): adiabatic v/3 and losses constant in p from a source ∝ p^−2.3.
front   u_t + (v u + S sgn(−u_z))_z = 0: linear damping, a source that grows from S to 4 S within 0.6 of the run.
fronts  the same for 101 momenta.
"""

from functools import lru_cache

import numpy as np

KPC, MYR = 3.0856775814913673e21, 3.15576e13                       # cm, s
PROTON = 0.93827208816                                             # GeV
CELLS = 400                                                        # in z, for everybody


def beta(p):
    return p / np.hypot(p, PROTON)


# ---- slab, losses: a turbulent halo ------------------------------------------------------------------------------------
H = 4.0
V = 20e5 * MYR / KPC                                               # 20 km/s
D0 = 1e28 * MYR / KPC**2                                           # 1e28 cm²/s
DZ = H / CELLS
Z = (np.arange(CELLS) + 0.5) * DZ                                  # cell centres
AGE = 1200.0                                                       # Myr, after which everybody is steady
P_SLAB = np.geomspace(1.0, 1e4, 101)
P_FACES = np.geomspace(0.5, 1e4, 201)
P_LOSSES = np.sqrt(P_FACES[1:] * P_FACES[:-1])
SLOPE = 2.3                                                        # n = 4π p² f, f ∝ p^−4.3


def diffusion(p):
    return D0 * beta(p) * np.sqrt(p)


def slab_exact(z, p):
    """u of unit flux, (p, z)."""
    return -np.expm1(-V * (H - z) / diffusion(p)[:, None]) / V


def slab_error(u, z=Z, p=P_SLAB):
    exact = slab_exact(z, p)
    return float((np.abs(u - exact) / exact.max(1, keepdims=True)).max())


def disc_speed(p):
    """hb/p: adiabatic flux at the disc and 1e-3 GeV kpc/Myr of losses."""
    return V / 3.0 + 1e-3 / p


def losses_source(p):
    return p**-SLOPE


@lru_cache
def _disc_table(steps=40001):
    """ln p and hb n(0, p) by integration downwards; the trapezoids are off by 1e-7."""
    y = np.linspace(np.log(P_FACES[0]), np.log(P_FACES[-1]), steps)
    x, h = np.exp(y), y[1] - y[0]
    rate = V / -np.expm1(-V * H / diffusion(x)) / disc_speed(x)
    kept = np.exp(-0.5 * (rate[1:] + rate[:-1]) * h)
    q = losses_source(x) * x
    gained = 0.5 * h * (q[:-1] + q[1:] * kept)
    w = np.zeros(steps)
    for i in range(steps - 2, -1, -1):
        w[i] = w[i + 1] * kept[i] + gained[i]
    return y, w


def losses_disc(p):
    """n(0, p) without particles from above 1e4 GeV: d(hb n)/dp = G n − q with the flux G n = v n/(1 − e^{−vH/D}) upwards."""
    y, w = _disc_table()
    return np.interp(np.log(p), y, w) / (disc_speed(p) * p)


def losses_error(n, z=Z, p=P_LOSSES, highest=1e3):
    """Relative to n at the disc, below 1 TeV: the last decade feels the cut at 1e4 GeV."""
    d = diffusion(p)[:, None]
    disc = losses_disc(p)[:, None]
    exact = disc * np.expm1(-V * (H - z) / d) / np.expm1(-V * H / d)
    return float((np.abs(n - exact) / disc)[p <= highest].max())


# ---- nlld, front: scaled -------------------------------------------------------------------------------------------------
DX = 1.0 / CELLS
X = (np.arange(CELLS) + 0.5) * DX
SMALL = 1e-6                                                       # regularises √|u_z| for those who need it: part of the task


def nlld_error(u, x=X):
    """Against eq. 14: u = 1 − 1/(2 − x)."""
    exact = 1.0 - 1.0 / (2.0 - x)
    return float(np.abs(u - exact).max() / exact.max())


RISE = 0.35
DAMPING = P_SLAB**RISE                                             # X of every momentum


def damped_error(u, x=X):
    """Against eq. 14: u = 1 − 1/(1 + (1 − x)/X²), (p, x)."""
    depth = (1.0 - x) / DAMPING[:, None] ** 2
    exact = depth / (1.0 + depth)
    return float((np.abs(u - exact) / exact.max(1, keepdims=True)).max())


FRONT_END, FRONT_RISE, FRONT_RATIO = 0.6136, 0.36816, 4.0          # H/v: 100 and 60 Myr of 60 km/s in 10 kpc
FREE = 1e-4                                                        # slope below which S sgn(u_z) turns linear: part of the task


def front_source(t):
    x = np.clip(t / FRONT_RISE, 0.0, 1.0)
    return 1.0 + (FRONT_RATIO - 1.0) * x**3 * (10.0 + x * (6.0 * x - 15.0))


def front_error(u, x=X):
    """Against u = Q(t − x) − 1 behind the front, zero ahead."""
    exact = np.where(x <= FRONT_END, front_source(np.maximum(FRONT_END - x, 0.0)) - 1.0, 0.0)
    return float(np.abs(u - exact).max() / exact.max())
