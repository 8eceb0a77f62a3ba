"""`crstream show`: the equation a deck puts in force, its layers, sources and scales, in words and numbers."""

import numpy as np

from .constants import KPC, MYR
from .deck.layers import layer_name
from .model import Model


def describe(deck):
    """A page of text on one deck; DeckError where the deck cannot be put on its grid."""
    model = Model(deck)
    deck = model.deck
    parts = [deck.title or deck.problem or "deck"]
    if deck.reference:
        parts[0] += f"  [{deck.reference}]"
    parts += [
        "",
        *_equation(deck, model),
        "",
        *_layers(deck, model),
        "",
        *_sources(deck, model),
        "",
        *_numerics(deck, model),
    ]
    warnings = [f"warning: {text}" for text in model.warnings]
    return "\n".join(parts + (["", *warnings] if warnings else []))


def _equation(deck, model):
    waves = model.self_confined.any()
    diffusive = (waves and model.damped.any()) or np.isfinite(model.kappa_extrinsic).any()
    flux = "v f" + (" − κ ∂f/∂z" if diffusive else "") if model.v.any() else ("−κ ∂f/∂z" if diffusive else "0")
    losses = deck.disc.losses if deck.disc.loss_processes else "none"
    rate = []
    if deck.physics.adiabatic and model.v.any():
        rate.append("(1/3) ∂v/∂z")
    if losses == "flux":
        rate.append("2h δ(z)/τ_loss(p)")
    if any(layer.losses for layer in deck.layer):
        rate.append("b(z, p)")
    lines = [
        "∂(p³f)/∂t + ∂/∂z [p³ ("
        + flux
        + ")]"
        + (" − ∂/∂ln p [(" + " + ".join(rate) + ") p³f]" if rate else "")
        + " = p³ · sources"
    ]
    if losses == "catastrophic":
        lines.append("  losses in the disc as −2h δ(z) f/τ_loss, eq. 1 as printed")
    if not deck.physics.adiabatic:
        lines.append("  without adiabatic losses (eq. 2's approximation)")
    if waves:
        S, X = model.S.any(), model.X.any()
        law = {
            (True, False): "κ_sc = S/|∂f/∂z|  (eq. 4)",
            (False, True): "κ_sc = X |∂f/∂z|^(−1/2)  (eq. 10)",
            (True, True): "|∂f/∂z| κ_sc² − S κ_sc − X² = 0  (eqs. 4 and 10 together)",
            (False, False): "κ_sc = 0: undamped waves, pure streaming",
        }[bool(S), bool(X)]
        if model.others:
            terms = ["S"] * bool(S) + ["X²/κ_sc"] * bool(X)
            terms += [f"Y^{1 + m:g} κ_sc^(−{m:g})" for m in sorted(model.others)]
            law = "|∂f/∂z| κ_sc = " + " + ".join(terms) + "  (Sec. 6.1)"
        lines.append("  self-excited waves: " + law + ", f that of the protons; nuclei κ_A = κ_p v_A/v_p at equal R")
    if np.isfinite(model.kappa_extrinsic).any():
        lines.append("  independent scatterers: 1/κ = Σ 1/κ_i")
    if deck.physics.causal_limit:
        lines.append("  causal limit κ <= β c z_max")
    top = {"zero": "f = 0", "value": "f given", "outflow": "free outflow"}[deck.boundary.top.type]
    return [*lines, f"  at z = 0 the flux into z > 0 is Q less the losses of half the disc; at z_max {top}"]


