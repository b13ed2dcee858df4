r"""Sensing in the downlink of the coupling paper: echo, Fisher information and angle bound.

The base station sends :math:`X = \sqrt{P\rho}\sum_k w_k s_k + \sqrt{P(1-\rho)}\,w_T s_T` and hears
:math:`Y = \varpi\,a a^H X + N`. The signal enters the bound on the angle through the correlation
:math:`R = X X^H` alone, by three traces with :math:`A = a a^H` and its derivative
:math:`\breve A = \breve a a^H + a\breve a^H` (:class:`Traces`):

.. math:: C = \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
          - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}.

Three levels, from the system up:

- signals: :func:`transmit_matrix`, :func:`echo`, and the bound by differentiation in
  :mod:`isacnb.signals.fisher`;
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

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..probability.gaussian import complex_normal
from ..probability.poisson import mean_distance
from ..signals.arrays import (
    element_positions,
    steering_derivative,
    steering_derivative_product,
    steering_product,
    steering_vector,
)
from .settings import CouplingParameters
from .uplink import printed_gain

__all__ = [
    "Traces",
    "angle_bound",
    "array_separation",
    "asymptotic_bound",
    "beam_traces",
    "correlation_matrix",
    "derivative_trace",
    "derivative_trace_large_array",
    "draw_echo",
    "draw_estimates",
    "echo",
    "information_matrix",
    "mean_correlation_matrix",
    "mean_distance_inputs",
    "mean_traces",
    "mixed_information",
    "mixed_trace",
    "monostatic_derivative",
    "separation",
    "steering_trace",
    "steering_trace_large_array",
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


@public
@implements("coupling.C1", "tool")
def transmit_matrix(
    user_precoders: np.ndarray,
    target_precoder: np.ndarray,
    user_streams: np.ndarray,
    target_stream: np.ndarray,
    power: float,
    data_share: float,
) -> np.ndarray:
    r"""Transmitted matrix :math:`X = \sqrt{P\rho}\sum_k w_k s_k + \sqrt{P(1-\rho)}\,w_T s_T`.

    Parameters
    ----------
    user_precoders : rows w_k, shape (..., K, N)
    target_precoder : w_T, shape (..., N)
    user_streams : rows s_k, shape (K, T)
    target_stream : s_T, shape (T,)
    power : P > 0 in watts
    data_share : rho in [0, 1]

    Returns shape (..., N, T). With K + 1 orthogonal streams and precoders of unit norm it carries
    the power :math:`P(K\rho + 1-\rho)`, not P. Source: coupling paper, before (14).

    Claim: coupling.C1.

    At the paper's settings, users in four directions: the radiated power over P.

    >>> from isacnb.signals.arrays import steering_vector
    >>> from isacnb.signals.streams import orthogonal_streams
    >>> beams = steering_vector(np.deg2rad([-50.0, -20.0, 10.0, 35.0, -35.0]), 64) / 8
    >>> streams = orthogonal_streams(64, 5)
    >>> X = transmit_matrix(beams[:4], beams[4], streams[:4], streams[4], 1.0, 0.5)
    >>> print(f"{np.sum(np.abs(X) ** 2) / 64:.3f}")
    2.500
    """
    power = float(power)
    split = float(data_share)
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


@public
@implements("coupling.eq16", "right")
@implements("coupling.eq17", "right")
def echo(angle: float, reflection: complex, transmitted: np.ndarray) -> np.ndarray:
    r"""Noiseless echo :math:`\varpi\,a(\theta)a^H(\theta)X`, shape (N, T). Source: (16).

    ``angle`` in radians, ``reflection`` complex, ``transmitted`` X of shape (N, T). Stacked by
    columns it is the signal of (17).

    Claims: coupling.eq16, coupling.eq17.
    """
    transmitted = np.asarray(transmitted)
    steering = steering_vector(angle, transmitted.shape[-2])
    return reflection * steering[:, None] * (steering.conj() @ transmitted)[..., None, :]


@public
@implements("coupling.eq17", "system")
def draw_echo(
    rng: np.random.Generator,
    angle: float,
    reflection: complex,
    transmitted: np.ndarray,
    noise_power: float,
    size: int = 1,
) -> np.ndarray:
    """Received matrices Y = echo + noise, shape (size, N, T). Source: coupling paper, (16).

    Claim: coupling.eq17.
    """
    clean = echo(angle, reflection, transmitted)
    noise_power = float(noise_power)
    return clean + complex_normal(rng, (size, *clean.shape), noise_power)


@public
@implements("coupling.C1", "system")
def draw_estimates(
    rng: np.random.Generator,
    size: int,
    line_of_sight: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
) -> np.ndarray:
    r"""Channel estimates :math:`\hat h_k \sim \mathcal{CN}(\sqrt{\mu\kappa}\,\bar h_k, \phi_k I)`.

    ``line_of_sight`` has rows of squared norm N, shape (K, N); ``specular_gain`` is mu kappa and
    ``estimate_variance`` phi, shape (K,) or scalars. Returns shape (size, K, N). This is the law
    that the paper states (Section 3.1).

    Claim: coupling.C1.
    """
    line_of_sight = np.asarray(line_of_sight)
    specular_gain, variance = _user_powers(specular_gain, estimate_variance)
    white = complex_normal(rng, (size, *line_of_sight.shape))
    rows = np.broadcast_to(np.sqrt(specular_gain), line_of_sight.shape[:1])[:, None]
    spread = np.broadcast_to(np.sqrt(variance), line_of_sight.shape[:1])[:, None]
    return rows * line_of_sight + spread * white


@public
@implements("coupling.fim-blocks", "right", r"\breve{\boldsymbol A}(\theta_l)")
def monostatic_derivative(angle: Quantity, N: int) -> np.ndarray:
    r"""Derivative :math:`\breve A = \breve a a^H + a\breve a^H` of the target's response, (N, N).

    ``angle`` in radians, ``N`` >= 1 antennas; symbols pass. Raises ``ValueError`` for N < 1. Source:
    coupling paper, after (18).

    Claim: coupling.fim-blocks.

    Two antennas that look at a target broadside:

    >>> monostatic_derivative(0.0, 2).imag.round(4)
    array([[ 0.    , -3.1416],
           [ 3.1416,  0.    ]])
    """
    a, slope = steering_vector(angle, N), steering_derivative(angle, N)
    return np.outer(slope, a.conj()) + np.outer(a, slope.conj())


@public
@implements("coupling.fim-blocks", "tool")
def traces(angle: Quantity, correlation: np.ndarray) -> Traces:
    r"""The three traces of a correlation matrix :math:`R = X X^H`, by their definition.

    Matrices are multiplied as printed, so that arrays of symbols pass as well. ``correlation`` has
    shape (N, N). Source: coupling paper, after (18).

    Claim: coupling.fim-blocks.
    """
    correlation = np.asarray(correlation)
    N = correlation.shape[-1]
    if correlation.shape != (N, N):
        raise ValueError(f"correlation must be a square matrix, got shape {correlation.shape}")
    a = steering_vector(angle, N)
    matrix, changed = np.outer(a, a.conj()), monostatic_derivative(angle, N)
    return Traces(
        _real(np.trace(matrix @ correlation @ matrix.conj().T)),
        np.trace(matrix @ correlation @ changed.conj().T),
        _real(np.trace(changed @ correlation @ changed.conj().T)),
    )


@public(weights="[0, inf)")
@implements("coupling.C2", "exact")
@implements("coupling.C4", "exact")
@implements("coupling.C5", "exact")
def beam_traces(angle: float, beams: np.ndarray, weights: Quantity) -> Traces:
    r"""The three traces of :math:`R = \sum_b p_b w_b w_b^H`, beams with orthogonal streams.

    :math:`A` is the same for any phase reference of the array, so the derivative may be taken with
    the centred one, which is orthogonal to a:

    .. math:: N\,a^HRa, \qquad N\,a^HR\breve a, \qquad
              \|\breve a\|^2\,a^HRa + N\,\breve a^HR\breve a.

    ``beams`` has shape (..., B, N), ``weights`` the shape (..., B). Derived.

    Claims: coupling.C2, coupling.C4, coupling.C5.
    """
    beams = np.asarray(beams)
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


@public(noise_power="(0, inf)")
@implements("coupling.fim-blocks", "right")
def information_matrix(
    angle: Quantity, reflection: Quantity, correlation: np.ndarray, noise_power: Quantity
) -> np.ndarray:
    r"""Fisher information of angle, real and imaginary part of the reflection, shape (3, 3).

    .. math:: F_{\theta\theta} = \tfrac{2|\varpi|^2}{N_0}\mathrm{tr}(\breve A R\breve A^H),\quad
              F_{\theta\varpi} = \tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)
              [1,\ j]\},\quad F_{\varpi\varpi} = \tfrac2{N_0}\mathrm{tr}(A R A^H)\,I.

    The row [1, j] is missing in print. Source: coupling paper, after (18).

    Claim: coupling.fim-blocks.

    At the paper's settings, one beam of unit energy at -0.45, target at -0.5 and 10 m away,
    reflection :math:`\sqrt{\beta_t}e^{j/2}`, the first row:

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.arrays import steering_vector
    >>> p = CouplingParameters.paper()
    >>> beam = steering_vector(-0.45, 64) / 8
    >>> reflection = np.sqrt(p.target_path_loss(10.0)) * np.exp(0.5j)
    >>> F = information_matrix(-0.5, reflection, np.outer(beam, beam.conj()), p.noise_power)
    >>> print(*(f"{value:.4e}" for value in F[0]))
    2.5259e+08 -3.6487e+09 -1.9933e+09
    """
    parts = traces(angle, correlation)
    real, imaginary = mixed_information(parts, reflection, noise_power)
    scale = 2 / noise_power
    own, zero = scale * parts.steering, 0 * parts.steering
    matrix = [
        [scale * _square(reflection) * parts.derivative, real, imaginary],
        [real, own, zero],
        [imaginary, zero, own],
    ]
    return np.array(matrix)


@public(noise_power="(0, inf)")
@implements("coupling.fim-blocks", "right", r"[\boldsymbol F_l]_{\theta_l,\varpi}")
def mixed_information(parts: Traces, reflection: Quantity, noise_power: Quantity) -> np.ndarray:
    r"""Information shared by the angle and the two parts of the reflection, shape (2,).

    .. math:: F_{\theta\varpi} = \tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)[1,\ j]\}

    ``parts`` are the traces of R, ``reflection`` the complex varpi, ``noise_power`` N_0 > 0; symbols
    pass. Raises ``ValueError`` for N_0 <= 0.

    Claim: coupling.fim-blocks.

    At the paper's settings, one beam of unit energy at -0.45 towards a target at -0.5 and 10 m away,
    reflection :math:`\sqrt{\beta_t}e^{j/2}`, printed (one number) and right:

    >>> from isacnb.coupling.printed import mixed_information_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.signals.arrays import steering_vector
    >>> p = CouplingParameters.paper()
    >>> beam = steering_vector(-0.45, 64) / 8
    >>> parts = beam_traces(-0.5, beam[None], [1.0])
    >>> case = (parts, np.sqrt(p.target_path_loss(10.0)) * np.exp(0.5j), p.noise_power)
    >>> print(f"{mixed_information_printed(*case):.4e}")
    -3.6487e+09
    >>> print(*(f"{value:.4e}" for value in mixed_information(*case)))
    -3.6487e+09 -1.9933e+09
    """
    row = _conjugate(reflection) * parts.mixed
    return 2 / noise_power * np.array([_real(row), -_imaginary(row)])


@public("[0, inf]")
@implements("coupling.eq19", "right", "second line")
@implements("coupling.lem3", "right", r"C_l(\theta_l)")
@implements("foundation.unknown-reflection", "right")
def angle_bound(parts: Traces, reflection_power: Quantity, noise_power: Quantity) -> Quantity:
    r"""Cramér–Rao bound of the angle in square radians, with unknown reflection.

    .. math:: \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
              - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}

    ``parts`` are the traces of R itself (watts times symbols: scale those of Lemma 3 by P T_d),
    ``reflection_power`` is |varpi|^2 > 0, ``noise_power`` N_0 >= 0. Arrays broadcast, symbols pass.
    Source: coupling paper, (19).

    Claims: coupling.eq19, coupling.lem3, foundation.unknown-reflection.

    The case of :func:`steering_trace`, reflection :math:`\sqrt{\beta_t}` of the fourth target at its
    mean distance, bound in square radians with Lemma 3 as printed and right:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import mean_traces_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.probability.poisson import mean_distance
    >>> p = CouplingParameters.paper()
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(p, target, users)
    >>> beta = p.target_path_loss(mean_distance(4, p.target_density))
    >>> for parts in (mean_traces_printed(*case), mean_traces(*case)):
    ...     energy = p.downlink_power * p.data_length
    ...     print(f"{angle_bound(parts.scaled(energy), beta, p.noise_power):.4e}")
    6.5655e-09
    6.5692e-09
    """
    return noise_power / (2 * reflection_power * parts.effective)


@public
@implements("coupling.lem3", "tool")
def user_products(
    target_angle: Quantity, user_angles: Quantity, N: Quantity
) -> tuple[np.ndarray, np.ndarray]:
    r"""Products :math:`a^H(\theta)a(\varphi_k)` and :math:`\breve a^H(\theta)a(\varphi_k)`.

    Angles in radians broadcast (also with an array N), symbols pass; phase reference at the first
    element, as in the paper.

    Claim: coupling.lem3.
    """
    if not is_numeric(target_angle, *np.ravel(np.asarray(user_angles, dtype=object))):
        users = np.ravel(np.asarray(user_angles, dtype=object))
        overlap = [steering_product(target_angle, user, N) for user in users]
        slope = [_conjugate(steering_derivative_product(user, target_angle, N)) for user in users]
        return np.array(overlap, dtype=object), np.array(slope, dtype=object)
    target, users, sizes = np.broadcast_arrays(target_angle, user_angles, N)
    overlap = steering_product(target, users, sizes)
    slope = np.empty(sizes.shape, dtype=complex)
    for size in np.unique(sizes):
        here = sizes == size
        slope[here] = steering_derivative_product(users[here], target[here], int(size)).conj()
    return overlap, slope


@public
def mean_distance_inputs(
    parameters: CouplingParameters, target_angle: float, user_angles: Quantity
) -> tuple:
    """Arguments of :func:`mixed_trace` with users and targets at their mean distances.

    ``user_angles`` in radians, one for each of the K users, whose pilots they share with the K
    targets; the k-th distances are those of :func:`isacnb.probability.poisson.mean_distance`. Raises
    ``ValueError`` for another number of angles.
    """
    p = parameters
    if np.shape(user_angles) != (p.K,):
        raise ValueError(f"user_angles must have shape ({p.K},), got {np.shape(user_angles)}")
    ranks = np.arange(1, p.K + 1)
    distance = mean_distance(ranks, p.user_density)
    echo = p.echo_energy(mean_distance(ranks, p.target_density))
    mu = p.scattered_gain(distance)
    variance = mu * printed_gain(p.user_energy(distance), echo, p.noise_power)
    products = user_products(target_angle, user_angles, p.N)
    powers = mu * p.rician_factor, variance
    return target_angle, *products, *powers, p.data_share, p.N


@public
@implements("coupling.C1", "right", "first line")
def correlation_matrix(
    estimates: np.ndarray,
    estimate_powers: Quantity,
    steering: np.ndarray,
    energy: Quantity,
    data_share: Quantity,
) -> np.ndarray:
    r"""Correlation :math:`XX^H` of one transmission with orthogonal streams, shape (..., N, N).

    .. math:: P T_d\Big[\rho\sum_k\frac{\hat h_k\hat h_k^H}{E\|\hat h_k\|^2}
              + (1-\rho)\frac{aa^H}N\Big]

    Parameters
    ----------
    estimates : rows :math:`\hat h_k`, shape (..., K, N)
    estimate_powers : :math:`E\|\hat h_k\|^2` > 0, shape (K,)
    steering : a of squared norm N, shape (N,)
    energy : P T_d > 0
    data_share : rho in [0, 1]

    Arrays of symbols pass. Raises ``ValueError`` outside these ranges.

    Claim: coupling.C1.

    At the paper's settings, two users in the directions 0.3 and 0.32 whose estimates are their
    lines of sight, target at -0.5: the energy radiated at 0.3 over :math:`PT_d`, printed and right:

    >>> from isacnb.coupling.printed import correlation_matrix_printed
    >>> from isacnb.signals.arrays import steering_vector
    >>> lines, a = steering_vector(np.array([0.3, 0.32]), 64), steering_vector(-0.5, 64)
    >>> for f in (correlation_matrix_printed, correlation_matrix):
    ...     R = f(lines, [64.0, 64.0], a, 1.0, 0.5)
    ...     print(f"{np.real(lines[0].conj() @ R @ lines[0]):.3f}")
    30.020
    39.741
    """
    estimates, powers, energy, split = _checked_beams(
        estimates, estimate_powers, energy, data_share
    )
    users = _rows_product(estimates / powers[:, None], estimates)
    return energy * (split * users + (1 - split) * _beam_matrix(steering))


@public
@implements("coupling.C1", "right", "mean")
def mean_correlation_matrix(
    line_of_sight: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    steering: np.ndarray,
    energy: Quantity,
    data_share: Quantity,
) -> np.ndarray:
    r"""Mean of :func:`correlation_matrix` over the estimates, shape (N, N).

    .. math:: P T_d\Big[\rho\sum_k\frac{\mu_k\kappa_k\bar h_k\bar h_k^H + \phi_kI}
              {\mu_k\kappa_k\|\bar h_k\|^2 + \phi_kN} + (1-\rho)\frac{aa^H}N\Big]

    ``line_of_sight`` has the rows :math:`\bar h_k`, shape (K, N); ``specular_gain`` is mu kappa >= 0 and
    ``estimate_variance`` phi >= 0, not both 0; the rest as in :func:`correlation_matrix`. The
    estimates have the covariance phi I, as the paper states.

    Claim: coupling.C1.

    At the paper's settings, two users in the directions 0.3 and 0.32 with :math:`\mu\kappa=1` and
    :math:`\phi=0.5`, target at -0.5: the mean energy radiated at 0.3 over :math:`PT_d`, printed and
    right:

    >>> from isacnb.coupling.printed import mean_correlation_matrix_printed
    >>> from isacnb.signals.arrays import steering_vector
    >>> lines, a = steering_vector(np.array([0.3, 0.32]), 64), steering_vector(-0.5, 64)
    >>> for f in (mean_correlation_matrix_printed, mean_correlation_matrix):
    ...     R = f(lines, [1.0, 1.0], [0.5, 0.5], a, 1.0, 0.5)
    ...     print(f"{np.real(lines[0].conj() @ R @ lines[0]):.3f}")
    20.347
    26.828
    """
    lines, powers, energy, split, variance = _checked_lines(
        line_of_sight, specular_gain, estimate_variance, energy, data_share
    )
    specular_gain = np.asarray(specular_gain)
    users = _rows_product(lines * (specular_gain / powers)[:, None], lines)
    users = users + np.sum(variance / powers) * np.eye(lines.shape[-1], dtype=int)
    return energy * (split * users + (1 - split) * _beam_matrix(steering))


@public
@implements("coupling.lem3", "right", r"\Pi_{AA}^l")
@implements("coupling.C2", "right")
def steering_trace(
    overlap: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    data_share: Quantity,
    N: Quantity,
    *,
    line_of_sight_power: Quantity | None = None,
    energy: Quantity = 1,
) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(A R A^H)` of the mean correlation, :math:`\Pi_{AA}` of Lemma 3.

    .. math:: P T_d\Big[N\rho\sum_k\frac{\mu_k\kappa_k|a^H\bar h_k|^2}
        {\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} + \rho\sum_k\frac{\phi_kN^2}
        {\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} + (1-\rho)N^2\Big]

    Lemma 3 has :math:`\|\bar h_k\|^2 = N` and the unit :math:`P T_d`:

    .. math:: \Pi_{AA} = \rho\sum_k\frac{\mu_k\kappa_k|a^H\bar h_k|^2+\phi_kN}{\mu_k\kappa_k+\phi_k}
              + (1-\rho)N^2

    Parameters
    ----------
    overlap : :math:`a^H\bar h_k`, users along the last axis (:func:`user_products`)
    specular_gain, estimate_variance : mu kappa and phi >= 0 of each user, not both 0
    data_share : rho in [0, 1]
    N : number of antennas, >= 1
    line_of_sight_power : :math:`\|\bar h_k\|^2` of each user, N by default
    energy : P T_d > 0, 1 by default

    Leading axes broadcast; symbols pass. Raises ``ValueError`` outside these ranges.

    Claims: coupling.lem3, coupling.C2.

    At the paper's settings, users and target at their mean distances, the users in the directions
    -50, -20, 10 and 35 degrees, the target at -35 degrees; Lemma 3 and (C2) as printed, and right:

    >>> from isacnb.coupling.printed import steering_trace_printed, steering_trace_printed_c2
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> for f in (steering_trace_printed, steering_trace_printed_c2, steering_trace):
    ...     print(f"{f(case[1], *case[3:]):.3f}")
    6033.227
    2115.781
    2113.010
    """
    _, los, scattered, split = _checked(
        0.0, specular_gain, estimate_variance, data_share, N, overlap
    )
    share, rest = _shares(los, scattered, N, line_of_sight_power)
    users = _sum(share * _square(overlap) + N * rest)
    return energy * (split * users + (1 - split) * N**2)


