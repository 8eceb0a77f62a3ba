"""The page of `crstream reproduce`: every figure with its caption and numbers, and every claim, in one HTML file.

Figures are linked, so the folder moves as a whole; everything else is in the file.
"""

import re
from html import escape

from solver.provenance import git_revision, package_version

from . import claim_table

PAPER = "Kempski & Quataert, Reconciling cosmic-ray transport theory with phenomenological models motivated by Milky-Way data"
STYLE = """
body { font: 16px/1.5 Georgia, 'Times New Roman', serif; color: #1b1b1b; max-width: 1080px; margin: 2.5em auto; padding: 0 1.2em }
h1 { font-size: 1.6em; line-height: 1.25; margin-bottom: .2em } h2 { font-size: 1.2em; margin: 2.6em 0 .4em }
a { color: #0b5fa5 } p.lead { color: #444; margin-top: 0 } nav a { margin-right: .9em }
figure { margin: 0 } figure img { max-width: 100%; height: auto; display: block; margin: .8em auto }
figcaption { font-size: .93em; color: #333; max-width: 52em; margin: 0 auto 1em }
table { border-collapse: collapse; font-size: .86em; margin: .8em 0 1.2em; width: 100% }
th, td { text-align: left; padding: .28em .7em .28em 0; border-bottom: 1px solid #ddd; vertical-align: top }
th { border-bottom: 1.5px solid #333; font-weight: bold }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
sub, sup { line-height: 0 }
th.n { text-align: right } td.why { color: #555 } .bad { color: #b3261e; font-weight: bold } .good { color: #1a6b3c }
.scroll { overflow-x: auto }
.claims { width: min(96vw, 1340px); margin-left: calc(50% - min(48vw, 670px)) }
"""


def page(records, claims=None):
    """HTML of figures (name -> record of a Plate) and claims (records of solver.reproduction.claim_table), or None."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>The paper, reproduced</title><style>{STYLE}</style></head><body>",
        "<h1>The paper, reproduced</h1>",
        f'<p class="lead">{escape(PAPER)}.<br>{escape(_maker())}</p>',
        "<p>Every figure shows the paper's formula, this solver with the approximation of eq. 2, which must agree with the "
        "formula, and the full equation: adiabatic losses, and losses as a flux in momentum for all species.</p>",
        "<nav>" + "".join(f'<a href="#{escape(name)}">{escape(short(name).replace("_", " "))}</a>' for name in records),
        '<a href="#claims">claims</a></nav>' if claims else "</nav>",
        *(_figure(name, record) for name, record in records.items()),
    ]
    if claims:
        parts.append(claim_table.html(claims, f"All {len(claims)} claims"))
    return "\n".join([*parts, "</body></html>", ""])


def short(name):
    """Fig. 3 for fig3; other names as they are."""
    return f"Fig. {name[3:]}" if name.startswith("fig") and name[3:].isdigit() else name


def number(value):
    """A number for a table: four digits, powers of ten where they help; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if value != value:
        return "none"
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa} × 10^{int(exponent)}"
    return text


def typeset(text):
    """Text as HTML: v_A and p^(γ−3) with lowered and raised parts, 2e-4 as a product."""
    text = escape(str(text))
    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)\b", _product, text)
    text = re.sub(r"(?<![^\W\d_])([^\W\d_])_([A-Za-z0-9]+)", r"\1<sub>\2</sub>", text)
    return re.sub(r"\^(\([^()]*\)|[-−]?\w+(?:\.\d+)?)", lambda m: f"<sup>{m[1].strip('()').replace('-', '−')}</sup>", text)


def _product(match):
    mantissa, power = match[1], f"10<sup>{int(match[2])}</sup>".replace("-", "−")
    return power if mantissa == "1" else f"{mantissa} × {power}"


def _html_number(value):
    text = escape(number(value))
    head, sign, power = text.partition("10^")
    return f"{head}10<sup>{power.replace('-', '−')}</sup>" if sign else text.replace("-", "−")


def _maker():
    revision = git_revision()
    return f"Made by crstream {package_version('crstream')}" + (
        f", revision {revision[:12]}{revision[40:]}." if revision else "."
    )


def _figure(name, record):
    rows = [
        f'<h2 id="{escape(name)}">{escape(_heading(name, record))}</h2>',
        f'<figure><img src="{escape(name)}.png" alt="{escape(record["title"])}" width="{record["width"]}">',
        f'<figcaption>{typeset(record["caption"])} <a href="{escape(name)}.pdf">PDF</a> · <a href="{escape(name)}.csv">curves</a>'
        "</figcaption></figure>",
    ]
    if record["gaps"]:
        body = "".join(
            f"<tr><td>{typeset(gap['what'])}{', ' + escape(gap['unit']) if gap['unit'] else ''}</td>"
            + "".join(f'<td class="n">{_html_number(gap[key])}</td>' for key in ("formula", "approximate", "full"))
            + f'<td class="why">{typeset(gap["why"])}</td></tr>'
            for gap in record["gaps"]
        )
        rows.append(
            '<div class="scroll"><table><tr><th>quantity</th><th class="n">paper\'s formula</th><th class="n">eq. 2, solved</th>'
            f'<th class="n">full equation</th><th>remark</th></tr>{body}</table></div>'
        )
    if record["agreements"]:
        body = "".join(
            f'<tr><td>{typeset(each["what"])}</td><td class="n">{_html_number(each["difference"])}</td>'
            f'<td class="n">{_html_number(each["bound"])}</td>'
            f'<td class="{"good" if each["holds"] else "bad"}">{"within" if each["holds"] else "OUTSIDE"}</td>'
            f'<td class="why">{typeset(each["bounds"])}</td></tr>'
            for each in record["agreements"]
        )
        rows.append(
            '<div class="scroll"><table><tr><th>solver against formula</th><th class="n">largest difference</th>'
            f'<th class="n">bound</th><th></th><th>what the bound is</th></tr>{body}</table></div>'
        )
    return "\n".join(rows)


def _heading(name, record):
    """Fig. 1. What it shows; without a number what it shows."""
    title = _title(record["title"])
    return f"{short(name)}. {title}" if short(name) != name else title


def _title(text):
    """The title without the figure's number at its end."""
    return text.rstrip(".").rpartition(" (Fig")[0] or text.rstrip(".")
