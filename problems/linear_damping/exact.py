"""Linear damping at constant speed (paper, Sec. 2.1.1, eqs. 5-9, Fig. 1), with particles that cannot be confined.

κ_sc = S/|∂f/∂z| makes the diffusive flux independent of f: v f + S = Q (eq. 5), which ends where S = Q (eq. 6).
Beyond, the paper lets particles leave at c.  With the causal limit (or any scattering) as a rate ν = 1/κ there is one
equation for all momenta, eq. 2 with 1/κ = |∂f/∂z|/S + ν, and it has a closed solution: `flux_to_top` and `profile`.
All arguments broadcast; v > 0, S > 0 and fluxes Q, F in the same units.
"""

import numpy as np
from scipy.special import lambertw

from problems.tools import bottom, disc_sink, empty, flux_left, nowhere, refusals
from solver.exact import Exact


def confined_spectrum(Q, S, v):
    """f = (Q − S)/v, eq. 5; negative above the cutoff of eq. 6 (`solver.physics.self_confinement` has eqs. 6, 8)."""
    return (Q - S) / v


def loss_factor(v, sink):
    """(1 + h/(v τ_loss))^−1, eq. 9; sink = h/τ_loss [cm/s]. 1 without losses, v/sink where they dominate."""
    return 1 / (1 + sink / v)


def flux_to_top(F, S, v, nu, depth):
    """Diffusive flux q a distance `depth` below the top, where f = 0, if the total flux is F = v f + q.

    q = S a/(a + Sν), a = −∂f/∂z, and q' = v a give  ln y − y = ln y_top − y_top − vν depth,  y = q/S, so
    y = −W₀(−y_top e^{−y_top − vν depth}).  y_top = F/S where f falls to 0 with a finite slope; F > S leaves (F − S)/v
    just below the top, which falls to 0 at once, and y_top = 1.
    """
    top = np.minimum(F / S, 1.0)
    m = v * nu * depth
    y = -lambertw(-top * np.exp(-top - m)).real
    near = top * np.exp(-m)  # for tiny y, where 1 − y_top and 1 − y cancel nothing
    return S * np.where(m > 0, np.where(top < 1e-8, near, y), top)


def profile(F, S, v, nu, depth):
    """f = (F − q)/v at a distance `depth` below the top: eq. 5 where S << F, free escape f ≈ F ν depth where S >> F."""
    return np.where(depth > 0, (F - flux_to_top(F, S, v, nu, depth)) / v, 0.0)


def flux_with_sink(Q, S, v, nu, height, sink):
    """Flux F = Q − sink f(0) that leaves the disc if it loses particles at the rate sink f(0) (eq. 1 as printed);
    cf. eq. 9.
    """

    return flux_left(Q, sink, lambda F: profile(F, S, v, nu, height))


def solution(model, t=None):
    """Eq. 2 with linear damping and the causal limit (eqs. 5-9); steady, v, S, ν uniform, no NLLD, adiabatic off,
    f(top) = 0.

    Protons only. Disc losses none, or catastrophic as in eqs. 1 and 9.
    """
    equation = "v f + q = Q, q = S a/(a + Sν), a = −∂f/∂z (eqs. 5-9 with the causal limit)"
    why = refusals(model, adiabatic=False, losses=("none", "catastrophic"), top=("zero",), uniform=("v", "S", "nu"))
    if not why and (np.any(model.X > 0) or not np.all(model.S > 0) or "proton" not in model.names):
        why = "nowhere: needs protons and linear damping alone"
    if why:
        return nowhere(model, equation, why)
    f, z = empty(model), model.grid.z
    p = model.names.index("proton")
    S, v, nu = bottom(model.S), bottom(model.v), bottom(model.nu)[p]
    F = flux_with_sink(model.Q[p], S, v, nu, z[-1], disc_sink(model)[p])
    f[p] = profile(F, S, v, nu, z[-1] - z[:, None])
    return Exact(
        f, equation, "protons, steady, uniform halo", 1e-8, "the nonlinear solver: the flux is exact at the nodes"
    )
