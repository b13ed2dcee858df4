"""Tokens of a formula: what only lays it out is gone, what would show as something else refused."""

import pytest

from isacnb.ledger.formula.tokens import FormulaError, tokens, words_in


@pytest.mark.parametrize(
    ("tex", "texts"),
    [
        (r"\left(\dfrac{1}{2}\right)\,x", ["(", r"\frac", "{", "1", "}", "{", "2", "}", ")", "x"]),
        (r"a\leqslant b", ["a", r"\le", "b"]),
        (r"12.5x", ["12.5", "x"]),
        (r"\left.x\right|", ["x", "|"]),
        (r"x={}-y", ["x", "=", "-", "y"]),
        (r"x,\qquad y", ["x", ",", r"\qquad", "y"]),
        (r"\quad x", ["x"]),
        (r"x\text{ for }y", ["x", r"\text{ for }", "y"]),
    ],
)
def test_layout_is_left_out(tex, texts):
    assert [token.text for token in tokens(tex)] == texts


def test_tokens_know_their_places():
    tex = r"a \cdot  b"
    assert [tex[token.start : token.end] for token in tokens(tex)] == ["a", r"\cdot", "b"]
    assert [token.spaced for token in tokens(r"a\,b")] == [False, True]


@pytest.mark.parametrize(
    ("tex", "place", "reason"),
    [
        ("1e-3", 0, "write a power of ten"),
        (r"x+\cdots", 2, "leaves something out"),
        (r"\left(x", 0, r"\\left has no \\right"),
        (r"x\right)", 1, r"\\right has no \\left"),
        (r"\left x", 6, "a bracket or a full stop"),
    ],
)
def test_what_would_show_as_something_else(tex, place, reason):
    with pytest.raises(FormulaError, match=reason) as caught:
        tokens(tex)
    assert caught.value.place == place


def test_words():
    assert words_in(r"\text{ for  all. }") == "for all"
