r"""Fisher information and the Cramér–Rao bound of any signal in Gaussian noise.

The observation is :math:`y = \mu(\xi) + n` with real parameters :math:`\xi`, a known complex mean
and circular Gaussian noise, :math:`n \sim \mathcal{CN}(0, C)`. Then

.. math:: F_{km} = 2\,\mathrm{Re}\Big\{\frac{\partial\mu^H}{\partial\xi_k}\,C^{-1}
          \frac{\partial\mu}{\partial\xi_m}\Big\},

and no unbiased estimator has a covariance below :math:`F^{-1}`. The model enters as a callable: the
derivatives are taken here, so that a closed form can be held against the model itself.
Source: S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, Section 15.7.
"""

from collections.abc import Callable, Sequence

import numpy as np
import sympy

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_real

__all__ = [
    "cramer_rao_bound",
    "crb_from_traces",
    "effective_information",
    "fisher_information",
    "jacobian",
    "model_information",
    "reduced_information",
]


_LEVELS = 9  # step sizes of the extrapolation, each half of the one before


@public(rtol="(0, inf)", scale="(0, inf)")
@implements("foundation.fisher-information", "tool")
def jacobian(
    model_mean: Callable,
    parameter_vector: Quantity,
    *,
    scale: Quantity | None = None,
    rtol: float = 1e-9,
) -> np.ndarray:
    r"""Derivative of a complex signal with respect to real parameters, with its error controlled.

    .. math:: D_{ik}=\frac{\partial\mu_i}{\partial\xi_k}

    Central differences at nine step sizes are extrapolated to step zero (Ridders); every entry
    takes the value with the least estimated error. Analytic signals reach about 12 digits.

    Parameters
    ----------
    model_mean : ``model_mean(parameter_vector)`` returns a complex array of any shape
    parameter_vector : real vector of p values
    scale : largest step of each parameter, over which the signal is smooth; by default
        0.1 max(abs(parameter), 0.1)
    rtol : an estimated error above ``rtol`` times the norm of its column raises ``ValueError``

    Returns an array (m, p) of m stacked entries of the signal.

    Claim: foundation.fisher-information.

    >>> derivative = jacobian(lambda p: np.exp(1j * p[0] * np.arange(3)), [0.5])
    >>> bool(np.allclose(derivative[:, 0], 1j * np.arange(3) * np.exp(0.5j * np.arange(3)),
    ...                  rtol=1e-11))
    True
    """
    if not callable(model_mean):
        raise ValueError(f"model_mean must be callable, got {model_mean!r}")
    point = np.atleast_1d(check_real("parameter_vector", parameter_vector))
    if point.ndim != 1:
        raise ValueError(f"parameter_vector must be a vector, got shape {point.shape}")
    steps = 0.1 * np.maximum(np.abs(point), 0.1) if scale is None else scale * np.ones_like(point)
    columns = [_slope(model_mean, point, i, steps[i], rtol) for i in range(point.size)]
    return np.stack(columns, axis=-1)


@public
@implements("foundation.fisher-information", "right")
@implements("coupling.eq18", "right")
def fisher_information(
    model_derivative: np.ndarray | sympy.Matrix, covariance: Quantity | sympy.Expr = 1.0
) -> np.ndarray | sympy.Matrix:
    r"""Fisher information of p real parameters from the derivative of the mean, shape (m, p).

    .. math:: F = 2\,\mathrm{Re}\{D^HC^{-1}D\}

    Parameters
    ----------
    model_derivative : D, shape (..., m, p), complex; a sympy matrix gives a sympy matrix
    covariance : C of the circular noise, a number > 0 (white noise of that power an entry) or a
        Hermitian matrix (m, m)

    Returns shape (..., p, p). Raises ``ValueError`` for a covariance that is not positive definite,
    and for shapes that do not fit.

    Claims: foundation.fisher-information, coupling.eq18.

    >>> fisher_information(np.array([[1.0, 1j], [0.0, 2.0]]), 0.5)
    array([[ 4.,  0.],
           [ 0., 20.]])
    """
    derivative = model_derivative
    if isinstance(derivative, sympy.MatrixBase):
        if isinstance(covariance, sympy.MatrixBase):
            product = derivative.H * covariance.inv() * derivative
        else:
            product = derivative.H * derivative / covariance
        return product + product.conjugate()
    derivative = np.asarray(derivative)
    if derivative.ndim < 2 or not np.isfinite(derivative).all():
        raise ValueError(f"model_derivative must be finite of shape (m, p), got {derivative.shape}")
    if np.ndim(covariance) == 0:
        power = check_real("covariance", covariance, 0, open_low=True)
        whitened = derivative / np.sqrt(power)
    else:
        whitened = np.linalg.solve(_cholesky(covariance, derivative.shape[-2]), derivative)
    return 2 * np.real(np.swapaxes(whitened.conj(), -1, -2) @ whitened)


