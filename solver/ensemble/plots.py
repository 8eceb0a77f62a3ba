"""Figures of a sweep: spectra of all members as a fan of curves, coloured by one of the varied keys."""

import functools

import numpy as np

from solver.figures import draw
from solver.shown import enumerated
from solver.storage import path_of

from .dataset import NOT_RUN

MOST_PANELS = 6
CROWDED = 40  # curves above which each is drawn thinner


def spectrum(sweep, over=None, weight=2.7, species=None, at=None):
    """R^weight J(R) at the disc, a curve per member; arguments as for `fan`."""
    return fan(sweep, "J", over, weight, species, at)


def b_to_c(sweep, over=None, at=None):
    """Boron to carbon at equal rigidity, a curve per member; arguments as for `fan`."""
    if "boron_to_carbon" not in sweep.dataset:
        raise ValueError("boron to carbon needs the species boron and carbon")
    return fan(sweep, "boron_to_carbon", over, at=at)


def fan(sweep, name="J", over=None, weight=0.0, species=None, at=None):
    """R^weight times a variable over rigidity, a curve per member, coloured by the value of the key `over`.

    over: by default the first key with more than one value.  Of a grid the next such key goes over panels, and further
    ones stay at the value in `at` (key -> value, the nearest is taken), by default the middle one.  Where there is no
    second key the panels are species.  species: names, by default all; with panels of a key the first.
    ValueError for a name that is no spectrum, or a key that is not varied.
    """
    ds = sweep.dataset
    if not isinstance(name, str) or name not in ds or "rigidity" not in ds[name].dims:
        known = [each for each in ds.data_vars if "rigidity" in ds[each].dims]
        raise ValueError(f"no spectrum {name!r} in this sweep; there are {', '.join(known)}")
    over, panel_key, fixed = _roles(sweep, over, at)
    values = ds[name] * ds.rigidity**weight
    values = values.isel(fixed)
    if "species" in values.dims:
        names = [each for _, each in draw.chosen(ds, species)]
        values = values.sel(species=names[:1] if panel_key else names)
        if panel_key:
            values = values.isel(species=0)
    panel_dim = panel_key or ("species" if "species" in values.dims else None)
    shown = _spread(values.sizes[panel_dim]) if panel_dim else [None]
    colours = Colours(ds[over], _solved(ds, over))
    with draw.styled():
        fig, panels, _ = draw.panels(len(shown), size=(3.6, 3.4), sharey=panel_key is not None)
        limits = []
        for ax, i in zip(panels, shown, strict=True):
            part = values if i is None else values.isel({panel_dim: i})
            curves = part.transpose(..., "rigidity")
            for member in range(curves.sizes[curves.dims[0]]):
                width = 0.8 if curves.sizes[curves.dims[0]] > CROWDED else 1.4
                ax.plot(ds.rigidity, curves.values[member], color=colours(member), lw=width)
            draw.logarithmic(ax, "R", ds.rigidity.values)
            if _many_decades(values):
                draw.decades(ax)
            limits.append(ax.get_ylim())
            if panel_dim == "species":
                ax.set_title(str(part.species.item()), loc="right")
            elif panel_dim:
                ax.set_title(_valued(part[panel_dim]), loc="right", fontsize=10)
        if panel_key:
            panels[0].set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        panels[0].set_ylabel(draw.weighted_label(weight) if name == "J" else _label(ds[name], weight))
        colours.legend(fig, panels)
        fig.suptitle(_title(sweep, values, fixed, over), x=0.02, ha="left", fontsize=11, wrap=True)
        return fig


def _roles(sweep, over, at):
    """(key of the colours, key of the panels or None, {dimension: index} of the keys that stay fixed)."""
    ds, keys = sweep.dataset, sweep.keys
    for key in (over, *(at or {})):
        if key is not None and key not in keys:
            raise ValueError(f"{key!r} is not varied in this sweep; varied are {', '.join(keys)}")
    longer = [key for key in keys if ds[key].size > 1] or list(keys)
    over = over or longer[0]
    if "member" in ds.dims:
        return over, None, {}
    rest = [key for key in keys if key != over]
    panel = next((key for key in rest if ds[key].size > 1 and key not in (at or {})), None)
    fixed = {}
    for key in rest:
        if key != panel:
            fixed[key] = _nearest(ds[key], at[key]) if key in (at or {}) else ds[key].size // 2
    return over, panel, fixed


def _nearest(coordinate, value):
    if np.issubdtype(coordinate.dtype, np.number):
        return int(np.argmin(np.abs(coordinate.values - float(value))))
    found = np.flatnonzero(coordinate.values == value)
    if not len(found):
        raise ValueError(f"{coordinate.name} has no value {value!r}")
    return int(found[0])


def _spread(number):
    """At most MOST_PANELS of `number` indices, the ends among them."""
    return sorted({int(i) for i in np.linspace(0, number - 1, min(number, MOST_PANELS)).round()})


def _solved(ds, key):
    """Which values of a key have a member with a solution."""
    there = ~ds.status.isin(["failed", NOT_RUN])
    return there.any([dim for dim in there.dims if dim not in ds[key].dims]).values


