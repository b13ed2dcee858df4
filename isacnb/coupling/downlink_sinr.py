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

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from .uplink import UplinkLink, printed_gain

__all__ = [
    "beam_power",
    "disturbance",
    "estimate_power",
    "estimate_variances",
    "mean_product_square",
    "multiuser_interference",
    "overlaps",
    "own_beam_power",
    "scene_sinr",
    "scene_sinr_large_array",
    "sensing_beam_power",
    "sinr",
    "sinr_from_moments",
    "sinr_large_array",
    "sinr_per_antenna_limit",
    "sum_rate",
    "transmit_power",
]


@public
@implements("coupling.B4", "right", r"\chi_i")
def estimate_variances(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, scattered_gain: Quantity
) -> tuple[Quantity, Quantity]:
    r"""Variances :math:`\phi = c\mu` and :math:`\chi = \phi\,x/(u+x+N_0)` of the paper's estimate.

    :math:`\chi` is the part of the estimate that is the echo, an element; the covariance is
    :math:`\phi I + \chi(aa^H - I)`. Arguments as in :func:`isacnb.coupling.uplink.printed_gain` and
    mu > 0; arrays broadcast, symbols pass. Source: coupling paper, before (4), for the first.

    Claim: coupling.B4.

    >>> [float(v) for v in estimate_variances(2.0, 1.0, 1.0, 4.0)]
    [2.0, 0.5]
    """
    gain = printed_gain(user_energy, echo_energy, noise_power)
    phi = gain * scattered_gain
    return phi, phi * echo_energy / (user_energy + echo_energy + noise_power)


@public
@implements("coupling.B2", "right")
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

    Claim: coupling.B2.
    """
    return scattered_gain * rician_factor * line_of_sight_power + estimate_variance * N


@public
@implements("coupling.B3", "right")
def mean_product_square(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    line_of_sight_power: Quantity,
    N: Quantity,
) -> Quantity:
    r"""Squared mean :math:`|E\{h^H\hat h\}|^2` of a user's own beam.

    .. math:: (\mu\kappa\|\bar h\|^2 + \phi N)^2

    The beam is not normalised here. Arguments as in :func:`estimate_power`; arrays broadcast,
    symbols pass.

    Claim: coupling.B3.

    At the paper's settings, user at 25 m and target at 10 m, printed and right over
    :math:`(N\mu)^2`:

    >>> from isacnb.coupling.printed import mean_product_square_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, _ = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = (mu, p.rician_factor, phi, p.N, p.N)
    >>> squares = mean_product_square_printed(*case), mean_product_square(*case)
    >>> print(*(f"{square / (p.N * mu) ** 2:.6g}" for square in squares))
    459437 3.20839
    """
    return (scattered_gain * rician_factor * line_of_sight_power + estimate_variance * N) ** 2


@public
@implements("coupling.B4", "right")
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

    Claim: coupling.B4.

    At the paper's settings, two users at 25 m with targets at 10 m, directions of the users at right
    angles to each other and user k in the direction of target i, printed over right:

    >>> from isacnb.coupling.printed import beam_power_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, chi = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = (mu, 1.0, 64, mu, 1.0, phi, 64, 0.0, 64)
    >>> right = beam_power(*case, other_echo_variance=chi, echo_overlap=64**2)
    >>> print(f"{beam_power_printed(*case) / right:.4f}")
    0.1988
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


@public
@implements("coupling.B5", "right")
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

    Claim: coupling.B5.

    At the paper's settings, user at 25 m in the direction of its target at 10 m, printed over right:

    >>> from isacnb.coupling.printed import own_beam_power_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, chi = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = (mu, 1.0, phi, 64, 64)
    >>> right = own_beam_power(*case, echo_variance=chi, echo_overlap=64**2)
    >>> print(f"{own_beam_power_printed(*case) / right:.4f}")
    0.9523
    """
    mean = scattered_gain * rician_factor
    return (
        estimate_variance * scattered_gain * N
        + mean * (scattered_gain + estimate_variance) * line_of_sight_power
        + (estimate_variance * N + mean * line_of_sight_power) ** 2
        + echo_variance * mean * (echo_overlap - line_of_sight_power)
    )


