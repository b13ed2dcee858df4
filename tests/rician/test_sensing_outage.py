"""Sensing outage: exact forms and approximations against draws and high precision."""

import inspect
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
from drawn_channels import draws, near
from scipy.stats import chi2

from isacnb.rician import angle_bound, sensing_outage
from isacnb.rician.angle_bound import angle_crb, crb_ratio_split
from isacnb.rician.beams import (
    JointBeam,
)
from isacnb.rician.channel import (
    Arrays,
    rician_channel,
    rician_weights,
)
from isacnb.rician.sensing_outage import critical_norm
from isacnb.signals.arrays import (
    steering_derivative,
    steering_product,
    steering_vector,
)

HARD = [
    pytest.param((0.5, 0.2, -0.5, Arrays(256, 16), 1.0, 0.9), id="far fewer receive antennas"),
    pytest.param(
        (0.9, 0.1, 0.3, Arrays(256, 16), 0.0, 0.95), id="far fewer receive antennas, Rayleigh"
    ),
    pytest.param(
        (0.7, 1.2, -0.5, Arrays(12, 2), 0.3, 0.999), id="two receive antennas, nearly all data"
    ),
    pytest.param(
        (0.5, 0.2, -0.5, Arrays(3, 2), 1.0, 0.7), id="three antennas: an edge with a kink"
    ),
]


def test_level_and_threshold_against_the_bound_of_a_straight_beam():
    N, M, length, power, reflection, noise = 6, 5, 20, 3.0, 0.5 - 2j, 0.7
    for angle, epsilon in [(0.3, 1e-3), (-1.2, 0.02)]:
        a = steering_vector(angle, N, True)[:, None]
        covariance = power / N * a @ a.conj().T
        bound = angle_crb(covariance, angle, M, length, reflection, noise)
        scaled = sensing_outage.crb_threshold_scaled(epsilon, reflection, noise)
        level = sensing_outage.sensing_level(scaled, length, power, N, M)
        assert level / np.cos(angle) ** 2 == pytest.approx(bound / epsilon, rel=1e-12)


def test_projections_of_a_channel():
    h, gain, slope, norm = draws(0.3, -0.4, 5, 1.0, size=4)
    for value, expected in zip(
        sensing_outage.channel_projections(h, np.full(4, 0.3)), (gain, slope, norm), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("width", [np.pi / 2, 1.0])
def test_outage_of_a_straight_beam_against_its_angles(width):
    angles = width * (np.arange(20_000) + 0.5) / 20_000
    for level in (0.0, 0.1, 0.5, 0.999, 1.0, 3.0):
        counted = np.mean(np.cos(angles) ** 2 < level)
        assert abs(sensing_outage.sensing_outage_target_beam(level, width) - counted) < 1e-4


@pytest.mark.parametrize("case", [(2.0, 1.0, 1.2, 0.6, 1.5), (5.0, 0.1, 0.4, 0.9, 0.2)])
def test_critical_norm_is_where_the_bound_meets_its_threshold(case):
    along, slope, allowed, data, size = case

    # the formula itself: norms below the part along the target occur on the way to the root
    ratio = inspect.unwrap(angle_bound.crb_ratio_split)

    def excess(norm):
        return ratio(along / norm, slope / norm, data, size) - allowed

    root = scipy.optimize.brentq(excess, 1e-3, 1e3, xtol=1e-13)
    assert sensing_outage.critical_norm(*case) == pytest.approx(root, rel=1e-10)
    assert excess(1.01 * root) > 0 > excess(0.99 * root)


def test_no_norm_is_critical_where_the_radar_beam_is_enough():
    assert sensing_outage.critical_norm(2.0, 1.0, 2.5, 0.6, 1.0) == np.inf
    assert np.all(sensing_outage.critical_norm(np.ones(3), 1.0, 2.5, 0.6, 1.0) == np.inf)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((0.3, 0.2, -0.5, 16, 1.0, JointBeam(2.0, 1.0)), id="angles apart"),
        pytest.param((0.3, 0.2, 0.25, 8, 3.0, JointBeam(1.0, 0.5, 0.3, 2.0)), id="angles close"),
    ],
)
def test_joint_outages_against_draws(case):
    level, target, user, N, K, beam = case
    h, *_ = draws(target, user, N, K)
    a = steering_vector(target, N, True)
    w = beam.user_weight * np.exp(1j * beam.user_phase) * h
    w = w + beam.target_weight * np.exp(1j * beam.target_phase) * a
    threshold = np.cos(target) ** 2 / level
    gain, norm = np.abs(w @ a.conj()) ** 2, (np.abs(w) ** 2).sum(axis=1)
    assert near(sensing_outage.sensing_outage_joint(*case), N * norm > threshold * gain)
    S = steering_product(target, user, N, True).real
    mean, covariance = angle_bound.sensing_moments_joint(N, K, S, beam)
    triple = np.random.default_rng(6).multivariate_normal(mean, np.array(covariance), 60_000)
    event = N * triple[:, 2] > threshold * (triple[:, 0] ** 2 + triple[:, 1] ** 2)
    assert near(sensing_outage.sensing_outage_joint_gaussian(*case), event)


