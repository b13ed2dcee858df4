"""The formulas that are read by machine."""

import html
from collections import Counter

from ..record import ROLES, UNREAD
from ..records import Ledger

__all__ = ["formulas_html"]


def formulas_html(ledger: Ledger, page: str) -> str:
    """How many formulas in which role are read by machine, why others are not, and the mutants."""
    everything = [entry for row in ledger.rows for entry in row.formulas or ()]
    everything += [entry for found in ledger.displays.values() for entry in found]
    rows = []
    for role in (*ROLES, "derivation"):
        entries = [entry for entry in everything if entry.role == role]
        read = [entry for entry in entries if entry.read]
        numbers = [
            len(entries),
            len(read),
            len(entries) - len(read),
            sum(entry.mutants for entry in read),
            sum(entry.killed for entry in read),
            sum(entry.equivalent for entry in read),
        ]
        cells = "".join(f'<td class="isac-number">{number:,}</td>' for number in numbers)
        rows.append(f"<tr><td>{role}</td>{cells}</tr>")
    head = "".join(
        f"<th>{text}</th>"
        for text in ("role", "formulas", "read", "unread", "mutants", "told apart", "equivalent")
    )
    reasons = Counter(entry.reason for entry in everything if not entry.read)
    listed = "".join(
        f"<li><b>{reason}</b>, {number}: {html.escape(UNREAD[reason])}</li>"
        for reason, number in reasons.most_common()
    )
    return (
        f'<div class="isac-wide"><table class="table isac-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f"<p>Unread, by reason:</p><ul>{listed or '<li>none</li>'}</ul>"
    )
