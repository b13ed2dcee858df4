r"""The bound on the target's angle in a realisation, for both transmissions and any other.

Everything that a channel does to it goes through :math:`T=a^Hh`, :math:`T'=\dot a^Hh` and
:math:`Z=\|h\|^2`; for centred arrays a and its derivative are orthogonal. Angles are radians from
broadside. Functions that end in ``_joint`` are of the joint beam, those that end in ``_split`` of the
split beams. Source: rician paper, Sections III-B and IV-B.
"""

from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..signals.arrays import position_sums, steering_derivative_product, steering_product
from ..signals.fisher import crb_from_traces
from ..special.marcum import marcum_q
from .beams import JointBeam
from .channel import Arrays, response_traces, rician_weights

__all__ = [
    "ChannelPowers",
    "angle_crb",
    "crb_joint",
    "crb_ratio_bounds_split",
    "crb_ratio_split",
    "crb_split",
    "derivative_norm",
    "sensing_moments_joint",
    "slope_mean_square",
    "slope_sf",
]


@dataclass(frozen=True)
class ChannelPowers:
    r"""The powers of a channel that enter the bound of the split beams: in two directions, and in all.

    Parameters
    ----------
    projection : :math:`|T|^2=|a^Hh|^2`
    slope : :math:`|T'|^2=|\dot a^Hh|^2`, per square radian
    squared_norm : :math:`Z=\|h\|^2`

    Any shape, symbols pass. T, T' and Z are those of
    :func:`isacnb.rician.sensing_outage.channel_projections`.

    >>> float(ChannelPowers(4.0, 1.0, 4.0).projection)
    4.0
    """

    projection: Quantity
    slope: Quantity
    squared_norm: Quantity

    def __post_init__(self):
        check_fields(self)


@public("[0, inf]")
@implements("rician.eq11", "right")
def angle_crb(
    transmit_covariance: np.ndarray,
    target_angle: Quantity,
    M: int,
    frame_length: Quantity = 1,
    reflection: complex = 1.0,
    radar_noise_power: float = 1.0,
) -> np.ndarray:
    r"""Cramér–Rao bound of the target angle for a transmit covariance R, in rad².

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,\frac{\mathrm{tr}(A^HAR)}
        {\mathrm{tr}(\dot A^H\dot AR)\,\mathrm{tr}(A^HAR) - |\mathrm{tr}(\dot A^HAR)|^2}

    It is the Schur complement of the information on the complex reflection, from the entries
    :math:`\mathrm{tr}(D_1 R D_2^H)` with :math:`D_i\in\{A,\dot A\}`, :math:`A=ba^H`: eq. (11) of
    the rician paper. Infinite where R leaves the target dark.

    Parameters
    ----------
    transmit_covariance : R, shape (..., N, N), in watts
    target_angle : :math:`\theta` in radians, shape (...)
    M : number of receive antennas
    frame_length : L
    reflection : :math:`\alpha`, not 0
    radar_noise_power : :math:`\sigma_r^2` in watts

    Claim: rician.eq11.

    Unit power straight at a target at broadside, 8 and 4 antennas, one symbol:

    >>> print(f"{angle_crb(np.ones((8, 8)) / 8, 0.0, 4):.6f}")
    0.001267
    """
    on, slopes, across = response_traces(transmit_covariance, target_angle, M)
    factor = radar_noise_power / (2 * abs(reflection) ** 2 * frame_length)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = crb_from_traces(on.real, slopes.real, abs(across) ** 2, factor)
    return np.where(on.real > 0, bound, np.inf)[()]


@public("[0, inf)")
@implements("rician.eq16", "right", r"\|\dot{\mathbf a}\|^2")
@implements("rician.eq17", "tool")
def derivative_norm(angle: Quantity, N: Quantity) -> Quantity:
    r"""Squared norm of the derivative of a centred array's steering vector, per square radian.

    .. math:: \|\dot a\|^2=\frac{\pi^2\cos^2\theta}{12}N(N^2-1)

    Parameters
    ----------
    angle : :math:`\theta` in radians
    N : number of antennas of the array

    Arrays broadcast, symbols pass. Source: rician paper, eq. (16).

    Claims: rician.eq16, rician.eq17.

    >>> import numpy as np
    >>> round(derivative_norm(0.0, 2).item() / np.pi**2, 12)
    0.5
    """
    ns = arithmetic(angle, N)
    return (ns.pi * ns.cos(angle)) ** 2 * position_sums(N, centred=True)[1]


