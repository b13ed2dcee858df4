r"""Sensing in the downlink of the coupling paper: echo, Fisher information and angle bound.

The base station sends X (:func:`isacnb.coupling.downlink_system.transmit_matrix`) and hears
:math:`Y = \varpi\,a a^H X + N`. The signal enters the bound on the angle through the correlation
:math:`R = X X^H` alone, by three traces with :math:`A = a a^H` and its derivative
:math:`\breve A = \breve a a^H + a\breve a^H` (:class:`Traces`):

.. math:: C = \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
          - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}.

Three levels, from the system up:

- signals: :func:`echo`, and the bound by differentiation in :mod:`isacnb.signals.fisher`;
- one realisation of the precoders: :func:`traces` of any R, :func:`beam_traces` for orthogonal
  streams without any N x N matrix;
- the mean over the channel estimates of a :class:`Transmission`: :func:`mean_traces` (Lemma 3 put
  right; as printed it is :func:`isacnb.coupling.printed.mean_traces_printed`). The bound of the
  mean correlation lies **below** the mean bound, because the bound is a convex function of R.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_memory
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
from .uplink import paper_gain

__all__ = [
    "Traces",
    "Transmission",
    "array_gap",
    "beam_traces",
    "correlation_matrix",
    "crb",
    "crb_large_array",
    "derivative_trace",
    "derivative_trace_large_array",
    "draw_echo",
    "draw_estimates",
    "echo",
    "information_matrix",
    "mean_correlation_matrix",
    "mean_traces",
    "mixed_information",
    "mixed_trace",
    "monostatic_derivative",
    "root_crb_sum",
    "sine_gap",
    "steering_trace",
    "steering_trace_large_array",
    "traces",
    "user_products",
]


@dataclass(frozen=True)
class Traces:
    r"""The three traces through which a transmission enters the bound on the angle.

    Parameters
    ----------
    steering : :math:`\mathrm{tr}(A R A^H)`, real, >= 0 up to rounding
    mixed : :math:`\mathrm{tr}(A R\breve A^H)`, complex
    derivative : :math:`\mathrm{tr}(\breve A R\breve A^H)`, real, >= 0 up to rounding

    All have the unit of R, watts times symbols, or are shares of it. Numbers, arrays of one shape,
    or symbols.
    """

    steering: Quantity
    mixed: Quantity
    derivative: Quantity

    @property
    def effective(self) -> Quantity:
        """What is left of the derivative trace when the reflection is unknown.

        nan where nothing reaches the target.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.derivative - _square(self.mixed) / self.steering

    def scaled(self, factor: Quantity) -> "Traces":
        """All three traces times a factor, such as the energy P T_d."""
        return Traces(*(factor * getattr(self, f.name) for f in dataclasses.fields(self)))


