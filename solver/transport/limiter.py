"""How much of what ∂t f makes of f across a face is believed, beside the slope that f has there.

Where f is carried along, what −∂t f and the other terms add up to is v ∂z f.  Taken at the upwind node alone that is the box
scheme, which damps nothing: behind every front and kink f would swing from node to node for ever.  So x = −∂t f counts as

    x ψ(r),  r = y/x,  y what the slope on the face leaves for it,

ψ = 0 where the two disagree in sign, 2r up to r = ¼, from there smoothly up to 1 at r = ¾: within the bounds ψ(r)/r <= 2 and
ψ <= 1 of schemes whose total variation does not grow (Sweby 1984), and all of x where f is smooth.
"""

import numpy as np


def believed(x, y):
    """ψ(y/x) and the derivatives of x ψ by x and by y; arrays of one shape."""
    some = x != 0.0
    r = np.clip(np.where(some, y, 1.0) / np.where(some, x, 1.0), 0.0, 1.0)
    t = np.clip(2.0 * r - 0.5, 0.0, 1.0)
    psi = 2.0 * np.minimum(r, 0.25) + t - t**3 * (1.0 - 0.5 * t)
    by_y = np.where(r > 0.0, 2.0 - 2.0 * t * t * (3.0 - 2.0 * t), 0.0)
    return psi, psi - r * by_y, by_y
