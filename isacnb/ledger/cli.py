"""The command line: ``isacnb ledger``, ``claim ID``, ``readme`` and ``notation``."""

import argparse
import json
import sys
import textwrap
from importlib import resources
from pathlib import Path

from ..vocabulary import names_in_code, notation_page, vocabulary
from .records import Ledger, find_book, read_ledger
from .registry import PAPERS, RegistryError, get_claim
from .render import printed_label
from .rules import VERDICTS
from .views import updated_readme

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status is 0 only where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="isacnb", description=__doc__)
    parser.add_argument("--book", type=Path, help="root of the book (default: found by itself)")
    commands = parser.add_subparsers(dest="command", required=True)
    ledger = commands.add_parser("ledger", help="all claims with their verdicts")
    ledger.add_argument("--json", action="store_true", help="as a JSON list, one object a claim")
    ledger.add_argument("--schema", action="store_true", help="the JSON Schema of that list")
    ledger.add_argument("--strict", action="store_true", help="fail while any claim is open")
    ledger.add_argument("--paper", choices=PAPERS, help="only the claims of one paper")
    ledger.add_argument("--verdict", choices=VERDICTS, help="only the claims with one verdict")
    claim = commands.add_parser("claim", help="one claim: statement, verdict, evidence")
    claim.add_argument("id", help="such as coupling.eq1")
    readme = commands.add_parser("readme", help="bring the verdict counts of README.md up to date")
    readme.add_argument("--check", action="store_true", help="only say whether they are current")
    notation = commands.add_parser("notation", help="write book/notation.md from the vocabulary")
    notation.add_argument("--check", action="store_true", help="only say whether it is current")
    args = parser.parse_args(argv)
    try:
        root = find_book(args.book)
        return _COMMANDS[args.command](args, root, read_ledger(root))
    except (FileNotFoundError, RegistryError, ValueError) as error:
        print(f"isacnb: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough, as with `| head`
        return 0


def _ledger(args, root: Path, ledger: Ledger) -> int:
    if args.schema:
        print(resources.files("isacnb").joinpath("ledger", "schema.json").read_text("utf-8"))
        return 0
    rows = [
        row
        for row in ledger.rows
        if args.paper in (None, row["paper"]) and args.verdict in (None, row["verdict"])
    ]
    if args.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            symbol, _ = VERDICTS[row["verdict"]]
            text = row["finding"] or row["title"]
            print(f"{symbol} {row['verdict']:<13} {row['id']:<{width}}  {text}")
        counts = (f"{number} {verdict}" for verdict, number in ledger.counts().items() if number)
        print(f"\n{len(ledger.rows)} claims: {', '.join(counts)}")
    problems = list(ledger.problems)
    still_open = ledger.counts()["open"]
    if args.strict and still_open:
        problems.append(f"{still_open} claims are open")
    for problem in problems:
        print(f"isacnb: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _claim(args, root: Path, ledger: Ledger) -> int:
    claim = get_claim(args.id)
    row = ledger.row(claim.id)
    symbol, meaning = VERDICTS[row["verdict"]]

    def section(label: str, text: str) -> None:
        print(f"\n{label}")
        print(textwrap.indent(textwrap.fill(text, 96, break_long_words=False), "  "))

    print(f"{claim.id} — {claim.title}  ({PAPERS[claim.paper]}, {claim.where})")
    print(f"\n{symbol} {row['verdict'].upper()}: {row['finding'] or meaning}")
    print("\nStatement")
    print(textwrap.indent(claim.statement, "  "))
    section("In words", claim.words)
    for text in row["assumptions"]:
        section("Assumes", text)
    for key, label in (("printed", printed_label(row)), ("correction", "correction")):
        if row.get(key):
            print(f"\n{label.capitalize()}\n{textwrap.indent(row[key], '  ')}")
    if row.get("symbols"):
        print("\nWhere")
        for letter, letter_meaning in row["symbols"].items():
            print(f"  {letter}: {letter_meaning}")
    call = row.get("call")
    if call:
        print("\nCall it")
        print(textwrap.indent("\n".join([call["import"], call["example"]]).rstrip(), "  "))
        for entry in call["arguments"]:
            unit = f" ({entry['unit']})" if entry["unit"] not in ("", "1") else ""
            print(f"    {entry['name']}: {entry['meaning']}{unit}")
    for key in ("why", "condition", "error", "range", "effect", "instead", "unchecked"):
        if row.get(key):
            section(key.capitalize(), row[key])
    for text in row.get("readings", []):
        section("Reading tried", text)
    if row["evidence"]:
        print("\nEvidence")
    for entry in row["evidence"]:
        print(f"  {entry['kind']}: {entry['what']}\n    {entry['result']}")
        for control in entry["control"]:
            print(f"    control: {control['form']}: {control['outcome']}, {control['result']}")
    for key, label in (
        ("uses", "Uses"),
        ("rests_on_unsound", "Rests on claims not sound as printed"),
    ):
        if row[key]:
            section(label, ", ".join(row[key]))
    if row["chapter"]:
        section("Read on", row["chapter"])
    return 0


def _readme(args, root: Path, ledger: Ledger) -> int:
    path = root / "README.md"
    old = path.read_text("utf-8")
    new = updated_readme(old, ledger)
    if args.check:
        if old != new:
            print("isacnb: README.md: the verdict counts are not current", file=sys.stderr)
        return int(old != new)
    path.write_text(new, "utf-8")
    return 0


def _notation(args, root: Path, ledger: Ledger) -> int:
    path = root / "book" / "notation.md"
    old = path.read_text("utf-8") if path.is_file() else ""
    new = notation_page(vocabulary(), names_in_code())
    if args.check:
        if old != new:
            print("isacnb: book/notation.md is not current: run isacnb notation", file=sys.stderr)
        return int(old != new)
    path.write_text(new, "utf-8")
    return 0


_COMMANDS = {"ledger": _ledger, "claim": _claim, "readme": _readme, "notation": _notation}
