"""Evaluates a formula that was read: numbers, vectors and matrices in, a number or a tuple out.

Where a formula is no real number (a zero denominator, a root or a power of something negative, a
logarithm of zero) the value is nan or infinite, as the page says it; nothing is repaired. Vectors
are columns of shape (N, 1); shapes that do not fit are an error and never broadcast.
"""

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import scipy.special
from scipy.integrate import IntegrationWarning, quad
from scipy.optimize import minimize_scalar

from .nodes import Node
from .tokens import FormulaError

__all__ = ["Environment", "ShapeError", "evaluate", "holds", "margin", "rounding_scale"]


class ShapeError(FormulaError):
    """Vectors and matrices that do not fit together."""


@dataclass
class Environment:
    """Values by name, positions by index, and the functions that the letters stand for.

    ``indices`` holds the value of every index as the paper counts it; ``first`` the number of the
    first member of a family (1 for users and targets, 0 for antennas). ``signs`` collects the signs
    of everything whose sign decides something, by its place in the text, so that points can be
    drawn on both sides. ``conflicts`` holds the places of cases that hold beside an earlier one
    and have another value. ``precision`` is the relative error that integrals are computed to.
    """

    values: Mapping[str, object]
    functions: Mapping[str, Callable] = field(default_factory=dict)
    definitions: Mapping[str, Node] = field(default_factory=dict)
    indices: dict[str, int] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)
    opaque: Mapping[str, object] = field(default_factory=dict)
    signs: dict[int, float] = field(default_factory=dict)
    conflicts: set[int] = field(default_factory=set)
    precision: float = 1e-11
    #: integrals that are known, for the same one is asked for with each of its factors
    integrals: dict = field(default_factory=dict)

    def __getitem__(self, name: str):
        return self.values[name]

    def with_index(self, index: str, value) -> "Environment":
        inner = Environment(
            self.values,
            self.functions,
            self.definitions,
            {**self.indices, index: value},
            self.first,
            self.opaque,
            self.signs,
            self.conflicts,
            self.precision,
            self.integrals,
        )
        return inner


def evaluate(node: Node, env: Environment):
    """Value of an expression: a number, a column or matrix, or a tuple of values."""
    with np.errstate(all="ignore"):
        return _scalar(_value(node, env))


def rounding_scale(node: Node, env: Environment) -> float:
    """Size of what was added to get the value: rounding errors are this times 1e-16 or so.

    A difference of large terms is only as exact as its terms; the tolerance of a comparison
    follows from that and is not chosen.
    """
    with np.errstate(all="ignore"):
        scale = _rounding(node, env)
    return scale if math.isfinite(scale) else 0.0


def _rounding(node: Node, env: Environment) -> float:
    if node.kind == "function" and node.data == "tr":
        return _rounding(node.args[0], env)
    if node.kind == "cases":
        return max((_rounding(chosen, env) for chosen in _chosen_cases(node, env)), default=0.0)
    inner = [_rounding(arg, env) for arg in node.args] if node.kind in _THROUGH else []
    if node.kind == "sum":
        return max(inner)
    if node.kind in {"group", "positive", "modulus", "conjugate", "adjoint", "transpose", "norm"}:
        return inner[0]
    if node.kind not in {"product", "fraction", "power"}:
        return _largest(_value(node, env))
    sizes = [_largest(_value(arg, env)) for arg in node.args]
    if node.kind == "product":
        # a factor that cancels to nothing has the rounding errors of its terms
        return max(own * math.prod(sizes[:k] + sizes[k + 1 :]) for k, own in enumerate(inner))
    if node.kind == "fraction":
        top, bottom = sizes
        return max(inner[0], top * (inner[1] / bottom)) / bottom if bottom else 0.0
    base, exponent = sizes
    growth, second = (own / size if size else 1.0 for own, size in zip(inner, sizes, strict=True))
    grown = max(1.0, exponent) * growth + exponent * abs(math.log(base or 1.0)) * second
    return _largest(_value(node, env)) * grown


_THROUGH = {
    *("sum", "group", "positive", "modulus", "conjugate", "adjoint", "transpose", "norm"),
    *("product", "fraction", "power"),
}


def _largest(value) -> float:
    parts = value if isinstance(value, tuple) else (value,)
    return max(float(np.max(np.abs(part))) for part in parts)


