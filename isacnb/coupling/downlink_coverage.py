"""Joint downlink coverage of the coupling paper: chances of the two ratios, one by one and together.

Both ratios are monotone in the quality :math:`c` of the estimate (:mod:`isacnb.coupling.downlink_ratios`),
so that each demand is one on :math:`Z = d_U/d_T^2`. Source: coupling paper, Section 4.2.
"""

import numpy as np
from scipy.special import gammainc

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory
from .downlink_ratios import log_gamma_rule
from .settings import CouplingParameters

__all__ = [
    "benefit_coverage_ratio",
    "benefit_rician_limit",
    "coverage_ratio",
    "interference_coverage_ratio",
    "interference_rician_limit",
    "joint_downlink_coverage",
    "joint_downlink_coverage_system",
    "quality_demand",
]


@public("[-inf, inf]", interference="[0, inf]", benefit="[0, inf]")
@implements("coupling.eq29", "right")
@implements("coupling.thm2", "tool")
def quality_demand(
    interference: Quantity,
    benefit: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    data_share: Quantity,
) -> np.ndarray:
    r"""Least quality c at which both downlink demands are met.

    .. math:: c_0 = \max\left\{\frac{1-\rho}{\rho\epsilon_CN}-\kappa,\ \frac{\kappa}{b-1}\right\},
              \qquad b = \frac{2\rho}{(1-\rho)N\epsilon_S},

    with :math:`c_0=\infty` for b < 1 and, at kappa > 0, b = 1. Both demands are lower bounds of c, so
    one number holds the whole case distinction of Theorem 2. ``interference`` :math:`\epsilon_C`
    and ``benefit`` :math:`\epsilon_S` are the thresholds in [0, inf], ``data_share`` :math:`\rho`
    in [0, 1] with its ends, ``rician_factor`` :math:`\kappa \ge 0`, N >= 1; all broadcast. A value
    <= 0 is met by every pair, one >= 1 by none.

    Claims: coupling.eq29, coupling.thm2.

    At the paper's settings and thresholds of 0.01 and 0.013:

    >>> print(f"{quality_demand(0.01, 0.013, 64, 1.0, 0.5):.6f}")
    0.712329
    """
    eps_c, eps_s, N, kappa, rho = np.broadcast_arrays(
        interference, benefit, N, rician_factor, data_share
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        # thresholds over their units; 1/Psi is infinite at rho = 0 and 0 at rho = 1
        first = (1 - rho) / (rho * N) / eps_c - kappa
        first = np.where(rho == 1, -kappa, np.where(np.isinf(eps_c), -kappa, first))
        first = np.where((rho == 0) & np.isfinite(eps_c), np.inf, first)
        # 1/Omega is 0 at rho = 0 and infinite at rho = 1
        b = 2 * rho / ((1 - rho) * N * eps_s)
        second = np.where(b > 1, kappa / (b - 1), np.where((b == 1) & (kappa == 0), 0.0, np.inf))
        second = np.where((eps_s == 0) | (rho == 1), 0.0, second)
    return np.maximum(first, second)[()]


@public("[0, inf)", interference="(0, inf)", data_share="(0, 1]")
@implements("coupling.eq29", "right", "limit of the communication demand")
@implements("coupling.thm2-cases", "right", "limit of the communication demand")
def interference_rician_limit(
    interference: Quantity, N: Quantity, data_share: Quantity
) -> Quantity:
    r"""Rician factor from which the interference demand needs no estimate.

    .. math:: \frac{1-\rho}{\rho\epsilon_d^CN}

    ``interference`` :math:`\epsilon_d^C` > 0, N >= 1, rho in (0, 1]; arrays broadcast, symbols pass.

    Claims: coupling.eq29, coupling.thm2-cases.

    At the paper's settings and thresholds of 0.01, printed (with the other threshold) and right:

    >>> from isacnb.coupling.printed import interference_rician_limit_printed
    >>> print(f"{interference_rician_limit_printed(0.013, 64, 0.5):.3f}")
    1.202
    >>> print(f"{interference_rician_limit(0.01, 64, 0.5):.3f}")
    1.562
    """
    return (1 - data_share) / (data_share * interference * N)


@public("[-1, inf)", benefit="(0, inf)", data_share="[0, 1)")
@implements("coupling.eq29", "right", "limit of the sensing demand")
@implements("coupling.thm2-cases", "right", "limit of the sensing demand")
def benefit_rician_limit(benefit: Quantity, N: Quantity, data_share: Quantity) -> Quantity:
    r"""Greatest Rician factor that the benefit demand allows.

    .. math:: \frac{2\rho}{(1-\rho)N\epsilon_d^S}-1

    ``benefit`` :math:`\epsilon_d^S` > 0, N >= 1, rho in [0, 1); arrays broadcast, symbols pass.

    Claims: coupling.eq29, coupling.thm2-cases.

    At the paper's settings and a threshold of 0.013, printed (third case) and right:

    >>> from isacnb.coupling.printed import benefit_rician_limit_printed
    >>> print(f"{benefit_rician_limit_printed(0.013, 0.5):.3f}")
    152.846
    >>> print(f"{benefit_rician_limit(0.013, 64, 0.5):.3f}")
    1.404
    """
    return 2 * data_share / ((1 - data_share) * N * benefit) - 1


@public("any")
@implements("coupling.thm2-cases", "right", "A")
def interference_coverage_ratio(
    interference: Quantity, parameters: CouplingParameters
) -> np.ndarray:
    r"""Limit A of :math:`Z=d_U/d_T^2` that the interference demand sets.

    .. math:: A = \left(\frac{P_U}{P_TN(1+\kappa)}\,
        \frac{\rho\epsilon_d^CN(1+\kappa)+\rho-1}{1-\rho-\kappa\rho\epsilon_d^CN}\right)^{1/\alpha}

    ``interference`` :math:`\epsilon_d^C \ge 0`, any shape. nan where the base is negative, infinite
    where the denominator is 0.

    Claim: coupling.thm2-cases.

    >>> print(f"{interference_coverage_ratio(0.01, CouplingParameters.paper()):.6f}")
    0.367780
    """
    p = parameters
    eps = interference
    rho, kappa, N = p.data_share, p.rician_factor, p.N
    with np.errstate(divide="ignore", invalid="ignore"):
        base = (p.user_power * (rho * eps * N * (1 + kappa) + rho - 1)) / (
            p.target_power * N * (1 + kappa) * (1 - rho - kappa * rho * eps * N)
        )
        # a negative base has no real power 1/alpha: nan
        return base ** (1 / p.path_loss_exponent)


@public("any")
@implements("coupling.thm2-cases", "right", "B")
def benefit_coverage_ratio(benefit: Quantity, parameters: CouplingParameters) -> np.ndarray:
    r"""Limit B of :math:`Z=d_U/d_T^2` that the benefit demand sets.

    .. math:: B = \left(\frac{P_U}{\kappa(1+\kappa)P_TN}
        \left(\frac{2\rho}{(1-\rho)N\epsilon_d^S}-\kappa-1\right)\right)^{1/\alpha}

    ``benefit`` :math:`\epsilon_d^S \ge 0`, any shape. nan where the base is negative, infinite
    where the denominator is 0.

    Claim: coupling.thm2-cases.

    >>> print(f"{benefit_coverage_ratio(0.013, CouplingParameters.paper()):.6f}")
    0.291025
    """
    p = parameters
    eps = benefit
    rho, kappa, N = p.data_share, p.rician_factor, p.N
    with np.errstate(divide="ignore", invalid="ignore"):
        base = (p.user_power * (2 * rho - (kappa + 1) * (1 - rho) * N * eps)) / (
            np.float64(kappa * (1 + kappa)) * p.target_power * N**2 * (1 - rho) * eps
        )
        return base ** (1 / p.path_loss_exponent)


@public("[0, inf]", quality="[-inf, inf]")
@implements("coupling.thm2", "tool")
def coverage_ratio(quality: Quantity, parameters: CouplingParameters) -> np.ndarray:
    r"""Value of :math:`Z = d_U/d_T^2` up to which the quality without noise is at least c.

    .. math:: Z = \left(\frac{1/c-1}{q}\right)^{1/\alpha}, \qquad q = \frac{P_TN(1+\kappa)}{P_U}

    ``quality`` c is any real number: infinity for c <= 0, 0 for c >= 1.

    Claim: coupling.thm2.

    >>> print(f"{coverage_ratio(0.5, CouplingParameters.paper()):.6f}")
    0.402317
    """
    p = parameters
    c = np.asarray(quality, dtype=float)
    q = p.target_power * p.N * (1 + p.rician_factor) / p.user_power
    with np.errstate(divide="ignore"):
        ratio = np.where(c > 0, np.maximum(1 / np.where(c > 0, c, 1.0) - 1, 0.0), np.inf)
    return (ratio / q) ** (1 / p.path_loss_exponent)


@public("[0, 1]", interference="[0, inf]", benefit="[0, inf]")
@implements("coupling.eq28", "exact")
@implements("coupling.thm2", "right")
@implements("coupling.noise-downlink", "exact")
@implements("coupling.fig9", "right")
def joint_downlink_coverage(
    interference: Quantity, benefit: Quantity, parameters: CouplingParameters
) -> np.ndarray:
    r"""Joint downlink coverage :math:`P\{1/\Psi\le\epsilon_C, 1/\Omega\ge\epsilon_S\}` of (28).

    .. math:: F_Z\!\left(\left(\frac{(1/c_0-1)^+}{q}\right)^{1/\alpha}\right)

    with c_0 of :func:`quality_demand`: valid for all thresholds in [0, inf], rho in [0, 1] and
    kappa >= 0, and one for c_0 <= 0. With ``parameters.noise_power`` > 0 an integral over the
    target's distance is added, with N_0/T_u. The thresholds broadcast: a column and a row make a
    surface. Psi and Omega are those of (24) and (25). Raises ``ValueError`` for a surface that
    cannot fit.

    Claims: coupling.eq28, coupling.thm2, coupling.noise-downlink, coupling.fig9.

    At thresholds of 0.01 and 0.013 and the paper's settings:

    >>> print(f"{joint_downlink_coverage(0.01, 0.013, CouplingParameters.paper()):.4f}")
    0.9622
    """
    p = parameters
    surface = np.broadcast_shapes(np.shape(interference), np.shape(benefit))
    log_area, weight = log_gamma_rule(p.K)
    check_memory((*surface, 1 if p.noise_power == 0 else log_area.size), 8)
    demand = quality_demand(interference, benefit, p.N, p.rician_factor, p.data_share)
    if p.noise_power == 0:
        return p.ratio_cdf(coverage_ratio(demand, p))
    demand = np.reshape(demand, (-1, 1))
    distance = np.exp(log_area / 2) / np.sqrt(np.pi * p.target_density)
    disturbance = p.echo_energy(distance) + p.noise_power
    possible = (demand > 0) & (demand < 1)
    inside = np.where(possible, demand, 0.5)
    # u >= c/(1-c) (x + N_0) says how far the user may be
    nearest = inside / (1 - inside) * disturbance
    reach = (p.user_energy(1.0) / nearest) ** (2 / p.path_loss_exponent)
    value = gammainc(p.K, np.pi * p.user_density * reach) @ weight[:, None]
    value = np.where(demand <= 0, 1.0, np.where(demand >= 1, 0.0, value))
    return value.reshape(surface)[()]


@public("[0, 1]", benefit="[0, inf]", interference="[0, inf]")
@implements("coupling.fig9", "exact")
def joint_downlink_coverage_system(
    interference: Quantity, benefit: Quantity, parameters: CouplingParameters
) -> np.ndarray:
    r"""Joint downlink coverage without noise, with the system's Omega.

    With :math:`g=N/2-1` and b of :func:`quality_demand` the benefit demand reads

    .. math:: b\,c\,(1+g(1-c)) \ge \kappa+c ,

    a quadratic inequality: c lies **between** two roots, because a
    perfect estimate has no echo in it. Arguments as in :func:`joint_downlink_coverage`. Raises
    ``ValueError`` for N = 1 and for a data share of 0 or 1.

    Claim: coupling.fig9.

    At thresholds of 0.01 and 0.05 and the paper's settings:

    >>> print(f"{joint_downlink_coverage_system(0.01, 0.05, CouplingParameters.paper()):.4f}")
    0.1522
    """
    p = parameters
    N, kappa, rho = p.N, p.rician_factor, p.data_share
    if N < 2 or not 0 < rho < 1:
        raise ValueError(f"N must be >= 2 and data_share in (0, 1), got {N} and {rho}")
    least = quality_demand(interference, 0.0, N, kappa, rho)
    eps_s = benefit
    g = N / 2 - 1
    b = 2 * rho / ((1 - rho) * N * eps_s)
    if g == 0:
        low, high = quality_demand(np.inf, eps_s, N, kappa, rho), np.ones_like(b)
        possible = low < 1
    else:
        linear = b * (1 + g) - 1
        root = linear**2 - 4 * b * g * kappa
        possible = (root >= 0) & (linear > 0)
        root = np.sqrt(np.where(possible, root, 0.0))
        high = (linear + root) / (2 * b * g)
        low = np.where(possible, 2 * kappa / np.where(possible, linear + root, 1.0), np.inf)
    low, high = np.maximum(low, least), np.minimum(high, 1.0)
    # the quality falls with Z: the upper end in c is the lower end in Z
    upper = p.ratio_cdf(coverage_ratio(np.where(possible, low, 1.0), p))
    lower = p.ratio_cdf(coverage_ratio(np.where(possible, high, 1.0), p))
    return np.where(possible & (high > low), np.maximum(upper - lower, 0.0), 0.0)[()]
