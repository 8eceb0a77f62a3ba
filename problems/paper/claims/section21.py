"""Sec. 2.1: self-confinement in one phase, with linear and nonlinear damping (rows 1 to 21, eqs. 1-16, Fig. 1)."""

import numpy as np
from scipy.optimize import brentq

import solver
from problems.linear_damping.exact import confined_spectrum, loss_factor
from problems.nonlinear_landau import exact as nlld
from problems.streaming.exact import power_law_profile
from solver.constants import KPC, C
from solver.particles import PROTON
from solver.physics import losses, sources
from solver.physics import self_confinement as sc

from .checks import about, algebra, between, exponent, given, number, show
from .registry import claim
from .setting import Spectrum, disc_spectrum, of_species, slope_of

SLOW, FAST = 1e-5, 1e6  # GV: asymptotes p << mc and v = c
FULL = {"physics.adiabatic": True}
WIDE = {**FULL, "grid.rigidity_max": "1e7 GV", "grid.rigidity_cells": 128}
ADIABATIC = "Eq. 2 leaves out the adiabatic term: at low energies f is 3/α of Q/v_A (footnote 2)."
R_TOP = 10 * KPC  # r of Sec. 2.1.2


@claim(1, "Sec. 2, eq. 1", "E", "Loss time of protons: ∝ p³ sub-relativistic, ∝ p ultra-relativistic")
def loss_time(s):
    n = float(solver.load("two_phase").disc.density)
    times = {
        "ionisation": lambda R: 1 / losses.ionisation_rate(R, PROTON, n),
        "Coulomb, cold electrons": lambda R: 1 / losses.coulomb_rate(R, PROTON, n, 1e-9, logarithm=30),
    }
    for name, time in times.items():
        yield exponent(f"{name}, p ≪ mc", 3, slope_of(time, SLOW))
        yield exponent(f"{name}, p ≫ mc", 1, slope_of(time, FAST))


@claim(2, "fn. 2, eq. 3", "E", "Pure streaming at constant v_A: f = 3Q/(α v_A) exactly, 3/α of eq. 2's Q/v_A")
def streaming_value(s):
    result = s.solve("streaming")
    ds, alpha = result.dataset, solver.load("streaming").species["proton"].source.slope
    v, f = ds.v.values[0], disc_spectrum(result)
    Q = ds.source.sel(species="proton").values
    exact = power_law_profile(1.0, 1.0, 1.0, alpha)
    yield algebra(f"v_A f/Q at α = {alpha:g}", 3 / alpha, exact, float(np.median(v * f.values / Q)), text="3/α")
    yield algebra("v_A f over the conserved flux Q − v_A f (α − 3)/3", 1.0, exact / (1 - exact * (alpha - 3) / 3))


@claim(3, "fn. 2", "N", "The factor between the two is 2/3 for α ≈ 4.5")
def streaming_factor(s):
    result = s.solve("streaming", {"species.proton.source.slope": 4.5})
    value = result.dataset.v.values[0] * disc_spectrum(result)(10.0) / Spectrum(
        result.dataset.rigidity.values, result.dataset.source.sel(species="proton").values
    )(10.0)
    yield number("v_A f/Q", "0.667", power_law_profile(1.0, 1.0, 1.0, 4.5), float(value))


