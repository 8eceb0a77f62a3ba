"""Appendices A to C: κ of fast modes, cascade against shear, ionisation losses and boron (rows 93 to 102)."""

import numpy as np

from problems.boron_losses.exact import eq_c4_slope
from solver.constants import MBARN
from solver.particles import PROTON, beta, momentum, rigidity_from_kinetic_energy, speed
from solver.physics import energetics, fast_mode_cascade, fast_mode_rates, fast_modes, losses, spallation

from .checks import algebra, between, exponent, number
from .registry import claim
from .section3 import DECK, MA, L
from .setting import Spectrum, disc_spectrum, shipped, slope_of
from .two_phase import BORON, CARBON

SLOW, GAMMA = 1e-5, 4.3  # GV, p << mc; injection slope
LOW = 3e-3  # GV, deep in the loss-dominated range: what arrives from above it adds (LOW/0.4 GV)^1.3
DEEP = {"physics.adiabatic": True, "grid.rigidity_min": "2e-3 GV", "grid.rigidity_cells": 96}


@claim(93, "eqs. A1-A3", "E", "κ = (v²/4) ∫₀¹ (1 − μ²)²/(D^G + D^T) dμ; D = ν(1 − μ²)/2 gives v²/3ν", note="d")
def pitch_angles(s):
    node, weight = np.polynomial.legendre.leggauss(40)
    mu, weight = (1 + node) / 2, weight / 2
    integral = float(weight @ ((1 - mu**2) ** 2 / ((1 - mu**2) / 2)))  # for ν = 1
    nu, v = 1e-8, float(speed(10.0))
    yield algebra(
        "A3 over v²/3ν with the printed ν for v", 1, nu**2 / 4 * integral / nu / (v**2 / (3 * nu)), printed=True
    )
    yield algebra("with the particle's speed v", 1, v**2 / 4 * integral / nu / (v**2 / (3 * nu)))
    warm, R = s.plasma(DECK, "warm"), 30.0
    gyro, transit = fast_modes.pitch_angle_diffusion(mu, R, warm, MA, L)
    kappa = float(speed(R)) ** 2 / 4 * float(weight @ ((1 - mu**2) ** 2 / (gyro + transit)))
    yield algebra(
        "A3 over κ of Fig. 3 at 30 GV", 1, kappa / float(fast_modes.kappa(R, warm, MA, L, cache=True)), rel=0.01
    )
    yield "A2 and A3 print ν where only the particle's speed v has the dimension of D_μμ and κ."


@claim(94, "App. A", "Q", "Transit-time damping is energy independent")
def transit_time(s):
    for layer in ("warm", "halo"):
        R = np.array([10.0, 100.0])
        transit = fast_modes.pitch_angle_diffusion(0.5, R, s.plasma(DECK, layer), MA, L)[1]
        yield between(
            f"{layer}: d ln D^T/d ln R, 10 to 100 GV",
            -0.02,
            0.02,
            float(np.log(transit[1] / transit[0]) / np.log(10)),
            text="0",
        )


@claim(95, "eq. A7", "E", "General wandering reduces to eq. 27 at θ = 0")
def general_wandering(s):
    k, Ma = 1e6 / L, 0.7
    yield algebra(
        "A7 over eq. 27 at θ = 0", 1, float(fast_mode_rates.wandering_angle(k, 0.0, Ma, L) * np.sqrt(Ma**2 * 1e3))
    )
    q, theta = 1 / (Ma**2 * 1e3), 0.6
    printed = np.sqrt(np.cos(theta) * q + (np.sin(theta) * q) ** (2 / 3))
    yield algebra("over A7 as printed at θ = 0.6", 1, float(fast_mode_rates.wandering_angle(k, theta, Ma, L) / printed))


@claim(96, "App. A", "E", "Where A4 = A6 gives k_∥ v_A/v_th < 1/l_mfp, k_∥ is set to v_th/(v_A l_mfp)")
def clamp(s):
    hot = s.plasma(DECK, "warm").replace(T=9.5e4)  # collisionless damping is the faster one at the change
    modes = fast_mode_cascade.cascade(hot, MA, L)
    theta = np.geomspace(0.01, 1.5, 200)
    k_parallel = modes.x_max(theta) * np.cos(theta) / L
    limit = float(fast_mode_rates.transition_wavenumber(hot))
    at = int(np.argmin(np.abs(k_parallel / limit - 1)))
    x = k_parallel[at] * L / np.cos(theta[at])
    yield algebra("k_∥ of clamped modes over v_th/(v_A l_mfp)", 1, float(k_parallel[at] / limit))
    yield between(
        "ln(viscous damping/cascade) there", None, 0, float(modes.damping_excess(x, theta[at], True)), text="< 0"
    )
    yield between(
        "ln(collisionless damping/cascade) there", 0, None, float(modes.damping_excess(x, theta[at], False)), text="> 0"
    )


