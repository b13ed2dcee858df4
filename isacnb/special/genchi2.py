"""The generalised chi-square law: weighted sums of noncentral chi-square variables and a normal one.

Both tails and their logarithms, at many degrees of freedom too, and the parameters by which a quadratic
form of a Gaussian vector has such a law. Each function is compared with the enclosures of
:mod:`isacnb.special.certified`. Everything is vectorised: arguments broadcast, scalars return a float.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.special

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_real
from .marcum import _log_one_minus

__all__ = [
    "genchi2_cdf",
    "genchi2_cdf_gaussian",
    "genchi2_cumulant",
    "genchi2_cumulant_function",
    "genchi2_logcdf",
    "genchi2_logsf",
    "genchi2_sf",
    "quadratic_form_parameters",
]


_GENCHI2_BLOCK = 256


_GENCHI2_TILT = 0.7  # below 1: the normal factor must fall along the leaning path


@public("[0, 1]", x="[-inf, inf]")
@implements("foundation.quadratic-inversion", "right")
def genchi2_sf(
    x: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\Pr[X>x]` for a generalised chi-square variable.

    :math:`X=\sum_j w_j\,\chi'^2_{d_j}(\lambda_j)+s\,N+c` with independent noncentral chi-square
    variables and a standard normal N. Every quadratic form of a Gaussian vector is one: see
    :func:`quadratic_form_parameters`.

    Parameters
    ----------
    x : real, infinities admitted, any shape
        Thresholds.
    weights : real, one or a sequence, positive or negative
        Weights w.
    dof : real >= 1, one or a sequence
        Degrees of freedom d.
    noncentrality : real >= 0, one or a sequence
        Noncentralities, sums of squared means of unit variance Gaussians.
    normal_std : real >= 0
        Standard deviation s of the normal term.
    offset : real
        Constant c.

    Returns
    -------
    float or array of the shape of ``x``
        Relative error below 1e-12 from 1e-2 to 1e-30 in either tail (measured: 2e-14 for
        moderate parameters). Beyond, an error of about 1e-16 times the size of the exponent's
        terms; see :func:`genchi2_logsf` for values that underflow.

    Raises
    ------
    ValueError
        If an argument is outside its domain, the sequences differ in length, or X is constant.
    ArithmeticError
        If the quadrature does not converge (no case is known).

    Notes
    -----
    Inversion integral of J. P. Imhof, Biometrika 48 (1961), moved to the saddle point as in
    S. O. Rice, SIAM J. Sci. Stat. Comput. 1 (1980). The rician paper calls on this law for equal
    angles (Section III-A, case 3).

    Claim: foundation.quadratic-inversion.

    >>> print(f"{genchi2_sf(30.0, [2, -1], [3, 3]):.12e}")
    1.017436234609e-03
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=True, log=False)


@public("[0, 1]", x="[-inf, inf]")
@implements("foundation.quadratic-inversion", "right")
@implements("beyond.special-accuracy", "exact")
def genchi2_cdf(
    x: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\Pr[X\le x]`, accurate where it is small; see :func:`genchi2_sf`.

    Claims: foundation.quadratic-inversion, beyond.special-accuracy.

    >>> print(f"{genchi2_cdf(1e-3, [2, 1], [3, 3]):.12e}")
    7.363624354799e-12
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=False, log=False)


@public("[-inf, 0]", x="[-inf, inf]")
@implements("foundation.quadratic-inversion", "exact")
def genchi2_logsf(
    x: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\ln\Pr[X>x]`, the logarithm of :func:`genchi2_sf`, finite far beyond underflow.

    Claim: foundation.quadratic-inversion.

    >>> float(genchi2_logsf(2e4, 1.0, 2))
    -10000.0
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=True, log=True)


@public("[-inf, 0]", x="[-inf, inf]")
@implements("foundation.quadratic-inversion", "exact")
def genchi2_logcdf(
    x: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\ln\Pr[X\le x]`, the logarithm of :func:`genchi2_cdf`, beyond underflow.

    Claim: foundation.quadratic-inversion.

    >>> float(genchi2_logcdf(-2e4, -1.0, 2))
    -10000.0
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=False, log=True)


@public(moment_argument="complex")
@implements("foundation.quadratic-cumulant", "right", r"\kappa(t)")
def genchi2_cumulant_function(
    moment_argument: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float | complex:
    r"""Return :math:`\kappa(t)=\ln E\,e^{tX}` of a generalised chi-square variable.

    .. math:: \kappa(t)=ct+\frac{s^2t^2}2
              +\sum_j\Big[-\frac{d_j}2\ln(1-2w_jt)+\frac{\delta_jw_jt}{1-2w_jt}\Big]

    ``moment_argument`` t is real or complex, of any shape; the rest is as in :func:`genchi2_sf`, with
    noncentralities :math:`\delta`. On the imaginary axis it is the logarithm of the characteristic
    function; beyond the strip Re(2 w_j t) < 1 and off the real axis it is continued analytically.
    Raises ``ValueError`` on the branch cuts, for a real t with 2 w_j t >= 1.

    Claim: foundation.quadratic-cumulant.

    >>> print(f"{genchi2_cumulant_function(0.1, [2, 1], [3, 3], [1, 0]):.12f}")
    1.434287095954
    """
    t = np.asarray(moment_argument)
    if not np.isfinite(t).all():
        raise ValueError("moment_argument must be finite, got nan or infinity")
    w, d, delta, std, c = _genchi2_parameters(weights, dof, noncentrality, normal_std, offset)
    reach = 2 * w * t[..., None]
    cut = (reach.real >= 1) & (reach.imag == 0)
    if np.any(cut):
        raise ValueError(
            f"moment_argument must have 2 w t < 1 on the real axis, got {reach.real[cut][0]:g}"
        )
    terms = -d / 2 * np.log1p(-reach) + delta / 2 * reach / (1 - reach)
    return terms.sum(axis=-1) + c * t + (std * t) ** 2 / 2


@public
@implements("foundation.quadratic-cumulant", "right", r"\kappa_k")
@implements("foundation.noncentral-gamma", "tool", "mean and variance")
@implements("foundation.rician-norm", "tool", r"\operatorname{Var}Z")
def genchi2_cumulant(
    cumulant_order: int,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> float:
    r"""Return the cumulant of order k of a generalised chi-square variable.

    .. math:: \kappa_k=2^{k-1}(k-1)!\sum_jw_j^k\,(d_j+k\,\delta_j)

    plus the offset for k = 1, the mean, and plus s² for k = 2, the variance. Arguments as in
    :func:`genchi2_sf`. Raises ``ValueError`` unless k is a whole number >= 1.

    Claims: foundation.quadratic-cumulant, foundation.noncentral-gamma, foundation.rician-norm.

    >>> [genchi2_cumulant(k, [2, 1], [3, 3], [1, 0], normal_std=1.0) for k in (1, 2, 3)]
    [11.0, 47.0, 408.0]
    """
    k = int(cumulant_order)
    w, d, delta, std, c = _genchi2_parameters(weights, dof, noncentrality, normal_std, offset)
    total = 2.0 ** (k - 1) * math.factorial(k - 1) * np.sum(w**k * (d + k * delta))
    return float(total + {1: c, 2: std**2}.get(k, 0.0))


@public("[0, 1]", x="[-inf, inf]")
@implements("foundation.quadratic-gaussian-approximation", "approximation")
def genchi2_cdf_gaussian(
    x: Quantity,
    weights: Quantity,
    dof: Quantity,
    noncentrality: Quantity = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return the normal approximation :math:`\Phi\big((x-\kappa_1)/\sqrt{\kappa_2}\big)` of the law.

    Mean and variance are right, the tails are not: compare :func:`genchi2_cdf`. Arguments and errors
    as there.

    Claim: foundation.quadratic-gaussian-approximation.

    >>> print(f"{genchi2_cdf_gaussian(1e-3, [2, 1], [3, 3]):.6f} {genchi2_cdf(1e-3, [2, 1], [3, 3]):.3e}")
    0.050193 7.364e-12
    """
    form = weights, dof, noncentrality, normal_std, offset
    mean, variance = (genchi2_cumulant(order, *form) for order in (1, 2))
    return scipy.special.ndtr((x - mean) / math.sqrt(variance))


