"""Waves that nonlinear damping of any power acts on, Γ ∝ (δB/B)^(2n) ∝ κ^(−n), alone or with other damping (Sec. 6.1).

With y = 1/κ of the waves their balance at a point is

    q = Φ(y) = S + Σ_j G_j y^(n_j),   |a| = q y,   ψ = dlnΦ/dln y  (n for one process alone, 0 for linear damping alone).

Between two nodes F = v f + q is constant in a steady state, dq = v |a| dz, so that ψ dκ = −v dz: where ψ is constant κ falls
linearly from node to node, which is eq. 14 for any n.  With q₁ = q₀ + m a the fit q₀ = q_fit(a) is

    ln(q₁/q₀) = m/κ̄,   κ̄ = (κ₀ − κ₁)/ln(κ₀/κ₁),   q_i = Φ(1/κ_i),

exact for one process alone; where several act it takes the mean of ψ over ln κ for that over κ, and is second order.
ln(q₁/q₀) κ̄ rises with κ₀ at fixed a, and falls with κ₁ at fixed κ₀: q_fit is unique and increases with a.
S with n = 1 has a closed form, in `law`; several processes of the same power are one.
"""

from dataclasses import dataclass

import numpy as np

STEPS = 15  # Newton needs five to eight
LAST = 1e-8  # a step this small leaves its square; not where derivatives are taken before it
SMALL = 1e-300


@dataclass(frozen=True)
class Mixture:
    """Faces (flat, k of them) with linear damping S, advection m = |v|Δz and nonlinear damping ln G (j, k) of powers n (j,).

    ln G = −inf where a process does not act; at least one does.
    """

    S: np.ndarray
    m: np.ndarray
    powers: np.ndarray
    log_G: np.ndarray

    @property
    def alone(self):
        """Faces on which one process acts alone: the fit is exact."""
        return (self.S == 0) & (np.isfinite(self.log_G).sum(0) == 1)

    def terms(self, x):
        """Σ w, Σ n w and Σ n² w of the nonlinear parts w_j = G_j y^(n_j) of the flux at ln y = x."""
        n = self.powers[:, None]
        w = np.exp(np.minimum(self.log_G + n * x, 690.0))
        return w.sum(0), (n * w).sum(0), (n * n * w).sum(0)

    def _of_nonlinear_flux(self, W):
        """ln y at which the nonlinear parts of the flux add up to W > 0."""
        bounds = (np.log(W) - self.log_G) / self.powers[:, None]
        x = bounds.min(0)
        for _ in range(STEPS if len(self.powers) > 1 else 0):  # from above, where ln Σw is convex
            w, nw, _ = self.terms(x)
            step = np.log(w / W) * w / nw
            x = x - step
            if np.all(np.abs(step) <= LAST):
                break
        return x

    def _at(self, log_a):
        """ln y at a point, q y = a: from above, where ln(y Φ) is convex and its slope between 1 and 1 + n."""
        with np.errstate(divide="ignore"):
            x = np.minimum(((log_a - self.log_G) / (1.0 + self.powers[:, None])).min(0), log_a - np.log(self.S))
        for _ in range(STEPS):
            W, N, _ = self.terms(x)
            q = self.S + W
            step = (x + np.log(q) - log_a) / (1.0 + N / q)
            x = x - step
            if np.all(np.abs(step) <= LAST):
                break
        return x

    def point(self, a):
        """q, dq/da and d²q/da² of the law at a point, a > 0."""
        a = np.maximum(a, SMALL)
        W, N, M = self.terms(self._at(np.log(a)))
        q = self.S + W
        psi, bend = N / q, M / q - (N / q) ** 2
        e = psi / (1.0 + psi)
        return q, e * q / a, (e * e - e + bend / (1.0 + psi) ** 3) * q / a / a

    def gradient(self, a, dS, dlog_G):
        """q at a point, and its ∂q/∂z at fixed slope a > 0 from those of S and of ln G (j, k)."""
        x = self._at(np.log(np.maximum(a, SMALL)))
        w = np.exp(np.minimum(self.log_G + self.powers[:, None] * x, 690.0))
        q = self.S + w.sum(0)
        return q, (dS + (w * dlog_G).sum(0)) / (1.0 + (self.powers[:, None] * w).sum(0) / q)

    def fit(self, a):
        """q_fit and dq_fit/da at slopes a > 0, by Newton for ln y₀ = −ln κ₀, from the value at a point, which is above."""
        a = np.maximum(a, SMALL)
        ma, log_a = self.m * a, np.log(a)
        x0 = top = self._at(log_a)
        for _ in range(STEPS):
            W, N, _ = self.terms(x0)
            q0 = self.S + W
            z = ma / q0
            P = np.log1p(z)
            x1 = self._of_nonlinear_flux(W + ma)
            N1 = self.terms(x1)[1]
            d = np.maximum(x1 - x0, 0.0)
            mean, rise = _log_mean(d)
            short = np.where(z > 1e-14, P / np.maximum(z, SMALL), 1.0)  # ln(q₁/q₀)/(q₁/q₀ − 1)
            excess = np.log(short) + log_a - np.log(q0) - x1 + mean  # ln of [ln(q₁/q₀) κ̄/m]
            rho = N / N1  # dln κ₁/dln κ₀ at fixed a
            slope = N / q0 / ((1.0 + z) * short) + rho + (1.0 - rho) * rise
            step = np.clip(excess / slope, -5.0, 5.0)
            x0 = np.minimum(x0 + step, top)
            if np.all(np.abs(step) <= 1e-13 * (1.0 + np.abs(x0))):
                break
        W, N, _ = self.terms(x0)
        # dln y₀/da = m/q₁ [1/P − (1 − rise)/ψ₁]/slope; 1 − rise = 1/d − 1/(e^d − 1), written so that nothing cancels
        psi1, P = N1 / (q0 + ma), np.maximum(P, SMALL)
        gap = np.where(self.alone, 0.0, np.maximum(psi1 * d - P, 0.0))  # zero where ψ is constant
        far = d > 1.0
        e = np.expm1(np.clip(d, 1.0, 690.0))
        by_slope = np.where(far, gap / (P * np.where(far, d, 1.0)) + 1.0 / e, psi1 / P - (1.0 - rise)) * self.m / N1
        by_slope = np.where(z > 1e-14, by_slope, 1.0 / a)
        return self.S + W, N * by_slope / slope


def _log_mean(d):
    """ln[(e^d − 1)/d] and its derivative, d >= 0: of the logarithmic mean of two values e^d apart over the smaller."""
    small = d < 1e-3
    x = np.where(small, 1.0, d)
    e = -np.expm1(-x)
    value = np.where(small, d / 2.0 + d * d / 24.0, x + np.log(e / x))
    return value, np.where(small, 0.5 + d / 12.0, 1.0 / e - 1.0 / x)