@public
@implements("foundation.fisher-information", "exact")
@implements("coupling.eq18", "exact")
def model_information(
    model_mean: Callable | sympy.Matrix,
    parameter_vector: Quantity | Sequence[sympy.Symbol],
    covariance: Quantity | sympy.Expr = 1.0,
    *,
    scale: Quantity | None = None,
) -> np.ndarray | sympy.Matrix:
    r"""Fisher information straight from a signal model, differentiated here.

    .. math:: F_{km} = 2\,\mathrm{Re}\Big\{\frac{\partial\mu^H}{\partial\xi_k}\,C^{-1}
              \frac{\partial\mu}{\partial\xi_m}\Big\}

    Parameters
    ----------
    model_mean : a callable of a vector of real numbers (see :func:`jacobian`), or a sympy column of
        entries in the real symbols ``parameter_vector``
    parameter_vector : the point at which the information is wanted, or the symbols
    covariance : as in :func:`fisher_information`
    scale : as in :func:`jacobian`

    Raises ``ValueError`` as these two.

    Claims: foundation.fisher-information, coupling.eq18.

    >>> tone = lambda p: p[0] * np.exp(1j * p[1] * np.arange(4))
    >>> model_information(tone, [2.0, 0.3], 1.0).round(9) + 0.0
    array([[  8.,   0.],
           [  0., 112.]])
    """
    if isinstance(model_mean, sympy.MatrixBase):
        return fisher_information(model_mean.jacobian(list(parameter_vector)), covariance)
    return fisher_information(jacobian(model_mean, parameter_vector, scale=scale), covariance)


@public
@implements("foundation.schur-complement", "right")
@implements("coupling.eq19", "right", "first line")
def effective_information(
    information: np.ndarray | sympy.Matrix, wanted: int | Sequence[int] = 0
) -> np.ndarray | sympy.Matrix:
    r"""Information that is left on the ``wanted`` parameters when the others are unknown.

    .. math:: F_{ww} - F_{wo} F_{oo}^{-1} F_{ow}

    It is the Schur complement of the others' block. A single index gives a matrix of one row.
    Raises ``ValueError`` where the others' block is singular.

    Claims: foundation.schur-complement, coupling.eq19.

    >>> effective_information(np.array([[2.0, 1.0], [1.0, 4.0]]))
    array([[1.75]])
    """
    symbolic = isinstance(information, sympy.MatrixBase)
    if not symbolic:
        information = np.asarray(information, dtype=float)
    size = information.shape[-1]
    wanted = [wanted] if isinstance(wanted, int | np.integer) else list(wanted)
    if not wanted or not all(0 <= index < size for index in wanted):
        raise ValueError(f"wanted must be indices in [0, {size}), got {wanted}")
    others = [index for index in range(size) if index not in wanted]
    if symbolic:
        block = information.extract
        if not others:
            return block(wanted, wanted)
        cross = block(wanted, others)
        return block(wanted, wanted) - cross * block(others, others).inv() * cross.T
    kept = information[..., wanted, :][..., wanted]
    if not others:
        return kept
    cross = information[..., wanted, :][..., others]
    nuisance = information[..., others, :][..., others]
    try:
        solved = np.linalg.solve(nuisance, np.swapaxes(cross, -1, -2))
    except np.linalg.LinAlgError as error:
        raise ValueError("information must be regular in the unknown others") from error
    return kept - cross @ solved


