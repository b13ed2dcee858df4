"""A record is read as it was written, and refused by the name of the field that is wrong."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from made_up import COUNTER, SYMBOLIC, control, evidence, record

from isacnb.ledger.record import (
    COMPARISONS,
    FORMULA_MIME,
    KINDS,
    RECORD_MIME,
    ROLES,
    SOURCES,
    UNREAD,
    VERDICTS,
    Control,
    Displayed,
    Evidence,
    Formula,
    Record,
    RecordError,
    from_json,
    source_digest,
    to_json,
)

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*/*.ipynb"))
FULL = record(
    "misprint",
    SYMBOLIC,
    COUNTER,
    evidence("numeric", tolerance=1e-9, control=(control(deviation=0.5, points=2),)),
    printed="p",
    source="restored",
    correction="c",
    readings=("one", "two"),
    symbols={"x": "length (m)"},
    where=("$x$: length",),
)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_the_chapters_hold_is_read_and_written_the_same(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for mime, kind in ((RECORD_MIME, Record), (FORMULA_MIME, Displayed)):
                if mime in data:
                    assert to_json(from_json(kind, data[mime])) == data[mime]


def test_json_and_back():
    data = to_json(FULL)
    assert from_json(Record, json.loads(json.dumps(data))) == FULL
    assert data["evidence"][2]["tolerance"] == 1e-9
    assert "deviation" not in data["evidence"][2]
    assert "why" not in data
    assert data["symbols"] == {"x": "length (m)"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(colour=1), r"x: unknown fields \['colour'\]$"),
        (lambda r: r.pop("verdict"), r"x: missing fields \['verdict'\]$"),
        (lambda r: (r.pop("id"), r.update(a=1, b=2)), r"unknown fields \['a', 'b'\], missing .*id"),
        (lambda r: r.update(finding=None), "x.finding must be of type str, got None"),
        (lambda r: r.update(readings="one"), "x.readings must be a list, got 'one'"),
        (lambda r: r.update(symbols=["x"]), r"x.symbols must be an object"),
        (lambda r: r.update(symbols={"x": 1}), r"x.symbols.x must be of type str, got 1"),
        (lambda r: r["evidence"][1].pop("what"), r"x.evidence\[1\]: missing fields \['what'\]"),
        (lambda r: r["evidence"][0].update(points=True), r"points must be of type int, got True"),
        (lambda r: r["evidence"][0].update(points=1.0), r"points must be of type int, got 1.0"),
        (lambda r: r["evidence"][0].update(tolerance="small"), "tolerance must be of type float"),
        (lambda r: r["evidence"][2]["control"][0].pop("form"), r"control\[0\]: missing fields"),
        (lambda r: r["formulas"][0].update(read="no"), r"read must be of type bool, got 'no'"),
        (lambda r: r.update(evidence=[3]), r"x.evidence\[0\] must be an object, got 3"),
    ],
)
def test_another_form_is_refused_with_its_place(change, message):
    data = to_json(FULL)
    change(data)
    with pytest.raises(RecordError, match=message):
        from_json(Record, data, "x")


def test_a_whole_number_is_a_number():
    data = to_json(FULL)
    data["evidence"][0]["tolerance"] = 1
    assert from_json(Record, data).evidence[0].tolerance == 1


def test_the_values_of_fields_are_the_closed_lists():
    def values(kind, name):
        (found,) = (entry.metadata["enum"] for entry in fields(kind) if entry.name == name)
        return tuple(found)

    assert values(Record, "verdict") == tuple(VERDICTS)
    assert values(Record, "source") == tuple(SOURCES)
    assert values(Evidence, "kind") == KINDS
    assert values(Control, "comparison") == tuple(COMPARISONS)
    assert values(Formula, "role") == ROLES
    assert values(Formula, "reason") == tuple(UNREAD)
    assert all(map(is_dataclass, (Record, Evidence, Control, Formula)))


def test_the_digest_is_of_the_code_without_its_margins():
    assert source_digest(["a\n", " b"]) == source_digest(["a", "b"])
    assert len({source_digest(cells) for cells in (["a", "b"], ["ab"], ["b", "a"], [])}) == 4