@claim(97, "eqs. B1, B2", "E", "Cascade over shear rate: (Ma/Ma_Alf)² or (Ma/Ma_Alf)^1.5 Ma^0.5; < 1 for Ma < Ma_Alf")
def cascade_over_shear(s):
    yield algebra(
        "Ma_Alf = 0.8, over (Ma/Ma_Alf)²", 1, float(energetics.cascade_over_shear(0.3, 0.8) / (0.3 / 0.8) ** 2)
    )
    printed = (0.3 / 2) ** 1.5 * 0.3**0.5
    yield algebra(
        "Ma_Alf = 2, over (Ma/Ma_Alf)^1.5 Ma^0.5", 1, float(energetics.cascade_over_shear(0.3, 2.0) / printed)
    )
    Ma, ratio = np.meshgrid(np.linspace(0.05, 0.95, 19), np.linspace(1.01, 10, 50))
    largest = float(energetics.cascade_over_shear(Ma, np.minimum(Ma * ratio, 10)).max())
    yield between("largest ratio for Ma < Ma_Alf, Ma < 1", 0, 1, largest, text="< 1")


@claim(98, "eq. C2", "N", "Ionisation loss rate 2e-16 s⁻¹ Z² n (v/c)^−2 (p/GeV)^−1; protons in the disc")
def ionisation(s):
    deck, v = shipped("two_phase"), s.plasma("two_phase", "halo").alfven_speed
    n, h = float(deck.disc.density), float(deck.disc.half_thickness)
    coefficient = (
        losses.ionisation_rate(3.0, BORON, n) * beta(3.0, BORON) ** 2 * momentum(3.0, BORON) / (BORON.Z**2 * n)
    )
    yield number("rate/(Z² n (v/c)^−2 (p/GeV)^−1)", "2e-16", float(coefficient), unit="s⁻¹")
    result = s.solve("two_phase")
    full = Spectrum(result.dataset.rigidity.values, result.dataset.loss_time.sel(species="proton").values)
    for T, time, ratio in ((1.0, "5.2e15", "0.030"), (0.1, "3.3e14", "0.48"), (0.01, "1.15e13", "13.4")):
        R = float(rigidity_from_kinetic_energy(T))
        tau = float(1 / losses.ionisation_rate(R, PROTON, n))
        yield number(f"τ at T = {T:g} GeV", time, tau, float(full(R)), unit="s", derived=True)
        yield number(f"h/(v_A τ) at {T:g} GeV", ratio, h / (v * tau), derived=True)


@claim(99, "App. C", "E", "Loss-dominated protons and carbon: p^(3−γ), p ≪ mc")
def primaries(s):
    result = s.solve("boron_losses", DEEP)
    for nucleus in (PROTON, CARBON):
        formula = slope_of(lambda R, n=nucleus: R**-GAMMA / losses.ionisation_rate(R, n, 1.25), SLOW)
        yield exponent(nucleus.name, 3 - GAMMA, formula, float(disc_spectrum(result, nucleus.name).slope(LOW)))


def _carbon(R):
    return (R / 1e-3) ** (3 - GAMMA)


def _spallation(R):
    return spallation.rate(1.25, 61 * MBARN, beta(R, BORON))


def _balance(f, R, step=1e-3):
    """Left side of eq. C1, −p⁻² ∂_p(p³ f/τ_loss), over its right side, f_C/τ_spall."""
    inward = lambda R: momentum(R, BORON) ** 3 * losses.ionisation_rate(R, BORON, 1.25) * f(R)  # noqa: E731
    left = -(inward(R * np.exp(step)) - inward(R * np.exp(-step))) / (2 * step) / momentum(R, BORON) ** 3
    return float(left / (_carbon(R) * _spallation(R)))


@claim(100, "App. C", "E", "Naive boron ∝ p^(7−γ) is no valid solution: its flux in momentum has the wrong sign")
def naive_boron(s):
    naive = lambda R: _carbon(R) * _spallation(R) / losses.ionisation_rate(R, BORON, 1.25)  # noqa: E731
    yield exponent("naive slope", 7 - GAMMA, slope_of(naive, SLOW))
    yield between("left side of C1 over its right side", None, 0, _balance(naive, 1e-4), text="negative, should be 1")
    solved = disc_spectrum(s.solve("boron_losses", DEEP), "boron")
    yield between("slope of the solution", -0.1, 0.1, full=float(solved.slope(LOW)), text="not 7 − γ")


@claim(101, "eq. C3", "E", "Boron with losses: f_B = A − (p/p₀)³ f_C/((7 − γ) L τ_spall) → A")
def boron(s):
    m, Z = BORON.mass, BORON.Z
    strength = float(losses.ionisation_rate(SLOW, BORON, 1.25)) * (Z * SLOW / m) ** 3  # L of eq. C2
    second = lambda R: -((Z * R / m) ** 3) * _carbon(R) * _spallation(R) / ((7 - GAMMA) * strength)  # noqa: E731
    yield algebra("left side of C1 over its right side", 1, _balance(second, 1e-4), rel=1e-5)
    yield number("1/(7 − γ)", "0.370", 1 / (7 - GAMMA), derived=True)
    solved = disc_spectrum(s.solve("boron_losses", DEEP), "boron")
    yield exponent("slope of f_B → A", 0, full=float(solved.slope(LOW)))


@claim(102, "eq. C4", "E", "Loss-dominated B/C ∝ p^(γ−3) = p^1.3")
def loss_dominated_ratio(s):
    result = s.solve("boron_losses", DEEP)
    ratio = Spectrum(
        result.dataset.rigidity.values, disc_spectrum(result, "boron").values / disc_spectrum(result, "carbon").values
    )
    yield exponent("d ln(f_B/f_C)/d ln p", 1.3, eq_c4_slope(GAMMA), float(ratio.slope(LOW)))
