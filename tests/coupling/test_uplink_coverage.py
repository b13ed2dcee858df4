"""Joint uplink coverage: events against their definition, integrals against drawn networks."""

import itertools

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import dblquad

from isacnb.coupling import printed as printed_forms
from isacnb.coupling import uplink_coverage
from isacnb.coupling.printed import (
    communication_coverage_printed,
    joint_coverage_printed,
    nmse_floor_printed,
    sensing_coverage_printed,
    sensing_limit_printed,
    target_snr_printed,
)
from isacnb.coupling.settings import CouplingParameters, Energies
from isacnb.coupling.uplink import (
    mean_ratio_nmse,
    nmse_lmmse,
    nmse_paper,
    paper_gain,
    residual_detection_probability,
    target_snr,
)
from isacnb.coupling.uplink_coverage import (
    communication_coverage,
    communication_limit,
    joint_coverage,
    joint_coverage_orthogonal,
    joint_coverage_residual,
    nmse_floor,
    ratio_argument,
    sensing_coverage,
    sensing_limit,
)
from isacnb.probability.poisson import distance_pdf, sample_distances
from isacnb.signals.detection import (
    detection_probability,
    mean_detection_probability,
    required_snr,
)

# a threshold at which neither side is rare
QUIET = CouplingParameters.paper(noise=None, N=16, detection_threshold=6.0, target_power=1.0)
READINGS = [
    CouplingParameters.paper(noise=noise, N=16, detection_threshold=6.0, target_power=1.0)
    for noise in ("-80 dBm", "-80 dB")
]
LEVELS = [(0.03, 0.05), (0.1, 0.3), (0.3, 0.7), (0.6, 0.95)]


def drawn_energies(p, n, seed):
    rng = np.random.default_rng(seed)
    user = sample_distances(rng, n, p.K, p.user_density)[:, -1]
    target = sample_distances(rng, n, p.K, p.target_density)[:, -1]
    return p.user_energy(user), p.echo_energy(target), p.noise_power


def agrees(hits, value, errors=4.5):
    n = len(hits)
    return abs(hits.mean() - value) < errors * np.sqrt(max(value * (1 - value), 1 / n) / n)


# --- events -------------------------------------------------------------------------------------


def test_limits_as_symbols():
    mu, beta, eps, N, P_u, P_t, s = sp.symbols("mu beta epsilon N P_U P_T s", positive=True)
    u, x = P_u * mu, P_t * N * beta
    limit = communication_limit(eps, N, P_u, P_t)
    at_limit = nmse_paper(u, x, sp.Integer(0)).subs(mu, limit * beta)
    assert sp.simplify(at_limit - eps) == 0
    limit = sensing_limit_printed(2 * s, N, P_u, P_t)
    at_limit = target_snr_printed(u, x, sp.Integer(0), N).subs(mu, limit * beta)
    assert sp.simplify(at_limit - s) == 0
    limit = sensing_limit(2 * s, N, P_u, P_t)
    assert sp.simplify(target_snr(u, x, sp.Integer(0), N).subs(mu, limit * beta) - s) == 0
    # the least NMSE that goes with s, for either estimator
    gamma = sp.symbols("gamma", positive=True)
    assert (
        sp.simplify(
            nmse_lmmse(u, x, sp.Integer(0), N)
            .subs(beta, gamma * P_u * mu / (P_t * N))
            .subs(gamma, s / N)
            - s / (1 + s) / N
        )
        == 0
    )


def test_ratio_argument_is_the_ratio_at_the_limit():
    p = QUIET
    d_user, d_target = 70.0, 12.0
    limit = p.scattered_gain(d_user) / p.target_path_loss(d_target)
    z = ratio_argument(limit, p.rician_factor, p.path_loss_exponent)
    assert z == pytest.approx(d_user / d_target**2, rel=1e-12)
    assert ratio_argument(np.inf, 1.0, 2.8) == 0
    assert ratio_argument(0.0, 1.0, 2.8) == np.inf


@pytest.mark.parametrize(("epsilon", "probability"), LEVELS)
def test_printed_coverage_is_the_event_of_the_printed_formulas(epsilon, probability):
    u, x, n0 = drawn_energies(QUIET, 40_000, 21)
    near = nmse_paper(u, x, n0) <= epsilon
    seen = detection_probability(target_snr_printed(u, x, n0, 16), 6.0) >= probability
    assert agrees(near, communication_coverage_printed(epsilon, QUIET))
    assert agrees(seen, sensing_coverage_printed(probability, QUIET))
    assert agrees(near & seen, joint_coverage_printed(epsilon, probability, QUIET))


