"""The picture of a deck says what the deck says: layers, plasma, waves, scatterers, the disc."""

from itertools import pairwise

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


def test_words_stay_within_their_layer_and_the_picture():
    many = [{"type": "turbulent", "L": "100 pc", "Ma": 0.5}, {"type": "ion_neutral", "neutral_density": "1e-4 cm-3"}, "landau"]
    deck = solver.load("two_phase").replace({"layer.halo.damping": many, "layer.halo.wind": "75 km/s",
        "layer.halo.scattering": [{"type": "kolmogorov", "L": "100 pc", "Ma": 0.5}]})  # fmt: skip
    figure = layers.layers(deck)
    figure.draw_without_rendering()
    (ax,) = figure.axes
    edges = ax.get_yticks()
    panel = ax.get_window_extent()
    for text in ax.texts:
        assert text.get_window_extent().x1 <= panel.x1, text.get_text()
        low, high = ax.transData.inverted().transform(text.get_window_extent().get_points())[:, 1]
        if text.get_position()[0] == 2.75:
            inside = [a <= low and high <= b for a, b in pairwise(edges)]
            assert any(inside), text.get_text()


def test_what_nothing_scatters_and_what_nothing_damps_is_said():
    deck = solver.load("layered").replace({"layer.warm.scattering": [], "layer.halo.damping": []})
    said = words(deck)
    assert "nothing scatters" in said
    assert "waves that nothing damps" in said
