"""All quantitative claims of the paper, computed: `evaluate(runs)` gives one `Claim` per row, `render` shows them."""

from . import section3, section4, section21, section22
from .checks import Check
from .registry import Claim, evaluate, rows

__all__ = ["Check", "Claim", "evaluate", "rows", "section21", "section22", "section3", "section4"]
