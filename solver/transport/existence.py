"""Can there be a steady state?  Decks without any way out are refused at once; of runaway heating the solver finds out itself."""

import numpy as np

from .scales import loss_speed

LONG = 1e8  # crossing times after which a content that still grows in proportion to time does so for ever
DECADES = 12.0  # of time over which it must have done so; what leaks out of a layer at last may take seven
LITTLE = 1e-9  # of what passes through: a share stored that the tolerance of solves cannot be
PROPORTION = 0.5, 0.9  # d ln f/d ln t from which f grows in proportion to time: of every step, and of the last
DEEPEST = 600.0  # e-folds by which f may rise against the flow: a double holds 700


def no_steady_state(problem, t=0.0):
    """A sentence saying why no steady state exists, or None where nothing forbids one.

    Without flow and nonlinear damping a self-confined face passes at most S (κ|∂f/∂z| <= S); with neither losses nor
    momentum flux below it, a source Q > S fills the space below for ever.  The same with S = 0 for undamped waves, and
    for a closed top.  Where a flow towards the disc holds cosmic rays that diffuse little, f would have to rise e^P-fold,
    P = ∫|v|dz/κ, and no number is that large; against waves f becomes infinite on a finite way.
    """
    p = problem
    B, Q = p.momentum_rate(), p.disc(t)
    for s in range(p.species):
        if not Q[s].any():
            continue
        loses = loss_speed(p, s, B[s]) > 0
        relief = np.maximum.accumulate(loses, axis=-1)  # some loss at or below this node
        if p.top is None and p.v_top <= 0 and not relief[:, -1].all():
            R = p.grid.R[~relief[:, -1] & (Q[s] > 0)]
            if len(R):
                return (
                    f"no steady state: {p.name(s)} at R = {R[0]:.3g}–{R[-1]:.3g} GV is injected but can neither leave "
                    "(outflow at the top, but nothing flows there) nor lose momentum; give it a way out or an end time"
                )
        depth = _against_the_flow(p, s)
        beyond = (depth > DEEPEST) & ~relief[:, : depth.shape[1]] & (Q[s] > 0)[:, None]
        if beyond.any():
            k, face = np.unravel_index(np.argmax(np.where(beyond, depth, 0.0)), depth.shape)
            return (
                f"no steady state that numbers can hold: {p.name(s)} at R = {p.grid.R[k]:.3g} GV has no losses and would have "
                f"to diffuse against the flow towards the disc (at z = {p.grid.z_face[face] / p.grid.z[-1]:.3g} z_max), with f "
                f"rising by e^{depth[k, face]:.0f}; give it a larger κ, losses or an end time"
            )
        if s != p.waves:
            continue
        runs = _carried_back(p, Q[s]) & ~relief[:, : len(p.v)]
        if runs.any():
            k, face = np.unravel_index(np.argmax(runs), runs.shape)
            return (
                f"no steady state: {p.name(s)} at R = {p.grid.R[k]:.3g} GV has no losses, and at "
                f"z = {p.grid.z_face[face] / p.grid.z[-1]:.3g} z_max the flow towards the disc carries back more than waves let "
                "through against it, however steep f gets; add losses, other scattering or a flow outwards, or set time.end"
            )
        stuck = _bound(p) & (p.v <= 0)
        for face in np.flatnonzero(stuck):
            blocked = (p.X[:, face] == 0) & (p.S[:, face] < Q[s]) & ~relief[:, face]
            if blocked.any():
                R = p.grid.R[blocked]
                height = p.grid.z_face[face] / p.grid.z[-1]
                return (
                    f"no steady state: {p.name(s)} at R = {R[0]:.3g}–{R[-1]:.3g} GV is injected faster (Q) than linear "
                    f"damping lets it through (S < Q) at z = {height:.3g} z_max, where nothing "
                    "flows outwards, and it has no losses below; add streaming, losses or nonlinear damping, or set time.end"
                )
    return None


def _bound(p):
    """Faces with waves that nothing but S and X damps."""
    bound = p.confined.copy()
    for _, Y in p.others:
        bound &= ~(Y > 0).any(0)
    return bound


def shut_in(p):
    """Nodes (species, R, nodes) at rest in undamped waves and without losses: what is there stays there for ever."""
    out = np.zeros((p.species, len(p.grid.R), p.nodes), bool)
    if p.waves is None:
        return out
    shut = _bound(p) & (p.v == 0) & (p.S == 0) & (p.X == 0)
    shut = np.pad(shut, ((0, 0), (1, 1)), constant_values=True)
    nodes = (shut[:, :-1] & shut[:, 1:])[:, : p.nodes]
    for s, B in enumerate(p.momentum_rate()):
        out[s] = nodes & (loss_speed(p, s, B) == 0)
    if p.top is None and p.v_top > 0:
        out[..., -1] = False
    return out


def _against_the_flow(p, s):
    """∫|v|dz/κ over each stretch of flow towards the disc, up to each face, by other scatterers than waves; (R, faces)."""
    inward = p.v < 0
    depth = np.cumsum(np.where(inward, -p.v * p.grid.dz * p.nu[s], 0.0), -1)
    start = np.maximum.accumulate(np.where(inward, 0.0, depth), -1)
    return np.where(inward, depth - start, 0.0)


