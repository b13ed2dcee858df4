r"""The channel of the rician paper, the covariance that is sent and what it does at the target.

A base station with N transmit antennas (centred, half a wavelength apart) serves a user through
:math:`h = \eta_1 a(\phi) + \eta_2\nu` and senses a point target at the angle :math:`\theta`.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..signals.arrays import steering_derivative, steering_vector

__all__ = [
    "channel_from_scatter",
    "response_traces",
    "rician_channel",
    "rician_weights",
    "sinr_threshold",
    "transmit_covariance",
    "unit_scatter",
]


@public
@implements("rician.eq1", "right", r"\eta_1")
def rician_weights(rician_factor: Quantity) -> tuple[Quantity, Quantity]:
    r"""Amplitudes :math:`\eta_1=\sqrt{K/(K+1)}` and :math:`\eta_2=\sqrt{1/(K+1)}`.

    The Rician factor K is >= 0 (K = 0: Rayleigh fading), otherwise ``ValueError``. Source: rician
    paper, Section II-A.

    Claim: rician.eq1.

    >>> rician_weights(0.0)
    (np.float64(0.0), np.float64(1.0))
    """
    factor = rician_factor
    ns = arithmetic(factor)
    return ns.sqrt(factor / (factor + 1)), ns.sqrt(1 / (factor + 1))


@public
@implements("rician.floor-moderate", "tool")
def unit_scatter(rician_factor: Quantity, scatter_power: Quantity) -> tuple[Quantity, Quantity]:
    r"""Rician factor and gain of a channel whose scattered entries do not have unit power.

    With :math:`E|\nu_n|^2=v` (``scatter_power`` > 0; 2 for a Rayleigh scale of 1) the channel
    :math:`\eta_1a+\eta_2\nu` is :math:`\sqrt G` times one of unit power and factor :math:`K/v`,
    where :math:`G=(K+v)/(K+1)` is its mean power an antenna. Returns (K/v, G). Raises
    ``ValueError`` for K < 0 or v <= 0.

    Claim: rician.floor-moderate.

    >>> unit_scatter(1.0, 2.0)
    (np.float64(0.5), np.float64(1.5))
    """
    factor = rician_factor
    power = scatter_power
    return factor / power, (factor + power) / (factor + 1)


@public
@implements("rician.eq1", "right", r"\mathbf h")
def channel_from_scatter(
    scatter: np.ndarray, user_angle: Quantity, rician_factor: float
) -> np.ndarray:
    r"""Channel :math:`h=\eta_1a(\phi)+\eta_2\nu` of a given scattered part, eq. (1).

    ``scatter`` is :math:`\nu`, shape (..., N); ``user_angle`` in radians is a number or of the shape
    (...). Raises ``ValueError`` for a negative Rician factor.

    Claim: rician.eq1.

    >>> channel_from_scatter(np.ones(2), 0.0, 1.0).round(6)
    array([1.414214+0.j, 1.414214+0.j])
    """
    line, weight = rician_weights(rician_factor)
    return line * steering_vector(user_angle, scatter.shape[-1], centred=True) + weight * scatter


@public(size="integers [0, inf)", N="integers [2, inf)")
@implements("rician.eq1", "system")
def rician_channel(
    rng: np.random.Generator, size: int, user_angle: Quantity, N: int, rician_factor: float
) -> np.ndarray:
    """Draw channels of shape (size, N) from their definition, eq. (1) of the rician paper.

    The scatter is drawn by Rayleigh magnitudes and uniform phases. ``user_angle`` in radians is
    a number or of shape (size,). Raises ``ValueError`` for N < 2 or a negative Rician factor.

    Claim: rician.eq1.
    """
    size, N = size, N
    magnitude = np.sqrt(rng.standard_exponential((size, N)))
    phase = rng.uniform(0, 2 * np.pi, (size, N))
    return channel_from_scatter(magnitude * np.exp(1j * phase), user_angle, rician_factor)


@public
@implements("rician.eq6", "right")
def transmit_covariance(precoder: np.ndarray) -> np.ndarray:
    r"""Covariance :math:`R=WW^H` of what is sent, per symbol, shape (..., N, N).

    ``precoder`` W has the shape (..., N, streams), for the mean over white unit-power symbols; or it
    is :math:`X/\sqrt L`, for the sample covariance of one block X of L symbols.

    Claim: rician.eq6.

    >>> transmit_covariance(np.array([[1.0, 0.0], [0.0, 2.0]]))
    array([[1., 0.],
           [0., 4.]])
    """
    return precoder @ np.swapaxes(np.conj(precoder), -1, -2)


@public
@implements("rician.appB-18", "right")
@implements("rician.appB-19", "right")
@implements("rician.appB-20", "right")
@implements("rician.eq11", "tool")
def response_traces(
    covariance: np.ndarray, target_angle: Quantity, M: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The traces :math:`\mathrm{tr}(A^HAR)`, :math:`\mathrm{tr}(\dot A^H\dot AR)` and :math:`\mathrm{tr}(\dot A^HAR)`.

    :math:`A=b(\theta)a^H(\theta)` is the response of the target, a sum of dyads, :math:`\dot A` its
    derivative with respect to the angle in radians. ``covariance`` has the shape (..., N, N), the
    angle the shape (...). Raises ``ValueError`` for M < 1. Source: rician paper, Appendix B, whose
    closed forms it does not use.

    Claims: rician.appB-18, rician.appB-19, rician.appB-20, rician.eq11.

    >>> [round(complex(t).real, 6) for t in response_traces(np.eye(2), 0.0, 2)]
    [4.0, 19.739209, 0.0]
    """
    N, M = covariance.shape[-1], M
    send, slope = (f(target_angle, N, centred=True) for f in (steering_vector, steering_derivative))
    receive, turn = (
        f(target_angle, M, centred=True) for f in (steering_vector, steering_derivative)
    )
    # a response matrix is a sum of dyads (receive vector, send vector)
    A, dA = [(receive, send)], [(turn, send), (receive, slope)]

    def trace(left, right):
        return sum(
            np.sum(b2.conj() * b1, axis=-1)
            * np.sum(a1.conj() * (covariance @ a2[..., None])[..., 0], axis=-1)
            for b1, a1 in right
            for b2, a2 in left
        )

    return trace(A, A), trace(dA, dA), trace(dA, A)


@public
@implements("rician.metrics", "right", r"\gamma")
def sinr_threshold(rate: Quantity) -> Quantity:
    r"""SINR threshold :math:`\gamma=2^R-1` of a rate R in bit/s/Hz.

    ``rate`` > 0, otherwise ``ValueError``; arrays pass. Source: rician paper, Section II-B.

    Claim: rician.metrics.

    >>> float(sinr_threshold(2.0))
    3.0
    """
    return 2**rate - 1
