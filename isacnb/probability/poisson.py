r"""Nearest-neighbour distances of planar Poisson networks, and the ratio law of the coupling paper.

Densities are points per **square metre** and distances are metres throughout; a density that is
given per square kilometre is written ``per_km2(100)``. The ratio
:math:`Z = d_{U,K} / d_{T,K}^2` therefore has the unit 1/m.

The ratio law depends on one number, :math:`w = \pi\lambda_T^2 / (4\lambda_U z^2)`. Both of its
tails are finite sums of positive terms, each a multiple of

.. math:: I_\nu(w) = \int_0^\infty u^{\nu-1} e^{-u^2 - 2\sqrt{w}\,u}\,du
                   = 2^{-\nu}\,\Gamma(\nu)\,U(\nu/2, 1/2, w),

and :math:`\nu I_\nu = 2 I_{\nu+2} + 2\sqrt{w}\,I_{\nu+1}` run downwards from two integrals at the
top loses no digit. The chapter on the network law proves each of these statements.
"""

import math

import flint
import numpy as np
from scipy.special import erfcx, gammainc, gammaincc, gammaln, ndtri

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.roots import monotone_root
from ..numbers.validation import check_memory
from ..special.certified import sharpen
from ..special.exponential import log_tricomi_u

__all__ = [
    "certified_ratio_cdf",
    "certified_ratio_sf",
    "distance_cdf",
    "distance_moment",
    "distance_pdf",
    "distance_sf",
    "distance_squared_pdf",
    "mean_distance",
    "per_km2",
    "ratio_cdf",
    "ratio_isf",
    "ratio_logcdf",
    "ratio_logsf",
    "ratio_parameter",
    "ratio_pdf",
    "ratio_ppf",
    "ratio_sf",
    "sample_distances",
    "tricomi_integral",
]


_RANKS = "integers [1, 1e15]"  # whole numbers that floats tell apart


_RATIO_RANKS = "integers [1, 10000]"  # the finite sums have as many terms


@public
def per_km2(density: Quantity) -> Quantity:
    r"""Convert a density from points per square kilometre to points per square metre.

    .. math:: 1\,\mathrm{km}^{-2}=10^{-6}\,\mathrm m^{-2}

    >>> float(per_km2(100))
    0.0001
    """
    return density / 1_000_000


@public("[0, inf]", rank=_RANKS)
@implements("coupling.eq1", "right")
@implements("coupling.A1", "right", "f_{d_{U,K}}(x)")
def distance_pdf(distance: Quantity, rank: Quantity, density: Quantity) -> Quantity:
    r"""Density of the distance to the i-th nearest point of a planar Poisson process.

    .. math:: f(r) = \frac{2\,(\lambda\pi r^2)^i}{r\,(i-1)!}\,e^{-\lambda\pi r^2}

    Parameters
    ----------
    distance : r in metres, > 0
    rank : i of the neighbour, a whole number >= 1
    density : lambda, points per square metre, > 0

    In 1/m. Arrays broadcast; symbols, mpmath numbers and balls are accepted too. Source: coupling
    paper, eq. (1).

    Claims: coupling.eq1, coupling.A1.

    >>> float(distance_pdf(50.0, 1, per_km2(100)))
    0.014323...
    """
    ns = arithmetic(distance, rank, density)
    # through logarithms, because the power alone overflows for large i
    log_count = ns.log(density * ns.pi) + 2 * ns.log(distance)
    with np.errstate(over="ignore"):
        return 2 / distance * ns.exp(rank * log_count - ns.exp(log_count) - ns.loggamma(rank))


