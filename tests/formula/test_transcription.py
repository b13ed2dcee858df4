"""The formulas of a claim as its record lists them."""

import pytest

from isacnb.coupling.uplink import nmse_lmmse
from isacnb.ledger.formula import FormulaError
from isacnb.ledger.registry import get_claim
from isacnb.ledger.transcription import Transcriptions

TEXTS = {
    "correction": r"a=\frac{x_k+N_0}{u_k+x_k+N_0},\quad b=1-\frac{u_k}{u_k+x_k+N_0}",
    "where": ["$a$: one form", "$b$: another"],
}


def with_targets(*targets):
    found = Transcriptions(get_claim("coupling.mmse"))
    for target in targets:
        # one antenna, for which the least error has this form
        found.add(
            "correction",
            lambda energy_user, energy_echo, noise_power: nmse_lmmse(
                energy_user, energy_echo, noise_power, 1
            ),
            None,
            {"target": target},
        )
    found.leave("printed", "law", None)
    return found.run(TEXTS)


def test_every_clause_of_a_formula_is_held_against_something():
    evidence, formulas, letters = with_targets("a", "b")
    assert len(evidence) == len(formulas) - 3 == 2
    assert {"a", "b", "x_k"} <= set(letters)
    for target, other in (("a", "b"), ("b", "a")):
        with pytest.raises(FormulaError, match=f"clause for {other} that nothing was held against"):
            with_targets(target)