# --- the joint beam -----------------------------------------------------------------------------


@public("[0, inf]")
@implements("rician.eq12", "right")
@implements("rician.sjb-sen-op", "tool")
@implements("rician.eq17", "right", r"\mathrm{CRB}")
@implements("rician.opp-sjb-sen", "tool")
def crb_joint(
    beam_norm: Quantity,
    beam_gain: Quantity,
    receive_norm: Quantity,
    noise_per_reflection: Quantity = 1,
    downlink_power: Quantity = 1,
) -> Quantity:
    r"""Bound of the joint beam, in rad².

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2LP\|\dot b\|^2}\,\frac{Z_w}{U^2+V^2}

    Parameters
    ----------
    beam_norm : :math:`Z_w=\|\tilde w\|^2`
    beam_gain : :math:`U^2+V^2=|a^H\tilde w|^2`
    receive_norm : :math:`\|\dot b\|^2`, see :func:`derivative_norm`
    noise_per_reflection : :math:`\sigma_r^2/(2|\alpha|^2L)`
    downlink_power : P in watts

    Arrays broadcast, symbols pass. Source: rician paper, eq. (12).

    Claims: rician.eq12, rician.eq17, rician.opp-sjb-sen, rician.sjb-sen-op.

    >>> float(crb_joint(2.0, 8.0, 0.5))
    0.5
    """
    return noise_per_reflection / downlink_power / receive_norm * beam_norm / beam_gain


@public
@implements("rician.lem4", "right")
def sensing_moments_joint(
    N: Quantity, rician_factor: Quantity, array_sum: Quantity, beam: JointBeam
) -> tuple[tuple, tuple]:
    r"""Mean and covariance of (U, V, Z_w) of the joint beam, given the angles.

    .. math:: EU+jEV = \alpha_1\eta_1Se^{j\psi_1} + N\alpha_2e^{j\psi_2},\qquad
              EZ_w = N(\alpha_1^2+\alpha_2^2) + 2\alpha_1\alpha_2\eta_1S\cos(\psi_1-\psi_2)

    and, with :math:`s^2=\alpha_1^2\eta_2^2` and :math:`m = EZ_w - Ns^2`, the variances
    :math:`Ns^2/2` twice and :math:`Ns^4+2s^2m`, the covariances :math:`s^2EU` and :math:`s^2EV` with
    :math:`Z_w`, and 0. The summands are :math:`c_n=u_n+jv_n`, independent complex normal of variance
    :math:`s^2`, and :math:`z_n=|c_n|^2`.

    Parameters
    ----------
    N : number of transmit antennas
    rician_factor : K
    array_sum : S in [-N, N]
    beam : weights and phases

    Arrays broadcast, symbols pass. Returns the three means and the rows of the covariance. Source:
    rician paper, Lemma 4 (entries derived here).

    Claim: rician.lem4.

    >>> mean, covariance = sensing_moments_joint(8, 0.0, 0.0, JointBeam(1.0, 1.0))
    >>> float(mean[2]), float(covariance[2][2])
    (16.0, 24.0)
    """
    user, target, turn = beam.user_weight, beam.target_weight, beam.user_phase - beam.target_phase
    line, scatter = rician_weights(rician_factor)
    ns = arithmetic(N, array_sum, line, user, target, beam.user_phase, beam.target_phase)
    direct = user * line * array_sum
    mean_u = direct * ns.cos(beam.user_phase) + N * target * ns.cos(beam.target_phase)
    mean_v = direct * ns.sin(beam.user_phase) + N * target * ns.sin(beam.target_phase)
    variance = user**2 * scatter**2
    means_squared = N * (user**2 * line**2 + target**2) + 2 * target * direct * ns.cos(turn)
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


# --- the split beams ----------------------------------------------------------------------------


