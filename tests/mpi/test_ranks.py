"""A run on several processes gives what one process gives, says it once and writes one file."""

import numpy as np
import pytest
import xarray as xr

pytestmark = pytest.mark.mpi

EPS = np.finfo(float).eps

GALAXY = """\
title = "two layers, two nuclei and boron"
[grid]
z_max = "4 kpc"
z_cells = 8
rigidity_min = "0.3 GV"
rigidity_max = "1e3 GV"
rigidity_cells = 8
[species.proton]
source = { type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.3, radius = "10 kpc" }
[species.carbon]
source = { type = "power_law", amplitude = "8.7e-10 cm-2 s-1 GeV-3", slope = 4.3 }
[species.boron]
source = { type = "spallation", parent = "carbon", cross_section = "61 mbarn" }
[[layer]]
name = "warm"
top = "1 kpc"
scattering = [ { type = "given", kappa = "2.6e28 cm2 s-1", slope = 0.3 } ]
[[layer]]
name = "halo"
top = "4 kpc"
plasma = { B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }
streaming = { type = "alfven" }
damping = [ { type = "landau" } ]
"""
# speed that falls with height heats the particles: momentum flows up, with the disc losses down as well, so that Krylov
# iterations, whose scalar products are summed in another order, are needed
HEATED = GALAXY.replace(
    'streaming = { type = "alfven" }',
    'streaming = { type = "given", v = "30 km/s" }\nprofile = { v = -0.5, z0 = "1 kpc" }',
)
WAYS = {
    "growing steps": (GALAXY, ()),
    "steady at once": (GALAXY, ("time.method=direct",)),
    "transient": (GALAXY, ("time.end=2 Myr", "time.output_every=1 Myr", "time.rtol=1e-2")),
    "heating": (HEATED, ()),
    "heating, transient": (HEATED, ("time.end=2 Myr", "time.rtol=1e-2")),
}


@pytest.fixture(scope="module")
def solved(mpiexec, tmp_path_factory):
    """solved(way, n): the result and the process of a run on n processes, made once."""
    done = {}

    def run(way, n):
        if (way, n) not in done:
            folder = tmp_path_factory.mktemp("ranks")
            text, changes = WAYS[way]
            (folder / "deck.toml").write_text(text, encoding="utf-8")
            words = [word for change in changes for word in ("--set", change)]
            ended = mpiexec(
                n, "-m", "solver", "run", folder / "deck.toml", "--no-figures", "--out", folder / "out", *words
            )
            assert ended.returncode == 0, ended.stderr
            assert [path.name for path in (folder / "out").iterdir()] == ["result.nc"]
            with xr.open_datatree(folder / "out/result.nc") as stored:
                done[way, n] = stored.load(), ended
        return done[way, n]

    return run


def bound(a, b):
    """How far two runs with the same steps may be apart, relative to the largest f of a row.

    At the end of each step the flux of each run is off by at most `residual` of the row's throughput.  f follows from the
    flux by |∂f/∂z| ∝ flux (linear laws) or flux² (nonlinear Landau damping), so it is off by at most twice that; steps and
    momentum losses carry errors on without making them larger.  To this comes the rounding of a sweep over the rows.
    """
    residuals = a["history"].residual.values.sum() + b["history"].residual.values.sum()
    operations = a["history"].sizes["step"] * (a.sizes["z"] + a.sizes["rigidity"])
    return 2.0 * residuals + 10 * EPS * operations


FAST = (("growing steps", 2), ("growing steps", 3), ("transient", 2), ("heating", 2))
ALL = [pytest.param(way, n, marks=[] if (way, n) in FAST else pytest.mark.slow) for way in WAYS for n in (2, 3)]


@pytest.mark.parametrize(("way", "n"), ALL)
def test_any_number_of_processes_gives_the_same(way, n, solved):
    one, _ = solved(way, 1)
    many, _ = solved(way, n)
    assert many.attrs["status"] == one.attrs["status"]
    assert many.attrs["ranks"] == n
    for name in ("t", "dt"):
        # steps may change by few factors, and rounding of an error is nowhere near the bound between two of them
        np.testing.assert_array_equal(many["history"][name].values, one["history"][name].values)
    largest = one.f.values.max(axis=1, keepdims=True)
    limit = bound(one, many)
    assert limit < 1e-8  # else this would prove nothing
    assert (np.abs(many.f.values - one.f.values) / largest).max() <= limit
    if "snapshots" in one.children:
        np.testing.assert_array_equal(many["snapshots"].time.values, one["snapshots"].time.values)
        difference = np.abs(many["snapshots"].f.values - one["snapshots"].f.values)
        assert (difference / one["snapshots"].f.values.max(axis=2, keepdims=True)).max() <= limit


@pytest.mark.parametrize("way", ["growing steps", "transient"])
def test_it_is_said_once(way, solved):
    _, ended = solved(way, 2)
    for text in ("two layers, two nuclei and boron:", " steps (", "quality:", "saved "):
        assert ended.stdout.count(text) == 1, text
    assert ended.stderr.count("step  t") == 1


