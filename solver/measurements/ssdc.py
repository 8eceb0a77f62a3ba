"""XML of the cosmic-ray database of the Space Science Data Center (SSDC): a HEADER, then one DATA per bin.

The systematic error is its published total; the named parts (acceptance, unfolding, scale, …) stand beside it and are used,
in quadrature, only where there is no total.  The unit of a flux per rigidity is written per GeV and means GV.
Points have edges and no mean: it is the Lafferty-Wyatt point of x^-2.7 for fluxes, the geometric mean for ratios.
"""

import re
from xml.parsers import expat

import numpy as np

from . import names
from .rows import Head, Row, measurement, position
from .units import DIMENSIONLESS, UnitFault, axis_factor, flux_factor, is_per_nucleon

VALUES = ("flux", "fluxratio", "flux_ratio", "ratio")
ERROR = re.compile(r"(?:.*?_)??([a-z0-9]+)_error(?:_(low|high))?")
X_TAG = re.compile(r"(rigidity|kinetic_energy(?:_per_nucleon|_n)?|total_energy|energy|momentum)_(min|max|mean)")


def recognises(text):
    return text.lstrip().startswith("<")


def parse(text, faults, defaults):
    """The one Measurement of the file in a list."""
    try:
        header, points = _elements(text)
    except expat.ExpatError as error:
        faults.add(error.lineno, "", f"not well-formed XML ({expat.errors.messages[error.code]})", "SSDC XML")
        return []
    if header is None:
        faults.add(1, "", "no HEADER", "SSDC XML: XML, HEADER, DATA")
        return []
    if not points:
        faults.add(None, "DATA", "missing", "one DATA per bin")
        return []
    tags = {tag for _, point in points for tag in point}
    value_tag = next((tag for tag in VALUES if tag in tags), None)
    if value_tag is None:
        faults.add(points[0][0], "DATA", f"found {', '.join(sorted(tags))}", f"needs one of {', '.join(VALUES)}")
    x_tag = next((match[1] for tag in sorted(tags) if (match := X_TAG.fullmatch(tag))), None)
    if x_tag is None:
        allowed = "needs rigidity_min and rigidity_max, or kinetic_energy_min and kinetic_energy_max"
        faults.add(points[0][0], "DATA", f"found {', '.join(sorted(tags))}", allowed)
    quantity = defaults.get("quantity") or _quantity(header, value_tag, faults)
    if value_tag is None or x_tag is None:
        return []
    axis, scale_x, scale_y = _units(header, value_tag, x_tag, defaults, faults)
    head = Head(quantity, axis, None, header.get("MISSION", (0, ""))[1], _reference(header))
    head.names = {"x": x_tag, "low": f"{x_tag}_min", "high": f"{x_tag}_max", "value": value_tag}
    rows = [_row(line, point, value_tag, x_tag, (scale_x, scale_y), faults) for line, point in points]
    found = measurement([row for row in rows if row is not None], head, faults)
    return [found] if found is not None else []


def _elements(text):
    """(header: tag → (line, text), with UNITS/… for the units; points: [(line, {tag: (line, text)})])."""
    path: list[tuple[str, int]] = []
    points: list[tuple[int, dict[str, tuple[int, str]]]] = []
    header: dict[str, tuple[int, str]] | None = None
    words: list[str] = []
    body = text.lstrip()
    before = text[: len(text) - len(body)].count("\n")     # blank lines above, which XML does not allow
    parser = expat.ParserCreate("utf-8")                   # whatever the file says: it has been decoded already

    def start(tag, _attributes):
        nonlocal header
        path.append((tag, before + parser.CurrentLineNumber))
        words.clear()
        if tag == "HEADER":
            header = {}
        elif tag == "DATA":
            points.append((before + parser.CurrentLineNumber, {}))

    def end(tag):
        _, line = path.pop()
        entry = (line, "".join(words).strip())
        tags = [name for name, _ in path]
        if "HEADER" in tags and header is not None:
            header["/".join([*tags[tags.index("HEADER") + 1 :], tag])] = entry
        elif tags and tags[-1] == "DATA":
            points[-1][1][tag] = entry
        words.clear()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = words.append
    parser.Parse(body.encode(), True)
    return header, points


def _quantity(header, value_tag, faults):
    line, text = header.get("PARTICLE", (None, ""))
    quantity = names.canonical(text) or names.named_in(text) or text
    if not text:
        faults.add(line, "PARTICLE", "missing", "a nucleus or a ratio, e.g. C or B/C")
    elif value_tag is not None and names.is_ratio(quantity) != (value_tag != "flux"):
        faults.add(line, "PARTICLE", f'found "{text}" with values called {value_tag}', "flux, or a ratio A/B with fluxratio")
    return quantity


