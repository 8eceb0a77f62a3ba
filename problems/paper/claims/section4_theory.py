"""Sec. 4.1 and the preset of 4.2: streaming above diffusion, and B/C (rows 54 to 66, eqs. 29-33)."""

import numpy as np

from problems.layered import exact
from problems.nonlinear_landau.exact import landau_profile
from solver.constants import MBARN, MYR, PC
from solver.particles import PROTON, beta
from solver.physics import self_confinement as sc
from solver.physics import spallation

from .checks import algebra, between, exponent, given, number
from .registry import claim
from .setting import Spectrum, disc_spectrum, of_species, shipped, slope_of
from .two_phase import BORON, EQ2, Formulas, halo_only, solved_b_to_c, solved_share

DECK = "two_phase"
FREE = ("mean free path", "X", "source area")
FAR = 1e12  # GV, far on the high-energy asymptote
QUIET = {"layer.halo.damping": [{"type": "landau"}, {"type": "turbulent", "L": "50 pc", "Ma": 0.1}]}
UNLIMITED = {"physics.causal_limit": False}  # the asymptote; the limit v = c ends it near 1e4 GV
LOWER = (
    "In the full equation particles lose energy to the rising flow where streaming begins, at z_W: f and B/C are lower "
    "at low energies."
)


@claim(54, "Sec. 4.1.1", "I", "Injection slope taken: 4.2 ± 0.1")
def injection(s):
    for name in ("linear_damping", "stratified", DECK):
        slope = shipped(name).species["proton"].source.slope
        yield between(name.replace("_", " "), 4.1, 4.3, slope)


@claim(55, "Sec. 4.1.1", "R", "NLLD rules the halo for δV/v_A ~ 0.1: linear cutoff ≫ 100 GV", over=("source area",))
def quiet_halo(s):
    hot = s.plasma(DECK, "halo")
    for Ma in (0.1, 1.0):
        S = sc.S_from_rate(sc.turbulent_damping_rate(hot, 1.0, 50 * PC, Ma), hot, 1.0)
        p_c = sc.cutoff_rigidity(s.source(DECK, 1.0), 4.3, S, 0.5)
        text = "≫ 100" if Ma < 1 else "not ≫ 100"
        yield between(
            f"p_c for δV/v_A = {Ma:g}, L = 50 pc",
            *((1000, None) if Ma < 1 else (None, 1000)),
            p_c,
            text=text,
            unit="GV",
        )
    R = np.geomspace(5, 100, 20)
    ratio = solved_b_to_c(s.solve(DECK, QUIET))(R) / solved_b_to_c(s.solve(DECK))(R)
    yield "p_c goes as (Q/(δV/v_A)²)^(1/(γ − 3 − a)): with half of Q it is no longer ten times above 100 GV."
    yield between("B/C with over without linear damping, 5 to 100 GV", 0.8, 1.25, full=float(ratio.min()), text="≈ 1")


@claim(56, "eq. 29", "E", "The flux is continuous at z_W and equals Q")
def continuity(s):
    for what, changes in (("eq. 2", EQ2), ("full", {})):
        ds = s.solve(DECK, changes).dataset
        edge = int(np.argmax(ds.self_confined.values))
        R, Q = ds.rigidity.values, ds.source.values[0]
        below, above = (float(Spectrum(R, ds.flux.values[0, i] / Q)(30.0)) for i in (edge - 1, edge))
        if what == "eq. 2":
            yield algebra("flux/Q below z_W, 30 GV (left: eq. 2 solved)", 1, below)
            yield algebra("flux/Q above z_W", 1, above)
        else:
            yield algebra("flux/Q below z_W, full equation", 1, full=below)
            yield algebra("flux/Q above z_W, full equation", 1, full=above)
    yield (
        "v_st jumps at z_W, and −(1/3) p ∂f/∂p ∂v_st/∂z acts there: at a given momentum the flux drops by v_A f (α − 3)/3, "
        "as it does at the disc in one phase (footnote 2). Eq. 29 leaves this out, and ionisation losses."
    )


