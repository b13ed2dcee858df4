"""The door of the package: arguments are checked where a caller from outside comes in, and once.

A public function says ``@public``. What its parameters may hold is looked up in the vocabulary by
their names, so that a quantity has one domain everywhere; whether arrays are welcome is said by the
annotation (``Quantity`` is, ``float`` and ``int`` are not). Calls within the package pass unchecked.
"""

import dataclasses
import functools
import inspect
import math
import os
import sys
import typing
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import flint
import mpmath
import numpy as np
import sympy

from ..vocabulary import Domain, parse_domain, symbol_of
from .generic import Quantity

__all__ = ["Contradiction", "check_fields", "public"]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
#: the callers that come in by the door, though they belong to the package
_OUTSIDE = tuple(_PACKAGE + name for name in ("ledger", "figures", "vocabulary"))
#: types of number whose values are exact or enclosed: compared as they are
_EXACT = mpmath.mpf | flint.arb | sympy.Basic | Fraction
#: range of a number that is no quantity
_TOOLS = {float: Domain("real", open_low=True, open_high=True)}


class Contradiction(ValueError):
    """Arguments of which each may be, and all together not: the value lies outside its range."""


def public(returns: str | Callable | None = None, /, **domains: str) -> Callable:
    """Decorator of a public function: check what comes in, and what goes out.

    ``returns`` is the domain of the value, such as ``"[0, 1]"``: a result outside it, or nan, raises
    :class:`Contradiction`; ``"any"`` lets nan pass, as printed forms do, which may be wrong.
    ``domains`` holds the parameters whose range in this function is not that of the vocabulary.
    Raises ``ValueError`` with the caller's own argument, its value and its range, and where the
    numbers leave what floats hold or a quadrature does not converge.
    """
    if callable(returns):
        return public()(returns)
    wanted = parse_domain(returns) if returns not in (None, "any") else None
    own = {name: parse_domain(text) for name, text in domains.items()}

    def guard(function: Callable) -> Callable:
        @functools.wraps(function)
        def guarded(*args, **kwargs):
            if _is_inside(sys._getframe(1).f_code.co_filename):
                return function(*args, **kwargs)
            bound = _signature(function).bind(*args, **kwargs)
            checks = _checks(function, own)
            for name, value in bound.arguments.items():
                if name in checks:
                    bound.arguments[name] = checks[name](value)
            _check_limits(function, bound.arguments)
            try:
                result = function(*bound.args, **bound.kwargs)
            except (ArithmeticError, MemoryError, mpmath.libmp.NoConvergence) as error:
                raise ValueError(f"{function.__name__} has no value here: {error}") from error
            if wanted is not None:
                _check_result(function.__name__, result, wanted)
            elif returns is None and not function.__name__.endswith("_printed"):
                _refuse_nan(function.__name__, result)
            return result

        for name in own:
            if name not in inspect.signature(function).parameters:
                raise TypeError(f"{function.__qualname__} has no parameter {name}")
        guarded.own_domains = own
        return guarded

    return guard


def check_fields(noun: object) -> None:
    """Check the fields of a frozen dataclass as arguments are, and keep what the check returns."""
    cls = type(noun)
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(noun):
        check = _check_of(field.name, hints[field.name], _place(cls), None)
        if check is not None:
            value = check(getattr(noun, field.name))
            # one number stays one: it compares, hashes and shows as such
            value = value.item() if isinstance(value, np.ndarray) and not value.ndim else value
            object.__setattr__(noun, field.name, value)
    _check_limits(
        cls, {field.name: getattr(noun, field.name) for field in dataclasses.fields(noun)}
    )


def _is_inside(file: str) -> bool:
    """Whether code of this file belongs to the physics; that of a notebook or a doctest does not."""
    return file.startswith(_PACKAGE) and not file.startswith(_OUTSIDE)


@cache
def _signature(function: Callable) -> inspect.Signature:
    return inspect.signature(function)


def _place(member) -> str:
    return f"{member.__module__.removeprefix('isacnb.')}.{member.__qualname__}"


_known: dict[Callable, dict[str, Callable]] = {}


