"""Joint laws of the angles: draws, rules and averages against independent integrals."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import j0

from isacnb.rician.angles import (
    average_over_angles,
    average_over_uniform_angles,
    density_angles,
    fixed_angles,
    sampled_angles,
    sine_difference_pdf,
    uniform_angles,
    uniform_angles_within,
)
from isacnb.rician.rate import array_sum
from isacnb.rician.rate_outage import rate_outage_split
from isacnb.signals.arrays import element_positions


def tilted(target, user):
    """A joint density on (0, 1) x (0, 2) in which the angles depend on each other."""
    return 0.5 * (1 + 0.8 * (2 * target - 1) * (user - 1))


LAWS = {
    "uniform": (uniform_angles, lambda t, u: 1 / np.pi**2, (-np.pi / 2, np.pi / 2) * 2),
    "narrow": (uniform_angles_within(0.4), lambda t, u: 1 / 0.64, (-0.4, 0.4) * 2),
    "density": (density_angles(tilted, (0, 1), (0, 2)), tilted, (0, 1, 0, 2)),
}


def smooth(target, user):
    return np.exp(np.sin(target) - 2 * np.sin(user) * np.sin(target))


@pytest.mark.parametrize("name", LAWS)
def test_rule_and_draws_against_a_double_integral(name):
    law, density, box = LAWS[name]
    want = dblquad(lambda u, t: smooth(t, u) * density(t, u), *box, epsabs=1e-11)[0]
    assert average_over_angles(smooth, law, 24) == pytest.approx(want, rel=1e-9)
    target, user = law(np.random.default_rng(1), 200_000)
    values = smooth(target, user)
    assert values.mean() == pytest.approx(want, abs=5 * values.std() / np.sqrt(200_000))
    assert target.shape == user.shape == (200_000,)
    assert np.all((target >= box[0]) & (target <= box[1]) & (user >= box[2]) & (user <= box[3]))


def test_density_keeps_the_dependence():
    target, user = LAWS["density"][0](np.random.default_rng(2), 100_000)
    # E (2t - 1)(u - 1) = 0.8/9 for the tilted density
    product = (2 * target - 1) * (user - 1)
    assert product.mean() == pytest.approx(0.8 / 9, abs=5 * product.std() / np.sqrt(100_000))


def test_fixed_and_sampled_laws():
    law = fixed_angles(0.3, -0.1)
    assert average_over_angles(smooth, law) == pytest.approx(smooth(0.3, -0.1))
    assert [set(angles) for angles in law(np.random.default_rng(0), 5)] == [{0.3}, {-0.1}]
    drawn = sampled_angles(lambda rng, size: (rng.uniform(0, 1, size), np.zeros(size)))
    assert average_over_angles(lambda t, u: t**2, drawn, 300) == pytest.approx(1 / 3, abs=0.005)


def test_uniform_average_of_an_outage_meets_the_one_over_sums():
    def outage(S):
        return rate_outage_split(3.0, 4, 1.0, S, 2.0, 0.6)

    by_sums = average_over_uniform_angles(outage, 4)

    def at_angles(target, user):
        # many pairs of angles have the same sum
        distinct, place = np.unique(array_sum(target, user, 4).round(12), return_inverse=True)
        return outage(distinct)[place]

    by_angles = average_over_angles(at_angles, uniform_angles, 24)
    assert by_angles == pytest.approx(by_sums, rel=1e-6)


def test_rules_return_weights_of_sum_one():
    for law, _, _ in LAWS.values():
        target, user, weights = law.rule(7)
        assert target.shape == user.shape == weights.shape == (49,)
        assert weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: density_angles(tilted, (1, 0), (0, 2)),
            "target_range must be",
            id="falling ends",
        ),
        pytest.param(
            lambda: density_angles(tilted, (0, 1), (0, 1, 2)), "user_range must be", id="three ends"
        ),
        pytest.param(
            lambda: average_over_angles(
                smooth, density_angles(lambda t, u: 0 * t + 2 + 0 * u, (0, 1), (0, 1))
            ),
            "angles_pdf must integrate to 1",
            id="density of integral 2",
        ),
        pytest.param(
            lambda: density_angles(lambda t, u: np.exp(-(t**2) * 1e9) + 0 * u, (-1, 1), (0, 1))(
                np.random.default_rng(1), 10**6
            ),
            "angles_pdf must be at most",
            id="density with a peak between the points of the grid",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_density_of_the_sine_difference():
    assert 2 * quad(sine_difference_pdf, 0, 2)[0] == pytest.approx(1, abs=1e-8)
    second = 2 * quad(lambda d: d**2 * sine_difference_pdf(d), 0, 2)[0]
    assert second == pytest.approx(1, abs=1e-8)  # twice E sin^2
    assert sine_difference_pdf(2.5) == 0


@pytest.mark.parametrize("N", [2, 5, 16, 64])
def test_angle_average_against_a_double_integral(N):
    assert average_over_uniform_angles(lambda S: 1.0, N) == pytest.approx(1, abs=1e-9)
    # E S^2 = sum over pairs of E cos((n - m) x) = sum J_0(pi (n - m))^2
    lags = np.subtract.outer(np.arange(N), np.arange(N))
    want = np.sum(j0(np.pi * lags) ** 2)
    assert average_over_uniform_angles(lambda S: S**2, N) == pytest.approx(want, rel=1e-7)


def test_interpolated_average():
    # the mean of S^2 for uniform angles is a double sum of squared Bessel functions
    N = 6
    places = element_positions(N, centred=True)
    bessel = j0(np.pi * (places[:, None] - places)) ** 2
    assert average_over_uniform_angles(lambda S: S**2 + 1, N) - 1 == pytest.approx(
        bessel.sum(), rel=1e-7
    )
    for degree in (None, 20):
        slow = average_over_uniform_angles(lambda S: np.exp([S / 3, -S / 5]), N, degree=degree)
        fast = average_over_uniform_angles(lambda S: np.exp(S / 3), N, 24)
        assert slow.shape == (2,)
        assert slow[0] == pytest.approx(fast, rel=1e-7)
    with pytest.raises(ValueError, match="positive"):
        average_over_uniform_angles(lambda S: S - 1, N, degree=5)
