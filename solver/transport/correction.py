"""The complete-flux correction: what brings the fitted flux to second order where the flux is not constant across a face.

    c = ±Δz ω s̃,  ω = ½ − 1/P + 1/(e^P − 1),  P = vΔz/κ, κ that of a small disturbance,
    s̃ = −∂t f + (momentum gain) + (source) − (∂z v) f − ∂z q|_a,

taken at the upwind node.  s̃ is what keeps the flux from being constant across the face; it vanishes in a steady state with
constant coefficients, where the fitted law is exact, and restores second order where nothing diffuses (P → ∞, ω → ½).
Faces with linear damping alone have a law of their own (`FaceLaw.correction_of_linear`).  The correction is bounded by the
advective flux, so positivity stands.  Where f is carried along rather than diffuses, ∂t f is limited by the slope of f
(`limiter`), so that fronts leave no trail of waves two cells long.

Nuclei have a κ that does not depend on them, so P = vΔz/κ; but κ changes across the face as the protons' slope does.  Of
that tells δ, the protons' c less what passive particles in their place have for c (`conduction`).  Where P is no longer small
κ may change by decades across the face; then nuclei take the weight that protons have (`_of_passive`).
"""

from copy import copy
from dataclasses import dataclass

import numpy as np

from .law import INFINITE, TINY, log
from .limiter import believed, smooth
from .stencils import add_divergence, shift

PURE = 0.5, 0.0  # ω and ω' where nothing diffuses
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


@dataclass(frozen=True)
class Share:
    """A share of the flux on all faces of own rows; where asked for, its derivatives by the upwind node's value f of rigidity row
    k + o, {o: those on the corrected faces}, by the protons' slope and by that of nuclei themselves, and f itself."""

    value: np.ndarray
    by_node: dict | None = None
    by_slope: np.ndarray | None = None
    by_own: np.ndarray | float = 0.0
    at: np.ndarray | None = None

    def less(self, other):
        """This share less another one of the same species; with derivatives where both have them."""
        if self.by_node is None or other.by_node is None:
            return Share(self.value - other.value)
        by_node = {o: x - other.by_node[o] for o, x in self.by_node.items()}
        return Share(self.value - other.value, by_node, self.by_slope - other.by_slope, at=self.at)


