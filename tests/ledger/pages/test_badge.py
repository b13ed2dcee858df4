"""The badge behind a claim, and the table at the end of a chapter."""

import pytest
from made_up import COUNTER, SYMBOLIC, evidence, made_up_claims, record

from isacnb.ledger.code import Call
from isacnb.ledger.pages.badge import badge_html, badge_text, summary_html

CLAIM = made_up_claims()["coupling.circle"]
WRONG = record("misprint", SYMBOLIC, COUNTER, printed="x<1", correction="x > 1")
CALL = Call(
    name="m.f", import_line="from m import f", signature="f()", arguments=(), example="", value=""
)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (None, "printed"),
        ("printed", "printed"),
        ("restored", "restored"),
        ("paraphrase", "said in words"),
    ],
)
def test_a_reader_sees_whose_formula_it_is(source, label):
    shown = badge_html(record("misprint", printed="x = 1", source=source), CLAIM)
    assert rf"<i>{label}:</i> \(x = 1\)" in shown


def test_the_badge_escapes_and_has_the_anchor():
    shown = badge_html(WRONG, CLAIM)
    assert 'id="claim-coupling-circle"' in shown
    assert r"<i>correct:</i> \(x &gt; 1\)" in shown
    assert "2 pieces of evidence, each with its control" in shown
    assert "<span>Right form: f — accepted (r).</span>" in shown
    assert "<details>" not in badge_html(record("definition"), CLAIM)
    one = badge_html(record("verified", SYMBOLIC), CLAIM)
    assert "1 piece of evidence, with its control" in one


def test_the_texts_stand_in_the_order_of_the_fields():
    texts = {"why": "W", "condition": "C", "readings": ("one", "two"), "assumptions": ("A",)}
    shown = badge_html(record("conditional", **texts), CLAIM)
    labels = ("holds only if", "why", "reading tried", "reading tried", "also assumed")
    places = [shown.index(f"<i>{label}:</i>") for label in labels]
    assert places == sorted(places)
    assert shown.count("reading tried") == 2


def test_how_to_call_it_stands_beside_a_correction_only():
    assert "<code>from m import f</code>" in badge_html(WRONG, CLAIM, CALL)
    assert "from m import f" not in badge_html(record("verified"), CLAIM, CALL)


def test_the_text_and_the_table():
    assert badge_text(WRONG, CLAIM) == "✎ coupling.circle (w) — misprint: found"
    table = summary_html([WRONG, record("verified", evidence(), id="rician.cone")])
    assert table.count("<tr>") == 3
    assert '<a href="#claim-rician-cone"><code>rician.cone</code></a>' in table
