"""A run beside measurements: table, figure, points in other figures; where the folder comes from, and faults in it."""

import sys
from pathlib import Path

import pytest
from command_line import GALAXY, SMALL, process, tree

sys.path.insert(0, str(Path(__file__).parents[1] / "measurements"))
from data_files import PLAIN

AMS_PROTONS = PLAIN.replace("TEST-1", "AMS-02").replace("2031", "2015")
for old, new in (("1,2,1.4,", "8,40,12,"), ("2,4,2.8", "40,60,50"), ("4,8,5.6,50", "60,90,77,50")):
    AMS_PROTONS = AMS_PROTONS.replace(old, new)
B_TO_C = (
    PLAIN[: PLAIN.index("R_lo")].replace("TEST-1", "AMS-02").replace("2031", "2016")
    .replace("proton (H) flux dPhi/dR", "boron-to-carbon flux ratio")
    + "R_mean,ratio,err_stat,err_sys\n2,0.3,0.01,0.01\n20,0.2,0.01,0.01\n"
)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """The folder of a run of the small Galaxy, which no exact solution belongs to."""
    folder = tmp_path_factory.mktemp("galaxy")
    (folder / "galaxy.toml").write_text(GALAXY, encoding="utf-8")
    done = process("run", "galaxy.toml", "--no-figures", "--no-estimate-error", "--out", "run", cwd=folder)
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture
def data(inside):
    """A folder of two invented tables that the catalogue takes for the paper's."""
    folder = inside / "data"
    folder.mkdir()
    (folder / "protons.csv").write_text(AMS_PROTONS, encoding="utf-8")
    (folder / "ratio.csv").write_text(B_TO_C, encoding="utf-8")
    return folder


def test_compare_reports_and_draws(command, solved, data):
    done = command("compare", solved, "--data", data)
    assert done.code == 0, done.err
    for words in ("H, AMS-02 2015", "B/C, AMS-02 2016", "3 of 3", "1 of 2", "T ≥ 10 GeV", "T > 1 GeV/n", "χ²", "rms"):
        assert words in done.out, done.out
    assert (solved / "data.png").read_bytes().startswith(PNG)
    assert (solved / "data.pdf").is_file()


def test_cuts_can_be_left_out(command, solved, data):
    done = command("compare", solved, "--data", data, "--no-cuts", "--no-figure")
    assert "2 of 2" in done.out
    assert "T ≥ 10 GeV" not in done.out


def test_potentials(command, solved, data):
    plain, own, named = (
        command("compare", solved, "--data", data, "--no-figure", *options).out
        for options in ((), ("--modulate",), ("--phi", "AMS-02=0.7 GV"))
    )
    rows = [next(line for line in text.splitlines() if line.strip().startswith("H, ")) for text in (plain, own, named)]
    assert len(set(rows)) == 3
    assert " 0 " in rows[0]
    assert " 450 " in rows[1]
    assert " 700 " in rows[2]
    assert "no potential in the file" not in plain


def test_the_environment_names_the_folder(command, solved, data, monkeypatch):
    monkeypatch.setenv("CRSTREAM_DATA", str(data))
    assert "H, AMS-02 2015" in command("compare", solved, "--no-figure").out


def test_without_a_folder_the_message_says_how_to_get_data(command, solved):
    command("compare", solved).refused("nothing to compare", "Aguilar", "Cummings", "CRDB", "--data", "crstream[crdb]")
    command("compare", solved, "--modulate").refused("--modulate", "Aguilar")


def test_a_problem_with_an_approximation_says_how_to_get_data(command, inside):
    """A problem whose reference does not judge is meant for data, one with an exact solution is not."""
    assert command("run", "two_phase", "--no-figures", "--no-estimate-error", *SMALL, "--out", "galaxy").code == 0
    done = command("compare", "galaxy", "--no-figure")
    assert done.code == 0
    assert "Aguilar" in done.out
    command("run", "nonlinear_landau", "--no-figures", *SMALL, "--out", "slab")
    assert "Aguilar" not in command("compare", "slab", "--no-figure").out


def test_exact_solutions_are_judged_with_or_without_data(command, inside, data):
    """The exit code is that of the exact solution, and a folder known by chance is not asked for an academic problem."""
    coarse = ("--set", "grid.z_cells=4", "--set", "grid.rigidity_cells=4", "--set", "time.end=5 Myr", "--no-figures")
    assert command("run", "slab_transient", *coarse, "--out", "slab").code == 0
    alone = command("compare", "slab", "--no-figure")
    both = command("compare", "slab", "--data", data, "--no-figure")
    assert alone.code == both.code == 1
    assert alone.out in both.out
    assert "H, AMS-02 2015" in both.out


def test_an_academic_problem_ignores_the_environment(command, inside, data, monkeypatch):
    monkeypatch.setenv("CRSTREAM_DATA", str(data))
    command("run", "nonlinear_landau", "--no-figures", *SMALL, "--out", "slab")
    assert "AMS" not in command("compare", "slab", "--no-figure").out


def test_points_in_the_figures(command, solved, data, monkeypatch):
    seen = {}
    from solver.figures import measured

    draw = measured.points
    monkeypatch.setattr(measured, "points", lambda ax, m, *a, **k: seen.setdefault(m.label, draw(ax, m, *a, **k)))
    assert command("plot", solved, "--what", "spectrum,b_to_c", "--data", data).code == 0
    assert set(seen) == {"AMS-02 2015", "AMS-02 2016"}
    assert len(seen["AMS-02 2015"]) == 3
    seen.clear()
    assert command("plot", solved, "--what", "spectrum").code == 0
    assert seen == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--data", "nowhere"), ["--data: nowhere", "does not exist"]),
        (("--data", "data", "--sets", "mine"), ["--sets: mine", "paper or all"]),
        (("--data", "data", "--phi", "AMS-02"), ["--phi: AMS-02", "no experiment or no value"]),
        (("--data", "data", "--phi", "AMS-02=3 GeV"), ["--phi: AMS-02=3 GeV", "GeV"]),
        (("--data", "data", "--phi", "AMS-02=-1 GV"), ["negative potential"]),
        (("--data", "data", "--phi", "PAMELA=1 GV"), ["PAMELA", "there are AMS-02"]),
    ],
)
def test_bad_options(command, solved, data, options, words):
    command("compare", solved, *options).refused(*words)


def test_a_faulty_table_is_one_message_and_nothing_is_drawn(command, solved, data):
    (data / "protons.csv").write_text(AMS_PROTONS.replace("err_stat,", "err_start,").replace("40,60", "60,40"))
    before = tree(solved)
    done = command("compare", solved, "--data", data)
    done.refused("protons.csv:6: err_start: unknown column", "protons.csv:8: R_hi: edges out of order: 60 to 40")
    command("plot", solved, "--what", "spectrum", "--data", data).refused("protons.csv:6")
    assert tree(solved) == before


def test_nothing_that_fits(command, solved, data):
    (data / "protons.csv").write_text(AMS_PROTONS.replace("proton (H)", "iron"))
    (data / "ratio.csv").unlink()
    command("compare", solved, "--data", data).refused("nothing fits a result of proton, carbon, boron", "there are Fe")
