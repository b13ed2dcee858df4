"""The coupling paper's formulas as they stand in print, where they are wrong.

Each says in its docstring what differs from the right one, which it may import; no right formula
imports from here.
"""

import dataclasses

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..probability.poisson import distance_moment, ratio_pdf_closed
from ..signals.detection import detection_probability, required_snr
from ..special.exponential import scaled_expn
from .downlink_angle import (
    Traces,
    Transmission,
    correlation_matrix,
    derivative_trace,
    derivative_trace_large_array,
    mean_correlation_matrix,
    mixed_information,
    mixed_trace,
    steering_trace,
    steering_trace_large_array,
)
from .downlink_coverage import benefit_coverage_ratio, interference_coverage_ratio
from .downlink_ratios import (
    benefit_ceiling,
    ergodic_enhancement_ratio,
    estimation_quality,
    interference_floor,
    interference_ratio,
    share_of_interference,
    squared_reach,
)
from .downlink_sinr import (
    BeamMoments,
    ChannelStatistics,
    DownlinkUsers,
    beam_power,
    disturbance,
    estimate_power,
    multiuser_interference,
    own_beam_power,
    sinr_from_moments,
)
from .downlink_system import received_signal
from .settings import CouplingParameters, Energies
from .uplink import (
    UplinkLink,
    nmse_paper,
    paper_gain,
    reflection_estimate,
    residual_share,
    squared_norm,
)
from .uplink_coverage import communication_limit, ratio_argument
from .uplink_system import estimate_paper, pilot_residual

__all__ = [
    "array_gap_printed",
    "beam_power_printed",
    "benefit_bound_printed",
    "benefit_ceiling_given_detection_printed",
    "benefit_rician_limit_printed",
    "communication_coverage_printed",
    "correlation_matrix_printed",
    "derivative_trace_c5_printed",
    "derivative_trace_large_array_printed",
    "derivative_trace_printed",
    "detection_probability_printed",
    "ergodic_enhancement_ratio_printed",
    "estimate_printed",
    "estimation_covariances_printed",
    "estimation_quality_printed",
    "guaranteed_detection_printed",
    "interference_bound_printed",
    "interference_floor_given_detection_printed",
    "interference_rician_limit_printed",
    "joint_coverage_printed",
    "joint_downlink_coverage_printed",
    "joint_sensing_limit_printed",
    "log_likelihood_ratio_printed",
    "mean_correlation_matrix_printed",
    "mean_enhancement_given_target_printed",
    "mean_interference_given_target_printed",
    "mean_product_square_printed",
    "mean_quality_given_target_printed",
    "mean_traces_printed",
    "mixed_information_printed",
    "mixed_trace_c4_printed",
    "mixed_trace_printed",
    "multiuser_interference_printed",
    "nmse_floor_printed",
    "nmse_printed",
    "own_beam_power_printed",
    "power_balance_printed",
    "ratio_pdf_printed",
    "received_signal_printed",
    "reflection_estimate_printed",
    "residual_projection_law_printed",
    "residual_statistic_printed",
    "schur_complement_printed",
    "sensing_coverage_printed",
    "sensing_limit_printed",
    "sinr_from_moments_printed",
    "sinr_of_links_printed",
    "sinr_printed",
    "steering_derivative_product_printed",
    "steering_trace_c2_printed",
    "steering_trace_large_array_printed",
    "steering_trace_printed",
    "target_snr_printed",
]


@public
@implements("coupling.D2", "as_printed", "second line")
def steering_derivative_product_printed(
    angle_left: Quantity, angle_right: Quantity, N: int
) -> Quantity:
    r"""Second line of (D2) as printed, with the wrong denominator.

    .. math:: \frac{j\pi\cos\theta\,[N(z^{N+1}-z^N)-z^{N+1}+z]}{z^{N+1}-z^N},
              \qquad z = e^{j\pi\Delta}

    The right denominator is :math:`(z-1)^2`, which makes it
    :func:`isacnb.signals.arrays.steering_derivative_product`, phase reference at the first element.

    Parameters
    ----------
    angle_left, angle_right : varphi and theta in radians, whose gap of sines is Delta; they
        broadcast, mpmath numbers and symbols pass
    N : number of antennas

    nan where z = 1.

    Claim: coupling.D2.

    For two directions and the paper's 64 antennas the moduli, printed and right:

    >>> from isacnb.signals.arrays import steering_derivative_product
    >>> case = (0.3, -0.2, 64)
    >>> functions = (steering_derivative_product_printed, steering_derivative_product)
    >>> print(*(f"{abs(f(*case)):.3f}" for f in functions))
    197.574 140.999
    """
    ns = arithmetic(angle_left, angle_right)
    phase = ns.pi * (ns.sin(angle_right) - ns.sin(angle_left))
    z, power = (ns.cos(m * phase) + ns.j * ns.sin(m * phase) for m in (1, N))
    step = z * power - power
    with np.errstate(divide="ignore", invalid="ignore"):
        return ns.j * ns.pi * ns.cos(angle_right) * (N * step - z * power + z) / step


@public
@implements("coupling.eq12", "as_printed", "upper end")
def joint_sensing_limit_printed(
    probability: Quantity, N: Quantity, user_power: Quantity, target_power: Quantity
) -> Quantity:
    r"""Upper end of (12) as printed, with :math:`\epsilon_u^S` for :math:`\bar\epsilon_u^S`.

    .. math:: \frac{2 P_T N^2}{\epsilon_u^S P_U - 2 P_U N}

    ``probability`` :math:`\epsilon_u^S` lies in (0, 1), so the value is negative for every N. The
    rest as in :func:`isacnb.coupling.uplink_coverage.communication_limit`. The right one is
    :func:`isacnb.coupling.uplink_coverage.sensing_limit`, the paper's with the bar
    :func:`sensing_limit_printed`.

    Claim: coupling.eq12.

    At the paper's settings and a detection probability of 0.9275, printed and right:

    >>> from isacnb.coupling.uplink_coverage import sensing_limit
    >>> p = CouplingParameters.paper()
    >>> case, bar = (p.N, p.user_power, p.target_power), 2 * required_snr(0.9275, 10**1.8)
    >>> print(f"{joint_sensing_limit_printed(0.9275, *case):.4g} {sensing_limit(bar, *case):.4g}")
    -6.447 5.12
    """
    return 2 * target_power * N**2 / (probability * user_power - 2 * user_power * N)


@public(noncentrality="[0, inf)")
@implements("coupling.eq11", "as_printed")
def sensing_limit_printed(
    noncentrality: Quantity, N: Quantity, user_power: Quantity, target_power: Quantity
) -> Quantity:
    r"""Greatest :math:`\mu/\beta_t` that the paper allows for detection, without noise.

    .. math:: \frac{2 P_T N^2}{\bar\epsilon P_U - 2 P_U N}

    infinite for ``noncentrality`` :math:`\bar\epsilon \le 2N`. The subtracted 2N is not there in
    :func:`isacnb.coupling.uplink_coverage.sensing_limit`, whose arguments it has. Source: coupling
    paper, (11).

    Claim: coupling.eq11.

    For the paper's antennas and powers, printed and right:

    >>> from isacnb.coupling.uplink_coverage import sensing_limit
    >>> case = (160.0, 64, 1.0, 0.1)
    >>> print(f"{sensing_limit_printed(*case):.4g} {sensing_limit(*case):.4g}")
    25.6 5.12
    """
    bar = noncentrality
    limit = 2 * target_power * N**2
    if arithmetic(bar, N, user_power, target_power) is not arithmetic(1.0):
        return limit / (bar * user_power - 2 * user_power * N)
    excess = user_power * (np.asarray(bar) - 2 * N)
    with np.errstate(divide="ignore"):
        return np.where(excess > 0, limit / np.where(excess > 0, excess, 1.0), np.inf)[()]


