"""Downlink sensing: closed forms against differentiated echoes and drawn estimates."""

import mpmath
import numpy as np
import pytest

from isacnb.arrays import steering_vector
from isacnb.coupling.downlink_crlb import (
    angle_bound,
    asymptotic_bound,
    beam_traces,
    draw_echo,
    draw_estimates,
    echo,
    information_matrix,
    mean_traces,
    mean_traces_printed,
    orthogonal_streams,
    separation,
    sum_root_bound,
    traces,
    transmit_matrix,
    user_products,
)
from isacnb.fisher import cramer_rao_bound, model_information

ANGLE, GAIN, N, K, T = 0.4, 0.7 - 0.3j, 6, 3, 8
RNG = np.random.default_rng(0)
BEAMS = (RNG.standard_normal((K, N, 2)) @ [1, 1j]) / np.sqrt(2 * N)
SENSING = steering_vector(ANGLE, N) / np.sqrt(N)
STREAMS = orthogonal_streams(T, K + 1)
SENT = transmit_matrix(BEAMS, SENSING, STREAMS[:K], STREAMS[K], 2.0, 0.3)
CORRELATION = SENT @ SENT.conj().T
LOS, VARIANCE = np.array([0.5, 0.2, 0.9]), np.array([0.3, 0.1, 0.2])
USERS = np.array([-0.9, 0.5, 0.8])


def as_array(parts):
    return np.array([parts.steering, parts.mixed, parts.derivative])


def mean_correlation(split, pairs=False):
    lines = steering_vector(USERS, N)
    columns = np.sqrt(LOS / (LOS + VARIANCE) / N)[:, None] * lines
    users = columns.T @ columns.conj()
    if pairs:
        users = np.outer(columns.sum(0), columns.sum(0).conj())
    rest = np.sum(VARIANCE / (LOS + VARIANCE)) / N * np.eye(N)
    return split * (users + rest) + (1 - split) * np.outer(SENSING, SENSING.conj())


def test_streams_and_power():
    assert pytest.approx(T * np.eye(K + 1), abs=1e-12) == STREAMS @ STREAMS.conj().T
    expected = 0.6 * BEAMS.T @ BEAMS.conj() + 1.4 * np.outer(SENSING, SENSING.conj())
    assert pytest.approx(T * expected, abs=1e-12) == CORRELATION


def test_information_and_bound_of_the_echo():
    model = model_information(
        lambda p: echo(p[0], p[1] + 1j * p[2], SENT), [ANGLE, GAIN.real, GAIN.imag], 0.5
    )
    closed = information_matrix(ANGLE, GAIN, CORRELATION, 0.5)
    assert np.max(np.abs(model - closed)) < 1e-9 * np.max(closed)
    bound = angle_bound(traces(ANGLE, CORRELATION), abs(GAIN) ** 2, 0.5)
    assert bound == pytest.approx(cramer_rao_bound(model), rel=1e-9)


def test_beams_need_no_matrix():
    parts = beam_traces(ANGLE, np.vstack([BEAMS, SENSING]), [0.6] * K + [1.4]).scaled(T)
    expected = traces(ANGLE, CORRELATION)
    assert as_array(parts)[[0, 2]].real == pytest.approx(as_array(expected)[[0, 2]].real)
    assert abs(parts.mixed) == pytest.approx(abs(expected.mixed))
    assert parts.effective == pytest.approx(expected.effective)


@pytest.mark.parametrize("split", [0.0, 0.3, 1.0])
def test_mean_traces_of_the_mean_correlation(split):
    inputs = (ANGLE, *user_products(ANGLE, USERS, N), LOS, VARIANCE, split, N)
    expected = as_array(traces(ANGLE, mean_correlation(split)))
    assert as_array(mean_traces(*inputs)) == pytest.approx(expected, rel=1e-12, abs=1e-10)
    pairs = as_array(traces(ANGLE, mean_correlation(split, pairs=True)))
    restored = mean_traces_printed(*inputs, root_lost=False, square_of_antennas=False)
    assert as_array(restored) == pytest.approx(pairs, rel=1e-12, abs=1e-10)


