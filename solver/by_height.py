"""A table over heights from few evaluations: for coefficients that cost too much to compute on every face.

Where B, n or T of a layer vary with height, everything made from them is a function of one number, s = ln max(z/z0, 1).
ln κ(s) is a cubic spline through rungs; rungs are added half-way between two others until what the spline says there,
before the rung is known, is within TOLERANCE of what is computed.  The new rung then makes it better: eight times or
more where κ is smooth, twice at a kink.

κ may jump to infinity where the last wave is damped.  Where that happens between two rungs 1/κ falls linearly to zero;
rungs are added until it happens to one rigidity at a time (or the rungs are NARROW, for many may go at once).
"""

from itertools import pairwise

import numpy as np

from .physics.validity import warn

TOLERANCE = 1e-2  # of ln κ at a height that was left out; with all rungs in, 7e-4 at most was found (fast modes)
FIRST, LIMIT = 5, 129  # rungs: to begin with, at most
NARROW = 1 / 60  # of the range of s: jumps are placed no better than that


class Ladder:
    """κ of several nuclei as a function of s in [0, end]: `compute(s)` -> κ (species, R), inf allowed.

    Callable with heights s (nz,) -> (species, nz, R).  `rungs` (n,) are the s where κ was computed, `error` the largest
    held-out error of ln κ in the intervals that were split no further.  A ValidityWarning where LIMIT rungs are too few.
    """

    def __init__(self, compute, end, tolerance=TOLERANCE):
        fine = 1 << 30  # heights as whole numbers: halves are exact, nothing is computed twice
        places = [fine * i // (FIRST - 1) for i in range(FIRST)] if end > 0 else [0]
        table = {i: np.asarray(compute(end * (i / fine)), float) for i in places}
        self.end, self.error, open_ = end, 0.0, list(pairwise(places))
        while open_:
            self._take(table, fine)
            guess = self(np.array([end * ((a + b) / 2 / fine) for a, b in open_]))
            split: list[tuple[int, int]] = []
            for j, (a, b) in enumerate(open_):
                if len(table) >= LIMIT:
                    warn(f"κ between heights is interpolated, and {LIMIT} heights are not enough to be sure of it")
                    split = []
                    break
                middle = (a + b) // 2
                table[middle] = np.asarray(compute(end * (middle / fine)), float)
                error = _error(guess[:, j], table[a], table[middle], table[b])
                if error <= tolerance:
                    self.error = max(self.error, error)
                halves = (a, middle), (middle, b)
                wide = (b - a) / 2 > NARROW * fine
                split += [h for h in halves if error > tolerance or (wide and _jumps(*map(table.get, h)) > 1)]
            open_ = split
        self._take(table, fine)

    def _take(self, table, fine):
        order = sorted(table)
        self.rungs = self.end * (np.array(order) / fine)
        self.kappa = np.stack([table[i] for i in order], 1)

    def __call__(self, s):
        species, rungs, rigidities = self.kappa.shape
        columns = self.kappa.transpose(1, 0, 2).reshape(rungs, -1)
        out = _interpolate(self.rungs, columns, np.asarray(s, float))
        return out.reshape(len(out), species, rigidities).transpose(1, 0, 2)


def _error(guess, below, found, above):
    """Largest |ln guess/found| where κ is finite on both sides too."""
    smooth = np.isfinite(below) & np.isfinite(above) & np.isfinite(found)
    return float(np.max(np.abs(np.log(guess[smooth] / found[smooth])), initial=0.0))


def _jumps(below, above):
    """At how many rigidities only one of two rungs is finite."""
    return int((np.isfinite(below) != np.isfinite(above)).any(0).sum())


def _interpolate(x, y, at):
    """exp of splines through ln y (n, columns) at points (m,), column by column over runs of finite values."""
    out = np.full((len(at), y.shape[1]), np.inf)
    finite = np.isfinite(y)
    patterns, member = np.unique(finite, axis=1, return_inverse=True)
    for k, pattern in enumerate(patterns.T):
        columns = np.flatnonzero(np.ravel(member) == k)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], pattern.astype(int), [0]])))
        for first, end in edges.reshape(-1, 2):
            run = slice(first, end)
            inside = np.flatnonzero((at >= x[first]) & (at <= x[end - 1]))
            out[np.ix_(inside, columns)] = np.exp(_curve(x[run], np.log(y[run, columns]), at[inside]))
            # towards a rung where nothing scatters, 1/κ falls to 0
            for here, there in ((first, first - 1), (end - 1, end)):
                if 0 <= there < len(x):
                    between = np.flatnonzero((at - x[here]) * (at - x[there]) < 0)
                    share = (x[there] - at[between]) / (x[there] - x[here])
                    out[np.ix_(between, columns)] = y[here, columns] / share[:, None]
    return out


def _curve(x, y, at):
    from scipy.interpolate import CubicSpline

    if len(x) == 1:
        return np.repeat(y, len(at), axis=0)
    if len(x) < 4:
        return np.stack([np.interp(at, x, column) for column in y.T], 1)
    return CubicSpline(x, y)(at)
