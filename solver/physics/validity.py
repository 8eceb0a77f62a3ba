"""Checks shared by the physics functions: nonsense is an error, use beyond a formula's range a warning."""

import warnings

import numpy as np


class ValidityWarning(UserWarning):
    """A formula is used outside the range in which its source derives it."""


def warn(message):
    """Issue a `ValidityWarning` from the caller's caller, where the formula was asked for."""
    warnings.warn(message, ValidityWarning, stacklevel=3)


SMALLEST, LARGEST = 1e-100, 1e100  # far outside all physics in any units; products of a few powers stay in range


def _checked(name, value, good, wanted):
    if hasattr(value, "unit"):  # a number with a unit would lose it here
        raise ValueError(f"{name} must be a plain number in the units of the docstring, got {value!r}")
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(array) & good(array))
    if bad.any():
        raise ValueError(f"{name} must be {wanted}, got {array[bad].flat[0]:g}")
    large = np.abs(array) > LARGEST
    if large.any():
        raise ValueError(f"{name} must not exceed {LARGEST:g}, got {array[large].flat[0]:g}")
    return array if array.ndim else array[()]


def positive(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite and > 0 everywhere.

    Values outside SMALLEST … LARGEST, which no physics has and whose powers overflow, are refused too; likewise below.
    """
    array = _checked(name, value, lambda a: a > 0, "finite and > 0")
    if np.any(array < SMALLEST):
        raise ValueError(f"{name} must not be below {SMALLEST:g}, got {np.min(array):g}")
    return array


def number(name, value):
    """One number that is `positive`, as a float; ValueError naming `name` for arrays too."""
    value = positive(name, value)
    if np.ndim(value):
        raise ValueError(f"{name} must be one number, got an array of shape {np.shape(value)}")
    return float(value)


def non_negative(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite and >= 0 everywhere."""
    return _checked(name, value, lambda a: a >= 0, "finite and >= 0")


def finite(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite everywhere."""
    return _checked(name, value, lambda a: np.ones(a.shape, dtype=bool), "finite")


def in_range(name, value, low, high):
    """`value` as a float or float array; ValueError naming `name` unless low < value < high everywhere."""
    return _checked(name, value, lambda a: (a > low) & (a < high), f"between {low:g} and {high:g} (both excluded)")
