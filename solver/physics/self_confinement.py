"""Self-excited Alfvén waves: growth by streaming protons against linear and nonlinear damping (paper, Secs. 2.1, 6.1).

One balance makes everything here. Protons of rigidity R amplify the waves they resonate with, k = eB/(pc) = 1/r_L, at
the rate Γ_g = 4π³ (mΩ₀) v_A p³ κ|∂f/∂z|/B² (Skilling 1971; mΩ₀ = eB/c; this is eq. 22 read backwards), and those waves
scatter at ν = (π/8) Ω (δB/B)², κ = v²/ν, so (δB/B)² = 8 v r_L/(πκ) (the pair that turns Γ = k v_th (δB/B)² into the
literal eq. 11; with κ = v²/(3ν), `kappa_factor = 1/3`, X would be √3 smaller).  Γ_g = Γ_damp(κ) gives
    Γ_damp = Γ            κ = S/|∂f/∂z|              S = Γ B²/(4π³ mΩ₀ v_A p³)        eq. 4
    Γ_damp = G (δB/B)²ᵐ   κ = Y |∂f/∂z|^(−1/(1+m))   Y^(1+m) = S(G) (8 v r_L/π)^m     eqs. 10, 11: m = 1, Y = X
and damping rates of the same waves add: |∂f/∂z| κ = Σ S_i + Σ Y_j^(1+m_j) κ^(−m_j).

The 4π³ is eq. 22's. Energy lost to waves, v_A |∂P_c/∂z| per ln p, is the growth of their energy at this rate for
ν = (π/4) Ω (δB/B)², κ = v²/(3ν), twice that of their amplitude: damping rates from elsewhere carry a factor of two or so.

f is the protons', per d³p with p = R in GeV/c; v is the protons' speed. All arguments broadcast (see solver.physics).
"""

import numpy as np

from solver import particles
from solver.constants import PROTON_MASS, STATVOLT_PER_GV, C, E
from solver.physics.validity import finite, non_negative, positive, warn


def gyrofrequency(B):
    """Non-relativistic proton gyrofrequency Ω₀ = eB/(m_p c) [1/s]; B [G] > 0."""
    return E * positive("B", B) / (PROTON_MASS * C)


def gyroradius(R, B):
    """r_L = pc/(ZeB) = R/B [cm]; R [GV] > 0, B [G] > 0. The same for every nucleus at equal rigidity."""
    return positive("R", R) * STATVOLT_PER_GV / positive("B", B)


def resonant_wavenumber(R, B):
    """k = 1/r_L = eB/(pc) [1/cm], no factor of the pitch angle."""
    return 1 / gyroradius(R, B)


# --- damping rates of resonant waves, Γ(R) in 1/s ---


def power_law_rate(rate, at, exponent, R):
    """Γ ∝ k^a as a function of rigidity: rate (R/at)^(−a) [1/s], because the resonant k ∝ 1/R.

    rate [1/s] >= 0 at rigidity `at` [GV]; exponent a of k. At δB = B, the same form serves nonlinear damping ∝ k^q.
    """
    return non_negative("rate", rate) * (positive("R", R) / positive("at", at)) ** -finite("exponent", exponent)


def dust_rate(rate, at, R):
    """Damping by charged dust, Γ ∝ k^(3/4) (Squire et al. 2021; Sec. 2.1.1): `rate` [1/s] at rigidity `at` [GV]."""
    return power_law_rate(rate, at, 0.75, R)


