"""The uplink drawn: what the simulated system does against the closed forms that describe it."""

import functools

import numpy as np
import pytest

from isacnb.coupling import uplink, uplink_system
from isacnb.coupling.printed import detection_probability_printed, residual_statistic_printed
from isacnb.coupling.settings import CouplingParameters, Energies
from isacnb.coupling.uplink import (
    UplinkLink,
    lmmse_gains,
    mean_ratio_nmse,
    nmse,
    nmse_lmmse,
    nmse_paper,
    paper_gain,
    residual_detection_probability,
    residual_false_alarm_probability,
    target_snr,
)
from isacnb.coupling.uplink_system import (
    despread,
    estimate_lmmse,
    estimate_paper,
    matched_filter_statistic,
    observe,
    observe_groups,
    received_pilots,
    simulate,
)
from isacnb.probability.gaussian import complex_normal
from isacnb.signals.arrays import steering_vector
from isacnb.signals.detection import detection_probability, mean_detection_probability
from isacnb.signals.streams import pilot_sequences

#: the paper's energies from few pilot symbols, so that whole matrices are drawn in no time
SHORT = CouplingParameters.paper(noise="-80 dB", pilot_length=8, user_power=8.0, target_power=0.8)


def close_to(estimate, value, errors=4.0):
    """The estimate lies within so many standard errors of the value."""
    return np.all(np.abs(estimate.mean - value) < errors * estimate.standard_error)


def link_of(N=6, ratio=2.5):
    """A link whose signal-to-noise ratio S has the given value."""
    p = SHORT.replace(N=N)
    link = UplinkLink.at(p, 40.0, 10.0)
    return link.replace(
        target_path_loss=link.target_path_loss * ratio / target_snr(*link.energies, N)
    )


