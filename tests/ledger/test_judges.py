"""What a comparison returns: agreement or not, and the numbers that all machines agree in."""

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.ledger import judges
from isacnb.probability.estimators import Estimate, ProbabilityEstimate

x = sp.symbols("x", positive=True)
TRUE = sp.sin(x) ** 2 + sp.cos(x) ** 2


def mean(value, error, n=10_000):
    return Estimate(np.asarray(value), np.asarray(error), n, 7)


def frequency(hits, n):
    return ProbabilityEstimate(hits / n, 0.01, n, 7)


@pytest.mark.parametrize(
    ("judged", "agrees", "numbers"),
    [
        pytest.param(
            lambda: judges.symbolic(sp.sin(x) ** 2 + sp.cos(x) ** 2, 1),
            True,
            {"deviation": None},
            id="symbolic, equal",
        ),
        pytest.param(
            lambda: judges.symbolic(2 * x, x), False, {"deviation": 0.5}, id="symbolic, twice"
        ),
        pytest.param(
            lambda: judges.symbolic(sp.Function("f")(x), 1), None, {}, id="symbolic, unknown"
        ),
        pytest.param(
            lambda: judges.numeric([1.0, 1.0 + 3e-14], [1.0, 1.0], 1e-12),
            True,
            {"tolerance": 1e-12, "absolute": None, "deviation": None},
            id="numeric, rounding is not kept",
        ),
        pytest.param(
            lambda: judges.numeric([1.2345678], [1.0], 1e-12, 1e-15),
            False,
            {"deviation": 0.23, "absolute": 1e-15},
            id="numeric, in two digits",
        ),
        pytest.param(
            lambda: judges.numeric([1.0], [0.0], 1e-12), False, {"deviation": None}, id="of zero"
        ),
        pytest.param(lambda: judges.numeric([], [], 1e-12), None, {"points": 0}, id="no points"),
        pytest.param(
            lambda: judges.measured([1.0, 1.012345], [1.0, 1.0], 0.02),
            True,
            {"comparison": "error", "tolerance": 0.02, "deviation": 0.0123},
            id="error, in three digits",
        ),
        pytest.param(
            lambda: judges.bounded(([1, 2, 3], [1, 1, 1])),
            False,
            {"comparison": "order", "violations": 2, "points": 3},
            id="order",
        ),
        pytest.param(
            lambda: judges.certified([flint.arb(3)], [flint.arb(2)], 1e-9),
            False,
            {"deviation": 0.5, "tolerance": 1e-9},
            id="certified",
        ),
        pytest.param(
            lambda: judges.statistical([0.5, 1.0], mean([0.52, 1.0], [0.01, 0.0])),
            True,
            {"deviation": 2.0, "tolerance": 3.9, "points": 1},
            id="statistical",
        ),
        pytest.param(
            lambda: judges.statistical([0.5], mean([0.5001], [0.0])),
            False,
            {"deviation": None},
            id="statistical, without error",
        ),
        pytest.param(
            # six standard errors of three values are nothing: Student's law has two degrees of freedom
            lambda: judges.statistical([0.5], mean([0.56], [0.01], n=3)),
            True,
            {"deviation": 2.2},
            id="statistical, a small sample",
        ),
        pytest.param(
            # one hit where 0.01 are expected: 0.01 by the binomial law, 10 standard errors of it
            lambda: judges.statistical(1e-4, frequency(1, 100)),
            True,
            {"deviation": 2.3},
            id="statistical, a rare event",
        ),
        pytest.param(
            lambda: judges.statistical(1.2, frequency(100, 100)),
            False,
            {"deviation": None},
            id="statistical, no probability",
        ),
        pytest.param(
            lambda: judges.statistical([0.5, 0.01], [mean(0.52, 0.01), frequency(1, 100)]),
            True,
            {"deviation": 2.0, "points": 2},
            id="statistical, two runs",
        ),
        pytest.param(
            lambda: judges.symbolic([x, 0, 2 * x, TRUE], [x, 0, x + x, 1]),
            True,
            {"points": 3, "identical": 2},
            id="symbolic, some the same",
        ),
        pytest.param(lambda: judges.symbolic([0], [0]), None, {"points": 0}, id="0 = 0"),
    ],
)
def test_what_a_judge_returns(judged, agrees, numbers):
    outcome = judged()
    assert outcome.agrees is agrees
    assert {name: getattr(outcome, name) for name in numbers} == numbers
    assert outcome.text


def test_sides_of_another_size_are_refused():
    with pytest.raises(ValueError, match="equally many entries, got 2 and 3"):
        judges.numeric([1, 2], [1, 2, 3], 1e-9)


