"""Marcum's Q of whole order, both tails, their logarithms and the inverses in signal and threshold.

Right to the last digits where an outage or a miss is rare; each function is compared with the
enclosures of :mod:`isacnb.special.certified`. Everything is vectorised: arguments broadcast, scalars
return a float.
"""

import math

import flint
import numpy as np
import scipy.special

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_memory
from .certified import certified_marcum_q
from .compensated import exact_product, exact_sum, log1p_less

__all__ = [
    "log_marcum_p",
    "log_marcum_q",
    "marcum_contour_bound",
    "marcum_contour_mean",
    "marcum_p",
    "marcum_p_inverse_b",
    "marcum_q",
    "marcum_q_inverse_a",
    "marcum_q_inverse_b",
    "marcum_q_step",
    "marcum_saddle_point",
]


# terms below exp(-_NEGLIGIBLE) of the leading one are dropped: 35 / log(10) = 15.2 digits
_NEGLIGIBLE = 35.0


_MARCUM_NODES = 24


_POLISHED = 1e4  # size of order and threshold to which certified values are quick


_FEW_ORDERS = 32  # up to which no cancellation near the mean is felt


_CONTOUR_BLOCK = 4096  # points of the contour at a time


_MARCUM_BLOCK = 512  # evaluations a block: the working arrays stay in the cache


@public("[0, 1]", a="[0, inf]", b="[0, inf]")
@implements("foundation.marcum-race", "right")
@implements("foundation.marcum-contour", "tool")
@implements("beyond.special-accuracy", "exact")
def marcum_q(m: Quantity, a: Quantity, b: Quantity) -> np.ndarray | float:
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
        Relative error below 1e-12 for every value above 1e-300, whatever the order (measured: 5e-13
        up to an order of 5e11, for the floats a and b that are given); smaller values lose digits only to underflow, see :func:`log_marcum_q`.

    Raises
    ------
    ValueError
        If both a and b are infinite.

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


@public("[0, 1]", a="[0, inf]", b="[0, inf]")
@implements("foundation.marcum-race", "right")
@implements("beyond.special-accuracy", "exact")
def marcum_p(m: Quantity, a: Quantity, b: Quantity) -> np.ndarray | float:
    r"""Return the complement :math:`P_m(a,b)=1-Q_m(a,b)`, accurate where it is small.

    Parameters, accuracy and errors as in :func:`marcum_q`.

    Claims: foundation.marcum-race, beyond.special-accuracy.

    >>> print(f"{marcum_p(4, 9.0, 0.5):.11e}")
    6.05495202801e-23
    """
    return _marcum(m, a, b, upper=False, log=False)


@public("[-inf, 0]", a="[0, inf]", b="[0, inf]")
@implements("foundation.marcum-race", "exact")
def log_marcum_q(m: Quantity, a: Quantity, b: Quantity) -> np.ndarray | float:
    r"""Return :math:`\ln Q_m(a,b)`, the logarithm of :func:`marcum_q`, finite far beyond underflow.

    Parameters and errors as :func:`marcum_q`; -inf only where Q is exactly 0 (b infinite) or its
    logarithm is below the range of a float.

    Claim: foundation.marcum-race.

    >>> float(log_marcum_q(1, 0.0, 200.0))
    -20000.0
    """
    return _marcum(m, a, b, upper=True, log=True)


@public("[-inf, 0]", a="[0, inf]", b="[0, inf]")
@implements("foundation.marcum-race", "exact")
def log_marcum_p(m: Quantity, a: Quantity, b: Quantity) -> np.ndarray | float:
    r"""Return :math:`\ln P_m(a,b)`, the logarithm of :func:`marcum_p`, finite far beyond underflow.

    Parameters and errors as :func:`marcum_q`; -inf only where P is exactly 0 (b = 0, a infinite) or
    its logarithm is below the range of a float.

    Claim: foundation.marcum-race.

    >>> print(f"{log_marcum_p(1, 100.0, 1.0):.8f}")
    -4908.32056450
    """
    return _marcum(m, a, b, upper=False, log=True)


