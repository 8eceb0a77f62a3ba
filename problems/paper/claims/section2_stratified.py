"""Secs. 2.2 and 2.3: self-confinement in a stratified halo, and where it ends (rows 22 to 30, eqs. 17-22, Fig. 2)."""

import numpy as np

from problems.stratified import exact
from solver.constants import GEV_PER_C, KPC, PC, C, E
from solver.particles import kinetic_energy
from solver.physics import fast_modes, phenomenological
from solver.physics import self_confinement as sc

from .checks import about, algebra, between, exponent, given, number
from .registry import claim
from .section2_linear import FULL, fig1_cutoff
from .setting import disc_spectrum, of_species, shipped, slope_of

OBSERVED = 0.25, 0.75  # 0.3 to 0.7 as rounded
SEEN = "0.3 to 0.7"


def fig2(s):
    """(γ, a, λ₁, λ₂, z₀, z_max) of Fig. 2's deck."""
    deck = shipped("stratified")
    profile = deck.layer[0].profile
    return deck.species["proton"].source.slope, 0.5, profile.v, -profile.S, float(profile.z0), float(deck.grid.z_max)


def fig2_p_star(s):
    """p_* [GV] of Fig. 2: eq. 6 at the base."""
    damping, plasma = shipped("stratified").layer[0].damping[0], s.plasma("stratified")
    S = sc.S_from_rate(sc.turbulent_damping_rate(plasma, 1.0, float(damping.L), damping.Ma), plasma, 1.0)
    return sc.cutoff_rigidity(s.source("stratified", 1.0), fig2(s)[0], S, 0.5)


@claim(22, "Sec. 2.2", "R", "Observations want κ ∝ E^δ, δ = 0.3-0.7: which processes give it", over=("mean free path",))
def wanted_delta(s):
    warm = s.plasma("turbulent_galaxy", "warm")
    R = 1e3
    for name in ("kolmogorov", "kraichnan"):
        kappa = getattr(phenomenological, name)
        yield between(
            f"δ, {name.capitalize()}",
            *OBSERVED,
            text=SEEN,
            formula=slope_of(lambda R, k=kappa: k(R, warm.B, 1.0, 100 * PC), R),
        )
    pair = np.array([1e5, 2e5])
    fast = fast_modes.kappa(pair, warm, 1.0, 100 * PC, cache=True)
    yield between("δ, fast modes at 1e5 GV", *OBSERVED, text=SEEN, formula=float(np.log(fast[1] / fast[0]) / np.log(2)))
    hot = s.plasma("nonlinear_landau")
    kappa = slope_of(lambda R: sc.kappa_sc(0.0, s.X(hot, R), 1e-30 * R**-4.7), 1e6)
    yield between("δ, NLLD with the measured spectrum: too steep", 0.75, 1.0, kappa, text="> 0.75")


@claim(23, "eq. 20", "E", "Self-confinement height z_sc = z₀ (p/p_*)^λ₃, λ₃ = (γ − 3 − a)/λ₂ = 0.8")
def height(s):
    gamma, a, _, lambda2, _, _ = fig2(s)
    result = s.solve("stratified", FULL)
    p_c, z = result.microphysics.cutoff_rigidity.values, result.dataset.z_face.values
    inside = (z > 0.6) & (z < 19)
    fit = np.polyfit(np.log(p_c[inside]), np.log(z[inside]), 1)[0]
    yield exponent("λ₃", 0.8, exact.lambda3(gamma, a, lambda2), float(fit))


@claim(24, "eqs. 19, 21", "E", "Spectrum above p_*: p^−(γ + λ₁λ₃) = p^−4.7")
def steepened(s):
    gamma, a, lambda1, lambda2, _, _ = fig2(s)
    full = disc_spectrum(s.solve("stratified", FULL))
    p_star = fig2_p_star(s)
    R = np.geomspace(2 * p_star, 10 * p_star, 20)
    fit = np.polyfit(np.log(R), np.log(full(R)), 1)[0]
    yield exponent("d ln f/d ln p (full: 2 to 10 p_*)", -4.7, -exact.eq21_slope(gamma, a, lambda1, lambda2), float(fit))


@claim(25, "eq. 21", "E", "Steepening needs λ₁ > 0, λ₂ > 0 and a < γ − 3")
def steepening(s):
    gamma, a, lambda1, lambda2, _, _ = fig2(s)
    p_star = fig2_p_star(s)

    def more(result):
        R = np.geomspace(2 * p_star, 10 * p_star, 20)
        return float(-np.polyfit(np.log(R), np.log(disc_spectrum(result)(R)), 1)[0] - gamma)

    fiducial = more(s.solve("stratified", FULL))
    yield between("steepening, Fig. 2", 0, None, exact.eq21_slope(gamma, a, lambda1, lambda2) - gamma, fiducial)
    yield between("λ₁ < 0", None, 0, exact.eq21_slope(gamma, a, -lambda1, lambda2) - gamma)
    yield between("λ₂ < 0", None, 0, exact.eq21_slope(gamma, a, lambda1, -lambda2) - gamma)
    yield between("a = 1.5 > γ − 3", None, 0, exact.eq21_slope(gamma, 1.5, lambda1, lambda2) - gamma)


