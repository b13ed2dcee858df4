"""The comparisons behind the evidence.

A judge compares a candidate with a reference and returns an :class:`Outcome`: the two agree, they
differ, or it cannot tell. Evidence needs an agreement, and each of its negative controls a
difference: "cannot tell" is never good enough for either.
"""

import math
from dataclasses import dataclass

import flint
import mpmath
import numpy as np
import sympy
from scipy.stats import binom, norm, t

from .format import result_text
from .forms import flatten
from .maxima import keep
from .record import Numbers

__all__ = [
    "Outcome",
    "bounded",
    "certified",
    "drawn",
    "loosest",
    "measured",
    "numeric",
    "raised",
    "rescaled",
    "resolution",
    "resolution_of_order",
    "statistical",
    "symbolic",
    "tightest",
]


@dataclass(frozen=True, kw_only=True)
class Outcome(Numbers):
    """``agrees`` is True, False, or None where the comparison decides nothing."""

    agrees: bool | None
    points: int

    @property
    def text(self) -> str:
        """What was found, in words."""
        return result_text(self, self.points, self.agrees)


def _kept(value: float, digits: int = 2) -> float | None:
    """A deviation in the digits that are shown, None if it is infinite or undefined."""
    return float(f"{value:.{digits - 1}e}") if math.isfinite(value) else None


def _pairs(candidate, reference) -> list[tuple]:
    left, right = flatten(candidate), flatten(reference)
    if len(right) == 1:
        right = right * len(left)
    if len(left) != len(right):
        raise ValueError(
            f"claimed and reference must have equally many entries, got {len(left)} and {len(right)}"
        )
    return list(zip(left, right, strict=True))


# --- symbolic -----------------------------------------------------------------------------------

_SIMPLIFIERS = (
    lambda e: e,
    sympy.expand,
    sympy.simplify,
    lambda e: sympy.simplify(sympy.expand(sympy.expand_func(e))),
    lambda e: sympy.gammasimp(sympy.powsimp(sympy.expand_log(e, force=True), force=True)),
    lambda e: sympy.simplify(e.rewrite(sympy.exp)),
)


def _vanishes(residual) -> bool:
    return any(simplifier(residual) == 0 for simplifier in _SIMPLIFIERS)


def _sample_values(symbols, shift):
    """Generic exact values that respect what is known of each symbol."""
    values = []
    for position, symbol in enumerate(sorted(symbols, key=str)):
        if symbol.is_integer:
            value = sympy.Integer(2 + (position + shift) % 3)
        elif symbol.is_real or symbol.is_positive:
            value = sympy.Rational(7 + 4 * position + 3 * shift, 11 + 2 * position + shift)
        else:
            value = sympy.Rational(3 + position, 7) + sympy.I * sympy.Rational(2 + shift, 5)
        values.append((symbol, value))
    return values


def _deviation_at_samples(left, right) -> float | None:
    """Largest relative difference at three generic points, None where both are undefined there."""
    largest = None
    with mpmath.workdps(30):
        for shift in range(3):
            values = _sample_values(left.free_symbols | right.free_symbols, shift)
            function = sympy.lambdify(
                [symbol for symbol, _ in values], (left, right), [{"U": mpmath.hyperu}, "mpmath"]
            )
            try:
                a, b = function(*(mpmath.mpmathify(value.evalf(30)) for _, value in values))
                size = float(abs(a - b) / max(abs(a), abs(b))) if a != b else 0.0
            except (TypeError, ValueError, NameError, ArithmeticError):
                continue
            if math.isfinite(size):
                largest = size if largest is None else max(largest, size)
    return largest


def symbolic(candidate, reference) -> Outcome:
    """Exact: every residual reduces to 0; differs only where a residual is seen to be nonzero.

    0 = 0 is not counted, and sides that are the same before any simplification are counted apart.
    """
    pairs = [(sympy.sympify(a), sympy.sympify(b)) for a, b in _pairs(candidate, reference)]
    pairs = [pair for pair in pairs if pair != (0, 0)]
    found = {"comparison": "symbolic", "points": len(pairs)}
    if not pairs:
        return Outcome(**found, agrees=None)
    different = [pair for pair in pairs if pair[0] != pair[1]]
    found["pairs"] = keep(different) or None
    found["identical"] = len(pairs) - len(different) or None
    for left, right in pairs:
        if not (isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr)):
            raise ValueError("claimed must be an expression, not a relation or a truth value")
        if left.atoms(sympy.Float) | right.atoms(sympy.Float):
            raise ValueError("floats prove nothing symbolic: write them as rational numbers")
    # to look is quicker than to simplify: one pair that differs is enough
    for left, right in different:
        size = _deviation_at_samples(left, right)
        if size is not None and size > 1e-18:
            return Outcome(**found, agrees=False, deviation=_kept(size))
    reduced = all(_vanishes(left - right) for left, right in different)
    return Outcome(**found, agrees=True if reduced else None)


