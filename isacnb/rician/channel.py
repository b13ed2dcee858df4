r"""The link of the rician paper: channel, angles, beamformers, waveforms, echo.

A base station with N transmit and M receive antennas (centred half-wavelength arrays) serves a
user through :math:`h = \eta_1 a(\phi) + \eta_2\nu` and senses a point target at the angle
:math:`\theta`. A *beamformer* is a function ``beamformer(h, a)`` of channels and target steering
vectors, both of shape (size, N), that returns precoders of shape (size, N, streams), each stream
carrying white unit-power symbols; stream 0 carries the user's data. :func:`simulate_link` runs
any beamformer, the paper's two or a reader's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import steering_derivative, steering_vector
from ..generic import Quantity, arithmetic
from ..index import implements
from ..validation import check_integer, check_real
from .angles import AngleSampler, uniform_angles

__all__ = [
    "Link",
    "LinkSample",
    "angle_crb",
    "channel_from_scatter",
    "echo",
    "linear_beamformer",
    "phase_matched_beamformer",
    "response_traces",
    "rician_channel",
    "rician_weights",
    "simulate_link",
    "sinr_threshold",
    "subspace_beamformer",
    "transmit_covariance",
    "unit_scatter",
    "waveform",
]

Beamformer = Callable[[np.ndarray, np.ndarray], np.ndarray]


@implements("rician.eq1", "right", r"\eta_1")
def rician_weights(rician_factor: Quantity) -> tuple[Quantity, Quantity]:
    r"""Amplitudes :math:`\eta_1=\sqrt{K/(K+1)}` and :math:`\eta_2=\sqrt{1/(K+1)}`.

    The Rician factor K is >= 0 (K = 0: Rayleigh fading), otherwise ``ValueError``. Source: rician
    paper, Section II-A.

    Claim: rician.eq1.

    >>> rician_weights(0.0)
    (np.float64(0.0), np.float64(1.0))
    """
    factor = check_real("rician_factor", rician_factor, 0)
    ns = arithmetic(factor)
    return ns.sqrt(factor / (factor + 1)), ns.sqrt(1 / (factor + 1))


@implements("rician.floor-moderate", "tool")
def unit_scatter(rician_factor: Quantity, scatter_power: Quantity) -> tuple[Quantity, Quantity]:
    r"""Rician factor and gain of a channel whose scattered entries do not have unit power.

    With :math:`E|\nu_n|^2=v` (``scatter_power`` > 0; 2 for a Rayleigh scale of 1) the channel
    :math:`\eta_1a+\eta_2\nu` is :math:`\sqrt G` times one of unit power and factor :math:`K/v`,
    where :math:`G=(K+v)/(K+1)` is its mean power an antenna. Returns (K/v, G). Raises
    ``ValueError`` for K < 0 or v <= 0.

    Claim: rician.floor-moderate.

    >>> unit_scatter(1.0, 2.0)
    (np.float64(0.5), np.float64(1.5))
    """
    factor = check_real("rician_factor", rician_factor, 0)
    power = check_real("scatter_power", scatter_power, 0, open_low=True)
    return factor / power, (factor + power) / (factor + 1)


@implements("rician.eq1", "right", r"\mathbf h")
def channel_from_scatter(
    scatter: np.ndarray, user_angle: ArrayLike, rician_factor: float
) -> np.ndarray:
    r"""Channel :math:`h=\eta_1a(\phi)+\eta_2\nu` of a given scattered part, eq. (1).

    ``scatter`` is :math:`\nu`, shape (..., N); ``user_angle`` in radians is a number or of the shape
    (...). Raises ``ValueError`` for a negative Rician factor.

    Claim: rician.eq1.

    >>> channel_from_scatter(np.ones(2), 0.0, 1.0).round(6)
    array([1.414214+0.j, 1.414214+0.j])
    """
    line, weight = rician_weights(rician_factor)
    return line * steering_vector(user_angle, scatter.shape[-1], centred=True) + weight * scatter


@implements("rician.eq1", "system")
def rician_channel(
    rng: np.random.Generator, size: int, user_angle: ArrayLike, N: int, rician_factor: float
) -> np.ndarray:
    """Draw channels of shape (size, N) from their definition, eq. (1) of the rician paper.

    The scatter is drawn by Rayleigh magnitudes and uniform phases. ``user_angle`` in radians is
    a number or of shape (size,). Raises ``ValueError`` for N < 2 or a negative Rician factor.

    Claim: rician.eq1.
    """
    size, N = check_integer("size", size, 0), check_integer("N", N, 2)
    magnitude = np.sqrt(rng.standard_exponential((size, N)))
    phase = rng.uniform(0, 2 * np.pi, (size, N))
    return channel_from_scatter(magnitude * np.exp(1j * phase), user_angle, rician_factor)


@implements("rician.eq3", "right")
@implements("rician.eq4", "right")
def subspace_beamformer(
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
    power: float = 1.0,
) -> Beamformer:
    r"""Subspace joint beamformer (SJB), one stream, eqs. (3) and (4) of the rician paper.

    .. math:: w = \sqrt P\,\frac{\tilde w}{\|\tilde w\|}, \qquad
              \tilde w = \alpha_1e^{j\psi_1}h + \alpha_2e^{j\psi_2}a(\theta)

    Weights >= 0, not both 0, power > 0, else ``ValueError``.

    Claims: rician.eq3, rician.eq4.
    """
    alpha = check_real("user_weight", user_weight, 0), check_real("target_weight", target_weight, 0)
    if not any(alpha):
        raise ValueError("user_weight and target_weight must not both be 0")
    power = check_real("power", power, 0, open_low=True)
    user = alpha[0] * np.exp(1j * check_real("user_phase", user_phase))
    target = alpha[1] * np.exp(1j * check_real("target_phase", target_phase))

    def beamformer(h, a):
        beam = user * h + target * a
        return (np.sqrt(power) * beam / np.linalg.norm(beam, axis=-1, keepdims=True))[..., None]

    return beamformer


@implements("rician.eq5", "right")
@implements("rician.eq7", "right")
def linear_beamformer(
    communication_power: float, sensing_power: float, power: float | None = None
) -> Beamformer:
    r"""Linear beamformer (LB), data stream and radar stream, eqs. (5) to (7) of the rician paper.

    .. math:: w_0 = \sqrt{P_c}\,\frac h{\|h\|}, \qquad w_1 = \sqrt{P_s}\,\frac{a(\theta)}{\sqrt N},
              \qquad P_c + P_s = P

    Powers are >= 0; ``ValueError`` if they do not add up to ``power`` where it is given.

    Claims: rician.eq5, rician.eq7.
    """
    data = float(check_real("communication_power", communication_power, 0))
    radar = float(check_real("sensing_power", sensing_power, 0))
    if power is not None and not np.isclose(data + radar, power, rtol=1e-12, atol=0):
        raise ValueError(f"powers must add up to {power}, got {data + radar}")

    def beamformer(h, a):
        user = np.sqrt(data) * h / np.linalg.norm(h, axis=-1, keepdims=True)
        target = np.sqrt(radar / a.shape[-1]) * a
        return np.stack([user, np.broadcast_to(target, user.shape)], axis=-1)

    return beamformer


def phase_matched_beamformer(
    user_weight: float, target_weight: float, power: float = 1.0
) -> Beamformer:
    r"""SJB whose target phase follows the channel: :math:`\psi_2-\psi_1=\arg(a^Hh)`.

    The two parts of :math:`h^H\tilde w` then add in phase. Not in the paper's Section VII, which
    fixes the phases.
    """
    base = check_real("user_weight", user_weight, 0), check_real("target_weight", target_weight, 0)
    if not any(base):
        raise ValueError("user_weight and target_weight must not both be 0")
    power = check_real("power", power, 0, open_low=True)

    def beamformer(h, a):
        product = np.sum(a.conj() * h, axis=-1, keepdims=True)
        beam = base[0] * h + base[1] * np.exp(1j * np.angle(product)) * a
        return (np.sqrt(power) * beam / np.linalg.norm(beam, axis=-1, keepdims=True))[..., None]

    return beamformer


@implements("rician.eq3", "system")
@implements("rician.eq5", "system")
def waveform(rng: np.random.Generator, precoder: np.ndarray, frame_length: int) -> np.ndarray:
    r"""Draw blocks :math:`X=W S^H` of shape (..., N, L) with white Gaussian symbols S.

    Claims: rician.eq3, rician.eq5.
    """
    length = check_integer("frame_length", frame_length, 1)
    shape = (*precoder.shape[:-2], precoder.shape[-1], length)
    symbols = rng.standard_normal((*shape, 2)).view(complex)[..., 0] / np.sqrt(2)
    return precoder @ symbols


@implements("rician.eq6", "right")
def transmit_covariance(precoder: np.ndarray) -> np.ndarray:
    r"""Covariance :math:`R=WW^H` of what is sent, per symbol, shape (..., N, N).

    ``precoder`` W has the shape (..., N, streams), for the mean over white unit-power symbols; or it
    is :math:`X/\sqrt L`, for the sample covariance of one block X of L symbols.

    Claim: rician.eq6.

    >>> transmit_covariance(np.array([[1.0, 0.0], [0.0, 2.0]]))
    array([[1., 0.],
           [0., 4.]])
    """
    return precoder @ np.swapaxes(np.conj(precoder), -1, -2)


@implements("rician.eq2", "system")
def echo(
    rng: np.random.Generator,
    block: np.ndarray,
    target_angle: ArrayLike,
    M: int,
    reflection: complex = 1.0,
    noise_power: float = 1.0,
) -> np.ndarray:
    r"""Draw the radar echo :math:`Y_r=\alpha\,b(\theta)a^H(\theta)X+N_r`, shape (..., M, L).

    Eq. (2) of the rician paper, centred arrays; noise of power ``noise_power`` > 0 an entry.

    Claim: rician.eq2.
    """
    M = check_integer("M", M, 1)
    noise_power = check_real("noise_power", noise_power, 0, open_low=True)
    send = steering_vector(target_angle, block.shape[-2], centred=True)
    receive = steering_vector(target_angle, M, centred=True)
    signal = reflection * receive[..., None] * (send[..., None, :].conj() @ block)
    noise = rng.standard_normal((*signal.shape, 2)).view(complex)[..., 0]
    return signal + np.sqrt(noise_power / 2) * noise


@implements("rician.appB-18", "right")
@implements("rician.appB-19", "right")
@implements("rician.appB-20", "right")
@implements("rician.eq11", "tool")
def response_traces(
    covariance: np.ndarray, target_angle: ArrayLike, M: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The traces :math:`\mathrm{tr}(A^HAR)`, :math:`\mathrm{tr}(\dot A^H\dot AR)` and :math:`\mathrm{tr}(\dot A^HAR)`.

    :math:`A=b(\theta)a^H(\theta)` is the response of the target, a sum of dyads, :math:`\dot A` its
    derivative with respect to the angle in radians. ``covariance`` has the shape (..., N, N), the
    angle the shape (...). Raises ``ValueError`` for M < 1. Source: rician paper, Appendix B, whose
    closed forms it does not use.

    Claims: rician.appB-18, rician.appB-19, rician.appB-20, rician.eq11.

    >>> [round(complex(t).real, 6) for t in response_traces(np.eye(2), 0.0, 2)]
    [4.0, 19.739209, 0.0]
    """
    N, M = covariance.shape[-1], check_integer("M", M, 1)
    send, slope = (f(target_angle, N, centred=True) for f in (steering_vector, steering_derivative))
    receive, turn = (
        f(target_angle, M, centred=True) for f in (steering_vector, steering_derivative)
    )
    # a response matrix is a sum of dyads (receive vector, send vector)
    A, dA = [(receive, send)], [(turn, send), (receive, slope)]

    def trace(left, right):
        return sum(
            np.sum(b2.conj() * b1, axis=-1)
            * np.sum(a1.conj() * (covariance @ a2[..., None])[..., 0], axis=-1)
            for b1, a1 in right
            for b2, a2 in left
        )

    return trace(A, A), trace(dA, dA), trace(dA, A)


