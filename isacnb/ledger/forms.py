"""Forms of a claim that the same comparison has to judge the other way: value and label in one.

A control is computed as it is named. Its label is therefore never typed: either it follows from
what was done to the claimed form (:func:`changed`, :func:`exchanged`, :func:`replaced`,
:func:`scaled`, :func:`without`, :func:`at`), or it is the name of the function that computes it.
"""

import functools
import inspect
import numbers
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import flint
import mpmath
import numpy as np
import sympy

from .format import number

__all__ = [
    "Form",
    "at",
    "call",
    "changed",
    "exchanged",
    "flatten",
    "forms_of",
    "plus",
    "replaced",
    "scaled",
    "times",
    "value_of",
    "without",
]


@dataclass(frozen=True)
class Form:
    """How a form is made of the claimed one, and how it is called."""

    #: label of the form, given the claimed one
    label: Callable[[Any], str]
    #: value of the form, given the claimed one
    make: Callable[[Any], Any]


def value_of(form: Any) -> Any:
    """The value of a form: a function of parameters that all have defaults is called.

    >>> def law(N=4):
    ...     return N + 1
    >>> value_of(law), value_of(5)
    (5, 5)
    """
    if inspect.isfunction(form) or isinstance(form, functools.partial):
        return form()
    if isinstance(form, tuple):  # the two sides of an order
        return tuple(value_of(side) for side in form)
    return form


def flatten(value: Any) -> list:
    """The entries of a scalar, a nested sequence, an array, a sympy or flint matrix.

    >>> flatten([1, (2, 3)])
    [1, 2, 3]
    """
    if isinstance(value, np.ndarray):
        value = value.ravel()
    if isinstance(value, sympy.MatrixBase | np.ndarray | list | tuple):
        return [leaf for entry in value for leaf in flatten(entry)]
    if hasattr(value, "entries") and not isinstance(value, sympy.Basic):  # flint matrices
        return list(value.entries())
    return [value]


def forms_of(forms: Iterable, claimed: Any) -> list[tuple[str, Any]]:
    """Label and value of each form, built from the claimed one."""
    if isinstance(forms, dict):
        raise ValueError(
            "forms must be constructions or named functions, got labels typed beside values: "
            "see isacnb.ledger.forms"
        )
    built = []
    for form in forms:
        form = form if isinstance(form, Form) else call(form)
        built.append((form.label(claimed), form.make(claimed)))
    return built


# --- a function, by its name --------------------------------------------------------------------


def call(function: Callable, /, *arguments, **keywords) -> Form:
    """A form that a function computes; its label is the function's name and what it is given by name.

    >>> def without_noise(N=4):
    ...     return 1 / N
    >>> forms_of([without_noise, call(without_noise, N=8)], None)
    [('without noise', 0.25), ('without noise, N = 8', 0.125)]
    """
    name = getattr(function, "__name__", "<lambda>")
    if name == "<lambda>" or not callable(function):
        raise ValueError(
            "form must be a construction or a function with a name, "
            f"got {'a function without one' if callable(function) else repr(function)}"
        )
    told = "".join(f", {_words(key)} = {_shown(value)}" for key, value in keywords.items())
    return Form(
        lambda claimed: _words(name) + told,
        lambda claimed: function(*arguments, **keywords),
    )


# --- a parameter of the claimed function --------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """A change of a value, and how it is told of the name of what is changed."""

    apply: Callable[[Any], Any]
    told: Callable[[str], str]


def times(factor: Any) -> _Step:
    """For :func:`changed`: the parameter, entry by entry if there are several, times a factor."""
    return _Step(lambda value: _each(value, lambda v: factor * v), lambda name: _size(name, factor))


def plus(step: Any) -> _Step:
    """For :func:`changed`: the parameter, entry by entry if there are several, plus a number."""
    sign, size = ("-", -step) if step < 0 else ("+", step)
    return _Step(
        lambda value: _each(value, lambda v: v + step),
        lambda name: f"{name} {sign} {_shown(size)} in place of {name}",
    )


def changed(**values) -> Form:
    """The claimed function with parameters changed: to a value, :func:`times` a factor, or :func:`plus`.

    >>> def law(N=4, threshold=(1.0, 2.0)):
    ...     return [N * t for t in threshold]
    >>> forms_of([changed(N=5), changed(threshold=times(1.02)), changed(N=plus(1))], law)[:2]
    [('N = 5 in place of 4', [5.0, 10.0]), ('threshold 2 % higher', [4.08, 8.16])]
    >>> forms_of([changed(N=plus(1))], law)
    [('N + 1 in place of N', [5.0, 10.0])]
    """

    def label(claimed) -> str:
        before = _defaults(claimed, values)
        return ", ".join(
            value.told(_words(name))
            if isinstance(value, _Step)
            else f"{_words(name)} = {_shown(value)} in place of {_shown(before[name])}"
            for name, value in values.items()
        )

    def make(claimed):
        before = _defaults(claimed, values)
        after = {
            name: value.apply(before[name]) if isinstance(value, _Step) else value
            for name, value in values.items()
        }
        return _called(claimed, after)

    return Form(label, make)


def exchanged(first: Any, second: Any) -> Form:
    """Two parameters of the claimed function exchanged, by name, or two symbols of a claimed expression.

    >>> def law(a=1, b=2):
    ...     return a - b
    >>> x, y = sympy.symbols("x y")
    >>> forms_of([exchanged("a", "b")], law), forms_of([exchanged(x, y)], x - 2 * y)
    ([('a and b exchanged', 1)], [('$x$ and $y$ exchanged', -2*x + y)])
    """
    if isinstance(first, str):

        def make(claimed):
            before = _defaults(claimed, (first, second))
            return _called(claimed, {first: before[second], second: before[first]})

        return Form(lambda claimed: f"{_words(first)} and {_words(second)} exchanged", make)
    swap = {first: second, second: first}
    return Form(
        lambda claimed: f"{_tex(first)} and {_tex(second)} exchanged",
        lambda claimed: _each(
            value_of(claimed), lambda entry: sympy.sympify(entry).subs(swap, simultaneous=True)
        ),
    )


