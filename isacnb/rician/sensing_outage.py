r"""Outage of the angle bound: exact, by the paper's Gaussian approximations, and of its bounds.

For centred arrays :math:`T=a^Hh`, :math:`T'=\dot a^Hh` and the rest of h are independent given the
angles, so that each outage is an integral over at most two variables. Outages use normalised
parameters. The threshold :math:`\epsilon` enters through the *sensing level*,

.. math:: \hat\kappa=\frac{\sigma_r^2}{2|\alpha|^2LPN\epsilon}\,\frac{12}{\pi^2M(M^2-1)},

so that a beam of power P straight at the target is in outage where
:math:`\cos^2\theta<\hat\kappa`; see :func:`sensing_level`. Functions that end in ``_joint`` are of the
joint beam, those that end in ``_split`` of the split beams, of which the ``data_share`` is
:math:`p_c=P_c/P`; the paper's approximations (``_gaussian``) stand beside the exact ones. Angles are
radians from broadside, arrays centred, half a wavelength apart. Source: rician paper, Sections III-B,
IV-B and V.
"""

import math
from itertools import pairwise

import numpy as np
import scipy.special
from scipy.integrate import cubature

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..signals.arrays import steering_derivative, steering_vector
from ..special.genchi2 import GenChi2
from ..special.marcum import marcum_q
from .angle_bound import sensing_moments_joint, slope_mean_square, unit_projections
from .beams import JointBeam
from .channel import Arrays, rician_weights
from .rate_outage import unit_square_integral

__all__ = [
    "channel_projections",
    "crb_threshold_scaled",
    "crb_upper_outage_split",
    "crb_upper_outage_split_gaussian",
    "critical_norm",
    "sensing_level",
    "sensing_outage_joint",
    "sensing_outage_joint_gaussian",
    "sensing_outage_split",
    "sensing_outage_split_gaussian",
    "sensing_outage_split_rayleigh",
    "sensing_outage_target_beam",
]


_NODES = 96  # Gauss–Legendre nodes of each of two dimensions


_RTOL = 1e-9  # of an average over two moduli


_REACH = 9.0  # standard deviations that an integral covers; exp(-81) is left out


# --- the threshold and the projections ----------------------------------------------------------


@public("[0, inf]")
@implements("rician.settings", "right", r"\bar\epsilon")
def crb_threshold_scaled(
    crb_threshold: Quantity, reflection: Quantity, radar_noise_power: Quantity
) -> Quantity:
    r"""Threshold :math:`\bar\epsilon=\frac{|\alpha|^2}{\sigma_r^2}\,\epsilon`, in rad²/W.

    Reflection, noise and threshold enter an outage only so.

    Parameters
    ----------
    crb_threshold : :math:`\epsilon` on the angle bound, in rad²
    reflection : :math:`\alpha`, complex, not 0
    radar_noise_power : :math:`\sigma_r^2` of the radar receiver, in watts

    Arrays broadcast, symbols pass. Raises ``ValueError`` for a reflection of 0. Source: rician paper,
    Section VII.

    Claim: rician.settings.

    >>> float(crb_threshold_scaled(0.02, 3.0, 0.5))
    0.36
    """
    strength = check_real("reflection", abs(reflection), 0, open_low=True) ** 2
    return strength / radar_noise_power * crb_threshold


@public("[0, inf)", M="integers [2, inf)")
@implements("rician.eq17", "right", r"P_{\mathrm{out,sen}}")
@implements("rician.fig1c", "right", r"\hat\kappa")
def sensing_level(
    crb_threshold_scaled: Quantity,
    frame_length: Quantity,
    downlink_power: Quantity,
    N: Quantity,
    M: Quantity,
) -> Quantity:
    r"""Sensing level :math:`\hat\kappa` of a threshold on the angle bound.

    .. math:: \hat\kappa=\frac{6}{\pi^2LPN\,M(M^2-1)\,\bar\epsilon},\qquad
              \bar\epsilon=\frac{|\alpha|^2}{\sigma_r^2}\,\epsilon

    It is the bound of one beam of all the power at a target at broadside, over the threshold.

    Parameters
    ----------
    crb_threshold_scaled : :math:`\bar\epsilon`, see :func:`crb_threshold_scaled`
    frame_length : L
    downlink_power : P in the unit of the noise power in :math:`\bar\epsilon`
    N : number of transmit antennas
    M : number of receive antennas, >= 2

    Arrays broadcast, symbols pass.

    Claims: rician.eq17, rician.fig1c.

    >>> print(f"{sensing_level(0.36, 20, 1.0, 8, 4):.6f}")
    0.000176
    """
    threshold, length, power = crb_threshold_scaled, frame_length, downlink_power
    pi = arithmetic(threshold, length, power, N, M).pi
    return 6 / (pi**2 * length * power * N * M * (M**2 - 1) * threshold)


