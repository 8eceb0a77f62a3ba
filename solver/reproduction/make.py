"""`crstream reproduce`: the paper's figures and claims made from decks, and kept as long as nothing behind them changes.

In the output folder: NAME.png and .pdf, NAME.csv with the curves, NAME.json with title, caption and numbers; claims.json;
index.html with all of it; and in runs/ the solved decks.  A figure is made again when the code, the problems, the data or
the grids differ from those that its NAME.json was made with, or when one of its files was changed or lost.
"""

import csv
import hashlib
import io
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solver.errors import DeckError, Fault
from solver.folder import FORMATS
from solver.provenance import package_version
from solver.storage import write_text

from .reuse import STANDS_ON, Runs, code_digest, folder_digest

OUT = "out/paper"
EDITION = 2  # of NAME.json
CLAIMS = "claims"


@dataclass
class Made:
    """One figure as it lies in the folder: its record (NAME.json), whether it was drawn now, and how long that took."""

    name: str
    folder: Path
    record: dict[str, Any]
    drawn: bool
    seconds: float

    @property
    def holds(self):
        """Do all its agreements hold?"""
        return all(each["holds"] for each in self.record["agreements"])


@dataclass
class Reproduction:
    """What one call made: figures, claims (None where they were not asked for), counts of decks, the page."""

    folder: Path
    figures: list[Made] = field(default_factory=list)
    claims: list[dict[str, Any]] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    page: Path | None = None
    seconds: float = 0.0

    @property
    def exit_code(self):
        """1 where the solver and a formula it must agree with do not."""
        return 0 if all(made.holds for made in self.figures) else 1


def functions():
    """Name -> function of every figure of every problem, in the paper's order."""
    import problems

    return dict(sorted(problems.load_figures().items(), key=lambda item: _order(item[0])))


def select(names):
    """(functions of the figures named, are the claims wanted?), everything for no name.

    DeckError names the unknown ones and those there are.
    """
    known = functions()
    there = [*known, *([CLAIMS] if claims_module() else [])]
    unknown = [name for name in names if name not in there]
    if unknown:
        from solver.deck.text import did_you_mean

        raise DeckError(
            [
                Fault(
                    "reproduce",
                    name,
                    "no such figure",
                    "; ".join(filter(None, [did_you_mean(name, there), _there(there)])),
                )
                for name in unknown
            ]
        )
    chosen = {name: function for name, function in known.items() if not names or name in names}
    return chosen, CLAIMS in there and (not names or CLAIMS in names)


def _there(names):
    return "there are " + ", ".join(names)


def claims_module():
    """The module that computes every claim of the paper, None where there is none."""
    import problems

    return problems.load_claims()


def reproduce(names=(), out=OUT, *, data=None, halvings=0, watch=None):
    """Make the figures named (and "claims"; everything for no name) and the page in the folder `out`; a Reproduction.

    data: measurements (solver.measurements) or None; halvings: grids that many times half as fine, for a quick look;
    watch: an object like `Silent` that shows progress.  DeckError for unknown names and a folder that cannot be written
    to, SolverError where a deck cannot be solved.
    """
    from solver.folder import Claim, refuse_unwritable

    start, out, watch = time.monotonic(), Path(out), watch or Silent()
    chosen, with_claims = select(names)
    refuse_unwritable(out)
    claim = Claim(out)  # two at once would write the same files
    try:
        runs, done = Runs(out / "runs", watch.step, halvings), Reproduction(out)
        for name, function in chosen.items():
            watch.begin(name)
            done.figures.append(make(name, function, out, runs, data))
            watch.end(done.figures[-1])
        if with_claims:
            watch.begin(CLAIMS)
            done.claims = claims(out, runs, data, watch)
        done.counts = dict(runs.counts)
        done.page = _page(out, done)
    finally:
        claim.release()
    done.seconds = time.monotonic() - start
    return done


def make(name, function, out, runs, data):
    """One figure, drawn unless what lies in the folder was made from the same code, problems, data and grids."""
    start, content = time.monotonic(), _content(name, runs, data)
    record = _kept(out, name, content)
    drawn = record is None
    if drawn:
        from solver.figures.draw import save

        plate = function(runs, data)
        save(plate.figure, out / name)
        table = io.StringIO()
        csv.writer(table).writerows([("curve", "x", "y"), *plate.table()])
        write_text(table.getvalue(), out / f"{name}.csv")
        made = {"edition": EDITION, "content": content, "files": _sums(out, name), **plate.record()}
        write_text(json.dumps(made, indent=1, ensure_ascii=False), out / f"{name}.json")
        record = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    return Made(name, out, record, drawn, time.monotonic() - start)


def claims(out, runs, data, watch):
    """Every claim as a record (see `claim_table`), computed unless claims.json is of the same code, problems, data, grids."""
    path, content = out / f"{CLAIMS}.json", _content(CLAIMS, runs, data)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["edition"] == EDITION and stored["content"] == content:
            return stored["claims"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    table = [claim.record() for claim in claims_module().evaluate(runs, data=data, progress=watch.row)]
    made = {"edition": EDITION, "content": content, "claims": table}
    write_text(json.dumps(made, indent=1, ensure_ascii=False), path)
    return table


def _page(out, done):
    """index.html of all figures that lie in the folder, and of the claims."""
    from .page import page

    now = {made.name: made.record for made in done.figures}
    records = {}
    for name in functions():
        record = now.get(name) or _record(out / f"{name}.json")
        if record is not None:
            records[name] = record
    table = done.claims if done.claims is not None else (_record(out / f"{CLAIMS}.json") or {}).get("claims")
    return write_text(page(records, table), out / "index.html")


def _record(path):
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if record["edition"] == EDITION else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Silent:
    """Shows nothing."""

    def begin(self, name):
        pass

    def step(self, state, deck, seconds):
        pass

    def end(self, made):
        pass

    def row(self, number, done, of):
        pass


def _order(name):
    """fig2 before fig10, numbered figures before the others."""
    return [
        (int(part), "") if part.isdigit() else (10**6, part) for part in re.findall(r"\d+|\D+", name) if part != "fig"
    ]


def _content(name, runs, data):
    """What a figure depends on: the whole code, every problem, the measurements, the grids."""
    import problems

    parts = [name, code_digest(), folder_digest(problems.FOLDER), _data_digest(data), runs.halvings]
    parts += [f"{package} {package_version(package)}" for package in (*STANDS_ON, "matplotlib")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _data_digest(data):
    """Digest of the files the measurements come from."""
    if data is None:
        return None
    out = hashlib.sha256()
    for path in data.files:
        out.update(path.name.encode() + b"\0" + path.read_bytes())
    return out.hexdigest()


def _kept(out, name, content):
    """The record in the folder if it is of this content and its files are as they were written, else None."""
    try:
        record = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
        same = record["edition"] == EDITION and record["content"] == content and record["files"] == _sums(out, name)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if same else None


def _sums(out, name):
    """Digests of a figure's files."""
    paths = [out / f"{name}.{ending}" for ending in (*FORMATS, "csv")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
