"""The few errors from which the others follow."""

import html

from ..records import Ledger, Row
from ..registry import PAPERS
from .errata import call_html, entry_html
from .shared import href, inline, printed_label, tex, where

__all__ = ["result_html", "result_text", "roots_html", "roots_of"]

_AUDITED = ("coupling", "rician")
#: verdicts of claims that are wrong where they stand
_WRONG = ("corrected", "refuted")


def roots_of(ledger: Ledger, paper: str) -> list[tuple[Row, list[Row]]]:
    """Each claim of a paper whose error others take over, with these; the most contagious first."""
    rows = [row for row in ledger.rows if row.paper == paper]
    found = [(row, [other for other in rows if row.id in (other.roots or ())]) for row in rows]
    return sorted(
        ((row, others) for row, others in found if others), key=lambda pair: -len(pair[1])
    )


def result_text(ledger: Ledger) -> str:
    """The result of the audit in a few sentences, counted from the ledger."""
    counts = {
        verdict: sum(ledger.counts(paper)[verdict] for paper in _AUDITED)
        for verdict in ledger.counts()
    }
    total = sum(counts.values())
    wrong = sum(counts[verdict] for verdict in _WRONG)
    number = sum(len(roots_of(ledger, paper)) for paper in _AUDITED)
    return (
        f"Of the {total} statements of the two papers, {counts['definition']} define, "
        f"{counts['verified']} hold as printed, {counts['conditional']} hold under a condition that is "
        f"not stated, {counts['approximation']} only approximately, and {counts['misprint']} but for a "
        f"slip of the pen. {wrong} are wrong where they stand; {counts['inherited']} are right steps "
        f"from wrong premises. {number} errors and silent conditions account for all that is taken over. "
        f"{counts['unsupported']} cannot be confirmed with what the papers give."
    )


def result_html(ledger: Ledger, page: str) -> str:
    """The result of the audit in a few sentences, as HTML."""
    return f"<p>{html.escape(result_text(ledger))}</p>"


def roots_html(ledger: Ledger, page: str) -> str:
    """First false step, its failure, what it takes with it, its effect, and what to use instead."""
    parts = []
    for paper in _AUDITED:
        roots = roots_of(ledger, paper)
        if roots:
            parts.append(f"<h2>{html.escape(PAPERS[paper])}</h2>")
            parts += [_root(row, others, page) for row, others in roots]
    return f'<div class="tex2jax_process">{"".join(parts) or "<p>None so far.</p>"}</div>'


def _root(row: Row, others: list[Row], page: str) -> str:
    shown = [
        f"{inline(entry.what)}: {inline(entry.result)}"
        for entry in row.evidence
        if entry.kind == "counterexample"
    ]
    instead = [tex(row.correction)] if row.correction else []
    instead += [
        inline(text) for text in (row.instead, row.condition and f"Only if {row.condition}") if text
    ]
    links = ", ".join(
        f'<a href="{href(other.chapter, page)}" title="{html.escape(other.title)}">'
        f"{html.escape(_place(other))}</a>{_own(other)}"
        for other in others
        if other.chapter
    )
    entries = {
        printed_label(row): [tex(row.printed)] if row.printed else [],
        "finding": [inline(row.finding or "")],
        "first false step": [inline(row.first_false_step)] if row.first_false_step else [],
        "shown failing": shown,
        "an error where": [inline(row.knowledge)] if row.knowledge else [],
        f"taken over by {len(others)}": [links],
        "effect": [inline(row.effect)] if row.effect else [],
        "use instead": instead,
        "where": [where(row.symbols)] if row.correction and row.symbols else [],
        "call it": [call_html(row.call)] if row.correction and row.call else [],
    }
    return entry_html(row, page, entries, anchor=f"root-{row.id.replace('.', '-')}")


def _own(row: Row) -> str:
    """Whether a claim that takes an error over has one of its own, too."""
    return "" if row.verdict == "inherited" else f" ({row.verdict})"


def _place(row: Row) -> str:
    """Where a claim stands, short: its equation, figure or remark; its whole place if it has none."""
    last = row.where.split(", ")[-1]
    return last if last[0].isupper() else row.where
