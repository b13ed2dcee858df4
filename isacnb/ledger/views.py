"""The generated pages: counts, ledger, errata and dependency graph, all from one reading."""

import html
import posixpath
import re
from collections import Counter

import networkx as nx

from .records import Ledger
from .registry import PAPERS, dependency_graph, registry
from .render import COLOURS, chip, inline, printed_label, statement_html, tex, where
from .rules import VERDICTS
from .transcription import ROLES, UNREAD

__all__ = [
    "counts_html",
    "errata_html",
    "formulas_html",
    "graph_html",
    "ledger_html",
    "updated_readme",
]

_BEGIN, _END = "<!-- verdict counts: begin -->", "<!-- verdict counts: end -->"
#: verdicts that tell the reader of a paper to write something else than what is printed
_ERRATA = ("corrected", "refuted", "misprint", "conditional", "approximation")


def _papers(ledger: Ledger) -> list[str]:
    present = {row["paper"] for row in ledger.rows}
    return [paper for paper in PAPERS if paper in present]


def updated_readme(text: str, ledger: Ledger) -> str:
    """README text with its table of verdict counts brought up to date."""
    papers = _papers(ledger)
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
    block = "\n".join([_BEGIN, "", *lines, "", _END])
    pattern = f"{re.escape(_BEGIN)}.*?{re.escape(_END)}"
    return re.sub(pattern, lambda _: block, text, flags=re.DOTALL)


def _href(target: str, page: str) -> str:
    """Link from one page of the book to a chapter#anchor, both as paths of their sources."""
    path, _, anchor = target.partition("#")
    relative = posixpath.relpath(path, posixpath.dirname(page) or ".")
    return f"{posixpath.splitext(relative)[0]}.html#{anchor}"


def counts_html(ledger: Ledger, page: str) -> str:
    """How many claims have which verdict, paper by paper, with links into the ledger."""
    papers = _papers(ledger)
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


