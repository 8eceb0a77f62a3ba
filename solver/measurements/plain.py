"""Plain CSV with a header of `# key: text` lines, a line of column names and numbers; the project's own tables.

    # source: who and where published            # experiment: AMS-02, dates, remarks (phi ~ 560 MV | unmodulated)
    # quantity: proton flux versus rigidity      # units: R in GV; flux in m^-2 s^-1 sr^-1 GV^-1
    R_lo,R_hi,R_mean,flux,err_stat,err_sys

Columns: x as R, T, E or p with _lo, _hi, _mean (edges or mean may be missing); flux or ratio; err_stat, err_sys, err_tot,
each symmetric or as _lo and _hi, as positive numbers; sys_NAME parts of err_sys, used where that is missing; upper_limit.
Of statistical, systematic and total error two give the third; a total alone is kept as it is (`total_only`).
"""

import csv
import difflib
import re

import numpy as np

from . import names
from .axes import AXES
from .rows import Head, Row, difference, measurement, position
from .units import DIMENSIONLESS, UnitFault, axis_factor, flux_factor, is_per_nucleon

X_COLUMN = re.compile(r"(R|T|E|p|x)(?:_(lo|hi|mean))?")
AXES_OF = {"R": ("R",), "T": ("EK", "EKN"), "E": ("ETOT", "ETOTN", "EK", "EKN"), "p": ("P",), "x": tuple(AXES)}
ERRORS = {f"err_{kind}{side}" for kind in ("stat", "sys", "tot") for side in ("", "_lo", "_hi")}
COLUMNS = (
    "R_lo, R_hi, R_mean (or T_, E_, p_), flux or ratio, err_stat, err_sys, err_tot (or each with _lo and _hi), sys_NAME, "
    "upper_limit"
)
PHRASES = {                                   # longest first
    "kinetic energy per nucleon": "EKN", "total energy per nucleon": "ETOTN", "kinetic energy": "EK",
    "total energy": "ETOT", "rigidity": "R", "momentum": "P", "energy per nucleon": "EKN",
}  # fmt: skip
REMARK = re.compile(r"\s\([^()]*\)(?!\s*(?:\^|\*\*|-?\d))")       # "(converted from MeV)", but not "(GeV/n)^-1"


def recognises(comments, data):
    """Is this such a file?  By its keys, or by a first line of column names."""
    keys = {text.partition(":")[0].strip().lower() for _, text in comments}
    first = data[0][1].split(",") if data else []
    return len(keys & {"source", "experiment", "quantity", "units"}) >= 2 or bool(
        len(first) > 1 and sum(_known(column.strip()) for column in first) >= 2
    )


def parse(comments, data, faults, defaults):
    """The one Measurement of the file in a list; faults are added."""
    header = {}
    for line, text in comments:
        key, colon, value = text.partition(":")
        if colon and key.strip().lower() not in header:
            header[key.strip().lower()] = (line, value.strip())
    if not data:
        faults.add(None, "", "found no rows", "a line of column names and rows of numbers")
        return []
    columns = _columns(data[0], faults)
    quantity, axis = _what(header, columns, faults, defaults)
    scale_x, scale_y = _units(header, columns, quantity, axis, faults)
    if columns["prefix"] is None or columns["value"] not in columns["names"]:
        _numbers(data, columns, faults)                   # what is wrong further down shall be told as well
        return []
    head = Head(quantity, axis, _phi(header), _experiment(header), header.get("source", (0, ""))[1])
    head.names = {role: columns[role] for role in ("x", "low", "high", "value") if role in columns}
    head.total_only = "tot" in columns["errors"] and not {"stat", "sys"} & set(columns["errors"])
    rows = []
    for line, numbers in _numbers(data, columns, faults):
        row = _row(line, numbers, columns, quantity or "", faults)
        if row is not None:
            row.x, row.low, row.high = (scale_x * v for v in (row.x, row.low, row.high))
            row.value *= scale_y
            row.stat, row.sys = (tuple(scale_y * e for e in errors) for errors in (row.stat, row.sys))
            rows.append(row)
    found = measurement(rows, head, faults)
    return [found] if found is not None else []


# ---------------- the line of column names


def _known(column):
    return bool(
        X_COLUMN.fullmatch(column) or column in ERRORS or column in ("flux", "ratio", "upper_limit")
        or re.fullmatch(r"sys_\w+", column)
    )


