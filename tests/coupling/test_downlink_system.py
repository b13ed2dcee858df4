"""The downlink drawn: its SINR against the closed form, and its signals stream by stream."""

import numpy as np
import pytest

from isacnb.coupling.downlink_angle import Transmission, information_matrix, mean_traces
from isacnb.coupling.downlink_coverage import (
    joint_downlink_coverage,
    joint_downlink_coverage_system,
)
from isacnb.coupling.downlink_ratios import (
    enhancement_ratio,
    enhancement_ratio_system,
    interference_ratio,
)
from isacnb.coupling.downlink_sinr import DownlinkUsers, sinr, sinr_of_links
from isacnb.coupling.downlink_system import (
    echo_information,
    maximum_ratio,
    maximum_ratio_drawn,
    measure_ratios,
    receive,
    received_signal,
    simulate_downlink,
    transmit_matrix,
)
from isacnb.coupling.printed import received_signal_printed
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink
from isacnb.coupling.uplink_system import estimate_paper, observe
from isacnb.probability.estimators import estimate_probability
from isacnb.probability.poisson import sample_distances
from isacnb.signals.arrays import steering_vector
from isacnb.signals.fisher import fisher_information
from isacnb.signals.streams import orthogonal_streams

PLACES = [(60, 9, 0.3, 0.32), (90, 12, -0.5, 0.9), (120, 14, 1.0, -0.5)]


def scene(**changes):
    settings = CouplingParameters.paper(N=8, **changes)
    return [UplinkLink.at(settings, *place) for place in PLACES]


def gaussian(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def test_simulation_agrees_and_tells_the_printed_forms_apart():
    links = scene(rician_factor=2.0)
    result = simulate_downlink(links, 0, 0.5, 1.0, 60, seed=1, batch=500)
    assert (result.sinr.n, result.sinr.batch) == (60, 500)
    score = (sinr_of_links(links, 0, 0.5, 1.0) - result.sinr.mean) / result.sinr.standard_error
    assert np.all(np.abs(score) < 4)
    users = DownlinkUsers.of(links)
    white = sinr(users.white, users.beam_overlap(0), 8, 0.5, links[0].noise_power)
    assert np.max(np.abs(white - result.sinr.mean) / result.sinr.standard_error) > 10


def test_white_training_is_the_closed_form_without_echoes_in_the_estimates():
    links = scene(rician_factor=2.0)
    result = simulate_downlink(links, 0, 0.5, 1.0, 60, seed=4, batch=500, training="white")
    users = DownlinkUsers.of(links)
    white = sinr(users.white, users.beam_overlap(0), 8, 0.5, links[0].noise_power)
    assert np.all(np.abs(white - result.sinr.mean) < 4 * result.sinr.standard_error)
    assert result.sinr.evaluates == ()  # no formula takes part in the draw


def test_drawn_power_is_one_for_any_estimator():
    beams = maximum_ratio_drawn(gaussian(np.random.default_rng(5), 7, 3, 4) * 9.0)
    np.testing.assert_allclose((np.abs(beams) ** 2).sum(axis=-1).mean(axis=0), 1.0, rtol=1e-12)
    for bad, message in ((np.ones((3, 4)), "size, K, N"), (np.zeros((3, 2, 4)), "mean power > 0")):
        with pytest.raises(ValueError, match=message):
            maximum_ratio_drawn(bad)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.3])
def test_information_of_a_transmission_against_columns_and_traces(angle):
    rng = np.random.default_rng(6)
    sent = gaussian(rng, 5, 6, 3)
    exact = [information_matrix(angle, 1.0, x @ x.conj().T, 2.0) for x in sent]
    np.testing.assert_allclose(echo_information(angle, sent), exact, rtol=1e-10, atol=1e-9)
    many = echo_information(np.full(5, angle), sent)
    np.testing.assert_allclose(many, exact, rtol=1e-10, atol=1e-9)
    # by differences of the echo
    step = 1e-5

    def seen(theta):
        a = steering_vector(theta, 6)
        return np.outer(a, a.conj()) @ sent[0]

    slope = (seen(angle + step) - seen(angle - step)) / (2 * step)
    columns = np.stack([slope, seen(angle), 1j * seen(angle)], axis=-1).reshape(-1, 3)
    np.testing.assert_allclose(
        echo_information(angle, sent[0]), fisher_information(columns, 2.0), rtol=1e-7, atol=1e-6
    )
    with pytest.raises(ValueError, match=r"\(..., N, T\)"):
        echo_information(angle, np.ones(4))


