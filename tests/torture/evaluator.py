"""Is a result a solution of its deck?  Written from the equation; nothing of solver.transport is used.

Per species, with x = ln R, N = R³f and the control volumes of the result's own heights and rigidities,

    F_{i+1/2} − F_{i−1/2} = Q δ_{i0} + Σ_parents + (G_{k+1/2} − G_{k−1/2})/(w R³) − sink f − ∂t f ΔV,

where F is the stored flux, G = B N_face the downward momentum flux with B = (v_i − v_{i−1})/3 + losses, and F must be what
the transport law passes between the two node values (`two_point`).  Each check returns (size, what it allows, place); a
result is judged by the list of those that are larger than allowed.  What the allowances bound is said at the constants.
"""

from dataclasses import dataclass

import numpy as np
import two_point

from solver.constants import KPC, C
from solver.formulas import loss_rate
from solver.initial import initial_state
from solver.transport.scales import above_the_grid

POSITIVE = 1e-10  # of the row's largest f: undershoot that the stopping of the iteration leaves
CONSERVED = 1e-11  # of all that enters or leaves a row: rounding of sums of some thousand terms
IMBALANCE = 1e-9  # of the row's throughput: ten times time.tolerance, which the iteration asks of the flux on every face
STATED = 2.0  # times the mismatch that a transient states of its last step, which need not be solved better than it is timed
SLOPE = 1e-9  # of the row's largest f, and of flux/c, or what is stated: the same where f says more than the flux
ROUNDING = 32 * np.finfo(float).eps  # of f, as conducted by the row's best conducting face
FADED = 1e-20  # of what a row held at the start or can have been filled with: a transient follows nothing below that
SAMPLE = 2000, 400  # faces on which the law is checked, of protons and of each nucleus (which needs the protons' root too)


@dataclass(frozen=True)
class Finding:
    """A check that failed: size over what is allowed, and where (species, R, height)."""

    check: str
    excess: float
    place: str

    def __str__(self):
        return f"{self.check}: {self.excess:.2g} times what is allowed at {self.place}"


def steeper_end(B, dx, losing, steeper):
    """By how much more than the reference the spectrum falls over half of the highest cell (see `momentum_gain`)."""
    both = (B[-2] > 0) & (B[-1] > 0)
    ratio = np.where(both, np.where(both, B[-1], 1.0) / np.where(both, B[-2], 1.0), 1.0)
    return np.exp(0.5 * dx * steeper) * ratio ** (losing / 2)


