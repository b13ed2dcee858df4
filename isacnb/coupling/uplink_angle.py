r"""Uplink of the coupling paper when the direction of the target is known only in part.

The centred observation is :math:`z = y - E y = \sqrt u\,g + \sqrt x\,\zeta\,a(\theta) + n` with the
energies u, x and :math:`N_0` of :mod:`isacnb.coupling.uplink`. What the base station knows of the angle
is a law of its sine, uniform within :math:`D` of a nominal value :math:`s_0`. The covariance of the echo
is then :math:`x R` with

.. math:: R = E\{a a^H\}, \qquad R_{m+k,m} = e^{j\pi k s_0}\,\frac{\sin \pi k D}{\pi k D},

of which :math:`D = 0` is the angle known, :math:`R = aa^H`, and :math:`D = 1` the white echo, :math:`R = I`.
Its eigenvalues are those of the discrete prolate problem over D (Slepian, Bell Syst. Tech. J. 57, 1978).

The echo arrives with the mean energy x from every direction here: the beam that lights the target is
taken to follow it, unless a ``arriving_share`` says what is left of it.
"""

import math

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..signals.arrays import steering_product
from .uplink import UplinkLink, lmmse_gains, squared_norm

__all__ = [
    "angle_gain",
    "angle_log_likelihood",
    "angle_tolerance",
    "estimate_interval",
    "estimate_posterior_mean",
    "interval_angle_gain",
    "interval_correlation",
    "interval_covariance",
    "interval_eigenvalues",
    "nmse_echo_eigenvalues",
    "nmse_interval",
    "nmse_wrong_angle",
]

#: nodes of a panel of the average over the sine, and the width of a panel in units of the least
#: length over which the likelihood can change by a factor e
_NODES = 16
_WIDTH = 8.0
#: products of steering vectors and observations held at once
_AT_ONCE = 2**21


# --- the echo from an interval of directions ----------------------------------------------------


@public
@implements("beyond.angle-interval", "right", "r_k")
def interval_correlation(
    lag: Quantity, sine_half_width: Quantity, nominal_sine: Quantity = 0.0
) -> Quantity:
    r"""Correlation of the echo at two elements, averaged over the directions of an interval.

    .. math:: r_k = \frac1{2D}\int_{s_0-D}^{s_0+D}e^{j\pi ks}\,ds
              = e^{j\pi ks_0}\,\frac{\sin\pi kD}{\pi kD}

    Parameters
    ----------
    lag : k, a whole number: the first element's number less the second's
    sine_half_width : D in (0, 1]
    nominal_sine : :math:`s_0` in [-1, 1]; beyond the ends the interval goes on at the other end, as
        the array cannot tell a sine from one that differs by 2

    Arrays broadcast. It is 0 at D = 1 for every lag but 0.

    Claim: beyond.angle-interval.

    >>> print(*(f"{abs(interval_correlation(1, D)):.6f}" for D in (0.1, 0.5, 1.0)))
    0.983632 0.636620 0.000000
    """
    phase = np.exp(1j * np.pi * np.asarray(lag * nominal_sine))
    return phase * np.where(
        (np.asarray(sine_half_width) == 1) & (np.asarray(lag) != 0),
        0.0,
        np.sinc(np.asarray(lag) * sine_half_width),
    )


