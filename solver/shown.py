"""Texts as they are shown: those from decks and files without what a terminal would obey, words in a row with their "and"."""

HIDDEN = "\N{REPLACEMENT CHARACTER}"


def printable(text, besides=""):
    """The text with everything that cannot be seen, control characters above all, replaced; `besides` may stay."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in besides else HIDDEN for c in text)


def enumerated(words, last="and"):
    """a, b and c"""
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end
