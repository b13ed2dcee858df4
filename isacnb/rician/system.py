"""The rician paper's link drawn: angles, channels, waveforms, noise and echoes.

:func:`simulate_link` runs any beamformer, the paper's two or a reader's own.
"""

from dataclasses import dataclass

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..signals.arrays import steering_vector
from .angle_bound import angle_crb
from .angles import AngleSampler, uniform_angles
from .beams import Beamformer, waveform
from .channel import rician_channel, transmit_covariance

__all__ = [
    "Link",
    "LinkSample",
    "echo",
    "simulate_link",
]


@public(noise_power="(0, inf)")
@implements("rician.eq2", "system")
def echo(
    rng: np.random.Generator,
    block: np.ndarray,
    target_angle: Quantity,
    M: int,
    reflection: complex = 1.0,
    noise_power: float = 1.0,
) -> np.ndarray:
    r"""Draw the radar echo :math:`Y_r=\alpha\,b(\theta)a^H(\theta)X+N_r`, shape (..., M, L).

    Eq. (2) of the rician paper, centred arrays; noise of power ``noise_power`` > 0 an entry.

    Claim: rician.eq2.
    """
    send = steering_vector(target_angle, block.shape[-2], centred=True)
    receive = steering_vector(target_angle, M, centred=True)
    signal = reflection * receive[..., None] * (send[..., None, :].conj() @ block)
    noise = rng.standard_normal((*signal.shape, 2)).view(complex)[..., 0]
    return signal + np.sqrt(noise_power / 2) * noise


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

    The streams after the first disturb the user unless ``dirty_paper``. With a finite frame the
    symbols are drawn, and the CRB is that of the sample covariance; the CRB is for the whole
    frame (for one symbol if the frame is long). Counting ``sinr < gamma`` and ``crb > epsilon``
    gives every outage of the rician paper.

    Claim: rician.metrics.

    >>> from isacnb.rician.beams import subspace_beamformer
    >>> rng = np.random.default_rng(1)
    >>> sample = simulate_link(rng, 1000, Link(8, 4, 1.0), subspace_beamformer(1, 1))
    >>> sample.sinr.shape, bool(np.allclose(sample.power, 1))
    ((1000,), True)
    """
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