class Correction:
    """c on the faces of a `System` at its present step."""

    def __init__(self, system):
        self.system = system
        self._kept = self._last_limits = None, None
        self.share = 1.0  # of c that is felt, on the way from fluxes without it
        self.left_out = False  # then fluxes are of first order where they change across a face
        p, grid = system.problem, system.problem.grid
        self.dv = grid.derivative(p.v) if len(p.v) > 1 else np.zeros_like(p.v)
        rate = p.bulk_loss + (self.dv / 3.0 if p.adiabatic else 0.0)
        self.face_rate = rate * system.H  # −ṗ/p on the faces, where f is carried along (species, R + 1, faces)
        self.gaining = self.face_rate.any((1, 2))
        # where layers meet f may jump and stay as it is: there the slope tells nothing of what is carried
        meet = np.flatnonzero(np.diff(grid.layer))
        self.within = np.ones(len(grid.layer))
        self.within[meet] = self.within[meet + 1] = 0.0
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

    def set_step(self, storing, expected=None):
        """Choose the faces for the system's present step, and what of s̃ f does not change.  storing: does ∂t f belong to it?
        expected: node values that tell where f is smooth."""
        system, p = self.system, self.system.problem
        always = storing or system.bulk is not None or p.bulk_loss.any()
        faces = np.flatnonzero((p.v != 0) if always else self.varying)
        self.some = len(faces) > 0
        if not self.some:
            return
        self._kept = None, None
        self.faces = consecutive(faces)
        self.low, self.side, self.df = system.upwind_low[faces], system.side[faces], system.df[faces]
        upwind = np.where(self.low, faces, faces + 1)
        self.node = consecutive(np.minimum(upwind, system.n - 1))
        self.rate = self.face_rate[..., self.faces]
        self.inside = upwind < system.n  # a given top value is not an unknown
        # ∂s̃/∂f at the upwind node and the rest, both without what momentum, the waves' coefficients and ∂t f add
        self.own = -self.dv[faces] * system.H / system.V
        self.known = 0.0 if system.bulk is None else np.where(self.inside, system.bulk[..., self.node], 0.0)
        self.known = np.broadcast_to(self.known, self.own.shape)
        # ∂t f = rates × (f − f before)
        self.rates = np.where(self.inside, system.inv_tau, 0.0) if storing else None
        self.before = system.u_known[..., self.node] if storing else None
        self.limits = self._limits(expected)[..., self.faces] if storing else None
        # faces of the waves' species with a law of their own
        special = None if self.loose is None else (system.law.linear & self.loose)[:, self.faces]
        self.special = special if special is not None and special.any() else None
        self.all_special = self.special is not None and bool(special.all())

    def _limits(self, expected):
        """How far ∂t f is limited by the slope of f, (species, rows, faces); the same for all iterations and stages of a step."""
        if expected is None:
            return np.broadcast_to(self.within, self.system.v.shape)
        last, limits = self._last_limits
        if last is not expected:
            limits = self.within * (1.0 - smooth(self.system.upper(expected), self.system.df))
            self._last_limits = expected, limits
        return limits

    def part(self, system, own):
        """The correction of a `system` of some of the own rows."""
        part = copy(self)
        part.system, part._kept = system, (None, None)
        if self.some:
            part.own, part.known = self.own[:, own], self.known[:, own]
            if self.rates is not None:
                part.rates, part.before, part.limits = self.rates[:, own], self.before[:, own], self.limits[:, own]
            if self.loose is not None:
                part.loose, part.dS, part.dX2 = self.loose[own], self.dS[own], self.dX2[own]
                part.d_others = tuple((n, d[own]) for n, d in self.d_others)
            if self.special is not None:
                part.special = self.special[own]
        return part

    def of_waves(self, u, response, shared, derivatives=False, exact=False):
        """(c of the waves' species, δ) as `Share`s on the faces of own rows, (None, None) where nothing is corrected.

        response: the waves' law at the protons' slopes a.  shared: is δ asked for?  exact: with its derivatives?
        δ is c less what passive particles, of the same v and sources, have for c.
        """
        if self.left_out or not self.some:
            return None, None
        s, faces = self.system.w, self.faces
        at, local, own = self._deviation(u, s)
        terms, by_gradient, a = own, 0.0, response.a[:, faces]
        if self.graded:
            terms = own - self._explicit_gradient(response.a)[:, faces]
            if derivatives:
                h = 1e-6 * np.abs(response.a) + 1e-200
                change = self._explicit_gradient(response.a + h) - self._explicit_gradient(response.a - h)
                by_gradient = -(change / (2.0 * h))[:, faces]
        weight, d_small = PURE, 0.0                      # as linear damping alone counts
        if shared or not self.all_special:
            P, dP, small, d_small = self._peclets(response)
            weight = weight_of_source(small)
        s_tilde, here, by_a, by_P = self._limited(s, at, local, terms, a, weight, by_gradient)
        by_a = self.df * (by_a + by_P * d_small * np.sign(a))
        c = self._bounded(s, at, here, *self._of_law(self.df * s_tilde, by_a, weight, response), derivatives)
        if not shared:
            return c, None
        weight = weight_of_source(P)
        s_tilde, here, by_a, by_P = self._limited(s, at, local, own, a, weight)
        raw, by_tau, by_slope = self._of_passive(self.df * s_tilde, P, dP, weight, response)
        by_slope = by_slope + by_tau * self.df * (by_a + by_P * dP * np.sign(a))
        return c, c.less(self._bounded(s, at, here, raw, by_tau, by_slope, derivatives and exact))

    def of_others(self, u, response, conduction, derivatives=False):
        """{species: c} of all but the waves' species, of those whose conduction is given."""
        if self.left_out or not self.some:
            return {}
        out = {}
        for s, conducts in conduction.items():
            at, local, terms = self._deviation(u, s)
            P, dP = conducts.peclet[:, self.faces], conducts.d_peclet[:, self.faces]
            weight = weight_of_source(P)
            s_tilde, here, by_own, by_P = self._limited(s, at, local, terms, self.system.slope(u, s)[:, self.faces], weight)
            raw, by_tau, by_slope = self._of_passive(self.df * s_tilde, P, dP, weight, response)
            if response is not None:
                by_slope = by_slope + by_tau * self.df * by_P * dP * np.sign(response.a)[:, self.faces]
            out[s] = self._bounded(s, at, here, raw, by_tau, by_slope, derivatives, by_tau * self.df * by_own)
        return out

    def _limited(self, s, at, local, terms, a, weight, by_gradient=0.0):
        """s̃ of species s with ∂t f limited by its slope a where f is carried along within a layer; the derivatives by upwind
        nodes, by a and by the Péclet number.

        terms: s̃ without ∂t f, local and by_gradient its derivatives by nodes and by a; weight: ω and ω'.
        """
        if self.rates is None:
            return terms, local, by_gradient, 0.0
        v, rates = self.system.v[s][:, self.faces], self.rates[s]
        x = rates * (self.before[s] - at)
        psi, by_x, by_y = believed(x, -v * a - terms)
        # as far as ω says that f does not diffuse, for that damps what is two cells long too
        flows, d_flows = (2.0 * part * self.limits[s] for part in weight)
        by_x, by_y = 1.0 - flows + flows * by_x, flows * by_y
        here = {o: (1.0 - by_y) * c for o, c in local.items()}
        here[0] = here[0] - by_x * rates
        s_tilde = terms + x * (1.0 - flows + flows * psi)
        return s_tilde, here, (1.0 - by_y) * by_gradient - by_y * v, d_flows * x * (psi - 1.0)

    def _bounded(self, s, at, local, raw, by_tau, by_slope, derivatives, by_own=0.0):
        """The `Share` b tanh(raw/b), b = |v f|, from the correction along the flow and its derivatives by τ = Δz s̃, by a and
        by the slope of nuclei."""
        faces, speed = self.faces, self.share * np.abs(self.system.v[s][:, self.faces])
        raw, by_tau = self.share * raw, self.share * by_tau
        bound = np.maximum(speed * np.abs(at), TINY)
        y = self.side * raw / bound
        T = np.tanh(y)
        c = np.zeros((at.shape[0], len(self.system.df)))
        c[:, faces] = bound * T
        if not derivatives:
            return Share(c)
        along = (1.0 - T**2) * self.side
        by_node = {o: along * self.df * by_tau * x for o, x in local.items()}
        by_node[0] = by_node[0] + speed * np.sign(at) * (T - y * (1.0 - T**2))
        slopes, own = np.zeros_like(c), np.zeros_like(c)
        slopes[:, faces], own[:, faces] = along * self.share * by_slope, along * self.share * by_own
        return Share(c, by_node, slopes, own, at)

    def _of_passive(self, tau, P, dP, weight, response):
        """c along the flow of particles whose κ does not depend on them, at their Péclet numbers P on the corrected faces;
        derivatives by τ and by the protons' slope.  weight: ω(P), ω'(P).

        That is the weight where P is small; where it is large it is that of the protons, scaled to P.
        """
        omega, d_omega = weight
        if response is None:
            return omega * tau, omega, 0.0
        own, d_own, small, d_small = self._peclets(response)
        scaled = np.minimum(P / own * small, INFINITE)
        d_scaled = (dP * small + P * d_small) / own - scaled * d_own / own
        far, d_far = weight_of_source(scaled)
        fade = np.exp(-P)
        share, d_share = (1.0 - fade) ** 2, 2.0 * (1.0 - fade) * fade
        by_slope = (d_omega + d_share * (far - omega)) * dP + share * (d_far * d_scaled - d_omega * dP)
        omega = omega + share * (far - omega)
        return omega * tau, omega, by_slope * tau * np.sign(response.a)[:, self.faces]

    def _peclets(self, response):
        """P of the protons as that of passive particles and that of a small disturbance, on the corrected faces, each with its
        derivative by |a|; kept for the last response."""
        last, kept = self._kept
        if last is not response:
            system, w = self.system, self.system.w
            depth, d_depth = response.depth(system.nu_waves)
            m, small = system.m[w], system.law.peclet(response.a, system.nu_waves, self.loose)
            kept = [x[:, self.faces] for x in (np.maximum(m * (depth + system.nu_waves), TINY), m * d_depth, *small)]
            self._kept = response, kept
        return kept

    def _of_law(self, tau, by_gradient, weight, response):
        """The same of the waves' species, whose τ depends on its slope by `by_gradient`; weight: that of a small disturbance."""
        system, faces = self.system, self.faces
        raw = omega = by_slope = 0.0
        if not self.all_special:
            (omega, d_omega), dP = weight, self._peclets(response)[-1]
            raw, by_slope = omega * tau, d_omega * tau * dP * np.sign(response.a)[:, faces]
        if self.special is not None:
            q, dq = response.flux(system.nu_waves)
            linear, slope, fill = system.law.correction_of_linear(tau, system.nu_waves, faces, q * system.side, dq)
            raw, omega = np.where(self.special, linear, raw), np.where(self.special, slope, omega)
            by_slope = np.where(self.special, self.side * fill, by_slope)
        return raw, omega, by_slope + omega * by_gradient

    def _deviation(self, u, s):
        """f of species s at the upwind nodes of the faces; s̃ there but for what changes the waves' coefficients along z; and
        between them what it is made of by the upwind nodes: {offset in rigidity: coefficient}; all without ∂t f."""
        system, local = self.system, {0: self.own[s]}
        values = self._at_upwind(u, s)
        at = values[system.rows]
        terms = self.own[s] * at + self.known[s]
        if self.gaining[s]:
            for o, c in system.gain_coefficients(self.rate[s], values, s).items():
                local[o] = local.get(o, 0.0) + c
                terms += c * shift(values, system.rows, o)
        return at, local, terms

    def _at_upwind(self, u, s):
        """u of species s at the upwind node of the faces, a given top included; (R, faces), of rows within reach."""
        system, reach = self.system, self.system.reach
        out = np.empty((u.shape[1], len(self.df)))
        out[reach] = u[s][reach, self.node]
        if not self.inside.all():
            out[reach] = np.where(self.inside, out[reach], (system.problem.top[s] / system.F_all[s])[reach, None])
        return out

    def _explicit_gradient(self, a):
        return self.system.law.coefficient_gradient(a, self.system.nu_waves, self.dS, self.dX2, self.d_others)

    def linearise(self, blocks, s, c, point, K, P, N):
        """Add the derivatives of c by values of its own row to K, P, N, by those of other rigidities as couplings; the rest of
        c is returned.  By slopes: to K but for what nuclei owe to that of the protons, which is left to `linearise_waves`."""
        rest, low = self._rest(c, point.u, s), self.low
        for o, value in c.by_node.items():
            if o == 0:
                P[:, self.faces] += np.where(low, value, 0.0)
                N[:, self.faces] += np.where(low, 0.0, value)
            else:
                add_divergence(blocks.couple(s, o), *self._ends(value))
        if s == self.system.w:
            by_own, a = c.by_slope, point.a
        elif self.rates is not None:
            by_own, a = c.by_own, self.system.slope(point.u, s)
        else:
            return rest
        K += by_own / self.system.df
        rest -= by_own * a
        return rest

    def linearise_waves(self, blocks, s, delta, factor, point):
        """Add what a flux factor × δ of species s owes to the protons' values, their slopes apart; the rest is returned."""
        by_node = {o: factor[:, self.faces] * x for o, x in delta.by_node.items()}
        for o, value in by_node.items():
            add_divergence(blocks.wave(s, o), *self._ends(value))
        at = np.where(self.inside, delta.at, 0.0)  # a given top goes with what does not depend on unknowns
        return self._rest(Share(np.zeros_like(delta.value), by_node, at=at), point.u, self.system.w)

    def _rest(self, share, u, s):
        """The share less what its derivatives by node values of species s make of these."""
        rest = share.value.copy()
        for o, value in share.by_node.items():
            values = share.at if o == 0 else np.where(self.inside, self.system.shifted(u, s, o)[:, self.node], 0.0)
            rest[:, self.faces] -= value * values
        return rest

    def _ends(self, value):
        """A derivative by upwind values as those by the lower and by the upper node of all faces, a given top left out."""
        value = np.where(self.inside, value, 0.0)
        P = np.zeros((len(value), len(self.system.df)))
        N = np.zeros_like(P)
        P[:, self.faces], N[:, self.faces] = np.where(self.low, value, 0.0), np.where(self.low, 0.0, value)
        return P, N
