r"""Ratios between the two functions of the downlink, and their means over the networks.

Everything hangs on one number per pair, the quality of the channel estimate

.. math:: c = \frac{\phi}{\mu} = \frac{P_U\mu}{P_U\mu + P_TN\beta_t + N_0/T_u} .

:math:`\Psi = \frac{\rho N}{1-\rho}(\kappa + c)` (signal over the sensing beam's interference, for many
antennas) rises with c, and :math:`\Omega = \frac{(1-\rho)N}{2\rho}\frac{\kappa + c}{c}` (the sensing
beam's angle information over that of the user's scattered beam) falls. The paper has the noise
:math:`N_0` in place of :math:`N_0/T_u`; the forms of :mod:`isacnb.coupling.printed` keep it so.

Without noise :math:`1/c = 1 + qZ^\alpha` with :math:`q = P_TN(1+\kappa)/P_U` and the ratio
:math:`Z = d_U/d_T^2` of :mod:`isacnb.probability.poisson`. Source: coupling paper, Section 4.1.
"""

import numpy as np
from scipy.special import gammainccinv, gammaincinv, gammaln

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..probability.poisson import distance_moment
from ..special.exponential import scaled_expn
from .settings import CouplingParameters
from .uplink import paper_gain

__all__ = [
    "benefit_ceiling",
    "benefit_ceiling_given_detection",
    "benefit_ceiling_system",
    "enhancement_ratio",
    "enhancement_ratio_system",
    "ergodic_enhancement_ratio",
    "ergodic_enhancement_ratio_system",
    "ergodic_interference_ratio",
    "estimation_quality",
    "interference_floor",
    "interference_floor_given_detection",
    "interference_floor_given_detection_lmmse",
    "interference_ratio",
    "mean_enhancement_given_target",
    "mean_interference_given_target",
    "mean_quality_given_target",
    "squared_reach",
]


