"""Monte Carlo: estimators whose result depends on the seed and the sample size alone.

A *sampler* is a function ``sampler(rng, size)`` that takes a numpy ``Generator`` and returns an
array whose first axis has length ``size``: one row a sample. The samples are drawn in blocks of
fixed size. Block ``i`` gets the ``i``-th child of the seed, so that

    numpy.random.default_rng(numpy.random.SeedSequence(seed).spawn(i + 1)[i])

draws it again by hand, and the blocks are merged in their own order. Neither the number of
workers, nor the order in which they finish, nor a worker that dies and is replaced, can change a
bit of the result. The same seed gives the same samples to every estimator: take different seeds for
estimates that are to be independent.
"""

import functools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.stats
from tqdm import tqdm

from ..numbers.door import public
from ..numbers.index import formulas_among, listening
from ..numbers.validation import check_integer, check_memory, check_real

__all__ = [
    "Estimate",
    "ProbabilityEstimate",
    "Sampler",
    "draw",
    "estimate_mean",
    "estimate_probability",
    "sobol_sampler",
]


Sampler = Callable[[np.random.Generator, int], np.ndarray]


# Blocks that an executor holds at once: enough for a cluster, little memory in any case.
_IN_FLIGHT = 64


# A run shorter than this, in seconds, shows no progress bar.
_PROGRESS_DELAY = 1.5


@dataclass(frozen=True, eq=False)
class Estimate:
    """A sample mean with its standard error.

    ``mean`` and ``standard_error`` are floats when the sampler's rows are scalars, otherwise
    arrays of the shape of a row. ``n`` counts independent values, each an average of ``batch``
    draws. ``evaluates`` names the functions of the package that compute a claim and ran inside the
    draw of this process. An index takes a part, ``c * estimate`` is the estimate of c times the
    mean. Two estimates are equal when they agree in every bit.

    >>> e = Estimate(np.array([1.0, 2.0]), np.array([0.1, 0.2]), 100, 7)
    >>> e[1], 2 * e[0]  # doctest: +NORMALIZE_WHITESPACE
    (Estimate(mean=2.0, standard_error=0.2, n=100, seed=7, batch=1, evaluates=()),
     Estimate(mean=2.0, standard_error=0.2, n=100, seed=7, batch=1, evaluates=()))
    """

    mean: np.ndarray | float
    standard_error: np.ndarray | float
    n: int
    seed: int
    batch: int = 1
    evaluates: tuple[str, ...] = ()

    # an array of factors is left to the estimate, which multiplies quantity by quantity
    __array_ufunc__ = None

    def __getitem__(self, key) -> "Estimate":
        return replace(
            self,
            mean=_plain(np.asarray(self.mean)[key]),
            standard_error=_plain(np.asarray(self.standard_error)[key]),
        )

    def __rmul__(self, factor) -> "Estimate":
        return Estimate(
            _plain(np.asarray(factor * self.mean)),
            _plain(np.asarray(np.abs(factor) * self.standard_error)),
            self.n,
            self.seed,
            self.batch,
            self.evaluates,
        )

    def interval(self, confidence: float = 0.99) -> tuple:
        """Return the lower and upper limit of the confidence interval of Student's t.

        With n - 1 degrees of freedom it is the normal interval when ``n`` is large, and honest
        when ``n`` is a few averages. It presumes that the variance of a sample exists and that
        the mean of ``n`` samples is close to normal: a standard error computed from samples of
        infinite variance looks like any other.
        """
        tail = _tail(confidence)
        reach = -scipy.special.stdtrit(self.n - 1, tail) * self.standard_error
        return self.mean - reach, self.mean + reach

    def __eq__(self, other) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.n, self.seed, self.batch) == (other.n, other.seed, other.batch) and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("mean", "standard_error")
        )

    __hash__ = None


