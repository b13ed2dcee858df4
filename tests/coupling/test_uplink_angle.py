"""The uplink with an angle known in part: against quadrature, matrices, densities and drawn channels."""

import numpy as np
import pytest
import sympy as sp
from scipy.signal.windows import dpss

from isacnb.coupling import uplink_angle
from isacnb.coupling.settings import Energies
from isacnb.coupling.uplink import UplinkLink, nmse, nmse_lmmse, nmse_paper
from isacnb.coupling.uplink_angle import (
    angle_gain,
    angle_log_likelihood,
    angle_tolerance,
    estimate_interval,
    estimate_posterior_mean,
    interval_angle_gain,
    interval_correlation,
    interval_covariance,
    interval_eigenvalues,
    nmse_echo_eigenvalues,
    nmse_interval,
    nmse_wrong_angle,
)
from isacnb.coupling.uplink_system import estimate_paper
from isacnb.signals.arrays import steering_vector
from isacnb.signals.estimation import error_covariance, lmmse_gain

ENERGIES = [(2.0, 0.3, 0.5), (0.4, 1.7, 0.0), (1.0, 20.0, 0.2), (5.0, 3.0, 1e-6)]


def link_of(N=6, u=1.0, x=1.5, noise=0.1, angle=-0.4):
    sight, steering = steering_vector(0.3, N), steering_vector(angle, N)
    # amplitude and gain apart, so that a lost factor shows
    return UplinkLink(4.0, 2.0, 9, noise, u / 36, 0.7, x / (18 * N), sight, steering)


def steering_of_sines(sines, N):
    return np.exp(1j * np.pi * np.multiply.outer(sines, np.arange(N)))


def averaged(N, D, middle=0.0, nodes=300):
    node, weight = np.polynomial.legendre.leggauss(nodes)
    a = steering_of_sines(middle + D * node, N)
    return (a.T * weight / 2) @ a.conj()