def _value(node: Node, env: Environment):
    return _KINDS[node.kind](node, env)


def _scalar(value):
    """Arrays of one entry as numbers, everything in double precision."""
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[0] if value.size == 1 else value
    return value


def _is_array(value) -> bool:
    return isinstance(value, np.ndarray) and value.size > 1


def _number(node, env):
    return np.float64(node.data)


def _constant(node, env):
    return {"pi": np.pi, "e": np.e, "j": 1j, "infty": np.inf}[node.data]


def _symbol(node, env):
    name, index = node.data["name"], node.data["index"]
    if name.startswith("#"):
        return np.float64(env.indices[name[1:]])
    if index is None and node.data["key"].islower() and node.data["key"] in env.indices:
        # a definition may hold the index of the sum around it
        return np.float64(env.indices[node.data["key"]])
    if name in env.definitions:
        definition = env.definitions[name]
        own = definition.data if definition.kind == "indexed" else None
        if index is not None and index != own:
            position = _position(index, env)
            if own is not None:  # written for another member of the family
                env = env.with_index(own, position)
        return _value(definition, env)
    if name not in env.values:
        raise FormulaError(f"{name} has no value")
    value = env.values[name]
    if index is None or name not in env.first or not isinstance(value, np.ndarray):
        return value
    position = _position(index, env) - env.first[name]
    if not 0 <= position < len(value):
        raise FormulaError(f"index {index} of {name} is out of its range")
    member = value[position]
    return member[:, None] if isinstance(member, np.ndarray) and member.ndim == 1 else member


def _position(index: str, env: Environment) -> int:
    if index in env.indices:
        return int(env.indices[index])
    if index.isdigit():
        return int(index)
    raise FormulaError(f"the index {index} has no value")


def _apply(node, env):
    function = env.functions.get(node.data["name"])
    if function is None:
        raise FormulaError(f"the function {node.data['name']} has no values")
    order = node.data["order"]
    leading = [] if order is None else [_value(order, env)]
    args = [_scalar(_value(arg, env)) for arg in node.args]
    if not node.args:
        names = node.data.get("arguments", ())
        if not names or any(name not in env.values for name in names):
            raise FormulaError(f"the function {node.data['name']} has no arguments here")
        args = [env.values[name] for name in names]
    if not _takes(function, len(leading + args)):
        raise FormulaError(
            f"the function {node.data['name']} does not take {len(leading + args)} arguments"
        )
    try:
        return function(env, *leading, *args)
    except TypeError as error:
        raise ShapeError(f"the function {node.data['name']}: {error}") from None


@cache
def _takes(function: Callable, count: int) -> bool:
    """Whether a function of an environment takes so many arguments."""
    try:
        inspect.signature(function).bind(*range(count + 1))
    except TypeError:
        return False
    return True


def _sum(node, env):
    total = None
    for term, (sign, _) in zip(node.args, node.data, strict=True):
        value = _scalar(_value(term, env))
        value = -value if sign == "-" else value
        if total is None:
            total = value
            continue
        if np.shape(total) != np.shape(value):
            raise ShapeError(f"a sum of shapes {np.shape(total)} and {np.shape(value)}")
        total = total + value
    return total


def _product(node, env):
    total = None
    for part, operator in zip(node.args, node.data, strict=True):
        value = _scalar(_value(part, env))
        if total is None:
            total = value
        elif operator == "/":
            if _is_array(value):
                raise ShapeError("a division by a vector or matrix")
            env.signs[part.start] = _sign(value)
            total = _divide(total, value)
        else:
            total = _times(total, value)
    return total


def _times(left, right):
    if _is_array(left) and _is_array(right):
        if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
            raise ShapeError(f"a product of shapes {left.shape} and {right.shape}")
        return _scalar(left @ right)
    return left * right


def _divide(top, bottom):
    if isinstance(top, tuple) or isinstance(bottom, tuple):
        raise ShapeError("a division of a tuple")
    return np.true_divide(top, bottom) if bottom != 0 else _by_zero(top)


def _by_zero(top):
    if _is_array(top):
        return np.full(top.shape, np.nan)
    if np.isnan(top) or top == 0 or np.iscomplexobj(top):
        return np.float64(np.nan)
    return np.float64(np.copysign(np.inf, top))


