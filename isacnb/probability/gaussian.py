"""What is needed of a complex Gaussian vector: inner products with it, its norm, quadratic forms.

:func:`gaussian_functionals` draws a few inner products and the squared norm without the vector,
:class:`ChannelForm` is a quadratic form of them and has its law.
"""

from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..special.genchi2 import GenChi2

__all__ = [
    "ChannelForm",
    "complex_normal",
    "direction_share_sf",
    "gaussian_functionals",
]


@public(variance="[0, inf)")
def complex_normal(
    rng: np.random.Generator, shape: int | tuple[int, ...], variance: float = 1.0
) -> np.ndarray:
    """Draw independent CN(0, variance) numbers: circular, of the given shape.

    Parameters
    ----------
    rng : numpy Generator
    shape : whole number >= 0, or several
    variance : real >= 0
        E|z|^2.

    Raises ``ValueError`` for a negative size, and where the numbers would not fit in memory.

    >>> rng = np.random.default_rng(1)
    >>> complex_normal(rng, (2, 3), 0.5).shape
    (2, 3)
    """
    shape = tuple(np.atleast_1d(shape).tolist())
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"shape must be whole numbers >= 0, got {shape}")
    check_memory(shape)
    pairs = rng.standard_normal((*shape, 2))
    pairs *= np.sqrt(variance / 2)
    return pairs.view(complex)[..., 0]


@public("[0, 1]", N="integers [2, inf)")
@implements("foundation.norm-direction", "right")
def direction_share_sf(direction_share: Quantity, N: Quantity) -> Quantity:
    r"""Probability :math:`(1-t)^{N-1}` that an isotropic vector has more than a share t of its power along a direction.

    ``direction_share`` is t in [0, 1], N >= 2 the number of complex components; arrays broadcast, symbols
    pass.

    Claim: foundation.norm-direction.

    >>> float(direction_share_sf(0.5, 4))
    0.125
    """
    return (1 - direction_share) ** (N - 1)