def turbulent_damping_rate(plasma, R, L, Ma=1.0, all_ranges=False):
    """Shearing by the ambient Alfvénic cascade, Γ = v_A (k/L)^(1/2) × Ma² (Ma <= 1) or Ma^(3/2) (Ma > 1) [1/s].

    Farmer & Goldreich (2004): Γ = (ε/(r_L v_A))^(1/2), ε the energy flux of the strong cascade. Driven on L [cm] with
    v_L = Ma v_A, ε = Ma³ v_A³/L, except that for Ma < 1 the cascade is first weak and slower by Ma, ε = Ma⁴ v_A³/L
    (Lazarian 2016). Ma = 1 is the Γ of eq. 22; Ma is that of the Alfvénic cascade (Ma_Alf), not of fast modes.
    The strong range holds the waves with r_L < L Ma⁴ (Ma <= 1) or r_L < L/Ma³ (Ma > 1); beyond it the formula is used
    with a ValidityWarning, or with `all_ranges` replaced by Lazarian's continuous continuation, ∝ k^(2/3):
        Ma <= 1, weak cascade, r_L < L Ma:   Γ = Ma^(8/3) v_A r_L^(−2/3) L^(−1/3)
        Ma > 1, eddies at r_L, r_L < L:      Γ = Ma v_A r_L^(−2/3) L^(−1/3)
    """
    L, Ma = positive("L", L), positive("Ma", Ma)
    x = gyroradius(R, plasma.B) / L
    strong = np.where(Ma > 1, Ma**1.5, Ma**2) / np.sqrt(x)
    end = np.where(Ma > 1, Ma**-3.0, Ma**4.0)
    if all_ranges:
        larger = np.where(Ma > 1, Ma, Ma ** (8 / 3)) * x ** (-2 / 3)
        strong = np.where(x < end, strong, larger)
        end = np.minimum(Ma, 1.0)
    if np.any(x > end):
        warn(
            "turbulent damping: waves resonant at the highest rigidities are longer than the range of the cascade that "
            f"the rate is derived for (by up to {np.max(x / end):.3g})"
        )
    return strong * plasma.alfven_speed / L


def ion_neutral_rate(plasma, R, neutral_density, temperature=None):
    """Ion-neutral friction, Γ = ν_in/2 with ν_in = 8.4e-9 (T/1e4 K)^0.4 n_n [1/s], the decay of the waves' amplitude.

    Kulsrud & Cesarsky (1971) in the power law of Drury, Duffy & Kirk (1996) for 1e2 to 1e5 K. Γ in use elsewhere, 5.8e-11
    T^½ n_n of hydrogen (Hopkins et al. 2021), is within 40 % of it; codes that take 2 n_n 8.4e-9 (T/1e4 K)^0.4 for ν_in have
    twice as much: give `rate` where that matters.
    neutral_density n_n [cm⁻³] >= 0; temperature [K] of the gas, the plasma's by default; the plasma's n is that of the
    ions. Independent of k (a = 0) while ions oscillate without carrying the neutrals along, k v_A > ν_in n/n_n; a
    ValidityWarning says where not (there the damping falls as k²), and below 100 K, where the coefficient levels off.
    """
    neutral_density = non_negative("neutral_density", neutral_density)
    T = plasma.T if temperature is None else positive("temperature", temperature)
    if np.any(np.asarray(T) < 100):
        warn("ion-neutral damping: the collision rate is a fit for temperatures above 100 K")
    coefficient = 8.4e-9 * (T / 1e4) ** 0.4
    k = resonant_wavenumber(R, plasma.B)
    if np.any((neutral_density > 0) & (k * plasma.alfven_speed < plasma.n * coefficient)):
        warn("ion-neutral damping: waves slower than ν_ni carry the neutrals along and are damped less than ν_in/2")
    return 0.5 * coefficient * neutral_density * np.ones_like(k)


def eq15_landau_rate(plasma, R, density, length, slope):
    """Nonlinear Landau damping in balance, eq. 15: (n_CR v_th Ω₀ c/(n_th v_A L_CR))^(1/2) (R/GV)^(−(α−3)/2) [1/s].

    density n_CR [cm⁻³] of cosmic rays, length L_CR [cm] of their gradient, slope α of f ∝ p^(−α): an estimate from a
    known spectrum ("~" in the paper). What a solution really has is `nonlinear_damping_at`.
    """
    drive = positive("density", density) / plasma.n * plasma.thermal_speed / plasma.alfven_speed
    drive = drive * gyrofrequency(plasma.B) * C / positive("length", length)
    return np.sqrt(drive) * positive("R", R) ** (-(finite("slope", slope) - 3) / 2)


