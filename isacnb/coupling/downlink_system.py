"""The downlink drawn: streams, precoders and what the users hear, interval by interval.

Nothing here knows a closed form, save the normalisation inside :func:`maximum_ratio`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_answer, check_integer, check_memory
from ..probability.estimators import Estimate, estimate_mean
from ..probability.gaussian import complex_normal
from ..signals.arrays import steering_derivative, steering_vector
from ..signals.fisher import bound_of_angle, steered_information
from .downlink_sinr import DownlinkUsers, estimate_power
from .settings import CouplingParameters
from .uplink import UplinkLink, paper_gain, squared_norm, user_channel
from .uplink_system import Training, estimate_paper, observe

__all__ = [
    "DownlinkMoments",
    "echo_information",
    "maximum_ratio",
    "maximum_ratio_drawn",
    "measure_ratios",
    "receive",
    "received_signal",
    "simulate_downlink",
    "transmit_matrix",
]


@public
@implements("coupling.lem1", "right", r"\boldsymbol w_{U,k}")
def maximum_ratio(estimate: np.ndarray, links: list[UplinkLink]) -> np.ndarray:
    r"""Precoders :math:`w_k=\hat h_k/\sqrt{E\|\hat h_k\|^2}` along the estimates, (size, K, N).

    Parameters
    ----------
    estimate : estimates :math:`\hat h_k` of the K users, shape (size, K, N)
    links : the K pairs of user and target

    The mean is that of the paper's estimator, (B2): another one gives beams of another mean power.
    Source: coupling paper, before Lemma 1.

    Claim: coupling.lem1.

    At the paper's settings, user at 25 m and target at 10 m: the mean power of 20,000 drawn beams.

    >>> from isacnb.coupling.uplink_system import estimate_paper, observe
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> links = [UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)]
    >>> y = observe(np.random.default_rng(1), 20_000, links[0]).training
    >>> beams = maximum_ratio(estimate_paper(y, links[0])[:, None], links)
    >>> print(f"{np.mean(np.sum(np.abs(beams) ** 2, axis=-1)):.2f}")
    1.00
    """
    power = estimate_power(DownlinkUsers.of(links).channels, links[0].N)
    return estimate / np.sqrt(power)[:, None]


@public
@implements("coupling.lem1", "system")
def maximum_ratio_drawn(estimate: np.ndarray, links: list[UplinkLink] | None = None) -> np.ndarray:
    r"""Precoders along the estimates whose mean power is that of the drawn ones, (size, K, N).

    .. math:: w_k=\hat h_k/\sqrt{\langle\|\hat h_k\|^2\rangle}

    Parameters
    ----------
    estimate : estimates :math:`\hat h_k` of the K users, shape (size, K, N)
    links : not used; :func:`simulate_downlink` hands them to every precoder

    The mean is over the first axis: it holds for any estimator, and is off by a relative error of
    order 1/sqrt(size N). Raises ``ValueError`` for another shape, or none drawn, and for estimates
    that are all 0.

    Claim: coupling.lem1.

    >>> maximum_ratio_drawn(np.array([[[1.0, 0.0]], [[0.0, 3.0]]])).round(3)
    array([[[0.447, 0.   ]],
    <BLANKLINE>
           [[0.   , 1.342]]])
    """
    estimate = np.asarray(estimate)
    if estimate.ndim != 3 or not len(estimate):
        raise ValueError(f"estimate must have shape (size, K, N), got {estimate.shape}")
    power = squared_norm(estimate).mean(axis=0)
    if not np.all(power > 0):
        raise ValueError("estimate must have a mean power > 0 for each user, got 0")
    return estimate / np.sqrt(power)[:, None]


@public
@implements("coupling.eq14", "right", r"\boldsymbol X_{d,l}")
@implements("coupling.C1", "tool")
def transmit_matrix(
    user_beam: np.ndarray,
    target_beam: np.ndarray,
    streams: np.ndarray,
    data_share: float,
    downlink_power: float,
) -> np.ndarray:
    r"""Transmitted symbols :math:`X_{d,l}`, shape (..., N, T_d), in square roots of watts.

    .. math:: X_{d,l} = \sqrt{P_d\rho}\sum_kw_ks_k + \sqrt{P_d(1-\rho)}\,w_Ts_T

    Parameters
    ----------
    user_beam : rows w_{U,k}, shape (..., K, N)
    target_beam : w_{T,l}, shape (..., N)
    streams : K + 1 rows (K + 1, T_d), that of the target last
    data_share : rho in [0, 1]
    downlink_power : P_d > 0 in watts

    With orthogonal streams and beams of unit norm it carries the power :math:`P_d(K\rho + 1-\rho)`,
    not P_d. Raises ``ValueError`` for shapes that do not fit each other. Source: coupling paper,
    before (14).

    Claims: coupling.eq14, coupling.C1.

    At the paper's settings, users in four directions: the radiated power over P_d.

    >>> from isacnb.signals.streams import orthogonal_streams
    >>> from isacnb.signals.arrays import steering_vector
    >>> beams = steering_vector(np.deg2rad([-50.0, -20.0, 10.0, 35.0, -35.0]), 64) / 8
    >>> X = transmit_matrix(beams[:4], beams[4], orthogonal_streams(64, 5), 0.5, 1.0)
    >>> print(f"{np.sum(np.abs(X) ** 2) / 64:.3f}")
    2.500
    """
    users, target, streams = map(np.asarray, (user_beam, target_beam, streams))
    if users.ndim < 2 or streams.ndim != 2 or len(streams) != users.shape[-2] + 1:
        raise ValueError(
            "streams must have shape (K + 1, T) for user_beam (..., K, N), got "
            f"{streams.shape} and {users.shape}"
        )
    if target.shape[-1:] != users.shape[-1:]:
        raise ValueError(
            f"target_beam must have shape (..., {users.shape[-1]}) for user_beam {users.shape}, "
            f"got {target.shape}"
        )
    data = np.swapaxes(users, -1, -2) @ streams[:-1]
    sensing = target[..., :, None] * streams[-1]
    return (
        np.sqrt(downlink_power * data_share) * data
        + np.sqrt(downlink_power * (1 - data_share)) * sensing
    )


@public
@implements("coupling.eq14", "right", r"\boldsymbol y_{U,k}")
def received_signal(
    channel: np.ndarray,
    user_beam: np.ndarray,
    target_beam: np.ndarray,
    streams: np.ndarray,
    data_share: float,
    downlink_power: float,
) -> np.ndarray:
    r"""What the users hear without noise, shape (size, K, T_d), in roots of watts.

    .. math:: \sqrt{P_d\rho}\sum_{i=1}^K h_k^Hw_is_i + \sqrt{P_d(1-\rho)}\,h_k^Hw_Ts_T

    Parameters
    ----------
    channel : channels h_k of the K users, shape (size, K, N)
    user_beam : precoders w_k, (size, K, N)
    target_beam : w_T, (N,)
    streams : rows s_k of unit symbol power, that of the target last, (K + 1, T_d)
    data_share : rho
    downlink_power : P_d in watts

    Raises ``ValueError`` for shapes that do not fit.

    Claim: coupling.eq14.

    At the paper's settings, two users in the directions 0.3 and -0.2 with their own beams: the
    amplitude that the second hears of the first user's stream over that of its own, printed and
    right:

    >>> from isacnb.coupling.printed import received_signal_printed
    >>> from isacnb.coupling.uplink import UplinkLink
    >>> from isacnb.signals.streams import orthogonal_streams
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper(K=2)
    >>> links = [UplinkLink.at(p, 25.0, 10.0, angle) for angle in (0.3, -0.2)]
    >>> h = np.stack([link.line_of_sight for link in links])[None]
    >>> s = orthogonal_streams(64, 3)
    >>> for f in (received_signal_printed, received_signal):
    ...     y = f(h, h / 8, h[0, 0] / 8, s, p.data_share, p.downlink_power)
    ...     parts = np.abs(y[0, 1] @ s.conj().T / 64)
    ...     print(f"{parts[0] / parts[1]:.3f}")
    1.000
    0.012
    """
    if channel.ndim != 3 or channel.shape != user_beam.shape:
        raise ValueError(
            "channel and user_beam must have one shape (size, K, N), got "
            f"{channel.shape} and {user_beam.shape}"
        )
    _, K, N = channel.shape
    if target_beam.shape != (N,):
        raise ValueError(f"target_beam must have shape {(N,)}, got {target_beam.shape}")
    if streams.ndim != 2 or len(streams) != K + 1:
        raise ValueError(f"streams must have {K + 1} rows, got shape {streams.shape}")
    data = np.einsum("skn,sin,it->skt", channel.conj(), user_beam, streams[:-1], optimize=True)
    target = (channel.conj() @ target_beam)[..., None] * streams[-1]
    signal = np.sqrt(data_share) * data + np.sqrt(1 - data_share) * target
    return np.sqrt(downlink_power) * signal


@public
@implements("coupling.eq14", "system")
def receive(
    rng: np.random.Generator, channel: np.ndarray, transmitted: np.ndarray, noise_power: float
) -> np.ndarray:
    r"""What the users hear, :math:`h_k^HX + n`, shape (size, K, T_d), in roots of watts.

    Parameters
    ----------
    rng : source of the noise
    channel : channels h_k of the K users, shape (size, K, N)
    transmitted : X, (size, N, T_d)
    noise_power : N_0 in watts

    Claim: coupling.eq14.

    >>> heard = receive(np.random.default_rng(1), np.ones((1, 2, 3)), np.ones((1, 3, 4)), 0.0)
    >>> heard.real
    array([[[3., 3., 3., 3.],
            [3., 3., 3., 3.]]])
    """
    heard = channel.conj() @ transmitted
    return heard + complex_normal(rng, heard.shape, noise_power)


@dataclass(frozen=True, eq=False)
class DownlinkMoments:
    """Simulated means, each with its standard error, and the SINR that they make.

    ``user_beam_amplitude`` is the real part of E{h_k^H w_k}, (K,). ``user_beam_gain`` is
    E|h_k^H w_i|^2, (K, K). ``target_beam_gain`` is E|h_k^H w_T|^2, (K,). ``sinr``, (K,), has a
    standard error of its own, from ``n`` batches. All without unit.
    """

    user_beam_amplitude: Estimate
    user_beam_gain: Estimate
    target_beam_gain: Estimate
    sinr: Estimate


@public(batches="integers [2, inf)", batch="integers [1, inf)")
@implements("coupling.lem1", "system")
def simulate_downlink(
    links: list[UplinkLink],
    target_index: int,
    data_share: float,
    downlink_power: float,
    batches: int,
    *,
    seed: int,
    batch: int = 1000,
    estimator: Callable = estimate_paper,
    precoder: Callable = maximum_ratio_drawn,
    training: Training = "same",
) -> DownlinkMoments:
    """Simulate channels, pilots with echoes, estimates and precoders, and measure the SINR (15).

    Parameters
    ----------
    links : the K pairs of user and target; each has a pilot of its own
    target_index : place in the list, from 0, of the pair whose target is sensed
    data_share : rho
    downlink_power : P_d in watts
    batches, batch : number of batches, at least 2, and of intervals drawn in each
    seed : of the draws
    estimator : ``estimator(observation, link)`` gives estimates (size, N)
    precoder : ``precoder(estimates, links)`` gives beams (size, K, N) of unit mean power
    training : what the estimator sees, as in :func:`isacnb.coupling.uplink_system.observe`

    Nothing here knows a closed form. Raises ``ValueError`` for an index outside the list, and for
    batches that no memory holds.

    Claim: coupling.lem1.

    At the paper's settings, one pair: drawn and computed SINR.

    >>> from isacnb.coupling.downlink_sinr import sinr_of_links
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> links = [UplinkLink.at(CouplingParameters.paper(N=8), 60.0, 9.0)]
    >>> drawn = simulate_downlink(links, 0, 0.5, 1.0, 20, seed=1, batch=500).sinr.mean[0]
    >>> print(f"{drawn:.1f} {sinr_of_links(links, 0, 0.5, 1.0)[0]:.1f}")
    5.7 5.7
    """
    K, N = len(links), links[0].N
    check_integer("target_index", target_index, 0, K - 1)
    check_memory((batch, K, N))
    noise_ratio = links[0].noise_power / downlink_power
    beam = links[target_index].steering / np.sqrt(N)

    def one_batch(rng):
        drawn = [observe(rng, batch, link, training=training) for link in links]
        estimates = [
            check_answer("estimator", estimator(seen.training, link))
            for seen, link in zip(drawn, links, strict=True)
        ]
        beams = check_answer("precoder", precoder(np.stack(estimates, axis=1), links))
        channels = np.stack([seen.channel for seen in drawn], axis=1)
        products = np.einsum("skn,sin->ski", channels.conj(), beams, optimize=True)
        gain = (np.abs(products) ** 2).mean(axis=0)
        amplitude = np.diagonal(products, axis1=1, axis2=2).mean(axis=0)
        sensing = (np.abs(channels.conj() @ beam) ** 2).mean(axis=0)
        useful = data_share * np.abs(amplitude) ** 2
        rest = data_share * gain.sum(axis=1) - useful + (1 - data_share) * sensing + noise_ratio
        return np.concatenate([amplitude.real, gain.ravel(), sensing, useful / rest])

    def rows(rng, size):
        return np.stack([one_batch(rng) for _ in range(size)])

    result = estimate_mean(rows, batches, seed=seed, block=16)
    ends = np.cumsum([K, K * K, K, K])[:-1]
    means = np.split(result.mean, ends)
    errors = np.split(result.standard_error, ends)
    shapes = ((K,), (K, K), (K,), (K,))
    return DownlinkMoments(
        *(
            replace(
                result,
                mean=mean.reshape(shape),
                standard_error=error.reshape(shape),
                batch=batch,
            )
            for mean, error, shape in zip(means, errors, shapes, strict=True)
        )
    )


@public(intervals="integers [2, inf)")
@implements("coupling.eq28", "system")
@implements("coupling.thm2", "system")
@implements("coupling.fig9", "system")
def measure_ratios(
    rng: np.random.Generator,
    user_distance: Quantity,
    target_distance: Quantity,
    parameters: CouplingParameters,
    intervals: int,
    *,
    training: Literal["same", "white"] = "same",
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mutual interference 1/Psi and mutual benefit 1/Omega, measured at each of some places.

    Parameters
    ----------
    rng : source of directions, channels, reflections and noise
    user_distance, target_distance : of the pair in metres, of one shape (size,)
    parameters : the settings, with N >= 2 and 0 < rho < 1
    intervals : coherence intervals drawn at each place
    training : what the estimates contain beside channel and noise. "same": the echo of the target,
        as the system has it. "white": white interference of the echo's power, so that the
        covariance of an estimate is that of (25)

    In every interval channel, reflection and noise are drawn anew, the channel is estimated from the
    pilot with the paper's gain, and the precoder is the estimate over the root of its mean power.

    - The interference is :math:`(1-\rho)\langle|h^Hw_T|^2\rangle/(\rho|\langle h^Hw\rangle|^2)`.
    - The benefit is by how much, in its own units, the information on the target's angle grows with
      the scattered part of the user's beam. Both bounds are the first element of the inverse of a
      3 x 3 information matrix, of the angle and the reflection, that all intervals share.

    The sine of the target's direction is uniform on (-1, 1), and the user stands in a direction that
    the array resolves from it, :math:`a^H(\theta)a(\varphi) = 0`, as in the limit of many antennas.
    Sampling leaves a relative error of order :math:`1/\sqrt{\text{intervals}}` in either. Raises
    ``ValueError`` for other shapes and settings, and for what cannot fit.

    Claims: coupling.eq28, coupling.thm2, coupling.fig9.

    At the paper's settings without noise, user at 25 m and target at 10 m: interference and benefit
    drawn, over what their formulas say.

    >>> from isacnb.coupling.downlink_ratios import enhancement_ratio_system, interference_ratio
    >>> p = CouplingParameters.paper(noise=None, N=8)
    >>> drawn = measure_ratios(np.random.default_rng(1), [25.0], [10.0], p, 20_000)
    >>> u, x = p.user_energy(25.0), p.echo_energy(10.0)
    >>> psi = interference_ratio(u / (u + x), 8, 1.0, 0.5)
    >>> omega = enhancement_ratio_system(u / (u + x), x / (u + x), 8, 1.0, 0.5)
    >>> print(f"{drawn[0].item() * psi:.1f} {drawn[1].item() * omega:.1f}")
    1.0 1.0
    """
    p, N = parameters, parameters.N
    near, far = np.asarray(user_distance), np.asarray(target_distance)
    if near.ndim != 1 or near.shape != far.shape:
        raise ValueError(
            "user_distance and target_distance must have one shape (size,), got "
            f"{near.shape} and {far.shape}"
        )
    if N < 2 or not 0 < p.data_share < 1:
        raise ValueError(f"N must be >= 2 and data_share in (0, 1), got {N} and {p.data_share}")
    check_memory((near.size, intervals, 4 * N))
    sine = rng.uniform(-1, 1, near.size)
    apart = rng.integers(1, N, near.size)
    user_sine = (sine + 2 * apart / N + 1) % 2 - 1
    sight = steering_vector(np.arcsin(user_sine), N)[:, None]
    angle = np.arcsin(sine)
    a = steering_vector(angle, N)[:, None]
    gain, loss = p.scattered_gain(near)[:, None, None], p.target_path_loss(far)[:, None, None]
    shape = (near.size, intervals, N)
    channel = user_channel(sight, complex_normal(rng, shape), gain, p.rician_factor)
    mean = user_channel(sight, 0.0, gain, p.rician_factor)

    echo_power = p.target_power * p.pilot_length * loss
    if training == "same":
        # the beam a/sqrt(N) comes back as a a^H a/sqrt(N)
        echo = complex_normal(rng, (*shape[:2], 1)) * np.sqrt(echo_power * N) * a
    else:
        echo = np.sqrt(echo_power * N) * complex_normal(rng, shape)
    amplitude = np.sqrt(p.user_power * p.pilot_length)
    received = amplitude * channel + echo
    if p.noise_power:
        received = received + complex_normal(rng, shape, p.noise_power)
    share = paper_gain(*p.energies(gain, loss))
    guess = mean + share / amplitude * (received - amplitude * mean)
    power = squared_norm(guess).mean(axis=1)[:, None, None]
    beam = guess / np.sqrt(power)

    useful = np.abs(np.einsum("sin,sin->s", channel.conj(), beam) / intervals) ** 2
    sensing = squared_norm((channel @ np.swapaxes(a.conj(), 1, 2))[..., 0]) / intervals / N
    interference = (1 - p.data_share) * sensing / (p.data_share * useful)

    scattered = np.swapaxes(beam - mean / np.sqrt(power), 1, 2)
    alone = (1 - p.data_share) * intervals * echo_information(angle, a[:, 0, :, None] / np.sqrt(N))
    added = p.data_share * echo_information(angle, scattered)
    return interference, bound_of_angle(alone) / bound_of_angle(alone + added) - 1


