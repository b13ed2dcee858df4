"""Linear beamforming over Rician channels: paper's forms, exact outages, bad input."""

import math

import numpy as np
import pytest
from scipy.special import hyp1f1
from scipy.stats import beta, gamma, multivariate_normal, ncx2

from isacnb.rician.channel import unit_scatter
from isacnb.rician.rate import dpc_sinr, lb_moments, lb_sinr
from isacnb.rician.rate_outage import (
    deep_outage_ratio,
    outage_dpc,
    outage_dpc_gaussian,
    outage_lb,
    outage_lb_gaussian,
    outage_sjb,
    outage_target_beam,
)
from isacnb.special.certified import certified_genchi2_cdf
from isacnb.special.genchi2 import genchi2_cdf


def channels(rng, rows, N, K, S):
    """T and Z of channels with a direct path whose projection on a unit target vector is S."""
    los = np.zeros(N, complex)
    los[0], los[1] = S / math.sqrt(N), math.sqrt(max(N - S**2 / N, 0))
    nu = (rng.standard_normal((rows, N)) + 1j * rng.standard_normal((rows, N))) / math.sqrt(2)
    h = math.sqrt(K / (K + 1)) * los + math.sqrt(1 / (K + 1)) * nu
    return math.sqrt(N) * h[:, 0], np.sum(np.abs(h) ** 2, axis=1)


def test_sinr_by_hand():
    # 0.25 of 10 to the data: 0.25*6 / (0.75*8/4 + 0.1) = 1.5/1.6
    assert lb_sinr(6.0, 8.0, 4, 10.0, 0.25) == pytest.approx(0.9375)
    assert dpc_sinr(6.0, 10.0, 0.25) == pytest.approx(15.0)
    # one antenna, all the channel along the target: 0.5*3 / (0.5*3 + 0.1)
    assert lb_sinr(3.0, 3.0, 1, 10.0, 0.5) == pytest.approx(0.9375)
    assert lb_sinr(6.0, 8.0, 4, 10.0, 1.0) == pytest.approx(dpc_sinr(6.0, 10.0, 1.0))


@pytest.mark.parametrize(("K", "S"), [(0.0, 0.0), (1.0, -3.0), (4.0, 8.0)])
def test_moments_against_draws(K, S):
    T, Z = channels(np.random.default_rng(1), 200_000, 8, K, S)
    sample = np.stack([T.real, T.imag, Z])
    mean, covariance = lb_moments(8, K, S)
    assert np.allclose(sample.mean(axis=1), mean, atol=0.03)
    assert np.allclose(np.cov(sample), covariance, atol=0.06)


def test_dpc_is_a_gamma_tail_without_direct_path_and_ncx2_with_it():
    t = np.array([0.01, 0.5, 5.0, 12.0])
    assert np.allclose(outage_dpc(t, 8, 0, 2.0, 0.5), gamma.cdf(t, 8), rtol=1e-11)
    assert np.allclose(outage_dpc(t, 8, 3.0, 1.0), ncx2.cdf(8 * t, 16, 48), rtol=1e-9, atol=1e-60)
    # the N-th power law of a deep fade
    small = outage_dpc(1e-6, 8, 0, 1.0)
    assert small == pytest.approx(1e-48 / math.factorial(8), rel=1e-5)


