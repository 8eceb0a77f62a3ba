"""Sec. 2.1.2: nonlinear Landau damping in one phase (rows 13 to 21, eqs. 10-16)."""

import numpy as np

from problems.nonlinear_landau import exact as nlld
from solver.constants import KPC
from solver.particles import PROTON
from solver.physics import self_confinement as sc

from .checks import about, algebra, between, exponent, show
from .registry import claim
from .section2_linear import ADIABATIC, FAST, FULL
from .setting import Spectrum, disc_spectrum, of_species, slope_of

WIDE = {**FULL, "grid.rigidity_max": "1e7 GV", "grid.rigidity_cells": 128}
R_TOP = 10 * KPC  # r of Sec. 2.1.2


def _hot(s, R, slope=4.2):
    """(Q, v_A, X) of the hot halo with another injection slope."""
    plasma = s.plasma("nonlinear_landau")
    return s.source("nonlinear_landau", R, slope), plasma.alfven_speed, s.X(plasma, R)


@claim(13, "Sec. 2.1.2, eq. 14", "E", "NLLD with f(r) = 0: f = (Q/v_A)(r − z)/(r − z + X²/(Q v_A))")
def landau_profile(s):
    R = np.geomspace(0.1, 1e4, 30)
    Q, v, X = _hot(s, R, 4.3)
    printed = nlld.eq14_as_printed(Q, v, X, R_TOP / 4, R_TOP)
    yield algebra(
        "as printed over as rearranged", 1, float((printed / nlld.landau_profile(Q, v, X, 0.75 * R_TOP)).mean())
    )
    yield algebra("f(r) v_A/Q", 0, float(np.abs(nlld.eq14_as_printed(Q, v, X, R_TOP, R_TOP) * v / Q).max()))
    eq2, full = disc_spectrum(s.solve("nonlinear_landau")), disc_spectrum(s.solve("nonlinear_landau", FULL))
    exact = nlld.landau_profile(*_hot(s, eq2.R, 4.3), R_TOP)
    yield algebra("solver under eq. 2 over eq. 14, farthest from 1", 1, _farthest(eq2.values / exact))
    for at in (1.0, 30.0, 1e4):
        yield algebra(
            f"f(0) over eq. 14 at {show(at)} GV",
            1,
            full=float(full(at) / nlld.landau_profile(*_hot(s, at, 4.3), R_TOP)),
        )
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


@claim(
    17, "Sec. 2.1.2", "E", "With a fixed measured spectrum: τ_esc ∝ p^0.75 for f ∝ p^−4.5, p^0.85 for p^−4.7", note="a"
)
def landau_measured(s):
    plasma = s.plasma("nonlinear_landau")
    for alpha in (4.5, 4.7):
        kappa = slope_of(lambda R, a=alpha: sc.kappa_sc(0.0, s.X(plasma, R), 1e-30 * R**-a), FAST)
        printed = (alpha - 3) / 2
        yield exponent(f"τ_esc = r²/κ, α = {alpha}", printed, -kappa, printed=True)
        yield exponent(f"κ, α = {alpha}", printed, kappa)
    yield "The printed positive powers are κ's, (α − 3)/2; the escape time falls with them."


@claim(18, "eq. 15", "E", "NLLD rate Γ falls with the power (α − 3)/2 of R: R^−0.85 for α = 4.7")
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
    rates = {
        "landau": sc.power_law_rate(1e-10, 1.0, 0.85, 2 * at),
        "turbulent": sc.power_law_rate(1e-11, 1.0, 0.5, 2 * at),
    }
    yield exponent(
        "d ln Γ_lin/d ln R",
        -0.5,
        turbulent,
        float(Spectrum(R, waves.damping_rate.values[names.index("rate"), 0]).slope(30.0)),
    )
    wins = float(sc.dominant_damping(rates) == "turbulent")
    yield algebra("linear damping is the stronger at the highest R", 1, wins, linear, text="yes")
    yield between(
        "rigidity of equal rates",
        1,
        None,
        float(at),
        float(R[np.argmax(strongest == names.index("rate"))]),
        text="exists",
        unit="GV",
    )


@claim(20, "eqs. 10, 11", "E", "κ_sc = X |∂f/∂z|^−1/2, with X² ∝ p^−3 for v = c")
def landau_kappa(s):
    plasma = s.plasma("nonlinear_landau")
    yield exponent("d ln κ/d ln|∂f/∂z|", -0.5, slope_of(lambda g: sc.kappa_sc(0.0, 1e10, g), 1e-30))
    yield exponent(
        "d ln X²/d ln p",
        -3,
        slope_of(lambda R: s.X(plasma, R) ** 2, FAST),
        float(2 * Spectrum(*_first_X(s)).slope(1e3)),
    )
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
    yield algebra(
        "eq. 16 over the exact quadratic, farthest from 1",
        1,
        _farthest(approximate / exact),
        rel=0.01,
        text="1, to a very good approximation",
    )
    full = disc_spectrum(s.solve("nonlinear_landau", {**FULL, "disc.losses": "flux"}))
    for at in (0.2, 1.0, 1e3):
        formula = nlld.eq16(*_hot(s, at, 4.3), R_TOP, s.sink("nonlinear_landau", at, PROTON))
        yield algebra(f"f(0) over eq. 16 at {show(at)} GV", 1, full=float(full(at) / formula))
    yield ADIABATIC + " Losses as a flux in momentum differ from eq. 1's sink as well."
