"""The link of the rician paper and the communication outage of subspace joint beamforming."""

import mpmath as mp
import numpy as np
import pytest
import scipy.special

from isacnb.rician.angle_bound import angle_crb
from isacnb.rician.angles import fixed_angles
from isacnb.rician.beams import (
    linear_beamformer,
    phase_matched_beamformer,
    subspace_beamformer,
)
from isacnb.rician.channel import (
    channel_from_scatter,
    response_traces,
    rician_channel,
    sinr_threshold,
    transmit_covariance,
    unit_scatter,
)
from isacnb.rician.rate import (
    antenna_moments,
    array_sum,
    communication_moments,
    sinr_from_sums,
    sinr_per_antenna_limit,
    sjb_sums,
)
from isacnb.rician.rate_outage import (
    gaussian_outage,
    line_of_sight_sums,
    outage_sjb,
    outage_sjb_gaussian,
    phase_step,
)
from isacnb.rician.system import Link, simulate_link
from isacnb.signals.arrays import (
    element_positions,
    steering_derivative,
    steering_vector,
)
from isacnb.signals.fisher import cramer_rao_bound, model_information
from isacnb.special.marcum import marcum_p

WEIGHTS = (1.0, 1.5, 0.4, -0.9)


@pytest.mark.parametrize("N", [2, 3, 8, 17])
@pytest.mark.parametrize("angles", [(0.4, -0.3), (0.2, 0.2), (np.pi / 2, -np.pi / 2)])
def test_array_sum(N, angles):
    step = np.pi * (np.sin(angles[0]) - np.sin(angles[1]))
    terms = np.exp(1j * step * element_positions(N, centred=True))
    assert array_sum(*angles, N) == pytest.approx(terms.sum().real, abs=1e-12 * N)


def test_moments_add_up_and_agree_with_drawn_channels():
    N, K, theta, phi = 5, 2.0, 0.5, -0.2
    S = array_sum(theta, phi, N)
    mean, covariance = communication_moments(S, N, K, *WEIGHTS)
    step = np.pi * (np.sin(theta) - np.sin(phi))
    each_mean, each = antenna_moments(step * element_positions(N, centred=True), K, *WEIGHTS)
    assert np.allclose(each_mean.sum(axis=0), mean, rtol=1e-12)
    assert np.allclose(each.sum(axis=0), covariance, rtol=1e-11, atol=1e-12)
    h = rician_channel(np.random.default_rng(1), 200_000, phi, N, K)
    sums = np.stack(sjb_sums(h, steering_vector(theta, N, centred=True), *WEIGHTS))
    scale = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(sums.mean(axis=1) - mean) < 5 * scale / np.sqrt(200_000))
    assert np.allclose(
        np.cov(sums) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.03
    )


def test_outage_at_the_end_points():
    # user only: the norm of a Rayleigh vector is a gamma variable; target only: an exponential
    assert outage_sjb(0.7, 4, 0.0, 0.0, 1.0, 1.0, 0.0) == pytest.approx(
        scipy.special.gammainc(4, 0.7), rel=1e-12
    )
    assert outage_sjb(0.7, 4, 0.0, 3.0, 1.0, 0.0, 1.0) == pytest.approx(-np.expm1(-0.7), rel=1e-12)


def test_outage_is_continuous_at_the_end_points():
    near = outage_sjb(1.5, 6, 1.0, 2.0, 1.0, 1, 1e-6)
    assert near == pytest.approx(outage_sjb(1.5, 6, 1.0, 2.0, 1.0, 1, 0), rel=1e-4)


def test_outage_against_two_antennas_by_hand():
    """N = 2, K = 0: with t and the other coordinate e exponential, a plain double integral."""
    level, a, b = 0.6, 1.0, 1.3

    def conditional(u, v):
        c = (u * u + v * v) / 2
        half = level / 2 * a - b * u  # a = 1
        root = half**2 - b**2 * 2 * c + level * (b**2 * 2 + 2 * b * u)
        if root <= 0:
            return mp.mpf(0)
        low, high = (max(half + s * mp.sqrt(root) - c, 0) for s in (-1, 1))
        return mp.exp(-low) - mp.exp(-high)

    grid = np.linspace(-7, 7, 701)
    u, v = np.meshgrid(grid, grid)
    c = (u**2 + v**2) / 2
    half = level / 2 - b * u
    root = half**2 - b**2 * 2 * c + level * (2 * b**2 + 2 * b * u)
    r = np.sqrt(np.maximum(root, 0))
    mass = np.exp(-np.maximum(half - r - c, 0)) - np.exp(-np.maximum(half + r - c, 0))
    total = (
        np.sum(np.where(root > 0, mass, 0) * np.exp(-c)) * (grid[1] - grid[0]) ** 2 / (2 * np.pi)
    )
    assert float(conditional(-0.3, 0.2)) == pytest.approx(
        float(mass[np.abs(grid - 0.2).argmin(), np.abs(grid + 0.3).argmin()]), rel=1e-9
    )
    assert outage_sjb(level, 2, 0.0, 0.7, 1.0, a, b) == pytest.approx(total, rel=2e-3)


