"""Decibels at the edge of the package; inside it every quantity is linear."""

import numpy as np

from .door import public
from .generic import Quantity

__all__ = [
    "from_db",
    "to_db",
]


@public("[0, inf]", value="[-inf, inf)")
def from_db(value: Quantity) -> Quantity:
    r"""Power ratio of a value in decibels, :math:`10^{v/10}`.

    ``value`` is real, of any shape; -inf dB is the ratio 0.

    >>> float(from_db(-30.0))
    0.001
    """
    return 10.0 ** (np.asarray(value) / 10.0)


@public(ratio="[0, inf]")
def to_db(ratio: Quantity) -> Quantity:
    r"""Decibels of a power ratio, :math:`10\log_{10}\varrho`.

    ``ratio`` is real >= 0, of any shape; 0 gives -inf.

    >>> float(to_db(0.5).round(4))
    -3.0103
    """
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)
