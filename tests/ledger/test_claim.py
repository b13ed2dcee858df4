"""A claim is settled with evidence whose controls are told apart, or not at all."""

import json
import re

import flint
import numpy as np
import pytest
import sympy as sp
from made_up import CLAIM

from isacnb.ledger import CheckFailed, get_claim, scaled, settle
from isacnb.ledger import claim as claim_module
from isacnb.ledger.code import functions_of_claim
from isacnb.ledger.record import RECORD_MIME, Record, from_json, to_json
from isacnb.ledger.rules import problems_of_record
from isacnb.numbers import index
from isacnb.probability.estimators import Estimate

# --- judges: what counts as evidence ---


@pytest.fixture
def claim(monkeypatch):
    shown = []

    def display(bundle, raw):
        assert raw is True, "a bundle of formats is no object to be described"
        shown.append(bundle)

    monkeypatch.setattr(claim_module, "display", display)
    monkeypatch.setattr(index, "called", {entry.name for entry in functions_of_claim(CLAIM)})
    settlement = settle(CLAIM)
    settlement.shown = shown
    return settlement


x = sp.symbols("x", positive=True)
TRUE = sp.sin(x) ** 2 + sp.cos(x) ** 2


def two():
    return sp.Integer(2)


def form(value, name="form"):
    """A form with this value and this name."""
    made = lambda: value  # noqa: E731
    made.__name__ = name
    return made


def test_symbolic_needs_an_exact_zero(claim):
    claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[two])
    with pytest.raises(CheckFailed, match="does not hold: sides differ"):
        claim.symbolic("off by 1e-12", 1 + sp.Rational(1, 10**12), sp.Integer(1), wrong=[two])
    # the simplifier leaves this as it is, and it cannot be evaluated either: not a pass
    unknown = sp.Function("f")(x)
    with pytest.raises(CheckFailed, match="does not hold: residual not reduced to 0"):
        claim.symbolic("unrecognised", unknown, sp.Integer(1), wrong=[two])


def test_symbolic_control_must_be_seen_to_differ(claim):
    with pytest.raises(CheckFailed, match="does not tell its control 'one' apart"):
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[form(sp.Integer(1), "one")])
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.symbolic("x", TRUE, sp.Integer(1), wrong=[form(sp.Function("f")(x))])


def test_symbolic_compares_entry_by_entry(claim):
    left, right = sp.Matrix([[x, TRUE]]), sp.Matrix([[x, 1]])
    claim.symbolic("a matrix", left, right, wrong=[form(sp.Matrix([[x, 2]]))])
    with pytest.raises(ValueError, match="equally many entries"):
        claim.symbolic("sizes", left, sp.Matrix([[1, 1, 1]]), wrong=[two])
    with pytest.raises(ValueError, match="not a relation"):
        claim.symbolic("a truth value", sp.true, sp.true, wrong=[form(sp.false)])


def test_numeric_tolerance_nan_and_empty(claim):
    claim.numeric("equal", [1.0, 2.0], [1.0, 2.0 + 1e-13], rtol=1e-12, wrong=[form([1.0, 3.0])])
    for bad in ([1.0, np.nan], [1.0, 2.0 + 1e-10], [np.inf, 2.0]):
        with pytest.raises(CheckFailed, match="does not hold"):
            claim.numeric("bad", bad, [1.0, 2.0], rtol=1e-12, wrong=[form([1.0, 3.0])])
    with pytest.raises(CheckFailed, match="has no test points"):
        claim.numeric("nothing", [], [], rtol=1e-12, wrong=[form([3.0])])
    with pytest.raises(CheckFailed, match="does not tell its control '20 % higher' apart"):
        claim.numeric("loose", [1.0], [1.0], rtol=0.5, because="so", wrong=[scaled(1.2)])
    with pytest.raises(CheckFailed, match="above 1e-06 has to be derived"):
        claim.numeric("not derived", [1.0], [1.0], rtol=1e-3)
    with pytest.raises(CheckFailed, match="above 1e-06 has to be derived"):
        claim.numeric("not derived", [1.0], [1.0], rtol=0, atol=1e-3)
    with pytest.raises(CheckFailed, match="has no control"):
        claim.symbolic("alone", TRUE, sp.Integer(1), wrong=[])


