"""Make a failing deck small: try simpler decks one change at a time and keep each that still fails in the same way.

`shrink(raw, fails)` is greedy and needs some dozens of runs; `write_toml` puts the result in a file a user could run.
"""

import copy
import json


def shrink(raw, fails, rounds=6):
    """The simplest deck found for which `fails(raw)` still holds."""
    raw = copy.deepcopy(raw)
    for _ in range(rounds):
        before = copy.deepcopy(raw)
        for change in CHANGES:
            for simpler in change(copy.deepcopy(raw)):
                if simpler != raw and _legal(simpler) and fails(simpler):
                    raw = simpler
                    break
        if raw == before:
            break
    return raw


def _legal(raw):
    from solver.deck import Deck
    from solver.errors import DeckError
    from solver.model import Model

    try:
        Model(Deck.from_dict(raw))
    except DeckError:
        return False
    return True


def _copies(raw, edits):
    """One copy of the deck per edit that applies."""
    for edit in edits:
        out = copy.deepcopy(raw)
        try:
            edit(out)
        except (KeyError, IndexError, ValueError):
            continue
        yield out


def _species(raw):
    yield from _copies(raw, [lambda r, n=n: r["species"].pop(n) for n in list(raw["species"]) if n != "proton"])


def _destruction(raw):
    yield from _copies(raw, [lambda r, n=n: r["species"][n].pop("destruction") for n in raw["species"]])


def _layers(raw):
    """Without one layer: the one below, or the one above, takes its place."""
    if len(raw["layer"]) == 1:
        return

    def without(i):
        def edit(r):
            gone = r["layer"].pop(i)
            if i == len(r["layer"]):
                r["layer"][-1]["top"] = gone["top"]

        return edit

    yield from _copies(raw, [without(i) for i in range(len(raw["layer"]))])


def _keys(raw):
    """Without losses, profiles, single powers, scattering, damping processes, stretching, schedules."""
    def drop(place, key):
        def edit(r):
            for step in place:
                r = r[step]
            del r[key]

        return edit

    edits = []
    for i, layer in enumerate(raw["layer"]):
        edits += [drop(["layer", i], key) for key in ("losses", "profile", "plasma")]
        edits += [drop(["layer", i, "profile"], key) for key in layer.get("profile", {}) if key != "z0"]
        for kind in ("scattering", "damping"):
            edits += [drop(["layer", i, kind], j) for j in range(len(layer.get(kind, [])))]
    edits += [drop(["grid"], "z_spacing"), drop(["initial"], "type"), drop(["species", "proton", "source"], "schedule")]
    for out in _copies(raw, edits):
        out["grid"] = {k: v for k, v in out["grid"].items() if k != "stretch" or "z_spacing" in out["grid"]}
        if out.get("initial") is not None and "type" not in out["initial"]:
            del out["initial"]
        yield out


def _switches(raw):
    yield from _copies(raw, [
        lambda r: r["disc"].update(losses="none"),
        lambda r: r["physics"].update(adiabatic=False),
        lambda r: r["physics"].update(causal_limit=True),
        lambda r: r["boundary"].update(top={"type": "zero"}),
        lambda r: r["boundary"].update(momentum="power_law"),
    ])


def _cells(raw):
    for key, least in (("z_cells", 4), ("rigidity_cells", 1)):
        for factor in (0.25, 0.5, 0.75):
            out = copy.deepcopy(raw)
            out["grid"][key] = max(int(out["grid"][key] * factor), least)
            yield out
    out = copy.deepcopy(raw)  # a shorter range of rigidities with the same cells per decade
    low, high = (float(out["grid"][f"rigidity_{end}"].split()[0]) for end in ("min", "max"))
    cells = out["grid"]["rigidity_cells"]
    if cells > 1:
        for cut in (cells // 2, 1):
            step = (high / low) ** (1 / cells)
            shorter = copy.deepcopy(out)
            shorter["grid"] |= {"rigidity_max": f"{high / step**cut:.6g} GV", "rigidity_cells": cells - cut}
            yield shorter
            shorter = copy.deepcopy(out)
            shorter["grid"] |= {"rigidity_min": f"{low * step**cut:.6g} GV", "rigidity_cells": cells - cut}
            yield shorter


def _digits(raw):
    """Numbers with fewer digits, all at once."""
    def rounded(value, digits):
        if isinstance(value, dict):
            return {k: rounded(v, digits) for k, v in value.items()}
        if isinstance(value, list):
            return [rounded(v, digits) for v in value]
        if isinstance(value, float):
            return float(f"{value:.{digits}g}")
        if isinstance(value, str) and value[:1] in "-0123456789":
            number, _, unit = value.partition(" ")
            return f"{float(number):.{digits}g} {unit}"
        return value

    for digits in (2, 3):
        yield rounded(raw, digits)


CHANGES = (_species, _layers, _keys, _keys, _keys, _switches, _cells, _cells, _destruction, _digits)


# ---- files ---------------------------------------------------------------------------------------------------------------


def write_toml(raw, path, comment=""):
    """Write a deck; tables one level deep get a heading, what is below stands in one line."""
    lines = [f"# {line}" for line in comment.splitlines()]
    for name, table in raw.items():
        if name == "species":
            for nucleus, keys in table.items():
                lines += [f"[species.{nucleus}]", *_pairs(keys)]
        elif isinstance(table, list):
            for item in table:
                lines += [f"[[{name}]]", *_pairs(item)]
        elif isinstance(table, dict):
            lines += [f"[{name}]", *_pairs(table)]
        else:
            lines.insert(0, f"{name} = {_value(table)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pairs(table):
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(_pairs(value)) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
