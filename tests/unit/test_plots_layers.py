"""The picture of a deck says what the deck says: layers, plasma, waves, scatterers, the disc."""

import pytest

import problems
import solver
from solver.figures import layers


def words(deck):
    figure = layers.layers(deck)
    (ax,) = figure.axes
    return "\n".join(text.get_text() for text in [*ax.texts, ax.title])


@pytest.mark.parametrize("name", problems.list_problems())
def test_every_shipped_deck_can_be_drawn(name):
    deck = solver.load(name)
    said = words(deck)
    for layer in deck.layer:
        assert (layer.name or "layer") in said


def test_the_two_phase_galaxy_in_words():
    said = words(solver.load("two_phase"))
    for part in (
        "nonlinear Landau damping",
        "fast-mode turbulence",
        r"$T$ = $3\times 10^{6}$ K",
        r"$\beta$ = 31",
        "39.8 km",
        "61 mb",
        "$f = 0$",
    ):
        assert part in said, (part, said)


def test_what_nothing_scatters_and_what_nothing_damps_is_said():
    deck = solver.load("layered").replace({"layer.warm.scattering": [], "layer.halo.damping": []})
    said = words(deck)
    assert "nothing scatters" in said
    assert "waves that nothing damps" in said
