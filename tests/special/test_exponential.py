"""The scaled exponential integral and Tricomi's U against certified values."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from isacnb.special import certified, exponential

INF = math.inf


def test_scaled_expn_against_certified_values(relative_error):
    x = np.concatenate([10.0 ** np.arange(-300, 301, 30), 10 ** np.linspace(-3, 4, 57), [4.999, 5]])
    k = np.array([1, 2, 3, 8, 40, 300, 5000])
    values = exponential.scaled_expn(k[:, None], x)
    assert values.shape == (k.size, x.size)
    for row, order in zip(values, k.tolist(), strict=True):
        for value, argument in zip(row, x.tolist(), strict=True):
            ball = certified.certified_scaled_expn(order, argument)
            assert relative_error(value, ball) < 3e-15, (order, argument)


@given(st.integers(1, 500), st.floats(1e-6, 1e6))
def test_scaled_expn_recurrence_and_bounds(k, x):
    value, following = exponential.scaled_expn(k, x), exponential.scaled_expn(k + 1, x)
    assert x / (x + k) * (1 - 1e-14) <= value
    assert k == 1 or value <= x / (x + k - 1) * (1 + 1e-14)
    # k E_(k+1) = exp(-x) - x E_k
    assert k * following == pytest.approx(x * (1 - value), rel=1e-13, abs=4e-15 * x)


def test_scaled_expn_limits():
    assert exponential.scaled_expn(1, 0.0) == 0
    assert exponential.scaled_expn(3, INF) == 1
    assert exponential.scaled_expn(1, 5e-324) > 0
    assert exponential.scaled_expn(1, 1e4) == pytest.approx(1 - 1e-4 + 2e-8 - 6e-12, rel=1e-14)
    assert isinstance(exponential.scaled_expn(1, 1.0), float)
    assert float(exponential.scaled_expn(4, 2.5)) == pytest.approx(
        float(2.5 * mpmath.exp(2.5) * mpmath.expint(4, 2.5)), rel=1e-14
    )


@pytest.mark.parametrize("function", [exponential.scaled_expn, certified.certified_scaled_expn])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1.0), "k must be a whole number >= 1"),
        ((1.5, 1.0), "k must be"),
        ((1, -1.0), r"x must be .*\[0, inf"),
        ((1, math.nan), "x must be"),
    ],
)
def test_scaled_expn_rejects(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# -- Tricomi's U ----------------------------------------------------------------------------------


def test_log_tricomi_u_against_certified_values():
    nu = np.array([0.05, 1, 2, 3, 4.5, 24, 192, 1000])
    w = np.concatenate([10.0 ** np.arange(-300, 301, 50), 10 ** np.linspace(-4, 6, 31)])
    values = exponential.log_tricomi_u(nu[:, None], w)
    for row, parameter in zip(values, nu.tolist(), strict=True):
        for value, argument in zip(row, w.tolist(), strict=True):
            ball = certified.certified_tricomi_u(parameter, argument, digits=18).log()
            error = float(abs(arb(float(value)) - ball).upper())
            assert error < 2e-13 * max(1, abs(value)), (parameter, argument)


def test_log_tricomi_u_closed_forms():
    w = np.array([1e-8, 0.3, 2.0, 50.0])
    # U(1/2, 1/2, w) = sqrt(pi) exp(w) erfc(sqrt(w))
    expected = np.log(np.sqrt(np.pi) * scipy.special.erfcx(np.sqrt(w)))
    np.testing.assert_allclose(exponential.log_tricomi_u(1, w), expected, rtol=0, atol=2e-14)
    # U(a, 1/2, 0) = sqrt(pi) / Gamma(a + 1/2)
    nu = np.array([0.1, 1, 5, 192])
    expected = 0.5 * np.log(np.pi) - scipy.special.gammaln(nu / 2 + 0.5)
    np.testing.assert_allclose(exponential.log_tricomi_u(nu, 0.0), expected, rtol=1e-14, atol=2e-14)


@given(st.floats(0.1, 400), st.floats(1e-6, 1e4))
def test_log_tricomi_u_recurrence(nu, w):
    """nu I(nu) = 2 I(nu+2) + 2 sqrt(w) I(nu+1) for I(nu) = 2^-nu Gamma(nu) U(nu/2, 1/2, w)."""
    log_i = [
        exponential.log_tricomi_u(mu, w) - mu * math.log(2) + math.lgamma(mu)
        for mu in (nu, nu + 1, nu + 2)
    ]
    right = 2 * math.exp(log_i[2] - log_i[0]) + 2 * math.sqrt(w) * math.exp(log_i[1] - log_i[0])
    assert right == pytest.approx(nu, rel=1e-11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0), r"nu must be .*\(0, inf"),
        ((math.nan, 1.0), "nu must be"),
        ((3, -1.0), r"w must be .*, inf"),
        ((3, INF), "w must be finite"),
    ],
)
@pytest.mark.parametrize("function", [exponential.log_tricomi_u, certified.certified_tricomi_u])
def test_tricomi_rejects(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