def test_certified_decides_only_what_the_balls_decide(claim):
    wide, narrow = flint.arb(1, 0.1), flint.arb(1, 1e-15)
    claim.certified("narrow", [narrow], [flint.arb(1)], rtol=1e-12, wrong=[form([flint.arb(2)])])
    with pytest.raises(CheckFailed, match="balls too wide"):
        claim.certified("wide", [wide], [flint.arb(1)], rtol=1e-12, wrong=[form([flint.arb(2)])])
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.certified("n", [narrow], [flint.arb(1)], rtol=1e-12, wrong=[form([wide])])


def test_statistical_limit_and_control(claim):
    drawn = Estimate(0.52, 0.01, 10_000, 1)
    claim.statistical("mean", 0.5, drawn, wrong=[form(0.6)])
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.statistical("mean", 0.5, Estimate(0.55, 0.01, 10_000, 1))
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.statistical("mean", 0.5, drawn, wrong=[scaled(1.02)])
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.statistical("nan", np.nan, drawn)
    with pytest.raises(CheckFailed, match="has no test points"):
        claim.statistical("no error", 0.5, Estimate(0.5, 0.0, 10_000, 1))


def test_ordered_measured_counterexample(claim):
    claim.ordered("bound", [1, 2], [1, 3])
    with pytest.raises(CheckFailed, match="'reversed' is the reverse order, which is no control"):
        claim.ordered("bound", [1, 2], [1, 3], wrong=[form(([3, 1], [2, 1]), "reversed")])
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.ordered("nan", [np.nan], [1.0])
    claim.measured("three percent", [1.0, 1.03], [1.0, 1.0], error=0.031)
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.measured("more", [1.0, 1.04], [1.0, 1.0], error=0.031)
    with pytest.raises(CheckFailed, match=r"0\.5 is a loose bound of the error"):
        claim.measured("a loose bound", [1.0, 1.03], [1.0, 1.0], error=0.5)
    right = form([2.0 + 1e-12])
    claim.counterexample("printed", [1.0], [2.0], rtol=1e-9, accepts=[right])
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.counterexample("printed is right", [2.0], [2.0], rtol=1e-9, accepts=[right])
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.counterexample("rejects all", [1.0], [2.0], rtol=1e-9, accepts=[form([3.0])])
    claim.counterexample("order", ([2.0], [1.0]), None, accepts=[form(([1.0], [3.0]))])


@pytest.mark.parametrize(
    "same_values",
    [
        ([1.0, 0.0], [2.0, 4.0]),  # turned round
        ([0.0, 1.0], [4.0, 2.0]),  # and its points shuffled
        ([0.0, 1.0], [2.0, 4.0]),  # paired otherwise
        ([1.0], [2.0]),  # one of the points, turned round
    ],
)
def test_an_order_has_no_right_form_of_the_rejected_values(claim, same_values):
    with pytest.raises(CheckFailed, match="has the rejected values in another order"):
        claim.counterexample("c", ([2.0, 4.0], [1.0, 0.0]), None, accepts=[form(same_values)])
    # another route to the same values is one, and so is what holds in part as it stood
    claim.counterexample(
        "c",
        ([2.0, 4.0], [1.0, 0.0]),
        None,
        accepts=[form(([1.0 + 1e-12, 0.0], [2.0, 4.0]), "near"), form(([1.0, 0.5], [2.0, 4.0]))],
    )
    claim.counterexample("c", ([1.0, 1.0], [1.0, 0.0]), None, accepts=[form(([1.0], [1.0]))])


def test_an_order_of_what_was_drawn_counts_with_its_intervals_and_leaves_its_runs(claim):
    low, high = Estimate(0.5, 0.01, 10_000, 1), Estimate(0.6, 0.01, 20, 2, 500, ("isacnb.f",))
    many = Estimate(np.array([0.5, 0.7]), np.array([0.01, 0.01]), 10_000, 3)
    with claim:
        claim.counterexample("c", (high, [0.5]), None, accepts=[form((low, [0.7]), "lower")])
        claim.counterexample("c", ([0.9, many], [0.5]), None, accepts=[form((many, [0.9]))])
        claim.ordered("o", [low, 0.4], [high, 0.8])
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[two])
        claim.verdict("verified", "f")
    first, second, third, _ = claim.shown[0][RECORD_MIME]["evidence"]
    assert first["runs"] == [
        {"n": 20, "seed": 2, "batch": 500, "evaluates": ["isacnb.f"]},
        {"n": 10_000, "seed": 1},
    ]
    assert second["points"] == 3
    assert [run["seed"] for run in second["runs"]] == [3]
    assert [run["seed"] for run in third["runs"]] == [1, 2]
    # 0.1 between the means, of which the errors take nearly all
    assert third["resolution"] == 0.02
    with pytest.raises(CheckFailed, match="does not hold"):  # three standard errors decide nothing
        claim.ordered("near", low, [0.53])
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.counterexample("near", (low, [0.47]), None, accepts=[form((low, [0.7]))])
    # three standard errors beyond a bound do not refute it, and five do
    claim.counterexample("c", (high, [0.4]), None, accepts=[form((low, [0.47]))])
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.counterexample("c", (high, [0.4]), None, accepts=[form((low, [0.45]))])


