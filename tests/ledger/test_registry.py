"""The registry refuses contradictions and misquotations."""

import re

import pytest
from made_up import ENTRY, made_up_claims

from isacnb.ledger import RegistryError, get_claim, registry
from isacnb.ledger.registry import all_below, anchor, parse_registry


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


def test_what_a_claim_rests_on():
    assert all_below(made_up_claims()) == {
        "coupling.pythagoras": set(),
        "coupling.circle": {"coupling.pythagoras"},
        "rician.cone": set(),
    }
    below = all_below(registry())
    for claim in registry().values():
        assert below[claim.id] >= set(claim.uses)
        assert all(below[other] <= below[claim.id] for other in below[claim.id])


def test_an_unknown_claim_is_answered_with_near_ids():
    assert get_claim("coupling.eq1").anchor == anchor("coupling.eq1") == "claim-coupling-eq1"
    with pytest.raises(ValueError, match=r"got 'coupling\.eq1x'; did you mean coupling\.eq1"):
        get_claim("coupling.eq1x")


# --- printed is a part of the statement ---

STATEMENT = r"""
As in $x = 1$ and
$$\begin{aligned}\gamma_k &= \frac{\rho a}{1+\ldots+N_0},\\ \Sigma &= \rho b - c = d .\end{aligned}$$
"""


def registered(fields, paper="coupling"):
    text = f"""
[[claim]]
id = "{paper}.x"
where = "Sec. 1"
title = "x"
statement = '''{STATEMENT}'''
words = "x"
assumptions = []
uses = []
{fields}
"""
    return parse_registry({"x.toml": text})[f"{paper}.x"]


@pytest.mark.parametrize(
    ("printed", "parts"),
    [
        (r"printed = '\gamma_k = \tfrac{\rho a}{1+\dots+N_0}'", 1),
        (r"printed = '\Sigma = \rho b-c'", 1),
        (r"printed = ['\Sigma = \rho b - c = d', 'x = 1']", 2),
        (r"printed = 'y > 1'" "\nsource = 'paraphrase'", 1),
    ],
)
def test_a_whole_equation_is_accepted(printed, parts):
    claim = registered(printed)
    assert claim.source in ("printed", "paraphrase")
    assert isinstance(claim.printed, str) if parts == 1 else len(claim.printed) == parts


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (r"printed = '\Sigma = \rho b + c'", "whole equation of the statement.*copy it from there"),
        (r"printed = '\Sigma = \rho b'", "whole equation of the statement"),
        (r"printed = 'b - c = d'", "whole equation of the statement"),
        (r"printed = ['x = 1', 'x = 2']", "whole equation of the statement, got 'x = 2'"),
        (r"printed = '\gamma_k = \frac{\rho a}{\cdots}'", "abbreviates by dots.*write it out"),
        (r"printed = 'y = \cdots'" "\nsource = 'paraphrase'", "abbreviates by dots"),
        (r"printed = '\frac{N_0}{C_0}'" "\nsource = 'paraphrase'", "a left and a right side"),
        (r"printed = '\frac{x=1}2'" "\nsource = 'paraphrase'", "a left and a right side"),
        (r"printed = '= 1'", "a left and a right side"),
        ("printed = '$x = 1$'", "TeX without dollars"),
        ("printed = 'x = {1'", "printed: tex must have matching braces"),
        ("printed = []", "must hold a formula"),
        ("printed = ''", "a left and a right side"),
        ("printed = 'x = 1'\nsource = 'memory'", "source must be one of printed, restored, para"),
        ("source = 'printed'", "source without printed"),
    ],
)
def test_a_misquotation_is_refused(fields, message):
    with pytest.raises(RegistryError, match=f"coupling.x: .*{message}"):
        registered(fields)


def test_the_source_follows_the_paper():
    assert registered("printed = 'x = 1'").source == "printed"
    assert registered("printed = 'x = 1'", "rician").source == "restored"
    assert registered("").source is None
    with pytest.raises(RegistryError, match="source must be one of"):
        registered("printed = 'x = 1'", "foundation")


def test_the_digest_covers_printed_and_its_source():
    digests = [
        registered(fields).digest
        for fields in (
            "",
            "printed = 'x = 1'",
            r"printed = '\Sigma = \rho b - c'",
            "printed = 'x = 1'\nsource = 'restored'",
        )
    ]
    assert len(set(digests)) == 4
    # a claim without a formula at issue keeps the digest that it had before there was the field
    assert digests[0] == "b37eb0b0280d4c6f"