@implements("rician.eq11", "right")
def angle_crb(
    covariance: np.ndarray,
    target_angle: ArrayLike,
    M: int,
    frame_length: Quantity = 1,
    reflection: complex = 1.0,
    noise_power: float = 1.0,
) -> np.ndarray:
    r"""Cramér–Rao bound of the target angle for a transmit covariance R, in rad².

    .. math:: \frac{\sigma_r^2}{2|\alpha|^2L}\,\frac{\mathrm{tr}(A^HAR)}
        {\mathrm{tr}(\dot A^H\dot AR)\,\mathrm{tr}(A^HAR) - |\mathrm{tr}(\dot A^HAR)|^2}

    It is the Schur complement of the information on the complex reflection, from the entries
    :math:`\mathrm{tr}(D_1 R D_2^H)` with :math:`D_i\in\{A,\dot A\}`, :math:`A=ba^H`: eq. (11) of
    the rician paper. ``covariance`` has shape (..., N, N). Infinite where R leaves the target dark.

    Claim: rician.eq11.
    """
    noise_power = check_real("noise_power", noise_power, 0, open_low=True)
    on, slopes, across = response_traces(covariance, target_angle, M)
    on, slopes = on.real, slopes.real
    factor = noise_power / (2 * abs(reflection) ** 2 * frame_length)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = factor * on / (slopes * on - abs(across) ** 2)
    return np.where(on > 0, bound, np.inf)


