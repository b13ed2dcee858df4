"""Outage of the user: exact forms against other laws, certified values and draws."""

import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
from drawn_channels import draw_channels
from scipy.special import hyp1f1
from scipy.stats import beta, chi2, gamma, multivariate_normal, ncx2

from isacnb.rician.angles import fixed_angles
from isacnb.rician.beams import (
    JointBeam,
    joint_beamformer,
)
from isacnb.rician.channel import (
    unit_scatter,
)
from isacnb.rician.rate import (
    array_sum,
    communication_moments_joint,
    projection_moments,
    sinr_dpc,
    sinr_split,
)
from isacnb.rician.rate_outage import (
    _interval,
    deep_outage_ratio,
    diversity_constant,
    line_of_sight_powers_joint,
    phase_step,
    rate_outage_dpc,
    rate_outage_dpc_gaussian,
    rate_outage_joint,
    rate_outage_joint_gaussian,
    rate_outage_split,
    rate_outage_split_gaussian,
    rate_outage_target_beam,
    triple_outage_gaussian,
)
from isacnb.rician.system import Link, simulate_link
from isacnb.signals.arrays import (
    steering_vector,
)
from isacnb.special.certified import certified_genchi2_cdf
from isacnb.special.genchi2 import GenChi2
from isacnb.special.marcum import marcum_p

BEAM = JointBeam(1.0, 1.5, 0.4, -0.9)


DEEP = [
    pytest.param((0.00228, 18, 32.92, 13.63, 2.2375, -0.63644), id="1e-241"),
    pytest.param((0.21868, 14, 54.24, 8.05, 1.07247, 0.1516), id="1e-187"),
    pytest.param((0.4, 16, 46.44, -10.93, 2.4, -1.7), id="1e-193"),
]


def test_dpc_is_a_gamma_tail_without_direct_path_and_ncx2_with_it():
    t = np.array([0.01, 0.5, 5.0, 12.0])
    assert np.allclose(rate_outage_dpc(t, 8, 0, 2.0, 0.5), gamma.cdf(t, 8), rtol=1e-11)
    assert np.allclose(
        rate_outage_dpc(t, 8, 3.0, 1.0), ncx2.cdf(8 * t, 16, 48), rtol=1e-9, atol=1e-60
    )
    # the N-th power law of a deep fade
    small = rate_outage_dpc(1e-6, 8, 0, 1.0)
    assert small == pytest.approx(1e-48 / math.factorial(8), rel=1e-5)


@pytest.mark.parametrize(("K", "N"), [(1.0, 4), (3.0, 2), (0.3, 8)])
def test_deep_outage_against_the_density_at_zero(K, N):
    # the ratio of the densities of h at 0 decides when the threshold falls
    ratio = rate_outage_dpc(1e-4, N, K, 1.0) / rate_outage_dpc(1e-4, N, 0.0, 1.0)
    assert deep_outage_ratio(K, N) == pytest.approx(ratio, rel=2e-3)
    # scattered entries of power v: unit power and factor K/v, less noise by the gain
    equivalent, gain = unit_scatter(K, 2.0)
    ratio = rate_outage_dpc(1e-4, N, equivalent, gain) / rate_outage_dpc(1e-4, N, 0.0, 2.0)
    assert deep_outage_ratio(K, N, 2.0) == pytest.approx(ratio, rel=2e-3)
    assert deep_outage_ratio(0.0, N) == 1


