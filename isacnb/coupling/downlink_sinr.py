r"""Downlink communication of the coupling paper: SINR, rate, and the system that they describe.

User k has the channel :math:`h_k = \sqrt{\mu_k\kappa_k}\,\bar h_k + \sqrt{\mu_k}\,\tilde h_k`. The
base station knows its uplink estimate :math:`\hat h_k` and sends along it (maximum ratio
transmission), and along :math:`a(\theta_l)` for the target of the interval. What the estimate contributes to
every second moment is its covariance, and with the gain :math:`c = u/(u+x+N_0)` of the paper's
estimator that is

.. math:: \mathrm{Cov}(\hat h_k) = \phi_k I + \chi_k\,(a(\theta_k)a^H(\theta_k) - I), \qquad
          \phi = c\mu, \quad \chi = \phi\,\frac{x}{u + x + N_0}:

the echo of the target that shares the pilot has come along in the estimate, from one direction. The
paper has :math:`\phi_k I`, that is, no echo variance.

One user's channel is a :class:`ChannelStatistics`, all users together are :class:`DownlinkUsers`,
and what was measured or computed of their beams is a :class:`BeamMoments`. Arrays of users have the
user on their last axis. Formulas take numbers, arrays and arrays of symbols.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..numbers.door import Contradiction, check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer
from .uplink import UplinkLink, paper_gain

__all__ = [
    "BeamMoments",
    "ChannelStatistics",
    "DownlinkUsers",
    "beam_power",
    "disturbance",
    "echo_variance",
    "estimate_power",
    "mean_product_square",
    "multiuser_interference",
    "own_beam_power",
    "sensing_beam_power",
    "sinr",
    "sinr_from_moments",
    "sinr_large_array",
    "sinr_large_array_of_links",
    "sinr_of_links",
    "sinr_per_antenna_limit",
    "sum_rate",
    "transmit_power",
]


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    r"""What the base station knows of one user's channel and has in its estimate, second moments.

    Parameters
    ----------
    scattered_gain : :math:`\mu > 0`
    rician_factor : :math:`\kappa \ge 0`
    estimate_variance : :math:`\phi`, in [0, mu]
    line_of_sight_power : :math:`\|\bar h\|^2 \ge 0`
    echo_variance : :math:`\chi`, in [0, phi]; 0 is the paper's estimate with white errors

    All without unit; arrays broadcast, other kinds of number pass. Raises ``ValueError`` for an
    estimate that varies more than the channel, or whose echo does more than the estimate.
    """

    scattered_gain: Quantity
    rician_factor: Quantity
    estimate_variance: Quantity
    line_of_sight_power: Quantity
    echo_variance: Quantity = 0

    def __post_init__(self):
        check_fields(self)
        _check_variances(self)

    @classmethod
    def of(cls, link: UplinkLink) -> "ChannelStatistics":
        """Those of one pair, with the paper's estimator.

        >>> from isacnb.coupling.settings import CouplingParameters
        >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
        >>> print(f"{user.estimate_variance / user.scattered_gain:.6f}")
        0.791199
        """
        return cls(
            link.scattered_gain,
            link.rician_factor,
            paper_gain(*link.energies) * link.scattered_gain,
            np.vdot(link.line_of_sight, link.line_of_sight).real,
            echo_variance(*link.energies, link.scattered_gain),
        )

    @property
    def white(self) -> "ChannelStatistics":
        """The same without the echo in the estimate, as the paper has it."""
        return replace(self, echo_variance=0)


@dataclass(frozen=True, eq=False)
class DownlinkUsers:
    r"""Channels and estimates of all K users served at once, and the overlaps of directions.

    Parameters
    ----------
    scattered_gain : :math:`\mu_k > 0`, shape (..., K) or one number for all
    rician_factor : :math:`\kappa_k \ge 0`, likewise
    estimate_variance : :math:`\phi_k`, in [0, mu], likewise
    overlap : :math:`|\bar h_k^H\bar h_i|^2`, (..., K, K), with :math:`\|\bar h_k\|^4` as diagonal
    echo_variance : :math:`\chi_k`, in [0, phi], (..., K)
    echo_overlap : :math:`|a^H(\theta_i)\bar h_k|^2`, (..., K, K), the target i on the last axis

    The last two go together; without them the estimates have white errors, as in the paper. All
    without unit; symbols and other kinds of number pass in arrays. Raises ``ValueError`` for shapes
    that do not fit, and for what cannot be: estimates as in :class:`ChannelStatistics`, an overlap
    above the product of the norms.
    """

    scattered_gain: Quantity
    rician_factor: Quantity
    estimate_variance: Quantity
    overlap: Quantity
    echo_variance: Quantity | None = None
    echo_overlap: Quantity | None = None

    def __post_init__(self):
        check_fields(self)
        if (self.echo_variance is None) != (self.echo_overlap is None):
            raise ValueError("echo_variance and echo_overlap must be given both or neither")
        K = np.shape(self.overlap)[-1] if np.ndim(self.overlap) else 0
        for name in ("overlap", "echo_overlap"):
            self._set(name, 2 * (K,))
        for name in ("scattered_gain", "rician_factor", "estimate_variance", "echo_variance"):
            self._set(name, (K,))
        _check_variances(self)
        power = _norms(self.overlap)
        _check_limit(
            "overlap",
            self.overlap,
            power[..., :, None] * power[..., None, :],
            "the product of the squared norms",
        )

    def _set(self, name, shape):
        """Keep a field as an array that ends in this shape."""
        value = getattr(self, name)
        if value is None:
            return
        value = np.asarray(value)
        if value.ndim == 0 and len(shape) == 1:
            value = np.broadcast_to(value, shape)
        if value.shape[-len(shape) :] != shape:
            raise ValueError(f"{name} must end in {shape}, got shape {value.shape}")
        object.__setattr__(self, name, value)

    @classmethod
    def of(cls, links: list[UplinkLink]) -> "DownlinkUsers":
        """Those of a list of pairs, with the paper's estimator and the echoes in its estimates.

        Raises ``ValueError`` unless the pairs have one number of antennas and one noise power.
        """
        for name in ("N", "noise_power"):
            if len({getattr(link, name) for link in links}) > 1:
                raise ValueError(f"links must have one {name}, got several")
        channels = [ChannelStatistics.of(link) for link in links]
        sights = np.stack([link.line_of_sight for link in links])
        beams = np.stack([link.steering for link in links])
        return cls(
            np.array([channel.scattered_gain for channel in channels]),
            np.array([channel.rician_factor for channel in channels]),
            np.array([channel.estimate_variance for channel in channels]),
            np.abs(sights.conj() @ sights.T) ** 2,
            np.array([channel.echo_variance for channel in channels]),
            np.abs(sights @ beams.conj().T) ** 2,
        )

    @property
    def channels(self) -> ChannelStatistics:
        """The users without the overlaps; each field has the shape (..., K)."""
        return ChannelStatistics(
            self.scattered_gain,
            self.rician_factor,
            self.estimate_variance,
            _norms(self.overlap),
            0 if self.echo_variance is None else self.echo_variance,
        )

    @property
    def white(self) -> "DownlinkUsers":
        """The same without the echoes in the estimates, as the paper has them."""
        return replace(self, echo_variance=None, echo_overlap=None)

    def beam_overlap(self, target_index: int) -> np.ndarray:
        r"""Overlaps :math:`|a^H(\theta_l)\bar h_k|^2` with the beam to a pair's target, (..., K).

        Raises ``ValueError`` unless the echoes' overlaps are known and the index, from 0, is one of
        the K.
        """
        if self.echo_overlap is None:
            raise ValueError("echo_overlap must be given for the beam of a pair's target")
        check_integer("target_index", target_index, 0, self.echo_overlap.shape[-1] - 1)
        return self.echo_overlap[..., target_index]


@dataclass(frozen=True, eq=False)
class BeamMoments:
    r"""Moments of the channels and beams of all K users, before the beams are normalised.

    Parameters
    ----------
    mean_product : :math:`E\{h_k^H\hat h_k\}`, shape (..., K)
    beam_powers : :math:`E|h_k^H\hat h_i|^2`, (..., K, K), the beam i on the last axis
    estimate_powers : :math:`E\|\hat h_i\|^2 > 0`, (..., K)
    sensing_beam_power : :math:`E|h_k^Ha(\theta_l)|^2`, (..., K)

    All without unit; arrays of symbols pass. Raises ``ValueError`` for shapes that do not fit, and
    for a mean whose square is above the mean of the square.
    """

    mean_product: Quantity
    beam_powers: Quantity
    estimate_powers: Quantity
    sensing_beam_power: Quantity

    def __post_init__(self):
        check_fields(self)
        product, heard = np.asarray(self.mean_product), np.asarray(self.beam_powers)
        if product.ndim == 0 or heard.shape[-2:] != 2 * product.shape[-1:]:
            raise ValueError(
                f"beam_powers must end in {2 * product.shape[-1:]}, got shape {heard.shape}"
            )
        own = np.diagonal(heard, axis1=-2, axis2=-1)
        square = np.abs(product) ** 2
        _check_limit("mean_product", square, own, "a user's own beam_powers, squared")


@public("[0, inf)")
@implements("coupling.B4", "right", r"\chi_i")
def echo_variance(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, scattered_gain: Quantity
) -> Quantity:
    r"""Variance :math:`\chi = c\mu\,x/(u+x+N_0)` of the echo in the paper's estimate, an entry.

    It is a part of the estimate's variance :math:`\phi=c\mu`; the covariance is
    :math:`\phi I + \chi(aa^H - I)`. The energies are u, x and N_0 of an entry of the observation,
    in joules; arrays broadcast, symbols pass.

    Claim: coupling.B4.

    >>> float(echo_variance(2.0, 1.0, 1.0, 4.0))
    0.5
    """
    share = echo_energy / (user_energy + echo_energy + noise_power)
    return paper_gain(user_energy, echo_energy, noise_power) * scattered_gain * share


@public("[0, inf)")
@implements("coupling.B2", "right")
def estimate_power(user: ChannelStatistics, N: Quantity) -> Quantity:
    r"""Mean squared norm of the estimate, :math:`\mu\kappa\|\bar h\|^2 + \phi N`.

    It is also the mean :math:`E\{h^H\hat h\}`. The echo changes neither, because the trace of
    :math:`aa^H - I` is 0. N is the number of antennas. Source: coupling paper, (B2).

    Claim: coupling.B2.

    >>> float(estimate_power(ChannelStatistics(1.0, 2.0, 0.5, 4.0), 4))
    10.0
    """
    mean = user.scattered_gain * user.rician_factor
    return mean * user.line_of_sight_power + user.estimate_variance * N


@public("[0, inf)")
@implements("coupling.B3", "right")
def mean_product_square(user: ChannelStatistics, N: Quantity) -> Quantity:
    r"""Squared mean :math:`|E\{h^H\hat h\}|^2` of a user's own beam, which is not normalised here.

    .. math:: (\mu\kappa\|\bar h\|^2 + \phi N)^2

    Arguments as in :func:`estimate_power`.

    Claim: coupling.B3.

    At the paper's settings, user at 25 m and target at 10 m, printed and right over
    :math:`(N\mu)^2`:

    >>> from isacnb.coupling.printed import mean_product_square_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> squares = mean_product_square_printed(user, 64), mean_product_square(user, 64)
    >>> print(*(f"{square / (64 * user.scattered_gain) ** 2:.6g}" for square in squares))
    459437 3.20839
    """
    return estimate_power(user, N) ** 2


@public("[0, inf)")
@implements("coupling.B4", "right")
def beam_power(
    user: ChannelStatistics,
    other: ChannelStatistics,
    overlap: Quantity,
    N: Quantity,
    echo_overlap: Quantity = 0,
) -> Quantity:
    r"""Mean :math:`E|h_k^H\hat h_i|^2` of the power that user k hears of user i's beam, i not k.

    .. math:: \mu_i\mu_k\kappa_i\kappa_k|\bar h_k^H\bar h_i|^2 + \mu_i\mu_k\kappa_i\|\bar h_i\|^2
        + \phi_i\mu_k\kappa_k\|\bar h_k\|^2 + \phi_i\mu_kN
        + \chi_i\mu_k\kappa_k\left(|a^H(\theta_i)\bar h_k|^2 - \|\bar h_k\|^2\right)

    The last term is missing in the paper, (B4). The beam is not normalised here.

    Parameters
    ----------
    user, other : user k, whose estimate does not matter, and user i
    overlap : :math:`|\bar h_k^H\bar h_i|^2`
    N : number of antennas
    echo_overlap : :math:`|a^H(\theta_i)\bar h_k|^2`, without meaning if :math:`\chi_i` is 0

    All broadcast, symbols pass. Raises ``ValueError`` for an overlap above the product of the
    squared norms.

    Claim: coupling.B4.

    At the paper's settings, two users at 25 m with targets at 10 m, directions of the users at
    right angles to each other and user k in the direction of target i, printed over right:

    >>> from isacnb.coupling.printed import beam_power_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> right = beam_power(user, user, 0.0, 64, echo_overlap=64**2)
    >>> print(f"{beam_power_printed(user, user, 0.0, 64) / right:.4f}")
    0.1988
    """
    product = user.line_of_sight_power * other.line_of_sight_power
    _check_limit("overlap", overlap, product, "the product of the squared norms")
    _check_beam("echo_overlap", echo_overlap, user, N)
    mean_own = user.scattered_gain * user.rician_factor
    mean_other = other.scattered_gain * other.rician_factor
    return (
        mean_other * mean_own * overlap
        + mean_other * user.scattered_gain * other.line_of_sight_power
        + other.estimate_variance * mean_own * user.line_of_sight_power
        + other.estimate_variance * user.scattered_gain * N
        + other.echo_variance * mean_own * (echo_overlap - user.line_of_sight_power)
    )


@public("[0, inf)")
@implements("coupling.B5", "right")
def own_beam_power(user: ChannelStatistics, N: Quantity, echo_overlap: Quantity = 0) -> Quantity:
    r"""Mean :math:`E|h^H\hat h|^2` of the power that a user hears of its own beam.

    .. math:: \phi\mu N + \mu\kappa(\mu+\phi)\|\bar h\|^2 + (\phi N + \mu\kappa\|\bar h\|^2)^2
        + \chi\mu\kappa\left(|a^H\bar h|^2 - \|\bar h\|^2\right)

    The last term is missing in the paper, (B5). N is the number of antennas, ``echo_overlap`` is
    :math:`|a^H(\theta)\bar h|^2` with the user's own target. Raises ``ValueError`` for one above
    :math:`N\|\bar h\|^2`.

    Claim: coupling.B5.

    At the paper's settings, user at 25 m in the direction of its target at 10 m, printed over
    right:

    >>> from isacnb.coupling.printed import own_beam_power_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> user = ChannelStatistics.of(UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0))
    >>> right = own_beam_power(user, 64, echo_overlap=64**2)
    >>> print(f"{own_beam_power_printed(user, 64) / right:.4f}")
    0.9523
    """
    _check_beam("echo_overlap", echo_overlap, user, N)
    mean, power = user.scattered_gain * user.rician_factor, user.line_of_sight_power
    return (
        user.estimate_variance * user.scattered_gain * N
        + mean * (user.scattered_gain + user.estimate_variance) * power
        + (user.estimate_variance * N + mean * power) ** 2
        + user.echo_variance * mean * (echo_overlap - power)
    )


@public("[0, inf)")
@implements("coupling.B6", "right")
def sensing_beam_power(
    scattered_gain: Quantity, rician_factor: Quantity, beam_overlap: Quantity, N: Quantity
) -> Quantity:
    r"""Mean power :math:`E|h_k^Ha(\theta_l)|^2` that a user hears of the beam towards the target.

    .. math:: \mu\kappa|a^H(\theta_l)\bar h_k|^2 + \mu N

    N is the number of antennas; the beam is not normalised here. Source: coupling paper, (B6).

    Claim: coupling.B6.

    >>> float(sensing_beam_power(0.5, 2.0, 3.0, 4))
    5.0
    """
    return scattered_gain * rician_factor * beam_overlap + scattered_gain * N


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\Sigma_{\mathrm{Comm}}")
def multiuser_interference(users: DownlinkUsers, N: Quantity, data_share: Quantity) -> np.ndarray:
    r"""Interference of the other users' beams and loss of statistical knowledge, shape (..., K).

    .. math:: \Sigma_{\mathrm{Comm}} = \rho\Big[\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
        - \frac{\mu_k^2\kappa_k^2\|\bar h_k\|^4}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}\Big]

    over the downlink power, where the sum has the form of (B4), :func:`beam_power`, for i = k too.
    N is the number of antennas. Raises ``ValueError`` for an echo's overlap above
    :math:`N\|\bar h_k\|^2`, and for an estimate of power 0, along which there is no beam.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m whose target at 10 m stands in its direction, printed
    and right over the sensing beam's least interference:

    >>> from isacnb.coupling.printed import multiuser_interference_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> users = DownlinkUsers.of([UplinkLink.at(p, 25.0, 10.0, 0.3, 0.3)])
    >>> for f in (multiuser_interference_printed, multiuser_interference):
    ...     print(f"{f(users, p.N, p.data_share)[0] / users.scattered_gain[0]:.3f}")
    -17.144
    3.626
    """
    K = users.overlap.shape[-1]
    listening, sending = _on_axis(users.channels, -1), _on_axis(users.channels, -2)
    # the subtracted fraction is what the line of sight of the own beam contributes to the sum
    others = users.overlap * (1 - np.eye(K, dtype=int))
    echo_overlap = 0 if users.echo_overlap is None else users.echo_overlap
    heard = beam_power(listening, sending, others, N, echo_overlap)
    return data_share * (heard / _not_zero(estimate_power(sending, N))).sum(axis=-1)


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\Sigma_{\mathrm{Comm}}")
def disturbance(
    users: DownlinkUsers,
    beam_overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""Denominator of the SINR over the downlink power, for every user, shape (..., K).

    .. math:: \Sigma_{\mathrm{Comm}} + (1-\rho)\frac{\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN}N
        + \frac{N_0}{P_d}

    with :math:`\Sigma_{\mathrm{Comm}}` of :func:`multiuser_interference`.

    Parameters
    ----------
    users : all users
    beam_overlap : :math:`|a^H(\theta_l)\bar h_k|^2`, (..., K) or one number for all
    N : number of antennas
    data_share : rho
    noise_ratio : N_0 / P_d

    Raises ``ValueError`` for another shape, for an overlap above :math:`N\|\bar h_k\|^2`, and as
    :func:`multiuser_interference` does. Source: coupling paper, Lemma 1, and ours.

    Claim: coupling.lem1.

    At the paper's settings, one user at 25 m in the direction of its own target at 10 m, another
    target sensed at right angles: with the echo over without it:

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> users = DownlinkUsers.of([UplinkLink.at(p, 25.0, 10.0, 0.3, 0.3)])
    >>> case = ([0.0], p.N, p.data_share, p.noise_power / p.downlink_power)
    >>> print(f"{(disturbance(users, *case) / disturbance(users.white, *case)).item():.4f}")
    3.3793
    """
    beam_overlap = np.asarray(beam_overlap)
    K = users.overlap.shape[-1]
    if beam_overlap.ndim and beam_overlap.shape[-1] != K:
        raise ValueError(f"beam_overlap must end in {(K,)}, got shape {beam_overlap.shape}")
    _check_beam("beam_overlap", beam_overlap, users.channels, N)
    beam = sensing_beam_power(users.scattered_gain, users.rician_factor, beam_overlap, N) / N
    return multiuser_interference(users, N, data_share) + (1 - data_share) * beam + noise_ratio


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\gamma_k")
def sinr(
    users: DownlinkUsers,
    beam_overlap: Quantity,
    N: Quantity,
    data_share: Quantity,
    noise_ratio: Quantity,
) -> np.ndarray:
    r"""SINR of every user under maximum ratio transmission, shape (..., K).

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    The arguments and errors are those of :func:`disturbance`. With the echo in the users' estimates
    it is the SINR of the system; without, Lemma 1 of the paper with rho before the whole bracket.

    Claim: coupling.lem1.

    The case of :func:`disturbance`, printed and right:

    >>> from isacnb.coupling.printed import sinr_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> users = DownlinkUsers.of([UplinkLink.at(p, 25.0, 10.0, 0.3, 0.3)])
    >>> case = (users, [0.0], p.N, p.data_share, p.noise_power / p.downlink_power)
    >>> print(f"{sinr_printed(*case).item():.3f} {sinr(*case).item():.3f}")
    -3.444 13.891
    """
    rest = disturbance(users, beam_overlap, N, data_share, noise_ratio)
    return data_share * estimate_power(users.channels, N) / rest


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

    Parameters
    ----------
    scattered_gain, rician_factor, estimate_variance : mu, kappa and phi of the users, (..., K);
        one number holds for all
    N : number of antennas; the estimate's variance depends on it itself
    data_share : rho
    noise_ratio : N_0 / P_d

    Raises ``ValueError`` if none of the first three has an axis of users, for phi above mu, and for
    an estimate of power 0, along which there is no beam.

    Claim: coupling.lem2.

    Two users of one kind at 64 antennas:

    >>> values = sinr_large_array([1.0, 1.0], [1.0, 1.0], [0.5, 0.5], 64, 0.5, 0.1)
    >>> print(*(f"{value:.4f}" for value in values))
    24.8276 24.8276
    """
    arrays = [np.asarray(value) for value in (scattered_gain, rician_factor, estimate_variance)]
    mu, kappa, phi = np.broadcast_arrays(*arrays)
    if mu.ndim == 0:
        raise ValueError("scattered_gain must have an axis of users, got one number")
    _check_limit("estimate_variance", phi, mu, "scattered_gain")
    rho = data_share
    shared = (
        mu[..., None, :] * mu[..., :, None] * kappa[..., None, :]
        + phi[..., None, :] * mu[..., :, None] * kappa[..., :, None]
        + phi[..., None, :] * mu[..., :, None]
    ) / _not_zero(mu * kappa + phi)[..., None, :]
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
    the limit is 0, the SINR itself stays bounded. ``scattered_gain`` and ``rician_factor`` are
    those of one user, K the number of users, ``data_share`` rho and ``noise_ratio`` N_0 / P_d;
    arrays broadcast, symbols pass.

    Claim: coupling.lem2.

    >>> float(sinr_per_antenna_limit(1.0, 1.0, 4, 0.5, 0.0))
    0.2
    """
    rho = data_share
    rest = (rho * K + 1 - rho) * scattered_gain + noise_ratio
    return rho * scattered_gain * rician_factor / rest