def test_a_counterexample_does_not_reject_what_was_drawn(claim):
    with pytest.raises(ValueError, match="what is drawn is the truth"):
        claim.counterexample("c", Estimate(0.5, 0.01, 99, 1), [0.7], rtol=1e-9, accepts=[two])


def test_an_evidence_keeps_its_resolution_and_its_runs(claim):
    drawn = [Estimate(0.52, 0.01, 10_000, 1), Estimate(0.5, 0.01, 20, 3, 500, ("isacnb.f",))]
    with claim:
        claim.statistical("two runs", [0.5, 0.5], drawn)
        claim.counterexample("another", [0.7, 0.5], drawn, accepts=[form([0.51, 0.5], "right")])
        claim.numeric("near", [0.5], [0.5], rtol=1e-9, wrong=[form([0.6])])
        claim.counterexample("again", [0.6], [0.5], rtol=1e-9, accepts=[form([0.5 + 1e-12])])
        claim.verdict("verified", "f")
    (bundle,) = claim.shown
    first, second, third, fourth = bundle[RECORD_MIME]["evidence"]
    assert first["runs"] == [
        {"n": 10_000, "seed": 1},
        {"n": 20, "seed": 3, "batch": 500, "evaluates": ["isacnb.f"]},
    ]
    assert (first["resolution"], third["resolution"]) == (0.2, 2e-9)
    assert "repeats" not in second
    assert fourth["repeats"] is True
    assert "20 averages of 500, seed 3; the draw evaluates f" in bundle["text/html"]


def test_a_claimed_side_that_was_drawn_adds_its_error(claim):
    ours, theirs = Estimate(0.50, 0.01, 10_000, 1), Estimate(0.54, 0.01, 10_000, 2)
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.statistical("as if exact", 0.50, theirs)
    with claim:
        claim.statistical("two draws", ours, theirs, wrong=[form(Estimate(0.6, 0.01, 100, 3))])
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[two])
        claim.verdict("verified", "f")
    (found, _) = claim.shown[0][RECORD_MIME]["evidence"]
    assert found["deviation"] == 2.8
    assert [run["seed"] for run in found["runs"]] == [1, 2]


def test_nothing_that_resolves_two_per_cent_has_to_be_explained(claim):
    claim.ordered("far apart", [1.0], [3.0])
    claim.statistical("rough", 0.5, Estimate(0.52, 0.01, 10_000, 1))
    claim.verdict("verified", "f")
    with pytest.raises(CheckFailed, match="no comparison resolves a common change of 2%"), claim:
        pass
    claim._texts["coarse"] = "the gap is wide"
    with claim:
        pass
    claim.numeric("sharp", [1.0], [1.0], rtol=1e-9)
    with pytest.raises(CheckFailed, match="a comparison resolves what 'coarse' says"), claim:
        pass


def test_a_block_without_verdict_or_with_two_is_refused(claim):
    with pytest.raises(CheckFailed, match="ends without a verdict"), claim:
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[two])
    claim.verdict("verified", "once")
    with pytest.raises(CheckFailed, match="settled twice"):
        claim.verdict("verified", "twice")
    with pytest.raises(CheckFailed, match="proof"), settle(CLAIM) as empty:
        empty.verdict("verified", "nothing behind it")
    assert not claim.shown


def test_a_function_of_the_claim_that_has_not_run_is_refused(claim, monkeypatch):
    names = sorted(entry.name for entry in functions_of_claim(CLAIM) if entry.form != "tool")
    monkeypatch.setattr(index, "called", set(names[1:]))
    claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=[two])
    claim.verdict("verified", "not by what says that it computes the claim")
    with pytest.raises(CheckFailed, match=rf"{re.escape(names[0])}: says that it computes"), claim:
        pass
    assert not claim.shown