@dataclass(frozen=True, eq=False)
class Transmission:
    r"""One downlink transmission as the target sees it, in the mean over the channel estimates.

    It is what (C1) leaves of the beams: each user's by its line of sight and the share of
    scattering in its estimate, the target's by the array.

    Parameters
    ----------
    target_angle : theta in radians, in [-pi/2, pi/2]
    user_product : :math:`g_k = a^H(\theta)\bar h_k` of each user, complex
    user_slope : :math:`q_k = \breve a^H(\theta)\bar h_k` of each user, complex, per radian
    specular_gain : :math:`\mu_k\kappa_k \ge 0` of each user
    estimate_variance : :math:`\phi_k \ge 0` of each user, not 0 where the specular gain is
    data_share : rho in [0, 1], the share of the downlink power for data
    N : number of antennas, a whole number >= 1
    line_of_sight_power : :math:`\|\bar h_k\|^2 \ge 0` of each user; None stands for N, that of a
        single path
    energy : P T_d > 0 in watts times symbols; 1 makes P T_d the unit of all traces

    What belongs to the users has them along its last axis, K in each; an empty one means that there
    are none. The other axes, and the other quantities, broadcast. Numbers, arrays, mpmath numbers
    and symbols are welcome. Raises ``ValueError`` for anything else.

    One user in the target's own direction, and the sum (C2) of the power that reaches the target:

    >>> case = Transmission(0.0, [4.0], [0.0], [1.0], [0.0], data_share=0.5, N=4)
    >>> print(steering_trace(case))  # 16 from the user's beam and 16 from the target's, half each
    16.0
    """

    target_angle: Quantity
    user_product: Quantity
    user_slope: Quantity
    specular_gain: Quantity
    estimate_variance: Quantity
    data_share: Quantity
    N: Quantity
    line_of_sight_power: Quantity | None = None
    energy: Quantity = 1

    def __post_init__(self):
        given = dict(vars(self))
        check_fields(self)
        if not is_numeric(*_objects(*vars(self).values())):
            # a symbol times 1.0 is not exact
            for name, value in given.items():
                kept = np.asarray(value, dtype=object) if np.ndim(value) else value
                object.__setattr__(self, name, kept)
        self._check_users()

    def _check_users(self):
        users = ("user_product", "user_slope", "specular_gain", "estimate_variance")
        if self.line_of_sight_power is not None:
            users = (*users, "line_of_sight_power")
        shapes = {name: np.shape(getattr(self, name)) for name in users}
        if len({shape[-1:] for shape in shapes.values()}) > 1 or () in shapes.values():
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(f"all must have the same users along their last axis, got {listed}")
        gain, variance = self.specular_gain, self.estimate_variance
        if _is_plain(gain) and _is_plain(variance) and np.any(gain + variance == 0):
            raise ValueError("specular_gain and estimate_variance must not both be 0")

    @classmethod
    @public
    def from_angles(
        cls,
        target_angle: Quantity,
        user_angle: Quantity,
        specular_gain: Quantity,
        estimate_variance: Quantity,
        data_share: Quantity,
        N: Quantity,
        *,
        energy: Quantity = 1,
    ) -> "Transmission":
        """Users whose lines of sight are single paths, from the directions ``user_angle``.

        In radians, the users along the last axis; the rest as in :class:`Transmission`.
        """
        target, size = (_beside_users(value) for value in (target_angle, N))
        products = user_products(target, user_angle, size)
        powers = specular_gain, estimate_variance
        return cls(target_angle, *products, *powers, data_share, N, energy=energy)

    @classmethod
    @public
    def from_lines_of_sight(
        cls,
        target_angle: Quantity,
        line_of_sight: np.ndarray,
        specular_gain: Quantity,
        estimate_variance: Quantity,
        data_share: Quantity,
        *,
        energy: Quantity = 1,
    ) -> "Transmission":
        r"""Users with any lines of sight :math:`\bar h_k`, rows of shape (K, N).

        ``target_angle`` is one angle; the rest as in :class:`Transmission`.
        """
        lines = np.asarray(line_of_sight)
        N = lines.shape[-1]
        return cls(
            target_angle,
            lines @ np.conjugate(steering_vector(target_angle, N)),
            lines @ np.conjugate(steering_derivative(target_angle, N)),
            specular_gain,
            estimate_variance,
            data_share,
            N,
            np.sum(_square(lines), axis=-1),
            energy,
        )

    @classmethod
    @public
    def at_mean_distances(
        cls, parameters: CouplingParameters, target_angle: float, user_angle: Quantity
    ) -> "Transmission":
        """Users and targets at their mean distances, in units of P T_d.

        ``user_angle`` in radians, one for each of the K users, whose pilots they share with the K
        targets; the k-th distances are those of :func:`isacnb.probability.poisson.mean_distance`,
        the variances those of the paper's estimator. Raises ``ValueError`` for another number of
        angles.

        >>> case = Transmission.at_mean_distances(CouplingParameters.paper(K=2), 0.0, [0.3, -0.4])
        >>> print(case.line_of_sight_share.round(4))
        [0.533  0.5111]
        """
        p = parameters
        if np.shape(user_angle) != (p.K,):
            raise ValueError(f"user_angle must have shape ({p.K},), got {np.shape(user_angle)}")
        ranks = np.arange(1, p.K + 1)
        distance = mean_distance(ranks, p.user_density)
        echo = p.echo_energy(mean_distance(ranks, p.target_density))
        mu = p.scattered_gain(distance)
        variance = mu * paper_gain(p.user_energy(distance), echo, p.noise_power)
        gain = mu * p.rician_factor
        return cls.from_angles(target_angle, user_angle, gain, variance, p.data_share, p.N)

    @property
    def line_of_sight_share(self) -> Quantity:
        r"""Weight of each user's line of sight, :math:`\mu_k\kappa_kN/(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)`.

        It is the share of the line of sight in the user's beam where its squared norm is N.
        """
        return self._shared(self.specular_gain)

    @property
    def scattered_share(self) -> Quantity:
        r"""Share of scattering in a user's beam, :math:`\phi_kN/(\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN)`."""
        return self._shared(self.estimate_variance)

    def _shared(self, part):
        if self.line_of_sight_power is None:
            return part / (self.specular_gain + self.estimate_variance)
        N = _beside_users(self.N)
        power = self.specular_gain * self.line_of_sight_power
        return N * part / (power + N * self.estimate_variance)


@public
@implements("coupling.eq16", "right")
@implements("coupling.eq17", "right")
def echo(target_angle: float, reflection: complex, transmitted: np.ndarray) -> np.ndarray:
    r"""Noiseless echo of one target.

    .. math:: \varpi\,a(\theta)a^H(\theta)X

    Parameters
    ----------
    target_angle : theta in radians
    reflection : varpi, the reflection coefficient with the path loss
    transmitted : X of shape (..., N, T), in square roots of watts

    Returns the shape and unit of X. Stacked by columns it is the signal of (17). Source: coupling
    paper, (16).

    Claims: coupling.eq16, coupling.eq17.

    Two antennas that send one symbol to a target broadside, whose reflection halves it:

    >>> echo(0.0, 0.5, np.ones((2, 1))).real
    array([[1.],
           [1.]])
    """
    transmitted = np.asarray(transmitted)
    steering = steering_vector(target_angle, transmitted.shape[-2])
    return reflection * steering[:, None] * (steering.conj() @ transmitted)[..., None, :]