@claim(4, "fn. 2, eq. 3", "E", "Profile under streaming, any v_A(z): f(z)/f(0) = (v_A(0)/v_A(z))^(α/3)")
def streaming_profile(s):
    result = s.solve("streaming")
    ds, alpha = result.dataset, solver.load("streaming").species["proton"].source.slope
    z, f = ds.z.values, ds.f.sel(species="proton").values
    v = np.exp(np.interp(np.log(z[1:]), np.log(ds.z_face.values), np.log(ds.v.values)))
    high = z[1:] > 1.5  # v rises above 1 kpc
    fit = np.polyfit(np.log(v[high]), np.log(f[1:][high, f.shape[1] // 2]), 1)[0]
    formula = slope_of(lambda v: power_law_profile(1.0, v, 1.0, alpha), 2.0)
    yield exponent(f"d ln f/d ln v_A at α = {alpha:g}", -alpha / 3, formula, float(fit))


def _S_slope(s, rate):
    plasma = s.plasma("linear_damping")
    return slope_of(lambda R: sc.S_from_rate(rate(plasma, R), plasma, R), 10.0)


@claim(5, "Sec. 2.1.1", "E", "S ∝ p^−(3+a) for damping Γ ∝ k^a")
def S_slopes(s):
    for a in (0.0, 0.5, 1.0):
        got = _S_slope(s, lambda plasma, R, a=a: sc.power_law_rate(1e-11, 1.0, a, R))
        yield exponent(f"a = {a:g}", -3 - a, got)


@claim(6, "Sec. 2.1.1", "E", "Damping by Alfvénic turbulence (a = 1/2): S ∝ p^−3.5")
def S_turbulence(s):
    result = s.solve("stratified")
    S = Spectrum(result.dataset.rigidity.values, result.dataset.S.values[0])
    formula = _S_slope(s, lambda plasma, R: sc.turbulent_damping_rate(plasma, R, 0.5 * KPC))
    yield exponent("d ln S/d ln p", -3.5, formula, float(S.slope(10.0)))


@claim(7, "Sec. 2.1.1", "E", "Damping by charged dust (a = 3/4): S ∝ p^−3.75")
def S_dust(s):
    yield exponent("d ln S/d ln p", -3.75, _S_slope(s, lambda plasma, R: sc.dust_rate(1e-11, 1.0, R)))


@claim(8, "Sec. 2.1.1", "E", "Ion-neutral damping (a = 0): S ∝ p^−3")
def S_ion_neutral(s):
    yield exponent("d ln S/d ln p", -3, _S_slope(s, lambda plasma, R: sc.ion_neutral_rate(plasma, R, 1e-4)))


def fig1_cutoff(s):
    """(p_c [GV], S at 1 GV, Q at 1 GV, plasma) of Fig. 1's deck by eq. 6."""
    deck, plasma = solver.load("linear_damping"), s.plasma("linear_damping")
    damping, slope = deck.layer[0].damping[0], deck.species["proton"].source.slope
    rate = sc.power_law_rate(float(damping.rate), float(damping.at), damping.exponent, 1.0)
    S, Q = sc.S_from_rate(rate, plasma, 1.0), s.source("linear_damping", 1.0)
    return sc.cutoff_rigidity(Q, slope, S, damping.exponent), S, Q, plasma


@claim(9, "eqs. 5, 6", "E", "Linear damping is a sink, f = (Q − S)/v_A up to Q(p_c) = S(p_c); above it nothing is confined")
def linear_sink(s):
    p_c, S, Q, plasma = fig1_cutoff(s)
    result = s.solve("linear_damping", FULL)
    U = of_species(result, "effective_speed")
    v = plasma.alfven_speed

    def share(x):  # v_A f/Q at x p_c
        return float(confined_spectrum(Q * (x * p_c) ** -4.3, S * (x * p_c) ** -3.5, v) * v / Q * (x * p_c) ** 4.3)

    yield algebra("v_A f/Q at p_c/10", 1 - 10**-0.8, share(0.1), float(v / U(0.1 * p_c)), text="1 − 10^−0.8")
    yield algebra("v_A f/Q at p_c", 0.0, share(1.0), float(v / U(p_c)))
    yield between("(Q − S)/Q at 2 p_c", None, 0, share(2.0), text="negative")
    yield between("effective speed/c at 3 p_c", 0.5, 1.0, full=float(U(3 * p_c)) / C, text="not confined")
    yield (
        "With the adiabatic term the sink acts on the integral, f = (3/v_A) ∫ (Q − S) dp/p up to p_c: 3/α of Q/v_A at low "
        "energies, and the fall towards p_c begins earlier."
    )


@claim(10, "Fig. 1", "I", "Preset of Fig. 1; the source is 2Q, Q per side")
def fig1_preset(s):
    deck = solver.load("linear_damping")
    source, layer = deck.species["proton"].source, deck.layer[0]
    damping = layer.damping[0]
    yield given("supernovae per century", 1, float(source.rate) * 3.15576e9)
    yield given("energy in cosmic rays", 1e50, source.energy, unit="erg")
    yield given("γ_inj", 4.3, source.slope)
    yield given("Γ at 1 GeV", 1e-11, damping.rate, unit="s⁻¹")
    yield given("at rigidity", 1, damping.at, unit="GV")
    yield given("a", 0.5, damping.exponent)
    yield given("B", 1e-6, layer.plasma.B, unit="G")
    yield given("n_th", 0.001, layer.plasma.n, unit="cm⁻³")
    area, power = np.pi * float(source.radius) ** 2, float(source.rate) * float(source.energy)
    Q = sources.supernova_amplitude(float(source.rate), float(source.energy), source.slope, float(source.radius))
    yield given("2Q area ∫4πp²T dp/power", 1, 2 * Q * area * sources.energy_integral(source.slope) * 1.602176634e-3 / power)


@claim(11, "Fig. 1, eq. 8", "Q", "Effective speed: v_A over most energies, then a sharp rise to c at the cutoff")
def effective_speed(s):
    p_c, S, Q, plasma = fig1_cutoff(s)
    v = plasma.alfven_speed
    U = of_species(s.solve("linear_damping", FULL), "effective_speed")
    two = Spectrum(U.R, U.values / v)
    formula = Spectrum(U.R, sc.effective_speed(Q * U.R**-4.3, S * U.R**-3.5, v) / v)
    low = two(1.0)
    yield number("v_A", "69.0", v / 1e5, unit="km/s", derived=True)
    yield between("effective speed/v_A at 1 GV", 0.9, 1.1, float(formula(1.0)), float(low), text="≈ 1")
    yield between("rise from 1 to 30 GV", 1, 1.5, float(formula(30) / formula(1)), float(two(30) / low), text="hardly any")
    doubled = two.crossing(2 * low)
    x = brentq(lambda x: sc.effective_speed((x * p_c) ** -4.3 * Q, (x * p_c) ** -3.5 * S, v) / v - 2, 0.1, 0.99)
    yield number("p_c/p where the speed has doubled", "2.38", 1 / x, p_c / doubled, derived=True)
    yield between("effective speed/c far above p_c", 0.9, 1, float(formula(1e5)) * v / C, float(U(1e5)) / C, text="1")
    yield (
        f"With the adiabatic term particles leave at {show(low)} v_A from low energies on (α/3, row 2); the rise is as sharp, "
        f"but twice v_A is passed at p_c/{show(p_c / two.crossing(2.0))}."
    )


@claim(12, "eq. 9", "E", "Losses multiply f by (1 + h/(v_A τ_loss))^−1: 1 at high, v_A τ_loss/h at low energies")
def losses_factor(s):
    v = s.plasma("boron_losses").alfven_speed

    def factor(R):
        return loss_factor(v, s.sink("boron_losses", R, PROTON))

    result = s.solve("boron_losses", FULL)
    f, Q = disc_spectrum(result), result.dataset.source.sel(species="proton").values
    full = Spectrum(f.R, f.values * v / Q)
    low, high = 0.02, 900.0
    limit = s.sink("boron_losses", low, PROTON) / v
    yield algebra("v_A f/Q, high energy", 1, float(factor(FAST)), float(full(high)))
    ratio = factor(1e-4) * s.sink("boron_losses", 1e-4, PROTON) / v
    yield algebra("f h/(Q τ_loss), low energy", 1, float(ratio), float(full(low) * limit))
    yield "Losses are a flux in momentum, which leaves f = Q τ_loss/((γ − 3) h) at low energies, 0.77 of eq. 9. " + ADIABATIC


def _hot(s, R, slope=4.2):
    """(Q, v_A, X) of the hot halo with another injection slope."""
    plasma = s.plasma("nonlinear_landau")
    return s.source("nonlinear_landau", R, slope), plasma.alfven_speed, s.X(plasma, R)


@claim(13, "Sec. 2.1.2, eq. 14", "E", "NLLD with f(r) = 0: f = (Q/v_A)(r − z)/(r − z + X²/(Q v_A))")
def landau_profile(s):
    R = np.geomspace(0.1, 1e4, 30)
    Q, v, X = _hot(s, R, 4.3)
    printed = nlld.eq14_as_printed(Q, v, X, R_TOP / 4, R_TOP)
    yield algebra("as printed over as rearranged", 1, float((printed / nlld.landau_profile(Q, v, X, 0.75 * R_TOP)).mean()))
    yield algebra("f(r) v_A/Q", 0, float(np.abs(nlld.eq14_as_printed(Q, v, X, R_TOP, R_TOP) * v / Q).max()))
    eq2, full = disc_spectrum(s.solve("nonlinear_landau")), disc_spectrum(s.solve("nonlinear_landau", FULL))
    exact = nlld.landau_profile(*_hot(s, eq2.R, 4.3), R_TOP)
    yield algebra("solver under eq. 2 over eq. 14, farthest from 1", 1, _farthest(eq2.values / exact))
    for at in (1.0, 30.0, 1e4):
        yield algebra(f"f(0) over eq. 14 at {show(at)} GV", 1, full=float(full(at) / nlld.landau_profile(*_hot(s, at, 4.3), R_TOP)))
    yield ADIABATIC


def _farthest(ratios):
    """The one of some ratios that is farthest from 1."""
    return float(ratios[np.argmax(np.abs(ratios - 1))])


@claim(14, "Sec. 2.1.2", "E", "Low momentum, X² ≪ Q v_A r: f = Q/v_A ∝ p^−γ")
def landau_low(s):
    def f(R):
        Q, v, X = _hot(s, R)
        return nlld.landau_profile(Q, v, 1e-9 * X, R_TOP)

    result = s.solve("nonlinear_landau", {**FULL, "species.proton.source.slope": 4.2, "grid.rigidity_min": "0.01 GV"})
    full, (Q, v, _) = disc_spectrum(result), _hot(s, 0.02)
    yield exponent("d ln f/d ln p", -4.2, slope_of(f, 10.0), float(full.slope(0.02)))
    yield algebra("v_A f/Q", 1, float(f(10.0) * v / s.source("nonlinear_landau", 10.0, 4.2)), float(full(0.02) * v / Q))
    yield ADIABATIC


@claim(15, "Sec. 2.1.2", "E", "High momentum, X² ≫ Q v_A r: f = (r − z) Q²/X² ∝ p^−5.4 for γ = 4.2")
def landau_high(s):
    full = disc_spectrum(s.solve("nonlinear_landau", {**WIDE, "species.proton.source.slope": 4.2}))
    far = 1e12
    Q, _, X = _hot(s, far)
    limit = lambda R: nlld.landau_profile(*_hot(s, R), R_TOP)  # noqa: E731
    yield exponent("d ln f/d ln p", -5.4, slope_of(limit, far), float(full.slope(1e6)))
    yield algebra("f over r Q²/X²", 1, float(limit(far) / (R_TOP * Q**2 / X**2)), float(full(1e6) / limit(1e6)))


@claim(16, "Sec. 2.1.2", "E", "Escape time there ∝ p^(3−γ) = p^−1.2 for γ = 4.2")
def landau_escape(s):
    full = of_species(s.solve("nonlinear_landau", {**WIDE, "species.proton.source.slope": 4.2}), "residence_time")
    time = lambda R: nlld.escape_time(*_hot(s, R), R_TOP)  # noqa: E731
    yield exponent("d ln τ_esc/d ln p", -1.2, slope_of(time, 1e10), float(full.slope(1e6)))


@claim(17, "Sec. 2.1.2", "E", "With a fixed measured spectrum: τ_esc ∝ p^0.75 for f ∝ p^−4.5, p^0.85 for p^−4.7", note="a")
def landau_measured(s):
    plasma = s.plasma("nonlinear_landau")
    for alpha in (4.5, 4.7):
        kappa = slope_of(lambda R, a=alpha: sc.kappa_sc(0.0, s.X(plasma, R), 1e-30 * R**-a), FAST)
        printed = (alpha - 3) / 2
        yield exponent(f"τ_esc = r²/κ, α = {alpha}", printed, -kappa, printed=True)
        yield exponent(f"κ, α = {alpha}", printed, kappa)
    yield "The printed positive powers are κ's, (α − 3)/2; the escape time falls with them."


@claim(18, "eq. 15", "E", "NLLD rate Γ ∝ R^−(α−3)/2 = R^−0.85 for α = 4.7")
def landau_rate(s):
    plasma, alpha, L, f1 = s.plasma("nonlinear_landau"), 4.7, 3 * KPC, 1e-12
    density = 4 * np.pi * f1 / (alpha - 3)  # above 1 GV
    estimate = sc.eq15_landau_rate(plasma, FAST, density, L, alpha)
    kappa = sc.kappa_sc(0.0, s.X(plasma, FAST), f1 * FAST**-alpha / L)
    balance = sc.nonlinear_damping_at(plasma, FAST, sc.landau_rate(plasma, FAST), kappa)
    yield exponent("d ln Γ/d ln R", -0.85, slope_of(lambda R: sc.eq15_landau_rate(plasma, R, density, L, alpha), 10.0))
    yield about("eq. 15 over the balance of growth and damping", 1, estimate / balance)


@claim(19, "after eq. 15", "E", "Turbulent damping ∝ R^−0.5 is shallower than NLLD: linear damping wins above some R")
def linear_wins(s):
    result = s.solve("combined_damping", FULL)
    waves, R = result.microphysics, result.dataset.rigidity.values
    strongest, names = waves.dominant_damping.values[0], list(waves.damping.values)
    plasma = s.plasma("combined_damping")
    linear = float(np.isin(strongest, [i for i, n in enumerate(names) if n == "rate"])[-1])
    turbulent = slope_of(lambda R: sc.turbulent_damping_rate(plasma, R, 0.1 * KPC), 10.0)
    at = sc.equal_rigidity(1e-10, 0.85, 1e-11, 0.5)
    rates = {"landau": sc.power_law_rate(1e-10, 1.0, 0.85, 2 * at), "turbulent": sc.power_law_rate(1e-11, 1.0, 0.5, 2 * at)}
    yield exponent("d ln Γ_lin/d ln R", -0.5, turbulent, float(Spectrum(R, waves.damping_rate.values[names.index("rate"), 0]).slope(30.0)))
    wins = float(sc.dominant_damping(rates) == "turbulent")
    yield algebra("linear damping is the stronger at the highest R", 1, wins, linear, text="yes")
    yield between("rigidity of equal rates", 1, None, float(at), float(R[np.argmax(strongest == names.index("rate"))]),
                  text="exists", unit="GV")


@claim(20, "eqs. 10, 11", "E", "κ_sc = X |∂f/∂z|^−1/2, with X² ∝ p^−3 for v = c")
def landau_kappa(s):
    plasma = s.plasma("nonlinear_landau")
    yield exponent("d ln κ/d ln|∂f/∂z|", -0.5, slope_of(lambda g: sc.kappa_sc(0.0, 1e10, g), 1e-30))
    yield exponent("d ln X²/d ln p", -3, slope_of(lambda R: s.X(plasma, R) ** 2, FAST),
                   float(2 * Spectrum(*_first_X(s)).slope(1e3)))
    ds = s.solve("nonlinear_landau", FULL).dataset
    f, z = ds.f.values[0], ds.z.values * KPC
    gradient = np.abs(np.diff(f, axis=0)) / np.diff(z)[:, None]
    ratio = ds.kappa.values[0] * np.sqrt(gradient) / ds.X.values
    yield algebra("κ |∂f/∂z|^½/X", 1, full=float(np.median(ratio)))


def _first_X(s):
    ds = s.solve("nonlinear_landau", FULL).dataset
    return ds.rigidity.values, ds.X.values[0]


@claim(21, "eq. 16", "E", "NLLD with losses: eq. 14 at z = 0 times eq. 9's factor")
def landau_losses(s):
    R = np.geomspace(0.1, 1e3, 60)
    Q, v, X = _hot(s, R, 4.3)
    sink = s.sink("nonlinear_landau", R, PROTON)
    approximate, exact = nlld.eq16(Q, v, X, R_TOP, sink), nlld.disc_value_with_sink(Q, v, X, R_TOP, sink)
    yield algebra("eq. 16 over the exact quadratic, farthest from 1", 1, _farthest(approximate / exact), rel=0.01,
                  text="1, to a very good approximation")
    full = disc_spectrum(s.solve("nonlinear_landau", {**FULL, "disc.losses": "flux"}))
    for at in (0.2, 1.0, 1e3):
        formula = nlld.eq16(*_hot(s, at, 4.3), R_TOP, s.sink("nonlinear_landau", at, PROTON))
        yield algebra(f"f(0) over eq. 16 at {show(at)} GV", 1, full=float(full(at) / formula))
    yield ADIABATIC + " Losses as a flux in momentum differ from eq. 1's sink as well."
