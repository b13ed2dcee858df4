"""Reflection of known modulus: the estimate against Bayes's rule, the share against other integrals."""

import mpmath as mp
import numpy as np
import pytest

from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink, nmse_lmmse, target_snr
from isacnb.coupling.uplink_coverage import joint_coverage, nmse_floor, sensing_coverage
from isacnb.coupling.uplink_modulus import (
    estimate_mmse_modulus,
    joint_coverage_modulus,
    lost_dimension,
    nmse_floor_modulus,
    nmse_mmse_modulus,
)
from isacnb.coupling.uplink_system import estimate_lmmse, observe
from isacnb.probability.poisson import sample_distances
from isacnb.signals.detection import detection_probability, required_snr

PEAK, HALF = 2.590055355752531, 1.2216285130137204


def by_rice(S):
    """S E(1 - rho^2) over the law of R, 25 digits."""
    with mp.workdps(25):
        S = mp.mpf(S)
        root = mp.sqrt(S)

        def integrand(R):
            t = 2 * R * root
            zero, one = mp.besseli(0, t), mp.besseli(1, t)
            return 2 * R * S * (zero - one) * (zero + one) / zero * mp.exp(-R * R - S)

        ends = sorted({mp.mpf(0), *(max(root + y, mp.mpf(0)) for y in (-8, -3, 0, 3, 8))})
        return float(mp.quad(integrand, ends))


@pytest.mark.parametrize("snr", [1e-6, 0.1, HALF, PEAK, 20.0, 49.0, 400.0])
def test_share_against_the_law_of_the_statistic(snr):
    assert float(lost_dimension(snr)) == pytest.approx(by_rice(snr), rel=1e-13)


def test_share_of_weak_and_of_strong_echoes():
    weak = np.array([0.0, 5e-324, 1e-300, 1e-9, 1e-3])
    series = weak - weak**2 + weak**3 - 1.5 * weak**4
    assert lost_dimension(weak) == pytest.approx(series, rel=1e-11, abs=1e-320)
    strong = np.array([1e4, 1e6, 1e12, 1e100, 1e307])
    assert lost_dimension(strong) == pytest.approx(0.5 + 1 / (8 * strong), rel=1e-8)


def test_share_rises_to_its_maximum_and_falls():
    snr = np.concatenate([np.geomspace(1e-6, PEAK, 200), np.geomspace(PEAK, 1e5, 200)[1:]])
    step = np.diff(lost_dimension(snr))
    assert np.all(step[:198] > 0)
    assert np.all(step[201:] < 0)
    assert float(lost_dimension(HALF)) == pytest.approx(0.5, rel=1e-14)
    assert np.all(lost_dimension(snr) < snr / (1 + snr))


def link_at(snr, noise_share, N=3):
    base = UplinkLink.at(CouplingParameters.paper(N=N, noise=None), 25.0, 10.0)
    base = base.replace(noise_power=noise_share * base.energies.user_energy)
    gain = snr / target_snr(*base.energies, N)
    return base.replace(target_path_loss=base.target_path_loss * gain)


@pytest.mark.parametrize(("snr", "noise_share"), [(0.2, 0.0), (3.0, 0.4), (60.0, 0.0)])
def test_estimate_is_the_mean_under_bayes_rule(snr, noise_share):
    link = link_at(snr, noise_share)
    u, x, noise = link.energies
    seen = observe(np.random.default_rng(3), 1, link, reflection_law="unit").observation
    zeta = np.exp(2j * np.pi * np.arange(300) / 300)
    rest = seen - link.amplitude_user * link.mean_channel
    rest = rest - np.sqrt(x) * zeta[:, None] * link.steering
    weight = np.exp(-np.sum(np.abs(rest) ** 2, axis=1) / (u + noise))
    mean = weight @ rest / weight.sum() * u / (u + noise) / link.amplitude_user
    expected = link.mean_channel + mean
    assert estimate_mmse_modulus(seen, link)[0] == pytest.approx(expected, rel=1e-9)


def test_estimate_without_echo_or_at_the_mean():
    link = link_at(2.0, 0.1)
    still = link.amplitude_user * link.mean_channel
    assert estimate_mmse_modulus(still, link) == pytest.approx(link.mean_channel)
    silent = link.replace(target_path_loss=0.0)
    seen = observe(np.random.default_rng(4), 5, silent).observation
    expected = estimate_lmmse(seen, silent)
    assert estimate_mmse_modulus(seen, silent) == pytest.approx(expected, rel=1e-12)


def test_error_is_that_of_drawn_systems():
    link = link_at(PEAK, 0.2)
    drawn = observe(np.random.default_rng(5), 60_000, link, reflection_law="unit")
    off = np.abs(drawn.channel - estimate_mmse_modulus(drawn.observation, link)) ** 2
    square = off.sum(axis=1) / (link.N * link.scattered_gain)
    exact = nmse_mmse_modulus(*link.energies, link.N)
    assert abs(square.mean() - exact) < 4 * square.std() / np.sqrt(square.size)
    assert exact < nmse_lmmse(*link.energies, link.N)


def test_floor_follows_weak_demands_and_ignores_strong_ones():
    probability = np.array([0.2, 0.3, 0.6, 0.99])
    required = required_snr(probability, 1.5)
    floor = nmse_floor_modulus(probability, 1.5, 16)
    expected = np.where(required < HALF, lost_dimension(required), 0.5) / 16
    assert floor == pytest.approx(expected, rel=1e-13)
    assert required[1] < HALF < required[2]
    assert np.all(floor <= nmse_floor(probability, 1.5, 16))


def test_coverage_in_drawn_networks():
    p = CouplingParameters.paper(noise=None, detection_threshold=6.0)
    rng = np.random.default_rng(6)
    user = sample_distances(rng, 40_000, p.K, p.user_density)[:, -1]
    target = sample_distances(rng, 40_000, p.K, p.target_density)[:, -1]
    energies = (p.user_energy(user), p.echo_energy(target), 0.0)
    error = nmse_mmse_modulus(*energies, p.N) * p.N
    found = detection_probability(target_snr(*energies, p.N), 6.0)
    for share in (0.3, 0.49, 0.51, 0.54, 0.56):
        for demand in (0.004, 0.1):
            drawn = np.mean((error <= share) & (found >= demand))
            exact = joint_coverage_modulus(share / p.N, demand, p)
            assert abs(drawn - exact) < 4.5 * np.sqrt(exact * (1 - exact) / 40_000) + 1e-9


def test_coverage_between_that_of_linear_estimates_and_of_detection():
    p = CouplingParameters.paper(noise=None)
    errors, demands = np.geomspace(1e-4, 0.5, 30)[:, None], np.array([0.01, 0.5, 0.99])
    best = joint_coverage_modulus(errors, demands, p)
    assert np.all(best >= joint_coverage(errors, demands, p) - 1e-12)
    assert np.all(best <= sensing_coverage(demands, p) + 1e-12)
    assert np.all(np.diff(best, axis=0) >= -1e-12)
    assert best[-1] == pytest.approx(sensing_coverage(demands, p), rel=1e-10)


def test_arguments_outside_their_range_are_named():
    with pytest.raises(ValueError, match="snr_detection"):
        lost_dimension(-1.0)
    with pytest.raises(ValueError, match="probability"):
        nmse_floor_modulus(1.0, 3.0, 4)
