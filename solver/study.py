"""Convergence studies: errors and observed orders of a series of runs.

The errors of a series of runs are taken against the exact solution where the problem has one.  Where it has none they
follow from the differences d_k of successive runs (Richardson): with an error C h^p,
    d_k/d_{k+1} = (h_k^p - h_{k+1}^p)/(h_{k+1}^p - h_{k+2}^p)   gives p,      e_k = d_k/(1 - (h_{k+1}/h_k)^p).
"""

from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise

import numpy as np
import xarray as xr

from .compare import norms
from .errors import DeckError, Fault
from .exact import approximate
from .labels import named
from .richardson import ORDER, at_rigidities

ROUND_OFF = 1e-9          # below this an error is the nonlinear solver's tolerance, not the grid's
NORMS = {"L1": "L1 error", "L2": "L2 error", "max": "largest error", "disc": "largest error at the disc"}


def converge(deck, key, values, run=None, done=None):
    """A Study of `deck` (a Deck, the name of a shipped problem or a path) with `key` set to each of `values`.

    key: a deck key, or several (then each entry of values holds one value for each); run: deck -> Result, by default
    solver.run; done: called with (value, result) after each run.  DeckError with all that is wrong with keys and values.
    """
    if run is None:
        from .session import run
    from .deck import load

    deck = load(deck)
    keys, series = _series(key, values)
    decks = []
    faults: list[Fault] = []
    for value in series:
        try:
            decks.append(deck.replace(dict(zip(keys, value, strict=True)), "--vary"))
        except DeckError as error:
            faults += error.faults
    if faults:
        raise DeckError(dict.fromkeys(faults))
    sizes = [step_size(each, keys[0]) for each in decks]
    if not any(np.isnan(sizes)):
        order = np.argsort(sizes)[::-1]                               # coarse to fine
        decks, series, sizes = [decks[i] for i in order], [series[i] for i in order], [sizes[i] for i in order]
    results = []
    for each, value in zip(decks, series, strict=True):
        results.append(run(each))
        if done is not None:
            done(value if len(keys) > 1 else value[0], results[-1])
    return Study(", ".join(keys), [", ".join(map(str, value)) for value in series], np.array(sizes), results)


def _series(key, values):
    """(keys, for each run its values of them) from what `converge` is given."""
    keys = [key] if isinstance(key, str) else key
    if not (isinstance(keys, (list, tuple)) and all(isinstance(each, str) for each in keys)):
        raise DeckError([Fault("--vary", "", f"found {key!r}", "needs a key, or a list of them")])
    rows = [value if isinstance(value, (tuple, list)) else (value,) * len(keys)
            for value in (values if isinstance(values, Iterable) else ())]
    if len(rows) < 2 or any(len(row) != len(keys) for row in rows):
        each = "values" if len(keys) == 1 else f"times {len(keys)} values"
        raise DeckError([Fault("--vary", ", ".join(keys), f"found {values!r}", f"needs at least two {each}")])
    return keys, rows


def step_size(deck, key):
    """What an error should be a power of: 1/n for a number of cells, the value itself for other numbers, else nan."""
    from .deck.overrides import find_value

    value = find_value(deck, key)[1]
    try:
        return 1.0 / float(value) if key.endswith("cells") else float(value)
    except (TypeError, ValueError):
        return np.nan


RUNS = ("run", "species")