class Evaluator:
    """The checks of one result; `rate` is ∂f/∂t at its end (species, R, nodes) for a state that is not steady."""

    def __init__(self, result, rate=None):
        self.result, self.ds, self.model, self.rate = result, result.dataset, result.model, rate
        time = self.model.deck.time
        marched = rate is None and time.method == "march"
        self.unsteady = 10 * time.steady.residual if marched else 0.0  # a march may still store that of its own throughput
        stated = 0.0 if rate is None else float(result.history.residual.values[-1])
        self.imbalance = max(IMBALANCE, STATED * stated)
        self.time = result.time or 0.0
        self.start = None if rate is None else initial_state(self.model)
        ds, m = self.ds, self.model
        self.R, self.z = ds.rigidity.values, ds.z.values * KPC
        self.dz, self.dx = np.diff(m.grid.z), np.log(m.grid.R[-1] / m.grid.R[0]) / (len(m.grid.R) - 1)
        self.volume = np.append(self.dz, 0.0) / 2 + np.insert(self.dz, 0, 0.0) / 2
        self.f = ds.f.values.transpose(0, 2, 1)  # (species, R, nodes)
        self.flux = ds.flux.values.transpose(0, 2, 1)
        self.v, self.nu = m.v, m.nu.transpose(0, 2, 1)
        self.open_top = m.deck.boundary.top.type == "outflow"
        self.v_top = float(m.at([m.z_max]).v[0]) if self.open_top else 0.0
        self.unknown = len(self.z) if self.open_top else len(self.z) - 1  # nodes that have a balance
        self.above = np.stack(above_the_grid(m.transport_problem()), 1)
        self.dv = m.grid.derivative(m.v) if len(m.v) > 1 else np.zeros(1)

    # ---- coefficients of the balance, from deck and physics -----------------------------------------------------------

    def rates(self, s):
        return momentum_rates(self.model, s)

    def momentum_gain(self, s, B):
        """(gain, incoming, gross), each (R, nodes): the net momentum gain of the nodes, what comes in, and both faces' fluxes.

        A face takes N from its two upwind cells, extrapolated linearly in ln N; where the farther one lies below a quarter of
        what the reference spectrum would give, along the tangent there.  At the upper end the spectrum is the reference, steeper
        by a number and by the slope of B times the share of losses there; both are rough, and the program alone can know them.
        """
        sigma, dx = self.model.slope[s] - 3.0, self.dx
        N = self.R[:, None] ** 3 * self.f[s]
        half, open_end = np.exp(0.5 * sigma * dx), self.model.deck.boundary.momentum == "power_law"
        width = dx if abs(sigma * dx) < 1e-8 else 2 * np.sinh(0.5 * sigma * dx) / sigma

        def face(near, far, to_face):
            """N on the face from near and far; to_face: the reference spectrum's ratio N_face/N_near."""
            far = far * to_face**2
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                r = np.maximum(np.abs(far / near), 0.25)
                steep = (1.5 * near - 0.5 * far / r) / np.sqrt(r)  # near/√r, also where rounding has left f with either sign
            return np.where(near == 0, 0.0, to_face * steep)

        down, up = np.zeros_like(B), np.zeros_like(B)
        down[:-2] = face(N[:-1], N[1:], half)
        steeper = steeper_end(B, dx, *self.above[s])
        down[-2] = N[-1] * half * steeper
        down[-1] = N[-1] / half / steeper if open_end else 0.0
        up[2:] = face(N[1:], N[:-1], 1 / half)
        up[1] = N[0] / half
        up[0] = N[0] * half if open_end else 0.0
        G = np.where(B > 0, B * down, B * up) / width
        scale = self.R[:, None] ** 3
        incoming = np.maximum(G[1:], 0) + np.maximum(-G[:-1], 0)
        return np.diff(G, axis=0) / scale, incoming / scale, (np.abs(G[1:]) + np.abs(G[:-1])) / scale

    def sources(self, s):
        """Q of the disc now, primary and secondary (R,)."""
        m = self.model
        Q = m.Q[s] * m.schedule(self.time)[s]
        for link in m.spallation:
            if link.child == s:
                Q = Q + float(m.deck.disc.half_thickness) * (link.weights @ self.f[link.parent][:, 0])
        return Q

    def sink(self, s):
        """Catastrophic losses at the disc (cm/s), (R,)."""
        m = self.model
        h, sink = float(m.deck.disc.half_thickness), np.zeros(len(self.R))
        if m.deck.disc.losses == "catastrophic":
            sink = sink + h * loss_rate(m.deck.disc.loss_processes, self.R, m.species[s], float(m.deck.disc.density))
        return sink + h * m.destruction[s]

    # ---- checks -------------------------------------------------------------------------------------------------------

    def findings(self):
        """All checks that failed, worst first."""
        out = []
        with np.errstate(all="ignore"):
            if not (np.isfinite(self.f).all() and np.isfinite(self.flux).all()):
                return [Finding("finite", np.inf, "f or flux")]
            for s in range(len(self.f)):
                out += self._positive(s)
                out += self._top(s)
                balance, throughput = self._balance(s)
                out += balance
                out += self._law(s, throughput)
        return sorted(out, key=lambda finding: -finding.excess)

    def _place(self, s, k, i):
        m = self.model
        return f"{m.names[s]}, R = {self.R[k]:.3g} GV (row {k}), z index {i} of {len(self.z) - 1}"

    def _worst(self, check, excess, s, rows=None, faces=None):
        """[Finding] where an array of ratios exceeds one."""
        excess = np.where(np.isnan(excess), np.inf, excess)
        if not excess.size or excess.max() <= 1:
            return []
        at = np.unravel_index(np.argmax(excess), excess.shape)
        k, i = (at[0], at[1] if len(at) > 1 else 0) if rows is None else (rows[at[0]], faces[at[0]])
        return [Finding(check, float(excess.max()), self._place(s, k, i))]

    def _positive(self, s):
        size = np.abs(self.f[s]).max(-1)
        if self.rate is not None:  # of what a source has filled, which may have faded since
            size = np.maximum(size, 1e-2 * self._filled(s))
        return self._worst("positivity", -self.f[s] / (POSITIVE * size[:, None] + 1e-300), s)

    def _filled(self, s):
        """Mean f (R,) if nothing of what the disc's sources, secondary ones included, have brought had gone."""
        m, span = self.model, self.time / self.model.z_max
        links = [link for link in m.spallation if link.child == s]
        return span * (m.Q[s] + sum(float(m.deck.disc.half_thickness) * (x.weights @ self._filled(x.parent)) for x in links))

    def _top(self, s):
        """f at the top is what the deck says."""
        if self.open_top:
            return []
        given = self.model.top[s]
        return self._worst("top value", np.abs(self.f[s][:, -1] - given)[:, None] / (1e-12 * given + 1e-300)[:, None], s)

    def _balance(self, s):
        """Conservation node by node, and the budget of the species: what is injected leaves, is lost or is stored."""
        n = self.unknown
        B, _ = self.rates(s)
        gain, incoming, gross = self.momentum_gain(s, B)
        enters = np.zeros_like(self.f[s])
        enters[:, 0] = self.sources(s)
        sink = np.zeros_like(enters)
        sink[:, 0] = self.sink(s) * self.f[s][:, 0]
        stored = self.volume * self.rate[s] if self.rate is not None else np.zeros_like(enters)
        inputs = (enters + gain - sink - stored)[:, :n]
        out = self.flux[s]
        if self.open_top:
            out = np.concatenate([out, (max(self.v_top, 0.0) * self.f[s][:, -1])[:, None]], -1)
        imbalance = np.diff(np.concatenate([np.zeros((len(self.R), 1)), out], -1), axis=-1)[:, :n] - inputs
        through = (enters + incoming + np.abs(stored))[:, :n].sum(-1)
        if not self.open_top:  # without any source all comes from the top and goes back there
            exchanged = np.nan_to_num(self.ds.kappa.values[s][-1], posinf=0.0) / self.dz[-1] * self.f[s][:, -1]
            through = np.where(through > 0, through, exchanged)
        through = np.maximum(through, np.abs(self.flux[s]).max(-1)) + self._held(s)
        terms = (enters + gross + sink + np.abs(stored))[:, :n].sum(-1) + np.abs(self.flux[s]).max(-1)
        noise = self._rounding(s)
        left = CONSERVED * terms + self.unsteady * through + self._storage_rounding(s)
        allowed = left[:, None] + np.zeros(n)
        allowed[:, -1] += noise + self.imbalance * through if self.open_top else 0.0
        found = self._worst("conservation", np.abs(imbalance) / (allowed + 1e-300), s)
        weight = self.R**3
        allowed = left + (noise + self.imbalance * through if self.open_top else 0.0)  # the top node, as above
        total = abs((weight[:, None] * imbalance).sum()) / ((weight * allowed).sum() + 1e-300)
        if total > 1:
            found.append(Finding("budget", float(total), self.model.names[s]))
        return found, through

    def _held(self, s):
        """Content of the rows over the length of a time step, (R,): what a step has to balance, not only what it stores."""
        if self.rate is None:
            return np.zeros(len(self.R))
        step = float(self.result.history.dt.values[-1]) * (1 - np.sqrt(0.5))  # of each stage of TR-BDF2
        held = np.maximum(self.start[s].max(-1), self._filled(s))[:, None]
        return (np.maximum(np.abs(self.f[s]), FADED * held) * self.volume).sum(-1) / step

    def _storage_rounding(self, s):
        """Flux (R,) that rounding of f makes of what a time step stores."""
        return ROUNDING * self._held(s)

    def _rounding(self, s):
        """Flux (R,) that rounding of f makes on the row's best conducting face."""
        full = np.abs(self.f[s])
        kappa = self.ds.kappa.values[s].T
        conducted = np.where(np.isfinite(kappa), kappa, 0.0) / self.dz * (full[:, :-1] + full[:, 1:])
        return ROUNDING * conducted.max(-1) + self._storage_rounding(s)

    # ---- the flux law -------------------------------------------------------------------------------------------------

    def _faces(self, s, rows, faces):
        """The two-point problems of some faces of the protons (or of a species without waves)."""
        m = self.model
        waves = m.waves == s
        v = self.v[faces]
        low, high = self.f[s][rows, faces], self.f[s][rows, faces + 1]
        back = v < 0
        S = m.S.T[rows, faces] if waves else np.zeros(len(rows))
        X = m.X.T[rows, faces] if waves else np.zeros(len(rows))
        return back, two_point.Faces(
            low=np.where(back, high, low), high=np.where(back, low, high), dz=self.dz[faces], v=np.abs(v), S=S, X2=X**2,
            nu=self.nu[s][rows, faces], confined=m.self_confined[faces] & waves)

    def _law(self, s, throughput):
        """The flux on a sample of faces against the two-point problem between the stored node values."""
        m = self.model
        count, most = self.flux[s].size, SAMPLE[s != m.waves and m.waves is not None]
        picked = np.arange(count)
        if count > most:
            picked = np.random.default_rng(count).choice(count, most, replace=False)
        rows, faces = np.unravel_index(picked, self.flux[s].shape)
        allowed = self.imbalance * throughput[rows] + self._rounding(s)[rows] + 1e-300
        delta = max(SLOPE, self.imbalance) * (np.abs(self.f[s]).max(-1) + throughput / C)[rows]
        back, problem = self._faces(s, rows, faces)
        F = np.where(back, -1.0, 1.0) * self.flux[s][rows, faces]
        allowed = allowed + self._second_order(s, rows, faces)
        if s == m.waves or m.waves is None:
            allowed = allowed + self._fit(problem, F)
            hop = problem.v * np.abs(problem.low - problem.high)
            allowed = allowed + np.where(hop < 1e-5 * problem.S, hop, 0.0)  # so near S the quadrature cannot tell q from q + hop
            too_small = ~problem.above(F + allowed, problem.low - delta, problem.high + delta)
            too_large = ~problem.below(F - allowed, problem.low + delta, problem.high - delta)
            bad = too_small | too_large
            if not bad.any():
                return []
            true = two_point.flux(problem.take(bad))
            excess = np.abs(F[bad] - true) / allowed[bad]
            return self._worst("flux law", np.maximum(excess, 1.0 + 1e-9), s, rows[bad], faces[bad])
        _, protons = self._faces(m.waves, rows, faces)
        shares = two_point.waves(protons, self._second_order(m.waves, rows, faces))
        uncertain = self._fit_share(protons)
        limits = [self._linear_flux(problem, share * (1 + sign * uncertain) / m.speed_ratio[s][rows], delta * move)
                  for sign, share in zip((-1, 1), shares, strict=True) for move in (1, -1)]
        low, high = np.min(limits, 0), np.max(limits, 0)
        excess = np.maximum(low - F, F - high) / allowed
        return self._worst("flux law", excess, s, rows, faces)

    @staticmethod
    def _linear_flux(problem, waves, delta):
        """v (f_low − f_high e^{−P})/(1 − e^{−P}), P = v Δz (waves' resistance + ν), of end values moved by ±delta."""
        resistance = waves + problem.nu
        P = np.minimum(problem.v * resistance * problem.dz, 600.0)
        slow = P < 1e-9
        low, high = problem.low + delta, problem.high - delta
        flowing = problem.v * (low + (low - high) / np.where(slow, 1.0, np.expm1(P)))
        resting = problem.v * low + (low - high) / np.maximum(resistance * problem.dz, 1e-300)
        return np.where(slow, resting, flowing)

    @staticmethod
    def _fit(problem, F):
        """How far the solver's closed form may be from the quadrature where nonlinear damping and ν act together.

        It is exact for ν → 0, for S with any ν, and for ν alone.  Else its error, of second order in Δz, is below √(2 v Δz ν) of
        q with linear damping and 0.1 v Δz ν of q without, and below 12 % or 0.5 % of F (test_evaluator).
        """
        depth = problem.v * problem.dz * problem.nu
        q, F = np.abs(F - problem.v * problem.low), np.abs(F) + problem.v * np.maximum(problem.low, problem.high)
        with_S, without = 1.05 * np.sqrt(2 * depth) * q, 0.1 * depth * q
        thick = depth > 1
        with_S = np.where(thick, 0.12 * F, np.minimum(with_S, 0.12 * F))
        without = np.where(thick, 0.005 * F, np.minimum(without, 0.005 * F))
        both = problem.confined & (problem.X2 > 0)
        return np.where(both, np.where(problem.S > 0, with_S, without), 0.0)

    @staticmethod
    def _fit_share(problem):
        """The same for the waves' resistance, which the nuclei feel, relative to it; 1e-5 is the quadrature's own."""
        depth = problem.v * problem.dz * problem.nu
        share = np.where(problem.S > 0, np.sqrt(2 * depth), 0.1 * depth)
        return np.where(problem.X2 > 0, np.minimum(share, 1.0), 0.0) + 1e-5

    def _second_order(self, s, rows, faces):
        """What the flux may change across a face: that of a two-point problem with constant flux and coefficients lies between
        the values a varying one takes, so a flux at the middle differs from it by half of that; the whole of it is allowed, as
        the changes are known at the nodes only and f may fall by decades from one to the next.

        What changes it: storage, momentum gain with the face's own ∂v/∂z, losses beyond the disc, and v, S, X² themselves.
        """
        m, f = self.model, self.f[s]
        near = faces, faces + 1
        change = np.abs(self.dv[faces]) * np.maximum(np.abs(f[rows, faces]), np.abs(f[rows, faces + 1]))
        if self.rate is not None:
            change += np.maximum(*(np.abs(self.rate[s][rows, i]) for i in near))
        _, bulk = self.rates(s)
        if bulk.any():
            none = np.zeros((len(bulk), 1))
            below, _, _ = self.momentum_gain(s, np.concatenate([bulk, none], 1))  # the face's rate with f of the node below it
            above, _, _ = self.momentum_gain(s, np.concatenate([none, bulk], 1))
            change += np.maximum(np.abs(below[rows, faces]), np.abs(above[rows, faces + 1]))
        if m.deck.physics.adiabatic and self.dv.any():
            for sign in (1.0, -1.0):
                gain, _, _ = self.momentum_gain(s, np.full((len(self.R) + 1, len(self.z)), sign))
                rate = np.maximum(sign * self.dv[faces] / 3, 0.0)
                change += rate * np.maximum(*(np.abs(gain[rows, i]) for i in near))
        if s == m.waves:
            dS, dX2 = m.grid.derivative(m.S.T), m.grid.derivative(m.X.T**2)
            a = np.abs(f[rows, faces] - f[rows, faces + 1]) / self.dz[faces]
            S, X2 = m.S.T[rows, faces], m.X.T[rows, faces] ** 2
            root = np.sqrt(S**2 + 4 * X2 * a)
            q = 0.5 * (S + root)
            dq = (np.abs(dS[rows, faces]) * q + np.abs(dX2[rows, faces]) * a) / np.maximum(root, 1e-300)
            change += m.self_confined[faces] * dq
        return self.dz[faces] * change * (self.v[faces] != 0)