@public
@implements("coupling.lem3", "right", r"\Pi_{A\breve A}^l")
@implements("coupling.C4", "right")
@implements("coupling.D7", "tool")
def mixed_trace(
    target_angle: Quantity,
    overlap: np.ndarray,
    slope: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    data_share: Quantity,
    N: Quantity,
    *,
    line_of_sight_power: Quantity | None = None,
    energy: Quantity = 1,
) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(A R\breve A^H)` of the mean correlation, complex.

    .. math:: P T_d\,\rho\sum_k\frac{\mu_k\kappa_k\big(N g_kq_k^*
        - \tfrac{N(N-1)}2j\pi\cos\theta\,|g_k|^2\big)}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN},
        \qquad g_k = a^H\bar h_k,\quad q_k = \breve a^H\bar h_k

    Its squared modulus is :math:`\Pi_{A\breve A}^{\mathrm{square}}` of Lemma 3, put right:

    .. math:: \Pi_{A\breve A}^{\mathrm{square}} = \rho^2\Big|\sum_k\frac{\mu_k\kappa_k(g_kq_k^*
        - \tfrac{N-1}2j\pi\cos\theta\,|g_k|^2)}{\mu_k\kappa_k+\phi_k}\Big|^2

    ``target_angle`` theta in radians, ``slope`` :math:`q_k`; the rest as in :func:`steering_trace`.

    Claims: coupling.lem3, coupling.C4, coupling.D7.

    The case of :func:`steering_trace`, Lemma 3 and (C4) as printed, and right:

    >>> from isacnb.coupling.printed import mixed_trace_printed, mixed_trace_printed_c4
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> for f in (mixed_trace_printed, mixed_trace_printed_c4, mixed_trace):
    ...     print(f"{abs(f(*case)):.3f}")
    284.606
    446.835
    79.926
    """
    ns, los, scattered, split = _checked(
        target_angle, specular_gain, estimate_variance, data_share, N, overlap
    )
    share, _ = _shares(los, scattered, N, line_of_sight_power)
    mixed = _sum(share * overlap * _conjugate(slope))
    return energy * split * _turned(ns, target_angle, N, mixed, _sum(share * _square(overlap)))


@public
@implements("coupling.lem3", "right", r"\Pi_{\breve A\breve A}^l")
@implements("coupling.C5", "right")
def derivative_trace(
    target_angle: Quantity,
    overlap: np.ndarray,
    slope: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    data_share: Quantity,
    N: Quantity,
    *,
    line_of_sight_power: Quantity | None = None,
    energy: Quantity = 1,
) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(\breve A R\breve A^H)` of the mean correlation.

    .. math::
        &P T_d\,\rho\sum_k\frac{\mu_k\kappa_k\big(\|\breve a\|^2|g_k|^2 + N|q_k|^2
          + 2\mathrm{Re}\{(a^H\breve a)g_kq_k^*\}\big)}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} \\
        &+ P T_d\,\rho\tfrac{N^2(N^2-1)}6\pi^2\cos^2\theta
          \sum_k\frac{\phi_k}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}
          + P T_d(1-\rho)\tfrac{N^2(N^2-1)}{12}\pi^2\cos^2\theta

    with :math:`a^H\breve a = \tfrac{N(N-1)}2j\pi\cos\theta` and
    :math:`\|\breve a\|^2 = \tfrac{N(N-1)(2N-1)}6\pi^2\cos^2\theta`; at
    :math:`\|\bar h_k\|^2 = N` in the unit P T_d it is :math:`\Pi_{\breve A\breve A}` of Lemma 3,
    put right. Arguments as in :func:`mixed_trace`.

    Claims: coupling.lem3, coupling.C5.

    The case of :func:`steering_trace`, Lemma 3 and (C5) as printed, and right:

    >>> from isacnb.coupling.printed import derivative_trace_printed, derivative_trace_printed_c5
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> for f in (derivative_trace_printed, derivative_trace_printed_c5, derivative_trace):
    ...     print(f"{f(*case).real:.6g}")
    4.93701e+06
    1.26996e+08
    4.93424e+06
    """
    ns, los, scattered, split = _checked(
        target_angle, specular_gain, estimate_variance, data_share, N, overlap
    )
    share, rest = _shares(los, scattered, N, line_of_sight_power)
    users = _slope_sum(
        ns,
        target_angle,
        N,
        _sum(share * _square(overlap)),
        _sum(share * overlap * _conjugate(slope)),
        _sum(share * _square(slope)),
    )
    return energy * (split * users + _slope_rest(ns, target_angle, N, N * _sum(rest), split))


@public
@implements("coupling.lem3", "right")
def mean_traces(
    target_angle: Quantity,
    overlap: np.ndarray,
    slope: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    data_share: Quantity,
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

    Arguments and errors as in :func:`mixed_trace`; line-of-sight vectors have the squared norm N.
    Source: coupling paper, Lemma 3 and Appendix C, corrected: the paper sums over pairs of users.

    Claim: coupling.lem3.

    The case of :func:`steering_trace`, information on the angle, printed and right:

    >>> from isacnb.coupling.printed import mean_traces_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> print(*(f"{f(*case).effective:.6g}" for f in (mean_traces_printed, mean_traces)))
    4.937e+06 4.93424e+06
    """
    users = specular_gain, estimate_variance, data_share, N
    return Traces(
        steering_trace(overlap, *users),
        mixed_trace(target_angle, overlap, slope, *users),
        derivative_trace(target_angle, overlap, slope, *users),
    )


