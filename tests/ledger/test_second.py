"""What the second algebra system said, held against the evidence."""

import pytest

from isacnb.ledger.record import Control, Evidence
from isacnb.ledger.second import agreement, pairs_of, problems_of_pairs, tally


def evidence(kind="symbolic", pairs=("a", "b"), control=("c",), outcome="rejected"):
    tried = Control(form="twice", outcome=outcome, result="differs", pairs=control)
    return Evidence(
        kind=kind, what="last line", result="reduced", points=2, control=(tried,), pairs=pairs
    )


ALL = {"a": "0", "b": "0", "c": "not 0"}
CASES = {
    "agreement": (evidence(), ALL, None),
    "no answer": (evidence(), {"a": "0", "c": "not 0"}, "last line': no answer"),
    "not reduced": (evidence(), {**ALL, "b": "not 0"}, "does not reduce it to 0"),
    "control reduced": (evidence(), {**ALL, "c": "0"}, "'twice'': the second .* no difference"),
    "no word": (evidence(), {**ALL, "b": "not applicable: the function U"}, None),
    "counterexample": (
        evidence("counterexample", ("c",), ("a",), "accepted"),
        ALL,
        None,
    ),
    "printed form reduced": (
        evidence("counterexample", ("a",), ("b",), "accepted"),
        ALL,
        "finds no difference",
    ),
    "equal as written": (evidence(pairs=None), ALL, None),
    "numbers": (evidence(pairs=None, control=None), {}, None),
}


@pytest.mark.parametrize(("entry", "said", "message"), CASES.values(), ids=CASES)
def test_what_is_a_problem(entry, said, message):
    found = problems_of_pairs([entry], said)
    if message is None:
        assert found == []
    else:
        assert len(found) == 1
        with pytest.raises(ValueError, match=message):
            raise ValueError(found[0])


def test_the_pairs_are_those_of_controls_too():
    assert pairs_of([evidence()]) == {"a", "b", "c"}


def test_the_tally_counts_pairs_and_forms():
    found = tally([evidence(), evidence(pairs=("a", "d"))], {**ALL, "d": "not 0"})
    assert found == {"equal": (4, 3), "different": (2, 2)}


def test_agreement_in_a_word():
    assert agreement([evidence()], ALL) == "agreed"
    said = {**ALL, "b": "not applicable: the function U"}
    assert agreement([evidence()], said) == "agreed, but for pairs not applicable: the function U"
    assert agreement([evidence(pairs=None, control=None)], ALL) is None
