"""What closes a chapter."""

from made_up import COUNTER, SYMBOLIC, evidence, record

from isacnb.ledger.pages.closing import closing_text
from isacnb.ledger.record import Formula

LOST = Formula(role="statement", tex="f", read=False, reason="lost")


def test_a_chapter_says_what_its_verdicts_hang_on():
    records = [
        record("verified", SYMBOLIC, id="rician.one"),
        record("verified", evidence("numeric"), evidence("statistical"), id="rician.two"),
        record("inherited", evidence(premise="p"), COUNTER, id="rician.three", formulas=(LOST,)),
        record("definition", id="rician.four", printed="a=b", source="paraphrase"),
        record("misprint", SYMBOLIC, id="rician.five", low_gravity="a bracket"),
    ]
    told = dict(closing_text(records))
    assert told["Completeness"].startswith("settled here: 5 statements of “Downlink ISAC")
    assert "arXiv:2607.00912" in told["Source"]
    assert "coupling" not in told["Source"]
    assert "put into a formula by us: `rician.four`." in told["Source"]
    assert "Entries that stay lost: `rician.three`." in told["Source"]
    assert "perhaps damage of the text: `rician.five`." in told["Source"]
    assert told["Reliability"].startswith("2 of 5 verdicts rest on a symbolic or certified proof")
    assert "rest `rician.two`, `rician.three`." in told["Reliability"]
    assert "compare for `rician.four`." in told["Reliability"]


def test_our_own_chapters_have_no_source():
    told = dict(closing_text([record("verified", SYMBOLIC, id="foundation.one")]))
    assert told["Completeness"].startswith("settled here: 1 statement of “Foundations”;")
    assert told["Source"] == "Statements of our own."
    assert closing_text([]) == []
