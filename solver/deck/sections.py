"""The sections of a deck other than species and layers: grid, physics, disc, boundary, time, initial, output."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Choice, Process, Table, field
from .processes import Loss, Slope
from .quantities import Density, EndTime, Length, PhaseSpaceDensity, Rigidity, Time

Cells = Annotated[int, Field(ge=2, le=1_000_000)]


class Grid(Table):
    """Heights from the disc (a node at z = 0) to z_max, and rigidities, uniform in ln R, the same for all."""

    z_max: Length = field(description="top node; what f is there is said by [boundary]")
    z_cells: Cells = field(200, description="intervals from z = 0 to z_max; every interface of layers is a node")
    z_spacing: Literal["uniform", "stretched"] = field("uniform", description="stretched: finer at the disc")
    stretch: Annotated[float, Field(gt=1, le=1e6)] = field(
        20.0, description="longest over shortest interval where z_spacing is stretched"
    )
    rigidity_min: Rigidity = field("0.1 GV", description="lowest rigidity")
    rigidity_max: Rigidity = field("1e6 GV", description="highest rigidity")
    rigidity_cells: Annotated[int, Field(ge=1, le=100_000)] = field(140, description="intervals in ln R")


class Physics(Table):
    """Switches of the transport equation as a whole."""

    adiabatic: bool = field(True, description="adiabatic momentum change -(p/3) ∂v/∂z; false: eq. 2's approximation")
    causal_limit: bool = field(True, description="κ is at most β c z_max: nothing leaves faster than its speed (eq. 8)")


class Disc(Table):
    """The disc, a sheet at z = 0, in which sources sit and losses happen (eq. 1, App. C)."""

    half_thickness: Length = field("200 pc", description="half-thickness h in all source and loss terms")
    density: Density = field("1.25 cm-3", description="gas density, for losses and spallation")
    losses: Literal["flux", "catastrophic", "none"] = field(
        "flux", description="flux: conservative in momentum (App. C); catastrophic: -2hf/τ_loss, eq. 1 as printed; none"
    )
    loss_processes: tuple[Loss, ...] = field(({"type": "ionisation"},), description="what the losses consist of")


# ---------------------------------------------------------------- boundary
class PowerLaw(Table):
    """A phase-space density amplitude · (R/GV)^-slope."""

    amplitude: PhaseSpaceDensity = field(description="f at 1 GV")
    slope: Slope = field(description="f ∝ R^-slope")


class TopZero(Process):
    """f(z_max) = 0: particles are gone for good (eq. 14's boundary)."""

    type: Literal["zero"] = "zero"


class TopValue(Process):
    """f(z_max) is given, e.g. by a halo above (eqs. 23, 31)."""

    type: Literal["value"] = "value"
    f: PowerLaw = field(description="f at z_max: { amplitude, slope }")
    species: tuple[str, ...] = field((), description="species it holds for, all others have f = 0 there; empty: all")


class TopOutflow(Process):
    """Particles are carried out by the flow and do not diffuse across the top."""

    type: Literal["outflow"] = "outflow"


class Boundary(Table):
    """What happens at the top of the box and beyond the ends of the rigidity grid."""

    top: Annotated[TopZero | TopValue | TopOutflow, Choice()] = field({"type": "zero"}, description="at z = z_max")
    momentum: Literal["power_law", "zero"] = field(
        "power_law",
        description="beyond the rigidity grid, above it under losses and below it under compression: the spectrum goes on "
        "with the slope of its source, above steeper as far as losses that rise with R take over from escape; or f = 0",
    )


# ---------------------------------------------------------------- time
class Steady(Table):
    """When a state counts as steady."""

    residual: Annotated[float, Field(gt=0, lt=1)] = field(1e-9, description="what is still stored, over what passes through")
    change: Annotated[float, Field(gt=0, lt=1)] = field(1e-6, description="relative change of f in the last step")


class TimeControl(Table):
    """How far and how to go."""

    end: EndTime = field("steady", description='"steady", or a time')
    method: Literal["march", "direct"] = field("march", description="implicit time steps, or the steady state directly")
    first_step: Time | None = field(None, description="first time step; not given: chosen from the coefficients")
    max_step: Time | None = field(None, description="longest time step; not given: no limit but accuracy")
    growth: Annotated[float, Field(gt=1, le=100)] | None = field(
        None, description="largest ratio of a step to the one before; not given: 2, or 10 on the way to a steady state"
    )
    rtol: Annotated[float, Field(gt=0, lt=1)] = field(
        1e-4, description="time error allowed, relative to a rigidity's largest f; what has faded by decades may err by more"
    )
    tolerance: Annotated[float, Field(gt=0, lt=1)] = field(
        1e-10, description="imbalance the nonlinear solver leaves; in time 1e-3 rtol at most, where it comes no nearer"
    )
    steady: Steady = field({}, description="when a state counts as steady")
    max_steps: Annotated[int, Field(ge=1, le=10_000_000)] = field(100_000, description="give up after this many steps")
    output_every: Time | None = field(None, description="time between stored states; not given: the last only")


# ---------------------------------------------------------------- initial state
class InitialZero(Process):
    """Empty at the start."""

    type: Literal["zero"] = "zero"


class InitialExact(Process):
    """The problem's exact solution at t = 0 (only for decks that belong to a problem)."""

    type: Literal["exact"] = "exact"


class InitialFile(Process):
    """The state stored in a result file, interpolated where the grid differs, as power laws beyond its rigidities."""

    type: Literal["file"] = "file"
    path: Annotated[str, Field(min_length=1)] = field(
        description="result file, looked for beside the deck; given on the command line, in the present folder"
    )


class InitialPowerLaw(Process):
    """A power law in rigidity, f = amplitude · (R/GV)^-slope · profile(z)."""

    type: Literal["power_law"] = "power_law"
    amplitude: PhaseSpaceDensity = field(description="f at 1 GV and z = 0")
    slope: Slope = field(description="f ∝ R^-slope")
    profile: Literal["linear", "flat"] = field("linear", description="linear: falling to 0 at z_max")


Initial = Annotated[InitialZero | InitialExact | InitialFile | InitialPowerLaw, Choice()]


class Output(Table):
    """What a run leaves behind besides its result file."""

    figures: bool = field(True, description="draw the standard figures beside result.nc")
