"""Estimators, rare events and functionals of Gaussian vectors: reproducible, and right where known."""

import functools
import itertools
import multiprocessing
import os
import signal
import statistics
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from isacnb.probability import estimators, rare
from isacnb.probability.estimators import (
    Estimate,
    draw,
    estimate_mean,
    estimate_probability,
    sobol_sampler,
)
from isacnb.probability.gaussian import diagonal_form, gaussian_functionals
from isacnb.probability.rare import NormEvent, QuadraticEvent, tilted_probability
from isacnb.special import genchi2


def normal_pair(rng, size):
    return rng.standard_normal((size, 2)) * [1.0, 3.0] + [0.0, 1e6]


def exceeds(rng, size):
    return rng.standard_normal(size)[:, None] > [0.0, 1.0, 9.0]


def slow_exponential(rng, size):
    time.sleep(0.005)
    return rng.standard_exponential(size)


class Backwards:
    """An executor that computes nothing before a result is asked for, then the last block first."""

    def __init__(self):
        self.tasks, self.held = [], 0

    def submit(self, function, *args):
        future = Future()
        self.tasks.append((future, function, args))
        self.held = max(self.held, len(self.tasks))
        plain_result = future.result

        def result():
            while self.tasks:
                waiting, call, arguments = self.tasks.pop()
                waiting.set_result(call(*arguments))
            return plain_result()

        future.result = result
        return future


class KillsOneWorker:
    """A Dask client that loses one of its worker processes after a number of submissions."""

    def __init__(self, client, after):
        self.client, self.after, self.killed, self.lost = client, after, None, 0

    def submit(self, function, *args):
        self.after -= 1
        if self.after == 0:
            address, self.killed = min(self.client.run(os.getpid).items())
            # a task of our own keeps the worker busy, so that it surely dies with work in its hands
            own = self.client.submit(time.sleep, 60, workers=[address], pure=False)
            while not self.client.processing()[address]:
                time.sleep(0.01)
            self.lost = len(self.client.processing()[address])
            os.kill(self.killed, signal.SIGKILL)
            own.release()
        return self.client.submit(function, *args)


