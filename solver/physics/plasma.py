"""State of the thermal plasma and what follows from it: speeds, β, mean free path, viscosity.

Conventions where the paper leaves a choice: ρ = n m_p; p_gas = n k T, which gives the paper's β of 0.2 and 30 in
Sec. 4.2; v_th = √(2kT/m_p), so that β = (v_th/v_A)².
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solver.constants import ERG_PER_GEV, K_B, PROTON_MASS, E
from solver.physics.validity import positive, warn


@dataclass(frozen=True)
class Plasma:
    """Fully ionised hydrogen: B [G], n [cm⁻³], T [K], mean free path [cm]; floats or arrays that broadcast together.

    The mean free path decides much of the scattering by fast modes and is the least certain of all: the paper quotes
    1e13 cm for its warm medium (2e4 K, 0.1 cm⁻³), and its default here is that number scaled like Coulomb collisions,
    l_mfp = 2500 T²/n. Give `mean_free_path` to set it. ValueError unless everything is finite and > 0 and broadcasts.
    """

    B: Any
    n: Any
    T: Any
    mean_free_path: Any = None
    _own_mean_free_path: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        for key in ("B", "n", "T"):
            object.__setattr__(self, key, positive(key, getattr(self, key)))
        own = self.mean_free_path is not None
        length = positive("mean_free_path", self.mean_free_path) if own else 2500 * self.T**2 / self.n
        object.__setattr__(self, "mean_free_path", length)
        object.__setattr__(self, "_own_mean_free_path", own)
        try:
            np.broadcast_shapes(*(np.shape(x) for x in (self.B, self.n, self.T, length)))
        except ValueError:
            shapes = ", ".join(f"{key} {np.shape(getattr(self, key))}" for key in ("B", "n", "T", "mean_free_path"))
            raise ValueError(f"shapes of the plasma do not fit together: {shapes}") from None

    def replace(self, **changes):
        """The same plasma with other values; a mean free path that was not given follows the new T and n."""
        state = {"B": self.B, "n": self.n, "T": self.T}
        if self._own_mean_free_path:
            state["mean_free_path"] = self.mean_free_path
        return Plasma(**{**state, **changes})

    def column(self):
        """The same plasma with one more axis at the end of every array: (nz,) becomes (nz, 1), to go with R (nR,)."""
        state = {key: np.asarray(getattr(self, key))[..., None] for key in ("B", "n", "T")}
        if self._own_mean_free_path:
            state["mean_free_path"] = np.asarray(self.mean_free_path)[..., None]
        return Plasma(**state)

    @property
    def density(self):
        """ρ = n m_p [g cm⁻³]."""
        return self.n * PROTON_MASS

    @property
    def alfven_speed(self):
        """v_A = B/√(4πρ) [cm/s]."""
        return self.B / np.sqrt(4 * np.pi * self.density)

    @property
    def thermal_speed(self):
        """v_th = √(2kT/m_p) [cm/s]."""
        return np.sqrt(2 * K_B * self.T / PROTON_MASS)

    @property
    def beta(self):
        """8π n k T/B² = (v_th/v_A)²."""
        return 8 * np.pi * self.n * K_B * self.T / self.B**2

    @property
    def viscosity(self):
        """Braginskii's ν_B as the paper estimates it (eq. 25): l_mfp v_th [cm²/s]."""
        return self.mean_free_path * self.thermal_speed


def collisional_mean_free_path(plasma):
    """v_th τ_i [cm] of a hydrogen plasma, τ_i = 3 √m_p (kT)^(3/2)/(4 √π n e⁴ ln Λ) (Braginskii 1965).

    ln Λ = 23 − ln(√(2n) T^(−3/2)) for n in cm⁻³, T in eV (NRL Plasma Formulary, ions with ions), at least 1 with a
    ValidityWarning. About three times the default of `Plasma` where the gas is warm: an estimate to set it by.
    """
    T = positive("T", plasma.T) * K_B / (1e-9 * ERG_PER_GEV)  # eV
    logarithm = 23 - np.log(np.sqrt(2 * plasma.n) * T**-1.5)
    if np.any(logarithm < 1):
        warn("mean free path: plasma too dense or cold for the Coulomb logarithm, taken as 1")
    thermal = (K_B * plasma.T) ** 1.5
    time = 3 * np.sqrt(PROTON_MASS) * thermal / (4 * np.sqrt(np.pi) * plasma.n * E**4 * np.maximum(logarithm, 1.0))
    return plasma.thermal_speed * time
