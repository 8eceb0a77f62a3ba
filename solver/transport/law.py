"""The fitted flux law of self-confined cosmic rays: exact between two nodes, monotone, closed form.

On a face with speed v and length Δz write a = (f_i − f_{i+1})/Δz, m = |v| Δz and F = v f_upwind + q(a).  Self-excited
waves with linear damping S and nonlinear damping X obey q² − S q − X² |a| = 0 at a point; between two nodes the flux
F = v f + q is constant in a steady state, and integrating gives the fitted law

    q_fit = [(S − m a) + √((S − m a)² + 4 C a)]/2,   C = X² y/(1 − e^{−y}),  y = m S/X²,

exact for S alone, X alone and both.  The optical depth of the face is m ℓ with ℓ = ln(1 + m a/q_fit)/m; independent
scatterers of rate ν = 1/κ_ext add to it, so

    q(a) = a/h(a),   h(a) = (e^{m(ℓ + ν)} − 1)/m = (a/q_fit) e^{mν} + (e^{mν} − 1)/m,

which is Scharfetter–Gummel where nothing is self-confined.  Nuclei pass through the same depth ℓ times v_p/v_A
(footnote 3 of the paper), so eq. 30 holds at the nodes as eq. 14 does.  q is odd and increasing in a.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

TINY = 1e-290            # far below any scaled flux; only keeps 0/0 away
FROZEN = 1e100           # 1/κ_sc of undamped waves, in scaled units
DEPTH_MAX = 250.0        # e^{-250}: a face this deep conducts nothing that double precision could see


def depth_excess(m, nu):
    """(e^{mν} − 1)/m, continued to ν at m = 0."""
    mn = np.minimum(m * nu, DEPTH_MAX)
    return np.where(mn > 1e-12, np.expm1(mn) / np.maximum(m, TINY), nu)


@dataclass(frozen=True)
class FaceLaw:
    """The law on an array of faces, in scaled units; `confined` marks the faces that carry self-excited waves."""

    S: np.ndarray
    X: np.ndarray
    m: np.ndarray
    confined: np.ndarray

    @cached_property
    def CD(self):
        """C and D = C − m S = X² y/(e^y − 1), each without cancellation."""
        X2 = self.X**2
        y = self.m * self.S / np.maximum(X2, TINY)
        ys = np.clip(y, 1e-12, 700.0)
        D = np.where((X2 > 0) & (y < 700.0), X2 * np.where(y > 1e-8, ys / np.expm1(ys), 1.0 - 0.5 * y), 0.0)
        return D + self.m * self.S, D

    @cached_property
    def undamped(self):
        """Faces whose waves nothing damps: κ_sc = 0, pure streaming."""
        return self.confined & (self.S == 0) & (self.X == 0)

    def fit(self, a):
        """q_fit, its first and second derivative, and the root r, at slopes a >= 0.

        (q − S)(q + m a) = D a gives q' = D q/((q + m a) r) without cancellation: zero for linear damping alone.
        """
        C, D = self.CD
        b = self.S - self.m * a
        r = np.sqrt(b * b + 4.0 * C * a)
        q = np.where(b >= 0, 0.5 * (b + r), 2.0 * C * a / np.maximum(r - b, TINY))
        q = np.where(D == 0, self.S, q)
        alive = r > 1e-95
        r1 = np.where(alive, r, 1.0)
        dq = np.where(alive, D * q / np.maximum((q + self.m * a) * r1, TINY), 0.0)
        return q, dq, np.where(alive, -2.0 * C * D / r1**3, 0.0), r1

    def resistance(self, a):
        """y = a/q_fit = 1/κ_sc of the fit at slopes a >= 0, y', y'' and y − a y' = (a/q)² q'; zero where not confined."""
        q, dq, d2q, _ = self.fit(a)
        alive = self.confined & (q > 1e-200)
        q = np.where(alive, q, 1.0)
        free = np.where(self.undamped, FROZEN, 0.0)
        y = np.where(alive, a / q, free)
        dy = np.where(alive, (1.0 - y * dq) / q, 0.0)
        d2y = np.where(alive, -(2.0 * dy * dq + y * d2q) / q, 0.0)
        return y, dy, d2y, np.where(alive, y * y * dq, free)

    def h(self, a, nu):
        """h, h', h'' and h − a h' at slopes a >= 0 and external rates ν."""
        y, dy, d2y, rest = self.resistance(a)
        E = np.exp(np.minimum(self.m * nu, DEPTH_MAX))
        excess = depth_excess(self.m, nu)
        return y * E + excess, dy * E, d2y * E, rest * E + excess

    def q(self, a, nu):
        """The diffusive flux at slopes of any sign."""
        return a / np.maximum(self.h(np.abs(a), nu)[0], TINY)

    def dq(self, a, nu):
        """q'(a) >= 0, the conductivity of a small disturbance."""
        h, _, _, rest = self.h(np.abs(a), nu)
        return rest / np.maximum(h, TINY)**2

    def d2q(self, a, nu):
        """q''(|a|) sgn(a), for the exact Jacobian of the second-order correction."""
        sign, a = np.sign(a), np.abs(a)
        h, dh, d2h, rest = self.h(a, nu)
        h = np.maximum(h, 1e-95)
        return -sign * (a * d2h + 2.0 * rest * dh / h) / h**2

    def depth(self, a):
        """ℓ = ln(1 + m a/q_fit)/m and dℓ/d|a|: the waves' share of the optical depth per m, for other nuclei."""
        y, dy, _, _ = self.resistance(np.abs(a))
        my = self.m * y
        safe = np.maximum(self.m, TINY)
        return np.where(my > 1e-8, np.log1p(my) / safe, y * (1.0 - 0.5 * my)), dy / (1.0 + my)

    def coefficient_gradient(self, a, nu, dS, dX2):
        """∂q/∂z at fixed slope through S(z) and X²(z), from the law at a point (q² − S q − X²|a| = 0)."""
        sign, a = np.sign(a), np.abs(a)
        root = np.sqrt(self.S**2 + 4.0 * self.X**2 * a)
        q = 0.5 * (self.S + root)
        share = 1.0 / (1.0 + nu * q / np.maximum(a, TINY))          # q_total/q of the waves
        return np.where(self.confined, sign * share**2 * (q * dS + a * dX2) / np.maximum(root, TINY), 0.0)

    def project(self, s, weight, nu, guess=None, steps=80):
        """The point of the graph on the line a + weight q(a) = s, by safeguarded Newton; returns a."""
        t = np.abs(s).ravel()
        law = FaceLaw(*(np.broadcast_to(x, s.shape).ravel() for x in (self.S, self.X, self.m, self.confined)))
        law.__dict__["CD"] = tuple(np.broadcast_to(x, s.shape).ravel() for x in self.CD)
        nu = np.broadcast_to(nu, s.shape).ravel()
        if guess is None:
            a = t / (1.0 + weight / np.maximum(law.h(t, nu)[0], TINY))
        else:
            a = np.clip(np.abs(guess).ravel(), 0.0, t)
        lo, hi, out, todo = np.zeros_like(t), t.copy(), a.copy(), np.arange(t.size)
        for _ in range(steps):
            h, _, _, rest = law.h(a, nu)
            q = a / np.maximum(h, TINY)
            r = a + weight * q - t
            hi, lo = np.where(r > 0, np.minimum(hi, a), hi), np.where(r <= 0, np.maximum(lo, a), lo)
            rate = 1.0 + weight * rest / np.maximum(h, TINY)**2
            new = a - r / rate
            new = np.where((new < lo) | (new > hi), np.sqrt(np.maximum(lo, 1e-30 * hi) * hi), new)
            move = np.abs(new - a) > 1e-12 * a + 1e-15 * t / rate + 1e-300   # Newton's error is the square; rounding of t
            a = new
            out[todo] = a
            if not move.any():
                break
            if np.count_nonzero(move) < 0.5 * move.size:            # carry on with the unfinished faces only
                a, t, nu, lo, hi, todo = a[move], t[move], nu[move], lo[move], hi[move], todo[move]
                CD = tuple(x[move] for x in law.CD)
                law = FaceLaw(law.S[move], law.X[move], law.m[move], law.confined[move])
                law.__dict__["CD"] = CD
        return np.sign(s) * out.reshape(s.shape)
