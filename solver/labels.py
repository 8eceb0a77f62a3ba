"""Names, dimensions and units in a result file, and the check that a file has them: z in kpc, the rest CGS with GeV and GV."""

import numpy as np

from .errors import ResultError

SR, FR = ("species", "rigidity"), ("z_face", "rigidity")
SZR, SFR = ("species", "z", "rigidity"), ("species", "z_face", "rigidity")

# name: (dimensions, units, long name)
FIELDS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "f": (SZR, "cm-3 GeV-3", "phase-space density per d3x d3p, n = int 4 pi p2 f dp"),
    "flux": (SFR, "cm-2 s-1 GeV-3", "flux in z"),
    "kappa": (SFR, "cm2 s-1", "diffusion coefficient"),
}
COEFFICIENTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "v": (("z_face",), "cm s-1", "advection speed, wind and streaming"),
    "S": (FR, "cm-2 s-1 GeV-3", "linear damping of self-excited waves (eq. 4)"),
    "X": (FR, "GeV(-3/2) s-1", "nonlinear damping of self-excited waves (eq. 10)"),
    "kappa_extrinsic": (FR, "cm2 s-1", "diffusion coefficient of protons from extrinsic scattering, inf where none"),
    "self_confined": (("z_face",), "1", "1 where self-excited waves are present"),
    "speed_ratio": (SR, "1", "particle speed over that of protons at equal rigidity"),
    "loss_time": (SR, "s", "momentum loss time in the disc"),
    "Q": (SR, "cm-2 s-1 GeV-3", "primary source per side of the disc"),
}
HISTORY = {
    "t": ("s", "time reached"),
    "dt": ("s", "time step"),
    "newton": ("1", "Newton iterations"),
    "krylov": ("1", "Krylov iterations"),
    "residual": ("1", "largest scaled residual"),
    "change": ("1", "largest relative change of f"),
    "storage": ("1", "largest flux that filling or emptying makes, over the throughput"),
    "budget": ("1", "injected - escaped - lost - stored over injected"),
    "error": ("1", "estimated time error of the step"),
    "wall": ("s", "wall-clock time since the start"),
}
BUDGET = {
    "injected": "source, primary and secondary",
    "escaped": "flux through the top",
    "lost": "net momentum flux out of this rigidity",
    "destroyed": "destruction by spallation",
    "stored": "rate of change of the content",
}


def named(units, long_name):
    """The attributes of a variable."""
    return {"units": units, "long_name": long_name}


def check_labels(tree, path):
    """ResultError with all that is wrong where a tree is no result or no file of coefficients, whatever it says of itself.

    Axes must be there and in order, coefficients and fields have their dimensions, f numbers in every place.
    """
    wrong = [*_axes(tree)]
    needed = COEFFICIENTS | (FIELDS if tree.attrs.get("crstream_file") == "result" else {})
    for name, (dims, *_) in needed.items():
        if name not in tree.variables:
            wrong.append(f"lacks {name}")
        elif tree[name].dims != dims or tree[name].dtype.kind not in "fi":
            found = f"{tree[name].dtype} on ({', '.join(tree[name].dims)})"
            wrong.append(f"has {name} as {found}, not numbers on ({', '.join(dims)})")
        elif name == "f" and not np.isfinite(tree[name].values).all():
            wrong.append("has f that is no number")
    if wrong:
        raise ResultError(f"{path}: {'; '.join(wrong)}; it is not a whole result")


def _axes(tree):
    """What is wrong with the coordinates, in words."""
    for name in ("species", "z", "z_face", "rigidity"):
        axis = tree.variables.get(name)
        if axis is None:
            yield f"lacks {name}"
        elif axis.dims != (name,):
            yield f"has {name} on ({', '.join(axis.dims)})"
        elif name == "species":
            if len({str(value) for value in axis.values}) != axis.size:
                yield "has a species twice"
        elif axis.dtype.kind != "f" or not np.isfinite(axis.values).all() or not (np.diff(axis.values) > 0).all():
            yield f"has {name} that does not rise"
