"""Rare events against exact values, whole vectors and closed forms."""

import functools

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from isacnb.probability.estimators import draw, estimate_mean, estimate_probability
from isacnb.probability.gaussian import ChannelForm
from isacnb.probability.rare import (
    NormEvent,
    QuadraticEvent,
    efficiency_constant,
    low_level_asymptote,
    shrunk_second_moment,
    tilted_probability,
)
from isacnb.signals.arrays import steering_vector
from isacnb.special.genchi2 import GenChi2


def exact_probability(level, weights, degrees, noncentralities, upper=False):
    """Pr[sum w Y <= level] by an integral of the moment generating function, at 20 digits."""
    with mpmath.workdps(20):
        sign = -1 if upper else 1
        w = [sign * mpmath.mpf(float(x)) for x in weights]
        n, delta = list(map(int, degrees)), list(map(float, noncentralities))
        x = sign * mpmath.mpf(float(level))
        groups = list(zip(w, n, delta, strict=True))

        def exponent(s):
            return mpmath.fsum(
                -k * mpmath.log(1 - s * a) + s * a * d / (1 - s * a) for a, k, d in groups
            )

        def slope(s):
            return (
                mpmath.fsum(k * a / (1 - s * a) + a * d / (1 - s * a) ** 2 for a, k, d in groups)
                - x
                - 1 / s
            )

        lowest = min(w)
        path = (
            (lambda u: 1 / lowest / (1 + mpmath.exp(u)))
            if lowest < 0
            else lambda u: -mpmath.exp(-u)
        )
        left, right = mpmath.mpf(-60 if lowest < 0 else -700), mpmath.mpf(700)
        for _ in range(120):
            middle = (left + right) / 2
            left, right = (left, middle) if slope(path(middle)) > 0 else (middle, right)
        c = path(left)
        scale = exponent(c) - c * x
        width = 1 / mpmath.sqrt(
            mpmath.fsum(
                k * a**2 / (1 - c * a) ** 2 + 2 * a**2 * d / (1 - c * a) ** 3 for a, k, d in groups
            )
            + 1 / c**2
        )

        def integrand(t):
            # a hyperbola that turns to the side where e^(-s x) falls
            root = mpmath.sqrt(1 + t * t)
            s = mpmath.mpc(c + mpmath.sign(x) * width * (root - 1) / 2, width * t)
            ds = mpmath.mpc(mpmath.sign(x) * width * t / root / 2, width)
            return mpmath.im(mpmath.exp(exponent(s) - s * x - scale) / (-s) * ds)

        nodes = [0, 1, 2, 4, 8, 16, 64, 512, 2**13, 2**18]
        value, error = mpmath.quad(integrand, nodes, error=True)
        assert error < 1e-10 * abs(value)
        return float(value / mpmath.pi * mpmath.exp(scale))


def test_exact_probability_is_exact():
    assert exact_probability(0.1, [1], [8], [0]) == pytest.approx(
        scipy.stats.gamma.cdf(0.1, 8), rel=1e-12
    )
    assert exact_probability(50, [2, 1], [1, 1], [0, 0], upper=True) == pytest.approx(
        2 * np.exp(-25) - np.exp(-50), rel=1e-12
    )
    assert exact_probability(1.0, [1], [3], [4.0]) == pytest.approx(
        scipy.stats.ncx2.cdf(2, 6, 8), rel=1e-11
    )