def _checks(function: Callable, own: dict[str, Domain]) -> dict[str, Callable]:
    """The check of each parameter that has one, by name; made at the first call."""
    if function not in _known:
        hints = typing.get_type_hints(inspect.unwrap(function))
        found = {}
        for name, parameter in _signature(function).parameters.items():
            check = _check_of(name, hints.get(name), _place(function), own.get(name))
            if check is not None and parameter.kind is not parameter.VAR_POSITIONAL:
                found[name] = check
        _known[function] = found
    return _known[function]


def _check_of(name: str, hint, where: str, own: Domain | None) -> Callable | None:
    """The check of one parameter, in its own range or in that of the vocabulary."""
    options = typing.get_args(hint)
    optional = type(None) in options
    if optional:
        hint = functools.reduce(lambda a, b: a | b, (o for o in options if o is not type(None)))
    check = _plain_check(name, hint, where, own)
    if check is None or not optional:
        return check
    return lambda value: None if value is None else check(value)


def _plain_check(name: str, hint, where: str, own: Domain | None) -> Callable | None:
    if hint is bool:
        return functools.partial(_check_type, name, (bool, np.bool_), "True or False")
    if typing.get_origin(hint) is typing.Literal:
        return functools.partial(_check_option, name, typing.get_args(hint))
    if typing.get_origin(hint) is Callable or hint is Callable:
        return functools.partial(_check_callable, name)
    if dataclasses.is_dataclass(hint):
        return functools.partial(_check_type, name, (hint,), f"a {hint.__name__}")
    if hint is np.random.Generator:
        return functools.partial(_check_type, name, (hint,), "a numpy random generator")
    symbol = symbol_of(name, where)
    if hint is int and symbol is None and own is None:
        return functools.partial(_check_count, name)
    domain = own or (symbol.domain if symbol else _TOOLS.get(hint))
    if domain is None:
        return None
    if domain.kind in ("real", "integer"):
        unit = symbol.unit if symbol else ""
        check = functools.partial(_check_number, name, domain, unit, hint in (int, float))
        if hint in (int, float, np.ndarray, Quantity):
            return check
        if float in typing.get_args(hint):  # exact numbers stay what they are
            return lambda value: (check(value), value)[1]
        return None
    if domain.kind in ("complex", "vector", "matrix") and hint in (complex, np.ndarray, Quantity):
        return functools.partial(_check_array, name, domain)
    return None


# --- one value ----------------------------------------------------------------------------------


def _check_type(name: str, types: tuple, words: str, value):
    if not isinstance(value, types):
        raise ValueError(f"{name} must be {words}, got {_short(value)}")
    return value


def _check_callable(name: str, value):
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {_short(value)}")
    return value


