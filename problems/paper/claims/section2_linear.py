"""Secs. 2 and 2.1.1: losses, streaming and linear damping in one phase (rows 1 to 12, eqs. 1-9, Fig. 1)."""

import numpy as np
from scipy.optimize import brentq

from problems.linear_damping.exact import confined_spectrum, loss_factor
from problems.streaming.exact import power_law_profile
from solver.constants import KPC, C
from solver.particles import PROTON
from solver.physics import losses, sources
from solver.physics import self_confinement as sc

from .checks import algebra, between, exponent, given, number
from .registry import claim
from .setting import Spectrum, disc_spectrum, of_species, shipped, slope_of

SLOW, FAST = 1e-5, 1e6  # GV: asymptotes p << mc and v = c
FULL = {"physics.adiabatic": True}
ADIABATIC = "Eq. 2 leaves out the adiabatic term: at low energies f is 3/α of Q/v_A (footnote 2)."


@claim(1, "Sec. 2, eq. 1", "E", "Loss time of protons: ∝ p³ sub-relativistic, ∝ p ultra-relativistic")
def loss_time(s):
    n = float(shipped("two_phase").disc.density)
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
    ds, alpha = result.dataset, shipped("streaming").species["proton"].source.slope
    v, f = ds.v.values[0], disc_spectrum(result)
    Q = ds.source.sel(species="proton").values
    exact = power_law_profile(1.0, 1.0, 1.0, alpha)
    yield algebra(f"v_A f/Q at α = {alpha:g}", 3 / alpha, exact, float(np.median(v * f.values / Q)), text="3/α")
    yield algebra("v_A f over the conserved flux Q − v_A f (α − 3)/3", 1.0, exact / (1 - exact * (alpha - 3) / 3))


@claim(3, "fn. 2", "N", "The factor between the two is 2/3 for α ≈ 4.5")
def streaming_factor(s):
    result = s.solve("streaming", {"species.proton.source.slope": 4.5})
    value = (
        result.dataset.v.values[0]
        * disc_spectrum(result)(10.0)
        / Spectrum(result.dataset.rigidity.values, result.dataset.source.sel(species="proton").values)(10.0)
    )
    yield number("v_A f/Q", "0.667", power_law_profile(1.0, 1.0, 1.0, 4.5), float(value), derived=True)


@claim(4, "fn. 2, eq. 3", "E", "Profile under streaming, any v_A(z): f(z)/f(0) = (v_A(0)/v_A(z))^(α/3)")
def streaming_profile(s):
    result = s.solve("streaming")
    ds, alpha = result.dataset, shipped("streaming").species["proton"].source.slope
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
    deck, plasma = shipped("linear_damping"), s.plasma("linear_damping")
    damping, slope = deck.layer[0].damping[0], deck.species["proton"].source.slope
    rate = sc.power_law_rate(float(damping.rate), float(damping.at), damping.exponent, 1.0)
    S, Q = sc.S_from_rate(rate, plasma, 1.0), s.source("linear_damping", 1.0)
    return sc.cutoff_rigidity(Q, slope, S, damping.exponent), S, Q, plasma


@claim(
    9, "eqs. 5, 6", "E", "Linear damping is a sink, f = (Q − S)/v_A up to Q(p_c) = S(p_c); above it nothing is confined"
)
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
    deck = shipped("linear_damping")
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
    yield given(
        "2Q area ∫4πp²T dp/power", 1, 2 * Q * area * sources.energy_integral(source.slope) * 1.602176634e-3 / power
    )


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
    yield between(
        "rise from 1 to 30 GV", 1, 1.5, float(formula(30) / formula(1)), float(two(30) / low), text="hardly any"
    )
    doubled = two.crossing(2 * low)
    x = brentq(lambda x: sc.effective_speed((x * p_c) ** -4.3 * Q, (x * p_c) ** -3.5 * S, v) / v - 2, 0.1, 0.99)
    yield number("p_c/p where the speed has doubled", "2.38", 1 / x, p_c / doubled, derived=True)
    yield between("effective speed/c far above p_c", 0.9, 1, float(formula(1e5)) * v / C, float(U(1e5)) / C, text="1")
    yield (
        f"With the adiabatic term particles leave at {low:.2f} v_A from low energies on (α/3, row 2); the rise is as sharp, "
        f"but twice v_A is passed at p_c/{p_c / two.crossing(2.0):.1f}."
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
    part = 1 / (shipped("boron_losses").species["proton"].source.slope - 3)
    yield f"As a flux in momentum losses leave f = Q τ_loss/((γ − 3) h) at low energies, {part:.2f} of eq. 9. {ADIABATIC}"
