"""Since when a verdict stands, and what it was before."""

from isacnb.ledger import history as module
from isacnb.ledger.history import Change, history, problems_of_history
from isacnb.ledger.registry import registry

CHANGE = Change(version="0.2.0", was="verified", now="misprint", reason="r")


def told(monkeypatch, first, changes):
    monkeypatch.setattr(module, "_kept", lambda: (first, changes))


def test_a_verdict_that_never_changed():
    since, changes = history("coupling.eq1")
    assert (since, changes) == ("0.1.0", ())
    assert problems_of_history({"coupling.eq1": "verified"}) == []


def test_a_change_that_is_not_told_is_a_problem():
    (problem,) = problems_of_history({"coupling.eq1": "corrected"})
    assert "coupling.eq1: the verdict is corrected, the history says verified" in problem


def test_changes_follow_each_other(monkeypatch):
    first = {"coupling.eq1": ("0.1.0", "verified")}
    told(monkeypatch, first, {"coupling.eq1": (CHANGE,)})
    assert history("coupling.eq1") == ("0.2.0", (CHANGE,))
    assert problems_of_history({"coupling.eq1": "misprint"}) == []
    told(monkeypatch, {"coupling.eq1": ("0.1.0", "refuted")}, {"coupling.eq1": (CHANGE,)})
    (problem,) = problems_of_history({"coupling.eq1": "misprint"})
    assert "was refuted, and a change says verified" in problem


def test_a_claim_that_nobody_told_of(monkeypatch):
    told(monkeypatch, {}, {})
    assert history("coupling.eq1") == (None, ())
    (problem,) = problems_of_history({"coupling.eq1": "verified"})
    assert "the history says None" in problem


def test_ids_stay_for_ever(monkeypatch):
    told(monkeypatch, {"coupling.gone": ("0.1.0", "verified")}, {})
    (problem,) = problems_of_history({})
    assert "coupling.gone" in problem
    monkeypatch.undo()
    assert problems_of_history({}) == []
    assert module._kept()[0].keys() <= registry().keys()
