r"""Linear estimation of a complex Gaussian vector with known mean, for any covariances.

The model is :math:`y = H x + w` with :math:`x \sim (m, C_x)`, :math:`w \sim (0, C_w)` and x, w
uncorrelated. An estimator of the form :math:`\hat x = m + W (y - H m)` is unbiased over the prior;
the W of least mean squared error is that of :func:`lmmse_gain`. For Gaussian, circular and
independent x - m and w no estimator of any form does better; without circularity the conjugate of y may help
(:func:`conjugate_benefit`).
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements

__all__ = [
    "conjugate_benefit",
    "cross_covariance",
    "error_covariance",
    "lmmse_gain",
]


@public
@implements("foundation.lmmse", "right", r"\boldsymbol W^\star")
def lmmse_gain(
    prior_covariance: Quantity, observation_matrix: Quantity, noise_covariance: Quantity
) -> np.ndarray:
    r"""Gain :math:`W = C_x H^H (H C_x H^H + C_w)^{-1}` of least mean squared error.

    Parameters
    ----------
    prior_covariance : C_x, shape (n, n)
    observation_matrix : H, shape (m, n)
    noise_covariance : C_w, shape (m, m); noise and interference together

    Returns W, shape (n, m). Raises ``ValueError`` when shapes do not fit, a covariance is not
    Hermitian, or the observation has a singular covariance.

    Claim: foundation.lmmse.

    >>> lmmse_gain(np.eye(1), np.eye(1), 3 * np.eye(1))
    array([[0.25]])
    """
    prior, matrix, noise = _check_model(prior_covariance, observation_matrix, noise_covariance)
    covariance = matrix @ prior @ matrix.conj().T + noise
    try:
        return np.linalg.solve(covariance, matrix @ prior).conj().T
    except np.linalg.LinAlgError as error:
        raise ValueError(
            "noise_covariance must leave the covariance of the observation regular, "
            "got a singular sum"
        ) from error


@public
@implements("foundation.lmmse", "right", r"\boldsymbol C_e(\boldsymbol W)")
def error_covariance(
    gain_matrix: Quantity,
    prior_covariance: Quantity,
    observation_matrix: Quantity,
    noise_covariance: Quantity,
) -> np.ndarray:
    r"""Covariance of :math:`e = x - \hat x` for **any** gain W, the best one or not.

    .. math:: E\{ee^H\} = (I - WH)\,C_x\,(I - WH)^H + W C_w W^H

    Its trace is the mean squared error. ``gain_matrix`` has shape (n, m), the rest is as in
    :func:`lmmse_gain`. Raises ``ValueError`` for shapes that do not fit.

    Claim: foundation.lmmse.

    >>> model = np.eye(1), np.eye(1), 3 * np.eye(1)
    >>> error_covariance(lmmse_gain(*model), *model), error_covariance(np.eye(1), *model)
    (array([[0.75]]), array([[3.]]))
    """
    prior, matrix, noise = _check_model(prior_covariance, observation_matrix, noise_covariance)
    gain = _check_gain(gain_matrix, matrix)
    rest = np.eye(len(prior)) - gain @ matrix
    return rest @ prior @ rest.conj().T + gain @ noise @ gain.conj().T


@public
@implements("foundation.orthogonality", "right")
def cross_covariance(
    gain_matrix: Quantity,
    prior_covariance: Quantity,
    observation_matrix: Quantity,
    noise_covariance: Quantity,
) -> np.ndarray:
    r"""Covariance :math:`E\{e(\hat x - m)^H\}` of error and estimate for any gain W.

    .. math:: (I - WH)\,C_x H^H W^H - W C_w W^H

    It vanishes for the gain of :func:`lmmse_gain` (orthogonality); for circular Gaussian vectors it
    vanishes exactly if error and estimate are independent. Arguments and errors as in
    :func:`error_covariance`.

    Claim: foundation.orthogonality.

    >>> model = np.eye(1), np.eye(1), 3 * np.eye(1)
    >>> cross_covariance(lmmse_gain(*model), *model), cross_covariance(np.eye(1), *model)
    (array([[0.]]), array([[-3.]]))
    """
    prior, matrix, noise = _check_model(prior_covariance, observation_matrix, noise_covariance)
    gain = _check_gain(gain_matrix, matrix)
    rest = np.eye(len(prior)) - gain @ matrix
    return (rest @ prior @ matrix.conj().T - gain @ noise) @ gain.conj().T


@public("[0, inf]", observation_power="(0, inf)")
@implements("foundation.circularity", "right", "D")
def conjugate_benefit(
    observation_power: Quantity,
    observation_square: Quantity,
    signal_covariance: Quantity,
    signal_product: Quantity,
) -> Quantity:
    r"""What the conjugate of the observation takes off the mean squared error of a linear estimate.

    .. math:: D=\frac{c_y|\tilde c_{xy}-c_{xy}\tilde c_y/c_y|^2}{c_y^2-|\tilde c_y|^2}

    Parameters
    ----------
    observation_power : c_y = E|y|^2 > 0
    observation_square : E y^2, of a modulus below c_y; 0 if y is circular
    signal_covariance : c_xy = E x y*
    signal_product : E x y; 0 if x and y are jointly circular

    Arrays broadcast; no symbols. Raises ``ValueError`` where the modulus of the mean square is not below the
    mean power.

    Claim: foundation.circularity.

    A real signal of power 1 in circular noise of power 1, whose linear estimate errs by 1/2:

    >>> float(round(conjugate_benefit(2.0, 1.0, 1.0, 1.0), 12))
    0.166666666667
    """
    power, square = np.asarray(observation_power), np.asarray(observation_square)
    if not np.all(np.abs(square) < power):
        raise ValueError(
            "observation_square must have a modulus below observation_power, got "
            f"{np.max(np.abs(square))} and {np.min(power)}"
        )
    share = np.abs(square) / power
    missed = np.abs(signal_product - signal_covariance * (square / power))
    return missed * (missed / power) / ((1 - share) * (1 + share))


def _check_covariance(name, value):
    value = np.asarray(value)
    if value.ndim != 2 or value.shape[0] != value.shape[1] or not len(value):
        raise ValueError(f"{name} must be a square matrix, got shape {value.shape}")
    if not np.allclose(value, value.conj().T, rtol=1e-10, atol=1e-12 * np.abs(value).max()):
        raise ValueError(f"{name} must be Hermitian, got a matrix that is not")
    return value


def _check_model(prior_covariance, observation_matrix, noise_covariance):
    prior = _check_covariance("prior_covariance", prior_covariance)
    noise = _check_covariance("noise_covariance", noise_covariance)
    matrix = np.asarray(observation_matrix)
    if matrix.shape != (len(noise), len(prior)):
        raise ValueError(
            f"observation_matrix must have shape {(len(noise), len(prior))}, got {matrix.shape}"
        )
    return prior, matrix, noise


def _check_gain(gain_matrix, matrix):
    gain = np.asarray(gain_matrix)
    if gain.shape != matrix.shape[::-1]:
        raise ValueError(f"gain_matrix must have shape {matrix.shape[::-1]}, got {gain.shape}")
    return gain
