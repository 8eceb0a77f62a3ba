"""The disk cache of tables: right content, nothing stale, and no harm from crashes, damage or a full disk."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from solver.constants import PC
from solver.physics import cache, fast_modes
from solver.physics.plasma import Plasma
from solver.physics.validity import ValidityWarning

INPUTS = {"Ma": 0.5, "on": True, "kind": "full", "none": None, "R": np.array([1.0, 2.0])}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder that does not exist yet."""
    monkeypatch.setenv("CRSTREAM_CACHE", str(tmp_path / "tables"))
    return tmp_path / "tables"


class Maker:
    """Counts how often it computes."""

    def __init__(self, value=3.0):
        self.calls, self.value = 0, value

    def __call__(self):
        self.calls += 1
        return {"table": np.array([self.value, np.inf]), "error": self.value}


def tables(folder):
    return sorted(folder.glob("*.table"))


def test_second_call_reads_what_the_first_computed(folder):
    make = Maker()
    first, second = (cache.stored("name", "tag", INPUTS, make) for _ in range(2))
    assert make.calls == 1
    assert len(tables(folder)) == 1
    for label in ("table", "error"):
        assert np.array_equal(first[label], second[label])


@pytest.mark.parametrize(
    "changed",
    [
        {"Ma": np.nextafter(0.5, 1)},
        {"on": False},
        {"kind": "none"},
        {"none": 0.0},
        {"R": np.array([1.0, np.nextafter(2.0, 3)])},
        {"R": np.array([[1.0, 2.0]])},
        {"R": np.array([1.0])},
        {"more": 1.0},
    ],
)
def test_any_other_input_is_another_table(folder, changed):
    cache.stored("name", "tag", INPUTS, Maker(1.0))
    assert cache.stored("name", "tag", {**INPUTS, **changed}, Maker(2.0))["error"] == 2.0
    assert cache.stored("name", "tag", INPUTS, Maker(3.0))["error"] == 1.0


def test_other_name_or_code_is_another_table(folder):
    cache.stored("name", "tag", INPUTS, Maker(1.0))
    assert cache.stored("name", "newer", INPUTS, Maker(2.0))["error"] == 2.0
    assert cache.stored("other", "tag", INPUTS, Maker(3.0))["error"] == 3.0


def test_code_tag_follows_the_text_of_the_code(tmp_path, monkeypatch):
    source = tmp_path / "changing_module.py"
    source.write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import changing_module  # noqa: F401

    tag = cache.code_tag("changing_module")
    assert tag == cache.code_tag("changing_module")
    source.write_text("a = 2\n")
    assert tag != cache.code_tag("changing_module")


def test_order_of_inputs_does_not_matter():
    assert cache.key("n", "t", INPUTS) == cache.key("n", "t", dict(reversed(INPUTS.items())))


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign", "renamed", "folder"])
def test_damaged_files_are_made_anew(folder, damage):
    cache.stored("name", "tag", INPUTS, Maker(1.0))
    (path,) = tables(folder)
    content = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    elif damage == "foreign":
        path.write_bytes(b"not a table of this program\n" * 50)
    elif damage == "renamed":  # a whole file that belongs to other inputs
        cache.stored("name", "tag", {"Ma": 0.7}, Maker(9.0))
        (other,) = set(tables(folder)) - {path}
        path.write_bytes(other.read_bytes())
    else:
        path.unlink()
        path.mkdir()
    again = Maker(2.0)
    assert cache.stored("name", "tag", INPUTS, again)["error"] == 2.0
    assert again.calls == 1
    if damage != "folder":
        assert cache.stored("name", "tag", INPUTS, Maker(5.0))["error"] == 2.0


def test_every_single_cut_of_a_file_is_noticed(folder):
    cache.stored("name", "tag", INPUTS, Maker(1.0))
    (path,) = tables(folder)
    content = path.read_bytes()
    digest = cache.key("name", "tag", INPUTS)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert cache._read(path, digest) is None
    path.write_bytes(content)
    assert cache._read(path, digest) is not None


