"""What is measured: intensities, ratios, slopes, ages, drift, pressure and budgets from a phase-space density.

Plain functions take arrays, species first, rigidity last; z in cm, p in GeV/c, f in cm^-3 GeV^-3 (n = ∫ 4π p² f dp).
The labelled ones (from `observe` on) take the dataset of a result and return labelled arrays.

The intensity (particles per area, time, solid angle and momentum) of an isotropic f is J_p = v n_p/(4π) = v p² f.
With dT = v dp (v in units of c, T and p c in GeV) and p = Z R:
    J_T = J_p/v = c p² f          J_R = J_p dp/dR = Z β c p² f = Z³ β c R² f
"""

import json
from itertools import pairwise

import numpy as np
import xarray as xr

from .constants import ERG_PER_GEV, KPC, PROTON_MASS, C
from .labels import BUDGET, FIELDS

M2 = 1e4                     # cm² in a m²
PROCESSES = ("advection", "extrinsic scattering", "linear damping", "nonlinear damping", "causal limit")


# ---------------- spectra

def intensity(f, p, Z, beta):
    """J_R = Z β c p² f in m^-2 s^-1 sr^-1 GV^-1 (Z per species broadcast against f)."""
    return M2 * C * Z * beta * p**2 * f


def intensity_per_energy(f, p, A=1):
    """A c p² f in m^-2 s^-1 sr^-1 GeV^-1: per total kinetic energy for A = 1, per kinetic energy per nucleon else."""
    return M2 * C * A * p**2 * f


def slope(x, y):
    """d ln y/d ln x along the last axis, second order on any spacing; nan where y is not positive."""
    y = np.asarray(y, float)
    good = y > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(good, np.log(np.where(good, y, 1.0)), np.nan)
        return np.gradient(log, np.log(x), axis=-1, edge_order=2 if len(x) > 2 else 1)


# ---------------- ages and speeds

def effective_speed(source, f_disc):
    """U = Q/f(0) in cm/s (eq. 8): the speed at which the source would have to leave the disc."""
    return _divide(source, f_disc)


def residence_time(f, volume, source):
    """∫ f dz/Q in s, f (species, z, R), volume (z,) in cm: the mean time spent at each rigidity, in steady state.

    Without energy losses this is the escape time and the mean age at escape.
    """
    return _divide(np.einsum("szr,z->sr", f, volume), source)


def grammage(f_disc, source, beta, half_thickness, density, mean_mass=PROTON_MASS):
    """ρ β c h f(0)/Q in g cm^-2, ρ = density × mean_mass: gas met in the disc by one particle of the source.

    h f(0)/Q is the time one particle spends inside the sheet of half-thickness h (both sides cancel).
    """
    return density * mean_mass * beta * C * half_thickness * _divide(f_disc, source)


def equivalent_kappa(source, f_disc, height):
    """H Q/f(0) in cm²/s: the uniform diffusion coefficient that alone gives the same f(0) with f(H) = 0 (eq. 23)."""
    return height * _divide(source, f_disc)


def drift_speed(kappa, f, z):
    """v_D = κ |∂f/∂z|/f on faces, cm/s (eq. 28, L_CR the actual scale height); f (..., z, R), kappa (..., face, R)."""
    drop = np.abs(np.diff(f, axis=-2)) / np.diff(z)[:, None]
    with np.errstate(invalid="ignore"):
        return kappa * _divide(drop, 0.5 * (f[..., 1:, :] + f[..., :-1, :]))


# ---------------- moments

