"""One measured spectrum or ratio: points, bins, errors, where it comes from; exact conversions between axes."""

import re
from dataclasses import dataclass, replace

import numpy as np

from solver import particles

from . import axes, names


@dataclass(frozen=True, repr=False, eq=False)
class Measurement:
    """Points of one quantity on one axis by one experiment; arrays of length n, errors (2, n): lower, upper, both ≥ 0.

    Fluxes are in m^-2 s^-1 sr^-1 per unit of the axis (GV, GeV, GeV/n), ratios bare.  low and high are nan where a point
    has no bin.  Where only a total error was published it is in `stat`, `sys` is zero and `total_only` says so.
    phi is the potential of solar modulation in GV: 0 for interstellar data, None where it is not known.
    """

    quantity: str
    axis: str
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    stat: np.ndarray
    sys: np.ndarray
    upper_limit: np.ndarray = None  # type: ignore[assignment]
    phi: float | None = None
    experiment: str = ""
    reference: str = ""
    source: str = ""
    total_only: bool = False
    published: int | None = None

    def __post_init__(self):
        n = np.size(self.x)
        limit = np.zeros(n, bool) if self.upper_limit is None else np.asarray(self.upper_limit, bool)
        object.__setattr__(self, "upper_limit", limit)
        for key, shape in SHAPES.items():
            array = np.array(getattr(self, key), dtype=bool if key == "upper_limit" else float)
            if array.shape != (*shape, n):
                raise ValueError(f"{key} of {self.quantity} has shape {array.shape}, not {(*shape, n)}")
            array.flags.writeable = False
            object.__setattr__(self, key, array)
        object.__setattr__(self, "axis", axes.known(self.axis))
        if self.published is None:
            object.__setattr__(self, "published", year_in(self.reference))

    # ---------------- what it is

    def __len__(self):
        return self.x.size

    def __repr__(self):
        span = f", {self.x.min():.4g} to {self.x.max():.4g} {axes.AXES[self.axis].unit}" if len(self) else ""
        return f"<measurement: {self.quantity}, {self.label}, {len(self)} points{span}>"

    @property
    def is_ratio(self):
        return names.is_ratio(self.quantity)

    @property
    def unit(self):
        """Unit of the value."""
        return "1" if self.is_ratio else axes.AXES[self.axis].flux_unit

    @property
    def label(self):
        """For legends and tables: "AMS-02 2015"."""
        short = re.split(r"[(,]", self.experiment)[0].strip() or self.source.rpartition("/")[2] or "data"
        return f"{short} {self.published}" if self.published else short

    @property
    def has_bins(self):
        return np.isfinite(self.low) & np.isfinite(self.high)

    def error(self, systematic=True):
        """1σ errors (2, n): statistical and systematic in quadrature, or the statistical ones alone."""
        return np.hypot(self.stat, self.sys) if systematic else self.stat.copy()

    # ---------------- a part of it

    def select(self, mask):
        """The points where mask (n,) is true, or those with these indices."""
        cut = {key: getattr(self, key)[..., mask] for key in SHAPES}
        return replace(self, **cut)

    def cut(self, low=None, high=None, axis=None, nucleus=None):
        """The points with low ≤ x ≤ high, by their mean x, on this axis or another (then `nucleus` as for `to`)."""
        x = self.x if axis is None else self.positions(axis, nucleus)
        inside = np.ones(len(self), bool)
        if low is not None:
            inside &= x >= low
        if high is not None:
            inside &= x <= high
        return self.select(inside)

    # ---------------- other axes

    def positions(self, axis, nucleus=None):
        """x of the points on another axis, exact for the nucleus; the points of a ratio need its name, see `to`."""
        axis = axes.known(axis)
        if axis == self.axis:
            return self.x
        nucleus = self._nucleus(axis, nucleus)
        return axes.from_rigidity(axes.rigidity(self.x, self.axis, nucleus), axis, nucleus)

    def to(self, axis, nucleus=None):
        """The same points on another axis, exact for the nucleus: fluxes and their errors times |dx/dx'| at x.

        nucleus: a Nucleus or its name; by itself known for isotopes and H (the proton).  Other elements are mixtures: name
        the nucleus they are taken for.  A ratio of two nuclei at equal R is not the ratio at equal T/n: that conversion
        does not exist and is refused, unless both nuclei have the same map (R to P at equal Z, EK to EKN at equal A).
        With a nucleus named the points of a ratio are placed where that nucleus has them, and keep their values.
        ValueError for unknown axes and nuclei, and for a nucleus that is not in the quantity.
        """
        axis = axes.known(axis)
        if axis == self.axis:
            return self
        nucleus = self._nucleus(axis, nucleus)
        R = axes.rigidity(self.x, self.axis, nucleus)
        factor = np.ones(len(self))
        if not self.is_ratio:
            factor = axes.slope(R, self.axis, nucleus) / axes.slope(R, axis, nucleus)
        return replace(
            self,
            axis=axis,
            x=axes.from_rigidity(R, axis, nucleus),
            low=self._edges(self.low, axis, nucleus),
            high=self._edges(self.high, axis, nucleus),
            value=self.value * factor,
            stat=self.stat * factor,
            sys=self.sys * factor,
        )

    def nucleus(self, nucleus=None):
        """The nucleus of a flux: by itself for isotopes and H, else the one named, which must be of this element."""
        if self.is_ratio:
            raise ValueError(f"{self.quantity} is a ratio, not a flux of one nucleus")
        return self._nucleus(self.axis, nucleus)

    def _edges(self, edges, axis, nucleus):
        out, there = np.full(len(self), np.nan), np.isfinite(edges)
        out[there] = axes.from_rigidity(axes.rigidity(edges[there], self.axis, nucleus), axis, nucleus)
        return out

    def _nucleus(self, axis, nucleus):
        """The nucleus a conversion to `axis` is made for."""
        parts = self.quantity.split("/")
        if nucleus is not None:
            nucleus = particles.known(nucleus) if isinstance(nucleus, str) else nucleus
            if nucleus.Z not in (charges := [names.charge(part) for part in parts]) and any(charges):
                raise ValueError(f"{nucleus.name} (Z = {nucleus.Z}) is not in {self.quantity}")
            return nucleus
        nuclei = [names.nucleus_of(part) for part in parts]
        if None in nuclei:
            unknown = parts[nuclei.index(None)]
            raise ValueError(
                f"{self.quantity} from {self.axis} to {axis}: {unknown} is no single nucleus, name the one to take "
                f"it for, e.g. nucleus='carbon'"
            )
        if not axes.same(self.axis, axis, nuclei):
            raise ValueError(
                f"{self.quantity} from {self.axis} to {axis}: a ratio at equal {self.axis} is not the ratio at equal "
                f"{axis}; name a nucleus to only place the points"
            )
        return nuclei[0]


SHAPES = {"x": (), "low": (), "high": (), "value": (), "stat": (2,), "sys": (2,), "upper_limit": ()}


def year_in(reference):
    """Year of publication in a reference: "(2015)", a bibcode "2015PhRvL.114q1103A", or the last year named."""
    for pattern in (r"\(((?:19|20)\d\d)\)", r"\b((?:19|20)\d\d)[A-Za-z&]", r"\b((?:19|20)\d\d)\b(?!.*\b(?:19|20)\d\d\b)"):
        match = re.search(pattern, reference)
        if match:
            return int(match[1])
    return None


def mean_position(low, high, ratio):
    """Where in its bin a point stands that has no mean: for ratios the geometric mean of the edges, for fluxes the
    point x where x^-2.7 equals its mean over the bin (Lafferty & Wyatt 1995)."""
    if ratio:
        return np.sqrt(low * high)
    b = high / low
    mean = (b**-1.7 - 1) / (-1.7 * (b - 1))
    return low * mean ** (-1 / 2.7)
