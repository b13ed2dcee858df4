"""What is true: the verdicts as the executed notebooks of the book hold them."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..numbers.index import NO_FUNCTION
from .code import Call, Function, call_of, functions_of_claim
from .history import Change, history, problems_of_history
from .record import (
    FORMULA_MIME,
    RECORD_MIME,
    UNREAD,
    VERDICTS,
    Displayed,
    Record,
    RecordError,
    Texts,
    from_json,
    source_digest,
)
from .registry import PAPERS, Claim, all_below, anchor, registry
from .rules import problems_of_record, problems_of_roots
from .second import agreement, answers, problems_of_pairs
from .tex import displays

__all__ = ["Ledger", "Row", "find_book", "read_ledger", "read_records"]

#: ids of the records, and of the cells, in the text of a notebook
_IDS = re.compile(r'"id":\s*"([^"\\]+)"')
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


# --- the ledger ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Stated:
    """What the paper states."""

    id: str = field(metadata={"pattern": rf"^({'|'.join(PAPERS)})\.[A-Za-z0-9-]+$"})
    paper: str = field(metadata={"enum": list(PAPERS)})
    where: str
    title: str
    statement: str = field(metadata={"description": "Markdown with TeX, the paper's letters"})
    words: str


@dataclass(frozen=True, kw_only=True)
class Row(Texts, _Stated):
    """One claim of the ledger: what the paper states, what was found, and what computes it."""

    verdict: str = field(metadata={"enum": list(VERDICTS)})
    uses: tuple[str, ...]
    chapter: str | None
    functions: tuple[Function, ...]
    no_function: str | None = None
    call: Call | None = field(
        default=None,
        metadata={
            "description": "how the right form is called; the example is a doctest that the tests run"
        },
    )
    second_system: str | None = field(
        default=None,
        metadata={
            "description": "what Maxima says of the symbolic pairs: agreed, or why it was not asked"
        },
    )
    rests_on_open: tuple[str, ...]
    rests_on_unsound: tuple[str, ...] = field(
        metadata={"description": "the wrong premises that the claim takes over: its roots"}
    )
    since: str | None = field(
        default=None, metadata={"description": "version since which the verdict stands"}
    )
    history: tuple[Change, ...] | None = field(
        default=None, metadata={"description": "verdicts before, and why each was changed"}
    )
    # in every row, an open one too
    finding: str | None
    correction: str | None = field(metadata=Texts.__dataclass_fields__["correction"].metadata)
    assumptions: tuple[str, ...] = field(
        metadata={"description": "the paper's, and what our proof assumes beyond them"}
    )

    @property
    def anchor(self) -> str:
        """The anchor of the claim on a page."""
        return anchor(self.id)


@dataclass(frozen=True)
class Ledger:
    """One row a claim, in the papers' order, and everything that is wrong with the records.

    ``claims`` is the registry that was asked for, ``displays`` are the formulas of the chapters'
    derivations, by chapter.
    """

    rows: list[Row]
    problems: list[str]
    displays: dict[str, list[Displayed]]
    claims: Mapping[str, Claim]

    def counts(self, paper: str | None = None) -> dict[str, int]:
        """Number of claims a verdict, in the order of :data:`VERDICTS`; all papers by default."""
        counter = Counter(row.verdict for row in self.rows if paper is None or row.paper == paper)
        return {verdict: counter.get(verdict, 0) for verdict in VERDICTS}

    def row(self, claim_id: str) -> Row:
        """The row of one claim."""
        return next(row for row in self.rows if row.id == claim_id)


def read_ledger(
    root: Path | None = None,
    claims: Mapping[str, Claim] | None = None,
    only: Collection[str] | None = None,
) -> Ledger:
    """Read every notebook below ``root``/book and hold its records against the registry.

    With ``only``, ids of claims, the rows are these, and notebooks that do not settle them or what
    they rest on are not read.
    """
    root = root or find_book()
    claims = registry() if claims is None else claims
    below = all_below(claims)
    asked = list(claims) if only is None else [claim_id for claim_id in claims if claim_id in only]
    needed = None if only is None else {*only}.union(*(below[claim_id] for claim_id in asked))
    problems: list[str] = []
    derivations: dict[str, list[Displayed]] = {}
    settled: dict[str, tuple[Record, str]] = {}
    for path in sorted((root / "book").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        text = path.read_text("utf-8")
        # most of a notebook is pictures: a search is much faster than a reading
        if needed is not None and needed.isdisjoint(_IDS.findall(text)):
            continue
        name = path.relative_to(root).as_posix()
        records, derivations[name], stale = read_records(json.loads(text), name)
        problems += stale
        for record in records:
            if record.id not in claims:
                problems.append(f"{name}: a record of {record.id!r}, which is no registered claim")
                continue
            claim = claims[record.id]
            problems += [f"{name}: {trouble}" for trouble in problems_of_record(record, claim)]
            problems += [
                f"{name}: {record.id}: {trouble}"
                for trouble in problems_of_pairs(record.evidence, answers())
            ]
            problems += _silent_on_formulas(claim, record, name)
            if claim.id in settled:
                problems.append(f"{name}: {claim.id} is settled already in {settled[claim.id][1]}")
            settled[claim.id] = (record, name)
    verdicts = {claim_id: record.verdict for claim_id, (record, _) in settled.items()}
    records = {claim_id: record for claim_id, (record, _) in settled.items()}
    for claim_id in asked:
        if claim_id in records:
            problems += problems_of_roots(records[claim_id], records, below[claim_id])
    if claims is registry():
        problems += problems_of_history({claim_id: verdicts.get(claim_id) for claim_id in asked})
    rows = [
        _row(claims[claim_id], *settled.get(claim_id, (None, None)), below[claim_id], verdicts)
        for claim_id in asked
    ]
    return Ledger(rows, problems, derivations, claims)


def _row(
    claim: Claim,
    record: Record | None,
    chapter: str | None,
    below: Iterable[str],
    verdicts: Mapping[str, str],
) -> Row:
    """One row; what the claim rests on is derived from its ancestors, never typed."""
    found = {entry.name: getattr(record, entry.name, None) for entry in fields(Texts)}
    found["evidence"] = found["evidence"] or ()
    found["assumptions"] = (*claim.assumptions, *(found["assumptions"] or ()))
    functions = functions_of_claim(claim.id)
    return Row(
        **found,
        **{key: getattr(claim, key) for key in ("id", "paper", "where", "title", "statement")},
        words=claim.words,
        uses=claim.uses,
        verdict=verdicts.get(claim.id, "open"),
        chapter=f"{chapter}#{claim.anchor}" if chapter else None,
        functions=functions,
        no_function=None if functions else NO_FUNCTION.get(claim.id),
        call=call_of(functions, found["formulas"]),
        second_system=agreement(found["evidence"], answers()),
        rests_on_open=tuple(sorted(other for other in below if other not in verdicts)),
        rests_on_unsound=tuple(sorted(found["roots"] or ())),
        since=history(claim.id)[0],
        history=history(claim.id)[1] or None,
    )


# --- one notebook -------------------------------------------------------------------------------


def read_records(notebook: dict, name: str) -> tuple[list[Record], list[Displayed], list[str]]:
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
            data = output.get("data", {})
            try:
                if FORMULA_MIME in data:
                    formulas.append(from_json(Displayed, data[FORMULA_MIME], f"{name}: formula"))
                if RECORD_MIME not in data:
                    continue
                record = from_json(Record, data[RECORD_MIME], f"{name}: {_called(data)}")
            except RecordError as error:
                problems.append(str(error))
                continue
            records.append(record)
            if record.source_digest != source_digest(sources):
                problems.append(
                    f"{name}: stale: the code before the verdict on {record.id} has changed "
                    f"since it ran: make run CHAPTERS={name}"
                )
    problems += _letters_with_two_meanings(name, [*records, *formulas])
    return records, formulas, problems


def _called(data: dict) -> str:
    """How a message calls a record that may lack anything."""
    record = data[RECORD_MIME]
    return f"record of {record.get('id') if isinstance(record, dict) else record!r}"


def _unread_displays(chapter: str, cell: dict) -> tuple[list[Displayed], list[str]]:
    """The displayed formulas of a text, which no machine reads, each with the reason behind it.

    The reason stands in a comment behind the formula: ``<!-- unread: law -->``.
    """
    found, problems = [], []
    pattern = r"\$\$(.+?)\$\$[ ]*\n?(?:[ ]*<!-- unread: ([a-z]+) -->)?"
    for tex, reason in re.findall(pattern, "".join(cell["source"]), re.DOTALL):
        if reason in UNREAD and reason not in _NOT_WRITTEN:
            found.append(Displayed(tex=tex.strip(), read=False, reason=reason))
            continue
        shown = " ".join(tex.split())[:60]
        problems.append(
            f"{chapter}: cell {cell.get('id')}: no machine reads the displayed formula {shown}: "
            f"show it by Derivation.show, or say behind it why not, <!-- unread: law -->; "
            f"reasons are {', '.join(sorted(set(UNREAD) - _NOT_WRITTEN))}"
        )
    return found, problems


def _silent_on_formulas(claim: Claim, record: Record, chapter: str) -> list[str]:
    """A problem where a claim shows formulas and its record tells of none."""
    shown = displays(claim.statement) or claim.printed or record.correction
    if not shown or record.formulas:
        return []
    return [
        f"{chapter}: {claim.id}: its formulas are neither read by machine nor unread with a reason"
    ]


def _letters_with_two_meanings(chapter: str, records: Iterable[Record | Displayed]) -> list[str]:
    """A letter means one thing on a page."""
    meanings: dict[str, dict[str, str]] = {}
    for record in records:
        for letter, meaning in (record.symbols or {}).items():
            place = record.id if isinstance(record, Record) else "a display"
            meanings.setdefault(letter, {}).setdefault(meaning, place)
    return [
        f"{chapter}: {letter} means "
        + " and ".join(f"'{meaning}' ({where})" for meaning, where in several.items())
        + ": take another letter for one of them"
        for letter, several in meanings.items()
        if len(several) > 1
    ]
