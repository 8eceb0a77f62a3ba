"""Figs. 3 and 7: κ of fast modes in a warm medium and in a halo, isotropic and anisotropic; the angles behind them."""

import numpy as np

from problems.plates import formula_agrees, letters, steady
from solver import load
from solver.constants import PC, C
from solver.figures import draw
from solver.physics import fast_modes, phenomenological, shocks
from solver.physics.plasma import Plasma
from solver.physics.self_confinement import gyroradius
from solver.reproduction.plate import Agreement, Gap, Plate, at, steep, worst

WARM, HALO = "#000000", "#0072B2"
MEET = 1e5  # GV, where the undamped cascades are drawn to cross the warm medium's κ
GYRORESONANCE = r"$k\,r_L = 1$"


def kappa(runs, deck):
    """(R, κ of the protons in the warm layer, in the halo) of a deck's coefficients; inf where nothing scatters."""
    ds = runs.coefficients(deck).dataset
    faces = [int(np.argmax(ds.z_face.values > bottom)) for bottom in (0.0, float(ds.layer_top[0]))]
    return ds.rigidity.values, *(ds.kappa_extrinsic.values[face] for face in faces)


def fig3(runs, data):
    """Diffusion by weak fast-mode turbulence in the warm medium and in a halo (Fig. 3)."""
    base = load("turbulent_galaxy")
    R, warm, halo = kappa(runs, base)
    path = float(plasma_of(base, "warm").mean_free_path)
    bands = {
        factor: kappa(runs, base.replace({"layer.warm.plasma.mean_free_path": f"{factor * path!r} cm"}))[1]
        for factor in (1 / 3, 3.0)
    }
    lossless = runs.solve(steady(base, {"disc.losses": "none"}))
    with_losses = runs.solve(steady(base))
    B, L = float(base.layer[0].plasma.B), float(base.layer[0].scattering[0].L)
    undamped = {
        name: each(R, B, 1.0, L)
        for name, each in (("Kolmogorov", phenomenological.kolmogorov), ("Kraichnan", phenomenological.kraichnan))
    }
    kolmogorov, kraichnan = (curve * at(R, warm, MEET) / at(R, curve, MEET) for curve in undamped.values())
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 6.6))
        top, low = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
        top.fill_between(R, bands[1 / 3], bands[3.0], color="0.85", lw=0, label="warm, mean free path × 1/3 to × 3")
        top.plot(R, warm, color=WARM, label="warm ISM")
        top.plot(R, halo, color=HALO, ls="--", label="halo")
        for curve, colour, ls, name in (
            (kolmogorov, "#D55E00", ":", r"undamped Kolmogorov, $\propto R^{1/3}$"),
            (kraichnan, "#009E73", "-.", r"undamped Kraichnan, $\propto R^{1/2}$"),
        ):
            top.plot(R, curve, color=colour, ls=ls, lw=1.3, label=name)
        top.set(ylabel=r"$\kappa$  [cm$^2$ s$^{-1}$]", yscale="log", ylim=(4e26, 5e30))
        top.legend(loc="upper left")
        resonant = R_of_length(path, B)
        for ax in (top, low):
            ax.axvline(resonant, color="0.6", lw=0.9, ls=":")
        top.text(resonant * 1.15, 6e26, r"$r_L = \ell_{\rm mfp}$", color="0.4")
        for curve, colour, ls in ((warm, WARM, "-"), (halo, HALO, "--")):
            low.plot(R, np.gradient(np.log(curve), np.log(R)), color=colour, ls=ls)
        for value in (0, 1 / 3, 1 / 2):
            low.axhline(value, color="0.7", lw=0.8, ls=":")
        low.set(ylabel=r"$d\ln\kappa/d\ln R$", ylim=(-0.9, 1.15))
        for ax in (top, low):
            draw.logarithmic(ax, "R", R)
        top.set_xlabel("")
        letters((top, low))
    beta = lossless.model.beta[0]
    rate = (beta * C) ** 2 / at(R, warm, 10.0)
    gaps = (
        Gap(
            "κ warm at 10 GV",
            at(R, warm, 10.0),
            None,
            None,
            "cm²/s",
            "mean free path 1e13 cm at 2e4 K, 0.1 per cm³; the "
            f"band spans {at(R, bands[1 / 3], 10.0):.2g} to {at(R, bands[3.0], 10.0):.2g}",
        ),
        Gap("κ halo at 10 GV", at(R, halo, 10.0), None, None, "cm²/s", "collisionless damping"),
        Gap(
            "slope of κ, warm, 1e4 to 1e5 GV",
            steep(R, warm, 3e4, 3.2),
            None,
            None,
            "",
            "1/2 where the cascade is undamped",
        ),
        Gap(
            "slope of κ, warm, 150 to 800 GV",
            steep(R, warm, 350.0, 2.3),
            None,
            None,
            "",
            "viscous damping: rises towards low R",
        ),
        Gap("slope of κ, warm, 10 to 60 GV", steep(R, warm, 25.0, 2.4), None, None, "", "collisionless damping: weak"),
        Gap(
            "slope of κ, halo, 3 to 300 GV",
            steep(R, halo, 30.0, 10.0),
            None,
            None,
            "",
            "collisionless: gyroresonance and transit time both independent of R",
        ),
        Gap(
            "κ of undamped Kolmogorov over κ warm at 10 GV, same amplitude",
            at(R, undamped["Kolmogorov"] / warm, 10.0),
            None,
            None,
            "",
            "isotropic and without transit-time damping",
        ),
        Gap("scattering rate c²/κ at 10 GV", at(R, rate, 10.0), None, None, "1/s", "the paper has >~ 1e-8 (eq. 28)"),
        Gap(
            "f κ/(Q H) of one layer of each, eq. 23 at 10 GV",
            1.0,
            normalised(lossless, 10.0),
            normalised(with_losses, 10.0),
            "",
            "ionisation; nothing streams, so there is no adiabatic term",
        ),
    )
    caption = f"""
        κ of eqs. A1-A3 with the damping of eqs. A5, A6 averaged over field-line wandering (A7), Ma = 1 on 100 pc, B = 6 µG.
        (a) Warm medium (0.1 per cm³, 2e4 K) and halo (0.001 per cm³, 2e6 K), β = 0.19 in both; grey: the thermal mean free
        path, {path:.0e} cm, three times shorter and longer, the choice that matters most; thin: the scaling of
        undamped cascades, drawn to meet the warm medium at 1e5 GV. (b) Local slopes. The dotted line is where a gyroradius
        equals the mean free path."""
    return Plate(
        fig,
        fig3.__doc__.splitlines()[0],
        caption,
        gaps,
        (
            formula_agrees("eq. 23 through both layers, no losses", lossless),
            formula_agrees("the same with ionisation as a flux, by quadrature", with_losses),
        ),
        {
            "warm": (R, warm),
            "halo": (R, halo),
            "warm, mean free path/3": (R, bands[1 / 3]),
            "warm, mean free path×3": (R, bands[3.0]),
            "Kolmogorov": (R, kolmogorov),
            "Kraichnan": (R, kraichnan),
        },
    )