@dataclass(frozen=True)
class Link:
    """Constants of the link: arrays, channel, path gain, noises, reflection, frame length.

    ``frame_length=None`` stands for a long frame: the sample covariance is then its mean.
    """

    N: int
    M: int
    rician_factor: float
    path_gain: float = 1.0
    user_noise: float = 1.0
    radar_noise: float = 1.0
    reflection: complex = 1.0
    frame_length: int | None = None

    def __post_init__(self):
        check_integer("N", self.N, 2)
        check_integer("M", self.M, 2)
        check_real("rician_factor", self.rician_factor, 0)
        for name in ("path_gain", "user_noise", "radar_noise"):
            check_real(name, getattr(self, name), 0, open_low=True)
        if self.frame_length is not None:
            check_integer("frame_length", self.frame_length, 1)


@dataclass(frozen=True)
class LinkSample:
    """One row a realisation: angles (radians), user SINR, angle CRB (rad²), transmit power."""

    target: np.ndarray
    user: np.ndarray
    sinr: np.ndarray
    crb: np.ndarray
    power: np.ndarray


@implements("rician.metrics", "right", r"\gamma")
def sinr_threshold(rate: Quantity) -> Quantity:
    r"""SINR threshold :math:`\gamma=2^R-1` of a rate R in bit/s/Hz.

    ``rate`` > 0, otherwise ``ValueError``; arrays pass. Source: rician paper, Section II-B.

    Claim: rician.metrics.

    >>> float(sinr_threshold(2.0))
    3.0
    """
    return 2 ** check_real("rate", rate, 0, open_low=True) - 1


