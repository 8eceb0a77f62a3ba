"""Long calculations on whole arrays, a strip of rows at a time, so that their intermediate arrays stay in the cache."""

from math import prod

import numpy as np

STRIP = 32768  # faces worked on at a time


def strips(shape, size=STRIP):
    """Slices of the first axis that cut an array into parts of about `size` numbers; `...` where one part is the whole."""
    rows = max(1, size * shape[0] // max(prod(shape), 1)) if shape else 1
    return [...] if not shape or rows >= shape[0] else [slice(i, i + rows) for i in range(0, shape[0], rows)]


def by_strips(shape, evaluate):
    """Arrays of this shape from those that `evaluate` gives for parts of the rows: its own arrays then stay in the cache."""
    parts = strips(shape)
    if len(parts) < 2:
        return evaluate(...)
    whole = None
    for own in parts:
        some = evaluate(own)
        whole = whole or [np.empty(shape) for _ in some]
        for array, part in zip(whole, some, strict=True):
            array[own] = part
    return tuple(whole)
