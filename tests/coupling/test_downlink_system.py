"""The downlink drawn: its SINR against the closed form, and its signals stream by stream."""

import numpy as np
import pytest

from isacnb.coupling.downlink_sinr import DownlinkUsers, sinr, sinr_of_links
from isacnb.coupling.downlink_system import (
    maximum_ratio,
    receive,
    received_signal,
    simulate_downlink,
    transmit_matrix,
)
from isacnb.coupling.printed import received_signal_printed
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink
from isacnb.coupling.uplink_system import estimate_paper, observe
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
