"""Plain text tables of measurements."""

from dataclasses import dataclass, field


@dataclass
class Table:
    """A title, columns, rows of texts or numbers, and notes below; str() is what is printed and stored."""

    title: str
    columns: tuple
    rows: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def add(self, *cells):
        self.rows.append(cells)

    def __str__(self):
        texts = [[str(c) for c in self.columns], *([_text(c) for c in row] for row in self.rows)]
        width = [max(len(row[i]) for row in texts) for i in range(len(self.columns))]
        numeric = [all(isinstance(row[i], int | float) for row in self.rows) for i in range(len(self.columns))]

        def line(row):
            cells = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, width, numeric, strict=True))
            return ("  " + "  ".join(cells)).rstrip()

        rule = "  " + "  ".join("-" * w for w in width)
        return "\n".join([self.title, line(texts[0]), rule, *map(line, texts[1:]), *(f"  {note}" for note in self.notes)])


def _text(cell):
    if isinstance(cell, float):
        return f"{cell:.3g}" if cell == 0 or 1e-2 <= abs(cell) < 1e4 else f"{cell:.1e}"
    return str(cell)
