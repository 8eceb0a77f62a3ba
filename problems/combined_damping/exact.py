"""Linear and nonlinear damping of the same waves, |∂f/∂z| κ² − S κ − X² = 0, at constant speed: closed forms.

v f + q = F with q = κ|∂f/∂z|.  Alone, the waves' flux s obeys s² − S s = X² a, a = −∂f/∂z, and q' = v a gives
    v (z_top − z)/X² = G(t) − G(t_top),   t = s − S,   G = ln(1 + S/t)/S,
which is eq. 14 for S → 0 and eq. 5 for X → 0.  With other scatterers of rate ν = 1/κ, D = ν X²: q = s t/(t + D) and
    G = φ(D/t)/t + [φ((S − D)/(t + D)) − 1]/(t + D),   φ(x) = ln(1 + x)/x.
At the top f = 0 and q = F. All arguments broadcast; v > 0, X > 0, S >= 0, ν >= 0, `depth` is the distance below the
top.
"""

import numpy as np

from problems.tools import bottom, disc_sink, empty, flux_left, increasing_root, nowhere, refusals
from solver.exact import Exact


def log_ratio(x):
    """φ(x) = ln(1 + x)/x for x > −1."""
    small = np.abs(x) < 1e-5
    large, low = np.where(small, 1.0, x), np.where(small, x, 0.0)
    return np.where(small, 1 - low / 2 + low**2 / 3, np.log1p(large) / large)


def depth_function(t, S, D):
    """G(t) of the module's docstring; decreasing in t > 0."""
    return log_ratio(D / t) / t + (log_ratio((S - D) / (t + D)) - 1) / (t + D)


def kappa(a, S, X):
    """κ_sc = [S + √(S² + 4X² a)]/(2a), a = |∂f/∂z| > 0; eq. 4 for X = 0, eq. 10 for S = 0."""
    return (S + np.sqrt(S**2 + 4 * X**2 * a)) / (2 * a)


def excess_flux(F, S, X, v, depth, nu=0.0):
    """t = s − S at `depth` below the top, s the waves' own flux; in closed form for ν = 0."""
    F, S, X, v, depth, nu = np.broadcast_arrays(*(np.asarray(x, float) for x in (F, S, X, v, depth, nu)))
    D = nu * X**2
    half = 0.5 * (F - S)
    root = np.sqrt(half**2 + F * D)
    top = np.where(half >= 0, half + root, F * D / np.where(half >= 0, 1.0, root - half))
    top = np.maximum(top, 1e-290)
    rise = v * depth / X**2
    G = log_ratio(S / top) / top + rise
    x = np.minimum(S * G, 700.0)
    explicit = np.where(x > 1e-10, S / np.expm1(np.maximum(x, 1e-10)), 1 / G)
    if not np.any(D > 0):
        return np.where(depth > 0, explicit, top)
    with np.errstate(over="ignore"):
        target = depth_function(top, S, D) + rise
        low = top.copy()
        for _ in range(300):
            short = depth_function(low, S, D) < target
            if not short.any() or low.min() < 1e-280:
                break
            low = np.where(short, low / 64, low)
        implicit = np.exp(increasing_root(lambda x: target - depth_function(np.exp(x), S, D), np.log(low), np.log(top)))
    return np.where(depth > 0, np.where(D > 0, implicit, explicit), top)


def diffusive_flux(F, S, X, v, depth, nu=0.0):
    """q = κ|∂f/∂z| at `depth` below the top; F where F <= S and ν = 0, when f = 0 and nothing confines."""
    t = excess_flux(F, S, X, v, depth, nu)
    q = (S + t) * t / (t + nu * X**2)
    return np.where((np.asarray(nu) * X**2 == 0) & (F <= S), F, q)


def profile(F, S, X, v, depth, nu=0.0):
    """f = (F − q)/v at `depth` below the top, f(top) = 0."""
    return np.where(np.asarray(depth) > 0, (F - diffusive_flux(F, S, X, v, depth, nu)) / v, 0.0)


def solution(model, t=None):
    """The closed form with S, X and ν together; steady, all uniform, v > 0, adiabatic off, f(top) = 0; protons only.

    Disc losses none, or catastrophic (eq. 1 as printed).
    """
    equation = "v (z_max − z)/X² = G(t) − G(t_top), κ from |∂f/∂z| κ² − S κ − X² = 0 (eqs. 4 and 10 together)"
    why = refusals(
        model, adiabatic=False, losses=("none", "catastrophic"), top=("zero",), uniform=("v", "S", "X", "nu")
    )
    if not why and (not np.all(model.X > 0) or not np.all(model.v > 0) or "proton" not in model.names):
        why = "nowhere: needs protons, v > 0 and nonlinear damping"
    if why:
        return nowhere(model, equation, why)
    f, z = empty(model), model.grid.z
    p = model.names.index("proton")
    Q, sink = model.Q[p], disc_sink(model)[p]
    S, X, v, nu = bottom(model.S), bottom(model.X), bottom(model.v), bottom(model.nu)[p]
    F = flux_left(Q, sink, lambda F: profile(F, S, X, v, z[-1], nu))
    f[p] = profile(F, S, X, v, z[-1] - z[:, None], nu)
    return Exact(
        f, equation, "protons, steady, uniform halo", 1e-8, "the nonlinear solver: the flux is exact at the nodes"
    )
