"""The measurements the paper compares with, and its cuts (Sec. 2.2, Figs. 2, 5 and 6).  Nothing is demodulated."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .measurement import Measurement


def protons_above_10_gev(measurement):
    """The points with kinetic energy ≥ 10 GeV: what lies below is affected by solar modulation (Sec. 2.2)."""
    return measurement.cut(low=10.0, axis="EK", nucleus="proton")


def b_to_c_above_1_gev_per_nucleon(measurement):
    """The points above 1 GeV/n, where losses of boron are slow (Fig. 5): R > 3.38 GV for A = 2 Z, as carbon."""
    return measurement.cut(low=1.0, axis="EKN", nucleus="carbon")


def uncut(measurement):
    """All points."""
    return measurement


@dataclass(frozen=True)
class Set:
    """One set of the paper: the whole table and the cut the paper makes."""

    key: str
    whole: Measurement
    cut: Callable[[Measurement], Measurement] = uncut
    cut_text: str = "none"

    @cached_property
    def measurement(self):
        """The points the paper compares with."""
        return self.cut(self.whole)


# key: (quantity, axis, experiment, year), (cut, what tables call it)
WANTED: dict[str, tuple[tuple[str, str, str, int], tuple[Callable[[Measurement], Measurement], str]]] = {
    "ams_protons": (("H", "R", "AMS-02", 2015), (protons_above_10_gev, "T ≥ 10 GeV")),
    "ams_b_to_c": (("B/C", "R", "AMS-02", 2016), (b_to_c_above_1_gev_per_nucleon, "T > 1 GeV/n")),
    "voyager_protons": (("H", "EKN", "Voyager 1", 2016), (uncut, "none")),
}


def paper_sets(catalogue):
    """key → Set for those of "ams_protons", "ams_b_to_c", "voyager_protons" that are in the catalogue (None: none are).

    Where several files hold one and the same set the first, by name, is taken.
    """
    found = {}
    for key, ((quantity, axis, experiment, year), cut) in WANTED.items() if catalogue is not None else ():
        fitting = catalogue.select(quantity, experiment, year, axis)
        if not fitting and key == "voyager_protons":
            fitting = catalogue.select(quantity, experiment, year, "EK")
        if fitting:
            found[key] = Set(key, min(fitting, key=lambda m: Path(m.source).name), *cut)
    return found
