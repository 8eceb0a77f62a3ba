"""Errors of a result against its problem's exact solution: norms, where the largest sits, verdict, table, figure.

At every species and rigidity the error is relative to the exact solution there, because f spans 15 decades in R:
    L1 = mean over R of ∫|Δf| dz/∫|f| dz      L2² = mean over R of ∫Δf² dz/∫f² dz      max = max |Δf|/max_z |f|
with the control volumes as dz, over the nodes where the exact solution is given.  The verdict is max against the
tolerance that comes with the exact solution.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import observables
from .errors import CrstreamError, ResultError
from .exact import Exact, module_of, told

NORMS = ("L1", "L2", "max")


@dataclass(frozen=True)
class SpeciesError:
    """Errors of one species; z (kpc) and R (GV) say where the largest one sits."""

    species: str
    L1: float
    L2: float
    max: float
    z: float
    R: float


def exact_solution(result):
    """The Exact of the result's problem on its grid and at its time, None where the problem has none.

    A steady state is compared with the steady solution, everything else with the solution at the time reached.
    """
    module = module_of(result.deck.problem)
    if module is None:
        return None
    time = None if result.status == "steady" else result.time
    try:
        return module.solution(result.model, time)
    except (CrstreamError, MemoryError):
        raise
    except Exception as error:
        raise ResultError(f"problems/{result.deck.problem}/exact.py: {'; '.join(told(error))}") from error


def exact_intensity(dataset, exact):
    """J at the disc of an exact solution on the grid of a result, (species, rigidity)."""
    f, p, Z = exact.f[:, 0], dataset.momentum.values, dataset.charge.values[:, None]
    return observables.intensity(f, p, Z, dataset.beta.values)


def a_result(result):
    """The result as it is; ResultError for what is none."""
    if not hasattr(result, "dataset"):
        raise ResultError(f"found {result!r}, which is no result: run(deck) and open_result(path) give one")
    return result


def compare(result, exact=None):
    """Comparison of a result with `exact`, by default its problem's; ResultError where there is nothing to compare."""
    exact = a_result(result).exact if exact is None else exact
    if exact is not None and not hasattr(exact, "equation"):
        raise ResultError(f"found {exact!r} to compare with, which is no solver.exact.Exact")
    where = result.path or "this result"
    if exact is None:
        raise ResultError(f"{where}: nothing to compare with, the deck belongs to no problem with an exact solution")
    if np.shape(exact.f) != result.dataset.f.shape:
        raise ResultError(f"{where}: exact solution of shape {np.shape(exact.f)}, result of {result.dataset.f.shape}")
    if not np.isfinite(exact.f).any():
        raise ResultError(f"{where}: {exact.equation} gives nothing on this grid (valid: {exact.valid_where})")
    return Comparison(result, exact)


@dataclass(frozen=True)
class Comparison:
    """A result beside its exact solution."""

    result: Any                    # solver.result.Result
    exact: Exact

    @cached_property
    def deviation(self):
        """|f - exact| over max_z |exact|, (species, z, rigidity); nan where the exact solution is not given."""
        f = self.result.dataset.f
        deviation = self.exact.deviation(f.values)
        broken = np.isfinite(self.exact.f) & ~np.isfinite(f.values)
        return f.copy(data=np.where(broken, np.inf, deviation)).assign_attrs(units="1", long_name="relative error")

    @cached_property
    def rows(self):
        """One SpeciesError per species for which the exact solution is given."""
        ds = self.result.dataset
        volume = np.diff(ds.z_bounds.values, axis=1)[:, 0]
        found = []
        for s, name in enumerate(ds.species.values):
            d = self.deviation.values[s]
            if np.isnan(d).all():
                continue
            L1, L2 = norms(ds.f.values[s], self.exact.f[s], volume)
            z, R = np.unravel_index(np.nanargmax(d), d.shape)
            found.append(SpeciesError(str(name), L1, L2, float(d[z, R]), float(ds.z[z]), float(ds.rigidity[R])))
        return found

    @property
    def max(self):
        """The largest relative error of all species."""
        return max(row.max for row in self.rows)

    @property
    def passed(self):
        """Is the largest error within the tolerance?  None where the solution is shown, not judged."""
        return None if self.exact.tolerance is None else bool(self.max <= self.exact.tolerance)

    @property
    def exit_code(self):
        """0 within the tolerance (or none given), 1 outside."""
        return 1 if self.passed is False else 0

    @property
    def verdict(self):
        worst = max(self.rows, key=lambda row: row.max)
        at = f"max error {worst.max:.2e} ({worst.species}, z = {worst.z:.3g} kpc, R = {worst.R:.3g} GV)"
        if self.passed is None:
            return f"{at}; no tolerance, shown for reference"
        sign = "within" if self.passed else "OUTSIDE"
        return f"{at}, {sign} the tolerance {self.exact.tolerance:.2e} ({self.exact.bounds})"

    @property
    def table(self):
        """The errors as a rich Table."""
        from rich.table import Table
        from rich.text import Text  # as Text, brackets in formulas are no markup

        table = Table(title=Text(f"against {self.exact.equation}"), title_justify="left", caption_justify="left",
                      caption=Text(f"valid: {self.exact.valid_where}\n{self.verdict}"))
        table.add_column("species")
        for column in ("L1", "L2", "max", "at z [kpc]", "at R [GV]"):
            table.add_column(Text(column), justify="right", no_wrap=True)
        for row in self.rows:
            style = "red" if self.exact.tolerance is not None and not row.max <= self.exact.tolerance else ""
            errors = [f"{e:.2e}" for e in (row.L1, row.L2, row.max)]
            table.add_row(row.species, *errors, f"{row.z:.3g}", f"{row.R:.3g}", style=style)
        return table

    def __rich__(self):
        return self.table

    def __str__(self):
        lines = [f"against {self.exact.equation}; valid: {self.exact.valid_where}"]
        lines += [f"  {row.species:12} L1 {row.L1:.2e}  L2 {row.L2:.2e}  max {row.max:.2e} "
                  f"at z = {row.z:.3g} kpc, R = {row.R:.3g} GV" for row in self.rows]
        return "\n".join([*lines, self.verdict])

    def figure(self):
        """Spectra with the exact solution, and a map of the errors."""
        from .figures.errors import comparison

        return comparison(self)


def norms(f, exact, volume):
    """(L1, L2) of one species, f and exact (z, R), volume (z,); see the head of this module."""
    given = np.isfinite(exact)
    used = given.any(axis=0)
    weight = np.where(given, volume[:, None], 0.0)[:, used]
    f, exact = np.where(given, f, 0.0)[:, used], np.where(given, exact, 0.0)[:, used]
    base = np.where(np.abs(exact).max(axis=0) > 0, exact, f)                       # as Exact.deviation does
    L1 = _share(np.sum(weight * np.abs(f - exact), axis=0), np.sum(weight * np.abs(base), axis=0))
    L2 = _share(np.sum(weight * (f - exact) ** 2, axis=0), np.sum(weight * base**2, axis=0))
    return float(np.mean(L1)), float(np.sqrt(np.mean(L2)))


def _share(difference, total):
    return np.divide(difference, total, out=np.zeros_like(difference), where=total > 0)
