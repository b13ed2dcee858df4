"""Downlink SINR: closed forms against covariance matrices, draws and limits."""

import numpy as np
import pytest
import sympy as sp

from isacnb.coupling.downlink_sinr import (
    beam_power,
    disturbance,
    estimate_power,
    estimate_variances,
    maximum_ratio,
    overlaps,
    own_beam_power,
    receive,
    scene_sinr,
    scene_sinr_large_array,
    scene_sinr_printed,
    sensing_beam_power,
    simulate_downlink,
    sinr,
    sinr_large_array,
    sinr_per_antenna_limit,
    sinr_printed,
    sum_rate,
    symbol_streams,
    transmit_matrix,
    transmit_power,
)
from isacnb.coupling.parameters import CouplingParameters
from isacnb.coupling.uplink import UplinkLink, estimate_printed, observe

PLACES = [(60, 9, 0.3, 0.32), (90, 12, -0.5, 0.9), (120, 14, 1.0, -0.5)]


def scene(N=8, places=PLACES, **changes):
    settings = CouplingParameters.paper(antennas=N, **changes)
    return [UplinkLink.at(settings, *place) for place in places]


def covariances(link):
    """Covariance of the estimate and of channel with estimate, from the observation's."""
    u, x, noise = link.energies
    N = link.antennas
    observed = (u + noise) * np.eye(N) + x * np.outer(link.steering, link.steering.conj())
    c = u / (u + x + noise)
    return c**2 * observed / link.amplitude_user**2, c * link.scattered_gain * np.eye(N)


def moment_own(link):
    """E|h^H h-hat|^2 from covariance matrices by Isserlis' theorem."""
    Q, cross = covariances(link)
    m, mu = link.mean_channel, link.scattered_gain
    power = np.vdot(m, m).real
    return (
        (power + np.trace(cross).real) ** 2
        + (m.conj() @ Q @ m).real
        + mu * power
        + mu * np.trace(Q).real
    )


def moment_other(link, other):
    Q, _ = covariances(other)
    m, mu = link.mean_channel, link.scattered_gain
    left = np.outer(other.mean_channel, other.mean_channel.conj()) + Q
    right = np.outer(m, m.conj()) + mu * np.eye(link.antennas)
    return np.trace(left @ right).real


def moments_of(links):
    variances = [estimate_variances(*link.energies, link.scattered_gain) for link in links]
    phi, chi = (np.array(v, dtype=float) for v in zip(*variances, strict=True))
    mu = np.array([link.scattered_gain for link in links])
    kappa = np.array([link.rician_factor for link in links])
    return mu, kappa, phi, chi


def test_estimate_variances_are_those_of_the_covariance_matrix():
    link = scene()[1]
    phi, chi = estimate_variances(*link.energies, link.scattered_gain)
    outer = np.outer(link.steering, link.steering.conj())
    expected, _ = covariances(link)
    np.testing.assert_allclose(phi * np.eye(8) + chi * (outer - np.eye(8)), expected, rtol=1e-12)


@pytest.mark.parametrize("kappa", [0.0, 2.0])
def test_moments_against_covariance_matrices(kappa):
    links = scene(rician_factor=kappa)
    mu, _, phi, chi = moments_of(links)
    overlap, echo = overlaps(links)
    for k, link in enumerate(links):
        Q, _ = covariances(link)
        power = np.trace(Q).real + np.vdot(link.mean_channel, link.mean_channel).real
        assert estimate_power(mu[k], kappa, phi[k], 8, 8) == pytest.approx(power, rel=1e-12, abs=0)
        own = own_beam_power(
            mu[k], kappa, phi[k], 8, 8, echo_variance=chi[k], echo_overlap=echo[k, k]
        )
        assert own == pytest.approx(moment_own(link), rel=1e-12, abs=0)
        for i, other in enumerate(links):
            if i != k:
                heard = beam_power(
                    mu[k],
                    kappa,
                    8,
                    mu[i],
                    kappa,
                    phi[i],
                    8,
                    overlap[k, i],
                    8,
                    other_echo_variance=chi[i],
                    echo_overlap=echo[k, i],
                )
                assert heard == pytest.approx(moment_other(link, other), rel=1e-12, abs=0)
        a = links[0].steering
        m = link.mean_channel
        direct = abs(np.vdot(a, m)) ** 2 + mu[k] * 8
        assert sensing_beam_power(mu[k], kappa, echo[k, 0], 8) == pytest.approx(
            direct, rel=1e-12, abs=0
        )


def test_sinr_is_assembled_from_the_definition():
    links, rho, power = scene(rician_factor=1.5), 0.3, 2.0
    result = scene_sinr(links, 1, rho, power)
    sent = [np.trace(covariances(n)[0]).real + 1.5 * n.scattered_gain * 8 for n in links]
    for k, link in enumerate(links):
        heard = [
            (moment_own(link) if i == k else moment_other(link, other)) / sent[i]
            for i, other in enumerate(links)
        ]
        beam = abs(np.vdot(links[1].steering, link.mean_channel)) ** 2 / 8 + link.scattered_gain
        rest = rho * (sum(heard) - sent[k]) + (1 - rho) * beam + link.noise_power / power
        assert result[k] == pytest.approx(rho * sent[k] / rest, rel=1e-12, abs=0)


