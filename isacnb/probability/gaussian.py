"""What is needed of a complex Gaussian vector: inner products with it, its norm, quadratic forms.

:func:`gaussian_functionals` draws a few inner products and the squared norm without the vector,
:func:`diagonal_form` brings a quadratic form to independent variables.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_real

__all__ = [
    "complex_normal",
    "diagonal_form",
    "gaussian_functionals",
]


@public
def complex_normal(
    rng: np.random.Generator, shape: int | tuple[int, ...], variance: float = 1.0
) -> np.ndarray:
    """Draw independent CN(0, variance) numbers: circular, variance = E|z|^2, of the given shape.

    Raises ``ValueError`` unless the variance is finite and >= 0.

    >>> rng = np.random.default_rng(1)
    >>> complex_normal(rng, (2, 3), 0.5).shape
    (2, 3)
    """
    pairs = rng.standard_normal((*np.atleast_1d(shape), 2))
    pairs *= np.sqrt(variance / 2)
    return pairs.view(complex)[..., 0]


@public(size="integers [0, inf)")
@implements("foundation.sufficient-statistics", "system")
def gaussian_functionals(
    rng: np.random.Generator,
    size: int,
    vectors: Quantity,
    mean: Quantity = 0.0,
    variance: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw linear functionals of a complex Gaussian vector together with its squared norm.

    For h ~ CN(mean, variance I) of N components (variance = E|h_n - mean_n|^2) and d vectors v_i,
    the functionals are t_i = v_i^H h. In an orthonormal basis of the span of the v_i, the
    coordinates of h are independent normal, and the rest of h enters the squared norm alone: its
    squared norm is a (noncentral) gamma variable. So a sample costs at most d complex normals,
    one gamma and, if the mean sticks out of the span, one real normal, whatever N is.

    Parameters
    ----------
    rng, size
        Generator and number of samples.
    vectors
        Complex array of shape (d, N), one vector a row; they may be linearly dependent.
    mean
        Complex, of shape (N,) or a scalar.
    variance
        Positive, that of one component.

    Returns
    -------
    functionals, squared_norm
        Complex array of shape (size, d) and real array of shape (size,).

    Raises
    ------
    ValueError
        If a shape does not fit or an argument is out of range.

    Claim: foundation.sufficient-statistics.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> t, z = gaussian_functionals(rng, 100_000, np.ones((1, 64)))
    >>> t.shape, round(float(np.mean(np.abs(t) ** 2))), round(float(z.mean()))
    ((100000, 1), 64, 64)

    """
    vectors, mean, variance = _check_gaussian(vectors, mean, variance)
    basis = _orthonormal_basis(vectors)
    centre = basis.conj().T @ mean
    rank = len(centre)
    coordinates = rng.standard_normal((size, 2 * rank)).view(complex)
    coordinates *= np.sqrt(variance / 2)
    coordinates += centre
    squared_norm = np.square(coordinates.view(float)).sum(axis=1)
    shape = vectors.shape[1] - rank
    if shape:
        outside = _outside(mean, basis) / np.sqrt(variance)
        if outside > 0:
            # a noncentral |z + m|^2 is a shifted real square and a central rest
            shifted = rng.standard_normal(size) * np.sqrt(0.5) + outside
            rest = rng.standard_gamma(shape - 0.5, size)
            rest += shifted * shifted
        else:
            rest = rng.standard_gamma(shape, size)
        rest *= variance
        squared_norm += rest
    return coordinates @ (vectors.conj() @ basis).T, squared_norm


