r"""The user's SINR in a realisation for both beamformers, and its moments over the channel.

With :math:`g_n=h_n^*a_n(\theta)` and unit-modulus steering entries, every summand of the paper is
an affine image of the **coupling triple** :math:`q_n=(\mathrm{Re}\,g_n,\mathrm{Im}\,g_n,|g_n|^2)`,
where :math:`g_n\sim\mathcal{CN}(\eta_1e^{jn'x},\eta_2^2)` are independent and
:math:`x=\pi(\sin\theta-\sin\phi)`. Its covariance is of first order in
:math:`e^{jn'x}`, so sums over the array know the angles through
:math:`S=\sum_n e^{jn'x}` alone.

Common arguments: ``rician_factor`` K >= 0; ``user_weight``, ``target_weight`` >= 0 and
``user_phase``, ``target_phase`` (radians) are the alphas and psis of eq. (4); ``data_share`` is
P_c/P of the linear beamformer, ``snr`` :math:`P\varrho/\sigma_c^2`. All are linear. The outages are in
:mod:`isacnb.rician.rate_outage`.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..signals.arrays import steering_product
from .channel import rician_weights

__all__ = [
    "antenna_moments",
    "array_sum",
    "communication_map",
    "communication_moments",
    "coupling_covariance",
    "coupling_mean",
    "dpc_sinr",
    "lb_moments",
    "lb_sinr",
    "sinr_from_sums",
    "sinr_per_antenna_limit",
    "sjb_sums",
]


@public("[0, inf)")
@implements("rician.eq14", "right")
@implements("rician.lb-com-op", "tool")
@implements("rician.lem8-aligned", "tool")
def lb_sinr(
    squared_norm: Quantity,
    projection: Quantity,
    N: int,
    snr: Quantity,
    data_share: Quantity,
) -> Quantity:
    r"""SINR of linear beamforming without dirty paper coding.

    .. math:: \frac{p_cZ}{(1-p_c)\,|T|^2/N+1/\mathrm{snr}}

    ``squared_norm`` is :math:`Z=\|h\|^2`, ``projection`` is :math:`|T|^2=|a^Hh|^2`; both broadcast.
    Raises ``ValueError`` unless N >= 1, snr > 0 and 0 <= data_share <= 1. Source: rician paper,
    (14).

    Claims: rician.eq14, rician.lb-com-op, rician.lem8-aligned.

    >>> float(lb_sinr(8.0, 4.0, 8, 10.0, 0.5))
    11.428571428571429
    """
    N, snr, fraction = _checked_powers(N, snr, data_share)
    return fraction * squared_norm / ((1 - fraction) * projection / N + 1 / snr)


@public("[0, inf)")
@implements("rician.lb-com-dpc", "right")
def dpc_sinr(squared_norm: Quantity, snr: Quantity, data_share: Quantity) -> Quantity:
    r"""SINR :math:`p_c\,\mathrm{snr}\,Z` of linear beamforming with dirty paper coding.

    It removes the radar interference. Arguments and errors as :func:`lb_sinr`. Source:
    rician paper, end of Section IV-A.

    Claim: rician.lb-com-dpc.

    >>> float(dpc_sinr(8.0, 10.0, 0.5))
    40.0
    """
    _, snr, fraction = _checked_powers(2, snr, data_share)
    return fraction * snr * squared_norm


@public
@implements("rician.lem5", "right")
@implements("rician.lb-com-dpc", "tool")
@implements("rician.opp-sjb-com", "tool")
def lb_moments(N: Quantity, rician_factor: Quantity, array_sum: Quantity) -> tuple[list, list]:
    r"""Mean and covariance of :math:`(\mathrm{Re}\,T,\mathrm{Im}\,T,Z)` given the angles.

    ``rician_factor`` is K, ``array_sum`` the real number :math:`S=a^H(\theta)a(\phi)` of the
    centred array. Returns the mean as a list and the covariance as a list of rows. Raises
    ``ValueError`` for K < 0, N < 1 or |S| > N. Source: rician paper, Lemma 5.

    Claims: rician.lem5, rician.lb-com-dpc, rician.opp-sjb-com.

    >>> mean, covariance = lb_moments(8, 1.0, 2.0)
    >>> [round(float(m), 6) for m in mean], round(float(covariance[0][2]), 6), covariance[2][2]
    ([1.414214, 0.0, 8.0], 0.707107, 6.0)
    """
    N, K, S, ns = _checked_channel(N, rician_factor, array_sum)
    los, scattered = K / (K + 1), 1 / (K + 1)
    half, cross = scattered * N / 2, ns.sqrt(los) * scattered * S
    mean = [ns.sqrt(los) * S, 0 * S, N]
    norm_variance = N * (2 * K + 1) / (K + 1) ** 2
    return mean, [[half, 0, cross], [0, half, 0], [cross, 0, norm_variance]]


def _checked_channel(N, rician_factor, array_sum):
    N = check_integer("N", N, 1)
    K = check_real("rician_factor", rician_factor, 0)
    array_sum = check_real("array_sum", array_sum)
    ns = arithmetic(N, K, array_sum)
    if ns is arithmetic() and np.any(np.abs(array_sum) > np.asarray(N) * (1 + 1e-12)):
        raise ValueError(f"array_sum must be in [-N, N] = [{-N}, {N}], got {array_sum}")
    return N, _plain(K), _plain(array_sum), ns


def _checked_powers(N, snr, data_share):
    N = check_integer("N", N, 1)
    snr = check_real("snr", snr, 0, open_low=True, finite=False)
    return N, _plain(snr), _plain(check_real("data_share", data_share, 0, 1))


def _plain(value):
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


@public
@implements("rician.lem2", "right", "S")
@implements("rician.appA", "right")
def array_sum(target_angle: Quantity, user_angle: Quantity, N: int) -> Quantity:
    r"""Sum :math:`S=\sum_n e^{jn'x}=\sin(Nx/2)/\sin(x/2)` over the centred array, real.

    At :math:`x=2\pi k` it is the limit :math:`(-1)^{(N-1)k}N`. Angles in radians broadcast, N is a
    whole number >= 1. Source: rician paper, Lemma 2.

    Claims: rician.lem2, rician.appA.

    >>> array_sum(np.pi / 2, -np.pi / 2, 4).item()
    -4.0
    """
    value = steering_product(user_angle, target_angle, N, centred=True)
    return np.real(value) if is_numeric(target_angle, user_angle) else value


@public
@implements("rician.eq8", "right", "X, Y, Z_w")
def sjb_sums(
    h: np.ndarray,
    a: np.ndarray,
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The three sums X, Y, :math:`Z_w` of eq. (8), from channel and steering vectors (..., N).

    They are summed antenna by antenna, as the paper defines them.

    Claim: rician.eq8.
    """
    user = user_weight * np.exp(1j * user_phase)
    target = target_weight * np.exp(1j * target_phase)
    numerator = np.sum(user * np.abs(h) ** 2 + target * h.conj() * a, axis=-1)
    return numerator.real, numerator.imag, np.sum(np.abs(user * h + target * a) ** 2, axis=-1)