# weights, degrees, noncentralities, upper, and levels at about 1e-3, 1e-6, 1e-9, 1e-12, 1e-100
FORMS = {
    "positive": (
        ([1.0, 0.5, 2.0], [7, 1, 2], [3.0, 0.0, 1.0], False),
        (5.0, 2.1, 0.99, 0.49, 4e-10),
    ),
    "interference": (([1.0, -0.6], [7, 1], [3.0, 0.4], False), (-0.1, -4.5, -9.4, -14.2, -146.0)),
    "upper, central": (([2.0, 1.0, 0.3], [1, 1, 5], [0, 0, 0], True), (17, 31, 45, 59, 460)),
    "upper, line of sight": (([2.0, 1.0], [1, 7], [4.0, 0.5], True), (45, 68, 88, 108, 590)),
    "upper, many degrees": (([0.5, 1.0], [1, 7], [2.0, 0.0], True), (20, 29.5, 38, 47, 260)),
    "one group": (([1.0], [8], [10.0], False), (5.7, 2.3, 1.0, 0.4, 9e-12)),
    "one term": (([1.0], [1], [10.0], False), (1.5, 0.02, 2.2e-5, 2.2e-8, 1e-20)),
}


@pytest.mark.parametrize("case", FORMS)
def test_rare_events_against_exact_values(case):
    (weights, degrees, noncentralities, upper), levels = FORMS[case]
    relative_errors = []
    for level in levels:
        exact = exact_probability(level, weights, degrees, noncentralities, upper)
        law = GenChi2.of_gammas(weights, degrees, noncentralities)
        event = QuadraticEvent(level, law, upper=upper)
        assert np.log(exact) < event.log_bound < np.log(exact) + 10
        best = tilted_probability(event, seed=20)
        assert abs(best.mean - exact) < 4.5 * best.standard_error
        # 65,536 points: a percent is reached with much to spare
        assert best.standard_error < 1e-3 * exact
        for sampler, n in ((event.indicator, 20_000), (event.conditional, 8000)):
            estimate = estimate_mean(sampler, n, seed=21)
            assert abs(estimate.mean - exact) < 4.5 * estimate.standard_error
        relative_errors.append(estimate.standard_error * np.sqrt(n) / exact)
    # the last, the conditional estimate, is bounded at every level
    assert max(relative_errors) < 1


def test_target_of_a_billionth():
    """Pr = 1e-9 with 1 % and a variance gain over plain Monte Carlo of 1e8."""
    groups = [1.0, -0.6], [7, 1], [3.0, 0.4]
    exact = exact_probability(-9.4, *groups)
    assert 1e-9 / 3 < exact < 3e-9
    event = QuadraticEvent(-9.4, GenChi2.of_gammas(*groups))
    plain = exact * (1 - exact)
    gains = [
        plain / (estimate.standard_error**2 * samples)
        for estimate, samples in (
            (estimate_mean(event.indicator, 10_000, seed=1), 10_000),
            (estimate_mean(event.conditional, 10_000, seed=1), 10_000),
            (tilted_probability(event, seed=1, nets=32, points=1024), 32 * 1024),
        )
    ]
    assert gains[0] > 1e7
    assert gains[1] > 1e9
    assert gains[2] > 1e11


@pytest.mark.parametrize("case", ["upper, central", "upper, line of sight"])
def test_variance_under_the_tilted_law(case):
    """The second moment of the weighted indicator is exact: e^(K(s) + K(-s)) Pr_(-s)[event]."""
    groups, levels = FORMS[case]
    weights, degrees, noncentralities = (np.array(x, dtype=float) for x in groups[:3])
    event = QuadraticEvent(levels[1], GenChi2.of_gammas(*groups[:3]), upper=True)
    back = 1 / (1 + event.tilt * weights)
    twice = sum(
        -degrees @ np.log(1 - s * weights) + noncentralities @ (s * weights / (1 - s * weights))
        for s in (event.tilt, -event.tilt)
    )
    second = np.exp(twice) * exact_probability(
        levels[1], weights * back, degrees, noncentralities * back, upper=True
    )
    variance = second - exact_probability(levels[1], *groups) ** 2
    estimate = estimate_mean(event.indicator, 300_000, seed=6)
    assert estimate.standard_error**2 * 300_000 == pytest.approx(variance, rel=0.02)


