"""Names of what is measured: "proton", "h", "B_C", "boron-to-carbon" → H, H, B/C, B/C; and the nuclei behind them.

A quantity is an element (H, C), an isotope (1H, 10Be) or the ratio of two of them (B/C, 10Be/9Be).  Other names (leptons,
antiprotons, all particles, <LnA>) are kept: such tables can be read and drawn, not converted.
"""

import re

from solver.particles import KNOWN, PROTON, Nucleus

SYMBOLS = re.findall(
    "[A-Z][a-z]?",
    "HHeLiBeBCNOFNeNaMgAlSiPSClArKCaScTiVCrMnFeCoNiCuZnGaGeAsSeBrKrRbSrYZrNbMoTcRuRhPdAgCdInSnSbTeIXeCsBaLaCePrNdPmSmEuGd"
    "TbDyHoErTmYbLuHfTaWReOsIrPtAuHgTlPbBiPoAtRnFrRaAcThPaU",
)
CHARGE = {symbol: Z for Z, symbol in enumerate(SYMBOLS, 1)}
WORDS = {
    "proton": "H", "protons": "H", "p": "H", "hydrogen": "H", "deuteron": "2H", "deuterium": "2H", "helium": "He",
    "lithium": "Li", "beryllium": "Be", "boron": "B", "carbon": "C", "nitrogen": "N", "oxygen": "O", "fluorine": "F",
    "neon": "Ne", "sodium": "Na", "magnesium": "Mg", "aluminium": "Al", "aluminum": "Al", "silicon": "Si",
    "phosphorus": "P", "sulfur": "S", "sulphur": "S", "argon": "Ar", "calcium": "Ca", "chromium": "Cr",
    "manganese": "Mn", "iron": "Fe", "nickel": "Ni",
}  # fmt: skip
NO_NUCLEI = ("in", "as", "at", "i", "no", "p", "s", "u", "re", "y", "w")      # more often words than symbols
OTHERS = {                                    # no nuclei: read and drawn, not converted
    "e-": "e-", "e+": "e+", "e-+e+": "e-+e+", "e+e-": "e-+e+", "pbar": "1H-bar", "1h-bar": "1H-bar",
}  # fmt: skip
_LOWER = {symbol.lower(): symbol for symbol in SYMBOLS}
_ISOTOPE = re.compile(r"(\d+)([A-Za-z]+)|([A-Za-z]+)(\d+)")


def canonical(text):
    """The name as this package writes it, "B/C" for "b_c"; None where it is no particle or ratio of two."""
    parts = re.split(r"/|_|-to-", text.strip())
    names = [_single(part) for part in parts]
    if len(parts) > 2 or None in names:
        return None
    return "/".join(names)


def _single(text):
    text = text.strip()
    if text.lower() in OTHERS:
        return OTHERS[text.lower()]
    if text.lower() in WORDS and text != "P":            # P is phosphorus, p the proton
        return WORDS[text.lower()]
    if text in CHARGE:
        return text
    match = _ISOTOPE.fullmatch(text)
    if match:
        A, symbol = (match[1], match[2]) if match[1] else (match[4], match[3])
        symbol = _LOWER.get(symbol.lower())
        return f"{int(A)}{symbol}" if symbol and CHARGE[symbol] <= int(A) else None
    return _LOWER.get(text.lower())


def named_in(sentence):
    """The first quantity named in a sentence such as "boron-to-carbon flux ratio (…)"; None where none is."""
    for match in re.finditer(r"(?=\b(\w+)(?:-to-|/| to | over )(\w+))", sentence):
        if name := canonical(f"{match[1]}/{match[2]}"):
            return name
    words = (word for word in re.findall(r"\w+", sentence) if word.lower() not in NO_NUCLEI)
    return next((name for word in words if (name := canonical(word))), None)


def matches(thing, quantity=None, axis=None, experiment=None):
    """Do the quantity, axis and experiment of a measurement (or of what is to become one) fit?

    1H is H; names of experiments are compared by the letters and digits they begin with, "AMS02" fits AMS-02.
    """
    if quantity is not None and _element(thing.quantity) != _element(canonical(quantity) or quantity):
        return False
    if axis is not None and thing.axis != axis:
        return False
    return experiment is None or _bare(thing.experiment).startswith(_bare(experiment))


def _element(quantity):
    return "H" if quantity == "1H" else quantity


def _bare(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def is_ratio(quantity):
    return "/" in quantity


def charge(name):
    """Charge number of an element or isotope, None for other names."""
    return CHARGE.get(name.lstrip("0123456789"))


def nucleus_of(name):
    """The Nucleus of an isotope; that of H is the proton (its deuterium, 2 %, is left out).  None for other elements,
    whose isotopic mixture a table does not say."""
    if name in ("H", "1H"):
        return PROTON
    match = re.fullmatch(r"(\d+)([A-Z][a-z]?)", name)
    if not match or match[2] not in CHARGE:
        return None
    A, Z = int(match[1]), CHARGE[match[2]]
    return next((n for n in KNOWN.values() if (n.Z, n.A) == (Z, A)), Nucleus(name, Z, A))
