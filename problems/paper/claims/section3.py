"""Sec. 3: scattering by fast-mode turbulence (rows 31 to 53, eqs. 23-28, Fig. 3)."""

import numpy as np

from problems.turbulent_slab.exact import profile
from solver.constants import KPC, PC, C
from solver.particles import beta
from solver.physics import energetics, fast_mode_cascade, fast_mode_rates, fast_modes, phenomenological
from solver.physics import self_confinement as sc
from solver.physics.plasma import Plasma, collisional_mean_free_path

from .checks import HALF_DECADE, about, algebra, between, exponent, given, number, show
from .registry import claim
from .setting import Spectrum, shipped, slope_of

DECK = "turbulent_galaxy"
L, MA = 100 * PC, 1.0  # Fig. 3's, checked by row 38
FREE_PATH = ("mean free path",)
STRAIGHT = 1e-4  # Alfvénic Mach number for which field lines hardly wander
R_GRID = np.geomspace(0.1, 1e6, 141)


def fig3(s, layer) -> Spectrum:
    """κ of Fig. 3, "warm" or "halo"."""
    return Spectrum(R_GRID, fast_modes.kappa(R_GRID, s.plasma(DECK, layer), MA, L, cache=True))


@claim(31, "eq. 23", "E", "Diffusion with constant κ: f = Q (H − z)/κ + f(H), linear in z")
def slab(s):
    ds = s.solve("turbulent_slab").dataset
    f, z = ds.f.values[0], ds.z.values * KPC
    exact = profile(ds.Q.values[0], ds.kappa.values[0, 0], z[:, None], z[-1], f[-1])
    ratio = (f / exact).ravel()
    yield algebra("f over eq. 23, farthest from 1", 1, full=float(ratio[np.argmax(np.abs(ratio - 1))]), fitted=1e-6)
    middle = float(profile(1.0, 1.0, 0.5, 1.0) / (profile(1.0, 1.0, 0.0, 1.0) / 2))
    yield algebra("f(H/2)/mean of the ends", 1, middle)


@claim(32, "Sec. 3", "R", "Thermal mean free path in the warm ISM ~ 1e13 cm", over=FREE_PATH)
def free_path(s):
    yield about("l_mfp of Fig. 3's warm gas", 1e13, float(s.plasma(DECK, "warm").mean_free_path), unit="cm")
    colder, warm = float(s.plasma("two_phase", "warm").mean_free_path), s.plasma(DECK, "warm")
    more = float(collisional_mean_free_path(warm) / warm.mean_free_path)
    yield (
        "The default takes the paper's 1e13 cm for Fig. 3's gas; "
        f"Coulomb collisions (v_th τ_i) give {more:.1f} times more. "
        f"Scaled as T²/n, Sec. 4.2's colder, denser gas has {show(colder)} cm only."
    )


@claim(33, "Sec. 3", "R", "... comparable to the Larmor radius of ~10 GeV cosmic rays", over=FREE_PATH)
def larmor(s):
    warm = s.plasma(DECK, "warm")
    r_L = sc.gyroradius(10.0, warm.B)
    yield number("r_L at 10 GV", "5.56e12", r_L, unit="cm", derived=True)
    yield about("rigidity with r_L = l_mfp", 10, float(10 * warm.mean_free_path / r_L), unit="GV")
    energetic = 10 * collisional_mean_free_path(warm) / r_L
    yield f"v_th τ_i of the gas is the Larmor radius of {energetic:.0f} GV."


@claim(34, "eq. 24", "E", "Cascade rate k δv²/v_ph = (k/L)^½ δV²/v_ph ∝ k^½")
def cascade(s):
    warm, k = s.plasma(DECK, "warm"), 1e5 / L
    speed = warm.alfven_speed * fast_mode_rates.fast_mode_amplitude(k, MA, L)
    yield exponent("power of k", 0.5, slope_of(lambda k: fast_mode_rates.cascade_rate(k, warm, MA, L), k))
    rate = fast_mode_rates.cascade_rate(k, warm, MA, L)
    yield algebra("(k/L)^½ δV²/v_ph over k δv²/v_ph", 1, rate / (k * speed**2 / warm.alfven_speed))


@claim(35, "eqs. 25, A5", "E", "Viscous damping at small angles ∝ k² θ²")
def viscous(s):
    warm, k = s.plasma(DECK, "warm"), 1e5 / L
    yield exponent("power of k", 2, slope_of(lambda k: fast_mode_rates.viscous_damping_rate(k, 1e-4, warm), k))
    yield exponent("power of θ", 2, slope_of(lambda t: fast_mode_rates.viscous_damping_rate(k, t, warm), 1e-4))


