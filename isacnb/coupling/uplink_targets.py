r"""What the other targets do to the detection of one target in the uplink of the coupling paper.

Every target reflects every beam, so that the pilot of pair k carries

.. math:: y_k - E y_k = \sqrt{u_k}\,\tilde h_k
          + \sum_j \sqrt{x_j}\,\frac{a_j^Ha_k}{N}\,\zeta_j a_j + n_k,

with the energies :math:`u_k` of the scattered channel and :math:`x_j = P_TT_uN\beta_{t,j}` of an echo
in its own beam, an element, and the steering vectors :math:`a_j` of the K targets
(:mod:`isacnb.coupling.uplink`). The matched filter of target k lets the echo of target j through with
the share :math:`|a_j^Ha_k|^4/N^4`, once for the beam and once for the filter. A receiver that knows
the other directions can project them away first.

Arrays hold the targets in their last axis, ``steering`` in its last but one: shapes (..., K) and
(..., K, N), which broadcast, so that networks may be stacked.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory

__all__ = [
    "cross_echo_snr",
    "echo_powers",
    "nmse_lmmse_targets",
    "null_projection",
    "nulling_share",
    "nulling_statistic",
    "reflected_snr",
]


#: singular values below this share of the greatest belong to a dependent steering vector
_RANK = 1e-12


@public("[0, inf)")
@implements("beyond.masked-false-alarm", "right", "J_k")
def reflected_snr(
    reflection_coefficient: Quantity,
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    steering: Quantity,
) -> np.ndarray:
    r"""Signal-to-noise ratio that all reflections together make in the matched filter of each target.

    .. math:: J_k = \frac{1}{N^3(u_k+N_0)}
              \Big|\sum_j\sqrt{x_j}\,\zeta_j\,|a^H(\theta_j)a(\theta_k)|^2\Big|^2

    Given the reflections, twice the statistic
    :func:`isacnb.coupling.uplink_system.matched_filter_statistic` has the noncentral
    :math:`\chi^2_2(2J_k)` law. Alone in its beam a target has :math:`J = S|\zeta|^2` with S of
    :func:`isacnb.coupling.uplink.target_snr`.

    Parameters
    ----------
    reflection_coefficient : complex :math:`\zeta_j`, shape (..., K); 0 for a target that is absent
    user_energy : :math:`u_k > 0` of the users, shape (..., K) or one number
    echo_energy : :math:`x_j \ge 0` of the targets, each in its own beam, shape (..., K)
    noise_power : :math:`N_0 \ge 0`
    steering : steering vectors, complex, shape (..., K, N), squared norms N

    Returns shape (..., K). Raises ``ValueError`` for shapes that do not fit or other norms.

    Claim: beyond.masked-false-alarm.

    Two targets in one direction with opposite reflections cancel:

    >>> reflected_snr([1, -1], 1.0, [2.0, 2.0], 1.0, np.ones((2, 4)))
    array([0., 0.])
    """
    steering, N = _steering(steering, echo_energy, reflection_coefficient)
    pattern = _patterns(steering)
    amplitudes = np.sqrt(echo_energy) * np.asarray(reflection_coefficient)
    total = (pattern @ amplitudes[..., None])[..., 0]
    return np.abs(total) ** 2 / (N**3 * (user_energy + noise_power))


@public("[0, inf)")
@implements("beyond.masked-false-alarm", "right", "I_k")
def cross_echo_snr(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, steering: Quantity
) -> np.ndarray:
    r"""Mean of what the other targets add to the matched filter's statistic of each target.

    .. math:: I_k = \frac{1}{N^3(u_k+N_0)}\sum_{j\ne k}x_j\,|a^H(\theta_j)a(\theta_k)|^4

    For independent complex normal reflections the statistic is exponential with mean
    :math:`1 + I_k` if target k is absent and :math:`1 + I_k + S_k` if it is present. Arguments as in
    :func:`reflected_snr`; symbols pass. Returns shape (..., K).

    Claim: beyond.masked-false-alarm.

    A bright and a faint target in one direction:

    >>> cross_echo_snr(1.0, [3.0, 1.0], 1.0, np.ones((2, 4)))
    array([2., 6.])
    """
    steering, N = _steering(steering, echo_energy)
    squares = _patterns(steering) ** 2
    others = squares * (1 - np.eye(squares.shape[-1], dtype=int))
    leaked = (others @ np.asarray(echo_energy)[..., None])[..., 0]
    return leaked / (N**3 * (user_energy + noise_power))


@public
@implements("beyond.null-others", "right", r"\boldsymbol P_\perp")
def null_projection(other_steering: Quantity) -> np.ndarray:
    r"""Projection :math:`P_\perp = I - A(A^HA)^{-1}A^H` across the given directions, shape (N, N).

    ``other_steering`` are the columns of A as rows, complex, shape (J, N), J >= 0; dependent ones are
    taken once. Raises ``ValueError`` for another shape, and where the matrix cannot fit.

    Claim: beyond.null-others.

    >>> null_projection(np.array([[1.0, 1.0]]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    others = np.asarray(other_steering)
    if others.ndim != 2:
        raise ValueError(f"other_steering must have shape (J, N), got {others.shape}")
    check_memory((others.shape[1],) * 2)
    basis = _basis(others)
    return np.eye(others.shape[1]) - basis.T @ basis.conj()


@public("[0, inf)")
@implements("beyond.null-others", "right", r"\Lambda_k^\perp")
def nulling_statistic(
    observation: Quantity,
    steering: Quantity,
    other_steering: Quantity,
    user_energy: Quantity,
    noise_power: Quantity,
) -> np.ndarray:
    r"""Matched filter behind a projection across the other targets' directions.

    .. math:: \Lambda^\perp = \frac{|a^HP_\perp z|^2}{a^HP_\perp a\,(u+N_0)}

    It is the generalised log-likelihood ratio where the reflections of all targets are unknown.

    Parameters
    ----------
    observation : :math:`z = y - E y`, the centred observation, complex, shape (..., N)
    steering : a of the target, complex, shape (..., N)
    other_steering : those of the other targets, complex, shape (..., J, N)
    user_energy, noise_power : u > 0 and :math:`N_0 \ge 0`, shape (...) or one number

    Returns shape (...). Raises ``ValueError`` for shapes that do not fit, and where the target lies in
    the span of the others, so that nothing of it is left.

    Claim: beyond.null-others.

    What comes from another direction leaves no trace:

    >>> a, other = np.array([1.0, 1.0, 1.0]), np.array([[1.0, -1.0, 1.0]])
    >>> z = 2 * a + 100 * other[0]
    >>> nulling_statistic(z, a, other, 1.0, 0.0).round(9).item()
    10.666666667
    """
    z, a, others = np.asarray(observation), np.asarray(steering), np.asarray(other_steering)
    if others.ndim < 2 or not others.shape[-1] == a.shape[-1:][0] == z.shape[-1:][0]:
        raise ValueError(
            f"other_steering must have shape (..., J, N) for an observation (..., N), got "
            f"{others.shape} and {z.shape}"
        )
    left = _across(a, _basis(others))
    energy = (np.abs(left) ** 2).sum(axis=-1)
    size = (np.abs(a) ** 2).sum(axis=-1)
    if not np.all(energy > _RANK * size):
        raise ValueError("steering must lie outside the span of other_steering, got one inside")
    output = (left.conj() * z).sum(axis=-1)
    return np.abs(output) ** 2 / (energy * (user_energy + noise_power))


@public("[0, 1]")
@implements("beyond.null-others", "right", r"\tau_k")
def nulling_share(steering: Quantity) -> np.ndarray:
    r"""Share of a target's signal-to-noise ratio that is left where the other targets are nulled.

    .. math:: \tau_k = \frac{a^H(\theta_k)P_\perp a(\theta_k)}{N}

    with the projection :math:`P_\perp` across the other K - 1 directions, for each target in turn.
    ``steering`` are the steering vectors, complex, shape (..., K, N), of squared norm N. Returns shape
    (..., K), with an absolute error of some 1e-12. Raises ``ValueError`` for other norms.

    Claim: beyond.null-others.

    Two directions an eighth of a beam apart, and the second one alone:

    >>> from isacnb.signals.arrays import steering_vector
    >>> pair = steering_vector(np.arcsin([0.0, 0.25 / 64]), 64)
    >>> nulling_share(pair).round(4), nulling_share(pair[:1])
    (array([0.0503, 0.0503]), array([1.]))
    """
    steering, N = _steering(steering)
    # coordinates in the span of all, in which the same products are short
    rows = np.swapaxes(np.linalg.qr(np.swapaxes(steering, -1, -2), mode="r"), -1, -2)
    shares = []
    for k in range(rows.shape[-2]):
        left = _across(rows[..., k, :], _basis(np.delete(rows, k, axis=-2)))
        shares.append((np.abs(left) ** 2).sum(axis=-1) / N)
    return np.clip(np.stack(shares, axis=-1), 0.0, 1.0)


@public("[0, inf)")
@implements("beyond.targets-coverage", "right", r"\delta_i")
def echo_powers(echo_energy: Quantity, steering: Quantity) -> np.ndarray:
    r"""Powers of all echoes together along the eigenvectors of their covariance, for each beam.

    .. math:: \delta_1,\dots,\delta_K = \text{eigenvalues of }
              \Big[\tfrac{\sqrt{x_ix_j}}{N^2}\,|a_i^Ha_k|\,|a_j^Ha_k|\,a_i^Ha_j\Big]_{i,j\le K}

    They are the eigenvalues, other than zeros, of the covariance
    :math:`\sum_j x_j\frac{|a_j^Ha_k|^2}{N^2}a_ja_j^H` of the echoes on pilot k, for independent
    reflections of mean square 1. Arguments as in :func:`cross_echo_snr`. Returns shape (..., K, K), a
    row for each beam, rising.

    Claim: beyond.targets-coverage.

    >>> echo_powers([1.0, 2.0], np.array([[1.0, 1.0], [1.0, -1.0]])).round(12)
    array([[0., 2.],
           [0., 4.]])
    """
    steering, N = _steering(steering, echo_energy)
    products = steering.conj() @ np.swapaxes(steering, -1, -2)
    # amplitude of target j in the beam towards target k, as [..., k, j]
    seen = np.swapaxes(np.abs(products), -1, -2) * np.sqrt(echo_energy)[..., None, :] / N
    matrix = seen[..., :, None] * products[..., None, :, :] * seen[..., None, :]
    if not np.isfinite(matrix).all():
        raise ValueError("echo_energy must leave finite powers, got one too large")
    return np.maximum(np.linalg.eigvalsh(matrix), 0.0)


@public("[0, 1]")
@implements("beyond.targets-coverage", "right", r"\frac{\mathbb E\|\boldsymbol e\|^2}{N\mu}")
def nmse_lmmse_targets(
    user_energy: Quantity, echo_powers: Quantity, noise_power: Quantity, N: Quantity
) -> np.ndarray:
    r"""Least mean squared channel estimation error over :math:`N\mu` with the echoes of all targets.

    .. math:: \frac1N\Big[\sum_{i=1}^K\frac{\delta_i+N_0}{u+\delta_i+N_0}
              + (N-K)\frac{N_0}{u+N_0}\Big]

    K targets spoil at most K of the N directions. The estimator is linear and knows all directions
    and mean powers.

    Parameters
    ----------
    user_energy : u > 0, shape (...)
    echo_powers : :math:`\delta_i \ge 0` of :func:`echo_powers` for the user's beam, shape (..., K)
    noise_power : :math:`N_0 \ge 0`, shape (...)
    N : number of antennas

    Returns shape (...). With one target, of power N x, it is
    :func:`isacnb.coupling.uplink.nmse_lmmse`.

    Claim: beyond.targets-coverage.

    >>> nmse_lmmse_targets(1.0, [3.0], 0.0, 3).item()
    0.25
    """
    powers = np.atleast_1d(echo_powers)
    noise, user = np.asarray(noise_power), np.asarray(user_energy)
    disturbance = powers + noise[..., None]
    spoilt = (disturbance / (user[..., None] + disturbance)).sum(axis=-1)
    # with more targets than antennas the eigenvalues beyond N are 0
    error = (spoilt + (N - powers.shape[-1]) * noise / (user + noise)) / N
    # more than rounding beyond 1 is a contradiction among the arguments
    return np.where(error < 1 + 1e-9, np.clip(error, 0.0, 1.0), error)[()]


def _steering(steering, *per_target):
    """Steering vectors (..., K, N) of squared norm N, and N; what else has K entries is checked."""
    steering = np.asarray(steering)
    if steering.ndim < 2 or any(np.shape(v)[-1:] != steering.shape[-2:-1] for v in per_target):
        raise ValueError(
            f"steering must have shape (..., K, N), and each target a value, got {steering.shape} "
            f"and {', '.join(str(np.shape(v)) for v in per_target) or 'nothing else'}"
        )
    N = steering.shape[-1]
    if steering.dtype != object:
        norms = (np.abs(steering) ** 2).sum(axis=-1)
        if not np.all(np.abs(norms / N - 1) < 1e-9):
            raise ValueError("steering must have squared norms N, got others")
    return steering, N


def _patterns(steering):
    """|a_j^H a_k|^2 of all pairs, numbers or symbols."""
    products = steering.conj() @ np.swapaxes(steering, -1, -2)
    squares = products * products.conj()
    return squares if squares.dtype == object else squares.real


def _basis(vectors):
    """Orthonormal rows that span the given rows (..., J, N); rows of zeros fill up what is dependent."""
    _, values, rows = np.linalg.svd(vectors, full_matrices=False)
    greatest = values.max(axis=-1, initial=0.0, keepdims=True)
    return np.where((values > _RANK * greatest)[..., None], rows, 0.0)


def _across(vector, basis):
    """What is left of vectors (..., N) across orthonormal rows (..., J, N)."""
    along = (basis.conj() @ vector[..., None])[..., 0]
    return vector - (np.swapaxes(basis, -1, -2) @ along[..., None])[..., 0]