@public("[0, inf]", rank=_RANKS)
@implements("coupling.A1", "right", "f_{d_{T,K}^2}(y)")
def distance_squared_pdf(
    target_distance_squared: Quantity, rank: Quantity, target_density: Quantity
) -> Quantity:
    r"""Density of the squared distance to the K-th nearest target.

    .. math:: f(y) = e^{-\lambda_T\pi y}\,\frac{(\lambda_T\pi y)^K}{y\,(K-1)!}

    Parameters
    ----------
    target_distance_squared : y in square metres, > 0
    rank : K of the target, a whole number >= 1
    target_density : targets per square metre, > 0

    In 1/m²; kinds of number as in :func:`distance_pdf`. Source: coupling paper, before
    (A1).

    Claim: coupling.A1.

    For the paper's density and fourth target, at the square of 40 m:

    >>> print(f"{distance_squared_pdf(1600.0, 4, per_km2(1000)):.6e}")
    4.363209e-04
    """
    y = target_distance_squared
    ns = arithmetic(y, rank, target_density)
    mean_count = target_density * ns.pi * y
    return ns.exp(rank * ns.log(mean_count) - mean_count - ns.loggamma(rank)) / y


@public("[0, 1]", distance="[0, inf]", rank=_RANKS)
@implements("foundation.squared-distance", "right")
def distance_cdf(distance: Quantity, rank: Quantity, density: Quantity) -> Quantity:
    r"""Probability :math:`P(i, \lambda\pi r^2)` that the i-th nearest point is within r metres.

    The disc of radius r holds at least i points: it is the regularised lower incomplete gamma
    function. Arguments as in :func:`distance_pdf`, with r = 0 and infinity allowed; numbers and arrays.

    Claim: foundation.squared-distance.

    >>> print(f"{distance_cdf(50.0, 1, per_km2(100)):.12f}")
    0.544061872234
    """
    return gammainc(rank, density * np.pi * distance**2)


@public("[0, 1]", distance="[0, inf]", rank=_RANKS)
@implements("foundation.squared-distance", "right")
def distance_sf(distance: Quantity, rank: Quantity, density: Quantity) -> Quantity:
    r"""Probability :math:`Q(i, \lambda\pi r^2)` that the i-th nearest point is beyond r metres.

    The disc of radius r holds fewer than i points: the regularised upper incomplete gamma function.
    Arguments as in :func:`distance_cdf`.

    Claim: foundation.squared-distance.

    >>> print(f"{distance_sf(50.0, 1, per_km2(100)):.12f}")
    0.455938127766
    """
    return gammaincc(rank, density * np.pi * distance**2)


@public("[0, inf]", rank=_RANKS)
@implements("foundation.distance-moments", "right")
def distance_moment(distance_moment_order: Quantity, rank: Quantity, density: Quantity) -> Quantity:
    r"""Moment :math:`E[d^p]` of the distance to the i-th nearest point, in metres to the p.

    .. math:: E[d^p] = \frac{\Gamma(i + p/2)}{(\lambda\pi)^{p/2}\,\Gamma(i)}, \qquad p > -2i

    ``distance_moment_order`` p is real; for :math:`p \le -2i` the integral diverges at r = 0 and
    ``ValueError`` says so. The rest is as in :func:`distance_pdf`. Source: coupling paper, before eq.
    (2).

    Claim: foundation.distance-moments.

    The mean square distance to the nearest of 100 points per square kilometre:

    >>> print(f"{distance_moment(2, 1, per_km2(100)):.6f}")
    3183.098862
    """
    order = distance_moment_order
    if is_numeric(order, rank) and np.any(np.asarray(order) <= -2 * np.asarray(rank)):
        raise ValueError(
            f"distance_moment_order must be in (-2 rank, inf) for the moment to exist, got {order} "
            f"with rank = {rank}"
        )
    ns = arithmetic(order, rank, density)
    return ns.exp(
        ns.loggamma(rank + order / 2) - ns.loggamma(rank) - order / 2 * ns.log(density * ns.pi)
    )


@public("[0, inf]", rank=_RANKS)
@implements("coupling.mean-distance", "right")
def mean_distance(rank: Quantity, density: Quantity) -> Quantity:
    r"""Mean distance to the i-th nearest point, :math:`\Gamma(i+\tfrac12)/(\sqrt{\lambda\pi}(i-1)!)`.

    In metres; arguments as in :func:`distance_pdf`. Source: coupling paper, after eq. (1).

    Claim: coupling.mean-distance.

    >>> round(float(mean_distance(1, per_km2(100))), 9)
    50.0
    """
    ns = arithmetic(rank, density)
    half = ns.rational(1, 2)
    return ns.exp(ns.loggamma(rank + half) - ns.loggamma(rank)) / ns.sqrt(density * ns.pi)


