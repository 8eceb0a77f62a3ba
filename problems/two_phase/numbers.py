"""The numbers beside Figs. 5 and 6: formula, eq. 2 solved and full equation."""

import numpy as np

from problems.plates import chi2, deviation
from problems.two_phase.models import VARIATIONS
from solver import observables
from solver.constants import C
from solver.particles import kinetic_energy_per_nucleon
from solver.reproduction.plate import Gap, at, steep, worst


def fig5_gaps(full, approximate, lossless, formulas, sets):
    """B/C at some rigidities, what sets it where, χ²."""
    R, fast, paper = full.model.grid.R, above_1_gev(full), formulas.boron_to_carbon()
    solved, ratio, no_losses = (each.dataset.boron_to_carbon.values for each in (approximate, full, lossless))
    v = float(full.model.v[-1])
    boron = full.model.names.index("boron")
    escape = full.model.half_thickness / v
    key = "ams_b_to_c"
    return (
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
                    "the same with statistical errors alone",
                    *(chi2(sets, key, R, y, systematic=False) for y in (paper, solved, ratio)),
                    "",
                    "no covariance is published: the truth lies between the two",
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


def fig6_gaps(results, lossy, formulas, everywhere, everywhere_eq2, alone, injected, sets):
    """Slopes, breaks and changes of the variations and other pictures."""
    R, flat = results["fiducial"].model.grid.R, everywhere_eq2.dataset.boron_to_carbon.values
    theirs = eq1_losses(everywhere_eq2, everywhere.model.disc_speed[0])
    beyond = (R > 1e3) & (R < 5e3)
    fiducial, J = formulas["fiducial"], results["fiducial"].dataset.J.values[0]
    solved = lossy["fiducial"].dataset.J.values[0]
    change = {name: worst(formulas[name].protons(), fiducial.protons(), (R > 10) & (R < 1e4)) for name in VARIATIONS}
    change_full = {name: worst(results[name].dataset.J.values[0], J, (R > 10) & (R < 1e4)) for name in VARIATIONS}
    break_theirs, break_ours = (bend(R, y) for y in (fiducial.protons(), J))
    return (
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
            "eq. 33 puts the losses on the streaming term and on the layer, not on nonlinear damping",
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


def above_1_gev(result):
    """Rigidities at which carbon has more than 1 GeV per nucleon."""
    model = result.model
    return kinetic_energy_per_nucleon(model.grid.R, model.species[model.names.index("carbon")]) > 1.0


def low_energy_limit(result):
    """h/(v_A τ_spall) with v = c."""
    model, sigma = result.model, float(result.deck.species["boron"].source.cross_section)
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


def eq1_losses(result, sink):
    """J of the protons of a run without losses, times the factor of eq. 1's losses: 1/(1 + sink f/Q), sink = h/τ_loss."""
    ds = result.dataset
    return ds.J.values[0] / (1 + sink * ds.f.values[0, 0] / result.model.Q[0])
