"""How a claim's formula is called: the functions that say they compute it, and an example.

Both are read from the source of the physics, so that nothing of it need be imported.
"""

import ast
import doctest
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from ..numbers.index import FORMS, ROOMS, Implementation
from ..vocabulary import symbol_of
from .record import Formula

__all__ = ["Argument", "Call", "Function", "call_of", "functions_of_claim", "implementations"]

#: forms in which the right formula can be called, the best first
_RIGHT = ("right", "exact", "certified", "approximation", "system", "tool")


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function that computes a claim, by its qualified name."""

    name: str
    form: str = field(metadata={"enum": list(FORMS)})
    formula: str | None = None


@dataclass(frozen=True, kw_only=True)
class Argument:
    """A parameter of a function."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """How a function is called."""

    name: str
    import_line: str = field(metadata={"key": "import"})
    signature: str
    arguments: tuple[Argument, ...]
    example: str
    value: str


# --- the source ---------------------------------------------------------------------------------


@cache
def _sources() -> dict[str, str]:
    """The source of each module of the physics, by the module's name."""
    found = {}
    for room in ROOMS:
        folder = resources.files("isacnb") / room.rpartition(".")[2]
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            stem, _, kind = file.name.rpartition(".")
            if kind == "py" and stem != "__init__":
                found[f"{room}.{stem}"] = file.read_text("utf-8")
    return found


@cache
def _functions(module: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module by name, and the methods of its classes by theirs."""
    found = {}
    for node in ast.parse(_sources()[module]).body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for member in node.body if owner else [node]:
            if isinstance(member, ast.FunctionDef):
                found[owner + member.name] = member
    return found


def _implemented(module: str) -> Iterator[Implementation]:
    """What the decorators ``@implements`` of a module say, in the order of its functions."""
    for name, node in _functions(module).items():
        # the decorator next to the function is applied first
        for decorator in reversed(node.decorator_list):
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "implements":
                given = [ast.literal_eval(argument) for argument in decorator.args]
                given += [None] * (3 - len(given))
                claim_id, form, formula = given
                for keyword in decorator.keywords:
                    formula = ast.literal_eval(keyword.value)
                yield Implementation(f"{module}.{name}", claim_id, form, formula)


def implementations() -> list[Implementation]:
    """All implementations of the physics, as :func:`isacnb.numbers.index.load_all` finds them."""
    return [entry for module in _sources() for entry in _implemented(module)]


def functions_of_claim(claim_id: str) -> tuple[Function, ...]:
    """The functions that compute a claim, the right forms first."""
    found = [
        Function(name=entry.name, form=entry.form, formula=entry.formula)
        for module, text in _sources().items()
        if f'"{claim_id}"' in text
        for entry in _implemented(module)
        if entry.claim_id == claim_id
    ]
    order = [*_RIGHT, "as_printed"]
    return tuple(sorted(found, key=lambda entry: order.index(entry.form)))


# --- calls --------------------------------------------------------------------------------------


def call_of(
    functions: Iterable[Function], formulas: Iterable[Formula] | None = None
) -> Call | None:
    """How the right form of a claim is called: import line, arguments with units, example, value.

    It is the function that the correction was held against, or else the first in a right form, if
    possible one with an example. Example and value are a doctest of it, which the tests run.
    """
    right = [entry.name for entry in functions if entry.form in _RIGHT]
    held = [
        name
        for entry in formulas or ()
        if entry.role == "correction" and entry.read
        for name in entry.functions or ()
        if name in right
    ]
    calls = [_call(name) for name in [*held, *right]]
    return next((call for call in calls if call.example), calls[0] if calls else None)


@cache
def _call(name: str) -> Call:
    module = next(module for module in _sources() if name.startswith(f"{module}."))
    short = name.removeprefix(f"{module}.")
    node = _functions(module)[short]
    where = f"{module.removeprefix('isacnb.')}.{short}"
    arguments = []
    for parameter, default in _parameters(node.args):
        if parameter.arg in ("self", "cls"):
            continue
        option = isinstance(default, str | bool)
        symbol = None if option else symbol_of(parameter.arg, where)
        arguments.append(
            Argument(
                name=parameter.arg,
                unit=symbol.unit if symbol else "",
                meaning=symbol.meaning if symbol else _kind(parameter, default),
            )
        )
    examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
    lines = [
        line
        for example in examples
        for line in [
            *re.sub("^", ">>> ", example.source.rstrip(), flags=re.MULTILINE).split("\n"),
            *example.want.rstrip().split("\n"),
        ]
        if line
    ]
    return Call(
        name=name,
        import_line=f"from {module} import {short.partition('.')[0]}",
        signature=f"{short}({', '.join(entry.name for entry in arguments)})",
        arguments=tuple(arguments),
        example="\n".join(lines),
        value=examples[-1].want.strip() if examples else "",
    )


def _parameters(given: ast.arguments) -> Iterator[tuple[ast.arg, object]]:
    """The parameters of a function, each with its default if that is a constant."""
    places = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(places) - len(given.defaults)), *given.defaults, *given.kw_defaults]
    for parameter, default in zip([*places, *given.kwonlyargs], defaults, strict=True):
        yield parameter, default.value if isinstance(default, ast.Constant) else None


def _kind(parameter: ast.arg, default: object) -> str:
    """What a parameter is that is no quantity: an option, or settings as one object."""
    if isinstance(default, str | bool):
        return f"option, {default!r} if not given"
    name = parameter.annotation
    return (
        f"a {ast.unparse(name).rpartition('.')[2]}"
        if isinstance(name, ast.Name | ast.Attribute)
        else ""
    )
