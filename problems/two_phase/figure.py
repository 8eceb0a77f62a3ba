"""Figs. 5 and 6: boron to carbon and protons of the two-phase Galaxy, of its variations and of other pictures."""

import numpy as np

from problems.plates import (
    FORMULA,
    FULL,
    LABELS,
    chi2,
    circles,
    deviation,
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
from problems.two_phase.observed import escape, transport
from problems.two_phase.tuning import sensitivities, tuning, tuning_protons
from solver import draw, load, observables
from solver.particles import kinetic_energy_per_nucleon
from solver.plate import Agreement, Gap, Plate, at, steep, worst

BLACK = {"fiducial": "-", "n_w/3": (0, (6, 2)), "2 T_w": (0, (6, 2, 1, 2)), "n_w/3, 2 T_w": (0, (1.2, 1.5))}
NAMES = {"fiducial": "fiducial", "n_w/3": r"$n_w/3$", "2 T_w": r"$2\,T_w$", "n_w/3, 2 T_w": r"$n_w/3$, $2\,T_w$"}
GREEN, BLUE, RED = "#009E73", "#0072B2", "#D55E00"
SHOWN = (2.0, 4e3)  # GV of Fig. 5


def fig4(runs, data):
    """The layers of the two-phase Galaxy, drawn from its deck (Fig. 4)."""
    from solver.plots_layers import layers

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
    formulas, sets = Formulas(full), measured(data)
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

    carbon = full.model.species[full.model.names.index("carbon")]
    fast = kinetic_energy_per_nucleon(R, carbon) > 1.0
    v = float(full.model.v[-1])
    boron = full.model.names.index("boron")
    escape = full.model.half_thickness / v
    key = "ams_b_to_c"
    gaps = (
        *(
            Gap(f"B/C at {x:g} GV", at(R, paper, x), at(R, solved, x), at(R, ratio, x), "", why)
            for x, why in (
                (4.0, "adiabatic losses take boron's 3/α off it, carbon pays on both sides; ionisation"),
                (30.0, "adiabatic term"),
                (300.0, "adiabatic term in the halo"),
                (2000.0, "the warm layer sets both"),
            )
        ),
        Gap(
            "low-energy limit h/(v_A τ_spall)", low_energy_limit(full), None, None, "", "eq. 30 for small X, with v = c"
        ),
        Gap(
            "rigidity above which the warm layer sets B/C (eq. 32)",
            passes(R, formulas.boron_to_carbon("warm") / paper, 0.5),
            passes(R, share(approximate, "boron"), 0.5),
            passes(R, share(full, "boron"), 0.5),
            "GV",
            "f(0) − f(z_W) = f(z_W)",
        ),
        Gap(
            "B/C at 10 GV without any losses",
            at(R, paper, 10.0),
            at(R, solved, 10.0),
            at(R, no_losses, 10.0),
            "",
            "what is left is the adiabatic term",
        ),
        Gap(
            "τ_ion over h/v_A, boron at 1 GeV/n",
            float(np.interp(np.log(R[fast][0]), np.log(R), full.model.loss_time[boron] / escape)),
            None,
            None,
            "",
            "losses are slow where Fig. 5 begins",
        ),
        *(
            (
                Gap(
                    f"χ² per point, {sets[key].label} > 1 GeV/n",
                    chi2(sets, key, R, paper),
                    chi2(sets, key, R, solved),
                    chi2(sets, key, R, ratio),
                    "",
                    "stat. and syst. errors; nothing was fitted",
                ),
                Gap(
                    "rms of ln(model/data)",
                    deviation(sets, key, R, paper),
                    deviation(sets, key, R, solved),
                    deviation(sets, key, R, ratio),
                    "",
                    "typical distance, 0.1 is 10 %",
                ),
            )
            if key in sets
            else ()
        ),
    )
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
                2e-8 + causal_share(full, fast),
                "the nonlinear solver, and the causal limit in the layer's κ, which the formula's κ includes",
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
    formulas = {name: Formulas(result) for name, result in results.items()}
    lossy = {name: runs.solve(eq2(galaxy(name), "catastrophic")) for name in VARIATIONS}
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
        fast = kinetic_energy_per_nucleon(R, results["fiducial"].model.species[1]) > 1.0
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
        draw.outside_legend(fig, right)
        letters(grid.flat, y=0.95)

    beyond = (R > 1e3) & (R < 5e3)
    fiducial, J = formulas["fiducial"], results["fiducial"].dataset.J.values[0]
    solved = lossy["fiducial"].dataset.J.values[0]
    change = {name: worst(formulas[name].protons(), fiducial.protons(), (R > 10) & (R < 1e4)) for name in VARIATIONS}
    change_full = {name: worst(results[name].dataset.J.values[0], J, (R > 10) & (R < 1e4)) for name in VARIATIONS}
    break_theirs, break_ours = (bend(R, y) for y in (fiducial.protons(), J))
    gaps = (
        Gap(
            "slope of J, protons, 20 to 100 GV",
            steep(R, fiducial.protons(), 45.0, 2.2),
            steep(R, solved, 45.0, 2.2),
            steep(R, J, 45.0, 2.2),
            "",
            f"the source has {steep(R, injected, 45.0, 2.2):.2f}",
        ),
        Gap(
            "sharpest hardening of the protons at",
            *break_theirs[:1],
            bend(R, solved)[0],
            break_ours[0],
            "GV",
            "from halo-set to set by the warm layer; the paper: between 1e2 and 1e3 GV",
        ),
        *(
            Gap(
                f"largest change of J, 10 to 1e4 GV, {name}",
                change[name],
                None,
                change_full[name],
                "",
                "as a share of the fiducial J",
            )
            for name in VARIATIONS
            if name != "fiducial"
        ),
        Gap(
            "turbulence everywhere: B/C at 1000 GV over that at 10 GV",
            at(R, flat, 1e3) / at(R, flat, 10.0),
            None,
            at(R, everywhere.dataset.boron_to_carbon.values, 1e3)
            / at(R, everywhere.dataset.boron_to_carbon.values, 10.0),
            "",
            "essentially flat",
        ),
        Gap(
            "turbulence everywhere: slope of f, protons, 30 to 300 GV",
            steep(R, theirs / R**2, 100.0, 3.2),
            None,
            steep(R, everywhere.dataset.f.values[0, 0], 100.0, 3.2),
            "",
            "the injection's −4.3, changed little",
        ),
        Gap(
            "halo alone: slope of f, protons, 1 to 5 TV",
            fit(R, fiducial.protons("halo") / R**2, beyond),
            None,
            fit(R, alone.dataset.f.values[0, 0], beyond),
            "",
            "tends to p^(3−2γ) = p^−5.6; full: beyond 10 TV κ reaches its causal limit and the slope falls to −4.3",
        ),
        Gap(
            "J of the protons at 0.3 GV",
            at(R, fiducial.protons(), 0.3),
            at(R, solved, 0.3),
            at(R, J, 0.3),
            "m⁻² s⁻¹ sr⁻¹ GV⁻¹",
            "eq. 33 against losses as a flux in momentum",
        ),
        Gap(
            "J of the protons at 10 GV",
            at(R, fiducial.protons(), 10.0),
            at(R, solved, 10.0),
            at(R, J, 10.0),
            "m⁻² s⁻¹ sr⁻¹ GV⁻¹",
            "adiabatic losses, 3/α",
        ),
        Gap(
            "eq. 33 against eq. 1's losses solved exactly, largest difference",
            worst(fiducial.protons(), solved),
            0.0,
            None,
            "",
            "eq. 33 leaves the nonlinear term's losses out",
        ),
        *(
            Gap(
                f"χ² per point, {sets[key].label}, fiducial",
                *(chi2(sets, key, R, y) for y in (fiducial.protons(), solved, J)),
                "",
                "nothing was fitted",
            )
            for key in ("ams_protons", "voyager_protons")
            if key in sets
        ),
        *(
            Gap(
                f"χ² per point, {sets[key].label}, {name}",
                chi2(sets, key, R, formulas[name].boron_to_carbon()),
                None,
                chi2(sets, key, R, results[name].dataset.boron_to_carbon.values),
                "",
                "B/C above 1 GeV/n",
            )
            for key in ("ams_b_to_c",)
            if key in sets
            for name in VARIATIONS
        ),
    )
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
            "J, halo term of the formulas": (R, fiducial.protons("halo")),
        },
    )


