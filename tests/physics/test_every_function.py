"""Every public function of the physics: the dimensions of its result, what it refuses and by which name, no silent NaN.

FUNCTIONS gives each its result's dimensions (conftest's names); a public function that is missing there fails a test. Arguments
are known by name. Limits, monotony and values are in the tests of the single modules.
"""

import inspect
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import particles
from solver.physics import (
    anisotropic,
    energetics,
    fast_mode_cascade,
    fast_mode_rates,
    fast_modes,
    losses,
    phenomenological,
    self_confinement,
    shocks,
    sources,
    spallation,
)
from solver.physics.plasma import Plasma

MODULES = (self_confinement, fast_mode_rates, fast_mode_cascade, fast_modes, anisotropic, phenomenological, shocks, energetics,
           losses, sources, spallation, particles)

ARGUMENTS = {  # name: (value, dimensions); where a name means two things, FUNCTIONS says which
    "R": (3.0, "number"), "B": (6e-6, "field"), "B_z": (3e-6, "field"), "n": (1.25, "density"), "n_e": (0.1, "density"),
    "T": (1e4, "temperature"), "rate": (1e-11, "rate"), "at": (2.0, "number"), "exponent": (0.5, "number"),
    "L": (3e20, "length"), "Ma": (0.7, "number"), "Ma_alfven": (0.8, "number"), "neutral_density": (0.1, "density"),
    "temperature": (8e3, "temperature"), "density": (1e-9, "density"), "length": (1e22, "length"), "slope": (4.3, "number"),
    "rate_1": (1e-11, "rate"), "exponent_1": (0.85, "number"), "rate_2": (1e-12, "rate"), "exponent_2": (0.5, "number"),
    "m": (1.5, "number"), "kappa_factor": (0.5, "number"), "S": (1e-9, "flux"), "X": (12.0, "X"), "Q": (1e-5, "flux"),
    "gradient": (1e-28, "gradient"), "kappa": (1e28, "diffusion"), "a": (0.5, "number"), "alfven_speed": (4e6, "speed"),
    "cap": (2e10, "speed"), "k": (1e-13, "wavenumber"), "theta": (0.3, "number"), "beta": (0.2, "number"),
    "delta_v": (1e6, "speed"), "phase_speed": (4e6, "speed"), "delta_V": (2e6, "speed"), "width": (1e13, "length"),
    "separation": (3e19, "length"), "scale_height": (3e22, "length"), "radius": (3e22, "length"), "height": (3e21, "length"),
    "amplitude": (1e-3, "number"), "damping_rate": (1e-11, "rate"), "volume": (1e66, (3, 0, 0, 0)), "energy": (1e50, "energy"),
    "logarithm": (20.0, "number"), "energy_density": (4e-13, "energy density"), "photon_energy": (6e-13, "number"),
    "sigma": (6e-26, "area"), "p": (3.0, "number"), "E": (5.0, "number"), "mu": (0.5, "number"), "rtol": (1e-3, "number"),
    "spectrum": (1.6, "number"), "x_end": (1e6, "number"),
}
WORDS = {  # arguments that are no numbers
    "nucleus": particles.PROTON, "parent": particles.known("carbon"), "child": particles.known("boron"),
    "name": "carbon", "conserves": "rigidity", "wandering": "alfvenic",
}
EMPIRICAL = "a fit or a rounded number with units in it"
INSIDE = "for the module's neighbours; takes what they have checked"
TEXT = "takes a text or a file"