@public("[0, 1]")
@implements("coupling.eq24", "right", r"\frac{\phi_k}{\mu_k}")
@implements("coupling.eq25", "tool")
@implements("coupling.noise-downlink", "tool")
@implements("coupling.eq29", "tool")
def estimation_quality(
    scattered_gain: Quantity, target_path_loss: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Quality :math:`c = \phi/\mu = P_U\mu/(P_U\mu + P_TN\beta_t + N_0/T_u)` of the estimate.

    It is the gain :func:`isacnb.coupling.uplink.paper_gain` of a pair with these path gains,
    ``scattered_gain`` :math:`\mu > 0` and ``target_path_loss`` :math:`\beta_t \ge 0`. Arrays
    broadcast, symbols pass. Source: coupling paper, before (4), divided by T_u.

    Claims: coupling.eq24, coupling.eq25, coupling.noise-downlink, coupling.eq29.

    >>> p = CouplingParameters.paper(N=2, target_power=1.0, noise_power=4.0, pilot_length=4)
    >>> float(estimation_quality(2.0, 0.5, p))
    0.5
    """
    return paper_gain(*parameters.energies(scattered_gain, target_path_loss))


@public("[0, inf)", data_share="[0, 1)")
@implements("coupling.eq24", "right", r"\Psi_k")
@implements("coupling.noise-downlink", "right", r"\Psi_k")
@implements("coupling.eq29", "right", r"\Psi_k")
def interference_ratio(
    quality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Ratio :math:`\Psi = \frac{\rho N}{1-\rho}(\kappa + c)`; 1/Psi is the mutual interference.

    ``quality`` c in [0, 1], N >= 1, ``rician_factor`` :math:`\kappa \ge 0`, ``data_share``
    :math:`\rho` in [0, 1); arrays broadcast, symbols pass. Source: coupling paper, (24).

    Claims: coupling.eq24, coupling.noise-downlink, coupling.eq29.

    >>> float(interference_ratio(0.5, 64, 1.0, 0.5))
    96.0
    """
    return data_share * N / (1 - data_share) * (rician_factor + quality)


@public("[0, inf)", quality="(0, 1]", data_share="(0, 1]")
@implements("coupling.eq25", "right", r"\Omega_k")
@implements("coupling.noise-downlink", "right", r"\Omega_k")
@implements("coupling.eq29", "right", r"\Omega_k")
def enhancement_ratio(
    quality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Ratio :math:`\Omega = \frac{(1-\rho)N}{2\rho}(1 + \kappa/c)`; 1/Omega is the mutual benefit.

    Arguments as in :func:`interference_ratio`, with c > 0 and rho in (0, 1]. It presumes the
    covariance phi I of the estimate. Source: coupling paper, (25).

    Claims: coupling.eq25, coupling.noise-downlink, coupling.eq29.

    With noise of -80 dB and the paper's other settings, user at 100 m and target at 40 m, printed
    and right:

    >>> from isacnb.coupling.printed import estimation_quality_printed
    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> for quality in (estimation_quality_printed, estimation_quality):
    ...     c = quality(p.scattered_gain(100.0), p.target_path_loss(40.0), p)
    ...     print(f"{enhancement_ratio(c, 64, 1.0, 0.5):.3f}")
    318.963
    68.155
    """
    return (1 - data_share) * N / (2 * data_share) * (1 + rician_factor / quality)


@public("[0, inf)", quality="(0, 1]", echo_share="[0, 1]", data_share="(0, 1]")
@implements("coupling.eq25", "right", r"\Omega_k^{\mathrm{system}}")
def enhancement_ratio_system(
    quality: Quantity,
    echo_share: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    data_share: Quantity,
) -> Quantity:
    r"""The ratio Omega of the system, whose estimate has the echo in it.

    .. math:: \frac{(1-\rho)N}{2\rho}\,\frac{\kappa + c}{c\,[1 + s(N/2-1)]}, \qquad
              s = \frac{x}{u + x + N_0} = \frac{\chi}{\phi}

    The covariance of the estimate is :math:`\phi I + \chi(aa^H - I)`, so part s of it is a beam
    towards the target, which is worth N/2 times as much to the angle as the same power spread
    evenly. ``echo_share`` is s in [0, 1 - c]; without noise s = 1 - c. The rest as in
    :func:`enhancement_ratio`.

    Claim: coupling.eq25.

    At the paper's settings without noise, user at 25 m and target at 10 m, (25) and the system:

    >>> p = CouplingParameters.paper(noise=None)
    >>> c = estimation_quality(p.scattered_gain(25.0), p.target_path_loss(10.0), p)
    >>> print(f"{enhancement_ratio(c, 64, 1.0, 0.5):.3f}")
    72.445
    >>> print(f"{enhancement_ratio_system(c, 1 - c, 64, 1.0, 0.5):.3f}")
    9.695
    """
    share = echo_share
    half = arithmetic(share, quality, N).rational(1, 2)
    gain = 1 + share * (N * half - 1)
    return enhancement_ratio(quality, N, rician_factor, data_share) / gain


@public("[0, inf)")
@implements("coupling.lem5-omega", "right")
@implements("coupling.E1", "right", "last line")
@implements("coupling.fig8", "right")
def ergodic_enhancement_ratio(rank: Quantity, parameters: CouplingParameters) -> Quantity:
    r"""Mean of Omega over both networks.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa + \frac{\kappa(1+\kappa)}{P_U}\,
        \frac{\Gamma(k+\frac\alpha2)}{(\lambda_U\pi)^{\alpha/2}\Gamma(k)}
        \left(\frac{N_0}{T_uC_0} + P_TN(\lambda_T\pi)^\alpha\frac{\Gamma(k-\alpha)}{\Gamma(k)}\right)
        \right]

    ``rank`` k is a whole number above the path-loss exponent :math:`\alpha`: the mean of
    :math:`d_T^{-2\alpha}` is infinite otherwise, because a target may stand next to the base
    station. Its variance is infinite unless :math:`k > 2\alpha`. Arrays of ranks and symbols pass.
    Raises ``ValueError`` where the mean is infinite. Source: coupling paper, (26), which has N_0 for
    N_0/T_u.

    Claims: coupling.lem5-omega, coupling.E1, coupling.fig8.

    With noise of -80 dB and the paper's other settings, printed and right:

    >>> from isacnb.coupling.printed import ergodic_enhancement_ratio_printed
    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> functions = (ergodic_enhancement_ratio_printed, ergodic_enhancement_ratio)
    >>> print(*(f"{f(4, p):.3f}" for f in functions))
    449.034 73.626
    """
    p = parameters
    alpha = p.path_loss_exponent
    if is_numeric(rank, alpha) and np.any(np.asarray(rank) <= alpha):
        raise ValueError(
            f"rank must be > path_loss_exponent for the mean of d_T^(-2 alpha) to exist, got rank "
            f"{rank} with path_loss_exponent {alpha}"
        )
    mean_echo = p.path_loss_reference * distance_moment(-2 * alpha, rank, p.target_density)
    return mean_enhancement_given_target(mean_echo, rank, p)


@public("[0, inf)")
@implements("coupling.lem5-omega", "exact", "mean of the system's ratio")
@implements("coupling.fig8", "exact")
def ergodic_enhancement_ratio_system(rank: int, parameters: CouplingParameters) -> float:
    r"""Mean over both networks of the system's Omega, whose estimate has the echo in it.

    .. math:: \bar\Omega = \frac{(1-\rho)N}{2\rho}\,E\left\{\frac{1+\kappa/c}{1+s(N/2-1)}\right\},
        \qquad c = \frac{u}{u+x+N_0}, \quad s = \frac{x}{u+x+N_0}

    the mean of :func:`enhancement_ratio_system` over both distances, noise included. The part that
    grows with the echo without bound is
    :math:`\frac{(1-\rho)\kappa}{\rho}\frac xu`, whose mean is known; the rest is bounded in x, and a
    product of two trapezoidal rules in the logarithms of the cleared areas has a relative error below
    1e-10. Raises ``ValueError`` where the mean is infinite, as :func:`ergodic_enhancement_ratio`.

    Claims: coupling.lem5-omega, coupling.fig8.

    At the paper's settings, as (26) has it and in the system:

    >>> p = CouplingParameters.paper()
    >>> print(f"{ergodic_enhancement_ratio(4, p):.3f} {ergodic_enhancement_ratio_system(4, p):.3f}")
    67.673 40.028
    """
    p = parameters
    N, kappa, rho = p.N, p.rician_factor, p.data_share
    growing = ergodic_enhancement_ratio(rank, p.replace(noise_power=0.0))
    growing = (growing - enhancement_ratio(1, N, kappa, rho)) / (N / 2)
    log_user, weight_user = log_gamma_rule(rank)
    log_target, weight_target = log_gamma_rule(rank)
    user = p.user_energy(np.exp(log_user / 2) / np.sqrt(np.pi * p.user_density))[:, None]
    echo = p.echo_energy(np.exp(log_target / 2) / np.sqrt(np.pi * p.target_density))
    total = user + echo + p.noise_power
    ratio = enhancement_ratio_system(user / total, echo / total, N, kappa, rho)
    bounded = ratio - (1 - rho) * kappa / rho * echo / user
    return float(weight_user @ bounded @ weight_target + growing)


@public("[0, inf)")
@implements("coupling.E1", "right", "second line")
def mean_enhancement_given_target(
    target_path_loss: Quantity, rank: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Mean of Omega over the user's distance alone: the second line of (E1) put right.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa +
        \kappa\Big(P_TN\beta_t + \frac{N_0}{T_u}\Big)
        \int_0^\infty\frac{1+\kappa}{P_UC_0r^{-\alpha}}f_{d_{U,k}}(r)\,dr\right]

    The integral is :math:`(1+\kappa)E\{d_U^\alpha\}/(P_UC_0)`, a gamma function.
    ``target_path_loss`` is :math:`\beta_t \ge 0`, ``rank`` k a whole number >= 1. Arrays broadcast,
    symbols pass. Raises ``ValueError`` for a data share of 0.

    Claim: coupling.E1.

    At the paper's settings with a target at 10 m, printed and right:

    >>> from isacnb.coupling.printed import mean_enhancement_given_target_printed
    >>> p = CouplingParameters.paper()
    >>> functions = (mean_enhancement_given_target_printed, mean_enhancement_given_target)
    >>> print(*(f"{f(p.target_path_loss(10.0), 4, p):.3f}" for f in functions))
    370.734 677.094
    """
    p = parameters
    if p.data_share == 0:
        raise ValueError("data_share must be in (0, 1], got 0.0")
    noise = p.noise_power / p.pilot_length
    excess = p.rician_factor * (p.target_power * p.N * target_path_loss + noise)
    excess = excess / (p.user_power * p.path_loss_reference)
    excess = excess * distance_moment(p.path_loss_exponent, rank, p.user_density)
    return enhancement_ratio(1, p.N, p.rician_factor, p.data_share) * (1 + excess)


@public("[0, 1]", reach="[0, inf]")
@implements("coupling.E2", "tool")
@implements("coupling.lem5-psi", "tool")
def mean_quality_given_target(rank: int, user_density: float, reach: Quantity) -> Quantity:
    r"""Mean of the quality c over the user's distance alone, for path-loss exponent 2.

    .. math:: E\left\{\frac{1}{1 + d_U^2/r}\right\} = s\,e^{s}E_k(s), \qquad s = \lambda_U\pi r

    ``rank`` k >= 1, ``user_density`` :math:`\lambda_U > 0` in 1/m², ``reach`` r >= 0 in square metres,
    infinity included: the :func:`squared_reach` at a given echo gain. Accuracy of
    :func:`isacnb.special.exponential.scaled_expn`. Source: derived; compare coupling paper, (27).

    Claims: coupling.E2, coupling.lem5-psi.

    >>> round(float(mean_quality_given_target(4, 1e-4, 1e4)), 6)
    0.472636
    """
    return scaled_expn(rank, np.pi * user_density * reach)


@public("[0, inf]")
@implements("coupling.E2", "tool")
@implements("coupling.lem5-psi", "tool")
def squared_reach(target_path_loss: Quantity, parameters: CouplingParameters) -> Quantity:
    r"""Squared distance at which the user's pilot is as strong as echo and noise.

    .. math:: r = \frac{P_UC_0}{(1+\kappa)(P_TN\beta_t + N_0/T_u)}

    In square metres, for path-loss exponent 2; infinite without echo and noise.
    ``target_path_loss`` is :math:`\beta_t \ge 0`, of any shape. Raises ``ValueError`` for another
    path-loss exponent.

    Claims: coupling.E2, coupling.lem5-psi.

    >>> p = CouplingParameters.paper(path_loss_exponent=2.0)
    >>> print(f"{squared_reach(p.target_path_loss(34.0), p):.0f}")
    104398
    """
    p = parameters
    if is_numeric(p.path_loss_exponent) and p.path_loss_exponent != 2:
        raise ValueError(f"path_loss_exponent must be 2, got {p.path_loss_exponent}")
    disturbance = p.target_power * p.N * target_path_loss + p.noise_power / p.pilot_length
    with np.errstate(divide="ignore"):
        return np.divide(p.user_power * p.path_loss_reference / (1 + p.rician_factor), disturbance)


@public("[0, inf)")
@implements("coupling.E2", "right")
@implements("coupling.lem5-psi", "right", r"\mathbb E\{\Psi_k\mid\beta_{t,k}\}")
def mean_interference_given_target(
    target_path_loss: Quantity, rank: int, parameters: CouplingParameters
) -> Quantity:
    r"""Mean of Psi over the user's distance alone, for path-loss exponent 2.

    .. math:: \frac{\rho N}{1-\rho}\left[\kappa + s\,e^{s}E_k(s)\right], \qquad
        s = \frac{\lambda_U\pi P_UC_0}{(1+\kappa)(P_TN\beta_t + N_0/T_u)}

    ``target_path_loss`` is :math:`\beta_t \ge 0`, of any shape, ``rank`` k a whole number >= 1.
    Raises ``ValueError`` for a data share of 1 and for another path-loss exponent. Source: derived;
    compare coupling paper, (27) and (E2).

    Claims: coupling.E2, coupling.lem5-psi.

    At the paper's settings with path-loss exponent 2 and a target at 34 m, printed and right:

    >>> from isacnb.coupling.printed import mean_interference_given_target_printed
    >>> p = CouplingParameters.paper(path_loss_exponent=2.0)
    >>> functions = (mean_interference_given_target_printed, mean_interference_given_target)
    >>> print(*(f"{f(p.target_path_loss(34.0), 4, p):.6g}" for f in functions))
    2.00539e+06 121.204
    """
    p = parameters
    share = share_of_interference(p)
    quality = mean_quality_given_target(rank, p.user_density, squared_reach(target_path_loss, p))
    return interference_ratio(quality, p.N, p.rician_factor, share)


def share_of_interference(parameters: CouplingParameters) -> Quantity:
    """The data share, which must not be 1 where there is to be a sensing beam that interferes."""
    if parameters.data_share == 1:
        raise ValueError("data_share must be in [0, 1), got 1.0")
    return parameters.data_share


@public("[0, inf)")
@implements("coupling.lem5-psi", "right", r"\bar\Psi_k")
@implements("coupling.fig8", "right")
def ergodic_interference_ratio(rank: int, parameters: CouplingParameters) -> float:
    r"""Mean of Psi over both networks, for any path-loss exponent, noise included.

    .. math:: \frac{\rho N}{1-\rho}(\kappa + E\{c\}), \qquad E\{c\} = \int_0^1F_Z\Big(
                  \Big(\tfrac{(1-t)P_U}{t\,P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)dt \quad (N_0=0)

    Given the cleared areas :math:`G_U, G_T` (gamma variables of order ``rank``), c is a smooth
    function of their logarithms; the mean is a product of two trapezoidal rules, of relative error
    below 1e-12. Raises ``ValueError`` for a data share of 1.

    Claims: coupling.lem5-psi, coupling.fig8.

    At the paper's settings:

    >>> print(f"{ergodic_interference_ratio(4, CouplingParameters.paper()):.4f}")
    124.6630
    """
    p = parameters
    share = share_of_interference(p)
    log_user, weight_user = log_gamma_rule(rank)
    log_target, weight_target = log_gamma_rule(rank)
    user_distance = np.exp(log_user / 2) / np.sqrt(np.pi * p.user_density)
    target_distance = np.exp(log_target / 2) / np.sqrt(np.pi * p.target_density)
    gains = p.scattered_gain(user_distance)[:, None], p.target_path_loss(target_distance)
    quality = weight_user @ estimation_quality(*gains, p) @ weight_target
    return float(interference_ratio(min(quality, 1.0), p.N, p.rician_factor, share))


def log_gamma_rule(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes log G and weights of the trapezoidal rule for a gamma variable G of the given order."""
    low = np.log(gammaincinv(order, 1e-17))
    high = np.log(gammainccinv(order, 1e-17))
    nodes = np.linspace(low, high, 400)
    weights = np.exp(order * nodes - np.exp(nodes) - gammaln(order)) * (nodes[1] - nodes[0])
    return nodes, weights / weights.sum()


@public("[0, inf)", data_share="(0, 1]")
@implements("coupling.cor2", "right")
@implements("coupling.cor2-thresholds", "right")
@implements("coupling.conclusion-bounds", "right")
@implements("coupling.rem3", "right")
@implements("coupling.fig9", "right")
def interference_floor(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Least mutual interference :math:`(1-\rho)/(\rho N(1+\kappa))` of Corollary 2.

    ``data_share`` :math:`\rho` in (0, 1], the rest as in :func:`interference_ratio`.

    Claims: coupling.cor2, coupling.cor2-thresholds, coupling.conclusion-bounds, coupling.rem3,
    coupling.fig9.

    At the paper's settings:

    >>> print(f"{interference_floor(64, 1.0, 0.5):.7f}")
    0.0078125
    """
    return (1 - data_share) / (data_share * N * (1 + rician_factor))


@public("[0, inf)", data_share="[0, 1)")
@implements("coupling.cor2", "right")
@implements("coupling.cor2-thresholds", "right")
@implements("coupling.conclusion-bounds", "right")
@implements("coupling.rem3", "right")
@implements("coupling.fig9", "right")
def benefit_ceiling(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Largest mutual benefit :math:`2\rho/((1-\rho)N(1+\kappa))` of Corollary 2.

    It bounds 1/Omega of :func:`enhancement_ratio`, not that of the system. ``data_share``
    :math:`\rho` in [0, 1), the rest as in :func:`interference_ratio`.

    Claims: coupling.cor2, coupling.cor2-thresholds, coupling.conclusion-bounds, coupling.rem3,
    coupling.fig9.

    At the paper's settings:

    >>> print(f"{benefit_ceiling(64, 1.0, 0.5):.6f}")
    0.015625
    """
    return 2 * data_share / ((1 - data_share) * N * (1 + rician_factor))


@public("[0, inf)", data_share="[0, 1)", noncentrality="[0, inf)")
@implements("coupling.cor2", "exact")
@implements("coupling.rem4", "exact", "benefit")
@implements("coupling.cor2-thresholds", "exact")
@implements("coupling.conclusion-bounds", "exact")
def benefit_ceiling_system(
    N: Quantity, rician_factor: Quantity, data_share: Quantity, noncentrality: Quantity = 0.0
) -> Quantity:
    r"""Largest mutual benefit of the system without noise, over all estimate qualities.

    .. math:: \frac{2\rho}{(1-\rho)N}\,\max_c\frac{c[1+(1-c)g]}{\kappa+c}, \qquad g = \frac N2-1

    for the paper's estimator. The maximum is at :math:`c = \sqrt{\kappa^2+\kappa(1+1/g)}-\kappa`; at
    kappa = 0 it is the supremum, for c to 0. If the uplink has to detect with the ``noncentrality``
    :math:`\bar\epsilon \ge 0`, c is at most :math:`2N/(2N+\bar\epsilon)`; see
    :func:`benefit_ceiling_given_detection`. Arguments as in :func:`benefit_ceiling`.

    Claims: coupling.cor2, coupling.rem4, coupling.cor2-thresholds, coupling.conclusion-bounds.

    At the paper's settings, as Corollary 2 has it and in the system:

    >>> print(f"{benefit_ceiling(64, 1.0, 0.5):.4f} {benefit_ceiling_system(64, 1.0, 0.5):.4f}")
    0.0156 0.1755
    """
    kappa, rho = rician_factor, data_share
    g = np.asarray(N) / 2 - 1
    top = 2 * np.asarray(N) / (2 * np.asarray(N) + noncentrality)
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.sqrt(kappa**2 + kappa * (1 + 1 / g)) - kappa
        best = np.where(g > 0, np.minimum(best, top), top)
        inside = best * (1 + (1 - best) * g) / (kappa + best)
    inside = np.where(kappa > 0, inside, np.maximum(1 + g, 1 + g * (1 - top)))
    return 2 * rho / ((1 - rho) * N) * inside


@public("[0, inf)", noncentrality="[0, inf)", data_share="(0, 1]")
@implements("coupling.rem4", "right", "interference")
def interference_floor_given_detection(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Least mutual interference when the uplink detects with :math:`Q_1(\sqrt{\bar\epsilon},\cdot)`.

    .. math:: \frac{(1-\rho)(\bar\epsilon+2N)}{\rho N(2N + \kappa(\bar\epsilon+2N))}

    for the matched filter without noise: detection needs :math:`x/u\ge\bar\epsilon/2N`, hence
    :math:`c\le2N/(2N+\bar\epsilon)`. ``noncentrality`` >= 0; the rest as in :func:`interference_floor`.

    Claim: coupling.rem4.

    At the paper's settings and a detection probability of 0.981, printed and right:

    >>> from isacnb.coupling.printed import interference_floor_given_detection_printed
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{interference_floor_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.009047
    >>> print(f"{interference_floor_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.010996
    """
    total = noncentrality + 2 * N
    return total * (1 - data_share) / (data_share * N * (2 * N + rician_factor * total))


@public("[0, inf)", noncentrality="[0, inf)", data_share="(0, 1]")
@implements("coupling.rem4", "right", "interference, best affine estimate")
def interference_floor_given_detection_lmmse(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Least mutual interference given the uplink detection, with the best affine estimate.

    .. math:: \frac{1-\rho}{\rho N\left(1+\kappa-\frac{\bar\epsilon}{N(2+\bar\epsilon)}\right)}

    The affine estimate of least mean squared error that knows the angle has the quality
    :math:`1-\varrho` with the floor :math:`\varrho` of
    :func:`isacnb.coupling.uplink_coverage.nmse_floor`. Arguments as in
    :func:`interference_floor_given_detection`; without noise.

    Claim: coupling.rem4.

    At the paper's settings and a detection probability of 0.981, printed, right for the paper's
    estimator, and with the best affine one:

    >>> from isacnb.coupling.printed import interference_floor_given_detection_printed
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{interference_floor_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.009047
    >>> print(f"{interference_floor_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.010996
    >>> print(f"{interference_floor_given_detection_lmmse(bar, 64, 1.0, 0.5):.6f}")
    0.007873
    """
    lost = noncentrality / (N * (2 + noncentrality))
    return (1 - data_share) / (data_share * N * (1 + rician_factor - lost))


@public("[0, inf)", noncentrality="[0, inf)", data_share="[0, 1)")
@implements("coupling.rem4", "right", "benefit")
def benefit_ceiling_given_detection(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Largest 1/Omega of (25) under the same demand, :math:`4\rho/((1-\rho)(\kappa(\bar\epsilon+2N)+2N))`.

    Arguments as in :func:`interference_floor_given_detection`, rho in [0, 1).

    Claim: coupling.rem4.

    At the paper's settings and a detection probability of 0.981, printed and right:

    >>> from isacnb.coupling.printed import benefit_ceiling_given_detection_printed
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{benefit_ceiling_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.013157
    >>> print(f"{benefit_ceiling_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.009259
    """
    total = noncentrality + 2 * N
    return 4 * data_share / ((1 - data_share) * (total * rician_factor + 2 * N))
