"""Boron with losses, which the paper leaves out of Fig. 5: B/C down to 10 MeV per nucleon, and App. C's regime p^(γ−3)."""

import numpy as np

from problems.boron_losses.exact import eq_c4_slope
from problems.plates import (
    FORMULA,
    FULL,
    circles,
    formula_agrees,
    letters,
    measured,
    plain,
    points,
    steady,
    without_data,
)
from problems.two_phase.models import Formulas, eq2, galaxy
from solver import load
from solver.figures import draw
from solver.particles import rigidity_from_kinetic_energy_per_nucleon
from solver.reproduction.plate import Gap, Plate, at, steep

WRONG, PURE = "#CC79A7", "#009E73"
ENERGIES = (0.01, 0.1, 1.0)  # GeV per nucleon


def boron(runs, data):
    """Boron with losses: B/C from 10 MeV/n up, with the loss-dominated regime of App. C."""
    fine = {"grid.rigidity_cells": 210}  # 30 per decade: boron turns over within a factor of two
    full = runs.solve(galaxy(changes=fine), estimate_error=True)
    approximate = runs.solve(eq2(galaxy(changes=fine), "flux"))
    wrong = runs.solve(galaxy(changes=fine | {"disc.losses": "catastrophic"}))
    pure = runs.solve(steady(load("boron_losses")))
    pure_wrong = runs.solve(steady(load("boron_losses"), {"disc.losses": "catastrophic"}))
    R, sets = full.model.grid.R, measured(data)
    gamma = float(full.model.slope[full.model.names.index("carbon")])
    lossless = runs.solve(eq2(galaxy(changes=fine)))
    no_losses, paper = ratio(lossless), Formulas(lossless).boron_to_carbon()
    ours, eq1_form, halfway = ratio(full), ratio(wrong), ratio(approximate)
    error = full.dataset.boron_to_carbon_error.values
    carbon = full.model.species[full.model.names.index("carbon")]
    marks = {T: float(rigidity_from_kinetic_energy_per_nucleon(T, carbon)) for T in ENERGIES}
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 7.0))
        top, low = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1.5))
        points(top, sets, ("ams_b_to_c",))
        top.plot(R, no_losses, color="0.55", ls="-.", lw=1.2, label="eqs. 30 and 31, no losses")
        top.plot(R, paper, **FORMULA, label="the same where the paper shows it")
        top.plot(R, eq1_form, color=WRONG, lw=1.6, ls="--", label="losses as in eq. 1")
        top.plot(R, halfway, **circles(R), label="eq. 2 with losses as a flux")
        top.plot(R, ours, **FULL, label="full equation")
        top.fill_between(R, ours - error, ours + error, color=FULL["color"], alpha=0.25, lw=0)
        guide = R[(R > 0.13) & (R < 0.7)]
        level = 0.5 * at(R, ours, 0.3)
        top.plot(guide, level * (guide / 0.3) ** eq_c4_slope(gamma), color="0.35", lw=1.0)
        top.text(0.115, 1.5 * level, rf"$p^{{\gamma-3}} = p^{{{eq_c4_slope(gamma):.2g}}}$", color="0.35", va="bottom")
        top.set(yscale="log", ylim=(1.5e-3, 0.9), ylabel="B/C")
        plain(top)
        top.legend(loc="lower right", fontsize=10, bbox_to_anchor=(0.93, 0.0))
        low.axhline(eq_c4_slope(gamma), color="0.35", lw=1.0)
        low.text(40, eq_c4_slope(gamma) + 0.08, r"$\gamma-3$", color="0.35")
        for y, style in ((eq1_form, {"color": WRONG, "ls": "--", "lw": 1.6}), (ours, FULL)):
            low.plot(R, slope(R, y), **style)
        low.plot(
            pure.model.grid.R,
            slope(pure.model.grid.R, ratio(pure)),
            color=PURE,
            lw=1.5,
            ls=(0, (4, 1.5)),
            label="App. C alone: no diffusion, no adiabatic losses",
        )
        low.set(ylabel=r"$d\ln({\rm B/C})/d\ln R$", ylim=(-0.9, 4.3))
        low.legend(loc="upper right", fontsize=9.5, bbox_to_anchor=(0.93, 1.0))
        for ax in (top, low):
            for x in marks.values():
                ax.axvline(x, color="0.8", lw=0.8, ls=":", zorder=0)
            draw.logarithmic(ax, "R", R)
            ax.set_xlim(0.1, 3e3)
        top.set_xlabel("")
        draw.energy_axis(top, full.dataset, "carbon")
        letters((top, low), y=0.96)

    h = full.model.half_thickness
    s = full.model.names.index("carbon")

    def carbon_share(result):
        model = result.model
        return result.dataset.f.sel(species="carbon").values[0][0] / (model.Q[s][0] * model.loss_time[s][0] / h)

    inner = 0.2
    gaps = (
        *(
            Gap(
                f"B/C at {1e3 * T:g} MeV/n",
                at(R, no_losses, x),
                at(R, halfway, x),
                at(R, ours, x),
                "",
                "formula: no losses; both others have ionisation as a flux",
            )
            for T, x in marks.items()
        ),
        *(
            Gap(
                f"B/C at {1e3 * T:g} MeV/n with losses as in eq. 1",
                None,
                None,
                at(R, eq1_form, x),
                "",
                "takes particles away instead of slowing them down",
            )
            for T, x in list(marks.items())[:2]
        ),
        Gap(
            f"slope of B/C at {inner:g} GV",
            eq_c4_slope(gamma),
            steep(R, halfway, inner, 1.5),
            steep(R, ours, inner, 1.5),
            "",
            "eq. C4: γ − 3 where losses dominate",
        ),
        Gap(
            f"slope of B/C at {inner:g} GV, App. C alone",
            eq_c4_slope(gamma),
            steep(pure.model.grid.R, ratio(pure), inner, 1.5),
            None,
            "",
            "carbon ∝ p^(3−γ) under a constant f_B",
        ),
        Gap(
            "slope of B/C at 0.02 GV, App. C alone, losses as in eq. 1",
            4.0,
            steep(pure_wrong.model.grid.R, ratio(pure_wrong), 0.02, 1.5),
            None,
            "",
            "the p^(7−γ) that App. C shows to be no solution",
        ),
        Gap(
            f"carbon at {R[0]:g} GV over Q τ_loss/h",
            1.0,
            carbon_share(approximate),
            carbon_share(full),
            "",
            f"as a flux 1/(γ − 3) = {1 / (gamma - 3):.2f} where losses dominate: what arrives has been slowed down",
        ),
        Gap(
            "highest B/C",
            float(np.nanmax(no_losses)),
            float(np.nanmax(halfway)),
            float(np.nanmax(ours)),
            "",
            "the peak near 1 GeV/n",
        ),
        Gap(
            "rigidity of the highest B/C",
            float(R[np.nanargmax(no_losses)]),
            float(R[np.nanargmax(halfway)]),
            float(R[np.nanargmax(ours)]),
            "GV",
            "losses, not escape, bend B/C down below",
        ),
    )
    caption = f"""
        B/C of the fiducial Galaxy with losses, down to below 10 MeV/n (dotted: 10 MeV/n, 100 MeV/n, 1 GeV/n). (a)
        Grey and dashed: the paper's formulas, which have no losses; circles: eq. 2 with ionisation as a flux in
        momentum for all nuclei; blue: full equation; pink: losses as eq. 1 has them. (b) Local slopes: with losses as
        a flux boron's f becomes constant and B/C tends to p^(γ−3) (App. C); as in eq. 1 it would steepen to p^4.
        Green: App. C's own case. Voyager's B/C is not among the measurements at hand.{without_data(data)}"""
    return Plate(
        fig,
        boron.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            formula_agrees("App. C by quadrature, carbon and boron", pure),
            formula_agrees("App. C, losses as in eq. 1", pure_wrong),
        ),
        {
            "no losses": (R, no_losses),
            "eq. 2, flux": (R, halfway),
            "full": (R, ours),
            "full, error": (R, error),
            "as in eq. 1": (R, eq1_form),
            "App. C alone": (pure.model.grid.R, ratio(pure)),
        },
    )


def ratio(result):
    return result.dataset.boron_to_carbon.values


def slope(R, y):
    """Local slope; nan where y is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.gradient(np.log(np.where(y > 0, y, np.nan)), np.log(R))


FIGURES = {"boron": boron}
