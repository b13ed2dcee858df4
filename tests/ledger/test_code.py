"""What the source of the physics says is what its modules say when they are imported."""

import doctest
import inspect
import pkgutil

import pytest

from isacnb.ledger import registry
from isacnb.ledger.code import _call, call_of, functions_of_claim, implementations
from isacnb.ledger.record import Formula
from isacnb.numbers import index
from isacnb.vocabulary import symbol_of

index.load_all()
FOUND = implementations()
NAMES = sorted({entry.name for entry in FOUND})


def test_the_decorators_are_those_of_the_imported_modules():
    physics = [entry for entry in index.implementations if entry.name.startswith("isacnb.")]
    assert sorted(FOUND, key=str) == sorted(physics, key=str)
    assert len(FOUND) > 300


def test_the_functions_of_a_claim_begin_with_its_right_forms():
    for claim_id in registry():
        found = functions_of_claim(claim_id)
        names = sorted((entry.name, entry.form) for entry in found)
        assert names == sorted(index.functions_of(claim_id))
        forms = [entry.form for entry in found]
        assert "as_printed" not in forms[: len(forms) - forms.count("as_printed")]
    assert functions_of_claim("coupling.nowhere") == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_that_of_the_imported_function(name):
    function = pkgutil.resolve_name(name)
    call = _call(name)
    owner = function.__qualname__.partition(".")[0]
    assert call.import_line == f"from {function.__module__} import {owner}"
    parameters = dict(inspect.signature(function).parameters)
    parameters.pop("self", None)
    assert [entry.name for entry in call.arguments] == list(parameters)
    for entry, parameter in zip(call.arguments, parameters.values(), strict=True):
        symbol = symbol_of(entry.name, name.removeprefix("isacnb."))
        kind = parameter.annotation
        if isinstance(parameter.default, str | bool):
            told = ("", f"option, {parameter.default!r} if not given")
        elif symbol:
            told = (symbol.unit, symbol.meaning)
        else:
            # a name for a type that is no class, such as of a function, is told as well
            told = ("", f"a {kind.__name__}" if inspect.isclass(kind) else entry.meaning)
        assert (entry.unit, entry.meaning) == told
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(function))
    assert call.value == (examples[-1].want.strip() if examples else "")
    assert call.example.count(">>>") >= len(examples)


def test_the_call_is_of_what_the_correction_was_held_against():
    functions = functions_of_claim("coupling.A1")
    right = [entry.name for entry in functions if entry.form != "as_printed"]
    last = right[-1]
    held = Formula(role="correction", tex="x", read=True, functions=(last,))
    expected = last if _call(last).example else right[0]
    assert call_of(functions, (held,)).name == expected
    assert call_of(()) is None