def _real(node: Node, env: Environment, what: str):
    """Value of a part that has to be a real number."""
    value = _scalar(_value(node, env))
    if isinstance(value, tuple) or np.ndim(value) or np.iscomplexobj(value):
        raise ShapeError(f"the {what} of something that is no real number")
    return value


def _fraction(node, env):
    top, bottom = (_scalar(_value(arg, env)) for arg in node.args)
    if _is_array(bottom):
        raise ShapeError("a division by a vector or matrix")
    env.signs[node.args[1].start] = _sign(bottom)
    return _divide(top, bottom)


def _sign(value) -> float:
    """Where a real quantity stands relative to its scale, for finding its zeros."""
    value = _scalar(value)
    if np.ndim(value) or np.iscomplexobj(value):
        return math.nan
    return float(value)


def _power(node, env):
    base, exponent = (_scalar(_value(arg, env)) for arg in node.args)
    if type(base) is type(exponent) is np.float64 and base > 0:  # the most, and quickly
        if not float(exponent).is_integer():
            env.signs[node.args[0].start] = float(base)
        return np.float64(base**exponent)
    if _is_array(exponent):
        raise ShapeError("a vector as an exponent")
    if _is_array(base):
        if exponent == -1 and base.ndim == 2 and base.shape[0] == base.shape[1]:
            return np.linalg.inv(base)
        raise ShapeError("a power of a vector or matrix")
    whole = not np.iscomplexobj(exponent) and float(exponent).is_integer()
    if np.iscomplexobj(base) or np.iscomplexobj(exponent):
        if np.iscomplexobj(base) and not whole:
            raise FormulaError("a broken power of a complex number")
        return np.power(np.complex128(base), exponent)
    if not whole:
        env.signs[node.args[0].start] = _sign(base)
        if base < 0:
            return np.float64(np.nan)
    if base == 0 and exponent < 0:
        return np.float64(np.inf)
    return np.float64(np.power(np.float64(base), np.float64(exponent)))


def _root(node, env):
    inner = _scalar(_value(node.args[0], env))
    order = _scalar(_value(node.args[1], env)) if len(node.args) > 1 else 2
    if _is_array(inner) or np.iscomplexobj(inner):
        raise ShapeError("a root of a vector or of a complex number")
    env.signs[node.args[0].start] = _sign(inner)
    return np.float64(np.nan) if inner < 0 else np.float64(inner ** (1 / order))


def _group(node, env):
    return _value(node.args[0], env)


def _tuple(node, env):
    values = [_scalar(_value(arg, env)) for arg in node.args]
    if node.data == "[":  # a row vector
        return np.array(values)[None, :]
    return tuple(values)


def _matrix(node, env):
    values = [_scalar(_value(arg, env)) for arg in node.args]
    if any(np.ndim(value) for value in values):
        raise ShapeError("a matrix of vectors or matrices")
    return np.array(values).reshape(-1, node.data)


def _transpose(node, env):
    value = _value(node.args[0], env)
    return value.T if _is_array(value) else value


def _adjoint(node, env):
    value = _value(node.args[0], env)
    return value.conj().T if _is_array(value) else np.conj(value)


def _conjugate(node, env):
    return np.conj(_value(node.args[0], env))


def _positive(node, env):
    value = _real(node.args[0], env, "positive part")
    env.signs[node.start] = _sign(value)
    return np.maximum(value, 0.0)  # nan stays nan


def _norm(node, env):
    return np.float64(np.linalg.norm(np.atleast_1d(np.asarray(_value(node.args[0], env)))))


def _modulus(node, env):
    value = _scalar(_value(node.args[0], env))
    if _is_array(value):
        raise ShapeError("the modulus of a vector: use double bars")
    if not np.iscomplexobj(value):
        env.signs[node.start] = _sign(value)
    return np.float64(abs(value))


def _factorial(node, env):
    return np.float64(scipy.special.gamma(_real(node.args[0], env, "factorial") + 1))


def _binomial(node, env):
    upper, lower = (_real(arg, env, "binomial coefficient") for arg in node.args)
    return np.float64(scipy.special.binom(upper, lower))