@dataclass(frozen=True, eq=False)
class ProbabilityEstimate(Estimate):
    """A relative frequency, with a standard error that is positive even without any hit.

    ``mean`` is hits / n, unbiased. ``standard_error`` is the standard deviation of the Beta
    distribution with parameters hits + 1 and n - hits + 1, which is the posterior of the
    probability under a uniform prior (Laplace's rule of succession): with
    p = (hits + 1)/(n + 2) it is sqrt(p (1 - p)/(n + 3)). It agrees with the usual
    sqrt(p (1 - p)/n) when hits are many, and is about 1/n, never 0, when there are none.
    """

    @property
    def hits(self) -> np.ndarray | int:
        """Number of samples in which the event occurred."""
        hits = np.rint(np.asarray(self.mean) * self.n).astype(np.int64)
        return hits if hits.ndim else int(hits)

    def interval(self, confidence: float = 0.99) -> tuple:
        """Return the lower and upper limit of Clopper and Pearson's interval.

        Its coverage is at least ``confidence`` for every probability and every n (Clopper and
        Pearson, Biometrika 26, 1934). Without any hit it runs from 0 to
        1 - ((1 - confidence)/2)^(1/n).
        """
        tail = _tail(confidence)
        hits = np.asarray(self.hits)
        misses = self.n - hits
        # the parameters of the incomplete beta function must be positive: the ends are exact
        low = scipy.special.betaincinv(np.maximum(hits, 1), misses + 1, tail)
        high = scipy.special.betainccinv(hits + 1, np.maximum(misses, 1), tail)
        low, high = np.where(hits == 0, 0.0, low), np.where(misses == 0, 1.0, high)
        return _plain(low), _plain(high)


@public(n="integers [2, inf)", block="integers [1, inf)")
def estimate_mean(
    sampler: Sampler,
    n: int,
    *,
    seed: int,
    block: int = 65536,
    executor: Any = None,
    progress: bool | None = None,
) -> Estimate:
    """Estimate the mean of a sampler's rows from ``n`` samples.

    Parameters
    ----------
    sampler
        ``sampler(rng, size)`` returns real numbers of shape ``(size,)`` or ``(size, ...)``.
    n
        Number of samples, at least 2.
    seed
        A nonnegative integer of any length.
    block
        Samples a call of the sampler. It is part of the definition of the random stream: another
        block size gives another, equally valid, estimate.
    executor
        ``None`` computes in this process. Anything with the ``submit`` of ``concurrent.futures``
        computes there: a ``ProcessPoolExecutor``, a ``dask.distributed.Client``. The sampler must
        then be picklable. The result has the same bits.
    progress
        ``True`` shows a progress bar on stderr if the run lasts over 1.5 s, ``False`` shows none,
        ``None`` shows one only if stderr is a terminal.

    Raises
    ------
    ValueError
        If an argument is out of range, or the sampler returns a wrong shape, anything but real
        numbers, nan or an infinity.

    Examples
    --------
    >>> square = lambda rng, size: rng.standard_normal(size) ** 2
    >>> e = estimate_mean(square, 100_000, seed=1)
    >>> bool(abs(e.mean - 1) < 4 * e.standard_error), round(e.standard_error, 4)
    (True, 0.0045)

    """
    # Merging equal neighbours, as binary addition does, keeps rounding errors logarithmic in the
    # number of blocks. The shape of the tree depends on that number alone.
    stack = []
    blocks = _heard(_blocks(_moments, sampler, n, seed, block, executor, progress), heard := set())
    for index, moments in enumerate(blocks, start=1):
        if stack and moments[1].shape != stack[-1][1].shape:
            raise ValueError(
                f"sampler must return rows of one shape, got {stack[-1][1].shape} "
                f"and then {moments[1].shape}"
            )
        stack.append(moments)
        while index % 2 == 0:
            stack[-2:] = [_merge(*stack[-2:])]
            index //= 2
    while len(stack) > 1:
        stack[-2:] = [_merge(*stack[-2:])]
    _, mean, spread = stack[0]
    error = _plain(spread / np.sqrt((n - 1) * n))
    return Estimate(_plain(mean), error, n, seed, evaluates=formulas_among(heard))


