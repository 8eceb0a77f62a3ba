"""What claims are computed from: the shipped decks, their solved runs, the free choices of the paper, and data.

The paper leaves three things open that its numbers depend on: the mean free path of the warm gas, the prefactor of X and
the area of the sources.  A `Setting` stands for one choice of each, in formulas and in the decks it solves alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

import solver
from solver.errors import SolverError
from solver.physics import losses, sources
from solver.physics import self_confinement as sc
from solver.physics.plasma import Plasma, collisional_mean_free_path
from solver.reproduction.reuse import Runs

COLLISIONS = "collisions"


@dataclass(frozen=True)
class Choices:
    """mean_free_path: factor on the default, or COLLISIONS for v_th τ_i; X_squared, area, and the temperature of Fig. 6's
    variation of the warm gas: factors."""

    mean_free_path: float | str = 1.0
    X_squared: float = 1.0
    area: float = 1.0
    varied_temperature: float = 1.0


DEFAULTS = Choices()
CHOICES = {
    "mean free path": {
        "l_mfp / 3": replace(DEFAULTS, mean_free_path=1 / 3),
        "l_mfp = v_th τ_i": replace(DEFAULTS, mean_free_path=COLLISIONS),
    },
    "X": {"X/√3 (κ = v²/3ν)": replace(DEFAULTS, X_squared=1 / 3)},
    "source area": {
        "half the source area": replace(DEFAULTS, area=0.5),
        "twice the source area": replace(DEFAULTS, area=2.0),
    },
    "varied temperature": {
        "T_w × 2": replace(DEFAULTS, varied_temperature=2.0),
        "T_w × 3": replace(DEFAULTS, varied_temperature=3.0),
    },
}


def alternatives(over) -> list[tuple[str, Choices]]:
    """Name and `Choices` of everything but the default in the named lists of CHOICES."""
    return [pair for name in over for pair in CHOICES[name].items()]


@cache
def shipped(problem):
    """A shipped problem's deck, read once."""
    return solver.load(problem)


class DataNeeded(Exception):
    """A claim needs measurements and no folder of them is at hand."""


class Setting:
    """Decks, plasmas, sources and solutions under one set of choices; runs and data are shared by all of them."""

    def __init__(self, runs=None, data=None, choices=DEFAULTS):
        self.runs = Runs() if runs is None else runs
        self.data = data
        self.choices = choices
        self._others, self._made = {}, {}

    def once(self, make):
        """What make(self) returns, made when first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def with_choices(self, choices) -> Setting:
        """The same runs and data under other choices."""
        return self._others.setdefault(choices, Setting(self.runs, self.data, choices))

    # ---- decks and solutions -------------------------------------------------------------------------------------

    def deck(self, problem, changes=None):
        """A shipped problem's deck, changed, under the choices in force."""
        deck = shipped(problem).replace({"time.method": "direct", **(changes or {})})
        return deck.replace(self._chosen(deck)) if self.choices != DEFAULTS else deck

    def _chosen(self, deck):
        """Deck keys that put the choices into a deck, where it has what they concern."""
        changes = {}
        for i, layer in enumerate(deck.layer):
            if any(p.type == "fast_modes" for p in layer.scattering):
                length = float(self._with_mean_free_path(_plasma(layer.plasma)).mean_free_path)
                changes[f"layer.{i}.plasma.mean_free_path"] = f"{length!r} cm"
            for j, process in enumerate(layer.damping):
                if process.type in ("landau", "pressure_anisotropy"):
                    changes[f"layer.{i}.damping.{j}.prefactor"] = self.choices.X_squared * process.prefactor
        for name, species in deck.species.items():
            if species.source.type == "supernovae":
                radius = float(species.source.radius) * np.sqrt(self.choices.area)
                changes[f"species.{name}.source.radius"] = f"{float(radius)!r} cm"
        return changes

    def solve(self, problem, changes=None):
        """The Result of a shipped problem's deck with changes: its steady state directly, by steps where that fails."""
        deck = self.deck(problem, changes)
        try:
            return self.runs.solve(deck)
        except SolverError:
            return self.runs.solve(deck.replace({"time.method": "march"}))

    # ---- formulas' inputs, from the decks --------------------------------------------------------------------------

    def plasma(self, problem, layer=0) -> Plasma:
        """The thermal gas of a deck's layer (name or number), with the mean free path in force."""
        layers = shipped(problem).layer
        names = [item.name for item in layers]
        found = layers[names.index(layer) if isinstance(layer, str) else layer]
        return self._with_mean_free_path(_plasma(found.plasma))

    def _with_mean_free_path(self, plasma):
        choice = self.choices.mean_free_path
        if choice == 1.0:
            return plasma
        length = collisional_mean_free_path(plasma) if choice == COLLISIONS else plasma.mean_free_path * choice
        return plasma.replace(mean_free_path=length)

    def source(self, problem, R, slope=None, species="proton"):
        """Q(R) per side [cm⁻² s⁻¹ GeV⁻³] of a deck's supernovae, with another slope if given."""
        source = shipped(problem).species[species].source
        slope = source.slope if slope is None else slope
        if source.type == "power_law":
            return sources.power_law(R, float(source.amplitude), slope)
        radius = float(source.radius) * np.sqrt(self.choices.area)
        return sources.power_law(
            R, sources.supernova_amplitude(float(source.rate), float(source.energy), slope, radius), slope
        )

    def X(self, plasma, R):
        """X of eq. 11 under the choice of its prefactor."""
        return sc.landau_X(plasma, R, self.choices.X_squared)

    def sink(self, problem, R, nucleus):
        """h/τ_loss [cm/s] of a deck's disc by eq. C2."""
        disc = shipped(problem).disc
        return float(disc.half_thickness) * losses.ionisation_rate(R, nucleus, float(disc.density))

    # ---- data ------------------------------------------------------------------------------------------------------

    def measured(self, key):
        """A set the paper compares with, with the paper's cut, on rigidity; DataNeeded without it."""
        from solver.measurements import HOW_TO_GET, paper_sets

        sets = paper_sets(self.data)
        if key not in sets:
            raise DataNeeded(f"compared when measurements are at hand: {HOW_TO_GET}")
        return sets[key].measurement.to("R")


