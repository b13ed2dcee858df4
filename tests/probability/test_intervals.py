"""Every estimator's interval holds what it estimates as often as it says, over many seeds."""

import numpy as np
import pytest
import scipy.stats

from isacnb.coupling.downlink_system import simulate_downlink
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink, nmse_lmmse, nmse_paper
from isacnb.coupling.uplink_system import estimate_paper, matched_filter_statistic, simulate
from isacnb.probability.estimators import estimate_mean, estimate_probability
from isacnb.probability.rare import QuadraticEvent, tilted_probability
from isacnb.special.genchi2 import GenChi2

SEEDS = 200
CONFIDENCE = 0.9
LINK = UplinkLink.at(CouplingParameters.paper(N=4), 25.0, 10.0)


def _mean(seed):
    return estimate_mean(lambda rng, size: rng.random(size), 12, seed=seed), 0.5


def _probability(seed):
    return estimate_probability(lambda rng, size: rng.random(size) < 0.02, 60, seed=seed), 0.02


def _tilted(seed):
    # the larger of two weights governs the upper tail
    law = GenChi2.of_gammas([2, 1], 1)
    found = tilted_probability(QuadraticEvent(50, law, upper=True), seed=seed, points=64)
    return found, 2 * np.exp(-25) - np.exp(-50)


def _uplink_error(seed):
    run = simulate(LINK, estimate_paper, matched_filter_statistic, 1.0, 200, seed=seed)
    return run.nmse, float(nmse_paper(*LINK.energies))


def _uplink_false_alarm(seed):
    run = simulate(LINK, estimate_paper, matched_filter_statistic, 1.0, 200, seed=seed)
    return run.false_alarm, np.exp(-1.0)


def _downlink(seed):
    run = simulate_downlink([LINK], 0, 0.5, 1.0, 4, seed=seed, batch=200)
    return run.user_beam_gain[0, 0], _downlink.truth


_downlink.truth = simulate_downlink([LINK], 0, 0.5, 1.0, 100, seed=10_000, batch=4000)
_downlink.truth = float(_downlink.truth.user_beam_gain.mean[0, 0])


@pytest.mark.parametrize(
    ("run", "at_least"),
    [
        (_mean, False),
        # Clopper and Pearson's interval covers more than it says where the counts are small
        (_probability, True),
        (_uplink_false_alarm, True),
        (_tilted, False),
        (_uplink_error, False),
        (_downlink, False),
    ],
)
def test_intervals_cover(run, at_least):
    inside = 0
    for seed in range(SEEDS):
        estimate, truth = run(seed)
        low, high = estimate.interval(CONFIDENCE)
        inside += low <= truth <= high
    law = scipy.stats.binom(SEEDS, CONFIDENCE)
    assert inside >= law.ppf(1e-4)
    assert at_least or inside <= law.isf(1e-4)


def test_batches_are_the_independent_values():
    run = simulate_downlink([LINK], 0, 0.5, 1.0, 4, seed=1, batch=200)
    assert (run.sinr.n, run.sinr.batch, run.sinr.seed) == (4, 200, 1)


def test_an_estimate_knows_which_formulas_its_draw_evaluates():
    def formula(rng, size):
        return nmse_lmmse(*rng.random((3, size)), 4)

    def from_the_definition(rng, size):
        return rng.random(size)

    with_formula = estimate_mean(formula, 10, seed=1)
    assert with_formula.evaluates == ("isacnb.coupling.uplink.nmse_lmmse",)
    assert with_formula[()].evaluates == (2 * with_formula).evaluates == with_formula.evaluates
    assert estimate_mean(from_the_definition, 10, seed=1).evaluates == ()
    assert estimate_probability(
        lambda rng, size: formula(rng, size) > 0.5, 10, seed=1
    ).evaluates == ("isacnb.coupling.uplink.nmse_lmmse",)


def test_an_array_of_factors_multiplies_quantity_by_quantity():
    drawn = estimate_mean(lambda rng, size: rng.random((size, 2)), 100, seed=1)
    scaled = np.array([2.0, -3.0]) * drawn
    assert np.array_equal(scaled.mean, [2 * drawn.mean[0], -3 * drawn.mean[1]])
    assert np.array_equal(scaled.standard_error, np.array([2.0, 3.0]) * drawn.standard_error)
    one = np.float64(2.0) * drawn[0]
    assert (one.mean, one.n) == (2 * drawn.mean[0], 100)
