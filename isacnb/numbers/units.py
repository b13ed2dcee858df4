"""Decibels at the edge of the package; inside it every quantity is linear."""

import numpy as np

from .generic import Quantity
from .validation import check_real

__all__ = [
    "from_db",
    "to_db",
]


def from_db(value: Quantity) -> Quantity:
    """Power ratio of a value in decibels.

    Raises ``ValueError`` for nan or +inf; -inf dB is the ratio 0.

    >>> float(from_db(-30.0))
    0.001
    """
    value = check_real("value", value, finite=False)
    if np.any(value == np.inf):
        raise ValueError("value must be in [-inf, inf) dB, got inf")
    return 10.0 ** (value / 10.0)


def to_db(ratio: Quantity) -> Quantity:
    """Decibels of a power ratio >= 0; the ratio 0 gives -inf.

    >>> float(to_db(0.5).round(4))
    -3.0103
    """
    ratio = check_real("ratio", ratio, 0, finite=False)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)
