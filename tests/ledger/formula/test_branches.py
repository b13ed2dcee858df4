"""The points reach every line of a function that numbers can reach."""

import pytest
import sympy
from formulas import letters_of

from isacnb.ledger.formula import Mismatch, compare
from isacnb.ledger.transcription import functions_in

COUPLING = letters_of("coupling")


def lmmse_like(noise_power, N):
    if noise_power == 0.0:
        return 0.5
    return N / (N + noise_power)


def test_a_branch_that_no_point_reaches():
    """Lines of the package's functions count; the one of the test stands for one of them."""
    module = lmmse_like.__module__
    lmmse_like.__module__ = "isacnb.imagined"
    try:
        tex = r"\frac{N}{N+N_0}"
        assert compare(tex, COUPLING, lmmse_like, fixed={"noise_power": 0.3}, unreached="fixed")
        with pytest.raises(Mismatch, match=r"no point reaches line \d+ of lmmse_like"):
            compare(tex, COUPLING, lmmse_like, fixed={"noise_power": 0.3})
        with pytest.raises(Mismatch, match=r"it gives 1, the function 0\.5"):
            compare(tex, COUPLING, lmmse_like)
        split = r"\begin{cases}\frac12,&N_0=0,\\\frac{N}{N+N_0},&\text{otherwise}\end{cases}"
        found = compare(split, COUPLING, lmmse_like)
        assert found.branches == (3, 3)
    finally:
        lmmse_like.__module__ = module


def test_a_function_made_by_sympy():
    a, b = sympy.symbols("a b")
    made = sympy.lambdify((a, b), a**2 * b)
    found = compare(
        r"\eta_1^2\eta_2",
        letters_of("rician"),
        lambda los_amplitude, scatter_amplitude: made(los_amplitude, scatter_amplitude),
    )
    assert found.killed == found.mutants > 3
    assert functions_in(lambda x: made(x, x)) == []
