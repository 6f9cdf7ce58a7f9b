"""Write measured figures into the pages: `python tools/tables.py`; with --check say which differ.

`python tools/tables.py print RUN...` prints the tables of any run directories.

The source is docs/measured/*/result.json. A table stands in a page between two comments
(`measured.markers` has their form), figures within sentences are named in
docs/measured/sentences.yaml. The pages are README.md, those of docs/ and the plugins' README.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measured.blocks import ahead, comparison
from measured.filling import all_filled
from measured.results import TableError, read_result

from rlsys.evaluation import cases_of


def print_run(run: Path) -> None:
    """Print the tables of every case of a run."""
    document = read_result(run)
    seeds = ", ".join(map(str, document["seeds"]))
    print(f"## {document['plugin']} {document['preset']}, training seeds {seeds}\n")
    for case in cases_of(document):
        for block in ([f"### {case}"], comparison(document, case), ahead(document, case)):
            if block:
                print("\n".join(block), end="\n\n")
    for note in document["notes"]:
        print(f"> {note}\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page differs")
    commands = parser.add_subparsers(dest="command")
    printed = commands.add_parser("print", help="print the tables of runs")
    printed.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    arguments = parser.parse_args()
    try:
        if arguments.command == "print":
            for run in arguments.runs:
                print_run(run)
            return 0
        found = all_filled(Path(__file__).resolve().parents[1])
    except TableError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 2
    for path, page in found.items():
        for difference in page.differences:
            print(difference)
        if page.differences and not arguments.check:
            path.write_text(page.text, encoding="utf-8", newline="\n")
    return int(arguments.check and any(page.differences for page in found.values()))


if __name__ == "__main__":
    sys.exit(main())