@public("[0, inf)")
@implements("coupling.B1", "right")
@implements("coupling.eq15", "right")
def sinr_from_moments(
    moments: BeamMoments, N: Quantity, data_share: Quantity, noise_ratio: Quantity
) -> np.ndarray:
    r"""SINR (15) of every user from the moments of channel and beams, shape (..., K).

    .. math:: \frac{\rho\,|E\{h_k^H\hat h_k\}|^2/E\|\hat h_k\|^2}
        {\rho\sum_i\frac{E|h_k^H\hat h_i|^2}{E\|\hat h_i\|^2}
         - \rho\frac{|E\{h_k^H\hat h_k\}|^2}{E\|\hat h_k\|^2}
         + (1-\rho)\frac{E|h_k^Ha|^2}N + \frac{N_0}{P_d}}

    N is the number of antennas, ``data_share`` rho and ``noise_ratio`` N_0 / P_d.

    Claims: coupling.B1, coupling.eq15.

    At the paper's settings, one user at 25 m and its target at 10 m, seen at right angles
    (:math:`a^H\bar h = 0`), printed and right:

    >>> from isacnb.coupling.printed import sinr_from_moments_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> user = ChannelStatistics.of(UplinkLink.at(p, 25.0, 10.0)).white
    >>> sent, heard = estimate_power(user, p.N), own_beam_power(user, p.N)
    >>> beam = sensing_beam_power(user.scattered_gain, user.rician_factor, 0.0, p.N)
    >>> moments = BeamMoments([sent], [[heard]], [sent], [beam])
    >>> case = (moments, p.N, p.data_share, p.noise_power / p.downlink_power)
    >>> print(f"{sinr_from_moments_printed(*case).item():.3e}")
    3.492e-17
    >>> print(f"{sinr_from_moments(*case).item():.3f}")
    46.943
    """
    rho, sent = data_share, np.asarray(moments.estimate_powers)
    product, heard = np.asarray(moments.mean_product), np.asarray(moments.beam_powers)
    useful = rho * (product * product.conj()).real / sent
    interference = rho * (heard / sent[..., None, :]).sum(axis=-1)
    beam = (1 - rho) * np.asarray(moments.sensing_beam_power) / N
    return useful / (interference - useful + beam + noise_ratio)