@public
@implements("coupling.eq17", "system")
def draw_echo(
    rng: np.random.Generator,
    target_angle: float,
    reflection: complex,
    transmitted: np.ndarray,
    noise_power: float,
    size: int = 1,
) -> np.ndarray:
    """Received matrices: the echo in circular white noise.

    Parameters
    ----------
    rng : source of the noise
    target_angle, reflection, transmitted : as in :func:`echo`
    noise_power : N_0 >= 0 in watts, of each entry
    size : number of matrices

    Returns shape (size, N, T). Raises ``ValueError`` for more than fits. Source: coupling paper,
    (16).

    Claim: coupling.eq17.

    >>> drawn = draw_echo(np.random.default_rng(1), 0.0, 0.5, np.ones((2, 1)), 0.1, 50_000)
    >>> print(drawn.mean(axis=0).real.round(2).ravel(), drawn.var().round(2))
    [1. 1.] 0.1
    """
    clean = echo(target_angle, reflection, transmitted)
    check_memory((size, *clean.shape))
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
    r"""Channel estimates :math:`\hat h_k \sim \mathcal{CN}(\sqrt{\mu_k\kappa_k}\,\bar h_k, \phi_k I)`.

    Parameters
    ----------
    rng : source of the estimates
    size : number of draws
    line_of_sight : rows of squared norm N, shape (K, N)
    specular_gain, estimate_variance : mu kappa and phi, shape (K,) or one number

    Returns shape (size, K, N). This is the law that the paper states (Section 3.1). Raises
    ``ValueError`` for other shapes, and for more than fits.

    Claim: coupling.C1.

    >>> drawn = draw_estimates(np.random.default_rng(1), 20_000, np.ones((1, 4)), 2.0, 0.5)
    >>> print(np.mean(np.sum(abs(drawn) ** 2, axis=-1)).round(1))  # N (mu kappa + phi)
    10.0
    """
    line_of_sight = np.asarray(line_of_sight)
    if line_of_sight.ndim != 2:
        raise ValueError(f"line_of_sight must have shape (K, N), got {line_of_sight.shape}")
    check_memory((size, *line_of_sight.shape))
    mean, spread = (
        np.broadcast_to(np.sqrt(power), line_of_sight.shape[:1])[:, None]
        for power in (specular_gain, estimate_variance)
    )
    return mean * line_of_sight + spread * complex_normal(rng, (size, *line_of_sight.shape))


@public
@implements("coupling.fim-blocks", "right", r"\breve{\boldsymbol A}(\theta_l)")
def monostatic_derivative(target_angle: Quantity, N: int) -> np.ndarray:
    r"""Derivative :math:`\breve A = \breve a a^H + a\breve a^H` of the target's response, (N, N).

    ``target_angle`` in radians; one number, or a symbol. Raises ``ValueError`` for more antennas
    than fit. Source: coupling paper, after (18).

    Claim: coupling.fim-blocks.

    Two antennas that look at a target broadside:

    >>> monostatic_derivative(0.0, 2).imag.round(4)
    array([[ 0.    , -3.1416],
           [ 3.1416,  0.    ]])
    """
    check_memory((N, N))
    a, slope = steering_vector(target_angle, N), steering_derivative(target_angle, N)
    return np.outer(slope, a.conj()) + np.outer(a, slope.conj())


@public
@implements("coupling.fim-blocks", "tool")
def traces(target_angle: Quantity, correlation: np.ndarray) -> Traces:
    r"""The three traces of a correlation matrix, by their definition.

    .. math:: \mathrm{tr}(A R A^H),\qquad \mathrm{tr}(A R\breve A^H),\qquad
              \mathrm{tr}(\breve A R\breve A^H)

    Matrices are multiplied as printed, so that arrays of symbols pass as well.

    Parameters
    ----------
    target_angle : theta in radians, one number or a symbol
    correlation : R, shape (N, N), in watts times symbols

    Raises ``ValueError`` for another shape. Source: coupling paper, after (18).

    Claim: coupling.fim-blocks.

    White signals of unit power reach the target with :math:`N^2`:

    >>> print(traces(0.3, np.eye(4)).steering.round(12))
    16.0
    """
    correlation = np.asarray(correlation)
    N = correlation.shape[-1]
    if correlation.shape != (N, N):
        raise ValueError(f"correlation must be a square matrix, got shape {correlation.shape}")
    a = steering_vector(target_angle, N)
    matrix, changed = np.outer(a, a.conj()), monostatic_derivative(target_angle, N)
    return Traces(
        _real(np.trace(matrix @ correlation @ matrix.conj().T)),
        np.trace(matrix @ correlation @ changed.conj().T),
        _real(np.trace(changed @ correlation @ changed.conj().T)),
    )


@public
@implements("coupling.C2", "exact")
@implements("coupling.C4", "exact")
@implements("coupling.C5", "exact")
def beam_traces(target_angle: float, beams: np.ndarray, beam_energy: Quantity) -> Traces:
    r"""The three traces of :math:`R = \sum_b p_b w_b w_b^H`, beams with orthogonal streams.

    :math:`A` is the same for any phase reference of the array, so the derivative may be taken with
    the centred one, which is orthogonal to a:

    .. math:: N\,a^HRa, \qquad N\,a^HR\breve a, \qquad
              \|\breve a\|^2\,a^HRa + N\,\breve a^HR\breve a.

    Parameters
    ----------
    target_angle : theta in radians, one number
    beams : rows w_b, shape (..., B, N)
    beam_energy : p_b, shape (..., B), in watts times symbols

    No N x N matrix is made. Rounding leaves about 13 digits of each trace. Derived.

    Claims: coupling.C2, coupling.C4, coupling.C5.

    The traces of their correlation matrix:

    >>> beams, power = np.array([[1.0, 2.0j, 0.0], [0.5, 0.5, 0.5]]), [2.0, 3.0]
    >>> R = (beams.T * power) @ beams.conj()
    >>> for parts in (beam_traces(0.3, beams, power), traces(0.3, R)):
    ...     print(f"{parts.steering:.6f} {parts.mixed:.6f} {parts.derivative:.6f}")
    60.088391 -2.193444-46.843883j 466.854082
    60.088391 -2.193444-46.843883j 466.854082
    """
    beams = np.asarray(beams)
    N = beams.shape[-1]
    places = element_positions(N, centred=True)
    # the beams are given for the first element as reference: turn the phases to the middle
    turned = steering_vector(target_angle, N)
    reach = beams @ turned.conj()
    slope = -1j * np.pi * np.cos(target_angle) * (beams @ (places * turned.conj()))
    steering = np.sum(beam_energy * np.abs(reach) ** 2, axis=-1)
    length = np.pi**2 * np.cos(target_angle) ** 2 * np.sum(places**2)
    return Traces(
        N * steering,
        N * np.sum(beam_energy * reach * slope.conj(), axis=-1),
        length * steering + N * np.sum(beam_energy * np.abs(slope) ** 2, axis=-1),
    )


