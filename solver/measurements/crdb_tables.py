"""Exports of the cosmic-ray database (CRDB): USINE text, csv with the same columns, csv-asimport.

A file holds many sets: one Measurement per quantity, sub-experiment, axis, reference and potential.  Energies are in GeV,
GeV/n or GV, fluxes per m^2 s sr and axis unit, the potential in MV (in the older USINE format of 14 columns in GV; the
header says so).  Lower errors may be written as negative numbers, `&` as `&amp;`, and a bibcode with %26.
A negative potential means that it is not known; that of a probe beyond the heliopause is the one at Earth and means nothing.
"""

import csv
import html
import re
from urllib.parse import unquote

import numpy as np

from . import names
from .rows import Head, Row, measurement

CODES = ("R", "EKN", "EK", "ETOT", "ETOTN")
HELIOPAUSE = 119.0             # AU, where Voyager 2 crossed it (Voyager 1: 121.6); the potentials of the database are at Earth
MOST_LISTED = 12
USINE = ("quantity", "sub_exp", "axis", "x", "low", "high", "value", "stat_lo", "stat_hi", "sys_lo", "sys_hi",
         "reference", "phi", "distance", "dates", "limit")  # fmt: skip
OLD_USINE = USINE[:14]
AS_IMPORT = ("exp", "exp_type", "exp_html", "exp_start", "sub_exp", "description", "scale_error", "info", "distance",
             "dates", "reference", "origin", "quantity", "axis", "x", "low", "high", "value", "stat_lo", "stat_hi",
             "sys_lo", "sys_hi", "limit", "phi")  # fmt: skip
SHOWN = {
    "x": "mean energy", "low": "EBIN_LOW", "high": "EBIN_HIGH", "value": "value", "stat_lo": "ERR_STAT-",
    "stat_hi": "ERR_STAT+", "sys_lo": "ERR_SYST-", "sys_hi": "ERR_SYST+", "phi": "phi", "distance": "DISTANCE",
    "limit": "IS UPPER LIMIT",
    "axis": "EAXIS TYPE", "quantity": "QUANTITY NAME",
}  # fmt: skip
ROLES = (                                    # what a header line "Col.7 - QUANTITY VALUE: …" is about, first match counts
    ("quantity", r"quantity name|data-qty"), ("sub_exp", r"sub-?exp"), ("axis", r"eaxis|energy type"),
    ("low", r"bin[_ -]?(low|l\b)"), ("high", r"bin[_ -]?(up|high|u\b)"), ("x", r"<e>|mean"), ("value", r"value"),
    ("stat_lo", r"err_?stat(_l|-)"), ("stat_hi", r"err_?stat(_u|\+)"), ("sys_lo", r"err_?syst?(_l|-)"),
    ("sys_hi", r"err_?syst?(_u|\+)"), ("reference", r"\bads\b|bibcode|publi"), ("phi", r"\bphi\b"),
    ("distance", r"distance"), ("dates", r"dati?mes|dates"), ("limit", r"upper ?lim"),
)  # fmt: skip
COLUMN_LINE = re.compile(r"col\.?\s*(\d+)\s*[-:]\s*(.*)", re.IGNORECASE)


def recognises_usine(comments, data):
    """USINE: the header says so, or rows of blank-separated fields with an axis code in the third."""
    if any(re.search(r"format:\s*usine", text, re.IGNORECASE) for _, text in comments):
        return not recognises_csv(comments, data)
    rows = [line.split() for _, line in data[:50]]
    return any(len(row) >= 11 and row[2].upper() in CODES for row in rows)


def recognises_csv(comments, data):
    """csv and csv-asimport: comma-separated fields with an axis code in the third or fourteenth."""
    rows = [_fields(line) for _, line in data[:50]]
    return any(
        len(row) >= 11 and any(len(row) > i and row[i].upper() in CODES for i in (2, 13)) for row in rows
    )


def parse_usine(comments, data, faults, defaults):
    """Measurements of a USINE export."""
    header = _columns(comments)
    columns, scale = header or (None, None)
    if columns is None:
        lengths = {len(line.split()) for _, line in data}
        old = max(lengths, default=16) <= len(OLD_USINE)
        columns, scale = (OLD_USINE, 1.0) if old else (USINE, 1e-3)
    rows = [(line, text.split()) for line, text in data]
    return sets(_records(rows, columns, faults), scale, faults, defaults)


def parse_csv(comments, data, faults, defaults):
    """Measurements of a csv or csv-asimport export."""
    rows = [(line, _fields(text)) for line, text in data]
    as_import = any(len(row) > 13 and row[13].upper() in CODES for _, row in rows)
    columns, scale = (AS_IMPORT, 1e-3) if as_import else (_columns(comments) or (USINE, 1e-3))
    first = rows[0][1] if rows else []
    if len(first) == len(columns) and first[columns.index("axis")].upper() not in CODES and not _numeric(first, columns):
        rows = rows[1:]                                                              # a line of column names
    return sets(_records(rows, columns, faults), scale, faults, defaults)


