"""SINR and its moments over the channel: by hand, by sums and by draws."""

import numpy as np
import pytest
from drawn_channels import draw_channels

from isacnb.rician.beams import (
    JointBeam,
)
from isacnb.rician.channel import (
    rician_channel,
)
from isacnb.rician.rate import (
    antenna_moments_joint,
    array_sum,
    communication_moments_joint,
    projection_moments,
    sinr_dpc,
    sinr_joint,
    sinr_per_antenna_joint,
    sinr_split,
    sums_joint,
)
from isacnb.signals.arrays import (
    element_positions,
    steering_vector,
)

BEAM = JointBeam(1.0, 1.5, 0.4, -0.9)


@pytest.mark.parametrize("N", [2, 3, 8, 17])
@pytest.mark.parametrize("angles", [(0.4, -0.3), (0.2, 0.2), (np.pi / 2, -np.pi / 2)])
def test_array_sum(N, angles):
    step = np.pi * (np.sin(angles[0]) - np.sin(angles[1]))
    terms = np.exp(1j * step * element_positions(N, centred=True))
    assert array_sum(*angles, N) == pytest.approx(terms.sum().real, abs=1e-12 * N)


def test_sinr_by_hand():
    # 0.25 of 10 to the data: 0.25*6 / (0.75*8/4 + 0.1) = 1.5/1.6
    assert sinr_split(6.0, 8.0, 4, 10.0, 0.25) == pytest.approx(0.9375)
    assert sinr_dpc(6.0, 10.0, 0.25) == pytest.approx(15.0)
    # one antenna, all the channel along the target: 0.5*3 / (0.5*3 + 0.1)
    assert sinr_split(3.0, 3.0, 1, 10.0, 0.5) == pytest.approx(0.9375)
    assert sinr_split(6.0, 8.0, 4, 10.0, 1.0) == pytest.approx(sinr_dpc(6.0, 10.0, 1.0))


def test_moments_add_up_and_agree_with_drawn_channels():
    N, K, theta, phi = 5, 2.0, 0.5, -0.2
    S = array_sum(theta, phi, N)
    mean, covariance = communication_moments_joint(N, K, S, BEAM)
    step = np.pi * (np.sin(theta) - np.sin(phi))
    each_mean, each = antenna_moments_joint(step * element_positions(N, centred=True), K, BEAM)
    assert np.allclose(each_mean.sum(axis=0), mean, rtol=1e-12)
    assert np.allclose(each.sum(axis=0), covariance, rtol=1e-11, atol=1e-12)
    h = rician_channel(np.random.default_rng(1), 200_000, phi, N, K)
    sums = np.stack(sums_joint(h, steering_vector(theta, N, centred=True), BEAM))
    scale = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(sums.mean(axis=1) - mean) < 5 * scale / np.sqrt(200_000))
    assert np.allclose(
        np.cov(sums) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.03
    )


@pytest.mark.parametrize(("K", "S"), [(0.0, 0.0), (1.0, -3.0), (4.0, 8.0)])
def test_moments_against_draws(K, S):
    T, Z = draw_channels(np.random.default_rng(1), 200_000, 8, K, S)
    sample = np.stack([T.real, T.imag, Z])
    mean, covariance = projection_moments(8, K, S)
    assert np.allclose(sample.mean(axis=1), mean, atol=0.03)
    assert np.allclose(np.cov(sample), covariance, atol=0.06)


def test_sinr_per_antenna_tends_to_its_limit():
    N, target = 4096, 0.5
    h = rician_channel(np.random.default_rng(81), 200, -0.2, N, 1.0)
    a = steering_vector(target, N, centred=True)
    sums = sums_joint(h, a, BEAM)
    values = sinr_joint(*sums, 3.0) / N
    limit = sinr_per_antenna_joint(3.0, BEAM)
    assert values == pytest.approx(np.full(200, limit), rel=0.1)
    assert abs(values.mean() / limit - 1) < 0.01
    with pytest.raises(ValueError, match="user_weight must be"):
        sinr_per_antenna_joint(1.0, JointBeam(0.0, 1.0))


def test_sinr_per_antenna_at_equal_angles():
    N, target, K = 4096, 0.5, 2.0
    h = rician_channel(np.random.default_rng(82), 200, target, N, K)
    a = steering_vector(target, N, centred=True)
    values = sinr_joint(*sums_joint(h, a, BEAM), 3.0) / N
    limit = sinr_per_antenna_joint(3.0, BEAM, np.sqrt(K / (K + 1)))
    assert values == pytest.approx(np.full(200, limit), rel=0.1)
    assert abs(values.mean() / limit - 1) < 0.01


def test_norm_variance_of_a_line_of_sight_beyond_every_measure():
    # N (2K + 1)/(K + 1)^2, whose numerator and square overflow
    covariance = projection_moments(10**12, 1e300, 1.5)[1]
    assert covariance[2][2] == pytest.approx(2e12 / 1e300, rel=1e-14)
