"""Orders in which the members of a sweep follow each other: neighbours next to neighbours."""

import numpy as np

NEAR = 8  # neighbours looked at first for one that is left


def there_and_back(shape):
    if not shape:
        return [()]
    inner = there_and_back(shape[1:])
    return [(i, *rest) for i in range(shape[0]) for rest in (inner if i % 2 == 0 else inner[::-1])]


def by_nearest(points):
    """Indices of points from the first one on, after each the nearest of those left (a tree of these, half of them at a time)."""
    from scipy.spatial import KDTree

    order, free = [0], np.ones(len(points), bool)
    free[0] = False
    while free.any():
        left = np.flatnonzero(free)
        tree = KDTree(points[left])
        for _ in range((len(left) + 1) // 2):
            asked, near = NEAR, np.array([], int)
            while not near.size:                                           # all of them were taken since the tree was made
                found = left[tree.query(points[order[-1]], range(1, min(asked, len(left)) + 1))[1]]
                near, asked = found[free[found]], 4 * asked
            order.append(int(near[0]))
            free[order[-1]] = False
    return order