@pytest.mark.parametrize("K", [0.0, 1.0, 10.0])
def test_outage_against_the_simulated_link(K):
    weights, level, theta, phi = (1.0, 1.2, 0.3, 1.5), 2.0, 0.4, -0.1
    link = Link(8, 2, K, user_noise=level)
    sample = simulate_link(
        np.random.default_rng(2),
        60_000,
        link,
        subspace_beamformer(*weights),
        fixed_angles(theta, phi),
    )
    exact = outage_sjb(
        level, 8, K, array_sum(theta, phi, 8), 1.0, *weights[:2], weights[3] - weights[2]
    )
    assert np.mean(sample.sinr < 1) == pytest.approx(exact, abs=5 * np.sqrt(exact / 60_000))


def test_rare_outage_is_of_order_one():
    low, high = outage_sjb([1e-7, 1e-5], 8, 1.0, 2.0, 1.0, 1.0, 1.0)
    assert high / low == pytest.approx(100, rel=1e-3)


def test_gaussian_outage_against_draws():
    mean, covariance = communication_moments(3.0, 8, 1.0, *WEIGHTS)
    draws = np.random.default_rng(3).multivariate_normal(mean, covariance, 400_000)
    for level in (0.5, 2.0):
        count = np.mean(draws[:, 0] ** 2 + draws[:, 1] ** 2 < level * draws[:, 2])
        assert gaussian_outage(level, mean, covariance) == pytest.approx(
            count, abs=5 * np.sqrt(count / 400_000)
        )
    assert outage_sjb_gaussian(2.0, 8, 1.0, 3.0, 1.0, 1.0, 1.5, -1.3) == pytest.approx(
        gaussian_outage(2.0, mean, covariance), rel=1e-12
    )


def test_channel_of_a_given_scatter():
    # K = 3, sin = 1/2 of three antennas: line of sight j^-1, 1, j of weight sqrt(3)/2
    channel = channel_from_scatter(np.array([2.0, 0, 4j]), np.pi / 6, 3.0)
    line = np.sqrt(0.75) * np.array([-1j, 1, 1j])
    np.testing.assert_allclose(channel, line + np.array([1, 0, 2j]), atol=1e-12)
    with pytest.raises(ValueError, match="rician_factor must be"):
        channel_from_scatter(np.ones(2), 0.0, -1.0)


def test_sums_without_scatter_against_vectors():
    for target, user, N, (w1, w2, p1, p2) in [
        (0.4, -0.3, 6, WEIGHTS),
        (0.2, 0.2, 5, (2.0, 0.5, 0.0, 3.0)),
        (np.pi / 2, -np.pi / 2, 4, (1.0, 1.0, 0.3, 0.3)),
        (0.1, 0.9, 1, (0.0, 1.0, 0.0, 0.0)),
    ]:
        h, a = steering_vector(user, N, True), steering_vector(target, N, True)
        w = w1 * np.exp(1j * p1) * h + w2 * np.exp(1j * p2) * a
        expected = abs(np.vdot(h, w)) ** 2, abs(np.vdot(a, w)) ** 2, np.linalg.norm(w) ** 2
        S = array_sum(target, user, N)
        sums = line_of_sight_sums(S, N, w1, w2, p1, p2)
        np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="target_weight must be"):
        line_of_sight_sums(1.0, 4, 1.0, -1.0)


def test_phase_step_turns_the_product_of_neighbours():
    a = [steering_vector(angle, 2, True) for angle in (0.7, -0.2)]
    turned = np.exp(1j * phase_step(0.7, -0.2))
    assert turned == pytest.approx(a[0][1] / a[0][0] / (a[1][1] / a[1][0]))
    with pytest.raises(ValueError, match="user_angle must be"):
        phase_step(0.1, np.nan)


def test_threshold_of_a_rate():
    rates = np.array([0.5, 3.0])
    np.testing.assert_allclose(np.log2(1 + sinr_threshold(rates)), rates, rtol=1e-15)
    with pytest.raises(ValueError, match="rate must be"):
        sinr_threshold(0.0)


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


def test_beamformers():
    rng = np.random.default_rng(5)
    h = rician_channel(rng, 50, 0.2, 6, 1.0)
    a = steering_vector(0.5, 6, centred=True)
    single = subspace_beamformer(*WEIGHTS, power=2.0)(h, a)
    assert np.allclose(np.sum(np.abs(single) ** 2, axis=(1, 2)), 2)
    sinr = np.abs(np.sum(h.conj() * single[..., 0], axis=1)) ** 2
    assert np.allclose(sinr, sinr_from_sums(*sjb_sums(h, a, *WEIGHTS), 2.0), rtol=1e-12)
    matched = phase_matched_beamformer(1, 1)(h, a)[..., 0]
    norm = np.linalg.norm(h + np.exp(1j * np.angle(h @ a.conj()))[:, None] * a, axis=1)
    gain = np.linalg.norm(h, axis=1) ** 2 + np.abs(h @ a.conj())
    assert np.allclose(np.abs(np.sum(h.conj() * matched, axis=1)), gain / norm)
    powers = np.sum(np.abs(linear_beamformer(1.5, 0.5, 2.0)(h, a)) ** 2, axis=1)
    assert np.allclose(powers, [1.5, 0.5])


