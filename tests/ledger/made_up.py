"""Records, notebooks and a registry that are made up."""

from dataclasses import replace

from isacnb.ledger import get_claim
from isacnb.ledger.record import (
    RECORD_MIME,
    Control,
    Evidence,
    Formula,
    Record,
    source_digest,
    to_json,
)
from isacnb.ledger.registry import parse_registry

CLAIM = "coupling.eq1"


def control(outcome="rejected", **changes):
    return Control(**{"form": "f", "outcome": outcome, "result": "r"} | changes)


def evidence(kind="symbolic", **changes):
    controls = (control("accepted" if kind == "counterexample" else "rejected"),)
    parts = {"kind": kind, "what": "w", "result": "r", "points": 1, "control": controls}
    parts["resolution"] = 1e-9
    return Evidence(**parts | changes)


def record(verdict="verified", *entries, **texts):
    told = Formula(role="statement", tex="f", read=False, reason="law")
    parts = {
        "id": CLAIM,
        "verdict": verdict,
        "finding": "found",
        "evidence": entries,
        "formulas": (told,),
        "symbols": {},
        "claim_digest": get_claim(CLAIM).digest,
        "source_digest": "not run",
    }
    return Record(**parts | texts)


COUNTER, SYMBOLIC = evidence("counterexample"), evidence("symbolic")


def cell_of(source, *data, count=1):
    outputs = [{"output_type": "display_data", "data": entry, "metadata": {}} for entry in data]
    return {
        "cell_type": "code",
        "execution_count": count,
        "source": [source],
        "outputs": outputs,
        "metadata": {},
    }


def book_of(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def notebook(*records):
    """A small executed notebook: one code cell a record."""
    sources = [f"settle number {i}" for i, _ in enumerate(records)]
    cells = []
    for i, entry in enumerate(records, start=1):
        fresh = replace(entry, source_digest=source_digest(sources[:i]))
        cells.append(cell_of(sources[i - 1], {RECORD_MIME: to_json(fresh)}, count=i))
    return book_of(*cells)


# --- a registry ---------------------------------------------------------------------------------

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


def made_up_claims():
    """Three claims: one that rests on another, and one of another paper that is open."""
    text = "".join(
        ENTRY.format(id=claim_id, uses=uses).replace('title = "t"', f'title = "{title}"')
        for claim_id, uses, title in (
            ("coupling.pythagoras", "", "Squares of the sides"),
            ("coupling.circle", '"coupling.pythagoras"', "The circle <b>"),
            ("rician.cone", "", "The cone"),
        )
    ).replace('statement = "s"', r"""statement = 'It is $$a^2+b^2=c^2.$$'""")
    return parse_registry({"made-up.toml": text})
