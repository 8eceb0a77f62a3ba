"""What every format says is read as it is meant, with the traps of each: signs, units, order of errors, parts and totals."""

import numpy as np
import pytest
from data_files import AS_IMPORT, CSV, EVERY, KISS, KISS_INPUT, KISS_OLD, PLAIN, SSDC, SSDC_BIN, USINE, USINE_14

from solver.errors import DataError
from solver.measurements import read

RTOL = 1e-12  # numbers are copied, at most scaled by a unit


def test_plain_csv(from_text):
    (m,) = from_text(PLAIN)
    assert (m.quantity, m.axis, m.experiment, m.phi, m.published) == ("H", "R", "TEST-1", 0.45, 2031)
    assert np.array_equal(m.x, [1.4, 2.8, 5.6])
    assert np.array_equal(m.low, [1, 2, 4])
    assert np.array_equal(m.high, [2, 4, 8])
    assert np.array_equal(m.value, [600, 200, 50])
    assert np.array_equal(m.stat, [[3, 0.5, 0.1]] * 2)
    assert np.array_equal(m.sys, [[4, 1.2, 0]] * 2)
    assert np.allclose(m.error()[0], [5, 1.3, 0.1], rtol=RTOL)
    assert np.array_equal(m.error(systematic=False), m.stat)
    assert not m.upper_limit.any()
    assert m.label == "TEST-1 2031"


@pytest.mark.parametrize(
    ("energy", "flux", "scale_x", "scale_y"),
    [
        ("GeV", "m^-2 s^-1 sr^-1 GeV^-1", 1, 1),
        ("MeV", "m^-2 s^-1 sr^-1 MeV^-1", 1e-3, 1e3),
        ("MeV/n", "cm^-2 s^-1 sr^-1 (GeV/n)^-1", 1e-3, 1e4),
        ("TeV", "(m^2 s sr TeV)^(-1)", 1e3, 1e-3),
        ("GeV/nucleon", "1/(cm2 s sr GeV)", 1, 1e4),
    ],
)
def test_plain_units_of_the_file(from_text, energy, flux, scale_x, scale_y):
    text = PLAIN.replace("R_", "T_").replace("versus rigidity", "versus kinetic energy per nucleon")
    text = text.replace("R in GV", f"T in {energy}").replace("m^-2 s^-1 sr^-1 GV^-1", flux)
    (m,) = from_text(text)
    assert m.axis == "EKN"
    assert np.allclose(m.x, np.array([1.4, 2.8, 5.6]) * scale_x, rtol=RTOL)
    assert np.allclose(m.high, np.array([2, 4, 8]) * scale_x, rtol=RTOL)
    assert np.allclose(m.value, np.array([600, 200, 50]) * scale_y, rtol=RTOL)
    assert np.allclose(m.sys[1], np.array([4, 1.2, 0]) * scale_y, rtol=RTOL)


def table(columns, *rows, ratio=False):
    """A plain file with these columns."""
    text = PLAIN[: PLAIN.index("R_lo")]
    if ratio:
        text = text.replace("proton (H) flux dPhi/dR", "boron-to-carbon flux ratio (dPhi_B/dR)/(dPhi_C/dR)")
    return text + "\n".join((columns, *rows)) + "\n"


@pytest.mark.parametrize(
    ("columns", "row", "stat", "sys", "total_only"),
    [
        ("R_mean,flux,err_stat_lo,err_stat_hi", "2,10,1,3", (1, 3), (0, 0), False),
        ("R_mean,flux,err_tot", "2,10,5", (5, 5), (0, 0), True),
        ("R_mean,flux,err_stat,err_tot", "2,10,3,5", (3, 3), (4, 4), False),
        ("R_mean,flux,err_sys_lo,err_sys_hi,err_tot_lo,err_tot_hi", "2,10,3,5,5,13", (4, 12), (3, 5), False),
        ("R_mean,flux,err_stat,err_sys,err_tot", "2,10,3,4,5", (3, 3), (4, 4), False),
        ("R_mean,flux,err_stat,sys_acc,sys_unf", "2,10,1,3,4", (1, 1), (5, 5), False),
        ("R_mean,flux,err_stat,err_sys,sys_acc,sys_unf", "2,10,1,6,3,4", (1, 1), (6, 6), False),
    ],
)
def test_plain_errors(from_text, columns, row, stat, sys, total_only):
    """Two of statistical, systematic and total give the third; parts of the systematic error are not counted twice."""
    (m,) = from_text(table(columns, row))
    assert np.allclose(m.stat[:, 0], stat, rtol=RTOL)
    assert np.allclose(m.sys[:, 0], sys, rtol=RTOL)
    assert m.total_only is total_only
    assert np.isnan(m.low[0])
    assert not m.has_bins.any()


