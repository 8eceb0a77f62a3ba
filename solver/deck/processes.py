"""What acts in a layer: streaming, damping of self-excited waves, scattering, losses. One table per process.

The first line of each docstring is what `explain` prints. Symbols as in the paper: k = 1/r_L is the resonant
wavenumber, v_A the Alfvén speed, v_th the thermal speed, l_mfp the thermal mean free path, β = 8π p_g/B².
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .base import Choice, Process, field
from .quantities import (
    Density,
    EnergyDensity,
    FieldStrength,
    Kappa,
    Length,
    NonlinearX,
    Quantity,
    RateFromZero,
    Rigidity,
    SourceFlux,
    Speed,
    Temperature,
)

BN, BNT = ("B", "n"), ("B", "n", "T")
Slope = Annotated[float, Field(ge=-20, le=20)]
Positive = Annotated[float, Field(gt=0, le=1e6)]


# ---------------------------------------------------------------- streaming
class AlfvenStreaming(Process):
    """Cosmic rays stream down their gradient with the Alfvén speed, v_st = v_A sgn z (eqs. 1-3)."""

    needs: ClassVar = BN
    type: Literal["alfven"] = "alfven"


class NoStreaming(Process):
    """No streaming: only a wind, if there is one, carries cosmic rays along."""

    type: Literal["none"] = "none"


class GivenStreaming(Process):
    """Streaming with a given speed away from the disc (a profile's `v` may vary it with height)."""

    type: Literal["given"] = "given"
    v: Speed = field(description="streaming speed, away from the disc on both sides")


Streaming = Annotated[AlfvenStreaming | NoStreaming | GivenStreaming, Choice()]


# ---------------------------------------------------------------- damping of self-excited waves
class TurbulentDamping(Process):
    """Damping by ambient Alfvénic turbulence, Γ = v_A (k/L)^½ Ma² (Ma^1.5 above Ma = 1), S ∝ p^-3.5 (eq. 22)."""

    needs: ClassVar = BN
    type: Literal["turbulent"] = "turbulent"
    L: Length = field(description="outer scale of the Alfvénic turbulence")
    Ma: Positive = field(1.0, description="Alfvénic Mach number at the outer scale")
    all_ranges: bool = field(
        False, description="true: for waves longer than the strong cascade its weak or eddy range (Lazarian 2016)"
    )


class RateDamping(Process):
    """Linear damping with a given rate, Γ = rate (k/k(at))^exponent, S ∝ p^-(3+exponent) (eqs. 4-6, Fig. 1)."""

    needs: ClassVar = BN
    type: Literal["rate"] = "rate"
    rate: RateFromZero = field(description="damping rate of the waves resonant with rigidity `at`")
    at: Rigidity = field("1 GV", description="rigidity at which `rate` holds")
    exponent: Annotated[float, Field(ge=-10, le=10)] = field(description="a in Γ ∝ k^a")


class DustDamping(Process):
    """Damping by charged dust grains, Γ ∝ k^¾, S ∝ p^-3.75 (Squire et al. 2021; Sec. 2.1.1)."""

    needs: ClassVar = BN
    exponent: ClassVar[float] = 0.75
    type: Literal["dust"] = "dust"
    rate: RateFromZero = field(description="damping rate of the waves resonant with rigidity `at`")
    at: Rigidity = field("1 GV", description="rigidity at which `rate` holds")


class IonNeutralDamping(Process):
    """Ion-neutral damping, the same at all k, S ∝ p^-3 (Sec. 2.1.1); give `rate` or `neutral_density`."""

    needs: ClassVar = BN
    exponent: ClassVar[float] = 0.0
    type: Literal["ion_neutral"] = "ion_neutral"
    rate: RateFromZero | None = field(None, description="damping rate, the same at all rigidities")
    neutral_density: Density | None = field(None, description="density of neutrals, from which the rate is computed")
    temperature: Temperature | None = field(None, description="temperature of the neutrals; not given: plasma.T")


class LandauDamping(Process):
    """Nonlinear Landau damping, Γ ~ k v_th (δB/B)², κ = X |∂f/∂z|^-½ with X ∝ p^-1.5 (eqs. 10-15)."""

    needs: ClassVar = BNT
    type: Literal["landau"] = "landau"
    prefactor: Positive = field(1.0, description="factor on the damping rate (X² is proportional to it)")


class PressureAnisotropyDamping(Process):
    """Nonlinear damping by pressure anisotropy, Γ ~ (k l_mfp) k v_th (δB/B)², above the mean free path (Sec. 6.1)."""

    needs: ClassVar = BNT
    type: Literal["pressure_anisotropy"] = "pressure_anisotropy"
    prefactor: Positive = field(1.0, description="factor on the damping rate")


class NonlinearDamping(Process):
    """General nonlinear damping, Γ = prefactor k v_th (k l_mfp)^q (δB/B)^(2m) (Sec. 6.1; Landau: q = 0, m = 1)."""

    needs: ClassVar = BNT
    type: Literal["nonlinear"] = "nonlinear"
    prefactor: Positive = field(1.0, description="factor on the damping rate")
    q: Annotated[float, Field(ge=-5, le=5)] = field(0.0, description="exponent of k l_mfp")
    m: Annotated[float, Field(gt=0, le=10)] = field(1.0, description="exponent of (δB/B)²; κ ∝ |∂f/∂z|^(-1/(1+m))")


class GivenS(Process):
    """Linear damping given by its S in κ = S/|∂f/∂z|: S(R) = S · (R/GV)^slope (eq. 4)."""

    type: Literal["given_S"] = "given_S"
    S: SourceFlux = field(description="S at 1 GV")
    slope: Slope = field(-3.5, description="power of the rigidity")


class GivenX(Process):
    """Nonlinear damping given by its X in κ = X |∂f/∂z|^-½: X(R) = X · (R/GV)^slope (eq. 10)."""

    type: Literal["given_X"] = "given_X"
    X: NonlinearX = field(description="X at 1 GV; X |∂f/∂z|^½ is a flux")
    slope: Slope = field(-1.5, description="power of the rigidity")


Damping = Annotated[
    TurbulentDamping
    | RateDamping
    | DustDamping
    | IonNeutralDamping
    | LandauDamping
    | PressureAnisotropyDamping
    | NonlinearDamping
    | GivenS
    | GivenX,
    Choice(),
]


# ---------------------------------------------------------------- scattering by what is there anyway
class GivenScattering(Process):
    """Diffusion with a given coefficient, κ = kappa · β · (R/GV)^slope, β = v/c of the species."""

    type: Literal["given"] = "given"
    kappa: Kappa = field(description="diffusion coefficient at 1 GV for β = 1")
    slope: Slope = field(0.0, description="power of the rigidity")


class FastModes(Process):
    """Damped cascade of fast modes: gyroresonance, transit-time damping (eqs. 24-27, A1-A7; 36-40 if anisotropic)."""

    needs: ClassVar = BNT
    type: Literal["fast_modes"] = "fast_modes"
    Ma: Positive = field(description="amplitude of the fast modes at the outer scale over v_A")
    L: Length = field(description="outer scale of the fast modes")
    anisotropic: bool = field(False, description="true: the anisotropic weak cascade of Sec. 5.2 (eqs. 36-39)")
    field_line_wandering: Literal["alfven", "fast_modes", "both"] = field(
        "alfven",
        description="what bends field lines: Alfvénic turbulence (eqs. 27, A7, 39), the fast modes (eq. 40), both",
    )
    Ma_alfven: Positive = field(1.0, description="Alfvénic Mach number of the turbulence that bends field lines")
    damped: bool = field(True, description="false: no damping of the cascade (stochastic echo, Sec. 6.3)")


class WeakShocks(Process):
    """Scattering by weak shocks of order unity a distance apart, κ = v separation/3 (Sec. 5.1)."""

    type: Literal["weak_shocks"] = "weak_shocks"
    separation: Length = field("10 pc", description="distance between shocks")
    width: Length | None = field(None, description="width of the shocks; smaller gyroradii are not scattered")
    strength: Speed | None = field(
        None, description="velocity jump of the shocks, instead of width: width = l_mfp v_th/strength"
    )


class Kolmogorov(Process):
    """Undamped isotropic Kolmogorov cascade, P ∝ k^-5/3, κ ∝ β R^⅓ (Sec. 3, Fig. 3)."""

    needs: ClassVar = ("B",)
    type: Literal["kolmogorov"] = "kolmogorov"
    Ma: Positive | None = field(None, description="amplitude at the outer scale, δB/B = Ma")
    delta_B: FieldStrength | None = field(
        None, description="amplitude at the outer scale as a field strength, instead of Ma"
    )
    L: Length = field(description="outer scale")


class Kraichnan(Process):
    """Undamped isotropic Kraichnan cascade, P ∝ k^-3/2, κ ∝ β R^½ (Sec. 3, Fig. 3)."""

    needs: ClassVar = ("B",)
    type: Literal["kraichnan"] = "kraichnan"
    Ma: Positive | None = field(None, description="amplitude at the outer scale, δB/B = Ma")
    delta_B: FieldStrength | None = field(
        None, description="amplitude at the outer scale as a field strength, instead of Ma"
    )
    L: Length = field(description="outer scale")


Scattering = Annotated[GivenScattering | FastModes | WeakShocks | Kolmogorov | Kraichnan, Choice()]


# ---------------------------------------------------------------- losses of momentum
class GivenLoss(Process):
    """A given loss, -ṗ/p = rate · (R/GV)^slope, the same for all species at equal rigidity."""

    type: Literal["given"] = "given"
    rate: RateFromZero = field(description="-ṗ/p at 1 GV")
    slope: Slope = field(0.0, description="power of the rigidity")


class Ionisation(Process):
    """Ionisation of the gas, -ṗ/p = 2e-16 s⁻¹ Z² n β⁻² (p/GeV)⁻¹ (eq. C2)."""

    type: Literal["ionisation"] = "ionisation"
    density: Density | None = field(None, description="gas density; not given: disc.density, or plasma.n in a layer")


class Coulomb(Process):
    """Coulomb collisions with the electrons of ionised gas."""

    type: Literal["coulomb"] = "coulomb"
    density: Density | None = field(
        None, description="density of electrons; not given: disc.density, plasma.n in a layer"
    )
    temperature: Temperature | None = field(
        None, description="temperature of electrons; not given: 1e4 K in the disc, plasma.T in a layer"
    )


class Synchrotron(Process):
    """Synchrotron radiation in the magnetic field."""

    type: Literal["synchrotron"] = "synchrotron"
    B: FieldStrength | None = field(
        None, description="field strength; not given: plasma.B of the layer (needed in the disc)"
    )


class InverseCompton(Process):
    """Inverse-Compton losses on photons in the Thomson limit."""

    type: Literal["inverse_compton"] = "inverse_compton"
    energy_density: EnergyDensity = field("0.26 eV cm-3", description="energy density of the photons; default: the CMB")


Loss = Annotated[GivenLoss | Ionisation | Coulomb | Synchrotron | InverseCompton, Choice()]
__all__ = ["Damping", "Loss", "Quantity", "Scattering", "Streaming"]
