r"""Subspace joint beamforming for the user: the paper's sums, their moments, the Gaussian outage.

With :math:`g_n=h_n^*a_n(\theta)` and unit-modulus steering entries, every summand of the paper is
an affine image of the **coupling triple** :math:`q_n=(\mathrm{Re}\,g_n,\mathrm{Im}\,g_n,|g_n|^2)`,
where :math:`g_n\sim\mathcal{CN}(\eta_1e^{jn'x},\eta_2^2)` are independent and
:math:`x=\pi(\sin\theta-\sin\phi)`. Its covariance is of first order in
:math:`e^{jn'x}`, so sums over the array know the angles through
:math:`S=\sum_n e^{jn'x}` alone.

Common arguments: ``rician_factor`` K >= 0; ``user_weight``, ``target_weight`` >= 0 and
``user_phase``, ``target_phase`` (radians) are the alphas and psis of eq. (4). The exact outage is
:func:`isacnb.rician.exact.outage_sjb`.
"""

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import steering_product
from ..generic import Quantity, arithmetic, is_numeric
from ..index import implements
from ..special import genchi2_cdf
from ..validation import check_integer, check_real
from .channel import rician_weights

__all__ = [
    "antenna_moments",
    "array_sum",
    "communication_map",
    "communication_moments",
    "coupling_covariance",
    "coupling_mean",
    "gaussian_outage",
    "line_of_sight_sums",
    "outage_sjb_gaussian",
    "phase_step",
    "sinr_from_sums",
    "sinr_per_antenna_limit",
    "sjb_sums",
]


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


@implements("rician.lem3", "right")
def phase_step(target_angle: Quantity, user_angle: Quantity) -> Quantity:
    r"""Phase step :math:`x=\pi(\sin\theta-\sin\phi)` between neighbouring antennas, in radians.

    Angles in radians broadcast, symbols pass; ``ValueError`` for nan and infinite ones. Source:
    rician paper, Lemma 3.

    Claim: rician.lem3.

    >>> print(f"{phase_step(np.pi / 2, 0.0) / np.pi:.1f}")
    1.0
    """
    target = check_real("target_angle", target_angle)
    user = check_real("user_angle", user_angle)
    ns = arithmetic(target, user)
    return ns.pi * (ns.sin(target) - ns.sin(user))


