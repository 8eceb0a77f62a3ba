"""The complete-flux correction: what brings the fitted flux to second order where the flux is not constant across a face.

    c = ±Δz ω s̃,  ω = ½ − 1/P + 1/(e^P − 1),  P = vΔz/κ, κ that of a small disturbance,
    s̃ = −∂t f + (momentum gain) + (source) − (∂z v) f − ∂z q|_a,

taken at the upwind node.  s̃ is what keeps the flux from being constant across the face; it vanishes in a steady state with
constant coefficients, where the fitted law is exact, and restores second order where nothing diffuses (P → ∞, ω → ½).
Faces with linear damping alone have a law of their own (`FaceLaw.correction_of_linear`).  The correction is bounded by the
advective flux, so positivity stands.
"""

import numpy as np

from .law import TINY, log
from .linear import add_divergence, shift

LOOSE_RATE = 1e-2  # v H ν below which external scattering is no more than the causal limit


def weight_of_source(P):
    """ω(P) = ½ − 1/P + 1/(e^P − 1) and ω'(P): the share of a source on the face that the upwind node's flux does not see."""
    small = P < 1e-3
    x = np.where(small, 1.0, P)
    e = np.expm1(np.minimum(x, 700.0))
    omega = np.where(small, P / 12.0, 0.5 - 1.0 / x + 1.0 / e)
    slope = np.where(small, 1.0 / 12.0, 1.0 / x**2 - (1.0 + 1.0 / e) / e)
    return omega, slope


