"""Processes of a deck: the coefficients a model gets are exactly those of the physics functions, combined by the rules.

S adds, X² adds, 1/κ adds, speeds add, loss rates add; profiles multiply coefficients or act through the plasma; nuclei get
κ at their own speed; validity warnings are collected; what a formula refuses is a fault of the deck.
"""

import numpy as np
import pytest

import solver
from solver import particles
from solver.constants import KPC, MYR, PC, YEAR, C
from solver.deck import load
from solver.errors import DeckError
from solver.formulas import LINEAR, LOSSES, NONLINEAR, SCATTERING
from solver.model import Model
from solver.physics import fast_modes, losses, phenomenological, shocks
from solver.physics import self_confinement as sc
from solver.physics.plasma import Plasma
from solver.result import build_coefficients, open_coefficients

SAME = {"rtol": 1e-12}  # the same formulas on the same numbers: rounding only
HALO = Plasma(1e-6, 3e-3, 3e6)
B_N_T = 'plasma = { B = "1 uG", n = "0.003 cm-3", T = "3e6 K" }'

DECK = """\
[grid]
z_max = "10 kpc"
z_cells = 6
rigidity_min = "0.1 GV"
rigidity_max = "1e4 GV"
rigidity_cells = 10
[species.proton]
source = { type = "power_law", amplitude = "1e-4 cm-2 s-1 GeV-3", slope = 4.3 }
[species.carbon]
source = { type = "power_law", amplitude = "1e-7 cm-2 s-1 GeV-3", slope = 4.3 }
[disc]
half_thickness = "200 pc"
density = "1.25 cm-3"
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """model(*layers, …): the model of DECK with layers given as text; the last one reaches to 10 kpc."""
    monkeypatch.setenv("CRSTREAM_CACHE", str(tmp_path / "tables"))

    def make(*layers, head="", text=DECK):
        tops = [f"{(i + 1) * 10 / len(layers):g} kpc" for i in range(len(layers))]
        blocks = [
            f'[[layer]]\nname = "l{i}"\ntop = "{top}"\n{layer}\n'
            for i, (top, layer) in enumerate(zip(tops, layers, strict=True))
        ]
        path = tmp_path / "deck.toml"
        path.write_text(text + head + "\n" + "".join(blocks), encoding="utf-8")
        return Model(load(str(path)))

    return make


def layer(**keys):
    """A layer's text with the halo's plasma: layer(damping='[ … ]')."""
    return "\n".join([B_N_T, *(f"{key} = {value}" for key, value in keys.items())])


# ---------------------------------------------------------------- one process at a time

DAMPING = {
    "turbulent": (
        '{ type = "turbulent", L = "100 pc", Ma = 0.7 }',
        lambda R: sc.S_from_rate(sc.turbulent_damping_rate(HALO, R, 100 * PC, 0.7), HALO, R),
    ),
    "rate": (
        '{ type = "rate", rate = "1e-11 s-1", at = "10 GV", exponent = 0.4 }',
        lambda R: sc.S_from_rate(sc.power_law_rate(1e-11, 10, 0.4, R), HALO, R),
    ),
    "dust": (
        '{ type = "dust", rate = "1e-12 s-1", at = "2 GV" }',
        lambda R: sc.S_from_rate(sc.power_law_rate(1e-12, 2, 0.75, R), HALO, R),
    ),
    "ion_neutral": (
        '{ type = "ion_neutral", neutral_density = "1e-3 cm-3", temperature = "1e4 K" }',
        lambda R: sc.S_from_rate(0.5 * 8.4e-9 * 1e-3, HALO, R),
    ),
    "given_S": ('{ type = "given_S", S = "1e-9 cm-2 s-1 GeV-3", slope = -3.4 }', lambda R: 1e-9 * R**-3.4),
    "landau": ('{ type = "landau", prefactor = 2.0 }', lambda R: sc.landau_X(HALO, R) * np.sqrt(2)),
    "pressure_anisotropy": (
        '{ type = "pressure_anisotropy" }',
        lambda R: sc.landau_X(HALO, R) * np.sqrt(sc.resonant_wavenumber(R, 1e-6) * HALO.mean_free_path),
    ),
    "nonlinear": (
        '{ type = "nonlinear", q = 0.5, prefactor = 3.0 }',
        lambda R: sc.nonlinear_X(
            HALO, R, 3 * sc.landau_rate(HALO, R) * (sc.resonant_wavenumber(R, 1e-6) * HALO.mean_free_path) ** 0.5
        ),
    ),
    "given_X": ('{ type = "given_X", X = "12 GeV(-3/2) s-1", slope = -1.4 }', lambda R: 12 * R**-1.4),
}


def test_every_process_of_the_schema_is_tested_here():
    assert set(DAMPING) == set(LINEAR) | set(NONLINEAR)
    assert set(KAPPA) == set(SCATTERING)
    assert set(LOSS) == set(LOSSES)


@pytest.mark.filterwarnings("ignore::solver.physics.validity.ValidityWarning")
@pytest.mark.parametrize("kind", DAMPING)
def test_damping_is_that_of_its_formula(kind, model):
    text, formula = DAMPING[kind]
    made = model(layer(damping=f"[ {text} ]"))
    S, X = (made.S, made.X) if kind in LINEAR else (made.X, made.S)
    np.testing.assert_allclose(S, np.broadcast_to(formula(made.grid.R), S.shape), **SAME)
    assert not X.any()
    assert made.self_confined.all()


@pytest.mark.filterwarnings("ignore::solver.physics.validity.ValidityWarning")
def test_linear_rates_add_as_S_and_nonlinear_ones_as_X_squared(model):
    made = model(layer(damping="[ " + ", ".join(text for text, _ in DAMPING.values()) + " ]"))
    R = made.grid.R
    S = sum(formula(R) for kind, (_, formula) in DAMPING.items() if kind in LINEAR)
    X2 = sum(formula(R) ** 2 for kind, (_, formula) in DAMPING.items() if kind in NONLINEAR)
    np.testing.assert_allclose(made.S[2], S, **SAME)
    np.testing.assert_allclose(made.X[4] ** 2, X2, **SAME)


def test_other_powers_of_nonlinear_damping_stand_beside_X_layer_by_layer(model):
    """Γ ∝ (δB/B)^(2m): Y of `nonlinear_X`; fluxes Y^(1+m) κ^(−m) of the same m add; profile.X multiplies; names say m."""
    strong = '{ type = "nonlinear", m = 2.0, q = 1.0, prefactor = 3.0 }'
    lower = layer(damping=f'[ {{ type = "landau" }}, {strong}, {strong} ]')
    upper = layer(damping='[ { type = "nonlinear", m = 0.5 } ]', profile='{ X = -1, z0 = "5 kpc" }')
    made = model(lower, upper)
    R, below = made.grid.R, np.asarray(made.grid.layer) == 0
    rate = sc.landau_rate(HALO, R) * sc.resonant_wavenumber(R, 1e-6) * HALO.mean_free_path
    np.testing.assert_allclose(made.others[2.0][0], 2 ** (1 / 3) * sc.nonlinear_X(HALO, R, 3 * rate, 2.0), **SAME)
    np.testing.assert_allclose(made.X[0], sc.landau_X(HALO, R), **SAME)
    height = made.grid.z_face[-1] / (5 * KPC)
    np.testing.assert_allclose(
        made.others[0.5][-1], sc.nonlinear_X(HALO, R, sc.landau_rate(HALO, R), 0.5) / height, **SAME
    )
    assert not made.others[2.0][~below].any()
    assert not made.others[0.5][below].any()
    assert not made.X[~below].any()
    found = build_coefficients(made)
    assert list(found.microphysics.damping.values) == [
        "landau", "nonlinear (m = 2)", "nonlinear (m = 2) 2", "nonlinear (m = 0.5)"
    ]
    np.testing.assert_array_equal(found.dataset.Y.sel(damping_power=2.0), made.others[2.0])
    rates = found.microphysics.damping_rate.values
    grown = found.microphysics.growth_rate.values
    sustained = grown < 0.999 * found.microphysics.largest_growth_rate.values
    np.testing.assert_allclose(np.nansum(rates, axis=0)[sustained], grown[sustained], rtol=1e-9)


def test_two_powers_in_one_layer_are_solved_together(model):
    """Balance of the waves at the solution: κ of the file is that of `kappa_of_damping` where waves alone scatter."""
    made = model(
        layer(streaming='"alfven"', damping='[ { type = "landau" }, { type = "nonlinear", m = 2.0, q = 1.0 } ]'),
        head="[physics]\nadiabatic = false\ncausal_limit = false\n",
    )
    result = solver.run(made.deck.replace({"grid.z_cells": 40}))
    assert result.status == "steady"
    micro = result.microphysics
    total = micro.damping_rate.sum("damping").values
    np.testing.assert_allclose(total, micro.growth_rate.values, rtol=1e-9)


KAPPA = {
    "given": (
        '{ type = "given", kappa = "3e28 cm2 s-1", slope = 0.4 }',
        lambda R, nucleus: 3e28 * particles.beta(R, nucleus) * R**0.4,
    ),
    "fast_modes": (
        '{ type = "fast_modes", Ma = 0.8, L = "100 pc" }',
        lambda R, nucleus: fast_modes.kappa(R, WARM, 0.8, 100 * PC, nucleus),
    ),
    "weak_shocks": (
        '{ type = "weak_shocks", separation = "20 pc" }',
        lambda R, nucleus: shocks.kappa(R, 20 * PC, nucleus),
    ),
    "kolmogorov": (
        '{ type = "kolmogorov", Ma = 0.3, L = "50 pc" }',
        lambda R, nucleus: phenomenological.kolmogorov(R, 6e-6, 0.3, 50 * PC, nucleus),
    ),
    "kraichnan": (
        '{ type = "kraichnan", delta_B = "3 uG", L = "50 pc" }',
        lambda R, nucleus: phenomenological.kraichnan(R, 6e-6, 0.5, 50 * PC, nucleus),
    ),
}
WARM = Plasma(6e-6, 0.1, 2e4)
WARM_TEXT = 'plasma = { B = "6 uG", n = "0.1 cm-3", T = "2e4 K" }\n'


@pytest.mark.parametrize("kind", KAPPA)
def test_scattering_is_that_of_its_formula_at_every_nucleus_own_speed(kind, model):
    text, formula = KAPPA[kind]
    made = model(WARM_TEXT + f"scattering = [ {text} ]")
    assert [nucleus.name for nucleus in made.species] == ["proton", "carbon"]
    for s, nucleus in enumerate(made.species):
        expected = np.broadcast_to(formula(made.grid.R, nucleus), made.S.shape)
        np.testing.assert_allclose(made.kappa_extrinsic[s], expected, **SAME)
    assert not made.self_confined.any()
    ratio = made.kappa_extrinsic[1] / made.kappa_extrinsic[0] / made.speed_ratio[1]
    if kind != "fast_modes":  # whose resonances know v_A/v as well
        np.testing.assert_allclose(ratio, 1.0, **SAME)


def test_thick_shocks_do_not_scatter_small_gyroradii(model):
    """κ = ∞ for r_L below the width, given or l_mfp v_th/strength (Sec. 5.1); both is a fault, and so is no plasma."""
    shock = '{ type = "weak_shocks", separation = "20 pc", '
    for text, width in (('width = "1e13 cm" }', 1e13), ('strength = "5 km/s" }', shocks.shock_width(WARM, 5e5))):
        made = model(WARM_TEXT + f"scattering = [ {shock}{text} ]")
        R = made.grid.R
        inside = sc.gyroradius(R, 6e-6) < width
        assert 0 < inside.sum() < len(R)
        assert np.isinf(made.kappa_extrinsic[0, 0, inside]).all()
        np.testing.assert_allclose(made.kappa_extrinsic[0, 0, ~inside], shocks.kappa(R[~inside], 20 * PC), **SAME)
    with pytest.raises(DeckError, match="leave out one"):
        model(WARM_TEXT + f'scattering = [ {shock}width = "1e13 cm", strength = "5 km/s" }} ]')
    with pytest.raises(DeckError, match=r"needs plasma\.B, plasma\.n, plasma\.T"):
        model(f'scattering = [ {shock}strength = "5 km/s" }} ]')


def test_turbulent_damping_over_all_ranges_is_a_key_of_the_deck(model):
    made = model(layer(damping='[ { type = "turbulent", L = "0.1 pc", Ma = 0.3, all_ranges = true } ]'))
    rate = sc.turbulent_damping_rate(HALO, made.grid.R, 0.1 * PC, 0.3, all_ranges=True)
    np.testing.assert_allclose(made.S[0], sc.S_from_rate(rate, HALO, made.grid.R), **SAME)


def test_scatterers_add_as_rates(model):
    texts = [text for kind, (text, _) in KAPPA.items() if kind != "fast_modes"]
    made = model(WARM_TEXT + f"scattering = [ {', '.join(texts)} ]")
    for s, nucleus in enumerate(made.species):
        rate = sum(1 / formula(made.grid.R, nucleus) for kind, (_, formula) in KAPPA.items() if kind != "fast_modes")
        np.testing.assert_allclose(made.kappa_extrinsic[s, 3], 1 / rate, **SAME)


SPEEDS = {  # text of a layer: v in cm/s
    layer(streaming='"none"'): 0.0,
    layer(streaming='"alfven"'): HALO.alfven_speed,
    layer(streaming='{ type = "given", v = "40 km/s" }'): 4e6,
    layer(streaming='"alfven"', wind='"200 km/s"'): HALO.alfven_speed + 2e7,
    layer(streaming='"alfven"', wind='"-10 km/s"'): HALO.alfven_speed - 1e6,
}


@pytest.mark.parametrize("text", SPEEDS)
def test_streaming_and_wind_add(text, model):
    np.testing.assert_allclose(model(text).v, SPEEDS[text], **SAME)


# ---------------------------------------------------------------- losses

LOSS = {  # text, formula of (R, nucleus)
    "given": ('{ type = "given", rate = "1e-16 s-1", slope = -0.5 }', lambda R, nucleus: 1e-16 * R**-0.5),
    "ionisation": ('"ionisation"', lambda R, nucleus: losses.ionisation_rate(R, nucleus, 1.25)),
    "coulomb": (
        '{ type = "coulomb", density = "0.1 cm-3" }',
        lambda R, nucleus: losses.coulomb_rate(R, nucleus, 0.1, 1e4),
    ),
    "synchrotron": (
        '{ type = "synchrotron", B = "6 uG" }',
        lambda R, nucleus: losses.synchrotron_rate(R, nucleus, 6e-6),
    ),
    "inverse_compton": ('"inverse_compton"', lambda R, nucleus: losses.inverse_compton_rate(R, nucleus, 4.16566e-13)),
}
PHOTONS_RTOL = 1e-4  # the default energy density, 0.26 eV/cm³, is written with two digits here and there


@pytest.mark.parametrize("kind", LOSS)
def test_losses_of_the_disc_are_those_of_their_formula(kind, model):
    text, formula = LOSS[kind]
    made = model(layer(), head=f"loss_processes = [ {text} ]")
    for s, nucleus in enumerate(made.species):
        rtol = PHOTONS_RTOL if kind == "inverse_compton" else SAME["rtol"]
        np.testing.assert_allclose(1 / made.loss_time[s], formula(made.grid.R, nucleus), rtol=rtol)


def test_loss_rates_add_and_none_switches_them_off(model):
    texts = ", ".join(text for text, _ in LOSS.values())
    made = model(layer(), head=f"loss_processes = [ {texts} ]")
    rate = sum(formula(made.grid.R, made.species[1]) for _, formula in LOSS.values())
    np.testing.assert_allclose(1 / made.loss_time[1], rate, rtol=PHOTONS_RTOL)
    np.testing.assert_allclose(made.disc_speed[1], 200 * PC * rate, rtol=PHOTONS_RTOL)
    off = model(layer(), head=f'losses = "none"\nloss_processes = [ {texts} ]')
    assert np.isinf(off.loss_time).all()


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ('"ionisation"', lambda R, nucleus, n, T, B: losses.ionisation_rate(R, nucleus, n)),
        ('"coulomb"', lambda R, nucleus, n, T, B: losses.coulomb_rate(R, nucleus, n, T)),
        ('"synchrotron"', lambda R, nucleus, n, T, B: losses.synchrotron_rate(R, nucleus, B)),
    ],
)
def test_losses_in_a_layer_follow_its_plasma_with_height(text, formula, model):
    made = model(layer(losses=f"[ {text} ]", profile='{ z0 = "1 kpc", B = -0.5, n = -1.0, T = 0.5 }'))
    z, R = made.grid.z_face[[0, 2, -1]], made.grid.R
    s = np.maximum(z / KPC, 1)[:, None]
    for nucleus in made.species:
        rate = made.medium.bulk_loss(0, z, R, nucleus)
        expected = formula(R, nucleus, 3e-3 / s, 3e6 * np.sqrt(s), 1e-6 / np.sqrt(s))
        np.testing.assert_allclose(rate, expected, **SAME)


def test_losses_in_a_layer_need_no_more_plasma_than_they_use(model):
    """Density given, temperature from a plasma without B: not the disc's 1e4 K."""
    made = model('plasma = { T = "1e7 K" }\nlosses = [ { type = "coulomb", density = "1e-3 cm-3" } ]')
    rate = made.medium.bulk_loss(0, np.array([KPC]), made.grid.R, made.species[0])
    np.testing.assert_allclose(rate[0], losses.coulomb_rate(made.grid.R, made.species[0], 1e-3, 1e7), **SAME)