@public
@implements("coupling.B6", "right")
def sensing_beam_power(
    scattered_gain: Quantity, rician_factor: Quantity, beam_overlap: Quantity, N: Quantity
) -> Quantity:
    r"""Mean :math:`E|h_k^Ha(\theta_l)|^2 = \mu\kappa|a^H(\theta_l)\bar h_k|^2 + \mu N`; see (B6).

    Claim: coupling.B6.
    """
    return scattered_gain * rician_factor * beam_overlap + scattered_gain * N


@public
@implements("coupling.lem1", "right", r"\Sigma_{\mathrm{Comm}}")
def disturbance(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    overlap: Quantity,
    beam_overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
    *,
    echo_variance: Quantity | None = None,
    echo_overlap: Quantity | None = None,
    split_on_loss: bool = True,
) -> np.ndarray:
    r"""Denominator of the SINR over the downlink power, for every user, shape (..., K).

    .. math:: \Sigma_{\mathrm{Comm}} + (1-\rho)\frac{\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN}N
        + \frac{N_0}{P_d}, \qquad
        \Sigma_{\mathrm{Comm}} = \rho\Big[\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
        - \frac{\mu_k^2\kappa_k^2\|\bar h_k\|^4}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}\Big]

    where the sum has the form of (B4), :func:`beam_power`, for i = k too.

    Parameters
    ----------
    scattered_gain, rician_factor, estimate_variance : mu > 0, kappa >= 0, phi >= 0, shape (..., K)
    overlap : :math:`|\bar h_k^H\bar h_i|^2`, (..., K, K), the squares of the squared norms on the
        diagonal
    beam_overlap : :math:`|a^H(\theta_l)\bar h_k|^2`, (..., K)
    N : antennas, whole number >= 1
    data_share : rho in [0, 1]
    noise_ratio : N_0 / P_d >= 0
    echo_variance, echo_overlap : chi, (..., K), and :math:`|a^H(\theta_i)\bar h_k|^2`, (..., K, K);
        without them the covariance of the estimate is taken for phi I
    split_on_loss : False takes (20) literally, where rho stands before the sum only and not
        before the subtracted fraction

    Raises ``ValueError`` outside these ranges. Source: coupling paper, Lemma 1, and ours.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m in the direction of its own target at 10 m, another
    target sensed at right angles: with the echo over without it:

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, chi = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = ([mu], [1.0], [phi], [[64**2]], [0.0], 64, p.data_share, p.noise_power)
    >>> echo = {"echo_variance": [chi], "echo_overlap": [[64**2]]}
    >>> print(f"{(disturbance(*case, **echo) / disturbance(*case)).item():.4f}")
    3.3793
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    rho = data_share
    beam_overlap = np.asarray(beam_overlap)
    if beam_overlap.shape[-1:] != mu.shape[-1:]:
        raise ValueError(
            f"beam_overlap must end in ({mu.shape[-1]},), got shape {beam_overlap.shape}"
        )
    interference = _multiuser_interference(
        mu, kappa, phi, overlap, N, rho, echo_variance, echo_overlap, rho if split_on_loss else 1
    )
    sensing = (1 - rho) * sensing_beam_power(mu, kappa, beam_overlap, N) / N
    return interference + sensing + noise_ratio


def _multiuser_interference(
    mu, kappa, phi, overlap, N, rho, echo_variance, echo_overlap, share_of_loss
):
    overlap = np.asarray(overlap)
    users = mu.shape[-1]
    if overlap.shape[-2:] != (users, users):
        raise ValueError(f"overlap must end in ({users}, {users}), got shape {overlap.shape}")
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
    return rho * (heard / sent[..., None, :]).sum(axis=-1) - share_of_loss * known


@public
@implements("coupling.lem1", "right", r"\Sigma_{\mathrm{Comm}}")
def multiuser_interference(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    *,
    echo_variance: Quantity | None = None,
    echo_overlap: Quantity | None = None,
) -> np.ndarray:
    r"""Interference of the other users' beams and loss of statistical knowledge, shape (..., K).

    .. math:: \Sigma_{\mathrm{Comm}} = \rho\Big[\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
        - \frac{\mu_k^2\kappa_k^2\|\bar h_k\|^4}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}\Big]

    over the downlink power; arguments and errors as in :func:`disturbance`, whose first term it is.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m whose target at 10 m stands in its direction, printed
    and right over the sensing beam's least interference:

    >>> from isacnb.coupling.printed import multiuser_interference_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, chi = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = ([mu], [1.0], [phi], [[64**2]], 64, p.data_share)
    >>> right = multiuser_interference(*case, echo_variance=[chi], echo_overlap=[[64**2]])
    >>> print(f"{multiuser_interference_printed(*case)[0] / mu:.3f} {right[0] / mu:.3f}")
    -17.144 3.626
    """
    users = _users(scattered_gain, rician_factor, estimate_variance)
    rho = data_share
    return _multiuser_interference(
        *users, overlap, N, rho, echo_variance, echo_overlap, share_of_loss=rho
    )


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\gamma_k")
def sinr(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    overlap: Quantity,
    beam_overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
    *,
    echo_variance: Quantity | None = None,
    echo_overlap: Quantity | None = None,
) -> np.ndarray:
    r"""SINR of every user under maximum ratio transmission, shape (..., K).

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    The arguments are those of :func:`disturbance`. With ``echo_variance`` and ``echo_overlap`` it is
    the SINR of the system; without, Lemma 1 of the paper with rho before the whole bracket.

    Claim: coupling.lem1.

    The case of :func:`disturbance`, printed and right:

    >>> from isacnb.coupling.printed import sinr_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, chi = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> case = ([mu], [1.0], [phi], [[64**2]], [0.0], 64, p.data_share, p.noise_power)
    >>> echo = {"echo_variance": [chi], "echo_overlap": [[64**2]]}
    >>> print(f"{sinr_printed(*case).item():.3f} {sinr(*case, **echo).item():.3f}")
    -3.444 13.891
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    rest = disturbance(
        mu,
        kappa,
        phi,
        overlap,
        beam_overlap,
        N,
        data_share,
        noise_ratio,
        echo_variance=echo_variance,
        echo_overlap=echo_overlap,
    )
    return _signal(mu, kappa, phi, overlap, N, data_share) / rest


