"""Rare events: draws from a tilted law under which the event is common, reweighted.

:class:`QuadraticEvent` and :class:`NormEvent` tilt exponentially, average over one variable exactly,
and replace random by scrambled Sobol points; :func:`tilted_probability` runs them. Sums of noncentral
gamma variables have their cumulant, the tilted mean and the asymptote at low levels here.
"""

from typing import Any

import numpy as np
import scipy.stats

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from .estimators import Estimate, Sampler, estimate_mean, sobol_sampler
from .gaussian import _check_form, _check_gaussian, _eigenbasis, _orthonormal_basis

__all__ = [
    "NormEvent",
    "QuadraticEvent",
    "efficiency_constant",
    "gamma_sum_cumulant",
    "gamma_sum_mean",
    "low_level_asymptote",
    "shrunk_second_moment",
    "tilted_probability",
]


@public
@implements("foundation.tilted-gamma", "right", r"\kappa(s)")
@implements("foundation.noncentral-gamma", "right", r"\mathbb E\,\mathrm e^{sY}")
def gamma_sum_cumulant(
    tilt: float, weights: Quantity, degrees: Quantity, noncentralities: Quantity = 0.0
) -> float:
    r"""Logarithm of :math:`E\,e^{sq}` for a weighted sum q of noncentral gamma variables.

    .. math:: \kappa(s)=\sum_g\Big[-n_g\ln(1-sw_g)+\frac{sw_g\delta_g}{1-sw_g}\Big]

    Parameters
    ----------
    tilt : s, real
    weights : w, real, one or a sequence
    degrees : n, orders of the variables, > 0
    noncentralities : delta >= 0

    Raises ``ValueError`` outside these ranges, and unless s w_g < 1 for all g.

    Claims: foundation.tilted-gamma, foundation.noncentral-gamma.

    >>> print(f"{gamma_sum_cumulant(-1.0, [1.0, 0.5], [3, 1], [2.0, 0.0]):.12f}")
    -3.484906649788
    """
    return float(_cumulant(*_check_tilted(tilt, weights, degrees, noncentralities)))


@public
@implements("foundation.tilted-gamma", "right", r"\kappa'(s)")
def gamma_sum_mean(
    tilt: float, weights: Quantity, degrees: Quantity, noncentralities: Quantity = 0.0
) -> float:
    r"""Mean of a weighted sum of noncentral gamma variables under its tilted law.

    .. math:: \kappa'(s)=\sum_g\frac{w_g}{1-sw_g}\Big(n_g+\frac{\delta_g}{1-sw_g}\Big)

    Arguments and errors as in :func:`gamma_sum_cumulant`, of which it is the derivative.

    Claim: foundation.tilted-gamma.

    >>> gamma_sum_mean(-1.0, [1.0, 0.5], [3, 1], [2.0, 0.0]) - 1 / 3
    2.0
    """
    slope, *groups = _check_tilted(tilt, weights, degrees, noncentralities)
    return float(_tilted_mean(slope, *groups))


@public(level="(0, inf)", weights="(0, inf)")
@implements("foundation.bounded-relative-error", "right", r"\Pr[q\le x]")
def low_level_asymptote(
    level: float, weights: Quantity, degrees: Quantity, noncentralities: Quantity = 0.0
) -> float:
    r"""Leading term of the probability that a positive sum of gamma variables is at a low level.

    .. math:: \frac{e^{-\sum_g\delta_g}}{\prod_gw_g^{n_g}}\,\frac{x^n}{n!},\qquad n=\sum_gn_g

    ``level`` is x > 0, the weights are > 0, the rest as in :func:`gamma_sum_cumulant`. The relative
    error is of the order of x. Raises ``ValueError`` outside these ranges.

    Claim: foundation.bounded-relative-error.

    The sum of two unit exponentials below 0.01, this and the exact value:

    >>> print(f"{low_level_asymptote(0.01, 1.0, 2):.4e} {1 - 1.01 * np.exp(-0.01):.4e}")
    5.0000e-05 4.9668e-05
    """
    level = float(level)
    _, w, degrees, delta = _check_tilted(0.0, weights, degrees, noncentralities)
    order = degrees.sum()
    log_value = order * np.log(level) - scipy.special.gammaln(order + 1)
    return float(np.exp(log_value - delta.sum() - degrees @ np.log(w)))


