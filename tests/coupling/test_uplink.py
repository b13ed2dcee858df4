"""The uplink of the coupling paper: closed forms against matrices and against the drawn system."""

import functools

import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling import printed as printed_forms
from isacnb.coupling import uplink, uplink_system
from isacnb.coupling.printed import detection_probability_printed, target_snr_printed
from isacnb.coupling.settings import (
    CouplingParameters,
    echo_path_loss,
    path_loss,
    scattered_gain,
)
from isacnb.coupling.uplink import (
    UplinkLink,
    inverse_mean,
    lmmse_gains,
    mean_ratio_nmse,
    nmse,
    nmse_lmmse,
    nmse_printed,
    printed_gain,
    residual_detection_probability,
    residual_false_alarm_probability,
    residual_threshold,
    target_snr,
)
from isacnb.coupling.uplink_system import (
    despread,
    estimate_lmmse,
    estimate_printed,
    matched_filter_statistic,
    observe,
    observe_groups,
    received_pilots,
    residual_statistic_printed,
    simulate,
)
from isacnb.numbers.units import from_db, to_db
from isacnb.signals.arrays import steering_vector
from isacnb.signals.detection import detection_probability, mean_detection_probability
from isacnb.signals.estimation import cross_covariance, error_covariance, lmmse_gain
from isacnb.signals.streams import pilot_sequences

ENERGIES = [(2.0, 0.3, 0.5), (0.4, 1.7, 0.0), (1.0, 0.0, 0.2), (5.0, 3.0, 1e-6)]


def close_to(estimate, value, errors=4.0):
    """The estimate lies within so many standard errors of the value."""
    return np.all(np.abs(estimate.mean - value) < errors * estimate.standard_error)


# --- settings -----------------------------------------------------------------------------------


def test_settings_of_the_paper():
    p = CouplingParameters.paper()
    assert (p.user_density, p.target_density) == (1e-4, 1e-3)
    assert p.user_path_loss(100.0) == pytest.approx(1e-3 * 100**-2.8)
    assert p.target_path_loss(10.0) == pytest.approx(1e-3 * 10**-5.6)
    assert p.scattered_gain(100.0) == pytest.approx(p.user_path_loss(100.0) / 2)
    assert p.user_energy(50.0) == pytest.approx(64 * 1e-3 * 50**-2.8 / 2)
    assert p.echo_energy(10.0) == pytest.approx(0.1 * 64 * 64 * 1e-3 * 10**-5.6)
    assert p.detection_threshold == pytest.approx(63.0957344480193)
    ratios = {
        ("W", "-80 dBm"): 1e-11,
        ("mW", "-80 dBm"): 1e-8,
        ("W", "-80 dB"): 1e-8,
        ("mW", "-80 dB"): 1e-8,
    }
    for (unit, noise), ratio in ratios.items():
        q = CouplingParameters.paper(power_unit=unit, noise=noise)
        assert q.noise_power / q.user_power == pytest.approx(ratio)
        assert q.target_power / q.user_power == pytest.approx(0.1)
    assert CouplingParameters.paper(noise=None).noise_power == 0


def test_path_loss_as_symbols():
    d, c, a = sp.symbols("d C_0 alpha", positive=True)
    assert sp.simplify(path_loss(d, c, a) - c * d**-a) == 0
    assert sp.simplify(echo_path_loss(d, c, a) - c * d ** (-2 * a)) == 0


def test_decibels():
    assert from_db(np.array([0.0, 3.0, -np.inf])) == pytest.approx([1, 10**0.3, 0])
    assert to_db(from_db(-17.5)) == pytest.approx(-17.5)


# --- closed forms -------------------------------------------------------------------------------


def covariances(user_energy, echo_energy, noise_power, a):
    N = len(a)
    prior = user_energy * np.eye(N)
    disturbance = echo_energy * np.outer(a, a.conj()) + noise_power * np.eye(N)
    return prior, np.eye(N), disturbance


