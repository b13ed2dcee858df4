"""Downlink ratios and their means, against quadrature and drawn networks."""

import numpy as np
import pytest
from drawn import networks
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law

from isacnb.coupling import downlink_ratios
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_ratios import (
    benefit_ceiling,
    benefit_ceiling_given_detection,
    benefit_ceiling_system,
    enhancement_ratio,
    enhancement_ratio_system,
    ergodic_enhancement_ratio,
    ergodic_enhancement_ratio_system,
    ergodic_interference_ratio,
    estimation_quality,
    interference_floor,
    interference_floor_given_detection,
    interference_ratio,
    mean_quality_given_target,
)
from isacnb.coupling.printed import (
    benefit_ceiling_given_detection_printed,
    ergodic_enhancement_ratio_printed,
    estimation_quality_printed,
    interference_floor_given_detection_printed,
    mean_quality_given_target_printed,
)
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import paper_gain
from isacnb.coupling.uplink_coverage import nmse_floor
from isacnb.probability.poisson import distance_pdf, ratio_cdf
from isacnb.signals.detection import required_snr

PAPER = CouplingParameters.paper()
QUIET = PAPER.replace(noise_power=0.0)


def test_quality_is_the_gain_of_the_estimator_and_needs_the_pilot_length():
    p = CouplingParameters.paper(N=8, user_power=3.0, target_power=0.2, noise_power=1e-7)
    gain = paper_gain(3.0 * 64 * 1e-9, 0.2 * 64 * 8 * 2e-10, 1e-7)
    assert estimation_quality(1e-9, 2e-10, p) == pytest.approx(gain, rel=1e-12, abs=0)
    printed = estimation_quality_printed(1e-9, 2e-10, p)
    assert printed == pytest.approx(3e-9 / (3e-9 + 3.2e-10 + 1e-7), rel=1e-12, abs=0)
    assert printed < 0.5 * gain


def test_ratios_by_hand():
    assert interference_ratio(0.25, 8, 2.0, 0.75) == pytest.approx(3 * 8 * 2.25)
    assert enhancement_ratio(0.25, 8, 2.0, 0.75) == pytest.approx(8 / 6 * 9)
    assert enhancement_ratio_system(0.25, 0.5, 8, 2.0, 0.75) == pytest.approx(8 / 6 * 9 / 2.5)


def test_mean_enhancement_by_quadrature():
    p = PAPER.replace(noise_power=1e-8, K=3, path_loss_exponent=2.2)

    def moment(order, density):
        scale = np.pi * density
        return quad(
            lambda g: (g / scale) ** (order / 2) * gamma_law.pdf(g, 3), 0, np.inf, epsrel=1e-11
        )[0]

    noise = 1e-8 / 64 / p.path_loss_reference
    inner = 0.1 * 64 * moment(-4.4, p.target_density) + noise
    expected = 32 * (2 + 2 * moment(2.2, p.user_density) * inner)
    assert ergodic_enhancement_ratio(3, p) == pytest.approx(expected, rel=1e-6)
    assert ergodic_enhancement_ratio_printed(3, p) > 1.1 * expected


def test_mean_enhancement_does_not_exist_for_small_ranks():
    with pytest.raises(ValueError, match=r"rank must be > path_loss_exponent .* exist"):
        ergodic_enhancement_ratio(2, PAPER)


@pytest.mark.parametrize(
    ("rank", "alpha", "noise"), [(4, 2.8, 0.0), (3, 2.9, 1e-8), (9, 2.0, 1e-7)]
)
def test_the_echo_changes_no_mean_with_two_antennas(rank, alpha, noise):
    p = PAPER.replace(N=2, path_loss_exponent=alpha, noise_power=noise)
    white = ergodic_enhancement_ratio(rank, p)
    assert ergodic_enhancement_ratio_system(rank, p) == pytest.approx(white, rel=1e-10)


def test_mean_enhancement_of_the_system_in_drawn_networks():
    p = PAPER.replace(noise_power=1e-8, K=9)
    u, x = networks(p, 50_000, 5)
    total = u + x + p.noise_power
    values = enhancement_ratio_system(u / total, x / total, 64, 1.0, 0.5)
    error = values.std() / np.sqrt(values.size)
    assert abs(ergodic_enhancement_ratio_system(9, p) - values.mean()) < 4 * error
    assert ergodic_enhancement_ratio_system(9, p) < 0.9 * ergodic_enhancement_ratio(9, p)
    with pytest.raises(ValueError, match=r"rank must be > path_loss_exponent"):
        ergodic_enhancement_ratio_system(2, PAPER)


@pytest.mark.parametrize(("rank", "s"), [(1, 0.2), (2, 3.0), (4, 40.0)])
def test_mean_quality_at_given_target(rank, s):
    expected = quad(lambda g: s / (s + g) * gamma_law.pdf(g, rank), 0, np.inf, epsrel=1e-11)[0]
    here = mean_quality_given_target(rank, 1e-4, s / (np.pi * 1e-4))
    assert here == pytest.approx(expected, rel=1e-9)
    printed = mean_quality_given_target_printed(rank, 1e-4, s / (np.pi * 1e-4))
    assert printed == pytest.approx(expected * s ** (rank - 1), rel=1e-9)


