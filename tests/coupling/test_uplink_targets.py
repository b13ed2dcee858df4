"""The other targets in the uplink: against matrices, least squares and systems drawn here."""

import numpy as np
import pytest

from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink, cross_echo_energy, nmse_lmmse, target_snr
from isacnb.coupling.uplink_system import matched_filter_statistic, observe_groups
from isacnb.coupling.uplink_targets import (
    cross_echo_snr,
    echo_powers,
    nmse_lmmse_targets,
    null_projection,
    nulling_share,
    nulling_statistic,
    reflected_snr,
)
from isacnb.probability.gaussian import complex_normal
from isacnb.signals.arrays import steering_vector

U, NOISE = 0.7, 0.3
ECHO = np.array([5.0, 2.0, 0.4])
A = steering_vector(np.array([0.1, 0.35, -0.6]), 6)
N = A.shape[1]


def dyads(k):
    """Covariances of the echoes in the beam towards target k, one for each target."""
    beam = A[k] / np.sqrt(N)
    return [
        x / N * np.abs(np.vdot(a, beam)) ** 2 * np.outer(a, a.conj())
        for x, a in zip(ECHO, A, strict=True)
    ]


def test_mean_of_the_statistic_is_a_form_of_the_echoes_covariance():
    for k in range(3):
        others = sum(C for j, C in enumerate(dyads(k)) if j != k)
        mean = (A[k].conj() @ others @ A[k]).real / (N * (U + NOISE))
        np.testing.assert_allclose(cross_echo_snr(U, ECHO, NOISE, A)[k], mean, rtol=1e-12)


def test_energy_of_the_observation_and_of_the_filter_differ_by_the_second_pass():
    wide = np.ones((2, 4)), np.array([3.0, 1.0])
    passed = cross_echo_snr(1.0, wide[1], 0.0, wide[0])
    energy = cross_echo_energy(1.0, 1, wide[1] / 4, wide[0])
    np.testing.assert_allclose(passed, 4 * energy)


def test_given_reflections_average_to_the_mean():
    rng = np.random.default_rng(1)
    zeta = complex_normal(rng, (40_000, 3)) * [1, 1, 0]
    ratios = reflected_snr(zeta, U, ECHO, NOISE, A)[:, 2]
    error = ratios.std() / np.sqrt(len(ratios))
    assert abs(ratios.mean() - cross_echo_snr(U, ECHO, NOISE, A)[2]) < 4 * error


def test_one_target_alone_has_its_own_ratio():
    ratio = reflected_snr([2j, 0, 0], U, ECHO, NOISE, A)[0]
    np.testing.assert_allclose(ratio, 4 * target_snr(U, ECHO[0], NOISE, N), rtol=1e-12)


def test_networks_may_be_stacked():
    stacked = np.stack([A, A[::-1]])
    energies = np.stack([ECHO, ECHO[::-1]])
    for function in (lambda e, a: cross_echo_snr(U, e, NOISE, a), echo_powers):
        both = function(energies, stacked)
        np.testing.assert_allclose(both[0], function(ECHO, A), atol=1e-12)
        np.testing.assert_allclose(both[1], function(ECHO[::-1], A[::-1]), atol=1e-12)
    np.testing.assert_allclose(nulling_share(stacked)[1], nulling_share(A)[::-1], atol=1e-12)


def test_share_is_a_schur_complement():
    gram = A.conj() @ A.T
    inverse = np.linalg.inv(gram).diagonal().real
    np.testing.assert_allclose(nulling_share(A), 1 / (N * inverse), rtol=1e-10)


def test_share_of_dependent_directions():
    doubled = np.vstack([A[:1], A[:1], A[1:2]])
    alone = nulling_share(A[:2])
    np.testing.assert_allclose(nulling_share(doubled)[[0, 1]], 0, atol=1e-12)
    np.testing.assert_allclose(nulling_share(doubled)[2], alone[1], rtol=1e-10)
    more_than_antennas = steering_vector(np.linspace(-1, 1, 5), 3)
    np.testing.assert_allclose(nulling_share(more_than_antennas), 0, atol=1e-12)


