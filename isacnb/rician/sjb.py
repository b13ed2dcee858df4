r"""Communication outage of subspace joint beamforming: exact, and by the paper's Gaussian triple.

With :math:`g_n=h_n^*a_n(\theta)` and unit-modulus steering entries, every summand of the paper is
an affine image of the **coupling triple** :math:`q_n=(\mathrm{Re}\,g_n,\mathrm{Im}\,g_n,|g_n|^2)`,
where :math:`g_n\sim\mathcal{CN}(\eta_1e^{jn'x},\eta_2^2)` are independent and
:math:`x=\pi(\sin\theta-\sin\phi)`. Its covariance is of first order in
:math:`e^{jn'x}`, so sums over the array know the angles through
:math:`S=\sum_n e^{jn'x}` alone.

Common arguments: ``rician_factor`` K >= 0; ``user_weight``, ``target_weight`` >= 0 and
``user_phase``, ``target_phase`` (radians) are the alphas and psis of eq. (4); ``level`` is
:math:`g=\gamma\sigma_c^2/(\varrho P)`, the SINR threshold over the transmit SNR.
"""

from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from ..arrays import steering_product
from ..generic import Quantity, arithmetic, is_numeric
from ..special import genchi2_cdf, marcum_p, marcum_q
from ..validation import check_integer, check_real
from .channel import rician_weights

__all__ = [
    "antenna_moments",
    "array_sum",
    "average_over_uniform_angles",
    "communication_map",
    "communication_moments",
    "communication_outage",
    "communication_outage_gaussian",
    "coupling_covariance",
    "coupling_mean",
    "gaussian_outage",
    "sinr_from_sums",
    "sjb_sums",
]


def array_sum(target_angle: Quantity, user_angle: Quantity, N: int) -> Quantity:
    r"""Sum :math:`S=\sum_n e^{jn'x}=\sin(Nx/2)/\sin(x/2)` over the centred array, real.

    At :math:`x=2\pi k` it is the limit :math:`(-1)^{(N-1)k}N`. Angles in radians broadcast, N is a
    whole number >= 1. Source: rician paper, Lemma 2.

    >>> array_sum(np.pi / 2, -np.pi / 2, 4).item()
    -4.0
    """
    value = steering_product(user_angle, target_angle, N, centred=True)
    return np.real(value) if is_numeric(target_angle, user_angle) else value


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
    """
    user = user_weight * np.exp(1j * user_phase)
    target = target_weight * np.exp(1j * target_phase)
    numerator = np.sum(user * np.abs(h) ** 2 + target * h.conj() * a, axis=-1)
    return numerator.real, numerator.imag, np.sum(np.abs(user * h + target * a) ** 2, axis=-1)


def sinr_from_sums(X: Quantity, Y: Quantity, Z: Quantity, snr: Quantity = 1) -> Quantity:
    r"""SINR of the user, :math:`\mathrm{snr}\,(X^2+Y^2)/Z_w`, eq. (8); snr is ``varrho P/sigma_c^2``.

    >>> sinr_from_sums(3.0, 4.0, 5.0)
    5.0
    """
    return snr * (X**2 + Y**2) / Z


def coupling_mean(phase: Quantity, rician_factor: Quantity) -> np.ndarray:
    r"""Mean of the coupling triple :math:`q_n` at the phase :math:`n'x`, shape (..., 3)."""
    line, _ = rician_weights(rician_factor)
    ns = arithmetic(phase, line)
    return _stack([line * ns.cos(phase), line * ns.sin(phase), line**0 + 0 * phase])


def coupling_covariance(phase: Quantity, rician_factor: Quantity) -> np.ndarray:
    r"""Covariance of the coupling triple at the phase :math:`n'x`, shape (..., 3, 3).

    .. math:: \begin{pmatrix}\eta_2^2/2&0&\eta_1\eta_2^2\cos n'x\\
        0&\eta_2^2/2&\eta_1\eta_2^2\sin n'x\\ \cdot&\cdot&\eta_2^2(1+\eta_1^2)\end{pmatrix}

    Its determinant is :math:`\eta_2^8/4`: regular for every finite K.
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