FUNCTIONS = {  # module: {function: dimensions of the result, or why there are none}
    "self_confinement": {
        "gyrofrequency": "rate", "gyroradius": "length", "resonant_wavenumber": "wavenumber", "power_law_rate": "rate",
        "dust_rate": "rate", "turbulent_damping_rate": "rate", "ion_neutral_rate": EMPIRICAL, "eq15_landau_rate": "rate",
        "equal_rigidity": "number", "dominant_damping": TEXT, "S_from_rate": "flux",
        "nonlinear_X": (0.4, 0, -1, 0), "landau_rate": "rate", "landau_X": "X", "pressure_anisotropy_rate": "rate",
        "pressure_anisotropy_X": "X", "kappa_sc": "diffusion", "kappa_of_damping": TEXT, "wave_energy": "number",
        "growth_rate": "rate", "nonlinear_damping_at": "rate", "cutoff_rigidity": "number", "effective_speed": "speed",
    },
    "fast_mode_rates": {
        "fast_mode_amplitude": "number", "cascade_rate": "rate", "viscous_damping_rate": "rate",
        "collisionless_angle_factor": "number", "collisionless_damping_rate": "rate", "damping_rate": "rate",
        "transition_wavenumber": "wavenumber", "wandering_angle": "number", "wandering_angle_fast_modes": "number",
    },
    "fast_mode_cascade": {"cascade": TEXT, "k_max": "wavenumber", "theta_c": "number", "theta_min": "number"},
    "fast_modes": {"kappa": "diffusion", "pitch_angle_diffusion": "rate"},
    "anisotropic": {
        "compressive_fraction": "number", "amplitude": "number", "cascade_rate": "rate", "spectrum_factor": "number",
        "wandering_angle": "number", "alfvenic_factor": "number", "choose_wandering": INSIDE, "theta_min": "number",
        "x_of_theta_min": "number", "spectrum_segments": INSIDE,
    },
    "phenomenological": {
        "magnetic_power": "number", "power_law": "diffusion", "kolmogorov": "diffusion", "kraichnan": "diffusion",
    },
    "shocks": {
        "steepening_rate": "rate", "steepening_over_cascade": "number", "dissipation_rate": "rate", "amplitude": "speed",
        "shock_width": "length", "smallest_rigidity": "number", "kappa": "diffusion",
    },
    "energetics": {
        "scattering_rate": "rate", "mean_free_path": "length", "drift_anisotropy": "number", "drift_speed": "speed",
        "streaming_suppressed": "number", "kappa_bound": "diffusion", "cylinder_volume": (3, 0, 0, 0),
        "wave_power": (2, 1, -3, 0), "supernova_power": (2, 1, -3, 0), "cascade_over_shear": "number",
    },
    "losses": {
        "ionisation_rate": EMPIRICAL, "coulomb_logarithm": "number", "coulomb_rate": "rate", "synchrotron_rate": "rate",
        "inverse_compton_rate": "rate",
    },
    "sources": {"power_law": "number", "energy_integral": "number", "supernova_amplitude": "flux",
                "of_table": INSIDE, "slope_of_table": INSIDE},
    "spallation": {
        "rate": "rate", "spallation_time": "time", "momentum_ratio": "number", "parent_rigidity": "number",
        "number_factor": "number", "parse_table": TEXT, "read_table": TEXT,
    },
    "particles": {
        "isotope": TEXT, "named_by_symbol": TEXT,
        "known": TEXT, "momentum": "number", "rigidity_from_momentum": "number", "total_energy": "number", "beta": "number",
        "gamma": "number", "speed": "speed", "kinetic_energy": "number", "kinetic_energy_per_nucleon": "number",
        "rigidity_from_kinetic_energy": "number", "rigidity_from_kinetic_energy_per_nucleon": "number",
        "rigidity_from_total_energy": "number", "rigidity_from_beta": "number", "dT_dR": "number",
    },
}
OWN = {  # arguments with another meaning: (module, function, argument) -> (value, dimensions)
    ("particles", "rigidity_from_kinetic_energy", "T"): (2.0, "number"),
    ("particles", "rigidity_from_kinetic_energy_per_nucleon", "T"): (2.0, "number"),
    ("sources", "supernova_amplitude", "rate"): (3e-10, "rate"),
    ("energetics", "supernova_power", "rate"): (3e-10, "rate"),
    ("energetics", "cascade_over_shear", "Ma_alfven"): (1.2, "number"),
    ("sources", "power_law", "amplitude"): (1e-4, "number"),
    ("self_confinement", "ion_neutral_rate", "temperature"): (8e3, "temperature"),
}
LEFT_OUT = {("shocks", "steepening_rate", "theta"), ("shocks", "steepening_over_cascade", "theta")}  # none by default


def short(module):
    return module.__name__.rsplit(".", 1)[-1]


def public(module):
    return {
        name: f for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
    }


def arguments(module, name, function):
    """{argument: (value, dimensions)}; plasma and words have none."""
    out = {}
    for key, parameter in inspect.signature(function).parameters.items():
        own = OWN.get((short(module), name, key))
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if key == "plasma":
            out[key] = (None, "plasma")
        elif own is not None or key in ARGUMENTS:
            out[key] = own or ARGUMENTS[key]
        elif key in WORDS and parameter.default is parameter.empty:
            out[key] = (WORDS[key], "word")
        else:
            assert parameter.default is not parameter.empty, f"{short(module)}.{name}: no example of {key}"
    return out