def test_projection_is_one_and_kills_the_others():
    P = null_projection(A[:2])
    np.testing.assert_allclose(P @ P, P, atol=1e-12)
    np.testing.assert_allclose(P, P.conj().T, atol=1e-12)
    np.testing.assert_allclose(P @ A[:2].T, 0, atol=1e-12)
    np.testing.assert_allclose(null_projection(np.vstack([A[:2], A[:1]])), P, atol=1e-12)
    np.testing.assert_allclose(null_projection(np.zeros((0, 3))), np.eye(3))


def test_statistic_is_the_generalised_likelihood_ratio():
    z = complex_normal(np.random.default_rng(2), (N,), 4.0)
    left = [
        np.sum(np.abs(z - rows.T @ np.linalg.lstsq(rows.T, z, rcond=None)[0]) ** 2)
        for rows in (A[:2], A)
    ]
    statistic = nulling_statistic(z, A[2], A[:2], U, NOISE)
    np.testing.assert_allclose(statistic, (left[0] - left[1]) / (U + NOISE), rtol=1e-10)


def test_statistic_without_others_is_the_matched_filter():
    link = UplinkLink.at(CouplingParameters.paper(N=6), 25.0, 10.0)
    y = complex_normal(np.random.default_rng(3), (4, 6), 1e-4)
    u, _, noise = link.energies
    z = y - link.amplitude_user * link.mean_channel
    found = nulling_statistic(z, link.steering, np.zeros((0, 6)), u, noise)
    np.testing.assert_allclose(found, matched_filter_statistic(y, None, link), rtol=1e-10)


def test_false_alarms_of_drawn_pilots():
    p = CouplingParameters.paper(N=8, noise="-80 dB")
    links = [UplinkLink.at(p, 60, 8, 0.1, 0.1), UplinkLink.at(p, 70, 12, 0.4, 0.3)]
    absent = links[1].replace(target_path_loss=0.0)
    drawn = observe_groups(np.random.default_rng(4), 20_000, [links[0], absent], cross_echoes=True)[
        1
    ].observation
    steering = np.array([link.steering for link in links])
    u, _, noise = links[1].energies
    echo = [link.energies.echo_energy for link in links]
    mean = 1 + cross_echo_snr(u, echo, noise, steering)[1]
    matched = matched_filter_statistic(drawn, None, links[1])
    z = drawn - links[1].amplitude_user * links[1].mean_channel
    nulled = nulling_statistic(z, steering[1], steering[:1], u, noise)
    for statistic, expected in ((matched, mean), (nulled, 1.0)):
        assert abs(statistic.mean() - expected) < 4 * expected / np.sqrt(20_000)


@pytest.mark.parametrize("noise", [0.0, NOISE])
def test_error_of_the_channel_estimate(noise):
    for k in range(3):
        disturbance = sum(dyads(k)) + noise * np.eye(N)
        error = U * disturbance @ np.linalg.inv(U * np.eye(N) + disturbance)
        powers = echo_powers(ECHO, A)[k]
        value = nmse_lmmse_targets(U, powers, noise, N)
        np.testing.assert_allclose(value, np.trace(error).real / (N * U), rtol=1e-10)
        np.testing.assert_allclose(powers.sum(), sum(C.trace().real for C in dyads(k)))
    assert nmse_lmmse_targets(U, echo_powers(1e9 * ECHO, A)[0], 0.0, N) < 3 / N


def test_error_with_one_target():
    one = nmse_lmmse_targets(U, echo_powers(ECHO[:1], A[:1])[0], NOISE, N)
    np.testing.assert_allclose(one, nmse_lmmse(U, ECHO[0], NOISE, N), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cross_echo_snr(U, ECHO[:2], NOISE, A), "steering must have shape"),
        (lambda: reflected_snr([1, 1], U, ECHO, NOISE, A), "steering must have shape"),
        (lambda: nulling_share(2 * A), "squared norms N"),
        (lambda: nulling_share(A[0]), "steering must have shape"),
        (lambda: null_projection(A[0]), "other_steering must have shape"),
        (lambda: nulling_statistic(A[0], A[0], A[1], U, NOISE), "other_steering must have shape"),
        (lambda: nulling_statistic(A[0], A[0], A[:2], U, NOISE), "outside the span"),
        (lambda: cross_echo_snr(-1.0, ECHO, NOISE, A), "user_energy"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