NAN, INF = float("nan"), float("inf")
#: what once passed for evidence -> what refuses it
CHEATS = {
    "floats in a symbolic proof": (
        lambda: judges.symbolic(sp.Float("0.3") * x, sp.Rational(3, 10) * x),
        "floats prove nothing symbolic",
    ),
    "plain floats as a symbolic proof": (
        lambda: judges.symbolic(0.1 * 3, 0.1 * 3),
        "floats prove nothing symbolic",
    ),
    "a float as a certified reference": (
        lambda: judges.certified([flint.arb(1)], [0.5], 1e-12),
        "the reference must be a ball or an exact number, got the float 0.5",
    ),
}
UNDECIDED = {
    "nan in numbers": lambda: judges.numeric([NAN, 1.0], [1.0, 1.0], 1e-6),
    "infinity in numbers": lambda: judges.numeric([INF], [1.0], 1e-6),
    "undefined reference": lambda: judges.numeric([1.0], [NAN], 1e-6),
    "nan in an order": lambda: judges.bounded(([NAN], [1.0])),
    "nan in an error": lambda: judges.measured([NAN], [1.0], 0.1),
    "nan in a simulation": lambda: judges.statistical([NAN], mean([0.5], [0.1])),
    "infinite ball": lambda: judges.certified([flint.arb("inf")], [flint.arb(1)], 1e-6),
}


@pytest.mark.parametrize(("judged", "message"), CHEATS.values(), ids=CHEATS)
def test_what_is_no_evidence_is_refused(judged, message):
    with pytest.raises(ValueError, match=message):
        judged()


@pytest.mark.parametrize("judged", UNDECIDED.values(), ids=UNDECIDED)
def test_what_is_not_finite_decides_nothing(judged):
    outcome = judged()
    assert outcome.agrees is None
    assert outcome.text


def test_equal_infinities_agree():
    assert judges.numeric([INF, 1.0], [INF, 1.0], 1e-6).agrees is True


@pytest.mark.parametrize(
    ("judge", "claimed", "expected"),
    [
        (lambda form: judges.numeric(form, [1.0, -2.0], 1e-12), [1.0, -2.0], 2e-12),
        # the tolerance is absolute for the small one: the large one decides
        (lambda form: judges.numeric(form, [1.0, 1e-9], 1e-6, 1e-7), [1, 1e-9], 2e-6),
        # nothing changes 0
        (lambda form: judges.numeric(form, [0.0], 0.0), [0.0], None),
        # the claimed value lies high already: the lower side decides
        (lambda form: judges.numeric(form, [1.0], 0.01), [1.008], 0.02),
        (lambda form: judges.measured(form, [1.0], 0.1), [1.09], 0.2),
        (lambda form: judges.certified(form, [flint.arb(3)], 1e-9), [3.0], 2e-9),
        (lambda form: judges.statistical(form, mean(1.0, 0.01)), 1.0, 0.05),
    ],
)
def test_the_smallest_change_that_is_refused(judge, claimed, expected):
    assert judges.resolution(judge, claimed) == expected


@pytest.mark.parametrize(
    ("smaller", "larger", "slack", "expected"),
    [
        ([1.0, -4.0], [1.3, -3.0], 0.0, 0.5),
        ([1.0], [1.001], 0.0, 2e-3),
        ([1.0], [1.001], 0.1, 0.2),
        # equal sides say nothing
        ([0.0], [0.0], 0.0, None),
        ([0.0, 1.0, 1.0], [float("inf"), 1.0, 1.5], 0.0, 0.5),
        ([-1.0], [50.0], 0.0, 2.0),
    ],
)
def test_by_how_much_an_order_holds(smaller, larger, slack, expected):
    assert judges.resolution_of_order((smaller, larger), slack) == expected


def test_a_resolution_below_the_digits_of_a_float():
    with mpmath.workdps(50):
        third = mpmath.mpf(1) / 3
        judge = lambda form: judges.numeric(form, [third], 1e-35)  # noqa: E731
        assert judges.resolution(judge, [third]) == 2e-35


def test_estimates_of_another_number_are_refused():
    with pytest.raises(ValueError, match="equally many entries, got 1 and 2"):
        judges.statistical([0.5], mean([0.5, 0.5], [0.1, 0.1]))


def test_certified_sees_a_sign():
    minus, plus = [flint.arb(-2)], [flint.arb(2)]
    assert judges.certified(minus, plus, 1e-9).agrees is False
    assert judges.certified(plus, plus, 1e-9).agrees is True
    assert judges.certified([flint.arb(2, 1e-12)], plus, 1e-9).agrees is True


# --- the borders and the numbers that a record shows --------------------------------------------


