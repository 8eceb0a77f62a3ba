"""Whatever is typed, a command ends with one of the four exit codes and without a traceback."""

import contextlib
import io
import os
import random
import re
import shutil
import sys
import time
from pathlib import Path

import pytest
from command_line import PROTONS, process
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver import cli

# drawn and solved: a bounded number always, all of them with --slow
LITTLE, FULL = (250, 12.0), (2000, float("inf"))  # how many, and seconds after which no more are drawn
COUNTS = [pytest.param(LITTLE, id="some"), pytest.param(FULL, id="all", marks=pytest.mark.slow)]
TINY = PROTONS.replace("z_cells = 8", "z_cells = 4").replace("rigidity_cells = 6", "rigidity_cells = 2")

COMMANDS = tuple(command.name or command.callback.__name__.strip("_") for command in cli.app.registered_commands)
NAMES = ("deck.toml", "bad.toml", "nowhere.toml", "done", "done/result.nc", "damaged", "damaged/result.nc", "c.nc", "new",
         ".", "..", "/", "two_phas")  # fmt: skip
LAWS = ("[]", "[{type='landau'}]", "[{type='given_S', S='1e-6 cm-2 s-1 GeV-3', slope=-3.5}]", "[{type='dust', rate='1e-11 s-1'}]",
        "[{type='given_S', S='1e-16 cm-2 s-1 GeV-3', slope=-5}, {type='landau'}]", "[{type='turbulent', L='10 pc', Ma=2}]",
        "[{type='rate', rate='1e-11 s-1', at='1 GV', exponent=0.5}]", "[{type='ion_neutral', rate='1e-9 s-1'}]")  # fmt: skip
# keys with values that make sense, most of them
SENSE = {
    "grid.z_max": ("4 kpc", "5 kpc", "1 pc"),
    "grid.z_cells": ("4", "5", "9", "2"),
    "grid.z_spacing": ("stretched", "uniform"),
    "grid.rigidity_min": ("0.01 GV", "999 GV", "1e3 GV"),
    "grid.rigidity_max": ("1e4 GV", "1.0001 GV", "1e12 GV"),
    "grid.rigidity_cells": ("1", "2", "3", "7"),
    "physics.adiabatic": ("false", "true"),
    "physics.causal_limit": ("false", "true"),
    "species.proton.source": (
        "{type='none'}",
        "{type='problem'}",
        "{type='power_law', slope=4.3, amplitude='1e-9 cm-2 s-1 GeV-3'}",
    ),
    "species.proton.source.slope": ("4.001", "4.999", "4.5", "5.5"),
    "species.proton.source.schedule": (
        "{type='switch', on='0 Myr', off='0.01 Myr'}",
        "{type='exponential', time='1 kyr'}",
    ),
    "species.helium4": (
        "{source={type='power_law', slope=4.2, amplitude='1e-6 cm-2 s-1 GeV-3'}}",
        "{source={type='none'}}",
    ),
    "species.x": ("{Z=5, A=11, source={type='spallation', parent='proton', cross_section='60 mbarn'}}", "{Z=0, A=1}"),
    "disc.losses": ("flux", "catastrophic", "none"),
    "disc.density": ("1e-6 cm-3", "1e6 cm-3"),
    "disc.half_thickness": ("1 pc", "3 kpc"),
    "layer.warm.top": ("0.01 pc", "3.9 kpc", "4 kpc"),
    "layer.0.scattering": ("[]", "[{type='given', kappa='1e20 cm2 s-1'}]", "[{type='given', kappa='1e35 cm2 s-1'}]"),
    "layer.0.self_confined": ("true", "false"),
    "layer.halo.plasma.B": ("1e-4 uG", "1 G"),
    "layer.halo.plasma.n": ("1e-12 cm-3", "1e9 cm-3"),
    "layer.halo.plasma.T": ("1 K", "1e9 K"),
    "layer.halo.damping": LAWS,
    "layer.halo.streaming": ("none", "alfven", "{type='given', v='1 km/s'}", "{type='given', v='2e5 km/s'}"),
    "layer.halo.self_confined": ("true", "false"),
    "layer.halo.wind": ("100 km/s", "0 km/s", "-20 km/s"),
    "layer.halo.profile": ("{v=1.0, z0='1 kpc'}", "{v=-2.0, z0='2 kpc'}", "{X=3.0, z0='1 kpc'}", "{B=-1, z0='1 kpc'}"),
    "layer.halo.losses": ("[{type='given', rate='1e-15 s-1', slope=0}]", "[{type='ionisation'}, {type='synchrotron'}]"),
    "boundary.top": ("zero", "outflow", "{type='value', f={amplitude='1e-9 cm-3 GeV-3', slope=4.7}}"),
    "boundary.momentum": ("zero", "power_law"),
    "time.end": ("steady", "0.01 Myr", "1 yr", "1e-9 s"),
    "time.method": ("direct", "march"),
    "time.rtol": ("1e-2", "0.9"),
    "time.tolerance": ("1e-4", "1e-13"),
    "time.growth": ("1.01", "100"),
    "time.first_step": ("1 s", "1e9 Gyr"),
    "time.max_step": ("1 Gyr", "1 kyr"),
    "time.max_steps": ("1", "3"),
    "time.output_every": ("1 kyr", "1 Gyr"),
    "initial": (
        "zero",
        "exact",
        "{type='power_law', amplitude='1e-3 cm-3 GeV-3', slope=4.3}",
        "{type='file', path='done/result.nc'}",
    ),
    "title": ("[bold]x[/bold]", "\\x00", "é"),
    "bogus": ("1",),
    "grid.bogus": ("1",),
    "layer.9.top": ("1 kpc",),
    "a..b": ("1",),
}
WILD = ("", "0", "-1", "1e-300", "1e300", "nan", "inf", "true", "[]", "{}", "[{}]", "[1,2]", "{type=1}", "'{", '"', "=", "4 kpc",
        "-1 kpc", "1 Myr", "1 GV", "problem", "\x00")  # fmt: skip
