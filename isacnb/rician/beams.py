r"""Beamformers and waveforms of the rician paper.

Two kinds of transmission are compared: the *joint beam*, one stream on one beam between the user's
channel and the target's direction (the paper's subspace joint beamforming, SJB), and the *split
beams*, a data stream towards the user and a radar stream towards the target (its linear
beamforming, LB), of which the data share says how much power the first one has.

A *beamformer* is a function ``beamformer(h, a)`` of channels and target steering vectors, both of shape
(size, N), that returns beams of shape (size, N, streams), each stream carrying white unit-power
symbols; stream 0 carries the user's data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory

__all__ = [
    "Beamformer",
    "JointBeam",
    "joint_beamformer",
    "phase_matched_beamformer",
    "split_beamformer",
    "waveform",
]


Beamformer = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class JointBeam:
    r"""The joint beam before its power is set, eq. (4) of the rician paper.

    .. math:: \tilde w = \alpha_1e^{j\psi_1}h + \alpha_2e^{j\psi_2}a(\theta)

    Numbers, arrays that broadcast, symbols and balls. Raises ``ValueError`` for a field outside its
    domain, and where both weights are 0.

    Parameters
    ----------
    user_weight : :math:`\alpha_1\ge0`
    target_weight : :math:`\alpha_2\ge0`
    user_phase : :math:`\psi_1` in radians
    target_phase : :math:`\psi_2` in radians

    >>> float(JointBeam(2.0, 1.0, target_phase=np.pi).phase_difference / np.pi)
    1.0
    """

    user_weight: Quantity
    target_weight: Quantity
    user_phase: Quantity = 0.0
    target_phase: Quantity = 0.0

    def __post_init__(self):
        check_fields(self)
        if np.any((self.user_weight == 0) & (self.target_weight == 0)):
            raise ValueError("user_weight and target_weight must not both be 0")

    @property
    def phase_difference(self) -> Quantity:
        r""":math:`\psi_2-\psi_1` in radians."""
        return self.target_phase - self.user_phase


@public
@implements("rician.eq3", "right")
@implements("rician.eq4", "right")
def joint_beamformer(beam: JointBeam, downlink_power: float = 1.0) -> Beamformer:
    r"""Beamformer of the joint beam, one stream, eqs. (3) and (4) of the rician paper.

    .. math:: w = \sqrt P\,\frac{\tilde w}{\|\tilde w\|}, \qquad
              \tilde w = \alpha_1e^{j\psi_1}h + \alpha_2e^{j\psi_2}a(\theta)

    Parameters
    ----------
    beam : weights and phases, numbers
    downlink_power : P in watts

    Claims: rician.eq3, rician.eq4.

    A channel and a target at right angles, weights 3 and 4:

    >>> make = joint_beamformer(JointBeam(3.0, 4.0), downlink_power=25.0)
    >>> make(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))[0, :, 0].real
    array([3., 4.])
    """
    user = beam.user_weight * np.exp(1j * beam.user_phase)
    target = beam.target_weight * np.exp(1j * beam.target_phase)

    def beamformer(h, a):
        return _one_stream(user * h + target * a, downlink_power)

    return beamformer


@public
@implements("rician.eq5", "right")
@implements("rician.eq7", "right")
def split_beamformer(data_share: float, downlink_power: float = 1.0) -> Beamformer:
    r"""Beamformer of the split beams, data and radar stream, eqs. (5) to (7) of the rician paper.

    .. math:: w_0 = \sqrt{P_c}\,\frac h{\|h\|}, \qquad w_1 = \sqrt{P_s}\,\frac{a(\theta)}{\sqrt N},
              \qquad P_c = p_cP,\quad P_s = (1-p_c)P

    Parameters
    ----------
    data_share : :math:`p_c` in [0, 1]
    downlink_power : P in watts

    Claims: rician.eq5, rician.eq7.

    >>> make = split_beamformer(0.25, downlink_power=16.0)
    >>> make(np.array([[2.0, 0.0]]), np.array([[1.0, 1.0]]))[0].round(12)
    array([[2.        , 2.44948974],
           [0.        , 2.44948974]])
    """
    data = data_share * downlink_power
    radar = (1 - data_share) * downlink_power

    def beamformer(h, a):
        user = np.sqrt(data) * h / np.linalg.norm(h, axis=-1, keepdims=True)
        target = np.sqrt(radar / a.shape[-1]) * a
        return np.stack([user, np.broadcast_to(target, user.shape)], axis=-1)

    return beamformer


@public
def phase_matched_beamformer(
    user_weight: float, target_weight: float, downlink_power: float = 1.0
) -> Beamformer:
    r"""Joint beam whose target phase follows the channel: :math:`\psi_2-\psi_1=\arg(a^Hh)`.

    The two parts of :math:`h^H\tilde w` then add in phase. Not in the paper's Section VII, which
    fixes the phases.

    Parameters
    ----------
    user_weight : :math:`\alpha_1\ge0`
    target_weight : :math:`\alpha_2\ge0`, not 0 if the other is
    downlink_power : P in watts

    >>> make = phase_matched_beamformer(1.0, 1.0)
    >>> h, a = np.array([[1j, 1j]]), np.array([[1.0, 1.0]])
    >>> print(f"{np.abs(np.sum(h.conj() * make(h, a)[..., 0])) ** 2:.12f}")
    2.000000000000
    """
    weights = JointBeam(user_weight, target_weight)

    def beamformer(h, a):
        product = np.sum(a.conj() * h, axis=-1, keepdims=True)
        turned = np.exp(1j * np.angle(product)) * a
        beam = weights.user_weight * h + weights.target_weight * turned
        return _one_stream(beam, downlink_power)

    return beamformer


def _one_stream(beam: np.ndarray, power: float) -> np.ndarray:
    """Beams of a power, as the one column of a matrix."""
    return (np.sqrt(power) * beam / np.linalg.norm(beam, axis=-1, keepdims=True))[..., None]


@public
@implements("rician.eq3", "system")
@implements("rician.eq5", "system")
def waveform(rng: np.random.Generator, beam_matrix: np.ndarray, frame_length: int) -> np.ndarray:
    r"""Draw blocks :math:`X=W S^H` of shape (..., N, L) with white Gaussian symbols S.

    Parameters
    ----------
    rng : source of the symbols, of unit power
    beam_matrix : W, shape (..., N, streams), in roots of watts
    frame_length : L, a whole number >= 1

    Raises ``ValueError`` for a block that cannot fit in memory.

    Claims: rician.eq3, rician.eq5.

    The energy of 10,000 symbols on a beam of power 4, a symbol:

    >>> block = waveform(np.random.default_rng(1), np.array([[2.0], [0.0]]), 10_000)
    >>> block.shape, round(float(np.mean(np.sum(np.abs(block) ** 2, axis=0))), 1)
    ((2, 10000), 4.0)
    """
    shape = (*beam_matrix.shape[:-2], beam_matrix.shape[-1], frame_length)
    check_memory(shape)
    symbols = rng.standard_normal((*shape, 2)).view(complex)[..., 0] / np.sqrt(2)
    return beam_matrix @ symbols
