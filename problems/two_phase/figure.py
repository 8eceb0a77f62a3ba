"""Figs. 5 and 6: boron to carbon and protons of the two-phase Galaxy, of its variations and of other pictures."""

import numpy as np

from problems.plates import (
    FORMULA,
    FULL,
    LABELS,
    circles,
    formula_agrees,
    letters,
    measured,
    numerical_error,
    plain,
    points,
    steady,
    without_data,
)  # fmt: skip
from problems.two_phase.models import VARIATIONS, Formulas, eq2, galaxy, halo_only
from problems.two_phase.numbers import above_1_gev, eq1_losses, fig5_gaps, fig6_gaps
from problems.two_phase.observed import escape, transport
from problems.two_phase.tuning import sensitivities, tuning, tuning_protons
from solver import load, observables
from solver.figures import draw
from solver.reproduction.plate import Agreement, Gap, Plate, at, worst

BLACK = {"fiducial": "-", "n_w/3": (0, (6, 2)), "2 T_w": (0, (6, 2, 1, 2)), "n_w/3, 2 T_w": (0, (1.2, 1.5))}
NAMES = {"fiducial": "fiducial", "n_w/3": r"$n_w/3$", "2 T_w": r"$2\,T_w$", "n_w/3, 2 T_w": r"$n_w/3$, $2\,T_w$"}
GREEN, BLUE, RED = "#009E73", "#0072B2", "#D55E00"
SHOWN = (2.0, 4e3)  # GV of Fig. 5


def fig4(runs, data):
    """The layers of the two-phase Galaxy, drawn from its deck (Fig. 4)."""
    from solver.figures.layers import layers

    deck = load("two_phase")
    details = runs.coefficients(deck).microphysics
    faces = {name: int(np.argmax(details.z_face.values > bottom)) for name, bottom in (("warm", 0.0), ("halo", 0.5))}
    gaps = []
    for name, face in faces.items():
        gaps += [
            Gap(
                f"β, {name}",
                float(details.plasma_beta[face]),
                None,
                None,
                "",
                "8π n k T/B²; the paper says ≈ 0.2 and ≈ 30",
            ),
            Gap(f"v_A, {name}", float(details.alfven_speed[face]) / 1e5, None, None, "km/s", "B/√(4π n m_p)"),
        ]
    caption = """
        Drawn from the deck, as `crstream show two_phase --draw FILE` does: cosmic rays enter and are lost in the disc, wander
        through the turbulent warm medium and stream through the halo on waves they make themselves. Heights are not to scale;
        the other side of the disc is the same."""
    return Plate(layers(deck), fig4.__doc__.splitlines()[0], caption, tuple(gaps))


