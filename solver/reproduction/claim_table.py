"""The table of claims as people read it: in a terminal, as plain text, as a part of a web page.

A claim is a record, a dict as JSON holds it: row, where, text, kind, paper, formula, full, status, why, range (texts), and
checks, one dict per number with what, unit, paper, formula, full (texts, "" for none), formula_holds, full_holds (None for
none) and printed (a literal reading that a note corrects).
"""

from __future__ import annotations

import html as markup
import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]

HOLDS, CORRECTED, DIFFERS = "holds", "holds as corrected", "differs"
DEPENDS, INPUT, NEEDS_DATA = "depends on a free choice", "input", "needs the data folder"
KINDS = {"E": "exact", "N": "number", "R": "range", "Q": "qualitative", "I": "input"}
STYLES = {HOLDS: "green", CORRECTED: "cyan", DEPENDS: "yellow", DIFFERS: "bold red", INPUT: "dim", NEEDS_DATA: "dim"}
MARKS = {HOLDS: "✓", CORRECTED: "✓*", DEPENDS: "~", DIFFERS: "✗", INPUT: "=", NEEDS_DATA: "…"}
PLURALS = {
    HOLDS: "hold",
    CORRECTED: "hold as corrected",
    DEPENDS: "depend on a free choice",
    INPUT: "inputs are as in the decks",
    NEEDS_DATA: "need the data folder",
    DIFFERS: "differ",
}
HEADINGS = ("quantity", "paper", "formula", "full equation")
COLUMNS = (34, 18, 11, 13)  # widths of the four in a terminal
LEAST_WIDTH = 140  # of a terminal that shows the table
WIDTH = 118  # of plain text


def group(claim: Record) -> str:
    """The status without its note."""
    return CORRECTED if claim["status"].startswith(CORRECTED) else claim["status"]


def only_full_differs(claim: Record) -> bool:
    """Does the paper's formula give what it says, and only the full equation something else?"""
    checks = [c for c in claim["checks"] if not c["printed"]]
    return claim["status"] == DIFFERS and bool(checks) and all(c["formula_holds"] is not False for c in checks)


def summary(claims: Iterable[Record]) -> str:
    """How many claims have which status."""
    claims = list(claims)
    counts, only = Counter(map(group, claims)), sum(map(only_full_differs, claims))
    parts = [f"{counts[status]} {words}" for status, words in PLURALS.items() if counts[status]]
    if only:
        parts[-1] += f" ({only} of them in the full equation only)"
    return f"{len(claims)} claims: " + ", ".join(parts)


def choices(claims: Iterable[Record]) -> list[tuple[str, int, int, str]]:
    """(choice, how many claims are computed over it, how many hold, rows of those that do not), as chosen first."""
    found: dict[str, list[tuple[int, bool]]] = {}
    for claim in claims:
        for name, holds in claim.get("choices", {}).items():
            found.setdefault(name, []).append((claim["row"], holds))
    return [
        (name, len(each), sum(holds for _, holds in each), ", ".join(str(row) for row, holds in each if not holds))
        for name, each in found.items()
    ]


def cells(check: Record) -> tuple[str, str, str, str]:
    """Quantity, paper's value, formula's and full equation's number of one check; ✗ marks what is not allowed."""
    what = check["what"] + (f" [{check['unit']}]" if check["unit"] else "")
    return (what, check["paper"], _number(check, "formula"), _number(check, "full"))


def _number(check, column) -> str:
    return (check[column] or "–") + (" ✗" if check[f"{column}_holds"] is False else "")


