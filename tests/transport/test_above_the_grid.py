"""What lies above the rigidity grid: spectra on it must not depend on where it ends, nor on how a run begins."""

import numpy as np
import pytest

import solver

SLOPE, SIGMA = 4.3, 1.3
DELTA = 0.5  # κ ∝ R^δ
HALO = {
    "grid": {"z_max": "5 kpc", "z_cells": 8, "rigidity_min": "1 GV", "rigidity_max": "100 GV", "rigidity_cells": 40},
    "physics": {"adiabatic": False},
    "species": {"proton": {"source": {"type": "power_law", "slope": SLOPE, "amplitude": "3e-8 cm-2 s-1 GeV-3"}}},
    "layer": [{"top": "5 kpc", "scattering": [{"type": "given", "kappa": "1e28 cm2 s-1", "slope": DELTA}]}],
    "time": {"method": "direct"},
}


def deck(rate, b, **changes):
    """Losses −ṗ/p = rate at 100 GV, ∝ R^b, in the disc."""
    losing = {"half_thickness": "100 pc", "loss_processes": [{"type": "given", "rate": f"{rate * 100.0**-b} s-1", "slope": b}]}
    return solver.Deck.from_dict(HALO | {"disc": losing} | changes)


@pytest.mark.parametrize("b", [-1.0, 0.5, 1.0, 1.3, 2.0])
def test_what_is_only_lost_has_its_exact_spectrum_up_to_the_end(b):
    """Nothing escapes at rest through an open top: B N = ∫ Q p³ dx = Q p³/σ above p, f = Q/(σ B), to rounding of 40 rows."""
    closed = deck(1e-15, b, boundary={"top": {"type": "outflow"}})
    data = solver.run(closed).dataset
    R, height = data.rigidity.values, float(closed.disc.half_thickness)
    exact = 3e-8 * R**-SLOPE / (SIGMA * height * 1e-15 * (R / 100.0) ** b)
    np.testing.assert_allclose(data.f.values[0, 0], exact, rtol=1e-9)


@pytest.mark.parametrize("b", [-1.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("rate", [1e-15, 1e-14, 1e-13, 1e-12])
def test_where_the_grid_ends_matters_little(rate, b):
    """Against a grid of three decades more, from losses of 0.06 of what leaves to 0.98.

    f = Q/(E + (s − b) B) at the top with the slope s of N there, taken as σ + λ b + (1 − λ) δ, λ the share of losses.  λ is known
    to some 0.1 and changes with R; |b − δ| <= 1.5 of that is 0.15 of σ, 0.12 of f at most, and as much again for curvature.
    Further down it falls with the flux from above, as the content, at least.
    """
    here = solver.run(deck(rate, b)).dataset.f.values[0, 0]
    more = HALO["grid"] | {"rigidity_max": "1e5 GV", "rigidity_cells": 100}
    there = solver.run(deck(rate, b, grid=more)).dataset.f.values[0, 0, :41]
    off = np.abs(here / there - 1.0)
    assert off[-1] <= 0.24
    assert off[:21].max() <= 0.24 * 10**-SIGMA


@pytest.mark.parametrize("rate", [1e-14, 1e-13, 1e-12])
@pytest.mark.parametrize("b", [0.5, 1.0, 2.0])
def test_where_the_grid_ends_matters_little_to_secondaries_too(rate, b):
    """They come from what is steeper than its source already: twice the error above, once for that slope."""
    nuclei = {"carbon": {"source": {"type": "power_law", "slope": SLOPE, "amplitude": "1e-10 cm-2 s-1 GeV-3"}},
              "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "60 mbarn"}}}  # fmt: skip
    species = HALO["species"] | nuclei
    here = solver.run(deck(rate, b, species=species)).dataset.f.values[2, 0]
    more = HALO["grid"] | {"rigidity_max": "1e5 GV", "rigidity_cells": 100}
    there = solver.run(deck(rate, b, grid=more, species=species)).dataset.f.values[2, 0, :41]
    off = np.abs(here / there - 1.0)
    assert off[-1] <= 0.48
    assert off[:21].max() <= 0.48 * 10**-SIGMA


def test_a_steady_state_has_forgotten_the_slope_it_began_with():
    """A source given as a table has the slope of its last interval above the grid, whatever the start of the run."""
    Q = [f"{3e-8 * R**-SLOPE} cm-2 s-1 GeV-3" for R in (1, 100)]
    table = {"type": "table", "rigidity": ["1 GV", "100 GV"], "Q": Q}
    wanted = solver.run(deck(1e-13, 0.5)).dataset.f.values
    for slope in (2.0, 6.0):
        start = {"type": "power_law", "amplitude": "1e-15 cm-3 GeV-3", "slope": slope}
        made = deck(1e-13, 0.5, initial=start, species={"proton": {"source": table}}, time={"method": "march"})
        np.testing.assert_allclose(solver.run(made).dataset.f.values, wanted, rtol=1e-8)


@pytest.mark.parametrize("schedule", [{}, {"schedule": {"type": "switch", "on": "1 Myr"}}])
def test_share_of_losses_does_not_depend_on_when_a_source_is_on(schedule):
    from solver.transport.scales import above_the_grid

    source = HALO["species"]["proton"]["source"] | schedule
    problem = solver.Model(deck(1e-13, 0.5, species={"proton": {"source": source}})).transport_problem()
    losing, steeper = above_the_grid(problem)
    assert losing[0] == pytest.approx(0.861, rel=1e-2)
    assert steeper[0] == pytest.approx((1 - losing[0]) * DELTA, rel=0.1)  # β of protons at 100 GV still rises by 1e-4


@pytest.mark.parametrize("end", ["20 Myr", "20 Gyr"])
def test_spectra_do_not_depend_on_when_their_source_was_switched_on(end):
    """A source on from 11 Myr on makes in a time what one on from the start makes in it, up to the time steps' errors."""
    nuclei = {"proton": HALO["species"]["proton"],
              "carbon": {"source": {"type": "power_law", "slope": SLOPE, "amplitude": "1e-10 cm-2 s-1 GeV-3"}},
              "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "60 mbarn"}}}  # fmt: skip
    later = {name: {"source": {**spec["source"], "schedule": {"type": "switch", "on": "11 Myr"}}} if name != "boron" else spec
             for name, spec in nuclei.items()}  # fmt: skip
    rtol = 1e-4
    until = float(end.split()[0]) * {"Myr": 1.0, "Gyr": 1e3}[end.split()[1]]
    runs = [solver.run(deck(1e-13, 1.0, species=species, time={"end": f"{until + delay} Myr", "rtol": rtol})).dataset.f.values
            for species, delay in ((nuclei, 0.0), (later, 11.0))]  # fmt: skip
    size = np.abs(runs[0]).max(1, keepdims=True)
    assert (np.abs(runs[1] - runs[0]) / size).max() <= 6 * rtol  # each within three times rtol (docs/performance.md)
