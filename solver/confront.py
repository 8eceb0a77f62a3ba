"""A result beside measurements: which sets, with which cuts and potentials, and how far the model is from them.

Every set is compared on its own axis: the model is converted, not the data (solver.measurements.curves).  By default the
sets and cuts are the paper's and nothing is modulated, as in the paper; a potential modulates the model for one set.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from . import measurements
from .compare import a_result, exact_intensity
from .errors import DataError, Fault
from .exact import exact_name
from .measurements import Measurement
from .measurements.axes import AXES
from .measurements.names import matches
from .measurements.paper import Set
from .measurements.reading import FORMATS

CHOICES = ("paper", "all")  # of sets


@dataclass(frozen=True)
class Row:
    """One set beside the model; `values` is the model at the points of `whole`, `used` marks those inside the cut."""

    whole: Measurement
    measurement: Measurement
    cut: str
    phi: float                   # GV, what the model was modulated with
    curve: Any                   # the model as a function of x on the set's axis
    fit: measurements.Fit
    reference: measurements.Fit | None = None     # of the exact solution, or the approximation, that belongs to the problem
    apart: str = ""              # what tells it from another set of the same name

    @property
    def name(self):
        return f"{self.whole.quantity}, {self.whole.label}{self.apart}"

    @cached_property
    def values(self):
        return measurements.at_points(self.curve, self.whole)

    @cached_property
    def used(self):
        return np.isin(self.whole.x, self.measurement.x)


def sets_for(result, catalogue, which="paper", cuts=True):
    """The Sets of a catalogue that a result has the species for.

    which: "paper" takes the paper's, and everything that fits where the folder has none of these; "all" everything.
    DataError where nothing fits.
    """
    if which not in CHOICES:
        raise DataError([Fault("--sets", "", f"found {which!r}", " or ".join(CHOICES))])
    dataset = result.dataset
    paper = [s for s in measurements.paper_sets(catalogue).values() if measurements.has(dataset, s.whole.quantity)]
    if which == "paper" and paper:
        found = paper
    else:
        of_paper = {id(s.whole): s for s in paper}
        fitting = [m for m in catalogue if measurements.has(dataset, m.quantity)]
        found = [of_paper.get(id(m)) or Set(Path(m.source).name, m) for m in fitting]
    if not found:
        species = ", ".join(map(str, dataset.species.values))
        there = ", ".join(sorted({m.quantity for m in catalogue}))
        allowed = f"there are {there}" if there else f"no file in there is a table of measurements: {FORMATS}"
        raise DataError([Fault(str(catalogue.folder), "", f"nothing fits a result of {species}", allowed)])
    return found if cuts else [Set(s.key, s.whole) for s in found]


def fits(result, catalogue):
    """Is there anything in the catalogue to compare this result with?"""
    return any(measurements.has(result.dataset, m.quantity) for m in catalogue)


def confront(result, data=None, which="paper", cuts=True, potentials=None, modulate=False):
    """The Confrontation of a result with measurements; DataError where there are none.

    data: a Catalogue, or a folder or file of tables, by default the one that is configured.  which, cuts: see `sets_for`.
    potentials: experiment → potential in GV, compared by the beginning of the name ("AMS-02").  modulate: use the potential
    each set has in its file where `potentials` names none.  DataError for a potential of an experiment that is not there.
    """
    result, potentials = a_result(result), _numbers(potentials)
    catalogue = data if hasattr(data, "folder") else measurements.find(data)
    if catalogue is None:
        raise DataError([Fault("data", "", measurements.HOW_TO_GET, "")])
    found = sets_for(result, catalogue, which, cuts)
    for experiment in potentials:
        if not any(matches(s.whole, experiment=experiment) for s in found):
            there = ", ".join(dict.fromkeys(s.whole.experiment for s in found))
            raise DataError([Fault("--phi", experiment, "no set of this experiment", f"there are {there}")])
    reference, rows = _reference(result), []
    for each in found:
        named = next((v for e, v in potentials.items() if matches(each.whole, experiment=e)), None)
        phi = named if named is not None else (each.whole.phi or 0.0) if modulate else 0.0
        curve, exact = (
            None if dataset is None else measurements.curve(dataset, each.whole.quantity, each.whole.axis, phi)
            for dataset in (result.dataset, reference)
        )
        fit = measurements.fit(each.measurement, curve)
        of_exact = measurements.fit(each.measurement, exact) if exact else None
        rows.append(Row(each.whole, each.measurement, each.cut_text, phi, curve, fit, of_exact))
    return Confrontation(result, _told_apart(rows), str(catalogue.folder), reference, modulate)


def _numbers(potentials):
    """Experiment → potential as a number; DataError for what gives none."""
    if potentials is not None and not isinstance(potentials, Mapping):
        raise DataError([Fault("--phi", "", f"found {potentials!r}", 'needs potentials by experiment, e.g. {"AMS-02": 0.56}')])
    wrong = {e: v for e, v in (potentials or {}).items() if not isinstance(v, Real) or not v >= 0}
    if wrong:
        raise DataError([Fault("--phi", str(e), f"found {v!r}", "needs a number of GV, not negative") for e, v in wrong.items()])
    return dict(potentials or {})


def _told_apart(rows):
    """The rows with a name each: of those that share one the axis is told as well, and the file where that is the same."""
    for tell in (lambda row: f" over {AXES[row.whole.axis].symbol}", lambda row: f" ({Path(row.whole.source).name})"):
        often = Counter(row.name for row in rows)
        rows = [replace(row, apart=row.apart + tell(row)) if often[row.name] > 1 else row for row in rows]
    return tuple(rows)


def _reference(result):
    """The dataset with the fluxes of the problem's exact solution or approximation; None where there is none."""
    exact = result.exact
    if exact is None or not np.isfinite(exact.f[:, 0]).any():
        return None
    return result.dataset.assign(J=result.dataset.J.copy(data=exact_intensity(result.dataset, exact)))


