"""The page tells the counts of the second algebra system."""

from dataclasses import replace

from isacnb.ledger.pages import second
from isacnb.ledger.record import Control, Evidence
from isacnb.ledger.records import read_ledger


def test_the_counts_are_those_of_the_evidence(monkeypatch):
    row = next(row for row in read_ledger().rows if row.verdict == "verified")
    tried = Control(form="twice", outcome="rejected", result="differs", pairs=("c",))
    entry = Evidence(
        kind="symbolic", what="line", result="reduced", points=1, control=(tried,), pairs=("a",)
    )
    ledger = replace(read_ledger(), rows=[replace(row, evidence=(entry,))])
    monkeypatch.setattr(second, "answers", lambda: {"a": "0", "c": "not 0"})
    shown = second.second_html(ledger, "book/formulas.md")
    assert "of 1 pairs that have to be equal it reduced 1 to 0" in shown
    assert "of 1 forms that have to differ it found 1 to differ" in shown
    assert "no words: 0" in shown
