"""Carbon and boron with ionisation losses in the disc as a momentum flux (paper, App. C, eqs. C1-C4).

Above the disc v is constant and nothing diffuses, so f does not depend on z and, with the adiabatic term off,
    v f − p⁻³ d/dx[w p³ f] = Q,   w = h/τ_loss,  x = ln p.
w p³ f = ∫_x^∞ p³ Q e^{−[Λ(x') − Λ(x)]} dx' with Λ' = v/w.  Carbon has a primary Q; boron's is f_C h/τ_spall.
Rigidities R in GV stand for p = Z R of each species; f, Q per d³p of the species itself.
"""

import numpy as np

from problems.tools import bottom, empty, loss_form, momentum_error, nowhere, refusals
from solver.constants import C
from solver.exact import Exact

GAUSS = np.polynomial.legendre.leggauss(16)
PIECES, DEEP = 4, 42.0  # pieces per interval; e^-42 is below the rounding of the rest


def ionisation_rate(R, Z, mass, density):
    """1/τ_loss = 2e-16 s⁻¹ Z² n (v/c)^−2 (p/(GeV/c))^−1, eq. C2; mass in GeV, density in cm⁻³."""
    p = Z * R
    return 2e-16 * Z**2 * density * (p**2 + mass**2) / p**3


def loss_depth(R, Z, mass, density, h, v):
    """Λ = ∫ (v/w) dx = v [p − m arctan(p/m)]/K for w = h/τ_loss = K (p² + m²)/p³, from p = 0."""
    p, K = Z * R, 2e-16 * Z**2 * density * h
    x = p / mass
    series = x**3 * (1 / 3 - x**2 / 5 + x**4 / 7)
    return v * mass / K * np.where(x < 1e-3, series, x - np.arctan(x))


def leaky_box(R, source, Z, mass, density, h, v):
    """f(R) of v f − p⁻³ d/dx[w p³ f] = source(R), exactly, by Gauss quadrature between neighbouring R (1D, any order).

    source: function of an array of rigidities, with every rigidity up to infinity; it must fall there. Relative error
    below 1e-10 for sources that vary as power laws between neighbours (tests).
    """
    order = np.argsort(R)
    nodes = np.append(np.asarray(R, float)[order], R[order[-1]] * np.geomspace(1, 1e4, 65)[1:])
    depth = loss_depth(nodes, Z, mass, density, h, v)
    rate = v / (h * ionisation_rate(nodes, Z, mass, density))
    x = np.log(nodes)
    reach = np.minimum(np.diff(x), DEEP / rate[:-1])  # Λ is convex in x, so beyond this e^{-ΔΛ} < e^{-42}
    y, weight = GAUSS
    steps = (np.arange(PIECES)[:, None] + 0.5 * (1 + y)).ravel() / PIECES
    weights = np.tile(0.5 * weight / PIECES, PIECES)
    at = np.exp(x[:-1, None] + reach[:, None] * steps)
    inner = at**3 * source(at) * np.exp(depth[:-1, None] - loss_depth(at, Z, mass, density, h, v))
    gain = reach * (inner @ weights)
    decay = np.exp(-np.diff(depth))
    G = np.empty_like(nodes)
    G[-1] = nodes[-1] ** 3 * source(nodes[-1:])[0] / rate[-1]  # far above all losses: f = source/v
    for k in range(len(nodes) - 2, -1, -1):
        G[k] = gain[k] + decay[k] * G[k + 1]
    f = G / (h * ionisation_rate(nodes, Z, mass, density) * nodes**3)
    out = np.empty(len(order))
    out[order] = f[: len(order)]
    return out


def secondary_source(R, f_parent, parent, child, density, h, cross_section):
    """Boron's Q = h n σ β_C c (Z_C/Z_B)³ f_C at equal rigidity (eqs. 30, C1): as many boron as carbon nuclei per
    rigidity.

    parent, child: (Z, mass in GeV); cross_section in cm².
    """
    p = parent[0] * R
    beta = p / np.hypot(p, parent[1])
    return h * density * cross_section * beta * C * (parent[0] / child[0]) ** 3 * f_parent