OPTIONS = ("--out=new", "--out=done", "--out=deck.toml", "--out=/dev/null/x", "--out", "--force", "--no-figures", "--no-figure",
           "--estimate-error", "--what=spectrum", "--what=kappa,budget", "--what=x", "--what=,", "--vary=grid.z_cells=4,8",
           "--vary=grid.z_cells=4,4", "--vary=time.rtol=1e-2,1e-1", "--vary=grid.z_cells=x,y", "--vary=bogus=1,2", "--vary=a",
           "--vary=layer.halo.plasma.n=0.01cm-3,0.02cm-3", "--vary=grid.z_cells=linspace(4,6,3)",
           "--vary=time.rtol=0.1..0.2",
           "--vary=layer.halo.plasma.n=logspace(0.01 cm-3,1e9 cm-3,3)", "--vary=disc.losses=flux,none", "--latin=2",
           "--latin=x", "--seed=1", "--keep", "--no-warm", "--address=x",
           "--help", "--bogus", "-x", "--", "-snes_max_it", "1", "-ksp_type",
           "gmres", "-snes_rtol", "abc", "-no_such_option")  # fmt: skip

sense = st.sampled_from([f"--set={key}={value}" for key, values in SENSE.items() for value in values])
wild = st.builds(lambda key, value: f"--set={key}={value}", st.sampled_from(list(SENSE)), st.sampled_from(WILD))
overrides = st.lists(sense | sense | sense | wild, min_size=1, max_size=3)
junk = st.text(st.characters(codec="utf-8", exclude_characters="-"), max_size=6)
words = st.lists(sense | wild | st.sampled_from(OPTIONS) | st.sampled_from(NAMES) | junk, max_size=5)