@public
@implements("coupling.D1", "right")
def steering_trace_large_array(
    specular_gain: Quantity, estimate_variance: Quantity, data_share: Quantity, N: Quantity
) -> Quantity:
    r""":math:`\Pi_{AA}` for many antennas, without the directions of the users.

    .. math:: (1-\rho)N^2 + \rho N\sum_k\frac{\phi_k}{\mu_k\kappa_k+\phi_k} + O(1)

    at fixed gaps of sines. Arguments and errors as in :func:`steering_trace`.

    Claim: coupling.D1.

    The case of :func:`steering_trace`, over its value there, printed and right:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import steering_trace_large_array_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> for f in (steering_trace_large_array_printed, steering_trace_large_array):
    ...     print(f"{f(*case[3:]) / steering_trace(case[1], *case[3:]):.3f}")
    2.855
    0.999
    """
    _, los, scattered, split = _checked(0.0, specular_gain, estimate_variance, data_share, N, [])
    return (1 - split) * N**2 + split * N * _sum(scattered / (los + scattered))


@public
@implements("coupling.D6", "right")
def derivative_trace_large_array(
    target_angle: Quantity,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    data_share: Quantity,
    N: Quantity,
) -> Quantity:
    r""":math:`\Pi_{\breve A\breve A}` for many antennas, without the directions of the users.

    .. math:: \rho\tfrac{N(N^2-1)}6\pi^2\cos^2\theta\sum_k\frac{\phi_k}{\mu_k\kappa_k+\phi_k}
              + (1-\rho)\tfrac{N^2(N^2-1)}{12}\pi^2\cos^2\theta

    Arguments and errors as in :func:`derivative_trace`.

    Claim: coupling.D6.

    The case of :func:`steering_trace`, over its value there, printed and right:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import derivative_trace_large_array_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = mean_distance_inputs(CouplingParameters.paper(), target, users)
    >>> for f in (derivative_trace_large_array_printed, derivative_trace_large_array):
    ...     print(f"{f(case[0], *case[3:]) / derivative_trace(*case):.3f}")
    4.589
    0.995
    """
    ns, los, scattered, split = _checked(
        target_angle, specular_gain, estimate_variance, data_share, N, []
    )
    rest = _sum(scattered / (los + scattered))
    return _slope_rest(ns, target_angle, N, N * rest, split)


