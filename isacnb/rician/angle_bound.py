r"""The bound on the target's angle in a realisation, for both beamformers and any transmission.

Everything that a channel does to it goes through :math:`T=a^Hh`, :math:`T'=\dot a^Hh` and
:math:`Z=\|h\|^2`; for centred arrays a and its derivative are orthogonal. Angles are radians from
broadside. Source: rician paper, Sections III-B and IV-B.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer
from ..signals.arrays import position_sums, steering_derivative_product, steering_product
from ..special.marcum import marcum_q
from .channel import response_traces, rician_weights

__all__ = [
    "angle_crb",
    "crb_from_traces",
    "derivative_norm",
    "lb_crb",
    "lb_crb_bounds",
    "lb_crb_ratio",
    "sjb_crb",
    "sjb_sensing_moments",
    "slope_mean_square",
    "slope_sf",
]


@public("[0, inf]", noise_power="(0, inf)")
@implements("rician.eq11", "right")
def angle_crb(
    covariance: np.ndarray,
    target_angle: Quantity,
    M: int,
    frame_length: Quantity = 1,
    reflection: complex = 1.0,
    noise_power: float = 1.0,
) -> np.ndarray:
    r"""Cramér–Rao bound of the target angle for a transmit covariance R, in rad².

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,\frac{\mathrm{tr}(A^HAR)}
        {\mathrm{tr}(\dot A^H\dot AR)\,\mathrm{tr}(A^HAR) - |\mathrm{tr}(\dot A^HAR)|^2}

    It is the Schur complement of the information on the complex reflection, from the entries
    :math:`\mathrm{tr}(D_1 R D_2^H)` with :math:`D_i\in\{A,\dot A\}`, :math:`A=ba^H`: eq. (11) of
    the rician paper. ``covariance`` has shape (..., N, N). Infinite where R leaves the target dark.

    Claim: rician.eq11.
    """
    on, slopes, across = response_traces(covariance, target_angle, M)
    on, slopes = on.real, slopes.real
    factor = noise_power / (2 * abs(reflection) ** 2 * frame_length)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = factor * on / (slopes * on - abs(across) ** 2)
    return np.where(on > 0, bound, np.inf)


@public
@implements("rician.eq16", "right", r"\|\dot{\mathbf a}\|^2")
@implements("rician.eq17", "tool")
def derivative_norm(angle: Quantity, N: Quantity) -> Quantity:
    r"""Squared norm :math:`\|\dot a\|^2=\frac{\pi^2\cos^2\theta}{12}N(N^2-1)`, centred array.

    The derivative is with respect to the angle in radians. Source: rician paper, eq. (16).

    Claims: rician.eq16, rician.eq17.

    >>> import numpy as np
    >>> round(derivative_norm(0.0, 2).item() / np.pi**2, 12)
    0.5
    """
    ns = arithmetic(angle, N)
    return (ns.pi * ns.cos(angle)) ** 2 * position_sums(N, centred=True)[1]


@public("[0, inf]")
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

    >>> float(crb_from_traces(2.0, 3.0, 4.0))
    1.0
    """
    return noise * first / (second * first - mixed)


@public("[0, inf]")
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

    >>> float(sjb_crb(2.0, 8.0, 0.5))
    0.5
    """
    return noise / receive_norm * beam_norm / beam_gain


@public
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


@public("[0, inf]")
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

    >>> float(lb_crb(4.0, 1.0, 4.0, 4, 2, 0.5, 1.0, 1.0).round(12))
    0.344827586207
    """
    reach = communication_power / norm * gain + sensing_power * N
    slope_share = M * communication_power / norm * slope * sensing_power * N
    return noise * reach / (receive_norm * reach**2 + slope_share)


