"""Channels drawn for the tests of this room, and what counts as near."""

import math

import numpy as np

from isacnb.rician.channel import rician_channel
from isacnb.signals.arrays import steering_derivative, steering_vector


def draw_channels(rng, rows, N, K, S):
    """T and Z of channels with a direct path whose projection on a unit target vector is S."""
    los = np.zeros(N, complex)
    los[0], los[1] = S / math.sqrt(N), math.sqrt(max(N - S**2 / N, 0))
    nu = (rng.standard_normal((rows, N)) + 1j * rng.standard_normal((rows, N))) / math.sqrt(2)
    h = math.sqrt(K / (K + 1)) * los + math.sqrt(1 / (K + 1)) * nu
    return math.sqrt(N) * h[:, 0], np.sum(np.abs(h) ** 2, axis=1)


def draws(target, user, N, K, size=60_000, seed=5):
    """T, T' and Z of drawn channels."""
    h = rician_channel(np.random.default_rng(seed), size, user, N, K)
    gain = h @ steering_vector(target, N, True).conj()
    slope = h @ steering_derivative(target, N, True).conj()
    return h, gain, slope, (np.abs(h) ** 2).sum(axis=1)


def near(probability, indicator):
    """Whether drawn events have the probability, within five standard errors."""
    error = np.sqrt(max(probability * (1 - probability), 1e-6) / len(indicator))
    return abs(indicator.mean() - probability) < 5 * error
