r"""Sensing in the downlink of the coupling paper: echo, Fisher information and angle bound.

The base station sends :math:`X = \sqrt{P\rho}\sum_k w_k s_k + \sqrt{P(1-\rho)}\,w_T s_T` and hears
:math:`Y = \varpi\,a a^H X + N`. The signal enters the bound on the angle through the correlation
:math:`R = X X^H` alone, by three traces with :math:`A = a a^H` and its derivative
:math:`\breve A = \breve a a^H + a\breve a^H` (:class:`Traces`):

.. math:: C = \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
          - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}.

Three levels, from the system up:

- signals: :func:`transmit_matrix`, :func:`echo`, and the bound by differentiation in
  :mod:`isacnb.fisher`;
- one realisation of the precoders: :func:`traces` of any R, :func:`beam_traces` for orthogonal
  streams without any N x N matrix;
- the mean correlation over the channel estimates: :func:`mean_traces` (Lemma 3 put right) and
  :func:`mean_traces_printed`. The bound of the mean correlation lies **below** the mean bound,
  because the bound is a convex function of R.

Names with ``_printed`` are the paper's formulas as they stand. Traces of Lemma 3 are in units of
:math:`P T_d`.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import (
    element_positions,
    steering_derivative,
    steering_derivative_product,
    steering_product,
    steering_vector,
)
from ..generic import Quantity, arithmetic, is_numeric
from ..sampling import complex_normal
from ..validation import check_integer, check_real
from .uplink import pilot_sequences

__all__ = [
    "Traces",
    "angle_bound",
    "asymptotic_bound",
    "beam_traces",
    "draw_echo",
    "draw_estimates",
    "echo",
    "information_matrix",
    "mean_traces",
    "mean_traces_printed",
    "orthogonal_streams",
    "separation",
    "sum_root_bound",
    "traces",
    "transmit_matrix",
    "user_products",
]


@dataclass(frozen=True)
class Traces:
    r"""The three traces through which a transmission enters the bound on the angle.

    ``steering`` is :math:`\mathrm{tr}(A R A^H)`, ``mixed`` the complex
    :math:`\mathrm{tr}(A R\breve A^H)`, ``derivative`` :math:`\mathrm{tr}(\breve A R\breve A^H)`.
    """

    steering: Quantity
    mixed: Quantity
    derivative: Quantity

    @property
    def effective(self) -> Quantity:
        """What is left of the derivative trace when the reflection is unknown."""
        return self.derivative - _square(self.mixed) / self.steering

    def scaled(self, factor: Quantity) -> "Traces":
        """All three traces times a factor, such as the energy P T_d."""
        return Traces(*(factor * getattr(self, f.name) for f in dataclasses.fields(self)))


# --- Signals ------------------------------------------------------------------------------------


def orthogonal_streams(length: int, count: int) -> np.ndarray:
    r"""Orthogonal symbol streams as rows (count, length), each of energy ``length``.

    Raises ``ValueError`` unless 1 <= count <= length. Source: coupling paper, before (14).
    """
    return np.sqrt(length) * pilot_sequences(length, count).T


def transmit_matrix(
    user_precoders: np.ndarray,
    target_precoder: np.ndarray,
    user_streams: np.ndarray,
    target_stream: np.ndarray,
    power: float,
    power_split: float,
) -> np.ndarray:
    r"""Transmitted matrix :math:`X = \sqrt{P\rho}\sum_k w_k s_k + \sqrt{P(1-\rho)}\,w_T s_T`.

    Parameters
    ----------
    user_precoders : rows w_k, shape (..., K, N)
    target_precoder : w_T, shape (..., N)
    user_streams : rows s_k, shape (K, T)
    target_stream : s_T, shape (T,)
    power : P > 0 in watts
    power_split : rho in [0, 1]

    Returns shape (..., N, T). With K + 1 orthogonal streams and precoders of unit norm it carries
    the power :math:`P(K\rho + 1-\rho)`, not P. Source: coupling paper, before (14).
    """
    power = float(check_real("power", power, 0, open_low=True))
    split = float(check_real("power_split", power_split, 0, 1))
    users, streams = np.asarray(user_precoders), np.asarray(user_streams)
    target, stream = np.asarray(target_precoder), np.asarray(target_stream)
    if users.ndim < 2 or streams.ndim != 2 or users.shape[-2] != streams.shape[0]:
        raise ValueError(
            "user_precoders must have shape (..., K, N) for user_streams (K, T), got "
            f"{users.shape} and {streams.shape}"
        )
    if target.shape[-1:] != users.shape[-1:] or stream.shape != streams.shape[1:]:
        raise ValueError(
            f"target_precoder and target_stream must have shapes (..., {users.shape[-1]}) and "
            f"{streams.shape[1:]}, got {target.shape} and {stream.shape}"
        )
    communication = np.swapaxes(users, -1, -2) @ streams
    sensing = target[..., :, None] * stream
    return np.sqrt(power * split) * communication + np.sqrt(power * (1 - split)) * sensing


def echo(angle: float, reflection: complex, transmitted: np.ndarray) -> np.ndarray:
    r"""Noiseless echo :math:`\varpi\,a(\theta)a^H(\theta)X`, shape (N, T). Source: (16).

    ``angle`` in radians, ``reflection`` complex, ``transmitted`` X of shape (N, T).
    """
    transmitted = np.asarray(transmitted)
    steering = steering_vector(angle, transmitted.shape[-2])
    return reflection * steering[:, None] * (steering.conj() @ transmitted)[..., None, :]


def draw_echo(
    rng: np.random.Generator,
    angle: float,
    reflection: complex,
    transmitted: np.ndarray,
    noise_power: float,
    size: int = 1,
) -> np.ndarray:
    """Received matrices Y = echo + noise, shape (size, N, T). Source: coupling paper, (16)."""
    clean = echo(angle, reflection, transmitted)
    noise_power = float(check_real("noise_power", noise_power, 0))
    return clean + complex_normal(rng, (size, *clean.shape), noise_power)


def draw_estimates(
    rng: np.random.Generator,
    size: int,
    line_of_sight: np.ndarray,
    los_power: ArrayLike,
    estimate_variance: ArrayLike,
) -> np.ndarray:
    r"""Channel estimates :math:`\hat h_k \sim \mathcal{CN}(\sqrt{\mu\kappa}\,\bar h_k, \phi_k I)`.

    ``line_of_sight`` has rows of squared norm N, shape (K, N); ``los_power`` is mu kappa and
    ``estimate_variance`` phi, shape (K,) or scalars. Returns shape (size, K, N). This is the law
    that the paper states (Section 3.1).
    """
    line_of_sight = np.asarray(line_of_sight)
    los_power, variance = _user_powers(los_power, estimate_variance)
    white = complex_normal(rng, (size, *line_of_sight.shape))
    rows = np.broadcast_to(np.sqrt(los_power), line_of_sight.shape[:1])[:, None]
    spread = np.broadcast_to(np.sqrt(variance), line_of_sight.shape[:1])[:, None]
    return rows * line_of_sight + spread * white


# --- One realisation ----------------------------------------------------------------------------


def traces(angle: Quantity, correlation: np.ndarray) -> Traces:
    r"""The three traces of a correlation matrix :math:`R = X X^H`, by their definition.

    Matrices are multiplied as printed, so that arrays of symbols pass as well. ``correlation`` has
    shape (N, N). Source: coupling paper, after (18).
    """
    correlation = np.asarray(correlation)
    N = correlation.shape[-1]
    if correlation.shape != (N, N):
        raise ValueError(f"correlation must be a square matrix, got shape {correlation.shape}")
    a, slope = steering_vector(angle, N), steering_derivative(angle, N)
    matrix = np.outer(a, a.conj())
    changed = np.outer(slope, a.conj()) + np.outer(a, slope.conj())
    return Traces(
        _real(np.trace(matrix @ correlation @ matrix.conj().T)),
        np.trace(matrix @ correlation @ changed.conj().T),
        _real(np.trace(changed @ correlation @ changed.conj().T)),
    )


def beam_traces(angle: float, beams: np.ndarray, weights: ArrayLike) -> Traces:
    r"""The three traces of :math:`R = \sum_b p_b w_b w_b^H`, beams with orthogonal streams.

    :math:`A` is the same for any phase reference of the array, so the derivative may be taken with
    the centred one, which is orthogonal to a:

    .. math:: N\,a^HRa, \qquad N\,a^HR\breve a, \qquad
              \|\breve a\|^2\,a^HRa + N\,\breve a^HR\breve a.

    ``beams`` has shape (..., B, N), ``weights`` the shape (..., B). Derived.
    """
    beams = np.asarray(beams)
    weights = check_real("weights", weights, 0)
    N = beams.shape[-1]
    places = element_positions(N, centred=True)
    # the beams are given for the first element as reference: turn the phases to the middle
    turned = steering_vector(angle, N)
    reach = beams @ turned.conj()
    slope = -1j * np.pi * np.cos(angle) * (beams @ (places * turned.conj()))
    steering = np.sum(weights * np.abs(reach) ** 2, axis=-1)
    length = np.pi**2 * np.cos(angle) ** 2 * np.sum(places**2)
    return Traces(
        N * steering,
        N * np.sum(weights * reach * slope.conj(), axis=-1),
        length * steering + N * np.sum(weights * np.abs(slope) ** 2, axis=-1),
    )


def information_matrix(
    angle: Quantity, reflection: Quantity, correlation: np.ndarray, noise_power: Quantity
) -> np.ndarray:
    r"""Fisher information of angle, real and imaginary part of the reflection, shape (3, 3).

    .. math:: F_{\theta\theta} = \tfrac{2|\varpi|^2}{N_0}\mathrm{tr}(\breve A R\breve A^H),\quad
              F_{\theta\varpi} = \tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)
              [1,\ j]\},\quad F_{\varpi\varpi} = \tfrac2{N_0}\mathrm{tr}(A R A^H)\,I.

    The row [1, j] is missing in print. Source: coupling paper, after (18).
    """
    parts = traces(angle, correlation)
    row = _conjugate(reflection) * parts.mixed
    real, imaginary = _real(row), -_imaginary(row)
    power = _square(reflection)
    matrix = [
        [power * parts.derivative, real, imaginary],
        [real, parts.steering, 0 * parts.steering],
        [imaginary, 0 * parts.steering, parts.steering],
    ]
    return 2 / noise_power * np.array(matrix)


def angle_bound(parts: Traces, reflection_power: Quantity, noise_power: Quantity) -> Quantity:
    r"""Cramér–Rao bound of the angle in square radians, with unknown reflection.

    .. math:: \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
              - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}

    ``parts`` are the traces of R itself (watts times symbols: scale those of Lemma 3 by P T_d),
    ``reflection_power`` is |varpi|^2 > 0, ``noise_power`` N_0 >= 0. Arrays broadcast, symbols pass.
    Source: coupling paper, (19).
    """
    reflection_power = check_real("reflection_power", reflection_power, 0, open_low=True)
    noise_power = check_real("noise_power", noise_power, 0)
    return noise_power / (2 * reflection_power * parts.effective)


# --- Mean over the channel estimates ------------------------------------------------------------


def user_products(
    target_angle: Quantity, user_angles: ArrayLike, N: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    r"""Products :math:`a^H(\theta)a(\varphi_k)` and :math:`\breve a^H(\theta)a(\varphi_k)`.

    Angles in radians broadcast (also with an array N), symbols pass; phase reference at the first
    element, as in the paper.
    """
    if not is_numeric(target_angle, *np.ravel(np.asarray(user_angles, dtype=object))):
        users = np.ravel(np.asarray(user_angles, dtype=object))
        overlap = [steering_product(target_angle, user, N) for user in users]
        slope = [_conjugate(steering_derivative_product(user, target_angle, N)) for user in users]
        return np.array(overlap, dtype=object), np.array(slope, dtype=object)
    target_angle = check_real("target_angle", target_angle)
    user_angles = check_real("user_angles", user_angles)
    N = check_integer("N", N, 1)
    target, users, sizes = np.broadcast_arrays(target_angle, user_angles, N)
    overlap = steering_product(target, users, sizes)
    slope = np.empty(sizes.shape, dtype=complex)
    for size in np.unique(sizes):
        here = sizes == size
        slope[here] = steering_derivative_product(users[here], target[here], int(size)).conj()
    return overlap, slope


def mean_traces(
    target_angle: Quantity,
    overlap: np.ndarray,
    slope: np.ndarray,
    los_power: ArrayLike,
    estimate_variance: ArrayLike,
    power_split: Quantity,
    N: Quantity,
) -> Traces:
    r"""Traces of the mean correlation in units of P T_d: Lemma 3 put right.

    Per user one term, with :math:`m_k = \mu_k\kappa_k/(\mu_k\kappa_k+\phi_k)`, the other share
    :math:`f_k = 1 - m_k`, :math:`g_k = a^H\bar h_k`, :math:`q_k = \breve a^H\bar h_k` and
    :math:`s = \pi\cos\theta`:

    .. math::
        \Pi_{AA} &= \rho\sum_k (m_k|g_k|^2 + N f_k) + (1-\rho)N^2 \\
        \Pi_{A\breve A} &= \rho\sum_k m_k\big(g_kq_k^* - \tfrac{N-1}2 js|g_k|^2\big) \\
        \Pi_{\breve A\breve A} &= \rho\sum_k m_k\big(\tfrac{(N-1)(2N-1)}6s^2|g_k|^2 + |q_k|^2
          + \tfrac{N-1}2 js(g_kq_k^*-g_k^*q_k)\big) \\
          &\quad + \rho\tfrac{N(N^2-1)}6s^2\sum_k f_k + (1-\rho)\tfrac{N^2(N^2-1)}{12}s^2 .

    Parameters
    ----------
    target_angle : theta in radians
    overlap, slope : g_k and q_k, users along the last axis (:func:`user_products`)
    los_power, estimate_variance : mu kappa and phi >= 0 of each user, not both 0
    power_split : rho in [0, 1]
    N : number of antennas

    Leading axes broadcast; symbols pass. Line-of-sight vectors have the squared norm N. Source:
    coupling paper, Lemma 3 and Appendix C, corrected: the paper sums over pairs of users.
    """
    ns, los, scattered, split = _checked(
        target_angle, los_power, estimate_variance, power_split, N, overlap
    )
    share = los / (los + scattered)
    products = (
        _sum(share * _square(overlap)),
        _sum(share * overlap * _conjugate(slope)),
        _sum(share * _square(slope)),
    )
    rest = _sum(scattered / (los + scattered))
    return _assemble(ns, products, rest, N * rest, target_angle, split, N)


def mean_traces_printed(
    target_angle: Quantity,
    overlap: np.ndarray,
    slope: np.ndarray,
    los_power: ArrayLike,
    estimate_variance: ArrayLike,
    power_split: Quantity,
    N: Quantity,
    *,
    root_lost: bool = True,
    square_of_antennas: bool = True,
) -> Traces:
    r"""Traces of Lemma 3 as printed, in units of P T_d: double sums over pairs of users.

    ``root_lost=True`` keeps the printed numerator :math:`\mu_k\mu_i\kappa_k\kappa_i` of
    :math:`\Pi_{AA}`; ``False`` restores its root, as in (C2). ``square_of_antennas=True`` keeps
    the printed :math:`\phi_kN^2/(\mu_k\kappa_k+\phi_k)` there; ``False`` has N, as (C2) gives.
    Arguments as in :func:`mean_traces`. Source: coupling paper, Lemma 3.
    """
    ns, los, scattered, split = _checked(
        target_angle, los_power, estimate_variance, power_split, N, overlap
    )
    root = _root(ns, los / (los + scattered))
    reach, turned = _sum(root * overlap), _sum(root * slope)
    steering = _square(reach)
    products = (steering, reach * _conjugate(turned), _square(turned))
    rest = _sum(scattered / (los + scattered))
    parts = _assemble(
        ns, products, rest, (N**2 if square_of_antennas else N) * rest, target_angle, split, N
    )
    if root_lost:
        lost = _square(_sum(los / _root(ns, los + scattered) * overlap))
        parts = dataclasses.replace(parts, steering=parts.steering + split * (lost - steering))
    return parts


def asymptotic_bound(
    angle: Quantity,
    N: Quantity,
    reflection_power: Quantity,
    energy: Quantity,
    power_split: Quantity,
    noise_power: Quantity,
) -> Quantity:
    r"""Bound on the angle from the sensing beam alone, in square radians.

    .. math:: \frac{6N_0}{|\varpi|^2\,P T_d\,(1-\rho)\,N^2(N^2-1)\,\pi^2\cos^2\theta}

    ``energy`` is P T_d. Infinite for rho = 1 or N = 1. Source: coupling paper, Lemma 4, (23).
    """
    ns = arithmetic(angle, N, reflection_power, energy, power_split, noise_power)
    if is_numeric(angle, N, reflection_power, energy, power_split, noise_power):
        angle = check_real("angle", angle)
        N = np.asarray(check_integer("N", N, 1), dtype=float)
        reflection_power = check_real("reflection_power", reflection_power, 0, open_low=True)
        energy = check_real("energy", energy, 0, open_low=True)
        power_split = check_real("power_split", power_split, 0, 1)
        noise_power = check_real("noise_power", noise_power, 0)
    slope = ns.pi**2 * ns.cos(angle) ** 2
    information = reflection_power * energy * (1 - power_split) * N**2 * (N**2 - 1) * slope
    if ns is arithmetic(1.0):
        with np.errstate(divide="ignore"):
            return 6 * noise_power / information
    return 6 * noise_power / information


def sum_root_bound(bounds: ArrayLike) -> np.ndarray | float:
    """Sum of the root bounds of the targets along the last axis, in radians. Source: Sec. 4.1."""
    return np.sum(np.sqrt(check_real("bounds", bounds, 0, finite=False)), axis=-1)


def separation(target_angle: ArrayLike, user_angle: ArrayLike) -> np.ndarray | float:
    r"""Distance of two directions as the array sees it: the difference of sines, modulo 2.

    Between 0 and 1; 0 for the two ends of the array's axis, which half-wavelength spacing cannot
    tell apart. The resolution of N antennas is 2/N on this scale.
    """
    target_angle = check_real("target_angle", target_angle)
    user_angle = check_real("user_angle", user_angle)
    gap = np.sin(target_angle) - np.sin(user_angle)
    return np.abs(gap - 2 * np.rint(gap / 2))


# --- Helpers ------------------------------------------------------------------------------------


def _assemble(ns, products, rest, steering_rest, angle, split, N) -> Traces:
    """The three traces from the sums of |g|^2, g q* and |q|^2 over users."""
    steering, mixed, slopes = products
    s = ns.pi * ns.cos(angle)
    # j s (N-1)/2 (g q* - g* q) is real
    turn = ns.j * s * (N - 1) * (mixed - _conjugate(mixed)) / 2
    users = (N - 1) * (2 * N - 1) * s**2 * steering / 6 + slopes + _real(turn)
    sensing = N**2 * (N**2 - 1) * s**2 / 12
    return Traces(
        split * (steering + steering_rest) + (1 - split) * N**2,
        split * (mixed - ns.j * s * (N - 1) * steering / 2),
        split * (users + N * (N**2 - 1) * s**2 * rest / 6) + (1 - split) * sensing,
    )


def _checked(angle, los_power, estimate_variance, split, N, overlap):
    flat = [*np.ravel(np.asarray(los_power, dtype=object)), *np.ravel(np.asarray(overlap))]
    ns = arithmetic(angle, split, N, *flat)
    if ns is not arithmetic(1.0):
        return ns, np.asarray(los_power, dtype=object), np.asarray(estimate_variance, object), split
    check_real("target_angle", angle)
    check_integer("N", N, 1)
    los_power, estimate_variance = _user_powers(los_power, estimate_variance)
    return ns, los_power, estimate_variance, check_real("power_split", split, 0, 1)


def _user_powers(los_power, estimate_variance):
    los_power = check_real("los_power", los_power, 0)
    estimate_variance = check_real("estimate_variance", estimate_variance, 0)
    if np.any(los_power + estimate_variance == 0):
        raise ValueError("los_power and estimate_variance must not both be 0")
    return los_power, estimate_variance


def _sum(values):
    return np.sum(np.asarray(values), axis=-1)


def _root(ns, values):
    if ns is arithmetic(1.0):
        return np.sqrt(values)
    return np.array([ns.sqrt(value) for value in np.ravel(values)], dtype=object)


def _conjugate(value):
    return np.conjugate(value)


def _square(value):
    """|value|^2, as a product so that symbols stay polynomials."""
    return _real(value * _conjugate(value))


def _real(value):
    """Real part of numbers; symbols, which are known to be real here, pass."""
    return np.real(value) if _is_plain(value) else (value + _conjugate(value)) / 2


def _imaginary(value):
    if _is_plain(value):
        return np.imag(value)
    half = (value - _conjugate(value)) / 2
    return half * arithmetic(value).j * -1


def _is_plain(value):
    return np.asarray(value).dtype != object
