"""Decks on which a solve once failed, each as small as it would go, solved directly from zero and noise and by march."""

import tomllib
from pathlib import Path

import pytest
from random_decks import Case
from run_decks import run

DECKS = {path.stem: path for path in sorted((Path(__file__).parent / "regressions").glob("*.toml"))}
NO_STEADY_STATE = {"compression_at_an_interface", "wind_towards_the_disc", "wind_towards_the_disc_with_undamped_waves",
                   "compression_under_nonlinear_damping"}
UNDECIDED = {"singular_factor_with_nuclei"}  # a verified answer, or the statement that there is none
FLAT = "the lower layer's flux is taken from a slope that is all rounding; the balance of fluxes would know it"
KNOWN = {}
KNOWN_OLD = {
    ("closed_top_linear_damping", "march", "zero"): "steps do not end: f at the edge of what double precision knows of it",
    ("closed_top_nonlinear_damping", "march", "zero"): "steps do not end: f at the edge of what double precision knows of it",
    ("singular_factor_with_nuclei", "direct", "noise"): "steps do not end, nor is it said that there is no steady state",
    ("singular_factor_with_nuclei", "march", "zero"): "steps do not end, nor is it said that there is no steady state",
    ("unequal_layers_at_rest", "direct", "zero"): FLAT,
    ("unequal_layers_at_rest", "direct", "noise"): FLAT,
    ("unequal_layers_at_rest", "march", "zero"): FLAT,
}
WAYS = (("direct", "zero"), ("direct", "noise"), ("march", "zero"))


def cases():
    for name in DECKS:
        for method, start in WAYS:
            reason = KNOWN.get((name, method, start))
            marks = [pytest.mark.xfail(reason=reason)] if reason else []
            marks += [pytest.mark.slow] if reason and name in UNDECIDED else []
            yield pytest.param(name, method, start, marks=marks, id=f"{name}-{method}-{start}")


@pytest.mark.parametrize(("name", "method", "start"), list(cases()))
def test_deck_that_once_failed(name, method, start, tmp_path):
    raw = tomllib.loads(DECKS[name].read_text())
    raw["time"] = {"end": "steady", "method": method, "max_steps": 100}
    record = run(Case(name, "", "", method, start, raw, seed=1), tmp_path, limit=10)
    expected = "no steady state" if name in NO_STEADY_STATE else "converged"
    assert record.good if name in UNDECIDED else record.outcome == expected, f"{record.outcome}: {record.message}"
