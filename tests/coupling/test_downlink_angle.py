"""Downlink sensing: closed forms against differentiated echoes and drawn estimates."""

import mpmath
import numpy as np
import pytest

from isacnb.coupling import downlink_angle
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_angle import (
    angle_bound,
    asymptotic_bound,
    beam_traces,
    draw_echo,
    draw_estimates,
    echo,
    information_matrix,
    mean_traces,
    separation,
    sum_root_bound,
    traces,
    transmit_matrix,
    user_products,
)
from isacnb.coupling.printed import mean_traces_printed
from isacnb.coupling.settings import CouplingParameters
from isacnb.signals.arrays import steering_derivative, steering_vector
from isacnb.signals.fisher import cramer_rao_bound, model_information
from isacnb.signals.streams import orthogonal_streams

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
        (lambda: transmit_matrix(BEAMS, SENSING, STREAMS[:K], STREAMS[K], 1.0, 1.2), "data_share"),
        (lambda: transmit_matrix(BEAMS, SENSING, STREAMS[:2], STREAMS[K], 1.0, 0.5), "streams"),
        (lambda: asymptotic_bound(np.nan, 8, 1.0, 1.0, 0.5, 1.0), "angle"),
        (lambda: asymptotic_bound(0.1, 0, 1.0, 1.0, 0.5, 1.0), "N"),
        (lambda: user_products(np.inf, USERS, N), "angle"),
        (lambda: mean_traces(ANGLE, [1.0], [1.0], [0.0], [0.0], 0.5, N), "both"),
        (lambda: mean_traces(ANGLE, [1.0], [1.0], [1.0], [0.0], -0.1, N), "data_share"),
        (lambda: orthogonal_streams(4, 5), "count"),
        (lambda: traces(ANGLE, np.ones((2, 3))), "square"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- right forms of what is wrong in print ------------------------------------------------------

#: lines of sight that are no steering vectors, of squared norms that are not N
LINES = (RNG.standard_normal((K, N, 2)) @ [1, 1j]) * np.array([0.6, 1.0, 1.7])[:, None]
NORMS = np.sum(abs(LINES) ** 2, axis=1)
STEERING = steering_vector(ANGLE, N)


def test_correlation_is_that_of_the_streams():
    powers = np.array([2.0, 0.5, 1.3])
    beams = BEAMS / np.sqrt(powers)[:, None]
    sent = transmit_matrix(beams, SENSING, STREAMS[:K], STREAMS[K], 2.0, 0.3)
    right = downlink_angle.correlation_matrix(BEAMS, powers, STEERING, 2.0 * T, 0.3)
    assert right == pytest.approx(sent @ sent.conj().T, abs=1e-10)
    # as printed: all users send the first stream
    same = np.repeat(STREAMS[:1], K, axis=0)
    sent = transmit_matrix(beams, SENSING, same, STREAMS[K], 2.0, 0.3)
    printed = printed_forms.correlation_matrix_printed(BEAMS, powers, STEERING, 2.0 * T, 0.3)
    assert printed == pytest.approx(sent @ sent.conj().T, abs=1e-10)
    assert np.max(abs(printed - right)) > 0.1


def test_mean_correlation_against_drawn_estimates():
    rng, size = np.random.default_rng(71), 50_000
    white = (rng.standard_normal((size, K, N, 2)) @ [1, 1j]) / np.sqrt(2)
    guess = np.sqrt(LOS)[:, None] * LINES + np.sqrt(VARIANCE)[:, None] * white
    powers = LOS * NORMS + VARIANCE * N
    drawn = downlink_angle.correlation_matrix(guess, powers, STEERING, 3.0, 0.4)
    error = (drawn.real.std(axis=0) + drawn.imag.std(axis=0)) / np.sqrt(size)
    right = downlink_angle.mean_correlation_matrix(LINES, LOS, VARIANCE, STEERING, 3.0, 0.4)
    assert np.all(abs(drawn.mean(axis=0) - right) < 5 * error)
    printed = printed_forms.mean_correlation_matrix_printed(
        LINES, LOS, VARIANCE, STEERING, 3.0, 0.4
    )
    assert np.max(abs(drawn.mean(axis=0) - printed) / error) > 50


def test_traces_are_those_of_the_mean_correlation():
    overlap = LINES @ STEERING.conj()
    slope = LINES @ steering_derivative(ANGLE, N).conj()
    users = (LOS, VARIANCE, 0.3, N)
    options = {"line_of_sight_power": NORMS, "energy": 2.5}
    found = np.array(
        [
            downlink_angle.steering_trace(overlap, *users, **options),
            downlink_angle.mixed_trace(ANGLE, overlap, slope, *users, **options),
            downlink_angle.derivative_trace(ANGLE, overlap, slope, *users, **options),
        ]
    )
    mean = downlink_angle.mean_correlation_matrix(LINES, LOS, VARIANCE, STEERING, 2.5, 0.3)
    assert found == pytest.approx(as_array(traces(ANGLE, mean)), rel=1e-10)
    printed = printed_forms.mean_correlation_matrix_printed(
        LINES, LOS, VARIANCE, STEERING, 2.5, 0.3
    )
    with_pairs = printed_forms.steering_trace_printed_c2(overlap, *users, **options)
    assert with_pairs == pytest.approx(traces(ANGLE, printed).steering, rel=1e-10)
    assert abs(with_pairs / found[0] - 1) > 1e-3


def test_printed_traces_term_by_term():
    """The formulas of the appendix and of Lemma 3 with their sums written out."""
    overlap = LINES @ STEERING.conj()
    slope = LINES @ steering_derivative(ANGLE, N).conj()
    rho, s = 0.3, np.pi * np.cos(ANGLE)
    sensing = (1 - rho) * N**2 * (N**2 - 1) / 12 * s**2
    mixed = derivative = steering_3 = mixed_3 = derivative_3 = 0
    for k in range(K):
        for i in range(K):
            g = overlap[k] * np.conj(overlap[i])
            ga = overlap[k] * np.conj(slope[i])
            ag = slope[k] * np.conj(overlap[i])
            aa = slope[k] * np.conj(slope[i])
            root = np.sqrt(LOS[k] * LOS[i])
            strength = np.sqrt(
                (LOS[k] * NORMS[k] + VARIANCE[k] * N) * (LOS[i] * NORMS[i] + VARIANCE[i] * N)
            )
            mixed += rho * root * (N * g - N * (N - 1) / 2 * 1j * s * g) / strength
            first = N * (N - 1) / 2 * 1j * s * ga + N * (N - 1) * (2 * N - 1) / 6 * s**2 * g
            second = N * aa - N * (N - 1) / 2 * 1j * s * ag
            derivative += rho * root * first / strength * root * second / strength
            strength = np.sqrt((LOS[k] + VARIANCE[k]) * (LOS[i] + VARIANCE[i]))
            steering_3 += rho * LOS[k] * LOS[i] * g / strength
            mixed_3 += rho * root * (ga - (N - 1) / 2 * 1j * s * g) / strength
            four = (N - 1) / 2 * 1j * s * (ga - ag) + (N - 1) * (2 * N - 1) / 6 * s**2 * g + aa
            derivative_3 += rho * root * four / strength
        rest = VARIANCE[k] / (LOS[k] * NORMS[k] + VARIANCE[k] * N)
        derivative += rho * N**2 * (N**2 - 1) / 6 * s**2 * rest
        rest = VARIANCE[k] / (LOS[k] + VARIANCE[k])
        steering_3 += rho * N**2 * rest
        derivative_3 += rho * N * (N**2 - 1) / 6 * s**2 * rest
    users = (LOS, VARIANCE, rho, N)
    case = (ANGLE, overlap, slope, *users)
    options = {"line_of_sight_power": NORMS, "energy": 2.5}
    assert printed_forms.mixed_trace_printed_c4(*case, **options) == pytest.approx(2.5 * mixed)
    assert printed_forms.derivative_trace_printed_c5(*case, **options) == pytest.approx(
        2.5 * (derivative + sensing)
    )
    assert printed_forms.steering_trace_printed(overlap, *users) == pytest.approx(
        steering_3.real + (1 - rho) * N**2
    )
    assert printed_forms.mixed_trace_printed(*case) == pytest.approx(mixed_3)
    assert printed_forms.derivative_trace_printed(*case) == pytest.approx(
        derivative_3.real + sensing
    )
    assert abs(derivative_3.imag) < 1e-9 * derivative_3.real


def test_traces_of_many_antennas():
    """Fixed directions: the users' lines of sight drop out, the scattering does not."""
    p = CouplingParameters.paper(N=2000, noise_power=0.0)
    target, users = 0.3, [-0.9, -0.2, 0.9, 1.2]
    case = downlink_angle.mean_distance_inputs(p, target, users)
    # a quality that does not fade, so that the scattered part can be seen
    case = (*case[:4], np.full(4, 0.5) * case[3], 0.9, 2000)
    steering, derivative = (
        downlink_angle.steering_trace(case[1], *case[3:]),
        downlink_angle.derivative_trace(*case),
    )
    right = downlink_angle.steering_trace_large_array(*case[3:])
    sensing = 0.1 * 2000**2
    assert steering - sensing == pytest.approx(right - sensing, rel=0.02)
    printed = printed_forms.steering_trace_large_array_printed(*case[3:])
    assert printed - sensing == pytest.approx(2000 * (right - sensing))
    right = downlink_angle.derivative_trace_large_array(target, *case[3:])
    sensing = 0.1 * 2000**2 * (2000**2 - 1) / 12 * np.pi**2 * np.cos(target) ** 2
    assert derivative - sensing == pytest.approx(right - sensing, rel=0.02)
    printed = printed_forms.derivative_trace_large_array_printed(target, *case[3:])
    assert printed - sensing == pytest.approx(2000 * (right - sensing))


def test_mixed_information_is_that_of_the_differentiated_echo():
    model = model_information(
        lambda v: echo(v[0], v[1] + 1j * v[2], SENT), [ANGLE, GAIN.real, GAIN.imag], 0.5
    )
    parts = traces(ANGLE, CORRELATION)
    assert downlink_angle.mixed_information(parts, GAIN, 0.5) == pytest.approx(
        model[0, 1:], rel=1e-8
    )
    printed = printed_forms.mixed_information_printed(parts, GAIN, 0.5)
    assert printed == pytest.approx(model[0, 1], rel=1e-8)
    assert abs(printed - model[0, 2]) > 0.1 * abs(model[0, 2])
    # by hand: the first mixed block cancels against its transpose, twice
    assert printed_forms.schur_complement_printed(model) == pytest.approx(
        model[0, 0] - 2 / model[1, 1]
    )
    with pytest.raises(ValueError, match="noise_power must be"):
        downlink_angle.mixed_information(parts, GAIN, 0.0)
    with pytest.raises(ValueError, match="information must have shape"):
        printed_forms.schur_complement_printed(np.eye(2))


def test_separation_is_what_the_array_product_falls_with():
    target, user = 0.4, np.array([-0.3, 0.9, -1.2])
    for antennas in (8, 64, 500):
        apart = downlink_angle.array_separation(target, user, antennas)
        product = abs(steering_vector(user, antennas) @ steering_vector(target, antennas).conj())
        assert np.all(product / antennas <= 1 / apart + 1e-12)
    # two ends of the axis: far apart as angles, close for the array
    ends = np.deg2rad([89.0, -89.0])
    assert printed_forms.separation_margin_printed(*ends, 64) > 0
    assert downlink_angle.array_separation(*ends, 64) < 0.1
    assert printed_forms.separation_margin_printed(0.3, 0.32, 64) < 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: downlink_angle.correlation_matrix(BEAMS, np.ones(2), STEERING, 1.0, 0.5),
        lambda: downlink_angle.correlation_matrix(BEAMS, np.zeros(K), STEERING, 1.0, 0.5),
        lambda: downlink_angle.mean_correlation_matrix(LINES, 0 * LOS, 0 * LOS, STEERING, 1.0, 0.5),
        lambda: downlink_angle.steering_trace(np.ones(K), LOS, VARIANCE, 1.5, N),
        lambda: downlink_angle.steering_trace(
            np.ones(K), LOS, VARIANCE, 0.5, N, line_of_sight_power=0.0
        ),
        lambda: downlink_angle.mean_distance_inputs(CouplingParameters.paper(), 0.1, [0.2]),
        lambda: downlink_angle.array_separation(np.nan, 0.0, 4),
        lambda: printed_forms.separation_margin_printed(0.1, 0.2, 0),
    ],
)
def test_bad_input_of_the_right_forms(call):
    with pytest.raises(ValueError, match="must"):
        call()
