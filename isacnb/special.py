"""Special functions of the two papers, right to the last digits in both tails.

Marcum's Q of whole order with its inverse, the scaled exponential integral, Tricomi's U on a log
scale and the generalised chi-square law. ``scipy`` has some of them; the functions here are those
for which it returns zeros, nan or wrong digits where an outage probability is small. Each one is
compared with the enclosures of :mod:`isacnb.certified` in the tests and in ``benchmarks``.

Everything is vectorised: arguments broadcast, scalars return a float.
"""

import math
from typing import NamedTuple

import flint
import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from .certified import certified_marcum_q
from .generic import Quantity, arithmetic
from .index import implements
from .validation import check_integer, check_real

__all__ = [
    "genchi2_cdf",
    "genchi2_cdf_gaussian",
    "genchi2_cumulant",
    "genchi2_cumulant_function",
    "genchi2_logcdf",
    "genchi2_logsf",
    "genchi2_sf",
    "hermitian_form_parameters",
    "log_marcum_p",
    "log_marcum_q",
    "log_tricomi_u",
    "marcum_contour_bound",
    "marcum_contour_mean",
    "marcum_p",
    "marcum_q",
    "marcum_q_inverse_a",
    "marcum_q_step",
    "marcum_saddle_point",
    "quadratic_form_parameters",
    "scaled_expn",
]

# terms below exp(-_NEGLIGIBLE) of the leading one are dropped: 35 / log(10) = 15.2 digits
_NEGLIGIBLE = 35.0


# -- Marcum's Q -----------------------------------------------------------------------------------
#
# With x = a^2/2 and y = b^2/2, Q is the probability that a Poisson variable of mean y does not
# exceed one of mean x by m or more. Summing the generating function of the difference over that
# half line gives, on any circle |z| > 1,
#
#     Q = exp(-x-y) / (2 pi i)  *  integral of  z^(m-1) exp(x z + y/z) / (z - 1) dz,
#
# and P = 1 - Q is minus the same integral on a circle |z| < 1: the residue at z = 1 is 1. Let
# D = sqrt(m^2 + a^2 b^2). The saddle point of z^m exp(x z + y/z) is z0 = b^2 / (m + D), and with
# z = z0 exp(u) the whole exponent is
#
#     E + D (cosh u - 1) - m (sinh u - u),     E = -(a-b)^2/2 + m^2/(D+ab) + m log z0.
#
# On the circle through the saddle point u = i theta: the modulus is exp(E - 2 D sin^2(theta/2)),
# the phase m (theta - sin theta). The integrand is positive in its middle, so nothing cancels, for
# Q if z0 > 1 and for P if z0 < 1. The other one of the two is 1 minus it and at least about 0.3.
#
# The midpoint rule with step h errs by exp(D (cosh v - 1) + m (sinh v - v) - 2 pi v/h) for the best
# v, and by Bernstein's inequality 2 pi/h > L/3 + sqrt(L^2/9 + 2 D L) makes that less than exp(-L).
# The half circle, or the part of it on which 2 D sin^2(theta/2) < L, needs at most 24 nodes; the
# worst case is D = L/2. The pole at z = 1 may lie nearer than the v of that bound. Its share in the
# error is then known exactly, 1/(1 + exp(2 pi |log z0|/h)), and is added back.

_MARCUM_NODES = 24
_GENCHI2_BLOCK = 256
_GENCHI2_TILT = 0.7  # below 1: the normal factor must fall along the leaning path
_MARCUM_BLOCK = 512  # evaluations a block: the working arrays stay in the cache


