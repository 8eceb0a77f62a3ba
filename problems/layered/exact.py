"""Two layers: turbulence below z_W, self-confinement with nonlinear Landau damping above (paper, Sec. 4.1, eqs. 29-33).

The flux is continuous and equals Q (eq. 29), so the halo is eq. 14 and the layer below adds Q' z_W/κ (eq. 31). Nuclei
drift through the protons' waves, κ_A = κ_p v_A/v_p (footnote 3): eq. 30. Adiabatic term off. Arguments broadcast; v,
X are the halo's, `depth` the distance below the top where f = 0, `sink` = h/τ_loss [cm/s].
"""

import numpy as np

from problems.tools import disc_sink, empty, nowhere, refusals
from solver.exact import Exact


def halo_kappa(F, v, X, depth):
    """κ_sc of the protons of eq. 14: v (depth + X²/(F v))."""
    return v * depth + X**2 / F


def nucleus_profile(source, F, v, X, depth, speed_ratio):
    """f = (source/v) [1 − (ℓ/(depth + ℓ))^(1/η)], ℓ = X²/(F v): eq. 30; η = v_A/v_p at equal rigidity, F the protons'
    flux.

    `source` is the nucleus' flux, e.g. f_C(0) h/τ_spall for boron. For η = 1 this is eq. 14's profile times source/F.
    """
    ell = X**2 / (F * v)
    return -source / v * np.expm1(-np.log1p(depth / ell) / speed_ratio)


def layer_profile(source, kappa, z, z_W, f_W):
    """f = (source/κ) (z_W − z) + f(z_W), eq. 31, z <= z_W; any species."""
    return source / kappa * (z_W - z) + f_W


def layer_dominates(source, kappa, z_W, f_W):
    """Eq. 32: does the layer below z_W set f(0), source z_W/κ > f(z_W)?"""
    return source * z_W / kappa > f_W


def eq33_factor(v, sink, z_W, kappa):
    """(1 + h/(v τ) + h z_W/(τ κ))^−1, eq. 33 with the z_W that its last term needs (and its derivation gives)."""
    return 1 / (1 + sink / v + sink * z_W / kappa)


def flux_with_sink(Q, v, X, r, z_W, kappa, sink):
    """Protons' flux F = Q − sink f(0), exactly (eq. 33 approximates it); root of a quadratic, r = z_max.

    (v d + s z_W v d/κ + s d) F² + (X² − Q v d + s z_W X²/κ) F − Q X² = 0,  s = sink, d = r − z_W.
    """
    d = r - z_W
    a = d * (v + sink * (1 + z_W * v / kappa))
    b = X**2 * (1 + sink * z_W / kappa) - Q * v * d
    root = np.sqrt(b**2 + 4 * a * Q * X**2)
    return np.where(b > 0, 2 * Q * X**2 / (root + b), (root - b) / (2 * a))


def two_layers(source, F, v, X, speed_ratio, z, z_W, r, kappa):
    """Eqs. 30 and 31 on heights z: any species with flux `source` from the disc;
    protons have source = F, speed_ratio = 1.
    """
    halo = nucleus_profile(source, F, v, X, r - np.maximum(z, z_W), speed_ratio)
    return halo + np.where(z < z_W, layer_profile(source, kappa, np.minimum(z, z_W), z_W, 0.0), 0.0)


def layers_of(model):
    """(z_W, faces below, a face above) of a deck with a turbulent layer under a self-confined halo, or None."""
    confined = np.asarray(model.self_confined)
    edge = int(np.argmax(confined))
    if not confined[edge] or edge == 0 or not np.all(confined[edge:]):
        return None
    return model.grid.z[edge], slice(0, edge), slice(edge, None)


def valid_here(model) -> str:
    """Why the two-layer formulas do not hold on this deck, or an empty string."""
    found = layers_of(model)
    if found is None or "proton" not in model.names:
        return "nowhere: needs protons and a self-confined halo above a layer without waves"
    _, low, high = found
    same = (
        np.ptp(model.v[high]) == 0
        and np.all(model.v[low] == 0)
        and np.allclose(model.X[high], model.X[high][0], rtol=1e-12, atol=0)
        and np.allclose(model.nu[:, low], model.nu[:, :1], rtol=1e-12, atol=0)
    )
    return (
        ""
        if same and np.all(model.X[high] > 0) and model.v[high][0] > 0
        else "nowhere: needs uniform layers, turbulence below, Landau damping and a flow outwards above"
    )


def columns(model, F=None, sink=None):
    """f (species, z, R) from eqs. 14, 30 and 31, children after their parents.

    F: the protons' flux; sink (species, R): catastrophic disc losses h/τ_loss, which reduce each species' own flux.
    """
    z_W, _, high = layers_of(model)
    z, r = model.grid.z[:, None], model.grid.z[-1]
    v, X, kappa = model.v[high][0], model.X[high][0], 1 / model.nu[:, 0]
    p = model.names.index("proton")
    sink = np.zeros_like(model.Q) if sink is None else sink
    F = flux_with_sink(model.Q[p], v, X, r, z_W, kappa[p], sink[p]) if F is None else F
    f = empty(model)

    sources, parents = np.array(model.Q, float), {}
    for link in model.spallation:
        parents.setdefault(link.child, []).append(link)
    done, waiting = set(), list(range(len(model.names)))
    while waiting:
        s = next(k for k in waiting if all(link.parent in done for link in parents.get(k, [])))
        for link in parents.get(s, []):
            sources[s] += model.deck.disc.half_thickness * (link.weights @ f[link.parent][0])
        unit = two_layers(1.0, F, v, X, model.speed_ratio[s], z, z_W, r, kappa[s])
        f[s] = unit * (F if s == p else sources[s] / (1 + sink[s] * unit[0]))
        done.add(s)
        waiting.remove(s)
    return f


def solution(model, t=None):
    """Eqs. 14, 30, 31 for protons, carbon, boron; steady, adiabatic and causal limit off, Landau damping above,
    f(top) = 0.

    Disc losses none, or catastrophic (eq. 1 as printed; eq. 33 approximates that). Spallation should conserve
    rigidity, as in eq. 30; with energy per nucleon the formulas hold as well, with the source the run itself computes.
    """
    equation = "eqs. 14 and 30 above z_W, f = Q' (z_W − z)/κ + f(z_W) below (eqs. 29, 31)"
    why = refusals(model, adiabatic=False, causal_limit=False, losses=("none", "catastrophic"), top=("zero",))
    why = why or valid_here(model)
    if not why and (np.any(model.S > 0) or np.any(np.asarray(model.nu)[:, layers_of(model)[2]] > 0)):
        why = "nowhere: needs a halo with nonlinear Landau damping alone"
    if why:
        return nowhere(model, equation, why)
    return Exact(
        columns(model, sink=disc_sink(model)),
        equation,
        "steady, two uniform layers",
        1e-8,
        "the nonlinear solver: both layers' fluxes are exact at the nodes",
    )
