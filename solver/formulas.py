"""The one place where a process of a deck, by its name, becomes a formula for S, X, κ or a loss rate.

Every table below maps the `type` of a deck's process to a function of (process, plasma, R, …).  A new damping law, scatterer
or loss is one schema class in `solver.deck.processes` (and in the union of its section), one formula in `solver.physics` and
one line here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import particles
from .physics import losses
from .physics import self_confinement as sc
from .validity import naming


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
    from .physics.shocks import kappa, shock_width

    width = p.width if p.strength is None else shock_width(plasma, p.strength)
    return kappa(R, p.separation, nucleus, width=width, B=None if width is None else plasma.B)


def _undamped(name):
    def kappa(p, plasma, R, nucleus):
        from .physics import phenomenological

        Ma = p.Ma if p.Ma is not None else p.delta_B / plasma.B
        return getattr(phenomenological, name)(R, plasma.B, Ma, p.L, nucleus)

    return kappa


LINEAR = {  # process, plasma, R -> S
    "turbulent": lambda p, plasma, R: sc.S_from_rate(
        sc.turbulent_damping_rate(plasma, R, p.L, p.Ma, p.all_ranges), plasma, R
    ),
    "rate": lambda p, plasma, R: sc.S_from_rate(sc.power_law_rate(p.rate, p.at, p.exponent, R), plasma, R),
    "dust": lambda p, plasma, R: sc.S_from_rate(sc.dust_rate(p.rate, p.at, R), plasma, R),
    "ion_neutral": lambda p, plasma, R: sc.S_from_rate(
        p.rate if p.rate is not None else sc.ion_neutral_rate(plasma, R, p.neutral_density, p.temperature), plasma, R
    ),
    "given_S": lambda p, plasma, R: p.S * R**p.slope,
}
NONLINEAR = {  # process, plasma, R -> X, or Y of κ_sc = Y |∂f/∂z|^(−1/(1+m)) for a process with its own m
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
        R, nucleus, _first(p.density, n), _first(p.temperature, plasma.T)
    ),
    "synchrotron": lambda p, plasma, R, nucleus, n: losses.synchrotron_rate(R, nucleus, _first(p.B, plasma.B)),
    "inverse_compton": lambda p, plasma, R, nucleus, n: losses.inverse_compton_rate(R, nucleus, p.energy_density),
}


SLOW = ("fast_modes",)  # scattering that takes one plasma state at a time; a table over heights where that varies


def power(process):
    """m of nonlinear damping Γ ∝ (δB/B)^(2m); 1 where a process has no say in it."""
    return float(getattr(process, "m", 1.0))


def _first(given, default):
    return default if given is None else given


@dataclass(frozen=True)
class PartOfPlasma:
    """What a deck gives of a plasma without B or n, for processes that need no more; None where it says nothing."""

    B: Any = None
    n: Any = None
    T: Any = None
    mean_free_path: Any = None


WARM = PartOfPlasma(T=1e4)  # electrons of the disc, where a loss process does not say


def loss_rate(processes, R, nucleus, density, plasma=WARM, where="disc"):
    """Sum of the loss rates −ṗ/p (1/s) of `processes` at rigidities R (GV) for one nucleus, shape of R (and plasma)."""
    rate = np.zeros_like(R)
    for p in processes:
        with naming(f"{where}.{p.type}"):
            rate = rate + LOSSES[p.type](p, plasma, R, nucleus, density)
            if not np.all(np.isfinite(rate)):
                raise ValueError("the rate is not finite at all rigidities")
    return rate
