r"""Linear beamforming: SINR with and without dirty paper coding, moments, Gaussian outages.

Powers are fractions of the total P: the data get ``power_fraction`` = P_c/P, the radar signal the
rest. ``snr`` is :math:`P\varrho/\sigma_c^2`, the transmit power over the user's noise with the path
gain in it; ``threshold`` is the SINR below which the link is in outage. All are linear.

The functions that end in ``_gaussian`` are the paper's approximations. The exact outages are in
:mod:`isacnb.rician.exact`.
"""

import math

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from ..generic import Quantity, arithmetic
from ..index import implements
from ..special import genchi2_cdf
from ..validation import check_integer, check_real

__all__ = [
    "dpc_sinr",
    "lb_moments",
    "lb_sinr",
    "outage_dpc_gaussian",
    "outage_lb_gaussian",
]


@implements("rician.eq14", "right")
@implements("rician.lb-com-op", "tool")
@implements("rician.lem8-aligned", "tool")
def lb_sinr(
    squared_norm: Quantity,
    projection: Quantity,
    N: int,
    snr: Quantity,
    power_fraction: Quantity,
) -> Quantity:
    r"""SINR of linear beamforming without dirty paper coding.

    .. math:: \frac{p_cZ}{(1-p_c)\,|T|^2/N+1/\mathrm{snr}}

    ``squared_norm`` is :math:`Z=\|h\|^2`, ``projection`` is :math:`|T|^2=|a^Hh|^2`; both broadcast.
    Raises ``ValueError`` unless N >= 1, snr > 0 and 0 <= power_fraction <= 1. Source: rician paper,
    (14).

    Claims: rician.eq14, rician.lb-com-op, rician.lem8-aligned.

    >>> lb_sinr(8.0, 4.0, 8, 10.0, 0.5)
    11.428571428571429
    """
    N, snr, fraction = _checked_powers(N, snr, power_fraction)
    return fraction * squared_norm / ((1 - fraction) * projection / N + 1 / snr)


@implements("rician.lb-com-dpc", "right")
def dpc_sinr(squared_norm: Quantity, snr: Quantity, power_fraction: Quantity) -> Quantity:
    r"""SINR :math:`p_c\,\mathrm{snr}\,Z` of linear beamforming with dirty paper coding.

    It removes the radar interference. Arguments and errors as :func:`lb_sinr`. Source:
    rician paper, end of Section IV-A.

    Claim: rician.lb-com-dpc.

    >>> dpc_sinr(8.0, 10.0, 0.5)
    40.0
    """
    _, snr, fraction = _checked_powers(2, snr, power_fraction)
    return fraction * snr * squared_norm


@implements("rician.lem5", "right")
@implements("rician.lb-com-dpc", "tool")
@implements("rician.opp-sjb-com", "tool")
def lb_moments(N: Quantity, rician_factor: Quantity, array_sum: Quantity) -> tuple[list, list]:
    r"""Mean and covariance of :math:`(\mathrm{Re}\,T,\mathrm{Im}\,T,Z)` given the angles.

    ``rician_factor`` is K, ``array_sum`` the real number :math:`S=a^H(\theta)a(\phi)` of the
    centred array. Returns the mean as a list and the covariance as a list of rows. Raises
    ``ValueError`` for K < 0, N < 1 or |S| > N. Source: rician paper, Lemma 5.

    Claims: rician.lem5, rician.lb-com-dpc, rician.opp-sjb-com.

    >>> mean, covariance = lb_moments(8, 1.0, 2.0)
    >>> [round(float(m), 6) for m in mean], round(float(covariance[0][2]), 6), covariance[2][2]
    ([1.414214, 0.0, 8.0], 0.707107, 6.0)
    """
    N, K, S, ns = _checked_channel(N, rician_factor, array_sum)
    los, scattered = K / (K + 1), 1 / (K + 1)
    half, cross = scattered * N / 2, ns.sqrt(los) * scattered * S
    mean = [ns.sqrt(los) * S, 0 * S, N]
    norm_variance = N * (2 * K + 1) / (K + 1) ** 2
    return mean, [[half, 0, cross], [0, half, 0], [cross, 0, norm_variance]]