def fig7(runs, data):
    """What is uncertain in fast modes: steepening into shocks, anisotropy, and the cone that damping leaves (Fig. 7)."""
    base = load("turbulent_galaxy")
    anisotropic = {f"layer.{name}.scattering.fast_modes.anisotropic": True for name in ("warm", "halo")}
    R, warm, halo = kappa(runs, base.replace(anisotropic))
    _, warm_isotropic, halo_isotropic = kappa(runs, base)
    shock_deck = base.replace({"layer.warm.scattering": [{"type": "weak_shocks", "separation": "10 pc"}]})
    shocked = kappa(runs, shock_deck)[1]
    B, L = float(base.layer[0].plasma.B), float(base.layer[0].scattering[0].L)
    kL = np.geomspace(1e2, 1e10, 401)
    plasmas = {"warm": plasma_of(base, "warm"), "halo": plasma_of(base, "halo")}
    cone = {
        (name, flag): fast_modes.theta_c(kL / L, plasma, 1.0, L, anisotropic=flag)
        for name, plasma in plasmas.items()
        for flag in (False, True)
    }
    smallest = {flag: fast_modes.theta_min(kL / L, 1.0, L, anisotropic=flag) for flag in (False, True)}
    closed = {name: closes(kL, cone[name, True], smallest[True]) for name in plasmas}
    with draw.styled():
        fig = draw.figure(figsize=(6.0, 8.2))
        top, low = fig.subplots(2, 1)
        for curve, other, ls, name in ((warm, warm_isotropic, "-", "warm ISM"), (halo, halo_isotropic, "--", "halo")):
            top.plot(R, other, color="0.65", ls=ls, lw=1.2, label=f"{name}, isotropic (Fig. 3)")
            top.plot(R, np.where(np.isfinite(curve), curve, np.nan), color="k", ls=ls, label=f"{name}, anisotropic")
        top.plot(R, shocked, color="#0072B2", ls=":", lw=2.0, label="shocks 10 pc apart")
        for curve, colour in ((warm, "#D55E00"), (halo, "#D55E00")):
            edge = R[np.isfinite(curve)][0]
            top.plot([edge], [curve[np.isfinite(curve)][0]], marker="|", ms=10, mew=1.6, color=colour)
        top.text(
            1.3,
            4e27,
            "left of the ticks the anisotropic\ncascade leaves no wave: no scattering",
            color="#D55E00",
            va="bottom",
            fontsize=10,
        )
        top.set_yscale("log")
        top.set_ylim(3e27, 3e31)
        top.set(ylabel=r"$\kappa$  [cm$^2$ s$^{-1}$]")
        draw.logarithmic(top, "R", R[R >= 0.99])
        top.legend(loc="upper left", fontsize=9)
        for flag, colour, kind in ((False, "#D55E00", "isotropic"), (True, "k", "anisotropic")):
            for name, ls in (("warm", "-"), ("halo", "--")):
                low.plot(kL, cone[name, flag], color=colour, ls=ls, lw=1.5, label=rf"$\theta_c$, {kind}, {name}")
            low.plot(kL, smallest[flag], color=colour, ls=":", lw=1.5, label=rf"$\theta_{{\rm min}}$, {kind}")
        for name, x in closed.items():
            y = np.exp(np.interp(np.log(x), np.log(kL), np.log(smallest[True])))
            low.plot([x], [y], marker="o", mfc="w", mec="k", ms=6, zorder=6)
            left = name == "halo"
            low.text(
                x * (0.7 if left else 1.5),
                y * 0.98,
                draw.rigidity_text(L / x / gyroradius(1.0, B)),
                fontsize=10,
                ha="right" if left else "left",
                va="top",
            )
        low.set(
            xscale="log",
            yscale="log",
            xlim=(kL[0], kL[-1]),
            ylim=(1.5e-3, 2.2),
            xlabel="$kL$",
            ylabel="pitch angle [rad]",
        )
        low.legend(loc="lower left", fontsize=9)
        low.tick_params(axis="x", which="both", top=False)
        scale = low.secondary_xaxis(
            "top",
            functions=(
                lambda x: L / gyroradius(1.0, B) / np.maximum(x, 1e-30),
                lambda r: L / gyroradius(1.0, B) / np.maximum(r, 1e-30),
            ),
        )
        scale.set_xlabel(f"$R$ [GV] with {GYRORESONANCE}")
        letters((top, low), x=0.975, y=0.965)
    far = kL > 1e9
    gaps = (
        Gap(
            "rigidity below which nothing scatters, warm",
            float(R[np.isfinite(warm)][0]),
            None,
            None,
            "GV",
            "paper: <~ 100 GV",
        ),
        Gap(
            "rigidity below which nothing scatters, halo",
            float(R[np.isfinite(halo)][0]),
            None,
            None,
            "GV",
            "paper: <~ 100 GV",
        ),
        *(
            Gap(
                f"kL where θ_c = θ_min, {name}",
                closed[name],
                None,
                None,
                "",
                f"paper: >~ 1e6; {L / closed[name] / gyroradius(1.0, B):.0f} GV at k r_L = 1",
            )
            for name in plasmas
        ),
        Gap("κ of shocks 10 pc apart at 1 TV", at(R, shocked, 1e3), None, None, "cm²/s", "c × 10 pc/3"),
        Gap(
            "slope of θ_c in kL, isotropic, collisionless, warm",
            float(np.polyfit(np.log(kL[far]), np.log(cone["warm", False][far]), 1)[0]),
            None,
            None,
            "",
            "−1/4",
        ),
        Gap(
            "slope of θ_min in kL, anisotropic",
            float(np.polyfit(np.log(kL[far]), np.log(smallest[True][far]), 1)[0]),
            None,
            None,
            "",
            "−1/6",
        ),
    )
    caption = """
        (a) κ of the anisotropic weak cascade (eqs. 36-39), black, for the two plasmas of Fig. 3, whose isotropic κ is grey;
        blue: scattering by shocks 10 pc apart, if fast modes steepen before they cascade. (b) Critical pitch angle θ_c: modes
        beyond it are damped before they reach k; θ_min: the smallest angle that field-line wandering leaves meaningful. Where
        θ_c falls below θ_min (circles, with the rigidity in resonance) the whole cascade is damped."""
    exact_shocks = shocks.kappa(R, 10 * PC)
    return Plate(
        fig,
        fig7.__doc__.splitlines()[0],
        caption,
        gaps,
        (Agreement("κ of shocks, deck against v × 10 pc/3", worst(shocked, exact_shocks), 1e-12, "rounding"),),
        {
            "warm, anisotropic": (R, warm),
            "halo, anisotropic": (R, halo),
            "shocks": (R, shocked),
            **{f"θ_c, {name}, {'an' if flag else ''}isotropic": (kL, y) for (name, flag), y in cone.items()},
            **{f"θ_min, {'an' if flag else ''}isotropic": (kL, y) for flag, y in smallest.items()},
        },
    )