@public
@implements("foundation.bounded-relative-error", "right", "c_n")
def efficiency_constant(term_order_sum: Quantity) -> np.ndarray | float:
    r"""Second moment of a tilted sample over the squared probability, for the rarest of fades.

    .. math:: c_n=\frac{n!^2}{n^{2n}\,(n-1)!}\int_0^nu^{n-1}e^{u}\,du=\frac{n!\,e^n}{n^n}\,{}_1F_1(1;n+1;-n)

    ``term_order_sum`` is n > 0, any shape. It grows like the root of pi n / 2. Raises ``ValueError``
    outside this range.

    Claim: foundation.bounded-relative-error.

    >>> print(f"{efficiency_constant(1):.6f} {efficiency_constant(12):.6f}")
    1.718282 4.464782
    """
    n = term_order_sum
    factor = np.exp(scipy.special.gammaln(n + 1) + n - n * np.log(n))
    return (factor * scipy.special.hyp1f1(1, n + 1, -n))[()]


@public(variance_factor="(0, 1]")
@implements("foundation.half-variance", "right")
def shrunk_second_moment(variance_factor: Quantity, N: int) -> np.ndarray | float:
    r"""Second moment of the weights that undo a shrinking of a Gaussian vector.

    .. math:: E_\tau\,\omega^2=\Big(\frac{\tau^2}{2\tau-1}\Big)^N,\qquad\tau>\tfrac12

    and infinite for :math:`\tau\le\frac12`. ``variance_factor`` is tau in (0, 1], N >= 1 the number of
    complex components. Raises ``ValueError`` outside these ranges.

    Claim: foundation.half-variance.

    >>> shrunk_second_moment([0.5, 0.75], 2).tolist()
    [inf, 1.265625]
    """
    tau = variance_factor
    rest = np.where(tau > 0.5, 2 * tau - 1, np.nan)
    return np.where(tau > 0.5, (tau**2 / rest) ** N, np.inf)[()]


