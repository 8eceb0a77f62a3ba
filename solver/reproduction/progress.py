"""What `crstream reproduce` shows: a live line while decks are solved, a line per figure, and the closing tables."""

import sys
from collections import Counter


class Progress:
    """Follows a reproduction (see make.Silent): one line per finished figure, a live one on a terminal."""

    def __init__(self, stream=None):
        from rich.console import Console

        self.console = Console(file=stream or sys.stderr, highlight=False)
        self.status, self.name, self.seen = None, "", Counter[str]()

    def __enter__(self):
        if self.console.is_terminal:
            self.status = self.console.status("")
            self.status.start()
        return self

    def __exit__(self, *_):
        if self.status is not None:
            self.status.stop()

    def begin(self, name):
        self.name, self.seen = name, Counter()
        self._live("")

    def step(self, state, deck, seconds):
        self.seen[state] += 1
        if state == "solving":
            self._live(f"solving {deck.title or deck.problem or 'a deck'} ({self.seen['solving']})")

    def row(self, number, done, of):
        self._live(f"row {number} ({done + 1} of {of})")

    def end(self, made):
        solved, read = self.seen["solved"], self.seen["read"]
        decks = ", ".join(f"{count} decks {what}" for count, what in ((solved, "solved"), (read, "read")) if count)
        what = ", ".join(filter(None, ["drawn", decks, f"{made.seconds:.1f} s"])) if made.drawn else "as it was"
        self.console.print(f"{made.name:12} {what}", markup=False)

    def _live(self, text):
        if self.status is not None:
            self.status.update(f"{self.name}  {text}")


def table(done):
    """Figures of a Reproduction as a rich Table."""
    from rich.table import Table
    from rich.text import Text

    out = Table(box=None, pad_edge=False)
    for column in ("figure", "what", "formula = solver"):
        out.add_column(column)
    for made in done.figures:
        checks = made.record["agreements"]
        worst = max((each["difference"] / each["bound"] for each in checks if each["bound"]), default=0.0)
        text = f"{len(checks)} within, at most {worst:.2g} of the bound" if checks else "nothing to compare"
        if not made.holds:
            over = (f"{c['what']} {c['difference']:.2g} > {c['bound']:.2g}" for c in checks if not c["holds"])
            text = "OUTSIDE: " + "; ".join(over)
        out.add_row(made.name, Text(made.record["title"].rstrip(".")), Text(text, style="" if made.holds else "red"))
    return out


def show_claims(claims):
    """Print all claims: as a table where the terminal is wide enough for it, else as plain text."""
    from rich.console import Console

    from .claim_table import LEAST_WIDTH, ClaimsTable

    console, table = Console(highlight=False), ClaimsTable(claims)
    if console.is_terminal and console.width >= LEAST_WIDTH:
        console.print(table)
    else:
        print(table.text(console.width) if console.is_terminal else table)


def show(thing):
    """Print a table: as wide as the terminal, and in full where there is none."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    console.print(thing)
