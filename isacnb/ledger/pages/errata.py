"""Where the papers are wrong, and what is right."""

import html

from ..code import Call
from ..records import Ledger, Row
from ..registry import PAPERS
from .shared import chip, href, inline, printed_label, tex, where

__all__ = ["call_html", "entry_html", "errata_html"]

#: verdicts that tell the reader of a paper to write something else than what is printed
_ERRATA = ("corrected", "inherited", "refuted", "misprint", "conditional", "approximation")


def errata_html(ledger: Ledger, page: str) -> str:
    """Where, printed, correct, why and effect of each erratum, paper by paper."""
    parts = []
    for paper in ("coupling", "rician"):
        rows = [row for row in ledger.rows if row.paper == paper and row.verdict in _ERRATA]
        if rows:
            parts.append(f"<h2>{html.escape(PAPERS[paper])}</h2>")
            parts += [_erratum(row, page) for row in rows]
    return f'<div class="tex2jax_process">{"".join(parts) or "<p>None so far.</p>"}</div>'


def _erratum(row: Row, page: str) -> str:
    def text(value: str | None, label: str = "") -> str:
        return label + inline(value) if value else ""

    def formula(value: str | None) -> str:
        return tex(value) if value else ""

    call = row.call if row.correction or row.instead else None
    entries = {
        printed_label(row): [formula(row.printed)],
        "correct": [formula(row.correction), text(row.instead), text(row.condition, "only if ")],
        "where": [where(row.symbols)] if row.symbols else [],
        "call it": [call_html(call)] if call else [],
        "error": [text(row.error), text(row.range, "measured over ")],
        "why": [text(row.finding), text(row.why), text(row.low_gravity, "Minor: ")],
        "first false step": [text(row.first_false_step)],
        "taken over from": [_roots(row, page)],
        "effect": [text(row.effect)],
    }
    return entry_html(row, page, entries)


def entry_html(row: Row, page: str, entries: dict[str, list[str]], anchor: str = "") -> str:
    """A claim with its place and verdict above labelled lines; a label without any is left out."""
    body = "".join(
        f"<dt>{label}</dt><dd>{'<br>'.join(filter(None, lines))}</dd>"
        for label, lines in entries.items()
        if any(lines)
    )
    mark = f' id="{anchor}"' if anchor else ""
    return (
        f'<section class="isac-erratum"{mark}><header><a href="{href(row.chapter, page)}">'
        f"{html.escape(row.where)}</a> {html.escape(row.title)} {chip(row.verdict)}</header>"
        f"<dl>{body}</dl></section>"
    )


def _roots(row: Row, page: str) -> str:
    link = href("book/roots.md#root-{}", page)
    return ", ".join(
        f'<a href="{link.format(root.replace(".", "-"))}"><code>{root}</code></a>'
        for root in row.roots or ()
    )


def call_html(call: Call) -> str:
    """Import line, arguments with their units, and an example with its value."""
    units = "; ".join(
        f"<code>{entry.name}</code> {inline(entry.meaning)}"
        + (f" ({entry.unit})" if entry.unit not in ("", "1") else "")
        for entry in call.arguments
    )
    code = "\n".join([call.import_line, *filter(None, [call.example])])
    return (
        f'<pre class="isac-call">{html.escape(code)}</pre>'
        f"<details><summary><code>{html.escape(call.signature)}</code></summary>{units}</details>"
    )
