"""The drawing of what rests on what."""

from isacnb.ledger.pages.graph import graph_html


def test_the_graph_of_a_made_up_registry(ledger):
    shown = graph_html(ledger, "book/graph.md")
    assert shown.count("<svg") == 2
    assert shown.count("data-node=") == 3
    assert 'data-from="coupling.circle" data-to="coupling.pythagoras"' in shown
    assert 'href="part/a.html#claim-coupling-circle"' in shown
    assert 'href="ledger.html#claim-rician-cone"' in shown, "an open claim has no chapter"
    assert "w: The circle &lt;b&gt; (verified)" in shown


def test_what_follows_from_other_edges_is_not_drawn():
    from isacnb.ledger import read_ledger

    ledger = read_ledger()
    edges = sum(len(row.uses) for row in ledger.rows)
    assert graph_html(ledger, "book/graph.md").count("data-from=") < edges