@public(size="integers [1, inf)", count="integers [1, inf)")
@implements("coupling.eq1", "system")
def sample_distances(
    rng: np.random.Generator,
    size: int,
    count: int,
    density: float,
    disc_radius: float | None = None,
) -> np.ndarray:
    r"""Distances to the ``count`` nearest points of ``size`` independent Poisson processes.

    .. math:: n\sim\mathrm{Poisson}(\lambda\pi R^2),\qquad r=R\sqrt u,\quad u\text{ uniform}

    The process itself is drawn: a Poisson number of points, uniform in a disc around the origin,
    whose coordinates give the distances. Nothing here knows the law of a distance.

    Parameters
    ----------
    rng : numpy Generator
    size : number of independent processes, >= 1
    count : number of nearest points wanted, >= 1
    density : points per square metre, > 0
    disc_radius : of the disc in metres; by default large enough that fewer than ``count`` points fall
        into it with a probability below 1e-15

    Returns an array (size, count) of ascending distances in metres. Raises ``ValueError`` when a disc
    of the given radius holds fewer than ``count`` points, and when the points do not fit in memory.

    Claim: coupling.eq1.

    >>> distance = sample_distances(np.random.default_rng(1), 100_000, 1, per_km2(100))
    >>> distance.shape, bool(abs(distance.mean() - 50) < 0.5)
    ((100000, 1), True)
    """
    radius = disc_radius
    if radius is None:
        # Chernoff: P(Poisson(m) < k) <= exp(-(sqrt(m) - sqrt(k))^2), and 35 > -ln(1e-15)
        mean_count = (math.sqrt(count) + math.sqrt(35.0)) ** 2
        radius = math.sqrt(mean_count / (math.pi * density))
    mean_count = density * math.pi * radius * radius
    check_memory((size, int(min(mean_count, 1e300))), 8)
    numbers = rng.poisson(mean_count, size)
    if numbers.min() < count:
        raise ValueError(
            f"disc_radius must be large enough to hold {count} points, got {radius:g} m, which held "
            f"{numbers.min()} of them"
        )
    most = numbers.max()
    # uniform in the square, kept where inside the disc, would waste a fifth: uniform area instead
    distance = radius * np.sqrt(rng.random((size, most)))
    distance[np.arange(most) >= numbers[:, None]] = np.inf
    return np.sort(np.partition(distance, count - 1, axis=1)[:, :count], axis=1)