class Correction:
    """c on the faces of a `System` at its present step."""

    def __init__(self, system):
        self.system = system
        p, grid = system.problem, system.problem.grid
        self.dv = grid.derivative(p.v) if len(p.v) > 1 else np.zeros_like(p.v)
        rate = p.bulk_loss + (self.dv / 3.0 if p.adiabatic else 0.0)
        self.face_rate = rate * system.H  # −ṗ/p on the faces, where f is carried along (species, R + 1, faces)
        self.gaining = self.face_rate.any((1, 2))
        self.dS = self.dX2 = self.loose = None
        self.d_others = ()
        varying = np.zeros(len(p.v), bool)
        if system.w is not None:
            varying = self._gradients()
        self.varying = (varying | (self.dv != 0)) & (p.v != 0)  # where c can differ from zero in a steady state

    def _gradients(self):
        """∂z of the waves' coefficients on the faces; where any of them differs from zero."""
        system, p, w, rows = self.system, self.system.problem, self.system.w, self.system.rows
        derivative, H, V, F = p.grid.derivative, system.H, system.V[w], system.F[w]
        self.loose = np.abs(system.v[w]) * system.nu_waves < LOOSE_RATE
        self.dS = derivative(p.S[rows]) * H / (V * F)
        self.dX2 = derivative(p.X[rows] ** 2) / V**2 / F
        self.d_others = tuple(
            (n, (1 + n) * derivative(np.where(Y[rows] > 0, log(Y[rows]), 0.0)) * H) for n, Y in p.others
        )
        varying = ((self.dS != 0) | (self.dX2 != 0)).any(0)
        for _, d in self.d_others:
            varying = varying | (d != 0).any(0)
        return varying & p.confined

    def set_step(self, storing):
        """Choose the faces for the system's present step; `storing`: does ∂t f belong to s̃?"""
        system = self.system
        self.storing = storing
        always = storing or system.bulk is not None or system.problem.bulk_loss.any()
        self.faces = np.flatnonzero((system.problem.v != 0) if always else self.varying)

    def flux(self, u, a_wave, conduction, species=None, derivatives=False):
        """c on the faces of own rows, {species: c}, or with `derivatives` also ∂c/∂u at the upwind node by offset and ∂c/∂a."""
        system, faces = self.system, self.faces
        if not len(faces):
            return {}
        p, out = system.problem, {}
        low, side = system.upwind_low[faces], system.side[faces]
        full = system.upper(u)
        for s in system.every(species):
            at = np.where(low, full[s][:, faces], full[s][:, faces + 1])
            speed = np.abs(system.v[s][:, faces])
            if s == system.w:
                P, dP = system.law.peclet(a_wave, system.nu_waves, self.loose)
            else:
                P, dP = conduction[s].peclet, conduction[s].d_peclet
            omega, d_omega = weight_of_source(P[:, faces])
            local, terms = self._deviation(u, s, at, a_wave)
            tau = system.df[faces] * terms
            raw = omega * tau
            fill = 0.0  # what `raw` owes to the slope of f itself
            if s == system.w and system.law.has_linear:
                special = (system.law.linear & self.loose)[:, faces]
                linear, slope, fill = system.law.correction_of_linear(tau, a_wave * system.side, system.nu_waves, faces)
                raw, omega = np.where(special, linear, raw), np.where(special, slope, omega)
                fill = np.where(special, fill, 0.0)
            raw = side * raw
            bound = np.maximum(speed * np.abs(at), TINY)
            y = raw / bound
            T = np.tanh(np.clip(y, -30.0, 30.0))
            c = np.zeros((at.shape[0], len(p.v)))
            c[:, faces] = bound * T
            if not derivatives:
                out[s] = c
                continue
            dT = 1.0 - T**2
            d = {o: dT * side * system.df[faces] * omega * x for o, x in local.items()}
            d[0] = d[0] + speed * np.sign(at) * (T - y * dT)
            by_slope = np.zeros_like(c)  # ∂c/∂a of the protons
            if system.w is not None:
                by_slope[:, faces] = dT * side * system.df[faces] * d_omega * terms * (dP * np.sign(a_wave))[:, faces]
            if s == system.w:
                h = 1e-6 * np.abs(a_wave) + 1e-200
                change = (self._explicit_gradient(a_wave + h, s) - self._explicit_gradient(a_wave - h, s)) / (2.0 * h)
                by_slope[:, faces] += dT * fill - (omega * dT * side * system.df[faces]) * change[:, faces]
            out[s] = (c, d, by_slope)
        return out

    def _deviation(self, u, s, at, a_wave):
        """s̃ of species s on the faces, and what it is made of by the upwind nodes: {offset in rigidity: coefficient}."""
        system, faces = self.system, self.faces
        low = system.upwind_low[faces]
        node = np.where(low, faces, faces + 1)
        inside = node < system.n  # a given top value is not an unknown
        node = np.minimum(node, system.n - 1)
        local = {0: np.where(inside, -system.inv_tau[s], 0.0) * self.storing - self.dv[faces] * system.H / system.V[s]}
        terms = local[0] * at
        if self.storing:
            terms = terms + np.where(inside, system.inv_tau[s] * system.u_known[s][:, node], 0.0)
        if self.gaining[s]:
            values = self._at_upwind(u, s, faces, low)
            for o, c in system.gain_coefficients(self.face_rate[s][:, faces], values, s).items():
                local[o] = local.get(o, 0.0) + c
                terms = terms + c * shift(values, system.rows, o)
        if system.bulk is not None:
            terms = terms + np.where(inside, system.bulk[s][:, node], 0.0)
        if s == system.w:
            terms = terms - self._explicit_gradient(a_wave, s)[:, faces]
        return local, terms

    def _at_upwind(self, u, s, faces, low):
        """u of species s at the upwind node of some faces, a given top included; (R, faces)."""
        system = self.system
        full = u[s]
        if system.top is not None:
            full = np.concatenate([full, (system.problem.top[s] / system.F_all[s])[:, None]], -1)
        return np.where(low, full[:, faces], full[:, faces + 1])

    def _explicit_gradient(self, a, s):
        return self.system.law.coefficient_gradient(a, self.system.nu_waves, self.dS, self.dX2, self.d_others)

    def linearise(self, blocks, rhs, s, parts, point, K, P, N, offset, exact):
        """Add c and its derivatives: own row into K, P, N, other rigidities into couplings; the rest and `offset` returned."""
        system, faces = self.system, self.faces
        low = system.upwind_low[faces]
        u = point.u
        c, d, by_slope = parts
        inner = np.where(low, faces, faces + 1)
        given_top = inner >= system.n
        node = np.minimum(inner, system.n - 1)
        rest = c[:, faces].copy()
        for o, value in d.items():
            if o == 0:
                full = system.upper(u)[s]
                rest -= value * np.where(low, full[:, faces], full[:, faces + 1])
                P[:, faces] += np.where(low, value, 0.0)
                N[:, faces] += np.where(low, 0.0, value)
                continue
            value = np.where(given_top, 0.0, value)
            rest -= value * system.shifted(u, s, o)[:, node]
            Po, No = np.zeros_like(c), np.zeros_like(c)
            Po[:, faces], No[:, faces] = np.where(low, value, 0.0), np.where(low, 0.0, value)
            add_divergence(blocks.couple(s, o), Po, No)
        if s == system.w:
            K += by_slope / system.df
            rest -= (by_slope * point.a)[:, faces]
        elif exact and system.w is not None:
            add_divergence(blocks.wave(s), by_slope / system.df, -by_slope / system.df)
            system.given_waves(rhs, s, by_slope / system.df)
            rest -= (by_slope * point.a)[:, faces]
        offset = np.zeros_like(c) if offset is None else offset.copy()
        offset[:, faces] += rest
        return offset
