"""Texts that come from decks and files, as they may be shown: without what a terminal would obey."""

HIDDEN = "\N{REPLACEMENT CHARACTER}"


def printable(text, besides=""):
    """The text with everything that cannot be seen, control characters above all, replaced; `besides` may stay."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in besides else HIDDEN for c in text)
