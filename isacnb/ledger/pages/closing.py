"""What closes a chapter: how complete it is, which source was audited, what its verdicts hang on."""

from collections.abc import Sequence

from ..record import Record
from ..registry import PAPERS

__all__ = ["closing_text"]

_SOURCES = {
    "coupling": "the published article, Science China Information Sciences 68, 192301 (2025), as text",
    "rician": "arXiv:2607.00912 as text, whose formulas were lost and are restored from its prose",
}
_PROOFS = ("symbolic", "certified")


def closing_text(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Name and text of each part, from the records of one chapter alone."""
    if not records:
        return []
    return [
        ("Completeness", _completeness(records)),
        ("Source", _source(records)),
        ("Reliability", _reliability(records)),
    ]


def _completeness(records: Sequence[Record]) -> str:
    parts = []
    for paper, name in PAPERS.items():
        here = sum(_paper(record) == paper for record in records)
        if here:
            parts.append(f"{here} statement{'s' if here != 1 else ''} of “{name}”")
    # not how many there are: a statement that is added would make every chapter stale
    return f"settled here: {', '.join(parts)}; the ledger has them all, and the tests fail while one is open."


def _source(records: Sequence[Record]) -> str:
    parts = []
    for paper, source in _SOURCES.items():
        mine = [record for record in records if _paper(record) == paper]
        if not mine:
            continue
        parts.append(f"{PAPERS[paper]}: {source}.")
        paraphrased = [r for r in mine if r.printed and r.source == "paraphrase"]
        if paraphrased:
            parts.append(f"Said in words there, and put into a formula by us: {_ids(paraphrased)}.")
        lost = [r for r in mine if any(f.reason == "lost" for f in r.formulas or ())]
        if lost:
            parts.append(f"Entries that stay lost: {_ids(lost)}.")
        minor = [r for r in mine if r.low_gravity]
        if minor:
            parts.append(f"Marked as minor, some of it perhaps damage of the text: {_ids(minor)}.")
    return " ".join(parts) or "Statements of our own."


def _reliability(records: Sequence[Record]) -> str:
    weak, unproved = [], []
    for record in records:
        kinds = {entry.kind for entry in record.evidence if entry.premise is None}
        if not kinds - {"transcription"}:
            unproved.append(record)
        elif not kinds & set(_PROOFS):
            weak.append(record)
    proved = len(records) - len(weak) - len(unproved)
    parts = []
    if proved:
        parts.append(
            f"{proved} of {len(records)} verdicts rest on a symbolic or certified proof among others: "
            "they are wrong if the definitions from which it starts are not those of the statement."
        )
    if weak:
        parts.append(
            f"On numbers, simulations or counterexamples alone, at the points and settings that they "
            f"name, rest {_ids(weak)}."
        )
    if unproved:
        parts.append(f"Nothing was there to compare for {_ids(unproved)}.")
    return " ".join(parts)


def _paper(record: Record) -> str:
    return record.id.partition(".")[0]


def _ids(records: Sequence[Record]) -> str:
    return ", ".join(f"`{record.id}`" for record in records)
