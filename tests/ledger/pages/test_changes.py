"""Verdicts that were changed."""

from dataclasses import replace

from isacnb.ledger.history import Change
from isacnb.ledger.pages.changes import changes_html

CHANGE = Change(version="0.2.0", was="corrected", now="inherited", reason="a step of $c$")


def test_one_row_for_each_reason(ledger):
    rows = [replace(row, history=(CHANGE,)) for row in ledger.rows]
    shown = changes_html(replace(ledger, rows=rows), "book/dispute.md")
    assert shown.count("<tr>") == 2
    assert r"a step of \(c\)" in shown
    assert 'href="part/a.html#claim-coupling-circle"><code>coupling.circle</code>' in shown
    assert "corrected" in shown
    assert "inherited" in shown


def test_nothing_changed(ledger):
    rows = [replace(row, history=None) for row in ledger.rows]
    assert "None so far." in changes_html(replace(ledger, rows=rows), "book/dispute.md")
