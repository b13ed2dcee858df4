"""The rician paper's link drawn: angles, channels, waveforms, noise and echoes.

:func:`simulate_link` runs any beamformer, the paper's two or a reader's own.
"""

from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_answer, check_integer, check_memory
from ..signals.arrays import steering_derivative, steering_vector
from ..signals.fisher import bound_of_angle, steered_information
from .angles import AngleSampler, uniform_angles
from .beams import Beamformer, waveform
from .channel import rician_channel

__all__ = [
    "Link",
    "LinkSample",
    "drawn_sinr",
    "radar_echo",
    "simulate_link",
]


@public("[0, inf]")
@implements("rician.metrics", "system")
def drawn_sinr(
    channel: np.ndarray,
    beam_matrix: np.ndarray,
    user_noise_power: float = 1.0,
    path_gain: float = 1.0,
    *,
    dirty_paper: bool = False,
) -> np.ndarray:
    r"""SINR of the user on drawn channels, from what it hears of each stream, shape (...).

    .. math:: \frac{\varrho|h^Hw_0|^2}{\varrho\sum_{k>0}|h^Hw_k|^2+\sigma_c^2}

    Parameters
    ----------
    channel : h, shape (..., N)
    beam_matrix : columns w_k, in roots of watts, shape (..., N, streams); the first carries the data
    user_noise_power : :math:`\sigma_c^2` in watts, > 0
    path_gain : :math:`\varrho`
    dirty_paper : whether the streams after the first leave the user undisturbed

    Raises ``ValueError`` for shapes that do not fit.

    Claim: rician.metrics.

    Two antennas, the data on the first and a second stream on both:

    >>> drawn_sinr(np.array([2.0, 1.0]), np.array([[1.0, 0.5], [0.0, 0.5]])).item()
    1.2307692307692308
    """
    if np.ndim(beam_matrix) < 2 or np.shape(channel)[-1:] != np.shape(beam_matrix)[-2:-1]:
        raise ValueError(
            "beam_matrix must have shape (..., N, streams) for channel (..., N), got "
            f"{np.shape(beam_matrix)} and {np.shape(channel)}"
        )
    heard = (np.conj(channel)[..., None, :] @ beam_matrix)[..., 0, :]
    gains = path_gain * np.abs(heard) ** 2
    disturbance = 0.0 if dirty_paper else gains[..., 1:].sum(axis=-1)
    return gains[..., 0] / (disturbance + user_noise_power)


@public
@implements("rician.eq2", "system")
def radar_echo(
    rng: np.random.Generator,
    transmit_block: np.ndarray,
    target_angle: Quantity,
    M: int,
    reflection: complex = 1.0,
    radar_noise_power: float = 1.0,
) -> np.ndarray:
    r"""Draw the radar echo :math:`Y_r=\alpha\,b(\theta)a^H(\theta)X+N_r`, shape (..., M, L).

    Eq. (2) of the rician paper, centred arrays.

    Parameters
    ----------
    rng : source of the noise
    transmit_block : X, shape (..., N, L), in roots of watts
    target_angle : :math:`\theta` in radians, shape (...)
    M : number of receive antennas
    reflection : :math:`\alpha`, one complex number
    radar_noise_power : of an entry of :math:`N_r`, in watts

    Raises ``ValueError`` for an echo that cannot fit in memory.

    Claim: rician.eq2.

    Two receive antennas hear four transmit antennas that send in phase to a target at broadside:

    >>> block = np.ones((4, 3)) / 2
    >>> radar_echo(np.random.default_rng(1), block, 0.0, 2, radar_noise_power=1e-12).real.round(3)
    array([[2., 2., 2.],
           [2., 2., 2.]])
    """
    send = steering_vector(target_angle, transmit_block.shape[-2], centred=True)
    check_memory((*np.shape(target_angle), M, transmit_block.shape[-1]))
    receive = steering_vector(target_angle, M, centred=True)
    signal = reflection * receive[..., None] * (send[..., None, :].conj() @ transmit_block)
    noise = rng.standard_normal((*signal.shape, 2)).view(complex)[..., 0]
    return signal + np.sqrt(radar_noise_power / 2) * noise