def plasma_of(deck, name):
    """The Plasma of a layer."""
    state = next(layer.plasma for layer in deck.layer if layer.name == name)
    path = {} if state.mean_free_path is None else {"mean_free_path": float(state.mean_free_path)}
    return Plasma(B=float(state.B), n=float(state.n), T=float(state.T), **path)


def R_of_length(length, B):
    """Rigidity whose gyroradius is `length`."""
    return length / gyroradius(1.0, B)


def normalised(result, where):
    """f(0) of the protons over eq. 23's through both layers, at one rigidity, (…) 1 without losses."""
    exact = result.exact.f[0, 0] if result.deck.disc.losses == "none" else None
    f = result.dataset.f.values[0, 0]
    if exact is not None:
        return at(result.model.grid.R, f / exact, where)
    from problems.turbulent_galaxy.exact import layers_kappa, resistance

    edges = [float(layer.top) for layer in result.deck.layer]
    r = resistance(np.zeros(1), edges, layers_kappa(result.model)[:, 0])[0]
    return at(result.model.grid.R, f / (result.model.Q[0] * r), where)


def closes(x, cone, smallest):
    """First x at which the cone is narrower than the smallest angle, log-log; nan if never."""
    below = np.flatnonzero(cone < smallest)
    below = below[below > np.argmax(cone > smallest)]
    if not len(below):
        return float("nan")
    k = below[0]
    a, b = np.log(cone[k - 1] / smallest[k - 1]), np.log(max(cone[k], 1e-300) / smallest[k])
    return float(np.exp(np.log(x[k - 1]) + a / (a - b) * np.log(x[k] / x[k - 1])))


FIGURES = {"fig3": fig3, "fig7": fig7}