@public(noise_power="(0, inf)")
@implements("coupling.fim-blocks", "right")
def information_matrix(
    target_angle: Quantity, reflection: Quantity, correlation: np.ndarray, noise_power: Quantity
) -> np.ndarray:
    r"""Fisher information of angle, real and imaginary part of the reflection, shape (3, 3).

    .. math:: F_{\theta\theta} = \tfrac{2|\varpi|^2}{N_0}\mathrm{tr}(\breve A R\breve A^H),\quad
              F_{\theta\varpi} = \tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)
              [1,\ j]\},\quad F_{\varpi\varpi} = \tfrac2{N_0}\mathrm{tr}(A R A^H)\,I.

    The row [1, j] is missing in print. Source: coupling paper, after (18).

    Parameters
    ----------
    target_angle, correlation : as in :func:`traces`
    reflection : varpi, the reflection coefficient with the path loss, one number or a symbol
    noise_power : N_0 > 0 in watts

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
    parts = traces(target_angle, correlation)
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
    r"""Information shared by the angle and the two parts of the reflection, shape (2, ...).

    .. math:: F_{\theta\varpi} = \tfrac2{N_0}\mathrm{Re}\{\varpi^*\mathrm{tr}(A R\breve A^H)[1,\ j]\}

    Parameters
    ----------
    parts : traces of R
    reflection : varpi, the reflection coefficient with the path loss, complex
    noise_power : N_0 > 0 in watts

    Arrays broadcast, symbols pass.

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
    row = np.conjugate(reflection) * parts.mixed
    return 2 / noise_power * np.array([_real(row), -_imaginary(row)])


@public("[0, inf]")
@implements("coupling.eq19", "right", "second line")
@implements("coupling.lem3", "right", r"C_l(\theta_l)")
@implements("foundation.unknown-reflection", "right")
def crb(parts: Traces, reflection_power: Quantity, noise_power: Quantity) -> Quantity:
    r"""Cramér–Rao bound of the angle in square radians, with unknown reflection.

    .. math:: \frac{N_0}{2|\varpi|^2}\Big[\mathrm{tr}(\breve A R\breve A^H)
              - \frac{|\mathrm{tr}(A R\breve A^H)|^2}{\mathrm{tr}(A R A^H)}\Big]^{-1}

    Parameters
    ----------
    parts : traces of R itself, in watts times symbols (those of a :class:`Transmission` of energy 1
        want the factor P T_d)
    reflection_power : :math:`|\varpi|^2 > 0`
    noise_power : N_0 >= 0 in watts

    Arrays broadcast, symbols pass. Infinite for one antenna; undefined, and so a ``ValueError``,
    where nothing reaches the target. Source: coupling paper, (19).

    Claims: coupling.eq19, coupling.lem3, foundation.unknown-reflection.

    The case of :func:`steering_trace`, reflection :math:`\sqrt{\beta_t}` of the fourth target at its
    mean distance, bound in square radians with Lemma 3 as printed and right:

    >>> from isacnb.coupling.printed import mean_traces_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> from isacnb.probability.poisson import mean_distance
    >>> p = CouplingParameters.paper()
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(p, target, users)
    >>> beta = p.target_path_loss(mean_distance(4, p.target_density))
    >>> for parts in (mean_traces_printed(case), mean_traces(case)):
    ...     energy = p.downlink_power * p.data_length
    ...     print(f"{crb(parts.scaled(energy), beta, p.noise_power):.4e}")
    6.5655e-09
    6.5692e-09
    """
    with np.errstate(divide="ignore"):
        return noise_power / (2 * reflection_power * parts.effective)


@public
@implements("coupling.lem3", "tool")
def user_products(
    target_angle: Quantity, user_angle: Quantity, N: Quantity
) -> tuple[np.ndarray, np.ndarray]:
    r"""Products :math:`a^H(\theta)a(\varphi)` and :math:`\breve a^H(\theta)a(\varphi)`.

    Parameters
    ----------
    target_angle, user_angle : theta and varphi in radians
    N : number of antennas

    All three broadcast; of symbols, the users alone are a list. Phase reference at the first
    element, as in the paper. Closed forms, accurate to about 12 digits of N and of
    :math:`N^2\pi/2`, their greatest moduli.

    Claim: coupling.lem3.

    A user in the target's own direction:

    >>> product, slope = user_products(0.0, 0.0, 4)
    >>> print(product.real, (slope / np.pi).imag.round(12))
    4.0 -6.0
    """
    if not is_numeric(*_objects(target_angle, user_angle)):
        users = np.ravel(np.asarray(user_angle, dtype=object))
        product = [steering_product(target_angle, user, N) for user in users]
        slope = [steering_derivative_product(user, target_angle, N) for user in users]
        return np.array(product, dtype=object), np.conjugate(np.array(slope, dtype=object))
    target, users, sizes = np.broadcast_arrays(target_angle, user_angle, N)
    product = steering_product(target, users, sizes)
    slope = np.empty(sizes.shape, dtype=complex)
    for size in np.unique(sizes):
        here = sizes == size
        slope[here] = steering_derivative_product(users[here], target[here], int(size)).conj()
    return product, slope[()]


