"""All quantitative claims of the paper, computed: `evaluate(runs)` gives one `Claim` per row, `render` shows them."""

from . import appendices, section3, section4, section5, section21, section22
from .checks import Check
from .registry import STATUSES, Claim, evaluate, rows
from .render import ClaimsTable, html, page, plain_text, records, summary

SECTIONS = (section21, section22, section3, section4, section5, appendices)
__all__ = [
    "SECTIONS", "STATUSES", "Check", "Claim", "ClaimsTable", "evaluate", "html", "page", "plain_text", "records", "rows", "summary",
]  # fmt: skip
