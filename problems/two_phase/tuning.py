"""How finely the two-phase Galaxy is tuned: spectra for other values of each parameter, and logarithmic derivatives.

∂ ln y/∂ ln x by central differences, [ln y(x e^δ) − ln y(x e^−δ)]/2δ with δ = STEP: its error is δ²/6 times the third
derivative, which the difference to the derivative with twice the step measures (it is three times as large).
"""

import numpy as np

from problems.plates import letters, measured, plain, points, without_data
from problems.two_phase.models import Formulas, galaxy
from solver.figures import draw
from solver.reproduction.plate import Agreement, Gap, Plate

STEP = 0.05  # of ln x
FACTOR = 1.5  # of the curves
LEAST = 4.0  # GV, 1 GeV/n, below which the formulas give no nuclei
UP, DOWN = "#D55E00", "#0072B2"
# name: (key of the deck, value, unit, how the figures write it, colour, line)
PARAMETERS = {
    "n_w": ("layer.warm.plasma.n", 0.2, "cm-3", "$n_w$", "#D55E00", "-"),
    "T_w": ("layer.warm.plasma.T", 1e4, "K", "$T_w$", "#E69F00", "-"),
    "B_w": ("layer.warm.plasma.B", 6.0, "uG", "$B_w$", "#CC79A7", "-"),
    "Ma": ("layer.warm.scattering.fast_modes.Ma", 0.6, "", "Ma", "#000000", "-"),
    "L": ("layer.warm.scattering.fast_modes.L", 50.0, "pc", "$L$", "#8B5A2B", "-"),
    "z_W": ("layer.warm.top", 500.0, "pc", "$z_W$", "#777777", "-"),
    "n_h": ("layer.halo.plasma.n", 0.003, "cm-3", "$n_h$", "#0072B2", "--"),
    "T_h": ("layer.halo.plasma.T", 3e6, "K", "$T_h$", "#009E73", "--"),
    "B_h": ("layer.halo.plasma.B", 1.0, "uG", "$B_h$", "#56B4E9", "--"),
}


def changed(name, factor):
    """The Galaxy with one parameter times a factor."""
    key, value, unit, *_ = PARAMETERS[name]
    value = float(value * factor)
    return galaxy(changes={key: f"{value!r} {unit}" if unit else value})


def derivatives(runs, read, step=STEP):
    """name -> ∂ ln y/∂ ln x on the rigidities; read: result -> y (R,)."""
    out = {}
    for name in PARAMETERS:
        up, down = (read(runs.solve(changed(name, np.exp(sign * step)))) for sign in (1, -1))
        out[name] = (np.log(up) - np.log(down)) / (2 * step)
    return out


def boron_to_carbon(result):
    return result.dataset.boron_to_carbon.values


def protons(result):
    return result.dataset.J.sel(species="proton").values


def tuning(runs, data):
    """Boron to carbon with each parameter 1.5 times larger and smaller."""
    return _curves(runs, data, tuning, boron_to_carbon, ("ams_b_to_c",), 0.0)


def tuning_protons(runs, data):
    """Protons with each parameter 1.5 times larger and smaller."""
    return _curves(runs, data, tuning_protons, protons, ("voyager_protons", "ams_protons"), 2.7)


def _curves(runs, data, function, read, keys, weight):
    """A panel per parameter: the fiducial Galaxy, and with the parameter times and over FACTOR, full equation."""
    fiducial = runs.solve(galaxy())
    R, base, sets = fiducial.model.grid.R, read(fiducial), measured(data)
    curves, gaps = {"fiducial": (R, base)}, []
    with draw.styled():
        fig = draw.figure(figsize=(9.4, 8.6))
        grid = fig.subplots(3, 3, sharex=True, sharey=True)
        for ax, (name, (_, value, unit, label, *_)) in zip(grid.flat, PARAMETERS.items(), strict=True):
            points(ax, sets, keys, weight)
            for factor, colour, text in (
                (FACTOR, UP, rf"$\times\,{FACTOR:g}$"),
                (1 / FACTOR, DOWN, rf"$/\,{FACTOR:g}$"),
            ):
                result = runs.solve(changed(name, factor))
                y = read(result)
                ax.plot(R, R**weight * y, color=colour, lw=1.5, label=text)
                curves[f"{name} × {factor:.3g}"] = (R, y)
                inside = (R > LEAST) & (R < 3e3)
                change = np.abs(y / base - 1)[inside]
                where = R[inside][int(np.argmax(change))]
                theirs = _formula(result, read) / _formula(fiducial, read)
                gaps.append(
                    Gap(
                        f"{name} {'×' if factor > 1 else '/'} {FACTOR:g}: largest change, 4 GV to 3 TV",
                        float(np.nanmax(np.abs(theirs - 1)[inside])),
                        None,
                        float(change.max()),
                        "",
                        f"full: at {where:.3g} GV",
                    )
                )
            ax.plot(R, R**weight * base, color="k", lw=1.2)
            size = f"{value:g}" if value < 1e4 else f"${draw.scientific(value, 0)}$"
            draw.note(ax, 0.05 if weight == 0 else 0.4, 0.07, f"{label} = {size} {_unit(unit)}".strip(), fontsize=11)
            draw.logarithmic(ax, "R", R)
            ax.set_xlim(1.0, 1e4) if weight == 0 else ax.set_xlim(0.1, 1e4)
            ax.set_xlabel("")
            ax.set_yscale("log")
        low, high = (0.02, 0.4) if weight == 0 else (3e2, 9e4)
        grid[0, 0].set_ylim(low, high)
        for ax in grid[:, 0]:
            ax.set_ylabel("B/C" if weight == 0 else draw.weighted_label(weight), fontsize=11)
            if weight == 0:
                plain(ax)
        for ax in grid[2]:
            ax.set_xlabel("$R$ [GV]")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        handles.append(draw.legend_line(color="k", lw=1.2))
        fig.legend(handles, [*labels, "fiducial"], loc="outside upper center", ncols=5)
    caption = f"""
        Full equation, one parameter of the warm medium (n_w, T_w, B_w), of its turbulence (Ma, L), the height of the
        interface (z_W) or of the halo (n_h, T_h, B_h) at a time, {FACTOR:g} times larger (orange) and smaller (blue)
        than its value, which the panel states; black: fiducial. Where orange and blue part, the paper's picture needs
        the parameter tuned.{without_data(data)}"""
    return Plate(fig, function.__doc__.splitlines()[0], caption, tuple(gaps), (), curves)