def test_information_of_drawn_estimates_is_that_of_the_mean_traces():
    rng = np.random.default_rng(7)
    links = scene(rician_factor=2.0)
    angles, target = [place[2] for place in PLACES], PLACES[1][3]
    white = [observe(rng, 20_000, link, training="white").training for link in links]
    guesses = [estimate_paper(y, link) for y, link in zip(white, links, strict=True)]
    beams = maximum_ratio_drawn(np.stack(guesses, axis=1))
    streams = orthogonal_streams(4, 4)
    sent = transmit_matrix(beams, links[1].steering / np.sqrt(8), streams, 0.7, 1.0)
    drawn = echo_information(target, sent).mean(axis=0) / 4
    users = DownlinkUsers.of(links)
    gain, variance = users.scattered_gain * 2.0, users.estimate_variance
    closed = mean_traces(Transmission.from_angles(target, angles, gain, variance, 0.7, 8))
    assert drawn[1, 1] == pytest.approx(closed.steering, rel=0.02)
    assert drawn[0, 0] == pytest.approx(closed.derivative, rel=0.02)
    assert np.linalg.inv(drawn)[0, 0] == pytest.approx(1 / closed.effective, rel=0.02)


@pytest.mark.parametrize("training", ["same", "white"])
def test_measured_ratios_at_given_places(training):
    p = CouplingParameters.paper(N=6, noise="-80 dB", rician_factor=0.5, data_share=0.3)
    near, far = np.array([60.0, 110.0, 150.0]), np.array([25.0, 34.0, 18.0])
    rng = np.random.default_rng(8)
    drawn = np.mean(
        [measure_ratios(rng, near, far, p, 4000, training=training) for _ in range(9)], 0
    )
    u, x = p.user_energy(near), p.echo_energy(far)
    total = u + x + p.noise_power
    psi = interference_ratio(u / total, 6, 0.5, 0.3)
    share = x / total if training == "same" else 0.0 * x
    omega = enhancement_ratio_system(u / total, share, 6, 0.5, 0.3)
    np.testing.assert_allclose(drawn[0] * psi, 1, rtol=0.02)
    np.testing.assert_allclose(drawn[1] * omega, 1, rtol=0.03)
    if training == "same":
        assert max(drawn[1] * enhancement_ratio(u / total, 6, 0.5, 0.3)) > 1.1


def test_coverage_of_measured_ratios_in_drawn_networks():
    p = CouplingParameters.paper(noise=None, N=8, rician_factor=0.5, target_power=100.0)
    levels_c, levels_s = np.array([0.125, 0.167]), np.array([0.08, 0.217])
    laws = {"same": joint_downlink_coverage_system, "white": joint_downlink_coverage}
    for training, law in laws.items():

        def event(rng, size, training=training):
            near = sample_distances(rng, size, p.K, p.user_density)[:, -1]
            far = sample_distances(rng, size, p.K, p.target_density)[:, -1]
            harm, help_ = measure_ratios(rng, near, far, p, 400, training=training)
            return (harm[:, None] <= levels_c) & (help_[:, None] >= levels_s)

        drawn = estimate_probability(event, 400, seed=9, block=20)
        assert drawn.evaluates == ()
        low, high = drawn.interval(0.9999)
        assert np.all((low <= law(levels_c, levels_s, p)) & (law(levels_c, levels_s, p) <= high))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"target_distance": [10.0]}, "one shape", id="a target short"),
        pytest.param({"user_distance": 25.0}, "one shape", id="no axis"),
        pytest.param(
            {"parameters": CouplingParameters.paper(N=1)}, "N must be >= 2", id="one antenna"
        ),
        pytest.param(
            {"parameters": CouplingParameters.paper(data_share=1.0)}, "data_share", id="no sensing"
        ),
        pytest.param({"intervals": 1}, "intervals must be", id="no mean"),
        pytest.param({"intervals": 10**10}, "GiB", id="no memory holds it"),
    ],
)
def test_ratios_that_cannot_be_measured_are_refused(changes, message):
    case = {
        "user_distance": [25.0, 30.0],
        "target_distance": [10.0, 12.0],
        "parameters": CouplingParameters.paper(N=4),
        "intervals": 5,
    }
    with pytest.raises(ValueError, match=message):
        measure_ratios(np.random.default_rng(1), **{**case, **changes})