# ---------------------------------------------------------------- profiles


def test_profiles_of_coefficients_multiply_v_S_X_and_kappa(model):
    keys = {
        "streaming": '"alfven"',
        "wind": '"5 km/s"',
        "damping": '[ { type = "given_S", S = "1e-9 cm-2 s-1 GeV-3" }, { type = "given_X", X = "12 GeV(-3/2) s-1" } ]',
        "scattering": '[ { type = "given", kappa = "1e28 cm2 s-1" } ]',
    }
    plain = model(layer(**keys))
    made = model(layer(**keys, profile='{ z0 = "2 kpc", v = 0.5, S = -1.0, X = -0.7, kappa = 0.3 }'))
    s = np.maximum(made.grid.z_face / (2 * KPC), 1)
    assert s.max() > 4
    np.testing.assert_allclose(made.v, (HALO.alfven_speed + 5e5) * s**0.5, **SAME)
    np.testing.assert_allclose(made.S, plain.S[:1] * s[:, None] ** -1.0, **SAME)
    np.testing.assert_allclose(made.X, plain.X[:1] * s[:, None] ** -0.7, **SAME)
    np.testing.assert_allclose(made.kappa_extrinsic, plain.kappa_extrinsic[:, :1] * s[:, None] ** 0.3, **SAME)
    assert any(np.isclose(made.grid.z, 2 * KPC))  # a node where the profile sets in