def test_printed_slips_are_the_printed_ones():
    inputs = (ANGLE, *user_products(ANGLE, USERS, N), LOS, VARIANCE, 0.3, N)
    restored = mean_traces_printed(*inputs, root_lost=False, square_of_antennas=False)
    squared = mean_traces_printed(*inputs, root_lost=False)
    rest = np.sum(VARIANCE / (LOS + VARIANCE))
    assert squared.steering - restored.steering == pytest.approx(0.3 * (N**2 - N) * rest)
    overlap = user_products(ANGLE, USERS, N)[0]
    lost = abs(np.sum(LOS / np.sqrt(LOS + VARIANCE) * overlap)) ** 2
    expected = 0.3 * (lost + N**2 * rest) + 0.7 * N**2
    assert mean_traces_printed(*inputs).steering == pytest.approx(expected)


def test_drawn_estimates_have_the_mean_traces():
    drawn = draw_estimates(
        np.random.default_rng(3), 20_000, steering_vector(USERS, N), LOS, VARIANCE
    )
    beams = np.concatenate(
        [
            drawn / np.sqrt(N * (LOS + VARIANCE))[:, None],
            np.broadcast_to(SENSING, (20_000, 1, N)),
        ],
        axis=1,
    )
    parts = beam_traces(ANGLE, beams, [0.3] * K + [0.7])
    mean = mean_traces(ANGLE, *user_products(ANGLE, USERS, N), LOS, VARIANCE, 0.3, N)
    error = parts.derivative.std() / np.sqrt(20_000)
    assert abs(parts.derivative.mean() - mean.derivative) < 4 * error
    # the bound of the mean lies below the mean bound
    assert np.mean(1 / parts.effective) > 1 / mean.effective


def test_asymptotic_bound_is_that_of_the_sensing_beam():
    for antennas in (2, 5, 64):
        beam = steering_vector(ANGLE, antennas)[None] / np.sqrt(antennas)
        exact = angle_bound(beam_traces(ANGLE, beam, [0.7]).scaled(3.0), 0.58, 0.1)
        closed = asymptotic_bound(ANGLE, antennas, 0.58, 3.0, 0.3, 0.1)
        assert closed == pytest.approx(exact, rel=1e-11)
    assert asymptotic_bound(ANGLE, 8, 1.0, 1.0, 1.0, 1.0) == np.inf
    many = asymptotic_bound(ANGLE, np.array([4, 8]), 1.0, 1.0, np.array([[0.1], [0.5]]), 1.0)
    assert many.shape == (2, 2)


def test_products_broadcast_over_antennas():
    sizes = np.array([[4], [8]])
    overlap, slope = user_products(ANGLE, USERS, sizes)
    for row, size in enumerate((4, 8)):
        a = steering_vector(USERS, size)
        assert overlap[row] == pytest.approx(a @ steering_vector(ANGLE, size).conj())
        step = 1e-6
        moved = [a @ steering_vector(ANGLE + s, size).conj() for s in (step, -step)]
        assert slope[row] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-6)


def test_multiprecision():
    with mpmath.workdps(30):
        value = asymptotic_bound(mpmath.mpf("0.4"), 64, 1, 1, mpmath.mpf("0.5"), 1)
    assert float(value) == pytest.approx(float(asymptotic_bound(0.4, 64, 1, 1, 0.5, 1)), rel=1e-14)


def test_separation_and_sum():
    assert separation(np.pi / 2, -np.pi / 2) == pytest.approx(0.0, abs=1e-15)
    assert separation(0.0, np.pi / 6) == pytest.approx(0.5)
    assert sum_root_bound([4.0, 9.0]) == 5.0


def test_drawn_noise():
    drawn = draw_echo(np.random.default_rng(4), ANGLE, GAIN, SENT, 0.5, 2000)
    noise = drawn - echo(ANGLE, GAIN, SENT)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transmit_matrix(BEAMS, SENSING, STREAMS[:K], STREAMS[K], 1.0, 1.2), "power_split"),
        (lambda: transmit_matrix(BEAMS, SENSING, STREAMS[:2], STREAMS[K], 1.0, 0.5), "streams"),
        (lambda: asymptotic_bound(np.nan, 8, 1.0, 1.0, 0.5, 1.0), "angle"),
        (lambda: asymptotic_bound(0.1, 0, 1.0, 1.0, 0.5, 1.0), "N"),
        (lambda: user_products(np.inf, USERS, N), "angle"),
        (lambda: mean_traces(ANGLE, [1.0], [1.0], [0.0], [0.0], 0.5, N), "both"),
        (lambda: mean_traces(ANGLE, [1.0], [1.0], [1.0], [0.0], -0.1, N), "power_split"),
        (lambda: orthogonal_streams(4, 5), "count"),
        (lambda: traces(ANGLE, np.ones((2, 3))), "square"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
