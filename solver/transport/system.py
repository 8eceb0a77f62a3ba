"""The discrete transport equation in scaled rows: fluxes, balance, residual and its exact Jacobian.

A row is one species at one rigidity.  Every row is measured in its own units, velocity V, density F and height H, so that
its throughput is of order one whatever the fifteen decades between rows.  Node values are u = f/F (species, R, nodes).

On a face the flux is F = v u_upwind + q(a) + c: the fitted law (`law`) and the complete-flux correction

    c = ±Δz ω s̃,  ω = ½ − 1/P + 1/(e^P − 1),  P = vΔz/κ, κ that of a small disturbance,
    s̃ = −∂t f + (momentum gain) + (source) − (∂z v) f − ∂z q|_a,

taken at the upwind node.  s̃ is what keeps the flux from being constant across the face; it vanishes in a steady state with
constant coefficients, where the fitted law is exact, and restores second order where nothing diffuses (P → ∞, ω → ½).
It is bounded by the advective flux, so positivity stands.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .law import TINY, FaceLaw, depth_excess
from .linear import Blocks, shift
from .momentum import MomentumFlux, face_share, face_weights


def add_divergence(tri, P, N):
    """Add to tri, (lower, diagonal, upper) × rows × nodes, row i = F_i − F_{i−1} with ∂F_j/∂u_j = P_j, ∂F_j/∂u_{j+1} = N_j.

    P and N are given on the faces; a node beyond the last face sees that face only.
    """
    lower, diagonal, upper = tri
    nodes, faces = upper.shape[-1], P.shape[-1]
    diagonal[:, :faces] += P
    upper[:, :faces] += N
    diagonal[:, 1:] -= N[:, : nodes - 1]
    lower[:, 1:] -= P[:, : nodes - 1]


def add_difference(out, flux):
    """Add to out (rows, nodes) the flux out of each node through the face above less that in through the face below."""
    nodes, faces = out.shape[-1], flux.shape[-1]
    out[:, :faces] += flux
    out[:, 1:] -= flux[:, : nodes - 1]


def weight_of_source(P):
    """ω(P) = ½ − 1/P + 1/(e^P − 1) and ω'(P): the share of a source on the face that the upwind node's flux does not see."""
    small = P < 1e-3
    x = np.where(small, 1.0, P)
    e = np.expm1(np.minimum(x, 700.0))
    omega = np.where(small, P / 12.0, 0.5 - 1.0 / x + 1.0 / e)
    slope = np.where(small, 1.0 / 12.0, 1.0 / x**2 - (1.0 + 1.0 / e) / e)
    return omega, slope


def log(Y):
    """ln Y, −inf where Y = 0."""
    with np.errstate(divide="ignore"):
        return np.log(Y)


# scaled 1/κ where nothing else scatters; keeps the law single-valued
LEAST_RATE = 1e-18  # where there is flow: changes the flux that linear damping lets through by √(2 mν), 1e-9
LEAST_RATE_AT_REST = 1e-11  # at rest with no other scatterer: f is flat to this share of its scale, as 16 digits can tell

LOOSE_RATE = 1e-2  # v H ν below which external scattering is no more than the causal limit


@dataclass
class Point:
    """A state of the mixed unknowns: node values u of all rows; slope a and flux q on the wave species' faces (own rows)."""

    u: np.ndarray
    a: np.ndarray
    q: np.ndarray
    _resistance: tuple | None = field(default=None, repr=False, compare=False)

    def resistance(self, law):
        """What the law's waves resist at the slopes of the point, worked out once."""
        if self._resistance is None:
            self._resistance = law.resistance(np.abs(self.a))
        return self._resistance


class Conduction:
    """κ of a species that the protons' waves scatter: h = (e^P − 1)/m with P = m (r ℓ + ν), ℓ the waves' share of the depth.

    m, ν: of the faces; r: v_p/v_A of the species; depth: (ℓ, dℓ/d|a|) of the protons' slopes.
    """

    def __init__(self, m, nu, ratio, depth):
        self.m, self.ratio, self.d_depth = m, ratio, depth[1]
        self.resistance = ratio * depth[0] + nu
        self._h = np.maximum(depth_excess(m, self.resistance), TINY)
        self.kappa = 1.0 / self._h

    @cached_property
    def d_kappa(self):
        """∂κ/∂|a|."""
        return -np.exp(np.minimum(self.peclet, 500.0)) / self._h**2 * self.ratio * self.d_depth

    @cached_property
    def peclet(self):
        return self.m * self.resistance

    @property
    def d_peclet(self):
        """∂P/∂|a|."""
        return self.m * self.ratio * self.d_depth