def test_joint_outage_is_certain_near_endfire():
    assert sensing_outage.sensing_outage_joint(0.3, 1.5, 0.2, 8, 1.0, JointBeam(1.0, 1.0)) == 1.0


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((0.3, 0.2, -0.5, Arrays(16, 16), 1.0, 0.7), id="equal arrays"),
        pytest.param((0.4, 0.4, 0.1, Arrays(8, 4), 10.0, 0.8), id="fewer receive antennas"),
    ],
)
def test_split_outages_against_draws(case):
    level, target, user, arrays, K, data = case
    N = arrays.N
    _, gain, slope, norm = draws(target, user, N, K)
    q = np.abs(gain) ** 2 / (N * norm)
    r = np.abs(slope) ** 2 / (angle_bound.derivative_norm(target, N) * norm)
    size, threshold = arrays.slope_gain_ratio, np.cos(target) ** 2 / level
    truth = sensing_outage.sensing_outage_split(*case)
    assert near(truth, angle_bound.crb_ratio_split(q, r, data, size) > threshold)
    frozen = 0.3
    # a Gaussian norm can be negative
    event = inspect.unwrap(angle_bound.crb_ratio_split)(q, frozen / norm, data, size) > threshold
    assert near(sensing_outage.sensing_outage_split(*case, frozen_slope=frozen), event)
    upper = sensing_outage.crb_upper_outage_split(level, target, user, N, K, data)
    assert near(upper, angle_bound.crb_ratio_split(q, 0.0, data, size) > threshold)


def test_gaussian_approximation_against_gaussian_draws():
    level, target, user, N, M, K, data = 0.38, 0.2, -0.5, 12, 12, 1.0, 0.7
    line, scatter = np.sqrt(K / (K + 1)), np.sqrt(1 / (K + 1))
    mean = line * steering_product(target, user, N, True).real
    rng = np.random.default_rng(9)
    along, across = rng.standard_normal((2, 60_000)) * np.sqrt(N * scatter**2 / 2)
    spread = N * (scatter**4 + 2 * scatter**2 * line**2) - 2 * scatter**2 * mean**2 / N
    norm = N + 2 / N * mean * along + np.sqrt(spread) * rng.standard_normal(60_000)
    q = ((mean + along) ** 2 + across**2) / (N * norm)
    tau = angle_bound.slope_mean_square(target, user, N, K)[0]
    # a Gaussian norm can be negative
    event = (
        inspect.unwrap(angle_bound.crb_ratio_split)(q, tau / norm, data, 1.0)
        > np.cos(target) ** 2 / level
    )
    approximation = sensing_outage.sensing_outage_split_gaussian(
        level, target, user, Arrays(N, M), K, data
    )
    assert 0.05 < approximation < 0.95
    assert near(approximation, event)


@pytest.mark.parametrize(
    ("case", "size"),
    [
        pytest.param((0.16, 0.2, -0.4, Arrays(8, 8), 0.0, 0.9), 3e-3, id="moderate"),
        pytest.param((0.1033, 0.2, -0.4, Arrays(64, 64), 0.0, 0.9), 2e-14, id="rare"),
    ],
)
def test_gaussian_approximation_without_direct_path_by_one_integral(case, size):
    """For K = 0 only |T|^2/N counts, an exponential variable."""
    level, target, _, arrays, _, data = case
    allowed = np.cos(target) ** 2 / level

    def given(t):
        needed = critical_norm(t, 1.0, allowed, data, arrays.slope_gain_ratio)
        return np.exp(-t) * scipy.special.ndtr((arrays.N - needed) / np.sqrt(arrays.N))

    knots = np.linspace(0, 60, 241)
    parts = [
        scipy.integrate.quad(given, *pair, epsabs=0, epsrel=1e-11)[0] for pair in pairwise(knots)
    ]
    value = sensing_outage.sensing_outage_split_gaussian(*case)
    assert value == pytest.approx(sum(parts), rel=1e-9)
    assert size / 3 < value < 3 * size