@public("[0, inf)")
@implements("rician.eq8", "right")
@implements("rician.sjb-com-op", "tool")
@implements("rician.opp-sjb-com", "tool")
@implements("rician.opp-sjb-sen", "tool")
def sinr_from_sums(X: Quantity, Y: Quantity, Z: Quantity, snr: Quantity = 1) -> Quantity:
    r"""SINR of the user, :math:`\mathrm{snr}\,(X^2+Y^2)/Z_w`, eq. (8); snr is ``varrho P/sigma_c^2``.

    Claims: rician.eq8, rician.sjb-com-op, rician.opp-sjb-com, rician.opp-sjb-sen.

    >>> float(sinr_from_sums(3.0, 4.0, 5.0))
    5.0
    """
    return snr * (X**2 + Y**2) / Z


@public("[0, inf)", user_weight="(0, inf)")
@implements("rician.scale-sjb-com", "right")
@implements("rician.scale-summary", "right")
def sinr_per_antenna_limit(
    snr: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    projection_limit: Quantity = 0.0,
    phase_difference: Quantity = 0.0,
) -> Quantity:
    r"""Limit of SINR / N of the joint beam for many antennas, almost surely.

    .. math:: \frac{\mathrm{SINR}}N \to \mathrm{snr}\,
              \frac{|\alpha_1+\alpha_2te^{j(\psi_2-\psi_1)}|^2}
              {\alpha_1^2+\alpha_2^2+2\alpha_1\alpha_2t\cos(\psi_2-\psi_1)},
              \qquad \mathrm{snr} = \frac{\varrho P}{\sigma_c^2}

    ``projection_limit`` t in [-1, 1] is the limit of :math:`|T|/N`: 0 at different angles, where
    the phases do not matter, and :math:`\eta_1` at equal ones. ``snr`` > 0, ``user_weight``
    :math:`\alpha_1` > 0, ``target_weight`` :math:`\alpha_2 \ge 0`, ``phase_difference``
    :math:`\psi_2-\psi_1` in radians; finite Rician factor. Arrays broadcast, symbols pass. Raises
    ``ValueError`` outside these ranges.

    Claims: rician.scale-sjb-com, rician.scale-summary.

    Equal weights and phases, different angles, and equal ones at K = 1:

    >>> import numpy as np
    >>> float(sinr_per_antenna_limit(10.0, 1.0, 1.0))
    5.0
    >>> round(float(sinr_per_antenna_limit(10.0, 1.0, 1.0, np.sqrt(0.5))), 6)
    8.535534
    """
    user = user_weight
    target = target_weight
    limit = projection_limit
    phase = phase_difference
    cross = 2 * user * target * (limit * arithmetic(phase).cos(phase))
    return snr * (user**2 + target**2 * limit**2 + cross) / (user**2 + target**2 + cross)


