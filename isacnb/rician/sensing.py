r"""Angle sensing over Rician channels: the CRB of both beamformers, its outage, bounds and truth.

Everything that a channel does to the angle bound goes through :math:`T=a^Hh`,
:math:`T'=\dot a^Hh` and :math:`Z=\|h\|^2`. For centred arrays a and its derivative are orthogonal,
so T, T' and the rest of h are independent given the angles, and each outage is an integral over at
most two variables.

Outages use normalised parameters. The threshold :math:`\epsilon` enters as ``level``,

.. math:: \hat\kappa=\frac{\sigma_r^2}{2|\alpha|^2LPN\epsilon}\,\frac{12}{\pi^2M(M^2-1)},

so that a beam of power P straight at the target is in outage where
:math:`\cos^2\theta<\hat\kappa`. Powers of the linear beamformer enter as the fraction
``communication_fraction`` :math:`=p_c=P_c/P`. Angles are radians from broadside, arrays centred,
half a wavelength apart. Source: rician paper, Sections III-B, IV-B and V.
"""

import math
from itertools import pairwise

import numpy as np
import scipy.special
from numpy.typing import ArrayLike
from scipy.integrate import cubature

from ..arrays import (
    position_sums,
    steering_derivative,
    steering_derivative_product,
    steering_product,
    steering_vector,
)
from ..generic import Quantity, arithmetic
from ..index import implements
from ..special import genchi2_sf, marcum_q
from ..validation import check_integer, check_real
from .channel import rician_weights

__all__ = [
    "channel_projections",
    "crb_from_traces",
    "critical_norm",
    "derivative_norm",
    "lb_crb",
    "lb_crb_bounds",
    "lb_crb_ratio",
    "lb_sensing_outage",
    "lb_sensing_outage_gaussian",
    "lb_sensing_outage_rayleigh",
    "lb_upper_bound_outage",
    "scaled_threshold",
    "sensing_level",
    "sjb_crb",
    "sjb_sensing_moments",
    "sjb_sensing_outage",
    "sjb_sensing_outage_gaussian",
    "slope_mean_square",
    "slope_sf",
    "target_beam_sensing_outage",
]

_NODES = 96  # Gauss–Legendre nodes of each of two dimensions
_RTOL = 1e-9  # of an average over two moduli
_REACH = 9.0  # standard deviations that an integral covers; exp(-81) is left out


@implements("rician.eq16", "right", r"\|\dot{\mathbf a}\|^2")
@implements("rician.eq17", "tool")
def derivative_norm(angle: Quantity, N: Quantity) -> Quantity:
    r"""Squared norm :math:`\|\dot a\|^2=\frac{\pi^2\cos^2\theta}{12}N(N^2-1)`, centred array.

    The derivative is with respect to the angle in radians. Source: rician paper, eq. (16).

    Claims: rician.eq16, rician.eq17.

    >>> round(derivative_norm(0.0, 2).item() / np.pi**2, 12)
    0.5
    """
    angle = check_real("angle", angle)
    ns = arithmetic(angle, N)
    return (ns.pi * ns.cos(angle)) ** 2 * position_sums(N, centred=True)[1]


@implements("rician.settings", "right", r"\bar\epsilon")
def scaled_threshold(
    crb_threshold: Quantity, reflection: Quantity, noise_power: Quantity
) -> Quantity:
    r"""Threshold :math:`\bar\epsilon=\frac{|\alpha|^2}{\sigma_r^2}\,\epsilon`, in rad²/W.

    Reflection :math:`\alpha` (complex, not 0), noise power :math:`\sigma_r^2` > 0 of the radar
    receiver and threshold :math:`\epsilon` > 0 on the angle bound enter an outage only so. Arrays
    broadcast, symbols pass. Raises ``ValueError`` outside these ranges. Source: rician paper,
    Section VII.

    Claim: rician.settings.

    >>> float(scaled_threshold(0.02, 3.0, 0.5))
    0.36
    """
    threshold = check_real("crb_threshold", crb_threshold, 0, open_low=True)
    noise = check_real("noise_power", noise_power, 0, open_low=True)
    strength = check_real("reflection", abs(reflection), 0, open_low=True) ** 2
    return strength / noise * threshold