def test_profiles_of_the_plasma_act_through_everything_made_from_it(model):
    """Sec. 2.2: n ∝ 1/z makes v_A ∝ z^½; S, X and κ follow from the same B(z), n(z), T(z)."""
    damping = '[ { type = "turbulent", L = "1 kpc" }, { type = "landau" } ]'
    scattering = '[ { type = "kraichnan", delta_B = "0.1 uG", L = "100 pc" } ]'
    keys = {"streaming": '"alfven"', "damping": damping, "scattering": scattering}
    made = model(layer(**keys, profile='{ z0 = "1 kpc", B = -0.4, n = -1.0, T = 0.2 }'))
    R, s = made.grid.R, np.maximum(made.grid.z_face / KPC, 1)[:, None]
    state = Plasma(1e-6 * s**-0.4, 3e-3 / s, 3e6 * s**0.2)
    np.testing.assert_allclose(made.v, state.alfven_speed[:, 0], **SAME)
    np.testing.assert_allclose(made.v[-1] / made.v[0], s[-1, 0] ** 0.1, rtol=1e-12)
    np.testing.assert_allclose(made.S, sc.S_from_rate(sc.turbulent_damping_rate(state, R, KPC), state, R), **SAME)
    np.testing.assert_allclose(made.X, sc.landau_X(state, R), **SAME)
    expected = phenomenological.kraichnan(R, state.B, 1e-7 / state.B, 100 * PC)
    np.testing.assert_allclose(made.kappa_extrinsic[0], expected, **SAME)


