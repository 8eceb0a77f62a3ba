"""crstream on the problems: decks in physical units, the whole of `solver.run` timed, nothing written."""

import numpy as np

import solver

from . import problems as p
from .cases import main

FLUX = 1e-6                                                          # cm⁻² s⁻¹ GeV⁻³ at 1 GV, in nlld and front
SPEED, HEIGHT = 60e5, 10 * p.KPC                                     # there
LINE, PLANE = (1.0, 1.1, 1), (1.0, 1e4, 100)                         # GV, GV, cells: one momentum or those of slab


def deck(cells, R, layer, *, slope=4.3, height="4 kpc", adiabatic=False, losses=None, source=None, time=None):
    return solver.Deck.from_dict({
        "grid": {"z_max": height, "z_cells": cells, "rigidity_min": f"{R[0]} GV", "rigidity_max": f"{R[1]} GV",
                 "rigidity_cells": R[2]},
        "physics": {"adiabatic": adiabatic, "causal_limit": False},
        "species": {"proton": {"source": source or {"type": "power_law", "amplitude": f"{FLUX} cm-2 s-1 GeV-3", "slope": slope}}},
        "disc": {"losses": "none"} if losses is None else losses,
        "layer": [{"name": "halo", "top": height, **layer}],
        "time": time or {"end": "steady", "method": "direct"},
    })


TURBULENCE = {"streaming": {"type": "given", "v": "20 km/s"},
              "scattering": [{"type": "given", "kappa": "1e28 cm2 s-1", "slope": 0.5}]}


def steps_of(result):
    return result.counts["newton"]


def slab(cells):
    def run():
        result = solver.run(deck(cells, PLANE, TURBULENCE))
        f, z = result.dataset.f.values[0], result.dataset.z.values
        flux = FLUX * p.P_SLAB**-4.3 * p.MYR / p.KPC                 # per unit flux
        return p.slab_error((f / flux).T, z, p.P_SLAB), steps_of(result)

    return run


def losses(cells, momenta):
    def run():
        rate = 5e-3 / p.MYR                                          # h × rate = 1e-3 kpc/Myr at 1 GeV
        disc = {"half_thickness": "200 pc", "losses": "flux",
                "loss_processes": [{"type": "given", "rate": f"{rate!r} s-1", "slope": -1.0}]}
        R = np.sqrt(p.P_FACES[0] * p.P_FACES[1]), np.sqrt(p.P_FACES[-1] * p.P_FACES[-2])
        # 4π p² f of a source ∝ p^−4.3 falls as p^−2.3; nothing comes in from above, as for the others
        made = deck(cells, (*map(float, R), momenta), TURBULENCE, adiabatic=True, losses=disc)
        result = solver.run(made.replace({"boundary.momentum": "zero"}))
        data = result.dataset
        q = FLUX * p.MYR / p.KPC
        n = (data.f.values[0] * data.rigidity.values**2 / q).T
        return p.losses_error(n, data.z.values, data.rigidity.values), steps_of(result)

    return run


def landau(cells, R, rise):
    """(result, u (p, x), x) of nonlinear Landau damping with scaled X = p^rise."""
    X = np.sqrt(FLUX * SPEED * HEIGHT)
    layer = {"streaming": {"type": "given", "v": "60 km/s"},
             "damping": [{"type": "given_X", "X": f"{X!r} GeV(-3/2) s-1", "slope": rise - 2.15}]}
    result = solver.run(deck(cells, R, layer, height="10 kpc"))
    data = result.dataset
    return result, (data.f.values[0] * SPEED / (FLUX * data.rigidity.values**-4.3)).T, data.z.values / 10.0


def nlld(cells):
    def run():
        result, u, x = landau(cells, LINE, 0.0)
        return p.nlld_error(u[0], x), steps_of(result)

    return run


def damped(cells):
    def run():
        result, u, x = landau(cells, PLANE, p.RISE)
        return p.damped_error(u, x), steps_of(result)

    return run


def front(cells, rtol, R=LINE):
    """The shipped problem; S falls as R^−3.5."""
    def run():
        rows = {"grid.rigidity_cells": R[2], "grid.rigidity_max": f"{R[1]} GV"}
        result = solver.run(solver.load("damping_front").replace({"grid.z_cells": cells, "time.rtol": rtol, **rows}))
        data = result.dataset
        u = (data.f.values[0] * SPEED / (1e-6 * data.rigidity.values**-3.5)).T
        return p.front_error(u, data.z.values / 10.0), result.counts["steps"]

    return run


CASES = [
    ("slab", "crstream", slab(400)),
    ("nlld", "crstream", nlld(400)),
    ("nlld", "crstream, 20 cells", nlld(20)),
    ("damped", "crstream", damped(400)),
    ("damped", "crstream, 20 cells", damped(20)),
    ("losses", "crstream", losses(400, 199)),
    ("losses", "crstream, 20 × 25", losses(20, 24)),
    ("front", "crstream", front(400, 1e-3)),
    ("front", "crstream, 50 cells", front(50, 5e-3)),
    ("front", "crstream, 20 cells", front(20, 1e-2)),
    ("fronts", "crstream", front(400, 1e-3, PLANE)),
    ("fronts", "crstream, 50 cells", front(50, 5e-3, PLANE)),
    ("fronts", "crstream, 20 cells", front(20, 1e-2, PLANE)),
]

if __name__ == "__main__":
    from solver.petsc import start_petsc

    start_petsc()
    slab(10)()                                                       # imports, as they are not counted for the others
    main(CASES)