@public("[0, inf]")
@implements("rician.eq15", "right")
@implements("rician.prop1", "right", r"\mathrm{UCRB}")
@implements("rician.prop2", "right", r"\mathrm{LCRB}")
@implements("rician.prop3", "right", r"\mathrm{ACRB}")
@implements("rician.opp-lb-com", "right")
@implements("rician.opp-lb-sen", "right")
def crb_split(
    powers: ChannelPowers,
    arrays: Arrays,
    receive_norm: Quantity,
    data_share: Quantity,
    noise_per_reflection: Quantity = 1,
    downlink_power: Quantity = 1,
) -> Quantity:
    r"""Bound of the split beams, in rad².

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,
        \frac{\rho}{\|\dot b\|^2\rho^2 + M\frac{P_c}Z|T'|^2P_sN}, \qquad \rho = \frac{P_c}Z|T|^2 + P_sN,
        \qquad P_c=p_cP,\ P_s=(1-p_c)P

    Its values for a slope :math:`|T'|^2` of 0, :math:`\|\dot a\|^2Z` and :math:`\tau` are UCRB, LCRB
    and ACRB of Propositions 1 to 3.

    Parameters
    ----------
    powers : :math:`|T|^2`, :math:`|T'|^2` and Z
    arrays : N and M
    receive_norm : :math:`\|\dot b\|^2`, see :func:`derivative_norm`
    data_share : :math:`p_c`
    noise_per_reflection : :math:`\sigma_r^2/(2|\alpha|^2L)`
    downlink_power : P in watts

    Arrays broadcast, symbols pass. Source: rician paper, eq. (15).

    Claims: rician.eq15, rician.prop1, rician.prop2, rician.prop3, rician.opp-lb-com,
    rician.opp-lb-sen.

    >>> bound = crb_split(ChannelPowers(4.0, 1.0, 4.0), Arrays(4, 2), 0.5, 0.5, downlink_power=2.0)
    >>> float(bound.round(12))
    0.344827586207
    """
    data, radar = data_share * downlink_power, (1 - data_share) * downlink_power
    N, M = arrays.N, arrays.M
    reach = data / powers.squared_norm * powers.projection + radar * N
    slope_share = M * data / powers.squared_norm * powers.slope * radar * N
    return noise_per_reflection * reach / (receive_norm * reach**2 + slope_share)


@public("[0, inf]")
@implements("rician.prop1", "tool")
def crb_ratio_split(
    gain_share: Quantity, slope_share: Quantity, data_share: Quantity, slope_gain_ratio: Quantity
) -> Quantity:
    r"""Bound of the split beams relative to that of one beam of the same power straight at the target.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sGr},\qquad \hat\rho=p_cq+p_s,\quad
              q=\frac{|T|^2}{NZ},\quad r=\frac{|T'|^2}{\|\dot a\|^2Z},\quad q+r\le1

    Parameters
    ----------
    gain_share : q
    slope_share : r
    data_share : :math:`p_c`, with :math:`p_s=1-p_c`
    slope_gain_ratio : :math:`G=(N^2-1)/(M^2-1)`, see :class:`isacnb.rician.channel.Arrays`

    Arrays broadcast, symbols pass. Source: rician paper, eq. (15), normalised.

    Claim: rician.prop1.

    >>> float(crb_ratio_split(0.25, 0.0, 0.5, 1.0).round(12))
    1.6
    """
    radar = 1 - data_share
    reach = data_share * gain_share + radar
    return reach / (reach**2 + data_share * radar * slope_gain_ratio * slope_share)