@public("[0, 1]", a="(0, inf)", b="(0, inf)", m="integers [0, inf)")
@implements("foundation.marcum-recurrence", "right")
@implements("foundation.marcum-monotone", "right")
def marcum_q_step(m: Quantity, a: Quantity, b: Quantity) -> np.ndarray | float:
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

    Claims: foundation.marcum-recurrence, foundation.marcum-monotone.

    >>> print(f"{marcum_q_step(1, 1.0, 2.0):.12f}")
    0.261134848048
    """
    return np.exp(m * np.log(b / a) - (a - b) ** 2 / 2) * scipy.special.ive(m, a * b)


@public(b="(0, inf)", m="integers [1, 1e15]")
@implements("foundation.marcum-contour", "tool", "D, z_0, E")
def marcum_saddle_point(m: int, a: Quantity, b: Quantity) -> tuple[Quantity, Quantity, Quantity]:
    r"""Return D, the saddle point z_0 on the positive axis, and the exponent E there.

    .. math:: D=\sqrt{m^2+a^2b^2},\qquad z_0=\frac{b^2}{m+D},\qquad
              E=-\tfrac12(a-b)^2+\frac{m^2}{D+ab}+m\ln z_0

    of the integrand :math:`e^{-x-y}z^me^{xz+y/z}`, x = a²/2, y = b²/2. m is a whole number >= 1,
    a real >= 0 and b > 0; other kinds of number pass.

    Claim: foundation.marcum-contour.

    >>> print(*(f"{part:.6f}" for part in marcum_saddle_point(1, 1.0, 3.0)))
    3.162278 2.162278 -1.066560
    """
    ns = arithmetic(a, b)
    D = ns.sqrt(m**2 + (a * b) ** 2)
    z0 = b**2 / (m + D)
    return D, z0, -((a - b) ** 2) / 2 + m**2 / (D + a * b) + m * ns.log(z0)


@public("(-inf, inf)", b="(0, inf)", m="integers [1, 1e15]", contour_points="integers [1, 1000000]")
@implements("foundation.marcum-contour", "right", "T_n")
def marcum_contour_mean(m: int, a: Quantity, b: Quantity, contour_points: int) -> Quantity:
    r"""Return the mean of the contour integrand over n points of the saddle point's circle.

    .. math:: T_n=\frac1n\sum_{k=0}^{n-1}e^{-x-y}\,\frac{z_k^me^{xz_k+y/z_k}}{z_k-1},\qquad
              z_k=z_0\,e^{2\pi i(k+1/2)/n}

    For z_0 > 1 and many points it is :math:`Q_m(a,b)-1/(1+z_0^n)` up to
    :func:`marcum_contour_bound`; :func:`marcum_q` takes the same rule on a part of the circle.
    Arguments as in :func:`marcum_saddle_point`, ``contour_points`` n from 1 to 1e6; multiprecision
    numbers pass.

    Claim: foundation.marcum-contour.

    >>> value = marcum_contour_mean(1, 1.0, 3.0, 24) + 1 / (1 + marcum_saddle_point(1, 1.0, 3.0)[1] ** 24)
    >>> print(f"{value:.12f} {marcum_q(1, 1.0, 3.0):.12f}")
    0.043715971579 0.043715971579
    """
    _, z0, _ = marcum_saddle_point(m, a, b)
    return _mean_on_circle(m, a, b, z0, contour_points)


def _mean_on_circle(m, a, b, z0, n):
    """Mean of the contour integrand over n points of a circle: of floats by blocks, or one by one."""
    ns = arithmetic(a, b)
    x, y, total = a * a / 2, b * b / 2, 0
    if is_numeric(a, b):
        x, y, z0 = (part[..., None] for part in np.broadcast_arrays(x, y, z0))
        for start in range(0, n, _CONTOUR_BLOCK):
            k = np.arange(start, min(start + _CONTOUR_BLOCK, n))
            angle = (2 * k + 1) * np.pi / n
            z = z0 * np.exp(1j * angle)
            exponent = x * (z - 1) + y * (1 / z - 1) + m * (np.log(z0) + 1j * angle)
            total = total + (np.exp(exponent) / (z - 1)).real.sum(axis=-1)
        return total / n
    for k in range(n):
        angle = (2 * k + 1) * ns.pi / n
        z = z0 * (ns.cos(angle) + ns.j * ns.sin(angle))
        exponent = x * (z - 1) + y * (1 / z - 1) + m * (ns.log(z0) + ns.j * angle)
        total += (ns.exp(exponent) / (z - 1)).real
    return total / n


@public("[0, inf)", b="(0, inf)", m="integers [1, 1e15]")
@implements("foundation.marcum-contour", "right", "bound of the error")
def marcum_contour_bound(m: int, a: Quantity, b: Quantity, contour_points: int) -> Quantity:
    r"""Return the bound of the error of the midpoint rule with n points.

    .. math:: \Big|T_n+\frac1{1+z_0^n}-Q_m(a,b)\Big|\le\frac{2e^E}{e^L-1},\qquad
              L=\frac{n^2}{2(D+n/3)}

    Arguments as in :func:`marcum_contour_mean`. Raises ``ValueError`` where the bound does not hold,
    outside 1 < z_0 <= 1 + n/D.

    Claim: foundation.marcum-contour.

    >>> print(f"{marcum_contour_bound(1, 1.0, 3.0, 24):.4e}")
    4.2906e-12
    """
    n = contour_points
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
    """Send blocks of arguments to the contour rule and choose the tail."""
    if np.any(np.isinf(a) & np.isinf(b)):
        raise ValueError("b must be finite where a is infinite, got inf in both")
    # the limits b = 0 and a or b infinite are exact and set at the end
    q_is_one, q_is_zero = (b == 0) | np.isinf(a), np.isinf(b)
    a, b = np.where(np.isinf(a), 1.0, a), np.where((b == 0) | np.isinf(b), 1.0, b)
    arrays = np.broadcast_arrays(np.asarray(m, dtype=float), a, b)
    check_memory(arrays[0].shape, 64)
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
        log_z0, delta = _log_saddle(m, a, b, ab, discriminant)
        exponent = -0.5 * (a - b) ** 2 + m * (m / (discriminant + ab)) + m * log_z0
        # near z0 = 1 these terms cancel: E = -x (z0 - 1)^2 - m (z0 - 1 - log z0)
        if np.any(m > _FEW_ORDERS):
            near = (np.abs(delta) < 0.5) & (m > _FEW_ORDERS)
            close = np.where(near, delta, 0)
            small = m * log1p_less(close) - (a * close) ** 2 / 2
            exponent = np.where(near, small, exponent)
    q_is_smaller = log_z0 >= 0
    side = np.where(q_is_smaller, 1.0, -1.0)
    distance = np.abs(log_z0)

    # nodes in the middle of equal steps on the part of the half circle that counts
    step = 2 * np.arcsin(np.sqrt(np.minimum(1, _NEGLIGIBLE / (2 * discriminant)))) / _MARCUM_NODES
    theta = (np.arange(_MARCUM_NODES)[:, None] + 0.5) * step
    cosine, sine = _cos_sin(theta / 2)
    sine_squared, sin_theta = sine * sine, 2 * sine * cosine
    cos_phase, sin_phase = _cos_sin(m * _less_sine(theta, sin_theta))

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
    """Return log z0 and z0 - 1 for z0 = b^2 / (m + D), accurate near 1 as well."""
    z0 = b * (b / (m + discriminant))
    # z0 - 1 without cancellation: z0 (b^2 - a^2 - 2m) / (b^2 - m + D)
    excess = (b - a) * (1 + a / b) - 2 * m / b
    if np.any(m > _FEW_ORDERS):
        exact = (m > _FEW_ORDERS) & (np.maximum(a, b) < 1e100)
        near = _excess(m, np.where(exact, a, 1), np.where(exact, b, 1)) / b
        excess = np.where(exact, near, excess)
    delta = z0 * (excess / (b + a * (ab / (m + discriminant))))
    near_one = np.abs(z0 - 1) < 0.5
    delta = np.where(near_one, delta, z0 - 1)
    log_z0 = np.where(
        near_one,
        np.log1p(np.where(near_one, delta, 0)),
        2 * np.log(b) - np.log(m + discriminant),
    )
    return log_z0, delta


def _excess(m, a, b):
    """Return b^2 - a^2 - 2m, rounded once: what is beyond the mean, of which many orders leave little."""
    a_high, a_low = exact_product(a, a)
    b_high, b_low = exact_product(b, b)
    difference, rest = exact_sum(b_high, -a_high)
    total, more = exact_sum(difference, -2 * m)
    return total + (rest + more + (b_low - a_low))


def _less_sine(theta, sin_theta):
    """Return theta - sin(theta), by its series for small angles, as many orders have them."""
    if not np.any(theta[-1] < 0.25):
        return theta - sin_theta
    square = np.minimum(theta, 0.25) ** 2
    series = 1 - square / 110
    for divisor in (72, 42, 20):
        series = 1 - square / divisor * series
    return np.where(theta[-1] < 0.25, theta * square / 6 * series, theta - sin_theta)


def _cos_sin(angle):
    """Return cosine and sine through the tangent of the half angle.

    As exact as the library functions to 2 units in the last place, and four times as fast where
    numpy vectorises the tangent.
    """
    tangent = np.tan(angle / 2)
    square = tangent * tangent
    return (1 - square) / (1 + square), 2 * tangent / (1 + square)


@public("[0, inf)", b="(0, inf)")
@implements("foundation.marcum-inverse", "right")
def marcum_q_inverse_a(m: Quantity, probability: Quantity, b: Quantity) -> np.ndarray | float:
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
        If the probability is below the range of Q.

    Claim: foundation.marcum-inverse.

    >>> print(f"{marcum_q_inverse_a(1, 0.9, 5.0):.12f}")
    6.191353023561
    """
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
    noise = _log_noise(m, log_probability)
    a, slope = _inverse_by_newton(m, probability, b, noise)
    for i in np.flatnonzero((noise > 2e-13 * slope) & (m + b < _POLISHED)):
        a[i] = _inverse_polished(int(m[i]), float(probability[i]), float(b[i]), float(a[i]))
    return a.reshape(shape)[()]


