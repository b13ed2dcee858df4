"""The drawn link refuses what makes no link."""

import numpy as np
import pytest

from isacnb.rician.beams import (
    JointBeam,
    joint_beamformer,
)
from isacnb.rician.system import Link, simulate_link

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
