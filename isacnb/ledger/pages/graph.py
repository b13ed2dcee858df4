"""What rests on what: one drawing a paper."""

import html

import networkx as nx

from ..record import VERDICTS
from ..records import Ledger, Row
from ..registry import PAPERS
from .shared import COLOURS, chip, href, papers_of

__all__ = ["graph_html"]

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
    whole = nx.DiGraph((row.id, other) for row in ledger.rows for other in row.uses)
    whole.add_nodes_from(row.id for row in ledger.rows)
    legend = " ".join(chip(verdict) for verdict, number in ledger.counts().items() if number)
    drawings = []
    for paper in papers_of(ledger):
        rows = {row.id: row for row in ledger.rows if row.paper == paper}
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


def _node_svg(row: Row, x: float, y: float, page: str) -> str:
    name = row.id.partition(".")[2]
    target = row.chapter or f"book/ledger.md#{row.anchor}"
    symbol, _ = VERDICTS[row.verdict]
    return (
        f'<a href="{href(target, page)}" data-node="{row.id}"><title>'
        f"{html.escape(row.where)}: {html.escape(row.title)} ({row.verdict})</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{_NODE_WIDTH}" height="{_NODE_HEIGHT}" rx="4" '
        f'fill="{COLOURS[row.verdict]}" '
        f'fill-opacity="{0.45 if row.verdict == "open" else 1}"/>'
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