@implements("rician.eq17", "right", r"P_{\mathrm{out,sen}}")
@implements("rician.fig1c", "right", r"\hat\kappa")
def sensing_level(
    crb_threshold_scaled: Quantity,
    frame_length: Quantity,
    power: Quantity,
    N: Quantity,
    M: Quantity,
) -> Quantity:
    r"""Level :math:`\hat\kappa` of a threshold on the angle bound, for the functions of this module.

    .. math:: \hat\kappa=\frac{6}{\pi^2LPN\,M(M^2-1)\,\bar\epsilon},\qquad
              \bar\epsilon=\frac{|\alpha|^2}{\sigma_r^2}\,\epsilon

    ``crb_threshold_scaled`` > 0 is :func:`scaled_threshold`, ``power`` > 0 the transmit power in the
    same unit of power, ``frame_length`` L >= 1, N >= 1, M >= 2. Arrays broadcast, symbols pass.
    Raises ``ValueError`` outside these ranges.

    Claims: rician.eq17, rician.fig1c.

    >>> print(f"{sensing_level(0.36, 20, 1.0, 8, 4):.6f}")
    0.000176
    """
    threshold = check_real("crb_threshold_scaled", crb_threshold_scaled, 0, open_low=True)
    power = check_real("power", power, 0, open_low=True)
    length, N = check_integer("frame_length", frame_length, 1), check_integer("N", N, 1)
    M = check_integer("M", M, 2)
    pi = arithmetic(threshold, length, power, N, M).pi
    return 6 / (pi**2 * length * power * N * M * (M**2 - 1) * threshold)


@implements("rician.eq17", "right", "uniform angles")
@implements("rician.fig1c", "right", r"P_{\mathbf a}")
def target_beam_sensing_outage(
    level: ArrayLike, half_width: ArrayLike = np.pi / 2
) -> np.ndarray | float:
    r"""Sensing outage of a beam on the target, for target angles uniform within a half-width A.

    .. math:: \Pr[\cos^2\theta<\hat\kappa]
              = \frac{\big(A-\frac\pi2+\arcsin\sqrt{\min(\hat\kappa,1)}\big)^+}A

    No single beam of this power has a smaller one. ``level`` :math:`\hat\kappa` >= 0, A in radians in
    (0, pi/2]; arrays broadcast. Raises ``ValueError`` outside these ranges.

    Claims: rician.eq17, rician.fig1c.

    >>> print(f"{target_beam_sensing_outage(0.01):.6f} {target_beam_sensing_outage(0.01, 1.0):.1f}")
    0.063769 0.0
    """
    level = check_real("level", level, 0)
    width = check_real("half_width", half_width, 0, np.pi / 2, open_low=True)
    beyond = np.arcsin(np.sqrt(np.minimum(level, 1)))
    return (np.maximum(width - (np.pi / 2 - beyond), 0) / width)[()]


