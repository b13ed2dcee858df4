r"""The channel of the rician paper, the covariance that is sent and what it does at the target.

A base station with N transmit antennas (centred, half a wavelength apart) serves a user through
:math:`h = \eta_1 a(\phi) + \eta_2\nu` and senses a point target at the angle :math:`\theta`.
"""

from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..signals.arrays import steering_derivative, steering_vector

__all__ = [
    "Arrays",
    "channel_from_scatter",
    "response_traces",
    "rician_channel",
    "rician_weights",
    "sinr_threshold",
    "transmit_covariance",
    "unit_scatter",
]


@dataclass(frozen=True)
class Arrays:
    """The two arrays of the base station, both centred, half a wavelength apart.

    Parameters
    ----------
    N : number of transmit antennas
    M : number of receive antennas

    >>> Arrays(16, 4).slope_gain_ratio
    17.0
    """

    N: Quantity
    M: Quantity

    def __post_init__(self):
        check_fields(self)

    @property
    def slope_gain_ratio(self) -> Quantity:
        r""":math:`G=\frac{N^2-1}{M^2-1}`, how much more the transmit array's derivative gains."""
        return (self.N**2 - 1) / (self.M**2 - 1)


@public
@implements("rician.eq1", "right", r"\eta_1")
def rician_weights(rician_factor: Quantity) -> tuple[Quantity, Quantity]:
    r"""Amplitudes of line of sight and scatter.

    .. math:: \eta_1=\sqrt{\frac K{K+1}},\qquad \eta_2=\sqrt{\frac1{K+1}}

    Parameters
    ----------
    rician_factor : K >= 0, any shape, symbols and balls; 0 is Rayleigh fading

    Source: rician paper, Section II-A.

    Claim: rician.eq1.

    >>> rician_weights(0.0)
    (np.float64(0.0), np.float64(1.0))
    """
    ns = arithmetic(rician_factor)
    return ns.sqrt(rician_factor / (rician_factor + 1)), ns.sqrt(1 / (rician_factor + 1))


@public
@implements("rician.floor-moderate", "tool")
def unit_scatter(rician_factor: Quantity, scatter_power: Quantity) -> tuple[Quantity, Quantity]:
    r"""Rician factor and gain of a channel whose scattered entries do not have unit power.

    .. math:: \eta_1a+\eta_2\nu = \sqrt G\,h',\qquad K'=\frac Kv,\quad G=\frac{K+v}{K+1}

    with a channel h' of unit power and factor K'; G is the mean power an antenna. Returns (K', G).

    Parameters
    ----------
    rician_factor : K >= 0
    scatter_power : :math:`v=E|\nu_n|^2` > 0; 2 for a Rayleigh scale of 1

    Arrays broadcast, symbols pass.

    Claim: rician.floor-moderate.

    >>> unit_scatter(1.0, 2.0)
    (np.float64(0.5), np.float64(1.5))
    """
    factor, power = rician_factor, scatter_power
    return factor / power, (factor + power) / (factor + 1)


