"""The second algebra system: what is written for it, and that it judges by itself."""

import json

import pytest
import sympy
from sympy import I, Integral, Limit, Rational, Sum, oo, pi, sin, sqrt, symbols

from isacnb.ledger import maxima

x, y = symbols("x y", positive=True)
n, k = symbols("n k", integer=True, positive=True)
z = symbols("z")

TRUE = {
    "rational": (1 / (x + y) + 1 / x, (2 * x + y) / (x * (x + y))),
    "root": (sqrt(x**2 * y), x * sqrt(y)),
    "trigonometric": (sin(x) ** 2, 1 - sympy.cos(x) ** 2),
    "complex": (sympy.exp(I * x), sympy.cos(x) + I * sin(x)),
    "factorial": (sympy.factorial(n + 1), (n + 1) * sympy.gamma(n + 1)),
    "integral": (Integral(x * sympy.exp(-x), (x, 0, oo)), sympy.Integer(1)),
    "sum": (Sum(k, (k, 1, n)), n * (n + 1) / 2),
    "limit": (Limit(sin(x) / x, x, 0), sympy.Integer(1)),
    "keyword": (symbols("inf") + symbols("%e"), symbols("%e") + symbols("inf")),
}


@pytest.mark.skipif(not maxima.available(), reason="Maxima is not installed")
def test_it_tells_true_pairs_from_near_ones():
    true = [maxima.written(*pair) for pair in TRUE.values()]
    near = [maxima.written(left * Rational(51, 50), right) for left, right in TRUE.values()]
    assert dict(zip(TRUE, maxima.judge(true), strict=True)) == dict.fromkeys(TRUE, True)
    assert dict(zip(TRUE, maxima.judge(near), strict=True)) == dict.fromkeys(TRUE, False)


@pytest.mark.skipif(not maxima.available(), reason="Maxima is not installed")
def test_facts_of_one_pair_do_not_reach_the_next():
    positive = maxima.written(sqrt(x**2), x)
    any_sign = maxima.written(sqrt(z**2), z)
    assert maxima.judge([positive, any_sign, positive]) == [True, False, True]


@pytest.mark.skipif(not maxima.available(), reason="Maxima is not installed")
def test_an_error_is_no_agreement():
    assert maxima.judge(["1/0", "v0-v0"]) == [False, True]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [(0.5 * x, "a float"), (sympy.polygamma(1, x), "the function polygamma")],
    ids=["float", "function"],
)
def test_what_it_has_no_word_for(expression, reason):
    with pytest.raises(maxima.Unwritten, match=reason):
        maxima.written(expression, x)


def test_symbols_with_other_facts_have_another_digest():
    one, two = maxima.written(sqrt(x), pi), maxima.written(sqrt(z), pi)
    assert maxima.digest_of(one) != maxima.digest_of(two)
    assert maxima.written(sqrt(x), pi) == maxima.written(sqrt(y), pi)


def test_pairs_are_kept_where_the_environment_says(tmp_path, monkeypatch):
    path = tmp_path / "pairs"
    monkeypatch.setenv("ISACNB_PAIRS", str(path))
    digests = maxima.keep([(x, y), (0.5 * x, y)])
    assert list(maxima.kept(path)) == list(digests)
    assert [sorted(json.loads(line)) for line in path.read_text().splitlines()] == [
        ["digest", "text"],
        ["digest", "reason"],
    ]
    monkeypatch.delenv("ISACNB_PAIRS")
    assert maxima.keep([(x, y)]) == digests[:1]
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.skipif(not maxima.available(), reason="Maxima is not installed")
def test_a_pair_that_keeps_the_process_leaves_the_others_their_answer():
    assert maxima.judge(["v0-v0", "block([], while true do 1)", "v0-v1"], patience=3) == [
        True,
        None,
        False,
    ]


def test_care_is_needed_for_roots_of_what_may_be_negative_alone():
    facts = "assume(v0>0)$ steps:careful$ "
    assert "careful" not in maxima._split(facts + "((v0)^((1/2)))*v1")[0]
    assert "careful" in maxima._split(facts + "((v1)^((1/2)))")[0]
    assert "careful" in maxima._split(facts + "(((1)+((-1)*(v0)))^((1/2)))")[0]
    assert "careful" in maxima._split(facts + "log((v0))")[0]