@public
@implements("coupling.C1", "right", "first line")
def correlation_matrix(
    estimate: np.ndarray,
    estimate_powers: Quantity,
    target_angle: Quantity,
    data_share: Quantity,
    energy: Quantity,
) -> np.ndarray:
    r"""Correlation :math:`XX^H` of one transmission with orthogonal streams, shape (..., N, N).

    .. math:: P T_d\Big[\rho\sum_k\frac{\hat h_k\hat h_k^H}{E\|\hat h_k\|^2}
              + (1-\rho)\frac{a(\theta)a^H(\theta)}N\Big]

    Parameters
    ----------
    estimate : rows :math:`\hat h_k`, shape (..., K, N)
    estimate_powers : :math:`E\|\hat h_k\|^2` > 0, shape (K,)
    target_angle : theta in radians, one number
    data_share : rho in [0, 1]
    energy : P T_d > 0 in watts times symbols

    Arrays of symbols pass. Raises ``ValueError`` for shapes that do not fit each other, and for
    more antennas than fit.

    Claim: coupling.C1.

    At the paper's settings, two users in the directions 0.3 and 0.32 whose estimates are their
    lines of sight, target at -0.5: the energy radiated at 0.3 over :math:`PT_d`, printed and right:

    >>> from isacnb.coupling.printed import correlation_matrix_printed
    >>> from isacnb.signals.arrays import steering_vector
    >>> lines = steering_vector(np.array([0.3, 0.32]), 64)
    >>> for f in (correlation_matrix_printed, correlation_matrix):
    ...     R = f(lines, [64.0, 64.0], -0.5, 0.5, 1.0)
    ...     print(f"{np.real(lines[0].conj() @ R @ lines[0]):.3f}")
    30.020
    39.741
    """
    estimate, powers = np.asarray(estimate), np.asarray(estimate_powers)
    if estimate.ndim < 2 or powers.shape != estimate.shape[-2:-1]:
        raise ValueError(
            "estimate must have shape (..., K, N) for estimate_powers (K,), got "
            f"{estimate.shape} and {powers.shape}"
        )
    check_memory((*estimate.shape[:-2], *estimate.shape[-1:] * 2))
    users = np.swapaxes(estimate / powers[:, None], -1, -2) @ np.conjugate(estimate)
    return _radiated(users, target_angle, data_share, energy)


@public
@implements("coupling.C1", "right", "mean")
def mean_correlation_matrix(
    line_of_sight: np.ndarray,
    specular_gain: Quantity,
    estimate_variance: Quantity,
    target_angle: Quantity,
    data_share: Quantity,
    energy: Quantity,
) -> np.ndarray:
    r"""Mean of :func:`correlation_matrix` over the estimates, shape (N, N).

    .. math:: P T_d\Big[\rho\sum_k\frac{\mu_k\kappa_k\bar h_k\bar h_k^H + \phi_kI}
              {\mu_k\kappa_k\|\bar h_k\|^2 + \phi_kN}
              + (1-\rho)\frac{a(\theta)a^H(\theta)}N\Big]

    Parameters
    ----------
    line_of_sight : rows :math:`\bar h_k`, shape (K, N)
    specular_gain, estimate_variance : mu kappa and phi, shape (K,); no estimate is 0
    target_angle, data_share, energy : as in :func:`correlation_matrix`, with its errors

    The estimates have the covariance phi I, as the paper states.

    Claim: coupling.C1.

    At the paper's settings, two users in the directions 0.3 and 0.32 with :math:`\mu\kappa=1` and
    :math:`\phi=0.5`, target at -0.5: the mean energy radiated at 0.3 over :math:`PT_d`, printed and
    right:

    >>> from isacnb.coupling.printed import mean_correlation_matrix_printed
    >>> from isacnb.signals.arrays import steering_vector
    >>> lines = steering_vector(np.array([0.3, 0.32]), 64)
    >>> for f in (mean_correlation_matrix_printed, mean_correlation_matrix):
    ...     R = f(lines, [1.0, 1.0], [0.5, 0.5], -0.5, 0.5, 1.0)
    ...     print(f"{np.real(lines[0].conj() @ R @ lines[0]):.3f}")
    20.347
    26.828
    """
    lines, gain, variance = map(np.asarray, (line_of_sight, specular_gain, estimate_variance))
    if lines.ndim != 2 or {gain.shape, variance.shape} != {lines.shape[:1]}:
        raise ValueError(
            "line_of_sight must have shape (K, N) for specular_gain and estimate_variance (K,), got "
            f"{lines.shape}, {gain.shape} and {variance.shape}"
        )
    N = lines.shape[-1]
    powers = gain * np.sum(_square(lines), axis=-1) + variance * N
    if _is_plain(powers) and np.any(powers == 0):
        raise ValueError(
            "specular_gain times squared norm and estimate_variance must not both be 0"
        )
    check_memory((N, N))
    users = np.swapaxes(lines * (gain / powers)[:, None], -1, -2) @ np.conjugate(lines)
    users = users + np.sum(variance / powers) * np.eye(N, dtype=int)
    return _radiated(users, target_angle, data_share, energy)