@public(n="integers [2, inf)", block="integers [1, inf)")
def estimate_probability(
    sampler: Sampler,
    n: int,
    *,
    seed: int,
    block: int = 65536,
    executor: Any = None,
    progress: bool | None = None,
) -> ProbabilityEstimate:
    """Estimate the probability of an event from ``n`` indicators.

    The sampler returns booleans of shape ``(size,)`` or ``(size, ...)``, for instance one
    indicator a threshold; the other parameters are those of :func:`estimate_mean`. A count is an
    integer, so this estimate is exact whatever the order.

    Raises
    ------
    ValueError
        If an argument is out of range, or the sampler returns a wrong shape or no booleans.

    Examples
    --------
    >>> tail = lambda rng, size: rng.standard_normal(size) > 5
    >>> e = estimate_probability(tail, 1000, seed=1)
    >>> e.mean, round(e.standard_error, 6), tuple(round(x, 6) for x in e.interval())
    (0.0, 0.000997, (0.0, 0.005284))

    """
    hits = None
    blocks = _heard(_blocks(_hits, sampler, n, seed, block, executor, progress), heard := set())
    for counted in blocks:
        if hits is None:
            hits = np.zeros(counted.shape, dtype=np.int64)
        if counted.shape != hits.shape:
            raise ValueError(
                f"sampler must return rows of one shape, got {hits.shape} and then {counted.shape}"
            )
        hits = hits + counted
    guess = (hits + 1) / (n + 2)
    error = np.sqrt(guess * (1 - guess) / (n + 3))
    return ProbabilityEstimate(
        _plain(hits / n), _plain(error), n, seed, evaluates=formulas_among(heard)
    )


@public(n="integers [1, inf)", block="integers [1, inf)")
def draw(
    sampler: Sampler,
    n: int,
    *,
    seed: int,
    block: int = 65536,
    executor: Any = None,
    progress: bool | None = None,
) -> np.ndarray:
    """Return ``n`` samples, the very ones that the estimators of this module see.

    The parameters are those of :func:`estimate_mean`; ``n`` may be 1, rows may be complex,
    integers or booleans, and infinities are admitted.

    Raises
    ------
    ValueError
        If an argument is out of range, if the sampler returns a wrong shape, another type of
        number in a later block, or nan, and if the samples do not fit in memory.

    Examples
    --------
    >>> draw(lambda rng, size: rng.integers(6, size=size), 5, seed=1, block=3)
    array([0, 4, 4, 5, 2])

    """
    samples, filled = None, 0
    for rows in _blocks(_rows, sampler, n, seed, block, executor, progress):
        if samples is None:
            check_memory((n, *rows.shape[1:]), rows.dtype.itemsize)
            samples = np.empty((n, *rows.shape[1:]), dtype=rows.dtype)
        if rows.shape[1:] != samples.shape[1:] or rows.dtype != samples.dtype:
            raise ValueError(
                f"sampler must return rows of one shape and type, got {samples.shape[1:]} "
                f"{samples.dtype} and then {rows.shape[1:]} {rows.dtype}"
            )
        samples[filled : filled + len(rows)] = rows
        filled += len(rows)
    return samples


@public(points="integers [1, inf)")
def sobol_sampler(integrand: Callable, dimension: int, points: int = 2048) -> Sampler:
    """Return a sampler whose rows are averages of an integrand over scrambled Sobol points.

    One sample is the average over one randomly scrambled net (Owen, SIAM J. Numer. Anal. 34,
    1997): it is unbiased, different samples are independent, so the estimators of this module
    give an honest standard error; for smooth integrands the error falls nearly as 1/points and
    not as its square root. Take some 16 to 64 samples with ``block=1``.

    Parameters
    ----------
    integrand
        ``integrand(u)`` takes points of the open unit cube, shape (points, dimension), and
        returns an array of leading dimension ``points``.
    dimension
        Number of uniform variables; with 0 the integrand is a constant.
    points
        Points a net, a power of two.

    Raises ``ValueError`` for more dimensions than there are Sobol points for, and for another number
    of points.

    Examples
    --------
    >>> sampler = sobol_sampler(lambda u: u[:, 0] * u[:, 1], 2, points=1024)
    >>> e = estimate_mean(sampler, 16, seed=1, block=1)
    >>> bool(abs(e.mean - 1 / 4) < 1e-4), bool(e.standard_error < 1e-5)
    (True, True)

    """
    if not callable(integrand):
        raise ValueError(f"integrand must be callable, got {integrand!r}")
    dimension = check_integer("dimension", dimension, 0, scipy.stats.qmc.Sobol.MAXDIM)
    if points & (points - 1):
        raise ValueError(f"points must be a power of two, got {points}")
    return functools.partial(_sobol_rows, integrand, dimension, points)


