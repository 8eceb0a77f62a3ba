"""Measurements from the cosmic-ray database CRDB over the network, by its own package `crdb` (extra crstream[crdb]).

Native data on the axis asked for: no ratios made of fluxes, no converted energies (Maurin et al. 2023, EPJ C 83, 971).
The package keeps what it has downloaded for 30 days.
"""

import contextlib
import io

from solver.errors import DataError, Fault

from .crdb_tables import sets
from .rows import Faults

ROLES = {                          # column of the package's record array → role here, elements of pairs by number
    "quantity": ("quantity",), "sub_exp": ("sub_exp",), "e_type": ("axis",), "e": ("x",), "e_bin": ("low", "high"),
    "value": ("value",), "err_sta": ("stat_lo", "stat_hi"), "err_sys": ("sys_lo", "sys_hi"), "ads": ("reference",),
    "phi": ("phi",), "distance": ("distance",),
}  # fmt: skip


def fetch(quantity, axis="R", experiment="", timeout=120):
    """All sets of a quantity ("B/C") on an axis ("R", "EKN", …) by an experiment as the database names it ("AMS02").

    DataError where the package is not installed, the network or the server does not answer, or nothing is found.
    """
    asked = " ".join(filter(None, (quantity, axis, experiment)))
    try:
        import crdb
    except ImportError:
        raise _error(asked, "the package crdb is not installed", "pip install 'crstream[crdb]'") from None
    try:
        with contextlib.redirect_stderr(io.StringIO()):          # it prints a traceback before it raises
            table = crdb.query(quantity, energy_type=axis, combo_level=0, energy_convert_level=0, exp_dates=experiment,
                               timeout=timeout)
    except (OSError, ValueError) as error:                       # ConnectionError and TimeoutError are OSErrors
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise _error(asked, first, "a network, and names the database knows (lpsc.in2p3.fr/crdb)") from None
    found = from_table(table)
    if not found:
        raise _error(asked, "nothing found", "names the database knows (lpsc.in2p3.fr/crdb)")
    return found


def from_table(table):
    """Measurements in a record array as `crdb.query` returns it, one per set; DataError counts its rows as lines."""
    faults = Faults("crdb")
    found = sets(_records(table), 1e-3, faults)
    faults.raise_if_any()
    return found


def _records(table):
    for number, row in enumerate(table, 1):
        record = {"limit": str(int(row["is_upper_limit"]))}
        for column, roles in ROLES.items():
            values = row[column] if len(roles) > 1 else (row[column],)
            record.update((role, str(value)) for role, value in zip(roles, values, strict=True))
        yield number, record


def _error(asked, found, allowed):
    return DataError([Fault("crdb", asked, found, allowed)])