@claim(26, "eq. 22", "E", "S = p^−3.5 L^−1/2 B_tot B_z/(4π³ (mΩ₀)^1/2) ∝ B_tot^1/2 B_z L^−1/2 for Ma ~ 1")
def turbulent_S(s):
    plasma, L = s.plasma("stratified"), 500 * PC

    def S(R=1.0, L=L, B=plasma.B, B_z=None):
        gas = plasma.replace(B=B)
        return sc.S_from_rate(sc.turbulent_damping_rate(gas, R, L, 1.0), gas, R, B_z)

    # in CGS, per (GeV/c)³: mΩ₀ = eB/c
    printed = GEV_PER_C**-0.5 * plasma.B**2 / (4 * np.pi**3 * np.sqrt(E * plasma.B / C * L))
    yield algebra("S over eq. 22 at 1 GV", 1, S() / printed)
    half = plasma.B / 2
    yield exponent("power of p", -3.5, slope_of(lambda R: S(R), 10.0))
    yield exponent("power of L", -0.5, slope_of(lambda L: S(L=L), L))
    yield exponent("power of B_tot", 0.5, slope_of(lambda B: S(B=B, B_z=half), plasma.B))
    yield exponent("power of B_z", 1, slope_of(lambda B: S(B_z=B), half))


@claim(27, "Fig. 2", "I", "Preset of Fig. 2")
def fig2_preset(s):
    deck = shipped("stratified")
    source, layer, disc = deck.species["proton"].source, deck.layer[0], deck.disc
    damping, profile, plasma = layer.damping[0], layer.profile, s.plasma("stratified")
    for what, value, found, unit in (
        ("z₀", 0.5, float(profile.z0) / KPC, "kpc"),
        ("L", 0.5, float(damping.L) / KPC, "kpc"),
        ("Ma", 1, damping.Ma, ""),
        ("z_max", 20, float(deck.grid.z_max) / KPC, "kpc"),
        ("n_th at z₀", 0.005, plasma.n, "cm⁻³"),
        ("B at z₀", 1e-6, plasma.B, "G"),
        ("γ_inj", 4.3, source.slope, ""),
        ("λ₁", 0.5, profile.v, ""),
        ("λ₂", 1, -profile.S, ""),
        ("disc density", 1.25, disc.density, "cm⁻³"),
        ("half-thickness", 200, float(disc.half_thickness) / PC, "pc"),
        ("energy per supernova", 1e50, source.energy, "erg"),
        ("supernovae per century", 1, float(source.rate) * 3.15576e9, ""),
    ):
        yield given(what, value, found, unit=unit)
    v = plasma.alfven_speed / 1e5
    yield number("v_A(z₀)", "30.8", v, unit="km/s", derived=True)
    yield number("v_A(20 kpc)", "195", v * 40**profile.v, unit="km/s", derived=True)


@claim(28, "Fig. 2", "E", "Cutoff set by z_max: p_max/p_* = (z_max/z₀)^(1/λ₃) = 100.6")
def fig2_cutoff(s):
    gamma, a, _, lambda2, z0, top = fig2(s)
    p_c = s.solve("stratified", FULL).microphysics.cutoff_rigidity.values
    formula = (top / z0) ** (1 / exact.lambda3(gamma, a, lambda2))
    yield algebra("p_max/p_*", 40**1.25, formula, float(p_c[-1] / p_c[0]), text="100.6 (derived)")


@claim(29, "Fig. 2", "I", "AMS-02 protons are compared only above ~10 GeV")
def fig2_data(s):
    result = s.solve("stratified", FULL)
    p_star = float(result.microphysics.cutoff_rigidity.values[0])
    yield between("p_*: what is compared is mostly the steepened range", 10, 50, fig2_p_star(s), p_star, unit="GV")
    if s.data is not None:
        lowest = kinetic_energy(s.measured("ams_protons").x.min())
        yield between("lowest energy compared", 10, 11, float(lowest), text="~ 10", unit="GeV")


@claim(30, "Sec. 2.3", "Q", "Self-confinement alone fails above ~TeV", over=("source area",))
def confinement_fails(s):
    top = fig2_p_star(s) * 40**1.25
    result = s.solve("stratified", FULL)
    yield about("highest p_c of Fig. 1", 1000, fig1_cutoff(s)[0], unit="GV")
    yield about("highest p_c of Fig. 2", 1000, top, float(result.microphysics.cutoff_rigidity.values[-1]), unit="GV")
    speed = of_species(result, "effective_speed")
    yield between(
        "effective speed/v_A(z_max) at 3 p_c, Fig. 2",
        10,
        None,
        full=float(speed(3 * top) / result.dataset.v.values[-1]),
        text="≫ 1",
    )
    power = 1 / (fig2(s)[0] - 3 - fig2(s)[1])
    yield f"The cutoff goes with the source as Q^{power:.2f}, so a factor of two in the area moves it by {2**power:.1f}."