@public("[0, inf]")
@implements("coupling.lem4", "right")
def asymptotic_bound(
    angle: Quantity,
    N: Quantity,
    reflection_power: Quantity,
    energy: Quantity,
    data_share: Quantity,
    noise_power: Quantity,
) -> Quantity:
    r"""Bound on the angle from the sensing beam alone, in square radians.

    .. math:: \frac{6N_0}{|\varpi|^2\,P T_d\,(1-\rho)\,N^2(N^2-1)\,\pi^2\cos^2\theta}

    ``energy`` is P T_d. Infinite for rho = 1 or N = 1. Source: coupling paper, Lemma 4, (23).

    Claim: coupling.lem4.
    """
    ns = arithmetic(angle, N, reflection_power, energy, data_share, noise_power)
    if is_numeric(angle, N, reflection_power, energy, data_share, noise_power):
        angle = angle
        N = np.asarray(N, dtype=float)
        reflection_power = reflection_power
        energy = energy
        data_share = data_share
        noise_power = noise_power
    slope = ns.pi**2 * ns.cos(angle) ** 2
    information = reflection_power * energy * (1 - data_share) * N**2 * (N**2 - 1) * slope
    with np.errstate(divide="ignore"):
        return 6 * noise_power / information


@public
@implements("coupling.fig7", "tool")
def sum_root_bound(bounds: Quantity) -> np.ndarray | float:
    """Sum of the root bounds of the targets along the last axis, in radians. Source: Sec. 4.1.

    Claim: coupling.fig7.
    """
    return np.sum(np.sqrt(bounds), axis=-1)