@claim(36, "eqs. 26, A6", "E", "Collisionless damping at small angles ∝ k θ², A6 tending to 26", note="b")
def collisionless(s):
    halo, k, angle = s.plasma(DECK, "halo"), 1e9 / L, 1e-4
    rate = fast_mode_rates.collisionless_damping_rate
    yield exponent("power of k", 1, slope_of(lambda k: rate(k, angle, halo), k))
    yield exponent("power of θ", 2, slope_of(lambda t: rate(k, t, halo), angle))
    root = np.sqrt(fast_mode_rates.MASS_RATIO)

    def eq26(gas, factor):
        return factor * angle**2 / 4 * root * k * gas.alfven_speed

    cold = halo.replace(T=halo.T / 10)  # β = 0.02: m_e/m_i << β << 0.15
    yield algebra(
        "A6 over eq. 26 with √π β, β = 0.02",
        1,
        rate(k, angle, cold) / eq26(cold, np.sqrt(np.pi) * cold.beta),
        rel=0.1,
        printed=True,
    )
    yield algebra(
        "A6 over eq. 26 with √(πβ), β = 0.02", 1, rate(k, angle, cold) / eq26(cold, np.sqrt(np.pi * cold.beta)), rel=0.1
    )
    ratio = rate(k, angle, halo) / eq26(halo, np.sqrt(np.pi * halo.beta))
    yield about("the same at Fig. 3's β", 1, ratio)
    yield (
        "√(πβ) is meant, as in A6. At Fig. 3's β the ions' term, 5 exp(−1/β), is not negligible: A6 is "
        f"{ratio:.2f} times eq. 26 even for parallel modes, and is used in full."
    )


@claim(37, "eq. 27", "E", "Field-line wandering δθ = (Ma² (kL)^½)^−½ ∝ k^−¼")
def wandering(s):
    k = 1e6 / L
    yield exponent("power of k", -0.25, slope_of(lambda k: fast_mode_rates.wandering_angle(k, 0.0, 0.7, L), k))
    yield algebra("δθ over eq. 27", 1, fast_mode_rates.wandering_angle(k, 0.0, 0.7, L) * np.sqrt(0.49 * 1e3))


@claim(38, "Fig. 3", "I", "Presets of Fig. 3")
def fig3_presets(s):
    deck = shipped(DECK)
    for layer, n, T, v in (("warm", 0.1, 2e4, "41.4"), ("halo", 0.001, 2e6, "414")):
        plasma = s.plasma(DECK, layer)
        process = next(item for item in deck.layer if item.name == layer).scattering[0]
        yield given(f"{layer}: B", 6e-6, plasma.B, unit="G")
        yield given(f"{layer}: n_th", n, plasma.n, unit="cm⁻³")
        yield given(f"{layer}: T", T, plasma.T, unit="K")
        yield given(f"{layer}: Ma", MA, process.Ma)
        yield given(f"{layer}: L", 100, float(process.L) / PC, unit="pc")
        yield number(f"{layer}: β", "0.193", plasma.beta, derived=True)
        yield number(f"{layer}: v_A", v, plasma.alfven_speed / 1e5, unit="km/s", derived=True)


@claim(39, "Sec. 3", "I", "Neutral fraction ≲ 1 %, so that ion-neutral damping can be left out")
def neutrals(s):
    warm = s.plasma(DECK, "warm")
    collisions = 2 * sc.ion_neutral_rate(warm, 1.0, 1.0)  # ν_in per neutral and cm³
    k = collisions * warm.n / warm.alfven_speed  # slowest waves that leave the neutrals behind
    fraction = fast_mode_rates.cascade_rate(k, warm, MA, L) / (collisions / 2) / warm.n
    yield about("neutral fraction that damps as fast as the cascade", 0.01, float(fraction))


@claim(40, "Fig. 3", "R", "Warm ISM: κ ∝ p^0.5 above ~1e3 GeV", over=FREE_PATH)
def warm_high(s):
    kappa = fig3(s, "warm")
    R = np.geomspace(100, 1e5, 400)
    slopes = kappa.slope(R)
    yield read_slope("d ln κ/d ln p at 1e5 GV", 0.5, float(kappa.slope(1e5)))
    onset = float(R[np.argmax(slopes > 0.4)])
    yield about("rigidity above which the slope exceeds 0.4", 1e3, onset, unit="GV")
    yield "Viscous damping reaches to larger scales with a longer mean free path."


