"""Joint laws of target and user angle, and averages over them.

An :class:`AngleLaw` draws pairs of angles, and knows nodes and weights by which a function of both
is averaged: fixed angles, independent uniform ones, any joint density, or any sampler. Angles are
radians from broadside.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.special

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real

__all__ = [
    "AngleLaw",
    "AngleSampler",
    "average_over_angles",
    "average_over_uniform_angles",
    "density_angles",
    "fixed_angles",
    "sampled_angles",
    "sine_difference_pdf",
    "uniform_angles",
    "uniform_angles_within",
]


AngleSampler = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class AngleLaw:
    """Joint law of target and user angle; calling it with (rng, size) draws two arrays of angles.

    Parameters
    ----------
    sampler : of (rng, size), returns two arrays of ``size`` angles, of targets and of users
    rule : of a count, returns target angles, user angles and weights of sum 1, about count**2 of each
        for two random angles
    """

    # functions say nothing in a signature
    sampler: AngleSampler = field(repr=False)
    rule: Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]] = field(repr=False)

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw ``size`` pairs."""
        target, user = self.sampler(rng, check_integer("size", size, 0))
        return np.asarray(target), np.asarray(user)


@public
def fixed_angles(target_angle: float, user_angle: float) -> AngleLaw:
    """Law that always gives the same target and user angle.

    Parameters
    ----------
    target_angle : in radians
    user_angle : in radians

    >>> fixed_angles(0.3, -0.2)(np.random.default_rng(0), 2)
    (array([0.3, 0.3]), array([-0.2, -0.2]))
    """
    return AngleLaw(
        lambda rng, size: (np.full(size, target_angle), np.full(size, user_angle)),
        lambda count: (np.array([target_angle]), np.array([user_angle]), np.ones(1)),
    )


@public
def uniform_angles_within(half_width: float) -> AngleLaw:
    """Law of independent angles, uniform between minus and plus a half-width.

    Parameters
    ----------
    half_width : in radians, in (0, pi/2]

    >>> target, user = uniform_angles_within(0.5)(np.random.default_rng(0), 1000)
    >>> bool(np.abs(target).max() < 0.5), round(float(np.std(user) * np.sqrt(12)), 1)
    (True, 1.0)
    """

    def rule(count):
        if half_width < np.pi / 2:
            nodes, weights = np.polynomial.legendre.leggauss(count)
            weights = weights / 2
        else:
            # over the half circle functions of the sines are periodic: equal steps are best
            nodes, weights = (2 * np.arange(count) + 1) / count - 1, np.full(count, 1 / count)
        return _product(half_width * nodes, half_width * nodes, np.outer(weights, weights))

    return AngleLaw(lambda rng, size: tuple(rng.uniform(-half_width, half_width, (2, size))), rule)


#: independent angles, uniform on (-pi/2, pi/2)
uniform_angles = uniform_angles_within(np.pi / 2)


@public
def density_angles(
    angles_pdf: Callable[[np.ndarray, np.ndarray], np.ndarray],
    target_range: tuple[float, float],
    user_range: tuple[float, float],
) -> AngleLaw:
    """Law with a joint density on a rectangle, for averages and draws.

    Parameters
    ----------
    angles_pdf : ``angles_pdf(target, user)`` takes arrays in radians, which broadcast, and returns the
        density per square radian
    target_range : two ends in radians, the lower first
    user_range : two ends in radians, the lower first

    It is drawn by rejection below 1.5 times its largest value on a grid of 400 by 400. Raises
    ``ValueError`` for an empty range, when drawing a density above that, and when averaging one whose
    integral is not 1 within 1e-3.

    Both angles uniform on (0, 1):

    >>> law = density_angles(lambda target, user: 1.0 + 0 * target * user, (0, 1), (0, 1))
    >>> print(f"{average_over_angles(lambda target, user: target * user, law):.12f}")
    0.250000000000
    """
    ranges = []
    for name, pair in (("target_range", target_range), ("user_range", user_range)):
        ends = [float(end) for end in check_real(name, pair)]
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise ValueError(f"{name} must be two ends that increase, got {pair}")
        ranges.append(tuple(ends))
    grids = [np.linspace(*pair, 400) for pair in ranges]
    bound = 1.5 * float(np.max(angles_pdf(grids[0][:, None], grids[1])))

    def sampler(rng, size):
        pairs = np.empty((2, 0))
        while pairs.shape[1] < size:
            trial = np.stack([rng.uniform(*pair, 2 * size + 100) for pair in ranges])
            height = angles_pdf(*trial)
            if np.max(height) > bound:
                raise ValueError(f"angles_pdf must be at most {bound:g}, got {np.max(height):g}")
            pairs = np.append(pairs, trial[:, rng.uniform(0, bound, height.shape) < height], axis=1)
        return pairs[0, :size], pairs[1, :size]

    def rule(count):
        nodes, weights = np.polynomial.legendre.leggauss(count)
        points = [(low + high) / 2 + (high - low) / 2 * nodes for low, high in ranges]
        area = (ranges[0][1] - ranges[0][0]) * (ranges[1][1] - ranges[1][0]) / 4
        mass = area * np.outer(weights, weights) * angles_pdf(points[0][:, None], points[1])
        total = float(mass.sum())
        if abs(total - 1) > 1e-3:
            raise ValueError(f"angles_pdf must integrate to 1, got {total:.4g} with {count} nodes")
        return _product(*points, mass / total)

    return AngleLaw(sampler, rule)