# ---------------------------------------------------------------- numbers


def low_energy_limit(result):
    """h/(v_A τ_spall) with v = c."""
    from solver.constants import MBARN, C

    model, source = result.model, result.deck.species["boron"].source
    sigma = float(source.cross_section)
    sigma = sigma if sigma < 1e-20 else sigma * MBARN
    return model.half_thickness * float(result.deck.disc.density) * sigma * C / float(model.v[-1])


def share(result, species):
    """Part of f(0) built up across the lowest layer, (R,)."""
    return observables.layer_share(result.dataset).sel(species=species).values[0]


def passes(R, y, value):
    """First rigidity at which y rises through value for good, in ln R; nan if never."""
    y = np.asarray(y, float)
    good = np.isfinite(y)
    R, y = R[good], y[good]
    below = np.flatnonzero(y < value)
    if not len(below) or below[-1] == len(y) - 1:
        return float("nan")
    k = below[-1]
    return float(np.exp(np.interp(value, y[k : k + 2], np.log(R[k : k + 2]))))


def bend(R, J):
    """(R, size) of the largest second derivative of ln J in ln R above 30 GV: where the spectrum hardens most."""
    x = np.log(R)
    second = np.gradient(np.gradient(np.log(J), x), x)
    inside = (R > 30) & (R < 3e4)
    k = int(np.argmax(np.where(inside, second, -np.inf)))
    return float(R[k]), float(second[k])


def fit(R, y, where):
    return float(np.polyfit(np.log(R[where]), np.log(y[where]), 1)[0])


def causal_share(result, where):
    """How much the causal limit takes of κ in the lowest layer, at most: 1/κ is the sum of both rates."""
    model = result.model
    nu, kappa = np.asarray(model.nu[:, 0]), np.asarray(model.kappa_extrinsic[:, 0])
    return float(np.max(np.abs(nu * kappa - 1)[:, where]))


def eq1_losses(result, sink):
    """J of the protons of a run without losses, times the factor of eq. 1's losses: 1/(1 + sink f/Q), sink = h/τ_loss."""
    ds = result.dataset
    return ds.J.values[0] / (1 + sink * ds.f.values[0, 0] / result.model.Q[0])


FIGURES = {
    "fig4": fig4, "fig5": fig5, "fig6": fig6, "transport": transport, "escape": escape, "sensitivities": sensitivities,
    "tuning": tuning, "tuning_protons": tuning_protons,
}  # fmt: skip