def catastrophic(Q, v, sink):
    """f = Q/(v + h/τ_loss): eq. 1's form of the losses, which App. C shows to be wrong for boron."""
    return Q / (v + sink)


def loss_dominated_primary(Q, loss_time, h, slope, flux=True):
    """f = Q τ_loss/h (paper), divided by slope − 3 for flux-form losses ∝ p^−3: Q ∝ p^−slope, p << mc, Q per area."""
    return Q * loss_time / h / ((slope - 3) if flux else 1)


def eq_c3(A, p, p0, f_C, slope, L, spallation_rate):
    """f_B = A − (p/p₀)³ f_C/((7 − γ) L τ_spall), eq. C3;
    spallation_rate = 1/τ_spall(p) ∝ p, f_C ∝ p^(3−γ), p << p₀ = m c.
    """
    return A - (p / p0) ** 3 * f_C * spallation_rate / ((7 - slope) * L)


def eq_c4_slope(slope):
    """dln(B/C)/dln p where losses dominate: γ − 3, eq. C4."""
    return slope - 3


def nuclei(model, R, source_of):
    """f (R,) by name of all species, exactly:
    `source_of(name)` is a function of R for primaries, None for secondaries.
    """
    deck = model.deck
    h, density, v = float(deck.disc.half_thickness), float(deck.disc.density), float(bottom(model.v))
    flux, found = loss_form(model) == "flux", {}
    facts = {n: (s.Z, s.mass) for n, s in zip(model.names, model.species, strict=True)}

    def column(name, R):
        Q = source_of(name)
        if Q is None:
            table = deck.species[name].source
            parent = table.parent

            def Q(R):
                flat = np.ravel(R)
                f = column(parent, flat).reshape(np.shape(R))
                return secondary_source(R, f, facts[parent], facts[name], density, h, float(table.cross_section))

        if flux:
            return leaky_box(R, Q, *facts[name], density, h, v)
        return catastrophic(
            Q(R), v, h * ionisation_rate(R, *facts[name], density) if loss_form(model) != "none" else 0.0
        )

    for name in model.names:
        found[name] = column(name, R)
    return found


def solution(model, t=None):
    """Carbon and boron by quadrature; steady, v uniform, κ = 0, adiabatic and causal limit off, ionisation losses,
    outflow.

    disc.losses = "flux" gives the quadrature, "catastrophic" eq. 1's form. Spallation must conserve rigidity.
    """
    equation = "w p³ f = ∫ p³ Q exp(−∫ v/w dx) dx, w = h/τ_loss (eqs. 2 and C1)"
    why = refusals(model, adiabatic=False, causal_limit=False, top=("outflow",), uniform=("v",))
    deck = model.deck
    if not why and (
        np.any(model.S > 0) or np.any(model.X > 0) or not np.all(model.self_confined) or not np.all(model.v > 0)
    ):
        why = "nowhere: needs v > 0 and layers that are self-confined without damping"
    if not why and deck.disc is not None and [p.type for p in deck.disc.loss_processes] != ["ionisation"]:
        why = 'nowhere: needs disc.loss_processes = ["ionisation"]'
    if not why and any(
        s.source.type == "spallation" and (s.source.conserves != "rigidity" or s.source.table is not None)
        for s in deck.species.values()
    ):
        why = 'nowhere: needs spallation with conserves = "rigidity" and a constant cross-section'
    if why:
        return nowhere(model, equation, why)
    R = np.asarray(model.grid.R, float)

    def source_of(name):
        table, s = deck.species[name].source, model.names.index(name)
        if table.type == "spallation":
            return None
        return lambda R: model.Q[s][0] * (R / model.grid.R[0]) ** -table.slope

    f = empty(model)
    for name, spectrum in nuclei(model, R, source_of).items():
        f[model.names.index(name)] = spectrum
    return Exact(
        f,
        equation,
        "steady, no diffusion, uniform in z",
        momentum_error(model, 2) if loss_form(model) == "flux" else 1e-10,
        "(3/8) Δx² |∂²x ln p³f| of the face values in momentum, curvature at most 2; catastrophic losses have none",
    )