# --- numeric ------------------------------------------------------------------------------------


def _relative(left, right, atol):
    """Deviation in units of the reference (0 where both are equal), nan-safe."""
    left, right = mpmath.mpmathify(left), mpmath.mpmathify(right)
    if left == right:
        return 0.0
    size = abs(left - right)
    if size <= atol:
        return 0.0
    deviation = float(size / abs(right)) if right else math.inf
    return math.inf if math.isnan(deviation) else deviation


def _decides(left, right) -> bool:
    """Whether a pair can be compared: what is not finite decides nothing, unless it is the same."""
    left, right = mpmath.mpmathify(left), mpmath.mpmathify(right)
    return left == right or (mpmath.isfinite(left) and mpmath.isfinite(right))


def numeric(candidate, reference, rtol, atol=0.0) -> Outcome:
    """Relative deviation at most ``rtol`` at every point (or ``atol`` absolute)."""
    pairs = [(_plain(a), _plain(b)) for a, b in _pairs(candidate, reference)]
    found = {"comparison": "numeric", "points": len(pairs), "tolerance": float(rtol)}
    found |= {"absolute": float(atol)} if atol else {}
    if not pairs:
        return Outcome(**found, agrees=None)
    if not all(_decides(a, b) for a, b in pairs):
        return Outcome(**found, agrees=None)
    worst = max(_relative(a, b, atol) for a, b in pairs)
    # a deviation within the tolerance is rounding: its digits belong to the machine, not to us
    if worst <= rtol:
        return Outcome(**found, agrees=True)
    return Outcome(**found, agrees=False, deviation=_kept(worst))


def measured(candidate, reference, error) -> Outcome:
    """Largest relative error at most ``error``: for an approximation whose error is the finding."""
    pairs = [(_plain(a), _plain(b)) for a, b in _pairs(candidate, reference)]
    found = {"comparison": "error", "points": len(pairs), "tolerance": float(error)}
    if not pairs:
        return Outcome(**found, agrees=None)
    if not all(_decides(a, b) for a, b in pairs):
        return Outcome(**found, agrees=None)
    worst = max(_relative(a, b, 0.0) for a, b in pairs)
    return Outcome(**found, agrees=bool(worst <= error), deviation=_kept(worst, 3))


def bounded(candidate, slack=0.0, *, proved=True) -> Outcome:
    """``candidate`` is a pair (smaller, larger): the order holds at every point.

    What was drawn counts with its interval: the order is broken where it is for all values of the
    intervals, and proved where it holds for all. What is neither decides nothing, or it agrees, as an
    estimate agrees with what it does not refute, if the order need not be ``proved``.
    """
    near, apart = _pairs(*tightest(candidate)), _pairs(*loosest(candidate))
    found = {"comparison": "order", "points": len(near), "tolerance": float(slack)}
    if not near:
        return Outcome(**found, agrees=None)
    near, apart = (
        [(mpmath.mpmathify(_plain(a)), mpmath.mpmathify(_plain(b))) for a, b in pairs]
        for pairs in (near, apart)
    )
    if any(mpmath.isnan(value) for pair in near for value in pair):
        return Outcome(**found, agrees=None)
    broken = sum(1 for a, b in apart if not a - b <= slack)
    if broken:
        return Outcome(**found, agrees=False, violations=broken)
    holds = not proved or all(a - b <= slack for a, b in near)
    return Outcome(**found, agrees=True if holds else None)


def tightest(pair) -> tuple[list, list]:
    """A pair (smaller, larger) of numbers: of what was drawn the ends that speak least for the order.

    One of the intervals is wrong once in 10,000 checks at most, whatever their number.
    """
    return _ends(pair, (1, 0))


