"""Particles that are protons in all but name are transported as the protons are, whose waves scatter them.

Of the protons' own flux law the nuclei see κ(z, R) alone, so nothing makes the two agree but the physics being the same.
"""

import numpy as np
import pytest
from slabs import march, slab, solve

# Two solves of the same equations by different linearisations, each to 1e-10 of the throughput of its rows: 2e-10 of f, times
# ten for what the fluxes' error sums up to along z.
SAME = 2e-9


def linear(s, grows=0.0):
    """S that leaves the same mark on all rigidities of a source R^−4.3, and grows with height."""
    return lambda z, R, layer: s * (1 + grows * z) * R**-4.3


def landau(x, grows=0.0):
    """X of the same kind."""
    return lambda z, R, layer: x * (1 + grows * z) * R**-2.15


def rising(z, layer):
    return 1 + 2 * z


LAWS = {
    "no waves to speak of": {"v": rising, "confined": False, "nu": 0.5},
    "linear damping": {"v": rising, "S": linear(0.3), "nu": 1e-4},
    "Landau damping": {"v": rising, "X": landau(0.2), "nu": 0.05},
    "both": {"v": rising, "S": linear(0.3), "X": landau(0.02), "nu": 0.005},
    "both, varying": {"S": linear(0.4, 0.8), "X": landau(0.4, 0.8), "nu": 0.05},
    "another power": {"v": rising, "S": linear(0.3), "others": {2.5: lambda z, R, layer: 0.4 * R ** (-4.3 / 3.5)}, "nu": 0.05},
    "heated and cooled": {"v": lambda z, layer: 1 + 0.8 * np.sin(6 * z), "S": linear(0.3), "X": landau(0.3), "nu": 0.05},
    "losses": {"X": landau(0.3), "disc_loss": lambda R: 0.5 / R, "bulk_loss": lambda z, R, layer: 0.3 / R + 0 * z, "nu": 0.05},
    "layers": {"tops": (0.4, 1.0), "confined": lambda layer: layer == 1, "v": lambda z, layer: 0.5 + layer,
               "X": landau(0.3), "nu": 0.3},
    "undamped": {"v": rising, "nu": 0.05},
}


def apart(f):
    """Largest difference of protons and twins, of the row's largest f."""
    return float(np.max(np.abs(f[1] - f[0]) / f[0].max(-1, keepdims=True)))


@pytest.mark.parametrize("top", [0.0, None], ids=["zero", "outflow"])
@pytest.mark.parametrize("cells", [12, 60])
@pytest.mark.parametrize("law", LAWS)
def test_twins_of_protons_end_where_protons_do(law, cells, top):
    """Steady, on coarse grids and finer ones."""
    run = solve(slab(cells, R=(1.0, 30.0, 8), species=2, top=top, **LAWS[law]))
    assert run.outcome.converged
    assert apart(run.f) < SAME


@pytest.mark.parametrize("law", LAWS)
def test_twins_of_protons_are_where_protons_are(law):
    """While f still grows, after a few steps of a march."""
    seen = march(slab(16, R=(1.0, 30.0, 5), species=2, top=0.0, **LAWS[law]), end=0.1)
    f = seen.state.u * seen.F[:, :, None]
    assert f[0].max() > 0.0
    assert apart(f) < SAME


def errors_of_nuclei(law, top, *cells):
    """Errors against 1600 cells, of the row's largest f, of protons and of nuclei of twice and half their optical depth, lost
    to a sink: the largest of all rows, by species."""
    nuclei = {"R": (1.0, 30.0, 6), "species": 3, "ratio": [[1.0], [2.0], [0.5]], "sink": 0.5, "top": top}
    f = {n: solve(slab(n, **nuclei, **LAWS[law])).f for n in (*cells, 1600)}
    return [(np.abs(f[n] - f[1600][..., :: 1600 // n]).max(-1) / f[1600].max(-1)).max(-1) for n in cells]


@pytest.mark.parametrize("law", ["Landau damping", "both, varying", "another power"])
def test_other_nuclei_are_of_second_order_too(law):
    """Errors fall by four as cells are halved, at least by three where coarser grids are not yet in that range."""
    coarse, fine = errors_of_nuclei(law, 0.0, 80, 160)
    assert (coarse > 3.0 * fine).all()


def test_other_nuclei_are_as_accurate_as_protons_in_streaming_waves():
    """Where protons stream the length over which their κ changes is theirs alone; the place of the front, to a part of a cell,
    is what errors are made of, those of nuclei within three times those of protons (a hundred times if δ were not felt)."""
    for protons, *nuclei in errors_of_nuclei("linear damping", None, 40, 80, 160):
        assert max(nuclei) < 3.0 * protons