def test_events_that_are_not_rare():
    for level, upper, expected in ((30.0, False, 1.0), (1e-9, True, 1.0), (-1.0, True, 1.0)):
        if level < 0:
            event = QuadraticEvent(level, GenChi2.of_gammas([-1.0, 1.0], [1, 9]), upper=upper)
            expected = exact_probability(level, [-1.0, 1.0], [1, 9], [0, 0], upper=upper)
        else:
            event = QuadraticEvent(level, GenChi2.of_gammas(1.0, 3), upper=upper)
            expected = float(mpmath.gammainc(3, 0, level, regularized=True))
            expected = 1 - expected if upper else expected
        assert event.tilt == 0
        estimate = tilted_probability(event, seed=3)
        assert abs(estimate.mean - expected) < 4.5 * estimate.standard_error + 1e-12
        assert estimate.standard_error < 1e-3


def test_equal_weights_are_one_group():
    split = QuadraticEvent(0.5, GenChi2.of_gammas([1, 1, 2], [2, 3, 1], [0.5, 1, 0]))
    joined = QuadraticEvent(0.5, GenChi2.of_gammas([2, 1], [1, 5], [0, 1.5]))
    assert split.dimension == joined.dimension == 2
    assert tilted_probability(split, seed=1) == tilted_probability(joined, seed=1)
    # one central group leaves nothing to sample: the probability is exact
    alone = tilted_probability(QuadraticEvent(0.1, GenChi2.of_gammas(1.0, 8)), seed=1)
    assert alone.mean == pytest.approx(2.269326952e-13, rel=1e-9)
    assert alone.standard_error <= 1e-28


def test_real_forms_and_offsets():
    """An odd number of degrees of freedom, one with a mean alone, and a constant."""
    law = GenChi2([1.0, 0.3], [1, 3], [2.0, 0.0], offset=5.0)
    event = QuadraticEvent(5.1, law)
    estimate = tilted_probability(event, seed=4)
    assert abs(estimate.mean - law.cdf(5.1)) < 4.5 * estimate.standard_error
    assert estimate.standard_error < 1e-3 * law.cdf(5.1)


# Outages of one user with 8 antennas, in normalised form. Each is a condition on the whole vector
# and, solved for the squared norm z, an interval given T = a^H h and T' = a'^H h.
TARGET = steering_vector(0.4, 8, centred=True)
TARGET_SLOPE = 1j * np.pi * np.cos(0.4) * (np.arange(8) - 3.5) * TARGET
RECEIVE_SLOPE = (np.pi * np.cos(0.4)) ** 2 * 8 * 63 / 12


def separate(h):
    """Separate beams: own power 0.6 z over 0.4 |T|^2 / N of the radar beam and noise, below 2."""
    own = 0.6 * np.sum(np.abs(h) ** 2, axis=1)
    return own / (0.4 * np.abs(h.conj() @ TARGET) ** 2 / 8 + 0.8) < 2


def separate_limits(t):
    return 0.0, 2 * (0.4 * np.abs(t[:, 0]) ** 2 / 8 + 0.8) / 0.6


def joint(h):
    """One beam h + a, scaled to unit power: received power below 0.5."""
    beam = h + TARGET
    received = np.abs(np.sum(h.conj() * beam, axis=1)) ** 2
    return received / np.sum(np.abs(beam) ** 2, axis=1) < 0.5


def joint_limits(t):
    # |z + T^*|^2 < 0.5 (z + 2 Re T + 8)
    half = t[:, 0].real - 0.25
    root = half**2 - np.abs(t[:, 0]) ** 2 + t[:, 0].real + 4
    reach = np.sqrt(np.maximum(root, 0))
    return np.where(root >= 0, -half - reach, 1), np.where(root >= 0, -half + reach, 0)


def sensing(bound, h):
    """Cramér-Rao bound of the target angle with separate beams and 8 receive antennas."""
    z = np.sum(np.abs(h) ** 2, axis=1)
    t, slope = h @ TARGET.conj(), h @ TARGET_SLOPE.conj()
    rho = 0.7 * np.abs(t) ** 2 / z + 0.3 * 8
    crb = rho / (RECEIVE_SLOPE * rho**2 + 8 * 0.7 / z * np.abs(slope) ** 2 * 0.3 * 8)
    # relative to the largest value that it can take, at T = T' = 0
    return crb * RECEIVE_SLOPE * 0.3 * 8 > bound


