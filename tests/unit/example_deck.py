"""The deck of the two-phase Galaxy that the deck tests read, change and break."""

EXAMPLE = """\
title = "two-phase Galaxy"
[grid]
z_max = "10 kpc"
z_cells = 400
z_spacing = "uniform"       # or "stretched"
rigidity_min = "0.1 GV"
rigidity_max = "1e6 GV"
rigidity_cells = 140
[physics]
adiabatic = true
[species.proton]
source = { type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.3, radius = "10 kpc" }
[species.carbon]
source = { type = "power_law", slope = 4.3, amplitude = "1e-9 cm-2 s-1 GeV-3" }
[species.boron]
source = { type = "spallation", parent = "carbon", cross_section = "61 mbarn", conserves = "rigidity" }
[disc]
half_thickness = "200 pc"
density = "1.25 cm-3"
losses = "flux"
loss_processes = ["ionisation"]
[[layer]]
name = "warm"
top = "500 pc"
plasma = { B = "6 uG", n = "0.2 cm-3", T = "1e4 K" }
streaming = { type = "none" }
damping = []
scattering = [ { type = "fast_modes", Ma = 0.6, L = "50 pc" } ]
[[layer]]
name = "halo"
top = "10 kpc"
plasma = { B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }
streaming = { type = "alfven" }
damping = [ { type = "landau" } ]
scattering = []
[boundary]
top = { type = "zero" }
[time]
end = "steady"
[initial]
type = "zero"
"""


def write(folder, text, name="deck.toml"):
    """Write a deck and return its path as text, the way a user would give it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def swap(old, new, text=EXAMPLE):
    """The example with one passage replaced; the passage must be there once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)