def read_slope(what, value, found):
    """A slope read off a computed curve, to 0.02."""
    return exponent(what, value, found, at_asymptote=0.02)


@claim(41, "Sec. 3", "R", "Warm ISM, viscous range: κ rises slowly as R falls, roughly 1e2-1e3 GV", over=FREE_PATH)
def warm_viscous(s):
    kappa = fig3(s, "warm")
    R = np.geomspace(10, 1e4, 600)
    falling = R[kappa.slope(R) < -0.02]
    low, high = (falling[0], falling[-1]) if falling.size else (np.nan, np.nan)
    yield about("lower end of the range where κ falls with R", 100, float(low), unit="GV")
    yield about("upper end", 1000, float(high), unit="GV")
    yield between("steepest slope", -0.5, 0, float(kappa.slope(R).min()), text="slowly")
    yield (
        "The viscous range ends where k_∥ l_mfp v_A/v_th = 1: its place, and how deep it is, go with the mean free path."
    )


@claim(42, "Sec. 3", "R", "Warm ISM, collisionless range: weak dependence below ~100 GV", over=FREE_PATH)
def warm_collisionless(s):
    kappa, R = fig3(s, "warm"), np.geomspace(5, 100, 50)
    values = kappa(R)
    yield between(
        "largest over smallest κ, 5 to 100 GV",
        1,
        2,
        float(values.max() / values.min()),
        text="weak: < 2 (Kraichnan 4.5)",
    )


@claim(43, "Fig. 3", "Q", "Halo: κ nearly independent of energy at low R", over=FREE_PATH)
def halo_flat(s):
    kappa, R = fig3(s, "halo"), np.geomspace(5, 1e3, 50)
    values = kappa(R)
    yield between(
        "largest over smallest κ, 5 to 1e3 GV", 1, 1.5, float(values.max() / values.min()), text="nearly flat: < 1.5"
    )


@claim(44, "Sec. 3", "Q", "κ falls with falling R below a few GV (trans-relativistic)", over=FREE_PATH)
def transrelativistic(s):
    for layer in ("warm", "halo"):
        kappa = fig3(s, layer)
        low = R_GRID < 1.5
        yield between(
            f"{layer}: smallest slope below 1.5 GV", 0, None, float(kappa.slope(R_GRID[low]).min()), text="> 0"
        )


@claim(45, "Fig. 3", "E", "Reference slopes: 1/3 Kolmogorov, 1/2 Kraichnan, for v = c")
def references(s):
    B = s.plasma(DECK, "warm").B
    for name, power in (("kolmogorov", 1 / 3), ("kraichnan", 1 / 2)):
        kappa = getattr(phenomenological, name)
        yield exponent(name.capitalize(), power, slope_of(lambda R, k=kappa: k(R, B, MA, L) / beta(R), 10.0))


def undamped_slope(s):
    """d ln(κ/v)/d ln R of the undamped cascade far below the outer scale."""
    warm = s.plasma(DECK, "warm")
    R = np.array([100.0, 200.0])
    kappa = fast_modes.kappa(R, warm, MA, 1e10 * sc.gyroradius(R[0], warm.B), damping="none", cache=True)
    return float(np.diff(np.log(kappa / beta(R)))[0] / np.log(2))


@claim(46, "Sec. 3", "E", "Undamped gyroresonance, P ∝ k^−3/2: ν ∝ R^−½, κ ∝ R^0.5")
def undamped(s):
    yield exponent("d ln κ/d ln R", 0.5, undamped_slope(s), at_asymptote=1e-4)
    B, L = 6e-6, 100 * PC
    nu = lambda R: C / sc.gyroradius(R, B) * phenomenological.magnetic_power(1 / sc.gyroradius(R, B), MA, L, 1.5)  # noqa: E731
    yield exponent("d ln ν/d ln R, ν = Ω (δB/B)²", -0.5, slope_of(nu, 10.0))


def cone_slope(plasma, start):
    """d ln θ_c²/d ln k without wandering."""
    x = np.array([start, 10 * start])
    cone = fast_mode_cascade.theta_c(x / L, plasma, MA, L, Ma_alfven=STRAIGHT)
    return float(2 * np.diff(np.log(cone))[0] / np.log(10))


def gyroresonance_slope(plasma, R, L):
    """d ln ν/d ln R of gyroresonant scattering at μ = 0.5, the speed taken out."""
    gyro, _ = fast_modes.pitch_angle_diffusion(0.5, np.array(R), plasma, MA, L, Ma_alfven=STRAIGHT)
    return float(np.diff(np.log(gyro / beta(np.array(R))))[0] / np.log(R[1] / R[0]))