class System:
    """The equation at one step: f known at the old time, step τ (inf: steady), sources at the new time.

    `rows` is the slice of rigidities this process works on; node values are always of all rows.
    """

    def __init__(self, problem, V, F, rows=slice(None), gather=lambda u: u):
        self.problem, self.rows, self.gather = problem, rows, gather
        p, grid = problem, problem.grid
        self.n, self.H = p.nodes, grid.z[-1]
        self.V_all, self.F_all = V, F
        self.V, self.F = V[:, rows, None], F[:, rows, None]
        self.df = grid.dz / self.H
        self.vol = grid.volume[: self.n] / self.H
        self.v = p.v / self.V  # (species, rows, faces)
        self.m = np.abs(self.v) * self.df
        self.nu = np.maximum(p.nu[:, rows] * self.V * self.H, LEAST_RATE)
        self.nu[(p.nu[:, rows] == 0) & (self.m == 0)] = LEAST_RATE_AT_REST
        w = self.w = p.waves
        if w is not None:
            S, X = p.S[rows] / (self.V * self.F)[w], p.X[rows] / (self.V[w] * np.sqrt(self.F[w] * self.H))
            shape = S.shape
            self.nu_waves = self.nu[w]
            # G = Y^(1+n) κ^(−n) is a flux; in logarithms, for n may be large
            units = np.log((self.V * self.F)[w]), np.log(self.V[w] * self.H)
            others = tuple((n, (1 + n) * log(Y[rows]) - units[0] - n * units[1]) for n, Y in p.others)
            self.law = FaceLaw(S, X, self.m[w], np.broadcast_to(p.confined, shape), others)
            self.loose = np.abs(self.v[w]) * self.nu[w] < LOOSE_RATE
            self.depth_scale = p.depth_ratio[:, rows, None] * self.V / self.V[w]
        self.upwind_low = p.v >= 0  # upwind node is the lower one
        self.outwards = bool(self.upwind_low.all())
        self.side = np.where(self.upwind_low, 1.0, -1.0)
        self.stencils = [MomentumFlux(s - 3.0, grid.dx, p.open_end) for s in p.slope]
        self.B = p.momentum_rate()
        self.opening = 1.0  # share of the inflow that heating brings through an open lowest face
        self.inside = [_columns(B) for B in self.B]  # nodes where particles of the species change momentum
        self.sink = p.sink[:, rows, : self.n] / self.V
        self.leaking = self.sink.any((1, 2))
        self.top = None if p.top is None else p.top[:, rows] / self.F[..., 0]
        self.outflow = max(p.v_top, 0.0) / self.V[..., 0]
        self.weights = [
            (
                s.parent,
                s.child,
                s.weights[rows].multiply(F[s.parent][None, :]).multiply(1.0 / (V * F)[s.child, rows, None]).tocsr(),
            )
            for s in p.secondaries
        ]
        self.dv = grid.derivative(p.v) if len(p.v) > 1 else np.zeros_like(p.v)
        rate = p.bulk_loss + (self.dv / 3.0 if p.adiabatic else 0.0)
        self.face_rate = rate * self.H  # −ṗ/p on the faces, where f is carried along (species, R + 1, faces)
        self.gaining = self.face_rate.any((1, 2))
        self._gradients()
        self.set_step(None, np.inf, 0.0)

    def _gradients(self):
        """∂z of the coefficients on the faces, and where any of them can make the correction nonzero."""
        p = self.problem
        if self.w is None:
            self.dS = self.dX2 = None
            self.d_others = ()
            varying = np.zeros(len(p.v), bool)
        else:
            w = self.w
            units = self.V[w] * self.F[w]
            self.dS = p.grid.derivative(p.S[self.rows]) * self.H / units
            self.dX2 = p.grid.derivative(p.X[self.rows] ** 2) / self.V[w] ** 2 / self.F[w]
            self.d_others = tuple(
                (n, (1 + n) * p.grid.derivative(np.where(Y[self.rows] > 0, log(Y[self.rows]), 0.0)) * self.H)
                for n, Y in p.others
            )
            varying = ((self.dS != 0) | (self.dX2 != 0)).any(0)
            for _, d in self.d_others:
                varying = varying | (d != 0).any(0)
            varying = varying & p.confined
        self.varying = (varying | (self.dv != 0)) & (p.v != 0)

    def set_step(self, f_known, tau, t, accurate=True):
        """Fix the old state (physical f, or None), the step τ (s) and the time t (s) of the sources.

        accurate=False leaves ∂t f out of the correction: first order in z while f changes, nothing lost where it is steady.
        """
        p = self.problem
        self.storing = accurate and np.isfinite(tau)
        self.tau, self.t = tau, t
        self.inv_tau = np.zeros_like(self.V) if np.isinf(tau) else self.H / (tau * self.V)
        self.u_known = np.zeros((p.species, 1, 1)) if f_known is None else (f_known[:, self.rows, : self.n] / self.F)
        self.source = np.zeros((p.species, self.V.shape[1], self.n))
        self.source[..., 0] += p.disc(t)[:, self.rows] / (self.V * self.F)[..., 0]
        self.bulk = None
        if p.bulk is not None:
            self.bulk = p.bulk(t)[:, self.rows, : self.n] * self.H / (self.V * self.F)
            self.source += self.bulk * self.vol
        self.gross = np.abs(self.source).sum(-1) + (self.vol * self.inv_tau * np.abs(self.u_known)).sum(-1)
        transient = self.storing or self.bulk is not None or p.bulk_loss.any()
        self.corrected = np.flatnonzero((p.v != 0) if transient else self.varying)

    @property
    def steady(self):
        return not np.any(self.inv_tau)

    @property
    def mixes_momentum(self):
        """Does momentum flow both ways in some species, so that no sweep over rigidities is exact?"""
        return any((B > 0).any() and (B < 0).any() for B in self.B)

    @property
    def heated_from_below(self):
        """Does heating bring in cosmic rays from below the grid, in proportion to those it finds there?"""
        return self.problem.open_end and bool((self.B[:, 0] < 0).any())

    # ---- pieces -------------------------------------------------------------------------------------------------

    def shifted(self, u, s, offset, columns=slice(None)):
        """u of species s at rigidity rows k + offset, for own rows k; zero beyond the grid; some nodes only."""
        return shift(u[s][:, columns], self.rows, offset)

    def momentum_coefficients(self, B, u, s, columns=slice(None), weights=face_weights):
        """Scaled gain coefficients {offset: (rows, nodes)} of species s for rates B (R + 1, nodes), of some nodes only."""
        return self._gain_coefficients(B[:, columns], None if u is None else u[s][:, columns], s, weights)

    def _gain_coefficients(self, B, values, s, weights=face_weights):
        """The same for any columns: rates B (R + 1, columns) and scaled values (R, columns) of all rows."""
        F, V = self.F_all[s], self.V_all[s]
        f = None if values is None else values * F[:, None]
        out = {}
        for o, c in self.stencils[s].coefficients(B, f, self.opening, weights).items():
            ratio = np.ones_like(F)
            if o > 0:
                ratio[:-o] = F[o:] / F[:-o]
            elif o < 0:
                ratio[-o:] = F[:o] / F[-o:]
            out[o] = (c * (ratio / V)[:, None])[self.rows]
        return out

    def upper(self, u):
        """u of own rows with the top node appended: shape (species, rows, faces + 1)."""
        own = u[:, self.rows]
        return own if self.top is None else np.concatenate([own, self.top[..., None]], -1)

    def slope(self, u, species=None):
        """a = (u_i − u_{i+1})/Δz on the faces of own rows, of all species or of one."""
        own = u[:, self.rows] if species is None else u[species, self.rows]
        out = np.empty((*own.shape[:-1], len(self.df)))
        np.subtract(own[..., :-1], own[..., 1:], out=out[..., : self.n - 1])
        if self.top is not None:
            out[..., -1] = own[..., -1] - (self.top if species is None else self.top[species])
        out /= self.df
        return out

    def upwind(self, full):
        """Node values (..., nodes + top) taken at the upwind node of each face."""
        return full[..., :-1] if self.outwards else np.where(self.upwind_low, full[..., :-1], full[..., 1:])

    def conduction(self, a, species=None, resistance=None):
        """{species: Conduction} of all but the wave species, or of some of them, at the protons' slopes a.

        resistance: what their law gave for a, if known.
        """
        others = [s for s in self.every(species) if s != self.w]
        if self.w is None:
            return {s: Conduction(self.m[s], self.nu[s], 0.0, (0.0, 0.0)) for s in others}
        depth = self.law.depth(a, resistance, self.nu_waves) if others else None
        return {s: Conduction(self.m[s], self.nu[s], self.depth_scale[s], depth) for s in others}

    def every(self, species=None):
        """The given species, or all."""
        return range(self.problem.species) if species is None else species

    # ---- the complete-flux correction -----------------------------------------------------------------------------

    def correction(self, u, a_wave, conduction, species=None, derivatives=False):
        """c on the faces of own rows, {species: c}, or with `derivatives` also ∂c/∂u at the upwind node by offset and ∂c/∂a."""
        faces = self.corrected
        if not len(faces):
            return {}
        p, out = self.problem, {}
        low = self.upwind_low[faces]
        node = np.where(low, faces, faces + 1)
        inside = node < self.n  # a given top value is not an unknown
        node = np.minimum(node, self.n - 1)
        side = np.where(low, 1.0, -1.0)
        full = self.upper(u)
        for s in self.every(species):
            at = np.where(low, full[s][:, faces], full[s][:, faces + 1])
            dv = self.dv[faces] * self.H / self.V[s]
            speed = np.abs(self.v[s][:, faces])
            if s == self.w:
                P, dP = self.law.peclet(a_wave, self.nu[s], self.loose)
            else:
                P, dP = conduction[s].peclet, conduction[s].d_peclet
            omega, d_omega = weight_of_source(P[:, faces])
            local = {0: np.where(inside, -self.inv_tau[s], 0.0) * self.storing - dv}
            terms = local[0] * at
            if self.storing:
                terms = terms + np.where(inside, self.inv_tau[s] * self.u_known[s][:, node], 0.0)
            if self.gaining[s]:
                values = self._at_upwind(u, s, faces, low)
                for o, c in self._gain_coefficients(self.face_rate[s][:, faces], values, s).items():
                    local[o] = local.get(o, 0.0) + c
                    terms = terms + c * shift(values, self.rows, o)
            if self.bulk is not None:
                terms = terms + np.where(inside, self.bulk[s][:, node], 0.0)
            if s == self.w:
                terms = terms - self._explicit_gradient(a_wave, s)[:, faces]
            tau = self.df[faces] * terms
            raw = omega * tau
            fill = 0.0  # what `raw` owes to the slope of f itself
            if s == self.w and self.law.has_linear:
                special = (self.law.linear & self.loose)[:, faces]
                linear, slope, fill = self.law.correction_of_linear(tau, a_wave * self.side, self.nu[s], faces)
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
            d = {o: dT * side * self.df[faces] * omega * x for o, x in local.items()}
            d[0] = d[0] + speed * np.sign(at) * (T - y * dT)
            by_slope = np.zeros_like(c)  # ∂c/∂a of the protons
            if self.w is not None:
                by_slope[:, faces] = dT * side * self.df[faces] * d_omega * terms * (dP * np.sign(a_wave))[:, faces]
            if s == self.w:
                h = 1e-6 * np.abs(a_wave) + 1e-200
                change = (self._explicit_gradient(a_wave + h, s) - self._explicit_gradient(a_wave - h, s)) / (2.0 * h)
                by_slope[:, faces] += dT * fill - (omega * dT * side * self.df[faces]) * change[:, faces]
            out[s] = (c, d, by_slope)
        return out

    def _at_upwind(self, u, s, faces, low):
        """u of species s at the upwind node of some faces, a given top included; (R, faces)."""
        full = u[s] if self.top is None else np.concatenate([u[s], self.problem.top[s][:, None] / self.F_all[s][:, None]], -1)
        return np.where(low, full[:, faces], full[:, faces + 1])

    def _explicit_gradient(self, a, s):
        return self.law.coefficient_gradient(a, self.nu[s], self.dS, self.dX2, self.d_others)

    # ---- balance ---------------------------------------------------------------------------------------------------

    def gains(self, u, s):
        """Momentum gain of the nodes of own rows of species s at state u, and what rows gain from other rigidities, (rows,)."""
        total, gross = np.zeros((self.V.shape[1], self.n)), np.zeros(self.V.shape[1])
        columns = self.inside[s]
        for o, c in self.momentum_coefficients(self.B[s], u, s, columns).items():
            part = c * self.shifted(u, s, o, columns)
            total[:, columns] += part
            if o:
                gross += np.abs(part).sum(-1)
        return total, gross

    def inputs(self, u, s, gains=None):
        """All that enters the nodes of own rows but the z flux: sources, secondaries, momentum gain, storage, sinks.

        gains: what `gains` gave for the same state, if known; it is used up.
        """
        own = u[s, self.rows]
        total, _ = gains or self.gains(u, s)
        total += self.source[s]
        if self.leaking[s]:
            total -= self.sink[s] * own
        if np.isfinite(self.tau):
            total -= self.vol * self.inv_tau[s] * (own - self.u_known[s])
        total[:, 0] += self.secondary(u, s)
        return total

    def secondary(self, u, s):
        """Disc source of species s from its parents, own rows."""
        return sum((W @ u[parent, :, 0] for parent, child, W in self.weights if child == s), np.zeros(self.V.shape[1]))

    def throughput(self, u, s, gains=None):
        """All that enters a row, without what leaves it again: sources, other rigidities, the known state; (rows,)."""
        _, gained = gains or self.gains(u, s)
        return self.gross[s] + np.abs(self.secondary(u, s)) + gained

    def balance_flux(self, u, s):
        """z flux on the faces (and the top) of own rows that the balance of every node below asks for."""
        flux = np.cumsum(self.inputs(u, s), -1)
        return flux[..., : len(self.df)]

    def law_flux(self, u, a, nu, with_correction=True, species=None, known=None):
        """{species: (flux, q, κ_small, c)} from the flux law on the faces of own rows; a are the protons' slopes.

        known: what `upper` and `slope` gave for u, if they have been asked already.
        """
        full = known[0] if known else self.upper(u)
        slopes = known[1] if known else self.slope(u)
        at = self.upwind(full)
        resistance = None if self.w is None else self.law.resistance(np.abs(a))
        conduction = self.conduction(a, species, resistance)
        c = self.correction(u, a, conduction, species) if with_correction else {}
        out = {}
        for s in self.every(species):
            if s == self.w:
                q, kappa = self.law.q_dq(a, nu, resistance)
            else:
                kappa = conduction[s].kappa
                q = kappa * slopes[s]
            flux = self.v[s] * at[s] + q
            if s in c:
                flux += c[s]
            out[s] = flux, q, kappa, c.get(s, 0.0)
        return out

    def residual(self, u):
        """F(u) of own rows, (species, rows, nodes): z flux out minus everything that comes in.  Zero at the solution."""
        u = np.asarray(u, float)
        a = self.slope(u, self.w) if self.w is not None else None
        nu = self.nu[self.w] if self.w is not None else None
        out = np.empty((self.problem.species, self.V.shape[1], self.n))
        for s, (flux, _, _, _) in self.law_flux(u, a, nu).items():
            out[s] = self._divergence(flux, u, s) - self.inputs(u, s)
        return out

    def _divergence(self, flux, u, s):
        if self.top is None:
            flux = np.concatenate([flux, (self.outflow[s] * u[s, self.rows, -1])[:, None]], -1)
        return np.diff(np.concatenate([np.zeros_like(flux[:, :1]), flux], -1), axis=-1)

    def tangent(self, point, nu):
        """(κ, offset) of the protons' flux law at a mixed point: q ≈ κ a + offset."""
        kappa = self.law.q_dq(point.a, nu, point.resistance(self.law))[1]
        return kappa, point.q - kappa * point.a

    # ---- linearisation ----------------------------------------------------------------------------------------------

    def linearise(self, point, nu, with_correction=True, exact=False, tangent=None, spectrum=None, species=None):
        """(Blocks, right-hand side) of the Newton step for new node values at the mixed `point`.

        tangent: (κ, offset) of the protons' faces instead of the tangent of the law at the point.
        spectrum: node values whose slopes the momentum flux takes as given, which keeps the new values positive; else the
        slopes are linearised too.
        species: those to linearise, default all; the others' blocks stay empty.
        exact: add what the nuclei's κ and ω owe to the protons' slopes, which Newton can lag but tangents and adjoints need.
        """
        p, u = self.problem, point.u
        waves = None if self.w is None else point.resistance(self.law)
        conduction = self.conduction(point.a, species, waves)
        corrections = self.correction(u, point.a, conduction, species, derivatives=True) if with_correction else {}
        blocks = Blocks.empty(p.species, self.V.shape[1], self.n, self.rows)
        rhs = self.source + self.vol * self.inv_tau * self.u_known if np.isfinite(self.tau) else self.source.copy()
        for s in self.every(species):
            if s == self.w:
                kappa, offset = tangent or self.tangent(point, nu)
            else:
                kappa, offset = conduction[s].kappa, None
            conducted = kappa / self.df
            P = conducted + np.maximum(self.v[s], 0.0)
            N = (0.0 if self.outwards else np.minimum(self.v[s], 0.0)) - conducted
            if s in corrections:
                offset = self._add_correction(blocks, rhs, s, corrections[s], point, P, N, offset, exact)
            if exact and s != self.w and self.w is not None:
                slopes = self.slope(u)
                slope_term = conduction[s].d_kappa * np.sign(point.a) * slopes[s] / self.df
                add_divergence(blocks.wave(s), slope_term, -slope_term)
                offset = (0.0 if offset is None else offset) - slope_term * self.df * slopes[self.w]
                self._given_waves(rhs, s, slope_term)
            tri = blocks.tri[s]
            add_divergence(tri, P, N)
            if np.isfinite(self.tau):
                tri[1] += self.vol * self.inv_tau[s]
            if self.leaking[s]:
                tri[1] += self.sink[s]
            if offset is not None:
                add_difference(rhs[s], -offset)
            if self.top is None:
                tri[1][:, -1] += self.outflow[s]
            else:
                rhs[s][:, -1] -= N[:, -1] * self.top[s]
                tri[2][:, -1] = 0.0
            state, weights = (u, face_weights) if spectrum is None else (spectrum, face_share)
            columns = self.inside[s]
            for o, c in self.momentum_coefficients(self.B[s], state, s, columns, weights).items():
                (tri[1] if o == 0 else blocks.gain(s, o))[:, columns] -= c
        blocks.secondaries = self.weights
        return blocks, rhs

    def _given_waves(self, rhs, s, slope_term):
        """Right-hand side from the protons' given top value in a flux −slope_term times it."""
        if self.top is not None:
            rhs[s][:, -1] += slope_term[:, -1] * self.top[self.w]

    def _add_correction(self, blocks, rhs, s, parts, point, P, N, offset, exact):
        """Add c and its derivatives: own row into P, N, other rigidities into couplings; the rest and `offset` returned."""
        faces, low = self.corrected, self.upwind_low[self.corrected]
        u = point.u
        c, d, by_slope = parts
        inner = np.where(low, faces, faces + 1)
        given_top = inner >= self.n
        node = np.minimum(inner, self.n - 1)
        rest = c[:, faces].copy()
        for o, value in d.items():
            if o == 0:
                full = self.upper(u)[s]
                rest -= value * np.where(low, full[:, faces], full[:, faces + 1])
                P[:, faces] += np.where(low, value, 0.0)
                N[:, faces] += np.where(low, 0.0, value)
                continue
            value = np.where(given_top, 0.0, value)
            rest -= value * self.shifted(u, s, o)[:, node]
            Po, No = np.zeros_like(c), np.zeros_like(c)
            Po[:, faces], No[:, faces] = np.where(low, value, 0.0), np.where(low, 0.0, value)
            add_divergence(blocks.couple(s, o), Po, No)
        if s == self.w:
            P += by_slope / self.df
            N -= by_slope / self.df
            rest -= (by_slope * point.a)[:, faces]
        elif exact and self.w is not None:
            add_divergence(blocks.wave(s), by_slope / self.df, -by_slope / self.df)
            self._given_waves(rhs, s, by_slope / self.df)
            rest -= (by_slope * point.a)[:, faces]
        offset = np.zeros_like(c) if offset is None else offset.copy()
        offset[:, faces] += rest
        return offset


def _columns(B):
    """Nodes at which any of the rates B (faces, nodes) is nonzero: all as a slice, or their numbers."""
    there = B.any(0)
    return slice(None) if there.all() else np.flatnonzero(there)