def ledger_html(ledger: Ledger, page: str) -> str:
    """One row a claim, in the paper's order, with buttons that filter by verdict and paper."""
    claims = registry()
    counts = ledger.counts()
    buttons = [f'<button data-filter="">all {len(ledger.rows)}</button>'] + [
        f'<button data-filter="{verdict}">{symbol} {verdict} {counts[verdict]}</button>'
        for verdict, (symbol, _) in VERDICTS.items()
        if counts[verdict]
    ]
    body = []
    for paper in _papers(ledger):
        body.append(
            f'<tr class="isac-paper"><th colspan="4">{html.escape(PAPERS[paper])}</th></tr>'
        )
        for row in ledger.rows:
            if row["paper"] != paper:
                continue
            claim = claims[row["id"]]
            name = f"<code>{row['id'].partition('.')[2].replace('-', '-<wbr>')}</code>"
            if row["chapter"]:
                name = f'<a href="{_href(row["chapter"], page)}">{name}</a>'
            unsound = "".join(
                f' <a href="#{claims[other].anchor}"><code>{other.partition(".")[2]}</code></a>'
                for other in row["rests_on_unsound"]
            )
            note = (
                f'<div class="isac-rests">rests on{unsound}, not sound as printed</div>'
                if unsound and row["verdict"] != "open"
                else ""
            )
            found = inline(row["finding"]) if row["finding"] else ""
            body.append(
                f'<tr id="{claim.anchor}" data-verdict="{row["verdict"]}"><td>{name}</td>'
                f"<td>{html.escape(claim.where)}<details><summary>{html.escape(claim.title)}"
                f"</summary>{_waiting(statement_html(claim))}</details></td>"
                f"<td>{chip(row['verdict'])}</td><td>{found}{note}</td></tr>"
            )
    return (
        f'<div class="isac-filter" id="claims">{"".join(buttons)}</div>'
        '<div class="tex2jax_process isac-wide"><table class="table isac-table isac-ledger"><thead><tr>'
        "<th>claim</th><th>where and what</th><th>verdict</th><th>finding</th></tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>{_FILTER_SCRIPT}"
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


def errata_html(ledger: Ledger, page: str) -> str:
    """Where, printed, correct, why and effect of each erratum, paper by paper."""
    parts = []
    for paper in ("coupling", "rician"):
        rows = [row for row in ledger.rows if row["paper"] == paper and row["verdict"] in _ERRATA]
        if rows:
            parts.append(f"<h2>{html.escape(PAPERS[paper])}</h2>")
            parts += [_erratum(row, page) for row in rows]
    return f'<div class="tex2jax_process">{"".join(parts) or "<p>None so far.</p>"}</div>'


def _erratum(row: dict, page: str) -> str:
    def text(key, label=""):
        return label + inline(row[key]) if row.get(key) else ""

    def formula(key):
        return tex(row[key]) if row.get(key) else ""

    call = row.get("call") if row.get("correction") or row.get("instead") else None
    entries = {
        printed_label(row): [formula("printed")],
        "correct": [formula("correction"), text("instead"), text("condition", "only if ")],
        "where": [where(row["symbols"])] if row.get("symbols") else [],
        "call it": [_call_html(call)] if call else [],
        "error": [text("error"), text("range", "measured over ")],
        "why": [inline(row["finding"]), text("why"), text("low_gravity", "Minor: ")],
        "effect": [text("effect")],
    }
    body = "".join(
        f"<dt>{label}</dt><dd>{'<br>'.join(filter(None, lines))}</dd>"
        for label, lines in entries.items()
        if any(lines)
    )
    return (
        f'<section class="isac-erratum"><header><a href="{_href(row["chapter"], page)}">'
        f"{html.escape(row['where'])}</a> {html.escape(row['title'])} {chip(row['verdict'])}</header>"
        f"<dl>{body}</dl></section>"
    )


def _call_html(call: dict) -> str:
    """Import line, arguments with their units, and an example with its value."""
    units = "; ".join(
        f"<code>{entry['name']}</code> {inline(entry['meaning'])}"
        + (f" ({entry['unit']})" if entry["unit"] not in ("", "1") else "")
        for entry in call["arguments"]
    )
    code = "\n".join([call["import"], *filter(None, [call["example"]])])
    return (
        f'<pre class="isac-call">{html.escape(code)}</pre>'
        f"<details><summary><code>{html.escape(call['signature'])}</code></summary>{units}</details>"
    )


# --- formulas read by machine -------------------------------------------------------------------


def formulas_html(ledger: Ledger, page: str) -> str:
    """How many formulas in which role are read by machine, why others are not, and the mutants."""
    everything = [
        {**entry, "id": row["id"]} for row in ledger.rows for entry in row.get("formulas", [])
    ] + ledger.displays
    rows = []
    for role in ROLES:
        entries = [entry for entry in everything if entry["role"] == role]
        read = [entry for entry in entries if entry["read"]]
        numbers = [
            len(entries),
            len(read),
            len(entries) - len(read),
            *(sum(entry[key] for entry in read) for key in ("mutants", "killed", "equivalent")),
        ]
        cells = "".join(f'<td class="isac-number">{number:,}</td>' for number in numbers)
        rows.append(f"<tr><td>{role}</td>{cells}</tr>")
    head = "".join(
        f"<th>{text}</th>"
        for text in ("role", "formulas", "read", "unread", "mutants", "told apart", "equivalent")
    )
    reasons = Counter(entry["reason"] for entry in everything if not entry["read"])
    listed = "".join(
        f"<li><b>{reason}</b>, {number}: {html.escape(UNREAD[reason])}</li>"
        for reason, number in reasons.most_common()
    )
    return (
        f'<div class="isac-wide"><table class="table isac-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f"<p>Unread, by reason:</p><ul>{listed or '<li>none</li>'}</ul>"
    )


# --- dependency graph ---------------------------------------------------------------------------

_NODE_WIDTH, _NODE_HEIGHT, _COLUMN, _LINE = 190, 20, 240, 26


def _layout(graph: nx.DiGraph) -> dict[str, tuple[float, float]]:
    """Columns by depth of derivation, rows ordered so that the edges cross little."""
    layers = [list(layer) for layer in nx.topological_generations(graph.reverse())]
    rank = {node: i for layer in layers for i, node in enumerate(layer)}
    neighbours = graph.to_undirected()
    for _ in range(8):
        for layer in layers:
            layer.sort(
                key=lambda node: (
                    sum(rank[other] for other in neighbours[node]) / (len(neighbours[node]) or 1)
                    if neighbours[node]
                    else rank[node]
                )
            )
            rank.update({node: i for i, node in enumerate(layer)})
    tallest = max(map(len, layers))
    return {
        node: (column * _COLUMN, (i + (tallest - len(layer)) / 2) * _LINE)
        for column, layer in enumerate(layers)
        for i, node in enumerate(layer)
    }


def graph_html(ledger: Ledger, page: str) -> str:
    """One drawing a paper: what rests on what, coloured by verdict."""
    whole = dependency_graph(registry())
    legend = " ".join(chip(verdict) for verdict, number in ledger.counts().items() if number)
    drawings = []
    for paper in _papers(ledger):
        rows = {row["id"]: row for row in ledger.rows if row["paper"] == paper}
        # what follows from other edges is left out of the drawing
        graph = nx.transitive_reduction(whole.subgraph(rows))
        place = _layout(graph)
        width = max(x for x, _ in place.values()) + _NODE_WIDTH + 4
        height = max(y for _, y in place.values()) + _NODE_HEIGHT + 4
        edges = "".join(
            f'<path data-from="{above}" data-to="{below}" d="M{place[below][0] + _NODE_WIDTH:g},'
            f"{place[below][1] + 10:g} C{place[below][0] + _NODE_WIDTH + 40:g},"
            f"{place[below][1] + 10:g} {place[above][0] - 40:g},{place[above][1] + 10:g} "
            f'{place[above][0]:g},{place[above][1] + 10:g}"/>'
            for above, below in graph.edges
        )
        nodes = "".join(_node_svg(rows[node], *place[node], page) for node in graph)
        drawings.append(
            f"<h2>{html.escape(PAPERS[paper])}</h2>"
            f'<div class="isac-graph"><svg width="{width:g}" height="{height:g}" '
            f'viewBox="-2 -2 {width:g} {height:g}" role="img" '
            f'aria-label="Dependency graph, {html.escape(PAPERS[paper])}">'
            f'<g class="isac-edges">{edges}</g>{nodes}</svg></div>'
        )
    return f"<p>{legend}</p>{''.join(drawings)}{_GRAPH_SCRIPT}"


def _node_svg(row: dict, x: float, y: float, page: str) -> str:
    name = row["id"].partition(".")[2]
    target = row["chapter"] or f"book/ledger.md#claim-{row['id'].replace('.', '-')}"
    symbol, _ = VERDICTS[row["verdict"]]
    return (
        f'<a href="{_href(target, page)}" data-node="{row["id"]}"><title>'
        f"{html.escape(row['where'])}: {html.escape(row['title'])} ({row['verdict']})</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{_NODE_WIDTH}" height="{_NODE_HEIGHT}" rx="4" '
        f'fill="{COLOURS[row["verdict"]]}" '
        f'fill-opacity="{0.45 if row["verdict"] == "open" else 1}"/>'
        f'<text x="{x + 7:g}" y="{y + 14:g}">{symbol} {html.escape(name)}</text></a>'
    )


_GRAPH_SCRIPT = """<script>
document.querySelectorAll(".isac-graph svg").forEach(svg => {
  const edges = [...svg.querySelectorAll("path[data-from]")];
  const reach = (start, from, to) => {
    const seen = new Set([start]), lines = new Set(), queue = [start];
    while (queue.length) {
      const node = queue.pop();
      edges.filter(edge => edge.dataset[from] === node).forEach(edge => {
        lines.add(edge);
        if (!seen.has(edge.dataset[to])) { seen.add(edge.dataset[to]); queue.push(edge.dataset[to]); }
      });
    }
    return [seen, lines];
  };
  svg.querySelectorAll("a[data-node]").forEach(node => {
    node.addEventListener("mouseenter", () => {
      const [down, downLines] = reach(node.dataset.node, "from", "to");
      const [up, upLines] = reach(node.dataset.node, "to", "from");
      svg.classList.add("isac-focus");
      svg.querySelectorAll("a[data-node]").forEach(other => other.classList.toggle(
        "isac-near", down.has(other.dataset.node) || up.has(other.dataset.node)));
      edges.forEach(edge => edge.classList.toggle(
        "isac-near", downLines.has(edge) || upLines.has(edge)));
    });
    node.addEventListener("mouseleave", () => svg.classList.remove("isac-focus"));
  });
});
</script>"""
