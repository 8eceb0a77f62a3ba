"""What the figures share: the style, colours, axes, maps over (R, z), and saving.

Figures are made without pyplot: nothing needs a screen, nothing needs closing, and importing this module is cheap.
"""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from solver.folder import FORMATS
from solver.shown import printable
from solver.storage import path_of, write_figure

STYLE = Path(__file__).with_name("crstream.mplstyle")
COLOURS = {"proton": "#0072B2", "carbon": "#D55E00", "boron": "#009E73", "helium4": "#CC79A7", "oxygen": "#E69F00"}
SPARE = ("#56B4E9", "#882255", "#999999", "#000000", "#999933")   # for other species
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
STYLES = ("-", "--", ":", "-.", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2, 1, 2)))
DECADES = 7                # shown below the highest curve; what lies deeper is cut off
FAILED = {"stopped": "was stopped", "running": "goes on"}


@contextmanager
def styled():
    import matplotlib.style

    with matplotlib.style.context(STYLE):
        yield


def figure(**options):
    """A Figure with a canvas of its own that shows itself in notebooks."""
    from io import BytesIO

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Standalone(Figure):
        def _repr_png_(self):
            buffer = BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    fig = Standalone(**options)
    FigureCanvasAgg(fig)
    return fig


def legend_line(**options):
    from matplotlib.lines import Line2D

    return Line2D([], [], **options)


