"""Back to the graph of the law: the pair (slope, flux) of every face along a line of constant a + A q (parametrised Newton)."""

import numpy as np

from .law import FROZEN, TINY
from .strips import by_strips


def project(law, s, weight, nu):
    """The point (a, q) of the graph on the line a + weight q = s."""
    external = law.external(nu)
    a, q = by_strips(s.shape, lambda own: _on_fit(law.take(own), np.abs(s[own]), weight, external.take(own)))
    implicit = ~np.isfinite(a)  # the cubic's coefficients span too many decades for its closed forms
    if law.has_linear or law.others:
        implicit |= law.linear | law.mixed if law.others else law.linear
    if implicit.any():
        index = np.nonzero(implicit)
        a[index], q[index] = _by_newton(law.take(index), np.abs(s[index]), weight, external.take(index), a[index])
    return np.copysign(a, s, out=a), np.copysign(q, s, out=q)


def _on_fit(law, t, weight, ext, steps=60):
    """`project` for t = |s| on all faces but those of linear damping alone and mixed ones.

    In y = 1/κ_sc the fit is rational, q_fit = (S + C y)/(1 + m y) and a = y q_fit, so the line meets it at the one
    positive root of a cubic,

        y (S + C y)(y E + e + A) − t (1 + m y)(y E + e) = 0,   E = e^{mν}, e = (E − 1)/m, A = weight,

    here divided by t.  Newton from above: it starts from the root without the cubic term, which is the answer but where
    faces are steep; there also from a bound, the cubic term against three times the largest negative one.
    """
    C, m, E, e = law.CD[0], law.m, ext.E, ext.excess
    t = np.maximum(t, TINY)
    S, C = law.S / t, C / t
    c3, c2, c1 = C * E, S * E + C * (e + weight) - m * E, S * (e + weight) - (m * e + E)
    root = np.sqrt(c1 * c1 + 4.0 * e * c2)
    y = np.where(c1 > 0, 2.0 * e, root - c1) / np.where(c1 > 0, c1 + root, 2.0 * c2)
    steep = ~((c2 > 0) & (c3 * y < 0.1 * c2))
    some = steep.any()
    if some:
        k3, k2, k1, k0 = (c[steep] for c in (c3, c2, c1, e))
        bound = np.maximum(np.maximum(-3.0 * k2, np.sqrt(-3.0 * np.minimum(k1 * k3, 0.0))) / k3, np.cbrt(3.0 * k0 / k3))
        y[steep] = np.where(k2 > 0, np.fmin(y[steep], bound), bound)
    triple, double = 3.0 * c3, 2.0 * c2
    for _ in range(steps):
        slope = (triple * y + double) * y + c1
        move = (((c3 * y + c2) * y + c1) * y - e) / slope
        if some:
            move = np.minimum(move, y)
            rises = slope > 0
            if not rises.all():
                move = np.where(rises, move, 0.5 * y)
        y = y - move
        if not (np.abs(move) > 1e-8 * y).any():  # its error is the square
            break
    a = y * t * (S + C * y) / (1.0 + m * y)
    if law.all_damped:
        return a, a / np.maximum(y * E + e, TINY)
    h = np.maximum(np.where(law.damped, y, np.where(law.undamped, FROZEN, 0.0)) * E + e, TINY)
    a = np.where(law.damped, a, t / (1.0 + weight / h))
    return a, a / h


def _by_newton(law, t, weight, ext, start, steps=80):
    """`project` for t = |s| by safeguarded Newton on the law itself (flat arrays).

    start: the projection on the fit, which for linear damping alone is off by half the depth a m/S at most.
    """
    whole, rates, todo = law, ext, np.arange(t.size)
    near = law.linear & np.isfinite(start)
    a = start if near.all() else np.where(near, start, t / (1.0 + weight / np.maximum(law.h_of(t, ext)[0], TINY)))
    lo, hi, out = np.zeros_like(t), t.copy(), a.copy()
    for _ in range(steps):
        h, _, rest = law.h_of(a, ext)
        h = np.maximum(h, TINY)
        r = a + weight * (a / h) - t
        above = r > 0
        hi, lo = np.where(above, np.minimum(hi, a), hi), np.where(above, lo, np.maximum(lo, a))
        rate = 1.0 + weight * rest / h / h
        new = a - r / rate
        outside = (new < lo) | (new > hi)
        if outside.any():
            new = np.where(outside, np.sqrt(np.maximum(lo, 1e-30 * hi) * hi), new)
        # Newton's error is the square of its move; t rounds
        move = np.abs(new - a) > 1e-14 * a + 2e-15 * t / rate + 1e-300
        a = new
        out[todo] = a
        going = np.count_nonzero(move)
        if not going:
            break
        if going < 0.7 * move.size:  # carry on with the unfinished faces only
            index = np.flatnonzero(move)
            a, t, lo, hi, todo = a[index], t[index], lo[index], hi[index], todo[index]
            law, ext = law.take(index), ext.take(index)
    return out, out / np.maximum(whole.h_of(out, rates)[0], TINY)
