"""Downlink SINR: closed forms against covariance matrices, draws and limits."""

import numpy as np
import pytest
import sympy as sp

from isacnb.coupling import downlink_sinr, downlink_system
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_sinr import (
    beam_power,
    disturbance,
    estimate_power,
    estimate_variances,
    overlaps,
    own_beam_power,
    scene_sinr,
    scene_sinr_large_array,
    sensing_beam_power,
    sinr,
    sinr_large_array,
    sinr_per_antenna_limit,
    sum_rate,
    transmit_power,
)
from isacnb.coupling.downlink_system import (
    maximum_ratio,
    receive,
    simulate_downlink,
    transmit_matrix,
)
from isacnb.coupling.printed import scene_sinr_printed, sinr_printed
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink
from isacnb.coupling.uplink_system import estimate_printed, observe
from isacnb.signals.streams import symbol_streams

PLACES = [(60, 9, 0.3, 0.32), (90, 12, -0.5, 0.9), (120, 14, 1.0, -0.5)]


def scene(N=8, places=PLACES, **changes):
    settings = CouplingParameters.paper(N=N, **changes)
    return [UplinkLink.at(settings, *place) for place in places]


def covariances(link):
    """Covariance of the estimate and of channel with estimate, from the observation's."""
    u, x, noise = link.energies
    N = link.N
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
    right = np.outer(m, m.conj()) + mu * np.eye(link.N)
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
    with pytest.raises(ValueError, match="data_share"):
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


# --- right forms of what is wrong in print ------------------------------------------------------


def gaussian(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def drawn_estimates(links, size, seed):
    """Channels and estimates (size, K, N), from channel, echo and noise drawn here."""
    rng, channels, estimates = np.random.default_rng(seed), [], []
    for link in links:
        u, x, noise = link.energies
        N = link.N
        white = gaussian(rng, size, N)
        echo = np.sqrt(x) * gaussian(rng, size, 1) * link.steering
        centred = np.sqrt(u) * white + echo + np.sqrt(noise) * gaussian(rng, size, N)
        mu, line = link.scattered_gain, link.line_of_sight
        mean = np.sqrt(mu * link.rician_factor) * line
        channels.append(mean + np.sqrt(mu) * white)
        estimates.append(mean + u / (u + x + noise) * np.sqrt(mu / u) * centred)
    return np.stack(channels, axis=1), np.stack(estimates, axis=1)


def mean_and_error(values):
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))


def test_own_beam_against_draws():
    link = UplinkLink.at(CouplingParameters.paper(N=4), 60, 9, 0.3, 0.32)
    h, guess = drawn_estimates([link], 400_000, 51)
    products = np.sum(h.conj() * guess, axis=-1)[:, 0]
    mu = link.scattered_gain
    phi, chi = estimate_variances(*link.energies, mu)
    case = (mu, link.rician_factor, phi, 4, 4)
    mean, error = mean_and_error(products.real)
    # the square of the mean, and not the mean
    assert abs(mean - np.sqrt(downlink_sinr.mean_product_square(*case))) < 4 * error
    assert printed_forms.mean_product_square_printed(*case) ** 2 == pytest.approx(
        downlink_sinr.mean_product_square(*case)
    )
    power, error = mean_and_error(abs(products) ** 2)
    overlap = abs(np.vdot(link.steering, link.line_of_sight)) ** 2
    right = own_beam_power(*case, echo_variance=chi, echo_overlap=overlap)
    assert abs(power - right) < 4 * error
    assert abs(power - printed_forms.own_beam_power_printed(*case)) > 8 * error