def _check_count(name: str, value):
    """A count or a seed: no quantity, and so no float."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"{name} must be a whole number >= 0, got {_short(value)}")
    return int(value)


def _check_option(name: str, options: tuple, value):
    if not any(value is option or value == option for option in options):
        listed = ", ".join(map(repr, options))
        raise ValueError(f"{name} must be one of {listed}, got {_short(value)}")
    return value


def _check_number(name: str, domain: Domain, unit: str, scalar: bool, value):
    """A number, or numbers where arrays are welcome, of a domain that is an interval."""
    if isinstance(value, _EXACT):
        return _check_exact(name, domain, unit, value)
    if isinstance(value, int) and abs(value) > 2**62:
        value = math.copysign(min(abs(value), 10**300), value)
    array = _as_array(value)
    if array is None or array.dtype.kind not in ("O" if not scalar else "") + "iuf":
        raise ValueError(f"{name} must be real and {_allowed(domain, unit)}, got {_short(value)}")
    if array.dtype.kind == "O":
        for entry in array.flat:
            _check_number(name, domain, unit, True, entry)
        return array
    if scalar and array.ndim:
        raise ValueError(f"{name} must be one number, got an array of shape {array.shape}")
    # the float nearest to pi/2 is below it: an end that is open there admits it
    closed = [abs(end) == np.pi / 2 for end in (domain.low, domain.high)]
    good = array > domain.low if domain.open_low and not closed[0] else array >= domain.low
    good &= array < domain.high if domain.open_high and not closed[1] else array <= domain.high
    if domain.kind == "integer":
        # beyond, floats hold not every whole number
        good &= (array == np.floor(array)) & (np.abs(array) <= 2**53)
    if not good.all():
        bad = array[~good].flat[0] if array.ndim else array[()]
        finite = "finite and " if domain.kind == "real" and not np.isfinite(bad) else ""
        raise ValueError(f"{name} must be {finite}{_allowed(domain, unit)}, got {bad}")
    if domain.kind == "integer":
        return int(array) if array.ndim == 0 else array.astype(np.int64)
    if scalar:
        return value if isinstance(value, int) else float(array)
    return array.astype(float)


def _check_exact(name: str, domain: Domain, unit: str, value):
    """A symbol passes, its range belongs to the proof; a ball if it may lie in the domain."""
    if isinstance(value, sympy.Basic):
        if not value.is_number or value.is_real is None:
            return value
        number = float(value) if value.is_real else math.nan
    else:
        number = value
    below = number <= domain.low if domain.open_low else number < domain.low
    above = number >= domain.high if domain.open_high else number > domain.high
    # infinite ends are limits here, which multiprecision numbers may not reach
    if below or above or (number != number and not isinstance(number, flint.arb)):
        raise ValueError(f"{name} must be {_allowed(domain, unit)}, got {value}")
    return value


def _check_array(name: str, domain: Domain, value):
    """A complex number, vector or matrix, finite; symbols and balls pass.

    Shapes are the function's to check: a row may stand for a matrix, one number for many.
    """
    if isinstance(value, _EXACT | mpmath.mpc | flint.acb):
        return value
    array = _as_array(value)
    words = {"complex": "complex", "vector": "a vector", "matrix": "a matrix"}[domain.kind]
    if array is None or array.dtype.kind not in "Oiufc":
        raise ValueError(f"{name} must be {words}, got {_short(value)}")
    if array.dtype.kind != "O" and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
    return array


def _as_array(value) -> np.ndarray | None:
    if isinstance(value, str | bytes | bool | None) or callable(value):
        return None
    try:
        return np.asarray(value)
    except (TypeError, ValueError):  # ragged
        return None


def _allowed(domain: Domain, unit: str) -> str:
    low = f"{'(' if domain.open_low else '['}{domain.low:g}"
    high = f"{domain.high:g}{')' if domain.open_high else ']'}"
    if domain.kind == "integer":
        above = "" if math.isinf(domain.high) else f" and <= {domain.high:g}"
        return f"a whole number >= {domain.low:g}{above}"
    if unit == "rad":
        return f"in {low}, {high}, in radians"
    shown = "" if unit in ("", "1") else f", in {unit}"
    return f"in {low}, {high}{shown}"


def _short(value) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."


# --- several values -----------------------------------------------------------------------------


def _check_limits(member, values: dict) -> None:
    """Quantities whose magnitude another one bounds, such as the sum of N phases by N."""
    where = _place(member)
    for name, value in values.items():
        symbol = symbol_of(name, where)
        if symbol is None or symbol.magnitude is None:
            continue
        others = (other for other in values if symbol_of(other, where) is not None)
        bound = next((o for o in others if symbol_of(o, where).name == symbol.magnitude), None)
        if bound is None or isinstance(value, _EXACT) or isinstance(values[bound], _EXACT):
            continue
        size, limit = np.abs(np.asarray(value)), np.asarray(values[bound])
        if size.dtype.kind not in "iuf" or limit.dtype.kind not in "iuf":
            continue
        # a sum of N roundings
        over = size > limit * (1 + 1e-12)
        if np.any(over):
            bad = np.broadcast_to(np.asarray(value), over.shape)[over].flat[0]
            raise ValueError(f"{name} must be in [-{bound}, {bound}], got {bad}")


def _check_result(name: str, result, wanted: Domain) -> None:
    array = _as_array(result)
    if array is None or array.dtype.kind not in "iuf":
        return
    good = (array > wanted.low if wanted.open_low else array >= wanted.low) & (
        array < wanted.high if wanted.open_high else array <= wanted.high
    )
    if not good.all():
        bad = array[~good].flat[0] if array.ndim else array[()]
        raise Contradiction(
            f"the arguments of {name} contradict each other, or leave what floats hold: its value must be "
            f"{_allowed(wanted, '')}, and would be {bad}"
        )


def _refuse_nan(name: str, result) -> None:
    for part in result if isinstance(result, tuple) else (result,):
        if isinstance(part, float | complex | np.ndarray | np.number):
            array = np.asarray(part)
            if array.dtype.kind in "fc" and np.isnan(array).any():
                raise Contradiction(f"{name} has no value here: it would be nan")
