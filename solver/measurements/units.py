"""Units in files of measurements: of an axis ("GV", "MeV/n") and of a flux ("m^-2 s^-1 sr^-1 (GeV/n)^-1")."""

import re

from solver.units import ENDLESS

from .axes import AXES

PER_NUCLEON = re.compile(r"/\s*(?:nucleon|nuc|n)\b")
DIMENSIONLESS = ("", "1", "none", "null", "-", "bare", "dimensionless")
AXIS_EXAMPLE = {"R": "GV", "P": "GeV/c"}


class UnitFault(ValueError):
    """A unit cannot be read: `found` says what stands there, `allowed` what should."""

    def __init__(self, found, allowed):
        self.found, self.allowed = found, allowed
        super().__init__(f"{found}; {allowed}")


def axis_factor(text, axis):
    """What x in this unit is multiplied with, for GV, GeV or GeV/n; UnitFault where it is no unit of that axis."""
    allowed = f"the unit of {AXES[axis].name}, e.g. {AXIS_EXAMPLE.get(axis, AXES[axis].unit)}"
    if is_per_nucleon(text) and not axis.endswith("N"):
        raise UnitFault(f'found "{text}", a unit per nucleon', allowed)
    bare = PER_NUCLEON.sub("", text)
    if axis == "P":
        bare = re.sub(r"\s*/\s*c\b", "", bare)
    return _factor(bare, "GV" if axis == "R" else "GeV", text, allowed)


def flux_factor(text, axis):
    """What a flux in this unit is multiplied with for m^-2 s^-1 sr^-1 per unit of the axis.

    A flux per rigidity may be written per GeV: database files do, and mean GV.
    """
    example = f"m^-2 s^-1 sr^-1 {'GV' if axis == 'R' else 'GeV'}^-1"
    bare = re.sub(r"/\s*c\b", "", PER_NUCLEON.sub("", text))
    if axis == "R":
        bare = re.sub(r"\b([kMGTP]?)eV\b", r"\1V", bare)
    return _factor(bare, AXES[axis].flux_unit, text, f"the unit of a flux, e.g. {example}")


def is_per_nucleon(text):
    return bool(PER_NUCLEON.search(text))


def _factor(text, target, shown, allowed):
    if " ".join(re.sub(r"\^|[()]", "", text).split()) == target and "^(" not in text:
        return 1.0                                        # the usual case, without the half second astropy takes to start
    if ENDLESS.search(text):
        raise UnitFault(f'found the unit "{shown}"', allowed)
    import astropy.units as u

    text = re.sub(r"^\((.+)\)\s*(?:\^|\*\*)?\s*\(?-1\)?$", r"1/(\1)", text.strip())           # (m^2 s sr GeV)^(-1)
    text = re.sub(r"^#?\s*/", "1/", text)                                              # #/m2/s/sr/GV
    text = re.sub(r"\((\w+)\)(?=\s*(?:\^|\*\*|[-+0-9]))", r"\1", text)        # (GeV)^-1, which astropy does not read
    try:
        return float(u.Unit(text).to(u.Unit(target)))
    except u.UnitConversionError:
        raise UnitFault(f'found the unit "{shown}"', allowed) from None
    except (ValueError, TypeError):
        raise UnitFault(f'found the unknown unit "{shown}"', allowed) from None
