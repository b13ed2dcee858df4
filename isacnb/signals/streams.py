"""Pilot sequences and symbol streams that are orthogonal to each other."""

import numpy as np

from ..numbers.door import public
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_memory

__all__ = [
    "orthogonal_streams",
    "pilot_sequences",
]


@public
@implements("coupling.eq14", "tool")
def orthogonal_streams(data_length: int, count: int) -> np.ndarray:
    r"""Orthogonal streams of unit symbol power as rows, from the discrete Fourier matrix.

    .. math:: s_k[t]=e^{2\pi j\,kt/T},\qquad SS^H=T\,I

    Parameters
    ----------
    data_length : whole number >= 1
        T, symbols of a stream.
    count : whole number from 1 to T
        Number of streams.

    Returns shape (count, T). Raises ``ValueError`` for more streams than symbols: there are no more
    orthogonal ones. Source: coupling paper, before (14).

    Claim: coupling.eq14.

    >>> orthogonal_streams(4, 2).round(12)
    array([[ 1.+0.j,  1.+0.j,  1.+0.j,  1.+0.j],
           [ 1.+0.j,  0.+1.j, -1.+0.j, -0.-1.j]])
    """
    count = check_integer("count", count, 1, data_length)
    check_memory((count, data_length))
    return np.exp(2j * np.pi * np.outer(np.arange(count), np.arange(data_length)) / data_length)


@public
@implements("coupling.eq2", "right")
@implements("coupling.pilot-shortage", "tool")
def pilot_sequences(pilot_length: int, count: int) -> np.ndarray:
    r"""Orthonormal pilots v_1 .. v_count as columns: :func:`orthogonal_streams` of energy 1.

    .. math:: v_k^Hv_l = \delta_{kl}

    ``pilot_length`` and ``count`` are as there. Returns shape (pilot_length, count). Source: coupling
    paper, (2).

    Claims: coupling.eq2, coupling.pilot-shortage.

    >>> v = pilot_sequences(8, 3)
    >>> bool(np.allclose(v.conj().T @ v, np.eye(3)))
    True
    """
    return orthogonal_streams(pilot_length, count).T / np.sqrt(pilot_length)
