"""Downlink SINR: closed forms against covariance matrices, draws and limits."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling import downlink_sinr
from isacnb.coupling import printed as printed_forms
from isacnb.coupling.downlink_sinr import (
    BeamMoments,
    ChannelStatistics,
    DownlinkUsers,
    beam_power,
    disturbance,
    estimate_power,
    multiuser_interference,
    own_beam_power,
    sensing_beam_power,
    sinr,
    sinr_from_moments,
    sinr_large_array,
    sinr_large_array_of_links,
    sinr_of_links,
    sinr_per_antenna_limit,
    sum_rate,
    transmit_power,
)
from isacnb.coupling.printed import (
    multiuser_interference_printed,
    sinr_of_links_printed,
    sinr_printed,
)
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink

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


# --- statistics ---------------------------------------------------------------------------------


def test_variances_are_those_of_the_covariance_matrix():
    link = scene()[1]
    user = ChannelStatistics.of(link)
    outer = np.outer(link.steering, link.steering.conj())
    expected, _ = covariances(link)
    claimed = user.estimate_variance * np.eye(8) + user.echo_variance * (outer - np.eye(8))
    np.testing.assert_allclose(claimed, expected, rtol=1e-12)


def test_users_are_the_pairs_one_by_one_with_the_products_of_their_vectors():
    links = scene(rician_factor=2.0)
    users = DownlinkUsers.of(links)
    for k, link in enumerate(links):
        alone, among = ChannelStatistics.of(link), users.channels
        for name in vars(alone):
            assert getattr(among, name)[k] == pytest.approx(getattr(alone, name), rel=1e-12, abs=0)
        for i, other in enumerate(links):
            product = abs(np.vdot(link.line_of_sight, other.line_of_sight)) ** 2
            assert users.overlap[k, i] == pytest.approx(product, rel=1e-12)
            product = abs(np.vdot(other.steering, link.line_of_sight)) ** 2
            assert users.beam_overlap(i)[k] == pytest.approx(product, rel=1e-12)
    assert users.white.echo_variance is None
    assert np.all(users.white.channels.echo_variance == 0)


def test_one_number_holds_for_all_users_and_rows_of_overlaps_for_many_scenes():
    overlap = np.stack([np.diag([16.0, 16.0]), np.array([[16.0, 9.0], [9.0, 16.0]])])
    case = ([1.0, 4.0], 4, 0.3, 0.1)
    both = sinr(DownlinkUsers(1.0, 2.0, [0.5, 0.25], overlap), *case)
    for one, row in zip(overlap, both, strict=True):
        users = DownlinkUsers([1.0, 1.0], [2.0, 2.0], [0.5, 0.25], one)
        assert sinr(users, *case) == pytest.approx(row, rel=1e-12)


# --- moments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kappa", [0.0, 2.0])
def test_moments_against_covariance_matrices(kappa):
    links = scene(rician_factor=kappa)
    users = DownlinkUsers.of(links)
    for k, link in enumerate(links):
        user = ChannelStatistics.of(link)
        Q, _ = covariances(link)
        power = np.trace(Q).real + np.vdot(link.mean_channel, link.mean_channel).real
        assert estimate_power(user, 8) == pytest.approx(power, rel=1e-12, abs=0)
        own = own_beam_power(user, 8, users.echo_overlap[k, k])
        assert own == pytest.approx(moment_own(link), rel=1e-12, abs=0)
        for i, other in enumerate(links):
            if i != k:
                overlaps = users.overlap[k, i], 8, users.echo_overlap[k, i]
                heard = beam_power(user, ChannelStatistics.of(other), *overlaps)
                assert heard == pytest.approx(moment_other(link, other), rel=1e-12, abs=0)
        direct = abs(np.vdot(links[0].steering, link.mean_channel)) ** 2 + link.scattered_gain * 8
        sensing = sensing_beam_power(link.scattered_gain, kappa, users.beam_overlap(0)[k], 8)
        assert sensing == pytest.approx(direct, rel=1e-12, abs=0)


def test_sinr_is_assembled_from_the_definition():
    links, rho, power = scene(rician_factor=1.5), 0.3, 2.0
    result = sinr_of_links(links, 1, rho, power)
    sent = [np.trace(covariances(n)[0]).real + 1.5 * n.scattered_gain * 8 for n in links]
    for k, link in enumerate(links):
        heard = [
            (moment_own(link) if i == k else moment_other(link, other)) / sent[i]
            for i, other in enumerate(links)
        ]
        beam = abs(np.vdot(links[1].steering, link.mean_channel)) ** 2 / 8 + link.scattered_gain
        rest = rho * (sum(heard) - sent[k]) + (1 - rho) * beam + link.noise_power / power
        assert result[k] == pytest.approx(rho * sent[k] / rest, rel=1e-12, abs=0)


def test_a_strong_line_of_sight_costs_no_digits():
    # the whole line of sight of the own beam is known: what is left is its fluctuation
    kappa, mu, phi, L, N = 1e18, 1.0, 0.5, 4.0, 4
    value = multiuser_interference(DownlinkUsers([mu], [kappa], [phi], [[L**2]]), N, 0.5)
    with mpmath.workdps(60):
        gain = mpmath.mpf(kappa) * L
        sent = gain + phi * N
        exact = (gain**2 + gain + phi * gain + phi * N - gain**2) / sent / 2
    assert value[0] == pytest.approx(float(exact), rel=1e-14)


# --- printed forms ------------------------------------------------------------------------------


def test_printed_sinr_lacks_rho_before_the_loss():
    users = DownlinkUsers.of(scene())
    right, printed = (
        f(users.white, 8, 0.4) for f in (multiuser_interference, multiuser_interference_printed)
    )
    mean = users.scattered_gain * users.rician_factor * 8
    np.testing.assert_allclose(
        right - printed, 0.6 * mean**2 / (mean + users.estimate_variance * 8), rtol=1e-9
    )
    case = (users.beam_overlap(0), 8, 1.0, 0.1)
    np.testing.assert_allclose(sinr_printed(users, *case), sinr(users.white, *case), rtol=1e-12)
    typical = scene(64, [(70, 30, 0.25, -0.2), (105, 34, -0.6, 0.6), (115, 38, 1.0, -0.95)])
    assert np.all(sinr_of_links_printed(typical, 0, 0.5, 1.0) < 0)
    assert np.all(sinr_of_links(typical, 0, 0.5, 1.0) > 0)


def test_printed_forms_leave_out_the_echo():
    users = DownlinkUsers.of(scene())
    case = (users.beam_overlap(0), 8, 0.4, 0.1)
    assert np.all(sinr_printed(users, *case) == sinr_printed(users.white, *case))
    assert np.all(sinr(users, *case) != sinr(users.white, *case))


# --- limits -------------------------------------------------------------------------------------


def test_large_array_form_is_the_exact_one_without_overlaps():
    gains = np.array([1.0, 2.0]), np.array([0.5, 3.0]), np.array([0.4, 1.1])
    users = DownlinkUsers(*gains, np.diag([32.0**2, 32.0**2]))
    exact = sinr(users, np.zeros(2), 32, 0.3, 0.05)
    np.testing.assert_allclose(sinr_large_array(*gains, 32, 0.3, 0.05), exact, rtol=1e-12)


def test_limit_for_many_antennas():
    far = scene(2**18, [(70, 9, 0.25, -0.2), (95, 9, -0.6, 0.6)])
    here = sinr_large_array_of_links(far, 0.5, 1.0)[0] / 2**18
    limit = sinr_per_antenna_limit(far[0].scattered_gain, 1.0, 2, 0.5, far[0].noise_power)
    # the estimate's variance, and with it the error, falls as 1/N
    near = scene(2**16, [(70, 9, 0.25, -0.2), (95, 9, -0.6, 0.6)])
    error = sinr_large_array_of_links(near, 0.5, 1.0)[0] / 2**16 / limit - 1
    assert 0 < abs(error) < 0.1
    assert here / limit - 1 == pytest.approx(error / 4, rel=0.1)


def test_rate_and_power():
    assert sum_rate([[1.0, 3.0], [0.0, 7.0]], 0.5).tolist() == [1.5, 1.5]
    assert transmit_power(3, 0.25, 4.0) == pytest.approx(4 * (0.75 + 0.75))


# --- symbols and multiprecision numbers ---------------------------------------------------------


def test_symbols_pass():
    mu, phi, kappa, N, rho, nu = sp.symbols("mu phi kappa N rho nu", positive=True)
    users = DownlinkUsers(mu, kappa, phi, [[N**2]])
    large = sinr_large_array([mu], [kappa], [phi], N, rho, nu)
    assert sp.simplify(sinr(users, [0], N, rho, nu)[0] - large[0]) == 0


def test_multiprecision_numbers_pass():
    gains, gram = ([1.5, 2.5], [0.5, 3.0], [0.4, 1.1]), [[9.0, 4.0], [4.0, 25.0]]
    echoes = [0.125, 0.25], [[1.0, 2.0], [3.0, 4.0]]
    floats = sinr(DownlinkUsers(*gains, gram, *echoes), [2.0, 1.0], 5, 0.3, 0.05)
    exact = [np.vectorize(mpmath.mpf, otypes=[object])(v) for v in (*gains, gram, *echoes)]
    with mpmath.workdps(40):
        beam = [mpmath.mpf(2), mpmath.mpf(1)]
        values = sinr(DownlinkUsers(*exact), beam, 5, mpmath.mpf(0.3), mpmath.mpf(0.05))
    assert all(isinstance(value, mpmath.mpf) for value in values)
    np.testing.assert_allclose(floats, values.astype(float), rtol=1e-14)


def test_sinr_from_moments_takes_symbols():
    a, b, c, d, rho, q = sp.symbols("a b c d rho q", positive=True)
    value = sinr_from_moments(BeamMoments([a], [[b]], [c], [d]), 3, rho, q)[0]
    useful = rho * a**2 / c
    expected = useful / (rho * b / c - useful + (1 - rho) * d / 3 + q)
    assert sp.simplify(value - expected) == 0


# --- what cannot be -----------------------------------------------------------------------------

ONE = {"scattered_gain": [1.0, 1.0], "rician_factor": [1.0, 1.0], "estimate_variance": [0.5, 0.5]}
GRAM = [[16.0, 4.0], [4.0, 16.0]]
ECHO = {"echo_variance": [0.1, 0.1], "echo_overlap": [[1.0, 1.0], [1.0, 1.0]]}


def users_with(**changes):
    return DownlinkUsers(**{**ONE, "overlap": GRAM, **changes})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: users_with(overlap=[[16.0, 400.0], [400.0, 16.0]]),
            "overlap must be at most the product of the squared norms, 16, got 400",
            id="overlap above the norms",
        ),
        pytest.param(
            lambda: users_with(estimate_variance=[0.5, 1.5]),
            "estimate_variance must be at most scattered_gain, 1, got 1.5",
            id="estimate above the channel",
        ),
        pytest.param(
            lambda: users_with(**{**ECHO, "echo_variance": [0.1, 20.0]}),
            "echo_variance must be at most estimate_variance, 0.5, got 20",
            id="echo above the estimate",
        ),
        pytest.param(
            lambda: ChannelStatistics(1.0, 1.0, 0.5, 4.0, 0.6),
            "echo_variance must be at most estimate_variance, 0.5, got 0.6",
            id="echo above the estimate, one user",
        ),
        pytest.param(
            lambda: users_with(echo_variance=[0.1, 0.1]), "both or neither", id="half an echo"
        ),
        pytest.param(
            lambda: users_with(overlap=[[1.0]]),
            r"scattered_gain must end in \(1,\), got shape \(2,\)",
            id="overlap of one user for two",
        ),
        pytest.param(
            lambda: users_with(overlap=[16.0, 16.0]),
            r"overlap must end in \(2, 2\), got shape \(2,\)",
            id="overlap without a matrix",
        ),
        pytest.param(lambda: users_with(overlap=16.0), r"overlap must end in", id="one overlap"),
        pytest.param(
            lambda: users_with().beam_overlap(0), "echo_overlap must be given", id="no targets"
        ),
        pytest.param(
            lambda: sinr(users_with(), [1.0], 4, 0.5, 0.1),
            r"beam_overlap must end in \(2,\), got shape \(1,\)",
            id="one beam overlap",
        ),
        pytest.param(
            lambda: sinr(users_with(), [1.0, 17.0], 4, 0.5, 0.1),
            "beam_overlap must be at most N times line_of_sight_power, 16, got 17",
            id="beam overlap above the norms",
        ),
        pytest.param(
            lambda: sinr(
                users_with(**{**ECHO, "echo_overlap": np.full((2, 2), 17.0)}),
                [1.0, 1.0],
                4,
                0.5,
                0.1,
            ),
            "echo_overlap must be at most N times line_of_sight_power, 16, got 17",
            id="echo overlap above the norms",
        ),
        pytest.param(
            lambda: beam_power(*2 * [ChannelStatistics(1.0, 1.0, 0.5, 4.0)], 17.0, 4),
            "overlap must be at most the product of the squared norms, 16, got 17",
            id="overlap above the norms, two users",
        ),
        pytest.param(
            lambda: sinr_large_array(1.0, 1.0, 0.5, 4, 0.5, 0.1), "axis of users", id="no axis"
        ),
        pytest.param(
            lambda: sinr_large_array([1.0], [1.0], [1.5], 4, 0.5, 0.1),
            "estimate_variance must be at most scattered_gain",
            id="estimate above the channel, many antennas",
        ),
        pytest.param(
            lambda: sinr_large_array([1.0], [0.0], [0.0], 4, 0.5, 0.1),
            "there is no beam",
            id="no estimate to send along, many antennas",
        ),
        pytest.param(
            lambda: sinr(
                users_with(rician_factor=[0.0, 1.0], estimate_variance=[0.0, 0.5]),
                [1.0, 1.0],
                4,
                0.5,
                0.1,
            ),
            "there is no beam",
            id="no estimate to send along",
        ),
        pytest.param(
            lambda: sinr_of_links(scene(), 3, 0.5, 1.0), "target_index", id="target outside"
        ),
        pytest.param(
            lambda: sinr_of_links([*scene(), *scene(16)], 0, 0.5, 1.0),
            "links must have one N",
            id="two arrays",
        ),
        pytest.param(
            lambda: BeamMoments([1.0], np.ones((2, 2)), [1.0], [1.0]),
            r"beam_powers must end in \(1, 1\), got shape \(2, 2\)",
            id="moments of two users for one",
        ),
        pytest.param(
            lambda: BeamMoments([2.0], [[3.0]], [1.0], [1.0]),
            "mean_product must be at most a user's own beam_powers, squared, 3, got 4",
            id="mean above the root of the mean square",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_just_can_be_passes():
    # all directions the same, estimates without error that are all echo
    same = np.full((2, 2), 16.0)
    gains = {**ONE, "estimate_variance": ONE["scattered_gain"]}
    users = DownlinkUsers(**gains, overlap=same, echo_variance=[1.0, 1.0], echo_overlap=same)
    assert np.all(sinr(users, [16.0, 16.0], 4, 0.5, 0.0) > 0)
    nothing = DownlinkUsers(**gains, overlap=same, echo_variance=[1.0, 1.0], echo_overlap=0 * same)
    assert np.all(disturbance(nothing, [0.0, 0.0], 4, 0.5, 0.0) > 0)


# --- against draws ------------------------------------------------------------------------------


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
    h, guess = drawn_estimates([link], 200_000, 51)
    products = np.sum(h.conj() * guess, axis=-1)[:, 0]
    user = ChannelStatistics.of(link)
    mean, error = mean_and_error(products.real)
    # the square of the mean, and not the mean
    square = downlink_sinr.mean_product_square(user, 4)
    assert abs(mean - np.sqrt(square)) < 4 * error
    assert printed_forms.mean_product_square_printed(user, 4) ** 2 == pytest.approx(square)
    power, error = mean_and_error(abs(products) ** 2)
    overlap = abs(np.vdot(link.steering, link.line_of_sight)) ** 2
    assert abs(power - own_beam_power(user, 4, overlap)) < 4 * error
    assert abs(power - printed_forms.own_beam_power_printed(user, 4)) > 8 * error


def test_other_beam_against_draws():
    p = CouplingParameters.paper(N=4)
    # the first user stands in the direction of the second one's target
    links = [UplinkLink.at(p, *place) for place in ((60, 9, 0.9, 0.32), (90, 9, -0.5, 0.9))]
    h, guess = drawn_estimates(links, 200_000, 52)
    power, error = mean_and_error(abs(np.sum(h[:, 0].conj() * guess[:, 1], axis=-1)) ** 2)
    own, other = links
    user, sender = (ChannelStatistics.of(link) for link in links)
    overlap = abs(np.vdot(own.line_of_sight, other.line_of_sight)) ** 2
    beam = abs(np.vdot(other.steering, own.line_of_sight)) ** 2
    assert abs(power - beam_power(user, sender, overlap, 4, beam)) < 4 * error
    assert abs(power - printed_forms.beam_power_printed(user, sender, overlap, 4)) > 8 * error


def test_sinr_from_moments_is_that_of_draws_and_of_the_closed_form():
    links = scene(4)
    h, guess = drawn_estimates(links, 200_000, 53)
    products = np.einsum("skn,sin->ski", h.conj(), guess)
    noise = links[0].noise_power / 0.5

    def moments(part):
        return (
            BeamMoments(
                np.diagonal(products[part], axis1=1, axis2=2).mean(axis=0),
                (abs(products[part]) ** 2).mean(axis=0),
                (abs(guess[part]) ** 2).sum(axis=-1).mean(axis=0),
                (abs(h[part].conj() @ links[1].steering) ** 2).mean(axis=0),
            ),
            4,
            0.6,
        )

    batches = [slice(n, n + 10_000) for n in range(0, 200_000, 10_000)]
    values = np.array([sinr_from_moments(*moments(part), noise) for part in batches])
    mean, error = mean_and_error(values)
    assert np.all(abs(mean - sinr_of_links(links, 1, 0.6, 0.5)) < 5 * error)
    whole = moments(slice(None))
    # the printed term is the inverse of the noise over the power
    assert printed_forms.sinr_from_moments_printed(*whole, noise) == pytest.approx(
        sinr_from_moments(*whole, 1 / noise), rel=1e-12
    )
