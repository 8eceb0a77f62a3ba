"""What the discrete equation needs to know: coefficients as arrays on the grid, in physical units, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from .grid import Grid


@dataclass(frozen=True)
class Secondary:
    """Disc source of `child` (per side) from `parent`: Q_child(R_k) = Σ_l weights[k, l] f_parent(z = 0, R_l)."""

    parent: int
    child: int
    weights: sp.csr_matrix


@dataclass(frozen=True)
class TransportProblem:
    """Arrays in CGS and GeV, ordered (species, R, z); faces are the intervals of `grid`.

    v: speed on faces (faces,).  S, X: damping coefficients of the protons' waves (R, faces).  others: (n, Y (R, faces))
    of nonlinear damping ∝ κ^(−n) other than n = 1, κ_sc = Y |∂f/∂z|^(−1/(1+n)).  confined: faces with self-excited waves.
    nu: 1/κ of all other scatterers, causal limit included (species, R, faces).  depth_ratio: v_p/v_A at equal rigidity
    (species, R).  waves: index of the species that excites the waves, or None.
    loss: −ṗ/p integrated over control volumes, on momentum faces (species, R + 1, nodes), without the adiabatic part.
    bulk_loss: −ṗ/p of the losses beyond the disc, on momentum faces and faces (species, R + 1, faces).
    sink: catastrophic loss integrated over control volumes (species, R, nodes).
    disc(t): source per side (species, R).  bulk(t): source per volume (species, R, nodes), or None.
    top: f at z_max (species, R), or None for free outflow with the flow.
    slope: −dln f/dln p of the reference spectrum of each species, from which the momentum cells take their weights.
    slope_above: slope with which what feeds a species goes on above the grid, inf where that ends there (species,); or None.
    strength: disc(t) with every source at full strength, (species, R); None: that of t = 0.
    """

    grid: Grid
    v: np.ndarray
    S: np.ndarray
    X: np.ndarray
    confined: np.ndarray
    nu: np.ndarray
    depth_ratio: np.ndarray
    waves: int | None
    loss: np.ndarray
    bulk_loss: np.ndarray
    sink: np.ndarray
    disc: Callable[[float], np.ndarray]
    bulk: Callable[[float], np.ndarray] | None
    secondaries: tuple[Secondary, ...]
    top: np.ndarray | None
    slope: np.ndarray
    others: tuple[tuple[float, np.ndarray], ...] = ()
    v_top: float = 0.0
    adiabatic: bool = True
    open_end: bool = True
    names: tuple[str, ...] = ()
    slope_above: np.ndarray | None = None
    strength: np.ndarray | None = None

    @property
    def species(self):
        return self.nu.shape[0]

    def name(self, s):
        """What messages call a species."""
        return self.names[s] if self.names else f"species {s}"

    @property
    def linear_alone(self):
        """Faces whose waves are damped linearly or not at all, (R, faces)."""
        return (self.X == 0) & np.all([Y == 0 for _, Y in self.others], axis=0)

    @property
    def nodes(self):
        """Number of nodes with an unknown: all but the top one where f is given there."""
        return len(self.grid.z) - (self.top is not None)

    def momentum_rate(self):
        """B = −ṗ/p integrated over control volumes: losses and the adiabatic term with all its jumps, (species, R + 1, nodes).

        The adiabatic part is (v_i − v_{i−1})/3 with the speeds of the two faces and nothing below the disc, so the jump of
        v_A sgn z at the disc and that of v at an interface are in it.
        """
        B = self.loss[:, :, : self.nodes].copy()
        if self.adiabatic:
            speed = np.append(self.v, self.v_top if self.top is None else self.v[-1])
            B += (np.diff(np.insert(speed, 0, 0.0)) / 3.0)[: self.nodes]
        return B
