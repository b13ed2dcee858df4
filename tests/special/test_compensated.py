"""Exact sums and products, and the logarithm less its argument, against fractions and mpmath."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from isacnb.special.compensated import exact_product, exact_sum, log1p_less


def test_what_rounding_leaves_is_exact():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 200)) * 10.0 ** rng.integers(-40, 40, (2, 200))
    for operation, exact in ((exact_product, Fraction.__mul__), (exact_sum, Fraction.__add__)):
        high, low = operation(a, b)
        for i in range(200):
            assert Fraction(high[i]) + Fraction(low[i]) == exact(Fraction(a[i]), Fraction(b[i]))
        assert (high == (a * b if operation is exact_product else a + b)).all()


@pytest.mark.parametrize("delta", [1e-12, -1e-5, 0.1, -0.3, 0.5, -0.5, 0.2 - 0.4j, 0.49j])
def test_logarithm_less_its_argument(delta):
    with mpmath.workdps(50):
        exact = mpmath.log(1 + mpmath.mpmathify(delta)) - delta
        assert abs(log1p_less(np.asarray(delta)) / exact - 1) < 1e-15
    assert log1p_less(np.asarray(0.0)) == 0
