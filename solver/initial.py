"""The state a run starts from: what the deck asks for, or the f of a result on the deck's grid."""

import numpy as np

from .constants import KPC
from .errors import DeckError, Fault
from .exact import module_of

# slopes with which a stored spectrum may go on beyond its rigidities: a bend at its end must not grow into decades
STEEPEST_BELOW, FLATTEST_ABOVE = 6.0, 3.0


def initial_state(model):
    """f at the start that the deck asks for, (species, R, nodes incl. top); DeckError where there is none."""
    deck = model.deck
    kind = deck.initial
    shape = (len(model.names), len(model.grid.R), len(model.grid.z))
    if kind.type == "zero":
        return np.zeros(shape)
    if kind.type == "power_law":
        profile = 1.0 - model.grid.z / model.z_max if kind.profile == "linear" else np.ones(shape[2])
        spectrum = float(kind.amplitude) * model.grid.R**-kind.slope
        return np.broadcast_to(spectrum[:, None] * profile, shape).copy()
    if kind.type == "file":
        from .result import open_result

        return on_grid(model, open_result(kind.path).dataset)
    module = module_of(deck.problem)
    if module is None:
        raise DeckError([Fault("deck", "initial.type", '"exact"',
                               "only for decks of a problem with an exact solution")])
    f = module.initial(model) if hasattr(module, "initial") else module.solution(model, 0.0).f
    if not np.isfinite(f).all():
        raise DeckError([Fault("deck", "initial.type", '"exact"',
                               f"the exact solution of {deck.problem} does not cover the grid at t = 0")])
    return np.ascontiguousarray(f.transpose(0, 2, 1))


def on_grid(model, stored):
    """f of a result's dataset on the grid of `model`, (species, R, nodes): linear in z, zero above; ln f linear in ln R.

    Beyond the stored rigidities f goes on as a power law: no steeper than STEEPEST_BELOW, no flatter than FLATTEST_ABOVE.
    """
    R, z = stored.rigidity.values, stored.z.values * KPC
    out = np.zeros((len(model.names), len(model.grid.R), len(model.grid.z)))
    for s, name in enumerate(model.names):
        if name not in stored.species.values:
            continue
        f = stored.f.sel(species=name).values.T                            # (R, z)
        if f.shape == out.shape[1:] and np.array_equal(R, model.grid.R) and np.allclose(z, model.grid.z, rtol=1e-12):
            out[s] = f
            continue
        top = model.grid.z <= z[-1] * (1.0 + 1e-12)  # heights are stored in kpc, and rounded
        f = np.stack([np.interp(np.where(top, np.minimum(model.grid.z, z[-1]), model.grid.z), z, row, right=0.0) for row in f])
        logs, x, known = np.log(np.maximum(f, 1e-290)), np.log(model.grid.R), np.log(R)
        out[s] = np.exp(np.stack([np.interp(x, known, column) for column in logs.T], 1))
        slope = -np.gradient(logs, known, axis=0) if len(R) > 1 else np.full(f.shape, model.slope[s])
        below, above = (known[0] - x).clip(0.0)[:, None], (x - known[-1]).clip(0.0)[:, None]
        out[s] *= np.exp(below * np.minimum(slope[0], STEEPEST_BELOW) - above * np.maximum(slope[-1], FLATTEST_ABOVE))
        out[s][out[s] < 1e-280] = 0.0
    return out