def _blocks(task, sampler, n, seed, block, executor, progress) -> Iterator:
    """Yield ``task(sampler, seed, index, size)`` of every block, in the order of the blocks."""
    if not callable(sampler):
        raise ValueError(f"sampler must be callable as sampler(rng, size), got {sampler!r}")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ValueError(f"executor must have the submit of concurrent.futures, got {executor!r}")
    waiting = deque()
    with tqdm(
        total=n,
        unit="sample",
        unit_scale=True,
        delay=_PROGRESS_DELAY,
        disable=None if progress is None else not progress,
    ) as bar:
        try:
            for index in range(-(-n // block)):
                size = min(block, n - index * block)
                if executor is None:
                    yield task(sampler, seed, index, size)
                    bar.update(size)
                    continue
                waiting.append((executor.submit(task, sampler, seed, index, size), size))
                if len(waiting) == _IN_FLIGHT:
                    future, done = waiting.popleft()
                    yield future.result()
                    bar.update(done)
            while waiting:
                future, done = waiting.popleft()
                yield future.result()
                bar.update(done)
        finally:
            for future, _ in waiting:
                future.cancel()


def _heard(blocks: Iterator, names: set[str]) -> Iterator:
    """The blocks, while the functions of the package that draw them are noted."""
    with listening() as heard:
        yield from blocks
    names |= heard


def _rows(sampler, seed, index, size) -> np.ndarray:
    """Draw one block with the child of the seed that belongs to it."""
    child = np.random.SeedSequence(seed, spawn_key=(index,))
    rows = np.asarray(sampler(np.random.Generator(np.random.PCG64(child)), size))
    if rows.shape[:1] != (size,):
        raise ValueError(
            f"sampler must return an array of shape ({size}, ...), got shape {rows.shape}"
        )
    if rows.dtype.kind not in "biufc":
        raise ValueError(f"sampler must return numbers, got {rows.dtype}")
    if np.isnan(rows).any():
        raise ValueError(f"sampler must not return nan, got nan in block {index}")
    return rows


def _moments(sampler, seed, index, size) -> tuple:
    """Return size, mean and root of the sum of squared deviations of one block."""
    rows = _rows(sampler, seed, index, size)
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"sampler must return real numbers, got {rows.dtype}")
    if not np.isfinite(rows).all():
        raise ValueError(f"sampler must return finite numbers, got inf in block {index}")
    rows = rows.astype(float, copy=False)
    mean = rows.mean(axis=0)
    # the mean of the deviations is the rounding error of the mean
    mean = mean + (rows - mean).mean(axis=0)
    deviations = np.abs(rows - mean)
    # in units of the largest, the square of a deviation of 1e-200 does not vanish
    unit = deviations.max(axis=0)
    deviations /= np.where(unit > 0, unit, 1)
    spread = unit * np.sqrt(np.square(deviations, out=deviations).sum(axis=0))
    return size, np.asarray(mean), np.asarray(spread)


def _hits(sampler, seed, index, size) -> np.ndarray:
    """Return the number of hits of one block."""
    rows = _rows(sampler, seed, index, size)
    if rows.dtype.kind != "b":
        raise ValueError(f"sampler must return booleans, got {rows.dtype}")
    return np.asarray(np.count_nonzero(rows, axis=0))


def _merge(first: tuple, second: tuple) -> tuple:
    """Merge the moments of two sets (Chan, Golub and LeVeque, Am. Stat. 37, 1983)."""
    (n, mean, spread), (m, other, more) = first, second
    step = other - mean
    between = np.abs(step) * np.sqrt(n * m / (n + m))
    return n + m, mean + step * (m / (n + m)), np.hypot(np.hypot(spread, more), between)


def _tail(confidence: float) -> float:
    """Return the probability of either tail outside a two-sided interval."""
    return (
        1 - float(check_real("confidence", confidence, 0, 1, open_low=True, open_high=True))
    ) / 2


def _plain(array):
    """Return a float instead of an array without axes."""
    array = np.asarray(array)
    return float(array) if array.ndim == 0 else array


def _sobol_rows(integrand, dimension, points, rng, size) -> np.ndarray:
    """Return averages over ``size`` scrambled nets."""
    averages = []
    for _ in range(size):
        if dimension:
            # 52 bits and half a step: points of the open cube, exact in double precision
            net = scipy.stats.qmc.Sobol(dimension, bits=52, rng=rng).random(points) + 2.0**-53
        else:
            net = np.empty((points, 0))
        averages.append(np.mean(integrand(net), axis=0))
    return np.array(averages)