@public
@implements("foundation.schur-complement", "right")
def cramer_rao_bound(
    information: np.ndarray | sympy.Matrix, wanted: int | Sequence[int] = 0
) -> np.ndarray | sympy.Matrix:
    r"""Least covariance of an unbiased estimate of the ``wanted`` parameters, others unknown.

    .. math:: [F^{-1}]_{ww} = \big(F_{ww} - F_{wo}F_{oo}^{-1}F_{ow}\big)^{-1}

    A single index gives a number, several a matrix. Raises
    ``ValueError`` for a singular information matrix, for which no unbiased estimate of finite
    variance exists.

    Claim: foundation.schur-complement.

    >>> cramer_rao_bound(np.array([[2.0, 1.0], [1.0, 4.0]])).round(12).item()
    0.571428571429
    """
    left = effective_information(information, wanted)
    single = isinstance(wanted, int | np.integer)
    if isinstance(left, sympy.MatrixBase):
        return 1 / left[0, 0] if single else left.inv()
    try:
        inverse = np.linalg.inv(left)
    except np.linalg.LinAlgError as error:
        raise ValueError("information must be regular, got a singular matrix") from error
    return inverse[..., 0, 0][()] if single else inverse


@public("[0, inf]")
@implements("rician.eq11", "right")
def crb_from_traces(
    trace_response: Quantity,
    trace_derivative: Quantity,
    trace_mixed_square: Quantity,
    noise_per_reflection: Quantity = 1,
) -> Quantity:
    r"""Bound on the angle of a target of unknown reflection from the three traces of a transmission.

    .. math:: \frac{N_0}{2|\varpi|^2L}\,\frac{\mathrm{tr}(A^HAR)}
        {\mathrm{tr}(\dot A^H\dot AR)\,\mathrm{tr}(A^HAR) - |\mathrm{tr}(\dot A^HAR)|^2}

    Parameters
    ----------
    trace_response : :math:`\mathrm{tr}(A^HAR)`, in watts
    trace_derivative : :math:`\mathrm{tr}(\dot A^H\dot AR)`, in watts per square radian
    trace_mixed_square : :math:`|\mathrm{tr}(\dot A^HAR)|^2`
    noise_per_reflection : :math:`N_0/(2|\varpi|^2L)`

    In square radians. Arrays broadcast, symbols pass. Raises ``ValueError`` where the mixed trace is
    larger than the other two allow. Source: rician paper, eq. (11).

    Claim: rician.eq11.

    >>> float(crb_from_traces(2.0, 3.0, 4.0))
    1.0
    """
    return (
        noise_per_reflection
        * trace_response
        / (trace_derivative * trace_response - trace_mixed_square)
    )


@public
@implements("foundation.bound-of-the-mean", "right", r"J(\boldsymbol R)")
def reduced_information(
    response_matrix: Quantity, derivative_matrix: Quantity, signal_matrix: Quantity
) -> float:
    r"""Information on a parameter that an unknown complex gain leaves, for one transmission.

    .. math:: J(R) = \mathrm{tr}(DRD^H) - \frac{|\mathrm{tr}(ARD^H)|^2}{\mathrm{tr}(ARA^H)}

    Parameters
    ----------
    response_matrix : A, shape (m, n)
    derivative_matrix : D, the derivative of A with respect to the parameter, shape (m, n)
    signal_matrix : R, the correlation of what is sent, Hermitian, shape (n, n)

    The unit is that of R over the square of the parameter's; the bound of the parameter is
    :math:`N_0/(2|\varpi|^2J)`. Raises ``ValueError`` for shapes that do not fit, and where nothing of
    what is sent comes back, tr(A R A^H) = 0.

    Claim: foundation.bound-of-the-mean.

    Half of the change could as well be one of the gain:

    >>> reduced_information(np.eye(2), np.diag([0.0, 1.0]), np.eye(2))
    0.5
    """
    response, derivative, signal = map(
        np.asarray, (response_matrix, derivative_matrix, signal_matrix)
    )
    if response.ndim != 2 or derivative.shape != response.shape:
        raise ValueError(
            f"derivative_matrix must have the shape of response_matrix {response.shape}, got "
            f"{derivative.shape}"
        )
    if signal.shape != (response.shape[1],) * 2:
        raise ValueError(
            f"signal_matrix must have shape {(response.shape[1],) * 2}, got {signal.shape}"
        )
    seen, changed = response @ signal, derivative @ signal
    power = np.vdot(response, seen).real
    if not power > 0:
        raise ValueError(f"signal_matrix must give tr(A R A^H) > 0, got {power}")
    mixed = np.vdot(derivative, seen)
    return float(np.vdot(derivative, changed).real - np.abs(mixed) ** 2 / power)