def gaussian(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def drawn(rng, rows, link, sines):
    u, x, noise = link.energies
    h = np.sqrt(link.scattered_gain) * gaussian(rng, rows, link.N)
    echo = np.sqrt(x) * gaussian(rng, rows, 1) * steering_of_sines(sines, link.N)
    y = link.amplitude_user * (link.mean_channel + h) + echo
    return link.mean_channel + h, y + np.sqrt(noise) * gaussian(rng, rows, link.N)


# --- the interval -------------------------------------------------------------------------------


@pytest.mark.parametrize("D", [1e-6, 0.03, 0.4, 1.0])
@pytest.mark.parametrize("middle", [0.0, -0.7])
def test_covariance_against_quadrature(D, middle):
    found = interval_covariance(7, D, middle)
    assert found == pytest.approx(averaged(7, D, middle), abs=1e-13)
    assert found == pytest.approx(found.conj().T, abs=0)
    assert found[3, 1] == interval_correlation(2, D, middle)
    assert found[1, 3] == pytest.approx(interval_correlation(-2, D, middle), abs=1e-15)


def test_nothing_known_is_a_white_echo_to_the_last_bit():
    assert np.array_equal(interval_covariance(9, 1.0, 0.3), np.eye(9))
    assert np.array_equal(interval_eigenvalues(9, 1.0), np.ones(9))
    assert interval_correlation(0, 1.0) == 1


def test_correlation_broadcasts():
    lags, widths = np.arange(-2, 3)[:, None], np.array([0.2, 1.0])
    found = interval_correlation(lags, widths, 0.4)
    assert found.shape == (5, 2)
    assert found[4, 0] == interval_correlation(2, 0.2, 0.4)


@pytest.mark.parametrize("D", [0.05, 0.3, 0.8])
def test_eigenvalues_against_slepian_sequences(D):
    values = interval_eigenvalues(48, D)
    ratios = dpss(48, 48 * D / 2, 10, return_ratios=True)[1]
    assert D * values[:10] == pytest.approx(ratios, abs=1e-12)
    assert values.sum() == pytest.approx(48)
    assert np.all(np.diff(values) <= 0)
    assert np.all(values >= 0)


@pytest.mark.parametrize("energies", ENERGIES)
@pytest.mark.parametrize("D", [0.02, 0.5, 1.0])
def test_interval_error_against_matrices(energies, D):
    u, x, noise = energies
    model = u * np.eye(6), np.eye(6), x * averaged(6, D, 0.2) + noise * np.eye(6)
    error = np.trace(error_covariance(lmmse_gain(*model), *model)).real / (6 * u)
    assert nmse_interval(*energies, 6, D) == pytest.approx(error, rel=1e-10)


@pytest.mark.parametrize("energies", ENERGIES)
def test_interval_error_between_its_ends(energies):
    assert nmse_interval(*energies, 16, 1.0) == pytest.approx(nmse_paper(*energies))
    assert nmse_interval(*energies, 16, 1e-9) == pytest.approx(nmse_lmmse(*energies, 16))
    widths = np.geomspace(1e-4, 1, 60)
    errors = [nmse_interval(*energies, 16, D) for D in widths]
    assert np.all(np.diff(errors) > -1e-13)


def test_errors_broadcast_over_the_energies():
    u, x = np.array([[1.0], [2.0]]), np.array([0.1, 1.0, 10.0])
    found = nmse_echo_eigenvalues(u, x, 0.3, [3.0, 0.0, 0.0])
    assert found.shape == (2, 3)
    assert found[1, 2] == pytest.approx((30.3 / 32.3 + 2 * 0.3 / 2.3) / 3)
    assert nmse_interval(u, x, 0.3, 5, 0.2).shape == (2, 3)


@pytest.mark.parametrize("D", [0.05, 0.4, 1.0])
def test_linear_estimate_has_its_error(D):
    link, rng = link_of(), np.random.default_rng(3)
    sines = 0.3 + rng.uniform(-D, D, 20_000)
    h, y = drawn(rng, 20_000, link, sines)
    squares = np.sum(np.abs(h - estimate_interval(y, link, D, 0.3)) ** 2, axis=1)
    squares /= link.N * link.scattered_gain
    wanted = nmse_interval(*link.energies, link.N, D)
    assert abs(squares.mean() - wanted) < 4 * squares.std() / np.sqrt(len(squares))


def test_linear_estimate_at_the_end_is_the_papers():
    link = link_of()
    y = gaussian(np.random.default_rng(4), 3, link.N)
    assert estimate_interval(y, link, 1.0) == pytest.approx(estimate_paper(y, link))


# --- the wrong direction ------------------------------------------------------------------------


def test_angle_gain_against_vectors():
    a, b = steering_vector(0.3, 12), steering_vector(np.array([0.3, 0.31, -1.2]), 12)
    assert angle_gain(0.3, [0.3, 0.31, -1.2], 12) == pytest.approx(
        np.abs(b @ a.conj()) ** 2 / 144, rel=1e-12
    )


@pytest.mark.parametrize("D", [0.01, 0.2, 1.0])
def test_mean_angle_gain_against_the_covariance(D):
    ones = np.ones(10)
    wanted = (ones @ averaged(10, D) @ ones).real / 100
    assert interval_angle_gain(10, D) == pytest.approx(wanted, rel=1e-10)
    assert interval_angle_gain(10, [D, 1.0]) == pytest.approx([wanted, 0.1])
    assert interval_angle_gain(1, D) == 1


@pytest.mark.parametrize("energies", ENERGIES)
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_wrong_angle_against_matrices(energies, share):
    u, x, noise = energies
    N, nominal, true = 5, 0.2, 0.5
    a0, a = steering_vector(nominal, N), steering_vector(true, N)
    P = np.outer(a0, a0.conj()) / N
    W = u / (u + N * x + noise) * P + u / (u + noise) * (np.eye(N) - P)
    model = u * np.eye(N), np.eye(N), share * x * np.outer(a, a.conj()) + noise * np.eye(N)
    wanted = np.trace(error_covariance(W, *model)).real / (N * u)
    g = angle_gain(nominal, true, N)
    assert nmse_wrong_angle(*energies, N, g, share) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("energies", ENERGIES)
def test_wrong_angle_at_its_ends(energies):
    assert nmse_wrong_angle(*energies, 8, 1.0) == pytest.approx(nmse_lmmse(*energies, 8))
    silent = nmse(0.0, energies[0] / (energies[0] + energies[2]), Energies(*energies), 8)
    # no echo arrives: less than the error of an estimator that gives the direction up
    assert nmse_wrong_angle(*energies, 8, 1.0, 0.0) < silent


@pytest.mark.parametrize("energies", ENERGIES)
@pytest.mark.parametrize("N", [2, 3, 64])
def test_tolerance_is_where_the_errors_meet(energies, N):
    loss = angle_tolerance(*energies, N)
    assert 0 < loss < 1
    paper = nmse_paper(*energies)
    assert nmse_wrong_angle(*energies, N, 1 - loss) == pytest.approx(paper, rel=1e-12)
    assert nmse_wrong_angle(*energies, N, 1 - 0.99 * loss) < paper
    assert nmse_wrong_angle(*energies, N, 1 - min(1.01 * loss, 1)) > paper


def test_tolerance_of_a_faint_and_of_a_strong_echo():
    assert angle_tolerance(1.0, 1e-12, 0.2, 8) == pytest.approx(7 / 16)
    assert angle_tolerance(1.0, 1e9, 0.5, 8) == pytest.approx(7 / 8 * 1.5e-9)
    assert angle_tolerance(1.0, 0.3, 0.1, 1) == 0


def test_symbols_pass():
    u, x, n, N, g = sp.symbols("u x n N g", positive=True)
    gap = nmse_wrong_angle(u, x, n, N, 1 - angle_tolerance(u, x, n, N)) - nmse_paper(u, x, n)
    assert sp.simplify(gap) == 0
    assert sp.simplify(nmse_wrong_angle(u, x, n, N, 1) - nmse_lmmse(u, x, n, N)) == 0


# --- the conditional mean -----------------------------------------------------------------------


def posterior_by_densities(y, link, D, middle, nodes=200):
    """From complex normal densities with full covariances."""
    u, x, noise = link.energies
    z = y - link.amplitude_user * link.mean_channel
    node, weight = np.polynomial.legendre.leggauss(nodes)
    top, bottom = 0.0, 0.0
    for s, w in zip(middle + D * node, weight, strict=True):
        a = steering_of_sines(s, link.N)
        C = (u + noise) * np.eye(link.N) + x * np.outer(a, a.conj())
        solved = np.linalg.solve(C, z.T).T
        density = w * np.exp(-np.sum(z.conj() * solved, axis=1).real)[:, None]
        top, bottom = top + density * u * solved, bottom + density
    return link.mean_channel + top / bottom / link.amplitude_user


@pytest.mark.parametrize(("D", "middle"), [(1.0, 0.0), (0.3, 0.2), (0.01, -0.5)])
def test_posterior_mean_against_densities(D, middle):
    link, rng = link_of(), np.random.default_rng(5)
    _, y = drawn(rng, 4, link, middle + rng.uniform(-D, D, 4))
    wanted = posterior_by_densities(y, link, D, middle)
    found = estimate_posterior_mean(y, link, D, middle)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-11)
    assert estimate_posterior_mean(y[0], link, D, middle) == pytest.approx(found[0], rel=1e-9)
    assert estimate_posterior_mean(y[:0], link, D, middle).shape == (0, 6)


