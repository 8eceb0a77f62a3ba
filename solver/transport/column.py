"""A rough column: how large f must be for a given flux to get from the disc to the top, integrated face by face from above.

Only orders of magnitude are asked of it, so a column of many faces is taken in groups over which little changes.
"""

import numpy as np

MOST = 64  # groups that a column without any structure is taken in
ROWS = 16  # rigidities whose coefficients are looked at for where a group has to end
FOLDS = 30.0  # e-folds by which f may rise against the flow, in all


class Column:
    """The coefficients of a problem on groups of faces, those of the face in the middle of each."""

    def __init__(self, problem):
        p = self.problem = problem
        starts = _starts(p)
        self.last = np.append(starts[1:], len(p.v)) - 1
        self.starts, middle = starts, (starts + self.last) // 2
        self.dz, self.v, self.confined = np.add.reduceat(p.grid.dz, starts), p.v[middle], p.confined[middle]
        self.nu = p.nu[:, :, middle].transpose(0, 2, 1)                    # (species, groups, R), as the rest
        if p.waves is not None:
            self.S, X2 = p.S[:, middle].T, p.X[:, middle].T ** 2
            self.per_X2 = np.divide(1.0, X2, out=np.zeros_like(X2), where=X2 > 1e-290)
            self.others = [(n, Y[:, middle].T) for n, Y in p.others]
            self.alone = p.linear_alone[:, middle].T
            self.some_alone = self.alone.any(1)

    def carry(self, s, flux, loss, resistance=None):
        """(largest f of a column of species s that carries `flux` to the top, (R,); what waves resist there, (groups, R)).

        Φ = v f + q(f') face by face from above, no node losing more than Φ.  loss: what nodes lose per time and f, (R, nodes).
        Nuclei are told what waves resist.
        """
        p = self.problem
        waves = p.waves is not None and s == p.waves
        rates = self.nu[s] if waves or resistance is None else self.nu[s] + p.depth_ratio[s] * resistance
        below = loss.cumsum(-1)[:, self.last].T
        loss = np.maximum.reduceat(loss[:, : len(p.v)], self.starts, axis=1).T
        most = flux / np.maximum(loss, 1e-290)
        slowest = np.minimum.accumulate(np.where(self.v > 0, self.v, np.inf)[::-1])[::-1]  # of the flow from here up
        # above, f rises at most as the flow slows down
        bound = most * np.maximum(self.v / slowest, 1.0)[:, None]
        carried = flux / np.where(self.v > 0, self.v, 1.0)[:, None]
        passed, resists = np.zeros_like(rates), np.zeros_like(rates)
        f = np.zeros_like(flux) if p.top is None else np.abs(p.top[s]).copy()
        largest = np.full_like(flux, 1e-290)
        against = np.full_like(flux, FOLDS)
        for j in range(len(self.v) - 1, -1, -1):
            v, dz, excited = self.v[j], self.dz[j], waves and self.confined[j]
            q = np.maximum(flux - v * f, 0.0) if v > 0 else flux
            slope = rates[j] * q
            if excited:
                own = self._own_slope(j, q)
                slope += own
            rise = slope * dz
            if excited and v > 0 and self.some_alone[j]:  # linear damping alone passes S at most, the flow carries the rest
                alone, left = self.alone[j], (q - self.S[j]) / v
                rise = np.where(alone, np.maximum(rise, left), rise)
                own = np.where(alone, np.maximum(own, left / dz), own)
            if v > 0:
                rise = np.minimum(rise, np.maximum(carried[j] - f, 0.0))
            elif v < 0:
                folds = np.minimum(np.minimum(-v * self.nu[s, j] * dz, 3.0), against)
                against = against - folds
                rise = rise + f * np.expm1(folds)
            if excited and v <= 0:  # what waves do not let pass is held until it is lost below
                lost = below[j]
                held = self.alone[j] & (flux > self.S[j]) & (lost > 0)
                rise = np.where(held, flux / np.where(held, lost, 1.0), rise)
                own = np.where(held, rise / dz, own)
            if excited:
                passed[j], resists[j] = q, own
            f = np.minimum(f + rise, most[j])
            largest = np.minimum(np.maximum(largest, f), bound[j])
        if waves:
            resistance = np.divide(resists, passed, out=np.zeros_like(passed), where=passed > 0)
        if p.top is None and p.v_top > 0:
            largest = np.maximum(largest, flux / max(np.abs(p.v).max(), p.v_top))
        return largest, resistance

    def _own_slope(self, j, q):
        """The slope with which protons excite the waves that let q pass in group j, where each damping alone allows a smaller."""
        left = q - self.S[j]
        slope = np.maximum(q * left, 0.0) * self.per_X2[j]
        for n, Y in self.others:
            own = q * (np.maximum(left, 0.0) / Y[j]) ** (1.0 / n) / Y[j]
            slope = np.where(Y[j] > 0, np.where(slope > 0, np.minimum(slope, own), own), slope)
        return slope


def _starts(p):
    """The first face of every group: a group ends where the flow turns, where waves begin or end, or where a coefficient has
    changed by a factor of two in all."""
    faces = len(p.v)
    if faces <= MOST:
        return np.arange(faces)
    some = slice(None, None, -(-p.nu.shape[1] // ROWS))
    parts = [np.abs(p.v), *p.nu[:, some]]
    if p.waves is not None:
        parts += [p.S[some], p.X[some], *(Y[some] for _, Y in p.others)]
    step = np.full(faces - 1, 1.0 / -(-faces // MOST))
    for part in parts:
        change = np.abs(np.diff(np.log(part)))  # from none to none: not a number
        step = np.fmax(step, np.fmax.reduce(change.reshape(-1, faces - 1)) / np.log(2.0))
    step[(np.diff(np.sign(p.v)) != 0) | np.diff(p.confined)] = 1.0
    return np.flatnonzero(np.diff(np.floor(np.cumsum(np.append(0.0, np.minimum(step, 1.0)))), prepend=-1.0))
