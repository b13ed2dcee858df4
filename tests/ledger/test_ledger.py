"""The ledger refuses dishonest records, and the command line tells what it holds."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import flint
import numpy as np
import pytest
import sympy as sp

from isacnb.ledger import CheckFailed, RegistryError, get_claim, read_ledger, registry, settle
from isacnb.ledger import claim as claim_module
from isacnb.ledger.claim import RECORD_MIME, source_digest
from isacnb.ledger.cli import main
from isacnb.ledger.registry import parse_registry
from isacnb.ledger.rules import VERDICTS, problems_of_record
from isacnb.ledger.views import updated_readme
from isacnb.numbers import index

ROOT = Path(__file__).resolve().parents[2]
CLAIM = "coupling.eq1"

# --- judges: what counts as evidence ---


@pytest.fixture
def claim(monkeypatch):
    shown = []
    monkeypatch.setattr(claim_module, "display", lambda bundle, raw: shown.append(bundle))
    monkeypatch.setattr(index, "called", {name for name, _ in index.functions_of(CLAIM)})
    settlement = settle(CLAIM)
    settlement.shown = shown
    return settlement


x = sp.symbols("x", positive=True)
TRUE, FALSE = sp.sin(x) ** 2 + sp.cos(x) ** 2, sp.Integer(2)


def test_symbolic_needs_an_exact_zero(claim):
    claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong={"two": FALSE})
    with pytest.raises(CheckFailed, match="does not hold: sides differ"):
        claim.symbolic(
            "off by 1e-12", 1 + sp.Rational(1, 10**12), sp.Integer(1), wrong={"2": FALSE}
        )
    # the simplifier leaves this as it is, and it cannot be evaluated either: not a pass
    unknown = sp.Function("f")(x)
    with pytest.raises(CheckFailed, match="does not hold: residual not reduced to 0"):
        claim.symbolic("unrecognised", unknown, sp.Integer(1), wrong={"2": FALSE})


def test_symbolic_control_must_be_seen_to_differ(claim):
    with pytest.raises(CheckFailed, match="does not tell its control 'the same' apart"):
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong={"the same": TRUE})
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.symbolic("x", TRUE, sp.Integer(1), wrong={"undecided": sp.Function("f")(x)})


def test_symbolic_compares_entry_by_entry(claim):
    left, right = sp.Matrix([[x, TRUE]]), sp.Matrix([[x, 1]])
    claim.symbolic("a matrix", left, right, wrong={"one entry": sp.Matrix([[x, 2]])})
    with pytest.raises(ValueError, match="equally many entries"):
        claim.symbolic("sizes", left, sp.Matrix([[1, 1, 1]]), wrong={"2": FALSE})
    with pytest.raises(ValueError, match="not a relation"):
        claim.symbolic("a truth value", sp.true, sp.true, wrong={"false": sp.false})


def test_numeric_tolerance_nan_and_empty(claim):
    claim.numeric("equal", [1.0, 2.0], [1.0, 2.0 + 1e-13], rtol=1e-12, wrong={"3": [1.0, 3.0]})
    for bad in ([1.0, np.nan], [1.0, 2.0 + 1e-10], [np.inf, 2.0]):
        with pytest.raises(CheckFailed, match="does not hold"):
            claim.numeric("bad", bad, [1.0, 2.0], rtol=1e-12, wrong={"3": [1.0, 3.0]})
    with pytest.raises(CheckFailed, match="has no test points"):
        claim.numeric("nothing", [], [], rtol=1e-12, wrong={"3": [3.0]})
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.numeric("loose", [1.0], [1.0], rtol=0.5, wrong={"20 % off": [1.2]})
    with pytest.raises(CheckFailed, match="no negative control"):
        claim.numeric("alone", [1.0], [1.0], rtol=1e-12, wrong={})


def test_certified_decides_only_what_the_balls_decide(claim):
    wide, narrow = flint.arb(1, 0.1), flint.arb(1, 1e-15)
    claim.certified("narrow", [narrow], [flint.arb(1)], rtol=1e-12, wrong={"2": [flint.arb(2)]})
    with pytest.raises(CheckFailed, match="balls too wide"):
        claim.certified("wide", [wide], [flint.arb(1)], rtol=1e-12, wrong={"2": [flint.arb(2)]})
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.certified("n", [narrow], [flint.arb(1)], rtol=1e-12, wrong={"wide": [wide]})


def test_statistical_limit_and_control(claim):
    simulation = {"standard_error": 0.01, "n": 10_000, "seed": 1}
    claim.statistical("mean", 0.5, 0.52, wrong={"0.6": 0.6}, **simulation)
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.statistical("mean", 0.5, 0.55, wrong={"0.6": 0.6}, **simulation)
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.statistical("mean", 0.5, 0.52, wrong={"2 % off": 0.51}, **simulation)
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.statistical("nan", np.nan, 0.52, wrong={"0.6": 0.6}, **simulation)
    exact = simulation | {"standard_error": 0.0}
    with pytest.raises(CheckFailed, match="has no test points"):
        claim.statistical("no error", 0.5, 0.5, wrong={"0.6": 0.6}, **exact)


def test_ordered_measured_counterexample(claim):
    claim.ordered("bound", [1, 2], [1, 3], wrong={"reversed": ([1, 3], [1, 2])})
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.ordered("nan", [np.nan], [1.0], wrong={"reversed": ([2], [1])})
    claim.measured("three percent", [1.0, 1.03], [1.0, 1.0], error=0.031)
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.measured("more", [1.0, 1.04], [1.0, 1.0], error=0.031)
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.measured("a loose bound", [1.0, 1.03], [1.0, 1.0], error=0.5)
    claim.counterexample("printed", [1.0], [2.0], rtol=1e-9, accepts={"right": [2.0]})
    with pytest.raises(CheckFailed, match="does not hold"):
        claim.counterexample("printed is right", [2.0], [2.0], rtol=1e-9, accepts={"it": [2.0]})
    with pytest.raises(CheckFailed, match="does not tell its control"):
        claim.counterexample("rejects all", [1.0], [2.0], rtol=1e-9, accepts={"wrong": [3.0]})
    claim.counterexample("order", ([2.0], [1.0]), None, accepts={"in order": ([1.0], [2.0])})


# --- rules: what a verdict needs ---


def evidence(kind="symbolic", **changes):
    outcome = "accepted" if kind == "counterexample" else "rejected"
    entry = {"kind": kind, "what": "w", "result": "r", "points": 1}
    entry["control"] = [{"form": "f", "outcome": outcome, "result": "r"}]
    return entry | changes


def record(verdict="verified", *entries, **texts):
    return {
        "id": CLAIM,
        "verdict": verdict,
        "finding": "found",
        "evidence": list(entries),
        "claim_digest": get_claim(CLAIM).digest,
        **texts,
    }


COUNTER, SYMBOLIC = evidence("counterexample"), evidence("symbolic")
HONEST = [
    record("definition", evidence("numeric")),
    record("definition", unchecked="a name"),
    record("verified", SYMBOLIC),
    record("verified", evidence("certified")),
    record("verified", evidence("numeric"), evidence("statistical")),
    record("conditional", SYMBOLIC, COUNTER, condition="c", effect="e"),
    record("misprint", SYMBOLIC, COUNTER, printed="p", correction="c"),
    record("corrected", SYMBOLIC, COUNTER, printed="p", correction="c", effect="e"),
    record("approximation", evidence("numeric"), error="1 %", range="r"),
    record("refuted", COUNTER, printed="p", instead="i"),
    record("unsupported", evidence("numeric"), readings=["r"]),
]


@pytest.mark.parametrize("honest", HONEST, ids=lambda r: r["verdict"])
def test_honest_records_pass(honest):
    assert problems_of_record(honest, get_claim(CLAIM)) == []


@pytest.mark.parametrize("honest", HONEST, ids=lambda r: r["verdict"])
def test_each_needed_part_is_missed(honest):
    claim = get_claim(CLAIM)
    needed = set(honest) - {"id", "evidence"}
    for key in needed:
        broken = {k: v for k, v in honest.items() if k != key}
        assert problems_of_record(broken, claim), key
    if honest["evidence"]:
        assert problems_of_record(honest | {"evidence": []}, claim)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (evidence(control=[]), "no negative control"),
        (evidence(control=[{"form": "f", "outcome": "accepted", "result": "r"}]), "not rejected"),
        (evidence(control=[{"form": "f", "result": "r"}]), "not rejected"),
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
        (record("open"), "unknown verdict"),
        (record("plausible", SYMBOLIC), "unknown verdict"),
        (record("verified", SYMBOLIC) | {"claim_digest": "0" * 16}, "stale"),
    ],
)
def test_dishonest_verdicts_are_refused(bad, reason):
    assert any(reason in text for text in problems_of_record(bad, get_claim(CLAIM)))


def test_a_block_without_verdict_or_with_two_is_refused(claim):
    with pytest.raises(CheckFailed, match="ends without a verdict"), claim:
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong={"two": FALSE})
    claim.verdict("verified", "once")
    with pytest.raises(CheckFailed, match="settled twice"):
        claim.verdict("verified", "twice")
    with pytest.raises(CheckFailed, match="proof"), settle(CLAIM) as empty:
        empty.verdict("verified", "nothing behind it")
    assert not claim.shown


def test_a_function_of_the_claim_that_has_not_run_is_refused(claim, monkeypatch):
    names = sorted(name for name, form in index.functions_of(CLAIM) if form != "tool")
    monkeypatch.setattr(index, "called", set(names[1:]))
    claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong={"two": FALSE})
    claim.verdict("verified", "not by what says that it computes the claim")
    with pytest.raises(CheckFailed, match=rf"{re.escape(names[0])}: says that it computes"), claim:
        pass
    assert not claim.shown


def test_a_settled_claim_shows_badge_and_record(claim):
    with claim:
        claim.symbolic("sum of squares", TRUE, sp.Integer(1), wrong={"two <b>": FALSE})
        claim.verdict("verified", "A finding with $x<1$ and `code`.")
    (bundle,) = claim.shown
    record = bundle[RECORD_MIME]
    assert problems_of_record(record, get_claim(CLAIM)) == []
    assert json.loads(json.dumps(record)) == record
    assert r"\(x&lt;1\)" in bundle["text/html"]
    assert "two &lt;b&gt;" in bundle["text/html"]
    assert 'id="claim-coupling-eq1"' in bundle["text/html"]
    with pytest.raises(ValueError, match=r"id must be a registered claim, got 'coupling.eq1x'"):
        settle("coupling.eq1x")


# --- registry ---

ENTRY = """
[[claim]]
id = "{id}"
where = "w"
title = "t"
statement = "s"
words = "w"
assumptions = []
uses = [{uses}]
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ENTRY.format(id="coupling.a", uses='"coupling.b"'), "uses unknown claims"),
        (ENTRY.format(id="coupling.a", uses='"coupling.a"'), "circular reasoning"),
        (
            ENTRY.format(id="coupling.a", uses='"coupling.b"')
            + ENTRY.format(id="coupling.b", uses='"coupling.a"'),
            "circular reasoning",
        ),
        (ENTRY.format(id="coupling.a", uses="") * 2, "registered twice"),
        (ENTRY.format(id="paper.a", uses=""), "prefix must be one of"),
        (ENTRY.format(id="coupling.a", uses="").replace("words", "word"), "missing fields"),
        (ENTRY.format(id="coupling.a", uses="") + 'verdict = "verified"\n', "unknown fields"),
    ],
)
def test_registry_refuses_contradictions(text, reason):
    with pytest.raises(RegistryError, match=reason):
        parse_registry({"t.toml": text})