def _slope(model_mean, point, index, step, rtol) -> np.ndarray:
    """One column of the Jacobian by Ridders' extrapolation, entry by entry."""

    def difference(size):
        up, down = point.copy(), point.copy()
        up[index] += size
        down[index] -= size
        # the width that floating point has really made
        return (np.ravel(model_mean(up)) - np.ravel(model_mean(down))) / (up[index] - down[index])

    best, error, previous = None, None, []
    for level in range(_LEVELS):
        row = [np.asarray(difference(step / 2**level), dtype=complex)]
        for order, older in enumerate(previous):
            factor = 4.0 ** (order + 1)
            row.append((factor * row[-1] - older) / (factor - 1))
            gap = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - older))
            if best is None:
                best, error = row[-1], gap
            else:
                better = gap < error
                best, error = np.where(better, row[-1], best), np.where(better, gap, error)
        previous = row
    if not np.isfinite(best).all():
        raise ValueError("model_mean must be finite near the parameters, got nan or infinity")
    # where the signal does not depend on the parameter, rounding is all that is left
    rounding = 1e3 * np.finfo(float).eps * np.linalg.norm(np.ravel(model_mean(point))) / step
    if np.linalg.norm(error) > max(rtol * np.linalg.norm(best), rounding):
        raise ValueError(
            f"scale must be smaller for parameter {index}, got {step:g}: the derivative is not "
            f"determined to {rtol:g}"
        )
    return best


def _cholesky(covariance, size) -> np.ndarray:
    matrix = np.asarray(covariance, dtype=complex)
    if matrix.shape[-2:] != (size, size) or not np.allclose(
        matrix, np.swapaxes(matrix, -1, -2).conj()
    ):
        raise ValueError(f"covariance must be Hermitian of shape {(size, size)}")
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise ValueError("covariance must be positive definite") from error


def steered_information(
    receive_slope: np.ndarray,
    receive: np.ndarray,
    send_slope: np.ndarray,
    send: np.ndarray,
    transmitted: np.ndarray,
) -> np.ndarray:
    r"""Information of echoes :math:`b a^HX` on the angle and on a complex reflection, (..., 3, 3).

    ``receive`` b and ``send`` a with their derivatives in the angle, shapes (..., M) and (..., N),
    ``transmitted`` X, symbol by symbol or beam by beam, (..., N, L). It multiplies out the
    derivatives in the angle and in the real and imaginary part of the reflection, which is 1, in
    units of twice a symbol's energy over the noise.
    """
    turn, reach = (
        (vector[..., None, :].conj() @ transmitted)[..., 0, :] for vector in (send_slope, send)
    )
    # columns in the basis of b' and b: b' reach + b turn, b reach and j b reach
    zero = np.zeros_like(reach)
    columns = np.stack([[reach, zero, zero], [turn, reach, 1j * reach]])
    basis = np.stack([receive_slope, receive])
    gram = np.einsum("b...n,c...n->bc...", basis.conj(), basis)
    weighted = np.einsum("bc...,cw...i->bw...i", gram, columns)
    return np.einsum("bv...i,bw...i->...vw", columns.conj(), weighted, optimize=True).real


def bound_of_angle(information: np.ndarray) -> np.ndarray:
    """First element of the inverse of information matrices (..., 3, 3), infinite in the dark."""
    lit = information[..., 1, 1] > 0
    safe = np.where(lit[..., None, None], information, np.eye(3))
    return np.where(lit, np.linalg.inv(safe)[..., 0, 0], np.inf)
