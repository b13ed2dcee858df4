"""A claim as its chapter and the ledger state it."""

import html
import re

from ..registry import Claim
from .shared import inline

__all__ = ["statement_html", "statement_markdown"]


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
