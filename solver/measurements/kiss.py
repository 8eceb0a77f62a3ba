"""Tables of the KISS collection, blank-separated, no bins unless said: three layouts told apart by their headers.

    #Source … #Ref: DOI (bibcode) #Experiment #Y Quantity #X Quantity #Columns: x, y, y statistical errors, …
        the present one; the line of columns says in which order the pairs of errors stand
    #Source … #Quantity: H #Units: rigidity(original), no line of columns
        the older one: the first pair is the *total* error, the second the statistical one
    #ads: bibcode and a line of column names E_lo, E_up, y, errSta_lo, …
        tables from which KISS is made; quantity and axis stand in the file's name only, the caller must give them
Units are GV, GeV or GeV/n, fluxes per m^2 s sr and that unit.
"""

import re

import numpy as np

from . import names
from .rows import Head, Row, difference, measurement, position

AXIS = {
    "rigidity": "R", "kineticenergy": "EK", "kineticenergypernucleon": "EKN", "totalenergy": "ETOT",
    "totalenergypernucleon": "ETOTN",
}  # fmt: skip
INPUT_COLUMNS = ("low", "high", "y", "stat_lo", "stat_hi", "sys_lo", "sys_hi")


def recognises(comments, data):
    """By the keys of its header."""
    keys = _keys(comments)
    return bool(
        {"y quantity", "x quantity", "ads"} & set(keys)
        or keys.get(_columns_key(keys), (0, ""))[1].startswith("x,")
        or ({"quantity", "units"} <= set(keys) and {"url", "ref"} & set(keys) and not any("," in row for _, row in data[:1]))
    )


def parse(comments, data, faults, defaults):
    """The one Measurement of the table in a list."""
    keys = _keys(comments)
    quantity, axis = _what(keys, faults, defaults)
    columns = _columns(comments, keys, faults)
    reference = keys.get("ref", keys.get("ads", (None, "")))[1]
    head = Head(quantity, axis, None, defaults.get("experiment") or keys.get("experiment", (None, ""))[1], reference)
    head.total_only = "total_lo" in columns and "stat_lo" not in columns and "sys_lo" not in columns
    if not data:
        faults.add(None, "", "found no rows", f"rows of {len(columns)} columns")
    rows = []
    for line, text in data:
        fields = text.split()
        if len(fields) != len(columns):
            faults.add(line, "", f"found {len(fields)} columns", f"{len(columns)}: {', '.join(columns)}")
            continue
        numbers = {name: faults.number(entry, line, name) for name, entry in zip(columns, fields, strict=True)}
        row = _row(line, numbers, head, faults)
        if row is not None:
            rows.append(row)
    found = measurement(rows, head, faults)
    return [found] if found is not None else []


def _keys(comments):
    """key → (line, value) of the header, keys in lower case."""
    keys: dict[str, tuple[int, str]] = {}
    for line, text in comments:
        key, colon, value = text.partition(":")
        if colon:
            keys.setdefault(key.strip().lower(), (line, value.strip()))
    return keys


def _columns_key(keys):
    """The key of the line of columns; the published tables misspell it."""
    return next((key for key in ("columns", "colums") if key in keys), None)


def _what(keys, faults, defaults):
    """Quantity and axis."""
    old = "quantity" in keys and "y quantity" not in keys
    y, x = ("quantity", "units") if old else ("y quantity", "x quantity")
    quantity, axis = defaults.get("quantity"), defaults.get("axis")
    if "ads" in keys and "ref" not in keys:
        for key, given in (("quantity", quantity), ("axis", axis)):
            if given is None:
                faults.add(None, key, "missing, tables of this kind do not say it", f"read(path, {key}=…)")
        return quantity, axis
    if quantity is None and y not in keys:
        faults.add(None, f"#{y.title()}", "missing", "e.g. #Y Quantity: B_C")
    elif quantity is None:
        quantity = names.canonical(keys[y][1]) or keys[y][1]
    if axis is None and x not in keys:
        faults.add(None, f"#{x.title()}", "missing", f"one of {', '.join(AXIS)}")
    elif axis is None:
        word = re.sub(r"\(.*\)", "", keys[x][1]).replace(" ", "").lower()
        axis = AXIS.get(word)
        if axis is None:
            allowed = "rigidity, kineticEnergy, kineticEnergyPerNucleon, totalEnergy"
            faults.add(keys[x][0], f"#{x.title()}", f'found "{keys[x][1]}"', f"one of {allowed}")
    return quantity, axis


def _columns(comments, keys, faults):
    """Names of the columns in their order, from the line of columns or the layout."""
    key = _columns_key(keys)
    if key is not None:
        line, text = keys[key]
        columns = []
        for entry in text.split(","):
            word = entry.strip().lower()
            kind = next((k for k in ("stat", "sys", "tot") if k in word), None)
            if kind and "error" in word:
                kind = "total" if kind == "tot" else kind
                columns += [f"{kind}_lo", f"{kind}_hi"]
            elif word in ("x", "y"):
                columns.append(word)
            else:
                allowed = "x, y, y statistical errors, y systematic errors, y total errors"
                faults.add(line, "#Columns", f'found "{entry.strip()}"', f"of these: {allowed}")
        missing = [name for name in ("x", "y") if name not in columns]
        if missing:
            faults.add(line, "#Columns", f"{' and '.join(missing)} missing", "x and y")
        elif len(columns) == 2:
            faults.add(line, "#Columns", "no errors", "y statistical errors, y systematic errors")
        return tuple(columns)
    if "ads" in keys and "ref" not in keys:
        line = next((number for number, text in comments if re.search(r"\be_?lo", text, re.IGNORECASE)), None)
        if line is None:
            faults.add(None, "", "no line of column names", "#E_lo E_up y errSta_lo errSta_up errSys_lo errSys_up")
        return INPUT_COLUMNS
    if "quantity" in keys and "units" in keys:
        return ("x", "y", "total_lo", "total_hi", "stat_lo", "stat_hi")
    faults.add(None, "#Columns", "missing", "#Columns: x, y, y statistical errors, y systematic errors")
    return ("x", "y", "stat_lo", "stat_hi", "sys_lo", "sys_hi")


def _row(line, numbers, head, faults):
    """One Row; None where a number is missing (that is a fault already)."""
    if any(np.isnan(value) for value in numbers.values()) or "y" not in numbers:
        return None
    for name, value in numbers.items():
        if name.endswith(("_lo", "_hi")) and value < 0:
            faults.add(line, name, f"found {value:g}", "an error must not be negative")
            return None
    pairs = {kind: (numbers[f"{kind}_lo"], numbers[f"{kind}_hi"]) for kind in ("stat", "sys", "total") if f"{kind}_lo" in numbers}
    if "total" in pairs and len(pairs) == 2:
        known, missing = ("stat", "sys") if "stat" in pairs else ("sys", "stat")
        pairs[missing] = tuple(difference(t, part) for t, part in zip(pairs["total"], pairs[known], strict=True))
        if any(np.isnan(pairs[missing])):
            faults.add(line, "total_lo", f"a total error below its part {known}", "at least as large")
            return None
    low, high = numbers.get("low", np.nan), numbers.get("high", np.nan)
    x = position(numbers.get("x", np.nan), low, high, names.is_ratio(head.quantity or ""))
    if np.isnan(x):
        x = 0.5 * (low + high)                            # edges out of order or negative: a fault of its own
    stat = pairs.get("stat") or ((0.0, 0.0) if "sys" in pairs else pairs.get("total", (0.0, 0.0)))
    return Row(line, x, low, high, numbers["y"], stat, pairs.get("sys", (0.0, 0.0)))