def test_a_profile_acts_on_a_plasma_of_which_only_B_is_given(model):
    text = 'plasma = { B = "6 uG" }\nscattering = [ { type = "kolmogorov", Ma = 0.5, L = "100 pc" } ]\n'
    made = model(text + 'profile = { z0 = "1 kpc", B = -1.0 }')
    B = 6e-6 / np.maximum(made.grid.z_face / KPC, 1)[:, None]
    np.testing.assert_allclose(
        made.kappa_extrinsic[0], phenomenological.kolmogorov(made.grid.R, B, 0.5, 100 * PC), **SAME
    )


# ---------------------------------------------------------------- which waves are there


@pytest.mark.parametrize(
    ("keys", "confined"),
    [
        ({}, False),
        ({"streaming": '"alfven"'}, True),
        ({"damping": '["landau"]'}, True),
        ({"streaming": '"alfven"', "damping": '["landau"]', "self_confined": "false"}, False),
        ({"self_confined": "true"}, True),
        ({"streaming": '{ type = "given", v = "1 km/s" }'}, False),
        ({"scattering": '[ { type = "given", kappa = "1e28 cm2 s-1" } ]'}, False),
    ],
)
def test_rule_of_self_confinement(keys, confined, model):
    made = model(layer(**keys))
    assert (made.self_confined == confined).all()
    if not confined:
        assert not made.S.any()
        assert not made.X.any()


