"""Closed forms of the uplink: against matrices, integrals and channels drawn here."""

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling import printed as printed_forms
from isacnb.coupling import uplink
from isacnb.coupling.printed import detection_probability_printed, target_snr_printed
from isacnb.coupling.settings import CouplingParameters, Energies, scattered_gain
from isacnb.coupling.uplink import (
    UplinkLink,
    inverse_mean,
    lmmse_gains,
    mean_ratio_nmse,
    nmse,
    nmse_lmmse,
    nmse_paper,
    paper_gain,
    residual_threshold,
    target_snr,
)
from isacnb.probability.gaussian import complex_normal
from isacnb.signals.arrays import steering_vector
from isacnb.signals.estimation import cross_covariance, error_covariance, lmmse_gain

ENERGIES = [(2.0, 0.3, 0.5), (0.4, 1.7, 0.0), (1.0, 0.0, 0.2), (5.0, 3.0, 1e-6)]


def link_of(N=6, ratio=2.5):
    """A link whose signal-to-noise ratio S has the given value."""
    p = CouplingParameters.paper(noise="-80 dB", N=N)
    link = UplinkLink.at(p, 40.0, 10.0)
    return link.replace(
        target_path_loss=link.target_path_loss * ratio / target_snr(*link.energies, N)
    )


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
    assert nmse(along, across, Energies(*energies), N) == pytest.approx(
        nmse_lmmse(*energies, N), rel=1e-9
    )
    c = paper_gain(*energies)
    error = error_covariance(c * np.eye(N), *model)
    # the paper's trace is right, although neither its covariance nor its independence is
    assert nmse_paper(*energies) == pytest.approx(np.trace(error).real / (N * u), rel=1e-12)
    assert nmse(c, c, Energies(*energies), N) == pytest.approx(nmse_paper(*energies), rel=1e-12)
    coupled = cross_covariance(c * np.eye(N), *model)
    expected = -(c**2) * energies[1] * (np.outer(a, a.conj()) - np.eye(N))
    assert coupled == pytest.approx(expected, abs=1e-12)


def test_paper_gain_is_best_for_a_white_echo():
    u, x, n0 = ENERGIES[0]
    gain = lmmse_gain(u * np.eye(3), np.eye(3), (x + n0) * np.eye(3))
    assert gain == pytest.approx(paper_gain(u, x, n0) * np.eye(3), rel=1e-12)


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


@pytest.mark.parametrize("shape", [1e-300, 1e-20, 1e-3, 0.3, 1, 63, 1e6])
@pytest.mark.parametrize("mean", [0.0, 1e-8, 0.1, 5.0, 40.0, 690.0, 1000.0])
def test_inverse_mean_of_floats_against_enclosures(shape, mean):
    with flint.ctx.workprec(4000):
        exact = flint.arb(-mean).hypgeom_1f1(1, flint.arb(shape) + 1) / flint.arb(shape)
        assert abs(float(flint.arb(float(inverse_mean(shape, mean))) / exact - 1)) < 2e-15
    assert isinstance(inverse_mean(shape, mean), float)


def test_inverse_mean_far_out_and_broadcast():
    # 1/(n + mean) and the next order, n = 0 in effect
    assert inverse_mean(1e-300, 1e12) == pytest.approx(1e-12, rel=2e-12)
    assert inverse_mean(1e12, 1e12) == pytest.approx(5e-13, rel=2e-12)
    assert inverse_mean([[1.0], [2.0]], [0.0, 3.0, 4.0]).shape == (2, 3)