def sensing_limits(bound, t):
    gain, fixed = 0.7 * np.abs(t[:, 0]) ** 2, 0.3 * 8
    slope = 8 * 0.7 * 0.3 * 8 * np.abs(t[:, 1]) ** 2 / RECEIVE_SLOPE
    # a z^2 + b z + c > 0, with a > 0 > c
    a = fixed * (1 - bound)
    b = gain * (1 - 2 * bound) - bound * slope / fixed
    c = -bound * gain**2 / fixed
    return (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a), np.inf


OUTAGES = {
    "separate": (
        separate,
        separate_limits,
        {"form_matrix": [[-0.1]], "norm_weight": 0.6, "levels": 1.6},
    ),
    "separate, other form": (separate, separate_limits, {"levels": [1.5, 4.0]}),
    "joint": (joint, joint_limits, {"levels": [2.0, 5.0]}),
    "joint, poor form": (joint, joint_limits, {"form_matrix": [[0.5]], "levels": 2.0}),
    "sensing": (
        functools.partial(sensing, 0.97),
        functools.partial(sensing_limits, 0.97),
        {
            "directions": [TARGET, TARGET_SLOPE],
            "form_matrix": np.diag([1.0, 0.025]),
            "norm_weight": 0.0,
            "levels": [1.0, 4.0],
        },
    ),
    "sensing, easy": (
        functools.partial(sensing, 0.6),
        functools.partial(sensing_limits, 0.6),
        {"directions": [TARGET, TARGET_SLOPE], "levels": 6.0},
    ),
}


@pytest.mark.parametrize("rice", [0.0, 1.5])
@pytest.mark.parametrize("case", OUTAGES)
def test_outages_against_whole_vectors(case, rice):
    outage, limits, choice = OUTAGES[case]
    mean, variance = (
        np.sqrt(rice / (rice + 1)) * steering_vector(0.1, 8, centred=True),
        1 / (rice + 1),
    )

    def whole(rng, size):
        normal = rng.standard_normal((2, size, 8))
        return outage(mean + np.sqrt(variance / 2) * (normal[0] + 1j * normal[1]))

    plain = estimate_probability(whole, 300_000, seed=1)
    assert plain.hits > 100
    levels = choice["levels"]
    choice = {name: value for name, value in choice.items() if name != "levels"}
    form = ChannelForm(**{"directions": [TARGET], "mean": mean, "variance": variance} | choice)
    event = NormEvent(limits, form, levels)
    for estimate in (
        tilted_probability(event, seed=2),
        estimate_mean(event.conditional, 20_000, seed=3),
        estimate_mean(event.indicator, 100_000, seed=4),
    ):
        error = np.hypot(estimate.standard_error, plain.standard_error)
        assert abs(estimate.mean - plain.mean) < 4.5 * error
        assert estimate.standard_error < 0.1 * plain.mean


def test_mixture_bounds_every_weight():
    """A tilted law alone has infinite variance here: its weights grow with the form."""
    event = NormEvent(lambda t: (0, np.inf), ChannelForm([TARGET]), levels=[0.1, 1.0])
    samples = draw(event.indicator, 100_000, seed=1)
    assert samples.max() <= 3
    # and the whole space has probability 1
    assert abs(samples.mean() - 1) < 4.5 * samples.std() / np.sqrt(100_000)
    assert samples.std() < 3
    assert event.tilts[0] == 0
    assert (event.tilts[1:] < -1).all()