@public
@implements("beyond.angle-interval", "right", r"\boldsymbol R")
def interval_covariance(N: int, sine_half_width: float, nominal_sine: float = 0.0) -> np.ndarray:
    r"""Covariance :math:`R = E\{a a^H\}` of a steering vector whose sine is uniform in an interval.

    Entries :math:`R_{mn} = r_{m-n}` of :func:`interval_correlation`, with its arguments; N is the
    number of elements. Returns shape (N, N), Hermitian, of trace N. Raises ``ValueError`` where it
    cannot fit.

    Claim: beyond.angle-interval.

    >>> interval_covariance(3, 1.0).real
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    check_memory((N, N), 16)
    places = np.arange(N)
    row = interval_correlation(places, sine_half_width, nominal_sine)
    lags = places[:, None] - places
    return np.where(lags >= 0, row[np.abs(lags)], row[np.abs(lags)].conj())


@public("[0, inf)")
@implements("beyond.angle-interval", "right", r"\lambda_i")
def interval_eigenvalues(N: int, sine_half_width: float) -> np.ndarray:
    r"""Eigenvalues :math:`\lambda_i` of :func:`interval_covariance`, the largest first; their sum is N.

    They do not depend on the middle of the interval. D times them are the eigenvalues of the
    discrete prolate spheroidal sequences of length N and half bandwidth D/2: about ND of them are near
    1/D, the others near 0. ``sine_half_width`` is D in (0, 1]. Absolute error about 1e-14 N. Raises
    ``ValueError`` where the matrix cannot fit.

    Claim: beyond.angle-interval.

    >>> print(*(f"{value:.3f}" for value in interval_eigenvalues(64, 0.1)[:9]))
    10.000 10.000 9.999 9.981 9.765 8.347 4.547 1.186 0.159
    """
    covariance = interval_covariance(N, sine_half_width).real
    return np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)


@public("[0, 1]")
@implements("beyond.angle-interval", "right")
def nmse_echo_eigenvalues(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    echo_eigenvalues: np.ndarray,
) -> Quantity:
    r"""Least mean squared error of a linear estimate over :math:`N\mu`, for any echo covariance x R.

    .. math:: \frac1N\sum_i\frac{x\lambda_i+N_0}{u+x\lambda_i+N_0}

    ``user_energy`` u > 0, ``echo_energy`` x >= 0 and ``noise_power`` :math:`N_0 \ge 0` broadcast with
    each other; ``echo_eigenvalues`` are the :math:`\lambda_i \ge 0` of R, shape (N,).

    Claim: beyond.angle-interval.

    An echo from one direction, and a white one:

    >>> for values in ([4.0, 0.0, 0.0, 0.0], [1.0] * 4):
    ...     print(nmse_echo_eigenvalues(1.0, 1.0, 0.0, values))
    0.2
    0.5
    """
    u, x, noise = (np.asarray(e)[..., None] for e in (user_energy, echo_energy, noise_power))
    disturbance = x * np.asarray(echo_eigenvalues) + noise
    return (disturbance / (u + disturbance)).mean(axis=-1)


@public("[0, 1]")
@implements("beyond.angle-interval", "right")
def nmse_interval(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: int,
    sine_half_width: float,
) -> Quantity:
    r"""Least mean squared error over :math:`N\mu` of a linear estimate, sine uniform within +-D.

    :func:`nmse_echo_eigenvalues` with the eigenvalues of :func:`interval_eigenvalues`. At D = 1 it is
    :func:`isacnb.coupling.uplink.nmse_paper`; as D falls to 0 it tends to
    :func:`isacnb.coupling.uplink.nmse_lmmse`. The energies broadcast. Raises ``ValueError`` where a
    matrix (N, N) cannot fit.

    Claim: beyond.angle-interval.

    >>> for D in (0.005, 0.1, 1.0):
    ...     print(f"{10 * np.log10(nmse_interval(1.0, 65 / 64, 0.0, 64, D)):.2f} dB")
    -15.94 dB
    -9.63 dB
    -2.98 dB
    """
    values = interval_eigenvalues(N, sine_half_width)
    return nmse_echo_eigenvalues(user_energy, echo_energy, noise_power, values)


@public
@implements("beyond.angle-interval", "right", r"\hat{\boldsymbol h}")
def estimate_interval(
    observation: np.ndarray,
    link: UplinkLink,
    sine_half_width: float,
    nominal_sine: float = 0.0,
) -> np.ndarray:
    r"""Linear channel estimate of least mean squared error, sine uniform within D of :math:`s_0`.

    .. math:: \hat h = E h + u\,[(u+N_0)I + xR]^{-1}\,\frac{y-Ey}{\sqrt{P_UT_u}}

    Observations have shape (..., N); of ``link`` the energies and the mean channel are used, the
    steering vector is not. At D = 1 it is :func:`isacnb.coupling.uplink_system.estimate_paper`.

    Claim: beyond.angle-interval.

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.coupling.uplink_system import estimate_paper
    >>> link = UplinkLink.at(CouplingParameters.paper(N=4), 25.0, 10.0)
    >>> y = np.arange(4.0)
    >>> bool(np.allclose(estimate_interval(y, link, 1.0), estimate_paper(y, link)))
    True
    """
    u, x, noise = link.energies
    R = interval_covariance(link.N, sine_half_width, nominal_sine)
    centred = observation / link.amplitude_user - link.mean_channel
    gain = np.linalg.inv((1 + noise / u) * np.eye(link.N) + x / u * R)
    return link.mean_channel + centred @ gain.T


# --- two gains for the wrong direction ----------------------------------------------------------


@public("[0, 1]")
@implements("beyond.angle-error", "right", "g")
def angle_gain(angle_left: Quantity, angle_right: Quantity, N: Quantity) -> Quantity:
    r"""Squared correlation of two steering vectors, :math:`g = |a^H(\theta_0)a(\theta)|^2/N^2`.

    Angles in radians; arrays broadcast. Source: :func:`isacnb.signals.arrays.steering_product`.

    Claim: beyond.angle-error.

    >>> print(f"{angle_gain(0.0, np.radians(0.17), 64):.4f}")
    0.9707
    """
    return np.minimum(np.abs(steering_product(angle_left, angle_right, N) / N) ** 2, 1.0)


@public("[0, 1]")
@implements("beyond.angle-error", "right", r"\mathbb E\,g")
def interval_angle_gain(N: int, sine_half_width: Quantity) -> Quantity:
    r"""Mean of :func:`angle_gain` where the sine of the one angle is uniform within D of the other's.

    .. math:: \mathbb E\,g = \frac1N+\frac2{N^2}\sum_{k=1}^{N-1}(N-k)\frac{\sin\pi kD}{\pi kD}

    ``sine_half_width`` D is in (0, 1], an array or a number. Raises ``ValueError`` where the sum would
    not fit in memory.

    Claim: beyond.angle-error.

    >>> print(f"{interval_angle_gain(64, 0.01):.4f} {interval_angle_gain(64, 1.0):.6f}")
    0.8964 0.015625
    """
    width = np.asarray(sine_half_width, dtype=float)
    check_memory((*width.shape, N))
    lags = np.arange(1, N)
    terms = (N - lags) * np.sinc(lags * width[..., None])
    return np.clip(1 / N + 2 * terms.sum(axis=-1) / N**2, 0.0, 1.0)


@public("[0, inf)")
@implements("beyond.angle-error", "right")
def nmse_wrong_angle(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    angle_gain: Quantity,
    arriving_share: Quantity = 1,
) -> Quantity:
    r"""Mean squared error over :math:`N\mu` of the two gains made for another direction.

    .. math:: \frac{(1-c_a)^2u+c_a^2(Nxbg+N_0)+(N-1)[(1-c_\perp)^2u+c_\perp^2N_0]
              +c_\perp^2Nxb(1-g)}{Nu}

    The gains are those of :func:`isacnb.coupling.uplink.lmmse_gains` for u, x and :math:`N_0` along and
    across a steering vector :math:`a(\theta_0)`; the echo comes from :math:`\theta`.

    Parameters
    ----------
    user_energy, echo_energy, noise_power, N : u > 0, x >= 0, :math:`N_0 \ge 0`, number of antennas
    angle_gain : g of the function of this name, or its mean over a law of the angle
    arriving_share : b, the share of the echo's energy x for which the gains are made that does arrive: 1
        if the beam follows the target, g if it points to :math:`\theta_0`, too

    Arrays broadcast, symbols pass.

    Claim: beyond.angle-error.

    >>> print(f"{10 * np.log10(nmse_wrong_angle(1.0, 65 / 64, 0.0, 64, 0.9708)):.2f} dB")
    -13.46 dB
    """
    u, x, noise = user_energy, echo_energy, noise_power
    along, across = lmmse_gains(u, x, noise, N)
    echo = N * x * arriving_share
    inside = (1 - along) ** 2 * u + along**2 * (echo * angle_gain + noise)
    outside = (N - 1) * ((1 - across) ** 2 * u + across**2 * noise)
    return (inside + outside + across**2 * echo * (1 - angle_gain)) / (N * u)


@public("[0, 1]")
@implements("beyond.angle-error", "right", r"\delta^\star")
def angle_tolerance(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Loss :math:`1-g` of correlation at which the two gains are no better than the paper's one.

    .. math:: \delta^\star = \frac{N-1}N\,\frac{u+N_0}{u+N_0+x}\,\frac{u+N_0+Nx}{2(u+N_0)+Nx}

    With a smaller g of :func:`angle_gain` :func:`nmse_wrong_angle` is above
    :func:`isacnb.coupling.uplink.nmse_paper`, with a larger one below. Arguments as there, the beam
    follows the target and x > 0. For N = 1 it is 0: both estimators are one. Arrays broadcast, symbols pass.

    Claim: beyond.angle-error.

    >>> print(f"{angle_tolerance(1.0, 65 / 64, 0.0, 64):.4f}")
    0.4811
    """
    user = user_energy + noise_power
    echo = N * echo_energy
    return (N - 1) / N * (user / (user + echo_energy)) * ((user + echo) / (2 * user + echo))