def _carried_back(p, Q):
    """Faces (R, faces) below whose top no finite f carries Q against the flow.

    With F = Q and v < 0, q = Q + |v| f obeys q (q − S) = X² |f'|, so ln[(q − S)/q] rises by S |v| Δz/X² across a face, or
    1/q falls by |v| Δz/X²: q is infinite after a finite way.  Other scatterers only make it shorter.
    """
    out = np.zeros(p.nu.shape[1:], bool)
    bound = _bound(p) & (p.v < 0)
    f = np.zeros_like(Q)
    for j in np.flatnonzero(bound)[::-1]:
        if j + 1 < len(bound) and not bound[j + 1]:
            f = np.zeros_like(Q)  # at least
        S, X2, v = p.S[:, j], p.X[:, j] ** 2, -p.v[j]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            q = Q + v * f
            way = v * p.grid.dz[j] / X2
            full = np.where(S > 0, (q - S) / q * np.exp(np.minimum(S * way, 700.0)), way * q)  # 1 at infinite f
            moves = (q > S) & (X2 > 0) & (Q > 0)
            out[:, j] = moves & (full >= 1.0)
            new = np.where(S > 0, S / (1.0 - full), q / (1.0 - full))
            f = np.where(moves & (full < 1.0), np.maximum((new - Q) / v, 0.0), f)
    return out


def piles_up(p, s, k, face):
    """The sentence for species s that is carried, at rigidity row k, to a face at rest whose waves nothing damps."""
    name = p.name(s)
    return (
        f"no steady state: {name} at R = {p.grid.R[k]:.3g} GV piles up below z = {p.grid.z_face[face] / p.grid.z[-1]:.3g} z_max, "
        "where nothing flows and waves that nothing damps hold all of it, and it is not lost as fast; add damping, a flow or "
        "losses, or set time.end"
    )


def runaway(p, s, k, i, end):
    """The sentence for species s that feeds on its own spectrum continued beyond the grid, most at rigidity row k and node i.

    end: "below" the grid, where compression takes from it, or "above", where losses do that meet compression inside.  Says
    where the strongest drop of v is, the slope a shock of that strength accelerates to, and what can be done.
    """
    text, remedy = _feeding(p, s, k, i, end)
    return f"no steady state: {text}; {remedy}, or an end time"


def growing(p, s, k, i, end, u, rate, t):
    """The same of a transient in which f (u, ∂u/∂t, both (species, R, nodes)) grows beyond all bounds."""
    text, remedy = _feeding(p, s, k, i, end)
    fold = abs(u[s, k, i] / rate[s, k, i]) if rate is not None and rate[s, k, i] else np.nan
    return (
        f"no steady state, nor an end in sight: {text}; f grows e-fold every {fold:.3g} s and is {np.abs(u[s, k, i]):.0e} times "
        f"what it should be at t = {t:.3g} s; {remedy}, or an earlier time.end"
    )


def _feeding(p, s, k, i, end):
    """Who feeds on what, and what can be done."""
    name = p.name(s)
    speed = np.concatenate([[0.0], p.v, [p.v_top if p.top is None else p.v[-1]]])  # of the faces beside every node
    drop = int(np.argmin(np.diff(speed)))
    below, above = speed[drop], speed[drop + 1]
    at = f"z = {p.grid.z[drop] / p.grid.z[-1]:.3g} z_max"
    converging = ", where the flow converges," if above < below else ""
    edge = p.grid.R[0] if end == "below" else p.grid.R[-1]
    text = f"{name} gains{converging} from {end} the grid's {edge:.3g} GV"
    if 0 < above < below:
        text += f" ({at}: v falls by {below / above:.3g}, as a shock it hardens spectra to R^-{3 * below / (below - above):.3g})"
    else:
        text += f" (most at {at})"
    text += f", faster than it escapes, if its spectrum goes on there as R^{-p.slope[s]:.3g}"
    text += f"; most so at R = {p.grid.R[k]:.3g} GV, z = {p.grid.z[i] / p.grid.z[-1]:.3g} z_max"
    return text, f'set boundary.momentum = "zero" to leave out all {end} the grid'


def fills_for_ever(history, crossing, u, rate):
    """Where (species, row) a march's content grows in proportion to time, long after the slowest crossing time (s); or None.

    Then a share of what is injected is stored, where nothing leaves and nothing is lost.  u, rate: f and ∂f/∂t at the end of
    the history, (species, R, nodes): what was there at the start may still be leaving instead.
    """
    t, dt, change = (np.asarray(history[key]) for key in ("t", "dt", "change"))
    if t[-1] < LONG * crossing or history["storage"][-1] < LITTLE:
        return None
    begun = np.searchsorted(t, t[-1] * 10.0**-DECADES, side="right")
    if begun == 0 or (change * t < PROPORTION[0] * dt)[begun - 1 :].any():
        return None
    power = rate.max(-1) * t[-1] / np.maximum(np.abs(u).max(-1), 1e-290)
    if power.max() < PROPORTION[1]:
        return None
    return np.unravel_index(np.argmax(power > 0.99 * power.max()), power.shape)


def filling(p, s, k, i, t):
    """The sentence for species s at rigidity row k and node i that fills in proportion to time, still at time t."""
    name = p.name(s)
    return (
        f"no steady state: {name} at R = {p.grid.R[k]:.3g} GV still fills in proportion to time after {t:.1g} s, most at "
        f"z = {p.grid.z[i] / p.grid.z[-1]:.3g} z_max: what is carried there neither leaves nor is lost; add losses or "
        "scattering there, or set time.end"
    )
