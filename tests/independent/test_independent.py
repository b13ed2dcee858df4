"""Numbers of the verdicts, computed again from the definitions by scripts that know nothing of the package."""

import ast
import importlib
import json
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from quoted import Quoted, numbers_in  # noqa: E402

SCRIPTS = sorted(path.stem for path in HERE.glob("from_*.py"))
#: verdicts whose numbers are computed again
AUDITED = ("corrected", "inherited", "refuted")
#: standard errors by which a drawn number may differ from what is quoted
SIGMA = 4.5
TEXTS = ("finding", "why", "effect", "instead", "first_false_step")


@cache
def rows() -> dict[str, dict]:
    from isacnb.ledger.record import to_json
    from isacnb.ledger.records import read_ledger

    return {row.id: json.loads(json.dumps(to_json(row))) for row in read_ledger(ROOT).rows}


@cache
def text_of(claim: str) -> str:
    return "\n".join(filter(None, (rows()[claim].get(name) for name in TEXTS)))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_knows_nothing_of_the_package(script):
    tree = ast.parse((HERE / f"{script}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not [name for name in names if name.partition(".")[0] == "isacnb"]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Quoted":
            pattern = node.args[1] if len(node.args) > 1 else None
            if isinstance(pattern, ast.Constant):
                assert "#" in pattern.value, "a pattern has a # in the place of each number"


@pytest.mark.parametrize("script", SCRIPTS)
def test_quoted_numbers_are_right(script):
    wrong = []
    for entry in importlib.import_module(script).quoted():
        found = numbers_in(text_of(entry.claim), entry.pattern)
        assert len(found) == len(entry.values), entry
        errors = entry.errors or (0.0,) * len(entry.values)
        for (told, rounding), value, error in zip(found, entry.values, errors, strict=True):
            # one unit of the last digit: a drawn quotation may have been rounded from a neighbour
            if abs(told - value) > rounding * 1.0001 + SIGMA * error:
                wrong.append(f"{entry.claim}: {entry.pattern!r}: {told} is told, {value} ± {error} found")
    assert not wrong, "\n".join(wrong)


def test_how_many_verdicts_are_computed_again():
    covered = {
        entry.claim for script in SCRIPTS for entry in importlib.import_module(script).quoted()
    }
    wanted = {claim for claim, row in rows().items() if row["verdict"] in AUDITED}
    # verdicts without a number to compute again are proved by algebra alone
    left = {claim for claim in wanted - covered if any(map(str.isdigit, text_of(claim)))}
    assert left <= set((HERE / "left.txt").read_text("utf-8").split()), sorted(left)


def test_a_wrong_number_is_seen():
    assert isinstance(Quoted("a.b", "#", (1.0,)), Quoted)
    (pair,) = numbers_in("it is 0.25 there", "is # there")
    assert pair == (0.25, 0.005)
    with pytest.raises(ValueError, match="must stand once"):
        numbers_in("1 and 1", "#")
