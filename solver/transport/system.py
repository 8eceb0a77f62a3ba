"""The discrete transport equation in scaled rows: fluxes, balance and residual; its derivatives are in `jacobian`.

A row is one species at one rigidity.  Every row is measured in its own units, velocity V, density F and height H, so that
its throughput is of order one whatever the fifteen decades between rows.  Node values are u = f/F (species, R, nodes).

On a face the flux is F = v u_upwind + q(a) + c: the fitted law (`law`) and the complete-flux correction (`correction`).
"""

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .conduction import Conduction, depth_passed
from .correction import Correction
from .law import FaceLaw, Response, log
from .momentum import MomentumFlux, face_share, face_weights
from .scales import above_the_grid
from .stencils import shift
from .strips import strips

LEAST_RATE = 1e-18  # scaled 1/κ where nothing else scatters: f is flat to that; linear damping lets through less by √(2mν)


@dataclass
class Point:
    """A state of the mixed unknowns: node values u of all rows; slope a and flux q on the wave species' faces (own rows)."""

    u: np.ndarray
    a: np.ndarray
    q: np.ndarray
    _response: Response | None = field(default=None, repr=False, compare=False)

    def response(self, law):
        """The law at the slopes of the point, kept."""
        if self._response is None:
            self._response = law.at(self.a)
        return self._response


