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
from ..numbers.validation import check_integer, check_real
from ..probability.poisson import distance_moment
from ..special.exponential import scaled_expn
from .settings import CouplingParameters

__all__ = [
    "benefit_ceiling",
    "benefit_ceiling_given_detection",
    "benefit_ceiling_system",
    "enhancement_ratio",
    "enhancement_ratio_system",
    "ergodic_enhancement_ratio",
    "ergodic_interference_ratio",
    "ergodic_settings",
    "estimation_quality",
    "interference_floor",
    "interference_floor_given_detection",
    "interference_floor_given_detection_lmmse",
    "interference_ratio",
    "mean_enhancement_given_target",
    "mean_interference_given_target",
    "mean_quality_given_target",
]


@public
@implements("coupling.eq24", "right", r"\frac{\phi_k}{\mu_k}")
@implements("coupling.eq25", "tool")
@implements("coupling.noise-downlink", "tool")
@implements("coupling.eq29", "tool")
def estimation_quality(
    user_power: Quantity,
    scattered_gain: Quantity,
    target_power: Quantity,
    target_path_loss: Quantity,
    N: Quantity,
    noise_power: Quantity,
    pilot_length: Quantity,
) -> Quantity:
    r"""Quality :math:`c = \phi/\mu = P_U\mu/(P_U\mu + P_TN\beta_t + N_0/T_u)` of the estimate.

    Powers in watts, gains without unit, all > 0 (``target_path_loss`` and ``noise_power`` >= 0), T_u >= 1
    symbols. Arrays broadcast, symbols pass. Source: coupling paper, before (4), divided by T_u.

    Claims: coupling.eq24, coupling.eq25, coupling.noise-downlink, coupling.eq29.

    >>> float(estimation_quality(1.0, 2.0, 1.0, 0.5, 2, 4.0, 4))
    0.5
    """
    noise = noise_power / pilot_length
    return _quality(user_power, scattered_gain, target_power, target_path_loss, N, noise)


def _quality(user_power, scattered_gain, target_power, target_path_loss, N, noise):
    signal = check_real("user_power", user_power, 0, open_low=True)
    signal = signal * check_real("scattered_gain", scattered_gain, 0, open_low=True)
    echo = check_real("target_power", target_power, 0, open_low=True)
    echo = echo * check_integer("N", N, 1) * check_real("target_path_loss", target_path_loss, 0)
    return signal / (signal + echo + noise)


