r"""Downlink communication of the coupling paper: SINR, rate, and the system that they describe.

User k has the channel :math:`h_k = \sqrt{\mu_k\kappa_k}\,\bar h_k + \sqrt{\mu_k}\,\tilde h_k`. The base
station knows its uplink estimate :math:`\hat h_k` and sends along it (maximum ratio transmission),
and along :math:`a(\theta_l)` for the target of the interval. What the estimate contributes to every
second moment is its covariance, and with the gain :math:`c = u/(u+x+N_0)` of the paper's estimator
that is

.. math:: \mathrm{Cov}(\hat h_k) = \phi_k I + \chi_k\,(a(\theta_k)a^H(\theta_k) - I), \qquad
          \phi = c\mu, \quad \chi = \phi\,\frac{x}{u + x + N_0}:

the echo of the target that shares the pilot has come along in the estimate, from one direction. The
paper has :math:`\phi_k I`, which is the value ``echo_variance=0`` everywhere below.

Arrays of users have the user on their last axis; ``overlap[..., k, i]`` is
:math:`|\bar h_k^H\bar h_i|^2`, with :math:`\|\bar h_k\|^4` on the diagonal, and
``echo_overlap[..., k, i]`` is :math:`|a^H(\theta_i)\bar h_k|^2`. Formulas take numbers, arrays and
arrays of symbols.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..generic import Quantity, arithmetic
from ..sampling import Estimate, complex_normal, estimate_mean
from ..validation import check_integer, check_real
from .uplink import UplinkLink, estimate_printed, observe, printed_gain

__all__ = [
    "DownlinkMoments",
    "beam_power",
    "disturbance",
    "estimate_power",
    "estimate_variances",
    "maximum_ratio",
    "overlaps",
    "own_beam_power",
    "receive",
    "scene_sinr",
    "scene_sinr_large_array",
    "scene_sinr_printed",
    "sensing_beam_power",
    "simulate_downlink",
    "sinr",
    "sinr_large_array",
    "sinr_per_antenna_limit",
    "sinr_printed",
    "sum_rate",
    "symbol_streams",
    "transmit_matrix",
    "transmit_power",
]


# --- Closed forms -------------------------------------------------------------------------------


def estimate_variances(
    energy_user: Quantity, energy_echo: Quantity, noise_power: Quantity, scattered_gain: Quantity
) -> tuple[Quantity, Quantity]:
    r"""Variances :math:`\phi = c\mu` and :math:`\chi = \phi\,x/(u+x+N_0)` of the paper's estimate.

    :math:`\chi` is the part of the estimate that is the echo, an element; the covariance is
    :math:`\phi I + \chi(aa^H - I)`. Arguments as in :func:`isacnb.coupling.uplink.printed_gain` and
    mu > 0; arrays broadcast, symbols pass. Source: coupling paper, before (4), for the first.

    >>> [float(v) for v in estimate_variances(2.0, 1.0, 1.0, 4.0)]
    [2.0, 0.5]
    """
    gain = printed_gain(energy_user, energy_echo, noise_power)
    scattered_gain = check_real("scattered_gain", scattered_gain, 0, open_low=True)
    phi = gain * scattered_gain
    return phi, phi * energy_echo / (energy_user + energy_echo + noise_power)


def estimate_power(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    line_of_sight_power: Quantity,
    N: Quantity,
) -> Quantity:
    r"""Mean squared norm of the estimate, :math:`\mu\kappa\|\bar h\|^2 + \phi N`.

    It is also the mean :math:`E\{h^H\hat h\}`. The echo changes neither, because the trace of
    :math:`aa^H - I` is 0. Source: coupling paper, (B2).
    """
    return scattered_gain * rician_factor * line_of_sight_power + estimate_variance * N


def beam_power(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    line_of_sight_power: Quantity,
    other_scattered_gain: Quantity,
    other_rician_factor: Quantity,
    other_estimate_variance: Quantity,
    other_line_of_sight_power: Quantity,
    overlap: Quantity,
    N: Quantity,
    *,
    other_echo_variance: Quantity = 0,
    echo_overlap: Quantity = 0,
) -> Quantity:
    r"""Mean :math:`E|h_k^H\hat h_i|^2` of the power that user k hears of user i's beam, i not k.

    .. math:: \mu_i\mu_k\kappa_i\kappa_k|\bar h_k^H\bar h_i|^2 + \mu_i\mu_k\kappa_i\|\bar h_i\|^2
        + \phi_i\mu_k\kappa_k\|\bar h_k\|^2 + \phi_i\mu_kN
        + \chi_i\mu_k\kappa_k\left(|a^H(\theta_i)\bar h_k|^2 - \|\bar h_k\|^2\right)

    The last term is missing in the paper, (B4); ``other_echo_variance=0`` leaves it out. The beam is
    not normalised here. All arguments broadcast, symbols pass.
    """
    mean_own = scattered_gain * rician_factor
    mean_other = other_scattered_gain * other_rician_factor
    return (
        mean_other * mean_own * overlap
        + mean_other * scattered_gain * other_line_of_sight_power
        + other_estimate_variance * mean_own * line_of_sight_power
        + other_estimate_variance * scattered_gain * N
        + other_echo_variance * mean_own * (echo_overlap - line_of_sight_power)
    )


def own_beam_power(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    line_of_sight_power: Quantity,
    N: Quantity,
    *,
    echo_variance: Quantity = 0,
    echo_overlap: Quantity = 0,
) -> Quantity:
    r"""Mean :math:`E|h_k^H\hat h_k|^2` of the power that a user hears of its own beam.

    .. math:: \phi\mu N + \mu\kappa(\mu+\phi)\|\bar h\|^2 + (\phi N + \mu\kappa\|\bar h\|^2)^2
        + \chi\mu\kappa\left(|a^H\bar h|^2 - \|\bar h\|^2\right)

    The last term is missing in the paper, (B5). Arguments as in :func:`beam_power`.
    """
    mean = scattered_gain * rician_factor
    return (
        estimate_variance * scattered_gain * N
        + mean * (scattered_gain + estimate_variance) * line_of_sight_power
        + (estimate_variance * N + mean * line_of_sight_power) ** 2
        + echo_variance * mean * (echo_overlap - line_of_sight_power)
    )


def sensing_beam_power(
    scattered_gain: Quantity, rician_factor: Quantity, beam_overlap: Quantity, N: Quantity
) -> Quantity:
    r"""Mean :math:`E|h_k^Ha(\theta_l)|^2 = \mu\kappa|a^H(\theta_l)\bar h_k|^2 + \mu N`; see (B6)."""
    return scattered_gain * rician_factor * beam_overlap + scattered_gain * N


def disturbance(
    scattered_gain: ArrayLike,
    rician_factor: ArrayLike,
    estimate_variance: ArrayLike,
    overlap: ArrayLike,
    beam_overlap: ArrayLike,
    N: Quantity,
    power_split: Quantity,
    noise_ratio: Quantity,
    *,
    echo_variance: ArrayLike | None = None,
    echo_overlap: ArrayLike | None = None,
    split_on_loss: bool = True,
) -> np.ndarray:
    r"""Denominator of the SINR over the downlink power, for every user, shape (..., K).

    Parameters
    ----------
    scattered_gain, rician_factor, estimate_variance : mu > 0, kappa >= 0, phi >= 0, shape (..., K)
    overlap : :math:`|\bar h_k^H\bar h_i|^2`, (..., K, K), the squares of the squared norms on the
        diagonal
    beam_overlap : :math:`|a^H(\theta_l)\bar h_k|^2`, (..., K)
    N : antennas, whole number >= 1
    power_split : rho in [0, 1]
    noise_ratio : N_0 / P_d >= 0
    echo_variance, echo_overlap : chi, (..., K), and :math:`|a^H(\theta_i)\bar h_k|^2`, (..., K, K);
        without them the covariance of the estimate is taken for phi I
    split_on_loss : False takes (20) literally, where rho stands before the sum only and not
        before the subtracted fraction

    Raises ``ValueError`` outside these ranges. Source: coupling paper, Lemma 1, and ours.
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    N = check_integer("N", N, 1)
    rho = check_real("power_split", power_split, 0, 1)
    noise_ratio = check_real("noise_ratio", noise_ratio, 0)
    overlap, beam_overlap = np.asarray(overlap), np.asarray(beam_overlap)
    users = mu.shape[-1]
    if overlap.shape[-2:] != (users, users) or beam_overlap.shape[-1:] != (users,):
        raise ValueError(
            f"overlap and beam_overlap must end in ({users}, {users}) and ({users},), got shapes "
            f"{overlap.shape} and {beam_overlap.shape}"
        )
    # the line of sight has the norm that the diagonal of the overlaps says
    power = _norms(overlap)
    chi = np.zeros(users, dtype=int) if echo_variance is None else np.asarray(echo_variance)
    other = np.zeros_like(overlap) if echo_overlap is None else np.asarray(echo_overlap)
    heard = beam_power(
        mu[..., :, None],
        kappa[..., :, None],
        power[..., :, None],
        mu[..., None, :],
        kappa[..., None, :],
        phi[..., None, :],
        power[..., None, :],
        overlap,
        N,
        other_echo_variance=chi[..., None, :],
        echo_overlap=other,
    )
    sent = estimate_power(mu, kappa, phi, power, N)
    # (B5) less the square of the mean leaves what (B4) has for i = k less mu^2 kappa^2 |h|^4
    known = (mu * kappa * power) ** 2 / sent
    interference = rho * (heard / sent[..., None, :]).sum(axis=-1)
    interference = interference - (rho * known if split_on_loss else known)
    sensing = (1 - rho) * sensing_beam_power(mu, kappa, beam_overlap, N) / N
    return interference + sensing + noise_ratio


