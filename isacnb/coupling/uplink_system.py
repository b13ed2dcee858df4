"""The uplink drawn: pilots, channels, echoes and noise, estimates of a channel, decisions on a target.

Nothing here knows a closed form: any estimator and any detector can be put to the same observation.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_answer, check_memory
from ..probability.estimators import (
    Estimate,
    ProbabilityEstimate,
    estimate_mean,
    estimate_probability,
)
from ..probability.gaussian import complex_normal
from ..signals.detection import matched_filter
from ..signals.streams import pilot_sequences
from .settings import CouplingParameters
from .uplink import (
    ReflectionLaw,
    UplinkLink,
    lmmse_gains,
    paper_gain,
    pilot_beam,
    residual_share,
    squared_norm,
)

__all__ = [
    "Observation",
    "Performance",
    "despread",
    "estimate_lmmse",
    "estimate_paper",
    "matched_filter_statistic",
    "observe",
    "observe_groups",
    "pair_observation",
    "pilot_residual",
    "received_pilots",
    "residual_statistic",
    "simulate",
]

Training = Literal["same", "white", "second"]


@public
@implements("coupling.eq3", "right", r"\boldsymbol y_{P,k}")
def pair_observation(
    channel: Quantity,
    target_channel: Quantity,
    target_beam: Quantity,
    observation_noise: Quantity,
    parameters: CouplingParameters,
) -> np.ndarray:
    r"""Observation of a pair, :math:`y = \sqrt{P_UT_u}\,h + \sqrt{P_TT_u}\,Gw + n`.

    Parameters
    ----------
    channel, target_beam, observation_noise : h, w and n, complex, shape (N,)
    target_channel : G, complex, shape (N, N)
    parameters : P_U, P_T and T_u

    Returns shape (N,). Source: coupling paper, (3).

    Claim: coupling.eq3.

    >>> p = CouplingParameters.paper(target_power=4.0, pilot_length=4)
    >>> pair_observation(np.ones(2), np.eye(2), np.ones(2), np.zeros(2), p)
    array([6., 6.])
    """
    p = parameters
    echo = np.asarray(target_channel) @ np.asarray(target_beam)
    signal = np.sqrt(p.user_power * p.pilot_length) * np.asarray(channel)
    return signal + np.sqrt(p.target_power * p.pilot_length) * echo + np.asarray(observation_noise)


@public
@implements("coupling.eq5", "right", r"\boldsymbol r_{P,k}")
def pilot_residual(
    observation: Quantity, estimate: Quantity, user_power: Quantity, pilot_length: Quantity
) -> np.ndarray:
    r"""Observation less its estimated communication part, :math:`r = y - \sqrt{P_UT_u}\,\hat h`.

    ``observation`` and ``estimate`` have shape (..., N), ``user_power`` P_U > 0, ``pilot_length``
    T_u >= 1; symbols pass. Source: coupling paper, (5).

    Claim: coupling.eq5.

    >>> pilot_residual(np.ones(2), np.ones(2), 0.25, 1)
    array([0.5, 0.5])
    """
    amplitude = arithmetic(user_power, pilot_length).sqrt(user_power * pilot_length)
    return np.asarray(observation) - amplitude * np.asarray(estimate)


@dataclass(frozen=True, eq=False)
class Observation:
    """What happened and what the base station sees of it; every array (size, N).

    ``observation`` is the despread pilot y. ``training`` is what the estimator is given: the same
    array in the paper's system, a second observation in the modified ones of :func:`observe`.
    ``channel`` is the true h, for the comparison.
    """

    channel: np.ndarray
    observation: np.ndarray
    training: np.ndarray


@public
@implements("coupling.eq3", "system", r"\boldsymbol Y_P")
def received_pilots(
    rng: np.random.Generator, pilot_signals: np.ndarray, pilots: np.ndarray, noise_power: Quantity
) -> np.ndarray:
    r"""Superimposed pilots :math:`Y_P = \sum_k s_k v_k^H + N_P` at the base station.

    Parameters
    ----------
    pilot_signals : s_k, the sum of all that arrives on pilot k, shape (size, K, N)
    pilots : columns v_k of unit norm, shape (T_u, K)
    noise_power : variance of an element of the noise matrix

    Returns shape (size, N, T_u). Raises ``ValueError`` for other shapes, and where the result cannot
    fit. Source: coupling paper, before (3).

    Claim: coupling.eq3.

    >>> pilots = np.eye(3)[:, :2]
    >>> received_pilots(np.random.default_rng(1), np.ones((5, 2, 4)), pilots, 0.0).shape
    (5, 4, 3)
    """
    signals = np.asarray(pilot_signals)
    if signals.ndim != 3 or np.ndim(pilots) != 2 or signals.shape[1] != np.shape(pilots)[1]:
        raise ValueError(
            f"pilot_signals must have shape (size, K, N) for pilots (T_u, K), got {signals.shape} "
            f"and {np.shape(pilots)}"
        )
    size, _, antennas = signals.shape
    check_memory((size, antennas, len(pilots)))
    noise = complex_normal(rng, (size, antennas, len(pilots)), noise_power)
    return np.einsum("skn,tk->snt", signals, np.conj(pilots), optimize=True) + noise


@public
@implements("coupling.eq3", "right", r"\boldsymbol y_{P,k}")
def despread(received_pilots: np.ndarray, pilots: np.ndarray) -> np.ndarray:
    r"""Projections :math:`y_k = Y_Pv_k` of received pilots (size, N, T_u), shape (size, K, N).

    ``pilots`` are the columns v_k, shape (T_u, K). Source: coupling paper, (3).

    Claim: coupling.eq3.

    >>> despread(np.array([[[3.0, 4.0]]]), np.array([[0.6], [0.8]]))
    array([[[5.]]])
    """
    return np.swapaxes(received_pilots @ pilots, -1, -2)


@public(size="integers [1, inf)")
@implements("coupling.eq3", "system")
@implements("beyond.separate-training", "system")
def observe(
    rng: np.random.Generator,
    size: int,
    link: UplinkLink,
    *,
    target_present: bool = True,
    reflection_law: ReflectionLaw = "rayleigh",
    reflection_coefficient: complex | None = None,
    training: Training = "same",
    full_pilots: bool = False,
) -> Observation:
    """Draw ``size`` independent coherence intervals of one pair.

    Parameters
    ----------
    rng : numpy Generator
    target_present : H1, or H0 if not
    reflection_law : "rayleigh" for zeta ~ CN(0, 1) (Section 2 of the paper), "unit" for |zeta| = 1
        with a uniform phase (Section 3.2)
    reflection_coefficient : the value of zeta, where it is not to be drawn
    training : what the estimator sees.
        "same": the observation itself, as the paper's system has it.
        "white": a second observation of the channel, with independent white interference of the
        power of echo and noise, target or not. With it the paper's (4) to (8) hold.
        "second": a second observation like the first, with new reflection and noise.
    full_pilots : draw the whole matrix of received pilots with its noise, and despread it; without,
        the despread noise is drawn, which has the same law (v has unit norm)

    The estimator's knowledge (all of ``link``) is the same with and without a target. Raises
    ``ValueError`` where the draws cannot fit.

    Claims: coupling.eq3, beyond.separate-training.

    >>> link = UplinkLink.at(CouplingParameters.paper(N=8), 25.0, 10.0)
    >>> observe(np.random.default_rng(1), 5, link).observation.shape
    (5, 8)
    """
    check_memory((size, link.N, link.pilot_length if full_pilots else 1))
    scattered = complex_normal(rng, (size, link.N), link.scattered_gain)
    channel = link.mean_channel + scattered
    signal = link.amplitude_user * channel

    def received():
        arriving = signal
        if target_present:
            zeta = _reflections(rng, size, reflection_law, reflection_coefficient)
            arriving = signal + _beamed_echo(zeta, link)
        if full_pilots:
            pilot = pilot_sequences(link.pilot_length, 1)
            matrix = received_pilots(rng, arriving[:, None, :], pilot, link.noise_power)
            return despread(matrix, pilot)[:, 0]
        return arriving + complex_normal(rng, arriving.shape, link.noise_power)

    observation = received()
    if training == "same":
        other = observation
    elif training == "second":
        other = received()
    else:
        energies = link.energies
        disturbance = energies.echo_energy + energies.noise_power
        other = signal + complex_normal(rng, signal.shape, disturbance)
    return Observation(channel=channel, observation=observation, training=other)


@public(size="integers [1, inf)")
@implements("coupling.eq3", "system")
@implements("beyond.cross-echoes", "system")
def observe_groups(
    rng: np.random.Generator,
    size: int,
    links: list[UplinkLink],
    *,
    reflection_law: ReflectionLaw = "rayleigh",
    cross_echoes: bool = False,
) -> list[Observation]:
    """Draw all K pairs at once through one matrix of received pilots, and despread it.

    Pair k has pilot k. ``cross_echoes=False`` is the paper's model, in which the beam towards target
    l is reflected by target l alone. With ``True`` every target reflects every beam, as G_j w_l
    says: the signal on pilot l is sum_j G_j w_l. ``reflection_law`` as in :func:`observe`; pilot
    length and noise are those of the first link. Raises ``ValueError`` where the draws cannot fit.

    Claims: coupling.eq3, beyond.cross-echoes.

    >>> p = CouplingParameters.paper(N=8)
    >>> links = [UplinkLink.at(p, 25.0, 10.0, target_angle=angle) for angle in (-0.5, 0.2)]
    >>> [drawn.channel.shape for drawn in observe_groups(np.random.default_rng(1), 5, links)]
    [(5, 8), (5, 8)]
    """
    first = links[0]
    check_memory((size, first.N, first.pilot_length))
    pilots = pilot_sequences(first.pilot_length, len(links))
    channels, reflections = [], []
    for link in links:
        channels.append(
            link.mean_channel + complex_normal(rng, (size, link.N), link.scattered_gain)
        )
        zeta = _reflections(rng, size, reflection_law, None)
        reflections.append(zeta * np.sqrt(link.target_path_loss))
    signals = []
    for link, channel in zip(links, channels, strict=True):
        beam = pilot_beam(link.steering)
        echo = np.zeros((size, link.N), dtype=complex)
        for other, amplitude in zip(links, reflections, strict=True):
            if cross_echoes or other is link:
                echo += np.outer(amplitude * np.vdot(other.steering, beam), other.steering)
        power = np.sqrt(link.target_power * link.pilot_length)
        signals.append(link.amplitude_user * channel + power * echo)
    received = received_pilots(rng, np.stack(signals, axis=1), pilots, first.noise_power)
    projections = despread(received, pilots)
    return [
        Observation(channel=channel, observation=y, training=y)
        for channel, y in zip(channels, np.swapaxes(projections, 0, 1), strict=True)
    ]


@public
@implements("coupling.mmse", "system")
def estimate_paper(observation: np.ndarray, link: UplinkLink) -> np.ndarray:
    r"""The paper's channel estimate from observations (..., N).

    .. math:: \hat h = E h + \frac{u}{u+x+N_0}\,\frac{y-E y}{\sqrt{P_UT_u}}

    Source: coupling paper, before (4).

    Claim: coupling.mmse.

    At the paper's settings, user at 25 m and target at 10 m: the error of 4000 drawn estimates over
    :math:`N\mu`.

    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> drawn = observe(np.random.default_rng(1), 4000, link)
    >>> error = np.abs(drawn.channel - estimate_paper(drawn.training, link)) ** 2
    >>> print(f"{np.mean(error) / link.scattered_gain:.3f}")
    0.209
    """
    gain = paper_gain(*link.energies)
    return _two_gains(observation, link, gain, gain)


@public
@implements("coupling.mmse", "right")
@implements("beyond.uplink-lmmse", "right")
def estimate_lmmse(observation: np.ndarray, link: UplinkLink) -> np.ndarray:
    r"""Channel estimate of least mean squared error from observations (..., N).

    .. math:: \hat h = E h + \Big[\frac{u}{u+Nx+N_0}P_a + \frac{u}{u+N_0}(I-P_a)\Big]
              \frac{y-E y}{\sqrt{P_UT_u}}

    Claims: coupling.mmse, beyond.uplink-lmmse.

    At the paper's settings, user at 25 m and target at 10 m: the error of 4000 drawn estimates over
    :math:`N\mu`, the paper's estimator and this one:

    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> drawn = observe(np.random.default_rng(1), 4000, link)
    >>> for estimator in (estimate_paper, estimate_lmmse):
    ...     error = np.abs(drawn.channel - estimator(drawn.training, link)) ** 2
    ...     print(f"{np.mean(error) / link.scattered_gain:.3f}")
    0.209
    0.015
    """
    return _two_gains(observation, link, *lmmse_gains(*link.energies, link.N))


@public
@implements("coupling.glrt", "right", r"\Lambda(\boldsymbol r_{P,k})")
def residual_statistic(
    observation: np.ndarray, estimate: np.ndarray, link: UplinkLink
) -> np.ndarray:
    r"""Generalised log-likelihood ratio of the residual, :math:`|r^Ha|^2/(N(1-c)^2(u+N_0))`.

    The residual :math:`r = y-\sqrt{P_UT_u}\,\hat h` must be that of :func:`estimate_paper`; then
    it is the matched filter :func:`matched_filter_statistic` to the last digits. Shapes (..., N) in,
    (...) out. Raises ``ValueError`` where echo and noise are both 0.

    Claim: coupling.glrt.

    At the paper's settings, user at 25 m and target at 10 m, the right over the printed statistic:

    >>> from isacnb.coupling.printed import residual_statistic_printed
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> y = observe(np.random.default_rng(1), 1, link).observation
    >>> guess = estimate_paper(y, link)
    >>> ratio = residual_statistic(y, guess, link) / residual_statistic_printed(y, guess, link)
    >>> print(f"{ratio.item():.4f}")
    4.7893
    """
    residual = pilot_residual(observation, estimate, link.user_power, link.pilot_length)
    energies = link.energies
    variance = energies.user_energy + energies.noise_power
    return matched_filter(residual, link.steering, residual_share(*energies) ** 2 * variance)


@public
@implements("coupling.glrt", "right")
@implements("beyond.uplink-detector", "right", r"\Lambda^\star")
def matched_filter_statistic(
    observation: np.ndarray, estimate: np.ndarray | None, link: UplinkLink
) -> np.ndarray:
    r"""Log-likelihood ratio :math:`|a^H(y - E y)|^2 / (N(u + N_0))` of the observation itself.

    It needs no channel estimate: ``estimate`` is ignored. For a complex normal reflection it is
    the Neyman-Pearson statistic, for an unknown one the generalised likelihood ratio. Shapes
    (..., N) in, (...) out.

    Claims: coupling.glrt, beyond.uplink-detector.

    At the paper's settings, user at 25 m and target at 10 m, an observation that exceeds its mean by
    the mean echo:

    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> y = link.amplitude_user * link.mean_channel + np.sqrt(link.energies.echo_energy) * link.steering
    >>> print(f"{matched_filter_statistic(y, None, link):.3f}")
    16.890
    """
    energies = link.energies
    centred = observation - link.amplitude_user * link.mean_channel
    return matched_filter(centred, link.steering, energies.user_energy + energies.noise_power)


@dataclass(frozen=True)
class Performance:
    """Simulated figures of merit, each with its standard error and ``interval()``.

    ``nmse`` is the mean of :math:`||e||^2/(N mu)`, to hold against
    :func:`isacnb.coupling.uplink.nmse`; ``mean_ratio`` that of :math:`||e||^2/||h||^2`. ``detection`` and ``false_alarm`` have the shape of the threshold.
    """

    nmse: Estimate
    mean_ratio: Estimate
    detection: ProbabilityEstimate
    false_alarm: ProbabilityEstimate


@public(detection_threshold="(-inf, inf)")
@implements("coupling.eq4", "system")
@implements("coupling.eq8", "system")
@implements("coupling.fig2", "system")
def simulate(
    link: UplinkLink,
    estimator: Callable,
    detector: Callable,
    detection_threshold: Quantity,
    n: int,
    *,
    seed: int,
    reflection_law: ReflectionLaw = "rayleigh",
    training: Training = "same",
    full_pilots: bool = False,
    block: int = 4096,
    executor: Any = None,
) -> Performance:
    """Simulate any estimator and any detector on the paper's observation.

    Parameters
    ----------
    estimator : ``estimator(training, link)`` returns channel estimates, (size, N) from (size, N)
    detector : ``detector(observation, estimate, link)`` returns a statistic (size,)
    detection_threshold : of the statistic, any real number, one or several
    n : coherence intervals drawn with the target, and again n without
    seed, block, executor : as in :mod:`isacnb.probability.estimators`; for another process the
        estimator and the detector must be functions of a module
    reflection_law, training, full_pilots : as in :func:`observe`

    The NMSE is that with the target present. :func:`estimate_paper` and
    :func:`isacnb.coupling.printed.residual_statistic_printed` make the paper's system;
    :func:`estimate_lmmse` and :func:`matched_filter_statistic` the right one.

    Claims: coupling.eq4, coupling.eq8, coupling.fig2.

    >>> p = CouplingParameters.paper(N=8)
    >>> link = UplinkLink.at(p, 25.0, 10.0)
    >>> result = simulate(link, estimate_paper, matched_filter_statistic, 1.0, 2000, seed=1)
    >>> low, high = result.false_alarm.interval()
    >>> bool(low < np.exp(-1.0) < high)
    True
    """
    levels = np.asarray(detection_threshold)
    options = {
        "reflection_law": reflection_law,
        "training": training,
        "full_pilots": full_pilots,
    }
    errors = functools.partial(_squared_errors, link, estimator, options)
    tests = functools.partial(_exceedances, link, estimator, detector, levels, options)
    run = {"block": block, "executor": executor}
    both = estimate_mean(errors, n, seed=seed, **run)
    return Performance(
        nmse=both[0],
        mean_ratio=both[1],
        detection=estimate_probability(functools.partial(tests, True), n, seed=seed, **run),
        # another stream, so that the two error rates are independent
        false_alarm=estimate_probability(functools.partial(tests, False), n, seed=seed + 1, **run),
    )


def _squared_errors(link, estimator, options, rng, size):
    """Rows of ||e||^2/(N mu) and ||e||^2/||h||^2."""
    drawn = observe(rng, size, link, **options)
    estimate = check_answer("estimator", estimator(drawn.training, link))
    squares = squared_norm(drawn.channel - estimate)
    scattered = link.N * link.scattered_gain
    return np.stack([squares / scattered, squares / squared_norm(drawn.channel)], axis=1)


def _exceedances(link, estimator, detector, levels, options, target_present, rng, size):
    drawn = observe(rng, size, link, target_present=target_present, **options)
    estimate = check_answer("estimator", estimator(drawn.training, link))
    statistic = check_answer("detector", detector(drawn.observation, estimate, link))
    return statistic.reshape((size,) + (1,) * levels.ndim) > levels


def _reflections(rng, size, law, value):
    """Drawn coefficients zeta of a target, or one value for all draws."""
    if value is not None:
        return np.full(size, complex(value))
    if law == "rayleigh":
        return complex_normal(rng, (size,))
    return np.exp(2j * np.pi * rng.random(size))


def _beamed_echo(zeta, link):
    """sqrt(P_T T_u) G w with w = a/sqrt(N), from the definition of G."""
    beam = pilot_beam(link.steering)
    amplitude = np.sqrt(link.target_power * link.pilot_length * link.target_path_loss)
    return np.outer(zeta * amplitude * np.vdot(link.steering, beam), link.steering)


def _two_gains(observation, link, gain_along, gain_across):
    centred = observation / link.amplitude_user - link.mean_channel
    along = (centred @ link.steering.conj() / link.N)[..., None] * link.steering
    return link.mean_channel + gain_across * centred + (gain_along - gain_across) * along