def test_printed_sinr_lacks_rho_before_the_loss():
    links = scene()
    mu, kappa, phi, _ = moments_of(links)
    overlap, echo = overlaps(links)
    arguments = (mu, kappa, phi, overlap, echo[:, 0], 8)
    gap = disturbance(*arguments, 0.4, 0.0) - disturbance(*arguments, 0.4, 0.0, split_on_loss=False)
    loss = (mu * kappa * 8) ** 2 / (mu * kappa * 8 + phi * 8)
    np.testing.assert_allclose(gap, 0.6 * loss, rtol=1e-9)
    np.testing.assert_allclose(
        sinr_printed(*arguments, 1.0, 0.1), sinr(*arguments, 1.0, 0.1), rtol=1e-12
    )
    typical = scene(64, [(70, 30, 0.25, -0.2), (105, 34, -0.6, 0.6), (115, 38, 1.0, -0.95)])
    assert np.all(scene_sinr_printed(typical, 0, 0.5, 1.0) < 0)
    assert np.all(scene_sinr(typical, 0, 0.5, 1.0) > 0)


def test_large_array_form_is_the_exact_one_without_overlaps():
    mu, kappa, phi = np.array([1.0, 2.0]), np.array([0.5, 3.0]), np.array([0.4, 1.1])
    overlap = np.diag([32.0**2, 32.0**2])
    exact = sinr(mu, kappa, phi, overlap, np.zeros(2), 32, 0.3, 0.05)
    np.testing.assert_allclose(sinr_large_array(mu, kappa, phi, 32, 0.3, 0.05), exact, rtol=1e-12)


def test_limit_for_many_antennas():
    far = scene(2**22, [(70, 9, 0.25, -0.2), (95, 9, -0.6, 0.6)])
    here = scene_sinr_large_array(far, 0, 0.5, 1.0)[0] / 2**22
    limit = sinr_per_antenna_limit(far[0].scattered_gain, 1.0, 2, 0.5, far[0].noise_power)
    assert here == pytest.approx(limit, rel=1e-3)


def test_simulation_agrees_and_tells_the_printed_forms_apart():
    links = scene(rician_factor=2.0)
    result = simulate_downlink(links, 0, 0.5, 1.0, 60, seed=1, batch=500)
    score = (scene_sinr(links, 0, 0.5, 1.0) - result.sinr.mean) / result.sinr.standard_error
    assert np.all(np.abs(score) < 4)
    mu, kappa, phi, _ = moments_of(links)
    overlap, echo = overlaps(links)
    white = sinr(mu, kappa, phi, overlap, echo[:, 0], 8, 0.5, links[0].noise_power)
    assert np.max(np.abs(white - result.sinr.mean) / result.sinr.standard_error) > 10


def test_signals_from_streams():
    rng = np.random.default_rng(2)
    links = scene()
    streams = symbol_streams(16, 4)
    np.testing.assert_allclose(streams @ streams.conj().T, 16 * np.eye(4), atol=1e-12)
    seen = [observe(rng, 5, link) for link in links]
    guesses = np.stack(
        [estimate_printed(s.training, link) for s, link in zip(seen, links, strict=True)], axis=1
    )
    beams = maximum_ratio(guesses, links)
    beam = links[0].steering / np.sqrt(8)
    sent = transmit_matrix(beams, beam, streams, 0.25, 4.0)
    # despreading a stream leaves the channel times its beam
    channels = np.stack([s.channel for s in seen], axis=1)
    heard = receive(rng, channels, sent, 0.0) @ streams[1].conj() / 16
    direct = np.einsum("skn,sn->sk", channels.conj(), beams[:, 1])
    np.testing.assert_allclose(heard, direct, rtol=1e-9)
    assert transmit_power(3, 0.25, 4.0) == pytest.approx(4 * (0.75 + 0.75))


def test_symbols_pass():
    mu, phi, kappa, N, rho, nu = sp.symbols("mu phi kappa N rho nu", positive=True)
    gram = np.array([[N**2]], dtype=object)
    one = sinr(np.array([mu]), np.array([kappa]), np.array([phi]), gram, np.array([0]), N, rho, nu)
    large = sinr_large_array(np.array([mu]), np.array([kappa]), np.array([phi]), N, rho, nu)
    assert sp.simplify(one[0] - large[0]) == 0


def test_rate_and_bad_arguments():
    assert sum_rate([[1.0, 3.0], [0.0, 7.0]], 0.5).tolist() == [1.5, 1.5]
    links = scene()
    with pytest.raises(ValueError, match="power_split"):
        scene_sinr(links, 0, 1.5, 1.0)
    with pytest.raises(ValueError, match="target"):
        scene_sinr(links, 3, 0.5, 1.0)
    with pytest.raises(ValueError, match="user axis"):
        sinr(1.0, 1.0, 1.0, [[1.0]], [1.0], 1, 0.5, 0.1)
    with pytest.raises(ValueError, match="overlap"):
        sinr([1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [[1.0]], [1.0], 1, 0.5, 0.1)
    with pytest.raises(ValueError, match="sinr"):
        sum_rate([-0.5])
    with pytest.raises(ValueError, match="streams"):
        transmit_matrix(np.ones((1, 2, 4)), np.ones(4), np.ones((2, 8)), 0.5, 1.0)
    with pytest.raises(ValueError, match="count"):
        symbol_streams(4, 5)
