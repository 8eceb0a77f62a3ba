"""From the layers of a deck to coefficients at heights: the one place where a named process becomes S, X, κ, v or a loss rate.

Every table below maps the `type` of a deck's process to a function of (process, plasma, R, …).  A new damping law, scatterer
or loss is one schema class in `solver.deck.processes`, one formula in `solver.physics` and one line here.

Combination rules (design of the whole program): speeds add; S adds; X² adds; 1/κ of independent scatterers adds; loss rates add.
"""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from . import particles
from .errors import DeckError, Fault
from .physics import losses
from .physics import plasma as plasma_physics
from .physics import self_confinement as sc
from .physics.validity import ValidityWarning


def _fast_modes(p, plasma, R, nucleus):
    from .physics.fast_modes import kappa

    wandering = {"alfven": "alfvenic", "fast_modes": "fast modes", "both": "both"}[p.field_line_wandering]
    return kappa(
        R,
        plasma,
        p.Ma,
        p.L,
        nucleus,
        cache=True,
        anisotropic=p.anisotropic,
        wandering=wandering,
        Ma_alfven=p.Ma_alfven,
        damping="full" if p.damped else "none",
    )


def _weak_shocks(p, plasma, R, nucleus):
    from .physics.shocks import kappa

    return kappa(R, p.separation, nucleus)


def _undamped(name):
    def kappa(p, plasma, R, nucleus):
        from .physics import phenomenological

        Ma = p.Ma if p.Ma is not None else p.delta_B / plasma.B
        return getattr(phenomenological, name)(R, plasma.B, Ma, p.L, nucleus)

    return kappa


LINEAR = {  # process, plasma, R -> S
    "turbulent": lambda p, plasma, R: sc.S_from_rate(sc.turbulent_damping_rate(plasma, R, p.L, p.Ma), plasma, R),
    "rate": lambda p, plasma, R: sc.S_from_rate(sc.power_law_rate(p.rate, p.at, p.exponent, R), plasma, R),
    "dust": lambda p, plasma, R: sc.S_from_rate(sc.dust_rate(p.rate, p.at, R), plasma, R),
    "ion_neutral": lambda p, plasma, R: sc.S_from_rate(
        p.rate if p.rate is not None else sc.ion_neutral_rate(plasma, R, p.neutral_density, p.temperature), plasma, R
    ),
    "given_S": lambda p, plasma, R: p.S * R**p.slope,
}
NONLINEAR = {  # process, plasma, R -> X
    "landau": lambda p, plasma, R: sc.landau_X(plasma, R) * np.sqrt(p.prefactor),
    "pressure_anisotropy": lambda p, plasma, R: sc.pressure_anisotropy_X(plasma, R) * np.sqrt(p.prefactor),
    "nonlinear": lambda p, plasma, R: sc.nonlinear_X(
        plasma,
        R,
        p.prefactor * sc.landau_rate(plasma, R) * (sc.resonant_wavenumber(R, plasma.B) * plasma.mean_free_path) ** p.q,
        p.m,
    ),
    "given_X": lambda p, plasma, R: p.X * R**p.slope,
}
SCATTERING = {  # process, plasma, R, nucleus -> kappa
    "given": lambda p, plasma, R, nucleus: p.kappa * particles.beta(R, nucleus) * R**p.slope,
    "fast_modes": _fast_modes,
    "weak_shocks": _weak_shocks,
    "kolmogorov": _undamped("kolmogorov"),
    "kraichnan": _undamped("kraichnan"),
}
LOSSES = {  # process, plasma, R, nucleus, density -> −ṗ/p
    "given": lambda p, plasma, R, nucleus, n: p.rate * R**p.slope,
    "ionisation": lambda p, plasma, R, nucleus, n: losses.ionisation_rate(R, nucleus, _first(p.density, n)),
    "coulomb": lambda p, plasma, R, nucleus, n: losses.coulomb_rate(
        R, nucleus, _first(p.density, n), float(_first(p.temperature, 1e4 if plasma is None else plasma.T))
    ),
    "synchrotron": lambda p, plasma, R, nucleus, n: losses.synchrotron_rate(
        R, nucleus, _first(p.B, None if plasma is None else plasma.B)
    ),
    "inverse_compton": lambda p, plasma, R, nucleus, n: losses.inverse_compton_rate(R, nucleus, p.energy_density),
}


def _first(given, default):
    return default if given is None else given


def loss_rate(processes, R, nucleus, density, plasma=None):
    """Sum of the loss rates −ṗ/p (1/s) of `processes` at rigidities R (GV) for one nucleus, shape of R (and plasma)."""
    return sum((LOSSES[p.type](p, plasma, R, nucleus, density) for p in processes), np.zeros_like(R))


@dataclass(frozen=True)
class Coefficients:
    """Coefficients at heights: v (z), S and X (z, R) of the protons' waves, kappa_extrinsic (species, z, R), inf where
    nothing scatters, confined (z): are there self-excited waves; warnings: what was used beyond its validity."""

    v: np.ndarray
    S: np.ndarray
    X: np.ndarray
    kappa_extrinsic: np.ndarray
    confined: np.ndarray
    warnings: tuple[str, ...] = ()


