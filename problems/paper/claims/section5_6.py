"""Secs. 5 and 6: doubts about fast modes, and the discussion (rows 77 to 92, eqs. 34-40, Fig. 7)."""

import numpy as np

from solver.constants import KPC, PC, YEAR
from solver.particles import rigidity_from_kinetic_energy
from solver.physics import anisotropic as an
from solver.physics import energetics, fast_mode_cascade, fast_mode_rates, fast_modes, shocks
from solver.physics import self_confinement as sc

from .checks import about, algebra, between, exponent, number, show
from .registry import claim
from .section3 import DECK, FREE_PATH, MA, L
from .setting import of_species, slope_of

K = 1e7 / L  # a wavenumber deep in the cascade [1/cm]
ANGLE = 0.4
SINE = float(np.sin(ANGLE))
MEDIA = ("warm", "halo")


@claim(77, "eq. 34", "E", "Steepening over cascade rate: v_ph/δv ≫ 1, deep in the inertial range")
def steepening(s):
    warm = s.plasma(DECK, "warm")
    speed = warm.alfven_speed * fast_mode_rates.fast_mode_amplitude(K, MA, L)
    ratio = shocks.steepening_rate(K, speed) / fast_mode_rates.cascade_rate(K, warm, MA, L)
    yield algebra(
        "ratio of the rates over v_ph/δv", 1, ratio / shocks.steepening_over_cascade(speed, warm.alfven_speed)
    )
    for R in (1.0, 1e3, 1e6):
        k = sc.resonant_wavenumber(R, warm.B)
        yield between(
            f"v_ph/δv at {show(R)} GV", 3, None, 1 / float(fast_mode_rates.fast_mode_amplitude(k, MA, L)), text="≫ 1"
        )


@claim(78, "Sec. 5.1", "E", "Steepened waves follow k^−2")
def shock_spectrum(s):
    yield exponent("power of k", -2, slope_of(lambda k: shocks.amplitude(k, 1e6, L) ** 2 / k, K))


@claim(
    79,
    "Sec. 5.1",
    "R",
    "Shocks of the warm ISM scatter cosmic rays of E ≳ 10 GeV (width ~ mean free path)",
    over=FREE_PATH,
)
def shock_width(s):
    warm = s.plasma(DECK, "warm")
    width = shocks.shock_width(warm, warm.thermal_speed)
    yield about("rigidity whose r_L is the width", 10, float(shocks.smallest_rigidity(width, warm.B)), unit="GV")
    yield "The width is l_mfp for δV ~ v_th, and the mean free path v_th τ_i is longer than the paper's 1e13 cm."


@claim(80, "Fig. 7 top", "N", "κ by O(1) shocks ~10 pc apart: independent of energy; c × 10 pc/3 = 3.1e29 cm²/s")
def shock_kappa(s):
    kappa = shocks.kappa(np.array([1e3, 1e6]), 10 * PC)
    yield number("κ", "3.1e29", float(kappa[1]), unit="cm²/s", derived=True)
    yield between(
        "d ln κ/d ln R, 1e3 to 1e6 GV", -1e-6, 1e-6, float(np.log(kappa[1] / kappa[0]) / np.log(1e3)), text="0"
    )


@claim(81, "Sec. 5.2", "E", "Compressive part of low-β fast modes: δv_∥/δv_⊥ ~ β sinθ cosθ")
def compressive(s):
    beta = s.plasma(DECK, "warm").beta
    expected = beta * np.sin(ANGLE) * np.cos(ANGLE)
    yield algebra("over β sinθ cosθ", 1, float(an.compressive_fraction(ANGLE, beta) / expected))
    yield exponent("power of θ, θ → 0", 1, slope_of(lambda t: an.compressive_fraction(t, beta), 1e-4))