@public("[0, inf)")
@implements("coupling.fig7", "tool")
def sum_rate(sinr: Quantity, time_share: float = 1.0) -> np.ndarray:
    r"""Sum over the users (last axis) of :math:`\tau\log_2(1+\gamma_k)` in bit/s/Hz.

    ``sinr`` is :math:`\gamma_k`, (..., K), ``time_share`` the part :math:`\tau` of an interval that
    carries data, such as T_d/(T_u + T_d).

    Claim: coupling.fig7.

    >>> float(sum_rate([1.0, 3.0]))
    3.0
    """
    return time_share * np.log2(1 + sinr).sum(axis=-1)


@public("(0, inf)")
@implements("coupling.eq14", "exact")
def transmit_power(K: Quantity, data_share: Quantity, downlink_power: Quantity) -> Quantity:
    r"""Mean power :math:`P_d(\rho K + 1 - \rho)` that X_d radiates a symbol, in watts.

    K beams for users share rho of P_d each, the target's beam has the rest; all beams are of unit
    power.

    Claim: coupling.eq14.

    >>> float(transmit_power(4, 0.5, 1.0))
    2.5
    """
    return downlink_power * (data_share * K + 1 - data_share)


@public("[0, inf)")
@implements("coupling.lem1", "right", r"\gamma_k")
def sinr_of_links(
    links: list[UplinkLink], target_index: int, data_share: float, downlink_power: float
) -> np.ndarray:
    r"""SINR of every user of a list of pairs while the target of one of them is sensed, shape (K,).

    .. math:: \gamma_k = \frac{\rho(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)}{\Sigma_{\mathrm{Comm}}
        + (1-\rho)(\mu_k\kappa_k|a^H(\theta_l)\bar h_k|^2+\mu_kN)/N + N_0/P_d}

    with :math:`\Sigma_{\mathrm{Comm}}` of :func:`multiuser_interference`; the echo in the estimates
    is counted as it is.

    Parameters
    ----------
    links : the K pairs of user and target
    target_index : place in the list, from 0, of the pair whose target is sensed
    data_share : rho
    downlink_power : P_d in watts

    Raises ``ValueError`` for an index outside the list.

    Claim: coupling.lem1.

    At the paper's settings, two pairs, printed and right:

    >>> from isacnb.coupling.printed import sinr_of_links_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> places = [(25.0, 10.0, 0.3, -0.5), (40.0, 15.0, -0.2, 0.6)]
    >>> links = [UplinkLink.at(p, *place) for place in places]
    >>> for f in (sinr_of_links_printed, sinr_of_links):
    ...     print(*(f"{value:.3f}" for value in f(links, 0, p.data_share, p.downlink_power)))
    -3.605 -4.122
    30.190 32.224
    """
    users = DownlinkUsers.of(links)
    noise_ratio = links[0].noise_power / downlink_power
    return sinr(users, users.beam_overlap(target_index), links[0].N, data_share, noise_ratio)