def fig5(runs, data):
    """Boron to carbon of the fiducial two-phase Galaxy (Fig. 5)."""
    full = runs.solve(galaxy(), estimate_error=True)
    approximate = runs.solve(eq2(galaxy()))
    lossless = runs.solve(galaxy(changes={"disc.losses": "none"}))
    formulas, sets = Formulas(approximate), measured(data)
    R = full.model.grid.R
    paper = formulas.boron_to_carbon()
    solved, ratio, no_losses = (each.dataset.boron_to_carbon.values for each in (approximate, full, lossless))
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 6.2))
        top, low = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        points(top, sets, ("ams_b_to_c",))
        top.plot(
            R, formulas.boron_to_carbon("warm"), color="0.5", ls=":", lw=1.6, label="warm layer, eq. 31, first term"
        )
        top.plot(R, formulas.boron_to_carbon("halo"), color="0.5", ls="-.", lw=1.3, label="halo, eq. 30")
        top.plot(R, paper, **FORMULA, label="eqs. 30 and 31")
        top.plot(R, solved, **circles(R, 3), label=LABELS["solved"])
        top.plot(R, ratio, **FULL, label=LABELS["full"])
        error = full.dataset.boron_to_carbon_error.values
        top.fill_between(R, ratio - error, ratio + error, color=FULL["color"], alpha=0.25, lw=0)
        top.set(yscale="log", ylim=(0.014, 1.3), ylabel="B/C")
        plain(top)
        top.legend(loc="upper right", fontsize=10, ncols=2, bbox_to_anchor=(0.95, 1.0))
        low.axhline(0, color="0.6", lw=0.8)
        if "ams_b_to_c" in sets:
            from solver.measurements import at_points
            from solver.measurements.curves import Spectrum

            m = sets["ams_b_to_c"]
            for y, mark, colour, name in ((paper, "o", "k", "eqs. 30, 31"), (ratio, "s", FULL["color"], "full")):
                model = at_points(Spectrum(R, y), m)
                low.errorbar(
                    m.x,
                    m.value / model - 1,
                    yerr=m.error() / model,
                    ls="",
                    marker=mark,
                    ms=2.6,
                    lw=0.8,
                    color=colour,
                    mfc=colour,
                    label=f"data/({name}) − 1",
                    capsize=0,
                )
            low.set(ylabel="residual", ylim=(-0.75, 0.85))
            low.legend(loc="lower left", fontsize=9, ncols=2)
        else:
            low.plot(R, ratio / paper - 1, **FULL, label="full over eqs. 30, 31, −1")
            low.set(ylabel="difference")
            low.legend(loc="best", fontsize=9)
        for ax in (top, low):
            draw.logarithmic(ax, "R", R)
            ax.set_xlim(*SHOWN)
        top.set_xlabel("")
        draw.energy_axis(top, full.dataset, "carbon")
        letters((top, low), y=0.95)

    fast = above_1_gev(full)
    gaps = fig5_gaps(full, approximate, lossless, formulas, sets)
    caption = f"""
        B/C at equal rigidity, ratio of intensities, for the fiducial parameters of Sec. 4.2 and energies above 1 GeV/n, where
        the paper compares. (a) Dashed: eqs. 30 and 31; grey: their two terms; circles: this solver with eq. 2's approximation;
        blue: full equation, with adiabatic and ionisation losses as fluxes for all nuclei, its band the numerical error of
        two grids ({numerical_error(full)}). (b) Data over model.{without_data(data)}"""
    return Plate(
        fig,
        fig5.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            formula_agrees("eqs. 14, 30, 31, all species and heights", approximate),
            Agreement(
                "B/C of eqs. 30 and 31 against eq. 2 solved",
                worst(solved, paper, fast),
                2e-8,
                "the nonlinear solver, for boron and for carbon",
            ),
        ),
        {
            "eqs. 30, 31": (R, paper),
            "warm": (R, formulas.boron_to_carbon("warm")),
            "halo": (R, formulas.boron_to_carbon("halo")),
            "eq. 2 solved": (R, solved),
            "full": (R, ratio),
            "full, error": (R, error),
            "full, no losses": (R, no_losses),
        },
    )