def test_a_crash_while_writing_leaves_no_table(folder, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cache.stored("name", "tag", INPUTS, Maker(1.0))
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_aside_is_removed_in_time(folder):
    folder.mkdir()
    old, young = folder / ".old.part", folder / ".young.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * cache._ABANDONED,) * 2)
    cache.stored("name", "tag", INPUTS, Maker())
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("CRSTREAM_CACHE", str(tmp_path / "file" / "tables"))
    assert cache.stored("name", "tag", INPUTS, Maker(4.0))["error"] == 4.0


def test_a_full_disk_costs_nothing_but_time(folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert cache.stored("name", "tag", INPUTS, Maker(4.0))["error"] == 4.0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", ["off", "", "OFF"])
def test_cache_can_be_switched_off(tmp_path, monkeypatch, value):
    monkeypatch.setenv("CRSTREAM_CACHE", value)
    monkeypatch.chdir(tmp_path)
    make = Maker()
    for _ in range(2):
        cache.stored("name", "tag", INPUTS, make)
    assert make.calls == 2
    assert list(tmp_path.iterdir()) == []


def test_default_folder_is_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("CRSTREAM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.folder() == tmp_path / "crstream" / "tables"


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    """No HOME and no account, as in some containers: computed every time, no error."""
    for name in ("HOME", "XDG_CACHE_HOME", "CRSTREAM_CACHE", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", staticmethod(homeless))
    assert cache.folder() is None
    made = cache.stored("table", "code", {"a": 1.0}, lambda: {"kappa": np.arange(3.0)})
    np.testing.assert_array_equal(made["kappa"], np.arange(3.0))


def test_code_without_a_readable_source_is_not_cached(folder, monkeypatch):
    monkeypatch.setattr(cache.sys.modules["solver.constants"], "__file__", str(folder / "gone.py"))
    assert cache.code_tag("solver.constants") is None
    cache.stored("table", None, {"a": 1.0}, lambda: {"kappa": np.arange(3.0)})
    assert not list(folder.glob("*.table"))


def test_a_folder_below_the_home_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CRSTREAM_CACHE", "~/tables")
    assert cache.folder() == tmp_path / "tables"


def test_errors_of_the_computation_pass_and_leave_nothing(folder):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cache.stored("name", "tag", INPUTS, fail)
    assert not folder.exists() or tables(folder) == []


def test_inputs_without_definite_content_are_an_error(folder):
    with pytest.raises(TypeError, match="plasma: a cached table cannot depend on"):
        cache.stored("name", "tag", {"plasma": object()}, Maker())


def test_the_oldest_tables_go_when_there_are_too_many(folder, monkeypatch):
    monkeypatch.setattr(cache, "_LIMIT", 6)
    for i in range(8):
        cache.stored("name", "tag", {"i": i}, Maker(float(i)))
        for path in tables(folder):
            os.utime(path, (path.stat().st_mtime - 10,) * 2)
    assert len(tables(folder)) <= 7
    assert cache.stored("name", "tag", {"i": 7}, Maker(-1.0))["error"] == 7.0


def test_processes_that_write_the_same_table_at_once_agree(folder):
    code = (
        "import numpy as np\nfrom solver.physics import cache\n"
        "for i in range(40):\n"
        "    got = cache.stored('name', 'tag', {'i': i % 4}, lambda: {'x': np.full(1000, float(i % 4))})\n"
        "    assert np.all(got['x'] == i % 4)\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    assert len(tables(folder)) == 4
    assert list(folder.glob("*.part")) == []


# --- as fast modes use it ---


def test_cached_kappa_is_the_computed_one_without_its_cost(folder, monkeypatch):
    R, plasma = np.geomspace(1, 1e4, 5), Plasma(6e-6, 0.1, 2e4)
    plain = fast_modes.kappa(R, plasma, 0.9, 100 * PC)
    assert not folder.exists()
    stored = fast_modes.kappa(R, plasma, 0.9, 100 * PC, cache=True)
    monkeypatch.setattr(fast_modes, "_settled", None)  # a second computation would fail
    again = fast_modes.kappa(R, plasma, 0.9, 100 * PC, cache=True)
    assert np.array_equal(plain, stored)
    assert np.array_equal(plain, again)


def test_warnings_come_with_cached_tables_too(folder, monkeypatch):
    monkeypatch.setattr(fast_modes, "_LEVELS", fast_modes._LEVELS[:2])
    R, plasma = np.array([3.0, 30.0]), Plasma(6e-6, 0.001, 2e6)
    for _ in range(2):
        with pytest.warns(ValidityWarning, match="levels of the quadrature differ"):
            fast_modes.kappa(R, plasma, 0.3, 100 * PC, rtol=1e-6, cache=True)
    assert len(tables(folder)) == 1