def parse(comments, data, faults, defaults):
    """Measurements of an export in any of the three forms."""
    reader = parse_csv if recognises_csv(comments, data) else parse_usine
    return reader(comments, data, faults, defaults)


def _fields(line):
    return [field.strip() for field in next(csv.reader([line], skipinitialspace=True))]


def _numeric(row, columns):
    try:
        float(row[columns.index("value")])
    except ValueError:
        return False
    return True


def _columns(comments):
    """(columns, factor of phi to GV) as the header lists them, None where it does not list them all."""
    found = {}
    phi = 1e-3
    for _, text in comments:
        match = COLUMN_LINE.match(text)
        if not match:
            continue
        words = match[2].split(":")[0] if "phi" not in match[2].lower() else match[2]
        role = next((role for role, pattern in ROLES if re.search(pattern, words, re.IGNORECASE)), f"column {match[1]}")
        found[int(match[1])] = role
        if role == "phi" and re.search(r"\bGV\b", match[2]):
            phi = 1.0
    needed = {"quantity", "axis", "x", "value"}
    if sorted(found) != list(range(1, len(found) + 1)) or not needed <= set(found.values()):
        return None
    return tuple(found[i] for i in sorted(found)), phi


def _records(rows, columns, faults):
    """(line, {role: text}) of every row with the right number of fields."""
    if not rows:
        faults.add(None, "", "found no rows", f"rows of {len(columns)} columns")
    for line, fields in rows:
        if len(fields) != len(columns):
            faults.add(line, "", f"found {len(fields)} columns", f"{len(columns)}: {', '.join(columns)}")
        else:
            yield line, dict(zip(columns, fields, strict=True))


def sets(records, phi_scale, faults, wanted=None):
    """One Measurement per set, in the order in which they begin.

    wanted: quantity, axis and experiment to select by; what is wrong with other sets is then nobody's concern.
    """
    wanted = {key: value for key, value in (wanted or {}).items() if value}
    found: dict[tuple, tuple[Head, list[Row]]] = {}
    there: dict[str, None] = {}
    for line, record in records:
        head = Head(names.canonical(record["quantity"]) or record["quantity"], record["axis"].upper(), None,
                    html.unescape(record.get("sub_exp", "")), unquote(html.unescape(record.get("reference", ""))), names=SHOWN)
        there[f"{head.quantity} {head.axis} {head.experiment}"] = None
        known = head.axis in CODES
        if not names.matches(head, **(wanted if known else wanted | {"axis": None})):
            continue
        if not known:
            faults.add(line, SHOWN["axis"], f'found "{record["axis"]}"', f"one of {', '.join(CODES)}")
        head.phi = _phi(record, line, phi_scale, faults)
        row = _row(line, record, faults)
        if row is not None:
            key = (head.quantity, head.axis, head.experiment, head.reference, head.phi)
            found.setdefault(key, (head, []))[1].append(row)
    if wanted and not found and not faults.found:
        more = f" and {len(there) - MOST_LISTED} more" if len(there) > MOST_LISTED else ""
        faults.add(None, " ".join(wanted.values()), "not in this file", f"it has {'; '.join([*there][:MOST_LISTED])}{more}")
    made = [measurement(rows, head, faults, ordered=False) for head, rows in found.values()]
    return [m for m in made if m is not None]


def _phi(record, line, scale, faults):
    """Potential in GV: 0 beyond the heliopause, whatever it is at Earth; None where it is not given or negative."""
    phi, distance = (
        None if record.get(role, "").strip().lower() in ("", "-", "nan", "none", "null")
        else faults.number(record[role], line, SHOWN[role])
        for role in ("phi", "distance")
    )
    if distance is not None and distance >= HELIOPAUSE:
        return 0.0
    return None if phi is None or np.isnan(phi) or phi < 0 else phi * scale


def _row(line, record, faults):
    """One Row; None where a number is missing (that is a fault already)."""
    def number(role, empty=None):
        text = record.get(role, "")
        return empty if text == "" and empty is not None else faults.number(text, line, SHOWN[role])

    x, value = number("x"), number("value")
    low, high = number("low", x), number("high", x)
    errors = [number(role, 0.0) for role in ("stat_lo", "stat_hi", "sys_lo", "sys_hi")]
    limit = record.get("limit", "0") or "0"
    if limit not in ("0", "1"):
        faults.add(line, SHOWN["limit"], f'found "{limit}"', "0 or 1")
    if np.isnan([x, value, low, high, *errors]).any():
        return None
    stat_lo, stat_hi, sys_lo, sys_hi = errors
    return Row(line, x, low, high, value, (abs(stat_lo), stat_hi), (abs(sys_lo), sys_hi), limit == "1")
