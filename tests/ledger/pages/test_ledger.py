"""The ledger as a table."""

from isacnb.ledger.pages.ledger import ledger_html


def test_the_table_of_a_made_up_registry(ledger):
    shown = ledger_html(ledger, "book/ledger.md")
    assert shown.count("data-verdict=") == 3 * 2  # a row and its chip each
    assert '<a href="part/a.html#claim-coupling-circle">' in shown
    assert "The circle &lt;b&gt;" in shown
    assert r"\[a^2+b^2=c^2.\]" in shown
    rests = 'rests on <a href="#claim-coupling-pythagoras"><code>pythagoras</code></a>, not sound'
    assert rests in shown
    assert '<button data-filter="open">○ open 1</button>' in shown
    assert "statement tex2jax_ignore" in shown, "hidden formulas wait"
