"""What a state says about how far it can be trusted: sentences for the warnings of its result."""

import numpy as np

FIRST_ORDER = (
    "no convergence with the flux correction, so it is left out: where losses or the flow change f across a cell this is of "
    "first order in z (compare with a finer grid.z_cells)"
)
FED = 0.05  # share of what enters the lowest rigidity that, coming from below the grid, is worth a word
UPHILL = 1e-6  # of a row's largest f: a rise with height that is no rounding


def of_state(model, march):
    """Warnings for the state of a march, which all processes ask for together."""
    out = [FIRST_ORDER] if march.first_order else []
    with np.errstate(all="ignore"):
        out += _fed_from_below(model, march)
    return out + _uphill(model, march.f())


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
    f, out = f[model.waves], []
    rises = f[:, 1:] - f[:, :-1] > UPHILL * np.abs(f).max(-1, keepdims=True)
    for i, layer in enumerate(model.deck.layer):
        faces = np.asarray(model.self_confined) & (model.grid.layer == i)
        rows = np.flatnonzero((rises & faces).any(-1))
        if layer.streaming.type != "none" and len(rows):
            low, high = model.grid.R[rows[[0, -1]]]
            out.append(
                f"layer {layer.name or i}: f of protons rises with height within R = {low:.3g}-{high:.3g} GV, where streaming "
                "goes on away from the disc all the same"
            )
    return out