@pytest.mark.parametrize("threshold", [0.7, 0.5, 0.3])
def test_quadratic_outage_three_ways(threshold):
    """Norm event, quadratic event of the same outage, and its exact probability."""
    g, share, antennas = 0.05, 0.4, 16
    array, mean = (
        steering_vector(0.4, 16, centred=True),
        np.sqrt(0.5) * steering_vector(0.37, 16, centred=True),
    )
    matrix = [[-threshold * (1 - share) / antennas]]
    form = ChannelForm([array], matrix, share, mean, 0.5)
    weights, dof, noncentrality = form.law().terms
    exact = exact_probability(threshold * g, 2 * weights, dof / 2, noncentrality / 2)
    assert exact < 2e-3
    quadratic = QuadraticEvent(threshold * g, form.law())
    norm = NormEvent(
        lambda t: (0, threshold * ((1 - share) * np.abs(t[:, 0]) ** 2 / 16 + g) / share),
        form,
        levels=threshold * g,
    )
    for estimate in (
        tilted_probability(quadratic, seed=5),
        tilted_probability(norm, seed=6),
        estimate_mean(norm.conditional, 20_000, seed=7),
        estimate_mean(norm.indicator, 100_000, seed=8),
    ):
        assert abs(estimate.mean - exact) < 4.5 * estimate.standard_error
        assert estimate.standard_error < 0.05 * exact
    assert norm.tilts[1] == pytest.approx(quadratic.tilt, rel=1e-9)


def test_norm_event_without_rest():
    """As many vectors as antennas: nothing is left to average, the event is an indicator."""
    event = NormEvent(lambda t: (-np.inf, 0.1), ChannelForm(np.eye(3)), levels=0.1)
    exact = scipy.stats.gamma.cdf(0.1, 3)
    estimate = estimate_mean(event.conditional, 20_000, seed=1)
    assert abs(estimate.mean - exact) < 4.5 * estimate.standard_error < 0.1 * exact
    assert estimate == estimate_mean(event.conditional, 20_000, seed=1)
    # and an upper tail, by a positive tilt; low > high is no event
    event = NormEvent(lambda t: (30.0, np.inf), ChannelForm(np.eye(3)[:1]), levels=30.0)
    assert event.tilts[1] > 0
    assert tilted_probability(event, seed=1).mean == pytest.approx(
        scipy.stats.gamma.sf(30, 3), rel=1e-3
    )
    event = NormEvent(lambda t: (2.0, 1.0), ChannelForm(np.eye(3)[:1]), levels=1.0)
    assert tilted_probability(event, seed=1).mean == 0


def test_limits_of_nan_are_no_event_of_probability_zero():
    event = NormEvent(lambda t: (0.0, np.nan * t[:, 0].real), ChannelForm([[1, 1]]), levels=1.0)
    for sampler in (event.indicator, event.conditional, event.sobol(64)):
        with pytest.raises(ValueError, match="limits must not return nan"):
            draw(sampler, 10, seed=1)


UNIT = GenChi2.of_gammas(1.0, 1)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param(lambda: QuadraticEvent(np.nan, UNIT), "level", id="nan"),
        pytest.param(lambda: QuadraticEvent(0.0, UNIT), "level must be > 0", id="impossible"),
        pytest.param(
            lambda: QuadraticEvent(0.0, GenChi2.of_gammas(-1.0, 1), upper=True),
            "level must be < 0",
            id="impossible above",
        ),
        pytest.param(lambda: QuadraticEvent(1e-299, UNIT), "level must leave", id="too rare"),
        pytest.param(lambda: QuadraticEvent(1.0, 1.0), "law must be a GenChi2", id="no law"),
        pytest.param(
            lambda: QuadraticEvent(1.0, GenChi2(1.0, 2, normal_std=1.0)),
            "law must be a GenChi2 without normal term",
            id="normal term",
        ),
        pytest.param(
            lambda: QuadraticEvent(1.0, GenChi2([0.0], 2)), "a weight that is not 0", id="constant"
        ),
        pytest.param(lambda: QuadraticEvent(1.0, GenChi2(1.0, 2.5)), "dof", id="half a degree"),
        pytest.param(
            lambda: NormEvent(3, ChannelForm([[1, 1]]), 1.0), "limits must be callable", id="limits"
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, [[1, 1]], 1.0), "form must be a Chan", id="no form"
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, ChannelForm([[1, 1]]), -1.0),
            "levels must be values",
            id="below every norm",
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, ChannelForm([[1, 1]], None, -1.0), [-1.0, 1.0]),
            "levels must be values",
            id="above every value",
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, ChannelForm([[1, 1]], None, 0.0), 1.0),
            "form must not vanish",
            id="no form at all",
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, ChannelForm([[1, 1]]), [1.0, np.inf]),
            "levels",
            id="infinite level",
        ),
        pytest.param(
            lambda: NormEvent(separate_limits, ChannelForm([[1, 1]]), []),
            "levels must have one axis",
            id="no level",
        ),
        pytest.param(lambda: tilted_probability(3, seed=1), "event", id="no event"),
    ],
)
def test_bad_rare_events(event, message):
    with pytest.raises(ValueError, match=message):
        event()


