"""How far a state is from solving the equation: what the law lets through each face against what the balance asks for."""

import numpy as np

from .projection import project

EPS = np.finfo(float).eps
CARRIED = 1e-3  # of the throughput: what rounding of what flows through a face may excuse; more is no solution
STEEP = 1e9  # weight of the flux that makes a projection keep it


class Mismatch:
    """Measures states of a system on the rows of this process, and keeps what it found at the last one.

    passes: through rows, scaled, (species, rows).  stiff: the protons' rows whose slopes the last linear step took from fluxes.
    Of a step in time also
    unbalanced: the largest flux through a face of own rows that its balance does not ask for, over what passes the row;
    off: by what of a row's largest f nodes may be off for mismatches above the tolerance, of all rows.
    """

    def __init__(self, ranks, tolerance, shape):
        self.ranks, self.tolerance = ranks, tolerance
        self.passes, self.stiff = np.ones(shape), ()
        self.unbalanced = self.off = self.rest = 0.0
        self.timed = False

    def begin(self, system, rest):
        """From now on of this system."""
        self.system, self.rest, self.timed = system, rest, not system.steady
        self.passes[:] = 1.0

    def of(self, u, a, nu, with_correction=True, species=None):
        """{species: (rows, faces)}: flux of the law against the flux the balance asks for, relative to the throughput of
        the row; where the law is nearly flat its slope instead, relative to the largest value of the row.

        u: node values of all rows; a: the protons' slopes, where they are known better than u tells; nu: rates, None for the
        physical ones.
        """
        sys, shape = self.system, self.system.v.shape[1:]
        out, self.unbalanced, self.off = {s: np.empty(shape) for s in sys.every(species)}, 0.0, 0.0
        for own, part, rates in sys.strips(sys.nu_waves if nu is None else nu):
            for s, errors in self._of_strip(part, own, u, a, rates, with_correction, species):
                out[s][own] = errors
        if self.timed:
            self.off = self.ranks.max(self.off)
        return out

    def _of_strip(self, sys, own, u, a, nu, with_correction, species):
        """Its (species, array) of a strip of own rows, `sys` being the system of these."""
        values = sys.upper(u)
        slopes = sys.slope_of(values)
        waves = None if sys.w is None else self.waves_slopes(slopes[sys.w], values[sys.w], a, sys.df, own)
        law = sys.law_flux(u, waves, nu, with_correction, species, (values, slopes))
        for s, (flux, q, kappa, _) in law.items():
            gains = sys.gains(u, s, sys.kept_coefficients(u, s))
            inputs = sys.inputs(u, s, gains)
            err = np.abs(flux - np.cumsum(inputs, -1)[:, : flux.shape[1]])
            # what rounding of f makes of a face's own flux; the balance is solved for without it (`linear.Stiff`)
            conducting = np.maximum(kappa, np.abs(q) / np.maximum(np.abs(slopes[s]), 1e-290)) / sys.df
            full = np.abs(values[s])
            throughput = sys.throughput(u, s, gains)
            if sys.top is not None:  # without any source all comes from the top and goes back there
                throughput = np.where(throughput > 0.0, throughput, conducting[:, -1] * full[:, -1])
            throughput = np.maximum(throughput, np.abs(flux).max(-1))[:, None] + 1e-290
            self.passes[s, own] = throughput[:, 0]
            both = 8.0 * EPS * (full[:, :-1] + full[:, 1:])
            noise = conducting * both + np.minimum(np.abs(sys.v[s]) * both, CARRIED * throughput)
            size = full.max(-1)[:, None] + 1e-290
            if self.timed:
                self.unbalanced = max(self.unbalanced, float((err / throughput).max()))
                stored = sys.inv_tau[s] * np.maximum(size, sys.faded[s, sys.rows])
                by_node = np.maximum(err - noise, 0.0) * sys.beside / stored
            by_slope = err / np.maximum(kappa, 1e-290) * (sys.df / size)
            err /= throughput + noise / self.tolerance
            excused = np.fmin(err, by_slope)
            if s == sys.w:
                doubtful = (excused.max(-1) < self.tolerance) & (err.max(-1) >= self.tolerance)
                if doubtful.any():
                    asked = q + np.cumsum(inputs, -1)[:, : flux.shape[1]] - flux
                    where = (err >= self.tolerance) & doubtful[:, None]
                    excused = np.fmin(err, self._bent(sys, waves, nu, asked, where, by_slope, size))
            err = excused
            if self.timed:
                self._puts_off(err, np.fmin(by_node, by_slope))
            if sys.top is None:                                            # the top node, beyond the last face
                last = np.abs(inputs.sum(-1) - sys.outflow[s] * u[s, sys.rows, -1])
                err[:, -1] = np.maximum(err[:, -1], last / throughput[:, 0])
                if self.timed:
                    self._puts_off(last / throughput[:, 0], last / (sys.vol[-1] * stored[:, 0]))
            yield s, err

    def _puts_off(self, errors, by):
        """What mismatches are for f, `by`, counts where they are above the tolerance."""
        self.off = max(self.off, float(np.where(errors < self.tolerance, 0.0, by).max()))

    @staticmethod
    def _bent(sys, a, nu, q, where, by_slope, size):
        """The error of the slope, put right where it excuses that of the flux: q(a) is concave, its tangent shows too little.

        q: the diffusive flux that the balance asks for.
        """
        at = np.nonzero(where)
        asked, _ = project(sys.law.take(at), STEEP * q[at], STEEP, nu[at])
        by_slope[at] = np.maximum(by_slope[at], np.abs(asked - a[at]) * np.broadcast_to(sys.df / size, a.shape)[at])
        return by_slope

    def waves_slopes(self, rough, full, a, df, own=slice(None)):
        """The protons' slopes on a strip of own rows: the `rough` ones of their node values `full`; within the rounding of those
        the mixed unknown's a (of all own rows), where the last linear step took it from fluxes."""
        if a is None or not len(self.stiff):
            return rough
        first, last, _ = own.indices(len(a))
        index = self.stiff[(self.stiff >= first) & (self.stiff < last)]
        here = index - first
        doubt = 2.0 * EPS * (np.abs(full[here, :-1]) + np.abs(full[here, 1:])) / df
        rough[here] = np.clip(a[index], rough[here] - doubt, rough[here] + doubt)
        return rough

    @staticmethod
    def where(errors, first):
        """Species, row and face of the largest mismatch; first: number of the first own row."""
        s = max(errors, key=lambda k: errors[k].max())
        row, face = np.unravel_index(np.argmax(errors[s]), errors[s].shape)
        return {
            "species": s,
            "row": int(row) + first,
            "face": int(face),
            "mismatch": float(errors[s].max()),
        }