def loosest(pair) -> tuple[list, list]:
    """The same with the ends that speak most for the order."""
    return _ends(pair, (0, 1))


def _ends(pair, which: tuple[int, int]) -> tuple[list, list]:
    """The sides of a pair as numbers, with these ends of the intervals of what was drawn."""
    count = sum(len(flatten(one.mean)) for side in pair for one in _entries(side) if drawn(one))
    confidence = 1 - FALSE_ALARM / max(count, 1)
    return tuple(
        [
            value
            for one in _entries(side)
            for value in flatten(one.interval(confidence)[end] if drawn(one) else one)
        ]
        for side, end in zip(pair, which, strict=True)
    )


def drawn(value) -> bool:
    """Whether something is an estimate."""
    return hasattr(value, "standard_error")


def _entries(side) -> list:
    return list(side) if isinstance(side, list | tuple) else [side]


def _plain(value):
    """numpy scalars and sympy numbers as numbers that mpmath takes without loss."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, sympy.Basic):
        return mpmath.mpmathify(value.evalf(50))
    return value


# --- certified ----------------------------------------------------------------------------------


def certified(candidate, reference, rtol) -> Outcome:
    """Rigorous: |candidate - reference| <= rtol |reference| for every pair of balls."""
    pairs = [(_ball(a), _ball(_exact(b))) for a, b in _pairs(candidate, reference)]
    found = {"comparison": "certified", "points": len(pairs), "tolerance": float(rtol)}
    if not pairs:
        return Outcome(**found, agrees=None)
    bound = flint.arb(repr(rtol))
    if not all(left.is_finite() and right.is_finite() for left, right in pairs):
        return Outcome(**found, agrees=None)
    for left, right in pairs:
        # a comparison of balls is True only where it holds for all their elements
        if abs(left - right) > bound * abs(right):
            size = float((abs(left - right) / abs(right)).mid())
            return Outcome(**found, agrees=False, deviation=_kept(size))
    proved = all(abs(left - right) <= bound * abs(right) for left, right in pairs)
    return Outcome(**found, agrees=True if proved else None)


def _exact(value):
    """A reference of a certified comparison: a ball or an exact number, for a float proves nothing."""
    if isinstance(value, float | np.floating):
        raise ValueError(f"the reference must be a ball or an exact number, got the float {value}")
    return value


def _ball(value) -> flint.arb:
    if isinstance(value, flint.arb):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    return flint.arb(value)


# --- statistical --------------------------------------------------------------------------------

#: chance that a true statement is rejected by one statistical check, over all its quantities
FALSE_ALARM = 1e-4


def statistical(candidate, estimates, own=None) -> Outcome:
    """Every deviation within the limit that a true statement exceeds once in 10,000 checks.

    ``estimates`` is an Estimate or a sequence of them. A mean is judged by Student's law of its own
    number of independent values, a relative frequency by the binomial law of its hits, exactly; the
    limit is set for the largest of all quantities (Bonferroni), whatever their dependence. What is
    told is the deviation of a normal variable that is as rare. Where what is claimed was drawn, too,
    and apart, ``own`` are its estimates: the errors of both add, and the smaller sample counts.
    """
    values, drawn = flatten(candidate), _quantities(estimates)
    if own is not None:
        drawn = [
            (mean, math.hypot(error, other_error), min(n, other_n), None)
            for (mean, error, n, _), (_, other_error, other_n, _) in zip(
                drawn, _quantities(own), strict=True
            )
        ]
    if len(values) != len(drawn):
        raise ValueError(
            f"claimed and estimates must have equally many entries, got {len(values)} and {len(drawn)}"
        )
    quantities = [(float(value), *row) for value, row in zip(values, drawn, strict=True)]
    # a quantity that cannot vary and is what is claimed is no test
    quantities = [(c, mean, s, n, hits) for c, mean, s, n, hits in quantities if s or c != mean]
    count = len(quantities)
    found = {"comparison": "statistical", "points": count}
    if not count:
        return Outcome(**found, agrees=None)
    if not all(math.isfinite(entry) for row in quantities for entry in row[:3]):
        return Outcome(**found, agrees=None)
    limit = float(norm.isf(FALSE_ALARM / (2 * count)))
    worst = max(_normal_deviation(*row) for row in quantities)
    shown = float(f"{worst:.1f}") if worst < 100 else _kept(worst)
    return Outcome(
        **found,
        agrees=bool(worst <= limit),
        deviation=shown,
        tolerance=float(f"{limit:.1f}"),
    )


def _quantities(estimates) -> list[tuple]:
    """Mean, standard error, number of independent values, and hits or None, of each quantity."""
    found = []
    for one in estimates if isinstance(estimates, list | tuple) else [estimates]:
        means, errors = flatten(one.mean), flatten(one.standard_error)
        hits = flatten(one.hits) if hasattr(one, "hits") else [None] * len(means)
        found += [
            (float(mean), float(error), one.n, hit)
            for mean, error, hit in zip(means, errors, hits, strict=True)
        ]
    return found


def _normal_deviation(claimed, mean, error, n, hits) -> float:
    """How far a mean lies from what is claimed, as a normal variable of the same rarity."""
    if hits is None:
        if error == 0:
            return math.inf
        plain = abs(claimed - mean) / error
        rarity = 2 * float(t.sf(plain, n - 1))
    else:
        plain = abs(claimed - mean) / error
        if not 0 <= claimed <= 1:
            return math.inf
        lower, upper = binom.cdf(hits, n, claimed), binom.sf(hits - 1, n, claimed)
        rarity = min(1.0, 2 * float(min(lower, upper)))
    # far out the law cannot be told from 0, and nothing depends on it
    return float(norm.isf(rarity / 2)) if rarity > 1e-200 else max(plain, 30.0)


# --- resolution ---------------------------------------------------------------------------------

#: relative changes that are tried, in the order of size
_CHANGES = [digit * 10.0**power for power in range(-40, 2) for digit in (1, 2, 5)]


def resolution(judge, candidate) -> float | None:
    """The smallest relative change of a candidate, common to all its values, that a judge refuses.

    In both directions, on the grid 1, 2, 5, 10, ...; None if it refuses none.
    """
    return _on_the_grid(
        lambda size: all(judge(changed).agrees is False for changed in rescaled(candidate, size))
    )


def resolution_of_order(pair, slack=0.0) -> float | None:
    """By how much of the larger of the two sizes the smaller side can be raised before it is not.

    Where the sides are equal any change is refused, which says nothing: such points are left out.
    """
    sides = [(_number(a), _number(b)) for a, b in _pairs(*pair)]
    gaps = [
        (b - a + slack) / max(abs(a), abs(b))
        for a, b in sides
        if a != b and mpmath.isfinite(a) and mpmath.isfinite(b)
    ]
    return _on_the_grid(lambda size: size > min(gaps)) if gaps else None


def raised(pair, size) -> tuple[list, list]:
    """The pair with its smaller side raised by a part of the larger size, where the sides differ."""
    sides = [(_number(a), _number(b)) for a, b in _pairs(*pair)]
    apart = [(a, b) for a, b in sides if a != b and mpmath.isfinite(a) and mpmath.isfinite(b)]
    return [a + size * max(abs(a), abs(b)) for a, b in apart], [b for _, b in apart]


def _on_the_grid(refuses) -> float | None:
    low, high = 0, len(_CHANGES)
    while low < high:
        middle = (low + high) // 2
        # a tenth less, or rounding would decide where the size is the tolerance itself
        if refuses(0.9 * _CHANGES[middle]):
            high = middle
        else:
            low = middle + 1
    # one digit, which rounding of the grid cannot blur
    return float(f"{_CHANGES[low]:.0e}") if low < len(_CHANGES) else None


def rescaled(candidate, size) -> list:
    """A candidate with all its values a little larger, and a little smaller."""
    entries = [_number(entry) for entry in flatten(candidate)]
    with mpmath.workdps(60):
        factors = [1 + mpmath.mpf(sign * size) for sign in (1, -1)]
        return [
            [
                (flint.arb(1) + flint.arb(sign * size)) * entry
                if isinstance(entry, flint.arb)
                else factor * entry
                for entry in entries
            ]
            for sign, factor in zip((1, -1), factors, strict=True)
        ]


def _number(value):
    """A number that can be multiplied by a float without losing what is certain of it."""
    if isinstance(value, flint.arb):
        return value
    return flint.arb(value) if isinstance(value, flint.fmpq | flint.fmpz) else _plain(value)
