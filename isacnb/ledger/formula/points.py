"""Points at which a formula is tried: drawn by machine from the domains of its symbols.

Inside, on every border and at every degenerate value of the vocabulary, and on both sides of every
zero of what stands in a denominator, under a root, in a condition or in a comparison.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Quantity", "border_points", "draw_point", "straddling_points"]

#: kind of an index -> the name of the quantity that counts its members
COUNTS = {"user": "K", "target": "K", "antenna": "N"}


@dataclass(frozen=True)
class Quantity:
    """One symbol of a formula as far as points need it.

    ``shape`` is ``scalar``, ``integer``, ``complex``, ``vector`` or ``matrix``; ``family`` the kind
    of index over which there is one value for each member, or None.
    """

    name: str
    shape: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    typical: tuple[float, float] | None = None
    special: tuple[str, ...] = ()
    family: str | None = None


def draw_point(
    rng: np.random.Generator,
    quantities: Mapping[str, Quantity],
    fixed: Mapping[str, object] = {},
) -> dict:
    """Values of all quantities; those that count members or antennas come first."""
    values = {name: fixed[name] for name in fixed if name in quantities}
    first = {"N", *COUNTS.values()}
    for name in sorted(quantities, key=lambda name: (name not in first, name)):
        if name not in values:
            values[name] = _draw(rng, quantities[name], values)
    return values


def _draw(rng, quantity: Quantity, values: dict):
    if quantity.family:
        count = values.get(COUNTS.get(quantity.family), 3)
        members = [_single(rng, quantity, values) for _ in range(int(count))]
        return np.array(members)
    return _single(rng, quantity, values)


def _single(rng, quantity: Quantity, values: dict):
    n = int(values.get("N", 4))
    if quantity.shape == "vector":
        return _complex(rng, (n,))
    if quantity.shape == "matrix":
        return _complex(rng, (n, n))
    if quantity.shape == "complex":
        return complex(_complex(rng, ()))
    low, high = _range(quantity)
    if quantity.shape == "integer":
        return int(rng.integers(math.ceil(low), math.floor(high) + 1))
    if low > 0:
        return float(math.exp(rng.uniform(math.log(low), math.log(high))))
    return float(rng.uniform(low, high))


def _complex(rng, shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / math.sqrt(2)


def _range(quantity: Quantity) -> tuple[float, float]:
    if quantity.typical:
        return quantity.typical
    low, high = quantity.low, quantity.high
    if quantity.shape == "integer":
        low = max(low, 0) if math.isfinite(low) else 0
        return low, min(high, low + 6)
    if math.isinf(low) and math.isinf(high):
        return -2.0, 2.0
    if math.isinf(high):
        return (0.1, 10.0) if low == 0 else (low + 0.1, low + 10.0)
    if math.isinf(low):
        return high - 10.0, high - 0.1
    width = high - low
    return low + 0.02 * width, high - 0.02 * width


def _inside(quantity: Quantity, value) -> bool:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return False
    above = value > quantity.low if quantity.open_low else value >= quantity.low
    below = value < quantity.high if quantity.open_high else value <= quantity.high
    return above and below and (quantity.shape != "integer" or float(value).is_integer())


def border_points(rng, quantities: Mapping[str, Quantity], fixed: Mapping[str, object]):
    """For every border and special value of every quantity a point that has it."""
    for name in sorted(quantities):
        quantity = quantities[name]
        if quantity.shape in {"vector", "matrix", "complex"} or name in fixed:
            continue
        borders: list = []
        if math.isfinite(quantity.low) and not quantity.open_low:
            borders.append(quantity.low)
        if math.isfinite(quantity.high) and not quantity.open_high:
            borders.append(quantity.high)
        for wanted in [*borders, *quantity.special]:
            point = draw_point(rng, quantities, fixed)
            value = _special(wanted, point)
            if value is None or not _inside(quantity, value):
                continue
            value = int(value) if quantity.shape == "integer" else float(value)
            if quantity.family:
                # one member of the family has it
                array = point[name].copy()
                array[int(rng.integers(len(array)))] = value
                yield {**point, name: array}
            elif name in {"N", *COUNTS.values()}:
                yield draw_point(rng, quantities, {**fixed, name: value})
            else:
                yield {**point, name: value}


def _special(wanted, point: dict):
    if not isinstance(wanted, str):
        return wanted
    names = {"pi": math.pi, "inf": math.inf, "sqrt": math.sqrt, "sin": math.sin, **point}
    try:
        value = eval(wanted, {"__builtins__": {}}, names)
    except (NameError, ZeroDivisionError, TypeError, ValueError):
        return None  # it refers to a quantity that this formula does not have
    return float(value) if np.ndim(value) == 0 and not isinstance(value, complex) else None


def straddling_points(
    rng: np.random.Generator,
    quantities: Mapping[str, Quantity],
    fixed: Mapping[str, object],
    signs_at: Callable[[dict], dict[int, float]],
    points: list[dict],
    tries: int,
):
    """Pairs of points close to both sides of every zero that can be found.

    ``signs_at`` gives for a point the values whose sign decides something, by their place.
    """
    seen: dict[int, dict[bool, dict]] = {}
    pool = [(point, signs_at(point)) for point in points]
    wanting = True
    while wanting and len(pool) < len(points) + tries:
        for point, signs in pool[-1:] if seen else pool:
            for place, value in signs.items():
                if math.isfinite(value) and value != 0:
                    seen.setdefault(place, {}).setdefault(value > 0, point)
        wanting = any(len(sides) < 2 for sides in seen.values())
        if wanting:
            point = draw_point(rng, quantities, fixed)
            pool.append((point, signs_at(point)))
    for place, sides in sorted(seen.items()):
        if len(sides) == 2:
            yield sides[True]
            yield sides[False]
            yield from _close_in(sides[True], sides[False], place, quantities, signs_at)


def _close_in(above: dict, below: dict, place: int, quantities, signs_at):
    """Bisection on the way from one point to the other, in everything that is continuous."""

    def between(t):
        out = dict(above)
        for name, quantity in quantities.items():
            a, b = above[name], below[name]
            if quantity.shape == "scalar" and np.shape(a) == np.shape(b):
                out[name] = a + t * (b - a)
        return out

    value = signs_at(between(1.0)).get(place, math.nan)
    if not value < 0:
        return
    low, high = 0.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        value = signs_at(between(middle)).get(place, math.nan)
        if math.isnan(value):
            return
        low, high = (middle, high) if value > 0 else (low, middle)
    yield between(low)
    yield between(high)
