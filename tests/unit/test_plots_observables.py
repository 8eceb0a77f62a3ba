"""Figures of transport and escape for every kind of deck, and shares of power that make one."""

import numpy as np
import pytest
import xarray as xr

import solver
from solver import observables
from solver.figures import observed

DECKS = ("two_phase", "turbulent_galaxy", "linear_damping", "boron_losses", "combined_damping", "streaming")


@pytest.fixture(scope="module")
def solved():
    """name -> a quickly solved result of a shipped steady deck."""
    known = {}

    def get(name):
        if name not in known:
            deck = solver.load(name)
            changes = {
                "grid.z_cells": min(deck.grid.z_cells, 16),
                "grid.rigidity_cells": min(deck.grid.rigidity_cells, 24),
            }
            known[name] = solver.run(deck.replace(changes | {"time.method": "direct"}))
        return known[name]

    return get


@pytest.mark.parametrize("name", DECKS)
def test_figures_can_be_drawn(solved, name):
    result = solved(name)
    for draw in (observed.transport, observed.escape):
        figure = draw(result)
        figure.draw_without_rendering()


def test_legend_of_shares_has_every_species_and_every_layer_once(solved):
    share = observed.escape(solved("two_phase")).axes[1]
    texts = [text.get_text() for text in share.get_legend().get_texts()]
    assert texts == ["proton", "carbon", "boron", "warm", "halo", ""]
    assert len(share.lines) == 7


@pytest.mark.parametrize(("name", "changes", "adiabatic", "rest"), [
    ("two_phase", {}, "adiabatic, to waves", "below the grid"),
    ("two_phase", {"layer.halo.wind": "50 km/s"}, "adiabatic, to waves and wind", "below the grid"),
    ("turbulent_slab", {}, "adiabatic", "below the grid"),
    ("two_phase", {"time.end": "1 Myr", "species.carbon.destruction": {"cross_section": "230 mbarn"}},
     "adiabatic, to waves", "below the grid, destroyed or stored"),
])  # fmt: skip
def test_power_is_called_by_what_the_deck_has(name, changes, adiabatic, rest):
    deck = solver.load(name).replace(changes)
    labels = observed.power_labels(xr.Dataset(attrs={"deck": deck.to_json()}))
    assert (labels["adiabatic"], labels["rest"]) == (adiabatic, rest)


def test_figures_after_the_source_say_so():
    deck = solver.load("slab_transient").replace({
        "grid.z_cells": 10, "grid.rigidity_cells": 6, "time.end": "2 Myr",
        "species.proton.source.schedule": {"type": "switch", "off": "1 Myr"},
    })  # fmt: skip
    result = solver.run(deck)
    transport, escape = observed.transport(result), observed.escape(result)
    for ax in [*transport.axes[:3], escape.axes[3]]:
        assert "no source at this time" in [text.get_text() for text in ax.texts]
    assert escape.axes[3].get_legend() is None


@pytest.mark.parametrize("name", DECKS)
def test_shares_of_power_add_up_and_none_is_negative(solved, name):
    shares = observables.power_shares(solved(name).dataset)
    given = np.isfinite(shares.values).all(axis=0)
    assert shares.values[:, given].sum(axis=0) == pytest.approx(1.0)
    if name != "streaming":  # f is given at the top, power enters there
        # second order in Δ ln p, which is up to 0.6 here: a tenth
        assert shares.values[:, given].min() > -0.1