@public
@implements("coupling.eq24", "right", r"\Psi_k")
@implements("coupling.noise-downlink", "right", r"\Psi_k")
@implements("coupling.eq29", "right", r"\Psi_k")
def interference_ratio(
    quality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Ratio :math:`\Psi = \frac{\rho N}{1-\rho}(\kappa + c)`; 1/Psi is the mutual interference.

    ``quality`` c in [0, 1], N >= 1, kappa >= 0, rho in [0, 1), broadcasting. Source: (24).

    Claims: coupling.eq24, coupling.noise-downlink, coupling.eq29.

    >>> float(interference_ratio(0.5, 64, 1.0, 0.5))
    96.0
    """
    quality, N, kappa, rho = _ratio_arguments(quality, N, rician_factor, data_share, 0, 1)
    return rho * N / (1 - rho) * (kappa + quality)


@public
@implements("coupling.eq25", "right", r"\Omega_k")
@implements("coupling.noise-downlink", "right", r"\Omega_k")
@implements("coupling.eq29", "right", r"\Omega_k")
def enhancement_ratio(
    quality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Ratio :math:`\Omega = \frac{(1-\rho)N}{2\rho}(1 + \kappa/c)`; 1/Omega is the mutual benefit.

    Arguments as in :func:`interference_ratio`, with c > 0 and rho in (0, 1]. It presumes the
    covariance phi I of the estimate. Source: (25).

    Claims: coupling.eq25, coupling.noise-downlink, coupling.eq29.

    With noise of -80 dB and the paper's other settings, user at 100 m and target at 40 m, printed
    and right:

    >>> from isacnb.coupling.printed import estimation_quality_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper(noise="-80 dB")
    >>> pair = (p.user_power, p.scattered_gain(100.0), p.target_power, p.target_path_loss(40.0), 64)
    >>> c = estimation_quality(*pair, p.noise_power, p.pilot_length)
    >>> c_printed = estimation_quality_printed(*pair, p.noise_power)
    >>> print(*(f"{enhancement_ratio(value, 64, 1.0, 0.5):.3f}" for value in (c_printed, c)))
    318.963 68.155
    """
    quality, N, kappa, rho = _ratio_arguments(quality, N, rician_factor, data_share, 1, 0)
    return (1 - rho) * N / (2 * rho) * (1 + kappa / quality)


@public(echo_share="[0, 1]")
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

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper(noise=None)
    >>> pair = (p.user_power, p.scattered_gain(25.0), p.target_power, p.target_path_loss(10.0), 64)
    >>> c = estimation_quality(*pair, 0.0, p.pilot_length)
    >>> print(f"{enhancement_ratio(c, 64, 1.0, 0.5):.3f}")
    72.445
    >>> print(f"{enhancement_ratio_system(c, 1 - c, 64, 1.0, 0.5):.3f}")
    9.695
    """
    share = echo_share
    half = arithmetic(share, quality, N).rational(1, 2)
    gain = 1 + share * (N * half - 1)
    return enhancement_ratio(quality, N, rician_factor, data_share) / gain


@public
def ergodic_settings(parameters: CouplingParameters) -> dict:
    """Keyword arguments of the ergodic functions from the settings of a system."""
    p = parameters
    return {
        "N": p.N,
        "rician_factor": p.rician_factor,
        "data_share": p.data_share,
        "user_power": p.user_power,
        "target_power": p.target_power,
        "user_density": p.user_density,
        "target_density": p.target_density,
        "reference": p.path_loss_reference,
        "exponent": p.path_loss_exponent,
        "noise_power": p.noise_power,
        "pilot_length": p.pilot_length,
    }


@public
@implements("coupling.lem5-omega", "right")
@implements("coupling.E1", "right", "last line")
@implements("coupling.fig8", "right")
def ergodic_enhancement_ratio(
    rank: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    data_share: Quantity,
    user_power: Quantity,
    target_power: Quantity,
    user_density: Quantity,
    target_density: Quantity,
    reference: Quantity,
    exponent: Quantity,
    noise_power: Quantity,
    pilot_length: Quantity,
) -> Quantity:
    r"""Mean of Omega over both networks.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa + \frac{\kappa(1+\kappa)}{P_U}\,
        \frac{\Gamma(k+\frac\alpha2)}{(\lambda_U\pi)^{\alpha/2}\Gamma(k)}
        \left(\frac{N_0}{T_uC_0} + P_TN(\lambda_T\pi)^\alpha\frac{\Gamma(k-\alpha)}{\Gamma(k)}\right)
        \right]

    ``rank`` k is a whole number > alpha = ``exponent``: the mean of :math:`d_T^{-2\alpha}` is infinite
    otherwise, because a target may stand next to the base station. Its variance is infinite unless
    k > 2 alpha. Densities per square metre, ``reference`` C_0, rho in (0, 1]. Symbols pass. Raises
    ``ValueError`` outside these ranges. Source: coupling paper, (26), which has N_0 for N_0/T_u.

    Claims: coupling.lem5-omega, coupling.E1, coupling.fig8.

    With noise of -80 dB and the paper's other settings, printed and right:

    >>> from isacnb.coupling.printed import ergodic_enhancement_ratio_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> case = ergodic_settings(CouplingParameters.paper(noise="-80 dB"))
    >>> functions = (ergodic_enhancement_ratio_printed, ergodic_enhancement_ratio)
    >>> print(*(f"{f(4, **case):.3f}" for f in functions))
    449.034 73.626
    """
    rank, exponent = _existing_moment(rank, exponent)
    noise = noise_power / pilot_length
    echo = reference * distance_moment(-2 * exponent, rank, target_density)
    excess = _mean_excess(
        echo,
        rank,
        N,
        rician_factor,
        user_power,
        target_power,
        user_density,
        reference,
        exponent,
        noise,
    )
    return _enhancement_scale(N, rician_factor, data_share) * (
        1 + rician_factor + (1 + rician_factor) * excess
    )


@public
@implements("coupling.E1", "right", "second line")
def mean_enhancement_given_target(
    target_path_loss: Quantity,
    rank: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    data_share: Quantity,
    user_power: Quantity,
    target_power: Quantity,
    user_density: Quantity,
    reference: Quantity,
    exponent: Quantity,
    noise_power: Quantity,
    pilot_length: Quantity,
) -> Quantity:
    r"""Mean of Omega over the user's distance alone: the second line of (E1) put right.

    .. math:: \frac{(1-\rho)N}{2\rho}\left[1+\kappa +
        \kappa\Big(P_TN\beta_t + \frac{N_0}{T_u}\Big)
        \int_0^\infty\frac{1+\kappa}{P_UC_0r^{-\alpha}}f_{d_{U,k}}(r)\,dr\right]

    The integral is :math:`(1+\kappa)E\{d_U^\alpha\}/(P_UC_0)`, a gamma function. ``target_path_loss`` is
    :math:`\beta_t \ge 0`, ``rank`` k a whole number >= 1; the rest as in
    :func:`ergodic_enhancement_ratio`. Arrays broadcast, symbols pass. Raises ``ValueError`` outside
    these ranges.

    Claim: coupling.E1.

    At the paper's settings with a target at 10 m, printed and right:

    >>> from isacnb.coupling.printed import mean_enhancement_given_target_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> case = ergodic_settings(p) | {"rank": 4, "target_path_loss": p.target_path_loss(10.0)}
    >>> del case["target_density"]
    >>> right = mean_enhancement_given_target(**case)
    >>> print(f"{mean_enhancement_given_target_printed(**case):.3f} {right:.3f}")
    370.734 677.094
    """
    noise = noise_power / pilot_length
    excess = _mean_excess(
        target_path_loss, rank, N, rician_factor, user_power, target_power,
        user_density, reference, exponent, noise,
    )  # fmt: skip
    return _enhancement_scale(N, rician_factor, data_share) * (
        1 + rician_factor + (1 + rician_factor) * excess
    )


def _existing_moment(rank, exponent):
    rank = check_integer("rank", rank, 1)
    exponent = check_real("exponent", exponent, 0, open_low=True)
    if is_numeric(rank, exponent) and np.any(np.asarray(rank) <= np.asarray(exponent)):
        raise ValueError(
            f"rank must be > exponent for the mean of d_T^(-2 exponent) to exist, got rank {rank} "
            f"with exponent {exponent}"
        )
    return rank, exponent


def _enhancement_scale(N, rician_factor, data_share):
    """(1 - rho) N / (2 rho)."""
    _, N, _, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 1, 0)
    return (1 - rho) * N / (2 * rho)


def _mean_excess(
    target_path_loss,
    rank,
    N,
    kappa,
    user_power,
    target_power,
    user_density,
    reference,
    exponent,
    noise,
):
    """Kappa (P_T N beta_t + noise) E{d_U^alpha}/(P_U C_0)."""
    reference = check_real("reference", reference, 0, open_low=True)
    user = distance_moment(exponent, rank, user_density)
    return kappa * (target_power * N * target_path_loss + noise) / (user_power * reference) * user


@public(reach="[0, inf]")
@implements("coupling.E2", "tool")
@implements("coupling.lem5-psi", "tool")
def mean_quality_given_target(rank: int, user_density: float, reach: Quantity) -> Quantity:
    r"""Mean of the quality c over the user's distance alone, for path-loss exponent 2.

    .. math:: E\left\{\frac{1}{1 + d_U^2/r}\right\} = s\,e^{s}E_k(s), \qquad s = \lambda_U\pi r

    ``reach`` r in square metres >= 0 is :math:`P_UC_0/[(1+\kappa)(P_TN\beta_t + N_0/T_u)]` at a given
    echo gain. The value lies between 0 and 1. Source: derived; compare coupling paper, (27).

    Claims: coupling.E2, coupling.lem5-psi.

    >>> round(float(mean_quality_given_target(4, 1e-4, 1e4)), 6)
    0.472636
    """
    return scaled_expn(rank, np.pi * user_density * reach)


@public
@implements("coupling.E2", "right")
@implements("coupling.lem5-psi", "right", r"\mathbb E\{\Psi_k\mid\beta_{t,k}\}")
def mean_interference_given_target(
    target_path_loss: Quantity,
    rank: int,
    N: int,
    rician_factor: float,
    data_share: float,
    user_power: float,
    target_power: float,
    user_density: float,
    reference: float,
    noise_power: float,
    pilot_length: int,
) -> Quantity:
    r"""Mean of Psi over the user's distance alone, for path-loss exponent 2.

    .. math:: \frac{\rho N}{1-\rho}\left[\kappa + s\,e^{s}E_k(s)\right], \qquad
        s = \frac{\lambda_U\pi P_UC_0}{(1+\kappa)(P_TN\beta_t + N_0/T_u)}

    ``target_path_loss`` is :math:`\beta_t \ge 0`, ``rank`` k a whole number >= 1, rho in [0, 1); powers in
    watts, the density per square metre. Arrays broadcast. Raises ``ValueError`` outside these
    ranges. Source: derived; compare coupling paper, (27) and (E2).

    Claims: coupling.E2, coupling.lem5-psi.

    At the paper's settings with path-loss exponent 2 and a target at 34 m, printed and right:

    >>> from isacnb.coupling.printed import mean_interference_given_target_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper(path_loss_exponent=2.0)
    >>> case = ergodic_settings(p) | {"rank": 4, "target_path_loss": p.target_path_loss(34.0)}
    >>> del case["target_density"], case["exponent"]
    >>> right = mean_interference_given_target(**case)
    >>> print(f"{mean_interference_given_target_printed(**case):.4g} {right:.3f}")
    2.005e+06 121.204
    """
    noise = noise_power / pilot_length
    reach = _reach(target_path_loss, N, rician_factor, user_power, target_power, reference, noise)
    quality = mean_quality_given_target(rank, user_density, reach)
    return interference_ratio(quality, N, rician_factor, data_share)


def _reach(target_path_loss, N, rician_factor, user_power, target_power, reference, noise):
    """Squared distance at which the user's pilot is as strong as echo and noise."""
    strong = check_real("user_power", user_power, 0, open_low=True)
    strong = strong * check_real("reference", reference, 0, open_low=True)
    echo = check_real("target_power", target_power, 0, open_low=True)
    echo = echo * check_integer("N", N, 1) * check_real("target_path_loss", target_path_loss, 0)
    with np.errstate(divide="ignore"):  # infinite without echo and noise
        return np.divide(strong / (1 + check_real("rician_factor", rician_factor, 0)), echo + noise)


