"""The result and the table of verdict counts in the README."""

import re
import textwrap

from ..record import VERDICTS
from ..records import Ledger
from ..registry import PAPERS
from .roots import result_text
from .shared import papers_of

__all__ = ["updated_readme"]

_BEGIN, _END = "<!-- verdict counts: begin -->", "<!-- verdict counts: end -->"
_WIDTH = 110


def updated_readme(text: str, ledger: Ledger) -> str:
    """README text with its table of verdict counts brought up to date."""
    papers = papers_of(ledger)
    counts = {paper: ledger.counts(paper) for paper in papers}
    lines = [
        "| verdict | " + " | ".join(PAPERS[paper] for paper in papers) + " |",
        "| --- |" + " ---: |" * len(papers),
    ]
    lines += [
        f"| {symbol} {verdict} | "
        + " | ".join(str(counts[paper][verdict]) for paper in papers)
        + " |"
        for verdict, (symbol, _) in VERDICTS.items()
    ]
    lines.append(
        "| **claims** | "
        + " | ".join(f"**{sum(counts[paper].values())}**" for paper in papers)
        + " |"
    )
    if text.count(_BEGIN) != 1 or text.count(_END) != 1:
        raise ValueError(f"README.md must hold the lines {_BEGIN!r} and {_END!r} once each")
    summary = textwrap.fill(result_text(ledger), _WIDTH)
    block = "\n".join([_BEGIN, "", summary, "", *lines, "", _END])
    pattern = f"{re.escape(_BEGIN)}.*?{re.escape(_END)}"
    return re.sub(pattern, lambda _: block, text, flags=re.DOTALL)
