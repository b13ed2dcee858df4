r"""The user's SINR in a realisation for both transmissions, and its moments over the channel.

With :math:`g_n=h_n^*a_n(\theta)` and unit-modulus steering entries, every summand of the paper is
an affine image of the **triple** :math:`q_n=(\mathrm{Re}\,g_n,\mathrm{Im}\,g_n,|g_n|^2)`,
where :math:`g_n\sim\mathcal{CN}(\eta_1e^{jn'x},\eta_2^2)` are independent and
:math:`x=\pi(\sin\theta-\sin\phi)`. Its covariance is of first order in
:math:`e^{jn'x}`, so sums over the array know the angles through
:math:`S=\sum_n e^{jn'x}` alone.

Functions that end in ``_joint`` are of the joint beam, those that end in ``_split`` of the split beams
and those that end in ``_dpc`` of these with dirty paper coding. ``snr`` is
:math:`P\varrho/\sigma_c^2`; all ratios are linear. The outages are in :mod:`isacnb.rician.rate_outage`.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_real
from ..signals.arrays import steering_product
from .beams import JointBeam
from .channel import rician_weights

__all__ = [
    "antenna_moments_joint",
    "array_sum",
    "communication_map_joint",
    "communication_moments_joint",
    "product_moments",
    "projection_moments",
    "sinr_dpc",
    "sinr_joint",
    "sinr_per_antenna_joint",
    "sinr_split",
    "sums_joint",
]


@public("[0, inf]", snr="(0, inf]")
@implements("rician.eq14", "right")
@implements("rician.lb-com-op", "tool")
@implements("rician.lem8-aligned", "tool")
def sinr_split(
    squared_norm: Quantity,
    projection: Quantity,
    N: Quantity,
    snr: Quantity,
    data_share: Quantity,
) -> Quantity:
    r"""SINR of the user with the split beams, without dirty paper coding.

    .. math:: \frac{p_cZ}{(1-p_c)\,|T|^2/N+1/\mathrm{snr}}

    Parameters
    ----------
    squared_norm : :math:`Z=\|h\|^2`
    projection : :math:`|T|^2=|a^Hh|^2`
    N : number of transmit antennas
    snr : :math:`P\varrho/\sigma_c^2`, may be infinite
    data_share : :math:`p_c=P_c/P`

    Arrays broadcast, symbols pass. Source: rician paper, (14).

    Claims: rician.eq14, rician.lb-com-op, rician.lem8-aligned.

    >>> float(sinr_split(8.0, 4.0, 8, 10.0, 0.5))
    11.428571428571429
    """
    return data_share * squared_norm / ((1 - data_share) * projection / N + 1 / snr)


@public("[0, inf)")
@implements("rician.lb-com-dpc", "right")
def sinr_dpc(squared_norm: Quantity, snr: Quantity, data_share: Quantity) -> Quantity:
    r"""SINR :math:`p_c\,\mathrm{snr}\,Z` of the user with the split beams and dirty paper coding.

    The coding removes the interference of the radar beam.

    Parameters
    ----------
    squared_norm : :math:`Z=\|h\|^2`
    snr : :math:`P\varrho/\sigma_c^2`
    data_share : :math:`p_c=P_c/P`

    Arrays broadcast, symbols pass. Source: rician paper, end of Section IV-A.

    Claim: rician.lb-com-dpc.

    >>> float(sinr_dpc(8.0, 10.0, 0.5))
    40.0
    """
    return data_share * snr * squared_norm


@public
@implements("rician.lem5", "right")
@implements("rician.lb-com-dpc", "tool")
@implements("rician.opp-sjb-com", "tool")
def projection_moments(
    N: Quantity, rician_factor: Quantity, array_sum: Quantity
) -> tuple[list, list]:
    r"""Mean and covariance of :math:`(\mathrm{Re}\,T,\mathrm{Im}\,T,Z)` given the angles.

    .. math:: ET=\eta_1S,\quad EZ=N,\qquad \begin{pmatrix}\eta_2^2N/2&0&\eta_1\eta_2^2S\\
        0&\eta_2^2N/2&0\\ \cdot&\cdot&N\frac{2K+1}{(K+1)^2}\end{pmatrix}

    Parameters
    ----------
    N : number of transmit antennas
    rician_factor : K
    array_sum : :math:`S=a^H(\theta)a(\phi)` of the centred array, in [-N, N]

    Arrays broadcast, symbols pass. Returns the mean as a list and the covariance as a list of rows.
    Source: rician paper, Lemma 5.

    Claims: rician.lem5, rician.lb-com-dpc, rician.opp-sjb-com.

    >>> mean, covariance = projection_moments(8, 1.0, 2.0)
    >>> round(float(mean[0]), 6), round(float(covariance[0][2]), 6), float(covariance[2][2])
    (1.414214, 0.707107, 6.0)
    """
    K = rician_factor
    ns = arithmetic(N, K, array_sum)
    los, scattered = K / (K + 1), 1 / (K + 1)
    half, cross = scattered * N / 2, ns.sqrt(los) * scattered * array_sum
    mean = [ns.sqrt(los) * array_sum, 0 * array_sum, N]
    # factor by factor, so that no square overflows
    norm_variance = N * ((2 * K + 1) / (K + 1) / (K + 1))
    return mean, [[half, 0, cross], [0, half, 0], [cross, 0, norm_variance]]


@public
@implements("rician.lem2", "right", "S")
@implements("rician.appA", "right")
def array_sum(target_angle: Quantity, user_angle: Quantity, N: int) -> Quantity:
    r"""Sum over the centred array through which the two angles act, real.

    .. math:: S=\sum_n e^{jn'x}=\frac{\sin(Nx/2)}{\sin(x/2)},\qquad x=\pi(\sin\theta-\sin\phi)

    At :math:`x=2\pi k` it is the limit :math:`(-1)^{(N-1)k}N`.

    Parameters
    ----------
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians; both broadcast, symbols pass
    N : number of antennas

    Source: rician paper, Lemma 2.

    Claims: rician.lem2, rician.appA.

    >>> array_sum(np.pi / 2, -np.pi / 2, 4).item()
    -4.0
    """
    value = steering_product(user_angle, target_angle, N, centred=True)
    return np.real(value) if is_numeric(target_angle, user_angle) else value


@public
@implements("rician.eq8", "right", "X, Y, Z_w")
def sums_joint(
    channel: np.ndarray, steering_vector_centred: np.ndarray, beam: JointBeam
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The three sums X, Y and :math:`Z_w` of eq. (8), antenna by antenna.

    .. math:: X+jY=\sum_n\alpha_1e^{j\psi_1}|h_n|^2+\alpha_2e^{j\psi_2}h_n^*a_n(\theta),\qquad
              Z_w=\sum_n\big|\alpha_1e^{j\psi_1}h_n+\alpha_2e^{j\psi_2}a_n(\theta)\big|^2

    Parameters
    ----------
    channel : h, shape (..., N)
    steering_vector_centred : :math:`a(\theta)`, shape (..., N)
    beam : weights and phases, numbers or arrays that broadcast with the result

    Claim: rician.eq8.

    >>> x, y, z = sums_joint(np.array([1.0, 2.0]), np.array([1.0, 1.0]), JointBeam(1.0, 1.0))
    >>> float(x), float(y), float(z)
    (8.0, 0.0, 13.0)
    """
    h, a = channel, steering_vector_centred
    user = np.asarray(beam.user_weight * np.exp(1j * beam.user_phase))[..., None]
    target = np.asarray(beam.target_weight * np.exp(1j * beam.target_phase))[..., None]
    numerator = np.sum(user * np.abs(h) ** 2 + target * h.conj() * a, axis=-1)
    return numerator.real, numerator.imag, np.sum(np.abs(user * h + target * a) ** 2, axis=-1)


@public("[0, inf)")
@implements("rician.eq8", "right")
@implements("rician.sjb-com-op", "tool")
@implements("rician.opp-sjb-com", "tool")
@implements("rician.opp-sjb-sen", "tool")
def sinr_joint(
    sum_real: Quantity, sum_imaginary: Quantity, beam_norm: Quantity, snr: Quantity = 1
) -> Quantity:
    r"""SINR of the user with the joint beam, from its three sums, eq. (8).

    .. math:: \mathrm{snr}\,\frac{X^2+Y^2}{Z_w},\qquad \mathrm{snr}=\frac{\varrho P}{\sigma_c^2}

    Parameters
    ----------
    sum_real, sum_imaginary, beam_norm : X, Y and :math:`Z_w` of :func:`sums_joint`
    snr : by default 1

    Arrays broadcast, symbols pass.

    Claims: rician.eq8, rician.sjb-com-op, rician.opp-sjb-com, rician.opp-sjb-sen.

    >>> float(sinr_joint(3.0, 4.0, 5.0))
    5.0
    """
    return snr * (sum_real**2 + sum_imaginary**2) / beam_norm


@public("[0, inf)")
@implements("rician.scale-sjb-com", "right")
@implements("rician.scale-summary", "right")
def sinr_per_antenna_joint(
    snr: Quantity, beam: JointBeam, projection_limit: Quantity = 0.0
) -> Quantity:
    r"""Limit of SINR / N of the joint beam for many antennas, almost surely.

    .. math:: \frac{\mathrm{SINR}}N \to \mathrm{snr}\,
              \frac{|\alpha_1+\alpha_2te^{j(\psi_2-\psi_1)}|^2}
              {\alpha_1^2+\alpha_2^2+2\alpha_1\alpha_2t\cos(\psi_2-\psi_1)},
              \qquad \mathrm{snr} = \frac{\varrho P}{\sigma_c^2}

    Parameters
    ----------
    snr : of one antenna
    beam : weights and phases, with :math:`\alpha_1>0`
    projection_limit : t in [-1, 1], the limit of :math:`T/N`: 0 at different angles, where the phases
        do not matter, and :math:`\eta_1` at equal ones

    For finite Rician factors. Arrays broadcast, symbols pass. Raises ``ValueError`` for a weight of 0
    on the user, with which the SINR has no such limit.

    Claims: rician.scale-sjb-com, rician.scale-summary.

    Equal weights and phases, different angles, and equal ones at K = 1:

    >>> equal = JointBeam(1.0, 1.0)
    >>> float(sinr_per_antenna_joint(10.0, equal))
    5.0
    >>> round(float(sinr_per_antenna_joint(10.0, equal, np.sqrt(0.5))), 6)
    8.535534
    """
    user, target, phase = beam.user_weight, beam.target_weight, beam.phase_difference
    check_real("user_weight", user, 0, open_low=True)
    cross = 2 * user * target * (projection_limit * arithmetic(phase).cos(phase))
    beam_norm = user**2 + target**2 + cross
    return snr * (user**2 + target**2 * projection_limit**2 + cross) / beam_norm


@public
@implements("rician.lem1", "tool")
def product_moments(
    antenna_phase: Quantity, rician_factor: Quantity
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and covariance of the triple :math:`q_n` of one antenna at the phase :math:`n'x`.

    .. math:: Eq_n=\begin{pmatrix}\eta_1\cos n'x\\ \eta_1\sin n'x\\ 1\end{pmatrix},\qquad
        \mathrm{Cov}\,q_n=\begin{pmatrix}\eta_2^2/2&0&\eta_1\eta_2^2\cos n'x\\
        0&\eta_2^2/2&\eta_1\eta_2^2\sin n'x\\ \cdot&\cdot&\eta_2^2(1+\eta_1^2)\end{pmatrix}

    of :math:`(\mathrm{Re}\,g_n,\mathrm{Im}\,g_n,|g_n|^2)` with :math:`g_n=h_n^*a_n(\theta)`. The
    determinant of the covariance is :math:`\eta_2^8/4`: regular for every finite K.

    Parameters
    ----------
    antenna_phase : :math:`n'x` in radians, shape (...)
    rician_factor : K

    Returns shapes (..., 3) and (..., 3, 3); symbols and balls in arrays of objects.

    Claim: rician.lem1.

    >>> mean, covariance = product_moments(0.0, 1.0)
    >>> mean.round(6), float(np.linalg.det(covariance).round(12))
    (array([0.707107, 0.      , 1.      ]), 0.015625)
    """
    phase = antenna_phase
    line, scatter = rician_weights(rician_factor)
    ns = arithmetic(phase, line)
    mean = _stack([line * ns.cos(phase), line * ns.sin(phase), line**0 + 0 * phase])
    half, zero = scatter**2 * ns.rational(1, 2) + 0 * phase, 0 * phase * line
    cosine, sine = line * scatter**2 * ns.cos(phase), line * scatter**2 * ns.sin(phase)
    power = scatter**2 * (1 + line**2) + 0 * phase
    rows = [[half, zero, cosine], [zero, half, sine], [cosine, sine, power]]
    return mean, _stack([_stack(row) for row in rows], -2)


@public
@implements("rician.lem1", "tool")
def communication_map_joint(beam: JointBeam) -> tuple[np.ndarray, np.ndarray]:
    r"""Matrix B and offset b with :math:`(x_n,y_n,z_n)^T=B\,q_n+b`, for eq. (8).

    .. math:: B=\begin{pmatrix}\alpha_2\cos\psi_2&-\alpha_2\sin\psi_2&\alpha_1\cos\psi_1\\
        \alpha_2\sin\psi_2&\alpha_2\cos\psi_2&\alpha_1\sin\psi_1\\
        2\alpha_1\alpha_2\cos\psi&-2\alpha_1\alpha_2\sin\psi&\alpha_1^2\end{pmatrix},\quad
        b=\begin{pmatrix}0\\0\\\alpha_2^2\end{pmatrix},\quad\psi=\psi_2-\psi_1

    :math:`\det B=-\alpha_1^2\alpha_2^2`: the triple is degenerate only at the two end points.

    Parameters
    ----------
    beam : weights and phases, one number each; symbols pass

    Claim: rician.lem1.

    >>> matrix, offset = communication_map_joint(JointBeam(2.0, 3.0, 0.1, 0.4))
    >>> float(np.linalg.det(matrix).round(9)), offset
    (-36.0, array([0., 0., 9.]))
    """
    a, b = beam.user_weight, beam.target_weight
    user_phase, target_phase, turn = beam.user_phase, beam.target_phase, beam.phase_difference
    ns = arithmetic(a, b, user_phase, target_phase)
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
def antenna_moments_joint(
    antenna_phase: Quantity, rician_factor: Quantity, beam: JointBeam
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and covariance of :math:`v_n=(x_n,y_n,z_n)` of one antenna: Lemma 1.

    .. math:: \mu_n=B\,Eq_n+b,\qquad \Sigma_n=B\,\mathrm{Cov}(q_n)\,B^T

    with the moments of :func:`product_moments` and the map of :func:`communication_map_joint`.

    Parameters
    ----------
    antenna_phase : :math:`n'x` in radians, shape (...)
    rician_factor : K
    beam : weights and phases, one number each; symbols pass

    Returns shapes (..., 3) and (..., 3, 3).

    Claim: rician.lem1.

    >>> mean, covariance = antenna_moments_joint(0.0, 1.0, JointBeam(1.0, 1.0))
    >>> mean.round(6).tolist()
    [1.707107, 0.0, 3.414214]
    """
    matrix, offset = communication_map_joint(beam)
    mean, covariance = product_moments(antenna_phase, rician_factor)
    return mean @ matrix.T + offset, matrix @ covariance @ matrix.T


@public
@implements("rician.sums", "right")
@implements("rician.eq10", "tool")
@implements("rician.appD", "tool")
def communication_moments_joint(
    N: Quantity, rician_factor: Quantity, array_sum: Quantity, beam: JointBeam
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and covariance of :math:`(X,Y,Z_w)` in closed form: Lemmas 1 and 2.

    .. math:: \mu=B\sum_nEq_n+Nb,\qquad \Sigma=B\sum_n\mathrm{Cov}(q_n)B^T

    with the map of :func:`communication_map_joint`; the sums over :func:`product_moments` hold S, which
    enters linearly and is all that is left of the angles.

    Parameters
    ----------
    N : number of transmit antennas
    rician_factor : K
    array_sum : S, see :func:`array_sum`, shape (...)
    beam : weights and phases, one number each

    Returns shapes (..., 3) and (..., 3, 3); symbols pass.

    Claims: rician.sums, rician.eq10, rician.appD.

    >>> mean, covariance = communication_moments_joint(8, 1.0, 2.0, JointBeam(1.0, 1.0))
    >>> mean.round(6).tolist()
    [9.414214, 0.0, 18.828427]
    """
    S = array_sum
    matrix, offset = communication_map_joint(beam)
    line, scatter = rician_weights(rician_factor)
    zero, cross = 0 * S, line * scatter**2 * S
    half = N * scatter**2 / 2 + zero
    mean = _stack([line * S, zero, N * line**0 + zero]) @ matrix.T + N * offset
    power = N * scatter**2 * (1 + line**2) + zero
    rows = [[half, zero, cross], [zero, half, zero], [cross, zero, power]]
    covariance = _stack([_stack(row) for row in rows], -2)
    return mean, matrix @ covariance @ matrix.T


def _stack(entries, axis: int = -1) -> np.ndarray:
    """Entries side by side on a new last axis; symbols and balls in an array of objects."""
    if all(is_numeric(e) for leaf in entries for e in np.ravel(np.asarray(leaf, dtype=object))):
        return np.stack(np.broadcast_arrays(*entries), axis=axis)
    return np.stack([np.asarray(e, dtype=object) for e in entries], axis=axis)
