"""Members and plans in words: values as labels, keys by short names, what differs between two decks."""

from solver.deck.schema_walk import toml
from solver.errors import DeckError
from solver.units import NUMBER


def written(value):
    """A value as text for tables and labels: quantities bare, tables in the notation of a deck."""
    return value if isinstance(value, str) else toml(value)


def member_text(values):
    """n = 0.003 cm-3, …: values by key with short names."""
    return ", ".join(f"{name} = {rounded(value)}" for name, value in
                     zip(short_names(tuple(values)), values.values(), strict=True))


def rounded(value):
    """The same with four digits, for lines that are read and not calculated with."""
    text = written(value)
    match = NUMBER.fullmatch(text)
    return text if match is None or text.isdigit() else f"{float(match[1]):.4g} {match[2]}".rstrip()


def short_names(keys):
    """The shortest ends of dotted keys that tell them apart; none begins with the number of a layer or a list item."""
    out = []
    for key in keys:
        steps = key.split(".")
        ends = [".".join(steps[-n:]) for n in range(1, len(steps) + 1) if not steps[-n].isdecimal()]
        out.append(next((end for end in ends if sum(other == end or other.endswith(f".{end}") for other in keys) == 1), key))
    return out


def meaning(key):
    """What the schema says of a key, else the key itself."""
    from solver.deck import explain

    try:
        rows = explain(key)
    except DeckError:
        return key
    return rows[0].meaning if len(rows) == 1 and rows[0].meaning else key


def differing(a, b, path=""):
    """(key, a, b) of all places where two decks as plain data differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys([*a, *b]):
            yield from differing(a.get(name), b.get(name), f"{path}.{name}" if path else name)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            names = [item.get("name") for item in (one, other) if isinstance(item, dict)]
            yield from differing(one, other, f"{path}.{i if len(set(names)) != 1 else names[0] or i}")
    elif a != b:
        yield path, a, b
