r"""Uplink of the coupling paper: pilots, channel estimation, and target detection (Section 3.1).

After despreading, the base station has for one pair of user and target

.. math:: y = \sqrt{P_U T_u}\,h + \sqrt{P_T T_u}\,G w + n, \qquad
          h = \sqrt{\mu\kappa}\,\bar h + \sqrt{\mu}\,\tilde h, \qquad
          G w = \sqrt{N\beta_t}\,\zeta\,a.

Three energies, an element, describe it: ``user_energy`` :math:`u = P_U T_u \mu` of the scattered
part of the channel, ``echo_energy`` :math:`x = P_T T_u N \beta_t` of the echo, and ``noise_power``
:math:`N_0`. The covariance of y is :math:`u I + x\,a a^H + N_0 I`: the echo has **rank one**.

A linear estimator that treats all directions across the steering vector alike,

.. math:: \hat h = E h + (c_a P_a + c_\perp (I - P_a))\,(y - E y)/\sqrt{P_U T_u}, \qquad
          P_a = a a^H/N,

is described by its two gains. The paper's estimator has both equal to u/(u + x + N_0); the one of
least mean squared error has u/(u + N x + N_0) along a and u/(u + N_0) across.

The paper's estimator is a system like any other, with the errors and the tests that it has;
what the paper says of it and is wrong stands in :mod:`isacnb.coupling.printed`. The system is drawn
in :mod:`isacnb.coupling.uplink_system`.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..signals.arrays import steering_vector
from ..signals.detection import detection_probability, false_alarm_probability
from .settings import CouplingParameters, Energies, one_number

__all__ = [
    "UplinkLink",
    "cross_echo_energy",
    "estimate_variance",
    "estimation_covariances",
    "inverse_mean",
    "lmmse_gains",
    "log_likelihood_ratio",
    "matched_detection_probability",
    "mean_ratio_nmse",
    "mean_ratio_nmse_equal_gains",
    "nmse",
    "nmse_lmmse",
    "nmse_paper",
    "paper_gain",
    "pilot_beam",
    "power_balance",
    "reflection_estimate",
    "residual_detection_probability",
    "residual_false_alarm_probability",
    "residual_projection_law",
    "residual_threshold",
    "target_channel",
    "target_snr",
    "user_channel",
]

#: law of the radar cross-section coefficient: of modulus 1, or complex normal of mean square 1
ReflectionLaw = Literal["unit", "rayleigh"]


@public
@implements("coupling.model-channel", "right", r"\boldsymbol h_k")
def user_channel(
    line_of_sight: Quantity, scatter: Quantity, scattered_gain: Quantity, rician_factor: Quantity
) -> np.ndarray:
    r"""Rician channel of a user, :math:`h = \sqrt{\mu\kappa}\,\bar h + \sqrt\mu\,\tilde h`.

    Parameters
    ----------
    line_of_sight : h-bar, complex, shape (N,)
    scatter : h-tilde, complex, shape (..., N), of unit variance an element; 0 leaves the mean
    scattered_gain, rician_factor : mu > 0 and kappa >= 0

    Returns shape (..., N). Source: coupling paper, Section 2.

    Claim: coupling.model-channel.

    >>> user_channel(np.ones(2), 0.0, 0.25, 4.0)
    array([1., 1.])
    """
    mean = np.sqrt(scattered_gain * rician_factor) * np.asarray(line_of_sight)
    return mean + np.sqrt(scattered_gain) * np.asarray(scatter)


@public
@implements("coupling.model-echo", "right", r"\boldsymbol G_l")
def target_channel(
    steering: Quantity, reflection_coefficient: complex, target_path_loss: Quantity
) -> np.ndarray:
    r"""Channel to a target and back, :math:`G = \sqrt{\beta_t}\,\zeta\,aa^H`, shape (N, N).

    ``steering`` is a, complex, shape (N,), ``reflection_coefficient`` the complex :math:`\zeta`,
    ``target_path_loss`` the two-way path loss :math:`\beta_t \ge 0`. Raises ``ValueError`` where the
    matrix cannot fit. Source: coupling paper, Section 2.

    Claim: coupling.model-echo.

    >>> float(np.trace(target_channel(np.ones(3), 1.0, 0.25)))
    1.5
    """
    steering = np.asarray(steering)
    check_memory((steering.size, steering.size))
    amplitude = np.sqrt(target_path_loss) * reflection_coefficient
    return amplitude * np.outer(steering, steering.conj())


@public
@implements("coupling.uplink-beam", "right", r"\boldsymbol w_l")
def pilot_beam(steering: Quantity) -> np.ndarray:
    r"""Beam of unit power towards a target, :math:`w = a/\sqrt N`, from its steering vector (N,).

    Source: coupling paper, Section 3, before (3).

    Claim: coupling.uplink-beam.

    >>> pilot_beam(np.ones(4))
    array([0.5, 0.5, 0.5, 0.5])
    """
    steering = np.asarray(steering)
    return steering / np.sqrt(len(steering))


@public("[0, inf)")
@implements("beyond.cross-echoes", "right", r"x_k^{\mathrm{cross}}")
def cross_echo_energy(
    target_power: float, pilot_length: int, target_path_loss: Quantity, steering: Quantity
) -> np.ndarray:
    r"""Mean energy, an element, of the other targets' echoes in the beam towards each target.

    .. math:: \sum_{j\ne k}P_TT_u\,\beta_{t,j}\,\frac{|a^H(\theta_j)a(\theta_k)|^2}{N}

    Parameters
    ----------
    target_power, pilot_length : P_T > 0 in every beam, T_u >= 1
    target_path_loss : two-way path losses beta_t >= 0 of the K targets, shape (K,)
    steering : their steering vectors, complex, shape (K, N)

    Returns shape (K,). Raises ``ValueError`` for other shapes.

    Claim: beyond.cross-echoes.

    Two targets in one direction see each other's echo in full, N times its energy in one beam:

    >>> cross_echo_energy(1.0, 1, [0.1, 0.3], np.ones((2, 4)))
    array([1.2, 0.4])
    """
    losses = target_path_loss
    steering = np.asarray(steering)
    if losses.ndim != 1 or steering.ndim != 2 or len(losses) != len(steering):
        raise ValueError(
            f"steering must have shape (K, N) for path losses (K,), got {steering.shape} and "
            f"{losses.shape}"
        )
    pattern = np.abs(steering @ steering.conj().T) ** 2 / steering.shape[1]
    np.fill_diagonal(pattern, 0.0)
    return target_power * pilot_length * pattern @ losses


@public("[0, 1]")
@implements("coupling.mmse", "tool")
@implements("beyond.angle-uniform", "right", "c")
def paper_gain(user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity) -> Quantity:
    r"""Gain :math:`c = u/(u + x + N_0)` of the paper's estimator, in every direction.

    Energies an element: ``user_energy`` :math:`u > 0` of the scattered channel, ``echo_energy``
    :math:`x \ge 0`, ``noise_power`` :math:`N_0 \ge 0`; arrays broadcast, symbols pass. The
    estimator takes the echo for white, with covariance x I. The paper's :math:`\phi` is
    :math:`c\mu`. Of one gain for all directions it is the best, and of all matrices where the sine of the
    target's angle is uniform on (-1, 1) and nothing else is known of it. Source: coupling paper,
    Section 3.1, before (4).

    Claims: coupling.mmse, beyond.angle-uniform.

    >>> float(paper_gain(3.0, 1.0, 0.0))
    0.75
    """
    return user_energy / (user_energy + echo_energy + noise_power)


@public("[0, inf)")
@implements("coupling.mmse", "right", r"\phi_k")
def estimate_variance(
    scattered_gain: Quantity, target_path_loss: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Variance :math:`\phi` of one element of the paper's channel estimate.

    .. math:: \phi = \frac{P_UT_u\mu^2}{P_UT_u\mu + P_TT_uN\beta_t + N_0}

    ``scattered_gain`` :math:`\mu > 0`, ``target_path_loss`` :math:`\beta_t \ge 0`; arrays broadcast,
    symbols pass. Elements are correlated unless N = 1: see :func:`estimation_covariances`. Source:
    coupling paper, before (4).

    Claim: coupling.mmse.

    At the paper's settings, user at 25 m and target at 10 m, over mu:

    >>> p = CouplingParameters.paper()
    >>> mu = p.scattered_gain(25.0)
    >>> print(f"{estimate_variance(mu, p.target_path_loss(10.0), p) / mu:.6f}")
    0.791199
    """
    return scattered_gain * paper_gain(*parameters.energies(scattered_gain, target_path_loss))


