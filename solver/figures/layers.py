"""The picture of a deck: the disc with its sources, the layers above it, and how particles get through each (cf. Fig. 4).

Drawn from the deck alone.  Heights are not to scale: every layer gets room for its words, taller ones somewhat more.
"""

import numpy as np

from solver.constants import KPC, MBARN
from solver.deck.layers import layer_name
from solver.model import Model

from . import draw

BANDS = ("#FBE9D7", "#E4EEF7", "#E6F3EC", "#F4E6EF", "#F6F2DC", "#ECECEC")
STREAMS, DIFFUSES, DISC = "#0072B2", "#D55E00", "#5A5A5A"
WAVES = {
    "turbulent": "damping by Alfvénic turbulence", "rate": "damping at a given rate", "dust": "damping by charged dust",
    "ion_neutral": "ion-neutral damping", "landau": "nonlinear Landau damping", "nonlinear": "nonlinear damping",
    "pressure_anisotropy": "damping by pressure anisotropy", "given_S": "given S", "given_X": "given X",
}  # fmt: skip
SCATTERERS = {
    "fast_modes": "fast-mode turbulence", "weak_shocks": "weak shocks", "kolmogorov": "Kolmogorov turbulence",
    "kraichnan": "Kraichnan turbulence", "given": "a given κ",
}  # fmt: skip
AT = (1.0, 1e3)  # GV at which κ is quoted
WIDTH, ASIDE = 7.4, 0.75  # inches: of the figure, and of what is left of the layers
STEP = 0.235  # from line to line of a layer


def layers(deck):
    """A Figure of the disc and layers of a deck; DeckError where the deck cannot be put on its grid."""
    model = Model(deck)
    deck = model.deck
    tops = [float(layer.top) / KPC for layer in deck.layer]
    heights = [1.0 + 0.25 * np.log10(max(b - a, 1e-3) / tops[0] + 1) for a, b in zip([0.0, *tops], tops, strict=False)]
    with draw.styled():
        words = [_words(model, i, layer) for i, layer in enumerate(deck.layer)]
        heights = [max(height, STEP * (len(lines) + 0.8)) for height, lines in zip(heights, words, strict=True)]
        edges = np.concatenate([[0.0], np.cumsum(heights)])
        disc = _disc_words(model)
        depth = 0.22 + 0.2 * len(disc)
        fig = draw.figure(figsize=(WIDTH, 0.66 + 1.35 * (edges[-1] + depth)))
        ax = fig.subplots()
        ax.set(xlim=(0, 10), ylim=(-depth, edges[-1] + 0.28))
        for i, layer in enumerate(deck.layer):
            _layer(ax, model, i, layer, words[i], edges[i], edges[i + 1])
        _disc(ax, disc)
        _scale(ax, tops, edges)
        top = {"zero": "$f = 0$", "value": "$f$ given", "outflow": "free outflow"}[deck.boundary.top.type]
        ax.text(5.0, edges[-1] + 0.05, top, ha="center", va="bottom", fontsize=10, color="0.3")
        ax.set_title(draw.plain(deck.title or deck.problem or ""), wrap=True)
        for side in ("top", "right", "bottom", "left"):
            ax.spines[side].set_visible(False)
        return fig


def _layer(ax, model, i, layer, words, low, high):
    ax.axhspan(low, high, color=BANDS[i % len(BANDS)], lw=0)
    ax.plot([0, 10], [high, high], color="0.45", lw=0.8, ls=(0, (5, 3)))
    faces = np.flatnonzero(np.asarray(model.grid.layer) == i)
    waves = bool(model.self_confined[faces[0]])
    y = 0.5 * (low + high) + 0.5 * STEP * (len(words) - 1)
    for k, (text, style) in enumerate(words):
        ax.text(2.75, y - k * STEP, text, va="center", fontsize=10.5 if k else 12, **style)
    streams = waves or np.any(model.v[faces] != 0)
    if streams:
        _streaming(ax, 0.55, low, high, np.any(model.v[faces] != 0))
    if layer.scattering:
        _wandering(ax, 1.35 if streams else 1.15, low, high, seed=7 + i)
    if not streams and not layer.scattering:
        ax.annotate(
            "", (1.15, high - 0.1), (1.15, low + 0.1), arrowprops={"arrowstyle": "-|>", "color": "0.3", "lw": 1.4}
        )


def _folded(parts, size, width, lead=""):
    """Lines of at most `width` inches, of parts with commas between them."""
    lines = [lead]
    for k, part in enumerate(parts):
        text = part + "," * (k + 1 < len(parts))
        longer = f"{lines[-1]} {text}".strip()
        if lines[-1] not in ("", lead) and _inches(longer, size) > width:
            lines.append(text)
        else:
            lines[-1] = longer
    return lines


def _inches(text, size):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    return TextPath((0, 0), text, prop=FontProperties(size=size)).get_extents().width / 72


