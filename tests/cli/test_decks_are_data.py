"""Nothing that stands in a deck or in a data file can run code, or read or write outside of where it was told to."""

import builtins
import json
import os
import shutil
import subprocess
import sys

import netCDF4
import pytest
import xarray as xr
from command_line import GALAXY, PROTONS, SMALL, process, tree

# names and texts that mean something to a shell, a template, a path, a format string, rich's markup, TeX or pickle
ODD = ("../../escaped", "$(touch escaped)", r"$\\input{/etc/passwd}$", "[red]x[/red]", "\\u001b]0;owned\\u0007")
MORE = ("/tmp/escaped", "..", "a/b", "`touch escaped`", "; touch escaped", "{0.__class__}", "%s%n", "\\u0000", "a\\nb", "x" * 500,
        "[link=file:///etc/passwd]x[/link]", "__import__('os').system('touch escaped')", "\\u202e",
        "!!python/object/apply:os.system ['touch escaped']")  # fmt: skip
TEXTS = [*ODD, *(pytest.param(text, marks=pytest.mark.slow) for text in MORE)]


def quoted(text):
    return text.replace('"', '\\"')


def only_text(ended):
    """What was printed is no traceback, nothing from /etc/passwd, and nothing a terminal would obey."""
    printed = ended.out + ended.err
    assert "Traceback" not in printed, printed
    assert "root:" not in printed
    assert not {letter for letter in printed if not letter.isprintable()} - set("\n\r"), printed


@pytest.fixture
def nowhere_else(inside, monkeypatch):
    """Any file opened for writing outside of the working folder is an error; nor may anything be evaluated."""
    opened = []
    real = os.open

    def guarded(path, flags, *rest, **options):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and isinstance(path, (str, os.PathLike)):
            opened.append(os.path.realpath(path))
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", guarded)
    for name in ("eval", "exec"):
        monkeypatch.setattr(builtins, name, _watched(getattr(builtins, name)))
    monkeypatch.setattr(os, "system", _forbidden)
    yield inside
    outside = [path for path in opened if not path.startswith((str(inside), "/dev/"))]
    assert outside == []


def _forbidden(*words, **options):
    raise AssertionError(f"started: {words}")


def _watched(real):
    """eval and exec for libraries that make code of their own, not for texts of ours."""

    def watch(source, *rest, **options):
        assert not (isinstance(source, str) and "escaped" in source), source
        return real(source, *rest, **options)

    return watch


@pytest.mark.parametrize("text", TEXTS)
def test_titles_and_names_are_only_shown(text, command, nowhere_else):
    for key in ('title = "small Galaxy"', 'name = "halo"'):
        name = key.partition(" ")[0]
        deck = PROTONS.replace(key, f'{name} = "{quoted(text)}"')
        (nowhere_else / "deck.toml").write_text(deck, encoding="utf-8")
        for words in (("show", "deck.toml"), ("run", "deck.toml", "--force", "--no-figures", "--out", "here", *SMALL),
                      ("plot", "here", "--what", "kappa")):  # fmt: skip
            ended = command(*words)
            assert ended.code in (0, 2), (words, ended.err)
            only_text(ended)
            if ended.code == 2:
                assert name in ended.err
                break
    assert set(tree(nowhere_else)) <= {"deck.toml", "here", "here/result.nc", "here/kappa.png", "here/kappa.pdf"}
    assert not os.path.exists("/tmp/escaped")


@pytest.mark.parametrize("name", ["../escaped", "a/b", "/etc/passwd", "", ".", "os", "a b", "__class__", "x" * 300])
def test_species_problems_and_parents_are_names_not_paths(name, command, nowhere_else):
    decks = {
        "species": PROTONS.replace("[species.proton]", f'[species."{name}"]'),
        "problem": f'problem = "{name}"\n' + PROTONS,
        "problem and exact start": f'problem = "{name}"\n' + PROTONS + '[initial]\ntype = "exact"\n',
        "parent": GALAXY.replace('parent = "carbon"', f'parent = "{name}"'),
    }
    for what, text in decks.items():
        (nowhere_else / "deck.toml").write_text(text, encoding="utf-8")
        ended = command("run", "deck.toml", "--no-figures", "--out", "here", *SMALL)
        assert ended.code == 2, (what, ended.err)
        assert "Traceback" not in ended.err, what
    assert tree(nowhere_else) == ["deck.toml"]


def test_a_problem_brings_only_its_own_code(command, nowhere_else):
    """A folder called like a problem, or a module beside the deck, is not imported."""
    for name in ("exact.py", "two_phase.py", "numpy_.py", "problems.py"):
        (nowhere_else / name).write_text("open('escaped', 'w').close()\n")
    (nowhere_else / "deck.toml").write_text(PROTONS, encoding="utf-8")
    assert command("run", "deck.toml", "--no-figures", "--out", "here", *SMALL).code == 0
    assert "escaped" not in tree(nowhere_else)