@pytest.mark.parametrize(
    ("judged", "agrees", "numbers"),
    [
        (lambda: judges.numeric([1.5], [1.0], 0.0, atol=0.5), True, {"absolute": 0.5}),
        (lambda: judges.numeric([1.5], [1.0], 0.5), True, {}),
        (lambda: judges.measured([1.5], [1.0], 0.5), True, {"deviation": 0.5}),
        (lambda: judges.bounded(([1.0, 2.0], [1.0, 3.0])), True, {"violations": None}),
        (lambda: judges.certified([flint.arb(1.5)], [flint.arb(1)], 0.5), True, {}),
        (lambda: judges.certified([flint.arb(2.9)], [flint.arb(2)], 0.5), True, {}),
        (lambda: judges.certified([flint.arb(3.1)], [flint.arb(2)], 0.5), False, {}),
        # the limit of one comparison over all its quantities
        (lambda: judges.statistical([1.01], mean([1.0], [0.1])), True, {"tolerance": 3.9}),
        (
            lambda: judges.statistical([1.01] * 100, mean([1.0] * 100, [0.1] * 100)),
            True,
            {"tolerance": 4.9},
        ),
        (
            lambda: judges.statistical([1.0 + 0.01005], mean([1.0], [1e-4], 10**9)),
            False,
            {"deviation": 100.0},
        ),
        # hits far from what is claimed, and in the middle of it
        (lambda: judges.statistical([0.1], frequency(500_000, 10**6)), False, {"deviation": 40.0}),
        (lambda: judges.statistical([0.05], frequency(500, 1000)), False, {"deviation": 45.0}),
        (lambda: judges.statistical([0.25], frequency(5000, 10**4)), False, {"deviation": 30.0}),
        (lambda: judges.statistical([0.5], frequency(5, 10)), True, {"deviation": 0.0}),
        (lambda: judges.statistical([0.51], frequency(5, 10)), True, {"deviation": 0.0}),
    ],
)
def test_what_lies_on_a_border(judged, agrees, numbers):
    outcome = judged()
    assert outcome.agrees is agrees
    assert {key: getattr(outcome, key) for key in numbers} == numbers


def test_generic_points_respect_what_is_known_of_a_symbol():
    n, r, z = sp.Symbol("n", integer=True), sp.Symbol("r", real=True), sp.Symbol("z")
    p = sp.Symbol("s", positive=True)
    rational, i = sp.Rational, sp.I
    assert [dict(judges._sample_values({z, r, n, p}, shift)) for shift in range(3)] == [
        {n: 2, r: rational(11, 13), p: rational(15, 15), z: rational(6, 7) + i * rational(2, 5)},
        {n: 3, r: rational(14, 14), p: rational(18, 16), z: rational(6, 7) + i * rational(3, 5)},
        {n: 4, r: rational(17, 15), p: rational(21, 17), z: rational(6, 7) + i * rational(4, 5)},
    ]
    later = sp.Symbol("a", integer=True), n
    assert dict(judges._sample_values(set(later), 2)) == {later[0]: 4, n: 2}


def test_three_generic_points_are_looked_at():
    # x / (x + 1) grows with the point
    assert judges.symbolic(x + 1, 1).deviation == 0.5


def test_which_pairs_a_second_system_is_asked():
    outcome = judges.symbolic([TRUE, x], [sp.Integer(1), x])
    assert (len(outcome.pairs), outcome.identical) == (1, 1)
    outcome = judges.symbolic([x, x + 1], [x, x + 1])
    assert (outcome.pairs, outcome.identical) == (None, 2)
    for pair in ((x > 0, x), (x, sp.Eq(x, 1))):
        with pytest.raises(ValueError, match="claimed must be an expression"):
            judges.symbolic(*pair)


def test_two_draws_with_another_number_of_quantities_are_refused():
    with pytest.raises(ValueError, match="zip"):
        judges.statistical([1.0], mean([1.0], [0.1]), own=mean([1.0, 2.0], [0.1, 0.1]))


def test_what_the_machine_tries():
    assert judges.rescaled([mpmath.mpf(2), 4.0], 0.5) == [[3, 6], [1, 2]]
    higher, lower = judges.rescaled([flint.arb(2)], 0.5)
    assert (higher, lower) == ([flint.arb(3)], [flint.arb(1)])
    assert judges.raised(([1.0], [3.0]), 0.5) == ([2.5], [3.0])
    assert judges.raised(([1.0, 2.0, 1.0, -np.inf], [1.0, 4.0, np.inf, 0.0]), 0.5) == ([4.0], [4.0])


def test_a_judge_that_refuses_everything_has_the_finest_resolution():
    def refuses(_):
        return judges.Outcome(comparison="numeric", points=1, agrees=False)

    assert judges.resolution(refuses, [1.0]) == 1e-40