def test_plain_missing_bins_and_upper_limits(from_text):
    rows = ("1,2,1.4,600,3,4,0", "2,4,2.8,nan,nan,nan,0", "4,8,5.6,,,,0", "8,16,11,20,0,0,1")
    (m,) = from_text(table("R_lo,R_hi,R_mean,flux,err_stat,err_sys,upper_limit", *rows))
    assert np.array_equal(m.x, [1.4, 11])
    assert np.array_equal(m.upper_limit, [False, True])


def test_plain_without_a_mean_takes_the_point_of_the_bin(from_text):
    """Flux: where R^-2.7 has its mean over the bin, here from the integral itself; ratio: the geometric mean."""
    (flux,) = from_text(table("R_lo,R_hi,flux,err_stat", "1,4,600,3"))
    mean = (1 - 4**-1.7) / 1.7 / 3
    assert np.isclose(flux.x[0] ** -2.7, mean, rtol=RTOL)
    (ratio,) = from_text(table("R_lo,R_hi,ratio,err_stat", "1,4,0.3,0.01", ratio=True))
    assert np.isclose(ratio.x[0], 2, rtol=RTOL)


@pytest.mark.parametrize(
    ("sentence", "quantity", "axis"),
    [
        ("boron flux dPhi/dR versus rigidity", "B", "R"),
        ("hydrogen flux versus kinetic energy per nucleon (= proton kinetic energy)", "H", "EKN"),
        ("carbon flux vs kinetic energy", "C", "EK"),
        ("10Be flux versus momentum", "10Be", "P"),
        ("iron (Fe) flux vs. total energy", "Fe", "ETOT"),
    ],
)
def test_plain_quantity_line(from_text, sentence, quantity, axis):
    letter = {"R": "R", "EKN": "T", "EK": "T", "P": "p", "ETOT": "E"}[axis]
    text = PLAIN.replace("R_", f"{letter}_").replace("proton (H) flux dPhi/dR versus rigidity", sentence)
    unit = {"R": "GV", "P": "GeV/c"}.get(axis, "GeV")
    text = text.replace("R in GV", f"{letter} in {unit}").replace("sr^-1 GV^-1", f"sr^-1 ({unit})^-1")
    (m,) = from_text(text)
    assert (m.quantity, m.axis) == (quantity, axis)


def test_usine_sets_signs_and_entities(from_text):
    sets = from_text(USINE)
    assert [(m.quantity, m.axis, m.experiment, m.phi) for m in sets] == [
        ("H", "R", "A&B(2029/01)", 0.45), ("H", "EKN", "OTHER(2028)", None), ("B/C", "R", "A&B(2029/01)", 0.0),
    ]  # fmt: skip
    first = sets[0]
    assert np.array_equal(first.stat, [[3, 1], [4, 1]])
    assert np.array_equal(first.sys, [[5, 0], [6, 0]])
    assert np.array_equal(first.low, [1, np.nan], equal_nan=True)  # low = high = mean is a point without a bin
    assert first.reference == "2031Te&St..47..163N"
    assert first.published == 2031
    assert sets[1].upper_limit.all()


def test_potentials_of_probes_beyond_the_heliopause_are_those_at_earth(from_text):
    (m,) = from_text(USINE.replace(" -1      1  2028", " 559     122 2028"), experiment="OTHER")
    assert m.phi == 0
    (m,) = from_text(USINE.replace(" -1      1  2028", " 370     105 2028"), experiment="OTHER")
    assert m.phi == 0.37


def test_usine_of_14_columns_has_the_potential_in_GV(from_text):
    (m,) = from_text(USINE_14)
    assert m.phi == 0.45
    assert np.array_equal(m.stat, [[3, 1], [4, 1]])


def test_usine_of_14_columns_without_a_header(from_text):
    (m,) = from_text("\n".join(line for line in USINE_14.splitlines() if not line.startswith("#")) + "\n")
    assert m.phi == 0.45


def test_crdb_csv_has_the_columns_of_usine(from_text):
    (m,) = from_text(CSV)
    assert (m.quantity, m.axis, m.experiment, m.phi) == ("H", "R", "TEST (2029/01)", 0.45)
    assert np.array_equal(m.stat, [[3, 1], [4, 1]])
    assert np.array_equal(m.upper_limit, [False, True])


def test_csv_asimport(from_text):
    (m,) = from_text(AS_IMPORT)
    assert (m.quantity, m.axis, m.experiment, m.phi) == ("H", "R", "TEST & SON (2029/01)", 0.45)
    assert m.reference == "2031Te&S..47..163N"
    assert np.array_equal(m.stat, [[3, 1], [4, 1]])
    assert np.array_equal(m.sys, [[5, 0], [6, 0]])
    assert np.array_equal(m.upper_limit, [False, True])


def test_kiss(from_text):
    (m,) = from_text(KISS)
    assert (m.quantity, m.axis, m.experiment, m.published) == ("B/C", "EKN", "TEST-1", 2031)
    assert np.array_equal(m.stat, [[1e-3, 1e-3], [2e-3, 1e-3]])
    assert np.array_equal(m.sys, [[1.5e-2, 1.4e-2], [1.6e-2, 1.4e-2]])


