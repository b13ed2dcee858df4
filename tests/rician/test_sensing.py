"""Angle sensing over Rician channels: bounds, moments and outages against independent routes."""

import inspect

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import sympy
from scipy.stats import chi2

from isacnb.rician import angle_bound, sensing_outage
from isacnb.rician.angle_bound import angle_crb, lb_crb_ratio
from isacnb.rician.channel import rician_channel, rician_weights
from isacnb.rician.sensing_outage import critical_norm, lb_sensing_outage
from isacnb.signals.arrays import steering_derivative, steering_product, steering_vector


def draws(target, user, N, K, size=60_000, seed=5):
    """T, T' and Z of drawn channels."""
    h = rician_channel(np.random.default_rng(seed), size, user, N, K)
    gain = h @ steering_vector(target, N, True).conj()
    slope = h @ steering_derivative(target, N, True).conj()
    return h, gain, slope, (np.abs(h) ** 2).sum(axis=1)


def near(probability, indicator):
    error = np.sqrt(max(probability * (1 - probability), 1e-6) / len(indicator))
    return abs(indicator.mean() - probability) < 5 * error


def test_derivative_norm_is_the_vectors_norm():
    for angle, N in [(0.0, 2), (0.4, 7), (-1.3, 16)]:
        expected = np.linalg.norm(steering_derivative(angle, N, True)) ** 2
        assert angle_bound.derivative_norm(angle, N) == pytest.approx(expected, rel=1e-12)


def test_level_and_threshold_against_the_bound_of_a_straight_beam():
    N, M, length, power, reflection, noise = 6, 5, 20, 3.0, 0.5 - 2j, 0.7
    for angle, epsilon in [(0.3, 1e-3), (-1.2, 0.02)]:
        a = steering_vector(angle, N, True)[:, None]
        covariance = power / N * a @ a.conj().T
        bound = angle_crb(covariance, angle, M, length, reflection, noise)
        scaled = sensing_outage.scaled_threshold(epsilon, reflection, noise)
        level = sensing_outage.sensing_level(scaled, length, power, N, M)
        assert level / np.cos(angle) ** 2 == pytest.approx(bound / epsilon, rel=1e-12)


@pytest.mark.parametrize("width", [np.pi / 2, 1.0])
def test_outage_of_a_straight_beam_against_its_angles(width):
    angles = width * (np.arange(20_000) + 0.5) / 20_000
    for level in (0.0, 0.1, 0.5, 0.999, 1.0, 3.0):
        counted = np.mean(np.cos(angles) ** 2 < level)
        assert abs(sensing_outage.target_beam_sensing_outage(level, width) - counted) < 1e-4