@implements("foundation.marcum-race", "right")
@implements("foundation.marcum-contour", "tool")
@implements("beyond.special-accuracy", "exact")
def marcum_q(m: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return Marcum's Q function of whole order, :math:`Q_m(a, b)`.

    :math:`Q_m(a,b)=\Pr[\chi'^2_{2m}(a^2)>b^2]`: the probability that a noncentral chi-square
    variable with 2m degrees of freedom and noncentrality a² exceeds b².

    Parameters
    ----------
    m : whole number >= 1
        Order (half the degrees of freedom).
    a, b : real >= 0, infinity admitted in one of them
        Noncentrality and threshold, both as amplitudes.

    Returns
    -------
    float or array of the broadcast shape
        Relative error below 1e-12 for every value above 1e-300, orders to 256 and arguments to 200
        (measured: 5e-13); smaller values lose digits only to underflow, see :func:`log_marcum_q`.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Detection probability of a square-law detector: equation (8) of the coupling paper with m = 1.
    Method: the contour integral of C. W. Helstrom, IEEE Trans. Aerosp. Electron. Syst. 28 (1992),
    here through the saddle point with the pole accounted for exactly.

    Claims: foundation.marcum-race, foundation.marcum-contour, beyond.special-accuracy.

    Examples
    --------
    >>> print(f"{marcum_q(1, 1.0, 2.0):.12f}")
    0.269012060036
    >>> marcum_q([1, 256], 0.0, 30.0)
    array([3.69388307e-196, 9.37259017e-024])
    """
    return _marcum(m, a, b, upper=True, log=False)


@implements("foundation.marcum-race", "right")
@implements("beyond.special-accuracy", "exact")
def marcum_p(m: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return the complement :math:`P_m(a,b)=1-Q_m(a,b)`, accurate where it is small.

    Parameters, accuracy and errors as :func:`marcum_q`.

    Claims: foundation.marcum-race, beyond.special-accuracy.

    >>> print(f"{marcum_p(4, 9.0, 0.5):.11e}")
    6.05495202801e-23
    """
    return _marcum(m, a, b, upper=False, log=False)


@implements("foundation.marcum-race", "exact")
def log_marcum_q(m: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return :math:`\ln Q_m(a,b)`, the logarithm of :func:`marcum_q`, finite far beyond underflow.

    Parameters and errors as :func:`marcum_q`; -inf only where Q is exactly 0 (b infinite) or its
    logarithm is below the range of a float.

    Claim: foundation.marcum-race.

    >>> float(log_marcum_q(1, 0.0, 200.0))
    -20000.0
    """
    return _marcum(m, a, b, upper=True, log=True)


@implements("foundation.marcum-race", "exact")
def log_marcum_p(m: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return :math:`\ln P_m(a,b)`, the logarithm of :func:`marcum_p`, finite far beyond underflow.

    Parameters and errors as :func:`marcum_q`; -inf only where P is exactly 0 (b = 0, a infinite) or
    its logarithm is below the range of a float.

    Claim: foundation.marcum-race.

    >>> print(f"{log_marcum_p(1, 100.0, 1.0):.8f}")
    -4908.32056450
    """
    return _marcum(m, a, b, upper=False, log=True)


@implements("foundation.marcum-recurrence", "right")
@implements("foundation.marcum-monotone", "right")
def marcum_q_step(m: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return what one order more adds to Marcum's Q, :math:`Q_{m+1}(a,b)-Q_m(a,b)`.

    .. math:: \left(\frac ba\right)^m e^{-(a^2+b^2)/2}\,I_m(ab)

    It is the probability that a Poisson count of mean b²/2 leads one of mean a²/2 by m. The slopes of
    :func:`marcum_q` are :math:`\partial Q_m/\partial a` = a times the step of order m, and
    :math:`\partial Q_m/\partial b` = -b times that of order m - 1.

    Parameters
    ----------
    m : whole number >= 0
        Order.
    a, b : real > 0
        As in :func:`marcum_q`; arrays broadcast.

    Relative error below 1e-12 where the scaled Bessel function of scipy does not underflow.
    Raises ``ValueError`` outside these ranges.

    Claims: foundation.marcum-recurrence, foundation.marcum-monotone.

    >>> print(f"{marcum_q_step(1, 1.0, 2.0):.12f}")
    0.261134848048
    """
    m = check_integer("m", m, 0)
    a = check_real("a", a, 0, open_low=True)
    b = check_real("b", b, 0, open_low=True)
    return np.exp(m * np.log(b / a) - (a - b) ** 2 / 2) * scipy.special.ive(m, a * b)


@implements("foundation.marcum-contour", "tool", "D, z_0, E")
def marcum_saddle_point(m: int, a: Quantity, b: Quantity) -> tuple[Quantity, Quantity, Quantity]:
    r"""Return D, the saddle point z_0 on the positive axis, and the exponent E there.

    .. math:: D=\sqrt{m^2+a^2b^2},\qquad z_0=\frac{b^2}{m+D},\qquad
              E=-\tfrac12(a-b)^2+\frac{m^2}{D+ab}+m\ln z_0

    of the integrand :math:`e^{-x-y}z^me^{xz+y/z}`, x = a²/2, y = b²/2. m is a whole number >= 1,
    a real >= 0 and b > 0; other kinds of number pass. Raises ``ValueError`` outside these ranges.

    Claim: foundation.marcum-contour.

    >>> print(*(f"{part:.6f}" for part in marcum_saddle_point(1, 1.0, 3.0)))
    3.162278 2.162278 -1.066560
    """
    m = check_integer("m", m, 1)
    a = check_real("a", a, 0)
    b = check_real("b", b, 0, open_low=True)
    ns = arithmetic(a, b)
    D = ns.sqrt(m**2 + (a * b) ** 2)
    z0 = b**2 / (m + D)
    return D, z0, -((a - b) ** 2) / 2 + m**2 / (D + a * b) + m * ns.log(z0)


@implements("foundation.marcum-contour", "right", "T_n")
def marcum_contour_mean(m: int, a: Quantity, b: Quantity, contour_points: int) -> Quantity:
    r"""Return the mean of the contour integrand over n points of the saddle point's circle.

    .. math:: T_n=\frac1n\sum_{k=0}^{n-1}e^{-x-y}\,\frac{z_k^me^{xz_k+y/z_k}}{z_k-1},\qquad
              z_k=z_0\,e^{2\pi i(k+1/2)/n}

    For z_0 > 1 and many points it is :math:`Q_m(a,b)-1/(1+z_0^n)` up to
    :func:`marcum_contour_bound`; :func:`marcum_q` takes the same rule on a part of the circle.
    Arguments as in :func:`marcum_saddle_point`, ``contour_points`` n >= 1; multiprecision numbers pass.
    Raises ``ValueError`` outside these ranges.

    Claim: foundation.marcum-contour.

    >>> value = marcum_contour_mean(1, 1.0, 3.0, 24) + 1 / (1 + marcum_saddle_point(1, 1.0, 3.0)[1] ** 24)
    >>> print(f"{value:.12f} {marcum_q(1, 1.0, 3.0):.12f}")
    0.043715971579 0.043715971579
    """
    n = check_integer("contour_points", contour_points, 1)
    _, z0, _ = marcum_saddle_point(m, a, b)
    ns = arithmetic(a, b)
    x, y, total = a * a / 2, b * b / 2, 0
    for k in range(n):
        angle = (2 * k + 1) * ns.pi / n
        z = z0 * (ns.cos(angle) + ns.j * ns.sin(angle))
        exponent = x * (z - 1) + y * (1 / z - 1) + m * (ns.log(z0) + ns.j * angle)
        total += (ns.exp(exponent) / (z - 1)).real
    return total / n


@implements("foundation.marcum-contour", "right", "bound of the error")
def marcum_contour_bound(m: int, a: Quantity, b: Quantity, contour_points: int) -> Quantity:
    r"""Return the bound of the error of the midpoint rule with n points.

    .. math:: \Big|T_n+\frac1{1+z_0^n}-Q_m(a,b)\Big|\le\frac{2e^E}{e^L-1},\qquad
              L=\frac{n^2}{2(D+n/3)}

    Arguments as in :func:`marcum_contour_mean`. Raises ``ValueError`` also where the bound does not
    hold, outside 1 < z_0 <= 1 + n/D.

    Claim: foundation.marcum-contour.

    >>> print(f"{marcum_contour_bound(1, 1.0, 3.0, 24):.4e}")
    4.2906e-12
    """
    n = check_integer("contour_points", contour_points, 1)
    D, z0, E = marcum_saddle_point(m, a, b)
    if not 1 < z0 <= 1 + n / D:
        raise ValueError(
            f"contour_points must leave the saddle point in (1, 1 + n/D], got n = {n} with "
            f"z_0 = {float(z0):g} and D = {float(D):g}"
        )
    ns = arithmetic(a, b)
    rate = n**2 / (2 * (D + ns.rational(n, 3)))
    return 2 * ns.exp(E - rate) / (1 - ns.exp(-rate))


def _marcum(m, a, b, *, upper: bool, log: bool):
    """Check the arguments, send blocks of them to the contour rule and choose the tail."""
    m = check_integer("m", m, 1)
    a = check_real("a", a, 0, finite=False)
    b = check_real("b", b, 0, finite=False)
    if np.any(np.isinf(a) & np.isinf(b)):
        raise ValueError("b must be finite where a is infinite, got inf in both")
    # the limits b = 0 and a or b infinite are exact and set at the end
    q_is_one, q_is_zero = (b == 0) | np.isinf(a), np.isinf(b)
    a, b = np.where(np.isinf(a), 1.0, a), np.where((b == 0) | np.isinf(b), 1.0, b)
    arrays = np.broadcast_arrays(np.asarray(m, dtype=float), a, b)
    shape, (m, a, b) = arrays[0].shape, (array.ravel() for array in arrays)
    result = np.empty(m.size)
    for start in range(0, m.size, _MARCUM_BLOCK):
        block = slice(start, start + _MARCUM_BLOCK)
        q_is_smaller, exponent, factor = _marcum_smaller_tail(m[block], a[block], b[block])
        tail, direct = np.exp(exponent) * factor, q_is_smaller == upper
        if log:
            result[block] = np.where(direct, exponent + np.log(factor), np.log1p(-tail) + 0.0)
        else:
            result[block] = np.where(direct, tail, 1 - tail)
    result = result.reshape(shape)
    one, zero = (0.0, -np.inf) if log else (1.0, 0.0)
    result = np.where(q_is_one, one if upper else zero, result)
    return np.where(q_is_zero, zero if upper else one, result)[()]


def _marcum_smaller_tail(m, a, b):
    """Return whether Q is the smaller tail, and E, S with the smaller tail = exp(E) S."""
    # beyond 1e100 only b - a matters, and beyond 1e160 every logarithm overflows anyway
    huge = np.minimum(a, b) > 1e100
    a, b = (np.where(huge, 1e100 + np.maximum(p - q, 0), p) for p, q in ((a, b), (b, a)))
    a, b = np.minimum(a, 1e160), np.minimum(b, 1e160)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        ab = a * b
        discriminant = np.hypot(m, ab)
        log_z0 = _log_saddle(m, a, b, ab, discriminant)
        exponent = -0.5 * (a - b) ** 2 + m * (m / (discriminant + ab)) + m * log_z0
    q_is_smaller = log_z0 >= 0
    side = np.where(q_is_smaller, 1.0, -1.0)
    distance = np.abs(log_z0)

    # nodes in the middle of equal steps on the part of the half circle that counts
    step = 2 * np.arcsin(np.sqrt(np.minimum(1, _NEGLIGIBLE / (2 * discriminant)))) / _MARCUM_NODES
    theta = (np.arange(_MARCUM_NODES)[:, None] + 0.5) * step
    cosine, sine = _cos_sin(theta / 2)
    sine_squared, sin_theta = sine * sine, 2 * sine * cosine
    cos_phase, sin_phase = _cos_sin(m * (theta - sin_theta))

    # real part of exp(i phase) / (z - 1) for Q, of exp(i phase) / (1 - z) for P, with
    # p = exp(-|log z0|); in this form nothing cancels for p near 1
    p, one_minus_p = np.exp(-distance), -np.expm1(-distance)
    real = one_minus_p + np.where(q_is_smaller, -2.0, 2 * p) * sine_squared
    imaginary = np.where(q_is_smaller, 1.0, p) * side * sin_theta
    kernel = (real * cos_phase + imaginary * sin_phase) / (one_minus_p**2 + 4 * p * sine_squared)
    integral = np.sum(np.exp(-2 * discriminant * sine_squared) * kernel, axis=0) * step / np.pi
    integral *= np.where(q_is_smaller, p, 1.0)

    # the pole's share, if the pole lies within the strip in which the error bound has its optimum;
    # there the derivative of the bound, D sinh(v) +- m (cosh(v) - 1) - 2 pi/h, is negative
    frequency = 2 * np.pi / step
    with np.errstate(over="ignore", invalid="ignore"):
        growth = m * np.where(q_is_smaller, np.expm1(distance), one_minus_p)
        growth += ab * (ab / (m + discriminant)) * np.sinh(distance)
        inside = growth < frequency
        share = -np.logaddexp(0, frequency * np.where(inside, distance, 0))
        pole = np.where(inside, np.exp(np.where(inside, share - exponent, 0)), 0)
    return q_is_smaller, exponent, integral + pole


def _log_saddle(m, a, b, ab, discriminant):
    """Return log(b^2 / (m + D)), accurate near 0 as well."""
    z0 = b * (b / (m + discriminant))
    near_one = np.abs(z0 - 1) < 0.5
    # z0 - 1 without cancellation: z0 (b^2 - a^2 - 2m) / (b^2 - m + D)
    difference = ((b - a) * (1 + a / b) - 2 * m / b) / (b + a * (ab / (m + discriminant)))
    return np.where(
        near_one,
        np.log1p(np.where(near_one, z0 * difference, 0)),
        2 * np.log(b) - np.log(m + discriminant),
    )


def _cos_sin(angle):
    """Return cosine and sine through the tangent of the half angle.

    As exact as the library functions to 2 units in the last place, and four times as fast where
    numpy vectorises the tangent.
    """
    tangent = np.tan(angle / 2)
    square = tangent * tangent
    return (1 - square) / (1 + square), 2 * tangent / (1 + square)


@implements("foundation.marcum-inverse", "right")
def marcum_q_inverse_a(m: ArrayLike, probability: ArrayLike, b: ArrayLike) -> np.ndarray | float:
    r"""Return the a >= 0 with :math:`Q_m(a, b)=` ``probability``.

    The noncentrality (as an amplitude) that a detector with threshold b needs for a given
    probability of detection.

    Parameters
    ----------
    m : whole number >= 1
        Order.
    probability : real in [Q_m(0, b), 1)
        Q grows with a from its value at a = 0, so that smaller probabilities have no solution. A
        probability that is below Q_m(0, b) by a relative 1e-12 or less gives 0: it may be that
        value after rounding.
    b : real > 0
        Threshold, as an amplitude.

    Returns
    -------
    float or array of the broadcast shape
        Error below 1e-12 for probabilities down to 1e-290 (orders to 256, b to 200). Where Q hardly
        depends on a (near a = 0) the last steps use certified values of Q, so it holds there too.

    Raises
    ------
    ValueError
        If an argument is outside its domain or the probability below the range of Q.

    Claim: foundation.marcum-inverse.

    >>> print(f"{marcum_q_inverse_a(1, 0.9, 5.0):.12f}")
    6.191353023561
    """
    m = check_integer("m", m, 1)
    probability = check_real("probability", probability, 0, 1, open_low=True, open_high=True)
    b = check_real("b", b, 0, open_low=True)
    m, probability, b = np.broadcast_arrays(m, probability, b)
    shape = m.shape
    m, probability, b = m.ravel(), probability.ravel(), b.ravel()
    least, log_probability = log_marcum_q(m, 0.0, b), np.log(probability)
    if np.any(too_small := log_probability < least - 1e-12):
        i = np.argmax(too_small)
        raise ValueError(
            f"probability must be in [Q_m(0, b), 1) = [{np.exp(least[i]):.17g}, 1) for "
            f"m = {m[i]}, b = {b[i]:g}, got {probability[i]}"
        )
    # what rounding may do to the logarithm of a tail; divided by the slope it is an error of a
    noise = 4e-16 * (10 + np.abs(log_probability) + m)
    a, slope = _inverse_by_newton(m, probability, b, noise)
    for i in np.flatnonzero(noise > 2e-13 * slope):
        a[i] = _inverse_polished(int(m[i]), float(probability[i]), float(b[i]), float(a[i]))
    return a.reshape(shape)[()]


def _inverse_by_newton(m, probability, b, noise):
    """Return a, and the slope there of the logarithm of the smaller tail."""
    upper = probability <= 0.5
    target = np.where(upper, np.log(probability), np.log1p(-probability))
    low, high = np.zeros(m.size), b + 10  # Q_m(a, b) >= Q_1(a, b) > Phi(a - b)
    a = np.sqrt(np.maximum(b * b - 2 * m, 0)) + scipy.special.ndtri(probability)
    a = np.clip(a, 0.05 * high, high)
    for _ in range(100):
        here = np.where(upper, log_marcum_q(m, a, b), log_marcum_p(m, a, b))
        above = np.where(upper, log_marcum_q(m + 1, a, b), log_marcum_p(m + 1, a, b))
        # d/da of the logarithm of Q_m is a (Q_(m+1)/Q_m - 1), the same for P
        slope = a * np.expm1(above - here)
        too_high = (here > target) == upper
        low, high = np.where(too_high, low, a), np.where(too_high, a, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = a - (here - target) / slope
        step = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2) - a
        a = a + step
        # the error after a Newton step is of the order of its square
        if np.all((np.abs(step) < 1e-9 * a) | (np.abs(here - target) < noise)):
            break
    return a, np.abs(slope)


def _inverse_polished(m: int, probability: float, b: float, a: float) -> float:
    """Return a after Newton steps in a^2/2 with residuals from balls of 40 digits."""
    for _ in range(8):
        q = certified_marcum_q(m, a, b, digits=40)
        density = certified_marcum_q(m + 1, a, b, digits=40) - q
        half_square = flint.arb(a) ** 2 / 2 - (q - flint.arb(probability)) / density
        previous, a = a, math.sqrt(2 * max(float(half_square), 0.0))
        if abs(a - previous) <= 2e-16 * a:
            break
    return a


# -- exponential integral and Tricomi's U ---------------------------------------------------------


@implements("coupling.E2", "tool")
def scaled_expn(k: ArrayLike, x: ArrayLike) -> np.ndarray | float:
    r"""Return :math:`x\,e^{x}E_k(x)`, the exponential integral times what it decays like.

    :math:`E_k(x)=\int_1^\infty e^{-xt}t^{-k}\,dt`, so the value lies between x/(x+k) and
    x/(x+k-1), tends to 1 for large x and is 0 at x = 0.

    Parameters
    ----------
    k : whole number >= 1
        Order.
    x : real >= 0, infinity admitted
        Argument.

    Returns
    -------
    float or array of the broadcast shape
        Relative error below 1e-14 for every x (measured: 2e-15), no overflow.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    scipy's ``expn`` below x = 5. Above, the continued fraction of Stieltjes (DLMF 8.19.17),
    evaluated from its end in positive terms. Equation (27) of the coupling paper needs it.

    Claim: coupling.E2.

    >>> print(f"{scaled_expn(1, 1000.0):.14f}")
    0.99900199402388
    """
    k = check_integer("k", k, 1)
    x = check_real("x", x, 0, finite=False)
    k, x = np.broadcast_arrays(np.asarray(k, dtype=float), x)
    small = x < 5
    z = np.where(small, x, 0)
    # k = 1 at x = 0 is 0 * inf, with the limit 0
    direct = np.where(z > 0, z * np.exp(z) * scipy.special.expn(k, np.where(z > 0, z, 1)), 0)
    z = np.where(small | np.isinf(x), 5.0, x)
    tail = z
    for j in range(31, -1, -1):
        tail = z + (k + j) / (1 + (j + 1) / tail)
    return np.where(small, direct, np.where(np.isinf(x), 1.0, z / tail))[()]


@implements("coupling.fz", "tool")
def log_tricomi_u(nu: ArrayLike, w: ArrayLike) -> np.ndarray | float:
    r"""Return the natural logarithm of Tricomi's :math:`U(\nu/2, 1/2, w)`.

    :math:`2^{-\nu}\Gamma(\nu)\,U(\nu/2,1/2,w)=\int_0^\infty u^{\nu-1}e^{-u^2-2\sqrt w\,u}\,du`; the
    density of the ratio law in Theorem 1 of the coupling paper has nu = 3K.

    Parameters
    ----------
    nu : real > 0
        Twice the first parameter of U.
    w : real >= 0
        Argument.

    Returns
    -------
    float or array of the broadcast shape
        Error below 1e-12 times max(1, abs(log U)) for nu to 1000, neither overflow nor underflow.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With I for the integral, nu I(nu) = 2 I(nu+2) + 2 sqrt(w) I(nu+1) by parts. Downwards all terms
    are positive. So I(nu+16), I(nu+17) are computed by the trapezoidal rule in log u, where the
    integrand is nearly normal, and sixteen steps of the recurrence lead to I(nu).

    Claim: coupling.fz.

    >>> print(f"{log_tricomi_u(192, 1e-3):.10f}")
    -343.1419378608
    """
    nu = check_real("nu", nu, 0, open_low=True)
    w = check_real("w", w, 0)
    nu, root = np.broadcast_arrays(nu, np.sqrt(w))
    top = nu + _TRICOMI_STEPS
    # integrand u^top exp(-u^2 - 2 root u) du/u, greatest at u0, of relative width 1/sqrt(curvature)
    u0 = top / (root + np.sqrt(root * root + 2 * top))
    width = 1 / np.sqrt(top + 2 * u0 * u0)
    t = _TRICOMI_NODES.reshape(-1, *[1] * nu.ndim) * width
    grown = np.expm1(t)
    integrand = np.exp(top * t - u0 * u0 * grown * (grown + 2) - 2 * root * u0 * grown)
    integral = integrand.sum(axis=0)
    # ratio of neighbours r(mu) = I(mu+1) / I(mu), downwards
    ratio = u0 * (integrand * (1 + grown)).sum(axis=0) / integral
    log_ratios = np.zeros(nu.shape)
    for step in range(_TRICOMI_STEPS - 1, -1, -1):
        ratio = (nu + step) / (2 * (ratio + root))
        log_ratios += np.log(ratio)
    log_integral = np.log(integral * width * _TRICOMI_SPACING) + top * np.log(u0)
    log_integral -= u0 * u0 + 2 * root * u0
    return (nu * np.log(2) - scipy.special.gammaln(nu) + log_integral - log_ratios)[()]


_TRICOMI_STEPS = 16
_TRICOMI_SPACING = 0.4
_TRICOMI_NODES = _TRICOMI_SPACING * np.arange(-39, 22)


# -- generalised chi-square -----------------------------------------------------------------------
#
# With K the cumulant generating function,
#
#     Pr[X > x] = 1/(2 pi i)  *  integral of  exp(K(t) - t x) dt/t
#
# along any path that crosses the real axis once, between 0 and the first branch point 1/(2 w) on
# the right; on the left of 0 the same integral is -Pr[X <= x]. The path goes through the minimum t0
# of K(t) - t x - log|t| on the real axis: the pole is in the exponent, so t0 keeps away from it.
# Every other singularity lies on the real axis as well, so the path may bend as it likes elsewhere,
# and 1 - 2 w t never crosses the negative axis: the principal logarithm of each factor is right for
# every number of degrees of freedom. The path is
#
#     t = t0 + i v + bend(v),   v = 2 width sinh(tau).
#
# Straight up the modulus falls steadily, and bend = 0 where it falls fast enough. Otherwise (few
# degrees of freedom) bend is a branch of a hyperbola that leans to the side on which the exponential
# factor decays; of a few such branches the one is taken on which the integrand dies first. In tau
# it falls at least like exp(-|tau|/2), mostly doubly exponentially, and the trapezoidal rule
# converges geometrically: the step is halved until the value stands still.


@implements("foundation.quadratic-inversion", "right")
def genchi2_sf(
    x: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
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


@implements("foundation.quadratic-inversion", "right")
@implements("beyond.special-accuracy", "exact")
def genchi2_cdf(
    x: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\Pr[X\le x]`, accurate where it is small; see :func:`genchi2_sf`.

    Claims: foundation.quadratic-inversion, beyond.special-accuracy.

    >>> print(f"{genchi2_cdf(1e-3, [2, 1], [3, 3]):.12e}")
    7.363624354799e-12
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=False, log=False)


@implements("foundation.quadratic-inversion", "exact")
def genchi2_logsf(
    x: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\ln\Pr[X>x]`, the logarithm of :func:`genchi2_sf`, finite far beyond underflow.

    Claim: foundation.quadratic-inversion.

    >>> float(genchi2_logsf(2e4, 1.0, 2))
    -10000.0
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=True, log=True)


@implements("foundation.quadratic-inversion", "exact")
def genchi2_logcdf(
    x: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
    normal_std: float = 0.0,
    offset: float = 0.0,
) -> np.ndarray | float:
    r"""Return :math:`\ln\Pr[X\le x]`, the logarithm of :func:`genchi2_cdf`, beyond underflow.

    Claim: foundation.quadratic-inversion.

    >>> float(genchi2_logcdf(-2e4, -1.0, 2))
    -10000.0
    """
    return _genchi2(x, weights, dof, noncentrality, normal_std, offset, upper=False, log=True)


@implements("foundation.quadratic-cumulant", "right", r"\kappa(t)")
def genchi2_cumulant_function(
    moment_argument: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
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


@implements("foundation.quadratic-cumulant", "right", r"\kappa_k")
@implements("foundation.noncentral-gamma", "tool", "mean and variance")
@implements("foundation.rician-norm", "tool", r"\operatorname{Var}Z")
def genchi2_cumulant(
    cumulant_order: int,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
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
    k = int(check_integer("cumulant_order", cumulant_order, 1))
    w, d, delta, std, c = _genchi2_parameters(weights, dof, noncentrality, normal_std, offset)
    total = 2.0 ** (k - 1) * math.factorial(k - 1) * np.sum(w**k * (d + k * delta))
    return float(total + {1: c, 2: std**2}.get(k, 0.0))


@implements("foundation.quadratic-gaussian-approximation", "approximation")
def genchi2_cdf_gaussian(
    x: ArrayLike,
    weights: ArrayLike,
    dof: ArrayLike,
    noncentrality: ArrayLike = 0.0,
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
    x = check_real("x", x, finite=False)
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


@implements("foundation.quadratic-reduction", "right")
def hermitian_form_parameters(
    matrix: ArrayLike,
    linear: ArrayLike,
    constant: float,
    mean: ArrayLike,
    covariance: ArrayLike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    r"""Return the parameters of a quadratic form of a complex Gaussian vector.

    .. math:: h^HAh+2\,\mathrm{Re}(b^Hh)+c_0
              =\sum_{\lambda_j\ne0}\frac{\lambda_j}2\chi'^2_2\Big(\frac{2|\beta_j|^2}{\lambda_j^2}\Big)
              +s\,N+c,\qquad h\sim\mathcal{CN}(m,LL^H),

    in law, where :math:`\lambda_j` are the eigenvalues of :math:`L^HAL`, V its eigenvectors,
    :math:`\beta=V^HL^H(Am+b)`, :math:`s^2=2\sum_{\lambda_j=0}|\beta_j|^2` and c the value at m less
    :math:`\sum_{\lambda_j\ne0}|\beta_j|^2/\lambda_j`.

    Parameters
    ----------
    matrix : complex, shape (n, n)
        A, Hermitian.
    linear : complex, shape (n,)
        b.
    constant : real
        c_0.
    mean : complex, shape (n,)
        m.
    covariance : complex, shape (n, n)
        L L^H, Hermitian and positive semidefinite.

    Returns weights, degrees of freedom (all 2), noncentralities, the standard deviation s and the
    offset, as :func:`genchi2_sf` takes them. Eigenvalues below 1e-12 of the largest count as 0. Raises
    ``ValueError`` for shapes that do not fit and matrices that are not as they must be.

    Claim: foundation.quadratic-reduction.

    >>> [np.round(p, 12).tolist() for p in hermitian_form_parameters(
    ...     [[2.0, 0.0], [0.0, 0.0]], [0.0, 1j], 1.0, [1.0, 0.0], np.eye(2))]
    [[1.0], [2.0], [2.0], 1.414213562373, 1.0]
    """
    mean, linear = np.asarray(mean, dtype=complex), np.asarray(linear, dtype=complex)
    size = mean.size
    if mean.ndim != 1 or linear.shape != mean.shape:
        raise ValueError(f"linear must have the shape (n,) of mean, got {linear.shape}")
    matrices = {"matrix": np.asarray(matrix, dtype=complex)}
    matrices["covariance"] = np.asarray(covariance, dtype=complex)
    for name, array in matrices.items():
        if array.shape != (size, size):
            raise ValueError(f"{name} must have shape {(size, size)}, got {array.shape}")
        if np.abs(array - array.conj().T).max() > 1e-10 * np.abs(array).max():
            raise ValueError(f"{name} must be Hermitian, got a matrix that is not")
    matrix, covariance = matrices.values()
    spread, axes = np.linalg.eigh(covariance)
    if spread.min() < -1e-12 * np.abs(spread).max():
        raise ValueError(
            f"covariance must be positive semidefinite, got the eigenvalue {spread.min()}"
        )
    root = axes * np.sqrt(np.maximum(spread, 0))
    eigenvalues, directions = np.linalg.eigh(root.conj().T @ matrix @ root)
    share = np.abs(directions.conj().T @ root.conj().T @ (matrix @ mean + linear)) ** 2
    curved = np.abs(eigenvalues) > 1e-12 * np.abs(eigenvalues).max()
    kept = eigenvalues[curved]
    offset = np.vdot(mean, matrix @ mean + 2 * linear).real
    offset += float(check_real("constant", constant)) - np.sum(share[curved] / kept)
    std = math.sqrt(2 * share[~curved].sum())
    return kept / 2, np.full(kept.size, 2.0), 2 * share[curved] / kept**2, std, float(offset)


@implements("foundation.quadratic-reduction", "right")
def quadratic_form_parameters(
    matrix: ArrayLike,
    linear: ArrayLike,
    constant: float,
    mean: ArrayLike,
    covariance: ArrayLike,
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
    offset = mean @ symmetric @ mean + linear @ mean + float(check_real("constant", constant))
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


def _log_one_minus(z):
    """Logarithm of 1 - z for real z < 1 or complex z off the cut, exact to its own last digits."""
    if not np.iscomplexobj(z):
        return np.log1p(-z)
    with np.errstate(over="ignore", invalid="ignore"):
        square = z.real * (z.real - 2) + z.imag**2
        # near a modulus of 1 the logarithm is that of 1 + a small number
        modulus = np.where(np.abs(square) < 0.5, np.log1p(square), 2 * np.log(np.abs(1 - z)))
    return modulus / 2 - 1j * np.arctan2(z.imag, 1 - z.real)


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