@claim(82, "eqs. 36-38", "E", "Anisotropic cascade: δv/v_ph = Ma (kL)^−¼ sin^−½θ, P ∝ k^−3/2/sinθ")
def anisotropic(s):
    warm = s.plasma(DECK, "warm")

    def amplitude(k=K, sine=SINE):
        return an.amplitude(k, np.arcsin(sine), MA, L)

    yield exponent("power of k", -0.25, slope_of(lambda k: amplitude(k), K))
    yield exponent("power of sinθ", -0.5, slope_of(lambda x: amplitude(sine=x), np.sin(ANGLE)))
    yield exponent("power of k in δv²/k", -1.5, slope_of(lambda k: amplitude(k) ** 2 / k, K))
    yield algebra("spectrum over 1/sinθ", 1, float(an.spectrum_factor(K, ANGLE, MA, L) * np.sin(ANGLE)))
    rate = K * (warm.alfven_speed * amplitude()) ** 2 / warm.alfven_speed * np.sin(ANGLE) ** 2
    yield algebra("cascade rate over eq. 36", 1, float(an.cascade_rate(K, ANGLE, warm, MA, L) / rate))


@claim(83, "eq. 39", "E", "Wandering in the anisotropic cascade: (Ma² (kL)^½ sinθ)^−½")
def anisotropic_wandering(s):
    printed = (0.64 * np.sqrt(K * L) * np.sin(ANGLE)) ** -0.5
    yield algebra("δθ over eq. 39", 1, float(an.wandering_angle(K, ANGLE, 0.8, L) / printed))


@claim(84, "Sec. 5.2", "E", "θ_min solves δθ = θ_min: ∝ k^−1/6 at small angles (isotropic: k^−¼)")
def smallest_angle(s):
    for x in (10.0, 1e6):
        theta = an.theta_min(x, MA, 1.0)
        yield algebra(f"δθ(θ_min)/θ_min at kL = {show(x)}", 1, float(an.wandering_angle(x, theta, MA, 1.0) / theta))
    yield exponent("power of k, anisotropic", -1 / 6, slope_of(lambda x: an.theta_min(x, MA, 1.0), 1e60))
    yield algebra("θ_min over (Ma² (kL)^½)^−1/3", 1, float(an.theta_min(1e24, 0.7, 1.0) * (0.49 * 1e12) ** (1 / 3)))
    yield exponent("power of k, isotropic", -0.25, slope_of(lambda x: fast_mode_cascade.theta_min(x, MA, 1.0), 1e8))


@claim(85, "Fig. 7", "R", "Anisotropic cascade: no scattering at R ≲ 100 GV", over=FREE_PATH)
def no_scattering(s):
    for layer in MEDIA:
        plasma = s.plasma(DECK, layer)
        reach = fast_mode_cascade.cascade(plasma, MA, L, anisotropic=True).reach()
        R = L / reach / sc.gyroradius(1.0, plasma.B)
        yield about(f"{layer}: lowest rigidity with a resonant wave", 100, float(R), unit="GV")
        kappa = fast_modes.kappa(np.array([0.5, 1.5]) * R, plasma, MA, L, anisotropic=True, rtol=1e-2, cache=True)
        yield between(f"{layer}: κ at half of it", 1e300, None, float(kappa[0]), text="∞", unit="cm²/s")
    yield "In the warm gas viscosity ends the cascade and goes with the mean free path; the halo's cascade is collisionless."


@claim(86, "Fig. 7 bottom", "R", "θ_c < θ_min, cascade fully damped, at kL ≳ 1e6, a few hundred GV", over=FREE_PATH)
def fully_damped(s):
    x = np.geomspace(1e4, 1e8, 41)
    smallest = fast_mode_cascade.theta_min(x / L, MA, L, anisotropic=True)
    for layer in MEDIA:
        plasma = s.plasma(DECK, layer)
        cone = fast_mode_cascade.theta_c(x / L, plasma, MA, L, anisotropic=True)
        yield about(f"{layer}: kL beyond which θ_c < θ_min", 1e6, float(x[np.argmax(cone < smallest)]))
    yield "In the warm gas the viscous cutoff ends the cascade, and it goes with the mean free path."
    B = s.plasma(DECK, "warm").B
    yield number("R at kL = 1e6", "555", float(L / 1e6 / sc.gyroradius(1.0, B)), unit="GV", derived=True)


