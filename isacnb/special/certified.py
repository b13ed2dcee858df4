"""Certified values: balls that contain the exact number, computed with python-flint.

Every function returns a :class:`flint.arb`, a midpoint with a radius; the exact value lies inside,
whatever rounding, truncation of a series or cutting of an integral happened on the way. Floats
among the arguments stand for exactly the binary number that they hold. The methods are chosen for
rigour and share nothing with the fast ones in :mod:`isacnb.special.marcum`: positive series with an
explicit remainder instead of a contour rule, adaptive Gauss-Legendre quadrature with proved error
bounds instead of a fixed rule.

``digits`` asks for a relative accuracy. The working precision is raised until the ball is that
small, and ``ValueError`` is raised if it never gets there.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import flint
import numpy as np
from flint import acb, arb

from ..numbers.door import public
from ..numbers.generic import is_numeric
from ..numbers.index import implements
from .genchi2 import GenChi2

__all__ = [
    "Exact",
    "certified_genchi2_cdf",
    "certified_genchi2_sf",
    "certified_marcum_p",
    "certified_marcum_q",
    "certified_scaled_expn",
    "certified_tricomi_u",
    "integral",
    "midpoint_radius",
]


# what stands for one real number without rounding
Exact = float | int | Fraction | arb


_DIGITS = 20


@public
def midpoint_radius(ball: arb) -> tuple[float, float]:
    """Return midpoint and radius of a ball as floats, the radius enlarged to stay an enclosure.

    ``ball`` is a finite ``flint.arb``.

    >>> middle, radius = midpoint_radius(certified_marcum_q(1, 1, 2))
    >>> print(f"{middle:.16f} +- {radius:.0e}")
    0.2690120600359100 +- 2e-18
    """
    middle = float(ball.mid())
    # rounding the midpoint to a double has moved it: the distance covers both
    radius = (ball - middle).abs_upper()
    return middle, math.nextafter(float(radius), math.inf)


def _functions(analytic: bool) -> SimpleNamespace:
    """Return the functions with branch cuts, told whether the integrator demands analyticity."""
    return SimpleNamespace(
        sqrt=lambda z: acb(z).sqrt(analytic=analytic),
        rsqrt=lambda z: acb(z).rsqrt(analytic=analytic),
        log=lambda z: acb(z).log(analytic=analytic),
        power=lambda z, exponent: acb(z).pow(acb(exponent), analytic=analytic),
    )


@public(digits="integers [1, 1000]", absolute="[0, inf)")
def integral(
    integrand: Callable[[acb, SimpleNamespace], acb],
    start: acb | complex,
    stop: acb | complex,
    *,
    digits: int = _DIGITS,
    absolute: float = 0.0,
) -> acb:
    """Return a ball that contains the integral of ``integrand`` along a segment.

    The segment runs from ``start`` to ``stop``. ``integrand(z, branch)`` takes a complex ball and a
    namespace with the functions that have branch cuts: ``branch.sqrt``, ``branch.rsqrt``,
    ``branch.log`` and ``branch.power(z, exponent)``. Use these and never ``z.sqrt()`` and the like:
    the integrator asks on whole discs whether the integrand is analytic, a function that does not
    answer gives enclosures that are silently wrong, and these four answer. Meromorphic functions
    (``exp``, ``sin``, quotients) need nothing special. ``abs`` and ``conjugate`` are not analytic and
    have no place in it.

    ``digits`` is the relative accuracy; an ``absolute`` error above zero is enough as well, and
    is needed where the integral vanishes.

    Raises ``ValueError`` if the accuracy is not reached.

    Source: acb_calc_integrate of FLINT; F. Johansson, Numerical integration in arbitrary-precision
    ball arithmetic (2018).

    >>> print(integral(lambda z, branch: branch.sqrt(z), 1, 4, digits=15).real.str(15))
    [4.66666666666667 +/- 3.34e-15]
    """

    def compute():
        goal = arb(2) ** -(_bits(digits) + 8)
        return acb.integral(
            lambda z, analytic: acb(integrand(z, _functions(analytic))),
            acb(start),
            acb(stop),
            rel_tol=goal,
            abs_tol=arb(absolute) / 4 if absolute else goal**3,
        )

    return sharpen(compute, digits, absolute)


def _bits(digits: int) -> int:
    return math.ceil(digits * math.log2(10))


def sharpen(compute: Callable, digits: int, absolute: float = 0.0):
    """Repeat ``compute`` at growing precision until its ball is small enough."""
    bits = _bits(digits)
    for precision in (bits + 40, 2 * bits + 80, 4 * bits + 160, 8 * bits + 320):
        with flint.ctx.workprec(precision):
            value = compute()
            if value.is_finite():
                if value.rel_accuracy_bits() >= bits:
                    return value
                if absolute and (value - value.mid()).abs_upper() <= arb(absolute):
                    return value
    raise ArithmeticError(f"no ball of {digits} digits was reached, the last one was {value}")


def _exact(name: str, value):
    """Return a real argument as a ball, or as a fraction: it becomes a ball at the working precision."""
    if isinstance(value, Fraction):
        return flint.fmpq(value.numerator, value.denominator)
    if isinstance(value, arb):
        return value
    if not is_numeric(value):
        raise ValueError(f"{name} must be a float, an int, a fraction or a ball, got {value!r}")
    return arb(value) if isinstance(value, int) else arb(float(value))


@public(digits="integers [1, 1000]", m="integers [1, 1e9]")
@implements("foundation.marcum-race", "certified")
def certified_marcum_q(m: int, a: Exact, b: Exact, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains :math:`Q_m(a, b)`, whole order m >= 1, a >= 0, b >= 0.

    With independent Poisson variables of means :math:`x=a^2/2` and :math:`y=b^2/2`,
    :math:`Q_m(a,b)=\Pr[N_y\le N_x+m-1]`: a double series of positive terms, cut where log-concavity
    bounds the rest by a geometric series. The smaller of Q and 1 - Q is summed, so the accuracy is
    relative in both tails. Of the order of ``a`` + ``b`` plus a few hundred terms.

    Claim: foundation.marcum-race.

    >>> print(certified_marcum_q(1, 1, 2, digits=15).str(15))
    [0.269012060035910 +/- 3.35e-18]
    """
    return _certified_marcum(m, a, b, digits, upper=True)


