"""The paper's own formulas for the two-phase Galaxy (Sec. 4, Figs. 5 and 6), to be shown beside the solver's answer.

Eqs. 14, 30, 31 and 33. They are approximations of the equation this deck solves: no adiabatic term (eq. 2), losses
for protons only and as a factor, no causal limit.  With physics.adiabatic = false they hold to per cent where losses
are weak.
"""

import numpy as np

from problems.layered.exact import columns, eq33_factor, layers_of, valid_here
from problems.tools import loss_form, nowhere
from solver.exact import Exact
from solver.particles import kinetic_energy_per_nucleon

LEAST_ENERGY = 1.0  # GeV per nucleon; below, the paper gives no nuclei (no losses in eqs. 30, 31)

JUDGED = False  # the paper's approximation: shown beside a run, no tolerance


def solution(model, t=None):
    """Eqs. 14, 30, 31 and, as a factor on the protons, 33; steady. Shown, not judged.

    Protons at all energies; nuclei above 1 GeV per nucleon. κ of the layer includes the causal limit, that of the
    halo not.
    """
    equation = "eqs. 14, 30, 31 with eq. 33's factor on protons (approximations of Sec. 4)"
    why = valid_here(model)
    if why:
        return nowhere(model, equation, why)
    p, R = model.names.index("proton"), np.asarray(model.grid.R, float)
    z_W, _, high = layers_of(model)
    f = columns(model, F=np.asarray(model.Q[p], float))
    if loss_form(model) != "none":
        f[p] = f[p] * eq33_factor(model.v[high][0], model.disc_speed[p], z_W, 1 / model.nu[p, 0])
    for s, nucleus in enumerate(model.species):
        if s != p:
            f[s][:, kinetic_energy_per_nucleon(R, nucleus) < LEAST_ENERGY] = np.nan
    return Exact(
        f,
        equation,
        "eq. 2's approximation; nuclei above 1 GeV per nucleon",
        None,
        "shown for comparison: the full equation differs by the adiabatic term, up to 30 %",
    )