def by_hand(sampler, n, seed, block):
    """All samples, from numpy's public seeding alone."""
    children = np.random.SeedSequence(seed).spawn(-(-n // block))
    sizes = [min(block, n - i * block) for i in range(len(children))]
    return np.concatenate(
        [sampler(np.random.default_rng(c), s) for c, s in zip(children, sizes, strict=True)]
    )


@pytest.mark.parametrize(("n", "block"), [(2, 1), (10, 4), (1000, 64), (777, 1000), (65537, 65536)])
def test_estimates_are_those_of_the_samples_drawn_by_hand(n, block):
    rows = by_hand(normal_pair, n, 5, block)
    assert np.array_equal(draw(normal_pair, n, seed=5, block=block), rows)
    estimate = estimate_mean(normal_pair, n, seed=5, block=block)
    # exact rational arithmetic on the other side
    for k in range(2):
        column = [float(x) for x in rows[:, k]]
        mean = statistics.fmean(column)
        error = (statistics.variance(column) / n) ** 0.5
        assert estimate.mean[k] == pytest.approx(mean, rel=1e-15, abs=1e-16)
        assert estimate.standard_error[k] == pytest.approx(error, rel=1e-9)
    hits = by_hand(exceeds, n, 5, block).sum(axis=0)
    estimate = estimate_probability(exceeds, n, seed=5, block=block)
    assert estimate.hits.tolist() == hits.tolist()
    assert estimate.mean.tolist() == (hits / n).tolist()
    assert (estimate.n, estimate.seed) == (n, 5)


def test_merging_does_not_cancel():
    """A mean 1e8 times the deviation: the textbook E x^2 - (E x)^2 has no digit left."""
    shifted = lambda rng, size: 1e8 + rng.standard_normal(size)  # noqa: E731
    estimate = estimate_mean(shifted, 40_000, seed=3, block=7)
    plain = by_hand(lambda rng, size: rng.standard_normal(size), 40_000, 3, 7)
    assert estimate.standard_error == pytest.approx(plain.std(ddof=1) / 200, rel=1e-7)
    assert estimate.mean - 1e8 == pytest.approx(plain.mean(), abs=3e-8)


def test_squares_neither_underflow_nor_overflow():
    pair = lambda rng, size: rng.standard_normal((size, 1)) * [1.0, 1e-200, 1e200]  # noqa: E731
    estimate = estimate_mean(pair, 1000, seed=4, block=64)
    assert estimate.standard_error == pytest.approx(
        estimate.standard_error[0] * np.array([1, 1e-200, 1e200]), rel=1e-12
    )


def test_every_executor_gives_the_same_bits():
    arguments = {"n": 2000, "seed": 11, "block": 16}
    here = [f(exceeds, **arguments) for f in (estimate_mean, estimate_probability, draw)]
    backwards = Backwards()
    with (
        ThreadPoolExecutor(3) as threads,
        ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes,
    ):
        for executor in (backwards, threads, processes):
            there = [
                f(exceeds, executor=executor, **arguments)
                for f in (estimate_mean, estimate_probability, draw)
            ]
            assert there[:2] == here[:2]
            assert np.array_equal(there[2], here[2])
            event = QuadraticEvent(0.1, [1, 2], [3, 1], [1, 0])
            assert tilted_probability(event, seed=1, points=64) == tilted_probability(
                event, seed=1, points=64, executor=executor
            )
    # 125 blocks, but a bounded number in flight
    assert backwards.held == estimators._IN_FLIGHT < 125
    assert here[0] != estimate_mean(exceeds, n=2000, seed=12, block=16)
    assert here[0] != estimate_mean(exceeds, n=2000, seed=11, block=32)


def test_a_dask_worker_killed_in_mid_run_changes_nothing():
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    arguments = {"n": 1000, "seed": 2, "block": 8}
    here = estimate_mean(slow_exponential, **arguments)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 20}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert estimate_mean(slow_exponential, executor=client, **arguments) == here
        # other keys, or Dask would hand out the results that it has
        arguments["seed"] = 3
        killer = KillsOneWorker(client, after=80)
        there = estimate_mean(slow_exponential, executor=killer, **arguments)
        assert killer.lost > 0
        assert killer.killed not in client.run(os.getpid).values()
    assert there == estimate_mean(slow_exponential, **arguments)


def test_error_in_a_worker_stops_the_run():
    calls = []

    def fails(rng, size):
        calls.append(size)
        raise RuntimeError("no samples today")

    for executor in (None, ThreadPoolExecutor(1)):
        with pytest.raises(RuntimeError, match="no samples today"):
            estimate_mean(fails, 10**6, seed=1, block=10, executor=executor)
    executor.shutdown()
    assert len(calls) <= 1 + estimators._IN_FLIGHT


def test_intervals_cover():
    """400 repetitions of a 90 % interval: the count of misses is binomial."""
    runs, confidence = 400, 0.9
    law = scipy.stats.binom(runs, 1 - confidence)
    low, high = law.ppf(1e-4), law.isf(1e-4)
    exponential = lambda rng, size: rng.standard_exponential(size)  # noqa: E731
    misses = 0
    for seed in range(runs):
        a, b = estimate_mean(exponential, 2000, seed=seed).interval(confidence)
        misses += not a <= 1 <= b
    assert low <= misses <= high
    for p in (0.002, 0.3, 0.98):
        event = lambda rng, size, p=p: rng.random(size) < p  # noqa: E731
        misses = 0
        for seed in range(runs):
            a, b = estimate_probability(event, 500, seed=seed).interval(confidence)
            misses += not a <= p <= b
        # Clopper and Pearson's interval is conservative: it may only miss less
        assert misses <= high


def test_probability_interval_inverts_the_binomial_law():
    n = 50
    for hits in (0, 1, 7, 49, 50):
        event = lambda rng, size, hits=hits: np.arange(size) < hits  # noqa: E731
        estimate = estimate_probability(event, n, seed=0)
        low, high = estimate.interval(0.98)
        law = scipy.stats.binomtest(hits, n).proportion_ci(0.98, "exact")
        assert (low, high) == pytest.approx((law.low, law.high), rel=1e-12)
        assert estimate.standard_error == pytest.approx(
            scipy.stats.beta(hits + 1, n - hits + 1).std(), rel=1e-12
        )
    assert estimate_probability(event, n, seed=0).hits == 50


def test_interval_of_a_mean():
    """Student's quantiles from the tables: t(0.975, 9) = 2.262, t(0.995, infinity) = 2.576."""
    low, high = Estimate(2.0, 0.5, 10, 1).interval(0.95)
    assert (low, high) == pytest.approx((2 - 1.131, 2 + 1.131), abs=5e-4)
    low, high = Estimate(np.array([1.0, 2.0]), np.array([0.0, 1.0]), 10**9, 1).interval()
    assert high == pytest.approx([1, 4.5758293], rel=1e-7)


def test_progress_bar_only_where_wanted(capsys):
    slow = lambda rng, size: (time.sleep(0.01), rng.random(size))[1]  # noqa: E731
    quick = estimators._PROGRESS_DELAY
    try:
        estimators._PROGRESS_DELAY = 0.05
        for progress, shown in ((None, False), (False, False), (True, True)):
            estimate_mean(slow, 30, seed=1, block=1, progress=progress)
            out, err = capsys.readouterr()
            assert out == ""
            assert ("30.0/30.0" in err) == shown
        estimators._PROGRESS_DELAY = 60
        estimate_mean(slow, 10, seed=1, block=1, progress=True)
        assert capsys.readouterr() == ("", "")
    finally:
        estimators._PROGRESS_DELAY = quick


ESTIMATORS = (estimate_mean, estimate_probability, draw)


@pytest.mark.parametrize("function", ESTIMATORS)
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("n", 0),
        ("n", 2.5),
        ("n", True),
        ("n", np.nan),
        ("seed", -1),
        ("seed", 1.0),
        ("seed", None),
        ("seed", True),
        ("block", 0),
        ("block", 1.5),
        ("executor", 2),
        ("progress", "yes"),
        ("sampler", 3),
    ],
)
def test_bad_arguments(function, argument, value):
    arguments = {"sampler": exceeds, "n": 10, "seed": 1, argument: value}
    with pytest.raises(ValueError, match=argument):
        function(**arguments)