@public
@implements("rician.eq1", "right", r"\mathbf h")
def channel_from_scatter(
    scatter: np.ndarray, user_angle: Quantity, rician_factor: float
) -> np.ndarray:
    r"""Channel :math:`h=\eta_1a(\phi)+\eta_2\nu` of a given scattered part, eq. (1).

    Parameters
    ----------
    scatter : :math:`\nu`, shape (..., N)
    user_angle : :math:`\phi` in radians, a number or of the shape (...)
    rician_factor : K >= 0, one number

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
    r"""Draw channels of shape (size, N) from their definition, eq. (1) of the rician paper.

    .. math:: h=\eta_1a(\phi)+\eta_2\nu,\qquad \nu_n=r_ne^{j\omega_n}

    with Rayleigh magnitudes, :math:`E\,r_n^2=1`, and uniform phases.

    Parameters
    ----------
    rng : source of the scatter
    size : number of channels
    user_angle : :math:`\phi` in radians, a number or of shape (size,)
    N : number of antennas, >= 2
    rician_factor : K >= 0, one number

    Raises ``ValueError`` for channels that cannot fit in memory.

    Claim: rician.eq1.

    >>> h = rician_channel(np.random.default_rng(1), 10_000, 0.3, 8, 2.0)
    >>> h.shape, round(float(np.mean(np.abs(h) ** 2)), 2)
    ((10000, 8), 1.0)
    """
    check_memory((size, N))
    magnitude = np.sqrt(rng.standard_exponential((size, N)))
    phase = rng.uniform(0, 2 * np.pi, (size, N))
    return channel_from_scatter(magnitude * np.exp(1j * phase), user_angle, rician_factor)


@public
@implements("rician.eq6", "right")
def transmit_covariance(beam_matrix: np.ndarray) -> np.ndarray:
    r"""Covariance :math:`R=WW^H` of what is sent, per symbol, shape (..., N, N).

    Parameters
    ----------
    beam_matrix : W, shape (..., N, streams), in roots of watts, for the mean over white unit-power
        symbols; or :math:`X/\sqrt L`, for the sample covariance of one block X of L symbols

    Claim: rician.eq6.

    >>> transmit_covariance(np.array([[1.0, 0.0], [0.0, 2.0]]))
    array([[1., 0.],
           [0., 4.]])
    """
    return beam_matrix @ np.swapaxes(np.conj(beam_matrix), -1, -2)


@public
@implements("rician.appB-18", "right")
@implements("rician.appB-19", "right")
@implements("rician.appB-20", "right")
@implements("rician.eq11", "tool")
def response_traces(
    transmit_covariance: np.ndarray, target_angle: Quantity, M: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The three traces through which a transmission enters the bound on the angle.

    .. math:: \mathrm{tr}(A^HAR),\qquad \mathrm{tr}(\dot A^H\dot AR),\qquad \mathrm{tr}(\dot A^HAR)

    :math:`A=b(\theta)a^H(\theta)` is the response of the target, a sum of dyads, :math:`\dot A` its
    derivative with respect to the angle in radians.

    Parameters
    ----------
    transmit_covariance : R, shape (..., N, N), in watts
    target_angle : :math:`\theta` in radians, shape (...)
    M : number of receive antennas

    Source: rician paper, Appendix B, whose closed forms it does not use.

    Claims: rician.appB-18, rician.appB-19, rician.appB-20, rician.eq11.

    >>> [round(complex(t).real, 6) for t in response_traces(np.eye(2), 0.0, 2)]
    [4.0, 19.739209, 0.0]
    """
    N = transmit_covariance.shape[-1]
    send, slope = (f(target_angle, N, centred=True) for f in (steering_vector, steering_derivative))
    receive, turn = (
        f(target_angle, M, centred=True) for f in (steering_vector, steering_derivative)
    )
    # a response matrix is a sum of dyads (receive vector, send vector)
    A, dA = [(receive, send)], [(turn, send), (receive, slope)]

    def trace(left, right):
        return sum(
            np.sum(b2.conj() * b1, axis=-1)
            * np.sum(a1.conj() * (transmit_covariance @ a2[..., None])[..., 0], axis=-1)
            for b1, a1 in right
            for b2, a2 in left
        )

    return trace(A, A), trace(dA, dA), trace(dA, A)


@public("[0, inf]")
@implements("rician.metrics", "right", r"\gamma")
def sinr_threshold(rate: Quantity) -> Quantity:
    r"""SINR threshold :math:`\gamma=2^R-1` of a rate R in bit/s/Hz.

    Parameters
    ----------
    rate : R > 0 in bit/s/Hz, any shape

    Source: rician paper, Section II-B.

    Claim: rician.metrics.

    >>> float(sinr_threshold(2.0))
    3.0
    """
    return 2**rate - 1
