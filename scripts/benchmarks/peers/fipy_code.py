"""FiPy: finite volumes, implicit; nonlinear coefficients by sweeps."""

import os

os.environ.setdefault("FIPY_SOLVERS", "scipy")

import fipy as fp
import numpy as np
from fipy.solvers import LinearLUSolver

from . import problems as p
from .cases import main

SOLVER = LinearLUSolver(tolerance=1e-11)  # the default of FiPy 4, 1e-5, skips solves


def momenta(values, dx, speed):
    """All momenta on a Grid2D, along z only: (u, `values` of the momenta on the faces along z, equation for κ on the faces)."""
    n = len(values)
    mesh = fp.Grid2D(nx=p.CELLS, ny=n, dx=dx, dy=1.0)
    u = fp.CellVariable(mesh=mesh, value=0.0, hasOld=True)
    u.constrain(0.0, mesh.facesRight)
    along = np.abs(mesh.faceNormals[0]) > 0.5
    on_faces = values[np.clip(mesh.faceCenters.value[1].astype(int), 0, n - 1)]
    v = fp.FaceVariable(mesh=mesh, rank=1, value=[np.where(along, speed, 0.0), np.zeros(mesh.numberOfFaces)])
    v.setValue(0.0, where=mesh.facesLeft)
    source = fp.CellVariable(mesh=mesh, value=0.0)
    source.setValue(1.0 / dx, where=mesh.cellCenters[0] < dx)

    def equation(kappa):
        return fp.TransientTerm() + fp.UpwindConvectionTerm(coeff=v) == fp.DiffusionTerm(coeff=kappa) + source

    return u, fp.FaceVariable(mesh=mesh, value=np.where(along, on_faces, 0.0)), equation


def slab():
    """40 implicit Euler steps of 30 Myr."""
    u, kappa, equation = momenta(p.diffusion(p.P_SLAB), p.DZ, p.V)
    equation = equation(kappa)
    for _ in range(40):
        u.updateOld()
        equation.solve(var=u, dt=30.0, solver=SOLVER)
    return p.slab_error(u.value.reshape(-1, p.CELLS)), 40


def losses():
    """Grid2D in (z, ln p) for N = p n, steady at once; losses a velocity in the first column."""
    n, dy = len(p.P_LOSSES), np.log(p.P_FACES[1] / p.P_FACES[0])
    mesh = fp.Grid2D(nx=p.CELLS, ny=n, dx=p.DZ, dy=dy)
    u = fp.CellVariable(mesh=mesh, value=0.0)
    u.constrain(0.0, mesh.facesRight)
    x, y = mesh.faceCenters.value
    momentum = np.exp(y) * p.P_FACES[0]
    along = np.abs(mesh.faceNormals[0]) > 0.5
    kappa = fp.FaceVariable(mesh=mesh, value=np.where(along, p.diffusion(momentum), 0.0))
    down = np.where(~along & (x < p.DZ), -p.disc_speed(momentum) / p.DZ, 0.0)
    v = fp.FaceVariable(mesh=mesh, rank=1, value=[np.where(along, p.V, 0.0), down])
    for faces in (mesh.facesLeft, mesh.facesTop, mesh.facesBottom):
        v.setValue(0.0, where=faces)
    x, y = mesh.cellCenters.value
    first = x < p.DZ
    out = np.where(first & (y < dy), p.disc_speed(p.P_FACES[0]) / p.DZ / dy, 0.0)
    a = 1.0 - p.SLOPE
    mean = (p.P_FACES[1:] ** a - p.P_FACES[:-1] ** a) / a / dy
    source = np.where(first, mean[np.minimum((y / dy).astype(int), n - 1)] / p.DZ, 0.0)
    equation = (fp.UpwindConvectionTerm(coeff=v) + fp.ImplicitSourceTerm(coeff=fp.CellVariable(mesh=mesh, value=out))
                == fp.DiffusionTerm(coeff=kappa) + fp.CellVariable(mesh=mesh, value=source))
    equation.solve(var=u, solver=SOLVER)
    return p.losses_error(u.value.reshape(n, p.CELLS) / p.P_LOSSES[:, None]), 1


def swept(equation, u, dt, sweeps=60, change=1e-6):
    """(sweeps taken, did they settle) of one step: until u changes by less than `change`."""
    for taken in range(1, sweeps + 1):
        before = u.value.copy()
        equation.sweep(var=u, dt=dt, solver=SOLVER)
        if np.abs(u.value - before).max() < change * max(np.abs(u.value).max(), 1e-30):
            return taken, True
    return sweeps, False


def nonlinear(kappa_of, source_of, dt, end, error, sweeps=60):
    """Implicit Euler, κ of the gradient by sweeps; steps are sweeps."""

    def run():
        mesh = fp.Grid1D(nx=p.CELLS, dx=p.DX)
        u = fp.CellVariable(mesh=mesh, value=0.0, hasOld=True)
        u.constrain(0.0, mesh.facesRight)
        source = fp.CellVariable(mesh=mesh, value=0.0)
        v = fp.FaceVariable(mesh=mesh, rank=1, value=[[1.0]])
        v.setValue(0.0, where=mesh.facesLeft)
        kappa = kappa_of(u.faceGrad[0])
        equation = fp.TransientTerm() + fp.UpwindConvectionTerm(coeff=v) == fp.DiffusionTerm(coeff=kappa) + source
        total, stuck = 0, 0
        for i in range(round(end / dt)):
            u.updateOld()
            source.setValue(source_of((i + 1) * dt) / p.DX, where=mesh.cellCenters[0] < p.DX)
            taken, settled = swept(equation, u, dt, sweeps)
            total, stuck = total + taken, stuck + (not settled)
        if stuck > 0.1 * end / dt:
            raise RuntimeError(f"sweeps do not settle in {stuck} of {round(end / dt)} steps; error {error(u.value):.1e}")
        return error(u.value), total

    return run


def damped():
    """Ten implicit Euler steps, κ of the gradient by sweeps."""
    u, X, equation = momenta(p.DAMPING, p.DX, 1.0)
    equation, total = equation(X * nlld(u.faceGrad[0])), 0
    for _ in range(10):
        u.updateOld()
        total += swept(equation, u, 1.0)[0]
    return p.damped_error(u.value.reshape(-1, p.CELLS)), total


def nlld(gradient):
    return (gradient * gradient + p.SMALL**2) ** -0.25


def front(gradient):
    return (gradient * gradient + p.FREE**2) ** -0.5


CASES = [
    ("slab", "FiPy, Grid2D, LU, 30 Myr", slab),
    ("nlld", "FiPy, sweeps, time step 1", nonlinear(nlld, lambda t: 1.0, 1.0, 10.0, p.nlld_error)),
    ("damped", "FiPy, Grid2D, sweeps, time step 1", damped),
    ("losses", "FiPy, Grid2D (z, ln p), steady, LU", losses),
    ("front", "FiPy, sweeps, 50 steps", nonlinear(front, p.front_source, p.FRONT_END / 50, p.FRONT_END, p.front_error, 40)),
]

if __name__ == "__main__":
    main(CASES)
