"""All quantitative claims of the paper, computed: `evaluate(runs)` gives one `Claim` per row."""

from . import (
    appendices,
    section2_linear,
    section2_nonlinear,
    section2_stratified,
    section3,
    section4_figures,
    section4_theory,
    section5_6,
)
from .checks import Check
from .registry import Claim, all_rows, evaluate

SECTIONS = (
    section2_linear,
    section2_nonlinear,
    section2_stratified,
    section3,
    section4_theory,
    section4_figures,
    section5_6,
    appendices,
)
__all__ = ["SECTIONS", "Check", "Claim", "all_rows", "evaluate"]