@claim(
    57,
    "Sec. 4.1.1",
    "R",
    "NLLD matters where X² ≳ Q v_A r (constant v_A) or Q v_A H_A (rising v_A, H_A ≳ 5 kpc)",
    over=("X", "source area"),
)
def landau_matters(s):
    def excess(R, length):
        hot = s.plasma("nonlinear_landau")
        return s.X(hot, R) ** 2 / (s.source("nonlinear_landau", R) * hot.alfven_speed * length)

    R = np.geomspace(1, 1e3, 400)
    r = float(shipped("nonlinear_landau").grid.z_max)
    at = Spectrum(R, excess(R, r)).crossing()
    hot = s.plasma("nonlinear_landau")
    Q, v, X = s.source("nonlinear_landau", at), hot.alfven_speed, s.X(hot, at)
    full = of_species(s.solve("nonlinear_landau", {"physics.adiabatic": True}), "effective_speed")
    slowed = full(at) / full(0.1)
    yield algebra(
        "speed there over that of low energies", 2, float(Q / v / landau_profile(Q, v, X, r)), float(slowed), fitted=0.2
    )
    shift = Spectrum(R, excess(R, r / 2)).crossing() / at
    yield between("shift of the rigidity for H_A = 5 kpc", 0.3, 3, float(shift), text="order unity")


@claim(58, "Sec. 4.1.2", "N", "C to B with 61 mb, constant: τ_spall = 1/(n σ c) = 13.9 Myr")
def spallation_time(s):
    deck = shipped(DECK)
    sigma, n = float(deck.species["boron"].source.cross_section), float(deck.disc.density)
    time = 1 / spallation.rate(n, sigma, 1.0)
    yield number("cross-section", "61", sigma / MBARN, unit="mb")
    yield number("τ_spall", "4.37e14", time, unit="s", derived=True)
    yield number("τ_spall", "13.9", time / MYR, unit="Myr", derived=True)


@claim(59, "eq. 30", "N", "Low-energy limit of B/C: h/(v_A τ_spall) = 0.354", over=("mean free path", "X"))
def low_energy(s):
    formulas = s.once(Formulas)
    h, n = float(formulas.disc.half_thickness), float(formulas.disc.density)
    limit = h * spallation.rate(n, formulas.cross_section, 1.0) / formulas.v
    full = solved_b_to_c(s.solve(DECK))
    yield number("h/(v_A τ_spall)", "0.354", limit, derived=True)
    largest = float(formulas.b_to_c()(np.geomspace(1, 30, 60)).max())
    yield between(
        "largest B/C, 1 to 30 GV", 0.25, 0.40, largest, float(full(np.geomspace(1, 30, 60)).max()), text="≈ AMS's 0.325"
    )
    yield LOWER + " 3/α of both terms, and boron's losses, bring the maximum of B/C down."


@claim(60, "eq. 30", "E", "High energy: B/C ∝ Q/X² ∝ p^(3−γ), p^−1.3 at γ = 4.3, p^−1.2 at 4.2")
def b_to_c_high(s):
    hot, r = s.plasma(DECK, "halo"), 9.5e3 * PC
    for gamma in (4.3, 4.2):

        def ratio(R, gamma=gamma):
            return exact.nucleus_profile(1.0, s.source(DECK, R, gamma), hot.alfven_speed, s.X(hot, R), r, 1.0)

        changes = {**halo_only(), **UNLIMITED, "species.proton.source.slope": gamma}
        full = solved_b_to_c(s.solve(DECK, changes))
        yield exponent(f"γ = {gamma}", 3 - gamma, slope_of(ratio, FAR), float(full.slope(1e5)))


@claim(61, "fn. 3", "E", "Boron's κ is the protons' at equal R times v_B/v_p")
def boron_kappa(s):
    ds = s.solve(DECK).dataset
    confined = ds.self_confined.values == 1
    kappa = ds.kappa.values[:, confined]
    b, p = (list(ds.species.values).index(name) for name in ("boron", "proton"))
    at = int(np.argmin(np.abs(ds.rigidity.values - 1.0)))
    speeds = beta(ds.rigidity.values[at], BORON) / beta(ds.rigidity.values[at], PROTON)
    yield algebra(
        "halo: κ_B/κ_p over v_B/v_p at 1 GV", 1, full=float(np.median(kappa[b, :, at] / kappa[p, :, at]) / speeds)
    )
    formulas = s.once(Formulas)
    ratio = Spectrum(
        formulas.R, formulas.kappa_boron / formulas.kappa / (beta(formulas.R, BORON) / beta(formulas.R, PROTON))
    )
    yield algebra("fast modes: the same", 1, float(ratio(1.0)), rel=2e-3)