def equal_rigidity(rate_1, exponent_1, rate_2, exponent_2):
    """Rigidity [GV] where rate_1 R^(−exponent_1) = rate_2 R^(−exponent_2); above it the smaller exponent wins.

    Rates [1/s] at 1 GV, > 0. For instance eq. 15 (exponent (α−3)/2) against turbulent damping (1/2). ValueError where
    the exponents are equal: the same process wins everywhere.
    """
    difference = finite("exponent_1", exponent_1) - finite("exponent_2", exponent_2)
    if np.any(difference == 0):
        raise ValueError("exponent_1 and exponent_2 must differ, rates with the same exponent never cross")
    return (positive("rate_1", rate_1) / positive("rate_2", rate_2)) ** (1 / difference)


def dominant_damping(rates):
    """Name of the largest rate at every point: {name: Γ array} → array of names, of the arrays' broadcast shape."""
    if not rates:
        raise ValueError("rates must hold at least one damping rate")
    stack = np.broadcast_arrays(*(non_negative(name, rate) for name, rate in rates.items()))
    return np.array(list(rates))[np.argmax(stack, axis=0)]


# --- coefficients of κ_sc ---


def S_from_rate(rate, plasma, R, B_z=None):
    """Linear-damping coefficient S = Γ B²/(4π³ mΩ₀ v_A p³) [cm⁻² s⁻¹ GeV⁻³], κ_sc = S/|∂f/∂z| (eqs. 4, 22).

    rate: Γ at k = 1/r_L(R) [1/s], >= 0; R [GV]. p³ is in (GeV/c)³, so that S Δ³p is a flux of particles: no other
    conversion, because B²/((eB/c) v_A) is a number per area. B_z [G]: vertical part of an inclined field, which carries
    the flux (eq. 22 has B_tot B_z); default the whole field. ValueError for negative rates or B_z beyond B.
    """
    rate, R = non_negative("rate", rate), positive("R", R)
    S = rate * plasma.B / (4 * np.pi**3 * (E / C) * plasma.alfven_speed * R**3)
    if B_z is None:
        return S
    B_z = positive("B_z", B_z)
    if np.any(B_z > plasma.B):
        raise ValueError("B_z must not be larger than the plasma's B")
    return S * (B_z / plasma.B)


def nonlinear_X(plasma, R, rate, m=1.0, kappa_factor=1.0):
    """Coefficient Y of damping Γ = rate (δB/B)^(2m): κ_sc = Y |∂f/∂z|^(−1/(1+m)); X of eq. 10 for m = 1 (Sec. 6.1).

    Derivation: put κ = kappa_factor v²/ν, ν = (π/8) Ω (δB/B)² and k = 1/r_L = Ω/v into growth = damping,
        κ|∂f/∂z| = S(rate) (δB/B)^(2m),  (δB/B)² = kappa_factor · 8 v r_L/(πκ)
        ⇒ Y = [S(rate) (kappa_factor · 8 v r_L/π)^m]^(1/(1+m)).
    With rate = k v_th, m = 1 this is Y² = 2 v v_th B²/(π⁴ mΩ₀ v_A p³), the square of eq. 11.
    rate: damping rate at δB = B [1/s], at k = 1/r_L(R); any dependence ∝ k^q is in it. m >= 0 (m = 0: Y = S).
    Units: Y |∂f/∂z|^(m/(1+m)) is a flux; Y^(1+m) in cm^(2m−2) s^(−1−m) GeV⁻³. ValueError for negative rate or m.
    """
    m, kappa_factor = non_negative("m", m), positive("kappa_factor", kappa_factor)
    reach = kappa_factor * 8 / np.pi * particles.speed(R) * gyroradius(R, plasma.B)
    return S_from_rate(rate, plasma, R) ** (1 / (1 + m)) * reach ** (m / (1 + m))


