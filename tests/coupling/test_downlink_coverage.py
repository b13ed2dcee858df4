"""Downlink coverage: the closed forms against the event in drawn networks, and their edges."""

import numpy as np
import pytest
from drawn import networks

from isacnb.coupling import downlink_coverage
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_coverage import (
    coverage_ratio,
    joint_downlink_coverage,
    joint_downlink_coverage_system,
    quality_demand,
)
from isacnb.coupling.downlink_ratios import (
    benefit_ceiling,
    enhancement_ratio,
    enhancement_ratio_system,
    interference_floor,
    interference_ratio,
)
from isacnb.coupling.printed import (
    joint_downlink_coverage_printed,
)
from isacnb.coupling.settings import CouplingParameters

PAPER = CouplingParameters.paper()
QUIET = PAPER.replace(noise_power=0.0)


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: joint_downlink_coverage_system(0.1, 0.1, QUIET.replace(N=1)),
            "N must be >= 2",
            id="one antenna",
        ),
        pytest.param(
            lambda: joint_downlink_coverage(np.full((20_000, 1), 0.1), np.full(20_000, 0.1), PAPER),
            "at most 8 are tried",
            id="a surface that cannot fit",
        ),
        pytest.param(
            lambda: downlink_coverage.benefit_rician_limit(0.1, 4, 1.0),
            "data_share must be",
            id="no sensing beam",
        ),
        pytest.param(
            lambda: printed_forms.interference_rician_limit_printed(0.1, 4, 0.0),
            "data_share must be",
            id="no user's beam",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
