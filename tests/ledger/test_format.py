"""Numbers in words, once for pages and once for a terminal."""

import math

import pytest
from made_up import evidence

from isacnb.ledger.format import number, result_text, told
from isacnb.ledger.record import COMPARISONS, Numbers, Run


@pytest.mark.parametrize(
    ("value", "digits", "text", "plain"),
    [
        (0, 2, "0", "0"),
        (0.5, 2, "0.5", "0.5"),
        (12345, 2, "12000", "12000"),
        (99999, 2, r"$1\times10^{5}$", "1e5"),
        (0.001, 1, "0.001", "0.001"),
        (0.00099, 1, r"0.001", "0.001"),
        (0.00099, 2, r"$9.9\times10^{-4}$", "9.9e-4"),
        (-2.5e-7, 2, r"−$2.5\times10^{-7}$", "−2.5e-7"),
        (1e300, 3, r"$1\times10^{300}$", "1e300"),
        (0.1 + 0.2, 3, "0.3", "0.3"),
        (1234.5, 3, "1230", "1230"),
        (math.inf, 2, "infinity", "infinity"),
        (-math.inf, 2, "−infinity", "−infinity"),
        (math.nan, 2, "undefined", "undefined"),
    ],
)
def test_number(value, digits, text, plain):
    assert number(value, digits) == text
    assert number(value, digits, plain=True) == plain


@pytest.mark.parametrize(
    ("comparison", "points", "agrees", "numbers", "text"),
    [
        ("symbolic", 1, True, {}, "residual reduced to 0"),
        ("symbolic", 3, True, {}, "3 residuals reduced to 0"),
        (
            *("symbolic", 3, True, {"identical": 1}),
            "2 residuals reduced to 0, 1 pair the same as they stand",
        ),
        ("symbolic", 2, True, {"identical": 2}, "2 pairs the same as they stand"),
        ("symbolic", 1, None, {}, "residual not reduced to 0, and not seen to be nonzero"),
        ("symbolic", 1, False, {"deviation": 0.12}, "sides differ by 12 % at a generic point"),
        ("numeric", 2, True, {"tolerance": 1e-9}, "within 1e-9 at 2 points"),
        ("numeric", 1, True, {"tolerance": 0.01}, "within 0.01 at 1 point"),
        (
            *("numeric", 1, True, {"tolerance": 0.01, "absolute": 1e-12}),
            "within 0.01 or 1e-12 (absolute) at 1 point",
        ),
        (
            *("numeric", 1, True, {"tolerance": 0.0, "absolute": 1e-12}),
            "within 1e-12 (absolute) at 1 point",
        ),
        ("numeric", 1, True, {"tolerance": 0.0}, "within 0 at 1 point"),
        (
            *("numeric", 1, False, {"tolerance": 0.01, "deviation": 0.5}),
            "largest relative deviation 0.5 (tolerance 0.01)",
        ),
        (
            *("numeric", 1, False, {"tolerance": 0.01}),
            "differs from a reference of 0, or is undefined (tolerance 0.01)",
        ),
        ("numeric", 0, None, {"tolerance": 0.01}, "no test points"),
        ("error", 2, True, {"deviation": 0.0123}, "relative error at most 0.0123 at 2 points"),
        ("error", 2, False, {}, "relative error at most infinity at 2 points"),
        ("order", 2, True, {"tolerance": 0.0}, "order holds at 2 points"),
        ("order", 2, False, {"violations": 1}, "order violated at 1 of 2 points"),
        ("certified", 2, True, {"tolerance": 1e-9}, "certified within 1e-9 at 2 points"),
        ("certified", 2, None, {"tolerance": 1e-9}, "balls too wide for the tolerance 1e-9"),
        (
            *("certified", 2, False, {"tolerance": 1e-9, "deviation": 0.5}),
            "certified to deviate by 0.5 (tolerance 1e-9)",
        ),
        (
            *("certified", 2, False, {"tolerance": 1e-9}),
            "certified to differ from a reference of 0 (tolerance 1e-9)",
        ),
        (
            *("statistical", 1, True, {"tolerance": 3.9, "deviation": 2.0}),
            "1 quantity, largest deviation 2.0 standard errors (limit 3.9)",
        ),
        (
            *("statistical", 2, False, {"tolerance": 3.9}),
            "2 quantities, largest deviation infinity standard errors (limit 3.9)",
        ),
        ("statistical", 0, None, {}, "no quantity with a standard error"),
    ],
)
def test_every_result_is_made_from_its_numbers(comparison, points, agrees, numbers, text):
    found = Numbers(comparison=comparison, **numbers)
    assert result_text(found, points, agrees, plain=True) == text


def test_pages_set_powers_as_formulas():
    found = Numbers(comparison="numeric", tolerance=1e-9)
    assert result_text(found, 2, True) == r"within $1\times10^{-9}$ at 2 points"
    assert set(COMPARISONS) >= {"numeric"}
    with pytest.raises(ValueError, match="comparison must be a known one, got None"):
        result_text(Numbers(), 1, True)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"comparison": "symbolic"}, ""),
        (
            {"comparison": "symbolic", "premise": "no noise"},
            "it follows from a premise and proves no more: no noise",
        ),
        ({"kind": "transcription", "tolerance": 1e-9, "resolution": None}, ""),
        ({"comparison": "order", "resolution": None}, "resolves no common change"),
        ({"comparison": "numeric", "resolution": 2e-9}, "resolves a common change of 2e-9"),
        ({"comparison": "numeric", "resolution": 0.05}, "resolves a common change of 5 %"),
        (
            {"comparison": "numeric", "resolution": 0.002, "because": "step of 0.01"},
            "resolves a common change of 0.2 %; tolerance: step of 0.01",
        ),
        (
            {
                "comparison": "statistical",
                "resolution": 1.0,
                "repeats": True,
                "runs": (
                    Run(n=20_000, seed=1, evaluates=("a.law", "b.share")),
                    Run(n=60, batch=500, seed=2, evaluates=("a.law",)),
                ),
            },
            "resolves a common change of 100 %; the form is a control of this claim; "
            "20,000 samples, seed 1; 60 averages of 500, seed 2; the draw evaluates law, share",
        ),
    ],
)
def test_what_a_comparison_resolves_and_what_was_drawn(found, text):
    assert told(evidence(**found), plain=True) == text