def landau_rate(plasma, R):
    """Nonlinear Landau damping at δB = B: k v_th [1/s] (paper, Sec. 2.1.2; Lee & Völk 1973, Kulsrud 2005); m = 1."""
    return resonant_wavenumber(R, plasma.B) * plasma.thermal_speed


def landau_X(plasma, R, kappa_factor=1.0):
    """X of eq. 11 for nonlinear Landau damping [s⁻¹ GeV^(−3/2)], κ_sc = X |∂f/∂z|^(−1/2), literal prefactor.

    X = v²/(2π²Ω₀) √(8 v_th Ω₀ B²/(m_p v_A v³ p³)), v the proton speed; X ∝ p^(−3/2) for v = c. kappa_factor 1/3 takes
    κ = v²/(3ν) instead and divides X by √3.
    """
    v, R = particles.speed(R), positive("R", R)
    square = 2 * v * plasma.thermal_speed * plasma.B / (np.pi**4 * (E / C) * plasma.alfven_speed * R**3)
    return np.sqrt(positive("kappa_factor", kappa_factor) * square)


def pressure_anisotropy_rate(plasma, R):
    """Damping by pressure anisotropy at δB = B: (k l_mfp) k v_th [1/s] (Sec. 6.1; Squire et al. 2017); m = 1.

    Only for waves longer than the thermal mean free path, k l_mfp < 1; a ValidityWarning says where it is used beyond.
    """
    depth = resonant_wavenumber(R, plasma.B) * plasma.mean_free_path
    if np.any(depth >= 1):
        warn(
            "pressure-anisotropy damping holds for waves longer than the thermal mean free path only; here k l_mfp "
            f"reaches {np.max(depth):.3g}"
        )
    return depth * landau_rate(plasma, R)


def pressure_anisotropy_X(plasma, R, kappa_factor=1.0):
    """X for pressure-anisotropy damping, landau_X √(k l_mfp) [s⁻¹ GeV^(−3/2)] ∝ p⁻² for v = c; κ_sc as for landau_X."""
    return nonlinear_X(plasma, R, pressure_anisotropy_rate(plasma, R), 1.0, kappa_factor)


# --- the balance itself ---


def kappa_sc(S, X, gradient):
    """κ_sc [cm²/s] of linear and Landau-type (m = 1) damping together: the positive root of |∂f/∂z| κ² − S κ − X² = 0.

    S [cm⁻² s⁻¹ GeV⁻³] and X [s⁻¹ GeV^(−3/2)] >= 0, gradient ∂f/∂z [cm⁻⁴ GeV⁻³] of the protons, any sign. Eq. 4 for
    X = 0, eq. 10 for S = 0; 0 without damping, inf where damping meets no gradient.
    """
    S, X, g = non_negative("S", S), non_negative("X", X), np.abs(finite("gradient", gradient))
    root = S + np.hypot(S, 2 * X * np.sqrt(g))
    limit = np.asarray(np.where((S > 0) | (X > 0), np.inf, 0.0) + np.zeros_like(root))
    return np.divide(root, 2 * g, out=limit, where=np.asarray(g > 0))[()]