@public("[0, inf)")
@implements("coupling.lem2", "right")
def sinr_large_array_of_links(
    links: list[UplinkLink], data_share: float, downlink_power: float
) -> np.ndarray:
    r"""SINR (21) of Lemma 2 for a list of pairs, shape (K,).

    .. math:: \bar\gamma_k = \frac{\rho N(\mu_k\kappa_k+\phi_k)}
        {\rho\sum_i\frac{\mu_i\mu_k\kappa_i+\phi_i\mu_k\kappa_k+\phi_i\mu_k}{\mu_i\kappa_i+\phi_i}
         + (1-\rho)\mu_k + N_0/P_d}

    Arguments as in :func:`sinr_of_links`; which target is sensed does not matter here.

    Claim: coupling.lem2.

    The pairs of :func:`sinr_of_links`:

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> p = CouplingParameters.paper()
    >>> places = [(25.0, 10.0, 0.3, -0.5), (40.0, 15.0, -0.2, 0.6)]
    >>> links = [UplinkLink.at(p, *place) for place in places]
    >>> values = sinr_large_array_of_links(links, p.data_share, p.downlink_power)
    >>> print(*(f"{value:.3f}" for value in values))
    29.260 31.157
    """
    users = DownlinkUsers.of(links)
    return sinr_large_array(
        users.scattered_gain,
        users.rician_factor,
        users.estimate_variance,
        links[0].N,
        data_share,
        links[0].noise_power / downlink_power,
    )


