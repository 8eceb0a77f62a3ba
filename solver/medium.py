"""From the layers of a deck to coefficients at heights, by the formulas of their processes (solver.formulas).

Combination rules (design of the whole program): speeds add; S adds; X² adds; 1/κ of independent scatterers adds; loss rates add.
"""

from dataclasses import dataclass, field

import numpy as np

from .by_height import Ladder
from .constants import C
from .formulas import LINEAR, NONLINEAR, SCATTERING, SLOW, WARM, PartOfPlasma, loss_rate, power
from .physics import plasma as plasma_physics
from .physics.validity import warn
from .validity import naming, recording


@dataclass(frozen=True)
class Coefficients:
    """Coefficients at heights: v (z), S and X (z, R) of the protons' waves, kappa_extrinsic (species, z, R), inf where
    nothing scatters, confined (z): are there self-excited waves; warnings: what was used beyond its validity; others:
    {m: Y (z, R)} of nonlinear damping with m other than 1, κ_sc = Y |∂f/∂z|^(−1/(1+m))."""

    v: np.ndarray
    S: np.ndarray
    X: np.ndarray
    kappa_extrinsic: np.ndarray
    confined: np.ndarray
    warnings: tuple[str, ...] = ()
    others: dict[float, np.ndarray] = field(default_factory=dict)


