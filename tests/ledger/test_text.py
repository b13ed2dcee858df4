"""The text of a verdict: one block, headings, and fields that are computed or fail loudly."""

import numpy as np
import pytest

from isacnb.ledger.format import number as rounded
from isacnb.ledger.text import _LISTS, HEADINGS, parse_verdict


def finding(text, **namespace):
    return parse_verdict(text, namespace)["finding"]


def test_every_heading_has_its_key():
    paragraphs, wanted = ["A finding, wrapped\n  over two lines."], {}
    for word, key in HEADINGS.items():
        if key == "correction":
            body, wanted[key] = "\n$$\na\n  + b\n$$", "a + b"
        elif key in _LISTS:
            body, wanted[key] = "\n- one\n- two", ("one", "two")
        else:
            body, wanted[key] = " some\nwords", "some words"
        paragraphs.append(f"{word}:{body}")
    texts = parse_verdict("\n\n".join(paragraphs), {})
    assert texts == {"finding": "A finding, wrapped over two lines.", **wanted}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty block"),
        (" \n\n ", "empty block"),
        ("Why: no finding", "must begin with the finding, got the heading 'Why'"),
        ("f\n\nBecause: x", "one of Correction, .*, Where, got 'Because'"),
        ("Note: x", "got 'Note'"),
        ("f\n\nno heading", "paragraph 2 must begin with"),
        ("f\n\nWhy: x\n\nWhy: y", "'Why' must be given once"),
        ("f\n\nWhy:", "'Why' must have a text"),
        ("f\n\nReadings: one", "must be a list"),
        ("f\n\nCorrection: x = 1", r"one formula between \$\$"),
        ("f\n\nCorrection: $x = 1$", r"one formula between \$\$"),
        ("f\n\nCorrection:\n$$\na\n$$\n\nand $$\nb\n$$", "paragraph 3 must begin"),
        ("f\n\nCorrection:\n$$\na\n$$ and $$\nb\n$$", r"one formula between \$\$"),
        ("half of $x", r"'\$' must be closed"),
        ("a lone } here", "must be written twice"),
        ("a lone {x here", "must be closed"),
        ("a lone {'x} here", "must be closed"),
        (r"\val{x} outside", r"\\val stands in mathematics"),
    ],
)
def test_a_text_of_the_wrong_form_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_verdict(text, {"x": 1})


def test_a_colon_within_a_paragraph_is_no_heading():
    texts = parse_verdict("f: it is\nWhy: so\n\nWhy: in short: Effect: none", {})
    assert texts == {"finding": "f: it is Why: so", "why": "in short: Effect: none"}


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("{x}", "2.5"),
        ("{x:.3f}", "2.500"),
        ("{ x :.1e}", "2.5e+00"),
        ("{row[1:][0]:d} of {row[:2]}", "2 of [1, 2]"),
        ("{table['a:b']:.0%}", "50%"),
        ('{table["a:b"] + {"}": 1}["}"]}', "1.5"),
        (r"{'it\'s {x:}'}", "it's {x:}"),
        ("{', '.join(f'{v:.1f}' for v in row)} m", "1.0, 2.0, 3.0 m"),
        ("{max(row,\nkey=abs)}", "3"),
        ("{'{y}'}", "{y}"),
        ("{{x}} and {x}", "{x} and 2.5"),
        ("{'a' if x > 2 else 'b'!s}", None),
        ("{undefined}", None),
        ("{}", None),
        ("{x:d}", None),
        ("{1 / 0}", None),
    ],
)
def test_fields(field, written):
    namespace = {"x": 2.5, "row": [1, 2, 3], "table": {"a:b": 0.5}}
    if written is None:
        with pytest.raises(ValueError, match=r"finding: field {.*} fails: "):
            finding(field, **namespace)
    else:
        assert finding(field, **namespace) == written


def test_braces_are_tex_in_mathematics():
    text = r"At $x_{12}=\val{x:.1f}\{1\}$, {x} \$ {{y}}: $$\frac{a}{\val{10**x}}$$ and $\\{a}$"
    assert finding(text, x=2) == r"At $x_{12}=2.0\{1\}$, 2 \$ {y}: $$\frac{a}{100}$$ and $\\{a}$"
    texts = parse_verdict("f\n\nCorrection:\n$$\n\\frac{1}{\\val{x}}\\ \n\\text{m}\n$$", {"x": 2})
    assert texts["correction"] == r"\frac{1}{2}\ \text{m}"


def test_lists():
    text = "f\n\nReadings:\n- at $-\\val{x}$,\n  wrapped\n- {*more}\n- last\n\nAssumes:\n- {x} - 1"
    texts = parse_verdict(text, {"x": 3, "more": ["a", "{b}"]})
    assert texts["readings"] == ("at $-3$, wrapped", "a", "{b}", "last")
    assert texts["assumptions"] == ("3 - 1",)
    with pytest.raises(ValueError, match="must be alone"):
        parse_verdict("f\n\nReadings:\n- {*more} and", {"more": ["a"]})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float64("nan"), 1j * np.inf])
def test_a_value_that_is_not_finite_is_refused(value):
    for field in ("{x}", r"$\val{x}$", "{x:.2f}", "{f'{x:.2f}'}", "{[1, x]}"):
        with pytest.raises(ValueError, match="must be finite, got"):
            finding(field, x=value)
    words = "{number(x)} of a nanometre, banana, \\inf"
    assert finding(words, x=np.inf, number=rounded).startswith("infinity of a nano")
    assert finding("{word}", word=r"nanometre $\inf$") == r"nanometre $\inf$"


def test_the_namespace_is_left_alone_and_values_are_no_templates():
    namespace = {"x": "Why: {x} $"}
    assert parse_verdict("{x}\n\nWhy: {x}", namespace) == {
        "finding": "Why: {x} $",
        "why": "Why: {x} $",
    }
    assert set(namespace) == {"x"}