def call(function, examples, scale=lambda value, kind: value, **changes):
    plasma = Plasma(scale(6e-6, "field"), scale(0.1, "density"), scale(2e4, "temperature"), scale(1e13, "length"))
    values = {}
    for key, (value, kind) in examples.items():
        values[key] = plasma if kind == "plasma" else value if kind == "word" else scale(value, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(**{**values, **changes})


ALL = [(module, name, f) for module in MODULES for name, f in public(module).items()]
NUMERIC = [
    (module, name, f) for module, name, f in ALL
    if FUNCTIONS.get(short(module), {}).get(name) not in (TEXT, INSIDE, None)
]
NAMES = [f"{short(module)}.{name}" for module, name, _ in NUMERIC]


def test_every_public_function_is_listed_here():
    missing = [f"{short(m)}.{name}" for m, name, _ in ALL if name not in FUNCTIONS.get(short(m), {})]
    gone = [f"{m}.{name}" for m, names in FUNCTIONS.items() for name in names
            if name not in {n for module, n, _ in ALL if short(module) == m}]
    assert (missing, gone) == ([], [])


@pytest.mark.parametrize(("module", "name", "function"), NUMERIC, ids=NAMES)
@given(logs=st.tuples(*[st.floats(-3, 3)] * 4))
@settings(max_examples=4, deadline=None)
def test_results_follow_a_change_of_units(module, name, function, logs, other_units):
    """All constants and arguments in other units of length, mass, time and temperature: rounding, and 1e-9 where tables
    or roots are in between.
    """
    kind = FUNCTIONS[short(module)][name]
    if kind == EMPIRICAL:
        pytest.skip(EMPIRICAL)
    examples = arguments(module, name, function)
    want = call(function, examples)
    with other_units(logs) as scale:
        got = call(function, examples, scale)
        want = [scale(np.asarray(x, float), kind) for x in (want if isinstance(want, tuple) else (want,))]
    np.testing.assert_allclose(got if isinstance(got, tuple) else (got,), want, rtol=1e-9)


NONSENSE = {
    "nan": np.nan, "inf": np.inf, "complex": 1 + 2j, "word": "three", "number in quotes": "1.5", "nothing": None,
    "mapping": {}, "truth": True, "one nan of two": [1.0, np.nan], "object": object(), "too large": 1e300,
}


@pytest.mark.parametrize(("module", "name", "function"), NUMERIC, ids=NAMES)
def test_nonsense_is_refused_by_the_name_of_the_argument(module, name, function):
    examples = arguments(module, name, function)
    optional = {k for k, p in inspect.signature(function).parameters.items() if p.default is None}
    for key, (_, kind) in examples.items():
        if kind in ("plasma", "word"):
            continue
        for label, value in NONSENSE.items():
            if (label == "nothing" and key in optional) or (short(module), name, key) in LEFT_OUT:
                continue
            try:
                got = call(function, examples, **{key: value})
            except ValueError as error:
                said = str(error)
            else:
                said = f"taken, {got}"
            assert said.split()[0] == key, f"{key} = {label}: {said}"


class WithUnit(float):
    """A number that says it has a unit, as astropy's do."""

    unit = "uG"


def test_a_number_with_a_unit_is_not_taken_for_a_plain_one():
    with pytest.raises(ValueError, match=r"^B must be a plain number"):
        self_confinement.gyroradius(1.0, WithUnit(6.0))


@pytest.mark.parametrize(("module", "name", "function"), NUMERIC, ids=NAMES)
def test_extreme_numbers_give_no_silent_nan(module, name, function):
    """1e-90 and 1e90 for every argument in turn: an answer, a limit (0, inf) or a refusal, never NaN."""
    examples = arguments(module, name, function)
    for key, (_, kind) in examples.items():
        if kind in ("plasma", "word"):
            continue
        for value in (1e-90, 1e90):
            try:
                with np.errstate(all="ignore"):
                    got = call(function, examples, **{key: value})
            except ValueError:
                continue
            for part in got if isinstance(got, tuple) else (got,):
                assert not np.isnan(part).any(), f"{key} = {value:g}"


@pytest.mark.parametrize(("module", "name", "function"), NUMERIC, ids=NAMES)
def test_empty_arrays_give_empty_arrays(module, name, function):
    """R, k, theta or mu without a value: an empty result, whatever else the function does with it."""
    examples = arguments(module, name, function)
    for key in {"R", "k", "theta", "mu", "p", "E"} & set(examples):
        got = call(function, examples, **{key: np.array([])})
        for part in got if isinstance(got, tuple) else (got,):
            assert np.shape(part) == (0,), key
