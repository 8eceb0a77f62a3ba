"""A manufactured solution, smooth in z, p and t, of the full equation with every term on.

With ζ = z/z_max, u = ln(R/R_min)/ln(R_max/R_min) and species number s
    f = A R^−4.3 T(t) [1 + m cos πu] (1 − ζ) e^{−cζ},   c = c₀ (1 + ½ cos πu) T(t),   T = 1 − ½ e^{−t/τ}.
It falls everywhere with z, is zero at the top, and has the reference slope at both ends of the spectrum. The sources
that make it exact are integrals over the grid's control volumes of
    ∂t f + ∂z(v f − κ ∂z f) − ∂z v (f + ∂x f/3) − p⁻³ ∂x(b p³ f),
so that any coefficients will do, also with jumps (whose sheets are in the integrals): ∂z as a difference of fluxes at
the volume's ends, the rest by Gauss quadrature. The disc receives v f − κ ∂z f − p⁻³ ∂x[(v/3 + h/τ_loss) p³ f] at its
own place, z = 0.
"""

import numpy as np

from problems.boron_losses.exact import ionisation_rate
from problems.combined_damping.exact import kappa as wave_kappa
from problems.tools import empty, loss_form, momentum_error, nowhere, refusals, steady_time, time_error, widest
from solver.constants import MYR
from solver.exact import Exact

AMPLITUDE, SLOPE = 1e-11, 4.3  # cm-3 GeV-3 at 1 GV
BEND, CURVE, GROWTH = 0.3, (2.0, -0.5), 50 * MYR  # m, c₀ of even and odd species, τ
GAUSS = np.polynomial.legendre.leggauss(4)


def shape(z, R, t, s, z_max, R_min, R_max):
    """(f, ∂z f, ∂x f, ∂t f, ∂z∂x f) of species number s at heights z and rigidities R (broadcast); t None is t → ∞."""
    zeta, length = z / z_max, np.log(R_max / R_min)
    u = np.log(R / R_min) / length
    fade = 0.0 if t is None else 0.5 * np.exp(-t / GROWTH)
    T, T_t = 1 - fade, fade / GROWTH
    wave, wave_x = np.cos(np.pi * u), -np.pi / length * np.sin(np.pi * u)
    base = AMPLITUDE / (1 + s) * R**-SLOPE
    m, m_x = 1 + BEND * wave, BEND * wave_x
    c, c_x = CURVE[s % 2] * (1 + 0.5 * wave) * T, CURVE[s % 2] * 0.5 * wave_x * T
    c_t = c / T * T_t
    fall = np.exp(-c * zeta)
    height, height_c = (1 - zeta) * fall, -zeta * (1 - zeta) * fall
    height_z, height_zc = -(1 + c * (1 - zeta)) * fall, (zeta * (1 + c * (1 - zeta)) - (1 - zeta)) * fall
    f = base * T * m * height
    f_z = base * T * m * height_z / z_max
    f_x = -SLOPE * f + base * T * (m_x * height + m * c_x * height_c)
    f_t = base * m * (T_t * height + T * c_t * height_c)
    f_xz = -SLOPE * f_z + base * T * (m_x * height_z + m * c_x * height_zc) / z_max
    return f, f_z, f_x, f_t, f_xz


def conductivity(a_proton, S, X, nu, confined, speed_ratio):
    """κ of a species: 1/κ = 1/(κ_sc v_A/v_p) + ν with the protons' κ_sc at slope a_proton = |∂f_p/∂z|;
    all broadcast.
    """
    a = np.maximum(a_proton, 1e-300)
    waves = speed_ratio * wave_kappa(a, S, X)
    with np.errstate(divide="ignore"):
        return 1 / (np.where(confined, 1 / waves, 0.0) + nu)


def at(model, z, t, s):
    """`shape` of species s on (z, R) of the model's grid."""
    R = np.asarray(model.grid.R, float)
    return shape(np.asarray(z, float)[:, None], R, t, s, model.z_max, R[0], R[-1])


def bulk_loss(model, R):
    """Rate b = −ṗ/p of the "given" losses on faces, and ∂b/∂x: (face, R)."""
    b, b_x = np.zeros((len(model.grid.z_face), len(R))), np.zeros((len(model.grid.z_face), len(R)))
    for j, layer in enumerate(np.asarray(model.grid.layer)):
        for loss in model.deck.layer[layer].losses:
            b[j] += float(loss.rate) * R**loss.slope
            b_x[j] += loss.slope * float(loss.rate) * R**loss.slope
    return b, b_x