@public
@implements("coupling.angle-separation", "tool")
def separation(target_angle: Quantity, user_angle: Quantity) -> np.ndarray | float:
    r"""Distance of two directions as the array sees it: the difference of sines, modulo 2.

    Between 0 and 1; 0 for the two ends of the array's axis, which half-wavelength spacing cannot
    tell apart. The resolution of N antennas is 2/N on this scale.

    Claim: coupling.angle-separation.
    """
    gap = np.sin(target_angle) - np.sin(user_angle)
    return np.abs(gap - 2 * np.rint(gap / 2))


@public
@implements("coupling.angle-separation", "right")
def array_separation(target_angle: Quantity, user_angle: Quantity, N: Quantity) -> Quantity:
    r"""What has to grow for a user's beam to have no effect on the bound of a target's angle.

    .. math:: N\,\big|\sin\tfrac\pi2(\sin\theta-\sin\varphi)\big|

    Angles in radians, N >= 1 antennas; arrays broadcast. Raises ``ValueError`` for nan, infinite
    angles or N < 1.

    Claim: coupling.angle-separation.

    For 64 antennas and the directions 88 and -88 degrees, which the printed condition calls
    separated:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import separation_margin_printed
    >>> theta, phi = np.deg2rad([88.0, -88.0])
    >>> round(float(separation_margin_printed(theta, phi, 64)), 3)
    3.041
    >>> round(float(array_separation(theta, phi, 64)), 3)
    0.122
    """
    ns = arithmetic(target_angle, user_angle, N)
    return N * abs(ns.sin(ns.pi / 2 * (ns.sin(target_angle) - ns.sin(user_angle))))


