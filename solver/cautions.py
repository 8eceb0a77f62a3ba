"""What a state says about how far it can be trusted: sentences for the warnings of its result."""

import numpy as np

from .deck.layers import layer_in_words

FIRST_ORDER = (
    "no convergence with the flux correction, so it is left out: where losses or the flow change f across a cell this is of "
    "first order in z (compare with a finer grid.z_cells)"
)
FED = 0.05  # share of what enters the lowest rigidity that, coming from below the grid, is worth a word
SATURATED = 1e-7  # of S: where less is missing to it, fluxes as good as time.tolerance tell slopes to 1e-3 at best
UPHILL = 1e-6  # of a row's largest f: a rise with height that is no rounding


def of_state(model, march):
    """Warnings for the state of a march, which all processes ask for together."""
    out = [FIRST_ORDER] if march.first_order else []
    with np.errstate(all="ignore"):
        out += _fed_from_below(model, march)
    f = march.f()
    return out + _uphill(model, f) + (_undetermined(model, march, f) if march.control.end is None else [])


def _fed_from_below(model, march):
    """Compression (∂v/∂z < 0) heats, and brings in what lies below the grid, where the spectrum is only assumed."""
    share = march.account.fed_from_below(march.state.u)
    return [
        f"{name}: {100 * share[s]:.0f} % of what enters the lowest rigidity is heated up from below the grid, where f is taken "
        f"to go on as R^-{model.slope[s]:.3g}; a lower grid.rigidity_min or boundary.momentum = \"zero\" shows what that is worth"
        for s, name in enumerate(model.names) if share[s] > FED
    ]


def _uphill(model, f):
    """v_A sgn z is the direction of streaming as long as f falls with |z| (eq. 1)."""
    if model.waves is None:
        return []
    f = f[model.waves]
    rises = f[:, 1:] - f[:, :-1] > UPHILL * np.abs(f).max(-1, keepdims=True)
    return [
        f"{layer_in_words(layer, i)}: f of protons rises with height within {where}, where streaming goes on away from the disc "
        "all the same"
        for i, layer, where in _layers_with(model, rises & np.asarray(model.self_confined))
        if layer.streaming.type != "none"
    ]


def _undetermined(model, march, f):
    """At rest linear damping lets pass q = S a/(a + ν S): as good as S for all slopes a far above ν S, with other scattering
    ν = 1/κ. Where the steady flux is that, any steep profile carries it."""
    p = march.problem
    if p.waves is None:
        return []
    at_rest = p.confined & (p.v == 0) & (p.S > 0) & p.linear_alone
    if not at_rest.any():
        return []
    f = f[p.waves]
    drop = np.abs(np.diff(f))
    told = (drop <= UPHILL * np.abs(f).max(-1, keepdims=True)) | (SATURATED * drop <= p.nu[p.waves] * p.S * p.grid.dz)
    return [
        f"{layer_in_words(layer, i)}: linear damping at rest lets pass S and no more, whatever the slope; that is what flows "
        f"within {where}, so how f of protons changes across the layer is open: this is one of many profiles, of which a start "
        "or the slightest flow would choose another"
        for i, layer, where in _layers_with(model, at_rest & ~told)
        if (at_rest & (p.grid.layer == i)).sum(-1).max() > 1
    ]


def _layers_with(model, faces):
    """(number, layer, where in R) of the layers in which some of the faces, (R, faces), are so at any rigidity."""
    for i, layer in enumerate(model.deck.layer):
        rows = np.flatnonzero((faces & (model.grid.layer == i)).any(-1))
        if len(rows):
            low, high = model.grid.R[rows[[0, -1]]]
            yield i, layer, f"R = {low:.3g}-{high:.3g} GV"