@public
def sampled_angles(sampler: AngleSampler, seed: int = 0) -> AngleLaw:
    """Law known by a sampler only: averages use count**2 draws, with their statistical error.

    Parameters
    ----------
    sampler : of (rng, size), returns two arrays of ``size`` angles in radians, of targets and of users
    seed : of the draws for averages

    >>> law = sampled_angles(lambda rng, size: (rng.uniform(-1, 1, size), np.zeros(size)))
    >>> print(f"{average_over_angles(lambda target, user: target**2, law, 300):.2f}")
    0.33
    """

    def rule(count):
        target, user = sampler(np.random.default_rng(seed), count**2)
        return np.asarray(target), np.asarray(user), np.full(count**2, 1 / count**2)

    return AngleLaw(sampler, rule)


@public(count="integers [1, inf)")
@implements("rician.eq9", "right")
def average_over_angles(
    function: Callable[[np.ndarray, np.ndarray], Quantity], law: AngleLaw, count: int = 64
) -> np.ndarray | float:
    r"""Mean of ``function(target, user)`` over a joint law of the angles.

    .. math:: \iint g(\theta,\phi)f(\theta,\phi)\,d\theta\,d\phi

    Parameters
    ----------
    function : g, takes arrays of shape (n,) and returns an array whose first axis is n; wrap a scalar
        one in ``np.vectorize``
    law : f
    count : nodes an angle, >= 1: an array of N antennas has N lobes, so take several times N, and
        compare two counts

    Claim: rician.eq9.

    >>> float(round(average_over_angles(lambda t, u: np.cos(t) ** 2, uniform_angles), 12))
    0.5
    """
    target, user, weights = law.rule(count)
    return np.tensordot(weights, np.asarray(function(target, user)), axes=1)[()]


def _product(target, user, weights):
    """Nodes of both angles and their weights as flat arrays."""
    grids = np.meshgrid(target, user, indexing="ij")
    return grids[0].ravel(), grids[1].ravel(), weights.ravel()


@public("[0, inf]", difference="[-inf, inf]")
@implements("rician.eq9", "tool")
def sine_difference_pdf(difference: Quantity) -> np.ndarray | float:
    r"""Density of :math:`\sin\theta-\sin\phi` for independent angles uniform on (-pi/2, pi/2).

    :math:`\pi^{-2}\,\mathcal K(1-d^2/4)` on (-2, 2), the complete elliptic integral of a parameter; it
    is infinite at 0, logarithmically. Zero outside.

    Parameters
    ----------
    difference : d, any shape, not nan

    Claim: rician.eq9.

    >>> print(f"{sine_difference_pdf(1.0):.10f}")
    0.2185007179
    """
    d = difference
    inside = np.abs(d) < 2
    # ellipkm1 takes the complementary parameter: no digit is lost near d = 0
    return np.where(inside, scipy.special.ellipkm1(np.where(inside, d, 1) ** 2 / 4), 0)[()] / (
        np.pi**2
    )


@public(N="integers [2, inf)", nodes="integers [2, inf)", degree="integers [1, inf)")
@implements("rician.eq9", "exact")
def average_over_uniform_angles(
    function: Callable[[float], Quantity], N: int, nodes: int = 12, degree: int | None = None
) -> np.ndarray | float:
    r"""Mean of a function of S for independent angles uniform on (-pi/2, pi/2).

    .. math:: \frac1{\pi^2}\int_{-\pi/2}^{\pi/2}\int_{-\pi/2}^{\pi/2}g(S(\theta,\phi))\,d\theta\,d\phi

    Parameters
    ----------
    function : g, even in S; may return an array
    N : number of antennas, >= 2
    nodes : Gauss points a lobe of the array, >= 2, graded towards equal angles, where the density of
        the sine difference has its logarithm
    degree : if given, >= 1, the function is evaluated at degree + 1 Chebyshev points of the range of S
        only, and its logarithm interpolated: for smooth positive functions that are slow, of any parity

    Raises ``ValueError`` with ``degree`` for a value <= 0.

    Claim: rician.eq9.

    >>> print(f"{average_over_uniform_angles(lambda S: S**2 / 8, 8):.8f}")
    1.32747880
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    lobe = 2 / N
    graded = lobe * 0.15 ** np.arange(12, -1, -1)
    edges = np.concatenate([[0], graded, np.arange(2, N + 1) * lobe])
    edges = np.sort(np.concatenate([edges, (edges[-N:-1] + edges[-N + 1 :]) / 2]))
    half = np.diff(edges)[:, None] / 2
    d = (edges[:-1, None] + half * (x + 1)).ravel()
    weights = (half * w).ravel() * 2 * sine_difference_pdf(d)
    kernel = N * np.sinc(N * d / 2) / np.sinc(d / 2)
    if degree is None:
        values = np.array([function(float(S)) for S in kernel])
    else:
        values = _interpolated(function, kernel, degree)
    return np.tensordot(weights, values, axes=1)[()]


def _interpolated(function, places, degree):
    low, high = places.min(), places.max()
    knots = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    values = np.array([function(float(S)) for S in (low + high) / 2 + (high - low) / 2 * knots])
    if not np.all(values > 0):
        raise ValueError(f"function must be positive to be interpolated, got {values.min()}")
    series = np.polynomial.chebyshev.chebfit(knots, np.log(values).reshape(degree + 1, -1), degree)
    inside = np.polynomial.chebyshev.chebval((2 * places - low - high) / (high - low), series)
    return np.exp(inside).T.reshape(places.shape + values.shape[1:])