def momentum_rates(model, s):
    """(B, bulk): −ṗ/p of species s over control volumes on momentum faces (R + 1, nodes), and its part per volume beyond
    the disc on the intervals (R + 1, intervals).  The adiabatic part is (v_i − v_{i−1})/3 with nothing below the disc, so the
    jumps of v are in it."""
    grid, deck, nucleus = model.grid, model.deck, model.species[s]
    dz, z = np.diff(grid.z), grid.z
    dx = np.log(grid.R[-1] / grid.R[0]) / (len(grid.R) - 1)
    edges = np.append(grid.R * np.exp(-dx / 2), grid.R[-1] * np.exp(dx / 2))
    B, bulk = np.zeros((len(edges), len(z))), np.zeros((len(edges), len(dz)))
    for layer in range(len(deck.layer)):
        faces = np.flatnonzero(grid.layer == layer)
        bulk[:, faces] = model.medium.bulk_loss(layer, grid.z_face[faces], edges, nucleus).T
        rate = bulk[:, faces] * dz[faces] / 2
        B[:, faces] += rate
        B[:, faces + 1] += rate
    if deck.disc.losses == "flux":
        h = float(deck.disc.half_thickness)
        B[:, 0] += h * loss_rate(deck.disc.loss_processes, edges, nucleus, float(deck.disc.density))
    if deck.physics.adiabatic:
        outside = float(model.at([model.z_max]).v[0]) if deck.boundary.top.type == "outflow" else model.v[-1]
        B += np.diff(np.concatenate([[0.0], model.v, [outside]])) / 3
    return B, bulk


def findings(result, rate=None):
    """All that is wrong with a result, as a list of `Finding`, worst first; empty for a solution."""
    return Evaluator(result, rate).findings()