@pytest.mark.parametrize("function", ESTIMATORS)
@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (lambda rng, size: rng.random(size + 1), "shape"),
        (lambda rng, size: rng.random((3, size)), "shape"),
        (lambda rng, size: 1.0, "shape"),
        (lambda rng, size: ["a"] * size, "numbers"),
        (lambda rng, size: np.where(rng.random(size) < 0.5, np.nan, 1), "nan"),
        (lambda rng, size: rng.random((size, size)) < 0.5, "one shape"),
    ],
)
def test_bad_samplers(function, sampler, message):
    with pytest.raises(ValueError, match=rf"sampler must .*{message}"):
        function(sampler, 10, seed=1, block=4)


def test_samplers_of_the_wrong_kind():
    with pytest.raises(ValueError, match="sampler must return booleans"):
        estimate_probability(lambda rng, size: np.ones(size), 10, seed=1)
    with pytest.raises(ValueError, match="sampler must return real"):
        estimate_mean(lambda rng, size: 1j * np.ones(size), 10, seed=1)
    with pytest.raises(ValueError, match="sampler must return finite"):
        estimate_mean(lambda rng, size: np.full(size, np.inf), 10, seed=1)
    for function in (estimate_mean, estimate_probability):
        with pytest.raises(ValueError, match="n must be"):
            function(exceeds, 1, seed=1)
    changes = lambda rng, size: np.ones(size, dtype=int if size == 4 else float)  # noqa: E731
    with pytest.raises(ValueError, match="one shape and type"):
        draw(changes, 10, seed=1, block=4)
    assert draw(lambda rng, size: np.full(size, np.inf), 1, seed=1).tolist() == [np.inf]