def test_a_run_of_three_processes_goes_on_with_one(mpiexec, solved, tmp_path):
    """Stored states belong to no number of processes."""
    (tmp_path / "deck.toml").write_text(GALAXY, encoding="utf-8")
    out = tmp_path / "out"
    words = ("-m", "solver", "run", tmp_path / "deck.toml", "--no-figures", "--out", out, "--set", "time.max_steps=4")
    ended = mpiexec(3, *words)
    assert ended.returncode == 3
    assert ended.stderr.count("crstream: 4 steps were not enough") == 1
    assert ended.stderr.count("crstream resume") == 1
    ended = mpiexec(1, "-m", "solver", "resume", out, "--no-figures", "--set", "time.max_steps=100")
    assert ended.returncode == 0, ended.stderr
    one, _ = solved("growing steps", 1)
    with xr.open_datatree(out / "result.nc") as stored:
        largest = one.f.values.max(axis=1, keepdims=True)
        assert (np.abs(stored.f.values - one.f.values) / largest).max() <= bound(one, stored)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "two_phas"), 'did you mean "two_phase"'),
        (("run", "nonlinear_landau", "--set", "grid.rigidity_cells=1", "--out", "new"), "at most one per rigidity, 2"),
        (("run", "nonlinear_landau", "--out", "/dev/null/new"), "not a folder"),
        (("run", "nonlinear_landau", "--estimate-error", "--out", "new", "--set", "grid.z_cells=2", "--set",
          "grid.rigidity_cells=2"), "found 2 × 2 cells; needs at least 4 × 2"),
        (("resume", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_said_once_and_nothing_hangs(words, message, mpiexec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = mpiexec(3, "-m", "solver", *words, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("crstream: ") == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_word_that_no_command_knows_is_said_once(mpiexec):
    ended = mpiexec(2, "-m", "solver", "run", "--hlep", timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("No such option") == 1


def galaxy_by(mpiexec, folder, processes, script, *more, deck=GALAXY):
    """What became of `crstream run` of a deck, its main() called by a script on so many processes; the result in folder/out."""
    (folder / "deck.toml").write_text(deck, encoding="utf-8")
    words = ("run", folder / "deck.toml", "--no-figures", "--out", folder / "out", *more)
    return mpiexec(processes, "-c", script, *words, timeout=100)


def test_a_matrix_factorised_by_two_processes_is_the_whole_one(mpiexec, tmp_path):
    """Where rigidities exchange too much for sweeps; here after the first of them."""
    script = "from solver.transport import newton\nnewton.SWEEPS = 1\nfrom solver.cli import main\nmain()\n"
    found = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        ended = galaxy_by(mpiexec, folder, processes, script, "--set", "time.method=direct", deck=HEATED)
        assert ended.returncode == 0, ended.stderr
        with xr.open_datatree(folder / "out/result.nc") as stored:
            found.append((stored.f.values, stored.history.newton.values))
    (one, steps), (two, others) = found
    np.testing.assert_allclose(two, one, rtol=1e-9)
    assert steps == others


def test_checkpoints_of_processes_with_different_clocks_do_not_hang(mpiexec, tmp_path):
    """A checkpoint takes all processes, so they must agree on when to make one."""
    script = (
        "import itertools, sys\n"
        "from mpi4py import MPI\n"
        "from solver import watch\n"
        "from solver.cli import main\n"
        "rank, ticks = MPI.COMM_WORLD.rank, itertools.count()\n"
        "class Clock:\n"
        "    @staticmethod\n"
        "    def monotonic():\n"
        "        return next(ticks) * (10.0 + 7.0 * rank)\n"
        "watch.time = Clock\n"
        "main()\n"
    )
    ended = galaxy_by(mpiexec, tmp_path, 3, script)
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["result.nc"]


def test_a_write_that_fails_on_the_first_process_ends_all(mpiexec, tmp_path):
    script = (
        "from solver import storage\n"
        "from solver.cli import main\n"
        "def full(tree, path):\n"
        "    raise storage.ResultError(f'{path}: cannot be written (No space left on device)')\n"
        "storage.write = full\n"
        "main()\n"
    )
    ended = galaxy_by(mpiexec, tmp_path, 2, script, "--set", "time.method=direct")
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("No space left on device") == 1


@pytest.mark.parametrize("rank", [pytest.param(0, marks=pytest.mark.slow), 1])
@pytest.mark.parametrize(("error", "code", "said"), [
    ("RuntimeError('on purpose')", 3, "internal error"),
    pytest.param("MemoryError()", 2, "not enough memory", marks=pytest.mark.slow),
    ("OSError(5, 'Input/output error', 'disc')", 2, "disc: Input/output error"),
])  # fmt: skip
def test_an_error_on_one_process_alone_ends_all_with_one_message(error, code, said, rank, mpiexec, tmp_path):
    """The others wait for it in an exchange; it must not wait for them in turn."""
    script = (
        "from mpi4py import MPI\n"
        "from solver import watch\n"
        "from solver.cli import main\n"
        "class Broken(watch.WallClock):\n"
        "    def __call__(self, march, row):\n"
        f"        if MPI.COMM_WORLD.rank == {rank}:\n"
        f"            raise {error}\n"
        "        super().__call__(march, row)\n"
        "watch.WallClock = Broken\n"
        "main()\n"
    )
    ended = galaxy_by(mpiexec, tmp_path, 2, script)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.count("crstream: ") == 1, ended.stderr
    assert said in ended.stderr


def test_an_internal_error_of_all_processes_is_told_once(mpiexec, tmp_path):
    script = (
        "from solver import watch\n"
        "from solver.cli import main\n"
        "class Broken(watch.WallClock):\n"
        "    def __call__(self, march, row):\n"
        "        raise RuntimeError('on purpose')\n"
        "watch.WallClock = Broken\n"
        "main()\n"
    )
    ended = galaxy_by(mpiexec, tmp_path, 3, script)
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr.count("RuntimeError: on purpose") == 1, ended.stderr
    assert ended.stderr.count("crstream: internal error") == 1


def test_ctrl_c_that_reaches_the_processes_at_different_steps_stops_all_after_the_same(mpiexec, tmp_path):
    (tmp_path / "deck.toml").write_text(GALAXY, encoding="utf-8")
    script = (
        "import signal\n"
        "from mpi4py import MPI\n"
        "from solver import watch\n"
        "from solver.cli import main\n"
        "class Finger(watch.WallClock):\n"
        "    def __call__(self, march, row):\n"
        "        super().__call__(march, row)\n"
        "        if march.counts['steps'] == 3 + MPI.COMM_WORLD.rank:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "watch.WallClock = Finger\n"
        "main()\n"
    )
    out = tmp_path / "out"
    ended = mpiexec(3, "-c", script, "run", tmp_path / "deck.toml", "--no-figures", "--out", out, timeout=100)
    assert ended.returncode == 3, ended.stderr
    with xr.open_datatree(out / "result.nc") as stored:
        assert stored["history"].sizes["step"] == 3


def test_commands_that_need_no_help_are_done_by_one_process(mpiexec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = mpiexec(2, "-m", "solver", "list", timeout=60)
    assert ended.returncode == 0
    assert ended.stdout.count("two_phase") == 1
    small = ("--set", "grid.rigidity_cells=4", "--set", "grid.z_cells=4")
    ended = mpiexec(2, "-m", "solver", "coefficients", "nonlinear_landau", "--out", "c.nc", *small, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("saved c.nc") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.nc"]


SWEEP = ("--vary", "layer.halo.plasma.n=logspace(0.001 cm-3, 0.004 cm-3, 3)", "--vary", "grid.z_cells=8,10")


def test_a_sweep_hands_its_members_to_the_ranks(mpiexec, tmp_path):
    """The first process hands out members, each of the others solves one at a time on a communicator of its own."""
    (tmp_path / "deck.toml").write_text(GALAXY, encoding="utf-8")
    datasets = []
    for n in (1, 3):
        out = tmp_path / f"out{n}"
        ended = mpiexec(n, "-m", "solver", "sweep", tmp_path / "deck.toml", *SWEEP, "--no-figures", "--out", out)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count("6 members") == ended.stdout.count("saved ") == 1
        assert ended.stderr.count("steady, ") == 6
        assert sorted(path.name for path in out.iterdir()) == ["sweep.json", "sweep.nc"]
        with xr.open_dataset(out / "sweep.nc") as ds:
            datasets.append(ds.load())
    assert "2 of 3 ranks" in ended.stderr
    one, three = datasets
    assert (three.status == "steady").all()
    # both are steady states to a storage term of 1e-9 or a mismatch of 1e-10; J follows with a factor of order one
    assert float((np.abs(three.J - one.J) / one.J).max()) < 1e-8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--vary", "grid.z_cells=8,x"), 'found "x"'),
        (("--vary", "grid.z_cells=8,9", "--workers", "2"), "mpiexec -n"),
        (("--vary", "grid.z_cells=8,9", "--out", "/dev/null/new"), "not a folder"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_once(words, message, mpiexec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = mpiexec(3, "-m", "solver", "sweep", "nonlinear_landau", *words, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("crstream: ") == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run_is_resumed_by_two_processes_as_by_one(mpiexec, tmp_path):
    (tmp_path / "deck.toml").write_text(GALAXY, encoding="utf-8")
    for words in (("run", tmp_path / "deck.toml", "--out", tmp_path / "out"), ("resume", tmp_path / "out")):
        ended = mpiexec(2, "-m", "solver", *words, "--no-figures")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count("result.nc") == 1, ended.stdout


def test_a_process_that_fails_when_the_first_has_ended_well_is_heard(mpiexec):
    script = (
        "from solver.launcher import all_end\nfrom solver.leave import leave\n"
        "from mpi4py import MPI\n"
        "all_end(0) if MPI.COMM_WORLD.rank == 0 else leave('at the last moment', 3)\n"
    )
    ended = mpiexec(2, "-c", script)
    assert ended.returncode == 3
    assert ended.stderr.count("crstream: at the last moment") == 1