def kappa_of_damping(coefficients, gradient):
    """κ_sc [cm²/s] of any dampings together: the root of |∂f/∂z| κ = Σ_m Y_m^(1+m) κ^(−m) (Sec. 6.1).

    coefficients: {m: Y_m} of Γ ∝ (δB/B)^(2m), each alone κ_sc = Y |∂f/∂z|^(−1/(1+m)); Y_0 = S, Y_1 = X, others from
    `nonlinear_X`; units there, gradient [cm⁻⁴ GeV⁻³] of any sign. inf without a gradient, 0 without damping.
    ValueError for m or Y not finite and >= 0, or no coefficient at all.
    """
    if not coefficients:
        raise ValueError("coefficients must hold at least one {m: Y}")
    g = np.abs(finite("gradient", gradient))
    powers = [float(non_negative("m", m)) for m in coefficients]
    Y = np.broadcast_arrays(g, *(non_negative(f"Y of m = {m:g}", y) for m, y in coefficients.items()))[1:]
    with np.errstate(divide="ignore"):
        log_Y, log_g = np.log(np.stack(Y)), np.log(g)
    damped = np.any(log_Y > -np.inf, axis=0)
    some = damped & (g > 0)
    m = np.array(powers).reshape(-1, *[1] * np.ndim(g))
    target = np.where(some, log_g, 0.0)
    log_Y = np.where(some, log_Y, 0.0)
    u = (log_Y - target / (1 + m)).max(axis=0)  # the largest alone is less than all: Newton rises, the left side is convex
    for _ in range(60):
        parts = (1 + m) * log_Y - m * u
        top = parts.max(axis=0)
        share = np.exp(parts - top)
        total = share.sum(axis=0)
        step = (top + np.log(total) - u - target) / (1 + (m * share).sum(axis=0) / total)
        u = u + step
        if np.all(np.abs(step) <= 1e-15 * (1 + np.abs(u))):
            break
    return np.where(some, np.exp(u), np.where(damped, np.inf, 0.0))[()]


def wave_energy(plasma, R, kappa, kappa_factor=1.0):
    """(δB/B)² of the waves that give protons the diffusion coefficient κ [cm²/s]: kappa_factor · 8 v r_L/(πκ)."""
    reach = positive("kappa_factor", kappa_factor) * 8 / np.pi * particles.speed(R) * gyroradius(R, plasma.B)
    return reach / positive("kappa", kappa)


def growth_rate(plasma, R, kappa, gradient):
    """Growth rate of resonant waves by the streaming protons, κ|∂f/∂z| 4π³ mΩ₀ v_A p³/B² [1/s] (Skilling 1971).

    kappa [cm²/s] of the waves themselves, gradient ∂f/∂z [cm⁻⁴ GeV⁻³].
    """
    return positive("kappa", kappa) * np.abs(finite("gradient", gradient)) / S_from_rate(1.0, plasma, R)


def nonlinear_damping_at(plasma, R, rate, kappa, m=1.0, kappa_factor=1.0):
    """Damping rate (δB/B)^(2m) × rate [1/s] of waves that give protons κ [cm²/s]; rate [1/s] at δB = B.

    With rate = landau_rate it is 8 v v_th/(πκ), what eq. 15 estimates.
    """
    return non_negative("rate", rate) * wave_energy(plasma, R, kappa, kappa_factor) ** non_negative("m", m)


def cutoff_rigidity(Q, slope, S, a):
    """p_c of eq. 6, Q(p_c) = S(p_c), as proton rigidity [GV]: (Q/S)^(1/(γ − 3 − a)).

    Q, S > 0 at 1 GV [cm⁻² s⁻¹ GeV⁻³]; Q ∝ p^(−slope), S ∝ p^(−3−a) for Γ ∝ k^a. Protons above are not confined.
    ValueError unless slope > 3 + a: else S falls at least as fast as Q and there is no upper cutoff.
    """
    exponent = finite("slope", slope) - 3 - finite("a", a)
    if np.any(exponent <= 0):
        raise ValueError("slope must be larger than 3 + a: S falls as fast as Q or faster, there is no upper cutoff")
    return (positive("Q", Q) / positive("S", S)) ** (1 / exponent)


def effective_speed(Q, S, alfven_speed, cap=None):
    """Effective streaming speed, eq. 8: v_A Q/(Q − S) [cm/s]; `cap` (c, or give β c) if larger or if S >= Q."""
    Q, v_A, cap = positive("Q", Q), positive("alfven_speed", alfven_speed), C if cap is None else positive("cap", cap)
    carried = 1 - non_negative("S", S) / Q
    return np.where(carried * cap > v_A, v_A / np.maximum(carried, v_A / cap), cap)[()]