def _genchi2_parameters(weights, dof, noncentrality, normal_std, offset):
    """Check the parameters of a generalised chi-square law; arrays of one axis, and two floats."""
    columns = (
        np.atleast_1d(check_real("weights", weights)),
        np.atleast_1d(check_real("dof", dof, 0, open_low=True)),
        np.atleast_1d(check_real("noncentrality", noncentrality, 0)),
    )
    try:
        columns = np.broadcast_arrays(*columns)
    except ValueError:
        sizes = [column.shape for column in columns]
        raise ValueError(
            f"weights, dof and noncentrality must have one length, got {sizes}"
        ) from None
    std = float(check_real("normal_std", normal_std, 0))
    return (*columns, std, float(check_real("offset", offset)))


@public
@implements("foundation.quadratic-reduction", "right")
def quadratic_form_parameters(
    matrix: Quantity,
    linear: Quantity,
    constant: float,
    mean: Quantity,
    covariance: Quantity,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    r"""Return the parameters of a quadratic form of a real Gaussian vector.

    .. math:: q(x)=x^TAx+b^Tx+c = \sum_jw_j\,\chi'^2_1(\lambda_j)+s\,N+c',
              \qquad x\sim\mathcal N(\mu,\Sigma),

    in law, with the weights, degrees of freedom (all 1), noncentralities, standard deviation of the
    normal term and offset that are returned, in the order in which :func:`genchi2_sf` takes them.

    Parameters
    ----------
    matrix : real, shape (n, n)
        A; only its symmetric part matters.
    linear : real, shape (n,)
        b.
    constant : real
        c.
    mean : real, shape (n,)
        :math:`\mu`.
    covariance : real, shape (n, n)
        :math:`\Sigma`, symmetric and positive semidefinite, singular or not.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, or the covariance is not symmetric and
        positive semidefinite.

    Notes
    -----
    With x = mean + L z, covariance = L L^T and z white, the eigenvectors of L^T A L make the form a
    sum of squares; an eigenvalue 0 leaves a normal term. Eigenvalues below 1e-13 of the largest
    count as 0.

    Claim: foundation.quadratic-reduction.

    >>> parameters = quadratic_form_parameters([[0, 1], [1, 0]], [0, 0], 0, [1, 1], np.eye(2))
    >>> [np.round(p, 12).tolist() for p in parameters]
    [[-1.0, 1.0], [1.0, 1.0], [0.0, 2.0], 0.0, 0.0]
    """
    mean = np.atleast_1d(check_real("mean", mean))
    matrix, linear = check_real("matrix", matrix), check_real("linear", linear)
    covariance = check_real("covariance", covariance)
    for name, array, shape in (
        ("mean", mean, (mean.size,)),
        ("matrix", matrix, (mean.size,) * 2),
        ("linear", linear, (mean.size,)),
        ("covariance", covariance, (mean.size,) * 2),
    ):
        if array.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    spread, axes = np.linalg.eigh(covariance)
    tolerance = 1e-13 * np.abs(spread).max()
    if np.abs(covariance - covariance.T).max() > tolerance or spread.min() < -tolerance:
        raise ValueError(
            f"covariance must be symmetric and positive semidefinite, got {covariance}"
        )
    root = axes * np.sqrt(np.maximum(spread, 0))
    symmetric = (matrix + matrix.T) / 2
    eigenvalues, directions = np.linalg.eigh(root.T @ symmetric @ root)
    slope = directions.T @ (root.T @ (2 * symmetric @ mean + linear))
    offset = mean @ symmetric @ mean + linear @ mean + float(constant)
    curved = np.abs(eigenvalues) > 1e-13 * np.abs(eigenvalues).max()
    weights, shift = eigenvalues[curved], slope[curved] / (2 * eigenvalues[curved])
    offset -= np.sum(weights * shift**2)
    return weights, np.ones(weights.size), shift**2, np.linalg.norm(slope[~curved]), offset


class _QuadraticForm(NamedTuple):
    """A generalised chi-square variable less its offset: distinct nonzero weights and the rest."""

    weights: np.ndarray
    dof: np.ndarray
    noncentrality: np.ndarray
    std: float

    @property
    def mean(self) -> float:
        return float(self.weights @ (self.dof + self.noncentrality))


def _quadratic_form(weights, dof, noncentrality, normal_std) -> tuple[_QuadraticForm, float]:
    """Check the parameters; return X less its offset, divided by a scale, and that scale."""
    arrays = {
        "weights": check_real("weights", weights),
        "dof": check_real("dof", dof, 1),
        "noncentrality": check_real("noncentrality", noncentrality, 0),
    }
    count = max(array.size for array in arrays.values())
    for name, array in arrays.items():
        if array.ndim > 1 or array.size not in (1, count):
            raise ValueError(
                f"{name} must be one number or have length {count}, got shape {array.shape}"
            )
    std = float(check_real("normal_std", normal_std, 0))
    w, d, n = (np.broadcast_to(array, count) for array in arrays.values())
    distinct, index = np.unique(w, return_inverse=True)
    d, n = (np.bincount(index, values, distinct.size) for values in (d, n))
    keep = distinct != 0
    if not keep.any() and std == 0:
        raise ValueError("weights must have a nonzero entry unless normal_std is positive")
    # a power of two scales without rounding and keeps squares of weights within range
    scale = 2.0 ** np.frexp(np.abs([*distinct, std]).max())[1]
    return _QuadraticForm(distinct[keep] / scale, d[keep], n[keep], std / scale), scale


def _genchi2(x, weights, dof, noncentrality, normal_std, offset, *, upper: bool, log: bool):
    x = check_real("x", x, finite=False)
    form, scale = _quadratic_form(weights, dof, noncentrality, normal_std)
    with np.errstate(over="ignore"):
        x = (x - float(check_real("offset", offset))) / scale
    shape, x = x.shape, x.ravel()
    # log of the smaller tail, and whether that is the survival function
    sf_is_smaller = x > form.mean
    log_tail = np.full(x.size, -np.inf)
    inside = np.isfinite(x)
    if form.weights.size == 0:
        log_tail[inside] = scipy.special.log_ndtr(-np.abs(x[inside]) / form.std)
    else:
        if form.std == 0:  # a definite form has no mass beyond 0
            inside &= (x > 0) if form.weights[0] > 0 else np.full(x.size, True)
            inside &= (x < 0) if form.weights[-1] < 0 else np.full(x.size, True)
        for side in (1, -1):
            chosen = np.flatnonzero(inside & (sf_is_smaller == (side > 0)))
            for start in range(0, chosen.size, _GENCHI2_BLOCK):
                block = chosen[start : start + _GENCHI2_BLOCK]
                log_tail[block] = _genchi2_log_tail(x[block], form, side)
    direct = sf_is_smaller == upper
    if log:
        result = np.where(direct, log_tail, np.log1p(-np.exp(log_tail)) + 0.0)
    else:
        result = np.where(direct, np.exp(log_tail), -np.expm1(log_tail))
    return result.reshape(shape)[()]


def _genchi2_log_tail(x, form: _QuadraticForm, side: int):
    """Return log Pr[X > x] for x beyond the mean (side = 1), log Pr[X <= x] below (side = -1)."""
    t0, width = _genchi2_saddle(x, form, side)
    top = _genchi2_exponent(t0, x, form)
    rounding = 4e-16 * (np.abs(t0 * x) + np.abs(top) + form.dof.sum())
    lean = _genchi2_lean(x, form, t0, width, top)

    def integrand(tau):
        t, speed = _genchi2_path(tau, t0, width, lean)
        # far beyond its end the path may lead to where the integrand is huge
        with np.errstate(over="ignore", invalid="ignore"):
            return np.exp(_genchi2_exponent(t, x, form) - top) * speed / t

    def odd_multiples(step, first):
        """Sum the integrand over first, first + step, ... until it is negligible."""
        total, start, alive = 0.0, first, True
        while np.any(alive):
            tau = start + step * np.arange(math.ceil(4 / step))[:, None]
            values = integrand(tau)
            # the path ends at its first negligible point: from there it might as well go straight
            # up, where the modulus only falls
            large = np.abs(values) > 1e-17 * 2 * width / np.abs(t0)
            large[0] &= alive
            large = np.logical_and.accumulate(large, axis=0)
            total = total + np.where(large, values.imag, 0).sum(axis=0)
            start, alive = start + step * tau.size, large[-1]
        return total

    step = 0.2
    estimate = step * (integrand(np.zeros((1, 1))).imag[0] / 2 + odd_multiples(step, step))
    for _ in range(7):
        previous = estimate
        estimate = previous / 2 + step / 2 * odd_multiples(step, step / 2)
        step /= 2
        # the error at half the step is of the order of its square
        if np.all(np.abs(estimate - previous) < (1e-10 + rounding) * np.abs(estimate)):
            return top + np.log(side * estimate / np.pi)
    raise ArithmeticError(f"the quadrature did not converge for {form}")


def _genchi2_path(tau, t0, width, lean):
    """Return the path and its derivative; ``lean`` is tilt / height of the hyperbola, signed."""
    v = 2 * width * np.sinh(tau)
    root = np.hypot(1, lean * v / _GENCHI2_TILT)
    t = t0 + v * (lean * v / (1 + root)) + 1j * v
    return t, (lean * v / root + 1j) * 2 * width * np.cosh(tau)


def _genchi2_lean(x, form: _QuadraticForm, t0, width, top):
    """Return for each x the lean on which the integrand is the first to become negligible."""
    # 20 widths up the integrand is mostly negligible already, and the path need not lean at all
    low, tau = 20 * width, np.arange(0, 61, 0.5)[:, None]
    straight = np.zeros(x.shape)
    best = _genchi2_reach(tau[:7], x, form, t0, width, top, straight)
    if np.all(best < 7):
        return straight
    # terms of small weight and large noncentrality act like an offset: near the saddle point
    # exp(-t x) with what they leave of x decides, far away x itself
    weights, dof, noncentrality = (part[:, None] for part in form[:3])
    factor = 1 / (1 - 2 * weights * (t0 + 1j * low))
    near = x - form.std**2 * t0
    near = near - np.sum(weights * (dof * factor + noncentrality * factor**2).real, axis=0)
    lean, best = straight, _genchi2_reach(tau, x, form, t0, width, top, straight)
    for force in (near, x):
        height = np.maximum(low, 1 / np.maximum(np.abs(force), 1e-50 / width))
        candidate = np.sign(force) * _GENCHI2_TILT / height
        reach = _genchi2_reach(tau, x, form, t0, width, top, candidate)
        lean, best = np.where(reach < best, candidate, lean), np.minimum(reach, best)
    return lean


def _genchi2_reach(tau, x, form: _QuadraticForm, t0, width, top, lean):
    """Return the index in tau at which the integrand is negligible, len(tau) if it is not or grows."""
    t, speed = _genchi2_path(tau, t0, width, lean)
    size = (_genchi2_exponent(t, x, form) - top).real + np.log(np.abs(speed / t * t0 / width))
    dead = size < -39
    reach = np.where(dead.any(axis=0), dead.argmax(axis=0), len(tau))
    before = np.arange(len(tau))[:, None] < reach
    return np.where(np.any(before & (size > 2), axis=0), len(tau), reach)


def _genchi2_exponent(t, x, form: _QuadraticForm):
    """Return K(t) - t x for real or complex t."""
    value = (form.std * t) ** 2 / 2
    excess = x
    for w, d, n in zip(form.weights, form.dof, form.noncentrality, strict=True):
        z = 2 * w * t
        # small terms meet x as means, so that large means do not cancel; for large z the
        # subtraction of the mean would itself be a cancellation
        small = np.abs(z) < 1
        excess = excess - np.where(small, w * (d + n), 0)
        value = value - d / 2 * (_log_one_minus(z) + np.where(small, z, 0))
        if n > 0:
            value = value + n / 2 * (z / (1 - z)) * np.where(small, z, 1)
    return value - t * excess


def _genchi2_saddle(x, form: _QuadraticForm, side: int):
    """Return the minimum of K(t) - t x - log|t| on one side of 0, and its width.

    Newton's method, safeguarded by a bracket. The path may miss the minimum by a fraction of the
    width, so a few digits are enough.
    """
    w, d, n = (part[:, None] for part in form[:3])
    # work with positive t by reflection; slope and curvature are those in t times t and t^2
    w, x = side * w, side * x
    edge = 1 / (2 * w.max()) if w.max() > 0 else np.inf
    deviation = math.sqrt(form.std**2 + 2 * float(np.sum(w * w * (d + 2 * n))))
    t = np.full(x.shape, min(edge / 2, 1 / deviation))
    if edge == np.inf and form.std == 0:
        t = np.maximum(t, (d.sum() / 2 + 1) / np.abs(x))
    low, high = np.zeros(x.shape), np.full(x.shape, edge)
    for _ in range(200):
        factor = 1 - 2 * w * t
        pull = 2 * w * t / factor
        slope = (form.std * t) ** 2 - x * t - 1 + np.sum(pull * (d + n / factor), axis=0) / 2
        curvature = (form.std * t) ** 2 + 1
        curvature = curvature + np.sum(pull**2 * (d + 2 * n / factor), axis=0) / 2
        if np.all(np.abs(slope) < 0.05 * np.sqrt(curvature)):
            break
        low, high = np.where(slope < 0, t, low), np.where(slope < 0, high, t)
        newton = t - t * slope / curvature
        middle = np.where(np.isinf(high), 2 * t, (low + high) / 2)
        t = np.where((newton > low) & (newton < high), newton, middle)
    return side * t, t / np.sqrt(curvature)
