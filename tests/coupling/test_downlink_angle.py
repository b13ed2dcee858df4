"""Downlink sensing: closed forms against differentiated echoes and drawn estimates."""

import dataclasses

import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling import downlink_angle
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_angle import (
    Traces,
    Transmission,
    array_gap,
    beam_traces,
    crb,
    crb_large_array,
    draw_echo,
    draw_estimates,
    echo,
    information_matrix,
    mean_traces,
    root_crb_sum,
    sine_gap,
    traces,
    user_products,
)
from isacnb.coupling.downlink_system import transmit_matrix
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
SENT = transmit_matrix(BEAMS, SENSING, STREAMS, 0.3, 2.0)
CORRELATION = SENT @ SENT.conj().T
LOS, VARIANCE = np.array([0.5, 0.2, 0.9]), np.array([0.3, 0.1, 0.2])
USERS = np.array([-0.9, 0.5, 0.8])


def seen(split, **changes):
    """The users of this file as the target sees them."""
    case = Transmission.from_angles(ANGLE, USERS, LOS, VARIANCE, split, N)
    return dataclasses.replace(case, **changes)


def alone(angle, antennas, split, energy):
    """A transmission without users."""
    return Transmission(angle, [], [], [], [], split, antennas, energy=energy)


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
    bound = crb(traces(ANGLE, CORRELATION), abs(GAIN) ** 2, 0.5)
    assert bound == pytest.approx(cramer_rao_bound(model), rel=1e-9)


def test_beams_need_no_matrix():
    parts = beam_traces(ANGLE, np.vstack([BEAMS, SENSING]), [0.6] * K + [1.4]).scaled(T)
    expected = traces(ANGLE, CORRELATION)
    assert as_array(parts)[[0, 2]].real == pytest.approx(as_array(expected)[[0, 2]].real)
    assert abs(parts.mixed) == pytest.approx(abs(expected.mixed))
    assert parts.effective == pytest.approx(expected.effective)


@pytest.mark.parametrize("split", [0.0, 0.3, 1.0])
def test_mean_traces_of_the_mean_correlation(split):
    expected = as_array(traces(ANGLE, mean_correlation(split)))
    assert as_array(mean_traces(seen(split))) == pytest.approx(expected, rel=1e-12, abs=1e-10)
    pairs = as_array(traces(ANGLE, mean_correlation(split, pairs=True)))
    restored = mean_traces_printed(seen(split), root_lost=False, square_of_antennas=False)
    assert as_array(restored) == pytest.approx(pairs, rel=1e-12, abs=1e-10)


def test_printed_slips_are_the_printed_ones():
    case = seen(0.3)
    restored = mean_traces_printed(case, root_lost=False, square_of_antennas=False)
    squared = mean_traces_printed(case, root_lost=False)
    rest = np.sum(VARIANCE / (LOS + VARIANCE))
    assert squared.steering - restored.steering == pytest.approx(0.3 * (N**2 - N) * rest)
    lost = abs(np.sum(LOS / np.sqrt(LOS + VARIANCE) * case.user_product)) ** 2
    expected = 0.3 * (lost + N**2 * rest) + 0.7 * N**2
    assert mean_traces_printed(case).steering == pytest.approx(expected)


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
    mean = mean_traces(seen(0.3))
    error = parts.derivative.std() / np.sqrt(20_000)
    assert abs(parts.derivative.mean() - mean.derivative) < 4 * error
    # the bound of the mean lies below the mean bound
    assert np.mean(1 / parts.effective) > 1 / mean.effective


def test_bound_of_a_large_array_is_that_of_the_sensing_beam():
    for antennas in (2, 5, 64):
        beam = steering_vector(ANGLE, antennas)[None] / np.sqrt(antennas)
        exact = crb(beam_traces(ANGLE, beam, [0.7]).scaled(3.0), 0.58, 0.1)
        closed = crb_large_array(alone(ANGLE, antennas, 0.3, 3.0), 0.58, 0.1)
        assert closed == pytest.approx(exact, rel=1e-11)
        assert crb(mean_traces(alone(ANGLE, antennas, 0.3, 3.0)), 0.58, 0.1) == pytest.approx(
            exact, rel=1e-11
        )
    assert crb_large_array(alone(ANGLE, 8, 1.0, 1.0), 1.0, 1.0) == np.inf
    assert crb(mean_traces(alone(ANGLE, 1, 0.5, 1.0)), 1.0, 1.0) == np.inf
    case = alone(ANGLE, np.array([4, 100_000]), np.array([[0.1], [0.5]]), 1.0)
    many = crb_large_array(case, 1.0, 1.0)
    assert many.shape == (2, 2)
    one = crb_large_array(alone(ANGLE, 100_000, 0.5, 1.0), 1.0, 1.0)
    assert many[1, 1] == pytest.approx(one, rel=1e-14)