@public("[0, inf]", rank=_RATIO_RANKS)
@implements("coupling.fz", "right")
@implements("coupling.A1", "right")
def ratio_pdf(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Density of :math:`Z = d_{U,K}/d_{T,K}^2` for two independent planar Poisson processes.

    .. math::
        f_Z(z) = \frac{2^{1-3K}(\lambda_U\pi z^2)^{-K/2}(3K-1)!\,(\lambda_T\pi)^K}{z\,((K-1)!)^2}\;
                 U\!\left(\tfrac{3K}{2}, \tfrac12, \tfrac{\pi\lambda_T^2}{4\lambda_U z^2}\right)

    Parameters
    ----------
    z : ratio in 1/m, > 0
    rank : K of both neighbours, a whole number >= 1
    user_density, target_density : points per square metre, > 0

    In metres. Arrays broadcast; symbols, mpmath numbers and balls are accepted and then use the
    formula as it stands, while numbers go through the stable recurrence of this module (relative
    error below 1e-12). Source: coupling paper, Theorem 1.

    Claims: coupling.fz, coupling.A1.

    For the paper's densities and fourth neighbours, printed in (A1) and right:

    >>> from isacnb.coupling.printed import ratio_pdf_printed
    >>> case = (0.1, 4, per_km2(100), per_km2(1000))
    >>> print(f"{ratio_pdf_printed(*case):.6f} {ratio_pdf(*case):.6f}")
    1.622474 6.713903
    """
    if not is_numeric(z, rank, user_density, target_density):
        return ratio_pdf_closed(z, rank, user_density, target_density)
    return np.exp(_ratio_law(z, rank, user_density, target_density, _log_density_times_z)) / z


def _tricomi_u(nu, w):
    """U(nu/2, 1/2, w); for numbers not by scipy, whose hyperu is wrong by 1e-8 at times."""
    if is_numeric(nu, w):
        return np.exp(log_tricomi_u(nu, w))
    ns = arithmetic(nu, w)
    half = ns.rational(1, 2)
    return ns.hyperu(nu * half, half, w)


@public("[0, inf]")
@implements("foundation.ratio-tails", "right", "w")
def ratio_parameter(z: Quantity, user_density: Quantity, target_density: Quantity) -> Quantity:
    r"""Number on which the law of the ratio depends, :math:`w = \pi\lambda_T^2/(4\lambda_Uz^2)`.

    Arguments and kinds of number as in :func:`ratio_pdf`.

    Claim: foundation.ratio-tails.

    >>> round(float(ratio_parameter(1.0, per_km2(100), per_km2(1000))), 12)
    0.007853981634
    """
    ns = arithmetic(z, user_density, target_density)
    return ns.pi * target_density**2 / (4 * user_density * z**2)


def ratio_pdf_closed(z, rank, user_density, target_density, stretch=1):
    """Density of the ratio by its formula, for any kind of number; (A1) stretches w."""
    ns = arithmetic(z, rank, user_density, target_density)
    half = ns.rational(1, 2)
    w = stretch * ratio_parameter(z, user_density, target_density)
    log_factor = (
        ns.loggamma(3 * rank)
        - 2 * ns.loggamma(rank)
        - (3 * rank - 1) * ns.log(2)
        + rank * ns.log(target_density * ns.pi)
        - rank * half * ns.log(user_density * ns.pi * z**2)
    )
    return ns.exp(log_factor) / z * _tricomi_u(3 * rank, w)


@public("[0, inf]")
@implements("foundation.ratio-tails", "right", r"I_\nu(w)")
def tricomi_integral(nu: Quantity, w: Quantity) -> Quantity:
    r"""Integral of which the law of the ratio is made, through Tricomi's function.

    .. math:: I_\nu(w) = \int_0^\infty u^{\nu-1}e^{-u^2-2\sqrt w\,u}\,du
              = 2^{-\nu}\,\Gamma(\nu)\,U\!\left(\tfrac\nu2, \tfrac12, w\right)

    ``nu`` > 0, ``w`` > 0; arrays broadcast; symbols, mpmath numbers and balls pass; the error of
    floats is that of :func:`isacnb.special.exponential.log_tricomi_u`.

    Claim: foundation.ratio-tails.

    >>> print(f"{tricomi_integral(1, 0.25):.9f}")
    0.545641361
    """
    ns = arithmetic(nu, w)
    log_factor = ns.loggamma(nu) - nu * ns.log(2)
    if not is_numeric(nu, w):
        return ns.exp(log_factor) * _tricomi_u(nu, w)
    return np.exp(log_factor + log_tricomi_u(nu, w))


@public("[0, 1]", z="[0, inf]", rank=_RATIO_RANKS)
@implements("foundation.ratio-tails", "right", r"\Pr[Z\le z]")
@implements("coupling.eq13", "right", "F_Z(t)")
@implements("beyond.special-accuracy", "exact")
def ratio_cdf(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Distribution function :math:`F_Z` of :math:`Z = d_{U,K}/d_{T,K}^2`.

    With :math:`w = \pi\lambda_T^2/(4\lambda_Uz^2)` and the integrals :math:`I_\nu` of this module,

    .. math:: F_Z(z) = \int_0^zf_Z(t)\,dt
              = \sum_{j=0}^{K-1}\frac{2(2\sqrt w)^j}{j!\,\Gamma(K)}I_{2K+j}(w)

    Arguments as in :func:`ratio_pdf`, with z = 0 and z = inf allowed. Relative error below 1e-12
    in the lower tail as well; :func:`ratio_sf` has the upper tail, and the two ``log`` forms stay
    finite where these underflow. Source: coupling paper, Theorem 1.

    Claims: foundation.ratio-tails, coupling.eq13, beyond.special-accuracy.

    >>> round(float(ratio_cdf(0.5, 4, per_km2(100), per_km2(1000))), 12)
    0.993202641842
    """
    return np.exp(_ratio_law(z, rank, user_density, target_density, _log_lower))


@public("[0, 1]", z="[0, inf]", rank=_RATIO_RANKS)
@implements("foundation.ratio-tails", "right", r"\Pr[Z>z]")
def ratio_sf(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Upper tail :math:`1-F_Z(z)`, computed on its own.

    .. math:: 1-F_Z(z) = \sum_{j=0}^{K-1}\frac{(2\sqrt w)^K}{j!\,\Gamma(K)}I_{K+2j}(w)

    Arguments, letters and accuracy as in :func:`ratio_cdf`.

    Claim: foundation.ratio-tails.

    >>> print(f"{ratio_sf(5.0, 4, per_km2(100), per_km2(1000)):.12e}")
    1.229638693243e-06
    """
    return np.exp(_ratio_law(z, rank, user_density, target_density, _log_upper))


@public("[-inf, 0]", z="[0, inf]", rank=_RATIO_RANKS)
@implements("foundation.ratio-tails", "exact")
def ratio_logcdf(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Natural logarithm :math:`\ln F_Z(z)`, finite where :func:`ratio_cdf` underflows.

    Arguments as there.

    Claim: foundation.ratio-tails.

    >>> print(f"{ratio_logcdf(1e-60, 4, per_km2(100), per_km2(1000)):.6f}")
    -1078.866589
    """
    return _log_of_tail(z, rank, user_density, target_density, _log_lower, _log_upper)


@public("[-inf, 0]", z="[0, inf]", rank=_RATIO_RANKS)
@implements("foundation.ratio-tails", "exact")
def ratio_logsf(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Natural logarithm :math:`\ln(1-F_Z(z))`, finite where :func:`ratio_sf` underflows.

    Arguments as in :func:`ratio_cdf`.

    Claim: foundation.ratio-tails.

    >>> print(f"{ratio_logsf(1e100, 4, per_km2(100), per_km2(1000)):.6f}")
    -928.137239
    """
    return _log_of_tail(z, rank, user_density, target_density, _log_upper, _log_lower)


@public("[0, inf]", probability="[0, 1]", rank=_RATIO_RANKS)
def ratio_ppf(
    probability: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Quantile of the ratio: z with :math:`F_Z(z)=` ``probability``, the inverse of :func:`ratio_cdf`.

    In 1/m. ``probability`` in [0, 1]; 0 gives 0 and 1 gives infinity; the rest as in
    :func:`ratio_pdf`, arrays broadcast. Relative error below 1e-12 for probabilities from 1e-300
    (:func:`ratio_isf` takes small upper tails); infinite or 0 where z leaves what floats hold.

    >>> z = ratio_ppf(0.9, 4, per_km2(100), per_km2(1000))
    >>> print(f"{ratio_cdf(z, 4, per_km2(100), per_km2(1000)):.12f}")
    0.900000000000
    """
    return _ratio_quantile(probability, rank, user_density, target_density, upper=False)


@public("[0, inf]", probability="[0, 1]", rank=_RATIO_RANKS)
def ratio_isf(
    probability: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Upper quantile of the ratio: z with :math:`1-F_Z(z)=` ``probability``, the inverse of :func:`ratio_sf`.

    As :func:`ratio_ppf`, with 0 giving infinity and 1 giving 0.

    >>> z = ratio_isf(1e-9, 4, per_km2(100), per_km2(1000))
    >>> print(f"{ratio_sf(z, 4, per_km2(100), per_km2(1000)):.6e}")
    1.000000e-09
    """
    return _ratio_quantile(probability, rank, user_density, target_density, upper=True)


def _ratio_quantile(probability, rank, user_density, target_density, *, upper: bool):
    log_scale = np.log(target_density * np.sqrt(np.pi / user_density))
    p, rank, log_scale = np.broadcast_arrays(probability, rank, log_scale)
    check_memory(p.shape)
    shape, p, rank, log_scale = p.shape, p.ravel(), rank.ravel(), log_scale.ravel()
    z = np.where((p == 0) == upper, np.inf, 0.0)
    for K in np.unique(rank):
        inside = (rank == K) & (p > 0) & (p < 1)
        if not np.any(inside):
            continue
        here = p[inside]
        # of the smaller tail, on log scales; log(2 sqrt(w)) falls with z
        side = ((here <= 0.5) == upper).astype(float)
        target = np.where(here <= 0.5, np.log(here), np.log1p(-here))

        def rising(log_x2, target, side, K=int(K)):
            excess, up = np.empty(log_x2.shape), side > 0
            with np.errstate(over="ignore"):
                excess[up] = _log_upper(log_x2[up], K) - target[up]
                excess[~up] = target[~up] - _log_lower(log_x2[~up], K)
            return excess

        # log z is nearly normal, of variance 5/(4K)
        spread = math.sqrt(1.25 / K)
        normal = ndtri(np.exp(np.maximum(target, -700))) * np.where(side > 0, 1, -1)
        start = math.log(K) / 2 + spread * normal
        noise, width = 1e-15 * (2 + np.abs(target)), np.full(here.size, 0.1 * spread)
        log_x2 = monotone_root(rising, start, width, (target, side), noise)
        with np.errstate(over="ignore", under="ignore"):
            z[inside] = np.exp(log_scale[inside] - log_x2)
    return z.reshape(shape)[()]


def _log_of_tail(z, rank, user_density, target_density, log_tail, log_other):
    tail = _ratio_law(z, rank, user_density, target_density, log_tail)
    other = _ratio_law(z, rank, user_density, target_density, log_other)
    with np.errstate(divide="ignore"):
        # the logarithm of a probability near 1 keeps its digits only through the complement
        return np.where(tail > -0.5, np.log1p(-np.exp(np.minimum(other, 0))), tail)[()]


def _ratio_law(z, rank, user_density, target_density, log_law):
    """Broadcast, group by K, and evaluate one of the log laws as a function of log(2 sqrt(w))."""
    with np.errstate(divide="ignore"):
        log_x2 = np.log(target_density * np.sqrt(np.pi / user_density)) - np.log(z)
    log_x2, rank = np.broadcast_arrays(log_x2, rank)
    flat_x2, flat_K = log_x2.ravel(), rank.ravel()
    result = np.empty(flat_x2.shape)
    for rank in np.unique(flat_K):
        (chosen,) = np.nonzero(flat_K == rank)
        for start in range(0, chosen.size, _BLOCK):
            part = chosen[start : start + _BLOCK]
            result[part] = log_law(flat_x2[part], int(rank))
    return result.reshape(log_x2.shape)[()]


_BLOCK = 4096  # points at a time, so that the work array of the quadrature stays in cache


_RESCALE = 32  # steps between two divisions that keep the sweep within the range of floats


_LIMIT = 300.0  # log(2x) beyond which every c_nu is 1 to the last digit


def _top_ratio(x, nu):
    """I_{nu+1} / I_nu for nu >= 24 by the trapezoidal rule in t = log u around the peak.

    The integrand exp(nu t - e^{2t} - 2x e^t) is analytic and its tails fall like e^{nu t} to the
    left and faster than exponentially to the right: 47 nodes leave an error below 1e-16.
    """
    peak = nu / (x + np.hypot(x, math.sqrt(2 * nu)))  # root of 2u^2 + 2xu = nu
    step = 0.5 / np.sqrt(nu + 2 * peak**2)
    offset = np.arange(-28, 19)[:, None] * step
    growth = np.expm1(offset)
    weight = np.exp(nu * offset - growth * (peak * peak * (2 + growth) + 2 * x * peak))
    return peak * (1 + (weight * growth).sum(axis=0) / weight.sum(axis=0))


def _sweep(x, rank, small, lowest, spacing, count, weight_ratio):
    """Log of sum_{j < count} weight_j s_{lowest + j spacing} with weight_0 = 1, by one sweep.

    s is b for ``small``, else c; weight_ratio(j) is weight_{j+1} / weight_j.
    """
    top = max(3 * rank, 24)
    here = np.ones_like(x)
    if small:
        above = _top_ratio(x, top) * math.exp(gammaln(top / 2) - gammaln((top + 1) / 2))
        log_bottom = np.log(erfcx(x))
    else:
        above = _top_ratio(x, top) * 2 * x / top
        log_bottom = np.log(math.sqrt(math.pi) * x * erfcx(x))
    total = np.zeros_like(x)
    # here and total carry logarithmic scales of their own, lag is the factor between the two
    log_here, log_total, lag = np.zeros_like(x), np.zeros_like(x), 1.0
    for nu in range(top, 0, -1):
        j, off_grid = divmod(nu - lowest, spacing)
        if 0 <= j < count and not off_grid:
            total = total * weight_ratio(j) + here * lag
        if nu % _RESCALE == 0:
            log_here = log_here + np.log(here)
            here, above = np.ones_like(x), above / here
            if nu <= lowest + spacing * (count - 1):
                log_total = log_total + np.log(total)
                total = np.ones_like(x)
            else:
                log_total = log_here
            lag = np.exp(log_here - log_total)
        if nu > 1:
            if small:
                gain = x * math.exp(gammaln(nu / 2) - gammaln((nu + 1) / 2))
                here, above = gain * here + above, here
            else:
                here, above = here + nu / (2 * x * x) * above, here
    return np.log(total) + log_total - np.log(here) - log_here + log_bottom


def _by_scaling(log_x2, rank, small_law, large_law):
    result = np.empty(log_x2.shape)
    small = 2 * log_x2 < math.log(4 * rank)  # w < K
    for chosen, law in ((small, small_law), (~small, large_law)):
        if chosen.any():
            result[chosen] = law(np.exp(np.minimum(log_x2[chosen], _LIMIT)) / 2, log_x2[chosen])
    return result


def _log_lower(log_x2, rank):

    def small(x, _):
        def ratio(j):
            return 2 * x * math.exp(gammaln(rank + (j + 1) / 2) - gammaln(rank + j / 2)) / (j + 1)

        return np.minimum(_sweep(x, rank, True, 2 * rank, 1, rank, ratio), 0)

    def large(x, log_x2):
        log_factor = math.log(2) + gammaln(2 * rank) - gammaln(rank) - 2 * rank * log_x2
        return log_factor + _sweep(
            x, rank, False, 2 * rank, 1, rank, lambda j: (2 * rank + j) / (j + 1)
        )

    return _by_scaling(log_x2, rank, small, large)


def _log_upper(log_x2, rank):
    def small(x, log_x2):
        log_factor = gammaln(rank / 2) - math.log(2) - gammaln(rank) + rank * log_x2
        return log_factor + _sweep(x, rank, True, rank, 2, rank, lambda j: (rank / 2 + j) / (j + 1))

    def large(x, _):
        def ratio(j):
            return (rank + 2 * j) * (rank + 2 * j + 1) / (4 * (j + 1) * x * x)

        return np.minimum(_sweep(x, rank, False, rank, 2, rank, ratio), 0)

    return _by_scaling(log_x2, rank, small, large)


def _log_density_times_z(log_x2, rank):
    def small(x, log_x2):
        log_factor = gammaln(1.5 * rank) - 2 * gammaln(rank) + rank * log_x2
        return log_factor + _sweep(x, rank, True, 3 * rank, 1, 1, lambda j: 0.0)

    def large(x, log_x2):
        log_factor = math.log(2) + gammaln(3 * rank) - 2 * gammaln(rank) - 2 * rank * log_x2
        return log_factor + _sweep(x, rank, False, 3 * rank, 1, 1, lambda j: 0.0)

    return _by_scaling(log_x2, rank, small, large)


@public(digits="integers [1, 1000]", rank="integers [1, 1000]")
@implements("foundation.ratio-tails", "certified", r"\Pr[Z\le z]")
@implements("beyond.special-accuracy", "certified")
def certified_ratio_cdf(
    z: float | flint.arb,
    rank: int,
    user_density: float | flint.arb,
    target_density: float | flint.arb,
    *,
    digits: int = 20,
) -> flint.arb:
    r"""Ball that contains :math:`F_Z(z)`, from its finite sum of Tricomi functions.

    .. math:: F_Z = \sum_{j<K} \frac{(2\sqrt w)^j\,2^{1-2K-j}\,\Gamma(2K+j)}{j!\,\Gamma(K)}\,
              U\!\left(K+\tfrac j2, \tfrac12, w\right)

    One point at a time; z and the densities may be balls (``flint.arb``), and floats are taken as the
    exact numbers that they are. Arguments as in :func:`ratio_pdf`. ``digits`` from 1 to 1000 is the
    relative accuracy of the ball. Returns a ``flint.arb``; raises ``ValueError`` if the accuracy
    is not reached.

    Claims: foundation.ratio-tails, beyond.special-accuracy.

    >>> certified_ratio_cdf(0.5, 4, per_km2(100), per_km2(1000)).str(12, radius=False)
    '0.993202641842'
    """

    def term(j, w):
        half = flint.arb(1) / 2
        power = (2 * w.sqrt()) ** j / flint.arb(2) ** (2 * rank + j - 1)
        gammas = flint.arb(2 * rank + j).gamma() / (
            flint.arb(j + 1).gamma() * flint.arb(rank).gamma()
        )
        return power * gammas * w.hypgeom_u(rank + j * half, half)

    return _certified_sum(z, rank, user_density, target_density, digits, term)


@public(digits="integers [1, 1000]", rank="integers [1, 1000]")
@implements("foundation.ratio-tails", "certified", r"\Pr[Z>z]")
def certified_ratio_sf(
    z: float | flint.arb,
    rank: int,
    user_density: float | flint.arb,
    target_density: float | flint.arb,
    *,
    digits: int = 20,
) -> flint.arb:
    r"""Ball that contains :math:`1 - F_Z(z)`, from its own finite sum of Tricomi functions.

    .. math:: 1 - F_Z = \sum_{j<K} \frac{\Gamma(K+2j)\,w^{K/2}}{j!\,\Gamma(K)\,4^j}\,
              U\!\left(\tfrac K2+j, \tfrac12, w\right)

    Arguments, errors and result as in :func:`certified_ratio_cdf`.

    Claim: foundation.ratio-tails.

    >>> certified_ratio_sf(5.0, 4, per_km2(100), per_km2(1000)).str(12, radius=False)
    '1.22963869324e-6'
    """

    def term(j, w):
        half = flint.arb(1) / 2
        gammas = flint.arb(rank + 2 * j).gamma() / (
            flint.arb(j + 1).gamma() * flint.arb(rank).gamma()
        )
        return gammas * w ** (rank * half) / flint.arb(4) ** j * w.hypgeom_u(rank * half + j, half)

    return _certified_sum(z, rank, user_density, target_density, digits, term)


def _certified_sum(z, rank, user_density, target_density, digits, term):
    z, user_density, target_density = (
        value if isinstance(value, flint.arb) else flint.arb(float(value))
        for value in (z, user_density, target_density)
    )

    def compute():
        w = ratio_parameter(z, user_density, target_density)
        return sum((term(j, w) for j in range(rank)), flint.arb(0))

    return sharpen(compute, digits)
