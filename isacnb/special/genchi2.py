"""The generalised chi-square law: weighted sums of noncentral chi-square variables and a normal one.

Both tails, their logarithms and their inverses, at many degrees of freedom too, and the law of a quadratic form of a
Gaussian vector. Each tail is compared with the enclosures of :mod:`isacnb.special.certified`.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import scipy.special

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.roots import monotone_root
from ..numbers.validation import check_memory
from .compensated import exact_product, exact_sum, log1p_less

__all__ = ["GenChi2"]


_BLOCK = 256


_MANY = 100.0  # degrees from which cancellation in the exponent would be felt


_TILT = 0.7  # below 1: the normal factor must fall along the leaning path


@dataclass(frozen=True, eq=False)
class GenChi2:
    r"""The generalised chi-square law, of a weighted sum of independent variables.

    .. math:: X=\sum_jw_j\,\chi'^2_{d_j}(\delta_j)+s\,N+c,\qquad N\sim\mathcal N(0,1)

    Every quadratic form of a Gaussian vector has such a law: :meth:`of_real_form`,
    :meth:`of_hermitian_form`.

    Parameters
    ----------
    weights : real, one or a sequence, positive, negative or 0
        w.
    dof : real >= 1, one or a sequence
        Degrees of freedom d.
    noncentrality : real >= 0, one or a sequence
        :math:`\delta`, sums of squared means of Gaussians of unit variance.
    normal_std : real >= 0
        Standard deviation s of the normal term.
    offset : real
        Constant c.

    Sequences have one length, and a single number stands for all terms. Floats are the numbers that
    they hold; fractions and balls are kept for :func:`isacnb.special.certified.certified_genchi2_sf`.
    Raises ``ValueError`` outside these ranges and for lengths that differ.

    >>> law = GenChi2([2, -1], [3, 3])
    >>> print(f"{law.sf(30.0):.12e} {law.cumulant(1):.1f}")
    1.017436234609e-03 3.0
    """

    weights: Quantity
    dof: Quantity
    noncentrality: Quantity = 0.0
    normal_std: float = 0.0
    offset: float = 0.0

    def __post_init__(self):
        check_fields(self)
        shapes = [np.shape(part) for part in (self.weights, self.dof, self.noncentrality)]
        count = max((shape[0] for shape in shapes if shape), default=1)
        if any(len(shape) > 1 or shape not in ((), (1,), (count,)) for shape in shapes):
            raise ValueError(
                f"weights, dof and noncentrality must be numbers or have one length, got {shapes}"
            )

    @classmethod
    @public
    @implements("foundation.quadratic-reduction", "right")
    def of_hermitian_form(
        cls,
        form_matrix: Quantity,
        form_linear: Quantity,
        form_constant: float,
        mean: Quantity,
        covariance: Quantity,
    ) -> Self:
        r"""Return the law of a quadratic form of a circular complex Gaussian vector.

        .. math:: h^HAh+2\,\mathrm{Re}(b^Hh)+c_0
                  =\sum_{\lambda_j\ne0}\frac{\lambda_j}2\chi'^2_2\Big(\frac{2|\beta_j|^2}{\lambda_j^2}\Big)
                  +s\,N+c,\qquad h\sim\mathcal{CN}(m,LL^H),

        where :math:`\lambda_j` are the eigenvalues of :math:`L^HAL`, V its eigenvectors,
        :math:`\beta=V^HL^H(Am+b)`, :math:`s^2=2\sum_{\lambda_j=0}|\beta_j|^2` and c the value at m
        less :math:`\sum_{\lambda_j\ne0}|\beta_j|^2/\lambda_j`.

        Parameters
        ----------
        form_matrix : complex, shape (n, n)
            A, Hermitian.
        form_linear : complex, shape (n,)
            b.
        form_constant : real
            c_0.
        mean : complex, shape (n,)
            m.
        covariance : complex, shape (n, n)
            L L^H, Hermitian and positive semidefinite, singular or not.

        Eigenvalues below 1e-12 of the largest count as 0. Raises ``ValueError`` for shapes that do
        not fit, and for matrices that are not as they must be.

        Claim: foundation.quadratic-reduction.

        >>> law = GenChi2.of_hermitian_form(
        ...     [[2.0, 0.0], [0.0, 0.0]], [0.0, 1j], 1.0, [1.0, 0.0], np.eye(2))
        >>> law.weights.round(9), law.noncentrality.round(9), round(law.normal_std**2, 9), law.offset
        (array([1.]), array([2.]), 2.0, 1.0)
        """
        return cls(*_reduced(form_matrix, form_linear, form_constant, mean, covariance, 2))

    @classmethod
    @public
    @implements("foundation.quadratic-reduction", "right")
    def of_real_form(
        cls,
        form_matrix: Quantity,
        form_linear: Quantity,
        form_constant: float,
        mean: Quantity,
        covariance: Quantity,
    ) -> Self:
        r"""Return the law of a quadratic form of a real Gaussian vector.

        .. math:: x^TAx+2b^Tx+c_0=\sum_{\lambda_j\ne0}\lambda_j\,
                  \chi'^2_1\Big(\frac{\beta_j^2}{\lambda_j^2}\Big)+s\,N+c,
                  \qquad x\sim\mathcal N(m,LL^T),

        with :math:`s^2=4\sum_{\lambda_j=0}\beta_j^2` and the rest, parameters and errors as in
        :meth:`of_hermitian_form`, all real.

        Claim: foundation.quadratic-reduction.

        The product of two normal variables of mean and variance 1:

        >>> law = GenChi2.of_real_form([[0, 0.5], [0.5, 0]], [0, 0], 0, [1, 1], np.eye(2))
        >>> law.weights.round(9), law.noncentrality.round(9), round(law.cumulant(1), 9)
        (array([-0.5,  0.5]), array([0., 2.]), 1.0)
        """
        parts = form_matrix, form_linear, mean, covariance
        if any(np.iscomplexobj(part) for part in parts):
            raise ValueError(
                "form_matrix, form_linear, mean and covariance must be real, got complex"
            )
        return cls(*_reduced(form_matrix, form_linear, form_constant, mean, covariance, 1))

    @classmethod
    @public
    def of_gammas(
        cls, weights: Quantity, term_order: Quantity, term_noncentrality: Quantity = 0.0
    ) -> Self:
        r"""Return the law of a weighted sum of independent noncentral gamma variables.

        .. math:: q=\sum_gw_gY_g,\qquad 2Y_g\sim\chi'^2_{2n_g}(2\delta_g)

        Y_g of order n is the sum of n squared moduli :math:`|z+m|^2`, :math:`z\sim\mathcal{CN}(0,1)`,
        and :math:`\delta` the sum of their :math:`|m|^2`.

        Parameters
        ----------
        weights : real, one or a sequence
            w.
        term_order : real >= 1/2, one or a sequence
            n.
        term_noncentrality : real >= 0, one or a sequence
            :math:`\delta`.

        >>> law = GenChi2.of_gammas([1.0, 0.5], [3, 1], [2.0, 0.0])
        >>> law.cumulant(1), round(float(law.cumulant_function(-1.0)), 12)
        (5.5, -3.484906649788)
        """
        weights, order, noncentrality = map(np.asarray, (weights, term_order, term_noncentrality))
        return cls(weights / 2, 2 * order, 2 * noncentrality)

    @public("[0, 1]", x="[-inf, inf]")
    @implements("foundation.quadratic-inversion", "right")
    def sf(self, x: Quantity) -> np.ndarray | float:
        r"""Return the upper tail :math:`\Pr[X>x]`.

        ``x`` has any shape, infinities are admitted. Relative error below 1e-12 from 1e-2 to 1e-30 in
        either tail (measured: 2e-14 for moderate parameters); beyond, about 1e-16 times the size of
        the exponent's terms, and :meth:`logsf` has the values that underflow. Raises ``ValueError``
        if X is constant, and where the quadrature does not converge (no case is
        known).

        Inversion integral of J. P. Imhof, Biometrika 48 (1961), moved to the saddle point as in S. O.
        Rice, SIAM J. Sci. Stat. Comput. 1 (1980). The rician paper calls on this law for equal angles
        (Section III-A, case 3).

        Claim: foundation.quadratic-inversion.

        >>> print(f"{GenChi2([2, -1], [3, 3]).sf(30.0):.12e}")
        1.017436234609e-03
        """
        return self._tail(x, upper=True, log=False)

    @public("[0, 1]", x="[-inf, inf]")
    @implements("foundation.quadratic-inversion", "right")
    @implements("beyond.special-accuracy", "exact")
    def cdf(self, x: Quantity) -> np.ndarray | float:
        r"""Return the lower tail :math:`\Pr[X\le x]`, accurate where it is small; as :meth:`sf`.

        Claims: foundation.quadratic-inversion, beyond.special-accuracy.

        >>> print(f"{GenChi2([2, 1], [3, 3]).cdf(1e-3):.12e}")
        7.363624354799e-12
        """
        return self._tail(x, upper=False, log=False)

    @public("[-inf, 0]", x="[-inf, inf]")
    @implements("foundation.quadratic-inversion", "exact")
    def logsf(self, x: Quantity) -> np.ndarray | float:
        r"""Return :math:`\ln\Pr[X>x]`, the logarithm of :meth:`sf`, finite far beyond underflow.

        Claim: foundation.quadratic-inversion.

        >>> float(GenChi2(1.0, 2).logsf(2e4))
        -10000.0
        """
        return self._tail(x, upper=True, log=True)

    @public("[-inf, 0]", x="[-inf, inf]")
    @implements("foundation.quadratic-inversion", "exact")
    def logcdf(self, x: Quantity) -> np.ndarray | float:
        r"""Return :math:`\ln\Pr[X\le x]`, the logarithm of :meth:`cdf`, finite far beyond underflow.

        Claim: foundation.quadratic-inversion.

        >>> float(GenChi2(-1.0, 2).logcdf(-2e4))
        -10000.0
        """
        return self._tail(x, upper=False, log=True)

    @public("[-inf, inf]", probability="[0, 1]")
    def ppf(self, probability: Quantity) -> np.ndarray | float:
        r"""Return the quantile: x with :math:`\Pr[X\le x]=` ``probability``, the inverse of :meth:`cdf`.

        ``probability`` in [0, 1] has any shape; 0 and 1 give the ends of the law. The tail at the value
        that is returned has the given probability to a relative 1e-12 (:meth:`isf` takes small upper
        tails), where x less the offset is not below the least float. Some 20 ms a value, less in bulk.
        Raises ``ValueError`` if X is constant.

        >>> law = GenChi2([2, -1], [3, 3])
        >>> print(f"{law.ppf(0.5):.12f} {law.cdf(law.ppf(1e-9)):.6e}")
        2.114674856431 1.000000e-09
        """
        return self._quantile(probability, upper=False)

    @public("[-inf, inf]", probability="[0, 1]")
    def isf(self, probability: Quantity) -> np.ndarray | float:
        r"""Return the upper quantile: x with :math:`\Pr[X>x]=` ``probability``, the inverse of :meth:`sf`.

        As :meth:`ppf`.

        >>> print(f"{GenChi2(1.0, 2).isf(np.exp(-50.0)):.10f}")
        100.0000000000
        """
        return self._quantile(probability, upper=True)

    @public("[0, 1]", x="[-inf, inf]")
    @implements("foundation.quadratic-gaussian-approximation", "approximation")
    def cdf_gaussian(self, x: Quantity) -> np.ndarray | float:
        r"""Return the normal approximation :math:`\Phi\big((x-\kappa_1)/\sqrt{\kappa_2}\big)` of :meth:`cdf`.

        Mean and variance are right, the tails are not.

        Claim: foundation.quadratic-gaussian-approximation.

        >>> law = GenChi2([2, 1], [3, 3])
        >>> print(f"{law.cdf_gaussian(1e-3):.6f} {law.cdf(1e-3):.3e}")
        0.050193 7.364e-12
        """
        return scipy.special.ndtr((x - self.cumulant(1)) / math.sqrt(self.cumulant(2)))

    @public
    @implements("foundation.quadratic-cumulant", "right", r"\kappa_k")
    @implements("foundation.tilted-gamma", "tool", r"\kappa'(s)")
    @implements("foundation.noncentral-gamma", "tool", "mean and variance")
    @implements("foundation.rician-norm", "tool", r"\operatorname{Var}Z")
    def cumulant(self, cumulant_order: int) -> float:
        r"""Return the cumulant of order k, for k = 1 the mean and for k = 2 the variance.

        .. math:: \kappa_k=2^{k-1}(k-1)!\sum_jw_j^k\,(d_j+k\,\delta_j)

        plus the offset for k = 1, and plus s² for k = 2. ``cumulant_order`` is a whole number >= 1.

        Claims: foundation.quadratic-cumulant, foundation.tilted-gamma, foundation.noncentral-gamma,
        foundation.rician-norm.

        >>> law = GenChi2([2, 1], [3, 3], [1, 0], normal_std=1.0)
        >>> [law.cumulant(k) for k in (1, 2, 3)]
        [11.0, 47.0, 408.0]
        """
        k, (w, d, delta) = cumulant_order, self.terms
        total = 2.0 ** (k - 1) * math.factorial(k - 1) * np.sum(w**k * (d + k * delta))
        return float(total + {1: float(self.offset), 2: float(self.normal_std) ** 2}.get(k, 0.0))

    @public(moment_argument="complex")
    @implements("foundation.quadratic-cumulant", "right", r"\kappa(t)")
    @implements("foundation.tilted-gamma", "right", r"\kappa(s)")
    @implements("foundation.noncentral-gamma", "right", r"\mathbb E\,\mathrm e^{sY}")
    def cumulant_function(self, moment_argument: Quantity) -> np.ndarray | float | complex:
        r"""Return :math:`\kappa(t)=\ln E\,e^{tX}`, the logarithm of the moment generating function.

        .. math:: \kappa(t)=ct+\frac{s^2t^2}2
                  +\sum_j\Big[-\frac{d_j}2\ln(1-2w_jt)+\frac{\delta_jw_jt}{1-2w_jt}\Big]

        ``moment_argument`` t is real or complex, of any shape. On the imaginary axis it is the
        logarithm of the characteristic function; beyond the strip Re(2 w_j t) < 1 and off the real
        axis it is continued analytically. Raises ``ValueError`` on the branch cuts, for a real t with
        2 w_j t >= 1.

        Claims: foundation.quadratic-cumulant, foundation.tilted-gamma, foundation.noncentral-gamma.

        >>> print(f"{GenChi2([2, 1], [3, 3], [1, 0]).cumulant_function(0.1):.12f}")
        1.434287095954
        """
        t, (w, d, delta) = np.asarray(moment_argument), self.terms
        reach = 2 * w * t[..., None]
        cut = (reach.real >= 1) & (reach.imag == 0)
        if np.any(cut):
            raise ValueError(
                f"moment_argument must have 2 w t < 1 on the real axis, got {reach.real[cut][0]:g}"
            )
        terms = -d / 2 * np.log1p(-reach) + delta / 2 * reach / (1 - reach)
        return terms.sum(axis=-1) + float(self.offset) * t + (float(self.normal_std) * t) ** 2 / 2

    @public
    @implements("foundation.tilted-gamma", "right", "tilted law")
    def tilted(self, tilt: float) -> Self:
        r"""Return the law whose density is that of X times :math:`e^{tX-\kappa(t)}`.

        .. math:: w_j\to\frac{w_j}{1-2w_jt},\qquad\delta_j\to\frac{\delta_j}{1-2w_jt},\qquad c\to c+s^2t

        Its cumulants are the derivatives of :math:`\kappa` at t = ``tilt``, real. Raises ``ValueError``
        unless 2 w t < 1 for all weights.

        Claim: foundation.tilted-gamma.

        >>> GenChi2.of_gammas([1.0, 0.5], [3, 1], [2.0, 0.0]).tilted(-1.0).cumulant(1) - 1 / 3
        2.0
        """
        w, d, delta = self.terms
        left = 1 - 2 * w * tilt
        if not np.all(left > 0):
            raise ValueError(f"tilt must leave 2 w t below 1 for all weights w, got {tilt:g}")
        offset = float(self.offset) + float(self.normal_std) ** 2 * tilt
        return type(self)(w / left, d, delta / left, self.normal_std, offset)

    @cached_property
    def terms(self) -> list[np.ndarray]:
        """Weights, degrees of freedom and noncentralities as arrays of floats of one length."""
        parts = self.weights, self.dof, self.noncentrality
        return np.broadcast_arrays(*(np.atleast_1d(_floats(part)) for part in parts))

    @cached_property
    def _scaled(self) -> "tuple[_Scaled, float]":
        """X less its offset, divided by a scale, with equal weights joined; and that scale."""
        w, d, n = self.terms
        std = float(self.normal_std)
        distinct, index = np.unique(w, return_inverse=True)
        d, n = (np.bincount(index, values, distinct.size) for values in (d, n))
        keep = distinct != 0
        if not keep.any() and std == 0:
            raise ValueError("weights must have a nonzero entry unless normal_std is positive")
        # a power of two scales without rounding and keeps squares of weights within range
        scale = 2.0 ** np.frexp(np.abs([*distinct, std]).max())[1]
        return _Scaled(distinct[keep] / scale, d[keep], n[keep], std / scale), scale

    def _tail(self, x, *, upper: bool, log: bool):
        _form, scale = self._scaled
        x = np.asarray(x, dtype=float)
        check_memory(x.shape)
        with np.errstate(over="ignore"):
            x = (x - float(self.offset)) / scale
        return self._scaled_tail(x.ravel(), upper, log).reshape(x.shape)[()]

    def _scaled_tail(self, x, upper, log):
        """Tail at scaled points of shape (n,); ``upper`` may be of that shape."""
        form, _ = self._scaled
        # log of the smaller tail, and whether that is the survival function
        sf_is_smaller = x > form.mean
        log_tail = np.full(x.size, -np.inf)
        inside = np.isfinite(x)
        if form.weights.size == 0:
            log_tail[inside] = scipy.special.log_ndtr(-np.abs(x[inside]) / form.std)
        else:
            if form.std == 0:  # a definite form has no mass beyond 0
                inside &= (x > 0) if form.weights[0] > 0 else np.full(x.size, True)
                inside &= (x < 0) if form.weights[-1] < 0 else np.full(x.size, True)
            for side in (1, -1):
                chosen = np.flatnonzero(inside & (sf_is_smaller == (side > 0)))
                for start in range(0, chosen.size, _BLOCK):
                    block = chosen[start : start + _BLOCK]
                    log_tail[block] = _log_tail(x[block], form, side)
        direct = sf_is_smaller == upper
        if log:
            with np.errstate(divide="ignore"):
                return np.where(direct, log_tail, np.log1p(-np.exp(log_tail)) + 0.0)
        return np.where(direct, np.exp(log_tail), -np.expm1(log_tail))

    def _quantile(self, probability, *, upper: bool):
        form, scale = self._scaled
        p = np.asarray(probability, dtype=float)
        check_memory(p.shape)
        shape, p = p.shape, p.ravel()
        # a definite form ends at 0
        definite = 0
        if form.std == 0 and form.weights.size:
            definite = int(form.weights[0] > 0) - int(form.weights[-1] < 0)
        least, most = (0.0 if definite * side > 0 else -side * np.inf for side in (1, -1))
        x = np.where((p == 0) == upper, most, least)
        inside = (p > 0) & (p < 1)
        if np.any(inside):
            x[inside] = self._inner_quantile(p[inside], upper, definite)
        return (float(self.offset) + scale * x).reshape(shape)[()]

    def _inner_quantile(self, p, upper, definite):
        form, _ = self._scaled
        # of the smaller tail, on a log scale; the upper one falls
        side = (p <= 0.5) == upper
        target = np.where(p <= 0.5, np.log(p), np.log1p(-p))
        noise = 1e-15 * (2 + np.abs(target))
        spread = math.sqrt(form.std**2 + 2 * form.weights**2 @ (form.dof + 2 * form.noncentrality))

        def place(u):
            with np.errstate(under="ignore", over="ignore"):
                return definite * np.exp(definite * u) if definite else u

        def rising(u, target, side):
            log_x = definite * u if definite else np.zeros(u.shape)
            known = np.clip(log_x, -600, 230)
            with np.errstate(all="ignore"):
                found = self._scaled_tail(
                    place(definite * known) if definite else u, side > 0, log=True
                )
            # near its end the law is a power of x, and e^230 is beyond every probability
            found = np.where(
                (log_x < -600) & (side != definite),
                found + form.dof.sum() / 2 * (log_x - known),
                found,
            )
            excess = np.maximum(found, -1e250) - target
            return np.where(side > 0, -excess, excess)

        normal = scipy.special.ndtri(np.exp(np.maximum(target, -700))) * np.where(side, -1, 1)
        if definite:
            start, width = np.log(abs(form.mean)) * definite, spread / abs(form.mean)
            width = min(width, 1.0)
            guess = start + normal * width
        else:
            guess, width = form.mean + normal * spread, spread
        width = np.full(p.size, 0.1 * width)
        return place(monotone_root(rising, guess, width, (target, side.astype(float)), noise))


def _floats(value) -> np.ndarray:
    """Numbers of any kind, fractions and balls among them, as floats."""
    array = np.asarray(value)
    return np.vectorize(float, otypes=[float])(array) if array.dtype == object else array


def _reduced(matrix, linear, constant, mean, covariance, parts: int) -> tuple:
    """Return the fields of the law of a form of a Gaussian vector with 1 or 2 real parts an entry."""
    matrix, linear, mean, covariance = map(np.asarray, (matrix, linear, mean, covariance))
    shapes = {
        "mean": (mean, (mean.size,)),
        "form_linear": (linear, (mean.size,)),
        "form_matrix": (matrix, (mean.size,) * 2),
        "covariance": (covariance, (mean.size,) * 2),
    }
    for name, (array, shape) in shapes.items():
        if array.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
        if array.ndim == 2 and np.abs(array - array.conj().T).max() > 1e-10 * np.abs(array).max():
            raise ValueError(f"{name} must be Hermitian, got a matrix that is not")
    spread, axes = np.linalg.eigh(covariance)
    if spread.min() < -1e-9 * np.abs(spread).max():
        raise ValueError(
            f"covariance must be positive semidefinite, got the eigenvalue {spread.min()}"
        )
    root = axes * np.sqrt(np.maximum(spread, 0))
    eigenvalues, directions = np.linalg.eigh(root.conj().T @ matrix @ root)
    share = np.abs(directions.conj().T @ root.conj().T @ (matrix @ mean + linear)) ** 2
    curved = np.abs(eigenvalues) > 1e-12 * np.abs(eigenvalues).max()
    kept = eigenvalues[curved]
    offset = np.vdot(mean, matrix @ mean + 2 * linear).real + float(constant)
    offset -= np.sum(share[curved] / kept)
    std = 2 * math.sqrt(share[~curved].sum() / parts)
    return kept / parts, float(parts), parts * share[curved] / kept**2, std, float(offset)


class _Scaled(NamedTuple):
    """A generalised chi-square variable less its offset: distinct nonzero weights and the rest."""

    weights: np.ndarray
    dof: np.ndarray
    noncentrality: np.ndarray
    std: float

    @property
    def mean(self) -> float:
        return float(self.weights @ (self.dof + self.noncentrality))


def _log_tail(x, form: _Scaled, side: int):
    """Return log Pr[X > x] for x beyond the mean (side = 1), log Pr[X <= x] below (side = -1)."""
    t0, width = _saddle(x, form, side)
    top = _exponent(t0, x, form)
    # an exponent that nothing cancels in has errors of its own size
    size = np.abs(top) + np.minimum(form.dof.sum(), _MANY) + np.abs(t0 * (x - form.mean))
    rounding = 4e-16 * (size + np.minimum(np.abs(t0 * x), 1e4))
    lean = _lean(x, form, t0, width, top)

    def integrand(tau):
        t, speed = _path(tau, t0, width, lean)
        # far beyond its end the path may lead to where the integrand is huge
        with np.errstate(over="ignore", invalid="ignore"):
            return np.exp(_exponent(t, x, form) - top) * speed / t

    def odd_multiples(step, first):
        """Sum the integrand over first, first + step, ... until it is negligible."""
        total, start, alive = 0.0, first, True
        while np.any(alive):
            tau = start + step * np.arange(math.ceil(4 / step))[:, None]
            values = integrand(tau)
            # the path ends at its first negligible point: from there it might as well go straight
            # up, where the modulus only falls
            large = np.abs(values) > 1e-17 * 2 * width / np.abs(t0)
            large[0] &= alive
            large = np.logical_and.accumulate(large, axis=0)
            total = total + np.where(large, values.imag, 0).sum(axis=0)
            start, alive = start + step * tau.size, large[-1]
        return total

    step = 0.2
    estimate = step * (integrand(np.zeros((1, 1))).imag[0] / 2 + odd_multiples(step, step))
    for _ in range(7):
        previous = estimate
        estimate = previous / 2 + step / 2 * odd_multiples(step, step / 2)
        step /= 2
        # the error at half the step is of the order of its square
        if np.all(np.abs(estimate - previous) < (1e-10 + rounding) * np.abs(estimate)):
            return top + np.log(side * estimate / np.pi)
    raise ArithmeticError(f"the quadrature did not converge for {form}")


def _path(tau, t0, width, lean):
    """Return the path and its derivative; ``lean`` is tilt / height of the hyperbola, signed."""
    v = 2 * width * np.sinh(tau)
    root = np.hypot(1, lean * v / _TILT)
    t = t0 + v * (lean * v / (1 + root)) + 1j * v
    return t, (lean * v / root + 1j) * 2 * width * np.cosh(tau)


def _lean(x, form: _Scaled, t0, width, top):
    """Return for each x the lean on which the integrand is the first to become negligible."""
    # 20 widths up the integrand is mostly negligible already, and the path need not lean at all
    low, tau = 20 * width, np.arange(0, 61, 0.5)[:, None]
    straight = np.zeros(x.shape)
    best = _reach(tau[:7], x, form, t0, width, top, straight)
    if np.all(best < 7):
        return straight
    # terms of small weight and large noncentrality act like an offset: near the saddle point
    # exp(-t x) with what they leave of x decides, far away x itself
    weights, dof, noncentrality = (part[:, None] for part in form[:3])
    factor = 1 / (1 - 2 * weights * (t0 + 1j * low))
    near = x - form.std**2 * t0
    near = near - np.sum(weights * (dof * factor + noncentrality * factor**2).real, axis=0)
    lean, best = straight, _reach(tau, x, form, t0, width, top, straight)
    for force in (near, x):
        height = np.maximum(low, 1 / np.maximum(np.abs(force), 1e-50 / width))
        candidate = np.sign(force) * _TILT / height
        reach = _reach(tau, x, form, t0, width, top, candidate)
        lean, best = np.where(reach < best, candidate, lean), np.minimum(reach, best)
    return lean


def _reach(tau, x, form: _Scaled, t0, width, top, lean):
    """Return the index in tau at which the integrand is negligible, len(tau) if it is not or grows."""
    t, speed = _path(tau, t0, width, lean)
    size = (_exponent(t, x, form) - top).real + np.log(np.abs(speed / t * t0 / width))
    dead = size < -39
    reach = np.where(dead.any(axis=0), dead.argmax(axis=0), len(tau))
    before = np.arange(len(tau))[:, None] < reach
    return np.where(np.any(before & (size > 2), axis=0), len(tau), reach)


def _exponent(t, x, form: _Scaled):
    """Return K(t) - t x for real or complex t."""
    value = (form.std * t) ** 2 / 2
    excess, rest = x, 0.0
    for w, d, n in zip(form.weights, form.dof, form.noncentrality, strict=True):
        z = 2 * w * t
        # small terms meet x as means, so that large means do not cancel; for large z the
        # subtraction of the mean would itself be a cancellation
        small = np.abs(z) < 1
        if d + n < _MANY:
            excess = excess - np.where(small, w * (d + n), 0)
        else:  # what rounding leaves of large means is no small part of their difference
            count, lost = exact_sum(d, n)
            mean, left = exact_product(w, count)
            excess, more = exact_sum(excess, np.where(small, -mean, 0.0))
            rest = rest + more - np.where(small, left + w * lost, 0)
        value = value - d / 2 * _log_less(z, small, d)
        if n > 0:
            value = value + n / 2 * (z / (1 - z)) * np.where(small, z, 1)
    return value - t * (excess + rest)


def _log_less(z, small, d):
    """Return log(1 - z) + z where z is small, and else log(1 - z)."""
    result = _log_one_minus(z)
    if d < _MANY:
        return result + np.where(small, z, 0)
    near = np.abs(z) < 0.5
    series = log1p_less(np.where(near, -z, 0))
    return np.where(near, series, result + np.where(small, z, 0))


def _saddle(x, form: _Scaled, side: int):
    """Return the minimum of K(t) - t x - log|t| on one side of 0, and its width.

    Newton's method, safeguarded by a bracket. The path may miss the minimum by a fraction of the
    width, so a few digits are enough.
    """
    w, d, n = (part[:, None] for part in form[:3])
    # work with positive t by reflection; slope and curvature are those in t times t and t^2
    w, x = side * w, side * x
    edge = 1 / (2 * w.max()) if w.max() > 0 else np.inf
    deviation = math.sqrt(form.std**2 + 2 * float(np.sum(w * w * (d + 2 * n))))
    t = np.full(x.shape, min(edge / 2, 1 / deviation))
    if edge == np.inf and form.std == 0:
        t = np.maximum(t, (d.sum() / 2 + 1) / np.abs(x))
    low, high = np.zeros(x.shape), np.full(x.shape, edge)
    for _ in range(200):
        factor = 1 - 2 * w * t
        pull = 2 * w * t / factor
        slope = (form.std * t) ** 2 - x * t - 1 + np.sum(pull * (d + n / factor), axis=0) / 2
        curvature = (form.std * t) ** 2 + 1
        curvature = curvature + np.sum(pull**2 * (d + 2 * n / factor), axis=0) / 2
        if np.all(np.abs(slope) < 0.05 * np.sqrt(curvature)):
            break
        low, high = np.where(slope < 0, t, low), np.where(slope < 0, high, t)
        newton = t - t * slope / curvature
        middle = np.where(np.isinf(high), 2 * t, (low + high) / 2)
        t = np.where((newton > low) & (newton < high), newton, middle)
    return side * t, t / np.sqrt(curvature)


def _log_one_minus(z):
    """Logarithm of 1 - z for real z < 1 or complex z off the cut, exact to its own last digits."""
    if not np.iscomplexobj(z):
        return np.log1p(-z)
    with np.errstate(over="ignore", invalid="ignore"):
        square = z.real * (z.real - 2) + z.imag**2
        # near a modulus of 1 the logarithm is that of 1 + a small number
        modulus = np.where(np.abs(square) < 0.5, np.log1p(square), 2 * np.log(np.abs(1 - z)))
    return modulus / 2 - 1j * np.arctan2(z.imag, 1 - z.real)