def _plasma(table) -> Plasma:
    length = None if table.mean_free_path is None else float(table.mean_free_path)
    return Plasma(float(table.B), float(table.n), float(1e4 if table.T is None else table.T), length)


# ---- numbers from functions and solutions ------------------------------------------------------------------------------


def slope_of(function, x, step=1e-3) -> float:
    """d ln f/d ln x of a function by a central difference; error ~ step² of the curvature, below 1e-6 on an asymptote."""
    high, low = function(x * np.exp(step)), function(x * np.exp(-step))
    return float((np.log(np.abs(high)) - np.log(np.abs(low))) / (2 * step))


class Spectrum:
    """A positive quantity on rigidities [GV], interpolated by a cubic spline in logarithms."""

    def __init__(self, R, values):
        R, values = np.asarray(R, float), np.asarray(values, float)
        good = np.isfinite(values) & (values > 0)
        self.R, self.values = R[good], values[good]
        self._spline = CubicSpline(np.log(self.R), np.log(self.values))

    def __call__(self, R):
        return np.exp(self._spline(np.log(R)))

    def slope(self, R):
        """d ln y/d ln R."""
        return self._spline(np.log(R), 1)

    def crossing(self, level=1.0, last=False) -> float:
        """Rigidity at which the quantity passes `level`, first or last; nan if nowhere."""
        excess = np.log(self.values / level)
        cells = np.flatnonzero(excess[:-1] * excess[1:] < 0)
        if not cells.size:
            return float("nan")
        i = cells[-1 if last else 0]
        x = np.log(self.R[i : i + 2])
        return float(np.exp(x[0] - excess[i] * (x[1] - x[0]) / (excess[i + 1] - excess[i])))


def disc_spectrum(result, species="proton") -> Spectrum:
    """f at the disc of a solution."""
    f = result.dataset.f.sel(species=species)
    return Spectrum(result.dataset.rigidity.values, f.values[0])


def of_species(result, name, species="proton") -> Spectrum:
    """An observable on (species, rigidity), e.g. "residence_time"."""
    values = result.observables[name].sel(species=species).values
    return Spectrum(result.dataset.rigidity.values, values)
