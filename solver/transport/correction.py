"""The complete-flux correction: what brings the fitted flux to second order where the flux is not constant across a face.

    c = ±Δz ω s̃,  ω = ½ − 1/P + 1/(e^P − 1),  P = vΔz/κ, κ that of a small disturbance,
    s̃ = −∂t f + (momentum gain) + (source) − (∂z v) f − ∂z q|_a,

taken at the upwind node.  s̃ is what keeps the flux from being constant across the face; it vanishes in a steady state with
constant coefficients, where the fitted law is exact, and restores second order where nothing diffuses (P → ∞, ω → ½).
Faces with linear damping alone have a law of their own (`FaceLaw.correction_of_linear`).  The correction is bounded by the
advective flux, so positivity stands.
"""

from copy import copy

import numpy as np

from .law import TINY, log
from .stencils import add_divergence, shift

LOOSE_RATE = 1e-2  # v H ν below which external scattering is no more than the causal limit


def weight_of_source(P):
    """ω(P) = ½ − 1/P + 1/(e^P − 1) and ω'(P): the share of a source on the face that the upwind node's flux does not see."""
    small = P < 1e-3
    x = np.where(small, 1.0, P)
    e = np.expm1(np.minimum(x, 700.0))
    omega = np.where(small, P / 12.0, 0.5 - 1.0 / x + 1.0 / e)
    slope = np.where(small, 1.0 / 12.0, 1.0 / x**2 - (1.0 + 1.0 / e) / e)
    return omega, slope


def consecutive(index):
    """Numbers as a slice where each is one more than the last, else as they are."""
    return slice(int(index[0]), int(index[-1]) + 1) if (np.diff(index) == 1).all() else index