def test_simulated_moments_are_those_of_unit_beams():
    links = scene()

    def fixed(estimates, links):
        return np.broadcast_to(np.eye(8)[:3], estimates.shape)

    result = simulate_downlink(links, 1, 0.5, 1.0, 40, seed=3, batch=200, precoder=fixed)
    means = np.stack([link.mean_channel for link in links])
    gains = np.array([link.scattered_gain for link in links])
    beam = links[1].steering / np.sqrt(8)
    for estimate, exact in (
        (result.user_beam_amplitude, means[range(3), range(3)].real),
        (result.user_beam_gain, abs(means[:, :3]) ** 2 + gains[:, None]),
        (result.target_beam_gain, abs(means.conj() @ beam) ** 2 + gains),
    ):
        assert np.all(abs(estimate.mean - exact) < 5 * estimate.standard_error)


def test_despreading_a_stream_leaves_the_channel_times_its_beam():
    rng = np.random.default_rng(2)
    links = scene()
    streams = orthogonal_streams(16, 4)
    seen = [observe(rng, 5, link) for link in links]
    guesses = np.stack(
        [estimate_paper(s.training, link) for s, link in zip(seen, links, strict=True)], axis=1
    )
    beams = maximum_ratio(guesses, links)
    sent = transmit_matrix(beams, links[0].steering / np.sqrt(8), streams, 0.25, 4.0)
    channels = np.stack([s.channel for s in seen], axis=1)
    heard = receive(rng, channels, sent, 0.0) @ streams[1].conj() / 16
    direct = np.einsum("skn,sn->sk", channels.conj(), beams[:, 1])
    np.testing.assert_allclose(heard, direct, rtol=1e-9)


def test_received_signal_is_the_channel_times_what_is_sent():
    rng = np.random.default_rng(54)
    h, w, beam = gaussian(rng, 5, 3, 4), gaussian(rng, 5, 3, 4), gaussian(rng, 4)
    streams = orthogonal_streams(6, 4)
    case = (h, w, beam, streams, 0.3, 2.0)
    heard = received_signal(*case)
    assert heard == pytest.approx(h.conj() @ transmit_matrix(*case[1:]), rel=1e-12)
    printed = received_signal_printed(*case)
    # all users hear the same data: what differs is the target's stream
    differences = (printed - printed[:, :1]) @ streams.conj().T / 6
    assert np.max(abs(differences[..., :-1])) < 1e-12
    assert np.max(abs(differences[..., -1])) > 0.1
    # the data that the first user hears are the streams through the users' own channels
    own = np.sqrt(0.6) * np.einsum("skn,skn->sk", h.conj(), w)
    assert printed[:, 0] @ streams.conj().T[:, :-1] / 6 == pytest.approx(own, rel=1e-12)


H, W, BEAM, STREAMS = np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.ones(4), np.ones((4, 6))


@pytest.mark.parametrize("function", [received_signal, received_signal_printed])
@pytest.mark.parametrize(
    ("case", "message"),
    [
        pytest.param((H, W, BEAM, STREAMS[:3]), "streams must have 4 rows", id="a stream short"),
        pytest.param((H, W[:, :2], BEAM, STREAMS), "channel and user_beam", id="a beam short"),
        pytest.param((H[0], W[0], BEAM, STREAMS), "size, K, N", id="one draw without its axis"),
        pytest.param((H, W, BEAM[:3], STREAMS), "target_beam must have shape", id="another array"),
    ],
)
def test_signals_that_do_not_fit_are_refused(function, case, message):
    with pytest.raises(ValueError, match=message):
        function(*case, 0.3, 2.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"target_index": 3}, "target_index must be .* <= 2, got 3", id="no such target"
        ),
        pytest.param({"batches": 1}, "batches must be .* >= 2, got 1", id="no standard error"),
        pytest.param({"batch": 10**9}, r"needs [\d,]+ GiB", id="no memory holds it"),
    ],
)
def test_what_cannot_be_simulated_is_refused(changes, message):
    case = {"target_index": 0, "data_share": 0.5, "downlink_power": 1.0, "batches": 2}
    with pytest.raises(ValueError, match=message):
        simulate_downlink(scene(), **{**case, "batch": 10, **changes}, seed=1)