@pytest.mark.parametrize("N", [2, 8, 32])
@pytest.mark.parametrize("K", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("fraction", [0.2, 0.9])
def test_split_against_the_generalised_chi_square_law(N, K, fraction):
    for S in (0.0, 1.3, N):
        for threshold in (0.1, 0.7):
            inside = 2 * K * S**2 / N
            half = 0.5 / (K + 1)
            weights = [fraction * half, (fraction - threshold * (1 - fraction)) * half]
            law = GenChi2(weights, [2 * N - 2, 2], [2 * K * N - inside, inside])
            want = law.cdf(threshold / 0.3)
            got = rate_outage_split(threshold, N, K, S, 0.3, fraction)
            assert got == pytest.approx(want, rel=1e-8, abs=1e-100)


@pytest.mark.parametrize("snr", [2.0, 2.0**10, 2.0**20])
def test_split_certified_in_the_far_tail(snr):
    # K = 1, N = 8, S = 4, half the power, threshold 1/2
    ball = certified_genchi2_cdf(0.5 / snr, GenChi2([0.125, 0.0625], [14, 2], [12, 4]), digits=12)
    assert abs(float(ball.mid()) / rate_outage_split(0.5, 8, 1.0, 4.0, snr, 0.5) - 1) < 1e-9
    if snr > 2.0**19:
        assert float(ball.mid()) < 1e-40


def test_floor_is_a_beta_tail():
    thresholds = np.array([1.2, 2.0, 6.0])
    want = beta.sf(0.5 / (0.5 * thresholds), 1, 7)
    assert np.allclose(rate_outage_split(thresholds, 8, 0.0, 0.0, math.inf, 0.5), want, rtol=1e-9)
    assert rate_outage_split(0.99, 8, 0.0, 0.0, math.inf, 0.5) == 0


@pytest.mark.parametrize(
    ("K", "S", "fraction"), [(0.0, 0.0, 0.5), (1.0, 4.0, 0.5), (3.0, 8.0, 0.3)]
)
def test_gaussian_triple_by_draws_of_the_triple(K, S, fraction):
    mean, covariance = projection_moments(8, K, S)
    triple = multivariate_normal(mean, covariance, allow_singular=True, seed=3).rvs(400_000)
    u, v, z = triple.T
    events = fraction * z < 1.5 * ((1 - fraction) / 8 * (u**2 + v**2) + 0.5)
    exact = rate_outage_split_gaussian(1.5, 8, K, S, 2.0, fraction)
    assert abs(np.mean(events) - exact) < 4.5 * math.sqrt(exact / 400_000)


def test_gaussian_forms_meet_without_radar_power():
    one = rate_outage_split_gaussian(3.0, 8, 2.0, 5.0, 0.5, 1.0)
    assert one == pytest.approx(rate_outage_dpc_gaussian(3.0, 8, 2.0, 0.5), rel=1e-12)
    assert rate_outage_dpc_gaussian(0.0, 9, 0.0, 1.0) == pytest.approx(0.0013498980316, rel=1e-9)


@pytest.mark.parametrize(("K", "S"), [(0.0, 1.0), (2.0, 5.0), (10.0, 8.0)])
def test_all_schemes_against_draws(K, S):
    rows = 400_000
    T, Z = draw_channels(np.random.default_rng(2), rows, 8, K, S)
    beam = np.exp(0.7j) * T.conj()
    joint = np.abs(2 * Z + beam) ** 2 / (4 * Z + 8 + 4 * beam.real)
    # little weight on the user: outage by cancellation at norms above the mean
    weak = np.abs(0.3 * Z + beam) ** 2 / (0.09 * Z + 8 + 0.6 * beam.real)
    T2 = np.abs(T) ** 2
    pairs = [
        (sinr_split(Z, T2, 8, 1.0, 0.5) < 1.5, rate_outage_split(1.5, 8, K, S, 1.0, 0.5)),
        (sinr_dpc(Z, 1.0, 0.5) < 3.0, rate_outage_dpc(3.0, 8, K, 1.0, 0.5)),
        (T2 / 8 < 0.7, rate_outage_target_beam(0.7, 8, K, S, 1.0)),
        (
            joint < 4.0,
            rate_outage_joint(4.0, 8, K, S, 1.0, JointBeam(2.0, 1.0, 0.0, 0.7), rtol=1e-4),
        ),
        (
            weak < 0.5,
            rate_outage_joint(0.5, 8, K, S, 1.0, JointBeam(0.3, 1.0, 0.0, 0.7), rtol=1e-4),
        ),
    ]
    for events, exact in pairs:
        error = math.sqrt(exact * (1 - exact) / rows) + 1e-6
        assert abs(np.mean(events) - exact) < 4.5 * error


def test_one_antenna_has_one_beam():
    assert rate_outage_target_beam(0.7, 1, 2.0, -1.0, 3.0) == pytest.approx(
        ncx2.cdf(6 * 0.7 / 3, 2, 4.0), rel=1e-12
    )
    assert rate_outage_dpc(0.7, 1, 2.0, 3.0) == pytest.approx(
        ncx2.cdf(6 * 0.7 / 3, 2, 4.0), rel=1e-12
    )


def test_one_antenna_has_no_direction():
    for outage, more in ((rate_outage_split, (0.5,)), (rate_outage_joint, (JointBeam(1.0, 1.0),))):
        with pytest.raises(ValueError, match="N must be"):
            outage(1.0, 1, 1.0, 0.0, 1.0, *more)
    with pytest.raises(ValueError, match=r"array_sum must be in \[-N, N\]"):
        rate_outage_split(1.0, 8, 0.0, 9.0, 1.0, 0.5)


def test_outage_at_the_end_points():
    # user only: the norm of a Rayleigh vector is a gamma variable; target only: an exponential
    assert rate_outage_joint(0.7, 4, 0.0, 0.0, 1.0, JointBeam(1.0, 0.0)) == pytest.approx(
        scipy.special.gammainc(4, 0.7), rel=1e-12
    )
    assert rate_outage_joint(0.7, 4, 0.0, 3.0, 1.0, JointBeam(0.0, 1.0)) == pytest.approx(
        -np.expm1(-0.7), rel=1e-12
    )


def test_outage_is_continuous_at_the_end_points():
    near = rate_outage_joint(1.5, 6, 1.0, 2.0, 1.0, JointBeam(1, 1e-6))
    assert near == pytest.approx(
        rate_outage_joint(1.5, 6, 1.0, 2.0, 1.0, JointBeam(1, 0)), rel=1e-4
    )


def test_outage_against_two_antennas_by_hand():
    """N = 2, K = 0: with t and the other coordinate e exponential, a plain double integral."""
    level, a, b = 0.6, 1.0, 1.3

    def conditional(u, v):
        c = (u * u + v * v) / 2
        half = level / 2 * a - b * u  # a = 1
        root = half**2 - b**2 * 2 * c + level * (b**2 * 2 + 2 * b * u)
        if root <= 0:
            return mpmath.mpf(0)
        low, high = (max(half + s * mpmath.sqrt(root) - c, 0) for s in (-1, 1))
        return mpmath.exp(-low) - mpmath.exp(-high)

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
    assert rate_outage_joint(level, 2, 0.0, 0.7, 1.0, JointBeam(a, b)) == pytest.approx(
        total, rel=2e-3
    )


@pytest.mark.parametrize("K", [0.0, 1.0, 10.0])
def test_outage_against_the_simulated_link(K):
    beam, level, theta, phi = JointBeam(1.0, 1.2, 0.3, 1.5), 2.0, 0.4, -0.1
    link = Link(8, 2, K, user_noise_power=level)
    sample = simulate_link(
        np.random.default_rng(2), 60_000, link, joint_beamformer(beam), fixed_angles(theta, phi)
    )
    exact = rate_outage_joint(level, 8, K, array_sum(theta, phi, 8), 1.0, beam)
    assert np.mean(sample.sinr < 1) == pytest.approx(exact, abs=5 * np.sqrt(exact / 60_000))


def test_rare_outage_is_of_order_one():
    low, high = rate_outage_joint([1e-7, 1e-5], 8, 1.0, 2.0, 1.0, JointBeam(1.0, 1.0))
    assert high / low == pytest.approx(100, rel=1e-3)


def test_joint_beam_tends_to_the_matched_beam():
    user = rate_outage_joint(5.0, 8, 1.0, 3.0, 1.0, JointBeam(1e4, 1.0))
    assert user == pytest.approx(rate_outage_dpc(5.0, 8, 1.0, 1.0), rel=1e-3)


@pytest.mark.parametrize(("N", "kappa"), [(8, 1.0), (16, 1.5), (4, 0.7)])
def test_joint_beam_has_diversity_one(N, kappa):
    # closed form of the slope for Rayleigh fading
    y = N / kappa**2
    slope = y ** (N - 1) * math.factorial(N - 1) / math.factorial(2 * N - 2)
    slope *= hyp1f1(N - 1, 2 * N - 1, -y)
    assert rate_outage_joint(1e-7, N, 0.0, 0.0, 1.0, JointBeam(kappa, 1.0)) == pytest.approx(
        1e-7 * slope, rel=1e-5
    )


@pytest.mark.parametrize("case", DEEP)
def test_joint_beam_deep_in_the_tail(case):
    """A product of two fixed rules over the whole disc of the projection, nothing cut off."""
    g, N, K, S, kappa, phase = case
    variance = N / (K + 1)
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
    beam = JointBeam(kappa, 1.0, target_phase=phase)
    assert rate_outage_joint(g, N, K, S, 1.0, beam) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("rtol", [0.0, -1.0, np.nan, 2.0])
def test_joint_beam_refuses_an_impossible_accuracy(rtol):
    with pytest.raises(ValueError, match="rtol"):
        rate_outage_joint(1.0, 8, 0.0, 0.0, 10.0, JointBeam(1.0, 1.0), rtol=rtol)


def test_gaussian_outage_against_draws():
    mean, covariance = communication_moments_joint(8, 1.0, 3.0, BEAM)
    draws = np.random.default_rng(3).multivariate_normal(mean, covariance, 400_000)
    for level in (0.5, 2.0):
        count = np.mean(draws[:, 0] ** 2 + draws[:, 1] ** 2 < level * draws[:, 2])
        assert triple_outage_gaussian(level, mean, covariance) == pytest.approx(
            count, abs=5 * np.sqrt(count / 400_000)
        )
    assert rate_outage_joint_gaussian(
        2.0, 8, 1.0, 3.0, 1.0, JointBeam(1.0, 1.5, target_phase=-1.3)
    ) == pytest.approx(triple_outage_gaussian(2.0, mean, covariance), rel=1e-12)


def test_a_triple_without_spread_is_refused():
    with pytest.raises(ValueError, match="triple_covariance must be"):
        triple_outage_gaussian(1.0, [0, 0, 1], np.zeros((3, 3)))


def test_sums_without_scatter_against_vectors():
    for target, user, N, beam in [
        (0.4, -0.3, 6, BEAM),
        (0.2, 0.2, 5, JointBeam(2.0, 0.5, 0.0, 3.0)),
        (np.pi / 2, -np.pi / 2, 4, JointBeam(1.0, 1.0, 0.3, 0.3)),
        (0.1, 0.9, 1, JointBeam(0.0, 1.0)),
    ]:
        h, a = steering_vector(user, N, True), steering_vector(target, N, True)
        w = beam.user_weight * np.exp(1j * beam.user_phase) * h
        w = w + beam.target_weight * np.exp(1j * beam.target_phase) * a
        expected = abs(np.vdot(h, w)) ** 2, abs(np.vdot(a, w)) ** 2, np.linalg.norm(w) ** 2
        S = array_sum(target, user, N)
        sums = line_of_sight_powers_joint(N, S, beam)
        np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)