def _series(node, env):
    index, lower, upper = (node.data[key] for key in ("index", "lower", "upper"))
    if lower is None and upper is None:
        start, stop = _family_range(node, env, index)
    elif lower is None or upper is None:
        raise FormulaError("a sum with one limit")
    else:
        start, stop = (_real(limit, env, "limit") for limit in (lower, upper))
        if stop == np.inf:
            return _endless_sum(node, env, _whole(start))
        start, stop = _whole(start), _whole(stop)
    product = node.data["op"] == r"\prod"
    excluded = node.data["excluded"]
    without = None if excluded is None else _position(excluded, env)
    total = np.float64(product)
    members = [value for value in range(start, stop + 1) if value != without]
    for value in members:
        inner = env.with_index(index, value)
        term = _scalar(_value(node.args[0], inner))
        total = total * term if product else term if value == members[0] else total + term
    return total


def _endless_sum(node: Node, env: Environment, start: int):
    """Sum of infinitely many terms, until three in a row change nothing; nan if they do not."""
    if node.data["op"] == r"\prod" or node.data["excluded"] is not None:
        raise FormulaError("only plain sums may be infinite")
    total, small = np.float64(0), 0
    for value in range(start, start + 5000):
        term = _scalar(_value(node.args[0], env.with_index(node.data["index"], value)))
        total = total + term
        small = small + 1 if total and abs(term) <= 1e-17 * abs(total) else 0
        if small == 3:
            return total
    return np.float64(np.nan)


def _whole(limit) -> int:
    """A limit of a sum, which is a whole number."""
    if not float(limit).is_integer():
        raise FormulaError(f"a sum needs whole limits, got {limit}")
    return int(limit)


def _family_range(node: Node, env: Environment, index: str) -> tuple[int, int]:
    """The range of a family that carries the index, for sums without limits."""
    for part in node.args[0].walk():
        if part.kind == "symbol" and part.data["index"] == index:
            name = part.data["name"]
            if name in env.first and isinstance(env.values.get(name), np.ndarray):
                first = env.first[name]
                return first, first + len(env.values[name]) - 1
    raise FormulaError(f"the range of the index {index} is not known: write limits")


def _integral(node, env):
    key = (id(node), env.precision, *env.indices.items())
    if key not in env.integrals:
        # the node is kept with its value, so that its id stays its own
        env.integrals[key] = (node, _integrate(node, env))
    return env.integrals[key][1]


def _integrate(node, env):
    index, precision = node.data["index"], env.precision
    low, high = (_real(node.data[key], env, "limit") for key in ("lower", "upper"))
    body = _folded(node.args[0], index, env)
    plain = _plain(body, index, env)

    def at(value):
        found = _scalar(_value(body, env.with_index(index, value)))
        if isinstance(found, tuple) or np.ndim(found):
            raise ShapeError("the integral of something that is no number")
        return found

    def part(component, scale):
        def integrand(value):
            return float(component(at(value)))

        quick = plain if plain is not None and component is np.real else integrand
        if np.isfinite(low) and high == np.inf:
            return _to_infinity(quick, low, precision)
        return quad(quick, low, high, epsabs=precision * scale, epsrel=precision, limit=400)

    with warnings.catch_warnings():
        # mutants diverge; what an integral is worth is judged by its error
        warnings.simplefilter("ignore", IntegrationWarning)
        value, error = part(np.real, 0.0)
        inside = (low + high) / 2 if np.isfinite(low + high) else low + 1
        if np.iscomplexobj(at(inside if np.isfinite(inside) else 0.0)):
            imaginary, of_imaginary = part(np.imag, abs(value))
            error = error + of_imaginary
            if abs(imaginary) > 1e-10 * abs(value):  # else only what rounding left
                value = complex(value, imaginary)
    allowed = 1e-8 if precision < 1e-8 else 10 * precision
    if error <= allowed * abs(value) or error < 1e-300:
        return value if isinstance(value, complex) else np.float64(value)
    return np.float64(np.nan)


#: arithmetic, whose parts may be computed beforehand
_ARITHMETIC = {"sum", "product", "fraction", "power", "root", "group"}


def _folded(node: Node, index: str, env: Environment) -> Node:
    """The integrand with every part that does not depend on its variable computed once."""
    if not _depends(node, index, env):
        return Node("value", [], _value(node, env), node.start, node.end)
    if node.kind not in _ARITHMETIC:
        return node
    parts = [_folded(part, index, env) for part in node.args]
    return Node(node.kind, parts, node.data, node.start, node.end)


