"""The decks of Figs. 5 and 6: the fiducial Galaxy, its variations, the halo alone; and the paper's formulas for each."""

import numpy as np

from problems.layered.exact import layers_of
from problems.plates import steady
from problems.two_phase.exact import solution
from solver import load, observables
from solver.deck import Deck

GRID = {"grid.z_cells": 100}  # both layers' fluxes are exact at the nodes; heights add little
WARM_N, WARM_T = 0.2, 1e4  # cm⁻³, K, Sec. 4.2
# name: changes of the warm medium.  The paper names only n_w/3; of the pair that differs in n and T it says no numbers.
VARIATIONS = {
    "fiducial": {},
    "n_w/3": {"layer.warm.plasma.n": f"{WARM_N / 3!r} cm-3"},
    "2 T_w": {"layer.warm.plasma.T": f"{2 * WARM_T!r} K"},
    "n_w/3, 2 T_w": {"layer.warm.plasma.n": f"{WARM_N / 3!r} cm-3", "layer.warm.plasma.T": f"{2 * WARM_T!r} K"},
}


def galaxy(variation="fiducial", changes=None):
    """The full equation's deck of a variation."""
    return steady(load("two_phase"), GRID | VARIATIONS[variation] | dict(changes or {}))


def eq2(deck, losses="none"):
    """The same Galaxy in eq. 2's approximation: no adiabatic term, no causal limit, losses "none" or "catastrophic".

    Its exact solution is that of the problem `layered`, eqs. 14, 30, 31 with losses as in eq. 1.
    """
    return deck.replace(
        {"physics.adiabatic": False, "physics.causal_limit": False, "disc.losses": losses, "problem": "layered"}
    )


def halo_only(deck):
    """The self-confined halo alone, as deep as the part above z_W (dashed in Figs. 5 and 6)."""
    raw = deck.to_dict()
    _, halo = raw["layer"]
    depth = float(deck.layer[1].top) - float(deck.layer[0].top)
    raw["layer"], raw["problem"] = [halo | {"top": f"{depth!r} cm"}], None
    raw["grid"] |= {"z_max": f"{depth!r} cm"}
    raw["title"] = f"{raw['title']}: halo alone"
    return Deck.from_dict(raw)


class Formulas:
    """Eqs. 14, 30, 31 and 33 for a deck's model: J (species, R) in the units of a result, B/C, and the terms of eq. 31."""

    def __init__(self, result):
        model, ds = result.model, result.dataset
        f = solution(model).f
        edge = int(np.argmin(np.abs(model.grid.z - layers_of(model)[0])))
        self.total, self.halo = f[:, 0], f[:, edge]
        self.warm = self.total - self.halo
        self.dataset = ds
        self.J = {
            name: self._J(each) for name, each in (("total", self.total), ("halo", self.halo), ("warm", self.warm))
        }

    def _J(self, f):
        ds = self.dataset
        return observables.intensity(f, ds.momentum.values, ds.charge.values[:, None], ds.beta.values)

    def boron_to_carbon(self, part="total"):
        """A part's boron over all carbon (eqs. 30 and 31 at z = 0)."""
        names = list(self.dataset.species.values)
        return self.J[part][names.index("boron")] / self.J["total"][names.index("carbon")]

    def protons(self, part="total"):
        return self.J[part][list(self.dataset.species.values).index("proton")]