def _words(model, i, layer):
    """Lines of text of a layer: name, plasma, waves, scatterers, numbers."""
    faces = np.flatnonzero(np.asarray(model.grid.layer) == i)
    waves = bool(model.self_confined[faces[0]])
    lines = [(draw.plain(layer_name(layer, i), 40), {"weight": "bold"})]
    state, grey = layer.plasma, {"color": "0.25"}

    def say(parts, style, lead=""):
        lines.extend((text, style) for text in _folded(parts, 10.5, 0.71 * WIDTH - ASIDE, lead))

    if state is not None:
        parts = [
            text
            for key, text in (
                ("n", rf"$n$ = {_plain(state.n)}"),
                ("T", rf"$T$ = {_plain(state.T)}"),
                ("B", rf"$B$ = {_plain(state.B)}"),
            )
            if getattr(state, key) is not None
        ]
        if None not in (state.n, state.T, state.B):
            from solver.physics.plasma import Plasma

            beta = Plasma(B=float(state.B), n=float(state.n), T=float(state.T)).beta
            parts.append(rf"$\beta$ = {beta:.2g}")
        say(parts, grey)
    v = np.abs(model.v[faces]) / 1e5
    if waves:
        damped = [WAVES.get(p.type, p.type) for p in layer.damping] or ["waves that nothing damps"]
        say(damped, {"color": STREAMS}, "self-confined:")
    if layer.scattering:
        say([SCATTERERS.get(p.type, p.type) for p in layer.scattering], {"color": DIFFUSES}, "scattered by")
    if not waves and not layer.scattering:
        lines.append(("nothing scatters: particles cross at their speed", grey))
    numbers = []
    if v.any():
        speed = f"{v[0]:.3g}" if np.ptp(v) < 1e-6 * v.max() else f"{v[0]:.3g} to {v[-1]:.3g}"
        numbers.append(rf"$v$ = {speed} km s$^{{-1}}$")
    kappa = model.kappa_extrinsic[0, faces[0]]
    if np.isfinite(kappa).any():
        at = [
            (R, float(np.exp(np.interp(np.log(R), np.log(model.grid.R), np.log(kappa)))))
            for R in AT
            if model.grid.R[0] <= R <= model.grid.R[-1]
            and np.isfinite(kappa[np.argmin(np.abs(np.log(model.grid.R / R)))])
        ]
        numbers += [rf"$\kappa$({draw.rigidity_text(R)}) = ${draw.scientific(k)}$ cm$^2$ s$^{{-1}}$" for R, k in at]
    if numbers:
        say(numbers, grey)
    return lines


def _plain(quantity):
    """A quantity as the deck writes it, with µ, powers and signs as print has them."""
    text = str(quantity)
    value, _, unit = text.partition(" ")
    mantissa, _, power = value.partition("e")
    if power:
        value = rf"${'' if mantissa == '1' else mantissa + chr(92) + 'times '}10^{{{int(power)}}}$"
    unit = unit.replace("uG", "µG").replace("cm-3", "cm$^{-3}$")
    return f"{value} {unit}".strip()


def _streaming(ax, x, low, high, moves):
    """Field lines with waves along them, and an arrow upwards."""
    y = np.linspace(low + 0.06, high - 0.06, 200)
    for shift in (0.0, 0.75, 1.5):
        ax.plot(x + shift + 0.07 * np.sin(2 * np.pi * (y - low) / 0.16), y, color=STREAMS, lw=0.9, alpha=0.75)
    if moves:
        for shift in (0.375, 1.125):
            ax.annotate(
                "",
                (x + shift, high - 0.12),
                (x + shift, low + 0.14),
                arrowprops={"arrowstyle": "-|>", "color": STREAMS, "lw": 1.8},
            )


def _wandering(ax, x, low, high, seed):
    """A random walk from the bottom of a layer to its top, the same every time."""
    random = np.random.default_rng(seed)
    n = 130
    ends = np.sin(np.pi * np.linspace(0, 1, n))
    walk = np.cumsum(random.normal(size=(n, 2)), axis=0)
    across = walk[:, 0] - np.linspace(walk[0, 0], walk[-1, 0], n)
    up = walk[:, 1] - np.linspace(walk[0, 1], walk[-1, 1], n)
    across, up = 0.62 * across / np.abs(across).max(), 0.2 * (high - low) * up / np.abs(up).max() * ends
    y = np.clip(low + np.linspace(0.03, 0.9, n) * (high - low) + up, low + 0.03, high - 0.1)
    ax.plot(x + across, y, color=DIFFUSES, lw=1.0)
    ax.annotate("", (x, high + 0.06), (x, high - 0.1), arrowprops={"arrowstyle": "-|>", "color": DIFFUSES, "lw": 1.2})


def _disc(ax, words):
    """The sheet at z = 0, and under it what enters and what is lost there."""
    ax.axhspan(-0.13, 0.0, color=DISC, lw=0)
    for x in (0.8, 1.9, 4.4, 7.1, 9.2):
        ax.plot([x], [-0.065], marker="*", ms=11, color="#F0C808", mec="k", mew=0.5, ls="")
    for k, text in enumerate(words):
        ax.text(0.15, -0.22 - 0.2 * k, text, va="top", fontsize=10, color="0.25")


def _disc_words(model):
    """Lines of text under the disc: its gas, and its sources."""
    disc, deck = model.deck.disc, model.deck
    primary, secondary = [], []
    for name in model.names:
        source = deck.species[name].source
        if source.type == "spallation":
            sigma = "" if source.cross_section is None else f" ({float(source.cross_section) / MBARN:.3g} mb)"
            secondary.append(f"{name} from {source.parent}{sigma}")
        else:
            slope = getattr(source, "slope", None)
            primary.append(f"{name}" + ("" if slope is None else rf" $Q\propto p^{{-{slope:g}}}$"))
    losses = f", losses ({disc.losses})" if disc.loss_processes and disc.losses != "none" else ""
    gas = rf"disc: $h$ = {_plain(disc.half_thickness)}, $n$ = {_plain(disc.density)}{losses}"
    return [gas, *_folded(primary + secondary, 10, 0.97 * WIDTH - ASIDE)]


def _scale(ax, tops, edges):
    ax.tick_params(axis="x", which="both", bottom=False, top=False, labelbottom=False)
    ax.tick_params(axis="y", which="both", right=False, length=0)
    ax.set_yticks(edges, ["0", *(f"{top:.4g}" for top in tops)])
    ax.yaxis.set_minor_locator(_none())
    ax.set_ylabel("$z$ [kpc], not to scale")


def _none():
    from matplotlib.ticker import NullLocator

    return NullLocator()