def _depends(node: Node, index: str, env: Environment) -> bool:
    """Whether a part may depend on the variable of an integral: plain arithmetic tells."""
    if node.kind == "symbol":
        name, own, key = (node.data[part] for part in ("name", "index", "key"))
        if name == f"#{index}" or index in (own, key):
            return True
        return name in env.definitions and _depends(env.definitions[name], index, env)
    if node.kind not in _ARITHMETIC | {"number", "constant", "factorial", "indexed"}:
        return True
    return any(_depends(part, index, env) for part in node.args)


def _plain(node: Node, index: str, env: Environment) -> Callable[[float], float] | None:
    """A real integrand as a function of its variable, whose arithmetic is quicker than its tree."""
    if node.kind == "value":
        value = _scalar(node.data)
        if not isinstance(value, int | float | np.integer):
            return None
        return lambda x, value=float(value): value
    if node.kind == "symbol" and node.data["name"] == f"#{index}":
        return lambda x: x
    if node.kind == "apply":
        return lambda x: float(_real(node, env.with_index(index, x), "integral"))
    if node.kind not in _ARITHMETIC - {"root"}:
        return None
    parts = [_plain(part, index, env) for part in node.args]
    if None in parts:
        return None
    if node.kind == "group":
        return parts[0]
    if node.kind == "power":
        base, exponent = parts
        return lambda x: _raised(base(x), exponent(x))
    if node.kind == "fraction":
        top, bottom = parts
        return lambda x: _over(top(x), bottom(x))
    if node.kind == "sum":
        terms = [
            (-1.0 if sign == "-" else 1.0, part)
            for part, (sign, _) in zip(parts, node.data, strict=True)
        ]
        return lambda x: sum(sign * part(x) for sign, part in terms)
    first, *rest = zip(node.data, parts, strict=True)

    def product(x):
        total = first[1](x)
        for operator, part in rest:
            total = _over(total, part(x)) if operator == "/" else total * part(x)
        return total

    return product


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom else float(_by_zero(top))


def _raised(base: float, exponent: float) -> float:
    if base < 0 and not exponent.is_integer():
        return math.nan
    if base == 0 and exponent < 0:
        return math.inf
    try:
        return base**exponent
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf


def _to_infinity(integrand, low: float, precision: float) -> tuple[float, float]:
    """Integral up to infinity and its error, on the scale on which the integrand lives.

    On the scale 1 that quad takes a narrow peak far out goes unseen.
    """
    scales = 10.0 ** np.arange(-6, 8.5, 0.5)
    scale = scales[np.argmax(np.nan_to_num([abs(s * integrand(low + s)) for s in scales]))]

    def mapped(t):
        return integrand(low + scale * t / (1 - t)) * scale / (1 - t) ** 2

    halves = [
        quad(mapped, *part, epsabs=0, epsrel=precision, limit=400) for part in ((0, 0.5), (0.5, 1))
    ]
    return tuple(map(sum, zip(*halves, strict=True)))


