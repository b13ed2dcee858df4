"""Detection formulas against quadrature, simulation and each other."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc

from isacnb.signals.detection import (
    amplitude_estimate,
    detection_probability,
    fading_log_likelihood_ratio,
    false_alarm_probability,
    matched_filter,
    mean_detection_probability,
    required_mean_snr,
    required_snr,
)


@pytest.mark.parametrize(("snr", "threshold"), [(0.3, 0.5), (5.0, 3.0), (65.0, 63.1), (2.0, 40.0)])
def test_detection_probability_is_the_tail_of_a_shifted_normal(snr, threshold):
    # |sqrt(S) + w|^2 > eps with w ~ CN(0, 1): given the real part x + sqrt(S) = s, the imaginary
    # part must exceed sqrt(eps - s^2)
    def density(s):
        rest = np.sqrt(max(threshold - s * s, 0.0))
        return np.exp(-((s - np.sqrt(snr)) ** 2)) / np.sqrt(np.pi) * erfc(rest)

    edge = np.sqrt(threshold)
    pieces = [(-edge, edge), (edge, edge + np.sqrt(snr) + 12), (-edge - 12, -edge)]
    exact = sum(quad(density, *piece, epsabs=0, epsrel=1e-12, limit=200)[0] for piece in pieces)
    assert detection_probability(snr, threshold) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("snr", "threshold"), [(0.5, 1.0), (10.0, 7.0), (300.0, 63.0)])
def test_mean_over_an_exponential_snr(snr, threshold):
    def density(t):
        return np.exp(-t) * detection_probability(snr * t, threshold)

    edge = threshold / snr
    mean = quad(density, 0, edge, epsrel=1e-10)[0] + quad(density, edge, 60, epsrel=1e-10)[0]
    assert mean_detection_probability(snr, threshold) == pytest.approx(mean, rel=1e-8)
    assert mean_detection_probability(0.0, threshold) == false_alarm_probability(threshold)


def test_required_snr_inverts():
    probability = np.array([0.02, 0.3, 0.55, 0.9275, 0.999999])
    for threshold in (0.5, 6.0, 63.1):
        snr = required_snr(probability, threshold)
        reached = detection_probability(snr, threshold)
        free = probability <= np.exp(-threshold)
        assert reached[~free] == pytest.approx(probability[~free], rel=1e-10)
        assert np.all(snr[free] == 0)
        mean_snr = required_mean_snr(probability, threshold)
        reached = mean_detection_probability(mean_snr, threshold)
        assert reached[~free] == pytest.approx(probability[~free], rel=1e-12)
        assert np.all(mean_snr[free] == 0)


@pytest.mark.parametrize("threshold", [0.5, 3.0, 6.0, 63.1])
def test_what_false_alarms_reach_requires_nothing(threshold):
    assert required_snr(np.exp(-threshold), threshold) == 0


def test_matched_filter_is_the_likelihood_ratio():
    rng = np.random.default_rng(3)
    root = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    covariance = root @ root.conj().T + np.eye(3)
    inverse = np.linalg.inv(covariance)
    signal = rng.standard_normal(3) + 1j * rng.standard_normal(3)
    z = rng.standard_normal((5, 3)) + 1j * rng.standard_normal((5, 3))
    statistic = matched_filter(z, signal, covariance)
    for row, value in zip(z, statistic, strict=True):
        amplitudes = np.linspace(-6, 6, 601)
        real, imaginary = np.meshgrid(amplitudes, amplitudes)
        gap = row - (real + 1j * imaginary)[..., None] * signal
        ratio = (
            np.einsum("i,ij,j", row.conj(), inverse, row).real
            - np.einsum("abi,ij,abj->ab", gap.conj(), inverse, gap).real
        )
        assert value == pytest.approx(ratio.max(), abs=5e-3)
        assert ratio.max() <= value + 1e-12
    assert matched_filter(z, signal, 2.0) == pytest.approx(
        matched_filter(z, signal, 2.0 * np.eye(3))
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: required_snr(1.0, 2.0), "probability must be", id="certain detection"),
        pytest.param(lambda: required_mean_snr(0.0, 2.0), "probability must be", id="no detection"),
        pytest.param(
            lambda: matched_filter(np.ones(2), np.ones(3), 1.0),
            "observation must have shape",
            id="shapes",
        ),
        pytest.param(
            lambda: matched_filter(np.ones(2), np.zeros(2), 1.0),
            "covariance must be positive",
            id="no signal",
        ),
        pytest.param(
            lambda: matched_filter(np.ones(2), np.ones(2), np.eye(3)),
            "covariance must be a number",
            id="covariance of another size",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def gaussian_log_density(z, covariance):
    """ln f(z) of CN(0, covariance)."""
    quadratic = np.vdot(z, np.linalg.inv(covariance) @ z).real
    return -quadratic - np.linalg.slogdet(np.pi * covariance)[1]


def random_model(seed):
    rng = np.random.default_rng(seed)
    root, signal, z = (
        rng.standard_normal((*shape, 2)) @ np.array([1, 1j]) for shape in ((4, 4), (4,), (4,))
    )
    return z, signal, root @ root.conj().T + np.eye(4)


def test_the_amplitude_of_greatest_likelihood():
    z, signal, covariance = random_model(11)
    best = amplitude_estimate(z, signal, covariance)
    statistic = matched_filter(z, signal, covariance)
    gains = [
        gaussian_log_density(z - (best + step) * signal, covariance)
        - gaussian_log_density(z, covariance)
        for step in (0, 1e-3, -1e-3, 1e-3j, -1e-3j)
    ]
    assert gains[0] == pytest.approx(statistic, rel=1e-12)
    assert max(gains[1:]) < gains[0]


def test_the_ratio_of_a_random_amplitude_is_that_of_two_gaussian_laws():
    z, signal, covariance = random_model(12)
    for power in (0.0, 0.3, 5.0):
        snr = power * matched_filter(signal, signal, covariance)
        raised = covariance + power * np.outer(signal, signal.conj())
        exact = gaussian_log_density(z, raised) - gaussian_log_density(z, covariance)
        ratio = fading_log_likelihood_ratio(matched_filter(z, signal, covariance), snr)
        assert ratio == pytest.approx(exact, rel=1e-11, abs=1e-12)


def test_ranges_of_the_ratio():
    with pytest.raises(ValueError, match="matched_filter_statistic"):
        fading_log_likelihood_ratio(-1.0, 1.0)
    with pytest.raises(ValueError, match="snr"):
        fading_log_likelihood_ratio(1.0, -1.0)