def communication_map(
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Matrix B and offset b with :math:`(x_n,y_n,z_n)^T=B\,q_n+b`, for eq. (8).

    :math:`\det B=-\alpha_1^2\alpha_2^2`: the triple is degenerate only at the two end points.
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
    """
    matrix, offset = communication_map(user_weight, target_weight, user_phase, target_phase)
    mean = coupling_mean(phase, rician_factor) @ matrix.T + offset
    return mean, matrix @ coupling_covariance(phase, rician_factor) @ matrix.T


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


def gaussian_outage(level: float, mean: ArrayLike, covariance: ArrayLike) -> float:
    r"""Probability of :math:`X^2+Y^2<g\,Z` for a Gaussian triple, by the generalised chi-square law.

    With :math:`v=\mu+Cs`, s standard normal, the region is a quadratic form of s; turned to its
    axes it is a sum of two weighted noncentral squares and a normal term, which
    ``isacnb.special.genchi2_cdf`` computes to the last digits. ``level`` g > 0, mean (3,),
    covariance (3, 3), positive semidefinite and not 0. Source: case 3 of Section III-A; R. B.
    Davies, Appl. Stat. 29 (1980), for the reduction.

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


def communication_outage_gaussian(
    level: ArrayLike,
    S: ArrayLike,
    N: int,
    rician_factor: float,
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
) -> np.ndarray | float:
    """SJB communication outage by the paper's Gaussian approximation (10), given the angles.

    ``level`` and ``S`` broadcast. An approximation: see :func:`communication_outage` for the truth.
    """
    level, S = np.broadcast_arrays(check_real("level", level, 0, open_low=True), S)
    N = check_integer("N", N, 2)
    arguments = (N, rician_factor, user_weight, target_weight, user_phase, target_phase)
    values = [
        gaussian_outage(g, *communication_moments(float(s), *arguments))
        for g, s in zip(level.ravel(), S.ravel(), strict=True)
    ]
    return np.reshape(values, level.shape)[()]


def communication_outage(
    level: ArrayLike,
    S: ArrayLike,
    N: int,
    rician_factor: float,
    user_weight: float,
    target_weight: float,
    user_phase: float = 0.0,
    target_phase: float = 0.0,
    *,
    nodes: int = 80,
) -> np.ndarray | float:
    r"""SJB communication outage given the angles, exact up to quadrature.

    Let :math:`t=e^{j(\psi_2-\psi_1)}h^Ha=u+jv`. Given t, the SINR is below the threshold exactly
    when :math:`\|h\|^2` lies between the two roots of a quadratic, and
    :math:`\|h\|^2-|t|^2/N` is an independent noncentral gamma variable of order N - 1, whose
    probabilities are Marcum functions. That leaves a two-dimensional integral of a smooth
    function over u and over :math:`v=v_{\max}(u)\sin\omega`. ``nodes`` Gauss points a direction;
    ``level`` and ``S`` broadcast. Domain: finite K, weights not both 0. Below a ratio of user to
    target weight of about 0.01 the integrand has sharp edges: compare two values of ``nodes``.

    >>> print(f"{communication_outage(0.05, 0.0, 8, 0.0, 1.0, 0.0):.6e}")
    9.267080e-16
    """
    level, S = np.broadcast_arrays(check_real("level", level, 0, open_low=True), S)
    N = check_integer("N", N, 2)
    a = float(check_real("user_weight", user_weight, 0))
    b = float(check_real("target_weight", target_weight, 0))
    if a == b == 0:
        raise ValueError("user_weight and target_weight must not both be 0")
    line, scatter = (float(w) for w in rician_weights(rician_factor))
    turn = target_phase - user_phase
    values = [
        _exact(float(g), float(s), N, line, scatter, a, b, turn, nodes)
        for g, s in zip(level.ravel(), S.ravel(), strict=True)
    ]
    return np.reshape(values, level.shape)[()]


def average_over_uniform_angles(
    function: Callable[[float], float], N: int, nodes: int = 400, degree: int = 40
) -> float:
    r"""Average a smooth positive function of S over independent angles uniform on (-pi/2, pi/2).

    The outages depend on the angles through S alone. ``log(function)`` is interpolated at
    Chebyshev points of the range of S, and averaged over a product of midpoint rules in both
    angles (which is Gauss-Chebyshev quadrature in the sines).

    >>> round(average_over_uniform_angles(lambda S: np.exp(0 * S), 8), 12)
    1.0
    """
    sines = np.sin((np.arange(nodes) + 0.5) * np.pi / nodes - np.pi / 2)
    half = np.pi / 2 * (sines[:, None] - sines)
    with np.errstate(invalid="ignore", divide="ignore"):
        S = np.where(half == 0, N, np.sin(N * half) / np.sin(half))
    low, high = S.min(), S.max()
    points = np.cos(np.pi * np.arange(degree + 1) / degree)
    places = (low + high) / 2 + (high - low) / 2 * points
    logs = np.log([float(function(place)) for place in places])
    series = np.polynomial.chebyshev.chebfit(points, logs, degree)
    inside = np.clip((2 * S - low - high) / (high - low), -1, 1)
    return float(np.mean(np.exp(np.polynomial.chebyshev.chebval(inside, series))))


def _exact(g, S, N, line, scatter, a, b, turn, nodes) -> float:
    """Outage for one level and one S; see :func:`communication_outage`."""
    size = np.sqrt(N / 2) * scatter  # standard deviation of u and of v
    outside = line * np.sqrt(max(N - S**2 / N, 0.0))  # mean of h away from a
    centre = line * S * np.exp(1j * turn)
    if b == 0:
        return float(marcum_p(N, line * np.sqrt(2 * N) / scatter, np.sqrt(2 * g) / scatter))
    if a == 0:
        return float(marcum_p(1, abs(centre) / size, np.sqrt(g * N) / size))
    order, shift = N - 1, np.sqrt(2) * outside / scatter
    # v_max(u)^2 = slope (u - first)
    slope = g * a / b
    first = -(g * a**2 + 4 * b**2 * N) / (4 * a * b)

    def integrand(u, omega):
        """Mass per unit of u and omega."""
        reach = np.sqrt(slope * np.maximum(u - first, 0))
        v = reach * np.sin(omega)
        # roots of a^2 z^2 + (2 a b u - g a^2) z + b^2 |t|^2 - g (b^2 N + 2 a b u)
        middle, half = (g * a - 2 * b * u) / (2 * a), b * reach * np.cos(omega) / a
        inner = (u**2 + v**2) / N
        low = np.sqrt(2 * np.maximum(middle - half - inner, 0)) / scatter
        high = np.sqrt(2 * np.maximum(middle + half - inner, 0)) / scatter
        mass = marcum_p(order, shift, high)
        upper = mass >= 0.5
        mass = mass - marcum_p(order, shift, low)
        # beyond the median the upper tails keep the digits
        mass[upper] = marcum_q(order, shift, low[upper]) - marcum_q(order, shift, high[upper])
        square = (u - centre.real) ** 2 + (v - centre.imag) ** 2
        return (
            mass * np.exp(-square / (2 * size**2)) * reach * np.cos(omega) / (2 * np.pi * size**2)
        )

    low, high = max(first, centre.real - 38 * size), centre.real + 38 * size
    shortest = np.sqrt(slope * max(low - first, 0.0))
    ends = (centre.imag + np.array([-38.0, 38.0]) * size) / max(shortest, 1e-300)
    left, right = np.arcsin(np.clip(ends, -1, 1))
    for _ in range(8):
        u = np.linspace(low, high, 81)
        omega = np.linspace(left, right, 17)
        mass = integrand(u[:, None], omega)
        if not mass.max() > 0:
            return 0.0
        rows = np.flatnonzero(mass.max(axis=1) > 1e-18 * mass.max())
        columns = np.flatnonzero(mass.max(axis=0) > 1e-18 * mass.max())
        start, end = u[max(rows[0] - 1, 0)], u[min(rows[-1] + 1, 80)]
        first_omega, last_omega = omega[max(columns[0] - 1, 0)], omega[min(columns[-1] + 1, 16)]
        settled = end - start > 0.7 * (high - low)
        settled &= last_omega - first_omega > 0.7 * (right - left)
        low, high, left, right = start, end, first_omega, last_omega
        if settled:
            break
    points, weights = scipy.special.roots_legendre(nodes)
    s = (points + 1) / 2
    # a square root at the start of the range is smoothed by u = low + width s^2
    width, span = high - low, right - left
    values = integrand((low + width * s**2)[:, None], left + span * s)
    return float((width * s * weights) @ values @ (weights * span / 2))


def _stack(entries, axis: int = -1) -> np.ndarray:
    """Entries side by side on a new last axis; symbols and balls in an array of objects."""
    if all(is_numeric(e) for leaf in entries for e in np.ravel(np.asarray(leaf, dtype=object))):
        return np.stack(np.broadcast_arrays(*entries), axis=axis)
    return np.stack([np.asarray(e, dtype=object) for e in entries], axis=axis)