@public
@implements("coupling.mmse", "right")
@implements("beyond.uplink-lmmse", "right")
@implements("foundation.rank-one-disturbance", "right")
def lmmse_gains(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> tuple[Quantity, Quantity]:
    r"""Gains of least mean squared error, along and across the target's steering vector.

    .. math:: c_a = \frac{u}{u + N x + N_0}, \qquad c_\perp = \frac{u}{u + N_0}

    Arguments as in :func:`paper_gain`, N the number of antennas. No affine
    estimate has a smaller mean squared error, and for a complex normal reflection none of any form:
    channel and echo are then jointly Gaussian. For one of known modulus see
    :mod:`isacnb.coupling.uplink_modulus`.

    Claims: coupling.mmse, beyond.uplink-lmmse, foundation.rank-one-disturbance.

    >>> [float(g) for g in lmmse_gains(1.0, 1.0, 0.0, 3)]
    [0.25, 1.0]
    """
    along = user_energy / (user_energy + N * echo_energy + noise_power)
    return along, user_energy / (user_energy + noise_power)


@public
@implements("coupling.mmse", "right", r"\mathrm{Cov}(\hat{\boldsymbol h}_k)")
def estimation_covariances(
    gain_along: Quantity, gain_across: Quantity, steering: np.ndarray, energies: Energies
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Covariances of estimate, of error, and of error and estimate, all times :math:`P_UT_u`.

    .. math::
        P_UT_u\,\mathrm{Cov}(\hat h) &= c_a^2(u+Nx+N_0)\,P_a + c_\perp^2(u+N_0)(I-P_a) \\
        P_UT_u\,\mathrm{Cov}(e) &= [(1-c_a)^2u + c_a^2(Nx+N_0)]\,P_a
            + [(1-c_\perp)^2u + c_\perp^2N_0](I-P_a) \\
        P_UT_u\,\mathrm{Cov}(e,\hat h) &= c_a[(1-c_a)u - c_a(Nx+N_0)]\,P_a
            + c_\perp[(1-c_\perp)u - c_\perp N_0](I-P_a)

    with :math:`P_a = aa^H/N`. The gains are any real numbers, ``steering`` is a of squared norm N,
    shape (N,), ``energies`` are u, x and :math:`N_0`; symbols pass. Divided by the energy u they are
    in units of the scattered gain mu. Returns three matrices (N, N); all laws are complex normal.
    Raises ``ValueError`` where the matrices cannot fit.

    Claim: coupling.mmse.

    At the paper's settings, user at 25 m and target at 10 m, the power of the error along the
    steering vector over its mean over all directions, printed and right:

    >>> from isacnb.coupling.printed import estimation_covariances_printed
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> gain, w = paper_gain(*link.energies), pilot_beam(link.steering)
    >>> printed = estimation_covariances_printed(link.energies, 64)[1]
    >>> right = estimation_covariances(gain, gain, link.steering, link.energies)[1]
    >>> [round(float((w.conj() @ C @ w).real / (C.trace().real / 64)), 3) for C in (printed, right)]
    [1.0, 50.845]
    """
    u, x, noise = energies
    steering = np.asarray(steering)
    N = len(steering)
    check_memory((N, N))
    along = np.outer(steering, steering.conj()) / N
    across = np.eye(N, dtype=int) - along
    parts = []
    for gain, disturbance in ((gain_along, N * x + noise), (gain_across, noise)):
        missed = (1 - gain) * u - gain * disturbance
        error = (1 - gain) ** 2 * u + gain**2 * disturbance
        parts.append((gain**2 * (u + disturbance), error, gain * missed))
    return tuple(a * along + b * across for a, b in zip(*parts, strict=True))


@public("[0, inf)")
@implements("beyond.cross-echoes", "right", "error over the scattered power")
@implements("foundation.rank-one-disturbance", "exact")
def nmse(gain_along: Quantity, gain_across: Quantity, energies: Energies, N: Quantity) -> Quantity:
    r"""Mean squared error of an estimator with two gains, over the scattered power :math:`N\mu`.

    .. math:: \frac{(1-c_a)^2 u + c_a^2 (N x + N_0)
                    + (N-1)[(1-c_\perp)^2 u + c_\perp^2 N_0]}{N u}

    This is :math:`E\|e\|^2 / E\|h - E h\|^2`. Over the whole channel power,
    :math:`E\|e\|^2 / E\|h\|^2`, it is smaller by the factor :math:`1 + \kappa`. The gains are any
    real numbers, ``energies`` are u, x and :math:`N_0`, N is the number of antennas; symbols pass.
    With one gain it takes any disturbance of mean energy x an element, such as the echoes of several
    targets together.

    Claims: beyond.cross-echoes, foundation.rank-one-disturbance.

    A single antenna that hears the echo as loud as the user, and takes what it sees for the channel:

    >>> float(nmse(1.0, 1.0, Energies(1.0, 1.0, 0.0), 1))
    1.0
    """
    u, x, noise = energies
    along = (1 - gain_along) ** 2 * u + gain_along**2 * (N * x + noise)
    across = (1 - gain_across) ** 2 * u + gain_across**2 * noise
    return (along + (N - 1) * across) / (N * u)


@public("[0, 1]")
@implements("coupling.eq4", "tool")
@implements("beyond.angle-uniform", "right")
def nmse_paper(user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity) -> Quantity:
    r"""Mean squared error of the paper's estimator, :math:`\varrho = 1-c = (x + N_0)/(u + x + N_0)`.

    It is over the scattered power :math:`N\mu`, and the share of the observation that the residual
    keeps. Arguments as in :func:`paper_gain`. The paper takes it for the mean of
    :math:`\|e\|^2/\|h\|^2`: for that see :func:`mean_ratio_nmse`. Source: coupling paper, (4).

    Claims: coupling.eq4, beyond.angle-uniform.

    >>> float(nmse_paper(3.0, 1.0, 0.0))
    0.25
    """
    disturbance = echo_energy + noise_power
    return disturbance / (user_energy + disturbance)


@public("[0, 1]")
@implements("coupling.mmse", "right", r"\frac{\mathbb E\|\boldsymbol e\|^2}{N\mu}")
@implements("beyond.uplink-lmmse", "right")
@implements("foundation.rank-one-disturbance", "right")
def nmse_lmmse(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Least mean squared error over :math:`N\mu`, that of the exact linear MMSE estimator.

    .. math:: \frac1N\left[\frac{N x + N_0}{u + N x + N_0} + (N-1)\frac{N_0}{u + N_0}\right]

    Without noise it is below 1/N however strong the echo: the echo spoils one direction of N.
    Arguments as in :func:`lmmse_gains`.

    Claims: coupling.mmse, beyond.uplink-lmmse, foundation.rank-one-disturbance.

    >>> float(nmse_lmmse(1.0, 1.0, 0.0, 3))
    0.25
    """
    spoilt = N * echo_energy + noise_power
    clean = noise_power / (user_energy + noise_power)
    return (spoilt / (user_energy + spoilt) + (N - 1) * clean) / N


@public("[0, inf)")
@implements("foundation.mean-of-ratio", "tool", "A_n")
def inverse_mean(inverse_mean_shape: Quantity, poisson_mean: Quantity) -> Quantity:
    r"""Mean :math:`E\{1/(n + J)\}` for a Poisson variable J, :math:`{}_1F_1(1; n+1; -\lambda)/n`.

    ``inverse_mean_shape`` is n > 0, ``poisson_mean`` is :math:`\lambda \ge 0`; arrays broadcast,
    other kinds of number pass. For :math:`h \sim CN(m, \mu I_N)`, :math:`\|h\|^2/\mu` is a gamma variable of order N + J
    with :math:`\lambda = \|m\|^2/\mu`, so :math:`E\{\mu/\|h\|^2\}` is the value at n = N - 1.

    Claim: foundation.mean-of-ratio.

    >>> float(inverse_mean(2, 0.0))
    0.5
    """
    n = inverse_mean_shape
    return arithmetic(n, poisson_mean).hyp1f1(1, n + 1, -poisson_mean) / n


@public("[0, inf)", N="integers [2, inf)")
@implements("foundation.mean-of-ratio", "right")
@implements("coupling.eq4", "exact")
def mean_ratio_nmse(
    gain_along: Quantity,
    gain_across: Quantity,
    energies: Energies,
    N: Quantity,
    rician_factor: Quantity,
    alignment: Quantity = 1.0,
) -> Quantity:
    r"""Mean of the ratio, :math:`E\{\|e\|^2/\|h\|^2\}`, as the paper defines its NMSE.

    Parameters
    ----------
    gain_along, gain_across, energies : as in :func:`nmse`
    N : number of antennas, >= 2; for N = 1 the mean is infinite whenever the gain along a and the
        echo or the noise are not zero, because :math:`E\{1/|h|^2\}` is
    rician_factor : kappa >= 0; the line-of-sight part has squared norm N
    alignment : :math:`|a^H\bar h|^2/N` in [0, N], 1 on average over the angles; it matters only
        if the two gains differ

    With :math:`A_n = E\{1/(n + J)\}`, J Poisson of mean :math:`\lambda = N\kappa`
    (:func:`inverse_mean`) and :math:`\delta` the alignment it is

    .. math::
        &(1-c_\perp)^2\,[(2N-2+\lambda)A_{N-1} - 1] \\
        &+ [(1-c_a)^2-(1-c_\perp)^2]\,
           [(1-2\kappa\delta)A_N + \kappa\delta(A_{N+1} + A_{N-1})] \\
        &+ [c_a^2(Nx+N_0) + (N-1)c_\perp^2N_0]\,A_{N-1}/u .

    Claims: foundation.mean-of-ratio, coupling.eq4.

    At the paper's settings, user at 25 m and target at 10 m, the paper's estimator and the best one:

    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> for gains in ([paper_gain(*link.energies)] * 2, lmmse_gains(*link.energies, 64)):
    ...     print(f"{mean_ratio_nmse(*gains, link.energies, 64, 1.0, link.alignment):.6f}")
    0.105471
    0.007409
    """
    u, x, noise = energies
    kappa = rician_factor
    below, here, above = (inverse_mean(N + shift, N * kappa) for shift in (-1, 0, 1))
    total = (2 * N - 2 + N * kappa) * below - 1
    along = (1 - 2 * kappa * alignment) * here + kappa * alignment * (above + below)
    missed = (1 - gain_across) ** 2 * total
    missed = missed + ((1 - gain_along) ** 2 - (1 - gain_across) ** 2) * along
    disturbance = gain_along**2 * (N * x + noise) + (N - 1) * gain_across**2 * noise
    return missed + disturbance / u * below


@public("[0, inf)", nmse="[0, 1]", N="integers [2, inf)")
@implements("coupling.eq4", "right")
def mean_ratio_nmse_equal_gains(nmse: Quantity, N: Quantity, rician_factor: Quantity) -> Quantity:
    r"""Mean of :math:`\|e\|^2/\|h\|^2` of an estimator with one gain, from its NMSE :math:`\varrho`.

    .. math:: \varrho^2[(2N-2+N\kappa)A_{N-1}-1] + \varrho(1-\varrho)N A_{N-1},
              \qquad A_n = E\{1/(n+J)\}

    with J Poisson of mean :math:`N\kappa` (:func:`inverse_mean`). It tends to
    :math:`\varrho/(1+\kappa)` for large N.

    Parameters
    ----------
    nmse : :math:`\varrho = (\mu-\phi)/\mu` in [0, 1], the mean squared error over the scattered
        power :math:`N\mu` (:func:`nmse_paper`)
    N : number of antennas, >= 2: for one antenna the mean is infinite
    rician_factor : kappa >= 0; the line-of-sight part has squared norm N

    Arrays broadcast, symbols pass; relative error below 1e-9 up to N = 1000, kappa = 1000. It is
    :func:`mean_ratio_nmse` with both gains :math:`1-\varrho`.

    Claim: coupling.eq4.

    At the paper's settings, user at 25 m and target at 10 m:

    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> over_scatter = nmse_paper(*link.energies)
    >>> print(f"{over_scatter:.6f} {mean_ratio_nmse_equal_gains(over_scatter, 64, 1.0):.6f}")
    0.208801 0.105471
    """
    rest = nmse
    kappa = rician_factor
    below = inverse_mean(N - 1, N * kappa)
    return rest**2 * ((2 * N - 2 + N * kappa) * below - 1) + rest * (1 - rest) * N * below


@public("[0, inf)")
@implements("coupling.imbalance", "right", r"\frac{1-\varrho_K}{\varrho_K}")
def power_balance(user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity) -> Quantity:
    r"""Received power of the communication part over that of the sensing part and the noise.

    .. math:: \frac{u}{x+N_0} = \frac{1-\varrho}{\varrho}

    with the NMSE :math:`\varrho` of :func:`nmse_paper`: the better the estimate, the more the user
    dominates. Arguments as in :func:`paper_gain`. Raises ``ValueError`` where echo and noise are both
    0. Source: coupling paper, (4).

    Claim: coupling.imbalance.

    At the paper's settings without noise, user at 25 m and target at 10 m, printed (with
    :math:`\mu^2` for :math:`\mu`) and right:

    >>> from isacnb.coupling.printed import power_balance_printed
    >>> p = CouplingParameters.paper(noise=None)
    >>> mu, beta_t = p.scattered_gain(25.0), p.target_path_loss(10.0)
    >>> print(f"{power_balance_printed(p.user_power, mu, p.target_power, beta_t, 64):.3e}")
    2.308e-07
    >>> print(f"{power_balance(*UplinkLink.at(p, 25.0, 10.0).energies):.6f}")
    3.789291
    """
    with np.errstate(divide="ignore"):
        return user_energy / (echo_energy + noise_power)


@public("[0, inf)")
@implements("coupling.eq8", "tool")
@implements("coupling.imbalance", "right")
@implements("beyond.uplink-detector", "right", "S")
def target_snr(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Signal-to-noise ratio :math:`S = N x/(u + N_0)` of the echo in the observation itself.

    The user's scattered channel is noise to the detector: only its mean is known. Every residual
    :math:`y - \sqrt{P_U T_u}\,\hat h` with a linear estimate from the same y has this S or less,
    whatever the gains; the matched filter attains it. Arguments as in :func:`lmmse_gains`. At a
    reflection of given :math:`|\zeta|^2` multiply by it.

    Claims: coupling.eq8, coupling.imbalance, beyond.uplink-detector.

    >>> float(target_snr(1.0, 0.5, 1.0, 64))
    16.0
    """
    return N * echo_energy / (user_energy + noise_power)


@public("[0, 1]")
@implements("coupling.eq8", "right", r"P_{D,k}")
def matched_detection_probability(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    detection_threshold: Quantity,
    cross_section: Quantity = 1.0,
) -> Quantity:
    r"""Detection probability of the matched filter, the best test on the observation.

    .. math:: Q_1\Big(\sqrt{\tfrac{2Nx|\zeta|^2}{u+N_0}}, \sqrt{2\epsilon_d}\Big)

    ``detection_threshold`` :math:`\epsilon_d \ge 0` is that of the log-likelihood ratio, ``cross_section``
    :math:`|\zeta|^2 \ge 0`; the rest as in :func:`target_snr`. Arrays broadcast; accuracy of
    :func:`isacnb.special.marcum.marcum_q`.

    Claim: coupling.eq8.

    At the paper's settings, user at 25 m and target at 10 m, printed and right:

    >>> from isacnb.coupling.printed import detection_probability_printed
    >>> p = CouplingParameters.paper()
    >>> case = (*UplinkLink.at(p, 25.0, 10.0).energies, 64, p.detection_threshold)
    >>> functions = (detection_probability_printed, matched_detection_probability)
    >>> print(*(f"{f(*case):.3e}" for f in functions))
    9.367e-01 4.148e-08
    """
    snr = target_snr(user_energy, echo_energy, noise_power, N)
    return detection_probability(snr * cross_section, detection_threshold)


@public("[0, inf)")
@implements("coupling.eq8", "right", r"\epsilon")
def residual_threshold(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    detection_threshold: Quantity,
) -> Quantity:
    r"""Log-likelihood-ratio threshold that the paper's test on its residual amounts to.

    The residual is :math:`r = (1-c)(y - E y)`, of variance :math:`(1-c)^2(u + N_0)` an element if no
    target is there, but the paper divides by :math:`N_0 + u(1-c)`. Its threshold acts as

    .. math:: \epsilon_d\,\frac{N_0 + u(1-c)}{(1-c)^2 (u + N_0)}
              \;\to\; \epsilon_d\,\frac{u + x}{x} \quad (N_0 = 0).

    ``echo_energy`` and ``noise_power`` must not both be 0: the residual is then 0. The rest as in
    :func:`paper_gain`; the value is never below the ``detection_threshold`` >= 0.

    Claim: coupling.eq8.

    At the paper's settings, user at 25 m and target at 10 m: what 63.1 amounts to.

    >>> p = CouplingParameters.paper()
    >>> energies = UplinkLink.at(p, 25.0, 10.0).energies
    >>> print(f"{residual_threshold(*energies, p.detection_threshold):.2f}")
    302.18
    """
    rest = residual_share(user_energy, echo_energy, noise_power)
    assumed = noise_power + user_energy * rest
    return detection_threshold * assumed / (rest**2 * (user_energy + noise_power))


@public("[0, 1]")
@implements("coupling.eq8", "right", "P_{D,k}, printed test")
@implements("coupling.fig2", "right")
def residual_detection_probability(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
    detection_threshold: Quantity,
    cross_section: Quantity = 1.0,
) -> Quantity:
    r"""True detection probability of the paper's own test on its own residual.

    .. math:: Q_1\Big(\sqrt{\tfrac{2Nx|\zeta|^2}{u+N_0}},
              \sqrt{2\epsilon_d\tfrac{N_0+u\varrho}{\varrho^2(u+N_0)}}\Big)

    with :math:`\varrho = 1-c` of :func:`nmse_paper`: S of :func:`target_snr`, the threshold of
    :func:`residual_threshold`. Arguments as there, ``cross_section`` :math:`|\zeta|^2 \ge 0`.

    Claims: coupling.eq8, coupling.fig2.

    At the paper's settings with 16 antennas and a threshold of 0 dB, user at 25 m and target at
    10 m, printed and right:

    >>> from isacnb.coupling.printed import detection_probability_printed
    >>> case = (*UplinkLink.at(CouplingParameters.paper(N=16), 25.0, 10.0).energies, 16, 1.0)
    >>> functions = (detection_probability_printed, residual_detection_probability)
    >>> print(*(f"{f(*case):.6f}" for f in functions))
    0.999998 0.000024
    """
    snr = target_snr(user_energy, echo_energy, noise_power, N)
    effective = residual_threshold(user_energy, echo_energy, noise_power, detection_threshold)
    return detection_probability(snr * cross_section, effective)


@public("[0, 1]")
@implements("coupling.eq8", "exact")
def residual_false_alarm_probability(
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    detection_threshold: Quantity,
) -> Quantity:
    r"""True false-alarm probability :math:`e^{-\epsilon'}` of the paper's test.

    The threshold :math:`\epsilon'` is that of :func:`residual_threshold`; arguments as there. The
    paper's test is meant to have :func:`isacnb.signals.detection.false_alarm_probability`.

    Claim: coupling.eq8.

    At the paper's settings with a threshold of 0 dB, user at 25 m and target at 10 m, meant and
    true:

    >>> energies = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0).energies
    >>> true = residual_false_alarm_probability(*energies, 1.0)
    >>> print(f"{false_alarm_probability(1.0):.4g} {true:.4g}")
    0.3679 0.008318
    """
    effective = residual_threshold(user_energy, echo_energy, noise_power, detection_threshold)
    return false_alarm_probability(effective)


@public
@implements("coupling.residual-law", "right", r"\boldsymbol r_{P,k}^{\mathrm H}\boldsymbol a_N")
def residual_projection_law(
    reflection_coefficient: Quantity,
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
    N: Quantity,
) -> tuple[Quantity, Quantity]:
    r"""Mean and variance of the projected residual :math:`r^Ha` under H1, given the reflection.

    .. math:: (1-c)\sqrt x\,\zeta^*N, \qquad (1-c)^2(u+N_0)N, \qquad c = \tfrac{u}{u+x+N_0}

    It is complex normal. ``reflection_coefficient`` is the complex :math:`\zeta`; the rest as in
    :func:`target_snr`. Arrays broadcast, symbols pass.

    Claim: coupling.residual-law.

    At the paper's settings, user at 25 m and target at 10 m, the squared mean over the variance:

    >>> from isacnb.coupling.printed import residual_projection_law_printed
    >>> energies = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0).energies
    >>> for law in (residual_projection_law_printed, residual_projection_law):
    ...     mean, variance = law(1.0, *energies, 64)
    ...     print(f"{mean**2 / variance:.2f}")
    80.89
    16.89
    """
    rest = nmse_paper(user_energy, echo_energy, noise_power)
    root = arithmetic(user_energy, echo_energy, noise_power).sqrt(echo_energy)
    mean = rest * root * np.conjugate(reflection_coefficient) * N
    return mean, rest**2 * (user_energy + noise_power) * N


@public
@implements("coupling.eq6", "right", r"\Lambda(\boldsymbol r_{P,k})")
def log_likelihood_ratio(
    residual: np.ndarray,
    echo_mean: np.ndarray,
    user_energy: Quantity,
    echo_energy: Quantity,
    noise_power: Quantity,
) -> Quantity:
    r"""Log-likelihood ratio of the residual of the paper's estimate, given the echo.

    .. math:: \frac{\|r\|^2-\|r-(1-c)s\|^2}{(1-c)^2(u+N_0)}, \qquad c = \tfrac{u}{u+x+N_0}

    Parameters
    ----------
    residual : :math:`r = y - \sqrt{P_UT_u}\,\hat h` with the estimate
        :func:`isacnb.coupling.uplink_system.estimate_paper`, complex, shape (..., N)
    echo_mean : :math:`s = \sqrt{P_TT_uN\beta_t}\,\zeta a`, complex, shape (N,)
    user_energy, echo_energy, noise_power : u > 0, x >= 0, :math:`N_0 \ge 0`, x and :math:`N_0` not
        both 0

    Returns real values of shape (...); arrays of symbols pass. Raises ``ValueError`` where x and
    :math:`N_0` are both 0.

    Claim: coupling.eq6.

    At the paper's settings with 16 antennas, user at 25 m and target at 10 m, for a residual equal
    to the echo that is left, printed and right:

    >>> from isacnb.coupling.printed import log_likelihood_ratio_printed
    >>> link = UplinkLink.at(CouplingParameters.paper(N=16), 25.0, 10.0)
    >>> s = np.sqrt(link.energies.echo_energy) * link.steering
    >>> r = nmse_paper(*link.energies) * s
    >>> for ratio in (log_likelihood_ratio_printed, log_likelihood_ratio):
    ...     print(f"{ratio(r, s, *link.energies):.3f}")
    -14.943
    1.056
    """
    rest = residual_share(user_energy, echo_energy, noise_power)
    left = squared_norm(residual) - squared_norm(residual - rest * np.asarray(echo_mean))
    return left / (rest**2 * (user_energy + noise_power))


@public(quality="[0, 1)")
@implements("coupling.eq7", "right", r"\widehat\varpi_k")
def reflection_estimate(
    residual: np.ndarray,
    steering: np.ndarray,
    target_power: Quantity,
    pilot_length: Quantity,
    quality: Quantity,
) -> Quantity:
    r"""Maximum-likelihood estimate of :math:`\varpi = \sqrt{\beta_t}\,\zeta` from the residual.

    .. math:: \frac{a^Hr}{(1-c)\sqrt{P_TT_uN}\,N}

    Parameters
    ----------
    residual : r, complex, shape (..., N), of the paper's estimate
    steering : a of squared norm N, complex, shape (N,)
    target_power, pilot_length : P_T > 0 in watts, T_u >= 1 symbols
    quality : c in [0, 1), the :func:`paper_gain`

    Returns shape (...); symbols pass.

    Claim: coupling.eq7.

    At the paper's settings, user at 25 m and target at 10 m, the mean of the printed and of the
    right estimate over the true value:

    >>> from isacnb.coupling.printed import reflection_estimate_printed
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> gain, a = paper_gain(*link.energies), link.steering
    >>> r = (1 - gain) * np.sqrt(link.energies.echo_energy) * a
    >>> printed = reflection_estimate_printed(r, a, link.user_power, 64)
    >>> right = reflection_estimate(r, a, link.target_power, 64, gain)
    >>> [round(float(abs(guess) / np.sqrt(link.target_path_loss)), 4) for guess in (printed, right)]
    [0.066, 1.0]
    """
    residual, steering = np.asarray(residual), np.asarray(steering)
    N = steering.shape[-1]
    amplitude = arithmetic(target_power, pilot_length).sqrt(target_power * pilot_length * N)
    return residual @ steering.conj() / (amplitude * N * (1 - quality))


@dataclass(frozen=True, eq=False)
class UplinkLink:
    """One pair of user and target that share a pilot, as the base station knows it.

    Parameters
    ----------
    user_power, target_power : P_U, P_T > 0
    pilot_length : T_u >= 1
    noise_power : N_0 >= 0
    scattered_gain : mu > 0
    rician_factor : kappa >= 0
    target_path_loss : beta_t >= 0
    line_of_sight : h-bar, complex (N,)
    steering : a_N(theta) of the target, complex (N,), squared norm N

    Raises ``ValueError`` for anything else. :meth:`at` builds one from settings and a geometry.

    >>> link = UplinkLink.at(CouplingParameters.paper(N=16), 25.0, 10.0)
    >>> print(f"{link.energies.echo_energy / link.energies.user_energy:.4f}")
    0.0660
    """

    user_power: Quantity
    target_power: Quantity
    pilot_length: Quantity
    noise_power: Quantity
    scattered_gain: Quantity
    rician_factor: Quantity
    target_path_loss: Quantity
    line_of_sight: np.ndarray
    steering: np.ndarray

    def __post_init__(self):
        check_fields(self)
        for field in dataclasses.fields(self):
            if field.name not in ("line_of_sight", "steering"):
                object.__setattr__(
                    self, field.name, one_number(field.name, getattr(self, field.name))
                )
        if self.steering.ndim != 1 or self.steering.shape != self.line_of_sight.shape:
            raise ValueError(
                f"steering and line_of_sight must be vectors of one length, got shapes "
                f"{self.steering.shape} and {self.line_of_sight.shape}"
            )
        if abs(np.vdot(self.steering, self.steering).real / self.N - 1) > 1e-9:
            raise ValueError("steering must have squared norm N, got another one")

    @classmethod
    @public
    def at(
        cls,
        parameters: CouplingParameters,
        user_distance: float,
        target_distance: float,
        user_angle: float = 0.3,
        target_angle: float = -0.5,
    ) -> "UplinkLink":
        """Link for a user and a target at given distances (m > 0) and angles (rad).

        The line of sight of the user is the steering vector of its angle.
        """
        return cls.with_gains(
            parameters,
            parameters.scattered_gain(user_distance),
            parameters.target_path_loss(target_distance),
            steering_vector(user_angle, parameters.N),
            target_angle,
        )

    @classmethod
    @public
    def with_gains(
        cls,
        parameters: CouplingParameters,
        scattered_gain: float,
        target_path_loss: float,
        line_of_sight: np.ndarray | None = None,
        target_angle: float = -0.5,
    ) -> "UplinkLink":
        """Link for given path gains; powers, pilots, noise and Rician factor are the settings'.

        Without a ``line_of_sight`` the user is seen in broadside.
        """
        p = parameters
        sight = steering_vector(0.0, p.N) if line_of_sight is None else line_of_sight
        return cls(
            user_power=p.user_power,
            target_power=p.target_power,
            pilot_length=p.pilot_length,
            noise_power=p.noise_power,
            scattered_gain=scattered_gain,
            rician_factor=p.rician_factor,
            target_path_loss=target_path_loss,
            line_of_sight=sight,
            steering=steering_vector(target_angle, p.N),
        )

    def replace(self, **changes) -> "UplinkLink":
        """Copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    @property
    def N(self) -> int:
        """Number of antennas."""
        return len(self.steering)

    @property
    def amplitude_user(self) -> float:
        """sqrt(P_U T_u), what the channel is multiplied by."""
        return float(np.sqrt(self.user_power * self.pilot_length))

    @property
    def mean_channel(self) -> np.ndarray:
        """E h, the known line-of-sight part."""
        return user_channel(self.line_of_sight, 0.0, self.scattered_gain, self.rician_factor)

    @property
    def energies(self) -> Energies:
        """What the closed forms depend on: u, x and N_0."""
        return Energies(
            self.user_power * self.pilot_length * self.scattered_gain,
            self.target_power * self.pilot_length * self.N * self.target_path_loss,
            self.noise_power,
        )

    @property
    def alignment(self) -> float:
        """|a^H h-bar|^2 / N, the argument of :func:`mean_ratio_nmse`."""
        return float(np.abs(np.vdot(self.steering, self.line_of_sight)) ** 2 / self.N)


def squared_norm(vectors: np.ndarray) -> np.ndarray:
    """Squared norms along the last axis, of numbers or symbols."""
    vectors = np.asarray(vectors)
    if vectors.dtype == object:
        return (vectors * vectors.conj()).sum(axis=-1)
    return (vectors.real**2 + vectors.imag**2).sum(axis=-1)


def residual_share(user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity) -> Quantity:
    """1 - c, the part of the observation that the residual keeps; 0 leaves nothing to test."""
    rest = nmse_paper(user_energy, echo_energy, noise_power)
    if np.any(np.asarray(rest == 0)):
        raise ValueError("echo_energy must be > 0 where noise_power is 0, got 0")
    return rest