@implements("rician.sjb-com-los", "right")
@implements("rician.sjb-sen-los", "right")
def line_of_sight_sums(
    S: Quantity,
    N: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[Quantity, Quantity, Quantity]:
    r"""The joint beam's power at the user and at the target and its squared norm, without scatter.

    .. math:: |h^H\tilde w|^2=|\alpha_1e^{j\psi_1}N+\alpha_2e^{j\psi_2}S|^2,\quad
              |a^H\tilde w|^2=|\alpha_1e^{j\psi_1}S+\alpha_2e^{j\psi_2}N|^2,\quad
              Z_w=(\alpha_1^2+\alpha_2^2)N+2\alpha_1\alpha_2S\cos(\psi_1-\psi_2)

    for the channel :math:`h=a(\phi)`; ``S`` is :func:`array_sum`. Arrays broadcast, symbols pass.
    Raises ``ValueError`` for N < 1 or a negative weight.

    Claims: rician.sjb-com-los, rician.sjb-sen-los.

    >>> line_of_sight_sums(-4.0, 4, 1.0, 1.0, 0.0, 0.0)
    (np.float64(0.0), np.float64(0.0), np.float64(0.0))
    """
    N = check_integer("N", N, 1)
    user = check_real("user_weight", user_weight, 0)
    target = check_real("target_weight", target_weight, 0)
    ns = arithmetic(S, N, user, target, user_phase, target_phase)
    product = 2 * user * target * ns.cos(user_phase - target_phase)
    squares = user**2, target**2
    return (
        squares[0] * N**2 + squares[1] * S**2 + product * N * S,
        squares[0] * S**2 + squares[1] * N**2 + product * N * S,
        (squares[0] + squares[1]) * N + product * S,
    )


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


@implements("rician.eq8", "right")
@implements("rician.sjb-com-op", "tool")
@implements("rician.opp-sjb-com", "tool")
@implements("rician.opp-sjb-sen", "tool")
def sinr_from_sums(X: Quantity, Y: Quantity, Z: Quantity, snr: Quantity = 1) -> Quantity:
    r"""SINR of the user, :math:`\mathrm{snr}\,(X^2+Y^2)/Z_w`, eq. (8); snr is ``varrho P/sigma_c^2``.

    Claims: rician.eq8, rician.sjb-com-op, rician.opp-sjb-com, rician.opp-sjb-sen.

    >>> sinr_from_sums(3.0, 4.0, 5.0)
    5.0
    """
    return snr * (X**2 + Y**2) / Z


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

    >>> float(sinr_per_antenna_limit(10.0, 1.0, 1.0))
    5.0
    >>> round(float(sinr_per_antenna_limit(10.0, 1.0, 1.0, np.sqrt(0.5))), 6)
    8.535534
    """
    snr = check_real("snr", snr, 0, open_low=True)
    user = check_real("user_weight", user_weight, 0, open_low=True)
    target = check_real("target_weight", target_weight, 0)
    limit = check_real("projection_limit", projection_limit, -1, 1)
    phase = check_real("phase_difference", phase_difference)
    cross = 2 * user * target * (limit * arithmetic(phase).cos(phase))
    return snr * (user**2 + target**2 * limit**2 + cross) / (user**2 + target**2 + cross)


@implements("rician.lem1", "tool")
def coupling_mean(phase: Quantity, rician_factor: Quantity) -> np.ndarray:
    r"""Mean of the coupling triple :math:`q_n` at the phase :math:`n'x`, shape (..., 3).

    Claim: rician.lem1.
    """
    line, _ = rician_weights(rician_factor)
    ns = arithmetic(phase, line)
    return _stack([line * ns.cos(phase), line * ns.sin(phase), line**0 + 0 * phase])


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


@implements("rician.sjb-com-aligned", "right")
def gaussian_outage(level: float, mean: ArrayLike, covariance: ArrayLike) -> float:
    r"""Probability of :math:`X^2+Y^2<g\,Z` for a Gaussian triple, by the generalised chi-square law.

    With :math:`v=\mu+Cs`, s standard normal, the region is a quadratic form of s; turned to its
    axes it is a sum of two weighted noncentral squares and a normal term, which
    ``isacnb.special.genchi2_cdf`` computes to the last digits. ``level`` g > 0, mean (3,),
    covariance (3, 3), positive semidefinite and not 0. Source: case 3 of Section III-A; R. B.
    Davies, Appl. Stat. 29 (1980), for the reduction.

    Claim: rician.sjb-com-aligned.

    >>> print(f"{gaussian_outage(1.0, [0, 0, 4], np.diag([1, 1, 1e-12])):.6f}")
    0.864665
    """
    level = float(check_real("level", level, 0, open_low=True))
    mean = check_real("mean", mean)
    values, vectors = np.linalg.eigh(check_real("covariance", covariance))
    if values[0] < -1e-9 * values[-1] or values[-1] <= 0:
        raise ValueError(f"covariance must be positive semidefinite and not 0, got {covariance}")
    root = vectors * np.sqrt(np.maximum(values, 0))
    form = np.diag([1.0, 1.0, 0.0])
    linear = np.array([0.0, 0.0, -level])
    weights, axes = np.linalg.eigh(root.T @ form @ root)
    slopes = axes.T @ root.T @ (2 * form @ mean + linear)
    square = weights > 1e-13 * weights[-1]
    centre = slopes[square] / (2 * weights[square])
    offset = mean @ form @ mean + linear @ mean - np.sum(weights[square] * centre**2)
    rest = float(np.linalg.norm(slopes[~square]))
    size = int(square.sum())
    return float(genchi2_cdf(0.0, weights[square], np.ones(size), centre**2, rest, offset))


@implements("rician.eq10", "approximation")
@implements("rician.sjb-com-op", "approximation")
def outage_sjb_gaussian(
    threshold: ArrayLike,
    N: int,
    rician_factor: float,
    array_sum: ArrayLike,
    snr: ArrayLike,
    user_weight: float,
    target_weight: float,
    phase: float = 0.0,
) -> np.ndarray | float:
    r"""SJB communication outage by the paper's Gaussian approximation (10), given the angles.

    .. math:: \Pr\big[\mathrm{snr}\,(X^2+Y^2)<\gamma Z_w\big]

    for the Gaussian triple of :func:`communication_moments`. ``phase`` is :math:`\psi_2-\psi_1`;
    threshold, array_sum and snr broadcast. An approximation: see
    :func:`isacnb.rician.exact.outage_sjb` for the truth. Raises ``ValueError`` for threshold <= 0,
    snr <= 0, N < 2 or a negative Rician factor.

    Claims: rician.eq10, rician.sjb-com-op.

    >>> print(f"{outage_sjb_gaussian(1.0, 8, 0.0, 0.0, 10.0, 1.0, 1.0):.6e}")
    2.840338e-03
    """
    level = check_real("threshold", threshold, 0, open_low=True)
    level = level / check_real("snr", snr, 0, open_low=True)
    level, sums = np.broadcast_arrays(level, array_sum)
    N = check_integer("N", N, 2)
    arguments = (N, rician_factor, user_weight, target_weight, 0.0, phase)
    values = [
        gaussian_outage(g, *communication_moments(float(S), *arguments))
        for g, S in zip(level.ravel(), sums.ravel(), strict=True)
    ]
    return np.reshape(values, level.shape)[()]


def _stack(entries, axis: int = -1) -> np.ndarray:
    """Entries side by side on a new last axis; symbols and balls in an array of objects."""
    if all(is_numeric(e) for leaf in entries for e in np.ravel(np.asarray(leaf, dtype=object))):
        return np.stack(np.broadcast_arrays(*entries), axis=axis)
    return np.stack([np.asarray(e, dtype=object) for e in entries], axis=axis)
