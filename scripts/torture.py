"""What `scripts/bench torture` runs: random decks over the whole range, each answer judged by the evaluator of the tests.

    scripts/bench torture [--count N] [--seed S] [--only TEXT] [--limit SECONDS] [--save FILE] [--verbose]

Prints what became of them and how many nonlinear iterations they took, by class; exit code 1 if any of them neither
converged to a verified answer nor was proven to have none.
"""

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "torture")]  # this tree's solver, and the modules of its tests

OUTCOMES = ("converged", "no steady state", "failed", "wrong", "slow", "crash")


def main(words):
    from random_decks import CLOSURES, FLOWS, TASKS, deck_of
    from run_decks import run

    options = parse(words)
    warnings.simplefilter("ignore")
    records = []
    with tempfile.TemporaryDirectory() as folder:
        seeds = iter(range(options.seed, options.seed + 100 * options.count))
        while len(records) < options.count and (seed := next(seeds, None)) is not None:
            case = deck_of(seed)
            if options.only not in case.label:
                continue
            record = run(case, Path(folder), options.limit)
            records.append(record)
            if options.verbose or not record.good:
                print(f"{case.name:10s} {case.label:32s} {record.outcome:16s} {sum(record.solves):5d} iterations in "
                      f"{len(record.solves):4d} solves {record.seconds:6.1f} s  {record.message}"
                      + (f"  (steady state: {record.exists})" if record.exists else ""), flush=True)
            if options.save:
                save(record, options.save)
    print(f"\n{'class':16s} count " + " ".join(f"{o:>15s}" for o in OUTCOMES) + "   iterations per solve: median   95 %    max")
    for name, labels in (("closure", CLOSURES), ("flow", FLOWS), ("task", dict.fromkeys(TASKS))):
        for label in labels:
            line(label, [r for r in records if getattr(r.case, name) == label])
        print()
    line("all", records)
    bad = [r for r in records if not r.good]
    print("failing seeds: " + (", ".join(str(r.case.seed) for r in bad) or "none"))
    return 1 if bad else 0


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/bench torture", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=140, help="number of decks")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help='part of the class, e.g. "linear/rest" or "transient"')
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of processor time after which a deck counts as slow")
    parser.add_argument("--save", type=Path, help="append one JSON line per deck to this file")
    parser.add_argument("--verbose", action="store_true", help="one line per deck, not only for the bad ones")
    return parser.parse_args(words)


def line(label, records):
    """One row of the table."""
    if not records:
        return
    counts = [sum(r.outcome == outcome for r in records) for outcome in OUTCOMES]
    solves = np.array([n for r in records for n in r.solves]) if any(r.solves for r in records) else np.zeros(1)
    print(f"{label:16s} {len(records):5d} " + " ".join(f"{n:15d}" for n in counts)
          + f"   {np.median(solves):28.0f} {np.percentile(solves, 95):6.0f} {solves.max():6.0f}")


def save(record, path):
    values = {"seed": record.case.seed, "class": record.case.label, "outcome": record.outcome, "message": record.message,
              "exists": record.exists, "solves": record.solves, "failed_solves": record.failed_solves, "steps": record.steps,
              "unknowns": record.unknowns, "seconds": round(record.seconds, 2)}
    with path.open("a") as file:
        file.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