@public
@implements("coupling.lem5-psi", "right", r"\bar\Psi_k")
@implements("coupling.fig8", "right")
def ergodic_interference_ratio(rank: int, parameters: CouplingParameters) -> float:
    r"""Mean of Psi over both networks, for any path-loss exponent, noise included.

    .. math:: \frac{\rho N}{1-\rho}(\kappa + E\{c\}), \qquad E\{c\} = \int_0^1F_Z\Big(
                  \Big(\tfrac{(1-t)P_U}{t\,P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)dt \quad (N_0=0)

    with rho in [0, 1). Given the cleared areas :math:`G_U, G_T` (gamma variables of order
    ``rank``), c is a smooth function of their logarithms; the mean is a product of two trapezoidal
    rules, of relative error below 1e-12. Raises ``ValueError`` for rank < 1 or rho = 1.

    Claims: coupling.lem5-psi, coupling.fig8.

    At the paper's settings:

    >>> print(f"{ergodic_interference_ratio(4, CouplingParameters.paper()):.4f}")
    124.6630
    """
    p = parameters
    if p.data_share == 1:
        raise ValueError("data_share must be in [0, 1), got 1.0")
    log_user, weight_user = _log_gamma_rule(rank)
    log_target, weight_target = _log_gamma_rule(rank)
    alpha = p.path_loss_exponent
    user_distance = np.exp(log_user / 2) / np.sqrt(np.pi * p.user_density)
    target_distance = np.exp(log_target / 2) / np.sqrt(np.pi * p.target_density)
    echo = p.target_power * p.N * p.path_loss_reference * target_distance ** (-2 * alpha)
    bad = (echo + p.noise_power / p.pilot_length)[None, :]
    good = (p.user_power * p.scattered_gain(user_distance))[:, None]
    quality = weight_user @ (good / (good + bad)) @ weight_target
    return float(interference_ratio(min(quality, 1.0), p.N, p.rician_factor, p.data_share))


