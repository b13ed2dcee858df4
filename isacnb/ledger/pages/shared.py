"""What several views share: short texts, chips, links."""

import html
import posixpath
import re

from ..record import SOURCES, VERDICTS, Texts
from ..records import Ledger
from ..registry import PAPERS

__all__ = ["COLOURS", "chip", "href", "inline", "papers_of", "printed_label", "tex", "where"]

#: verdict -> colour that carries white text at a contrast of 4.5 or more
COLOURS = {
    "definition": "#5b6470",
    "verified": "#1b7340",
    "conditional": "#8a5a00",
    "misprint": "#6d4bb0",
    "corrected": "#b3400e",
    "inherited": "#4a5a8a",
    "approximation": "#0b6a8a",
    "refuted": "#b3202c",
    "unsupported": "#7a4a63",
    "open": "#5b6470",
}


def inline(text: str) -> str:
    """HTML of a short text with `code` and $math$; the page's MathJax sets the math."""
    parts = re.split(r"(\$[^$]+\$|`[^`]+`)", text)
    out = []
    for part in parts:
        if part.startswith("$") and part.endswith("$") and len(part) > 1:
            out.append(tex(part[1:-1]))
        elif part.startswith("`") and part.endswith("`") and len(part) > 1:
            out.append(f"<code>{html.escape(part[1:-1])}</code>")
        else:
            out.append(html.escape(part))
    return "".join(out)


def tex(formula: str) -> str:
    """HTML of inline TeX."""
    return rf"\({html.escape(formula, quote=False)}\)"


def chip(verdict: str) -> str:
    """A coloured label with the verdict's symbol and name."""
    symbol, _ = VERDICTS[verdict]
    return (
        f'<span class="isac-chip" data-verdict="{verdict}" style="background:{COLOURS[verdict]};'
        'color:#fff;border-radius:0.8em;padding:0.1em 0.7em;font-weight:600;white-space:nowrap">'
        f"{symbol} {verdict}</span>"
    )


def printed_label(found: Texts) -> str:
    """What the formula at issue is called: printed, restored from the prose, or said in words."""
    return SOURCES[found.source or "printed"]


def where(symbols: dict[str, str]) -> str:
    """What each letter beside a formula means, as HTML."""
    listed = "; ".join(f"{tex(letter)} {inline(meaning)}" for letter, meaning in symbols.items())
    return f'<span class="isac-where">{listed}</span>'


def papers_of(ledger: Ledger) -> list[str]:
    """The papers of a ledger, in the order of :data:`PAPERS`."""
    present = {row.paper for row in ledger.rows}
    return [paper for paper in PAPERS if paper in present]


def href(target: str, page: str) -> str:
    """Link from one page of the book to a chapter#anchor, both as paths of their sources."""
    path, _, place = target.partition("#")
    relative = posixpath.relpath(path, posixpath.dirname(page) or ".")
    return f"{posixpath.splitext(relative)[0]}.html#{place}"