class ClaimsTable:
    """The claims as a rich table, for terminals of LEAST_WIDTH or more; `str` gives plain text for all others and pipes."""

    def __init__(self, claims: Iterable[Record]):
        self.claims = list(claims)

    @property
    def table(self):
        """The rich Table: one row per claim, its numbers in columns of their own."""
        from rich.table import Table
        from rich.text import Text

        title, caption = Text("Claims of the paper"), Text(self.closing)
        table = Table(title=title, caption=caption, title_justify="left", caption_justify="left", show_lines=True)
        table.expand = True
        table.add_column("", justify="right", width=3)
        table.add_column("claim", ratio=1)
        table.add_column(_grid([Text(each, style="bold") for each in HEADINGS]), width=sum(COLUMNS) + 3)
        table.add_column("status", width=18)
        for claim in self.claims:
            text = Text(claim["text"])
            text.append(_origin(claim, "\n{} · {}"), style="dim")
            for more in filter(None, (claim["why"], claim["range"])):
                text.append("\n" + more, style="italic dim")
            lines = [[Text(c, style="red" if c.endswith("✗") else "") for c in cells(each)] for each in claim["checks"]]
            status = Text(MARKS[group(claim)] + " " + claim["status"], style=STYLES[group(claim)])
            table.add_row(str(claim["row"]), text, _grid(*lines) if lines else "", status)
        return table

    def __rich__(self):
        return self.table

    @property
    def closing(self):
        """Counts of statuses, and what the free choices make of the claims that depend on them."""
        lines = [summary(self.claims)]
        for name, of, hold, fail in choices(self.claims):
            lines.append(f"{name}: {hold} of {of} hold" + (f", not rows {fail}" if fail else ""))
        return "\n".join(lines)

    def text(self, width=WIDTH):
        """Plain text in lines of at most `width` characters (not less than 60)."""
        width = max(min(width, WIDTH), 60)
        closing = [textwrap.fill(line, width, subsequent_indent="  ") for line in self.closing.splitlines()]
        return "\n\n".join([*(plain_text(claim, width) for claim in self.claims), "\n".join(closing)])

    def __str__(self):
        return self.text()


