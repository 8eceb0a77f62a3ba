"""Units of the rows: a velocity V and a density F for every species and rigidity, so that throughputs are of order one."""

import numpy as np

from .column import Column

END, FARTHEST = 0.3, 4.0  # see `end_slopes`
LITTLE = 1e-3  # share of losses at the top of the grid, of every species, that is as good as none


def row_scales(problem, f_known=None, t=0.0, span=None, losses=True, full=False):
    """(V, F), each (species, R), in cm/s and cm⁻³ GeV⁻³, for a solve or a march of `span` seconds (None: to the steady state).

    F is the largest f that a column with the row's own source would have by a rough integration from the top down, or the
    largest known one; V = Φ/F with Φ the source.  Rows without a source take their speed from an average row of the same
    species, rows without any cosmic rays their density too.  Only orders of magnitude matter.  losses=False: as if there
    were none.  full=True: for the disc's sources at full strength, whenever they are on.
    """
    p = problem
    through = np.abs(p.strength if full and p.strength is not None else p.disc(t))
    if p.bulk is not None:
        through = through + np.abs(p.bulk(t)[:, :, : p.nodes] * p.grid.volume[: p.nodes]).sum(-1)
    known = np.zeros_like(through)
    if f_known is not None:
        known = np.maximum(known, np.abs(f_known).max(-1))
    if p.top is not None:
        known = np.maximum(known, np.abs(p.top))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _scales(p, through, known, span, losses)


def _scales(p, through, known, span, losses):
    V, F, rates = np.empty_like(through), np.empty_like(through), p.momentum_rate()
    column, waves = Column(p), None
    for s in range(p.species):                                             # parents come before their children
        flux = through[s].copy()
        for link in p.secondaries:
            if link.child == s:
                flux += np.abs(link.weights @ F[link.parent])
        some = flux > 0
        flux = _filled(flux if some.all() else np.where(some, flux, known[s] * _speed(p, s, known[s])))
        loss = loss_speed(p, s, rates[s]) * losses
        most, resistance = column.carry(s, flux, loss, waves)
        if s == p.waves:
            waves = resistance
        if p.top is None and p.v_top <= 0:  # what cannot leave is held until it is lost
            most = np.maximum(most, flux / np.maximum(loss.sum(-1), 1e-30))
        if span is not None:  # what has come in by then, over all the height
            most = np.minimum(most, flux * span / p.grid.z[-1])
        V[s] = np.clip(flux / np.maximum(most, 1e-290), 1e-20, 1e11)
        F[s] = _filled(np.where(through[s] > 0, np.maximum(flux / V[s], known[s]), np.maximum(known[s], flux / V[s])))
    return V, F


def _filled(values):
    """Positive values as they are, others from their neighbours in ln; all ones where there are none."""
    alive = np.isfinite(values) & (values > 0)
    if alive.all():
        return values
    if not alive.any():
        return np.ones_like(values)
    filled = np.exp(np.interp(np.arange(len(values)), np.flatnonzero(alive), np.log(np.where(alive, values, 1.0)[alive])))
    return np.where(alive, values, filled)


def loss_speed(p, s, B):
    """What the nodes lose per time and f: sinks and the momentum flux through their rigidity's faces, (R, nodes)."""
    return p.sink[s][:, : p.nodes] + 0.5 * (np.abs(B[:-1]) + np.abs(B[1:]))


def above_the_grid(p):
    """How spectra go on above the highest rigidity, (losing, steeper), each (species,); rough.

    N = p³f falls there like the reference, steeper by `steeper` + `losing` × the slope of the loss rate B: as far as the disc's
    source does (`slope_above`), by what transport makes of the parent in a secondary, by the slope δ of the escape speed where
    cosmic rays escape, by that of B where they are lost, `losing` being the share of losses, 0 to 1, in what removes them.
    0 where the source ends at the top of the grid, and where losses are too weak for what comes in from there to matter.
    """
    losing, steeper, passed_on = np.zeros((3, p.species))
    B = np.maximum(p.momentum_rate()[:, -2:], 0.0).sum(-1)
    lost, above = B.mean(1), np.full(p.species, np.inf) if p.slope_above is None else p.slope_above
    continued = np.isfinite(above)
    # of sources at full strength: what lies beyond the grid must not depend on when they are on
    if not (p.open_end and (continued & (lost * np.maximum(p.slope - 3.0, 0.0) > LITTLE * _least_escape(p))).any()):
        return losing, steeper
    escape, parents = row_scales(p, losses=False, full=True)[0][:, -2:], {link.child: link.parent for link in p.secondaries}
    delta = np.maximum(np.log(escape[:, 1] / escape[:, 0]) / p.grid.dx, 0.0)  # a falling one may be due to rough numbers
    rising = np.log(np.divide(B[:, 1], B[:, 0], out=np.ones_like(lost), where=(B > 0.0).all(1))) / p.grid.dx
    for s in np.flatnonzero(continued):  # parents come before their children
        inherited = passed_on[parents[s]] if s in parents else 0.0
        speed = lost[s] * max(above[s] - 3.0 + inherited, 0.0)
        losing[s] = speed / (speed + escape[s, 1])
        made = inherited + (1.0 - losing[s]) * delta[s]
        steeper[s] = above[s] - p.slope[s] + made
        # losses that fall with R give way to escape further up, and what is flatter here does not stay so
        passed_on[s] = max(made + losing[s] * rising[s], 0.0)
    return losing, steeper


def end_slopes(p, slope):
    """−d ln f/d ln R at the disc just below and just above the grid, (2, species), by the rough densities of the rows.

    Measured over END in ln R, and no farther than FARTHEST from the reference `slope`, for they are rough.
    """
    F = np.log(row_scales(p, full=True)[1])
    m = min(max(1, round(END / p.grid.dx)), F.shape[1] - 1)
    out = np.stack([F[:, 0] - F[:, m], F[:, -1 - m] - F[:, -1]]) / (m * p.grid.dx)
    return np.clip(out, slope - FARTHEST, slope + FARTHEST)


def _least_escape(p):
    """A speed at which the highest rigidity of every species escapes at least, (species,)."""
    speed = np.append(p.v, p.v_top) if p.top is None else p.v
    flow = np.full(p.species, max(speed.min(), 0.0))
    if p.top is None or p.confined.any() or speed.min() < 0.0:
        return flow
    return np.maximum(flow, 1.0 / np.maximum((p.nu[:, -1] * p.grid.dz).sum(-1), 1e-290))


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