def test_rayleigh_outage_by_high_precision():
    level, target, N, M, data = 0.3, 0.2, 10, 6, 0.7
    c, radar, G = np.cos(target) ** 2 / level, 0.3, (N**2 - 1) / (M**2 - 1)

    def integrand(q):
        reach = data * q + radar
        root = reach * (1 - c * reach) / (c * data * radar * G)
        inside = max(1 - q - max(root, 0), mpmath.mpf(0))
        return (1 - q) ** (N - 2) - inside ** (N - 2)

    last = min((1 / c - radar) / data, 1)
    truth = (N - 1) * mpmath.quad(integrand, mpmath.linspace(0, last, 41))
    value = sensing_outage.sensing_outage_split_rayleigh(level, target, Arrays(N, M), data)
    assert value == pytest.approx(float(truth), rel=1e-7)
    two = sensing_outage.sensing_outage_split(level, target, 1.0, Arrays(N, M), 0.0, data)
    assert two == pytest.approx(value, rel=1e-5)


def test_no_outage_where_the_radar_beam_suffices():
    assert sensing_outage.sensing_outage_split(0.2, 0.1, 0.5, Arrays(8, 8), 1.0, 0.5) == 0.0
    assert sensing_outage.sensing_outage_split_rayleigh(0.2, 0.1, Arrays(8, 8), 0.5) == 0.0


@pytest.mark.parametrize("case", HARD)
def test_split_outage_against_drawn_channels(case):
    level, target, user, arrays, rician_factor, data = case
    N = arrays.N
    rng = np.random.default_rng(11)
    size_of_sample = 10_000
    h = rician_channel(rng, size_of_sample, user, N, rician_factor)
    a = steering_vector(target, N, centred=True)
    slope = steering_derivative(target, N, centred=True)
    norm = np.sum(np.abs(h) ** 2, axis=1)
    along = np.abs(h @ a.conj()) ** 2 / (N * norm)
    across = np.abs(h @ slope.conj()) ** 2 / (np.sum(np.abs(slope) ** 2) * norm)
    missed = (
        crb_ratio_split(along, across, data, arrays.slope_gain_ratio) > np.cos(target) ** 2 / level
    )
    error = missed.std() / np.sqrt(size_of_sample)
    assert abs(missed.mean() - sensing_outage.sensing_outage_split(*case)) < 4 * error


def test_split_outage_deep_in_the_tail():
    """Where nearly all of the probability lies far from the likely projections."""
    case = (0.3, 0.2, 0.2, Arrays(64, 4), 5.0, 0.8)
    level, target, _, arrays, rician_factor, data = case
    N = arrays.N
    line, scatter = rician_weights(rician_factor)
    first, second = line * np.sqrt(N), 0.0  # equal angles: a of norm N, the derivative across it
    node, weight = np.polynomial.legendre.leggauss(900)
    x, y = first + 26 * scatter * node, 13 * scatter * (node + 1)
    inside = x > 0
    x, weight_x = x[inside], 26 * scatter * weight[inside]

    def density(r, mean):
        bessel = scipy.special.i0e(2 * r * mean / scatter**2)
        return 2 * r / scatter**2 * np.exp(-(((r - mean) / scatter) ** 2)) * bessel

    t, tau = np.broadcast_arrays(x[:, None] ** 2, y[None, :] ** 2)
    size = arrays.slope_gain_ratio
    needed = critical_norm(t, tau, np.cos(target) ** 2 / level, data, size) - t - tau
    tail = chi2.sf(2 * np.maximum(needed, 0) / scatter**2, 2 * (N - 2))
    tail = np.where(needed > 0, tail, 1.0)
    value = (weight_x * density(x, first)) @ tail @ (13 * scatter * weight * density(y, second))
    assert 1e-92 < value < 1e-90
    assert sensing_outage.sensing_outage_split(*case) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        pytest.param(
            lambda: sensing_outage.sensing_outage_split(0.3, 0.2, -0.5, Arrays(2, 8), 1.0, 0.7),
            "N must be",
            id="no direction besides the target's and its derivative's",
        ),
        pytest.param(
            lambda: sensing_outage.sensing_outage_split_rayleigh(0.3, 0.2, Arrays(8, 1), 0.7),
            "M must be",
            id="a receive array that sees no angle",
        ),
        pytest.param(
            lambda: sensing_outage.sensing_outage_joint(
                0.3, 0.2, -0.5, 8, 1.0, JointBeam(0.0, 1.0)
            ),
            "user_weight must be",
            id="a beam on the target, whose power is not random",
        ),
        pytest.param(
            lambda: sensing_outage.crb_threshold_scaled(1.0, 0.0, 1.0),
            "reflection must be",
            id="no reflection",
        ),
        pytest.param(
            lambda: sensing_outage.critical_norm(1.0, 1.0, 1.0, 1.0, 1.0),
            "data_share must be",
            id="no radar beam",
        ),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
