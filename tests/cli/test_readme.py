"""What the README shows is run as it stands there: the commands in their order, then the Python example."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import problems

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TIMEOUT = 300  # seconds; a hanging command is a failure, its speed is none


def commands():
    """The lines of the section Commands, without the remarks behind them."""
    section = README.split("## Commands")[1].split("\n## ")[0]
    lines = re.findall(r"^    (\S.*)$", section, re.MULTILINE)
    return [re.split(r"\s{2,}", line)[0] for line in lines]


def run(words, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)


def test_the_commands_of_the_readme_in_their_order(tmp_path):
    (tmp_path / "problems").symlink_to(problems.FOLDER)
    shown = commands()
    assert len(shown) >= 10
    for line in shown:
        first, *others = shlex.split(line)
        done = run([*({"crstream": [sys.executable, "-m", "solver"]}.get(first, [first])), *others], tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (tmp_path / "out/two_phase/result.nc").is_file()
    assert (tmp_path / "out/two_phase/b_to_c.png").is_file()


def test_the_python_example_of_the_readme(tmp_path):
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    done = run([sys.executable, "-c", example], tmp_path)
    assert done.returncode == 0, done.stderr


def test_every_path_the_readme_names_is_in_the_tree():
    named = re.findall(r"`((?:solver|problems|scripts|tests|docs)/[\w./]*?)`", README) + re.findall(
        r"\((docs/[\w.]+)\)", README
    )
    assert named
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []
