r"""Joint uplink coverage of the coupling paper, with noise kept and with right estimator and
detector (Section 3.2).

A pair at the distances :math:`d_U, d_T` has the energies u of the scattered channel and x of the
echo, an element (:mod:`isacnb.coupling.uplink`). The NMSE rises with x and falls with u, the
detection probability the other way, so both requirements together confine u to an interval
[lower(x), upper(x)]. Scaling u, x and the noise together changes nothing; without noise the
interval is proportional to x, its ends are values of :math:`Z = d_U/d_T^2`, and the coverage is a
difference of :math:`F_Z`. With noise one integral over :math:`d_T` remains.

Thresholds: ``nmse_threshold`` is the paper's :math:`\epsilon_u^C`, ``probability`` its
:math:`\epsilon_u^S`, and ``parameters.detection_threshold`` the :math:`\epsilon_d` of the test.
:math:`\bar\epsilon_u^S` is twice :func:`isacnb.signals.detection.required_snr`.
"""

from typing import Literal

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, gammaln

from ..numbers.door import public
from ..numbers.generic import Quantity, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..probability.poisson import distance_cdf
from ..signals.detection import detection_probability, required_mean_snr, required_snr
from .settings import CouplingParameters, echo_path_loss, path_loss
from .uplink import ReflectionLaw, mean_ratio_nmse_equal_gains

__all__ = [
    "communication_coverage",
    "communication_limit",
    "communication_limit_lmmse",
    "gain_ratio",
    "joint_coverage",
    "joint_coverage_orthogonal",
    "joint_coverage_residual",
    "nmse_floor",
    "ratio_argument",
    "sensing_coverage",
    "sensing_limit",
]


Estimator = Literal["lmmse", "paper"]
Detector = Literal["matched", "printed"]
Normalisation = Literal["scattered", "channel", "mean ratio"]


@public("[0, inf)")
@implements("coupling.eq10", "right")
@implements("coupling.eq12", "right", "lower end, the paper's estimator")
def communication_limit(
    nmse_threshold: Quantity, N: Quantity, user_power: Quantity, target_power: Quantity
) -> Quantity:
    r"""Least :math:`\mu/\beta_t` at which the paper's estimator meets its threshold, without noise.

    .. math:: \frac{(1-\epsilon)\,P_T N}{\epsilon\,P_U}

    ``nmse_threshold`` :math:`\epsilon` in (0, 1), N >= 1, powers > 0; arrays broadcast, symbols
    pass. Source: coupling paper, (10).

    Claims: coupling.eq10, coupling.eq12.

    At an NMSE of -20 dB and the paper's settings:

    >>> p = CouplingParameters.paper()
    >>> print(f"{communication_limit(0.01, p.N, p.user_power, p.target_power):.1f}")
    633.6
    """
    return (1 - nmse_threshold) * target_power * N / (nmse_threshold * user_power)


@public("[0, inf)")
@implements("coupling.eq12", "right", "lower end")
@implements("beyond.uplink-coverage", "right", "lower end")
def communication_limit_lmmse(
    nmse_threshold: Quantity, N: Quantity, user_power: Quantity, target_power: Quantity
) -> Quantity:
    r"""Least :math:`\mu/\beta_t` at which the best estimator meets its threshold, without noise.

    .. math:: \frac{(1-N\epsilon)^+\,P_T N}{\epsilon\,P_U}

    0 for :math:`\epsilon \ge 1/N`: the echo spoils one direction of N. Arguments as in
    :func:`communication_limit`; symbols pass and are then taken for :math:`N\epsilon \le 1`.

    Claims: coupling.eq12, beyond.uplink-coverage.

    At an NMSE of -20 dB and the paper's settings, the paper's estimator and the best one:

    >>> p = CouplingParameters.paper()
    >>> case = (0.01, p.N, p.user_power, p.target_power)
    >>> [round(float(f(*case)), 4) for f in (communication_limit, communication_limit_lmmse)]
    [633.6, 230.4]
    """
    share = 1 - N * nmse_threshold
    if is_numeric(nmse_threshold, N):
        share = np.maximum(share, 0.0)
    return share * target_power * N / (nmse_threshold * user_power)


@public("[0, inf)")
@implements("coupling.eq11", "right")
@implements("coupling.eq12", "right", "upper end")
def sensing_limit(
    noncentrality: Quantity, N: Quantity, user_power: Quantity, target_power: Quantity
) -> Quantity:
    r"""Greatest :math:`\mu/\beta_t` at which the target is really detected, without noise.

    .. math:: \frac{2 P_T N^2}{\bar\epsilon\,P_U}

    for the matched filter, whose :math:`2S = 2P_T N^2\beta_t/(P_U\mu)`; no ``noncentrality``
    :math:`\bar\epsilon > 0` is reached everywhere. The rest as in :func:`communication_limit`.

    Claims: coupling.eq11, coupling.eq12.

    At the paper's settings and a detection probability of 0.9275, printed and right:

    >>> from isacnb.coupling.printed import sensing_limit_printed
    >>> from isacnb.signals.detection import required_snr
    >>> p = CouplingParameters.paper()
    >>> bar = 2 * required_snr(0.9275, p.detection_threshold)
    >>> case = (bar, p.N, p.user_power, p.target_power)
    >>> print(f"{sensing_limit_printed(*case):.4f} {sensing_limit(*case):.4f}")
    25.6033 5.1201
    """
    return 2 * target_power * N**2 / (noncentrality * user_power)


@public("[0, inf]", gain_ratio="[0, inf]")
@implements("coupling.eq13", "tool")
def ratio_argument(
    gain_ratio: Quantity, rician_factor: Quantity, path_loss_exponent: Quantity
) -> Quantity:
    r"""Value of :math:`d_U/d_T^2` at which :math:`\mu/\beta_t` has a given value.

    .. math:: \frac{\mu}{\beta_t} = \frac{Z^{-\alpha}}{1+\kappa}, \qquad
              Z = \left(\frac{\beta_t}{(1+\kappa)\,\mu}\right)^{1/\alpha}

    ``gain_ratio`` :math:`\mu/\beta_t \ge 0`, infinity included; symbols pass. Source: coupling
    paper, (12) to (13).

    Claim: coupling.eq13.

    >>> print(f"{ratio_argument(8.0, 1.0, 2.0):.2f}")
    0.25
    """
    with np.errstate(divide="ignore"):
        return (1 / ((1 + rician_factor) * gain_ratio)) ** (1 / path_loss_exponent)


@public("[0, inf)")
@implements("coupling.rem2-density", "right")
def gain_ratio(
    user_distance: Quantity,
    target_distance: Quantity,
    rician_factor: Quantity,
    path_loss_exponent: Quantity,
) -> Quantity:
    r"""Scattered path gain of a user over the echo's path loss, the inverse of :func:`ratio_argument`.

    .. math:: \frac{\mu}{\beta_t} = \frac{1}{1+\kappa}\,\frac{d_U^{-\alpha}}{d_T^{-2\alpha}}

    Distances in metres > 0, ``rician_factor`` >= 0, ``path_loss_exponent`` > 0; arrays broadcast,
    symbols pass. Distances of a planar Poisson process are :math:`1/\sqrt\lambda` times those of density 1, so the ratio grows as
    :math:`(\lambda_U/\lambda_T^2)^{\alpha/2}`. Source: coupling paper, Section 2 and Remark 2.

    Claim: coupling.rem2-density.

    >>> print(f"{gain_ratio(25.0, 10.0, 1.0, 2.0):.6f}")
    8.000000
    """
    user = path_loss(user_distance, 1, path_loss_exponent)
    kappa = rician_factor
    return user / ((1 + kappa) * echo_path_loss(target_distance, 1, path_loss_exponent))


@public("[0, 1]")
@implements("coupling.eq9", "exact")
@implements("coupling.eq12", "right")
@implements("coupling.eq13", "right")
@implements("coupling.fig5", "right")
@implements("beyond.uplink-coverage", "right")
@implements("beyond.reflection-coverage", "right")
def joint_coverage(
    nmse_threshold: Quantity,
    probability: Quantity,
    parameters: CouplingParameters,
    *,
    estimator: Estimator = "lmmse",
    detector: Detector = "matched",
    normalisation: Normalisation = "scattered",
    reflection_law: ReflectionLaw = "unit",
) -> Quantity:
    r"""Joint uplink coverage with the noise kept.

    Without noise it is, for the best estimator and the matched filter,

    .. math:: \left[F_Z\left(
        \Big(\frac{\epsilon_u^CP_U}{(1-N\epsilon_u^C)P_TN(1+\kappa)}\Big)^{1/\alpha}
        \right) - F_Z\left(\Big(\frac{\bar\epsilon_u^SP_U}{2P_TN^2(1+\kappa)}\Big)^{1/\alpha}\right)
        \right]^+ .

    Parameters
    ----------
    nmse_threshold, probability : in (0, 1), broadcasting
    parameters : ``noise_power`` 0 is admitted and then F_Z gives the value
    estimator : "lmmse" of least mean squared error, or the "paper"'s
    detector : "matched", the matched filter on the observation, or "printed", the paper's formula
        (8), which no system attains
    normalisation : of the NMSE. "scattered": :math:`E\|e\|^2/(N\mu)`, the paper's formula.
        "channel": :math:`E\|e\|^2/E\|h\|^2`, smaller by 1 + kappa. "mean ratio": the paper's
        definition :math:`E\{\|e\|^2/\|h\|^2\}`, for its own estimator and N >= 2.
    reflection_law : "unit" for :math:`|\zeta| = 1`, "rayleigh" for the mean over
        :math:`\zeta \sim CN(0, 1)`

    Absolute error below 1e-10, for the printed detector with noise below 1e-7; a 60 x 60 surface
    takes a few tenths of a second. Raises ``ValueError`` for a mean ratio without the paper's
    estimator or with a single antenna, and for thresholds too many to fit.

    Claims: coupling.eq9, coupling.eq12, coupling.eq13, coupling.fig5, beyond.uplink-coverage,
    beyond.reflection-coverage.

    At the paper's settings without noise, an NMSE of -10 dB and a detection probability of 0.5,
    printed and right:

    >>> from isacnb.coupling.printed import joint_coverage_printed
    >>> p = CouplingParameters.paper(noise=None)
    >>> print(f"{joint_coverage_printed(0.1, 0.5, p):.4f} {joint_coverage(0.1, 0.5, p):.4f}")
    0.8688 0.0143
    """
    return _coverage(
        nmse_threshold, probability, parameters, estimator, detector, normalisation, reflection_law
    )


@public("[0, 1]")
@implements("coupling.noise-uplink", "exact")
@implements("coupling.fig4", "right")
def communication_coverage(
    nmse_threshold: Quantity,
    parameters: CouplingParameters,
    *,
    estimator: Estimator = "lmmse",
    normalisation: Normalisation = "scattered",
) -> Quantity:
    r"""Communication coverage :math:`P\{\varrho\le\epsilon_u^C\}`, noise kept.

    Without noise it is, for the best estimator (the paper's has :math:`1-\epsilon_u^C` for
    :math:`1-N\epsilon_u^C`),

    .. math:: F_Z\left(
        \Big(\frac{\epsilon_u^CP_U}{(1-N\epsilon_u^C)^+P_TN(1+\kappa)}\Big)^{1/\alpha}\right)

    Arguments, accuracy and errors as in :func:`joint_coverage`.

    Claims: coupling.noise-uplink, coupling.fig4.

    At an NMSE of -20 dB and the paper's settings without noise, printed, best, and best for 100
    antennas:

    >>> from isacnb.coupling.printed import communication_coverage_printed
    >>> p = CouplingParameters.paper(noise=None)
    >>> print(f"{communication_coverage_printed(0.01, p):.4f}")
    0.3879
    >>> print(*(f"{communication_coverage(0.01, p.replace(N=N)):.4f}" for N in (64, 100)))
    0.6322 1.0000
    """
    return _coverage(nmse_threshold, None, parameters, estimator, "matched", normalisation, "unit")


@public("[0, 1]")
@implements("coupling.noise-uplink", "exact")
@implements("coupling.eq11", "right")
@implements("coupling.fig3", "right")
@implements("coupling.fig4", "right")
def sensing_coverage(
    probability: Quantity,
    parameters: CouplingParameters,
    *,
    detector: Detector = "matched",
    reflection_law: ReflectionLaw = "unit",
) -> Quantity:
    r"""Sensing coverage :math:`P\{P_D\ge\epsilon_u^S\}`, noise kept.

    For the matched filter without noise it is

    .. math:: 1-F_Z\left(\Big(\frac{\bar\epsilon_u^SP_U}{2P_TN^2(1+\kappa)}\Big)^{1/\alpha}\right)

    Arguments, accuracy and errors as in :func:`joint_coverage`.

    Claims: coupling.noise-uplink, coupling.eq11, coupling.fig3, coupling.fig4.

    At the paper's settings without noise and a detection probability of 0.9275, printed and right:

    >>> from isacnb.coupling.printed import sensing_coverage_printed
    >>> p = CouplingParameters.paper(noise=None)
    >>> print(f"{sensing_coverage_printed(0.9275, p):.4f} {sensing_coverage(0.9275, p):.4f}")
    0.0616 0.0107
    """
    return _coverage(None, probability, parameters, "lmmse", detector, "scattered", reflection_law)