@pytest.mark.parametrize("kappa", [0.0, 1.0, 4.0])
def test_mean_of_the_ratio_against_drawn_channels(kappa):
    # an estimator with two different gains, so that the alignment counts
    N, n, rng = 3, 400_000, np.random.default_rng(5)
    u, x, n0, along, across = 1.3, 0.4, 0.2, 0.3, 0.8
    a, los = steering_vector(0.4, N), steering_vector(0.1, N)
    scattered = complex_normal(rng, (n, N))
    h = np.sqrt(kappa) * los + scattered
    disturbance = np.sqrt(x / u) * complex_normal(rng, (n, 1)) * a
    disturbance = disturbance + np.sqrt(n0 / u) * complex_normal(rng, (n, N))
    seen = scattered + disturbance
    projected = (seen @ a.conj() / N)[:, None] * a
    e = scattered - across * seen - (along - across) * projected
    ratio = (np.abs(e) ** 2).sum(1) / (np.abs(h) ** 2).sum(1)
    delta = np.abs(np.vdot(a, los)) ** 2 / N
    exact = mean_ratio_nmse(along, across, Energies(u, x, n0), N, kappa, delta)
    assert abs(ratio.mean() - exact) < 4 * ratio.std() / np.sqrt(n)


def test_mean_of_the_ratio_approaches_the_channel_normalisation():
    for kappa in (0.0, 1.0, 7.0):
        value = mean_ratio_nmse(0.7, 0.7, Energies(1.0, 0.3 / 0.7, 0.0), 4096, kappa)
        assert value == pytest.approx(0.3 / (1 + kappa), rel=2e-3)


@pytest.mark.parametrize("energies", ENERGIES)
def test_detection_from_the_covariances(energies):
    N = 4
    u, x, n0 = energies
    a = steering_vector(-0.2, N)
    # the test on the residual r = (1 - c)(y - Ey), with its variances taken from matrices
    c = paper_gain(*energies)
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
    printed, best = nmse_paper(u, x, n0), nmse_lmmse(u, x, n0, N)
    assert sp.simplify(printed - (1 - paper_gain(u, x, n0))) == 0
    assert sp.simplify(best.subs(N, 1) - printed) == 0
    # the exact estimator gains N - 1 clean directions
    assert sp.simplify(best.subs(n0, 0) - x / (u + N * x)) == 0
    assert sp.simplify(target_snr_printed(u, x, n0, N).subs(n0, 0) - N * (u + x) / u) == 0
    assert sp.limit(target_snr_printed(u, x, n0, N), x, 0) == 0


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
    claimed = uplink.mean_ratio_nmse_equal_gains(nmse_paper(u, x, noise), N, kappa)
    standard_error = ratio.std() / np.sqrt(ratio.size)
    assert abs(ratio.mean() - claimed) < 4 * standard_error
    assert abs(ratio.mean() - nmse_paper(u, x, noise)) > 50 * standard_error
    for case in ENERGIES:
        gain = paper_gain(*case)
        general = mean_ratio_nmse(gain, gain, Energies(*case), 5, 0.7)
        one = uplink.mean_ratio_nmse_equal_gains(nmse_paper(*case), 5, 0.7)
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
    gain = paper_gain(*LINK.energies)
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


def test_what_remark_1_guarantees_is_the_limit_of_the_printed_formula():
    vanishing = detection_probability_printed(1.0, 1e-9, 0.0, 16, 6.0)
    assert printed_forms.guaranteed_detection_printed(16, 6.0) == pytest.approx(vanishing, rel=1e-6)
    true = uplink.matched_detection_probability(1.0, 1e-9, 0.0, 16, 6.0)
    assert true == pytest.approx(np.exp(-6.0), rel=1e-6)


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


@pytest.mark.parametrize("energies", ENERGIES)
def test_covariances_of_estimate_and_error_against_full_matrices(energies):
    u, x, noise = energies
    a = steering_vector(0.4, 5)
    model = (u * np.eye(5), np.eye(5), x * np.outer(a, a.conj()) + noise * np.eye(5))
    projection = np.outer(a, a.conj()) / 5
    gain = paper_gain(*energies)
    for along, across in ((gain, gain), lmmse_gains(*energies, 5), (0.9, -0.2)):
        W = along * projection + across * (np.eye(5) - projection)
        estimate, error, cross = uplink.estimation_covariances(
            along, across, a, Energies(*energies)
        )
        assert error == pytest.approx(error_covariance(W, *model), abs=1e-12)
        assert cross == pytest.approx(cross_covariance(W, *model), abs=1e-12)
        assert estimate == pytest.approx(W @ (model[0] + model[2]) @ W.conj().T, abs=1e-12)
    right = uplink.estimation_covariances(gain, gain, a, Energies(*energies))
    printed = printed_forms.estimation_covariances_printed(Energies(*energies), 5)
    for one, other in zip(right, printed, strict=True):
        assert np.trace(one) == pytest.approx(np.trace(other), abs=1e-12)
        assert np.allclose(one, other) == (x == 0)
    p = CouplingParameters.paper(
        N=5, user_power=2.0, target_power=1.5, pilot_length=4, noise_power=noise
    )
    phi = uplink.estimate_variance(u / 8, x / 30, p)
    assert np.diag(right[0]).real == pytest.approx(np.full(5, 8 * phi), rel=1e-12)


