"""Faulty files: file, line, what was found and what is allowed; all faults of a file in one reading."""

import re

import pytest
from data_files import AS_IMPORT, CSV, KISS, KISS_INPUT, KISS_OLD, PLAIN, SSDC, USINE, USINE_14

from solver import ResultError
from solver.errors import DataError
from solver.measurements import read

# what is wrong: (file, passage, what stands there instead, line, words of the message)
FAULTS = {
    "wrong column": (PLAIN, "flux,err", "fluxx,err", 6, ["fluxx", 'did you mean "flux"']),
    "misspelt error": (PLAIN, "flux,err_stat", "flux,err_stats", 6, ["err_stats", 'did you mean "err_stat"']),
    "column twice": (PLAIN, "R_hi", "R_lo", 6, ["R_lo", "twice"]),
    "two axes": (PLAIN, "R_mean", "T_mean", 6, ["several axes"]),
    "one edge": (PLAIN.replace("R_hi,", "").replace(",2,1.4", ",1.4").replace(",4,2.8", ",2.8").replace(",8,5", ",5"),
                 "R_lo", "R_lo", 6, ["R_lo", "one edge"]),
    "no errors": (PLAIN, "err_stat,err_sys", "sum,total", 6, ["needs errors"]),
    "one side of an error": (PLAIN, "flux,err_stat", "flux,err_stat_lo", 6, ["err_stat", "one side"]),
    "no units": (PLAIN, "# units", "# united", None, ["units", "no unit of R", "no unit of flux"]),
    "unit of the flux missing": (PLAIN, "flux in m^-2 s^-1 sr^-1 GV^-1", "", 4, ["no unit of flux", "m^-2 s^-1 sr^-1 GV^-1"]),
    "unit of the axis missing": (PLAIN, "R in GV", "R", 4, ["no unit of R", "R in GV"]),
    "energy for rigidity": (PLAIN, "R in GV", "R in GeV", 4, ['"GeV"', "rigidity"]),
    "not a flux": (PLAIN, "m^-2 s^-1 sr^-1 GV^-1", "m^-2 s^-1", 4, ['"m^-2 s^-1"', "a flux"]),
    "unknown unit": (PLAIN, "R in GV", "R in furlongs", 4, ["furlongs"]),
    "no quantity": (PLAIN, "# quantity", "# quality", None, ["quantity", "missing"]),
    "no nucleus": (PLAIN, "proton (H) flux", "some flux", 3, ["must name a nucleus"]),
    "a ratio called flux": (PLAIN, "proton (H) flux", "B/C flux ratio", 6, ["B/C", "ratio for ratios"]),
    "column of another axis": (PLAIN, "versus rigidity", "versus kinetic energy", 6, ["a column of R for kinetic energy"]),
    "not a number": (PLAIN, "2.8,200", "2.8,many", 8, ["flux", '"many"', "needs a number"]),
    "not finite": (PLAIN, "2.8,200", "2.8,inf", 8, ["flux", "finite"]),
    "a number missing": (PLAIN, "2.8,200", "2.8,", 8, ["flux", '""']),
    "too few fields": (PLAIN, "2,4,2.8", "2,2.8", 8, ["5 fields", "6, one per column"]),
    "edges out of order": (PLAIN, "2,4,2.8", "4,2,2.8", 8, ["R_hi", "edges out of order: 4 to 2"]),
    "rows out of order": (PLAIN, "4,8,5.6,50,0.1,0", "0.2,0.8,0.4,50,0.1,0", 9, ["R_mean", "out of order", "0.4 after 2.8"]),
    "bins that overlap": (PLAIN, "4,8,5.6", "3,8,5.6", 9, ["R_lo", "3 after a bin that ends at 4"]),
    "a mean outside its bin": (PLAIN, "2,4,2.8", "2,4,4.2", 8, ["R_mean", "4.2, outside its bin"]),
    "negative rigidity": (PLAIN, "1,2,1.4", "-1,2,1.4", 7, ["R_lo", "must be positive"]),
    "negative error": (PLAIN, "200,0.5", "200,-0.5", 8, ["err_stat", "-0.5", "must not be negative"]),
    "negative flux": (PLAIN, "2.8,200", "2.8,-200", 8, ["flux", "-200", "must not be negative"]),
    "no rows": (PLAIN[: PLAIN.index("1,2")], "flux", "flux", 6, ["no rows"]),
    "usine: unknown axis": (USINE, " EKN ", " ERN ", 22, ["EAXIS", '"ERN"', "EKN"]),
    "usine: a column missing": (USINE, " 4.5e+2  1  2029/01/01-000000:2029/02/01-000000 0", " 1 d 0", 21, ["15 columns", "16:"]),
    "usine: not a number": (USINE, "2.8e+0 2e+2", "2.8e+0 x", 21, ["value", '"x"']),
    "usine: edges": (USINE, "1e+0   2e+0", "2e+0   1e+0", 20, ["EBIN_HIGH", "2 to 1"]),
    "usine: negative upper error": (USINE, "-3e+0  4e+0", "-3e+0 -4e+0", 20, ["statistical error", "-4"]),
    "usine: flag": (USINE, "2028/02/01-000000 1", "2028/02/01-000000 2", 22, ["UPPER LIMIT", "0 or 1"]),
    "usine 14: a column too many": (USINE_14, "0.45  1.0\nH", "0.45  1.0 7\nH", 17, ["15 columns", "14:"]),
    "csv: not a number": (CSV, ",600,", ",many,", 2, ["value", '"many"']),
    "csv: a field missing": (CSV, ",450,1,2029/01/01-000000:2029/02/01-000000,0", ",450,1,0", 2, ["15 columns", "16"]),
    "asimport: a field missing": (AS_IMPORT, '"table 1",', "", 3, ["23 columns", "24"]),
    "asimport: not a number": (AS_IMPORT, "2.0,600", "2.0,x", 3, ["value", '"x"']),
    "kiss: no quantity": (KISS, "#Y Quantity: B_C\n", "", None, ["#Y Quantity", "missing"]),
    "kiss: unknown axis": (KISS, "kineticEnergyPerNucleon", "frequency", 5, ["#X Quantity", "frequency", "rigidity"]),
    "kiss: no line of columns": (KISS, "#Columns: x, y, y statistical errors, y systematic errors\n", "", None,
                                 ["#Columns", "missing"]),
    "kiss: unknown column": (KISS, "x, y, y", "x, y, z, y", 8, ["#Columns", '"z"']),
    "kiss: a number missing": (KISS, "1.500e-02 1.600e-02", "1.500e-02", 9, ["5 columns", "6:"]),
    "kiss: negative error": (KISS, "1.500e-02", "-1.500e-02", 9, ["sys_lo", "negative"]),
    "kiss: order": (KISS, "2.800e+00", "0.800e+00", 10, ["out of order"]),
    "old kiss: total below its part": (KISS_OLD, "600 5", "600 2", 8, ["total", "below its part stat"]),
    "kiss input: what it does not say": (KISS_INPUT, "1.0", "1.0", None, ["quantity", "axis=", "read(path"]),
    "ssdc: not XML": (SSDC, "</HEADER>", "</HEAD>", 19, ["not well-formed"]),
    "ssdc: no unit of the axis": (SSDC, "<rigidity>GV</rigidity>", "", 7, ["UNITS/rigidity", "missing"]),
    "ssdc: no unit of the flux": (SSDC, "<flux>(m^2 s sr GeV)^(-1)</flux>", "", 7, ["UNITS/flux", "missing"]),
    "ssdc: wrong unit": (SSDC, "(m^2 s sr GeV)^(-1)", "(m^2 s)^(-1)", 8, ["UNITS/flux", "a flux"]),
    "ssdc: edges": (SSDC, "<rigidity_min>2.0", "<rigidity_min>5.0", 34, ["rigidity_max", "5 to 4"]),
    "ssdc: not a number": (SSDC, "<flux>20<", "<flux>many<", 38, ["flux", '"many"']),
    "ssdc: a value missing": (SSDC, "    <flux>20</flux>\n", "", 34, ["DATA", "flux missing"]),
    "nothing of all that": ("hello\nworld\n", "hello", "hello", 1, ["not recognised", '"hello"', "USINE"]),
    "empty": ("", "", "", 1, ["not recognised", "empty"]),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_named_with_its_line(what, written):
    text, passage, instead, line, words = FAULTS[what]
    assert passage in text
    path = written(text.replace(passage, instead, 1), "faulty.dat")
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    place = f"{path}:{line}: " if line else f"{path}: "
    assert any(row.startswith(place) and words[0] in row for row in message.splitlines()), message
    for word in words:
        assert word in message, message


def test_all_faults_of_a_file_at_once(written):
    text = PLAIN.replace("R in GV", "R in GeV").replace("1,2,1.4", "2,1,1.4")
    text = text.replace("200,0.5", "200,x").replace("0.1,0", "-0.1,0")
    with pytest.raises(DataError) as caught:
        read(written(text))
    lines = [int(re.search(r":(\d+): ", row)[1]) for row in str(caught.value).splitlines()]
    assert sorted(set(lines)) == [4, 7, 8, 9]


def test_faults_are_errors_of_results_too():
    """The command line turns both into one message and exit code 2."""
    assert issubclass(DataError, ResultError)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read(tmp_path / "nothing.csv")
    (tmp_path / "binary").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(DataError, match="not a text file"):
        read(tmp_path / "binary")
    with pytest.raises(DataError, match="directory"):
        read(tmp_path)


def test_a_set_that_is_not_in_the_file_is_answered_with_what_is(written):
    with pytest.raises(DataError, match=r"not in this file; it has H R A&B"):
        read(written(USINE), quantity="Fe")