@public("[0, 1]")
@implements("coupling.eq9", "exact")
@implements("coupling.eq13", "exact")
def joint_coverage_residual(
    nmse_threshold: Quantity, probability: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Joint coverage of the paper's own estimator and residual test, simulated or exact alike.

    The residual is :math:`(1-c)(y - Ey)`, so its test has the detection probability

    .. math:: Q_1\big(\sqrt{2N\gamma}, \sqrt{2\epsilon_d(1+\gamma)/\gamma}\big), \qquad
              \gamma = \frac{P_T N\beta_t}{P_U\mu}

    without noise and at :math:`|\zeta| = 1`. It rises with gamma, so the event is again an interval
    of :math:`d_U/d_T^2`. Thresholds as in :func:`joint_coverage`; noise is neglected. The border is
    found by bisection to the last digits.

    Claims: coupling.eq9, coupling.eq13.

    At the paper's settings, an NMSE of -1 dB and a detection probability of 0.5, printed and right:

    >>> from isacnb.coupling.printed import joint_coverage_printed
    >>> p = CouplingParameters.paper()
    >>> print(*(f"{f(0.8, 0.5, p):.4f}" for f in (joint_coverage_printed, joint_coverage_residual)))
    0.9974 0.0054
    """
    p = parameters
    probability = np.asarray(probability)
    threshold, N = p.detection_threshold, p.N

    def reached(gamma):
        return detection_probability(N * gamma, threshold * (1 + gamma) / gamma)

    # log gamma by bisection: the probability runs from 0 to 1 as gamma does from 0 to infinity
    low, high = np.full(probability.shape, -60.0), np.full(probability.shape, 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        enough = reached(np.exp(middle)) >= probability
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    limit = p.target_power * N / (p.user_power * np.exp(high))
    least = ratio_argument(limit, p.rician_factor, p.path_loss_exponent)
    limit = communication_limit(nmse_threshold, N, p.user_power, p.target_power)
    return p.ratio_between(least, ratio_argument(limit, p.rician_factor, p.path_loss_exponent))


@public("[0, 1]")
@implements("beyond.orthogonal-pilots", "right")
def joint_coverage_orthogonal(
    nmse_threshold: Quantity,
    probability: Quantity,
    parameters: CouplingParameters,
    *,
    reflection_law: ReflectionLaw = "unit",
) -> Quantity:
    r"""Joint coverage when users and targets have pilots of their own, which needs T_u >= K + L.

    .. math:: \Pr\Big[d_U\le\Big(\tfrac{P_UT_uC_0\,\epsilon_u^C}{(1+\kappa)(1-\epsilon_u^C)N_0}
                  \Big)^{1/\alpha}\Big]
                  \Pr\Big[d_T\le\Big(\tfrac{P_TT_uN^2C_0}{sN_0}\Big)^{1/(2\alpha)}\Big]

    Channel and echo are then received apart: the NMSE (over :math:`N\mu`) is :math:`N_0/(u + N_0)`
    and :math:`S = N x/N_0`, which has to reach s. Arguments as in :func:`joint_coverage`. Raises
    ``ValueError`` if there are too few pilots.

    Claim: beyond.orthogonal-pilots.

    At the paper's settings, an NMSE of -20 dB and a detection probability of 0.5:

    >>> print(f"{joint_coverage_orthogonal(0.01, 0.5, CouplingParameters.paper()):.6f}")
    0.999995
    """
    p = parameters
    if p.pilot_length < 2 * p.K:
        raise ValueError(
            f"pilot_length must be >= K + L = {2 * p.K} for orthogonal pilots, got {p.pilot_length}"
        )
    epsilon = nmse_threshold
    snr = _required(probability, p.detection_threshold, reflection_law)
    if p.noise_power == 0:
        return np.ones(np.broadcast_shapes(np.shape(epsilon), np.shape(snr)))[()]
    alpha = p.path_loss_exponent
    farthest_user = (p.user_energy(1.0) * epsilon / ((1 - epsilon) * p.noise_power)) ** (1 / alpha)
    with np.errstate(divide="ignore"):
        reach = p.N * p.echo_energy(1.0) / (snr * p.noise_power)
    farthest_target = reach ** (1 / (2 * alpha))
    users = distance_cdf(farthest_user, p.K, p.user_density)
    return users * distance_cdf(farthest_target, p.K, p.target_density)


@public("[0, 1]")
@implements("coupling.cor1", "right")
@implements("coupling.best-achievable", "right")
@implements("coupling.fig5", "right", r"\epsilon_u^C")
@implements("coupling.fig5-numbers", "right")
@implements("beyond.uplink-floor", "right")
@implements("beyond.reflection-floor", "right")
def nmse_floor(
    probability: Quantity,
    detection_threshold: Quantity,
    N: Quantity,
    *,
    estimator: Estimator = "lmmse",
    reflection_law: ReflectionLaw = "unit",
) -> Quantity:
    r"""Least NMSE (over :math:`N\mu`) of an affine estimate at a detection probability.

    With the matched filter, :math:`P_D \ge p` requires :math:`N\gamma \ge s` with
    :math:`\gamma = x/(u+N_0)` and s from :func:`isacnb.signals.detection.required_snr` (half of the
    paper's :math:`\bar\epsilon`). Hence, with equality without noise,

    .. math:: \text{lmmse: } \frac1N\,\frac{s}{1+s} < \frac1N, \qquad
              \text{the paper's estimator: } \frac{s}{N+s}.

    "lmmse" is the best affine estimate. With a reflection of known modulus others do better:
    :func:`isacnb.coupling.uplink_modulus.nmse_floor_modulus`.

    ``probability`` p in (0, 1), ``detection_threshold`` :math:`\epsilon_d \ge 0`, N >= 1, arrays
    broadcasting; the options as in :func:`joint_coverage`.

    Claims: coupling.cor1, coupling.best-achievable, coupling.fig5, coupling.fig5-numbers,
    beyond.uplink-floor, beyond.reflection-floor.

    >>> round(float(nmse_floor(0.981, 10**1.8, 64)) * 64, 3)
    0.989
    """
    snr = _required(probability, detection_threshold, reflection_law)
    return snr / (1 + snr) / N if estimator == "lmmse" else snr / (N + snr)


def _required(probability, detection_threshold, reflection_law):
    inverse = required_snr if reflection_law == "unit" else required_mean_snr
    return inverse(probability, detection_threshold)


def _coverage(nmse_threshold, probability, p, estimator, detector, normalisation, reflection_law):
    N, noise = p.N, p.noise_power
    surface = np.broadcast_shapes(np.shape(nmse_threshold), np.shape(probability))
    check_memory((*surface, _NODES.size if noise else 1), 8)
    epsilon = _scattered_threshold(nmse_threshold, p, estimator, normalisation)
    snr = 0.0
    if probability is not None:
        snr = _required(probability, p.detection_threshold, reflection_law)
    epsilon, snr = np.broadcast_arrays(np.asarray(epsilon, float), np.asarray(snr, float))
    epsilon, snr = epsilon.reshape(-1, 1), snr.reshape(-1, 1)

    def lower(x):
        return _least_user_energy(estimator, epsilon, x, noise, N)

    def upper(x):
        return _greatest_user_energy(detector, snr, x, noise, N)

    if noise == 0:
        one = np.ones_like(epsilon)
        # u / x = P_U Z^-alpha / (P_T N (1 + kappa)) falls in Z
        scale = p.user_power / (p.target_power * N * (1 + p.rician_factor))
        with np.errstate(divide="ignore"):
            low, high = (
                (scale / edge(one)) ** (1 / p.path_loss_exponent) for edge in (upper, lower)
            )
        result = p.ratio_between(low, high)
    else:
        # upper(x)/x rises and lower(x)/x falls with x, because both the NMSE and the detection
        # suffer from noise: the interval is open for all x beyond one crossing
        result = _integrate(lower, upper, _open_end(detector, snr, noise, N), p)
    return np.clip(result, 0.0, 1.0).reshape(surface)[()]


def _scattered_threshold(nmse_threshold, p, estimator, normalisation):
    """Threshold on E||e||^2 / (N mu) that is equivalent; 1 or more is met by every estimate."""
    if nmse_threshold is None:
        return 1.0
    if normalisation == "scattered":
        return nmse_threshold
    if normalisation == "channel":
        return nmse_threshold * (1 + p.rician_factor)
    if estimator != "paper" or p.N < 2:
        raise ValueError(
            "normalisation must be 'scattered' or 'channel' unless estimator is 'paper' and "
            f"N >= 2, got 'mean ratio' with {estimator!r} and N = {p.N}"
        )
    # with g = 1 - c the mean ratio is g^2 B + g (1 - g) N A, rising in g up to B at g = 1
    prior = mean_ratio_nmse_equal_gains(1.0, p.N, p.rician_factor)
    slope = 4 * (mean_ratio_nmse_equal_gains(0.5, p.N, p.rician_factor) - prior / 4)
    curvature = prior - slope
    root = np.sqrt(np.maximum(slope**2 + 4 * curvature * nmse_threshold, 0.0))
    return np.where(nmse_threshold < prior, 2 * nmse_threshold / (slope + root), 1.0)


def _least_user_energy(estimator, epsilon, x, noise, N):
    """Least u at which the NMSE over N mu is epsilon, given x; 0 where epsilon >= 1."""
    free = epsilon >= 1
    epsilon = np.where(free, 0.5, epsilon)
    if estimator == "paper":
        least = (1 - epsilon) / epsilon * (x + noise)
    else:
        # eps v^2 + b v = (N - 1) N_0 x in v = u + N_0
        b = (N * epsilon - 1) * x - noise
        product = (N - 1) * noise * x
        root = np.sqrt(b * b + 4 * epsilon * product)
        # the sum b + root is formed only where nothing cancels in it; without noise it may be 0
        total = np.where(b > 0, b + root, 1.0)
        v = np.where(b > 0, 2 * product / total, (root - b) / (2 * epsilon))
        least = v - noise
    return np.where(free, 0.0, np.maximum(least, 0.0))


def _greatest_user_energy(detector, snr, x, noise, N):
    """Greatest u at which the detector has this S, given x; may be negative or infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if detector == "matched":
            return np.where(snr > 0, N * x / snr - noise, np.inf)
        falling = snr * (2 * noise + x) - N * x
        greatest = (x + noise) * (N * x - snr * noise) / falling
        return np.where(falling > 0, greatest, np.inf)


def _open_end(detector, snr, noise, N):
    """Echo energy from which the printed detection has no greatest u: a branch point of upper."""
    if detector == "matched":
        return np.full_like(snr, np.inf)
    with np.errstate(divide="ignore"):
        return np.where(snr < N, 2 * snr * noise / np.maximum(N - snr, 1e-300), np.inf)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(256)


_TAIL = 1e-13  # of the law of the target's distance, cut off at either end


def _integrate(lower, upper, open_end, p):
    """Mean over d_T of P(lower(x) <= u <= upper(x)); the arguments are columns (points, 1)."""
    K, alpha = p.K, p.path_loss_exponent
    scale = p.echo_energy(1.0)

    # g = pi lambda_T d_T^2 is a gamma variable of order K; x = scale d_T^(-2 alpha)
    def energy(log_g):
        return scale * np.exp(alpha * (np.log(np.pi * p.target_density) - log_g))

    def log_g_of(x):
        return np.log(np.pi * p.target_density) - np.log(x / scale) / alpha

    near, far = np.log(gammaincinv(K, _TAIL)), np.log(gammainccinv(K, _TAIL))
    last = np.full(open_end.shape, far)
    first = np.full(open_end.shape, near)
    for _ in range(60):
        middle = (first + last) / 2
        x = energy(middle)
        is_open = upper(x) > lower(x)
        first, last = np.where(is_open, middle, first), np.where(is_open, last, middle)
    crossing = np.where(upper(energy(far)) > lower(energy(far)), far, first)
    with np.errstate(divide="ignore"):
        branch = np.clip(log_g_of(open_end), near, crossing)
    total = np.zeros_like(crossing)
    for start, end in ((np.full_like(crossing, near), branch), (branch, crossing)):
        if not np.any(end > start):
            continue
        half = (end - start) / 2
        log_g = (start + end) / 2 + half * _NODES
        density = np.exp(K * log_g - np.exp(log_g) - gammaln(K))
        x = energy(log_g)
        inside = _user_probability(lower(x), upper(x), p)
        total = total + (half * density * inside) @ _WEIGHTS[:, None]
    return total


def _user_probability(low, high, p):
    """P(low <= u <= high) over the distance of the user."""
    with np.errstate(divide="ignore"):
        reach = [
            np.pi
            * p.user_density
            * (p.user_energy(1.0) / np.maximum(edge, 0.0)) ** (2 / p.path_loss_exponent)
            for edge in (low, np.maximum(low, high))
        ]
    farthest, nearest = reach
    K = p.K
    from_below = gammainc(K, farthest) - gammainc(K, nearest)
    from_above = gammaincc(K, nearest) - gammaincc(K, farthest)
    return np.where(nearest < K, from_below, from_above)
