"""A layer has one name everywhere: its own, or the number that keys of the deck count it by."""

import pytest

import solver
from solver.describe import describe
from solver.errors import DeckError
from solver.figures.layers import layers
from solver.result import build_coefficients

CROSSED = {"streaming": "none", "damping": [], "scattering": []}  # nothing holds particles, which a warning says


def named(lower, upper):
    tops = [{"top": "1 kpc"}, {"top": "4 kpc"}]
    names = [{} if name is None else {"name": name} for name in (lower, upper)]
    tables = [{**name, **top, **CROSSED} for name, top in zip(names, tops, strict=True)]
    return solver.load("streaming", {"layer": tables, "grid.z_max": "4 kpc"})


def test_layers_without_names_are_counted_as_in_keys():
    deck = named(None, "halo")
    model = solver.Model(deck)
    assert list(build_coefficients(model).dataset.layer.values) == ["layer 0", "halo"]
    assert [text.partition(":")[0] for text in model.warnings] == ["layer 0", 'layer "halo"']
    page = describe(deck)
    assert "\n  layer 0: 0–1 kpc" in page
    assert "\n  halo: 1–4 kpc" in page
    words = [text.get_text() for text in layers(deck).axes[0].texts]
    assert {"layer 0", "halo"} <= set(words)
    assert deck.replace({"layer.0.wind": "1 km/s"}).layer[0].wind > 0


@pytest.mark.parametrize(("lower", "says"), [(None, "the top of layer 0"), ("warm", 'the top of layer "warm"')])
def test_faults_call_layers_by_the_same_names(lower, says):
    with pytest.raises(DeckError) as error:
        named(lower, "halo").replace({"layer.1.top": "0.5 kpc"})
    assert says in str(error.value)
