"""Checks shared by the physics functions: nonsense is an error, use beyond a formula's range a warning."""

import warnings

import numpy as np


class ValidityWarning(UserWarning):
    """A formula is used outside the range in which its source derives it."""


def warn(message):
    """Issue a `ValidityWarning` from the caller's caller, where the formula was asked for."""
    warnings.warn(message, ValidityWarning, stacklevel=3)


def _checked(name, value, good, wanted):
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(array) & good(array))
    if bad.any():
        raise ValueError(f"{name} must be {wanted}, got {array[bad].flat[0]:g}")
    return array if array.ndim else array[()]


def positive(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite and > 0 everywhere."""
    return _checked(name, value, lambda a: a > 0, "finite and > 0")


def non_negative(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite and >= 0 everywhere."""
    return _checked(name, value, lambda a: a >= 0, "finite and >= 0")


def finite(name, value):
    """`value` as a float or float array; ValueError naming `name` unless finite everywhere."""
    return _checked(name, value, lambda a: np.ones(a.shape, dtype=bool), "finite")


def in_range(name, value, low, high):
    """`value` as a float or float array; ValueError naming `name` unless low < value < high everywhere."""
    return _checked(name, value, lambda a: (a > low) & (a < high), f"between {low:g} and {high:g} (both excluded)")
