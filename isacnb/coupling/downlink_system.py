"""The downlink drawn: streams, precoders and what the users hear, interval by interval.

Nothing here knows a closed form, save the normalisation inside :func:`maximum_ratio`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..numbers.door import public
from ..numbers.index import implements
from ..numbers.validation import check_answer, check_integer, check_memory
from ..probability.estimators import Estimate, estimate_mean
from ..probability.gaussian import complex_normal
from .downlink_sinr import DownlinkUsers, estimate_power
from .uplink import UplinkLink
from .uplink_system import estimate_paper, observe

__all__ = [
    "DownlinkMoments",
    "maximum_ratio",
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
    precoder: Callable = maximum_ratio,
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

    Nothing here knows a closed form, save the normalisation inside :func:`maximum_ratio`. Raises
    ``ValueError`` for an index outside the list, and for batches that no memory holds.

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
        drawn = [observe(rng, batch, link) for link in links]
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
