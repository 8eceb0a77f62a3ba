"""How much of what ∂t f makes of f across a face is believed, beside the slope that f has there.

Where f is carried along, what −∂t f and the other terms add up to is v ∂z f.  Taken at the upwind node alone that is the box
scheme, which damps nothing: behind every front and kink f would swing from node to node for ever.  So x = −∂t f counts as

    x ψ(r),  r = y/x,  y what the slope on the face leaves for it,

ψ = 0 where the two disagree in sign, 2r up to r = ¼, from there smoothly up to 1 at r = ¾: within the bounds ψ(r)/r <= 2 and
ψ <= 1 of schemes whose total variation does not grow (Sweby 1984), and all of x where f is smooth and has a slope.  Near maxima
it has none; those that are well resolved are told from waves by how f bends around them (`smooth`).
"""

import numpy as np

ALIKE = 0.3, 0.9  # the least of four second differences over the largest: where f begins to count as smooth, where it does fully
SLOPING = 0.4, 0.8  # the least of three slopes over the largest: where they begin to tell by themselves, where they do fully


def believed(x, y):
    """ψ(y/x) and the derivatives of x ψ by x and by y; arrays of one shape."""
    some = x != 0.0
    r = np.clip(np.where(some, y, 1.0) / np.where(some, x, 1.0), 0.0, 1.0)
    t = np.clip(2.0 * r - 0.5, 0.0, 1.0)
    squared = t * t
    psi = 2.0 * np.minimum(r, 0.25) + t - squared * t * (1.0 - 0.5 * t)
    by_y = np.where(r > 0.0, 2.0 - 2.0 * squared * (3.0 - 2.0 * t), 0.0)
    return psi, psi - r * by_y, by_y


def smooth(f, dz):
    """1 on the faces around whose ends f (…, nodes) has a well resolved maximum or minimum, down to 0 elsewhere; (…, faces).

    The slope on its faces tells nothing there, and nothing needs a limit.  The measure is the second differences at the ends of
    a face and at their neighbours: all of one sign, the least of them beside the largest.  Where the slopes of the face and of
    its neighbours are alike they tell all, and the bends of what is nearly straight next to nothing: steps would follow their
    every change.  dz: lengths of the faces.
    """
    out = np.zeros((*f.shape[:-1], len(dz)))
    if len(dz) < 5:
        return out
    slope = np.diff(f) / dz
    bends = _alike(np.diff(slope) / (dz[1:] + dz[:-1]), 4, ALIKE)
    slopes = _alike(slope, 3, SLOPING)[..., 1:-1]
    out[..., 2:-2] = bends * (1.0 - slopes)
    return out


def _alike(x, count, bounds):
    """From 0 to 1 as the least of `count` neighbours along the last axis comes near the largest and all are of one sign."""
    least, most = _of_neighbours(np.minimum, x, count), _of_neighbours(np.maximum, x, count)
    ratio = np.maximum(least, -most) / np.maximum(np.maximum(most, -least), 1e-290)
    t = np.clip((ratio - bounds[0]) / (bounds[1] - bounds[0]), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _of_neighbours(function, x, count):
    """`function` (minimum or maximum) over every `count` neighbours along the last axis."""
    out = x
    for i in range(1, count):
        out = function(out[..., :-1], x[..., i:])
    return out
