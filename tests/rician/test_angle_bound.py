"""The angle bound against matrices and the echo's Fisher information; its moments and the slope's law."""

import numpy as np
import pytest
import sympy
from drawn_channels import draws, near

from isacnb.rician import angle_bound
from isacnb.rician.angle_bound import ChannelPowers, angle_crb
from isacnb.rician.beams import (
    JointBeam,
)
from isacnb.rician.channel import (
    Arrays,
)
from isacnb.signals.arrays import (
    steering_derivative,
    steering_vector,
)
from isacnb.signals.fisher import cramer_rao_bound, crb_from_traces, model_information


def test_derivative_norm_is_the_vectors_norm():
    for angle, N in [(0.0, 2), (0.4, 7), (-1.3, 16)]:
        expected = np.linalg.norm(steering_derivative(angle, N, True)) ** 2
        assert angle_bound.derivative_norm(angle, N) == pytest.approx(expected, rel=1e-12)


def test_crb_against_the_fisher_information_of_the_echo():
    rng = np.random.default_rng(4)
    W = rng.standard_normal((4, 3, 2)).view(complex)[..., 0]

    def mean(v):
        send, receive = (steering_vector(v[0], n, centred=True) for n in (4, 3))
        return (v[1] + 1j * v[2]) * np.outer(receive, send.conj() @ W)

    bound = cramer_rao_bound(model_information(mean, [0.3, 0.6, -0.3], 0.2))
    closed = angle_crb(W @ W.conj().T, 0.3, 3, 1, 0.6 - 0.3j, 0.2)
    assert closed == pytest.approx(bound, rel=1e-9)
    beam = W[:, :1]
    slope = np.sum(np.abs(steering_derivative(0.3, 3, centred=True)) ** 2)
    gain = abs(steering_vector(0.3, 4, centred=True).conj() @ beam)[0] ** 2
    assert angle_crb(beam @ beam.conj().T, 0.3, 3) == pytest.approx(
        1 / (2 * slope * gain), rel=1e-9
    )


def test_crb_split_by_matrices():
    """The Schur complement of matrices, for arrays of other sizes than the chapter's."""
    target, N, M, data, power = 0.7, 5, 4, 0.6, 1.3
    h, gain, slope, norm = (value[0] for value in draws(target, -0.3, N, 2.0, size=1))
    a, b = steering_vector(target, N, True), steering_vector(target, M, True)
    da, db = steering_derivative(target, N, True), steering_derivative(target, M, True)
    R = data * np.outer(h, h.conj()) / norm + (1 - data) * np.outer(a, a.conj()) / N
    R = power * R
    A, dA = np.outer(b, a.conj()), np.outer(db, a.conj()) + np.outer(b, da.conj())
    first, second = np.trace(A @ R @ A.conj().T).real, np.trace(dA @ R @ dA.conj().T).real
    mixed = abs(np.trace(dA @ R @ A.conj().T)) ** 2
    expected = crb_from_traces(first, second, mixed, 0.3)
    receive = angle_bound.derivative_norm(target, M)
    bound = angle_bound.crb_split(
        ChannelPowers(abs(gain) ** 2, abs(slope) ** 2, norm),
        Arrays(N, M),
        receive,
        data,
        0.3,
        power,
    )
    assert bound == pytest.approx(expected, rel=1e-10)


def test_ratio_agrees_with_the_bound():
    target, N, M, data = 0.4, 8, 5, 0.6
    _, gain, slope, norm = draws(target, 0.1, N, 1.0, size=10)
    receive = angle_bound.derivative_norm(target, M)
    bound = angle_bound.crb_split(
        ChannelPowers(np.abs(gain) ** 2, np.abs(slope) ** 2, norm), Arrays(N, M), receive, data
    )
    q = np.abs(gain) ** 2 / (N * norm)
    r = np.abs(slope) ** 2 / (angle_bound.derivative_norm(target, N) * norm)
    ratio = angle_bound.crb_ratio_split(q, r, data, (N**2 - 1) / (M**2 - 1))
    np.testing.assert_allclose(bound * N * receive, ratio, rtol=1e-12)
    low, sharp, high = angle_bound.crb_ratio_bounds_split(q, data, (N**2 - 1) / (M**2 - 1))
    assert (low < sharp).all()
    assert (sharp <= ratio).all()
    assert (ratio <= high).all()


def test_joint_moments_by_sympy_for_two_antennas():
    K, a1, a2, x = sympy.symbols("K alpha_1 alpha_2 x", positive=True)
    e, f = sympy.symbols("e f", real=True)
    s2 = a1**2 / (K + 1)
    mean, covariance = angle_bound.sensing_moments_joint(
        2, K, 2 * sympy.cos(x / 2), JointBeam(a1, a2, sympy.Integer(0), sympy.Integer(0))
    )
    norm_mean = norm_square = 0
    for place in (-1, 1):
        u = a1 * sympy.sqrt(K / (K + 1)) * sympy.cos(place * x / 2) + a2 + e
        v = -a1 * sympy.sqrt(K / (K + 1)) * sympy.sin(place * x / 2) + f
        z = sympy.expand(u**2 + v**2)

        def average(expression):
            even = {0: 1, 2: s2 / 2, 4: 3 * (s2 / 2) ** 2}
            return sum(
                coefficient * even.get(i, 0) * even.get(j, 0)
                for (i, j), coefficient in sympy.Poly(sympy.expand(expression), e, f).terms()
            )

        norm_mean += average(z)
        norm_square += average(z**2) - average(z) ** 2
    assert sympy.simplify(mean[2] - norm_mean) == 0
    assert sympy.simplify(covariance[2][2] - norm_square) == 0


@pytest.mark.parametrize(("N", "K"), [(4, 5.0), (16, 1.0)])
def test_law_of_the_slope_against_draws(N, K):
    _, _, slope, _ = draws(0.3, -0.1, N, K)
    power = abs(slope) ** 2 / angle_bound.derivative_norm(0.3, N)
    mean = angle_bound.slope_mean_square(0.3, -0.1, N, K)[0]
    for ratio in (0.2, 1.0, 3.0):
        assert near(angle_bound.slope_sf(ratio, 0.3, -0.1, N, K), power > ratio * mean)
    # the deterministic value of the paper would be a step
    assert 0.2 < np.mean(power > mean) < 0.8


def test_slope_becomes_exponential_for_many_antennas():
    levels = np.array([0.1, 1.0, 4.0])
    assert angle_bound.slope_sf(levels, 0.3, -0.4, 4096, 1.0) == pytest.approx(
        np.exp(-levels), rel=1e-3
    )