@pytest.mark.parametrize("alpha", [2.0, 2.8, 4.0])
def test_mean_interference_ratio_from_the_ratio_law(alpha):
    p = QUIET.replace(path_loss_exponent=alpha, rician_factor=0.4)
    q = p.target_power * p.N * 1.4

    def survival(t):
        ratio = ((1 - t) / (q * t)) ** (1 / alpha)
        return float(ratio_cdf(ratio, 4, p.user_density, p.target_density))

    expected = 64 * (0.4 + quad(survival, 0, 1, epsabs=1e-11, limit=200)[0])
    assert ergodic_interference_ratio(4, p) == pytest.approx(expected, rel=1e-8)


def test_mean_interference_ratio_with_noise_in_drawn_networks():
    p = PAPER.replace(noise_power=1e-8)
    u, x = networks(p, 50_000, 1)
    psi = interference_ratio(u / (u + x + 1e-8), 64, 1.0, 0.5)
    error = psi.std() / np.sqrt(psi.size)
    assert abs(ergodic_interference_ratio(4, p) - psi.mean()) < 4 * error


def test_limits():
    c = np.linspace(1e-6, 1, 2001)
    for N, kappa in ((64, 1.0), (16, 0.05), (2, 3.0), (1, 1.0)):
        values = 1 / enhancement_ratio_system(c, 1 - c, N, kappa, 0.3)
        assert values.max() == pytest.approx(benefit_ceiling_system(N, kappa, 0.3), rel=1e-5)
        assert np.all(1 / enhancement_ratio(c, N, kappa, 0.3) <= benefit_ceiling(N, kappa, 0.3))
        assert np.all(
            1 / interference_ratio(c, N, kappa, 0.3)
            >= interference_floor(N, kappa, 0.3) * (1 - 1e-12)
        )
        # the quality that a demand on the detection leaves
        bar = 3.0 * N
        there = c <= 2 * N / (2 * N + bar)
        most = values[there].max()
        assert most == pytest.approx(benefit_ceiling_system(N, kappa, 0.3, bar), rel=2e-3)
    assert benefit_ceiling_system(64, 0.0, 0.5) == pytest.approx(1.0)
    assert benefit_ceiling_system(1, 0.0, 0.5, 2.0) == pytest.approx(2 * 0.75)


def test_limits_given_detection():
    bar, N, kappa, rho = 176.0, 64, 1.5, 0.3
    c = 1 / (1 + bar / (2 * N))
    assert interference_floor_given_detection(bar, N, kappa, rho) == pytest.approx(
        1 / interference_ratio(c, N, kappa, rho)
    )
    assert benefit_ceiling_given_detection(bar, N, kappa, rho) == pytest.approx(
        1 / enhancement_ratio(c, N, kappa, rho)
    )
    c = 2 * N / bar
    assert interference_floor_given_detection_printed(bar, N, kappa, rho) == pytest.approx(
        1 / interference_ratio(c, N, kappa, rho)
    )
    assert benefit_ceiling_given_detection_printed(bar, N, kappa, rho) == pytest.approx(
        1 / enhancement_ratio(c, N, kappa, rho)
    )


def test_interference_floor_of_the_best_estimate():
    threshold = PAPER.detection_threshold
    for probability, kappa, rho in ((0.3, 1.0, 0.5), (0.981, 0.0, 0.2), (0.9999, 4.0, 0.9)):
        bar = 2 * required_snr(probability, threshold)
        best = 1 - nmse_floor(probability, threshold, 16)
        expected = 1 / interference_ratio(best, 16, kappa, rho)
        floor = downlink_ratios.interference_floor_given_detection_lmmse(bar, 16, kappa, rho)
        assert floor == pytest.approx(expected, rel=1e-12)
        # the paper's estimator is farther off, and as printed it is not a limit
        assert floor < interference_floor_given_detection(bar, 16, kappa, rho)
    below = downlink_ratios.interference_floor_given_detection_lmmse(160.0, 64, 1.0, 0.5)
    assert below < interference_floor_given_detection_printed(160.0, 64, 1.0, 0.5)


