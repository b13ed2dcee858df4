"""Exact outages, sampling and rare events."""

import time

import numpy as np

from isacnb.probability.estimators import draw, estimate_mean
from isacnb.probability.gaussian import ChannelForm, gaussian_functionals
from isacnb.probability.rare import QuadraticEvent, tilted_probability
from isacnb.special.certified import certified_genchi2_cdf
from isacnb.special.genchi2 import GenChi2

from .measure import TINY, figure, log10, row, seconds, series


def steering(count: int, angle: float) -> np.ndarray:
    """Return the steering vector of a centred half-wavelength array."""
    return np.exp(1j * np.pi * (np.arange(count) - (count - 1) / 2) * np.sin(angle))


def outage_laws(gain: float, nodes: int) -> tuple[list, np.ndarray]:
    """Return the laws of the quadratic forms of an outage at Gauss-Legendre nodes in the user's angle.

    Rician channel (K = 3) to 8 antennas, power split 0.9 to 0.1 between the user and a radar beam
    at 20 degrees: the rate is too low when 0.9 |h|^2 - 0.1 gain |a^H h|^2 / 8 <= gain * noise.
    """
    antennas, rician = 8, 3.0
    beam = steering(antennas, np.deg2rad(20))
    points, weights = np.polynomial.legendre.leggauss(nodes)
    laws = []
    for angle in np.deg2rad(15) * points:
        mean = np.sqrt(rician / (rician + 1)) * steering(antennas, angle)
        form = ChannelForm(beam[None], [[-0.1 * gain / antennas]], 0.9, mean, 1 / (rician + 1))
        laws.append(form.law())
    return laws, weights / 2


def outages() -> dict:
    """Measure an outage averaged over the user's angle, down to 1e-40, against certified values."""
    gain = 1.5

    def average(noise, nodes, cdf):
        laws, weights = outage_laws(gain, nodes)
        return sum(
            v * cdf(gain * noise, law) for v, law in zip(weights.tolist(), laws, strict=True)
        )

    levels = 10.0 ** np.array([-0.3, -1, -2, -3, -4, -5])
    errors, where, times = [], [], []
    for noise in levels.tolist():
        # the reference has twice as many nodes, so that the error of the rule is seen as well
        exact = average(noise, 48, certified_genchi2_cdf)
        start = time.perf_counter()
        value = average(noise, 24, lambda x, law: law.cdf(x))
        times.append(time.perf_counter() - start)
        errors.append(max(TINY, abs(float((exact - value) / exact))))
        where.append(log10(exact))
    return row(
        "outage",
        "Exact outage, averaged over an angle",
        [
            figure("largest relative error", max(errors), 1e-8),
            figure("log10 of the smallest outage", min(where), -40),
            figure("seconds an outage", max(times), 1),
        ],
        {"Monte Carlo of the same precision": []},
        series={"isacnb": series(where, errors)},
    )


def sampling() -> dict:
    """Measure draws of two sufficient statistics against whole vectors of 64 antennas."""
    antennas, size = 64, 100_000
    vector = steering(antennas, 0.3)

    def idiom(rng, size):
        h = rng.standard_normal((size, antennas)) + 1j * rng.standard_normal((size, antennas))
        h /= np.sqrt(2)
        return h @ vector.conj(), (np.abs(h) ** 2).sum(axis=1)

    rng = np.random.default_rng(13)
    whole = seconds(lambda: [idiom(rng, 10_000) for _ in range(size // 10_000)])
    ours = seconds(
        lambda: [
            gaussian_functionals(rng, 10_000, vector[None], 0.0, 1.0) for _ in range(size // 10_000)
        ]
    )
    return row(
        "sampling",
        "Sampling a functional and the norm of a Gaussian vector, N = 64",
        [
            figure("million draws/s", size / ours / 1e6),
            figure("times as fast as whole vectors", whole / ours, 10, larger=True),
        ],
        {"numpy, whole vectors": [figure("million draws/s", size / whole / 1e6)]},
    )


def rare() -> dict:
    """Measure the estimate of a probability of 1e-9."""
    law = GenChi2.of_gammas([1.0, 0.5, 0.25], [2, 3, 2], [0.5, 0.0, 1.0])
    level = 0.110956
    exact = certified_genchi2_cdf(level, law)
    event = QuadraticEvent(level, law)
    estimates = []
    elapsed = seconds(lambda: estimates.append(tilted_probability(event, seed=1)))
    estimate = estimates[0]
    probability = float(exact)
    # variance of one sample under the tilted law against p (1 - p) of an indicator
    conditional = estimate_mean(event.conditional, 100_000, seed=2)
    gain = probability * (1 - probability) / (conditional.standard_error**2 * conditional.n)
    hits = int(np.sum(draw(lambda rng, n: rng.standard_gamma(7, n) < level, 10_000, seed=3)))
    return row(
        "rare",
        "Rare events, probability 1e-9",
        [
            figure("probability", probability),
            figure("seconds", elapsed, 1),
            figure("quoted relative standard error", estimate.standard_error / estimate.mean, 0.01),
            figure(
                "relative error against the certified value",
                abs(estimate.mean / probability - 1),
                0.01,
            ),
            figure("variance of plain Monte Carlo over ours, a sample", gain, 1e8, larger=True),
        ],
        {"plain Monte Carlo": [figure("hits among 10,000 samples", hits)]},
    )