def _layers(deck, model):
    lines, bottom = ["layers, from the disc upwards"], 0.0
    R = model.grid.R
    k = int(np.argmin(np.abs(np.log(R / 1.0))))
    for i, layer in enumerate(deck.layer):
        faces = np.flatnonzero(model.grid.layer == i)
        state = layer.plasma
        plasma = (
            ""
            if state is None
            else "  "
            + ", ".join(f"{key} = {getattr(state, key)}" for key in ("B", "n", "T") if getattr(state, key) is not None)
        )
        lines.append(f"  {layer_name(layer, i)}: {bottom / KPC:.4g}–{float(layer.top) / KPC:.4g} kpc{plasma}")
        bottom = float(layer.top)
        processes = (
            [f"streaming {layer.streaming.type}"]
            + [f"wind {layer.wind}"] * bool(layer.wind)
            + [f"damping {p.type}" for p in layer.damping]
            + [f"scattering {p.type}" for p in layer.scattering]
            + [f"loss {p.type}" for p in layer.losses]
        )
        lines.append(f"    {', '.join(processes)}")
        if powers := _powers(layer.profile):
            lines.append(f"    times a power of z/{layer.profile.z0} above that: {powers}")
        numbers = [f"v = {_range(model.v[faces] / 1e5, 4)} km/s"]
        if model.self_confined[faces[0]]:
            numbers += [f"S = {_range(model.S[faces, k])} cm-2 s-1 GeV-3", f"X = {_range(model.X[faces, k])} GeV(-3/2) s-1"]
            numbers += [f"Y = {_range(Y[faces, k])} (m = {m:g})" for m, Y in sorted(model.others.items()) if Y[faces, k].any()]
        kappa = model.kappa_extrinsic[0, faces, k]
        numbers.append(f"κ = {_range(kappa)} cm2/s" if np.isfinite(kappa).all() else "no extrinsic scattering")
        lines.append(f"    at {R[k]:.3g} GV: {'; '.join(numbers)}")
    return lines


def _powers(profile):
    """"v with 1, n with -1": which factors change with height, and with what power."""
    names = [] if profile is None else [name for name in type(profile).model_fields if name != "z0"]
    return ", ".join(f"{name} with {getattr(profile, name):g}" for name in names if getattr(profile, name))


def _range(values, digits=3):
    """A value, or the first and the last over a layer where it changes."""
    first, last = (f"{value:.{digits}g}" for value in values[[0, -1]])
    return first if np.ptp(values) <= 1e-12 * np.abs(values).max() else f"{first}…{last}"


def _sources(deck, model):
    k = int(np.argmin(np.abs(np.log(model.grid.R / 1.0))))
    lines = [f"species, at {model.grid.R[k]:.3g} GV"]
    for s, name in enumerate(model.names):
        source, nucleus = deck.species[name].source, model.species[s]
        what = source.type
        if what == "spallation":
            what = f"from {source.parent}, {source.cross_section or 'cross-section by energy'}"
        Q = f", Q = {model.Q[s, k]:.3g} cm-2 s-1 GeV-3 per side" if model.Q[s, k] else ""
        loss = model.loss_time[s, k] / MYR
        lines.append(
            f"  {name} (Z = {nucleus.Z}, A = {nucleus.A}): {what}{Q}{_schedule(source)}; τ_loss "
            + (f"{loss:.3g} Myr" if np.isfinite(loss) else "none")
        )
    return lines


def _schedule(source):
    """When a source is on, where that is not always."""
    schedule = getattr(source, "schedule", None)
    if schedule is None or schedule.type == "constant":
        return ""
    if schedule.type == "exponential":
        return f", fading as exp(−t/{schedule.time})"
    return f", on from {schedule.on}" + ("" if schedule.off is None else f" to {schedule.off}")


def _numerics(deck, model):
    grid, t = model.grid, deck.time
    unknowns = len(model.names) * len(grid.R) * (len(grid.z) - (model.top is not None))
    if t.end == "steady":
        how = "steady state " + ("directly" if t.method == "direct" else "by growing time steps")
    else:
        how = f"transient to {t.end}, time error {t.rtol:g}"
    decade = np.log(10) / grid.dx
    return [
        f"grid: {len(grid.z)} heights (Δz {grid.dz.min() / KPC:.3g}–{grid.dz.max() / KPC:.3g} kpc) × {len(grid.R)} rigidities "
        f"{grid.R[0]:.3g}–{grid.R[-1]:.3g} GV ({decade:.3g} per decade) × {len(model.names)} species: {unknowns} unknowns",
        how,
    ]