def _defaults(claimed, names) -> dict:
    """Defaults of the claimed function, or of the two that an order compares."""
    sides = claimed if isinstance(claimed, tuple) else (claimed,)
    functions = [side for side in sides if inspect.isfunction(side)]
    found = {
        name: parameter.default
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
    }
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"claimed must be a function with the parameters {missing}")
    return found


def _called(claimed, values: dict):
    """The claimed function, or each side of an order that has the parameter, with other values."""
    if isinstance(claimed, tuple):
        return tuple(_called(side, values) for side in claimed)
    if not inspect.isfunction(claimed):
        return claimed
    known = inspect.signature(claimed).parameters
    return claimed(**{name: value for name, value in values.items() if name in known})


# --- the claimed value --------------------------------------------------------------------------


def replaced(old: Any, new: Any) -> Form:
    """A part of the claimed expression replaced, wherever it stands; it must stand somewhere.

    >>> N = sympy.Symbol("N")
    >>> forms_of([replaced(2 * N, N)], [1 - 2 * N, N])
    [('$N$ in place of $2 N$', [1 - N, N])]
    """

    def make(claimed):
        before = value_of(claimed)
        after = _each(before, lambda entry: sympy.sympify(entry).subs(old, new))
        if flatten(before) == flatten(after):
            raise ValueError(f"old must be a part of the claimed form, got {old}")
        return after

    return Form(lambda claimed: f"{_tex(new)} in place of {_tex(old)}", make)


def without(term: Any) -> Form:
    """A term of a claimed sum left out, in each entry that has it; one must have it.

    >>> x, y = sympy.symbols("x y")
    >>> forms_of([without(2 * y)], [x + 2 * y, x])
    [('without the term $2 y$', [x, x])]
    """
    term = sympy.sympify(term)

    def make(claimed):
        found = False

        def left(entry):
            nonlocal found
            entry = sympy.sympify(entry)
            for form in (entry, sympy.expand(entry)):
                if term in sympy.Add.make_args(form):
                    found = True
                    return form - term
            return entry

        after = _each(value_of(claimed), left)
        if not found:
            raise ValueError(f"term must be a term of the claimed form, got {term}")
        return after

    return Form(lambda claimed: f"without the term {_tex(term)}", make)


def scaled(factor: Any) -> Form:
    """Every claimed value times a factor.

    >>> forms_of([scaled(1.02), scaled(-1), scaled(2), scaled(0.5)], [1.0])[:2]
    [('2 % higher', [1.02]), ('the sign changed', [-1.0])]
    """
    return Form(
        lambda claimed: _size("", factor).strip(),
        lambda claimed: _each(value_of(claimed), lambda entry: factor * entry),
    )


def at(place: int, form: Any) -> Form:
    """A form applied to one entry of the claimed list alone, counted from 1.

    >>> forms_of([at(2, scaled(2))], [1, 1, 1])
    [('entry 2: twice as large', [1, 2, 1])]
    """
    form = form if isinstance(form, Form) else call(form)

    def make(claimed):
        entries = flatten(value_of(claimed))
        entries[place - 1] = form.make(entries[place - 1])
        return entries

    def label(claimed) -> str:
        return f"entry {place}: {form.label(flatten(value_of(claimed))[place - 1])}"

    return Form(label, make)


# --- words --------------------------------------------------------------------------------------


def _each(value: Any, change: Callable) -> Any:
    """A change of a scalar, or of every entry of something that has entries."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, sympy.MatrixBase):
        return value.applyfunc(change)
    if isinstance(value, list | tuple):
        return type(value)(_each(entry, change) for entry in value)
    return change(value)


def _size(name: str, factor: Any) -> str:
    """How something times a factor is told."""
    if not isinstance(factor, numbers.Real | sympy.Rational):
        return f"{name} times {_tex(factor)}"
    words = {-1: "the sign changed", 2: "twice as large", 0.5: "half as large"}
    for known, told in words.items():
        if float(factor) == known:
            return f"the sign of {name} changed" if known == -1 and name else f"{name} {told}"
    percent = 100 * (float(factor) - 1)
    if 0 < abs(percent) < 100:
        return f"{name} {number(abs(percent))} % {'higher' if percent > 0 else 'lower'}"
    return f"{name} times {number(float(factor), 3)}"


def _words(name: str) -> str:
    """A name in code as words: its underscores become blanks, but not in a letter with an index."""
    return re.sub(r"(?<=[^_]{2})_|_(?=[^_]{2})", " ", name.strip("_"))


def _tex(expression: Any) -> str:
    return f"${sympy.latex(sympy.sympify(expression))}$"


def _shown(value: Any) -> str:
    """A value of a parameter in a label: a number, a word, a symbol, or something with a name."""
    if isinstance(value, bool | str | None):
        return str(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, numbers.Integral):
        return str(value)
    if isinstance(value, float | mpmath.mpf | flint.arb):
        return number(float(value), 4)
    if isinstance(value, sympy.Basic):
        return _tex(value)
    if isinstance(value, list | tuple) and len(value) <= 6:
        return f"({', '.join(map(_shown, value))})"
    if hasattr(value, "__name__") and value.__name__ != "<lambda>":
        return _words(value.__name__)
    raise ValueError(f"value must be one that can be told in a label, got {type(value).__name__}")
