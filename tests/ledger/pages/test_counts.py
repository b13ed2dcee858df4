"""The table of verdicts on the first page."""

from isacnb.ledger.pages.counts import counts_html


def test_the_counts_of_a_made_up_registry(ledger):
    shown = counts_html(ledger, "book/index.md")
    assert shown.count("<tr>") == 5  # head, three verdicts, sum
    assert 'href="ledger.html?verdict=misprint#claims"' in shown
    assert 'href="book/ledger.html?verdict=open#claims"' in counts_html(ledger, "README.md")
    assert '<td class="isac-number"><b>2</b></td><td class="isac-number"><b>1</b></td>' in shown