@pytest.mark.parametrize("N", [2, 8, 32])
@pytest.mark.parametrize("K", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("fraction", [0.2, 0.9])
def test_lb_against_the_generalised_chi_square_law(N, K, fraction):
    for S in (0.0, 1.3, N):
        for threshold in (0.1, 0.7):
            inside = 2 * K * S**2 / N
            half = 0.5 / (K + 1)
            weights = [fraction * half, (fraction - threshold * (1 - fraction)) * half]
            want = genchi2_cdf(
                threshold / 0.3, weights, [2 * N - 2, 2], [2 * K * N - inside, inside]
            )
            got = outage_lb(threshold, N, K, S, 0.3, fraction)
            assert got == pytest.approx(want, rel=1e-8, abs=1e-100)


@pytest.mark.parametrize("snr", [2.0, 2.0**10, 2.0**20])
def test_lb_certified_in_the_far_tail(snr):
    # K = 1, N = 8, S = 4, half the power, threshold 1/2
    ball = certified_genchi2_cdf(0.5 / snr, [0.125, 0.0625], [14, 2], [12, 4], digits=12)
    assert abs(float(ball.mid()) / outage_lb(0.5, 8, 1.0, 4.0, snr, 0.5) - 1) < 1e-9
    if snr > 2.0**19:
        assert float(ball.mid()) < 1e-40


def test_floor_is_a_beta_tail():
    thresholds = np.array([1.2, 2.0, 6.0])
    want = beta.sf(0.5 / (0.5 * thresholds), 1, 7)
    assert np.allclose(outage_lb(thresholds, 8, 0.0, 0.0, math.inf, 0.5), want, rtol=1e-9)
    assert outage_lb(0.99, 8, 0.0, 0.0, math.inf, 0.5) == 0


@pytest.mark.parametrize(("K", "S"), [(0.0, 1.0), (2.0, 5.0), (10.0, 8.0)])
def test_all_schemes_against_draws(K, S):
    rows = 400_000
    T, Z = channels(np.random.default_rng(2), rows, 8, K, S)
    beam = np.exp(0.7j) * T.conj()
    joint = np.abs(2 * Z + beam) ** 2 / (4 * Z + 8 + 4 * beam.real)
    # little weight on the user: outage by cancellation at norms above the mean
    weak = np.abs(0.3 * Z + beam) ** 2 / (0.09 * Z + 8 + 0.6 * beam.real)
    T2 = np.abs(T) ** 2
    pairs = [
        (lb_sinr(Z, T2, 8, 1.0, 0.5) < 1.5, outage_lb(1.5, 8, K, S, 1.0, 0.5)),
        (dpc_sinr(Z, 1.0, 0.5) < 3.0, outage_dpc(3.0, 8, K, 1.0, 0.5)),
        (T2 / 8 < 0.7, outage_target_beam(0.7, 8, K, S, 1.0)),
        (joint < 4.0, outage_sjb(4.0, 8, K, S, 1.0, 2.0, 1.0, 0.7)),
        (weak < 0.5, outage_sjb(0.5, 8, K, S, 1.0, 0.3, 1.0, 0.7, rtol=1e-6)),
    ]
    for events, exact in pairs:
        error = math.sqrt(exact * (1 - exact) / rows) + 1e-6
        assert abs(np.mean(events) - exact) < 4.5 * error


def test_one_antenna_has_one_beam():
    assert outage_target_beam(0.7, 1, 2.0, -1.0, 3.0) == pytest.approx(
        ncx2.cdf(6 * 0.7 / 3, 2, 4.0), rel=1e-12
    )
    assert outage_dpc(0.7, 1, 2.0, 3.0) == pytest.approx(ncx2.cdf(6 * 0.7 / 3, 2, 4.0), rel=1e-12)


def test_sjb_tends_to_the_matched_beam():
    user = outage_sjb(5.0, 8, 1.0, 3.0, 1.0, 1e4, 1.0)
    assert user == pytest.approx(outage_dpc(5.0, 8, 1.0, 1.0), rel=1e-3)


@pytest.mark.parametrize(("N", "kappa"), [(8, 1.0), (16, 1.5), (4, 0.7)])
def test_sjb_has_diversity_one(N, kappa):
    # closed form of the slope for Rayleigh fading
    y = N / kappa**2
    slope = y ** (N - 1) * math.factorial(N - 1) / math.factorial(2 * N - 2)
    slope *= hyp1f1(N - 1, 2 * N - 1, -y)
    assert outage_sjb(1e-7, N, 0.0, 0.0, 1.0, kappa, 1.0) == pytest.approx(1e-7 * slope, rel=1e-5)


@pytest.mark.parametrize(
    ("K", "S", "fraction"), [(0.0, 0.0, 0.5), (1.0, 4.0, 0.5), (3.0, 8.0, 0.3)]
)
def test_gaussian_triple_by_draws_of_the_triple(K, S, fraction):
    mean, covariance = lb_moments(8, K, S)
    triple = multivariate_normal(mean, covariance, allow_singular=True, seed=3).rvs(400_000)
    u, v, z = triple.T
    events = fraction * z < 1.5 * ((1 - fraction) / 8 * (u**2 + v**2) + 0.5)
    exact = outage_lb_gaussian(1.5, 8, K, S, 2.0, fraction)
    assert abs(np.mean(events) - exact) < 4.5 * math.sqrt(exact / 400_000)


def test_gaussian_forms_meet_without_radar_power():
    one = outage_lb_gaussian(3.0, 8, 2.0, 5.0, 0.5, 1.0)
    assert one == pytest.approx(outage_dpc_gaussian(3.0, 8, 2.0, 0.5), rel=1e-12)
    assert outage_dpc_gaussian(0.0, 9, 0.0, 1.0) == pytest.approx(0.0013498980316, rel=1e-9)


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (outage_dpc, (-1.0, 8, 0.0, 1.0), "threshold"),
        (outage_dpc, (1.0, 0, 0.0, 1.0), "N"),
        (outage_dpc, (1.0, 8, -0.1, 1.0), "rician_factor"),
        (outage_dpc, (1.0, 8, 0.0, 0.0), "snr"),
        (outage_dpc, (1.0, 8, 0.0, 1.0, -0.1), "data_share"),
        (outage_lb, (1.0, 8, 0.0, 9.0, 1.0, 0.5), "array_sum"),
        (outage_lb, (1.0, 8, 0.0, 1.0, 1.0, 1.5), "data_share"),
        (outage_sjb, (1.0, 8, 0.0, 1.0, 1.0, -1.0, 1.0), "user_weight"),
        (outage_target_beam, (1.0, 8, 0.0, 9.0, 1.0), "array_sum"),
        (lb_moments, (8, -1.0, 0.0), "rician_factor"),
        (lb_moments, (8, 1.0, 9.0), "array_sum"),
        (lb_sinr, (1.0, 1.0, 8, 1.0, 1.1), "data_share"),
        (outage_dpc_gaussian, (1.0, 8, 0.0, -1.0), "snr"),
        (outage_lb_gaussian, (-1.0, 8, 0.0, 0.0, 1.0, 0.5), "threshold"),
    ],
)
def test_bad_input(function, arguments, name):
    with pytest.raises(ValueError, match=name):
        function(*arguments)


@pytest.mark.parametrize(("K", "N"), [(1.0, 4), (3.0, 2), (0.3, 8)])
def test_deep_outage_against_the_density_at_zero(K, N):
    # the ratio of the densities of h at 0 decides when the threshold falls
    ratio = outage_dpc(1e-4, N, K, 1.0) / outage_dpc(1e-4, N, 0.0, 1.0)
    assert deep_outage_ratio(K, N) == pytest.approx(ratio, rel=2e-3)
    # scattered entries of power v: unit power and factor K/v, less noise by the gain
    equivalent, gain = unit_scatter(K, 2.0)
    ratio = outage_dpc(1e-4, N, equivalent, gain) / outage_dpc(1e-4, N, 0.0, 2.0)
    assert deep_outage_ratio(K, N, 2.0) == pytest.approx(ratio, rel=2e-3)
    assert deep_outage_ratio(0.0, N) == 1
    with pytest.raises(ValueError, match="scatter_power must be"):
        deep_outage_ratio(K, N, 0.0)