def sinr(
    scattered_gain: ArrayLike,
    rician_factor: ArrayLike,
    estimate_variance: ArrayLike,
    overlap: ArrayLike,
    beam_overlap: ArrayLike,
    N: Quantity,
    power_split: Quantity,
    noise_ratio: Quantity,
    *,
    echo_variance: ArrayLike | None = None,
    echo_overlap: ArrayLike | None = None,
) -> np.ndarray:
    """SINR of every user under maximum ratio transmission, shape (..., K).

    The arguments are those of :func:`disturbance`. With ``echo_variance`` and ``echo_overlap`` it is
    the SINR of the system; without, Lemma 1 of the paper with rho before the whole bracket.
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    rest = disturbance(
        mu,
        kappa,
        phi,
        overlap,
        beam_overlap,
        N,
        power_split,
        noise_ratio,
        echo_variance=echo_variance,
        echo_overlap=echo_overlap,
    )
    return _signal(mu, kappa, phi, overlap, N, power_split) / rest


def sinr_printed(
    scattered_gain: ArrayLike,
    rician_factor: ArrayLike,
    estimate_variance: ArrayLike,
    overlap: ArrayLike,
    beam_overlap: ArrayLike,
    N: Quantity,
    power_split: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    """SINR (20) of the paper letter by letter; arguments of :func:`disturbance`.

    Two things differ from :func:`sinr`: rho is missing before the subtracted fraction, and the echo
    in the estimate is taken for white.
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    rest = disturbance(
        mu,
        kappa,
        phi,
        overlap,
        beam_overlap,
        N,
        power_split,
        noise_ratio,
        split_on_loss=False,
    )
    return _signal(mu, kappa, phi, overlap, N, power_split) / rest


