"""Self-excited Alfvén waves: growth by streaming protons against linear and nonlinear damping (paper, Secs. 2.1, 6.1).

One balance makes everything here. Protons of rigidity R amplify the waves they resonate with, k = eB/(pc) = 1/r_L, at
the rate Γ_g = 4π³ (mΩ₀) v_A p³ κ|∂f/∂z|/B² (Skilling 1971; mΩ₀ = eB/c; this is eq. 22 read backwards), and those waves
scatter at ν = (π/8) Ω (δB/B)², κ = v²/ν, so (δB/B)² = 8 v r_L/(πκ) (the pair that turns Γ = k v_th (δB/B)² into the
literal eq. 11; with κ = v²/(3ν), `kappa_factor = 1/3`, X would be √3 smaller).  Γ_g = Γ_damp(κ) gives
    Γ_damp = Γ            κ = S/|∂f/∂z|              S = Γ B²/(4π³ mΩ₀ v_A p³)        eq. 4
    Γ_damp = G (δB/B)²ᵐ   κ = Y |∂f/∂z|^(−1/(1+m))   Y^(1+m) = S(G) (8 v r_L/π)^m     eqs. 10, 11: m = 1, Y = X
and damping rates of the same waves add: |∂f/∂z| κ = Σ S_i + Σ Y_j^(1+m_j) κ^(−m_j).

f is the protons', per d³p with p = R in GeV/c; v is the protons' speed. All arguments broadcast (see solver.physics).
"""

import numpy as np

from solver import particles
from solver.constants import PROTON_MASS, STATVOLT_PER_GV, C, E
from solver.physics.validity import non_negative, positive


def gyrofrequency(B):
    """Non-relativistic proton gyrofrequency Ω₀ = eB/(m_p c) [1/s]; B [G] > 0."""
    return E * positive("B", B) / (PROTON_MASS * C)


def gyroradius(R, B):
    """r_L = pc/(ZeB) = R/B [cm]; R [GV] > 0, B [G] > 0. The same for every nucleus at equal rigidity."""
    return positive("R", R) * STATVOLT_PER_GV / positive("B", B)


def resonant_wavenumber(R, B):
    """k = 1/r_L = eB/(pc) [1/cm], no factor of the pitch angle."""
    return 1 / gyroradius(R, B)


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
    return (S_from_rate(rate, plasma, R) * reach**m) ** (1 / (1 + m))


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
