"""The command line: ``isacnb ledger``, ``claim ID``, ``readme`` and ``notation``."""

import argparse
import json
import sys
import textwrap
from dataclasses import fields
from pathlib import Path

from .format import result_text, told
from .pages.readme import updated_readme
from .pages.shared import printed_label
from .record import VERDICTS, Control, Evidence, Texts, to_json
from .records import find_book, read_ledger
from .registry import PAPERS, RegistryError, get_claim
from .second import answers, pairs_of

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
    second = commands.add_parser(
        "second-system",
        help="let Maxima judge the symbolic pairs that chapters have left in a file",
    )
    second.add_argument("pairs", type=Path, help="the file named by ISACNB_PAIRS when they ran")
    second.add_argument("--check", action="store_true", help="judge all again, and compare")
    args = parser.parse_args(argv)
    try:
        return _COMMANDS[args.command](args, find_book(args.book))
    except (FileNotFoundError, RegistryError, ValueError) as error:
        print(f"isacnb: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough, as with `| head`
        return 0


def _print_json(data) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _ledger(args, root: Path) -> int:
    if args.schema:
        from .schema import schema

        _print_json(schema())
        return 0
    ledger = read_ledger(root)
    rows = [
        row
        for row in ledger.rows
        if args.paper in (None, row.paper) and args.verdict in (None, row.verdict)
    ]
    if args.json:
        _print_json(to_json(rows))
    else:
        width = max((len(row.id) for row in rows), default=0)
        for row in rows:
            symbol, _ = VERDICTS[row.verdict]
            print(f"{symbol} {row.verdict:<13} {row.id:<{width}}  {row.finding or row.title}")
        counts = (f"{number} {verdict}" for verdict, number in ledger.counts().items() if number)
        print(f"\n{len(ledger.rows)} claims: {', '.join(counts)}")
    problems = list(ledger.problems)
    still_open = ledger.counts()["open"]
    if args.strict and still_open:
        problems.append(f"{still_open} claims are open")
    for problem in problems:
        print(f"isacnb: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _section(label: str, text: str) -> None:
    print(f"\n{label}")
    print(textwrap.indent(textwrap.fill(text, 96, break_long_words=False), "  "))


def _result(found: Evidence | Control, agrees: bool) -> str:
    """The result as a terminal shows it, or as it is stored where the numbers are not."""
    if found.comparison is None:
        return found.result
    return result_text(found, found.points, agrees, plain=True)


def _claim(args, root: Path) -> int:
    claim = get_claim(args.id)
    row = read_ledger(root, only={claim.id}).row(claim.id)
    symbol, meaning = VERDICTS[row.verdict]
    print(f"{claim.id} — {claim.title}  ({PAPERS[claim.paper]}, {claim.where})")
    print(f"\n{symbol} {row.verdict.upper()}: {row.finding or meaning}")
    print("\nStatement")
    print(textwrap.indent(claim.statement, "  "))
    _section("In words", claim.words)
    for text in row.assumptions:
        _section("Assumes", text)
    for text, label in ((row.printed, printed_label(row)), (row.correction, "correction")):
        if text:
            print(f"\n{label.capitalize()}\n{textwrap.indent(text, '  ')}")
    if row.symbols:
        print("\nWhere")
        for letter, letter_meaning in row.symbols.items():
            print(f"  {letter}: {letter_meaning}")
    call = row.call
    if call:
        print("\nCall it")
        print(textwrap.indent("\n".join([call.import_line, call.example]).rstrip(), "  "))
        for entry in call.arguments:
            unit = f" ({entry.unit})" if entry.unit not in ("", "1") else ""
            print(f"    {entry.name}: {entry.meaning}{unit}")
    for entry in fields(Texts):
        text = getattr(row, entry.name)
        if "label" in entry.metadata and entry.name != "assumptions" and text:
            for one in [text] if isinstance(text, str) else text:
                _section(entry.metadata["label"].capitalize(), one)
    if row.evidence:
        print("\nEvidence")
    for entry in row.evidence:
        result = _result(entry, agrees=entry.kind != "counterexample")
        print(f"  {entry.kind}: {entry.what}\n    {result}")
        if more := told(entry, plain=True):
            print(f"    {more}")
        for control in entry.control:
            result = _result(control, agrees=control.outcome == "accepted")
            print(f"    control: {control.form}: {control.outcome}, {result}")
    if row.second_system:
        _section("Second algebra system", row.second_system)
    if row.uses:
        _section("Uses", ", ".join(row.uses))
    if row.since:
        changes = [
            f"{change.was} until {change.version}: {change.reason}" for change in row.history or ()
        ]
        _section("Verdict since", "; ".join([row.since, *changes]))
    if row.chapter:
        _section("Read on", row.chapter)
    return 0


def _replace(path: Path, new: str, check: bool, complaint: str) -> int:
    """Write a generated text, or only say whether it is current."""
    old = path.read_text("utf-8") if path.is_file() else ""
    if not check:
        path.write_text(new, "utf-8")
        return 0
    if old != new:
        print(f"isacnb: {complaint}", file=sys.stderr)
    return int(old != new)


def _readme(args, root: Path) -> int:
    path = root / "README.md"
    new = updated_readme(path.read_text("utf-8"), read_ledger(root))
    return _replace(path, new, args.check, "README.md: the verdict counts are not current")


def _notation(args, root: Path) -> int:
    from ..vocabulary import names_in_code, notation_page, vocabulary

    new = notation_page(vocabulary(), names_in_code())
    complaint = "book/notation.md is not current: run isacnb notation"
    return _replace(root / "book" / "notation.md", new, args.check, complaint)


def _second_system(args, root: Path) -> int:
    """Answers for all pairs of the ledger: those at hand, and new ones by Maxima."""
    from . import maxima

    wanted = pairs_of(entry for row in read_ledger(root).rows for entry in row.evidence)
    left, old = maxima.kept(args.pairs), answers()
    new = {digest for digest in wanted if args.check or digest not in old}
    lost = sorted(new - left.keys())
    if lost:
        raise ValueError(f"{len(lost)} pairs are not in {args.pairs}: run the chapters again")
    found = maxima.answer(left[digest] for digest in sorted(new))
    if not args.check:
        maxima.write({digest: found.get(digest, old.get(digest)) for digest in wanted})
        return 0
    changed = sorted(digest for digest in wanted if old.get(digest) != found[digest])
    for digest in changed:
        was = old.get(digest, "no answer")
        print(f"isacnb: {digest}: {was}, and now {found[digest]}", file=sys.stderr)
    return int(bool(changed))


_COMMANDS = {
    "ledger": _ledger,
    "claim": _claim,
    "readme": _readme,
    "notation": _notation,
    "second-system": _second_system,
}
