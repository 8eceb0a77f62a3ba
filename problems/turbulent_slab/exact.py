"""Diffusion in extrinsic turbulence, v = 0, κ independent of height (paper, Sec. 3, eq. 23)."""

import numpy as np

from problems.tools import bottom, disc_sink, empty, nowhere, refusals
from solver.exact import Exact


def profile(Q, kappa, z, H, top=0.0):
    """f = Q (H − z)/κ + f(H), eq. 23; z <= H. Arguments broadcast."""
    return Q * (H - z) / kappa + top


def flux_with_sink(Q, kappa, H, sink, top=0.0):
    """Flux Q − sink f(0) out of a disc that loses particles at the rate sink f(0), sink = h/τ_loss (as in eq. 1)."""
    return (Q - sink * top) / (1 + sink * H / kappa)


def solution(model, t=None):
    """Eq. 23 for primary sources; steady, no streaming, κ uniform in z (the causal limit adds to 1/κ), no spallation.

    Disc losses none, or catastrophic. Holds for all species.
    """
    equation = "f = Q (H − z)/κ + f(H) (eq. 23)"
    why = refusals(model, losses=("none", "catastrophic"), top=("zero", "value"), uniform=("v", "nu"))
    if not why and (np.any(model.v != 0) or np.any(model.self_confined) or len(model.spallation)):
        why = "nowhere: needs layers without streaming and waves, and no spallation"
    if why:
        return nowhere(model, equation, why)
    z = model.grid.z[None, :, None]
    nu, sink, top = bottom(model.nu)[:, None], disc_sink(model)[:, None], np.asarray(model.top)[:, None]
    F = flux_with_sink(np.asarray(model.Q)[:, None], 1 / nu, z[:, -1:], sink, top)
    f = empty(model)
    f[:] = profile(F, 1 / nu, z, z[:, -1:], top)
    return Exact(
        f, equation, "steady, uniform κ", 1e-9, "the linear solver: the flux of a uniform slab is exact at the nodes"
    )