@pytest.mark.parametrize("energies", ENERGIES)
@pytest.mark.parametrize("N", [1, 2, 5])
def test_estimators_against_full_matrices(energies, N):
    u = energies[0]
    a = steering_vector(0.4, N)
    model = covariances(*energies, a)
    projector = np.outer(a, a.conj()) / N
    along, across = lmmse_gains(*energies, N)
    matrix = along * projector + across * (np.eye(N) - projector)
    if energies[2] > 0:  # otherwise the observation has a singular disturbance, which is allowed
        assert matrix == pytest.approx(lmmse_gain(*model), abs=1e-10)
    assert nmse_lmmse(*energies, N) == pytest.approx(
        np.trace(error_covariance(matrix, *model)).real / (N * u), rel=1e-9
    )
    assert nmse(along, across, *energies, N) == pytest.approx(nmse_lmmse(*energies, N), rel=1e-9)
    c = printed_gain(*energies)
    error = error_covariance(c * np.eye(N), *model)
    # the paper's trace is right, although neither its covariance nor its independence is
    assert nmse_printed(*energies) == pytest.approx(np.trace(error).real / (N * u), rel=1e-12)
    assert nmse(c, c, *energies, N) == pytest.approx(nmse_printed(*energies), rel=1e-12)
    coupled = cross_covariance(c * np.eye(N), *model)
    expected = -(c**2) * energies[1] * (np.outer(a, a.conj()) - np.eye(N))
    assert coupled == pytest.approx(expected, abs=1e-12)


def test_printed_gain_is_best_for_a_white_echo():
    u, x, n0 = ENERGIES[0]
    gain = lmmse_gain(u * np.eye(3), np.eye(3), (x + n0) * np.eye(3))
    assert gain == pytest.approx(printed_gain(u, x, n0) * np.eye(3), rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "mean"), [(1, 0.0), (3, 0.7), (15, 16.0), (63, 64.0), (7, 900.0)]
)
def test_inverse_mean_against_its_series(shape, mean):
    with mpmath.workdps(30):
        mean = mpmath.mpf(mean)
        series = mpmath.nsum(
            lambda j: (
                mpmath.exp(-mean + j * mpmath.log(mean) - mpmath.loggamma(j + 1)) / (shape + j)
                if mean
                else (mpmath.mpf(1) / shape if j == 0 else 0)
            ),
            [0, int(mean) * 2 + 300],
        )
        assert inverse_mean(shape, mean) == pytest.approx(series, rel=1e-12)
        assert inverse_mean(shape, float(mean)) == pytest.approx(float(series), rel=1e-11)


@pytest.mark.parametrize("kappa", [0.0, 1.0, 4.0])
def test_mean_of_the_ratio_against_drawn_channels(kappa):
    # an estimator with two different gains, so that the alignment counts
    N, n, rng = 3, 400_000, np.random.default_rng(5)
    u, x, n0, along, across = 1.3, 0.4, 0.2, 0.3, 0.8
    a, los = steering_vector(0.4, N), steering_vector(0.1, N)
    scattered = uplink.complex_normal(rng, (n, N))
    h = np.sqrt(kappa) * los + scattered
    disturbance = np.sqrt(x / u) * uplink.complex_normal(rng, (n, 1)) * a
    disturbance = disturbance + np.sqrt(n0 / u) * uplink.complex_normal(rng, (n, N))
    seen = scattered + disturbance
    projected = (seen @ a.conj() / N)[:, None] * a
    e = scattered - across * seen - (along - across) * projected
    ratio = (np.abs(e) ** 2).sum(1) / (np.abs(h) ** 2).sum(1)
    delta = np.abs(np.vdot(a, los)) ** 2 / N
    exact = mean_ratio_nmse(along, across, u, x, n0, N, kappa, delta)
    assert abs(ratio.mean() - exact) < 4 * ratio.std() / np.sqrt(n)


def test_mean_of_the_ratio_approaches_the_channel_normalisation():
    for kappa in (0.0, 1.0, 7.0):
        value = mean_ratio_nmse(0.7, 0.7, 1.0, 0.3 / 0.7, 0.0, 4096, kappa)
        assert value == pytest.approx(0.3 / (1 + kappa), rel=2e-3)


@pytest.mark.parametrize("energies", ENERGIES)
def test_detection_from_the_covariances(energies):
    N = 4
    u, x, n0 = energies
    a = steering_vector(-0.2, N)
    # the test on the residual r = (1 - c)(y - Ey), with its variances taken from matrices
    c = printed_gain(*energies)
    rest = (1 - c) * np.eye(N)
    noise = rest @ ((u + n0) * np.eye(N)) @ rest
    along = (a.conj() @ noise @ a).real
    echo = np.abs(a.conj() @ (rest @ a)) ** 2 * x
    assert target_snr(*energies, N) == pytest.approx(echo / along, rel=1e-12)
    if x > 0 or n0 > 0:
        assumed = N * (n0 + u * (1 - c))
        assert residual_threshold(*energies, 2.5) == pytest.approx(2.5 * assumed / along)
        assert residual_threshold(*energies, 2.5) >= 2.5
    if x == 0:
        assert target_snr_printed(*energies, N) == 0
    if n0 == 0:
        assert target_snr_printed(*energies, N) == pytest.approx(N * (1 + x / u))


