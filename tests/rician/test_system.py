"""The drawn link refuses what makes no link."""

import numpy as np
import pytest

from isacnb.rician.angle_bound import angle_crb
from isacnb.rician.beams import (
    JointBeam,
    joint_beamformer,
    split_beamformer,
)
from isacnb.rician.channel import rician_channel, transmit_covariance
from isacnb.rician.rate import sinr_dpc, sinr_split
from isacnb.rician.system import Link, drawn_sinr, simulate_link
from isacnb.signals.arrays import steering_vector

BEAM = JointBeam(1.0, 1.5, 0.4, -0.9)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: Link(1, 4, 1.0), id="one transmit antenna"),
        pytest.param(lambda: Link(8, 1, 1.0), id="one receive antenna"),
        pytest.param(lambda: Link(8, 4, -1.0), id="a field outside its domain"),
    ],
)
def test_bad_links(call):
    with pytest.raises(ValueError, match="must"):
        call()


def test_beams_of_a_wrong_shape_are_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"beamformer must return shape \(10, 8, streams\)"):
        simulate_link(rng, 10, Link(8, 4, 1.0), lambda h, a: h)
    with pytest.raises(ValueError, match="GiB"):
        simulate_link(rng, 10**7, Link(64, 4, 1.0), joint_beamformer(BEAM))


def test_a_beamformer_that_fails_is_no_outage():
    def lost(channel, steering):
        return np.full((*channel.shape, 1), np.nan)

    with pytest.raises(ValueError, match="beamformer must return finite numbers"):
        simulate_link(np.random.default_rng(1), 10, Link(4, 4, 1.0), lost)


@pytest.mark.parametrize("frame_length", [None, 3])
@pytest.mark.parametrize(
    "beamformer", [joint_beamformer(BEAM, 2.0), split_beamformer(0.3, 2.0)], ids=["one", "two"]
)
def test_bound_and_power_of_a_drawn_link_are_those_of_its_covariance(beamformer, frame_length):
    link = Link(6, 3, 2.0, radar_noise_power=0.2, reflection=0.5 + 1j, frame_length=frame_length)
    kept = []

    def keeping(h, a):
        kept.append(beamformer(h, a))
        return kept[-1]

    drawn = simulate_link(np.random.default_rng(2), 40, link, keeping)
    if frame_length is None:
        covariance = transmit_covariance(kept[0])
        bound = angle_crb(covariance, drawn.target_angle, 3, 1, 0.5 + 1j, 0.2)
        assert drawn.crb == pytest.approx(bound, rel=1e-8)
        assert drawn.downlink_power == pytest.approx(np.full(40, 2.0), rel=1e-12)
    else:
        # three symbols at a time of two random streams: the bound of the frame is about as large
        assert np.median(drawn.crb) < np.inf
        assert not np.allclose(drawn.downlink_power, 2.0)


def test_a_target_in_the_dark_has_no_bound():
    away = lambda h, a: np.zeros((*h.shape, 1))  # noqa: E731
    assert np.all(simulate_link(np.random.default_rng(3), 5, Link(4, 4, 1.0), away).crb == np.inf)


def test_sinr_of_drawn_channels_is_that_of_norm_and_projection():
    h = rician_channel(np.random.default_rng(4), 50, 0.2, 6, 1.0)
    a = steering_vector(0.5, 6, centred=True)
    beams = split_beamformer(0.3, 2.0)(h, a)
    norm, projection = np.sum(np.abs(h) ** 2, axis=1), np.abs(h @ a.conj()) ** 2
    plain = drawn_sinr(h, beams, 0.5, 3.0)
    assert plain == pytest.approx(sinr_split(norm, projection, 6, 12.0, 0.3), rel=1e-12)
    coded = drawn_sinr(h, beams, 0.5, 3.0, dirty_paper=True)
    assert coded == pytest.approx(sinr_dpc(norm, 12.0, 0.3), rel=1e-12)
    for bad in (np.ones(6), np.ones((50, 5, 2))):
        with pytest.raises(ValueError, match=r"\(..., N, streams\)"):
            drawn_sinr(h, bad)
