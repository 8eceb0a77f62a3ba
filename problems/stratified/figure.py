"""Fig. 2: proton spectra steepened by a stratified halo, with the paper's approximation and with other scalings."""

import numpy as np

from problems.linear_damping.exact import loss_factor
from problems.plates import (
    FORMULA,
    FULL,
    LABELS,
    chi2,
    circles,
    clip,
    disc,
    letters,
    measured,
    numerical_error,
    points,
    steady,
    without_data,
)  # fmt: skip
from problems.stratified.exact import causal_excess, eq18, eq21_slope, lambda3
from solver import load
from solver.constants import PC
from solver.errors import SolverError
from solver.figures import draw
from solver.observables import intensity
from solver.reproduction.plate import Agreement, Gap, Plate, at, steep, worst

GRID = {
    "grid.z_spacing": "stretched",
    "grid.stretch": 20.0,
    "grid.z_cells": 160,
}  # fine where particles begin to stream
BASE = 500 * PC
DAMPING_SLOPE = 0.5  # a of Γ ∝ k^a
FIDUCIAL = (0.5, 1.0)  # λ₁, λ₂ of v_A ∝ z^λ₁, S ∝ z^−λ₂
VARIED = {(0.3, 1.0): "#D55E00", (0.7, 1.0): "#009E73", (0.5, 0.75): "#CC79A7", (0.5, 1.5): "#E69F00"}