def test_closed_forms_as_symbols():
    u, x, n0, N = sp.symbols("u x N_0 N", positive=True)
    printed, best = nmse_printed(u, x, n0), nmse_lmmse(u, x, n0, N)
    assert sp.simplify(printed - (1 - printed_gain(u, x, n0))) == 0
    assert sp.simplify(best.subs(N, 1) - printed) == 0
    # the exact estimator gains N - 1 clean directions
    assert sp.simplify(best.subs(n0, 0) - x / (u + N * x)) == 0
    assert sp.simplify(target_snr_printed(u, x, n0, N).subs(n0, 0) - N * (u + x) / u) == 0
    assert sp.limit(target_snr_printed(u, x, n0, N), x, 0) == 0


# --- the drawn system ---------------------------------------------------------------------------


def test_pilots():
    pilots = pilot_sequences(6, 4)
    assert pilots.conj().T @ pilots == pytest.approx(np.eye(4), abs=1e-14)
    rng = np.random.default_rng(6)
    signals = uplink.complex_normal(rng, (3, 4, 5))
    received = received_pilots(rng, signals, pilots, 0.0)
    assert received.shape == (3, 5, 6)
    assert despread(received, pilots) == pytest.approx(signals, abs=1e-13)
    noise = despread(received_pilots(rng, np.zeros((20_000, 4, 1)), pilots, 0.7), pilots)[..., 0]
    assert noise.conj().T @ noise / 20_000 == pytest.approx(0.7 * np.eye(4), abs=0.03)


def link_of(N=6, ratio=2.5):
    """A link whose signal-to-noise ratio S has the given value."""
    p = CouplingParameters.paper(noise="-80 dB", N=N)
    link = UplinkLink.at(p, 40.0, 10.0)
    return link.replace(
        target_path_loss=link.target_path_loss * ratio / target_snr(*link.energies, N)
    )


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
                observe(np.random.default_rng(8), 20_000, quiet, reflection=kind).observation
                - quiet.amplitude_user * quiet.mean_channel
            )[:, 0]
            ** 2
        )
        assert power.mean() == pytest.approx(x, rel=0.04)
        assert power.std() == pytest.approx(spread * x, rel=0.06, abs=1e-9 * x)


def test_a_given_reflection():
    link = link_of().replace(scattered_gain=1e-30, noise_power=0.0)
    drawn = observe(np.random.default_rng(9), 3, link, reflection=0.6 - 0.8j).observation
    echo = np.sqrt(link.energies[1]) * (0.6 - 0.8j) * link.steering
    assert drawn - link.amplitude_user * link.mean_channel == pytest.approx(
        np.tile(echo, (3, 1)), rel=1e-6
    )


N_DRAWN = 60_000
PAPER = functools.partial(simulate, estimator=estimate_printed, detector=residual_statistic_printed)
RIGHT = functools.partial(simulate, estimator=estimate_lmmse, detector=matched_filter_statistic)


@pytest.mark.parametrize("N", [2, 6, 16])
def test_the_papers_system_does_what_the_corrected_formulas_say(N):
    link = link_of(N)
    u, x, n0 = link.energies
    eps = 1.5 * x / (u + x)  # of the printed statistic: about 1.5 of the true ratio
    result = PAPER(link, threshold=eps, n=N_DRAWN, seed=11, reflection="unit")
    assert close_to(result.nmse, nmse_printed(u, x, n0))
    c = printed_gain(u, x, n0)
    assert close_to(result.mean_ratio, mean_ratio_nmse(c, c, u, x, n0, N, link.rician_factor))
    assert not close_to(result.mean_ratio, nmse_printed(u, x, n0), 20)
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
    faded = RIGHT(link, threshold=levels, n=N_DRAWN, seed=12)
    assert close_to(faded.nmse, nmse_lmmse(u, x, n0, N))
    snr = target_snr(u, x, n0, N)
    assert close_to(faded.detection, mean_detection_probability(snr, levels))
    assert close_to(faded.false_alarm, np.exp(-levels))
    unit = RIGHT(link, threshold=levels, n=N_DRAWN, seed=13, reflection="unit")
    assert close_to(unit.detection, detection_probability(snr, levels))
    gains = lmmse_gains(u, x, n0, N)
    assert close_to(
        faded.mean_ratio,
        mean_ratio_nmse(*gains, u, x, n0, N, link.rician_factor, link.alignment),
    )


