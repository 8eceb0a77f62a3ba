"""Small decks, and the command line as a process of its own; how a command ended."""

import os
import subprocess
import sys
from dataclasses import dataclass

SMALL = ("--set", "grid.z_cells=6", "--set", "grid.rigidity_cells=4")

# two layers, two nuclei and boron, all that one deck may need: small enough to be solved in half a second
GALAXY = """\
title = "small Galaxy"
[grid]
z_max = "4 kpc"
z_cells = 8
rigidity_min = "1 GV"
rigidity_max = "1e3 GV"
rigidity_cells = 6
[species.proton]
source = { type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.3, radius = "10 kpc" }
[species.carbon]
source = { type = "power_law", amplitude = "8.7e-10 cm-2 s-1 GeV-3", slope = 4.3 }
[species.boron]
source = { type = "spallation", parent = "carbon", cross_section = "61 mbarn", conserves = "rigidity" }
[disc]
half_thickness = "200 pc"
density = "1.25 cm-3"
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

PROTONS = GALAXY[: GALAXY.index("[species.carbon]")] + GALAXY[GALAXY.index("[disc]") :]


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, what it printed, what it complained about."""

    code: int
    out: str
    err: str

    @property
    def complaints(self):
        """Lines on stderr without those of the live line."""
        return [line for line in self.err.splitlines() if line.strip() and not line.startswith(("step ", "  "))]

    def refused(self, *words):
        """Exit code 2 and one message that has all the words, without a traceback."""
        assert self.code == 2, (self.code, self.out, self.err)
        self.explained(*words)

    def explained(self, *words):
        assert "Traceback" not in self.out + self.err, self.err
        assert self.err.count("crstream: ") == 1, self.err
        for word in words:
            assert word in self.err, (word, self.err)


def process(*words, python=("-m", "solver"), cwd=None, timeout=120, **environment):
    """Run a command as a process; floating-point and other RuntimeWarnings are errors there too."""
    command = [sys.executable, "-W", "error::RuntimeWarning", *python, *map(str, words)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def tree(folder):
    """Relative paths of all that is below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