@public("[0, inf)")
@implements("coupling.lem3", "right", r"\Pi_{AA}^l")
@implements("coupling.C2", "right")
def steering_trace(transmission: Transmission) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(A R A^H)` of the mean correlation, :math:`\Pi_{AA}` of Lemma 3.

    .. math:: P T_d\Big[N\rho\sum_k\frac{\mu_k\kappa_k|a^H\bar h_k|^2}
        {\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} + \rho\sum_k\frac{\phi_kN^2}
        {\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} + (1-\rho)N^2\Big]

    Lemma 3 has :math:`\|\bar h_k\|^2 = N` and the unit :math:`P T_d`:

    .. math:: \Pi_{AA} = \rho\sum_k\frac{\mu_k\kappa_k|a^H\bar h_k|^2+\phi_kN}{\mu_k\kappa_k+\phi_k}
              + (1-\rho)N^2

    ``transmission`` may hold arrays, of whose users the sums are taken, or symbols. Returns watts
    times symbols, or the share of :math:`P T_d` if that is 1.

    Claims: coupling.lem3, coupling.C2.

    At the paper's settings, users and target at their mean distances, the users in the directions
    -50, -20, 10 and 35 degrees, the target at -35 degrees; Lemma 3 and (C2) as printed, and right:

    >>> from isacnb.coupling.printed import steering_trace_printed, steering_trace_c2_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> for f in (steering_trace_printed, steering_trace_c2_printed, steering_trace):
    ...     print(f"{f(case):.3f}")
    6033.227
    2115.781
    2113.010
    """
    t = transmission
    _, N, _ = _array(t)
    users = np.sum(t.line_of_sight_share * _square(t.user_product), axis=-1)
    users = users + N * np.sum(t.scattered_share, axis=-1)
    return t.energy * (t.data_share * users + (1 - t.data_share) * N**2)


@public
@implements("coupling.lem3", "right", r"\Pi_{A\breve A}^l")
@implements("coupling.C4", "right")
@implements("coupling.D7", "tool")
def mixed_trace(transmission: Transmission) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(A R\breve A^H)` of the mean correlation, complex.

    .. math:: P T_d\,\rho\sum_k\frac{\mu_k\kappa_k\big(N g_kq_k^*
        - \tfrac{N(N-1)}2j\pi\cos\theta\,|g_k|^2\big)}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN},
        \qquad g_k = a^H\bar h_k,\quad q_k = \breve a^H\bar h_k

    Its squared modulus is :math:`\Pi_{A\breve A}^{\mathrm{square}}` of Lemma 3, put right:

    .. math:: \Pi_{A\breve A}^{\mathrm{square}} = \rho^2\Big|\sum_k\frac{\mu_k\kappa_k(g_kq_k^*
        - \tfrac{N-1}2j\pi\cos\theta\,|g_k|^2)}{\mu_k\kappa_k+\phi_k}\Big|^2

    ``transmission`` and the unit as in :func:`steering_trace`.

    Claims: coupling.lem3, coupling.C4, coupling.D7.

    The case of :func:`steering_trace`, Lemma 3 and (C4) as printed, and right:

    >>> from isacnb.coupling.printed import mixed_trace_printed, mixed_trace_c4_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> for f in (mixed_trace_printed, mixed_trace_c4_printed, mixed_trace):
    ...     print(f"{abs(f(case)):.3f}")
    284.606
    446.835
    79.926
    """
    t = transmission
    ns, N, s = _array(t)
    steering, mixed, _ = _user_sums(t)
    return t.energy * t.data_share * (mixed - ns.j * s * (N - 1) * steering / 2)


@public("[0, inf)")
@implements("coupling.lem3", "right", r"\Pi_{\breve A\breve A}^l")
@implements("coupling.C5", "right")
def derivative_trace(transmission: Transmission) -> Quantity:
    r"""Trace :math:`\mathrm{tr}(\breve A R\breve A^H)` of the mean correlation.

    .. math::
        &P T_d\,\rho\sum_k\frac{\mu_k\kappa_k\big(\|\breve a\|^2|g_k|^2 + N|q_k|^2
          + 2\mathrm{Re}\{(a^H\breve a)g_kq_k^*\}\big)}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN} \\
        &+ P T_d\,\rho\tfrac{N^2(N^2-1)}6\pi^2\cos^2\theta
          \sum_k\frac{\phi_k}{\mu_k\kappa_k\|\bar h_k\|^2+\phi_kN}
          + P T_d(1-\rho)\tfrac{N^2(N^2-1)}{12}\pi^2\cos^2\theta

    with :math:`g_k = a^H\bar h_k`, :math:`q_k = \breve a^H\bar h_k`,
    :math:`a^H\breve a = \tfrac{N(N-1)}2j\pi\cos\theta` and
    :math:`\|\breve a\|^2 = \tfrac{N(N-1)(2N-1)}6\pi^2\cos^2\theta`; at
    :math:`\|\bar h_k\|^2 = N` in the unit P T_d it is :math:`\Pi_{\breve A\breve A}` of Lemma 3,
    put right. ``transmission`` and the unit as in :func:`steering_trace`.

    Claims: coupling.lem3, coupling.C5.

    The case of :func:`steering_trace`, Lemma 3 and (C5) as printed, and right:

    >>> from isacnb.coupling.printed import derivative_trace_printed, derivative_trace_c5_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> for f in (derivative_trace_printed, derivative_trace_c5_printed, derivative_trace):
    ...     print(f"{f(case).real:.6g}")
    4.93701e+06
    1.26996e+08
    4.93424e+06
    """
    t = transmission
    _, N, s = _array(t)
    steering, mixed, slopes = _user_sums(t)
    # j s (N-1) (g q* - g* q)/2
    turn = -s * (N - 1) * _imaginary(mixed)
    users = (N - 1) * (2 * N - 1) * s**2 * steering / 6 + turn + slopes
    return t.energy * t.data_share * users + derivative_trace_large_array(t)


@public
@implements("coupling.lem3", "right")
def mean_traces(transmission: Transmission) -> Traces:
    r"""Traces of the mean correlation: Lemma 3 put right.

    Per user one term, with :math:`m_k = \mu_k\kappa_k/(\mu_k\kappa_k+\phi_k)`, the other share
    :math:`f_k = 1 - m_k`, :math:`g_k = a^H\bar h_k`, :math:`q_k = \breve a^H\bar h_k` and
    :math:`s = \pi\cos\theta`:

    .. math::
        \Pi_{AA} &= \rho\sum_k (m_k|g_k|^2 + N f_k) + (1-\rho)N^2 \\
        \Pi_{A\breve A} &= \rho\sum_k m_k\big(g_kq_k^* - \tfrac{N-1}2 js|g_k|^2\big) \\
        \Pi_{\breve A\breve A} &= \rho\sum_k m_k\big(\tfrac{(N-1)(2N-1)}6s^2|g_k|^2 + |q_k|^2
          + \tfrac{N-1}2 js(g_kq_k^*-g_k^*q_k)\big) \\
          &\quad + \rho\tfrac{N(N^2-1)}6s^2\sum_k f_k + (1-\rho)\tfrac{N^2(N^2-1)}{12}s^2 .

    They are those of :func:`steering_trace`, :func:`mixed_trace` and :func:`derivative_trace`, with
    its argument, in its unit and for lines of sight of any norm. Source: coupling paper, Lemma 3
    and Appendix C, corrected: the paper sums over pairs of users.

    Claim: coupling.lem3.

    The case of :func:`steering_trace`, information on the angle, printed and right:

    >>> from isacnb.coupling.printed import mean_traces_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> print(*(f"{f(case).effective:.6g}" for f in (mean_traces_printed, mean_traces)))
    4.937e+06 4.93424e+06
    """
    return Traces(
        steering_trace(transmission), mixed_trace(transmission), derivative_trace(transmission)
    )


@public("[0, inf)")
@implements("coupling.D1", "right")
def steering_trace_large_array(transmission: Transmission) -> Quantity:
    r""":math:`\Pi_{AA}` for many antennas, without the directions of the users.

    .. math:: (1-\rho)N^2 + \rho N\sum_k\frac{\phi_k}{\mu_k\kappa_k+\phi_k} + O(1)

    at fixed gaps of sines. ``transmission`` and the unit as in :func:`steering_trace`.

    Claim: coupling.D1.

    The case of :func:`steering_trace`, over its value there, printed and right:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import steering_trace_large_array_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> for f in (steering_trace_large_array_printed, steering_trace_large_array):
    ...     print(f"{f(case) / steering_trace(case):.3f}")
    2.855
    0.999
    """
    t = transmission
    _, N, _ = _array(t)
    scattered = N * np.sum(t.scattered_share, axis=-1)
    return t.energy * (t.data_share * scattered + (1 - t.data_share) * N**2)


@public("[0, inf)")
@implements("coupling.D6", "right")
def derivative_trace_large_array(transmission: Transmission) -> Quantity:
    r""":math:`\Pi_{\breve A\breve A}` for many antennas, without the directions of the users.

    .. math:: \rho\tfrac{N(N^2-1)}6\pi^2\cos^2\theta\sum_k\frac{\phi_k}{\mu_k\kappa_k+\phi_k}
              + (1-\rho)\tfrac{N^2(N^2-1)}{12}\pi^2\cos^2\theta

    What the users' directions add is smaller by :math:`N^2` at fixed gaps of sines.
    ``transmission`` and the unit as in :func:`steering_trace`.

    Claim: coupling.D6.

    The case of :func:`steering_trace`, over its value there, printed and right:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import derivative_trace_large_array_printed
    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> for f in (derivative_trace_large_array_printed, derivative_trace_large_array):
    ...     print(f"{f(case) / derivative_trace(case):.3f}")
    4.589
    0.995
    """
    t = transmission
    _, N, s = _array(t)
    scattered = N * (N**2 - 1) * s**2 / 6 * np.sum(t.scattered_share, axis=-1)
    sensing = N**2 * (N**2 - 1) * s**2 / 12
    return t.energy * (t.data_share * scattered + (1 - t.data_share) * sensing)


@public("[0, inf]")
@implements("coupling.lem4", "right")
def crb_large_array(
    transmission: Transmission, reflection_power: Quantity, noise_power: Quantity
) -> Quantity:
    r"""Bound on the angle from the sensing beam alone, in square radians.

    .. math:: \frac{6N_0}{|\varpi|^2\,P T_d\,(1-\rho)\,N^2(N^2-1)\,\pi^2\cos^2\theta}

    Parameters
    ----------
    transmission : angle, share, antennas and energy, P T_d; its users do not occur
    reflection_power : :math:`|\varpi|^2 > 0`
    noise_power : N_0 >= 0 in watts

    Infinite for rho = 1 or N = 1. It is never below :func:`crb`. Source: coupling paper, Lemma 4,
    (23).

    Claim: coupling.lem4.

    The case of :func:`steering_trace`, over the bound with the users:

    >>> from isacnb.coupling.settings import CouplingParameters
    >>> target, *users = np.deg2rad([-35.0, -50.0, -20.0, 10.0, 35.0])
    >>> case = Transmission.at_mean_distances(CouplingParameters.paper(), target, users)
    >>> print(f"{crb_large_array(case, 1.0, 1.0) / crb(mean_traces(case), 1.0, 1.0):.3f}")
    1.066
    """
    t = transmission
    _, N, s = _array(t)
    information = reflection_power * t.energy * (1 - t.data_share) * N**2 * (N**2 - 1) * s**2
    with np.errstate(divide="ignore"):
        return 6 * noise_power / information


@public("[0, inf]")
@implements("coupling.fig7", "tool")
def root_crb_sum(crb: Quantity) -> Quantity:
    r"""Sum of the root bounds of the targets, in radians.

    .. math:: \sum_l\sqrt{C_l}

    ``crb`` holds the bounds in square radians, the targets along the last axis. Source: coupling
    paper, Section 4.1.

    Claim: coupling.fig7.

    >>> print(root_crb_sum([4.0, 9.0]))
    5.0
    """
    return np.sum(np.sqrt(crb), axis=-1)


@public("[0, 1]")
@implements("coupling.angle-separation", "tool")
def sine_gap(target_angle: Quantity, user_angle: Quantity) -> Quantity:
    r"""Gap of two directions as the array sees it: the difference of sines, modulo 2.

    .. math:: \min_{i\in\mathbb Z}|\sin\theta-\sin\varphi-2i|

    0 also for the two ends of the array's axis, which half-wavelength spacing cannot tell apart.
    The resolution of N antennas is 2/N on this scale. Angles in radians; arrays broadcast.

    Claim: coupling.angle-separation.

    >>> print(sine_gap(0.0, np.pi / 6).round(12), sine_gap(np.pi / 2, -np.pi / 2).round(12))
    0.5 0.0
    """
    gap = np.sin(target_angle) - np.sin(user_angle)
    return np.abs(gap - 2 * np.rint(gap / 2))


@public("[0, inf)")
@implements("coupling.angle-separation", "right")
def array_gap(target_angle: Quantity, user_angle: Quantity, N: Quantity) -> Quantity:
    r"""What has to grow for a user's beam to have no effect on the bound of a target's angle.

    .. math:: N\,\big|\sin\tfrac\pi2(\sin\theta-\sin\varphi)\big|

    N times the sine of :func:`sine_gap` in quarter turns. Angles in radians; arrays broadcast,
    symbols pass.

    Claim: coupling.angle-separation.

    For 64 antennas and the directions 88 and -88 degrees, which the printed condition calls
    separated:

    >>> import numpy as np
    >>> from isacnb.coupling.printed import array_gap_printed
    >>> theta, phi = np.deg2rad([88.0, -88.0])
    >>> round(float(array_gap_printed(theta, phi, 64)), 3)
    3.041
    >>> round(float(array_gap(theta, phi, 64)), 3)
    0.122
    """
    ns = arithmetic(target_angle, user_angle, N)
    return N * abs(ns.sin(ns.pi / 2 * (ns.sin(target_angle) - ns.sin(user_angle))))


def _objects(*values):
    """What is no plain number among some values, entry by entry."""
    arrays = map(np.asarray, values)
    return [entry for array in arrays if array.dtype == object for entry in array.flat]


def _array(transmission):
    """The functions that fit a transmission, its number of antennas, and pi cos(theta)."""
    ns = arithmetic(*_objects(*vars(transmission).values()))
    N = transmission.N
    if isinstance(N, np.ndarray) and _is_plain(N):
        N = N.astype(float)  # whose fourth power may be no whole number of 64 bits
    return ns, N, ns.pi * ns.cos(transmission.target_angle)


def _user_sums(transmission):
    """Sums of |g|^2, g q* and |q|^2, weighted with the shares of the lines of sight."""
    share, g, q = (
        transmission.line_of_sight_share,
        transmission.user_product,
        transmission.user_slope,
    )
    terms = _square(g), g * np.conjugate(q), _square(q)
    return [np.sum(share * term, axis=-1) for term in terms]


def _radiated(users, target_angle, data_share, energy):
    """Correlation of the users' beams, of unit power each, and of the beam to the target."""
    N = users.shape[-1]
    a = steering_vector(target_angle, N)
    target = np.outer(a, np.conjugate(a)) / N
    return energy * (data_share * users + (1 - data_share) * target)


def _beside_users(value):
    """What belongs to no user, with an axis for the users."""
    return np.asarray(value)[..., None] if np.ndim(value) else value


def _square(value):
    """|value|^2, as a product so that symbols stay polynomials."""
    return _real(value * np.conjugate(value))


def _real(value):
    """Real part of numbers; symbols, which are known to be real here, pass."""
    return np.real(value) if _is_plain(value) else (value + np.conjugate(value)) / 2


def _imaginary(value):
    if _is_plain(value):
        return np.imag(value)
    half = (value - np.conjugate(value)) / 2
    return half * arithmetic(*_objects(value)).j * -1


def _is_plain(value):
    return np.asarray(value).dtype != object
