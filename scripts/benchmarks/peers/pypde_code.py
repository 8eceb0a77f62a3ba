# ruff: noqa: E402 (warnings are silenced before the imports that make them)
"""py-pde: finite differences, method of lines; its stiff solver is scipy's BDF with a sparsity pattern."""

import warnings

import numpy as np
import scipy.sparse as sp

warnings.simplefilter("ignore")
import pde

from . import problems as p
from .cases import main


def stencil(nx, ny, wide):
    n = nx * ny
    offsets = [-ny, -1, 0, 1, ny] if wide else [-ny, 0, ny]
    return sp.diags([1.0] * len(offsets), offsets, shape=(n, n), format="csc")


def solved(equation, start, end, **options):
    result, info = equation.solve(start, t_range=end, tracker=None, ret_info=True, **options)
    steps = info["solver"]["steps"]
    return result.data, steps // 2 if options.get("solver") == "scipy" else steps      # it counts calls of the right-hand side


def stiff(rtol, atol, pattern):
    return {"solver": "scipy", "method": "BDF", "rtol": rtol, "atol": atol, "jac_sparsity": pattern}


def slab():
    n = len(p.P_SLAB)
    grid = pde.CartesianGrid([[0, p.H], [0, n]], [p.CELLS, n])
    d = p.diffusion(p.P_SLAB)
    field = pde.ScalarField(grid, np.repeat(d[None], p.CELLS, 0))
    inflow = {"type": "mixed", "value": p.V / d, "const": 1.0 / d}
    equation = pde.PDE({"u": f"-{p.V!r} * d_dx(u) + D * d2_dx2(u)"}, consts={"D": field},
                       bc=[[inflow, {"value": 0.0}], {"derivative": 0.0}])
    u, steps = solved(equation, pde.ScalarField(grid, 0.0), p.AGE, **stiff(1e-3, 1e-4, stencil(p.CELLS, n, False)))
    return p.slab_error(u.T), steps


def losses():
    n, y = len(p.P_LOSSES), np.log(p.P_FACES)
    grid = pde.CartesianGrid([[0, p.H], [y[0], y[-1]]], [p.CELLS, n])
    first = np.zeros((p.CELLS, n))
    first[0] = 1.0 / p.DZ
    a = 1.0 - p.SLOPE
    mean = (p.P_FACES[1:] ** a - p.P_FACES[:-1] ** a) / a / (y[1] - y[0])
    d = p.diffusion(p.P_LOSSES)

    def everywhere(values):
        return pde.ScalarField(grid, np.repeat(values[None], p.CELLS, 0))

    constants = {"D": everywhere(d), "E": everywhere(p.disc_speed(p.P_LOSSES)), "EY": everywhere(-1e-3 / p.P_LOSSES),
                 "B": pde.ScalarField(grid, first), "S": pde.ScalarField(grid, first * mean)}
    equation = pde.PDE({"u": f"-{p.V!r} * d_dx(u) + D * d2_dx2(u) + B * (E * d_dy(u) + u * EY) + S"}, consts=constants,
                       bc=[[{"type": "mixed", "value": p.V / d, "const": 0.0}, {"value": 0.0}],
                           [{"derivative": 0.0}, {"value": 0.0}]])
    u, steps = solved(equation, pde.ScalarField(grid, 0.0), p.AGE, **stiff(1e-3, 1e-4, stencil(p.CELLS, n, True)))
    return p.losses_error(u.T / p.P_LOSSES[:, None]), steps


def nlld(**options):
    def run():
        grid = pde.CartesianGrid([[0, 1.0]], [p.CELLS])
        right = f"-d_dx(u) + 0.5 * (d_dx(u)**2 + {p.SMALL**2!r})**(-0.25) * d2_dx2(u)"
        inflow = {"type": "derivative_expression", "value": "(1 - value)**2"}                 # 1 = u + √|u_z|
        equation = pde.PDE({"u": right}, bc=[inflow, {"value": 0.0}])
        u, steps = solved(equation, pde.ScalarField(grid, 0.0), 20.0, **options)
        return p.nlld_error(u), steps

    return run


def front():
    """The flux condition at the disc, u + S sgn(a) = Q(t), becomes a value: u(0) = Q − S behind the front."""
    grid = pde.CartesianGrid([[0, 1.0]], [p.CELLS])
    x = f"(t / {p.FRONT_RISE!r})"
    rise = f"3 * {x}**3 * (10 + {x} * (6 * {x} - 15))"
    value = f"heaviside({p.FRONT_RISE!r} - t, 1) * {rise} + 3 * heaviside(t - {p.FRONT_RISE!r}, 0)"
    right = f"-d_dx(u) + {p.FREE**2!r} * (d_dx(u)**2 + {p.FREE**2!r})**(-1.5) * d2_dx2(u)"
    equation = pde.PDE({"u": right}, bc=[{"value_expression": value}, {"value": 0.0}])
    u, steps = solved(equation, pde.ScalarField(grid, 0.0), p.FRONT_END, **stiff(1e-4, 1e-7, stencil(p.CELLS, 1, False)))
    return p.front_error(u), steps


CASES = [
    ("slab", "py-pde, scipy BDF", slab),
    ("nlld", "py-pde, scipy BDF", nlld(**stiff(1e-4, 1e-7, stencil(p.CELLS, 1, False)))),
    ("nlld", "py-pde, implicit, time step 0.1", nlld(solver="implicit", dt=0.1)),
    ("losses", "py-pde, scipy BDF", losses),
    ("front", "py-pde, scipy BDF", front),
]

if __name__ == "__main__":
    main(CASES)
