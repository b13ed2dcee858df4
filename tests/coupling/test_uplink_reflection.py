"""Fluctuating reflections: closed forms against integrals over the reflection and drawn systems."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from isacnb.coupling.settings import CouplingParameters, Energies
from isacnb.coupling.uplink import (
    lmmse_gains,
    nmse,
    nmse_lmmse,
    paper_gain,
    residual_detection_probability,
    residual_projection_law,
)
from isacnb.coupling.uplink_coverage import (
    communication_limit,
    communication_limit_lmmse,
    joint_coverage,
    ratio_argument,
)
from isacnb.coupling.uplink_reflection import (
    coverage_given_ratio,
    fluctuation_loss,
    joint_coverage_at_reflection,
    joint_coverage_residual_mean,
    nmse_at_reflection,
    residual_mean_detection_probability,
    residual_projection_variance,
    residual_ratio_required,
)
from isacnb.probability.poisson import sample_distances
from isacnb.signals.detection import (
    detection_probability,
    mean_detection_probability,
    required_mean_snr,
    required_snr,
)

ENERGIES = [(2.0, 0.3, 0.5), (0.4, 1.7, 0.0), (1.0, 0.05, 0.2)]
SMALL = CouplingParameters.paper(noise=None, N=8, target_power=10.0, detection_threshold=3.0)
DEMANDS = [(0.1, 0.4), (0.12, 0.2), (0.3, 0.5), (0.05, 0.1), (0.6, 0.9)]


def over_reflection(function):
    """Mean over an exponential squared modulus."""
    return sum(
        quad(lambda m: np.exp(-m) * function(m), a, b, epsabs=1e-13, epsrel=1e-11)[0]
        for a, b in [(0, 0.5), (0.5, 2), (2, 8), (8, 45)]
    )


@pytest.mark.parametrize("energies", ENERGIES)
def test_means_over_the_reflection(energies):
    _, spread = residual_projection_law(0.0, *energies, 5)
    mean, _ = residual_projection_law(1.0, *energies, 5)
    assert residual_projection_variance(*energies, 5) == pytest.approx(spread + mean**2, rel=1e-12)
    value = over_reflection(lambda m: float(residual_detection_probability(*energies, 5, 0.7, m)))
    assert residual_mean_detection_probability(*energies, 5, 0.7) == pytest.approx(value, rel=1e-8)
    value = over_reflection(lambda m: float(nmse_at_reflection(*energies, 5, m)))
    assert value == pytest.approx(nmse_lmmse(*energies, 5), rel=1e-9)


@pytest.mark.parametrize("energies", ENERGIES)
def test_error_at_a_reflection_is_that_of_the_gains(energies):
    u, x, noise = energies
    for m in (0.0, 0.3, 4.0):
        value = nmse(*lmmse_gains(u, x, noise, 6), Energies(u, x * m, noise), 6)
        assert nmse_at_reflection(u, x, noise, 6, m) == pytest.approx(value, rel=1e-12)


def test_fluctuation_loss():
    p, level = np.array([0.05, 0.5, 0.99]), 6.0
    needed = fluctuation_loss(p, level) * required_snr(p, level)
    assert mean_detection_probability(needed, level) == pytest.approx(p, rel=1e-9)
    assert fluctuation_loss(0.1, 1.0) == 1.0  # false alarms suffice
    assert fluctuation_loss(np.exp(-1) + 1e-6, 1.0) == pytest.approx(1, abs=1e-3)
    assert fluctuation_loss(0.5, 0.0) == 1.0


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.95])
def test_required_ratio_of_the_residual(probability):
    for N in (1, 7, 64):
        ratio = float(residual_ratio_required(probability, 2.5, N))
        reached = residual_mean_detection_probability(1.0, ratio, 0.0, N, 2.5)
        assert reached == pytest.approx(probability, rel=1e-10)
    assert residual_ratio_required(0.5, 0.0, 4) == 0


def drawn(n, seed, p):
    rng = np.random.default_rng(seed)
    user = sample_distances(rng, n, p.K, p.user_density)[:, -1]
    target = sample_distances(rng, n, p.K, p.target_density)[:, -1]
    return p.user_energy(user), p.echo_energy(target), rng.exponential(size=n)


def agrees(hits, value):
    return abs(hits.mean() - value) < 4.5 * np.sqrt(max(value * (1 - value), 1e-5) / len(hits))


@pytest.mark.parametrize(("epsilon", "probability"), DEMANDS)
def test_coverage_of_drawn_networks(epsilon, probability):
    u, x, m = drawn(100_000, 5, SMALL)
    S, s = 8 * x / u, required_snr(probability, 3.0)
    for estimator in ("lmmse", "paper"):
        gains = lmmse_gains(u, x, 0.0, 8) if estimator == "lmmse" else [paper_gain(u, x, 0.0)] * 2
        still = np.zeros(len(u))
        mean_error = nmse(*gains, Energies(u, x, still), 8)
        error = nmse(*gains, Energies(u, x * m, still), 8)
        for hits, options in (
            ((mean_error <= epsilon) & (S * m >= s), {}),
            ((error <= epsilon) & (S * m >= s), {"error": "at the reflection"}),
            ((mean_error <= epsilon) & ((8 + S) * m >= s), {"detector": "printed"}),
        ):
            value = joint_coverage_at_reflection(
                epsilon, probability, SMALL, estimator=estimator, **options
            )
            assert agrees(hits, value), options
    found = detection_probability(S * m, 3.0) >= probability
    assert np.array_equal(found, S * m >= s)


@pytest.mark.parametrize("K", [1, 4, 20])
@pytest.mark.parametrize("alpha", [2.0, 6.0])
def test_coverage_as_a_mean_over_the_reflection(K, alpha):
    p = SMALL.replace(K=K, path_loss_exponent=alpha)
    for epsilon, probability in DEMANDS[:3]:
        s = required_snr(probability, p.detection_threshold)
        for estimator, limit in (
            ("lmmse", communication_limit_lmmse),
            ("paper", communication_limit),
        ):
            last = ratio_argument(
                limit(epsilon, p.N, p.user_power, p.target_power), p.rician_factor, alpha
            )
            first = ratio_argument(
                p.target_power * p.N**2 / (s * p.user_power), p.rician_factor, alpha
            )

            def met(log_m, first=first, last=last, p=p):
                least = first * np.exp(-log_m / p.path_loss_exponent)
                return np.exp(log_m - np.exp(log_m)) * p.ratio_between(least, last)

            low = max(alpha * np.log(first / last), -40.0) if np.isfinite(last) else -40.0
            edges = np.linspace(low, max(low, 4.0), 30)
            value = sum(
                quad(met, a, b, epsabs=1e-15, epsrel=1e-10)[0] for a, b in itertools.pairwise(edges)
            )
            found = joint_coverage_at_reflection(epsilon, probability, p, estimator=estimator)
            assert found == pytest.approx(value, abs=1e-12)


def test_coverage_is_the_mean_of_that_given_the_ratio():
    u, x, _ = drawn(20_000, 6, SMALL)
    p = SMALL
    z = (8 * x / u / (p.target_power / p.user_power * 64 * 2)) ** (1 / p.path_loss_exponent)
    for options in ({}, {"error": "at the reflection"}, {"detector": "printed"}):
        values = coverage_given_ratio(z, 0.12, 0.3, p, **options)
        value = joint_coverage_at_reflection(0.12, 0.3, p, **options)
        assert abs(values.mean() - value) < 4.5 * values.std() / np.sqrt(len(z))


def test_floor_at_the_reflection():
    s = float(required_snr(0.4, 3.0))
    floor = s / (1 + s) / 8
    near = [
        float(joint_coverage_at_reflection(f * floor, 0.4, SMALL, error="at the reflection"))
        for f in (0.999, 1.0, 1.001)
    ]
    assert near[0] == near[1] == 0 < near[2]
    assert joint_coverage_at_reflection(0.01 * floor, 0.4, SMALL) > 0


def test_residual_of_drawn_networks():
    u, x, _ = drawn(100_000, 7, SMALL)
    for epsilon, probability in ((0.6, 0.3), (0.8, 0.02), (0.3, 0.6)):
        seen = residual_mean_detection_probability(u, x, 0.0, 8, 3.0) >= probability
        value = joint_coverage_residual_mean(epsilon, probability, SMALL)
        assert agrees(seen & (x / (u + x) <= epsilon), value)


def test_averaged_detection_has_the_needed_mean():
    value = joint_coverage(0.12, 0.4, SMALL, reflection_law="rayleigh")
    u, x, _ = drawn(100_000, 8, SMALL)
    seen = mean_detection_probability(8 * x / u, 3.0) >= 0.4
    assert agrees(seen & (nmse_lmmse(u, x, 0.0, 8) <= 0.12), value)
    assert np.array_equal(seen, 8 * x / u >= required_mean_snr(0.4, 3.0))


def test_what_is_refused():
    for function in (
        joint_coverage_at_reflection,
        lambda *a, **k: coverage_given_ratio(1.0, *a, **k),
    ):
        with pytest.raises(ValueError, match="error must be"):
            function(0.1, 0.5, SMALL, detector="printed", error="at the reflection")
        with pytest.raises(ValueError, match="error must be one of"):
            function(0.1, 0.5, SMALL, error="given")
    with pytest.raises(ValueError, match="probability"):
        fluctuation_loss(1.0, 3.0)
