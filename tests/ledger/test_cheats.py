"""What is no evidence does not pass for it."""

import pytest
import sympy as sp

from isacnb.ledger import cheats


@pytest.mark.parametrize("cheat", cheats.CHEATS, ids=lambda cheat: cheat.__name__.strip("_"))
def test_a_cheat_is_refused(cheat):
    found = cheats.attempt(cheat)
    assert found.refusal
    assert "0x" not in found.refusal, "a page must not change from build to build"


def test_there_are_thirty_each_said_in_words_of_its_own():
    said = [found.what for found in cheats.attempts()]
    assert len(set(said)) == len(said) >= 30


def test_an_honest_comparison_passes():
    x = sp.symbols("x")

    def honest(claim):
        """A square and its expansion."""

        def middle_term_lost():
            return x**2 + 1

        claim.symbolic("square", (x + 1) ** 2, x**2 + 2 * x + 1, wrong=[middle_term_lost])

    assert cheats.attempt(honest) == cheats.Attempt("A square and its expansion", None)