def gaussian(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


LINK = link_of(N=6)
ZETA = 0.8 - 0.5j


def test_pilots():
    pilots = pilot_sequences(6, 4)
    assert pilots.conj().T @ pilots == pytest.approx(np.eye(4), abs=1e-14)
    rng = np.random.default_rng(6)
    signals = complex_normal(rng, (3, 4, 5))
    received = received_pilots(rng, signals, pilots, 0.0)
    assert received.shape == (3, 5, 6)
    assert despread(received, pilots) == pytest.approx(signals, abs=1e-13)
    noise = despread(received_pilots(rng, np.zeros((20_000, 4, 1)), pilots, 0.7), pilots)[..., 0]
    assert noise.conj().T @ noise / 20_000 == pytest.approx(0.7 * np.eye(4), abs=0.03)


def test_observation_has_the_covariance_of_its_parts():
    link = link_of()
    u, x, n0 = link.energies
    for options in ({}, {"full_pilots": True}):
        drawn = observe(np.random.default_rng(7), 40_000, link, **options)
        centred = drawn.observation - link.amplitude_user * link.mean_channel
        sample = centred.T @ centred.conj() / len(centred)
        a = link.steering
        exact = (u + n0) * np.eye(6) + x * np.outer(a, a.conj())
        assert np.abs(sample - exact).max() < 5 * (u + x + n0) / np.sqrt(len(centred))
        assert drawn.training is drawn.observation
    for kind, spread in (("rayleigh", 1.0), ("unit", 0.0)):
        quiet = link.replace(scattered_gain=1e-30, noise_power=0.0)
        power = (
            np.abs(
                observe(np.random.default_rng(8), 20_000, quiet, reflection_law=kind).observation
                - quiet.amplitude_user * quiet.mean_channel
            )[:, 0]
            ** 2
        )
        assert power.mean() == pytest.approx(x, rel=0.04)
        assert power.std() == pytest.approx(spread * x, rel=0.06, abs=1e-9 * x)


def test_a_given_reflection():
    link = link_of().replace(scattered_gain=1e-30, noise_power=0.0)
    drawn = observe(
        np.random.default_rng(9), 3, link, reflection_coefficient=0.6 - 0.8j
    ).observation
    echo = np.sqrt(link.energies.echo_energy) * (0.6 - 0.8j) * link.steering
    assert drawn - link.amplitude_user * link.mean_channel == pytest.approx(
        np.tile(echo, (3, 1)), rel=1e-6
    )


N_DRAWN = 60_000
PAPER = functools.partial(simulate, estimator=estimate_paper, detector=residual_statistic_printed)
RIGHT = functools.partial(simulate, estimator=estimate_lmmse, detector=matched_filter_statistic)


@pytest.mark.parametrize("N", [2, 6, 16])
def test_the_papers_system_does_what_the_corrected_formulas_say(N):
    link = link_of(N)
    u, x, n0 = link.energies
    eps = 1.5 * x / (u + x)  # of the printed statistic: about 1.5 of the true ratio
    result = PAPER(link, detection_threshold=eps, n=N_DRAWN, seed=11, reflection_law="unit")
    assert close_to(result.nmse, nmse_paper(u, x, n0))
    c = paper_gain(u, x, n0)
    assert close_to(result.mean_ratio, mean_ratio_nmse(c, c, link.energies, N, link.rician_factor))
    assert not close_to(result.mean_ratio, nmse_paper(u, x, n0), 20)
    assert close_to(result.detection, residual_detection_probability(u, x, n0, N, eps))
    assert close_to(result.false_alarm, residual_false_alarm_probability(u, x, n0, eps))
    # the printed formulas miss by far more than the standard error
    assert not close_to(result.detection, detection_probability_printed(u, x, n0, N, eps), 20)
    assert not close_to(result.false_alarm, np.exp(-eps), 20)


@pytest.mark.parametrize("N", [2, 16])
def test_right_estimator_and_detector(N):
    link = link_of(N)
    u, x, n0 = link.energies
    levels = np.array([0.5, 2.0, 5.0])
    faded = RIGHT(link, detection_threshold=levels, n=N_DRAWN, seed=12)
    assert close_to(faded.nmse, nmse_lmmse(u, x, n0, N))
    snr = target_snr(u, x, n0, N)
    assert close_to(faded.detection, mean_detection_probability(snr, levels))
    assert close_to(faded.false_alarm, np.exp(-levels))
    unit = RIGHT(link, detection_threshold=levels, n=N_DRAWN, seed=13, reflection_law="unit")
    assert close_to(unit.detection, detection_probability(snr, levels))
    gains = lmmse_gains(u, x, n0, N)
    assert close_to(
        faded.mean_ratio,
        mean_ratio_nmse(*gains, link.energies, N, link.rician_factor, link.alignment),
    )


def test_printed_formulas_hold_with_a_second_white_observation():
    link = link_of()
    u, x, n0 = link.energies
    eps = 6.0
    result = PAPER(
        link, detection_threshold=eps, n=N_DRAWN, seed=14, training="white", reflection_law="unit"
    )
    assert close_to(result.nmse, nmse_paper(u, x, n0))
    assert close_to(result.detection, detection_probability_printed(u, x, n0, 6, eps))
    assert close_to(result.false_alarm, np.exp(-eps))
    # a second observation with an echo of its own does not do: its error points along a
    second = PAPER(
        link, detection_threshold=eps, n=N_DRAWN, seed=14, training="second", reflection_law="unit"
    )
    assert not close_to(second.detection, detection_probability_printed(u, x, n0, 6, eps), 10)


def test_simulation_repeats_itself():
    link = link_of()
    first = PAPER(link, detection_threshold=1.0, n=500, seed=3)
    again = PAPER(link, detection_threshold=1.0, n=500, seed=3)
    other = PAPER(link, detection_threshold=1.0, n=500, seed=4)
    assert first == again
    assert first.nmse != other.nmse
    with pytest.raises(ValueError, match="reflection_law must be"):
        PAPER(link, detection_threshold=1.0, n=10, seed=3, reflection_law="swerling")


def test_groups_share_one_matrix():
    p = SHORT.replace(N=8)
    links = [UplinkLink.at(p, 60.0 + 9 * k, 8.0 + 4 * k, 0.1 * k, 0.2 + 0.2 * k) for k in range(3)]
    # without cross echoes each group is the system of one pair
    drawn = observe_groups(np.random.default_rng(15), 12_000, links)
    for link, group in zip(links, drawn, strict=True):
        centred = group.observation - link.amplitude_user * link.mean_channel
        u, x, n0 = link.energies
        power = (np.abs(centred) ** 2).mean()
        assert power == pytest.approx(u + x + n0, rel=0.03)
        filtered = np.abs(centred @ link.steering.conj()) ** 2 / 8
        assert filtered.mean() == pytest.approx(u + 8 * x + n0, rel=0.04)
    # with them the nearer targets' echoes stand in the last target's beam
    crossed = observe_groups(np.random.default_rng(15), 12_000, links, cross_echoes=True)
    last = links[-1]
    extra = sum(
        last.energies.echo_energy
        * (other.target_path_loss / last.target_path_loss)
        * np.abs(np.vdot(other.steering, last.steering)) ** 2
        / 64
        for other in links[:-1]
    )
    centred = crossed[-1].observation - last.amplitude_user * last.mean_channel
    u, x, n0 = last.energies
    assert extra > 0.1 * x
    assert (np.abs(centred) ** 2).mean() == pytest.approx(u + x + n0 + extra, rel=0.03)


def test_statistic_of_the_residual_is_the_matched_filter():
    drawn = observe(np.random.default_rng(46), 200, LINK)
    guess = estimate_paper(drawn.training, LINK)
    best = matched_filter_statistic(drawn.observation, None, LINK)
    right = uplink_system.residual_statistic(drawn.observation, guess, LINK)
    assert right == pytest.approx(best, rel=1e-10)
    ratio = residual_statistic_printed(drawn.observation, guess, LINK) / right
    assert ratio == pytest.approx(np.full(200, ratio[0]), rel=1e-10)
    assert abs(ratio[0] - 1) > 0.1


@pytest.mark.parametrize("zeta", [1.0, 0.6j, 1.7])
def test_detection_by_the_matched_filter_at_a_given_reflection(zeta):
    size, threshold = 100_000, 3.0
    drawn = observe(np.random.default_rng(47), size, LINK, reflection_coefficient=zeta)
    found = (matched_filter_statistic(drawn.observation, None, LINK) > threshold).mean()
    case = (*LINK.energies, LINK.N, threshold, abs(zeta) ** 2)
    claimed = uplink.matched_detection_probability(*case)
    assert abs(found - claimed) < 4 * np.sqrt(claimed * (1 - claimed) / size)
    guess = estimate_paper(drawn.training, LINK)
    test = residual_statistic_printed(drawn.observation, guess, LINK) > threshold
    own = residual_detection_probability(*case)
    assert abs(test.mean() - own) < 4 * np.sqrt(own * (1 - own) / size)
    # (8) holds where the estimate comes from a white observation of its own
    other = observe(
        np.random.default_rng(48), size, LINK, reflection_coefficient=zeta, training="white"
    )
    guess = estimate_paper(other.training, LINK)
    test = residual_statistic_printed(other.observation, guess, LINK) > threshold
    printed = detection_probability_printed(*case)
    assert abs(test.mean() - printed) < 4 * np.sqrt(printed * (1 - printed) / size)


def test_observation_of_a_pair_is_the_despread_matrix():
    rng = np.random.default_rng(52)
    pilots = pilot_sequences(5, 2)
    channels, noise = gaussian(rng, 2, 3), gaussian(rng, 3, 5)
    G = [uplink.target_channel(steering_vector(t, 3), ZETA, 0.2) for t in (0.1, -0.5)]
    beams = [uplink.pilot_beam(steering_vector(t, 3)) for t in (0.1, -0.5)]
    powers = ((0.7, 0.2), (1.3, 0.4))
    matrix = noise.copy()
    for k, (user, target) in enumerate(powers):
        arriving = np.sqrt(user * 5) * channels[k] + np.sqrt(target * 5) * G[k] @ beams[k]
        matrix += np.outer(arriving, pilots[:, k].conj())
    for k, (user, target) in enumerate(powers):
        p = CouplingParameters.paper(user_power=user, target_power=target, pilot_length=5)
        y = uplink_system.pair_observation(channels[k], G[k], beams[k], noise @ pilots[:, k], p)
        assert y == pytest.approx(despread(matrix[None], pilots)[0, k], rel=1e-12)
        left = uplink_system.pilot_residual(y, channels[k], user, 5)
        echo = np.sqrt(target * 5) * G[k] @ beams[k]
        assert left == pytest.approx(echo + noise @ pilots[:, k], rel=1e-10)


def test_cross_echoes_against_the_drawn_groups():
    parameters = SHORT.replace(N=4)
    places = [(60.0, 8.0, 0.1, 0.2), (69.0, 12.0, 0.4, 0.4), (78.0, 16.0, -0.6, 0.6)]
    links = [UplinkLink.at(parameters, *place) for place in places]
    leaked = uplink.cross_echo_energy(
        links[0].target_power,
        links[0].pilot_length,
        [link.target_path_loss for link in links],
        np.array([link.steering for link in links]),
    )
    size, rng = 40_000, np.random.default_rng(53)
    for link, group, extra in zip(
        links, observe_groups(rng, size, links, cross_echoes=True), leaked, strict=True
    ):
        centred = group.observation - link.amplitude_user * link.mean_channel
        power = (np.abs(centred) ** 2).mean(axis=1)
        assert extra > 0.01 * sum(link.energies)
        assert abs(power.mean() - sum(link.energies) - extra) < 4 * power.std() / np.sqrt(size)
        error = np.abs(group.channel - estimate_paper(group.observation, link)) ** 2
        error = error.mean(axis=1) / link.scattered_gain
        u, x, noise = link.energies
        gain = paper_gain(u, x, noise)
        claimed = nmse(gain, gain, Energies(u, x + extra, noise), 4)
        assert abs(error.mean() - claimed) < 4 * error.std() / np.sqrt(size)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda rng: observe(rng, 2, link_of(), training="none"), "training must be", id="option"
        ),
        pytest.param(
            lambda rng: observe(rng, 10**9, link_of()), "at most 8 are tried", id="too many draws"
        ),
        pytest.param(
            lambda rng: received_pilots(rng, np.zeros((1, 2, 3)), pilot_sequences(4, 3), 1.0),
            "pilot_signals must have shape",
            id="more pilots than signals",
        ),
        pytest.param(
            lambda rng: pilot_sequences(3, 4),
            "count must be a whole number >= 1 and <= 3",
            id="more pilots than symbols",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(1))


@pytest.mark.parametrize("failing", ["estimator", "detector"])
def test_a_receiver_that_fails_is_no_missed_detection(failing):
    link = UplinkLink.at(CouplingParameters.paper(N=4), 60, 9, 0.3, -0.2)
    receiver = {"estimator": estimate_paper, "detector": matched_filter_statistic}
    receiver[failing] = lambda observation, *rest: np.full(len(observation), np.nan)
    with pytest.raises(ValueError, match=f"{failing} must return finite numbers"):
        simulate(link, *receiver.values(), 3.0, 100, seed=1)