@implements("rician.metrics", "system")
def simulate_link(
    rng: np.random.Generator,
    size: int,
    link: Link,
    beamformer: Beamformer,
    angles: AngleSampler = uniform_angles,
    *,
    dirty_paper: bool = False,
) -> LinkSample:
    """Draw realisations of the whole link under any beamformer.

    The streams after the first disturb the user unless ``dirty_paper``. With a finite frame the
    symbols are drawn, and the CRB is that of the sample covariance; the CRB is for the whole
    frame (for one symbol if the frame is long). Counting ``sinr < gamma`` and ``crb > epsilon``
    gives every outage of the rician paper.

    Claim: rician.metrics.

    >>> rng = np.random.default_rng(1)
    >>> sample = simulate_link(rng, 1000, Link(8, 4, 1.0), subspace_beamformer(1, 1))
    >>> sample.sinr.shape, bool(np.allclose(sample.power, 1))
    ((1000,), True)
    """
    size = check_integer("size", size, 1)
    target, user = angles(rng, size)
    h = rician_channel(rng, size, user, link.N, link.rician_factor)
    precoder = beamformer(h, steering_vector(target, link.N, centred=True))
    if precoder.shape[:2] != h.shape or precoder.ndim != 3:
        raise ValueError(
            f"beamformer must return shape ({size}, {link.N}, streams), got {precoder.shape}"
        )
    gains = link.path_gain * np.abs(np.einsum("sn,snk->sk", h.conj(), precoder)) ** 2
    disturbance = 0.0 if dirty_paper else gains[:, 1:].sum(axis=1)
    block = precoder
    if link.frame_length is not None:
        block = waveform(rng, precoder, link.frame_length) / np.sqrt(link.frame_length)
    covariance = transmit_covariance(block)
    crb = angle_crb(
        covariance, target, link.M, link.frame_length or 1, link.reflection, link.radar_noise
    )
    power = np.einsum("snn->s", covariance).real
    return LinkSample(target, user, gains[:, 0] / (disturbance + link.user_noise), crb, power)