@implements("rician.eq14", "right", "T, Z")
@implements("rician.eq16", "tool")
@implements("rician.lb-sen-los", "tool")
def channel_projections(
    channel: np.ndarray, target_angle: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""What a channel has towards a target: :math:`T=a^Hh`, :math:`T'=\dot a^Hh`, :math:`Z=\|h\|^2`.

    ``channel`` h has the shape (..., N), the angle in radians the shape (...); centred array. The
    sums are taken antenna by antenna.

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


@implements("rician.eq11", "right")
def crb_from_traces(
    first: Quantity, second: Quantity, mixed: Quantity, noise: Quantity = 1.0
) -> Quantity:
    r"""Angle bound from the three traces of (11) of the rician paper.

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,\frac{\mathrm{tr}(A^HAR)}
        {\mathrm{tr}(\dot A^H\dot AR)\,\mathrm{tr}(A^HAR) - |\mathrm{tr}(\dot A^HAR)|^2}

    They are ``first``, ``second`` and ``mixed``, the last one squared. ``noise`` is
    :math:`\sigma_r^2/(2|\alpha|^2L)`. Source: rician paper, eq. (11).

    Claim: rician.eq11.

    >>> crb_from_traces(2.0, 3.0, 4.0)
    1.0
    """
    return noise * first / (second * first - mixed)


@implements("rician.eq12", "right")
@implements("rician.sjb-sen-op", "tool")
@implements("rician.eq17", "right", r"\mathrm{CRB}")
@implements("rician.opp-sjb-sen", "tool")
def sjb_crb(
    beam_norm: Quantity, beam_gain: Quantity, receive_norm: Quantity, noise: Quantity = 1.0
) -> Quantity:
    r"""SJB bound :math:`\frac{\sigma_r^2}{2|\alpha|^2LP\|\dot b\|^2}\frac{Z_w}{U^2+V^2}`.

    Parameters
    ----------
    beam_norm : :math:`Z_w=\|\tilde w\|^2`
    beam_gain : :math:`U^2+V^2=|a^H\tilde w|^2`
    receive_norm : :math:`\|\dot b\|^2`, see :func:`derivative_norm`
    noise : :math:`\sigma_r^2/(2|\alpha|^2LP)`

    Source: rician paper, eq. (12).

    Claims: rician.eq12, rician.eq17, rician.opp-sjb-sen, rician.sjb-sen-op.

    >>> sjb_crb(2.0, 8.0, 0.5)
    0.5
    """
    return noise / receive_norm * beam_norm / beam_gain


@implements("rician.lem4", "right")
def sjb_sensing_moments(
    N: Quantity,
    coupling: Quantity,
    rician_factor: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[tuple, tuple]:
    r"""Mean and covariance of (U, V, Z_w) given the angles.

    .. math:: EU+jEV = \alpha_1\eta_1Se^{j\psi_1} + N\alpha_2e^{j\psi_2},\qquad
              EZ_w = N(\alpha_1^2+\alpha_2^2) + 2\alpha_1\alpha_2\eta_1S\cos(\psi_1-\psi_2)

    and, with :math:`m = EZ_w - Ns^2`, the variances :math:`Ns^2/2` twice and :math:`Ns^4+2s^2m`,
    the covariances :math:`s^2EU` and :math:`s^2EV` with :math:`Z_w`, and 0.

    ``coupling`` is :math:`S=\sin(Nx/2)/\sin(x/2)=a^H(\theta)a(\phi)`. The summands are
    :math:`c_n=u_n+jv_n`, independent complex normal of variance
    :math:`s^2=\alpha_1^2\eta_2^2`, and :math:`z_n=|c_n|^2`. Returns the three means and the rows of
    the covariance. Source: rician paper, Lemma 4 (entries derived here).

    Claim: rician.lem4.

    >>> mean, covariance = sjb_sensing_moments(8, 0.0, 0.0, 1.0, 1.0)
    >>> mean[2], covariance[2][2]
    (np.float64(16.0), np.float64(24.0))
    """
    line, scatter = rician_weights(rician_factor)
    ns = arithmetic(N, coupling, line, user_weight, target_weight, user_phase, target_phase)
    direct = user_weight * line * coupling
    mean_u = direct * ns.cos(user_phase) + N * target_weight * ns.cos(target_phase)
    mean_v = direct * ns.sin(user_phase) + N * target_weight * ns.sin(target_phase)
    cross = 2 * target_weight * direct * ns.cos(user_phase - target_phase)
    variance = user_weight**2 * scatter**2
    means_squared = N * (user_weight**2 * line**2 + target_weight**2) + cross
    mean_z = means_squared + N * variance
    zero = 0 * variance
    covariance = (
        (N * variance / 2, zero, variance * mean_u),
        (zero, N * variance / 2, variance * mean_v),
        (
            variance * mean_u,
            variance * mean_v,
            N * variance**2 + 2 * variance * means_squared,
        ),
    )
    return (mean_u, mean_v, mean_z), covariance


@implements("rician.sjb-sen-op", "approximation")
def sjb_sensing_outage_gaussian(
    level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
) -> float:
    r"""The paper's SJB sensing outage given the angles: Gaussian integral over (U, V, Z_w).

    .. math:: \Pr\big[N Z_w > c\,(U^2+V^2)\big],\qquad c=\cos^2\theta/\hat\kappa

    for the Gaussian triple of Lemma 4. The integral is a generalised chi-square probability and is
    evaluated to about 12 digits, so that what differs from :func:`sjb_sensing_outage` is the
    Gaussian approximation alone. Numbers only; weights >= 0, user_weight > 0. Source: rician paper,
    Section III-B.

    Claim: rician.sjb-sen-op.

    >>> round(sjb_sensing_outage_gaussian(0.2, 0.3, -0.4, 16, 1.0, 2.0, 1.0), 8)
    0.65174177
    """
    mean, spread, _ = _sjb_law(
        target_angle, user_angle, N, rician_factor, user_weight, target_weight,
        user_phase, target_phase,
    )  # fmt: skip
    threshold = np.cos(target_angle) ** 2 / check_real("level", level, 0, open_low=True)
    moments, covariance = sjb_sensing_moments(
        N, _coupling(target_angle, user_angle, N)[0], rician_factor, user_weight, target_weight,
        user_phase, target_phase,
    )  # fmt: skip
    return _gaussian_ratio_outage(threshold, N, mean, spread, moments[2], covariance[2][2])


@implements("rician.sjb-sen-op", "exact")
@implements("rician.fig1c", "exact")
def sjb_sensing_outage(
    level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
) -> float:
    r"""Exact SJB sensing outage given the angles, by the generalised chi-square law.

    .. math:: \Pr\big[(c-1)|t|^2<NW\big], \qquad c=\cos^2\theta/\hat\kappa,\quad t=a^H\tilde w

    with the squared norm W of the rest of w~: two independent noncentral chi-square variables. It
    is 1 where c <= 1. Arguments as in :func:`sjb_sensing_outage_gaussian`, N >= 2.

    Claims: rician.sjb-sen-op, rician.fig1c.

    >>> round(sjb_sensing_outage(0.2, 0.3, -0.4, 16, 1.0, 2.0, 1.0), 8)
    0.64444615
    """
    mean, spread, rest = _sjb_law(
        target_angle, user_angle, N, rician_factor, user_weight, target_weight,
        user_phase, target_phase,
    )  # fmt: skip
    threshold = np.cos(target_angle) ** 2 / check_real("level", level, 0, open_low=True)
    return _ratio_outage(threshold, N, mean, spread, rest)


@implements("rician.eq15", "right")
@implements("rician.prop1", "right", r"\mathrm{UCRB}")
@implements("rician.prop2", "right", r"\mathrm{LCRB}")
@implements("rician.prop3", "right", r"\mathrm{ACRB}")
@implements("rician.opp-lb-com", "right")
@implements("rician.opp-lb-sen", "right")
def lb_crb(
    gain: Quantity,
    slope: Quantity,
    norm: Quantity,
    N: Quantity,
    M: Quantity,
    receive_norm: Quantity,
    communication_power: Quantity,
    sensing_power: Quantity,
    noise: Quantity = 1.0,
) -> Quantity:
    r"""LB bound from :math:`|T|^2` (gain), :math:`|T'|^2` (slope) and :math:`Z` (norm).

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,
        \frac{\rho}{\|\dot b\|^2\rho^2 + M\frac{P_c}Z|T'|^2P_sN}, \qquad \rho = \frac{P_c}Z|T|^2 + P_sN

    ``noise`` is :math:`\sigma_r^2/(2|\alpha|^2L)`. Its values for a slope of 0,
    :math:`\|\dot a\|^2Z` and :math:`\tau` are UCRB, LCRB and ACRB of Propositions 1 to 3. Source:
    rician paper, eq. (15).

    Claims: rician.eq15, rician.prop1, rician.prop2, rician.prop3, rician.opp-lb-com,
    rician.opp-lb-sen.

    >>> round(lb_crb(4.0, 1.0, 4.0, 4, 2, 0.5, 1.0, 1.0), 12)
    0.344827586207
    """
    reach = communication_power / norm * gain + sensing_power * N
    slope_share = M * communication_power / norm * slope * sensing_power * N
    return noise * reach / (receive_norm * reach**2 + slope_share)


@implements("rician.prop1", "tool")
def lb_crb_ratio(
    gain_share: Quantity, slope_share: Quantity, communication_fraction: Quantity, size: Quantity
) -> Quantity:
    r"""LB bound relative to that of one beam of the same total power straight at the target.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sGr},\qquad \hat\rho=p_cq+p_s,\quad
              q=\frac{|T|^2}{NZ},\quad r=\frac{|T'|^2}{\|\dot a\|^2Z},\quad q+r\le1

    ``size`` is :math:`G=(N^2-1)/(M^2-1)`. Source: rician paper, eq. (15), normalised.

    Claim: rician.prop1.

    >>> round(lb_crb_ratio(0.25, 0.0, 0.5, 1.0), 12)
    1.6
    """
    sensing = 1 - communication_fraction
    reach = communication_fraction * gain_share + sensing
    return reach / (reach**2 + communication_fraction * sensing * size * slope_share)


@implements("rician.prop1", "right", r"\mathrm{UCRB}")
@implements("rician.prop2", "right", r"\mathrm{LCRB}")
def lb_crb_bounds(
    gain_share: Quantity, communication_fraction: Quantity, size: Quantity
) -> tuple[Quantity, Quantity, Quantity]:
    r"""Printed lower bound, sharper lower bound and upper bound of :func:`lb_crb_ratio`.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sG},\quad \frac{\hat\rho}{\hat\rho^2+p_cp_sG(1-q)},\quad
              \frac1{\hat\rho},\qquad \hat\rho = p_cq+p_s

    The printed bounds grant the slope share 1 (Proposition 2) and 0 (Proposition 1); as a and its
    derivative are orthogonal, the slope share is at most 1 - gain_share, which sharpens the first.

    Claims: rician.prop1, rician.prop2.

    >>> [round(bound, 6) for bound in lb_crb_bounds(0.5, 0.5, 1.0)]
    [0.923077, 1.090909, 1.333333]
    """
    ratio = [
        lb_crb_ratio(gain_share, share, communication_fraction, size)
        for share in (1, 1 - gain_share, 0)
    ]
    return tuple(ratio)


@implements("rician.prop3", "right", r"\tau")
@implements("rician.appC", "approximation")
@implements("rician.lb-sen-aligned", "tool")
def slope_mean_square(
    target_angle: float, user_angle: float, N: int, rician_factor: float
) -> tuple[float, float]:
    r"""Both readings of (22), :math:`E|T'|^2` and :math:`|ET'|^2`, over :math:`\|\dot a\|^2`.

    Claims: rician.prop3, rician.appC, rician.lb-sen-aligned.

    >>> [round(value, 12) for value in slope_mean_square(0.3, 0.3, 8, 1.0)]
    [0.5, 0.0]
    """
    line, scatter = rician_weights(rician_factor)
    direct = (line * _coupling(target_angle, user_angle, N)[1]) ** 2
    return float(direct + scatter**2), float(direct)


@implements("rician.appC", "right")
def slope_sf(
    ratio: ArrayLike, target_angle: float, user_angle: float, N: int, rician_factor: float
) -> np.ndarray | float:
    r"""Probability that :math:`|T'|^2` exceeds ``ratio`` times its mean, given the angles.

    .. math:: \Pr\big[|T'|^2>r\,E|T'|^2\big]
              = Q_1\big(\sqrt{2d}/\eta_2,\sqrt{2r(d+\eta_2^2)}/\eta_2\big),
              \qquad d = \eta_1^2\frac{|\dot a^H(\theta)a(\phi)|^2}{\|\dot a\|^2}

    As N grows d tends to 0 at fixed different angles, and the law to :math:`e^{-r}`: what (21)
    replaces by its mean stays random. ``ratio`` >= 0, angles in radians, N >= 2, finite Rician
    factor; accuracy of :func:`isacnb.special.marcum_q`. Raises ``ValueError`` outside these ranges.

    Claim: rician.appC.

    >>> print(f"{slope_sf(1.0, 0.3, -0.4, 256, 1.0):.6f} {np.exp(-1.0):.6f}")
    0.367881 0.367879
    """
    ratio = check_real("ratio", ratio, 0)
    _, scatter = rician_weights(rician_factor)
    total, direct = slope_mean_square(target_angle, user_angle, N, rician_factor)
    return marcum_q(1, np.sqrt(2 * direct) / scatter, np.sqrt(2 * ratio * total) / scatter)


@implements("rician.lb-sen-intractable", "exact")
def critical_norm(
    along: ArrayLike,
    slope_along: ArrayLike,
    allowed_ratio: float,
    communication_fraction: float,
    size: float,
) -> np.ndarray | float:
    r"""Squared norm of the channel above which the LB bound misses its threshold.

    .. math:: Z^*=\frac{B+\sqrt{B^2+4Ac\,p_c^2t_1^2}}{2A},\quad A=p_s(1-cp_s),\quad
              B=p_ct_1(2cp_s-1)+cp_cp_sGt_2

    the positive root of the quadratic whose sign decides outage: it is :math:`Z>Z^*` given
    :math:`t_1=|T|^2/N` (``along``) and :math:`t_2=|T'|^2/\|\dot a\|^2` (``slope_along``), both >= 0,
    which broadcast. ``allowed_ratio`` is :math:`c=\cos^2\theta/\hat\kappa` > 0,
    0 < ``communication_fraction`` < 1, ``size`` G >= 0. Infinite for :math:`cp_s\ge1`, where the
    radar beam alone reaches the accuracy. Raises ``ValueError`` outside these ranges.

    Claim: rician.lb-sen-intractable.

    >>> z = critical_norm(2.0, 1.0, 1.2, 0.6, 1.5)
    >>> print(f"{z:.6f} {lb_crb_ratio(2.0 / z, 1.0 / z, 0.6, 1.5):.6f}")
    3.949587 1.200000
    """
    along = check_real("along", along, 0)
    slope_along = check_real("slope_along", slope_along, 0)
    allowed = check_real("allowed_ratio", allowed_ratio, 0, open_low=True)
    data = check_real("communication_fraction", communication_fraction, 0, 1,
                      open_low=True, open_high=True)  # fmt: skip
    size = check_real("size", size, 0)
    radar = 1 - data
    lead = radar * (1 - allowed * radar)
    if lead <= 0:
        return np.full(np.broadcast_shapes(along.shape, slope_along.shape), np.inf)[()]
    linear = data * along * (2 * allowed * radar - 1) + allowed * data * radar * size * slope_along
    constant = allowed * data**2 * along**2
    # lead Z^2 - linear Z - constant = 0, without cancellation for linear < 0
    root = np.sqrt(linear**2 + 4 * lead * constant)
    return np.where(
        linear > 0, (linear + root) / (2 * lead), 2 * constant / np.maximum(root - linear, 1e-300)
    )[()]


@implements("rician.lb-sen-intractable", "exact")
@implements("rician.prop3", "exact")
def lb_sensing_outage(
    level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    M: int,
    rician_factor: float,
    communication_fraction: float,
    frozen_slope: float | None = None,
) -> float:
    r"""Exact LB sensing outage given the angles: an integral over two variables.

    .. math:: \Pr[Z>Z^*(t,\tau)] = E\,Q_{N-2}\Big(\frac{\sqrt{2r}}{\eta_2},
              \frac{\sqrt{2(Z^*(t,\tau)-t-\tau)^+}}{\eta_2}\Big), \quad
              t=\frac{|T|^2}N,\ \tau=\frac{|T'|^2}{\|\dot a\|^2}

    with the squared norm r of the mean channel outside both directions and the positive root of a
    quadratic, and Z - t - tau is a noncentral chi-square variable independent of both: a Marcum
    function is averaged over t and tau, with a relative error below 1e-8 for values above 1e-250.
    Raises ``ArithmeticError`` where that accuracy is not reached. N >= 3, M >= 2, 0 < communication_fraction < 1, finite
    Rician factor. ``frozen_slope`` puts a given value in place of tau in the bound alone
    (Proposition 3 without the Gaussian law of Z).

    Claims: rician.lb-sen-intractable, rician.prop3.

    >>> round(lb_sensing_outage(0.3, 0.2, -0.5, 16, 16, 1.0, 0.7), 8)
    0.0973287
    """
    N, M = check_integer("N", N, 3), check_integer("M", M, 2)
    data = check_real("communication_fraction", communication_fraction, 0, 1,
                      open_low=True, open_high=True)  # fmt: skip
    threshold = np.cos(target_angle) ** 2 / check_real("level", level, 0, open_low=True)
    if threshold * (1 - data) >= 1:
        return 0.0  # the radar beam alone reaches the accuracy
    if threshold <= 0:
        return 1.0
    line, scatter = rician_weights(rician_factor)
    size = (N**2 - 1) / (M**2 - 1)
    gain, slope = _coupling(target_angle, user_angle, N)
    first, second = line * abs(gain) / np.sqrt(N), line * abs(slope)
    rest = max(line**2 * N - first**2 - second**2, 0.0)

    def outage(x, y):
        t, tau = x**2, y**2
        used = tau if frozen_slope is None else np.full_like(tau, frozen_slope)
        needed = critical_norm(t, used, threshold, data, size) - t - tau
        limit = np.sqrt(2 * np.maximum(needed, 0)) / scatter
        return marcum_q(N - 2, np.sqrt(2 * rest) / scatter, limit)

    return _rice_average(outage, first, second, scatter)


@implements("rician.prop3", "approximation")
def lb_sensing_outage_gaussian(
    level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    M: int,
    rician_factor: float,
    communication_fraction: float,
    frozen_slope: float | None = None,
) -> float:
    r"""Proposition 3 given the angles: slope frozen, (Re T, Im T, Z) Gaussian (Lemma 5).

    .. math:: E_T\,\Phi\Big(\frac{m(T)-Z^*(t,\tau)}s\Big)

    with t, :math:`Z^*` of :func:`lb_sensing_outage`, and Z normal given T, of mean m(T) and
    variance :math:`s^2`. ``frozen_slope`` is tau over the
    squared norm of the derivative; by default its mean, the likely reading of (22). The Gaussian
    integral is done in two dimensions after Z, to about three digits in the tail. Arguments as in
    :func:`lb_sensing_outage`.

    Claim: rician.prop3.

    >>> round(lb_sensing_outage_gaussian(0.3, 0.2, -0.5, 16, 16, 1.0, 0.7), 7)
    2.8e-06
    """
    N, M = check_integer("N", N, 3), check_integer("M", M, 2)
    data = check_real("communication_fraction", communication_fraction, 0, 1,
                      open_low=True, open_high=True)  # fmt: skip
    threshold = np.cos(target_angle) ** 2 / check_real("level", level, 0, open_low=True)
    if threshold * (1 - data) >= 1:
        return 0.0
    line, scatter = rician_weights(rician_factor)
    if frozen_slope is None:
        frozen_slope = slope_mean_square(target_angle, user_angle, N, rician_factor)[0]
    size = (N**2 - 1) / (M**2 - 1)
    # T/sqrt(N) = mean + deviation, along and across the mean
    mean = line * _coupling(target_angle, user_angle, N)[0] / np.sqrt(N)
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    node, weight = _REACH * node, _REACH * weight * np.exp(-((_REACH * node) ** 2)) / np.sqrt(np.pi)
    along, across = scatter * node[:, None], scatter * node[None, :]
    t = (mean + along) ** 2 + across**2
    centre = N + 2 * mean * along
    spread = np.sqrt(N * (scatter**4 + 2 * scatter**2 * line**2) - 2 * scatter**2 * mean**2)
    needed = critical_norm(t, frozen_slope, threshold, data, size)
    return float(weight @ scipy.special.ndtr((centre - needed) / spread) @ weight)


@implements("rician.lb-sen-intractable", "exact")
@implements("rician.lb-sen-rayleigh", "exact")
def lb_sensing_outage_rayleigh(
    level: float, target_angle: float, N: int, M: int, communication_fraction: float
) -> float:
    r"""Exact LB sensing outage for K = 0 given the target angle: one elementary integral.

    (q, r) of :func:`lb_crb_ratio` is then Dirichlet(1, 1, N - 2), whatever the user's angle:

    .. math:: (N-1)\int_0^{q_1}\Big[(1-q)^{N-2}-(1-q-r^*(q))_+^{N-2}\Big]dq,\qquad
              r^*=\frac{\hat\rho(1-c\hat\rho)}{c\,p_cp_sG}

    Claims: rician.lb-sen-intractable, rician.lb-sen-rayleigh.

    >>> round(lb_sensing_outage_rayleigh(0.3, 0.2, 16, 16, 0.7), 8)
    0.0283218
    """
    N, M = check_integer("N", N, 3), check_integer("M", M, 2)
    data = float(check_real("communication_fraction", communication_fraction, 0, 1,
                            open_low=True, open_high=True))  # fmt: skip
    threshold = np.cos(target_angle) ** 2 / check_real("level", level, 0, open_low=True)
    radar, size = 1 - data, (N**2 - 1) / (M**2 - 1)
    # beyond 60/(N - 2) less than exp(-60) of the law is left
    last = min((1 / threshold - radar) / data, 1.0, 60 / (N - 2))
    if last <= 0:
        return 0.0

    def shortfall(q):
        """1 - q - r*(q), a quadratic in q."""
        reach = data * q + radar
        return 1 - q - reach * (1 - threshold * reach) / (threshold * data * radar * size)

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
    return float((N - 1) * total)


@implements("rician.prop1", "right")
def lb_upper_bound_outage(
    level: float,
    target_angle: float,
    user_angle: float,
    N: int,
    rician_factor: float,
    communication_fraction: float,
    gaussian: bool = False,
) -> float:
    r"""Outage of UCRB (Proposition 1) given the angles, exact or by the Gaussian law of Lemma 5.

    .. math:: \Pr[\mathrm{UCRB}>\epsilon] = \Pr\big[c'|T|^2<NZ\big], \qquad
              c'=\frac{p_c}{1/c-p_s},\quad c=\frac{\cos^2\theta}{\hat\kappa}

    Claim: rician.prop1.

    >>> exact = lb_upper_bound_outage(0.3, 0.2, -0.5, 16, 1.0, 0.7)
    >>> bool(exact >= lb_sensing_outage(0.3, 0.2, -0.5, 16, 16, 1.0, 0.7))
    True
    """
    data = check_real("communication_fraction", communication_fraction, 0, 1,
                      open_low=True, open_high=True)  # fmt: skip
    slack = check_real("level", level, 0, open_low=True) / np.cos(target_angle) ** 2 - (1 - data)
    if slack <= 0:
        return 0.0
    line, scatter = rician_weights(rician_factor)
    mean = line * _coupling(target_angle, user_angle, N)[0]
    if gaussian:
        variance = N * (scatter**4 + 2 * scatter**2 * line**2)
        return _gaussian_ratio_outage(data / slack, N, mean, scatter**2, N, variance)
    rest = max(line**2 * N - mean**2 / N, 0.0)
    return _ratio_outage(data / slack, N, mean, scatter**2, rest)


def _coupling(target_angle, user_angle, N) -> tuple[float, float]:
    """a^H(theta) a(phi) and adot^H(theta) a(phi) over the norm of adot; both are real."""
    N = check_integer("N", N, 2)
    product = np.real(steering_product(target_angle, user_angle, N, centred=True))
    # the derivative product is linear in cos(theta), which cancels against the norm
    slope = np.real(steering_derivative_product(user_angle, target_angle, N, centred=True))
    norm = np.sqrt(derivative_norm(target_angle, N))
    return float(product), float(slope / norm) if norm > 1e-12 else 0.0


def _sjb_law(
    target_angle, user_angle, N, rician_factor, user_weight, target_weight, user_phase, target_phase
):
    """Mean of t = a^H w~, variance of one entry of w~, squared norm of the mean outside a."""
    user_weight = check_real("user_weight", user_weight, 0, open_low=True)
    target_weight = check_real("target_weight", target_weight, 0)
    line, scatter = rician_weights(rician_factor)
    gain = _coupling(target_angle, user_angle, N)[0]
    direct = user_weight * line * np.exp(1j * user_phase)
    mean = direct * gain + target_weight * np.exp(1j * target_phase) * N
    rest = (user_weight * line) ** 2 * max(N - gain**2 / N, 0.0)
    return mean, (user_weight * scatter) ** 2, rest


def _ratio_outage(threshold, N, mean, variance, rest) -> float:
    """Pr[N Z > threshold |t|^2], Z = |t|^2/N + W, t ~ CN(mean, N variance), W independent."""
    if threshold <= 1:
        return 1.0
    return float(
        genchi2_sf(
            0.0,
            [-(threshold - 1) * N * variance / 2, N * variance / 2],
            [2, 2 * (N - 1)],
            [2 * abs(mean) ** 2 / (N * variance), 2 * rest / variance],
        )
    )


def _gaussian_ratio_outage(threshold, N, mean, variance, norm_mean, norm_variance) -> float:
    """The same event for the Gaussian triple (Re t, Im t, Z) with the same moments."""
    # Z = E Z + (2/N) Re(mean* (t - mean)) + independent normal; the square in t is completed
    power = abs(mean) ** 2
    spread = np.sqrt(norm_variance - 2 * variance * power / N)
    return float(
        genchi2_sf(
            0.0,
            [-threshold * N * variance / 2],
            [2],
            [2 * power * (1 - 1 / threshold) ** 2 / (N * variance)],
            normal_std=N * spread,
            offset=N * norm_mean - 2 * power + power / threshold,
        )
    )


def _rice_average(function, first: float, second: float, scatter: float) -> float:
    """Mean of a probability over the moduli of two complex normal variables, CN(mean, scatter^2).

    ``function`` takes two arrays of one shape and returns values in [0, 1]. Two fixed rules decide
    where they agree; where they do not, because the function has a kink or a steep edge or is small
    where the moduli are likely, an adaptive cubature does, region by region outwards, until what is
    left cannot matter. Raises ``ArithmeticError`` where that does not converge.
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