def test_layers_keep_to_themselves_and_faces_belong_to_one_layer(model):
    made = model(
        WARM_TEXT + 'scattering = [ { type = "weak_shocks" } ]', layer(streaming='"alfven"', damping='["landau"]')
    )
    lower = made.grid.z_face < 5 * KPC
    assert (made.grid.layer == np.where(lower, 0, 1)).all()
    assert (made.self_confined == ~lower).all()
    assert np.isinf(made.kappa_extrinsic[:, ~lower]).all()
    assert np.isfinite(made.kappa_extrinsic[:, lower]).all()
    above, below = made.at([5 * KPC]), made.at([5 * KPC], np.array([0]))
    assert above.confined[0]
    assert above.v[0] == HALO.alfven_speed
    assert not below.confined[0]
    assert below.v[0] == 0


@pytest.mark.parametrize("limit", [True, False])
def test_causal_limit_adds_one_over_beta_c_z_max(limit, model):
    """Unless a key says otherwise; where neither waves nor scatterers are, it acts in any case."""
    head = f"[physics]\ncausal_limit = {str(limit).lower()}\n"
    made = model(
        'scattering = [ { type = "given", kappa = "1e28 cm2 s-1" } ]', layer(streaming='"alfven"'), "", head=head
    )
    R = made.grid.R
    for s, nucleus in enumerate(made.species):
        causal = 1 / (particles.beta(R, nucleus) * C * 10 * KPC)
        given = 1 / (1e28 * particles.beta(R, nucleus))
        at = {i: np.flatnonzero(made.grid.layer == i)[0] for i in range(3)}
        np.testing.assert_allclose(made.nu[s, at[0]], given + limit * causal, **SAME)
        np.testing.assert_allclose(made.nu[s, at[1]], limit * causal, **SAME)
        np.testing.assert_allclose(made.nu[s, at[2]], causal, **SAME)
    assert any('layer "l2": neither self-confined nor scattered' in text for text in made.warnings)


