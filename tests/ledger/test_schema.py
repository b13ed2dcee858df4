"""What ``isacnb ledger --json`` prints keeps to its published schema."""

import json
from pathlib import Path

import jsonschema
import pytest

from isacnb.ledger import read_ledger
from isacnb.ledger.cli import main
from isacnb.ledger.record import to_json
from isacnb.ledger.schema import schema

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "isacnb" / "ledger" / "schema.json"
SCHEMA = schema()
#: keys that programs have relied on since the ledger was first printed
FIRST_KEYS = {
    *("id", "paper", "where", "title", "statement", "words", "verdict", "correction", "finding"),
    *("assumptions", "uses", "chapter", "evidence", "rests_on_open", "rests_on_unsound"),
}


@pytest.fixture(scope="module")
def rows():
    return to_json(read_ledger(ROOT).rows)


def errors(rows):
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(rows)
    return [f"{list(error.path)}: {error.message[:200]}" for error in found]


def test_the_ledger_keeps_to_its_schema(rows):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not errors(json.loads(json.dumps(rows)))


def test_the_first_keys_stay(rows):
    assert set(SCHEMA["items"]["required"]) >= FIRST_KEYS
    assert all(row.keys() >= FIRST_KEYS for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda row: row.pop("finding"), id="a key is missing"),
        pytest.param(lambda row: row.update(more=1), id="a key is unknown"),
        pytest.param(lambda row: row.update(verdict="true"), id="an unknown verdict"),
        pytest.param(lambda row: row["evidence"].append({"kind": "belief"}), id="bad evidence"),
        pytest.param(
            lambda row: row.update(formulas=[{"role": "statement", "tex": "x", "read": False}]),
            id="unread without a reason",
        ),
    ],
)
def test_a_row_that_breaks_the_schema_is_found(rows, change):
    broken = json.loads(json.dumps(rows[:1]))
    change(broken[0])
    assert errors(broken)


def test_new_keys_are_told(rows):
    broken = json.loads(json.dumps(rows[:1]))
    broken[0]["evidence"][0] |= {
        "comparison": "numeric",
        "tolerance": 1e-9,
        "runs": [{"n": 10, "seed": 1}],
    }
    assert not errors(broken)


def test_the_published_file_is_the_schema():
    command = "isacnb ledger --schema > isacnb/ledger/schema.json"
    assert json.loads(FILE.read_text("utf-8")) == SCHEMA, f"write it anew by {command}"


def test_the_schema_is_printed(capsys):
    assert main(["--book", str(ROOT), "ledger", "--schema"]) == 0
    assert capsys.readouterr().out == FILE.read_text("utf-8")