class Study:
    """Errors and observed orders of a series of runs, coarse to fine."""

    def __init__(self, key, values, sizes, results):
        self.key, self.values, self.sizes, self.results = key, values, np.asarray(sizes, float), results
        exact = None if approximate(results[-1].deck.problem) else results[-1].exact
        self.exact = exact if exact is not None and np.isfinite(exact.f).any() else None

    @cached_property
    def dataset(self):
        """Errors (run, species), named as in NORMS, and order_…, the order seen on the way to each run."""
        names = self.results[-1].dataset.species.values
        if self.exact is not None:
            errors = np.array([_exact_errors(result) for result in self.results])
            orders = _pair_orders(errors, self.sizes)
            reference = f"exact solution: {self.exact.equation}"
        else:
            errors, orders = _richardson_errors(self.results, self.sizes)
            reference = "differences of successive runs (Richardson)"
        ds = xr.Dataset(coords={"run": np.arange(len(self.values)), "species": names,
                                "h": ("run", self.sizes, named("1", "step size, 1/n for cells")),
                                "value": ("run", self.values, {"long_name": self.key})})
        for i, (name, text) in enumerate(NORMS.items()):
            ds[name] = (RUNS, errors[:, :, i], named("1", f"relative error, {text}"))
            ds[f"order_{name}"] = (RUNS, orders[:, :, i], named("1", f"observed order, {text}"))
        return ds.assign_attrs(key=self.key, reference=reference, title=self.results[-1].attrs.get("title", ""))

    @property
    def order(self):
        """Observed order per norm on the finest runs, the lowest of all species; nan where errors are at round-off."""
        last = {name: self.dataset[f"order_{name}"].isel(run=-1).values for name in NORMS}
        return {name: float(np.nanmin(v)) if np.isfinite(v).any() else np.nan for name, v in last.items()}

    @property
    def table(self):
        """Errors and orders, the worst species of each, as a rich Table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(f"{self.dataset.title}: {self.key}"), title_justify="left", caption_justify="left",
                      caption=Text(f"errors against {self.dataset.reference}"), box=None, collapse_padding=True)
        table.add_column(self._short_key().replace(", ", "\n"), justify="right", no_wrap=True, vertical="bottom")
        for name in NORMS:
            table.add_column(name, justify="right", no_wrap=True)
            table.add_column("order", justify="right", no_wrap=True)
        for value, cells in self._rows():
            table.add_row(value, *cells)
        return table

    def __rich__(self):
        return self.table

    def __str__(self):
        width = max(len(self._short_key()), *map(len, self.values))
        head = f"{self._short_key():>{width}}" + "".join(f"{name:>10} {'order':>5}" for name in NORMS)
        rows = [f"{value:>{width}}" + "".join(f"{e:>10} {o:>5}" for e, o in zip(cells[::2], cells[1::2], strict=True))
                for value, cells in self._rows()]
        return "\n".join([head, *rows, f"errors against {self.dataset.reference}"])

    def _short_key(self):
        return ", ".join(key.split(".")[-1] for key in self.key.split(", "))

    def _rows(self):
        ds = self.dataset
        for i, value in enumerate(ds.value.values):
            cells = []
            for name in NORMS:
                error, order = ds[name].values[i], ds[f"order_{name}"].values[i]
                cells.append(f"{np.nanmax(error):.2e}" if np.isfinite(error).any() else "—")
                cells.append(f"{np.nanmin(order):.2f}" if np.isfinite(order).any() else "—")
            yield str(value), cells

    def figure(self):
        """Errors against the step size with the slope of the scheme's order."""
        from .figures.errors import convergence

        return convergence(self)

    def save(self, folder):
        """study.nc, study.csv and the figure in `folder`; returns the paths."""
        from . import storage
        from .figures.draw import save

        tree = xr.DataTree(self.dataset)
        tree.attrs = {"crstream_file": "study", "crstream_file_version": storage.FORMAT_VERSION, **tree.attrs}
        path = storage.write(tree, f"{folder}/study.nc")
        table = storage.write_text(self.csv(), path.with_suffix(".csv"))
        return [path, table, *save(self.figure(), path.with_name("convergence"))]

    def csv(self):
        """One line per run and species."""
        ds, names = self.dataset, [n for norm in NORMS for n in (norm, f"order_{norm}")]
        lines = [",".join([self.key.replace(", ", "/"), "h", "species", *names])]
        for i, value in enumerate(ds.value.values):
            for s, species in enumerate(ds.species.values):
                numbers = (repr(float(ds[name].values[i, s])) for name in names)
                lines.append(",".join([str(value).replace(", ", "/"), repr(float(ds.h[i])), str(species), *numbers]))
        return "\n".join(lines) + "\n"