class Medium:
    """The layers of a deck as functions of height and rigidity, for the nuclei of the deck."""

    def __init__(self, deck, nuclei):
        self.layers, self.nuclei = deck.layer, nuclei
        self.tops = np.array([float(layer.top) for layer in deck.layer])
        self.density = deck.disc.density

    @property
    def kinks(self):
        """Heights inside a layer where its profile sets in (cm)."""
        bottoms = np.insert(self.tops[:-1], 0, 0.0)
        stack = zip(self.layers, bottoms, self.tops, strict=True)
        return [float(layer.profile.z0) for layer, b, t in stack if layer.profile is not None and b < layer.profile.z0 < t]

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
        with recording() as said:
            for i in np.unique(layer):
                here = layer == i
                v[here], S[here], X[here], kappa[:, here], confined[here] = self._layer(self.layers[i], z[here], R)
        return Coefficients(v, S, X, kappa, confined, tuple(dict.fromkeys(said)))

    def plasma(self, layer, z):
        """The layer's plasma at heights z: scalars where it is uniform, else columns (z, 1); None where the deck has none."""
        state = layer.plasma
        if state is None or state.B is None or state.n is None:
            return None if state is None or state.B is None else _FieldOnly(float(state.B))
        given = {"B": float(state.B), "n": float(state.n), "T": 1e4 if state.T is None else float(state.T)}
        if state.mean_free_path is not None:
            given["mean_free_path"] = float(state.mean_free_path)
        profile = layer.profile
        if profile is not None:
            factor = np.maximum(z / float(profile.z0), 1.0)[:, None]
            for key in ("B", "n", "T"):
                if getattr(profile, key):
                    given[key] = given[key] * factor ** getattr(profile, key)
        return plasma_physics.Plasma(**given)

    def _layer(self, layer, z, R):
        plasma = self.plasma(layer, z)
        power = layer.profile
        factor = np.ones_like(z) if power is None else np.maximum(z / float(power.z0), 1.0)
        with_profile = lambda key: 1.0 if power is None else factor ** getattr(power, key)  # noqa: E731
        streaming = layer.streaming
        if streaming.type == "alfven":
            v = np.broadcast_to(np.squeeze(plasma.alfven_speed), z.shape)
        else:
            v = np.full(z.shape, float(streaming.v) if streaming.type == "given" else 0.0)
        v = (v * with_profile("v")) + float(layer.wind)
        S, X2 = np.zeros((len(z), len(R))), np.zeros((len(z), len(R)))
        if layer.has_waves:
            for p in layer.damping:
                if getattr(p, "m", 1.0) != 1.0:
                    raise DeckError(
                        [
                            Fault(
                                "deck",
                                f"layer.{layer.name}.damping.{p.type}.m",
                                f"found {p.m:g}",
                                "the flux law covers rates ∝ (δB/B)², m = 1",
                            )
                        ]
                    )
                if p.type in LINEAR:
                    S = S + LINEAR[p.type](p, plasma, R)
                else:
                    X2 = X2 + NONLINEAR[p.type](p, plasma, R) ** 2
        S, X = S * np.reshape(with_profile("S"), (-1, 1)), np.sqrt(X2) * np.reshape(with_profile("X"), (-1, 1))
        rate = np.zeros((len(self.nuclei), len(z), len(R)))
        for s, nucleus in enumerate(self.nuclei):
            for p in layer.scattering:
                kappa = _by_height(SCATTERING[p.type], p, plasma, R, nucleus)
                with np.errstate(divide="ignore"):
                    rate[s] += 1.0 / np.where(kappa > 0, kappa, np.inf)
        with np.errstate(divide="ignore"):
            kappa = np.where(rate > 0, 1.0 / np.where(rate > 0, rate, 1.0), np.inf)
        kappa = kappa * np.reshape(with_profile("kappa"), (1, -1, 1))
        return v, S, X, kappa, np.full(z.shape, layer.has_waves)

    def bulk_loss(self, layer_index, z, R, nucleus):
        """−ṗ/p (1/s) of the losses that act throughout a layer, (z, R)."""
        layer = self.layers[layer_index]
        out = np.zeros((len(z), len(R)))
        if layer.losses:
            plasma = self.plasma(layer, z)
            density = None if plasma is None or not hasattr(plasma, "n") else plasma.n
            out = out + loss_rate(layer.losses, R, nucleus, density, plasma)
        return out


@dataclass(frozen=True)
class _FieldOnly:
    """A plasma of which only the field is given, for processes that need no more."""

    B: float


def _by_height(kappa, process, plasma, R, nucleus):
    """κ of a process that takes one plasma state at a time, for a plasma that may vary with height: (R,) or (z, R)."""
    keys = ("B", "n", "T", "mean_free_path")
    if not any(np.ndim(getattr(plasma, key, 0.0)) for key in keys):
        return kappa(process, plasma, R, nucleus)
    states = np.stack(np.broadcast_arrays(*(np.ravel(getattr(plasma, key)) for key in keys)), 1)
    unique, inverse = np.unique(states, axis=0, return_inverse=True)
    return np.stack([kappa(process, plasma_physics.Plasma(*state), R, nucleus) for state in unique])[np.ravel(inverse)]


@contextmanager
def recording():
    """Collect the texts of the validity warnings the physics issues, instead of printing them."""
    texts = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ValidityWarning)
        yield texts
    texts.extend(str(w.message) for w in caught if issubclass(w.category, ValidityWarning))
    for w in caught:
        if not issubclass(w.category, ValidityWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