def disc_loss(model, s):
    """w = h/τ_loss and ∂w/∂x of species s, ionisation alone: (R,)."""
    R, disc, nucleus = np.asarray(model.grid.R, float), model.deck.disc, model.species[s]
    if loss_form(model) == "none":
        return np.zeros_like(R), np.zeros_like(R)
    w = float(disc.half_thickness) * ionisation_rate(R, nucleus.Z, nucleus.mass, float(disc.density))
    beta2 = (nucleus.Z * R) ** 2 / ((nucleus.Z * R) ** 2 + nucleus.mass**2)
    return w, w * (2 * beta2 - 3)


def why_not(model) -> str:
    """Why the sources cannot be made for this deck, or an empty string."""
    why = refusals(model, top=("zero",))
    if not why and "proton" not in model.names:
        why = "nowhere: needs protons"
    if not why and any(model.deck.species[n].source.type != "problem" for n in model.names):
        why = 'nowhere: needs sources of type "problem"'
    if not why and any(loss.type != "given" for layer in model.deck.layer for loss in layer.losses):
        why = 'nowhere: needs layer losses of type "given"'
    if not why and loss_form(model) != "none" and [p.type for p in model.deck.disc.loss_processes] != ["ionisation"]:
        why = 'nowhere: needs disc.loss_processes = ["ionisation"]'
    return why


def solution(model, t=None):
    """The manufactured f; t in s, None: the steady limit. Any v, S, X, κ, disc and "given" bulk losses;
    f(z_max) = 0.
    """
    equation = "f = A R^-4.3 T(t) [1 + m cos πu] (1 − ζ) e^(−c ζ), by manufactured sources"
    why = why_not(model)
    if why:
        return nowhere(model, equation, why)
    f = empty(model)
    for s in range(len(model.names)):
        f[s] = at(model, model.grid.z, t, s)[0]
        f[s][-1] = 0.0
    return Exact(
        f,
        equation,
        "everywhere",
        (widest(model) / model.z_max) ** 2 + momentum_error(model, 2) + time_error(model, t),
        "(Δz/z_max)², (3/8) Δx² |∂²x ln p³f| with a curvature of at most 2, and ten steps' errors of time.rtol",
    )


def sources(model, t):
    """(disc, bulk) that make `solution` exact at time t (s); bulk is the mean over each control volume.

    For t None, and in decks that ask for the steady state, those of the steady limit.
    """
    t = steady_time(model, t)
    grid, R = model.grid, np.asarray(model.grid.R, float)
    z, faces, n = np.asarray(grid.z, float), np.asarray(grid.z_face, float), len(grid.z)
    edges = np.concatenate([[0.0], faces])
    volume = np.diff(edges)
    foot = model.at(np.array([0.0]))
    v = np.concatenate([foot.v, model.v])[:, None]
    S, X = np.concatenate([foot.S, model.S]), np.concatenate([foot.X, model.X])
    nu = np.concatenate([foot.nu, model.nu], axis=1)
    confined = np.asarray(model.self_confined)
    confined = np.concatenate([confined[:1], confined])[:, None]
    points, weights, face_of = gauss_points(z, faces)
    v_points = np.asarray(model.at(points).v)[:, None]
    b, b_x = (x[face_of] for x in bulk_loss(model, R))
    adiabatic = float(model.adiabatic)
    a = np.abs(at(model, edges, t, model.names.index("proton"))[1])
    disc, bulk = np.zeros((len(model.names), len(R))), np.zeros((len(model.names), n, len(R)))
    for s in range(len(model.names)):
        f, f_z, f_x, _, _ = at(model, edges, t, s)
        kappa = conductivity(a, S, X, nu[s], confined, model.speed_ratio[s])
        F, squeezed = v * f - kappa * f_z, adiabatic * (f + f_x / 3)
        g, g_z, g_x, g_t, g_xz = at(model, points, t, s)
        inside = g_t + v_points * adiabatic * (g_z + g_xz / 3) - b * (3 * g + g_x) - b_x * g
        halves = np.add.reduceat(weights[:, None] * inside, np.arange(0, len(points), len(GAUSS[0])), axis=0)
        total = halves[: n - 1].copy()
        total[1:] += halves[n - 1 : -1]
        bulk[s, :-1] = (total + np.diff(F - v * squeezed, axis=0)) / volume[:, None]
        w, w_x = disc_loss(model, s)
        from_losses = -w * f[0] if loss_form(model) == "catastrophic" else w * (3 * f[0] + f_x[0]) + w_x * f[0]
        disc[s] = F[0] - v[0] * squeezed[0] - from_losses
    return disc, bulk


def gauss_points(z, faces):
    """Gauss points on all lower, then all upper halves of the intervals between nodes:
    heights, weights, face number.
    """
    y, w = GAUSS
    low, high = np.concatenate([z[:-1], faces]), np.concatenate([faces, z[1:]])
    points = low[:, None] + 0.5 * (high - low)[:, None] * (1 + y)
    number = np.tile(np.arange(len(faces)), 2)
    return points.ravel(), (0.5 * (high - low)[:, None] * w).ravel(), np.repeat(number, len(y))
