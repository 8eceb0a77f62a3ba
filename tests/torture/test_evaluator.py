"""The evaluator itself: it accepts exact fluxes, and notices every kind of wrong answer it is there to notice."""

import numpy as np
import pytest
import two_point
from evaluator import Evaluator, findings
from growth import existence
from random_decks import deck_of
from scipy.special import lambertw

import solver
from solver.model import Model
from solver.transport.law import FaceLaw

RNG = np.random.default_rng(11)
COUNT = 300


def faces(S=0.0, X2=0.0, nu=1e-14, v=None, confined=True):
    """Random faces over decades with a falling f."""
    power = lambda low, high: 10 ** RNG.uniform(low, high, COUNT)  # noqa: E731
    fall, high = power(-3, 3), power(-3, 1)
    fill = lambda x: np.broadcast_to(np.asarray(x, float), (COUNT,)).copy()  # noqa: E731
    v = power(-3, 2) if v is None else fill(v)
    return two_point.Faces(low=fall + high, high=high, dz=power(-2, 0), v=v, S=fill(S), X2=fill(X2), nu=fill(nu),
                           confined=np.full(COUNT, confined))


# ---- the two-point problem ---------------------------------------------------------------------------------------------


def test_flux_without_waves_is_that_of_advection_and_diffusion():
    """F = v (f_low − f_high e^{−P})/(1 − e^{−P}), P = v Δz ν."""
    f = faces(nu=10 ** RNG.uniform(-3, 2, COUNT), confined=False)
    P = np.minimum(f.v * f.dz * f.nu, 300.0)
    exact = f.v * (f.low + (f.low - f.high) / np.expm1(P))
    np.testing.assert_allclose(two_point.flux(f), exact, rtol=10 * two_point.QUADRATURE)


def test_flux_of_nonlinear_damping_alone():
    """1/q_low − 1/q_high = v Δz/X² and q_high = q_low + v Δf: a quadratic."""
    f = faces(X2=10 ** RNG.uniform(-4, 4, COUNT))
    drop, depth = f.v * (f.low - f.high), f.v * f.dz / f.X2
    q = 0.5 * (-drop + np.sqrt(drop**2 + 4 * drop / depth))
    np.testing.assert_allclose(two_point.flux(f), f.v * f.low + q, rtol=10 * two_point.QUADRATURE)


def test_flux_of_linear_damping_saturates():
    """F = v f_low + s S with s − ln s = 1 + v Δz ν once f falls by more than (1 − s) S/v."""
    f = faces(S=10 ** RNG.uniform(-5, -3, COUNT), nu=10 ** RNG.uniform(-6, -1, COUNT), v=1.0)
    s = -lambertw(-np.exp(-1 - f.dz * f.nu)).real
    assert np.all(f.low - f.high > f.S)
    np.testing.assert_allclose(two_point.flux(f), f.low + s * f.S, rtol=10 * two_point.QUADRATURE)


def test_crossing_where_linear_damping_all_but_carries_the_flux():
    """v Δz = X² ∫ dq/(q (q − S)) without other scattering, q from S(1 + 1e-6) to 2 S on; rounding of q − S is 1e-10 of it."""
    f = faces(S=0.3, X2=2.0, nu=0.0)
    apart, fall = 10 ** RNG.uniform(-6, 0, COUNT), f.low - f.high
    q, end = 0.3 * (1 + apart), 0.3 * (1 + apart) + f.v * fall
    exact = 2.0 / (f.v * 0.3) * np.log((end - 0.3) / (0.3 * apart) * q / end)
    certain = f.v * fall > 2e-5 * q  # below that κ in the middle counts, and the evaluator looks no closer
    np.testing.assert_allclose(f.crossing(q, fall)[certain], exact[certain], rtol=2 * two_point.QUADRATURE)