@pytest.mark.parametrize(
    "call",
    [
        lambda: Link(1, 4, 1.0),
        lambda: Link(8, 4, -1.0),
        lambda: unit_scatter(1.0, 0.0),
        lambda: unit_scatter(-1.0, 1.0),
        lambda: linear_beamformer(1.0, 1.0, power=3.0),
        lambda: linear_beamformer(-1.0, 1.0),
        lambda: subspace_beamformer(0, 0),
        lambda: outage_sjb(0.0, 8, 1.0, 1.0, 1.0, 1.0, 1.0),
        lambda: outage_sjb(1.0, 8, -1.0, 1.0, 1.0, 1.0, 1.0),
        lambda: outage_sjb(1.0, 1, 1.0, 1.0, 1.0, 1.0, 1.0),
        lambda: outage_sjb(1.0, 8, 1.0, 1.0, 1.0, 0.0, 0.0),
        lambda: outage_sjb_gaussian(0.0, 8, 1.0, 1.0, 1.0, 1.0, 1.0),
        lambda: gaussian_outage(1.0, [0, 0, 1], np.zeros((3, 3))),
    ],
)
def test_bad_input(call):
    with pytest.raises(ValueError, match="must"):
        call()


def test_sinr_per_antenna_tends_to_its_limit():
    N, target = 4096, 0.5
    h = rician_channel(np.random.default_rng(81), 200, -0.2, N, 1.0)
    a = steering_vector(target, N, centred=True)
    sums = sjb_sums(h, a, *WEIGHTS)
    values = sinr_from_sums(*sums, 3.0) / N
    limit = sinr_per_antenna_limit(3.0, *WEIGHTS[:2])
    assert values == pytest.approx(np.full(200, limit), rel=0.1)
    assert abs(values.mean() / limit - 1) < 0.01
    with pytest.raises(ValueError, match="user_weight must be"):
        sinr_per_antenna_limit(1.0, 0.0, 1.0)


def test_sinr_per_antenna_at_equal_angles():
    N, target, K = 4096, 0.5, 2.0
    h = rician_channel(np.random.default_rng(82), 200, target, N, K)
    a = steering_vector(target, N, centred=True)
    values = sinr_from_sums(*sjb_sums(h, a, *WEIGHTS), 3.0) / N
    turn = WEIGHTS[3] - WEIGHTS[2]
    limit = sinr_per_antenna_limit(3.0, *WEIGHTS[:2], np.sqrt(K / (K + 1)), turn)
    assert values == pytest.approx(np.full(200, limit), rel=0.1)
    assert abs(values.mean() / limit - 1) < 0.01
    with pytest.raises(ValueError, match="projection_limit must be"):
        sinr_per_antenna_limit(1.0, 1.0, 1.0, 1.5)


DEEP = [
    pytest.param((0.00228, 18, 32.92, 13.63, 1.0, 2.2375, 1.0, -0.63644), id="1e-241"),
    pytest.param((0.21868, 14, 54.24, 8.05, 1.0, 1.07247, 1.0, 0.1516), id="1e-187"),
    pytest.param((0.4, 16, 46.44, -10.93, 1.0, 2.4, 1.0, -1.7), id="1e-193"),
]


@pytest.mark.parametrize("case", DEEP)
def test_joint_beam_deep_in_the_tail(case):
    """A product of two fixed rules over the whole disc of the projection, nothing cut off."""
    threshold, N, K, S, snr, user, target, phase = case
    g, kappa, variance = threshold / snr, user / target, N / (K + 1)
    centre = np.sqrt(K / (K + 1)) * S * np.exp(1j * phase)
    node, weight = np.polynomial.legendre.leggauss(500)
    low, high = -N / kappa - g * kappa / 4, np.sqrt(g * N)
    b = (low + (high - low) * (node + 1) / 2)[:, None]
    size = np.sqrt(np.maximum(g * (N + kappa * b + g * kappa**2 / 4), 0))
    c = size * node
    half = np.sqrt(np.maximum(size**2 - c**2, 0)) / kappa
    middle = g / 2 - b / kappa - (b**2 + c**2) / N
    root = np.sqrt(2 * K * (N - S**2 / N))
    edges = [np.sqrt(2 * (K + 1) * np.maximum(middle + sign * half, 0)) for sign in (1, -1)]
    inside = marcum_p(N - 1, root, edges[0]) - marcum_p(N - 1, root, edges[1])
    density = np.exp(-((b - centre.real) ** 2 + (c - centre.imag) ** 2) / variance)
    mass = weight[:, None] * (high - low) / 2 * size * weight * density * inside
    value = mass.sum() / (np.pi * variance)
    assert 1e-245 < value < 1e-180
    assert outage_sjb(*case) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("rtol", [0.0, -1.0, np.nan, 2.0])
def test_joint_beam_refuses_an_impossible_accuracy(rtol):
    with pytest.raises(ValueError, match="rtol"):
        outage_sjb(1.0, 8, 0.0, 0.0, 10.0, 1.0, 1.0, rtol=rtol)
