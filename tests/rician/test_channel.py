"""Channels, covariances and traces against their definitions by vectors and matrices."""

import numpy as np
import pytest

from isacnb.rician.channel import (
    channel_from_scatter,
    response_traces,
    rician_channel,
    sinr_threshold,
    transmit_covariance,
    unit_scatter,
)
from isacnb.signals.arrays import (
    steering_vector,
)


def test_channel_of_a_given_scatter():
    # K = 3, sin = 1/2 of three antennas: line of sight j^-1, 1, j of weight sqrt(3)/2
    channel = channel_from_scatter(np.array([2.0, 0, 4j]), np.pi / 6, 3.0)
    line = np.sqrt(0.75) * np.array([-1j, 1, 1j])
    np.testing.assert_allclose(channel, line + np.array([1, 0, 2j]), atol=1e-12)


def test_threshold_of_a_rate():
    rates = np.array([0.5, 3.0])
    np.testing.assert_allclose(np.log2(1 + sinr_threshold(rates)), rates, rtol=1e-15)


@pytest.mark.parametrize("M", [1, 2, 5])
def test_response_traces_against_matrices(M):
    target, rng = 0.4, np.random.default_rng(3)
    beams = rng.standard_normal((4, 3)) + 1j * rng.standard_normal((4, 3))
    covariance = transmit_covariance(beams)
    np.testing.assert_allclose(covariance, beams @ beams.conj().T, rtol=1e-12)
    a, b = steering_vector(target, 4, True), steering_vector(target, M, True)
    step = 1e-6

    def response(angle):
        return np.outer(steering_vector(angle, M, True), steering_vector(angle, 4, True).conj())

    A, dA = np.outer(b, a.conj()), (response(target + step) - response(target - step)) / (2 * step)
    expected = [
        np.trace(left.conj().T @ right @ covariance) for left, right in ((A, A), (dA, dA), (dA, A))
    ]
    np.testing.assert_allclose(response_traces(covariance, target, M), expected, rtol=1e-8)


@pytest.mark.parametrize(("K", "power"), [(0.0, 2.0), (1.0, 2.0), (3.0, 0.5)])
def test_scatter_of_any_power(K, power):
    rng = np.random.default_rng(6)
    line, scatter = np.sqrt(K / (K + 1)), np.sqrt(power / (K + 1))
    h = line + scatter * rng.standard_normal((200_000, 2)).view(complex)[:, 0] / np.sqrt(2)
    effective, gain = unit_scatter(K, power)
    unit = rician_channel(rng, 200_000, 0.0, 2, effective)[:, 0] * np.sqrt(gain)
    for moment in (1, 2):
        values = np.abs([h, unit]) ** (2 * moment)
        error = np.sqrt(values.var(axis=1).sum() / 200_000)
        assert abs(np.subtract(*values.mean(axis=1))) < 4 * error
    assert np.mean(h).real == pytest.approx(line, abs=0.02)
