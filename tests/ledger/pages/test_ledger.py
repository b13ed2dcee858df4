"""The ledger as a table."""

from dataclasses import replace

from isacnb.ledger.pages.ledger import ledger_html


def test_the_table_of_a_made_up_registry(ledger):
    shown = ledger_html(ledger, "book/ledger.md")
    assert shown.count("data-verdict=") == 3 * 2  # a row and its chip each
    assert '<a href="part/a.html#claim-coupling-circle">' in shown
    assert "The circle &lt;b&gt;" in shown
    assert r"\[a^2+b^2=c^2.\]" in shown
    assert "takes over" not in shown
    assert '<button data-filter="open">○ open 1</button>' in shown
    assert "statement tex2jax_ignore" in shown, "hidden formulas wait"


def test_the_table_says_whose_error_is_taken_over(ledger):
    rows = [replace(row, rests_on_unsound=("coupling.pythagoras",)) for row in ledger.rows]
    shown = ledger_html(replace(ledger, rows=rows), "book/ledger.md")
    link = '<a href="#claim-coupling-pythagoras"><code>pythagoras</code></a>'
    assert shown.count(f"takes over the error of {link}") == 3
