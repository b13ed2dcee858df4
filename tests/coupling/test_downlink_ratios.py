"""Downlink ratios, their means and the joint downlink coverage."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law

from isacnb.coupling import downlink_coverage, downlink_ratios
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_coverage import (
    coverage_ratio,
    joint_downlink_coverage,
    joint_downlink_coverage_system,
    quality_demand,
)
from isacnb.coupling.downlink_ratios import (
    benefit_ceiling,
    benefit_ceiling_given_detection,
    benefit_ceiling_system,
    enhancement_ratio,
    enhancement_ratio_system,
    ergodic_enhancement_ratio,
    ergodic_interference_ratio,
    ergodic_settings,
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
    joint_downlink_coverage_printed,
    mean_quality_given_target_printed,
)
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import printed_gain
from isacnb.coupling.uplink_coverage import nmse_floor
from isacnb.probability.poisson import distance_pdf, ratio_cdf, sample_distances
from isacnb.signals.detection import required_snr

PAPER = CouplingParameters.paper()
QUIET = PAPER.replace(noise_power=0.0)


def networks(p, size, seed):
    rng = np.random.default_rng(seed)
    users = sample_distances(rng, size, p.K, p.user_density)[:, -1]
    targets = sample_distances(rng, size, p.K, p.target_density)[:, -1]
    return p.user_energy(users), p.echo_energy(targets)


def test_quality_is_the_gain_of_the_estimator_and_needs_the_pilot_length():
    gain = printed_gain(3.0 * 64 * 1e-9, 0.2 * 64 * 8 * 2e-10, 1e-7)
    assert estimation_quality(3.0, 1e-9, 0.2, 2e-10, 8, 1e-7, 64) == pytest.approx(
        gain, rel=1e-12, abs=0
    )
    printed = estimation_quality_printed(3.0, 1e-9, 0.2, 2e-10, 8, 1e-7)
    assert printed < 0.5 * gain


def test_ratios_by_hand():
    assert interference_ratio(0.25, 8, 2.0, 0.75) == pytest.approx(3 * 8 * 2.25)
    assert enhancement_ratio(0.25, 8, 2.0, 0.75) == pytest.approx(8 / 6 * 9)
    assert enhancement_ratio_system(0.25, 0.5, 8, 2.0, 0.75) == pytest.approx(8 / 6 * 9 / 2.5)


def test_mean_enhancement_by_quadrature():
    p = PAPER.replace(noise_power=1e-8, K=3, path_loss_exponent=2.2)
    s = ergodic_settings(p)

    def moment(order, density):
        scale = np.pi * density
        return quad(
            lambda g: (g / scale) ** (order / 2) * gamma_law.pdf(g, 3), 0, np.inf, epsrel=1e-11
        )[0]

    noise = 1e-8 / 64 / p.path_loss_reference
    inner = 0.1 * 64 * moment(-4.4, p.target_density) + noise
    expected = 32 * (2 + 2 * moment(2.2, p.user_density) * inner)
    assert ergodic_enhancement_ratio(3, **s) == pytest.approx(expected, rel=1e-6)
    assert ergodic_enhancement_ratio_printed(3, **s) > 1.1 * expected


def test_mean_enhancement_does_not_exist_for_small_ranks():
    with pytest.raises(ValueError, match=r"rank must be > exponent .* exist"):
        ergodic_enhancement_ratio(2, **ergodic_settings(PAPER))


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


def event(p, eps_c, eps_s, seed, system=False, size=40_000):
    u, x = networks(p, size, seed)
    total = u + x + p.noise_power
    N, kappa, rho = p.N, p.rician_factor, p.data_share
    psi = interference_ratio(u / total, N, kappa, rho)
    if system:
        omega = enhancement_ratio_system(u / total, x / total, N, kappa, rho)
    else:
        omega = enhancement_ratio(u / total, N, kappa, rho)
    return np.mean((1 / psi <= eps_c) & (1 / omega >= eps_s))


@pytest.mark.parametrize("noise", [0.0, 1e-8])
def test_coverage_against_the_event(noise):
    p = PAPER.replace(noise_power=noise)
    for seed, (eps_c, eps_s) in enumerate([(0.0085, 0.002), (0.02, 0.0145), (0.01, 0.01)]):
        value = joint_downlink_coverage(eps_c, eps_s, p)
        assert abs(event(p, eps_c, eps_s, seed) - value) < 4 * np.sqrt(0.25 / 40_000)


def test_noise_integral_tends_to_the_closed_form():
    eps_c, eps_s = np.geomspace(0.005, 0.05, 9)[:, None], np.geomspace(0.001, 0.03, 9)
    tiny = joint_downlink_coverage(eps_c, eps_s, PAPER.replace(noise_power=1e-30))
    np.testing.assert_allclose(tiny, joint_downlink_coverage(eps_c, eps_s, QUIET), atol=1e-9)


def test_system_coverage_against_the_event():
    for seed, (eps_c, eps_s) in enumerate([(0.01, 0.03), (0.012, 0.1), (np.inf, 0.16)]):
        value = joint_downlink_coverage_system(eps_c, eps_s, QUIET)
        drawn = event(QUIET, eps_c, eps_s, seed, system=True)
        assert abs(drawn - value) < 4 * np.sqrt(0.25 / 40_000)
    assert joint_downlink_coverage_system(np.inf, 0.18, QUIET) == 0
    two = QUIET.replace(N=2)
    assert joint_downlink_coverage_system(1.0, 0.2, two) == pytest.approx(
        joint_downlink_coverage(1.0, 0.2, two)
    )


def test_edges_of_the_coverage():
    floor, ceiling = interference_floor(64, 1.0, 0.5), benefit_ceiling(64, 1.0, 0.5)
    assert joint_downlink_coverage(floor, 0.0, QUIET) == 0
    assert joint_downlink_coverage(1.0, ceiling, QUIET) == 0
    assert joint_downlink_coverage(np.inf, 0.0, QUIET) == 1
    assert joint_downlink_coverage(0.5, 0.0, QUIET) == 1  # 1/Psi cannot exceed 1/(N kappa)
    assert joint_downlink_coverage(0.0, 0.0, QUIET) == 0
    assert joint_downlink_coverage(0.01, np.inf, QUIET) == 0
    silent = QUIET.replace(data_share=0.0)
    assert joint_downlink_coverage(0.01, 0.0, silent) == 0
    assert joint_downlink_coverage(np.inf, 0.0, silent) == 1
    only = QUIET.replace(data_share=1.0)
    assert joint_downlink_coverage(1e-9, 1e9, only) == 1
    rayleigh = QUIET.replace(rician_factor=0.0)
    border = benefit_ceiling(64, 0.0, 0.5)
    alone = joint_downlink_coverage(0.02, 0.0, rayleigh)
    assert 0.5 < joint_downlink_coverage(0.02, border, rayleigh) == alone
    assert joint_downlink_coverage(0.02, 1.001 * border, rayleigh) == 0


def test_printed_theorem_agrees_where_it_is_real():
    eps_c, eps_s = np.geomspace(1e-3, 1, 40)[:, None], np.geomspace(1e-3, 1, 40)
    with np.errstate(all="raise"):
        printed = joint_downlink_coverage_printed(eps_c, eps_s, QUIET)
    real = ~np.isnan(printed)
    right = joint_downlink_coverage(eps_c, eps_s, QUIET)
    np.testing.assert_allclose(printed[real], right[real], rtol=1e-9, atol=1e-15)
    assert np.mean(~real) > 0
    assert np.all(right[~real] == 0)


def test_demand_and_ratio():
    assert quality_demand(0.02, 0.01, 64, 1.0, 0.5) == pytest.approx(1 / (1 / 0.32 - 1))
    assert quality_demand(0.01, 0.01, 64, 1.0, 0.5) == pytest.approx(1 / 0.64 - 1)
    ratio = coverage_ratio(0.5, QUIET)
    assert ratio == pytest.approx((1 / 12.8) ** (1 / 2.8))
    assert coverage_ratio([0.0, 1.0, -3.0], QUIET).tolist() == [np.inf, 0.0, np.inf]


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
    assert benefit_ceiling_system(64, 0.0, 0.5) == pytest.approx(1.0)


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


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: interference_ratio(1.5, 4, 1.0, 0.5), "quality"),
        (lambda: interference_ratio(0.5, 4, 1.0, 1.0), "data_share"),
        (lambda: enhancement_ratio(0.0, 4, 1.0, 0.5), "quality"),
        (lambda: enhancement_ratio(0.5, 4, 1.0, 0.0), "data_share"),
        (lambda: ergodic_interference_ratio(0, PAPER), "rank"),
        (lambda: ergodic_interference_ratio(1, PAPER.replace(data_share=1.0)), "data_share"),
        (lambda: quality_demand(-1.0, 0.1, 4, 1.0, 0.5), "interference"),
        (lambda: joint_downlink_coverage(0.1, np.nan, QUIET), "benefit"),
        (lambda: joint_downlink_coverage_system(0.1, 0.1, QUIET.replace(N=1)), "N must"),
        (lambda: mean_quality_given_target(4, -1.0, 2.0), "user_density"),
    ],
)
def test_bad_arguments(call, name):
    with pytest.raises(ValueError, match=name):
        call()


# --- right forms of what is wrong in print ------------------------------------------------------


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


def test_limits_of_the_rician_factor():
    """Just below and above the limits, by the demands on the quality themselves."""
    N, rho, eps_c, eps_s = 64, 0.4, 0.02, 0.006
    low = downlink_coverage.interference_rician_limit(eps_c, N, rho)
    for kappa, free in ((1.001 * low, True), (0.999 * low, False)):
        # the interference demand at the least quality 0
        assert (1 / interference_ratio(0.0, N, kappa, rho) <= eps_c) == free
    high = downlink_coverage.benefit_rician_limit(eps_s, N, rho)
    for kappa, possible in ((0.999 * high, True), (1.001 * high, False)):
        # the benefit demand at the greatest quality 1
        assert (1 / enhancement_ratio(1.0, N, kappa, rho) >= eps_s) == possible
    assert printed_forms.interference_rician_limit_printed(eps_s, N, rho) == pytest.approx(
        low * eps_c / eps_s
    )
    assert printed_forms.benefit_rician_limit_printed(eps_s, rho) == pytest.approx(
        N * (high + 1) - 1
    )


def test_limits_of_the_ratio_are_where_the_demands_are_met():
    p = QUIET.replace(data_share=0.4, rician_factor=0.7)
    q = p.target_power * p.N * (1 + p.rician_factor) / p.user_power

    def quality(z):
        return 1 / (1 + q * z**p.path_loss_exponent)

    eps_c, eps_s = 0.018, 0.007
    a = downlink_coverage.interference_coverage_ratio(eps_c, p)
    psi = interference_ratio(quality(a), p.N, p.rician_factor, p.data_share)
    assert 1 / psi == pytest.approx(eps_c, rel=1e-12)
    b = downlink_coverage.benefit_coverage_ratio(eps_s, p)
    omega = enhancement_ratio(quality(b), p.N, p.rician_factor, p.data_share)
    assert 1 / omega == pytest.approx(eps_s, rel=1e-12)
    # out of reach: no real limit
    assert np.isnan(downlink_coverage.interference_coverage_ratio(1e-6, p))
    assert np.isnan(downlink_coverage.benefit_coverage_ratio(1.0, p))
    assert downlink_coverage.benefit_coverage_ratio(0.0, p) == np.inf


def test_mean_enhancement_at_a_given_target():
    p = PAPER.replace(noise_power=1e-8)
    settings = ergodic_settings(p)
    density = settings.pop("target_density")
    gain = p.target_path_loss(20.0)
    case = settings | {"rank": 3, "target_path_loss": gain}

    def omega(r):
        pair = (p.user_power, p.scattered_gain(r), p.target_power, gain, p.N)
        c = estimation_quality(*pair, p.noise_power, p.pilot_length)
        return float(enhancement_ratio(c, p.N, p.rician_factor, p.data_share))

    mean = quad(lambda r: omega(r) * distance_pdf(r, 3, p.user_density), 1e-9, 1500, limit=300)[0]
    assert downlink_ratios.mean_enhancement_given_target(**case) == pytest.approx(mean, rel=1e-7)
    # the integral as printed, without 1 + kappa and with N_0
    kappa, scale = p.rician_factor, 0.5 * p.N / (2 * 0.5)
    lost = quad(
        lambda r: distance_pdf(r, 3, p.user_density) / float(p.user_path_loss(r)), 1e-9, 1500
    )[0]
    expected = kappa * (p.target_power * p.N * gain + p.noise_power) / p.user_power * lost
    printed = printed_forms.mean_enhancement_given_target_printed(**case)
    assert printed == pytest.approx(scale * (1 + kappa + expected), rel=1e-7)
    # averaged over the target it is (26)
    targets = np.random.default_rng(61).gamma(9, size=100_000)
    distances = np.sqrt(targets / (np.pi * density))
    case = settings | {"rank": 9, "target_path_loss": p.target_path_loss(distances)}
    values = downlink_ratios.mean_enhancement_given_target(**case)
    whole = ergodic_enhancement_ratio(9, **settings, target_density=density)
    assert abs(values.mean() - whole) < 4 * values.std() / np.sqrt(values.size)


def test_mean_interference_at_a_given_target():
    p = PAPER.replace(noise_power=1e-8, path_loss_exponent=2.0, rician_factor=0.4)
    case = ergodic_settings(p) | {"rank": 3, "target_path_loss": p.target_path_loss(30.0)}
    density = case.pop("target_density")
    del case["exponent"]
    pair = (p.target_power, case["target_path_loss"], p.N, p.noise_power, p.pilot_length)

    def psi(r):
        c = estimation_quality(p.user_power, p.scattered_gain(r), *pair)
        return float(interference_ratio(c, p.N, p.rician_factor, p.data_share))

    mean = quad(lambda r: psi(r) * distance_pdf(r, 3, p.user_density), 1e-9, 1500, limit=300)[0]
    assert downlink_ratios.mean_interference_given_target(**case) == pytest.approx(mean, rel=1e-7)
    # as printed: the exponential integral by quadrature
    below = 1.4 * (p.target_power * p.N * case["target_path_loss"] + p.noise_power)
    s = np.pi * p.user_density * p.user_power * p.path_loss_reference / below
    expn = quad(lambda t: np.exp(-s * t) / t**3, 1, np.inf, epsrel=1e-12)[0]
    expected = 0.5 * 64 / 0.5 * (0.4 + s**3 * expn * np.exp(s))
    printed = printed_forms.mean_interference_given_target_printed(**case)
    assert printed == pytest.approx(expected, rel=1e-9)
    # averaged over the target it is the mean over both networks
    areas = np.random.default_rng(62).gamma(3, size=100_000)
    gains = p.target_path_loss(np.sqrt(areas / (np.pi * density)))
    values = downlink_ratios.mean_interference_given_target(**case | {"target_path_loss": gains})
    whole = ergodic_interference_ratio(3, p)
    assert abs(values.mean() - whole) < 4 * values.std() / np.sqrt(values.size)
    # neither echo nor noise: a perfect estimate
    silent = case | {"target_path_loss": 0.0, "noise_power": 0.0}
    assert downlink_ratios.mean_interference_given_target(**silent) == pytest.approx(64 * 1.4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: downlink_ratios.mean_interference_given_target(
            -1.0, 1, 4, 1, 0.5, 1, 1, 1, 1, 0, 1
        ),
        lambda: printed_forms.mean_interference_given_target_printed(
            1.0, 1, 4, 1, 1.0, 1, 1, 1, 1, 0
        ),
        lambda: downlink_ratios.interference_floor_given_detection_lmmse(-1.0, 4, 1.0, 0.5),
        lambda: downlink_coverage.interference_rician_limit(0.0, 4, 0.5),
        lambda: printed_forms.interference_rician_limit_printed(0.1, 4, 0.0),
        lambda: downlink_coverage.benefit_rician_limit(0.1, 4, 1.0),
        lambda: printed_forms.benefit_rician_limit_printed(-0.1, 0.5),
        lambda: downlink_coverage.interference_coverage_ratio(-0.1, PAPER),
        lambda: downlink_coverage.benefit_coverage_ratio(np.nan, PAPER),
    ],
)
def test_bad_input_of_the_right_forms(call):
    with pytest.raises(ValueError, match="must be"):
        call()


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
    with pytest.raises(ValueError, match="data_share must be"):
        printed_forms.interference_bound_printed(16, 0.7, 0.0)
    with pytest.raises(ValueError, match="data_share must be"):
        printed_forms.benefit_bound_printed(16, 0.7, 1.0)
