"""The ledger as a table: one row a claim."""

import html

from ..record import VERDICTS
from ..records import Ledger, Row
from ..registry import PAPERS, Claim, anchor
from .shared import chip, href, inline, papers_of
from .statement import statement_html

__all__ = ["ledger_html"]


def ledger_html(ledger: Ledger, page: str) -> str:
    """One row a claim, in the paper's order, with buttons that filter by verdict and paper."""
    counts = ledger.counts()
    buttons = [f'<button data-filter="">all {len(ledger.rows)}</button>'] + [
        f'<button data-filter="{verdict}">{symbol} {verdict} {counts[verdict]}</button>'
        for verdict, (symbol, _) in VERDICTS.items()
        if counts[verdict]
    ]
    body = []
    for paper in papers_of(ledger):
        body.append(
            f'<tr class="isac-paper"><th colspan="4">{html.escape(PAPERS[paper])}</th></tr>'
        )
        body += [
            _row(ledger.claims[row.id], row, page) for row in ledger.rows if row.paper == paper
        ]
    return (
        f'<div class="isac-filter" id="claims">{"".join(buttons)}</div>'
        '<div class="tex2jax_process isac-wide"><table class="table isac-table isac-ledger"><thead><tr>'
        "<th>claim</th><th>where and what</th><th>verdict</th><th>finding</th></tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>{_FILTER_SCRIPT}"
    )


def _row(claim: Claim, row: Row, page: str) -> str:
    name = f"<code>{row.id.partition('.')[2].replace('-', '-<wbr>')}</code>"
    if row.chapter:
        name = f'<a href="{href(row.chapter, page)}">{name}</a>'
    roots = ",".join(
        f' <a href="#{anchor(other)}"><code>{other.partition(".")[2]}</code></a>'
        for other in row.rests_on_unsound
    )
    note = f'<div class="isac-rests">takes over the error of{roots}</div>' if roots else ""
    found = inline(row.finding) if row.finding else ""
    return (
        f'<tr id="{row.anchor}" data-verdict="{row.verdict}"><td>{name}</td>'
        f"<td>{html.escape(row.where)}<details><summary>{html.escape(row.title)}"
        f"</summary>{_waiting(statement_html(claim))}</details></td>"
        f"<td>{chip(row.verdict)}</td><td>{found}{note}</td></tr>"
    )


def _waiting(statement: str) -> str:
    """A statement whose formulas are set when its reader unfolds it: hundreds at once are slow."""
    return statement.replace("tex2jax_process", "tex2jax_ignore")


_FILTER_SCRIPT = """<script>
(() => {
  document.querySelectorAll(".isac-ledger details").forEach(details =>
    details.addEventListener("toggle", () => {
      const box = details.querySelector(".tex2jax_ignore");
      if (!box) return;
      box.classList.replace("tex2jax_ignore", "tex2jax_process");
      MathJax.typesetPromise([box]);
    }));
  const bar = document.querySelector(".isac-filter");
  const rows = document.querySelectorAll(".isac-ledger tbody tr[data-verdict]");
  const show = verdict => {
    rows.forEach(row => { row.hidden = Boolean(verdict) && row.dataset.verdict !== verdict; });
    bar.querySelectorAll("button").forEach(button =>
      button.setAttribute("aria-pressed", button.dataset.filter === verdict));
  };
  bar.addEventListener("click", event => {
    if (event.target.dataset.filter !== undefined) show(event.target.dataset.filter);
  });
  show(new URLSearchParams(location.search).get("verdict") || "");
})();
</script>"""
