"""The fitted flux law of self-confined cosmic rays: exact between two nodes, monotone, closed form.

On a face with speed v and length Δz write a = (f_i − f_{i+1})/Δz, m = |v| Δz and F = v f_upwind + q(a).  At a point
self-excited waves with linear damping S and nonlinear damping X obey q_sc² − S q_sc − X² |a| = 0, and independent
scatterers of rate ν = 1/κ_ext add: |a|/q = |a|/q_sc + ν.  Between two nodes F = v f + q is constant in a steady state, and
the optical depth of the face is P = ∫ v dz/κ = ln(1 + m a/q), so that q = a/h with h = (e^P − 1)/m.  Integrating gives

    X alone, S and X (ν → 0):  q_fit = [(S − m a) + √((S − m a)² + 4 C a)]/2,  C = X² y/(1 − e^{−y}), y = m S/X²,
                               P = ln(1 + m a/q_fit) + m ν  (exact for ν → 0 and for ν alone: Scharfetter–Gummel);
    S alone with any ν:        P = m a/S + m ν, up to where f can no longer fall continuously, m a/S = 1 − s with
                               s − ln s = 1 + m ν; beyond it f jumps at the far node and the flux stays at q = s S.

Nonlinear damping of other powers than n = 1 has no closed form; faces that feel it take q_fit from `nonlinear`.

Nuclei pass through the waves' share ℓ = (P − m ν)/m of the depth times v_p/v_A (footnote 3 of the paper), so eq. 30 holds
at the nodes as eq. 14 does.  q is odd and increasing in a.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .linear_damping import TINY, correction, saturation
from .nonlinear import Mixture
from .strips import by_strips

FROZEN = 1e100  # 1/κ_sc of undamped waves, in scaled units
INFINITE = 1e18  # Péclet number of faces nothing diffuses through
DEPTH_MAX = 250.0  # e^{-250}: a face this deep conducts nothing that double precision could see


def log(Y):
    """ln Y, −inf where Y = 0."""
    with np.errstate(divide="ignore"):
        return np.log(Y)


def depth_excess(m, nu):
    """(e^{mν} − 1)/m, continued to ν at m = 0."""
    mn = np.minimum(m * nu, DEPTH_MAX)
    return np.where(mn > 1e-8, np.expm1(mn) / np.maximum(m, TINY), nu * (1.0 + 0.5 * mn))


@dataclass(frozen=True)
class External:
    """What the external rate ν makes of a set of faces: ν, μ = mν, e^μ, (e^μ − 1)/m and, on linear faces, s and 1/(s S)."""

    nu: np.ndarray
    mu: np.ndarray
    E: np.ndarray
    excess: np.ndarray
    s: np.ndarray
    flat: np.ndarray

    def take(self, index):
        parts = self.nu, self.mu, self.E, self.excess, self.s, self.flat
        return self if index is ... else External(*(part[index] for part in parts))


@dataclass(frozen=True)
class FaceLaw:
    """The law on an array of faces, in scaled units; `confined` marks the faces that carry self-excited waves.

    others: (power n, ln G) of further nonlinear damping, q = … + G κ^(−n) at a point; ln G = −inf where it does not act.
    """

    S: np.ndarray
    X: np.ndarray
    m: np.ndarray
    confined: np.ndarray
    others: tuple = ()

    # ---- what does not depend on the slope -----------------------------------------------------------------------------

    @cached_property
    def CD(self):
        """C and D = C − m S = X² y/(e^y − 1), each without cancellation."""
        X2 = self.X**2
        y = self.m * self.S / np.maximum(X2, TINY)
        ys = np.clip(y, 1e-12, 700.0)
        D = np.where((X2 > 0) & (y < 700.0), X2 * np.where(y > 1e-8, ys / np.expm1(ys), 1.0 - 0.5 * y), 0.0)
        return D + self.m * self.S, D

    @cached_property
    def mixed(self):
        """Faces whose waves nonlinear damping of another power than 1 acts on."""
        acts = np.zeros((), bool)
        for _, log_G in self.others:
            acts = acts | (log_G > -np.inf)
        return self.confined & acts

    @cached_property
    def mixture(self):
        """Their `Mixture`, X among its powers."""
        with np.errstate(divide="ignore"):
            parts = [(1.0, 2.0 * np.log(self.X)), *self.others]
        parts = [(n, np.broadcast_to(log_G, self.mixed.shape)[self.mixed]) for n, log_G in parts]
        parts = [(n, log_G) for n, log_G in parts if np.any(log_G > -np.inf)]
        powers, logs = zip(*parts, strict=True)
        return Mixture(self.S[self.mixed], self.m[self.mixed], np.array(powers, float), np.stack(logs))

    def _mix(self, values, a, method, *arguments):
        """`values`, with what the named method of the mixture says at slopes a where faces are mixed."""
        if self.others and self.mixed.any():
            mixed = getattr(self.mixture, method)(a[self.mixed], *arguments)
            for value, new in zip(values, mixed, strict=True):
                value[self.mixed] = new
        return values

    @cached_property
    def undamped(self):
        """Faces whose waves nothing damps: κ_sc = 0, pure streaming."""
        return self.confined & (self.S == 0) & (self.X == 0) & ~self.mixed

    @cached_property
    def linear(self):
        """Faces whose waves only linear damping acts on."""
        return self.confined & (self.S > 0) & (self.X == 0) & ~self.mixed

    @cached_property
    def damped(self):
        """Faces with waves that linear or Landau-type damping acts on."""
        return self.confined & ((self.S > 0) | (self.CD[0] > 0))

    @cached_property
    def all_damped(self):
        """Do waves that something damps act on every face?"""
        return bool(self.damped.all())

    @cached_property
    def has_linear(self):
        return bool(self.linear.any())

    @cached_property
    def only_linear(self):
        """Is linear damping alone on every face?  Then the fit, which would be wrong everywhere, is not asked."""
        return bool(self.linear.all())

    def external(self, nu):
        """`External` of rates ν, kept for the last array asked for."""
        asked, last = self.__dict__.get("_external", (None, None))
        if asked is not nu:
            mu = np.minimum(self.m * nu, DEPTH_MAX)
            s = flat = np.ones_like(mu)
            if self.has_linear:
                s = saturation(np.where(self.linear, mu, 0.0))
                flat = 1.0 / (s * self.linear_S)
            last = External(np.broadcast_to(nu, mu.shape), mu, np.exp(mu), depth_excess(self.m, nu), s, flat)
            self.__dict__["_external"] = nu, last
        return last

    def take(self, index):
        """The law of some of the faces: an index or a slice of the arrays, or `...` for all of them; slices are kept."""
        if index is ...:
            return self
        if not isinstance(index, slice):
            return self._taken(index)
        kept, place = self.__dict__.setdefault("_slices", {}), (index.start, index.stop)
        if place not in kept:
            kept[place] = self._taken(index)
        return kept[place]

    def _taken(self, index):
        others = tuple((n, log_G[index]) for n, log_G in self.others)
        law = FaceLaw(self.S[index], self.X[index], self.m[index], self.confined[index], others)
        known = law.__dict__
        known["CD"] = tuple(x[index] for x in self.CD)
        known |= {name: getattr(self, name)[index] for name in ("mixed", "undamped", "linear", "damped")}
        return law

    def part(self, own, nu):
        """The law of some rows and their share of rates ν, of which it knows what the whole law does."""
        if own is ...:
            return self, nu
        law, rates = self.take(own), nu[own]
        law.__dict__["_external"] = rates, self.external(nu).take(own)
        return law, rates

    # ---- resistances -----------------------------------------------------------------------------------------------------

    def fit(self, a):
        """q_fit and its derivative at slopes a >= 0.

        (q − S)(q + m a) = D a gives q' = D q/((q + m a) r) without cancellation.
        """
        C, D = self.CD
        ma, ca = self.m * a, C * a
        b = self.S - ma
        r = np.sqrt(b * b + 4.0 * ca)
        larger = 0.5 * (np.abs(b) + r)
        q = np.where(b >= 0, larger, ca / np.maximum(larger, TINY))
        dq = D * q / np.maximum((q + ma) * np.maximum(r, 1e-95), TINY)
        return self._mix((q, dq), a, "fit")

    def resistance(self, a):
        """y = a/q_fit = 1/κ_sc of the fit at slopes a >= 0, y' and y − a y' = (a/q)² q'; zero where not confined."""
        q, dq = self.fit(a)
        alive = self.confined & (q > 1e-200)
        q = np.maximum(q, TINY)
        y = a / q
        ydq = y * dq
        dy, rest = (1.0 - ydq) / q, y * ydq
        if not alive.all():
            free = np.where(self.undamped, FROZEN, 0.0)  # 1/κ_sc, and what does not depend on the slope
            y, dy, rest = np.where(alive, y, free), np.where(alive, dy, 0.0), np.where(alive, rest, free)
        return y, dy, rest

    def _linear(self, a, ext):
        """h, h' and h − a h' of linear damping alone at slopes a >= 0."""
        S, (m, flowing) = self.linear_S, self._flowing
        x = self.m * a / S
        e = np.expm1(np.minimum(x + ext.mu, DEPTH_MAX))
        full = x >= 1.0 - ext.s
        h, dh, rest = e / m, (e + 1.0) / S, np.maximum(e * (1.0 - x) - x, 0.0) / m
        if flowing is not None:
            full &= flowing
            h, dh, rest = np.where(flowing, (h, dh, rest), np.broadcast_arrays(a / S + ext.nu, 1.0 / S, ext.nu))
        if not full.any():
            return h, dh, rest
        return np.where(full, a * ext.flat, h), np.where(full, ext.flat, dh), np.where(full, 0.0, rest)

    @cached_property
    def linear_S(self):
        """S of faces with linear damping alone, else ones."""
        return np.where(self.linear, self.S, 1.0)

    @cached_property
    def _flowing(self):
        """m where there is flow, else ones; where there is flow, None for everywhere."""
        flowing = self.m > 0
        return (self.m, None) if flowing.all() else (np.where(flowing, self.m, 1.0), flowing)

    def h_of(self, a, ext, waves=None):
        """`h` for rates of which `external` has been asked."""
        if self.only_linear:
            return self._linear(a, ext)
        y, dy, rest = waves or self.resistance(a)
        out = y * ext.E + ext.excess, dy * ext.E, rest * ext.E + ext.excess
        if self.has_linear:
            out = tuple(np.where(self.linear, u, v) for u, v in zip(self._linear(a, ext), out, strict=True))
        return out

    def h(self, a, nu, waves=None):
        """h, h' and h − a h' at slopes a >= 0 and external rates ν; `waves`: what `resistance` gave for a."""
        return self.h_of(a, self.external(nu), waves)

    # ---- the flux --------------------------------------------------------------------------------------------------------

    def q(self, a, nu):
        """The diffusive flux at slopes of any sign."""
        return self.at(a).flux(nu)[0]

    def q_dq(self, a, nu, waves=None):
        """The diffusive flux and q'(a) >= 0, the conductivity of a small disturbance; `waves` as in `h`."""
        h, _, rest = self.h(np.abs(a), nu, waves)
        h = np.maximum(h, TINY)
        return a / h, rest / h / h

    def dq(self, a, nu):
        """q'(a) >= 0 alone."""
        return self.q_dq(a, nu)[1]

    def dual_tangent(self, a, q, nu):
        """(κ, offset) of q h(|a|) = a linearised in slope and flux both, for a pair off the graph (Chan, Golub & Mulet 1999)."""
        h, dh, _ = self.h(np.abs(a), nu)
        h = np.maximum(h, TINY)
        c = np.clip(q * np.sign(a) * dh, -1.0, 1.0)
        return (1.0 - c) / h, c / h * a

    def dual_cap(self, a, nu):
        """Largest |q| for which the dual tangent conducts: just below 1/h'."""
        return 0.9999999 / np.maximum(self.h(np.abs(a), nu)[1], TINY)

    def depth(self, a, nu=0.0, waves=None):
        """ℓ and dℓ/d|a|: the waves' share of the optical depth per m, for other nuclei; `waves` as in `h`.

        For linear damping alone a/S up to saturation.  There the flux is s S at any slope, f jumps at the far node, and the jump
        holds nuclei back too: P = ln(1 + m a/(s S)), as in the limit X → 0.
        """
        a = np.abs(a)
        depth = slope = 0.0
        if not self.only_linear:
            y, dy, _ = waves or self.resistance(a)
            my = self.m * y
            depth = np.where(my > 1e-8, np.log1p(my) / np.maximum(self.m, TINY), y * (1.0 - 0.5 * my))
            slope = dy / (1.0 + my)
            if self.undamped.any():
                depth = np.where(self.undamped & (self.m > 0), INFINITE / np.maximum(self.m, TINY), depth)
        if self.has_linear:
            S, m, mu, s = self.linear_S, np.maximum(self.m, TINY), self.external(nu).mu, self.external(nu).s
            x = self.m * a / S
            full = (self.m > 0) & (x >= 1.0 - s)
            depth = np.where(self.linear, np.where(full, (np.log1p(x / s) - mu) / m, a / S), depth)
            slope = np.where(self.linear, np.where(full, 1.0 / (s * S + self.m * a), 1.0 / S), slope)
        return depth, slope

    def peclet(self, a, nu, loose):
        """P = m/κ with κ = q'(a) of the law at a point, the conductivity of a small disturbance, and dP/d|a|.

        Of the law at a point rather than the fit: smooth where the fit of linear damping is flat.  Where ν is next to
        nothing (`loose`) it acts in series, 1/κ = 1/q_sc' + ν, so that linear damping counts as pure advection even where f
        is flat; else the correction would switch with the slope and the flux would no longer rise with it.
        """
        a = np.maximum(np.abs(a), 1e-60)
        S, X2 = self.S, self.X**2
        root = np.maximum(np.sqrt(S**2 + 4.0 * X2 * a), 1e-95)
        q = 0.5 * (S + root)
        q, dq, d2q = self._mix((q, X2 / root, -2.0 * X2**2 / (root * root * root)), a, "point")
        N, D = a * a * dq + nu * q * q, a + nu * q
        dN, dD = a * (2.0 * dq + a * d2q) + 2.0 * nu * q * dq, 1.0 + nu * dq
        N = np.maximum(N, 1e-150)
        P = self.m * D / N * D
        dP = P * (2.0 * dD / D - dN / N)
        waves = np.maximum(dq, 1e-150)
        P = np.where(loose, self.m * (1.0 / waves + nu), P)
        dP = np.where(loose, -self.m * d2q / waves / waves, dP)
        alone = ~self.confined
        P = np.where(alone, self.m * nu, np.where(self.undamped, INFINITE, P))
        return np.minimum(P, INFINITE), np.where(alone | self.undamped | (P > INFINITE), 0.0, dP)

    def correction_of_linear(self, tau, nu, faces, q, dq):
        """c, ∂c/∂τ and ∂c/∂a of `faces` with linear damping alone, as in `linear_damping.correction`.

        q, dq: what `q_dq` gives on all faces for the slopes of f along the flow.
        """
        S = self.linear_S[:, faces]
        mu, s = (x[:, faces] for x in (self.external(nu).mu, self.external(nu).s))
        return correction(tau, S, mu, s, q[:, faces], dq[:, faces])

    def coefficient_gradient(self, a, nu, dS, dX2, others=()):
        """∂q/∂z at fixed slope through S(z), X²(z) and ln G(z) of the `others`, from the law at a point."""
        sign, a = np.sign(a), np.abs(a)
        root = np.sqrt(self.S**2 + 4.0 * self.X**2 * a)
        q = 0.5 * (self.S + root)
        gradient = (q * dS + a * dX2) / np.maximum(root, TINY)
        if self.others and self.mixed.any():
            q, gradient = self._mix((q, gradient), a, "gradient", *self._mixed_gradients(dS, dX2, others))
        share = 1.0 / (1.0 + nu * q / np.maximum(a, TINY))  # q_total/q of the waves
        return np.where(self.confined, sign * share**2 * gradient, 0.0)

    def _mixed_gradients(self, dS, dX2, others):
        """∂z S and ∂z ln G of every power of the mixture on the mixed faces."""
        X2 = self.X**2
        slopes = {1.0: np.where(X2 > 0, dX2 / np.maximum(X2, TINY), 0.0), **dict(others)}
        pick = [np.broadcast_to(slopes[n], self.mixed.shape)[self.mixed] for n in self.mixture.powers]
        return np.broadcast_to(dS, self.mixed.shape)[self.mixed], np.stack(pick)

    def at(self, a):
        """The law at slopes a of any sign."""
        return Response(self, a)


class Response:
    """A law at given slopes, which stay as they are: each part worked out once."""

    def __init__(self, law, a):
        self.law, self.a = law, a
        self._rates = self._flux = self._deep = self._depth = None

    @cached_property
    def resistance(self):
        """What the waves resist."""
        return by_strips(np.shape(self.a), lambda own: self.law.take(own).resistance(np.abs(self.a[own])))

    def flux(self, nu):
        """The diffusive flux and its derivative, kept for the last array of rates asked for."""
        if self._rates is not nu:
            self._rates, self._flux = nu, self._of_rates("q_dq", nu)
        return self._flux

    def depth(self, nu):
        """The waves' share of the depth and its derivative, kept as the flux is."""
        if self._deep is not nu:
            self._deep, self._depth = nu, self._of_rates("depth", nu)
        return self._depth

    def _of_rates(self, method, nu):
        waves = None if self.law.only_linear else self.resistance

        def evaluate(own):
            law, rates = self.law.part(own, nu)
            return getattr(law, method)(self.a[own], rates, waves and [x[own] for x in waves])

        return by_strips(np.shape(self.a), evaluate)
