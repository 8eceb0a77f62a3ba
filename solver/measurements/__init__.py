"""Measurements: read in the formats of the field, converted, modulated, compared with a curve.  No drawing in here.

    from solver import measurements
    catalogue = measurements.find("data")                       # or CRSTREAM_DATA, or the user's configuration
    sets = measurements.paper_sets(catalogue)
    voyager = sets["voyager_protons"].measurement.to("R")       # exact, with its errors and edges
    model = measurements.curve(result.dataset, "B/C", "R")      # a function of x
    measurements.fit(sets["ams_b_to_c"].measurement, model)     # χ² with and without systematic errors, rms of ln
"""

from .axes import AXES
from .catalogue import HOW_TO_GET, Catalogue, find
from .curves import at_points, curve, has
from .database import fetch
from .measurement import Measurement
from .modulation import demodulated, modulated
from .paper import paper_sets
from .reading import read
from .statistics import Fit, chi2, fit, log_residuals, pulls, rms_log

__all__ = [
    "AXES", "HOW_TO_GET", "Catalogue", "Fit", "Measurement", "at_points", "chi2", "curve", "demodulated", "fetch", "find",
    "fit", "has", "log_residuals", "modulated", "paper_sets", "pulls", "read", "rms_log",
]  # fmt: skip