def test_projections_of_a_channel():
    h, gain, slope, norm = draws(0.3, -0.4, 5, 1.0, size=4)
    for value, expected in zip(
        sensing_outage.channel_projections(h, np.full(4, 0.3)), (gain, slope, norm), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("case", [(2.0, 1.0, 1.2, 0.6, 1.5), (5.0, 0.1, 0.4, 0.9, 0.2)])
def test_critical_norm_is_where_the_bound_meets_its_threshold(case):
    along, slope, allowed, data, size = case

    # the formula itself: norms below the part along the target occur on the way to the root
    ratio = inspect.unwrap(angle_bound.lb_crb_ratio)

    def excess(norm):
        return ratio(along / norm, slope / norm, data, size) - allowed

    root = scipy.optimize.brentq(excess, 1e-3, 1e3, xtol=1e-13)
    assert sensing_outage.critical_norm(*case) == pytest.approx(root, rel=1e-10)
    assert excess(1.01 * root) > 0 > excess(0.99 * root)


def test_no_norm_is_critical_where_the_radar_beam_is_enough():
    assert sensing_outage.critical_norm(2.0, 1.0, 2.5, 0.6, 1.0) == np.inf
    assert np.all(sensing_outage.critical_norm(np.ones(3), 1.0, 2.5, 0.6, 1.0) == np.inf)


def test_lb_crb_by_matrices():
    """The Schur complement of matrices, for arrays of other sizes than the chapter's."""
    target, N, M, data, radar = 0.7, 5, 4, 0.8, 0.5
    h, gain, slope, norm = (value[0] for value in draws(target, -0.3, N, 2.0, size=1))
    a, b = steering_vector(target, N, True), steering_vector(target, M, True)
    da, db = steering_derivative(target, N, True), steering_derivative(target, M, True)
    R = data / norm * np.outer(h, h.conj()) + radar / N * np.outer(a, a.conj())
    A, dA = np.outer(b, a.conj()), np.outer(db, a.conj()) + np.outer(b, da.conj())
    first, second = np.trace(A @ R @ A.conj().T).real, np.trace(dA @ R @ dA.conj().T).real
    mixed = abs(np.trace(dA @ R @ A.conj().T)) ** 2
    expected = angle_bound.crb_from_traces(first, second, mixed, 0.3)
    receive = angle_bound.derivative_norm(target, M)
    bound = angle_bound.lb_crb(
        abs(gain) ** 2, abs(slope) ** 2, norm, N, M, receive, data, radar, 0.3
    )
    assert bound == pytest.approx(expected, rel=1e-10)


def test_ratio_agrees_with_the_bound():
    target, N, M, data = 0.4, 8, 5, 0.6
    _, gain, slope, norm = draws(target, 0.1, N, 1.0, size=10)
    receive = angle_bound.derivative_norm(target, M)
    bound = angle_bound.lb_crb(
        np.abs(gain) ** 2, np.abs(slope) ** 2, norm, N, M, receive, data, 1 - data
    )
    q = np.abs(gain) ** 2 / (N * norm)
    r = np.abs(slope) ** 2 / (angle_bound.derivative_norm(target, N) * norm)
    ratio = angle_bound.lb_crb_ratio(q, r, data, (N**2 - 1) / (M**2 - 1))
    np.testing.assert_allclose(bound * N * receive, ratio, rtol=1e-12)
    low, sharp, high = angle_bound.lb_crb_bounds(q, data, (N**2 - 1) / (M**2 - 1))
    assert (low < sharp).all()
    assert (sharp <= ratio).all()
    assert (ratio <= high).all()


def test_sjb_moments_by_sympy_for_two_antennas():
    K, a1, a2, x = sympy.symbols("K alpha_1 alpha_2 x", positive=True)
    e, f = sympy.symbols("e f", real=True)
    s2 = a1**2 / (K + 1)
    mean, covariance = angle_bound.sjb_sensing_moments(
        2, 2 * sympy.cos(x / 2), K, a1, a2, sympy.Integer(0), sympy.Integer(0)
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


@pytest.mark.parametrize(
    "case", [(0.3, 0.2, -0.5, 16, 1.0, 2.0, 1.0, 0.0, 0.0), (0.3, 0.2, 0.25, 8, 3.0, 1.0, 0.5, 0.3, 2.0)]
)  # fmt: skip
def test_sjb_outages_against_draws(case):
    level, target, user, N, K, w1, w2, p1, p2 = case
    h, *_ = draws(target, user, N, K)
    a = steering_vector(target, N, True)
    w = w1 * np.exp(1j * p1) * h + w2 * np.exp(1j * p2) * a
    threshold = np.cos(target) ** 2 / level
    gain, norm = np.abs(w @ a.conj()) ** 2, (np.abs(w) ** 2).sum(axis=1)
    assert near(sensing_outage.sjb_sensing_outage(*case), N * norm > threshold * gain)
    coupling = steering_product(target, user, N, True).real
    mean, covariance = angle_bound.sjb_sensing_moments(N, coupling, K, w1, w2, p1, p2)
    triple = np.random.default_rng(6).multivariate_normal(mean, np.array(covariance), 60_000)
    event = N * triple[:, 2] > threshold * (triple[:, 0] ** 2 + triple[:, 1] ** 2)
    assert near(sensing_outage.sjb_sensing_outage_gaussian(*case), event)


def test_sjb_outage_is_certain_near_endfire():
    assert sensing_outage.sjb_sensing_outage(0.3, 1.5, 0.2, 8, 1.0, 1.0, 1.0) == 1.0


@pytest.mark.parametrize(
    "case", [(0.3, 0.2, -0.5, 16, 16, 1.0, 0.7), (0.4, 0.4, 0.1, 8, 4, 10.0, 0.8)]
)
def test_lb_outages_against_draws(case):
    level, target, user, N, M, K, data = case
    _, gain, slope, norm = draws(target, user, N, K)
    q = np.abs(gain) ** 2 / (N * norm)
    r = np.abs(slope) ** 2 / (angle_bound.derivative_norm(target, N) * norm)
    size, threshold = (N**2 - 1) / (M**2 - 1), np.cos(target) ** 2 / level
    truth = sensing_outage.lb_sensing_outage(*case)
    assert near(truth, angle_bound.lb_crb_ratio(q, r, data, size) > threshold)
    frozen = 0.3
    # a Gaussian norm can be negative
    event = inspect.unwrap(angle_bound.lb_crb_ratio)(q, frozen / norm, data, size) > threshold
    assert near(sensing_outage.lb_sensing_outage(*case, frozen), event)
    upper = sensing_outage.lb_upper_bound_outage(level, target, user, N, K, data)
    assert near(upper, angle_bound.lb_crb_ratio(q, 0.0, data, size) > threshold)


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
        inspect.unwrap(angle_bound.lb_crb_ratio)(q, tau / norm, data, 1.0)
        > np.cos(target) ** 2 / level
    )
    approximation = sensing_outage.lb_sensing_outage_gaussian(level, target, user, N, M, K, data)
    assert 0.05 < approximation < 0.95
    assert near(approximation, event)


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
    value = sensing_outage.lb_sensing_outage_rayleigh(level, target, N, M, data)
    assert value == pytest.approx(float(truth), rel=1e-7)
    two = sensing_outage.lb_sensing_outage(level, target, 1.0, N, M, 0.0, data)
    assert two == pytest.approx(value, rel=1e-5)


def test_no_outage_where_the_radar_beam_suffices():
    assert sensing_outage.lb_sensing_outage(0.2, 0.1, 0.5, 8, 8, 1.0, 0.5) == 0.0
    assert sensing_outage.lb_sensing_outage_rayleigh(0.2, 0.1, 8, 8, 0.5) == 0.0


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (sensing_outage.lb_sensing_outage, (0.3, 0.2, -0.5, 2, 8, 1.0, 0.7), "N"),
        (sensing_outage.lb_sensing_outage, (0.3, 0.2, -0.5, 8, 1, 1.0, 0.7), "M"),
        (sensing_outage.lb_sensing_outage, (0.0, 0.2, -0.5, 8, 8, 1.0, 0.7), "level"),
        (sensing_outage.lb_sensing_outage, (0.3, 0.2, -0.5, 8, 8, -1.0, 0.7), "rician_factor"),
        (
            sensing_outage.lb_sensing_outage,
            (0.3, 0.2, -0.5, 8, 8, 1.0, 1.0),
            "data_share",
        ),
        (sensing_outage.sjb_sensing_outage, (0.3, 0.2, -0.5, 1, 1.0, 1.0, 1.0), "N"),
        (sensing_outage.sjb_sensing_outage, (0.3, 0.2, -0.5, 8, 1.0, 0.0, 1.0), "user_weight"),
        (sensing_outage.lb_sensing_outage_rayleigh, (0.3, 0.2, 8, 1, 0.7), "M"),
        (sensing_outage.critical_norm, (-1.0, 1.0, 1.0, 0.5, 1.0), "along"),
        (sensing_outage.scaled_threshold, (0.0, 1.0, 1.0), "crb_threshold"),
        (sensing_outage.scaled_threshold, (1.0, 0.0, 1.0), "reflection"),
        (sensing_outage.sensing_level, (1.0, 10, 1.0, 4, 1), "M"),
        (sensing_outage.target_beam_sensing_outage, (0.1, 2.0), "half_width"),
        (sensing_outage.critical_norm, (1.0, 1.0, 0.0, 0.5, 1.0), "allowed_ratio"),
        (sensing_outage.critical_norm, (1.0, 1.0, 1.0, 1.0, 1.0), "data_share"),
    ],
)
def test_bad_arguments_are_named(function, arguments, name):
    with pytest.raises(ValueError, match=name):
        function(*arguments)


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
    with pytest.raises(ValueError, match="ratio must be"):
        angle_bound.slope_sf(-0.1, 0.3, -0.4, 16, 1.0)