def test_branches_of_the_printed_coverage():
    p = CouplingParameters.paper(noise=None)
    free = detection_probability(p.N, p.detection_threshold)  # noncentrality 2N
    assert sensing_coverage_printed(free - 1e-9, p) == 1
    assert sensing_coverage_printed(free + 1e-6, p) < 1
    for probability in (0.6, 0.9275, 0.99):
        floor = nmse_floor_printed(probability, p.detection_threshold, p.N)
        assert joint_coverage_printed(floor * (1 - 1e-9), probability, p) == 0
        assert 0 < joint_coverage_printed(floor * (1 + 1e-3), probability, p) < 1e-3
        joint = joint_coverage_printed(0.5, probability, p)
        both = communication_coverage_printed(0.5, p) + sensing_coverage_printed(probability, p)
        assert joint == pytest.approx(both - 1, abs=1e-12)
    assert nmse_floor_printed(0.3, p.detection_threshold, 64) == 0


def test_small_coverages_keep_their_digits():
    p = CouplingParameters.paper(noise=None)
    rare = communication_coverage_printed(1e-8, p)
    assert rare < 1e-10
    assert joint_coverage_printed(1e-8, 0.3, p) == pytest.approx(rare, rel=1e-12, abs=0)


def test_numbers_of_figure_5():
    # the text's 58.4 and 98.1 percent belong to noncentralities 130 and 176
    reached = detection_probability(np.array([130, 176, 160]) / 2, 10**1.8)
    assert reached.round(4).tolist() == [0.5841, 0.981, 0.9275]
    floor = 10 * np.log10(nmse_floor_printed(reached[:2], 10**1.8, 64))
    assert floor.round(2).tolist() == [-18.13, -5.64]


# --- with noise ---------------------------------------------------------------------------------


@pytest.mark.parametrize("p", READINGS, ids=["1e-11", "1e-8"])
@pytest.mark.parametrize(("epsilon", "probability"), LEVELS)
def test_coverage_against_drawn_networks(p, epsilon, probability):
    u, x, n0 = drawn_energies(p, 40_000, 22)
    N, eps = p.N, p.detection_threshold
    estimators = {"lmmse": nmse_lmmse(u, x, n0, N), "paper": nmse_paper(u, x, n0)}
    detectors = {"matched": target_snr(u, x, n0, N), "printed": target_snr_printed(u, x, n0, N)}
    reflections = {"unit": detection_probability, "rayleigh": mean_detection_probability}
    normalisations = {"scattered": 1.0, "channel": 2.0}
    for (estimator, error), (detector, snr), (reflection, law), (
        scale,
        divisor,
    ) in itertools.product(
        estimators.items(), detectors.items(), reflections.items(), normalisations.items()
    ):
        hits = (error / divisor <= epsilon) & (law(snr, eps) >= probability)
        value = joint_coverage(
            epsilon,
            probability,
            p,
            estimator=estimator,
            detector=detector,
            normalisation=scale,
            reflection_law=reflection,
        )
        assert agrees(hits, value), (estimator, detector, reflection, scale)
    c = paper_gain(u, x, n0)
    ratio = mean_ratio_nmse(c, c, Energies(u, x, n0), N, p.rician_factor)
    value = communication_coverage(epsilon, p, estimator="paper", normalisation="mean ratio")
    assert agrees(ratio <= epsilon, value)
    value = sensing_coverage(probability, p)
    assert agrees(detection_probability(detectors["matched"], eps) >= probability, value)


def test_coverage_against_plain_double_integration():
    p, epsilon, probability = READINGS[1], 0.1, 0.3
    snr = required_snr(probability, 6.0)

    def density(user, target):
        return distance_pdf(user, 4, p.user_density) * distance_pdf(target, 4, p.target_density)

    def reach(target, gain):
        # distance at which the scattered energy of the user has the given value
        return (p.user_energy(1.0) / gain) ** (1 / 2.8)

    def nearest(target):
        most = 16 * p.echo_energy(target) / snr - p.noise_power
        return reach(target, max(most, 1e-300))

    def farthest(target):
        least = (1 - epsilon) / epsilon * (p.echo_energy(target) + p.noise_power)
        return max(reach(target, least), nearest(target))

    # beyond 14 m the interval is empty: nearest > farthest
    exact = dblquad(density, 1e-3, 60.0, nearest, farthest, epsabs=1e-11)[0]
    value = joint_coverage(epsilon, probability, p, estimator="paper")
    assert value == pytest.approx(exact, abs=2e-9)