def _log_gamma_rule(order):
    """Nodes log G and weights of the trapezoidal rule for a gamma variable G of the given order."""
    low = np.log(gammaincinv(order, 1e-17))
    high = np.log(gammainccinv(order, 1e-17))
    nodes = np.linspace(low, high, 400)
    weights = np.exp(order * nodes - np.exp(nodes) - gammaln(order)) * (nodes[1] - nodes[0])
    return nodes, weights / weights.sum()


@public
@implements("coupling.cor2", "right")
@implements("coupling.cor2-thresholds", "right")
@implements("coupling.conclusion-bounds", "right")
@implements("coupling.rem3", "right")
@implements("coupling.fig9", "right")
def interference_floor(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Least mutual interference :math:`(1-\rho)/(\rho N(1+\kappa))`; rho in (0, 1]. Corollary 2.

    Claims: coupling.cor2, coupling.cor2-thresholds, coupling.conclusion-bounds, coupling.rem3,
    coupling.fig9.

    At the paper's settings:

    >>> print(f"{interference_floor(64, 1.0, 0.5):.7f}")
    0.0078125
    """
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 1, 0)
    return (1 - rho) / (rho * N * (1 + kappa))


@public
@implements("coupling.cor2", "right")
@implements("coupling.cor2-thresholds", "right")
@implements("coupling.conclusion-bounds", "right")
@implements("coupling.rem3", "right")
@implements("coupling.fig9", "right")
def benefit_ceiling(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Largest mutual benefit :math:`2\rho/((1-\rho)N(1+\kappa))`, rho in [0, 1), of Corollary 2.

    It bounds 1/Omega of :func:`enhancement_ratio`, not that of the system.

    Claims: coupling.cor2, coupling.cor2-thresholds, coupling.conclusion-bounds, coupling.rem3,
    coupling.fig9.

    At the paper's settings:

    >>> print(f"{benefit_ceiling(64, 1.0, 0.5):.6f}")
    0.015625
    """
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 0, 1)
    return 2 * rho / ((1 - rho) * N * (1 + kappa))