def _check_limit(name, value, limit, words):
    """Raise where numbers are above what other numbers allow; symbols pass."""
    value, limit = np.asarray(value), np.asarray(limit)
    if "O" in (value.dtype.kind, limit.dtype.kind):
        return
    over = value > limit * (1 + 1e-9)
    if np.any(over):
        bad, most = (np.broadcast_to(array, over.shape)[over].flat[0] for array in (value, limit))
        raise Contradiction(f"{name} must be at most {words}, {most:g}, got {bad:g}")


def _check_variances(statistics):
    """An estimate varies at most as the channel does, and its echo at most as the estimate."""
    variance, echo = statistics.estimate_variance, statistics.echo_variance
    _check_limit("estimate_variance", variance, statistics.scattered_gain, "scattered_gain")
    if echo is not None:
        _check_limit("echo_variance", echo, variance, "estimate_variance")


def _check_beam(name, overlap, user, N):
    most = N * np.asarray(user.line_of_sight_power)
    _check_limit(name, overlap, most, "N times line_of_sight_power")


def _not_zero(power):
    """The power of estimates, along which beams are sent."""
    if power.dtype.kind != "O" and np.any(power == 0):
        raise Contradiction(
            "rician_factor and estimate_variance must not both be 0: there is no beam"
        )
    return power


def _norms(overlap):
    """Squared norms of the lines of sight from the diagonal of their overlaps."""
    diagonal = np.diagonal(overlap, axis1=-2, axis2=-1)
    if diagonal.dtype.kind != "O":
        return np.sqrt(diagonal)
    roots = [arithmetic(entry).sqrt(entry) for entry in diagonal.flat]
    return np.array(roots, dtype=object).reshape(diagonal.shape)


def _on_axis(channels, axis):
    """Statistics of all users with another axis beside that of the users."""
    fields = {name: np.asarray(value) for name, value in vars(channels).items()}
    return ChannelStatistics(
        **{
            name: np.expand_dims(value, axis) if value.ndim else value
            for name, value in fields.items()
        }
    )