# --- the conditional mean -----------------------------------------------------------------------


@public("[0, inf)")
@implements("beyond.angle-posterior", "right", r"\ell(\theta)")
def angle_log_likelihood(
    centred_observation: np.ndarray,
    steering: np.ndarray,
    user_energy: float,
    echo_energy: float,
    noise_power: float,
) -> Quantity:
    r"""Log-likelihood of a direction, up to a constant, from the centred observation z.

    .. math:: \ell(\theta) = \frac{x\,|a^H(\theta)z|^2}{(u+N_0)(u+N_0+Nx)}

    ``centred_observation`` is :math:`z = y - E y`, complex, shape (..., N), ``steering`` :math:`a(\theta)`
    of shape (N,) or (N, M) for M directions; the reflection is complex normal of mean square 1.
    Returns shape (...) or (..., M).

    Claim: beyond.angle-posterior.

    >>> print(angle_log_likelihood(np.ones(2), np.ones(2), 1.0, 1.0, 0.0))
    1.3333333333333333
    """
    steering = np.asarray(steering)
    product = np.asarray(centred_observation) @ steering.conj()
    return _log_likelihood(product, len(steering), user_energy, echo_energy, noise_power)


@public
@implements("beyond.angle-posterior", "right", r"\hat{\boldsymbol h}")
def estimate_posterior_mean(
    observation: np.ndarray,
    link: UplinkLink,
    sine_half_width: float,
    nominal_sine: float = 0.0,
) -> np.ndarray:
    r"""Channel estimate of least mean squared error of any form, sine uniform within D of :math:`s_0`.

    .. math:: \hat h = E h + \frac{u}{u+N_0}\Big[I-\frac{x}{u+N_0+Nx}\,E\{aa^H\,|\,y\}\Big]
              \frac{y-Ey}{\sqrt{P_UT_u}}

    where the sine has the density that is proportional to :math:`e^{\ell}` of
    :func:`angle_log_likelihood` on the interval. The average over it is a sum over panels of Gauss-Legendre
    nodes whose width follows from the largest observation given. The arguments are those of
    :func:`estimate_interval`; the reflection is complex normal. The quadrature's
    error is below 1e-10 of the estimate's deviation from the mean.

    Claim: beyond.angle-posterior.

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> link = UplinkLink.at(CouplingParameters.paper(N=4), 25.0, 10.0)
    >>> y = link.amplitude_user * link.mean_channel
    >>> bool(np.allclose(estimate_posterior_mean(y, link, 1.0), link.mean_channel))
    True
    """
    u, x, noise = link.energies
    N = link.N
    centred = np.asarray(observation) - link.amplitude_user * link.mean_channel
    rows = centred.reshape(-1, N)
    share = x / (u + noise + N * x)
    highest = share * N * squared_norm(rows).max(initial=0.0) / (u + noise)
    width = _WIDTH / (math.pi * N * (1 + math.sqrt(highest)))
    panels = math.ceil(2 * sine_half_width / width)
    check_memory((panels * _NODES, N), 16)
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = sine_half_width / panels
    middles = nominal_sine - sine_half_width + half * (2 * np.arange(panels) + 1)
    sines = (middles[:, None] + half * node).ravel()
    steering = np.exp(1j * np.pi * np.arange(N)[:, None] * sines)
    weights = np.tile(weight, panels)
    along = np.empty_like(rows, dtype=complex)
    step = max(1, _AT_ONCE // len(sines))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        product = rows[part] @ steering.conj()
        log = _log_likelihood(product, N, u, x, noise)
        density = weights * np.exp(log - log.max(axis=1, keepdims=True))
        density /= density.sum(axis=1, keepdims=True)
        along[part] = (density * product) @ steering.T
    kept = u / (u + noise) * (rows - share * along)
    return link.mean_channel + kept.reshape(centred.shape) / link.amplitude_user


def _log_likelihood(product, N, user_energy, echo_energy, noise_power):
    user = user_energy + noise_power
    share = echo_energy / (user + N * echo_energy)
    return share * (product.real**2 + product.imag**2) / user