class System:
    """The equation at one step: f known at the old time, step τ (inf: steady), sources at the new time.

    `rows` is the slice of rigidities this process works on; node values are always of all rows.
    """

    def __init__(self, problem, V, F, rows=slice(None), gather=lambda u: u):
        p, grid = problem, problem.grid
        rows = slice(*rows.indices(len(grid.R))[:2])
        self.problem, self.rows, self.gather = problem, rows, gather
        self.reach = slice(0, len(grid.R))  # rows that momentum coefficients are worked out for
        self.n, self.H = p.nodes, grid.z[-1]
        self.V_all, self.F_all = V, F
        self.V, self.F = V[:, rows, None], F[:, rows, None]
        self.df = grid.dz / self.H
        self.vol = grid.volume[: self.n] / self.H
        self.beside = 1.0 / self.vol[: len(self.df)]  # Σ 1/vol of the nodes beside each face
        self.beside[: self.n - 1] += 1.0 / self.vol[1:]
        self.v = p.v / self.V  # (species, rows, faces)
        self.m = np.abs(self.v) * self.df
        # where losses alone are far slower than the flow, what crosses a face with the flow must not feel the least rate either
        least = LEAST_RATE / np.maximum(np.abs(self.v).max(-1, keepdims=True), 1.0)
        self.nu = np.maximum(p.nu[:, rows] * self.V * self.H, least)
        w = self.w = p.waves
        self.nu_waves = None  # those of the wave species, always this array: the law keeps what it makes of them
        if w is not None:
            S, X = p.S[rows] / (self.V * self.F)[w], p.X[rows] / (self.V[w] * np.sqrt(self.F[w] * self.H))
            shape = S.shape
            self.nu_waves = self.nu[w]
            # G = Y^(1+n) κ^(−n) is a flux; in logarithms, for n may be large
            units = np.log((self.V * self.F)[w]), np.log(self.V[w] * self.H)
            others = tuple((n, (1 + n) * log(Y[rows]) - units[0] - n * units[1]) for n, Y in p.others)
            self.law = FaceLaw(S, X, self.m[w], np.broadcast_to(p.confined, shape), others)
            self.depth_scale = p.depth_ratio[:, rows, None] * self.V / self.V[w]
        self.upwind_low = p.v >= 0  # upwind node is the lower one
        self.outwards = bool(self.upwind_low.all())
        # the flux of what flows, from the node below and from that above
        self.P = self.v if self.outwards else np.maximum(self.v, 0.0)
        self.N = np.broadcast_to(0.0, self.v.shape) if self.outwards else np.minimum(self.v, 0.0)
        self.side = np.where(self.upwind_low, 1.0, -1.0)
        self.stencils = [MomentumFlux(slope - 3.0, grid.dx, p.open_end, *above)
                         for slope, *above in zip(p.slope, *above_the_grid(p), strict=True)]
        self.B = p.momentum_rate()
        self.shape = None  # node values whose spectra the momentum flux has, whatever those of f: of first order, monotone
        self.faded = np.zeros((*V.shape, 1))  # node values so far below what rows have held that they count for nothing
        self.opening = 1.0  # share of the inflow that heating brings through an open lowest face
        self.inside = [_columns(B) for B in self.B]  # nodes where particles of the species change momentum
        self.changing = self.B.any((1, 2))  # and whether they do at all
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
        self.correction = Correction(self)
        self.whole, self._kept = None, (None, None, {})
        self.set_step(None, np.inf, 0.0)

    def set_step(self, f_known, tau, t, accurate=True, expected=None):
        """Fix the old state (physical f, or None), the step τ (s) and the time t (s) of the sources.

        accurate=False leaves ∂t f out of the correction: first order in z while f changes, nothing lost where it is steady.
        expected: node values near those at the end of the step, which tell where f is smooth.
        """
        p = self.problem
        self.tau, self.t = tau, t
        self.inv_tau = np.zeros_like(self.V) if np.isinf(tau) else self.H / (tau * self.V)
        self.u_known = np.zeros_like(self.V) if f_known is None else f_known[:, self.rows, : self.n] / self.F
        self.source = np.zeros((p.species, self.V.shape[1], self.n))
        self.source[..., 0] += p.disc(t)[:, self.rows] / (self.V * self.F)[..., 0]
        self.bulk = None
        if p.bulk is not None:
            self.bulk = p.bulk(t)[:, self.rows, : self.n] * self.H / (self.V * self.F)
            self.source += self.bulk * self.vol
        known = np.maximum(np.abs(self.u_known), self.faded[:, self.rows])
        self.gross = np.abs(self.source).sum(-1) + (self.vol * self.inv_tau * known).sum(-1)
        self.correction.set_step(accurate and np.isfinite(tau), expected)

    def bends(self, s):
        """Nodes where the equation of species s is not linear in f at given slopes ∂f/∂z: where particles change momentum, and
        where the flux is corrected; (nodes,)."""
        out, correction = np.zeros(self.n, bool), self.correction
        out[self.inside[s]] = True
        if correction.some and not correction.left_out:
            out[correction.node] = True
        return out

    @property
    def steady(self):
        return not np.any(self.inv_tau)

    @cached_property
    def mixes_momentum(self):
        """Does momentum flow both ways in some species, so that no sweep over rigidities is exact?"""
        return any((B > 0).any() and (B < 0).any() for B in self.B)

    @cached_property
    def heated_from_below(self):
        """Does heating bring in cosmic rays from below the grid, in proportion to those it finds there?"""
        return self.problem.open_end and bool((self.B[:, 0] < 0).any())

    def strips(self, nu):
        """Parts of own rows that fit the cache: their slice of these, the system of them alone and their share of rates ν."""
        for own in strips(self.m.shape[1:]):
            yield (slice(None), self, nu) if own is ... else (own, *self._part(own, nu))

    def _part(self, own, nu):
        part, first = copy(self), self.rows.start
        part.whole, part.own = self, own
        part.rows = slice(first + own.start, min(first + own.stop, self.rows.stop))
        part.reach = slice(max(part.rows.start - 2, 0), part.rows.stop + 2)
        for name in ("V", "F", "v", "m", "nu", "sink", "outflow", "inv_tau", "u_known", "source", "gross"):
            setattr(part, name, getattr(self, name)[:, own])
        part.top = None if self.top is None else self.top[:, own]
        part.weights = [(parent, child, W[own]) for parent, child, W in self.weights]
        if self.w is not None:
            part.law, rates = self.law.part(own, nu)
            part.nu_waves = rates if nu is self.nu_waves else self.nu_waves[own]
            part.depth_scale, nu = self.depth_scale[:, own], rates
        part.correction = self.correction.part(part, own)
        return part, nu

    # ---- pieces -------------------------------------------------------------------------------------------------

    def shifted(self, u, s, offset, columns=slice(None)):
        """u of species s at rigidity rows k + offset, for own rows k; zero beyond the grid; some nodes only."""
        return shift(u[s][:, columns], self.rows, offset)

    def momentum_coefficients(self, B, u, s, columns=slice(None), weights=face_weights):
        """Scaled gain coefficients {offset: (rows, nodes)} of species s for rates B (R + 1, nodes), of some nodes only."""
        return self.gain_coefficients(B[:, columns], None if u is None else u[s][:, columns], s, weights)

    def gain_coefficients(self, B, values, s, weights=face_weights):
        """The same for any columns: rates B (R + 1, columns) and scaled values (R, columns) of all rows."""
        reach, first = self.reach, self.reach.start
        F, V, B = self.F_all[s][reach], self.V_all[s][reach], B[first : reach.stop + 1]
        f = None if values is None else values[reach] * F[:, None]
        own, out = slice(self.rows.start - first, self.rows.stop - first), {}
        for o, c in self.stencils[s].coefficients(B, f, self.opening, weights).items():
            ratio = np.ones_like(F)
            if o > 0:
                ratio[:-o] = F[o:] / F[:-o]
            elif o < 0:
                ratio[-o:] = F[:o] / F[-o:]
            out[o] = c[own] * (ratio / V)[own, None]
        return out

    def kept_coefficients(self, u, s, given=None):
        """What `coefficients_at` gives, kept for the last array of node values, which must not change."""
        if self.whole is not None:
            return {o: c[self.own] for o, c in self.whole.kept_coefficients(u, s, given).items()}
        state, weights = self.spectrum(u, given)
        last, how, kept = self._kept
        if last is not state or how != (weights, self.opening):
            kept = {}
            self._kept = state, (weights, self.opening), kept
        if s not in kept:
            kept[s] = self.coefficients_at(u, s, given)
        return kept[s]

    def coefficients_at(self, u, s, given=None):
        """Momentum coefficients of species s at its nodes `inside`, with the slopes of `spectrum`."""
        if not self.changing[s]:
            return {}
        state, weights = self.spectrum(u, given)
        return self.momentum_coefficients(self.B[s], state, s, self.inside[s], weights)

    def upper(self, u, species=None):
        """u of own rows with the top node appended, (species, rows, faces + 1), or of one species."""
        which = slice(None) if species is None else species
        own = u[which, self.rows]
        return own if self.top is None else np.concatenate([own, self.top[which][..., None]], -1)

    def slope(self, u, species=None):
        """a = (u_i − u_{i+1})/Δz on the faces of own rows, of all species or of one."""
        own = u[:, self.rows] if species is None else u[species, self.rows]
        out = np.empty((*own.shape[:-1], len(self.df)))
        np.subtract(own[..., :-1], own[..., 1:], out=out[..., : self.n - 1])
        if self.top is not None:
            out[..., -1] = own[..., -1] - (self.top if species is None else self.top[species])
        out /= self.df
        return out

    def slope_of(self, full):
        """The same of node values of own rows that have the top appended, as `upper` gives them."""
        return (full[..., :-1] - full[..., 1:]) / self.df

    def point(self, u):
        """The mixed point of node values u: their slopes and the fluxes that go with them."""
        if self.w is None:
            return Point(u, None, None)
        a = self.slope(u, self.w)
        return Point(u, a, self.law.q(a, self.nu_waves))

    def upwind(self, full):
        """Node values (..., nodes + top) taken at the upwind node of each face."""
        return full[..., :-1] if self.outwards else np.where(self.upwind_low, full[..., :-1], full[..., 1:])

    def conduction(self, response, species=None, delta=None):
        """{species: Conduction} of all but the wave species, or of some of them, by the law at the protons' slopes.

        delta: `Share` of the protons' flux that the slopes do not tell of.
        """
        others = [s for s in self.every(species) if s != self.w]
        if self.w is None:
            return {s: Conduction(self.m[s], self.nu[s], 0.0, (0.0, 0.0)) for s in others}
        depth, passed = response.depth(self.nu_waves) if others else None, None
        if others and delta is not None:
            passed = depth_passed(self.m[self.w], self.nu_waves, depth, response.flux(self.nu_waves), delta.value)
        return {s: Conduction(self.m[s], self.nu[s], self.depth_scale[s], depth, passed) for s in others}

    def corrected(self, u, response, species, derivatives=False, exact=False):
        """({species: Conduction}, {species: c}, δ), the protons' correction felt by the nuclei; derivatives: those of c too,
        exact: those of δ."""
        asked, waves, delta = self.every(species), None, None
        if self.w is not None:
            shared = any(s != self.w for s in asked)
            waves, delta = self.correction.of_waves(u, response, shared, derivatives, exact)
        conduction = self.conduction(response, species, delta)
        corrections = self.correction.of_others(u, response, conduction, derivatives)
        if waves is not None and self.w in asked:
            corrections[self.w] = waves
        return conduction, corrections, delta

    def every(self, species=None):
        """The given species, or all."""
        return range(self.problem.species) if species is None else species

    def spectrum(self, u, given=None):
        """(node values, weights) from which the momentum flux takes its slopes at state u: those of u or given ones."""
        shape = given if self.shape is None else self.shape
        return (u, face_weights) if shape is None else (shape, face_share)

    # ---- balance ---------------------------------------------------------------------------------------------------

    def gains(self, u, s, coefficients=None):
        """Momentum gain of the nodes of own rows of species s at state u, and what rows gain from other rigidities, (rows,).

        coefficients: those of u at the nodes `inside`, if known.
        """
        total, gross = np.zeros((self.V.shape[1], self.n)), np.zeros(self.V.shape[1])
        columns = self.inside[s]
        for o, c in (self.coefficients_at(u, s) if coefficients is None else coefficients).items():
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

    def balance_flux(self, u, s, gains=None):
        """z flux on the faces (and the top) of own rows that the balance of every node below asks for; `gains` as in `inputs`."""
        flux = np.cumsum(self.inputs(u, s, gains), -1)
        return flux[..., : len(self.df)]

    def law_flux(self, u, a, nu, with_correction=True, species=None, known=None):
        """{species: (flux, q, κ_small, c)} from the flux law on the faces of own rows; a are the protons' slopes.

        known: what `upper` and `slope` gave for u, if they have been asked already.
        """
        full = known[0] if known else self.upper(u)
        slopes = known[1] if known else self.slope_of(full)
        at = self.upwind(full)
        response = None if self.w is None else self.law.at(a)
        if with_correction:
            conduction, corrections, _ = self.corrected(u, response, species)
        else:
            conduction, corrections = self.conduction(response, species), {}
        out = {}
        for s in self.every(species):
            if s == self.w:
                q, kappa = response.flux(nu)
            else:
                kappa = conduction[s].kappa
                q = kappa * slopes[s]
            flux = self.v[s] * at[s] + q
            c = corrections[s].value if s in corrections else 0.0
            out[s] = flux + c, q, kappa, c
        return out

    def residual(self, u):
        """F(u) of own rows, (species, rows, nodes): z flux out minus everything that comes in.  Zero at the solution."""
        u = np.asarray(u, float)
        a = self.slope(u, self.w) if self.w is not None else None
        nu = self.nu_waves
        out = np.empty((self.problem.species, self.V.shape[1], self.n))
        for s, (flux, _, _, _) in self.law_flux(u, a, nu).items():
            out[s] = self._divergence(flux, u, s) - self.inputs(u, s)
        return out

    def _divergence(self, flux, u, s):
        if self.top is None:
            flux = np.concatenate([flux, (self.outflow[s] * u[s, self.rows, -1])[:, None]], -1)
        return np.diff(np.concatenate([np.zeros_like(flux[:, :1]), flux], -1), axis=-1)


def _columns(B):
    """Nodes at which any of the rates B (faces, nodes) is nonzero: all as a slice, or their numbers."""
    there = B.any(0)
    return slice(None) if there.all() else np.flatnonzero(there)