def test_a_settled_claim_shows_badge_and_record(claim):
    with claim:
        claim.symbolic(
            "sum of squares", TRUE, sp.Integer(1), wrong=[form(sp.Integer(2), "two <b>")]
        )
        claim.verdict("verified", "A finding with $x<1$ and `code`.")
    (bundle,) = claim.shown
    kept = bundle[RECORD_MIME]
    record = from_json(Record, json.loads(json.dumps(kept)))
    assert to_json(record) == kept
    assert problems_of_record(record, get_claim(CLAIM)) == []
    assert r"\(x&lt;1\)" in bundle["text/html"]
    assert "two &lt;b&gt;" in bundle["text/html"]
    assert 'id="claim-coupling-eq1"' in bundle["text/html"]
    with pytest.raises(ValueError, match=r"id must be a registered claim, got 'coupling.eq1x'"):
        settle("coupling.eq1x")


scale = 2


def test_a_verdict_reads_the_names_of_its_caller():
    claim, local = settle("coupling.eq1"), 3
    claim.verdict("verified", "Twice {local} is {scale * local}, far above {number(1e-9)}.")
    assert claim._texts["finding"] == r"Twice 3 is 6, far above $1\times10^{-9}$."
    assert local
    broken = settle("coupling.eq1")
    with pytest.raises(CheckFailed, match=r"coupling\.eq1: Effect: field {absent} fails"):
        broken.verdict("verified", "f\n\nEffect: {absent}")


def test_a_control_has_no_value_of_another_part(claim):
    reference = np.array([1.0, 2.0])
    with pytest.raises(CheckFailed, match="control 'right' is the reference"):
        claim.counterexample(
            "itself", [2.0, 4.0], [1.5, 2.0], rtol=1e-6, accepts=[form([1.5, 2.0], "right")]
        )
    first, second = form([1.5, 2.5], "first"), form(np.array([1.5, 2.5]), "second")
    with pytest.raises(CheckFailed, match="control 'second' is the control 'first'"):
        claim.numeric("twice", [1.0, 2.0], reference, rtol=1e-6, wrong=[first, second])
    with pytest.raises(CheckFailed, match="control 'itself' is the claimed form"):
        claim.numeric("it", [1.0, 2.0], reference, rtol=1e-6, wrong=[form([1, 2.0], "itself")])


def test_a_label_is_not_typed_beside_a_value(claim):
    for forms in ({"two": sp.Integer(2)}, [sp.Integer(2)], [lambda: sp.Integer(2)]):
        with pytest.raises(ValueError, match=r"^form"):
            claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong=forms)


def test_statements_and_verdicts_are_shown_as_bundles(claim):
    claim_module.show_claim(CLAIM)
    claim_module.show_verdicts()
    assert [sorted(bundle) for bundle in claim.shown] == [
        ["text/html", "text/markdown", "text/plain"],
        ["text/html", "text/plain"],
    ]


def test_an_error_is_told_to_within_a_factor_of_two(claim):
    claim.measured("half and more", [1.6], [1.0], error=1.0)
    with pytest.raises(CheckFailed, match="loose bound"):
        claim.measured("less than half", [1.4], [1.0], error=1.0)


def test_what_has_to_have_a_control_says_so(claim):
    for kind, give in (
        ("symbolic", lambda: claim.symbolic("w", TRUE, sp.Integer(1), wrong=[])),
        ("counterexample", lambda: claim.counterexample("w", [2.0], [1.0], rtol=1e-9, accepts=[])),
    ):
        with pytest.raises(CheckFailed, match=r"'w' has no control$"):
            give()
        assert kind


def test_points_of_an_order_are_told_apart_whatever_their_sequence():
    key = claim_module._key
    assert key((1.0, [2.0, 3.0])) == key(([1.0, 1.0], [3.0, 2.0]))
    assert key(([2.0, 3.0], 4.0)) == key(([3.0, 2.0], [4.0, 4.0]))
    assert key(([1.0, 2.0], [2.0, 3.0])) != key(([1.0, 2.0], [3.0, 2.0]))


def test_a_run_tells_its_batch_where_it_has_one():
    runs = claim_module._runs([Estimate(1.0, 0.1, 50, 7, batch=2), Estimate(1.0, 0.1, 50, 8)])
    assert [run.batch for run in runs] == [2, None]