HARD = [
    pytest.param((0.5, 0.2, -0.5, 256, 16, 1.0, 0.9), id="far fewer receive antennas"),
    pytest.param((0.9, 0.1, 0.3, 256, 16, 0.0, 0.95), id="far fewer receive antennas, Rayleigh"),
    pytest.param((0.7, 1.2, -0.5, 12, 2, 0.3, 0.999), id="two receive antennas, nearly all data"),
    pytest.param((0.5, 0.2, -0.5, 3, 2, 1.0, 0.7), id="three antennas: an edge with a kink"),
]


@pytest.mark.parametrize("case", HARD)
def test_lb_sensing_outage_against_drawn_channels(case):
    level, target, user, N, M, rician_factor, data = case
    rng = np.random.default_rng(11)
    size_of_sample = 40_000
    h = rician_channel(rng, size_of_sample, user, N, rician_factor)
    a = steering_vector(target, N, centred=True)
    slope = steering_derivative(target, N, centred=True)
    norm = np.sum(np.abs(h) ** 2, axis=1)
    along = np.abs(h @ a.conj()) ** 2 / (N * norm)
    across = np.abs(h @ slope.conj()) ** 2 / (np.sum(np.abs(slope) ** 2) * norm)
    missed = (
        lb_crb_ratio(along, across, data, (N**2 - 1) / (M**2 - 1)) > np.cos(target) ** 2 / level
    )
    error = missed.std() / np.sqrt(size_of_sample)
    assert abs(missed.mean() - lb_sensing_outage(*case)) < 4 * error


def test_lb_sensing_outage_deep_in_the_tail():
    """Where nearly all of the probability lies far from the likely projections."""
    case = (0.3, 0.2, 0.2, 64, 4, 5.0, 0.8)
    level, target, _, N, M, rician_factor, data = case
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
    size = (N**2 - 1) / (M**2 - 1)
    needed = critical_norm(t, tau, np.cos(target) ** 2 / level, data, size) - t - tau
    tail = chi2.sf(2 * np.maximum(needed, 0) / scatter**2, 2 * (N - 2))
    tail = np.where(needed > 0, tail, 1.0)
    value = (weight_x * density(x, first)) @ tail @ (13 * scatter * weight * density(y, second))
    assert 1e-92 < value < 1e-90
    assert lb_sensing_outage(*case) == pytest.approx(value, rel=1e-6)