@public("[0, inf)")
@implements("coupling.lem2", "right")
def sinr_large_array(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    estimate_variance: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""SINR (21) of Lemma 2, without any overlap of directions, shape (..., K).

    .. math:: \bar\gamma_k = \frac{\rho N(\mu_k\kappa_k+\phi_k)}
        {\rho\sum_i\frac{\mu_i\mu_k\kappa_i+\phi_i\mu_k\kappa_k+\phi_i\mu_k}{\mu_i\kappa_i+\phi_i}
         + (1-\rho)\mu_k + N_0/P_d}

    Arguments as in :func:`disturbance`. The estimate's variance depends on N itself.

    Claim: coupling.lem2.
    """
    mu, kappa, phi = _users(scattered_gain, rician_factor, estimate_variance)
    rho = data_share
    shared = (
        mu[..., None, :] * mu[..., :, None] * kappa[..., None, :]
        + phi[..., None, :] * mu[..., :, None] * kappa[..., :, None]
        + phi[..., None, :] * mu[..., :, None]
    ) / (mu * kappa + phi)[..., None, :]
    rest = rho * shared.sum(axis=-1) + (1 - rho) * mu + noise_ratio
    return rho * N * (mu * kappa + phi) / rest


@public("[0, inf)")
@implements("coupling.lem2", "exact")
def sinr_per_antenna_limit(
    scattered_gain: Quantity,
    rician_factor: Quantity,
    K: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> Quantity:
    r"""Limit of SINR / N for many antennas at fixed, different directions and fixed distances.

    .. math:: \frac{\rho\mu\kappa}{(\rho K + 1 - \rho)\mu + N_0/P_d}

    The estimate's variance phi is gone: it falls as 1/N, because the echo grows as N. For kappa = 0
    the limit is 0, the SINR itself stays bounded. Arguments of one user.

    Claim: coupling.lem2.
    """
    rho = data_share
    rest = (rho * K + 1 - rho) * scattered_gain + noise_ratio
    return rho * scattered_gain * rician_factor / rest


@public("[0, inf)")
@implements("coupling.B1", "right")
@implements("coupling.eq15", "right")
def sinr_from_moments(
    mean_product: Quantity,
    beam_powers: Quantity,
    estimate_powers: Quantity,
    sensing_power: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""SINR (15) of every user from the moments of channel and beams, shape (..., K).

    .. math:: \frac{\rho\,|E\{h_k^H\hat h_k\}|^2/E\|\hat h_k\|^2}
        {\rho\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
         - \rho\frac{|E\{h_k^H\hat h_k\}|^2}{E\|\hat h_k\|^2}
         + (1-\rho)\frac{E|h_k^Ha|^2}N + \frac{N_0}{P_d}}

    Parameters
    ----------
    mean_product : :math:`E\{h_k^H\hat h_k\}`, shape (..., K)
    beam_powers : :math:`E|h_k^H\hat h_i|^2`, shape (..., K, K), the beam i on the last axis
    estimate_powers : :math:`E\|\hat h_i\|^2` > 0, shape (..., K)
    sensing_power : :math:`E|h_k^Ha(\theta_l)|^2`, shape (..., K)
    N : antennas, whole number >= 1
    data_share : rho in [0, 1]
    noise_ratio : N_0 / P_d >= 0

    Arrays of symbols pass. Raises ``ValueError`` outside these ranges.

    Claims: coupling.B1, coupling.eq15.

    At the paper's settings, one user at 25 m and its target at 10 m, seen at right angles
    (:math:`a^H\bar h = 0`), printed and right:

    >>> from isacnb.coupling.printed import sinr_from_moments_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> phi, _ = estimate_variances(p.user_energy(25.0), p.echo_energy(10.0), p.noise_power, mu)
    >>> heard = np.array([[own_beam_power(mu, 1.0, phi, 64, 64)]])
    >>> sent, beam = estimate_power(mu, 1.0, phi, 64, 64), sensing_beam_power(mu, 1.0, 0.0, 64)
    >>> moments = ([sent], heard, [sent], [beam], 64, p.data_share)
    >>> print(f"{sinr_from_moments_printed(*moments, p.noise_power / p.downlink_power).item():.3e}")
    3.492e-17
    >>> print(f"{sinr_from_moments(*moments, p.noise_power / p.downlink_power).item():.3f}")
    46.943
    """
    ratio = noise_ratio
    useful, rest = _signal_and_rest(
        mean_product, beam_powers, estimate_powers, sensing_power, N, data_share
    )
    return useful / (rest + ratio)


def _signal_and_rest(mean_product, beam_powers, estimate_powers, sensing_power, N, data_share):
    """Numerator of (15) and its denominator without the noise, both over the downlink power."""
    N = check_integer("N", N, 1)
    rho = check_real("data_share", data_share, 0, 1)
    product, sent = np.asarray(mean_product), np.asarray(estimate_powers)
    heard, beam = np.asarray(beam_powers), np.asarray(sensing_power)
    if heard.shape[-2:] != 2 * product.shape[-1:]:
        raise ValueError(
            f"beam_powers must end in {2 * product.shape[-1:]}, got shape {heard.shape}"
        )
    useful = rho * (product * product.conj()).real / sent
    interference = rho * (heard / sent[..., None, :]).sum(axis=-1)
    return useful, interference - useful + (1 - rho) * beam / N


@public
@implements("coupling.fig7", "tool")
def sum_rate(sinr: Quantity, share: float = 1.0) -> np.ndarray:
    r"""Sum over the users (last axis) of :math:`\text{share}\cdot\log_2(1+\gamma_k)` in bit/s/Hz.

    ``share`` in [0, 1] is the part of an interval that carries data, such as T_d/(T_u + T_d).

    Claim: coupling.fig7.

    >>> float(sum_rate([1.0, 3.0]))
    3.0
    """
    values = sinr
    return share * np.log2(1 + values).sum(axis=-1)


@public
@implements("coupling.eq14", "exact")
def transmit_power(K: Quantity, data_share: Quantity, downlink_power: Quantity) -> Quantity:
    r"""Mean power that X_d radiates a symbol, :math:`P_d(\rho K + 1 - \rho)`, for beams of unit power.

    Claim: coupling.eq14.

    >>> float(transmit_power(4, 0.5, 1.0))
    2.5
    """
    rho = data_share
    power = downlink_power
    return power * (rho * K + 1 - rho)


@public
@implements("coupling.lem1", "tool")
def overlaps(links: list[UplinkLink]) -> tuple[np.ndarray, np.ndarray]:
    r"""``overlap`` and ``echo_overlap`` of :func:`disturbance` for a list of pairs.

    The column i of the second, :math:`|a^H(\theta_i)\bar h_k|^2` over k, is the ``beam_overlap`` of
    the interval in which target i is sensed.

    Claim: coupling.lem1.
    """
    sights = np.stack([link.line_of_sight for link in links])
    beams = np.stack([link.steering for link in links])
    return np.abs(sights.conj() @ sights.T) ** 2, np.abs(sights @ beams.conj().T) ** 2


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\gamma_k")
def scene_sinr(links: list[UplinkLink], target: int, data_share: float, power: float) -> np.ndarray:
    r"""SINR of every user of a list of pairs while the target of one index is sensed, shape (K,).

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    with :math:`\Sigma_{\mathrm{Comm}}` of :func:`disturbance`. ``power`` is P_d > 0. The echo in
    the estimates is counted as it is.

    Claim: coupling.lem1.

    At the paper's settings, two pairs, printed and right:

    >>> from isacnb.coupling.printed import scene_sinr_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> places = [(25.0, 10.0, 0.3, -0.5), (40.0, 15.0, -0.2, 0.6)]
    >>> links = [UplinkLink.at(p, *place) for place in places]
    >>> for f in (scene_sinr_printed, scene_sinr):
    ...     print(*(f"{value:.3f}" for value in f(links, 0, p.data_share, p.downlink_power)))
    -3.605 -4.122
    30.190 32.224
    """
    arguments, extra = _scene(links, target, data_share, power)
    return sinr(*arguments, **extra)


@public("[0, inf)")
@implements("coupling.lem2", "right")
def scene_sinr_large_array(
    links: list[UplinkLink], target: int, data_share: float, power: float
) -> np.ndarray:
    r"""SINR (21) of Lemma 2; arguments as in :func:`scene_sinr`.

    .. math:: \bar\gamma_k = \frac{\rho N(\mu_k\kappa_k+\phi_k)}
        {\rho\sum_i\frac{\mu_i\mu_k\kappa_i+\phi_i\mu_k\kappa_k+\phi_i\mu_k}{\mu_i\kappa_i+\phi_i}
         + (1-\rho)\mu_k + N_0/P_d}

    Claim: coupling.lem2.
    """
    (mu, kappa, phi, _, _, *rest), _ = _scene(links, target, data_share, power)
    return sinr_large_array(mu, kappa, phi, *rest)


def _checked_streams(precoders, streams, data_share, power):
    """Number of users, rho and P_d."""
    rho = float(check_real("data_share", data_share, 0, 1))
    power = float(check_real("power", power, 0, open_low=True))
    users = precoders.shape[1]
    if len(streams) != users + 1:
        raise ValueError(f"streams must have {users + 1} rows, got {len(streams)}")
    return users, rho, power


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


def _scene(links, target, data_share, power):
    check_integer("target", target, 0, len(links) - 1)
    power = check_real("power", power, 0, open_low=True)
    mu = np.array([link.scattered_gain for link in links])
    kappa = np.array([link.rician_factor for link in links])
    variances = [estimate_variances(*link.energies, link.scattered_gain) for link in links]
    phi, chi = (np.array(values, dtype=float) for values in zip(*variances, strict=True))
    overlap, echo_overlap = overlaps(links)
    noise_ratio = links[0].noise_power / float(power)
    arguments = (mu, kappa, phi, overlap, echo_overlap[:, target], links[0].N)
    return (*arguments, data_share, noise_ratio), {
        "echo_variance": chi,
        "echo_overlap": echo_overlap,
    }
