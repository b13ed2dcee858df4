"""Linear estimation against brute force: random gains, simulation, and the scalar case."""

import numpy as np
import pytest

from isacnb.signals.estimation import (
    conjugate_benefit,
    cross_covariance,
    error_covariance,
    lmmse_gain,
)

RNG = np.random.default_rng(2)


def random_covariance(n):
    root = RNG.standard_normal((n, n)) + 1j * RNG.standard_normal((n, n))
    return root @ root.conj().T + 0.1 * np.eye(n)


MATRIX = RNG.standard_normal((4, 3)) + 1j * RNG.standard_normal((4, 3))
PRIOR, NOISE = random_covariance(3), random_covariance(4)


def test_no_other_gain_is_better():
    best = lmmse_gain(PRIOR, MATRIX, NOISE)
    least = np.trace(error_covariance(best, PRIOR, MATRIX, NOISE)).real
    for _ in range(20):
        other = best + 0.01 * (RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4)))
        assert np.trace(error_covariance(other, PRIOR, MATRIX, NOISE)).real > least


def test_orthogonality_holds_for_the_best_gain_alone():
    best = lmmse_gain(PRIOR, MATRIX, NOISE)
    assert np.abs(cross_covariance(best, PRIOR, MATRIX, NOISE)).max() < 1e-12
    assert np.abs(cross_covariance(0.9 * best, PRIOR, MATRIX, NOISE)).max() > 1e-2


def test_information_form():
    # (C_x^-1 + H^H C_w^-1 H)^-1, which shares no step with the module
    information = np.linalg.inv(PRIOR) + MATRIX.conj().T @ np.linalg.inv(NOISE) @ MATRIX
    error = error_covariance(lmmse_gain(PRIOR, MATRIX, NOISE), PRIOR, MATRIX, NOISE)
    assert error == pytest.approx(np.linalg.inv(information), abs=1e-12)


def test_covariances_against_simulation():
    n = 200_000
    x = np.linalg.cholesky(PRIOR) @ _white(3, n)
    w = np.linalg.cholesky(NOISE) @ _white(4, n)
    gain = 0.1 * (RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4)))
    estimate = gain @ (MATRIX @ x + w)
    error = x - estimate
    scale = np.trace(error_covariance(gain, PRIOR, MATRIX, NOISE)).real
    # entries of a sample covariance scatter by less than the trace over sqrt(n)
    assert np.abs(
        error @ error.conj().T / n - error_covariance(gain, PRIOR, MATRIX, NOISE)
    ).max() < 5 * scale / np.sqrt(n)
    assert np.abs(
        error @ estimate.conj().T / n - cross_covariance(gain, PRIOR, MATRIX, NOISE)
    ).max() < 5 * scale / np.sqrt(n)


def _white(rows, n):
    return (RNG.standard_normal((rows, n)) + 1j * RNG.standard_normal((rows, n))) / np.sqrt(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            (np.ones((2, 3)), np.eye(2), np.eye(2)),
            "prior_covariance must be a square matrix",
            id="not square",
        ),
        pytest.param(
            (np.eye(2), np.eye(3), np.eye(2)), "observation_matrix must have shape", id="shapes"
        ),
        pytest.param(
            (np.array([[1, 2], [3, 4]]), np.eye(2), np.eye(2)),
            "prior_covariance must be Hermitian",
            id="not Hermitian",
        ),
        pytest.param((np.zeros((1, 1)), np.eye(1), np.zeros((1, 1))), "regular", id="singular"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        lmmse_gain(*arguments)


def test_bad_gain():
    with pytest.raises(ValueError, match="gain_matrix must have shape"):
        error_covariance(np.eye(2), PRIOR, MATRIX, NOISE)


@pytest.mark.parametrize("square", [0.0, 0.5 - 0.7j])
@pytest.mark.parametrize("product", [0.0, 0.3 + 0.2j])
def test_conjugate_benefit_is_that_of_the_pair(square, product):
    power, covariance = 2.0, 0.4 - 0.6j
    both = np.array([[power, square], [np.conj(square), power]])
    row = np.array([covariance, product])
    expected = (row @ np.linalg.solve(both, row.conj())).real - abs(covariance) ** 2 / power
    found = conjugate_benefit(power, square, covariance, product)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_conjugate_benefit_needs_noise():
    with pytest.raises(ValueError, match="observation_square"):
        conjugate_benefit(1.0, 1.0, 0.5, 0.5)
