"""The verdict as a chapter shows it: a badge behind each claim, a table at the end."""

import html
from collections.abc import Sequence
from dataclasses import fields

from ..code import Call
from ..format import told
from ..record import VERDICTS, Evidence, Record, Texts
from ..registry import Claim, anchor
from .closing import closing_text
from .shared import COLOURS, chip, inline, printed_label, tex, where

__all__ = ["badge_html", "badge_text", "summary_html"]


def _details(record: Record, call: Call | None) -> list[tuple[str, str]]:
    """Label and HTML of every text of a record, in the order of its fields."""
    formulas = ((printed_label(record), record.printed), ("correct", record.correction))
    rows = [(label, tex(formula)) for label, formula in formulas if formula is not None]
    if record.correction and record.symbols:
        rows.append(("where", where(record.symbols)))
    if record.correction and call:
        rows.append(("call it", f"<code>{html.escape(call.import_line)}</code>"))
    zero = {
        denominator: None
        for entry in record.formulas or ()
        if entry.role in ("statement", "correction", "instead")
        for denominator in entry.vanishing or ()
    }
    if zero:
        listed = ", ".join(inline(f"${denominator}=0$") for denominator in zero)
        rows.append(("a denominator is 0 where", listed))
    for entry in fields(Texts):
        value = getattr(record, entry.name)
        if "label" in entry.metadata and value is not None:
            texts = [value] if isinstance(value, str) else value
            rows += [(entry.metadata["label"], inline(text)) for text in texts]
    return rows


def _evidence(entry: Evidence) -> str:
    name = "Right form" if entry.kind == "counterexample" else "Control"
    controls = "; ".join(
        f"{inline(control.form)} — {control.outcome} ({inline(control.result)})"
        for control in entry.control
    )
    more = told(entry)
    return (
        f"<li><b>{entry.kind}</b>: {inline(entry.what)} — {inline(entry.result)}"
        f"{f'; {inline(more)}' if more else ''}. "
        f"{f'<span>{name}: {controls}.</span>' if controls else ''}</li>"
    )


def badge_html(record: Record, claim: Claim, call: Call | None = None) -> str:
    """The verdict as a person reads it: label, finding, corrections, and the evidence to unfold."""
    details = _details(record, call)
    rows = "".join(f"<div><i>{label}:</i> {content}</div>" for label, content in details)
    evidence = "".join(map(_evidence, record.evidence))
    count = len(record.evidence)
    folded = (
        f"<details><summary>{count} piece{'s' if count != 1 else ''} of evidence, "
        f"{'each ' if count != 1 else ''}with its control</summary><ul>{evidence}</ul></details>"
        if evidence
        else ""
    )
    return (
        f'<div class="isac-badge tex2jax_process" id="{claim.anchor}" data-claim="{claim.id}" '
        f'style="border:1px solid {COLOURS[record.verdict]};border-left-width:6px;'
        'border-radius:4px;padding:0.6em 1em;margin:0.5em 0">'
        f"<div>{chip(record.verdict)} <b>{html.escape(claim.where)}</b> "
        f"<code>{claim.id}</code></div>"
        f"<div>{inline(record.finding)}</div>{rows}{folded}</div>"
    )


def badge_text(record: Record, claim: Claim) -> str:
    """The verdict as plain text."""
    symbol, _ = VERDICTS[record.verdict]
    return f"{symbol} {claim.id} ({claim.where}) — {record.verdict}: {record.finding}"


def summary_html(records: Sequence[Record]) -> str:
    """The close of a chapter: claim, verdict, finding; completeness, source, reliability."""
    closing = "".join(
        f"<dt>{name}</dt><dd>{inline(text)}</dd>" for name, text in closing_text(records)
    )
    rows = "".join(
        f'<tr><td style="text-align:left"><a href="#{anchor(record.id)}">'
        f'<code>{record.id}</code></a></td><td style="text-align:left">'
        f"{chip(record.verdict)}</td>"
        f'<td style="text-align:left">{inline(record.finding)}</td></tr>'
        for record in records
    )
    return (
        '<table class="isac-summary tex2jax_process"><thead><tr><th style="text-align:left">claim</th>'
        '<th style="text-align:left">verdict</th><th style="text-align:left">finding</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
        f'<dl class="isac-closing tex2jax_process">{closing}</dl>'
    )
