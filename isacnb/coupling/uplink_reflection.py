r"""Uplink detection and coverage with a complex normal reflection.

Section 2 of the coupling paper has the reflection coefficient :math:`\zeta\sim CN(0,1)`, its
results from (9) on have :math:`|\zeta|^2 = 1`. Here the reflection fluctuates. A requirement on the
detection probability can then be read in two ways:

- the probability is the **mean** over the reflection; the reflection is new in every coherence
  interval, and only places are random in a coverage. :func:`isacnb.coupling.uplink_coverage.joint_coverage`
  with ``reflection_law="rayleigh"`` has this reading;
- the probability is the one **at the reflection that there is**: the reflection stays as long as the
  places do, and is as random as these in a coverage: :func:`joint_coverage_at_reflection`.

Energies an element are those of :mod:`isacnb.coupling.uplink`, thresholds those of
:mod:`isacnb.coupling.uplink_coverage`.
"""

from typing import Literal

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..probability.poisson import ratio_cdf, ratio_pdf, ratio_sf
from ..signals.detection import mean_detection_probability, required_mean_snr, required_snr
from .settings import CouplingParameters
from .uplink import nmse_paper, residual_threshold, target_snr
from .uplink_coverage import (
    Detector,
    Estimator,
    communication_limit,
    ratio_argument,
)

__all__ = [
    "coverage_given_ratio",
    "fluctuation_loss",
    "joint_coverage_at_reflection",
    "joint_coverage_residual_mean",
    "nmse_at_reflection",
    "residual_mean_detection_probability",
    "residual_projection_variance",
    "residual_ratio_required",
]

ErrorMean = Literal["over the reflection", "at the reflection"]


