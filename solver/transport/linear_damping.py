"""Faces whose waves linear damping alone holds back: what they pass at most, and where f makes up for a flux that varies.

S is the flux of waves that linear damping lets pass, μ = m ν the external depth of a face, τ = Δz s̃ by how much the flux would
change across it (`correction`).
"""

import numpy as np
from scipy.special import lambertw

TINY = 1e-290  # far below any scaled flux or depth; only keeps 0/0 away


def saturation(mu):
    """s in (0, 1] with s − ln s = 1 + μ: the share of S that a face of external depth μ passes at most."""
    w = np.sqrt(2.0 * mu)
    series = 1.0 - w + w * w / 3.0 - w**3 / 36.0
    exact = -np.real(lambertw(-np.exp(-1.0 - np.minimum(mu, 600.0))))
    # near its branch point Lambert's function keeps half the digits; one Newton step of the equation itself, in 1 − s
    fall = 1.0 - np.where(mu < 1e-6, series, exact)
    near = (mu > 1e-12) & (fall < 0.5)
    w = np.where(near, fall, 0.5)
    fall = np.where(near, w - (-w - np.log1p(-w) - mu) * (1.0 - w) / w, fall)
    return np.where(near | (mu < 1e-6), 1.0 - fall, np.maximum(exact, 1e-200))


def layer(x, mu):
    """ℓ and dℓ/dx of the layer at the end of a face of depth μ in which q rises to S, where S − q falls by x S on the way.

    With σ = 1 − q/S, dσ = x + μ/σ per face from its end, gives ℓ = (μ/x) ln y with y − ln y = 1 + x²/μ, y > 1; √(2μ) at x = 0.
    """
    mu1 = np.maximum(mu, TINY)
    r = x * x / mu1
    small = r < 1e-8
    r = np.where(small, 1.0, np.minimum(r, 1e200))
    y = 1.0 + r + np.sqrt(2.0 * r)
    for _ in range(5):
        y = y - (y - np.log(y) - 1.0 - r) / (1.0 - 1.0 / y)
    x1 = np.where(small, 1.0, x)
    ell = np.where(small, np.sqrt(2.0 * mu) - x / 3.0, mu1 / x1 * np.log(y))
    return ell, np.where(small, -1.0 / 3.0, 2.0 / (y - 1.0) - ell / x1)


def correction(tau, S, mu, s, q, dq):
    """c, ∂c/∂τ and ∂c/∂a of faces with linear damping alone, ν next to nothing; s: their `saturation`.

    q, dq: the diffusive flux of the law and its derivative at the slopes of f along the flow.

    Such a face passes s S at most while the flux is constant.  Where it is not, f falls by x = −τ/S (in units of S/m) to
    make up for it, and the law at a point holds: q = S x/(x + mν) and F = v f − ½ S x + q at the middle, more than s S as
    soon as x exceeds 1 − s; below that the law of the face has it already.  Where f should rise (x < 0) it stays flat
    while waves hold, and a full face is full at its end: by the share q/(s S) that it is, F is less by ½ τ, and the layer
    in which q rises to S takes ℓ S of it instead of √(2mν) S (`layer`).
    """
    x = -tau / S
    rises, beyond = x < 0, x > 1.0 - s
    total = np.where(beyond, x, 1.0) + mu
    share = mu / total
    c = np.where(beyond, S * (1.0 - share - 0.5 * x - s), 0.0)
    slope, fill = np.where(beyond, 0.5 - share / total, 0.0), np.zeros_like(c)
    if rises.any():
        x, mu, S, s, tau, q, dq = (each[rises] for each in np.broadcast_arrays(x, mu, S, s, tau, q, dq))
        filled, d_filled = q / (s * S), dq / (s * S)
        thin, d_thin = layer(-x, mu)
        full = S * (np.sqrt(2.0 * mu) - thin) - 0.5 * tau
        c[rises], slope[rises], fill[rises] = filled * full, -(0.5 + d_thin) * filled, d_filled * full
    return c, slope, fill