@public
@implements("coupling.eq10", "right")
@implements("coupling.noise-uplink", "as_printed")
@implements("coupling.fig4", "as_printed")
def communication_coverage_printed(
    nmse_threshold: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Communication coverage :math:`P\{\varrho \le \epsilon_u^C\}` as printed, without noise.

    .. math:: F_Z\Big(\Big(\tfrac{\epsilon_u^CP_U}{(1-\epsilon_u^C)P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)

    Without noise it is right for the paper's estimator;
    :func:`isacnb.coupling.uplink_coverage.communication_coverage` keeps the noise and knows the
    best estimator. ``nmse_threshold`` in (0, 1), any shape. Source: coupling paper, (10) with
    Theorem 1.

    Claims: coupling.eq10, coupling.noise-uplink, coupling.fig4.

    With noise of -80 dB, the paper's other settings and an NMSE of -20 dB, printed and right for
    the paper's estimator:

    >>> from isacnb.coupling.uplink_coverage import communication_coverage
    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> right = communication_coverage(0.01, p, estimator="paper")
    >>> print(f"{communication_coverage_printed(0.01, p):.4g} {right:.4g}")
    0.3879 0.001386
    """
    p = parameters
    limit = communication_limit(nmse_threshold, p.N, p.user_power, p.target_power)
    return p.ratio_cdf(ratio_argument(limit, p.rician_factor, p.path_loss_exponent))


@public
@implements("coupling.eq11", "as_printed")
@implements("coupling.noise-uplink", "as_printed")
@implements("coupling.fig3", "as_printed")
@implements("coupling.fig4", "as_printed")
def sensing_coverage_printed(probability: Quantity, parameters: CouplingParameters) -> Quantity:
    r"""Sensing coverage :math:`P\{P_D \ge \epsilon_u^S\}` as printed, without noise.

    .. math:: 1-F_Z\Big(\Big(\tfrac{(\bar\epsilon_u^S-2N)^+P_U}{2P_TN^2(1+\kappa)}\Big)^{1/\alpha}\Big)

    It is 1 for every ``probability`` up to :math:`Q_1(\sqrt{2N}, \sqrt{2\epsilon_d})`. The
    subtracted 2N is not there in :func:`isacnb.coupling.uplink_coverage.sensing_coverage`, which
    keeps the noise. Source: coupling paper, (11) with Theorem 1.

    Claims: coupling.eq11, coupling.noise-uplink, coupling.fig3, coupling.fig4.

    At the paper's settings and a detection probability of 0.5, printed and right:

    >>> from isacnb.coupling.uplink_coverage import sensing_coverage
    >>> p = CouplingParameters.paper()
    >>> print(f"{sensing_coverage_printed(0.5, p):.4g} {sensing_coverage(0.5, p):.4g}")
    1 0.01425
    """
    return parameters.ratio_sf(_sensing_argument_printed(probability, parameters))


@public
@implements("coupling.eq13", "as_printed")
@implements("coupling.fig5", "as_printed")
def joint_coverage_printed(
    nmse_threshold: Quantity, probability: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Joint uplink coverage of Theorem 1, (13), as printed.

    .. math:: F_Z\Big(\Big(\tfrac{\epsilon_u^CP_U}{(1-\epsilon_u^C)P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)
        - F_Z\left(\Big(\frac{(\bar\epsilon_u^S-2N)^+P_U}{2P_TN^2(1+\kappa)}\Big)^{1/\alpha}\right)

    and 0 where the first argument is below the second. The subtracted 2N is not there in
    :func:`isacnb.coupling.uplink_coverage.joint_coverage`, which keeps the noise and knows the best
    estimator.

    ``nmse_threshold`` and ``probability`` lie in (0, 1) and broadcast: a column and a row make a
    whole surface. Noise is neglected whatever ``parameters.noise_power``.

    Claims: coupling.eq13, coupling.fig5.

    At the paper's settings, an NMSE of -10 dB and a detection probability of 0.5, printed and
    right:

    >>> from isacnb.coupling.uplink_coverage import joint_coverage
    >>> p = CouplingParameters.paper()
    >>> print(f"{joint_coverage_printed(0.1, 0.5, p):.4g} {joint_coverage(0.1, 0.5, p):.4g}")
    0.8688 0.01425
    """
    p = parameters
    limit = communication_limit(nmse_threshold, p.N, p.user_power, p.target_power)
    high = ratio_argument(limit, p.rician_factor, p.path_loss_exponent)
    return p.ratio_between(_sensing_argument_printed(probability, p), high)


@public
@implements("coupling.cor1", "as_printed")
@implements("coupling.best-achievable", "as_printed", r"\epsilon_u^C")
@implements("coupling.fig5", "as_printed", r"\epsilon_u^C")
@implements("coupling.fig5-numbers", "as_printed")
def nmse_floor_printed(
    probability: Quantity, detection_threshold: Quantity, N: Quantity
) -> Quantity:
    r"""NMSE floor :math:`1 - 2N/\bar\epsilon_u^S` of Corollary 1 (0 where that is negative).

    ``probability`` in (0, 1) is the detection probability, ``detection_threshold`` is
    :math:`\epsilon_d \ge 0`, N >= 1; arrays broadcast. The paper's estimator really has the floor
    :math:`\bar\epsilon_u^S/(2N+\bar\epsilon_u^S)` of
    :func:`isacnb.coupling.uplink_coverage.nmse_floor`. Source: coupling paper, Corollary 1.

    Claims: coupling.cor1, coupling.best-achievable, coupling.fig5, coupling.fig5-numbers.

    At the paper's settings and a detection probability of 0.981, printed and right for the paper's
    estimator:

    >>> from isacnb.coupling.uplink_coverage import nmse_floor
    >>> case = (0.981, 10**1.8, 64)
    >>> print(f"{nmse_floor_printed(*case):.4g} {nmse_floor(*case, estimator='paper'):.4g}")
    0.2728 0.579
    """
    snr = required_snr(probability, detection_threshold)
    return np.where(snr > N, 1 - N / np.maximum(snr, N), 0.0)[()]


def _sensing_argument_printed(probability, p):
    bar = 2 * required_snr(probability, p.detection_threshold)
    limit = sensing_limit_printed(bar, p.N, p.user_power, p.target_power)
    return ratio_argument(limit, p.rician_factor, p.path_loss_exponent)


@public(noise_power="(0, inf)")
@implements("coupling.fim-blocks", "as_printed", r"[\boldsymbol F_l]_{\theta_l,\varpi}")
def mixed_information_printed(
    parts: Traces, reflection: Quantity, noise_power: Quantity
) -> Quantity:
    r"""Mixed block :math:`\tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)\}` as printed.

    It is one number where the reflection has two parts: the row [1, j] is missing. Arguments as in
    :func:`isacnb.coupling.downlink_angle.mixed_information`, of which it is the first entry.

    Claim: coupling.fim-blocks.

    For a purely imaginary reflection, printed and the two entries that are right:

    >>> case = (Traces(10.0, 3.0 + 4.0j, 50.0), 0.5j, 0.1)
    >>> print(mixed_information_printed(*case), mixed_information(*case))
    40.0 [40. 30.]
    """
    return mixed_information(parts, reflection, noise_power)[0]


@public
@implements("coupling.eq19", "as_printed", "first line")
def schur_complement_printed(information: np.ndarray) -> Quantity:
    r"""Bracket of (19) as printed, with an exponent -1 on the first mixed block.

    .. math:: F_{\theta\theta} - F_{\theta\varpi}^{-1}F_{\varpi\varpi}^{-1}F_{\theta\varpi}^T

    A row has no inverse: the exponent is read entry by entry, and entries of 0 are left out.
    ``information`` has shape (3, 3), angle first, with a multiple of the identity for the
    reflection. Returns the information on the angle in 1/rad². Raises ``ValueError`` for another
    shape. The right one, without the exponent, is
    :func:`isacnb.signals.fisher.effective_information`.

    Claim: coupling.eq19.

    At the paper's settings, one beam of unit energy at -0.45, target at -0.5 and 10 m away, printed
    and right:

    >>> from isacnb.coupling.downlink_angle import information_matrix
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.arrays import steering_vector
    >>> from isacnb.signals.fisher import effective_information
    >>> p = CouplingParameters.paper()
    >>> beam = steering_vector(-0.45, 64) / 8
    >>> reflection = np.sqrt(p.target_path_loss(10.0))
    >>> F = information_matrix(-0.5, reflection, np.outer(beam, beam.conj()), p.noise_power)
    >>> print(f"{schur_complement_printed(F):.4e} {effective_information(F).item():.4e}")
    2.5259e+08 2.5215e+08
    """
    information = np.asarray(information)
    if information.shape != (3, 3):
        raise ValueError(f"information must have shape (3, 3), got {information.shape}")
    mixed = information[0, 1:]
    # m^-1 m is 1 for every entry that has an inverse
    return information[0, 0] - sum(entry != 0 for entry in mixed) / information[1, 1]


@public
@implements("coupling.C1", "as_printed", "first line")
def correlation_matrix_printed(
    estimate: np.ndarray,
    estimate_powers: Quantity,
    target_angle: Quantity,
    data_share: Quantity,
    energy: Quantity,
) -> np.ndarray:
    r"""Correlation (C1) as printed: a double sum over pairs of users.

    .. math:: P T_d\Big[\rho\sum_k\sum_i\frac{\hat h_k\hat h_i^H}
              {\sqrt{E\|\hat h_k\|^2}\sqrt{E\|\hat h_i\|^2}} + (1-\rho)\frac{a(\theta)a^H(\theta)}N\Big]

    It is the correlation of identical streams; that of orthogonal ones,
    :func:`isacnb.coupling.downlink_angle.correlation_matrix`, has the terms with i = k alone.
    Arguments and errors as there.

    Claim: coupling.C1.

    Two users in one direction, the energy radiated over :math:`PT_d`, printed and right:

    >>> case = (np.ones((2, 64)), [64.0, 64.0], -0.5, 0.5, 1.0)
    >>> functions = (correlation_matrix_printed, correlation_matrix)
    >>> print(*(f"{np.trace(f(*case)).real:.4g}" for f in functions))
    2.5 1.5
    """
    right = correlation_matrix(estimate, estimate_powers, target_angle, data_share, energy)
    beams = np.asarray(estimate) / _roots(np.asarray(estimate_powers))[:, None]
    return right + energy * data_share * _pairs_of_users(beams)


@public
@implements("coupling.C1", "as_printed", "second line")
def mean_correlation_matrix_printed(
    line_of_sight: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    target_angle: Quantity,
    data_share: Quantity,
    energy: Quantity,
) -> np.ndarray:
    r"""Second line of (C1) as printed: a double sum over pairs of users.

    .. math:: P T_d\Big[\rho\sum_k\sum_i\frac{\sqrt{\mu_k\mu_i\kappa_k\kappa_i}\,\bar h_k\bar h_i^H}
              {\sqrt{(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)(\mu_i\kappa_i\|\bar h_i\|^2+\phi_iN)}}
              + \rho\sum_k\frac{\phi_kI}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}
              + (1-\rho)\frac{a(\theta)a^H(\theta)}N\Big]

    The right one, :func:`isacnb.coupling.downlink_angle.mean_correlation_matrix`, has the terms
    with i = k alone. Arguments as there.

    Claim: coupling.C1.

    Two users in one direction, the mean energy radiated over :math:`PT_d`, printed and right:

    >>> case = (np.ones((2, 64)), [1.0, 1.0], [0.5, 0.5], -0.5, 0.5, 1.0)
    >>> functions = (mean_correlation_matrix_printed, mean_correlation_matrix)
    >>> print(*(f"{np.trace(f(*case)).real:.4g}" for f in functions))
    2.167 1.5
    """
    users = line_of_sight, specular_gain, estimate_variance
    right = mean_correlation_matrix(*users, target_angle, data_share, energy)
    lines, gain, variance = map(np.asarray, users)
    powers = gain * np.sum(np.abs(lines) ** 2, axis=-1) + variance * lines.shape[-1]
    beams = _roots(gain / powers)[:, None] * lines
    return right + energy * data_share * _pairs_of_users(beams)


@public
@implements("coupling.lem3", "as_printed", r"\Pi_{AA}^l")
def steering_trace_printed(
    transmission: Transmission, *, root_lost: bool = True, square_of_antennas: bool = True
) -> Quantity:
    r""":math:`\Pi_{AA}` of Lemma 3 as printed.

    .. math:: \rho\sum_k\sum_i\frac{\mu_k\mu_i\kappa_k\kappa_i\,a^H\bar h_k\bar h_i^Ha}
        {\sqrt{(\mu_k\kappa_k+\phi_k)(\mu_i\kappa_i+\phi_i)}}
        + \rho\sum_k\frac{\phi_kN^2}{\mu_k\kappa_k+\phi_k} + (1-\rho)N^2

    The right one, :func:`isacnb.coupling.downlink_angle.steering_trace`, has the terms with
    i = k alone, the root of the gains, and N for :math:`N^2` in the second sum.

    Parameters
    ----------
    transmission : as in :func:`isacnb.coupling.downlink_angle.steering_trace`, with
        :math:`\|\bar h_k\|^2 = N`; the sum is in units of its energy
    root_lost : False restores the root of the numerator
    square_of_antennas : False has N for :math:`N^2` in the second sum, as (C2) gives

    Raises ``ValueError`` for lines of sight of another norm.

    Claim: coupling.lem3.

    At the paper's settings and mean distances, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> print(f"{steering_trace_printed(case):.4g} {steering_trace(case):.4g}")
    6033 2113
    """
    t = _of_single_paths(transmission)
    weight = t.specular_gain / _roots(t.specular_gain + t.estimate_variance) if root_lost else None
    trace = steering_trace(_one_stream(t, weight))
    return trace + _scattering_squared(t) if square_of_antennas else trace


@public
@implements("coupling.C2", "as_printed")
def steering_trace_c2_printed(transmission: Transmission) -> Quantity:
    r"""Trace (C2) as printed, with a double sum over pairs of users.

    .. math:: P T_d\Big[N\rho\sum_k\sum_i\frac{\sqrt{\mu_k\mu_i\kappa_k\kappa_i}\,
        a^H\bar h_k\bar h_i^Ha}
        {\sqrt{(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)(\mu_i\kappa_i\|\bar h_i\|^2+\phi_iN)}}
        + \rho\sum_k\frac{\phi_kN^2}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} + (1-\rho)N^2\Big]

    The right one, :func:`isacnb.coupling.downlink_angle.steering_trace`, has the terms with i = k
    alone. ``transmission`` as there.

    Claim: coupling.C2.

    At the paper's settings, three users in the target's own direction, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.61, -0.61, -0.61, 0.61])
    >>> print(f"{steering_trace_c2_printed(case):.4g} {steering_trace(case):.4g}")
    1.172e+04 5285
    """
    return steering_trace(_one_stream(transmission))


@public
@implements("coupling.lem3", "as_printed", r"\Pi_{A\breve A}^l")
def mixed_trace_printed(transmission: Transmission) -> Quantity:
    r"""Sum inside the modulus of :math:`\Pi_{A\breve A}^{\mathrm{square}}` of Lemma 3 as printed.

    .. math:: \rho\sum_k\sum_i\frac{\sqrt{\mu_k\mu_i\kappa_k\kappa_i}\,\big(a^H\bar h_k\bar h_i^H
        \breve a - \tfrac{N-1}2j\pi\cos\theta\,a^H\bar h_k\bar h_i^Ha\big)}
        {\sqrt{(\mu_k\kappa_k+\phi_k)(\mu_i\kappa_i+\phi_i)}}

    The right one, :func:`isacnb.coupling.downlink_angle.mixed_trace`, has the terms with i = k
    alone. Complex. ``transmission``, unit and errors as in :func:`steering_trace_printed`.

    Claim: coupling.lem3.

    At the paper's settings and mean distances, the moduli, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> print(f"{abs(mixed_trace_printed(case)):.4g} {abs(mixed_trace(case)):.4g}")
    327 49.7
    """
    return mixed_trace(_one_stream(_of_single_paths(transmission)))


@public
@implements("coupling.C4", "as_printed")
def mixed_trace_c4_printed(transmission: Transmission) -> Quantity:
    r"""Trace (C4) as printed: pairs of users, and :math:`a` where :math:`\breve a` belongs.

    .. math:: P T_d\,\rho\sum_k\sum_i\frac{\sqrt{\mu_k\mu_i\kappa_k\kappa_i}\,
        \big(N a^H\bar h_k\bar h_i^Ha - \tfrac{N(N-1)}2j\pi\cos\theta\,a^H\bar h_k\bar h_i^Ha\big)}
        {\sqrt{(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)(\mu_i\kappa_i\|\bar h_i\|^2+\phi_iN)}}

    The slopes of the users do not occur, as they do in
    :func:`isacnb.coupling.downlink_angle.mixed_trace`, which has a single sum. ``transmission`` as
    there.

    Claim: coupling.C4.

    At the paper's settings and mean distances, the moduli, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> print(f"{abs(mixed_trace_c4_printed(case)):.4g} {abs(mixed_trace(case)):.4g}")
    528.4 49.7
    """
    t = dataclasses.replace(transmission, user_slope=transmission.user_product)
    return mixed_trace(_one_stream(t))


@public
@implements("coupling.lem3", "as_printed", r"\Pi_{\breve A\breve A}^l")
def derivative_trace_printed(transmission: Transmission) -> Quantity:
    r""":math:`\Pi_{\breve A\breve A}` of Lemma 3 as printed.

    .. math::
        &\rho\sum_k\sum_i\sqrt{\tfrac{\mu_k\mu_i\kappa_k\kappa_i}
          {(\mu_k\kappa_k+\phi_k)(\mu_i\kappa_i+\phi_i)}}\big[\tfrac{N-1}2js(g_kq_i^*-q_kg_i^*)
          + \tfrac{(N-1)(2N-1)}6s^2g_kg_i^* + q_kq_i^*\big] \\
        &+ \rho\tfrac{N(N^2-1)}6s^2\sum_k\tfrac{\phi_k}{\mu_k\kappa_k+\phi_k}
          + (1-\rho)\tfrac{N^2(N^2-1)}{12}s^2

    with :math:`s=\pi\cos\theta`, :math:`g_k = a^H\bar h_k`, :math:`q_k = \breve a^H\bar h_k`. The
    right one, :func:`isacnb.coupling.downlink_angle.derivative_trace`, has the terms with i = k
    alone. ``transmission``, unit and errors as in :func:`steering_trace_printed`.

    Claim: coupling.lem3.

    At the paper's settings, three users in the target's own direction, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.61, -0.61, -0.61, 0.61])
    >>> print(f"{derivative_trace_printed(case):.4g} {derivative_trace(case):.4g}")
    2.665e+07 1.21e+07
    """
    return derivative_trace(_one_stream(_of_single_paths(transmission)))


@public
@implements("coupling.C5", "as_printed")
def derivative_trace_c5_printed(transmission: Transmission) -> Quantity:
    r"""Trace (C5) as printed: pairs of users, and a product of two fractions where a plus belongs.

    .. math::
        &P T_d\,\rho\sum_k\sum_i w_{ki}\big(\tfrac{N(N-1)}2js\,g_kq_i^*
          + \tfrac{N(N-1)(2N-1)}6s^2g_kg_i^*\big)\cdot
          w_{ki}\big(N q_kq_i^* - \tfrac{N(N-1)}2js\,q_kg_i^*\big) \\
        &+ P T_d\,\rho\tfrac{N^2(N^2-1)}6s^2\sum_k\tfrac{\phi_k}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}
          + P T_d(1-\rho)\tfrac{N^2(N^2-1)}{12}s^2, \\
        &w_{ki} = \sqrt{\tfrac{\mu_k\mu_i\kappa_k\kappa_i}
          {(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)(\mu_i\kappa_i\|\bar h_i\|^2+\phi_iN)}},
          \quad s = \pi\cos\theta

    Complex in general. The right one is :func:`isacnb.coupling.downlink_angle.derivative_trace`, a
    single sum over the users. ``transmission`` as there.

    Claim: coupling.C5.

    At the paper's settings and mean distances, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> print(f"{derivative_trace_c5_printed(case):.4g} {derivative_trace(case):.4g}")
    4.012e+08+6.281e+08j 4.942e+06
    """
    t = transmission
    root = _roots(t.line_of_sight_share)
    g, q = root * t.user_product, root * t.user_slope
    ns = arithmetic(t.target_angle, *np.ravel(np.asarray(g, dtype=object)))
    s, N = ns.pi * ns.cos(t.target_angle), t.N
    # beside two axes of users
    s, N = (value[..., None, None] if np.ndim(value) else value for value in (s, N))
    turn = ns.j * s * (N - 1) / 2

    def pairs(left, right):
        return left[..., :, None] * np.conjugate(right)[..., None, :]

    first = turn * pairs(g, q) + (N - 1) * (2 * N - 1) * s**2 / 6 * pairs(g, g)
    second = pairs(q, q) - turn * pairs(q, g)
    users = np.sum(first * second, axis=(-2, -1))
    return t.energy * t.data_share * users + derivative_trace_large_array(t)


@public
@implements("coupling.lem3", "as_printed")
def mean_traces_printed(
    transmission: Transmission, *, root_lost: bool = True, square_of_antennas: bool = True
) -> Traces:
    r"""Traces :math:`\Pi_{AA}, \Pi_{A\breve A}, \Pi_{\breve A\breve A}` of Lemma 3 as printed.

    They are those of :func:`steering_trace_printed`, with its arguments, unit and errors, of
    :func:`mixed_trace_printed` and of :func:`derivative_trace_printed`. The right ones,
    :func:`isacnb.coupling.downlink_angle.mean_traces`, have single sums over the users. Source:
    coupling paper, Lemma 3.

    Claim: coupling.lem3.

    At the paper's settings, two users in the target's own direction, effective information, printed
    and right:

    >>> from isacnb.coupling.downlink_angle import mean_traces
    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.61, -0.61, 0.17, 0.61])
    >>> print(*(f"{f(case).effective:.5g}" for f in (mean_traces_printed, mean_traces)))
    1.4766e+07 9.7564e+06
    """
    return Traces(
        steering_trace_printed(
            transmission, root_lost=root_lost, square_of_antennas=square_of_antennas
        ),
        mixed_trace_printed(transmission),
        derivative_trace_printed(transmission),
    )


@public
@implements("coupling.D1", "as_printed")
def steering_trace_large_array_printed(transmission: Transmission) -> Quantity:
    r"""Right side of (D1) as printed, with :math:`N^2` in the scattered part.

    .. math:: \rho\sum_k\frac{\phi_kN^2}{\mu_k\kappa_k+\phi_k} + (1-\rho)N^2

    The right one, :func:`isacnb.coupling.downlink_angle.steering_trace_large_array`, has N there.
    ``transmission`` and the unit as there.

    Claim: coupling.D1.

    At the paper's settings and mean distances, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> functions = (steering_trace_large_array_printed, steering_trace_large_array)
    >>> print(*(f"{f(case):.4g}" for f in functions))
    6033 2110
    """
    return steering_trace_large_array(transmission) + _scattering_squared(transmission)


@public
@implements("coupling.D6", "as_printed")
def derivative_trace_large_array_printed(transmission: Transmission) -> Quantity:
    r"""Right side of (D6) as printed, with :math:`N^2(N^2-1)` in the scattered part.

    .. math:: \rho\tfrac{N^2(N^2-1)}6\pi^2\cos^2\theta\sum_k\frac{\phi_k}{\mu_k\kappa_k+\phi_k}
              + (1-\rho)\tfrac{N^2(N^2-1)}{12}\pi^2\cos^2\theta

    The right one, :func:`isacnb.coupling.downlink_angle.derivative_trace_large_array`, has
    :math:`N(N^2-1)` there. ``transmission`` and the unit as there.

    Claim: coupling.D6.

    At the paper's settings and mean distances, printed and right:

    >>> p = CouplingParameters.paper()
    >>> case = Transmission.at_mean_distances(p, -0.61, [-0.87, -0.35, 0.17, 0.61])
    >>> functions = (derivative_trace_large_array_printed, derivative_trace_large_array)
    >>> print(*(f"{f(case):.4g}" for f in functions))
    2.267e+07 4.916e+06
    """
    t = transmission
    ns = arithmetic(t.target_angle, t.N)
    aperture = (t.N**2 - 1) * (ns.pi * ns.cos(t.target_angle)) ** 2 / 6
    return derivative_trace_large_array(t) + aperture * _scattering_squared(t)


@public
@implements("coupling.angle-separation", "as_printed")
def array_gap_printed(target_angle: Quantity, user_angle: Quantity, N: Quantity) -> Quantity:
    r"""Margin of the condition on the gap of two directions that the paper calls enough for (23).

    .. math:: |\theta-\varphi| - \frac2N

    In radians; positive where the condition holds. What has to be large is a gap of sines times N,
    modulo 2: :func:`isacnb.coupling.downlink_angle.array_gap`. Arguments as there.

    Claim: coupling.angle-separation.

    Near the two ends of the array's axis, which the array cannot tell apart, printed and right:

    >>> from isacnb.coupling.downlink_angle import array_gap
    >>> case = (1.536, -1.536, 64)
    >>> print(f"{array_gap_printed(*case):.4g} {array_gap(*case):.4g}")
    3.041 0.1217
    """
    return abs(target_angle - user_angle) - 2 / N


def _roots(values):
    """Root of each number or symbol."""
    ns = arithmetic(*np.ravel(values))
    return values ** ns.rational(1, 2)


def _pairs_of_users(beams):
    """Outer products of the beams of different users, summed over all pairs."""
    together = np.sum(beams, axis=-2, keepdims=True)
    pairs, own = (np.swapaxes(rows, -1, -2) @ np.conjugate(rows) for rows in (together, beams))
    return pairs - own


def _of_single_paths(transmission):
    """The transmission, if its lines of sight have the squared norm N of Lemma 3."""
    if transmission.line_of_sight_power is not None:
        raise ValueError(
            "line_of_sight_power must be None, which stands for the N of Lemma 3, got "
            f"{transmission.line_of_sight_power}"
        )
    return transmission


def _one_stream(transmission, weight=None):
    """All users' lines of sight as those of one user, whose beam is the sum of theirs.

    So a double sum over pairs of users becomes the sum over users of the right form. The users
    stay, with their scattering alone. ``weight`` is that of each line of sight in the sum.
    """
    t = transmission
    weight = _roots(t.line_of_sight_share) if weight is None else weight
    nothing = np.sum(0 * t.specular_gain, axis=-1, keepdims=True)

    def joined(first, rest):
        shape = np.broadcast_shapes(first.shape[:-1], rest.shape[:-1])
        parts = [np.broadcast_to(part, (*shape, part.shape[-1])) for part in (first, rest)]
        return np.concatenate(parts, axis=-1)

    def together(products):
        return joined(np.sum(weight * products, axis=-1, keepdims=True), 0 * products)

    power = t.line_of_sight_power
    if power is not None:
        power = joined(nothing + (t.N[..., None] if np.ndim(t.N) else t.N), power)
    return dataclasses.replace(
        t,
        user_product=together(t.user_product),
        user_slope=together(t.user_slope),
        specular_gain=joined(nothing + 1, t.specular_gain),
        estimate_variance=joined(nothing, t.estimate_variance),
        line_of_sight_power=power,
    )


def _scattering_squared(transmission):
    """What N^2 in place of N makes of the scattering in the steering trace, beyond the right."""
    t = transmission
    return t.energy * t.data_share * (t.N**2 - t.N) * np.sum(t.scattered_share, axis=-1)


@public
@implements("coupling.B3", "as_printed")
def mean_product_square_printed(user: ChannelStatistics, N: Quantity) -> Quantity:
    r"""Right side :math:`\mu\kappa\|\bar h\|^2 + \phi N` of (B3) as printed, without the square.

    The right one, with it, is :func:`isacnb.coupling.downlink_sinr.mean_product_square`. Arguments
    as there.

    Claim: coupling.B3.

    At the paper's settings, user at 25 m and target at 10 m, printed and right:

    >>> from isacnb.coupling.downlink_sinr import mean_product_square
    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> print(f"{mean_product_square_printed(user, 64):.4g} {mean_product_square(user, 64):.4g}")
    6.983e-06 4.877e-11
    """
    return estimate_power(user, N)


@public
@implements("coupling.B4", "as_printed")
def beam_power_printed(
    user: ChannelStatistics, other: ChannelStatistics, overlap: Quantity, N: Quantity
) -> Quantity:
    r"""Mean :math:`E|h_k^H\hat h_i|^2` of (B4) as printed, for an estimate with white errors.

    .. math:: \mu_i\mu_k\kappa_i\kappa_k|\bar h_k^H\bar h_i|^2 + \mu_i\mu_k\kappa_i\|\bar h_i\|^2
        + \phi_i\mu_k\kappa_k\|\bar h_k\|^2 + \phi_i\mu_kN

    Arguments as in :func:`isacnb.coupling.downlink_sinr.beam_power`, which has a term for the echo
    in the estimate; here it is left out.

    Claim: coupling.B4.

    At the paper's settings, two users at 25 m with targets at 10 m, user k in the direction of
    target i and at right angles to user i, printed and right:

    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> right = beam_power(user, user, 0.0, 64, echo_overlap=64**2)
    >>> print(f"{beam_power_printed(user, user, 0.0, 64):.4g} {right:.4g}")
    6.133e-13 3.085e-12
    """
    return beam_power(user, other.white, overlap, N)


@public
@implements("coupling.B5", "as_printed")
def own_beam_power_printed(user: ChannelStatistics, N: Quantity) -> Quantity:
    r"""Mean :math:`E|h_k^H\hat h_k|^2` of (B5) as printed, for an estimate with white errors.

    .. math:: \phi\mu N + \mu\kappa(\mu+\phi)\|\bar h\|^2 + (\phi N + \mu\kappa\|\bar h\|^2)^2

    Arguments as in :func:`isacnb.coupling.downlink_sinr.own_beam_power`, which has a term for the
    echo in the estimate; here it is left out.

    Claim: coupling.B5.

    At the paper's settings, user at 25 m in the direction of its target at 10 m, printed and right:

    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> right = own_beam_power(user, 64, echo_overlap=64**2)
    >>> print(f"{own_beam_power_printed(user, 64):.4g} {right:.4g}")
    4.938e-11 5.185e-11
    """
    return own_beam_power(user.white, N)


@public
@implements("coupling.lem1", "as_printed", r"\Sigma_{\mathrm{Comm}}")
def multiuser_interference_printed(
    users: DownlinkUsers, N: Quantity, data_share: Quantity
) -> np.ndarray:
    r"""The first term of Lemma 1's denominator as printed, shape (..., K).

    .. math:: \rho\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
        - \frac{\mu_k^2\kappa_k^2\|\bar h_k\|^4}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}

    Before the subtracted fraction rho is missing, and the echo is left out; both are in
    :func:`isacnb.coupling.downlink_sinr.multiuser_interference`. Arguments and errors as there.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m in the direction of its target at 10 m, printed and
    right:

    >>> users = DownlinkUsers.of([UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0, 0.3, 0.3)])
    >>> functions = (multiuser_interference_printed, multiuser_interference)
    >>> print(*(f"{f(users, 64, 0.5).item():.4g}" for f in functions))
    -1.044e-06 2.209e-07
    """
    return multiuser_interference(users.white, N, data_share) - _missing_rho(users, N, data_share)


@public
@implements("coupling.lem1", "as_printed", r"\gamma_k")
def sinr_printed(
    users: DownlinkUsers,
    beam_overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""SINR (20) of the paper letter by letter.

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    .. math:: \Sigma_{\mathrm{Comm}} = \rho\sum_i
        \frac{\mu_i\mu_k\kappa_i\kappa_k|\bar h_k^H\bar h_i|^2 + \mu_i\mu_k\kappa_i\|\bar h_i\|^2
        + \phi_i\mu_k\kappa_k\|\bar h_k\|^2 + \phi_i\mu_kN}{\mu_i\kappa_i\|\bar h_i\|^2+\phi_iN}
        - \frac{\mu_k^2\kappa_k^2\|\bar h_k\|^4}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}

    Two things differ from :func:`isacnb.coupling.downlink_sinr.sinr`, whose arguments and errors it
    has: rho is missing before the subtracted fraction, and the echo in the estimate is left out.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m, target at 10 m, the sensing beam at right angles,
    printed and right:

    >>> from isacnb.coupling.downlink_sinr import sinr
    >>> users = DownlinkUsers.of([UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)])
    >>> print(*(f"{f(users, [0.0], 64, 0.5, 1e-11).item():.4g}" for f in (sinr_printed, sinr)))
    -3.444 48.77
    """
    right = disturbance(users.white, beam_overlap, N, data_share, noise_ratio)
    rest = right - _missing_rho(users, N, data_share)
    return data_share * estimate_power(users.channels, N) / rest


def _missing_rho(users, N, data_share):
    """What is subtracted too much if rho is missing before the last fraction of Lemma 1."""
    channels = users.channels
    known = channels.scattered_gain * channels.rician_factor * channels.line_of_sight_power
    return (1 - data_share) * known**2 / estimate_power(channels, N)


@public(noise_ratio="(0, inf)")
@implements("coupling.B1", "as_printed")
def sinr_from_moments_printed(
    moments: BeamMoments, N: Quantity, data_share: Quantity, noise_ratio: Quantity
) -> np.ndarray:
    r"""SINR (B1) as printed, with :math:`P_d/N_0` as last term of the denominator.

    .. math:: \frac{\rho\,|E\{h_k^H\hat h_k\}|^2/E\|\hat h_k\|^2}
        {\rho\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
         - \rho\frac{|E\{h_k^H\hat h_k\}|^2}{E\|\hat h_k\|^2}
         + (1-\rho)\frac{E|h_k^Ha|^2}N + \frac{P_d}{N_0}}

    The right one, :func:`isacnb.coupling.downlink_sinr.sinr_from_moments`, has :math:`N_0/P_d`
    there. Arguments as there; the noise is not 0.

    Claim: coupling.B1.

    One user, and noise 20 dB below the power, printed and right:

    >>> moments = BeamMoments([2.0], [[5.0]], [2.0], [1.0])
    >>> functions = (sinr_from_moments_printed, sinr_from_moments)
    >>> print(*(f"{f(moments, 64, 0.5, 0.01).item():.4g}" for f in functions))
    0.009974 3.734
    """
    return sinr_from_moments(moments, N, data_share, 1 / noise_ratio)


@public
@implements("coupling.lem1", "as_printed", r"\gamma_k")
def sinr_of_links_printed(
    links: list[UplinkLink], target_index: int, data_share: float, downlink_power: float
) -> np.ndarray:
    r"""SINR (20) of every user of a list of pairs as printed, shape (K,).

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    with :math:`\Sigma_{\mathrm{Comm}}` of :func:`sinr_printed`, which says what is wrong in it.
    Arguments and errors as in the right one, :func:`isacnb.coupling.downlink_sinr.sinr_of_links`.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m whose target at 10 m is sensed, printed and right:

    >>> from isacnb.coupling.downlink_sinr import sinr_of_links
    >>> links = [UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)]
    >>> functions = (sinr_of_links_printed, sinr_of_links)
    >>> print(*(f"{f(links, 0, 0.5, 1.0).item():.4g}" for f in functions))
    -3.444 48.64
    """
    users = DownlinkUsers.of(links)
    noise_ratio = links[0].noise_power / downlink_power
    beam_overlap = users.beam_overlap(target_index)
    return sinr_printed(users, beam_overlap, links[0].N, data_share, noise_ratio)


@public
@implements("coupling.eq14", "as_printed", r"\boldsymbol y_{U,k}")
def received_signal_printed(
    channel: np.ndarray,
    user_beam: np.ndarray,
    target_beam: np.ndarray,
    streams: np.ndarray,
    data_share: float,
    downlink_power: float,
) -> np.ndarray:
    r"""Received signal (14) as printed, in which the sum runs over the channel's index as well.

    .. math:: \sqrt{P_d\rho}\sum_{k=1}^K h_k^Hw_ks_k + \sqrt{P_d(1-\rho)}\,h_k^Hw_Ts_T

    All users hear the same data; in :func:`isacnb.coupling.downlink_system.received_signal` the
    channel is each user's own. Arguments and errors as there.

    Claim: coupling.eq14.

    Two users that do not hear each other's beams, sent 1 and 3, printed and right:

    >>> h, streams = np.eye(2)[None], np.array([[1.0], [3.0], [0.0]])
    >>> for f in (received_signal_printed, received_signal):
    ...     print(f(h, h, np.zeros(2), streams, 0.5, 2.0).real.ravel())
    [4. 4.]
    [1. 3.]
    """
    silent = np.zeros_like(user_beam)
    target = received_signal(channel, silent, target_beam, streams, data_share, downlink_power)
    data = np.einsum("skn,skn,kt->st", channel.conj(), user_beam, streams[:-1], optimize=True)
    return np.sqrt(downlink_power * data_share) * data[:, None] + target


@public
@implements("coupling.eq24", "as_printed", r"\frac{\phi_k}{\mu_k}")
@implements("coupling.eq25", "as_printed")
def estimation_quality_printed(
    scattered_gain: Quantity, target_path_loss: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Quality :math:`P_U\mu/(P_U\mu + P_TN\beta_t + N_0)` as on the right of (24) and (25).

    N_0 stands in place of N_0/T_u, which is in
    :func:`isacnb.coupling.downlink_ratios.estimation_quality`. Arguments as there.

    Claims: coupling.eq24, coupling.eq25.

    With noise of -80 dB and the paper's other settings, user at 100 m and target at 40 m, printed
    and right:

    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> case = (p.scattered_gain(100.0), p.target_path_loss(40.0), p)
    >>> print(f"{estimation_quality_printed(*case):.4g} {estimation_quality(*case):.4g}")
    0.1115 0.8851
    """
    return estimation_quality(scattered_gain, target_path_loss, parameters.replace(pilot_length=1))


@public
@implements("coupling.lem5-omega", "as_printed")
@implements("coupling.E1", "as_printed", "last line")
def ergodic_enhancement_ratio_printed(rank: Quantity, parameters: CouplingParameters) -> Quantity:
    r"""Mean (26) of Omega as printed, with N_0 in place of N_0/T_u.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa + \frac{\kappa(1+\kappa)}{P_U}\,
        \frac{\Gamma(k+\frac\alpha2)}{(\lambda_U\pi)^{\alpha/2}\Gamma(k)}
        \left(\frac{N_0}{C_0} + P_TN(\lambda_T\pi)^\alpha\frac{\Gamma(k-\alpha)}{\Gamma(k)}\right)
        \right]

    The right one is :func:`isacnb.coupling.downlink_ratios.ergodic_enhancement_ratio`, whose
    arguments and errors it has.

    Claims: coupling.lem5-omega, coupling.E1.

    With noise of -80 dB and the paper's other settings, printed and right:

    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> functions = (ergodic_enhancement_ratio_printed, ergodic_enhancement_ratio)
    >>> print(*(f"{f(4, p):.4g}" for f in functions))
    449 73.63
    """
    return ergodic_enhancement_ratio(rank, parameters.replace(pilot_length=1))


@public
@implements("coupling.E1", "as_printed", "second line")
def mean_enhancement_given_target_printed(
    target_path_loss: Quantity, rank: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Second line of (E1) as printed: without :math:`1+\kappa` in the integral, and with N_0.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa + \kappa(P_TN\beta_t + N_0)
        \int_0^\infty\frac{1}{P_UC_0r^{-\alpha}}f_{d_{U,k}}(r)\,dr\right]

    The right one, :func:`isacnb.coupling.downlink_ratios.mean_enhancement_given_target`, has
    :math:`1+\kappa` and N_0/T_u. Arguments as there.

    Claim: coupling.E1.

    At the paper's settings, target at 10 m, printed and right:

    >>> from isacnb.coupling.downlink_ratios import mean_enhancement_given_target
    >>> p = CouplingParameters.paper()
    >>> functions = (mean_enhancement_given_target_printed, mean_enhancement_given_target)
    >>> print(*(f"{f(p.target_path_loss(10.0), 4, p):.4g}" for f in functions))
    370.7 677.1
    """
    p = parameters
    excess = p.rician_factor * (p.target_power * p.N * target_path_loss + p.noise_power)
    excess = excess / (p.user_power * p.path_loss_reference)
    excess = excess * distance_moment(p.path_loss_exponent, rank, p.user_density)
    scale = (1 - p.data_share) * p.N / (2 * p.data_share)
    return scale * (1 + p.rician_factor + excess)


@public
@implements("coupling.E2", "as_printed")
@implements("coupling.lem5-psi", "as_printed")
def mean_quality_given_target_printed(rank: int, user_density: float, reach: Quantity) -> Quantity:
    r"""What (27) has for the mean quality, :math:`s^ke^sE_k(s)`: too large by :math:`s^{k-1}`.

    The right one is :func:`isacnb.coupling.downlink_ratios.mean_quality_given_target`, at most 1 as
    a quality is. Arguments as there.

    Claims: coupling.E2, coupling.lem5-psi.

    At the paper's density and a reach of 100 m, printed and right:

    >>> from isacnb.coupling.downlink_ratios import mean_quality_given_target
    >>> case = (4, 1e-4, 1e4)
    >>> functions = (mean_quality_given_target_printed, mean_quality_given_target)
    >>> print(*(f"{f(*case):.4g}" for f in functions))
    14.65 0.4726
    """
    s = np.pi * user_density
    s = s * reach
    return s ** (rank - 1) * scaled_expn(rank, s)


@public
@implements("coupling.E2", "as_printed", "last line")
@implements("coupling.lem5-psi", "as_printed")
def mean_interference_given_target_printed(
    target_path_loss: Quantity, rank: int, parameters: CouplingParameters
) -> Quantity:
    r"""Right side of (27) as printed: :math:`s^k` for s, and N_0 for N_0/T_u.

    .. math:: \frac{\rho N}{1-\rho}\left[\kappa + s^ke^{s}E_k(s)\right], \qquad
        s = \frac{\lambda_U\pi P_UC_0}{(1+\kappa)(P_TN\beta_t + N_0)}

    The right one is :func:`isacnb.coupling.downlink_ratios.mean_interference_given_target`, whose
    arguments and errors it has.

    Claims: coupling.E2, coupling.lem5-psi.

    At the paper's settings with path-loss exponent 2, target at 34 m, printed and right:

    >>> from isacnb.coupling.downlink_ratios import mean_interference_given_target
    >>> p = CouplingParameters.paper(path_loss_exponent=2.0)
    >>> functions = (mean_interference_given_target_printed, mean_interference_given_target)
    >>> print(*(f"{f(p.target_path_loss(34.0), 4, p):.4g}" for f in functions))
    2.005e+06 121.2
    """
    p = parameters
    share = share_of_interference(p)
    reach = squared_reach(target_path_loss, p.replace(pilot_length=1))
    quality = mean_quality_given_target_printed(rank, p.user_density, reach)
    # no quality, for it exceeds 1
    return interference_ratio(quality, p.N, p.rician_factor, share)


@public(data_share="(0, 1]")
@implements("coupling.conclusion-bounds", "as_printed", "interference")
@implements("coupling.best-achievable", "as_printed", r"\epsilon_d^C")
def interference_bound_printed(
    N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Bound :math:`(1-\rho)/(\rho N(1+\kappa))` of the interference, an upper one in the conclusion.

    The value is that of :func:`isacnb.coupling.downlink_ratios.interference_floor`, which says what
    it bounds: the interference lies above it. Arguments as there. Source: coupling paper, abstract
    and Section 6.

    Claims: coupling.conclusion-bounds, coupling.best-achievable.

    At the paper's settings, the bound and the interference at an estimate's quality of 0.5:

    >>> exceeds = 1 / interference_ratio(0.5, 64, 1.0, 0.5)
    >>> print(f"{interference_bound_printed(64, 1.0, 0.5):.4g} {exceeds:.4g}")
    0.007812 0.01042
    """
    return interference_floor(N, rician_factor, data_share)


@public(data_share="[0, 1)")
@implements("coupling.conclusion-bounds", "as_printed", "benefit")
@implements("coupling.best-achievable", "as_printed", r"\epsilon_d^S")
def benefit_bound_printed(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Bound :math:`2\rho/((1-\rho)N(1+\kappa))` of the benefit, a lower one in the conclusion.

    The value is that of :func:`isacnb.coupling.downlink_ratios.benefit_ceiling`, which says what it
    bounds: the benefit lies below it. Arguments as there. Source: coupling paper, abstract and
    Section 6.

    Claims: coupling.conclusion-bounds, coupling.best-achievable.

    At the paper's settings, the bound and the benefit at an estimate's quality of 0.5:

    >>> from isacnb.coupling.downlink_ratios import enhancement_ratio
    >>> falls_short = 1 / enhancement_ratio(0.5, 64, 1.0, 0.5)
    >>> print(f"{benefit_bound_printed(64, 1.0, 0.5):.4g} {falls_short:.4g}")
    0.01562 0.01042
    """
    return benefit_ceiling(N, rician_factor, data_share)


@public(noncentrality="[0, inf)", data_share="(0, 1]")
@implements("coupling.rem4", "as_printed", "interference")
def interference_floor_given_detection_printed(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Remark 4 as printed: :math:`\bar\epsilon(1-\rho)/(\rho N(2N+\kappa\bar\epsilon))`.

    The right one, :func:`isacnb.coupling.downlink_ratios.interference_floor_given_detection`, has
    :math:`\bar\epsilon+2N` for :math:`\bar\epsilon`. Arguments as there.

    Claim: coupling.rem4.

    For the paper's antennas, Rician factor and share, printed and right:

    >>> from isacnb.coupling.downlink_ratios import interference_floor_given_detection
    >>> case = (160.0, 64, 1.0, 0.5)
    >>> right = interference_floor_given_detection(*case)
    >>> print(f"{interference_floor_given_detection_printed(*case):.4g} {right:.4g}")
    0.008681 0.01082
    """
    bar = noncentrality
    return bar * (1 - data_share) / (data_share * N * (2 * N + rician_factor * bar))


@public(noncentrality="[0, inf)", data_share="[0, 1)")
@implements("coupling.rem4", "as_printed", "benefit")
def benefit_ceiling_given_detection_printed(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Remark 4 as printed: :math:`4\rho/((1-\rho)(\bar\epsilon\kappa+2N))`.

    The right one, :func:`isacnb.coupling.downlink_ratios.benefit_ceiling_given_detection`, has
    :math:`\bar\epsilon+2N` for :math:`\bar\epsilon`. Arguments as there.

    Claim: coupling.rem4.

    For the paper's antennas, Rician factor and share, printed and right:

    >>> from isacnb.coupling.downlink_ratios import benefit_ceiling_given_detection
    >>> case = (160.0, 64, 1.0, 0.5)
    >>> right = benefit_ceiling_given_detection(*case)
    >>> print(f"{benefit_ceiling_given_detection_printed(*case):.4g} {right:.4g}")
    0.01389 0.009615
    """
    return 4 * data_share / ((1 - data_share) * (noncentrality * rician_factor + 2 * N))


@public(benefit="(0, inf)", data_share="(0, 1]")
@implements("coupling.thm2-cases", "as_printed", "limit of the communication demand")
def interference_rician_limit_printed(
    benefit: Quantity, N: Quantity, data_share: Quantity
) -> Quantity:
    r"""Lower limit of the second case as printed, :math:`(1-\rho)/(\rho\epsilon_d^SN)`.

    It has the threshold ``benefit`` :math:`\epsilon_d^S` > 0 of the other function, in place of
    :math:`\epsilon_d^C`. The rest as in
    :func:`isacnb.coupling.downlink_coverage.interference_rician_limit`, the right one.

    Claim: coupling.thm2-cases.

    At the paper's settings, a benefit of 0.013 and an interference of 0.01, printed and right:

    >>> from isacnb.coupling.downlink_coverage import interference_rician_limit
    >>> right = interference_rician_limit(0.01, 64, 0.5)
    >>> print(f"{interference_rician_limit_printed(0.013, 64, 0.5):.4g} {right:.4g}")
    1.202 1.562
    """
    return (1 - data_share) / (data_share * benefit * N)


@public(benefit="(0, inf)", data_share="[0, 1)")
@implements("coupling.thm2-cases", "as_printed", "limit of the sensing demand")
def benefit_rician_limit_printed(benefit: Quantity, data_share: Quantity) -> Quantity:
    r"""Limit of the third case as printed, :math:`2\rho/((1-\rho)\epsilon_d^S)-1`, without N.

    Arguments as in :func:`isacnb.coupling.downlink_coverage.benefit_rician_limit`, which has N in
    the denominator.

    Claim: coupling.thm2-cases.

    At the paper's settings and a threshold of 0.013, printed and right:

    >>> from isacnb.coupling.downlink_coverage import benefit_rician_limit
    >>> right = benefit_rician_limit(0.013, 64, 0.5)
    >>> print(f"{benefit_rician_limit_printed(0.013, 0.5):.4g} {right:.4g}")
    152.8 1.404
    """
    return 2 * data_share / ((1 - data_share) * benefit) - 1


@public(interference="[0, inf]", benefit="[0, inf]")
@implements("coupling.thm2", "as_printed")
def joint_downlink_coverage_printed(
    interference: Quantity, benefit: Quantity, parameters: CouplingParameters
) -> np.ndarray:
    r"""Theorem 2 as printed; nan where its expression is not real or divides by zero.

    .. math:: \begin{cases}
        F_Z(\min\{A,B\}), & \kappa<\min\{\frac{1-\rho}{\rho\epsilon_CN},
          \frac{2\rho}{(1-\rho)N\epsilon_S}-1\} \\
        F_Z(B), & \epsilon_S<\frac{2\rho^2\epsilon_C}{(1-\rho)(1-\rho+\rho\epsilon_CN)},\
          \frac{1-\rho}{\rho\epsilon_CN}\le\kappa\le\frac{2\rho}{(1-\rho)N\epsilon_S}-1 \\
        0, & \text{otherwise}\end{cases}

    with A of :func:`isacnb.coupling.downlink_coverage.interference_coverage_ratio` and B of
    :func:`isacnb.coupling.downlink_coverage.benefit_coverage_ratio`. Thresholds >= 0, broadcasting;
    noise is neglected whatever ``parameters.noise_power``. The right one,
    :func:`isacnb.coupling.downlink_coverage.joint_downlink_coverage`, has one expression for all
    cases and keeps the noise.

    Claim: coupling.thm2.

    At the paper's settings and an interference that no estimate is good enough for, printed and
    right:

    >>> from isacnb.coupling.downlink_coverage import joint_downlink_coverage
    >>> case = (0.005, 0.01, CouplingParameters.paper())
    >>> print(f"{joint_downlink_coverage_printed(*case):.4g} {joint_downlink_coverage(*case):.4g}")
    nan 0
    """
    p = parameters
    eps_c, eps_s = np.broadcast_arrays(interference, benefit)
    rho, kappa, N = np.float64(p.data_share), p.rician_factor, p.N
    a, b = interference_coverage_ratio(eps_c, p), benefit_coverage_ratio(eps_s, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = (1 - rho) / (rho * eps_c * N)
        high = 2 * rho / ((1 - rho) * N * eps_s) - 1
        condition = eps_s < 2 * rho**2 * eps_c / ((1 - rho) * (1 - rho + rho * eps_c * N))
        case_1 = kappa < np.minimum(low, high)
        case_2 = condition & (low <= kappa) & (kappa <= high)
        argument = np.where(case_1, np.minimum(a, b), np.where(case_2, b, 0.0))
    good = ~np.isnan(argument)
    return np.where(good, p.ratio_cdf(np.where(good, argument, 0.0)), np.nan)[()]


@public
@implements("coupling.mmse", "as_printed", r"\hat{\boldsymbol h}_k\sim")
def estimation_covariances_printed(
    energies: Energies, N: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Covariances of :func:`isacnb.coupling.uplink.estimation_covariances` as the paper has them.

    All are white:

    .. math:: c\,u\,I, \qquad (1-c)\,u\,I, \qquad 0, \qquad c = \tfrac{u}{u+x+N_0}

    These are :math:`P_UT_u` times :math:`\phi I`, :math:`(\mu-\phi)I` and 0; the right ones have
    more along the steering vector, where the echo is. ``energies`` are u, x and :math:`N_0`, N is
    the number of antennas. Source: coupling paper, before (4).

    Claim: coupling.mmse.

    An echo of a quarter of the user's energy, the error along the steering vector, printed and
    right:

    >>> from isacnb.coupling.uplink import estimation_covariances
    >>> energies, a = Energies(4.0, 1.0, 0.0), np.ones(64)
    >>> _, right, _ = estimation_covariances(0.8, 0.8, a, energies)
    >>> _, printed, _ = estimation_covariances_printed(energies, 64)
    >>> print(f"{a @ printed @ a / 64:.4g} {a @ right @ a / 64:.4g}")
    0.8 41.12
    """
    gain, power = paper_gain(*energies), energies.user_energy
    identity = np.eye(N, dtype=int)
    return gain * power * identity, (1 - gain) * power * identity, 0 * identity


@public
@implements("coupling.mmse", "as_printed")
def estimate_printed(observation: np.ndarray, link: UplinkLink) -> np.ndarray:
    r"""What the paper calls the estimate of least mean squared error, from observations (..., N).

    .. math:: \hat h = E h + \frac{u}{u+x+N_0}\,\frac{y-E y}{\sqrt{P_UT_u}}

    It is :func:`isacnb.coupling.uplink_system.estimate_paper`, and the best one for a white echo
    only; the best for the echo as it is, from one direction, is
    :func:`isacnb.coupling.uplink_system.estimate_lmmse`. Source: coupling paper, before (4).

    Claim: coupling.mmse.

    At the paper's settings, user at 25 m, target at 10 m, what of the mean echo comes along, over
    the power of the scattered channel, printed and right:

    >>> from isacnb.coupling.uplink_system import estimate_lmmse
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> y = link.amplitude_user * link.mean_channel + link.energies.echo_energy**0.5 * link.steering
    >>> echoes = (f(y, link) - link.mean_channel for f in (estimate_printed, estimate_lmmse))
    >>> print(*(f"{squared_norm(echo) / (64 * link.scattered_gain):.4g}" for echo in echoes))
    0.1652 0.0008246
    """
    return estimate_paper(observation, link)


@public
@implements("coupling.eq4", "as_printed")
@implements("coupling.noise-uplink", "as_printed", r"\varrho_K")
def nmse_printed(user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity) -> Quantity:
    r"""Mean of :math:`\|e\|^2/\|h\|^2` as printed, :math:`(\mu-\phi)/\mu = (x + N_0)/(u + x + N_0)`.

    It is the :func:`isacnb.coupling.uplink.nmse_paper`, the mean squared error over the power of
    the scattered part of the channel; the mean of the ratio is
    :func:`isacnb.coupling.uplink.mean_ratio_nmse_equal_gains`. Arguments as in the first. Source:
    coupling paper, (4).

    Claims: coupling.eq4, coupling.noise-uplink.

    An echo of a third of the user's energy, the paper's antennas and Rician factor, printed and
    right:

    >>> from isacnb.coupling.uplink import mean_ratio_nmse_equal_gains
    >>> printed = nmse_printed(3.0, 1.0, 0.0)
    >>> print(f"{printed:.4g} {mean_ratio_nmse_equal_gains(printed, 64, 1.0):.4g}")
    0.25 0.1262
    """
    return nmse_paper(user_energy, echo_energy, noise_power)


@public(target_path_loss="(0, inf)")
@implements("coupling.imbalance", "as_printed")
def power_balance_printed(
    user_power: Quantity,
    scattered_gain: Quantity,
    target_power: Quantity,
    target_path_loss: Quantity,
    N: Quantity,
) -> Quantity:
    r"""Balance of the received powers as printed, :math:`P_U\mu^2/(P_TN\beta_t)`: a gain too many.

    The right one is :func:`isacnb.coupling.uplink.power_balance`. ``user_power`` and
    ``target_power`` > 0 in watts, ``scattered_gain`` :math:`\mu` and ``target_path_loss``
    :math:`\beta_t` > 0, N >= 1; arrays broadcast, symbols pass. Source: coupling paper, after
    Corollary 1.

    Claim: coupling.imbalance.

    At the paper's settings, user at 25 m and target at 10 m, printed and right:

    >>> from isacnb.coupling.uplink import power_balance
    >>> p = CouplingParameters.paper()
    >>> mu, beta = p.scattered_gain(25.0), p.target_path_loss(10.0)
    >>> printed = power_balance_printed(p.user_power, mu, p.target_power, beta, p.N)
    >>> print(f"{printed:.4g} {power_balance(*p.energies(mu, beta)):.4g}")
    2.308e-07 3.789
    """
    return user_power * scattered_gain**2 / (target_power * N * target_path_loss)


@public
@implements("coupling.eq8", "as_printed")
@implements("coupling.eq11", "as_printed", r"\frac12\bar\epsilon_u^S")
def target_snr_printed(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Half the noncentrality that the paper prints, :math:`N x/(N_0 + u\varrho)`.

    It takes the estimation error for noise independent of the echo, with the power
    :math:`u\varrho = P_U T_u(\mu-\phi)` (:func:`isacnb.coupling.uplink.nmse_paper`); without noise
    it is :math:`N(1 + x/u) \ge N` even for an echo of no power. Arguments as in
    :func:`isacnb.coupling.uplink.target_snr`, the right one. Source: coupling paper, (8), at
    :math:`|\zeta| = 1`.

    Claims: coupling.eq8, coupling.eq11.

    At the paper's settings, user at 25 m and target at 10 m, printed and right:

    >>> from isacnb.coupling.uplink import target_snr
    >>> energies = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0).energies
    >>> print(f"{target_snr_printed(*energies, 64):.4g} {target_snr(*energies, 64):.4g}")
    80.89 16.89
    """
    remaining = nmse_paper(user_energy, echo_energy, noise_power) * user_energy
    return N * echo_energy / (noise_power + remaining)


@public
@implements("coupling.eq8", "as_printed")
@implements("coupling.fig2", "as_printed")
@implements("coupling.noise-uplink", "as_printed", "P_{D,K}")
def detection_probability_printed(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    detection_threshold: Quantity,
    cross_section: Quantity = 1.0,
) -> Quantity:
    r"""Detection probability (8) of the coupling paper as printed.

    .. math:: Q_1\Big(\sqrt{\tfrac{2Nx|\zeta|^2}{N_0+u\varrho}}, \sqrt{2\epsilon_d}\Big)

    with :math:`\varrho` of :func:`isacnb.coupling.uplink.nmse_paper`. Arguments as in
    :func:`target_snr_printed`, ``detection_threshold`` the paper's :math:`\epsilon_d \ge 0`,
    ``cross_section`` :math:`|\zeta|^2 \ge 0`. The best test has
    :func:`isacnb.coupling.uplink.matched_detection_probability`, with u for :math:`u\varrho`; the
    paper's own has :func:`isacnb.coupling.uplink.residual_detection_probability`.

    Claims: coupling.eq8, coupling.fig2, coupling.noise-uplink.

    At the paper's settings, user at 25 m and target at 10 m, printed and right for the best test:

    >>> from isacnb.coupling.uplink import matched_detection_probability
    >>> case = (*UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0).energies, 64, 10**1.8)
    >>> functions = (detection_probability_printed, matched_detection_probability)
    >>> print(*(f"{f(*case):.4g}" for f in functions))
    0.9367 4.148e-08
    """
    snr = target_snr_printed(user_energy, echo_energy, noise_power, N)
    return detection_probability(snr * cross_section, detection_threshold)


@public
@implements("coupling.rem1", "as_printed", r"P_{D,k}")
def guaranteed_detection_printed(N: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Detection probability :math:`Q_1(\sqrt{2N}, \sqrt{2\epsilon_d})` that Remark 1 guarantees.

    Nothing is guaranteed beyond :func:`isacnb.signals.detection.false_alarm_probability`, because
    the target may recede. N is a whole number >= 1, ``detection_threshold``
    :math:`\epsilon_d \ge 0`; arrays broadcast.

    Claim: coupling.rem1.

    At the paper's settings, printed and right:

    >>> from isacnb.signals.detection import false_alarm_probability
    >>> p = CouplingParameters.paper()
    >>> right = false_alarm_probability(p.detection_threshold)
    >>> print(f"{guaranteed_detection_printed(p.N, p.detection_threshold):.4g} {right:.4g}")
    0.5496 3.962e-28
    """
    return detection_probability(N, detection_threshold)


@public
@implements(
    "coupling.residual-law", "as_printed", r"\boldsymbol r_{P,k}^{\mathrm H}\boldsymbol a_N"
)
def residual_projection_law_printed(
    reflection_coefficient: Quantity,
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
) -> tuple[Quantity, Quantity]:
    r"""Mean and variance of :math:`r^Ha` under H1 as printed.

    .. math:: \sqrt x\,\zeta^*N, \qquad [N_0+u\varrho]N, \qquad \varrho = \tfrac{x+N_0}{u+x+N_0}

    The right ones, :func:`isacnb.coupling.uplink.residual_projection_law`, have the factor
    :math:`\varrho` of the residual before the mean, and the variance :math:`\varrho^2(u+N_0)N`.
    Arguments as there.

    Claim: coupling.residual-law.

    An echo of a third of the user's energy, mean and variance, printed and right:

    >>> from isacnb.coupling.uplink import residual_projection_law
    >>> for law in (residual_projection_law_printed, residual_projection_law):
    ...     print(*(f"{part:.4g}" for part in law(1.0, 3.0, 1.0, 0.0, 64)))
    64 48
    16 12
    """
    root = arithmetic(user_energy, echo_energy, noise_power).sqrt(echo_energy)
    error = user_energy * nmse_paper(user_energy, echo_energy, noise_power)
    return root * np.conjugate(reflection_coefficient) * N, (noise_power + error) * N


@public
@implements("coupling.eq6", "as_printed", r"\Lambda(\boldsymbol r_{P,k})")
def log_likelihood_ratio_printed(
    residual: np.ndarray,
    echo_mean: np.ndarray,
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
) -> Quantity:
    r"""Log-likelihood ratio (6) as printed, with the whole echo and another variance.

    .. math:: \frac{\|r\|^2-\|r-s\|^2}{N_0+u\varrho}, \qquad \varrho = \tfrac{x+N_0}{u+x+N_0}

    In the residual :math:`\varrho s` is left of the echo, with the variance
    :math:`\varrho^2(u+N_0)`: :func:`isacnb.coupling.uplink.log_likelihood_ratio`. Arguments as
    there.

    Claim: coupling.eq6.

    An echo of a third of the user's energy, for a residual equal to what is left of it, printed and
    right:

    >>> from isacnb.coupling.uplink import log_likelihood_ratio
    >>> case = (np.full(64, 0.25), np.ones(64), 3.0, 1.0, 0.0)
    >>> print(f"{log_likelihood_ratio_printed(*case):.4g} {log_likelihood_ratio(*case):.4g}")
    -42.67 21.33
    """
    rest = residual_share(user_energy, echo_energy, noise_power)
    left = squared_norm(residual) - squared_norm(residual - np.asarray(echo_mean))
    return left / (noise_power + user_energy * rest)


@public
@implements("coupling.eq7", "as_printed", r"\widehat\varpi_k")
def reflection_estimate_printed(
    residual: np.ndarray, steering: np.ndarray, user_power: Quantity, pilot_length: Quantity
) -> Quantity:
    r"""Estimate (7) as printed, :math:`a^Hr/(\sqrt{P_UT_uN}\,N)`, with the user's power P_U > 0.

    The right one, :func:`isacnb.coupling.uplink.reflection_estimate`, has the power of the beam to
    the target and divides by the factor 1 - c of the residual. Arguments as there.

    Claim: coupling.eq7.

    The paper's antennas and powers, the residual of an echo of reflection 1 at a gain c of 0.75,
    printed and right:

    >>> a = np.ones(64)
    >>> r = 0.25 * np.sqrt(0.1 * 64 * 64) * a
    >>> right = reflection_estimate(r, a, 0.1, 64, 0.75)
    >>> print(f"{reflection_estimate_printed(r, a, 1.0, 64):.4g} {right:.4g}")
    0.07906 1
    """
    return reflection_estimate(residual, steering, user_power, pilot_length, 0)


@public
@implements("coupling.glrt", "as_printed")
def residual_statistic_printed(
    observation: np.ndarray, estimate: np.ndarray, link: UplinkLink
) -> np.ndarray:
    r"""The paper's statistic :math:`|r^H a|^2 / (N[N_0 + P_U T_u(\mu-\phi)])`, after (7).

    :math:`r = y - \sqrt{P_U T_u}\,\hat h` is the residual of the given estimate. The right one,
    :func:`isacnb.coupling.uplink_system.residual_statistic`, divides by the variance that r has.
    Shapes (..., N) in, (...) out.

    Claim: coupling.glrt.

    At the paper's settings, user at 25 m, target at 10 m, for the mean and its echo, printed and
    right:

    >>> from isacnb.coupling.uplink_system import residual_statistic
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> y = link.amplitude_user * link.mean_channel + link.energies.echo_energy**0.5 * link.steering
    >>> case = (y, estimate_paper(y, link), link)
    >>> print(f"{residual_statistic_printed(*case):.4g} {residual_statistic(*case):.4g}")
    3.527 16.89
    """
    residual = pilot_residual(observation, estimate, link.user_power, link.pilot_length)
    energies = link.energies
    variance = energies.noise_power + energies.user_energy * nmse_paper(*energies)
    return np.abs(residual @ link.steering.conj()) ** 2 / (link.N * variance)


@public
@implements("coupling.A1", "as_printed")
def ratio_pdf_printed(
    z: Quantity, rank: Quantity, user_density: Quantity, target_density: Quantity
) -> Quantity:
    r"""Density of the ratio with the argument that (A1) of the coupling paper prints.

    .. math:: \frac{2^{1-3K}(\lambda_U\pi z^2)^{-K/2}(3K-1)!\,(\lambda_T\pi)^K}{z\,((K-1)!)^2}\;
              U\!\left(\tfrac{3K}{2}, \tfrac12, \tfrac{\pi\lambda_T^2}{2\lambda_U z^2}\right)

    Its last argument of Tricomi's function is twice the right one of
    :func:`isacnb.probability.poisson.ratio_pdf`; the function is no density. Arguments as there;
    kept to show the difference.

    Claim: coupling.A1.

    For the paper's densities and fourth neighbours, printed and right:

    >>> from isacnb.probability.poisson import ratio_pdf
    >>> case = (0.1, 4, 1e-4, 1e-3)
    >>> print(f"{ratio_pdf_printed(*case):.4g} {ratio_pdf(*case):.4g}")
    1.622 6.714
    """
    return ratio_pdf_closed(z, rank, user_density, target_density, 2)
