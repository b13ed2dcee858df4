"""The ledger reads notebooks, and finds what is stale, double, strange or dishonest."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up import (
    CLAIM,
    COUNTER,
    SYMBOLIC,
    book_of,
    cell_of,
    evidence,
    made_up_claims,
    notebook,
    record,
)

from isacnb.ledger import get_claim, read_ledger, registry
from isacnb.ledger.record import FORMULA_MIME, RECORD_MIME

ROOT = Path(__file__).resolve().parents[2]


def test_an_honest_notebook_settles_its_claims(book):
    ledger = book("a.ipynb", notebook(record("verified", SYMBOLIC)))
    assert ledger.problems == []
    row = ledger.row(CLAIM)
    assert row.verdict == "verified"
    assert row.chapter == "book/part/a.ipynb#claim-coupling-eq1"
    assert ledger.row("coupling.eq2").verdict == "open"
    assert len(ledger.rows) == len(registry())


def test_unknown_double_and_dishonest_records_are_found(book):
    honest = record("verified", SYMBOLIC)
    stranger = replace(honest, id="coupling.nowhere")
    assert "no registered claim" in book("a.ipynb", notebook(stranger)).problems[0]
    assert "settled already" in book("a.ipynb", notebook(honest, honest)).problems[0]
    book("a.ipynb", notebook(honest))
    assert "settled already in book/part/a.ipynb" in book("b.ipynb", notebook(honest)).problems[0]
    (book.root / "book" / "part" / "b.ipynb").unlink()
    bare = record("verified", evidence(control=()))
    assert "no negative control" in book("a.ipynb", notebook(bare)).problems[0]
    silent = record("verified", SYMBOLIC, formulas=())
    assert "neither read by machine" in book("a.ipynb", notebook(silent)).problems[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda kept: kept.update(colour="red"), r"unknown fields ['colour']"),
        (lambda kept: kept.pop("finding"), r"missing fields ['finding']"),
        (lambda kept: kept.update(finding=1), "finding must be of type str, got 1"),
        (lambda kept: kept["evidence"][0].pop("points"), r"evidence[0]: missing fields ['points']"),
    ],
    ids=["unknown", "missing", "another type", "within"],
)
def test_a_record_of_another_form_is_a_problem_and_no_verdict(book, change, reason):
    damaged = notebook(record("verified", SYMBOLIC))
    change(damaged["cells"][0]["outputs"][0]["data"][RECORD_MIME])
    ledger = book("a.ipynb", damaged)
    (problem,) = ledger.problems
    assert problem.startswith("book/part/a.ipynb: record of 'coupling.eq1'")
    assert reason in problem
    assert ledger.row(CLAIM).verdict == "open"
    strange = book_of(
        cell_of("x", {FORMULA_MIME: {"tex": "x"}}), cell_of("y", {RECORD_MIME: 3}, count=2)
    )
    first, second = book("a.ipynb", strange).problems
    assert "formula: missing fields ['read']" in first
    assert "record of 3 must be an object" in second


def test_stale_notebooks_are_found(book):
    fresh = notebook(record("verified", SYMBOLIC))
    edited = copy.deepcopy(fresh)
    edited["cells"][0]["source"] = ["settle something else"]
    assert "stale: the code before the verdict" in book("a.ipynb", edited).problems[0]
    inserted = copy.deepcopy(fresh)
    inserted["cells"].insert(0, copy.deepcopy(fresh["cells"][0]) | {"outputs": []})
    assert any("stale" in problem for problem in book("a.ipynb", inserted).problems)
    for count in (None, 2):
        rerun = copy.deepcopy(fresh)
        rerun["cells"][0]["execution_count"] = count
        assert "not run from top to bottom" in book("a.ipynb", rerun).problems[0]
    reworded = record("verified", SYMBOLIC, claim_digest="f" * 16)
    assert "stale: the registered statement" in book("a.ipynb", notebook(reworded)).problems[0]


def test_a_display_is_unread_with_a_reason(book):
    text = "$$a=1$$ <!-- unread: law -->\n\n$$b=2$$\n<!-- unread: set -->"
    page = book_of({"cell_type": "markdown", "source": [text], "metadata": {}})
    ledger = book("a.ipynb", page)
    assert not ledger.problems
    found = ledger.displays["book/part/a.ipynb"]
    assert [(entry.tex, entry.reason) for entry in found] == [("a=1", "law"), ("b=2", "set")]
    for reason in ("", " <!-- unread: words -->", " <!-- unread: hard -->"):
        page["cells"][0]["source"] = [f"$$a=1$${reason}"]
        assert "no machine reads the displayed formula a=1" in book("a.ipynb", page).problems[0]


def test_a_letter_means_one_thing_in_a_chapter(book):
    first = record("verified", SYMBOLIC, symbols={"x": "a length"})
    other = replace(first, id="coupling.eq2", symbols={"x": "a time"})
    problems = book("a.ipynb", notebook(first, other)).problems
    assert any("x means 'a length' (coupling.eq1) and 'a time'" in text for text in problems)


def test_what_is_taken_over_is_what_the_record_names(book):
    root = record(
        "misprint", SYMBOLIC, COUNTER, printed="p", correction="c", knowledge="everywhere"
    )
    heir_claim = get_claim("coupling.mean-distance")
    heir = record(
        *("inherited", SYMBOLIC, evidence("symbolic", premise="p"), COUNTER),
        **{"id": heir_claim.id, "claim_digest": heir_claim.digest, "roots": (CLAIM,)},
        **{"correction": "c", "effect": "e"},
    )
    ledger = book("a.ipynb", notebook(root, heir))
    assert ledger.row("coupling.mean-distance").rests_on_unsound == (CLAIM,)
    assert ledger.row("coupling.fz").rests_on_unsound == ()
    assert "coupling.A1" in ledger.row("coupling.fz").rests_on_open
    assert not [problem for problem in ledger.problems if "root" in problem]
    silent = book("a.ipynb", notebook(replace(root, knowledge=None), heir))
    assert any("does not say under what knowledge" in problem for problem in silent.problems)


def test_a_made_up_registry_may_be_asked_for(book):
    claims = made_up_claims()
    digest = claims["coupling.pythagoras"].digest
    settled = record("verified", SYMBOLIC, id="coupling.pythagoras", claim_digest=digest)
    ledger = book("a.ipynb", notebook(settled), claims=claims)
    assert not ledger.problems
    assert ledger.claims is claims
    assert [row.verdict for row in ledger.rows] == ["verified", "open", "open"]
    assert ledger.counts("rician") == dict.fromkeys(ledger.counts(), 0) | {"open": 1}


@pytest.mark.parametrize("claim_id", ["coupling.A1", "coupling.best-achievable", "rician.fig2"])
def test_one_claim_is_read_as_all_are(claim_id):
    claim_id = claim_id if claim_id in registry() else next(iter(registry()))
    (row,) = read_ledger(ROOT, only={claim_id}).rows
    assert row == read_ledger(ROOT).row(claim_id)


def test_a_notebook_that_does_not_settle_the_claim_is_not_read(book):
    book("a.ipynb", notebook(record("verified", SYMBOLIC)))
    (book.root / "book" / "part" / "b.ipynb").write_text("no JSON")
    assert read_ledger(book.root, only={CLAIM}).row(CLAIM).verdict == "verified"
    with pytest.raises(json.JSONDecodeError):
        read_ledger(book.root)


def test_the_committed_ledger_is_clean():
    ledger = read_ledger(ROOT)
    assert ledger.problems == []
    assert ledger.counts()["open"] == 0
