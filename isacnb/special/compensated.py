"""Sums and products of floats with what rounding leaves out, and logarithms that lose nothing near 1."""

import numpy as np

__all__ = []


_SPLIT = 134217729.0  # 2^27 + 1


def exact_product(a, b):
    """Return a product as the nearest float and the rest; exact up to factors of 1e150 (T. J. Dekker)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    rest = a_low * b_low - (product - a_high * b_high - a_low * b_high - a_high * b_low)
    return product, rest


def _halves(a):
    scaled = _SPLIT * a
    high = scaled - (scaled - a)
    return high, a - high


def exact_sum(a, b):
    """Return a sum as the nearest float and the rest (D. E. Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


#: of the series of 2 artanh(r) - 2r in r^2, enough for |r| <= 1/3
_COEFFICIENTS = 2 / np.arange(3, 39, 2)


def log1p_less(delta):
    """Return log(1 + delta) - delta to its own last digits; real or complex, |delta| <= 1/2."""
    # with r = delta / (2 + delta) the logarithm is 2 artanh(r), and delta - 2r = r delta
    r = delta / (2 + delta)
    square = r * r
    series = np.full_like(square, _COEFFICIENTS[-1])
    for coefficient in _COEFFICIENTS[-2::-1]:
        series = series * square + coefficient
    return r * square * series - r * delta