@public
@implements("rician.lem1", "tool")
def coupling_mean(phase: Quantity, rician_factor: Quantity) -> np.ndarray:
    r"""Mean of the coupling triple :math:`q_n` at the phase :math:`n'x`, shape (..., 3).

    Claim: rician.lem1.
    """
    line, _ = rician_weights(rician_factor)
    ns = arithmetic(phase, line)
    return _stack([line * ns.cos(phase), line * ns.sin(phase), line**0 + 0 * phase])


@public
@implements("rician.lem1", "tool")
def coupling_covariance(phase: Quantity, rician_factor: Quantity) -> np.ndarray:
    r"""Covariance of the coupling triple at the phase :math:`n'x`, shape (..., 3, 3).

    .. math:: \begin{pmatrix}\eta_2^2/2&0&\eta_1\eta_2^2\cos n'x\\
        0&\eta_2^2/2&\eta_1\eta_2^2\sin n'x\\ \cdot&\cdot&\eta_2^2(1+\eta_1^2)\end{pmatrix}

    Its determinant is :math:`\eta_2^8/4`: regular for every finite K.

    Claim: rician.lem1.
    """
    line, scatter = rician_weights(rician_factor)
    ns = arithmetic(phase, line)
    half, zero = scatter**2 * ns.rational(1, 2) + 0 * phase, 0 * phase * line
    cosine, sine = line * scatter**2 * ns.cos(phase), line * scatter**2 * ns.sin(phase)
    power = scatter**2 * (1 + line**2) + 0 * phase
    return _stack(
        [_stack([half, zero, cosine]), _stack([zero, half, sine]), _stack([cosine, sine, power])],
        -2,
    )


@public
@implements("rician.lem1", "tool")
def communication_map(
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Matrix B and offset b with :math:`(x_n,y_n,z_n)^T=B\,q_n+b`, for eq. (8).

    :math:`\det B=-\alpha_1^2\alpha_2^2`: the triple is degenerate only at the two end points.

    Claim: rician.lem1.
    """
    ns = arithmetic(user_weight, target_weight, user_phase, target_phase)
    a, b, turn = user_weight, target_weight, target_phase - user_phase
    zero, c, s = 0 * a, ns.cos(target_phase), ns.sin(target_phase)
    matrix = [
        [b * c, -b * s, a * ns.cos(user_phase)],
        [b * s, b * c, a * ns.sin(user_phase)],
        [2 * a * b * ns.cos(turn), -2 * a * b * ns.sin(turn), a**2],
    ]
    kind = float if is_numeric(a, b, user_phase, target_phase) else object
    return np.array(matrix, dtype=kind), np.array([zero, zero, b**2], dtype=kind)


@public
@implements("rician.lem1", "right")
def antenna_moments(
    phase: Quantity,
    rician_factor: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and covariance of :math:`v_n=(x_n,y_n,z_n)` at the phase :math:`n'x`: Lemma 1.

    Shapes (..., 3) and (..., 3, 3).

    Claim: rician.lem1.
    """
    matrix, offset = communication_map(user_weight, target_weight, user_phase, target_phase)
    mean = coupling_mean(phase, rician_factor) @ matrix.T + offset
    return mean, matrix @ coupling_covariance(phase, rician_factor) @ matrix.T


@public
@implements("rician.sums", "right")
@implements("rician.eq10", "tool")
@implements("rician.appD", "tool")
def communication_moments(
    S: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and covariance of :math:`(X,Y,Z_w)` in closed form: Lemmas 1 and 2.

    ``S`` is :func:`array_sum`; it enters linearly and is all that is left of the angles. Shapes
    (..., 3) and (..., 3, 3).

    Claims: rician.sums, rician.eq10, rician.appD.

    >>> mean, covariance = communication_moments(2.0, 8, 1.0, 1.0, 1.0)
    >>> mean.round(6).tolist()
    [9.414214, 0.0, 18.828427]
    """
    matrix, offset = communication_map(user_weight, target_weight, user_phase, target_phase)
    line, scatter = rician_weights(rician_factor)
    zero, cross = 0 * S, line * scatter**2 * S
    half = N * scatter**2 / 2 + zero
    mean = _stack([line * S, zero, N * line**0 + zero]) @ matrix.T + N * offset
    power = N * scatter**2 * (1 + line**2) + zero
    covariance = _stack(
        [_stack([half, zero, cross]), _stack([zero, half, zero]), _stack([cross, zero, power])], -2
    )
    return mean, matrix @ covariance @ matrix.T


def _stack(entries, axis: int = -1) -> np.ndarray:
    """Entries side by side on a new last axis; symbols and balls in an array of objects."""
    if all(is_numeric(e) for leaf in entries for e in np.ravel(np.asarray(leaf, dtype=object))):
        return np.stack(np.broadcast_arrays(*entries), axis=axis)
    return np.stack([np.asarray(e, dtype=object) for e in entries], axis=axis)
