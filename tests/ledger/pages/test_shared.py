"""Short texts and links."""

import pytest

from isacnb.ledger.pages.shared import COLOURS, chip, href, inline, papers_of, where
from isacnb.ledger.record import VERDICTS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b", "a &lt; b"),
        ("$a<b$ and `c<d`", r"\(a&lt;b\) and <code>c&lt;d</code>"),
        ("a lone $", "a lone $"),
        ("", ""),
    ],
)
def test_inline(text, shown):
    assert inline(text) == shown


@pytest.mark.parametrize(
    ("target", "page", "link"),
    [
        ("book/part/a.ipynb#x", "book/ledger.md", "part/a.html#x"),
        ("book/part/a.ipynb#x", "book/part/b.ipynb", "a.html#x"),
        ("book/ledger.md#x", "README.md", "book/ledger.html#x"),
        ("book/ledger.md#x", "book/part/b.ipynb", "../ledger.html#x"),
    ],
)
def test_href(target, page, link):
    assert href(target, page) == link


def test_every_verdict_has_its_chip():
    assert COLOURS.keys() == VERDICTS.keys()
    assert all(
        f"{symbol} {verdict}</span>" in chip(verdict) for verdict, (symbol, _) in VERDICTS.items()
    )


def test_letters_and_papers(ledger):
    assert where({"x_1": "a `b`"}) == r'<span class="isac-where">\(x_1\) a <code>b</code></span>'
    assert papers_of(ledger) == ["coupling", "rician"]