def _log_noise(m, log_probability):
    size = np.abs(log_probability)
    return 4e-16 * (10 + size + np.minimum(m, 12 * size))


def _inverse_by_newton(m, probability, b, noise):
    """Return a, and the slope there of the logarithm of the smaller tail."""
    upper = probability <= 0.5
    target = np.where(upper, np.log(probability), np.log1p(-probability))
    low, high = np.zeros(m.size), b + 10  # Q_m(a, b) >= Q_1(a, b) > Phi(a - b)
    with np.errstate(over="ignore"):
        a = np.where(b < 1e100, np.sqrt(np.maximum(b * b - 2 * m, 0)), b)
    a = a + scipy.special.ndtri(probability)
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


@public("[0, inf]", probability="[0, 1]")
def marcum_q_inverse_b(m: Quantity, a: Quantity, probability: Quantity) -> np.ndarray | float:
    r"""Return the b >= 0 with :math:`Q_m(a, b)=` ``probability``, the quantile of the upper tail.

    .. math:: b=\sqrt x,\qquad \Pr[\chi'^2_{2m}(a^2)>x]=p

    The threshold (as an amplitude) at which a square-law detector has a given probability of false
    alarm or of detection.

    Parameters
    ----------
    m : whole number >= 1
        Order.
    a : real >= 0
        Noncentrality, as an amplitude.
    probability : real in [0, 1]
        Value of Q; 0 gives infinity and 1 gives 0.

    Returns
    -------
    float or array of the broadcast shape
        Relative error below 1e-12 for probabilities from 1e-290 to 1 - 1e-16 (measured: 1e-15). A
        complement that is smaller needs :func:`marcum_p_inverse_b`.

    Newton's method, safeguarded by a bracket, on the logarithm of the smaller tail.

    >>> b = marcum_q_inverse_b(1, 0.0, np.exp(-8.0))
    >>> print(f"{b:.12f} {marcum_q(1, 2.0, marcum_q_inverse_b(1, 2.0, 1e-9)):.6e}")
    4.000000000000 1.000000e-09
    """
    return _inverse_b(m, a, probability, upper=True)


