"""A layer: a range of heights with a plasma state, streaming, and lists of damping and scattering processes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Table, field
from .processes import Damping, Loss, Scattering, Streaming
from .quantities import Density, FieldStrength, Length, SignedSpeed, Temperature

Power = Annotated[float, Field(ge=-20, le=20)]


class PlasmaDeck(Table):
    """State of the thermal gas; a key may be left out where no process of the layer needs it."""

    B: FieldStrength | None = field(None, description="magnetic field strength")
    n: Density | None = field(None, description="density n_th of the thermal gas, ρ = n m_p")
    T: Temperature | None = field(None, description="temperature")
    mean_free_path: Length | None = field(
        None, description="mean free path; not given: 2500 T²/n cm (T in K, n in cm-3)"
    )


class Profile(Table):
    """Factors max(z/z0, 1)^power on coefficients or on the plasma (Sec. 2.2); z is counted from the disc."""

    z0: Length = field(description="height above which the factors act")
    v: Power = field(0.0, description="power of the advection speed, streaming and wind alike")
    S: Power = field(0.0, description="power of the linear-damping coefficient S")
    X: Power = field(0.0, description="power of the nonlinear-damping coefficient X")
    kappa: Power = field(0.0, description="power of the scattering processes' κ")
    B: Power = field(0.0, description="power of plasma.B; all that is made from it follows")
    n: Power = field(0.0, description="power of plasma.n; all that is made from it follows")
    T: Power = field(0.0, description="power of plasma.T; all that is made from it follows")


class Layer(Table):
    """One layer, from the one below (or the disc) up to `top`."""

    name: str = field(
        "", description="the name used in messages, files and overrides; not given: 0, 1, … from the disc upwards"
    )
    top: Length = field(description="upper edge; that of the last layer is grid.z_max")
    plasma: PlasmaDeck | None = field(None, description="B, n, T; may be left out where nothing needs it")
    streaming: Streaming = field({"type": "none"}, description="streaming along the field")
    wind: SignedSpeed = field("0 km/s", description="wind u away from the disc (negative: towards it)")
    damping: tuple[Damping, ...] = field((), description="damping of self-excited waves; rates add")
    scattering: tuple[Scattering, ...] = field((), description="scattering by other waves; rates add")
    self_confined: bool | None = field(
        None, description='are there self-excited waves? not given: if streaming is "alfven" or damping not empty'
    )
    profile: Profile | None = field(None, description="variation with height; not given: uniform")
    losses: tuple[Loss, ...] = field((), description="losses throughout the layer; rates add")

    @property
    def has_waves(self) -> bool:
        """Are self-excited waves present here? `self_confined`, or its default rule."""
        if self.self_confined is not None:
            return self.self_confined
        return self.streaming.type == "alfven" or len(self.damping) > 0


def layer_name(layer: Layer, index: int) -> str:
    """What files, figures and tables call a layer: its name, or "layer 0" where keys of the deck say layer.0."""
    return layer.name if isinstance(layer.name, str) and layer.name else f"layer {index}"


def layer_in_words(layer: Layer, index: int) -> str:
    """What messages call a layer: layer "halo", or layer 0."""
    name = layer_name(layer, index)
    return f'layer "{name}"' if name == layer.name else name