def test_nodes_are_enough_for_a_strong_echo(monkeypatch):
    link, rng = link_of(N=32, x=8.0, noise=0.0), np.random.default_rng(6)
    _, y = drawn(rng, 20, link, rng.uniform(-1, 1, 20))
    found = estimate_posterior_mean(y, link, 1.0)
    monkeypatch.setattr(uplink_angle, "_WIDTH", uplink_angle._WIDTH / 3)
    assert found == pytest.approx(estimate_posterior_mean(y, link, 1.0), abs=1e-11)


def test_rows_are_worked_off_in_parts(monkeypatch):
    link, rng = link_of(), np.random.default_rng(7)
    _, y = drawn(rng, 9, link, rng.uniform(-1, 1, 9))
    found = estimate_posterior_mean(y, link, 1.0)
    monkeypatch.setattr(uplink_angle, "_AT_ONCE", 1)
    assert found == pytest.approx(estimate_posterior_mean(y, link, 1.0), rel=1e-12)


def test_posterior_mean_beats_the_best_linear_estimate():
    link, rng = link_of(N=8, x=6.0, noise=0.0), np.random.default_rng(8)
    h, y = drawn(rng, 2000, link, rng.uniform(-1, 1, 2000))
    squares = [
        np.sum(np.abs(h - estimate(y, link, 1.0)) ** 2, axis=1)
        for estimate in (estimate_posterior_mean, estimate_interval)
    ]
    gap = squares[1] - squares[0]
    assert gap.mean() > 10 * gap.std() / np.sqrt(len(gap))


def test_log_likelihood_against_determinants_and_forms():
    u, x, noise, N = 1.2, 0.8, 0.3, 5
    z = gaussian(np.random.default_rng(9), 3, N)
    steering = steering_vector(np.array([0.1, -0.9]), N).T

    def exponent(a):
        C = (u + noise) * np.eye(N) + x * np.outer(a, a.conj())
        form = np.sum(z.conj() * np.linalg.solve(C, z.T).T, axis=1).real
        return -form - np.linalg.slogdet(C)[1]

    found = angle_log_likelihood(z, steering, u, x, noise)
    assert found.shape == (3, 2)
    wanted = exponent(steering[:, 0]) - exponent(steering[:, 1])
    assert found[:, 0] - found[:, 1] == pytest.approx(wanted, rel=1e-10)
    assert angle_log_likelihood(z[0], steering[:, 0], u, x, noise) == pytest.approx(found[0, 0])


def test_what_cannot_fit_is_refused():
    with pytest.raises(ValueError, match="at most"):
        interval_eigenvalues(10**6, 0.5)
    with pytest.raises(ValueError, match="sine_half_width"):
        nmse_interval(1.0, 1.0, 0.0, 4, 0.0)