class _RareEvent:
    """What the two kinds of event share: an integrand over the cube, and samplers of it.

    Every sampler is unbiased for the probability of the event, so its variance, and hence the
    standard error that :func:`estimate_mean` quotes, is taken under the tilted law.
    """

    dimension: int

    def integrand(self, uniform: np.ndarray) -> np.ndarray:
        """Return the weighted conditional probability at points of the open unit cube."""
        raise NotImplementedError

    def conditional(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Sample the weighted conditional probability: one variable is averaged exactly."""
        # half a unit in the last place keeps 0 out
        return self.integrand(rng.random((size, self.dimension)) + 2.0**-54)

    def sobol(self, points: int = 2048) -> Sampler:
        """Return a sampler of averages of :meth:`integrand` over scrambled Sobol nets."""
        return sobol_sampler(self.integrand, self.dimension, points)


class QuadraticEvent(_RareEvent):
    """The event that a quadratic form of complex Gaussians is at most, or at least, a level.

    The form is q = sum_g weights_g Y_g with independent Y_g, each the sum of degrees_g terms
    |z + m|^2, z ~ CN(0, 1), with noncentralities_g = sum of |m|^2; :func:`diagonal_form` brings
    forms of Gaussian vectors there. Under the law reweighted by e^(s q - K(s)), where

        K(s) = sum_g [-degrees_g ln(1 - s w_g) + s w_g noncentralities_g / (1 - s w_g)],

    Y_g is again such a variable, scaled by 1/(1 - s w_g), with its noncentrality multiplied by
    the same factor. Take K'(s) = level: the level becomes the mean, and the event is common.

    Three samplers of one probability, each better than the one before:

    * :meth:`indicator` draws q and returns 1{event} e^(K(s) - s q);
    * :meth:`conditional` averages over the one part of q that varies most: given the others its
      probability is an incomplete gamma function or an error function;
    * :meth:`sobol` integrates the same, smooth, function over scrambled Sobol nets.

    The relative error of the conditional sampler is bounded at every level where one part
    governs the tail, in particular as the level of a positive form tends to 0, and as the level
    tends to infinity where one weight is the largest. That of the indicator grows slowly in the
    latter case.

    Parameters
    ----------
    level
        Real.
    weights, degrees, noncentralities
        Broadcastable to one axis: real and not 0; whole numbers >= 1; >= 0.
    upper
        False for the event q <= level, True for q >= level.

    Raises
    ------
    ValueError
        If an argument is out of range, if the event is impossible, or if Chernoff's bound puts
        its probability below 1e-290, where double precision ends.

    Attributes
    ----------
    tilt
        The saddle point s; 0 where the event is not rare.
    log_bound
        Chernoff's bound ln Pr <= K(s) - s level.
    dimension
        Number of variables left to sample after conditioning.

    Examples
    --------
    The sum of 8 unit exponentials is below 0.1 with probability 2.269e-13:

    >>> event = QuadraticEvent(0.1, [1, 1 + 1e-9], [4, 4])
    >>> e = tilted_probability(event, seed=1)
    >>> f"{e.mean:.3e}", bool(e.standard_error < 1e-4 * e.mean)
    ('2.269e-13', True)

    """

    def __init__(self, level: float, weights, degrees=1, noncentralities=0.0, *, upper=False):
        level = float(check_real("level", level))
        weights, degrees, noncentralities = _check_groups(weights, degrees, noncentralities)
        # the event q >= level is the event -q <= -level
        self._sign = -1.0 if upper else 1.0
        self._level = self._sign * level
        # equal weights make one group
        self._weights, group = np.unique(self._sign * weights, return_inverse=True)
        self._degrees = np.bincount(group, degrees)
        self._noncentralities = np.bincount(group, noncentralities)
        groups = self._weights, self._degrees, self._noncentralities
        if (self._weights > 0).all() and self._level <= 0:
            raise ValueError(
                f"level must be {'< 0' if upper else '> 0'} for weights of one sign, got {level}"
            )
        slope = min(_saddle(self._level, *groups), 0.0)
        self.tilt = self._sign * slope
        self.log_bound = float(_cumulant(slope, *groups) - slope * self._level)
        if self.log_bound < np.log(1e-290):
            raise ValueError(
                f"level must leave a probability above 1e-290, got {level}, "
                f"where it is at most e^{self.log_bound:.0f}"
            )
        self._slope = slope
        self._choose_parts()

    def _choose_parts(self):
        """Split every group in real parts, and pick the one to average over.

        A noncentral group is a shifted square (x + r)^2 of a real normal x of variance 1/2, and
        a central gamma of shape degrees - 1/2; a central group is a gamma of shape degrees.
        """
        stretch = 1 / (1 - self._slope * self._weights)
        parts = []
        for weight, degree, noncentrality, factor in zip(
            self._weights, self._degrees, self._noncentralities, stretch, strict=True
        ):
            scale = (weight * factor) ** 2
            shift = np.sqrt(noncentrality)
            if noncentrality > 0:
                # counted without the 1/2 of x^2: a square that is hardly shifted is left to the
                # gamma, whose probabilities lose no digits
                parts.append((scale * 2 * noncentrality * factor, weight, factor, None, shift))
                degree = degree - 0.5
            parts.append((scale * degree, weight, factor, degree, None))
        # the first coordinates of a Sobol net are the best: give them the largest variance
        parts.sort(key=lambda part: -part[0])
        self._averaged, *self._sampled = parts
        self.dimension = len(self._sampled)

    def indicator(self, rng: np.random.Generator, size: int) -> np.ndarray:
        r"""Sample :math:`1_A\,e^{K(s)-sq}`, without conditioning."""
        form = np.zeros(size)
        for _, weight, factor, shape, shift in (self._averaged, *self._sampled):
            if shape is None:
                x = rng.standard_normal(size) * np.sqrt(0.5) + shift * np.sqrt(factor)
                form += weight * factor * x * x
            else:
                form += weight * factor * rng.standard_gamma(shape, size)
        cumulant = _cumulant(self._slope, self._weights, self._degrees, self._noncentralities)
        return np.where(form <= self._level, np.exp(cumulant - self._slope * form), 0.0)

    def integrand(self, uniform: np.ndarray) -> np.ndarray:
        """Return the weighted conditional probability at points of the open unit cube."""
        form = np.zeros(len(uniform))
        cumulant = 0.0
        for column, (_, weight, factor, shape, shift) in zip(uniform.T, self._sampled, strict=True):
            if shape is None:
                x = scipy.special.ndtri(column) * np.sqrt(0.5) + shift * np.sqrt(factor)
                form += weight * factor * x * x
                cumulant += _cumulant(self._slope, weight, 0.5, shift**2)
            else:
                form += weight * factor * scipy.special.gammaincinv(shape, column)
                cumulant += _cumulant(self._slope, weight, shape, 0.0)
        _, weight, _, shape, shift = self._averaged
        limit = np.maximum((self._level - form) / weight, 0)
        if shape is None:
            root = np.sqrt(limit)
            far, near = scipy.special.erfc(shift + root), scipy.special.erfc(shift - root)
            # 1 - near/2 is erfc(root - shift)/2: no digits are lost in either tail
            beyond = scipy.special.erfc(root - shift) + far
            probability = ((near - far) if weight > 0 else beyond) / 2
        elif weight > 0:
            probability = scipy.special.gammainc(shape, limit)
        else:
            probability = scipy.special.gammaincc(shape, limit)
        return probability * np.exp(cumulant - self._slope * form)


class NormEvent(_RareEvent):
    """The event that the squared norm of a Gaussian vector lies between functions of functionals.

    With h ~ CN(mean, variance I) of N components and t_i = v_i^H h, it is the event
    low(t) <= ||h||^2 <= high(t): all outages of a single user have this form, whether or not
    they are quadratic. Given t, and the share of the squared norm that lies in the span of the
    v_i and the mean, the rest of it is a gamma variable, so the probability is known exactly and
    :meth:`conditional` averages it.

    Samples come from a mixture in equal shares: the law of h itself, and the laws tilted by
    e^(s q), for a quadratic form q = t^H C t + c ||h||^2 of the caller's choice and one s for
    every level, such that q has the level as its mean. A good form becomes small (or large) when
    the event happens, and levels are good where they cover the values that it then takes. Any
    choice is unbiased, and the share of the law itself keeps every weight below 1 + the number
    of levels, so that the variance exists: with a tilted law alone it need not, and then the
    estimate is wrong and looks precise. What no choice can show is a second way of the event
    that neither form nor law ever visits: compare two choices.

    Parameters
    ----------
    limits
        ``limits(functionals)`` takes a complex array of shape (size, d) and returns ``(low,
        high)``, both broadcastable to (size,), infinities allowed; the event is empty where
        low > high.
    vectors, mean, variance
        As for :func:`gaussian_functionals`.
    levels
        One or more values that q can take.
    matrix, norm_weight
        The Hermitian C of shape (d, d), 0 unless given, and the real c.

    Raises
    ------
    ValueError
        If a shape does not fit, an argument is out of range or q cannot take a level.

    Attributes
    ----------
    tilts
        The s of every part of the mixture, the first being 0.
    dimension
        Number of real variables left to sample after conditioning.

    Examples
    --------
    A user is served with half the power through the vector h / ||h||, while half the power is
    radiated along a. Its SINR, ||h||^2 / (|a^H h|^2 / N + 1/10), is below 1/2 with probability
    1.84e-15 for 8 Rayleigh antennas:

    >>> limits = lambda t: (0, (np.abs(t[:, 0]) ** 2 / 8 + 0.1) / 2)
    >>> event = NormEvent(limits, vectors=np.ones((1, 8)), levels=0.06)
    >>> f"{tilted_probability(event, seed=1).mean:.2e}"
    '1.84e-15'

    """

    def __init__(
        self, limits, *, vectors, levels, mean=0.0, variance=1.0, matrix=None, norm_weight=1.0
    ):
        if not callable(limits):
            raise ValueError(f"limits must be callable as limits(functionals), got {limits!r}")
        vectors, mean, variance = _check_gaussian(vectors, mean, variance)
        if matrix is None:
            matrix = np.zeros((len(vectors), len(vectors)))
        matrix, norm_weight = _check_form(matrix, norm_weight, len(vectors))
        levels = np.atleast_1d(check_real("levels", levels))
        if levels.ndim != 1 or levels.size == 0:
            raise ValueError(f"levels must have one axis and an entry, got shape {levels.shape}")
        self.limits = limits
        # with the mean in the basis, nothing but a central gamma is left outside of it
        basis = _orthonormal_basis(np.vstack([vectors, mean]))
        rows = vectors.conj() @ basis
        weights, directions = _eigenbasis(matrix, norm_weight, rows)
        self._rows = rows @ directions
        self._centre = directions.conj().T @ (basis.conj().T @ mean)
        self._variance = variance
        self._shape = vectors.shape[1] - len(weights)
        self._weights, self._rest_weight = weights * variance, norm_weight * variance
        noncentralities = np.abs(self._centre) ** 2 / variance
        groups = (
            np.append(self._weights, self._rest_weight),
            np.append(np.ones(len(weights)), self._shape),
            np.append(noncentralities, 0.0),
        )
        counted = groups[0] * groups[1] != 0
        groups = [group[counted] for group in groups]
        if not counted.any():
            raise ValueError("matrix and norm_weight must not both vanish")
        for level in levels:
            if (level <= 0 and groups[0].min() > 0) or (level >= 0 and groups[0].max() < 0):
                raise ValueError(f"levels must be values that the form can take, got {level}")
        self.tilts = np.array([0.0, *(_saddle(level, *groups) for level in levels)])
        self._stretch = 1 / (1 - self.tilts[:, None] * self._weights)
        self._rest_stretch = 1 / (1 - self.tilts * self._rest_weight)
        # ln of the normalising constant of each law of the mixture, inside and outside the span
        self._inside = np.array(
            [_cumulant(s, self._weights, 1, noncentralities) for s in self.tilts]
        )
        self._rest = self._shape * np.log(self._rest_stretch)
        self.dimension = 2 * len(weights)

    def _project(self, normals: np.ndarray, part) -> tuple:
        """Return functionals, their share of the squared norm and of the form, under one law."""
        stretch = self._stretch[part]
        coordinates = np.ascontiguousarray(normals).view(complex)
        coordinates = coordinates * np.sqrt(self._variance * stretch / 2) + self._centre * stretch
        squares = coordinates.real**2 + coordinates.imag**2
        form = squares @ (self._weights / self._variance)
        return coordinates @ self._rows.T, squares.sum(axis=1), form

    def _weight(self, form: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """Return the density of the law of h relative to that of the mixture."""
        exponents = np.multiply.outer(form, self.tilts) - constants
        return len(self.tilts) * np.exp(-scipy.special.logsumexp(exponents, axis=-1))

    def indicator(self, rng: np.random.Generator, size: int) -> np.ndarray:
        r"""Sample the weighted indicator :math:`1_A\,f/(\sum_j\alpha_jf_j)`, without conditioning.

        f is the law of h, the :math:`f_j` are the tilted laws and itself, in equal shares.
        """
        part = rng.integers(len(self.tilts), size=size)
        functionals, squared_norm, form = self._project(
            rng.standard_normal((size, self.dimension)), part
        )
        if self._shape:
            rest = rng.standard_gamma(self._shape, size) * self._rest_stretch[part]
            squared_norm = squared_norm + self._variance * rest
            form = form + self._rest_weight * rest
        low, high = self.limits(functionals)
        hit = (low <= squared_norm) & (squared_norm <= high)
        return np.where(hit, self._weight(form, self._inside + self._rest), 0.0)

    def integrand(self, uniform: np.ndarray) -> np.ndarray:
        """Return the weighted conditional probability at points of the open unit cube."""
        normals = scipy.special.ndtri(uniform)
        total = 0.0
        # every point serves every law of the mixture
        for part in range(len(self.tilts)):
            functionals, inside, form = self._project(normals, part)
            low, high = (
                (np.asarray(limit, dtype=float) - inside) / self._variance
                for limit in self.limits(functionals)
            )
            probability = _gamma_probability(self._shape, low, high)
            total = total + probability * self._weight(form, self._inside)
        return total / len(self.tilts)


@public(nets="integers [2, inf)", points="integers [1, inf)")
@implements("foundation.defensive-mixture", "system")
@implements("beyond.rare-outage", "system")
def tilted_probability(
    event: QuadraticEvent | NormEvent,
    *,
    seed: int,
    nets: int = 32,
    points: int = 2048,
    executor: Any = None,
    progress: bool | None = None,
) -> Estimate:
    """Estimate the probability of a rare event by tilting, conditioning and Sobol points.

    The estimate is the mean over ``nets`` independent scrambled nets of ``points`` points each
    (see :func:`sobol_sampler`), so its ``n`` is the number of nets, and its interval Student's.
    ``executor`` and ``progress`` are those of :func:`estimate_mean`.

    Claims: foundation.defensive-mixture, beyond.rare-outage.

    Examples
    --------
    The larger of two weights governs the upper tail, Pr[2 E_1 + E_2 > 50] = 2 e^-25 - e^-50:

    >>> import numpy as np
    >>> e = tilted_probability(QuadraticEvent(50, [2, 1], upper=True), seed=1)
    >>> bool(abs(e.mean / (2 * np.exp(-25) - np.exp(-50)) - 1) < 1e-4)
    True

    """
    if not isinstance(event, _RareEvent):
        raise ValueError(f"event must be a QuadraticEvent or a NormEvent, got {event!r}")
    return estimate_mean(
        event.sobol(points), nets, seed=seed, block=1, executor=executor, progress=progress
    )


def _check_groups(weights, degrees, noncentralities) -> tuple:
    """Return weights, degrees and noncentralities as arrays of one axis, checked."""
    weights = check_real("weights", weights)
    degrees = check_integer("degrees", degrees, 1)
    noncentralities = check_real("noncentralities", noncentralities, 0)
    try:
        groups = np.broadcast_arrays(np.atleast_1d(weights), degrees, noncentralities)
    except ValueError as error:
        raise ValueError(
            "weights, degrees and noncentralities must be broadcastable, got shapes "
            f"{np.shape(weights)}, {np.shape(degrees)}, {np.shape(noncentralities)}"
        ) from error
    if groups[0].ndim != 1 or groups[0].size == 0:
        raise ValueError(f"weights must have one axis and an entry, got shape {groups[0].shape}")
    if (groups[0] == 0).any():
        raise ValueError("weights must not be 0")
    return groups


def _check_tilted(tilt, weights, degrees, noncentralities) -> tuple:
    """Return a tilt and the parameters of a sum of gamma variables, as arrays of one axis."""
    tilt = float(check_real("tilt", tilt))
    groups = (
        np.atleast_1d(check_real("weights", weights)),
        np.atleast_1d(check_real("degrees", degrees, 0, open_low=True)),
        np.atleast_1d(check_real("noncentralities", noncentralities, 0)),
    )
    try:
        groups = np.broadcast_arrays(*groups)
    except ValueError as error:
        shapes = ", ".join(str(group.shape) for group in groups)
        raise ValueError(
            f"weights, degrees and noncentralities must be broadcastable, got shapes {shapes}"
        ) from error
    if np.any(tilt * groups[0] >= 1):
        raise ValueError(f"tilt must leave tilt * weights below 1, got the tilt {tilt:g}")
    return tilt, *groups


def _cumulant(slope, weights, degrees, noncentralities):
    """Return ln E exp(slope q) of q = sum of weights * (noncentral gamma)."""
    reach = slope * np.asarray(weights)
    return np.sum(-degrees * np.log1p(-reach) + noncentralities * reach / (1 - reach))


def _tilted_mean(slope, weights, degrees, noncentralities):
    """Return the mean of the sum under the law tilted by slope."""
    factor = 1 / (1 - slope * weights)
    return np.sum(weights * factor * (degrees + noncentralities * factor))


def _saddle(level: float, weights, degrees, noncentralities) -> float:
    """Return the slope at which the tilted mean of the form is the level."""

    def excess(slope):
        return _tilted_mean(slope, weights, degrees, noncentralities) - level

    if excess(0) == 0:
        return 0.0
    if excess(0) < 0:
        return -_saddle(-level, -weights, degrees, noncentralities)
    if weights.min() < 0:
        # towards the pole the tilted mean falls without bound
        end = (1 - 1e-12) / weights.min()
    else:
        # w/(1 + u w) < 1/u bounds the tilted mean
        end = -np.sum(degrees + noncentralities) / level
    if excess(end) >= 0:
        return float(end)
    return float(scipy.optimize.brentq(excess, end, 0))


def _gamma_probability(shape: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return Pr[low <= G <= high] for a gamma variable; shape 0 is the constant 0."""
    low, high = np.broadcast_arrays(low, high)
    if shape == 0:
        return ((low <= 0) & (high >= 0)).astype(float)
    ordered = low <= high
    low, high = np.maximum(low, 0), np.maximum(high, 0)
    lower = scipy.special.gammainc(shape, high) - scipy.special.gammainc(shape, low)
    upper = scipy.special.gammaincc(shape, low) - scipy.special.gammaincc(shape, high)
    # subtract the tails on the side where they are small
    return np.where(ordered, np.where(low > shape, upper, lower), 0.0)