@pytest.mark.parametrize("confidence", [0, 1, -0.5, np.nan, "high"])
def test_bad_confidence(confidence):
    for function in (estimate_mean, estimate_probability):
        with pytest.raises(ValueError, match="confidence"):
            function(exceeds, 10, seed=1).interval(confidence)


# --- sufficient statistics ---------------------------------------------------------------------


def steering(antennas, angle):
    return np.exp(1j * np.pi * (np.arange(antennas) - (antennas - 1) / 2) * np.sin(angle))


def whole_vectors(rng, size, vectors, mean, variance):
    """Functionals and squared norm from the definition: all N components."""
    vectors = np.asarray(vectors)
    normal = rng.standard_normal((2, size, vectors.shape[1]))
    h = mean + np.sqrt(variance / 2) * (normal[0] + 1j * normal[1])
    functionals = np.stack([np.sum(v.conj() * h, axis=1) for v in vectors], axis=1)
    return functionals, np.sum(np.abs(h) ** 2, axis=1)


ARRAY = steering(8, 0.4)
SLOPE = 1j * (np.arange(8) - 3.5) * ARRAY
LOS = 1.3 * steering(8, -0.2)
GAUSSIANS = {
    "central": ([ARRAY], 0.0, 1.0),
    "mean outside the span": ([ARRAY, SLOPE], LOS, 0.4),
    "mean inside": ([SLOPE, LOS], (0.5 - 0.2j) * LOS, 2.0),
    "parallel vectors": ([ARRAY, 2j * ARRAY, LOS], 0.3 + 0.1j, 0.7),
    "as many as antennas": ([[1, 2j], [3, -1]], [1.0, 1j], 1.5),
    "more than antennas": ([[1.0 + 1j], [2.0]], 0.7, 1.0),
    "one of two antennas": ([[1.0, 0.0]], [0.2, 1.0], 1.0),
}


