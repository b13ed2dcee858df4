"""Rates against mutual informations of jointly normal variables, and against simulation."""

import numpy as np
import pytest

from isacnb.signals.rates import rate_dirty_paper, sinr_imperfect_knowledge


def information(covariance, first, second):
    """Mutual information in bits of two groups of jointly circular normal variables."""

    def log_det(rows):
        return np.linalg.slogdet(covariance[np.ix_(rows, rows)])[1]

    return (log_det(first) + log_det(second) - log_det(first + second)) / np.log(2)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 1.0])
@pytest.mark.parametrize(("power", "interference", "noise"), [(3.0, 50.0, 1.0), (0.2, 0.1, 2.0)])
def test_dirty_paper_is_a_difference_of_two_informations(power, interference, noise, share):
    # rows: x, i, w; columns of the map: u = x + share i, y = x + i + w, i
    rows = np.array([[1, share, 0], [1, 1, 1], [0, 1, 0]])
    covariance = rows @ np.diag([power, interference, noise]) @ rows.T
    expected = information(covariance, [0], [1]) - information(covariance, [0], [2])
    assert rate_dirty_paper(power, interference, noise, share) == pytest.approx(expected, rel=1e-9)


def test_best_share_is_that_without_interference():
    shares = np.linspace(0, 1, 1001)
    assert rate_dirty_paper(3.0, 50.0, 1.0, 0.75) == pytest.approx(2.0, rel=1e-12)
    assert np.all(rate_dirty_paper(3.0, 50.0, 1.0, shares) <= 2.0 + 1e-12)
    assert rate_dirty_paper(3.0, 0.0, 1.0, shares) == pytest.approx(2.0, rel=1e-12)
    assert rate_dirty_paper(3.0, 50.0, 1.0, 0.0) == pytest.approx(np.log2(1 + 3 / 51))


def test_partial_knowledge_against_drawn_moments():
    rng = np.random.default_rng(5)
    normal = rng.standard_normal((3, 400_000, 2)).view(complex)[..., 0] / np.sqrt(2)
    gain = 0.8 - 0.3j + np.sqrt(0.25) * normal[0]
    symbol, noise = np.sqrt(2.0) * normal[1], np.sqrt(0.1) * normal[2]
    seen = gain * symbol + noise
    shared = abs(np.mean(seen * symbol.conj())) ** 2 / 2.0
    expected = shared / (np.mean(abs(seen) ** 2) - shared)
    assert sinr_imperfect_knowledge(2.0, 0.8 - 0.3j, 0.25, 0.1) == pytest.approx(expected, rel=0.02)


def test_known_gain_leaves_the_noise_alone():
    assert sinr_imperfect_knowledge(2.0, 1j, 0.0, 0.5) == pytest.approx(4.0)
    assert sinr_imperfect_knowledge(2.0, 0.0, 0.3, 0.5) == 0


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (rate_dirty_paper, (0.0, 1.0, 1.0, 0.5), "symbol_power"),
        (rate_dirty_paper, (1.0, -1.0, 1.0, 0.5), "known_interference"),
        (rate_dirty_paper, (1.0, 1.0, 1.0, 1.5), "interference_share"),
        (sinr_imperfect_knowledge, (1.0, 1.0, -0.1, 1.0), "gain_variance"),
        (sinr_imperfect_knowledge, (1.0, 1.0, 0.1, 0.0), "disturbance_power"),
    ],
)
def test_bad_input(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