@public
@implements("rician.prop1", "tool")
def lb_crb_ratio(
    gain_share: Quantity, slope_share: Quantity, data_share: Quantity, size: Quantity
) -> Quantity:
    r"""LB bound relative to that of one beam of the same total power straight at the target.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sGr},\qquad \hat\rho=p_cq+p_s,\quad
              q=\frac{|T|^2}{NZ},\quad r=\frac{|T'|^2}{\|\dot a\|^2Z},\quad q+r\le1

    ``size`` is :math:`G=(N^2-1)/(M^2-1)`. Source: rician paper, eq. (15), normalised.

    Claim: rician.prop1.

    >>> float(lb_crb_ratio(0.25, 0.0, 0.5, 1.0).round(12))
    1.6
    """
    sensing = 1 - data_share
    reach = data_share * gain_share + sensing
    return reach / (reach**2 + data_share * sensing * size * slope_share)


@public
@implements("rician.prop1", "right", r"\mathrm{UCRB}")
@implements("rician.prop2", "right", r"\mathrm{LCRB}")
def lb_crb_bounds(
    gain_share: Quantity, data_share: Quantity, size: Quantity
) -> tuple[Quantity, Quantity, Quantity]:
    r"""Printed lower bound, sharper lower bound and upper bound of :func:`lb_crb_ratio`.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sG},\quad \frac{\hat\rho}{\hat\rho^2+p_cp_sG(1-q)},\quad
              \frac1{\hat\rho},\qquad \hat\rho = p_cq+p_s

    The printed bounds grant the slope share 1 (Proposition 2) and 0 (Proposition 1); as a and its
    derivative are orthogonal, the slope share is at most 1 - gain_share, which sharpens the first.

    Claims: rician.prop1, rician.prop2.

    >>> [float(bound.round(6)) for bound in lb_crb_bounds(0.5, 0.5, 1.0)]
    [0.923077, 1.090909, 1.333333]
    """
    ratio = [lb_crb_ratio(gain_share, share, data_share, size) for share in (1, 1 - gain_share, 0)]
    return tuple(ratio)


@public
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


@public("[0, 1]")
@implements("rician.appC", "right")
def slope_sf(
    ratio: Quantity, target_angle: float, user_angle: float, N: int, rician_factor: float
) -> np.ndarray | float:
    r"""Probability that :math:`|T'|^2` exceeds ``ratio`` times its mean, given the angles.

    .. math:: \Pr\big[|T'|^2>r\,E|T'|^2\big]
              = Q_1\big(\sqrt{2d}/\eta_2,\sqrt{2r(d+\eta_2^2)}/\eta_2\big),
              \qquad d = \eta_1^2\frac{|\dot a^H(\theta)a(\phi)|^2}{\|\dot a\|^2}

    As N grows d tends to 0 at fixed different angles, and the law to :math:`e^{-r}`: what (21)
    replaces by its mean stays random. ``ratio`` >= 0, angles in radians, N >= 2, finite Rician
    factor; accuracy of :func:`isacnb.special.marcum.marcum_q`. Raises ``ValueError`` outside these ranges.

    Claim: rician.appC.

    >>> print(f"{slope_sf(1.0, 0.3, -0.4, 256, 1.0):.6f} {np.exp(-1.0):.6f}")
    0.367881 0.367879
    """
    _, scatter = rician_weights(rician_factor)
    total, direct = slope_mean_square(target_angle, user_angle, N, rician_factor)
    return marcum_q(1, np.sqrt(2 * direct) / scatter, np.sqrt(2 * ratio * total) / scatter)


def _coupling(target_angle, user_angle, N) -> tuple[float, float]:
    """a^H(theta) a(phi) and adot^H(theta) a(phi) over the norm of adot; both are real."""
    N = check_integer("N", N, 2)
    product = np.real(steering_product(target_angle, user_angle, N, centred=True))
    # the derivative product is linear in cos(theta), which cancels against the norm
    slope = np.real(steering_derivative_product(user_angle, target_angle, N, centred=True))
    norm = np.sqrt(derivative_norm(target_angle, N))
    return float(product), float(slope / norm) if norm > 1e-12 else 0.0