def test_other_beam_against_draws():
    p = CouplingParameters.paper(N=4)
    # the first user stands in the direction of the second one's target
    links = [UplinkLink.at(p, *place) for place in ((60, 9, 0.9, 0.32), (90, 9, -0.5, 0.9))]
    h, guess = drawn_estimates(links, 400_000, 52)
    power, error = mean_and_error(abs(np.sum(h[:, 0].conj() * guess[:, 1], axis=-1)) ** 2)
    own, other = links
    phi, chi = estimate_variances(*other.energies, other.scattered_gain)
    lines = own.line_of_sight, other.line_of_sight
    case = (own.scattered_gain, 1.0, 4, other.scattered_gain, 1.0, phi, 4)
    case = (*case, abs(np.vdot(*lines)) ** 2, 4)
    beam = abs(np.vdot(other.steering, own.line_of_sight)) ** 2
    assert abs(power - beam_power(*case, other_echo_variance=chi, echo_overlap=beam)) < 4 * error
    assert abs(power - printed_forms.beam_power_printed(*case)) > 8 * error


def test_sinr_from_moments_is_that_of_draws_and_of_the_closed_form():
    links = scene(4)
    h, guess = drawn_estimates(links, 200_000, 53)
    products = np.einsum("skn,sin->ski", h.conj(), guess)
    noise = links[0].noise_power / 0.5

    def moments(part):
        return (
            np.diagonal(products[part], axis1=1, axis2=2).mean(axis=0),
            (abs(products[part]) ** 2).mean(axis=0),
            (abs(guess[part]) ** 2).sum(axis=-1).mean(axis=0),
            (abs(h[part].conj() @ links[1].steering) ** 2).mean(axis=0),
            4,
            0.6,
        )

    batches = [slice(n, n + 10_000) for n in range(0, 200_000, 10_000)]
    values = np.array([downlink_sinr.sinr_from_moments(*moments(part), noise) for part in batches])
    mean, error = mean_and_error(values)
    assert np.all(abs(mean - scene_sinr(links, 1, 0.6, 0.5)) < 5 * error)
    whole = moments(slice(None))
    # the printed term is the inverse of the noise over the power
    assert printed_forms.sinr_from_moments_printed(*whole, noise) == pytest.approx(
        downlink_sinr.sinr_from_moments(*whole, 1 / noise), rel=1e-12
    )
    with pytest.raises(ValueError, match="beam_powers must end in"):
        downlink_sinr.sinr_from_moments([1.0], np.ones((2, 2)), [1.0], [1.0], 4, 0.5, 0.1)


def test_sinr_from_moments_takes_symbols():
    a, b, c, d, rho, q = sp.symbols("a b c d rho q", positive=True)
    arrays = ([a], [[b]], [c], [d])
    value = downlink_sinr.sinr_from_moments(*(np.array(v, object) for v in arrays), 3, rho, q)[0]
    useful = rho * a**2 / c
    expected = useful / (rho * b / c - useful + (1 - rho) * d / 3 + q)
    assert sp.simplify(value - expected) == 0


def test_received_signal_is_the_channel_times_what_is_sent():
    rng = np.random.default_rng(54)
    h, w, beam = gaussian(rng, 5, 3, 4), gaussian(rng, 5, 3, 4), gaussian(rng, 4)
    streams = symbol_streams(6, 4)
    case = (h, w, beam, streams, 0.3, 2.0)
    heard = downlink_system.received_signal(*case)
    assert heard == pytest.approx(h.conj() @ transmit_matrix(*case[1:]), rel=1e-12)
    printed = printed_forms.received_signal_printed(*case)
    # all users hear the same data: what differs is the target's stream
    differences = (printed - printed[:, :1]) @ streams.conj().T / 6
    assert np.max(abs(differences[..., :-1])) < 1e-12
    assert np.max(abs(differences[..., -1])) > 0.1
    # the data that the first user hears are the streams through the users' own channels
    own = np.sqrt(0.6) * np.einsum("skn,skn->sk", h.conj(), w)
    assert printed[:, 0] @ streams.conj().T[:, :-1] / 6 == pytest.approx(own, rel=1e-12)
    with pytest.raises(ValueError, match="streams must have 4 rows"):
        downlink_system.received_signal(h, w, beam, streams[:3], 0.3, 2.0)
