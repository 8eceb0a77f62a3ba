"""Fig. 1: the spectrum of self-confined protons under linear damping, and the speed at which they leave (eqs. 5-9)."""

import numpy as np

from problems.linear_damping.exact import confined_spectrum, loss_factor
from problems.plates import FORMULA, FULL, LABELS, circles, clip, disc, formula_agrees, letters, numerical_error, steady
from problems.tools import bottom
from solver import load
from solver.constants import C
from solver.figures import draw
from solver.particles import PROTON, kinetic_energy
from solver.particles import speed as speed_of
from solver.reproduction.plate import Gap, Plate, at

KM = 1e5


def fig1(runs, data):
    """Linear damping: Alfvénic streaming up to a cutoff, the speed of light beyond (Fig. 1)."""
    base = load("linear_damping")
    approximate = runs.solve(steady(base))
    lossy = runs.solve(steady(base, {"disc.losses": "catastrophic"}))
    full = runs.solve(steady(base, {"physics.adiabatic": True, "disc.losses": "flux"}), estimate_error=True)
    streaming = runs.solve(steady(base, {"physics.adiabatic": True}))
    model = approximate.model
    R, Q, S, v, alpha = model.grid.R, model.Q[0], bottom(model.S), float(bottom(model.v)), float(model.slope[0])
    f = confined_spectrum(Q, S, v)
    speed = eq8(R, Q, f)
    p_c = falls_to(R, Q / S, 1.0)
    fine = np.unique(np.append(np.geomspace(R[0], R[-1], 400), p_c * (1 - np.geomspace(0.5, 1e-4, 40))))
    Q_fine, S_fine = (np.exp(np.interp(np.log(fine), np.log(R), np.log(y))) for y in (Q, S))  # both are power laws
    curve = confined_spectrum(Q_fine, S_fine, v)
    f_solved, f_full, f_lossy, f_streaming = (disc(each) for each in (approximate, full, lossy, streaming))

    with draw.styled():
        fig = draw.figure(figsize=(5.8, 7.4))
        panels = fig.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.4))
        top, middle, low = panels
        weight = R**alpha
        top.plot(R, weight * Q / v, color="#009E73", ls="--", lw=1.6, label="$Q/v_A$ (eq. 7)")
        top.plot(fine, fine**alpha * clip(curve, 0), **FORMULA, label="$(Q-S)/v_A$ (eq. 5)")
        top.plot(R, weight * f_solved, **circles(R), label=LABELS["solved"])
        top.plot(R, weight * f_full, **FULL, label=LABELS["full"])
        top.set(ylabel=rf"$R^{{{alpha:g}}}\,f(0)$  [cm$^{{-3}}$ GeV$^{{-3}}$ GV$^{{{alpha:g}}}$]")
        draw.decades(top, span=5)
        top.axvline(p_c, color="0.6", lw=0.9, ls=":")
        top.legend(loc="lower left")
        middle.plot(fine, eq8(fine, Q_fine, curve) / KM, **FORMULA, label="eq. 8, at most $v_p$")
        middle.plot(R, Q / f_solved / KM, **circles(R), label=LABELS["solved"])
        middle.plot(R, Q / f_full / KM, **FULL, label=LABELS["full"])
        middle.axhline(v / KM, color="0.6", lw=0.9, ls=":")
        middle.axvline(p_c, color="0.6", lw=0.9, ls=":")
        middle.set(ylabel="$Q/f(0)$  [km s$^{-1}$]")
        middle.set_yscale("log")
        middle.set_ylim(0.4 * v / KM, 6e5)
        middle.text(R[-1] / 1.3, 1.12 * v / KM, "$v_A$", ha="right", va="bottom", color="0.4")
        middle.text(1.15 * p_c, 0.5 * v / KM, rf"$p_c$ = {p_c:.0f} GV", color="0.4")
        middle.legend(loc="upper left", bbox_to_anchor=(0.0, 0.9))
        low.plot(R, f_full / (Q / v), **FULL)
        low.plot(fine, clip(curve / (Q_fine / v), 0), **FORMULA)
        low.plot(R, f_solved / (Q / v), **circles(R))
        low.plot(
            R,
            3 / alpha * loss_factor(v * alpha / 3, model_sink(full)),
            color="#CC79A7",
            lw=1.2,
            ls="-.",
            label=r"$3/\alpha$ with eq. 9's factor",
        )
        low.axhline(3 / alpha, color="0.6", lw=0.9, ls=":")
        low.text(R[-1] / 1.3, 3 / alpha + 0.03, r"$3/\alpha$", ha="right", color="0.4")
        low.set(ylabel=r"$f(0)\,v_A/Q$", ylim=(0, 1.12))
        low.legend(loc="center right", bbox_to_anchor=(1.0, 0.3))
        for ax in panels:
            draw.logarithmic(ax, "R", R)
            ax.set_xlabel("")
        low.set_xlabel("$R$ [GV]")
        draw.energy_axis(top, full.dataset, "proton")
        letters(panels)

    sink = lossy.model.disc_speed[0]
    slow = kinetic_energy(R[0], PROTON)
    half = [
        falls_to(R, y, 0.5 * at(R, y, 10.0))
        for y in (np.maximum(f, 1e-60) * v / Q, f_solved * v / Q, f_streaming * v / Q)
    ]
    gaps = (
        Gap(
            "f(0) v_A/Q at 10 GV",
            at(R, f * v / Q, 10.0),
            at(R, f_solved * v / Q, 10.0),
            at(R, f_full * v / Q, 10.0),
            why=f"adiabatic losses to the waves: 3/α = {3 / alpha:.3f} (footnote 2), for which eq. 2 has 1",
        ),
        Gap(
            "effective speed at 10 GV",
            at(R, speed, 10.0) / KM,
            at(R, Q / f_solved, 10.0) / KM,
            at(R, Q / f_full, 10.0) / KM,
            "km/s",
            "the same factor",
        ),
        Gap(
            "rigidity at which f v_A/Q has halved",
            *half,
            "GV",
            f"p_c = {p_c:.0f} GV divided by 2^(1/0.8); near the cutoff f is steeper, so adiabatic losses take more",
        ),
        Gap(
            "effective speed at 10^4 GV over c",
            at(R, speed, 1e4) / C,
            at(R, Q / f_solved, 1e4) / C,
            at(R, Q / f_full, 1e4) / C,
            "",
            "the causal limit κ ≤ β c z_max stands for free escape",
        ),
        Gap(
            f"losses: f(0) v_A/Q at {1e3 * slow:.2g} MeV",
            float(f[0] * v / Q[0] * loss_factor(v, sink[0])),
            float(f_lossy[0] * v / Q[0]),
            float(f_full[0] * v / Q[0]),
            "",
            "eq. 9 takes particles away; as a flux, losses bring others down from higher energies",
        ),
    )
    above = 0.5 * p_c > R
    caption = f"""
        Protons confined by their own waves, which Γ ∝ k^(1/2), 1e-11 per s at 1 GV, damps; one supernova per century, 1e50 erg
        in cosmic rays, Q ∝ p^-{alpha:g}, B = 1 µG, n = 0.001 per cm³ (v_A = {v / KM:.1f} km/s). (a) Spectrum at the disc.
        Dashed black: eq. 5; circles: this solver with eq. 2's approximation, κ at most β c z_max; blue: the full equation with
        adiabatic losses and ionisation as a flux in momentum. (b) Effective speed, eq. 8. (c) The same over Q/v_A. Below
        p_c/2 eq. 5 and the solver differ by at most {np.max(np.abs(f_solved / f - 1)[above]):.1g}. Numerical error of the blue
        curve (two grids): {numerical_error(full)}."""
    return Plate(
        fig,
        fig1.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            formula_agrees("eq. 5 with the causal limit, in closed form", approximate),
            formula_agrees("the same with eq. 9's losses", lossy),
        ),
        {
            "Q/v_A": (R, Q / v),
            "eq. 5": (R, f),
            "eq. 2 solved": (R, f_solved),
            "full": (R, f_full),
            "eq. 8 [km/s]": (R, speed / KM),
            "full speed [km/s]": (R, Q / f_full / KM),
        },
    )


def eq8(R, Q, f):
    """Q/f, at most the speed of the protons, which is what they have where eq. 5 gives no f (eq. 8, caption of Fig. 1)."""
    with np.errstate(divide="ignore"):
        return np.minimum(np.where(f > 0, Q / np.maximum(f, 0), np.inf), speed_of(R))


def model_sink(result):
    """h/τ_loss of the protons (R,) [cm/s]."""
    return np.asarray(result.model.disc_speed[0])


def falls_to(R, y, value):
    """Rigidity at which a falling curve passes `value`, log-log."""
    k = int(np.flatnonzero(y > value)[-1])
    x, s = np.log(R[k : k + 2]), np.log(y[k : k + 2])
    return float(np.exp(np.interp(-np.log(value), -s, x)))


FIGURES = {"fig1": fig1}
