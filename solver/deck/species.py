"""Species: the nucleus, its source, its destruction in the disc."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Choice, Process, Table, field
from .processes import Slope
from .quantities import CrossSection, Energy, Length, Mass, Rate, Rigidity, SourceFlux, Time, TimeFromZero


# ---------------------------------------------------------------- schedules
class Constant(Process):
    """A source that has always been on."""

    type: Literal["constant"] = "constant"


class Switch(Process):
    """A source that is on from `on` to `off`, and zero before and after; on from the start where time.end is "steady"."""

    type: Literal["switch"] = "switch"
    on: TimeFromZero = field("0 Myr", description="time at which the source starts")
    off: Time | None = field(None, description="time at which it stops; not given: never")


class Exponential(Process):
    """A source that decays as exp(-t/time)."""

    type: Literal["exponential"] = "exponential"
    time: Time = field(description="e-folding time")


Schedule = Annotated[Constant | Switch | Exponential, Choice()]
SCHEDULE = field({"type": "constant"}, description="how the source changes with time")


# ---------------------------------------------------------------- sources
class Supernovae(Process):
    """Power law with the power of supernovae, 2 Q π radius² ∫₀^∞ 4πp² T dp = rate · energy, 4 < slope < 5 (Fig. 1)."""

    type: Literal["supernovae"] = "supernovae"
    rate: Rate = field(description="supernovae per time")
    energy: Energy = field(description="energy in this nucleus per supernova")
    slope: Annotated[float, Field(gt=4, lt=5)] = field(description="Q ∝ R^-slope; outside 4..5 the energy is infinite")
    radius: Length = field("10 kpc", description="radius of the disc over which it is spread")
    schedule: Schedule = SCHEDULE


class PowerLawSource(Process):
    """Power law Q(R) = amplitude · (R/GV)^-slope, per area of one side of the disc, time and d³p."""

    type: Literal["power_law"] = "power_law"
    amplitude: SourceFlux = field(description="Q at 1 GV, one side of the disc")
    slope: Slope = field(description="Q ∝ R^-slope")
    schedule: Schedule = SCHEDULE


class CrossSectionTable(Table):
    """A cross-section against kinetic energy per nucleon, interpolated in log-log; the end values hold beyond the table."""

    energy: tuple[Energy, ...] = field(
        min_length=2, description='kinetic energies per nucleon, ascending: ["0.1 GeV", "1 GeV", …]'
    )
    sigma: tuple[CrossSection, ...] = field(min_length=2, description="cross-sections at these energies")


class SpallationSource(Process):
    """Product of a heavier species' collisions with the gas of the disc (eqs. 30, 31, C1)."""

    type: Literal["spallation"] = "spallation"
    parent: str = field(description="name of the species that breaks up")
    cross_section: CrossSection | None = field(None, description="production cross-section, the same at all energies")
    table: CrossSectionTable | None = field(None, description="production cross-section by energy, instead")
    conserves: Literal["energy_per_nucleon", "rigidity"] = field(
        "energy_per_nucleon", description="what parent and product have in common; rigidity is the paper's reading"
    )


class TableSource(Process):
    """Q given at some rigidities, interpolated in log-log and zero outside them."""

    type: Literal["table"] = "table"
    rigidity: tuple[Rigidity, ...] = field(min_length=2, description="rigidities, ascending")
    Q: tuple[SourceFlux, ...] = field(min_length=2, description="Q at these rigidities, one side of the disc")
    schedule: Schedule = SCHEDULE


class NoSource(Process):
    """No source in the disc."""

    type: Literal["none"] = "none"


class ProblemSource(Process):
    """Sources computed by the problem the deck belongs to (manufactured solutions)."""

    type: Literal["problem"] = "problem"


Source = Annotated[Supernovae | PowerLawSource | SpallationSource | TableSource | NoSource | ProblemSource, Choice()]


class Destruction(Table):
    """Catastrophic loss of a species in the disc by spallation."""

    cross_section: CrossSection | None = field(
        None, description="total inelastic cross-section, the same at all energies"
    )
    table: CrossSectionTable | None = field(None, description="total inelastic cross-section by energy, instead")


class SpeciesDeck(Table):
    """One nucleus: Z, A and mass where its name is not known, its source, its destruction."""

    Z: Annotated[int, Field(ge=1, le=120)] | None = field(
        None, description="charge number; needed where the name is not known"
    )
    A: Annotated[int, Field(ge=1, le=300)] | None = field(
        None, description="mass number; needed where the name is not known"
    )
    mass: Mass | None = field(None, description="mass of the whole nucleus; needed where the name is not known")
    source: Source = field({"type": "none"}, description="where these particles come from")
    destruction: Destruction | None = field(None, description="spallation losses in the disc; not given: none")


def known_nuclei() -> dict:
    """The table of nuclei, name -> Nucleus(name, Z, A, mass)."""
    from solver.particles import KNOWN

    return KNOWN
