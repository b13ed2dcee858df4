"""What is true: the verdicts as the executed notebooks of the book hold them."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from .claim import RECORD_MIME, source_digest
from .code import call_of, functions_of_claim
from .registry import Claim, dependency_graph, registry
from .rules import VERDICTS, problems_of_record
from .transcription import FORMULA_MIME, UNREAD, displays

__all__ = ["Ledger", "find_book", "read_ledger", "read_records"]

#: verdicts on which nothing can be built as it is printed
_UNSOUND = {"refuted", "unsupported", "corrected", "misprint"}

#: reasons that a display of a chapter cannot have
_NOT_WRITTEN = {"words"}


def find_book(start: Path | None = None) -> Path:
    """Return the root of the book: of the installed checkout, or at or above ``start`` (cwd)."""
    package_root = Path(__file__).resolve().parents[2]
    here = (start or Path.cwd()).resolve()
    candidates = [here, *here.parents] if start else [package_root, here, *here.parents]
    for folder in candidates:
        if (folder / "_toc.yml").is_file() and (folder / "book").is_dir():
            return folder
    raise FileNotFoundError(f"no book (a folder with _toc.yml and book/) at or above {here}")


@dataclass(frozen=True)
class Ledger:
    """One row a claim, in the papers' order, and everything that is wrong with the records.

    ``displays`` are the formulas of the chapters' derivations, each with its chapter.
    """

    rows: list[dict]
    problems: list[str]
    displays: list[dict]

    def counts(self, paper: str | None = None) -> dict[str, int]:
        """Number of claims a verdict, in the order of :data:`VERDICTS`; all papers by default."""
        counter = Counter(
            row["verdict"] for row in self.rows if paper is None or row["paper"] == paper
        )
        return {verdict: counter.get(verdict, 0) for verdict in VERDICTS}

    def row(self, claim_id: str) -> dict:
        """The row of one claim."""
        return next(row for row in self.rows if row["id"] == claim_id)


def read_records(notebook: dict, name: str) -> tuple[list[dict], list[dict], list[str]]:
    """Return the records in one notebook, its displayed formulas, and the problems of their cells.

    A record counts only if the code above it is the code that made it and the notebook was run from
    top to bottom.
    """
    records, formulas, problems, sources = [], [], [], []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            unread, untold = _unread_displays(name, cell)
            formulas += unread
            problems += untold
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if [cell.get("execution_count") for cell in cells] != list(range(1, len(cells) + 1)):
        problems.append(f"{name}: stale: not run from top to bottom")
    for cell in cells:
        sources.append("".join(cell["source"]))
        for output in cell.get("outputs", []):
            formula = output.get("data", {}).get(FORMULA_MIME)
            if formula is not None:
                formulas.append({"chapter": name, **formula})
            record = output.get("data", {}).get(RECORD_MIME)
            if record is None:
                continue
            records.append(record)
            if record.get("source_digest") != source_digest(sources):
                problems.append(
                    f"{name}: stale: the code before the verdict on {record.get('id')} has changed "
                    "since it ran"
                )
    problems += _letters_with_two_meanings(name, [*records, *formulas])
    return records, formulas, problems


def _unread_displays(chapter: str, cell: dict) -> tuple[list[dict], list[str]]:
    """The displayed formulas of a text, which no machine reads, each with the reason behind it.

    The reason stands in a comment behind the formula: ``<!-- unread: law -->``.
    """
    found, problems = [], []
    pattern = r"\$\$(.+?)\$\$[ ]*\n?(?:[ ]*<!-- unread: ([a-z]+) -->)?"
    for tex, reason in re.findall(pattern, "".join(cell["source"]), re.DOTALL):
        if reason in UNREAD and reason not in _NOT_WRITTEN:
            found.append(
                {"chapter": chapter, "role": "derivation", "tex": tex.strip(), "read": False}
                | {"reason": reason}
            )
            continue
        shown = " ".join(tex.split())[:60]
        problems.append(
            f"{chapter}: cell {cell.get('id')}: no machine reads the displayed formula {shown}: "
            f"show it by Derivation.show, or say behind it why not, <!-- unread: law -->; "
            f"reasons are {', '.join(sorted(set(UNREAD) - _NOT_WRITTEN))}"
        )
    return found, problems


def _silent_on_formulas(claim: Claim, record: dict, chapter: str) -> list[str]:
    """A problem where a claim shows formulas and its record tells of none."""
    shown = displays(claim.statement) or claim.printed or record.get("correction")
    if not shown or record.get("formulas"):
        return []
    return [
        f"{chapter}: {claim.id}: its formulas are neither read by machine nor unread with a reason"
    ]


def _letters_with_two_meanings(chapter: str, records: list[dict]) -> list[str]:
    """A letter means one thing on a page."""
    meanings: dict[str, dict[str, str]] = {}
    for record in records:
        for letter, meaning in record.get("symbols", {}).items():
            meanings.setdefault(letter, {}).setdefault(meaning, record.get("id", "a display"))
    return [
        f"{chapter}: {letter} means "
        + " and ".join(f"'{meaning}' ({where})" for meaning, where in several.items())
        + ": take another letter for one of them"
        for letter, several in meanings.items()
        if len(several) > 1
    ]


def read_ledger(root: Path | None = None, claims: dict[str, Claim] | None = None) -> Ledger:
    """Read every notebook below ``root``/book and hold its records against the registry."""
    root = root or find_book()
    claims = registry() if claims is None else claims
    problems: list[str] = []
    displays: list[dict] = []
    settled: dict[str, tuple[dict, str]] = {}
    for path in sorted((root / "book").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        name = path.relative_to(root).as_posix()
        records, formulas, stale = read_records(json.loads(path.read_text("utf-8")), name)
        problems += stale
        displays += formulas
        for record in records:
            claim_id = record.get("id")
            if claim_id not in claims:
                problems.append(f"{name}: a record of {claim_id!r}, which is no registered claim")
                continue
            problems += [f"{name}: {text}" for text in problems_of_record(record, claims[claim_id])]
            problems += _silent_on_formulas(claims[claim_id], record, name)
            if claim_id in settled:
                problems.append(f"{name}: {claim_id} is settled already in {settled[claim_id][1]}")
            settled[claim_id] = (record, name)
    rows = [_row(claim, *settled.get(claim.id, ({}, None))) for claim in claims.values()]
    _add_standing(rows, claims)
    return Ledger(rows, problems, displays)


def _row(claim: Claim, record: dict, chapter: str | None) -> dict:
    row = {
        "id": claim.id,
        "paper": claim.paper,
        "where": claim.where,
        "title": claim.title,
        "statement": claim.statement,
        "words": claim.words,
        "verdict": record.get("verdict", "open"),
        "correction": record.get("correction"),
        "finding": record.get("finding"),
        "assumptions": [*claim.assumptions, *record.get("assumptions", [])],
        "uses": list(claim.uses),
        "chapter": f"{chapter}#{claim.anchor}" if chapter else None,
        "evidence": record.get("evidence", []),
    }
    optional = (
        *("printed", "why", "effect", "condition", "error", "range", "instead", "readings"),
        *("source", "unchecked", "low_gravity", "formulas", "symbols"),
    )
    row |= {key: record[key] for key in optional if key in record}
    row |= functions_of_claim(claim.id)
    call = call_of(row)
    return row | ({"call": call} if call else {})


def _add_standing(rows: list[dict], claims: dict[str, Claim]) -> None:
    """Say of each claim what it rests on: derived from its ancestors, never typed."""
    verdict = {row["id"]: row["verdict"] for row in rows}
    graph = dependency_graph(claims)
    for row in rows:
        below = nx.descendants(graph, row["id"])
        row["rests_on_open"] = sorted(other for other in below if verdict[other] == "open")
        row["rests_on_unsound"] = sorted(other for other in below if verdict[other] in _UNSOUND)
