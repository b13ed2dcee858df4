"""One formula on four kinds of number: which functions it is given."""

import flint
import mpmath
import numpy as np
import pytest
import sympy

from isacnb.numbers.generic import arithmetic, is_numeric

x = sympy.Symbol("x", positive=True)
KINDS = {
    "floats": ((1.0, 2), 0.5),
    "arrays": ((np.array([1.0]), 2), np.array([0.5])),
    "multiprecision": ((mpmath.mpf(1), 2.0), mpmath.mpf("0.5")),
    "balls": ((flint.arb(1), mpmath.mpf(2)), flint.arb("0.5")),
    "symbols": ((x, flint.arb(2), 3.0), sympy.Rational(1, 2)),
}


@pytest.mark.parametrize(("arguments", "half"), KINDS.values(), ids=KINDS)
def test_the_functions_fit_the_arguments(arguments, half):
    ns = arithmetic(*arguments)
    assert type(ns.rational(1, 2)) is type(half) or isinstance(half, np.ndarray)
    root = ns.sqrt(half) ** 2
    difference = root - half
    assert (
        abs(float(difference if not isinstance(difference, np.ndarray) else difference[0])) < 1e-15
    )
    assert is_numeric(*arguments) == isinstance(arguments[0], float | np.ndarray)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "gamma", "loggamma"])
def test_all_kinds_compute_the_same(name):
    values = [
        float(getattr(arithmetic(number), name)(number))
        for number in (0.7, mpmath.mpf("0.7"), flint.arb("0.7"), sympy.Rational(7, 10))
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-14)


def test_pi_follows_the_working_precision():
    with mpmath.workdps(50):
        assert abs(arithmetic(mpmath.mpf(1)).pi - mpmath.pi) < mpmath.mpf(10) ** -48