def fuzz(number):
    """Hypothesis drawing `number` examples, the same ones each time."""
    checks = list(HealthCheck)
    return settings(max_examples=number, deadline=None, database=None, derandomize=True, suppress_health_check=checks)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a tiny deck, a wrong one, a finished run, a damaged one and a file of coefficients."""
    folder = tmp_path_factory.mktemp("fuzz")
    before = os.getcwd()
    os.chdir(folder)
    Path("deck.toml").write_text(TINY, encoding="utf-8")
    Path("bad.toml").write_text(TINY.replace("cm-3", "cm"), encoding="utf-8")
    assert call("run", "deck.toml", "--no-figures", "--out", "done")[0] == 0
    assert call("coefficients", "deck.toml", "--out", "c.nc")[0] == 0
    Path("damaged").mkdir()
    Path("damaged/result.nc").write_bytes(Path("done/result.nc").read_bytes()[:5000])
    yield folder
    os.chdir(before)


def call(*typed):
    """(exit code, stdout, stderr) of a command line, in this process."""
    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["crstream", *typed]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv = argv
    return code, out.getvalue(), err.getvalue()


def judge(typed):
    if typed[0] == "sweep":
        typed = ("sweep", "--workers=0", *typed[1:])
    code, out, err = call(*typed)
    shown = (typed, code, out[-500:], err[-1500:])
    assert code in (0, 1, 2, 3), shown
    assert "Traceback" not in out + err, shown
    assert "internal error" not in err, shown
    assert code == 0 or code == 1 or err.strip(), shown
    if code == 1:
        assert typed[0] == "compare", shown
    return code, err


@pytest.mark.parametrize("count", COUNTS)
def test_any_command_line_ends_in_order(count, place):
    number, seconds = count
    stop, codes = time.monotonic() + seconds, set()

    @fuzz(number)
    @given(st.sampled_from(COMMANDS), st.sampled_from(NAMES), words)
    def run(command, name, more):
        if time.monotonic() < stop:
            codes.add(judge((command, name, *more))[0])

    run()
    assert {0, 2} <= codes


@pytest.mark.parametrize("count", COUNTS)
def test_any_override_of_a_good_deck_runs_or_is_refused(count, place):
    """What is refused leaves nothing behind; what is not leaves a result, also where the solver could not go on."""
    number, seconds = count
    stop, codes = time.monotonic() + seconds, []

    @fuzz(number)
    @given(overrides)
    def run(changes):
        if time.monotonic() < stop:
            out = Path(f"fuzz-{number}-{len(codes)}")
            steps = "--set=time.max_steps=15"
            code, _ = judge(("run", "deck.toml", "--no-figures", f"--out={out}", steps, *changes))
            codes.append(code)
            assert out.exists() == (out / "result.nc").exists() == (code != 2), (changes, code)
            shutil.rmtree(out, ignore_errors=True)

    run()
    assert {0, 2} <= set(codes) <= {0, 2, 3}
    assert number == LITTLE[0] or 3 in codes


# passages of a deck, and what may stand in their place: other values, other tables, other keys, and no TOML at all
PASSAGES = sorted(set(re.findall(r'[A-Za-z_]+ = |"[^"]*"|\b[0-9.]+\b|\[+[a-z.]+\]+|\{[^{}]*\}|\n', TINY)))
FILLINGS = (*WILD, '"1 kpc"', '"1e30 GV"', '"-1 cm-3"', '"landau"', '"none"', "4.3", "1e400", "[disc]\n", "[[layer]]\n",
            "x = ", "#", "\n", "\r", "\ufeff", "\u202e", '"""', "'''",
            "1979-05-27", '{ type = "file", path = "../x.nc" }', "= =")  # fmt: skip


@st.composite
def damaged_decks(draw):
    """The deck with one to four of its passages replaced, doubled or gone."""
    text = TINY
    for _ in range(draw(st.integers(1, 4))):
        passage = draw(st.sampled_from(PASSAGES))
        places = [match.start() for match in re.finditer(re.escape(passage), text)]
        if places:
            at = draw(st.sampled_from(places))
            filling = draw(st.sampled_from(FILLINGS) | junk | st.just(passage * 2) | st.just(""))
            text = text[:at] + filling + text[at + len(passage) :]
    return text


@pytest.mark.parametrize("count", COUNTS)
def test_any_deck_is_solved_or_refused(count, place):
    number, seconds = count
    stop, codes = time.monotonic() + seconds, []

    @fuzz(number)
    @given(damaged_decks())
    def run(text):
        if time.monotonic() < stop:
            Path("fuzzed.toml").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
            out = Path(f"fuzzed-{number}-{len(codes)}")
            limits = ("--set=time.max_steps=15", "--set=grid.z_cells=4", "--set=grid.rigidity_cells=2")
            code, err = judge(("run", "fuzzed.toml", "--no-figures", f"--out={out}", *limits))
            codes.append(code)
            assert out.exists() == (code != 2), (text, err)
            shutil.rmtree(out, ignore_errors=True)

    run()
    assert {0, 2} <= set(codes) <= {0, 2, 3}


@pytest.mark.parametrize("number", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_processes_end_as_calls_do(number, place):
    """The same as real processes: what a call in this process leaves behind for the next does not matter to them."""
    draw = random.Random(number)
    changes = [f"--set={key}={value}" for key, values in SENSE.items() for value in (*values, draw.choice(WILD))]
    for _ in range(number):
        chosen = [word.replace("\x00", "0") for word in draw.sample(changes, 2)]
        limits = ("--force", "--no-figures", "--set=time.max_steps=15")
        ended = process("run", "deck.toml", "--out", "process", *limits, *chosen)
        assert ended.code in (0, 2, 3), (chosen, ended.code, ended.err)
        assert "Traceback" not in ended.err, (chosen, ended.err)


@pytest.mark.parametrize(
    "typed", [(), ("",), ("bogus",), ("runn", "two_phase"), ("--bogus",), ("-",), ("--",), ("Run", "x")]
)
def test_no_command_or_none_of_ours(typed):
    code, out, err = call(*typed)
    assert code == 2
    assert "Traceback" not in out + err
    assert out + err
