"""The ledger of a made-up registry, of which this package's own knows nothing."""

import pytest
from made_up import COUNTER, SYMBOLIC, made_up_claims, notebook, record


@pytest.fixture
def ledger(book):
    claims = made_up_claims()
    first, second = claims["coupling.pythagoras"], claims["coupling.circle"]
    wrong = record(
        "misprint",
        SYMBOLIC,
        COUNTER,
        id=first.id,
        claim_digest=first.digest,
        printed="a^2=b^2",
        correction="a^2+b^2=c^2",
        effect="Sides are $c>0$.",
    )
    right = record("verified", SYMBOLIC, id=second.id, claim_digest=second.digest)
    found = book("a.ipynb", notebook(wrong, right), claims=claims)
    assert not found.problems
    return found