def density_of_gamma(order, noncentrality, y):
    """Density of a noncentral gamma variable: half a noncentral chi-square one."""
    return 2 * scipy.stats.ncx2.pdf(2 * y, 2 * order, 2 * noncentrality)


def mean_of(function, order, noncentrality):
    value, _ = scipy.integrate.quad(
        lambda y: function(y) * density_of_gamma(order, noncentrality, y), 0, 120, limit=400
    )
    return value


@pytest.mark.parametrize("tilt", [-1.0, 0.0, 0.2])
def test_the_cumulant_of_a_sum_is_that_of_its_terms(tilt):
    weights, degrees, noncentralities = [1.5, -0.4, 2.0], [2, 1, 3.5], [1.0, 0.7, 2.0]
    parts = [
        np.log(mean_of(lambda y, w=w: np.exp(tilt * w * y), n, delta))
        for w, n, delta in zip(weights, degrees, noncentralities, strict=True)
    ]
    value = GenChi2.of_gammas(weights, degrees, noncentralities).cumulant_function(tilt)
    assert value == pytest.approx(sum(parts), rel=1e-8, abs=1e-8)


def test_the_tilted_mean_is_that_of_the_reweighted_density():
    law = GenChi2.of_gammas(1.5, 2, 1.0)
    tilted = mean_of(lambda y: 1.5 * y * np.exp(-0.5 * 1.5 * y), 2, 1.0)
    tilted /= np.exp(law.cumulant_function(-0.5))
    assert law.tilted(-0.5).cumulant(1) == pytest.approx(tilted, rel=1e-8)


def test_low_levels():
    # the distribution function over its leading term tends to 1 linearly
    law = GenChi2.of_gammas([1.0, 0.5], [2, 3], [1.0, 0.4])
    for level in (1e-3, 1e-4):
        leading = low_level_asymptote(level, law)
        assert abs(law.cdf(level) / leading - 1) < 3 * level


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_constant_is_its_integral(n):
    with mpmath.workdps(40):
        integral = mpmath.quad(lambda u: u ** (n - 1) * mpmath.exp(u), [0, n / 2, n])
        factor = mpmath.factorial(n) ** 2 / mpmath.mpf(n) ** (2 * n) / mpmath.factorial(n - 1)
        assert efficiency_constant(n) == pytest.approx(float(factor * integral), rel=1e-12)


def test_the_second_moment_of_undone_shrinking():
    # the norm of N complex components is a gamma variable of order N
    tau, N = 0.7, 3

    def integrand(z):
        weight = tau**N * np.exp((1 / tau - 1) * z)
        return weight**2 * scipy.stats.gamma.pdf(z, N, scale=tau)

    value, _ = scipy.integrate.quad(integrand, 0, 120)
    assert shrunk_second_moment(tau, N) == pytest.approx(value, rel=1e-8)
    assert shrunk_second_moment(0.5, N) == np.inf


def test_an_asymptote_wants_positive_weights():
    with pytest.raises(ValueError, match="law must have positive weights"):
        low_level_asymptote(0.1, GenChi2([1.0, -1.0], 2))