def test_printed_formulas_hold_with_a_second_white_observation():
    link = link_of()
    u, x, n0 = link.energies
    eps = 6.0
    result = PAPER(link, threshold=eps, n=N_DRAWN, seed=14, training="white", reflection="unit")
    assert close_to(result.nmse, nmse_printed(u, x, n0))
    assert close_to(result.detection, detection_probability_printed(u, x, n0, 6, eps))
    assert close_to(result.false_alarm, np.exp(-eps))
    # a second observation with an echo of its own does not do: its error points along a
    second = PAPER(link, threshold=eps, n=N_DRAWN, seed=14, training="second", reflection="unit")
    assert not close_to(second.detection, detection_probability_printed(u, x, n0, 6, eps), 10)


def test_simulation_repeats_itself():
    link = link_of()
    first = PAPER(link, threshold=1.0, n=500, seed=3)
    again = PAPER(link, threshold=1.0, n=500, seed=3)
    other = PAPER(link, threshold=1.0, n=500, seed=4)
    assert first == again
    assert first.nmse != other.nmse
    with pytest.raises(ValueError, match="reflection must be"):
        PAPER(link, threshold=1.0, n=10, seed=3, reflection="swerling")


def test_groups_share_one_matrix():
    p = CouplingParameters.paper(N=8, noise="-80 dB")
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
        last.energies[1]
        * (other.target_path_loss / last.target_path_loss)
        * np.abs(np.vdot(other.steering, last.steering)) ** 2
        / 64
        for other in links[:-1]
    )
    centred = crossed[-1].observation - last.amplitude_user * last.mean_channel
    u, x, n0 = last.energies
    assert extra > 0.1 * x
    assert (np.abs(centred) ** 2).mean() == pytest.approx(u + x + n0 + extra, rel=0.03)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: printed_gain(0.0, 1.0, 1.0), "user_energy must be"),
        (lambda: nmse_printed(1.0, -1.0, 1.0), "echo_energy must be"),
        (lambda: nmse_lmmse(1.0, 1.0, np.nan, 4), "noise_power must be"),
        (lambda: lmmse_gains(1.0, 1.0, 1.0, 0), "N must be a whole number >= 1, got 0"),
        (lambda: mean_ratio_nmse(0.5, 0.5, 1, 1, 1, 1, 1.0), "N must be a whole number >= 2"),
        (lambda: mean_ratio_nmse(0.5, 0.5, 1, 1, 1, 4, -1.0), "rician_factor must be"),
        (lambda: mean_ratio_nmse(0.5, 0.5, 1, 1, 1, 4, 1.0, 5.0), "alignment must be"),
        (lambda: residual_threshold(1.0, 0.0, 0.0, 1.0), "echo_energy must be > 0"),
        (lambda: residual_threshold(1.0, 1.0, 0.0, -1.0), "threshold must be"),
        (lambda: pilot_sequences(3, 4), "count must be a whole number >= 1 and <= 3"),
        (lambda: inverse_mean(0.0, 1.0), "shape must be"),
        (lambda: CouplingParameters.paper(N=0), "N must be"),
        (lambda: CouplingParameters.paper(K=0), "K must be"),
        (lambda: CouplingParameters.paper(user_power=-1.0), "user_power must be"),
        (lambda: CouplingParameters.paper(path_loss_exponent=0.0), "path_loss_exponent must be"),
        (lambda: CouplingParameters.paper(noise_power=np.ones(2)), "noise_power must be one"),
        (lambda: CouplingParameters.paper(noise="loud"), "noise must be"),
        (lambda: CouplingParameters.paper(power_unit="kW"), "power_unit must be"),
        (lambda: path_loss(0.0, 1e-3, 2.8), "distance must be"),
        (lambda: from_db(np.inf), "value must be"),
        (lambda: to_db(-1.0), "ratio must be"),
        (lambda: link_of().replace(steering=np.ones(3)), "steering and line_of_sight"),
        (lambda: link_of().replace(steering=np.full(6, 2.0)), "squared norm N"),
        (lambda: link_of().replace(target_path_loss=-1.0), "target_path_loss must be"),
        (
            lambda: observe(np.random.default_rng(1), 2, link_of(), training="none"),
            "training must be",
        ),
        (
            lambda: received_pilots(
                np.random.default_rng(1), np.zeros((1, 2, 3)), pilot_sequences(4, 3), 1.0
            ),
            "signals must have shape",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- right forms of what is wrong in print ------------------------------------------------------


def gaussian(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def drawn_residuals(rng, size, link, zeta):
    """Residuals of the paper's estimate, from channel, echo and noise drawn here."""
    u, x, noise = link.energies
    scattered = np.sqrt(u) * gaussian(rng, size, link.N)
    rest = np.sqrt(noise) * gaussian(rng, size, link.N)
    centred = scattered + np.sqrt(x) * zeta * link.steering + rest
    return centred - u / (u + x + noise) * centred


LINK = link_of(N=6)
ZETA = 0.8 - 0.5j


def test_mean_ratio_of_an_estimator_with_one_gain():
    rng, (u, x, noise), N, kappa = np.random.default_rng(41), (2.0, 0.3, 0.5), 3, 1.5
    a, line = steering_vector(0.4, N), steering_vector(-0.7, N)
    gain = u / (u + x + noise)
    h = np.sqrt(u * kappa) * line + np.sqrt(u) * gaussian(rng, 400_000, N)
    seen = (
        h + np.sqrt(x) * gaussian(rng, 400_000, 1) * a + np.sqrt(noise) * gaussian(rng, 400_000, N)
    )
    mean = np.sqrt(u * kappa) * line
    error = h - mean - gain * (seen - mean)
    ratio = np.sum(abs(error) ** 2, axis=1) / np.sum(abs(h) ** 2, axis=1)
    claimed = uplink.mean_ratio_nmse_equal_gains(nmse_printed(u, x, noise), N, kappa)
    standard_error = ratio.std() / np.sqrt(ratio.size)
    assert abs(ratio.mean() - claimed) < 4 * standard_error
    assert abs(ratio.mean() - nmse_printed(u, x, noise)) > 50 * standard_error
    for case in ENERGIES:
        gain = printed_gain(*case)
        general = mean_ratio_nmse(gain, gain, *case, 5, 0.7)
        one = uplink.mean_ratio_nmse_equal_gains(nmse_printed(*case), 5, 0.7)
        assert one == pytest.approx(general, rel=1e-12)
    # 1/(1 + kappa) of the printed value for many antennas
    assert uplink.mean_ratio_nmse_equal_gains(0.3, 4000, 2.0) == pytest.approx(0.1, rel=1e-3)


def test_likelihood_ratio_is_that_of_two_densities():
    u, x, noise = LINK.energies
    s = np.sqrt(x) * ZETA * LINK.steering
    residuals = drawn_residuals(np.random.default_rng(42), 50, LINK, ZETA)
    kept = 1 - u / (u + x + noise)
    covariance = kept**2 * (u + noise) * np.eye(6)

    def log_density(r, mean):
        return -np.einsum(
            "sn,nm,sm->s", (r - mean).conj(), np.linalg.inv(covariance), r - mean
        ).real

    expected = log_density(residuals, kept * s) - log_density(residuals, 0 * s)
    ratio = uplink.log_likelihood_ratio(residuals, s, *LINK.energies)
    assert ratio == pytest.approx(expected, rel=1e-10)
    printed = printed_forms.log_likelihood_ratio_printed(residuals, s, *LINK.energies)
    assert np.all(abs(printed - expected) > 1e-3 * abs(expected))


def test_likelihood_ratio_of_noise_alone_averages_to_one():
    link = link_of(N=6).replace(target_path_loss=link_of(N=6).target_path_loss * 0.05)
    u, x, noise = link.energies
    rng = np.random.default_rng(43)
    centred = np.sqrt(u + noise) * gaussian(rng, 200_000, 6)
    residuals = centred * (1 - u / (u + x + noise))
    s = np.sqrt(x) * ZETA * link.steering
    values = np.exp(uplink.log_likelihood_ratio(residuals, s, u, x, noise))
    assert abs(values.mean() - 1) < 4 * values.std() / np.sqrt(values.size)
    wrong = np.exp(printed_forms.log_likelihood_ratio_printed(residuals, s, u, x, noise))
    assert wrong.mean() < 0.9


def test_likelihood_ratio_takes_symbols():
    r, s, u, x, noise = sp.symbols("r s u x N_0", positive=True)
    ratio = uplink.log_likelihood_ratio(np.array([r], object), np.array([s], object), u, x, noise)
    kept = (x + noise) / (u + x + noise)
    expected = (r**2 - (r - kept * s) ** 2) / (kept**2 * (u + noise))
    assert sp.simplify(ratio - expected) == 0
    printed = printed_forms.log_likelihood_ratio_printed(
        np.array([r], object), np.array([s], object), u, x, noise
    )
    assert sp.simplify(printed - (r**2 - (r - s) ** 2) / (noise + u * kept)) == 0


def test_reflection_is_estimated_without_bias_and_by_the_largest_likelihood():
    u, x, noise = LINK.energies
    truth = np.sqrt(LINK.target_path_loss) * ZETA
    residuals = drawn_residuals(np.random.default_rng(44), 100_000, LINK, ZETA)
    gain = printed_gain(*LINK.energies)
    guess = uplink.reflection_estimate(
        residuals, LINK.steering, LINK.target_power, LINK.pilot_length, gain
    )
    assert abs(guess.mean() - truth) < 4 * guess.std() / np.sqrt(guess.size)
    printed = printed_forms.reflection_estimate_printed(
        residuals, LINK.steering, LINK.user_power, LINK.pilot_length
    )
    shrunk = np.sqrt(LINK.target_power / LINK.user_power) * (1 - gain)
    assert abs(printed.mean() - shrunk * truth) < 4 * printed.std() / np.sqrt(printed.size)
    # moving the estimate in any direction lowers the likelihood
    scale = np.sqrt(LINK.target_power * LINK.pilot_length * LINK.N)

    def likelihood(varpi):
        return uplink.log_likelihood_ratio(residuals[0], scale * varpi * LINK.steering, u, x, noise)

    best = likelihood(guess[0])
    for step in (0.1, -0.1, 0.1j, -0.1j):
        assert likelihood(guess[0] * (1 + step)) < best


def test_law_of_the_projected_residual():
    residuals = drawn_residuals(np.random.default_rng(45), 200_000, LINK, ZETA)
    along = residuals.conj() @ LINK.steering
    mean, variance = uplink.residual_projection_law(ZETA, *LINK.energies, 6)
    error = np.sqrt(variance / along.size)
    assert abs(along.mean() - mean) < 4 * error
    spread = abs(along - mean) ** 2
    assert abs(spread.mean() - variance) < 4 * spread.std() / np.sqrt(along.size)
    printed_mean, printed_variance = printed_forms.residual_projection_law_printed(
        ZETA, *LINK.energies, 6
    )
    assert abs(along.mean() - printed_mean) > 20 * error
    assert abs(spread.mean() - printed_variance) > 20 * spread.std() / np.sqrt(along.size)
    symbols = sp.symbols("u x N_0", positive=True)
    mean, variance = uplink.residual_projection_law(sp.Integer(1), *symbols, sp.Symbol("N"))
    assert sp.simplify(mean**2 / variance - target_snr(*symbols, sp.Symbol("N"))) == 0


def test_statistic_of_the_residual_is_the_matched_filter():
    drawn = observe(np.random.default_rng(46), 200, LINK)
    guess = estimate_printed(drawn.training, LINK)
    best = matched_filter_statistic(drawn.observation, None, LINK)
    right = uplink_system.residual_statistic(drawn.observation, guess, LINK)
    assert right == pytest.approx(best, rel=1e-10)
    ratio = residual_statistic_printed(drawn.observation, guess, LINK) / right
    assert ratio == pytest.approx(np.full(200, ratio[0]), rel=1e-10)
    assert abs(ratio[0] - 1) > 0.1


@pytest.mark.parametrize("zeta", [1.0, 0.6j, 1.7])
def test_detection_by_the_matched_filter_at_a_given_reflection(zeta):
    size, threshold = 100_000, 3.0
    drawn = observe(np.random.default_rng(47), size, LINK, reflection=zeta)
    found = (matched_filter_statistic(drawn.observation, None, LINK) > threshold).mean()
    case = (*LINK.energies, LINK.N, threshold, abs(zeta) ** 2)
    claimed = uplink.matched_detection_probability(*case)
    assert abs(found - claimed) < 4 * np.sqrt(claimed * (1 - claimed) / size)
    guess = estimate_printed(drawn.training, LINK)
    test = residual_statistic_printed(drawn.observation, guess, LINK) > threshold
    own = residual_detection_probability(*case)
    assert abs(test.mean() - own) < 4 * np.sqrt(own * (1 - own) / size)
    # (8) holds where the estimate comes from a white observation of its own
    other = observe(np.random.default_rng(48), size, LINK, reflection=zeta, training="white")
    guess = estimate_printed(other.training, LINK)
    test = residual_statistic_printed(other.observation, guess, LINK) > threshold
    printed = detection_probability_printed(*case)
    assert abs(test.mean() - printed) < 4 * np.sqrt(printed * (1 - printed) / size)


def test_what_remark_1_guarantees_is_the_limit_of_the_printed_formula():
    vanishing = detection_probability_printed(1.0, 1e-9, 0.0, 16, 6.0)
    assert printed_forms.guaranteed_detection_printed(16, 6.0) == pytest.approx(vanishing, rel=1e-6)
    true = uplink.matched_detection_probability(1.0, 1e-9, 0.0, 16, 6.0)
    assert true == pytest.approx(np.exp(-6.0), rel=1e-6)


# --- signals and covariances of a pair -----------------------------------------------------------


def test_channels_and_beam_element_by_element():
    rng = np.random.default_rng(51)
    line, scatter, a = steering_vector(0.4, 3), gaussian(rng, 3), steering_vector(-0.7, 3)
    loss, kappa = 0.3, 1.5
    h = uplink.user_channel(line, scatter, scattered_gain(loss, kappa), kappa)
    for n in range(3):
        wanted = np.sqrt(loss * kappa / 2.5) * line[n] + np.sqrt(loss / 2.5) * scatter[n]
        assert h[n] == pytest.approx(wanted, rel=1e-12)
    G, w = uplink.target_channel(a, ZETA, 0.2), uplink.pilot_beam(a)
    assert np.linalg.matrix_rank(G) == 1
    assert G[2, 1] == pytest.approx(np.sqrt(0.2) * ZETA * a[2] * np.conj(a[1]), rel=1e-12)
    assert np.linalg.norm(w) == pytest.approx(1.0)
    assert G @ w == pytest.approx(np.sqrt(3 * 0.2) * ZETA * a, rel=1e-12)


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
        y = uplink_system.pair_observation(
            channels[k], G[k], beams[k], noise @ pilots[:, k], user, target, 5
        )
        assert y == pytest.approx(despread(matrix[None], pilots)[0, k], rel=1e-12)
        left = uplink_system.pilot_residual(y, channels[k], user, 5)
        echo = np.sqrt(target * 5) * G[k] @ beams[k]
        assert left == pytest.approx(echo + noise @ pilots[:, k], rel=1e-10)


def test_cross_echoes_against_the_drawn_groups():
    parameters = CouplingParameters.paper(N=4, noise="-80 dB")
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
        error = np.abs(group.channel - estimate_printed(group.observation, link)) ** 2
        error = error.mean(axis=1) / link.scattered_gain
        u, x, noise = link.energies
        gain = printed_gain(u, x, noise)
        claimed = nmse(gain, gain, u, x + extra, noise, 4)
        assert abs(error.mean() - claimed) < 4 * error.std() / np.sqrt(size)


@pytest.mark.parametrize("energies", ENERGIES)
def test_covariances_of_estimate_and_error_against_full_matrices(energies):
    u, x, noise = energies
    a = steering_vector(0.4, 5)
    model = (u * np.eye(5), np.eye(5), x * np.outer(a, a.conj()) + noise * np.eye(5))
    projection = np.outer(a, a.conj()) / 5
    gain = printed_gain(*energies)
    for along, across in ((gain, gain), lmmse_gains(*energies, 5), (0.9, -0.2)):
        W = along * projection + across * (np.eye(5) - projection)
        estimate, error, cross = uplink.estimation_covariances(along, across, a, *energies)
        assert error == pytest.approx(error_covariance(W, *model), abs=1e-12)
        assert cross == pytest.approx(cross_covariance(W, *model), abs=1e-12)
        assert estimate == pytest.approx(W @ (model[0] + model[2]) @ W.conj().T, abs=1e-12)
    right = uplink.estimation_covariances(gain, gain, a, *energies)
    printed = printed_forms.estimation_covariances_printed(*energies, 5)
    for one, other in zip(right, printed, strict=True):
        assert np.trace(one) == pytest.approx(np.trace(other), abs=1e-12)
        assert np.allclose(one, other) == (x == 0)
    phi = uplink.estimate_variance(2.0, 1.5, 4, u / 8, x / 30, noise, 5)
    assert np.diag(right[0]).real == pytest.approx(np.full(5, 8 * phi), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uplink.mean_ratio_nmse_equal_gains(1.2, 4, 1.0), "scattered_nmse must be"),
        (lambda: uplink.mean_ratio_nmse_equal_gains(0.5, 1, 1.0), "N must be"),
        (
            lambda: uplink.log_likelihood_ratio(np.ones(3), np.ones(3), 1.0, 0.0, 0.0),
            "echo_energy must be > 0",
        ),
        (
            lambda: uplink.reflection_estimate(np.ones(3), np.ones(3), 1.0, 4, 1.0),
            "gain must be",
        ),
        (
            lambda: printed_forms.reflection_estimate_printed(np.ones(3), np.ones(3), 0.0, 4),
            "user_power must be",
        ),
        (
            lambda: uplink.matched_detection_probability(1.0, 1.0, 1.0, 4, 1.0, -1.0),
            "cross_section must be",
        ),
        (lambda: printed_forms.guaranteed_detection_printed(0, 1.0), "N must be"),
        (lambda: uplink.residual_projection_law(1.0, 0.0, 1.0, 1.0, 4), "user_energy must be"),
        (lambda: scattered_gain(0.0, 1.0), "user_path_loss must be"),
        (lambda: scattered_gain(1.0, -1.0), "rician_factor must be"),
        (lambda: uplink.user_channel(np.ones(2), 0.0, 0.0, 1.0), "scattered_gain must be"),
        (lambda: uplink.target_channel(np.ones(2), 1.0, -1.0), "target_path_loss must be"),
        (
            lambda: uplink_system.pair_observation(
                np.ones(2), np.eye(2), np.ones(2), np.ones(2), 0.0, 1.0, 1
            ),
            "user_power must be",
        ),
        (
            lambda: uplink_system.pilot_residual(np.ones(2), np.ones(2), 1.0, 0),
            "pilot_length must be",
        ),
        (lambda: uplink.estimate_variance(1, 1, 1, 1, -1, 1, 1), "target_path_loss must be"),
        (lambda: uplink.cross_echo_energy(1.0, 1, [-1.0], np.ones((1, 2))), "target_path_loss"),
        (lambda: uplink.cross_echo_energy(1.0, 1, [1.0], np.ones((2, 2))), "steering must have"),
        (
            lambda: printed_forms.estimation_covariances_printed(0.0, 1.0, 1.0, 2),
            "user_energy must be",
        ),
    ],
)
def test_bad_input_of_the_right_forms(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_balance_of_powers_is_that_of_signal_and_error():
    link = UplinkLink.at(CouplingParameters.paper(noise_power=3e-7), 30.0, 12.0)
    error = nmse_printed(*link.energies)
    assert uplink.power_balance(*link.energies) == pytest.approx((1 - error) / error)
    gains = (link.scattered_gain, 0.1, link.target_path_loss, 64)
    printed = printed_forms.power_balance_printed(1.0, *gains)
    assert printed == pytest.approx(link.scattered_gain**2 / (6.4 * link.target_path_loss))
    quiet = link.replace(noise_power=0.0)
    balance = uplink.power_balance(*quiet.energies)
    assert printed / link.scattered_gain == pytest.approx(balance)


@pytest.mark.parametrize(
    "call",
    [
        lambda: uplink.power_balance(0.0, 1.0, 0.0),
        lambda: uplink.power_balance(1.0, -1.0, 0.0),
        lambda: printed_forms.power_balance_printed(1.0, 0.0, 1.0, 1.0, 4),
        lambda: printed_forms.power_balance_printed(1.0, 1.0, 1.0, 0.0, 4),
        lambda: printed_forms.power_balance_printed(1.0, 1.0, 1.0, 1.0, 0),
    ],
)
def test_bad_input_of_the_balance(call):
    with pytest.raises(ValueError, match="must be"):
        call()