@claim(47, "Sec. 3", "E", "Collisionless cone: θ_c² ∝ k^−½, so gyroresonant ν ∝ R⁰")
def collisionless_cone(s):
    halo = s.plasma(DECK, "halo")
    yield exponent("d ln θ_c²/d ln k", -0.5, cone_slope(halo, 1e10), at_asymptote=0.02)
    yield exponent("d ln ν/d ln R", 0, gyroresonance_slope(halo, [100.0, 400.0], 10 * KPC), at_asymptote=0.02)


@claim(48, "Sec. 3", "E", "Viscous cone: θ_c² ∝ k^−3/2, so gyroresonant ν ∝ R¹")
def viscous_cone(s):
    warm = s.plasma(DECK, "warm")
    collisional = Plasma(warm.B, warm.n, warm.T, 1e7)  # a mean free path too short for anything but viscosity
    yield exponent("d ln θ_c²/d ln k", -1.5, cone_slope(collisional, 1e12), at_asymptote=0.02)
    yield exponent("d ln ν/d ln R", 1, gyroresonance_slope(collisional, [1e-3, 2e-3], L), at_asymptote=0.02)


@claim(49, "Sec. 3", "R", "Low-energy scattering rate of Fig. 3: ν ≳ 1e-8 s⁻¹", over=FREE_PATH)
def scattering_rate(s):
    for layer in ("warm", "halo"):
        rate = energetics.scattering_rate(fig3(s, layer)(np.geomspace(1, 100, 30)))
        yield between(
            f"{layer}: smallest c²/κ, 1 to 100 GV",
            1e-8 / HALF_DECADE,
            None,
            float(rate.min()),
            text="≳ 1e−8",
            unit="s⁻¹",
        )


@claim(50, "after eq. 28", "N", "1e-8 s⁻¹ means a mean free path ~ 1 pc and κ ~ 1e29 cm²/s")
def meaning(s):
    path = energetics.mean_free_path(1e-8)
    yield number("c/ν", "1", path / PC, unit="pc")
    yield number("κ = c²/ν", "1e29", C * path, unit="cm²/s")
    yield about("κ = c²/3ν", 1e29, C * path / 3, factor=4, unit="cm²/s")


@claim(51, "eq. 28", "N", "Anisotropy v_D/c ~ 1e-4 for L_CR = 10 kpc, ν = 1e-8 s⁻¹")
def anisotropy(s):
    yield number("v_D/c", "1e-4", energetics.drift_anisotropy(1e-8, 10 * KPC))


@claim(52, "Sec. 3", "N", "Drift speed ~ 3e6 cm/s: comparable to v_A in the warm ISM, below it in the halo")
def drift(s):
    speed = energetics.drift_speed(1e-8, 10 * KPC)
    yield number("v_D", "3e6", speed, _model_drift(s), unit="cm/s")
    yield about("v_D/v_A, warm", 1, speed / s.plasma(DECK, "warm").alfven_speed)
    yield between("v_D/v_A, halo", 0, 1, speed / s.plasma(DECK, "halo").alfven_speed)
    yield (
        "In the solved two-phase Galaxy protons drift through the warm layer at Q/f, at least as fast as the halo lets them "
        "stream and so faster than the warm gas's v_A: by this argument they excite waves there as well."
    )


def _model_drift(s):
    """v_D of 10 GV protons in the warm layer of the solved two-phase model, half-way up [cm/s]."""
    result = s.solve("two_phase")
    warm = result.dataset.z_face.values < 0.5
    drift = result.observables.drift_speed.sel(species="proton").values[warm]
    return float(Spectrum(result.dataset.rigidity.values, drift[len(drift) // 2])(10.0))


@claim(53, "Sec. 3", "R", "κ by turbulence is not ≫ 1e29 cm²/s for the bulk of cosmic rays", over=FREE_PATH)
def bound(s):
    for layer in ("warm", "halo"):
        kappa = float(fig3(s, layer)(np.geomspace(0.5, 30, 30)).max())
        yield between(
            f"{layer}: largest κ, 0.5 to 30 GV", None, 1e29 * HALF_DECADE, kappa, text="not ≫ 1e29", unit="cm²/s"
        )
    limit = energetics.kappa_bound(10 * KPC, s.plasma(DECK, "warm").alfven_speed)
    yield about("v_A L_CR: streaming instability beyond", 1e29, limit, unit="cm²/s")
