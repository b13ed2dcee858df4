"""Pilot sequences and symbol streams that are orthogonal to each other."""

import numpy as np

from ..numbers.door import public
from ..numbers.index import implements
from ..numbers.validation import check_integer

__all__ = [
    "orthogonal_streams",
    "pilot_sequences",
    "symbol_streams",
]


@public
@implements("coupling.eq14", "tool")
def orthogonal_streams(length: int, count: int) -> np.ndarray:
    r"""Orthogonal symbol streams as rows (count, length), each of energy ``length``.

    Raises ``ValueError`` unless 1 <= count <= length. Source: coupling paper, before (14).

    Claim: coupling.eq14.
    """
    return np.sqrt(length) * pilot_sequences(length, count).T


@public
@implements("coupling.eq14", "tool")
def symbol_streams(length: int, count: int) -> np.ndarray:
    r"""Orthogonal streams s_1 .. s_count of unit symbol power as rows, :math:`SS^H = T_dI`.

    Raises ``ValueError`` unless 1 <= count <= length.

    Claim: coupling.eq14.
    """
    count = check_integer("count", count, 1, length)
    return np.exp(2j * np.pi * np.outer(np.arange(count), np.arange(length)) / length)


@public
@implements("coupling.eq2", "right")
@implements("coupling.pilot-shortage", "tool")
def pilot_sequences(length: int, count: int) -> np.ndarray:
    r"""Orthonormal pilots v_1 .. v_count as columns (length, count), from the discrete Fourier matrix.

    .. math:: v_k^Hv_l = \delta_{kl}

    Raises ``ValueError`` unless 1 <= count <= length: there are no more orthogonal sequences.
    Source: coupling paper, (2).

    Claims: coupling.eq2, coupling.pilot-shortage.
    """
    count = check_integer("count", count, 1, length)
    turns = np.outer(np.arange(length), np.arange(count)) / length
    return np.exp(2j * np.pi * turns) / np.sqrt(length)