@public("[0, inf]", probability="[0, 1]")
def marcum_p_inverse_b(m: Quantity, a: Quantity, probability: Quantity) -> np.ndarray | float:
    r"""Return the b >= 0 with :math:`P_m(a, b)=1-Q_m(a,b)=` ``probability``, the quantile.

    .. math:: b=\sqrt x,\qquad \Pr[\chi'^2_{2m}(a^2)\le x]=p

    Parameters and accuracy as in :func:`marcum_q_inverse_b`, with ``probability`` the value of P; 0
    gives 0 and 1 gives infinity. Small probabilities of P keep their digits here.

    >>> print(f"{marcum_p_inverse_b(2, 1.0, 1e-30):.12e}")
    6.026418768575e-08
    """
    return _inverse_b(m, a, probability, upper=False)


def _inverse_b(m, a, probability, *, upper: bool):
    m, a, probability = np.broadcast_arrays(m, a, probability)
    check_memory(m.shape, 64)
    inside = (probability > 0) & (probability < 1)
    result = np.where((probability == 0) == upper, np.inf, 0.0)
    if np.any(inside):
        parts = (part[inside].astype(float) for part in (m, a, probability))
        result[inside] = _inverse_b_by_newton(*parts, upper)
    return result[()]


def _inverse_b_by_newton(m, a, probability, upper):
    """Return b from Newton steps in log b on the logarithm of the smaller tail."""
    q_is_smaller = (probability <= 0.5) == upper
    target = np.where(probability <= 0.5, np.log(probability), np.log1p(-probability))
    # Q_m(a, a + sqrt(2m) + t) <= exp(-t^2/2), and P_m(a, b) <= (b^2/2)^m / m!
    tail = np.where(q_is_smaller, -target, math.log(2))
    high = a + np.sqrt(2 * m) + np.sqrt(2 * tail) * (1 + 1e-9)
    least = np.where(q_is_smaller, -math.log(2), target)
    low = math.log(2) / 2 + (least + scipy.special.gammaln(m + 1)) / (2 * m) - 1e-9
    low = np.minimum(np.exp(low), high)
    # the normal law of the amplitude about the root of its mean square
    normal = scipy.special.ndtri(np.exp(target)) * np.where(q_is_smaller, -1, 1)
    centre = np.hypot(np.sqrt(2 * m), a)
    spread = np.hypot(np.sqrt(m) / centre, a / centre)
    b = np.clip(centre + normal * spread, low, high)
    noise, left = _log_noise(m, target), np.arange(m.size)
    for _ in range(200):
        arguments = m[left], a[left], b[left], q_is_smaller[left]
        here, slope = _log_tail_and_slope(*arguments)
        missing, before = target[left] - here, b[left]
        too_high = (missing > 0) == q_is_smaller[left]
        low[left] = np.where(too_high, low[left], before)
        high[left] = np.where(too_high, before, high[left])
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            newton = before * np.exp(missing / slope)
        good = (newton >= low[left]) & (newton <= high[left])
        b[left] = np.where(good, newton, np.sqrt(low[left]) * np.sqrt(high[left]))
        found = (np.abs(b[left] - before) < 4e-16 * before) | (np.abs(missing) < noise[left])
        left = left[~found]
        if not left.size:
            break
    return b


def _log_tail_and_slope(m, a, b, q_is_smaller):
    """Return the logarithm of the chosen tail and its derivative in log b."""
    order = np.maximum(m - 1, 1)
    here = np.where(q_is_smaller, log_marcum_q(m, a, b), log_marcum_p(m, a, b))
    below = np.where(q_is_smaller, log_marcum_q(order, a, b), log_marcum_p(order, a, b))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        # b^2 (Q_(m-1)/Q_m - 1), the same for P, or through the density where that is at hand
        bessel = scipy.special.ive(m - 1, np.minimum(a * b, 1e300))
        log_power = scipy.special.xlogy(m - 1, b / a) - (a - b) ** 2 / 2
        density = np.exp(log_power + np.log(bessel) - here)
        direct = b * b * density * np.where(q_is_smaller, -1, 1)
        differences = b * b * np.expm1(below - here)
    return here, np.where((m == 1) | (bessel > 1e-250), direct, differences)