def _exact_errors(result):
    """(species, norm) errors of one run; nan for a species without exact solution."""
    comparison = result.compare()
    rows = {row.species: row for row in comparison.rows}
    disc = comparison.deviation.isel(z=0)

    def of(species):
        if species not in rows:
            return [np.nan] * len(NORMS)
        row = rows[species]
        return [row.L1, row.L2, row.max, float(disc.sel(species=species).max())]

    return [of(str(species)) for species in result.dataset.species.values]


def _pair_orders(errors, h):
    """ln(e_k/e_{k+1})/ln(h_k/h_{k+1}), filed under the finer run; nan for the first run and at round-off."""
    orders = np.full(errors.shape, np.nan)
    usable = (errors > ROUND_OFF) & np.isfinite(errors)
    logs, steps = np.log(np.where(usable, errors, np.nan)), np.log(h)
    orders[1:] = (logs[:-1] - logs[1:]) / (steps[:-1] - steps[1:]).reshape(-1, 1, 1)
    return orders


def _richardson_errors(results, h):
    """(errors, orders), each (run, species, norm), from differences of successive runs."""
    samples, volume = common_samples(results)
    differences = np.array([[_difference(a[s], b[s], volume) for s in range(len(a))] for a, b in pairwise(samples)])
    runs, (species, kinds) = len(results), differences.shape[1:]
    errors, orders = np.full((runs, species, kinds), np.nan), np.full((runs, species, kinds), np.nan)
    for s, i in np.ndindex(species, kinds):
        d = differences[:, s, i]
        for k in range(runs - 2):
            orders[k + 2, s, i] = observed_order(d[k : k + 2], h[k : k + 3])
        p = orders[-1, s, i] if np.isfinite(orders[-1, s, i]) else ORDER
        decay = (h[1:] / h[:-1]) ** p
        errors[:-1, s, i] = d / (1 - decay)
        errors[-1, s, i] = errors[-2, s, i] * decay[-1]
    return errors, orders


def _difference(a, b, volume):
    """The norms of a - b, relative to the finer run b; arrays (z, R)."""
    relative = np.abs(a - b) / np.abs(b).max(axis=0)
    return [*norms(a, b, volume), np.nanmax(relative), np.nanmax(relative[0])]


def observed_order(d, h):
    """p from two differences of three runs with step sizes h (decreasing); nan at round-off or where there is none."""
    from scipy.optimize import brentq

    if not np.all(np.isfinite(d)) or np.min(d) < ROUND_OFF or np.isnan(h).any():
        return np.nan

    def mismatch(p):
        a, b, c = (h / h[0]) ** p
        return np.log((a - b) / (b - c)) - np.log(d[0] / d[1])

    low, high = 0.01, 12.0
    return float(brentq(mismatch, low, high)) if mismatch(low) < 0 < mismatch(high) else np.nan


def common_samples(results):
    """f of every run on the heights all runs have as nodes (the disc and the top at least) and on the coarsest R grid.

    Returns ([f (species, z, R)], control volumes of those heights).
    """
    heights = results[0].dataset.z.values
    for result in results[1:]:
        other = result.dataset.z.values
        near = other[np.abs(other[:, None] - heights).argmin(axis=0)]
        heights = heights[np.abs(near - heights) <= 1e-9 * heights[-1]]
    R = min((r.dataset.rigidity.values for r in results), key=len)
    volume = np.append(np.diff(heights), 0.0) / 2 + np.insert(np.diff(heights), 0, 0.0) / 2
    samples = []
    for result in results:
        z = result.dataset.z.values
        nodes = np.abs(z[:, None] - heights).argmin(axis=0)
        samples.append(at_rigidities(result.dataset.f.values[:, nodes], result.dataset.rigidity.values, R))
    return samples, volume