@pytest.mark.parametrize("S", [0.0, 0.3])
@pytest.mark.parametrize("X2", [0.0, 2.0])
def test_bracket_holds_the_true_flux_and_nothing_else(S, X2):
    f = faces(S=S, X2=X2, nu=0.1)
    F = two_point.flux(f)
    margin = 1e-5 * np.abs(F) + 1e-5 * f.v * f.low
    assert f.below(F - margin, f.low, f.high).all()
    assert not f.below(F + margin, f.low, f.high).any()
    assert f.above(F + margin, f.low, f.high).all()
    assert not f.above(F - margin, f.low, f.high).any()


def test_rising_and_falling_f_have_opposite_diffusive_fluxes_at_rest():
    f = faces(S=0.3, X2=2.0, nu=0.1, v=0.0)
    turned = two_point.Faces(**{**vars(f), "low": f.high, "high": f.low})
    np.testing.assert_allclose(two_point.flux(turned), -two_point.flux(f), rtol=1e-9)


@pytest.mark.parametrize("S", [False, True])
def test_closed_form_of_the_solver_is_as_near_as_the_evaluator_allows(S):
    """The allowances of Evaluator._fit and _fit_share bound what the solver's flux law leaves where X and ν act together."""
    power = lambda low, high: 10 ** RNG.uniform(low, high, COUNT)  # noqa: E731
    f = faces(S=power(-3, 3) * S, X2=power(-6, 6), nu=power(-8, 1))
    law = FaceLaw(f.S, np.sqrt(f.X2), f.v * f.dz, f.confined)
    a = (f.low - f.high) / f.dz
    F = f.v * f.low + law.q(a, f.nu)
    true, (waves, _) = two_point.flux(f), two_point.waves(f)
    assert np.all(np.abs(F - true) <= Evaluator._fit(f, F) + 1e-5 * np.abs(true))
    depth, _ = law.depth(a, nu=f.nu)
    assert np.all(np.abs(depth - waves) <= Evaluator._fit_share(f) * np.maximum(depth, waves) + 1e-5 * f.nu)


# ---- answers that are wrong --------------------------------------------------------------------------------------------


DAMPING = {"linear": [{"type": "given_S", "S": "1e-9 cm-2 s-1 GeV-3", "slope": -4.2}],
           "nonlinear": [{"type": "given_X", "X": "3e9 GeV(-3/2) s-1"}]}


@pytest.fixture(scope="module", params=DAMPING)
def answer(request):
    """A result with damping, nuclei and losses, which the evaluator accepts."""
    deck = solver.Deck.from_dict({
        "grid": {"z_max": "4 kpc", "z_cells": 16, "rigidity_min": "1 GV", "rigidity_max": "100 GV", "rigidity_cells": 10},
        "species": {"proton": {"source": {"type": "power_law", "amplitude": "1e-9 cm-2 s-1 GeV-3", "slope": 4.3}},
                    "carbon": {"source": {"type": "power_law", "amplitude": "1e-12 cm-2 s-1 GeV-3", "slope": 4.3}},
                    "boron": {"source": {"type": "spallation", "parent": "carbon", "cross_section": "61 mbarn"}}},
        "layer": [{"top": "4 kpc", "streaming": {"type": "given", "v": "40 km/s"}, "damping": DAMPING[request.param]}],
        "time": {"method": "direct"},
    })
    result = solver.run(deck)
    assert findings(result) == []
    return result


def judged(result, change):
    """Names of the checks that fail once `change(evaluator)` has altered what it looks at."""
    evaluator = Evaluator(result)
    evaluator.f, evaluator.flux = evaluator.f.copy(), evaluator.flux.copy()
    change(evaluator)
    return {finding.check for finding in evaluator.findings()}


def test_negative_f_is_noticed(answer):
    def change(e):
        e.f[0, 3, 5] = -1e-6 * e.f[0, 3].max()

    assert "positivity" in judged(answer, change)


def test_not_a_number_is_noticed(answer):
    def change(e):
        e.flux[1, 0, 0] = np.nan

    assert judged(answer, change) == {"finite"}