@public(digits="integers [1, 1000]", m="integers [1, 1e9]")
@implements("foundation.marcum-race", "certified")
def certified_marcum_p(m: int, a: Exact, b: Exact, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains :math:`P_m(a,b)=1-Q_m(a,b)`, relative accuracy in the tail.

    Domain, method and errors as :func:`certified_marcum_q`.

    Claim: foundation.marcum-race.

    >>> certified_marcum_p(4, 9, 0.5).str(10, radius=False)
    '6.054952028e-23'
    """
    return _certified_marcum(m, a, b, digits, upper=False)


def _certified_marcum(m: int, a, b, digits: int, *, upper: bool) -> arb:
    a, b = _exact("a", a), _exact("b", b)

    def compute():
        x, y = arb(a) ** 2 / 2, arb(b) ** 2 / 2
        # near y = x + m both are about one half; the choice of the smaller one is only for accuracy
        q_is_smaller = float(y.mid()) > float(x.mid()) + m
        value = _poisson_race(x, y, m - 1) if q_is_smaller else _poisson_race(y, x, -m)
        return value if q_is_smaller == upper else 1 - value

    return sharpen(compute, digits)


def _poisson_race(u: arb, v: arb, shift: int) -> arb:
    """Return Pr[N_v <= N_u + shift] for independent Poisson N_u, N_v of means u, v."""
    first = max(0, -shift)
    if u == 0:
        return _poisson_cdf_from(v, shift)[0] if shift >= 0 else arb(0)
    # the terms below peak where N_u has its mean after tilting the law onto the event
    u_mean, v_mean = float(u.mid()), float(v.mid())
    root = math.hypot(shift, 2 * math.sqrt(u_mean) * math.sqrt(v_mean))
    tilted = (root - shift) / 2 if shift <= 0 else 2 * u_mean * v_mean / (root + shift)
    centre = max(tilted, first)
    reach = math.sqrt(2 * math.log(2) * flint.ctx.prec) + 2
    while True:
        start = max(first, math.floor(centre - reach * math.sqrt(centre) - 1))
        total, below = _race_from(u, v, shift, start)
        if start == first or below < total * arb(2) ** -flint.ctx.prec:
            return total + arb(below / 2, below / 2) if start > first else total
        reach *= 1.5


def _race_from(u: arb, v: arb, shift: int, start: int) -> tuple[arb, arb]:
    """Return the sum of Pr[N_u = i] Pr[N_v <= i + shift] over i >= start and a bound on the rest.

    The terms are log-concave in i (a product of log-concave sequences: a Poisson law and a
    distribution function of one), so beyond any index they fall at least as fast as the geometric
    series through the last two terms; the same holds below ``start``.
    """
    weight = _poisson_mass(u, start)
    cumulative, mass = _poisson_cdf_from(v, start + shift)
    term = first_term = weight * cumulative
    total = term
    second_term = None
    i = start
    tiny = arb(2) ** -flint.ctx.prec
    while True:
        i += 1
        weight = weight * u / i
        mass = mass * v / (i + shift)
        cumulative = cumulative + mass
        previous, term = term, weight * cumulative
        total = total + term
        if second_term is None:
            second_term = term
        # a look at every eighth term is enough
        if i % 8 == 0 and term < previous and term < total * tiny * (1 - term / previous):
            ratio = (term / previous).upper()
            rest = (term * ratio / (1 - ratio)).upper()
            break
    total = total + arb(rest / 2, rest / 2)
    if not first_term < second_term:
        return total, arb("inf")
    ratio = (first_term / second_term).upper()
    return total, (first_term * ratio / (1 - ratio)).upper()


def _poisson_mass(mean: arb, n: int) -> arb:
    if mean == 0:
        return arb(1 if n == 0 else 0)
    return (n * mean.log() - mean - arb(n + 1).lgamma()).exp()


def _poisson_cdf_from(mean: arb, n: int) -> tuple[arb, arb]:
    """Return Pr[N <= n] and Pr[N = n], n >= 0, by downward summation with a geometric bound."""
    mass = _poisson_mass(mean, n)
    if mean == 0:
        return arb(1), mass
    total, term, j = mass, mass, n
    tiny = arb(2) ** -flint.ctx.prec
    while j > 0:
        term = term * j / mean
        j -= 1
        total = total + term
        if j % 8 == 0 and j < mean and term < total * tiny:
            ratio = (j / mean).upper()
            rest = (term * ratio / (1 - ratio)).upper()
            return total + arb(rest / 2, rest / 2), mass
    return total, mass


@public(digits="integers [1, 1000]")
def certified_tricomi_u(nu: Exact, w: Exact, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains Tricomi's :math:`U(\nu/2, 1/2, w)`, nu > 0, w > 0.

    The form is the one of the ratio law of the coupling paper, Theorem 1. Source: FLINT's
    hypergeometric functions.

    >>> certified_tricomi_u(3, 2.0, digits=15).str(12, radius=False)
    '0.151103269383'
    """
    nu, w = _exact("nu", nu), _exact("w", w)
    return sharpen(lambda: arb(w).hypgeom_u(arb(nu) / 2, arb(0.5)), digits)


@public(digits="integers [1, 1000]", k="integers [1, 1e9]", x="[0, inf)")
@implements("coupling.E2", "certified")
def certified_scaled_expn(k: int, x: Exact, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains :math:`x\,e^x E_k(x)`, whole order k >= 1, x >= 0.

    Source: :math:`E_k(x)=\int_1^\infty e^{-xt}t^{-k}\,dt` by FLINT's hypergeometric functions.

    Claim: coupling.E2.

    >>> certified_scaled_expn(1, 1000, digits=15).str(12, radius=False)
    '0.999001994024'
    """
    x = _exact("x", x)
    if x == 0:
        return arb(0)
    # e^x E_k(x) = U(1, 2 - k, x) never overflows, and loses no digits for large x
    return sharpen(lambda: x * arb(x).hypgeom_u(arb(1), arb(2 - k)), digits)


@public(digits="integers [1, 1000]")
@implements("foundation.quadratic-inversion", "certified")
def certified_genchi2_sf(x: Exact, law: GenChi2, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains the upper tail :math:`\Pr[X>x]` of a generalised chi-square law.

    ``x`` is real and ``law`` a :class:`~isacnb.special.genchi2.GenChi2`, whose numbers may be floats,
    fractions or balls. The inversion integral :math:`\frac1{2\pi i}\int e^{K(t)-tx}\,dt/t` is enclosed
    along straight pieces through the saddle point; the piece that reaches infinity is cut where an
    explicit bound of the modulus makes the rest negligible, and the bound joins the radius. Definite
    and indefinite forms, both tails with relative accuracy.

    Raises ``ValueError`` for a law without spread.

    Claim: foundation.quadratic-inversion.

    >>> certified_genchi2_sf(30, GenChi2([2, -1], [3, 3]), digits=15).str(12, radius=False)
    '0.00101743623461'
    """
    return _certified_genchi2(x, law, digits, upper=True)


@public(digits="integers [1, 1000]")
@implements("foundation.quadratic-inversion", "certified")
def certified_genchi2_cdf(x: Exact, law: GenChi2, *, digits: int = _DIGITS) -> arb:
    r"""Return a ball that contains the lower tail :math:`\Pr[X\le x]`; see :func:`certified_genchi2_sf`.

    Claim: foundation.quadratic-inversion.

    >>> certified_genchi2_cdf(1e-3, GenChi2([2, 1], [3, 3]), digits=15).str(12, radius=False)
    '7.36362435480e-12'
    """
    return _certified_genchi2(x, law, digits, upper=False)


def _certified_genchi2(x, law: GenChi2, digits: int, *, upper: bool) -> arb:
    if not isinstance(law, GenChi2):
        raise ValueError(f"law must be a GenChi2, got {law!r}")
    columns = np.broadcast_arrays(*map(np.atleast_1d, (law.weights, law.dof, law.noncentrality)))
    names = "weights", "dof", "noncentrality"
    exact = [
        [_exact(name, part) for name, part in zip(names, term, strict=True)]
        for term in zip(*(column.tolist() for column in columns), strict=True)
    ]
    exact = [term for term in exact if term[0] != 0]
    std, offset = _exact("normal_std", law.normal_std), _exact("offset", law.offset)
    x = _exact("x", x)
    if not exact and std == 0:
        raise ValueError("weights must have a nonzero entry unless normal_std is positive")

    def compute():
        distance, sigma = arb(x) - offset, arb(std)
        terms = [tuple(map(arb, term)) for term in exact]
        if not terms:
            return ((distance if upper else -distance) / (sigma * arb(2).sqrt())).erfc() / 2
        if std == 0 and distance <= 0 and all(w > 0 for w, _, _ in terms):
            return arb(1 if upper else 0)
        if std == 0 and distance >= 0 and all(w < 0 for w, _, _ in terms):
            return arb(0 if upper else 1)
        mean = sum(float(w) * (float(d) + float(n)) for w, d, n in terms)
        above = float(distance) > mean
        value = _tail_integral(distance, terms, sigma, 1 if above else -1)
        return value if above == upper else 1 - value

    return sharpen(compute, digits)


def _exponent(t: acb, x: arb, terms: list, std: arb, branch) -> acb:
    """Return K(t) - t x with the cumulant generating function K."""
    value = std * std * t * t / 2 - t * x
    for w, d, n in terms:
        factor = 1 - 2 * w * t
        value = value - d * branch.log(factor) / 2
        if n != 0:
            value = value + n * w * t / factor
    return value


def _tail_integral(x: arb, terms: list, std: arb, side: int) -> arb:
    """Enclose Pr[X > x] (side = 1, path right of the pole at 0) or Pr[X < x] (side = -1)."""
    saddle, width = _float_saddle(float(x), terms, float(std), side)
    t0 = arb(saddle)
    top = _exponent(acb(t0), x, terms, std, _functions(False)).real
    goal = arb(2) ** -flint.ctx.prec * arb(width) / abs(t0)

    def piece(start, stop):
        def integrand(t, analytic):
            return (_exponent(t, x, terms, std, _functions(analytic)) - top).exp() / t

        return acb.integral(integrand, start, stop, abs_tol=goal, rel_tol=goal * goal)

    # straight up from the saddle point, then obliquely to the side on which exp(-t x) decays, but
    # steeply if a normal term is there to help; the lower half of the path is the mirror image and
    # doubles the imaginary part
    height = arb(max(4 * width, abs(saddle)))
    corner = acb(t0, height)
    lean = arb(-1 if x < 0 else 1) / (1 if std == 0 else 2)
    slope = acb(lean, 1)
    total = piece(acb(t0), corner)
    reached, step = arb(0), height
    while True:
        total = total + piece(corner + slope * reached, corner + slope * (reached + step))
        reached, step = reached + step, 2 * step
        rest = _modulus_beyond(reached, t0, height, lean, x, terms, std, top)
        if rest < goal:
            return side * (total.imag + arb(0, rest.upper())) * top.exp() / arb.pi()


def _modulus_beyond(reached, t0, height, lean, x, terms, std, top) -> arb:
    """Bound the integral of the modulus over the oblique ray from ``reached`` to infinity.

    On the ray t = t0 + lean u + i (height + u), so that abs(1 - 2 w t) >= 2 abs(w) (height + u) for
    each factor. The normal factor exp(s^2 t^2 / 2) falls because abs(lean) <= 1 and
    height >= abs(t0), and at least like exp(-s^2 u (height - lean t0)). Each kind of decay
    (exponential in x, power of the chi-square factors, normal) bounds the integral of its factor
    while the others are taken at ``reached``; the least of the bounds counts.
    """
    imaginary = height + reached
    exponent = -(t0 + lean * reached) * x - top
    exponent += std * std * ((t0 + lean * reached) ** 2 - imaginary**2) / 2
    for w, d, n in terms:
        factor = 2 * abs(w) * imaginary
        exponent += -d * factor.log() / 2 + n / 2 * (1 / factor - 1)
    # integrals of du / abs(t) <= du / (height + u), relative to the modulus at ``reached``
    lengths = [2 / sum(d for _, d, _ in terms)]
    if x != 0:
        lengths.append(1 / (lean * x * imaginary))
    if std > 0 and height > lean * t0:
        lengths.append(1 / (std * std * (height - lean * t0) * imaginary))
    length = min(lengths, key=lambda ball: float(ball.upper()))
    return (exponent.exp() * (1 + lean * lean).sqrt() * length).upper()


def _float_saddle(x: float, terms: list, std: float, side: int) -> tuple[float, float]:
    """Return the minimum of K(t) - t x - log|t| on one side of 0, and its width, in floats.

    Only the choice of the path depends on it: any point between 0 and the first branch point gives
    a rigorous enclosure.
    """
    floats = [tuple(map(float, term)) for term in terms]

    def slope(t):
        value = std * std * t - x - 1 / t
        for w, d, n in floats:
            factor = 1 - 2 * w * t
            if factor <= 0:
                return math.inf * side
            value += w * (d + n / factor) / factor
        return value

    edge = max(side * w for w, _, _ in floats)
    near, far = 0.0, side * (1 / (2 * edge) if edge > 0 else 1.0)
    while edge <= 0 and side * slope(far) < 0:
        far *= 2
    while near != (t := (near + far) / 2) != far:
        near, far = (t, far) if side * slope(t) < 0 else (near, t)
    t = near or far
    # the second derivative times t^2, free of overflow
    curvature = (std * t) ** 2 + 1
    for w, d, n in floats:
        factor = 1 - 2 * w * t
        curvature += 2 * (w * t / factor) ** 2 * (d + 2 * n / factor)
    return t, abs(t) / math.sqrt(curvature)