@implements("rician.lb-com-dpc", "approximation")
@implements("rician.opp-sjb-sen", "approximation")
def outage_dpc_gaussian(
    threshold: ArrayLike,
    N: int,
    rician_factor: float,
    snr: ArrayLike,
    power_fraction: ArrayLike = 1.0,
) -> np.ndarray | float:
    r"""Gaussian approximation of the outage with dirty paper coding.

    .. math:: \Phi\Big(\frac{\gamma/(p_c\,\mathrm{snr})-N}{\sqrt{N(2K+1)}/(K+1)}\Big)

    Raises ``ValueError`` for threshold < 0, K < 0, N < 1, snr <= 0 or a fraction outside (0, 1].
    Source: rician paper, end of Section IV-A. It never falls below its value at threshold 0.

    Claims: rician.lb-com-dpc, rician.opp-sjb-sen.

    >>> print(f"{outage_dpc_gaussian(0.0, 8, 0, 1.0):.6f}")
    0.002339
    """
    N, K, _, _ = _checked_channel(N, rician_factor, 0.0)
    threshold = check_real("threshold", threshold, 0)
    snr = check_real("snr", snr, 0, open_low=True, finite=False)
    fraction = check_real("power_fraction", power_fraction, 0, 1, open_low=True)
    deviation = math.sqrt(N * (2 * K + 1)) / (K + 1)
    return scipy.special.ndtr((threshold / (fraction * snr) - N) / deviation)


@implements("rician.lb-com-op", "approximation")
def outage_lb_gaussian(
    threshold: float,
    N: int,
    rician_factor: float,
    array_sum: float,
    snr: float,
    power_fraction: float,
) -> float:
    r"""Gaussian approximation of the outage without dirty paper coding, given the angles.

    .. math:: \Pr\Big[p_cz<\gamma\Big(\frac{1-p_c}N(u^2+v^2)+\frac1{\mathrm{snr}}\Big)\Big]

    for a Gaussian triple (u, v, z) with the moments of :func:`lb_moments`. Given u, z is normal, so
    this is a generalised chi-square probability with a normal term; the value has its accuracy.
    Raises ``ValueError`` as :func:`outage_dpc_gaussian`. Source: rician paper, Section IV-A.

    Claim: rician.lb-com-op.

    >>> print(f"{outage_lb_gaussian(1.0, 8, 0, 0.0, 10.0, 0.5):.6f}")
    0.013465
    """
    N, K, S, _ = _checked_channel(N, rician_factor, array_sum)
    threshold = float(check_real("threshold", threshold, 0))
    _, snr, fraction = _checked_powers(N, snr, power_fraction)
    (mean_u, _, _), covariance = lb_moments(N, K, float(S))
    variance, cross, norm_variance = covariance[0][0], covariance[0][2], covariance[2][2]
    # z = N + slope (u - mean_u) + rest
    slope = cross / variance
    rest = norm_variance - cross * slope
    leak = threshold * (1 - fraction) / N
    noise = threshold / snr
    std = float(fraction * math.sqrt(max(rest, 0.0)))
    if leak == 0:
        deviation = fraction * math.sqrt(norm_variance)
        return float(scipy.special.ndtr((noise - fraction * N) / deviation))
    # -leak u^2 + fraction slope u = -leak (u - centre)^2 + leak centre^2
    centre = fraction * slope / (2 * leak)
    offset = fraction * (N - slope * mean_u) + leak * centre**2
    noncentrality = (mean_u - centre) ** 2 / variance
    weight = -leak * variance
    return float(genchi2_cdf(noise, weight, 2, noncentrality, std, offset))


def _checked_channel(N, rician_factor, array_sum):
    N = check_integer("N", N, 1)
    K = check_real("rician_factor", rician_factor, 0)
    array_sum = check_real("array_sum", array_sum)
    ns = arithmetic(N, K, array_sum)
    if ns is arithmetic() and np.any(np.abs(array_sum) > np.asarray(N) * (1 + 1e-12)):
        raise ValueError(f"array_sum must be in [-N, N] = [{-N}, {N}], got {array_sum}")
    return N, _plain(K), _plain(array_sum), ns


def _checked_powers(N, snr, power_fraction):
    N = check_integer("N", N, 1)
    snr = check_real("snr", snr, 0, open_low=True, finite=False)
    return N, _plain(snr), _plain(check_real("power_fraction", power_fraction, 0, 1))


def _plain(value):
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