def _grid(*lines):
    """Rows of four cells, as wide as in every other claim."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    for width in COLUMNS:
        grid.add_column(width=width)
    for line in lines:
        grid.add_row(*line)
    return grid


def plain_text(claim: Record, width: int = WIDTH) -> str:
    """One claim in lines of at most `width` characters, its numbers in columns."""

    def wrapped(text, indent):
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=" " * len(indent))

    head = f"{claim['row']:>3}  {claim['status']}   " + _origin(claim, "[{}; {}]")
    lines = [head, wrapped(claim["text"], "     "), *_columns([cells(check) for check in claim["checks"]], width)]
    if claim["why"]:
        lines.append(wrapped(claim["why"], "     why: "))
    over = claim["range"].splitlines()
    lines += [wrapped(line, "     range: " if i == 0 else "            ") for i, line in enumerate(over)]
    return "\n".join(lines)


def _columns(rows, width) -> list[str]:
    """Lines of quantity and numbers in columns; one below the other where they do not fit side by side."""
    names = ("paper", "formula", "full")
    texts = [
        [row[0], *("" if x == "–" else f"{name} {x}" for name, x in zip(names, row[1:], strict=True))] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    if 4 + sum(3 + w for w in widths if w) <= width:
        columns = [k for k, w in enumerate(widths) if w]
        return ["       " + "   ".join(f"{text[k]:{widths[k]}}" for k in columns).rstrip() for text in texts]
    lines = []
    for what, *numbers in texts:
        for text, indent in ((what, "       "), ("   ".join(filter(None, numbers)), "         ")):
            lines.append(textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent + "  "))
    return lines


def _origin(claim, pattern) -> str:
    """Where a claim is made and of what kind it is."""
    return pattern.format(claim["where"], KINDS[claim["kind"]])


# ---- web page ------------------------------------------------------------------------------------------------------

CSS = """
.claims { font: 14px/1.45 system-ui, sans-serif; color: #1a1a1a; }
.claims table { border-collapse: collapse; width: 100%; }
.claims th { text-align: left; font-weight: 600; border-bottom: 2px solid #333; padding: .35em .7em; position: sticky; top: 0;
  background: #fff; }
.claims td { vertical-align: top; padding: .3em .7em; border: 0; }

.claims table.choices { width: auto; margin: .8em 0; } .claims table.choices th { position: static; }
.claims tbody { border-bottom: 1px solid #ccc; }
.claims tbody tr { height: 1px; } .claims tbody tr:last-child { height: auto; } .claims td.rest { padding: 0; }
.claims td.n { text-align: right; color: #666; font-variant-numeric: tabular-nums; }
.claims td.claim { width: 30%; }
.claims td.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.claims td.paper { font-variant-numeric: tabular-nums; }
.claims .off { color: #a33c00; font-weight: 600; }
.claims .none { color: #bbb; }
.claims small { color: #666; display: block; }
.claims .why { color: #333; margin: .4em 0 0; }
.claims .range { color: #555; margin: .3em 0 0; font-size: .9em; white-space: pre-line; }
.claims .status { white-space: nowrap; font-weight: 600; }
.claims .status small { white-space: normal; max-width: 9em; font-weight: 400; }
.claims .holds { color: #00664b; } .claims .corrected { color: #00557f; } .claims .depends { color: #7a5c00; }
.claims .differs { color: #a33c00; } .claims .input, .claims .needs { color: #666; }
.claims sub, .claims sup { line-height: 0; font-size: .75em; }
.claims .literal { color: #888; font-style: italic; }
"""
CLASSES = {
    HOLDS: "holds",
    CORRECTED: "corrected",
    DEPENDS: "depends",
    DIFFERS: "differs",
    INPUT: "input",
    NEEDS_DATA: "needs",
}
LEGEND = (
    "<b>paper</b>: as printed, “derived” where it follows from the paper's inputs. <b>formula</b>: the paper's own "
    "formula, computed; of inputs, what the decks hold. <b>full equation</b>: from solved decks, with adiabatic losses "
    "and losses as a flux in momentum. ✗ marks numbers outside what the paper's words allow: exact exponents to 1e−6 "
    "(0.02 and 2&nbsp;% in solutions), numbers to the rounding shown, “~” to half a decade."
)


def html(claims: Iterable[Record], heading: str = "Claims of the paper") -> str:
    """The claims as a `<section>` with its own style, for a page that has a head and a body already."""
    claims = list(claims)
    head = "".join(f"<th>{each}</th>" for each in ("", "claim", *HEADINGS, "status"))
    return (
        f'<section class="claims" id="claims"><style>{CSS}</style><h2>{markup.escape(heading)}</h2>'
        f"<p>{markup.escape(summary(claims))}.</p>{_choices(claims)}<p><small>{LEGEND}</small></p>"
        f"<table><thead><tr>{head}</tr></thead>{''.join(map(_body, claims))}</table></section>"
    )


def _choices(claims) -> str:
    """What the free choices make of the claims that depend on them, as a small table."""
    rows = [
        f"<tr><td>{_typeset(markup.escape(name))}</td><td>{hold} of {of}</td><td>"
        + ", ".join(f'<a href="#claim-{row}">{row}</a>' for row in fail.split(", ") if row)
        + "</td></tr>"
        for name, of, hold, fail in choices(claims)
    ]
    head = "<tr><th>free choice</th><th>claims that hold</th><th>that do not</th></tr>"
    return f'<table class="choices">{head}{"".join(rows)}</table>' if rows else ""


def page(claims: Iterable[Record]) -> str:
    """A whole page with nothing but the claims."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Claims of the paper</title></head><body>{html(claims)}</body></html>"
    )


_RAISED = re.compile(r"\^([−+]?\([^()]*\)|[−+]?(?:[0-9./½¼¾]+|[a-zαγδλ]))")
_LOWERED = re.compile(r"_([A-Za-z0-9*∥⊥]+)")


def _typeset(text: str) -> str:
    """Escaped text with ^… raised and _… lowered, as in v_A and p^−3.5."""
    raised = _RAISED.sub(
        lambda m: f"<sup>{m[1].removeprefix('(').removesuffix(')') if m[1][0] == '(' else m[1]}</sup>", text
    )
    return _LOWERED.sub(r"<sub>\1</sub>", raised)


def _body(claim: Record) -> str:
    """One claim as a `<tbody>`: a line per check and one for what is left of the claim's height."""
    kind, row = group(claim), claim["row"]
    text, why, over = (_typeset(markup.escape(claim[key])) for key in ("text", "why", "range"))
    more = (f'<p class="why">{why}</p>' if why else "") + (f'<p class="range">{over}</p>' if over else "")
    origin, note = markup.escape(_origin(claim, "{} · {}")), markup.escape(claim["status"].removeprefix(kind).strip())
    lines = [*map(_line, claim["checks"]), '<td class="rest" colspan="4"></td>']
    span = f' rowspan="{len(lines)}"'
    first = f'<td class="n"{span}>{row}</td><td class="claim"{span}>{text}<small>{origin}</small>{more}</td>'
    last = f'<td class="status {CLASSES[kind]}"{span}>{MARKS[kind]} {kind}<small>{note}</small></td>'
    rows = [f"<tr>{first}{lines[0]}{last}</tr>", *(f"<tr>{line}</tr>" for line in lines[1:])]
    return f'<tbody id="claim-{row}">{"".join(rows)}</tbody>'


def _line(check: Record) -> str:
    what, paper, *values = (_typeset(markup.escape(text)) for text in cells(check))
    literal = ' class="literal"' if check["printed"] else ""
    cell = "".join(
        f'<td class="value{" off" if value.endswith("✗") else " none" if value == "–" else ""}">{value}</td>'
        for value in values
    )
    return f'<td{literal}>{what}</td><td class="paper">{paper}</td>{cell}'