@dataclass(frozen=True)
class Confrontation:
    """A result beside measurements: `rows`, `table`, `figure()`.  It reports; nothing is judged."""

    result: Any                    # solver.result.Result
    rows: tuple[Row, ...]
    folder: str
    reference: Any = None          # dataset with the fluxes of the exact solution, or approximation, of the problem
    modulate: bool = False

    @property
    def table(self):
        """The fits as a rich Table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(f"against the measurements in {self.folder}"), title_justify="left", caption_justify="left",
                      caption=Text(self.notes))
        table.add_column("set", no_wrap=True)
        for column in COLUMNS:
            table.add_column(Text(column), justify="right", no_wrap=True)
        table.add_column("cut")
        for row in self.rows:
            table.add_row(Text(row.name), *_cells(row, row.fit), Text(row.cut))
            if row.reference is not None and row.reference.points:
                table.add_row(Text(f"  {self.reference_name}"), *_cells(row, row.reference), "", style="dim")
        return table

    def __rich__(self):
        return self.table

    def __str__(self):
        lines = [f"against the measurements in {self.folder}"]
        rows = [("set", *COLUMNS, "cut")]
        for row in self.rows:
            rows.append((row.name, *_cells(row, row.fit), row.cut))
            if row.reference is not None and row.reference.points:
                rows.append((f"  {self.reference_name}", *_cells(row, row.reference), ""))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, *cells, cut in rows:
            numbers = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:-1], strict=True))
            lines.append(f"  {name:{widths[0]}}  {numbers}  {cut}".rstrip())
        return "\n".join([*lines, self.notes])

    @property
    def reference_name(self):
        return f"its {exact_name(self.result.exact)}"

    @property
    def notes(self):
        """What the numbers mean, and what the reader has to know of these sets."""
        notes = ["χ² with statistical and systematic errors, those on the model's side, bins taken as independent; "
                 "rms of ln(model/data)"]
        outside = [f"{row.name}: {n}" for row in self.rows if (n := int(np.isnan(row.values[row.used]).sum()))]
        if outside:
            notes.append(f"points outside the rigidity grid, not used: {'; '.join(outside)}")
        zero = [row.name for row in self.rows if row.fit.points_statistical < row.fit.points]
        if zero:
            notes.append(f"stat. only: without points whose statistical error is zero by rounding: {'; '.join(zero)}")
        unknown = [row.name for row in self.rows if self.modulate and row.whole.phi is None and row.phi == 0]
        if unknown:
            notes.append(f"not modulated, no potential in the file (--phi EXPERIMENT=VALUE): {'; '.join(unknown)}")
        totals = [row.name for row in self.rows if row.whole.total_only]
        if totals:
            notes.append(f"only total errors published, counted in both: {'; '.join(totals)}")
        limits = [f"{row.name}: {row.fit.exceeded} of {int(row.measurement.upper_limit.sum())}" for row in self.rows
                  if row.measurement.upper_limit.any()]
        if limits:
            notes.append(f"upper limits, not in χ², exceeded by the model: {'; '.join(limits)}")
        return "\n".join(notes)

    def figure(self):
        """Spectra and ratios with their points, and data over model below."""
        from .figures.measured import confrontation

        return confrontation(self)


COLUMNS = ("points", "χ²/points", "stat. only", "rms ln", "φ [MV]")


def _cells(row, fit):
    return (
        f"{fit.points} of {len(row.whole)}",
        _over(fit.chi2, fit.points),
        _over(fit.chi2_statistical, fit.points_statistical),
        f"{fit.rms_log:.3f}",
        f"{1e3 * row.phi:.0f}",
    )


def _over(chi2, points):
    """For example 71.5/62, without an exponent as long as that can be read."""
    if not points:
        return "–"
    text = f"{chi2:.1f}" if chi2 < 1e3 else f"{chi2:.0f}" if chi2 < 1e5 else f"{chi2:.1e}".replace("e+0", "e")
    return f"{text}/{points}"