def specials(folder):
    """Files that are none: reading them never ends, or hands over something else."""
    os.mkfifo(folder / "fifo")
    (folder / "pickle.nc").write_bytes(b"cos\nsystem\n(S'touch escaped'\ntR.")
    (folder / "folder.nc").mkdir()
    os.symlink("/etc/passwd", folder / "link.nc")
    return ("fifo", "pickle.nc", "folder.nc", "link.nc", "/etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/environ")


def test_files_of_all_kinds_are_refused_as_starts_and_as_results(nowhere_else):
    """As processes, with a limit in time: nothing may wait for a file that never ends."""
    (nowhere_else / "deck.toml").write_text(PROTONS, encoding="utf-8")
    script = (
        "import sys\nfrom solver import cli\n"
        "for name in sys.argv[1:]:\n"
        "    for words in (['run', 'deck.toml', '--out', 'here', '--set', f'initial={{type=\"file\", path=\"{name}\"}}'],\n"
        "                  ['resume', name], ['compare', name], ['plot', name]):\n"
        "        sys.argv = ['crstream', *words]\n"
        "        try:\n            cli.main()\n"
        "        except SystemExit as end:\n            print('ended', words[0], name, end.code)\n"
    )
    names = specials(nowhere_else)
    ended = process(*names, python=("-c", script), cwd=nowhere_else, timeout=100)
    codes = [line.split()[-1] for line in ended.out.splitlines() if line.startswith("ended ")]
    assert codes == ["2"] * (4 * len(names)), ended.out + ended.err
    only_text(ended)
    assert sorted(path.name for path in nowhere_else.iterdir()) == ["deck.toml", "fifo", "folder.nc", "link.nc", "pickle.nc"]


@pytest.mark.parametrize("text", TEXTS)
def test_attributes_of_a_result_are_only_shown(text, stored, command, nowhere_else):
    """A result from somebody else may hold any text in its attributes."""
    (nowhere_else / "run").mkdir()
    shutil.copy(stored, nowhere_else / "run/result.nc")
    text = json.loads(f'"{quoted(text)}"').replace("\0", "")
    with netCDF4.Dataset(nowhere_else / "run/result.nc", "a") as file:
        deck = json.loads(file.deck)
        deck["title"] = text
        file.deck = json.dumps(deck)
        for name in ("title", "status", "source", "warnings", "crstream_version"):
            file.setncattr(name, text)
        file["J"].long_name = file["J"].units = text
    for words in (("plot", "run", "--what", "spectrum"), ("compare", "run", "--no-figure"), ("resume", "run", "--no-figures")):
        ended = command(*words)
        assert ended.code in (0, 1, 2, 3), (words, ended.err)
        only_text(ended)
    names = {path.name for path in nowhere_else.rglob("*")}
    assert names <= {"run", "result.nc", "spectrum.png", "spectrum.pdf"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A finished run, to be copied."""
    folder = tmp_path_factory.mktemp("stored")
    ended = process("run", "nonlinear_landau", "--no-figures", "--out", "run", *SMALL, cwd=folder)
    assert ended.code == 0, ended.err
    return folder / "run/result.nc"


def test_a_figure_is_called_after_a_known_one_only(stored, command, nowhere_else):
    (nowhere_else / "run").mkdir()
    shutil.copy(stored, nowhere_else / "run")
    for name in ("../escaped", "/tmp/escaped", "spectrum/../../escaped", "__init__", "save"):
        command("plot", "run", "--what", name).refused("--what")
    assert tree(nowhere_else) == ["run", "run/result.nc"]


def test_a_sweep_writes_only_below_its_folder(command, nowhere_else):
    """Also where the values, the plan and the records come from somebody else."""
    (nowhere_else / "deck.toml").write_text(PROTONS, encoding="utf-8")
    values = "title='../../escaped','$(touch escaped)'"
    ended = command("sweep", "deck.toml", "--vary", values, "--out", "here", "--workers", 0, "--keep", *SMALL)
    assert ended.code == 0, ended.err
    assert {path.split("/")[0] for path in tree(nowhere_else)} == {"deck.toml", "here"}
    with xr.open_dataset(nowhere_else / "here/sweep.nc") as ds:
        assert list(ds.title.values) == ["../../escaped", "$(touch escaped)"]
    plan = json.loads((nowhere_else / "here/sweep.json").read_text())
    (nowhere_else / "here/sweep.nc").unlink()
    plan["plan"]["keys"] = ["../../escaped"]
    (nowhere_else / "here/sweep.json").write_text(json.dumps(plan))
    command("resume", "here").refused("../../escaped")
    command("plot", "here", "--what", "../escaped").refused("escaped")
    assert {path.split("/")[0] for path in tree(nowhere_else)} == {"deck.toml", "here"}


def test_reading_a_deck_imports_nothing_that_it_names(nowhere_else):
    """tomllib gives numbers, text, lists and tables, no objects; a fresh process shows what was imported."""
    (nowhere_else / "deck.toml").write_text('problem = "antigravity"\n' + PROTONS, encoding="utf-8")
    script = (
        "import sys\nfrom solver.deck import load\n"
        "try:\n    load('deck.toml')\nexcept ValueError:\n    print('antigravity' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=nowhere_else, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