def points(x):
    """Open circles, about 40 along x: the run beside an exact line."""
    return {"ls": "", "marker": "o", "mfc": "none", "markevery": max(1, len(x) // 40)}


def colours(names):
    """Species → colour, all different as far as there are colours; the well-known species always have theirs."""
    names = [str(name) for name in names]
    spare = [*SPARE, *(colour for name, colour in COLOURS.items() if name not in names)]
    others = [name for name in names if name not in COLOURS]
    return COLOURS | {name: spare[i % len(spare)] for i, name in enumerate(others)}


def style(i):
    """The line style of the i-th layer."""
    return STYLES[i % len(STYLES)]


def chosen(ds, species=None):
    """[(index, name)] of the species asked for, a name or several, all where none are; ValueError for what is no such name."""
    names = [str(name) for name in ds.species.values]
    asked = names if species is None else species if isinstance(species, (list, tuple, np.ndarray)) else [species]
    wrong = [name for name in asked if not isinstance(name, str) or name not in names]
    if wrong or not len(asked):
        raise ValueError(f"found {species!r}; there are the species {', '.join(names)}")
    return [(names.index(name), str(name)) for name in asked]


def no_source(ds):
    """What a panel of a species without a source says: a transient may have had one before."""
    from solver import observables

    end = observables.deck_of(ds).get("time", {}).get("end", "steady")
    return "no source" if end == "steady" else "no source at this time"


def sources_missing(ax, ds):
    """Says in a panel that divides by the source which species have none."""
    without = [str(name) for name, source in zip(ds.species.values, ds.source.values, strict=True) if not source.any()]
    if without:
        of = "" if len(without) == ds.sizes["species"] else f": {', '.join(without)}"
        note(ax, 0.5, 0.66, no_source(ds) + of, ha="center", color="0.35", fontsize=10)
        if not any(np.isfinite(np.asarray(line.get_ydata(), float)).any() for line in ax.lines):
            ax.tick_params(axis="y", which="both", left=False, right=False, labelleft=False)


def positive(y):
    y = np.asarray(y, float)
    return np.where(np.isfinite(y) & (y > 0), y, np.nan)


def quotient(a, b):
    """a/b, nan where b is zero."""
    return np.divide(a, b, out=np.full(np.shape(b), np.nan), where=np.asarray(b) != 0)


def error_band(ax, x, y, error, colour):
    """Error bars where they can be seen (more than 1 %), every few points; smaller ones hide in the line."""
    show = (error > 0.01 * np.abs(y)) & np.isfinite(error)
    every = np.zeros(len(x), bool)
    every[:: max(1, len(x) // 30)] = True
    show &= every
    if show.any():
        down = np.minimum(error[show], 0.999 * y[show])
        ax.errorbar(x[show], y[show], yerr=[down, error[show]], fmt="none", ecolor=colour, elinewidth=0.9, capsize=2)


def weighted_label(weight):
    power = f"{1 - weight:+.3g}" if weight < 1 else f"{weight - 1:.3g}"
    factor = f"$R^{{{weight:g}}}$ " if weight else ""
    unit = f"GV$^{{{power}}}$" if weight else "GV$^{-1}$"
    return f"{factor}$J$ [m$^{{-2}}$ s$^{{-1}}$ sr$^{{-1}}$ {unit}]"


def logarithmic(ax, symbol, values):
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xscale("log")
    ax.set(xlim=(values[0], values[-1]), xlabel=f"${symbol}$ [GV]")
    ax.xaxis.set_major_locator(LogLocator(10, numticks=8))
    ax.xaxis.set_minor_locator(LogLocator(10, subs="auto", numticks=20))
    ax.xaxis.set_minor_formatter(NullFormatter())


def decades(ax, span=DECADES, least=1.0):
    """Logarithmic y axis around the curves, `least` to `span` decades; few enough labels to read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in ax.lines] or [np.ones(1)])
    values = values[np.isfinite(values) & (values > 0)]
    if len(values) == 0:
        ax.set_ylim(0.1, 1.0)
    else:
        high, low = values.max(), max(values.min(), values.max() * 10.0**-span)
        middle, half = np.sqrt(high * low), max(0.55 * np.log10(high / low), 0.5 * least)
        ax.set_ylim(middle * 10.0**-half, middle * 10.0**half)
    ax.set_yscale("log")  # with limits set: matplotlib would not know what to do with a line that is constant
    axis, wide = ax.yaxis, np.ptp(np.log10(ax.get_ylim())) > 2.5
    axis.set_major_locator(LogLocator(10, numticks=7))
    axis.set_minor_locator(LogLocator(10, subs="auto" if wide else range(2, 10), numticks=30))
    axis.set_minor_formatter(NullFormatter())
    if not wide:
        low, high = ax.get_ylim()
        plain, few = low > 5e-4 and high < 2e4, high / low > 20
        text = (lambda y: f"{y:g}") if plain else (lambda y: f"${scientific(y, 0)}$")
        axis.set_major_formatter(FuncFormatter(lambda y, _: text(y)))
        if plain or not few:
            axis.set_minor_formatter(FuncFormatter(lambda y, _: text(y) if leading_digit(y) in (2, 5) else ""))


def leading_digit(y):
    return round(y / 10.0 ** np.floor(np.log10(y) + 1e-9))


def scientific(y, digits=1):
    """Mathtext for 4.4 × 10⁻³."""
    if y == 0 or not np.isfinite(y):
        return f"{y:g}"
    mantissa, exponent = f"{y:.{digits}e}".split("e")
    lead = "" if digits == 0 and mantissa == "1" else rf"{mantissa} \times "
    return rf"{lead}10^{{{int(exponent)}}}"


def plain(text, longest=90):
    """Text from a deck or a file for a figure: no mathematics in it, and not longer than a figure is wide."""
    text = printable(str(text))
    return (text if len(text) <= longest else f"{text[:longest]}…").replace("$", r"\$")


def title(ax, result):
    ax.set_title(plain(result.attrs.get("title", "")), wrap=True)
    failure_note(ax, result)


def figure_title(fig, ax, result):
    """The title above all panels."""
    fig.suptitle(plain(result.attrs.get("title", "")), x=0.02, ha="left", fontsize=11, wrap=True)
    failure_note(ax, result)


def failure_note(ax, result):
    """Nobody shall take the last state of a run that failed or was stopped for its answer."""
    state = result.status.partition(":")[0]
    if state in ("failed", "stopped", "running"):
        note(ax, 0.5, 0.5, f"not a solution: the run {FAILED.get(state, state)}", ha="center", color="#D55E00")


def note(ax, x, y, text, **options):
    """Text in a white box, in fractions of the axes."""
    box = {"boxstyle": "round,pad=0.25", "fc": "w", "ec": "none", "alpha": 0.85}
    ax.text(x, y, text, transform=ax.transAxes, bbox=box, zorder=10, **options)


def energy_axis(ax, ds, name):
    """Kinetic energy per nucleon of a species along the top."""
    Z, A, m = (float(ds[q].sel(species=name)) for q in ("charge", "mass_number", "mass"))

    def energy(R):
        return (np.hypot(Z * np.maximum(R, 1e-300), m) - m) / A

    def rigidity(T):
        T = np.maximum(A * np.asarray(T, float), 1e-300)
        return np.sqrt(T * (T + 2 * m)) / Z

    ax.tick_params(axis="x", which="both", top=False)
    ax.secondary_xaxis("top", functions=(energy, rigidity)).set_xlabel(f"kinetic energy of {name} [GeV/n]")


def round_rigidities(R):
    """At most six powers of ten inside the grid."""
    decades = np.arange(np.ceil(np.log10(R[0]) - 1e-9), np.floor(np.log10(R[-1]) + 1e-9) + 1)
    if len(decades) < 2:
        return R[[0, len(R) // 2, -1]]
    return 10.0 ** decades[:: int(np.ceil(len(decades) / 6))]


def nodes(R, rigidities):
    return sorted({int(np.argmin(np.abs(np.log(R / x)))) for x in np.atleast_1d(rigidities)})


def rigidity_text(R):
    if 0.1 <= R < 1000:
        return f"{R:.3g} GV"
    exponent = int(np.floor(np.log10(R) + 1e-9))
    factor = R / 10.0**exponent
    lead = "" if abs(factor - 1) < 5e-3 else rf"{factor:.3g} \times "
    return rf"${lead}10^{{{exponent}}}$ GV"


def sequence(number):
    import matplotlib

    return matplotlib.colormaps["viridis"](np.linspace(0.0, 0.88, number))


def panels(number, size=(3.0, 3.4), columns=3, sharey=True):
    """A figure with `number` panels in rows of at most `columns`, room for a legend at the right; (figure, panels, left ones).

    Where the last row is not full every row has its labels; else only the last.
    """
    columns = 2 if number == 4 else min(columns, number)
    rows = -(-number // columns)
    fig = figure(figsize=(2.2 + size[0] * columns, 0.6 + size[1] * rows))
    grid = fig.subplots(rows, columns, sharex=True, sharey=sharey, squeeze=False)
    for ax in grid.flat[number:]:
        ax.set_visible(False)
    full = rows * columns == number
    for i, ax in enumerate(grid.flat[:number]):
        labelled = not full or i >= number - columns
        ax.xaxis.set_tick_params(labelbottom=labelled)
        ax.xaxis.label.set_visible(labelled)
    return fig, list(grid.flat[:number]), list(grid[:, 0])


def outside_legend(fig, ax, handles=None, labels=None, **options):
    """One legend for all panels, in an empty place of their grid or right of them."""
    if handles is None:
        handles, labels = ax.get_legend_handles_labels()
    empty = [ax for ax in fig.axes if not ax.get_visible()]
    if not empty:
        fig.legend(handles, labels, loc="outside right upper", **options)
        return
    empty[0].set_visible(True)
    empty[0].set_axis_off()
    empty[0].legend(handles, labels, loc="upper left", **options)


def layer_lines(ax, ds):
    """Interfaces between layers as thin lines."""
    for top in ds.layer_top.values[:-1]:
        ax.axvline(top, color="0.6", lw=0.8, ls=(0, (5, 3)), zorder=0)


def colour_map(ax, ds, values, **options):
    """Colour map of face values (z_face, R) on logarithmic axes; layer interfaces as lines with names."""
    z, z_face = ds.z.values, ds.z_face.values
    edges = np.append(min(0.5 * z_face[0], z[1] / 2), z[1:])
    R = np.append(ds.rigidity_bounds.values[:, 0], ds.rigidity_bounds.values[-1, 1])
    mesh = ax.pcolormesh(R, edges, values, rasterized=True, **options)
    logarithmic(ax, "R", ds.rigidity.values)
    ax.set_yscale("log")
    ax.set(ylim=(edges[0], edges[-1]), ylabel="$z$ [kpc]")
    tops = ds.layer_top.values
    for top in tops[:-1]:
        ax.axhline(top, color="k", lw=0.8, ls=(0, (5, 3)))
    for i, name in enumerate(ds.layer.values if len(tops) > 1 else ()):
        height, place = (np.sqrt(tops[i - 1] * tops[i]), "center_baseline") if i else (tops[0] * 0.97, "top")
        ax.text(0.985, height, plain(name, 30), transform=ax.get_yaxis_transform(), ha="right", va=place, fontsize=9)
    return mesh


def save(fig, stem, formats=FORMATS):
    """Write stem.png and stem.pdf, without dates so that equal figures are equal files; returns the paths."""
    stem = path_of(stem)
    paths = [stem.with_name(f"{stem.name}.{form}") for form in formats]
    with styled():
        for path in paths:
            write_figure(fig, path, metadata={"CreationDate": None} if path.suffix == ".pdf" else None)
            fig.set_layout_engine("none")               # the first format laid it out; half the time of the others
    return paths
