"""The paper's formulas for the two-phase Galaxy on rigidities (eqs. 14, 30, 31, 33), beside the solved decks."""

from functools import cached_property

import numpy as np

from problems.layered import exact
from solver.observables import layer_share
from solver.particles import KNOWN, PROTON, beta
from solver.physics import fast_modes, spallation

from .setting import Spectrum, shipped

R_GRID = np.geomspace(0.1, 1e6, 281)
BORON, CARBON = KNOWN["boron"], KNOWN["carbon"]


class Formulas:
    """Eqs. 14, 30, 31 and 33 with the inputs of the two_phase deck, under the choices of a `Setting`; arrays on R."""

    def __init__(self, s, R=R_GRID):
        deck = shipped("two_phase")
        warm, halo = deck.layer
        process = warm.scattering[0]
        self.R, self.disc = R, deck.disc
        self.z_W, self.r = float(warm.top), float(halo.top)
        self.hot, gas = s.plasma("two_phase", "halo"), s.plasma("two_phase", "warm")
        self.v, self.X, self.Q = self.hot.alfven_speed, s.X(self.hot, R), s.source("two_phase", R)
        self.sink = s.sink("two_phase", R, PROTON)
        self.cross_section = float(deck.species["boron"].source.cross_section)
        self._kappa = lambda nucleus: fast_modes.kappa(R, gas, process.Ma, float(process.L), nucleus, cache=True)

    @cached_property
    def kappa(self):
        """κ of the warm layer for protons [cm²/s]."""
        return self._kappa(PROTON)

    @cached_property
    def kappa_boron(self):
        """κ of the warm layer for boron at equal rigidity."""
        return self._kappa(BORON)

    @property
    def spallation_speed(self):
        """h/τ_spall [cm/s] with the speed of carbon."""
        n, h = float(self.disc.density), float(self.disc.half_thickness)
        return h * spallation.rate(n, self.cross_section, beta(self.R, CARBON))

    def boron_terms(self):
        """(halo, warm layer): the two terms of eq. 31 for B/C at z = 0, as the ratio of intensities."""
        source = self.spallation_speed * beta(self.R, BORON) / beta(self.R, CARBON)
        ratio = beta(self.R, BORON) / beta(self.R, PROTON)
        halo = exact.nucleus_profile(source, self.Q, self.v, self.X, self.r - self.z_W, ratio)
        return halo, exact.layer_profile(source, self.kappa_boron, 0.0, self.z_W, 0.0)

    def proton_terms(self):
        """(halo, warm layer): the two terms of eq. 31 for f of protons at z = 0, without losses."""
        halo = exact.nucleus_profile(self.Q, self.Q, self.v, self.X, self.r - self.z_W, 1.0)
        return halo, exact.layer_profile(self.Q, self.kappa, 0.0, self.z_W, 0.0)

    def b_to_c(self) -> Spectrum:
        """B/C at the disc, eqs. 30 and 31."""
        return Spectrum(self.R, sum(self.boron_terms()))

    def protons(self, losses=True) -> Spectrum:
        """f of protons at the disc, eqs. 14 and 31, with eq. 33's factor."""
        factor = exact.eq33_factor(self.v, self.sink, self.z_W, self.kappa) if losses else 1.0
        return Spectrum(self.R, sum(self.proton_terms()) * factor)

    def equal_terms(self) -> float:
        """Highest rigidity [GV] at which both terms of B/C are equal (eq. 32); the warm layer's is larger above."""
        halo, warm = self.boron_terms()
        return Spectrum(self.R, warm / halo).crossing(1.0, last=True)


def solved_b_to_c(result) -> Spectrum:
    """B/C of a solution, ratio of intensities at equal rigidity."""
    return Spectrum(result.dataset.rigidity.values, result.dataset.boron_to_carbon.values)


def solved_share(result, species="boron") -> Spectrum:
    """Part of f(0) that the first layer builds up."""
    share = layer_share(result.dataset)[0].sel(species=species)
    return Spectrum(result.dataset.rigidity.values, share.values)


def halo_only():
    """Changes that leave the two_phase deck its halo alone, from the disc to the top."""
    return {"layer": shipped("two_phase").to_dict()["layer"][1:]}


EQ2 = {"physics.adiabatic": False, "physics.causal_limit": False, "disc.losses": "none"}
