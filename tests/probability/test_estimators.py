"""Estimators are reproducible to the bit, and right where the answer is known."""

import multiprocessing
import os
import signal
import statistics
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from isacnb.probability import estimators
from isacnb.probability.estimators import (
    Estimate,
    draw,
    estimate_mean,
    estimate_probability,
    sobol_sampler,
)
from isacnb.probability.rare import QuadraticEvent, tilted_probability
from isacnb.special.genchi2 import GenChi2


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
            event = QuadraticEvent(0.1, GenChi2.of_gammas([1, 2], [3, 1], [1, 0]))
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
        ("block", 0),
        ("executor", 2),
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


def test_more_samples_than_fit_are_refused_before_they_are_drawn():
    with pytest.raises(ValueError, match="GiB"):
        draw(lambda rng, size: rng.random(size), 10**13, seed=1, block=10)


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"integrand": 3}, "integrand", id="no function"),
        pytest.param({"dimension": -1}, "dimension", id="negative dimension"),
        pytest.param({"dimension": 10**6}, "dimension", id="too many dimensions"),
        pytest.param({"points": 1000}, "points must be a power of two", id="points"),
    ],
)
def test_bad_nets(change, message):
    with pytest.raises(ValueError, match=message):
        sobol_sampler(**({"integrand": np.sum, "dimension": 2} | change))