class Correction:
    """c on the faces of a `System` at its present step."""

    def __init__(self, system):
        self.system = system
        self.left_out = False  # then fluxes are of first order where they change across a face
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
        varying &= p.confined
        self.graded = bool(varying.any())
        return varying

    def set_step(self, storing):
        """Choose the faces for the system's present step, and what of s̃ f does not change.  storing: does ∂t f belong to it?"""
        system, p = self.system, self.system.problem
        always = storing or system.bulk is not None or p.bulk_loss.any()
        faces = np.flatnonzero((p.v != 0) if always else self.varying)
        self.some = len(faces) > 0
        if not self.some:
            return
        self.faces = consecutive(faces)
        self.low, self.side, self.df = system.upwind_low[faces], system.side[faces], system.df[faces]
        upwind = np.where(self.low, faces, faces + 1)
        self.upwind, self.node = consecutive(upwind), consecutive(np.minimum(upwind, system.n - 1))
        self.rate = self.face_rate[..., self.faces]
        self.inside = upwind < system.n  # a given top value is not an unknown
        # ∂s̃/∂f at the upwind node and the rest, both without what momentum and the waves' coefficients add
        self.own = -self.dv[faces] * system.H / system.V
        self.known = np.zeros_like(self.own)
        if storing:
            self.own = self.own - np.where(self.inside, system.inv_tau, 0.0)
            self.known = np.where(self.inside, system.inv_tau * system.u_known[..., self.node], 0.0)
        if system.bulk is not None:
            self.known = self.known + np.where(self.inside, system.bulk[..., self.node], 0.0)
        # faces of the waves' species with a law of their own
        special = None if self.loose is None else (system.law.linear & self.loose)[:, self.faces]
        self.special = special if special is not None and special.any() else None
        self.all_special = self.special is not None and bool(special.all())

    def part(self, system, own):
        """The correction of a `system` of some of the own rows."""
        part = copy(self)
        part.system = system
        if self.some:
            part.own, part.known = self.own[:, own], self.known[:, own]
            if self.loose is not None:
                part.loose, part.dS, part.dX2 = self.loose[own], self.dS[own], self.dX2[own]
                part.d_others = tuple((n, d[own]) for n, d in self.d_others)
            if self.special is not None:
                part.special = self.special[own]
        return part

    def flux(self, u, full, response, conduction, species=None, derivatives=False):
        """{species: c} on the faces of own rows, or with `derivatives` (c, ∂c/∂u by offset in rigidity, ∂c/∂a, u), u and ∂c/∂u at
        the upwind node.

        full: `upper` of u.  response: the waves' law at the protons' slopes a; conduction: that of the other species.
        """
        if self.left_out or not self.some:
            return {}
        system, faces, out = self.system, self.faces, {}
        for s in system.every(species):
            at = full[s][:, self.upwind]
            local, terms = self._deviation(u, s, at)
            graded = s == system.w and self.graded
            if graded:
                terms = terms - self._explicit_gradient(response.a)[:, faces]
            raw, omega, by_slope = self._unbounded(s, self.df * terms, response, conduction)
            speed = np.abs(system.v[s][:, faces])
            bound = np.maximum(speed * np.abs(at), TINY)
            y = self.side * raw / bound
            T = np.tanh(y)
            c = np.zeros((at.shape[0], len(system.df)))
            c[:, faces] = bound * T
            if not derivatives:
                out[s] = c
                continue
            dT = 1.0 - T**2
            along = dT * self.side
            d = {o: along * self.df * omega * x for o, x in local.items()}
            d[0] = d[0] + speed * np.sign(at) * (T - y * dT)
            if graded:
                h = 1e-6 * np.abs(response.a) + 1e-200
                change = self._explicit_gradient(response.a + h) - self._explicit_gradient(response.a - h)
                by_slope = by_slope - omega * self.df * (change / (2.0 * h))[:, faces]
            d_slope = np.zeros_like(c)
            d_slope[:, faces] = along * by_slope
            out[s] = (c, d, d_slope, at)
        return out

    def _unbounded(self, s, tau, response, conduction):
        """c along the flow before it is bounded, for τ = Δz s̃, and its derivatives by τ and by the protons' slope."""
        system, faces = self.system, self.faces
        raw = omega = by_slope = 0.0
        if s != system.w or not self.all_special:
            if s == system.w:
                P, dP = system.law.peclet(response.a, system.nu_waves, self.loose)
            else:
                P, dP = conduction[s].peclet, conduction[s].d_peclet
            omega, d_omega = weight_of_source(P[:, faces])
            raw = omega * tau
            if response is not None:
                by_slope = d_omega * tau * (dP * np.sign(response.a))[:, faces]
        if s == system.w and self.special is not None:
            q, dq = response.flux(system.nu_waves)
            linear, slope, fill = system.law.correction_of_linear(tau, system.nu_waves, faces, q * system.side, dq)
            raw, omega = np.where(self.special, linear, raw), np.where(self.special, slope, omega)
            by_slope = np.where(self.special, self.side * fill, by_slope)
        return raw, omega, by_slope

    def _deviation(self, u, s, at):
        """s̃ of species s on the faces but for what changes the waves' coefficients along z, and what it is made of by the
        upwind nodes: {offset in rigidity: coefficient}."""
        system, local = self.system, {0: self.own[s]}
        terms = self.own[s] * at + self.known[s]
        if self.gaining[s]:
            values = self._at_upwind(u, s)
            for o, c in system.gain_coefficients(self.rate[s], values, s).items():
                local[o] = local.get(o, 0.0) + c
                terms += c * shift(values, system.rows, o)
        return local, terms

    def _at_upwind(self, u, s):
        """u of species s at the upwind node of the faces, a given top included; (R, faces), of rows within reach."""
        system, reach = self.system, self.system.reach
        full, out = u[s][reach], np.empty((u.shape[1], len(self.df)))
        if system.top is not None:
            full = np.concatenate([full, (system.problem.top[s] / system.F_all[s])[reach, None]], -1)
        out[reach] = full[:, self.upwind]
        return out

    def _explicit_gradient(self, a):
        return self.system.law.coefficient_gradient(a, self.system.nu_waves, self.dS, self.dX2, self.d_others)

    def linearise(self, blocks, rhs, s, parts, point, K, P, N, offset, exact):
        """Add c and its derivatives: own row into K, P, N, other rigidities into couplings; the rest and `offset` returned."""
        system, faces, low = self.system, self.faces, self.low
        c, d, by_slope, at = parts
        rest = c[:, faces].copy()
        for o, value in d.items():
            if o == 0:
                rest -= value * at
                P[:, faces] += np.where(low, value, 0.0)
                N[:, faces] += np.where(low, 0.0, value)
                continue
            value = np.where(self.inside, value, 0.0)
            rest -= value * system.shifted(point.u, s, o)[:, self.node]
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
