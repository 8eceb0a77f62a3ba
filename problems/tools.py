"""Small things the exact solutions share: monotone roots, and what a model says about the equation in force."""

from __future__ import annotations

import numpy as np

from solver.exact import Exact


def increasing_root(function, low, high, steps=200):
    """x in [low, high] with function(x) = 0 for increasing `function`, elementwise by bisection to the last digit.

    low, high: arrays that broadcast. Where the function keeps one sign the nearer end comes back.
    """
    low, high = (np.array(x, float) for x in np.broadcast_arrays(low, high))
    for _ in range(steps):
        middle = 0.5 * (low + high)
        above = function(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        if np.all((high - low) <= 2e-16 * np.maximum(np.abs(low), np.abs(high))):
            break
    return 0.5 * (low + high)


def flux_left(Q, sink, disc_value):
    """Flux F = Q − sink f(0) out of a disc with eq. 1's form of losses, where f(0) = disc_value(F), increasing in F."""
    Q = np.asarray(Q, float)
    if not np.any(sink > 0):
        return Q
    F = increasing_root(lambda F: F + sink * disc_value(F) - Q, np.zeros_like(Q), Q)
    return np.where(sink > 0, F, Q)


def loss_form(model) -> str:
    """ "flux", "catastrophic" or "none": how the disc's losses act; "none" where there is no disc."""
    return "none" if model.deck.disc is None else model.deck.disc.losses


def disc_sink(model) -> np.ndarray:
    """h/τ_loss (species, R) [cm/s] where the losses are catastrophic (eq. 1 as printed), zero otherwise."""
    speed = np.asarray(model.disc_speed, float)
    return speed if loss_form(model) == "catastrophic" else np.zeros_like(speed)


def refusals(model, adiabatic=None, causal_limit=None, losses=None, top=None, uniform=()) -> str:
    """Why the deck in force is outside a solution's domain, or an empty string.

    adiabatic, causal_limit: the values needed; losses, top: the words allowed; uniform: names of model coefficients
    that must not vary with height. None: anything goes.
    """
    deck, found = model.deck, []
    if adiabatic is not None and deck.physics.adiabatic is not adiabatic:
        found.append(f"physics.adiabatic = {str(adiabatic).lower()}")
    if causal_limit is not None and deck.physics.causal_limit is not causal_limit:
        found.append(f"physics.causal_limit = {str(causal_limit).lower()}")
    if losses is not None and loss_form(model) not in losses and np.any(model.disc_speed):
        found.append("disc.losses = " + " or ".join(losses))
    if top is not None and deck.boundary.top.type not in top:
        found.append("boundary.top = " + " or ".join(top))
    found += [f"{name} uniform in z" for name in uniform if not is_uniform(getattr(model, name))]
    return "nowhere: needs " + ", ".join(found) if found else ""


def steady_time(model, t):
    """t, or None (long after the start) in a deck that asks for the steady state, whatever time its solver passes."""
    return None if model.deck.time.end == "steady" else t


def time_error(model, t) -> float:
    """What ten steps' errors of time.rtol can add up to, zero for a steady state:
    later errors largely forget earlier ones.
    """
    return 0.0 if t is None else 10 * model.deck.time.rtol


def momentum_error(model, curvature) -> float:
    """(3/8) Δx² |∂²x ln(p³f)|: the error of a face value extrapolated log-linearly from the two cells upwind."""
    return 3 / 8 * model.grid.dx**2 * curvature


def widest(model) -> float:
    """The longest interval between heights (cm)."""
    return float(np.max(np.diff(model.grid.z)))


def empty(model) -> np.ndarray:
    """NaN on (species, z, R)."""
    return np.full((len(model.names), len(model.grid.z), len(model.grid.R)), np.nan)


def nowhere(model, equation, why) -> Exact:
    """An exact solution that is valid nowhere on this deck, and says why."""
    return Exact(empty(model), equation, why, None, "nothing: outside the domain of the formula")


def bottom(faces) -> np.ndarray:
    """The value on the lowest face, of (face,) or (..., face, R)."""
    faces = np.asarray(faces, float)
    return faces[0] if faces.ndim == 1 else faces[..., 0, :]


def is_uniform(faces) -> bool:
    """Is a coefficient (face,) or (..., face, R) the same on all faces, to rounding?"""
    faces = np.asarray(faces, float)
    low = bottom(faces)
    low = low if faces.ndim == 1 else low[..., None, :]
    return bool(np.all((faces == low) | (np.abs(faces - low) <= 1e-12 * np.abs(low))))


def at_nodes(model):
    """The coefficients at the nodes; at an interface those above it, at the top those below it."""
    z = np.array(model.grid.z, float)
    z[-1] *= 1 - 1e-12
    return model.at(z)
