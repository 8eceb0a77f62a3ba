"""Solved decks are kept by content: the same deck is read, another deck or other code is solved, damage is repaired."""

import numpy as np
import pytest

import solver
from solver.errors import DeckError, ResultError
from solver.reproduction import reuse
from solver.reproduction.reuse import Runs

SMALL = {"grid.z_cells": 8, "grid.rigidity_cells": 6, "time.method": "direct"}


@pytest.fixture(scope="module")
def deck():
    return solver.load("nonlinear_landau").replace(SMALL)


def states(runs):
    return runs.counts["solved"], runs.counts["read"]


def test_the_same_deck_is_solved_once_and_then_read_bit_by_bit(deck, tmp_path):
    first = Runs(tmp_path)
    made = first.solve(deck)
    assert states(first) == (1, 0)
    assert first.solve(deck) is made  # the same session does not even read it
    again = Runs(tmp_path)
    read = again.solve(deck)
    assert states(again) == (0, 1)
    assert read.status == "steady"
    assert np.array_equal(read.dataset.f.values, made.dataset.f.values)
    assert len(list(tmp_path.iterdir())) == 1


def test_reading_does_not_start_petsc(deck, tmp_path):
    import subprocess
    import sys

    Runs(tmp_path).solve(deck)
    script = (
        "import sys\nfrom solver.reproduction.reuse import Runs\nfrom solver import load\n"
        f"Runs({str(tmp_path)!r}).solve(load('nonlinear_landau').replace({SMALL!r}))\n"
        "print('petsc4py.PETSc' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stderr


def test_another_deck_and_another_kind_have_files_of_their_own(deck, tmp_path):
    runs = Runs(tmp_path)
    a = runs.solve(deck)
    b = runs.solve(deck.replace({"layer.halo.plasma.n": "0.004 cm-3"}))
    with_error = runs.solve(deck, estimate_error=True)
    coefficients = runs.coefficients(deck)
    assert states(runs) == (4, 0)
    assert not np.array_equal(a.dataset.f.values, b.dataset.f.values)
    assert "J_error" in with_error.dataset
    assert "f" not in coefficients.dataset
    assert len(list(tmp_path.iterdir())) == 4
    again = Runs(tmp_path)
    assert "J_error" in again.solve(deck, estimate_error=True).dataset
    assert np.array_equal(again.coefficients(deck).dataset.X.values, coefficients.dataset.X.values)
    assert states(again) == (0, 2)


def test_other_code_replaces_the_file(deck, tmp_path, monkeypatch):
    Runs(tmp_path).solve(deck)
    monkeypatch.setattr(reuse, "code_digest", lambda without=(): "another text")
    runs = Runs(tmp_path)
    runs.solve(deck)
    assert states(runs) == (1, 0)
    assert len(list(tmp_path.iterdir())) == 1
    assert states_after_another(deck, tmp_path) == (0, 1)


def states_after_another(deck, folder):
    runs = Runs(folder)
    runs.solve(deck)
    return states(runs)


@pytest.mark.parametrize("damage", ["truncate", "empty", "text", "flip", "folder"])
def test_a_damaged_file_is_solved_again(deck, tmp_path, damage):
    made = Runs(tmp_path).solve(deck)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    if damage == "truncate":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("not a result", encoding="utf-8")
    elif damage == "flip":  # one bit in the values of f
        values = made.dataset.f.values.tobytes()[:64]
        place = content.index(values) + 20
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    else:
        path.unlink()
        path.mkdir()
        with pytest.raises(ResultError, match=path.name):
            Runs(tmp_path).solve(deck)
        return
    runs = Runs(tmp_path)
    assert np.array_equal(runs.solve(deck).dataset.f.values, made.dataset.f.values)
    assert states(runs) == (1, 0)
    assert states_after_another(deck, tmp_path) == (0, 1)


def test_a_name_stands_for_the_shipped_deck_and_halvings_coarsen_it(tmp_path):
    runs = Runs(tmp_path, halvings=2)
    deck = runs.deck("nonlinear_landau")
    full = solver.load("nonlinear_landau").grid
    assert (deck.grid.z_cells, deck.grid.rigidity_cells) == (full.z_cells // 4, full.rigidity_cells // 4)
    with pytest.raises(DeckError, match="no such problem"):
        runs.solve("nonlinear_landua")


def test_progress_says_what_happens(deck, tmp_path):
    seen = []
    Runs(tmp_path, lambda state, deck, seconds: seen.append((state, deck.title, seconds >= 0))).solve(deck)
    Runs(tmp_path, lambda state, deck, seconds: seen.append((state, deck.title, seconds >= 0))).solve(deck)
    assert seen == [(state, deck.title, True) for state in ("solving", "solved", "read")]


def test_without_a_folder_results_stay_in_memory(deck):
    runs = Runs()
    assert runs.solve(deck) is runs.solve(deck)
    assert states(runs) == (1, 0)


def test_digest_of_a_folder_sees_every_change_of_code(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "plots_b.py").write_text("y = 1\n")
    (tmp_path / "note.txt").write_text("z")
    before = reuse.folder_digest(tmp_path)
    (tmp_path / "note.txt").write_text("other")
    assert reuse.folder_digest(tmp_path) == before
    (tmp_path / "plots_b.py").write_text("y = 2\n")
    assert reuse.folder_digest(tmp_path) != before
    assert reuse.folder_digest(tmp_path, ("plots",)) != reuse.folder_digest(tmp_path)
    (tmp_path / "plots_b.py").rename(tmp_path / "plots_c.py")
    without = reuse.folder_digest(tmp_path, ("plots",))
    (tmp_path / "plots_c.py").write_text("y = 3\n")
    assert reuse.folder_digest(tmp_path, ("plots",)) == without
