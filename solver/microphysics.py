"""The microphysics of a model on its faces: the plasma, every damping process by itself, growth against damping, p_c.

Protons of rigidity R amplify the waves they resonate with by their diffusive flux D = κ|∂f/∂z|, at the rate D/S₁ with
S₁ = B²/(4π³ mΩ₀ v_A p³) (Skilling 1971; eqs. 4, 22), and damping at the rate Γ takes Γ S₁ of it: S for linear, X²/κ_sc,
or Y^(1+m) κ_sc^(−m), for nonlinear processes. Where waves are sustained, D = Σ S + Σ X²/κ_sc: growth equals damping.

A solution gives κ_sc from its slope (eqs. 4, 10) and D with all scatterers and the causal limit together: growth is below
damping where those, not the waves, hold the protons, most of all above the cutoff of eq. 6.  Without a solution both are
estimated as in eq. 15, height by height: all of the source leaves by v f + D = Q with f = |∂f/∂z| L, L the distance to
the top, so that D (D − S) = c (Q − D), c = X²/(v L) for m = 1.  The limits are exact: D = Q where nothing advects or damping
is strong, D = S for linear damping alone.  Where Q < S no waves are sustained (eq. 5): growth is at most Q/S₁.
"""

import numpy as np
import xarray as xr

from .constants import KPC
from .formulas import power
from .physics import self_confinement as sc
from .validity import recording

PLASMA = (
    "magnetic_field",
    "gas_density",
    "temperature",
    "mean_free_path",
    "alfven_speed",
    "thermal_speed",
    "plasma_beta",
)
F, FR, DFR = ("z_face",), ("z_face", "rigidity"), ("damping", "z_face", "rigidity")
VARIABLES = {
    "magnetic_field": (F, "G", "magnetic field strength"),
    "gas_density": (F, "cm-3", "density of the thermal gas"),
    "temperature": (F, "K", "temperature"),
    "mean_free_path": (F, "cm", "mean free path of the thermal gas"),
    "alfven_speed": (F, "cm s-1", "Alfven speed"),
    "thermal_speed": (F, "cm s-1", "thermal speed sqrt(2 k T/m_p)"),
    "plasma_beta": (F, "1", "thermal over magnetic pressure"),
    "bulk_loss_rate": (("species", *FR), "s-1", "momentum loss rate throughout the layers, without the adiabatic one"),
    "cutoff_rigidity": (F, "GV", "p_c: above it linear damping exceeds the source (eq. 6), inf beyond the grid"),
    "nonlinear": (("damping",), "1", "1 where the rate is proportional to the energy of the waves, else 0"),
    "damping_rate": (DFR, "s-1", "damping of the waves resonant at this rigidity, by process"),
    "growth_rate": (FR, "s-1", "growth of these waves by streaming protons"),
    "largest_growth_rate": (FR, "s-1", "growth if all of the source were diffusive flux"),
    "wave_energy": (FR, "1", "(dB/B)^2 of these waves per e-fold of rigidity"),
    "dominant_damping": (FR, "1", "strongest damping as index into `damping`, -1 where there is none"),
}


def microphysics(model, dataset=None):
    """VARIABLES of a model as a Dataset; growth, damping and waves from the solution in `dataset`, else estimated.

    Its attribute `state` says which.  nan where the deck gives no plasma, where a process does not act, and where there
    are no self-excited waves.  Without protons or without any damping, the variables of waves are missing.
    """
    z, R, layer = model.grid.z_face, model.grid.R, np.asarray(model.grid.layer)
    out = {name: np.full(len(z), np.nan) for name in PLASMA}
    S1, reach = np.full((len(z), len(R)), np.nan), np.full((len(z), len(R)), np.nan)
    linear: dict[str, np.ndarray] = {}
    nonlinear: dict[str, tuple[float, np.ndarray]] = {}  # m and Y of κ_sc = Y |∂f/∂z|^(−1/(1+m))
    for i in np.unique(layer):
        here = np.flatnonzero(layer == i)
        plasma = model.medium.plasma(i, z[here])
        for name, value in _plasma(plasma, model.deck.layer[i].plasma).items():
            out[name][here] = np.ravel(value)
        if out["alfven_speed"][here[0]] > 0:
            S1[here] = sc.S_from_rate(1.0, plasma, R)
            reach[here] = sc.wave_energy(plasma, R, 1.0)
        with recording():  # the model has them already
            parts = model.medium.damping(i, z[here], R)
        for name, m, S, Y in _by_name(parts):
            nowhere = np.full(S1.shape, np.nan)
            if Y is None:
                linear.setdefault(name, nowhere)[here] = S
            else:
                nonlinear.setdefault(name, (m, nowhere))[1][here] = Y
    names: dict[str, tuple[str, list[str], dict[str, str]]] = {}
    if model.waves is not None and (linear or nonlinear):
        Q, damped = model.Q[model.waves], model.damped
        D, kappa = _estimate(model, Q) if dataset is None else _solution(model, dataset)
        D, kappa = np.where(damped, D, np.nan), np.where(damped, kappa, np.nan)
        fluxes = linear | {name: Y * (Y / kappa) ** m for name, (m, Y) in nonlinear.items()}
        stack = np.stack(list(fluxes.values()))
        strongest = np.argmax(np.where(np.isfinite(stack), stack, -1.0), axis=0)
        out |= {
            "cutoff_rigidity": cutoff_rigidity(R, Q, model.S),
            "nonlinear": np.array([name in nonlinear for name in fluxes], float),
            "damping_rate": stack / S1,
            "growth_rate": D / S1,
            "largest_growth_rate": np.where(damped, Q / S1, np.nan),
            "wave_energy": reach / kappa,
            "dominant_damping": np.where((stack > 0).any(axis=0), strongest, -1).astype("i2"),
        }
        names["damping"] = ("damping", list(fluxes), {"long_name": "damping process"})
    if any(layer.losses for layer in model.deck.layer):
        rate = np.zeros((len(model.species), *S1.shape))
        for s, nucleus in enumerate(model.species):
            for i in np.unique(layer):
                here = np.flatnonzero(layer == i)
                with recording():
                    rate[s, here] = model.medium.bulk_loss(i, z[here], R, nucleus)
        out["bulk_loss_rate"] = rate
        names["species"] = ("species", list(model.names), {"long_name": "nucleus"})
    variables = {name: (VARIABLES[name][0], value, _attributes(name)) for name, value in out.items()}
    state = {"state": "estimate" if dataset is None else "solution"}
    faces = {"z_face": ("z_face", z / KPC, {"units": "kpc"}), "rigidity": ("rigidity", R, {"units": "GV"})}
    return xr.Dataset(variables, coords=faces | names, attrs=state)


