"""Rare events: draws from a tilted law under which the event is common, reweighted.

:class:`QuadraticEvent` and :class:`NormEvent` tilt exponentially, average over one variable exactly,
and replace random by scrambled Sobol points; :func:`tilted_probability` runs them. The tilted law
itself is :meth:`isacnb.special.genchi2.GenChi2.tilted`; the asymptote at low levels is here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.stats

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..special.genchi2 import GenChi2
from .estimators import Estimate, Sampler, estimate_mean, sobol_sampler
from .gaussian import ChannelForm, orthonormal_basis

__all__ = [
    "NormEvent",
    "QuadraticEvent",
    "efficiency_constant",
    "low_level_asymptote",
    "shrunk_second_moment",
    "tilted_probability",
]


@public("[0, inf]", x="(0, inf)")
@implements("foundation.bounded-relative-error", "right", r"\Pr[q\le x]")
def low_level_asymptote(x: float, law: GenChi2) -> float:
    r"""Leading term of the probability that a positive sum of gamma variables is at a low level.

    .. math:: \frac{e^{-\sum_g\delta_g}}{\prod_gw_g^{n_g}}\,\frac{x^n}{\Gamma(n+1)},\qquad n=\sum_gn_g

    Parameters
    ----------
    x : real > 0
        The level, above the law's offset.
    law : GenChi2 of positive weights, without normal term
        That of :math:`\sum_gw_gY_g`, see :meth:`~isacnb.special.genchi2.GenChi2.of_gammas`.

    The relative error is of the order of x. Raises ``ValueError`` for another law.

    Claim: foundation.bounded-relative-error.

    The sum of two unit exponentials below 0.01, this and the exact value:

    >>> law = GenChi2.of_gammas(1.0, 2)
    >>> print(f"{low_level_asymptote(0.01, law):.4e} {law.cdf(0.01):.4e}")
    5.0000e-05 4.9668e-05
    """
    w, order, delta = _gamma_terms(law)
    if not np.all(w > 0):
        raise ValueError(f"law must have positive weights, got {law.weights}")
    n = order.sum()
    log_value = n * np.log(x) - scipy.special.gammaln(n + 1)
    return float(np.exp(log_value - delta.sum() - order @ np.log(w)))


@public("[1, inf)")
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


@public("[1, inf]", variance_factor="(0, 1]")
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
    r"""The event that a quadratic form of complex Gaussians is at most, or at least, a level.

    The form is :math:`q=\sum_gw_gY_g` with independent noncentral gamma variables of orders
    :math:`n_g` (:meth:`~isacnb.special.genchi2.GenChi2.of_gammas`); :class:`ChannelForm` brings forms of
    Gaussian vectors there. Under the law reweighted by :math:`e^{sq-\kappa(s)}`, Y_g is again such a
    variable, scaled by :math:`1/(1-sw_g)`, with its noncentrality multiplied by the same factor. Take
    :math:`\kappa'(s)` = level: the level becomes the mean, and the event is common.

    Three samplers of one probability, each better than the one before:

    * :meth:`indicator` draws q and returns 1{event} e^(kappa(s) - s q);
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
    law
        A :class:`~isacnb.special.genchi2.GenChi2` without normal term, whose degrees of freedom are
        whole numbers.
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
        Chernoff's bound ln Pr <= kappa(s) - s level.
    dimension
        Number of variables left to sample after conditioning.

    Examples
    --------
    The sum of 8 unit exponentials is below 0.1 with probability 2.269e-13:

    >>> event = QuadraticEvent(0.1, GenChi2.of_gammas([1, 1 + 1e-9], [4, 4]))
    >>> e = tilted_probability(event, seed=1)
    >>> f"{e.mean:.3e}", bool(e.standard_error < 1e-4 * e.mean)
    ('2.269e-13', True)

    """

    def __init__(self, level: float, law: GenChi2, *, upper: bool = False):
        level = float(check_real("level", level))
        weights, orders, noncentralities = _gamma_terms(law)
        check_integer("dof", 2 * orders, 1)
        # the event q >= level is the event -q <= -level
        sign = -1.0 if upper else 1.0
        self._level = sign * (level - float(law.offset))
        # equal weights make one group
        self._weights, group = np.unique(sign * weights, return_inverse=True)
        groups = np.bincount(group, orders), np.bincount(group, noncentralities)
        self._law = GenChi2.of_gammas(self._weights, *groups)
        if (self._weights > 0).all() and self._level <= 0:
            side = "< 0" if upper else "> 0"
            raise ValueError(f"level must be {side} for weights of one sign, got {level}")
        self._slope = min(_saddle(self._level, self._law), 0.0)
        self._cumulant = self._law.cumulant_function(self._slope)
        self.tilt = sign * self._slope
        self.log_bound = float(self._cumulant - self._slope * self._level)
        if self.log_bound < np.log(1e-290):
            raise ValueError(
                f"level must leave a probability above 1e-290, got {level}, "
                f"where it is at most e^{self.log_bound:.0f}"
            )
        self._choose_parts(*groups)

    def _choose_parts(self, orders, noncentralities):
        """Split every group in real parts, and pick the one to average over.

        A noncentral group is a shifted square (x + r)^2 of a real normal x of variance 1/2, and
        a central gamma of an order 1/2 lower; a central group is a gamma of its order.
        """
        stretch = 1 / (1 - self._slope * self._weights)
        parts = []
        for weight, order, noncentrality, factor in zip(
            self._weights, orders, noncentralities, stretch, strict=True
        ):
            scale = (weight * factor) ** 2
            shift = np.sqrt(noncentrality)
            if noncentrality > 0:
                # counted without the 1/2 of x^2: a square that is hardly shifted is left to the
                # gamma, whose probabilities lose no digits
                parts.append((scale * 2 * noncentrality * factor, weight, factor, None, shift))
                order = order - 0.5
            if order > 0:
                parts.append((scale * order, weight, factor, order, None))
        # the first coordinates of a Sobol net are the best: give them the largest variance
        parts.sort(key=lambda part: -part[0])
        self._averaged, *self._sampled = parts
        self.dimension = len(self._sampled)
        _, weight, _, shape, shift = self._averaged
        own = (shape, 0.0) if shift is None else (0.5, shift**2)
        averaged = GenChi2.of_gammas(weight, *own).cumulant_function(self._slope)
        self._sampled_cumulant = self._cumulant - averaged

    def indicator(self, rng: np.random.Generator, size: int) -> np.ndarray:
        r"""Sample :math:`1_A\,e^{K(s)-sq}`, without conditioning."""
        form = np.zeros(size)
        for _, weight, factor, shape, shift in (self._averaged, *self._sampled):
            if shape is None:
                x = rng.standard_normal(size) * np.sqrt(0.5) + shift * np.sqrt(factor)
                form += weight * factor * x * x
            else:
                form += weight * factor * rng.standard_gamma(shape, size)
        return np.where(form <= self._level, np.exp(self._cumulant - self._slope * form), 0.0)

    def integrand(self, uniform: np.ndarray) -> np.ndarray:
        """Return the weighted conditional probability at points of the open unit cube."""
        form = np.zeros(len(uniform))
        for column, (_, weight, factor, shape, shift) in zip(uniform.T, self._sampled, strict=True):
            if shape is None:
                x = scipy.special.ndtri(column) * np.sqrt(0.5) + shift * np.sqrt(factor)
                form += weight * factor * x * x
            else:
                form += weight * factor * scipy.special.gammaincinv(shape, column)
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
        return probability * np.exp(self._sampled_cumulant - self._slope * form)


class NormEvent(_RareEvent):
    """The event that the squared norm of a Gaussian vector lies between functions of functionals.

    With the vector h and the functionals t of a :class:`ChannelForm` it is the event
    low(t) <= ||h||^2 <= high(t): all outages of a single user have this form, whether or not
    they are quadratic. Given t, and the share of the squared norm that lies in the span of the
    v_i and the mean, the rest of it is a gamma variable, so the probability is known exactly and
    :meth:`conditional` averages it.

    Samples come from a mixture in equal shares: the law of h itself, and the laws tilted by
    e^(s q), for the form q = t^H C t + c ||h||^2 of the caller's choice and one s for every level, such that q has the level as its mean. A good form becomes small (or large) when
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
        low > high. nan raises ``ValueError``.
    form
        A :class:`ChannelForm`: directions, mean and variance of the vector, and the C and c of q.
    levels
        One or more values that q can take.

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
    >>> event = NormEvent(limits, ChannelForm(np.ones((1, 8))), levels=0.06)
    >>> f"{tilted_probability(event, seed=1).mean:.2e}"
    '1.84e-15'

    """

    def __init__(self, limits: Callable, form: ChannelForm, levels: Quantity):
        if not callable(limits):
            raise ValueError(f"limits must be callable as limits(functionals), got {limits!r}")
        if not isinstance(form, ChannelForm):
            raise ValueError(f"form must be a ChannelForm, got {form!r}")
        levels = np.atleast_1d(check_real("levels", levels))
        if levels.ndim != 1 or levels.size == 0:
            raise ValueError(f"levels must have one axis and an entry, got shape {levels.shape}")
        self.limits = limits
        # with the mean in the basis, nothing but a central gamma is left outside of it
        basis = orthonormal_basis(np.vstack([form.directions, form.mean]))
        weights, axes = form.eigenbasis(basis)
        self._rows = form.directions.conj() @ basis @ axes
        self._centre = axes.conj().T @ (basis.conj().T @ form.mean)
        self._variance = form.variance
        self._shape = form.directions.shape[1] - len(weights)
        self._weights = weights * form.variance
        self._rest_weight = form.norm_weight * form.variance
        noncentralities = np.abs(self._centre) ** 2 / form.variance
        law = form.law()
        if law.weights.size == 0:
            raise ValueError("form must not vanish, got one without form_matrix and norm_weight")
        for level in levels:
            if (level <= 0 and law.weights.min() > 0) or (level >= 0 and law.weights.max() < 0):
                raise ValueError(f"levels must be values that the form can take, got {level}")
        self.tilts = np.array([0.0, *(_saddle(level, law) for level in levels)])
        self._stretch = 1 / (1 - self.tilts[:, None] * self._weights)
        self._rest_stretch = 1 / (1 - self.tilts * self._rest_weight)
        # ln of the normalising constant of each law of the mixture, inside and outside the span
        inside = GenChi2.of_gammas(self._weights, 1.0, noncentralities)
        self._inside = inside.cumulant_function(self.tilts)
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

    def _bounds(self, functionals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits of the squared norm; nan would be no event unseen, and raises."""
        low, high = (np.asarray(limit, dtype=float) for limit in self.limits(functionals))
        if np.isnan(low).any() or np.isnan(high).any():
            raise ValueError("limits must not return nan, got nan for some functionals")
        return low, high

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
        low, high = self._bounds(functionals)
        hit = (low <= squared_norm) & (squared_norm <= high)
        return np.where(hit, self._weight(form, self._inside + self._rest), 0.0)

    def integrand(self, uniform: np.ndarray) -> np.ndarray:
        """Return the weighted conditional probability at points of the open unit cube."""
        normals = scipy.special.ndtri(uniform)
        total = 0.0
        # every point serves every law of the mixture
        for part in range(len(self.tilts)):
            functionals, inside, form = self._project(normals, part)
            low, high = ((limit - inside) / self._variance for limit in self._bounds(functionals))
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
    (see :func:`sobol_sampler`), so its ``n`` is the number of nets, its ``batch`` that of points,
    and its interval Student's. Averages of nets have heavier tails than a normal law: in a test of
    400 seeds a 90 % interval of 8 nets held the probability 84 times in 100, one of 32 nets 88.
    ``executor`` and ``progress`` are those of :func:`estimate_mean`.

    Claims: foundation.defensive-mixture, beyond.rare-outage.

    Examples
    --------
    The larger of two weights governs the upper tail, Pr[2 E_1 + E_2 > 50] = 2 e^-25 - e^-50:

    >>> law = GenChi2.of_gammas([2, 1], 1)
    >>> e = tilted_probability(QuadraticEvent(50, law, upper=True), seed=1)
    >>> bool(abs(e.mean / (2 * np.exp(-25) - np.exp(-50)) - 1) < 1e-4)
    True

    """
    if not isinstance(event, _RareEvent):
        raise ValueError(f"event must be a QuadraticEvent or a NormEvent, got {event!r}")
    found = estimate_mean(
        event.sobol(points), nets, seed=seed, block=1, executor=executor, progress=progress
    )
    return replace(found, batch=points)


def _gamma_terms(law: GenChi2) -> tuple:
    """Weights, orders and noncentralities of a law as one of gamma variables, zero weights left out."""
    if not isinstance(law, GenChi2) or float(law.normal_std) > 0:
        raise ValueError(f"law must be a GenChi2 without normal term, got {law!r}")
    w, d, delta = law.terms
    kept = w != 0
    if not kept.any():
        raise ValueError("law must have a weight that is not 0")
    return 2 * w[kept], d[kept] / 2, delta[kept] / 2


def _saddle(level: float, law: GenChi2) -> float:
    """Return the slope at which the tilted mean of a law without normal term is the level."""

    def excess(slope):
        return law.tilted(slope).cumulant(1) - level

    if excess(0) == 0:
        return 0.0
    if excess(0) < 0:
        return -_saddle(-level, replace(law, weights=-law.weights))
    if law.weights.min() < 0:
        # towards the pole the tilted mean falls without bound
        end = (0.5 - 1e-12) / law.weights.min()
    else:
        # w/(1 + 2 u w) < 1/2u bounds the tilted mean
        end = -np.sum(law.dof + law.noncentrality) / (2 * level)
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
