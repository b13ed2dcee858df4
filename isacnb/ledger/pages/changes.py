"""Verdicts that were changed, with the reasons."""

import html

from ..records import Ledger
from .shared import chip, href, inline

__all__ = ["changes_html"]


def changes_html(ledger: Ledger, page: str) -> str:
    """One row for each reason: version, old and new verdict, reason, claims."""
    groups: dict[tuple, list] = {}
    for row in ledger.rows:
        for change in row.history or ():
            key = (change.version, change.was, change.now, change.reason)
            groups.setdefault(key, []).append(row)
    if not groups:
        return "<p>None so far.</p>"
    rows = []
    for (version, was, now, reason), several in groups.items():
        links = ", ".join(
            f'<a href="{href(row.chapter, page)}"><code>{row.id}</code></a>'
            for row in several
            if row.chapter
        )
        rows.append(
            f"<tr><td>{html.escape(version)}</td><td>{chip(was)} → {chip(now)}</td>"
            f"<td>{inline(reason)}</td><td>{links}</td></tr>"
        )
    return (
        '<div class="isac-wide tex2jax_process"><table class="table isac-table"><thead><tr>'
        "<th>version</th><th>verdict</th><th>reason</th><th>claims</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