def test_products_broadcast_over_antennas():
    sizes = np.array([[4], [8]])
    product, slope = user_products(ANGLE, USERS, sizes)
    for row, size in enumerate((4, 8)):
        a = steering_vector(USERS, size)
        assert product[row] == pytest.approx(a @ steering_vector(ANGLE, size).conj())
        step = 1e-6
        moved = [a @ steering_vector(ANGLE + s, size).conj() for s in (step, -step)]
        assert slope[row] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-6)


def test_a_transmission_broadcasts_over_angles_and_antennas():
    """Leading axes of the target's angle, the share and the antennas, beside the users' axis."""
    angles, sizes = np.array([[0.4], [-0.7]]), np.array([4, 8, 16])
    many = Transmission.from_angles(angles, USERS, LOS, VARIANCE, 0.3, sizes, energy=2.0)
    forms = (
        mean_traces,
        mean_traces_printed,
        printed_forms.steering_trace_c2_printed,
        printed_forms.mixed_trace_c4_printed,
        printed_forms.derivative_trace_c5_printed,
        printed_forms.derivative_trace_large_array_printed,
    )
    for form in forms:
        found = form(many)
        for row, angle in enumerate(angles[:, 0]):
            for column, size in enumerate(sizes):
                one = form(
                    Transmission.from_angles(
                        angle, USERS, LOS, VARIANCE, 0.3, int(size), energy=2.0
                    )
                )
                if isinstance(found, Traces):
                    here = as_array(found)[:, row, column]
                    assert here == pytest.approx(as_array(one), rel=1e-12)
                else:
                    assert found[row, column] == pytest.approx(one, rel=1e-12)


def test_lines_of_sight_that_are_single_paths():
    lines = Transmission.from_lines_of_sight(ANGLE, steering_vector(USERS, N), LOS, VARIANCE, 0.3)
    assert lines.line_of_sight_power == pytest.approx(np.full(K, N))
    for form in (mean_traces, mean_traces_printed):
        plain = dataclasses.replace(lines, line_of_sight_power=None)
        assert as_array(form(plain)) == pytest.approx(as_array(form(seen(0.3))), rel=1e-12)
    assert as_array(mean_traces(lines)) == pytest.approx(
        as_array(mean_traces(seen(0.3))), rel=1e-12
    )


def test_shares_of_a_beam_add_up():
    case = seen(0.3)
    assert case.line_of_sight_share + case.scattered_share == pytest.approx(np.ones(K))
    lines = Transmission.from_lines_of_sight(ANGLE, LINES, LOS, VARIANCE, 0.3)
    whole = lines.line_of_sight_share * NORMS / N + lines.scattered_share
    assert whole == pytest.approx(np.ones(K))


def test_multiprecision():
    with mpmath.workdps(30):
        case = alone(mpmath.mpf("0.4"), 64, mpmath.mpf("0.5"), 1)
        value = crb_large_array(case, 1, 1)
        users = [mpmath.mpf(str(angle)) for angle in USERS]
        gains = [mpmath.mpf(str(gain)) for gain in LOS], [mpmath.mpf(str(v)) for v in VARIANCE]
        case = Transmission.from_angles(mpmath.mpf("0.4"), users, *gains, mpmath.mpf("0.3"), N)
        precise = mean_traces(case).effective
    assert float(value) == pytest.approx(
        float(crb_large_array(alone(0.4, 64, 0.5, 1), 1, 1)), rel=1e-14
    )
    assert float(mpmath.re(precise)) == pytest.approx(mean_traces(seen(0.3)).effective, rel=1e-12)


def test_symbols_stay_exact():
    g, q = sp.symbols("g q")
    m, rho, size = sp.symbols("m rho N", positive=True)
    case = Transmission(sp.pi / 3, [g], [q], [m], [1 - m], rho, size)
    expected = rho * (m * g * sp.conjugate(g) + size * (1 - m)) + (1 - rho) * size**2
    found = downlink_angle.steering_trace(case)
    assert sp.expand(found - expected) == 0
    assert not found.atoms(sp.Float)
    printed = printed_forms.steering_trace_printed(case, root_lost=False)
    squared = rho * (size**2 - size) * (1 - m)
    assert sp.expand(printed - expected - squared) == 0


def test_gaps_and_the_sum_of_root_bounds():
    assert sine_gap(np.pi / 2, -np.pi / 2) == pytest.approx(0.0, abs=1e-15)
    assert sine_gap(0.0, np.pi / 6) == pytest.approx(0.5)
    assert root_crb_sum([4.0, 9.0]) == 5.0