def test_registry_keeps_its_order():
    claims = list(registry().values())
    # the papers come first, one after the other, in their own order
    papers = [claim.paper for claim in claims]
    assert papers == sorted(papers, key=papers.index)
    ids = [claim.id for claim in claims]
    assert ids.index("coupling.eq1") < ids.index("coupling.eq13") < ids.index("coupling.A1")
    for claim in claims:
        assert claim.statement.count("$") % 2 == 0, claim.id
        braces = re.sub(r"\\[{}]", "", claim.statement)
        assert braces.count("{") == braces.count("}"), claim.id


# --- reading notebooks ---


def notebook(*records, sources=None):
    """A small executed notebook: one code cell a record."""
    sources = sources or [f"settle number {i}" for i, _ in enumerate(records)]
    cells = []
    for i, (source, entry) in enumerate(zip(sources, records, strict=True), start=1):
        told = [{"role": "statement", "tex": "f", "read": False, "reason": "law"}]
        entry = {"formulas": told} | entry | {"source_digest": source_digest(sources[:i])}
        output = {"output_type": "display_data", "data": {RECORD_MIME: entry}, "metadata": {}}
        cells.append(
            {
                "cell_type": "code",
                "execution_count": i,
                "source": [source],
                "outputs": [output],
                "metadata": {},
            }
        )
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def book(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (tmp_path / "book" / "part").mkdir(parents=True)

    def write(name, content):
        (tmp_path / "book" / "part" / name).write_text(json.dumps(content))
        return read_ledger(tmp_path)

    write.root = tmp_path
    return write


def test_an_honest_notebook_settles_its_claims(book):
    ledger = book("a.ipynb", notebook(record("verified", SYMBOLIC)))
    assert ledger.problems == []
    row = ledger.row(CLAIM)
    assert row["verdict"] == "verified"
    assert row["chapter"] == "book/part/a.ipynb#claim-coupling-eq1"
    assert ledger.row("coupling.eq2")["verdict"] == "open"
    assert len(ledger.rows) == len(registry())


def test_unknown_double_and_dishonest_records_are_found(book):
    stranger = record("verified", SYMBOLIC) | {"id": "coupling.nowhere"}
    assert "no registered claim" in book("a.ipynb", notebook(stranger)).problems[0]
    assert "no registered claim" in book("a.ipynb", notebook(stranger | {"id": None})).problems[0]
    honest = record("verified", SYMBOLIC)
    assert "settled already" in book("a.ipynb", notebook(honest, honest)).problems[0]
    book("a.ipynb", notebook(honest))
    assert "settled already in book/part/a.ipynb" in book("b.ipynb", notebook(honest)).problems[0]
    (book.root / "book" / "part" / "b.ipynb").unlink()
    bare = record("verified", evidence(control=[]))
    assert "no negative control" in book("a.ipynb", notebook(bare)).problems[0]
    silent = record("verified", SYMBOLIC, formulas=[])
    assert "neither read by machine" in book("a.ipynb", notebook(silent)).problems[0]


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
    reworded = record("verified", SYMBOLIC) | {"claim_digest": "f" * 16}
    assert "stale: the registered statement" in book("a.ipynb", notebook(reworded)).problems[0]


def test_standing_is_derived_from_the_ancestors(book):
    misprint = record("misprint", SYMBOLIC, COUNTER, printed="p", correction="c")
    ledger = book("a.ipynb", notebook(misprint))
    assert CLAIM in ledger.row("coupling.mean-distance")["rests_on_unsound"]
    assert CLAIM in ledger.row("coupling.fz")["rests_on_unsound"]
    assert "coupling.A1" in ledger.row("coupling.fz")["rests_on_open"]


# --- command line ---


def test_ledger_json(capsys):
    assert main(["--book", str(ROOT), "ledger", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == list(registry())
    wanted = {"id", "paper", "where", "verdict", "correction", "finding", "assumptions", "uses"}
    for row in rows:
        assert row.keys() >= wanted | {"chapter", "evidence"}
        assert row["verdict"] in VERDICTS
        for entry in row["evidence"]:
            assert entry.keys() >= {"kind", "what", "result", "control"}
            assert entry["control"]


def test_ledger_exit_status(book, capsys):
    root = str(book.root)
    book("a.ipynb", notebook(record("verified", SYMBOLIC)))
    assert main(["--book", root, "ledger"]) == 0
    assert main(["--book", root, "ledger", "--strict"]) == 1
    assert "claims are open" in capsys.readouterr().err
    book("a.ipynb", notebook(record("verified")))
    assert main(["--book", root, "ledger", "--json"]) == 1
    assert "proof" in capsys.readouterr().err
    assert main(["--book", root, "claim", "coupling.eq1x"]) == 2
    assert "did you mean coupling.eq1" in capsys.readouterr().err


def test_claim_shows_what_a_reader_asks_for(capsys):
    assert main(["--book", str(ROOT), "claim", "coupling.A1"]) == 0
    text = capsys.readouterr().out
    for part in ("MISPRINT", "Printed", "Correction", "4\\lambda_U", "control", "network-law"):
        assert part in text


def test_module_runs_from_any_folder(tmp_path):
    command = [sys.executable, "-m", "isacnb", "ledger", "--verdict", "misprint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "coupling.A1" in done.stdout


def test_readme_counts_are_current():
    text = (ROOT / "README.md").read_text("utf-8")
    assert updated_readme(text, read_ledger(ROOT)) == text, "run `make run` or `isacnb readme`"
    with pytest.raises(ValueError, match="must hold the lines"):
        updated_readme("no markers", read_ledger(ROOT))


def test_the_committed_ledger_is_clean():
    assert read_ledger(ROOT).problems == []