@public(size="integers [0, inf)")
@implements("foundation.sufficient-statistics", "system")
def gaussian_functionals(
    rng: np.random.Generator,
    size: int,
    directions: Quantity,
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
    directions
        Complex array of shape (d, N), one vector v_i a row; they may be linearly dependent.
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
        If a shape does not fit, or the samples do not fit in memory.

    Claim: foundation.sufficient-statistics.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> t, z = gaussian_functionals(rng, 100_000, np.ones((1, 64)))
    >>> t.shape, round(float(np.mean(np.abs(t) ** 2))), round(float(z.mean()))
    ((100000, 1), 64, 64)

    """
    directions, mean = _fitting(directions, mean)
    check_memory((size, len(directions)))
    basis = orthonormal_basis(directions)
    centre = basis.conj().T @ mean
    rank = len(centre)
    coordinates = rng.standard_normal((size, 2 * rank)).view(complex)
    coordinates *= np.sqrt(variance / 2)
    coordinates += centre
    squared_norm = np.square(coordinates.view(float)).sum(axis=1)
    shape = directions.shape[1] - rank
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
    return coordinates @ (directions.conj() @ basis).T, squared_norm


@dataclass(frozen=True, eq=False)
class ChannelForm:
    r"""A quadratic form of a complex Gaussian vector, in a few inner products and the squared norm.

    .. math:: q=t^HCt+c\,\|h\|^2,\qquad t_i=v_i^Hh,\qquad h\sim\mathcal{CN}(m,\sigma^2I_N)

    Parameters
    ----------
    directions : complex, shape (d, N)
        One vector v_i a row; they may be linearly dependent.
    form_matrix : complex, shape (d, d)
        C, Hermitian; 0 if not given.
    norm_weight : real
        c.
    mean : complex, shape (N,) or a scalar
        m.
    variance : real > 0
        :math:`\sigma^2`, that of one component.

    Raises ``ValueError`` for shapes that do not fit, and for a matrix that is not Hermitian.

    >>> ChannelForm(np.ones((1, 8)), [[-1 / 8]]).law().dof
    array([14.])
    """

    directions: Quantity
    form_matrix: Quantity | None = None
    norm_weight: float = 1.0
    mean: Quantity = 0.0
    variance: float = 1.0

    def __post_init__(self):
        check_fields(self)
        directions, mean = _fitting(self.directions, self.mean)
        size = len(directions)
        matrix = np.zeros((size, size)) if self.form_matrix is None else self.form_matrix
        if matrix.shape != (size, size):
            raise ValueError(f"form_matrix must have shape {(size, size)}, got {matrix.shape}")
        if not np.allclose(matrix, matrix.conj().T, rtol=1e-12, atol=0):
            raise ValueError("form_matrix must be Hermitian, got a matrix that is not")
        for name, value in (("directions", directions), ("mean", mean), ("form_matrix", matrix)):
            object.__setattr__(self, name, value)

    @public
    @implements("foundation.form-reduction", "right")
    def law(self) -> GenChi2:
        r"""Return the law of the form, a weighted sum of noncentral chi-square variables.

        .. math:: q=\sum_i\sigma^2w_i\,|z_i+m_i|^2+\sigma^2c\,Y_0

        in law, with independent :math:`z_i\sim\mathcal{CN}(0,1)`, one for each dimension of the span of
        the v_i, and a noncentral gamma variable :math:`Y_0` of the order that is left of N: so the
        law has at most d + 1 terms, whatever N is. Weights that vanish are left out.

        Claim: foundation.form-reduction.

        The squared norm less the share of one direction out of eight leaves seven of its eight
        complex dimensions:

        >>> law = ChannelForm(np.ones((1, 8)), [[-1 / 8]]).law()
        >>> law.weights, law.dof, law.noncentrality
        (array([0.5]), array([14.]), array([0.]))
        """
        basis = orthonormal_basis(self.directions)
        weights, axes = self.eigenbasis(basis)
        centre = axes.conj().T @ (basis.conj().T @ self.mean)
        orders = np.ones(len(weights))
        noncentrality = np.abs(centre) ** 2
        if len(weights) < self.directions.shape[1]:
            weights = np.append(weights, self.norm_weight)
            orders = np.append(orders, self.directions.shape[1] - len(centre))
            noncentrality = np.append(noncentrality, _outside(self.mean, basis) ** 2)
        kept = np.abs(weights) > 1e-14 * np.abs(weights).max()
        return GenChi2.of_gammas(
            weights[kept] * self.variance, orders[kept], noncentrality[kept] / self.variance
        )

    def eigenbasis(self, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weights and axes of the form in a space that holds the directions."""
        rows = self.directions.conj() @ basis
        weights, axes = np.linalg.eigh(rows.conj().T @ self.form_matrix @ rows)
        return weights + self.norm_weight, axes


def _fitting(directions, mean) -> tuple:
    """Return directions of shape (d, N) and the mean of shape (N,)."""
    directions, mean = np.asarray(directions), np.asarray(mean)
    if directions.ndim != 2 or 0 in directions.shape:
        raise ValueError(f"directions must have shape (d, N), d and N >= 1, got {directions.shape}")
    if mean.shape not in ((), directions.shape[1:]):
        raise ValueError(
            f"mean must be a scalar or have shape {directions.shape[1:]}, got {mean.shape}"
        )
    return directions, np.broadcast_to(mean, directions.shape[1:])


def orthonormal_basis(vectors: np.ndarray) -> np.ndarray:
    """Return orthonormal columns that span the given rows, whatever their lengths and rank."""
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors[lengths > 0] / lengths[lengths > 0, None]
    left, values, _ = np.linalg.svd(units.T, full_matrices=False)
    return left[:, values > 1e-13 * values.max(initial=0)]


def _outside(mean: np.ndarray, basis: np.ndarray) -> float:
    """Return the length of the part of the mean outside the span of the basis."""
    outside = np.linalg.norm(mean - basis @ (basis.conj().T @ mean))
    return float(outside) if outside > 1e-13 * np.linalg.norm(mean) else 0.0