# ---------------------------------------------------------------- beyond validity, beyond sense

BEYOND = {
    "turbulent": (
        layer(damping='[ { type = "turbulent", L = "1 pc", Ma = 0.1 } ]'),
        "layer.l0.damping.turbulent: turbulent damping: waves resonant",
    ),
    "ion_neutral": (
        layer(damping='[ { type = "ion_neutral", neutral_density = "1 cm-3", temperature = "50 K" } ]'),
        "above 100 K",
    ),
    "pressure anisotropy": (layer(damping='["pressure_anisotropy"]'), "k l_mfp"),
    "fast modes in hot plasma": (layer(scattering='[ { type = "fast_modes", Ma = 0.5, L = "1 kpc" } ]'), "plasma beta"),
    "strong fast modes": (WARM_TEXT + 'scattering = [ { type = "fast_modes", Ma = 1.5, L = "100 pc" } ]', "Ma <= 1"),
    "long gyroradii": (WARM_TEXT + 'scattering = [ { type = "kolmogorov", Ma = 0.5, L = "1e-3 pc" } ]', "outer scales"),
    "thermal particles": (
        'plasma = { T = "2e11 K" }\nlosses = [ { type = "coulomb", density = "1e-3 cm-3" } ]',
        "layer.l0.losses.coulomb: Coulomb losses: the lowest rigidities are thermal",
    ),
}


@pytest.mark.parametrize("what", BEYOND)
def test_use_beyond_validity_is_collected_once_and_stored(what, model, tmp_path):
    text, words = BEYOND[what]
    made = model(text)
    said = [warning for warning in made.warnings if words in warning]
    assert len(said) == 1, made.warnings
    path = build_coefficients(made).write(tmp_path / "c.nc")
    assert said[0] in open_coefficients(path).attrs["warnings"].split("\n")


def test_valid_use_says_nothing(model):
    made = model(WARM_TEXT + 'scattering = [ { type = "fast_modes", Ma = 0.6, L = "50 pc" } ]')
    assert made.warnings == ()
    assert "warnings" not in build_coefficients(made).attrs