@public
@implements("rician.eq14", "right", "T, Z")
@implements("rician.eq16", "tool")
@implements("rician.lb-sen-los", "tool")
def channel_projections(
    channel: np.ndarray, target_angle: Quantity
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""What a channel has towards a target: :math:`T=a^Hh`, :math:`T'=\dot a^Hh`, :math:`Z=\|h\|^2`.

    The sums are taken antenna by antenna, for a centred array.

    Parameters
    ----------
    channel : h, shape (..., N)
    target_angle : :math:`\theta` in radians, shape (...)

    Claims: rician.eq14, rician.eq16, rician.lb-sen-los.

    >>> [round(complex(p).real, 6) for p in channel_projections(np.array([1.0, 2.0]), 0.0)]
    [3.0, 0.0, 5.0]
    """
    N = channel.shape[-1]
    along, slope = (
        np.sum(steering(target_angle, N, centred=True).conj() * channel, axis=-1)
        for steering in (steering_vector, steering_derivative)
    )
    return along, slope, np.sum(np.abs(channel) ** 2, axis=-1)


# --- the joint beam and its end point on the target ---------------------------------------------


@public("[0, 1]", sensing_level="[0, inf)")
@implements("rician.eq17", "right", "uniform angles")
@implements("rician.fig1c", "right", r"P_{\mathbf a}")
def sensing_outage_target_beam(
    sensing_level: Quantity, half_width: Quantity = np.pi / 2
) -> np.ndarray | float:
    r"""Sensing outage of a beam on the target, for target angles uniform within a half-width A.

    .. math:: \Pr[\cos^2\theta<\hat\kappa]
              = \frac{\big(A-\frac\pi2+\arcsin\sqrt{\min(\hat\kappa,1)}\big)^+}A

    No single beam of this power has a smaller one.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa\ge0`
    half_width : A in radians, in (0, pi/2]

    Arrays broadcast.

    Claims: rician.eq17, rician.fig1c.

    >>> print(f"{sensing_outage_target_beam(0.01):.6f} {sensing_outage_target_beam(0.01, 1.0):.1f}")
    0.063769 0.0
    """
    beyond = np.arcsin(np.sqrt(np.minimum(sensing_level, 1)))
    return (np.maximum(half_width - (np.pi / 2 - beyond), 0) / half_width)[()]


@public("[0, 1]", N="integers [2, inf)")
@implements("rician.sjb-sen-op", "exact")
@implements("rician.fig1c", "exact")
def sensing_outage_joint(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    beam: JointBeam,
) -> float:
    r"""Exact sensing outage of the joint beam given the angles, by the generalised chi-square law.

    .. math:: \Pr\big[(c-1)|t|^2<NW\big], \qquad c=\cos^2\theta/\hat\kappa,\quad t=a^H\tilde w

    with the squared norm W of the rest of w~: two independent noncentral chi-square variables. It
    is 1 where c <= 1.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    N : number of transmit antennas, >= 2
    rician_factor : K
    beam : weights, with :math:`\alpha_1>0`, and phases

    All are one number each. Accuracy of :meth:`isacnb.special.genchi2.GenChi2.sf`. Raises
    ``ValueError`` for a weight of 0 on the user: see :func:`sensing_outage_target_beam`.

    Claims: rician.sjb-sen-op, rician.fig1c.

    >>> round(sensing_outage_joint(0.2, 0.3, -0.4, 16, 1.0, JointBeam(2.0, 1.0)), 8)
    0.64444615
    """
    mean, variance, rest = _joint_law(target_angle, user_angle, N, rician_factor, beam)
    allowed = np.cos(target_angle) ** 2 / sensing_level
    return _ratio_outage(allowed, N, mean, variance, rest)


@public("[0, 1]", N="integers [2, inf)")
@implements("rician.sjb-sen-op", "approximation")
def sensing_outage_joint_gaussian(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    beam: JointBeam,
) -> float:
    r"""The paper's sensing outage of the joint beam given the angles: a Gaussian integral.

    .. math:: \Pr\big[N Z_w > c\,(U^2+V^2)\big],\qquad c=\cos^2\theta/\hat\kappa

    for the Gaussian triple (U, V, Z_w) of Lemma 4,
    :func:`isacnb.rician.angle_bound.sensing_moments_joint`. The integral is a generalised chi-square
    probability and is evaluated to about 12 digits, so that what differs from
    :func:`sensing_outage_joint` is the Gaussian approximation alone.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    N : number of transmit antennas, >= 2
    rician_factor : K
    beam : weights, with :math:`\alpha_1>0`, and phases

    All are one number each. Raises ``ValueError`` for a weight of 0 on the user. Source: rician paper,
    Section III-B.

    Claim: rician.sjb-sen-op.

    >>> round(sensing_outage_joint_gaussian(0.2, 0.3, -0.4, 16, 1.0, JointBeam(2.0, 1.0)), 8)
    0.65174177
    """
    mean, variance, _ = _joint_law(target_angle, user_angle, N, rician_factor, beam)
    allowed = np.cos(target_angle) ** 2 / sensing_level
    S, _ = unit_projections(target_angle, user_angle, N)
    moments, covariance = sensing_moments_joint(N, rician_factor, S, beam)
    return _gaussian_ratio_outage(allowed, N, mean, variance, moments[2], covariance[2][2])


def _joint_law(target_angle, user_angle, N, rician_factor, beam):
    """Mean of t = a^H w~, variance of one entry of w~, squared norm of the mean outside a."""
    user_weight = check_real("user_weight", beam.user_weight, 0, open_low=True)
    line, scatter = rician_weights(rician_factor)
    S, _ = unit_projections(target_angle, user_angle, N)
    direct = user_weight * line * np.exp(1j * beam.user_phase)
    mean = direct * S + beam.target_weight * np.exp(1j * beam.target_phase) * N
    rest = (user_weight * line) ** 2 * max(N - S**2 / N, 0.0)
    return mean, (user_weight * scatter) ** 2, rest


# --- the split beams ----------------------------------------------------------------------------


@public("[0, inf]", data_share="(0, 1)")
@implements("rician.lb-sen-intractable", "exact")
def critical_norm(
    channel_along: Quantity,
    channel_slope_along: Quantity,
    allowed_ratio: float,
    data_share: float,
    slope_gain_ratio: float,
) -> np.ndarray | float:
    r"""Squared norm of the channel above which the bound of the split beams misses its threshold.

    .. math:: Z^*=\frac{B+\sqrt{B^2+4Ac\,p_c^2t_1^2}}{2A},\quad A=p_s(1-cp_s),\quad
              B=p_ct_1(2cp_s-1)+cp_cp_sGt_2

    the positive root of the quadratic whose sign decides outage: it is :math:`Z>Z^*`. Infinite for
    :math:`cp_s\ge1`, where the radar beam alone reaches the accuracy.

    Parameters
    ----------
    channel_along : :math:`t_1=|T|^2/N`
    channel_slope_along : :math:`t_2=|T'|^2/\|\dot a\|^2`; both broadcast
    allowed_ratio : :math:`c=\cos^2\theta/\hat\kappa`
    data_share : :math:`p_c` in (0, 1), with :math:`p_s=1-p_c`
    slope_gain_ratio : :math:`G=(N^2-1)/(M^2-1)`

    Claim: rician.lb-sen-intractable.

    >>> from isacnb.rician.angle_bound import crb_ratio_split
    >>> z = critical_norm(2.0, 1.0, 1.2, 0.6, 1.5)
    >>> print(f"{z:.6f} {crb_ratio_split(2.0 / z, 1.0 / z, 0.6, 1.5):.6f}")
    3.949587 1.200000
    """
    t, tau, c = channel_along, channel_slope_along, allowed_ratio
    radar = 1 - data_share
    lead = radar * (1 - c * radar)
    if lead <= 0:
        return np.full(np.broadcast_shapes(np.shape(t), np.shape(tau)), np.inf)[()]
    linear = data_share * t * (2 * c * radar - 1) + c * data_share * radar * slope_gain_ratio * tau
    constant = c * data_share**2 * t**2
    # lead Z^2 - linear Z - constant = 0, without cancellation for linear < 0
    root = np.sqrt(linear**2 + 4 * lead * constant)
    return np.where(
        linear > 0, (linear + root) / (2 * lead), 2 * constant / np.maximum(root - linear, 1e-300)
    )[()]


@public("[0, 1]", data_share="(0, 1)")
@implements("rician.lb-sen-intractable", "exact")
@implements("rician.prop3", "exact")
def sensing_outage_split(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    arrays: Arrays,
    rician_factor: float,
    data_share: float,
    *,
    frozen_slope: float | None = None,
) -> float:
    r"""Exact sensing outage of the split beams given the angles: an integral over two variables.

    .. math:: \Pr[Z>Z^*(t,\tau)] = E\,Q_{N-2}\Big(\frac{\sqrt{2r}}{\eta_2},
              \frac{\sqrt{2(Z^*(t,\tau)-t-\tau)^+}}{\eta_2}\Big), \quad
              t=\frac{|T|^2}N,\ \tau=\frac{|T'|^2}{\|\dot a\|^2}

    with the squared norm r of the mean channel outside both directions and :math:`Z^*` of
    :func:`critical_norm`. Z - t - tau is a noncentral chi-square variable independent of both: a Marcum
    function is averaged over t and tau.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    arrays : N >= 3 and M >= 2
    rician_factor : K
    data_share : :math:`p_c` in (0, 1)
    frozen_slope : value in place of tau in the bound alone, for Proposition 3 without the Gaussian law
        of Z; by default tau stays random

    All are one number each. Relative error below 1e-8 for values above 1e-250. Raises
    ``ValueError`` where that accuracy is not reached.

    Claims: rician.lb-sen-intractable, rician.prop3.

    >>> round(sensing_outage_split(0.3, 0.2, -0.5, Arrays(16, 16), 1.0, 0.7), 8)
    0.0973287
    """
    N = _checked_arrays(arrays).N
    allowed = np.cos(target_angle) ** 2 / sensing_level
    if allowed * (1 - data_share) >= 1:
        return 0.0  # the radar beam alone reaches the accuracy
    if allowed <= 0:
        return 1.0
    line, scatter = rician_weights(rician_factor)
    size = arrays.slope_gain_ratio
    gain, slope = unit_projections(target_angle, user_angle, N)
    first, second = line * abs(gain) / np.sqrt(N), line * abs(slope)
    rest = max(line**2 * N - first**2 - second**2, 0.0)

    def outage(x, y):
        t, tau = x**2, y**2
        used = tau if frozen_slope is None else np.full_like(tau, frozen_slope)
        needed = critical_norm(t, used, allowed, data_share, size) - t - tau
        limit = np.sqrt(2 * np.maximum(needed, 0)) / scatter
        return marcum_q(N - 2, np.sqrt(2 * rest) / scatter, limit)

    return _rice_average(outage, first, second, scatter)


@public("[0, 1]", data_share="(0, 1)")
@implements("rician.prop3", "approximation")
def sensing_outage_split_gaussian(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    arrays: Arrays,
    rician_factor: float,
    data_share: float,
    *,
    frozen_slope: float | None = None,
) -> float:
    r"""Proposition 3 given the angles: slope frozen, (Re T, Im T, Z) Gaussian (Lemma 5).

    .. math:: E_T\,\Phi\Big(\frac{m(T)-Z^*(t,\tau)}s\Big)

    with t, :math:`Z^*` of :func:`sensing_outage_split`, and Z normal given T, of mean m(T) and
    variance :math:`s^2`. The integral over T takes its modulus and its angle.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    arrays : N >= 3 and M >= 2
    rician_factor : K
    data_share : :math:`p_c` in (0, 1)
    frozen_slope : tau over the squared norm of the derivative; by default its mean, the likely reading
        of (22)

    All are one number each. Relative error below 1e-8 for values above 1e-250. Raises ``ValueError``
    where that accuracy is not reached.

    Claim: rician.prop3.

    >>> round(sensing_outage_split_gaussian(0.3, 0.2, -0.5, Arrays(16, 16), 1.0, 0.7), 7)
    3.1e-06
    """
    N = _checked_arrays(arrays).N
    allowed = np.cos(target_angle) ** 2 / sensing_level
    if allowed * (1 - data_share) >= 1:
        return 0.0
    line, scatter = rician_weights(rician_factor)
    if frozen_slope is None:
        frozen_slope = slope_mean_square(target_angle, user_angle, N, rician_factor)[0]
    ratio = arrays.slope_gain_ratio
    # T/sqrt(N) is complex normal about its mean; beyond 26.5 scatters it is left out: exp(-702)
    mean = line * abs(unit_projections(target_angle, user_angle, N)[0]) / np.sqrt(N)
    low, high = max(mean - 26.5 * scatter, 0.0), mean + 26.5 * scatter
    spread = np.sqrt(N * (scatter**4 + 2 * scatter**2 * line**2) - 2 * scatter**2 * mean**2)

    def integrand(points):
        """Density of modulus and angle of T, times the probability that Z is too large."""
        modulus = low + (high - low) * points[..., 0]
        cosine = np.cos(np.pi * points[..., 1])
        deviation = (modulus - mean) ** 2 + 2 * modulus * mean * (1 - cosine)
        density = 2 * (high - low) * modulus / scatter**2 * np.exp(-deviation / scatter**2)
        centre = N + 2 * mean * (modulus * cosine - mean)
        needed = critical_norm(modulus**2, frozen_slope, allowed, data_share, ratio)
        return density * scipy.special.ndtr((centre - needed) / spread)

    # the rule's error may lift a certain outage above 1
    return min(unit_square_integral(integrand, _RTOL), 1.0)


@public("[0, 1]", data_share="(0, 1)")
@implements("rician.lb-sen-intractable", "exact")
@implements("rician.lb-sen-rayleigh", "exact")
def sensing_outage_split_rayleigh(
    sensing_level: float, target_angle: float, arrays: Arrays, data_share: float
) -> float:
    r"""Exact sensing outage of the split beams for K = 0 given the target angle, one easy integral.

    (q, r) of :func:`isacnb.rician.angle_bound.crb_ratio_split` is then Dirichlet(1, 1, N - 2),
    whatever the user's angle:

    .. math:: (N-1)\int_0^{q_1}\Big[(1-q)^{N-2}-(1-q-r^*(q))_+^{N-2}\Big]dq,\qquad
              r^*=\frac{\hat\rho(1-c\hat\rho)}{c\,p_cp_sG}

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    arrays : N >= 3 and M >= 2
    data_share : :math:`p_c` in (0, 1)

    All are one number each. Relative accuracy 1e-12, measured up to N = 400 against 40 digits: on each
    piece the integrand is a polynomial, for which the rule is exact up to N = 128.

    Claims: rician.lb-sen-intractable, rician.lb-sen-rayleigh.

    >>> round(sensing_outage_split_rayleigh(0.3, 0.2, Arrays(16, 16), 0.7), 8)
    0.0283218
    """
    N = _checked_arrays(arrays).N
    allowed = np.cos(target_angle) ** 2 / sensing_level
    radar, size = 1 - data_share, arrays.slope_gain_ratio
    # beyond 60/(N - 2) less than exp(-60) of the law is left
    last = min((1 / allowed - radar) / data_share, 1.0, 60 / (N - 2))
    if last <= 0:
        return 0.0

    def shortfall(q):
        """1 - q - r*(q), a quadratic in q."""
        reach = data_share * q + radar
        return 1 - q - reach * (1 - allowed * reach) / (allowed * data_share * radar * size)

    quadratic = np.polynomial.Polynomial.fit([0, 0.5, 1], shortfall(np.array([0, 0.5, 1])), 2)
    roots = quadratic.roots()
    cuts = np.real(roots[(np.abs(np.imag(roots)) < 1e-12)])
    edges = np.unique(np.clip([0.0, *cuts, last], 0.0, last))
    # polynomials of degree up to 2(N - 2) on each piece: Gauss–Legendre with N nodes is exact
    node, weight = np.polynomial.legendre.leggauss(min(N, 128))
    total = 0.0
    for low, high in pairwise(edges):
        q = (low + high) / 2 + (high - low) / 2 * node
        base = np.maximum(1 - q, 1e-300)
        ratio = np.clip(shortfall(q) / base, 0.0, None)
        inside = base ** (N - 2) * (1 - np.minimum(ratio, 1) ** (N - 2))
        total += (high - low) / 2 * (weight @ inside)
    return min(float((N - 1) * total), 1.0)


@public("[0, 1]", N="integers [2, inf)", data_share="(0, 1)")
@implements("rician.prop1", "right")
def crb_upper_outage_split(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    data_share: float,
) -> float:
    r"""Outage of UCRB, the upper bound of Proposition 1, given the angles, by its exact law.

    .. math:: \Pr[\mathrm{UCRB}>\epsilon] = \Pr\big[c'|T|^2<NZ\big], \qquad
              c'=\frac{p_c}{1/c-p_s},\quad c=\frac{\cos^2\theta}{\hat\kappa}

    It is never below the sensing outage of the split beams, for any number of receive antennas.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    N : number of transmit antennas, >= 2
    rician_factor : K
    data_share : :math:`p_c` in (0, 1)

    All are one number each; accuracy of :meth:`isacnb.special.genchi2.GenChi2.sf`.

    Claim: rician.prop1.

    >>> upper = crb_upper_outage_split(0.3, 0.2, -0.5, 16, 1.0, 0.7)
    >>> bool(upper >= sensing_outage_split(0.3, 0.2, -0.5, Arrays(16, 16), 1.0, 0.7))
    True
    """
    slack = sensing_level / np.cos(target_angle) ** 2 - (1 - data_share)
    if slack <= 0:
        return 0.0
    line, scatter = rician_weights(rician_factor)
    mean = line * unit_projections(target_angle, user_angle, N)[0]
    rest = max(line**2 * N - mean**2 / N, 0.0)
    return _ratio_outage(data_share / slack, N, mean, scatter**2, rest)


@public("[0, 1]", N="integers [2, inf)", data_share="(0, 1)")
@implements("rician.prop1", "approximation")
def crb_upper_outage_split_gaussian(
    sensing_level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    data_share: float,
) -> float:
    r"""Outage of UCRB given the angles, by the Gaussian law of Lemma 5 that the paper gives it.

    .. math:: \Pr\big[c'|T|^2<NZ\big], \qquad c'=\frac{p_c}{1/c-p_s},\quad
              c=\frac{\cos^2\theta}{\hat\kappa}

    for a Gaussian triple (Re T, Im T, Z). It can fall below the sensing outage; the exact law is
    :func:`crb_upper_outage_split`.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    N : number of transmit antennas, >= 2
    rician_factor : K
    data_share : :math:`p_c` in (0, 1)

    All are one number each; accuracy of :meth:`isacnb.special.genchi2.GenChi2.sf`.

    Claim: rician.prop1.

    >>> setting = 0.15, 0.2, -0.5, 16, 1.0, 0.9
    >>> exact, gaussian = crb_upper_outage_split(*setting), crb_upper_outage_split_gaussian(*setting)
    >>> print(f"{exact:.4f} {gaussian:.4f}")
    0.8389 0.8312
    """
    slack = sensing_level / np.cos(target_angle) ** 2 - (1 - data_share)
    if slack <= 0:
        return 0.0
    line, scatter = rician_weights(rician_factor)
    mean = line * unit_projections(target_angle, user_angle, N)[0]
    variance = N * (scatter**4 + 2 * scatter**2 * line**2)
    return _gaussian_ratio_outage(data_share / slack, N, mean, scatter**2, N, variance)


def _checked_arrays(arrays: Arrays) -> Arrays:
    """Arrays of one size, with directions left besides the steering vector and its derivative."""
    check_integer("N", arrays.N, 3)
    check_integer("M", arrays.M, 2)
    return arrays


def _ratio_outage(threshold, N, mean, variance, rest) -> float:
    """Pr[N Z > threshold |t|^2], Z = |t|^2/N + W, t ~ CN(mean, N variance), W independent."""
    if threshold <= 1:
        return 1.0
    law = GenChi2(
        [-(threshold - 1) * N * variance / 2, N * variance / 2],
        [2, 2 * (N - 1)],
        [2 * abs(mean) ** 2 / (N * variance), 2 * rest / variance],
    )
    return float(law.sf(0.0))


def _gaussian_ratio_outage(threshold, N, mean, variance, norm_mean, norm_variance) -> float:
    """The same event for the Gaussian triple (Re t, Im t, Z) with the same moments."""
    # Z = E Z + (2/N) Re(mean* (t - mean)) + independent normal; the square in t is completed
    power = abs(mean) ** 2
    spread = np.sqrt(norm_variance - 2 * variance * power / N)
    law = GenChi2(
        -threshold * N * variance / 2,
        2,
        2 * power * (1 - 1 / threshold) ** 2 / (N * variance),
        normal_std=N * spread,
        offset=N * norm_mean - 2 * power + power / threshold,
    )
    return float(law.sf(0.0))


def _rice_average(function, first: float, second: float, scatter: float) -> float:
    """Mean of a probability over the moduli of two complex normal variables, CN(mean, scatter^2).

    ``function`` takes two arrays of one shape and returns values in [0, 1]. Two fixed rules decide
    where they agree; where they do not, because the function has a kink or a steep edge or is small
    where the moduli are likely, an adaptive cubature does, region by region outwards, until what is
    left cannot matter. Raises ``ArithmeticError``, which the door turns into ``ValueError``, where that
    does not converge.
    """
    values = []
    for count in (_NODES, _NODES * 2 // 3):
        (x, weight_x), (y, weight_y) = (
            _rice_nodes(mean, scatter, count) for mean in (first, second)
        )
        table = function(*np.broadcast_arrays(x[:, None], y[None, :]))
        values.append(float(weight_x @ table @ weight_y))
    if abs(values[0] - values[1]) <= _RTOL * values[0] and values[0] > 1e-6:
        return min(values[0], 1.0)

    def integrand(point):
        x, y = point[:, 0], point[:, 1]
        return _rice_pdf(x, first, scatter) * _rice_pdf(y, second, scatter) * function(x, y)

    cells = [
        (mass_x * mass_y, *zip(part_x, part_y, strict=True))
        for mass_x, part_x in _rice_parts(first, scatter)
        for mass_y, part_y in _rice_parts(second, scatter)
    ]
    total = 0.0
    for mass, low, high in sorted(cells, reverse=True):
        # the function is at most 1
        if mass <= 0.1 * _RTOL * total:
            break
        part = cubature(integrand, low, high, rule="gk21", rtol=0.1 * _RTOL,
                        atol=max(0.01 * _RTOL * total, 1e-300), max_subdivisions=4000)  # fmt: skip
        if part.status != "converged":
            raise ArithmeticError(
                "the average over the channel's two projections does not converge"
            )
        total += float(part.estimate)
    return min(total, 1.0)


def _rice_parts(mean: float, scatter: float) -> list[tuple[float, tuple[float, float]]]:
    """The half line in parts, the likely one and those beyond, each with a bound of its probability.

    The modulus deviates from the mean's by more than d scatters with a probability below exp(-d^2).
    """
    beyond = math.exp(-(_REACH**2))
    steps = ((beyond, -26, -_REACH), (1.0, -_REACH, _REACH), (beyond, _REACH, 26))
    parts = [
        (bound, (max(mean + low * scatter, 0.0), mean + high * scatter))
        for bound, low, high in steps
    ]
    return [part for part in parts if part[1][0] < part[1][1]]


def _rice_pdf(x, mean, scatter):
    """Density of the modulus of a complex normal variable, CN(mean, scatter^2)."""
    bessel = scipy.special.i0e(2 * x * mean / scatter**2)
    return 2 * x / scatter**2 * np.exp(-(((x - mean) / scatter) ** 2)) * bessel


def _rice_nodes(mean, scatter, count):
    """Nodes and weights of an average over the modulus of a complex normal variable."""
    low, high = max(mean - _REACH * scatter, 0.0), mean + _REACH * scatter
    node, weight = np.polynomial.legendre.leggauss(count)
    x = low + (high - low) * (node + 1) / 2
    return x, (high - low) / 2 * weight * _rice_pdf(x, mean, scatter)