@public
@implements("foundation.form-reduction", "right")
def diagonal_form(
    matrix: Quantity,
    norm_weight: float,
    vectors: Quantity,
    mean: Quantity = 0.0,
    variance: float = 1.0,
) -> tuple:
    r"""Reduce a quadratic form of a complex Gaussian vector to a weighted sum of gammas.

    With h ~ CN(mean, variance I) and t_i = v_i^H h, in law

    .. math:: t^HCt+c\|h\|^2 = \sum_gw_gY_g

    where Y_g is the sum of degrees_g independent |z + m|^2, z ~ CN(0, 1),
    and noncentralities_g the sum of their |m|^2. In the language of the chi-square law, 2 Y_g has
    2 degrees_g degrees of freedom and noncentrality 2 noncentralities_g.

    Parameters
    ----------
    matrix
        C, Hermitian, of shape (d, d).
    norm_weight
        c, real.
    vectors, mean, variance
        As for :func:`gaussian_functionals`.

    Returns
    -------
    weights, degrees, noncentralities
        Three arrays of one length: at most one entry of degree 1 a functional, and one for the
        rest of the vector. Weights that vanish are left out.

    Claim: foundation.form-reduction.

    Examples
    --------
    The squared norm less the share of one direction out of eight leaves seven degrees:

    >>> diagonal_form([[-1 / 8]], 1.0, np.ones((1, 8)))
    (array([1.]), array([7]), array([0.]))

    """
    vectors, mean, variance = _check_gaussian(vectors, mean, variance)
    matrix, norm_weight = _check_form(matrix, norm_weight, len(vectors))
    basis = _orthonormal_basis(vectors)
    weights, directions = _eigenbasis(matrix, norm_weight, vectors.conj() @ basis)
    centre = directions.conj().T @ (basis.conj().T @ mean)
    rank = len(weights)
    degrees = np.ones(rank, dtype=int)
    noncentralities = np.abs(centre) ** 2
    if rank < vectors.shape[1]:
        weights = np.append(weights, norm_weight)
        degrees = np.append(degrees, vectors.shape[1] - rank)
        noncentralities = np.append(noncentralities, _outside(mean, basis) ** 2)
    scale = np.abs(weights).max(initial=0) * variance
    weights = weights * variance
    kept = np.abs(weights) > 1e-14 * scale
    return weights[kept], degrees[kept], noncentralities[kept] / variance


def _check_gaussian(vectors, mean, variance) -> tuple:
    """Return vectors of shape (d, N), the mean of shape (N,) and the variance, all checked."""
    vectors = _check_complex("vectors", vectors)
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ValueError(f"vectors must have shape (d, N), d and N >= 1, got {vectors.shape}")
    mean = _check_complex("mean", mean)
    if mean.shape not in ((), vectors.shape[1:]):
        raise ValueError(
            f"mean must be a scalar or have shape {vectors.shape[1:]}, got {mean.shape}"
        )
    variance = check_real("variance", variance, 0, open_low=True)
    if variance.ndim:
        raise ValueError(f"variance must be a scalar, got shape {variance.shape}")
    return vectors, np.broadcast_to(mean, vectors.shape[1:]), float(variance)


def _check_form(matrix, norm_weight, size: int) -> tuple:
    """Return a Hermitian matrix of the given size and a real weight, checked."""
    matrix = _check_complex("matrix", matrix)
    if matrix.shape != (size, size):
        raise ValueError(f"matrix must have shape {(size, size)}, got {matrix.shape}")
    if not np.allclose(matrix, matrix.conj().T, rtol=1e-12, atol=0):
        raise ValueError("matrix must be Hermitian")
    return matrix, float(check_real("norm_weight", norm_weight))


def _check_complex(name: str, value) -> np.ndarray:
    """Return finite complex numbers."""
    try:
        array = np.asarray(value, dtype=complex)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be complex numbers, got {value!r}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
    return array


def _orthonormal_basis(vectors: np.ndarray) -> np.ndarray:
    """Return orthonormal columns that span the given rows, whatever their lengths and rank."""
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors[lengths > 0] / lengths[lengths > 0, None]
    left, values, _ = np.linalg.svd(units.T, full_matrices=False)
    return left[:, values > 1e-13 * values.max(initial=0)]


def _outside(mean: np.ndarray, basis: np.ndarray) -> float:
    """Return the length of the part of the mean outside the span of the basis."""
    outside = np.linalg.norm(mean - basis @ (basis.conj().T @ mean))
    return float(outside) if outside > 1e-13 * np.linalg.norm(mean) else 0.0


def _eigenbasis(matrix: np.ndarray, norm_weight: float, rows: np.ndarray) -> tuple:
    """Return eigenvalues and vectors of t^H C t + c ||u||^2 with t = rows u."""
    weights, directions = np.linalg.eigh(rows.conj().T @ matrix @ rows)
    return weights + norm_weight, directions