def _columns(first, faults):
    """Roles → column names: x, low, high, value, `errors` {stat: (lower, upper), …}, parts; `names` as they stand."""
    line, text = first
    found = [name.strip() for name in next(csv.reader([text]))]
    columns = {"names": found, "line": line, "errors": {}, "parts": []}
    for name in found:
        if not _known(name):
            near = difflib.get_close_matches(name, [*ERRORS, "flux", "ratio", "upper_limit", "R_mean", "T_mean"], 1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            faults.add(line, name, f"unknown column{hint}", f"columns: {COLUMNS}")
    for name in dict.fromkeys(n for n in found if found.count(n) > 1):
        faults.add(line, name, "the column stands twice", "once")
    prefixes = set()
    for name in found:
        match = X_COLUMN.fullmatch(name)
        if match:
            prefixes.add(match[1])
            columns[{"lo": "low", "hi": "high"}.get(match[2], "x")] = name
    if len(prefixes) > 1:
        faults.add(line, ", ".join(sorted(prefixes)), "columns of several axes", "one axis per file")
    columns["prefix"] = next(iter(prefixes), None)
    if columns["prefix"] is None or ("x" not in columns and not {"low", "high"} <= set(columns)):
        faults.add(line, "", f"found the columns {', '.join(found)}", "needs a mean, e.g. R_mean, or both edges of the bins")
    elif ("low" in columns) != ("high" in columns):
        faults.add(line, columns.get("low") or columns["high"], "one edge of the bins only", "both edges, or none")
    values = [name for name in found if name in ("flux", "ratio")]
    if len(values) != 1:
        faults.add(line, "", f"found the columns {', '.join(found)}", "needs one column flux or ratio")
    columns["value"] = values[0] if values else "flux"
    for kind in ("stat", "sys", "tot"):
        both = (f"err_{kind}_lo", f"err_{kind}_hi")
        if f"err_{kind}" in found:
            columns["errors"][kind] = (f"err_{kind}",) * 2
            if set(both) & set(found):
                faults.add(line, f"err_{kind}", "symmetric and two-sided errors", "one of them")
        elif set(both) <= set(found):
            columns["errors"][kind] = both
        elif set(both) & set(found):
            faults.add(line, f"err_{kind}", "one side of the error only", f"{both[0]} and {both[1]}")
    columns["parts"] = [name for name in found if name.startswith("sys_")]
    if not columns["errors"] and not columns["parts"]:
        faults.add(line, "", f"found the columns {', '.join(found)}", "needs errors: err_stat, err_sys or err_tot")
    return columns


# ---------------- the header


def _what(header, columns, faults, defaults):
    """Quantity and axis from the line "quantity: … versus …"."""
    line, sentence = header.get("quantity", (None, ""))
    subject, _, rest = re.sub(r"\bvs\.?\b", "versus", sentence).partition("versus")
    quantity = defaults.get("quantity") or names.named_in(subject)
    if not sentence and quantity is None:
        faults.add(None, "quantity", "missing", "a line such as # quantity: proton flux versus rigidity")
    elif quantity is None:
        faults.add(line, "quantity", f'found "{sentence}"', "must name a nucleus or a ratio, e.g. proton, C, B/C")
    else:
        ratio = columns["value"] == "ratio"
        if names.is_ratio(quantity) != ratio:
            found = f"{quantity} in a column called {columns['value']}"
            faults.add(columns["line"], columns["value"], found, "ratio for ratios, flux for fluxes")
    axis = defaults.get("axis")
    if axis is None:
        axis = next((code for phrase, code in PHRASES.items() if phrase in rest.lower()), None)
    if axis is None:
        energy = "EKN" if is_per_nucleon(header.get("units", (0, ""))[1]) else "EK"
        axis = {"R": "R", "p": "P", "T": energy}.get(columns["prefix"])
    prefix = columns["prefix"]
    if axis is None and prefix is not None:
        faults.add(line, "quantity", f'found "{sentence}"', f"must say versus what: {', '.join(PHRASES)}")
    elif prefix is not None and axis not in AXES_OF[prefix]:
        faults.add(columns["line"], columns.get("x") or columns.get("low", prefix),
                   f"a column of {prefix} for {AXES[axis].name}", f"{_prefix(axis)}_lo, {_prefix(axis)}_hi, {_prefix(axis)}_mean")
    return quantity, axis


def _prefix(axis):
    return next(prefix for prefix, codes in AXES_OF.items() if axis in codes)


def _units(header, columns, quantity, axis, faults):
    """Factors of x and value from the line "units: R in GV; flux in …"."""
    line, text = header.get("units", (None, ""))
    found: dict[str, str] = {}
    for clause in re.split(r"[;,]", REMARK.sub("", text)):
        match = re.fullmatch(r"\s*(.+?)\s+(?:in\s+)?(dimensionless|none|bare)\s*|\s*(.+?)\s+in\s+(.+?)\s*", clause)
        if match:
            subject, unit = (match[1], match[2]) if match[1] else (match[3], match[4])
            for word in re.findall(r"\w+", subject):
                found.setdefault(word, unit)
    if axis is None or columns["prefix"] is None:
        return 1.0, 1.0
    x_columns = [name for name in columns["names"] if X_COLUMN.fullmatch(name)]
    unit_x = next((found[w] for w in (columns["prefix"], *x_columns, "energy", "rigidity") if w in found), None)
    unit_y = next((found[w] for w in (columns["value"], f"{columns['value']}es", "ratios", "intensity") if w in found), None)
    factors = [1.0, 1.0]
    if unit_x is None:
        faults.add(line, "units", f"no unit of {columns['prefix']}", f"# units: {columns['prefix']} in {AXES[axis].unit}; …")
    else:
        factors[0] = _read_unit(axis_factor, unit_x, axis, line, faults)
    if columns["value"] == "flux":
        if unit_y is None:
            faults.add(line, "units", "no unit of flux", f"# units: …; flux in {_flux_example(axis)}")
        else:
            factors[1] = _read_unit(flux_factor, unit_y, axis, line, faults)
    elif unit_y is not None and unit_y.lower() not in DIMENSIONLESS:
        faults.add(line, "units", f'found the unit "{unit_y}" of a ratio', "ratios are dimensionless")
    return tuple(factors)


def _flux_example(axis):
    return f"m^-2 s^-1 sr^-1 {'GV' if axis == 'R' else 'GeV'}^-1"


def _read_unit(reader, text, axis, line, faults):
    try:
        return reader(text, axis)
    except UnitFault as fault:
        faults.add(line, "units", fault.found, fault.allowed)
        return 1.0


def _phi(header):
    """Potential of modulation in GV from the experiment's remarks or a line of its own."""
    text = " ".join(value for key, (_, value) in header.items() if key in ("experiment", "quantity"))
    line = header.get("phi", (None, None))[1]
    if line is not None:
        text = f"phi {line}"
    if re.search(r"unmodulated|interstellar", text, re.IGNORECASE):
        return 0.0
    match = re.search(r"\bphi\b\s*[=~:≈]*\s*([0-9.]+(?:[eE][-+]?\d+)?)\s*(MV|GV)\b", text)
    return float(match[1]) * (1e-3 if match[2] == "MV" else 1.0) if match else None


def _experiment(header):
    return header.get("experiment", (0, ""))[1].split(",")[0].strip()


# ---------------- the rows


def _numbers(data, columns, faults):
    """(line, {column: number}) of every row; faults for a wrong number of fields and for what is no number.

    A row whose value and errors are all empty or nan is a missing bin and left out.
    """
    out, measured = [], [n for n in columns["names"] if not X_COLUMN.fullmatch(n) and n != "upper_limit"]
    for line, text in data[1:]:
        fields = [entry.strip() for entry in next(csv.reader([text]))]
        if len(fields) != len(columns["names"]):
            faults.add(line, "", f"found {len(fields)} fields", f"{len(columns['names'])}, one per column")
            continue
        row = dict(zip(columns["names"], fields, strict=True))
        if measured and all(row[name].lower() in ("", "nan", "-") for name in measured):
            continue
        out.append((line, {name: faults.number(entry, line, name) for name, entry in row.items() if _known(name)}))
    if len(data) == 1:
        faults.add(data[0][0], "", "found no rows", "rows of numbers below the line of column names")
    return out


def _row(line, numbers, columns, quantity, faults):
    """One Row; None where a number is missing (that is a fault already)."""
    if any(np.isnan(value) for value in numbers.values()):
        return None
    low, high = (numbers[columns[edge]] if edge in columns else np.nan for edge in ("low", "high"))
    x = numbers[columns["x"]] if "x" in columns else position(np.nan, low, high, names.is_ratio(quantity))
    errors = {kind: [numbers[name] for name in pair] for kind, pair in columns["errors"].items()}
    for pair in columns["errors"].values():
        for name in dict.fromkeys(pair):
            if numbers[name] < 0:
                faults.add(line, name, f"found {numbers[name]:g}", "an error must not be negative")
                return None
    if "sys" not in errors and columns["parts"] and "tot" not in errors:
        errors["sys"] = [float(np.sqrt(sum(numbers[part] ** 2 for part in columns["parts"])))] * 2
    if "tot" in errors and len(errors) == 2:
        known, missing = ("stat", "sys") if "stat" in errors else ("sys", "stat")
        errors[missing] = [difference(total, part) for total, part in zip(errors["tot"], errors[known], strict=True)]
        if any(np.isnan(errors[missing])):
            faults.add(line, columns["errors"]["tot"][0], f"a total error below its part err_{known}", "at least as large")
            return None
    stat = errors.get("stat") or errors.get("tot" if "sys" not in errors else "", [0.0, 0.0])
    limit = numbers.get("upper_limit", 0.0)
    if limit not in (0.0, 1.0):
        faults.add(line, "upper_limit", f"found {limit:g}", "0 or 1")
    value = numbers[columns["value"]]
    return Row(line, x, low, high, value, tuple(stat), tuple(errors.get("sys", [0.0, 0.0])), limit == 1.0)
