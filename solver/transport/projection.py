"""Back to the graph of the law: the pair (slope, flux) of every face along a line of constant a + A q (parametrised Newton)."""

import numpy as np

from .law import FROZEN, TINY
from .strips import by_strips

CLOSE = 1e-8  # relative step of Newton's after which its error, the square of that, is rounding


def project(law, s, weight, nu):
    """The point (a, q) of the graph on the line a + weight q = s."""
    external = law.external(nu)
    return by_strips(s.shape, lambda own: _on_graph(law.take(own), s[own], weight, external.take(own)))


def _on_graph(law, s, weight, ext):
    """The same of some rows, whose external rates are known."""
    t = np.abs(s)
    if law.only_linear:
        a, q = _by_newton(law, t, weight, ext)
    else:
        a, q = _on_fit(law, t, weight, ext)
        implicit = ~np.isfinite(a)  # the cubic's coefficients span too many decades for its closed forms
        if law.has_linear or law.others:
            implicit |= law.linear | law.mixed if law.others else law.linear
        if implicit.any():
            index = np.nonzero(implicit)
            a[index], q[index] = _by_newton(law.take(index), t[index], weight, ext.take(index))
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
        if not (np.abs(move) > CLOSE * y).any():
            break
    a = y * t * (S + C * y) / (1.0 + m * y)
    if law.all_damped:
        return a, a / np.maximum(y * E + e, TINY)
    h = np.maximum(np.where(law.damped, y, np.where(law.undamped, FROZEN, 0.0)) * E + e, TINY)
    a = np.where(law.damped, a, t / (1.0 + weight / h))
    return a, a / h


def _by_newton(law, t, weight, ext, steps=80):
    """`project` for t = |s| by safeguarded Newton on the law itself."""
    a = _nearly(law, t, weight, ext)
    lo, hi, todo, out, flux = np.zeros_like(t), t, ..., a.copy(), np.zeros_like(a)
    for _ in range(steps):
        h, _, rest = law.h_of(a, ext)
        h = np.maximum(h, TINY)
        q, dq = a / h, rest / h / h
        r, rate = a + weight * q - t, 1.0 + weight * dq
        above = r > 0
        hi, lo = np.where(above, np.minimum(hi, a), hi), np.where(above, lo, np.maximum(lo, a))
        new = a - r / rate
        outside = (new < lo) | (new > hi)
        if outside.any():
            new = np.where(outside, np.sqrt(np.maximum(lo, 1e-30 * hi) * hi), new)
        step = new - a
        out[todo], flux[todo] = new, q + dq * step
        going = np.abs(step) > CLOSE * a + 2e-15 * t / rate + 1e-300  # t rounds
        count = np.count_nonzero(going)
        if not count:
            break
        a = new
        if count < 0.7 * going.size:  # carry on with the unfinished faces only
            index = np.nonzero(going)
            a, t, lo, hi = a[index], t[index], lo[index], hi[index]
            todo = index if todo is ... else tuple(i[index] for i in todo)
            law, ext = law.take(index), ext.take(index)
    return out, flux


def _nearly(law, t, weight, ext):
    """Slopes near the projection for t = |s|, and exact for linear damping without flow.

    Linear damping alone has y = a/S with y (1 + A q/a) = t/S and a/q = E y φ + e, φ = (e^{my} − 1)/(m y): of second degree in y
    for given φ, which is 1 at first and then that of the first root.
    """
    linear = law.linear
    if not linear.all():
        a = t / (1.0 + weight / np.maximum(law.h_of(t, ext)[0], TINY))
        if not linear.any():
            return a
    S, t, e, E = law.linear_S, np.maximum(t, TINY), ext.excess, ext.E
    for last in (False, True):
        b, c = S * (e + weight) - t * E, t * e
        root = np.sqrt(b * b + 4.0 * S * E * c)
        y = np.where(b > 0, 2.0 * c, root - b) / np.where(b > 0, b + root, 2.0 * S * E)
        if not last:
            x = np.clip(law.m * y, 1e-9, 1.0)  # a full face is no steeper than that
            E = E * np.expm1(x) / x
    y *= S
    return y if linear.all() else np.where(linear, y, a)
