"""A claim as it is stated."""

from dataclasses import replace

import pytest
from made_up import made_up_claims

from isacnb.ledger.pages.statement import statement_html, statement_markdown

CLAIM = made_up_claims()["coupling.circle"]


def test_a_statement_has_its_words_and_assumptions():
    claim = replace(CLAIM, assumptions=("$x>0$", "no noise"), note="misread")
    page = statement_markdown(claim)
    assert page.startswith(
        "::::{prf:property} w — The circle <b>\n:label: statement-claim-coupling"
    )
    assert "*The paper assumes:* $x>0$; no noise." in page
    assert "*Reading of the source:* misread" in page
    assert page.endswith("::::")
    box = statement_html(claim)
    assert r"\[a^2+b^2=c^2.\]" in box
    assert r"<i>The paper assumes:</i> \(x&gt;0\); no noise." in box
    ours = statement_html(replace(claim, id="foundation.circle"))
    assert "<i>Assumes:</i>" in ours


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("Theorem 1", "theorem"),
        ("Sec. 3.1, Lemma 2", "lemma"),
        ("before Theorem 1", "property"),
        ("(7)", "property"),
    ],
)
def test_the_box_is_of_the_papers_kind(place, kind):
    assert statement_markdown(replace(CLAIM, where=place)).startswith(f"::::{{prf:{kind}}}")
