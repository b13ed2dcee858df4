"""Beamformers and waveforms of the rician paper.

A *beamformer* is a function ``beamformer(h, a)`` of channels and target steering vectors, both of shape
(size, N), that returns precoders of shape (size, N, streams), each stream carrying white unit-power
symbols; stream 0 carries the user's data.
"""

from collections.abc import Callable

import numpy as np

from ..numbers.door import public
from ..numbers.index import implements

__all__ = [
    "Beamformer",
    "linear_beamformer",
    "phase_matched_beamformer",
    "subspace_beamformer",
    "waveform",
]


Beamformer = Callable[[np.ndarray, np.ndarray], np.ndarray]


@public
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
    alpha = user_weight, target_weight
    if not any(alpha):
        raise ValueError("user_weight and target_weight must not both be 0")
    user = alpha[0] * np.exp(1j * user_phase)
    target = alpha[1] * np.exp(1j * target_phase)

    def beamformer(h, a):
        beam = user * h + target * a
        return (np.sqrt(power) * beam / np.linalg.norm(beam, axis=-1, keepdims=True))[..., None]

    return beamformer


@public
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
    data = float(communication_power)
    radar = float(sensing_power)
    if power is not None and not np.isclose(data + radar, power, rtol=1e-12, atol=0):
        raise ValueError(f"powers must add up to {power}, got {data + radar}")

    def beamformer(h, a):
        user = np.sqrt(data) * h / np.linalg.norm(h, axis=-1, keepdims=True)
        target = np.sqrt(radar / a.shape[-1]) * a
        return np.stack([user, np.broadcast_to(target, user.shape)], axis=-1)

    return beamformer


@public
def phase_matched_beamformer(
    user_weight: float, target_weight: float, power: float = 1.0
) -> Beamformer:
    r"""SJB whose target phase follows the channel: :math:`\psi_2-\psi_1=\arg(a^Hh)`.

    The two parts of :math:`h^H\tilde w` then add in phase. Not in the paper's Section VII, which
    fixes the phases.
    """
    base = user_weight, target_weight
    if not any(base):
        raise ValueError("user_weight and target_weight must not both be 0")

    def beamformer(h, a):
        product = np.sum(a.conj() * h, axis=-1, keepdims=True)
        beam = base[0] * h + base[1] * np.exp(1j * np.angle(product)) * a
        return (np.sqrt(power) * beam / np.linalg.norm(beam, axis=-1, keepdims=True))[..., None]

    return beamformer


@public
@implements("rician.eq3", "system")
@implements("rician.eq5", "system")
def waveform(rng: np.random.Generator, precoder: np.ndarray, frame_length: int) -> np.ndarray:
    r"""Draw blocks :math:`X=W S^H` of shape (..., N, L) with white Gaussian symbols S.

    Claims: rician.eq3, rician.eq5.
    """
    length = frame_length
    shape = (*precoder.shape[:-2], precoder.shape[-1], length)
    symbols = rng.standard_normal((*shape, 2)).view(complex)[..., 0] / np.sqrt(2)
    return precoder @ symbols