def _many_decades(values):
    """Is a logarithmic axis of use: all positive, and more than a factor of three between them?"""
    finite = values.values[np.isfinite(values.values)]
    return len(finite) > 0 and finite.min() > 0 and finite.max() > 3 * finite.min()


class Colours:
    """A colour per value of a key: a scale for numbers, a list for words."""

    def __init__(self, coordinate, solved):
        import matplotlib
        from matplotlib.colors import LogNorm, Normalize

        self.coordinate = coordinate
        self.values = values = coordinate.values[solved] if solved.any() else coordinate.values
        self.numbers = np.issubdtype(values.dtype, np.number) and len(np.unique(values)) > 1
        if self.numbers:
            low, high = float(values.min()), float(values.max())
            self.norm = (LogNorm if low > 0 and high > 5 * low else Normalize)(low, high)
            self.map = matplotlib.colors.ListedColormap(draw.sequence(256))

    def __call__(self, i):
        if self.numbers:
            return self.map(self.norm(float(self.coordinate.values[i])))
        return draw.SERIES[i % len(draw.SERIES)]

    def legend(self, fig, panels):
        from matplotlib.cm import ScalarMappable

        name = _name(self.coordinate)
        unit = _mathematical(self.coordinate.attrs.get("units", "1"))
        if self.numbers:
            bar = fig.colorbar(ScalarMappable(self.norm, self.map), ax=panels, label=f"{name} [{unit}]" if unit else name)
            if self.values.size <= CROWDED:
                bar.ax.hlines(self.values, 0, 1, colors="w", lw=0.8)
            return
        lines = [draw.legend_line(color=self(i)) for i in range(self.coordinate.size)]
        fig.legend(lines, [draw.plain(value, 40) for value in self.coordinate.values], loc="outside right upper", title=name)


def _mathematical(unit):
    """cm-3 as mathtext; empty for plain numbers."""
    import re

    return "" if unit == "1" else re.sub(r"(?<=[A-Za-z])(-?\d+)", r"$^{\1}$", unit)


def _label(variable, weight):
    factor = f"$R^{{{weight:g}}}$ " if weight else ""
    unit = _mathematical(variable.attrs.get("units", "1"))
    if weight:
        unit = f"GV$^{{{weight:g}}}$ {unit}".rstrip()
    text = "B/C" if variable.name == "boron_to_carbon" else str(variable.name).replace("_", " ")
    return f"{factor}{text}" + (f" [{unit}]" if unit else "")


def _valued(coordinate):
    """n = 0.003 cm-3, for a title."""
    value = coordinate.item()
    unit = coordinate.attrs.get("units", "1")
    number = f"{value:.4g}" if isinstance(value, float) else draw.plain(value, 40)
    unit = _mathematical(unit)
    return f"{_name(coordinate)} = {number} {unit}".rstrip()


def _name(coordinate):
    """A key without its section, halo.plasma.n, unless a number follows: layer.1.plasma.n."""
    key = str(coordinate.name)
    rest = key.partition(".")[2]
    return key if not rest or rest[0].isdecimal() else rest


def _title(sweep, values, fixed, over):
    parts = [draw.plain(sweep.dataset.attrs["title"])]
    parts += [_valued(sweep.dataset[key][i]) for key, i in fixed.items()]
    if "species" in values.coords and values.species.ndim == 0:
        parts.insert(1, str(values.species.item()))
    if "member" in sweep.dataset.dims and (others := [_name(sweep.dataset[key]) for key in sweep.keys if key != over]):
        names = [*others[:3], *["more"] * (len(others) > 3)]
        parts.append(f"{enumerated(names)} var{'y' if len(names) > 1 else 'ies'} too")
    missing = sweep.dataset.status.size - sweep.solved
    if missing:
        parts.append(f"{missing} of {sweep.dataset.status.size} members without a solution")
    return ", ".join(part for part in parts if part)


# ---- by name, saving ---------------------------------------------------------------------------------------------------

FIGURES = {"spectrum": spectrum, "b_to_c": b_to_c}


def save_figures(sweep, folder, what=None):
    """Draw and save the figures named in `what`, one or several (or "all"), or fans of other variables; returns the paths."""
    folder = path_of(folder)
    there = [name for name in FIGURES if name != "b_to_c" or "boron_to_carbon" in sweep.dataset]
    asked = what if isinstance(what, (list, tuple)) else [what]
    names = there if asked in ([None], ["all"]) else asked
    if not sweep.solved:
        raise ValueError("no member of this sweep has a solution")
    figures = ((name, FIGURES[name](sweep) if name in tuple(FIGURES) else fan(sweep, name)) for name in names)
    return [path for name, fig in figures for path in draw.save(fig, folder / name)]


class Plotter:
    """The figures of one sweep as methods: sweep.plot.spectrum(over="layer.halo.plasma.n")."""

    def __init__(self, sweep):
        self._sweep = sweep

    def __getattr__(self, name):
        if name not in (*FIGURES, "fan"):
            raise AttributeError(f"no figure {name!r}; there are {', '.join(FIGURES)} and fan")
        function = FIGURES.get(name, fan)
        return functools.update_wrapper(functools.partial(function, self._sweep), function)

    def __dir__(self):
        return [*FIGURES, "fan", "save"]

    def save(self, folder, what=None):
        return save_figures(self._sweep, folder, what)