@public
@implements("coupling.lem3", "system")
@implements("coupling.C2", "system")
@implements("coupling.C4", "system")
@implements("coupling.C5", "system")
def echo_information(target_angle: Quantity, transmitted: np.ndarray) -> np.ndarray:
    r"""Fisher information of drawn transmissions on angle and reflection, shape (..., 3, 3).

    Parameters
    ----------
    target_angle : theta in radians, shape (...)
    transmitted : X, symbol by symbol, shape (..., N, T)

    It multiplies out the derivatives of the echo :math:`\varpi\,a a^HX`, antenna by antenna and
    symbol by symbol, in the angle, the real and the imaginary part of the reflection, for a
    reflection of 1 and in units of :math:`2/N_0`. No trace is formed. Raises ``ValueError`` for a
    matrix of another shape.

    Claims: coupling.lem3, coupling.C2, coupling.C4, coupling.C5.

    Two antennas that send the same symbol to a target broadside:

    >>> echo_information(0.0, np.ones((2, 1))).round(3)
    array([[19.739,  0.   ,  0.   ],
           [ 0.   ,  8.   ,  0.   ],
           [ 0.   ,  0.   ,  8.   ]])
    """
    sent = np.asarray(transmitted)
    if sent.ndim < 2:
        raise ValueError(f"transmitted must have shape (..., N, T), got {sent.shape}")
    N = sent.shape[-2]
    a, slope = (make(target_angle, N) for make in (steering_vector, steering_derivative))
    return steered_information(slope, a, slope, a, sent)