@public
@implements("rician.prop1", "right", r"\mathrm{UCRB}")
@implements("rician.prop2", "right", r"\mathrm{LCRB}")
def crb_ratio_bounds_split(
    gain_share: Quantity, data_share: Quantity, slope_gain_ratio: Quantity
) -> tuple[Quantity, Quantity, Quantity]:
    r"""Printed lower bound, sharper lower bound and upper bound of :func:`crb_ratio_split`.

    .. math:: \frac{\hat\rho}{\hat\rho^2+p_cp_sG},\quad \frac{\hat\rho}{\hat\rho^2+p_cp_sG(1-q)},\quad
              \frac1{\hat\rho},\qquad \hat\rho = p_cq+p_s

    The printed bounds grant the slope share 1 (Proposition 2) and 0 (Proposition 1); as a and its
    derivative are orthogonal, the slope share is at most 1 - q, which sharpens the first.

    Parameters
    ----------
    gain_share : q
    data_share : :math:`p_c`, with :math:`p_s=1-p_c`
    slope_gain_ratio : :math:`G=(N^2-1)/(M^2-1)`

    Arrays broadcast, symbols pass.

    Claims: rician.prop1, rician.prop2.

    >>> [float(bound.round(6)) for bound in crb_ratio_bounds_split(0.5, 0.5, 1.0)]
    [0.923077, 1.090909, 1.333333]
    """
    return tuple(
        crb_ratio_split(gain_share, slope_share, data_share, slope_gain_ratio)
        for slope_share in (1, 1 - gain_share, 0)
    )


@public
@implements("rician.prop3", "right", r"\tau")
@implements("rician.appC", "approximation")
@implements("rician.lb-sen-aligned", "tool")
def slope_mean_square(
    target_angle: float, user_angle: float, N: int, rician_factor: float
) -> tuple[float, float]:
    r"""Both readings of (22) over the squared norm of the derivative.

    .. math:: \frac{E|T'|^2}{\|\dot a\|^2}
              =\eta_1^2\frac{|\dot a^H(\theta)a(\phi)|^2}{\|\dot a\|^2}+\eta_2^2,\qquad \frac{|ET'|^2}{\|\dot a\|^2}

    Parameters
    ----------
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians
    N : number of transmit antennas
    rician_factor : K

    All are one number each.

    Claims: rician.prop3, rician.appC, rician.lb-sen-aligned.

    >>> [round(value, 12) for value in slope_mean_square(0.3, 0.3, 8, 1.0)]
    [0.5, 0.0]
    """
    line, scatter = rician_weights(rician_factor)
    direct = (line * unit_projections(target_angle, user_angle, N)[1]) ** 2
    return float(direct + scatter**2), float(direct)


@public("[0, 1]", N="integers [2, inf)")
@implements("rician.appC", "right")
def slope_sf(
    slope_ratio: Quantity, target_angle: float, user_angle: float, N: int, rician_factor: float
) -> np.ndarray | float:
    r"""Probability that :math:`|T'|^2` exceeds a multiple of its mean, given the angles.

    .. math:: \Pr\big[|T'|^2>r\,E|T'|^2\big]
              = Q_1\big(\sqrt{2d}/\eta_2,\sqrt{2r(d+\eta_2^2)}/\eta_2\big),
              \qquad d = \eta_1^2\frac{|\dot a^H(\theta)a(\phi)|^2}{\|\dot a\|^2}

    As N grows d tends to 0 at fixed different angles, and the law to :math:`e^{-r}`: what (21)
    replaces by its mean stays random.

    Parameters
    ----------
    slope_ratio : r, any shape
    target_angle : :math:`\theta` in radians, one number
    user_angle : :math:`\phi` in radians, one number
    N : number of transmit antennas, >= 2
    rician_factor : K, one number

    Accuracy of :func:`isacnb.special.marcum.marcum_q`.

    Claim: rician.appC.

    >>> print(f"{slope_sf(1.0, 0.3, -0.4, 256, 1.0):.6f} {np.exp(-1.0):.6f}")
    0.367881 0.367879
    """
    _, scatter = rician_weights(rician_factor)
    total, direct = slope_mean_square(target_angle, user_angle, N, rician_factor)
    return marcum_q(1, np.sqrt(2 * direct) / scatter, np.sqrt(2 * slope_ratio * total) / scatter)


def unit_projections(target_angle: float, user_angle: float, N: int) -> tuple[float, float]:
    """a^H(theta) a(phi) and adot^H(theta) a(phi) over the norm of adot; both are real."""
    product = np.real(steering_product(target_angle, user_angle, N, centred=True))
    # the derivative product is linear in cos(theta), which cancels against the norm
    slope = np.real(steering_derivative_product(user_angle, target_angle, N, centred=True))
    norm = np.sqrt(derivative_norm(target_angle, N))
    return float(product), float(slope / norm) if norm > 1e-12 else 0.0
