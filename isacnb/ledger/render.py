"""How claims and verdicts look: HTML for badges and tables, Markdown for statement boxes."""

import html
import math
import re

import numpy as np

from .registry import Claim
from .rules import VERDICTS

__all__ = [
    "badge_html",
    "badge_text",
    "chip",
    "inline",
    "number",
    "printed_label",
    "statement_html",
    "statement_markdown",
    "summary_html",
    "where",
]

#: verdict -> colour that carries white text at a contrast of 4.5 or more
COLOURS = {
    "definition": "#5b6470",
    "verified": "#1b7340",
    "conditional": "#8a5a00",
    "misprint": "#6d4bb0",
    "corrected": "#b3400e",
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


def number(value: float, digits: int = 2) -> str:
    r"""A number for a sentence: ``digits`` significant digits, powers of ten as $math$.

    >>> number(0.01234), number(-151), number(3.2e5), number(1.04e-7), number(math.inf)
    ('0.012', '−150', '$3.2\\times10^{5}$', '$1\\times10^{-7}$', 'infinity')
    """
    if not math.isfinite(value):
        return "undefined" if math.isnan(value) else "infinity" if value > 0 else "−infinity"
    mantissa, _, exponent = f"{abs(value):.{digits - 1}e}".partition("e")
    sign = "−" if value < 0 else ""
    if value and not -3 <= int(exponent) < 5:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return rf"{sign}${mantissa}\times10^{{{int(exponent)}}}$"
    return sign + np.format_float_positional(float(f"{mantissa}e{exponent}"), trim="-")


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


def _assumes(claim: Claim) -> str:
    return "The paper assumes" if claim.paper in ("coupling", "rician") else "Assumes"


def statement_markdown(claim: Claim) -> str:
    """The claim as a sphinx-proof box, for the book."""
    # the paper's own numbered statement, but not what stands before or after one
    kind = re.match(
        r"(?:sec\. [\w.-]+, )?(lemma|theorem|corollary|proposition|remark) \d", claim.where.lower()
    )
    kind = kind[1] if kind else "property"
    lines = [
        f"::::{{prf:{kind}}} {claim.where} — {claim.title}",
        f":label: statement-{claim.anchor}",
        ":nonumber:",
        "",
        claim.statement,
        "",
        f"*In words.* {claim.words}",
    ]
    if claim.assumptions:
        lines += ["", f"*{_assumes(claim)}:* {'; '.join(claim.assumptions)}."]
    if claim.note:
        lines += ["", f"*Reading of the source:* {claim.note}"]
    return "\n".join([*lines, "::::"])


def statement_html(claim: Claim) -> str:
    """The claim as an HTML box, for JupyterLab."""
    blocks = []
    for block in re.split(r"(\$\$.*?\$\$)", claim.statement, flags=re.DOTALL):
        if block.startswith("$$"):
            blocks.append(rf"\[{html.escape(block[2:-2].strip(), quote=False)}\]")
        elif block.strip():
            blocks += [f"<p>{inline(part)}</p>" for part in block.strip().split("\n\n")]
    assumed = ""
    if claim.assumptions:
        assumed = f"<p><i>{_assumes(claim)}:</i> {inline('; '.join(claim.assumptions))}.</p>"
    return (
        '<div class="isac-statement tex2jax_process" style="border-left:4px solid #5b6470;padding:0.2em 1em">'
        f"<p><b>{html.escape(claim.where)} — {html.escape(claim.title)}</b> "
        f"<code>{claim.id}</code></p>{''.join(blocks)}"
        f"<p><i>In words.</i> {inline(claim.words)}</p>{assumed}</div>"
    )


#: source of the formula at issue -> how the pages call it
_SOURCES = {"printed": "printed", "restored": "restored", "paraphrase": "said in words"}
#: record field -> its label, in the order of display
_DETAILS = {
    "condition": "holds only if",
    "why": "why",
    "effect": "effect",
    "error": "measured error",
    "range": "measured over",
    "instead": "true instead",
    "unchecked": "not checked",
    "low_gravity": "minor",
}


def printed_label(record: dict) -> str:
    """What the formula at issue is called: printed, restored from the prose, or said in words."""
    return _SOURCES[record.get("source", "printed")]


def where(symbols: dict[str, str]) -> str:
    """What each letter beside a formula means, as HTML."""
    listed = "; ".join(f"{tex(letter)} {inline(meaning)}" for letter, meaning in symbols.items())
    return f'<span class="isac-where">{listed}</span>'


def _details(record: dict) -> list[tuple[str, str]]:
    """Label and HTML of every text of a record, in the order of display."""
    rows = [
        (label, tex(record[key]))
        for key, label in (("printed", printed_label(record)), ("correction", "correct"))
        if key in record
    ]
    if record.get("correction") and record.get("symbols"):
        rows.append(("where", where(record["symbols"])))
    if record.get("correction") and record.get("call"):
        rows.append(("call it", f"<code>{html.escape(record['call']['import'])}</code>"))
    rows += [(label, inline(record[key])) for key, label in _DETAILS.items() if key in record]
    rows += [("reading tried", inline(reading)) for reading in record.get("readings", [])]
    rows += [("also assumed", inline(text)) for text in record.get("assumptions", [])]
    return rows


def badge_html(record: dict, claim: Claim) -> str:
    """The verdict as a person reads it: label, finding, corrections, and the evidence to unfold."""
    rows = "".join(f"<div><i>{label}:</i> {content}</div>" for label, content in _details(record))
    evidence = "".join(
        f"<li><b>{entry['kind']}</b>: {inline(entry['what'])} — {inline(entry['result'])}. "
        f"<span>{'Right form' if entry['kind'] == 'counterexample' else 'Control'}: "
        + "; ".join(
            f"{inline(control['form'])} — {control['outcome']} ({inline(control['result'])})"
            for control in entry["control"]
        )
        + ".</span></li>"
        for entry in record["evidence"]
    )
    count = len(record["evidence"])
    folded = (
        f"<details><summary>{count} piece{'s' if count != 1 else ''} of evidence, "
        f"{'each ' if count != 1 else ''}with its control</summary><ul>{evidence}</ul></details>"
        if evidence
        else ""
    )
    return (
        f'<div class="isac-badge tex2jax_process" id="{claim.anchor}" data-claim="{claim.id}" '
        f'style="border:1px solid {COLOURS[record["verdict"]]};border-left-width:6px;'
        'border-radius:4px;padding:0.6em 1em;margin:0.5em 0">'
        f"<div>{chip(record['verdict'])} <b>{html.escape(claim.where)}</b> "
        f"<code>{claim.id}</code></div>"
        f"<div>{inline(record['finding'])}</div>{rows}{folded}</div>"
    )


def badge_text(record: dict, claim: Claim) -> str:
    """The verdict as plain text."""
    symbol, _ = VERDICTS[record["verdict"]]
    return f"{symbol} {claim.id} ({claim.where}) — {record['verdict']}: {record['finding']}"


def summary_html(records) -> str:
    """The closing table of a chapter: claim, verdict, finding."""
    rows = "".join(
        f'<tr><td style="text-align:left"><a href="#claim-{record["id"].replace(".", "-")}">'
        f'<code>{record["id"]}</code></a></td><td style="text-align:left">'
        f"{chip(record['verdict'])}</td>"
        f'<td style="text-align:left">{inline(record["finding"])}</td></tr>'
        for record in records
    )
    return (
        '<table class="isac-summary tex2jax_process"><thead><tr><th style="text-align:left">claim</th>'
        '<th style="text-align:left">verdict</th><th style="text-align:left">finding</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )
