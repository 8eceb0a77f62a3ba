"""κ of nuclei in the waves of the protons: the same scattering, at the same rigidity (footnote 3 of the paper).

Waves resist protons and nuclei alike.  What they resist is read from the protons' slope and flux: on a face where these fall
by a per length while q flows, the optical depth is P = ln(1 + m a/q), of which ν has its part and the waves m ℓ.  Where the
flux changes across the face, protons pass q + δ, δ being what the correction tells of them beyond what it tells of passive
particles in their place; then so much more or less is what the waves let through:

    ℓ(q + δ) = ℓ(q) + ln[1 − (1 − e^{−P}) δ/(q + δ)]/m.
"""

from functools import cached_property

import numpy as np

from .law import TINY, depth_excess
from .strips import by_strips

LEAST = 1e-3  # of q that has to be left for q + δ to tell the depth
MOST = 30.0  # times ℓ, and its part, that ℓ may become: where f turns within a face q and a no longer tell it


def depth_passed(m, nu, depth, flux, delta):
    """ℓ of the waves through which q + δ flows, ∂ℓ/∂|a| and ∂ℓ/∂δ at fixed slope.

    depth: (ℓ, dℓ/d|a|) of the law; flux: its (q, dq/da); arrays over faces.
    """
    ell, d_ell = depth
    sign, q, dq = np.sign(flux[0]), np.abs(flux[0]), flux[1]
    delta = sign * delta
    depth_all = np.minimum(m * (ell + nu), 700.0)
    E = -np.expm1(-depth_all)
    per_length = np.where(depth_all > 1e-8, E / np.maximum(m, TINY), ell + nu)  # E/m
    told = (q + delta > LEAST * q) & (q > 1e-200)
    passed = np.where(told, q + delta, 1.0)
    x = np.where(told, delta / passed, np.where(q > 1e-200, 1.0 - 1.0 / LEAST, 0.0))
    rest = np.maximum(1.0 - x * E, TINY)
    small = np.abs(x * E) < 1e-8
    new = ell + np.where(small, -x * per_length, np.log(rest) / np.maximum(m, TINY))
    by_flux = np.where(told, per_length / rest / passed**2, 0.0)
    by_slope = d_ell * (1.0 - x) / rest + by_flux * delta * dq
    low, high = ell / MOST, ell * MOST
    free = (new > low) & (new < high)
    held = np.where(new <= low, 1.0 / MOST, MOST) * d_ell
    return np.clip(new, low, high), np.where(free, by_slope, held), np.where(free, -sign * by_flux * q, 0.0)


class Conduction:
    """κ of a species that the protons' waves scatter: h = (e^P − 1)/m with P = m (r ℓ + ν), ℓ the waves' share of the depth.

    m, ν: of the faces; r: v_p/v_A of the species; depth: (ℓ, dℓ/d|a|) of the protons' slopes; passed: what `depth_passed`
    makes of them where the protons' flux changes across faces.
    """

    def __init__(self, m, nu, ratio, depth, passed=None):
        self.m, self.nu, self.ratio, self.depth, self.d_depth = m, nu, ratio, *depth
        self.passed, self.by_slope, self.by_delta = passed or (*depth, None)

    @cached_property
    def kappa(self):
        return by_strips(self.m.shape, lambda own: (self._kappa(own),))[0]

    def _kappa(self, own):
        ratio, depth = (x if np.ndim(x) == 0 else x[own] for x in (self.ratio, self.passed))
        h = depth_excess(self.m[own], ratio * depth + self.nu[own])
        return 1.0 / np.maximum(h, TINY, out=h)

    @cached_property
    def _by_depth(self):
        """∂κ/∂ℓ."""
        return -np.exp(np.minimum(self.m * (self.ratio * self.passed + self.nu), 500.0)) * self.kappa**2 * self.ratio

    @property
    def d_kappa(self):
        """∂κ/∂|a|."""
        return self._by_depth * self.by_slope

    @property
    def d_kappa_by_delta(self):
        """∂κ/∂δ."""
        return self._by_depth * self.by_delta

    @cached_property
    def peclet(self):
        """P of constant protons' flux."""
        return self.m * (self.ratio * self.depth + self.nu)

    @property
    def d_peclet(self):
        """∂P/∂|a|."""
        return self.m * self.ratio * self.d_depth
