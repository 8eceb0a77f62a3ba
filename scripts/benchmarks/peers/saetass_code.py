# ruff: noqa: E402 (warnings are silenced before the imports that make them)
"""SAETASS on the one problem it can pose, the linear one, in the sphere it needs.

psi_t + r^-2 (r² (v psi − D psi_r))_r = S for r < 4 kpc, v = v0 r/R, psi(R) = 0, as many cells and momenta as the slab; its
steady state is S R/(3 v0) (1 − exp(−v0 (R² − r²)/(2 R D))).  D may not depend on the gradient, and losses act everywhere.
"""

import contextlib
import io
import warnings

import numpy as np

warnings.simplefilter("ignore")
import astropy.units as u
from saetass import Grid, Solver, State
from saetass import units as su
from saetass.cli import progress

from . import problems as p
from .cases import main

progress.console.quiet = True
RADIUS, V0 = p.H * 1e3, p.V * 1e3                                    # pc, pc/Myr


def sphere(steps):
    def run():
        D = p.diffusion(p.P_SLAB) * 1e6
        r = np.linspace(0.0, RADIUS, p.CELLS) * u.pc
        grid = Grid(r_centers=r, p_centers=p.P_SLAB * su.MOMENTUM, t_grid=np.linspace(0.0, p.AGE, steps + 1) * u.Myr)
        state = State(grid=grid, psi_p=np.zeros(grid.shape) * su.PSI_P)
        parameters = {
            "diffusion": {"D_values": np.repeat(D[:, None], p.CELLS, 1) * u.pc**2 / u.Myr, "boundary_condition": "dirichlet"},
            "source": {"source": np.ones(grid.shape) * su.PSI_P / u.Myr},
            "advection": {"v_centers": np.repeat((V0 * r.value / RADIUS)[None], len(D), 0) * u.pc / u.Myr, "limiter": "minmod",
                          "cfl": 0.8, "order": 2, "inflow_value_U": np.zeros(len(D)) * su.AREA * su.PSI_P},
        }
        with contextlib.redirect_stdout(io.StringIO()):
            Solver(grid=grid, state=state, problem_type="advection-diffusion-source", operator_params=parameters).run()
        psi = state.psi_p.to_value(su.PSI_P)
        exact = RADIUS / (3 * V0) * -np.expm1(-V0 * (RADIUS**2 - r.value[None] ** 2) / (2 * RADIUS * D[:, None]))
        return float((np.abs(psi - exact) / exact.max(1, keepdims=True)).max()), steps

    return run


def cannot(why):
    def run():
        raise NotImplementedError(why)

    return run


CASES = [
    ("slab", "SAETASS, spherical twin, 40 steps", sphere(40)),
    ("slab", "SAETASS, spherical twin, 400 steps", sphere(400)),
    ("nlld", "SAETASS", cannot("D cannot depend on the gradient")),
    ("losses", "SAETASS", cannot("losses cannot be confined to a disc")),
    ("front", "SAETASS", cannot("D cannot depend on the gradient")),
]

if __name__ == "__main__":
    main(CASES)