UNPHYSICAL = {
    "Alfvén speed above that of light, higher up": (
        layer(streaming='"alfven"', profile='{ z0 = "1 pc", n = -4.0 }'),
        ["layer.l0.plasma", "Alfvén speed", "light"],
    ),
    "profile that leaves the numbers": (
        layer(streaming='"alfven"', profile='{ z0 = "1e-12 pc", B = 20.0, n = -20.0 }'),
        ["layer.l0.plasma", "must be finite and > 0"],
    ),
    "speed profile": (
        layer(streaming='{ type = "given", v = "1e4 km/s" }', profile='{ z0 = "1 pc", v = 1.0 }'),
        ["layer.l0.streaming", "light"],
    ),
    "unbounded X": (
        layer(damping='[ { type = "given_X", X = "1 GeV(-3/2) s-1" } ]', profile='{ z0 = "1e-60 kpc", X = 10.0 }'),
        ["layer.l0.damping.given_X", "not finite"],
    ),
}


@pytest.mark.parametrize("what", UNPHYSICAL)
def test_nonsense_is_a_fault_that_names_layer_and_process(what, model):
    text, words = UNPHYSICAL[what]
    with pytest.raises(DeckError) as caught:
        model(text)
    (fault,) = caught.value.faults
    for word in words:
        assert word in str(fault)