def sensitivities(runs, data):
    """Sensitivity of protons and of boron to carbon to every parameter: logarithmic derivatives."""
    fiducial = runs.solve(galaxy())
    R = fiducial.model.grid.R
    tables = {"protons": derivatives(runs, protons), "B/C": derivatives(runs, boron_to_carbon)}
    theirs = {
        "protons": derivatives(runs, lambda result: _formula(result, protons)),
        "B/C": derivatives(runs, lambda result: _formula(result, boron_to_carbon)),
    }
    wide = {
        name: (
            np.log(boron_to_carbon(runs.solve(changed(name, np.exp(2 * STEP)))))
            - np.log(boron_to_carbon(runs.solve(changed(name, np.exp(-2 * STEP)))))
        )
        / (4 * STEP)
        for name in CHECKED
    }
    with draw.styled():
        fig = draw.figure(figsize=(9.6, 6.6))
        panels = fig.subplots(2, 1, sharex=True)
        for ax, (what, table) in zip(panels, tables.items(), strict=True):
            ax.axhline(0, color="0.6", lw=0.8)
            for name, (*_, label, colour, ls) in PARAMETERS.items():
                ax.plot(R, table[name], color=colour, ls=ls, lw=1.6, label=label)
            draw.logarithmic(ax, "R", R)
            ax.set_xlim(0.3, 1e5)
            symbol = "J_p" if what == "protons" else "({\\rm B/C})"
            ax.set_ylabel(rf"$\partial\ln {symbol}/\partial\ln x$")
        panels[0].set_xlabel("")
        draw.outside_legend(fig, panels[0], title="$x$")
        letters(panels, y=0.95)
    gaps = []
    for what, table in tables.items():
        for name in PARAMETERS:
            inside = (R > LEAST) & (R < 3e3)
            k = int(np.argmax(np.abs(table[name][inside])))
            largest = float(table[name][inside][k])
            gaps.append(
                Gap(
                    f"∂ ln {what}/∂ ln {name} where it is largest",
                    float(theirs[what][name][inside][k]),
                    None,
                    largest,
                    "",
                    f"at {R[inside][k]:.3g} GV; {abs(0.1 / largest):.0%} of {name} moves {what} by 10 %",
                )
            )
    caption = f"""
        Logarithmic derivatives of (a) the proton intensity and (b) B/C at the disc with respect to each parameter, full
        equation, by central differences over ±{STEP:.0%}. Solid: warm medium, its turbulence and its height; dashed: halo. A
        derivative of ±1 means that 10 % of the parameter moves the spectrum by 10 %; where several of order one and opposite sign
        meet, the smooth observed spectrum asks for their balance. At the highest R the warm layer alone counts: +1 for z_W, and
        +2 for Ma, as κ ∝ 1/Ma²."""
    return Plate(
        fig,
        sensitivities.__doc__.splitlines()[0],
        caption,
        tuple(gaps),
        tuple(
            Agreement(
                f"∂ ln(B/C)/∂ ln {name} with twice the step",
                _rms(tables["B/C"][name] - wide[name], R),
                0.02,
                "three times the error of the derivatives shown, rms over 4 GV to 3 TV; read off the figure to 0.02",
            )
            for name in CHECKED
        ),
        {f"∂ ln {what}/∂ ln {name}": (R, y) for what, table in tables.items() for name, y in table.items()},
    )


CHECKED = ("n_w", "T_w")  # the strongest curvature


def _rms(y, R):
    return float(np.sqrt(np.mean(y[(R > LEAST) & (R < 3e3)] ** 2)))


def _formula(result, read):
    """The same by the paper's formulas for the deck of a result."""
    formulas = Formulas(result)
    return formulas.boron_to_carbon() if read is boron_to_carbon else formulas.protons()


def _unit(unit):
    return {"cm-3": "cm$^{-3}$", "uG": "µG"}.get(unit, unit)