def test_phase_step_turns_the_product_of_neighbours():
    a = [steering_vector(angle, 2, True) for angle in (0.7, -0.2)]
    turned = np.exp(1j * phase_step(0.7, -0.2))
    assert turned == pytest.approx(a[0][1] / a[0][0] / (a[1][1] / a[1][0]))


@pytest.mark.parametrize("N", [2, 4, 16])
@pytest.mark.parametrize("noise", [1e-30, 1e-100, 1e-280])
def test_joint_outage_at_thresholds_near_0_against_its_limit(N, noise):
    value = rate_outage_joint(noise, N, 0.0, 0.5, 1.0, JointBeam(1.0, 1.0), rtol=1e-9)
    assert value / noise == pytest.approx(diversity_constant(N, 1.0), rel=1e-12)


def test_joint_outage_beyond_floats_names_the_threshold():
    with pytest.raises(ValueError, match="sinr_threshold must leave an outage above 1e-300"):
        rate_outage_joint(0.01, 16, 100.0, 3.0, 1.0, JointBeam(1.0, 1.0))


@pytest.mark.parametrize(("m", "noncentrality"), [(1, 0.0), (1, 2.0), (7, 30.0), (60, 1e4)])
def test_interval_of_a_chi_square_variable_narrow_and_wide(m, noncentrality):
    law = ncx2(2 * m, noncentrality) if noncentrality else chi2(2 * m)
    middle = 2 * m + noncentrality + np.array([-1.5, 0.3, 1.9])
    for half in (1e-9, 1e-3, 0.5):
        # the mean of the density over the interval, to the second order
        ends, here = (law.pdf(middle - half) + law.pdf(middle + half)) / 2, law.pdf(middle)
        want = 2 * half * (2 * here + ends) / 3
        got = _interval(m, noncentrality, middle, np.full(3, half))
        assert got == pytest.approx(want, rel=1e-11 if half < 0.1 else 3e-3)
    # cut off at 0
    assert _interval(m, noncentrality, np.array([0.1]), np.array([3.0])) == pytest.approx(
        law.cdf(3.1), rel=1e-9
    )
    assert _interval(m, noncentrality, np.array([-4.0]), np.array([3.0])) == 0


def test_split_sweeps_over_each_argument():
    snr, share = np.array([[1.0], [10.0], [math.inf]]), np.array([0.3, 0.8])
    table = rate_outage_split(1.5, 8, [0.0, 2.0], 1.0, snr, share)
    assert table.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        alone = rate_outage_split(1.5, 8, 2.0 * j, 1.0, float(snr[i, 0]), float(share[j]))
        assert table[i, j] == alone
    assert (np.diff(table, axis=0) < 0).all()