@dataclass(frozen=True)
class Link:
    r"""Constants of the link.

    Raises ``ValueError`` for a field outside its domain and for fewer than two antennas.

    Parameters
    ----------
    N : number of transmit antennas, >= 2
    M : number of receive antennas, >= 2
    rician_factor : K
    path_gain : :math:`\varrho`
    user_noise_power : :math:`\sigma_c^2` in watts
    radar_noise_power : :math:`\sigma_r^2` in watts
    reflection : :math:`\alpha`
    frame_length : L; None stands for a long frame, whose sample covariance is its mean

    >>> Link(8, 4, 1.0, user_noise_power=0.1).path_gain
    1.0
    """

    N: int
    M: int
    rician_factor: float
    path_gain: float = 1.0
    user_noise_power: float = 1.0
    radar_noise_power: float = 1.0
    reflection: complex = 1.0
    frame_length: int | None = None

    def __post_init__(self):
        check_fields(self)
        check_integer("N", self.N, 2)
        check_integer("M", self.M, 2)


@dataclass(frozen=True)
class LinkSample:
    """One row a realisation.

    Parameters
    ----------
    target_angle : in radians
    user_angle : in radians
    sinr : of the user
    crb : bound of the target's angle, in rad²
    downlink_power : of what was sent, in watts
    """

    target_angle: np.ndarray
    user_angle: np.ndarray
    sinr: np.ndarray
    crb: np.ndarray
    downlink_power: np.ndarray


@public(size="integers [1, inf)")
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

    With a finite frame the symbols are drawn, and the CRB is that of the sample covariance; the CRB is
    for the whole frame (for one symbol if the frame is long). It is the first element of the inverse
    of the information on angle and reflection, multiplied out from the echo's derivatives. Counting ``sinr < gamma`` and
    ``crb > epsilon`` gives every outage of the rician paper.

    Parameters
    ----------
    rng : source of angles, channels and symbols
    size : number of realisations, >= 1
    link : constants of the link
    beamformer : see :mod:`isacnb.rician.beams`
    angles : draws target and user angles, see :mod:`isacnb.rician.angles`; uniform by default
    dirty_paper : whether the streams after the first leave the user undisturbed

    Raises ``ValueError`` for a beamformer whose beams have another shape or are not finite, and for a sample that cannot
    fit in memory.

    Claim: rician.metrics.

    >>> from isacnb.rician.beams import JointBeam, joint_beamformer
    >>> rng = np.random.default_rng(1)
    >>> sample = simulate_link(rng, 1000, Link(8, 4, 1.0), joint_beamformer(JointBeam(1, 1)))
    >>> sample.sinr.shape, bool(np.allclose(sample.downlink_power, 1))
    ((1000,), True)
    """
    check_memory((size, link.N, max(link.N, link.frame_length or 1)))
    target, user = angles(rng, size)
    h = rician_channel(rng, size, user, link.N, link.rician_factor)
    beams = check_answer("beamformer", beamformer(h, steering_vector(target, link.N, centred=True)))
    if np.ndim(beams) != 3 or beams.shape[:2] != h.shape:
        raise ValueError(
            f"beamformer must return shape ({size}, {link.N}, streams), got {np.shape(beams)}"
        )
    sinr = drawn_sinr(h, beams, link.user_noise_power, link.path_gain, dirty_paper=dirty_paper)
    sent, length = beams, link.frame_length or 1
    if link.frame_length is not None:
        sent = waveform(rng, beams, length) / np.sqrt(length)
    send, receive = (
        [make(target, count, centred=True) for make in (steering_derivative, steering_vector)]
        for count in (link.N, link.M)
    )
    energy = 2 * abs(link.reflection) ** 2 * length / link.radar_noise_power
    crb = bound_of_angle(energy * steered_information(*receive, *send, sent))
    power = np.sum(np.abs(sent) ** 2, axis=(-2, -1))
    return LinkSample(target, user, sinr, crb, power)