@public
@implements("coupling.cor2", "exact")
def benefit_ceiling_system(N: Quantity, rician_factor: Quantity, data_share: Quantity) -> Quantity:
    r"""Largest mutual benefit of the system without noise, over all estimate qualities.

    .. math:: \frac{2\rho}{(1-\rho)N}\,\max_c\frac{c[1+(1-c)g]}{\kappa+c}, \qquad g = \frac N2-1

    The maximum is at :math:`c = \sqrt{\kappa^2+\kappa(1+1/g)}-\kappa`; at kappa = 0 it is the
    supremum, for c to 0. Arguments as in :func:`benefit_ceiling`.

    Claim: coupling.cor2.
    """
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 0, 1)
    g = np.asarray(N) / 2 - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.sqrt(kappa**2 + kappa * (1 + 1 / g)) - kappa
        best = np.where(g > 0, np.minimum(best, 1.0), 1.0)
        inside = best * (1 + (1 - best) * g) / (kappa + best)
    inside = np.where(kappa > 0, inside, np.maximum(1 + g, 1.0))
    return 2 * rho / ((1 - rho) * N) * inside


@public(noncentrality="[0, inf)")
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
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{interference_floor_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.009047
    >>> print(f"{interference_floor_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.010996
    """
    bar = noncentrality
    return _interference_floor_at(bar + 2 * N, N, rician_factor, data_share)


def _interference_floor_at(bar, N, rician_factor, data_share):
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 1, 0)
    return bar * (1 - rho) / (rho * N * (2 * N + kappa * bar))


@public(noncentrality="[0, inf)")
@implements("coupling.rem4", "right", "interference, true MMSE estimate")
def interference_floor_given_detection_lmmse(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Least mutual interference given the uplink detection, with the best channel estimate.

    .. math:: \frac{1-\rho}{\rho N\left(1+\kappa-\frac{\bar\epsilon}{N(2+\bar\epsilon)}\right)}

    The best estimate has the quality :math:`1-\varrho` with the floor :math:`\varrho` of
    :func:`isacnb.coupling.uplink_coverage.nmse_floor`. Arguments and errors as in
    :func:`interference_floor_given_detection`; without noise.

    Claim: coupling.rem4.

    At the paper's settings and a detection probability of 0.981, printed, right for the paper's
    estimator, and with the best one:

    >>> from isacnb.coupling.printed import interference_floor_given_detection_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{interference_floor_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.009047
    >>> print(f"{interference_floor_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.010996
    >>> print(f"{interference_floor_given_detection_lmmse(bar, 64, 1.0, 0.5):.6f}")
    0.007873
    """
    bar = noncentrality
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 1, 0)
    return (1 - rho) / (rho * N * (1 + kappa - bar / (N * (2 + bar))))


@public(noncentrality="[0, inf)")
@implements("coupling.rem4", "right", "benefit")
def benefit_ceiling_given_detection(
    noncentrality: Quantity, N: Quantity, rician_factor: Quantity, data_share: Quantity
) -> Quantity:
    r"""Largest 1/Omega of (25) under the same demand, :math:`4\rho/((1-\rho)(\kappa(\bar\epsilon+2N)+2N))`.

    Arguments as in :func:`interference_floor_given_detection`, rho in [0, 1).

    Claim: coupling.rem4.

    At the paper's settings and a detection probability of 0.981, printed and right:

    >>> from isacnb.coupling.printed import benefit_ceiling_given_detection_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.detection import required_snr
    >>> bar = 2 * required_snr(0.981, CouplingParameters.paper().detection_threshold)
    >>> print(f"{benefit_ceiling_given_detection_printed(bar, 64, 1.0, 0.5):.6f}")
    0.013157
    >>> print(f"{benefit_ceiling_given_detection(bar, 64, 1.0, 0.5):.6f}")
    0.009259
    """
    bar = noncentrality
    return _benefit_ceiling_at(bar + 2 * N, N, rician_factor, data_share)


def _benefit_ceiling_at(bar, N, rician_factor, data_share):
    _, N, kappa, rho = _ratio_arguments(1.0, N, rician_factor, data_share, 0, 1)
    return 4 * rho / ((1 - rho) * (bar * kappa + 2 * N))


def _ratio_arguments(quality, N, rician_factor, data_share, open_low, open_high):
    return (
        check_real("quality", quality, 0, 1, open_low=bool(open_low)),
        check_integer("N", N, 1),
        check_real("rician_factor", rician_factor, 0),
        check_real(
            "data_share",
            data_share,
            0,
            1,
            open_low=bool(open_low),
            open_high=bool(open_high),
        ),
    )
