"""Units of the rows: a velocity V and a density F for every species and rigidity, so that throughputs are of order one."""

import numpy as np


def row_scales(problem, f_known=None, t=0.0):
    """(V, F), each (species, R), in cm/s and cm⁻³ GeV⁻³.

    F is the largest f that a column with the row's own source would have by a rough integration from the top down, or the
    largest known one; V = Φ/F with Φ the source.  Rows without a source take their speed from an average row of the same
    species, rows without any cosmic rays their density too.  Only orders of magnitude matter.
    """
    p = problem
    through = np.abs(p.disc(t))
    if p.bulk is not None:
        through = through + np.abs(p.bulk(t)[:, :, : p.nodes] * p.grid.volume[: p.nodes]).sum(-1)
    known = np.zeros_like(through)
    if f_known is not None:
        known = np.maximum(known, np.abs(f_known).max(-1))
    if p.top is not None:
        known = np.maximum(known, np.abs(p.top))
    V, F = np.empty_like(through), np.empty_like(through)
    for s in range(p.species):                                             # parents come before their children
        flux = through[s].copy()
        for link in p.secondaries:
            if link.child == s:
                flux += np.abs(link.weights @ F[link.parent])
        flux = _filled(np.where(flux > 0, flux, known[s] * _speed(p, s, known[s])))
        V[s] = flux / np.maximum(_column(p, s, flux), 1e-290)
        V[s] = np.clip(V[s], 1e-3, 1e11)
        F[s] = _filled(np.where(through[s] > 0, np.maximum(flux / V[s], known[s]), np.maximum(known[s], flux / V[s])))
    return V, F


def _filled(values):
    """Positive values as they are, others from their neighbours in ln; all ones where there are none."""
    alive = np.isfinite(values) & (values > 0)
    if not alive.any():
        return np.ones_like(values)
    filled = np.exp(np.interp(np.arange(len(values)), np.flatnonzero(alive), np.log(np.where(alive, values, 1.0)[alive])))
    return np.where(alive, values, filled)


def _speed(p, s, density):
    """Escape speed of a row that is only known by its density: advection, nonlinear damping, diffusion over the height."""
    H = p.grid.z[-1]
    diffusion = 1.0 / np.maximum((p.nu[s] * p.grid.dz).sum(-1), 1e-11)
    waves = 0.0
    if p.waves is not None and p.confined.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            waves = np.where(density > 0, p.X[:, p.confined].max(-1) / np.sqrt(density * H), 0.0)
            for n, Y in p.others:  # Y |f'|^(n/(1+n))/f
                more = Y[:, p.confined].max(-1) * (density / H) ** (n / (1 + n)) / density
                waves = np.maximum(waves, np.where(density > 0, more, 0.0))
    return np.maximum(np.maximum(np.abs(p.v).max(), waves), diffusion * (np.abs(p.v).max() == 0))


def _column(p, s, flux):
    """Largest f of a column that carries `flux` to the top, shape (R,): Φ = v f + q(f') face by face from above."""
    waves = p.waves is not None and s == p.waves
    f = np.zeros_like(flux) if p.top is None else np.abs(p.top[s]).copy()
    largest = np.full_like(flux, 1e-290)
    against = np.full_like(flux, 30.0)  # e-folds by which f may rise against the flow, in all
    for j in range(len(p.v) - 1, -1, -1):
        v, nu = p.v[j], p.nu[s][:, j]
        q = np.maximum(flux - max(v, 0.0) * f, 0.0)
        slope = nu * q
        if waves and p.confined[j]:
            S, X2 = p.S[:, j], p.X[:, j] ** 2
            excess = np.maximum(q * (q - S), 0.0)
            own = np.divide(excess, X2, out=np.zeros_like(excess), where=X2 > 0)
            slope = slope + _eased(own, q, q - S, [(n, Y[:, j]) for n, Y in p.others])
        rise = slope * p.grid.dz[j]
        if waves and p.confined[j] and v > 0:  # linear damping alone passes S at most, the flow carries the rest
            alone = X2 == 0
            for _, Y in p.others:
                alone = alone & (Y[:, j] == 0)
            rise = np.where(alone, np.maximum(rise, (q - S) / v), rise)
        if v > 0:
            rise = np.minimum(rise, np.maximum(flux / v - f, 0.0))
        elif v < 0:
            folds = np.minimum(np.minimum(-v * nu * p.grid.dz[j], 3.0), against)
            against = against - folds
            rise = rise + f * np.expm1(folds)
        f = f + rise
        largest = np.maximum(largest, f)
    if p.top is None and p.v_top > 0:
        largest = np.maximum(largest, flux / max(np.abs(p.v).max(), p.v_top))
    return largest


def _eased(slope, q, left, others):
    """The slope that lets waves take the flux `left` of q, where each further damping alone allows a smaller one."""
    for n, Y in others:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            own = q * (np.maximum(left, 0.0) / Y) ** (1.0 / n) / Y
        slope = np.where(Y > 0, np.where(slope > 0, np.minimum(slope, own), own), slope)
    return slope