@pytest.mark.parametrize("case", GAUSSIANS)
def test_functionals_have_the_law_of_whole_vectors(case):
    gaussian = GAUSSIANS[case]
    size = 60_000
    rng = np.random.default_rng(7)
    samples = []
    for sampler in (gaussian_functionals, whole_vectors):
        t, z = sampler(rng, size, *gaussian)
        assert (t.shape, z.shape) == ((size, len(gaussian[0])), (size,))
        samples.append(np.column_stack([t.real, t.imag, z]))
    centre, scale = samples[1].mean(axis=0), samples[1].std(axis=0)
    scaled = [(x - centre) / scale for x in samples]
    # all mixed moments up to order 4
    columns = scaled[0].shape[1]
    scores = []
    for order in range(1, 5):
        for which in itertools.combinations_with_replacement(range(columns), order):
            a, b = (np.prod(x[:, which], axis=1) for x in scaled)
            error = np.hypot(a.std(), b.std()) / np.sqrt(size)
            # 1e-12: a functional of N = 1 or parallel vectors has moments without variance
            scores.append((a.mean() - b.mean()) / (error + 1e-12))
    assert np.abs(scores).max() < 4.8
    # whole distributions: the squared norm, and functions that mix it with the functionals
    for name, function in {
        "norm": lambda x: x[:, -1],
        "real part": lambda x: x[:, 0],
        "modulus": lambda x: np.hypot(x[:, 0], x[:, columns // 2]),
        "residual": lambda x: x[:, -1] - 0.1 * (x[:, 0] ** 2 + x[:, columns // 2] ** 2),
        "ratio": lambda x: x[:, 0] / x[:, -1],
    }.items():
        test = scipy.stats.ks_2samp(function(samples[0]), function(samples[1]))
        assert test.pvalue > 1e-5, name


def test_law_of_functionals_rejects_a_wrong_shape():
    """Control of the test above: a gamma of one degree less is seen at that sample size."""
    vectors, mean, variance = GAUSSIANS["mean outside the span"]
    rng = np.random.default_rng(7)
    _, z = gaussian_functionals(rng, 60_000, vectors, mean, variance)
    _, whole = whole_vectors(rng, 60_000, vectors, mean, variance)
    wrong = z - variance * rng.standard_exponential(60_000)
    assert scipy.stats.ks_2samp(wrong, whole).pvalue < 1e-30


def test_functionals_and_norm_fit_together():
    """Where the vectors span the space, the norm follows from the functionals exactly."""
    vectors, mean, variance = GAUSSIANS["as many as antennas"]
    t, z = gaussian_functionals(np.random.default_rng(1), 100, vectors, mean, variance)
    h = np.linalg.solve(np.conj(vectors), t.T)
    assert z == pytest.approx(np.sum(np.abs(h) ** 2, axis=0), rel=1e-12)
    t, z = gaussian_functionals(np.random.default_rng(1), 100, *GAUSSIANS["parallel vectors"])
    assert t[:, 1] == pytest.approx(-2j * t[:, 0], rel=1e-12)
    # Cauchy and Schwarz
    assert (np.abs(t[:, 0]) ** 2 <= 8 * z * (1 + 1e-12)).all()
    t, z = gaussian_functionals(np.random.default_rng(1), 0, [[1, 1]])
    assert (t.shape, z.shape) == ((0, 1), (0,))


@pytest.mark.parametrize("case", GAUSSIANS)
def test_diagonal_form_has_the_cumulants_of_the_form(case):
    """ln E e^(s q) of the dense form, by determinant and solve, at several s."""
    vectors, mean, variance = GAUSSIANS[case]
    vectors = np.array(vectors, dtype=complex)
    d, antennas = vectors.shape
    rng = np.random.default_rng(3)
    root = rng.standard_normal((d, d)) + 1j * rng.standard_normal((d, d))
    mean = np.broadcast_to(mean, antennas)
    for matrix, norm_weight in (
        (root + root.conj().T, 0.7),
        (root @ root.conj().T, 0.0),
        (np.zeros((d, d)), -2.0),
    ):
        weights, degrees, noncentralities = diagonal_form(
            matrix, norm_weight, vectors, mean, variance
        )
        assert degrees.sum() <= antennas
        dense = vectors.T @ matrix @ vectors.conj() + norm_weight * np.eye(antennas)
        for s in np.array([-0.7, -0.1, 0.3, 0.9]) / (np.abs(dense).sum() * variance):
            inner = np.eye(antennas) - s * variance * dense
            expected = s * mean.conj() @ dense @ np.linalg.solve(inner, mean)
            expected -= np.linalg.slogdet(inner)[1]
            got = -degrees @ np.log1p(-s * weights)
            got += s * (weights * noncentralities) @ (1 / (1 - s * weights))
            assert got == pytest.approx(expected.real, rel=1e-11, abs=1e-13)


# --- rare events -------------------------------------------------------------------------------


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
        event = QuadraticEvent(level, weights, degrees, noncentralities, upper=upper)
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
    event = QuadraticEvent(-9.4, *groups)
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
    event = QuadraticEvent(levels[1], *groups[:3], upper=True)
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
            event = QuadraticEvent(level, [-1.0, 1.0], [1, 9], upper=upper)
            expected = exact_probability(level, [-1.0, 1.0], [1, 9], [0, 0], upper=upper)
        else:
            event = QuadraticEvent(level, 1.0, 3, upper=upper)
            expected = float(mpmath.gammainc(3, 0, level, regularized=True))
            expected = 1 - expected if upper else expected
        assert event.tilt == 0
        estimate = tilted_probability(event, seed=3)
        assert abs(estimate.mean - expected) < 4.5 * estimate.standard_error + 1e-12
        assert estimate.standard_error < 1e-3


def test_equal_weights_are_one_group():
    split = QuadraticEvent(0.5, [1, 1, 2], [2, 3, 1], [0.5, 1, 0])
    joined = QuadraticEvent(0.5, [2, 1], [1, 5], [0, 1.5])
    assert split.dimension == joined.dimension == 2
    assert tilted_probability(split, seed=1) == tilted_probability(joined, seed=1)
    # one central group leaves nothing to sample: the probability is exact
    alone = tilted_probability(QuadraticEvent(0.1, 1.0, 8), seed=1)
    assert alone.mean == pytest.approx(2.269326952e-13, rel=1e-9)
    assert alone.standard_error <= 1e-28


# Outages of one user with 8 antennas, in normalised form. Each is a condition on the whole vector
# and, solved for the squared norm z, an interval given T = a^H h and T' = a'^H h.
TARGET = steering(8, 0.4)
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
        {"matrix": [[-0.1]], "norm_weight": 0.6, "levels": 1.6},
    ),
    "separate, other form": (separate, separate_limits, {"levels": [1.5, 4.0]}),
    "joint": (joint, joint_limits, {"levels": [2.0, 5.0]}),
    "joint, poor form": (joint, joint_limits, {"matrix": [[0.5]], "levels": 2.0}),
    "sensing": (
        functools.partial(sensing, 0.97),
        functools.partial(sensing_limits, 0.97),
        {
            "vectors": [TARGET, TARGET_SLOPE],
            "matrix": np.diag([1.0, 0.025]),
            "norm_weight": 0.0,
            "levels": [1.0, 4.0],
        },
    ),
    "sensing, easy": (
        functools.partial(sensing, 0.6),
        functools.partial(sensing_limits, 0.6),
        {"vectors": [TARGET, TARGET_SLOPE], "levels": 6.0},
    ),
}


@pytest.mark.parametrize("rice", [0.0, 1.5])
@pytest.mark.parametrize("case", OUTAGES)
def test_outages_against_whole_vectors(case, rice):
    outage, limits, choice = OUTAGES[case]
    mean, variance = np.sqrt(rice / (rice + 1)) * steering(8, 0.1), 1 / (rice + 1)

    def whole(rng, size):
        normal = rng.standard_normal((2, size, 8))
        return outage(mean + np.sqrt(variance / 2) * (normal[0] + 1j * normal[1]))

    plain = estimate_probability(whole, 300_000, seed=1)
    assert plain.hits > 100
    event = NormEvent(limits, **{"vectors": [TARGET], "mean": mean, "variance": variance, **choice})
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
    event = NormEvent(lambda t: (0, np.inf), vectors=[TARGET], levels=[0.1, 1.0])
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
    array, mean = steering(16, 0.4), np.sqrt(0.5) * steering(16, 0.37)
    matrix = [[-threshold * (1 - share) / antennas]]
    gaussian = {"vectors": [array], "mean": mean, "variance": 0.5}
    form = diagonal_form(matrix, share, **gaussian)
    exact = exact_probability(threshold * g, *form)
    assert exact < 2e-3
    quadratic = QuadraticEvent(threshold * g, *form)
    norm = NormEvent(
        lambda t: (0, threshold * ((1 - share) * np.abs(t[:, 0]) ** 2 / 16 + g) / share),
        matrix=matrix,
        norm_weight=share,
        levels=threshold * g,
        **gaussian,
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
    event = NormEvent(lambda t: (-np.inf, 0.1), vectors=np.eye(3), levels=0.1)
    exact = scipy.stats.gamma.cdf(0.1, 3)
    estimate = estimate_mean(event.conditional, 20_000, seed=1)
    assert abs(estimate.mean - exact) < 4.5 * estimate.standard_error < 0.1 * exact
    assert estimate == estimate_mean(event.conditional, 20_000, seed=1)
    # and an upper tail, by a positive tilt; low > high is no event
    event = NormEvent(lambda t: (30.0, np.inf), vectors=np.eye(3)[:1], levels=30.0)
    assert event.tilts[1] > 0
    assert tilted_probability(event, seed=1).mean == pytest.approx(
        scipy.stats.gamma.sf(30, 3), rel=1e-3
    )
    event = NormEvent(lambda t: (2.0, 1.0), vectors=np.eye(3)[:1], levels=1.0)
    assert tilted_probability(event, seed=1).mean == 0


def test_sobol_points_integrate():
    # a product of linear functions, exactly 1/8, and an error that falls faster than 1/sqrt(n)
    cube = lambda u: u.prod(axis=1)  # noqa: E731
    coarse, fine = (
        estimate_mean(sobol_sampler(cube, 3, points), 64, seed=1, block=1) for points in (64, 4096)
    )
    for estimate in (coarse, fine):
        assert abs(estimate.mean - 0.125) < 4.5 * estimate.standard_error
    assert fine.standard_error < coarse.standard_error / 30
    # points lie strictly inside the cube, and rows may be vectors
    corners = sobol_sampler(lambda u: np.column_stack([u > 0, u < 1]), 2, 1 << 16)
    assert estimate_mean(corners, 2, seed=1, block=1).mean.tolist() == [1] * 4
    assert estimate_mean(sobol_sampler(lambda u: np.full(len(u), 3.0), 0), 2, seed=1).mean == 3


NORM_EVENT = {"limits": lambda t: (0, 1), "vectors": [[1, 1]], "levels": 1.0}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (gaussian_functionals, {"size": -1}, "size"),
        (gaussian_functionals, {"size": 1.5}, "size"),
        (gaussian_functionals, {"vectors": [1, 1]}, "vectors must have shape"),
        (gaussian_functionals, {"vectors": np.ones((0, 3))}, "vectors must have shape"),
        (gaussian_functionals, {"vectors": [[1, np.nan]]}, "vectors must be finite"),
        (gaussian_functionals, {"vectors": [["a", "b"]]}, "vectors must be a matrix"),
        (gaussian_functionals, {"mean": [1, 2, 3]}, "mean must be a scalar or have shape"),
        (gaussian_functionals, {"mean": np.inf}, "mean must be finite"),
        (gaussian_functionals, {"variance": 0}, "variance"),
        (gaussian_functionals, {"variance": np.nan}, "variance"),
        (gaussian_functionals, {"variance": [1, 1]}, "variance must be one number"),
        (diagonal_form, {"matrix": [[1, 2], [3, 4]]}, "matrix must have shape"),
        (diagonal_form, {"matrix": [[1j]]}, "matrix must be Hermitian"),
        (diagonal_form, {"matrix": [[np.nan]]}, "matrix must be finite"),
        (diagonal_form, {"norm_weight": np.nan}, "norm_weight"),
        (diagonal_form, {"norm_weight": 1j}, "norm_weight"),
        (QuadraticEvent, {"level": np.nan}, "level"),
        (QuadraticEvent, {"level": 0.0}, "level must be > 0"),
        (QuadraticEvent, {"weights": -1.0, "level": 0.0, "upper": True}, "level must be < 0"),
        (QuadraticEvent, {"level": 1e-299}, "level must leave"),
        (QuadraticEvent, {"weights": [1, 0]}, "weights must not be 0"),
        (QuadraticEvent, {"weights": [1, np.inf]}, "weights"),
        (QuadraticEvent, {"weights": []}, "weights must have one axis"),
        (QuadraticEvent, {"weights": [[1]]}, "weights must have one axis"),
        (QuadraticEvent, {"degrees": 0}, "degrees"),
        (QuadraticEvent, {"degrees": 1.5}, "degrees"),
        (QuadraticEvent, {"noncentralities": -1}, "noncentralities"),
        (QuadraticEvent, {"weights": [1, 2], "degrees": [1, 2, 3]}, "broadcastable"),
        (NormEvent, {"limits": 3}, "limits must be callable"),
        (NormEvent, {"levels": -1.0}, "levels must be values"),
        (NormEvent, {"levels": [-1.0, 1.0], "norm_weight": -1.0}, "levels must be values"),
        (NormEvent, {"norm_weight": 0.0}, "must not both vanish"),
        (NormEvent, {"matrix": [[1, 0], [0, 1]]}, "matrix must have shape"),
        (NormEvent, {"levels": [1.0, np.inf]}, "levels"),
        (NormEvent, {"levels": []}, "levels must have one axis"),
        (NormEvent, {"vectors": [1, 1]}, "vectors"),
        (sobol_sampler, {"integrand": 3}, "integrand"),
        (sobol_sampler, {"dimension": -1}, "dimension"),
        (sobol_sampler, {"dimension": 10**6}, "dimension"),
        (sobol_sampler, {"points": 1000}, "points must be a power of two"),
        (tilted_probability, {"event": 3}, "event"),
        (tilted_probability, {"points": 0}, "points"),
        (tilted_probability, {"nets": 1}, "nets"),
        (tilted_probability, {"seed": 1.5}, "seed"),
    ],
)
def test_bad_rare_events(function, arguments, message):
    good = {
        gaussian_functionals: {"rng": np.random.default_rng(1), "size": 3, "vectors": [[1, 1]]},
        diagonal_form: {"matrix": [[1]], "norm_weight": 1.0, "vectors": [[1, 1]]},
        QuadraticEvent: {"level": 1.0, "weights": 1.0},
        NormEvent: NORM_EVENT,
        sobol_sampler: {"integrand": np.sum, "dimension": 2},
        tilted_probability: {"event": QuadraticEvent(1.0, 1.0), "seed": 1},
    }[function]
    with pytest.raises(ValueError, match=message):
        function(**{**good, **arguments})


# -- sums of noncentral gamma variables, tilted ---------------------------------------------------


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
    value = rare.gamma_sum_cumulant(tilt, weights, degrees, noncentralities)
    assert value == pytest.approx(sum(parts), rel=1e-8, abs=1e-8)


def test_the_tilted_mean_is_the_slope_of_the_cumulant():
    form = [1.5, -0.4], [2, 1], [1.0, 0.7]
    with mpmath.workdps(30):
        slope = mpmath.diff(lambda s: rare.gamma_sum_cumulant(float(s), *form), -0.5, h=1e-5)
    assert rare.gamma_sum_mean(-0.5, *form) == pytest.approx(float(slope), rel=1e-8)
    tilted = mean_of(lambda y: 1.5 * y * np.exp(-0.5 * 1.5 * y), 2, 1.0)
    tilted /= np.exp(rare.gamma_sum_cumulant(-0.5, 1.5, 2, 1.0))
    assert rare.gamma_sum_mean(-0.5, 1.5, 2, 1.0) == pytest.approx(tilted, rel=1e-8)


def test_low_levels():
    # the distribution function over its leading term tends to 1 linearly
    weights, degrees, noncentralities = np.array([1.0, 0.5]), np.array([2, 3]), np.array([1.0, 0.4])
    for level in (1e-3, 1e-4):
        exact = genchi2.genchi2_cdf(level, weights / 2, 2 * degrees, 2 * noncentralities)
        leading = rare.low_level_asymptote(level, weights, degrees, noncentralities)
        assert abs(exact / leading - 1) < 3 * level


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_constant_is_its_integral(n):
    with mpmath.workdps(40):
        integral = mpmath.quad(lambda u: u ** (n - 1) * mpmath.exp(u), [0, n / 2, n])
        factor = mpmath.factorial(n) ** 2 / mpmath.mpf(n) ** (2 * n) / mpmath.factorial(n - 1)
        assert rare.efficiency_constant(n) == pytest.approx(float(factor * integral), rel=1e-12)


def test_the_second_moment_of_undone_shrinking():
    # the norm of N complex components is a gamma variable of order N
    tau, N = 0.7, 3

    def integrand(z):
        weight = tau**N * np.exp((1 / tau - 1) * z)
        return weight**2 * scipy.stats.gamma.pdf(z, N, scale=tau)

    value, _ = scipy.integrate.quad(integrand, 0, 120)
    assert rare.shrunk_second_moment(tau, N) == pytest.approx(value, rel=1e-8)
    assert rare.shrunk_second_moment(0.5, N) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rare.gamma_sum_cumulant(1.0, 1.0, 2), "tilt must leave"),
        (lambda: rare.gamma_sum_cumulant(0.1, 1.0, 0.0), "degrees"),
        (lambda: rare.gamma_sum_mean(0.1, [1.0, 2.0], [1, 2, 3]), "broadcastable"),
        (lambda: rare.low_level_asymptote(0.1, -1.0, 1), "weights"),
        (lambda: rare.efficiency_constant(0), "term_order_sum"),
        (lambda: rare.shrunk_second_moment(1.5, 2), "variance_factor"),
    ],
)
def test_ranges_of_the_sums(call, message):
    with pytest.raises(ValueError, match=message):
        call()