def _optimum(node, env):
    """Largest or smallest value for a variable in [0, 1]."""
    sign = -1 if node.data["op"] == "max" else 1
    index = node.data["index"]

    def function(value):
        return sign * float(_real(node.args[0], env.with_index(index, value), "optimum"))

    grid = np.linspace(0, 1, 201)
    values = np.array([function(value) for value in grid])
    best = int(np.nanargmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 200)]
    found = minimize_scalar(
        function, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return np.float64(sign * min(found.fun, np.nanmin(values)))


def _extremum(node, env):
    values = [_real(arg, env, node.kind) for arg in node.args]
    for left, right, arg in zip(values, values[1:], node.args[1:], strict=False):
        env.signs[arg.start] = _sign(left - right)
    return (np.minimum if node.kind == "min" else np.maximum).reduce(values)


def _cases(node, env):
    """The value of the first case that holds; a later one with another value is a conflict."""
    chosen = _chosen_cases(node, env)
    if not chosen:
        return np.float64(np.nan)
    values = [_scalar(_value(expression, env)) for expression in chosen]
    for value, expression in zip(values[1:], chosen[1:], strict=True):
        if _differ(values[0], value, (chosen[0], expression), env):
            env.conflicts.add(expression.start)
    return values[0]


def _chosen_cases(node, env) -> list[Node]:
    """The expressions whose conditions hold."""
    chosen = []
    for row in node.args:
        expression, condition = row.args
        met = not chosen if condition.kind == "words" else holds(condition, env)
        env.signs[-1 - row.start] = 1.0 if met else -1.0
        if met:
            chosen.append(expression)
    return chosen


def _differ(left, right, parts: tuple[Node, Node], env: Environment) -> bool:
    """Whether the values of two cases differ by more than their rounding errors."""
    if np.shape(left) != np.shape(right):
        return True
    room = 256 * np.finfo(float).eps * max(rounding_scale(part, env) for part in parts)
    return not np.allclose(left, right, 1e-9, room, equal_nan=True)


def holds(condition: Node, env: Environment) -> bool:
    """Whether every relation of a condition is true."""
    chains = condition.args if condition.kind == "condition" else [condition]
    results = []
    for chain in chains:
        values = [_real(member, env, "comparison") for member in chain.args]
        pairs = zip(values, chain.data, values[1:], strict=False)
        for left, (relation, start, _), right in pairs:
            if relation not in _COMPARE:
                raise FormulaError("a condition is an equation or an inequality")
            env.signs[start] = _sign(left - right)
            results.append(_COMPARE[relation](left, right))
    return all(results)


def margin(chain: Node, env: Environment) -> float:
    """How far an inequality is fulfilled: positive where it holds, 0 at equality."""
    left, right = (_scalar(_value(member, env)) for member in chain.args)
    return right - left if chain.data[0][0].startswith("<") else left - right


_COMPARE = {
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
}


def _function(node, env):
    name = node.data
    value = _value(node.args[0], env)
    if name in {"tr", "vec", "diag", "det"}:
        matrix = np.atleast_2d(np.asarray(value))
        if name == "det":
            return np.linalg.det(matrix)
        if name == "tr":
            return _scalar(np.trace(matrix))
        return matrix.T.reshape(-1, 1) if name == "vec" else np.diag(matrix.ravel())
    value = _scalar(value)
    if _is_array(value):
        raise ShapeError(f"{name} of a vector or matrix")
    if name in {"ln", "log"}:
        if not np.iscomplexobj(value) and value < 0:
            return np.float64(np.nan)
        base = _scalar(_value(node.args[1], env)) if len(node.args) > 1 else np.e
        return np.log(value) / np.log(base)
    return {
        "Re": np.real,
        "Im": np.imag,
        "arg": np.angle,
        "arcsin": np.arcsin,
    }.get(name, getattr(np, name, None))(value)


def _identity(node, env):
    if "N" not in env.values:
        raise FormulaError("the size of the identity has no value")
    return np.eye(int(env.values["N"]))


def _law(node, env):
    return tuple(_scalar(_value(arg, env)) for arg in node.args)


def _opaque(node, env):
    if node.data not in env.opaque:
        raise FormulaError(f"{node.data} is no number by itself: name it among the symbols")
    return env.opaque[node.data]


def _condition_value(node, env):
    raise FormulaError("words where a number is wanted")


_KINDS = {
    "value": lambda node, env: node.data,
    "number": _number,
    "constant": _constant,
    "symbol": _symbol,
    "apply": _apply,
    "sum": _sum,
    "product": _product,
    "fraction": _fraction,
    "power": _power,
    "root": _root,
    "group": _group,
    "indexed": _group,
    "tuple": _tuple,
    "matrix": _matrix,
    "transpose": _transpose,
    "adjoint": _adjoint,
    "conjugate": _conjugate,
    "positive": _positive,
    "norm": _norm,
    "modulus": _modulus,
    "factorial": _factorial,
    "binomial": _binomial,
    "series": _series,
    "integral": _integral,
    "optimum": _optimum,
    "min": _extremum,
    "max": _extremum,
    "cases": _cases,
    "function": _function,
    "identity": _identity,
    "zero": lambda node, env: np.float64(0.0),
    "floor": lambda node, env: np.floor(_real(node.args[0], env, "floor")),
    "ceiling": lambda node, env: np.ceil(_real(node.args[0], env, "ceiling")),
    "law": _law,
    "opaque": _opaque,
    "words": _condition_value,
    "nothing": _condition_value,
}