@pytest.mark.parametrize("command", ["check", "show", "coefficients"])
def test_nonsense_ends_a_command_with_one_message_and_code_2(command, model, tmp_path, monkeypatch, capsys):
    import sys

    from solver import cli

    text, words = UNPHYSICAL["Alfvén speed above that of light, higher up"]
    with pytest.raises(DeckError):
        model(text)
    arguments = [command, str(tmp_path / "deck.toml")]
    if command == "coefficients":
        arguments += ["--out", str(tmp_path / "c.nc")]
    monkeypatch.setattr(sys, "argv", ["crstream", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("crstream: ") == 1
    assert all(word in said for word in words)
    assert not (tmp_path / "c.nc").exists()


# ---------------------------------------------------------------- sources


def test_sources_of_a_deck_are_those_of_their_formulas(model):
    from solver.physics import sources

    supernovae = '{ type = "supernovae", rate = "0.01 yr-1", energy = "1e50 erg", slope = 4.4, radius = "9 kpc" }'
    text = DECK.replace('{ type = "power_law", amplitude = "1e-4 cm-2 s-1 GeV-3", slope = 4.3 }', supernovae)
    schedule = 'slope = 4.3, schedule = { type = "exponential", time = "50 Myr" } }'
    text = text.replace("slope = 4.3 }", schedule)
    made = model(layer(), text=text + '[time]\nend = "1 Myr"\n')
    R = made.grid.R
    amplitude = sources.supernova_amplitude(0.01 / YEAR, 1e50, 4.4, 9 * KPC)
    np.testing.assert_allclose(made.Q[0], amplitude * R**-4.4, **SAME)
    np.testing.assert_allclose(made.Q[1], 1e-7 * R**-4.3, **SAME)
    np.testing.assert_allclose(made.schedule(50 * MYR), [1, np.exp(-1)], **SAME)


# ---------------------------------------------------------------- spallation

BORON = """\
[species.boron]
source = { type = "spallation", parent = "carbon", %s }
"""
TABLE = 'table = { energy = ["0.1 GeV", "1 GeV", "10 GeV"], sigma = ["30 mbarn", "60 mbarn", "50 mbarn"] }'


def with_boron(how, more=""):
    return DECK.replace("[disc]", BORON % how + more + "[disc]")


@pytest.mark.parametrize("conserves", ["rigidity", "energy_per_nucleon"])
def test_constant_cross_section_is_eq_C1(conserves, model):
    """Disc source of boron per side: h n σ v f_carbon, at the parent's rigidity (of the reference slope, between nodes too)."""
    made = model(layer(), text=with_boron(f'cross_section = "61 mbarn", conserves = "{conserves}"'))
    (link,) = made.spallation
    carbon, boron = made.species[1:]
    f = made.grid.R**-4.3
    R_parent = made.grid.R * (1 if conserves == "rigidity" else (5 / 11) * (12 / 6))
    factor = (6 / 5) ** 3 if conserves == "rigidity" else (12 / 11) ** 3
    expected = 1.25 * 61e-27 * C * particles.beta(R_parent, carbon) * factor * R_parent**-4.3
    inside = R_parent >= made.grid.R[0]  # below, carbon has the slope that losses give it
    np.testing.assert_allclose((link.weights @ f)[inside], expected[inside], rtol=1e-10)
    assert (link.parent, link.child, boron.name) == (1, 2, "boron")


def test_secondaries_are_never_negative(model):
    """A parent whose spectrum falls by three decades between two rigidities is no source of antiparticles."""
    (link,) = model(layer(), text=with_boron('cross_section = "61 mbarn"')).spallation
    assert link.weights.data.min() > 0
    cliff = np.where(np.arange(link.weights.shape[0]) < 3, 1.0, 1e-3)
    assert (link.weights @ cliff).min() > 0


def test_secondaries_between_nodes_are_of_second_order(model):
    """Energy per nucleon is kept, so parents lie between nodes: error of a spectrum off the reference slope, by halving."""
    errors = []
    for cells in (20, 40, 80):
        text = with_boron('cross_section = "61 mbarn"').replace("rigidity_cells = 10", f"rigidity_cells = {cells}")
        made = model(layer(), text=text)
        (link,) = made.spallation
        R, inner = made.grid.R, slice(2, -2)
        at = R * (5 / 11) * (12 / 6)
        per_f = link.weights @ R**-4.3 / at**-4.3
        errors.append(np.max(np.abs(link.weights @ R**-3.3 / (per_f * at**-3.3) - 1)[inner]))
    assert errors[0] / errors[2] >= 8.0


@pytest.mark.filterwarnings("error")
def test_cross_section_of_a_table_is_taken_at_the_energy_of_the_parent(model):
    made = model(layer(), text=with_boron(TABLE + ', conserves = "rigidity"'))
    constant = model(layer(), text=with_boron('cross_section = "1 mbarn", conserves = "rigidity"'))
    T = particles.kinetic_energy_per_nucleon(made.grid.R, made.species[1])
    expected = np.exp(np.interp(np.log(T), np.log([0.1, 1, 10]), np.log([30, 60, 50])))
    found = made.spallation[0].weights.diagonal() / constant.spallation[0].weights.diagonal()
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert any("species.boron.source: cross-sections are known from 0.1 to 10 GeV/n" in text for text in made.warnings)


def test_destruction_takes_a_number_or_a_table_too(model):
    more = '[species.carbon.destruction]\ncross_section = "250 mbarn"\n[species.boron.destruction]\n' + TABLE + "\n"
    made = model(layer(), text=with_boron('cross_section = "61 mbarn"', more))
    R, carbon, boron = made.grid.R, *made.species[1:]
    np.testing.assert_allclose(made.destruction[1], 1.25 * 250e-27 * C * particles.beta(R, carbon), rtol=1e-10)
    T = particles.kinetic_energy_per_nucleon(R, boron)
    sigma = 1e-27 * np.exp(np.interp(np.log(T), np.log([0.1, 1, 10]), np.log([30, 60, 50])))
    np.testing.assert_allclose(made.destruction[2], 1.25 * sigma * C * particles.beta(R, boron), rtol=1e-10)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ('conserves = "rigidity"', ["species.boron.source.cross_section", "missing", "61 mbarn"]),
        (f'cross_section = "1 mbarn", {TABLE}', ["species.boron.source.cross_section", "given beside a table"]),
        ('table = { energy = ["1 GeV"], sigma = ["1 mbarn"] }', ["table.energy", "at least 2"]),
        ('table = { energy = ["2 GeV", "1 GeV"], sigma = ["1 mbarn", "2 mbarn"] }', ["table.energy.1", "must ascend"]),
        (
            'table = { energy = ["1 GeV", "2 GeV"], sigma = ["1 mbarn", "2 mbarn", "3 mbarn"] }',
            ["table.sigma", "one per"],
        ),
        ('table = { energy = ["1 GV", "2 GV"], sigma = ["1 mbarn", "2 mbarn"] }', ["table.energy.0", "energy"]),
    ],
)
def test_faults_of_cross_sections_are_named(how, words, model):
    with pytest.raises(DeckError) as caught:
        model(layer(), text=with_boron(how))
    for word in words:
        assert word in str(caught.value)


def test_deck_with_a_table_comes_back_from_a_result(model, tmp_path):
    made = model(layer(), text=with_boron(TABLE))
    back = open_coefficients(build_coefficients(made).write(tmp_path / "c.nc")).model
    np.testing.assert_array_equal(back.spallation[0].weights.toarray(), made.spallation[0].weights.toarray())
