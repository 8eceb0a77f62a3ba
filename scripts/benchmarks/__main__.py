"""The command scripts/bench: stages by name, each printing its tables.

    scripts/bench [STAGE …] [--save]

Without a stage all but `peers` run.  --save writes every table to docs/benchmarks/STAGE.txt as well.
"""

import argparse
from importlib import import_module

from .measure import SCRIPTS, versions

STAGES = {
    "reference": "two-phase Galaxy against a plain numpy program",
    "floor": "cost per unknown and Newton step against assembling and solving tridiagonals; growth; memory",
    "heating": "the same where momentum flows up and down",
    "march": "steady state by time steps against the direct solve",
    "steps": "error of a transient against steps and tolerance",
    "profile": "where a cold `crstream run two_phase` spends its time",
    "scaling": "one and two processes",
    "peers": "other people's codes on problems with exact solutions (some minutes; crstream[bench])",
}


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Benchmarks, as ratios within one run.",
        epilog="\n".join(f"{name:10} {what}" for name, what in STAGES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", nargs="*", help="one or more of the stages below; default all but peers")
    parser.add_argument("--save", action="store_true", help="write the tables to docs/benchmarks/")
    given = parser.parse_args()
    names = given.stage or [name for name in STAGES if name != "peers"]
    if unknown := [name for name in names if name not in STAGES]:
        parser.error(f"no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
    for name in names:
        tables = []
        for table in import_module(f".{name}", __package__).run():
            print(f"\n{table}", flush=True)
            tables.append(str(table))
        if given.save:
            path = SCRIPTS.parent / "docs" / "benchmarks" / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            head = f"scripts/bench {name}: {STAGES[name]}\n{versions()}"
            path.write_text("\n\n".join([head, *tables]) + "\n", encoding="utf-8")
            print(f"\nsaved {path.relative_to(SCRIPTS.parent)}")


if __name__ == "__main__":
    main()
