"""Fisher information from signal models, against hand-made derivatives and full inverses."""

import numpy as np
import pytest
import scipy.optimize
import sympy as sp

from isacnb.signals.fisher import (
    cramer_rao_bound,
    effective_information,
    fisher_information,
    jacobian,
    model_information,
    reduced_information,
)

TIMES = np.arange(5)
POINT = np.array([1.3, 0.7, 0.4])


def tone(p):
    return p[0] * np.exp(1j * (p[1] * TIMES + p[2]))


def tone_slopes():
    return np.stack([tone(POINT) / 1.3, 1j * TIMES * tone(POINT), 1j * tone(POINT)], axis=-1)


def test_derivatives_reach_ten_digits():
    found, exact = jacobian(tone, POINT), tone_slopes()
    assert np.max(np.abs(found - exact)) < 1e-10 * np.max(np.abs(exact))
    # a mean of any shape is stacked, and a parameter without effect has slope 0
    square = jacobian(lambda p: tone(p[:3])[:4].reshape(2, 2), [*POINT, 2.0])
    assert square.shape == (4, 4)
    assert np.max(np.abs(square[:, 3])) < 1e-12


def test_a_signal_that_the_steps_do_not_resolve_is_refused():
    with pytest.raises(ValueError, match="scale must be smaller"):
        jacobian(lambda p: np.sin(1e6 * p), [0.5], scale=0.1)


def test_information_against_real_stacking():
    # real and imaginary parts as real Gaussians of variance 1/2 each: F = J^T (2 C) J
    slopes = tone_slopes()
    stacked = np.concatenate([slopes.real, slopes.imag])
    assert fisher_information(slopes, 0.4) == pytest.approx(stacked.T @ stacked / 0.2)
    assert model_information(tone, POINT, 0.4) == pytest.approx(stacked.T @ stacked / 0.2, abs=1e-8)


def test_covariance_whitens():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((5, 5, 2)) @ [1, 1j]
    covariance = root @ root.conj().T
    whitened = np.linalg.solve(root, tone_slopes())
    expected = 2 * (whitened.conj().T @ whitened).real
    assert fisher_information(tone_slopes(), covariance) == pytest.approx(expected)
    assert fisher_information(tone_slopes(), 0.3 * np.eye(5)) == pytest.approx(
        fisher_information(tone_slopes(), 0.3)
    )


def test_complement_against_the_full_inverse():
    rng = np.random.default_rng(2)
    root = rng.standard_normal((3, 5, 5))
    information = root @ root.transpose(0, 2, 1)
    inverse = np.linalg.inv(information)
    assert cramer_rao_bound(information, 3) == pytest.approx(inverse[:, 3, 3])
    wanted = [0, 2]
    assert cramer_rao_bound(information, wanted) == pytest.approx(inverse[:, wanted][:, :, wanted])
    assert effective_information(information, range(5)) == pytest.approx(information)


def test_symbols():
    theta, gain = sp.symbols("theta g", real=True)
    mean = sp.Matrix([gain, gain * sp.exp(sp.I * theta)])
    information = model_information(mean, (theta, gain), sp.Symbol("N0", positive=True))
    expected = sp.Matrix([[2 * gain**2, 0], [0, 4]]) / sp.Symbol("N0", positive=True)
    assert sp.simplify(information - expected) == sp.zeros(2, 2)
    assert cramer_rao_bound(sp.Matrix([[2, 1], [1, 4]])) == sp.Rational(4, 7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jacobian(tone, [[0.1, 0, 0]]), "parameter_vector must be a vector"),
        (lambda: fisher_information(np.ones((3, 2)), -1.0), "covariance"),
        (lambda: fisher_information(np.ones((3, 2)), np.diag([1.0, 1.0, -1.0])), "covariance"),
        (lambda: cramer_rao_bound(np.ones((2, 2))), "regular"),
        (lambda: cramer_rao_bound(np.eye(2), 2), "wanted"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_an_unknown_gain_leaves_is_the_least_trace():
    rng = np.random.default_rng(7)
    A, D, root = rng.standard_normal((3, 4, 4, 2)) @ np.array([1, 1j])
    R = root @ root.conj().T

    def trace(z):
        rest = D - (z[0] + 1j * z[1]) * A
        return np.trace(rest @ R @ rest.conj().T).real

    least = scipy.optimize.minimize(trace, [0.0, 0.0], tol=1e-12).fun
    assert reduced_information(A, D, R) == pytest.approx(least, rel=1e-9)


def test_the_reduced_information_is_that_of_the_model():
    # the signal varpi (A + t D) x of every column x of a root of R, at t = 0
    rng = np.random.default_rng(8)
    A, D, root = rng.standard_normal((3, 3, 3, 2)) @ np.array([1, 1j])

    def mean(p):
        return (p[1] + 1j * p[2]) * (A + p[0] * D) @ root

    bound = cramer_rao_bound(model_information(mean, [0.0, 0.6, -0.8], 0.5))
    information = reduced_information(A, D, root @ root.conj().T)
    assert bound == pytest.approx(0.5 / 2 / information, rel=1e-8)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        pytest.param(
            ((2, 3), (3, 2), (3, 3)), "derivative_matrix must have the shape", id="derivative"
        ),
        pytest.param(((2, 3), (2, 3), (2, 2)), "signal_matrix must have shape", id="signal"),
        pytest.param(((2, 3), (2, 3), (3, 3)), "signal_matrix must give", id="no power"),
    ],
)
def test_matrices_that_do_not_fit(shapes, message):
    with pytest.raises(ValueError, match=message):
        reduced_information(*map(np.zeros, shapes))
