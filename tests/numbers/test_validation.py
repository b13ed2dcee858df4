"""Argument checks, and closed forms on four kinds of number."""

import flint
import mpmath
import numpy as np
import pytest
import sympy

from isacnb.numbers.generic import arithmetic, is_numeric
from isacnb.numbers.validation import check_integer, check_real


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1.0, r"d must be finite and in \(0, 2\], got -1.0"),
        (0, r"d must be finite and in \(0, 2\], got 0.0"),
        ([1, 3.5], r"d must be finite and in \(0, 2\], got 3.5"),
        (float("nan"), r"got nan"),
        (float("inf"), r"got inf"),
        ("two", r"d must be real and in \(0, 2\], got 'two'"),
        (1j, r"d must be real"),
    ],
)
def test_real_numbers_out_of_range(value, message):
    with pytest.raises(ValueError, match=message):
        check_real("d", value, 0, 2, open_low=True)


def test_real_numbers_in_range():
    np.testing.assert_array_equal(check_real("d", [0, 2], 0, 2), [0.0, 2.0])
    assert check_real("d", np.inf, 0, finite=False) == np.inf
    with pytest.raises(ValueError, match=r"\[0, 2\), got 2.0"):
        check_real("d", 2, 0, 2, open_high=True)
    with pytest.raises(ValueError, match=r"got nan"):
        check_real("d", np.nan, finite=False)


@pytest.mark.parametrize("value", [0, 1.5, np.nan, np.inf, True, "1", [1, 0], 1j, 9])
def test_integers_out_of_range(value):
    with pytest.raises(ValueError, match="K must be a whole number >= 1 and <= 8, got"):
        check_integer("K", value, 1, 8)


def test_integers_in_range():
    assert check_integer("K", 3.0, 1) == 3
    assert isinstance(check_integer("K", np.int64(3), 1), int)
    np.testing.assert_array_equal(check_integer("K", [1, 2.0], 1), [1, 2])


def test_other_numbers_pass_unchecked():
    for value in (sympy.Symbol("x"), mpmath.mpf(-1), flint.arb(-1)):
        assert check_real("d", value, 0) is value
        assert check_integer("K", value, 1) is value
        assert not is_numeric(1.0, value)


def test_one_formula_four_arithmetics():
    def formula(x):
        ns = arithmetic(x)
        elementary = ns.exp(ns.log(x) - ns.sqrt(x)) + ns.sin(x) * ns.cos(x) * ns.pi
        half = ns.rational(1, 2)
        return elementary + ns.gamma(x + half) + ns.loggamma(x) + ns.hyperu(x, half, x)

    expected = formula(1.7)
    with mpmath.workdps(30):
        assert float(formula(mpmath.mpf("1.7"))) == pytest.approx(expected, rel=1e-12)
    assert float(formula(flint.arb("1.7")).mid()) == pytest.approx(expected, rel=1e-12)
    x = sympy.Symbol("x", positive=True)
    symbolic = sympy.lambdify(x, formula(x), [{"U": mpmath.hyperu}, "mpmath"])
    assert float(symbolic(1.7)) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(formula(np.array([1.7, 1.7])), expected, rtol=1e-15)


def test_constants_follow_the_working_precision():
    with mpmath.workdps(50):
        assert abs(arithmetic(mpmath.mpf(1)).pi - mpmath.pi) < mpmath.mpf(10) ** -49
    with flint.ctx.workprec(300):
        assert arithmetic(flint.arb(1)).pi.rel_accuracy_bits() > 290
