"""No number of the paper's Secs. 2, 3, 5, 6 and appendices is without a test: names of tests say which rows they check.

Rows are those of the list of the paper's numbers this project keeps (1 to 102 in the order of the paper); a test for one of
them has row_N in its name, or rows_N_to_M, rows_N_and_M for several.
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECTIONS = {
    "Sec. 2, self-confinement": range(1, 31),
    "Sec. 3, fast modes": range(31, 54),
    "Sec. 5, shocks and anisotropy": range(77, 89),
    "Sec. 6, discussion": range(89, 93),
    "appendices": range(93, 103),
}
ROWS = re.compile(r"row_(\d+)|rows_(\d+)_to_(\d+)|rows_(\d+)_and_(\d+)")


def rows_of(name):
    """Rows that a test's name says it checks."""
    rows = set()
    for one, first, last, a, b in ROWS.findall(name):
        rows |= set(range(int(first), int(last) + 1)) if first else {int(n) for n in (one, a, b) if n}
    return rows


@pytest.fixture(scope="module")
def names():
    """Names of all test functions, from the text of the files: nothing is imported."""
    found = []
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_")]


@pytest.mark.parametrize(("section", "row"), [(s, row) for s, rows in SECTIONS.items() for row in rows])
def test_row_has_a_test(section, row, names):
    assert [name for name in names if row in rows_of(name)], f"row {row} ({section}) has no test"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("test_row_7_of_dust", {7}),
        ("test_row_70_is_not_row_7", {70, 7}),
        ("test_rows_5_to_8_slopes", {5, 6, 7, 8}),
        ("test_rows_15_and_76_high_momentum", {15, 76}),
        ("test_arrow_of_time", set()),
    ],
)
def test_names_are_read_as_meant(name, rows):
    assert rows_of(name) == rows


def test_rows_that_are_named_are_rows_of_the_list(names):
    named = set().union(*map(rows_of, names))
    assert named <= set(range(1, 103))