def fig6(runs, data):
    """Boron to carbon and protons for other parameters and other pictures of the Galaxy (Fig. 6)."""
    sets, weight = measured(data), 2.7
    results = {name: runs.solve(galaxy(name)) for name in VARIATIONS}
    lossy = {name: runs.solve(eq2(galaxy(name), "catastrophic")) for name in VARIATIONS}
    formulas = {name: Formulas(result) for name, result in lossy.items()}
    everywhere = runs.solve(steady(load("turbulent_galaxy")))
    everywhere_eq2 = runs.solve(steady(load("turbulent_galaxy"), {"disc.losses": "none"}))
    alone = runs.solve(halo_only(galaxy()))
    R = results["fiducial"].model.grid.R
    injected = formulas["fiducial"].dataset.Q.sel(species="proton").values
    injected = observables.intensity(injected, R, 1, results["fiducial"].model.beta[0])
    curves = {}
    with draw.styled():
        fig = draw.figure(figsize=(11.4, 7.8))
        grid = fig.subplots(2, 2, sharex=True, sharey="row")
        (ratio_left, ratio_right), (left, right) = grid
        for ax in (ratio_left, ratio_right):
            points(ax, sets, ("ams_b_to_c",))
        for ax in (left, right):
            points(ax, sets, ("voyager_protons", "ams_protons"), weight)
        for name, ls in BLACK.items():
            theirs, ours = formulas[name], results[name].dataset
            style = {"color": "k", "ls": ls, "lw": 1.5}
            J = ours.J.sel(species="proton").values
            ratio_left.plot(R, theirs.boron_to_carbon(), **style)
            ratio_right.plot(R, ours.boron_to_carbon, **style, label=NAMES[name])
            left.plot(R, R**weight * theirs.protons(), **style)
            right.plot(R, R**weight * J, **style, label=NAMES[name])
            curves |= {
                f"B/C, formulas, {name}": (R, theirs.boron_to_carbon()),
                f"B/C, full, {name}": (R, ours.boron_to_carbon.values),
                f"J, formulas, {name}": (R, theirs.protons()),
                f"J, full, {name}": (R, J),
            }
        green = {"color": GREEN, "lw": 1.6}
        fast = above_1_gev(results["fiducial"])
        flat = everywhere_eq2.dataset.boron_to_carbon.values
        ratio_left.plot(R[fast], flat[fast], **green)
        ratio_right.plot(
            everywhere.dataset.rigidity, everywhere.dataset.boron_to_carbon, **green, label="turbulence everywhere"
        )
        theirs = eq1_losses(everywhere_eq2, everywhere.model.disc_speed[0])
        left.plot(R, R**weight * theirs, **green)
        right.plot(R, R**weight * everywhere.dataset.J.sel(species="proton"), **green, label="turbulence everywhere")
        blue = {"color": BLUE, "ls": "--", "lw": 1.6}
        ratio_left.plot(R, formulas["fiducial"].boron_to_carbon("halo"), **blue)
        ratio_right.plot(R, alone.dataset.boron_to_carbon, **blue, label="halo alone")
        left.plot(R, R**weight * formulas["fiducial"].protons("halo"), **blue)
        right.plot(R, R**weight * alone.dataset.J.sel(species="proton"), **blue, label="halo alone")
        for ax, J in ((left, formulas["fiducial"].protons()), (right, results["fiducial"].dataset.J.values[0])):
            ax.plot(
                R,
                R**weight * injected * at(R, J, 10.0) / at(R, injected, 10.0),
                color=RED,
                ls=":",
                lw=1.4,
                label="injected, scaled" if ax is right else None,
            )
        for ax in (ratio_left, ratio_right):
            ax.set(yscale="log", ylim=(0.01, 1.0))
        for ax in (left, right):
            ax.set(yscale="log", ylim=(2e2, 1e5))
        for ax in grid.flat:
            draw.logarithmic(ax, "R", R)
            ax.set_xlim(0.1, 1e5)
        for ax in (ratio_left, ratio_right):
            ax.set_xlabel("")
            draw.energy_axis(ax, results["fiducial"].dataset, "carbon")
        ratio_left.set_ylabel("B/C")
        left.set_ylabel(draw.weighted_label(weight))
        draw.note(ratio_left, 0.3, 0.06, "the paper's formulas", fontsize=11)
        draw.note(ratio_right, 0.3, 0.06, "full equation", fontsize=11)
        draw.note(left, 0.3, 0.06, "the paper's formulas", fontsize=11)
        draw.note(right, 0.3, 0.06, "full equation", fontsize=11)
        handles, labels = right.get_legend_handles_labels()
        named = {m.label for m in sets.values() if m.experiment.startswith("AMS")}
        together = ", ".join(sorted(named)).replace(", AMS-02", ",") if named else ""
        draw.outside_legend(fig, right, handles, [together if label in named else label for label in labels])
        letters(grid.flat, y=0.95)

    gaps = fig6_gaps(results, lossy, formulas, everywhere, everywhere_eq2, alone, injected, sets)
    caption = f"""
        Left the paper's formulas (eqs. 30, 31 and, for protons, 33), right the full equation with adiabatic and ionisation
        losses for all nuclei. Black: the two-phase Galaxy; the paper gives n_w/3 and otherwise only says that n and T of the
        warm medium differ, so the other two are choices (turbulence at the outer scale as it was). Green: fast modes
        everywhere, the plasmas of Fig. 3, halo of 5 kpc, no self-confinement; blue dashed: the self-confined halo alone. Red
        dotted: the injected spectrum, scaled to meet the fiducial one at 10 GV. B/C formulas end at 1 GeV/n, where the paper's
        do; the full equation goes on.{without_data(data)}"""
    return Plate(
        fig,
        fig6.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            *(formula_agrees(f"eqs. 14, 30, 31 with eq. 1's losses, {name}", lossy[name]) for name in VARIATIONS),
            formula_agrees("turbulence everywhere, eq. 23", everywhere_eq2),
            formula_agrees("turbulence everywhere, losses as a flux", everywhere),
        ),
        curves
        | {
            "B/C, turbulence everywhere": (R, everywhere.dataset.boron_to_carbon.values),
            "J, turbulence everywhere": (R, everywhere.dataset.J.values[0]),
            "B/C, halo alone": (R, alone.dataset.boron_to_carbon.values),
            "J, halo alone": (R, alone.dataset.J.values[0]),
            "J, halo term of the formulas": (R, formulas["fiducial"].protons("halo")),
        },
    )


FIGURES = {
    "fig4": fig4, "fig5": fig5, "fig6": fig6, "transport": transport, "escape": escape, "sensitivities": sensitivities,
    "tuning": tuning, "tuning_protons": tuning_protons,
}  # fmt: skip