@claim(87, "Sec. 5.2", "E", "Isotropic cascade: collisionless θ_c ∝ k^−¼, as θ_min")
def same_powers(s):
    halo, x = s.plasma(DECK, "halo"), np.array([1e11, 1e12])
    for what, angle in (
        ("θ_c", fast_mode_cascade.theta_c(x / L, halo, MA, L)),
        ("θ_min", fast_mode_cascade.theta_min(x / L, MA, L)),
    ):
        yield exponent(f"power of k, {what}", -0.25, float(np.diff(np.log(angle))[0] / np.log(10)), at_asymptote=0.002)


@claim(88, "eq. 40", "E", "Wandering by fast modes ∝ (kL)^−1/8, times sin^−¾θ (dropped if isotropic)")
def fast_mode_wandering(s):
    yield exponent("power of k", -0.125, slope_of(lambda k: fast_mode_rates.wandering_angle_fast_modes(k, 0.5, L), K))
    anisotropic = lambda x: an.wandering_angle(K, np.arcsin(x), 0.5, L, "fast modes")  # noqa: E731
    yield exponent("power of sinθ", -0.75, slope_of(anisotropic, 0.8))
    yield algebra("over eq. 40", 1, float(anisotropic(0.8) / (0.25 / (np.sqrt(K * L) * 0.8**3)) ** 0.25))


@claim(
    89,
    "Sec. 6.1",
    "E",
    "Nonlinear damping with an extra k l_mfp: escape close to E^−0.3…−0.7; τ_esc ∝ p^(4−γ) = p^−0.3",
)
def pressure_anisotropy(s):
    hot = s.plasma("nonlinear_landau")

    def X2(R):
        rate = sc.landau_rate(hot, R) * sc.resonant_wavenumber(R, hot.B) * hot.mean_free_path
        return sc.nonlinear_X(hot, R, rate) ** 2

    yield exponent("power of p in X²", -4, slope_of(X2, 1e6))
    changes = {
        "physics.adiabatic": True,
        "layer.halo.damping": [{"type": "pressure_anisotropy"}],
        "grid.rigidity_max": "1e7 GV",
    }
    full = of_species(s.solve("nonlinear_landau", changes), "residence_time")
    yield exponent(
        "d ln τ_esc/d ln p",
        4 - 4.3,
        slope_of(lambda R: s.source("nonlinear_landau", R) / X2(R), 1e6),
        float(full.slope(1e5)),
    )


@claim(90, "Sec. 6.2", "N", "Power that keeps scattering waves: ~4e36 erg/s")
def wave_power(s):
    volume = energetics.cylinder_volume(10 * KPC, KPC)
    yield number("(δB²/8π) Γ volume", "4e36", energetics.wave_power(1e-3, 1e-6, 1e-11, volume), unit="erg/s")
    both = energetics.wave_power(1e-3, 1e-6, 1e-11, volume, kinetic=True)
    yield about("with the kinetic part of the waves", 4e36, both, unit="erg/s")


@claim(91, "Sec. 6.2", "N", "Supernova power ~3e41 erg/s for one per century")
def supernovae(s):
    yield number("1e51 erg per century", "3e41", energetics.supernova_power(0.01 / YEAR, 1e51), unit="erg/s")


@claim(92, "Sec. 6.3", "R", "Stochastic echo in the hot ISM: Ma ≳ 1 gives κ ~ 1e27 cm²/s at 1 GeV")
def echo(s):
    hot = s.plasma("two_phase", "halo")
    kappa = fast_modes.kappa(float(rigidity_from_kinetic_energy(1.0)), hot, 1.0, L, damping="none", cache=True)
    yield about("κ, undamped cascade, L = 100 pc", 1e27, float(kappa), unit="cm²/s")