def test_mean_enhancement_at_a_given_target():
    p = PAPER.replace(noise_power=1e-8)
    gain = p.target_path_loss(20.0)

    def omega(r):
        c = estimation_quality(p.scattered_gain(r), gain, p)
        return float(enhancement_ratio(c, p.N, p.rician_factor, p.data_share))

    mean = quad(lambda r: omega(r) * distance_pdf(r, 3, p.user_density), 1e-9, 1500, limit=300)[0]
    assert downlink_ratios.mean_enhancement_given_target(gain, 3, p) == pytest.approx(
        mean, rel=1e-7
    )
    # the integral as printed, without 1 + kappa and with N_0
    kappa, scale = p.rician_factor, 0.5 * p.N / (2 * 0.5)
    lost = quad(
        lambda r: distance_pdf(r, 3, p.user_density) / float(p.user_path_loss(r)), 1e-9, 1500
    )[0]
    expected = kappa * (p.target_power * p.N * gain + p.noise_power) / p.user_power * lost
    printed = printed_forms.mean_enhancement_given_target_printed(gain, 3, p)
    assert printed == pytest.approx(scale * (1 + kappa + expected), rel=1e-7)
    # averaged over the target it is (26)
    targets = np.random.default_rng(61).gamma(9, size=100_000)
    gains = p.target_path_loss(np.sqrt(targets / (np.pi * p.target_density)))
    values = downlink_ratios.mean_enhancement_given_target(gains, 9, p)
    whole = ergodic_enhancement_ratio(9, p)
    assert abs(values.mean() - whole) < 4 * values.std() / np.sqrt(values.size)


def test_mean_interference_at_a_given_target():
    p = PAPER.replace(noise_power=1e-8, path_loss_exponent=2.0, rician_factor=0.4)
    gain = p.target_path_loss(30.0)

    def psi(r):
        c = estimation_quality(p.scattered_gain(r), gain, p)
        return float(interference_ratio(c, p.N, p.rician_factor, p.data_share))

    mean = quad(lambda r: psi(r) * distance_pdf(r, 3, p.user_density), 1e-9, 1500, limit=300)[0]
    assert downlink_ratios.mean_interference_given_target(gain, 3, p) == pytest.approx(
        mean, rel=1e-7
    )
    # as printed: the exponential integral by quadrature
    below = 1.4 * (p.target_power * p.N * gain + p.noise_power)
    s = np.pi * p.user_density * p.user_power * p.path_loss_reference / below
    expn = quad(lambda t: np.exp(-s * t) / t**3, 1, np.inf, epsrel=1e-12)[0]
    expected = 0.5 * 64 / 0.5 * (0.4 + s**3 * expn * np.exp(s))
    printed = printed_forms.mean_interference_given_target_printed(gain, 3, p)
    assert printed == pytest.approx(expected, rel=1e-9)
    # averaged over the target it is the mean over both networks
    areas = np.random.default_rng(62).gamma(3, size=100_000)
    gains = p.target_path_loss(np.sqrt(areas / (np.pi * p.target_density)))
    values = downlink_ratios.mean_interference_given_target(gains, 3, p)
    whole = ergodic_interference_ratio(3, p)
    assert abs(values.mean() - whole) < 4 * values.std() / np.sqrt(values.size)
    # neither echo nor noise: a perfect estimate
    silent = p.replace(noise_power=0.0)
    assert downlink_ratios.mean_interference_given_target(0.0, 3, silent) == pytest.approx(64 * 1.4)


def test_the_conclusion_exchanges_above_and_below():
    """Printed as bounds above and below, the values are extremes on the other side."""
    quality = np.linspace(0.01, 1, 200)
    interference = 1 / interference_ratio(quality, 16, 0.7, 0.3)
    benefit = 1 / enhancement_ratio(quality, 16, 0.7, 0.3)
    bound = printed_forms.interference_bound_printed(16, 0.7, 0.3)
    assert bound == pytest.approx(interference.min())
    assert np.all(interference[:-1] > bound)
    bound = printed_forms.benefit_bound_printed(16, 0.7, 0.3)
    assert bound == pytest.approx(benefit.max())
    assert np.all(benefit[:-1] < bound)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: interference_ratio(0.5, 4, 1.0, 1.0), "data_share must be", id="no sensing beam"
        ),
        pytest.param(
            lambda: enhancement_ratio(0.0, 4, 1.0, 0.5), "quality must be", id="no estimate"
        ),
        pytest.param(
            lambda: enhancement_ratio(0.5, 4, 1.0, 0.0), "data_share must be", id="no user's beam"
        ),
        pytest.param(
            lambda: ergodic_interference_ratio(1, PAPER.replace(data_share=1.0)),
            "data_share must be",
            id="mean without a sensing beam",
        ),
        pytest.param(
            lambda: downlink_ratios.mean_enhancement_given_target(
                1e-9, 4, PAPER.replace(data_share=0.0)
            ),
            "data_share must be",
            id="mean without a user's beam",
        ),
        pytest.param(
            lambda: downlink_ratios.mean_interference_given_target(1e-9, 4, PAPER),
            "path_loss_exponent must be 2, got 2.8",
            id="another exponent than 2",
        ),
        pytest.param(
            lambda: printed_forms.interference_bound_printed(16, 0.7, 0.0),
            "data_share must be",
            id="printed bound without a user's beam",
        ),
        pytest.param(
            lambda: printed_forms.benefit_bound_printed(16, 0.7, 1.0),
            "data_share must be",
            id="printed bound without a sensing beam",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