@public("[0, inf)")
@implements("beyond.reflection-detection", "right", "V")
def residual_projection_variance(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Variance of the projected residual :math:`r^Ha` with a complex normal reflection.

    .. math:: \varrho^2N\,(u + Nx + N_0), \qquad \varrho = \frac{x+N_0}{u+x+N_0}

    Its mean is 0 with a target and without. Arguments as in
    :func:`isacnb.coupling.uplink.residual_projection_law`, whose law it is averaged over
    :math:`\zeta\sim CN(0,1)`; symbols pass.

    Claim: beyond.reflection-detection.

    >>> float(residual_projection_variance(1.0, 1.0, 0.0, 3))
    3.0
    """
    rest = nmse_paper(user_energy, echo_energy, noise_power)
    return rest**2 * N * (user_energy + N * echo_energy + noise_power)


@public("[0, 1]")
@implements("beyond.reflection-detection", "right", "P_R")
def residual_mean_detection_probability(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    detection_threshold: Quantity,
) -> Quantity:
    r"""Detection probability of the paper's test, mean over a complex normal reflection.

    .. math:: \exp\Big(-\frac{\epsilon_d}{1+S}\,\frac{N_0+u\varrho}{\varrho^2(u+N_0)}\Big), \qquad
              S = \frac{Nx}{u+N_0}

    Arguments as in :func:`isacnb.coupling.uplink.residual_detection_probability`, which has it at a
    given reflection; echo and noise must not both be 0. Symbols pass.

    Claim: beyond.reflection-detection.

    At the paper's settings, user at 25 m and target at 10 m, at a modulus of 1 and on average:

    >>> from isacnb.coupling.uplink import UplinkLink, residual_detection_probability
    >>> p = CouplingParameters.paper()
    >>> case = (*UplinkLink.at(p, 25.0, 10.0).energies, 64, p.detection_threshold)
    >>> functions = (residual_detection_probability, residual_mean_detection_probability)
    >>> print(*(f"{f(*case):.2e}" for f in functions))
    1.32e-78 4.61e-08
    """
    snr = target_snr(user_energy, echo_energy, noise_power, N)
    effective = residual_threshold(user_energy, echo_energy, noise_power, detection_threshold)
    return mean_detection_probability(snr, effective)


@public("[0, inf)", probability="(0, 1)")
@implements("beyond.reflection-detection", "right", r"\bar s/s")
def fluctuation_loss(probability: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Factor in mean power that a fluctuating reflection costs at a demanded detection probability.

    .. math:: \frac{\bar s}{s}, \qquad \bar s = \frac{\epsilon_d}{\ln(1/p)} - 1, \qquad
              Q_1\big(\sqrt{2s}, \sqrt{2\epsilon_d}\big) = p

    Below 1 where a fluctuating reflection needs less. ``probability`` p in (0, 1),
    ``detection_threshold`` >= 0; arrays broadcast. For :math:`p \le e^{-\epsilon_d}`, which false alarms
    reach, neither needs a target, and the value is the limit 1.

    Claim: beyond.reflection-detection.

    In decibels, at a threshold of 18 dB:

    >>> [round(10 * float(np.log10(fluctuation_loss(p, 10**1.8))), 2) for p in (0.2, 0.9, 0.99)]
    [-1.46, 8.86, 18.37]
    """
    steady = required_snr(probability, detection_threshold)
    needed = required_mean_snr(probability, detection_threshold)
    free = steady <= 0
    return np.where(free, 1.0, needed / np.where(free, 1.0, steady))[()]


@public("[0, inf)", probability="(0, 1)")
@implements("beyond.reflection-coverage", "right", r"\bar\gamma")
def residual_ratio_required(
    probability: Quantity, detection_threshold: Quantity, N: Quantity
) -> Quantity:
    r"""Least x/u at which the paper's test reaches a detection probability on average, without noise.

    .. math:: \bar\gamma = \frac{\bar s + \sqrt{\bar s^2 + 4N(1+\bar s)}}{2N}, \qquad
              1 + \bar s = \frac{\epsilon_d}{\ln(1/p)}

    ``probability`` p in (0, 1), ``detection_threshold`` >= 0, N >= 1; arrays broadcast, symbols pass.

    Claim: beyond.reflection-coverage.

    At 18 dB and 64 antennas, over what the matched filter needs:

    >>> level = 10**1.8
    >>> print(f"{residual_ratio_required(0.9, level, 64) / (required_mean_snr(0.9, level) / 64):.4f}")
    1.0977
    """
    ns = arithmetic(probability, detection_threshold, N)
    above = -detection_threshold / ns.log(probability)  # 1 + s
    root = ns.sqrt((above - 1) ** 2 + 4 * N * above)
    if not is_numeric(probability, detection_threshold, N):
        return (above - 1 + root) / (2 * N)
    # whichever form has nothing that cancels
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(above > 1, (above - 1 + root) / (2 * N), 2 * above / (root - above + 1))[()]


@public("[0, 1]")
@implements("beyond.reflection-coverage", "right", "paper's estimator and test")
def joint_coverage_residual_mean(
    nmse_threshold: Quantity, probability: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Joint coverage of the paper's own estimator and test, detection averaged over the reflection.

    .. math:: \left[F_Z\Big(\Big(\frac{\epsilon_u^CP_U}{(1-\epsilon_u^C)P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)
              - F_Z\Big(\Big(\frac{\bar\gamma P_U}{P_TN(1+\kappa)}\Big)^{1/\alpha}\Big)\right]^+

    with :math:`\bar\gamma` of :func:`residual_ratio_required`. It is
    :func:`isacnb.coupling.uplink_coverage.joint_coverage_residual` for
    :math:`\zeta\sim CN(0,1)`; arguments as there, noise is neglected.

    Claim: beyond.reflection-coverage.

    At the paper's settings, an NMSE of -1 dB and a detection probability of 0.5:

    >>> print(f"{joint_coverage_residual_mean(0.8, 0.5, CouplingParameters.paper()):.4f}")
    0.0032
    """
    p = parameters
    ratio = residual_ratio_required(probability, p.detection_threshold, p.N)
    with np.errstate(divide="ignore"):
        limits = (
            p.target_power * p.N / (p.user_power * ratio),
            communication_limit(nmse_threshold, p.N, p.user_power, p.target_power),
        )
    low, high = (ratio_argument(m, p.rician_factor, p.path_loss_exponent) for m in limits)
    return p.ratio_between(low, high)


@public("[0, inf)")
@implements("beyond.reflection-joint", "right", r"\varrho_\zeta")
def nmse_at_reflection(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    cross_section: Quantity,
) -> Quantity:
    r"""Mean squared error, over :math:`N\mu`, of the best linear estimate at a given reflection.

    .. math:: \varrho_\zeta = \frac1N\Big[\frac{(Nx+N_0)^2 + u\,(Nx|\zeta|^2+N_0)}{(u+Nx+N_0)^2}
              + (N-1)\frac{N_0}{u+N_0}\Big]

    The estimator has the gains of :func:`isacnb.coupling.uplink.lmmse_gains`, made for the mean echo
    energy x; the echo has the energy :math:`x|\zeta|^2`. Its mean over
    :math:`\zeta\sim CN(0,1)` is :func:`isacnb.coupling.uplink.nmse_lmmse`. ``cross_section`` is :math:`|\zeta|^2 \ge 0`,
    the rest as there; symbols pass.

    Claim: beyond.reflection-joint.

    >>> float(nmse_at_reflection(1.0, 1.0, 0.0, 3, 1.0))
    0.25
    """
    spoilt = N * echo_energy + noise_power
    total = user_energy + spoilt
    drawn = N * echo_energy * cross_section + noise_power
    along = (spoilt / total) ** 2 + user_energy / total * (drawn / total)
    return (along + (N - 1) * noise_power / (user_energy + noise_power)) / N


@public("[0, 1]", z="(0, inf)")
@implements("beyond.reflection-joint", "right", "q")
def coverage_given_ratio(
    z: Quantity,
    nmse_threshold: Quantity,
    probability: Quantity,
    parameters: CouplingParameters,
    *,
    estimator: Estimator = "lmmse",
    detector: Detector = "matched",
    error: ErrorMean = "over the reflection",
) -> Quantity:
    r"""Probability, over the reflection, that both requirements are met at a ratio of distances.

    With :math:`S = Nx/u = \frac{P_TN^2(1+\kappa)}{P_U}z^\alpha` and :math:`\eta = N\epsilon_u^C` it is, for the
    best linear estimator, the matched filter and the error over the reflection, or at it,

    .. math:: e^{-s/S}\ \text{ for } S(1-\eta)\le\eta\text{, else } 0; \qquad
              \Big[e^{-s/S} - e^{S-\eta(1+S)^2/S}\Big]^+ .

    ``z`` is :math:`d_U/d_T^2 > 0` in 1/m; the other arguments and errors as in
    :func:`joint_coverage_at_reflection`, the mean of this over Z.

    Claim: beyond.reflection-joint.

    >>> p = CouplingParameters.paper()
    >>> print(f"{coverage_given_ratio(0.5, 0.1, 0.5, p):.6f}")
    0.587341
    """
    _refuse_printed_at_reflection(detector, error)
    p = parameters
    snr = required_snr(probability, p.detection_threshold)
    log_z, epsilon, snr = np.broadcast_arrays(
        np.log(z), np.asarray(nmse_threshold, float), np.asarray(snr, float)
    )
    S = np.exp(p.path_loss_exponent * (log_z - _origin(p)))
    met = _met(S, epsilon, snr, p.N, estimator, detector, error)
    if error == "over the reflection":
        share, allowed = _own_ratio(epsilon, p.N, estimator)
        met = np.where(share * S * (1 - allowed) <= allowed, met, 0.0)
    return np.asarray(met)[()]


@public("[0, 1]")
@implements("beyond.reflection-joint", "right", r"P_{u,\mathrm{cov}}^{CS}")
def joint_coverage_at_reflection(
    nmse_threshold: Quantity,
    probability: Quantity,
    parameters: CouplingParameters,
    *,
    estimator: Estimator = "lmmse",
    detector: Detector = "matched",
    error: ErrorMean = "over the reflection",
) -> Quantity:
    r"""Joint coverage when the reflection is drawn with the places, noise neglected.

    .. math:: \int_0^\infty q(z)\,f_Z(z)\,dz

    is the mean of q of :func:`coverage_given_ratio` over the law of :math:`Z = d_U/d_T^2`; at
    :math:`|\zeta| = 1` the q is 0 or 1.

    Parameters
    ----------
    nmse_threshold, probability : in (0, 1), broadcasting
    parameters : ``noise_power`` is not used
    estimator, detector : as in :func:`isacnb.coupling.uplink_coverage.joint_coverage`. The paper's estimator has
        S/N for S and :math:`\epsilon_u^C` for :math:`\eta` in its error; the printed detection probability
        has N + S for S.
    error : the mean squared error that is compared with its threshold, "over the reflection" or
        "at the reflection"; the second not with the printed detector, which knows the first alone

    Absolute error below 1e-12 for K up to 20 and path-loss exponents from 2 to 6; a 30 x 30 surface takes some
    seconds. Raises ``ValueError`` for the error at the reflection with the printed detector, and for
    thresholds too many to fit.

    Claim: beyond.reflection-joint.

    At the paper's settings, an NMSE of -10 dB and a detection probability of 0.9275, at a modulus of
    1 and with a drawn reflection:

    >>> from isacnb.coupling.uplink_coverage import joint_coverage
    >>> p = CouplingParameters.paper(noise=None)
    >>> functions = (joint_coverage, joint_coverage_at_reflection)
    >>> print(*(f"{f(0.1, 0.9275, p):.4f}" for f in functions))
    0.0107 0.0112
    """
    _refuse_printed_at_reflection(detector, error)
    p, alpha = parameters, parameters.path_loss_exponent
    surface = np.broadcast_shapes(np.shape(nmse_threshold), np.shape(probability))
    check_memory((*surface, sum(_PANELS) + len(_NEAR) + len(_BELOW) + 2), 8 * 12)
    snr = required_snr(probability, p.detection_threshold)
    columns = np.broadcast_arrays(np.asarray(nmse_threshold, float), np.asarray(snr, float))
    epsilon, snr = (column.reshape(-1, 1) for column in columns)
    origin = _origin(p)
    share, allowed = _own_ratio(epsilon, p.N, estimator)
    with np.errstate(divide="ignore"):
        if error == "over the reflection":
            ends = (0 * allowed, _ratio_allowed(allowed))
        else:
            ends = _open_snr(snr * share, allowed)
        first, last = (origin + np.log(end / share) / alpha for end in ends)
        middle = origin + np.log(snr) / alpha  # where S = s

    def inside(log_z):
        S = np.exp(np.clip(alpha * (log_z - origin), -700, 700))
        return _met(S, epsilon, snr, p.N, estimator, detector, error)

    total = _mean_over_ratio(inside, first, last, middle, p)
    return np.clip(total, 0.0, 1.0).reshape(surface)[()]


def _refuse_printed_at_reflection(detector, error):
    if detector == "printed" and error == "at the reflection":
        raise ValueError("error must be 'over the reflection' for detector 'printed'")


def _origin(p):
    """Logarithm of the ratio z at which S = Nx/u is 1: S = exp(alpha (log z - origin))."""
    gain = p.target_power / p.user_power * p.N**2 * (1 + p.rician_factor)
    return -float(np.log(gain)) / p.path_loss_exponent


def _own_ratio(epsilon, N, estimator):
    """Share of S, and threshold, in the error q (q + |zeta|^2)/(1 + q)^2 of an estimator."""
    return (1.0, epsilon * N) if estimator == "lmmse" else (1.0 / N, epsilon)


def _ratio_allowed(allowed):
    """Greatest q with q/(1 + q) <= allowed."""
    below = allowed < 1
    return np.where(below, allowed / np.where(below, 1 - allowed, 1.0), np.inf)


def _met(S, epsilon, snr, N, estimator, detector, error):
    """Probability over the reflection of detection, and of the error where it depends on that."""
    if detector == "printed":
        return np.exp(-snr / (N + S))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        seen = np.where(snr > 0, np.exp(-snr / S), 1.0)
        if error == "over the reflection":
            return seen
        share, allowed = _own_ratio(epsilon, N, estimator)
        q = share * S
        return np.maximum(seen - np.exp(q - allowed * (1 + q) * (1 + 1 / q)), 0.0)


def _open_snr(s, allowed):
    """Ends of the S at which some reflection meets both requirements; equal where there are none.

    These are the S with (s + S^2) <= allowed (1 + S)^2.
    """
    square = allowed * (1 + s) - s
    root = np.sqrt(np.maximum(square, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.maximum((s - allowed) / (allowed + root), 0.0)
        high = np.where(allowed < 1, (allowed + root) / (1 - allowed), np.inf)
    return low, np.where(square > 0, high, low)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


#: panels over all of an interval, and over what most of the law of the ratio fills
_PANELS = (24, 40)


#: borders of panels around the middle of exp(-(z_S/z)^alpha), in units of 1/alpha
_NEAR = np.array([-3.0, -1.5, -0.5, 0.5, 1.5, 3.0, 5.0, 8.0])


#: distances from the upper end, in units of the interval: what is rare crowds there
_BELOW = 0.5 ** np.arange(5, 25)


#: probability that is cut off at either end of the law of the ratio, and beyond most of it
_TAIL, _CORE = 1e-20, 1e-7


def _mean_over_ratio(inside, first, last, middle, p):
    """Mean of a function of log Z over first < log Z < last; the ends are columns (points, 1)."""
    (near, far), core = _range_of_ratio(p, _TAIL), _range_of_ratio(p, _CORE)
    # the tails fall like powers of z, 2K and K: what is far in them needs a range of its own
    reach = -np.log(_TAIL) / p.K
    last = np.minimum(last, np.maximum(far, np.maximum(first, middle) + reach))
    first = np.maximum(first, np.minimum(near, last - reach))
    last = np.maximum(first, last)
    parts = [
        first + (last - first) * np.linspace(0, 1, _PANELS[0] + 1),
        np.clip(np.linspace(*core, _PANELS[1] + 1), first, last),
        np.clip(middle + _NEAR / p.path_loss_exponent, first, last),
        last - (last - first) * _BELOW,
    ]
    borders = np.sort(np.concatenate(parts, axis=1), axis=1)
    half = np.diff(borders, axis=1) / 2
    centre = (borders[:, 1:] + borders[:, :-1]) / 2
    total = np.zeros(len(first))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        log_z = centre + half * node
        z = np.exp(log_z)
        density = z * ratio_pdf(z, p.K, p.user_density, p.target_density)
        total += weight * np.sum(half * density * inside(log_z), axis=1)
    return total


def _range_of_ratio(p, probability):
    """Logarithms of the two ratios beyond which it lies with a probability."""
    centre = float(np.log(p.target_density) + np.log(np.pi / p.user_density) / 2)
    ends = []
    for tail, sign in ((ratio_cdf, -1), (ratio_sf, 1)):
        inner, outer = centre - sign * 50.0, centre + sign * 100.0
        for _ in range(40):
            middle = (inner + outer) / 2
            beyond = tail(np.exp(middle), p.K, p.user_density, p.target_density)
            inner, outer = (middle, outer) if beyond > probability else (inner, middle)
        ends.append(outer)
    return tuple(ends)
