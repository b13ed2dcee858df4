"""What evidence each verdict needs, and what is refused."""

from dataclasses import replace

import pytest
from made_up import CLAIM, COUNTER, SYMBOLIC, control, evidence, record

from isacnb.ledger import get_claim
from isacnb.ledger.rules import problems_of_record, problems_of_roots

FOLLOWS = evidence("symbolic", premise="the error is independent")
HONEST = [
    record("definition", evidence("numeric")),
    record("definition", unchecked="a name"),
    record("verified", SYMBOLIC),
    record("verified", evidence("certified")),
    record("verified", evidence("numeric"), evidence("statistical")),
    record("conditional", SYMBOLIC, COUNTER, condition="c", effect="e"),
    record("misprint", SYMBOLIC, COUNTER, printed="p", correction="c"),
    record(
        *("corrected", SYMBOLIC, COUNTER),
        **{"printed": "p", "correction": "c", "effect": "e", "first_false_step": "s"},
    ),
    record(
        *("inherited", SYMBOLIC, FOLLOWS, COUNTER),
        **{"correction": "c", "effect": "e", "roots": ("coupling.mmse",)},
    ),
    record("approximation", evidence("numeric"), error="1 %", range="r"),
    record("refuted", COUNTER, printed="p", instead="i", first_false_step="s"),
    record("unsupported", evidence("numeric"), readings=["r"]),
]


@pytest.mark.parametrize("honest", HONEST, ids=lambda r: r.verdict)
def test_honest_records_pass(honest):
    assert problems_of_record(honest, get_claim(CLAIM)) == []


@pytest.mark.parametrize("honest", HONEST, ids=lambda r: r.verdict)
def test_each_needed_part_is_missed(honest):
    claim = get_claim(CLAIM)
    texts = ("finding", "condition", "effect", "printed", "correction", "error", "range")
    more = (
        "instead",
        "readings",
        "unchecked",
        "verdict",
        "claim_digest",
        "first_false_step",
        "roots",
    )
    for key in (*texts, *more):
        if getattr(honest, key) is not None:
            assert problems_of_record(replace(honest, **{key: ""}), claim), key
    if honest.evidence:
        assert problems_of_record(replace(honest, evidence=()), claim)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (evidence(control=()), "no negative control"),
        (evidence(control=(control("accepted"),)), "not rejected"),
        (evidence("counterexample", control=(control(),)), "not accepted"),
        (evidence(points=0), "zero test points"),
        (evidence(kind="hearsay"), "unknown kind"),
        (evidence(result=""), "not what came out"),
    ],
)
def test_dishonest_evidence_is_refused(entry, reason):
    problems = problems_of_record(record("verified", SYMBOLIC, entry), get_claim(CLAIM))
    assert len(problems) == 1
    assert reason in problems[0]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("verified", evidence("numeric")), "two routes"),
        (record("verified", evidence("numeric"), evidence("numeric")), "two routes"),
        (record("verified", COUNTER, evidence("statistical")), "two routes"),
        (record("corrected", SYMBOLIC, printed="p", correction="c", effect="e"), "counterexample"),
        (
            record(
                "inherited", SYMBOLIC, COUNTER, correction="c", effect="e", roots=("coupling.mmse",)
            ),
            "needs a proof that it follows",
        ),
        (
            record(
                "inherited", FOLLOWS, COUNTER, correction="c", effect="e", roots=("coupling.mmse",)
            ),
            "two routes",
        ),
        (
            record("inherited", SYMBOLIC, FOLLOWS, COUNTER, effect="e", roots=("coupling.mmse",)),
            "needs the right form",
        ),
        (
            record("verified", SYMBOLIC, evidence("counterexample", premise="p")),
            "does not show that something follows",
        ),
        (record("verified", SYMBOLIC, roots=("coupling.mmse",)), "takes over no error"),
        (record("definition", SYMBOLIC, roots=("coupling.mmse",)), "takes over no error"),
        (record("open"), "unknown verdict"),
        (record("plausible", SYMBOLIC), "unknown verdict"),
        (record("verified", SYMBOLIC, claim_digest="0" * 16), "stale"),
    ],
)
def test_dishonest_verdicts_are_refused(bad, reason):
    assert any(reason in text for text in problems_of_record(bad, get_claim(CLAIM)))


def test_a_claim_resolves_2_percent_or_says_why_not():
    claim = get_claim(CLAIM)
    blunt, at_the_edge = (evidence("numeric", resolution=size) for size in (0.021, 0.02))
    told = evidence("transcription", resolution=None)
    for entries, coarse, reason in [
        ((blunt,), None, "no comparison resolves"),
        ((evidence("numeric", resolution=None),), None, "no comparison resolves"),
        ((blunt, told), None, "no comparison resolves"),
        ((blunt,), "an order", None),
        ((at_the_edge,), None, None),
        ((blunt, at_the_edge), None, None),
        ((at_the_edge,), "an order", "that none does"),
        ((evidence("numeric", comparison="symbolic", resolution=None),), None, None),
        ((replace(SYMBOLIC, resolution=None),), None, None),
        ((replace(SYMBOLIC, resolution=None),), "an order", "that none does"),
        ((told,), None, None),
    ]:
        problems = problems_of_record(record("definition", *entries, coarse=coarse), claim)
        assert [reason in text for text in problems] == ([True] if reason else []), entries


def test_a_root_is_an_error_that_the_claim_rests_on_and_says_where_it_is_one():
    heir = record("inherited", SYMBOLIC, FOLLOWS, COUNTER, roots=("coupling.mmse",))
    for verdict in ("corrected", "misprint", "refuted", "conditional"):
        root = record(verdict, id="coupling.mmse", knowledge="the angle is known")
        assert problems_of_roots(heir, {root.id: root}, {root.id}) == []
    for changes, below, reason in [
        ({}, set(), "is not among the claims that it uses"),
        ({"verdict": "verified"}, {root.id}, "is verified"),
        ({"verdict": "inherited"}, {root.id}, "is inherited"),
        ({"knowledge": None}, {root.id}, "does not say under what knowledge"),
    ]:
        (problem,) = problems_of_roots(heir, {root.id: replace(root, **changes)}, below)
        assert reason in problem
    (problem,) = problems_of_roots(heir, {}, {root.id})
    assert "is open" in problem
    assert problems_of_roots(replace(heir, roots=None), {}, set()) == []
