"""Linear diffusion out of a slab of height H after a constant source Q in the disc is switched on at t = 0, f(H) = 0.

∂t f = κ ∂z² f, −κ ∂z f = Q at z = 0: with k_n = (n + ½)π/H
    f = (2Q/(κH)) Σ cos(k_n z) (1 − e^{−κ k_n² t})/k_n²   →  Q (H − z)/κ  (eq. 23)
and for short times the images of the half space, f = (2Q√(κt)/κ) Σ_j (−1)^j [ierfc(...)].  Arguments broadcast.
"""

import numpy as np
from scipy.special import erfc

from problems.tools import bottom, empty, nowhere, refusals, time_error, widest
from solver.exact import Exact

TERMS = 40


def by_series(z, t, Q, kappa, H, terms=TERMS):
    """Steady state minus its decaying modes; converges fast for κt >> H²/100."""
    decaying = 0.0
    for n in range(terms):
        k = (n + 0.5) * np.pi / H
        decaying = decaying + np.cos(k * z) * np.exp(-kappa * k**2 * t) / k**2
    return Q / kappa * (H - z) - 2 * Q / (kappa * H) * decaying


def ierfc(x):
    """∫_x^∞ erfc = e^{−x²}/√π − x erfc(x)."""
    return np.exp(-(x**2)) / np.sqrt(np.pi) - x * erfc(x)


def by_images(z, t, Q, kappa, H, terms=8):
    """Sources reflected at z = 0 (same sign) and at H (opposite sign); converges fast for κt << H². t > 0."""
    reach = 2 * np.sqrt(kappa * t)
    total = ierfc(z / reach)
    for j in range(1, terms + 1):
        total = total + (-1) ** j * (ierfc((2 * j * H + z) / reach) + ierfc((2 * j * H - z) / reach))
    return Q / kappa * reach * total


def profile(z, t, Q, kappa, H):
    """f(z, t) from the faster converging of the two; zero at t = 0."""
    late = kappa * t / H**2 > 0.05
    safe = np.maximum(t, 1e-30)
    return np.where(t > 0, np.where(late, by_series(z, t, Q, kappa, H), by_images(z, safe, Q, kappa, H)), 0.0)


def solution(model, t=None):
    """The series from f = 0; t in s, None: eq. 23. v = 0, κ uniform in z, constant primary sources, no losses,
    f(z_max) = 0.

    Holds for all species.
    """
    equation = "f = Q (H − z)/κ − (2Q/(κH)) Σ cos(k z) e^{−κ k² t}/k²"
    why = refusals(model, losses=("none",), top=("zero",), uniform=("v", "nu"))
    if not why and (np.any(model.v != 0) or np.any(model.self_confined) or len(model.spallation)):
        why = "nowhere: needs layers without streaming and waves, and no spallation"
    if why:
        return nowhere(model, equation, why)
    z, H = model.grid.z[None, :, None], model.grid.z[-1]
    kappa, Q = 1 / bottom(model.nu)[:, None], np.asarray(model.Q)[:, None]
    f = empty(model)
    f[:] = Q * (H - z) / kappa if t is None else profile(z, t, Q, kappa, H)
    f[:, -1] = 0.0
    return Exact(
        f,
        equation,
        "uniform κ, source on since t = 0",
        (0.0 if t is None else (widest(model) / H) ** 2) + time_error(model, t) + 1e-9,
        "(Δz/H)² and ten steps' errors of time.rtol; nothing in the steady state",
    )