class Medium:
    """The layers of a deck as functions of height and rigidity, for the nuclei of the deck.

    DeckError, naming layer and process, where a formula refuses what the deck gives it.
    """

    def __init__(self, deck, nuclei):
        self.layers, self.nuclei = deck.layer, nuclei
        self.tops = np.array([float(layer.top) for layer in deck.layer])
        self._ladders = {}

    @property
    def kinks(self):
        """Heights inside a layer where its profile sets in (cm)."""
        bottoms = np.insert(self.tops[:-1], 0, 0.0)
        rows = zip(self.layers, bottoms, self.tops, strict=True)
        starts = [(float(layer.profile.z0), b, t) for layer, b, t in rows if layer.profile is not None]
        return [z0 for z0, b, t in starts if b < z0 < t]

    def layer_at(self, z):
        """Index of the layer at heights z; an interface belongs to the layer above."""
        return np.minimum(np.searchsorted(self.tops, z, side="right"), len(self.layers) - 1)

    def at(self, z, R, layer=None):
        """`Coefficients` at heights z (cm) and rigidities R (GV); `layer` (z,) overrides which layer a height is taken in."""
        z, R = np.asarray(z, float), np.asarray(R, float)
        layer = self.layer_at(z) if layer is None else layer
        nz, nR, ns = len(z), len(R), len(self.nuclei)
        v, S, X = np.zeros(nz), np.zeros((nz, nR)), np.zeros((nz, nR))
        kappa, confined = np.full((ns, nz, nR), np.inf), np.zeros(nz, bool)
        others: dict[float, np.ndarray] = {}
        with recording() as said:
            for i in np.unique(layer):
                here = layer == i
                v[here] = self._speed(i, z[here])
                S[here], X[here], more = self._waves(i, z[here], R)
                for m, Y in more.items():
                    others.setdefault(m, np.zeros((nz, nR)))[here] = Y
                kappa[:, here] = self._scattering(i, z[here], R)
                confined[here] = self.layers[i].has_waves
        return Coefficients(v, S, X, kappa, confined, tuple(said), others)

    def plasma(self, i, z):
        """Plasma of layer i at heights z (cm): scalars where it is uniform, else columns (z, 1).

        A `PartOfPlasma` where the deck does not give both B and n.
        """
        profile = self.layers[i].profile
        factor = None if profile is None else np.maximum(z / float(profile.z0), 1.0)[:, None]
        return self._plasma_at(i, factor)

    def _plasma_at(self, i, factor):
        layer = self.layers[i]
        keys = ("B", "n", "T", "mean_free_path") if layer.plasma is not None else ()
        given = {k: float(getattr(layer.plasma, k)) for k in keys if getattr(layer.plasma, k) is not None}
        for key in ("B", "n", "T") if layer.profile is not None else ():
            if getattr(layer.profile, key):
                with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                    given[key] = given[key] * factor ** getattr(layer.profile, key)
        with naming(f"{self._name(i)}.plasma"):
            if not {"B", "n"} <= set(given):
                return PartOfPlasma(**given)
            state = plasma_physics.Plasma(**{"T": WARM.T, **given})  # T only where no process asks for it
            if np.any(state.alfven_speed >= C):
                top = np.max(state.alfven_speed)
                raise ValueError(f"the Alfvén speed reaches {top:.1e} cm/s, it must stay below that of light")
        return state

    def _name(self, i):
        return f"layer.{self.layers[i].name or i}"

    def _profile(self, i, key, z):
        """The factor of layer i's profile on a coefficient at heights z, (z,)."""
        profile = self.layers[i].profile
        return np.ones_like(z) if profile is None else np.maximum(z / float(profile.z0), 1.0) ** getattr(profile, key)

    def _speed(self, i, z):
        streaming, v = self.layers[i].streaming, np.zeros(z.shape)
        if streaming.type == "alfven":
            v = v + np.ravel(self.plasma(i, z).alfven_speed)
        elif streaming.type == "given":
            v = v + float(streaming.v)
        with naming(f"{self._name(i)}.streaming"):
            v = (v + float(self.layers[i].wind)) * self._profile(i, "v", z)
            if not np.all(np.isfinite(v)) or np.any(np.abs(v) >= C):
                raise ValueError(f"the speed reaches {np.max(np.abs(v)):.1e} cm/s, it must stay below that of light")
        return v

    def damping(self, i, z, R):
        """What damps the waves of layer i at heights z: list of (process, S or None, X or None), each (z, R).

        Y of κ_sc = Y |∂f/∂z|^(−1/(1+m)) in place of X where `power(process)`, m, is not 1.
        """
        layer, parts = self.layers[i], []
        for p in layer.damping if layer.has_waves else ():
            with naming(f"{self._name(i)}.damping.{p.type}"):
                key, formula = ("S", LINEAR[p.type]) if p.type in LINEAR else ("X", NONLINEAR[p.type])
                value = formula(p, self.plasma(i, z), R) * self._profile(i, key, z)[:, None]
                if not np.all(np.isfinite(value)):
                    raise ValueError(f"{key} is not finite at all rigidities")
            parts.append((p, value, None) if key == "S" else (p, None, value))
        return parts

    def _waves(self, i, z, R):
        """S, X and {m: Y} of a layer: fluxes Y^(1+m) κ^(−m) of processes with the same m add."""
        S, X2 = np.zeros((len(z), len(R))), np.zeros((len(z), len(R)))
        others: dict[float, np.ndarray] = {}
        for p, linear, nonlinear in self.damping(i, z, R):
            S = S if linear is None else S + linear
            if nonlinear is None:
                continue
            if power(p) == 1.0:
                X2 = X2 + nonlinear**2
                continue
            n = 1.0 + power(p)
            here = others.get(power(p), np.zeros_like(X2))
            largest = np.maximum(np.maximum(here, nonlinear), 1e-300)
            others[power(p)] = largest * ((here / largest) ** n + (nonlinear / largest) ** n) ** (1.0 / n)
        return S, np.sqrt(X2), others

    def _scattering(self, i, z, R):
        """κ of all extrinsic scatterers of layer i, (species, z, R), inf where there are none."""
        rate = np.zeros((len(self.nuclei), len(z), len(R)))
        for j, p in enumerate(self.layers[i].scattering):
            with naming(f"{self._name(i)}.scattering.{p.type}"), np.errstate(divide="ignore"):
                kappa = self._kappa(i, j, z, R)
                if np.any(np.isnan(kappa)):
                    raise ValueError("κ is not a number at all rigidities")
                rate += 1.0 / np.where(kappa > 0, kappa, np.inf)
        with np.errstate(divide="ignore"):
            return 1.0 / rate * self._profile(i, "kappa", z)[:, None]

    def _kappa(self, i, j, z, R):
        """κ of one scatterer of layer i, broadcasting against (species, z, R)."""
        p, profile = self.layers[i].scattering[j], self.layers[i].profile
        varies = profile is not None and any(getattr(profile, key) for key in ("B", "n", "T"))

        def all_nuclei(plasma):
            return [SCATTERING[p.type](p, plasma, R, nucleus) for nucleus in self.nuclei]

        if p.type not in SLOW or not varies:
            kappa = np.stack(all_nuclei(self.plasma(i, z)))
            return kappa[:, None] if kappa.ndim == 2 else kappa
        key = (i, j, R.tobytes())
        if key not in self._ladders:
            end = np.log(max(self.tops[i] / float(profile.z0), 1.0))
            with recording() as said:
                ladder = Ladder(lambda s: np.stack(all_nuclei(self._plasma_at(i, np.exp(s)))), end)
            self._ladders[key] = ladder, said
        ladder, said = self._ladders[key]
        for text in said:
            warn(text)
        return ladder(np.log(np.maximum(z / float(profile.z0), 1.0)))

    def bulk_loss(self, i, z, R, nucleus):
        """−ṗ/p (1/s) of the losses that act throughout layer i, (z, R)."""
        out = np.zeros((len(z), len(R)))
        if self.layers[i].losses:
            plasma = self.plasma(i, z)
            out = out + loss_rate(self.layers[i].losses, R, nucleus, plasma.n, plasma, f"{self._name(i)}.losses")
        return out
