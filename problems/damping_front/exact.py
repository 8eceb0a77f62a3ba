"""Linear damping alone in time (eq. 4: flux S wherever f falls with z): total-variation flow with a source.

Where f falls, ∂t f + v ∂z f = −∂z S.
Front, v > 0: a source Q(t) >= S that grows from S sends (Q(t − z/v) − S)/v outwards with speed v; ahead of it f is zero
and the flux S passes at once (κ → ∞ where f is flat).
Ramp, v = 0: f = −t ∂z S above a plateau that rises at the rate max_z (Q − S(z))/z, its edge z_p at that maximum. With
S = S₀ min(1, z₀/z) and Q <= S₀ this is f = t S₀ z₀/max(z, z_p)², z_p = 2 z₀ S₀/Q.
Arguments broadcast.
"""

import numpy as np

from problems.tools import bottom, empty, nowhere, refusals, steady_time, time_error, widest
from solver.constants import MYR
from solver.exact import Exact

RISE, RATIO = 60 * MYR, 4.0  # time over which the source grows from S to RATIO × S


def smooth_step(x):
    """x³ (10 − 15x + 6x²) between 0 and 1: two continuous derivatives."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10 + x * (6 * x - 15))


def growing_source(t, S, rise=RISE, ratio=RATIO):
    """Q(t) = S [1 + (ratio − 1) step(t/rise)]."""
    return S * (1 + (ratio - 1) * smooth_step(t / rise))


def front(z, t, S, v, source):
    """f = (Q(t − z/v) − S)/v, zero ahead of the front; source(t, S) >= S must not fall with t, v > 0."""
    return np.where(z <= v * t, (source(np.maximum(t - z / v, 0.0), S) - S) / v, 0.0)


def plateau_edge(Q, S0, z0):
    """z_p = 2 z₀ S₀/Q, where (Q − S(z))/z is largest for S = S₀ min(1, z₀/z), 0 < Q <= S₀."""
    return 2 * z0 * S0 / Q


def ramp(z, t, Q, S0, z0):
    """f = t S₀ z₀/max(z, z_p)²: linear damping at v = 0, from f = 0, S = S₀ min(1, z₀/z), Q <= S₀."""
    return t * S0 * z0 / np.maximum(z, plateau_edge(Q, S0, z0)) ** 2


def solution(model, t=None):
    """The front from the growing source of this problem; v > 0 and S uniform, no other damping, no losses, adiabatic
    off.

    t in s; None: long after, (RATIO − 1) S/v. Protons only, f(top) = 0. Scatterers must be far weaker than the waves:
    the solution is that for ν = 0, wrong by √(2 v ν z_max) S/v (cf. `linear_damping`).
    """
    equation = "f = (Q(t − z/v) − S)/v (eq. 5 behind a front)"
    why = refusals(model, adiabatic=False, losses=("none",), top=("zero",), uniform=("v", "S"))
    if not why and (
        np.any(model.X > 0) or not np.all(model.S > 0) or not np.all(model.v > 0) or "proton" not in model.names
    ):
        why = "nowhere: needs protons, v > 0 and linear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, z, p = empty(model), model.grid.z[:, None], model.names.index("proton")
    S, v = bottom(model.S), bottom(model.v)
    f[p] = (RATIO - 1) * S / v if t is None else front(z, t, S, v, growing_source)
    f[p][-1] = 0.0
    length = v * RISE
    nu = float(bottom(model.nu)[p].max())
    tolerance = 2 * (widest(model) / length) ** 2 * (z[-1, 0] / length) + np.sqrt(2 * v * nu * z[-1, 0]) / (RATIO - 1)
    return Exact(
        f,
        equation,
        "protons, uniform halo, κ → ∞ where no wave grows",
        float(tolerance) + time_error(model, t),
        "2 (Δz/L)² z_max/L on a front of length L = v RISE, √(2 v ν z_max)/(RATIO − 1) from the scattering, and ten "
        "steps' errors of time.rtol",
    )


def sources(model, t):
    """Protons: S times a smooth step from 1 to RATIO; its end for t None and in decks that ask for the steady state."""
    t = steady_time(model, t)
    shape = (len(model.names), len(model.grid.z), len(model.grid.R))
    disc = np.zeros((shape[0], shape[2]))
    disc[model.names.index("proton")] = growing_source(np.inf if t is None else t, bottom(model.S))
    return disc, np.zeros(shape)
