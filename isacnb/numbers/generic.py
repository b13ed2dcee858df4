"""One formula, four kinds of number.

A closed form of this package is written once and runs on floats and arrays (numpy), on
multiprecision numbers (mpmath), on symbols (sympy) and on balls (python-flint). The formula asks
:func:`arithmetic` for the elementary functions that fit its arguments, so that what a chapter
proves with symbols is the code that a reader calls with arrays.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import flint
import mpmath
import numpy as np
import scipy.special
import sympy
from typing_extensions import TypeAliasType

__all__ = [
    "Quantity",
    "arithmetic",
    "is_numeric",
]


#: a number, an array or a sequence of them, an mpmath number, a sympy expression or a ball; its
#: name alone stands in signatures
Quantity = TypeAliasType(
    "Quantity",
    float | complex | np.ndarray | Sequence | mpmath.mpf | sympy.Expr | flint.arb | flint.acb,
)


_NUMPY = SimpleNamespace(
    pi=np.pi,
    j=1j,
    exp=np.exp,
    log=np.log,
    sqrt=np.sqrt,
    sin=np.sin,
    cos=np.cos,
    gamma=scipy.special.gamma,
    loggamma=scipy.special.gammaln,
    hyperu=scipy.special.hyperu,
    hyp1f1=scipy.special.hyp1f1,
    rational=lambda p, q: p / q,
)


class _Mpmath:
    """mpmath's functions; pi follows the working precision at the time of use."""

    @property
    def pi(self):
        return +mpmath.pi

    @staticmethod
    def rational(p, q):
        return mpmath.mpf(p) / q

    def __getattr__(self, name):
        return getattr(mpmath, name)


class _Flint:
    """Real balls; pi follows the working precision at the time of use.

    Complex balls are left out on purpose: inside a certified integral a logarithm must announce
    its branch cut, which a formula written for numbers does not.
    """

    @property
    def pi(self):
        return flint.arb.pi()

    @staticmethod
    def rational(p, q):
        return flint.arb(p) / q

    @property
    def j(self):
        return flint.acb(0, 1)

    @staticmethod
    def hyperu(a, b, x):
        return flint.arb(x).hypgeom_u(flint.arb(a), flint.arb(b))

    @staticmethod
    def hyp1f1(a, b, x):
        return flint.arb(x).hypgeom_1f1(flint.arb(a), flint.arb(b))

    def __getattr__(self, name):
        method = {"loggamma": "lgamma"}.get(name, name)
        return lambda x: getattr(flint.arb(x), method)()


_SYMPY = SimpleNamespace(
    pi=sympy.pi,
    j=sympy.I,
    exp=sympy.exp,
    log=sympy.log,
    sqrt=sympy.sqrt,
    sin=sympy.sin,
    cos=sympy.cos,
    gamma=sympy.gamma,
    # log(gamma(x)) and not loggamma(x): exp of it then folds back into gamma(x) by itself
    loggamma=lambda x: sympy.log(sympy.gamma(x)),
    # sympy has no Tricomi function of its own: it stays a name, defined by its integral
    hyperu=sympy.Function("U"),
    hyp1f1=lambda a, b, x: sympy.hyper((a,), (b,), x),
    rational=sympy.Rational,
)


_MPMATH, _FLINT = _Mpmath(), _Flint()


def arithmetic(*args: Quantity) -> Any:
    """Return the elementary functions (pi, exp, log, sqrt, gamma, ...) that fit ``args``.

    Any symbol makes the result symbolic, otherwise any ball makes it certified, otherwise any
    mpmath number makes it multiprecision, otherwise numpy computes.
    """
    if any(isinstance(a, sympy.Basic) for a in args):
        return _SYMPY
    if any(isinstance(a, flint.arb) for a in args):
        return _FLINT
    if any(isinstance(a, mpmath.mpf | mpmath.mpc) for a in args):
        return _MPMATH
    return _NUMPY


def is_numeric(*args: Quantity) -> bool:
    """Tell whether every argument is a plain number or array, so that its range can be checked."""
    return arithmetic(*args) is _NUMPY