def moment(f, p, weight=1.0):
    """∫ 4π p² f weight dp along the last axis, each interval taken as a power law (exact for power laws)."""
    y = 4 * np.pi * p**3 * f * weight                        # integrand in ln p
    a, b = y[..., :-1], y[..., 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(b / a)
        mean = np.where(np.abs(log) > 1e-4, (b - a) / log, 0.5 * (a + b) * (1 - log**2 / 12))
    mean = np.where((a > 0) & (b > 0), mean, 0.5 * (a + b))
    return np.sum(mean * np.diff(np.log(p), axis=-1), axis=-1)


def number_density(f, p):
    """n in cm^-3 over the rigidity range of the grid."""
    return moment(f, p)


def energy_density(f, p, kinetic_energy):
    """∫ 4π p² f T dp in erg cm^-3."""
    return ERG_PER_GEV * moment(f, p, kinetic_energy)


def pressure(f, p, beta):
    """(1/3) ∫ 4π p² f p v dp in erg cm^-3."""
    return ERG_PER_GEV / 3 * moment(f, p, p * beta)


def pressure_force(pressure_, z):
    """-∂P/∂z on faces in dyn cm^-3; pressure (..., z), z in cm."""
    return -np.diff(pressure_, axis=-1) / np.diff(z)


def rate_total(rate, p, dx, weight=1.0):
    """Σ 4π p³ rate weight Δ ln p, the scheme's own sum over nodes: what balances at each p balances in total."""
    return np.sum(4 * np.pi * p**3 * rate * weight, axis=-1) * dx


def _divide(a, b):
    """a/b with nan where b is zero."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0)


# ---------------- labelled

OBSERVABLES = {
    "J": ("m-2 s-1 sr-1 GV-1", "intensity at the disc per rigidity"),
    "J_kinetic": ("m-2 s-1 sr-1 GeV-1", "intensity at the disc per kinetic energy per nucleon"),
    "slope": ("1", "local slope d ln f/d ln R at the disc"),
    "effective_speed": ("cm s-1", "source / f at the disc (eq. 8)"),
    "residence_time": ("s", "mean time spent at this rigidity, int f dz / source"),
    "grammage": ("g cm-2", "gas met in the disc by one particle of the source"),
    "kappa_disc": ("cm2 s-1", "diffusion coefficient on the first face above the disc"),
    "kappa_disc_slope": ("1", "d ln kappa_disc/d ln R"),
    "kappa_equivalent": ("cm2 s-1", "uniform diffusion coefficient that gives the same f at the disc"),
    "kappa_equivalent_slope": ("1", "d ln kappa_equivalent/d ln R"),
    "drift_speed": ("cm s-1", "kappa |df/dz| / f"),
    "anisotropy": ("1", "3 drift_speed / particle speed"),
    "number_density": ("cm-3", "number density over the rigidity grid"),
    "energy_density": ("erg cm-3", "kinetic energy density over the rigidity grid"),
    "pressure": ("erg cm-3", "pressure over the rigidity grid"),
    "pressure_force": ("dyn cm-3", "minus the pressure gradient"),
}


def observe(dataset):
    """All observables of a result's dataset, labelled, as a Dataset on the same coordinates."""
    ds = dataset
    f, p, beta = ds.f.values, ds.momentum.values, ds.beta.values
    z, R, Z = ds.z.values * KPC, ds.rigidity.values, ds.charge.values[:, None]
    f0, source, kappa = f[:, 0], ds.source.values, ds.kappa.values
    sr, sz, sf = ("species", "rigidity"), ("species", "z"), ("species", "z_face")
    fr = (*sf, "rigidity")
    p3, b3 = p[:, None, :], beta[:, None, :]
    drift = drift_speed(kappa, f, z)
    P = pressure(f, p3, b3)
    equivalent = equivalent_kappa(source, f0, z[-1])
    values = {
        "J": (sr, intensity(f0, p, Z, beta)),
        "J_kinetic": (sr, intensity_per_energy(f0, p, ds.mass_number.values[:, None])),
        "slope": (sr, slope(R, f0)),
        "effective_speed": (sr, effective_speed(source, f0)),
        "residence_time": (sr, residence_time(f, np.diff(ds.z_bounds.values, axis=1)[:, 0] * KPC, source)),
        "grammage": (sr, grammage(f0, source, beta, float(ds.disc_half_thickness), float(ds.disc_density))),
        "kappa_disc": (sr, kappa[:, 0]),
        "kappa_disc_slope": (sr, slope(R, np.where(np.isfinite(kappa[:, 0]), kappa[:, 0], np.nan))),
        "kappa_equivalent": (sr, equivalent),
        "kappa_equivalent_slope": (sr, slope(R, equivalent)),
        "drift_speed": (fr, drift),
        "anisotropy": (fr, 3 * drift / (b3 * C)),
        "number_density": (sz, number_density(f, p3)),
        "energy_density": (sz, energy_density(f, p3, ds.kinetic_energy.values[:, None, :])),
        "pressure": (sz, P),
        "pressure_force": (sf, pressure_force(P, z)),
    }
    return xr.Dataset({name: (dims, array, dict(zip(("units", "long_name"), OBSERVABLES[name], strict=True)))
                       for name, (dims, array) in values.items()},
                      coords={name: c for name, c in ds.coords.items() if name != "bnds"})


def ratio(dataset, over, under):
    """Ratio of the intensities of two elements at equal rigidity, boron over carbon for charges 5 and 6; f need not be positive.

    All isotopes of an element that the dataset has add up.
    """
    J = intensity(dataset.f.isel(z=0), dataset.momentum, dataset.charge, dataset.beta)
    isotopes = [dataset.charge.values == Z for Z in (over, under)]
    above, below = (J.isel(species=own).sum("species", skipna=False) for own in isotopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = (above / below).reset_coords(drop=True)
    names = ["/".join(dataset.species.values[own]) for own in isotopes]
    return out.assign_attrs(units="1", long_name=f"{names[0]} to {names[1]} ratio of intensities at equal rigidity")


def budget(dataset, rate=None):
    """Injected, escaped, stored and lost (species, rigidity) in cm^-2 s^-1 GeV^-3 per side, from the fields alone.

    rate: ∂f/∂t in cm^-3 GeV^-3 s^-1, (species, z, rigidity); None of a steady state.  escaped is the flux through the last
    face, stored ∫ ∂f/∂t dz up to there, lost what neither escapes nor is stored.
    """
    volume = np.diff(dataset.z_face.values, prepend=dataset.z.values[0]) * KPC
    stored = np.zeros(dataset.source.shape) if rate is None else np.einsum("z,szr->sr", volume, rate[:, :-1])
    injected, escaped = dataset.source, dataset.flux.isel(z_face=-1, drop=True)
    terms = {"injected": injected, "escaped": escaped, "stored": injected.copy(data=stored)}
    terms["lost"] = injected - escaped - terms["stored"]
    out = xr.Dataset(terms).reset_coords(drop=True)
    for name, term in out.data_vars.items():
        term.attrs = {"units": FIELDS["flux"][1], "long_name": BUDGET[name]}
    return out


def budget_totals(dataset, rates):
    """Rates per side and area on (term, species): `number` (cm^-2 s^-1) and `power` (erg cm^-2 s^-1).

    `rates` is the budget group (species, rigidity).  Losses conserve number within the grid: their total number rate
    is what leaves at the lowest rigidity, their power is what the gas and the waves take.
    """
    p, dx = dataset.momentum.values, float(np.log(dataset.rigidity[1] / dataset.rigidity[0]))
    terms = [name for name in rates.data_vars if rates[name].dims == ("species", "rigidity")]
    T, dims = ERG_PER_GEV * dataset.kinetic_energy.values, ("term", "species")
    number = np.array([rate_total(rates[name].values, p, dx) for name in terms])
    power = np.array([rate_total(rates[name].values, p, dx, T) for name in terms])
    return xr.Dataset(
        {
            "number": (dims, number, {"units": "cm-2 s-1", "long_name": "particles per area (one side) and time"}),
            "power": (dims, power, {"units": "erg cm-2 s-1", "long_name": "energy per area (one side) and time"}),
        },
        coords={"term": terms, "species": dataset.species.values},
    )


def deck_of(dataset):
    """What the deck of a result's dataset says, as dictionaries; empty where it has none."""
    return json.loads(dataset.attrs.get("deck", "{}"))


def power_shares(dataset):
    """Where the injected power goes, (term, species) as shares of it: escaped, ionisation, adiabatic, rest.

    Per side and area, T the kinetic energy: escaped is the flux of T through the top; the gas of the disc takes
    h ∫ 4πp² f(0) (p/τ_loss) v dp (for losses "catastrophic" h ∫ 4πp² f(0) T/τ_loss dp); the adiabatic term P ∂v/∂z works
    on the waves, half the jump of v at the disc included, where it is on.  rest closes the budget: particles that are
    slowed down below the grid, other losses and destruction, and the error of these sums, second order in Δ ln p.
    """
    ds = dataset
    p, T, f0 = ds.momentum.values, ds.kinetic_energy.values, ds.f.values[:, 0]
    dx = float(np.log(ds.rigidity[1] / ds.rigidity[0]))
    injected = rate_total(ds.source.values, p, dx, T)
    escaped = rate_total(ds.flux.values[:, -1], p, dx, T)
    kind = deck_of(ds).get("disc", {}).get("losses", "flux")
    with np.errstate(divide="ignore"):
        rate = float(ds.disc_half_thickness) / ds.loss_time.values
    ionisation = rate_total(f0 * rate, p, dx, p * ds.beta.values if kind == "flux" else T) * (kind != "none")
    P = rate_total(ds.f.values, p[:, None, :], dx, (p * ds.beta.values)[:, None, :]) / 3
    jumps = np.diff(ds.v.values, prepend=0.0)
    adiabatic = (P[:, :-1] * jumps).sum(axis=1) * int(ds.attrs.get("adiabatic", 1))
    terms = np.stack([escaped, ionisation, adiabatic])
    shares = _divide(np.concatenate([terms, (injected - terms.sum(axis=0))[None]]), injected)
    return xr.DataArray(shares, dims=("term", "species"), name="power_share", attrs={"units": "1"},
                        coords={"term": ["escaped", "ionisation", "adiabatic", "rest"], "species": ds.species.values})


def limiting_process(dataset, species=None):
    """Which process carries or holds the flux, on (z_face, rigidity): index into PROCESSES (attribute `processes`).

    Where advection carries more than diffusion: 0.  Else the largest part of 1/κ: extrinsic scattering, self-excited
    waves limited by linear or by nonlinear damping (the larger of S κ and X² in |∂f/∂z| κ² = S κ + X²), or the causal
    limit.  Eq. 32 asks the same of whole layers, see `layer_share`.
    """
    ds = dataset.sel(species=dataset.species.values[0] if species is None else species)
    f, kappa = ds.f.values, ds.kappa.values / ds.speed_ratio.values          # κ the protons would have
    with np.errstate(divide="ignore", invalid="ignore"):
        extrinsic = 1 / ds.kappa_extrinsic.values
        causal = np.broadcast_to(ds.speed_ratio.values / (ds.beta.values * C * ds.z.values[-1] * KPC), kappa.shape)
        causal = causal * int(ds.attrs.get("causal_limit", 1))
        waves = np.where(ds.self_confined.values[:, None], np.maximum(1 / kappa - extrinsic - causal, 0.0), 0.0)
        nonlinear = ds.X.values**2 * waves
        for m in ds.damping_power.values if "Y" in ds else ():
            Y = ds.Y.sel(damping_power=m).values
            nonlinear = nonlinear + Y * (Y * waves) ** m
        linear = ds.S.values >= nonlinear
    none = np.zeros_like(kappa)
    parts = np.stack([extrinsic, np.where(linear, waves, none), np.where(linear, none, waves), causal])
    kind = 1 + np.argmax(parts, axis=0)
    upwind = np.where(ds.v.values[:, None] >= 0, f[:-1], f[1:])
    advected = np.abs(ds.v.values[:, None] * upwind)
    kind = np.where(2 * advected > np.abs(ds.flux.values), 0, kind)
    coords = {"z_face": ds.z_face, "rigidity": ds.rigidity}
    attrs = {"long_name": "process that limits escape", "processes": ", ".join(PROCESSES)}
    return xr.DataArray(kind, dims=tuple(coords), coords=coords, name="limiting_process", attrs=attrs)


def layer_share(dataset):
    """Part of f(0) that is built up across each layer, (layer, species, rigidity): [f(bottom) - f(top)]/f(0).

    Eq. 32 compares exactly these: the first layer sets the observables where its share exceeds one half.
    """
    tops = dataset.layer_top.values
    node = [0] + [int(np.argmin(np.abs(dataset.z.values - top))) for top in tops]
    f = dataset.f.values
    share = np.stack([_divide(f[:, a] - f[:, b], f[:, 0]) for a, b in pairwise(node)])
    return xr.DataArray(share, dims=("layer", "species", "rigidity"), name="layer_share",
                        coords={"layer": dataset.layer, "species": dataset.species, "rigidity": dataset.rigidity},
                        attrs={"units": "1", "long_name": "part of f(0) built up across the layer"})
