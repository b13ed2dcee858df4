"""Claims know their code, and code knows its claims."""

import importlib
import inspect
import pickle
import pkgutil
import re
import timeit

import pytest

from isacnb.ledger import read_ledger, registry
from isacnb.numbers import index

index.load_all()
NAMES = sorted({entry.name for entry in index.implementations})
CLAIMS = registry()
VERDICTS = {row.id: row.verdict for row in read_ledger().rows}
#: verdicts on claims that are wrong as printed
WRONG = {"corrected", "misprint", "refuted"}
PRINTED = {"as_printed"}


def resolve(name):
    """The function or method; a class method as the function that it is made of."""
    member = pkgutil.resolve_name(name)
    return getattr(member, "__func__", member)


def public_functions():
    """Every public function of a loaded module of the physics, by qualified name."""
    for module in sorted({resolve(name).__module__ for name in NAMES}):
        loaded = importlib.import_module(module)
        for name in loaded.__all__:
            member = getattr(loaded, name)
            if inspect.isfunction(member) and member.__module__ == module:
                yield f"{module}.{name}", member


def says_printed(name):
    return "printed" in name.rpartition(".")[2].split("_")


def forms_of(claim_id):
    return {form for _, form in index.functions_of(claim_id)}


def test_every_claim_that_a_function_names_exists():
    unknown = {entry.claim_id for entry in index.implementations} | set(index.NO_FUNCTION)
    assert unknown <= set(CLAIMS), sorted(unknown - set(CLAIMS))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_public_function(name):
    function = resolve(name)
    assert f"{function.__module__}.{function.__qualname__}" == name
    owner = function.__qualname__.partition(".")[0]
    assert owner in importlib.import_module(function.__module__).__all__


@pytest.mark.parametrize("claim_id", sorted(i for i in VERDICTS if VERDICTS[i] in WRONG))
def test_what_is_wrong_in_print_can_be_called_in_its_right_form(claim_id):
    callable_ = bool(forms_of(claim_id) & {"right", "exact"})
    reason = claim_id in index.NO_FUNCTION
    assert callable_ != reason, "a function of form right or exact, or a reason, and not both"


def test_a_reason_is_given_for_wrong_claims_only():
    assert {claim for claim in index.NO_FUNCTION if VERDICTS[claim] not in WRONG} == set()
    assert all(reason.strip() for reason in index.NO_FUNCTION.values())


@pytest.mark.parametrize(
    ("name", "function"), [pytest.param(*pair, id=pair[0]) for pair in public_functions()]
)
def test_printed_forms_say_so(name, function):
    printed = {form for _, form in index.claims_of(name)} >= PRINTED
    assert printed == says_printed(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_names_the_claims_and_has_the_formula(name):
    text = inspect.getdoc(resolve(name))
    lines = re.findall(r"(?m)^Claims?: ((?:.+\n)*?.+)\.$", text)
    assert len(lines) == 1, (
        f"{name}: its docstring needs one line 'Claim: id.' or 'Claims: id, id.'"
    )
    (line,) = lines
    assert set(re.split(r",\s+", line)) == {claim for claim, _ in index.claims_of(name)}
    forms = {form for _, form in index.claims_of(name)}
    if forms & {"right", "exact", "as_printed", "approximation"}:
        summary = text.split("\n\n")[0]
        assert ".. math::" in text or ":math:" in summary, "a display, or math in the summary"


@pytest.mark.parametrize("name", NAMES)
def test_right_forms_of_wrong_formulas_have_an_example(name):
    mends = [
        claim
        for claim, form in index.claims_of(name)
        if form == "right" and VERDICTS[claim] in {"corrected", "misprint"}
    ]
    if mends:
        assert ">>>" in inspect.getdoc(resolve(name)), mends


@pytest.mark.parametrize("name", NAMES)
def test_the_decorator_hides_nothing(name):
    function = resolve(name)
    plain = inspect.unwrap(function)
    # one wrapper that checks what comes in, and one that notes the call, however many claims
    assert function.__wrapped__.__wrapped__ is plain
    assert inspect.signature(function) == inspect.signature(plain)
    assert function.__doc__ == plain.__doc__
    member = pkgutil.resolve_name(name)
    assert pickle.loads(pickle.dumps(member)) == member


def test_a_call_is_noted_and_only_then(monkeypatch):
    from isacnb.probability.poisson import per_km2, ratio_cdf, ratio_sf

    monkeypatch.setattr(index, "called", index.called.copy())
    index.called.clear()
    ratio_cdf(0.1, 4, per_km2(100), per_km2(1000))
    assert index.was_called("isacnb.probability.poisson.ratio_cdf")
    assert not index.was_called("isacnb.probability.poisson.ratio_sf")
    ratio_sf(0.1, 4, per_km2(100), per_km2(1000))
    assert index.was_called("isacnb.probability.poisson.ratio_sf")


def test_what_a_decorator_records():
    def quadratic(x):
        """Square."""
        return x * x

    before = list(index.implementations)
    try:
        noted = index.implements("a.b", "right", "y")(index.implements("c.d", "tool")(quadratic))
        name = f"{__name__}.{quadratic.__qualname__}"
        assert index.claims_of(name) == [("c.d", "tool"), ("a.b", "right")]
        assert index.functions_of("a.b") == [(name, "right")]
        assert index.implementations[-1].formula == "y"
        assert not index.was_called(name)
        assert noted(3) == 9
        assert index.was_called(name)
    finally:
        index.implementations[:] = before
        index.called.discard(name)
    with pytest.raises(ValueError, match="form must be one of"):
        index.implements("a.b", "correct")


def test_noting_a_call_costs_less_than_a_microsecond():
    @index.implements("a.b", "tool")
    def nothing(x):
        return x

    index.implementations.pop()
    runs = 20_000
    cost = min(timeit.repeat(lambda: nothing(1), number=runs, repeat=7)) / runs
    plain = min(timeit.repeat(lambda: nothing.__wrapped__(1), number=runs, repeat=7)) / runs
    index.called.discard(f"{__name__}.{nothing.__qualname__}")
    assert cost - plain < 1e-6


def test_the_parts_of_a_signal_are_functions_that_compute_a_claim():
    index.load_all()
    assert {entry.name for entry in index.implementations} >= index.SIGNALS