def _units(header, value_tag, x_tag, defaults, faults):
    """Axis, factor of x, factor of the value."""
    line_x, unit_x = header.get(f"UNITS/{x_tag}", (header.get("UNITS", (None,))[0], ""))
    line_y, unit_y = header.get(f"UNITS/{value_tag}", (header.get("UNITS", (None,))[0], ""))
    per_nucleon = is_per_nucleon(unit_x) or x_tag.endswith(("_n", "_nucleon"))
    axis = {"rigidity": "R", "momentum": "P", "total_energy": "ETOTN" if per_nucleon else "ETOT"}.get(
        x_tag, "EKN" if per_nucleon else "EK")
    axis, factors = defaults.get("axis") or axis, [1.0, 1.0]
    if not unit_x:
        faults.add(line_x, f"UNITS/{x_tag}", "missing", "e.g. GV or GeV/n")
    else:
        factors[0] = _read_unit(axis_factor, unit_x, axis, line_x, f"UNITS/{x_tag}", faults)
    if value_tag == "flux":
        if not unit_y:
            faults.add(line_y, "UNITS/flux", "missing", "e.g. (m^2 s sr GeV)^(-1)")
        else:
            factors[1] = _read_unit(flux_factor, unit_y, axis, line_y, "UNITS/flux", faults)
    elif unit_y.lower() not in DIMENSIONLESS:
        faults.add(line_y, f"UNITS/{value_tag}", f'found "{unit_y}"', "ratios are dimensionless")
    return axis, *factors


def _read_unit(reader, text, axis, line, key, faults):
    try:
        return reader(text, axis)
    except UnitFault as fault:
        faults.add(line, key, fault.found, fault.allowed)
        return 1.0


def _reference(header):
    def get(key):
        return header.get(key, (0, ""))[1]

    year = f" ({get('YEAR')})" if get("YEAR") else ""
    place = ", ".join(part for part in (" ".join(filter(None, (get("JOURNAL"), get("VOLUME")))), get("PAGE")) if part)
    doi = f"doi:{get('DOI')}" if get("DOI") not in ("", "null") else ""
    return ", ".join(part for part in (get("AUTHORS"), place + year, doi) if part.strip())


def _row(line, point, value_tag, x_tag, scales, faults):
    """One Row; None where a number is missing."""
    def number(tag):
        return faults.number(point[tag][1], point[tag][0], tag)

    missing = [tag for tag in (value_tag, f"{x_tag}_min", f"{x_tag}_max") if tag not in point]
    if missing:
        faults.add(line, "DATA", f"{', '.join(missing)} missing", f"{x_tag}_min, {x_tag}_max, {value_tag}")
        return None
    low, high, value = number(f"{x_tag}_min"), number(f"{x_tag}_max"), number(value_tag)
    mean = number(f"{x_tag}_mean") if f"{x_tag}_mean" in point else np.nan
    errors: dict[tuple, float] = {}
    for tag in point:
        match = ERROR.fullmatch(tag)
        if match:
            size = number(tag)
            if size < 0 and match[2] != "low":
                faults.add(point[tag][0], tag, f"found {size:g}", "an error must not be negative")
            for side in (match[2],) if match[2] else ("low", "high"):
                errors[match[1], side] = abs(size)
    sides = [_both(errors, side) for side in ("low", "high")]
    x = position(mean, low, high, value_tag != "flux")
    if np.isnan(x):
        x = 0.5 * (low + high)                            # edges out of order or negative: a fault of its own
    if np.isnan([x, low, high, value, *np.ravel(sides)]).any():
        return None
    scale_x, scale_y = scales
    stat, sys = (tuple(scale_y * side[i] for side in sides) for i in (0, 1))
    return Row(line, scale_x * x, scale_x * low, scale_x * high, scale_y * value, stat, sys)


def _both(errors, side):
    """(statistical, systematic) of one side; the parts only where there is no total."""
    stat = next((size for (kind, s), size in errors.items() if kind.startswith("stat") and s == side), None)
    sys = next((size for (kind, s), size in errors.items() if kind.startswith("syst") and s == side), None)
    total = next((size for (kind, s), size in errors.items() if kind.startswith("tot") and s == side), None)
    parts = [size for (kind, s), size in errors.items() if s == side and not kind.startswith(("stat", "syst", "tot"))]
    if sys is None and parts:
        sys = float(np.sqrt(np.sum(np.square(parts))))
    if stat is None and total is not None:
        stat = total if sys is None else float(np.sqrt(max(total**2 - sys**2, 0.0)))
    elif sys is None and stat is not None and total is not None:
        sys = float(np.sqrt(max(total**2 - stat**2, 0.0)))
    return stat or 0.0, sys or 0.0
