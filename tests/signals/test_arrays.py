"""Steering vectors against their definition, and the closed sums against plain ones."""

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling.printed import steering_derivative_product_printed
from isacnb.signals.arrays import (
    cosine_sum,
    element_positions,
    position_sums,
    steering_derivative,
    steering_derivative_product,
    steering_product,
    steering_vector,
)

RNG = np.random.default_rng(1)
LEFT = np.concatenate([RNG.uniform(-np.pi / 2, np.pi / 2, 60), [0.4, 0.4, -np.pi / 2, 0.0, 0.1]])
RIGHT = np.concatenate(
    [LEFT[:60] + 10.0 ** RNG.uniform(-12, 0.2, 60), [0.4, 0.4 + 1e-9, np.pi / 2, -1.2, 1.5]]
).clip(-np.pi / 2, np.pi / 2)


def test_vector_is_the_phase_of_a_plane_wave():
    # element n stands n/2 wavelengths along the array: path difference n/2 sin(theta)
    vector = steering_vector(0.3, 5)
    for n in range(5):
        path = n / 2 * np.sin(0.3)
        assert vector[n] == pytest.approx(np.exp(2j * np.pi * path), abs=1e-14)
    assert steering_vector(np.zeros((2, 3)), 4).shape == (2, 3, 4)


@pytest.mark.parametrize("centred", [False, True])
def test_derivative_is_a_derivative(centred):
    with mpmath.workdps(40):
        for n in range(4):
            exact = mpmath.diff(lambda t, n=n: steering_vector(t, 4, centred)[n], mpmath.mpf("0.7"))
            assert complex(exact) == pytest.approx(
                steering_derivative(0.7, 4, centred)[n], abs=1e-13
            )


def test_centring_changes_the_common_phase_only():
    turned = steering_vector(0.7, 6) * np.conj(steering_vector(0.7, 6, centred=True))
    assert turned == pytest.approx(np.full(6, np.exp(1j * np.pi * 2.5 * np.sin(0.7))), abs=1e-14)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("N", [1, 2, 5, 64])
def test_products_against_sums(N, centred):
    left = steering_vector(LEFT, N, centred).conj()
    plain = (left * steering_vector(RIGHT, N, centred)).sum(axis=-1)
    closed = steering_product(LEFT, RIGHT, N, centred)
    assert np.max(np.abs(closed - plain)) < 1e-12 * N
    plain = (left * steering_derivative(RIGHT, N, centred)).sum(axis=-1)
    closed = steering_derivative_product(LEFT, RIGHT, N, centred)
    assert np.max(np.abs(closed - plain)) < 1e-13 * N**2


@pytest.mark.parametrize("N", [1, 2, 3, 7])
def test_position_sums(N):
    for centred in (False, True):
        places = element_positions(N, centred)
        assert position_sums(N, centred) == pytest.approx((places.sum(), (places**2).sum()))
    assert position_sums(np.array([2, 3]))[1].tolist() == [1, 5]


def test_cosine_sum_against_terms():
    for N, step in [(1, 0.4), (5, -1.3), (8, 2 * np.pi), (7, 1e-9), (64, 3.1)]:
        terms = np.cos(0.7 + step * np.arange(N))
        assert cosine_sum(0.7, step, N) == pytest.approx(terms.sum(), abs=1e-10)
    c, d = sp.symbols("c d", real=True)
    difference = cosine_sum(c, d, 4) - sum(sp.cos(c + n * d) for n in range(4))
    assert sp.simplify(sp.expand(difference.rewrite(sp.exp))) == 0
    with pytest.raises(ValueError, match="N must be"):
        cosine_sum(0.0, 1.0, 0)


def test_position_sums_as_symbols():
    n, N = sp.symbols("n N", positive=True, integer=True)
    assert sp.expand(position_sums(N)[0] - sp.summation(n, (n, 0, N - 1))) == 0
    assert sp.expand(position_sums(N)[1] - sp.summation(n**2, (n, 0, N - 1))) == 0
    middle = sp.summation((n - (N - 1) / 2) ** 2, (n, 0, N - 1))
    assert sp.expand(position_sums(N, centred=True)[1] - middle) == 0


def test_the_same_formulas_on_other_numbers():
    theta, phi = sp.symbols("theta phi", real=True)
    vector = steering_vector(theta, 3)
    assert [
        sp.simplify(sp.diff(a, theta) - b)
        for a, b in zip(vector, steering_derivative(theta, 3), strict=True)
    ] == [0, 0, 0]
    values = {theta: sp.Rational(2, 5), phi: sp.Rational(-3, 10)}
    exact = complex(steering_derivative_product(phi, theta, 5).subs(values).evalf(30))
    assert exact == pytest.approx(steering_derivative_product(-0.3, 0.4, 5), abs=1e-12)
    ball = steering_product(flint.arb("-0.3"), flint.arb("0.4"), 5)
    assert complex(ball.mid()) == pytest.approx(steering_product(-0.3, 0.4, 5), abs=1e-12)
    assert float(ball.rad()) < 1e-12
    assert complex(steering_vector(mpmath.mpf("0.4"), 2)[1]) == pytest.approx(
        steering_vector(0.4, 2)[1]
    )


@pytest.mark.parametrize("function", [steering_vector, steering_derivative])
def test_arrays_that_do_not_fit_are_refused(function):
    with pytest.raises(ValueError, match="GiB"):
        function(np.zeros(10**4), 10**6)
    with pytest.raises(ValueError, match="GiB"):
        element_positions(10**12)


def test_printed_second_line_differs_by_its_denominator():
    for left, right, N in ((0.3, -0.2, 64), (-1.1, 0.9, 7), (0.2, 0.25, 16)):
        z = np.exp(1j * np.pi * (np.sin(right) - np.sin(left)))
        plain = sum(1j * np.pi * n * np.cos(right) * z**n for n in range(N))
        printed = steering_derivative_product_printed(left, right, N)
        assert printed * (z ** (N + 1) - z**N) / (z - 1) ** 2 == pytest.approx(plain, rel=1e-9)
        assert abs(printed / plain - 1) > 0.1
    with mpmath.workdps(40):
        value = steering_derivative_product_printed(mpmath.mpf("0.3"), mpmath.mpf("-0.2"), 64)
        assert complex(value) == pytest.approx(
            steering_derivative_product_printed(0.3, -0.2, 64), rel=1e-10
        )
    with pytest.raises(ValueError, match="N must be"):
        steering_derivative_product_printed(0.1, 0.2, 0)
