"""What prose quotes is what the run left: the rule on both sides, the marks, and the whole book."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from isacnb.ledger import quotes
from isacnb.ledger.claim import source_digest
from isacnb.ledger.quotes import (
    VALUES_MIME,
    find_quotes,
    problems_of_book,
    problems_of_text,
    read_values,
    record_values,
)

ROOT = Path(__file__).resolve().parents[2]


def test_every_quoted_result_of_the_book_is_held_to_a_value():
    problems = problems_of_book(ROOT)
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems)


# --- the rule -----------------------------------------------------------------------------------

RESULTS = [
    ("The loss is 0.143 at best.", ["0.143"]),
    ("It wins in 14 % of the cells.", ["14 %"]),
    ("at most 62.5 percent of them", ["62.5 percent"]),
    ("3 dB above the other", ["3 dB"]),
    ("from −20 to 0 dB", ["−20", "0 dB"]),
    ("noise of −80 dBm", ["−80 dBm"]),
    ("1.4° beside the target", ["1.4°"]),
    ("a phase difference of 90°", ["90°"]),
    ("Dots: 20,000 drawn intervals each.", ["20,000"]),
    ("16 antennas", ["16"]),
    ("rings of 10 m", ["10 m"]),
    ("(58.4 %, −18.13 dB)", ["58.4 %", "−18.13 dB"]),
    ("it levels off at a factor of 6", ["6"]),
    ("the other side grows 4 times", ["4"]),
    ("above 1e-290, where doubles end", ["1e-290"]),
    ("by 27 orders of magnitude", ["27"]),
    ("an outage of $10^{-6}$", ["$10^{-6}$"]),
    ("once in $10^{27}$ tests", ["$10^{27}$"]),
    (r"cancellation leaves $2\cdot10^{-11}$", [r"$2\cdot10^{-11}$"]),
    (r"an error of $2.3\times10^{-5}$", [r"$2.3\times10^{-5}$"]),
    ("probabilities $<0.01$", ["$<0.01$"]),
    (r"a target $2^{5.6}\approx49$ times stronger", [r"$2^{5.6}\approx49$"]),
    ("noise of $-80$ dB", ["$-80$ dB"]),
    (r"the ratio falls $\to0.25$", [r"$\to0.25$"]),
    ("wrong by orders of magnitude", ["orders of magnitude"]),
    ("ten decibels beyond", ["ten decibels"]),
    ("right within a few percent", ["a few percent"]),
    ("usable within a factor of two", ["factor of two"]),
    ("needs a hundred times as many", ["a hundred times"]),
    ("rises about sixfold", ["sixfold"]),
    ("twice as much weight", ["twice as much"]),
    ("lowest in a third of the cells", ["a third of"]),
    ("four in five of its estimates", ["four in five"]),
    ("more than half of the intervals", ["more than half"]),
    ("an outage of one in a billion", ["one in a billion"]),
    ("## From 18.13 to 5.64", ["18.13", "5.64"]),
    ("*a caption: 300 networks.*", ["300"]),
    ("- an item with 64 elements", ["64"]),
    ("At $K=1$ and 10 it differs", ["10"]),
]

NO_RESULTS = [
    "With $N=64$ and $P_T=-10$ dB",
    "$N=8,16,64$ and $A=\\pi/3$",
    "the condition $\\kappa<0.5$ of the theorem",
    "$[0.99,1.01]$",
    "for N = 16, κ = 1, ρ = 0.5",
    "`per_km2(100)` and `rtol=1e-12`",
    "```python\nratio_cdf(0.05, 4)\n```",
    "$$x = 0.25,\\qquad y\\to 12.5$$",
    "equation (16) to (19), Section 5.1, Fig. 12, Figures 10 and 11, Theorem 12",
    "eq. (14) and Eqs. 12 and 13",
    "Costa's theorem (Writing on dirty paper, 1983)",
    "the cited lemma of [30]",
    "*Science China* 68, 192301 (2025), arXiv:2607.00912",
    "Python 3.11 or later, CC BY 4.0",
    "Lemma B1, the 4th nearest, DLMF (13.2.6)",
    "10. an item of a list",
    "a mean of 1, orders 1 and 2, a vector of 3 entries",
    "a mean of a third kind; half a wavelength; the third equation",
    "[figures](coupling/page-64)",
    "{cite}`paper2025`",
    "::::{grid} 1 1 2 12\n:gutter: 33\n::::",
    "It happens again and again; once, twice.",
    "1/2 of the way, $\\frac1{12}$ of it",
    "a coverage of $F_Z(0.05)$ at $10^{\\alpha}$ metres",
    "the exponent $N^{-2}$",
    "a number of order $10^{0.9}$",
    "<!-- verdict counts: begin -->\n| a | 135 |\n<!-- verdict counts: end -->",
    "km², m², the 2 sides of 1",
    "three kinds of error, five standard errors",
    "one term in the sum; differ in one number",
]


@pytest.mark.parametrize(("text", "written"), RESULTS)
def test_results_must_carry_a_mark(text, written):
    found = [quote for quote in find_quotes(text)[0] if quote.required]
    assert [text[quote.start : max(quote.ends)] for quote in found] == written


@pytest.mark.parametrize("text", NO_RESULTS)
def test_the_rest_need_not(text):
    found, loose = find_quotes(text)
    assert not [text[q.start : max(q.ends)] for q in found if q.required]
    assert not loose


# --- the marks ----------------------------------------------------------------------------------

VALUES = {
    "share": 0.1432,
    "count": 20000,
    "power": 2.13e-11,
    "tail": 2.5e27,
    "ratio": 25.3,
    "angle": 1.0472,
    "levels": [0.1, 1e-6],
    "negative": -18.134,
    "part/other:far": 7.0,
}

TRUE = [
    "a share of 0.143<!-- =share -->",
    "a share of 0.143<!--=share-->, then",
    "14 %<!-- =share --> of them",
    "at most 15 %<!-- share <= 0.15 -->",
    "above 14 %<!-- =share -->",
    "*20,000<!-- =count --> draws*",
    "**20,000**<!-- =count --> draws",
    "$2.1\\cdot10^{-11}$<!-- =power -->",
    "$2\\times10^{-11}$<!-- =power -->",
    "$10^{27}$<!-- =tail --> tests",
    "$10^{-6}$<!-- =levels[1] -->",
    "$10^{-6}$<!-- =levels[-1] -->",
    "14.0 dB<!-- =dB(ratio) -->",
    "60°<!-- =degrees(angle) -->",
    "−18.13<!-- =negative --> dB",
    "25<!-- =ratio --> m",
    "25 m<!-- =ratio -->",
    "$x=25.3$<!-- =ratio -->",
    "$<0.2$<!-- share < 0.2 -->",
    "$x\\approx25$<!-- =ratio -->",
    "a factor of 5<!-- =sqrt(ratio) -->",
    "about 26<!-- abs(ratio - 26) < 1 -->",
    "far below $10^{-6}$<!-- 100 * power < 1e-6 -->",
    "orders of magnitude<!-- log10(ratio) > 1 -->",
    "it is larger<!-- ratio > 1 and share < 1 -->.",
    "a third of<!-- 0.1 < share < 0.4 --> it",
    "7.0<!-- =part/other:far -->",
    "14.0<!-- =2*part/other:far -->",
    "two of 10<!-- len(levels) + 8 == 10 -->",
]

FALSE = [
    ("a share of 0.144<!-- =share -->", "the run left 0.1432"),
    ("13 %<!-- =share -->", "the run left 0.1432"),
    ("at most 14 %<!-- =share -->", "the run left 0.1432"),
    ("at most 15 %<!-- share > 0.15 -->", "direction"),
    ("above 15 %<!-- share < 0.15 -->", "direction"),
    ("at most 15 %<!-- share < 0.2 -->", "does not hold the number 0.15"),
    ("20,001<!-- =count --> draws", "the run left 20000"),
    ("$3\\cdot10^{-11}$<!-- =power -->", "the run left 2.13e-11"),
    ("$10^{26}$<!-- =tail -->", "the run left 2.5e+27"),
    ("0.143<!-- =shares -->", "no cell leaves shares; leave it by record_values"),
    ("7.0<!-- =part/other:near -->", "no cell leaves part/other:near"),
    ("0.143<!-- =0.143 -->", "names no value, so that it cannot fail"),
    ("it is larger<!-- 2 > 1 -->", "names no value"),
    ("it is larger<!-- ratio < 1 -->", "'ratio < 1' is false: ratio = 25.3"),
    ("it is larger<!-- ratio -->", "is no relation"),
    ("it is larger<!-- =ratio -->", "words need a relation"),
    ("0.143<!-- share -->", "is no relation"),
    ("0.143<!-- =share < 1 -->", "is a relation"),
    ("0.143<!-- =levels -->", "is a list"),
    ("0.143<!-- a remark -->", "is no expression"),
    ("0.143<!-- =share.real -->", "not among the expressions"),
    ("0.143<!-- =print(share) -->", "not among the expressions"),
    ("0.143<!-- =levels[9] -->", "out of range"),
    ("0.143<!-- =share / (share - share) -->", "division by zero"),
    ("0.143 <!-- =share -->", "no value of the run"),
    ("a share\n<!-- share < 1 --> of it", "must not begin with a mark"),
    ("0.143", "record_values"),
    ("\n\n## A share of 0.143<!-- =share -->", "a heading must not carry a mark"),
]


@pytest.mark.parametrize("text", TRUE)
def test_true_marks_pass(text):
    problems, used = problems_of_text(text, "here", VALUES)
    assert not problems
    assert used


@pytest.mark.parametrize(("text", "trouble"), FALSE)
def test_false_marks_fail_with_place_sentence_and_remedy(text, trouble):
    problems, _ = problems_of_text(f"Before it. {text}\n\nAfter.", "page.md, cell x", VALUES)
    assert problems
    assert all(problem.startswith("page.md, cell x: '") for problem in problems)
    assert any(trouble in problem for problem in problems), problems


@pytest.mark.parametrize("text", TRUE)
def test_every_mark_can_fail(text):
    """Each true mark of these tests turns red when the run leaves something else."""

    def scaled(value, factor):
        return [scaled(v, factor) for v in value] if isinstance(value, list) else factor * value

    others = [{name: scaled(v, factor) for name, v in VALUES.items()} for factor in (1e6, 1e-6)]
    others[0]["levels"] = [1.0, 2.0, 3.0]
    assert any(problems_of_text(text, "here", values)[0] for values in others)


def test_the_message_names_the_whole_sentence():
    text = "Nothing here. The share\nis 0.143 for all. Nothing there."
    (problem,), _ = problems_of_text(text, "a.ipynb, cell found", {})
    assert problem.startswith("a.ipynb, cell found: 'The share is 0.143 for all.': 0.143: ")


# --- what a cell leaves -------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(quotes, "display", lambda bundle, raw: outputs.append(bundle))
    return outputs


def test_values_are_left_rounded(shown):
    record_values(
        third=1 / 3, n=np.int64(7), many=np.array([1 / 3, 2e-300]), pair=(np.float64(0.5), 2)
    )
    assert shown[0][VALUES_MIME]["values"] == {
        "third": 0.333333333,
        "n": 7,
        "many": [0.333333333, 2e-300],
        "pair": [0.5, 2],
    }
    assert shown[0]["text/plain"].startswith("values: third = 0.333333333, n = 7, many = [0.33")
    assert "<details" in shown[0]["text/html"]


def test_fewer_digits_where_machines_differ(shown):
    record_values(digits=2, error=1.2345)
    assert shown[0][VALUES_MIME]["values"] == {"error": 1.2}


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, True, "0.1", None, 1j, [0.1, math.nan], np.array([True])]
)
def test_what_is_no_finite_number_is_refused(shown, value):
    with pytest.raises(ValueError, match="odd must be a finite number or a list of them, got"):
        record_values(odd=value)


def test_a_cell_leaves_at_least_one_value():
    with pytest.raises(ValueError, match="at least one name"):
        record_values()


def notebook(*cells):
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "source": source,
                "outputs": [] if left is None else [{"data": {VALUES_MIME: left}}],
            }
            for number, (source, left) in enumerate(cells)
        ]
    }


def left(values, *sources):
    return {"values": values, "source_digest": source_digest(list(sources))}


def test_values_are_read_where_the_code_above_is_the_code_that_ran():
    book = notebook(
        ("x = 1", None), ("record_values(x=x)", left({"x": 1}, "x = 1", "record_values(x=x)"))
    )
    assert read_values(book, "a.ipynb") == ({"x": 1}, [])
    book["cells"][0]["source"] = "x = 2"
    _, problems = read_values(book, "a.ipynb")
    assert "a.ipynb, cell cell-1: stale" in problems[0]


def test_a_name_is_left_once():
    book = notebook(("a", left({"x": 1}, "a")), ("b", left({"x": 2}, "a", "b")))
    assert "the value x is left a second time" in read_values(book, "a.ipynb")[1][0]


def chapter(text, values):
    book = notebook(("code", left(values, "code")))
    book["cells"].append({"cell_type": "markdown", "id": "found", "source": text})
    return json.dumps(book)


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ('display(Markdown(f"a share of {share:.2f}, $N=64$"))', None),
        ('lines = ["| code | figure |"]\ndisplay(Markdown("".join(lines)))', None),
        ('print("16 antennas, 3 dB")', None),
        ('display(Markdown(f"a share of {share:.2f}, or 14 %"))', "14 %"),
        ('text = "an outage of 0.05"\ndisplay(Markdown(text))', "0.05"),
    ],
)
def test_markdown_that_a_cell_shows_computes_its_numbers(tmp_path, source, typed):
    (tmp_path / "book" / "part").mkdir(parents=True)
    (tmp_path / "README.md").write_text("", "utf-8")
    path = tmp_path / "book" / "part" / "one.ipynb"
    path.write_text(json.dumps(notebook((source, None))), "utf-8")
    problems = problems_of_book(tmp_path)
    assert [f"': {typed}: " in problem for problem in problems] == ([True] if typed else [])


def test_a_page_quotes_a_chapter_and_no_value_is_left_over(tmp_path):
    (tmp_path / "book" / "part").mkdir(parents=True)
    (tmp_path / "README.md").write_text("as much as 25 %<!-- =part/one:share -->", "utf-8")
    page = tmp_path / "book" / "index.md"
    page.write_text("12<!-- =part/one:count --> of them", "utf-8")
    path = tmp_path / "book" / "part" / "one.ipynb"
    path.write_text(chapter("0.25<!-- =share -->", {"share": 0.25, "count": 12}), "utf-8")
    assert problems_of_book(tmp_path) == []
    page.write_text("nothing, and 12<!-- =count -->", "utf-8")
    problems = problems_of_book(tmp_path)
    assert "book/index.md" in problems[0]
    assert "no cell leaves count" in problems[0]
    assert problems[1:] == [
        "book/part/one.ipynb: the value count is quoted nowhere; quote it or leave it out"
    ]


def test_the_reason_behind_a_display_is_no_mark_of_a_number():
    assert find_quotes("Then\n\n$$x\\to0$$\n<!-- unread: limit -->\nfor good.") == ([], [])