def test_kiss_as_published_misspells_its_line_of_columns(from_text):
    (m,) = from_text(KISS.replace("#Columns:", "#Colums:"))
    assert len(m) == 2


def test_kiss_columns_are_taken_from_their_line(from_text):
    (m,) = from_text(KISS.replace("y statistical errors, y systematic errors", "y systematic errors, y statistical errors"))
    assert np.array_equal(m.sys, [[1e-3, 1e-3], [2e-3, 1e-3]])
    assert np.array_equal(m.stat, [[1.5e-2, 1.4e-2], [1.6e-2, 1.4e-2]])


def test_old_kiss_has_the_total_error_first(from_text):
    (m,) = from_text(KISS_OLD)
    assert (m.quantity, m.axis) == ("H", "R")
    assert np.allclose(m.stat, [[3, 1], [5, 1]], rtol=RTOL)
    assert np.allclose(m.sys, [[4, 0], [12, 0]], rtol=RTOL)


def test_input_tables_of_kiss_need_what_they_do_not_say(from_text):
    (m,) = from_text(KISS_INPUT, quantity="proton", axis="R", experiment="TEST-1")
    assert (m.quantity, m.axis, m.experiment) == ("H", "R", "TEST-1")
    assert np.array_equal(m.low, [1, 2])
    assert np.array_equal(m.sys, [[5, 0], [6, 0]])


def test_ssdc_counts_the_systematic_error_once_and_reads_GeV_as_GV(from_text):
    (m,) = from_text(SSDC)
    assert (m.quantity, m.axis, m.unit, m.experiment) == ("C", "R", "m-2 s-1 sr-1 GV-1", "TEST-1")
    assert np.array_equal(m.value, [60, 20])
    assert np.allclose(m.sys, 5, rtol=RTOL)  # the parts, 3 and 4, are inside
    assert np.array_equal(m.stat, [[0.3, 0.3], [0.4, 0.4]])
    assert m.reference == "Nobody, et al, Tests 1, 23 (2031), doi:10.0000/test"


def test_ssdc_parts_where_there_is_no_total(from_text):
    text = "\n".join(line for line in SSDC.splitlines() if "systematical" not in line)
    (m,) = from_text(text)
    assert np.allclose(m.sys, 5, rtol=RTOL)  # √(3² + 4²)


def test_ssdc_ratio_and_energy_per_nucleon(from_text):
    text = SSDC.replace("flux", "fluxratio").replace(">C<", ">B/C<").replace("rigidity", "kinetic_energy")
    text = text.replace(">GV<", ">MeV/n<").replace("      <fluxratio>(m^2 s sr GeV)^(-1)</fluxratio>\n", "")
    (m,) = from_text(text)
    assert (m.quantity, m.axis) == ("B/C", "EKN")
    assert np.allclose(m.x, np.sqrt([1 * 2, 2 * 4]) * 1e-3, rtol=RTOL)


@pytest.mark.parametrize("name", EVERY)
def test_names_of_files_do_not_matter(name, written):
    found = read(written(EVERY[name], "x.unknown"))
    assert found
    assert all(m.source.endswith("x.unknown") for m in found)


@pytest.mark.parametrize("name", EVERY)
def test_line_ends_and_byte_order_marks_do_not_matter(name, tmp_path):
    path = tmp_path / "table"
    path.write_bytes(b"\xef\xbb\xbf" + EVERY[name].replace("\n", "\r\n").encode())
    assert [len(m) for m in read(path)] == [len(m) for m in read_again(tmp_path, EVERY[name])]


def read_again(folder, text):
    path = folder / "again"
    path.write_text(text)
    return read(path)


def test_sets_of_a_file_are_selected(from_text):
    (m,) = from_text(USINE, quantity="B/C")
    assert m.quantity == "B/C"
    (m,) = from_text(USINE, quantity="H", experiment="other")
    assert m.axis == "EKN"


def test_ssdc_bins_of_the_test_file_are_distinct():
    assert SSDC.count("<DATA>") == 2
    assert SSDC_BIN.count("error") == 16


def test_what_is_wrong_with_other_sets_does_not_matter_to_a_selection(from_text):
    broken = USINE.replace("3.0e+0  2e+0   4e+0", "3.0e+0  4e+0   2e+0")
    (m,) = from_text(broken, quantity="B/C")
    assert m.quantity == "B/C"
    with pytest.raises(DataError, match="edges out of order"):
        from_text(broken)


@pytest.mark.parametrize(("text", "name"), [("H_e+", "H/e+"), ("pbar_H", "1H-bar/H"), ("e+e-", "e-+e+"), ("lnA", "lnA")])
def test_names_that_are_no_nuclei(from_text, text, name):
    (m,) = from_text(KISS.replace("B_C", text))
    assert m.quantity == name