@pytest.mark.parametrize("estimator", ["lmmse", "paper"])
@pytest.mark.parametrize("detector", ["matched", "printed"])
def test_little_noise_is_no_noise(estimator, detector):
    options = {"estimator": estimator, "detector": detector}
    # at epsilon = 1/N the limit is approached like the root of the noise, not like the noise
    epsilon = np.array([0.02, 0.05, 0.07, 0.2, 0.6])[:, None]
    probability = np.array([0.001, 0.1, 0.5, 0.95])
    for users in (1, 4):
        p = QUIET.replace(K=users)
        still = joint_coverage(epsilon, probability, p, **options)
        almost = joint_coverage(epsilon, probability, p.replace(noise_power=1e-22), **options)
        assert almost == pytest.approx(still, abs=1e-9)
    if options == {"estimator": "paper", "detector": "printed"}:
        assert still == pytest.approx(joint_coverage_printed(epsilon, probability, p), abs=1e-15)


def test_quadrature_has_converged(monkeypatch):
    epsilon, probability = np.linspace(0.01, 0.9, 7)[:, None], np.linspace(0.01, 0.99, 7)
    for p, detector in itertools.product(READINGS, ("matched", "printed")):
        value = joint_coverage(epsilon, probability, p, detector=detector)
        with monkeypatch.context() as patch:
            nodes, weights = np.polynomial.legendre.leggauss(700)
            patch.setattr(uplink_coverage, "_NODES", nodes)
            patch.setattr(uplink_coverage, "_WEIGHTS", weights)
            finer = joint_coverage(epsilon, probability, p, detector=detector)
        assert value == pytest.approx(finer, abs=1e-10 if detector == "matched" else 1e-7)


def test_marginals_are_limits_of_the_joint_coverage():
    for p in (QUIET, *READINGS):
        joint = joint_coverage(1 - 1e-12, 0.4, p)
        assert joint == pytest.approx(sensing_coverage(0.4, p), abs=1e-9)
        joint = joint_coverage(0.2, 1e-12, p)
        assert joint == pytest.approx(communication_coverage(0.2, p), abs=1e-9)


def test_scaling_of_powers_and_densities():
    p = QUIET
    q = p.replace(user_power=7.0, target_power=7.0, user_density=4e-4, target_density=2e-3)
    assert joint_coverage(0.2, 0.4, q) == pytest.approx(joint_coverage(0.2, 0.4, p), rel=1e-10)
    # noise breaks it
    p, q = (a.replace(noise_power=1e-8) for a in (p, q))
    assert joint_coverage(0.2, 0.4, q) > 1.5 * joint_coverage(0.2, 0.4, p)


# --- the system's bounds ------------------------------------------------------------------------


def test_residual_coverage_against_drawn_networks():
    p = QUIET.replace(target_power=3.0)
    u, x, n0 = drawn_energies(p, 40_000, 23)
    for epsilon, probability in ((0.5, 0.05), (0.8, 0.3), (0.9, 0.9)):
        found = residual_detection_probability(u, x, n0, 16, 6.0) >= probability
        hits = found & (nmse_paper(u, x, n0) <= epsilon)
        assert agrees(hits, joint_coverage_residual(epsilon, probability, p))
    assert joint_coverage_residual(0.9, 0.3, p) > 0.01


def test_orthogonal_pilots_against_drawn_networks():
    p = READINGS[1]
    u, x, n0 = drawn_energies(p, 40_000, 24)
    for reflection, law in (
        ("unit", detection_probability),
        ("rayleigh", mean_detection_probability),
    ):
        hits = (n0 / (u + n0) <= 0.2) & (law(16 * x / n0, 6.0) >= 0.5)
        assert agrees(hits, joint_coverage_orthogonal(0.2, 0.5, p, reflection_law=reflection))
    assert joint_coverage_orthogonal(0.2, 0.5, QUIET) == 1


