"""How a claim's formula is called: the functions that say they compute it, and an example."""

import doctest
import importlib
import inspect
from functools import cache

from ..numbers import index
from ..vocabulary import symbol_of

__all__ = ["call_of", "functions_of_claim"]

#: forms in which the right formula can be called, the best first
_RIGHT = ("right", "exact", "certified", "approximation", "system", "tool")


@cache
def _loaded() -> bool:
    index.load_all()
    return True


def functions_of_claim(claim_id: str) -> dict:
    """``functions`` of a claim, each with name and form, or the reason for having none."""
    _loaded()
    found = [
        {"name": entry.name, "form": entry.form}
        | ({"formula": entry.formula} if entry.formula else {})
        for entry in index.implementations
        if entry.claim_id == claim_id
    ]
    if found:
        order = [*_RIGHT, "as_printed"]
        return {"functions": sorted(found, key=lambda entry: order.index(entry["form"]))}
    reason = index.NO_FUNCTION.get(claim_id)
    return {"functions": []} | ({"no_function": reason} if reason else {})


def call_of(row: dict) -> dict | None:
    """How the right form of a claim is called: import line, arguments with units, example, value.

    It is the function that the correction was held against, or else the first in a right form, if
    possible one with an example. Example and value are a doctest of it, which the tests run.
    """
    right = [entry["name"] for entry in row["functions"] if entry["form"] in _RIGHT]
    held = [
        name
        for entry in row.get("formulas", [])
        if entry["role"] == "correction" and entry["read"]
        for name in entry["functions"]
        if name in right
    ]
    calls = [_call(name) for name in [*held, *right]]
    return next((call for call in calls if call["example"]), calls[0] if calls else None)


@cache
def _call(name: str) -> dict:
    module_name, _, short = name.rpartition(".")
    function = getattr(importlib.import_module(module_name), short)
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        where = f"{module_name.removeprefix('isacnb.')}.{short}"
        option = isinstance(parameter.default, str | bool)
        symbol = None if option else symbol_of(parameter.name, where)
        meaning = symbol.meaning if symbol else _kind(parameter)
        unit = symbol.unit if symbol else ""
        parameters.append({"name": parameter.name, "unit": unit, "meaning": meaning})
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(function) or "")
    lines = [
        line
        for example in examples
        for line in [
            *("\n".join(">>> " + part for part in example.source.rstrip().split("\n"))).split("\n"),
            *example.want.rstrip().split("\n"),
        ]
        if line
    ]
    return {
        "name": name,
        "import": f"from {module_name} import {short}",
        "signature": f"{short}({', '.join(entry['name'] for entry in parameters)})",
        "arguments": parameters,
        "example": "\n".join(lines),
        "value": examples[-1].want.strip() if examples else "",
    }


def _kind(parameter: inspect.Parameter) -> str:
    """What a parameter is that is no quantity: an option, or settings as one object."""
    if isinstance(parameter.default, str | bool):
        return f"option, {parameter.default!r} if not given"
    return f"a {parameter.annotation.__name__}" if inspect.isclass(parameter.annotation) else ""
