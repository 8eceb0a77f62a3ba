"""Steady flux between two nodes by quadrature of the transport law itself, without any closed form of it.

With constant coefficients F = v f + q is constant between nodes, q = κ |∂f/∂z| the diffusive part, 1/κ = 1/κ_sc + ν, and the
self-excited waves' q_sc² − S q_sc − X² |∂f/∂z| = 0 (numerics, eqs. 4 and 10 together).  So q decides the slope a(q), and

    Δz = ∫ df/a = ∫ κ(q) dln q / v   over q from F − v f_low to F − v f_high,

which falls as F rises: comparing it with the face's length tells on which side of the true flux a given F lies.
All arrays are flat, one entry per face; v >= 0 and f_low >= f_high (`Faces` mirrors the others).
"""

from dataclasses import dataclass

import numpy as np

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(8)
# e-folds around the places where κ(q) bends, at which the quadrature is split: near S it is as 1/(q − S), which eight points know
# to 3e-8 where the distance grows fourfold
APART = np.geomspace(1e-9, 30.0, 18)
SPLIT = np.concatenate([-APART[::-1], [0.0], APART])
QUADRATURE = 1e-7  # relative error of the crossing length, checked against the limits that have closed forms


def conductivity(q, S, X2, nu, confined):
    """κ at diffusive flux q > 0: the root of the waves' balance in series with ν, written so that nothing cancels."""
    root = np.sqrt((q - S) ** 2 + 4.0 * q * nu * X2)
    below = 0.5 * (S - q + root)  # q_sc − q, good where q < S
    above = 0.5 * (q - S + root)  # q_sc − S, good where q > S
    q_sc = np.where(q < S, q + below, S + above)
    tiny = 1e-300
    passing, held = below / np.maximum(q_sc * nu, tiny), q / np.maximum(q_sc, tiny) * X2 / np.maximum(above, tiny)
    self_confined = np.where(q < S, passing, held)
    return np.where(confined, self_confined, 1.0 / np.maximum(nu, tiny))


@dataclass
class Faces:
    """Faces with their end values, oriented so that v >= 0 and the flux of a falling f is positive."""

    low: np.ndarray
    high: np.ndarray
    dz: np.ndarray
    v: np.ndarray
    S: np.ndarray
    X2: np.ndarray
    nu: np.ndarray
    confined: np.ndarray

    def take(self, index):
        return Faces(*(np.asarray(x)[index] for x in vars(self).values()))

    def crossing(self, q0, fall):
        """Length (cm) over which f falls by `fall` >= 0 where the diffusive flux starts as q0 > 0."""
        growth = np.log1p(self.v * fall / q0)
        start = np.log(q0)
        with np.errstate(divide="ignore"):
            bends = np.stack([np.log(self.S), np.log(self.nu) + np.log(self.X2)], -1)
        bends = np.where(np.isfinite(bends), bends, start[:, None] - 1e3)
        edges = (bends[..., None] + SPLIT).reshape(len(q0), -1)
        edges = np.sort(np.clip(edges, start[:, None], (start + growth)[:, None]), axis=-1)
        edges = np.concatenate([start[:, None], edges, (start + growth)[:, None]], -1)
        half, middle = 0.5 * np.diff(edges, axis=-1)[..., None], 0.5 * (edges[:, 1:] + edges[:, :-1])[..., None]
        q = np.exp(middle + half * POINTS)
        column = lambda x: np.asarray(x)[:, None, None]  # noqa: E731
        kappa = conductivity(q, column(self.S), column(self.X2), column(self.nu), column(self.confined))
        integral = (half * WEIGHTS * kappa).sum((1, 2))
        # where q hardly grows its logarithms would differ by rounding; κ in the middle is then good to growth²
        middle = conductivity(q0 * (1 + 0.5 * growth), self.S, self.X2, self.nu, self.confined)
        mean = np.where(growth > 1e-5, integral / np.where(growth > 0, growth, 1.0), middle)
        per_speed = np.where(self.v > 0, growth / np.where(self.v > 0, self.v, 1.0), fall / q0)
        return mean * per_speed

    def below(self, F, low, high):
        """Is F less than or equal to the true flux between end values `low` and `high`?  (within the quadrature)"""
        return self._side(F, low, high, -1)

    def above(self, F, low, high):
        """Is F greater than or equal to the true flux?"""
        return self._side(F, low, high, +1)

    def _side(self, F, low, high, side):
        falling = low >= high
        q = np.where(falling, F - self.v * low, self.v * low - F)  # of the sign of the slope, positive if F goes its way
        alive = q > 0
        length = np.full(len(q), np.inf)
        if alive.any():
            length[alive] = self.take(alive).crossing(q[alive], np.abs(low - high)[alive])
        length = np.where(low == high, np.where(alive, 0.0, np.inf), length)
        stronger = length <= self.dz * (1 + QUADRATURE)  # |F − v f| is at least that of the true flux
        weaker = length >= self.dz * (1 - QUADRATURE)
        return np.where(falling, stronger, weaker) if side > 0 else np.where(falling, weaker, stronger)

    def start(self, steps=100):
        """q0 = |F − v f_low| of the true flux by bisection in its logarithm; zero where nothing diffuses."""
        fall = np.abs(self.low - self.high)
        # κ is at most 1/ν and q0 at most what that conducts without flow, or S where waves pass no more
        most = fall / np.maximum(self.nu * self.dz, 1e-300)
        own = 1.000001 * (self.S + np.sqrt(self.X2 * fall / self.dz))  # what waves let through where f falls evenly; q0 is less
        most = np.where(self.confined & (self.S + self.X2 > 0), np.minimum(most, own), most)
        hi = np.log(np.maximum(most, 1e-290))
        lo = np.full(len(hi), -660.0)
        for _ in range(steps):
            mid = 0.5 * (lo + hi)
            short = self.crossing(np.exp(mid), fall) <= self.dz
            hi, lo = np.where(short, mid, hi), np.where(short, lo, mid)
            if np.all(hi - lo < 1e-12 * np.abs(hi) + 1e-13):
                break
        return np.where(fall > 0, np.exp(hi), 0.0)


def flux(faces):
    """The true flux F."""
    return faces.v * faces.low + np.where(faces.low >= faces.high, 1.0, -1.0) * faces.start()


def waves(faces, change=0.0):
    """The waves' resistance ∫ dz/κ_sc per Δz, which other nuclei feel too: the least and the most that it can be where the flux
    is not constant but differs by up to `change` on the way."""
    q0 = faces.start()
    return _resistance(faces, q0 + change), _resistance(faces, np.maximum(q0 - change, 0.0))


def _resistance(faces, q0):
    fall = np.abs(faces.low - faces.high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = fall / q0
        total = np.where(faces.v * x > 1e-12, np.log1p(faces.v * x) / faces.v, x)
        waves = np.maximum(total / faces.dz - faces.nu, 0.0)
    held = faces.confined & (faces.S == 0) & (faces.X2 == 0)  # waves nothing damps let nothing diffuse
    return np.where(held, 1e100, np.where((fall > 0) & faces.confined, np.minimum(waves, 1e100), 0.0))
