"""Stencils: what acts on the nodes of a row from their own neighbours, (lower, diagonal, upper) × rows × nodes, or a diagonal."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Diagonal:
    """A diagonal of own rows on the nodes of `span`, values (rows, those nodes); zero elsewhere."""

    span: slice
    values: np.ndarray


def shift(u, rows, o):
    """Rows k + o of u for k in the slice `rows`, zero beyond the ends."""
    k0, k1, _ = rows.indices(u.shape[0])
    out = np.zeros((k1 - k0, u.shape[1]))
    lo, hi = max(k0 + o, 0), min(k1 + o, u.shape[0])
    if hi > lo:
        out[lo - o - k0 : hi - o - k0] = u[lo:hi]
    return out


def add_divergence(tri, P, N):
    """Add to tri, (lower, diagonal, upper) × rows × nodes, row i = F_i − F_{i−1} with ∂F_j/∂u_j = P_j, ∂F_j/∂u_{j+1} = N_j.

    P and N are given on the faces; a node beyond the last face sees that face only.
    """
    lower, diagonal, upper = tri
    nodes, faces = upper.shape[-1], P.shape[-1]
    diagonal[:, :faces] += P
    upper[:, :faces] += N
    diagonal[:, 1:] -= N[:, : nodes - 1]
    lower[:, 1:] -= P[:, : nodes - 1]


def add_difference(out, flux):
    """Add to out (rows, nodes) the flux out of each node through the face above less that in through the face below."""
    nodes, faces = out.shape[-1], flux.shape[-1]
    out[:, :faces] += flux
    out[:, 1:] -= flux[:, : nodes - 1]


def banded(c, o):
    """A stencil acting on rigidity row k + o as a sparse matrix on (R, nodes)."""
    import scipy.sparse as sp

    c = _closed(c)
    rows, n = c.shape[-2:]
    shape = (rows * n, rows * n)
    shifted = sp.diags([c[0].ravel()[1:], c[1].ravel(), c[2].ravel()[:-1]], [-1, 0, 1], shape=shape)
    return shifted @ sp.kron(sp.eye(rows, k=o), sp.eye(n))


def _closed(c):
    """A stencil whose first lower and last upper entries, which act on nothing, are zero."""
    c = c.copy()
    c[0][..., 0] = 0.0
    c[2][..., -1] = 0.0
    return c


def as_stencil(c, nodes):
    """A part of the Jacobian as a stencil."""
    if not isinstance(c, Diagonal):
        return c
    out = np.zeros((3, len(c.values), nodes))
    out[1][:, c.span] = c.values
    return out


def row_of(c, k):
    """Row k of a part of the Jacobian."""
    return Diagonal(c.span, c.values[k]) if isinstance(c, Diagonal) else c[:, k]


def _diagonal(c, x):
    out = np.zeros_like(x)
    out[..., c.span] = c.values * x[..., c.span]
    return out


def apply(c, x):
    """c x for a diagonal or a stencil c."""
    if isinstance(c, Diagonal):
        return _diagonal(c, x)
    out = c[1] * x
    out[..., 1:] += c[0][..., 1:] * x[..., :-1]
    out[..., :-1] += c[2][..., :-1] * x[..., 1:]
    return out


def apply_transposed(c, y):
    if isinstance(c, Diagonal):
        return _diagonal(c, y)
    out = c[1] * y
    out[..., :-1] += c[0][..., 1:] * y[..., 1:]
    out[..., 1:] += c[2][..., :-1] * y[..., :-1]
    return out
