"""A model and a solution made from formulas, so that results can be tested without solving anything.

Two layers: warm (at rest, κ given) below z_W, halo (v_A, nonlinear Landau damping) above; eq. 2, no losses.
Protons follow eqs. 14 and 31; carbon's source is a fixed share of theirs and boron comes from carbon at equal rigidity.
All three see the protons' κ(R), speed_ratio = 1, so that f_A = f_p Q_A/Q_p exactly.
"""

import json
from types import SimpleNamespace

import numpy as np

from solver.constants import KPC, MBARN, C
from solver.exact import Exact
from solver.formulas import PartOfPlasma
from solver.particles import beta, known
from solver.physics.plasma import Plasma
from solver.transport.grid import make_grid

NAMES = ("proton", "carbon", "boron")
V_A, KAPPA_1, X_1, Q_1, GAMMA = 4e6, 2e28, 1.5e11, 7.5e-5, 4.3
Z_W, Z_MAX, H, N_DISC, SIGMA = 0.5 * KPC, 10 * KPC, 0.2 * KPC, 1.25, 61 * MBARN


class FakeDeck(SimpleNamespace):
    """As much of a deck as results touch; `replace` returns a new one."""

    @classmethod
    def make(cls, z_cells=40, rigidity_cells=35, problem=None, title="synthetic Galaxy"):
        disc = SimpleNamespace(half_thickness=H, density=N_DISC)
        hot = SimpleNamespace(B=1e-6, n=3e-3, T=3e6, mean_free_path=None)
        layers = (
            SimpleNamespace(name="warm", top=Z_W, plasma=None, losses=()),
            SimpleNamespace(name="halo", top=Z_MAX, plasma=hot, losses=()),
        )
        return cls(
            title=title,
            problem=problem,
            grid=SimpleNamespace(z_cells=z_cells, rigidity_cells=rigidity_cells),
            physics=SimpleNamespace(adiabatic=False, causal_limit=True),
            time=SimpleNamespace(end="steady", rtol=1e-4),
            disc=disc,
            layer=layers,
        )

    def to_json(self):
        return json.dumps({"z_cells": self.grid.z_cells, "rigidity_cells": self.grid.rigidity_cells})

    def replace(self, changes, where="override"):
        grid = {key.removeprefix("grid."): value for key, value in changes.items() if key.startswith("grid.")}
        cells = dict(vars(self.grid)) | grid
        return FakeDeck.make(**cells, problem=self.problem, title=self.title)


class FakeMedium:
    """Plasma in the halo only, and nonlinear Landau damping with the X of the model."""

    def plasma(self, layer, z):
        return Plasma(1e-6, 3e-3, 3e6) if layer else PartOfPlasma()

    def damping(self, layer, z, R):
        return [(SimpleNamespace(type="landau"), None, X_1 * R**-1.5 + 0 * z[:, None])] if layer else []


def make_model(deck=None):
    """The model of a deck, on a grid with a node at the interface."""
    deck = deck or FakeDeck.make()
    grid = make_grid([Z_W, Z_MAX], [], deck.grid.z_cells, 1.0, 0.1, 1e6, deck.grid.rigidity_cells)
    R, faces = grid.R, len(grid.z_face)
    halo = grid.z_face > Z_W
    ones = np.ones((faces, len(R)))
    species = tuple(known(name) for name in NAMES)
    Q = np.stack([Q_1 * R**-GAMMA, 1e-3 * Q_1 * R**-GAMMA, 0 * R])
    kappa = np.where(halo[:, None], np.inf, KAPPA_1 * ones)
    causal = 1 / (Z_MAX * C * np.stack([beta(R, nucleus) for nucleus in species]))
    spallation = SimpleNamespace(parent=1, child=2, weights=np.diag(N_DISC * SIGMA * C * beta(R, species[1])))
    return SimpleNamespace(
        deck=deck,
        species=species,
        names=NAMES,
        grid=grid,
        v=np.where(halo, V_A, 0.0),
        S=0 * ones,
        X=np.where(halo[:, None], X_1 * R**-1.5, 0.0),
        others={},
        damped=halo[:, None] & (ones > 0),
        kappa_extrinsic=np.stack([kappa] * 3),
        nu=1 / np.stack([kappa] * 3) + causal[:, None, :],
        waves=0,
        medium=FakeMedium(),
        self_confined=halo,
        speed_ratio=np.ones_like(Q),
        Q=Q,
        loss_time=np.full(Q.shape, np.inf),
        spallation=[spallation],
        schedule=lambda t: np.ones(3),
        external=None,
        warnings=(),
        z_max=Z_MAX,
    )


def solution(model, error=0.0):
    """f, flux, kappa; f off by `error` times the squares of the spacings, smoothly, as from a second-order scheme."""
    grid, R = model.grid, model.grid.R
    z, Q = grid.z[:, None], model.Q[0]
    depth = Z_MAX - np.maximum(z, Z_W)
    length = (X_1 * R**-1.5) ** 2 / (Q * V_A)
    f = Q / V_A * depth / (depth + length) + Q * np.maximum(Z_W - z, 0.0) / KAPPA_1
    carbon = 1e-3 * f
    weight = model.spallation[0].weights
    boron = f * (H * (weight @ carbon[0])) / Q
    f = np.stack([f, carbon, boron])
    size = (10.0 / model.deck.grid.z_cells) ** 2 + (grid.dx / 2) ** 2
    wave = (1 + 0.5 * np.sin(np.log(R))) * (1 - (grid.z[:, None] / Z_MAX) ** 2)
    f = f * (1 + error * size * wave)
    source = np.stack([Q, 1e-3 * Q, H * (weight @ f[1, 0])])
    flux = np.repeat(source[:, None, :], len(grid.z_face), axis=1)
    slope = -np.diff(f, axis=1) / grid.dz[:, None]
    middle = 0.5 * (f[:, 1:] + f[:, :-1])
    kappa = (flux - model.v[:, None] * middle) / slope
    return f, flux, np.maximum(kappa, 1e20)


def make_history(steps=12):
    """A march that converges in growing steps."""
    k = np.arange(steps)
    return {
        "t": 1e12 * (2.0 ** (k + 1) - 1),
        "dt": 1e12 * 2.0**k,
        "newton": np.maximum(9 - k, 2),
        "residual": 10.0 ** -(2 + 0.8 * k),
        "change": 10.0 ** -(0.6 * k),
        "budget": 1e-14 * (1 + np.outer(k, [1, -2, 3])),
    }


def make_budget(model, flux):
    """Everything that is injected escapes but for a share lost at low rigidity."""
    source = flux[:, 0]
    share = 1 / (1 + model.grid.R / 1.0)
    return {"injected": source, "escaped": source * (1 - share), "lost": source * share}


def make_exact(model, tolerance=1e-3):
    """The exact solution as a problem's exact.py would hand it over; boron not given above 1e5 GV."""
    f = solution(model)[0]
    f[2][:, model.grid.R > 1e5] = np.nan
    return Exact(f, "eqs. 14, 31", "everywhere", tolerance, "the discretisation error")


def make_result(deck=None, error=0.0, **options):
    """A whole result; options go to Result.build."""
    from solver.result import Result

    model = make_model(deck)
    f, flux, kappa = solution(model, error)
    options = {"history": make_history(), "status": "steady", "budget": make_budget(model, flux)} | options
    result = Result.build(model, f, flux, kappa, **options)
    result.exact = make_exact(model)
    return result
