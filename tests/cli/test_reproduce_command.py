"""crstream reproduce and crstream show --draw as a user types them."""

import json

import pytest

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_figure_by_name_leaves_files_and_a_page(command, inside):
    ended = command("reproduce", "fig4", "--quick")
    assert ended.code == 0, ended.err
    folder = inside / "out/paper"
    assert (folder / "fig4.png").read_bytes().startswith(PNG)
    assert (folder / "fig4.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((folder / "fig4.json").read_text())["gaps"]
    assert 'src="fig4.png"' in (folder / "index.html").read_text()
    assert "The layers of the two-phase Galaxy" in ended.out
    assert "page out/paper/index.html" in ended.out
    assert "--data DIR" in ended.err  # no folder of measurements: how to get one
    again = command("reproduce", "fig4", "--quick")
    assert "as it was" in again.err


def test_unknown_figures_are_refused_all_at_once(command, inside):
    ended = command("reproduce", "fig1", "fig11", "spectrum")
    ended.refused("fig11", "spectrum", "there are fig1, fig2")
    assert not (inside / "out").exists()


def test_a_folder_of_data_that_is_not_there_is_refused(command, inside):
    command("reproduce", "fig4", "--data", "nowhere").refused("--data", "nowhere", "does not exist")
    assert not (inside / "out").exists()


def test_a_faulty_table_is_refused_before_anything_is_made(command, inside):
    (inside / "data").mkdir()
    (inside / "data" / "ams02_2015_H_R.csv").write_text(
        "# AMS-02 proton flux (2015)\n# GV; m^-2 s^-1 sr^-1 GV^-1\nR_lo,R_hi,R_mean,flux,err_stat,err_sys\n2,1,1.5,1e3,1,1\n"
    )
    ended = command("reproduce", "fig4", "--data", "data")
    ended.refused("ams02_2015_H_R.csv:4")
    assert not (inside / "out").exists()


def test_a_folder_without_the_papers_sets_is_said_and_nothing_stops(command, inside):
    (inside / "data").mkdir()
    ended = command("reproduce", "fig4", "--data", "data")
    assert ended.code == 0
    assert "holds none of the paper's sets" in ended.err


def test_under_mpiexec_it_is_refused(command, inside, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "0")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    command("reproduce", "fig4").refused("mpiexec", "runs alone")


def test_a_place_that_cannot_be_written_to_is_refused(command, inside):
    (inside / "file").write_text("")
    command("reproduce", "fig4", "--out", "file/paper").refused("--out", "not a folder")


@pytest.mark.parametrize(
    ("given", "made"), [("a", ["a.pdf", "a.png"]), ("b.png", ["b.png"]), ("new/c.pdf", ["new/c.pdf"])]
)
def test_show_draws_the_layers(command, inside, given, made):
    ended = command("show", "layered", "--draw", given)
    assert ended.code == 0, ended.err
    assert sorted(str(path.relative_to(inside)) for path in inside.rglob("*.p*")) == made


def test_show_refuses_other_formats(command, inside):
    command("show", "layered", "--draw", "a.jpg").refused("--draw", ".jpg", ".png")