def _shares(specular_gain, estimate_variance, N, line_of_sight_power):
    """N mu kappa and N phi over mu kappa |h|^2 + phi N; for |h|^2 = N they add up to 1."""
    if line_of_sight_power is None:
        total = specular_gain + estimate_variance
        return specular_gain / total, estimate_variance / total
    power = check_real("line_of_sight_power", line_of_sight_power, 0, open_low=True)
    total = specular_gain * power + estimate_variance * N
    return N * specular_gain / total, N * estimate_variance / total


def _turned(ns, angle, N, mixed, steering):
    """g q* - (N-1)/2 j s |g|^2, summed."""
    return mixed - ns.j * ns.pi * ns.cos(angle) * (N - 1) * steering / 2


def _slope_sum(ns, angle, N, steering, mixed, slopes):
    """What the lines of sight add to the derivative trace, from their three sums."""
    s = ns.pi * ns.cos(angle)
    # j s (N-1)/2 (g q* - g* q) is real
    turn = ns.j * s * (N - 1) * (mixed - _conjugate(mixed)) / 2
    return (N - 1) * (2 * N - 1) * s**2 * steering / 6 + slopes + _real(turn)


def _slope_rest(ns, angle, N, scattered, split):
    """What white scattering and the sensing beam add to the derivative trace."""
    s = ns.pi * ns.cos(angle)
    sensing = N**2 * (N**2 - 1) * s**2 / 12
    return split * (N**2 - 1) * s**2 * scattered / 6 + (1 - split) * sensing


