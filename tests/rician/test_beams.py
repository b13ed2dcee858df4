"""Beams by their definition, and weights that make none."""

import numpy as np
import pytest

from isacnb.rician.beams import (
    JointBeam,
    joint_beamformer,
    phase_matched_beamformer,
    split_beamformer,
)
from isacnb.rician.channel import (
    rician_channel,
)
from isacnb.rician.rate import (
    sinr_joint,
    sums_joint,
)
from isacnb.signals.arrays import (
    steering_vector,
)

BEAM = JointBeam(1.0, 1.5, 0.4, -0.9)


def test_beamformers():
    rng = np.random.default_rng(5)
    h = rician_channel(rng, 50, 0.2, 6, 1.0)
    a = steering_vector(0.5, 6, centred=True)
    single = joint_beamformer(BEAM, downlink_power=2.0)(h, a)
    assert np.allclose(np.sum(np.abs(single) ** 2, axis=(1, 2)), 2)
    sinr = np.abs(np.sum(h.conj() * single[..., 0], axis=1)) ** 2
    assert np.allclose(sinr, sinr_joint(*sums_joint(h, a, BEAM), 2.0), rtol=1e-12)
    matched = phase_matched_beamformer(1, 1)(h, a)[..., 0]
    norm = np.linalg.norm(h + np.exp(1j * np.angle(h @ a.conj()))[:, None] * a, axis=1)
    gain = np.linalg.norm(h, axis=1) ** 2 + np.abs(h @ a.conj())
    assert np.allclose(np.abs(np.sum(h.conj() * matched, axis=1)), gain / norm)
    powers = np.sum(np.abs(split_beamformer(1.5 / 2.0, downlink_power=2.0)(h, a)) ** 2, axis=1)
    assert np.allclose(powers, [1.5, 0.5])


@pytest.mark.parametrize(
    ("weights", "name"),
    [((0, 0), "both"), ((-1.0, 1.0), "user_weight"), (([0.0, 1.0], [0.0, 1.0]), "both")],
    ids=["no weight", "a negative weight", "no weight once"],
)
def test_no_beam_of_such_weights(weights, name):
    with pytest.raises(ValueError, match=name):
        JointBeam(*weights)