def sinr_large_array(
    scattered_gain: ArrayLike,
    rician_factor: ArrayLike,
    estimate_variance: ArrayLike,
    N: Quantity,
    power_split: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""SINR (21) of Lemma 2, without any overlap of directions, shape (..., K).

    Arguments as in :func:`disturbance`. The estimate's variance depends on N itself.
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    N = check_integer("N", N, 1)
    rho = check_real("power_split", power_split, 0, 1)
    noise_ratio = check_real("noise_ratio", noise_ratio, 0)
    shared = (
        mu[..., None, :] * mu[..., :, None] * kappa[..., None, :]
        + phi[..., None, :] * mu[..., :, None] * kappa[..., :, None]
        + phi[..., None, :] * mu[..., :, None]
    ) / (mu * kappa + phi)[..., None, :]
    rest = rho * shared.sum(axis=-1) + (1 - rho) * mu + noise_ratio
    return rho * N * (mu * kappa + phi) / rest


def sinr_per_antenna_limit(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    users: Quantity,
    power_split: Quantity,
    noise_ratio: Quantity,
) -> Quantity:
    r"""Limit of SINR / N for many antennas at fixed, different directions and fixed distances.

    .. math:: \frac{\rho\mu\kappa}{(\rho K + 1 - \rho)\mu + N_0/P_d}

    The estimate's variance phi is gone: it falls as 1/N, because the echo grows as N. For kappa = 0
    the limit is 0, the SINR itself stays bounded. Arguments of one user.
    """
    rho = power_split
    rest = (rho * users + 1 - rho) * scattered_gain + noise_ratio
    return rho * scattered_gain * rician_factor / rest


def sum_rate(sinr: ArrayLike, share: float = 1.0) -> np.ndarray:
    r"""Sum over the users (last axis) of :math:`\text{share}\cdot\log_2(1+\gamma_k)` in bit/s/Hz.

    ``share`` in [0, 1] is the part of an interval that carries data, such as T_d/(T_u + T_d).

    >>> float(sum_rate([1.0, 3.0]))
    3.0
    """
    values = check_real("sinr", sinr, 0)
    share = check_real("share", share, 0, 1)
    return share * np.log2(1 + values).sum(axis=-1)


def transmit_power(users: Quantity, power_split: Quantity, power_downlink: Quantity) -> Quantity:
    r"""Mean power that X_d radiates a symbol, :math:`P_d(\rho K + 1 - \rho)`, for beams of unit power.

    >>> float(transmit_power(4, 0.5, 1.0))
    2.5
    """
    users = check_integer("users", users, 1)
    rho = check_real("power_split", power_split, 0, 1)
    power = check_real("power_downlink", power_downlink, 0, open_low=True)
    return power * (rho * users + 1 - rho)


# --- The system ---------------------------------------------------------------------------------


def overlaps(links: list[UplinkLink]) -> tuple[np.ndarray, np.ndarray]:
    r"""``overlap`` and ``echo_overlap`` of :func:`disturbance` for a list of pairs.

    The column i of the second, :math:`|a^H(\theta_i)\bar h_k|^2` over k, is the ``beam_overlap`` of
    the interval in which target i is sensed.
    """
    sights = np.stack([link.line_of_sight for link in links])
    beams = np.stack([link.steering for link in links])
    return np.abs(sights.conj() @ sights.T) ** 2, np.abs(sights @ beams.conj().T) ** 2


def scene_sinr(
    links: list[UplinkLink], target: int, power_split: float, power: float
) -> np.ndarray:
    """SINR of every user of a list of pairs while the target of one index is sensed, shape (K,).

    ``power`` is P_d > 0. The echo in the estimates is counted as it is.
    """
    arguments, extra = _scene(links, target, power_split, power)
    return sinr(*arguments, **extra)


def scene_sinr_printed(
    links: list[UplinkLink], target: int, power_split: float, power: float
) -> np.ndarray:
    """SINR (20) as printed; arguments as in :func:`scene_sinr`."""
    arguments, _ = _scene(links, target, power_split, power)
    return sinr_printed(*arguments)


def scene_sinr_large_array(
    links: list[UplinkLink], target: int, power_split: float, power: float
) -> np.ndarray:
    """SINR (21) of Lemma 2; arguments as in :func:`scene_sinr`."""
    (mu, kappa, phi, _, _, *rest), _ = _scene(links, target, power_split, power)
    return sinr_large_array(mu, kappa, phi, *rest)


def symbol_streams(length: int, count: int) -> np.ndarray:
    r"""Orthogonal streams s_1 .. s_count of unit symbol power as rows, :math:`SS^H = T_dI`.

    Raises ``ValueError`` unless 1 <= count <= length.
    """
    length = check_integer("length", length, 1)
    count = check_integer("count", count, 1, length)
    return np.exp(2j * np.pi * np.outer(np.arange(count), np.arange(length)) / length)


def maximum_ratio(estimates: np.ndarray, links: list[UplinkLink]) -> np.ndarray:
    r"""Precoders :math:`\hat h_k/\sqrt{E\|\hat h_k\|^2}`, (size, K, N) from estimates of that shape.

    The mean is that of the paper's estimator, (B2). Source: coupling paper, before Lemma 1.
    """
    powers = []
    for link in links:
        phi, _ = estimate_variances(*link.energies, link.scattered_gain)
        sight = np.vdot(link.line_of_sight, link.line_of_sight).real
        powers.append(
            estimate_power(link.scattered_gain, link.rician_factor, phi, sight, link.antennas)
        )
    return estimates / np.sqrt(np.array(powers))[:, None]


def transmit_matrix(
    precoders: np.ndarray,
    beam: np.ndarray,
    streams: np.ndarray,
    power_split: float,
    power: float,
) -> np.ndarray:
    r"""Transmitted symbols :math:`X_{d,l}`, shape (size, N, T_d).

    Parameters
    ----------
    precoders : w_{U,k}, (size, K, N)
    beam : w_{T,l}, (N,)
    streams : K + 1 rows (K + 1, T_d), that of the target last
    power_split, power : rho in [0, 1] and P_d > 0

    Source: coupling paper, before (14).
    """
    rho = float(check_real("power_split", power_split, 0, 1))
    power = float(check_real("power", power, 0, open_low=True))
    users = precoders.shape[1]
    if len(streams) != users + 1:
        raise ValueError(f"streams must have {users + 1} rows, got {len(streams)}")
    data = np.einsum("skn,kt->snt", precoders, streams[:-1], optimize=True)
    return np.sqrt(power * rho) * data + np.sqrt(power * (1 - rho)) * np.outer(beam, streams[-1])


def receive(
    rng: np.random.Generator, channels: np.ndarray, transmitted: np.ndarray, noise_power: float
) -> np.ndarray:
    r"""What the users hear, :math:`h_k^HX + n`, shape (size, K, T_d), from channels (size, K, N)."""
    heard = channels.conj() @ transmitted
    return heard + complex_normal(rng, heard.shape, noise_power)


@dataclass(frozen=True, eq=False)
class DownlinkMoments:
    """Simulated means, each with its standard error, and the SINR that they make.

    ``signal`` is the real part of E{h_k^H w_k}, (K,). ``power`` is E|h_k^H w_i|^2, (K, K).
    ``sensing`` is E|h_k^H w_T|^2, (K,). ``sinr`` has a standard error of its own, from ``n`` batches.
    """

    signal: Estimate
    power: Estimate
    sensing: Estimate
    sinr: Estimate


def simulate_downlink(
    links: list[UplinkLink],
    target: int,
    power_split: float,
    power: float,
    batches: int,
    *,
    seed: int,
    batch: int = 1000,
    estimator: Callable = estimate_printed,
    precoder: Callable = maximum_ratio,
) -> DownlinkMoments:
    """Simulate channels, pilots with echoes, estimates and precoders, and measure the SINR (15).

    Parameters
    ----------
    links : the K pairs; each has a pilot of its own
    target : index of the target that is sensed in this interval
    power_split, power : rho in [0, 1] and P_d > 0
    batches, batch : number of batches >= 2 and intervals drawn in each
    estimator : ``estimator(observation, link)`` gives estimates (size, N)
    precoder : ``precoder(estimates, links)`` gives beams (size, K, N) of unit mean power

    Nothing here knows a closed form, save the normalisation inside :func:`maximum_ratio`.
    """
    rho = float(check_real("power_split", power_split, 0, 1))
    noise_ratio = links[0].noise_power / float(check_real("power", power, 0, open_low=True))
    users = len(links)
    check_integer("target", target, 0, users - 1)
    beam = links[target].steering / np.sqrt(links[target].antennas)

    def one_batch(rng):
        drawn = [observe(rng, batch, link) for link in links]
        estimates = [
            estimator(seen.training, link) for seen, link in zip(drawn, links, strict=True)
        ]
        beams = precoder(np.stack(estimates, axis=1), links)
        channels = np.stack([seen.channel for seen in drawn], axis=1)
        gains = np.einsum("skn,sin->ski", channels.conj(), beams, optimize=True)
        power_heard = (np.abs(gains) ** 2).mean(axis=0)
        signal = np.diagonal(gains, axis1=1, axis2=2).mean(axis=0)
        sensing = (np.abs(channels.conj() @ beam) ** 2).mean(axis=0)
        useful = rho * np.abs(signal) ** 2
        rest = rho * power_heard.sum(axis=1) - useful + (1 - rho) * sensing + noise_ratio
        return np.concatenate([signal.real, power_heard.ravel(), sensing, useful / rest])

    def rows(rng, size):
        return np.stack([one_batch(rng) for _ in range(size)])

    result = estimate_mean(rows, batches, seed=seed, block=16)
    ends = np.cumsum([users, users * users, users, users])[:-1]
    means = np.split(result.mean, ends)
    errors = np.split(result.standard_error, ends)
    shapes = ((users,), (users, users), (users,), (users,))
    return DownlinkMoments(
        *(
            Estimate(mean.reshape(shape), error.reshape(shape), batches * batch, seed)
            for mean, error, shape in zip(means, errors, shapes, strict=True)
        )
    )


# --- Machinery ----------------------------------------------------------------------------------


def _floats(array) -> bool:
    return np.asarray(array).dtype != object


def _norms(overlap):
    """Squared norms of the lines of sight from the diagonal of their overlaps."""
    diagonal = np.diagonal(overlap, axis1=-2, axis2=-1)
    if _floats(overlap):
        return np.sqrt(diagonal)
    return np.array([arithmetic(entry).sqrt(entry) for entry in diagonal], dtype=object)


def _users(scattered_gain, rician_factor, estimate_variance):
    """The three arrays (..., K), checked where they are numbers."""
    arrays = [np.asarray(value) for value in (scattered_gain, rician_factor, estimate_variance)]
    if any(array.ndim == 0 for array in arrays):
        raise ValueError(
            "scattered_gain, rician_factor and estimate_variance must have a user axis"
        )
    if all(_floats(array) for array in arrays):
        check_real("scattered_gain", arrays[0], 0, open_low=True)
        check_real("rician_factor", arrays[1], 0)
        check_real("estimate_variance", arrays[2], 0)
    return np.broadcast_arrays(*arrays)


def _signal(mu, kappa, phi, overlap, N, rho):
    overlap = np.asarray(overlap)
    power = _norms(overlap)
    return rho * estimate_power(mu, kappa, phi, power, N)


def _scene(links, target, power_split, power):
    check_integer("target", target, 0, len(links) - 1)
    power = check_real("power", power, 0, open_low=True)
    mu = np.array([link.scattered_gain for link in links])
    kappa = np.array([link.rician_factor for link in links])
    variances = [estimate_variances(*link.energies, link.scattered_gain) for link in links]
    phi, chi = (np.array(values, dtype=float) for values in zip(*variances, strict=True))
    overlap, echo_overlap = overlaps(links)
    noise_ratio = links[0].noise_power / float(power)
    arguments = (mu, kappa, phi, overlap, echo_overlap[:, target], links[0].antennas)
    return (*arguments, power_split, noise_ratio), {
        "echo_variance": chi,
        "echo_overlap": echo_overlap,
    }