def _attributes(name):
    return dict(zip(("units", "long_name"), VARIABLES[name][1:], strict=True))


def _plasma(plasma, given):
    """Values of PLASMA, scalars or columns over heights, where the deck says enough."""
    out = {} if plasma.B is None else {"magnetic_field": plasma.B}
    if plasma.n is not None:
        out["gas_density"] = plasma.n
    if given is not None and given.T is not None:
        out["temperature"] = plasma.T
    if plasma.B is not None and plasma.n is not None:
        out["alfven_speed"] = plasma.alfven_speed
        if "temperature" in out:
            out |= {"thermal_speed": plasma.thermal_speed, "plasma_beta": plasma.beta}
        if "temperature" in out or given.mean_free_path is not None:
            out["mean_free_path"] = plasma.mean_free_path
    return out


def _by_name(parts):
    """(name, m, S, Y) of a layer's damping processes: the type with m if not 1, numbered from the second of its kind on."""
    seen: dict[str, int] = {}
    for process, S, Y in parts:
        kind = process.type + ("" if power(process) == 1.0 else f" (m = {power(process):g})")
        number = seen[kind] = seen.get(kind, 0) + 1
        yield (kind if number == 1 else f"{kind} {number}"), power(process), S, Y


def cutoff_rigidity(R, Q, S):
    """p_c (nz,): highest rigidity at which Q/S falls below 1, log-interpolated in R (nR,); Q (nR,), S (nz, nR).

    inf where S stays below the source up to the end of the grid, the lowest rigidity where it is above from the
    beginning, nan without linear damping or source.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where((S > 0) & (Q > 0), np.log(Q / S), np.nan)
    out = np.full(len(S), np.nan)
    for j in np.flatnonzero(np.isfinite(excess).any(axis=1)):
        x, y = np.log(R[np.isfinite(excess[j])]), excess[j][np.isfinite(excess[j])]
        falls = np.flatnonzero((y[:-1] > 0) & (y[1:] <= 0))
        if y[-1] > 0:
            out[j] = np.inf
        elif len(falls):
            k = falls[-1]
            out[j] = np.exp(x[k] + (x[k + 1] - x[k]) * y[k] / (y[k] - y[k + 1]))
        else:
            out[j] = R[0]
    return out


def _estimate(model, Q):
    """(D, κ_sc) of the one-zone balance in the module's docstring, (z, R)."""
    S, X2 = model.S, model.X**2
    reach = (np.maximum(model.v, 0.0) * (model.z_max - model.grid.z_face))[:, None]
    if model.others:
        return _estimate_of_any(model, Q, reach)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        c = np.where(X2 > 0, X2 / reach, 0.0)
        b, root = S - c, np.hypot(S - c, 2 * np.sqrt(c * Q))
        D = np.where(b > 0, (b + root) / 2, 2 * c * Q / (root - b))
        D = np.where(np.isinf(c), Q, np.where(c > 0, D, S))
        w = np.where(c > D, D - S, c * (Q - D) / D)  # the form that loses less to rounding
        kappa = np.where(X2 > 0, X2 / w, np.where(reach > 0, S * reach / (Q - S), np.nan))
        sustained = Q > S
    return np.where(sustained, D, Q), np.where(sustained, kappa, np.inf)


def _estimate_of_any(model, Q, reach):
    """`_estimate` with any powers m: the root κ of D (1 + v L/κ) = Q, D = S + Σ Y^(1+m) κ^(−m), by bisection in ln κ."""
    parts = {1.0: model.X, **model.others}

    def flux(kappa):
        return model.S + sum(Y * (Y / kappa) ** m for m, Y in parts.items())

    low, high = np.full(model.S.shape, -200.0), np.full(model.S.shape, 300.0)
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(60):
            middle = 0.5 * (low + high)
            kappa = np.exp(middle)
            above = flux(kappa) * (1.0 + reach / kappa) > Q
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        kappa = np.exp(0.5 * (low + high))
        return np.where(Q > model.S, np.minimum(flux(kappa), Q), Q), np.where(Q > model.S, kappa, np.inf)


def _solution(model, dataset):
    """(D, κ_sc) of a solution, (z, R): the balance of the waves at the slope of f across each face."""
    f = dataset.f.values[model.waves]
    slope = np.abs(np.diff(f, axis=0)) / model.grid.dz[:, None]
    kappa = sc.kappa_sc(model.S, model.X, slope)
    if model.others:
        kappa = sc.kappa_of_damping({0.0: model.S, 1.0: model.X, **model.others}, slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        D = slope / (1.0 / kappa + model.nu[model.waves])
    return D, kappa