def fig2(runs, data):
    """A stratified halo: streaming that steepens the spectrum (Fig. 2)."""
    base = steady(load("stratified"), GRID)
    full = solved(runs, base.replace({"disc.losses": "flux"}), estimate_error=True)
    approximate = solved(runs, base.replace({"physics.adiabatic": False}))
    without = base.replace({"physics.adiabatic": False, "disc.losses": "none"})
    lossless = solved(runs, without)
    coarse = solved(runs, without.replace({"grid.z_cells": 3 * GRID["grid.z_cells"] // 4}))
    model = full.model
    R, alpha = model.grid.R, float(model.slope[0])
    f, lost, _ = formula(model)
    sets, weight = measured(data), 2.7

    def J(f):
        return R**weight * intensity(f, R, 1, model.beta[0])

    with draw.styled():
        fig = draw.figure(figsize=(10.2, 5.0))
        left, right = fig.subplots(1, 2, sharex=True, sharey=True)
        for ax in (left, right):
            points(ax, sets, ("voyager_protons", "ams_protons"), weight)
        left.plot(R, clip(J(lost), 0), **FORMULA, label="eq. 18 with eq. 9's factor")
        left.plot(R, J(disc(approximate)), **circles(R), label=LABELS["solved"])
        left.plot(R, J(disc(full)), **FULL, label=LABELS["full"])
        left.set(ylabel=draw.weighted_label(weight))
        handles = [draw.legend_line(**FULL)]
        names = [r"$\lambda_1 = 0.5$, $\lambda_2 = 1$ (fiducial)"]
        right.plot(R, J(disc(full)), **FULL)
        right.plot(R, clip(J(lost), 0), **FORMULA | {"color": FULL["color"], "lw": 1.1})
        slopes, varied = [], {}
        for (l1, l2), colour in VARIED.items():
            each = solved(
                runs, base.replace({"disc.losses": "flux", "layer.halo.profile.v": l1, "layer.halo.profile.S": -l2})
            )
            theirs = formula(each.model)[1]
            right.plot(R, J(disc(each)), color=colour, lw=1.6)
            right.plot(R, clip(J(theirs), 0), **FORMULA | {"color": colour, "lw": 1.1})
            handles.append(draw.legend_line(color=colour, lw=1.6))
            names.append(rf"$\lambda_1 = {l1:g}$, $\lambda_2 = {l2:g}$")
            slopes.append((l1, l2, steep(R, theirs, 50.0), steep(R, disc(each), 50.0)))
            varied[f"full, λ1 = {l1:g}, λ2 = {l2:g}"] = (R, disc(each))
        handles.append(draw.legend_line(**FORMULA | {"color": "0.3", "lw": 1.1}))
        names.append("eqs. 18 and 9")
        right.legend(handles, names, loc="lower left", bbox_to_anchor=(0.2, 0.0))
        left.legend(loc="lower left", bbox_to_anchor=(0.2, 0.0))
        for ax in (left, right):
            draw.logarithmic(ax, "R", R)
            draw.energy_axis(ax, full.dataset, "proton")
        left.set_yscale("log")
        left.set_ylim(4e1, 5e4)
        letters((left, right), y=0.96)

    z_max = float(model.z_max)
    p_star = crossing(R, model, BASE)
    p_max = crossing(R, model, z_max)
    inner = (R > 8.0) & (R < 200.0)
    corrected, smooth = with_causal_limit(lossless.model)
    close = smooth & np.isfinite(corrected)
    error = worst(disc(coarse), disc(lossless), close) / ((4 / 3) ** 2 - 1)  # second order in z
    second_order = float(np.max(((corrected / f - 1) / 1)[close])) ** 1.5
    gaps = (
        Gap("p*, where Q = S at 500 pc", p_star, None, None, "GV", "from the coefficients"),
        Gap("largest confined rigidity over p* (z_max/z_0)^(1/λ₃)", p_max / p_star, None, None, "", "40^1.25"),
        Gap(
            "slope −dln f/dln R, 8 to 200 GV",
            -fit_slope(R, lost, inner),
            -fit_slope(R, disc(approximate), inner),
            -fit_slope(R, disc(full), inner),
            "",
            f"eq. 21 has {eq21_slope(alpha, DAMPING_SLOPE, *FIDUCIAL):.2f}; adiabatic losses lower f by much "
            "the same factor at all these rigidities",
        ),
        Gap(
            "f(0) at 1 GV over Q/v_A(0)",
            at(R, f / (model.Q[0] / model.v[0]), 1.0),
            at(R, disc(lossless) / (model.Q[0] / model.v[0]), 1.0),
            at(R, disc(full) / (model.Q[0] / model.v[0]), 1.0),
            "",
            "3/α and the losses in the disc",
        ),
        Gap(
            "f(0) at 100 GV, eq. 18 = 1",
            1.0,
            at(R, disc(lossless), 100.0) / at(R, f, 100.0),
            at(R, disc(full), 100.0) / at(R, f, 100.0),
            "",
            "eq. 17 leaves out the adiabatic term of v_A(z)",
        ),
        *(
            Gap(
                f"slope at 50 GV for λ₁ = {l1:g}, λ₂ = {l2:g}",
                -theirs,
                None,
                -ours,
                "",
                f"eq. 21 has {eq21_slope(alpha, DAMPING_SLOPE, l1, l2):.2f}",
            )
            for l1, l2, theirs, ours in slopes
        ),
        *(
            Gap(
                f"χ² per point, {sets[key].label}",
                chi2(sets, key, R, J(lost) / R**weight),
                chi2(sets, key, R, J(disc(approximate)) / R**weight),
                chi2(sets, key, R, J(disc(full)) / R**weight),
                "",
                "not fitted: the paper's parameters as they are",
            )
            for key in ("ams_protons", "voyager_protons")
            if key in sets
        ),
    )
    caption = f"""
        Protons that stream at v_A ∝ z^λ1 where their waves survive a damping S ∝ z^-λ2, z > 500 pc; below, both are uniform.
        (a) Fiducial λ1 = 0.5, λ2 = 1. Dashed: eq. 18 with eq. 9's factor for losses; circles: this solver with eq. 2's
        approximation; blue: full equation. (b) Other scalings (the paper does not say which it shows), full equation
        solid, the paper's formulas dashed. λ3 = {lambda3(alpha, DAMPING_SLOPE, 1.0):.1f}. Numerical error of the blue curve
        (two grids): {numerical_error(full)}.{without_data(data)}"""
    return Plate(
        fig,
        fig2.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            Agreement(
                "eq. 18 without losses, with the excess that the causal limit makes",
                worst(disc(lossless), corrected, close),
                2 * (error + second_order),
                "twice the numerical error estimated from two grids and the next order of the causal limit",
            ),
        ),
        {
            "eq. 18": (R, f),
            "eqs. 18 and 9": (R, lost),
            "eq. 2 solved": (R, disc(approximate)),
            "eq. 2 solved, no losses": (R, disc(lossless)),
            "full": (R, disc(full)),
        }
        | varied,
    )


def heights(model):
    """Heights from the base to the top for eq. 18, finer than any grid; the last just inside."""
    return np.append(0.0, np.geomspace(BASE, float(model.z_max) * (1 - 1e-12), 4001))


def solved(runs, deck, **options):
    """The Result of a deck; where Newton cycles, as linear damping alone can make it, that of a slightly finer grid."""
    for more in (0, 6, 14):
        try:
            return runs.solve(deck.replace({"grid.z_cells": deck.grid.z_cells + more}), **options)
        except SolverError as error:
            last = error
    raise last


def formula(model):
    """(eq. 18, eq. 18 times eq. 9's factor, height of the maximum), (R,); 0 where nothing is confined."""
    z = heights(model)
    here = model.at(z)
    f, best = eq18(model.Q[0], here.S, here.v)
    return f, f * loss_factor(here.v[best], np.asarray(model.disc_speed[0])), z[best]


def with_causal_limit(model):
    """Eq. 18 with the excess of the causal limit, and where its maximum lies inside the halo, away from both ends."""
    z = heights(model)
    here, Q = model.at(z), model.Q[0]
    f, best = eq18(Q, here.S, here.v)
    out, inside = np.full(len(Q), np.nan), np.zeros(len(Q), bool)
    for k, j in enumerate(best):
        if 1.2 * BASE < z[j] < 0.8 * model.z_max:
            column = (Q[k] - here.S[:, k]) / here.v
            near = slice(j - 20, j + 21)
            curvature = -2 * np.polyfit(z[near] - z[j], column[near] / column[j], 2)[0] * column[j]
            out[k] = f[k] + causal_excess(curvature, here.S[j, k], here.v[j], here.nu[0, j, k])
            inside[k] = True
    return out, inside


def crossing(R, model, z):
    """Rigidity at which Q = S at a height."""
    ratio = np.log(model.Q[0] / model.at([z * (1 - 1e-12)]).S[0])
    return float(np.exp(np.interp(0.0, -ratio, np.log(R))))


def fit_slope(R, y, where):
    return float(np.polyfit(np.log(R[where]), np.log(y[where]), 1)[0])


FIGURES = {"fig2": fig2}