def test_the_balance_of_powers_is_that_of_signal_and_error():
    link = UplinkLink.at(CouplingParameters.paper(noise_power=3e-7), 30.0, 12.0)
    error = nmse_paper(*link.energies)
    assert uplink.power_balance(*link.energies) == pytest.approx((1 - error) / error)
    gains = (link.scattered_gain, 0.1, link.target_path_loss, 64)
    printed = printed_forms.power_balance_printed(1.0, *gains)
    assert printed == pytest.approx(link.scattered_gain**2 / (6.4 * link.target_path_loss))
    quiet = link.replace(noise_power=0.0)
    balance = uplink.power_balance(*quiet.energies)
    assert printed / link.scattered_gain == pytest.approx(balance)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: mean_ratio_nmse(0.5, 0.5, Energies(1, 1, 1), 1, 1.0),
            "N must be a whole number >= 2",
            id="one antenna has no mean of the ratio",
        ),
        pytest.param(
            lambda: mean_ratio_nmse(0.5, 0.5, Energies(1, 1, 1), 4, 1.0, 5.0),
            r"alignment must be in \[-N, N\], got 5",
            id="alignment beyond N",
        ),
        pytest.param(
            lambda: uplink.mean_ratio_nmse_equal_gains(1.2, 4, 1.0),
            "nmse must be",
            id="error above the scattered power",
        ),
        pytest.param(
            lambda: residual_threshold(1.0, 0.0, 0.0, 1.0),
            "echo_energy must be > 0",
            id="no residual, threshold",
        ),
        pytest.param(
            lambda: uplink.log_likelihood_ratio(np.ones(3), np.ones(3), 1.0, 0.0, 0.0),
            "echo_energy must be > 0",
            id="no residual, likelihood ratio",
        ),
        pytest.param(
            lambda: uplink.reflection_estimate(np.ones(3), np.ones(3), 1.0, 4, 1.0),
            "quality must be",
            id="nothing left of the echo",
        ),
        pytest.param(
            lambda: uplink.power_balance(1.0, 0.0, 0.0),
            "contradict each other",
            id="neither echo nor noise",
        ),
        pytest.param(
            lambda: uplink.cross_echo_energy(1.0, 1, [1.0], np.ones((2, 2))),
            "steering must have",
            id="more steering vectors than targets",
        ),
        pytest.param(
            lambda: printed_forms.power_balance_printed(1.0, 1.0, 1.0, 0.0, 4),
            "target_path_loss must be",
            id="printed balance without an echo",
        ),
        pytest.param(
            lambda: uplink.target_channel(np.ones(100_000), 1.0, 1.0),
            "at most 8 are tried",
            id="matrix that cannot fit",
        ),
        pytest.param(
            lambda: LINK.replace(steering=np.ones(3)),
            "steering and line_of_sight",
            id="vectors of two lengths",
        ),
        pytest.param(
            lambda: LINK.replace(steering=np.full(6, 2.0)), "squared norm N", id="steering norm"
        ),
        pytest.param(
            lambda: LINK.replace(target_path_loss=-1.0), "target_path_loss must be", id="field"
        ),
        pytest.param(
            lambda: UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0, user_angle=2.0),
            "user_angle must be",
            id="angle behind the array",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