@pytest.mark.parametrize("estimator", ["lmmse", "paper"])
@pytest.mark.parametrize("reflection", ["unit", "rayleigh"])
def test_floor_is_the_border_of_the_coverage(estimator, reflection):
    options = {"estimator": estimator, "reflection_law": reflection}
    for p in (QUIET, READINGS[0]):
        floor = nmse_floor(0.5, 6.0, 16, **options)
        assert joint_coverage(floor * (1 - 1e-9), 0.5, p, **options) == 0
        assert joint_coverage(floor * 1.1, 0.5, p, **options) > 1e-4


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: joint_coverage(0.5, 0.5, QUIET, estimator="printed"),
            "estimator must be one of 'lmmse', 'paper'",
            id="estimator",
        ),
        pytest.param(
            lambda: nmse_floor(0.5, 6.0, 4, estimator="ls"), "estimator must be", id="floor"
        ),
        pytest.param(
            lambda: joint_coverage(0.5, 0.5, QUIET, normalisation="mean ratio"),
            "unless estimator",
            id="mean ratio of the best estimator",
        ),
        pytest.param(
            lambda: communication_coverage(
                0.5, QUIET.replace(N=1), estimator="paper", normalisation="mean ratio"
            ),
            "unless estimator",
            id="mean ratio with one antenna",
        ),
        pytest.param(
            lambda: joint_coverage(np.full((9000, 1), 0.5), np.full(9000, 0.5), READINGS[0]),
            "at most 8 are tried",
            id="a surface that cannot fit",
        ),
        pytest.param(
            lambda: joint_coverage_orthogonal(0.2, 0.5, QUIET.replace(pilot_length=7)),
            "pilot_length must be >= K",
            id="too few pilots",
        ),
        pytest.param(
            lambda: joint_coverage_printed(0.5, np.nan, QUIET), "probability must be", id="nan"
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the two ends of (12) -----------------------------------------------------------------------


def test_lower_end_is_where_the_best_estimator_meets_its_threshold():
    for epsilon, N in ((0.004, 64), (0.1, 8), (0.9, 1)):
        limit = uplink_coverage.communication_limit_lmmse(epsilon, N, 2.0, 0.3)
        # mu = limit beta_t, without noise
        reached = nmse_lmmse(2.0 * limit, 0.3 * N, 0.0, N)
        assert reached == pytest.approx(epsilon, rel=1e-12)
    assert uplink_coverage.communication_limit_lmmse(1 / 64, 64, 1.0, 1.0) == 0
    assert uplink_coverage.communication_limit_lmmse([0.01, 0.5], 64, 1.0, 0.1).tolist() == [
        pytest.approx(0.36 * 0.1 * 64 / 0.01),
        0,
    ]
    epsilon, N = sp.symbols("epsilon N", positive=True)
    limit = uplink_coverage.communication_limit_lmmse(epsilon, N, sp.Integer(1), sp.Integer(1))
    assert sp.simplify(limit - (1 - N * epsilon) * N / epsilon) == 0


def test_upper_end_as_printed_lacks_the_bar():
    bar = 2 * required_snr(0.9275, 6.0)
    with_bar = sensing_limit_printed(bar, 4, 2.0, 0.3)

    # the same expression at the value that the bar stands for
    def expression(value):
        return 2 * 0.3 * 16 / (value * 2.0 - 2 * 2.0 * 4)

    assert with_bar == pytest.approx(expression(bar))
    printed = printed_forms.joint_sensing_limit_printed(0.9275, 4, 2.0, 0.3)
    assert printed == pytest.approx(expression(0.9275))
    assert np.all(printed_forms.joint_sensing_limit_printed(0.5, np.arange(1, 9), 1.0, 1.0) < 0)


def test_gain_ratio_is_that_of_the_link():
    p = CouplingParameters.paper(rician_factor=2.5)
    user, target = np.array([20.0, 90.0]), np.array([7.0, 40.0])
    expected = p.scattered_gain(user) / p.target_path_loss(target)
    ratio = uplink_coverage.gain_ratio(user, target, 2.5, p.path_loss_exponent)
    assert ratio == pytest.approx(expected, rel=1e-12)
    # and is undone by the argument of F_Z
    assert ratio_argument(ratio, 2.5, p.path_loss_exponent) == pytest.approx(user / target**2)


def test_gain_ratio_follows_the_densities():
    rng = np.random.default_rng(71)
    alpha = 2.6

    def median(user_density, target_density):
        user = sample_distances(rng, 20_000, 3, user_density)[:, -1]
        target = sample_distances(rng, 20_000, 3, target_density)[:, -1]
        return np.median(uplink_coverage.gain_ratio(user, target, 0.0, alpha))

    grown = median(8e-4, 3e-3) / median(2e-4, 1e-3)
    assert grown == pytest.approx((4 / 9) ** (alpha / 2), rel=0.08)
