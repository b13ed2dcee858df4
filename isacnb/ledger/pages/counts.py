"""How many claims have which verdict."""

import html
import posixpath

from ..record import VERDICTS
from ..records import Ledger
from ..registry import PAPERS
from .shared import chip, papers_of

__all__ = ["counts_html"]


def counts_html(ledger: Ledger, page: str) -> str:
    """How many claims have which verdict, paper by paper, with links into the ledger."""
    papers = papers_of(ledger)
    link = posixpath.relpath("book/ledger", posixpath.dirname(page) or ".") + ".html"
    head = "".join(f"<th>{html.escape(PAPERS[paper])}</th>" for paper in papers)
    rows = []
    for verdict, (_, meaning) in VERDICTS.items():
        numbers = [ledger.counts(paper)[verdict] for paper in papers]
        if any(numbers):
            cells = "".join(f'<td class="isac-number">{number or "–"}</td>' for number in numbers)
            rows.append(
                f'<tr><td><a href="{link}?verdict={verdict}#claims">{chip(verdict)}</a></td>'
                f"<td>{html.escape(meaning)}</td>{cells}</tr>"
            )
    totals = "".join(
        f'<td class="isac-number"><b>{sum(ledger.counts(paper).values())}</b></td>'
        for paper in papers
    )
    return (
        '<div class="isac-wide"><table class="table isac-table"><thead><tr><th>verdict</th><th>meaning</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}"
        f"<tr><td><b>claims</b></td><td></td>{totals}</tr></tbody></table></div>"
    )