@claim(62, "eq. 31", "E", "At z = 0: Q' z_W/κ_turb + f(z_W) for protons and, with Q' = f_C h/τ_spall, boron")
def two_terms(s):
    result = s.solve("layered")
    yield algebra("eq. 2 solved, over eqs. 30 and 31: largest difference", 0, float(result.compare().max), rel=1e-6)
    formulas, full = s.once(Formulas), s.solve(DECK)
    b_to_c, protons = solved_b_to_c(full), disc_spectrum(full)
    for at in (10.0, 100.0, 1000.0):
        yield algebra(f"B/C over the formula, {at:g} GV", 1, full=float(b_to_c(at) / formulas.b_to_c()(at)))
    yield algebra("protons over the formula, 10 GV", 1, full=float(protons(10.0) / formulas.protons()(10.0)))
    yield LOWER + " Above 100 GV, where diffusion rules, both agree."


@claim(63, "eq. 32", "E", "The warm layer sets f(0) where Q' z_W/κ_turb ≳ f(z_W)")
def which_layer(s):
    at = s.once(Formulas).equal_terms()
    solved, full = solved_share(s.solve(DECK, EQ2)), solved_share(s.solve(DECK))
    yield algebra(
        "layer's part of f_B(0) where eq. 32 is an equality (left: eq. 2 solved)",
        0.5,
        float(solved(at)),
        float(full(at)),
        rel=0.002,
    )
    takes_over = full.crossing(0.5, last=True)
    yield f"In the full equation f(z_W) is lower: the layer takes over at {takes_over:.0f} GV, not {at:.0f} GV."


@claim(64, "eq. 33", "E", "Losses in two phases: f(0) times (1 + h/(v_A τ) + h/(τ κ))^−1", note="c")
def two_phase_losses(s):
    formulas = Formulas(s, np.geomspace(0.2, 1e3, 61))
    f = formulas
    F = exact.flux_with_sink(f.Q, f.v, f.X, f.r, f.z_W, f.kappa, f.sink)
    exactly = exact.two_layers(F, F, f.v, f.X, 1.0, 0.0, f.z_W, f.r, f.kappa) / f.protons(losses=False).values
    third = f.sink / f.kappa
    as_printed = 1 / (1 + f.sink / f.v + third)
    corrected = exact.eq33_factor(f.v, f.sink, f.z_W, f.kappa)
    low = exactly < 0.9  # where losses matter
    yield algebra(
        "printed third term over h z_W/(τ κ), in cm", 1, float((third / (f.sink * f.z_W / f.kappa))[0]), printed=True
    )
    yield algebra("as printed over exact, farthest", 1, _farthest((as_printed / exactly)[low]), rel=0.01, printed=True)
    yield algebra("with z_W over exact, farthest", 1, _farthest(corrected / exactly), rel=0.01)
    yield "The printed third term is an inverse length; flux balance with eq. 31 gives h z_W/(τ κ)."


def _farthest(ratios):
    return float(ratios[np.argmax(np.abs(ratios - 1))])


@claim(65, "Sec. 4.2", "I", "Preset of the fiducial two-phase Galaxy")
def fiducial(s):
    deck = shipped(DECK)
    source, disc, (warm, halo) = deck.species["proton"].source, deck.disc, deck.layer
    process = warm.scattering[0]
    for what, value, found, unit in (
        ("hot n_th", 0.003, halo.plasma.n, "cm⁻³"),
        ("hot T", 3e6, halo.plasma.T, "K"),
        ("hot B", 1e-6, halo.plasma.B, "G"),
        ("warm n_th", 0.2, warm.plasma.n, "cm⁻³"),
        ("warm T", 1e4, warm.plasma.T, "K"),
        ("warm B", 6e-6, warm.plasma.B, "G"),
        ("z_W", 500, float(warm.top) / PC, "pc"),
        ("r", 1e4, float(deck.grid.z_max) / PC, "pc"),
        ("radius of the sources", 1e4, float(source.radius) / PC, "pc"),
        ("Ma", 0.6, process.Ma, ""),
        ("L", 50, float(process.L) / PC, "pc"),
        ("half-thickness", 200, float(disc.half_thickness) / PC, "pc"),
        ("disc density", 1.25, disc.density, "cm⁻³"),
        ("energy per supernova", 1e50, source.energy, "erg"),
        ("supernovae per century", 1, float(source.rate) * 3.15576e9, ""),
        ("γ_inj", 4.3, source.slope, ""),
    ):
        yield given(what, value, found, unit=unit)


@claim(66, "Sec. 4.2", "N", "Plasma beta ~0.2 warm, ~30 hot")
def betas(s):
    for name, shown, v in (("warm", "0.2", "29.3"), ("halo", "3e1", "39.8")):
        plasma = s.plasma(DECK, name)
        yield number(f"β, {name}", shown, plasma.beta)
        yield number(f"v_A, {name}", v, plasma.alfven_speed / 1e5, unit="km/s", derived=True)