def test_particles_made_on_the_way_are_noticed(answer):
    """A flux that grows by 1e-7 at one height."""
    def change(e):
        e.flux[0, 2, 7:] *= 1 + 1e-7

    assert "conservation" in judged(answer, change)


def test_wrong_f_with_conserved_flux_is_noticed(answer):
    """f of one species off by 1e-4 at one height: the flux is right, but for another f."""
    for s in range(3):
        def change(e, s=s):
            e.f[s, 1, 6] *= 1 + 1e-4

        assert "flux law" in judged(answer, change), s


def test_wrong_source_is_noticed(answer):
    def change(e):
        e.f[0], e.flux[0] = 1.01 * e.f[0], 1.01 * e.flux[0]

    assert judged(answer, change) >= {"conservation", "budget"}


def test_wrong_waves_are_noticed(answer, monkeypatch):
    """Damping off by 1e-3: f and flux belong together by another law."""

    def change(e):
        for name in ("S", "X"):
            monkeypatch.setattr(e.model, name, getattr(e.model, name) * (1 + 1e-3))

    assert judged(answer, change) == {"flux law"}


def test_wrong_top_is_noticed(answer):
    def change(e):
        e.f[0, :, -1] = 1e-3 * e.f[0, :, 0]

    assert "top value" in judged(answer, change)


# ---- existence -----------------------------------------------------------------------------------------------------------


def one_layer(**layer):
    """A deck of one layer with a source of 1e-9 at 1 GV."""
    return {
        "grid": {"z_max": "4 kpc", "z_cells": 10, "rigidity_min": "1 GV", "rigidity_max": "10 GV", "rigidity_cells": 5},
        "species": {"proton": {"source": {"type": "power_law", "amplitude": "1e-9 cm-2 s-1 GeV-3", "slope": 4.3}}},
        "disc": {"losses": "none"}, "layer": [{"top": "4 kpc"} | layer],
    }


def verdict(raw):
    return existence(Model(solver.Deck.from_dict(raw))).verdict


def damping(S):
    return [{"type": "given_S", "S": f"{S} cm-2 s-1 GeV-3", "slope": -4.3}]


def test_what_flows_out_has_a_steady_state():
    assert verdict(one_layer(streaming={"type": "given", "v": "40 km/s"}, damping=damping(1e-12))) == "exists"


@pytest.mark.parametrize(("S", "expected"), [(0.5e-9, "none"), (2e-9, "undecided")])
def test_waves_at_rest_pass_no_more_than_S(S, expected):
    """v = 0, no loss: none for S < Q.  For S > Q there is one, which this test does not claim to know."""
    assert verdict(one_layer(damping=damping(S))) == expected


def test_losses_at_the_disc_make_up_for_weak_damping():
    raw = one_layer(damping=damping(1e-12))
    raw["disc"] = {"losses": "flux", "loss_processes": [{"type": "given", "rate": "1e-15 s-1"}]}
    assert verdict(raw) == "exists"


@pytest.mark.parametrize(("power", "expected"), [(0.5, "exists"), (-0.5, "exists"), (-3.0, "none")])
def test_compression_that_heats_faster_than_the_flow_carries_out(power, expected):
    """v ∝ z^power with next to no diffusion: (α − 3)|∂v/∂z|/3 against v/H; α = 8.3 here."""
    raw = one_layer(streaming={"type": "given", "v": "40 km/s"}, profile={"z0": "0.4 kpc", "v": power}, self_confined=True)
    raw["species"]["proton"]["source"]["slope"] = 8.3
    raw["boundary"] = {"top": {"type": "outflow"}}
    assert verdict(raw) == expected


def test_verdict_on_decks_that_were_solved():
    """Seeds whose answers the evaluator accepts are never said to have none."""
    for seed in (2, 5, 8, 9, 13, 16, 19, 21, 22, 25, 29):
        assert verdict(deck_of(seed).raw) != "none", seed
