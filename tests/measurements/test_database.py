"""Record arrays of the crdb package, made by hand; the package and the network may be missing."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from solver.errors import DataError
from solver.measurements import fetch
from solver.measurements.database import from_table

FIELDS = [
    ("exp", "U64"), ("exp_type", "U16"), ("sub_exp", "U100"), ("e_relerr", "f8"), ("distance", "f8"), ("datetime", "U256"),
    ("ads", "U32"), ("quantity", "U32"), ("e_type", "U4"), ("e", "f8"), ("e_bin", "f8", (2,)), ("value", "f8"),
    ("err_sta", "f8", (2,)), ("err_sys", "f8", (2,)), ("is_upper_limit", "?"), ("phi", "f8"),
]  # fmt: skip


def table(*rows):
    out = np.recarray(len(rows), FIELDS)
    for i, (sub_exp, e, low, high, value, stat, sys_, limit) in enumerate(rows):
        out[i] = ("TEST", "space", sub_exp, 0.02, 1.0, "2029/01/01-000000:2029/02/01-000000", "2031Test...1....1N", "B/C", "R", e,
                  (low, high), value, stat, sys_, limit, 450.0)  # fmt: skip
    return out


TABLE = table(
    ("TEST (2029/01)", 2.8, 2, 4, 0.25, (0.01, 0.02), (0.03, 0.04), False),
    ("TEST (2029/01)", 1.4, 1.4, 1.4, 0.3, (0.01, 0.01), (0, 0), True),
    ("OTHER (2028)", 1.5, 1, 2, 0.31, (0.01, 0.01), (0.01, 0.01), False),
)


def test_sets_of_a_record_array():
    first, second = from_table(TABLE)
    assert (first.quantity, first.axis, first.experiment, first.phi) == ("B/C", "R", "TEST (2029/01)", 0.45)
    assert np.array_equal(first.x, [1.4, 2.8])  # sorted
    assert np.array_equal(first.low, [np.nan, 2], equal_nan=True)
    assert np.array_equal(first.stat, [[0.01, 0.01], [0.01, 0.02]])
    assert np.array_equal(first.sys, [[0, 0.03], [0, 0.04]])
    assert np.array_equal(first.upper_limit, [True, False])
    assert first.published == 2031
    assert second.experiment == "OTHER (2028)"


def test_faults_of_a_record_array():
    bad = table(("TEST", 2.8, 4, 2, 0.25, (0.01, 0.02), (0, 0), False))
    with pytest.raises(DataError, match=r"crdb:1: EBIN_HIGH: edges out of order: 4 to 2"):
        from_table(bad)


@pytest.fixture
def package(monkeypatch):
    """A crdb package whose answer the test chooses; returns what it was asked."""
    asked = {}

    def install(answer):
        def query(quantity, **options):
            asked.update(options, quantity=quantity)
            if isinstance(answer, Exception):
                print("Traceback of the package itself", file=sys.stderr)
                raise answer
            return answer

        monkeypatch.setitem(sys.modules, "crdb", SimpleNamespace(query=query))
        return asked

    return install


def test_native_data_are_asked_for(package):
    asked = package(TABLE)
    assert len(fetch("B/C", "R", "AMS02")) == 2
    assert asked == {"quantity": "B/C", "energy_type": "R", "combo_level": 0, "energy_convert_level": 0,
                     "exp_dates": "AMS02", "timeout": 120}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ConnectionError("Please check if you can connect"), "crdb: B/C R: Please check if you can connect"),
        (TimeoutError("server did not respond"), "server did not respond"),
        (ValueError("No data"), "No data"),
        (TABLE[:0], "nothing found"),
    ],
)
def test_trouble_is_one_message(package, capsys, answer, words):
    package(answer)
    with pytest.raises(DataError, match=words):
        fetch("B/C")
    assert capsys.readouterr().err == ""


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "crdb", None)
    with pytest.raises(DataError, match=r"not installed; pip install 'crstream\[crdb\]'"):
        fetch("B/C")