def test_drawn_noise():
    drawn = draw_echo(np.random.default_rng(4), ANGLE, GAIN, SENT, 0.5, 2000)
    noise = drawn - echo(ANGLE, GAIN, SENT)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: seen(0.5, user_slope=np.ones(2)), "same users", id="users that differ"
        ),
        pytest.param(lambda: seen(0.5, specular_gain=0.5), "same users", id="no axis of users"),
        pytest.param(
            lambda: seen(0.5, specular_gain=0 * LOS, estimate_variance=0 * LOS),
            "not both be 0",
            id="no estimate",
        ),
        pytest.param(lambda: seen(1.2), "data_share", id="share above 1"),
        pytest.param(lambda: seen(0.5, target_angle=2.0), "target_angle", id="angle behind"),
        pytest.param(
            lambda: Transmission.from_angles(0.1, [np.inf], [1.0], [1.0], 0.5, N),
            "user_angle must be finite",
            id="infinite angle",
        ),
        pytest.param(
            lambda: Transmission.at_mean_distances(CouplingParameters.paper(), 0.1, [0.2]),
            "user_angle must have shape",
            id="angles for other users",
        ),
        pytest.param(
            lambda: mean_traces_printed(seen(0.5, line_of_sight_power=np.full(K, 5.0))),
            "line_of_sight_power must be None",
            id="Lemma 3 for other norms",
        ),
        pytest.param(lambda: traces(ANGLE, np.ones((2, 3))), "square", id="no square"),
        pytest.param(
            lambda: crb(mean_traces(alone(ANGLE, 4, 1.0, 1.0)), 1.0, 1.0),
            "contradict",
            id="nothing reaches the target",
        ),
        pytest.param(
            lambda: draw_echo(np.random.default_rng(1), 0.1, 1.0, SENT, 1.0, 10**9),
            "GiB",
            id="more echoes than fit",
        ),
        pytest.param(
            lambda: downlink_angle.monostatic_derivative(0.1, 10**6), "GiB", id="more than fits"
        ),
        pytest.param(
            lambda: downlink_angle.correlation_matrix(BEAMS, np.ones(2), ANGLE, 0.5, 1.0),
            "estimate must have shape",
            id="powers of other users",
        ),
        pytest.param(
            lambda: printed_forms.correlation_matrix_printed(BEAMS, np.ones(1), ANGLE, 0.5, 1.0),
            "estimate must have shape",
            id="one power for all, as printed",
        ),
        pytest.param(
            lambda: downlink_angle.mean_correlation_matrix(
                LINES, 0 * LOS, 0 * LOS, ANGLE, 0.5, 1.0
            ),
            "not both be 0",
            id="no mean estimate",
        ),
        pytest.param(
            lambda: downlink_angle.mean_correlation_matrix(LINES, 1.0, 1.0, ANGLE, 0.5, 1.0),
            "line_of_sight must have shape",
            id="gains without users",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- right forms of what is wrong in print ------------------------------------------------------

#: lines of sight that are no steering vectors, of squared norms that are not N
LINES = (RNG.standard_normal((K, N, 2)) @ [1, 1j]) * np.array([0.6, 1.0, 1.7])[:, None]
NORMS = np.sum(abs(LINES) ** 2, axis=1)


def test_correlation_is_that_of_the_streams():
    powers = np.array([2.0, 0.5, 1.3])
    beams = BEAMS / np.sqrt(powers)[:, None]
    sent = transmit_matrix(beams, SENSING, STREAMS, 0.3, 2.0)
    right = downlink_angle.correlation_matrix(BEAMS, powers, ANGLE, 0.3, 2.0 * T)
    assert right == pytest.approx(sent @ sent.conj().T, abs=1e-10)
    # as printed: all users send the first stream
    same = STREAMS[[0] * K + [K]]
    sent = transmit_matrix(beams, SENSING, same, 0.3, 2.0)
    printed = printed_forms.correlation_matrix_printed(BEAMS, powers, ANGLE, 0.3, 2.0 * T)
    assert printed == pytest.approx(sent @ sent.conj().T, abs=1e-10)
    assert np.max(abs(printed - right)) > 0.1


def test_mean_correlation_against_drawn_estimates():
    rng, size = np.random.default_rng(71), 50_000
    white = (rng.standard_normal((size, K, N, 2)) @ [1, 1j]) / np.sqrt(2)
    guess = np.sqrt(LOS)[:, None] * LINES + np.sqrt(VARIANCE)[:, None] * white
    powers = LOS * NORMS + VARIANCE * N
    drawn = downlink_angle.correlation_matrix(guess, powers, ANGLE, 0.4, 3.0)
    error = (drawn.real.std(axis=0) + drawn.imag.std(axis=0)) / np.sqrt(size)
    right = downlink_angle.mean_correlation_matrix(LINES, LOS, VARIANCE, ANGLE, 0.4, 3.0)
    assert np.all(abs(drawn.mean(axis=0) - right) < 5 * error)
    printed = printed_forms.mean_correlation_matrix_printed(LINES, LOS, VARIANCE, ANGLE, 0.4, 3.0)
    assert np.max(abs(drawn.mean(axis=0) - printed) / error) > 50


def test_traces_are_those_of_the_mean_correlation():
    case = Transmission.from_lines_of_sight(ANGLE, LINES, LOS, VARIANCE, 0.3, energy=2.5)
    found = as_array(mean_traces(case))
    mean = downlink_angle.mean_correlation_matrix(LINES, LOS, VARIANCE, ANGLE, 0.3, 2.5)
    assert found == pytest.approx(as_array(traces(ANGLE, mean)), rel=1e-10)
    printed = printed_forms.mean_correlation_matrix_printed(LINES, LOS, VARIANCE, ANGLE, 0.3, 2.5)
    with_pairs = printed_forms.steering_trace_c2_printed(case)
    assert with_pairs == pytest.approx(traces(ANGLE, printed).steering, rel=1e-10)
    assert abs(with_pairs / found[0] - 1) > 1e-3


def test_printed_traces_term_by_term():
    """The formulas of the appendix and of Lemma 3 with their sums written out."""
    product = LINES @ steering_vector(ANGLE, N).conj()
    slope = LINES @ steering_derivative(ANGLE, N).conj()
    rho, s = 0.3, np.pi * np.cos(ANGLE)
    sensing = (1 - rho) * N**2 * (N**2 - 1) / 12 * s**2
    mixed = derivative = steering_3 = mixed_3 = derivative_3 = 0
    for k in range(K):
        for i in range(K):
            g = product[k] * np.conj(product[i])
            ga = product[k] * np.conj(slope[i])
            ag = slope[k] * np.conj(product[i])
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
    case = Transmission(
        ANGLE, product, slope, LOS, VARIANCE, rho, N, line_of_sight_power=NORMS, energy=2.5
    )
    assert printed_forms.mixed_trace_c4_printed(case) == pytest.approx(2.5 * mixed)
    assert printed_forms.derivative_trace_c5_printed(case) == pytest.approx(
        2.5 * (derivative + sensing)
    )
    lemma = dataclasses.replace(case, line_of_sight_power=None)
    assert printed_forms.steering_trace_printed(lemma) == pytest.approx(
        2.5 * (steering_3.real + (1 - rho) * N**2)
    )
    assert printed_forms.mixed_trace_printed(lemma) == pytest.approx(2.5 * mixed_3)
    assert printed_forms.derivative_trace_printed(lemma) == pytest.approx(
        2.5 * (derivative_3.real + sensing)
    )
    assert abs(derivative_3.imag) < 1e-9 * derivative_3.real


def test_traces_of_many_antennas():
    """Fixed directions: the users' lines of sight drop out, the scattering does not."""
    p = CouplingParameters.paper(N=2000, noise_power=0.0)
    target, users = 0.3, [-0.9, -0.2, 0.9, 1.2]
    case = Transmission.at_mean_distances(p, target, users)
    # a quality that does not fade, so that the scattered part can be seen
    case = dataclasses.replace(case, estimate_variance=0.5 * case.specular_gain, data_share=0.9)
    found = mean_traces(case)
    aperture = (2000**2 - 1) / 12 * np.pi**2 * np.cos(target) ** 2
    for sensing, true, right, printed in (
        (
            0.1 * 2000**2,
            found.steering,
            downlink_angle.steering_trace_large_array(case),
            printed_forms.steering_trace_large_array_printed(case),
        ),
        (
            0.1 * 2000**2 * aperture,
            found.derivative,
            downlink_angle.derivative_trace_large_array(case),
            printed_forms.derivative_trace_large_array_printed(case),
        ),
    ):
        assert true - sensing == pytest.approx(right - sensing, rel=0.02)
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
    with pytest.raises(ValueError, match="information must have shape"):
        printed_forms.schur_complement_printed(np.eye(2))


def test_gap_is_what_the_array_product_falls_with():
    target, user = 0.4, np.array([-0.3, 0.9, -1.2])
    for antennas in (8, 64, 500):
        gap = array_gap(target, user, antennas)
        product = abs(steering_vector(user, antennas) @ steering_vector(target, antennas).conj())
        assert np.all(product / antennas <= 1 / gap + 1e-12)
        assert gap == pytest.approx(antennas * np.sin(np.pi / 2 * sine_gap(target, user)))
    # two ends of the axis: far apart as angles, close for the array
    ends = np.deg2rad([89.0, -89.0])
    assert printed_forms.array_gap_printed(*ends, 64) > 0
    assert array_gap(*ends, 64) < 0.1
    assert printed_forms.array_gap_printed(0.3, 0.32, 64) < 0