def _checked_beams(estimates, estimate_powers, energy, data_share):
    estimates, powers = np.asarray(estimates), np.asarray(estimate_powers)
    if estimates.ndim < 2 or powers.shape != estimates.shape[-2:-1]:
        raise ValueError(
            "estimates must have shape (..., K, N) for estimate_powers (K,), got "
            f"{estimates.shape} and {powers.shape}"
        )
    if powers.dtype != object:
        check_real("estimate_powers", powers, 0, open_low=True)
    energy = check_real("energy", energy, 0, open_low=True)
    return estimates, powers, energy, check_real("data_share", data_share, 0, 1)


def _checked_lines(line_of_sight, specular_gain, estimate_variance, energy, data_share):
    lines = np.asarray(line_of_sight)
    specular_gain, variance = np.asarray(specular_gain), np.asarray(estimate_variance)
    if specular_gain.dtype != object and variance.dtype != object:
        specular_gain, variance = _user_powers(specular_gain, variance)
    powers = specular_gain * np.sum(_square(lines), axis=-1) + variance * lines.shape[-1]
    lines, powers, energy, split = _checked_beams(lines, powers, energy, data_share)
    return lines, powers, energy, split, variance


def _rows_product(left, right):
    """Sum over the rows of their outer products l r^H."""
    return np.swapaxes(left, -1, -2) @ _conjugate(right)


def _beam_matrix(steering):
    steering = np.asarray(steering)
    return np.outer(steering, _conjugate(steering)) / len(steering)


def _checked(angle, specular_gain, estimate_variance, split, N, overlap):
    flat = [*np.ravel(np.asarray(specular_gain, dtype=object)), *np.ravel(np.asarray(overlap))]
    ns = arithmetic(angle, split, N, *flat)
    if ns is not arithmetic(1.0):
        return (
            ns,
            np.asarray(specular_gain, dtype=object),
            np.asarray(estimate_variance, object),
            split,
        )
    check_real("target_angle", angle)
    check_integer("N", N, 1)
    specular_gain, estimate_variance = _user_powers(specular_gain, estimate_variance)
    return ns, specular_gain, estimate_variance, check_real("data_share", split, 0, 1)


def _user_powers(specular_gain, estimate_variance):
    specular_gain = check_real("specular_gain", specular_gain, 0)
    estimate_variance = check_real("estimate_variance", estimate_variance, 0)
    if np.any(specular_gain + estimate_variance == 0):
        raise ValueError("specular_gain and estimate_variance must not both be 0")
    return specular_gain, estimate_variance


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
