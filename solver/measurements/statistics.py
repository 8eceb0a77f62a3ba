"""How far a curve is from the points: residuals, pulls, χ², rms of the logarithm.

Conventions.  A pull is (data − model)/σ with σ the error on the model's side of the point: the upper one where the model
lies above, the lower one where it lies below.  χ² is the sum of squared pulls over the points used, as if they were
independent: no covariance between bins is published for the sets at hand, so χ² with systematic errors (in quadrature) is
too small and χ² with statistical errors alone too large.  Not used: upper limits (counted where the model exceeds them),
points where the model is not given, and points whose error is zero, as tabulated ones are by rounding.
"""

from dataclasses import dataclass

import numpy as np


def pulls(measurement, model, systematic=True):
    """(data − model)/σ, (n,); nan for points that are not used.  model: values at the points (n,)."""
    lower, upper = measurement.error(systematic)
    sigma = np.where(model > measurement.value, upper, lower)
    used = (sigma > 0) & np.isfinite(model) & ~measurement.upper_limit
    return np.divide(measurement.value - model, sigma, out=np.full(len(measurement), np.nan), where=used)


def chi2(measurement, model, systematic=True):
    """(χ², number of points used); see the head of this module."""
    pull = pulls(measurement, model, systematic)
    used = np.isfinite(pull)
    return float(np.sum(pull[used] ** 2)), int(used.sum())


def log_residuals(measurement, model):
    """ln(model/data), (n,); nan for upper limits and where either is not positive."""
    good = (model > 0) & (measurement.value > 0) & ~measurement.upper_limit & np.isfinite(model)
    out = np.full(len(measurement), np.nan)
    out[good] = np.log(model[good] / measurement.value[good])
    return out


def rms_log(measurement, model):
    """Root mean square of ln(model/data): 0.1 means typically 10 % off; nan without a point."""
    residuals = log_residuals(measurement, model)
    residuals = residuals[np.isfinite(residuals)]
    return float(np.sqrt(np.mean(residuals**2))) if len(residuals) else float("nan")


@dataclass(frozen=True)
class Fit:
    """A curve against one measurement; counts say how many points each χ² used."""

    points: int                   # used with all errors
    chi2: float                   # statistical and systematic
    points_statistical: int       # fewer where a statistical error is zero by rounding
    chi2_statistical: float
    rms_log: float
    exceeded: int                 # upper limits below the model


def fit(measurement, model):
    """The Fit of a curve: model is a function of x on the measurement's axis, or its values at the points (n,)."""
    from .curves import at_points

    values = at_points(model, measurement) if callable(model) else np.asarray(model, float)
    total, points = chi2(measurement, values)
    statistical, points_statistical = chi2(measurement, values, systematic=False)
    exceeded = int(np.sum(measurement.upper_limit & (values > measurement.value)))
    return Fit(points, total, points_statistical, statistical, rms_log(measurement, values), exceeded)
